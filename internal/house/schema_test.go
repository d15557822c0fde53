package house

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

func loadSchema(t *testing.T) *schema.Schema {
	t.Helper()
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	return sch
}

// pathsOfSchema lists every property of the content.
func pathsOfSchema(n *schema.Node, at string, paths map[string]bool) {
	for name, child := range n.Props {
		paths[at+"/"+name] = true
		if at == "/sources/*" && name == "citation" {
			continue // a map in Go
		}
		pathsOfSchema(child, at+"/"+name, paths)
	}
	if n.Items != nil {
		pathsOfSchema(n.Items, at+"/*", paths)
	}
}

// pathsOfType lists every property that a Go type reads.
func pathsOfType(t reflect.Type, at string, paths map[string]bool) {
	add := func(names ...string) {
		for _, name := range names {
			paths[at+"/"+name] = true
		}
	}
	switch {
	case t == reflect.TypeFor[incident.Text]():
		add("source")
		for _, lang := range incident.Languages() {
			add(lang)
			pathsOfType(reflect.TypeFor[incident.Words](), at+"/"+lang, paths)
		}
	case strings.HasPrefix(t.Name(), "Known["):
		add("is")
		value, _ := t.FieldByName("Value")
		pathsOfType(value.Type, at, paths)
	case strings.HasPrefix(t.Name(), "Stated["):
		add("is", "value", "public_by")
		value, _ := t.FieldByName("Value")
		pathsOfType(value.Type, at+"/value", paths)
	case t.Kind() == reflect.Pointer:
		pathsOfType(t.Elem(), at, paths)
	case t.Kind() == reflect.Slice:
		pathsOfType(t.Elem(), at+"/*", paths)
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			field := t.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			add(name)
			pathsOfType(field.Type, at+"/"+name, paths)
		}
	}
}

// The Go type of the content and its JSON Schema are one shape: what one has and the other lacks would be admitted and
// lost, or never admitted.
func TestBodyHasTheShapeOfTheSchema(t *testing.T) {
	want, got := map[string]bool{}, map[string]bool{}
	pathsOfSchema(loadSchema(t).Root(), "", want)
	pathsOfType(reflect.TypeFor[incident.Body](), "", got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schema (-), incident.Body (+):\n%s", diff)
	}
	if len(want) < 300 {
		t.Errorf("only %d properties were compared", len(want))
	}
}

// The derived part of a view, too.
func TestDerivedHasTheShapeOfTheSchema(t *testing.T) {
	var view struct {
		Properties struct {
			Derived struct{ Properties map[string]any }
		}
		Defs map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(loadSchema(t).ViewJSON(), &view); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		properties map[string]any
		of         reflect.Type
	}{
		{view.Properties.Derived.Properties, reflect.TypeFor[incident.Derived]()},
		{view.Defs["TitlePart"].Properties, reflect.TypeFor[incident.TitlePart]()},
		{view.Defs["BodyStatement"].Properties, reflect.TypeFor[incident.Statement]()},
	} {
		want, got := map[string]bool{}, map[string]bool{}
		for name := range c.properties {
			want["/"+name] = true
		}
		for i := range c.of.NumField() {
			name, _, _ := strings.Cut(c.of.Field(i).Tag.Get("json"), ",")
			got["/"+name] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: schema (-), Go (+):\n%s", c.of, diff)
		}
	}
}

// Every property has a floor: schema.Load refuses one that has none; this counts that the files do not go round it.
func TestEveryPropertyHasAFloor(t *testing.T) {
	sch := loadSchema(t)
	for _, data := range [][]byte{sch.JSON(), sch.ViewJSON()} {
		var document map[string]any
		if err := json.Unmarshal(data, &document); err != nil {
			t.Fatal(err)
		}
		if n := floors(t, "", document); n < 200 {
			t.Errorf("only %d floors were seen", n)
		}
	}
}

// floors visits every "properties" that declares (a branch of a condition or of allOf only narrows).
func floors(t *testing.T, at string, document map[string]any) int {
	seen := 0
	properties, _ := document["properties"].(map[string]any)
	for name, value := range properties {
		property := value.(map[string]any)
		if tier, _ := property["x-tier"].(string); !slices.Contains([]string{"public", "members", "named"}, tier) {
			t.Errorf("%s/%s has no floor", at, name)
		}
		seen += 1 + floors(t, at+"/"+name, property)
	}
	for _, key := range []string{"items", "$defs"} {
		below, _ := document[key].(map[string]any)
		if key == "items" && below != nil {
			seen += floors(t, at+"/*", below)
			continue
		}
		for name, def := range below {
			seen += floors(t, "#"+name, def.(map[string]any))
		}
	}
	return seen
}

