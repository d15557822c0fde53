package crash

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// story is a world in which each thing happened once, undisturbed.
type story struct {
	*world
	twice, narrowed, redacted, drafted, withdrawn *record
	batch                                         *batch
}

func tell(t *testing.T, kind string) *story {
	t.Helper()
	w := newWorld(t, kind, 7)
	w.taken = map[*record]bool{}
	k, s := w.worker(), &story{world: w}
	none := map[string]any{}
	for _, r := range []**record{&s.twice, &s.narrowed, &s.redacted, &s.drafted, &s.withdrawn} {
		*r = k.conceive()
		s.need(k.begin(*r) && k.save(*r) && k.save(*r))
		if r != &s.drafted {
			s.need(k.take(t.Context(), k.review(*r)...))
		}
	}
	s.need(k.do(s.twice, ana, "new-version", none) && k.save(s.twice) && k.take(t.Context(), k.review(s.twice)...))
	s.need(k.do(s.narrowed, felix, "narrow", map[string]any{"handling": map[string]string{"marking": "members"}}))
	s.need(k.do(s.redacted, felix, "redact", map[string]any{"pointers": []string{"/place/locality"}, "reason": "privacy"}))
	s.need(k.do(s.withdrawn, felix, "withdraw", map[string]any{"reason": "refuted"}))
	s.batch = k.file()
	k.journal.addBatch(s.batch)
	for !s.batch.dead {
		s.need(k.further(s.batch))
	}
	for _, r := range w.journal.records {
		_, ok := k.look(r)
		s.need(ok)
	}
	return s
}

func (s *story) need(ok bool) {
	s.t.Helper()
	if !ok {
		s.t.Fatal(s.journal.complaints(), s.server.words.last())
	}
}

// plant is one thing that is tampered with, and how the checker calls it.
type plant struct {
	name  string
	finds string
	do    []string // statements; {twice} is the id of a record of the story
	with  func(*story, *sql.Tx) error
	told  func(*story, *journal) // changes what was acknowledged
}

