package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/schema"
)

// told lists a feed as "kind record@edition".
func told(t testing.TB, s *store.Store, tier schema.Tier) []string {
	t.Helper()
	var out []string
	read(t, s, func(tx *store.Tx) error {
		feed, err := tx.FeedAfter(tier, 0, 100)
		for _, e := range feed {
			out = append(out, fmt.Sprintf("%s %s@%d", e.Kind, strings.TrimPrefix(e.Record, "BID-TEST-"), e.Edition))
		}
		return err
	})
	return out
}

// shown lists what a tier shows of record 1: edition, * for the current one, and what is left of it.
func shown(t testing.TB, s *store.Store, tier schema.Tier) []string {
	t.Helper()
	var out []string
	read(t, s, func(tx *store.Tx) error {
		views, err := tx.Editions(tier, "BID-TEST-0001")
		for _, v := range views {
			text := fmt.Sprint(v.Edition)
			if v.Current {
				text += "*"
			}
			out = append(out, text+v.Tombstone)
		}
		return err
	})
	return out
}

// change takes record 1 on with other views.
func change(t testing.TB, s *store.Store, views store.Views, edit func(*incident.Record)) error {
	t.Helper()
	var record incident.Record
	read(t, s, func(tx *store.Tx) (err error) { record, err = tx.Record("BID-TEST-0001"); return err })
	edit(&record)
	return tryWrite(t, s, store.Change{Action: "a", Record: &record, Views: &views})
}

func at(v store.StoredView, current bool) store.StoredView {
	v.Current = current
	return v
}

func TestViewsAndFeedsOfARecordsLife(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		publish(t, s, 1, schema.Public)
		expect := func(step string, public, members, named []string, feeds ...string) {
			t.Helper()
			for i, want := range [][]string{public, members, named} {
				if got := shown(t, s, schema.Tier(i)); !slices.Equal(got, want) {
					t.Errorf("%s: %s shows %v, want %v", step, schema.Tier(i), got, want)
				}
			}
			for i, want := range feeds {
				got := told(t, s, schema.Tier(i))
				last := ""
				if len(got) > 0 {
					last = got[len(got)-1]
				}
				if last != want {
					t.Errorf("%s: the %s feed ends in %q, want %q", step, schema.Tier(i), last, want)
				}
			}
			wantClean(t, s)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		expect("published", []string{"1*"}, []string{"1*"}, nil, "published 0001@1", "published 0001@1", "")

		must(change(t, s, store.Views{Of: []store.StoredView{
			view(schema.Public, 1, 2, `{"e":2}`), view(schema.Members, 1, 2, `{"e":2,"m":1}`),
			view(schema.Named, 1, 2, `{"e":2,"n":1}`)}}, func(r *incident.Record) { r.Edition = 2 }))
		expect("second edition", []string{"1", "2*"}, []string{"1", "2*"}, []string{"2*"},
			"edition 0001@2", "edition 0001@2", "published 0001@2")

		must(change(t, s, store.Views{
			Of: []store.StoredView{view(schema.Public, 1, 2, `{"e":2,"less":1}`),
				view(schema.Members, 1, 2, `{"e":2,"m":1}`)},
			Sealed: []store.StoredView{at(view(schema.Public, 1, 1, `{"e":1,"less":1}`), false),
				at(view(schema.Members, 1, 1, `{"e":1,"m":1}`), false)},
		}, func(*incident.Record) {}))
		expect("redacted", []string{"1", "2*"}, []string{"1", "2*"}, nil,
			"narrowed 0001@2", "narrowed 0001@1", "narrowed 0001@2")

		must(change(t, s, store.Views{Of: []store.StoredView{view(schema.Members, 1, 2, `{"e":2,"m":1}`)}},
			func(r *incident.Record) { r.Handling.Marking = schema.Members }))
		expect("no longer public", []string{"2*restricted"}, []string{"1", "2*"}, nil, "tombstone 0001@2", "narrowed 0001@1")

		must(change(t, s, store.Views{Of: []store.StoredView{view(schema.Public, 1, 2, `{"e":2}`),
			view(schema.Members, 1, 2, `{"e":2,"m":1}`)}}, func(*incident.Record) {}))
		expect("public again", []string{"2*"}, []string{"1", "2*"}, nil, "restored 0001@2", "narrowed 0001@1")

		must(change(t, s, store.Views{Gone: true}, func(r *incident.Record) {
			r.State, r.Reason = incident.Withdrawn, "refuted"
		}))
		expect("withdrawn", []string{"2*withdrawn"}, []string{"2*withdrawn"}, nil, "tombstone 0001@2", "tombstone 0001@2")
		read(t, s, func(tx *store.Tx) error {
			v, ok, err := tx.View(schema.Public, "BID-TEST-0001", 0)
			want := `{"edition":2,"id":"BID-TEST-0001","reason":"refuted","tombstone":"withdrawn"}`
			if !ok || string(v.Bytes) != want || v.Reason != "refuted" {
				t.Errorf("tombstone %s", v.Bytes)
			}
			return err
		})
	})
}

