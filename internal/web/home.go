package web

import (
	"bioincident/internal/catalog"
	"bioincident/internal/web/design"
)

// newest is how many cases the home page shows.
const newest = 8

// home says in a few lines what this is and what it is not, and shows what was published last.
func (s *Site) home(r *request) (answer, error) {
	found, err := s.Catalog.Search(r.Context(), r.who, catalog.SearchIn{Sort: "published", Limit: newest,
		Facets: []string{"unit", "cause"}, Lang: r.voice.Lang()})
	if err != nil {
		return answer{}, err
	}
	return answer{page: design.Page{
		Title: r.say("page.home"), Path: design.PathHome, Description: r.say("page.home.lead"), Public: r.who.Person == "", Body: design.Stack{
			design.Paragraph(r.say("page.home.lead")),
			design.Paragraph(r.say("page.home.is_not")),
			s.numbers(r, found),
			design.Section{ID: "newest", Title: r.say("page.home.newest"), Body: []design.Component{s.hits(r, found.Hits)},
				Actions: []design.Component{design.Link{Href: design.PathSearch, Label: r.say("page.home.all")}}},
		},
	}}, nil
}

// numbers counts the cases, each unit by itself: a case and a row of surveillance are never counted together.
func (s *Site) numbers(r *request, found catalog.SearchOut) design.Component {
	table := design.Table{ID: "numbers", Caption: r.say("page.home.numbers"), LeftOut: r.say("page.home.numbers.left_out"),
		Columns: []design.Column{{Label: r.say("page.unit")}, {Label: r.say("page.records"), Numeric: true}}}
	for _, facet := range found.Facets {
		if facet.Name != "unit" {
			continue
		}
		for _, v := range facet.Values {
			table.Rows = append(table.Rows, []design.Component{
				design.Link{Href: design.PathSearch + "?unit=" + v.Code, Label: v.Label}, design.Number(v.Records)})
		}
	}
	if len(table.Rows) == 0 {
		table.Empty = design.Empty{Title: r.say("page.home.empty"), Words: r.say("page.home.empty.words")}
	}
	return table
}
