package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"bioincident/internal/fault"
	"bioincident/schema"
)

// Migrate brings the tables to the newest shape. Migrations are numbered SQL, forward only; on PostgreSQL a session
// lock lets one process of several run them.
func (s *Store) Migrate(ctx context.Context) error {
	return s.migrations(func(provider *goose.Provider) error {
		if _, err := provider.Up(ctx); err != nil {
			return fault.New(fault.Unavailable, "store.migrate").Because(err)
		}
		return nil
	})
}

// Pending counts the migrations that have not run. A database that is newer than this program is refused
// (store.newer): what it does not know it would not keep.
func (s *Store) Pending(ctx context.Context) (int, error) {
	pending := 0
	err := s.migrations(func(provider *goose.Provider) error {
		current, target, err := provider.GetVersions(ctx)
		if err != nil {
			return fault.New(fault.Unavailable, "store.migrate").Because(err)
		}
		if current > target {
			return fault.New(fault.Unavailable, "store.newer", "version", current, "known", target)
		}
		states, err := provider.Status(ctx)
		for _, state := range states {
			if state.State == goose.StatePending {
				pending++
			}
		}
		return err
	})
	return pending, err
}

func (s *Store) migrations(fn func(*goose.Provider) error) error {
	pool, closePool, err := s.migrationPool()
	if err != nil {
		return err
	}
	options := []goose.ProviderOption{goose.WithSlog(s.log), goose.WithDisableGlobalRegistry(true)}
	dialect := goose.DialectSQLite3
	if s.dialect == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return errors.Join(err, closePool())
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, pool, schema.Migrations(s.dialect), options...)
	if err != nil {
		return errors.Join(misuse("migrations: %w", err), closePool())
	}
	return errors.Join(fn(provider), closePool())
}

// migrationPool gives the writing connection of SQLite, or a pool of its own that goes straight to PostgreSQL: the
// session lock needs one session.
func (s *Store) migrationPool() (*sql.DB, func() error, error) {
	if s.dialect == SQLite {
		pool, err := s.writer.DB()
		return pool, func() error { return nil }, err
	}
	pool, err := sql.Open("pgx", s.directURL())
	if err != nil {
		return nil, nil, fault.New(fault.Unavailable, "store.unavailable").Because(err)
	}
	return pool, pool.Close, nil
}
