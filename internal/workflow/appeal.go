package workflow

import (
	"context"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
)

// Appeal opens a declined version again, once, as it was submitted: back to review, to be decided by other people than who
// declined it. The owner's consent stands, all other signatures are void.
func (w *Workflow) Appeal(ctx context.Context, who identity.Principal, id string, rev Revision, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionAppeal); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		if err := c.reopen(s); err != nil {
			return err
		}
		next, err := s.step(incident.ActionAppeal)
		if err != nil {
			return err
		}
		waits := c.waits(s, store.WaitsAppeal, 0, s.version.Reason)
		s.version.State, s.version.Reason = next, ""
		s.version.Flags = append(slices.Clone(s.version.Flags), flagAppealed)
		return c.append(s, store.Change{Action: incident.ActionAppeal, Void: s.voidable(),
			Wait: []store.Waiting{waits}, Details: words(note)}, withRecord|withVersion)
	})
}

// reopen takes the last version of a record as the one at hand, when it was declined and nobody appealed yet.
func (c *call) reopen(s *subject) error {
	versions, err := c.tx.Versions(s.record.ID)
	if err != nil {
		return err
	}
	if len(versions) == 0 {
		return unreadable(errNoVersion)
	}
	last := versions[len(versions)-1]
	switch {
	case last.State != incident.Declined:
		return fault.New(fault.Conflict, "appeal.not_declined")
	case slices.Contains(last.Flags, flagAppealed):
		return fault.New(fault.Conflict, "appeal.again")
	case s.published && last.Base != s.record.Edition:
		return fault.New(fault.Conflict, "version.base_moved", "base", last.Base, "edition", s.record.Edition)
	}
	s.attestations, err = c.tx.Attestations(last.ID)
	s.version, s.open = last, true
	return err
}

// voidable gives the ids of the signatures that count and are not the owner's consent.
func (s *subject) voidable() []string {
	var ids []string
	for _, a := range s.attestations {
		if a.Voided == 0 && a.Kind != incident.Consent {
			ids = append(ids, a.ID)
		}
	}
	return ids
}
