package store

import (
	"slices"

	"bioincident/internal/incident"
	"bioincident/schema"
)

// ViewKey is the place in a list of views after which a page goes on.
type ViewKey struct {
	Published incident.Micros
	No        int64
}

// ViewFilter limits a list of current views.
type ViewFilter struct {
	After      *ViewKey // nil starts at the beginning
	Limit      int      // at most 1,000
	Newest     bool     // newest publication first; else by number
	Orgs       []string // owned by or addressed to one of these (named tier); nil does not limit
	Records    []string // or one of these records, together with Orgs
	Except     []string // not one of these records
	Tombstones bool     // tombstones too
}

// selectViews reads views column by column: GORM's own scan costs twice as much on the lists that readers wait for.
func (tx *Tx) selectViews(tier schema.Tier, tail string, args ...any) ([]StoredView, error) {
	rows, err := tx.db.Raw("SELECT "+tx.store.columnsOf(viewRow{}, "")+" FROM "+viewTable(tier)+" "+tail, args...).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []StoredView
	for rows.Next() {
		var r viewRow
		err := rows.Scan(&r.Record, &r.Edition, &r.No, &r.IsCurrent, &r.Bytes, &r.Hash, &r.Title, &r.Unit, &r.Earliest,
			&r.Latest, &r.DeathsLow, &r.Codes, &r.Owner, &r.ShownOwner, &r.Recipients, &r.Published, &r.Tombstone,
			&r.Reason, &r.MergedInto)
		if err != nil {
			return nil, err
		}
		out = append(out, r.view(tier))
	}
	return out, rows.Err()
}

// View gives what a tier shows of a record's edition; edition 0 is the current one. A tombstone is a view.
func (tx *Tx) View(tier schema.Tier, record string, edition int) (StoredView, bool, error) {
	tail, args := "WHERE record = ? AND is_current", []any{record}
	if edition != 0 {
		tail, args = "WHERE record = ? AND edition = ?", []any{record, int64(edition)}
	}
	views, err := tx.selectViews(tier, tail, args...)
	if err != nil || len(views) == 0 {
		return StoredView{}, false, err
	}
	return views[0], true, nil
}

// Editions lists what a tier shows of all editions of a record, oldest first.
func (tx *Tx) Editions(tier schema.Tier, record string) ([]StoredView, error) {
	return tx.selectViews(tier, "WHERE record = ? ORDER BY edition", record)
}

// Views gives the current views of records, in the order of the numbers asked for; those that a tier does not show, or
// shows as a tombstone, are left out.
func (tx *Tx) Views(tier schema.Tier, nos []int64) ([]StoredView, error) {
	found := make(map[int64]StoredView, len(nos))
	for chunk := range slices.Chunk(nos, 512) {
		views, err := tx.selectViews(tier, "WHERE is_current AND tombstone = '' AND no IN ?", padded(chunk))
		if err != nil {
			return nil, err
		}
		for _, view := range views {
			found[view.No] = view
		}
	}
	out := make([]StoredView, 0, len(found))
	for _, no := range nos {
		if view, ok := found[no]; ok {
			out = append(out, view)
		}
	}
	return out, nil
}

// ViewsAfter lists current views that are no tombstones by number: for building an index.
func (tx *Tx) ViewsAfter(tier schema.Tier, no int64, limit int) ([]StoredView, error) {
	return tx.selectViews(tier, "WHERE is_current AND tombstone = '' AND no > ? ORDER BY no LIMIT ?", no, limited(limit))
}

// ListViews lists current views, a page at a time, at the same cost at any depth.
func (tx *Tx) ListViews(tier schema.Tier, f ViewFilter) ([]StoredView, error) {
	var where conditions
	where.and("is_current")
	if !f.Tombstones {
		where.and("tombstone = ''")
	}
	if f.Orgs != nil || f.Records != nil {
		orgs, records := orNone(f.Orgs), orNone(f.Records)
		where.and(`(owner IN ? OR record IN ? OR EXISTS (SELECT 1 FROM recipients
			WHERE recipients.record = `+viewTable(tier)+`.record AND recipients.org IN ?))`, orgs, records, orgs)
	}
	if len(f.Except) > 0 {
		where.and("record NOT IN ?", padded(f.Except))
	}
	order := " ORDER BY no LIMIT ?"
	if f.Newest {
		order = " ORDER BY published DESC, no DESC LIMIT ?"
	}
	switch {
	case f.After == nil:
	case f.Newest:
		where.and("(published, no) < (?, ?)", int64(f.After.Published), f.After.No)
	default:
		where.and("no > ?", f.After.No)
	}
	return tx.selectViews(tier, where.sql()+order, append(where.args, limited(f.Limit))...)
}

// orNone stands for an empty list in an IN: no id is the empty string.
func orNone(values []string) []string {
	if len(values) == 0 {
		return []string{""}
	}
	return padded(values)
}
