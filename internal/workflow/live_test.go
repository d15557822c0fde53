package workflow_test

import (
	"bytes"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// edition publishes another edition of a record through the quorum.
func (w *world) edition(id string, edit func(map[string]any)) {
	w.t.Helper()
	_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
	w.ok(err)
	_, err = w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, edit)})
	w.ok(err)
	_, err = w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
	w.ok(err)
	_, err = w.flow.Claim(w.ctx, w.as("rex@east"), id, workflow.Declared{})
	w.ok(err)
	w.recommend("rex@east", id)
	_, err = w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
	w.ok(err)
}

func (w *world) feed(tier schema.Tier) []ledger.FeedKind {
	w.t.Helper()
	var kinds []ledger.FeedKind
	w.ok(w.store.Read(w.ctx, func(tx *store.Tx) error {
		kinds = nil
		entries, err := tx.FeedAfter(tier, 0, 100)
		for _, e := range entries {
			kinds = append(kinds, e.Kind)
		}
		return err
	}))
	return kinds
}

func other(doc map[string]any) {
	doc["time"] = map[string]any{"onset": "2020-02"}
}

// TestNarrow: at once, in every edition, and a second person confirms.
func TestNarrow(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		w.edition(id, other)
		narrow := func(name string, in workflow.HandlingIn) error {
			_, err := w.flow.Narrow(w.ctx, w.as(name), id, w.rev(id), in.Change(), "asked")
			return err
		}
		w.refused(narrow("ana@north", *handlingOf(schema.Members)), fault.Forbidden, "policy.role")
		w.refused(narrow("fay@north", *handlingOf(schema.Public)), fault.Invalid, "handling.not_narrower")
		w.ok(narrow("fay@north", workflow.HandlingIn{Marking: schema.Public, Tiers: map[string]schema.Tier{"impact": schema.Members}}))
		for edition := range 3 {
			public, ok := w.view(schema.Public, id, edition)
			if !ok || bytes.Contains(public.Bytes, []byte(`"counts"`)) {
				w.t.Fatalf("edition %d: %v %s", edition, ok, public.Bytes)
			}
		}
		w.ok(narrow("fay@north", *handlingOf(schema.Members)))
		public, ok := w.view(schema.Public, id, 0)
		if !ok || public.Tombstone != "restricted" {
			w.t.Fatalf("%v %+v", ok, public)
		}
		if _, ok := w.view(schema.Public, id, 1); ok {
			w.t.Fatal("an earlier edition is still public")
		}
		if members, ok := w.view(schema.Members, id, 1); !ok || members.Tombstone != "" {
			w.t.Fatal("members lost an edition")
		}
		kinds := w.feed(schema.Public)
		if kinds[len(kinds)-1] != ledger.FeedTombstone {
			w.t.Fatalf("%v", kinds)
		}
		got, err := w.flow.Working(w.ctx, w.as("fay@north"), id)
		w.ok(err)
		if p := got.Pending; p == nil || p.What != "narrow" || !p.InForce || p.Until != p.Since+workflow.ConfirmWithin {
			w.t.Fatalf("%+v", got.Pending)
		}
		_, err = w.flow.Confirm(w.ctx, w.as("fay@north"), id, got.Revision, "")
		w.refused(err, fault.Forbidden, "policy.second_person")
		got, err = w.flow.Confirm(w.ctx, w.as("pia@south"), id, got.Revision, "")
		w.ok(err)
		got, err = w.flow.Working(w.ctx, w.as("fay@north"), id)
		w.ok(err)
		if got.Pending != nil {
			w.t.Fatalf("%+v", got.Pending)
		}
		_, err = w.flow.Confirm(w.ctx, w.as("pia@south"), id, got.Revision, "")
		if err == nil {
			w.t.Fatal("confirmed twice")
		}
	})
}

