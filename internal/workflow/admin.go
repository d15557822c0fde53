package workflow

import (
	"context"
	"errors"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// administer runs a command about organizations, people, rights or settings. It decides by the facts and appends the
// change, which raises the policy epoch.
func (w *Workflow) administer(ctx context.Context, who identity.Principal, action string, fn func(*call) (policies.Facts, func() (store.Change, error), error)) error {
	return w.write(ctx, who, func(c *call) error {
		facts, change, err := fn(c)
		if decided := c.rules.Decide(c.who, action, facts).Fault("incident"); decided != nil {
			return decided
		}
		if err != nil {
			return err
		}
		made, err := change()
		if err != nil {
			return err
		}
		if made.Action == "" {
			return nil // the answer to a repeated request
		}
		return c.wtx.Append(made)
	})
}

// name checks what people will type: lower-case letters, digits and hyphens.
func checkName(name, pointer string) error {
	const most = 64
	ok := len(name) >= 2 && len(name) <= most && name[0] != '-' && name[len(name)-1] != '-'
	for i := range len(name) {
		char := name[i]
		ok = ok && (char >= 'a' && char <= 'z' || char >= '0' && char <= '9' || char == '-')
	}
	if !ok {
		return fault.New(fault.Invalid, "name.slug", "name", name).At(pointer, "name.slug", "name", name)
	}
	return nil
}

// AddOrg adds an organization. It can do nothing until it is given rights.
func (w *Workflow) AddOrg(ctx context.Context, who identity.Principal, in OrgIn) (identity.Org, error) {
	var org identity.Org
	err := w.administer(ctx, who, "org.add", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		return policies.Facts{}, func() (store.Change, error) {
			if answer, known, err := c.remembered("org.add", in.Key); err != nil || known {
				org = c.orgs[string(answer)]
				return store.Change{}, err
			}
			var err error
			if org, err = c.newOrg(in); err != nil {
				return store.Change{}, err
			}
			change := store.Change{Action: "org.add", Subject: org.Slug, Orgs: []identity.Org{org}, RaiseEpoch: true}
			org.Revision = 1
			return change, c.remember("org.add", in.Key, []byte(org.ID))
		}, nil
	})
	return org, err
}

// newOrg makes an organization that there is none like yet.
func (c *call) newOrg(in OrgIn) (identity.Org, error) {
	if err := c.w.checkOrg(in); err != nil {
		return identity.Org{}, err
	}
	if _, taken := c.slugs[in.Slug]; taken {
		return identity.Org{}, fault.New(fault.Conflict, "org.taken", "slug", in.Slug)
	}
	id, err := c.w.newID()
	return identity.Org{ID: id, Slug: in.Slug, Name: strings.TrimSpace(in.Name), Kind: in.Kind, Area: in.Area,
		Status: identity.Active}, err
}

func (w *Workflow) checkOrg(in OrgIn) error {
	if err := checkName(in.Slug, "/slug"); err != nil {
		return err
	}
	invalid := fault.New(fault.Invalid, "org.invalid")
	if strings.TrimSpace(in.Name) == "" {
		invalid.At("/name", "name.missing")
	}
	if list, ok := w.Schema.Vocabulary("organization_kind"); !ok || !list.Has(in.Kind) {
		invalid.At("/kind", "org.kind", "code", in.Kind)
	}
	if list, ok := w.Schema.Vocabulary("areas"); in.Area != "" && (!ok || !list.Has(in.Area)) {
		invalid.At("/area", "org.area", "code", in.Area)
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	return nil
}

// SuspendOrg ends the rights of an organization with the next request of any of its people. Its published records stay,
// in the care of another organization if one is named; its open versions are frozen; what it has in hand goes back to
// the queue.
func (w *Workflow) SuspendOrg(ctx context.Context, who identity.Principal, slug, caretaker, note string) (identity.Org, error) {
	var org identity.Org
	err := w.administer(ctx, who, "org.suspend", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		found, err := c.org(slug)
		return policies.Facts{TargetOrg: found.ID}, func() (store.Change, error) {
			if found.Status != identity.Active {
				return store.Change{}, fault.New(fault.Conflict, "org.suspended", "slug", slug)
			}
			if caretaker != "" {
				other, err := c.org(caretaker)
				if err != nil {
					return store.Change{}, err
				}
				if other.ID == found.ID || other.Status != identity.Active {
					return store.Change{}, fault.New(fault.Invalid, "org.caretaker", "slug", caretaker)
				}
				found.Caretaker = other.ID
			}
			found.Status = identity.Suspended
			org = found
			return store.Change{Action: "org.suspend", Subject: slug, Orgs: []identity.Org{found}, RaiseEpoch: true,
				Details: words(note, "caretaker", caretaker)}, nil
		}, err
	})
	if err != nil {
		return identity.Org{}, err
	}
	org.Revision++
	return org, w.releaseAll(ctx, who, org)
}

