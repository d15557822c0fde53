package crash

import (
	"context"
	"database/sql"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// number reads a number from the environment.
func number(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, not a number of one or more", name, text)
	}
	return n
}

// lifetime is how many rounds a world lives: the checks grow with it.
const lifetime = 12

// TestCrash does harm to systems on both databases, and finds everything that was acknowledged.
func TestCrash(t *testing.T) {
	rounds, seed := number(t, "CRASH_N", 2), uint64(number(t, "CRASH_SEED", 1))
	for _, kind := range []string{sqlite, postgres} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			tally := newTally()
			for done, life := 0, uint64(0); done < rounds && !t.Failed(); life++ {
				n := min(lifetime, rounds-done)
				t.Run(fmt.Sprint("world ", life+1), func(t *testing.T) {
					w := newWorld(t, kind, seed<<32+life)
					w.endure(tally, done, n)
				})
				done += n
			}
			t.Log(tally)
		})
	}
}

// tally counts what happened over all worlds of a database.
type tally struct {
	began  time.Time
	harms  map[string]int
	counts map[string]int
	doubts map[string]int
	lost   int
}

func newTally() *tally {
	return &tally{began: time.Now(), harms: map[string]int{}, counts: map[string]int{}, doubts: map[string]int{}}
}

func (y *tally) String() string {
	rounds, changes := 0, 0
	for _, n := range y.harms {
		rounds += n
	}
	for op, n := range y.counts {
		if op != "read" && op != "search" {
			changes += n
		}
	}
	how := "disks: ext4 of their own"
	if !mayMount() {
		how = "disks: this user may not mount; files are limited instead"
	}
	if !comparesIndex() {
		how += "; the columns are checked only by what readers are told: bid has no reindex --check"
	}
	return fmt.Sprintf("%d rounds in %v, %s\nharms: %s\nacknowledged changes: %d, lost: %d\nacknowledged: %s\nin doubt: %s",
		rounds, time.Since(y.began).Round(time.Second), how, summary(y.harms), changes, y.lost, summary(y.counts), summary(y.doubts))
}

func (y *tally) add(w *world, findings int) {
	for op, n := range w.journal.counts {
		y.counts[op] += n
	}
	for op, n := range w.journal.doubts {
		y.doubts[op] += n
	}
	y.lost += findings
}

// endure goes through rounds. Every harm happens once before one happens again.
func (w *world) endure(y *tally, first, rounds int) {
	w.t.Helper()
	all := harms(w.site)
	findings := 0
	for n := range rounds {
		h := w.next(all, y.harms)
		y.harms[h.name]++
		began, was := time.Now(), w.server
		got := w.round(h)
		w.t.Logf("round %d, %s: %d changes acknowledged, %v", first+n+1, h.name, w.journal.acknowledged(), time.Since(began).Round(time.Millisecond))
		for i, f := range got {
			if i == 20 {
				w.t.Errorf("… and %d more", len(got)-i)
				break
			}
			w.t.Errorf("after %s: %s", h.name, f)
		}
		for _, c := range w.journal.complaints() {
			w.t.Errorf("after %s: %s\nthe server said: %s", h.name, c, was.words.errors())
		}
		if findings += len(got); w.t.Failed() {
			break
		}
	}
	y.add(w, findings)
}

// next chooses among the harms that happened least.
func (w *world) next(all []harm, times map[string]int) harm {
	if only := os.Getenv("CRASH_ONLY"); only != "" {
		if all = slices.DeleteFunc(all, func(h harm) bool { return h.name != only }); len(all) == 0 {
			w.t.Fatalf("CRASH_ONLY is %q, which cannot happen here", only)
		}
	}
	least := slices.MinFunc(all, func(a, b harm) int { return times[a.name] - times[b.name] })
	var some []harm
	for _, h := range all {
		if times[h.name] == times[least.name] {
			some = append(some, h)
		}
	}
	return some[w.rng.IntN(len(some))]
}

// round lets everybody work, does harm at a random moment, brings the system up and checks it.
func (w *world) round(h harm) []finding {
	w.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	wait := w.load(ctx)
	if !w.journal.await(3 + w.rng.IntN(40)) {
		w.t.Error("nothing is acknowledged before anything happens")
	}
	w.between(0+time.Millisecond, 30*time.Millisecond)
	if err := h.does(w); err != nil {
		w.t.Errorf("%s: %v", h.name, err)
	}
	if h.outlived && !w.journal.await(5) {
		w.t.Errorf("after %s the server acknowledges nothing more: %s", h.name, w.server.words.last())
	}
	stop()
	wait()
	if h.outlived && w.rng.IntN(2) == 0 {
		w.ok(w.server.kill())
	}
	w.up()
	if h.name != indexCorrupted {
		return w.check(40)
	}
	// The files of an index are read through while it serves already: what is wrong in them is put right soon, not at once.
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if found := w.check(len(w.journal.records)); len(found) == 0 || time.Now().After(deadline) {
			return found
		}
	}
}

// check checks the database, what it holds of what was acknowledged, and what readers are told.
func (w *world) check(words int) []finding {
	w.t.Helper()
	var found []finding
	w.ok(w.site.snapshot(func(tx *sql.Tx) error {
		c := newChecker(tx)
		c.checkStored()
		c.checkJournal(w.journal)
		c.checkAnswers(w.readers(), w.journal.records, words)
		c.checkProduct(w.site)
		found = c.findings
		return c.err
	}))
	return found
}

// TestOwnCode sees to it that the packages that write are not imported here.
func TestOwnCode(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") {
			continue
		}
		for _, path := range imports(t, file.Name()) {
			if strings.HasPrefix(path, "bioincident/") {
				own[path] = true
			}
		}
	}
	if got := slices.Sorted(maps.Keys(own)); !slices.Equal(got, []string{"bioincident/internal/testkit"}) {
		t.Errorf("the checker shares code with what it checks: %v", got)
	}
}

func imports(t *testing.T, name string) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range tree.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}
