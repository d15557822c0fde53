package workflow

import (
	"context"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/policies"
)

// Explain tells whether a person could take an action on a record now, by which rule, or what is missing. It says nothing
// of a record that the asker may not know of.
func (w *Workflow) Explain(ctx context.Context, who identity.Principal, in ExplainIn) (policies.Explanation, error) {
	var out policies.Explanation
	err := w.read(ctx, who, func(c *call) error {
		target, err := c.who, error(nil)
		if in.Person != "" {
			target, err = c.principal(in.Person, c.now)
		}
		facts := policies.Facts{TargetPerson: target.Person, TargetOrg: target.Org}
		if refused := c.rules.Decide(c.who, "policy.explain", facts).Fault("incident"); refused != nil {
			return refused
		}
		if err != nil {
			return err
		}
		if !slices.Contains(policies.Actions(), in.Action) {
			return fault.New(fault.Invalid, "explain.action", "action", in.Action).At("/action", "explain.action", "action", in.Action)
		}
		about, err := c.factsFor(in)
		if err != nil {
			return err
		}
		out = c.rules.Explain(target, in.Action, about)
		return nil
	})
	return out, err
}

// factsFor gives the facts about the record that an explanation is asked for.
func (c *call) factsFor(in ExplainIn) (policies.Facts, error) {
	if in.ID == "" {
		if in.Action == incident.ActionCreate {
			return c.ownFacts(), nil
		}
		return policies.Facts{}, nil
	}
	s, err := c.subject(in.ID)
	if err != nil {
		return policies.Facts{}, err
	}
	knows := c.knowsVersion(c.facts(s))
	if !knows && c.decide(s, "incident.read", c.publishedFacts(s)).NotFound {
		return policies.Facts{}, notFound()
	}
	f := c.factsOn(s, in.Action)
	if s.open && !knows {
		f = c.publishedFacts(s)
	}
	switch in.Action {
	case incident.ActionSubmit:
		if s.open && s.version.State.Editable() {
			f.Terms = termsOf(s.version.Body)
		}
	}
	return f, nil
}

// Simulate tells what a change of rights would change, before it is made: for every version that waits, which
// organizations could review and publish it. For whoever may change rights.
func (w *Workflow) Simulate(ctx context.Context, who identity.Principal, in SimulateIn) (Simulation, error) {
	var out Simulation
	err := w.read(ctx, who, func(c *call) error {
		if err := c.rules.Decide(c.who, "grant.add", policies.Facts{}).Fault("incident"); err != nil {
			return err
		}
		after, err := w.rulesWith(c, in)
		if err != nil {
			return err
		}
		out = Simulation{}
		return c.eachWaiting(func(s *subject) {
			out.Open++
			if effect, changed := c.effect(s, after); changed {
				out.Changed = append(out.Changed, effect)
			}
		})
	})
	return out, err
}

func (w *Workflow) rulesWith(c *call, in SimulateIn) (*policies.Rules, error) {
	grants := slices.DeleteFunc(slices.Clone(c.grants), func(g identity.Grant) bool { return slices.Contains(in.Revoke, g.ID) })
	for _, id := range in.Revoke {
		if !slices.ContainsFunc(c.grants, func(g identity.Grant) bool { return g.ID == id }) {
			return nil, fault.New(fault.Invalid, "grant.unknown", "grant", id)
		}
	}
	for _, add := range in.Add {
		org, err := c.org(add.Org)
		if err != nil {
			return nil, err
		}
		if err := w.checkGrant(add, c.now); err != nil {
			return nil, err
		}
		grant, err := w.grantOf(c, add, org.ID)
		if err != nil {
			return nil, err
		}
		grant.From = min(grant.From, int64(c.now)) // as it would be once it began
		grants = append(grants, grant)
	}
	return w.Policies.Rules(c.epoch, grants, int64(c.now), c.quorum)
}

// eachWaiting goes through the versions that wait for reviewers or publishers.
func (c *call) eachWaiting(fn func(*subject)) error {
	const page = 100
	var after *store.WorkKey
	for {
		rows, err := c.tx.Work(store.WorkFilter{After: after, Limit: page,
			States: []incident.VersionState{incident.Submitted, incident.InReview, incident.Reviewed}})
		if err != nil {
			return err
		}
		subjects, err := c.inOrder(rows)
		if err != nil {
			return err
		}
		for _, s := range subjects {
			if s.open {
				fn(s)
			}
		}
		if len(rows) < page {
			return nil
		}
		last := rows[len(rows)-1].Version
		after = &store.WorkKey{Updated: last.Updated, Version: last.ID}
	}
}

func (c *call) effect(s *subject, after *policies.Rules) (Effect, bool) {
	f := c.facts(s)
	reviewBefore, publishBefore := c.rules.Coverage(f)
	reviewAfter, publishAfter := after.Coverage(f)
	effect := Effect{Record: s.record.ID, Domains: f.Terms["domain"], Areas: f.Terms["area"],
		ReviewBefore: c.slugsOf(reviewBefore), ReviewAfter: c.slugsOf(reviewAfter),
		PublishBefore: c.slugsOf(publishBefore), PublishAfter: c.slugsOf(publishAfter)}
	return effect, !slices.Equal(reviewBefore, reviewAfter) || !slices.Equal(publishBefore, publishAfter)
}

func (c *call) slugsOf(orgs []string) []string {
	slugs := make([]string, len(orgs))
	for i, id := range orgs {
		slugs[i] = c.orgs[id].Slug
	}
	slices.Sort(slugs)
	return slugs
}

