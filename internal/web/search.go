package web

import (
	"net/url"
	"slices"
	"strings"

	"bioincident/internal/catalog"
	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/web/design"
)

// facets are the ways to narrow a list that a page shows, in their order; the first few are open.
func facets() []string {
	return []string{"cause", "type", "disease", "agent", "area", "decade", "domain", "occurrence", "setting", "verification", "severity",
		"unit", "collection"}
}

const (
	openFacets  = 5
	mostValues  = 8
	hitsOnPage  = 20
	paramCursor = "after"
)

// search finds cases. What is asked for is the address, so that a list can be shared; what can be asked is what the API
// can be asked, under the same names.
func (s *Site) search(r *request) (answer, error) {
	in := asked(r)
	in.Cursor = s.Cursors.Open(r.Form.Get(paramCursor))
	found, err := s.Catalog.Search(r.Context(), r.who, in)
	if err != nil {
		return s.notUnderstood(r, err)
	}
	main := []design.Component{s.totals(r, found)}
	if chips := s.chips(r, found); len(chips.Items) > 0 {
		main = append(main, chips)
	}
	if len(found.Hits) == 0 {
		main = append(main, s.nothing(r, found))
	} else {
		main = append(main, s.orders(r, found.Order), s.hits(r, found.Hits))
	}
	main = append(main, s.pager(r, found.Next))
	return answer{page: design.Page{Title: r.say("page.search"), Query: in.Q, Public: r.who.Person == "", Body: design.Beside{
		Label: r.say("page.narrow"), Later: true, Side: []design.Component{s.facets(r, found)}, Main: main}}}, nil
}

// asked reads the question of an address.
func asked(r *request) catalog.SearchIn {
	in := catalog.SearchIn{Q: r.value("q"), Began: r.value("began"), Active: r.value("active"), Reported: r.value("reported"),
		Deaths: r.value("deaths"), Cases: r.value("cases"), Certain: r.Form.Get("certain") == "true", Sort: r.value("sort"),
		Facets: facets(), Limit: hitsOnPage, Lang: r.voice.Lang()}
	for _, name := range facets() {
		if codes := slices.DeleteFunc(slices.Clone(r.Form[name]), func(code string) bool { return code == "" }); len(codes) > 0 {
			in.Filters = append(in.Filters, catalog.Filter{Facet: name, Codes: codes})
		}
	}
	return in
}

// notUnderstood gives the question back with what is wrong in it.
func (s *Site) notUnderstood(r *request, err error) (answer, error) {
	f := fault.Of(err)
	if f.Kind != fault.Invalid {
		return answer{}, err
	}
	code, params := f.Code, f.Params
	if len(f.Fields) > 0 {
		code, params = f.Fields[0].Code, f.Fields[0].Params
	}
	return answer{status: 422, page: design.Page{Title: r.say("page.search"), Query: r.value("q"), Body: design.Stack{
		design.Notice{Tone: design.Warn, Title: r.say("page.not_understood"), Words: s.Message.Problem(r.voice.Lang(), code, params),
			Actions: design.Actions{design.Link{Href: design.PathSearch, Label: r.say("page.home.all")}}},
	}}}, nil
}

// totals says how many there are, and how sure that is.
func (s *Site) totals(r *request, found catalog.SearchOut) design.Component {
	lines := []string{r.say("ui.records", found.Total)}
	if maybe := found.Total - found.Certain; maybe > 0 {
		lines = append(lines, r.say("page.maybe", maybe))
	}
	if found.Undated > 0 {
		lines = append(lines, r.say("page.undated", found.Undated))
	}
	if found.Restricted > 0 {
		lines = append(lines, r.say("page.restricted", found.Restricted))
	}
	return design.Paragraph(strings.Join(lines, " "))
}

// without gives the address of this list without a value of a parameter, or with it where it is not there; always from its
// first page.
func (r *request) without(name, value string) string {
	query := url.Values{}
	for key, values := range r.URL.Query() {
		if key != paramCursor && key != "lang" {
			query[key] = slices.Clone(values)
		}
	}
	if at := slices.Index(query[name], value); at >= 0 {
		if query[name] = slices.Delete(query[name], at, at+1); len(query[name]) == 0 {
			query.Del(name)
		}
	} else {
		query.Add(name, value)
	}
	return address(query)
}

// with gives the address of this list with one value of a parameter.
func (r *request) with(name, value string) string {
	query := r.URL.Query()
	query.Del("lang")
	if query.Del(paramCursor); value == "" {
		query.Del(name)
	} else {
		query.Set(name, value)
	}
	return address(query)
}

func address(query url.Values) string {
	if len(query) == 0 {
		return design.PathSearch
	}
	return design.PathSearch + "?" + query.Encode()
}

func (s *Site) facets(r *request, found catalog.SearchOut) design.Component {
	var all design.Facets
	for i, f := range found.Facets {
		facet := design.Facet{Label: f.Label, Open: i < openFacets}
		for _, v := range append(f.Values, f.NotStated) {
			if v.Selected || v.Records > 0 && len(facet.Values) < mostValues {
				facet.Values = append(facet.Values, design.FacetValue{Label: v.Label, Count: v.Records, Chosen: v.Selected,
					Href: r.without(f.Name, v.Code)})
				facet.Open = facet.Open || v.Selected
			}
		}
		if len(facet.Values) > 0 {
			all = append(all, facet)
		}
	}
	return all
}

