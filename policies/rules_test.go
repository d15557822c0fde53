package policies

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/schema"
)

func replaceOnce(t *testing.T, text, before, after string) string {
	t.Helper()
	if !strings.Contains(text, before) {
		t.Fatalf("%q is not there", before)
	}
	return strings.Replace(text, before, after, 1)
}

func rulesOf(t *testing.T, p *Policies, now int64, grants ...identity.Grant) *Rules {
	t.Helper()
	rules, err := p.Rules(7, grants, now, "")
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func publishing(id, org string, areas ...string) identity.Grant {
	return identity.Grant{ID: id, Org: org, Action: identity.GrantPublish, Scope: identity.Scope{Areas: areas}}
}

func TestDecisionNamesItsRule(t *testing.T) {
	world := tableOf(t, loadedPolicies(t))
	d := world.decide(cell{"contributor", "own", "reserved/draft", "public", "initial", "", incident.ActionSave})
	if !strings.HasPrefix(d.Rule, "policy.csv:") || !strings.HasSuffix(d.Rule, " contributor incident.save own") || d.Name != "own.edit" {
		t.Errorf("%+v", d)
	}
	if d.Fault("record") != nil {
		t.Error("an allowed act has a fault")
	}
	d = world.decide(cell{"reviewer", "other", "reserved/submitted", "public", "initial", "", incident.ActionClaim})
	if d.Grant != other+".review" {
		t.Errorf("the covering grant is not named: %+v", d)
	}
}

func TestDecisionFaults(t *testing.T) {
	world := tableOf(t, loadedPolicies(t))
	var f *fault.Fault
	d := world.decide(cell{"publisher", "other", "reserved/reviewed", "public", "initial", "author", incident.ActionPublish})
	if !errors.As(d.Fault("record"), &f) || f.Kind != fault.Forbidden || f.Code != "policy.author_is_publisher" || len(f.Fields) != len(d.Missing) {
		t.Errorf("%v", d.Fault("record"))
	}
	d = world.decide(cell{"reader", "other", "reserved/draft", "public", "initial", "", incident.ActionSave})
	if !errors.As(d.Fault("record"), &f) || f.Kind != fault.NotFound || f.Code != "record.not_found" || len(f.Fields) != 0 {
		t.Errorf("%v", d.Fault("record"))
	}
	if (Decision{}).Fault("record") == nil {
		t.Error("the zero decision allows")
	}
}

func TestGrantsInForce(t *testing.T) {
	p := loadedPolicies(t)
	grant := identity.Grant{ID: "g", Org: other, Action: identity.GrantReview, From: 100, Until: 200}
	who, facts := cell{"reviewer", "other", "reserved/submitted", "public", "initial", "", ""}.question()
	for _, c := range []struct {
		now, next int64
		want      bool
	}{{99, 100, false}, {100, 200, true}, {199, 200, true}, {200, 0, false}} {
		rules := rulesOf(t, p, c.now, grant)
		if got := rules.Decide(who, incident.ActionClaim, facts).Allowed; got != c.want {
			t.Errorf("at %d: %v", c.now, got)
		}
		if rules.Next() != c.next || rules.Epoch() != 7 {
			t.Errorf("at %d: next %d", c.now, rules.Next())
		}
	}
	for name, wrong := range map[string]identity.Grant{
		"no organization": {ID: "g", Action: identity.GrantReview}, "no id": {Org: "o", Action: identity.GrantReview},
		"unknown action": {ID: "g", Org: "o", Action: "approve"},
	} {
		if _, err := p.Rules(1, []identity.Grant{wrong}, 0, ""); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := p.Rules(1, []identity.Grant{grant, grant}, 150, ""); err == nil {
		t.Error("a grant twice is accepted")
	}
}

// A right that was taken away is gone with the next snapshot, and a snapshot does not change under a question.
func TestSnapshots(t *testing.T) {
	p := loadedPolicies(t)
	grants := openGrants()
	before := rulesOf(t, p, 1000, grants...)
	who, facts := cell{"reviewer", "other", "reserved/submitted", "public", "initial", "", ""}.question()
	if !before.Decide(who, incident.ActionClaim, facts).Allowed {
		t.Fatal("refused before")
	}
	grants[4].Action = identity.GrantSubmit // east's review
	after := rulesOf(t, p, 1000, grants...)
	if !before.Decide(who, incident.ActionClaim, facts).Allowed {
		t.Error("the snapshot changed with the grants it was made of")
	}
	if after.Decide(who, incident.ActionClaim, facts).Allowed {
		t.Error("the right outlives its grant")
	}
}

func TestCoveredTogether(t *testing.T) {
	p := loadedPolicies(t)
	rules := rulesOf(t, p, 0, publishing("a", "east", "002"), publishing("b", "west", "150"), publishing("c", "both", "002"),
		publishing("d", "both", "150"), publishing("all", "south"),
		identity.Grant{ID: "x", Org: "farm", Action: identity.GrantPublish, Scope: identity.Scope{Areas: []string{"002"}, Domains: []string{"crop"}}},
		identity.Grant{ID: "y", Org: "city", Action: identity.GrantPublish, Scope: identity.Scope{Areas: []string{"150"}, Domains: []string{"human"}}},
		identity.Grant{ID: "r", Org: "review", Action: identity.GrantReview})
	f := Facts{Terms: map[string][]string{"area": {"KEN", "FRA"}, "domain": {"human", "crop"}}}
	for _, c := range []struct {
		orgs []string
		want bool
	}{
		{nil, false}, {[]string{"east"}, false}, {[]string{"west"}, false}, {[]string{"east", "west"}, true},
		{[]string{"both"}, true}, {[]string{"south"}, true}, {[]string{"review"}, false},
		{[]string{"farm", "city"}, false}, // nobody covers people in Kenya
		{[]string{"farm", "city", "south"}, true},
	} {
		if got := rules.CoveredTogether(f, c.orgs...); got != c.want {
			t.Errorf("%v: %v", c.orgs, got)
		}
	}
	if rules.CoveredTogether(Facts{Terms: map[string][]string{"domain": {"human"}}}, "east", "west", "both") {
		t.Error("an unknown area is covered by regions")
	}
}

// Two publishers of two organizations publish what neither covers alone: the first signs a part, the second publishes.
func TestPublishTogether(t *testing.T) {
	p := loadedPolicies(t)
	rules := rulesOf(t, p, 1000, publishing("a", other, "002"), publishing("b", "west", "150"))
	pat, facts := cell{"publisher", "other", "reserved/reviewed", "public", "initial", "", ""}.question()
	first := rules.Decide(pat, incident.ActionPublish, facts)
	if first.Allowed || !first.Partly || first.Missing[0].Code != "policy.grant_partly" || first.Missing[0].Params["dimension"] != "area" {
		t.Fatalf("%+v", first)
	}
	facts.Attestations = append(facts.Attestations, incident.Attestation{Kind: incident.Approve, Person: asker, Org: other,
		ContentHash: facts.ContentHash, HandlingHash: facts.HandlingHash})
	wes := identity.Principal{Person: "wes", Org: "west", OrgStatus: identity.Active, Roles: []identity.Role{identity.Publisher}}
	if d := rules.Decide(wes, incident.ActionPublish, facts); !d.Allowed {
		t.Errorf("the second publisher: %+v", d)
	}
	facts.Attestations[len(facts.Attestations)-1].Voided = 5
	if d := rules.Decide(wes, incident.ActionPublish, facts); d.Allowed || !d.Partly {
		t.Errorf("a voided approval counts: %+v", d)
	}
	facts.Authors = append(facts.Authors, "wes")
	if d := rules.Decide(wes, incident.ActionPublish, facts); d.Partly {
		t.Error("an author may sign a part")
	}
}

func TestCoverage(t *testing.T) {
	p := loadedPolicies(t)
	rules := rulesOf(t, p, 0, publishing("a", "east", "002"), publishing("b", "west", "150"), publishing("n", owner),
		identity.Grant{ID: "r", Org: "east", Action: identity.GrantReview, Scope: identity.Scope{Domains: []string{"human"}}})
	f := Facts{Owner: owner, Terms: map[string][]string{"area": {"KEN", "FRA"}, "domain": {"human"}}}
	reviewers, publishers := rules.Coverage(f)
	if !slices.Equal(reviewers, []string{"east"}) || !slices.Equal(publishers, []string{"east", "west"}) {
		t.Errorf("%v %v", reviewers, publishers)
	}
	f.Excluded = []string{"east"}
	if reviewers, publishers = rules.Coverage(f); reviewers != nil || publishers != nil {
		t.Errorf("without east: %v %v", reviewers, publishers)
	}
	f.Excluded, f.Terms["domain"] = nil, []string{"crop"}
	if reviewers, publishers = rules.Coverage(f); reviewers != nil || len(publishers) != 2 {
		t.Errorf("crops: %v %v", reviewers, publishers)
	}
}

func TestExplain(t *testing.T) {
	world := tableOf(t, loadedPolicies(t))
	who, facts := cell{"publisher", "other", "reserved/reviewed", "public", "initial", "part_grant", ""}.question()
	e := world.part.Explain(who, incident.ActionPublish, facts)
	if e.Decision.Allowed || !e.Decision.Partly || len(e.Rules) != 1 || e.Rules[0].Name != "approve.publish" || len(e.Rules[0].Missing) != 1 {
		t.Errorf("%+v", e)
	}
	lacks := map[string]string{}
	for _, g := range e.Grants {
		lacks[g.ID] = g.Lacks
	}
	if len(lacks) != 3 || lacks["east.publish"] != "area" || lacks["east.review"] != "" {
		t.Errorf("%v", lacks)
	}
	who.Roles, facts.VersionState = nil, incident.Draft
	if e = world.part.Explain(who, incident.ActionSave, facts); !e.Decision.NotFound || len(e.Decision.Missing) == 0 || len(e.Rules) == 0 {
		t.Errorf("an explanation says everything, also of what is hidden: %+v", e)
	}
	if e = world.open.Explain(who, "incident.explode", facts); e.Decision.Allowed || len(e.Rules) != 0 {
		t.Errorf("%+v", e)
	}
}

func TestSimulate(t *testing.T) {
	p := loadedPolicies(t)
	world := tableOf(t, p)
	claim := func(besides, action string) Case {
		who, facts := cell{"reviewer", "other", "reserved/submitted", "public", "initial", besides, ""}.question()
		return Case{who, action, facts}
	}
	cases := []Case{claim("", incident.ActionClaim), claim("author", incident.ActionClaim), claim("", incident.ActionSave)}
	if differences := Simulate(world.open, world.open, cases); differences != nil {
		t.Errorf("the same rules differ: %v", differences)
	}
	differences := Simulate(world.none, world.open, cases)
	if len(differences) != 3 || differences[0].Before.Allowed || !differences[0].After.Allowed {
		t.Fatalf("%+v", differences)
	}
	if d := differences[1]; d.After.Allowed || !d.Before.NotFound || d.After.NotFound {
		t.Errorf("the author learns of the record: %+v", d)
	}
}

func TestAssigning(t *testing.T) {
	p := loadedPolicies(t)
	rules := rulesOf(t, p, 1000, append(openGrants(),
		identity.Grant{ID: "w", Org: "west", Action: identity.GrantReview, Scope: identity.Scope{Domains: []string{"human"}}})...)
	who, f := cell{"publisher", "other", "reserved/submitted", "named", "initial", "", ""}.question()
	f.TargetPerson = "rui"
	for _, c := range []struct {
		name  string
		org   string
		roles []identity.Role
		edit  func(*Facts)
		want  string
	}{
		{"a reviewer", "west", []identity.Role{identity.Reviewer}, func(*Facts) {}, ""},
		{"oneself, to approve", other, []identity.Role{identity.Publisher}, func(*Facts) {}, ""},
		{"of the owner", owner, []identity.Role{identity.Reviewer}, func(*Facts) {}, "policy.target_own_organization"},
		{"of an excluded organization", "west", []identity.Role{identity.Reviewer}, func(f *Facts) { f.Excluded = []string{"west"} }, "policy.target_excluded"},
		{"an author", "west", []identity.Role{identity.Reviewer}, func(f *Facts) { f.Authors = []string{"rui"} }, "policy.target_is_author"},
		{"a reader", "west", []identity.Role{identity.Reader}, func(*Facts) {}, "policy.target_role"},
		{"without a grant", "west", []identity.Role{identity.Reviewer}, func(f *Facts) { f.Terms = map[string][]string{"domain": {"crop"}} }, "policy.target_grant"},
	} {
		facts := f
		facts.TargetOrg, facts.TargetRoles = c.org, c.roles
		c.edit(&facts)
		d := rules.Decide(who, incident.ActionAssign, facts)
		if d.Allowed != (c.want == "") || !d.Allowed && d.Missing[0].Code != c.want {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

// A reason never tells someone about an open version that they may not know of.
func TestReasonsKeepOpenVersionsSecret(t *testing.T) {
	world := tableOf(t, loadedPolicies(t))
	for _, role := range []string{"public", "reader", "contributor", "focal_point", "reviewer", "publisher"} {
		for _, relation := range []string{"other", "excluded", "own"} {
			if relation == "own" && (role == "contributor" || role == "focal_point" || role == "public") {
				continue // its writers know
			}
			for _, action := range RecordActions() {
				with, without := world.decide(cell{role, relation, "live/draft", "public", "correction", "", action}),
					world.decide(cell{role, relation, "live/none", "public", "", "", action})
				if with.Allowed != without.Allowed || !sameReasons(with.Missing, without.Missing) {
					t.Errorf("%s %s %s: %v with a draft, %v without", role, relation, action, with, without)
				}
			}
		}
	}
}

// A reason never tells someone whose role is not asked that the owner excluded their organization: handling is for those
// who are named in it, and for whoever could otherwise act.
func TestReasonsKeepExclusionsSecret(t *testing.T) {
	world := tableOf(t, loadedPolicies(t))
	for _, role := range []string{"public", "reader", "contributor", "focal_point", "reviewer", "publisher"} {
		for _, action := range RecordActions() {
			if world.open.policies.gives(role, action) {
				continue
			}
			excluded, other := world.decide(cell{role, "excluded", "live/none", "public", "", "", action}),
				world.decide(cell{role, "other", "live/none", "public", "", "", action})
			if excluded.Allowed != other.Allowed || !sameReasons(excluded.Missing, other.Missing) {
				t.Errorf("%s %s: %v of the excluded, %v of others", role, action, excluded, other)
			}
		}
	}
}

// gives tells whether a row gives a role an action.
func (p *Policies) gives(role, action string) bool {
	held := rolesOf(&identity.Principal{Person: "p", Org: "o", OrgStatus: identity.Active, Roles: []identity.Role{identity.Role(role)}})
	return slices.ContainsFunc(p.byAction[action], func(r *row) bool { return r.roles&held != 0 })
}

func sameReasons(a, b []Reason) bool {
	return slices.EqualFunc(a, b, func(x, y Reason) bool {
		return x.Code == y.Code && len(x.Params) == len(y.Params) && stringOf(x.Params["state"]) == stringOf(y.Params["state"])
	})
}

func stringOf(v any) string {
	s, _ := v.(string)
	return s
}

func TestConcurrentDecisions(t *testing.T) {
	rules := rulesOf(t, loadedPolicies(t), 1000, many()...)
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for i := range 40 {
				org := many()[(i+worker)%40].Org
				who := identity.Principal{Person: "p", Org: org, OrgStatus: identity.Active, Roles: []identity.Role{identity.Reviewer}}
				facts := Facts{Record: "r", Owner: "nobody", RecordState: incident.Reserved, VersionState: incident.Submitted,
					Terms: map[string][]string{"area": {"KEN"}, "domain": {"human"}}}
				rules.Decide(who, incident.ActionClaim, facts)
			}
		})
	}
	wait.Wait()
}

func TestAudience(t *testing.T) {
	with := func(org string, status identity.Status, roles ...identity.Role) identity.Principal {
		return identity.Principal{Person: "p", Org: org, OrgStatus: status, Roles: roles}
	}
	if a := AudienceOf(identity.Principal{}); a.Members || a.Orgs != nil || a.Records != nil || a.Heads {
		t.Errorf("the public is not the zero audience: %+v", a)
	}
	admin := with("hq", identity.Active, identity.Administrator)
	admin.BreakGlass = map[string]int64{"r": 100}
	reader := with("east", identity.Active, identity.Reader)
	reader.BreakGlass = map[string]int64{"r": 100}
	for _, c := range []struct {
		name       string
		who        identity.Principal
		marking    schema.Tier
		owner      string
		recipients []string
		want       string
	}{
		{"public of public", identity.Principal{}, schema.Public, "north", nil, "public"},
		{"public of members", identity.Principal{}, schema.Members, "north", nil, ""},
		{"public of named", identity.Principal{}, schema.Named, "", nil, ""},
		{"member of public", reader, schema.Public, "north", nil, "members"},
		{"member of members", reader, schema.Members, "north", nil, "members"},
		{"member of named", reader, schema.Named, "north", nil, ""},
		{"recipient of named", reader, schema.Named, "north", []string{"west", "east"}, "named"},
		{"owner of named", with("north", identity.Active, identity.Contributor), schema.Named, "north", nil, "named"},
		{"owner of public", with("north", identity.Active, identity.Reviewer), schema.Public, "north", nil, "named"},
		{"suspended owner of members", with("north", identity.Suspended, identity.Contributor), schema.Members, "north", nil, ""},
		{"without a role", with("north", identity.Active), schema.Members, "north", nil, ""},
		{"administrator of members", admin, schema.Members, "hq", nil, ""},
		{"auditor of members", with("hq", identity.Active, identity.Auditor), schema.Members, "hq", nil, ""},
		{"administrator and reader of members", with("hq", identity.Active, identity.Administrator, identity.Reader), schema.Members, "north", nil, "members"},
		{"operator of members", identity.Principal{Operator: true}, schema.Members, "", nil, ""},
	} {
		tier, ok := AudienceOf(c.who).Tier(c.marking, c.owner, c.recipients)
		if got := map[bool]string{true: tier.String(), false: ""}[ok]; got != c.want {
			t.Errorf("%s: %q, not %q", c.name, got, c.want)
		}
	}
	if a := AudienceOf(admin); !a.Breaks("r", 99) || a.Breaks("r", 100) || a.Breaks("s", 99) || a.Breaks("", 99) {
		t.Error("broken glass is for one record until its moment")
	}
	if AudienceOf(reader).Breaks("r", 99) {
		t.Error("a reader breaks the glass")
	}
	if !AudienceOf(with("hq", identity.Active, identity.Auditor)).Heads || AudienceOf(reader).Heads {
		t.Error("heads are the auditor's")
	}
}

// Rules and state machines speak of the same states: every arrow of the drawing can be taken by somebody, and a rule
// names no state of an open version from which its action leads nowhere.
func TestRulesFollowTheDrawing(t *testing.T) {
	p := loadedPolicies(t)
	from := map[string]map[string]bool{} // action of the version machine → states
	for _, arrow := range incident.Drawing() {
		if arrow.From == "" || arrow.When == incident.WhenDue { // the clock's
			continue
		}
		if arrow.Machine == incident.VersionMachine {
			if from[arrow.Action] == nil {
				from[arrow.Action] = map[string]bool{}
			}
			from[arrow.Action][openOrNone(arrow.From)] = true
		}
		taken := slices.ContainsFunc(p.byAction[arrow.Action], func(r *row) bool {
			return arrow.Machine == incident.VersionMachine && r.version.has(openOrNone(arrow.From)) ||
				arrow.Machine == incident.RecordMachine && (r.record.has(arrow.From) || r.record.has(quarantined))
		})
		if !taken {
			t.Errorf("nobody may take %s from %s", arrow.Action, arrow.From)
		}
	}
	for action, states := range from {
		for _, r := range p.byAction[action] {
			for state := range r.version.of {
				if !states[state] && state != none {
					t.Errorf("%s lets %s from %s, where it leads nowhere", r.where, action, state)
				}
			}
		}
	}
}

// openOrNone gives the state of a version as the rules see it.
func openOrNone(state string) string {
	if incident.VersionState(state).Open() {
		return state
	}
	return none
}

func TestScopesOfAnOrganization(t *testing.T) {
	rules := rulesOf(t, loadedPolicies(t), 0, publishing("a", "east", "002"), publishing("b", "east", "150"), publishing("c", "west"))
	if scopes := rules.Scopes("east", identity.GrantPublish); len(scopes) != 2 || !slices.Equal(scopes[0].Areas, []string{"002"}) {
		t.Errorf("%v", scopes)
	}
	if rules.Scopes("east", identity.GrantReview) != nil || rules.Scopes("nobody", identity.GrantPublish) != nil {
		t.Error("scopes out of nothing")
	}
}