// TestNarrowWhileUnderWay: raising a tier voids nothing; publishing needs the consented handling or a narrower one.
func TestNarrowWhileUnderWay(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.reviewed(nil, nil).Record.ID
		got, err := w.flow.Narrow(w.ctx, w.as("fay@north"), id, w.rev(id), handlingOf(schema.Members).Change(), "")
		w.ok(err)
		if got.Version.State != incident.Reviewed || count(got.Attestations, incident.Recommend, false) != 1 || !got.QuorumMet && len(got.Lacking) != 1 {
			w.t.Fatalf("%+v", got)
		}
		_, err = w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.ok(err)
		if _, ok := w.view(schema.Public, id, 0); ok {
			w.t.Fatal("the public sees what was narrowed before it was published")
		}
		if _, ok := w.view(schema.Members, id, 0); !ok {
			w.t.Fatal("members see nothing")
		}
		if len(w.feed(schema.Public)) != 0 {
			w.t.Fatal("the public feed tells of it")
		}
	})
}

// TestRedact: what is taken out goes from every edition, and stays out when views are computed again.
func TestRedact(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		w.edition(id, other)
		_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		redact := func(name string, pointers ...string) error {
			_, err := w.flow.Redact(w.ctx, w.as(name), id, w.rev(id), workflow.RedactIn{Pointers: pointers, Reason: "privacy"})
			return err
		}
		w.refused(redact("ana@north", "/sources/s2"), fault.Forbidden, "policy.role")
		w.refused(redact("fay@north", "/sources/s9"), fault.Invalid, "redact.invalid")
		w.ok(redact("fay@north", "/sources/s2", "/narrative/members_narrative"))
		gone := func() {
			w.t.Helper()
			for _, tier := range []schema.Tier{schema.Public, schema.Members} {
				for edition := range 4 {
					view, ok := w.view(tier, id, edition)
					if !ok || bytes.Contains(view.Bytes, []byte("Report of an organization")) || bytes.Contains(view.Bytes, []byte("More is told")) {
						w.t.Fatalf("%s, edition %d: %v %s", tier, edition, ok, view.Bytes)
					}
				}
			}
		}
		gone()
		got, err := w.flow.Working(w.ctx, w.as("fay@north"), id)
		w.ok(err)
		if got.Record.Edition != 3 || got.Pending == nil || got.Pending.What != "redact" || bytes.Contains(got.Body, []byte("More is told")) || got.Version.Base != 3 {
			w.t.Fatalf("%+v", got.Pending)
		}
		_, err = w.flow.Narrow(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.HandlingIn{Tiers: map[string]schema.Tier{"impact": schema.Members}}.Change(), "")
		w.ok(err)
		gone()
		_, err = w.flow.Confirm(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.ok(err)
		// A draft that only leaves out can be the redaction itself.
		_, err = w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, func(doc map[string]any) {
			other(doc)
			delete(doc["narrative"].(map[string]any), "members_narrative")
			doc["sources"] = doc["sources"].([]any)[:1]
			delete(doc, "impact")
		})})
		w.ok(err)
		w.ok(redact("fay@north"))
		view, _ := w.view(schema.Members, id, 1)
		if bytes.Contains(view.Bytes, []byte(`"impact"`)) {
			w.t.Fatalf("%s", view.Bytes)
		}
	})
}

// TestRedactWhileUnderWay: what was submitted and holds what is taken out goes back to its authors, without it.
func TestRedactWhileUnderWay(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		_, err = w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, other)})
		w.ok(err)
		_, err = w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.ok(err)
		_, err = w.flow.Claim(w.ctx, w.as("rex@east"), id, workflow.Declared{})
		w.ok(err)
		_, err = w.flow.Redact(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.RedactIn{Pointers: []string{"/narrative/members_narrative"}, Reason: "privacy"})
		w.ok(err)
		w.inState(id, incident.Live, incident.Draft)
		_, err = w.flow.Working(w.ctx, w.as("rex@east"), id)
		w.refused(err, fault.Forbidden, "")
		got, err := w.flow.Working(w.ctx, w.as("fay@north"), id)
		w.ok(err)
		if bytes.Contains(got.Body, []byte("More is told")) || !bytes.Contains(got.Body, []byte("2020-02")) || got.Version.Base != 2 ||
			count(got.Attestations, incident.Consent, false) != 0 {
			w.t.Fatalf("%s %+v", got.Body, got.Version)
		}
		_, err = w.flow.Submit(w.ctx, w.as("fay@north"), id, got.Revision, "")
		w.ok(err)
	})
}

