package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// MostWeeksAhead is how far ahead a focal point may consent to situation updates.
const MostWeeksAhead = 12

const (
	second = incident.Micros(1_000_000)
	hour   = 3600 * second
	week   = 7 * 24 * hour
)

// submitPlan is what submitting a working copy comes to: the frozen content, its class, its terms, what the checks found.
// It is made of the version alone and can be made outside of the transaction; it holds for exactly that version.
type submitPlan struct {
	version  string
	revision int64
	content  incident.Content // with the hash of the content before when nothing changed: then signatures stand
	same     bool
	class    incident.ChangeClass
	terms    map[string][]string
	flags    []string
	external []incident.ExternalID
	findings []incident.Finding
	nothing  bool // neither content nor handling differs from the edition it started from
}

// planSubmit freezes a working copy. Before is the content that was submitted last, or its zero value; base is that of
// the edition the version started from, or nil; handling is the one in force for the record.
func (w *Workflow) planSubmit(v incident.Version, before incident.Content, base []byte, handling incident.Handling) (submitPlan, error) {
	plan := submitPlan{version: v.ID, revision: v.Revision, class: incident.Initial}
	var body incident.Body
	if err := json.Unmarshal(v.Body, &body); err != nil {
		return plan, unreadable(err)
	}
	if fields := w.Schema.Validate(v.Body); len(fields) > 0 { // a schema or a vocabulary may have grown stricter since
		invalid := fault.New(fault.Invalid, "body.invalid", "count", len(fields))
		invalid.Fields = fields
		return plan, invalid
	}
	plan.findings = w.Checks.ForSubmit(body, v.Body)
	var err error
	if plan.same = before.Hash != "" && bytes.Equal(before.Bytes, v.Body) && before.Schema == w.Schema.Version(); plan.same {
		plan.content = before
	} else if plan.content, err = w.freeze(v.Body); err != nil {
		return plan, err
	}
	if base != nil {
		if plan.class, err = classify(base, v.Body, v.Handling, handling); err != nil {
			return plan, err
		}
		plan.nothing = bytes.Equal(base, v.Body) && v.Handling.Hash() == handling.Hash()
	}
	plan.terms = submittedTerms(body)
	plan.flags = submittedFlags(body, plan.findings, v)
	plan.external = sourceRows(body)
	return plan, nil
}

func (w *Workflow) freeze(body []byte) (incident.Content, error) {
	salt, err := w.draw(incident.SaltLength)
	if err != nil {
		return incident.Content{}, err
	}
	return incident.NewContent(w.Schema.Version(), body, salt)
}

// submittedTerms are the terms that grants and cards look at: scope, and the languages one has to read.
func submittedTerms(body incident.Body) map[string][]string {
	terms := maps.Clone(incident.ScopeTerms(body))
	for _, text := range []incident.Text{body.Narrative.Summary, body.Narrative.Members} {
		for _, language := range incident.Languages() {
			if _, ok := text.In[language]; ok && !slices.Contains(terms["language"], language) {
				terms["language"] = append(terms["language"], language)
			}
		}
	}
	return terms
}

// submittedFlags are the codes of what a person must look at: an importer's, why the record never goes in bulk, and
// whether it is sensitive.
func submittedFlags(body incident.Body, findings []incident.Finding, v incident.Version) []string {
	flags := lasting(v.Flags)
	for _, bar := range incident.BulkBar(body, findings, v.Handling) {
		if !slices.Contains(flags, bar) {
			flags = append(flags, bar)
		}
	}
	if incident.Sensitive(body, v.Handling) {
		flags = append(flags, flagSensitive)
	}
	return flags
}

