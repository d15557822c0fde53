package testkit

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"bioincident/internal/store"
)

// Database is one migrated, empty database of a test.
type Database struct {
	Name    string // sqlite or postgres
	Options store.Options
}

// Databases gives a test one database of each dialect. They go away with the test.
func Databases(t testing.TB) []Database {
	t.Helper()
	return []Database{SQLite(t), Postgres(t)}
}

// EachStore runs a subtest on an open store of each dialect.
func EachStore(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	EachDatabase(t, func(t *testing.T, d Database) { test(t, d.Open(t)) })
}

// EachDatabase runs a subtest on a database of each dialect.
func EachDatabase(t *testing.T, test func(t *testing.T, d Database)) {
	t.Helper()
	t.Run(store.SQLite, func(t *testing.T) { test(t, SQLite(t)) })
	t.Run(store.Postgres, func(t *testing.T) { test(t, Postgres(t)) })
}

// Open opens the database; it is closed with the test.
func (d Database) Open(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), d.Options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func options() store.Options {
	return store.Options{Clock: NewClock().Now, Random: NewRandom(1)}
}

// sqliteTemplate is a migrated file, made once per process: copying it is faster than migrating.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "bid-test-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	o := options()
	o.Dir = dir
	if err := migrate(o); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, store.FileName))
})

func migrate(o store.Options) error {
	ctx := context.Background()
	s, err := store.Open(ctx, o)
	if err != nil {
		return err
	}
	if err := s.Migrate(ctx); err != nil {
		_ = s.Close()
		return err
	}
	return s.Close()
}

// SQLite gives a test a database in its own folder.
func SQLite(t testing.TB) Database {
	t.Helper()
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(o.Dir, store.FileName), template, 0o600); err != nil {
		t.Fatal(err)
	}
	return Database{Name: store.SQLite, Options: o}
}

// Postgres gives a test a database on the shared server, empty and for it alone. It is one that an earlier test left
// behind, when there is one: emptying takes milliseconds, copying a template half a second, because every file of it is
// synced. A test that changes tables uses FreshPostgres.
func Postgres(t testing.TB) Database {
	t.Helper()
	server, err := sharedServer()
	if err != nil {
		t.Fatal(err)
	}
	name, giveBack, err := server.borrow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(giveBack)
	return server.options(name)
}

// FreshPostgres gives a test a database that did not exist before and will not exist after it. It is not migrated when
// empty is asked for.
func FreshPostgres(t testing.TB, empty bool) Database {
	t.Helper()
	server, err := sharedServer()
	if err != nil {
		t.Fatal(err)
	}
	name, template := "bid_test_"+randomName(), server.template
	if empty {
		template = "template0"
	}
	if err := server.exec(fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return server.options(name)
}

// FreshSQLite gives a test a folder without a database.
func FreshSQLite(t testing.TB) Database {
	t.Helper()
	o := options()
	o.Dir = t.TempDir()
	return Database{Name: store.SQLite, Options: o}
}

func (s *server) options(name string) Database {
	o := options()
	o.URL = s.database(name)
	return Database{Name: store.Postgres, Options: o}
}

// borrow finds a database that no test of any process holds, or makes one more, and empties it. It is held by an
// advisory lock of a session: a process that dies gives it back.
func (s *server) borrow(ctx context.Context) (name string, giveBack func(), err error) {
	session, err := s.admin.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return "", nil, err
	}
	for number := 1; ; number++ {
		name = fmt.Sprintf("%s_%d", s.template, number)
		var free bool
		row := session.QueryRowContext(ctx, "SELECT pg_try_advisory_lock(hashtext($1))", name)
		if err := row.Scan(&free); err != nil {
			return "", nil, errors.Join(err, session.Close())
		}
		if free {
			break
		}
	}
	giveBack = func() {
		// Closing the session for good, not giving it back to the pool, releases the lock.
		_ = session.Raw(func(any) error { return driver.ErrBadConn })
		_ = session.Close()
	}
	if err := s.empty(ctx, session, name); err != nil {
		giveBack()
		return "", nil, err
	}
	return name, giveBack, nil
}

func (s *server) empty(ctx context.Context, session *sql.Conn, name string) error {
	var there bool
	row := session.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name)
	if err := row.Scan(&there); err != nil {
		return err
	}
	if !there {
		_, err := session.ExecContext(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, s.template))
		return err
	}
	left := "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
	if _, err := session.ExecContext(ctx, left, name); err != nil {
		return err
	}
	db, err := sql.Open("pgx", s.database(name))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, emptyEverything)
	return err
}

const emptyEverything = `DO $$
DECLARE name text;
BEGIN
	SET LOCAL session_replication_role = replica;
	FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
		AND tablename NOT IN ('goose_db_version', 'ledger_head', 'policy_epoch')
	LOOP
		EXECUTE format('DELETE FROM %I', name);
	END LOOP;
	UPDATE ledger_head SET seq = 0, hash = '';
	UPDATE policy_epoch SET epoch = 1;
	ALTER SEQUENCE record_numbers RESTART;
END $$`

func randomName() string {
	var data [8]byte
	if _, err := rand.Read(data[:]); err != nil {
		panic(err)
	}
	return hex.EncodeToString(data[:])
}

// server is a PostgreSQL server on which databases can be made.
type server struct {
	url      string // of its maintenance database
	template string // migrated, for copies
	admin    *sql.DB
}

func (s *server) exec(statement string) error {
	if _, err := s.admin.Exec(statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// database gives the URL of another database of the server.
func (s *server) database(name string) string {
	u, err := url.Parse(s.url)
	if err != nil {
		panic(err) // it was used to connect
	}
	u.Path = "/" + name
	return u.String()
}