// TestWiden: the owner's consent, then two publishers of other organizations.
func TestWiden(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, handlingOf(schema.Members))
		widen := func(name string, in *workflow.HandlingIn) error {
			change := workflow.HandlingChange{}
			if in != nil {
				change = in.Change()
			}
			_, err := w.flow.Widen(w.ctx, w.as(name), id, w.rev(id), change, "")
			return err
		}
		w.refused(widen("pia@south", nil), fault.Conflict, "widen.no_proposal")
		w.refused(widen("fay@north", handlingOf(schema.Named)), fault.Invalid, "handling.not_wider")
		w.ok(widen("fay@north", handlingOf(schema.Public)))
		w.ok(widen("pia@south", nil))
		if _, ok := w.view(schema.Public, id, 0); ok {
			w.t.Fatal("one publisher was enough")
		}
		got, err := w.flow.Working(w.ctx, w.as("fay@north"), id)
		w.ok(err)
		if got.Pending == nil || got.Pending.What != "widen" || got.Pending.InForce {
			w.t.Fatalf("%+v", got.Pending)
		}
		w.refused(widen("pia@south", nil), fault.Forbidden, "policy.already_signed")
		w.ok(widen("cam@centre", nil))
		public, ok := w.view(schema.Public, id, 0)
		if !ok || public.Edition != 2 {
			w.t.Fatalf("%v %+v", ok, public)
		}
		if _, ok := w.view(schema.Public, id, 1); ok {
			w.t.Fatal("the first edition is wider than it ever was")
		}
	})
}

// TestWidenNamed: until it is wider, a record of the named tier stays one: nobody takes the proposal in hand by themselves.
func TestWidenNamed(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.publishedNamed()
		_, err := w.flow.Widen(w.ctx, w.as("fay@north"), id, w.rev(id), handlingOf(schema.Public).Change(), "")
		w.ok(err)
		_, err = w.flow.Claim(w.ctx, w.as("rua@east"), id, workflow.Declared{})
		w.refused(err, fault.Forbidden, "policy.named_assigned_only")
		_, err = w.flow.Working(w.ctx, w.as("lea@west"), id)
		w.refused(err, fault.NotFound, "incident.not_found")
	})
}

// TestWidenByVersion: a version that would show more is a change of handling, whatever else it changes, and one approval
// is not enough for it.
func TestWidenByVersion(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, handlingOf(schema.Members))
		_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		got, err := w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, update), Handling: handlingOf(schema.Public)})
		w.ok(err)
		if got.Version.Class != incident.HandlingChange {
			w.t.Fatalf("class %s", got.Version.Class)
		}
		_, err = w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.ok(err)
		_, err = w.flow.Accept(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "policy.class")
		_, err = w.flow.Claim(w.ctx, w.as("rex@east"), id, workflow.Declared{})
		w.ok(err)
		w.recommend("rex@east", id)
		_, err = w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.ok(err)
		w.inState(id, incident.Live, incident.Reviewed)
		_, err = w.flow.Publish(w.ctx, w.as("cam@centre"), id, w.rev(id), "")
		w.ok(err)
		if public, ok := w.view(schema.Public, id, 0); !ok || public.Edition != 2 || public.DeathsLow != 1 {
			w.t.Fatalf("%v %+v", ok, public)
		}
	})
}

