package workflow

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
	"bioincident/schema"
)

// subject is a record with everything a command about it needs, read from the rows just locked.
type subject struct {
	record incident.Record

	open         bool
	version      incident.Version // the open one
	kept         incident.Version // the same as it is stored
	terms        map[string][]string
	attestations []incident.Attestation
	assignments  []incident.Assignment

	published    bool
	current      incident.Version // of the current edition
	currentTerms map[string][]string
	signatures   []incident.Attestation // on the current edition, and on earlier ones what waits or waited for a second
	trusted      []incident.Assignment  // of the current edition: who decides about it while it is quarantined

	standing bool // the owner consented ahead
	waits    []store.Waiting
}

// Codes in Version.Flags that are not codes of checks.
const (
	flagSensitive = "sensitive"
	flagWider     = "handling.was:" // followed by the hash of a handling that was signed and is now narrower
	flagImport    = "import."       // codes of an importer
	flagDeclined  = "declined_by:"  // followed by the person
	flagAppealed  = "appealed"
)

// subject locks a record and reads what belongs to it. A record that does not exist is answered as one that the asker
// may not know of. The number of statements does not depend on what there is.
func (c *call) subject(id string) (*subject, error) {
	if incident.CheckID(id) != nil {
		return nil, notFound()
	}
	found, err := c.subjects([]string{id})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, notFound()
	}
	return found[0], nil
}

// subjects locks records, at most 100, in the order of their ids, and reads what belongs to them in a few statements.
// Records that do not exist are left out.
func (c *call) subjects(ids []string) ([]*subject, error) {
	return c.subjectsOf(ids, c.tx.OpenVersions)
}

// heads is subjects without the working copies that were submitted, for steps that decide about what is frozen. One
// without registered terms is read whole: it is decided by the terms of its body.
func (c *call) heads(ids []string) ([]*subject, error) {
	subjects, err := c.subjectsOf(ids, c.tx.OpenHeads)
	for _, s := range subjects {
		if !s.open || s.terms != nil || s.version.State.Editable() {
			continue
		}
		if s.version, err = c.tx.Version(s.version.ID); err != nil {
			return nil, err
		}
		s.kept = s.version
	}
	return subjects, err
}

func (c *call) subjectsOf(ids []string, opened func([]string) (map[string]incident.Version, error)) ([]*subject, error) {
	records, err := c.lock(ids)
	if err != nil {
		return nil, err
	}
	open, err := opened(ids)
	if err != nil {
		return nil, err
	}
	current, err := c.tx.EditionVersions(ids)
	if err != nil {
		return nil, err
	}
	versions := make([]string, 0, 2*len(ids))
	for _, id := range ids {
		versions = append(versions, open[id].ID, current[id].ID)
	}
	terms, err := c.tx.VersionTermsOf(versions)
	if err != nil {
		return nil, err
	}
	attestations, err := c.tx.AttestationsOn(ids)
	if err != nil {
		return nil, err
	}
	assignments, err := c.tx.AssignmentsOf(versions)
	if err != nil {
		return nil, err
	}
	waits, err := c.tx.WaitingOf(ids)
	if err != nil {
		return nil, err
	}
	subjects := make([]*subject, len(records))
	for i, record := range records {
		s := &subject{record: record, waits: waits[record.ID]}
		if s.version, s.open = open[record.ID]; s.open {
			s.kept = s.version
			s.terms = terms[s.version.ID]
			s.attestations, s.assignments = attestations[s.version.ID], assignments[s.version.ID]
		}
		if s.current, s.published = current[record.ID]; s.published {
			s.currentTerms, s.signatures, s.trusted = terms[s.current.ID], attestations[s.current.ID], assignments[s.current.ID]
		}
		subjects[i] = s
	}
	addRestrictions(subjects, attestations)
	return subjects, nil
}

// addRestrictions adds what was restricted at once while an earlier edition was the current one: another edition does not
// confirm it.
func addRestrictions(subjects []*subject, attestations map[string][]incident.Attestation) {
	of := map[string]*subject{}
	for _, s := range subjects {
		if s.published {
			of[s.record.ID] = s
		}
	}
	for version, signed := range attestations {
		for _, a := range signed {
			if s := of[a.Record]; s != nil && version != s.current.ID && isFor(a, atOnce()) {
				s.signatures = append(slices.Clip(s.signatures), a)
			}
		}
	}
	for _, s := range of {
		slices.SortStableFunc(s.signatures, func(a, b incident.Attestation) int {
			return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.ID, b.ID))
		})
	}
}