// releaseAll hands back what a suspended organization has in hand, a page at a time. It can be run again.
func (w *Workflow) releaseAll(ctx context.Context, who identity.Principal, org identity.Org) error {
	const page = 50
	for {
		released := 0
		err := w.write(ctx, who, func(c *call) error {
			released = 0
			if c.orgs[org.ID].Status != identity.Suspended {
				return nil
			}
			rows, err := c.tx.Work(store.WorkFilter{AssignedOrg: org.ID, Limit: page})
			if err != nil {
				return err
			}
			subjects, err := c.inOrder(rows)
			if err != nil {
				return err
			}
			for _, s := range subjects {
				theirs := func(a incident.Assignment) bool { return a.Org == org.ID }
				if _, err := c.releaseWhere(s, "suspended", words("", "suspended", org.Slug), theirs); err != nil {
					return err
				}
				released++
			}
			return nil
		})
		if err != nil || released == 0 {
			return err
		}
	}
}

// ReinstateOrg gives a suspended organization its rights back.
func (w *Workflow) ReinstateOrg(ctx context.Context, who identity.Principal, slug, note string) (identity.Org, error) {
	var org identity.Org
	err := w.administer(ctx, who, "org.reinstate", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		found, err := c.org(slug)
		return policies.Facts{TargetOrg: found.ID}, func() (store.Change, error) {
			if found.Status == identity.Active {
				return store.Change{}, fault.New(fault.Conflict, "org.active", "slug", slug)
			}
			found.Status, found.Caretaker = identity.Active, ""
			org = found
			return store.Change{Action: "org.reinstate", Subject: slug, Orgs: []identity.Org{found}, RaiseEpoch: true,
				Details: words(note)}, nil
		}, err
	})
	org.Revision++
	return org, err
}

// AddPerson adds a person, who has no role yet.
func (w *Workflow) AddPerson(ctx context.Context, who identity.Principal, in PersonIn) (identity.Person, error) {
	var person identity.Person
	err := w.administer(ctx, who, "person.add", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		return policies.Facts{TargetOrg: c.who.Org}, func() (store.Change, error) {
			if answer, known, err := c.remembered("person.add", in.Key); err != nil || known {
				person = c.people[string(answer)]
				return store.Change{}, err
			}
			var err error
			if person, err = c.newPerson(in); err != nil {
				return store.Change{}, err
			}
			return store.Change{Action: "person.add", Subject: in.Handle, People: []identity.Person{person}, RaiseEpoch: true},
				c.remember("person.add", in.Key, []byte(person.ID))
		}, nil
	})
	return person, err
}

// newPerson makes a person whom nobody is yet.
func (c *call) newPerson(in PersonIn) (identity.Person, error) {
	if err := checkName(in.Handle, "/handle"); err != nil {
		return identity.Person{}, err
	}
	if strings.TrimSpace(in.Name) == "" {
		return identity.Person{}, fault.New(fault.Invalid, "name.missing").At("/name", "name.missing")
	}
	if _, taken := c.handles[in.Handle]; taken {
		return identity.Person{}, fault.New(fault.Conflict, "person.taken", "handle", in.Handle)
	}
	id, err := c.w.newID()
	return identity.Person{ID: id, Handle: in.Handle, Name: strings.TrimSpace(in.Name), Status: identity.Active}, err
}

// AddMembership gives a person a role in an organization. Focal points give it in their own, and no role beyond theirs. A
// link of the person is worthless then: whoever made it may not be one who could give this role.
func (w *Workflow) AddMembership(ctx context.Context, who identity.Principal, in MemberIn) (identity.Membership, error) {
	var made identity.Membership
	err := w.administer(ctx, who, "membership.add", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		target, err := c.principal(in.Person, c.now)
		return policies.Facts{TargetOrg: target.Org, TargetPerson: target.Person, TargetRoles: []identity.Role{in.Role}},
			func() (store.Change, error) {
				if err := w.checkMember(in, c.now); err != nil {
					return store.Change{}, err
				}
				made = identity.Membership{Person: target.Person, Org: target.Org, Role: in.Role, Until: int64(in.Until),
					Competences: in.Competences, Languages: in.Languages}
				return store.Change{Action: "membership.add", Subject: in.Person, Memberships: []identity.Membership{made},
					DropLinks: []string{target.Person}, RaiseEpoch: true, Details: words("", "role", string(in.Role))}, nil
			}, err
	})
	return made, err
}