func plants() []plant {
	return []plant{
		{name: "an entry dropped", finds: "ledger.gap", do: []string{`DELETE FROM ledger WHERE seq = 5`}},
		{name: "two entries swapped", finds: "ledger.chain", do: []string{`UPDATE ledger SET seq = seq + 1000000 WHERE seq IN (5, 6)`,
			`UPDATE ledger SET seq = 1000011 - seq WHERE seq > 1000000`}},
		{name: "an entry changed", finds: "ledger.hash", do: []string{`UPDATE ledger SET person = 'eve' WHERE seq = 5`}},
		{name: "the last entry dropped, the head made to fit", finds: "record.entry", do: []string{
			`DELETE FROM ledger WHERE subject = '{twice}' AND action = 'incident.publish'`}},
		{name: "the head off by one", finds: "ledger.head", do: []string{`UPDATE ledger_head SET seq = seq + 1 WHERE chain = 'ledger'`}},
		{name: "the head of a feed off by one", finds: "feed.head", do: []string{`UPDATE ledger_head SET seq = seq - 1 WHERE chain = 'members'`}},
		{name: "details gone", finds: "ledger.details", do: []string{`DELETE FROM ledger_details WHERE seq = (SELECT max(seq) FROM ledger_details)`}},
		{name: "details changed", finds: "ledger.details", do: []string{`UPDATE ledger_details SET json = salt WHERE seq = (SELECT max(seq) FROM ledger_details)`}},
		{name: "a byte of a content changed", finds: "content.hash", with: func(s *story, tx *sql.Tx) error {
			return flipByte(tx, "contents", "bytes", fmt.Sprintf("hash = (SELECT content_hash FROM versions WHERE record = '%s' AND n = 1)", s.twice.id))
		}},
		{name: "a content gone", finds: "content.missing", do: []string{`DELETE FROM contents WHERE hash = (SELECT content_hash FROM versions WHERE record = '{redacted}' AND n = 1)`}},
		{name: "a content nobody signed for", finds: "content.orphan", do: []string{`INSERT INTO contents (hash, salt, schema, bytes) SELECT 'abc', salt, schema, bytes FROM contents WHERE hash = (SELECT min(hash) FROM contents)`}},
		{name: "a view's hash changed", finds: "view.hash", do: []string{`UPDATE views_public SET hash = 'abc' WHERE record = '{twice}' AND edition = 1`}},
		{name: "a view changed with its hash", finds: "view.feed", with: changeView},
		{name: "a view gone", finds: "view.missing", do: []string{`DELETE FROM views_members WHERE record = '{twice}' AND edition = 1`}},
		{name: "half an edition: no current view for members", finds: "view.tier", do: []string{`UPDATE views_members SET is_current = (1 = 0) WHERE record = '{twice}'`}},
		{name: "a view put in", finds: "view.unfed", do: []string{`INSERT INTO views_named SELECT * FROM views_members WHERE record = '{twice}' AND edition = 1`}},
		{name: "a narrowing undone", finds: "view.wide", do: []string{`UPDATE views_public SET tombstone = '' WHERE record = '{narrowed}'`}},
		{name: "a feed entry gone", finds: "feed.gap", do: []string{`DELETE FROM feed WHERE tier = 1 AND no = 2`}},
		{name: "the last feed entry gone, the head made to fit", finds: "view.unfed", do: []string{
			`DELETE FROM feed WHERE tier = 0 AND no = (SELECT max(no) FROM feed WHERE tier = 0)`,
			`UPDATE ledger_head SET seq = (SELECT max(no) FROM feed WHERE tier = 0), hash = (SELECT hash FROM feed WHERE tier = 0 AND no =
				(SELECT max(no) FROM feed WHERE tier = 0)) WHERE chain = 'public'`}},
		{name: "a feed entry changed", finds: "feed.hash", do: []string{`UPDATE feed SET view_hash = 'abc' WHERE tier = 0 AND no = 1`}},
		{name: "an edition left out", finds: "record.edition", do: []string{`UPDATE versions SET edition = 3 WHERE record = '{twice}' AND edition = 2`,
			`UPDATE records SET edition = 3 WHERE id = '{twice}'`}},
		{name: "a version left out", finds: "version.number", do: []string{`UPDATE versions SET n = 7 WHERE record = '{twice}' AND n = 2`}},
		{name: "a recommendation gone", finds: "sign.missing", do: []string{`DELETE FROM attestations WHERE kind = 'recommend' AND record = '{twice}'`}},
		{name: "a signature forged", finds: "sign.entry", do: []string{`UPDATE attestations SET content_hash = 'abc' WHERE kind = 'approve' AND record = '{twice}'`}},
		{name: "an acknowledged working copy lost", finds: "journal.lost", do: []string{`UPDATE versions SET revision = revision - 1 WHERE record = '{drafted}'`}},
		{name: "the words of a working copy lost", finds: "journal.words", with: func(s *story, tx *sql.Tx) error {
			_, err := tx.Exec("UPDATE versions SET body = $1 WHERE record = $2", bodyOf(s.drafted.sent), s.drafted.id)
			return err
		}},
		{name: "an acknowledged publication lost", finds: "journal.lost", told: func(s *story, j *journal) {
			lost := *s.drafted
			lost.acked = append(slices.Clone(lost.acked), "submit", "claim", "recommend", "publish")
			lost.last.State, lost.last.Edition, lost.last.Revision = "live", 1, "5.0"
			j.records[slices.Index(j.records, s.drafted)] = &lost
		}},
		{name: "an acknowledged entry lost", finds: "journal.entry", told: func(s *story, j *journal) {
			lost := *s.twice
			lost.acked = append(slices.Clone(lost.acked), "confirm")
			j.records[slices.Index(j.records, s.twice)] = &lost
		}},
		{name: "an acknowledged record gone", finds: "journal.lost", told: func(_ *story, j *journal) {
			j.records = append(j.records, &record{id: "BID-GONE", word: "zqkgone", acked: []string{"create"}})
		}},
		{name: "a publication that nobody took", finds: "journal.entry", told: func(s *story, j *journal) {
			less := *s.twice
			less.acked = slices.DeleteFunc(slices.Clone(less.acked), func(op string) bool { return op == "publish" })
			j.records[slices.Index(j.records, s.twice)] = &less
		}},
		{name: "one creation made two records", finds: "journal.twice", do: copyRecord("{drafted}")},
		{name: "one row made two records", finds: "import.twice", do: copyRecord("{row}")},
		{name: "an import miscounted", finds: "import.count", do: []string{`UPDATE imports SET new = new - 1`}},
		{name: "a row of an import gone", finds: "import.gap", do: []string{`DELETE FROM import_rows WHERE ordinal = 3`}},
		{name: "a row that made nothing", finds: "import.row", do: []string{`UPDATE import_rows SET record = 'BID-NONE' WHERE ordinal = 3`}},
		{name: "the step of a row lost", finds: "journal.batch", do: []string{`UPDATE import_rows SET step = 'claim' WHERE ordinal = 3`}},
		{name: "the state of a batch lost", finds: "journal.batch", do: []string{`UPDATE imports SET state = 'submitted'`}},
		{name: "a row of an import not found again", finds: "import.row", do: []string{`DELETE FROM external_ids WHERE value = (SELECT min(value) FROM external_ids)`}},
		{name: "terms of no version", finds: "link.broken", do: []string{`INSERT INTO terms (version, kind, code) VALUES ('none', 'area', 'KEN')`}},
	}
}

