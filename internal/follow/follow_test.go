package follow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/message"
	"bioincident/internal/store"
	"bioincident/policies"
	"bioincident/schema"
	"bioincident/search"
)

// shelf is a source in memory: what the store would show, and what a test lets fail.
type shelf struct {
	mu      sync.Mutex
	feed    map[schema.Tier][]ledger.FeedEntry
	views   map[schema.Tier]map[int64]store.StoredView
	records map[string]incident.Record
	wakes   []chan struct{}
	fails   error
	now     incident.Micros
	during  func() // called in each Read, unlocked
}

func newShelf() *shelf {
	return &shelf{
		feed: map[schema.Tier][]ledger.FeedEntry{}, records: map[string]incident.Record{}, now: 1_000_000,
		views: map[schema.Tier]map[int64]store.StoredView{schema.Public: {}, schema.Members: {}, schema.Named: {}},
	}
}

func recordID(no int64) string { return fmt.Sprintf("BID-TEST-%04d", no) }

// put publishes a view with a summary at a tier.
func (s *shelf) put(tier schema.Tier, no int64, kind ledger.FeedKind, summary string) {
	body := map[string]any{"narrative": map[string]any{"summary": incident.Say1("en", summary)}}
	data, _ := json.Marshal(body)
	s.putBytes(tier, no, kind, data)
}

func (s *shelf) putBytes(tier schema.Tier, no int64, kind ledger.FeedKind, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edition := s.views[tier][no].Edition + 1
	s.records[recordID(no)] = incident.Record{ID: recordID(no), No: no}
	s.views[tier][no] = store.StoredView{
		Tier: tier, No: no, Record: recordID(no), Edition: edition, Current: true, Bytes: data, Hash: ledger.ViewHash(data),
		Title: []byte(`[{"kind":"area","list":"areas","code":"CIV"}]`), Unit: incident.UnitIncident,
		Codes: []byte(`{"area":["CIV"]}`), Owner: "o-north", Published: incident.Micros(no),
	}
	s.tell(tier, no, edition, kind)
}

func (s *shelf) tell(tier schema.Tier, no int64, edition int, kind ledger.FeedKind) {
	s.feed[tier] = append(s.feed[tier], ledger.FeedEntry{
		Tier: tier, No: int64(len(s.feed[tier]) + 1), At: int64(s.now), Record: recordID(no), Edition: edition, Kind: kind,
	})
	for _, wake := range s.wakes {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// drop withdraws a record at a tier.
func (s *shelf) drop(tier schema.Tier, no int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.views[tier], no)
	s.tell(tier, no, 1, ledger.FeedTombstone)
}

func (s *shelf) failWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

func (s *shelf) Read(ctx context.Context, fn func(reading) error) error {
	s.mu.Lock()
	during := s.during
	s.mu.Unlock()
	if during != nil {
		during()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		return s.fails
	}
	return fn(onShelf{s})
}

func (s *shelf) Watch(ctx context.Context) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	wake := make(chan struct{}, 1)
	s.wakes = append(s.wakes, wake)
	return wake
}

func (s *shelf) Clock() incident.Micros { return s.now }

// onShelf is a snapshot: the shelf is locked as long as it lives.
type onShelf struct{ s *shelf }

func (o onShelf) FeedAfter(tier schema.Tier, no int64, limit int) ([]ledger.FeedEntry, error) {
	rest := o.s.feed[tier][min(no, int64(len(o.s.feed[tier]))):]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

func (o onShelf) FeedHead(tier schema.Tier) (ledger.Head, error) {
	return ledger.Head{Seq: int64(len(o.s.feed[tier]))}, nil
}

func (o onShelf) Records(ids []string) (map[string]incident.Record, error) {
	found := map[string]incident.Record{}
	for _, id := range ids {
		if r, ok := o.s.records[id]; ok {
			found[id] = r
		}
	}
	return found, nil
}

func (o onShelf) Views(tier schema.Tier, nos []int64) ([]store.StoredView, error) {
	var found []store.StoredView
	for _, no := range nos {
		if view, ok := o.s.views[tier][no]; ok {
			found = append(found, view)
		}
	}
	return found, nil
}

func (o onShelf) ViewsAfter(tier schema.Tier, no int64, limit int) ([]store.StoredView, error) {
	var found []store.StoredView
	for n, view := range o.s.views[tier] {
		if n > no {
			found = append(found, view)
		}
	}
	slices.SortFunc(found, func(a, b store.StoredView) int { return int(a.No - b.No) })
	return found[:min(limit, len(found))], nil
}

// deps gives what a follower needs, with an index in a directory; "" keeps it in memory.
func deps(t testing.TB, dir string) Deps {
	t.Helper()
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	index, err := search.Open(search.Options{Dir: dir}, sch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := index.Close(); err != nil {
			t.Error(err)
		}
	})
	return Deps{Index: index, Message: catalogue, Schema: sch}
}

