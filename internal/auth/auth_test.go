package auth_test

import (
	"errors"
	"testing"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
)

const secret = "a token of ana"

// seed gives ana a role in north that ends, one that does not, and a token; and adam a broken glass.
func seed(t *testing.T, s *store.Store, bearer string, change func(*store.Change)) {
	t.Helper()
	now := s.Clock()
	c := store.Change{
		Action: "org.add", Subject: "north",
		Orgs:   []identity.Org{{ID: "north", Slug: "north", Name: "North", Kind: "igo", Status: identity.Active}},
		People: []identity.Person{{ID: "ana", Handle: "ana", Name: "Ana", Status: identity.Active}},
		Memberships: []identity.Membership{
			{Person: "ana", Org: "north", Role: identity.Administrator},
			{Person: "ana", Org: "north", Role: identity.Reviewer, Until: int64(now)},
		},
		Tokens: []store.Token{{ID: "t1", Hash: auth.Hash(bearer), Name: secret, Person: "ana", Org: "north",
			Scopes: []string{"read"}, Created: now, Expires: now + 1_000_000_000}},
	}
	if change != nil {
		change(&c)
	}
	err := s.Write(t.Context(), store.Actor{Person: "operator", Via: identity.ViaLocal}, func(tx *store.WriteTx) error { return tx.Append(c) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhoABearerIs(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		bearer, _, err := auth.Mint(testkit.NewRandom(3))
		if err != nil {
			t.Fatal(err)
		}
		seed(t, s, bearer, nil)
		who, err := auth.New(s).Authenticate(t.Context(), bearer)
		if err != nil {
			t.Fatal(err)
		}
		if who.Name() != "ana@north" || len(who.Roles) != 1 || who.Roles[0] != identity.Administrator || who.Via != identity.ViaAPI ||
			len(who.Scopes) != 1 || who.OrgStatus != identity.Active {
			t.Fatalf("%+v", who)
		}
		who, err = auth.New(s).Named(t.Context(), "ana@north")
		if err != nil || who.Scopes != nil || who.Via != identity.ViaLocal {
			t.Fatalf("%+v %v", who, err)
		}
		_, err = auth.New(s).Named(t.Context(), "ana@south")
		if !fault.Is(err, fault.Unauthenticated) || fault.Of(err).Code != "auth.name" {
			t.Fatal(err)
		}
		_, err = auth.New(s).Named(t.Context(), "ana")
		if !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
	})
}

// TestEveryRefusalIsTheSame spoils one thing at a time.
func TestEveryRefusalIsTheSame(t *testing.T) {
	spoil := map[string]func(*store.Change){
		"revoked":            func(c *store.Change) { c.Tokens[0].Revoked = c.Tokens[0].Created },
		"expired":            func(c *store.Change) { c.Tokens[0].Expires = c.Tokens[0].Created },
		"another":            func(c *store.Change) { c.Tokens[0].Hash = auth.Hash("another") },
		"person deactivated": func(c *store.Change) { c.People[0].Status = identity.Suspended },
		"roles ended": func(c *store.Change) {
			for i := range c.Memberships {
				c.Memberships[i].Until = 1
			}
		},
	}
	for name, change := range spoil {
		t.Run(name, func(t *testing.T) {
			s := testkit.SQLite(t).Open(t)
			bearer, _, err := auth.Mint(testkit.NewRandom(3))
			if err != nil {
				t.Fatal(err)
			}
			seed(t, s, bearer, change)
			_, err = auth.New(s).Authenticate(t.Context(), bearer)
			var f *fault.Fault
			if !errors.As(err, &f) || f.Kind != fault.Unauthenticated || f.Error() != "auth.token" {
				t.Fatalf("%v", err)
			}
		})
	}
	s := testkit.SQLite(t).Open(t)
	bearer, _, _ := auth.Mint(testkit.NewRandom(3))
	seed(t, s, bearer, func(c *store.Change) { c.Orgs[0].Status = identity.Suspended })
	who, err := auth.New(s).Authenticate(t.Context(), bearer)
	if err != nil || who.OrgStatus != identity.Suspended || who.Member() {
		t.Fatalf("a suspended organization is no failure of proof: %+v %v", who, err)
	}
	if _, err := auth.New(s).Authenticate(t.Context(), "bid_nonsense"); fault.Of(err).Error() != "auth.token" {
		t.Fatal(err)
	}
}

func TestTheUseOfATokenIsNotedOnceAMinute(t *testing.T) {
	d := testkit.SQLite(t)
	clock := testkit.NewClock()
	d.Options.Clock = clock.Now
	s := d.Open(t)
	bearer, _, _ := auth.Mint(testkit.NewRandom(3))
	seed(t, s, bearer, nil)
	used := func() incident.Micros {
		if _, err := auth.New(s).Authenticate(t.Context(), bearer); err != nil {
			t.Fatal(err)
		}
		if err := s.Events().Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		var last incident.Micros
		err := s.Read(t.Context(), func(tx *store.Tx) error {
			token, err := tx.Token("t1")
			last = token.LastUsed
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return last
	}
	first := used()
	if first == 0 || used() != first {
		t.Fatal("not noted, or noted again at once")
	}
	clock.Advance(61e9)
	if used() <= first {
		t.Fatal("not noted after a minute")
	}
}
