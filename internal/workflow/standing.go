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
	"bioincident/policies"
	"bioincident/schema"
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
		revision, err := c.revision(s)
		if err != nil {
			return err
		}
		out = Working{Record: incident.Record{ID: s.record.ID, State: s.record.State, Edition: s.record.Edition},
			Revision: revision, Waiting: c.waitingToDecide(s), Can: w.abilities(c, s)}
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
func (c *call) revision(s *subject) (Revision, error) {
	if !s.published || c.knowsVersion(c.facts(s)) {
		return s.revision(), nil
	}
	return c.publishedRevision(s)
}

// publishedRevision is another whenever edition, state, what the asker sees of the record or a signature on the edition is.
// A version under way makes no difference, nor does what the handling says of others: whom the owner excluded, who else is
// named, until when it may not be published, and which things of those that the asker is not shown are raised. Ids of
// signatures are random: nothing can be told from them.
func (c *call) publishedRevision(s *subject) (Revision, error) {
	seen, err := c.seen(s)
	if err != nil {
		return 0, err
	}
	signed := []string{string(s.record.State), seen}
	for _, a := range s.signatures {
		if a.Voided == 0 {
			signed = append(signed, a.ID)
		}
	}
	text, err := json.Marshal(signed)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(text)
	return revisionOf(int64(s.record.Edition), int64(binary.BigEndian.Uint32(sum[:]))), nil
}

// seen gives the hash of the view that the asker is given.
func (c *call) seen(s *subject) (string, error) {
	r := s.record
	tier, _ := policies.AudienceOf(c.who).Tier(r.Handling.Marking, r.Owner, r.Handling.Recipients)
	for {
		view, ok, err := c.tx.View(tier, r.ID, 0)
		if err != nil || ok || tier == schema.Public {
			return view.Hash, err
		}
		tier--
	}
}

// at demands that the caller names the revision that is there, as they or as its owner see it. What is there now is told
// as the caller may know it.
func (c *call) at(s *subject, rev Revision) error {
	if rev == 0 {
		return fault.New(fault.PreconditionRequired, "request.if_match_missing")
	}
	now, err := c.revision(s)
	if err != nil || rev == now || rev == s.revision() {
		return err
	}
	return fault.New(fault.Stale, "record.stale", "given", rev.String(), "now", now.String())
}
