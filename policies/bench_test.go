package policies

import (
	"fmt"
	"testing"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/schema"
)

func loaded(tb testing.TB) *schema.Schema {
	tb.Helper()
	sch, err := schema.Load()
	if err != nil {
		tb.Fatal(err)
	}
	return sch
}

// many makes 600 grants over 40 organizations: fifteen each, of regions and domains.
func many() []identity.Grant {
	regions := []string{"002", "019", "142", "150", "009"}
	domains := []string{"human", "domestic_animal", "wildlife", "crop"}
	actions := []identity.GrantAction{identity.GrantSubmit, identity.GrantReview, identity.GrantPublish}
	var grants []identity.Grant
	for i := range 600 {
		grants = append(grants, identity.Grant{
			ID: fmt.Sprintf("g%d", i), Org: fmt.Sprintf("org%d", i%40), Action: actions[(i/40)%3],
			Scope: identity.Scope{Areas: []string{regions[i%5]}, Domains: []string{domains[i%4], domains[(i+1)%4]}},
		})
	}
	return grants
}

func BenchmarkDecide(b *testing.B) {
	p, err := New(loaded(b))
	if err != nil {
		b.Fatal(err)
	}
	rules, err := p.Rules(1, many(), 1000, "")
	if err != nil {
		b.Fatal(err)
	}
	facts := Facts{
		Record: "BID-AAAA-AAAA", Owner: "org1", RecordState: incident.Reserved, VersionState: incident.InReview,
		Class: incident.Initial, Terms: map[string][]string{"area": {"KEN"}, "domain": {"human"}, "cause": {"natural"},
			"type": {"outbreak.human_disease"}}, Authors: []string{"ana"}, ContentHash: "c", HandlingHash: "h",
		Assignments: []incident.Assignment{{Person: "rui", Org: "org0", Duty: incident.ReviewDuty}},
	}
	rui := identity.Principal{Person: "rui", Org: "org0", OrgStatus: identity.Active, Roles: []identity.Role{identity.Reviewer}}
	draft := facts
	draft.VersionState, draft.Assignments = incident.Draft, nil
	ana := identity.Principal{Person: "ana", Org: "org1", OrgStatus: identity.Active, Roles: []identity.Role{identity.Contributor}}
	reviewed := facts
	reviewed.VersionState = incident.Reviewed
	pia := identity.Principal{Person: "pia", Org: "org20", OrgStatus: identity.Active, Roles: []identity.Role{identity.Publisher}}
	for _, c := range []struct {
		name   string
		who    identity.Principal
		action string
		facts  Facts
		want   bool
	}{
		{"save", ana, incident.ActionSave, draft, true},
		{"recommend", rui, incident.ActionRecommend, facts, true},
		{"publish", pia, incident.ActionPublish, reviewed, true},
		{"search", identity.Principal{}, "search.read", Facts{}, true},
		{"refused", ana, incident.ActionPublish, reviewed, false},
		{"hidden", rui, incident.ActionSave, draft, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if d := rules.Decide(c.who, c.action, c.facts); d.Allowed != c.want {
					b.Fatalf("%+v", d)
				}
			}
		})
	}
}
