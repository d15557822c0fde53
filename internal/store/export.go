package store

import (
	"bufio"
	"context"
	"encoding/json"
	"io"

	"bioincident/internal/ledger"
	"bioincident/schema"
)

// ExportLedger writes everything that proves the ledger as JSON Lines (ledger.Line), in one snapshot: heads, entries,
// details, feeds, contents, attestations, records and views. The file holds content of every tier: it is for the
// auditor who may keep it, and ledger.VerifyExport needs nothing else.
func (s *Store) ExportLedger(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := s.walkLedger(ctx, false, func(line ledger.Line) error { return encoder.Encode(line) }); err != nil {
		return err
	}
	return out.Flush()
}

// VerifyLedger verifies the database itself: all that is exported, and the days of events. A checkpoint is a head that
// was kept elsewhere, or nil. It gives what it found; the error tells that the database could not be read.
func (s *Store) VerifyLedger(ctx context.Context, checkpoint *ledger.Head) ([]ledger.Finding, error) {
	v := ledger.NewVerifier(checkpoint)
	err := s.walkLedger(ctx, true, func(line ledger.Line) error {
		v.Line(line)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	return v.Finish(), nil
}

func (s *Store) walkLedger(ctx context.Context, events bool, each func(ledger.Line) error) error {
	lines := int64(0)
	count := func(line ledger.Line) error {
		lines++
		return each(line)
	}
	return s.Read(ctx, func(tx *Tx) error {
		steps := []func(func(ledger.Line) error) error{tx.walkHeads, tx.walkEntries, tx.walkDetails, tx.walkFeeds,
			tx.walkContents, tx.walkAttestations, tx.walkRecords, tx.walkViews}
		if events {
			steps = append(steps, tx.walkEvents)
		}
		for _, step := range steps {
			if err := step(count); err != nil {
				return err
			}
		}
		return each(ledger.Line{End: &lines})
	})
}

// walk goes through a table a page at a time, by a key that grows.
func walk[R tabler](page func(last *R) ([]R, error), each func(R) error) error {
	var last *R
	for {
		rows, err := page(last)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := each(row); err != nil {
				return err
			}
		}
		if len(rows) < mostListed {
			return nil
		}
		last = &rows[len(rows)-1]
	}
}

func (tx *Tx) walkHeads(each func(ledger.Line) error) error {
	chains := []string{ledgerChain}
	for _, tier := range schema.Tiers() {
		chains = append(chains, feedChain(tier))
	}
	for _, chain := range chains {
		head, err := tx.head(chain)
		if err != nil {
			return err
		}
		if err := each(ledger.Line{Chain: &ledger.ChainHead{Chain: chain, Head: head}}); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) walkEntries(each func(ledger.Line) error) error {
	return walk(func(last *entryRow) ([]entryRow, error) {
		after := int64(-1 << 62) // a row with an impossible number must be seen, too
		if last != nil {
			after = last.Seq
		}
		return query[entryRow](tx, "WHERE seq > ? ORDER BY seq LIMIT ?", after, mostListed)
	}, func(row entryRow) error {
		entry := row.entry()
		return each(ledger.Line{Entry: &entry})
	})
}

func (tx *Tx) walkDetails(each func(ledger.Line) error) error {
	return walk(func(last *detailsRow) ([]detailsRow, error) {
		after := int64(-1 << 62)
		if last != nil {
			after = last.Seq
		}
		return query[detailsRow](tx, "WHERE seq > ? ORDER BY seq LIMIT ?", after, mostListed)
	}, func(row detailsRow) error {
		details := ledger.Details(row)
		return each(ledger.Line{Details: &details})
	})
}

func (tx *Tx) walkFeeds(each func(ledger.Line) error) error {
	for _, tier := range schema.Tiers() {
		err := walk(func(last *feedRow) ([]feedRow, error) {
			after := int64(-1 << 62)
			if last != nil {
				after = last.No
			}
			return query[feedRow](tx, "WHERE tier = ? AND no > ? ORDER BY no LIMIT ?", int64(tier), after, mostListed)
		}, func(row feedRow) error {
			return each(ledger.Line{Feed: &ledger.FeedLine{FeedEntry: row.entry(), Seq: row.Seq}})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) walkContents(each func(ledger.Line) error) error {
	return walk(func(last *contentRow) ([]contentRow, error) {
		after := ""
		if last != nil {
			after = last.Hash
		}
		return query[contentRow](tx, "WHERE hash > ? ORDER BY hash LIMIT ?", after, mostListed)
	}, func(row contentRow) error {
		return each(ledger.Line{Content: &ledger.ContentLine{Hash: row.Hash, Salt: row.Salt, Bytes: row.Bytes}})
	})
}

func (tx *Tx) walkAttestations(each func(ledger.Line) error) error {
	return walk(func(last *attestationRow) ([]attestationRow, error) {
		after := ""
		if last != nil {
			after = last.ID
		}
		return query[attestationRow](tx, "WHERE id > ? ORDER BY id LIMIT ?", after, mostListed)
	}, func(row attestationRow) error {
		return each(ledger.Line{Attestation: &ledger.AttestationLine{ID: row.ID, Version: row.Version,
			ContentHash: row.ContentHash}})
	})
}

func (tx *Tx) walkRecords(each func(ledger.Line) error) error {
	return walk(func(last *recordRow) ([]recordRow, error) {
		after := ""
		if last != nil {
			after = last.ID
		}
		return query[recordRow](tx, "WHERE id > ? ORDER BY id LIMIT ?", after, mostListed)
	}, func(row recordRow) error {
		return each(ledger.Line{Record: &ledger.RecordLine{Record: row.ID, Seq: row.LastSeq}})
	})
}

func (tx *Tx) walkViews(each func(ledger.Line) error) error {
	for _, tier := range schema.Tiers() {
		err := walk(func(last *viewRow) ([]viewRow, error) {
			record, edition := "", int64(0)
			if last != nil {
				record, edition = last.Record, last.Edition
			}
			var rows []viewRow
			err := tx.db.Raw("SELECT record, edition, hash, bytes FROM "+viewTable(tier)+
				" WHERE (record, edition) > (?, ?) ORDER BY record, edition LIMIT ?", record, edition, mostListed).
				Scan(&rows).Error
			return rows, err
		}, func(row viewRow) error {
			return each(ledger.Line{View: &ledger.ViewLine{Tier: tier, Record: row.Record, Edition: int(row.Edition),
				Hash: row.Hash, Bytes: row.Bytes}})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) walkEvents(each func(ledger.Line) error) error {
	var days []int64
	if err := tx.db.Raw("SELECT DISTINCT day FROM events ORDER BY day").Scan(&days).Error; err != nil {
		return err
	}
	for _, day := range days {
		lines, err := tx.EventsOn(day)
		if err != nil {
			return err
		}
		if err := each(ledger.Line{Events: &ledger.EventsLine{Day: dayText(day), Lines: lines}}); err != nil {
			return err
		}
	}
	return nil
}
