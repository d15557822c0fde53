package httpd_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"bioincident/api/gen"
)

// TestASearchByParameters: repeated filters, both views, and an export that repeats the question.
func TestASearchByParameters(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.published("Plague at the harbour")
		w.indexed()
		ask := func(as, query string, into any) {
			t.Helper()
			w.need(call{method: "GET", path: "/api/v1/search?" + query, as: as}, http.StatusOK).into(t, into)
		}
		var found gen.SearchAnswer
		ask("", "q=plague&unit=incident&unit=report&sort=published", &found)
		if found.Total != 1 || len(found.Hits) != 1 || found.Hits[0].Match != gen.Certainly || found.Order == "" {
			t.Fatalf("%+v", found)
		}
		ask("", "unit=surveillance_row", &found)
		if found.Total != 0 {
			t.Errorf("%+v", found)
		}
		ask("ron@north", "view=public", &found)
		if found.Total != 1 || len(found.Hits) != 1 || found.Hits[0].Tier != gen.TierPublic {
			t.Errorf("a member asks as the public: %+v", found)
		}
		got := w.need(call{method: "GET", path: "/api/v1/export?q=plague&unit=incident&unit=report&certain=true&view=public&lang=fr", as: "ron@north"}, http.StatusOK)
		head, _, _ := strings.Cut(string(got.body), "\n")
		for _, part := range []string{
			`{"name":"q","values":["plague"]}`, `{"name":"unit","values":["incident","report"]}`, `{"name":"certain","values":["true"]}`,
			`{"name":"view","values":["public"]}`, `{"name":"lang","values":["fr"]}`, `"tier":"public"`,
		} {
			if !strings.Contains(head, part) {
				t.Errorf("the head does not say %s: %s", part, head)
			}
		}
		var suggested gen.Suggestions
		w.need(call{method: "GET", path: "/api/v1/suggest?q=harb&lang=en"}, http.StatusOK).into(t, &suggested)
		if !slices.ContainsFunc(suggested.Suggestions, func(s gen.Suggestion) bool { return s.Text == "harbour" && s.Records == 1 }) {
			t.Errorf("%+v", suggested)
		}
	})
}

// TestWhatIsWrongWithASearchIsSaidAtItsParameter: by the contract, by the vocabularies, by the query language.
func TestWhatIsWrongWithASearchIsSaidAtItsParameter(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for query, want := range map[string]struct {
			status   int
			pointers []string
		}{
			"cause=witchcraft&area=FRA&area=ATLANTIS&began=2014-13&deaths=many": {422, []string{"/query/cause", "/query/area", "/query/began", "/query/deaths"}},
			"q=" + url.QueryEscape(`"unfinished`):                               {422, []string{"/query/q"}},
			"sort=luck":                                                         {400, []string{"/query/sort"}},
			"unit=case":                                                         {400, []string{"/query/unit/0"}},
			"facets=owner":                                                      {400, []string{"/query/facets/0"}},
			"view=theirs":                                                       {400, []string{"/query/view"}},
			"began=2014&began=2015":                                             {400, []string{"/query/began"}},
			"histogram=day":                                                     {400, []string{"/query/histogram"}},
			"certain=perhaps":                                                   {400, []string{"/query/certain"}},
			"cause=&began=2014":                                                 {400, []string{"/query/cause"}},
			"owner=north&cause=-&q=ok":                                          {400, []string{"/query/owner"}},
		} {
			for _, path := range []string{"/api/v1/search?", "/api/v1/export?"} {
				if path == "/api/v1/export?" && (strings.HasPrefix(query, "facets") || strings.HasPrefix(query, "histogram")) {
					continue // an export has neither
				}
				var p gen.Problem
				got := w.need(call{method: "GET", path: path + query}, want.status)
				got.into(t, &p)
				var pointers []string
				for _, field := range p.Errors {
					pointers = append(pointers, field.Pointer)
				}
				if !slices.Equal(pointers, want.pointers) {
					t.Errorf("%s: %q, want %q", query, pointers, want.pointers)
				}
			}
		}
	})
}
