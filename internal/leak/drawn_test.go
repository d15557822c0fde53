package leak

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"bioincident/internal/testkit"
)

// run is how much is asked of drawn worlds.
type run struct {
	comparisons int // answers to one reader in two worlds
	seed        uint64
	records     int // of a world
	perPair     int // comparisons of one pair of worlds
}

// running gives the run that the environment asks for (see make leak), or a short one.
func running(t *testing.T) run {
	t.Helper()
	number := func(name string, usual int) int {
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
	r := run{comparisons: number("LEAK_N", 0), seed: uint64(number("LEAK_SEED", 1))}
	if r.comparisons == 0 {
		return run{comparisons: 4000, seed: r.seed, records: number("LEAK_RECORDS", 40), perPair: 800}
	}
	r.records, r.perPair = number("LEAK_RECORDS", 200), number("LEAK_PER_PAIR", 4000)
	return r
}

// TestNobodyLearnsInDrawnWorlds compares worlds that a seed draws with their twins that lack one thing.
func TestNobodyLearnsInDrawnWorlds(t *testing.T) {
	t.Parallel()
	r := running(t)
	var done atomic.Int64
	begun := time.Now()
	for i := range (r.comparisons + r.perPair - 1) / r.perPair {
		seed := r.seed + uint64(i)
		n := min(r.perPair, r.comparisons-i*r.perPair)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			database, name := testkit.SQLite, "sqlite"
			if i%5 == 4 {
				database, name = testkit.Postgres, "postgres"
			}
			p := newPlan(seed, r.records)
			asked := p.compare(t, database, n)
			all := done.Add(int64(asked))
			t.Logf("%s: %s, %d records, %d observers, %d comparisons; %d of %d, %.0f/s", p.secret.kind, name, len(p.records),
				len(p.secret.observers), asked, all, r.comparisons, float64(all)/time.Since(begun).Seconds())
		})
	}
}

// compare asks a world and its twin so many questions, each of a reader who may not see what is hidden, and gives their number.
func (p plan) compare(t *testing.T, database func(testing.TB) testkit.Database, n int) int {
	with, without := p.build(t, database(t)), p.twin().build(t, database(t))
	d := newDrawer(p.seed + 1<<32)
	asker := p.asker(t, d, with)
	for i := range n {
		who, a := one(d, p.secret.observers...), asker.draw()
		for !a.asks(who, 0) {
			who, a = one(d, p.secret.observers...), asker.draw()
		}
		if difference := p.difference(with, without, who, a); difference != nil {
			t.Errorf("seed %d, question %d: of %s %s learns: %s", p.seed, i, p.secret.kind, nameOf(who), p.smallest(with, without, who, a))
			return i + 1
		}
	}
	return n
}

func (p plan) difference(with, without *made, who string, a ask) *difference {
	one, other := with.answer(p.secret.group, who, a), without.answer(p.secret.group, who, a)
	if one == other {
		return nil
	}
	return &difference{op: a.op.ID, name: a.name(), with: one, without: other}
}
