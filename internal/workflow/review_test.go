package workflow_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
)

// TestWrongPersons tries each step of the way as everybody who may not take it.
func TestWrongPersons(t *testing.T) {
	eachWorld(t, func(w *world) {
		draft := w.draft(nil, nil)
		submitted := w.submitted(nil, nil)
		claimed := w.claimed(nil, nil)
		reviewed := w.reviewed(nil, nil)
		named := w.submitted(nil, handlingOf(schema.Named))
		sign := workflow.RecommendIn{Checklist: workflow.Checklist()}
		submit := func(name string) error {
			_, err := w.flow.Submit(w.ctx, w.as(name), draft.Record.ID, draft.Revision, "")
			return err
		}
		claim := func(id string, who identity.Principal) error {
			_, err := w.flow.Claim(w.ctx, who, id, workflow.Declared{})
			return err
		}
		recommend := func(name string) error {
			_, err := w.flow.Recommend(w.ctx, w.as(name), claimed.Record.ID, w.rev(claimed.Record.ID), sign)
			return err
		}
		publish := func(name string) error {
			_, err := w.flow.Publish(w.ctx, w.as(name), reviewed.Record.ID, w.rev(reviewed.Record.ID), "")
			return err
		}
		anonymous := identity.Principal{}
		for _, try := range []struct {
			what string
			err  error
			kind fault.Kind
			code string
		}{
			{"an analyst submits", submit("ana@north"), fault.Forbidden, "policy.role"},
			{"another focal point submits", submit("eva@east"), fault.NotFound, "incident.not_found"},
			{"an administrator submits", submit("adam@secretariat"), fault.Forbidden, ""},
			{"nobody claims", claim(submitted.Record.ID, anonymous), fault.Unauthenticated, "auth.required"},
			{"the owner claims", claim(submitted.Record.ID, w.as("fay@north")), fault.Forbidden, "policy.role"},
			{"a reader claims", claim(submitted.Record.ID, w.as("lea@west")), fault.NotFound, "incident.not_found"},
			{"a reviewer claims a draft", claim(draft.Record.ID, w.as("rex@east")), fault.NotFound, "incident.not_found"},
			{"a reviewer claims the named tier", claim(named.Record.ID, w.as("rex@east")), fault.Forbidden, "policy.named_assigned_only"},
			{"who has it not in hand recommends", recommend("wim@west"), fault.Forbidden, "policy.not_assigned"},
			{"the owner recommends", recommend("fay@north"), fault.Forbidden, "policy.role"},
			{"the reviewer publishes", publish("rex@east"), fault.Forbidden, "policy.role"},
			{"the owner publishes", publish("fay@north"), fault.Forbidden, "policy.role"},
			{"an administrator publishes", publish("adam@secretariat"), fault.Forbidden, "policy.role"},
			{"an auditor publishes", publish("otto@secretariat"), fault.Forbidden, "policy.role"},
			{"a reader publishes", publish("lea@west"), fault.NotFound, "incident.not_found"},
		} {
			if f := fault.Of(try.err); f == nil || f.Kind != try.kind || try.code != "" && f.Code != try.code {
				w.t.Errorf("%s: %v", try.what, try.err)
			}
		}
		w.inState(draft.Record.ID, incident.Reserved, incident.Draft)
		w.inState(reviewed.Record.ID, incident.Reserved, incident.Reviewed)
	})
}

// TestThreePersons: author, reviewer and publisher of a version are three persons, whatever roles they hold.
func TestThreePersons(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.submitted(nil, nil).Record.ID
		_, err := w.flow.Claim(w.ctx, w.as("pol@south"), id, workflow.Declared{})
		w.ok(err)
		w.recommend("pol@south", id)
		_, err = w.flow.Publish(w.ctx, w.as("pol@south"), id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "policy.reviewer_is_publisher")

		// The author moves to the reviewing organization.
		w.person("ana@east", "reviewer")
		other := w.submitted(nil, nil).Record.ID
		_, err = w.flow.Claim(w.ctx, w.as("ana@east"), other, workflow.Declared{})
		w.refused(err, fault.Forbidden, "policy.author_is_reviewer")
	})
}

