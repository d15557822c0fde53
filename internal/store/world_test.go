package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/schema"
)

// ana is who writes in these tests.
func ana() store.Actor { return store.Actor{Person: "p-ana", Org: "o-north", Via: identity.ViaAPI} }

// seed makes two organizations and two people.
func seed(t testing.TB, s *store.Store) {
	t.Helper()
	write(t, s, store.Change{Action: "org.add", Subject: "north-health",
		Orgs: []identity.Org{
			{ID: "o-north", Slug: "north-health", Name: "Northern Health (test)", Kind: "un_entity", Status: identity.Active},
			{ID: "o-south", Slug: "south-plant", Name: "Southern Plant (test)", Kind: "igo", Status: identity.Active},
		},
		People: []identity.Person{
			{ID: "p-ana", Handle: "ana", Name: "Ana", Status: identity.Active},
			{ID: "p-ben", Handle: "ben", Name: "Ben", Status: identity.Active},
		},
		Memberships: []identity.Membership{
			{Person: "p-ana", Org: "o-north", Role: identity.Contributor},
			{Person: "p-ben", Org: "o-south", Role: identity.Reviewer, Competences: []string{"human"}, Languages: []string{"en"}},
		},
	})
}

// write appends changes in one transaction.
func write(t testing.TB, s *store.Store, changes ...store.Change) {
	t.Helper()
	if err := tryWrite(t, s, changes...); err != nil {
		t.Fatal(err)
	}
}

func tryWrite(t testing.TB, s *store.Store, changes ...store.Change) error {
	t.Helper()
	return s.Write(t.Context(), ana(), func(tx *store.WriteTx) error {
		for _, change := range changes {
			if err := tx.Append(change); err != nil {
				return err
			}
		}
		return nil
	})
}

func read(t testing.TB, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Read(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// draft is the creation of a record with a first version.
func draft(no int64, handling incident.Handling) store.Change {
	id := fmt.Sprintf("BID-TEST-%04d", no)
	return store.Change{
		Action: "incident.create",
		Record: &incident.Record{ID: id, No: no, Owner: "o-north", Originator: "o-north", State: incident.Reserved,
			Handling: handling, Created: 1},
		Version_: &incident.Version{ID: fmt.Sprintf("v-%d-1", no), Record: id, N: 1, Class: incident.Initial,
			State: incident.Draft, Body: []byte(`{"identity":{"unit":"incident"}}`), Handling: handling,
			Author: "p-ana", Authors: []string{"p-ana"}, Updated: 1},
		Details: map[string]any{"note": fmt.Sprintf("made %d", no)},
	}
}

// freeze makes content of a body.
func freeze(body string) *incident.Content {
	salt := []byte("0123456789abcdef0123456789abcdef")
	sum := sha256.Sum256(append(append([]byte{}, salt...), body...))
	return &incident.Content{Hash: hex.EncodeToString(sum[:]), Salt: salt, Schema: "1.0", Bytes: []byte(body)}
}

func view(tier schema.Tier, no int64, edition int, body string) store.StoredView {
	data := []byte(body)
	return store.StoredView{Tier: tier, No: no, Record: fmt.Sprintf("BID-TEST-%04d", no), Edition: edition, Current: true,
		Bytes: data, Hash: ledger.ViewHash(data), Title: []byte(`[]`), Unit: incident.UnitIncident,
		Earliest: int64(incident.NoDay), Latest: int64(incident.NoDay), DeathsLow: -1, Codes: []byte(`{}`),
		Owner: "o-north", ShownOwner: "north-health", Published: incident.Micros(no)}
}

// publication takes a record from its first draft to its first edition, at every tier from a marking on.
func publication(r incident.Record, v incident.Version, marking schema.Tier) store.Change {
	content := freeze(fmt.Sprintf(`{"edition":%d,"of":"%s"}`, r.Edition+1, r.ID))
	r.State, r.Edition, r.Handling.Marking = incident.Live, r.Edition+1, marking
	v.State, v.Edition, v.ContentHash, v.Handling = incident.Published, r.Edition, content.Hash, r.Handling
	c := store.Change{Action: "incident.publish", Record: &r, Version_: &v, Content: content,
		VersionTerms: map[string][]string{"domain": {"human"}, "area": {"FRA"}},
		Attest: []incident.Attestation{{ID: "a-" + v.ID, Kind: incident.Approve, Record: r.ID, Version: v.ID,
			ContentHash: content.Hash, HandlingHash: "h", Person: "p-ben", Org: "o-south", At: 2}},
		Views: &store.Views{}}
	for _, tier := range schema.Tiers() {
		if tier < marking || tier == schema.Named && marking != schema.Named {
			continue
		}
		c.Views.Of = append(c.Views.Of, view(tier, r.No, r.Edition, fmt.Sprintf(`{"id":"%s","edition":%d,"tier":"%s"}`,
			r.ID, r.Edition, tier)))
		if tier != schema.Named {
			c.Feed = append(c.Feed, ledger.FeedEntry{Tier: tier, Edition: r.Edition, Kind: ledger.FeedPublished})
		}
	}
	return c
}

// publish makes a record with one edition.
func publish(t testing.TB, s *store.Store, no int64, marking schema.Tier) {
	t.Helper()
	first := draft(no, incident.Handling{Marking: marking})
	write(t, s, first)
	r, v := stored(first)
	write(t, s, publication(r, v, marking))
}

// stored gives what a change left in the database.
func stored(c store.Change) (incident.Record, incident.Version) {
	r, v := *c.Record, *c.Version_
	r.Revision++
	v.Revision++
	return r, v
}

func wantFault(t testing.TB, err error, kind fault.Kind, code string) {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) || f.Kind != kind || f.Code != code {
		t.Fatalf("got %v, want %s (kind %d)", err, code, kind)
	}
}

// wantMisuse expects an error of the calling code, whose text no reader may be given.
func wantMisuse(t testing.TB, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) || fault.Of(err).Code != "internal" {
		t.Fatalf("got %v, want %q", err, text)
	}
}

func wantClean(t testing.TB, s *store.Store) {
	t.Helper()
	findings, err := s.VerifyLedger(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		t.Errorf("the ledger does not verify: %+v", finding)
	}
}
