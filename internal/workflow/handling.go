package workflow

import (
	"context"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// What a signature on a published edition is for: the first item of its checklist.
const (
	forNarrow   = "narrow"
	forRedact   = "redact"
	forWithdraw = "withdraw"
	forMerge    = "merge"
	forHold     = "hold"
)

// atOnce lists what is in force at once and confirmed by a second person afterwards.
func atOnce() []string { return []string{forNarrow, forRedact, forHold} }

// ConfirmWithin is how soon a second person is to confirm what was restricted at once. It stays in force after that and
// is shown as overdue.
const ConfirmWithin = 72 * hour

// flagRedacted marks, in Version.Flags of a redaction, a pointer that it took out of every edition.
const flagRedacted = "redacted:"

// flagRedactedValue marks that a redaction took a value out of a list without ids.
const flagRedactedValue = "redacted_value"

// waiting gives the signatures on the current edition for one of some purposes that were not confirmed since.
func (s *subject) waiting(purposes ...string) []incident.Attestation {
	confirmed := incident.Micros(-1)
	for _, a := range s.signatures {
		if a.Kind == incident.Second && isFor(a, purposes) {
			confirmed = max(confirmed, a.At)
		}
	}
	var out []incident.Attestation
	for _, a := range s.signatures {
		if a.Kind == incident.Approve && a.Voided == 0 && isFor(a, purposes) && a.At > confirmed {
			out = append(out, a)
		}
	}
	return out
}

func isFor(a incident.Attestation, purposes []string) bool {
	return len(a.Checklist) > 0 && slices.Contains(purposes, a.Checklist[0])
}

// pending gives what waits for a second person.
func (s *subject) pending() *Pending {
	if s.open && s.version.Class == incident.HandlingChange {
		for _, a := range s.attestations {
			if a.Kind == incident.Approve && a.Voided == 0 && a.ContentHash == s.version.ContentHash {
				return &Pending{What: "widen", By: a.Person, Org: a.Org, Since: a.At}
			}
		}
	}
	waiting := s.waiting(atOnce()...)
	inForce := len(waiting) > 0
	if !inForce {
		waiting = s.waiting(forWithdraw, forMerge)
	}
	if len(waiting) == 0 {
		return nil
	}
	first := waiting[0]
	for _, a := range waiting {
		if a.At < first.At {
			first = a
		}
	}
	p := &Pending{What: first.Checklist[0], By: first.Person, Org: first.Org, Since: first.At, InForce: inForce}
	if inForce {
		p.Until = first.At + ConfirmWithin
	}
	return p
}

// signatureFor makes a signature on an edition, for a purpose.
func (w *Workflow) signatureFor(c *call, s *subject, v incident.Version, kind incident.AttestationKind, handling string, purpose ...string) (incident.Attestation, error) {
	a, err := w.attest(c, s.record.ID, v.ID, kind, v.ContentHash, handling)
	a.Checklist = purpose
	return a, err
}

// Narrow shows less, at once: of a version under way, or of a published record with all its editions. For a published
// record a second person confirms within 72 hours. Nothing that was signed is void.
func (w *Workflow) Narrow(ctx context.Context, who identity.Principal, id string, rev Revision, in HandlingChange, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionNarrow); err != nil {
			return err
		}
		if err := c.at(s, rev); err != nil {
			return err
		}
		if _, err := s.recordStep(incident.ActionNarrow); err != nil {
			return err
		}
		if !s.published {
			return w.narrowDraft(c, s, in, note)
		}
		return w.narrowPublished(c, s, in, note)
	})
}

func (w *Workflow) narrowDraft(c *call, s *subject, in HandlingChange, note string) error {
	if _, err := s.step(incident.ActionNarrow); err != nil {
		return err
	}
	h, err := c.changed(s.version.Handling, in, s.version.Body)
	if err != nil {
		return err
	}
	if err := c.narrower(h, s.version.Handling); err != nil {
		return err
	}
	s.narrowVersion(h)
	s.record.Handling = h
	change := store.Change{Action: incident.ActionNarrow, Details: words(note)}
	if s.version.ContentHash != "" {
		change.VersionTerms = s.terms
	}
	return c.append(s, change, withRecord|withVersion)
}