// Submit sends the working copy to be reviewed. Done by the focal point it is the owner's consent to exactly these bytes
// and this handling. Blocking findings of the checks refuse, every field named.
func (w *Workflow) Submit(ctx context.Context, who identity.Principal, id string, rev Revision, note string) (Working, error) {
	var warnings []Warning
	working, err := w.command(ctx, who, id, func(c *call, s *subject) error {
		if !c.writesFor(s.record.Owner) { // whoever may not know of the draft must not cause the work of planning it
			if err := c.may(s, incident.ActionSubmit); err != nil {
				return err
			}
		}
		plan, planErr, err := w.planSubmitHere(c, s)
		if err != nil {
			return err
		}
		if err := c.maySubmit(s, plan); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		if planErr != nil {
			return planErr
		}
		if err := w.submitOne(c, s, plan, note); err != nil {
			return err
		}
		warnings = c.nobody(s)
		return nil
	})
	working.Warnings = warnings
	return working, err
}

// planSubmitHere makes the plan inside the transaction. What is wrong with the body is told apart (planErr): it is said
// after the decision, and only to whoever may submit.
func (w *Workflow) planSubmitHere(c *call, s *subject) (plan submitPlan, planErr, err error) {
	if !s.open {
		return submitPlan{terms: s.currentTerms}, nil, nil
	}
	before, base, err := w.bodiesBefore(c.tx, s.record.ID, s.version)
	if err != nil {
		return submitPlan{}, nil, err
	}
	plan, planErr = w.planSubmit(s.version, before, base, s.record.Handling)
	if plan.terms == nil {
		plan.terms = termsOf(s.version.Body)
	}
	s.standing, err = c.consentedAhead(s)
	return plan, planErr, err
}

// bodiesBefore gives what was submitted last and the content of the edition a version started from, in today's shape.
func (w *Workflow) bodiesBefore(tx *store.Tx, record string, v incident.Version) (before incident.Content, base []byte, err error) {
	if v.ContentHash != "" {
		if before, err = tx.Content(v.ContentHash); err != nil {
			return before, nil, err
		}
	}
	if v.Base == 0 {
		return before, nil, nil
	}
	content, _, err := tx.EditionContent(record, v.Base)
	if err != nil {
		return before, nil, err
	}
	base, err = w.Schema.Upcast(content.Schema, content.Bytes)
	return before, base, err
}

func (c *call) consentedAhead(s *subject) (bool, error) {
	_, ok, err := c.tx.StandingConsent(s.record.Owner, s.record.ID, c.now)
	return ok, err
}

// maySubmit decides with the facts of what would be submitted.
func (c *call) maySubmit(s *subject, plan submitPlan) error {
	f := c.facts(s)
	f.Terms = plan.terms
	if plan.class != "" {
		f.Class = plan.class
	}
	f.StandingConsent = s.standing
	return c.mayWith(s, incident.ActionSubmit, f)
}

// submitOne submits by a plan made of this very version. It decides, and appends one change.
func (w *Workflow) submitOne(c *call, s *subject, plan submitPlan, note string) error {
	if err := c.maySubmit(s, plan); err != nil {
		return err
	}
	next, err := s.step(incident.ActionSubmit)
	if err != nil {
		return err
	}
	if plan.version != s.version.ID || plan.revision != s.version.Revision {
		return fault.New(fault.Stale, "record.stale")
	}
	if incident.Blocking(plan.findings, overridable(plan.findings)) {
		return refusedByChecks("checks.refuse_submit", plan.findings, nil)
	}
	if s.published && s.version.Base != s.record.Edition {
		return fault.New(fault.Conflict, "version.base_moved", "base", s.version.Base, "edition", s.record.Edition)
	}
	if plan.nothing {
		return fault.New(fault.Invalid, "version.changes_nothing")
	}
	consent, err := w.consent(c, s, plan.content.Hash)
	if err != nil {
		return err
	}
	change := store.Change{Action: incident.ActionSubmit, Details: words(note), Attest: []incident.Attestation{consent},
		VersionTerms: plan.terms, ContentHash: plan.content.Hash}
	if !plan.same {
		change.Content = &plan.content
	}
	change.Void = append(s.valid(plan.content.Hash), s.consents(plan.content.Hash)...)
	p := withVersion
	if !s.published && s.version.Revision > 1 { // the row id may have been edited since the record was created
		change.ExternalIDs = plan.external
		p |= withRecord
	}
	s.version.State = c.afterSubmit(s, next)
	s.version.ContentHash, s.version.Class = plan.content.Hash, plan.class
	s.version.Flags, s.version.Submitted = plan.flags, c.now
	s.version.Round++
	s.terms = plan.terms
	s.attestations = append(standing(s.attestations, change.Void, c.now), consent)
	return c.append(s, change, p)
}

