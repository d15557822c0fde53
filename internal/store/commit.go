package store

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/ledger"
	"bioincident/schema"
)

// errMoved sends a transaction round again: the policies it read were replaced before it had its place in the ledger.
var errMoved = errors.New("store: policies were replaced meanwhile")

const ledgerChain = ledger.LedgerChain

// flush writes everything that was appended. Rows that nobody else can be waiting for come first; then the head of the
// ledger is locked, last and once; then the heads of records, which remember their place in the ledger, the entries,
// their details and the feeds. From the lock to the commit no other writer gets a place.
func (tx *WriteTx) flush() error {
	if tx.changes == 0 {
		return nil
	}
	for _, step := range []func() error{tx.writePolicies, tx.writeVersions, tx.writeReview, tx.writeHangings} {
		if err := step(); err != nil {
			return err
		}
	}
	shelves, err := tx.planViews()
	if err != nil {
		return err
	}
	for _, s := range shelves {
		if err := tx.writeShelf(s); err != nil {
			return err
		}
	}
	heads, err := tx.lockHeads()
	if err != nil {
		return err
	}
	if err := tx.writeRecords(heads[ledgerChain].Seq); err != nil {
		return err
	}
	return tx.writeLedger(heads)
}

func (tx *WriteTx) writePolicies() error {
	s, db := tx.store, tx.db
	return firstError(
		func() error { return putGuarded(s, db, tx.orgs) },
		func() error { return upsert(s, db, tx.people) },
		func() error { return upsert(s, db, tx.memberships) },
		func() error { return upsert(s, db, tx.grants) },
		func() error { return upsert(s, db, tx.tokens, "hash", "created", "last_used") },
		tx.writeSignIn,
		func() error { return putGuarded(s, db, tx.settings) },
		func() error { return upsert(s, db, tx.consents) },
		func() error { return upsert(s, db, tx.glasses) },
		func() error { return putGuarded(s, db, tx.imports) },
		func() error { return upsert(s, db, lastLines(tx.lines)) },
		tx.writeSteps,
	)
}

// writeSteps marks rows of batches. Most of a chunk came to the same: they are marked in one statement.
func (tx *WriteTx) writeSteps() error {
	type mark struct{ batch, step, why string }
	ordinals := map[mark][]int64{}
	var marks []mark
	for _, row := range tx.steps {
		m := mark{row.Import, row.Step, row.Why}
		if ordinals[m] == nil {
			marks = append(marks, m)
		}
		ordinals[m] = append(ordinals[m], row.Ordinal)
	}
	for _, m := range marks {
		done := tx.db.Exec("UPDATE "+tx.store.orFail()+"import_rows SET step = ?, step_why = ? WHERE batch = ? AND ordinal IN ?",
			m.step, m.why, m.batch, padded(ordinals[m]))
		if done.Error != nil {
			return done.Error
		}
		if done.RowsAffected != int64(len(ordinals[m])) {
			return misuse("a step of a row that is not there: %s", m.batch)
		}
	}
	return nil
}

// lastLines keeps the last of several rows of one key: an upsert may touch a row only once.
func lastLines(lines []importLineRow) []importLineRow {
	type key struct {
		batch   string
		ordinal int64
	}
	at := make(map[key]int, len(lines))
	var out []importLineRow
	for _, line := range lines {
		k := key{line.Batch, line.Ordinal}
		if i, ok := at[k]; ok {
			out[i] = line
			continue
		}
		at[k] = len(out)
		out = append(out, line)
	}
	return out
}

func (tx *WriteTx) writeVersions() error {
	s, db := tx.store, tx.db
	return firstError(
		func() error { return putGuarded(s, db, tx.versions) },
		func() error { return tx.clear("terms", "version", tx.termsOf) },
		func() error { return insert(s, db, tx.terms, "") },
		func() error { return insert(s, db, tx.contents, " ON CONFLICT (hash) DO NOTHING") },
	)
}

func (tx *WriteTx) writeReview() error {
	s, db := tx.store, tx.db
	accept := " ON CONFLICT (id) DO UPDATE SET accepted = excluded.accepted WHERE comments.accepted = 0"
	return firstError(
		func() error { return insert(s, db, tx.attest, "") },
		tx.voidAttestations,
		tx.releaseAssignments,
		func() error { return insert(s, db, tx.assign, "") },
		func() error { return insert(s, db, tx.comments, accept) },
	)
}

func (tx *WriteTx) voidAttestations() error {
	ids := once(tx.void)
	if len(ids) == 0 {
		return nil
	}
	done := tx.db.Exec("UPDATE attestations SET voided = ? WHERE voided = 0 AND id IN ?", int64(tx.now), padded(ids))
	if done.Error == nil && done.RowsAffected != int64(len(ids)) {
		return fault.New(fault.Stale, "attestation.stale")
	}
	return done.Error
}

