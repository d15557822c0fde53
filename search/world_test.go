package search

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"

	"bioincident/internal/incident"
	"bioincident/policies"
	"bioincident/schema"
)

// worldRecord is one record of testdata/world.yaml.
type worldRecord struct {
	No     int64                        `yaml:"no"`
	Unit   string                       `yaml:"unit"`
	Codes  map[string][]string          `yaml:"codes"`
	Places []string                     `yaml:"places"`
	Agents []string                     `yaml:"agents"`
	IDs    []string                     `yaml:"ids"`
	Texts  map[string]map[string]string `yaml:"texts"`
}

// loadOnce reads the schema once for all tests: it never changes.
var loadOnce = sync.OnceValues(schema.Load)

func loadSchema(t testing.TB) *schema.Schema {
	t.Helper()
	sch, err := loadOnce()
	if err != nil {
		t.Fatal(err)
	}
	return sch
}

func readWorld(t testing.TB, sch *schema.Schema) []Document {
	t.Helper()
	data, err := os.ReadFile("testdata/world.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var records []worldRecord
	if err := yaml.Unmarshal(data, &records); err != nil {
		t.Fatal(err)
	}
	docs := make([]Document, len(records))
	for i, r := range records {
		docs[i] = r.document(t, sch)
	}
	return docs
}

func (r worldRecord) document(t testing.TB, sch *schema.Schema) Document {
	t.Helper()
	doc := Document{No: r.No, Hash: fmt.Sprintf("%064x", r.No), Published: r.No * 1000, Codes: r.Codes}
	doc.IDs = append([]string{fmt.Sprintf("BID-%04d", r.No)}, r.IDs...)
	doc.Codes["unit"] = []string{r.Unit}
	for _, language := range incident.Languages() {
		doc.Texts = append(doc.Texts, Text{FieldTitle, language, titleOf(t, sch, r.Codes, r.Places, language)})
	}
	for _, name := range r.Places {
		doc.Texts = append(doc.Texts, Text{FieldPlaces, "", name})
	}
	for _, name := range r.Agents {
		doc.Texts = append(doc.Texts, Text{FieldAgents, "", name})
	}
	for field, in := range r.Texts {
		for language, words := range in {
			doc.Texts = append(doc.Texts, Text{field, language, words})
		}
	}
	return doc
}

// titleOf composes a title as message.Catalogue does: what, whom, where.
func titleOf(t testing.TB, sch *schema.Schema, codes map[string][]string, places []string, language string) string {
	t.Helper()
	var parts []string
	label := func(list string, codes []string) {
		vocabulary, ok := sch.Vocabulary(list)
		if !ok {
			t.Fatalf("no vocabulary %s", list)
		}
		for _, code := range codes {
			if !vocabulary.Has(code) {
				t.Fatalf("%s has no %s", list, code)
			}
			parts = append(parts, vocabulary.Label(code, language))
		}
	}
	switch {
	case len(codes["disease"]) > 0:
		label("diseases", codes["disease"])
	case len(codes["agent"]) > 0:
		label("agents", codes["agent"])
	default:
		label("incident_type", codes["type"])
	}
	label("domain", codes["domain"])
	parts = append(parts, places...)
	label("areas", codes["area"])
	return strings.Join(parts, " · ")
}

func openMemory(t testing.TB, sch *schema.Schema) *Index {
	t.Helper()
	ix, err := Open(Options{}, sch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
	})
	return ix
}

func apply(t testing.TB, ix *Index, tier schema.Tier, docs []Document, removes []int64, checkpoint int64) {
	t.Helper()
	left, err := ix.Apply(context.Background(), tier, docs, removes, checkpoint)
	if err != nil || len(left) > 0 {
		t.Fatalf("apply: %v, left %v", err, left)
	}
}

func find(t testing.TB, ix *Index, who policies.Audience, q Query) Result {
	t.Helper()
	result, err := ix.Search(context.Background(), who, q)
	if err != nil {
		t.Fatalf("%q: %v", q.Text, err)
	}
	return result
}

func numbers(hits []Hit) []int64 {
	nos := make([]int64, len(hits))
	for i, h := range hits {
		nos[i] = h.No
	}
	return nos
}
