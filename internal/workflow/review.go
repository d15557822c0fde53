package workflow

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// Checklist gives the codes of what a reviewer signs that they looked at: the vocabulary checklist.
func Checklist() []string {
	return []string{
		"read_in_full", "sources_support_statements", "no_personal_names", "no_hazardous_detail", "classification_fits",
		"not_a_duplicate", "marking_fits",
	}
}

// overridePrefix marks, in the checklist of an attestation, the code of a check that was overridden with a reason.
const overridePrefix = "override:"

// samplePrefix marks, in the checklist of an attestation, out of how many records the sample of a batch was drawn.
const samplePrefix = "sample:"

// Claim takes a version in hand for review. Who declares an interest does not review.
func (w *Workflow) Claim(ctx context.Context, who identity.Principal, id string, interests Declared) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error { return w.claimOne(c, s, interests) })
}

// claimOne decides, and appends one change.
func (w *Workflow) claimOne(c *call, s *subject, interests Declared) error {
	if err := c.may(s, incident.ActionClaim); err != nil {
		return err
	}
	next, err := s.step(incident.ActionClaim)
	if err != nil {
		return err
	}
	if interests != (Declared{}) {
		return fault.New(fault.Invalid, "claim.interest")
	}
	return w.assignTo(c, s, incident.ActionClaim, next, c.who.Person, c.who.Org, incident.ReviewDuty)
}

func (w *Workflow) assignTo(c *call, s *subject, action string, next incident.VersionState, person, org string, duty incident.Duty) error {
	ref, err := w.newID()
	if err != nil {
		return err
	}
	a := incident.Assignment{ID: ref, Record: s.record.ID, Version: s.atHand().ID, Person: person, Org: org, Duty: duty, At: c.now}
	change := store.Change{Action: action, Version: a.Version, Assign: []incident.Assignment{a}}
	if action == incident.ActionAssign {
		change.Details = words("", "person", person, "org", org, "duty", string(duty))
	}
	if !s.open {
		s.trusted = append(slices.Clone(s.trusted), a)
		return c.append(s, change, withRecord)
	}
	s.version.State = next
	s.assignments = append(slices.Clone(s.assignments), a)
	return c.append(s, change, withVersion)
}

// assignStep gives the state of the open version after an assignment. A published record that is quarantined is assigned
// as it stands.
func (s *subject) assignStep() (incident.VersionState, error) {
	if !s.open && s.record.Quarantined != 0 {
		return "", nil
	}
	return s.step(incident.ActionAssign)
}

// atHand gives the version that people work at: the open one, else that of the current edition.
func (s *subject) atHand() incident.Version {
	if s.open {
		return s.version
	}
	return s.current
}

// Release hands a version back. When nobody else has it for review, it returns to the queue.
func (w *Workflow) Release(ctx context.Context, who identity.Principal, id, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionRelease); err != nil {
			return err
		}
		if _, err := s.step(incident.ActionRelease); err != nil {
			return err
		}
		_, err := c.releaseWhere(s, "hand", words(note), func(a incident.Assignment) bool {
			return a.Person == c.who.Person && a.Org == c.who.Org
		})
		return err
	})
}

