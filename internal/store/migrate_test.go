package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bioincident/internal/fault"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/schema"
)

func fresh(t testing.TB) []testkit.Database {
	return []testkit.Database{testkit.FreshSQLite(t), testkit.FreshPostgres(t, true)}
}

func TestMigrations(t *testing.T) {
	for _, d := range fresh(t) {
		t.Run(d.Name, func(t *testing.T) {
			s, other := d.Open(t), d.Open(t)
			if pending, err := s.Pending(t.Context()); err != nil || pending == 0 {
				t.Fatalf("%d pending: %v", pending, err)
			}
			var group sync.WaitGroup
			for _, runner := range []*store.Store{s, other} {
				group.Go(func() {
					if err := runner.Migrate(t.Context()); err != nil && d.Name == store.Postgres {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if pending, err := s.Pending(t.Context()); err != nil || pending != 0 {
				t.Fatalf("%d pending: %v", pending, err)
			}
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.Tamper(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`); err != nil {
				t.Fatal(err)
			}
			_, err := s.Pending(t.Context())
			wantFault(t, err, fault.Unavailable, "store.newer")
		})
	}
}

// columns lists table.column type null? key of a migrated database.
func columns(t testing.TB, d testkit.Database) []string {
	t.Helper()
	s := d.Open(t)
	var out []string
	query := `SELECT m.name || '.' || p.name || ' ' || LOWER(p.type) || ' ' || CASE WHEN p."notnull" THEN 'not null' ELSE 'null' END
		|| ' ' || CASE WHEN p.pk > 0 THEN 'key' ELSE '' END
		FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`
	if d.Name == store.Postgres {
		query = `SELECT c.table_name || '.' || c.column_name || ' ' || c.data_type || ' ' ||
			CASE c.is_nullable WHEN 'NO' THEN 'not null' ELSE 'null' END || ' ' ||
			CASE WHEN k.column_name IS NULL THEN '' ELSE 'key' END
			FROM information_schema.columns c LEFT JOIN (information_schema.key_column_usage k
				JOIN information_schema.table_constraints p ON p.constraint_name = k.constraint_name AND p.constraint_type = 'PRIMARY KEY')
				ON k.table_name = c.table_name AND k.column_name = c.column_name
			WHERE c.table_schema = 'public'`
	}
	if err := s.Ask(&out, query); err != nil {
		t.Fatal(err)
	}
	out = slices.DeleteFunc(out, func(line string) bool { return strings.HasPrefix(line, "goose_") })
	for i, line := range out {
		out[i] = strings.Replace(line, " blob ", " bytea ", 1)
	}
	slices.Sort(out)
	return out
}

func TestBothDialectsHaveTheSameTables(t *testing.T) {
	lite, pg := columns(t, testkit.SQLite(t)), columns(t, testkit.Postgres(t))
	if len(lite) < 200 {
		t.Fatalf("only %d columns were read", len(lite))
	}
	if diff := cmp.Diff(lite, pg); diff != "" {
		t.Error(diff)
	}
}

// indexes lists the names of indexes that a migration names.
func TestBothDialectsHaveTheSameIndexes(t *testing.T) {
	queries := map[string]string{
		store.SQLite:   `SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`,
		store.Postgres: `SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname !~ '_(pkey|key)$' ORDER BY indexname`,
	}
	found := map[string][]string{}
	for _, d := range testkit.Databases(t) {
		var names []string
		if err := d.Open(t).Ask(&names, queries[d.Name]); err != nil {
			t.Fatal(err)
		}
		slices.Sort(names)
		found[d.Name] = names
	}
	if diff := cmp.Diff(found[store.SQLite], found[store.Postgres]); diff != "" {
		t.Error(diff)
	}
}

// Every column is written by a row of the store: the layouts and the tables are the same.
func TestRowsMatchTheTables(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		for table, columns := range s.Layouts() {
			names := []string{table}
			if table == "views" {
				names = []string{"views_public", "views_members", "views_named"}
			}
			for _, name := range names {
				var rows []map[string]any
				if err := s.Ask(&rows, "SELECT "+columns+" FROM "+name); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	})
}

func TestADatabaseThatDoesNotSyncIsRefused(t *testing.T) {
	d := testkit.FreshPostgres(t, false)
	admin, err := sql.Open("pgx", d.Options.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := strings.TrimPrefix(strings.Split(d.Options.URL, "?")[0], "postgres://bid@/")
	if at := strings.LastIndex(name, "/"); at >= 0 {
		name = name[at+1:]
	}
	if _, err := admin.Exec(fmt.Sprintf("ALTER DATABASE %s SET synchronous_commit = off", name)); err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(context.Background(), d.Options)
	wantFault(t, err, fault.Unavailable, "store.not_durable")

	for _, pragma := range []string{"synchronous(NORMAL)", "synchronous(OFF)", "journal_mode(DELETE)", "foreign_keys(0)"} {
		err := store.DurableWith(t.Context(), filepath.Join(t.TempDir(), "x.db"), pragma)
		wantFault(t, err, fault.Unavailable, "store.not_durable")
	}
}

func TestPathsWithStrangeNames(t *testing.T) {
	d := testkit.FreshSQLite(t)
	d.Options.Dir = filepath.Join(d.Options.Dir, "a?b=c#d%20 é&")
	s := d.Open(t)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(d.Options.Dir, store.FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

func TestTheReadingPoolCannotWrite(t *testing.T) {
	s := testkit.SQLite(t).Open(t)
	var none []int64
	if err := s.Ask(&none, `INSERT INTO settings VALUES ('a', 'b', '', 1) RETURNING revision`); err == nil {
		t.Error("a reader wrote")
	}
}

func TestAGoneDatabaseIsUnavailable(t *testing.T) {
	d := testkit.FreshPostgres(t, false)
	d.Options.URL = strings.Replace(d.Options.URL, "bid_test_", "bid_nowhere_", 1)
	_, err := store.Open(context.Background(), d.Options)
	wantFault(t, err, fault.Unavailable, "store.unavailable")
}

// A connection that breaks under a transaction is the database's fault, not the caller's.
func TestACutConnectionIsUnavailable(t *testing.T) {
	d := testkit.Postgres(t)
	s := d.Open(t)
	admin, err := sql.Open("pgx", d.Options.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	cut := func() {
		_, err := admin.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if err != nil {
			t.Fatal(err)
		}
	}
	for statements := 1; statements <= 3; statements++ { // the driver tells the first and the next in other words
		err := s.Read(t.Context(), func(tx *store.Tx) (err error) {
			if _, err := tx.FeedHead(schema.Public); err != nil {
				return err
			}
			cut()
			for range statements {
				_, err = tx.FeedHead(schema.Public)
			}
			return err
		})
		wantFault(t, err, fault.Unavailable, "store.unavailable")
	}
}
