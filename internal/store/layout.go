package store

import (
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"
	gormschema "gorm.io/gorm/schema"

	"bioincident/internal/fault"
)

// batchRows is how many rows one INSERT or UPDATE takes. The SQLite driver binds in a time that grows with the square of
// the number of parameters: a hundred rows in four statements cost less than in one.
func (s *Store) batchRows() int {
	if s.dialect == SQLite {
		return 25
	}
	return 100
}

// tabler is a row that knows its table.
type tabler interface{ TableName() string }

// layout is how a row type lies in its table.
type layout struct {
	table   string
	columns []string
	casts   []string // parameter of each column with its type: see cast
	keys    []string
	left    []bool // columns that an update leaves as they are where the row has nil
}

// layouts reads the row types once. The map is only read afterwards.
func layouts(dialect string) map[reflect.Type]*layout {
	rows := []tabler{
		orgRow{}, personRow{}, membershipRow{}, tokenRow{}, credentialRow{}, linkRow{}, sessionRow{}, grantRow{}, settingRow{}, recordRow{}, recipientRow{},
		externalIDRow{}, versionRow{}, termRow{}, contentRow{}, attestationRow{}, assignmentRow{}, commentRow{},
		relationRow{}, standingConsentRow{}, breakGlassRow{}, waitingRow{}, noteRow{}, viewRow{}, entryRow{}, detailsRow{}, feedRow{},
		eventRow{}, importRow{}, importLineRow{}, idempotencyRow{},
	}
	all := make(map[reflect.Type]*layout, len(rows))
	for _, row := range rows {
		all[reflect.TypeOf(row)] = layoutOf(row, dialect)
	}
	return all
}

func layoutOf(row tabler, dialect string) *layout {
	names := gormschema.NamingStrategy{}
	kind := reflect.TypeOf(row)
	l := &layout{table: row.TableName()}
	for i := range kind.NumField() {
		field := kind.Field(i)
		column := names.ColumnName("", field.Name)
		l.columns = append(l.columns, column)
		l.casts = append(l.casts, cast(field.Type, dialect))
		l.left = append(l.left, field.Tag.Get("store") == "left")
		if strings.Contains(field.Tag.Get("gorm"), "primaryKey") {
			l.keys = append(l.keys, column)
		}
	}
	return l
}

// cast writes the parameter of a column inside UPDATE … FROM (VALUES …), where PostgreSQL has to be told its type. It is
// not CAST(?): GORM takes a value after a parenthesis for a list.
func cast(kind reflect.Type, dialect string) string {
	if dialect != Postgres {
		return "?"
	}
	switch kind.Kind() {
	case reflect.String:
		return "?::TEXT"
	case reflect.Int64:
		return "?::BIGINT"
	case reflect.Bool:
		return "?::BOOLEAN"
	default:
		return "?::BYTEA"
	}
}

// parameters gives the fields of a row in the order of its columns. Text that PostgreSQL would refuse and SQLite would
// take is refused here, for both.
func parameters[R tabler](l *layout, row R) ([]any, error) {
	value := reflect.ValueOf(row)
	out := make([]any, value.NumField())
	for i := range out {
		field := value.Field(i)
		switch field.Kind() {
		case reflect.String:
			text := field.String()
			if err := checkText(text); err != nil {
				return nil, err
			}
			out[i] = text
		case reflect.Slice:
			data := field.Bytes()
			if data == nil && !l.left[i] {
				data = []byte{}
			}
			out[i] = data
		default:
			out[i] = field.Interface()
		}
	}
	return out, nil
}

// checkText refuses what the two databases do not agree on: NUL characters and invalid UTF-8.
func checkText(text string) error {
	if !utf8.ValidString(text) {
		return fault.New(fault.Invalid, "text.not_utf8")
	}
	if strings.IndexByte(text, 0) >= 0 {
		return fault.New(fault.Invalid, "text.nul")
	}
	return nil
}

func (s *Store) layout(row tabler) *layout { return s.layouts[reflect.TypeOf(row)] }

// columnsOf lists the columns of a row type for a SELECT, each with the prefix.
func (s *Store) columnsOf(row tabler, prefix string) string {
	columns := slices.Clone(s.layout(row).columns)
	for i := range columns {
		columns[i] = prefix + columns[i]
	}
	return strings.Join(columns, ", ")
}

// orFail lets a statement on SQLite that breaks a constraint stop where it is. Otherwise SQLite keeps a copy of every page
// it changes, to undo the statement alone: here the whole transaction is undone, as on PostgreSQL.
func (s *Store) orFail() string {
	if s.dialect == SQLite {
		return "OR FAIL "
	}
	return ""
}