func TestAFeedNeverTellsOfWhatItsReadersMayNotSee(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		first := draft(1, incident.Handling{})
		write(t, s, first)
		record, version := stored(first)
		c := publication(record, version, schema.Members)
		c.Feed = append(c.Feed, ledger.FeedEntry{Tier: schema.Public, Kind: ledger.FeedPublished})
		wantMisuse(t, tryWrite(t, s, c), "a feed entry without a view")
		c = publication(record, version, schema.Members)
		c.Feed[0].ViewHash = "of something else"
		wantMisuse(t, tryWrite(t, s, c), "names another view")
		c = publication(record, version, schema.Members)
		c.Views.Of[0].Bytes = []byte("{}")
		wantMisuse(t, tryWrite(t, s, c), "does not have its hash")
		write(t, s, publication(record, version, schema.Members))
		if got := told(t, s, schema.Public); got != nil {
			t.Errorf("the public feed says %v", got)
		}
	})
}

func TestRecipientsAndLists(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		seed(t, s)
		for no := range int64(5) {
			first := draft(no+1, incident.Handling{Marking: schema.Named})
			if no == 2 {
				first.Record.Handling.Recipients = []string{"o-south"}
			}
			write(t, s, first)
			record, version := stored(first)
			c := publication(record, version, schema.Named)
			if no == 2 {
				c.Views.Of[0].Recipients = []string{"o-south"}
			}
			write(t, s, c)
		}
		list := func(f store.ViewFilter) (nos []int64) {
			read(t, s, func(tx *store.Tx) error {
				views, err := tx.ListViews(schema.Named, f)
				for _, v := range views {
					nos = append(nos, v.No)
				}
				return err
			})
			return nos
		}
		for name, c := range map[string]struct {
			filter store.ViewFilter
			want   []int64
		}{
			"all":        {store.ViewFilter{}, []int64{1, 2, 3, 4, 5}},
			"newest":     {store.ViewFilter{Newest: true, Limit: 2}, []int64{5, 4}},
			"next page":  {store.ViewFilter{Newest: true, Limit: 2, After: &store.ViewKey{Published: 4, No: 4}}, []int64{3, 2}},
			"by number":  {store.ViewFilter{After: &store.ViewKey{No: 3}}, []int64{4, 5}},
			"owner":      {store.ViewFilter{Orgs: []string{"o-north"}}, []int64{1, 2, 3, 4, 5}},
			"recipient":  {store.ViewFilter{Orgs: []string{"o-south"}}, []int64{3}},
			"nobody":     {store.ViewFilter{Orgs: []string{}}, nil},
			"one record": {store.ViewFilter{Orgs: []string{"o-south"}, Records: []string{"BID-TEST-0005"}}, []int64{3, 5}},
			"except":     {store.ViewFilter{Except: []string{"BID-TEST-0001", "BID-TEST-0002"}}, []int64{3, 4, 5}},
		} {
			if got := list(c.filter); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", name, got, c.want)
			}
		}
		read(t, s, func(tx *store.Tx) error {
			views, err := tx.Views(schema.Named, []int64{4, 9, 2})
			if len(views) != 2 || views[0].No != 4 || views[1].No != 2 {
				t.Errorf("got %d views", len(views))
			}
			return err
		})
		var record incident.Record
		read(t, s, func(tx *store.Tx) (err error) { record, err = tx.Record("BID-TEST-0003"); return err })
		record.Handling.Recipients = nil
		write(t, s, store.Change{Action: "a", Record: &record})
		if got := list(store.ViewFilter{Orgs: []string{"o-south"}}); got != nil {
			t.Errorf("still addressed: %v", got)
		}
	})
}
