package workflow

import (
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// rights are everything a decision rests on beside the record: rules, organizations, people and their roles, of one
// policy epoch. Whatever changes any of them raises the epoch, and the snapshot is replaced whole.
type rights struct {
	epoch   int64
	rules   *policies.Rules
	quorum  string
	grants  []identity.Grant // of active organizations
	orgs    map[string]identity.Org
	slugs   map[string]string // slug → id
	people  map[string]identity.Person
	handles map[string]string // handle → id
	members map[membership][]identity.Membership
	prefix  string
}

type membership struct{ person, org string }

// The settings that administrators change together.
const (
	settingQuorum = "quorum"
	settingPrefix = "prefix"
)

func (r *rights) stands(epoch int64, now incident.Micros) bool {
	next := r.rules.Next()
	return r.epoch == epoch && (next == 0 || int64(now) < next)
}

func (w *Workflow) readRights(tx *store.Tx, epoch int64, now incident.Micros) (*rights, error) {
	r := &rights{epoch: epoch, prefix: w.Prefix}
	if err := r.readPeople(tx); err != nil {
		return nil, err
	}
	grants, err := tx.Grants()
	if err != nil {
		return nil, err
	}
	r.grants = slices.DeleteFunc(grants, func(g identity.Grant) bool { return r.orgs[g.Org].Status != identity.Active })
	for name, into := range map[string]*string{settingQuorum: &r.quorum, settingPrefix: &r.prefix} {
		setting, ok, err := tx.Setting(name)
		if err != nil {
			return nil, err
		}
		if ok && setting.Value != "" {
			*into = setting.Value
		}
	}
	r.rules, err = w.Policies.Rules(epoch, r.grants, int64(now), r.quorum)
	return r, err
}

func (r *rights) readPeople(tx *store.Tx) error {
	orgs, err := tx.Orgs()
	if err != nil {
		return err
	}
	people, err := tx.People()
	if err != nil {
		return err
	}
	memberships, err := tx.Memberships("", "")
	if err != nil {
		return err
	}
	r.orgs, r.slugs = map[string]identity.Org{}, map[string]string{}
	for _, org := range orgs {
		r.orgs[org.ID], r.slugs[org.Slug] = org, org.ID
	}
	r.people, r.handles = map[string]identity.Person{}, map[string]string{}
	for _, person := range people {
		r.people[person.ID], r.handles[person.Handle] = person, person.ID
	}
	r.members = map[membership][]identity.Membership{}
	for _, m := range memberships {
		key := membership{m.Person, m.Org}
		r.members[key] = append(r.members[key], m)
	}
	return nil
}

// rolesOf gives the roles that a person holds in an organization now; none when the person is not active.
func (r *rights) rolesOf(person, org string, now incident.Micros) []identity.Role {
	if r.people[person].Status != identity.Active {
		return nil
	}
	var roles []identity.Role
	for _, m := range r.members[membership{person, org}] {
		if (m.Until == 0 || int64(now) < m.Until) && !slices.Contains(roles, m.Role) {
			roles = append(roles, m.Role)
		}
	}
	return roles
}

// refresh gives the principal with the roles and the status of this epoch: what a token said a moment ago may be gone.
func (r *rights) refresh(who identity.Principal, now incident.Micros) identity.Principal {
	if who.Person == "" {
		return who
	}
	who.Roles = r.rolesOf(who.Person, who.Org, now)
	who.OrgStatus = identity.Suspended
	if org, ok := r.orgs[who.Org]; ok {
		who.OrgStatus = org.Status
	}
	broken := map[string]int64{}
	for record, until := range who.BreakGlass {
		if int64(now) < until {
			broken[record] = until
		}
	}
	who.BreakGlass = broken
	return who
}

// principal gives the person of PERSON@ORG acting as that organization.
func (r *rights) principal(name string, now incident.Micros) (identity.Principal, error) {
	handle, slug, err := identity.ParseName(name)
	if err != nil {
		return identity.Principal{}, err
	}
	person, knownPerson := r.handles[handle]
	org, knownOrg := r.slugs[slug]
	if !knownPerson {
		return identity.Principal{}, fault.New(fault.Invalid, "person.unknown", "name", name)
	}
	if !knownOrg {
		return identity.Principal{}, fault.New(fault.Invalid, "org.unknown", "slug", slug)
	}
	who := identity.Principal{Person: person, Handle: handle, Org: org, OrgSlug: slug, Via: identity.ViaAPI}
	return r.refresh(who, now), nil
}

// org gives an organization by its slug; the fault is Invalid org.unknown.
func (r *rights) org(slug string) (identity.Org, error) {
	id, ok := r.slugs[slug]
	if !ok {
		return identity.Org{}, fault.New(fault.Invalid, "org.unknown", "slug", slug)
	}
	return r.orgs[id], nil
}

// staffed keeps the organizations that have somebody in a role, apart from some people.
func (r *rights) staffed(orgs []string, role identity.Role, except []string, now incident.Micros) []string {
	var out []string
	for key := range r.members {
		if slices.Contains(orgs, key.org) && !slices.Contains(out, key.org) && !slices.Contains(except, key.person) &&
			slices.Contains(r.rolesOf(key.person, key.org, now), role) {
			out = append(out, key.org)
		}
	}
	slices.Sort(out)
	return out
}