// copyRecord writes a record a second time, under another id.
func copyRecord(id string) []string {
	return []string{`INSERT INTO records (id, no, owner, originator, state, handling, marking, edition, revision, created,
			reason, merged_into, batch, review_depth, last_seq) SELECT 'BID-COPY', no + 100000, owner, originator, state, handling, marking, edition, revision, created,
			reason, merged_into, batch, review_depth, last_seq FROM records WHERE id = '` + id + `'`,
		`INSERT INTO versions (id, record, n, class, state, base, edition, body, handling, marking, content_hash, author,
			authors, round, revision, submitted, updated, reason, flags, depth) SELECT 'copy-' || id, 'BID-COPY', n, class, state, base, edition, body, handling, marking, content_hash, author,
			authors, round, revision, submitted, updated, reason, flags, depth FROM versions WHERE record = '` + id + `'`}
}

// bodyOf gives the body that a request sent.
func bodyOf(sent []byte) []byte {
	var in struct{ Body json.RawMessage }
	_ = json.Unmarshal(sent, &in)
	return in.Body
}

// flipByte changes one byte.
func flipByte(tx *sql.Tx, table, column, where string) error {
	var data []byte
	if err := tx.QueryRow("SELECT " + column + " FROM " + table + " WHERE " + where).Scan(&data); err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	_, err := tx.Exec("UPDATE "+table+" SET "+column+" = $1 WHERE "+where, data)
	return err
}

// changeView changes a word of a view and makes its hash fit.
func changeView(s *story, tx *sql.Tx) error {
	var data []byte
	if err := tx.QueryRow("SELECT bytes FROM views_public WHERE record = $1 AND is_current", s.twice.id).Scan(&data); err != nil {
		return err
	}
	data = bytes.ReplaceAll(data, []byte(s.twice.word), []byte("zqkbdbdbdbdb"))
	_, err := tx.Exec("UPDATE views_public SET bytes = $1, hash = $2 WHERE record = $3 AND is_current", data, hashOf(data), s.twice.id)
	return err
}

func (s *story) fill(statement string) (string, error) {
	var row string
	err := s.site.snapshot(func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT min(record) FROM import_rows WHERE outcome = 'created'").Scan(&row)
	})
	return strings.NewReplacer("{twice}", s.twice.id, "{narrowed}", s.narrowed.id, "{redacted}", s.redacted.id, "{drafted}", s.drafted.id,
		"{withdrawn}", s.withdrawn.id, "{row}", row).Replace(statement), err
}

// tampered gives what the checker finds after one thing was tampered with. The database is left as it was.
func (s *story) tampered(p plant) (found []finding, err error) {
	var statements []string
	for _, statement := range p.do {
		filled, err := s.fill(statement)
		if err != nil {
			return nil, err
		}
		statements = append(statements, filled)
	}
	err = s.site.scratch(func(tx *sql.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		if p.with != nil {
			if err := p.with(s, tx); err != nil {
				return err
			}
		}
		told := &journal{records: slices.Clone(s.journal.records), batches: s.journal.batches}
		if p.told != nil {
			p.told(s, told)
		}
		c := newChecker(tx)
		c.checkStored()
		c.checkJournal(told)
		found = c.findings
		return c.err
	})
	return found, err
}

func names(found []finding) []string {
	var all []string
	for _, f := range found {
		if !slices.Contains(all, f.name) {
			all = append(all, f.name)
		}
	}
	return all
}

