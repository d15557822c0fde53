package catalog

import (
	"reflect"
	"slices"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/schema"
	"bioincident/search"
)

func asking(t *testing.T) *Catalog {
	t.Helper()
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	return New(Deps{Schema: sch})
}

func TestAQuestionIsRead(t *testing.T) {
	got, err := asking(t).query(SearchIn{
		Q: "anthrax", Filters: []Filter{{"cause", []string{"natural", "-", "natural"}}, {"area", []string{"FRA"}}},
		Began: "2014..2015-02", Reported: "..2016", Deaths: ">=10", Cases: "..20", Certain: true, Sort: "deaths",
		Facets: []string{"cause", AllFacets}, Histogram: "decade", Group: true, GroupOf: "glide:EP-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	day := func(text string) incident.Day { return incident.Date(text).Bounds().Earliest }
	want := search.Query{
		Text: "anthrax", Filters: []search.Filter{{Facet: "cause", Codes: []string{"-", "natural"}}, {Facet: "area", Codes: []string{"FRA"}}},
		Dates: []search.Dated{
			{Question: search.Began, Window: search.Window{From: day("2014-01-01"), To: day("2015-02-28")}},
			{Question: search.Reported, Window: search.Window{From: incident.FirstDay, To: day("2016-12-31")}},
		},
		Counts:  []search.Counted{{Measure: "deaths", Low: 10, High: -1}, {Measure: "cases", Low: -1, High: 20}},
		Certain: true, Sort: search.ByDeaths, Facets: search.FacetNames(), Histogram: "decade", Group: true, GroupOf: "glide:EP-1",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

// TestWhatIsWrongIsSaidAtItsPart: all at once, each with its code.
func TestWhatIsWrongIsSaidAtItsPart(t *testing.T) {
	_, err := asking(t).query(SearchIn{
		Filters: []Filter{
			{"cause", []string{"natural", "witchcraft"}}, {"unit", []string{"case"}}, {"year", []string{"MMXX"}}, {"decade", []string{"1975"}},
			{"language", []string{"de"}}, {"owner", []string{"o-1"}}, {"collection", []string{"of nobody"}}, {"organization", []string{"nobody"}},
			{"severity", []string{"-"}},
		},
		Began: "2014-13", Active: "..", Reported: "2015..2014", Deaths: "many", Cases: "20..10",
	})
	f := fault.Of(err)
	if f == nil || f.Kind != fault.Invalid || f.Code != "search.parameters" {
		t.Fatal(err)
	}
	var got []string
	for _, field := range f.Fields {
		got = append(got, field.Pointer+" "+field.Code)
	}
	want := []string{"/cause search.no_code", "/unit search.no_code", "/year search.no_code", "/decade search.no_code",
		"/language search.no_code", "/owner search.no_facet", "/began search.syntax", "/active search.syntax",
		"/reported search.syntax", "/deaths search.syntax", "/cases search.syntax"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// TestEveryFacetHasItsCodes: a facet without a vocabulary is one of those that have none.
func TestEveryFacetHasItsCodes(t *testing.T) {
	c := asking(t)
	for _, facet := range search.FacetNames() {
		list := vocabularyOf(facet)
		_, ok := c.Schema.Vocabulary(list)
		none := slices.Contains([]string{"collection", "decade", "year", "language", "organization"}, facet)
		if ok == none {
			t.Errorf("%s: vocabulary %q", facet, list)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, test := range []struct {
		figure [2]int64
		asked  search.Counted
		want   bool
	}{
		{[2]int64{5, 8}, search.Counted{Low: 5, High: 8}, true}, {[2]int64{5, 9}, search.Counted{Low: 5, High: 8}, false},
		{[2]int64{4, 8}, search.Counted{Low: 5, High: 8}, false}, {[2]int64{5, -1}, search.Counted{Low: 5, High: 8}, false},
		{[2]int64{5, -1}, search.Counted{Low: 5, High: -1}, true}, {[2]int64{5, 5}, search.Counted{Low: -1, High: 5}, true},
	} {
		if within(test.figure, test.asked) != test.want {
			t.Errorf("%v in %+v", test.figure, test.asked)
		}
	}
}