// TestOrderOfRefusals: not found, forbidden, precondition required, stale, then what is wrong.
func TestOrderOfRefusals(t *testing.T) {
	eachWorld(t, func(w *world) {
		got := w.draft(func(doc map[string]any) { delete(doc, "sources"); delete(doc, "impact"); delete(doc, "cause") }, nil)
		id := got.Record.ID
		submit := func(name, id string, rev workflow.Revision) error {
			_, err := w.flow.Submit(w.ctx, w.as(name), id, rev, "")
			return err
		}
		w.refused(submit("fay@north", "BID-2222-2222", 0), fault.NotFound, "incident.not_found")
		w.refused(submit("eva@east", id, 0), fault.NotFound, "incident.not_found")
		w.refused(submit("ana@north", id, 0), fault.Forbidden, "policy.role")
		w.refused(submit("fay@north", id, 0), fault.PreconditionRequired, "request.if_match_missing")
		w.refused(submit("fay@north", id, got.Revision+1), fault.Stale, "record.stale")
		err := submit("fay@north", id, got.Revision)
		w.refused(err, fault.Invalid, "checks.refuse_submit")
		if f := fault.Of(err); len(f.Fields) != 1 || f.Fields[0].Code != "check.source_missing" || f.Fields[0].Pointer != "/sources" {
			w.t.Fatalf("%+v", f.Fields)
		}
	})
}

// TestHiddenIsUnknown: what may not be known of and what never existed are the same answer.
func TestHiddenIsUnknown(t *testing.T) {
	eachWorld(t, func(w *world) {
		hidden := w.draft(nil, handlingOf(schema.Named)).Record.ID
		never := "BID-2222-222B"
		for _, name := range []string{"lea@west", "rex@east", "pia@south", "eva@east"} {
			who := w.as(name)
			tries := map[string]func(id string) error{
				"working": func(id string) error { _, err := w.flow.Working(w.ctx, who, id); return err },
				"card":    func(id string) error { _, err := w.flow.Card(w.ctx, who, id); return err },
				"changes": func(id string) error { _, err := w.flow.Changes(w.ctx, who, id); return err },
				"claim":   func(id string) error { _, err := w.flow.Claim(w.ctx, who, id, workflow.Declared{}); return err },
				"publish": func(id string) error { _, err := w.flow.Publish(w.ctx, who, id, 5, ""); return err },
				"save":    func(id string) error { _, err := w.flow.Save(w.ctx, who, id, 5, workflow.Draft{}); return err },
				"narrow": func(id string) error {
					_, err := w.flow.Narrow(w.ctx, who, id, 5, workflow.HandlingChange{}, "")
					return err
				},
				"withdraw": func(id string) error { _, err := w.flow.Withdraw(w.ctx, who, id, 5, "legal", ""); return err },
				"glass":    func(id string) error { _, err := w.flow.BreakGlass(w.ctx, who, id, "because"); return err },
				"explain": func(id string) error {
					_, err := w.flow.Explain(w.ctx, who, workflow.ExplainIn{Action: incident.ActionClaim, ID: id})
					return err
				},
			}
			for what, try := range tries {
				a, b := try(hidden), try(never)
				if a == nil || b == nil || a.Error() != b.Error() || fault.Of(a).Kind != fault.NotFound {
					w.t.Errorf("%s %s: hidden %v, never %v", name, what, a, b)
				}
			}
		}
	})
}