// narrowVersion restricts a version under way and remembers under which handling it was signed.
func (s *subject) narrowVersion(h incident.Handling) {
	before := s.version.Handling.Hash()
	if before == h.Hash() {
		return
	}
	s.version.Handling = h
	if s.version.ContentHash == "" {
		return
	}
	s.version.Flags = append(slices.Clone(s.version.Flags), flagWider+before)
	if h.HoldsNamed() && !slices.Contains(s.version.Flags, flagSensitive) {
		s.version.Flags = append(s.version.Flags, flagSensitive)
	}
}

func (w *Workflow) narrowPublished(c *call, s *subject, in HandlingChange, note string) error {
	doc, err := w.currentDoc(c, s)
	if err != nil {
		return err
	}
	docs, err := w.editionDocs(c, s)
	if err != nil {
		return err
	}
	h, err := c.changed(s.record.Handling, in, docs...)
	if err != nil {
		return err
	}
	if err := c.narrower(h, s.record.Handling); err != nil {
		return err
	}
	s.record.Handling = h
	a, err := w.signatureFor(c, s, s.current, incident.Approve, h.Hash(), forNarrow)
	if err != nil {
		return err
	}
	change := store.Change{Action: incident.ActionNarrow, Version: s.current.ID, ContentHash: s.current.ContentHash,
		Attest: []incident.Attestation{a}, Wait: c.confirmed(s, forNarrow), Details: words(note)}
	if s.record.State != incident.Held { // what is held is shown to nobody until it is let go
		if change.Views, err = w.viewsUnder(c, s, doc, h); err != nil {
			return err
		}
	}
	p := withRecord
	if s.open {
		s.narrowVersion(stricter(s.version.Handling, h))
		if change.VersionTerms = nil; s.version.ContentHash != "" {
			change.Version, change.VersionTerms = s.version.ID, s.terms
		}
		p |= withVersion
	}
	return c.append(s, change, p)
}

func (w *Workflow) currentDoc(c *call, s *subject) ([]byte, error) {
	content, err := c.tx.Content(s.current.ContentHash)
	if err != nil {
		return nil, err
	}
	return w.Schema.Upcast(content.Schema, content.Bytes)
}

// editionDocs gives what the editions of a record say, newest first, in today's shape.
func (w *Workflow) editionDocs(c *call, s *subject) ([][]byte, error) {
	versions, err := c.tx.Versions(s.record.ID)
	if err != nil {
		return nil, err
	}
	var docs [][]byte
	for _, v := range slices.Backward(versions) {
		if v.Edition == 0 || purged(v) {
			continue
		}
		content, err := c.tx.Content(v.ContentHash)
		if err != nil {
			return nil, err
		}
		doc, err := w.Schema.Upcast(content.Schema, content.Bytes)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// viewsUnder computes the views of every edition of a record under the handling that is now in force.
func (w *Workflow) viewsUnder(c *call, s *subject, doc []byte, h incident.Handling) (*store.Views, error) {
	of, err := w.views(edition{record: s.record, number: s.record.Edition, current: true, doc: doc, handling: h,
		slug: c.orgs[s.record.Owner].Slug, depth: s.record.ReviewDeep, at: s.current.Updated})
	if err != nil {
		return nil, err
	}
	sealed, err := w.sealed(c, s.record, s.record.Edition, h, nil)
	return &store.Views{Of: of, Sealed: sealed}, err
}

// Redact takes things out of a published record, at once, in every edition: those named by pointers, or, without
// pointers, those that the open draft leaves out. It makes a new edition. A second person confirms within 72 hours.
func (w *Workflow) Redact(ctx context.Context, who identity.Principal, id string, rev Revision, in RedactIn) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionRedact); err != nil {
			return err
		}
		if err := c.at(s, rev); err != nil {
			return err
		}
		if _, err := s.recordStep(incident.ActionRedact); err != nil {
			return err
		}
		if err := w.checkReason(in.Reason); err != nil {
			return err
		}
		doc, err := w.currentDoc(c, s)
		if err != nil {
			return err
		}
		removals, err := w.toRemove(c, s, doc, in.Pointers)
		if err != nil {
			return err
		}
		return w.redact(c, s, doc, removals, in)
	})
}