// Assign gives a version into the hands of somebody of another organization, for review or for publishing.
func (w *Workflow) Assign(ctx context.Context, who identity.Principal, id string, in AssignIn) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionAssign); err != nil { // before the target is looked up: who may not assign learns nothing
			return err
		}
		next, err := s.assignStep()
		if err != nil {
			return err
		}
		person, err := c.principal(in.Person, c.now)
		if err != nil {
			return err
		}
		role := map[incident.Duty]identity.Role{
			incident.ReviewDuty: identity.Reviewer, incident.PublishDuty: identity.Publisher,
			incident.SensitivityDuty: identity.Reviewer,
		}[in.Duty]
		switch {
		case role == "", (in.Duty == incident.SensitivityDuty) != (s.record.Quarantined != 0):
			return fault.New(fault.Invalid, "assign.duty").At("/duty", "assign.duty")
		case in.Duty == incident.PublishDuty && s.version.State == incident.Submitted:
			return fault.New(fault.Conflict, "workflow.state", "action", incident.ActionAssign, "state", string(s.version.State))
		case slices.ContainsFunc(s.inHand(), func(a incident.Assignment) bool {
			return a.Person == person.Person && a.Org == person.Org && a.Duty == in.Duty
		}):
			return fault.New(fault.Conflict, "assignment.exists")
		case in.Duty == incident.SensitivityDuty && len(s.inHand()) >= mostSensitivity:
			return fault.New(fault.Conflict, "quarantine.assigned")
		}
		f := c.facts(s)
		f.TargetOrg, f.TargetPerson = person.Org, person.Person
		if person.Has(role) && person.OrgStatus == identity.Active {
			f.TargetRoles = []identity.Role{role}
		}
		if err := c.mayWith(s, incident.ActionAssign, f); err != nil {
			return err
		}
		return w.assignTo(c, s, incident.ActionAssign, next, person.Person, person.Org, in.Duty)
	})
}

// Comment puts a remark at a field, or suggests exact words for it.
func (w *Workflow) Comment(ctx context.Context, who identity.Principal, id string, in CommentIn) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		action := incident.ActionComment
		if in.Suggestion != nil {
			action = incident.ActionSuggest
		}
		if err := c.may(s, action); err != nil {
			return err
		}
		if _, err := s.step(action); err != nil {
			return err
		}
		content, err := c.tx.Content(s.version.ContentHash)
		if err != nil {
			return err
		}
		if err := w.checkComment(content.Bytes, in); err != nil {
			return err
		}
		ref, err := w.newID()
		if err != nil {
			return err
		}
		comment := incident.Comment{ID: ref, Record: s.record.ID, Version: s.version.ID, Round: s.version.Round,
			Pointer: in.Pointer, Request: in.Request, Text: strings.TrimSpace(in.Text), Suggestion: in.Suggestion,
			Person: c.who.Person, Org: c.who.Org, At: c.now}
		return c.append(s, store.Change{Action: action, Comments: []incident.Comment{comment}}, 0)
	})
}

const mostComment = 4000 // characters

func (w *Workflow) checkComment(body []byte, in CommentIn) error {
	invalid := fault.New(fault.Invalid, "comment.invalid")
	requests, ok := w.Schema.Vocabulary("review_request")
	if in.Request != "" && (!ok || !requests.Has(in.Request)) {
		invalid.At("/request", "comment.request", "code", in.Request)
	}
	if in.Request == "" && in.Suggestion == nil && strings.TrimSpace(in.Text) == "" {
		invalid.At("/text", "comment.empty")
	}
	if len([]rune(in.Text)) > mostComment {
		invalid.At("/text", "comment.too_long", "most", mostComment)
	}
	if in.Pointer != "" && in.Suggestion == nil {
		root, err := tree(body)
		if err != nil {
			return err
		}
		if _, err := find(root, in.Pointer, true); err != nil {
			invalid.At("/pointer", "pointer.nowhere", "pointer", in.Pointer)
		}
	}
	if in.Suggestion != nil {
		w.checkSuggestion(body, in, invalid)
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	return nil
}

// checkSuggestion refuses words that the owner could not accept: the content with them must be valid.
func (w *Workflow) checkSuggestion(body []byte, in CommentIn, invalid *fault.Fault) {
	if !json.Valid(in.Suggestion) {
		invalid.At("/suggestion", "json.malformed")
		return
	}
	with, err := replaced(body, in.Pointer, in.Suggestion)
	if err != nil {
		invalid.At("/pointer", "pointer.nowhere", "pointer", in.Pointer)
		return
	}
	for _, field := range w.Schema.Validate(with) {
		invalid.At("/suggestion", field.Code)
	}
}

// RequestChanges hands a version back to its authors. The reviewers keep it in hand.
func (w *Workflow) RequestChanges(ctx context.Context, who identity.Principal, id string, rev Revision, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionRequestChanges); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		return w.requestChangesOne(c, s, note)
	})
}

