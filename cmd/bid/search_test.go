package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"bioincident/api"
	"bioincident/api/gen"
)

// TestEveryParameterHasAFlag: what the API can be asked the command line can ask.
func TestEveryParameterHasAFlag(t *testing.T) {
	contract, err := api.LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	commands := map[string]*cobra.Command{"search": searchCommand(&options{}), "exportIncidents": exportCommand(&options{})}
	elsewhere := map[string]string{"q": "query", "view": "public", "lang": ""} // an argument of a search; a word for one view; of all commands
	for _, op := range contract.Operations {
		cmd, ok := commands[op.ID]
		if !ok {
			continue
		}
		for _, parameter := range op.Query {
			flag, named := elsewhere[parameter]
			if !named {
				flag = flagOf(parameter)
			}
			if flag == "" || op.ID == "search" && parameter == "q" {
				continue
			}
			if cmd.Flags().Lookup(flag) == nil {
				t.Errorf("bid %s has no --%s", cmd.Name(), flag)
			}
		}
		for _, f := range slices.Concat(filters(), questions()) {
			if !slices.Contains(op.Query, f[0]) {
				t.Errorf("%s has no parameter %s", op.ID, f[0])
			}
		}
	}
}

func TestFoundInTables(t *testing.T) {
	next := "n"
	var out bytes.Buffer
	err := printFound(&out, gen.SearchAnswer{
		Total: 12, Certain: 9, Undated: 2, Groups: 10, Next: &next,
		Hits: []gen.Hit{
			{Id: "BID-1", ReferenceDate: "1979-04", Title: "Anthrax · Sverdlovsk", Match: gen.Certainly, Others: 2, Group: "glide:EP-1"},
			{Id: "BID-22", Title: "Plague", Match: gen.Possibly, Why: []gen.HitWhy{gen.HitWhyBegan, gen.HitWhyDeaths}, Restricted: true},
		},
		Facets: []gen.Facet{{Name: "lesson_phase", Label: "Phase", Values: []gen.FacetValue{
			{Code: "detection", Label: "Detection", Records: 7}, {Code: "recovery", Label: "Recovery", Selected: true},
		}, NotStated: gen.FacetValue{Code: "-", Label: "Not stated", Records: 3}}},
		Histogram: gen.Histogram{Bars: []gen.HistogramBar{{From: 1970, Certainly: 4, Possibly: 1}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `BID-1   1979-04  Anthrax · Sverdlovsk  [2 more of glide:EP-1]
BID-22  -        Plague  [may match: began, deaths; restricted to you]

found: 12, 3 of them only possibly, groups: 10; without a date for this question: 2

Phase (--lesson-phase)
7     detection  Detection
0     recovery   Recovery*
3     -          Not stated
1970  4          +1 possibly

more: --cursor n
`
	if got := out.String(); strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
