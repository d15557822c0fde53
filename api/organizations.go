package api

import (
	"context"

	"bioincident/api/gen"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// GetMe tells who asks what they are here.
func (s *Server) GetMe(ctx context.Context, _ gen.GetMeRequestObject) (gen.GetMeResponseObject, error) {
	r := asked(ctx)
	person, can, err := s.Workflow.Me(r.ctx, r.who)
	if err != nil {
		return nil, err
	}
	return gen.GetMe200JSONResponse{
		Name: r.who.Name(), Person: r.who.Handle, FullName: person.Person.Name, Organization: r.who.OrgSlug,
		OrganizationStatus: gen.MeOrganizationStatus(r.who.OrgStatus), Operator: r.who.Operator, Via: string(r.who.Via),
		Roles: each(r.who.Roles, role), Scopes: r.who.Scopes, Can: list(can),
	}, nil
}

func role(r identity.Role) gen.Role { return gen.Role(r) }

// ListOrganizations lists the organizations.
func (s *Server) ListOrganizations(ctx context.Context, _ gen.ListOrganizationsRequestObject) (gen.ListOrganizationsResponseObject, error) {
	r := asked(ctx)
	orgs, slugs, err := s.orgs(r)
	if err != nil {
		return nil, err
	}
	return gen.ListOrganizations200JSONResponse{Organizations: each(orgs, func(o identity.Org) gen.Organization {
		return organization(o, slugs)
	})}, nil
}

// orgs gives the organizations and the slug of each id.
func (s *Server) orgs(r request) ([]identity.Org, map[string]string, error) {
	orgs, err := s.Workflow.Orgs(r.ctx, r.who)
	slugs := make(map[string]string, len(orgs))
	for _, o := range orgs {
		slugs[o.ID] = o.Slug
	}
	return orgs, slugs, err
}

func organization(o identity.Org, slugs map[string]string) gen.Organization {
	return gen.Organization{
		Slug: o.Slug, Name: o.Name, Kind: o.Kind, Area: o.Area, Status: gen.OrganizationStatus(o.Status), Caretaker: slugs[o.Caretaker],
	}
}

// AddOrganization adds an organization.
func (s *Server) AddOrganization(ctx context.Context, in gen.AddOrganizationRequestObject) (gen.AddOrganizationResponseObject, error) {
	r := asked(ctx)
	org, err := s.Workflow.AddOrg(r.ctx, r.who, workflow.OrgIn{Slug: in.Body.Slug, Name: in.Body.Name, Kind: in.Body.Kind, Area: in.Body.Area})
	if err != nil {
		return nil, err
	}
	return gen.AddOrganization201JSONResponse(organization(org, nil)), nil
}

// SuspendOrganization suspends an organization.
func (s *Server) SuspendOrganization(ctx context.Context, in gen.SuspendOrganizationRequestObject) (gen.SuspendOrganizationResponseObject, error) {
	r := asked(ctx)
	org, err := s.Workflow.SuspendOrg(r.ctx, r.who, in.Slug, in.Body.Caretaker, in.Body.Note)
	if err != nil {
		return nil, inPath(in.Slug, err)
	}
	return gen.SuspendOrganization200JSONResponse(organization(org, map[string]string{org.Caretaker: in.Body.Caretaker})), nil
}

// ReinstateOrganization reinstates a suspended organization.
func (s *Server) ReinstateOrganization(ctx context.Context, in gen.ReinstateOrganizationRequestObject) (gen.ReinstateOrganizationResponseObject, error) {
	r := asked(ctx)
	org, err := s.Workflow.ReinstateOrg(r.ctx, r.who, in.Slug, note(in.Body))
	if err != nil {
		return nil, inPath(in.Slug, err)
	}
	return gen.ReinstateOrganization200JSONResponse(organization(org, nil)), nil
}

// inPath says of an organization that stands in the path and does not exist what is said of any address that leads
// nowhere; in a body it would be a wrong value.
func inPath(slug string, err error) error {
	if f := fault.Of(err); f.Code == "org.unknown" && f.Params["slug"] == slug {
		return fault.New(fault.NotFound, "organization.not_found").Because(err)
	}
	return err
}

// ListPeople lists people and their roles.
func (s *Server) ListPeople(ctx context.Context, in gen.ListPeopleRequestObject) (gen.ListPeopleResponseObject, error) {
	r := asked(ctx)
	people, err := s.Workflow.People(r.ctx, r.who, in.Params.Organization)
	if err != nil {
		return nil, err
	}
	return gen.ListPeople200JSONResponse{People: each(people, func(p workflow.Person) gen.Person {
		out := person(p.Person)
		out.Organization = p.Org
		out.Memberships = each(p.Memberships, func(m identity.Membership) gen.Membership {
			return membership(m, p.Person.Handle+"@"+p.Org)
		})
		return out
	})}, nil
}

func person(p identity.Person) gen.Person {
	return gen.Person{Handle: p.Handle, Name: p.Name, Status: gen.PersonStatus(p.Status)}
}

func membership(m identity.Membership, name string) gen.Membership {
	return gen.Membership{
		Person: name, Role: role(m.Role), Until: moment(incident.Micros(m.Until)), Competences: m.Competences, Languages: m.Languages,
	}
}

// AddPerson adds a person.
func (s *Server) AddPerson(ctx context.Context, in gen.AddPersonRequestObject) (gen.AddPersonResponseObject, error) {
	r := asked(ctx)
	p, err := s.Workflow.AddPerson(r.ctx, r.who, workflow.PersonIn{Handle: in.Body.Handle, Name: in.Body.Name})
	if err != nil {
		return nil, err
	}
	return gen.AddPerson201JSONResponse(person(p)), nil
}

// InvitePerson invites a person. The link is in this answer and nowhere else.
func (s *Server) InvitePerson(ctx context.Context, in gen.InvitePersonRequestObject) (gen.InvitePersonResponseObject, error) {
	r := asked(ctx)
	made, err := s.Workflow.Invite(r.ctx, r.who, workflow.InviteIn{
		Person: in.Body.Person, Name: in.Body.Name, Competences: in.Body.Competences, Languages: in.Body.Languages,
		Roles: each(in.Body.Roles, func(role gen.Role) identity.Role { return identity.Role(role) }),
	})
	if err != nil {
		return nil, err
	}
	return gen.InvitePerson201JSONResponse(link(made)), nil
}

// ResetPerson makes a link for a new password. It is in this answer and nowhere else.
func (s *Server) ResetPerson(ctx context.Context, in gen.ResetPersonRequestObject) (gen.ResetPersonResponseObject, error) {
	r := asked(ctx)
	made, err := s.Workflow.ResetPerson(r.ctx, r.who, in.Handle)
	if err != nil {
		return nil, err
	}
	return gen.ResetPerson201JSONResponse(link(made)), nil
}

func link(l workflow.NewLink) gen.Link {
	return gen.Link{Kind: gen.LinkKind(l.Kind), Person: l.Person.Handle, Path: l.Path, Expires: moment(l.Expires)}
}

// EndSessions ends every session of a person.
func (s *Server) EndSessions(ctx context.Context, in gen.EndSessionsRequestObject) (gen.EndSessionsResponseObject, error) {
	r := asked(ctx)
	if err := s.Workflow.EndSessions(r.ctx, r.who, in.Handle); err != nil {
		return nil, err
	}
	return gen.EndSessions204Response{}, nil
}

// AddMembership gives a person a role.
func (s *Server) AddMembership(ctx context.Context, in gen.AddMembershipRequestObject) (gen.AddMembershipResponseObject, error) {
	r := asked(ctx)
	m, err := s.Workflow.AddMembership(r.ctx, r.who, workflow.MemberIn{
		Person: in.Body.Person, Role: identity.Role(in.Body.Role), Until: micros(in.Body.Until),
		Competences: in.Body.Competences, Languages: in.Body.Languages,
	})
	if err != nil {
		return nil, err
	}
	return gen.AddMembership201JSONResponse(membership(m, in.Body.Person)), nil
}

// EndMembership ends a role.
func (s *Server) EndMembership(ctx context.Context, in gen.EndMembershipRequestObject) (gen.EndMembershipResponseObject, error) {
	r := asked(ctx)
	if err := s.Workflow.EndMembership(r.ctx, r.who, in.Body.Person, identity.Role(in.Body.Role)); err != nil {
		return nil, err
	}
	return gen.EndMembership204Response{}, nil
}

// ListGrants lists the rights of organizations.
func (s *Server) ListGrants(ctx context.Context, _ gen.ListGrantsRequestObject) (gen.ListGrantsResponseObject, error) {
	r := asked(ctx)
	grants, err := s.Workflow.Grants(r.ctx, r.who)
	if err != nil {
		return nil, err
	}
	_, slugs, err := s.orgs(r)
	if err != nil {
		return nil, err
	}
	return gen.ListGrants200JSONResponse{Grants: each(grants, func(g identity.Grant) gen.Grant { return grant(g, slugs[g.Org]) })}, nil
}

func grant(g identity.Grant, slug string) gen.Grant {
	out := gen.Grant{
		Id: g.ID, Organization: slug, Action: gen.GrantAction(g.Action),
		From: moment(incident.Micros(g.From)), Until: moment(incident.Micros(g.Until)),
		Scope: gen.Scope{Domains: g.Scope.Domains, Areas: g.Scope.Areas, Causes: g.Scope.Causes, Types: g.Scope.Types},
	}
	if g.Scope.Highest != nil {
		out.Scope.Highest = gen.Tier(g.Scope.Highest.String())
	}
	return out
}

// AddGrant gives an organization a right.
func (s *Server) AddGrant(ctx context.Context, in gen.AddGrantRequestObject) (gen.AddGrantResponseObject, error) {
	r := asked(ctx)
	right, err := grantIn(*in.Body)
	if err != nil {
		return nil, err
	}
	right.Key = in.Params.IdempotencyKey
	g, err := s.Workflow.AddGrant(r.ctx, r.who, right)
	if err != nil {
		return nil, err
	}
	return gen.AddGrant201JSONResponse(grant(g, in.Body.Organization)), nil
}

func grantIn(in gen.GrantIn) (workflow.GrantIn, error) {
	out := workflow.GrantIn{
		Org: in.Organization, Action: identity.GrantAction(in.Action), From: micros(in.From), Until: micros(in.Until),
		Scope: identity.Scope{Domains: in.Scope.Domains, Areas: in.Scope.Areas, Causes: in.Scope.Causes, Types: in.Scope.Types},
	}
	if in.Scope.Highest != "" {
		tier, err := schema.ParseTier(string(in.Scope.Highest))
		if err != nil {
			return out, malformed("/scope/highest", "request.enum")
		}
		out.Scope.Highest = &tier
	}
	return out, nil
}

// RevokeGrant takes a right away.
func (s *Server) RevokeGrant(ctx context.Context, in gen.RevokeGrantRequestObject) (gen.RevokeGrantResponseObject, error) {
	r := asked(ctx)
	g, err := s.Workflow.RevokeGrant(r.ctx, r.who, in.Id)
	if err != nil {
		return nil, err
	}
	_, slugs, err := s.orgs(r)
	if err != nil {
		return nil, err
	}
	return gen.RevokeGrant200JSONResponse(grant(g, slugs[g.Org])), nil
}
