package store

import "bioincident/internal/incident"

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
