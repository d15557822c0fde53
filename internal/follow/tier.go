package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/schema"
	"bioincident/search"
)

const (
	entriesAtOnce = 500  // feed entries of one batch
	viewsAtOnce   = 1000 // views of one batch while an index is built
	scanAtOnce    = 5000 // feed entries looked through for narrowing
)

// tierFollower follows one feed.
type tierFollower struct {
	tier   schema.Tier
	source source
	index  *search.Index
	maker  documents
	log    *slog.Logger

	step  sync.Mutex // one batch at a time, a rebuild's last ones too
	build *building  // of an index without a checkpoint, kept over errors

	mu      sync.Mutex // guards what follows
	moved   chan struct{}
	left    map[int64]Left
	failing error
	hidden  int64 // feed position up to which what was narrowed is hidden
	head    int64
	seen    incident.Micros // when the feed was last read
	oldest  incident.Micros // of the oldest entry that is not applied; 0 when there is none
}

// target is an index to bring forward: the one that serves, or a second one being built.
type target interface {
	Apply(ctx context.Context, upserts []search.Document, removes []int64, checkpoint int64) ([]int64, error)
	Checkpoint() int64
}

// serving is the index that answers.
type serving struct{ t *tierFollower }

func (s serving) Apply(ctx context.Context, upserts []search.Document, removes []int64, at int64) ([]int64, error) {
	left, err := s.t.index.Apply(ctx, s.t.tier, upserts, removes, at)
	if err == nil {
		s.t.move()
	}
	return left, err
}

func (s serving) Checkpoint() int64 { return s.t.index.Checkpoint(s.t.tier) }

// The wait after an error: doubled each time up to the longest.
const (
	firstWait   = 50 * time.Millisecond
	longestWait = 5 * time.Second
)

func (t *tierFollower) run(ctx context.Context) error {
	wake := t.source.Watch(ctx)
	wait, broken := time.Duration(0), false
	for {
		err := t.catchUp(ctx)
		if ctx.Err() != nil {
			return nil
		}
		t.report(err)
		if broken = broken || errors.Is(err, search.ErrBroken); broken {
			err = t.rebuild(ctx, func(int64) {})
			broken = err != nil
			t.report(err)
		}
		var again <-chan time.Time
		commits := wake
		if wait = nextWait(wait, err); err != nil {
			again, commits = time.After(wait), nil // a commit does not shorten it
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again:
		case _, open := <-commits:
			if !open {
				return t.stopped(ctx)
			}
		}
	}
}

// nextWait gives how long to wait after an error: longer each time.
func nextWait(wait time.Duration, err error) time.Duration {
	if err == nil {
		return 0
	}
	return min(max(2*wait, firstWait), longestWait)
}

// stopped tells why nothing wakes the follower any more.
func (t *tierFollower) stopped(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("follower of the %s feed: the database was closed", t.tier)
}

// report notes success or failure, and logs where it changes.
func (t *tierFollower) report(err error) {
	t.mu.Lock()
	before := t.failing
	t.failing = err
	t.mu.Unlock()
	switch {
	case err != nil:
		t.log.Error("search index does not follow", "error", err)
	case before != nil:
		t.log.Info("search index follows again", "position", t.index.Checkpoint(t.tier))
	}
}

func (t *tierFollower) health() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failing == nil {
		return nil
	}
	return fmt.Errorf("search index of the %s tier: %w", t.tier, t.failing)
}

// move wakes those who wait for the index.
func (t *tierFollower) move() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.moved)
	t.moved = make(chan struct{})
}

func (t *tierFollower) movedChannel() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.moved
}

func (t *tierFollower) lag(position int64, now incident.Micros) Lag {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := Lag{Position: position, Head: t.head}
	if t.oldest != 0 {
		l.Behind = time.Duration(now-t.oldest) * time.Microsecond
	}
	if t.seen != 0 {
		l.Unseen = time.Duration(now-t.seen) * time.Microsecond
	}
	return l
}

// catchUp brings the serving index to the head of the feed.
func (t *tierFollower) catchUp(ctx context.Context) error {
	if t.index.Checkpoint(t.tier) < 0 {
		if err := t.fill(ctx); err != nil {
			return err
		}
	}
	if err := t.hideAhead(ctx); err != nil {
		return err
	}
	for {
		t.step.Lock()
		more, err := t.advance(ctx, serving{t})
		t.step.Unlock()
		if err != nil || !more {
			return err
		}
	}
}

// building is where the building of an index stands.
type building struct {
	head int64 // of the feed, before the first view was read
	no   int64 // of the last record that is in
	done int64
}

// fill builds the serving index from the views. After an error it goes on where it was: what changed before that is in
// the feed after the head taken at the beginning.
func (t *tierFollower) fill(ctx context.Context) error {
	t.step.Lock()
	defer t.step.Unlock()
	if t.build == nil {
		t.build = &building{head: -1}
	}
	if err := t.fillTarget(ctx, serving{t}, t.build, func(int64) {}); err != nil {
		return err
	}
	t.log.Info("search index built", "records", t.build.done, "position", t.build.head)
	t.build = nil
	return nil
}

