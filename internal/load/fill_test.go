package load_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/load"
	"bioincident/internal/testkit"
	"bioincident/internal/testkit/world"
	"bioincident/schema"
)

func generator(t *testing.T, seed uint64) (*load.Generator, *schema.Schema) {
	t.Helper()
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	g, err := load.NewGenerator(sch, seed)
	if err != nil {
		t.Fatal(err)
	}
	return g, sch
}

func TestGeneratedBodiesAreValidAndTheSame(t *testing.T) {
	g, sch := generator(t, 7)
	again, _ := generator(t, 7)
	languages := map[string]bool{}
	for number := 300; number > 0; number-- {
		body, err := json.Marshal(g.Body(number))
		if err != nil {
			t.Fatal(err)
		}
		if wrong := sch.Validate(body); len(wrong) > 0 {
			t.Fatalf("%d: %v\n%s", number, wrong, body)
		}
		if other, _ := json.Marshal(again.Body(number)); string(other) != string(body) {
			t.Fatalf("%d: the same seed gives another body", number)
		}
		for language := range g.Body(number).Narrative.Summary.In {
			languages[language] = true
		}
	}
	if len(languages) != len(incident.Languages()) {
		t.Errorf("languages: %v", languages)
	}
}

// TestFillPublishes takes records through all hands; running it again changes nothing.
func TestFillPublishes(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, d testkit.Database) {
		s := world.New(t, d)
		var steps []string
		f := load.Filler{Workflow: s.Workflow, Auth: s.Auth, Schema: s.Schema, Seed: 3, Progress: func(step string, _, _ int64) {
			if !slices.Contains(steps, step) {
				steps = append(steps, step)
			}
		}}
		published, err := f.Fill(context.Background(), 1, 150)
		if err != nil || published != 150 {
			t.Fatalf("published %d: %v", published, err)
		}
		if !slices.Equal(steps, []string{"import", "submit", "claim", "recommend", "publish"}) {
			t.Errorf("steps: %v", steps)
		}
		s.Settle()
		if got := s.Index.Count(schema.Public); got != 135 {
			t.Errorf("%d records are public, want 135: every tenth is for members", got)
		}
		if got := s.Index.Count(schema.Members); got != 150 {
			t.Errorf("members find %d", got)
		}
		if _, err := f.Fill(context.Background(), 1, 150); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Workflow.Orgs(context.Background(), identity.Principal{Operator: true, Via: identity.ViaLocal}); err != nil || len(list) != 3 {
			t.Errorf("%d organizations, %v", len(list), err)
		}
	})
}
