package workflow

import (
	"context"
	"slices"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
)

// HoldLasts is how soon a held record is to be let go or withdrawn. After that it stays held, and those who administer
// are shown that it does.
const HoldLasts = 72 * hour

// Hold takes a published record from its readers at once, for a reason that they are not told: they learn only that it is
// being checked and until when that is to be decided. A second person confirms, another publisher lifts it. It asks for
// no revision: whatever was published a moment ago is to be seen by nobody either.
func (w *Workflow) Hold(ctx context.Context, who identity.Principal, id, reason, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionHold); err != nil {
			return err
		}
		next, err := s.recordStep(incident.ActionHold)
		if err != nil {
			return err
		}
		if err := w.checkReason(reason); err != nil {
			return err
		}
		return w.hold(c, s, next, store.Change{Action: incident.ActionHold, Details: words(note, "reason", reason)}, reason)
	})
}

// hold signs, takes the views away and remembers until when.
func (w *Workflow) hold(c *call, s *subject, next incident.RecordState, change store.Change, why string) error {
	a, err := w.signatureFor(c, s, s.current, incident.Approve, s.record.Handling.Hash(), forHold)
	if err != nil {
		return err
	}
	until := c.now + HoldLasts
	change.Version, change.ContentHash = s.current.ID, s.current.ContentHash
	change.Attest = []incident.Attestation{a}
	change.Views = &store.Views{HeldUntil: until}
	change.Wait = append(change.Wait, c.confirmed(s, forHold)...)
	change.Wait = append(change.Wait, c.waits(s, store.WaitsHold, until, why))
	s.record.State = next
	return c.append(s, change, withRecord)
}

// waits says that something waits for somebody from now on. Until is 0 without a time.
func (c *call) waits(s *subject, kind store.WaitingKind, until incident.Micros, why string) store.Waiting {
	return store.Waiting{Record: s.record.ID, Kind: kind, Person: c.who.Person, Org: c.who.Org, Since: c.now, Until: until, Why: why}
}

// confirmed says that something is in force and waits for a second person. What waited first goes on waiting.
func (c *call) confirmed(s *subject, what string) []store.Waiting {
	if _, already := s.waitsFor(store.WaitsConfirm); already {
		return nil
	}
	return []store.Waiting{c.waits(s, store.WaitsConfirm, c.now+ConfirmWithin, what)}
}

func (s *subject) waitsFor(kind store.WaitingKind) (store.Waiting, bool) {
	for _, waiting := range s.waits {
		if waiting.Kind == kind {
			return waiting, true
		}
	}
	return store.Waiting{}, false
}

// waitingFor gives what of a record waits, as whoever may know of all of it sees it.
func (c *call) waitingFor(s *subject) []Waits {
	var out []Waits
	for _, waiting := range s.waits {
		out = append(out, c.waitsOf(s, waiting))
	}
	return out
}

func (c *call) waitsOf(s *subject, w store.Waiting) Waits {
	out := Waits{What: string(w.Kind), By: w.Person, Org: w.Org, Since: w.Since, Until: w.Until, Why: w.Why,
		Overdue: w.Until != 0 && w.Until <= c.now}
	if signed := s.waiting(forMerge); w.Kind == store.WaitsMerge && len(signed) > 0 {
		out.Into = signed[0].Checklist[2]
	}
	return out
}

// knownTargets takes away what records are to be merged into where the asker may not know of it.
func (c *call) knownTargets(waits []*Waits) error {
	var ids []string
	for _, w := range waits {
		if w.Into != "" {
			ids = append(ids, w.Into)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	targets, err := c.subjects(ids)
	if err != nil {
		return err
	}
	for _, w := range waits {
		known := slices.ContainsFunc(targets, func(s *subject) bool {
			return s.record.ID == w.Into && (c.may(s, "incident.read") == nil || c.may(s, "incident.read_head") == nil)
		})
		if !known {
			w.Into = ""
		}
	}
	return nil
}

// Lift gives a held record back to its readers, every edition under the handling in force and without what was redacted
// meanwhile: the same bytes as before where nothing was changed. Who held it does not lift it.
func (w *Workflow) Lift(ctx context.Context, who identity.Principal, id, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionLift); err != nil {
			return err
		}
		next, err := s.recordStep(incident.ActionLift)
		if err != nil {
			return err
		}
		return w.lift(c, s, next, store.Change{Action: incident.ActionLift, Details: words(note)})
	})
}

func (w *Workflow) lift(c *call, s *subject, next incident.RecordState, change store.Change) error {
	doc, err := w.currentDoc(c, s)
	if err != nil {
		return err
	}
	if change.Views, err = w.viewsUnder(c, s, doc, s.record.Handling); err != nil {
		return err
	}
	change.Version, change.ContentHash = s.current.ID, s.current.ContentHash
	change.Settle = append(change.Settle, store.WaitsHold)
	for _, a := range s.waiting(forHold) {
		change.Void = append(change.Void, a.ID)
	}
	if len(s.waiting(forNarrow, forRedact)) == 0 {
		change.Settle = append(change.Settle, store.WaitsConfirm)
	}
	s.record.State = next
	return c.append(s, change, withRecord)
}
