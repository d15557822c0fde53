package auth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
)

const (
	known  = "horse staple river"
	office = "192.0.2.1"
	hour   = time.Hour
)

// house is a system in which ana has a role in north and in south, and a link to set her password.
type house struct {
	*testing.T
	store     *store.Store
	clock     *testkit.Clock
	passwords *auth.Passwords
	sessions  *auth.Sessions
}

func eachHouse(t *testing.T, test func(h house)) {
	testkit.EachDatabase(t, func(t *testing.T, d testkit.Database) {
		clock := testkit.NewClock()
		d.Options.Clock = clock.Now
		h := house{T: t, store: d.Open(t), clock: clock}
		h.passwords = auth.Cheap(h.store)
		h.sessions = auth.NewSessions(h.store, h.passwords, false)
		h.change(store.Change{
			Orgs: []identity.Org{{ID: "n", Slug: "north", Name: "North", Kind: "igo", Status: identity.Active},
				{ID: "s", Slug: "south", Name: "South", Kind: "igo", Status: identity.Active}},
			People: []identity.Person{{ID: "a", Handle: "ana", Name: "Ana", Status: identity.Active},
				{ID: "b", Handle: "bo", Name: "Bo", Status: identity.Active}},
			Memberships: []identity.Membership{{Person: "a", Org: "n", Role: identity.FocalPoint},
				{Person: "a", Org: "s", Role: identity.Reviewer}, {Person: "b", Org: "s", Role: identity.Reader}},
		})
		test(h)
	})
}

func (h house) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h house) refused(err error, kind fault.Kind, code string) {
	h.Helper()
	if !fault.Is(err, kind) || fault.Of(err).Code != code {
		h.Fatalf("%v, want %s", err, code)
	}
}

func (h house) change(c store.Change) {
	h.Helper()
	c.Action = "test"
	by := store.Actor{Person: "operator", Via: identity.ViaLocal}
	h.ok(h.store.Write(h.Context(), by, func(tx *store.WriteTx) error { return tx.Append(c) }))
}

// link makes a link of a person.
func (h house) link(person string, kind identity.LinkKind, life time.Duration) string {
	h.Helper()
	secret, hash, err := auth.Mint(testkit.NewRandom(byte(h.clock.Now())))
	h.ok(err)
	now := h.clock.Now()
	h.change(store.Change{Links: []store.Link{{Person: person, Hash: hash, Kind: kind, Created: now,
		Expires: now + incident.Micros(life.Microseconds())}}})
	return secret
}

// enroll gives ana a password.
func (h house) enroll() {
	h.Helper()
	_, err := h.passwords.Accept(h.Context(), h.link("a", identity.LinkInvite, hour), known)
	h.ok(err)
}

// browser is where somebody looks at pages; it keeps one cookie.
type browser struct {
	house
	cookie *http.Cookie
}

// visit asks for a page that does something.
func (b *browser) visit(page func(ctx context.Context) error) error {
	b.Helper()
	var err error
	pages := b.sessions.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { err = page(r.Context()) }),
		func(_ http.ResponseWriter, _ *http.Request, failed error) { err = failed })
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	answer := httptest.NewRecorder()
	pages.ServeHTTP(answer, r)
	for _, cookie := range answer.Result().Cookies() {
		b.cookie = cookie
	}
	return err
}

func (b *browser) signIn(handle, password string) (identity.Principal, error) {
	b.Helper()
	var who identity.Principal
	err := b.visit(func(ctx context.Context) (err error) {
		who, err = b.sessions.SignIn(ctx, handle, password, office)
		return err
	})
	return who, err
}

// who gives PERSON@ORG of whoever asks for a page, "@" for the public.
func (b *browser) who() string {
	b.Helper()
	var who identity.Principal
	b.ok(b.visit(func(ctx context.Context) (err error) {
		who, err = b.sessions.Who(ctx)
		return err
	}))
	return who.Name()
}

func TestSigningIn(t *testing.T) {
	eachHouse(t, func(h house) {
		h.enroll()
		b := &browser{house: h, cookie: &http.Cookie{Name: "bid", Value: "planted"}}
		who, err := b.signIn("ana", known)
		h.ok(err)
		if who.Name() != "ana@north" || who.Via != identity.ViaWeb || !who.Has(identity.FocalPoint) || who.Scopes != nil || b.who() != "ana@north" {
			t.Fatalf("%+v", who)
		}
		c := b.cookie
		if c.Value == "planted" || c.Name != "bid" || c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge != 0 {
			t.Errorf("%+v", c)
		}
		h.ok(h.store.Read(h.Context(), func(tx *store.Tx) error {
			session, ok, err := tx.Session(auth.Hash(c.Value))
			if !ok || session.Person != "a" || session.Org != "n" || strings.Contains(string(session.Data), c.Value) {
				t.Errorf("%+v", session)
			}
			return err
		}))
		h.ok(b.visit(func(ctx context.Context) error { return b.sessions.SignOut(ctx) }))
		if b.cookie.MaxAge >= 0 || b.who() != "@" {
			t.Error("signed out, and still somebody")
		}
		b.cookie = c
		if b.who() != "@" {
			t.Error("the cookie of a session that was ended is good")
		}
	})
}

