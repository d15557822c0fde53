package load

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is one kind of request.
type Kind struct {
	Name string
	// Do makes the request of this number and takes its answer. Many are made at the same time.
	Do func(ctx context.Context, number int) error
}

// Result is what was measured of one kind. Failed requests are counted, and not timed.
type Result struct {
	Kind          string
	Requests      int
	Errors        int
	First         error // the first one
	P50, P95, P99 time.Duration
	PerSecond     float64
}

// Run makes requests, of each kind in turn, so many at the same time, until the context ends. The results are in the
// order of the kinds.
func Run(ctx context.Context, kinds []Kind, concurrency int, now func() time.Time) []Result {
	var next atomic.Int64
	workers := make([]*worker, concurrency)
	began := now()
	var running sync.WaitGroup
	for i := range workers {
		w := &worker{kinds: kinds, measured: make([]measured, len(kinds)), now: now}
		workers[i] = w
		running.Go(func() { w.work(ctx, &next) })
	}
	running.Wait()
	return results(kinds, workers, now().Sub(began))
}

// measured is what one worker saw of one kind.
type measured struct {
	took   []time.Duration
	errors int
	first  error
}

type worker struct {
	kinds    []Kind
	measured []measured
	now      func() time.Time
}

func (w *worker) work(ctx context.Context, next *atomic.Int64) {
	for ctx.Err() == nil {
		number := int(next.Add(1) - 1)
		kind := number % len(w.kinds)
		began := w.now()
		err := w.kinds[kind].Do(ctx, number/len(w.kinds))
		took := w.now().Sub(began)
		m := &w.measured[kind]
		switch {
		case err == nil:
			m.took = append(m.took, took)
		case ctx.Err() != nil: // cut off
		default:
			m.fail(err)
		}
	}
}

func (m *measured) fail(err error) {
	m.errors++
	if m.first == nil {
		m.first = err
	}
}

func results(kinds []Kind, workers []*worker, during time.Duration) []Result {
	all := make([]Result, len(kinds))
	for i, kind := range kinds {
		r := Result{Kind: kind.Name}
		var took []time.Duration
		for _, w := range workers {
			m := w.measured[i]
			took = append(took, m.took...)
			r.Errors += m.errors
			if r.First == nil {
				r.First = m.first
			}
		}
		slices.Sort(took)
		r.Requests = len(took) + r.Errors
		r.P50, r.P95, r.P99 = quantile(took, 0.50), quantile(took, 0.95), quantile(took, 0.99)
		if during > 0 {
			r.PerSecond = float64(r.Requests) / during.Seconds()
		}
		all[i] = r
	}
	return all
}

// quantile gives the smallest of the sorted times that so large a part does not exceed; 0 when there is none.
func quantile(sorted []time.Duration, part float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	at := int(math.Ceil(part*float64(len(sorted)))) - 1
	return sorted[max(at, 0)]
}
