package workflow

import (
	"context"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// Withdraw takes a record away and leaves a tombstone with the reason. The owner's focal point does so at once; against
// the owner two publishers of other organizations sign.
func (w *Workflow) Withdraw(ctx context.Context, who identity.Principal, id string, rev Revision, reason, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		f := c.factsOn(s, incident.ActionWithdraw)
		d := c.decide(s, incident.ActionWithdraw, f)
		if !d.Allowed {
			return d.Fault("incident")
		}
		if err := c.at(s, rev); err != nil {
			return err
		}
		next, err := s.recordStep(incident.ActionWithdraw)
		if err != nil {
			return err
		}
		if err := w.checkReason(reason); err != nil {
			return err
		}
		change := store.Change{Action: incident.ActionWithdraw, Details: words(note, "reason", reason)}
		done, err := w.countLeaving(c, s, f, &change, forWithdraw, reason)
		if err != nil || !done {
			return err
		}
		s.record.State, s.record.Reason = next, reason
		return c.leave(s, change)
	})
}

// Merge says that a record is the same incident as another, live one, to which its tombstone leads. The owner's focal
// point does so at once; against the owner two publishers of other organizations sign.
func (w *Workflow) Merge(ctx context.Context, who identity.Principal, id string, rev Revision, into, reason, note string) (Working, error) {
	var s *subject
	err := w.write(ctx, who, func(c *call) (err error) {
		other := (*subject)(nil)
		if s, other, err = c.two(id, into); err != nil {
			return err
		}
		f := c.factsOn(s, incident.ActionMerge)
		d := c.decide(s, incident.ActionMerge, f)
		if !d.Allowed {
			return d.Fault("incident")
		}
		if err := c.at(s, rev); err != nil {
			return err
		}
		next, err := s.recordStep(incident.ActionMerge)
		if err != nil {
			return err
		}
		if err := w.checkReason(reason); err != nil {
			return err
		}
		if err := c.mergeable(s, other); err != nil {
			return err
		}
		change := store.Change{Action: incident.ActionMerge, Details: words(note, "reason", reason, "into", other.record.ID),
			Relation: &store.Relation{From: s.record.ID, Kind: "duplicate_of", To: other.record.ID}}
		done, err := w.countLeaving(c, s, f, &change, forMerge, reason, other.record.ID)
		if err != nil || !done {
			return err
		}
		s.record.State, s.record.Reason, s.record.MergedInto = next, reason, other.record.ID
		return c.leave(s, change)
	})
	if err != nil {
		return Working{}, err
	}
	working, err := w.Working(ctx, who, id)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
		return receipt(s), nil
	}
	return working, err
}

// two locks a record and the one it is to be merged into; the second is nil when there is none.
func (c *call) two(id, into string) (s, other *subject, err error) {
	if incident.CheckID(id) != nil {
		return nil, nil, notFound()
	}
	found, err := c.subjects([]string{id, into})
	if err != nil {
		return nil, nil, err
	}
	for _, one := range found {
		switch one.record.ID {
		case id:
			s = one
		case into:
			other = one
		}
	}
	if s == nil {
		return nil, nil, notFound()
	}
	return s, other, nil
}

// mergeable demands another live record that the asker may read and that whoever could see the first may see. What is
// hidden and what does not exist are the same answer.
func (c *call) mergeable(s, other *subject) error {
	invalid := fault.New(fault.Invalid, "merge.target").At("/into", "merge.target")
	if other == nil || other.record.State != incident.Live || c.may(other, "incident.read") != nil {
		return invalid
	}
	if s.published && other.record.Handling.Marking > s.record.Handling.Marking {
		return fault.New(fault.Invalid, "merge.target_hidden").At("/into", "merge.target_hidden")
	}
	return nil
}

// countLeaving tells whether a record leaves now. Against its owner it leaves with the last of the signatures; until then
// the signature is kept, for exactly these reasons.
func (w *Workflow) countLeaving(c *call, s *subject, f policies.Facts, change *store.Change, purpose ...string) (bool, error) {
	if c.who.Org == s.record.Owner {
		return true, nil
	}
	for _, a := range f.Attestations {
		if !slices.Equal(a.Checklist, purpose) {
			return false, fault.New(fault.Conflict, "workflow.other_reason", "reason", a.Checklist[1])
		}
	}
	a, err := w.signatureFor(c, s, s.current, incident.Approve, f.HandlingHash, purpose...)
	if err != nil {
		return false, err
	}
	change.Version, change.ContentHash = s.current.ID, s.current.ContentHash
	change.Attest = append(change.Attest, a)
	f.Attestations = append(f.Attestations[:len(f.Attestations):len(f.Attestations)], a)
	met, lacking := c.rules.Quorum(incident.HandlingChange, false).MetBy(f)
	if met {
		return true, nil
	}
	if !onlyApprovals(lacking) {
		return false, unmet(lacking)
	}
	s.signatures = append(s.signatures, a)
	waits := *change
	waits.Relation = nil
	waits.Wait = []store.Waiting{c.waits(s, store.WaitingKind(purpose[0]), 0, purpose[1])}
	return false, c.append(s, waits, withRecord)
}

// leave ends a record: its views go, what was under way is discarded.
func (c *call) leave(s *subject, change store.Change) error {
	change.Views = &store.Views{Gone: true}
	for _, waiting := range s.waits {
		change.Settle = append(change.Settle, waiting.Kind)
	}
	p := withRecord
	if s.open {
		change.Void = append(change.Void, s.valid("")...)
		change.Release = releases(s.inHand(), "decided")
		s.version.State = incident.Discarded
		p |= withVersion
	}
	if change.Version == "" && s.published && !s.open {
		change.Version, change.ContentHash = s.current.ID, s.current.ContentHash
	}
	return c.append(s, change, p)
}