// requestChangesOne decides, and appends one change.
func (w *Workflow) requestChangesOne(c *call, s *subject, note string) error {
	if err := c.may(s, incident.ActionRequestChanges); err != nil {
		return err
	}
	next, err := s.step(incident.ActionRequestChanges)
	if err != nil {
		return err
	}
	s.version.State = next
	return c.append(s, store.Change{Action: incident.ActionRequestChanges, Details: words(note)}, withVersion)
}

// signIn is a reviewer's signature, by itself or under a batch.
type signIn struct {
	checklist []string
	overrides map[string]string
	depth     string // vocabulary review_depth
	note      string
	sample    string // of a batch, "59/2351"; "" for a signature by itself
}

// Recommend signs that a version is ready to publish: exactly the submitted bytes under exactly this handling.
func (w *Workflow) Recommend(ctx context.Context, who identity.Principal, id string, rev Revision, in RecommendIn) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionRecommend); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		content, err := c.tx.Content(s.version.ContentHash)
		if err != nil {
			return err
		}
		findings, err := w.publishFindings(content)
		if err != nil {
			return err
		}
		return w.recommendOne(c, s, findings, signIn{checklist: in.Checklist, overrides: in.Overrides,
			depth: depthIndividually, note: in.Note})
	})
}

// Depths of review, vocabulary review_depth.
const (
	depthIndividually = "individually"
	depthBySample     = "by_sample"
)

// publishFindings runs the checks for publishing over submitted bytes.
func (w *Workflow) publishFindings(content incident.Content) ([]incident.Finding, error) {
	body, doc, err := w.parse(content)
	if err != nil {
		return nil, err
	}
	return w.Checks.ForPublish(body, doc), nil
}

// parse reads a frozen body in today's shape.
func (w *Workflow) parse(content incident.Content) (incident.Body, []byte, error) {
	var body incident.Body
	doc, err := w.Schema.Upcast(content.Schema, content.Bytes)
	if err != nil {
		return body, nil, err
	}
	if err := json.Unmarshal(doc, &body); err != nil {
		return body, nil, unreadable(err)
	}
	return body, doc, nil
}

// recommendOne decides, counts the quorum, and appends one change. The findings are those of the submitted bytes.
func (w *Workflow) recommendOne(c *call, s *subject, findings []incident.Finding, in signIn) error {
	f := c.facts(s)
	if err := c.mayWith(s, incident.ActionRecommend, f); err != nil {
		return err
	}
	next, err := s.step(incident.ActionRecommend)
	if err != nil {
		return err
	}
	if err := signedInFull(findings, in); err != nil {
		return err
	}
	a, err := w.attest(c, s.record.ID, s.version.ID, incident.Recommend, s.version.ContentHash, f.HandlingHash)
	if err != nil {
		return err
	}
	a.Depth, a.Checklist = in.depth, slices.Clone(in.checklist)
	for _, code := range slices.Sorted(maps.Keys(in.overrides)) {
		a.Checklist = append(a.Checklist, overridePrefix+code)
	}
	if in.sample != "" {
		a.Checklist = append(a.Checklist, samplePrefix+in.sample)
	}
	s.attestations = append(slices.Clone(s.attestations), a)
	f.Attestations = s.attestations
	if met, _ := recommending(c.rules.Quorum(f.Class, f.Sensitive)).MetBy(f); met {
		s.version.State = next
	}
	s.version.Depth = in.depth
	return c.append(s, store.Change{Action: incident.ActionRecommend, Attest: []incident.Attestation{a},
		Details: words(in.note, "overrides", overrides(in.overrides), "depth", in.depth, "sample", in.sample)}, withVersion)
}

