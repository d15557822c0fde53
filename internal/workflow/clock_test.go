package workflow_test

import (
	"sync"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// TestClockHandsBack: after fourteen days a claim returns to the queue, once.
func TestClockHandsBack(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.claimed(nil, nil).Record.ID
		waiting := w.claimed(nil, nil).Record.ID
		_, err := w.flow.RequestChanges(w.ctx, w.as("rex@east"), waiting, w.rev(waiting), "")
		w.ok(err)
		if n, err := w.flow.ReleaseOverdue(w.ctx); err != nil || n != 0 {
			w.t.Fatalf("%d %v", n, err)
		}
		w.clock.Set(w.clock.Now() + workflow.ClaimLasts)
		if n, err := w.flow.ReleaseOverdue(w.ctx); err != nil || n != 1 {
			w.t.Fatalf("%d %v", n, err)
		}
		w.inState(id, incident.Reserved, incident.Submitted)
		w.inState(waiting, incident.Reserved, incident.ChangesRequested)
		if n, err := w.flow.ReleaseOverdue(w.ctx); err != nil || n != 0 {
			w.t.Fatalf("%d %v", n, err)
		}
		_, err = w.flow.Claim(w.ctx, w.as("wim@west"), id, workflow.Declared{})
		w.ok(err)
	})
}

// TestTwoAtOnce: of several who act on the same revision at the same time exactly one succeeds.
func TestTwoAtOnce(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.reviewed(nil, nil).Record.ID
		rev := w.rev(id)
		flows := []*workflow.Workflow{w.flow, workflow.New(deps(w.t, w.store))}
		names := []string{"pia@south", "cam@centre", "pia@south", "cam@centre"}
		errs := make([]error, len(names))
		var wait sync.WaitGroup
		for i, name := range names {
			who := w.as(name)
			wait.Go(func() { _, errs[i] = flows[i%2].Publish(w.ctx, who, id, rev, "") })
		}
		wait.Wait()
		published := 0
		for _, err := range errs {
			if err == nil {
				published++
			} else if kind := fault.Of(err).Kind; kind != fault.NotFound && kind != fault.Stale && kind != fault.Forbidden && kind != fault.Conflict {
				w.t.Errorf("%v", err)
			}
		}
		if published != 1 {
			w.t.Errorf("published %d times: %v", published, errs)
		}
		if view, ok := w.view(schema.Public, id, 0); !ok || view.Edition != 1 {
			w.t.Errorf("%v %+v", ok, view)
		}
	})
}

// TestOpenVersionTellsNothing: whoever may not know of an open version is refused as if there were none, also when the
// version would show more than the record does.
func TestOpenVersionTellsNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		tries := func(id string) []error {
			var errs []error
			for _, name := range []string{"lea@west", "rex@east", "pia@south", "cam@centre", "eva@east"} {
				who := w.as(name)
				_, err := w.flow.Withdraw(w.ctx, who, id, 1, "legal", "")
				errs = append(errs, withoutRevision(err))
				_, err = w.flow.Narrow(w.ctx, who, id, 1, workflow.HandlingChange{}, "")
				errs = append(errs, withoutRevision(err))
				_, err = w.flow.Working(w.ctx, who, id)
				errs = append(errs, err)
				_, err = w.flow.Card(w.ctx, who, id)
				errs = append(errs, err)
				_, err = w.flow.Claim(w.ctx, who, id, workflow.Declared{})
				errs = append(errs, err)
				_, err = w.flow.Discard(w.ctx, who, id, 1, "")
				errs = append(errs, err)
				_, err = w.flow.NewVersion(w.ctx, who, id)
				errs = append(errs, err)
				_, err = w.flow.Publish(w.ctx, who, id, 1, "")
				errs = append(errs, err)
			}
			return errs
		}
		for _, marking := range schema.Tiers() {
			publish := func() string { return w.published(nil, handlingOf(marking)) }
			if marking == schema.Named {
				publish = func() string { return w.publishedNamed() }
			}
			with, without := publish(), publish()
			_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), with)
			w.ok(err)
			for _, draft := range []workflow.Draft{{Body: document(w.t, deliberate)}, {Handling: handlingOf(schema.Named)}, {Handling: handlingOf(schema.Public)}} {
				_, err = w.flow.Save(w.ctx, w.as("ana@north"), with, w.rev(with), draft)
				w.ok(err)
				a, b := tries(with), tries(without)
				for i := range a {
					if a[i] == nil || b[i] == nil || a[i].Error() != b[i].Error() {
						w.t.Errorf("%s, try %d: with %v, without %v", marking, i, a[i], b[i])
					}
				}
			}
		}
	})
}

// withoutRevision leaves out which revision there is: who may withdraw a record may know it.
func withoutRevision(err error) error {
	if f := fault.Of(err); f != nil && f.Kind == fault.Stale {
		return fault.New(fault.Stale, f.Code)
	}
	return err
}
