package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
)

const (
	flushEvery   = 5 * time.Second
	mostPending  = 10_000 // kinds of event between two flushes; more are counted and dropped
	microsPerDay = 24 * 60 * 60 * 1_000_000
	closeAfter   = microsPerDay / 24 // a day is closed an hour after its end
	rememberDays = 2                 // idempotency keys
)

// EventReadGlass is the kind of an event: somebody read a record over which they had broken the glass.
const EventReadGlass = "read_glass"

// Event is something that happened and changed nothing: a refusal, a sign-in, the reading of a named view, an export.
type Event struct {
	Kind    string // refused, signed_in, read_named, exported …
	Person  string // "" for nobody
	Org     string
	Subject string // record id, code of the rule …
}

// Recorder collects events in memory, counts equal ones together and writes them every few seconds and when the store
// is closed. It never makes a request wait: when too many different ones come between two writes, the rest is dropped,
// and how many is recorded. Events are not chained; the hash of each closed day is one ledger entry.
type Recorder struct {
	store   *Store
	mu      sync.Mutex
	pending map[eventKey]eventCount
	touched map[touch]incident.Micros
	dropped int64
	lost    int64 // dropped since the last flush
	closed  int64 // last day that is closed, once known
	start   sync.Once
	stop    context.CancelFunc
	ctx     context.Context
	running sync.WaitGroup
}

// touch names what was used: a token, a session.
type touch struct{ statement, key string }

const (
	touchToken   = "UPDATE tokens SET last_used = ? WHERE id = ? AND last_used < ?"
	touchSession = "UPDATE sessions SET seen = ? WHERE hash = ? AND seen < ?"
)

func (t touch) before(other touch) int {
	return strings.Compare(t.statement+t.key, other.statement+other.key)
}

type eventKey struct {
	day int64
	Event
}

type eventCount struct{ count, first, last int64 }

func newRecorder(s *Store) *Recorder {
	ctx, stop := context.WithCancel(context.Background())
	return &Recorder{store: s, pending: map[eventKey]eventCount{}, touched: map[touch]incident.Micros{},
		ctx: ctx, stop: stop}
}

// Record counts an event. It never waits for the database.
func (r *Recorder) Record(e Event) {
	now := int64(r.store.options.Clock())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count(eventKey{dayOf(now), e}, eventCount{1, now, now})
	r.start.Do(func() { r.running.Go(r.run) })
}

func (r *Recorder) count(key eventKey, add eventCount) {
	have, ok := r.pending[key]
	if !ok && len(r.pending) >= mostPending {
		r.dropped += add.count
		r.lost += add.count
		return
	}
	if ok {
		add = eventCount{have.count + add.count, min(have.first, add.first), max(have.last, add.last)}
	}
	r.pending[key] = add
}

// TouchToken notes that a token was used.
func (r *Recorder) TouchToken(id string) { r.touch(touch{touchToken, id}) }

// TouchSession notes that a session, by its hash, was used.
func (r *Recorder) TouchSession(hash string) { r.touch(touch{touchSession, hash}) }

func (r *Recorder) touch(used touch) {
	now := r.store.options.Clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.touched) < mostPending {
		r.touched[used] = now
	}
	r.start.Do(func() { r.running.Go(r.run) })
}

// Dropped counts the events that were dropped since the store was opened.
func (r *Recorder) Dropped() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}

func dayOf(moment int64) int64 {
	day := moment / microsPerDay
	if moment < 0 && moment%microsPerDay != 0 {
		day--
	}
	return day
}

func dayText(day int64) string { return time.Unix(day*24*60*60, 0).UTC().Format(time.DateOnly) }

func (r *Recorder) run() {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-ticker.C:
		}
		if err := r.Flush(r.ctx); err != nil {
			r.store.log.Warn("events are kept for the next flush", "error", err)
			continue
		}
		if err := r.CloseDays(r.ctx); err != nil {
			r.store.log.Warn("days of events stay open", "error", err)
		}
	}
}

func (r *Recorder) close() error {
	r.stop()
	r.running.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return r.Flush(ctx)
}

// Flush writes what was collected. When it fails the events are kept for the next time.
func (r *Recorder) Flush(ctx context.Context) error {
	r.mu.Lock()
	if r.lost > 0 {
		now := int64(r.store.options.Clock())
		r.pending[eventKey{dayOf(now), Event{Kind: "events_dropped"}}] = eventCount{r.lost, now, now}
		r.lost = 0
	}
	pending, touched := r.pending, r.touched
	r.pending, r.touched = map[eventKey]eventCount{}, map[touch]incident.Micros{}
	r.mu.Unlock()
	if len(pending) == 0 && len(touched) == 0 {
		return nil
	}
	err := r.write(ctx, r.rows(pending), touched)
	if err == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, count := range pending {
		r.count(key, count)
	}
	return translate(err)
}