func (tx *WriteTx) releaseAssignments() error {
	why := map[string][]string{}
	for _, release := range tx.release {
		why[release.Why] = append(why[release.Why], release.ID)
	}
	for _, reason := range slices.Sorted(maps.Keys(why)) {
		ids := once(why[reason])
		done := tx.db.Exec("UPDATE assignments SET released = ?, why = ? WHERE released = 0 AND id IN ?", int64(tx.now),
			reason, padded(ids))
		if done.Error != nil {
			return done.Error
		}
		if done.RowsAffected != int64(len(ids)) {
			return fault.New(fault.Stale, "assignment.stale")
		}
	}
	return nil
}

// writeHangings writes what hangs on records.
func (tx *WriteTx) writeHangings() error {
	s, db := tx.store, tx.db
	return firstError(
		func() error { return tx.clear("external_ids", "record", tx.externalOf) },
		func() error { return insert(s, db, tx.external, "") },
		func() error { return tx.clear("recipients", "record", tx.recipientsOf) },
		func() error { return insert(s, db, tx.recipients, "") },
		func() error { return insert(s, db, tx.relations, "") },
		tx.settle,
		func() error { return upsert(s, db, tx.waits) },
		func() error { return upsert(s, db, tx.notes) },
		tx.purge,
		tx.purgeVersions,
	)
}

// purge destroys what records said and keeps that they were: ids, states, hashes, signatures. The words of this very transaction are written afterwards.
func (tx *WriteTx) purge() error {
	if len(tx.purged) == 0 {
		return nil
	}
	if err := tx.overwriting(); err != nil {
		return err
	}
	const theirs = "(SELECT id FROM versions WHERE record IN ?)"
	for _, sql := range []string{
		// What was submitted in earlier rounds is named by the ledger alone.
		"DELETE FROM contents WHERE hash IN (SELECT content_hash FROM versions WHERE record IN ?)",
		"DELETE FROM contents WHERE hash IN (SELECT content_hash FROM ledger WHERE subject IN ? AND content_hash <> '')",
		"DELETE FROM terms WHERE version IN " + theirs,
		"DELETE FROM comments WHERE record IN ?",
		"DELETE FROM notes WHERE record IN ?",
		"UPDATE break_glasses SET reason = '' WHERE record IN ?",
		"UPDATE import_rows SET field = '', value = '' WHERE record IN ?",
		// A row that could not be read names no record, but the same row of the source as the record does.
		`UPDATE import_rows SET field = '', value = '' WHERE value <> '' AND row_id IN (SELECT value FROM external_ids
			WHERE record IN ? AND scheme = 'source_row' AND owner = (SELECT org FROM imports WHERE id = batch))`,
		"DELETE FROM ledger_details WHERE seq IN (SELECT seq FROM ledger WHERE subject IN ?)",
	} {
		if err := tx.db.Exec(sql, padded(tx.purged)).Error; err != nil {
			return err
		}
	}
	return tx.db.Exec("UPDATE versions SET body = ? WHERE record IN ?", []byte{}, padded(tx.purged)).Error
}

// overwriting has SQLite write zeros over what it deletes.
func (tx *WriteTx) overwriting() error {
	if tx.store.dialect != SQLite {
		return nil
	}
	return tx.db.Exec("PRAGMA secure_delete = ON").Error
}

type purgedVersion struct{ record, version string }

