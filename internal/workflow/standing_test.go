package workflow_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// standing gives the revision of a published record as somebody sees it who works at no version of it.
func (w *world) standing(name, id string) workflow.Revision {
	w.t.Helper()
	got, err := w.flow.Standing(w.ctx, w.as(name), id)
	w.ok(err)
	return got.Revision
}

// TestStanding: a publisher learns the revision of what was published, and nothing of a version under way.
func TestStanding(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		before := w.standing("pia@south", id)
		_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		_, err = w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, other)})
		w.ok(err)
		if after := w.standing("pia@south", id); after != before {
			w.t.Errorf("a draft shows in the revision: %s, %s", before, after)
		}
		_, err = w.flow.Narrow(w.ctx, w.as("pia@south"), id, before+1, handlingOf(schema.Members).Change(), "")
		w.refused(err, fault.Stale, "record.stale")
		if now := fault.Of(err).Params["now"]; now != before.String() {
			w.t.Errorf("a refusal tells of the draft: %v", now)
		}
		_, err = w.flow.Narrow(w.ctx, w.as("pia@south"), id, before, handlingOf(schema.Members).Change(), "")
		w.ok(err)
		got, err := w.flow.Standing(w.ctx, w.as("cam@centre"), id)
		w.ok(err)
		if got.Revision == before || len(got.Waiting) != 1 || got.Waiting[0].What != "confirm" || got.Version != nil || got.Body != nil {
			w.t.Errorf("%+v", got)
		}
		_, err = w.flow.Confirm(w.ctx, w.as("cam@centre"), id, got.Revision, "")
		w.ok(err)
		_, err = w.flow.Standing(w.ctx, w.as("rex@east"), id)
		w.refused(err, fault.Forbidden, "policy.role")
		_, err = w.flow.Standing(w.ctx, w.as("pia@south"), w.publishedNamed())
		w.refused(err, fault.NotFound, "incident.not_found")
	})
}

// TestHandlingIsChanged: what a change does not name stays, and what would show more is said at its place.
func TestHandlingIsChanged(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, &workflow.HandlingIn{Marking: schema.Public, Recipients: []string{"east", "west"},
			Excluded: []string{"west"}, Attribution: incident.AttributionMembers})
		narrow := func(in workflow.HandlingChange) error {
			_, err := w.flow.Narrow(w.ctx, w.as("pia@south"), id, w.standing("pia@south", id), in, "")
			return err
		}
		raise := func(name string, tier schema.Tier) workflow.HandlingChange {
			return workflow.HandlingChange{Tiers: map[string]schema.Tier{name: tier}}
		}
		w.ok(narrow(raise("c1", schema.Members)))
		got, err := w.flow.Working(w.ctx, w.as("fay@north"), id)
		w.ok(err)
		if h := got.Record.Handling; len(h.Recipients) != 2 || len(h.Excluded) != 1 || h.Attribution != incident.AttributionMembers || h.Tiers["c1"] != schema.Members {
			w.t.Fatalf("%+v", h)
		}
		w.edition(id, func(doc map[string]any) { other(doc); delete(doc, "impact") })
		w.ok(narrow(raise("c1", schema.Named))) // only an earlier edition has it
		for _, tier := range []schema.Tier{schema.Public, schema.Members} {
			if view, _ := w.view(tier, id, 1); bytes.Contains(view.Bytes, []byte(`"c1"`)) {
				w.t.Errorf("%s: the first edition shows what was raised: %s", tier, view.Bytes)
			}
		}
		members := schema.Members
		for at, in := range map[string]workflow.HandlingChange{
			"/handling":                        {},
			"/handling/tiers/c1":               raise("c1", schema.Members),
			"/handling/tiers/members_narative": raise("members_narative", schema.Members),
			"/handling/recipients/1":           {Recipients: []string{"east", "centre"}},
			"/handling/recipients/0":           {Recipients: []string{"nowhere"}},
			"/handling/attribution":            {Attribution: incident.AttributionNamed},
			"/handling/tiers/place":            {Marking: &members, Tiers: map[string]schema.Tier{"place": schema.Public}},
		} {
			err := narrow(in)
			f := fault.Of(err)
			if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Pointer != at {
				w.t.Errorf("%s: %v %+v", at, err, f)
			}
		}
		w.ok(narrow(workflow.HandlingChange{Recipients: []string{}}))
	})
}