// afterSubmit: whoever has a version in hand for review keeps it from round to round.
func (c *call) afterSubmit(s *subject, next incident.VersionState) incident.VersionState {
	for _, a := range s.inHand() {
		if a.Duty != incident.ReviewDuty {
			continue
		}
		if again, ok := incident.NextVersion(next, incident.ActionClaim); ok {
			return again
		}
	}
	return next
}

// consents gives the consents over this content that still count: a new one takes their place.
func (s *subject) consents(content string) []string {
	var ids []string
	for _, a := range s.attestations {
		if a.Voided == 0 && a.Kind == incident.Consent && a.ContentHash == content {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// standing gives the attestations as they are after some were voided.
func standing(attestations []incident.Attestation, void []string, now incident.Micros) []incident.Attestation {
	out := slices.Clone(attestations)
	for i := range out {
		if slices.Contains(void, out[i].ID) {
			out[i].Voided = now
		}
	}
	return out
}

// consent makes the owner's attestation. A contributor submits under the consent that a focal point gave ahead, in that
// person's name; the checklist names it.
func (w *Workflow) consent(c *call, s *subject, content string) (incident.Attestation, error) {
	a, err := w.attest(c, s.record.ID, s.version.ID, incident.Consent, content, s.version.Handling.Hash())
	if err != nil || c.who.Has(identity.FocalPoint) {
		return a, err
	}
	ahead, ok, err := c.tx.StandingConsent(s.record.Owner, s.record.ID, c.now)
	if err != nil {
		return a, err
	}
	if !ok {
		return a, fault.New(fault.Forbidden, "policy.role", "need", []string{string(identity.FocalPoint)})
	}
	a.Person, a.Checklist = ahead.Person, []string{"consent_ahead", ahead.ID}
	return a, nil
}

func (w *Workflow) attest(c *call, record, version string, kind incident.AttestationKind, content, handling string) (incident.Attestation, error) {
	id, err := w.newID()
	return incident.Attestation{ID: id, Kind: kind, Record: record, Version: version, ContentHash: content,
		HandlingHash: handling, Person: c.who.Person, Org: c.who.Org, At: c.now}, err
}

// overridable gives the codes that a reviewer may override: they do not stand in the way of submitting.
func overridable(findings []incident.Finding) []string {
	var codes []string
	for _, f := range findings {
		if f.Level == incident.Override {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

// refusedByChecks names every finding that stands in the way.
func refusedByChecks(code string, findings []incident.Finding, overridden []string) error {
	refused := fault.New(fault.Invalid, code)
	for _, f := range findings {
		if incident.Blocking([]incident.Finding{f}, overridden) {
			refused.Fields = append(refused.Fields, fault.Field{Pointer: f.Pointer, Code: f.Code, Params: f.Params})
		}
	}
	return refused
}

// nobody warns when nobody could review or publish what was just submitted: no grant covers it, or no person is there.
func (c *call) nobody(s *subject) []Warning {
	f := c.facts(s)
	reviewers, publishers := c.rules.Coverage(f)
	need := c.rules.Quorum(f.Class, f.Sensitive)
	reviewing := c.staffed(reviewers, identity.Reviewer, f.Authors, c.now)
	publishing := c.staffed(publishers, identity.Publisher, f.Authors, c.now)
	params := map[string]any{"domain": f.Terms["domain"], "area": f.Terms["area"], "region": c.regions(f.Terms["area"])}
	var warnings []Warning
	switch {
	case need.OneAction:
		if len(reviewing)+len(publishing) == 0 {
			warnings = append(warnings, Warning{"workflow.nobody_can_review", params})
		}
	case need.Recommendations > 0 && len(reviewing) < max(1, need.RecommendingOrgs):
		warnings = append(warnings, Warning{"workflow.nobody_can_review", params})
	}
	if !need.OneAction && len(publishing) == 0 {
		warnings = append(warnings, Warning{"workflow.nobody_can_publish", params})
	}
	return warnings
}

// regions gives the regions next above areas.
func (c *call) regions(areas []string) []string {
	list, ok := c.w.Schema.Vocabulary("areas")
	if !ok {
		return nil
	}
	var regions []string
	for _, area := range areas {
		term, known := list.Term(area)
		if !known {
			continue
		}
		region := area
		if term.Kind != "region" && term.Parent != "" {
			region = term.Parent
		}
		if !slices.Contains(regions, region) {
			regions = append(regions, region)
		}
	}
	return regions
}

// Recall takes a version back to its authors, at once. Every signature on it is void.
func (w *Workflow) Recall(ctx context.Context, who identity.Principal, id string, rev Revision, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionRecall); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		next, err := s.step(incident.ActionRecall)
		if err != nil {
			return err
		}
		s.version.State = next
		return c.append(s, store.Change{Action: incident.ActionRecall, Details: words(note), Void: s.valid(""),
			Release: releases(s.inHand(), "decided")}, withVersion)
	})
}

// AcceptWords puts words that a reviewer suggested into the content, exactly, and consents to the result in the same
// action. What was signed before is void, because it was another content.
func (w *Workflow) AcceptWords(ctx context.Context, who identity.Principal, id string, rev Revision, comment string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionAcceptWords); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		if _, err := s.step(incident.ActionAcceptWords); err != nil {
			return err
		}
		suggestion, err := c.suggestion(s, comment)
		if err != nil {
			return err
		}
		return w.acceptWords(c, s, suggestion)
	})
}