// fillTarget puts all current views into an index without a checkpoint, and then the checkpoint.
func (t *tierFollower) fillTarget(ctx context.Context, to target, b *building, progress func(done int64)) error {
	if b.head < 0 {
		err := t.source.Read(ctx, func(tx reading) error {
			head, err := tx.FeedHead(t.tier)
			b.head = head.Seq
			return err
		})
		if err != nil {
			b.head = -1
			return err
		}
	}
	for {
		var views []store.StoredView
		err := t.source.Read(ctx, func(tx reading) (err error) {
			views, err = tx.ViewsAfter(t.tier, b.no, viewsAtOnce)
			return err
		})
		if err != nil {
			return err
		}
		if len(views) == 0 {
			_, err := to.Apply(ctx, nil, nil, b.head)
			return err
		}
		if err := t.apply(ctx, to, change{views: views}, -1); err != nil {
			return err
		}
		b.no = views[len(views)-1].No
		b.done += int64(len(views))
		progress(b.done)
	}
}

// change is what a batch brings.
type change struct {
	views    []store.StoredView
	narrowed map[int64]bool
	removes  []int64
}

// apply indexes views and notes which could not be.
func (t *tierFollower) apply(ctx context.Context, to target, c change, checkpoint int64) error {
	docs := make([]search.Document, 0, len(c.views))
	removes := c.removes
	why := map[int64]string{}
	for _, view := range c.views {
		doc, err := t.maker.document(view)
		if err != nil { // an earlier view of it must not stay
			t.log.Error("record cannot be indexed", "record", view.Record, "edition", view.Edition, "error", err)
			why[view.No] = unreadable
			removes = append(removes, view.No)
			continue
		}
		doc.Narrowed = c.narrowed[view.No]
		docs = append(docs, doc)
	}
	t.note(c, why) // before the checkpoint moves: who is told that the index has caught up finds the list complete
	left, err := to.Apply(ctx, docs, removes, checkpoint)
	if err != nil || len(left) == 0 {
		return err
	}
	for _, no := range left {
		why[no] = unanalysed
	}
	t.note(c, why)
	return nil
}

// note keeps the list of what is left out.
func (t *tierFollower) note(c change, why map[int64]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, no := range c.removes {
		delete(t.left, no)
	}
	for _, view := range c.views {
		reason, left := why[view.No]
		if !left {
			delete(t.left, view.No)
			continue
		}
		t.left[view.No] = Left{Tier: t.tier, Record: view.Record, Edition: view.Edition, Why: reason}
		t.log.Error("record is left out of the index", "record", view.Record, "edition", view.Edition, "why", reason)
	}
}

// advance applies the next entries of the feed; more tells that there may be others.
func (t *tierFollower) advance(ctx context.Context, to target) (more bool, err error) {
	var entries []ledger.FeedEntry
	var c change
	err = t.source.Read(ctx, func(tx reading) (err error) {
		if entries, err = tx.FeedAfter(t.tier, to.Checkpoint(), entriesAtOnce); err != nil {
			return err
		}
		head, err := tx.FeedHead(t.tier)
		if err != nil {
			return err
		}
		t.saw(to, head.Seq, entries)
		c, err = t.changed(tx, entries)
		return err
	})
	if err != nil || len(entries) == 0 {
		return false, err
	}
	if err := t.apply(ctx, to, c, entries[len(entries)-1].No); err != nil {
		return false, err
	}
	more = len(entries) == entriesAtOnce
	if !more {
		t.saw(to, entries[len(entries)-1].No, nil)
	}
	return more, nil
}

