package catalog_test

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"bioincident/internal/catalog"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
	"bioincident/search"
)

// told is an index that answers what a test wants, and notes who asked what.
type told struct {
	result search.Result
	who    policies.Audience
	asked  search.Query

	suggestions []search.Suggestion
	suggest     search.SuggestIn
}

func (i *told) Search(_ context.Context, who policies.Audience, q search.Query) (search.Result, error) {
	i.who, i.asked = who, q
	return i.result, nil
}

func (i *told) Suggest(_ context.Context, who policies.Audience, in search.SuggestIn) ([]search.Suggestion, error) {
	i.who, i.suggest = who, in
	return i.suggestions, nil
}

// over gives a catalog over another index.
func (w *world) over(index catalog.Index, follower catalog.Follower) *catalog.Catalog {
	deps := w.deps
	deps.Index, deps.Follower = index, follower
	return catalog.New(deps)
}

// TestEachHitComesFromItsWall: a hit is read from the table of the wall that it was found behind, and by those alone who
// may read that row.
func TestEachHitComesFromItsWall(t *testing.T) {
	eachWorld(t, func(w *world) {
		open := w.publish(body(w.t, "For everybody.", "More."), workflow.HandlingIn{Marking: schema.Public})
		named := w.publish(body(w.t, "For the named.", "More."), workflow.HandlingIn{Marking: schema.Named, Recipients: []string{"east"}})
		index := &told{result: search.Result{Total: 2, Certain: 2, Restricted: 1, Hits: []search.Hit{
			{No: 1, Tier: schema.Members, Match: incident.Certainly, Group: "who_don:2020-DON1", Others: 3},
			{No: 2, Tier: schema.Named, Match: incident.Certainly, Restricted: true},
		}}}
		out, err := w.over(index, &patient{}).Search(w.ctx, w.as("rex@east"), catalog.SearchIn{Lang: "en"})
		w.ok(err)
		if !slices.Equal(ids(out.Hits), []string{open, named}) || out.Hits[0].Tier != schema.Members || out.Hits[1].Tier != schema.Named ||
			out.Hits[0].Group != "who_don:2020-DON1" || out.Hits[0].Others != 3 || !out.Hits[1].Restricted || out.Restricted != 1 {
			w.t.Errorf("%+v", out)
		}
		for _, who := range []string{"lea@west", "adam@south", ""} {
			_, err := w.over(index, &patient{}).Search(w.ctx, w.as(who), catalog.SearchIn{Lang: "en"})
			w.refused(err, fault.Unavailable, "search.behind")
		}
		index.result.Hits[1] = search.Hit{No: 2, Tier: schema.Members} // that table has no such row
		_, err = w.over(index, &patient{}).Search(w.ctx, w.as("rex@east"), catalog.SearchIn{Lang: "en"})
		w.refused(err, fault.Unavailable, "search.behind")
	})
}

// TestAsThePublic: whoever is signed in can ask as if they were not, and is answered so.
func TestAsThePublic(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.publish(body(w.t, "Leptospirosis for everybody.", "More."), workflow.HandlingIn{Marking: schema.Public})
		w.publish(body(w.t, "Leptospirosis for members.", "More."), workflow.HandlingIn{Marking: schema.Members})
		asked := catalog.SearchIn{Q: "leptospirosis", Lang: "en"}
		anonymous, err := w.catalog.Search(w.ctx, identity.Principal{}, asked)
		w.ok(err)
		asked.Public = true
		for _, who := range []string{"lea@west", "fay@north", "rex@east"} {
			out, err := w.catalog.Search(w.ctx, w.as(who), asked)
			w.ok(err)
			if !reflect.DeepEqual(out, anonymous) || out.Total != 1 {
				w.t.Errorf("%s: %+v\nthe public: %+v", who, out, anonymous)
			}
			var head *catalog.ExportHead
			records := 0
			w.ok(w.catalog.Export(w.ctx, w.as(who), asked, func(l catalog.Line) error {
				if l.Head != nil {
					head = l.Head
				}
				if l.Record != nil {
					records++
				}
				return nil
			}))
			if records != 1 || head.Position.Tier != schema.Public {
				w.t.Errorf("%s: %d records exported from the %s feed", who, records, head.Position.Tier)
			}
		}
	})
}

