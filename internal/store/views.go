package store

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/gowebpki/jcs"

	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/schema"
)

// shelf is what one tier shows of the records that a transaction touches: read once, changed in memory, written once.
type shelf struct {
	tier    schema.Tier
	before  map[viewID]viewRow // as it stands in the table, without the documents
	rows    map[viewID]viewRow // as it shall be
	written map[viewID]bool    // rows that this transaction writes anew
}

type viewID struct {
	record  string
	edition int64
}

// planViews turns the views of all changes into rows and feed entries. Every view that differs from what stood there
// before gets a feed entry of its tier, so that each stored view is the one that the last entry about it names. The
// feed of the named tier is read by no one but the indexer and the auditor.
func (tx *WriteTx) planViews() ([]*shelf, error) {
	if len(tx.views) == 0 {
		return nil, nil
	}
	var shelves []*shelf
	feeds := map[int][]pendingFeed{}
	for _, tier := range schema.Tiers() {
		s, err := tx.readShelf(tier)
		if err != nil {
			return nil, err
		}
		for _, change := range tx.views {
			entries, err := s.apply(change, tx.now)
			if err != nil {
				return nil, err
			}
			for _, entry := range entries {
				feeds[change.ordinal] = append(feeds[change.ordinal], pendingFeed{change.ordinal, entry})
			}
		}
		shelves = append(shelves, s)
	}
	for _, ordinal := range slices.Sorted(maps.Keys(feeds)) {
		tx.feed = append(tx.feed, feeds[ordinal]...)
	}
	return shelves, nil
}

func (tx *WriteTx) readShelf(tier schema.Tier) (*shelf, error) {
	s := &shelf{tier: tier, before: map[viewID]viewRow{}, written: map[viewID]bool{}}
	var ids []string
	for _, change := range tx.views {
		ids = append(ids, change.record)
	}
	var rows []viewRow
	err := tx.db.Raw(`SELECT record, edition, no, is_current, hash, unit, owner, shown_owner, recipients, published,
		tombstone FROM `+viewTable(tier)+` WHERE record IN ?`, padded(ids)).Scan(&rows).Error
	for _, row := range rows {
		s.before[viewID{row.Record, row.Edition}] = row
	}
	s.rows = maps.Clone(s.before)
	return s, err
}

// apply brings the shelf from before to after one change and gives the feed entries of its tier.
func (s *shelf) apply(change viewChange, now incident.Micros) ([]ledger.FeedEntry, error) {
	old := maps.Clone(s.rows)
	current, was := s.current(change.record)
	put := map[int64]bool{}
	switch {
	case change.views.Gone:
		s.gone(change, current, was, now, put)
	case change.views.HeldUntil != 0:
		s.hold(change, current, was, now, put)
	default:
		s.replace(change, current, was, now, put)
	}
	return s.entries(change, old, put)
}

func (s *shelf) current(record string) (viewRow, bool) {
	for id, row := range s.rows {
		if id.record == record && row.IsCurrent {
			return row, true
		}
	}
	return viewRow{}, false
}

func (s *shelf) editions(record string) []int64 {
	var editions []int64
	for id := range s.rows {
		if id.record == record {
			editions = append(editions, id.edition)
		}
	}
	slices.Sort(editions)
	return editions
}

func (s *shelf) put(row viewRow, put map[int64]bool) {
	id := viewID{row.Record, row.Edition}
	s.rows[id] = row
	s.written[id] = true
	put[row.Edition] = true
}

func (s *shelf) drop(record string, edition int64) {
	id := viewID{record, edition}
	delete(s.rows, id)
	delete(s.written, id)
}

// gone takes every view of the record away and leaves a tombstone where there was something to see.
func (s *shelf) gone(change viewChange, current viewRow, was bool, now incident.Micros, put map[int64]bool) {
	for _, edition := range s.editions(change.record) {
		s.drop(change.record, edition)
	}
	if given, ok := s.of(change.views.Of); ok {
		given.Current = true
		s.put(viewRowOf(given), put)
		return
	}
	if was {
		head := change.head
		state := string(head.State)
		if head.Purged != 0 {
			state = tombstonePurged
		}
		row := tombstone(current, state, now, "reason", head.Reason, "merged_into", head.MergedInto)
		row.Reason, row.MergedInto = head.Reason, head.MergedInto
		s.put(row, put)
	}
}

