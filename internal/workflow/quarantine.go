package workflow

import (
	"context"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
)

// mostSensitivity is how many people decide about quarantined text, beside the owner's focal point. Both have to agree
// before it is seen again.
const mostSensitivity = 2

const forClear = "clear"

// Quarantine takes hazardous text from everybody who has it before them, in one action and without a word about what it
// says: nothing that is written here may quote it. A published record is held with it. From then on only the owner's focal
// point reads it, and two sensitivity reviewers, whom a publisher assigns. It asks for no revision.
func (w *Workflow) Quarantine(ctx context.Context, who identity.Principal, id string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionQuarantine); err != nil {
			return err
		}
		next, err := s.recordStep(incident.ActionQuarantine)
		if err != nil {
			return err
		}
		return w.quarantine(c, s, next)
	})
}

func (w *Workflow) quarantine(c *call, s *subject, next incident.RecordState) error {
	if !s.open && !s.published {
		return fault.New(fault.Conflict, "workflow.no_open_version", "action", incident.ActionQuarantine)
	}
	change := store.Change{Action: incident.ActionQuarantine, Release: releases(s.inHand(), "decided"),
		Wait: []store.Waiting{c.waits(s, store.WaitsQuarantine, 0, "")}}
	if s.record.State == incident.Live {
		change.Views = &store.Views{HeldUntil: c.now + HoldLasts}
	}
	s.record.State, s.record.Quarantined = next, c.now
	if !s.open {
		change.Version, change.ContentHash = s.current.ID, s.current.ContentHash
		return c.append(s, change, withRecord)
	}
	version, err := s.step(incident.ActionQuarantine)
	if err != nil {
		return err
	}
	if version != s.version.State {
		change.Void = s.voidable()
	}
	s.version.State = version
	return c.append(s, change, withRecord|withVersion)
}

// Clear is the signature of a sensitivity reviewer under quarantined text as it stands now: it may be seen. With the
// second one it is: a version goes on where it was put into review, a published record is shown again, unless it is held
// for another reason.
func (w *Workflow) Clear(ctx context.Context, who identity.Principal, id, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionClear); err != nil {
			return err
		}
		next, err := s.recordStep(incident.ActionClear)
		if err != nil {
			return err
		}
		v := s.atHand()
		a, err := w.signatureFor(c, s, v, incident.Second, v.Handling.Hash(), forClear)
		if err != nil {
			return err
		}
		change := store.Change{Action: incident.ActionClear, Version: v.ID, ContentHash: v.ContentHash,
			Attest: []incident.Attestation{a}, Details: words(note)}
		signed := s.cleared(v)
		if slices.Contains(signed, c.who.Person) {
			return fault.New(fault.Conflict, "workflow.already_signed")
		}
		if len(signed)+1 < mostSensitivity {
			return c.append(s, change, withRecord)
		}
		return w.cleared(c, s, next, change)
	})
}

// cleared gives the people who signed that a version may be seen, since it was quarantined.
func (s *subject) cleared(v incident.Version) []string {
	attestations := s.attestations
	if !s.open {
		attestations = s.signatures
	}
	var people []string
	for _, a := range attestations {
		if isFor(a, []string{forClear}) && a.Voided == 0 && a.ContentHash == v.ContentHash && a.At >= s.record.Quarantined {
			people = append(people, a.Person)
		}
	}
	return people
}

func (w *Workflow) cleared(c *call, s *subject, next incident.RecordState, change store.Change) error {
	change.Settle = []store.WaitingKind{store.WaitsQuarantine}
	change.Release = releases(s.inHand(), "decided")
	s.record.Quarantined = 0
	if _, held := s.waitsFor(store.WaitsHold); !held && s.record.State == incident.Held {
		doc, err := w.currentDoc(c, s)
		if err != nil {
			return err
		}
		if change.Views, err = w.viewsUnder(c, s, doc, s.record.Handling); err != nil {
			return err
		}
		s.record.State = next
	}
	if !s.open {
		return c.append(s, change, withRecord)
	}
	return c.append(s, change, withRecord|withVersion)
}
