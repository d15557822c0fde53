package policies_test

import (
	"slices"
	"strings"
	"testing"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/policies"
	"bioincident/policies/cases"
	"bioincident/schema"
)

func world(t *testing.T) (*cases.World, *policies.Rules) {
	t.Helper()
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, err := policies.New(sch)
	if err != nil {
		t.Fatal(err)
	}
	w, err := cases.Load()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := p.Rules(1, w.ActiveGrants(), 1, "")
	if err != nil {
		t.Fatal(err)
	}
	return w, rules
}

func principal(t *testing.T, w *cases.World, name string) identity.Principal {
	t.Helper()
	who, err := w.Principal(name)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func TestCasesDecide(t *testing.T) {
	w, rules := world(t)
	if len(w.May) < 100 {
		t.Fatalf("only %d cases", len(w.May))
	}
	for _, c := range w.May {
		r, err := w.Record(c.Record)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(policies.Actions(), c.Action) {
			t.Errorf("%s: no action %s", c.Record, c.Action)
		}
		d := rules.Decide(principal(t, w, c.Who), c.Action, w.Facts(r))
		got := cases.Yes
		switch {
		case d.NotFound:
			got = cases.Hidden
		case !d.Allowed:
			got = strings.TrimPrefix(d.Missing[0].Code, "policy.")
		}
		if got != c.Answer {
			t.Errorf("%s %s of %s: %s, not %s", c.Who, c.Action, c.Record, got, c.Answer)
		}
	}
}

// Everybody sees of every published record what is written, by audience and by decision alike; of the rest nothing.
func TestCasesAudience(t *testing.T) {
	w, rules := world(t)
	for _, r := range w.Records {
		for _, name := range w.Names() {
			who := principal(t, w, name)
			wantTier, want := w.Sees(r.Name, name)
			if r.State == incident.Reserved {
				if want {
					t.Fatalf("%s was never published", r.Name)
				}
				if rules.Decide(who, "incident.read", w.Facts(r)).Allowed {
					t.Errorf("%s reads %s, which was never published", name, r.Name)
				}
				continue
			}
			tier, ok := policies.AudienceOf(who).Tier(r.Marking, r.Owner, r.Recipients)
			// What only the tier above public knows is read by everybody who is not named as what the public sees.
			if named := slices.ContainsFunc(w.Reads, func(read cases.Read) bool { return read.Record == r.Name && read.Who == name }); named && (ok != want || ok && tier != wantTier) {
				t.Errorf("%s of %s: %v %v, not %v %v", name, r.Name, tier, ok, wantTier, want)
			}
			if allowed := rules.Decide(who, "incident.read", w.Facts(r)).Allowed; allowed != ok {
				t.Errorf("%s of %s: Decide %v, Audience %v", name, r.Name, allowed, ok)
			}
		}
	}
}
