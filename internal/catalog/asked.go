package catalog

import (
	"slices"
	"strconv"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/search"
)

// AllFacets asks for every facet.
const AllFacets = "all"

// query reads a question. It says at once all that is wrong with it, each at its part: /cause, /began.
func (c *Catalog) query(in SearchIn) (search.Query, error) {
	q := search.Query{Text: in.Q, Certain: in.Certain, Sort: search.Order(in.Sort), Histogram: in.Histogram, Group: in.Group,
		GroupOf: in.GroupOf, Facets: in.Facets}
	if slices.Contains(in.Facets, AllFacets) {
		q.Facets = search.FacetNames()
	}
	wrong := fault.New(fault.Invalid, "search.parameters")
	for _, f := range in.Filters {
		c.checkCodes(wrong, f)
		q.Filters = append(q.Filters, search.Filter{Facet: f.Facet, Codes: slices.Compact(slices.Sorted(slices.Values(f.Codes)))})
	}
	for _, asked := range []struct {
		question search.Question
		text     string
	}{{search.Began, in.Began}, {search.Active, in.Active}, {search.Reported, in.Reported}} {
		if asked.text == "" {
			continue
		}
		window, err := search.ParseWindow(asked.text)
		note(wrong, "/"+string(asked.question), err)
		q.Dates = append(q.Dates, search.Dated{Question: asked.question, Window: window})
	}
	for _, asked := range []struct{ measure, text string }{{"deaths", in.Deaths}, {"cases", in.Cases}} {
		if asked.text == "" {
			continue
		}
		low, high, err := search.ParseCount(asked.text)
		note(wrong, "/"+asked.measure, err)
		q.Counts = append(q.Counts, search.Counted{Measure: asked.measure, Low: low, High: high})
	}
	if len(wrong.Fields) > 0 {
		return search.Query{}, wrong
	}
	return q, nil
}

// note puts an error at the part that it is about.
func note(wrong *fault.Fault, pointer string, err error) {
	if err == nil {
		return
	}
	f := fault.Of(err)
	wrong.Fields = append(wrong.Fields, fault.Field{Pointer: pointer, Code: f.Code, Params: f.Params})
}

// checkCodes notes the codes that no record can have. A collection or an organization that nobody knows is not among
// them: which there are is not told but by what is found.
func (c *Catalog) checkCodes(wrong *fault.Fault, f Filter) {
	if !slices.Contains(search.FacetNames(), f.Facet) {
		wrong.At("/"+f.Facet, "search.no_facet", "facet", f.Facet)
		return
	}
	for _, code := range f.Codes {
		if code != search.NotStated && !c.isCode(f.Facet, code) {
			wrong.At("/"+f.Facet, "search.no_code", "facet", f.Facet, "value", code)
		}
	}
}

func (c *Catalog) isCode(facet, code string) bool {
	switch facet {
	case "collection", "organization":
		return true
	case "language":
		return slices.Contains(incident.Languages(), code)
	case "year", "decade":
		year, err := strconv.Atoi(code)
		return err == nil && (facet == "year" || year%10 == 0)
	}
	list, ok := c.Schema.Vocabulary(vocabularyOf(facet))
	return ok && list.Has(code)
}

// vocabularyOf names the list that the codes of a facet are of; "" for those that are of none.
func vocabularyOf(facet string) string {
	switch facet {
	case "type":
		return "incident_type"
	case "disease":
		return "diseases"
	case "agent":
		return "agents"
	case "area":
		return "areas"
	case "response":
		return "response_action"
	case "collection", "decade", "year", "language", "organization":
		return ""
	}
	return facet
}

// facetOf names the facet whose codes are of a list; "" for a list that is of none.
func facetOf(list string) string {
	for _, facet := range search.FacetNames() {
		if list != "" && vocabularyOf(facet) == list {
			return facet
		}
	}
	return ""
}
