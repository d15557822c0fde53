package store_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/schema"
)

// chronicle fills a database with what a ledger can hold.
func chronicle(t testing.TB, s *store.Store) {
	t.Helper()
	seed(t, s)
	publish(t, s, 1, schema.Public)
	publish(t, s, 2, schema.Members)
	publish(t, s, 3, schema.Named)
	write(t, s, draft(4, incident.Handling{}))
	publish(t, s, 5, schema.Public)
}

func verify(t testing.TB, s *store.Store, checkpoint *ledger.Head) []ledger.Finding {
	t.Helper()
	findings, err := s.VerifyLedger(t.Context(), checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func wantFinding(t testing.TB, findings []ledger.Finding, code, where string) {
	t.Helper()
	for _, finding := range findings {
		if finding.Code == code && strings.Contains(finding.Where, where) {
			return
		}
	}
	t.Errorf("no %s at %q among %+v", code, where, findings)
}

// tampers are changes past both doors, each with what verification must say.
func tampers() map[string]struct {
	do          []string
	code, where string
} {
	type tamper = struct {
		do          []string
		code, where string
	}
	truncate := []string{
		`UPDATE ledger_head SET seq = seq - 2, hash = (SELECT hash FROM ledger WHERE ledger.seq = ledger_head.seq - 2)
			WHERE chain = 'ledger'`,
		`DELETE FROM ledger_details WHERE seq > (SELECT seq FROM ledger_head WHERE chain = 'ledger')`,
	}
	return map[string]tamper{
		"an entry changed": {[]string{`UPDATE ledger SET person = 'p-eve' WHERE seq = 3`}, "ledger.entry_changed", "ledger 3"},
		"an entry taken out": {[]string{`DELETE FROM ledger_details WHERE seq = 4`, `DELETE FROM ledger WHERE seq = 4`},
			"ledger.gap", "ledger 5"},
		"details changed": {[]string{`UPDATE ledger_details SET json = salt WHERE seq = 2`}, "ledger.details_changed", "ledger 2"},
		"details gone":    {[]string{`DELETE FROM ledger_details WHERE seq = 2`}, "ledger.details_missing", "ledger 2"},
		"a content changed": {[]string{`UPDATE contents SET bytes = salt WHERE hash =
			(SELECT content_hash FROM versions WHERE id = 'v-1-1')`}, "ledger.content_changed", "content "},
		"a content gone": {[]string{`DELETE FROM contents WHERE hash =
			(SELECT content_hash FROM versions WHERE id = 'v-1-1')`}, "ledger.content_missing", "content "},
		"a signature forged": {[]string{`INSERT INTO attestations SELECT 'forged', kind, record, version, 'of something else',
			handling_hash, person, org, at, voided, checklist, depth FROM attestations WHERE id = 'a-v-1-1'`},
			"ledger.attestation_without_entry", "attestation forged"},
		"a view changed": {[]string{`UPDATE views_public SET bytes = title WHERE no = 1`},
			"ledger.view_changed", "view public BID-TEST-0001@1"},
		"a view changed with its hash": {[]string{`UPDATE views_named SET bytes = title, hash =
			'4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945' WHERE no = 3`},
			"ledger.view_changed", "view named BID-TEST-0003@1"},
		"a view gone":      {[]string{`DELETE FROM views_members WHERE no = 2`}, "ledger.view_missing", "view members BID-TEST-0002@1"},
		"a view put in":    {[]string{`INSERT INTO views_public SELECT * FROM views_members WHERE no = 2`}, "ledger.view_without_feed", "view public BID-TEST-0002"},
		"a feed changed":   {[]string{`UPDATE feed SET view_hash = 'x' WHERE tier = 0 AND no = 2`}, "ledger.feed_changed", "feed public 2"},
		"the head changed": {[]string{`UPDATE ledger_head SET hash = 'x' WHERE chain = 'members'`}, "ledger.head_differs", "members head"},
		"the tail cut off and the head made to fit": {append(truncate,
			`DELETE FROM feed WHERE seq > (SELECT seq FROM ledger_head WHERE chain = 'ledger')`,
			`UPDATE ledger_head SET seq = (SELECT MAX(no) FROM feed WHERE tier = 0), hash = (SELECT hash FROM feed WHERE
				tier = 0 AND no = (SELECT MAX(no) FROM feed WHERE tier = 0)) WHERE chain = 'public'`,
			`DELETE FROM ledger WHERE seq > (SELECT seq FROM ledger_head WHERE chain = 'ledger')`),
			"ledger.truncated", "record BID-TEST-0005"},
	}
}

func TestVerificationFindsWhatWasPlanted(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, d testkit.Database) {
		for name, tamper := range tampers() {
			t.Run(name, func(t *testing.T) {
				d := d
				if d.Name == store.SQLite {
					d = testkit.SQLite(t)
				} else {
					d = testkit.Postgres(t)
				}
				s := d.Open(t)
				chronicle(t, s)
				wantClean(t, s)
				for _, statement := range tamper.do {
					if err := s.Tamper(statement); err != nil {
						t.Fatal(err)
					}
				}
				wantFinding(t, verify(t, s, nil), tamper.code, tamper.where)
				var file bytes.Buffer
				if err := s.ExportLedger(t.Context(), &file); err != nil {
					t.Fatal(err)
				}
				findings, err := ledger.VerifyExport(&file, nil)
				if err != nil {
					t.Fatal(err)
				}
				wantFinding(t, findings, tamper.code, tamper.where)
			})
		}
	})
}