// rows orders the counts, so that two processes cannot wait for each other, and counts what came too late for a day
// that may be closed in today.
func (r *Recorder) rows(pending map[eventKey]eventCount) []eventRow {
	now := int64(r.store.options.Clock())
	merged := map[eventKey]eventRow{}
	for key, count := range pending {
		if now >= (key.day+1)*microsPerDay+closeAfter {
			key.day = dayOf(now)
		}
		row, ok := merged[key]
		if !ok {
			row = eventRow{key.day, key.Kind, key.Person, key.Org, key.Subject, 0, count.first, count.last}
		}
		row.Count += count.count
		row.First, row.Last = min(row.First, count.first), max(row.Last, count.last)
		merged[key] = row
	}
	return slices.SortedFunc(maps.Values(merged), func(a, b eventRow) int {
		return strings.Compare(a.order(), b.order())
	})
}

func (r eventRow) order() string {
	return dayText(r.Day) + "\x00" + r.Kind + "\x00" + r.Person + "\x00" + r.Org + "\x00" + r.Subject
}

func (r *Recorder) write(ctx context.Context, rows []eventRow, touched map[touch]incident.Micros) error {
	add := ` ON CONFLICT (day, kind, person, org, subject) DO UPDATE SET count = events.count + excluded.count,
		last = excluded.last`
	rows = slices.DeleteFunc(rows, func(row eventRow) bool { return !row.clean() })
	return r.store.transact(ctx, func(db *gorm.DB) error {
		if err := insert(r.store, db, rows, add); err != nil {
			return err
		}
		for _, used := range slices.SortedFunc(maps.Keys(touched), touch.before) {
			at := int64(touched[used])
			if err := db.Exec(used.statement, at, used.key, at).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// clean tells whether a row can be stored: a subject that came from outside may be anything.
func (r eventRow) clean() bool {
	for _, text := range []string{r.Kind, r.Person, r.Org, r.Subject} {
		if checkText(text) != nil {
			return false
		}
	}
	return true
}

// EventsOn lists the counted events of a day, in the order in which its hash takes them.
func (tx *Tx) EventsOn(day int64) ([]ledger.EventCount, error) {
	rows, err := query[eventRow](tx, "WHERE day = ?", day)
	slices.SortFunc(rows, func(a, b eventRow) int { return strings.Compare(a.order(), b.order()) })
	return mapped(rows, func(r eventRow) ledger.EventCount {
		return ledger.EventCount{Kind: r.Kind, Person: r.Person, Org: r.Org, Subject: r.Subject, Count: r.Count,
			First: r.First, Last: r.Last}
	}), err
}

// CloseDays writes, for each day that has ended and has events, the hash of its events into the ledger, once, whichever
// process comes first. Idempotency keys that are older than a request can be are forgotten on the way.
func (r *Recorder) CloseDays(ctx context.Context) error {
	now := int64(r.store.options.Clock())
	last := dayOf(now-closeAfter) - 1
	r.mu.Lock()
	known := r.closed
	r.mu.Unlock()
	if last <= known {
		return nil
	}
	days, err := r.openDays(ctx, last)
	if err != nil {
		return err
	}
	for _, day := range days {
		if err := r.closeDay(ctx, day); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	forget := now - rememberDays*microsPerDay
	if err := r.store.writer.WithContext(ctx).Exec("DELETE FROM idempotency WHERE at < ?", forget).Error; err != nil {
		return translate(err)
	}
	r.mu.Lock()
	r.closed = last
	r.mu.Unlock()
	return nil
}

func (r *Recorder) openDays(ctx context.Context, last int64) ([]int64, error) {
	var days []int64
	err := r.store.Read(ctx, func(tx *Tx) error {
		var all []int64
		if err := tx.db.Raw("SELECT DISTINCT day FROM events WHERE day <= ? ORDER BY day", last).Scan(&all).Error; err != nil {
			return err
		}
		for _, day := range all {
			entries, err := tx.LedgerAfter(0, 1, LedgerFilter{Subject: dayText(day)})
			if err != nil {
				return err
			}
			if len(entries) == 0 {
				days = append(days, day)
			}
		}
		return nil
	})
	return days, err
}

func (r *Recorder) closeDay(ctx context.Context, day int64) error {
	return r.store.Write(ctx, Actor{Person: "clock", Via: identity.ViaClock}, func(tx *WriteTx) error {
		lines, err := tx.EventsOn(day)
		if err != nil {
			return err
		}
		return tx.Append(Change{Action: ledger.ActionEventsClose, Subject: dayText(day),
			ContentHash: ledger.DayHash(dayText(day), lines)})
	})
}