// TestWhatIsOnlyPossible: a hit that is only possible says which part of the question is open, as its reader's view tells.
func TestWhatIsOnlyPossible(t *testing.T) {
	eachWorld(t, func(w *world) {
		var doc map[string]any
		w.ok(json.Unmarshal(body(w.t, "A fever.", "More."), &doc))
		doc["time"] = map[string]any{"onset": "2020-03", "end": "2020-05"}
		doc["impact"] = map[string]any{"counts": []any{map[string]any{"id": "c1", "measure": "deaths", "low": 5, "qualifier": "at_least", "sources": []any{"s1"}}}}
		data, err := json.Marshal(doc)
		w.ok(err)
		w.publish(data, workflow.HandlingIn{Marking: schema.Public})
		index := &told{result: search.Result{Total: 1, Hits: []search.Hit{{No: 1, Match: incident.Possibly}}}}
		found := func(in catalog.SearchIn) catalog.Hit {
			w.t.Helper()
			in.Lang = "en"
			out, err := w.over(index, &patient{}).Search(w.ctx, identity.Principal{}, in)
			w.ok(err)
			return out.Hits[0]
		}
		for want, in := range map[string]catalog.SearchIn{
			"began":        {Began: "2020-03-10..", Active: "2020-04", Deaths: ">=1"},
			"active":       {Began: "2020", Active: "2020-05-20.."},
			"deaths":       {Began: "2020-03", Deaths: "5..8"},
			"q":            {Q: "began:2020-03-10"},
			"began,deaths": {Began: "2020-03-10", Deaths: "<10"},
		} {
			hit := found(in)
			got := ""
			for i, part := range hit.Why {
				if i > 0 {
					got += ","
				}
				got += part
			}
			if got != want || hit.Match != incident.Possibly {
				w.t.Errorf("%+v: %s because of %q, want %q", in, hit.Match, got, want)
			}
		}
		index.result.Hits[0].Match = incident.Certainly
		if hit := found(catalog.SearchIn{Began: "2020"}); hit.Match != incident.Certainly || len(hit.Why) != 0 {
			w.t.Errorf("%s because of %q", hit.Match, hit.Why)
		}
	})
}

// TestFacetsInWords: values have labels in the reader's language; what is asked for is listed also when nothing has it.
func TestFacetsInWords(t *testing.T) {
	eachWorld(t, func(w *world) {
		index := &told{result: search.Result{
			Facets: []search.Facet{
				{Name: "area", Values: []search.Value{{Code: "150", Records: 7}, {Code: "155", Parent: "150", Records: 7}, {Code: "FRA", Parent: "155", Records: 4}}, NotStated: 2},
				{Name: "collection", Values: []search.Value{{Code: "Register", Records: 3}}},
				{Name: "language", Values: []search.Value{{Code: "fr", Records: 3}}},
			},
			Histogram: &search.Histogram{Step: "decade", Bars: []search.Bar{{From: 1970, Certainly: 3, Possibly: 1}}, Undated: 5},
			Undated:   4, Order: search.ByPublished,
		}}
		out, err := w.over(index, &patient{}).Search(w.ctx, identity.Principal{}, catalog.SearchIn{
			Lang: "fr", Facets: []string{"area", "collection", "language"}, Histogram: "decade",
			Filters: []catalog.Filter{{Facet: "area", Codes: []string{"FRA", "DEU", "-"}}},
		})
		w.ok(err)
		area := out.Facets[0]
		if area.Label == "" || area.Label == "area" || len(area.Values) != 4 {
			w.t.Fatalf("%+v", area)
		}
		want := map[string]catalog.Value{
			"150": {Code: "150", Label: "Europe", Records: 7},
			"155": {Code: "155", Label: "Europe occidentale", Parent: "150", Records: 7},
			"FRA": {Code: "FRA", Label: "France", Parent: "155", Records: 4, Selected: true},
			"DEU": {Code: "DEU", Label: "Allemagne", Selected: true},
		}
		for _, v := range area.Values {
			if v != want[v.Code] {
				w.t.Errorf("%+v, want %+v", v, want[v.Code])
			}
		}
		if area.NotStated != (catalog.Value{Code: "-", Label: "Non précisé", Records: 2, Selected: true}) {
			w.t.Errorf("%+v", area.NotStated)
		}
		if c := out.Facets[1]; c.Values[0].Label != "Register" || c.Values[0].Selected || c.NotStated.Selected {
			w.t.Errorf("%+v", c)
		}
		if l := out.Facets[2]; l.Label != "Langue" || l.Values[0].Label != "Français" {
			w.t.Errorf("%+v", l)
		}
		if h := out.Histogram; h == nil || len(h.Bars) != 1 || h.Bars[0] != (catalog.Bar{From: 1970, Certainly: 3, Possibly: 1}) || h.Undated != 5 {
			w.t.Errorf("%+v", h)
		}
		if out.Undated != 4 || out.Order != "published" || index.asked.Histogram != "decade" {
			w.t.Errorf("%+v %+v", out, index.asked)
		}
	})
}