// TestDraftsAreValidOrRefused: an invalid body is refused with its places, an incomplete one is kept.
func TestDraftsAreValidOrRefused(t *testing.T) {
	eachWorld(t, func(w *world) {
		ana := w.as("ana@north")
		_, err := w.flow.Create(w.ctx, ana, workflow.Draft{Body: []byte(`{"classification":{"incident_type":"flood"},"colour":1}`)})
		w.refused(err, fault.Invalid, "body.invalid")
		if len(fault.Of(err).Fields) < 2 {
			w.t.Errorf("%+v", fault.Of(err).Fields)
		}
		got, err := w.flow.Create(w.ctx, ana, workflow.Draft{Body: []byte(`{"identity":{"unit":"report"}}`), Key: "k1"})
		w.ok(err)
		again, err := w.flow.Create(w.ctx, ana, workflow.Draft{Body: []byte(`{"identity":{"unit":"report"}}`), Key: "k1"})
		w.ok(err)
		if again.Record.ID != got.Record.ID {
			w.t.Error("a repeated request made another record")
		}
		if got.Record.Handling.Marking != schema.Named {
			w.t.Error("a record without a marking is not named")
		}
		_, err = w.flow.Save(w.ctx, ana, got.Record.ID, got.Revision,
			workflow.Draft{Handling: &workflow.HandlingIn{Tiers: map[string]schema.Tier{"narative": schema.Named}, Recipients: []string{"nobody"}}})
		w.refused(err, fault.Invalid, "handling.invalid")
		saved, err := w.flow.Save(w.ctx, ana, got.Record.ID, got.Revision, workflow.Draft{Body: document(w.t, nil)})
		w.ok(err)
		if saved.Revision == got.Revision {
			w.t.Error("the revision did not move")
		}
		_, err = w.flow.Save(w.ctx, w.as("fay@north"), got.Record.ID, got.Revision, workflow.Draft{Body: document(w.t, nil)})
		w.refused(err, fault.Stale, "record.stale")
	})
}

func count(atts []incident.Attestation, kind incident.AttestationKind, voided bool) int {
	n := 0
	for _, a := range atts {
		if a.Kind == kind && (a.Voided != 0) == voided {
			n++
		}
	}
	return n
}

// TestEditVoidsConsent: a submission and every approval carry the hash of exactly what was seen.
func TestEditVoidsConsent(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.claimed(nil, nil).Record.ID
		working, err := w.flow.RequestChanges(w.ctx, w.as("rex@east"), id, w.rev(id), "give a source")
		w.ok(err)
		first := working.Version.ContentHash

		// Nothing changed: the very same content, and what was signed stands.
		same, err := w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.ok(err)
		if same.Version.ContentHash != first || same.Version.State != incident.InReview || same.Version.Round != 2 {
			w.t.Fatalf("%+v", same.Version)
		}
		_, err = w.flow.RequestChanges(w.ctx, w.as("rex@east"), id, w.rev(id), "")
		w.ok(err)
		saved, err := w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, func(doc map[string]any) {
			doc["time"] = map[string]any{"onset": "2020-04"}
		})})
		w.ok(err)
		if count(saved.Attestations, incident.Consent, false) != 1 {
			w.t.Fatalf("%+v", saved.Attestations)
		}
		// Reviewers see what was submitted, not what is being written.
		seen, err := w.flow.Working(w.ctx, w.as("rex@east"), id)
		w.ok(err)
		if bytes.Contains(seen.Body, []byte("2020-04")) || !bytes.Contains(saved.Body, []byte("2020-04")) {
			w.t.Fatal("the working copy is not the owner's alone")
		}
		again, err := w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.ok(err)
		if again.Version.ContentHash == first {
			w.t.Fatal("another content has the same hash")
		}
		if count(again.Attestations, incident.Consent, false) != 1 || count(again.Attestations, incident.Consent, true) != 2 {
			w.t.Fatalf("%+v", again.Attestations)
		}
	})
}

// TestStaleSignature: nobody signs what they have not seen.
func TestStaleSignature(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.claimed(nil, nil).Record.ID
		seen := w.rev(id)
		commented, err := w.flow.Comment(w.ctx, w.as("rex@east"), id, workflow.CommentIn{
			Pointer: "/narrative/summary/en/text", Suggestion: []byte(`"An outbreak among people was reported and over by the summer."`)})
		w.ok(err)
		comment := commented.Comments[0].ID
		_, err = w.flow.AcceptWords(w.ctx, w.as("fay@north"), id, seen, comment)
		w.ok(err)
		_, err = w.flow.Recommend(w.ctx, w.as("rex@east"), id, seen, workflow.RecommendIn{Checklist: workflow.Checklist()})
		w.refused(err, fault.Stale, "record.stale")
		w.recommend("rex@east", id)
		_, err = w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.ok(err)
		view, _ := w.view(schema.Public, id, 0)
		if !bytes.Contains(view.Bytes, []byte("over by the summer")) {
			w.t.Fatal("the accepted words are not in the edition")
		}
	})
}

