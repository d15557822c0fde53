package policies

import (
	"slices"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
)

// Decide answers whether a principal may take an action now, on these facts. Casbin says yes; anything else, an error
// too, is a no with its reasons.
func (r *Rules) Decide(who identity.Principal, action string, f Facts) Decision {
	q := r.ask(&who, action, &f)
	if d, ok := q.allowed(); ok {
		return d
	}
	return q.refused()
}

// allowed asks casbin.
func (q *question) allowed() (Decision, bool) {
	enforcer, ok := q.rules.policies.enforcers[q.action]
	if !ok {
		return Decision{}, false
	}
	ok, fields, err := enforcer.EnforceEx(q.action, q)
	if err != nil || !ok {
		return Decision{}, false
	}
	for _, r := range q.rules.policies.byAction[q.action] {
		if r.name == fields[colName] {
			return Decision{Allowed: true, Rule: r.describe(q), Name: r.name, Grant: q.grant}, true
		}
	}
	return Decision{}, false
}

// refused gives the reasons of a no, as far as the principal may know of the object at all.
func (q *question) refused() Decision {
	if !q.knows() {
		return Decision{NotFound: true}
	}
	seen := q
	if q.onRecord() && !q.knowsVersion() {
		seen = q.withoutVersion()
	}
	if seen.relations&relExcluded != 0 && !seen.takesPart() {
		seen.relations = seen.relations&^relExcluded | relOther
	}
	return seen.reasons()
}

// takesPart tells whether any row gives one of the principal's roles the action. To the others a refusal says so, and
// nothing of whom the owner excluded.
func (q *question) takesPart() bool {
	return slices.ContainsFunc(q.rules.policies.byAction[q.action], func(r *row) bool { return r.roles&q.roles != 0 })
}

// reasons gives what is missing by the row that is nearest to a yes.
func (q *question) reasons() Decision {
	best := []Reason{{Code: "policy.unknown_action", Params: map[string]any{"action": q.action}}}
	least := -1
	partly := false
	for _, r := range q.rules.policies.byAction[q.action] {
		missing, far := q.missing(r)
		if q.partly(r, missing) {
			partly = true
		}
		if least < 0 || far < least {
			best, least = missing, far
		}
	}
	if len(best) == 0 { // casbin said no where the rows as read here say yes: no it is
		best = []Reason{{Code: "policy.refused"}}
	}
	return Decision{Missing: best, Partly: partly}
}

// partly tells whether nothing is missing for a row but that the grants cover a part of the values only.
func (q *question) partly(r *row, missing []Reason) bool {
	return r.grant == needPublish && len(missing) == 1 && missing[0].Code == codeGrantPartly &&
		(q.action == incident.ActionPublish || q.action == incident.ActionWiden)
}

const codeGrantPartly = "policy.grant_partly"

// missing lists what one row asks for and does not find, most fundamental first, and how far it is from a yes. A
// row for another relation is nearer than one for another role, and that nearer than one for another state: somebody
// else may do it now.
func (q *question) missing(r *row) (reasons []Reason, far int) {
	add := func(weight int, reason Reason) {
		reasons = append(reasons, reason)
		far += weight
	}
	const state, role, relation, other = 20, 15, 12, 10
	if r.roles&q.roles == 0 {
		add(role, q.roleReason(r))
	}
	if r.relations&q.relations == 0 {
		add(relation, q.relationReason(r))
	}
	if !r.record.has(q.record) {
		add(state, stateReason("policy.record_state", q.record, r.record, recordStates()))
	}
	if !r.version.has(q.version) {
		add(state, stateReason("policy.state", q.version, r.version, versionStates()))
	}
	if !r.class.has(q.class) {
		add(state, Reason{"policy.class", map[string]any{"class": q.class, "need": r.class.codes(classes())}})
	}
	if !q.reaches(r.token) {
		add(other, Reason{"policy.token_scope", map[string]any{"need": r.token}})
	}
	for _, d := range r.duties {
		if !d.kept(q) {
			why := d.why(q, r)
			if !slices.ContainsFunc(reasons, func(told Reason) bool { return told.Code == why.Code }) {
				add(other, why)
			}
		}
	}
	if r.grant != nothing && r.roles&q.roles != 0 {
		if reason, lacks := q.grantReason(r.grant); lacks {
			add(other, reason)
		}
	}
	return reasons, far
}