func (w *Workflow) checkMember(in MemberIn, now incident.Micros) error {
	invalid := fault.New(fault.Invalid, "membership.invalid")
	if !slices.Contains(identity.Roles(), in.Role) {
		invalid.At("/role", "membership.role", "role", string(in.Role))
	}
	if in.Until != 0 && in.Until <= now {
		invalid.At("/until", "time.past")
	}
	domains, ok := w.Schema.Vocabulary("domain")
	for i, code := range in.Competences {
		if !ok || !domains.Has(code) {
			invalid.At("/competences/"+itoa(i), "membership.competence", "code", code)
		}
	}
	for i, language := range in.Languages {
		if !slices.Contains(incident.Languages(), language) {
			invalid.At("/languages/"+itoa(i), "membership.language", "code", language)
		}
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	return nil
}

// EndMembership ends a role of PERSON@ORG now.
func (w *Workflow) EndMembership(ctx context.Context, who identity.Principal, person string, role identity.Role) error {
	return w.administer(ctx, who, "membership.end", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		target, err := c.principal(person, c.now)
		return policies.Facts{TargetOrg: target.Org, TargetPerson: target.Person, TargetRoles: []identity.Role{role}},
			func() (store.Change, error) {
				for _, m := range c.members[membership{target.Person, target.Org}] {
					if m.Role != role || m.Until != 0 && m.Until <= int64(c.now) {
						continue
					}
					m.Until = int64(c.now)
					return store.Change{Action: "membership.end", Subject: person, Memberships: []identity.Membership{m},
						RaiseEpoch: true, Details: words("", "role", string(role))}, nil
				}
				return store.Change{}, fault.New(fault.Conflict, "membership.none", "role", string(role))
			}, err
	})
}

// AddGrant gives an organization a right: to submit, review or publish records of a scope.
func (w *Workflow) AddGrant(ctx context.Context, who identity.Principal, in GrantIn) (identity.Grant, error) {
	var grant identity.Grant
	err := w.administer(ctx, who, "grant.add", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		org, err := c.org(in.Org)
		return policies.Facts{TargetOrg: org.ID}, func() (store.Change, error) {
			answer, known, err := c.remembered("grant.add", in.Key)
			if err != nil {
				return store.Change{}, err
			}
			if known {
				grant, err = c.grant(string(answer))
				return store.Change{}, err
			}
			if err := w.checkGrant(in, c.now); err != nil {
				return store.Change{}, err
			}
			if grant, err = w.grantOf(c, in, org.ID); err != nil {
				return store.Change{}, err
			}
			if err := c.remember("grant.add", in.Key, []byte(grant.ID)); err != nil {
				return store.Change{}, err
			}
			return store.Change{Action: "grant.add", Subject: in.Org, Grants: []identity.Grant{grant}, RaiseEpoch: true,
				Details: words("", "grant", grant.ID, "action", string(grant.Action), "scope", grant.Scope)}, nil
		}, err
	})
	return grant, err
}

func (w *Workflow) grantOf(c *call, in GrantIn, org string) (identity.Grant, error) {
	id, err := w.newID()
	from := in.From
	if from == 0 {
		from = c.now
	}
	return identity.Grant{ID: id, Org: org, Action: in.Action, Scope: in.Scope, From: int64(from), Until: int64(in.Until)}, err
}

func (c *call) grant(id string) (identity.Grant, error) {
	grants, err := c.tx.Grants()
	if err != nil {
		return identity.Grant{}, err
	}
	for _, g := range grants {
		if g.ID == id {
			return g, nil
		}
	}
	return identity.Grant{}, fault.New(fault.NotFound, "grant.not_found")
}

func (w *Workflow) checkGrant(in GrantIn, now incident.Micros) error {
	invalid := fault.New(fault.Invalid, "grant.invalid")
	if !slices.Contains([]identity.GrantAction{identity.GrantSubmit, identity.GrantReview, identity.GrantPublish}, in.Action) {
		invalid.At("/action", "grant.action", "action", string(in.Action))
	}
	if in.Until != 0 && in.Until <= max(now, in.From) {
		invalid.At("/until", "time.past")
	}
	for _, dimension := range []struct {
		list, pointer string
		codes         []string
	}{
		{"domain", "/scope/domains/", in.Scope.Domains}, {"areas", "/scope/areas/", in.Scope.Areas},
		{"cause", "/scope/causes/", in.Scope.Causes}, {"incident_type", "/scope/types/", in.Scope.Types},
	} {
		list, ok := w.Schema.Vocabulary(dimension.list)
		for i, code := range dimension.codes {
			if !ok || !list.Has(code) {
				invalid.At(dimension.pointer+itoa(i), "grant.code", "list", dimension.list, "code", code)
			}
		}
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	return nil
}

// RevokeGrant ends a right now. It refuses at the next write, of any process.
func (w *Workflow) RevokeGrant(ctx context.Context, who identity.Principal, id string) (identity.Grant, error) {
	var grant identity.Grant
	err := w.administer(ctx, who, "grant.revoke", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		found, err := c.grant(id)
		return policies.Facts{TargetOrg: found.Org}, func() (store.Change, error) {
			if found.Until != 0 && found.Until <= int64(c.now) {
				return store.Change{}, fault.New(fault.Conflict, "grant.ended")
			}
			found.Until = max(int64(c.now), found.From+1)
			if found.From > int64(c.now) {
				found.From, found.Until = int64(c.now), int64(c.now)
			}
			grant = found
			return store.Change{Action: "grant.revoke", Subject: c.orgs[found.Org].Slug, Grants: []identity.Grant{found},
				RaiseEpoch: true, Details: words("", "grant", found.ID)}, nil
		}, err
	})
	return grant, err
}