// toRemove tells what is to be taken out. A pointer has to lead somewhere in one edition at least.
func (w *Workflow) toRemove(c *call, s *subject, doc []byte, pointers []string) ([]removal, error) {
	if len(pointers) == 0 {
		return draftRemovals(s, doc)
	}
	docs, err := w.editionDocs(c, s)
	if err != nil {
		return nil, err
	}
	var editions []map[string]any
	for _, doc := range docs {
		root, err := tree(doc)
		if err != nil {
			return nil, err
		}
		editions = append(editions, root)
	}
	invalid := fault.New(fault.Invalid, "redact.invalid")
	var removals []removal
	for i, pointer := range pointers {
		r, ok := named(editions, pointer)
		if !ok {
			invalid.At("/pointers/"+itoa(i), "pointer.nowhere", "pointer", pointer)
		}
		removals = append(removals, r)
	}
	if len(invalid.Fields) > 0 {
		return nil, invalid
	}
	return removals, nil
}

// named turns a pointer into what it leads to in the newest edition that has it, so that the same is taken out of every
// edition: the third source of one is not the third of another. A value in a list without ids is the value, and has to
// be in the current edition, of which later views are computed.
func named(editions []map[string]any, pointer string) (removal, bool) {
	for i, root := range editions {
		r, err := removalAt(root, pointer)
		if err == nil {
			return r, r.element == nil || i == 0
		}
	}
	return removal{}, false
}

// draftRemovals gives what an open draft leaves out; it may change nothing else.
func draftRemovals(s *subject, doc []byte) ([]removal, error) {
	if !s.open || s.version.State != incident.Draft {
		return nil, fault.New(fault.Invalid, "redact.nothing").At("/pointers", "redact.nothing")
	}
	class, changes, err := incident.Class(doc, s.version.Body)
	if err != nil {
		return nil, err
	}
	if class != incident.Redaction {
		return nil, fault.New(fault.Invalid, "redact.more_than_removals", "class", string(class))
	}
	var removals []removal
	for _, change := range changes {
		removals = append(removals, removal{change.Pointer, change.Before})
	}
	return removals, nil
}

func (w *Workflow) redact(c *call, s *subject, doc []byte, removals []removal, in RedactIn) error {
	rest, err := without(w.Schema, doc, removals)
	if err != nil {
		return err
	}
	if fields := w.Schema.Validate(rest); len(fields) > 0 {
		invalid := fault.New(fault.Invalid, "redact.invalid")
		invalid.Fields = fields
		return invalid
	}
	under, drafted := *s, s.open && len(in.Pointers) > 0
	if !s.open || drafted {
		if s.version, err = w.firstVersion(c, s, incident.Redaction, nil, s.record.Handling); err != nil {
			return err
		}
	}
	content, err := w.freeze(rest)
	if err != nil {
		return err
	}
	s.version.ContentHash, s.version.Class, s.version.Body = content.Hash, incident.Redaction, []byte{}
	s.version.Handling = s.record.Handling
	s.version.State, _ = incident.NextVersion(incident.Draft, incident.ActionRedact)
	s.version.Edition, s.version.Depth, s.version.Flags = s.record.Edition+1, s.record.ReviewDeep, redacted(removals, in.Pointers)
	s.record.Edition++
	a, err := w.signatureFor(c, s, s.version, incident.Approve, s.record.Handling.Hash(), forRedact)
	if err != nil {
		return err
	}
	change := store.Change{Action: incident.ActionRedact, Content: &content, Attest: []incident.Attestation{a},
		Settle: s.lapsed(), VersionTerms: termsOf(rest), Wait: c.confirmed(s, forRedact), Details: words(in.Note, "reason", in.Reason)}
	if change.Views, err = w.redactedViews(c, s, rest, removals); err != nil {
		return err
	}
	if err := c.append(s, change, withRecord|withVersion); err != nil || !drafted {
		return err
	}
	return w.redactDraft(c, s, under, removals)
}

