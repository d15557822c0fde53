package policies

import (
	"testing"

	"pgregory.net/rapid"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/schema"
)

func drawnPrincipal(t *rapid.T) identity.Principal {
	who := identity.Principal{
		Person: rapid.SampledFrom([]string{"", asker, asker, asker, "ana"}).Draw(t, "person"),
		Org:    rapid.SampledFrom([]string{"", owner, other, other, "west"}).Draw(t, "org"),
		OrgStatus: rapid.SampledFrom([]identity.Status{identity.Active, identity.Active, identity.Active, identity.Suspended, ""}).
			Draw(t, "status"),
		Roles:    rapid.SliceOfN(rapid.SampledFrom(append(identity.Roles(), "king")), 0, 3).Draw(t, "roles"),
		Operator: rapid.IntRange(0, 9).Draw(t, "operator") == 0,
	}
	if rapid.IntRange(0, 3).Draw(t, "token") == 0 {
		who.Scopes = rapid.SliceOfN(rapid.SampledFrom(tokenScopes()), 0, 3).Draw(t, "scopes")
		if who.Scopes == nil {
			who.Scopes = []string{}
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "glass") == 0 {
		who.BreakGlass = map[string]int64{"r": rapid.Int64Range(999, 1001).Draw(t, "until")}
	}
	return who
}

func drawnFacts(t *rapid.T) Facts {
	people := rapid.SampledFrom([]string{asker, "ana", "rui", "pia"})
	orgs := rapid.SampledFrom([]string{owner, other, "west"})
	hashes := rapid.SampledFrom([]string{"c", "c", "d"})
	f := Facts{
		Record:       rapid.SampledFrom([]string{"r", "r", "r", ""}).Draw(t, "record"),
		Owner:        rapid.SampledFrom([]string{owner, owner, other, ""}).Draw(t, "owner"),
		RecordState:  rapid.SampledFrom(append(incident.RecordStates(), "")).Draw(t, "record state"),
		VersionState: rapid.SampledFrom(append(incident.VersionStates(), "")).Draw(t, "version state"),
		Class:        incident.ChangeClass(rapid.SampledFrom(append(classes(), "")).Draw(t, "class")),
		Marking:      rapid.SampledFrom(schema.Tiers()).Draw(t, "marking"),
		Terms:        drawnTerms(t),
		Authors:      rapid.SliceOfN(people, 0, 2).Draw(t, "authors"),
		Excluded:     rapid.SliceOfN(orgs, 0, 1).Draw(t, "excluded"),
		Recipients:   rapid.SliceOfN(orgs, 0, 1).Draw(t, "recipients"),
		ContentHash:  "c", HandlingHash: "c",
		TargetOrg:      rapid.SampledFrom([]string{"", owner, other, "west"}).Draw(t, "target"),
		TargetPerson:   rapid.SampledFrom([]string{"", asker, "ana"}).Draw(t, "target person"),
		TargetRoles:    rapid.SliceOfN(rapid.SampledFrom(identity.Roles()), 0, 2).Draw(t, "target roles"),
		OwnerSuspended: rapid.IntRange(0, 9).Draw(t, "owner suspended") == 0,
	}
	for range rapid.IntRange(0, 3).Draw(t, "attestations") {
		f.Attestations = append(f.Attestations, incident.Attestation{
			Kind:   rapid.SampledFrom([]incident.AttestationKind{incident.Consent, incident.Recommend, incident.Approve, incident.Second}).Draw(t, "kind"),
			Person: people.Draw(t, "signer"), Org: orgs.Draw(t, "signing"),
			ContentHash: hashes.Draw(t, "content"), HandlingHash: hashes.Draw(t, "handling"),
			Voided: incident.Micros(rapid.IntRange(0, 5).Draw(t, "voided") / 5),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "assignments") {
		f.Assignments = append(f.Assignments, incident.Assignment{
			Person: people.Draw(t, "assigned"), Org: orgs.Draw(t, "assigned org"),
			Duty:     rapid.SampledFrom([]incident.Duty{incident.ReviewDuty, incident.PublishDuty}).Draw(t, "duty"),
			Released: incident.Micros(rapid.IntRange(0, 3).Draw(t, "released") / 3),
		})
	}
	return f
}

func drawnGrants(t *rapid.T, n int) []identity.Grant {
	var grants []identity.Grant
	for i := range n {
		grants = append(grants, identity.Grant{
			ID: string(rune('a' + i)), Org: rapid.SampledFrom([]string{owner, other, "west"}).Draw(t, "grant org"),
			Action: rapid.SampledFrom([]identity.GrantAction{identity.GrantSubmit, identity.GrantReview, identity.GrantPublish}).Draw(t, "grant action"),
			Scope:  drawnScope(t),
			From:   rapid.Int64Range(999, 1001).Draw(t, "from"), Until: rapid.SampledFrom([]int64{0, 0, 0, 1000, 1001}).Draw(t, "until"),
		})
	}
	return grants
}

// What casbin decides and what the same rows say when they are read as Go values are the same; so a refusal always has
// a reason and the reasons are never of an allowed act.
func TestCasbinEqualsRows(t *testing.T) {
	p := loadedPolicies(t)
	rapid.Check(t, func(t *rapid.T) {
		rules, err := p.Rules(1, drawnGrants(t, rapid.IntRange(0, 6).Draw(t, "grants")), 1000, "")
		if err != nil {
			t.Fatal(err)
		}
		who, facts := drawnPrincipal(t), drawnFacts(t)
		for _, action := range append(Actions(), "incident.explode") {
			d := rules.Decide(who, action, facts)
			q := rules.ask(&who, action, &facts)
			if d.Allowed != q.passes() {
				t.Fatalf("%s: casbin %v, the rows %v: %+v", action, d.Allowed, q.passes(), rules.Explain(who, action, facts))
			}
			switch {
			case d.Allowed && !q.knows():
				t.Fatalf("%s: allowed on what %+v may not know of: %+v", action, who, facts)
			case d.Allowed && (d.Rule == "" || len(d.Missing) > 0 || d.NotFound || d.Partly):
				t.Fatalf("%s: allowed as %+v", action, d)
			case !d.Allowed && !d.NotFound && len(d.Missing) == 0:
				t.Fatalf("%s: refused without a reason", action)
			case d.NotFound && len(d.Missing) > 0:
				t.Fatalf("%s: not found, and yet %v", action, d.Missing)
			}
		}
	})
}

// Whatever else is so, no signature is given by who may not give it.
func TestSeparationOfDuties(t *testing.T) {
	p := loadedPolicies(t)
	rapid.Check(t, func(t *rapid.T) {
		rules, err := p.Rules(1, append(openGrants(), drawnGrants(t, 2)...), 1000, "")
		if err != nil {
			t.Fatal(err)
		}
		who, f := drawnPrincipal(t), drawnFacts(t)
		f.Record, f.Owner = "r", owner
		q := rules.ask(&who, "", &f)
		author, reviewer := !allDuties()["not_author"].kept(q), q.reviewed()
		for _, action := range []string{incident.ActionRecommend, incident.ActionPublish, incident.ActionAccept, incident.ActionClaim} {
			if !rules.Decide(who, action, f).Allowed {
				continue
			}
			if author || who.Org == owner || who.OrgStatus != identity.Active || action == incident.ActionPublish && reviewer {
				t.Fatalf("%s by %+v of %+v", action, who, f)
			}
		}
	})
}
