package world

import (
	"context"
	"maps"
	"slices"
	"strings"

	"bioincident/internal/identity"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
)

// Society is the organizations, people and rights of a world.
type Society struct {
	Orgs   []identity.Org
	People map[string][]identity.Role // PERSON@ORG → roles
	Grants []identity.Grant
}

// Found writes a society and gives everybody a token. Ids of organizations and people are their slugs and handles.
func (s *System) Found(society Society) {
	s.t.Helper()
	s.Step("society", 0)
	change := store.Change{Action: "org.add", Subject: "society", Orgs: society.Orgs, Grants: society.Grants, RaiseEpoch: true}
	handles := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(society.People)) {
		handle, slug, _ := strings.Cut(name, "@")
		if !handles[handle] {
			change.People = append(change.People, identity.Person{ID: handle, Handle: handle, Name: strings.ToUpper(handle),
				Status: identity.Active})
		}
		handles[handle] = true
		for _, role := range society.People[name] {
			change.Memberships = append(change.Memberships, identity.Membership{Person: handle, Org: slug, Role: role})
		}
	}
	by := store.Actor{Person: "operator", Via: identity.ViaLocal}
	s.ok(s.Store.Write(context.Background(), by, func(tx *store.WriteTx) error { return tx.Append(change) }))
	for _, name := range slices.Sorted(maps.Keys(society.People)) {
		s.Step("token of "+name, 0)
		made, err := s.Workflow.CreateToken(context.Background(), Operator(), workflow.TokenIn{Person: name, Name: "test"})
		s.ok(err)
		s.Tokens[name] = made.Secret
	}
}

// As gives the principal of PERSON@ORG as a request has it; of "" the public.
func (s *System) As(name string) identity.Principal {
	s.t.Helper()
	if name == "" {
		return identity.Principal{}
	}
	who, err := s.Auth.Named(context.Background(), name)
	s.ok(err)
	return who
}