// start runs a follower until the test ends, or until stop is called.
func start(t testing.TB, f *Follower) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// caughtUp waits longer than CaughtUp does: the machine may be busy.
func caughtUp(t testing.TB, f *Follower, tier schema.Tier, position int64) {
	t.Helper()
	var err error
	for range 100 {
		if err = f.CaughtUp(context.Background(), tier, position); err == nil {
			return
		}
	}
	t.Fatal(err, f.Health())
}

func total(t testing.TB, f *Follower, text string) int64 {
	t.Helper()
	result, err := f.index.Search(context.Background(), policies.Audience{}, search.Query{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return result.Total
}

func checked(t testing.TB, f *Follower) {
	t.Helper()
	findings, err := f.Check(context.Background(), nil)
	if err != nil || len(findings) > 0 {
		t.Errorf("the index differs from the views: %v %v", findings, err)
	}
}

func TestFollowsTheFeed(t *testing.T) {
	s := newShelf()
	f := newFollower(s, deps(t, ""))
	start(t, f)
	caughtUp(t, f, schema.Public, 0)
	s.put(schema.Public, 1, ledger.FeedPublished, "zebras at the waterhole")
	s.put(schema.Public, 2, ledger.FeedPublished, "another herd of zebras")
	s.put(schema.Members, 1, ledger.FeedPublished, "zebras and more")
	s.put(schema.Members, 2, ledger.FeedPublished, "zebras and more")
	s.put(schema.Members, 3, ledger.FeedPublished, "zebras for members only")
	caughtUp(t, f, schema.Public, 2)
	caughtUp(t, f, schema.Members, 3)
	if got := total(t, f, "zebra"); got != 2 {
		t.Errorf("found %d", got)
	}
	if got := total(t, f, "Ivory Coast"); got != 2 {
		t.Errorf("found %d by the code of the area", got)
	}
	s.put(schema.Public, 1, ledger.FeedEdition, "antelopes after all")
	s.drop(schema.Public, 2)
	caughtUp(t, f, schema.Public, 4)
	if zebras, antelopes := total(t, f, "zebra"), total(t, f, "antelope"); zebras != 0 || antelopes != 1 {
		t.Errorf("found %d zebras and %d antelopes", zebras, antelopes)
	}
	checked(t, f)
	if lag := f.Lag(schema.Public); lag.Position != 4 || lag.Head != 4 || lag.Behind != 0 {
		t.Errorf("%+v", lag)
	}
}

func TestBuildsAnIndexThatHasNone(t *testing.T) {
	s := newShelf()
	for no := range int64(2300) {
		s.put(schema.Public, no+1, ledger.FeedPublished, "zebras")
	}
	s.drop(schema.Public, 1)
	d := deps(t, t.TempDir())
	f := newFollower(s, d)
	start(t, f)
	caughtUp(t, f, schema.Public, 2301)
	if got := total(t, f, "zebra"); got != 2299 {
		t.Errorf("found %d", got)
	}
	checked(t, f)
}

func TestGoesOnWhereItWas(t *testing.T) {
	s, dir := newShelf(), t.TempDir()
	s.put(schema.Public, 1, ledger.FeedPublished, "zebras")
	d := deps(t, dir)
	f := newFollower(s, d)
	stop := start(t, f)
	caughtUp(t, f, schema.Public, 1)
	caughtUp(t, f, schema.Members, 0)
	stop()
	if err := d.Index.Close(); err != nil {
		t.Fatal(err)
	}
	s.put(schema.Public, 2, ledger.FeedPublished, "zebras")
	s.mu.Lock()
	s.feed[schema.Public][0].Record = "BID-GONE-0001" // it must not be read again
	s.mu.Unlock()
	f = newFollower(s, deps(t, dir))
	start(t, f)
	caughtUp(t, f, schema.Public, 2)
	if got := total(t, f, "zebra"); got != 2 {
		t.Errorf("found %d", got)
	}
}

func TestLeavesOutWhatCannotBeIndexed(t *testing.T) {
	s := newShelf()
	f := newFollower(s, deps(t, ""))
	start(t, f)
	s.put(schema.Public, 1, ledger.FeedPublished, "zebras")
	s.put(schema.Public, 2, ledger.FeedPublished, "zebras")
	caughtUp(t, f, schema.Public, 2)
	s.putBytes(schema.Public, 1, ledger.FeedEdition, []byte(`{"narrative":"a poisoned record"}`))
	s.put(schema.Public, 3, ledger.FeedPublished, "zebras")
	caughtUp(t, f, schema.Public, 4)
	if got := total(t, f, "zebra"); got != 2 {
		t.Errorf("found %d: the earlier edition of a record that cannot be indexed must not stay", got)
	}
	left := f.Left()
	if len(left) != 1 || left[0].Record != recordID(1) || left[0].Edition != 2 || left[0].Why == "" {
		t.Errorf("left out: %+v", left)
	}
	checked(t, f)
	s.put(schema.Public, 1, ledger.FeedEdition, "zebras again")
	caughtUp(t, f, schema.Public, 5)
	if got := total(t, f, "zebra"); got != 3 || len(f.Left()) != 0 {
		t.Errorf("found %d, left out %v", got, f.Left())
	}
	if err := f.Health(); err != nil {
		t.Error(err)
	}
}

func TestSaysThatItFailsAndGoesOn(t *testing.T) {
	s := newShelf()
	f := newFollower(s, deps(t, ""))
	start(t, f)
	caughtUp(t, f, schema.Public, 0)
	broken := errors.New("the database is away")
	s.failWith(broken)
	s.put(schema.Public, 1, ledger.FeedPublished, "zebras")
	if err := f.CaughtUp(context.Background(), schema.Public, 1); !fault.Is(err, fault.Unavailable) || fault.Of(err).Code != "search.behind" {
		t.Errorf("caught up: %v", err)
	}
	if err := f.Health(); !errors.Is(err, broken) {
		t.Errorf("health: %v", err)
	}
	s.failWith(nil)
	caughtUp(t, f, schema.Public, 1)
	for range 1000 { // the batch is applied a moment before the loop says so
		if f.Health() == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error(f.Health())
}

func TestHidesAheadWhatIsNarrowed(t *testing.T) {
	s := newShelf()
	f := newFollower(s, deps(t, ""))
	s.put(schema.Public, 1, ledger.FeedPublished, "zebras")
	s.put(schema.Public, 2, ledger.FeedPublished, "zebras")
	public := f.tiers[0]
	if err := public.catchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	for range entriesAtOnce + 10 {
		s.put(schema.Public, 3, ledger.FeedEdition, "many editions")
	}
	s.put(schema.Public, 1, ledger.FeedNarrowed, "nothing left")
	if err := public.hideAhead(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, at := total(t, f, "zebra"), f.index.Checkpoint(schema.Public); got != 1 || at != 2 {
		t.Errorf("found %d at %d", got, at)
	}
	if err := public.catchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := total(t, f, ""); got != 3 {
		t.Errorf("found %d when all was applied", got)
	}
	checked(t, f)
}

// A word index that bleve broke is built anew by the one who follows, without being asked.
func TestRebuildsWhatIsBroken(t *testing.T) {
	s, dir := newShelf(), t.TempDir()
	f := newFollower(s, deps(t, dir))
	s.put(schema.Public, 1, ledger.FeedPublished, "zebras")
	start(t, f)
	caughtUp(t, f, schema.Public, 1)
	caughtUp(t, f, schema.Members, 0)
	var one sync.Mutex // the first to read says it before the second
	reads := 0
	s.mu.Lock()
	s.during = func() {
		one.Lock()
		defer one.Unlock()
		switch reads++; reads {
		case 1:
			s.failWith(fmt.Errorf("word index: %w", search.ErrBroken))
		case 2:
			s.failWith(nil)
		}
	}
	s.mu.Unlock()
	s.put(schema.Public, 2, ledger.FeedPublished, "zebras")
	caughtUp(t, f, schema.Public, 2)
	for range 1000 { // either tier may be the one that was told
		if anew, _ := filepath.Glob(filepath.Join(dir, "index", "*", "000002")); len(anew) > 0 {
			checked(t, f)
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("nothing was built anew")
}

func TestRebuildsWhileItServes(t *testing.T) {
	s := newShelf()
	f := newFollower(s, deps(t, t.TempDir()))
	for no := range int64(1500) {
		s.put(schema.Public, no+1, ledger.FeedPublished, "zebras")
	}
	start(t, f)
	caughtUp(t, f, schema.Public, 1500)
	caughtUp(t, f, schema.Members, 0)
	steps, reported := int64(0), int64(0)
	s.mu.Lock()
	s.during = sync.OnceFunc(func() { s.put(schema.Public, 1501, ledger.FeedPublished, "zebras meanwhile") })
	s.mu.Unlock()
	err := f.Rebuild(context.Background(), func(tier schema.Tier, done, total int64) {
		if got, err := f.index.Search(context.Background(), policies.Audience{}, search.Query{Text: "zebra"}); err != nil || got.Total < 1500 {
			t.Errorf("while it is rebuilt: %d %v", got.Total, err)
		}
		steps, reported = steps+1, done
		if done > total {
			t.Errorf("%d of %d", done, total)
		}
	})
	if err != nil || steps < 2 || reported < 1500 {
		t.Fatalf("%v after %d steps, %d records", err, steps, reported)
	}
	caughtUp(t, f, schema.Public, 1501)
	if got := total(t, f, "zebra"); got != 1501 {
		t.Errorf("found %d", got)
	}
	checked(t, f)
	s.drop(schema.Public, 7)
	caughtUp(t, f, schema.Public, 1502)
	checked(t, f)
}

func TestARebuildThatFailsChangesNothing(t *testing.T) {
	s := newShelf()
	f := newFollower(s, deps(t, t.TempDir()))
	s.put(schema.Public, 1, ledger.FeedPublished, "zebras")
	start(t, f)
	caughtUp(t, f, schema.Public, 1)
	caughtUp(t, f, schema.Members, 0)
	ctx, cancel := context.WithCancel(context.Background())
	err := f.Rebuild(ctx, func(schema.Tier, int64, int64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("rebuild: %v", err)
	}
	if got := total(t, f, "zebra"); got != 1 {
		t.Errorf("found %d", got)
	}
	checked(t, f)
}