// roleReason says which role is needed, or that nobody signed in, or that the organization is suspended.
func (q *question) roleReason(r *row) Reason {
	switch {
	case q.who.Anonymous():
		return Reason{Code: "policy.sign_in"}
	case q.who.Person != "" && q.who.OrgStatus != identity.Active:
		return Reason{Code: "policy.suspended"}
	}
	return Reason{"policy.role", map[string]any{"need": named(r.roles, roleNames())}}
}

func (q *question) relationReason(r *row) Reason {
	needs := func(relation mask) bool { return r.relations&relation != 0 }
	is := func(relation mask) bool { return q.relations&relation != 0 }
	switch {
	case is(relExcluded):
		return Reason{Code: "policy.excluded"}
	case is(relOwn) && !needs(relOwn) && needs(relAssigned), is(relOwn) && needs(relOther):
		return Reason{Code: "policy.own_organization"}
	case r.relations == relGlass:
		return Reason{Code: "policy.glass"}
	case needs(relSelf):
		return Reason{Code: "policy.not_yourself"}
	case needs(relOwn):
		return Reason{Code: "policy.other_organization"}
	case is(relAssigned) && needs(relOther):
		return Reason{Code: "policy.already_assigned"}
	case needs(relAssigned):
		return Reason{Code: "policy.not_assigned"}
	}
	return Reason{Code: "policy.not_visible"}
}

func stateReason(code, state string, need set, order []string) Reason {
	return Reason{code, map[string]any{"state": state, "need": need.codes(order)}}
}

// codes lists a set in an order.
func (s set) codes(order []string) []string {
	return slices.DeleteFunc(slices.Clone(order), func(code string) bool { return !s.of[code] })
}

// grantReason says that no grant covers, and in which dimension the nearest one fails; "" there means that the
// organization has no such grant at all.
func (q *question) grantReason(need string) (Reason, bool) {
	action, how := grantAction(need), q.how(need)
	nearest := ""
	for _, g := range q.org.grants {
		if g.action != action {
			continue
		}
		if how == howSome {
			return Reason{}, false
		}
		lacks := g.reach.lacks(q.f.Terms, q.f.Marking, how == howEvery)
		if lacks == "" {
			return Reason{}, false
		}
		if nearest == "" {
			nearest = lacks
		}
	}
	code := "policy.grant"
	if how == howEvery {
		if q.together() {
			return Reason{}, false
		}
		if q.org.any(identity.GrantPublish, *q.f) {
			code = codeGrantPartly
		}
	}
	return Reason{code, map[string]any{"action": string(action), "dimension": nearest}}, true
}

// ---- who may know of what ----

// knows tells whether the principal may know that the object exists.
func (q *question) knows() bool {
	switch {
	case q.onRecord() && (q.f.Record != "" || q.f.Owner != ""):
		return q.action == incident.ActionCreate || q.knowsRecord()
	case onBatch(q.action) && q.f.Owner != "":
		return q.action == "batch.import" || q.overseer() || q.works() || q.may("batch.read")
	}
	return true // no object, or one of administration: organizations and people are known to whoever is signed in
}

func (q *question) knowsRecord() bool {
	if q.published() {
		if _, ok := AudienceOf(*q.who).Tier(q.f.Marking, q.f.Owner, q.f.Recipients); ok {
			return true
		}
	}
	return q.knowsVersion() || q.broken()
}

func (q *question) published() bool {
	return q.f.RecordState != "" && q.f.RecordState != incident.Reserved
}

// knowsVersion tells whether the principal may know that a record has an open version and how it stands: its owner's
// writers, those who see its card or have it in hand, and those who oversee every record.
func (q *question) knowsVersion() bool {
	return q.overseer() || q.works() || q.may("incident.read_card") || q.may("incident.read_work")
}

// overseer tells whether the principal knows id, state, age and holder of every record.
func (q *question) overseer() bool {
	return q.who.Operator || active(q.who) && (q.who.Has(identity.Administrator) || q.who.Has(identity.Auditor))
}

