package workflow

import (
	"context"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
)

// MostAhead is how far ahead publishing may be scheduled.
const MostAhead = 366 * 24 * hour

// Schedule approves a reviewed version now and has it published later, not before a moment. The quorum has to be full
// with this signature and the checks passed: nothing else is promised a time. Scheduling again changes the time.
func (w *Workflow) Schedule(ctx context.Context, who identity.Principal, id string, rev Revision, at incident.Micros, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionSchedule); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		next, err := s.step(incident.ActionSchedule)
		if err != nil {
			return err
		}
		if err := c.mayBeDue(s, at); err != nil {
			return err
		}
		return w.schedule(c, s, next, at, note)
	})
}

// mayBeDue refuses a moment that is over, that is too far ahead, or that the owner does not allow yet.
func (c *call) mayBeDue(s *subject, at incident.Micros) error {
	code := ""
	switch {
	case at <= c.now:
		code = "schedule.past"
	case at > c.now+MostAhead:
		code = "schedule.too_far"
	case at < s.version.Handling.NotBefore:
		code = "schedule.embargo"
	default:
		return nil
	}
	return fault.New(fault.Invalid, code).At("/at", code)
}

func (w *Workflow) schedule(c *call, s *subject, next incident.VersionState, at incident.Micros, note string) error {
	f := c.facts(s)
	change := store.Change{Action: incident.ActionSchedule, Details: words(note, "at", int64(at))}
	if !signed(s.attestations, c.who.Person, incident.Approve, f) {
		a, err := w.attest(c, s.record.ID, s.version.ID, incident.Approve, s.version.ContentHash, f.HandlingHash)
		if err != nil {
			return err
		}
		change.Attest = []incident.Attestation{a}
		f.Attestations = append(slices.Clone(s.attestations), a)
	}
	if err := consented(f); err != nil {
		return err
	}
	if met, lacking := c.rules.Quorum(f.Class, f.Sensitive).MetBy(f); !met {
		return unmet(lacking)
	}
	if _, err := w.editionPlan(c, s, publishPlan{}, f); err != nil {
		return err
	}
	s.version.State, s.version.PublishAt = next, at
	s.attestations = f.Attestations
	change.Wait = []store.Waiting{c.waits(s, store.WaitsSchedule, at, "")}
	return c.append(s, change, withRecord|withVersion)
}

// PublishDue publishes what was scheduled for a moment that has come, and tells how many records that were. It decides
// as whoever scheduled it would have to be decided about now, and counts the signatures of those only who are not
// suspended. What cannot be published stays scheduled, says why, and is not tried again: a publisher schedules it anew
// or returns it. Any replica may try at any time: what was published already is not touched again.
func (w *Workflow) PublishDue(ctx context.Context) (int, error) {
	var due []string
	err := w.Store.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.Due(store.WaitsSchedule, w.Store.Clock())
		return err
	})
	if err != nil {
		return 0, err
	}
	published := 0
	for _, id := range due {
		done := false
		err := w.Store.Write(ctx, store.Actor{Person: clockActor, Via: identity.ViaClock}, func(tx *store.WriteTx) error {
			c, err := w.enter(tx, identity.Principal{Via: identity.ViaClock})
			if err != nil {
				return err
			}
			done, err = w.publishDue(c, id)
			return err
		})
		if err != nil {
			return published, err
		}
		if done {
			published++
		}
	}
	return published, nil
}

// publishDue tells whether it published.
func (w *Workflow) publishDue(c *call, id string) (bool, error) {
	s, err := c.subject(id)
	if err != nil {
		return false, err
	}
	waiting, ok := s.waitsFor(store.WaitsSchedule)
	if !ok || waiting.Why != "" || !s.open || s.version.State != incident.Scheduled || s.version.PublishAt > c.now {
		return false, nil // somebody else was here first
	}
	err = w.publishAs(c, s, waiting)
	f := fault.Of(err)
	switch {
	case err == nil:
		return true, nil
	case f.Kind != fault.Conflict && f.Kind != fault.Forbidden && f.Kind != fault.NotFound && f.Kind != fault.Invalid:
		return false, err
	}
	waiting.Why = f.Code
	return false, c.append(s, store.Change{Action: incident.ActionSchedule, Wait: []store.Waiting{waiting},
		Details: words("", "problem", f.Code)}, withRecord)
}

// publishAs goes through everything that publishing by hand goes through, as whoever scheduled it.
func (w *Workflow) publishAs(c *call, s *subject, scheduled store.Waiting) error {
	f := c.facts(s)
	f.VersionState = incident.Reviewed // what is scheduled was reviewed, and is decided about as such
	f.Attestations = c.inForce(s.attestations)
	publisher := c.refresh(identity.Principal{Person: scheduled.Person, Org: scheduled.Org, Via: identity.ViaClock}, c.now)
	if d := c.rules.Explain(publisher, incident.ActionPublish, f).Decision; !d.Allowed {
		d.NotFound = false // those who wait are told why
		return d.Fault("incident")
	}
	next, err := s.step(incident.ActionPublish)
	if err != nil {
		return err
	}
	if err := consented(f); err != nil {
		return err
	}
	if met, lacking := c.rules.Quorum(f.Class, f.Sensitive).MetBy(f); !met {
		return unmet(lacking)
	}
	return w.toEdition(c, s, publishPlan{}, f, next, store.Change{Action: incident.ActionPublish,
		Details: words("", "scheduled_by", scheduled.Person)})
}

// inForce gives the signatures of people and organizations that are active now.
func (c *call) inForce(attestations []incident.Attestation) []incident.Attestation {
	return slices.DeleteFunc(slices.Clone(attestations), func(a incident.Attestation) bool {
		return c.people[a.Person].Status != identity.Active || c.orgs[a.Org].Status != identity.Active
	})
}