// TestWithdraw: by the owner at once, against the owner by two publishers; the tombstone is for those who could see.
func TestWithdraw(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		_, err = w.flow.Withdraw(w.ctx, w.as("fay@north"), id, w.rev(id), "originator_request", "")
		w.ok(err)
		public, ok := w.view(schema.Public, id, 0)
		if !ok || public.Tombstone != "withdrawn" || public.Reason != "originator_request" || bytes.Contains(public.Bytes, []byte("outbreak")) {
			w.t.Fatalf("%v %+v", ok, public)
		}
		if _, ok := w.view(schema.Named, id, 0); ok {
			w.t.Fatal("a tombstone where there was nothing to see")
		}
		w.inState(id, incident.Withdrawn, "")

		against := w.published(nil, nil)
		_, err = w.flow.Withdraw(w.ctx, w.as("pia@south"), against, w.rev(against), "refuted", "")
		w.ok(err)
		w.inState(against, incident.Live, "")
		_, err = w.flow.Withdraw(w.ctx, w.as("pia@south"), against, w.rev(against), "refuted", "")
		w.refused(err, fault.Forbidden, "policy.already_signed")
		_, err = w.flow.Withdraw(w.ctx, w.as("cam@centre"), against, w.rev(against), "legal", "")
		w.refused(err, fault.Conflict, "workflow.other_reason")
		_, err = w.flow.Withdraw(w.ctx, w.as("cam@centre"), against, w.rev(against), "refuted", "")
		w.ok(err)
		w.inState(against, incident.Withdrawn, "")
	})
}

// TestMerge: into another live record that whoever saw the first may see.
func TestMerge(t *testing.T) {
	eachWorld(t, func(w *world) {
		id, into, hidden := w.published(nil, nil), w.published(nil, nil), w.published(nil, handlingOf(schema.Members))
		merge := func(name, target string) error {
			_, err := w.flow.Merge(w.ctx, w.as(name), id, w.rev(id), target, "duplicate", "")
			return err
		}
		w.refused(merge("fay@north", "BID-2222-222B"), fault.Invalid, "merge.target")
		w.refused(merge("fay@north", id), fault.Invalid, "merge.target")
		w.refused(merge("fay@north", hidden), fault.Invalid, "merge.target_hidden")
		w.ok(merge("pia@south", into))
		w.inState(id, incident.Live, "")
		w.mergesInto(id, into, "fay@north", "pia@south", "cam@centre")
		w.ok(merge("cam@centre", into))
		public, _ := w.view(schema.Public, id, 0)
		if public.Tombstone != "merged" || public.MergedInto != into {
			w.t.Fatalf("%+v", public)
		}
		w.inState(id, incident.Merged, "")

		id = w.published(nil, nil)
		w.ok(merge("pia@south", into))
		_, err := w.flow.Narrow(w.ctx, w.as("fay@north"), into, w.rev(into), handlingOf(schema.Named).Change(), "")
		w.ok(err)
		w.mergesInto(id, into, "fay@north")
		w.mergesInto(id, "", "pia@south", "cam@centre")
	})
}

// mergesInto demands that a merging which waits names the other record to these people, or "" to those who may not know
// of it.
func (w *world) mergesInto(id, into string, people ...string) {
	w.t.Helper()
	for _, name := range people {
		standing, err := w.flow.Standing(w.ctx, w.as(name), id)
		w.ok(err)
		list, err := w.flow.Waiting(w.ctx, w.as(name), workflow.WaitingIn{Kind: "merge"})
		w.ok(err)
		if len(standing.Waiting) != 1 || standing.Waiting[0].Into != into || len(list.Items) != 1 || list.Items[0].Into != into {
			w.t.Errorf("%s: %+v, %+v", name, standing.Waiting, list.Items)
		}
	}
}

func update(doc map[string]any) {
	counts := doc["impact"].(map[string]any)
	counts["counts"] = append(counts["counts"].([]any), map[string]any{"id": "c2", "measure": "deaths", "basis": "cumulative",
		"low": 1, "high": 1, "qualifier": "exact", "as_of": "2020-07", "sources": []any{"s1"}})
}