// hold takes every view of the record away for a while. Where there was nothing to see any more, nothing changes.
func (s *shelf) hold(change viewChange, current viewRow, was bool, now incident.Micros, put map[int64]bool) {
	if was && current.Tombstone != "" {
		return
	}
	for _, edition := range s.editions(change.record) {
		s.drop(change.record, edition)
	}
	if was {
		s.put(tombstone(current, tombstoneHeld, now, "until", moment(change.views.HeldUntil)), put)
	}
}

// moment writes a moment as readers read it.
func moment(at incident.Micros) string { return time.UnixMicro(int64(at)).UTC().Format(time.RFC3339) }

func (s *shelf) of(views []StoredView) (StoredView, bool) {
	for _, view := range views {
		if view.Tier == s.tier {
			return view, true
		}
	}
	return StoredView{}, false
}

func (s *shelf) replace(change viewChange, current viewRow, was bool, now incident.Micros, put map[int64]bool) {
	edition := currentEdition(change.views.Of)
	given, ok := s.of(change.views.Of)
	switch {
	case ok:
		if given.Current && was && current.Edition != int64(given.Edition) {
			s.demote(current)
		}
		s.put(viewRowOf(given), put)
	case was && edition > 0 && s.tier == schema.Named:
		// What owner and recipients see no longer differs from what members see.
		s.demote(current)
		s.drop(change.record, edition)
	case was && edition > 0 && current.Tombstone == tombstoneRestricted:
		return // who sees nothing of the record any more does not learn that it goes on
	case was && edition > 0:
		for _, e := range s.editions(change.record) {
			s.drop(change.record, e)
		}
		current.Edition = edition
		s.put(tombstone(current, tombstoneRestricted, now), put)
		return
	}
	if change.views.Sealed == nil {
		return
	}
	for _, e := range s.editions(change.record) {
		if !put[e] {
			s.drop(change.record, e)
		}
	}
	for _, view := range change.views.Sealed {
		if view.Tier != s.tier || put[int64(view.Edition)] {
			continue
		}
		row := viewRowOf(view)
		if view.bare() {
			row = tombstone(row, view.Tombstone, view.Published)
			row.IsCurrent = false
		}
		s.put(row, put)
	}
}

func (s *shelf) demote(row viewRow) {
	row.IsCurrent = false
	s.rows[viewID{row.Record, row.Edition}] = row
}

func currentEdition(views []StoredView) int64 {
	for _, view := range views {
		if view.Current {
			return int64(view.Edition)
		}
	}
	return 0
}

// What became of a record, beside the states withdrawn and merged.
const (
	tombstoneRestricted = "restricted"
	tombstoneHeld       = "held"
	tombstonePurged     = "purged"
)

// tombstone is what is left of a view: what became of the record, with names and values beside, and nothing of its
// content.
func tombstone(of viewRow, what string, now incident.Micros, pairs ...string) viewRow {
	words := map[string]any{"id": of.Record, "edition": of.Edition, "tombstone": what}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			words[pairs[i]] = pairs[i+1]
		}
	}
	data, err := jcs.Transform(document(words))
	if err != nil {
		panic("store: " + err.Error()) // it was marshalled a line above
	}
	return viewRow{Record: of.Record, Edition: of.Edition, No: of.No, IsCurrent: true, Bytes: data,
		Hash: ledger.ViewHash(data), Title: []byte("[]"), Unit: of.Unit, Earliest: int64(incident.NoDay),
		Latest: int64(incident.NoDay), DeathsLow: -1, Codes: []byte("{}"), Owner: of.Owner, ShownOwner: of.ShownOwner,
		Recipients: of.Recipients, Published: int64(now), Tombstone: what}
}

// entries gives the feed entries of the tier: those the caller named, then one for each other row that changed.
func (s *shelf) entries(change viewChange, old map[viewID]viewRow, put map[int64]bool) ([]ledger.FeedEntry, error) {
	var out []ledger.FeedEntry
	told := map[int64]bool{}
	for _, entry := range change.feed {
		if entry.Tier != s.tier {
			continue
		}
		if entry.Edition == 0 {
			current, _ := s.current(change.record)
			entry.Edition = int(current.Edition)
		}
		entry.Record = change.record
		if err := s.bind(&entry, old, put); err != nil {
			return nil, err
		}
		told[int64(entry.Edition)] = true
		out = append(out, entry)
	}
	for _, edition := range s.touched(change.record, old, put) {
		id := viewID{change.record, edition}
		if told[edition] || same(old[id], s.rows[id]) {
			continue
		}
		out = append(out, ledger.FeedEntry{Tier: s.tier, Record: change.record, Edition: int(edition),
			Kind: s.kind(change.record, edition, old), ViewHash: s.rows[id].Hash})
	}
	return out, nil
}

