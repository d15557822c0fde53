package store

import "bioincident/internal/incident"

// EditionVersion gives the version that was published as an edition; ok is false when there is none.
func (tx *Tx) EditionVersion(record string, edition int) (incident.Version, bool, error) {
	row, ok, err := first[versionRow](tx, "WHERE record = ? AND edition = ? AND edition > 0", record, int64(edition))
	if err != nil || !ok {
		return incident.Version{}, false, err
	}
	v, err := row.version()
	return v, err == nil, err
}

// EditionVersions gives the versions that are the current editions of records, by record id; a record without an
// edition is left out.
func (tx *Tx) EditionVersions(records []string) (map[string]incident.Version, error) {
	out := make(map[string]incident.Version, len(records))
	tail := `WHERE edition > 0 AND record IN ?
		AND edition = (SELECT records.edition FROM records WHERE records.id = versions.record)`
	err := each(tx, tail, records, func(row versionRow) error {
		v, err := row.version()
		out[row.Record] = v
		return err
	})
	return out, err
}

// Contents gives frozen bodies by their hashes; those that are not there are left out.
func (tx *Tx) Contents(hashes []string) (map[string]incident.Content, error) {
	out := make(map[string]incident.Content, len(hashes))
	err := each(tx, "WHERE hash IN ?", hashes, func(row contentRow) error {
		out[row.Hash] = incident.Content(row)
		return nil
	})
	return out, err
}

// LastVersion gives the highest ordinal of a record's versions, 0 when it has none.
func (tx *Tx) LastVersion(record string) (int, error) {
	var n int64
	err := tx.db.Raw("SELECT COALESCE(MAX(n), 0) FROM versions WHERE record = ?", record).Scan(&n).Error
	return int(n), err
}