// works tells whether the object is one the principal writes at for its owner, or has in hand. The first holds under
// suspension too: they are told that they are suspended, not that their record never was.
func (q *question) works() bool {
	if q.relations&relAssigned != 0 && active(q.who) {
		return true
	}
	return q.who.Org != "" && q.who.Org == q.f.Owner && (q.who.Has(identity.Contributor) || q.who.Has(identity.FocalPoint))
}

// may asks the rows, apart from the token, whether the principal could take another action.
func (q *question) may(action string) bool {
	other := *q
	who := *q.who
	who.Scopes = nil
	other.who, other.action = &who, action
	other.relations = other.relationsOf()
	return other.passes()
}

// passes tells from the rows as read here what casbin tells from the same rows.
func (q *question) passes() bool {
	for _, r := range q.rules.policies.byAction[q.action] {
		if q.matches(r) {
			return true
		}
	}
	return false
}

func (q *question) matches(r *row) bool {
	if r.roles&q.roles == 0 || r.relations&q.relations == 0 || !r.at(q) || !q.reaches(r.token) {
		return false
	}
	for _, d := range r.duties {
		if !d.kept(q) {
			return false
		}
	}
	if r.grant == nothing {
		return true
	}
	_, lacks := q.grantReason(r.grant)
	return !lacks
}

// withoutVersion gives the question as it looks to someone who does not know of an open version; what they signed or
// wrote themselves they do know.
func (q *question) withoutVersion() *question {
	f, me := *q.f, q.who.Person
	f.VersionState, f.Class, f.Sensitive, f.OwnerSuspended, f.Quarantined, f.Assignments = "", "", false, false, false, nil
	f.Authors = slices.DeleteFunc(slices.Clone(f.Authors), func(person string) bool { return person != me })
	f.Decliners = slices.DeleteFunc(slices.Clone(f.Decliners), func(person string) bool { return person != me })
	f.Attestations = slices.DeleteFunc(slices.Clone(f.Attestations),
		func(a incident.Attestation) bool { return a.Person != me })
	return q.rules.ask(q.who, q.action, &f)
}

// ---- why, and what if ----

// Explanation is a decision with every rule and grant that was considered. It is for those who may see the facts:
// unlike a refusal it says everything.
type Explanation struct {
	Decision Decision
	Rules    []Considered
	Grants   []ConsideredGrant
}

// Considered is a rule about the action, and what it misses; nothing when it applies.
type Considered struct {
	Rule    string // "policy.csv:12"
	Name    string
	Roles   []string
	Missing []Reason
}

// ConsideredGrant is a grant in force of the acting organization. Lacks is the first dimension in which it does not
// cover: area, domain, cause, type, marking; "" when it covers.
type ConsideredGrant struct {
	ID     string
	Action identity.GrantAction
	Lacks  string
}

// Explain gives the decision with everything considered, also where Decide would say NotFound.
func (r *Rules) Explain(who identity.Principal, action string, f Facts) Explanation {
	q := r.ask(&who, action, &f)
	var e Explanation
	if d, ok := q.allowed(); ok {
		e.Decision = d
	} else {
		e.Decision = q.reasons()
		e.Decision.NotFound = !q.knows()
	}
	for _, row := range r.policies.byAction[action] {
		missing, _ := q.missing(row)
		e.Rules = append(e.Rules, Considered{row.where, row.name, named(row.roles, roleNames()), missing})
	}
	for _, g := range q.org.grants {
		lacks := g.reach.lacks(f.Terms, f.Marking, g.action == identity.GrantPublish)
		e.Grants = append(e.Grants, ConsideredGrant{g.id, g.action, lacks})
	}
	return e
}

// Case is a question to compare rules by.
type Case struct {
	Who    identity.Principal
	Action string
	Facts  Facts
}

// Difference is a case that two sets of rules answer differently.
type Difference struct {
	Case          Case
	Before, After Decision
}

// Simulate tells what would change: the cases that the rules before and after answer differently, in their allowing or
// in the rule that decides.
func Simulate(before, after *Rules, cases []Case) []Difference {
	var differences []Difference
	for _, c := range cases {
		was, would := before.Decide(c.Who, c.Action, c.Facts), after.Decide(c.Who, c.Action, c.Facts)
		if was.Allowed != would.Allowed || was.Partly != would.Partly || was.NotFound != would.NotFound || was.Name != would.Name {
			differences = append(differences, Difference{c, was, would})
		}
	}
	return differences
}