// TestSituationUpdate: one action by a reviewer or publisher of another organization; with consent ahead the analyst
// submits it; a newer one replaces the waiting one.
func TestSituationUpdate(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		ana := w.as("ana@north")
		begin := func(edit func(map[string]any)) workflow.Working {
			w.t.Helper()
			_, err := w.flow.NewVersion(w.ctx, ana, id)
			w.ok(err)
			got, err := w.flow.Save(w.ctx, ana, id, w.rev(id), workflow.Draft{Body: document(w.t, edit)})
			w.ok(err)
			return got
		}
		if got := begin(update); got.Version.Class != incident.SituationUpdate {
			w.t.Fatalf("class %s", got.Version.Class)
		}
		_, err := w.flow.Submit(w.ctx, ana, id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "")
		_, err = w.flow.ConsentAhead(w.ctx, w.as("fay@north"), id, 13)
		w.refused(err, fault.Invalid, "consent.weeks")
		_, err = w.flow.ConsentAhead(w.ctx, ana, id, 4)
		w.refused(err, fault.Forbidden, "policy.role")
		_, err = w.flow.ConsentAhead(w.ctx, w.as("fay@north"), id, 4)
		w.ok(err)
		got, err := w.flow.Submit(w.ctx, ana, id, w.rev(id), "")
		w.ok(err)
		if got.People[got.Attestations[0].Person].Handle != "fay" {
			w.t.Fatalf("consent of %+v", got.Attestations)
		}
		// A newer one.
		got = begin(func(doc map[string]any) {
			update(doc)
			doc["time"].(map[string]any)["end"] = "2020-08"
		})
		if got.Version.N != 2 || count(got.Attestations, incident.Consent, false) != 0 {
			w.t.Fatalf("%+v", got.Version)
		}
		_, err = w.flow.Submit(w.ctx, ana, id, w.rev(id), "")
		w.ok(err)
		_, err = w.flow.Accept(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "")
		_, err = w.flow.Accept(w.ctx, w.as("rex@east"), id, w.rev(id), "")
		w.ok(err)
		public, _ := w.view(schema.Public, id, 0)
		if public.Edition != 2 || public.DeathsLow != 1 || !bytes.Contains(public.Bytes, []byte("2020-08")) {
			w.t.Fatalf("%+v", public)
		}
		kinds := w.feed(schema.Public)
		if len(kinds) != 2 || kinds[1] != ledger.FeedEdition {
			w.t.Fatalf("%v", kinds)
		}
		// A correction is no situation update, and consent ahead does not reach it.
		begin(other)
		_, err = w.flow.Submit(w.ctx, ana, id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "")
		_, err = w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.ok(err)
		_, err = w.flow.Accept(w.ctx, w.as("rex@east"), id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "policy.class")
	})
}

// TestEditorial: words only, one action.
func TestEditorial(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		_, err = w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.refused(err, fault.Invalid, "version.changes_nothing")
		got, err := w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, func(doc map[string]any) {
			doc["narrative"].(map[string]any)["summary"] = map[string]any{"source": "en",
				"en": map[string]any{"text": "An outbreak among people was reported, and ended in the summer."}}
		})})
		w.ok(err)
		if got.Version.Class != incident.Editorial {
			w.t.Fatalf("class %s", got.Version.Class)
		}
		changes, err := w.flow.Changes(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		if len(changes.Fields) != 1 || changes.Base != 1 {
			w.t.Fatalf("%+v", changes)
		}
		_, err = w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.ok(err)
		_, err = w.flow.Accept(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.ok(err)
		if public, _ := w.view(schema.Public, id, 0); public.Edition != 2 {
			w.t.Fatal("no second edition")
		}
	})
}

