package store

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"reflect"

	"gorm.io/gorm"

	"bioincident/internal/incident"
)

// The dialects.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Options say where the database is and what the store is given from outside.
type Options struct {
	Dir       string // of the embedded database; used when URL is empty
	URL       string // postgres://…
	DirectURL string // the same database without a pooler between, for LISTEN and migrations; "" is URL
	Clock     func() incident.Micros
	Random    io.Reader
	Log       *slog.Logger
	// Statements, when it is there, is told of every statement, with the context it was made for and nothing else of it.
	Statements func(ctx context.Context)
}

// Store is one open database. It may be used by many goroutines.
type Store struct {
	options  Options
	dialect  string
	log      *slog.Logger
	writer   *gorm.DB // SQLite: the one connection that writes
	reader   *gorm.DB // SQLite: a pool that cannot write; PostgreSQL: the same pool as writer
	layouts  map[reflect.Type]*layout
	bell     *bell
	recorder *Recorder
}

// Open opens the database and refuses it (fault.Unavailable, code store.not_durable) when it would not keep what it
// acknowledges. It does not migrate: see Pending and Migrate.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Clock == nil || o.Random == nil {
		return nil, misuse("options without a clock or randomness")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{options: o, dialect: SQLite, log: o.Log}
	open := s.openSQLite
	if o.URL != "" {
		s.dialect, open = Postgres, s.openPostgres
	}
	s.layouts = layouts(s.dialect)
	if err := open(ctx); err != nil {
		return nil, errors.Join(translate(err), s.closePools())
	}
	s.bell = newBell(s)
	s.recorder = newRecorder(s)
	return s, nil
}

// Close flushes events, stops what runs in the background and closes the connections.
func (s *Store) Close() error {
	return errors.Join(s.recorder.close(), s.bell.close(), s.closePools())
}

func (s *Store) closePools() error {
	var errs []error
	pools := []*gorm.DB{s.reader, s.writer}
	if s.reader == s.writer {
		pools = pools[:1]
	}
	for _, db := range pools {
		if db == nil {
			continue
		}
		pool, err := db.DB()
		if err == nil {
			err = pool.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Dialect gives sqlite or postgres.
func (s *Store) Dialect() string { return s.dialect }

// Clock gives the moment.
func (s *Store) Clock() incident.Micros { return s.options.Clock() }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return translate(s.reader.WithContext(ctx).Exec("SELECT 1").Error)
}

// Events gives the recorder of what happened and changed nothing.
func (s *Store) Events() *Recorder { return s.recorder }

func (s *Store) open(dialector gorm.Dialector) (*gorm.DB, *sql.DB, error) {
	db, err := gorm.Open(dialector, &gorm.Config{
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		Logger:                 quiet{log: s.log, each: s.options.Statements},
		// Statements are prepared by the driver, which keeps them per connection: see doc.go.
		PrepareStmt: false,
	})
	if err != nil {
		return nil, nil, err
	}
	pool, err := db.DB()
	return db, pool, err
}

func (s *Store) random(n int) ([]byte, error) {
	data := make([]byte, n)
	if _, err := io.ReadFull(s.options.Random, data); err != nil {
		return nil, misuse("no randomness: %w", err)
	}
	return data, nil
}
