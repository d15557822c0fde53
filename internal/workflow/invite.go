package workflow

import (
	"context"
	"slices"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// How long a link is good. That of the first administrator is good until it is used or replaced.
const (
	inviteLife = 7 * 24 * hour
	resetLife  = 24 * hour
)

const actionEndSessions = "session.end"

// InviteIn is who shall come in: roles in one organization, for somebody who has no password yet.
type InviteIn struct {
	Person      string // PERSON@ORG
	Name        string // of a person who is not here yet
	Roles       []identity.Role
	Competences []string // domains, reviewers only
	Languages   []string // reading languages, reviewers only
}

// NewLink is a link that was made. Its path is in this answer and nowhere else.
type NewLink struct {
	Kind    identity.LinkKind
	Person  identity.Person // the zero value for the first administrator
	Path    string          // /KIND/TOKEN
	Expires incident.Micros // 0 is without end
}

// newLink makes a link of a person; the last one becomes worthless with it.
func (c *call) newLink(kind identity.LinkKind, person identity.Person, life incident.Micros) (NewLink, store.Link, error) {
	secret, hash, err := auth.Mint(c.w.Random)
	made := NewLink{Kind: kind, Person: person, Path: "/" + string(kind) + "/" + secret}
	if life > 0 {
		made.Expires = c.now + life
	}
	return made, store.Link{Person: person.ID, Hash: hash, Kind: kind, Created: c.now, Expires: made.Expires}, err
}

// Invite gives a person roles in an organization and makes the link by which they set their password; a person who is not
// here yet is added. Focal points invite into their own, to no role beyond theirs. Conflict person.enrolled: the person
// has a password, and needs a role (AddMembership) or a new password (ResetPerson).
func (w *Workflow) Invite(ctx context.Context, who identity.Principal, in InviteIn) (NewLink, error) {
	var made NewLink
	err := w.administer(ctx, who, "person.invite", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		handle, slug, err := identity.ParseName(in.Person)
		if err != nil {
			return policies.Facts{}, nil, err
		}
		org, err := c.org(slug)
		return policies.Facts{TargetOrg: org.ID, TargetRoles: in.Roles}, func() (change store.Change, err error) {
			made, change, err = c.invite(in, handle, org)
			return change, err
		}, err
	})
	return made, err
}

func (c *call) invite(in InviteIn, handle string, org identity.Org) (NewLink, store.Change, error) {
	change := store.Change{Action: "person.invite", Subject: in.Person, RaiseEpoch: true, Details: words("", "roles", in.Roles)}
	person, err := c.invited(in, handle)
	if err != nil {
		return NewLink{}, change, err
	}
	if _, known := c.people[person.ID]; !known {
		change.People = []identity.Person{person}
	}
	if len(in.Roles) == 0 {
		return NewLink{}, change, fault.New(fault.Invalid, "membership.invalid").At("/roles", "membership.role", "role", "")
	}
	for _, role := range slices.Compact(slices.Sorted(slices.Values(in.Roles))) {
		err := c.w.checkMember(MemberIn{Role: role, Competences: in.Competences, Languages: in.Languages}, c.now)
		if err != nil {
			return NewLink{}, change, err
		}
		change.Memberships = append(change.Memberships, identity.Membership{Person: person.ID, Org: org.ID, Role: role,
			Competences: in.Competences, Languages: in.Languages})
	}
	made, link, err := c.newLink(identity.LinkInvite, person, inviteLife)
	change.Links = []store.Link{link}
	return made, change, err
}

// invited gives the person who is invited, a new one where the handle is nobody's.
func (c *call) invited(in InviteIn, handle string) (identity.Person, error) {
	id, known := c.handles[handle]
	if !known {
		return c.newPerson(PersonIn{Handle: handle, Name: in.Name})
	}
	credential, _, err := c.tx.Credential(handle)
	if err != nil {
		return identity.Person{}, err
	}
	if credential.Password != "" {
		return identity.Person{}, fault.New(fault.Conflict, "person.enrolled", "handle", handle)
	}
	if len(c.orgsOf(id)) > 0 {
		err = c.answerable("person.invite", id)
	}
	return c.people[id], err
}

// answerable refuses an action about a person unless the asker could give them every role they hold, wherever it is: one
// password opens all of them, so a focal point who could reset that of an administrator would be one. Of who holds no role
// only administrators dispose. Their own sessions all people end, whatever they are elsewhere; a password is more than a
// token that is bound to one organization, and not to be had by it.
func (c *call) answerable(action, person string) error {
	var facts []policies.Facts
	if person == c.who.Person && action == actionEndSessions {
		return c.rules.Decide(c.who, action, policies.Facts{TargetPerson: person, TargetOrg: c.who.Org}).Fault("incident")
	}
	for _, org := range c.orgsOf(person) {
		facts = append(facts, policies.Facts{TargetPerson: person, TargetOrg: org, TargetRoles: c.rolesOf(person, org, c.now)})
	}
	if len(facts) == 0 {
		facts = append(facts, policies.Facts{TargetPerson: person})
	}
	for _, f := range facts {
		if refused := c.rules.Decide(c.who, action, f).Fault("incident"); refused != nil {
			return refused
		}
	}
	return nil
}

// orgsOf lists the organizations that give a person a role now.
func (c *call) orgsOf(person string) []string {
	var orgs []string
	for key := range c.members {
		if key.person == person && len(c.rolesOf(person, key.org, c.now)) > 0 {
			orgs = append(orgs, key.org)
		}
	}
	slices.Sort(orgs)
	return orgs
}

// aboutPerson runs an action about the person of a handle, whoever is answerable for them.
func (w *Workflow) aboutPerson(ctx context.Context, who identity.Principal, action, handle string, fn func(*call, identity.Person) (store.Change, error)) error {
	return w.write(ctx, who, func(c *call) error {
		id, known := c.handles[handle]
		if !known {
			return c.noSuchPerson(action)
		}
		if refused := c.answerable(action, id); refused != nil {
			return refused
		}
		change, err := fn(c, c.people[id])
		if err != nil {
			return err
		}
		change.Action, change.Subject, change.EndSessions = action, handle, []string{id}
		return c.wtx.Append(change)
	})
}

// noSuchPerson answers about a handle that nobody has: as of a colleague's, so that only whoever may ask learns it.
func (c *call) noSuchPerson(action string) error {
	if refused := c.rules.Decide(c.who, action, policies.Facts{TargetOrg: c.who.Org}).Fault("incident"); refused != nil {
		return refused
	}
	return fault.New(fault.NotFound, "person.not_found")
}

// ResetPerson makes the link by which a person sets a new password. From now on the old one is worthless and their
// sessions are ended: who asks for it may have lost both to somebody else.
func (w *Workflow) ResetPerson(ctx context.Context, who identity.Principal, handle string) (NewLink, error) {
	var made NewLink
	err := w.aboutPerson(ctx, who, "person.reset", handle, func(c *call, person identity.Person) (change store.Change, err error) {
		var link store.Link
		made, link, err = c.newLink(identity.LinkReset, person, resetLife)
		change.Links, change.Credentials = []store.Link{link}, []store.Credential{{Person: person.ID, Changed: c.now}}
		return change, err
	})
	return made, err
}

// EndSessions ends every session of a person; they sign in again. Everybody ends their own.
func (w *Workflow) EndSessions(ctx context.Context, who identity.Principal, handle string) error {
	return w.aboutPerson(ctx, who, actionEndSessions, handle, func(*call, identity.Person) (store.Change, error) {
		return store.Change{}, nil
	})
}