// TestSuggest: what is suggested is what the index behind the reader's wall suggests, with the facet of each concept.
func TestSuggest(t *testing.T) {
	eachWorld(t, func(w *world) {
		index := &told{suggestions: []search.Suggestion{
			{Kind: "concept", List: "diseases", Code: "anthrax", Text: "Charbon", Records: 3}, {Kind: "word", Text: "charbonneux", Records: 1},
		}}
		c := w.over(index, &patient{})
		for who, public := range map[string]bool{"": true, "adam@south": true, "lea@west": false, "fay@north": false} {
			got, err := c.Suggest(w.ctx, w.as(who), catalog.SuggestIn{Text: "charb", Limit: 5, Lang: "fr"})
			w.ok(err)
			want := []catalog.Suggestion{
				{Kind: "concept", List: "diseases", Code: "anthrax", Facet: "disease", Text: "Charbon", Records: 3},
				{Kind: "word", Text: "charbonneux", Records: 1},
			}
			if !slices.Equal(got, want) || index.suggest != (search.SuggestIn{Text: "charb", Limit: 5, Lang: "fr"}) || index.who.Members == public {
				w.t.Errorf("%q: %+v for %+v", who, got, index.who)
			}
			_, err = c.Suggest(w.ctx, w.as(who), catalog.SuggestIn{Text: "charb", Public: true})
			w.ok(err)
			if !reflect.DeepEqual(index.who, policies.Audience{}) {
				w.t.Errorf("%q asks as the public: %+v", who, index.who)
			}
		}
	})
}

// TestNobodyIsSuggestedWhatIsNotTheirs: words of hidden records are suggested to nobody who may not read them.
func TestNobodyIsSuggestedWhatIsNotTheirs(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.publish(body(w.t, "Leptospirosis in the harbour.", "Only members read quicksilver."), workflow.HandlingIn{Marking: schema.Public})
		w.publish(body(w.t, "Zanthoquark for the named.", "More."), workflow.HandlingIn{Marking: schema.Named, Recipients: []string{"east"}})
		for word, readers := range map[string][]string{"harbou": {"", "lea@west", "rex@east"}, "quicksil": {"lea@west", "rex@east"}, "zanthoq": nil} {
			for _, who := range []string{"", "lea@west", "rex@east"} {
				got, err := w.catalog.Suggest(w.ctx, w.as(who), catalog.SuggestIn{Text: word, Lang: "en"})
				w.ok(err)
				if (len(got) > 0) != slices.Contains(readers, who) {
					w.t.Errorf("%q types %s: %+v", who, word, got)
				}
			}
		}
	})
}

// standing is a follower that does not go on.
type standing struct {
	patient
	narrowed map[schema.Tier]int64
}

func (s *standing) Narrowed(tier schema.Tier) int64 { return s.narrowed[tier] }