// TestAcceptWords: the focal point accepts in one action, which is the new consent; what was signed before is void.
func TestAcceptWords(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.claimed(func(doc map[string]any) { deliberate(doc) }, nil).Record.ID
		w.recommend("rex@east", id)
		_, err := w.flow.Claim(w.ctx, w.as("wim@west"), id, workflow.Declared{})
		w.ok(err)
		_, err = w.flow.Comment(w.ctx, w.as("wim@west"), id, workflow.CommentIn{Pointer: "/nowhere/text", Suggestion: []byte(`"x"`)})
		w.refused(err, fault.Invalid, "comment.invalid")
		_, err = w.flow.Comment(w.ctx, w.as("wim@west"), id, workflow.CommentIn{Pointer: "/time/onset", Suggestion: []byte(`"soon"`)})
		w.refused(err, fault.Invalid, "comment.invalid")
		got, err := w.flow.Comment(w.ctx, w.as("wim@west"), id,
			workflow.CommentIn{Pointer: "/narrative/summary/en/text", Request: "neutral_wording", Suggestion: []byte(`"A neutral summary of what happened."`)})
		w.ok(err)
		_, err = w.flow.AcceptWords(w.ctx, w.as("ana@north"), id, w.rev(id), got.Comments[0].ID)
		w.refused(err, fault.Forbidden, "policy.role")
		got, err = w.flow.AcceptWords(w.ctx, w.as("fay@north"), id, w.rev(id), got.Comments[0].ID)
		w.ok(err)
		if count(got.Attestations, incident.Recommend, true) != 1 || count(got.Attestations, incident.Consent, false) != 1 ||
			count(got.Attestations, incident.Recommend, false) != 0 || got.Comments[0].Accepted == 0 {
			w.t.Fatalf("%+v", got.Attestations)
		}
		_, err = w.flow.AcceptWords(w.ctx, w.as("fay@north"), id, w.rev(id), got.Comments[0].ID)
		w.refused(err, fault.Conflict, "comment.accepted")
		changes, err := w.flow.Changes(w.ctx, w.as("rex@east"), id)
		w.ok(err)
		if len(changes.SinceYours) != 1 || changes.SinceYours[0].Pointer != "/narrative/summary/en" {
			w.t.Fatalf("%+v", changes.SinceYours)
		}
	})
}

func deliberate(doc map[string]any) {
	doc["classification"].(map[string]any)["incident_type"] = "deliberate_act.use"
	cause := doc["cause"].(map[string]any)["assessments"].([]any)[0].(map[string]any)
	cause["value"] = "deliberate"
}

// TestSensitiveQuorum: deliberate needs two recommendations from two organizations.
func TestSensitiveQuorum(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.claimed(deliberate, nil).Record.ID
		got := w.recommend("rex@east", id)
		if got.Version.State != incident.InReview || !got.Sensitive || got.QuorumMet {
			w.t.Fatalf("%+v", got.Version)
		}
		_, err := w.flow.Recommend(w.ctx, w.as("rex@east"), id, w.rev(id), workflow.RecommendIn{Checklist: workflow.Checklist()})
		w.refused(err, fault.Forbidden, "policy.already_signed")
		// A second person of the same organization does not make the quorum.
		_, err = w.flow.Claim(w.ctx, w.as("rua@east"), id, workflow.Declared{})
		w.ok(err)
		if got = w.recommend("rua@east", id); got.Version.State != incident.InReview {
			w.t.Fatal("two of one organization were enough")
		}
		_, err = w.flow.Claim(w.ctx, w.as("wim@west"), id, workflow.Declared{})
		w.ok(err)
		if got = w.recommend("wim@west", id); got.Version.State != incident.Reviewed {
			w.t.Fatal("two organizations were not enough")
		}
		_, err = w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.ok(err)
		w.inState(id, incident.Live, "")
	})
}

