package workflow

import (
	"context"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

const forPurge = "purge"

// actionPurgeSigned is the entry of a signature under a purge. The entry of the purge itself tells whoever verifies the
// log that words are rightly gone, and may not stand there before they are.
const actionPurgeSigned = "incident.purge_signed"

// Purge destroys what a record says, with its salts: every version, view, draft, comment, note and reason, and what an
// import kept of rows that it could not read. It cannot be undone. The id stays spent and leaves a tombstone where there was
// something to see; so does the id of the row in its source, lest the next import brings it back. The log goes on to
// verify. Two publishers of other organizations sign, for the same reason, and each names the record twice. What was purged
// already stays so.
func (w *Workflow) Purge(ctx context.Context, who identity.Principal, id, confirm, reason string) (Working, error) {
	working, err := w.command(ctx, who, id, func(c *call, s *subject) error {
		at, f := s.toPurge(), c.purgeFacts(s)
		if err := c.mayWith(s, incident.ActionPurge, f); err != nil {
			return err
		}
		next, err := s.recordStep(incident.ActionPurge)
		if err != nil || s.record.Purged != 0 {
			return err
		}
		if confirm != id {
			return fault.New(fault.Invalid, "purge.confirm").At("/confirm", "purge.confirm")
		}
		if err := w.checkReason(reason); err != nil {
			return err
		}
		done, err := w.signPurge(c, s, at, f, reason)
		if err != nil || !done {
			return err
		}
		return c.purge(s, next, reason)
	})
	if err == nil && working.Record.Purged != 0 {
		working.Warnings = []Warning{{Code: "purge.elsewhere"}}
	}
	return working, err
}

// toPurge gives the version that is signed: of the current edition, else the open one.
func (s *subject) toPurge() incident.Version {
	if s.published {
		return s.current
	}
	return s.version
}

// purgeFacts are those of a published record as it stands: an open version makes no difference to whoever may not know
// of it.
func (c *call) purgeFacts(s *subject) policies.Facts {
	f, attestations := c.publishedFacts(s), s.signatures
	if !s.published {
		f, attestations = c.facts(s), s.attestations
	}
	f.Class, f.Attestations = incident.HandlingChange, nil
	for _, a := range attestations {
		if a.Voided == 0 && isFor(a, []string{forPurge}) {
			f.Attestations = append(f.Attestations, a)
			f.Wider = append(f.Wider, a.HandlingHash)
		}
	}
	return f
}

// signPurge tells whether the signatures are complete with this one.
func (w *Workflow) signPurge(c *call, s *subject, at incident.Version, f policies.Facts, reason string) (bool, error) {
	if at.ContentHash == "" { // nobody but its authors has seen it: they throw it away
		return false, fault.New(fault.Conflict, "workflow.state", "action", incident.ActionPurge, "state", string(at.State))
	}
	for _, a := range f.Attestations {
		if a.Checklist[1] != reason {
			return false, fault.New(fault.Conflict, "workflow.other_reason", "reason", a.Checklist[1])
		}
	}
	a, err := w.signatureFor(c, s, at, incident.Approve, f.HandlingHash, forPurge, reason)
	if err != nil {
		return false, err
	}
	f.Attestations = append(f.Attestations, a)
	met, lacking := c.rules.Quorum(incident.HandlingChange, false).MetBy(f)
	if !met && !onlyApprovals(lacking) {
		return false, unmet(lacking)
	}
	change := store.Change{Action: actionPurgeSigned, Version: at.ID, ContentHash: at.ContentHash,
		Attest: []incident.Attestation{a}}
	if !met {
		change.Wait = []store.Waiting{c.waits(s, store.WaitsPurge, 0, reason)}
	}
	return met, c.append(s, change, withRecord)
}

func (c *call) purge(s *subject, next incident.RecordState, reason string) error {
	s.record.State, s.record.Reason = next, reason
	s.record.Purged, s.record.Quarantined = c.now, 0
	return c.leave(s, store.Change{Action: incident.ActionPurge, Purge: true, Details: words("", "reason", reason)})
}
