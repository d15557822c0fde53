package search

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bioincident/internal/incident"
	"bioincident/policies"
	"bioincident/schema"
)

func day(year, month, dayOfMonth int) incident.Day { return incident.DayOf(year, month, dayOfMonth) }

func spanOf(from, to int) Window { return Window{From: day(from, 1, 1), To: day(to, 12, 31)} }

func never() Window { return Window{From: incident.NoDay, To: incident.NoDay} }

// undatedDoc is a record of which nothing is known but its number.
func undatedDoc(no int64) Document {
	return Document{
		No: no, Hash: fmt.Sprintf("%064x", no), Published: no * 10, Codes: map[string][]string{"unit": {"incident"}},
		Dates: Dates{Began: never(), Core: never(), Hull: never()},
	}
}

// datedWorld has a record in 2014, one that may be, one of 2016, and one without a date.
func datedWorld() []Document {
	docs := []Document{undatedDoc(1), undatedDoc(2), undatedDoc(3), undatedDoc(4)}
	docs[0].Dates = Dates{
		Began: Window{From: day(2014, 3, 1), To: day(2014, 3, 31)}, Core: Window{From: day(2014, 3, 31), To: day(2014, 5, 1)},
		Hull: Window{From: day(2014, 3, 1), To: day(2015, 1, 5)}, Reported: []Window{spanOf(2014, 2014), spanOf(2016, 2017)},
	}
	docs[0].Counts = map[string][2]int64{"deaths": {5, 5}, "cases": {10, -1}}
	docs[1].Dates = Dates{Began: spanOf(2013, 2014), Core: never(), Hull: spanOf(2013, 2014)}
	docs[1].Counts = map[string][2]int64{"deaths": {3, 8}}
	docs[2].Dates = Dates{Began: spanOf(2016, 2016), Core: never(), Hull: spanOf(2016, 2016)}
	docs[2].Counts = map[string][2]int64{"deaths": {0, 0}, "cases": {-1, 20}}
	return docs
}

func openWith(t testing.TB, docs []Document) *Index {
	t.Helper()
	ix := openMemory(t, loadSchema(t))
	apply(t, ix, schema.Public, docs, nil, 1)
	return ix
}

// told gives the hits in the order of their numbers, those that match but possibly with a question mark.
func told(hits []Hit) []string {
	slices.SortFunc(hits, func(a, b Hit) int { return int(a.No - b.No) })
	out := make([]string, len(hits))
	for i, h := range hits {
		out[i] = fmt.Sprint(h.No)
		if h.Match == incident.Possibly {
			out[i] += "?"
		}
	}
	return out
}

func TestQuestionsHaveThreeAnswers(t *testing.T) {
	ix := openWith(t, datedWorld())
	in2014 := []Dated{{Began, spanOf(2014, 2014)}}
	for name, c := range map[string]struct {
		q    Query
		want []string
	}{
		"began":                 {Query{Dates: in2014}, []string{"1", "2?"}},
		"began, in words":       {Query{Text: "began:2014"}, []string{"1", "2?"}},
		"certainly":             {Query{Dates: in2014, Certain: true}, []string{"1"}},
		"certainly, in words":   {Query{Text: "certain:true began:2014"}, []string{"1"}},
		"not":                   {Query{Text: "-began:2014"}, []string{"2?", "3"}},
		"not not":               {Query{Text: "NOT NOT began:2014"}, []string{"1", "2?"}},
		"not certainly":         {Query{Text: "-certain:began:2014"}, []string{"2", "3", "4"}},
		"not either":            {Query{Text: "NOT (began:2016 OR deaths:5)"}, []string{"2?"}},
		"not both":              {Query{Text: "NOT (began:2014 deaths:5)"}, []string{"2?", "3"}},
		"either":                {Query{Text: "began:2016 OR deaths:5"}, []string{"1", "2?", "3"}},
		"open":                  {Query{Dates: []Dated{{Began, Window{From: incident.FirstDay, To: day(2014, 3, 15)}}}}, []string{"1?", "2?"}},
		"active":                {Query{Dates: []Dated{{Active, Window{From: day(2014, 4, 1), To: day(2014, 4, 1)}}}}, []string{"1", "2?"}},
		"active, at its end":    {Query{Dates: []Dated{{Active, spanOf(2015, 2015)}}}, []string{"1?"}},
		"reported":              {Query{Dates: []Dated{{Reported, spanOf(2016, 2016)}}}, []string{"1?"}},
		"reported, any":         {Query{Dates: []Dated{{Reported, spanOf(2014, 2016)}}}, []string{"1"}},
		"deaths":                {Query{Counts: []Counted{{"deaths", 5, -1}}}, []string{"1", "2?"}},
		"no deaths":             {Query{Counts: []Counted{{"deaths", 0, 0}}}, []string{"3"}},
		"cases, open upwards":   {Query{Counts: []Counted{{"cases", 5, -1}}}, []string{"1", "3?"}},
		"cases, up to":          {Query{Counts: []Counted{{"cases", -1, 20}}}, []string{"1?", "3"}},
		"cases unknown":         {Query{Text: "-cases:<5"}, []string{"1", "3?"}},
		"no date":               {Query{Text: "began:-"}, []string{"4"}},
		"no report":             {Query{Text: "reported:-"}, []string{"2", "3", "4"}},
		"no count":              {Query{Text: "cases:-"}, []string{"2", "4"}},
		"some date":             {Query{Text: "-began:-"}, []string{"1", "2", "3"}},
		"all parts":             {Query{Dates: in2014, Counts: []Counted{{"deaths", 4, 9}}}, []string{"1", "2?"}},
		"two questions of time": {Query{Dates: append(in2014, Dated{Reported, spanOf(2014, 2014)})}, []string{"1"}},
	} {
		r := find(t, ix, policies.Audience{}, c.q)
		certain := 0
		for _, h := range r.Hits {
			if h.Match == incident.Certainly {
				certain++
			}
		}
		if got := told(r.Hits); !slices.Equal(got, c.want) || int(r.Total) != len(got) || int(r.Certain) != certain {
			t.Errorf("%s: %v, %d of which %d certain, want %v", name, got, r.Total, r.Certain, c.want)
		}
	}
}