func (c *call) lock(ids []string) ([]incident.Record, error) {
	if c.wtx != nil {
		return c.wtx.LockRecords(ids)
	}
	found, err := c.tx.Records(ids)
	if err != nil {
		return nil, err
	}
	sorted := slices.Compact(slices.Sorted(slices.Values(ids)))
	records := make([]incident.Record, 0, len(found))
	for _, id := range sorted {
		if record, ok := found[id]; ok {
			records = append(records, record)
		}
	}
	return records, nil
}

func notFound() error { return fault.New(fault.NotFound, "incident.not_found") }

// facts gives what policies decides by. What was never submitted has no stored terms: they are told from its body. While
// changes are made, those who review still decide by what was submitted.
func (c *call) facts(s *subject) policies.Facts {
	f := c.publishedFacts(s)
	if !s.open {
		return f
	}
	v := s.version
	if s.terms == nil {
		s.terms = termsOf(v.Body)
	}
	f.VersionState, f.Class, f.Sensitive = v.State, v.Class, slices.Contains(v.Flags, flagSensitive)
	f.Terms, f.Authors, f.Excluded = s.terms, v.Authors, v.Handling.Excluded
	f.Attestations, f.Assignments = s.attestations, s.assignments
	f.ContentHash, f.HandlingHash, f.Wider = v.ContentHash, v.Handling.Hash(), flagged(v, flagWider)
	f.Decliners = flagged(v, flagDeclined)
	f.Marking = v.Handling.Marking
	if s.published {
		// Whoever may not know of the record as it stands learns nothing from a version that would show more.
		f.Marking = max(f.Marking, s.record.Handling.Marking)
	}
	return f
}

// publishedFacts gives the facts as they are for whoever does not know of an open version.
func (c *call) publishedFacts(s *subject) policies.Facts {
	r := s.record
	f := policies.Facts{
		Record: r.ID, Owner: r.Owner, RecordState: r.State, Marking: r.Handling.Marking, Recipients: r.Handling.Recipients,
		Excluded: r.Handling.Excluded, StandingConsent: s.standing,
		OwnerSuspended: c.orgs[r.Owner].Status != identity.Active,
		Quarantined:    r.Quarantined != 0,
	}
	if s.published {
		f.Terms, f.ContentHash, f.HandlingHash = s.currentTerms, s.current.ContentHash, r.Handling.Hash()
		f.Assignments = s.trusted
	}
	return f
}

// flagged gives what follows a prefix in the flags of a version.
func flagged(v incident.Version, prefix string) []string {
	var values []string
	for _, flag := range v.Flags {
		if value, ok := strings.CutPrefix(flag, prefix); ok {
			values = append(values, value)
		}
	}
	return values
}

// termsOf gives the terms of a working copy; none of one that cannot be read.
func termsOf(body []byte) map[string][]string {
	var parsed incident.Body
	if json.Unmarshal(body, &parsed) != nil {
		return map[string][]string{}
	}
	return incident.ScopeTerms(parsed)
}

// decide asks policies about an action on a subject. A refusal of someone who does not know of the open version is the
// refusal they would have got without one.
func (c *call) decide(s *subject, action string, f policies.Facts) policies.Decision {
	d := c.rules.Decide(c.who, action, f)
	if d.Allowed || d.Partly || f.VersionState == "" || c.knowsVersion(f) {
		return d
	}
	without := c.rules.Decide(c.who, action, c.publishedFacts(s))
	if without.Allowed {
		return policies.Decision{NotFound: true}
	}
	return without
}

func (c *call) knowsVersion(f policies.Facts) bool {
	for _, action := range []string{"incident.read_work", "incident.read_card", "incident.read_head"} {
		if c.rules.Decide(c.who, action, f).Allowed {
			return true
		}
	}
	return c.who.Operator || c.writesFor(f.Owner)
}

// writesFor tells whether the asker writes for an organization: its other people know what it published, not what it
// works at.
func (c *call) writesFor(owner string) bool {
	return c.who.Org != "" && c.who.Org == owner && (c.who.Has(identity.Contributor) || c.who.Has(identity.FocalPoint))
}