// insert writes rows, a bounded number a statement. The suffix says what happens on a conflict.
func insert[R tabler](s *Store, db *gorm.DB, rows []R, suffix string) error {
	if len(rows) == 0 {
		return nil
	}
	return insertInto(s, db, rows[0].TableName(), rows, suffix)
}

func insertInto[R tabler](s *Store, db *gorm.DB, table string, rows []R, suffix string) error {
	if len(rows) == 0 {
		return nil
	}
	l := s.layout(rows[0])
	head := "INSERT " + s.orFail() + "INTO " + table + " (" + strings.Join(l.columns, ", ") + ") VALUES "
	marks := "(?" + strings.Repeat(",?", len(l.columns)-1) + ")"
	for chunk := range slices.Chunk(rows, s.batchRows()) {
		args := make([]any, 0, len(chunk)*len(l.columns))
		for _, row := range chunk {
			values, err := parameters(l, row)
			if err != nil {
				return err
			}
			args = append(args, values...)
		}
		sql := head + marks + strings.Repeat(","+marks, len(chunk)-1) + suffix
		if err := db.Exec(sql, args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// onConflictReplace is the suffix of an upsert: every column but the key is replaced.
func onConflictReplace(l *layout, except ...string) string {
	var set []string
	for _, column := range l.columns {
		if !slices.Contains(l.keys, column) && !slices.Contains(except, column) {
			set = append(set, column+" = excluded."+column)
		}
	}
	return " ON CONFLICT (" + strings.Join(l.keys, ", ") + ") DO UPDATE SET " + strings.Join(set, ", ")
}

func upsert[R tabler](s *Store, db *gorm.DB, rows []R, except ...string) error {
	if len(rows) == 0 {
		return nil
	}
	return insert(s, db, rows, onConflictReplace(s.layout(rows[0]), except...))
}

// guarded is a row whose table is guarded by a revision: the first column is the key, and the stored revision must be
// one less than the row's.
type guarded interface {
	tabler
	guard() (key string, revision int64)
}

func (r orgRow) guard() (string, int64)     { return r.ID, r.Revision }
func (r settingRow) guard() (string, int64) { return r.Name, r.Revision }
func (r recordRow) guard() (string, int64)  { return r.ID, r.Revision }
func (r versionRow) guard() (string, int64) { return r.ID, r.Revision }
func (r importRow) guard() (string, int64)  { return r.ID, r.Revision }

// putGuarded inserts rows of revision 1 and updates the others where the revision is the one that was read. Rows of one
// key go into statements of their own, in their order.
func putGuarded[R guarded](s *Store, db *gorm.DB, rows []R) error {
	var fresh []R
	var waves [][]R
	turn := map[string]int{}
	for _, row := range rows {
		key, revision := row.guard()
		if revision == 1 {
			fresh = append(fresh, row)
			continue
		}
		wave := turn[key]
		turn[key]++
		if wave == len(waves) {
			waves = append(waves, nil)
		}
		waves[wave] = append(waves[wave], row)
	}
	if err := insert(s, db, fresh, ""); err != nil {
		return err
	}
	for _, wave := range waves {
		if err := updateGuarded(s, db, wave); err != nil {
			return err
		}
	}
	return nil
}

func updateGuarded[R guarded](s *Store, db *gorm.DB, rows []R) error {
	l := s.layout(rows[0])
	head, tail := updateText(l, s.orFail())
	marks := "(" + strings.Join(l.casts, ",") + ")"
	for chunk := range slices.Chunk(rows, s.batchRows()) {
		args := make([]any, 0, len(chunk)*len(l.columns))
		for _, row := range chunk {
			values, err := parameters(l, row)
			if err != nil {
				return err
			}
			args = append(args, values...)
		}
		done := db.Exec(head+marks+strings.Repeat(","+marks, len(chunk)-1)+tail, args...)
		if done.Error != nil {
			return done.Error
		}
		if done.RowsAffected != int64(len(chunk)) {
			return fault.New(fault.Stale, strings.TrimSuffix(l.table, "s")+".stale")
		}
	}
	return nil
}

// updateText is UPDATE … FROM (VALUES …): both databases name the columns of VALUES column1, column2, …
func updateText(l *layout, or string) (head, tail string) {
	set := make([]string, 0, len(l.columns))
	guard := ""
	for i, column := range l.columns {
		from := "v.column" + itoa(i+1)
		switch {
		case i == 0:
			tail = ") AS v WHERE " + l.table + "." + column + " = " + from
		case l.left[i]:
			set = append(set, column+" = COALESCE("+from+", "+l.table+"."+column+")")
		default:
			set = append(set, column+" = "+from)
		}
		if column == "revision" {
			guard = " AND " + l.table + ".revision = " + from + " - 1"
		}
	}
	return "UPDATE " + or + l.table + " SET " + strings.Join(set, ", ") + " FROM (VALUES ", tail + guard
}