// TestNothingIsLearntFromARefusal: what is wrong with a handle or a password is never said.
func TestNothingIsLearntFromARefusal(t *testing.T) {
	eachHouse(t, func(h house) {
		h.enroll()
		for handle, password := range map[string]string{"ana": "staple horse river", "bo": known, "nobody": known, "": "", "\x00": known} {
			b := &browser{house: h}
			_, err := b.signIn(handle, password)
			h.refused(err, fault.Unauthenticated, "auth.sign_in")
			if err.Error() != "auth.sign_in" || b.cookie != nil {
				t.Errorf("%q: %v, %v", handle, err, b.cookie)
			}
		}
		if _, err := (&browser{house: h}).signIn("bo", ""); err == nil {
			t.Error("nothing is the password of who has none")
		}
	})
}

// TestTheWorkIsTheSame: the hash that stands for no password costs what any other does.
func TestTheWorkIsTheSame(t *testing.T) {
	p := auth.NewPasswords(testkit.SQLite(t).Open(t), 64)
	hash, err := p.Hash(t.Context(), known)
	if err != nil {
		t.Fatal(err)
	}
	cost := func(hash string) string { return strings.Join(strings.Split(hash, "$")[:4], "$") }
	if cost(hash) != cost(p.Nobody()) || len(hash) != len(p.Nobody()) {
		t.Fatalf("%s is not like %s", hash, p.Nobody())
	}
}

func TestASessionEnds(t *testing.T) {
	eachHouse(t, func(h house) {
		h.enroll()
		begin := func() *browser {
			b := &browser{house: h}
			_, err := b.signIn("ana", known)
			h.ok(err)
			return b
		}
		used := begin()
		for range 11 { // used, it lives for twelve hours
			h.clock.Advance(hour)
			if used.who() != "ana@north" {
				t.Fatal("a session in use ended")
			}
			h.ok(h.store.Events().Flush(h.Context()))
		}
		h.clock.Advance(hour)
		if used.who() != "@" {
			t.Error("a session lives longer than twelve hours")
		}
		idle := begin()
		h.clock.Advance(2 * hour)
		if idle.who() != "@" {
			t.Error("a session nobody used for two hours is good")
		}
		ended, other := begin(), begin()
		h.ok(ended.visit(func(ctx context.Context) error { // ended while a request that changes it is under way
			h.change(store.Change{EndSessions: []string{"a"}})
			_, err := h.sessions.Switch(ctx, "south")
			return err
		}))
		if ended.who() != "@" || other.who() != "@" {
			t.Error("sessions that were ended are good")
		}
		suspended := begin()
		h.change(store.Change{People: []identity.Person{{ID: "a", Handle: "ana", Name: "Ana", Status: identity.Suspended}}})
		if suspended.who() != "@" {
			t.Error("the session of a suspended person is good")
		}
		_, err := (&browser{house: h}).signIn("ana", known)
		h.refused(err, fault.Forbidden, "auth.no_role")
	})
}

func TestActingForOrganizations(t *testing.T) {
	eachHouse(t, func(h house) {
		h.enroll()
		b := &browser{house: h}
		_, err := b.signIn("ana", known)
		h.ok(err)
		h.ok(b.visit(func(ctx context.Context) error {
			orgs, err := h.sessions.Orgs(ctx)
			if len(orgs) != 2 || orgs[0].Slug != "north" || orgs[1].Slug != "south" {
				t.Errorf("%+v", orgs)
			}
			return err
		}))
		h.ok(b.visit(func(ctx context.Context) error {
			h.sessions.ChooseLanguage(ctx, "ar")
			who, err := h.sessions.Switch(ctx, "south")
			if who.Name() != "ana@south" || !who.Has(identity.Reviewer) || who.Has(identity.FocalPoint) {
				t.Errorf("%+v", who)
			}
			return err
		}))
		h.ok(b.visit(func(ctx context.Context) error {
			if h.sessions.Language(ctx) != "ar" {
				t.Error("the language was forgotten")
			}
			_, err := h.sessions.Switch(ctx, "elsewhere")
			h.refused(err, fault.NotFound, "organization.not_found")
			return nil
		}))
		again := &browser{house: h}
		_, err = again.signIn("ana", known)
		h.ok(err)
		if b.who() != "ana@south" || again.who() != "ana@south" {
			t.Error("which organization she acted for last was forgotten")
		}
		h.change(store.Change{Memberships: []identity.Membership{{Person: "a", Org: "s", Role: identity.Reviewer, Until: 1}}})
		if b.who() != "ana@north" {
			t.Error("she does not act for the organization that is left")
		}
		h.change(store.Change{Memberships: []identity.Membership{{Person: "a", Org: "n", Role: identity.FocalPoint, Until: 1}}})
		if b.who() != "@" {
			t.Error("she acts without a role")
		}
	})
}