// factsOn gives the facts that an action is decided by. What is done with a published record as it stands does not depend
// on a version under way: whoever may not know of one must not notice it.
func (c *call) factsOn(s *subject, action string) policies.Facts {
	switch action {
	case incident.ActionConfirm: // who restricted it, under whichever edition, is like its author
		waiting := s.waiting(atOnce()...)
		f := c.signatureFacts(s, waiting)
		for _, a := range waiting {
			f.Authors = append(f.Authors, a.Person)
		}
		return f
	case incident.ActionWithdraw:
		return c.signatureFacts(s, s.waiting(forWithdraw))
	case incident.ActionMerge:
		return c.signatureFacts(s, s.waiting(forMerge))
	case incident.ActionNarrow, incident.ActionRedact:
		if s.published {
			return c.publishedFacts(s)
		}
	case incident.ActionWiden:
		if s.open && s.version.Class != incident.HandlingChange {
			return c.publishedFacts(s)
		}
	case incident.ActionPurge:
		return c.purgeFacts(s)
	case incident.ActionLift: // who held it is like its author: another person lets it go
		f := c.publishedFacts(s)
		if hold, ok := s.waitsFor(store.WaitsHold); ok {
			f.Authors = []string{hold.Person}
		}
		return f
	case "incident.read", "incident.read_standing", "incident.consent_ahead", "incident.revoke_consent", incident.ActionHold, incident.ActionNote, incident.ActionEndNote:
		return c.publishedFacts(s)
	}
	return c.facts(s)
}

// may is decide as an error: NotFound incident.not_found or Forbidden.
func (c *call) may(s *subject, action string) error {
	return c.mayWith(s, action, c.factsOn(s, action))
}

func (c *call) mayWith(s *subject, action string, f policies.Facts) error {
	return c.decide(s, action, f).Fault("incident")
}

// revision gives the revision of a subject.
func (s *subject) revision() Revision {
	if s.open {
		return revisionOf(s.record.Revision, s.version.Revision)
	}
	return revisionOf(s.record.Revision, 0)
}

// at demands that the caller names the revision that is there.
func (s *subject) at(rev Revision) error {
	switch rev {
	case 0:
		return fault.New(fault.PreconditionRequired, "request.if_match_missing")
	case s.revision():
		return nil
	}
	return fault.New(fault.Stale, "record.stale", "given", rev.String(), "now", s.revision().String())
}

// step gives the state of the open version after an action; the fault is Conflict workflow.state.
func (s *subject) step(action string) (incident.VersionState, error) {
	if !s.open {
		return "", fault.New(fault.Conflict, "workflow.no_open_version", "action", action)
	}
	next, ok := incident.NextVersion(s.version.State, action)
	if !ok {
		return "", fault.New(fault.Conflict, "workflow.state", "action", action, "state", string(s.version.State))
	}
	return next, nil
}

// recordStep gives the state of the record after an action; the fault is Conflict workflow.record_state.
func (s *subject) recordStep(action string) (incident.RecordState, error) {
	next, ok := incident.NextRecord(s.record.State, action)
	if !ok {
		return "", fault.New(fault.Conflict, "workflow.record_state", "action", action, "state", string(s.record.State))
	}
	return next, nil
}

// inHand gives the assignments that are not released.
func (s *subject) inHand() []incident.Assignment {
	assignments := s.assignments
	if !s.open {
		assignments = s.trusted
	}
	return slices.DeleteFunc(slices.Clone(assignments), func(a incident.Assignment) bool { return a.Released != 0 })
}

// valid gives the ids of the attestations that still count, except those over this content.
func (s *subject) valid(exceptContent string) []string {
	var ids []string
	for _, a := range s.attestations {
		if a.Voided == 0 && a.ContentHash != exceptContent {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// stricter gives the handling under which nobody sees more than under either.
func stricter(a, b incident.Handling) incident.Handling {
	h := incident.Handling{Marking: max(a.Marking, b.Marking), NotBefore: max(a.NotBefore, b.NotBefore),
		Excluded: b.Excluded, Attribution: stricterAttribution(a.Attribution, b.Attribution)}
	for _, tiers := range []map[string]schema.Tier{a.Tiers, b.Tiers} {
		for name, tier := range tiers {
			if h.Tiers == nil {
				h.Tiers = map[string]schema.Tier{}
			}
			h.Tiers[name] = max(h.Tiers[name], tier)
		}
	}
	for _, org := range a.Recipients {
		if slices.Contains(b.Recipients, org) {
			h.Recipients = append(h.Recipients, org)
		}
	}
	return h
}

func stricterAttribution(a, b string) string {
	within := func(x, y string) bool {
		return incident.Handling{Attribution: x}.Within(incident.Handling{Attribution: y})
	}
	switch {
	case within(a, b):
		return a
	case within(b, a):
		return b
	}
	return incident.AttributionOnBehalf
}