func TestWhatHasNoDateIsCountedApart(t *testing.T) {
	ix := openWith(t, datedWorld())
	for _, c := range []struct {
		q    Query
		want int64
	}{
		{Query{}, 0},
		{Query{Dates: []Dated{{Began, spanOf(2014, 2014)}}}, 1},
		{Query{Dates: []Dated{{Reported, spanOf(2014, 2014)}}}, 3},
		{Query{Dates: []Dated{{Reported, spanOf(2014, 2014)}}, Counts: []Counted{{"deaths", 4, 9}}}, 1},
		{Query{Dates: []Dated{{Reported, spanOf(2014, 2014)}}, Counts: []Counted{{"deaths", 4, 9}}, Certain: true}, 0},
		{Query{Text: "began:2014"}, 0},
	} {
		if r := find(t, ix, policies.Audience{}, c.q); r.Undated != c.want {
			t.Errorf("%+v: %d undated, want %d", c.q, r.Undated, c.want)
		}
	}
}

func TestHistogram(t *testing.T) {
	docs := datedWorld()
	open := undatedDoc(5)
	open.Dates.Began = Window{From: day(2015, 6, 1), To: incident.LastDay}
	old := undatedDoc(6)
	old.Dates.Began = spanOf(-44, -44)
	for _, c := range []struct {
		docs []Document
		step string
		want Histogram
	}{
		{docs, "year", Histogram{"year", []Bar{{2013, 0, 1}, {2014, 1, 1}, {2016, 1, 0}}, 1}},
		{docs, "decade", Histogram{"decade", []Bar{{2010, 3, 0}}, 1}},
		{append(docs, open), "year", Histogram{"year", []Bar{{2013, 0, 1}, {2014, 1, 1}, {2016, 1, 0}}, 2}},
		{append(docs, open, old), "decade", Histogram{"decade", []Bar{{-50, 1, 0}, {2010, 3, 0}}, 2}},
	} {
		r := find(t, openWith(t, c.docs), policies.Audience{}, Query{Histogram: c.step})
		if diff := cmp.Diff(&c.want, r.Histogram); diff != "" {
			t.Errorf("by %s of %d: %s", c.step, len(c.docs), diff)
		}
	}
	r := find(t, openWith(t, docs), policies.Audience{}, Query{Histogram: "year", Text: "deaths:>=1"})
	if diff := cmp.Diff([]Bar{{2013, 0, 1}, {2014, 1, 1}}, r.Histogram.Bars); diff != "" {
		t.Error(diff)
	}
}

func TestOrders(t *testing.T) {
	ix := openWith(t, datedWorld())
	for order, want := range map[Order][]int64{
		"": {4, 3, 2, 1}, ByScore: {4, 3, 2, 1}, ByPublished: {4, 3, 2, 1}, ByReference: {3, 1, 2, 4}, ByDeaths: {1, 2, 3, 4},
	} {
		q := Query{Sort: order, Limit: 1}
		var got []int64
		for {
			r := find(t, ix, policies.Audience{}, q)
			got = append(got, numbers(r.Hits)...)
			if q.Cursor = r.Next; q.Cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("by %q: %v, want %v", order, got, want)
		}
	}
}

func TestGroups(t *testing.T) {
	docs := make([]Document, 9)
	for i := range docs {
		docs[i] = undatedDoc(int64(i + 1))
		docs[i].Group = []string{"a", "b", ""}[i%3]
	}
	ix := openWith(t, docs)
	q := Query{Group: true, Limit: 2}
	var got []string
	for {
		r := find(t, ix, policies.Audience{}, q)
		if r.Total != 9 || r.Groups != 5 {
			t.Fatalf("%d records, %d groups", r.Total, r.Groups)
		}
		for _, h := range r.Hits {
			got = append(got, fmt.Sprintf("%d%s+%d", h.No, h.Group, h.Others))
		}
		if q.Cursor = r.Next; q.Cursor == "" {
			break
		}
	}
	if want := []string{"9+0", "8b+2", "7a+2", "6+0", "3+0"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	r := find(t, ix, policies.Audience{}, Query{GroupOf: "b", Facets: []string{"unit"}})
	if !slices.Equal(numbers(r.Hits), []int64{8, 5, 2}) || r.Facets[0].Values[0].Records != 3 {
		t.Errorf("of one group: %+v", r)
	}
	if r := find(t, ix, policies.Audience{}, Query{GroupOf: "c"}); r.Total != 0 {
		t.Errorf("of no group: %+v", r)
	}
}