// TestPublishTogether: publishers of several organizations cover all together.
func TestPublishTogether(t *testing.T) {
	eachWorld(t, func(w *world) {
		grants, err := w.flow.Grants(w.ctx, operator)
		w.ok(err)
		for _, g := range grants {
			if g.Action == identity.GrantPublish {
				_, err := w.flow.RevokeGrant(w.ctx, operator, g.ID)
				w.ok(err)
			}
		}
		w.grant(workflow.GrantIn{Org: "south", Action: identity.GrantPublish, Scope: identity.Scope{Areas: []string{"FRA"}}})
		w.grant(workflow.GrantIn{Org: "centre", Action: identity.GrantPublish, Scope: identity.Scope{Areas: []string{"KEN"}}})
		id := w.reviewed(func(doc map[string]any) {
			place := doc["place"].(map[string]any)
			place["areas"] = append(place["areas"].([]any), map[string]any{"id": "p2", "area": "KEN", "role": "occurrence"})
		}, nil).Record.ID
		got, err := w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
		w.ok(err)
		if got.Version.State != incident.Reviewed {
			w.t.Fatalf("state %s", got.Version.State)
		}
		_, err = w.flow.Publish(w.ctx, w.as("cam@centre"), id, w.rev(id), "")
		w.ok(err)
		w.inState(id, incident.Live, "")
	})
}

// TestBreakGlass: for an hour, with a reason, and the owner can see it.
func TestBreakGlass(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.publishedNamed()
		got, err := w.flow.Working(w.ctx, w.as("adam@secretariat"), id)
		w.ok(err)
		if got.Body != nil || got.Record.State != incident.Live {
			w.t.Fatalf("%+v", got)
		}
		_, err = w.flow.BreakGlass(w.ctx, w.as("adam@secretariat"), id, "")
		w.refused(err, fault.Invalid, "glass.reason")
		_, err = w.flow.BreakGlass(w.ctx, w.as("adam@secretariat"), id, "a court asks")
		w.ok(err)
		got, err = w.flow.Working(w.ctx, w.as("adam@secretariat"), id)
		w.ok(err)
		if got.Body == nil {
			w.t.Fatal("the glass is not broken")
		}
		page, err := w.flow.Ledger(w.ctx, w.as("fay@north"), workflow.LedgerIn{Subject: id})
		w.ok(err)
		if len(page.Entries) == 0 || page.Entries[0].Entry.Action != "glass.break" || !bytes.Contains(page.Entries[0].Details, []byte("a court asks")) {
			w.t.Fatalf("%+v", page.Entries)
		}
		before := w.as("adam@secretariat")
		w.clock.Set(w.clock.Now() + 3601_000_000)
		got, err = w.flow.Working(w.ctx, before, id)
		w.ok(err)
		if got.Body != nil {
			w.t.Fatal("the glass mends after an hour")
		}
	})
}

// TestGlassesAreSeen: the owner's focal points are shown at once who broke the glass, for how long, why, and whether they
// read; auditors are shown all; nobody else any.
func TestGlassesAreSeen(t *testing.T) {
	eachWorld(t, func(w *world) {
		id, never := w.publishedNamed(), w.published(nil, nil)
		for _, of := range []string{never, id} {
			_, err := w.flow.BreakGlass(w.ctx, w.as("adam@secretariat"), of, "a court asks")
			w.ok(err)
		}
		for range 2 {
			_, err := w.flow.Working(w.ctx, w.as("adam@secretariat"), id)
			w.ok(err)
		}
		w.ok(w.store.Events().Flush(w.ctx))
		until := w.glasses("fay@north", workflow.GlassesIn{Record: id})[0].Until
		for name, want := range map[string]int{"fay@north": 2, "otto@secretariat": 2, "eva@east": 0} {
			got := w.glasses(name, workflow.GlassesIn{Limit: 1})
			if len(got) != want {
				w.t.Errorf("%s sees %d", name, len(got))
			}
			for _, g := range got {
				reads := map[string]int64{id: 2, never: 0}[g.Record]
				if g.Person != "adam" || g.Org != "secretariat" || g.Reason != "a court asks" || !g.InForce || g.Reads != reads ||
					(g.LastRead != 0) != (reads > 0) {
					w.t.Errorf("%s: %+v", name, g)
				}
			}
		}
		for _, name := range []string{"ana@north", "adam@secretariat", "pia@south", "lea@west"} {
			_, err := w.flow.Glasses(w.ctx, w.as(name), workflow.GlassesIn{})
			w.refused(err, fault.Forbidden, "")
		}
		_, err := w.flow.Glasses(w.ctx, identity.Principal{}, workflow.GlassesIn{})
		w.refused(err, fault.Unauthenticated, "auth.required")
		w.clock.Set(until)
		if got := w.glasses("fay@north", workflow.GlassesIn{Record: id}); len(got) != 1 || got[0].InForce {
			w.t.Errorf("%+v", got)
		}
		if got := w.glasses("fay@north", workflow.GlassesIn{InForce: true}); len(got) > 1 {
			w.t.Errorf("%+v", got)
		}
	})
}