func (c *call) suggestion(s *subject, id string) (incident.Comment, error) {
	comments, err := c.tx.Comments(s.version.ID)
	if err != nil {
		return incident.Comment{}, err
	}
	i := slices.IndexFunc(comments, func(comment incident.Comment) bool { return comment.ID == id })
	switch {
	case i < 0:
		return incident.Comment{}, fault.New(fault.Invalid, "comment.unknown")
	case comments[i].Suggestion == nil:
		return incident.Comment{}, fault.New(fault.Invalid, "comment.no_suggestion")
	case comments[i].Accepted != 0:
		return incident.Comment{}, fault.New(fault.Conflict, "comment.accepted")
	}
	return comments[i], nil
}

func (w *Workflow) acceptWords(c *call, s *subject, suggestion incident.Comment) error {
	before, base, err := w.bodiesBefore(c.tx, s.record.ID, s.version)
	if err != nil {
		return err
	}
	body, err := replaced(before.Bytes, suggestion.Pointer, suggestion.Suggestion)
	if err != nil {
		return err
	}
	s.version.Body = body
	plan, err := w.planSubmit(s.version, before, base, s.record.Handling)
	if err != nil {
		return err
	}
	if incident.Blocking(plan.findings, overridable(plan.findings)) {
		return refusedByChecks("checks.refuse_submit", plan.findings, nil)
	}
	if plan.same {
		return fault.New(fault.Invalid, "version.changes_nothing")
	}
	consent, err := w.consent(c, s, plan.content.Hash)
	if err != nil {
		return err
	}
	suggestion.Accepted = c.now
	void := s.valid(plan.content.Hash)
	s.version.ContentHash, s.version.Class, s.version.Flags = plan.content.Hash, plan.class, plan.flags
	s.version.Author = c.who.Person
	if !slices.Contains(s.version.Authors, c.who.Person) {
		s.version.Authors = append(s.version.Authors, c.who.Person)
	}
	return c.append(s, store.Change{Action: incident.ActionAcceptWords, Content: &plan.content, Void: void,
		Attest: []incident.Attestation{consent}, Comments: []incident.Comment{suggestion}, VersionTerms: plan.terms,
		Details: words("", "comment", suggestion.ID, "pointer", suggestion.Pointer)}, withVersion)
}

