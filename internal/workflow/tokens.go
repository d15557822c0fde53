package workflow

import (
	"context"
	"slices"
	"strings"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// Life of a token.
const (
	usualTokenLife = 90 * 24 * hour
	mostTokenLife  = 366 * 24 * hour
)

// CreateToken makes a token for a person acting as one organization. Everybody makes their own; only the operator, at
// the machine, makes one for another. The secret is in the answer and nowhere else.
func (w *Workflow) CreateToken(ctx context.Context, who identity.Principal, in TokenIn) (NewToken, error) {
	var made NewToken
	err := w.administer(ctx, who, "token.create", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		target, err := c.who, error(nil)
		if in.Person != "" {
			target, err = c.principal(in.Person, c.now)
		}
		return policies.Facts{TargetPerson: target.Person, TargetOrg: target.Org}, func() (store.Change, error) {
			if err := checkToken(in, c.now); err != nil {
				return store.Change{}, err
			}
			if len(target.Roles) == 0 {
				return store.Change{}, fault.New(fault.Invalid, "token.no_role", "name", target.Name())
			}
			if made, err = w.mint(c, in, target); err != nil {
				return store.Change{}, err
			}
			return store.Change{Action: "token.create", Subject: target.Name(), Tokens: []store.Token{made.Token},
				Details: words("", "token", made.Token.ID, "name", in.Name, "scopes", scopes(in.Scopes))}, nil
		}, err
	})
	return made, err
}

func scopes(names []string) any {
	if len(names) == 0 {
		return ""
	}
	return names
}

func checkToken(in TokenIn, now incident.Micros) error {
	invalid := fault.New(fault.Invalid, "token.invalid")
	if strings.TrimSpace(in.Name) == "" {
		invalid.At("/name", "name.missing")
	}
	for i, scope := range in.Scopes {
		if !slices.Contains([]string{"read", "write", "admin"}, scope) {
			invalid.At("/scopes/"+itoa(i), "token.scope", "scope", scope)
		}
	}
	if in.Expires != 0 && (in.Expires <= now || in.Expires > now+mostTokenLife) {
		invalid.At("/expires", "token.expires", "days", int(mostTokenLife/(24*hour)))
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	return nil
}

func (w *Workflow) mint(c *call, in TokenIn, target identity.Principal) (NewToken, error) {
	id, err := w.newID()
	if err != nil {
		return NewToken{}, err
	}
	secret, hash, err := auth.Mint(w.Random)
	if err != nil {
		return NewToken{}, err
	}
	expires := in.Expires
	if expires == 0 {
		expires = c.now + usualTokenLife
	}
	wanted := slices.Clone(in.Scopes)
	if len(wanted) == 0 {
		wanted = []string{"read", "write", "admin"}
	}
	return NewToken{Secret: secret, Token: store.Token{ID: id, Hash: hash, Name: strings.TrimSpace(in.Name),
		Person: target.Person, Org: target.Org, Scopes: wanted, Created: c.now, Expires: expires}}, nil
}

// RevokeToken ends a token now: one's own, or, for focal points and administrators, one of somebody else. A token that
// the asker may not revoke is answered as one that never was.
func (w *Workflow) RevokeToken(ctx context.Context, who identity.Principal, id string) (store.Token, error) {
	var token store.Token
	err := w.write(ctx, who, func(c *call) error {
		found, err := c.tx.Token(id)
		if err != nil {
			return err
		}
		facts := policies.Facts{TargetPerson: found.Person, TargetOrg: found.Org}
		if !c.rules.Decide(c.who, "token.revoke", facts).Allowed {
			return fault.New(fault.NotFound, "token.not_found")
		}
		if found.Revoked != 0 {
			return fault.New(fault.Conflict, "token.revoked")
		}
		found.Revoked = c.now
		token = found
		return c.wtx.Append(store.Change{Action: "token.revoke", Tokens: []store.Token{found},
			Subject: c.people[found.Person].Handle + "@" + c.orgs[found.Org].Slug, Details: words("", "token", found.ID)})
	})
	return token, err
}

// Tokens lists the asker's own tokens, newest first; the operator sees all. Hashes are left out.
func (w *Workflow) Tokens(ctx context.Context, who identity.Principal) ([]store.Token, error) {
	out := []store.Token{}
	err := w.read(ctx, who, func(c *call) error {
		if c.who.Anonymous() {
			return fault.New(fault.Unauthenticated, "auth.required")
		}
		out = []store.Token{}
		tokens, err := c.tx.Tokens(c.who.Org)
		if err != nil {
			return err
		}
		for _, token := range tokens {
			if c.who.Operator || token.Person == c.who.Person && token.Org == c.who.Org {
				token.Hash = ""
				out = append(out, token)
			}
		}
		slices.SortStableFunc(out, func(a, b store.Token) int { return int(b.Created - a.Created) })
		return nil
	})
	return out, err
}
