package store

import "bioincident/internal/incident"

// GlassKey is the place in a list of broken glasses after which a page goes on.
type GlassKey struct {
	From incident.Micros
	ID   string
}

// GlassFilter limits a list of broken glasses; an empty field does not limit.
type GlassFilter struct {
	Owner   string // organization whose records they are
	Record  string
	InForce incident.Micros // at this moment
	After   *GlassKey
	Limit   int
}

// BrokenGlass is a glass with what is recorded of reading under it: how often the person read the record on the days of
// it, and when last; 0 when never. Events are written every few seconds.
type BrokenGlass struct {
	BreakGlass
	Reads    int64
	LastRead incident.Micros
}

// Glasses lists the glasses broken over records, newest first, a page at a time.
func (tx *Tx) Glasses(f GlassFilter) ([]BrokenGlass, error) {
	var where conditions
	if f.Owner != "" {
		where.and("break_glasses.record IN (SELECT id FROM records WHERE owner = ?)", f.Owner)
	}
	if f.Record != "" {
		where.and("break_glasses.record = ?", f.Record)
	}
	if f.InForce != 0 {
		where.and("begins <= ? AND ends > ?", int64(f.InForce), int64(f.InForce))
	}
	if f.After != nil {
		where.and("(begins, id) < (?, ?)", int64(f.After.From), f.After.ID)
	}
	const reading = `FROM events WHERE events.kind = ? AND events.person = break_glasses.person
		AND events.org = break_glasses.org AND events.subject = break_glasses.record
		AND events.day BETWEEN begins / ? AND ends / ? AND events.first < ends AND events.last >= begins`
	args := []any{EventReadGlass, microsPerDay, microsPerDay, EventReadGlass, microsPerDay, microsPerDay}
	var rows []struct {
		Glass breakGlassRow `gorm:"embedded"`
		Reads int64
		Last  int64
	}
	err := tx.db.Raw("SELECT "+tx.store.columnsOf(breakGlassRow{}, "break_glasses.")+
		", (SELECT COALESCE(CAST(SUM(count) AS BIGINT), 0) "+reading+") AS reads, (SELECT COALESCE(MAX(last), 0) "+reading+
		") AS last FROM break_glasses "+where.sql()+" ORDER BY begins DESC, id DESC LIMIT ?",
		append(append(args, where.args...), limited(f.Limit))...).Scan(&rows).Error
	out := make([]BrokenGlass, len(rows))
	for i, row := range rows {
		out[i] = BrokenGlass{BreakGlass: row.Glass.glass(), Reads: row.Reads, LastRead: incident.Micros(row.Last)}
	}
	return out, err
}