// TestRestrictionOutlivesItsEdition: another edition does not confirm what was narrowed, and who narrowed it does not
// either.
func TestRestrictionOutlivesItsEdition(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		_, err := w.flow.Narrow(w.ctx, w.as("cam@centre"), id, w.standing("cam@centre", id), handlingOf(schema.Members).Change(), "")
		w.ok(err)
		_, err = w.flow.Withdraw(w.ctx, w.as("cam@centre"), id, w.standing("cam@centre", id), "refuted", "")
		w.ok(err)
		w.waitsAre(id, "confirm", "withdraw")
		w.edition(id, other)
		w.waitsAre(id, "confirm") // the withdrawal was signed over another content
		_, err = w.flow.Redact(w.ctx, w.as("pia@south"), id, w.standing("pia@south", id), workflow.RedactIn{Pointers: []string{"/sources/s2"}, Reason: "privacy"})
		w.ok(err)
		for _, name := range []string{"cam@centre", "pia@south"} {
			_, err = w.flow.Confirm(w.ctx, w.as(name), id, w.standing(name, id), "")
			w.refused(err, fault.Forbidden, "policy.second_person")
		}
		w.clock.Advance(80 * time.Hour)
		got, err := w.flow.Standing(w.ctx, w.as("pol@south"), id)
		w.ok(err)
		if len(got.Waiting) != 1 || !got.Waiting[0].Overdue {
			w.t.Errorf("%+v", got.Waiting)
		}
		if view, ok := w.view(schema.Public, id, 0); !ok || view.Tombstone != "restricted" {
			w.t.Error("what nobody confirmed did not stay in force")
		}
		_, err = w.flow.Confirm(w.ctx, w.as("pol@south"), id, got.Revision, "")
		w.ok(err)
		w.waitsAre(id)
	})
}

// TestRedactByPosition: a place in a list is the thing that stands there in the newest edition, wherever it stood before.
func TestRedactByPosition(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		w.edition(id, func(doc map[string]any) {
			sources := doc["sources"].([]any)
			doc["sources"] = []any{sources[1], sources[0]}
			doc["classification"].(map[string]any)["domains"] = []any{"crop", "human"}
		})
		_, err := w.flow.Redact(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.RedactIn{
			Pointers: []string{"/sources/0", "/classification/domains/1"}, Reason: "privacy"})
		w.ok(err)
		for edition := 1; edition <= 3; edition++ {
			view, ok := w.view(schema.Public, id, edition)
			if !ok || bytes.Contains(view.Bytes, []byte("Report of an organization")) || !bytes.Contains(view.Bytes, []byte("Report of the ministry")) ||
				bytes.Contains(view.Bytes, []byte(`"domains":["human"]`)) {
				w.t.Errorf("edition %d: %s", edition, view.Bytes)
			}
		}
	})
}

// TestHeldAndRedacted: what is redacted while a record is held does not come back with it.
func TestHeldAndRedacted(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		w.edition(id, other)
		_, err := w.flow.Hold(w.ctx, w.as("rex@east"), id, "privacy", "")
		w.ok(err)
		_, err = w.flow.Redact(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.RedactIn{Pointers: []string{"/sources/s2"}, Reason: "privacy"})
		w.ok(err)
		_, err = w.flow.Lift(w.ctx, w.as("pia@south"), id, "")
		w.ok(err)
		for edition := range 4 {
			if view, ok := w.view(schema.Members, id, edition); !ok || bytes.Contains(view.Bytes, []byte("Report of an organization")) {
				w.t.Errorf("edition %d: %v %s", edition, ok, view.Bytes)
			}
		}
	})
}

// TestRecommendedAndRedacted: who recommended something is not told in the differences what was taken out since.
func TestRecommendedAndRedacted(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		_, err = w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, other)})
		w.ok(err)
		again := func() {
			_, err := w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
			w.ok(err)
			_, err = w.flow.Claim(w.ctx, w.as("rex@east"), id, workflow.Declared{})
			w.ok(err)
		}
		again()
		w.recommend("rex@east", id)
		_, err = w.flow.Recall(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.ok(err)
		_, err = w.flow.Redact(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.RedactIn{Pointers: []string{"/narrative/members_narrative"}, Reason: "privacy"})
		w.ok(err)
		again()
		changes, err := w.flow.Changes(w.ctx, w.as("rex@east"), id)
		w.ok(err)
		for _, change := range append(changes.SinceYours, changes.Fields...) {
			if bytes.Contains(change.Before, []byte("More is told")) {
				w.t.Errorf("%+v", change)
			}
		}
	})
}

