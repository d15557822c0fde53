package follow

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/schema"
	"bioincident/search"
)

func viewOf(t *testing.T, tier schema.Tier, body map[string]any, shownOwner string) store.StoredView {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return store.StoredView{
		Tier: tier, No: 7, Record: recordID(7), Edition: 1, Current: true, Bytes: data, Hash: ledger.ViewHash(data),
		Title: []byte(`[]`), Unit: incident.UnitReport, Codes: []byte(`{"cause":["natural"]}`),
		Owner: "o-north", ShownOwner: shownOwner, Recipients: []string{"o-east"},
	}
}

func TestADocumentHasTheDatesCountsAndGroupOfItsView(t *testing.T) {
	d := deps(t, "")
	maker := documents{schema: d.Schema, message: d.Message}
	body := map[string]any{
		"identity": map[string]any{"external_ids": []any{map[string]any{"id": "e1", "scheme": "who_don", "value": "2014-DON1"}}},
		"time":     map[string]any{"onset": "2014-03-05", "end": "2014-03-20"},
		"impact": map[string]any{"counts": []any{
			map[string]any{"id": "c1", "measure": "deaths", "low": 3, "qualifier": "at_least", "as_of": "2014-04-01"},
		}},
		"sources": []any{map[string]any{"id": "s1", "type": "igo_report", "published": "2014-03-22"}},
	}
	doc, err := maker.document(viewOf(t, schema.Members, body, "north"))
	if err != nil {
		t.Fatal(err)
	}
	day := func(text string) incident.Day { return incident.Date(text).Bounds().Earliest }
	want := search.Dates{
		Began:    search.Window{From: day("2014-03-05"), To: day("2014-03-05")},
		Core:     search.Window{From: day("2014-03-05"), To: day("2014-03-20")},
		Hull:     search.Window{From: day("2014-03-05"), To: day("2014-03-20")},
		Reported: []search.Window{{From: day("2014-03-22"), To: day("2014-03-22")}},
	}
	if !reflect.DeepEqual(doc.Dates, want) {
		t.Errorf("dates %+v, want %+v", doc.Dates, want)
	}
	if doc.Counts["deaths"] != [2]int64{3, -1} || doc.Group != "who_don:2014-DON1" {
		t.Errorf("counts %v, group %q", doc.Counts, doc.Group)
	}
	if !slices.Equal(doc.Codes["organization"], []string{"north"}) || !slices.Equal(doc.Codes["unit"], []string{"report"}) {
		t.Errorf("codes %v", doc.Codes)
	}
}

func TestTheOwnerIsForTheNamedTierOnly(t *testing.T) {
	d := deps(t, "")
	maker := documents{schema: d.Schema, message: d.Message}
	for _, tier := range schema.Tiers() {
		doc, err := maker.document(viewOf(t, tier, map[string]any{}, ""))
		if err != nil {
			t.Fatal(err)
		}
		named := doc.Owner == "o-north" && slices.Equal(doc.Recipients, []string{"o-east"})
		none := doc.Owner == "" && doc.Recipients == nil
		if tier == schema.Named && !named || tier != schema.Named && !none {
			t.Errorf("%s: owner %q, recipients %v", tier, doc.Owner, doc.Recipients)
		}
		for kind, codes := range doc.Codes {
			if slices.Contains(codes, "o-north") || kind == "organization" && len(codes) > 0 {
				t.Errorf("%s: %s is %v", tier, kind, codes)
			}
		}
	}
}

func TestFollowsTheNamedFeed(t *testing.T) {
	s := newShelf()
	f := newFollower(s, deps(t, ""))
	start(t, f)
	s.put(schema.Members, 1, ledger.FeedPublished, "zebras")
	s.put(schema.Named, 1, ledger.FeedPublished, "zebras and their keepers")
	s.put(schema.Named, 2, ledger.FeedPublished, "zebras of which nobody else knows")
	caughtUp(t, f, schema.Members, 1)
	caughtUp(t, f, schema.Named, 2)
	if got := f.Records(schema.Named); got != 2 {
		t.Errorf("%d records behind the named wall", got)
	}
	s.drop(schema.Named, 1)
	caughtUp(t, f, schema.Named, 3)
	if got := f.Records(schema.Named); got != 1 || f.Narrowed(schema.Named) != 3 || f.Position(schema.Named) != 3 {
		t.Errorf("%d records at %d, narrowed to %d", got, f.Position(schema.Named), f.Narrowed(schema.Named))
	}
	checked(t, f)
	if err := f.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := f.Records(schema.Named); got != 1 {
		t.Errorf("%d records after the rebuild", got)
	}
	checked(t, f)
}
