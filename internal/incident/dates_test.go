package incident

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func day(t *testing.T, text string) Day {
	t.Helper()
	b := Date(text).Bounds()
	if b.None() || b.Earliest != b.Latest {
		t.Fatalf("%q is no day", text)
	}
	return b.Earliest
}

// spanOf reads "2014-03-01..2014-05-02", "..2014-05-02", "2014-03-01.." or "" for none.
func spanOf(t *testing.T, text string) Span {
	t.Helper()
	if sure, unsure := strings.CutSuffix(text, "?"); unsure {
		span := spanOf(t, sure)
		span.Unsure = true
		return span
	}
	if text == "" {
		return noSpan()
	}
	const width = len("2014-03-01")
	s := Span{From: FirstDay, To: LastDay}
	if text[0] != '.' {
		s.From = day(t, text[:width])
	}
	if text[len(text)-1] != '.' {
		s.To = day(t, text[len(text)-width:])
	}
	return s
}

func TestSpans(t *testing.T) {
	know := Know[Date]
	source := func(published Date) Source { return Source{ID: "s", Published: published} }
	for name, test := range map[string]struct {
		time              Time
		timeline          []TimelineEntry
		counts            []Count
		sources           []Source
		began, core, hull string
		reported          []string
	}{
		"nothing is known": {},
		"a day and nothing else": {time: Time{Onset: know("2014-03-05")},
			began: "2014-03-05..2014-03-05", core: "2014-03-05..2014-03-05", hull: "2014-03-05..2014-03-05"},
		"a month and nothing else": {time: Time{Onset: know("2014-03")},
			began: "2014-03-01..2014-03-31", hull: "2014-03-01..2014-03-31"},
		"a month to a month": {time: Time{Onset: know("2014-03"), End: know("2014-05")},
			began: "2014-03-01..2014-03-31", core: "2014-03-31..2014-05-01", hull: "2014-03-01..2014-05-31"},
		"a year that is its own end": {time: Time{Onset: know("2014"), End: know("2014")},
			began: "2014-01-01..2014-12-31", hull: "2014-01-01..2014-12-31"},
		"exposure before onset": {time: Time{Onset: know("2014-03-09"), Exposure: State[Date]("2014-03-01", "")},
			began: "2014-03-09..2014-03-09", core: "2014-03-01..2014-03-09", hull: "2014-03-01..2014-03-09"},
		"about is wider": {time: Time{Onset: know("2014-03~"), End: know("2014-08-10")},
			began: "2014-02-01..2014-04-30", core: "2014-04-30..2014-08-10", hull: "2014-02-01..2014-08-10"},
		"uncertain makes nothing certain": {time: Time{Onset: know("2014-03-05?"), End: know("2014-08-10")},
			began: "2014-03-05..2014-03-05?", hull: "2014-03-05..2014-08-10?"},
		"an uncertain end": {time: Time{Onset: know("2014-03-05"), End: know("2014-08-10?")},
			began: "2014-03-05..2014-03-05", hull: "2014-03-05..2014-08-10"},
		"an open end": {time: Time{Onset: know("2014-03-05"), End: know("2015/..")},
			began: "2014-03-05..2014-03-05", core: "2014-03-05..2015-01-01", hull: "2014-03-05.."},
		"an open beginning": {time: Time{Onset: know("../1985-06-01"), End: know("1990-01-01")},
			began: "..1985-06-01", core: "1985-06-01..1990-01-01", hull: "..1990-01-01"},
		"detected only": {time: Time{Detection: know("2014-03-05")},
			began: "2014-03-05..2014-03-05", hull: "2014-03-05..2014-03-05"},
		"detected and ended": {time: Time{Detection: know("2014-03-05"), End: know("2014-04-01")},
			began: "2014-03-05..2014-03-05", core: "2014-03-05..2014-04-01", hull: "2014-03-05..2014-04-01"},
		"ended only": {time: Time{End: know("2014-04-01")},
			began: "2014-04-01..2014-04-01", core: "2014-04-01..2014-04-01", hull: "2014-04-01..2014-04-01"},
		"ended before it began": {time: Time{Onset: know("2014-03-05"), End: know("2013-04-01")},
			began: "2014-03-05..2014-03-05", hull: "2014-03-05..2014-03-05"},
		"an end that is not known": {time: Time{Onset: know("2014-03-05"), End: Say[Date]("unknown")},
			counts: []Count{{AsOf: "2014-07"}}, timeline: []TimelineEntry{{Date: "2014-06-30"}, {}},
			began: "2014-03-05..2014-03-05", core: "2014-03-05..2014-03-05", hull: "2014-03-05..2014-07-31"},
		"a source tells of it last": {time: Time{Onset: know("2014-03-05")}, sources: []Source{source("2016"), source("2015-01/..")},
			began: "2014-03-05..2014-03-05", core: "2014-03-05..2014-03-05", hull: "2014-03-05..2016-12-31",
			reported: []string{"2015-01-01..", "2016-01-01..2016-12-31"}},
		"known from a source alone": {sources: []Source{source("2016-02-03"), source("2016-02-03"), source("")},
			began: "2016-02-03..2016-02-03", hull: "2016-02-03..2016-02-03", reported: []string{"2016-02-03..2016-02-03"}},
		"told to the world": {time: Time{Onset: know("2014-03-05"), InternationalNotification: know("2014-03-20"), PublicCommunication: know("2014-03-19")},
			began: "2014-03-05..2014-03-05", core: "2014-03-05..2014-03-05", hull: "2014-03-05..2014-03-20",
			reported: []string{"2014-03-19..2014-03-19", "2014-03-20..2014-03-20"}},
	} {
		body := Body{Time: test.time, Sources: test.sources, Narrative: Narrative{Timeline: test.timeline}, Impact: Impact{Counts: test.counts}}
		got := SpansOf(body, Derive(body))
		for what, pair := range map[string][2]Span{
			"began": {got.Began, spanOf(t, test.began)}, "core": {got.Core, spanOf(t, test.core)}, "hull": {got.Hull, spanOf(t, test.hull)},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %s is %s..%s, want %s..%s", name, what, pair[0].From.Date(), pair[0].To.Date(), pair[1].From.Date(), pair[1].To.Date())
			}
		}
		var reported []Span
		for _, text := range test.reported {
			reported = append(reported, spanOf(t, text))
		}
		if !slices.Equal(got.Reported, reported) {
			t.Errorf("%s: reported %v, want %v", name, got.Reported, reported)
		}
		if !got.Core.None() && (got.Core.From < got.Hull.From || got.Core.To > got.Hull.To) {
			t.Errorf("%s: the core is not within the hull", name)
		}
	}
}