// TestBehindOnWhatWasNarrowed: a search is refused while something narrowed two seconds ago can still be found behind a
// wall that its reader uses; what was published meanwhile may wait.
func TestBehindOnWhatWasNarrowed(t *testing.T) {
	t.Parallel()
	testkit.EachDatabase(t, func(t *testing.T, d testkit.Database) {
		clock := testkit.NewClock()
		d.Options.Clock = clock.Now
		w := newWorld(t, d.Open(t))
		id := w.publish(body(w.t, "For everybody at first.", "More."), workflow.HandlingIn{Marking: schema.Public})
		_, err := w.flow.Narrow(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.HandlingIn{Marking: schema.Members}.Change(), "")
		w.ok(err)
		w.caughtUp()
		heads := map[schema.Tier]int64{}
		w.ok(w.store.Read(w.ctx, func(tx *store.Tx) error {
			for _, tier := range schema.Tiers() {
				head, err := tx.FeedHead(tier)
				if err != nil {
					return err
				}
				heads[tier] = head.Seq
			}
			return nil
		}))
		stands := &standing{narrowed: map[schema.Tier]int64{schema.Public: heads[schema.Public] - 1, schema.Members: heads[schema.Members], schema.Named: heads[schema.Named]}}
		c := w.over(&told{}, stands)
		_, err = c.Search(w.ctx, identity.Principal{}, catalog.SearchIn{})
		w.ok(err) // it is not two seconds ago
		clock.Advance(3 * time.Second)
		for _, who := range []string{"", "adam@south"} {
			_, err = c.Search(w.ctx, w.as(who), catalog.SearchIn{})
			w.refused(err, fault.Unavailable, "search.behind")
			err = c.Export(w.ctx, w.as(who), catalog.SearchIn{}, func(catalog.Line) error { return nil })
			w.refused(err, fault.Unavailable, "search.behind")
		}
		_, err = c.Suggest(w.ctx, identity.Principal{}, catalog.SuggestIn{Text: "every"})
		w.refused(err, fault.Unavailable, "search.behind")
		_, err = c.Search(w.ctx, w.as("lea@west"), catalog.SearchIn{})
		w.ok(err) // behind the members' wall nothing waits
		_, err = c.Search(w.ctx, w.as("lea@west"), catalog.SearchIn{Public: true})
		w.refused(err, fault.Unavailable, "search.behind")
		stands.narrowed[schema.Public] = heads[schema.Public]
		_, err = c.Search(w.ctx, identity.Principal{}, catalog.SearchIn{})
		w.ok(err)
	})
}

