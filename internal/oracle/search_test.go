package oracle

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"bioincident/internal/testkit/world"
	"bioincident/policies"
	"bioincident/search"
)

// setting gives a number from the environment: make oracle N=1000000 SEED=21 asks so many questions (ORACLE), in worlds
// that are drawn from this seed on (ORACLE_SEED).
func setting(t testing.TB, name string, usual int) int {
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// perWorld is how many questions one world is asked before the next is made.
const perWorld = 50_000

// TestSearchAgainstOracle asks random questions as random readers and compares every answer with that of the oracle.
func TestSearchAgainstOracle(t *testing.T) {
	left := setting(t, "ORACLE", 1500)
	for seed := uint64(setting(t, "ORACLE_SEED", 1)); left > 0; seed++ {
		n := min(left, perWorld)
		left -= n
		t.Run(fmt.Sprintf("world %d", seed), func(t *testing.T) {
			s := publish(t, seed, 100)
			o, found := read(t, s), 0
			for i := range n {
				if compare(t, s, o, seed, uint64(i)) {
					found++
				}
				if t.Failed() {
					return
				}
			}
			t.Logf("%d questions, %d found something", n, found)
			if found < n/3 {
				t.Errorf("only %d of %d questions found something: they ask too much", found, n)
			}
		})
	}
}

// compare asks one question and tells whether anything was found.
func compare(t *testing.T, s *world.System, o *oracle, seed, number uint64) bool {
	d := dice{rand.New(rand.NewPCG(seed, 1_000_000+number))}
	q, who := d.question(), d.one(readers()...)
	audience := policies.AudienceOf(s.As(who))
	want := o.answer(audience, q)
	got, err := s.Index.Search(context.Background(), audience, q.Query)
	fail := func(what string, got, want any) {
		t.Errorf("world %d, question %d, as %q: %s\n got %v\nwant %v\n%+v", seed, number, who, what, got, want, q.Query)
	}
	if err != nil {
		fail("an error", err, nil)
		return false
	}
	for _, total := range []struct {
		name      string
		got, want int64
	}{
		{"total", got.Total, want.Total}, {"certain", got.Certain, want.Certain}, {"restricted", got.Restricted, want.Restricted},
		{"undated", got.Undated, want.Undated},
	} {
		if total.got != total.want {
			fail(total.name, total.got, total.want)
		}
	}
	for i := range got.Facets {
		for j := range got.Facets[i].Values {
			got.Facets[i].Values[j].Parent = ""
		}
		if i < len(want.Facets) && !equal(got.Facets[i], want.Facets[i]) {
			fail("facet "+want.Facets[i].Name, got.Facets[i], want.Facets[i])
		}
	}
	if len(got.Facets) != len(want.Facets) {
		fail("facets", len(got.Facets), len(want.Facets))
	}
	if q.Histogram != "" && (got.Histogram == nil || got.Histogram.Undated != want.Histogram.Undated || !slices.Equal(got.Histogram.Bars, want.Histogram.Bars)) {
		fail("histogram", got.Histogram, want.Histogram)
	}
	if !t.Failed() {
		hits, groups := walk(t, s, audience, q, got)
		given := hits
		if q.Group { // the order of scores is that of the same question without groups
			single := q
			single.Group = false
			page, err := s.Index.Search(context.Background(), audience, single.Query)
			if err != nil {
				fail("an error without groups", err, nil)
				return false
			}
			given, _ = walk(t, s, audience, single, page)
		}
		expected, wantGroups := o.ordered(audience, q, want.Hits, given)
		if groups != wantGroups {
			fail("groups", groups, wantGroups)
		}
		if !slices.Equal(hits, expected) {
			fail("hits", hits, expected)
		}
	}
	return want.Total > 0
}

func equal(a, b search.Facet) bool {
	return a.Name == b.Name && a.NotStated == b.NotStated && (len(a.Values) == 0 && len(b.Values) == 0 || reflect.DeepEqual(a.Values, b.Values))
}

// walk reads all pages, and gives the hits without their scores.
func walk(t *testing.T, s *world.System, a policies.Audience, q question, first search.Result) (hits []search.Hit, groups int64) {
	page := first
	for {
		for _, hit := range page.Hits {
			hit.Score = 0
			hits = append(hits, hit)
		}
		if page.Next == "" {
			return hits, first.Groups
		}
		next := q.Query
		next.Cursor = page.Next
		var err error
		if page, err = s.Index.Search(context.Background(), a, next); err != nil {
			t.Errorf("page after %d: %v\n%+v", len(hits), err, q.Query)
			return hits, first.Groups
		}
		if len(page.Hits) == 0 || len(hits) > 10_000 {
			t.Errorf("pages do not end\n%+v", q.Query)
			return hits, first.Groups
		}
	}
}

// ordered puts hits into the order asked for, and folds groups. Scores are bleve's: where they decide, the order that was
// given is taken, and only what must hold of it is asked: what is restricted comes last, newest first.
func (o *oracle) ordered(a policies.Audience, q question, hits, given []search.Hit) ([]search.Hit, int64) {
	reached := map[int64]reach{}
	for _, r := range o.behind(a) {
		reached[r.No] = r
	}
	order := q.Sort
	if order == "" {
		order = search.ByPublished
		if scores(q.asked) {
			order = search.ByScore
		}
	}
	place := map[int64]int{}
	for i, hit := range given {
		place[hit.No] = i
	}
	hits = slices.Clone(hits)
	slices.SortStableFunc(hits, func(x, y search.Hit) int {
		a, b := reached[x.No], reached[y.No]
		if order == search.ByScore {
			if x.Restricted != y.Restricted {
				return boolean(x.Restricted) - boolean(y.Restricted)
			}
			if !x.Restricted {
				return cmp.Compare(place[x.No], place[y.No])
			}
		}
		ka, oka := a.key(order)
		kb, okb := b.key(order)
		if oka != okb {
			return boolean(okb) - boolean(oka)
		}
		if oka && ka != kb {
			return cmp.Compare(kb, ka)
		}
		return cmp.Compare(x.No, y.No)
	})
	if !q.Group {
		return hits, 0
	}
	return fold(hits)
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fold leaves the first hit of each group, and counts the others.
func fold(hits []search.Hit) ([]search.Hit, int64) {
	var out []search.Hit
	first := map[string]int{}
	for _, hit := range hits {
		if at, ok := first[hit.Group]; ok && hit.Group != "" {
			out[at].Others++
			continue
		}
		first[hit.Group] = len(out)
		out = append(out, hit)
	}
	return out, int64(len(out))
}

// scores tells whether a word or phrase of the text scores: one that is not negated.
func scores(part asked) bool {
	switch part := part.(type) {
	case word, phrase:
		return true
	case joined:
		return slices.ContainsFunc(part.parts, scores)
	case certainly:
		return scores(part.part)
	}
	return false
}