// Orgs lists the organizations, by slug, for whoever is signed in.
func (w *Workflow) Orgs(ctx context.Context, who identity.Principal) ([]identity.Org, error) {
	var out []identity.Org
	err := w.read(ctx, who, func(c *call) error {
		if err := c.signedIn(); err != nil {
			return err
		}
		out = make([]identity.Org, 0, len(c.orgs))
		for _, org := range c.orgs {
			out = append(out, org)
		}
		slices.SortFunc(out, func(a, b identity.Org) int { return strings.Compare(a.Slug, b.Slug) })
		return nil
	})
	return out, err
}

// signedIn demands somebody with a role in an active organization, or the operator.
func (c *call) signedIn() error {
	switch {
	case c.who.Anonymous():
		return fault.New(fault.Unauthenticated, "auth.required")
	case !c.who.Operator && !c.who.Member():
		return fault.New(fault.Forbidden, "policy.suspended")
	}
	return nil
}

// People lists the people of an organization with their roles, ended ones left out. Everybody sees those of their own;
// administrators, auditors and the operator those of any, and of all when no organization is named.
func (w *Workflow) People(ctx context.Context, who identity.Principal, slug string) ([]Person, error) {
	var out []Person
	err := w.read(ctx, who, func(c *call) error {
		if err := c.signedIn(); err != nil {
			return err
		}
		overseer := c.overseer()
		if slug == "" && !overseer {
			slug = c.who.OrgSlug
		}
		if slug != "" {
			if _, err := c.org(slug); err != nil {
				return err
			}
		}
		if !overseer && slug != c.who.OrgSlug {
			return fault.New(fault.Forbidden, "policy.other_organization")
		}
		out = c.peopleOf(slug)
		return nil
	})
	return out, err
}

func (c *call) overseer() bool {
	return c.who.Operator || c.who.Has(identity.Administrator) || c.who.Has(identity.Auditor)
}

func (c *call) peopleOf(slug string) []Person {
	out := []Person{}
	for key, memberships := range c.members {
		org := c.orgs[key.org].Slug
		if slug != "" && org != slug {
			continue
		}
		held := slices.DeleteFunc(slices.Clone(memberships), func(m identity.Membership) bool {
			return m.Until != 0 && m.Until <= int64(c.now)
		})
		if len(held) > 0 {
			out = append(out, Person{Person: c.people[key.person], Org: org, Memberships: held})
		}
	}
	slices.SortFunc(out, func(a, b Person) int {
		return strings.Compare(a.Org+"\x00"+a.Person.Handle, b.Org+"\x00"+b.Person.Handle)
	})
	return out
}

// Grants lists rights: of all organizations for overseers, of their own for everybody else.
func (w *Workflow) Grants(ctx context.Context, who identity.Principal) ([]identity.Grant, error) {
	var out []identity.Grant
	err := w.read(ctx, who, func(c *call) error {
		if err := c.signedIn(); err != nil {
			return err
		}
		all, err := c.tx.Grants()
		if err != nil {
			return err
		}
		out = []identity.Grant{}
		for _, g := range all {
			if c.overseer() || g.Org == c.who.Org {
				out = append(out, g)
			}
		}
		return nil
	})
	return out, err
}

// Ledger gives a page of the log of decisions, newest first: all of it to auditors and the operator; to a focal point
// what their organization did, or, for one of its records, what anybody did with it.
func (w *Workflow) Ledger(ctx context.Context, who identity.Principal, in LedgerIn) (LedgerPage, error) {
	var out LedgerPage
	err := w.read(ctx, who, func(c *call) error {
		filter, err := c.ledgerFilter(in)
		if err != nil {
			return err
		}
		limit, err := pageLimit(in.Limit)
		if err != nil {
			return err
		}
		entries, err := c.tx.LedgerAfter(in.Before, limit, filter)
		if err != nil {
			return err
		}
		out, err = c.ledgerPage(entries)
		if len(entries) == limit {
			out.Next = entries[len(entries)-1].Seq
		}
		return err
	})
	return out, err
}

func (c *call) ledgerFilter(in LedgerIn) (store.LedgerFilter, error) {
	f := store.LedgerFilter{Subject: in.Subject, Newest: true}
	if c.who.Anonymous() {
		return f, fault.New(fault.Unauthenticated, "auth.required")
	}
	if c.rules.Decide(c.who, "ledger.read", policies.Facts{}).Allowed {
		return f, nil
	}
	if err := c.rules.Decide(c.who, "ledger.read", c.ownFacts()).Fault("incident"); err != nil {
		return f, err
	}
	if in.Subject != "" && incident.CheckID(in.Subject) == nil {
		record, err := c.tx.Record(in.Subject)
		if err == nil && record.Owner == c.who.Org {
			return f, nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return f, err
		}
	}
	f.Org = c.who.Org
	return f, nil
}

func (c *call) ledgerPage(entries []ledger.Entry) (LedgerPage, error) {
	out := LedgerPage{Entries: []LedgerLine{}, People: map[string]identity.Person{}, Orgs: map[string]identity.Org{}}
	seqs := make([]int64, len(entries))
	for i, entry := range entries {
		seqs[i] = entry.Seq
	}
	details, err := c.tx.DetailsOf(seqs)
	if err != nil {
		return out, err
	}
	for _, entry := range entries {
		out.Entries = append(out.Entries, LedgerLine{Entry: entry, Details: details[entry.Seq].JSON})
		if person, ok := c.people[entry.Person]; ok {
			out.People[entry.Person] = person
		}
		if org, ok := c.orgs[entry.Org]; ok {
			out.Orgs[entry.Org] = org
		}
	}
	return out, nil
}
