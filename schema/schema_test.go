package schema

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"bioincident/internal/fault"
)

func load(t testing.TB) *Schema {
	t.Helper()
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// codesOf gives "pointer code" of each problem.
func codesOf(fields []fault.Field) []string {
	codes := make([]string, 0, len(fields))
	for _, f := range fields {
		codes = append(codes, f.Pointer+" "+f.Code)
	}
	return codes
}

func examples(t testing.TB) map[string][]byte {
	t.Helper()
	entries, err := fs.ReadDir(files, "examples")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, entry := range entries {
		data, err := fs.ReadFile(files, path.Join("examples", entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(entry.Name(), ".json")] = data
	}
	return all
}

// The complete documents are valid, with blanks and without.
func TestDocumentsAreValid(t *testing.T) {
	s, seen := load(t), 0
	for name, data := range examples(t) {
		if !strings.HasPrefix(name, "incident-") {
			continue
		}
		seen++
		var compact bytes.Buffer
		if err := json.Compact(&compact, data); err != nil {
			t.Fatal(name, err)
		}
		for _, doc := range [][]byte{data, compact.Bytes()} {
			if wrong := s.Validate(doc); wrong != nil {
				t.Errorf("%s: %v", name, wrong)
			}
		}
	}
	if seen < 5 {
		t.Errorf("%d complete documents, want at least five", seen)
	}
}

// Every value type has at least ten valid and ten invalid examples, and they are what they say.
func TestValueTypes(t *testing.T) {
	s := load(t)
	document, err := readDocument(s.contentJSON)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]bool{}
	for name, data := range examples(t) {
		if strings.HasPrefix(name, "incident-") {
			continue
		}
		var file struct {
			Type    string
			Valid   []json.RawMessage
			Invalid []struct {
				Why   string
				Value json.RawMessage
			}
		}
		if err := json.Unmarshal(data, &file); err != nil {
			t.Fatal(name, err)
		}
		types[file.Type] = true
		check := checkerOf(t, s, document, file.Type)
		if least := 10; len(file.Valid) < least && file.Type != "Statement" || len(file.Invalid) < least {
			t.Errorf("%s: %d valid and %d invalid examples", name, len(file.Valid), len(file.Invalid))
		}
		for _, value := range file.Valid {
			if wrong := check(value); len(wrong) > 0 {
				t.Errorf("%s: valid %s: %v", name, value, wrong)
			}
		}
		for _, invalid := range file.Invalid {
			if len(check(invalid.Value)) == 0 {
				t.Errorf("%s: %s is admitted although %s", name, invalid.Value, invalid.Why)
			}
		}
	}
	for name := range document.root.Defs {
		if isValueType(name) && !types[name] {
			t.Errorf("value type %s has no examples", name)
		}
	}
}

// isValueType tells the definitions that are values from those that are items of a section or parts of another.
func isValueType(name string) bool {
	items := []string{
		"TimelineEntry", "Assessment", "Area", "Agent", "ResponseAction", "Corrective", "Lesson", "Source", "Annex", "Collection",
		"ShortWords", "Words", "LongWords", "Line", "SourceRef", "SourceRefs", "CitationName", "CitationDate",
	}
	return !slices.Contains(items, name)
}

// checkerOf makes a check of values of one definition. References are not checked: the value stands alone.
func checkerOf(t *testing.T, s *Schema, d *document, name string) func([]byte) []fault.Field {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(d.id, d.raw); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(d.id + "#/$defs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	node := &Node{}
	if err := d.fill(node, d.root.Defs[name], name); err != nil {
		t.Fatal(err)
	}
	node.mark()
	return func(value []byte) []fault.Field {
		wrong := s.validate(compiled, node, value)
		return slices.DeleteFunc(wrong, func(f fault.Field) bool { return f.Code == "schema.reference" })
	}
}

// change gives the first example document with one value replaced.
func change(t *testing.T, edit func(map[string]any)) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(examples(t)["incident-sverdlovsk-1979"], &doc); err != nil {
		t.Fatal(err)
	}
	edit(doc)
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func section(doc map[string]any, name string) map[string]any { return doc[name].(map[string]any) }

func item(list any, i int) map[string]any { return list.([]any)[i].(map[string]any) }

func TestValidateNamesThePlace(t *testing.T) {
	s := load(t)
	for _, c := range []struct {
		name string
		edit func(map[string]any)
		want []string
	}{
		{"a section nobody knows", func(d map[string]any) { d["forecast"] = "rain" }, []string{"/forecast schema.unknown_property"}},
		{"a property nobody knows", func(d map[string]any) { section(d, "identity")["a/b~c"] = 1 }, []string{"/identity/a~1b~0c schema.unknown_property"}},
		{"a code nobody knows", func(d map[string]any) { section(d, "classification")["occurrence"] = "harm" }, []string{"/classification/occurrence schema.vocabulary"}},
		{"a code in a list", func(d map[string]any) { section(d, "place")["settings"] = []string{"community", "moon"} }, []string{"/place/settings/1 schema.vocabulary"}},
		{"a code twice", func(d map[string]any) { section(d, "place")["settings"] = []string{"community", "community"} }, []string{"/place/settings schema.repeated"}},
		{"a statement nobody knows, once", func(d map[string]any) { section(d, "time")["end"] = map[string]string{"is": "secret"} }, []string{"/time/end/is schema.enum"}},
		{"no date", func(d map[string]any) { section(d, "time")["end"] = "May 1979" }, []string{"/time/end schema.date"}},
		{"an empty section", func(d map[string]any) { d["exposure"] = map[string]any{} }, []string{"/exposure schema.empty"}},
		{"an empty list", func(d map[string]any) { d["lessons"] = []any{} }, []string{"/lessons schema.empty"}},
		{"the wrong type", func(d map[string]any) { d["lessons"] = "none" }, []string{"/lessons schema.type"}},
		{"null", func(d map[string]any) { d["lessons"] = nil }, []string{"/lessons schema.type"}},
		{"a measure missing", func(d map[string]any) { delete(item(section(d, "impact")["counts"], 0), "measure") }, []string{"/impact/counts/0/measure schema.required"}},
		{"an id twice, in two lists", func(d map[string]any) { item(d["lessons"], 0)["id"] = "c1" }, []string{"/lessons/0/id schema.duplicate_id"}},
		{"an id that is a section", func(d map[string]any) { item(d["lessons"], 0)["id"] = "place" }, []string{"/lessons/0/id schema.reserved_id"}},
		{"an id with blanks", func(d map[string]any) { item(d["lessons"], 0)["id"] = "l 1" }, []string{"/lessons/0/id schema.id"}},
		{"a reference to nothing", func(d map[string]any) { item(section(d, "impact")["counts"], 0)["sources"] = []string{"s1", "s9"} }, []string{"/impact/counts/0/sources/1 schema.reference"}},
		{"a reference to what is no source", func(d map[string]any) {
			section(d, "place")["admin1"] = map[string]string{"value": "x", "public_by": "a1"}
		}, []string{"/place/admin1/public_by schema.reference"}},
		{"support of nothing", func(d map[string]any) { item(d["sources"], 1)["supports"] = []string{"as2", "impact", "s1", "z"} }, []string{"/sources/1/supports/3 schema.reference"}},
		{"not assessed, with assessments", func(d map[string]any) { section(d, "cause")["not_assessed"] = true }, []string{"/cause/assessments schema.not_allowed"}},
		{"an address that is withheld", func(d map[string]any) { item(d["sources"], 1)["url"] = "https://a.example/" }, []string{"/sources/1/url schema.not_allowed"}},
		{"an address that is none", func(d map[string]any) { item(d["sources"], 0)["url"] = "a.example" }, []string{"/sources/0/url schema.url"}},
		{"a mechanism of another value", func(d map[string]any) { item(section(d, "cause")["assessments"], 1)["mechanism"] = "natural.endemic" }, []string{"/cause/assessments/1/mechanism schema.mechanism"}},
		{"how a deliberate act was done", func(d map[string]any) {
			a := item(section(d, "cause")["assessments"], 1)
			a["value"] = "deliberate"
		}, []string{"/cause/assessments/1/mechanism schema.not_allowed"}},
		{"a headline as a value", func(d map[string]any) {
			a := item(section(d, "cause")["assessments"], 1)
			a["value"] = "not_assessed"
			delete(a, "mechanism")
		}, []string{"/cause/assessments/1/value schema.enum"}},
		{"a summary that is too long", func(d map[string]any) {
			section(d, "narrative")["summary"] = map[string]any{"source": "en", "en": map[string]string{"text": strings.Repeat("word ", 801)}}
		}, []string{"/narrative/summary/en/text schema.too_long"}},
		{"a place off the earth", func(d map[string]any) { section(section(d, "place"), "point")["lat"] = 91 }, []string{"/place/point/lat schema.too_big"}},
		{"a negative number", func(d map[string]any) { item(section(d, "impact")["counts"], 0)["low"] = -1 }, []string{"/impact/counts/0/low schema.too_small"}},
		{"several at once, by place", func(d map[string]any) {
			d["zoo"] = 1
			section(d, "identity")["unit"] = "x"
			section(d, "time")["end"] = "x"
		}, []string{"/identity/unit schema.vocabulary", "/time/end schema.date", "/zoo schema.unknown_property"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, codesOf(s.Validate(change(t, c.edit)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestValidateRefusesBytes(t *testing.T) {
	s := load(t)
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	for _, c := range []struct{ name, doc, want string }{
		{"nothing", ``, ` schema.syntax`},
		{"not an object", `[]`, ` schema.type`},
		{"half", `{"identity":`, `/identity schema.syntax`},
		{"a comma too many", `{"identity":{"unit":"incident",}}`, `/identity schema.syntax`},
		{"bytes after the end", `{"identity":{"unit":"incident"}} {}`, ` schema.trailing`},
		{"a key twice", `{"identity":{"unit":"incident","unit":"report"}}`, `/identity/unit schema.duplicate_key`},
		{"a key twice, once escaped", `{"identity":{"unit":"incident","\u0075nit":"report"}}`, `/identity/unit schema.duplicate_key`},
		{"NUL", `{"place":{"admin1":{"value":"a\u0000b"}}}`, `/place/admin1/value schema.nul`},
		{"half a surrogate pair", `{"place":{"admin1":{"value":"a\ud800b"}}}`, `/place/admin1/value schema.utf8`},
		{"not UTF-8", "{\"place\":{\"admin1\":{\"value\":\"a\xffb\"}}}", ` schema.utf8`},
		{"an accent apart from its letter", "{\"place\":{\"admin1\":{\"value\":\"e\u0301\"}}}", `/place/admin1/value schema.not_nfc`},
		{"an accent apart, escaped", `{"place":{"admin1":{"value":"e\u0301"}}}`, `/place/admin1/value schema.not_nfc`},
		{"a line break in a string", "{\"place\":{\"admin1\":{\"value\":\"a\nb\"}}}", `/place/admin1/value schema.syntax`},
		{"more than a float holds", `{"impact":{"counts":[{"low":9007199254740993}]}}`, `/impact/counts/0/low schema.number`},
		{"more digits than a float holds", `{"place":{"point":{"lat":1.0000000000000000001}}}`, `/place/point/lat schema.number`},
		{"out of range", `{"place":{"point":{"lat":1e999}}}`, `/place/point/lat schema.number`},
		{"so small that it is nothing", `{"place":{"point":{"lat":1e-999}}}`, `/place/point/lat schema.number`},
		{"a zero before a number", `{"place":{"point":{"lat":012}}}`, `/place/point/lat schema.syntax`},
		{"no number", `{"place":{"point":{"lat":-}}}`, `/place/point/lat schema.syntax`},
		{"NaN", `{"place":{"point":{"lat":NaN}}}`, `/place/point/lat schema.syntax`},
		{"too deep", deep, strings.Repeat("/a", 32) + ` schema.too_deep`},
		{"too large", `{"x":"` + strings.Repeat("x", MostBytes) + `"}`, ` schema.too_large`},
		{"a comment", `{/* */}`, ` schema.syntax`},
		{"single quotes", `{'identity':{}}`, ` schema.syntax`},
		{"a mark of byte order", "\uFEFF{}", ` schema.syntax`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff([]string{c.want}, codesOf(s.Validate([]byte(c.doc)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestProblemsAreBounded(t *testing.T) {
	s := load(t)
	var b strings.Builder
	b.WriteString(`{"a":1`)
	for i := range 5000 {
		b.WriteString(`,"x` + strings.Repeat("y", i%7) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)) + `":1`)
	}
	b.WriteString("}")
	if n := len(s.Validate([]byte(b.String()))); n != mostProblems {
		t.Errorf("%d problems are listed, want %d", n, mostProblems)
	}
}

// The parser admits what the standard library admits, and reads it as the same, unless it says what is wrong.
func FuzzParse(f *testing.F) {
	for _, data := range examples(f) {
		f.Add(data)
	}
	for _, s := range []string{`{"a":[1,-2.5e3,true,null,"\ud83d\ude00\n"]}`, `[`, `"\u00"`, `-0`, `1e5`, `{"a":{}}`, ` 1 `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, wrong := parse(doc, nil)
		if len(wrong) > 0 {
			return
		}
		var want any
		if err := json.Unmarshal(doc, &want); err != nil {
			t.Fatalf("%q is admitted: %v", doc, err)
		}
		a, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var again any
		if err := json.Unmarshal(a, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestFloor(t *testing.T) {
	s := load(t)
	for path, want := range map[string]Tier{
		"/identity/unit":                        Public,
		"/narrative/members_narrative":          Members,
		"/narrative/members_narrative/en/text":  Members,
		"/narrative/timeline/*/text":            Public,
		"/narrative/timeline/t1/sources/0":      Public,
		"/classification/inclusion_doubt":       Members,
		"/cause/assessments/*/value":            Public,
		"/cause/assessments/*/basis":            Members,
		"/cause/assessments/as1/dissent/fr":     Members,
		"/time/exposure":                        Public,
		"/place/admin1":                         Public,
		"/place/admin2":                         Members,
		"/place/locality/value":                 Members,
		"/place/facility_name":                  Named,
		"/place/point/lat":                      Members,
		"/agents/*/strain":                      Members,
		"/agents/*/methods":                     Members,
		"/agents/*/unusual":                     Members,
		"/exposure/work_activity":               Members,
		"/exposure/routes":                      Public,
		"/actor/type":                           Members,
		"/actor/motivation":                     Members,
		"/actor/stage":                          Members,
		"/actor/interdiction":                   Members,
		"/actor/attribution_status":             Public,
		"/actor/claim":                          Public,
		"/actor/legal_outcome":                  Public,
		"/sources/s1/grader":                    Members,
		"/sources/*/reliability":                Members,
		"/sources/*/credibility":                Members,
		"/sources/*/citation/title":             Public,
		"/annex":                                Named,
		"/annex/*/holder":                       Named,
		"/nothing":                              Named,
		"/place/nothing":                        Named,
		"/narrative/timeline/*/nothing":         Named,
		"/identity/unit/nothing":                Named,
		"/response/corrective_actions/*/state":  Public,
		"/identity/external_ids/x1/value":       Public,
		"/place/areas/a1/role":                  Public,
		"/impact/counts/c1/low":                 Public,
		"/lessons/l1/recommendation/es/text":    Public,
		"/response/discovery_method":            Public,
		"/identity/collection/licence":          Public,
		"/narrative/subtitle/ar/by":             Public,
		"/agents/g1/strain/value":               Members,
		"/classification/inclusion_doubt/zh":    Members,
		"/response/actions/*/effectiveness":     Public,
		"/impact/economic_loss/currency":        Public,
		"/place/facility_type/value":            Public,
		"/place/containment":                    Public,
		"/exposure/contributing_factors/0":      Public,
		"/response/international_mechanisms/12": Public,
	} {
		if got := s.Floor(path); got != want {
			t.Errorf("%s has floor %s, want %s", path, got, want)
		}
	}
}

// node walks the tree.
func node(t *testing.T, s *Schema, path string) *Node {
	t.Helper()
	n := s.Root()
	for _, name := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		if name == "*" {
			n = n.Items
		} else {
			n = n.Props[name]
		}
		if n == nil {
			t.Fatalf("%s is not in the tree", path)
		}
	}
	return n
}

// Conditions, written out by hand from the design, and nothing beside them.
func TestConditions(t *testing.T) {
	s := load(t)
	want := map[string][]string{
		"/exposure/routes":               {Deliberate},
		"/exposure/vehicles":             {Deliberate},
		"/exposure/contributing_factors": {Deliberate, OpenSecurity},
		"/response/discovery_method":     {Deliberate},
		"/response/corrective_actions/*": {OpenSecurity},
		"/place/admin1":                  {LaboratoryUnstated},
		"/place/admin2":                  {LaboratoryUnstated},
		"/place/locality":                {LaboratoryUnstated},
		"/place/facility_type":           {LaboratoryUnstated},
		"/place/containment":             {LaboratoryUnstated},
		"/place/areas/*":                 {NationalityOfExposed},
		"/identity/external_ids/*":       {NationalRef},
		"/sources/*":                     {SourceNonPublic},
	}
	for _, name := range s.Sections() {
		want["/"+name] = []string{NotRecovered}
	}
	got := map[string][]string{}
	walkNodes(s.Root(), "", func(path string, n *Node) {
		for _, when := range n.When {
			got[path] = append(got[path], when.Condition)
			if when.Tier != Members {
				t.Errorf("%s: %s raises to %s", path, when.Condition, when.Tier)
			}
		}
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func walkNodes(n *Node, path string, visit func(string, *Node)) {
	visit(path, n)
	for name, child := range n.Props {
		walkNodes(child, path+"/"+name, visit)
	}
	if n.Items != nil {
		walkNodes(n.Items, path+"/*", visit)
	}
}

func TestWhatPublicSourcesMayState(t *testing.T) {
	s := load(t)
	want := []string{
		"/agents/*/strain", "/place/admin1", "/place/admin2", "/place/containment", "/place/facility_name", "/place/facility_type",
		"/place/locality", "/time/exposure",
	}
	var got []string
	walkNodes(s.Root(), "", func(path string, n *Node) {
		if n.PublicBy {
			got = append(got, path)
			if n.Props["public_by"].Refs != "sources" || n.Props["value"] == nil || n.Props["is"] == nil {
				t.Errorf("%s does not have the shape of a stated value", path)
			}
		}
		if (n.Coarsen != "") != (path == "/time/exposure") {
			t.Errorf("%s is coarsened to %q", path, n.Coarsen)
		}
		if (n.ShowAs != nil) != (path == "/response/discovery_method") {
			t.Errorf("%s is shown as %v", path, n.ShowAs)
		}
	})
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := node(t, s, "/response/discovery_method").ShowAs; got["whistle_blower"] != "other" {
		t.Errorf("a whistle-blower is shown as %v", got)
	}
}

// Every array of items with ids says so, and everything that is called sources refers to them.
func TestItemsAndReferencesAreMarked(t *testing.T) {
	s := load(t)
	walkNodes(s.Root(), "", func(path string, n *Node) {
		if n.IDs {
			walkNodes(n.Items, path, func(below string, inner *Node) {
				if inner.IDs {
					t.Errorf("%s: items hold items at %s, whose ids nobody collects", path, below)
				}
			})
		}
		if n.Items != nil && (n.Items.Props["id"] != nil) != n.IDs {
			t.Errorf("%s: x-ids is %v", path, n.IDs)
		}
		if strings.HasSuffix(path, "/sources") && path != "/sources" && n.Refs != "sources" {
			t.Errorf("%s: x-refs is %q", path, n.Refs)
		}
	})
	if got := node(t, s, "/sources/*/supports").Refs; got != "any" {
		t.Errorf("supports refers to %q", got)
	}
}

func TestSections(t *testing.T) {
	want := []string{
		"identity", "narrative", "classification", "cause", "time", "place", "agents", "exposure", "actor", "impact", "response",
		"lessons", "sources", "annex",
	}
	if diff := cmp.Diff(want, load(t).Sections()); diff != "" {
		t.Error(diff)
	}
}

// Whatever can be long has a bound, and no object admits what it does not name.
func TestEverythingIsBounded(t *testing.T) {
	s := load(t)
	for _, data := range [][]byte{s.JSON(), s.ViewJSON()} {
		var root map[string]any
		if err := json.Unmarshal(data, &root); err != nil {
			t.Fatal(err)
		}
		bounded(t, "", root)
	}
}

func bounded(t *testing.T, at string, schema map[string]any) {
	t.Helper()
	has := func(key string) bool { _, ok := schema[key]; return ok }
	is := func(kind string) bool {
		list, _ := schema["type"].([]any)
		return schema["type"] == kind || slices.Contains(list, any(kind))
	}
	fixed := has("enum") || has("pattern") && !strings.ContainsAny(schema["pattern"].(string), "*+S")
	switch {
	case is("string") && !has("maxLength") && !fixed:
		t.Errorf("%s: a string without a bound", at)
	case is("array") && !has("maxItems"):
		t.Errorf("%s: an array without a bound", at)
	case is("integer") && !has("maximum"):
		t.Errorf("%s: a number without a bound", at)
	case has("properties") && is("object") && schema["additionalProperties"] != false:
		t.Errorf("%s: an object that admits what it does not name", at)
	}
	for key, value := range schema {
		switch below := value.(type) {
		case map[string]any:
			if key != "examples" {
				bounded(t, at+"/"+key, below)
			}
		}
	}
}

// Title, description and floor are what the codebook is made of.
func TestEveryPropertyIsDescribed(t *testing.T) {
	s := load(t)
	for _, data := range [][]byte{s.JSON(), s.ViewJSON()} {
		var root map[string]any
		if err := json.Unmarshal(data, &root); err != nil {
			t.Fatal(err)
		}
		described(t, "", root)
		for name, def := range root["$defs"].(map[string]any) {
			described(t, "#/"+name, def.(map[string]any))
		}
	}
}

func described(t *testing.T, at string, schema map[string]any) {
	t.Helper()
	for _, key := range []string{"title", "description"} {
		if text, _ := schema[key].(string); strings.TrimSpace(text) == "" {
			t.Errorf("%s has no %s", at, key)
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, value := range properties {
		property := value.(map[string]any)
		if property["x-tier"] == nil {
			t.Errorf("%s/%s has no x-tier", at, name)
		}
		described(t, at+"/"+name, property)
	}
}

// A schema that forgets something is refused.
func TestLoadNotices(t *testing.T) {
	const head = `{"$id":"https://a.example/1.0","type":"object","properties":{"a":`
	for _, c := range []struct{ name, property, want string }{
		{"no floor", `{"type":"string"}`, "no x-tier"},
		{"an unknown floor", `{"x-tier":"secret"}`, "unknown x-tier"},
		{"a floor by its printed name", `{"x-tier":"TLP:GREEN"}`, "unknown x-tier"},
		{"no floor below", `{"x-tier":"public","properties":{"b":{}}}`, "/a/b has no x-tier"},
		{"no floor in items", `{"x-tier":"public","items":{"properties":{"b":{}}}}`, "/a/*/b has no x-tier"},
		{"no floor in a branch", `{"x-tier":"public","then":{"properties":{"b":{}}}}`, "/a/b has no x-tier"},
		{"an unknown condition", `{"x-tier":"public","x-tier-when":[{"condition":"full_moon","tier":"members"}]}`, "unknown condition"},
		{"an unknown reference", `{"x-tier":"public","x-refs":"moons"}`, "unknown x-refs"},
		{"an unknown unit", `{"x-tier":"public","x-coarsen":"moon"}`, "unknown x-coarsen"},
		{"a definition that is not there", `{"x-tier":"public","$ref":"#/$defs/B"}`, "no definition"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := readDocument([]byte(head + c.property + `}}`))
			if err == nil {
				_, err = d.tree()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestValidateView(t *testing.T) {
	s := load(t)
	for _, c := range []struct {
		name, doc string
		want      []string
	}{
		{"least", `{"derived":{"cause":"not_assessed"}}`, nil},
		{"typical", `{"classification":{"occurrence":"harm_occurred"},"time":{"exposure":{"value":"1979-04"}},
			"derived":{"title":[{"kind":"area","list":"areas","code":"SUHH"},{"kind":"place","text":"Sverdlovsk"},{"kind":"date","date":"1979-04"}],
			"facts":[{"kind":"deaths","low":66,"qualifier":"at_least"}],"cause":"assessed_differently",
			"by_body":[{"body":"A","date":"1980","value":"natural"},{"body":"B","value":"accidental"}],
			"verification":"contested","reference_date":"1979-04","reference_is":"exposure"}}`, nil},
		{"nothing derived", `{"classification":{"occurrence":"harm_occurred"}}`, []string{"/derived schema.required"}},
		{"a property nobody knows", `{"derived":{"cause":"natural","handling":{}}}`, []string{"/derived/handling schema.unknown_property"}},
		{"handling", `{"derived":{"cause":"natural"},"handling":{}}`, []string{"/handling schema.unknown_property"}},
		{"a code nobody knows", `{"derived":{"cause":"magic"}}`, []string{"/derived/cause schema.vocabulary"}},
		{"a reference to what was dropped", `{"cause":{"assessments":[{"id":"as1","body":"A","value":"natural","sources":["s1"]}]},"derived":{"cause":"natural"}}`, []string{"/cause/assessments/0/sources/0 schema.reference"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := codesOf(s.ValidateView([]byte(c.doc)))
			if diff := cmp.Diff(c.want, got); diff != "" && len(c.want)+len(got) > 0 {
				t.Error(diff)
			}
		})
	}
	if wrong := s.Validate([]byte(`{"derived":{"cause":"natural"}}`)); len(wrong) == 0 {
		t.Error("a content may carry what is derived")
	}
}

func TestUpcast(t *testing.T) {
	s, doc := load(t), []byte(`{"identity":{"unit":"incident"}}`)
	got, err := s.Upcast("1.0", doc)
	if err != nil || !bytes.Equal(got, doc) {
		t.Errorf("%s, %v", got, err)
	}
	for _, version := range []string{"", "0.9", "1.1", "2.0"} {
		if _, err := s.Upcast(version, doc); !fault.Is(err, fault.Invalid) {
			t.Errorf("version %q: %v", version, err)
		}
	}
	if s.Version() != "1.0" {
		t.Errorf("version %s", s.Version())
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		load(b)
	}
}

func BenchmarkValidate(b *testing.B) {
	s, all := load(b), examples(b)
	for _, name := range []string{"incident-report-row", "incident-laboratory-sars-2004", "incident-sverdlovsk-1979"} {
		var compact bytes.Buffer
		if err := json.Compact(&compact, all[name]); err != nil {
			b.Fatal(err)
		}
		doc := compact.Bytes()
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				s.Validate(doc)
			}
		})
	}
}
