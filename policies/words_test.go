package policies_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/message"
)

// Every code that this package can give has words in every language, and the words are filled.
func TestEveryReasonHasWords(t *testing.T) {
	words, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	params := map[string]any{
		"need": []string{"reviewer", "publisher"}, "state": "draft", "class": "correction", "role": "publisher", "have": 1,
		"action": "publish", "dimension": "area",
	}
	for _, code := range codes(t) {
		if !words.Knows(code) {
			t.Errorf("no words for %s", code)
		}
		for _, lang := range incident.Languages() {
			said := words.Problem(lang, code, params)
			if len(said) < 10 || strings.Contains(said, "<no value>") || strings.Contains(said, "{{") || strings.Contains(said, code) {
				t.Errorf("%s in %s: %s", code, lang, said)
			}
		}
	}
}

// codes finds the codes in the source, so that a new one cannot be forgotten.
func codes(t *testing.T) []string {
	t.Helper()
	literal := regexp.MustCompile(`"((?:policy|quorum)\.[a-z_]+)"`)
	shorthand := regexp.MustCompile(`because\("([a-z_]+)"\)`)
	var found []string
	for _, name := range []string{"decide.go", "duties.go", "quorum.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range literal.FindAllStringSubmatch(string(source), -1) {
			found = append(found, m[1])
		}
		for _, m := range shorthand.FindAllStringSubmatch(string(source), -1) {
			found = append(found, "policy."+m[1])
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	found = slices.DeleteFunc(found, func(code string) bool { return strings.HasSuffix(code, ".csv") })
	if len(found) < 30 {
		t.Fatalf("only %d codes found: %v", len(found), found)
	}
	return found
}

// A refusal is said in words that name who can do it, on the command line as on a page.
func TestRefusalInWords(t *testing.T) {
	w, rules := world(t)
	words, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ record, who, action, want string }{
		{"draft", "ana@north", incident.ActionSubmit, "Your role does not allow this. It can be done by: focal point."},
		{"submitted", "ana@north", incident.ActionSave, "This cannot be done with the version as it stands (submitted). It can be done when it is: draft, changes requested."},
		{"live", "ned@north", incident.ActionNarrow, "This record belongs to your own organization. A reviewer or approver of another organization has to do this."},
		{"reviewedtwo", "sol@savanna", incident.ActionPublish, "The right of your organization covers only a part of this record (not covered: area). Your approval counts, and an approver of another organization has to cover the rest."},
		{"reviewing", "rui@east", incident.ActionPublish, "Your role does not allow this. It can be done by: approver."},
	} {
		r, err := w.Record(c.record)
		if err != nil {
			t.Fatal(err)
		}
		refusal := fault.Of(rules.Decide(principal(t, w, c.who), c.action, w.Facts(r)).Fault("record"))
		if got := words.Problem("en", refusal.Code, refusal.Params); got != c.want {
			t.Errorf("%s %s of %s: %s", c.who, c.action, c.record, got)
		}
	}
}