// TestRecommendIsWhole: the checklist is signed in full, and only a check that may be overridden is, with a reason.
func TestRecommendIsWhole(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.claimed(func(doc map[string]any) {
			doc["sources"].([]any)[0].(map[string]any)["default"] = false
			delete(doc["cause"].(map[string]any)["assessments"].([]any)[0].(map[string]any), "sources")
		}, nil).Record.ID
		rex := w.as("rex@east")
		recommend := func(in workflow.RecommendIn) error {
			_, err := w.flow.Recommend(w.ctx, rex, id, w.rev(id), in)
			return err
		}
		w.refused(recommend(workflow.RecommendIn{Checklist: workflow.Checklist()[1:]}), fault.Invalid, "recommend.incomplete")
		all := workflow.Checklist()
		w.refused(recommend(workflow.RecommendIn{Checklist: all}), fault.Invalid, "checks.refuse_publish")
		const check = "check.statement_without_source"
		w.refused(recommend(workflow.RecommendIn{Checklist: all, Overrides: map[string]string{check: " "}}), fault.Invalid, "recommend.incomplete")
		w.refused(recommend(workflow.RecommendIn{Checklist: all, Overrides: map[string]string{"check.area_missing": "no"}}), fault.Invalid, "recommend.incomplete")
		w.ok(recommend(workflow.RecommendIn{Checklist: all, Overrides: map[string]string{check: "the ministry's report covers all"}}))
		_, err := w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.ok(err)
	})
}

// TestCards: before it is claimed, a reviewer sees id, domain, region, language, marking and age, and no more.
func TestCards(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.submitted(nil, nil).Record.ID
		mine := w.submitted(func(doc map[string]any) {
			doc["place"].(map[string]any)["areas"].([]any)[0].(map[string]any)["area"] = "KEN"
		}, &workflow.HandlingIn{Marking: schema.Members, Excluded: []string{"east"}}).Record.ID
		cards, err := w.flow.Queue(w.ctx, w.as("rex@east"), workflow.QueueIn{})
		w.ok(err)
		if len(cards.Cards) != 1 || cards.Cards[0].ID != id {
			w.t.Fatalf("%+v", cards)
		}
		card := cards.Cards[0]
		card.Can = nil
		data, err := json.Marshal(card)
		w.ok(err)
		for _, secret := range []string{"north", "FRA", "outbreak", "Ministry", "2020", "ana"} {
			if bytes.Contains(data, []byte(secret)) {
				w.t.Errorf("the card tells %q: %s", secret, data)
			}
		}
		if len(card.Domains) != 1 || len(card.Regions) != 1 || len(card.Languages) != 1 {
			w.t.Errorf("%s", data)
		}
		_, err = w.flow.Working(w.ctx, w.as("rex@east"), id)
		w.refused(err, fault.Forbidden, "")
		cards, err = w.flow.Queue(w.ctx, w.as("wim@west"), workflow.QueueIn{Duty: incident.ReviewDuty})
		w.ok(err)
		if len(cards.Cards) != 2 || cards.Cards[1].ID != mine {
			w.t.Fatalf("%+v", cards)
		}
		_, err = w.flow.Queue(w.ctx, w.as("ana@north"), workflow.QueueIn{})
		w.refused(err, fault.Forbidden, "policy.role")
		work, err := w.flow.Work(w.ctx, w.as("ana@north"), workflow.WorkIn{})
		w.ok(err)
		if len(work.Items) != 2 || len(work.Items[0].Title) == 0 {
			w.t.Fatalf("%+v", work)
		}
		first, err := w.flow.Work(w.ctx, w.as("ana@north"), workflow.WorkIn{Limit: 1})
		w.ok(err)
		second, err := w.flow.Work(w.ctx, w.as("ana@north"), workflow.WorkIn{Limit: 1, Cursor: first.Next})
		w.ok(err)
		if first.Items[0].Record.ID != id || second.Items[0].Record.ID != mine {
			w.t.Fatal("pages do not follow")
		}
	})
}

