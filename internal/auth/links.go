package auth

import (
	"context"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/store"
)

// Invitation is what a link is for.
type Invitation struct {
	Kind   identity.LinkKind
	Person identity.Person // the zero value for the first administrator
}

// Peek tells what a link is for and uses nothing up. A link that is forged, used, replaced, expired, or of a person who is
// suspended is NotFound (link.not_found).
func (p *Passwords) Peek(ctx context.Context, secret string) (Invitation, error) {
	var found Invitation
	err := p.store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = p.invitation(tx, secret)
		return err
	})
	return found, err
}

func (p *Passwords) invitation(tx *store.Tx, secret string) (Invitation, error) {
	if !WellFormed(secret) {
		return Invitation{}, noLink()
	}
	link, err := tx.LinkByHash(Hash(secret))
	if err != nil {
		return Invitation{}, err
	}
	if link.Expires != 0 && p.store.Clock() >= link.Expires {
		return Invitation{}, noLink()
	}
	if link.Kind == identity.LinkFirst {
		return Invitation{Kind: link.Kind}, nil
	}
	person, err := tx.Person(link.Person)
	if err != nil || person.Status != identity.Active {
		return Invitation{}, noLink()
	}
	return Invitation{Kind: link.Kind, Person: person}, nil
}

func noLink() error { return fault.New(fault.NotFound, "link.not_found") }

// Accept sets the password of the person of an invitation or a reset, uses the link up, and ends every session of the
// person. It gives the person, who can sign in now. Faults are those of Peek and Hash. The link of the first
// administrator is not accepted here but by workflow.First.
func (p *Passwords) Accept(ctx context.Context, secret, password string) (identity.Person, error) {
	found, err := p.Peek(ctx, secret)
	if err != nil {
		return identity.Person{}, err
	}
	if found.Kind == identity.LinkFirst {
		return identity.Person{}, noLink()
	}
	person := found.Person
	hash, err := p.Hash(ctx, password, person.Handle, person.Name)
	if err != nil {
		return identity.Person{}, err
	}
	by := store.Actor{Person: person.ID, Via: identity.ViaWeb}
	return person, p.store.Write(ctx, by, func(tx *store.WriteTx) error {
		found, err := p.invitation(tx.Tx, secret) // as it is now: hashing took a while
		if err != nil {
			return err
		}
		return tx.Append(store.Change{
			Action: "person.accept", Subject: person.Handle, Details: map[string]any{"kind": found.Kind},
			Credentials: []store.Credential{{Person: person.ID, Password: hash, Changed: tx.Now()}},
			UseLink:     Hash(secret), EndSessions: []string{person.ID},
		})
	})
}
