package policies

import (
	"fmt"
	"slices"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/govaluate"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
)

// question is one question with what follows from it alone: the roles that count, the relations to the object, the
// states as the rules name them. It lives for one decision.
type question struct {
	rules  *Rules
	who    *identity.Principal
	f      *Facts
	action string

	roles     mask
	relations mask
	record    string
	version   string
	class     string

	org   *orgRules
	grant string // id of the grant that covered
}

func (r *Rules) ask(who *identity.Principal, action string, f *Facts) *question {
	q := &question{rules: r, who: who, f: f, action: action, org: r.of(who.Org)}
	q.roles = rolesOf(who)
	q.relations = q.relationsOf()
	q.record, q.version, q.class = none, none, string(f.Class)
	if f.RecordState != "" {
		q.record = string(f.RecordState)
	}
	if f.Quarantined {
		q.record = quarantined
	}
	if f.VersionState != "" && f.VersionState.Open() {
		q.version = string(f.VersionState)
	}
	return q
}

// active tells whether rights of the acting organization count at all.
func active(who *identity.Principal) bool {
	return who.Person != "" && who.Org != "" && who.OrgStatus == identity.Active
}

// rolesOf gives the roles that count now. Under a suspended organization only that of the public is left.
func rolesOf(who *identity.Principal) mask {
	m := isPublic
	if who.Operator {
		m |= isOperator
	}
	if !active(who) {
		return m
	}
	for _, role := range who.Roles {
		if bit := bitOf(role); bit != 0 {
			m |= bit | isMember
		}
	}
	return m
}

func (q *question) relationsOf() mask {
	m := q.relation()
	if q.onRecord() && q.broken() {
		m |= relGlass
	}
	f := q.f
	if !q.onRecord() && f.Owner == "" && f.TargetPerson != "" && f.TargetPerson == q.who.Person && f.TargetOrg == q.who.Org {
		m |= relSelf
	}
	return m
}

// relation gives the one relation of the acting organization to the object.
func (q *question) relation() mask {
	f, org := q.f, q.who.Org
	owner := f.Owner
	if owner == "" {
		owner = f.TargetOrg
	}
	switch {
	case owner == "" && f.Record == "":
		return relNone
	case org == "":
		return relOther
	case owner == org:
		return relOwn
	case slices.Contains(f.Excluded, org):
		return relExcluded
	}
	relation := relOther
	for i := range f.Assignments {
		a := &f.Assignments[i]
		if a.Released != 0 || a.Org != org {
			continue
		}
		if a.Person == q.who.Person {
			return relAssigned
		}
		relation = relColleague
	}
	return relation
}

func (q *question) onRecord() bool { return onRecord(q.action) }

// broken tells whether the glass is broken for the record now.
func (q *question) broken() bool {
	return len(q.who.BreakGlass) > 0 && AudienceOf(*q.who).Breaks(q.f.Record, q.rules.now)
}

// reaches tells whether the token, when there is one, has the scope.
func (q *question) reaches(scope string) bool {
	return q.who.Scopes == nil || slices.Contains(q.who.Scopes, scope)
}

// Ways in which a record's values have to lie inside a grant.
const (
	howSome  = "some"  // whatever the record: there is a grant
	howAny   = "any"   // any value of each dimension it names
	howEvery = "every" // every value of each dimension it names
)

// how gives the way a need is asked. A batch has no values of its own: there it is enough to have some grant, and every
// record of it is decided about by itself.
func (q *question) how(need string) string {
	switch {
	case need == needSomeSubmit || onBatch(q.action):
		return howSome
	case need == needPublish:
		return howEvery
	}
	return howAny
}

// granted asks the acting organization's enforcer whether one of its grants covers; to publish, its grants together
// with those of the organizations that approved already.
func (q *question) granted(need string) (bool, error) {
	if need == nothing {
		return true, nil
	}
	how := q.how(need)
	if len(q.org.grants) > 0 {
		enforcer, err := q.rules.enforcerOf(q.org)
		if err != nil {
			return false, err
		}
		ok, row, err := enforcer.EnforceEx(secondQuestion(), string(grantAction(need)), how, q)
		if err != nil {
			return false, err
		}
		if ok {
			q.grant = row[0]
			return true, nil
		}
	}
	return how == howEvery && q.together(), nil
}

