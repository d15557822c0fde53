package store

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"gorm.io/driver/postgres"

	"bioincident/internal/fault"
)

// oldestPostgres is the oldest server version that is supported.
const oldestPostgres = 150000

func (s *Store) openPostgres(ctx context.Context) error {
	db, pool, err := s.open(postgres.Open(s.options.URL))
	if err != nil {
		return err
	}
	s.writer, s.reader = db, db
	pool.SetMaxOpenConns(32)
	pool.SetMaxIdleConns(32)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return postgresDurable(ctx, pool)
}

// postgresDurable asks the server what is in force for this session: database and role may set other values than the
// configuration file.
func postgresDurable(ctx context.Context, pool *sql.DB) error {
	var version string
	if err := pool.QueryRowContext(ctx, "SHOW server_version_num").Scan(&version); err != nil {
		return fault.New(fault.Unavailable, "store.unavailable").Because(err)
	}
	if number, err := strconv.Atoi(version); err != nil || number < oldestPostgres {
		return fault.New(fault.Unavailable, "store.version", "version", version, "need", "15")
	}
	for _, want := range []struct {
		setting string
		holds   func(value string) bool
		need    string
	}{
		{"fsync", func(v string) bool { return v == "on" }, "on"},
		{"full_page_writes", func(v string) bool { return v == "on" }, "on"},
		{"synchronous_commit", func(v string) bool { return v != "off" }, "on"},
		{"server_encoding", func(v string) bool { return v == "UTF8" }, "UTF8"},
	} {
		var value string
		if err := pool.QueryRowContext(ctx, "SHOW "+want.setting).Scan(&value); err != nil {
			return err
		}
		if !want.holds(value) {
			return notDurable(want.setting, value, want.need)
		}
	}
	return nil
}

func (s *Store) directURL() string {
	if s.options.DirectURL != "" {
		return s.options.DirectURL
	}
	return s.options.URL
}