// chips are what the list is narrowed to, each with the way to be rid of it.
func (s *Site) chips(r *request, found catalog.SearchOut) design.Chips {
	chips := design.Chips{Clear: design.PathSearch}
	if q := r.value("q"); q != "" {
		chips.Clear = design.PathSearch + "?" + url.Values{"q": {q}}.Encode()
	}
	for _, f := range found.Facets {
		for _, v := range append(f.Values, f.NotStated) {
			if v.Selected {
				chips.Items = append(chips.Items, design.Chip{Name: f.Label, Value: v.Label, Remove: r.without(f.Name, v.Code)})
			}
		}
	}
	for _, name := range []string{"began", "active", "reported", "deaths", "cases"} {
		if value := r.value(name); value != "" {
			chips.Items = append(chips.Items, design.Chip{Name: r.say(questions()[name]), Value: value, Remove: r.with(name, "")})
		}
	}
	return chips
}

// questions gives the words for the parts of a question.
func questions() map[string]string {
	return map[string]string{"began": "page.asked.began", "active": "page.asked.active", "reported": "page.asked.reported",
		"deaths": "page.asked.deaths", "cases": "page.asked.cases", "q": "page.asked.q"}
}

// orders are the ways to sort.
func (s *Site) orders(r *request, now string) design.Component {
	tabs := design.Tabs{Label: r.say("page.sort")}
	for _, order := range []struct{ code, words string }{{"score", "page.sort.score"}, {"published", "page.sort.published"},
		{"reference", "page.sort.reference"}, {"deaths", "page.sort.deaths"}} {
		if order.code == "score" && r.value("q") == "" {
			continue
		}
		tabs.Items = append(tabs.Items, design.MenuItem{Link: design.Link{Href: r.with("sort", order.code), Label: r.say(order.words)},
			Current: order.code == now})
	}
	return tabs
}

func (s *Site) pager(r *request, next string) design.Component {
	var pager design.Pager
	if sealed := s.Cursors.Seal(next); sealed != "" {
		query := r.URL.Query()
		query.Set(paramCursor, sealed)
		pager.Older = address(query)
	}
	return pager
}

// nothing offers the next step: the list with one filter less, what may match, or everything.
func (s *Site) nothing(r *request, found catalog.SearchOut) design.Component {
	empty := design.Empty{Title: r.say("page.nothing"), Words: r.say("page.nothing.words")}
	for _, chip := range s.chips(r, found).Items {
		empty.Next = append(empty.Next, design.Link{Href: chip.Remove, Label: r.say("page.nothing.without", "Name", chip.Name, "Value", chip.Value)})
	}
	if r.Form.Get("certain") == "true" {
		empty.Next = append(empty.Next, design.Link{Href: r.with("certain", ""), Label: r.say("page.nothing.possible")})
	}
	empty.Next = append(empty.Next, design.Link{Href: design.PathSearch, Label: r.say("page.home.all")})
	return empty
}

// hits are cases in a list, each with how it began and what was found in it.
func (s *Site) hits(r *request, found []catalog.Hit) design.Component {
	var all design.Hits
	for _, h := range found {
		hit := design.Hit{Href: pathIncident + h.ID, Title: h.Title, ID: h.ID}
		if h.Cause != "" {
			hit.Tags = append(hit.Tags, design.Tag{Words: r.voice.Cause(h.Cause), Sign: design.Cause{Term: h.Cause}.Sign()})
		}
		if h.Restricted {
			hit.Tags = append(hit.Tags, design.Marking{Tier: h.Tier})
		}
		if h.Unit != incident.UnitIncident {
			hit.Tags = append(hit.Tags, design.Tag{Words: r.voice.Label("unit", h.Unit)})
		}
		if len(h.Highlights) > 0 {
			hit.Lang, hit.Snippet = h.Highlights[0].Lang, parts(h.Highlights[0])
		} else if h.Facts != "" {
			hit.Lang, hit.Snippet = r.voice.Lang(), []design.Part{{Words: h.Facts}}
		}
		if h.Match == incident.Possibly {
			var why []string
			for _, part := range h.Why {
				why = append(why, r.say(questions()[part]))
			}
			hit.Maybe = strings.Join(why, ", ")
		}
		all = append(all, hit)
	}
	return all
}

// parts cuts a highlighted piece of text where marks begin and end.
func parts(h catalog.Highlight) []design.Part {
	var out []design.Part
	at := 0
	for _, m := range h.Marks {
		if m[0] > at {
			out = append(out, design.Part{Words: h.Text[at:m[0]]})
		}
		out = append(out, design.Part{Words: h.Text[m[0]:m[1]], Mark: true})
		at = m[1]
	}
	if at < len(h.Text) {
		out = append(out, design.Part{Words: h.Text[at:]})
	}
	return out
}