// bind ties a named entry to the view that this change writes. An entry about a view that was never there would tell
// readers of the tier that there is something they may not see.
func (s *shelf) bind(entry *ledger.FeedEntry, old map[viewID]viewRow, put map[int64]bool) error {
	id := viewID{entry.Record, int64(entry.Edition)}
	_, was := old[id]
	if !put[id.edition] && !was {
		return misuse("a feed entry without a view: %s %s", s.tier, entry.Record)
	}
	hash := s.rows[id].Hash // "" when the view was taken away
	if entry.ViewHash != "" && entry.ViewHash != hash {
		return misuse("a feed entry that names another view: %s %s", s.tier, entry.Record)
	}
	entry.ViewHash = hash
	return nil
}

// touched lists the editions that were written or taken away by one change. A tombstone speaks for all editions.
func (s *shelf) touched(record string, old map[viewID]viewRow, put map[int64]bool) []int64 {
	editions := slices.Collect(maps.Keys(put))
	if current, ok := s.current(record); !ok || current.Tombstone == "" {
		for id := range old {
			if _, still := s.rows[id]; id.record == record && !still && !put[id.edition] {
				editions = append(editions, id.edition)
			}
		}
	}
	slices.Sort(editions)
	return editions
}

func same(a, b viewRow) bool {
	return a.Hash == b.Hash && a.Owner == b.Owner && a.ShownOwner == b.ShownOwner &&
		bytes.Equal(a.Recipients, b.Recipients) && a.Tombstone == b.Tombstone && a.IsCurrent == b.IsCurrent
}

func (s *shelf) kind(record string, edition int64, old map[viewID]viewRow) ledger.FeedKind {
	row, there := s.rows[viewID{record, edition}]
	if there && row.Tombstone != "" && row.IsCurrent {
		return ledger.FeedTombstone // it stands for every edition
	}
	if !there || row.Tombstone != "" {
		return ledger.FeedNarrowed
	}
	kind := ledger.FeedPublished
	for id, before := range old {
		switch {
		case id.record != record || !before.IsCurrent:
		case before.Tombstone != "":
			return ledger.FeedRestored
		case row.IsCurrent && edition > before.Edition:
			return ledger.FeedEdition
		default:
			kind = ledger.FeedNarrowed
		}
	}
	return kind
}

// bare tells of a tombstone whose words are made here.
func (v StoredView) bare() bool { return v.Tombstone != "" && len(v.Bytes) == 0 }

// write brings the table to what the shelf holds.
func (tx *WriteTx) writeShelf(s *shelf) error {
	table := viewTable(s.tier)
	var demoted []string
	var dropped []viewID
	for id, before := range s.before {
		after, there := s.rows[id]
		switch {
		case !there || s.written[id]:
			dropped = append(dropped, id)
		case before.IsCurrent && !after.IsCurrent:
			demoted = append(demoted, id.record)
		}
	}
	if len(demoted) > 0 {
		err := tx.db.Exec("UPDATE "+table+" SET is_current = ? WHERE is_current AND record IN ?", false,
			padded(demoted)).Error
		if err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(dropped, tx.store.batchRows()) {
		pairs := make([][]any, len(chunk))
		for i, id := range chunk {
			pairs[i] = []any{id.record, id.edition}
		}
		if err := tx.db.Exec("DELETE FROM "+table+" WHERE (record, edition) IN ?", pairs).Error; err != nil {
			return err
		}
	}
	rows := make([]viewRow, 0, len(s.written))
	for id := range s.written {
		rows = append(rows, s.rows[id])
	}
	slices.SortFunc(rows, func(a, b viewRow) int {
		if a.No != b.No {
			return int(a.No - b.No)
		}
		return int(a.Edition - b.Edition)
	})
	return insertInto(tx.store, tx.db, table, rows, "")
}
