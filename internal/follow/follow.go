package follow

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/message"
	"bioincident/internal/store"
	"bioincident/schema"
	"bioincident/search"
)

// Deps are what a follower needs. Log may be nil.
type Deps struct {
	Store   *store.Store
	Index   *search.Index
	Message *message.Catalogue
	Schema  *schema.Schema
	Log     *slog.Logger
}

// Follower keeps every tier of the index.
type Follower struct {
	index  *search.Index
	source source
	tiers  []*tierFollower
	log    *slog.Logger
}

// Left is a record that could not be indexed at a tier.
type Left struct {
	Tier    schema.Tier
	Record  string
	Edition int
	Why     string // code; what exactly is in the log, because it may quote the record
}

// Why a record is left out.
const (
	unreadable = "follow.view_unreadable"
	unanalysed = "follow.text_unanalysed"
)

// Lag is how far the index of a tier is behind its feed.
type Lag struct {
	Position int64         // up to which the index is complete; -1 while it is built
	Head     int64         // of the feed, as last seen
	Behind   time.Duration // age of the oldest entry that is not in the index, 0 when there is none
	Unseen   time.Duration // since the feed was last read
}

// source is where views and feeds are read from: the store.
type source interface {
	Read(ctx context.Context, fn func(reading) error) error
	Watch(ctx context.Context) <-chan struct{}
	Clock() incident.Micros
}

// reading is one snapshot of it.
type reading interface {
	FeedAfter(tier schema.Tier, no int64, limit int) ([]ledger.FeedEntry, error)
	FeedHead(tier schema.Tier) (ledger.Head, error)
	Records(ids []string) (map[string]incident.Record, error)
	Views(tier schema.Tier, nos []int64) ([]store.StoredView, error)
	ViewsAfter(tier schema.Tier, no int64, limit int) ([]store.StoredView, error)
}

// database is the store as a source.
type database struct{ *store.Store }

func (d database) Read(ctx context.Context, fn func(reading) error) error {
	return d.Store.Read(ctx, func(tx *store.Tx) error { return fn(tx) })
}

// New makes a follower. It does nothing until Run.
func New(d Deps) *Follower {
	return newFollower(database{d.Store}, d)
}

func newFollower(from source, d Deps) *Follower {
	log := d.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	f := &Follower{index: d.Index, source: from, log: log}
	maker := documents{schema: d.Schema, message: d.Message}
	for _, tier := range schema.Tiers() {
		f.tiers = append(f.tiers, &tierFollower{
			tier: tier, source: from, index: d.Index, maker: maker, log: log.With("tier", tier.String()),
			moved: make(chan struct{}), left: map[int64]Left{},
		})
	}
	return f
}

// Run follows until the context ends, which is no error. A store that was closed is one.
func (f *Follower) Run(ctx context.Context) error {
	failed := make([]error, len(f.tiers))
	var running sync.WaitGroup
	for i, t := range f.tiers {
		running.Go(func() { failed[i] = t.run(ctx) })
	}
	running.Wait()
	return errors.Join(failed...)
}

func (f *Follower) tier(tier schema.Tier) (*tierFollower, error) {
	for _, t := range f.tiers {
		if t.tier == tier {
			return t, nil
		}
	}
	return nil, fault.New(fault.Internal, "follow.no_such_tier", "tier", tier.String())
}

// patience is how long CaughtUp waits.
const patience = 300 * time.Millisecond

// CaughtUp waits until the index of a tier holds everything up to a feed position, for 300 ms at most; then the fault is
// Unavailable, search.behind.
func (f *Follower) CaughtUp(ctx context.Context, tier schema.Tier, position int64) error {
	t, err := f.tier(tier)
	if err != nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		moved := t.movedChannel()
		if f.index.Checkpoint(tier) >= position {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return fault.New(fault.Unavailable, "search.behind", "position", f.index.Checkpoint(tier), "wanted", position)
		}
	}
}

// Position gives the feed position up to which the index of a tier is complete; -1 while it is built.
func (f *Follower) Position(tier schema.Tier) int64 { return f.index.Checkpoint(tier) }

// Narrowed gives the feed position of a tier up to which nothing is found that was narrowed or taken away: at least
// Position, and further while other entries wait for their turn.
func (f *Follower) Narrowed(tier schema.Tier) int64 {
	t, err := f.tier(tier)
	if err != nil {
		return -1
	}
	return max(f.index.Checkpoint(tier), t.hiddenTo())
}

// Records gives how many records the index of a tier can find.
func (f *Follower) Records(tier schema.Tier) int64 { return f.index.Count(tier) }

// Left lists the records that are left out of the index because they cannot be indexed.
func (f *Follower) Left() []Left {
	var all []Left
	for _, t := range f.tiers {
		all = append(all, t.leftOut()...)
	}
	return all
}

// Lag tells how far a tier is behind.
func (f *Follower) Lag(tier schema.Tier) Lag {
	t, err := f.tier(tier)
	if err != nil {
		return Lag{}
	}
	return t.lag(f.index.Checkpoint(tier), f.source.Clock())
}

// Health gives the error because of which a tier does not move at present; nil when all is well.
func (f *Follower) Health() error {
	var failing []error
	for _, t := range f.tiers {
		failing = append(failing, t.health())
	}
	return errors.Join(failing...)
}

// Progress is told how many records of a tier are done, and how many there are about.
type Progress func(tier schema.Tier, done, total int64)

// of gives the progress of one tier; there is nobody to tell when it is nil.
func (p Progress) of(t *tierFollower) func(done int64) {
	return func(done int64) {
		if p != nil {
			p(t.tier, done, max(done, t.index.Count(t.tier)))
		}
	}
}

// Rebuild makes the index of every tier anew, each in a second directory while the first serves, and puts it in its
// place when it is as far. Progress may be nil; its total is how many the index held before.
func (f *Follower) Rebuild(ctx context.Context, progress Progress) error {
	for _, t := range f.tiers {
		if err := t.rebuild(ctx, progress.of(t)); err != nil {
			return err
		}
	}
	return nil
}

// Finding is something in which the index differs from the stored views.
type Finding struct {
	Tier schema.Tier
	search.Finding
}

// Check brings the index up to the head of the feeds and compares it with all current views: each must be one document
// and one column row with its hash. Records in Left are left out. Progress may be nil.
func (f *Follower) Check(ctx context.Context, progress Progress) ([]Finding, error) {
	var all []Finding
	for _, t := range f.tiers {
		findings, err := t.check(ctx, progress.of(t))
		if err != nil {
			return nil, err
		}
		for _, found := range findings {
			all = append(all, Finding{t.tier, found})
		}
	}
	return all, nil
}

// leftOut lists them by record.
func (t *tierFollower) leftOut() []Left {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]Left, 0, len(t.left))
	for _, l := range t.left {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b Left) int { return strings.Compare(a.Record, b.Record) })
	return all
}
