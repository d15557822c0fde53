package workflow

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
)

// Standing tells whoever may decide about a published record as it stands, and works at no version of it: state, edition,
// what waits for a second person, what they can do, and the revision by which they name what they saw.
func (w *Workflow) Standing(ctx context.Context, who identity.Principal, id string) (Working, error) {
	var out Working
	err := w.read(ctx, who, func(c *call) error {
		s, err := c.subject(id)
		if err != nil {
			return err
		}
		if err := c.may(s, "incident.read_standing"); err != nil {
			return err
		}
		out = Working{Record: incident.Record{ID: s.record.ID, State: s.record.State, Edition: s.record.Edition},
			Revision: c.revision(s), Waiting: c.waitingToDecide(s), Can: w.abilities(c, s)}
		c.name(&out)
		return c.knownTargets(out.waits())
	})
	return out, err
}

// waitingToDecide gives what waits about the record as it was published, and nothing of a version under way.
func (c *call) waitingToDecide(s *subject) []Waits {
	kinds := []store.WaitingKind{store.WaitsHold, store.WaitsConfirm, store.WaitsWithdraw, store.WaitsMerge, store.WaitsPurge,
		store.WaitsPurgeEdition}
	if c.knowsVersion(c.facts(s)) {
		kinds = append(kinds, store.WaitsWiden)
	}
	var out []Waits
	for _, waiting := range s.waits {
		if slices.Contains(kinds, waiting.Kind) {
			out = append(out, c.waitsOf(s, waiting))
		}
	}
	return out
}

// revision gives the revision that the asker may know: of record and open version, or, for whoever may not know of one,
// of what was published alone.
func (c *call) revision(s *subject) Revision {
	if !s.published || c.knowsVersion(c.facts(s)) {
		return s.revision()
	}
	return s.publishedRevision()
}

// publishedRevision is another whenever edition, state, handling or a signature on the edition is; a version under way
// makes no difference. Ids of signatures are random: nothing can be told from it.
func (s *subject) publishedRevision() Revision {
	signed := []string{string(s.record.State), s.record.Handling.Hash()}
	for _, a := range s.signatures {
		if a.Voided == 0 {
			signed = append(signed, a.ID)
		}
	}
	text, err := json.Marshal(signed)
	if err != nil {
		panic(err) // a list of strings; cannot happen
	}
	sum := sha256.Sum256(text)
	return revisionOf(int64(s.record.Edition), int64(binary.BigEndian.Uint32(sum[:])))
}

// at demands that the caller names the revision that is there, as they or as its owner see it. What is there now is told
// as the caller may know it.
func (c *call) at(s *subject, rev Revision) error {
	now := c.revision(s)
	switch rev {
	case 0:
		return fault.New(fault.PreconditionRequired, "request.if_match_missing")
	case now, s.revision():
		return nil
	}
	return fault.New(fault.Stale, "record.stale", "given", rev.String(), "now", now.String())
}
