package workflow_test

import (
	"testing"

	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// TestDraftToEdition takes one record the whole way.
func TestDraftToEdition(t *testing.T) {
	eachWorld(t, func(w *world) {
		got := w.draft(nil, nil)
		id := got.Record.ID
		if got.Revision.String() != "1.1" || len(got.Findings) != 0 {
			w.t.Fatalf("revision %s, findings %v", got.Revision, got.Findings)
		}
		got, err := w.flow.Submit(w.ctx, w.as("fay@north"), id, got.Revision, "please")
		w.ok(err)
		if len(got.Warnings) != 0 || got.Version.State != incident.Submitted || got.Version.ContentHash == "" {
			w.t.Fatalf("%+v", got)
		}
		got, err = w.flow.Claim(w.ctx, w.as("rex@east"), id, workflow.Declared{})
		w.ok(err)
		if got.Body == nil || got.Version.State != incident.InReview {
			w.t.Fatalf("%+v", got)
		}
		got = w.recommend("rex@east", id)
		if got.Version.State != incident.Reviewed {
			w.t.Fatalf("state %s", got.Version.State)
		}
		got, err = w.flow.Publish(w.ctx, w.as("pia@south"), id, got.Revision, "")
		w.ok(err)
		if got.Record.Edition != 1 || got.Record.State != incident.Live || got.Version.State != incident.Published {
			w.t.Fatalf("%+v", got)
		}
		w.inState(id, incident.Live, "")
		public, ok := w.view(schema.Public, id, 0)
		if !ok || !public.Current || public.Edition != 1 || public.ShownOwner != "north" {
			w.t.Fatalf("%v %+v", ok, public)
		}
		members, ok := w.view(schema.Members, id, 0)
		if !ok || members.Hash == public.Hash {
			w.t.Fatal("members see no more than the public")
		}
		if _, ok := w.view(schema.Named, id, 0); ok {
			w.t.Fatal("a named view that does not differ is kept")
		}
		w.ok(w.store.Read(w.ctx, func(tx *store.Tx) error {
			feed, err := tx.FeedAfter(schema.Public, 0, 10)
			if err != nil || len(feed) != 1 || feed[0].Kind != "published" || feed[0].ViewHash != public.Hash {
				w.t.Errorf("%v %+v", err, feed)
			}
			return err
		}))
	})
}