// redactedViews gives the views of what is left and of every earlier edition without what was taken out.
func (w *Workflow) redactedViews(c *call, s *subject, rest []byte, removals []removal) (*store.Views, error) {
	if s.record.State == incident.Held {
		return nil, nil
	}
	of, err := w.views(edition{record: s.record, number: s.record.Edition, current: true, doc: rest,
		handling: s.record.Handling, slug: c.orgs[s.record.Owner].Slug, depth: s.record.ReviewDeep, at: c.now})
	if err != nil {
		return nil, err
	}
	sealed, err := w.sealed(c, s.record, s.record.Edition, s.record.Handling, removals)
	return &store.Views{Of: of, Sealed: sealed}, err
}

// redactDraft takes the same things out of a version that was under way, so that it does not bring them back. One that
// was submitted goes back to its authors: nobody goes on reading what was taken out.
func (w *Workflow) redactDraft(c *call, s *subject, under subject, removals []removal) error {
	body, err := without(w.Schema, under.version.Body, removals)
	if err != nil {
		return err
	}
	change := store.Change{Action: incident.ActionRedact, Details: words("", "also_of_version", under.version.N)}
	if next, ok := incident.NextVersion(under.version.State, incident.ActionRecall); ok {
		under.version.State = next
		change.Void, change.Release = under.valid(""), releases(under.inHand(), "decided")
	}
	under.version.Body, under.version.Base, under.version.ContentHash = body, s.record.Edition, ""
	s.version = under.version
	return c.append(s, change, withVersion)
}

// redacted remembers what was named: pointers, and that values were, which stand only in what the editions say.
func redacted(removals []removal, named []string) []string {
	if len(named) == 0 {
		return nil
	}
	var flags []string
	for _, r := range removals {
		if r.element != nil {
			flags = append(flags, flagRedactedValue)
			continue
		}
		flags = append(flags, flagRedacted+r.pointer)
	}
	return flags
}

// byValue tells whether a redaction can only be told from what the editions around it say.
func byValue(v incident.Version) bool {
	return len(flaggedRemovals(v)) == 0 || slices.Contains(v.Flags, flagRedactedValue)
}

// flaggedRemovals gives the pointers that a redaction named.
func flaggedRemovals(v incident.Version) []removal {
	var out []removal
	for _, flag := range v.Flags {
		if pointer, ok := strings.CutPrefix(flag, flagRedacted); ok {
			out = append(out, removal{pointer: pointer})
		}
	}
	return out
}

// Confirm is the second signature under what was restricted at once.
func (w *Workflow) Confirm(ctx context.Context, who identity.Principal, id string, rev Revision, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		waiting := s.waiting(atOnce()...)
		if err := c.may(s, incident.ActionConfirm); err != nil {
			return err
		}
		if err := c.at(s, rev); err != nil {
			return err
		}
		if _, err := s.recordStep(incident.ActionConfirm); err != nil {
			return err
		}
		if len(waiting) == 0 {
			return fault.New(fault.Conflict, "confirm.nothing")
		}
		purpose := waiting[len(waiting)-1].Checklist[0]
		a, err := w.signatureFor(c, s, s.current, incident.Second, s.record.Handling.Hash(), purpose)
		if err != nil {
			return err
		}
		return c.append(s, store.Change{Action: incident.ActionConfirm, Version: s.current.ID,
			ContentHash: s.current.ContentHash, Attest: []incident.Attestation{a},
			Settle: []store.WaitingKind{store.WaitsConfirm}, Details: words(note, "of", purpose)}, withRecord)
	})
}

