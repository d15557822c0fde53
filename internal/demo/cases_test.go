package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"bioincident/internal/auth"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
)

// shelf is all cases with their bodies as the core reads them; the vocabularies are read once for all tests.
type shelf struct {
	schema *schema.Schema
	checks *incident.Checks
	cases  []Case
	bodies []incident.Body
}

func TestCases(t *testing.T) {
	s := read(t)
	t.Run("every body is valid", s.valid)
	t.Run("the checks pass", s.checked)
	t.Run("the world is wide", s.wide)
	t.Run("invented cases say so", s.honest)
	t.Run("every case goes its way", s.played)
}

func read(t *testing.T) *shelf {
	t.Helper()
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	checks, err := incident.NewChecks(sch)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{schema: sch, checks: checks, cases: cases, bodies: make([]incident.Body, len(cases))}
	for i, c := range cases {
		if err := json.Unmarshal(c.Body, &s.bodies[i]); err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
	}
	return s
}

func (c Case) does(verb string) bool {
	return slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Do == verb })
}

// documents gives every body that a case writes: the first, and those of its saves.
func (c Case) documents(t *testing.T) [][]byte {
	t.Helper()
	docs := [][]byte{c.Body}
	for _, step := range c.Steps {
		if step.Do != "save" {
			continue
		}
		doc, err := overlay(c.Body, step)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		docs = append(docs, doc)
	}
	return docs
}

func (s *shelf) valid(t *testing.T) {
	for _, c := range s.cases {
		for i, doc := range c.documents(t) {
			for _, field := range s.schema.Validate(doc) {
				t.Errorf("%s, body %d: %s %s %v", c.Name, i, field.Pointer, field.Code, field.Params)
			}
		}
	}
}

// What a case submits has to pass the checks for submitting, what it publishes those for publishing, without an override
// and without anything that a reviewer would have to look at twice.
func (s *shelf) checked(t *testing.T) {
	for _, c := range s.cases {
		var run func(incident.Body, []byte) []incident.Finding
		switch {
		case c.does("publish"):
			run = s.checks.ForPublish
		case c.does("submit"):
			run = s.checks.ForSubmit
		default:
			continue
		}
		for i, doc := range c.documents(t) {
			var body incident.Body
			if err := json.Unmarshal(doc, &body); err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			for _, f := range run(body, doc) {
				t.Errorf("%s, body %d: %s %s %s %v", c.Name, i, f.Level, f.Code, f.Pointer, f.Params)
			}
		}
	}
}

func (s *shelf) wide(t *testing.T) {
	real, six := 0, 0
	kinds := map[string]int{}
	years := map[string]bool{}
	for i, c := range s.cases {
		body := s.bodies[i]
		languages := len(body.Narrative.Summary.In)
		for language, words := range body.Narrative.Summary.In {
			if utf8.RuneCountInString(words.Text) > 4000 {
				t.Errorf("%s: the summary in %s is too long", c.Name, language)
			}
			if language != body.Narrative.Summary.Source && words.By == "" {
				t.Errorf("%s: nobody is named for the words in %s", c.Name, language)
			}
		}
		if c.Invented || !c.does("publish") {
			continue
		}
		real++
		if languages == len(incident.Languages()) {
			six++
		}
		cause, _ := incident.Headline(body)
		kinds["cause "+cause]++
		kinds["occurrence "+body.Classification.Occurrence]++
		for _, domain := range body.Classification.Domains {
			kinds["domain "+domain]++
		}
		date, _ := incident.ReferenceDate(body)
		years[string(date)[:4]] = true
	}
	if real < 18 {
		t.Errorf("%d real published cases, want 18", real)
	}
	if six < 5 {
		t.Errorf("%d summaries in six languages, want 5", six)
	}
	for _, kind := range []string{
		"cause natural", "cause accidental", "cause deliberate", "cause assessed_differently", "cause does_not_apply",
		"occurrence hoax", "occurrence near_miss", "occurrence exposure_without_known_harm", "occurrence harm_occurred",
		"domain human", "domain domestic_animal", "domain wildlife", "domain crop", "domain food_chain", "domain water",
	} {
		if kinds[kind] == 0 {
			t.Errorf("no case of kind %q", kind)
		}
	}
	for _, year := range []string{"1900", "1918", "1955", "1979", "1984", "2001", "2014", "2019"} {
		if !years[year] {
			t.Errorf("no case of %s", year)
		}
	}
	t.Logf("%d cases, %d real and published, %d in six languages; %v", len(s.cases), real, six, kinds)
}

// Whoever meets an invented case says so from its first words on; whoever meets a real one can look it up.
func (s *shelf) honest(t *testing.T) {
	const words = "Invented for the demonstration."
	for i, c := range s.cases {
		summary := s.bodies[i].Narrative.Summary.In["en"].Text
		subtitle := s.bodies[i].Narrative.Subtitle.In["en"].Text
		says := strings.HasPrefix(summary, words) || strings.HasPrefix(subtitle, words)
		if says != c.Invented {
			t.Errorf("%s: invented is %v, its words say %v", c.Name, c.Invented, says)
		}
		if c.Invented {
			continue
		}
		public := slices.ContainsFunc(s.bodies[i].Sources, func(s incident.Source) bool { return !s.NonPublic && s.Citation["title"] != nil })
		if !public {
			t.Errorf("%s: no public source", c.Name)
		}
	}
}

