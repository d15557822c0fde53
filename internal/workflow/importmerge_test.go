package workflow

import (
	"testing"

	"bioincident/internal/incident"
)

// ParseBodyForTest reads a body, for the tests of the package from outside.
func ParseBodyForTest(data []byte) (incident.Body, error) { return parseBody(data) }

func count(id string, n int64) incident.Count {
	return incident.Count{ID: id, Measure: "deaths", Qualifier: "exact", Low: &n, High: &n}
}

func TestMergeRow(t *testing.T) {
	published := incident.Body{
		Impact:    incident.Impact{Counts: []incident.Count{count("deaths", 1), count("deaths-2", 5), count("deaths-x", 9)}},
		Narrative: incident.Narrative{Summary: incident.Say1("en", "As it was.")},
		Sources:   []incident.Source{{ID: "s1", Type: "igo_report"}},
	}
	onto, err := incident.Marshal(published)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit             func(*incident.Body)
		untouched, whole bool
		counts           int
		newest           string
		summary          string
	}{
		"nothing new":      {func(b *incident.Body) { b.Impact.Counts = []incident.Count{count("deaths", 5)} }, false, true, 3, "deaths-2", "As it was."},
		"a further count":  {func(b *incident.Body) { b.Impact.Counts = []incident.Count{count("deaths", 7)} }, false, true, 4, "deaths-3", "As it was."},
		"back to a number": {func(b *incident.Body) { b.Impact.Counts = []incident.Count{count("deaths", 1)} }, false, true, 4, "deaths-3", "As it was."},
		"people edited": {func(b *incident.Body) { b.Narrative.Summary = incident.Say1("en", "Another."); b.Impact.Counts = nil },
			false, false, 3, "deaths-2", "As it was."},
		"nobody edited": {func(b *incident.Body) { b.Narrative.Summary = incident.Say1("en", "Another."); b.Impact.Counts = nil },
			true, true, 3, "deaths-2", "Another."},
		"another source": {func(b *incident.Body) { b.Sources = []incident.Source{{ID: "s1", Type: "dataset"}} }, false, false, 3, "deaths-2", "As it was."},
		"an end":         {func(b *incident.Body) { b.Time.End = incident.Know(incident.Date("2020")) }, false, true, 3, "deaths-2", "As it was."},
	} {
		row := published
		row.Impact.Counts = []incident.Count{count("deaths", 5)}
		c.edit(&row)
		merged, whole, err := mergeRow(onto, row, c.untouched)
		if err != nil {
			t.Fatal(err)
		}
		body, err := parseBody(merged)
		if err != nil {
			t.Fatal(err)
		}
		newest := ""
		for _, count := range body.Impact.Counts {
			if variantOf(count.ID, "deaths") > variantOf(newest, "deaths") {
				newest = count.ID
			}
		}
		if whole != c.whole || len(body.Impact.Counts) != c.counts || newest != c.newest || body.Narrative.Summary.In["en"].Text != c.summary {
			t.Errorf("%s: whole %v, %d counts, newest %s, %q", name, whole, len(body.Impact.Counts), newest, body.Narrative.Summary.In["en"].Text)
		}
	}
}

func TestSampleIsEvenAndRepeats(t *testing.T) {
	pool := make([]string, 200)
	for i := range pool {
		pool[i] = string(rune('a' + i))
	}
	drawnTimes := map[string]int{}
	for seed := range 200 {
		s := make([]byte, 32)
		s[0] = byte(seed)
		sample := drawn(pool, 50, s)
		again := drawn(pool, 50, s)
		seen := map[string]bool{}
		for i, record := range sample {
			if again[i] != record || seen[record] {
				t.Fatalf("seed %d: %q drawn twice, or the draw does not repeat", seed, record)
			}
			seen[record] = true
			drawnTimes[record]++
		}
	}
	for record, n := range drawnTimes { // 50 expected, standard deviation 6
		if n < 20 || n > 85 {
			t.Errorf("%q was drawn %d times of 200", record, n)
		}
	}
}

func TestPaceKeepsTransactionsShort(t *testing.T) {
	p := newPace()
	p.took(200*longestWrite/100, p.size)
	if p.size != MostRows/2 {
		t.Errorf("size %d after a transaction of twice the time", p.size)
	}
	for range 10 {
		p.took(100*longestWrite, p.size)
	}
	if p.size != fewestAtOnce {
		t.Errorf("size %d when everything is slow", p.size)
	}
	for range 20 {
		p.took(longestWrite/10, p.size)
	}
	if p.size != MostRows {
		t.Errorf("size %d when everything is fast", p.size)
	}
}