// TestAssign: a record of the named tier is assigned by a publisher; the owner sees who has it.
func TestAssign(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.submitted(nil, handlingOf(schema.Named)).Record.ID
		assign := func(who, target string, duty incident.Duty) error {
			_, err := w.flow.Assign(w.ctx, w.as(who), id, workflow.AssignIn{Person: target, Duty: duty})
			return err
		}
		w.refused(assign("rex@east", "wim@west", incident.ReviewDuty), fault.Forbidden, "policy.role")
		w.refused(assign("pia@south", "fay@north", incident.ReviewDuty), fault.Forbidden, "policy.target_own_organization")
		w.refused(assign("pia@south", "lea@west", incident.ReviewDuty), fault.Forbidden, "policy.target_role")
		w.refused(assign("pia@south", "cam@centre", incident.PublishDuty), fault.Conflict, "workflow.state")
		w.ok(assign("pia@south", "wim@west", incident.ReviewDuty))
		w.refused(assign("pia@south", "wim@west", incident.ReviewDuty), fault.Conflict, "assignment.exists")
		got, err := w.flow.Working(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		if len(got.Assignments) != 1 || got.People[got.Assignments[0].Person].Handle != "wim" || got.Version.State != incident.InReview {
			w.t.Fatalf("%+v", got.Assignments)
		}
		_, err = w.flow.Release(w.ctx, w.as("wim@west"), id, "no time")
		w.ok(err)
		w.inState(id, incident.Reserved, incident.Submitted)
		id = w.submitted(nil, nil).Record.ID
		_, err = w.flow.Claim(w.ctx, w.as("rex@east"), id, workflow.Declared{false, true, false})
		w.refused(err, fault.Invalid, "claim.interest")
	})
}

// TestReturnAndDecline: a return voids recommendations and leaves the consent; a declined record can be tried again.
func TestReturnAndDecline(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.reviewed(nil, nil).Record.ID
		_, err := w.flow.Return(w.ctx, w.as("pia@south"), id, w.rev(id), "look again")
		w.ok(err)
		got, err := w.flow.Working(w.ctx, w.as("fay@north"), id)
		w.ok(err)
		if got.Version.State != incident.InReview || count(got.Attestations, incident.Recommend, true) != 1 || count(got.Attestations, incident.Consent, false) != 1 {
			w.t.Fatalf("%+v", got.Attestations)
		}
		w.recommend("rex@east", id)
		_, err = w.flow.Decline(w.ctx, w.as("pia@south"), id, w.rev(id), "too_long", "")
		w.refused(err, fault.Invalid, "reason.unknown")
		_, err = w.flow.Decline(w.ctx, w.as("pia@south"), id, w.rev(id), "insufficient_evidence", "more sources")
		w.ok(err)
		w.inState(id, incident.Reserved, "")
		again, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		if again.Version.N != 2 || again.Version.Class != incident.Initial || len(again.Body) == 0 {
			w.t.Fatalf("%+v", again.Version)
		}
		_, err = w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
		if err == nil {
			w.t.Fatal("two open versions")
		}
		_, err = w.flow.Discard(w.ctx, w.as("ana@north"), id, w.rev(id), "")
		w.ok(err)
		w.inState(id, incident.Reserved, "")
	})
}

// TestRecall: at once, by the owner's focal point; every signature is void.
func TestRecall(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.reviewed(nil, nil).Record.ID
		_, err := w.flow.Recall(w.ctx, w.as("ana@north"), id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "policy.role")
		got, err := w.flow.Recall(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.ok(err)
		if got.Version.State != incident.Draft || count(got.Attestations, incident.Recommend, false)+count(got.Attestations, incident.Consent, false) != 0 {
			w.t.Fatalf("%+v", got)
		}
		for _, a := range got.Assignments {
			if a.Released == 0 {
				w.t.Error("still in hand")
			}
		}
		_, err = w.flow.Working(w.ctx, w.as("rex@east"), id)
		w.refused(err, fault.NotFound, "incident.not_found")
	})
}