func TestFigures(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	for name, test := range map[string]struct {
		counts []Count
		want   map[string][2]int64
	}{
		"none": {want: map[string][2]int64{}},
		"the newest deaths, the reported cases": {
			counts: []Count{
				{Measure: "deaths", Low: n(3), High: n(3), AsOf: "2014-01"}, {Measure: "deaths", Low: n(5), High: n(8), AsOf: "2014-02"},
				{Measure: "confirmed", Low: n(9), High: n(9)}, {Measure: "total_reported", Low: n(30)},
			},
			want: map[string][2]int64{"deaths": {5, 8}, "cases": {30, Unstated}},
		},
		"at most": {counts: []Count{{Measure: "symptomatic", High: n(4)}}, want: map[string][2]int64{"cases": {0, 4}}},
		"animals": {counts: []Count{{Measure: "deaths", Population: "cattle", Low: n(4), High: n(4)}}, want: map[string][2]int64{}},
	} {
		if got := Figures(Body{Impact: Impact{Counts: test.counts}}); !maps.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestGroupOf(t *testing.T) {
	ids := func(pairs ...string) Body {
		var body Body
		for i := 0; i < len(pairs); i += 2 {
			body.Identity.ExternalIDs = append(body.Identity.ExternalIDs, ExternalID{Scheme: pairs[i], Value: pairs[i+1]})
		}
		return body
	}
	for want, body := range map[string]Body{
		"":                         ids("doi", "10.1/x", "source_row", "7"),
		"glide:EP-2014-000041-GIN": ids("who_don", "2014-DON1", "glide", "EP-2014-000041-GIN", "glide", "EP-2"),
		"who_don:2014-DON1":        ids("ippc", "GRC-1", "who_don", "2014-DON1"),
	} {
		if got := GroupOf(body); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMatchesOfSpans(t *testing.T) {
	body := Body{Time: Time{Onset: Know[Date]("2014-03"), End: Know[Date]("2014-05")}, Sources: []Source{{Published: "2014-04-02"}, {Published: "2015"}}}
	s := SpansOf(body, Derive(body))
	for window, want := range map[string][3]Match{
		"2014-01-01..2014-12-31": {Certainly, Certainly, Certainly},
		"2014-03-01..2014-03-31": {Certainly, Certainly, No},
		"2014-03-02..2014-03-02": {Possibly, Possibly, No},
		"2014-04-01..2014-04-30": {No, Certainly, Certainly},
		"2014-05-20..2014-05-20": {No, Possibly, No},
		"2014-06-01..2014-06-30": {No, No, No},
		"2015-06-01..":           {No, No, Possibly},
		"..2013-12-31":           {No, No, No},
	} {
		w := spanOf(t, window)
		if got := [3]Match{s.Began.Within(w), s.Active(w), s.Told(w)}; got != want {
			t.Errorf("%s: %v, want %v", window, got, want)
		}
	}
	if nothing := SpansOf(Body{}, Derived{}); nothing.Began.Within(Span{From: FirstDay, To: LastDay}) != No || nothing.Active(Span{From: FirstDay, To: LastDay}) != No {
		t.Error("what has no date matches")
	}
}
