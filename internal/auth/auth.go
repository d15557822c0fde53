package auth

import (
	"context"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
)

// touchEvery is how old the last use of a token may be before a new one is noted.
const touchEvery = incident.Micros(60_000_000)

// Auth proves who is asking. It remembers nothing from one request to the next.
type Auth struct {
	store *store.Store
}

// New makes an Auth over a store.
func New(s *store.Store) *Auth { return &Auth{store: s} }

// Authenticate gives the principal of a bearer token: the person, acting as the one organization the token is bound to,
// with the roles held there at this moment. A token that is malformed, unknown, expired or revoked, or whose person is
// not active or has no role left there, gives one and the same fault (Unauthenticated, auth.token). An organization that
// is suspended is no failure of proof: the principal says so, and policies refuses with that reason.
func (a *Auth) Authenticate(ctx context.Context, bearer string) (identity.Principal, error) {
	if !WellFormed(bearer) {
		return identity.Principal{}, refused()
	}
	var who identity.Principal
	err := a.store.Read(ctx, func(tx *store.Tx) error {
		token, err := tx.TokenByHash(Hash(bearer))
		if err != nil {
			return hide(err)
		}
		now := a.store.Clock()
		if token.Revoked != 0 || token.Expires != 0 && now >= token.Expires {
			return refused()
		}
		who, err = principal(tx, token.Person, token.Org, now)
		if err != nil {
			return hide(err)
		}
		who.Scopes = token.Scopes
		if now-token.LastUsed >= touchEvery {
			a.store.Events().TouchToken(token.ID)
		}
		return nil
	})
	if err != nil {
		return identity.Principal{}, err
	}
	who.Via = identity.ViaAPI
	return who, nil
}

// Named gives the principal of PERSON@ORG. Only a connection that is trusted because of what it is (the socket of the
// server, a command that opened the database itself) may name a person: the caller checks that. The fault of a name
// that is nobody says so: whoever asks is at the machine.
func (a *Auth) Named(ctx context.Context, name string) (identity.Principal, error) {
	handle, slug, err := identity.ParseName(name)
	if err != nil {
		return identity.Principal{}, err
	}
	var who identity.Principal
	err = a.store.Read(ctx, func(tx *store.Tx) error {
		person, err := tx.PersonByHandle(handle)
		if err != nil {
			return err
		}
		org, err := tx.OrgBySlug(slug)
		if err != nil {
			return err
		}
		who, err = principal(tx, person.ID, org.ID, a.store.Clock())
		return err
	})
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Unauthenticated) {
		return identity.Principal{}, fault.New(fault.Unauthenticated, "auth.name", "name", name).Because(err)
	}
	if err != nil {
		return identity.Principal{}, err
	}
	who.Via = identity.ViaLocal
	return who, nil
}

// principal reads what a person is in an organization now.
func principal(tx *store.Tx, personID, orgID string, now incident.Micros) (identity.Principal, error) {
	person, err := tx.Person(personID)
	if err != nil {
		return identity.Principal{}, err
	}
	org, err := tx.Org(orgID)
	if err != nil {
		return identity.Principal{}, err
	}
	roles, err := rolesOf(tx, personID, orgID, now)
	if err != nil {
		return identity.Principal{}, err
	}
	if person.Status != identity.Active || len(roles) == 0 {
		return identity.Principal{}, refused()
	}
	who := identity.Principal{
		Person: person.ID, Handle: person.Handle, Org: org.ID, OrgSlug: org.Slug, OrgStatus: org.Status, Roles: roles,
	}
	if !who.Has(identity.Administrator) {
		return who, nil
	}
	broken, err := tx.BreakGlasses(personID, now)
	if err != nil {
		return identity.Principal{}, err
	}
	for _, glass := range broken {
		if glass.Org != orgID {
			continue
		}
		if who.BreakGlass == nil {
			who.BreakGlass = map[string]int64{}
		}
		who.BreakGlass[glass.Record] = max(who.BreakGlass[glass.Record], int64(glass.Until))
	}
	return who, nil
}

func rolesOf(tx *store.Tx, person, org string, now incident.Micros) ([]identity.Role, error) {
	memberships, err := tx.Memberships(person, org)
	if err != nil {
		return nil, err
	}
	var roles []identity.Role
	for _, m := range memberships {
		if (m.Until == 0 || int64(now) < m.Until) && !slices.Contains(roles, m.Role) {
			roles = append(roles, m.Role)
		}
	}
	slices.Sort(roles)
	return roles, nil
}

func refused() error { return fault.New(fault.Unauthenticated, "auth.token") }

// hide makes "there is no such row" the constant answer; a database that fails stays a database that fails.
func hide(err error) error {
	if fault.Is(err, fault.NotFound) {
		return refused()
	}
	return err
}