func overrides(reasons map[string]string) any {
	if len(reasons) == 0 {
		return ""
	}
	return reasons
}

// recommending is the part of a need that recommendations fill; at least one person has to have looked.
func recommending(need policies.Need) policies.Need {
	return policies.Need{Recommendations: max(1, need.Recommendations), RecommendingOrgs: need.RecommendingOrgs}
}

// signedInFull demands the whole checklist, and for each check that stands in the way an override with a reason.
func signedInFull(findings []incident.Finding, in signIn) error {
	invalid := fault.New(fault.Invalid, "recommend.incomplete")
	for _, item := range Checklist() {
		if !slices.Contains(in.checklist, item) {
			invalid.At("/checklist", "recommend.not_signed", "item", item)
		}
	}
	for _, item := range in.checklist {
		if !slices.Contains(Checklist(), item) {
			invalid.At("/checklist", "recommend.unknown_item", "item", item)
		}
	}
	known := overridable(findings)
	for _, code := range slices.Sorted(maps.Keys(in.overrides)) {
		if strings.TrimSpace(in.overrides[code]) == "" {
			invalid.At("/overrides/"+escape(code), "recommend.override_reason", "check", code)
		}
		if !slices.Contains(known, code) {
			invalid.At("/overrides/"+escape(code), "recommend.not_overridable", "check", code)
		}
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	overridden := slices.Collect(maps.Keys(in.overrides))
	if incident.Blocking(findings, overridden) {
		return refusedByChecks("checks.refuse_publish", findings, overridden)
	}
	return nil
}

// overridden gives the codes of the checks that the recommendations that count overrode.
func overridden(attestations []incident.Attestation) []string {
	var codes []string
	for _, a := range attestations {
		if a.Kind != incident.Recommend || a.Voided != 0 {
			continue
		}
		for _, item := range a.Checklist {
			if code, ok := strings.CutPrefix(item, overridePrefix); ok {
				codes = append(codes, code)
			}
		}
	}
	return codes
}

// checkReason demands a code of the vocabulary reason.
func (w *Workflow) checkReason(reason string) error {
	list, ok := w.Schema.Vocabulary("reason")
	if !ok || !list.Has(reason) {
		return fault.New(fault.Invalid, "reason.unknown", "code", reason).At("/reason", "reason.unknown", "code", reason)
	}
	return nil
}

// Decline ends a version with a reason. Nothing is lost: the owner can open it again.
func (w *Workflow) Decline(ctx context.Context, who identity.Principal, id string, rev Revision, reason, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionDecline); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		next, err := s.step(incident.ActionDecline)
		if err != nil {
			return err
		}
		if err := w.checkReason(reason); err != nil {
			return err
		}
		s.version.State, s.version.Reason = next, reason
		s.version.Flags = append(slices.Clone(s.version.Flags), flagDeclined+c.who.Person)
		return c.append(s, store.Change{Action: incident.ActionDecline, Details: words(note, "reason", reason),
			Release: releases(s.inHand(), "decided")}, withRecord|withVersion)
	})
}

// Return hands a version back to its reviewers. Recommendations and approvals are void, the owner's consent stands.
func (w *Workflow) Return(ctx context.Context, who identity.Principal, id string, rev Revision, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionReturn); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		return w.returnOne(c, s, note)
	})
}

// returnOne decides, and appends one change.
func (w *Workflow) returnOne(c *call, s *subject, note string) error {
	if err := c.may(s, incident.ActionReturn); err != nil {
		return err
	}
	next, err := s.step(incident.ActionReturn)
	if err != nil {
		return err
	}
	void := s.voidable()
	s.version.State = next
	s.attestations = standing(s.attestations, void, c.now)
	return c.append(s, store.Change{Action: incident.ActionReturn, Void: void, Details: words(note)}, withVersion)
}
