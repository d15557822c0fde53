package follow_test

import (
	"context"
	"fmt"
	"testing"

	"bioincident/internal/follow"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/message"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/policies"
	"bioincident/schema"
	"bioincident/search"
)

func write(t *testing.T, s *store.Store, changes ...store.Change) {
	t.Helper()
	err := s.Write(t.Context(), store.Actor{Person: "p-ana", Org: "o-north", Via: identity.ViaAPI}, func(tx *store.WriteTx) error {
		for _, change := range changes {
			if err := tx.Append(change); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// record is a live record with an edition that says something at each tier from its marking on.
func record(no int64, says map[schema.Tier]string) store.Change {
	id := fmt.Sprintf("BID-TEST-%04d", no)
	c := store.Change{
		Action: "incident.publish", Views: &store.Views{},
		Record: &incident.Record{ID: id, No: no, Owner: "o-north", Originator: "o-north", State: incident.Live, Edition: 1, Created: 1},
	}
	for _, tier := range []schema.Tier{schema.Public, schema.Members} {
		if words, ok := says[tier]; ok {
			c.Views.Of = append(c.Views.Of, view(tier, no, 1, words))
		}
	}
	return c
}

func view(tier schema.Tier, no int64, edition int, words string) store.StoredView {
	data := fmt.Appendf(nil, `{"narrative":{"summary":{"en":{"text":%q},"source":"en"}}}`, words)
	return store.StoredView{
		Tier: tier, No: no, Record: fmt.Sprintf("BID-TEST-%04d", no), Edition: edition, Current: true, Bytes: data,
		Hash: ledger.ViewHash(data), Title: []byte(`[{"kind":"disease","list":"diseases","code":"cholera"}]`),
		Unit: incident.UnitIncident, Earliest: int64(incident.NoDay), Latest: int64(incident.NoDay), DeathsLow: -1,
		Codes: []byte(`{"disease":["cholera"]}`), Owner: "o-north", Published: incident.Micros(no),
	}
}

func TestFollowsTheDatabase(t *testing.T) {
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		index, err := search.Open(search.Options{Dir: t.TempDir()}, sch)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := index.Close(); err != nil {
				t.Error(err)
			}
		}()
		write(t, s, store.Change{Action: "org.add", Subject: "north", Orgs: []identity.Org{{ID: "o-north", Slug: "north", Name: "Northern Health (test)", Kind: "igo", Status: identity.Active}}})
		write(t, s, record(1, map[schema.Tier]string{schema.Public: "zebras", schema.Members: "zebras"}))
		f := follow.New(follow.Deps{Store: s, Index: index, Message: catalogue, Schema: sch})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- f.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		write(t, s,
			record(2, map[schema.Tier]string{schema.Public: "zebras", schema.Members: "zebras and antelopes"}),
			record(3, map[schema.Tier]string{schema.Members: "zebras"}))
		expect := func(who policies.Audience, text string, want int64) {
			t.Helper()
			for _, tier := range []schema.Tier{schema.Public, schema.Members} {
				caughtUp(t, s, f, tier)
			}
			result, err := index.Search(context.Background(), who, search.Query{Text: text})
			if err != nil || result.Total != want {
				t.Errorf("%q finds %d, want %d: %v", text, result.Total, want, err)
			}
		}
		expect(policies.Audience{}, "zebra", 2)
		expect(policies.Audience{}, "antelope", 0)
		expect(policies.Audience{Members: true}, "zebra", 3)
		expect(policies.Audience{Members: true}, "霍乱", 3)
		// Narrowed to members: the public index forgets it.
		narrowed := record(2, map[schema.Tier]string{schema.Members: "zebras and antelopes"})
		narrowed.Action, narrowed.Record.Revision, narrowed.Record.Handling.Marking = "incident.narrow", 1, schema.Members
		write(t, s, narrowed)
		expect(policies.Audience{}, "zebra", 1)
		expect(policies.Audience{Members: true}, "antelope", 1)
		// Withdrawn: nobody finds it.
		gone := record(1, nil)
		gone.Action, gone.Record.Revision, gone.Record.State, gone.Views = "incident.withdraw", 1, incident.Withdrawn, &store.Views{Gone: true}
		write(t, s, gone)
		expect(policies.Audience{}, "", 0)
		expect(policies.Audience{Members: true}, "", 2)
		if findings, err := f.Check(context.Background(), nil); err != nil || len(findings) > 0 {
			t.Error(findings, err)
		}
		if err := f.Rebuild(context.Background(), nil); err != nil {
			t.Error(err)
		}
		expect(policies.Audience{Members: true}, "", 2)
		if findings, err := f.Check(context.Background(), nil); err != nil || len(findings) > 0 {
			t.Error(findings, err)
		}
	})
}

// caughtUp waits until the index holds all that was committed.
func caughtUp(t *testing.T, s *store.Store, f *follow.Follower, tier schema.Tier) {
	t.Helper()
	var head ledger.Head
	err := s.Read(t.Context(), func(tx *store.Tx) (err error) {
		head, err = tx.FeedHead(tier)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err = f.CaughtUp(t.Context(), tier, head.Seq); err == nil {
			return
		}
	}
	t.Fatal(err, f.Health())
}
