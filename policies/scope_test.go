package policies

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"

	_ "github.com/glebarez/go-sqlite" // the driver of the embedded database
	"pgregory.net/rapid"

	"bioincident/internal/identity"
	"bioincident/schema"
)

// values are codes of each dimension: regions, areas, a former State, branches, leaves, and codes nobody knows.
func values(kind string) []string {
	return map[string][]string{
		"area":   {"001", "002", "150", "151", "014", "KEN", "TZA", "FRA", "RUS", "SUHH", "BUMM", "MMR", "USA", "XXX"},
		"domain": {"human", "domestic_animal", "wildlife", "crop", "XXX"},
		"cause":  {"natural", "natural.imported", "accidental", "accidental.laboratory", "deliberate", "not_assessed", "assessed_differently"},
		"type":   {"outbreak", "outbreak.human_disease", "laboratory_event", "laboratory_event.infection", "custody.theft", "allegation_of_use"},
	}[kind]
}

func drawnScope(t *rapid.T) identity.Scope {
	some := func(kind string) []string {
		if rapid.Bool().Draw(t, kind+" silent") {
			return nil
		}
		return rapid.SliceOfN(rapid.SampledFrom(values(kind)), 1, 3).Draw(t, kind)
	}
	s := identity.Scope{Areas: some("area"), Domains: some("domain"), Causes: some("cause"), Types: some("type")}
	if rapid.Bool().Draw(t, "marked") {
		highest := rapid.SampledFrom(schema.Tiers()).Draw(t, "highest")
		s.Highest = &highest
	}
	return s
}

func drawnTerms(t *rapid.T) map[string][]string {
	terms := map[string][]string{"agent": {"bacillus_anthracis"}}
	for _, d := range dimensions() {
		if codes := rapid.SliceOfNDistinct(rapid.SampledFrom(values(d.kind)), 0, 3, rapid.ID).Draw(t, d.kind+" of the record"); len(codes) > 0 {
			terms[d.kind] = codes
		}
	}
	return terms
}

func openTerms(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:scope?mode=memory&cache=shared")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE versions (id TEXT PRIMARY KEY, marking INTEGER NOT NULL);
		CREATE TABLE terms (version TEXT NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL, PRIMARY KEY (version, kind, code))`); err != nil {
		t.Fatal(err)
	}
	return db
}

// A scope covers the same records as a question about one, as SQL over many, and as a predicate over columns.
func TestScopeIsOneThing(t *testing.T) {
	sch, db := loaded(t), openTerms(t)
	covered, most := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		scope := drawnScope(t)
		facts := map[string]Facts{}
		if _, err := db.Exec("DELETE FROM versions; DELETE FROM terms"); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			id := fmt.Sprint("v", i)
			f := Facts{Marking: rapid.SampledFrom(schema.Tiers()).Draw(t, "marking"), Terms: drawnTerms(t)}
			facts[id] = f
			insert(t, db, id, f)
		}
		for _, action := range []identity.GrantAction{identity.GrantSubmit, identity.GrantReview, identity.GrantPublish} {
			condition, args := ScopeSQL(sch, scope, action)
			most = max(most, len(args))
			found := idsWhere(t, db, condition, args)
			columns := ScopeColumns(sch, scope, action)
			for id, f := range facts {
				want := Covers(sch, scope, action, f)
				if want {
					covered++
				}
				if got := slices.Contains(found, id); got != want {
					t.Fatalf("%s %+v: SQL says %v of %+v, Covers %v", action, scope, got, f, want)
				}
				if got := columns(f.Terms, f.Marking); got != want {
					t.Fatalf("%s %+v: columns say %v of %+v, Covers %v", action, scope, got, f, want)
				}
			}
		}
	})
	if covered == 0 {
		t.Error("nothing was covered: the property holds of nothing")
	}
	if most > 1000 {
		t.Errorf("%d arguments", most)
	}
}

func insert(t *rapid.T, db *sql.DB, id string, f Facts) {
	if _, err := db.Exec("INSERT INTO versions VALUES (?, ?)", id, int64(f.Marking)); err != nil {
		t.Fatal(err)
	}
	for kind, codes := range f.Terms {
		for _, code := range codes {
			if _, err := db.Exec("INSERT INTO terms VALUES (?, ?, ?)", id, kind, code); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func idsWhere(t *rapid.T, db *sql.DB, condition string, args []any) []string {
	rows, err := db.Query("SELECT id FROM versions WHERE "+condition, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

// What the design says of scopes, example by example.
func TestCovers(t *testing.T) {
	sch := loaded(t)
	members := schema.Members
	africa := identity.Scope{Areas: []string{"002"}}
	animals := identity.Scope{Areas: []string{"002"}, Domains: []string{"domestic_animal", "wildlife"}}
	facts := func(areas, domains []string) Facts {
		return Facts{Terms: map[string][]string{"area": areas, "domain": domains, "type": {"outbreak.human_disease"}, "cause": {"natural"}}}
	}
	kenya, both := facts([]string{"KEN"}, []string{"human"}), facts([]string{"KEN", "FRA"}, []string{"human", "wildlife"})
	unknown := facts(nil, []string{"human"})
	named := kenya
	named.Marking = schema.Named
	for _, c := range []struct {
		name  string
		scope identity.Scope
		f     Facts
		any   bool // submit and review
		every bool // publish
	}{
		{"a region covers its areas", africa, kenya, true, true},
		{"one area inside is enough to submit and review, not to publish", africa, both, true, false},
		{"one of each dimension", animals, both, true, false},
		{"each dimension", animals, kenya, false, false},
		{"unknown is not inside a region", africa, unknown, false, false},
		{"unknown is covered by the silent", identity.Scope{Domains: []string{"human"}}, unknown, true, true},
		{"the silent cover everything", identity.Scope{}, both, true, true},
		{"a branch covers its children", identity.Scope{Types: []string{"outbreak"}}, kenya, true, true},
		{"a child does not cover the branch", identity.Scope{Causes: []string{"natural.imported"}}, kenya, false, false},
		{"a highest marking", identity.Scope{Highest: &members}, named, false, false},
		{"under the highest marking", identity.Scope{Highest: &members}, kenya, true, true},
	} {
		for action, want := range map[identity.GrantAction]bool{
			identity.GrantSubmit: c.any, identity.GrantReview: c.any, identity.GrantPublish: c.every,
		} {
			if got := Covers(sch, c.scope, action, c.f); got != want {
				t.Errorf("%s: %s %v", c.name, action, got)
			}
		}
	}
}