func secondQuestion() casbin.EnforceContext {
	return casbin.EnforceContext{RType: "r2", PType: "p2", EType: "e", MType: "m2"}
}

// together tells whether this organization has a part in it and covers the rest with those that approved.
func (q *question) together() bool {
	if !q.org.any(identity.GrantPublish, *q.f) {
		return false
	}
	return q.rules.CoveredTogether(*q.f, append(q.f.approvingOrgs(), q.who.Org)...)
}

// covers tells whether one grant of the acting organization covers.
func (q *question) covers(id, how string) bool {
	g, ok := q.org.byID[id]
	switch {
	case !ok:
		return false
	case how == howSome:
		return true
	}
	return g.reach.covers(q.f.Terms, q.f.Marking, how == howEvery)
}

// ---- the functions that the matcher calls: each takes a rule column and something of the question ----

func (p *Policies) functions() map[string]govaluate.ExpressionFunction {
	return map[string]govaluate.ExpressionFunction{
		"in": func(args ...any) (any, error) {
			column, code, err := twoTexts(args)
			return err == nil && p.lists[column].has(code), err
		},
		"is": asked(func(column string, q *question) (bool, error) {
			return p.roles[column]&q.roles != 0, nil
		}),
		"rel": asked(func(column string, q *question) (bool, error) {
			return p.relations[column]&q.relations != 0, nil
		}),
		"at": asked(func(column string, q *question) (bool, error) {
			r, ok := p.states[column]
			return ok && r.at(q), nil
		}),
		"has": asked(func(column string, q *question) (bool, error) { return q.reaches(column), nil }),
		"kept": asked(func(column string, q *question) (bool, error) {
			for _, d := range p.dutyLists[column] {
				if !d.kept(q) {
					return false, nil
				}
			}
			return true, nil
		}),
		"may": asked(func(column string, q *question) (bool, error) { return q.granted(column) }),
		"covers": func(args ...any) (any, error) {
			if len(args) != 3 {
				return false, fmt.Errorf("covers takes three arguments")
			}
			id, how, err := twoTexts(args[:2])
			q, ok := args[2].(*question)
			if err != nil || !ok {
				return false, fmt.Errorf("covers takes a grant, a way and the question")
			}
			return q.covers(id, how), nil
		},
	}
}

func twoTexts(args []any) (first, second string, err error) {
	if len(args) == 2 {
		first, ok := args[0].(string)
		second, ok2 := args[1].(string)
		if ok && ok2 {
			return first, second, nil
		}
	}
	return "", "", fmt.Errorf("not two texts")
}

func asked(f func(column string, q *question) (bool, error)) govaluate.ExpressionFunction {
	return func(args ...any) (any, error) {
		if len(args) != 2 {
			return false, fmt.Errorf("not a column and the question")
		}
		column, ok := args[0].(string)
		q, ok2 := args[1].(*question)
		if !ok || !ok2 {
			return false, fmt.Errorf("not a column and the question")
		}
		return f(column, q)
	}
}

// assignedFor tells whether the person has the version in hand for a duty.
func (q *question) assignedFor(duty incident.Duty) bool {
	for i := range q.f.Assignments {
		a := &q.f.Assignments[i]
		if a.Released == 0 && a.Person == q.who.Person && a.Org == q.who.Org && a.Duty == duty {
			return true
		}
	}
	return false
}

// signed tells whether the person signed so, over the hashes at hand and unvoided; without kinds, in any way.
func (q *question) signed(kinds ...incident.AttestationKind) bool {
	for i := range q.f.Attestations {
		a := &q.f.Attestations[i]
		if a.Person == q.who.Person && q.f.counts(a) && (len(kinds) == 0 || slices.Contains(kinds, a.Kind)) {
			return true
		}
	}
	return false
}

// reviewed tells whether the person ever recommended this version, or has it in hand to review.
func (q *question) reviewed() bool {
	for i := range q.f.Attestations {
		a := &q.f.Attestations[i]
		if a.Person == q.who.Person && a.Kind == incident.Recommend {
			return true
		}
	}
	for i := range q.f.Assignments {
		a := &q.f.Assignments[i]
		if a.Person == q.who.Person && a.Released == 0 && a.Duty == incident.ReviewDuty {
			return true
		}
	}
	return false
}
