package policies

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
)

// Rules are the policies of one epoch: the role rules, the grants in force, the quorum table. They are immutable and
// safe for concurrent use; a change replaces them whole.
type Rules struct {
	policies *Policies
	epoch    int64
	now      int64
	next     int64
	quorum   map[quorumKey]Need
	orgs     map[string]*orgRules
	bare     *orgRules // of every organization without a grant

	mu sync.Mutex // guards the making of the organizations' enforcers
}

// orgRules are the rules of one organization: its grants in force, and its enforcer once it was asked for.
type orgRules struct {
	org      string
	grants   []*grantRule
	byID     map[string]*grantRule
	enforcer *casbin.Enforcer
	err      error
}

// grantRule is a grant in force.
type grantRule struct {
	id     string
	action identity.GrantAction
	scope  identity.Scope
	reach  reach
}

// Rules makes the snapshot of an epoch from the grants of active organizations, as they stand at now (microseconds
// UTC). A quorum table of the setting replaces the one that came with the program; "" keeps that.
func (p *Policies) Rules(epoch int64, grants []identity.Grant, now int64, quorum string) (*Rules, error) {
	r := &Rules{policies: p, epoch: epoch, now: now, quorum: p.quorum, orgs: map[string]*orgRules{}, bare: &orgRules{}}
	if quorum != "" {
		table, err := readQuorum("quorum", quorum)
		if err != nil {
			return nil, err
		}
		r.quorum = table
	}
	for _, g := range grants {
		if g.Org == "" || g.ID == "" || grantAction(string(g.Action)) == "" {
			return nil, fmt.Errorf("grant %q: no organization, or unknown action %q", g.ID, g.Action)
		}
		r.wake(g.From)
		r.wake(g.Until)
		if g.From > now || g.Until != 0 && g.Until <= now {
			continue
		}
		o, ok := r.orgs[g.Org]
		if !ok {
			o = &orgRules{org: g.Org, byID: map[string]*grantRule{}}
			r.orgs[g.Org] = o
		}
		if _, twice := o.byID[g.ID]; twice {
			return nil, fmt.Errorf("grant %q stands twice", g.ID)
		}
		rule := &grantRule{g.ID, g.Action, g.Scope, reachOf(p.schema, g.Scope)}
		o.grants = append(o.grants, rule)
		o.byID[g.ID] = rule
	}
	return r, nil
}

// wake remembers the next moment at which a grant begins or ends.
func (r *Rules) wake(at int64) {
	if at > r.now && (r.next == 0 || at < r.next) {
		r.next = at
	}
}

// Epoch gives the policy epoch these rules are of.
func (r *Rules) Epoch() int64 { return r.epoch }

// Next gives the moment (microseconds UTC) from which these rules are no longer right, because a grant begins or ends;
// 0 when only a new epoch can change them.
func (r *Rules) Next() int64 { return r.next }

func (r *Rules) of(org string) *orgRules {
	if o, ok := r.orgs[org]; ok {
		return o
	}
	return r.bare
}

// enforcerOf gives an organization's enforcer, made when it is first asked for.
func (r *Rules) enforcerOf(o *orgRules) (*casbin.Enforcer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o.enforcer == nil && o.err == nil {
		o.enforcer, o.err = r.policies.newEnforcer(nil, o.grants)
	}
	return o.enforcer, o.err
}

// newEnforcer makes a plain enforcer of some role rules or some grants. Never a cached one: that goes on saying yes
// after a right was taken away.
func (p *Policies) newEnforcer(rows []*row, grants []*grantRule) (*casbin.Enforcer, error) {
	m, err := p.newModel()
	if err != nil {
		return nil, err
	}
	if err := p.widths(m); err != nil {
		return nil, err
	}
	for _, r := range rows {
		if err := m.AddPolicy("p", "p", r.fields); err != nil {
			return nil, err
		}
	}
	for _, g := range grants {
		if err := m.AddPolicy("p", "p2", []string{g.id, string(g.action)}); err != nil {
			return nil, err
		}
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, err
	}
	for name, function := range p.functions() {
		e.AddFunction(name, function)
	}
	return e, nil
}