// bodyOf is a body with other dates, area and deaths.
func bodyOf(t testing.TB, onset, area string, deaths int64) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(body(t, "A fever at the harbour.", "More."), &doc); err != nil {
		t.Fatal(err)
	}
	doc["time"] = map[string]any{"onset": onset}
	if onset == "" {
		doc["time"] = map[string]any{"onset": map[string]any{"is": "unknown"}}
	}
	doc["place"] = map[string]any{"areas": []any{map[string]any{"id": "p1", "area": area, "role": "occurrence"}}}
	if deaths > 0 {
		doc["impact"] = map[string]any{"counts": []any{map[string]any{"id": "c1", "measure": "deaths", "low": deaths, "qualifier": "at_least", "sources": []any{"s1"}}}}
	}
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFiltersAndFacets: over the real index, what a facet counts is what its value finds, for every reader; each reads the
// highest view that is theirs.
func TestFiltersAndFacets(t *testing.T) {
	eachWorld(t, func(w *world) {
		french := w.publish(bodyOf(w.t, "2020-03-05", "FRA", 5), workflow.HandlingIn{Marking: schema.Public})
		kenyan := w.publish(bodyOf(w.t, "2019", "KEN", 0), workflow.HandlingIn{Marking: schema.Members})
		german := w.publish(bodyOf(w.t, "2020-04", "DEU", 90), workflow.HandlingIn{Marking: schema.Named, Recipients: []string{"east"}})
		undated := w.publish(bodyOf(w.t, "", "FRA", 0), workflow.HandlingIn{Marking: schema.Public})
		may := map[string][]string{"": {french, undated}, "lea@west": {french, kenyan, undated}, "rex@east": {french, kenyan, german, undated}, "fay@north": {french, kenyan, german, undated}}
		find := func(who string, in catalog.SearchIn) catalog.SearchOut {
			w.t.Helper()
			in.Lang = "en"
			out, err := w.catalog.Search(w.ctx, w.as(who), in)
			w.ok(err)
			return out
		}
		for who, records := range may {
			all := find(who, catalog.SearchIn{Facets: []string{catalog.AllFacets}, Histogram: "year"})
			if got := slices.Sorted(slices.Values(ids(all.Hits))); !slices.Equal(got, slices.Sorted(slices.Values(records))) || all.Total != int64(len(records)) {
				w.t.Errorf("%q finds %v of %v", who, got, records)
			}
			if len(all.Facets) != len(search.FacetNames()) || all.Histogram == nil {
				w.t.Fatalf("%q: %d facets", who, len(all.Facets))
			}
			for _, f := range all.Facets {
				for _, v := range append(f.Values, f.NotStated) {
					if v.Label == "" {
						w.t.Errorf("%s=%s has no label", f.Name, v.Code)
					}
					narrowed := find(who, catalog.SearchIn{Filters: []catalog.Filter{{Facet: f.Name, Codes: []string{v.Code}}}})
					if narrowed.Total != v.Records || len(narrowed.Hits) != int(v.Records) {
						w.t.Errorf("%q: %s=%s counts %d and finds %d", who, f.Name, v.Code, v.Records, narrowed.Total)
					}
				}
			}
			for _, hit := range all.Hits {
				own := w.read(who, hit.ID)
				if hit.Tier != own.Tier || hit.Hash != own.Hash {
					w.t.Errorf("%q finds %s at %s and reads it at %s", who, hit.ID, hit.Tier, own.Tier)
				}
				if hit.Restricted != (hit.ID == german) || hit.Group != "who_don:2020-DON1" {
					w.t.Errorf("%q: %s restricted %v, of group %q", who, hit.ID, hit.Restricted, hit.Group)
				}
			}
		}
		if out := find("rex@east", catalog.SearchIn{Sort: "deaths"}); !slices.Equal(ids(out.Hits)[:2], []string{german, french}) || out.Restricted != 1 {
			w.t.Errorf("%v, %d restricted", ids(out.Hits), out.Restricted)
		}
		if out := find("", catalog.SearchIn{Group: true}); out.Total != 2 || out.Groups != 1 || len(out.Hits) != 1 || out.Hits[0].Others != 1 {
			w.t.Errorf("%+v", out)
		}
		if out := find("", catalog.SearchIn{GroupOf: "who_don:2020-DON1"}); out.Total != 2 {
			w.t.Errorf("%+v", out)
		}
		w.questions(find, french, kenyan, german)
	})
}

// questions asks when and how many, of a reader who may see all.
func (w *world) questions(find func(string, catalog.SearchIn) catalog.SearchOut, french, kenyan, german string) {
	w.t.Helper()
	for _, test := range []struct {
		in   catalog.SearchIn
		want map[string]string // id → "" for certainly, or why it is only possible
	}{
		{catalog.SearchIn{Began: "2020"}, map[string]string{french: "", german: ""}},
		{catalog.SearchIn{Began: "2019-06..2020-03"}, map[string]string{french: "", kenyan: "began"}},
		{catalog.SearchIn{Active: "2020-04-10"}, map[string]string{german: "active"}},
		{catalog.SearchIn{Deaths: ">=5"}, map[string]string{french: "", german: ""}},
		{catalog.SearchIn{Deaths: "1..50"}, map[string]string{french: "deaths"}},
		{catalog.SearchIn{Began: "2019..", Deaths: "..1000", Certain: true}, map[string]string{}},
		{catalog.SearchIn{Began: "2019..2020", Certain: true}, map[string]string{french: "", german: "", kenyan: ""}},
		{catalog.SearchIn{Q: "began:2020-04-10.."}, map[string]string{german: "q"}},
	} {
		out := find("rex@east", test.in)
		got := map[string]string{}
		certain := int64(0)
		for _, hit := range out.Hits {
			got[hit.ID] = ""
			if hit.Match == incident.Certainly {
				certain++
			}
			if len(hit.Why) > 0 {
				got[hit.ID] = hit.Why[0]
			}
		}
		if !reflect.DeepEqual(got, test.want) || out.Total != int64(len(test.want)) || out.Certain != certain {
			w.t.Errorf("%+v: %v, want %v (french %s, kenyan %s, german %s)", test.in, got, test.want, french, kenyan, german)
		}
		if test.in.Began != "" && test.in.Deaths == "" && out.Undated != 1 {
			w.t.Errorf("%+v: %d undated", test.in, out.Undated)
		}
	}
}