// saw notes, of the index that serves, what was read of the feed and is not applied yet.
func (t *tierFollower) saw(to target, head int64, entries []ledger.FeedEntry) {
	if _, answers := to.(serving); !answers {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.head, t.seen, t.oldest = max(t.head, head), t.source.Clock(), 0
	if len(entries) > 0 {
		t.oldest = incident.Micros(entries[0].At)
	}
}

// changed gives the current views of the records that entries name, and those that have none.
func (t *tierFollower) changed(tx reading, entries []ledger.FeedEntry) (change, error) {
	c := change{narrowed: map[int64]bool{}}
	nos, err := numbers(tx, entries)
	if err != nil || len(nos) == 0 {
		return c, err
	}
	var wanted []int64
	seen := map[int64]bool{}
	for _, entry := range entries {
		no, known := nos[entry.Record]
		if !known {
			return c, fmt.Errorf("feed entry %d names record %s, which is not there", entry.No, entry.Record)
		}
		if narrows(entry.Kind) {
			c.narrowed[no] = true
		}
		if !seen[no] {
			seen[no] = true
			wanted = append(wanted, no)
		}
	}
	views, err := tx.Views(t.tier, wanted)
	if err != nil {
		return c, err
	}
	for _, view := range views {
		if view.Current && view.Tombstone == "" {
			c.views = append(c.views, view)
			delete(seen, view.No)
		}
	}
	for _, no := range wanted {
		if seen[no] {
			c.removes = append(c.removes, no)
		}
	}
	return c, nil
}

// numbers gives the numbers of the records that entries name.
func numbers(tx reading, entries []ledger.FeedEntry) (map[string]int64, error) {
	nos := map[string]int64{}
	var ids []string
	for _, entry := range entries {
		if _, twice := nos[entry.Record]; !twice {
			nos[entry.Record] = 0
			ids = append(ids, entry.Record)
		}
	}
	if len(ids) == 0 {
		return nos, nil
	}
	records, err := tx.Records(ids)
	if err != nil {
		return nil, err
	}
	clear(nos)
	for id, record := range records {
		nos[id] = record.No
	}
	return nos, nil
}

// narrows tells of entries after which less may be seen than before.
func narrows(kind ledger.FeedKind) bool {
	return kind == ledger.FeedNarrowed || kind == ledger.FeedTombstone
}

// hideAhead hides what the entries narrow that are not applied yet.
func (t *tierFollower) hideAhead(ctx context.Context) error {
	t.step.Lock()
	defer t.step.Unlock()
	for from := t.index.Checkpoint(t.tier); ; {
		var entries []ledger.FeedEntry
		nos := map[string]int64{}
		err := t.source.Read(ctx, func(tx reading) (err error) {
			if entries, err = tx.FeedAfter(t.tier, from, scanAtOnce); err != nil {
				return err
			}
			nos, err = numbers(tx, narrowing(entries))
			return err
		})
		if err != nil {
			return err
		}
		if len(nos) > 0 {
			if err := t.index.Hide(t.tier, slices.Collect(maps.Values(nos))); err != nil {
				return err
			}
		}
		if len(entries) > 0 {
			from = entries[len(entries)-1].No
			t.hid(from)
		}
		if len(entries) < scanAtOnce {
			return nil
		}
	}
}

func (t *tierFollower) hid(position int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hidden = position
}

func (t *tierFollower) hiddenTo() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.hidden
}

// narrowing gives those of the entries that narrow.
func narrowing(entries []ledger.FeedEntry) []ledger.FeedEntry {
	var some []ledger.FeedEntry
	for _, entry := range entries {
		if narrows(entry.Kind) {
			some = append(some, entry)
		}
	}
	return some
}

// rebuild makes a second index, brings it as far as the first, and swaps them.
func (t *tierFollower) rebuild(ctx context.Context, progress func(done int64)) error {
	second, err := t.index.Build(t.tier)
	if err != nil {
		return err
	}
	if err := t.fillAndSwap(ctx, second, progress); err != nil {
		return errors.Join(err, second.Discard())
	}
	t.move()
	return nil
}

func (t *tierFollower) fillAndSwap(ctx context.Context, second *search.Builder, progress func(done int64)) error {
	if err := t.fillTarget(ctx, second, &building{head: -1}, progress); err != nil {
		return err
	}
	if err := t.advanceAll(ctx, second); err != nil {
		return err
	}
	t.step.Lock()
	defer t.step.Unlock()
	if err := t.advanceAll(ctx, second); err != nil {
		return err
	}
	t.hid(0) // in the index that serves now; the second one does not know of it
	return second.Swap()
}

func (t *tierFollower) advanceAll(ctx context.Context, to target) error {
	for {
		more, err := t.advance(ctx, to)
		if err != nil || !more {
			return err
		}
	}
}

// check compares the index with the views of one snapshot, in which the feed's head is the index's checkpoint.
func (t *tierFollower) check(ctx context.Context, progress func(done int64)) ([]search.Finding, error) {
	if err := t.catchUp(ctx); err != nil {
		return nil, err
	}
	t.step.Lock()
	defer t.step.Unlock()
	const tries = 5
	for range tries {
		if err := t.advanceAll(ctx, serving{t}); err != nil {
			return nil, err
		}
		var findings []search.Finding
		equal := false
		err := t.source.Read(ctx, func(tx reading) error {
			head, err := tx.FeedHead(t.tier)
			if err != nil || head.Seq != t.index.Checkpoint(t.tier) {
				return err
			}
			equal = true
			findings, err = t.compare(ctx, tx, progress)
			return err
		})
		if err != nil || equal {
			return findings, err
		}
	}
	return nil, fmt.Errorf("the %s feed grew faster than it could be followed", t.tier)
}

func (t *tierFollower) compare(ctx context.Context, tx reading, progress func(done int64)) ([]search.Finding, error) {
	var failed error
	views := func(yield func(int64, string) bool) {
		for no, done := int64(0), int64(0); ; {
			page, err := tx.ViewsAfter(t.tier, no, viewsAtOnce)
			if err != nil || len(page) == 0 {
				failed = err
				return
			}
			for _, view := range page {
				if no = view.No; t.isLeft(no) {
					continue
				}
				if !yield(no, view.Hash) {
					return
				}
			}
			done += int64(len(page))
			progress(done)
		}
	}
	findings, err := t.index.Check(ctx, t.tier, views)
	return findings, errors.Join(failed, err)
}

func (t *tierFollower) isLeft(no int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, left := t.left[no]
	return left
}