func exampleFiles(t *testing.T, pattern string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(repositoryRoot(t), "schema", "examples", pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	all := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = data
	}
	return all
}

// What the schema admits goes through the Go type and comes back as the same bytes, and is still admitted.
func TestDocumentsSurviveTheGoType(t *testing.T) {
	sch := loadSchema(t)
	for name, data := range exampleFiles(t, "incident-*.json") {
		want, err := incident.Canonical(data)
		if err != nil {
			t.Fatal(name, err)
		}
		var body incident.Body
		if err := json.Unmarshal(data, &body); err != nil {
			t.Fatal(name, err)
		}
		got, err := incident.Marshal(body)
		if err != nil {
			t.Fatal(name, err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s changes on its way:\n%s", name, cmp.Diff(string(want), string(got)))
		}
		if wrong := sch.Validate(got); wrong != nil {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}

// Views of every example at every tier are valid against the view schema.
func TestViewsAreValid(t *testing.T) {
	sch, seen := loadSchema(t), 0
	for name, data := range exampleFiles(t, "incident-*.json") {
		for _, tier := range schema.Tiers() {
			view, ok, err := incident.View(sch, data, incident.Handling{}, tier)
			if err != nil {
				t.Fatal(name, err)
			}
			if !ok {
				continue
			}
			seen++
			if wrong := sch.ValidateView(view.Bytes); wrong != nil {
				t.Errorf("%s at %s: %v", name, tier, wrong)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d views were made", seen)
	}
}

// The form of a date in the schema and the parser of dates admit the same, but for days that the calendar does not have.
func TestDatesAreReadAsTheSchemaAdmitsThem(t *testing.T) {
	var dates struct {
		Valid   []string
		Invalid []struct {
			Why   string
			Value any
		}
	}
	if err := json.Unmarshal(exampleFiles(t, "date.json")["date.json"], &dates); err != nil {
		t.Fatal(err)
	}
	for _, date := range dates.Valid {
		if _, err := incident.ParseDate(date); err != nil {
			t.Errorf("the schema admits %q: %v", date, err)
		}
	}
	for _, invalid := range dates.Invalid {
		text, ok := invalid.Value.(string)
		if !ok || text == "" {
			continue
		}
		if _, err := incident.ParseDate(text); err == nil {
			t.Errorf("%q is read, although %s", text, invalid.Why)
		}
	}
}

// The closed lists that Go code knows by name are lists of the vocabulary, term by term.
func TestGoKnowsTheVocabulary(t *testing.T) {
	sch := loadSchema(t)
	for list, want := range map[string][]string{
		"tier":         {schema.Public.String(), schema.Members.String(), schema.Named.String()},
		"unit":         {incident.UnitIncident, incident.UnitReport, incident.UnitSurveillanceRow},
		"record_state": texts(incident.Reserved, incident.Live, incident.Held, incident.Withdrawn, incident.Merged),
		"version_state": texts(incident.Draft, incident.Submitted, incident.InReview, incident.ChangesRequested, incident.Reviewed,
			incident.Scheduled, incident.Published, incident.Declined, incident.Discarded),
		"change_class": texts(incident.Initial, incident.Editorial, incident.Translation, incident.SituationUpdate, incident.Correction,
			incident.Reclassification, incident.Redaction, incident.HandlingChange),
		"role": texts(identity.Reader, identity.Contributor, identity.FocalPoint, identity.Reviewer, identity.Publisher,
			identity.Administrator, identity.Auditor),
		"count_qualifier": {incident.QualifierExact, incident.QualifierAtLeast, incident.QualifierAtMost, incident.QualifierAbout,
			incident.QualifierRange},
	} {
		v, ok := sch.Vocabulary(list)
		if !ok {
			t.Errorf("there is no list %s", list)
			continue
		}
		var got []string
		for _, term := range v.Terms() {
			got = append(got, term.Code)
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: Go (-), vocabulary (+):\n%s", list, diff)
		}
	}
	if diff := cmp.Diff(incident.Languages(), schema.Languages()); diff != "" {
		t.Error(diff)
	}
}

func texts[T ~string](codes ...T) []string {
	all := make([]string, len(codes))
	for i, code := range codes {
		all[i] = string(code)
	}
	return all
}

// The checklist that reviewers sign is a vocabulary, so that every client can show it in its reader's language.
func TestTheChecklistIsTheVocabulary(t *testing.T) {
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	vocabulary, ok := sch.Vocabulary("checklist")
	if !ok {
		t.Fatal("no vocabulary checklist")
	}
	var codes []string
	for _, term := range vocabulary.Terms() {
		codes = append(codes, term.Code)
	}
	if !slices.Equal(codes, workflow.Checklist()) {
		t.Errorf("%v, want %v", codes, workflow.Checklist())
	}
}
