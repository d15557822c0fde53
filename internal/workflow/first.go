package workflow

import (
	"context"
	"slices"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/store"
)

// FirstIn is the first organization and its administrator.
type FirstIn struct {
	Org      OrgIn // its kind is secretariat, whatever is said
	Person   PersonIn
	Password string
}

// kindSecretariat is of the vocabulary organization_kind.
const kindSecretariat = "secretariat"

// FirstLink makes the link by which the first administrator of an installation comes in, in the place of an earlier one. Its
// path is "" when there is an administrator.
func (w *Workflow) FirstLink(ctx context.Context) (NewLink, error) {
	var made NewLink
	machine := identity.Principal{Operator: true, Via: identity.ViaLocal}
	err := w.write(ctx, machine, func(c *call) error {
		made = NewLink{}
		if c.administered() {
			return nil
		}
		first, link, err := c.newLink(identity.LinkFirst, identity.Person{}, 0)
		if err != nil {
			return err
		}
		made = first
		return c.wtx.Append(store.Change{Action: "first.invite", Links: []store.Link{link}})
	})
	return made, err
}

// administered tells whether anybody is an administrator now.
func (c *call) administered() bool {
	for key := range c.members {
		if slices.Contains(c.rolesOf(key.person, key.org, c.now), identity.Administrator) {
			return true
		}
	}
	return false
}

// First lets the first administrator in by the link of FirstLink: organization, person, role and password come to be
// together, or nothing does. The fault is that of a link that is worthless (NotFound, link.not_found), also when there
// is an administrator already, or says what is wrong: pointers begin with /org, /person, or are /password.
func (w *Workflow) First(ctx context.Context, secret string, in FirstIn) (identity.Person, error) {
	found, err := w.Passwords.Peek(ctx, secret)
	if err != nil {
		return identity.Person{}, err
	}
	if found.Kind != identity.LinkFirst {
		return identity.Person{}, noLink()
	}
	in.Org.Kind = kindSecretariat
	hash, err := w.Passwords.Hash(ctx, in.Password, in.Person.Handle, in.Person.Name)
	if err != nil {
		return identity.Person{}, err
	}
	id, err := w.newID() // the ledger names who acts, and that is who comes to be
	if err != nil {
		return identity.Person{}, err
	}
	var person identity.Person
	err = w.Store.Write(ctx, store.Actor{Person: id, Via: identity.ViaWeb}, func(tx *store.WriteTx) error {
		c, err := w.enter(tx, identity.Principal{})
		if err != nil {
			return err
		}
		if c.administered() {
			return noLink()
		}
		org, err := c.newOrg(in.Org)
		if err != nil {
			return within("/org", err)
		}
		if person, err = c.newPerson(in.Person); err != nil {
			return within("/person", err)
		}
		person.ID = id
		return tx.Append(store.Change{
			Action: "first.accept", Subject: org.Slug, RaiseEpoch: true, UseLink: auth.Hash(secret),
			Orgs: []identity.Org{org}, People: []identity.Person{person},
			Memberships: []identity.Membership{{Person: id, Org: org.ID, Role: identity.Administrator}},
			Credentials: []store.Credential{{Person: id, Password: hash, Changed: c.now}},
		})
	})
	return person, err
}

func noLink() error { return fault.New(fault.NotFound, "link.not_found") }

// within puts a prefix before the pointers of a fault.
func within(prefix string, err error) error {
	f := fault.Of(err)
	for i := range f.Fields {
		f.Fields[i].Pointer = prefix + f.Fields[i].Pointer
	}
	return err
}
