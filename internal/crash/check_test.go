package crash

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	_ "github.com/glebarez/go-sqlite"  // the driver sqlite
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
)

// finding is something that is not as it must be.
type finding struct {
	name  string // ledger.gap …
	where string
	what  string
}

func (f finding) String() string { return f.name + " at " + f.where + ": " + f.what }

// asker is a snapshot of a database.
type asker interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// open opens the database of a site past the product; begin is how SQLite begins a transaction, deferred or immediate.
func (s *site) open(begin string) (*sql.DB, error) {
	if s.cluster != nil {
		return sql.Open("pgx", s.cluster.URL())
	}
	return sql.Open("sqlite", "file:"+s.dir+"/bid.db?_pragma=busy_timeout(60000)&_txlock="+begin)
}

// snapshot gives a function one snapshot to read.
func (s *site) snapshot(check func(tx *sql.Tx) error) error {
	return s.within("deferred", check)
}

// scratch gives a function one snapshot that it may write to. SQLite takes the writer's lock at once: a snapshot that was
// only read until then is refused without waiting (SQLITE_BUSY_SNAPSHOT) when the server has written in between.
func (s *site) scratch(tamper func(tx *sql.Tx) error) error {
	return s.within("immediate", tamper)
}

// within runs a function in one transaction and undoes whatever it does.
func (s *site) within(begin string, check func(tx *sql.Tx) error) (err error) {
	db, err := s.open(begin)
	if err != nil {
		return err
	}
	defer db.Close()
	options := &sql.TxOptions{}
	if s.cluster != nil {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.BeginTx(context.Background(), options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	return check(tx)
}

// checker compares what is in a database with itself and with what was acknowledged.
type checker struct {
	db       asker
	findings []finding
	err      error

	ledger   map[int64]entry
	last     int64
	subjects map[string]map[string]int // subject → action → entries
	signed   map[string]bool           // version|content hash that an entry names
	named    map[string]bool           // content hashes that an entry names
	contents map[string][]byte
	records  map[string]recordRow
	versions map[string][]versionRow // by record, by number
	views    map[viewKey]viewRow
}

type entry struct{ subject, detailsHash, hash string }

type recordRow struct {
	state             string
	no, marking       int64
	edition, revision int64
	lastSeq           int64
	batch             string
}

type versionRow struct {
	id, class, state, content string
	n, edition, revision      int64
	body                      []byte
}

type viewKey struct {
	tier, record string
	edition      int64
}

type viewRow struct {
	hash, tombstone string
	bytes           []byte
	no              int64
	current         bool
}

// tiers as chains and tables name them, in the order of their numbers.
func tiers() []string { return []string{"public", "members", "named"} }

func newChecker(db asker) *checker {
	return &checker{db: db, ledger: map[int64]entry{}, subjects: map[string]map[string]int{}, signed: map[string]bool{},
		named: map[string]bool{}, contents: map[string][]byte{}, records: map[string]recordRow{}, versions: map[string][]versionRow{},
		views: map[viewKey]viewRow{}}
}

// checkStored compares a database with itself.
func (c *checker) checkStored() {
	for _, step := range []func(){c.checkLedger, c.checkDetails, c.checkContents, c.readRecords, c.readVersions, c.readViews,
		c.checkRecords, c.checkSignatures, c.checkFeeds, c.checkViews, c.checkImports, c.checkLinks} {
		step()
	}
}

func (c *checker) find(name, where, format string, args ...any) {
	c.findings = append(c.findings, finding{name, where, fmt.Sprintf(format, args...)})
}

// each visits the rows of a query. visit scans.
func (c *checker) each(query string, visit func(scan func(...any)), args ...any) {
	if c.err != nil {
		return
	}
	rows, err := c.db.QueryContext(context.Background(), query, args...)
	if err != nil {
		c.err = fmt.Errorf("%s: %w", query, err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		visit(func(into ...any) {
			if err := rows.Scan(into...); err != nil {
				c.err = fmt.Errorf("%s: %w", query, err)
			}
		})
	}
	c.err = errors.Join(c.err, rows.Err())
}

// sealed is the SHA-256 of fields, each as its length, a colon, its bytes and a line feed.
func sealed(fields ...string) string {
	h := sha256.New()
	for _, field := range fields {
		fmt.Fprintf(h, "%d:%s\n", len(field), field)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hashOf(parts ...[]byte) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func text(n int64) string { return strconv.FormatInt(n, 10) }

// head compares the head of a chain with its last link.
func (c *checker) head(chain string, seq int64, hash string) {
	there := false
	c.each("SELECT seq, hash FROM ledger_head WHERE chain = $1", func(scan func(...any)) {
		var headSeq int64
		var headHash string
		scan(&headSeq, &headHash)
		there = true
		if headSeq != seq || headHash != hash {
			c.find(family(chain)+".head", chain, "the head is %d %s, the last entry %d %s", headSeq, headHash, seq, hash)
		}
	}, chain)
	if !there && c.err == nil {
		c.find(family(chain)+".head", chain, "there is no head")
	}
}

func family(chain string) string {
	if chain == "ledger" {
		return chain
	}
	return "feed"
}

func (c *checker) checkLedger() {
	var seq int64
	prev := ""
	c.each("SELECT seq, at, person, org, via, action, subject, version, content_hash, details_hash, prev, hash FROM ledger ORDER BY seq", func(scan func(...any)) {
		var n, at int64
		var person, org, via, action, subject, version, content, details, before, hash string
		scan(&n, &at, &person, &org, &via, &action, &subject, &version, &content, &details, &before, &hash)
		where := "ledger " + text(n)
		switch {
		case n != seq+1:
			c.find("ledger.gap", where, "it follows %d", seq)
		case before != prev:
			c.find("ledger.chain", where, "it is chained to another entry")
		}
		if sealed("bid ledger entry 1", before, text(n), text(at), person, org, via, action, subject, version, content, details) != hash {
			c.find("ledger.hash", where, "it is not what was sealed")
		}
		seq, prev = n, hash
		c.ledger[n] = entry{subject, details, hash}
		if c.subjects[subject] == nil {
			c.subjects[subject] = map[string]int{}
		}
		c.subjects[subject][action]++
		if content != "" {
			c.signed[version+"|"+content] = true
			c.named[content] = true
		}
	})
	c.last = seq
	c.head("ledger", seq, prev)
}

func (c *checker) checkDetails() {
	there := map[int64]bool{}
	c.each("SELECT seq, salt, json FROM ledger_details", func(scan func(...any)) {
		var seq int64
		var salt, words []byte
		scan(&seq, &salt, &words)
		there[seq] = true
		if hashOf(salt, words) != c.ledger[seq].detailsHash {
			c.find("ledger.details", "ledger "+text(seq), "its details are others")
		}
	})
	for seq, e := range c.ledger {
		if e.detailsHash != "" && !there[seq] {
			c.find("ledger.details", "ledger "+text(seq), "its details are gone")
		}
	}
}

func (c *checker) checkContents() {
	c.each("SELECT hash, salt, bytes FROM contents", func(scan func(...any)) {
		var hash string
		var salt, bytes []byte
		scan(&hash, &salt, &bytes)
		c.contents[hash] = bytes
		if hashOf(salt, bytes) != hash || len(salt) != 32 {
			c.find("content.hash", "content "+hash, "it is not what was hashed")
		}
		if !json.Valid(bytes) {
			c.find("content.hash", "content "+hash, "it is no JSON")
		}
		if !c.named[hash] {
			c.find("content.orphan", "content "+hash, "no entry of the ledger names it")
		}
	})
	for hash := range c.named {
		if _, ok := c.contents[hash]; !ok {
			c.find("content.missing", "content "+hash, "the ledger names it")
		}
	}
}

func (c *checker) readRecords() {
	c.each("SELECT id, no, state, marking, edition, revision, last_seq, batch FROM records", func(scan func(...any)) {
		var id string
		var r recordRow
		scan(&id, &r.no, &r.state, &r.marking, &r.edition, &r.revision, &r.lastSeq, &r.batch)
		c.records[id] = r
	})
}

func (c *checker) readVersions() {
	c.each("SELECT record, id, n, class, state, edition, revision, content_hash, body FROM versions ORDER BY record, n", func(scan func(...any)) {
		var record string
		var v versionRow
		scan(&record, &v.id, &v.n, &v.class, &v.state, &v.edition, &v.revision, &v.content, &v.body)
		c.versions[record] = append(c.versions[record], v)
	})
}

func (c *checker) readViews() {
	for _, tier := range tiers() {
		c.each("SELECT record, edition, no, is_current, bytes, hash, tombstone FROM views_"+tier, func(scan func(...any)) {
			k := viewKey{tier: tier}
			var v viewRow
			scan(&k.record, &k.edition, &v.no, &v.current, &v.bytes, &v.hash, &v.tombstone)
			c.views[k] = v
		})
	}
}

// open tells whether a version can still be worked on.
func (v versionRow) open() bool {
	switch v.state {
	case "published", "declined", "discarded":
		return false
	}
	return true
}

// checkRecords compares heads with versions, and with the entries that changed them.
func (c *checker) checkRecords() {
	for id, r := range c.records {
		where := "record " + id
		if e, ok := c.ledger[r.lastSeq]; !ok || e.subject != id {
			c.find("record.entry", where, "its last entry, %d, is about %q", r.lastSeq, e.subject)
		}
		if len(c.versions[id]) == 0 {
			c.find("record.versions", where, "it has none")
		}
		c.checkVersions(id, r)
		if (r.state == "reserved") != (r.edition == 0) && r.state != "merged" {
			c.find("record.state", where, "it is %s with %d editions", r.state, r.edition)
		}
	}
}

func (c *checker) checkVersions(id string, r recordRow) {
	where := "record " + id
	open, editions := 0, int64(0)
	for i, v := range c.versions[id] {
		if v.n != int64(i)+1 {
			c.find("version.number", where, "version %d stands where %d belongs", v.n, i+1)
		}
		if v.open() {
			open++
		}
		if (v.state == "published") != (v.edition > 0) {
			c.find("version.edition", where, "version %d is %s with edition %d", v.n, v.state, v.edition)
		}
		if v.edition > 0 {
			if editions++; v.edition != editions {
				c.find("record.edition", where, "edition %d stands where %d belongs", v.edition, editions)
			}
		}
		if frozen(v.state) {
			if _, ok := c.contents[v.content]; !ok {
				c.find("version.content", where, "version %d (%s) has no content %q", v.n, v.state, v.content)
			}
		}
	}
	if open > 1 {
		c.find("version.open", where, "%d are open", open)
	}
	if editions != r.edition {
		c.find("record.edition", where, "its head says %d, there are %d", r.edition, editions)
	}
}

// frozen tells the states in which what a version says is a content.
func frozen(state string) bool {
	switch state {
	case "submitted", "in_review", "reviewed", "scheduled", "published":
		return true
	}
	return false
}

// checkSignatures finds for each edition the signatures that made it, and for each signature its entry.
func (c *checker) checkSignatures() {
	kinds := map[string]map[string]int{} // version|content → kind → how many
	c.each("SELECT id, kind, version, content_hash FROM attestations", func(scan func(...any)) {
		var id, kind, version, content string
		scan(&id, &kind, &version, &content)
		of := version + "|" + content
		if !c.signed[of] {
			c.find("sign.entry", "attestation "+id, "no entry of the ledger is about what was signed")
		}
		if kinds[of] == nil {
			kinds[of] = map[string]int{}
		}
		kinds[of][kind]++
	})
	for record, versions := range c.versions {
		for _, v := range versions {
			if v.state != "published" {
				continue
			}
			for _, kind := range needs(v.class) {
				if kinds[v.id+"|"+v.content][kind] == 0 {
					c.find("sign.missing", "record "+record, "edition %d (%s) has no %s", v.edition, v.class, kind)
				}
			}
		}
	}
}

// needs gives the kinds of signatures without which there is no edition of a class.
func needs(class string) []string {
	switch class {
	case "initial", "correction", "reclassification":
		return []string{"consent", "recommend", "approve"}
	case "redaction":
		return []string{"approve"}
	}
	return []string{"consent"}
}

// checkFeeds replays the feeds: what they say was shown last is what is stored, and nothing else is.
func (c *checker) checkFeeds() {
	type shown struct {
		hash string
		no   int64
	}
	said := map[viewKey]shown{}
	for number, tier := range tiers() {
		var no int64
		prev := ""
		c.each("SELECT no, at, record, edition, kind, view_hash, prev, hash, seq FROM feed WHERE tier = $1 ORDER BY no", func(scan func(...any)) {
			var n, at, edition, seq int64
			var record, kind, view, before, hash string
			scan(&n, &at, &record, &edition, &kind, &view, &before, &hash, &seq)
			where := "feed " + tier + " " + text(n)
			switch {
			case n != no+1:
				c.find("feed.gap", where, "it follows %d", no)
			case before != prev:
				c.find("feed.chain", where, "it is chained to another entry")
			}
			if sealed("bid feed entry 1", before, tier, text(n), text(at), record, text(edition), kind, view) != hash {
				c.find("feed.hash", where, "it is not what was sealed")
			}
			if e, ok := c.ledger[seq]; !ok || e.subject != record {
				c.find("feed.entry", where, "it was written with entry %d, about %q", seq, e.subject)
			}
			no, prev = n, hash
			if kind == "tombstone" {
				for k := range said {
					if k.tier == tier && k.record == record {
						delete(said, k)
					}
				}
			}
			delete(said, viewKey{tier, record, edition})
			if view != "" {
				said[viewKey{tier, record, edition}] = shown{view, n}
			}
		}, number)
		c.head(tier, no, prev)
	}
	for k, s := range said {
		v, ok := c.views[k]
		switch {
		case !ok:
			c.find("view.missing", k.String(), "entry %d of the feed says it is shown", s.no)
		case v.hash != s.hash:
			c.find("view.feed", k.String(), "it is not the one that entry %d of the feed names", s.no)
		}
	}
	for k := range c.views {
		if _, ok := said[k]; !ok {
			c.find("view.unfed", k.String(), "no entry of the feed says it is shown")
		}
	}
}

func (k viewKey) String() string { return fmt.Sprintf("view %s %s@%d", k.tier, k.record, k.edition) }

// checkViews compares views with their hashes and with the records they show.
func (c *checker) checkViews() {
	current := map[viewKey]int64{} // edition of the current view, without edition in the key
	for k, v := range c.views {
		r, ok := c.records[k.record]
		if hashOf(v.bytes) != v.hash {
			c.find("view.hash", k.String(), "it is not what was hashed")
		}
		if !ok || v.no != r.no || k.edition > r.edition {
			c.find("view.record", k.String(), "its record is %+v", r)
		}
		if v.current {
			at := viewKey{tier: k.tier, record: k.record}
			if current[at] != 0 {
				c.find("view.current", k.String(), "two are current")
			}
			current[at] = k.edition
		}
	}
	c.checkCurrent(current)
}

// checkCurrent compares the tiers at which records are seen with those at which they shall be.
func (c *checker) checkCurrent(current map[viewKey]int64) {
	for k, v := range c.shown() {
		if r := c.records[k.record]; r.state != "live" || int64(slices.Index(tiers(), k.tier)) < r.marking {
			c.find("view.wide", k.String(), "its record is %s, with marking %d: %q", r.state, r.marking, v.tombstone)
		}
	}
	for id, r := range c.records {
		for _, tier := range mustShow(r) {
			edition := current[viewKey{tier: tier, record: id}]
			v := c.views[viewKey{tier, id, edition}]
			if edition != r.edition || v.tombstone != "" {
				c.find("view.tier", "record "+id, "it is %s with edition %d, its current view for %s is of edition %d %s", r.state, r.edition, tier, edition, v.tombstone)
			}
		}
	}
}

// mustShow gives the tiers at which a record is seen.
func mustShow(r recordRow) []string {
	if r.state != "live" {
		return nil
	}
	return [][]string{{"public", "members"}, {"members"}, {"named"}}[r.marking]
}

type importRow struct {
	state                                      string
	rows, news, unchanged, updated, refused, n int64
	outcomes                                   map[string]int64
}

// checkImports counts rows, and looks for records that were made twice of one row.
func (c *checker) checkImports() {
	imports := map[string]*importRow{}
	c.each("SELECT id, state, rows, new, unchanged, updated, refused FROM imports", func(scan func(...any)) {
		var id string
		i := &importRow{outcomes: map[string]int64{}}
		scan(&id, &i.state, &i.rows, &i.news, &i.unchanged, &i.updated, &i.refused)
		imports[id] = i
	})
	made := map[string]string{} // record → batch that says it made it
	c.each("SELECT batch, ordinal, outcome, record, row_id, step, step_why FROM import_rows ORDER BY batch, ordinal", func(scan func(...any)) {
		var batch, outcome, record, row, step, why string
		var ordinal int64
		scan(&batch, &ordinal, &outcome, &record, &row, &step, &why)
		i, where := imports[batch], fmt.Sprintf("import %s row %d", batch, ordinal)
		if i == nil {
			c.find("link.broken", where, "its import is gone")
			return
		}
		i.n++
		if ordinal != i.n {
			c.find("import.gap", where, "it follows %d", i.n-1)
		}
		i.outcomes[outcome]++
		r, ok := c.records[record]
		if (outcome != "refused") != ok {
			c.find("import.row", where, "it was %s, its record is %q", outcome, record)
		}
		if outcome == "created" {
			if made[record] != "" {
				c.find("import.twice", where, "row %s and another made %s", row, record)
			}
			made[record] = batch
			if r.batch != batch {
				c.find("import.row", where, "its record %s is of batch %q", record, r.batch)
			}
		}
		if step == "publish" && why == "" && r.edition == 0 {
			c.find("import.row", where, "it passed publishing, and %s has no edition", record)
		}
	})
	for id, i := range imports {
		told := i.rows == i.n && i.news == i.outcomes["created"] && i.unchanged == i.outcomes["unchanged"] &&
			i.updated == i.outcomes["updated"] && i.refused == i.outcomes["refused"]
		if i.state != "loading" && !told {
			c.find("import.count", "import "+id, "it counts %d rows, %d new; there are %d, %v", i.rows, i.news, i.n, i.outcomes)
		}
	}
	for id, r := range c.records {
		if r.batch != "" && made[id] != r.batch {
			c.find("import.row", "record "+id, "no row of batch %s made it", r.batch)
		}
	}
	c.checkRowIDs()
}

// checkRowIDs finds the records that say they come from one row of a source.
func (c *checker) checkRowIDs() {
	holders := map[string]string{}
	for id, versions := range c.versions {
		v := versions[0]
		said := v.body
		if len(said) == 0 {
			said = c.contents[v.content]
		}
		var body struct {
			Identity struct {
				ExternalIDs []struct{ Scheme, Value string } `json:"external_ids"`
			}
		}
		if json.Unmarshal(said, &body) != nil {
			continue
		}
		for _, external := range body.Identity.ExternalIDs {
			if external.Scheme != "source_row" {
				continue
			}
			if other := holders[external.Value]; other != "" {
				c.find("import.twice", "record "+id, "row %s is %s, too", external.Value, other)
			}
			holders[external.Value] = id
		}
	}
	c.each("SELECT value, record FROM external_ids WHERE scheme = 'source_row'", func(scan func(...any)) {
		var value, record string
		scan(&value, &record)
		if holders[value] != record {
			c.find("import.row", "row "+value, "it is found as %q, and stands in %q", record, holders[value])
		}
		delete(holders, value)
	})
	for value, record := range holders {
		c.find("import.row", "row "+value, "it stands in %s and is not found", record)
	}
}

// checkLinks looks for rows whose other end is gone. Databases check that at a commit; they do not check it afterwards.
func (c *checker) checkLinks() {
	for _, link := range []struct{ table, column, to, key string }{
		{"versions", "record", "records", "id"}, {"terms", "version", "versions", "id"},
		{"attestations", "version", "versions", "id"}, {"assignments", "version", "versions", "id"},
		{"comments", "version", "versions", "id"}, {"recipients", "record", "records", "id"},
		{"external_ids", "record", "records", "id"}, {"relations", "subject", "records", "id"},
		{"ledger_details", "seq", "ledger", "seq"}, {"records", "owner", "orgs", "id"},
		{"memberships", "person", "people", "id"}, {"grants", "org", "orgs", "id"}, {"tokens", "person", "people", "id"},
	} {
		query := fmt.Sprintf("SELECT count(*) FROM %s WHERE %s NOT IN (SELECT %s FROM %s)", link.table, link.column, link.key, link.to)
		c.each(query, func(scan func(...any)) {
			var n int64
			if scan(&n); n > 0 {
				c.find("link.broken", link.table, "%d rows whose %s is gone", n, link.column)
			}
		})
	}
}