func TestCheckpoints(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		chronicle(t, s)
		head := ledgerHead(t, s)
		for i := range verify(t, s, &head) {
			t.Error(verify(t, s, &head)[i])
		}
		later := ledger.Head{Seq: head.Seq + 1, Hash: "x"}
		wantFinding(t, verify(t, s, &later), "ledger.truncated", "checkpoint")
		other := ledger.Head{Seq: head.Seq, Hash: "x"}
		wantFinding(t, verify(t, s, &other), "ledger.checkpoint_differs", "ledger ")
	})
}

// exported gives the lines of an exported ledger.
func exported(t testing.TB, s *store.Store) []ledger.Line {
	t.Helper()
	var file bytes.Buffer
	if err := s.ExportLedger(t.Context(), &file); err != nil {
		t.Fatal(err)
	}
	var lines []ledger.Line
	for scanner := bufio.NewScanner(&file); scanner.Scan(); {
		var line ledger.Line
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func verifyLines(t testing.TB, lines []ledger.Line, checkpoint *ledger.Head) []ledger.Finding {
	t.Helper()
	var file bytes.Buffer
	for _, line := range lines {
		if err := json.NewEncoder(&file).Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	findings, err := ledger.VerifyExport(&file, checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

func TestTamperedExportsAreFound(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		chronicle(t, s)
		if findings := verifyLines(t, exported(t, s), nil); len(findings) > 0 {
			t.Fatalf("%+v", findings)
		}
		head := ledgerHead(t, s)
		for name, c := range map[string]struct {
			plant       func(lines []ledger.Line) []ledger.Line
			code, where string
		}{
			"an entry": {func(lines []ledger.Line) []ledger.Line {
				for _, line := range lines {
					if line.Entry != nil && line.Entry.Seq == 2 {
						line.Entry.Org = "o-eve"
						*line.Entry = ledger.Seal(line.Entry.Prev, *line.Entry) // with its own hash made to fit
					}
				}
				return lines
			}, "ledger.chain_broken", "ledger 3"},
			"a content": {func(lines []ledger.Line) []ledger.Line {
				for _, line := range lines {
					if line.Content != nil {
						line.Content.Bytes[0]++
					}
				}
				return lines
			}, "ledger.content_changed", "content "},
			"a view": {func(lines []ledger.Line) []ledger.Line {
				for _, line := range lines {
					if line.View != nil {
						line.View.Bytes = []byte("{}")
						line.View.Hash = ledger.ViewHash(line.View.Bytes)
					}
				}
				return lines
			}, "ledger.view_changed", "view public BID-TEST-0001@1"},
			"the tail": {func(lines []ledger.Line) []ledger.Line {
				var out []ledger.Line
				var last ledger.Entry
				for _, line := range lines {
					if line.Entry != nil && line.Entry.Seq > 5 {
						continue
					}
					if line.Entry != nil {
						last = *line.Entry
					}
					out = append(out, line)
				}
				for _, line := range out {
					if line.Chain != nil && line.Chain.Chain == ledger.LedgerChain {
						line.Chain.Head = ledger.Head{Seq: last.Seq, Hash: last.Hash}
					}
				}
				return out
			}, "ledger.truncated", "record BID-TEST-0005"},
			"the end of the file": {func(lines []ledger.Line) []ledger.Line { return lines[:len(lines)-3] },
				"ledger.file_truncated", "file"},
		} {
			findings := verifyLines(t, c.plant(exported(t, s)), nil)
			wantFinding(t, findings, c.code, c.where)
			if name == "the tail" {
				wantFinding(t, verifyLines(t, c.plant(exported(t, s)), &head), "ledger.truncated", "checkpoint")
			}
		}
	})
}

func TestEvents(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, d testkit.Database) {
		clock := testkit.NewClock()
		d.Options.Clock = clock.Now
		s := d.Open(t)
		day := int64(s.Clock()) / (24 * 60 * 60 * 1_000_000)
		for range 3 {
			s.Events().Record(store.Event{Kind: "refused", Person: "p-ana", Subject: "rule.x"})
		}
		s.Events().Record(store.Event{Kind: "exported", Person: "p-ben", Subject: "\xff"}) // cannot be stored
		if err := s.Events().Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Events().Record(store.Event{Kind: "refused", Person: "p-ana", Subject: "rule.x"})
		if err := s.Events().Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		events := func() (lines []ledger.EventCount) {
			read(t, s, func(tx *store.Tx) (err error) { lines, err = tx.EventsOn(day); return err })
			return lines
		}
		if got := events(); len(got) != 1 || got[0].Count != 4 || got[0].Last <= got[0].First {
			t.Errorf("got %+v", got)
		}
		if err := s.Events().CloseDays(t.Context()); err != nil {
			t.Fatal(err)
		}
		if head := ledgerHead(t, s); head.Seq != 0 {
			t.Error("a day was closed before its end")
		}
		clock.Advance(26 * time.Hour)
		other := d.Open(t)
		for _, closer := range []*store.Store{s, other, s} {
			if err := closer.Events().CloseDays(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if head := ledgerHead(t, s); head.Seq != 1 {
			t.Errorf("%d entries after closing one day", head.Seq)
		}
		wantClean(t, s)
		if err := s.Tamper(`UPDATE events SET count = 1`); err != nil {
			t.Fatal(err)
		}
		wantFinding(t, verify(t, s, nil), "ledger.events_changed", "events 2026-01-01")
	})
}

func TestTooManyEventsAreDroppedWithACount(t *testing.T) {
	s := testkit.SQLite(t).Open(t)
	for i := range 10_500 {
		s.Events().Record(store.Event{Kind: "refused", Subject: string(rune('a' + i))})
	}
	if got := s.Events().Dropped(); got != 500 {
		t.Errorf("%d dropped", got)
	}
	if err := s.Events().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var count int64
	if err := s.Ask(&count, `SELECT count FROM events WHERE kind = 'events_dropped'`); err != nil || count != 500 {
		t.Errorf("%d recorded as dropped: %v", count, err)
	}
}