// TestRevokeConsent: from then on the focal point submits each update; what was submitted goes on.
func TestRevokeConsent(t *testing.T) {
	eachWorld(t, func(w *world) {
		id, second := w.published(nil, nil), w.published(nil, nil)
		_, err := w.flow.RevokeConsent(w.ctx, w.as("fay@north"), id, "")
		w.refused(err, fault.Conflict, "consent.none")
		for _, record := range []string{id, id, second} { // twice: the longer one does not stay behind
			_, err = w.flow.ConsentAhead(w.ctx, w.as("fay@north"), record, 4)
			w.ok(err)
		}
		drafted := func(record string) {
			_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), record)
			w.ok(err)
			_, err = w.flow.Save(w.ctx, w.as("ana@north"), record, w.rev(record), workflow.Draft{Body: document(w.t, update)})
			w.ok(err)
		}
		drafted(id)
		drafted(second)
		_, err = w.flow.Submit(w.ctx, w.as("ana@north"), second, w.rev(second), "")
		w.ok(err)
		_, err = w.flow.RevokeConsent(w.ctx, w.as("ana@north"), id, "")
		w.refused(err, fault.Forbidden, "policy.role")
		for _, record := range []string{id, second} {
			got, err := w.flow.RevokeConsent(w.ctx, w.as("fay@north"), record, "disputed")
			w.ok(err)
			if got.Record != record || got.Revoked == 0 || got.Until != got.Revoked {
				w.t.Errorf("%+v", got)
			}
		}
		_, err = w.flow.Submit(w.ctx, w.as("ana@north"), id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "policy.no_consent_ahead")
		_, err = w.flow.Accept(w.ctx, w.as("pia@south"), second, w.rev(second), "")
		w.ok(err)
		page, err := w.flow.Ledger(w.ctx, w.as("otto@secretariat"), workflow.LedgerIn{Subject: id})
		w.ok(err)
		if len(page.Entries) == 0 || page.Entries[0].Entry.Action != "incident.revoke_consent" {
			w.t.Errorf("%+v", page.Entries)
		}
	})
}

// texts counts the contents that entries about a record name, of one version or of all.
func (w *world) texts(id, version string) int {
	w.t.Helper()
	n := 0
	w.ok(w.store.Read(w.ctx, func(tx *store.Tx) error {
		page, err := w.flow.Ledger(w.ctx, w.as("otto@secretariat"), workflow.LedgerIn{Subject: id, Limit: 200})
		if err != nil {
			return err
		}
		var hashes []string
		for _, line := range page.Entries {
			if version == "" || line.Entry.Version == version {
				hashes = append(hashes, line.Entry.ContentHash)
			}
		}
		contents, err := tx.Contents(hashes)
		n = len(contents)
		return err
	}))
	return n
}

// rounds publishes a record whose text was submitted twice.
func (w *world) rounds() string {
	w.t.Helper()
	id := w.claimed(func(doc map[string]any) {
		doc["narrative"].(map[string]any)["summary"].(map[string]any)["en"] = map[string]any{"text": "Quartzblossom was seen."}
	}, nil).Record.ID
	_, err := w.flow.RequestChanges(w.ctx, w.as("rex@east"), id, w.rev(id), "")
	w.ok(err)
	_, err = w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, nil)})
	w.ok(err)
	_, err = w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
	w.ok(err)
	w.recommend("rex@east", id)
	_, err = w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
	w.ok(err)
	return id
}

// TestPurgeTakesEveryRound: what was submitted in an earlier round is destroyed with the rest.
func TestPurgeTakesEveryRound(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.rounds()
		if n := w.texts(id, ""); n != 2 {
			w.t.Fatalf("%d texts", n)
		}
		for _, name := range []string{"cam@centre", "pol@south"} {
			_, err := w.flow.Purge(w.ctx, w.as(name), id, id, "privacy")
			w.ok(err)
		}
		if n := w.texts(id, ""); n != 0 {
			w.t.Errorf("%d texts are left", n)
		}
	})
}

// TestPurgeTakesCells: what an import kept of a row that it could not read goes with the record of that row.
func TestPurgeTakesCells(t *testing.T) {
	eachWorld(t, func(w *world) {
		rows := w.rows(3, nil)
		batch := w.publishedBatch(rows)
		id := w.lines(batch.ID, workflow.RowCreated)[1].Record
		for i := range rows {
			rows[i].Body, rows[i].Refusal = nil, &workflow.Refusal{Column: "Notes", Value: "quartzblossom", Reason: "quantity.rate"}
		}
		again := w.imported(rows)
		for _, name := range []string{"pia@south", "cam@centre"} {
			_, err := w.flow.Purge(w.ctx, w.as(name), id, id, "privacy")
			w.ok(err)
		}
		var left []string
		for _, line := range w.lines(again.ID, workflow.RowRefused) {
			left = append(left, line.RowID+" "+line.Column+" "+line.Value+" "+line.Reason)
		}
		want := []string{"R-001 Notes quartzblossom quantity.rate", "R-002   quantity.rate", "R-003 Notes quartzblossom quantity.rate"}
		if !slices.Equal(left, want) {
			w.t.Errorf("%q", left)
		}
	})
}