// TestSuspension: rights end with the next request, open versions freeze, what was in hand goes back.
func TestSuspension(t *testing.T) {
	eachWorld(t, func(w *world) {
		held := w.claimed(nil, nil).Record.ID
		rex, ana := w.as("rex@east"), w.as("ana@north")
		_, err := w.flow.SuspendOrg(w.ctx, w.as("pia@south"), "east", "", "")
		w.refused(err, fault.Forbidden, "policy.role")
		_, err = w.flow.SuspendOrg(w.ctx, w.as("adam@secretariat"), "east", "", "breach")
		w.ok(err)
		w.inState(held, incident.Reserved, incident.Submitted)
		_, err = w.flow.Claim(w.ctx, rex, held, workflow.Declared{})
		w.refused(err, fault.NotFound, "incident.not_found")

		_, err = w.flow.SuspendOrg(w.ctx, w.as("adam@secretariat"), "north", "centre", "")
		w.ok(err)
		_, err = w.flow.Claim(w.ctx, w.as("wim@west"), held, workflow.Declared{})
		w.refused(err, fault.Forbidden, "policy.owner_suspended")
		_, err = w.flow.Create(w.ctx, ana, workflow.Draft{Body: document(w.t, nil)})
		w.refused(err, fault.Forbidden, "policy.suspended")

		_, err = w.flow.ReinstateOrg(w.ctx, w.as("adam@secretariat"), "north", "")
		w.ok(err)
		_, err = w.flow.Claim(w.ctx, w.as("wim@west"), held, workflow.Declared{})
		w.ok(err)
		got := w.submitted(nil, nil)
		_, err = w.flow.Claim(w.ctx, rex, got.Record.ID, workflow.Declared{})
		if err == nil {
			w.t.Fatal("a suspended organization claims")
		}
		// Its rights do not count for anybody else either.
		for _, slug := range []string{"south", "centre"} {
			_, err = w.flow.SuspendOrg(w.ctx, w.as("adam@secretariat"), slug, "", "")
			w.ok(err)
		}
		if got = w.submitted(nil, nil); len(got.Warnings) != 1 || got.Warnings[0].Code != "workflow.nobody_can_publish" {
			w.t.Fatalf("%+v", got.Warnings)
		}
		explanation, err := w.flow.Explain(w.ctx, w.as("adam@secretariat"), workflow.ExplainIn{Person: "rex@east", Action: incident.ActionClaim, ID: got.Record.ID})
		w.ok(err)
		if len(explanation.Grants) != 0 {
			w.t.Fatalf("%+v", explanation.Grants)
		}
	})
}

// TestNobodyCould: who submits what nobody could review or publish is told at once.
func TestNobodyCould(t *testing.T) {
	eachWorld(t, func(w *world) {
		grants, err := w.flow.Grants(w.ctx, operator)
		w.ok(err)
		for _, g := range grants {
			if g.Action == identity.GrantReview {
				_, err := w.flow.RevokeGrant(w.ctx, operator, g.ID)
				w.ok(err)
			}
		}
		w.grant(workflow.GrantIn{Org: "east", Action: identity.GrantReview, Scope: identity.Scope{Areas: []string{"002"}}})
		got := w.submitted(nil, nil)
		if len(got.Warnings) != 1 || got.Warnings[0].Code != "workflow.nobody_can_review" {
			w.t.Fatalf("%+v", got.Warnings)
		}
		if domains, _ := got.Warnings[0].Params["domain"].([]string); len(domains) != 1 {
			w.t.Fatalf("%+v", got.Warnings[0].Params)
		}
		covered := w.submitted(func(doc map[string]any) {
			doc["place"].(map[string]any)["areas"].([]any)[0].(map[string]any)["area"] = "KEN"
		}, nil)
		if len(covered.Warnings) != 0 {
			w.t.Fatalf("%+v", covered.Warnings)
		}
		simulation, err := w.flow.Simulate(w.ctx, w.as("adam@secretariat"), workflow.SimulateIn{
			Add: []workflow.GrantIn{{Org: "west", Action: identity.GrantReview, Scope: identity.Scope{Areas: []string{"FRA"}}}}})
		w.ok(err)
		if simulation.Open != 2 || len(simulation.Changed) != 1 || simulation.Changed[0].Record != got.Record.ID ||
			len(simulation.Changed[0].ReviewBefore) != 0 || len(simulation.Changed[0].ReviewAfter) != 1 {
			w.t.Fatalf("%+v", simulation)
		}
	})
}