// widths refuses a model whose definitions do not have as many columns as the rows made here.
func (p *Policies) widths(m model.Model) error {
	for section, definitions := range map[string]map[string]int{
		"p": {"p": 8, "p2": 2}, "r": {"r": 2, "r2": 3}, "e": {"e": 0}, "m": {"m": 0, "m2": 0},
	} {
		for key, width := range definitions {
			assertion, ok := m[section][key]
			if !ok {
				return fmt.Errorf("no %s", key)
			}
			if width > 0 && len(assertion.Tokens) != width {
				return fmt.Errorf("%s has %d columns, not %d", key, len(assertion.Tokens), width)
			}
		}
	}
	return nil
}

// Scopes gives the scopes of an organization's grants in force for an action, for work lists in SQL. None means that
// the organization may do it with no record.
func (r *Rules) Scopes(org string, action identity.GrantAction) []identity.Scope {
	var scopes []identity.Scope
	for _, g := range r.of(org).grants {
		if g.action == action {
			scopes = append(scopes, g.scope)
		}
	}
	return scopes
}

// CoveredTogether tells whether the publishing grants of these organizations together cover a record: every
// combination of its values (one area, one domain, one cause, one type) lies inside one of the grants. One grant that
// covers every value is the simplest case.
func (r *Rules) CoveredTogether(f Facts, orgs ...string) bool {
	var all []*reach
	for _, org := range orgs {
		for _, g := range r.of(org).grants {
			if g.action == identity.GrantPublish && f.Marking <= g.reach.highest {
				all = append(all, &g.reach)
			}
		}
	}
	return together(all, f.Terms, 0)
}

// together covers the values of one dimension after the other by the reaches that hold the values chosen so far.
func together(reaches []*reach, terms map[string][]string, at int) bool {
	if len(reaches) == 0 {
		return false
	}
	all := dimensions()
	if at == len(all) {
		return true
	}
	values := terms[all[at].kind]
	if len(values) == 0 { // unknown: covered by the silent only
		return together(holding(reaches, at, ""), terms, at+1)
	}
	for _, value := range values {
		if !together(holding(reaches, at, value), terms, at+1) {
			return false
		}
	}
	return true
}

func holding(reaches []*reach, at int, value string) []*reach {
	var held []*reach
	for _, r := range reaches {
		if r.codes[at] == nil || value != "" && r.codes[at][value] {
			held = append(held, r)
		}
	}
	return held
}

// Coverage tells which organizations could review and publish a record: not its owner, not excluded, with a grant that
// covers. Publishers are those that cover at least a part; there are none unless all of them together cover the whole,
// so that an empty list says "nobody could".
func (r *Rules) Coverage(f Facts) (reviewers, publishers []string) {
	for org, o := range r.orgs {
		if org == f.Owner || slices.Contains(f.Excluded, org) {
			continue
		}
		if o.any(identity.GrantReview, f) {
			reviewers = append(reviewers, org)
		}
		if o.any(identity.GrantPublish, f) {
			publishers = append(publishers, org)
		}
	}
	slices.Sort(reviewers)
	slices.Sort(publishers)
	if !r.CoveredTogether(f, publishers...) {
		publishers = nil
	}
	return reviewers, publishers
}

func (o *orgRules) any(action identity.GrantAction, f Facts) bool {
	return slices.ContainsFunc(o.grants, func(g *grantRule) bool {
		return g.action == action && g.reach.covers(f.Terms, f.Marking, false)
	})
}

// describe names a row for a reader of the log: file and line, the role and relation that matched.
func (r *row) describe(q *question) string {
	return r.where + " " + strings.Join(named(r.roles&q.roles, roleNames()), "+") + " " + q.action + " " +
		strings.Join(named(r.relations&q.relations, relationNames()), "+")
}

func named(m mask, names []string) []string {
	found := make([]string, 0, 1)
	for i, name := range names {
		if m&(1<<i) != 0 {
			found = append(found, name)
		}
	}
	return found
}

// approvingOrgs gives the organizations whose unvoided approval stands for the content and handling at hand.
func (f *Facts) approvingOrgs() []string {
	var orgs []string
	for i := range f.Attestations {
		a := &f.Attestations[i]
		if a.Kind == incident.Approve && f.counts(a) && !slices.Contains(orgs, a.Org) {
			orgs = append(orgs, a.Org)
		}
	}
	return orgs
}