func TestLinks(t *testing.T) {
	eachHouse(t, func(h house) {
		accept := func(secret string) error {
			_, err := h.passwords.Accept(h.Context(), secret, known)
			return err
		}
		worthless := func(secret string) {
			h.Helper()
			_, err := h.passwords.Peek(h.Context(), secret)
			h.refused(err, fault.NotFound, "link.not_found")
			h.refused(accept(secret), fault.NotFound, "link.not_found")
		}
		forged, _, err := auth.Mint(testkit.NewRandom(77))
		h.ok(err)
		worthless(forged)
		worthless("nonsense")
		expired := h.link("a", identity.LinkInvite, hour)
		h.clock.Advance(hour)
		worthless(expired)
		replaced := h.link("a", identity.LinkInvite, hour)
		newer := h.link("a", identity.LinkReset, hour)
		worthless(replaced)
		found, err := h.passwords.Peek(h.Context(), newer)
		if err != nil || found.Kind != identity.LinkReset || found.Person.Handle != "ana" {
			t.Errorf("%+v %v", found, err)
		}
		_, err = h.passwords.Accept(h.Context(), newer, "too short")
		h.refused(err, fault.Invalid, "password.length")
		h.ok(accept(newer))
		worthless(newer)
		first := h.link("", identity.LinkFirst, hour)
		if found, err := h.passwords.Peek(h.Context(), first); err != nil || found.Kind != identity.LinkFirst {
			t.Errorf("%+v %v", found, err)
		}
		h.refused(accept(first), fault.NotFound, "link.not_found") // workflow takes it
	})
}

// TestOneOfTwoAcceptsWins, and what the other chose is nobody's password.
func TestOneOfTwoAcceptsWins(t *testing.T) {
	eachHouse(t, func(h house) {
		link := h.link("a", identity.LinkInvite, hour)
		chosen := []string{"seven yellow boats", "eight purple kites"}
		errs := make([]error, len(chosen))
		var group sync.WaitGroup
		for i, password := range chosen {
			group.Go(func() { _, errs[i] = h.passwords.Accept(h.Context(), link, password) })
		}
		group.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatal(errs)
		}
		for i, password := range chosen {
			_, err := (&browser{house: h}).signIn("ana", password)
			if (err == nil) != (errs[i] == nil) {
				t.Errorf("%q: accepted %v, signed in %v", password, errs[i], err)
			}
		}
		h.refused(errors.Join(errs...), fault.NotFound, "link.not_found")
	})
}

func TestANewPasswordEndsEverySession(t *testing.T) {
	eachHouse(t, func(h house) {
		h.enroll()
		thief := &browser{house: h}
		_, err := thief.signIn("ana", known)
		h.ok(err)
		_, err = h.passwords.Accept(h.Context(), h.link("a", identity.LinkReset, hour), "seven yellow boats")
		h.ok(err)
		if thief.who() != "@" {
			t.Error("a session outlived the password")
		}
		_, err = thief.signIn("ana", known)
		h.refused(err, fault.Unauthenticated, "auth.sign_in")
	})
}

func TestGuessingIsSlowedDown(t *testing.T) {
	eachHouse(t, func(h house) {
		h.enroll()
		b := &browser{house: h}
		var err error
		for range 7 {
			_, err = b.signIn("ana", "wrong wrong wrong")
		}
		h.refused(err, fault.TooMany, "auth.too_many")
		_, err = b.signIn("ana", known)
		h.refused(err, fault.TooMany, "auth.too_many")
		h.clock.Advance(time.Minute)
		_, err = b.signIn("ana", known)
		h.ok(err)
	})
}

func TestPasswordsWaitForTheirTurn(t *testing.T) {
	h := house{T: t, store: testkit.SQLite(t).Open(t)}
	h.passwords = auth.Cheap(h.store)
	release := h.passwords.Fill()
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := h.passwords.Hash(soon, known)
	h.refused(err, fault.Unavailable, "auth.busy")
	if fault.Of(err).Params["seconds"] == nil {
		t.Error("when to come again is not said")
	}
	release()
	_, err = h.passwords.Hash(t.Context(), known)
	h.ok(err)
}

func TestTheCookieOverTLS(t *testing.T) {
	eachHouse(t, func(h house) {
		h.sessions = auth.NewSessions(h.store, h.passwords, true)
		h.enroll()
		b := &browser{house: h}
		_, err := b.signIn("ana", known)
		h.ok(err)
		if c := b.cookie; c.Name != "__Host-bid" || !c.Secure || c.Path != "/" || c.Domain != "" {
			t.Errorf("%+v", c)
		}
	})
}