// TestEpoch: a right taken away through one process refuses at the next write through another.
func TestEpoch(t *testing.T) {
	eachWorld(t, func(w *world) {
		other := workflow.New(deps(w.t, w.store))
		id := w.submitted(nil, nil).Record.ID
		second := w.submitted(nil, nil).Record.ID
		rex := w.as("rex@east")
		_, err := other.Claim(w.ctx, rex, id, workflow.Declared{})
		w.ok(err)
		grants, err := w.flow.Grants(w.ctx, operator)
		w.ok(err)
		for _, g := range grants {
			if g.Action == identity.GrantReview {
				_, err := w.flow.RevokeGrant(w.ctx, operator, g.ID)
				w.ok(err)
			}
		}
		_, err = other.Claim(w.ctx, rex, second, workflow.Declared{})
		w.refused(err, fault.NotFound, "incident.not_found")
		// A role, too, and for a principal made before it ended.
		w.grant(workflow.GrantIn{Org: "east", Action: identity.GrantReview})
		w.ok(w.flow.EndMembership(w.ctx, operator, "rex@east", identity.Reviewer))
		_, err = other.Claim(w.ctx, rex, second, workflow.Declared{})
		w.refused(err, fault.NotFound, "incident.not_found")
		rua := w.as("rua@east")
		_, err = other.Claim(w.ctx, rua, second, workflow.Declared{})
		w.ok(err)
	})
}

// TestGrantThatEnds is not asked of a new epoch: the clock ends it.
func TestGrantThatEnds(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.person("neo@north", "reviewer")
		_, err := w.flow.AddOrg(w.ctx, operator, workflow.OrgIn{Slug: "brief", Name: "Brief", Kind: "igo"})
		w.ok(err)
		w.person("bo@brief", "reviewer")
		now := w.clock.Now()
		w.grant(workflow.GrantIn{Org: "brief", Action: identity.GrantReview, Until: now + 60_000_000})
		first, second := w.submitted(nil, nil).Record.ID, w.submitted(nil, nil).Record.ID
		_, err = w.flow.Claim(w.ctx, w.as("bo@brief"), first, workflow.Declared{})
		w.ok(err)
		w.clock.Set(now + 61_000_000)
		_, err = w.flow.Claim(w.ctx, w.as("bo@brief"), second, workflow.Declared{})
		w.refused(err, fault.NotFound, "incident.not_found")
	})
}

// TestQuorumSetting: two administrators change the table together.
func TestQuorumSetting(t *testing.T) {
	eachWorld(t, func(w *world) {
		adam, aude := w.as("adam@secretariat"), w.as("aude@secretariat")
		sch, err := schema.Load()
		w.ok(err)
		rules, err := policies.New(sch)
		w.ok(err)
		table := bytes.ReplaceAll([]byte(rules.QuorumTable()), []byte("initial,no,1,1,1,no,0"), []byte("initial,no,1,1,2,no,0"))
		_, err = w.flow.ProposeSetting(w.ctx, adam, "quorum", "class\n")
		w.refused(err, fault.Invalid, "setting.quorum")
		_, err = w.flow.ProposeSetting(w.ctx, w.as("pia@south"), "quorum", string(table))
		w.refused(err, fault.Forbidden, "policy.role")
		view, err := w.flow.ProposeSetting(w.ctx, adam, "quorum", string(table))
		w.ok(err)
		if view.Waiting == "" {
			w.t.Fatal("nothing waits")
		}
		_, err = w.flow.ConfirmSetting(w.ctx, adam, "quorum")
		w.refused(err, fault.Forbidden, "policy.second_person")
		_, err = w.flow.ConfirmSetting(w.ctx, aude, "quorum")
		w.ok(err)
		_, err = w.flow.ConfirmSetting(w.ctx, aude, "quorum")
		w.refused(err, fault.Conflict, "setting.nothing_proposed")
		id := w.reviewed(nil, nil).Record.ID
		_, err = w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.ok(err)
		got, err := w.flow.Working(w.ctx, w.as("fay@north"), id)
		w.ok(err)
		if got.Version.State != incident.Reviewed || len(got.Lacking) != 1 || got.Lacking[0].Code != "quorum.approvals" {
			w.t.Fatalf("%+v", got.Lacking)
		}
		_, err = w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.refused(err, fault.Conflict, "workflow.already_signed")
		_, err = w.flow.Publish(w.ctx, w.as("cam@centre"), id, w.rev(id), "")
		w.ok(err)
		w.inState(id, incident.Live, "")
	})
}
