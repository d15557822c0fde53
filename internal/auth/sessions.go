package auth

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/alexedwards/scs/v2"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
)

// Life of a session: in all, and without a request.
const (
	sessionLife = 12 * time.Hour
	sessionIdle = 2 * time.Hour
)

// What a session holds.
const (
	keyPerson   = "person"
	keyOrg      = "org"
	keyLanguage = "language"
)

// Sessions knows on every page who asks, after they signed in once.
type Sessions struct {
	store     *store.Store
	passwords *Passwords
	manager   *scs.SessionManager
}

// NewSessions makes Sessions. Secure says that browsers reach the pages by https alone: the cookie is then __Host-bid, else
// bid.
func NewSessions(s *store.Store, p *Passwords, secure bool) *Sessions {
	manager := scs.New()
	manager.Lifetime = sessionLife
	manager.Store = shelf{store: s}
	manager.Cookie = scs.SessionCookie{Name: "bid", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure}
	if secure {
		manager.Cookie.Name = "__Host-bid"
	}
	return &Sessions{store: s, passwords: p, manager: manager}
}

// Wrap gives the handler of pages its sessions: every other method needs the context of a request that came through here.
// When the database does not answer, fail does, with the error.
func (s *Sessions) Wrap(pages http.Handler, fail func(http.ResponseWriter, *http.Request, error)) http.Handler {
	manager := *s.manager // the same key of the context, another answer to errors
	manager.ErrorFunc = fail
	return manager.LoadAndSave(pages)
}

// SignIn begins a session for whoever knows the password, acting for the only organization they have, or for the one they
// acted for last; the context is that of a wrapped request, the address that of its other end. The faults: Unauthenticated
// auth.sign_in, whatever is wrong with handle or password; TooMany auth.too_many and Unavailable auth.busy, with seconds;
// Forbidden auth.no_role for a person who is suspended or to whom no organization gives a role now.
func (s *Sessions) SignIn(ctx context.Context, handle, password, address string) (identity.Principal, error) {
	credential, err := s.passwords.check(ctx, handle, password, address)
	if err != nil {
		return identity.Principal{}, err
	}
	who, err := s.acting(ctx, credential.Person, credential.Org)
	if fault.Is(err, fault.Unauthenticated) {
		return identity.Principal{}, fault.New(fault.Forbidden, "auth.no_role")
	}
	if err != nil {
		return identity.Principal{}, err
	}
	return who, s.begin(ctx, who)
}

// begin keeps a session under a new token: what somebody made the browser send before is worth nothing.
func (s *Sessions) begin(ctx context.Context, who identity.Principal) error {
	if err := s.manager.RenewToken(ctx); err != nil {
		return err
	}
	now := s.store.Clock()
	err := s.store.BeginSession(ctx, store.Session{
		Hash: Hash(s.manager.Token(ctx)), Person: who.Person, Org: who.Org, Created: now, Seen: now,
		Expires: now + incident.Micros(sessionLife.Microseconds()),
	})
	if err != nil {
		return err
	}
	s.manager.Put(ctx, keyPerson, who.Person)
	s.manager.Put(ctx, keyOrg, who.Org)
	s.store.Events().Record(store.Event{Kind: "signed_in", Person: who.Person, Org: who.Org})
	return nil
}

// Who gives who asks: the person of the session acting for its organization, with the roles held there at this moment. A
// person who lost every role there acts for another organization that gives them one; who is suspended or has none left
// is the public, as is whoever did not sign in: the zero Principal.
func (s *Sessions) Who(ctx context.Context) (identity.Principal, error) {
	person := s.manager.GetString(ctx, keyPerson)
	if person == "" {
		return identity.Principal{}, nil
	}
	who, err := s.acting(ctx, person, s.manager.GetString(ctx, keyOrg))
	if fault.Is(err, fault.Unauthenticated) {
		return identity.Principal{}, nil
	}
	return who, err
}

// Orgs lists the organizations that the person of the session can act for now, active ones first, by slug.
func (s *Sessions) Orgs(ctx context.Context) ([]identity.Org, error) {
	var orgs []identity.Org
	err := s.store.Read(ctx, func(tx *store.Tx) (err error) {
		orgs, err = orgsOf(tx, s.manager.GetString(ctx, keyPerson), s.store.Clock())
		return err
	})
	return orgs, err
}

