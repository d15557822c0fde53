package workflow_test

import (
	"sync"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

const day = incident.Micros(24 * 3600 * 1_000_000)

func (w *world) schedule(name, id string, at incident.Micros) {
	w.t.Helper()
	_, err := w.flow.Schedule(w.ctx, w.as(name), id, w.rev(id), at, "")
	w.ok(err)
}

// due lets the clock go on and publish.
func (w *world) due(by incident.Micros, want int) {
	w.t.Helper()
	w.clock.Set(w.clock.Now() + by)
	if n, err := w.flow.PublishDue(w.ctx); err != nil || n != want {
		w.t.Fatalf("published %d, want %d: %v", n, want, err)
	}
}

// TestSchedule: approved now, published by the clock and not before, whichever process is there first.
func TestSchedule(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.reviewed(nil, nil).Record.ID
		_, err := w.flow.Schedule(w.ctx, w.as("pia@south"), id, w.rev(id), w.clock.Now(), "")
		w.refused(err, fault.Invalid, "schedule.past")
		_, err = w.flow.Schedule(w.ctx, w.as("pia@south"), id, w.rev(id), w.clock.Now()+2*workflow.MostAhead, "")
		w.refused(err, fault.Invalid, "schedule.too_far")
		_, err = w.flow.Schedule(w.ctx, w.as("rex@east"), id, w.rev(id), w.clock.Now()+day, "")
		w.refused(err, fault.Forbidden, "policy.role")
		w.schedule("pia@south", id, w.clock.Now()+day)
		w.inState(id, incident.Reserved, incident.Scheduled)
		w.waitsAre(id, "schedule")
		w.schedule("pia@south", id, w.clock.Now()+2*day)
		w.due(day, 0)
		w.clock.Set(w.clock.Now() + day)
		flows := []*workflow.Workflow{w.flow, workflow.New(deps(w.t, w.store)), w.flow}
		counts, errs := make([]int, len(flows)), make([]error, len(flows))
		var wait sync.WaitGroup
		for i, flow := range flows {
			wait.Go(func() { counts[i], errs[i] = flow.PublishDue(w.ctx) })
		}
		wait.Wait()
		total := 0
		for i := range flows {
			w.ok(errs[i])
			total += counts[i]
		}
		if total != 1 {
			w.t.Fatalf("published %v times", counts)
		}
		w.inState(id, incident.Live, "")
		w.waitsAre(id)
		if view, ok := w.view(schema.Public, id, 0); !ok || view.Published < w.clock.Now()-1000 || view.Published > w.clock.Now() {
			w.t.Fatalf("%v, published %d", ok, view.Published)
		}
	})
}

// TestWhatStopsASchedule: recall and return end it; who signed and is suspended does not count when it is due.
func TestWhatStopsASchedule(t *testing.T) {
	eachWorld(t, func(w *world) {
		scheduled := func() string {
			id := w.reviewed(nil, nil).Record.ID
			w.schedule("pia@south", id, w.clock.Now()+day)
			return id
		}
		recalled, returned, embargoed, plain := scheduled(), scheduled(), scheduled(), scheduled()
		_, err := w.flow.Recall(w.ctx, w.as("fay@north"), recalled, w.rev(recalled), "")
		w.ok(err)
		_, err = w.flow.Return(w.ctx, w.as("cam@centre"), returned, w.rev(returned), "")
		w.ok(err)
		_, err = w.flow.Narrow(w.ctx, w.as("fay@north"), embargoed, w.rev(embargoed),
			workflow.HandlingIn{Marking: schema.Public, NotBefore: w.clock.Now() + 3*day}.Change(), "")
		w.ok(err)
		w.due(day, 1) // the plain one: what is embargoed stays
		w.inState(plain, incident.Live, "")
		w.inState(recalled, incident.Reserved, incident.Draft)
		w.inState(returned, incident.Reserved, incident.InReview)
		w.inState(embargoed, incident.Reserved, incident.Scheduled)
		for id, want := range map[string]int{recalled: 0, returned: 0, embargoed: 1} {
			if got := len(w.waits(id)); got != want {
				w.t.Errorf("%s: %d wait", id, got)
			}
		}
		got, err := w.flow.Working(w.ctx, w.as("fay@north"), embargoed)
		w.ok(err)
		if waiting := got.Waiting[0]; waiting.Why != "publish.embargo" || !waiting.Overdue {
			w.t.Fatalf("%+v", waiting)
		}
		w.due(5*day, 0) // told once, and not tried again
		w.schedule("pia@south", embargoed, w.clock.Now()+day)
		w.due(day, 1)

		of := scheduled()
		_, err = w.flow.SuspendOrg(w.ctx, operator, "east", "", "")
		w.ok(err)
		w.due(day, 0)
		if got, err := w.flow.Working(w.ctx, w.as("fay@north"), of); err != nil || got.Waiting[0].Why != "quorum.recommendations" {
			w.t.Fatalf("%v %+v", err, got.Waiting)
		}
		_, err = w.flow.ReinstateOrg(w.ctx, operator, "east", "")
		w.ok(err)
		by := scheduled()
		err = w.flow.EndMembership(w.ctx, operator, "pia@south", identity.Publisher)
		w.ok(err)
		w.due(day, 0)
		if got, err := w.flow.Working(w.ctx, w.as("fay@north"), by); err != nil || got.Waiting[0].Why != "policy.role" {
			w.t.Fatalf("%v %+v", err, got.Waiting)
		}
		w.schedule("cam@centre", by, w.clock.Now()+day)
		w.due(day, 1)
	})
}

// TestAppeal: once, and decided by somebody else.
func TestAppeal(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.reviewed(nil, nil).Record.ID
		_, err := w.flow.Appeal(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "policy.state")
		_, err = w.flow.Decline(w.ctx, w.as("pia@south"), id, w.rev(id), "insufficient_evidence", "")
		w.ok(err)
		_, err = w.flow.Appeal(w.ctx, w.as("ana@north"), id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "policy.role")
		got, err := w.flow.Appeal(w.ctx, w.as("fay@north"), id, w.rev(id), "a source was overlooked")
		w.ok(err)
		if got.Version.State != incident.InReview || count(got.Attestations, incident.Recommend, false) != 0 ||
			count(got.Attestations, incident.Consent, false) != 1 {
			w.t.Fatalf("%+v", got)
		}
		w.waitsAre(id, "appeal")
		_, err = w.flow.Decline(w.ctx, w.as("pia@south"), id, w.rev(id), "insufficient_evidence", "")
		w.refused(err, fault.Forbidden, "policy.declined_before")
		_, err = w.flow.Claim(w.ctx, w.as("wim@west"), id, workflow.Declared{})
		w.ok(err)
		w.recommend("wim@west", id)
		_, err = w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "policy.declined_before")
		_, err = w.flow.Decline(w.ctx, w.as("cam@centre"), id, w.rev(id), "insufficient_evidence", "")
		w.ok(err)
		w.waitsAre(id)
		_, err = w.flow.Appeal(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.refused(err, fault.Conflict, "appeal.again")
	})
}
