package leak

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"bioincident/internal/testkit"
	"bioincident/schema"
)

// hiddenWords are words that stand in hidden things only, each in one kind: kind → word. None is like another, or like
// the words of nowhere.
func hiddenWords() map[string]string {
	return map[string]string{
		"in members' records": "zanthoquark", "in named records": "quillomere", "in drafts": "sarnowhelp",
		"in members' items": "tessaflint", "in withdrawn records": "varnocask", "in narrowed items": "jorvelmint",
		"in former editions": "wexalorin",
	}
}

// hiddenIDs are the beginnings of ids in sources that stand in hidden things only, as hiddenWords are.
func hiddenIDs() map[string]string {
	return map[string]string{
		"in redacted items": "2031-DON71", "in members' ids": "2032-DON72", "in narrowed ids": "2033-DON73", "in purged records": "2034-DON74",
	}
}

// nowhere is a word, and nowhereID the beginning of an id, that stands in no record at all.
const (
	nowhere   = "kromvaditz"
	nowhereID = "2035-DON75"
)

// TestTimeTellsNothing measures, for one reader, questions for words, and for the beginnings of ids in sources, that only
// hidden things hold beside one that is nowhere, in turns, and prints how often the one takes longer than the other: 0.5 is never to tell. The same two words
// are measured in a world where both are nowhere: some words take longer than others wherever they are. It runs with make
// leak.
func TestTimeTellsNothing(t *testing.T) {
	const turns, most = 1000, 0.1
	asked := hiddenWords()
	maps.Copy(asked, hiddenIDs())
	with, without := writeWords(t, asked), writeWords(t, nil)
	d := newDrawer(1)
	for _, op := range []string{"search", "suggest"} {
		for _, who := range []string{"", "rex@lake"} {
			for _, kind := range sorted(asked) {
				if who != "" && strings.Contains(kind, "members") {
					continue // whoever has a membership finds these
				}
				words := [2]string{asked[kind], nowhere}
				if hiddenIDs()[kind] != "" {
					words[1] = nowhereID
				}
				hidden, absent := with.inTurns(t, d, turns, who, op, words)
				share, z := longer(hidden, absent)
				usual, _ := longer(without.inTurns(t, d, turns, who, op, words))
				t.Logf("%-7s as %-10s what is %-20s median %7s, of nowhere %7s; takes longer in %.3f of pairs, z = %+5.1f; were it nowhere, in %.3f",
					op, nameOf(who), kind, median(hidden), median(absent), share, z, usual)
				if math.Abs(share-usual) > most {
					t.Errorf("%s tells %s by its time what is %s", op, nameOf(who), kind)
				}
			}
		}
	}
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// writeWords makes a world in which each hidden word stands in many things of its kind. Where a kind has no word, the
// things say something else.
func writeWords(t *testing.T, hidden map[string]string) *made {
	t.Helper()
	const each = 25
	p := plan{}
	hour := 10
	add := func(kind string, r drawn) {
		for i := range each {
			one := r.copied()
			hour++
			one.name, one.hour = fmt.Sprint(kind, i), hour
			if begins := hidden[kind]; hiddenIDs()[kind] != "" {
				addID(one.body, cmp.Or(begins, "2030-DON70"), i)
			}
			p.records = append(p.records, one)
		}
	}
	d := newDrawer(1)
	record := func(marking schema.Tier, c course, text string) drawn {
		r := drawn{life: northern(), body: d.body(), course: c}
		r.life.Reviewers, r.life.tiers = grave().Reviewers, map[string]schema.Tier{}
		r.life.marking, r.life.assigned = marking, marking == schema.Named
		words("t9", text)(r.body)
		r.second = clone(r.body)
		return r
	}
	said := func(kind string) string {
		word := cmp.Or(hidden[kind], "river")
		return strings.Join([]string{"The", word, "of the", word, "was kept."}, " ")
	}
	add("common", record(schema.Public, published, "Nothing of note."))
	add("members", record(schema.Members, published, said("in members' records")))
	add("named", record(schema.Named, published, said("in named records")))
	add("draft", record(schema.Public, drafted, said("in drafts")))
	items := record(schema.Public, published, said("in members' items"))
	items.life.tiers["t9"] = schema.Members
	add("items", items)
	add("withdrawn", record(schema.Public, withdrawn, said("in withdrawn records")))
	narrow := record(schema.Public, narrowed, said("in narrowed items"))
	narrow.raisedLater = map[string]schema.Tier{"t9": schema.Named}
	add("narrowed", narrow)
	former := record(schema.Public, republished, said("in former editions"))
	former.second = clone(record(schema.Public, published, "Nothing of note any more.").body)
	add("former", former)
	redact := record(schema.Public, redacted, "Nothing of note.")
	redact.removed = "/identity/external_ids/x9"
	add("in redacted items", redact)
	members := record(schema.Public, published, "Nothing of note.")
	members.life.tiers["x9"] = schema.Members
	add("in members' ids", members)
	narrowIDs := record(schema.Public, narrowed, "Nothing of note.")
	narrowIDs.raisedLater = map[string]schema.Tier{"x9": schema.Named}
	add("in narrowed ids", narrowIDs)
	add("in purged records", record(schema.Public, purged, "Nothing of note."))
	return p.build(t, testkit.SQLite(t))
}

// addID puts an id of its own, which begins as all of its kind, into a body.
func addID(doc map[string]any, begins string, i int) {
	add("identity", "external_ids", fmt.Sprintf(`{"id": "x9", "scheme": "who_don", "value": "%s%02d"}`, begins, i))(doc)
}

// inTurns asks for two words so many times, in a drawn order each time, and gives how long each took.
func (m *made) inTurns(t *testing.T, d drawer, turns int, who, op string, words [2]string) (a, b []time.Duration) {
	t.Helper()
	path := map[string]string{"search": "/api/v1/search?facets=all&q=", "suggest": "/api/v1/suggest?q="}[op]
	took := [2][]time.Duration{}
	for range turns {
		first := d.IntN(2)
		for _, which := range []int{first, 1 - first} {
			begun := time.Now()
			m.Need(http.StatusOK, who, http.MethodGet, path+url.QueryEscape(words[which]), nil)
			took[which] = append(took[which], time.Since(begun))
		}
	}
	return took[0], took[1]
}

// longer gives how often one of the first takes longer than one of the second, of all pairs of them, and how many standard
// deviations that is from one half (the test of Mann and Whitney).
func longer(first, second []time.Duration) (share, z float64) {
	type timed struct {
		took  time.Duration
		first bool
	}
	var all []timed
	for _, took := range first {
		all = append(all, timed{took, true})
	}
	for _, took := range second {
		all = append(all, timed{took, false})
	}
	slices.SortFunc(all, func(a, b timed) int { return cmp.Compare(a.took, b.took) })
	ranks := 0.0
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && all[to].took == all[from].took {
			to++
		}
		for i := from; i < to; i++ {
			if all[i].first {
				ranks += float64(from+to+1) / 2
			}
		}
		from = to
	}
	n, m := float64(len(first)), float64(len(second))
	u := ranks - n*(n+1)/2
	return u / (n * m), (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
}

func median(all []time.Duration) time.Duration {
	ordered := slices.Sorted(slices.Values(all))
	return ordered[len(ordered)/2].Round(time.Microsecond)
}