// ConsentAhead lets the contributors of the organization submit situation updates of a record (or, without an id, of
// all its records) for some weeks, as if the focal point had.
func (w *Workflow) ConsentAhead(ctx context.Context, who identity.Principal, id string, weeks int) (store.StandingConsent, error) {
	var given store.StandingConsent
	err := w.write(ctx, who, func(c *call) error {
		f := policies.Facts{}
		subject := c.who.OrgSlug
		if id != "" {
			s, err := c.subject(id)
			if err != nil {
				return err
			}
			if err := c.may(s, "incident.consent_ahead"); err != nil {
				return err
			}
			subject = id
		} else if err := c.rules.Decide(c.who, "incident.consent_ahead", f).Fault("incident"); err != nil {
			return err
		}
		if weeks < 1 || weeks > MostWeeksAhead {
			return fault.New(fault.Invalid, "consent.weeks", "most", MostWeeksAhead).At("/weeks", "consent.weeks", "most", MostWeeksAhead)
		}
		ref, err := w.newID()
		if err != nil {
			return err
		}
		given = store.StandingConsent{ID: ref, Org: c.who.Org, Record: id, Person: c.who.Person, From: c.now,
			Until: c.now + incident.Micros(weeks)*week}
		return c.wtx.Append(store.Change{Action: "incident.consent_ahead", Subject: subject,
			StandingConsents: []store.StandingConsent{given}, Details: words("", "weeks", weeks)})
	})
	return given, err
}

// StandingConsent is a consent ahead, and until when it stands.
type StandingConsent = store.StandingConsent

// RevokeConsent takes the consent ahead to updates of a record back (or, without an id, that to updates of all records
// of the organization). From then on each update needs the focal point again; what was submitted under the consent was
// consented to, and is taken back by recalling it. Conflict consent.none where there is none.
func (w *Workflow) RevokeConsent(ctx context.Context, who identity.Principal, id, note string) (StandingConsent, error) {
	var revoked StandingConsent
	err := w.write(ctx, who, func(c *call) error {
		subject := c.who.OrgSlug
		if id != "" {
			s, err := c.subject(id)
			if err != nil {
				return err
			}
			if err := c.may(s, "incident.revoke_consent"); err != nil {
				return err
			}
			subject = id
		} else if err := c.rules.Decide(c.who, "incident.revoke_consent", policies.Facts{}).Fault("incident"); err != nil {
			return err
		}
		consents, err := c.tx.StandingConsents(c.who.Org, id, c.now)
		if err != nil {
			return err
		}
		if len(consents) == 0 {
			return fault.New(fault.Conflict, "consent.none")
		}
		for i := range consents {
			consents[i].Revoked = c.now
		}
		revoked = consents[0]
		revoked.Until = c.now
		return c.wtx.Append(store.Change{Action: "incident.revoke_consent", Subject: subject, StandingConsents: consents,
			Details: words(note)})
	})
	return revoked, err
}

// BreakGlass lets an administrator read one record for one hour, for a reason that the owner sees.
func (w *Workflow) BreakGlass(ctx context.Context, who identity.Principal, id, reason string) (store.BreakGlass, error) {
	var glass store.BreakGlass
	err := w.write(ctx, who, func(c *call) error {
		s, err := c.subject(id)
		if err != nil {
			return err
		}
		if c.decide(s, "incident.read", c.factsOn(s, "incident.read")).NotFound {
			return notFound()
		}
		if err := c.rules.Decide(c.who, "glass.break", policies.Facts{}).Fault("incident"); err != nil {
			return err
		}
		if reason == "" {
			return fault.New(fault.Invalid, "glass.reason").At("/reason", "glass.reason")
		}
		ref, err := w.newID()
		if err != nil {
			return err
		}
		glass = store.BreakGlass{ID: ref, Record: s.record.ID, Person: c.who.Person, Org: c.who.Org, Reason: reason,
			From: c.now, Until: c.now + hour}
		return c.wtx.Append(store.Change{Action: "glass.break", Subject: s.record.ID, BreakGlass: &glass,
			Details: words("", "reason", reason)})
	})
	return glass, err
}
