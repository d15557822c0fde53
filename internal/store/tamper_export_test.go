package store

import (
	"context"
	"database/sql"
	"strings"

	"gorm.io/gorm"
)

// Tamper gives tests the connection that writes, past both doors: to plant what verification must find.
func (s *Store) Tamper(sql string, args ...any) error {
	return s.writer.Transaction(func(db *gorm.DB) error { return db.Exec(sql, args...).Error })
}

// Ask reads one value past the reads.
func (s *Store) Ask(into any, sql string, args ...any) error {
	return s.reader.Raw(sql, args...).Scan(into).Error
}

// Layouts gives the columns of every row type by table.
func (s *Store) Layouts() map[string]string {
	out := map[string]string{}
	for _, l := range s.layouts {
		out[l.table] = strings.Join(l.columns, ", ")
	}
	return out
}

// DurableWith checks a file that is opened with one pragma changed.
func DurableWith(ctx context.Context, path, pragma string) error {
	pragmas := []string{"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", pragma}
	db, err := sql.Open("sqlite", sqliteName(path, pragmas...))
	if err != nil {
		return err
	}
	defer db.Close()
	return sqliteDurable(ctx, db)
}