// TestPurgeEdition: two publishers destroy one earlier edition; the others stay, and nothing brings it back.
func TestPurgeEdition(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.rounds()
		w.edition(id, other)
		_, err := w.flow.Redact(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.RedactIn{Pointers: []string{"/sources/s2"}, Reason: "privacy"})
		w.ok(err)
		purge := func(name string, edition int, confirm string) error {
			_, err := w.flow.PurgeEdition(w.ctx, w.as(name), id, edition, confirm, "privacy")
			return err
		}
		w.refused(purge("fay@north", 1, id+"@1"), fault.Forbidden, "policy.role")
		w.refused(purge("cam@centre", 1, id), fault.Invalid, "purge.confirm_edition")
		w.refused(purge("cam@centre", 3, id+"@3"), fault.Conflict, "purge.current_edition")
		w.refused(purge("cam@centre", 9, id+"@9"), fault.Invalid, "purge.no_edition")
		w.ok(purge("cam@centre", 2, id+"@2"))
		w.waitsAre(id, "confirm", "purge_edition")
		w.refused(purge("cam@centre", 2, id+"@2"), fault.Forbidden, "policy.already_signed")
		w.ok(purge("pol@south", 2, id+"@2"))
		w.ok(purge("pia@south", 2, id+"@2")) // again: nothing happens
		w.waitsAre(id, "confirm")
		feed := w.feed(schema.Public)
		if last := feed[len(feed)-1]; last == ledger.FeedTombstone {
			w.t.Error("the feed tells that the whole record is gone")
		}
		check := func() {
			w.t.Helper()
			for _, tier := range []schema.Tier{schema.Public, schema.Members} {
				for _, view := range w.editions(tier, id) {
					if (view.Edition == 2) != (view.Tombstone == "purged") || view.Current != (view.Edition == 3) ||
						bytes.Contains(view.Bytes, []byte("Report of an organization")) {
						w.t.Errorf("%s, edition %d: %q %v %s", tier, view.Edition, view.Tombstone, view.Current, view.Bytes)
					}
				}
			}
		}
		check()
		var versions []incident.Version
		w.ok(w.store.Read(w.ctx, func(tx *store.Tx) (err error) {
			versions, err = tx.Versions(id)
			return err
		}))
		if a, b := w.texts(id, versions[0].ID), w.texts(id, versions[1].ID); a != 2 || b != 0 {
			w.t.Errorf("%d texts of the first edition, %d of the one destroyed", a, b)
		}
		_, err = w.flow.Narrow(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.HandlingChange{Tiers: map[string]schema.Tier{"impact": schema.Members}}, "")
		w.ok(err)
		check()
		_, err = w.flow.Hold(w.ctx, w.as("rex@east"), id, "privacy", "")
		w.ok(err)
		w.ok(purge("cam@centre", 1, id+"@1"))
		w.ok(purge("pol@south", 1, id+"@1"))
		_, err = w.flow.Lift(w.ctx, w.as("pia@south"), id, "")
		w.ok(err)
		for _, view := range w.editions(schema.Public, id) {
			if (view.Edition < 3) != (view.Tombstone == "purged") {
				w.t.Errorf("edition %d: %q", view.Edition, view.Tombstone)
			}
		}
		if n := w.texts(id, versions[0].ID); n != 0 {
			w.t.Errorf("%d texts of the first edition are left", n)
		}
		findings, err := ledger.VerifyExport(bytes.NewReader(w.exported()), nil)
		if err != nil || len(findings) != 0 {
			w.t.Errorf("%v %+v", err, findings)
		}
	})
}

// TestPurgeEditionKeepsRedactions: what a draft left out can only be told from the edition it began from.
func TestPurgeEditionKeepsRedactions(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		w.edition(id, other)
		_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		_, err = w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, func(doc map[string]any) {
			other(doc)
			delete(doc["narrative"].(map[string]any), "members_narrative")
		})})
		w.ok(err)
		_, err = w.flow.Redact(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.RedactIn{Reason: "privacy"})
		w.ok(err)
		_, err = w.flow.PurgeEdition(w.ctx, w.as("cam@centre"), id, 2, id+"@2", "privacy")
		w.refused(err, fault.Conflict, "purge.earlier_first")
		for _, edition := range []string{"1", "2"} {
			for _, name := range []string{"cam@centre", "pol@south"} {
				_, err = w.flow.PurgeEdition(w.ctx, w.as(name), id, int(edition[0]-'0'), id+"@"+edition, "privacy")
				w.ok(err)
			}
		}
		if view, _ := w.view(schema.Members, id, 2); view.Tombstone != "purged" {
			w.t.Errorf("%+v", view)
		}
	})
}