// glasses gives the glasses that somebody sees broken, page by page.
func (w *world) glasses(name string, in workflow.GlassesIn) []workflow.Glass {
	w.t.Helper()
	var all []workflow.Glass
	for {
		page, err := w.flow.Glasses(w.ctx, w.as(name), in)
		w.ok(err)
		all = append(all, page.Glasses...)
		if in.Cursor = page.Next; in.Cursor == "" {
			return all
		}
	}
}

// TestTokensAndPeople: nobody acts on more rights than theirs.
func TestTokensAndPeople(t *testing.T) {
	eachWorld(t, func(w *world) {
		fay := w.as("fay@north")
		made, err := w.flow.CreateToken(w.ctx, fay, workflow.TokenIn{Name: "laptop", Scopes: []string{"read"}})
		w.ok(err)
		who, err := w.auth.Authenticate(w.ctx, made.Secret)
		w.ok(err)
		_, err = w.flow.Create(w.ctx, who, workflow.Draft{Body: document(w.t, nil)})
		w.refused(err, fault.Forbidden, "policy.token_scope")
		_, err = w.flow.CreateToken(w.ctx, fay, workflow.TokenIn{Name: "theirs", Person: "ana@north"})
		w.refused(err, fault.Forbidden, "")
		_, err = w.flow.RevokeToken(w.ctx, w.as("eva@east"), made.Token.ID)
		w.refused(err, fault.NotFound, "token.not_found")
		_, err = w.flow.RevokeToken(w.ctx, fay, made.Token.ID)
		w.ok(err)
		_, err = w.auth.Authenticate(w.ctx, made.Secret)
		w.refused(err, fault.Unauthenticated, "")

		_, err = w.flow.AddPerson(w.ctx, fay, workflow.PersonIn{Handle: "new", Name: "New"})
		w.ok(err)
		_, err = w.flow.AddMembership(w.ctx, fay, workflow.MemberIn{Person: "new@north", Role: identity.Contributor})
		w.ok(err)
		_, err = w.flow.AddMembership(w.ctx, fay, workflow.MemberIn{Person: "new@north", Role: identity.Reviewer})
		w.refused(err, fault.Forbidden, "")
		_, err = w.flow.AddMembership(w.ctx, fay, workflow.MemberIn{Person: "new@east", Role: identity.Contributor})
		w.refused(err, fault.Forbidden, "")
		_, err = w.flow.AddOrg(w.ctx, fay, workflow.OrgIn{Slug: "mine", Name: "Mine", Kind: "igo"})
		w.refused(err, fault.Forbidden, "policy.role")
		people, err := w.flow.People(w.ctx, fay, "")
		w.ok(err)
		for _, p := range people {
			if p.Org != "north" {
				w.t.Errorf("fay sees %s@%s", p.Person.Handle, p.Org)
			}
		}
		explanation, err := w.flow.Explain(w.ctx, fay, workflow.ExplainIn{Person: "ana@north", Action: incident.ActionSubmit, ID: w.draft(nil, nil).Record.ID})
		w.ok(err)
		if explanation.Decision.Allowed || len(explanation.Decision.Missing) == 0 || explanation.Decision.Missing[0].Code != "policy.role" {
			w.t.Fatalf("%+v", explanation.Decision)
		}
	})
}