// signatureFacts are the facts about a published edition and the signatures of one purpose on it. Who signed under a
// handling that was since narrowed further still signed.
func (c *call) signatureFacts(s *subject, signatures []incident.Attestation) policies.Facts {
	f := c.publishedFacts(s)
	f.Class, f.Attestations = incident.HandlingChange, signatures
	for _, a := range signatures {
		f.Wider = append(f.Wider, a.HandlingHash)
	}
	return f
}

// Widen shows more of a published record. The owner's focal point proposes a handling, which is the new consent; two
// publishers of other organizations sign; with the last signature it is a new edition.
func (w *Workflow) Widen(ctx context.Context, who identity.Principal, id string, rev Revision, in HandlingChange, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		d := c.decide(s, incident.ActionWiden, c.factsOn(s, incident.ActionWiden))
		if !d.Allowed && !d.Partly {
			return d.Fault("incident")
		}
		if err := c.at(s, rev); err != nil {
			return err
		}
		if _, err := s.recordStep(incident.ActionWiden); err != nil {
			return err
		}
		if c.who.Org == s.record.Owner {
			return w.proposeWider(c, s, in, note)
		}
		return w.agreeWider(c, s, d.Partly, note)
	})
}

func (w *Workflow) proposeWider(c *call, s *subject, in HandlingChange, note string) error {
	if s.open {
		return fault.New(fault.Conflict, "version.open_exists")
	}
	content, err := c.tx.Content(s.current.ContentHash)
	if err != nil {
		return err
	}
	body, doc, err := w.parse(content)
	if err != nil {
		return err
	}
	docs, err := w.editionDocs(c, s)
	if err != nil {
		return err
	}
	h, err := c.changed(s.record.Handling, in, docs...)
	if err != nil {
		return err
	}
	if h.Within(s.record.Handling) {
		return fault.New(fault.Invalid, "handling.not_wider").At("/handling", "handling.not_wider")
	}
	if s.version, err = w.firstVersion(c, s, incident.HandlingChange, doc, h); err != nil {
		return err
	}
	s.version.ContentHash, s.version.Submitted, s.version.Round = content.Hash, c.now, 1
	s.version.State, _ = incident.NextVersion(incident.Draft, incident.ActionSubmit)
	s.version.Flags = submittedFlags(body, nil, s.version)
	s.open = true
	consent, err := w.attest(c, s.record.ID, s.version.ID, incident.Consent, content.Hash, h.Hash())
	if err != nil {
		return err
	}
	return c.append(s, store.Change{Action: incident.ActionWiden, Attest: []incident.Attestation{consent},
		VersionTerms: submittedTerms(body), Wait: []store.Waiting{c.waits(s, store.WaitsWiden, 0, "")},
		Details: words(note)}, withRecord|withVersion)
}

func (w *Workflow) agreeWider(c *call, s *subject, partly bool, note string) error {
	if !s.open || s.version.Class != incident.HandlingChange {
		return fault.New(fault.Conflict, "widen.no_proposal")
	}
	next, err := s.step(incident.ActionWiden)
	if err != nil {
		return err
	}
	f := c.facts(s)
	a, err := w.attest(c, s.record.ID, s.version.ID, incident.Approve, s.version.ContentHash, f.HandlingHash)
	if err != nil {
		return err
	}
	f.Attestations = append(slices.Clone(s.attestations), a)
	if err := consented(f); err != nil {
		return err
	}
	met, lacking := c.rules.Quorum(f.Class, f.Sensitive).MetBy(f)
	change := store.Change{Action: incident.ActionWiden, Attest: []incident.Attestation{a}, Details: words(note)}
	switch {
	case partly || !met && onlyApprovals(lacking):
		return c.append(s, change, withVersion)
	case !met:
		return unmet(lacking)
	}
	return w.toEdition(c, s, publishPlan{}, f, next, change)
}