// TestCheckerNotices tampers with a database that is well.
func TestCheckerNotices(t *testing.T) {
	for _, kind := range []string{sqlite, postgres} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := tell(t, kind)
			for _, f := range s.check(10) {
				t.Fatalf("it is not well before: %s", f)
			}
			for _, p := range plants() {
				found, err := s.tampered(p)
				if err != nil {
					t.Fatalf("%s: %v", p.name, err)
				}
				if !slices.Contains(names(found), p.finds) {
					t.Errorf("%s: found is %v, not %s", p.name, found, p.finds)
				}
			}
			for _, f := range s.check(10) {
				t.Errorf("it is not well afterwards: %s", f)
			}
			s.noticesAnswers(t)
		})
	}
}

// answering gives what the checker finds in what readers are told, when answers pass through a function.
func (s *story) answering(change func(path string, body []byte) []byte) []string {
	s.t.Helper()
	var found []finding
	s.ok(s.site.snapshot(func(tx *sql.Tx) error {
		c := newChecker(tx)
		c.checkStored()
		readers := s.readers()
		for _, r := range readers {
			r.http.Transport = changing{change}
		}
		c.checkAnswers(readers, s.journal.records, 10)
		c.checkProduct(s.site)
		found = c.findings
		return c.err
	}))
	return names(found)
}

// changing changes answers on their way.
type changing struct {
	change func(path string, body []byte) []byte
}

func (c changing) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(c.change(r.URL.Path, body)))
	return response, err
}

func same(_ string, body []byte) []byte { return body }

// tree reads an answer, lets it be changed, and writes it.
func tree(body []byte, change func(map[string]any)) []byte {
	var t map[string]any
	if json.Unmarshal(body, &t) != nil {
		return body
	}
	change(t)
	changed, _ := json.Marshal(t)
	return changed
}

// noticesAnswers tampers with what an index holds: in its answers, and by changing views that it was made from.
func (s *story) noticesAnswers(t *testing.T) {
	t.Helper()
	search := func(change func(map[string]any)) func(string, []byte) []byte {
		return func(path string, body []byte) []byte {
			if path != "/api/v1/search" {
				return body
			}
			return tree(body, change)
		}
	}
	for _, p := range []struct {
		name, finds string
		change      func(string, []byte) []byte
	}{
		{"a row of the columns missing", "index.missing", search(func(t map[string]any) {
			if hits := t["hits"].([]any); len(hits) > 0 {
				t["hits"], t["total"] = hits[1:], t["total"].(float64)-1
			}
		})},
		{"a total that counts what is hidden", "index.total", search(func(t map[string]any) { t["total"] = t["total"].(float64) + 1 })},
		{"a word that is not indexed", "index.word", search(func(t map[string]any) {
			if t["total"].(float64) == 1 {
				t["hits"], t["total"] = []any{}, 0
			}
		})},
		{"an answer of an earlier edition", "view.answer", func(path string, body []byte) []byte {
			return bytes.Replace(body, []byte(`"hash":"`), []byte(`"hash":"0`), 1)
		}},
		{"an entry of the feed not told", "feed.answer", func(path string, body []byte) []byte {
			if path != "/api/v1/feed" {
				return body
			}
			return tree(body, func(t map[string]any) {
				if entries, ok := t["entries"].([]any); ok && len(entries) > 0 {
					t["entries"] = entries[1:]
				}
			})
		}},
	} {
		if got := s.answering(p.change); !slices.Contains(got, p.finds) {
			t.Errorf("%s: found is %v, not %s", p.name, got, p.finds)
		}
	}
	db, err := s.site.open("immediate")
	s.ok(err)
	defer db.Close()
	tx, err := db.BeginTx(context.Background(), nil)
	s.ok(err)
	s.ok(changeView(s, tx))
	s.ok(tx.Commit())
	got := s.answering(same)
	for _, name := range []string{"index.word", "product.verify", "product.index"} {
		if !slices.Contains(got, name) && (name != "product.index" || comparesIndex()) {
			t.Errorf("a stale row of the index: found is %v, not %s", got, name)
		}
	}
	filled, err := s.fill(`INSERT INTO views_public SELECT 'BID-COPY', edition, no + 100000, is_current, bytes, hash, title, unit, earliest, latest, deaths_low,
		codes, owner, shown_owner, recipients, published, tombstone, reason, merged_into FROM views_public WHERE record = '{twice}' AND is_current`)
	s.ok(err)
	for _, statement := range append(copyRecord(s.twice.id), filled) {
		_, err = db.Exec(statement)
		s.ok(err)
	}
	if got := s.answering(same); !slices.Contains(got, "index.missing") {
		t.Errorf("a view that is not indexed: found is %v, not index.missing", got)
	}
}
