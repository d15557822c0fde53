package catalog_test

import (
	"slices"
	"testing"

	"bioincident/internal/catalog"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// codes gives the codes of notes.
func codes(notes []catalog.Note) []string {
	out := []string{}
	for _, n := range notes {
		out = append(out, n.Code)
	}
	return out
}

// TestCautionNotes: beside a record wherever it is read, listed, found or exported, for the readers of the note's tier,
// and in no view.
func TestCautionNotes(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.publish(body(w.t, "Cholera at sea.", "More."), workflow.HandlingIn{Marking: schema.Public})
		plain := w.publish(body(w.t, "Cholera on land.", "More."), workflow.HandlingIn{Marking: schema.Public})
		before := w.read("", id)
		for _, in := range []workflow.NoteIn{
			{Tier: schema.Public, Code: "disputed", Words: map[string]string{"en": "Other figures are given."}},
			{Tier: schema.Members, Code: "source_withdrawn"},
			{Tier: schema.Named, Code: "figures_may_change"},
		} {
			_, err := w.flow.Note(w.ctx, w.as("pia@south"), id, in)
			w.ok(err)
		}
		w.caughtUp()
		if after := w.read("", id); after.Hash != before.Hash || after.ETag == before.ETag || after.Notes[0].Words["en"] == "" {
			w.t.Errorf("%+v", after)
		}
		all := []string{"disputed", "source_withdrawn", "figures_may_change"}
		for who, want := range map[string][]string{"": all[:1], "lea@west": all[:2], "fay@north": all} {
			w.noted(who, id, catalog.SearchIn{}, want)
			w.noted(who, plain, catalog.SearchIn{}, []string{})
			w.noted(who, id, catalog.SearchIn{Public: true}, all[:1])
		}
		_, err := w.flow.EndNote(w.ctx, w.as("pia@south"), id, w.read("", id).Notes[0].ID)
		w.ok(err)
		w.noted("", id, catalog.SearchIn{}, []string{})
	})
}

// noted demands the notes of a record in everything that somebody is given of it.
func (w *world) noted(who, id string, in catalog.SearchIn, want []string) {
	w.t.Helper()
	demand := func(where, record string, notes []catalog.Note) {
		if record == id && !slices.Equal(codes(notes), want) {
			w.t.Errorf("%s, %q: %v, want %v", where, who, codes(notes), want)
		}
	}
	found, err := w.catalog.Search(w.ctx, w.as(who), in)
	w.ok(err)
	for _, hit := range found.Hits {
		demand("search", hit.ID, hit.Notes)
	}
	w.ok(w.catalog.Export(w.ctx, w.as(who), in, func(l catalog.Line) error {
		if l.Record != nil {
			demand("export", l.Record.ID, l.Record.Notes)
		}
		return nil
	}))
	if in.Public {
		return
	}
	reading := w.read(who, id)
	demand("record", id, reading.Notes)
	page, err := w.catalog.List(w.ctx, w.as(who), catalog.ListIn{})
	w.ok(err)
	for _, r := range page.Records {
		demand("list", r.ID, r.Notes)
	}
}