// proposedSetting is the name under which a proposal for a setting waits. It waits while it differs from what is in
// force.
func proposedSetting(name string) string { return name + ".proposed" }

// ProposeSetting is the first of two signatures under a setting: the quorum table, or the prefix of record ids.
func (w *Workflow) ProposeSetting(ctx context.Context, who identity.Principal, name, value string) (SettingView, error) {
	var view SettingView
	err := w.administer(ctx, who, "setting.propose", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		return policies.Facts{}, func() (store.Change, error) {
			if err := w.checkSetting(name, value); err != nil {
				return store.Change{}, err
			}
			now, waiting, err := c.settings(name)
			if err != nil {
				return store.Change{}, err
			}
			if now.Value == value {
				return store.Change{}, fault.New(fault.Conflict, "setting.same", "name", name)
			}
			waiting.Value, waiting.Proposed = value, c.who.Person
			view = viewSetting(name, now, waiting)
			return store.Change{Action: "setting.propose", Subject: name, Setting: &waiting,
				Details: words("", "value", value)}, nil
		}, nil
	})
	return view, err
}

func (w *Workflow) checkSetting(name, value string) error {
	switch name {
	case settingQuorum:
		if err := w.Policies.CheckQuorum(value); err != nil {
			return fault.New(fault.Invalid, "setting.quorum", "what", err.Error()).At("/value", "setting.quorum", "what", err.Error())
		}
		return nil
	case settingPrefix:
		_, err := incident.NewID(value, strings.NewReader(strings.Repeat("2", 256)))
		var known *fault.Fault
		if errors.As(err, &known) {
			return known.At("/value", known.Code)
		}
		return nil
	}
	return fault.New(fault.Invalid, "setting.unknown", "name", name).At("/name", "setting.unknown", "name", name)
}

func (c *call) settings(name string) (now, waiting store.Setting, err error) {
	now, ok, err := c.tx.Setting(name)
	if err != nil {
		return now, waiting, err
	}
	if !ok {
		now = store.Setting{Name: name}
	}
	waiting, ok, err = c.tx.Setting(proposedSetting(name))
	if !ok {
		waiting = store.Setting{Name: proposedSetting(name)}
	}
	return now, waiting, err
}

func viewSetting(name string, now, waiting store.Setting) SettingView {
	view := SettingView{Name: name, Value: now.Value}
	if waiting.Value != "" && waiting.Value != now.Value {
		view.Waiting, view.By = waiting.Value, waiting.Proposed
	}
	return view
}

// ConfirmSetting is the second signature, of another administrator: the setting is in force with the next decision.
func (w *Workflow) ConfirmSetting(ctx context.Context, who identity.Principal, name string) (SettingView, error) {
	var view SettingView
	err := w.administer(ctx, who, "setting.confirm", func(c *call) (policies.Facts, func() (store.Change, error), error) {
		now, waiting, err := c.settings(name)
		view = viewSetting(name, now, waiting)
		return policies.Facts{Authors: nonEmpty(view.By)}, func() (store.Change, error) {
			if view.Waiting == "" {
				return store.Change{}, fault.New(fault.Conflict, "setting.nothing_proposed", "name", name)
			}
			if err := w.checkSetting(name, view.Waiting); err != nil {
				return store.Change{}, err
			}
			now.Value, now.Proposed = view.Waiting, ""
			view = SettingView{Name: name, Value: now.Value}
			return store.Change{Action: "setting.confirm", Subject: name, Setting: &now, RaiseEpoch: true,
				Details: words("", "value", now.Value, "proposed_by", waiting.Proposed)}, nil
		}, err
	})
	return view, err
}

func nonEmpty(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}
