package policies

import (
	"testing"

	"bioincident/internal/incident"
)

func attest(kind incident.AttestationKind, person, org string) incident.Attestation {
	return incident.Attestation{Kind: kind, Person: person, Org: org, ContentHash: "c", HandlingHash: "h"}
}

func TestQuorumOfClasses(t *testing.T) {
	rules := tableOf(t, loadedPolicies(t)).open
	for _, c := range []struct {
		class     incident.ChangeClass
		sensitive bool
		want      Need
	}{
		{incident.Initial, false, Need{Recommendations: 1, RecommendingOrgs: 1, Approvals: 1}},
		{incident.Correction, true, Need{Recommendations: 2, RecommendingOrgs: 2, Approvals: 1}},
		{incident.Reclassification, true, Need{Recommendations: 2, RecommendingOrgs: 2, Approvals: 1}},
		{incident.SituationUpdate, true, Need{OneAction: true}},
		{incident.Editorial, false, Need{OneAction: true}},
		{incident.Translation, false, Need{OneAction: true}},
		{incident.Redaction, false, Need{Seconds: 1}},
		{incident.HandlingChange, false, Need{Approvals: 2}},
	} {
		got := rules.Quorum(c.class, c.sensitive)
		if got.Rule == "" {
			t.Errorf("%s: no rule named", c.class)
		}
		got.Rule = ""
		if got != c.want {
			t.Errorf("%s, sensitive %v: %+v", c.class, c.sensitive, got)
		}
	}
	if met, _ := rules.Quorum("invented", false).Met(nil, "", ""); met {
		t.Error("a class without a line is met by nobody")
	}
}

func TestQuorumOfASetting(t *testing.T) {
	p := loadedPolicies(t)
	stricter := p.QuorumTable()
	stricter = replaceOnce(t, stricter, "initial,no,1,1,1,no,0", "initial,no,3,2,2,no,0")
	rules, err := p.Rules(2, nil, 0, stricter)
	if err != nil {
		t.Fatal(err)
	}
	if need := rules.Quorum(incident.Initial, false); need.Recommendations != 3 || need.Approvals != 2 {
		t.Errorf("%+v", need)
	}
}

func TestMetBy(t *testing.T) {
	two := Need{Recommendations: 2, RecommendingOrgs: 2, Approvals: 1}
	one := Need{Recommendations: 1, RecommendingOrgs: 1, Approvals: 1}
	rui, sam := attest(incident.Recommend, "rui", "east"), attest(incident.Recommend, "sam", "west")
	eve, pia := attest(incident.Recommend, "eve", "east"), attest(incident.Approve, "pia", "south")
	voided, otherContent, otherHandling := rui, rui, rui
	voided.Voided, otherContent.ContentHash, otherHandling.HandlingHash = 1, "x", "w"
	ruiApproves := attest(incident.Approve, "rui", "east")
	list := func(a ...incident.Attestation) []incident.Attestation { return a }
	for _, c := range []struct {
		name string
		need Need
		atts []incident.Attestation
		want string // first missing code, "" when met
	}{
		{"one and one", one, list(rui, pia), ""},
		{"nobody recommended", one, list(pia), "quorum.recommendations"},
		{"nobody approved", one, list(rui), "quorum.approvals"},
		{"voided", one, list(voided, pia), "quorum.recommendations"},
		{"of other content", one, list(otherContent, pia), "quorum.recommendations"},
		{"under another handling", one, list(otherHandling, pia), "quorum.recommendations"},
		{"by an author", one, list(attest(incident.Recommend, "ana", "east"), pia), "quorum.recommendations"},
		{"by the owner", one, list(attest(incident.Recommend, "una", "north"), pia), "quorum.recommendations"},
		{"approved by the owner", one, list(rui, attest(incident.Approve, "una", "north")), "quorum.approvals"},
		{"approved by who recommended", one, list(rui, ruiApproves), "quorum.approvals"},
		{"two of two", two, list(rui, sam, pia), ""},
		{"two of one organization", two, list(rui, eve, pia), "quorum.recommending_organizations"},
		{"one person twice", two, list(rui, rui, pia), "quorum.recommendations"},
		{"one action by a reviewer", Need{OneAction: true}, list(rui), ""},
		{"one action by a publisher", Need{OneAction: true}, list(pia), ""},
		{"one action by the owner", Need{OneAction: true}, list(attest(incident.Approve, "una", "north")), "quorum.one_action"},
		{"a second", Need{Seconds: 1}, list(attest(incident.Consent, "fay", "north"), attest(incident.Second, "gus", "north")), ""},
		{"a second by who did it", Need{Seconds: 1}, list(attest(incident.Consent, "fay", "north"), attest(incident.Second, "fay", "north")), "quorum.seconds"},
		{"two publishers", Need{Approvals: 2}, list(pia, attest(incident.Approve, "quy", "south")), ""},
		{"one publisher twice", Need{Approvals: 2}, list(pia, pia), "quorum.approvals"},
	} {
		f := Facts{Owner: "north", Authors: []string{"ana"}, Attestations: c.atts, ContentHash: "c", HandlingHash: "h"}
		met, missing := c.need.MetBy(f)
		if met != (c.want == "") || !met && missing[0].Code != c.want {
			t.Errorf("%s: %v %v", c.name, met, missing)
		}
		if !met && (missing[0].Params["have"] == nil || missing[0].Params["need"] == nil) {
			t.Errorf("%s: no numbers in %v", c.name, missing)
		}
	}
}

// Raising a tier voids nothing: a signature under a wider handling stands for the narrower one.
func TestWiderHandling(t *testing.T) {
	f := Facts{Owner: "north", ContentHash: "c", HandlingHash: "narrow", Class: incident.Initial, Attestations: []incident.Attestation{
		attest(incident.Recommend, "rui", "east"), attest(incident.Approve, "pia", "south"), attest(incident.Consent, "fay", "north")}}
	need := Need{Recommendations: 1, RecommendingOrgs: 1, Approvals: 1}
	if met, _ := need.MetBy(f); met || f.Consented() {
		t.Error("another handling counts")
	}
	f.Wider = []string{"h"}
	if met, missing := need.MetBy(f); !met || !f.Consented() {
		t.Errorf("a wider handling does not count: %v", missing)
	}
}

func TestConsent(t *testing.T) {
	consent := attest(incident.Consent, "fay", "north")
	f := Facts{Owner: "north", ContentHash: "c", HandlingHash: "h", Class: incident.Initial}
	if f.Consented() {
		t.Error("consented by nobody")
	}
	f.Attestations = []incident.Attestation{attest(incident.Consent, "rui", "east")}
	if f.Consented() {
		t.Error("another organization consents")
	}
	f.Attestations = []incident.Attestation{consent}
	if !f.Consented() {
		t.Error("the owner consented")
	}
	f.ContentHash = "edited"
	if f.Consented() {
		t.Error("consent outlives an edit")
	}
	f.StandingConsent = true
	if f.Consented() {
		t.Error("consent ahead is to situation updates only")
	}
	f.Class = incident.SituationUpdate
	if !f.Consented() {
		t.Error("consent ahead does not count")
	}
}
