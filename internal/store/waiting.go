package store

import (
	"strings"

	"bioincident/internal/incident"
	"bioincident/schema"
)

// WaitingOf gives what of records waits for somebody, by record.
func (tx *Tx) WaitingOf(records []string) (map[string][]Waiting, error) {
	out := make(map[string][]Waiting, len(records))
	err := each(tx, "WHERE record IN ? ORDER BY since, kind", records, func(row waitingRow) error {
		out[row.Record] = append(out[row.Record], row.waiting())
		return nil
	})
	return out, err
}

// Due lists the records of which something of a kind waits until a moment that has come, and of which nothing stands in
// the way; at most a page, what has waited longest first.
func (tx *Tx) Due(kind WaitingKind, now incident.Micros) ([]string, error) {
	rows, err := query[waitingRow](tx, "WHERE kind = ? AND until <= ? AND until > 0 AND why = '' ORDER BY until, record LIMIT ?",
		string(kind), int64(now), mostListed)
	return mapped(rows, func(row waitingRow) string { return row.Record }), err
}

// Notes lists the notes beside a record that are shown, oldest first.
func (tx *Tx) Notes(record string) ([]Note, error) {
	rows, err := query[noteRow](tx, "WHERE record = ? AND ended = 0 ORDER BY since, id", record)
	if err != nil {
		return nil, err
	}
	notes := make([]Note, len(rows))
	for i, row := range rows {
		if notes[i], err = row.note(); err != nil {
			return nil, err
		}
	}
	return notes, nil
}

// WaitingKey is the place in a list of what waits after which a page goes on.
type WaitingKey struct {
	Since        incident.Micros
	Record, Kind string
}

// WaitingScope is a part of what waits; an empty field does not limit. The version at hand is the open one where that is
// what waits for somebody, else that of the current edition.
type WaitingScope struct {
	Kinds       []WaitingKind
	Owner       string // organization
	NotOwner    string
	Readable    bool   // the text is not in quarantine
	Began       string // person who began it
	BeganFor    string // organization they did so for
	SeenBy      string // organization that reads the record as it stands, as a member or as recipient
	AssignedOrg string // organization that has the open version or the current edition in hand
	NotExcluded string // organization that the handling of the version at hand does not exclude
	States      []incident.VersionState
	Version     *ScopeSQL // of the version at hand
}

// WaitingFilter limits a list of what waits; an empty field does not limit.
type WaitingFilter struct {
	Kind    WaitingKind
	Overdue incident.Micros // was to be done by this moment
	Scopes  []WaitingScope  // any of these; none is nothing
	After   *WaitingKey
	Limit   int
}

// Waiting lists what waits for somebody, what has waited longest first, a page at a time.
func (tx *Tx) Waiting(f WaitingFilter) ([]Waiting, error) {
	if len(f.Scopes) == 0 {
		return nil, nil
	}
	var where conditions
	if f.Kind != "" {
		where.and("waiting.kind = ?", string(f.Kind))
	}
	if f.Overdue != 0 {
		where.and("waiting.until > 0 AND waiting.until <= ?", int64(f.Overdue))
	}
	parts := make([]string, len(f.Scopes))
	var args []any
	for i, scope := range f.Scopes {
		part := scope.conditions()
		parts[i] = "(" + strings.Join(part.parts, " AND ") + ")"
		args = append(args, part.args...)
	}
	where.and("("+strings.Join(parts, " OR ")+")", args...)
	if f.After != nil {
		where.and("(waiting.since, waiting.record, waiting.kind) > (?, ?, ?)", int64(f.After.Since), f.After.Record, f.After.Kind)
	}
	var rows []waitingRow
	err := tx.db.Raw("SELECT "+tx.store.columnsOf(waitingRow{}, "waiting.")+
		" FROM waiting JOIN records ON records.id = waiting.record "+where.sql()+
		" ORDER BY waiting.since, waiting.record, waiting.kind LIMIT ?", append(where.args, limited(f.Limit))...).Scan(&rows).Error
	return mapped(rows, waitingRow.waiting), err
}

func (s WaitingScope) conditions() conditions {
	var where conditions
	where.and("records.id = waiting.record")
	if s.Kinds != nil {
		where.and("waiting.kind IN ?", mapped(s.Kinds, func(kind WaitingKind) string { return string(kind) }))
	}
	if s.Owner != "" {
		where.and("records.owner = ?", s.Owner)
	}
	if s.NotOwner != "" {
		where.and("records.owner <> ?", s.NotOwner)
	}
	if s.Readable {
		where.and("records.quarantined = 0")
	}
	if s.Began != "" {
		where.and("waiting.person = ? AND waiting.org = ?", s.Began, s.BeganFor)
	}
	if s.SeenBy != "" {
		where.and(`records.edition > 0 AND (records.marking <= ? OR EXISTS (SELECT 1 FROM recipients
			WHERE recipients.record = records.id AND recipients.org = ?))`, int64(schema.Members), s.SeenBy)
	}
	if s.AssignedOrg != "" {
		where.and(`EXISTS (SELECT 1 FROM versions JOIN assignments ON assignments.version = versions.id
			WHERE versions.record = records.id AND (versions.state IN `+openStates+` OR `+ofEdition+`)
			AND assignments.released = 0 AND assignments.org = ?)`, s.AssignedOrg)
	}
	if s.Version != nil {
		sql, args := s.versionAtHand()
		where.and(sql, args...)
	}
	return where
}

const ofEdition = "(records.edition > 0 AND versions.edition = records.edition)"

// versionAtHand limits by what waits for somebody.
func (s WaitingScope) versionAtHand() (string, []any) {
	var where conditions
	where.and(`versions.record = records.id AND CASE
		WHEN waiting.kind IN ('widen', 'schedule', 'appeal') OR records.edition = 0 THEN versions.state IN ` + openStates + `
		WHEN waiting.kind = 'quarantine' THEN versions.state IN ` + openStates + ` OR ` + ofEdition + ` AND NOT EXISTS
			(SELECT 1 FROM versions AS others WHERE others.record = records.id AND others.state IN ` + openStates + `)
		ELSE ` + ofEdition + ` END`)
	if s.States != nil {
		where.and("versions.state IN ?", mapped(s.States, func(state incident.VersionState) string { return string(state) }))
	}
	if s.NotExcluded != "" {
		where.and("versions.id NOT IN (SELECT version FROM terms WHERE kind = ? AND code = ?)", excludedTerm, s.NotExcluded)
	}
	where.and(s.Version.SQL, s.Version.Args...)
	return "EXISTS (SELECT 1 FROM versions " + where.sql() + ")", where.args
}
