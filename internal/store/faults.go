package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/glebarez/go-sqlite"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"bioincident/internal/fault"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Result codes of SQLite (https://www.sqlite.org/rescode.html); the low byte of an extended code is its primary code.
const (
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteReadOnly   = 8
	sqliteIOErr      = 10
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteCantOpen   = 14
	sqliteNotADB     = 26
	sqliteUnique     = 2067
	sqlitePrimaryKey = 1555
)

// unique names, for each unique constraint a caller can run into, the fault it means. Keys: PostgreSQL's constraint
// name, and the columns as SQLite lists them.
func unique(constraint string) (fault.Kind, string, bool) {
	switch constraint {
	case "external_ids_pkey", "external_ids.owner, external_ids.scheme, external_ids.value":
		return fault.Conflict, "external_id.taken", true
	case "versions_open", "versions.record":
		return fault.Conflict, "version.open_exists", true
	case "versions_record_n_key", "versions.record, versions.n", "versions_edition", "versions.record, versions.edition":
		return fault.Stale, "version.stale", true
	case "records_pkey", "records.id", "records_no_key", "records.no":
		return fault.Conflict, "record.exists", true
	case "orgs_slug_key", "orgs.slug", "orgs_pkey", "orgs.id":
		return fault.Conflict, "org.taken", true
	case "people_handle_key", "people.handle":
		return fault.Conflict, "person.taken", true
	case "assignments_open", "assignments.person, assignments.version, assignments.duty":
		return fault.Conflict, "assignment.exists", true
	case "relations_pkey", "relations.subject, relations.kind, relations.object":
		return fault.Conflict, "relation.exists", true
	case "idempotency_pkey", "idempotency.key, idempotency.person":
		return fault.Conflict, "idempotency.used", true
	case "settings_pkey", "settings.name":
		return fault.Stale, "setting.stale", true
	case "imports_pkey", "imports.id":
		return fault.Stale, "import.stale", true
	case "ledger_closed_day", "ledger.subject":
		return fault.Conflict, "events.day_closed", true
	}
	return fault.Internal, "", false
}

// translate gives an error of a database its meaning. GORM's own translation is not used: on SQLite it throws away
// which constraint it was.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Fault
	if errors.As(err, &known) {
		return err
	}
	if constraint, ok := violated(err); ok {
		if kind, code, ok := unique(constraint); ok {
			return fault.New(kind, code).Because(err)
		}
		return misuse("a row that is already there: %w", err)
	}
	if retryable(err) {
		return fault.New(fault.Unavailable, "store.busy").Because(err)
	}
	if unavailable(err) {
		return fault.New(fault.Unavailable, "store.unavailable").Because(err)
	}
	return err
}

// violated gives the unique constraint that an error is about.
func violated(err error) (string, bool) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return pg.ConstraintName, true
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) && (lite.Code() == sqliteUnique || lite.Code() == sqlitePrimaryKey) {
		_, columns, _ := strings.Cut(lite.Error(), "UNIQUE constraint failed: ")
		columns, _, _ = strings.Cut(columns, " (")
		return columns, true
	}
	return "", false
}

// retryable tells whether the same transaction may succeed when it is tried again: another writer was in the way, and
// nothing of this one was kept.
func retryable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		code := lite.Code() & 0xff
		return code == sqliteBusy || code == sqliteLocked
	}
	return false
}

// unavailable tells whether the database is gone, going, full, read-only or damaged: nothing that the caller did.
func unavailable(err error) bool {
	for _, gone := range []error{sql.ErrConnDone, driver.ErrBadConn, pgconn.ErrConnClosed, io.ErrUnexpectedEOF,
		context.DeadlineExceeded, gorm.ErrInvalidDB} {
		if errors.Is(err, gone) {
			return true
		}
	}
	var network *net.OpError // a connection that broke while a statement was under way
	if errors.As(err, &network) {
		return true
	}
	if strings.Contains(err.Error(), "sql: database is closed") { // database/sql gives that error no name
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:min(2, len(pg.Code))] {
		case "08", "53", "57", "58":
			return true
		}
		switch pg.Code {
		case "25006", "42501", "XX001", "XX002": // a disk that became read-only is told as a missing privilege
			return true
		}
		return false
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		return true
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqliteReadOnly, sqliteIOErr, sqliteFull, sqliteCantOpen:
			return true
		case sqliteCorrupt, sqliteNotADB: // a disk that fails gives pages that are none
			return true
		}
	}
	return false
}

// misuse is an error of the calling code, which no person can put right: it is no fault, so its text stays in the log.
func misuse(format string, args ...any) error { return fmt.Errorf("store: "+format, args...) }

func notFound(thing string) error { return fault.New(fault.NotFound, thing+".not_found") }
