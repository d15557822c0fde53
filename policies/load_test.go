package policies

import (
	"strings"
	"testing"
)

func TestStrictLoad(t *testing.T) {
	sch := loaded(t)
	for _, c := range []struct{ name, old, new, want string }{
		{"row too short", "own.edit,contributor|focal_point,", "own.edit,", "policy.csv:"},
		{"row too long", "own.edit,", "own.edit,own.edit,", "columns, not 10"},
		{"unknown role", "own.edit,contributor|focal_point", "own.edit,helper|focal_point", `unknown role "helper"`},
		{"unknown action", "incident.save,own", "incident.sav,own", `unknown action "incident.sav"`},
		{"unknown relation", "incident.save,own", "incident.save,owner", `unknown relation "owner"`},
		{"unknown state of a version", "reviewed,*,not_author&not_reviewer&not_decliner&owner_active,publish,", "ready,*,not_author&not_reviewer&not_decliner&owner_active,publish,", `unknown state of an open version "ready"`},
		{"unknown state of a record", "own,reserved|live|held,submitted", "own,reserved|alive|held,submitted", `unknown state of a record "alive"`},
		{"unknown class", "situation_update|editorial", "situation_update|edit", `unknown change class "edit"`},
		{"unknown duty", "not_reviewer&not_decliner&owner_active", "no_reviewer&not_decliner&owner_active", `unknown duty "no_reviewer"`},
		{"unknown grant", "-,submit,write", "-,submission,write", `unknown grant "submission"`},
		{"unknown token scope", "-,submit,write", "-,submit,all", `unknown token scope "all"`},
		{"any action", "read.published,public,incident.read,", "read.published,public,*,", "a rule names its actions"},
		{"name twice", "own.words,", "own.submit,", `the name "own.submit" stands twice`},
		{"blank in a list", "contributor|focal_point,incident.save", "contributor | focal_point,incident.save", `unknown role "contributor "`},
		{"header", "name,role,action", "name,action,role", "policy.csv:1: the header is not"},
	} {
		text := strings.ReplaceAll(policyText, c.old, c.new)
		if text == policyText {
			t.Errorf("%s: the text to change is not there", c.name)
			continue
		}
		_, err := read(sch, modelText, text, quorumText, allDuties())
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "policy.csv:") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestStrictModel(t *testing.T) {
	sch := loaded(t)
	for name, change := range map[string][2]string{
		"a column fewer":       {", grant, token", ", grant"},
		"a request column":     {"r = act, who", "r = who"},
		"no second definition": {"p2 = id, act", ""},
	} {
		model := strings.ReplaceAll(modelText, change[0], change[1])
		if _, err := read(sch, model, policyText, quorumText, allDuties()); err == nil || !strings.Contains(err.Error(), "model.conf") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A matcher that casbin cannot evaluate refuses everything: an error is a no.
func TestErrorsDeny(t *testing.T) {
	for name, matcher := range map[string]string{
		"unknown function": "m = nosuch(p.act, r.act)",
		"wrong arguments":  "m = is(p.role)",
		"not a boolean":    `m = p.act + r.act`,
		"text compared":    "m = p.name <= 4",
	} {
		model := strings.Split(modelText, "[matchers]")[0] + "[matchers]\n" + matcher + "\nm2 = p2.act == r2.act\n"
		p, err := read(loaded(t), model, policyText, quorumText, allDuties())
		if err != nil {
			continue // refused at load: as good
		}
		world := tableOf(t, p)
		for _, c := range []cell{
			{"contributor", "own", "reserved/draft", "public", "initial", "", "incident.save"},
			{"public", "other", "live/none", "public", "", "", "incident.read"},
			{"administrator", "other", "object", "public", "", "", "grant.add"},
		} {
			if world.decide(c).Allowed {
				t.Errorf("%s: %s is allowed", name, c.action)
			}
		}
	}
}

func TestStrictQuorum(t *testing.T) {
	p := loadedPolicies(t)
	if err := p.CheckQuorum(p.QuorumTable()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"short row", "initial,no,1,1,1,no,0", "initial,no,1,1,1,no", "columns, not 7"},
		{"unknown class", "initial,no,1", "first,no,1", `unknown change class "first"`},
		{"not a count", "initial,no,1,1,1", "initial,no,one,1,1", `"one" is not a count`},
		{"negative", "initial,no,1,1,1", "initial,no,1,1,-1", `"-1" is not a count`},
		{"neither yes nor no", "editorial,no,0,0,0,yes", "editorial,no,0,0,0,y", `"y" is neither yes nor no`},
		{"more organizations than people", "initial,no,1,1,1", "initial,no,1,2,1", "more organizations than recommendations"},
		{"nobody", "initial,no,1,1,1", "initial,no,0,0,0", "nobody would have to agree"},
		{"twice", "initial,yes,2", "initial,no,2", "stands twice"},
		{"missing", "initial,no,1,1,1,no,0\n", "", "no line for initial, sensitive false"},
	} {
		text := strings.Replace(quorumText, c.old, c.new, 1)
		if text == quorumText {
			t.Errorf("%s: the text to change is not there", c.name)
		}
		if err := p.CheckQuorum(text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := p.Rules(1, nil, 0, "class\n"); err == nil {
		t.Error("a wrong setting makes rules")
	}
}