// purgeVersions destroys what single versions said, in every round. What another version of the record says too stays.
func (tx *WriteTx) purgeVersions() error {
	for _, p := range tx.purgedOnes {
		if err := tx.overwriting(); err != nil {
			return err
		}
		for _, step := range []struct {
			sql  string
			args []any
		}{
			{`DELETE FROM contents WHERE hash IN (SELECT content_hash FROM ledger WHERE subject = ? AND version = ?
				AND content_hash <> '') AND hash NOT IN (SELECT content_hash FROM versions WHERE record = ? AND id <> ?)`,
				[]any{p.record, p.version, p.record, p.version}},
			{"DELETE FROM terms WHERE version = ?", []any{p.version}},
			{"DELETE FROM comments WHERE version = ?", []any{p.version}},
			{"DELETE FROM ledger_details WHERE seq IN (SELECT seq FROM ledger WHERE subject = ? AND version = ?)",
				[]any{p.record, p.version}},
		} {
			if err := tx.db.Exec(step.sql, step.args...).Error; err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *WriteTx) settle() error {
	for chunk := range slices.Chunk(tx.settled, tx.store.batchRows()) {
		if err := tx.db.Exec("DELETE FROM waiting WHERE (record, kind) IN ?", chunk).Error; err != nil {
			return err
		}
	}
	return nil
}

func (tx *WriteTx) clear(table, column string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.db.Exec("DELETE FROM "+table+" WHERE "+column+" IN ?", padded(ids)).Error
}

// lockHeads locks the heads of the ledger and its feeds, and makes sure that the policies are still those read.
func (tx *WriteTx) lockHeads() (map[string]ledger.Head, error) {
	sql := "SELECT chain, seq, hash FROM ledger_head ORDER BY chain"
	if tx.store.dialect == Postgres {
		sql += " FOR UPDATE"
	}
	var rows []struct {
		Chain string
		Seq   int64
		Hash  string
	}
	if err := tx.db.Raw(sql).Scan(&rows).Error; err != nil {
		return nil, err
	}
	heads := map[string]ledger.Head{}
	for _, row := range rows {
		heads[row.Chain] = ledger.Head{Seq: row.Seq, Hash: row.Hash}
	}
	if tx.epoch != nil && tx.store.dialect == Postgres {
		epoch, err := tx.Tx.Epoch()
		if err == nil && epoch != *tx.epoch {
			err = errMoved
		}
		return heads, err
	}
	return heads, nil
}

func (tx *WriteTx) writeRecords(head int64) error {
	for i := range tx.records {
		tx.records[i].LastSeq = head + int64(tx.recordChange[i]) + 1
	}
	return putGuarded(tx.store, tx.db, tx.records)
}

func (tx *WriteTx) writeLedger(heads map[string]ledger.Head) error {
	start := heads[ledgerChain].Seq
	moved := tx.seal(heads)
	entries := make([]entryRow, len(tx.entries))
	for i, entry := range tx.entries {
		entries[i] = entryRowOf(entry)
	}
	for i := range tx.details {
		tx.details[i].Seq += start + 1
	}
	feed := make([]feedRow, len(tx.feed))
	for i, pending := range tx.feed {
		feed[i] = feedRowOf(pending.entry, start+int64(pending.change)+1)
	}
	s, db := tx.store, tx.db
	return firstError(
		func() error { return insert(s, db, entries, "") },
		func() error { return insert(s, db, tx.details, "") },
		func() error { return insert(s, db, feed, "") },
		func() error {
			if !tx.raiseEpoch {
				return nil
			}
			return db.Exec("UPDATE policy_epoch SET epoch = epoch + 1").Error
		},
		func() error { return tx.moveHeads(heads, moved) },
	)
}

// seal numbers and chains entries and feeds, moves the heads and tells which.
func (tx *WriteTx) seal(heads map[string]ledger.Head) []string {
	moved := []string{ledgerChain}
	for i := range tx.entries {
		head := heads[ledgerChain]
		tx.entries[i].Seq = head.Seq + 1
		tx.entries[i] = ledger.Seal(head.Hash, tx.entries[i])
		heads[ledgerChain] = ledger.Head{Seq: tx.entries[i].Seq, Hash: tx.entries[i].Hash}
	}
	for i := range tx.feed {
		entry := &tx.feed[i].entry
		chain := feedChain(entry.Tier)
		head := heads[chain]
		entry.No, entry.At = head.Seq+1, int64(tx.now)
		*entry = ledger.SealFeed(head.Hash, *entry)
		heads[chain] = ledger.Head{Seq: entry.No, Hash: entry.Hash}
		if !slices.Contains(moved, chain) {
			moved = append(moved, chain)
		}
	}
	return moved
}

func feedChain(tier schema.Tier) string { return tier.String() }

// moveHeads also notifies other processes, in the same statement: the notification leaves with the commit.
func (tx *WriteTx) moveHeads(heads map[string]ledger.Head, moved []string) error {
	marks, args := "(?, ?, ?)", []any{}
	if tx.store.dialect == Postgres {
		marks = "(?::TEXT, ?::BIGINT, ?::TEXT)"
	}
	for _, chain := range moved {
		args = append(args, chain, heads[chain].Seq, heads[chain].Hash)
	}
	sql := "UPDATE ledger_head SET seq = v.column2, hash = v.column3 FROM (VALUES " + marks +
		strings.Repeat(", "+marks, len(moved)-1) + ") AS v WHERE chain = v.column1"
	if tx.store.dialect == Postgres {
		sql = "WITH moved AS (" + sql + " RETURNING 1) SELECT pg_notify(?, '') WHERE EXISTS (SELECT 1 FROM moved)"
		args = append(args, notifyChannel)
	}
	return tx.db.Exec(sql, args...).Error
}

func firstError(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