// Switch lets the person of the session act for another organization from now on. One that gives them no role now is
// NotFound (organization.not_found).
func (s *Sessions) Switch(ctx context.Context, slug string) (identity.Principal, error) {
	orgs, err := s.Orgs(ctx)
	if err != nil {
		return identity.Principal{}, err
	}
	at := slices.IndexFunc(orgs, func(o identity.Org) bool { return o.Slug == slug })
	if at < 0 {
		return identity.Principal{}, fault.New(fault.NotFound, "organization.not_found")
	}
	s.manager.Put(ctx, keyOrg, orgs[at].ID)
	return s.Who(ctx)
}

// Language gives the language that the person of the session chose, "" when none.
func (s *Sessions) Language(ctx context.Context) string { return s.manager.GetString(ctx, keyLanguage) }

// ChooseLanguage remembers a language with the session; without one it does nothing.
func (s *Sessions) ChooseLanguage(ctx context.Context, language string) {
	if s.manager.GetString(ctx, keyPerson) != "" {
		s.manager.Put(ctx, keyLanguage, language)
	}
}

// SignOut ends the session.
func (s *Sessions) SignOut(ctx context.Context) error { return s.manager.Destroy(ctx) }

// acting gives the principal of a person acting for the organization that is wanted or, where that gives them no role, for
// the first that does. There is none for who is not active or holds no role now: Unauthenticated.
func (s *Sessions) acting(ctx context.Context, person, wanted string) (identity.Principal, error) {
	var who identity.Principal
	err := s.store.Read(ctx, func(tx *store.Tx) error {
		now := s.store.Clock()
		orgs, err := orgsOf(tx, person, now)
		if err != nil {
			return err
		}
		if len(orgs) == 0 {
			return refused()
		}
		at := slices.IndexFunc(orgs, func(o identity.Org) bool { return o.ID == wanted })
		who, err = principal(tx, person, orgs[max(at, 0)].ID, now)
		return err
	})
	who.Via = identity.ViaWeb
	return who, err
}

// orgsOf lists the organizations in which a person has a role now, active ones first, by slug.
func orgsOf(tx *store.Tx, person string, now incident.Micros) ([]identity.Org, error) {
	if person == "" {
		return nil, nil
	}
	memberships, err := tx.Memberships(person, "")
	if err != nil {
		return nil, err
	}
	var orgs []identity.Org
	for _, m := range memberships {
		if m.Until != 0 && m.Until <= int64(now) || slices.ContainsFunc(orgs, func(o identity.Org) bool { return o.ID == m.Org }) {
			continue
		}
		org, err := tx.Org(m.Org)
		if err != nil {
			return nil, err
		}
		orgs = append(orgs, org)
	}
	slices.SortFunc(orgs, func(a, b identity.Org) int { // active is before suspended in the alphabet too
		return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.Slug, b.Slug))
	})
	return orgs, nil
}

// ChangePassword sets another password of whoever asks, who proves by the present one that it is they and not somebody at
// their desk. Every other session of the person ends; this one goes on under a new token. The faults are those of SignIn
// about the present password and those of Hash about the new one.
func (s *Sessions) ChangePassword(ctx context.Context, who identity.Principal, present, next, address string) error {
	if _, err := s.passwords.check(ctx, who.Handle, present, address); err != nil {
		return err
	}
	var person identity.Person
	err := s.store.Read(ctx, func(tx *store.Tx) (err error) {
		person, err = tx.Person(who.Person)
		return err
	})
	if err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, next, person.Handle, person.Name)
	if err != nil {
		return err
	}
	err = s.store.Write(ctx, store.Actor{Person: who.Person, Org: who.Org, Via: identity.ViaWeb}, func(tx *store.WriteTx) error {
		return tx.Append(store.Change{
			Action: "person.password", Subject: person.Handle, EndSessions: []string{who.Person},
			Credentials: []store.Credential{{Person: who.Person, Password: hash, Changed: tx.Now()}},
		})
	})
	if err != nil {
		return err
	}
	return s.begin(ctx, who)
}
