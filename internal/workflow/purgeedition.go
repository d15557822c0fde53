package workflow

import (
	"context"
	"slices"
	"strconv"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/policies"
	"bioincident/schema"
)

const forPurgeEdition = "purge_edition"

// flagPurged marks, in Version.Flags, a version whose text was destroyed.
const flagPurged = "purged"

func purged(v incident.Version) bool { return slices.Contains(v.Flags, flagPurged) }

// PurgeEdition destroys what one earlier edition of a record says, with its salts: every round of its content, its views,
// comments and reasons. It cannot be undone. The edition stays in the list of editions and says that it was destroyed; the
// log goes on to verify. As with Purge two publishers of other organizations sign, for the same reason, and each names
// the edition twice, as BID-7K3M-9Q2X@2. What was purged already stays so.
func (w *Workflow) PurgeEdition(ctx context.Context, who identity.Principal, id string, number int, confirm, reason string) (Working, error) {
	destroyed := false
	working, err := w.command(ctx, who, id, func(c *call, s *subject) error {
		f := c.purgeEditionFacts(s, number)
		if err := c.mayWith(s, incident.ActionPurge, f); err != nil {
			return err
		}
		if _, err := s.recordStep(incident.ActionPurge); err != nil || s.record.Purged != 0 {
			return err
		}
		if confirm != id+"@"+itoa(number) {
			return fault.New(fault.Invalid, "purge.confirm_edition").At("/confirm", "purge.confirm_edition")
		}
		if err := w.checkReason(reason); err != nil {
			return err
		}
		versions, err := c.tx.Versions(s.record.ID)
		if err != nil {
			return err
		}
		v, err := purgeable(s, versions, number)
		if err != nil || purged(v) {
			return err
		}
		if destroyed, err = w.signPurgeEdition(c, s, f, number, reason); err != nil || !destroyed {
			return err
		}
		return w.purgeEdition(c, s, v, reason)
	})
	if err == nil && destroyed {
		working.Warnings = []Warning{{Code: "purge.elsewhere"}}
	}
	return working, err
}

// purgeEditionFacts are those of the record as it stands, with the signatures under this very purge.
func (c *call) purgeEditionFacts(s *subject, number int) policies.Facts {
	f := c.publishedFacts(s)
	if !s.published {
		f = c.facts(s)
	}
	f.Class, f.Attestations = incident.HandlingChange, nil
	for _, a := range s.signatures {
		if a.Voided == 0 && isFor(a, []string{forPurgeEdition}) && a.Checklist[2] == itoa(number) {
			f.Attestations, f.Wider = append(f.Attestations, a), append(f.Wider, a.HandlingHash)
		}
	}
	return f
}

// purgeable gives the version of an edition that can be destroyed alone: one below the current, on which nothing rests.
func purgeable(s *subject, versions []incident.Version, number int) (incident.Version, error) {
	at := slices.IndexFunc(versions, func(v incident.Version) bool { return v.Edition == number && number > 0 })
	if at < 0 {
		return incident.Version{}, fault.New(fault.Invalid, "purge.no_edition", "edition", number).At("/edition", "purge.no_edition", "edition", number)
	}
	v := versions[at]
	refuse := func(code string, edition int) (incident.Version, error) {
		return v, fault.New(fault.Conflict, code, "edition", edition)
	}
	switch {
	case number == s.record.Edition:
		return refuse("purge.current_edition", number)
	case s.open && s.version.Base == number:
		return refuse("purge.edition_in_use", number)
	}
	earliest := number
	for _, other := range versions {
		switch {
		case other.ID != v.ID && other.ContentHash == v.ContentHash && v.ContentHash != "" && !purged(other):
			return refuse("purge.same_text", other.Edition)
		case other.Edition > 0 && !purged(other):
			earliest = min(earliest, other.Edition)
		}
	}
	for _, other := range versions { // what such a redaction took out can only be told from what is to be destroyed
		if other.Class == incident.Redaction && byValue(other) && earliest < number &&
			(other.Edition == number || other.Edition > number && other.Base == number) {
			return refuse("purge.earlier_first", earliest)
		}
	}
	return v, nil
}

// signPurgeEdition tells whether the signatures are complete with this one. They stand on the current edition: another one
// voids them.
func (w *Workflow) signPurgeEdition(c *call, s *subject, f policies.Facts, number int, reason string) (bool, error) {
	for _, a := range f.Attestations {
		if a.Checklist[1] != reason {
			return false, fault.New(fault.Conflict, "workflow.other_reason", "reason", a.Checklist[1])
		}
	}
	a, err := w.signatureFor(c, s, s.current, incident.Approve, f.HandlingHash, forPurgeEdition, reason, itoa(number))
	if err != nil {
		return false, err
	}
	f.Attestations = append(f.Attestations, a)
	met, lacking := c.rules.Quorum(incident.HandlingChange, false).MetBy(f)
	if !met && !onlyApprovals(lacking) {
		return false, unmet(lacking)
	}
	change := store.Change{Action: actionPurgeSigned, Version: s.current.ID, ContentHash: s.current.ContentHash,
		Attest: []incident.Attestation{a}}
	if met {
		change.Settle = []store.WaitingKind{store.WaitsPurgeEdition}
	} else {
		change.Wait = []store.Waiting{c.waits(s, store.WaitsPurgeEdition, 0, strconv.Itoa(number))}
	}
	return met, c.append(s, change, withRecord)
}

func (w *Workflow) purgeEdition(c *call, s *subject, v incident.Version, reason string) error {
	v.Flags, v.Body = append(slices.Clone(v.Flags), flagPurged), []byte{}
	change := store.Change{Action: ledger.ActionPurgeEdition, Subject: s.record.ID, Version: v.ID, Version_: &v, PurgeVersion: v.ID,
		Details: words("", "reason", reason, "edition", v.Edition)}
	if s.record.State == incident.Live { // what is held comes back without it
		doc, err := w.currentDoc(c, s)
		if err != nil {
			return err
		}
		c.purging = v.ID
		if change.Views, err = w.viewsUnder(c, s, doc, s.record.Handling); err != nil {
			return err
		}
	}
	record := s.record
	change.Record = &record
	return c.wtx.Append(change)
}

// purgedViews say at each tier that was shown an edition that it was destroyed.
func (c *call) purgedViews(record incident.Record, v incident.Version, h incident.Handling) []store.StoredView {
	var out []store.StoredView
	for _, tier := range []schema.Tier{schema.Public, schema.Members, schema.Named} {
		if tier < h.Marking || tier == schema.Named && h.Marking != schema.Named {
			continue
		}
		out = append(out, store.StoredView{Tier: tier, No: record.No, Record: record.ID, Edition: v.Edition, Owner: record.Owner,
			Recipients: h.Recipients, Published: v.Updated, Tombstone: tombstonePurged})
	}
	return out
}

const tombstonePurged = "purged"