// ends tells how a case ends, by the drawing of the state machines: the state of its last version and of its record.
type ends struct {
	version incident.VersionState
	record  incident.RecordState
	edition int
}

// The invented cases show every state in which somebody may meet a record.
func wanted() map[string]ends {
	return map[string]ends{
		"60-draft-begun":            {incident.Draft, incident.Reserved, 0},
		"61-draft-complete":         {incident.Draft, incident.Reserved, 0},
		"62-submitted":              {incident.Submitted, incident.Reserved, 0},
		"63-in-review":              {incident.InReview, incident.Reserved, 0},
		"64-changes-requested":      {incident.ChangesRequested, incident.Reserved, 0},
		"65-reviewed":               {incident.Reviewed, incident.Reserved, 0},
		"66-declined":               {incident.Declined, incident.Reserved, 0},
		"67-discarded":              {incident.Discarded, incident.Reserved, 0},
		"68-situation-update":       {incident.Published, incident.Live, 2},
		"69-narrowed":               {incident.Published, incident.Live, 1},
		"70-withdrawn":              {incident.Published, incident.Withdrawn, 1},
		"71-merged":                 {incident.Published, incident.Merged, 1},
		"72-members":                {incident.Published, incident.Live, 1},
		"73-named-recipients":       {incident.Published, incident.Live, 1},
		"74-inventory-loss":         {incident.Published, incident.Live, 1},
		"75-near-miss":              {incident.Published, incident.Live, 1},
		"76-animal-species":         {incident.Published, incident.Live, 1},
		"77-translation-offered":    {incident.Published, incident.Live, 2},
		"78-correction-in-review":   {incident.InReview, incident.Live, 1},
		"79-recalled":               {incident.Draft, incident.Reserved, 0},
		"80-invented-threat-review": {incident.InReview, incident.Reserved, 0},
	}
}

// Every case goes its way through the workflow, and ends where it should.
func (s *shelf) played(t *testing.T) {
	db := testkit.SQLite(t).Open(t)
	seeder := s.seeder(t, db)
	ctx := context.Background()
	if empty, err := seeder.Empty(ctx); err != nil || !empty {
		t.Fatalf("a new database: empty %v, %v", empty, err)
	}
	if err := seeder.setUp(ctx); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, c := range s.cases {
		id, err := seeder.play(ctx, c, ids)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		ids[c.Name] = id
	}
	if err := db.Read(ctx, func(tx *store.Tx) error { return s.ended(t, tx, ids) }); err != nil {
		t.Fatal(err)
	}
}

func (s *shelf) seeder(t *testing.T, db *store.Store) *Seeder {
	t.Helper()
	rules, err := policies.New(s.schema)
	if err != nil {
		t.Fatal(err)
	}
	passwords := auth.NewPasswords(db, 64)
	w := workflow.New(workflow.Deps{Store: db, Schema: s.schema, Checks: s.checks, Policies: rules, Passwords: passwords, Random: testkit.NewRandom(7)})
	return &Seeder{Workflow: w, Auth: auth.New(db), Passwords: passwords, Progress: func(int, int) {}}
}

func (s *shelf) ended(t *testing.T, tx *store.Tx, ids map[string]string) error {
	t.Helper()
	for _, c := range s.cases {
		id, ok := ids[c.Name]
		if !ok {
			continue
		}
		record, err := tx.Record(id)
		if err != nil {
			return err
		}
		versions, err := tx.Versions(id)
		if err != nil {
			return err
		}
		want := ends{incident.Published, incident.Live, 1}
		if c.Invented {
			want = wanted()[c.Name]
		}
		if got := (ends{versions[len(versions)-1].State, record.State, record.Edition}); got != want {
			t.Errorf("%s ends %+v, want %+v", c.Name, got, want)
		}
		if err := s.seen(t, tx, c, record); err != nil {
			return err
		}
	}
	return nil
}

// seen: the public reads what is marked public and live, and nothing of what is not.
func (s *shelf) seen(t *testing.T, tx *store.Tx, c Case, record incident.Record) error {
	t.Helper()
	view, found, err := tx.View(schema.Public, record.ID, 0)
	if err != nil {
		return err
	}
	reads := found && view.Tombstone == ""
	if should := record.State == incident.Live && record.Handling.Marking == schema.Public; reads != should {
		t.Errorf("%s: the public reads it: %v, want %v", c.Name, reads, should)
	}
	if !reads {
		return nil
	}
	for _, field := range s.schema.ValidateView(view.Bytes) {
		t.Errorf("%s: public view: %s %s", c.Name, field.Pointer, field.Code)
	}
	if bytes.Contains(view.Bytes, []byte(`"members_narrative"`)) {
		t.Errorf("%s: the public reads the narrative for members", c.Name)
	}
	return nil
}
