package policies

import (
	"slices"
	"strings"
	"testing"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/schema"
)

// The small world of the truth table: north owns the record, pat asks, as north or as east. Who wrote, consented and
// recommended before are other people.
const (
	owner = "north"
	other = "east"
	asker = "pat"
)

type cell struct {
	who, relation, state, tier, class, besides, action string
}

func loadedPolicies(tb testing.TB) *Policies {
	tb.Helper()
	p, err := New(loaded(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// openGrants lets both organizations do everything, so that what refuses is what the cell is about.
func openGrants() []identity.Grant {
	var grants []identity.Grant
	for _, org := range []string{owner, other} {
		for _, action := range []identity.GrantAction{identity.GrantSubmit, identity.GrantReview, identity.GrantPublish} {
			grants = append(grants, identity.Grant{ID: org + "." + string(action), Org: org, Action: action})
		}
	}
	return grants
}

// partGrants lets east publish what happened in Africa.
func partGrants() []identity.Grant {
	grants := openGrants()
	for i := range grants {
		if grants[i].Org == other && grants[i].Action == identity.GrantPublish {
			grants[i].Scope.Areas = []string{"002"}
		}
	}
	return grants
}

// table holds the rules of the world under its three sets of grants.
type table struct{ open, none, part *Rules }

func tableOf(tb testing.TB, p *Policies) table {
	tb.Helper()
	make := func(grants []identity.Grant) *Rules {
		rules, err := p.Rules(1, grants, 1000, "")
		if err != nil {
			tb.Fatal(err)
		}
		return rules
	}
	return table{make(openGrants()), make(nil), make(partGrants())}
}

func (t table) decide(c cell) Decision {
	who, facts := c.question()
	rules := t.open
	switch c.besides {
	case "no_grant":
		rules = t.none
	case "part_grant":
		rules = t.part
	}
	return rules.Decide(who, c.action, facts)
}

// answer gives a decision as the table writes it.
func answer(d Decision) string {
	switch {
	case d.Allowed:
		return d.Name
	case d.NotFound:
		return "404"
	}
	return strings.TrimPrefix(d.Missing[0].Code, "policy.")
}

func (c cell) question() (identity.Principal, Facts) {
	who := c.principal()
	if c.state == "object" {
		return c.object(who)
	}
	record, version, _ := strings.Cut(c.state, "/")
	tier, err := schema.ParseTier(c.tier)
	if err != nil {
		panic(err)
	}
	f := Facts{
		Record: "BID-7K3M-9Q2X", Owner: owner, RecordState: incident.RecordState(record), Class: incident.ChangeClass(c.class),
		Marking: tier, Authors: []string{"ana"}, ContentHash: "content", HandlingHash: "handling",
		Terms: map[string][]string{"area": {"KEN", "FRA"}, "domain": {"human"}, "cause": {"natural"}, "type": {"outbreak.human_disease"}},
	}
	if version != none {
		f.VersionState = incident.VersionState(version)
	}
	sign := func(kind incident.AttestationKind, person, org string) {
		f.Attestations = append(f.Attestations, incident.Attestation{
			Kind: kind, Person: person, Org: org, ContentHash: f.ContentHash, HandlingHash: f.HandlingHash})
	}
	switch f.VersionState {
	case incident.Submitted, incident.InReview, incident.Reviewed:
		sign(incident.Consent, "fay", owner)
	}
	if f.VersionState == incident.Reviewed {
		sign(incident.Recommend, "rui", "west")
	}
	duty := incident.ReviewDuty
	if c.who == "publisher" {
		duty = incident.PublishDuty
	}
	switch c.relation {
	case "assigned":
		f.Assignments = []incident.Assignment{{Person: asker, Org: other, Duty: duty}}
	case "colleague":
		f.Assignments = []incident.Assignment{{Person: "cal", Org: other, Duty: duty}}
	case "excluded":
		f.Excluded = []string{other}
	}
	switch c.besides {
	case "author":
		f.Authors = append(f.Authors, asker)
	case "decliner":
		f.Decliners = []string{asker}
	case "recommended":
		sign(incident.Recommend, asker, other)
	case "approved":
		sign(incident.Approve, asker, other)
	case "recipient":
		f.Recipients = []string{other}
	case "quarantined", "sensitivity":
		f.Quarantined = true
		for i := range f.Assignments {
			if c.besides == "sensitivity" {
				f.Assignments[i].Duty = incident.SensitivityDuty
			}
		}
	case "ahead":
		f.StandingConsent = true
	case "owner_suspended":
		f.OwnerSuspended = true
	}
	return who, f
}

func (c cell) principal() identity.Principal {
	if c.who == rolePublic {
		return identity.Principal{}
	}
	if c.who == roleOperator {
		return identity.Principal{Operator: true}
	}
	who := identity.Principal{Person: asker, Org: other, OrgStatus: identity.Active, Roles: []identity.Role{identity.Role(c.who)}}
	if c.relation == "own" {
		who.Org = owner
	}
	switch c.besides {
	case "suspended":
		who.OrgStatus = identity.Suspended
	case "token_read":
		who.Scopes = []string{"read"}
	case "token_write":
		who.Scopes = []string{"read", "write"}
	}
	if c.relation == "glass" {
		who.BreakGlass = map[string]int64{"BID-7K3M-9Q2X": 2000}
	}
	return who
}

func (c cell) object(who identity.Principal) (identity.Principal, Facts) {
	f := Facts{TargetOrg: owner, TargetPerson: "new", TargetRoles: []identity.Role{identity.Contributor}}
	switch c.besides {
	case "target_reviewer":
		f.TargetRoles = append(f.TargetRoles, identity.Reviewer)
	case "self":
		f.TargetPerson = asker
	case "author":
		f.Authors = []string{asker}
	}
	return who, f
}

// tableStates are the states of the truth table, with the change class its open version has there.
func tableStates() [][2]string {
	return [][2]string{
		{"reserved/draft", "initial"}, {"reserved/submitted", "initial"}, {"reserved/in_review", "initial"},
		{"reserved/changes_requested", "initial"}, {"reserved/reviewed", "initial"}, {"reserved/scheduled", "initial"},
		{"reserved/none", "initial"}, {"live/none", "correction"}, {"live/draft", "correction"},
		{"live/draft", "situation_update"}, {"live/submitted", "situation_update"}, {"live/in_review", "correction"}, {"live/reviewed", "correction"},
		{"held/none", "correction"}, {"withdrawn/none", "correction"}, {"merged/none", "correction"},
	}
}

func tableRelations(role string) []string {
	switch role {
	case rolePublic, roleOperator:
		return []string{"other"}
	case "administrator":
		return []string{"own", "other", "excluded", "glass"}
	case "reviewer", "publisher":
		return []string{"own", "other", "excluded", "assigned", "colleague"}
	}
	return []string{"own", "other", "excluded"}
}

// inHand tells whether somebody can have a version in hand in a state.
func inHand(state string) bool {
	_, version, _ := strings.Cut(state, "/")
	return slices.Contains([]string{"in_review", "changes_requested", "reviewed", "scheduled"}, version)
}

func tableRoles() []string {
	return slices.DeleteFunc(roleNames(), func(name string) bool { return name == roleMember })
}
