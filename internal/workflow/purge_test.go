package workflow_test

import (
	"bytes"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// exported gives everything that proves the ledger, as the offline verifier reads it.
func (w *world) exported() []byte {
	w.t.Helper()
	var out bytes.Buffer
	w.ok(w.store.ExportLedger(w.ctx, &out))
	return out.Bytes()
}

// TestPurge: two publishers, one reason; nothing that the record said is left, and everything still verifies.
func TestPurge(t *testing.T) {
	eachWorld(t, func(w *world) {
		kept := w.published(nil, nil)
		id := w.published(func(doc map[string]any) {
			doc["narrative"].(map[string]any)["summary"].(map[string]any)["en"] = map[string]any{"text": "Quartzblossom was seen."}
		}, nil)
		w.edition(id, other)
		_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
		w.ok(err)
		_, err = w.flow.Purge(w.ctx, w.as("fay@north"), id, id, "privacy")
		w.refused(err, fault.Forbidden, "policy.role")
		_, err = w.flow.Purge(w.ctx, w.as("pia@south"), id, "BID-0000-0000", "privacy")
		w.refused(err, fault.Invalid, "purge.confirm")
		_, err = w.flow.Purge(w.ctx, w.as("pia@south"), id, id, "privacy")
		w.ok(err)
		w.waitsAre(id, "purge")
		w.inState(id, incident.Live, incident.Draft)
		_, err = w.flow.Purge(w.ctx, w.as("pia@south"), id, id, "privacy")
		w.refused(err, fault.Forbidden, "policy.already_signed")
		_, err = w.flow.Purge(w.ctx, w.as("cam@centre"), id, id, "legal")
		w.refused(err, fault.Conflict, "workflow.other_reason")
		if !bytes.Contains(w.exported(), []byte(id)) {
			w.t.Fatal("the export is empty")
		}
		got, err := w.flow.Purge(w.ctx, w.as("cam@centre"), id, id, "privacy")
		w.ok(err)
		if len(got.Warnings) != 1 || got.Warnings[0].Code != "purge.elsewhere" {
			w.t.Errorf("%+v", got.Warnings)
		}
		w.inState(id, incident.Withdrawn, "")
		w.waitsAre(id)
		for _, tier := range []schema.Tier{schema.Public, schema.Members} {
			if views := w.editions(tier, id); len(views) != 1 || views[0].Tombstone != "purged" {
				w.t.Errorf("%s: %+v", tier, views)
			}
		}
		w.ok(w.store.Read(w.ctx, func(tx *store.Tx) error {
			versions, err := tx.Versions(id)
			if err != nil {
				return err
			}
			for _, v := range versions {
				if len(v.Body) > 0 {
					w.t.Errorf("version %d still has its text", v.N)
				}
				if contents, err := tx.Contents([]string{v.ContentHash}); err != nil || len(contents) > 0 {
					w.t.Errorf("version %d: %v, %d contents", v.N, err, len(contents))
				}
			}
			return nil
		}))
		findings, err := ledger.VerifyExport(bytes.NewReader(w.exported()), nil)
		if err != nil || len(findings) != 0 {
			w.t.Errorf("%v %+v", err, findings)
		}
		_, err = w.flow.Purge(w.ctx, w.as("pol@south"), id, id, "privacy")
		w.ok(err) // again: nothing happens
		if view, ok := w.view(schema.Public, kept, 0); !ok || view.Tombstone != "" {
			w.t.Error("another record went with it")
		}
	})
}

// TestCautionNotes: beside every edition, in the feeds, for readers of the tier and those above.
func TestCautionNotes(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, handlingOf(schema.Members))
		note := func(in workflow.NoteIn) error {
			_, err := w.flow.Note(w.ctx, w.as("pia@south"), id, in)
			return err
		}
		w.refused(note(workflow.NoteIn{Tier: schema.Public, Code: "disputed"}), fault.Invalid, "note.invalid")
		w.refused(note(workflow.NoteIn{Tier: schema.Members, Code: "beware"}), fault.Invalid, "note.invalid")
		w.refused(note(workflow.NoteIn{Tier: schema.Members, Code: "disputed", Words: map[string]string{"de": "Vorsicht"}}), fault.Invalid, "note.invalid")
		before, _ := w.view(schema.Members, id, 0)
		w.ok(note(workflow.NoteIn{Tier: schema.Members, Code: "disputed", Words: map[string]string{"en": "Other figures are given."}}))
		after, _ := w.view(schema.Members, id, 0)
		if before.Hash != after.Hash {
			w.t.Error("a note changes the edition")
		}
		if kinds := w.feed(schema.Members); kinds[len(kinds)-1] != ledger.FeedNoted || len(w.feed(schema.Public)) != 0 {
			w.t.Errorf("%v, public %v", kinds, w.feed(schema.Public))
		}
		var notes []store.Note
		w.ok(w.store.Read(w.ctx, func(tx *store.Tx) (err error) {
			notes, err = tx.Notes(id)
			return err
		}))
		if len(notes) != 1 || notes[0].Words["en"] != "Other figures are given." {
			w.t.Fatalf("%+v", notes)
		}
		_, err := w.flow.EndNote(w.ctx, w.as("cam@centre"), id, notes[0].ID)
		w.ok(err)
		_, err = w.flow.EndNote(w.ctx, w.as("cam@centre"), id, notes[0].ID)
		w.refused(err, fault.Conflict, "note.unknown")
	})
}
