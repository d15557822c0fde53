package store

import (
	"encoding/json"
	"slices"

	"github.com/gowebpki/jcs"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
)

// WriteTx is one writing transaction. Reads through it see what SaveDraft wrote and not what was appended: that is
// written when the function has returned.
type WriteTx struct {
	*Tx
	by      Actor
	now     incident.Micros
	changes int
	events  []Event
	epoch   *int64                       // as read, when it was
	lastNo  int64                        // SQLite: the highest number handed out here
	known   map[string]incident.Handling // of the records that are locked
	sheets
}

// sheets are the rows that flush will write, table by table.
type sheets struct {
	orgs         []orgRow
	people       []personRow
	memberships  []membershipRow
	grants       []grantRow
	tokens       []tokenRow
	credentials  []credentialRow
	links        []linkRow
	usedLinks    []string // hashes
	dropLinks    []string // people
	endSessions  []string // people
	settings     []settingRow
	consents     []standingConsentRow
	glasses      []breakGlassRow
	records      []recordRow
	recordChange []int // for each of records, the ordinal of its change
	versions     []versionRow
	termsOf      []string // versions whose terms are replaced
	terms        []termRow
	contents     []contentRow
	attest       []attestationRow
	void         []string
	assign       []assignmentRow
	release      []Release
	comments     []commentRow
	externalOf   []string // records whose external ids are replaced
	external     []externalIDRow
	recipientsOf []string
	recipients   []recipientRow
	relations    []relationRow
	waits        []waitingRow
	settled      [][]any // record and kind of what waits no longer
	notes        []noteRow
	purged       []string
	purgedOnes   []purgedVersion
	imports      []importRow
	lines        []importLineRow
	steps        []RowStep
	views        []viewChange
	feed         []pendingFeed
	entries      []ledger.Entry
	details      []detailsRow // Seq is the ordinal of the change until the head is locked
	raiseEpoch   bool
}

// viewChange is what a change does to the views of a record.
type viewChange struct {
	ordinal int
	record  string
	head    *incident.Record
	views   Views
	feed    []ledger.FeedEntry
}

// pendingFeed waits for its number; change is the ordinal of the change that wrote it.
type pendingFeed struct {
	change int
	entry  ledger.FeedEntry
}

// Now gives the moment of the transaction: the one that its ledger entries carry.
func (tx *WriteTx) Now() incident.Micros { return tx.now }

// Epoch gives the policy epoch. When it is raised by another process before this transaction has its place in the
// ledger, the transaction runs again: nobody acts on rules that were already replaced.
func (tx *WriteTx) Epoch() (int64, error) {
	epoch, err := tx.Tx.Epoch()
	if err == nil {
		tx.epoch = &epoch
	}
	return epoch, err
}

// LockRecord reads a record and keeps every other writer from it until the transaction ends.
func (tx *WriteTx) LockRecord(id string) (incident.Record, error) {
	records, err := tx.LockRecords([]string{id})
	if err != nil {
		return incident.Record{}, err
	}
	if len(records) == 0 {
		return incident.Record{}, notFound("record")
	}
	return records[0], nil
}

// LockRecords locks several records, always in the order of their ids, so that two writers cannot wait for each other.
// Records that do not exist are left out. A transaction locks once; a second call may wait for ever and is then tried
// again as a whole.
func (tx *WriteTx) LockRecords(ids []string) ([]incident.Record, error) {
	lock := ""
	if tx.store.dialect == Postgres {
		lock = " FOR NO KEY UPDATE" // rows that refer to the record may still be written beside it
	}
	rows, err := query[recordRow](tx.Tx, "WHERE id IN ? ORDER BY id"+lock, padded(ids))
	if err != nil {
		return nil, err
	}
	records := make([]incident.Record, len(rows))
	for i, row := range rows {
		if records[i], err = row.record(); err != nil {
			return nil, err
		}
		tx.known[row.ID] = records[i].Handling
	}
	return records, nil
}

// NextNo gives the next number of a record. Numbers are never used twice; a transaction that fails may leave a gap.
func (tx *WriteTx) NextNo() (int64, error) {
	if tx.lastNo > 0 {
		tx.lastNo++
		return tx.lastNo, nil
	}
	var no int64
	if tx.store.dialect == Postgres {
		err := tx.db.Raw("SELECT nextval('record_numbers')").Scan(&no).Error
		return no, err
	}
	err := tx.db.Raw("SELECT COALESCE(MAX(no), 0) + 1 FROM records").Scan(&no).Error
	tx.lastNo = no
	return no, err
}

// SaveDraft writes the working copy of an open version: body, handling, class, author, authors, flags. Its Revision is
// the one that was read; fault.Stale (version.stale) tells that the version moved on or is no longer editable. There is
// no ledger entry. It gives the new revision.
func (tx *WriteTx) SaveDraft(v incident.Version) (int64, error) {
	row := versionRowOf(v)
	for _, text := range []string{v.Author, string(v.Body)} {
		if err := checkText(text); err != nil {
			return 0, err
		}
	}
	if row.Body == nil {
		row.Body = []byte{}
	}
	done := tx.db.Exec(`UPDATE versions SET body = ?, handling = ?, marking = ?, class = ?, author = ?, authors = ?,
		flags = ?, updated = ?, revision = revision + 1
		WHERE id = ? AND revision = ? AND state IN ('draft', 'changes_requested')`,
		row.Body, row.Handling, row.Marking, row.Class, row.Author, row.Authors, row.Flags, int64(tx.now),
		v.ID, v.Revision)
	if done.Error != nil {
		return 0, done.Error
	}
	if done.RowsAffected != 1 {
		return 0, fault.New(fault.Stale, "version.stale")
	}
	return v.Revision + 1, nil
}

// Remember keeps the answer to a request under its idempotency key; fault.Conflict (idempotency.used) when there is one.
func (tx *WriteTx) Remember(key, person string, response []byte) error {
	return insert(tx.store, tx.db, []idempotencyRow{{key, person, response, int64(tx.now)}}, "")
}

// TouchToken notes that a token was used.
func (tx *WriteTx) TouchToken(id string) error {
	return tx.db.Exec("UPDATE tokens SET last_used = ? WHERE id = ? AND last_used < ?", int64(tx.now), id,
		int64(tx.now)).Error
}

// Event records an event when the transaction is committed.
func (tx *WriteTx) Event(e Event) { tx.events = append(tx.events, e) }

// Append takes one accepted change, which becomes one ledger entry. It is written when the transaction ends.
func (tx *WriteTx) Append(c Change) error {
	if tx.changes == MaxChanges {
		return misuse("more than %d changes in one Write", MaxChanges)
	}
	if c.Action == "" {
		return misuse("a change without an action")
	}
	complete(&c)
	if err := tx.appendEntry(c); err != nil {
		return err
	}
	tx.appendPolicies(c)
	if err := tx.appendRecord(c); err != nil {
		return err
	}
	tx.appendReview(c)
	if err := tx.appendViews(c); err != nil {
		return err
	}
	tx.changes++
	return nil
}

// complete fills in what follows from the rest.
func complete(c *Change) {
	if c.Subject == "" && c.Record != nil {
		c.Subject = c.Record.ID
	}
	if c.Version == "" && c.Version_ != nil {
		c.Version = c.Version_.ID
	}
	if c.ContentHash == "" && c.Content != nil {
		c.ContentHash = c.Content.Hash
	}
	if c.ContentHash == "" && len(c.Attest) > 0 {
		c.ContentHash = c.Attest[0].ContentHash
	}
}

func (tx *WriteTx) appendEntry(c Change) error {
	entry := ledger.Entry{At: int64(tx.now), Person: tx.by.Person, Org: tx.by.Org, Via: string(tx.by.Via),
		Action: c.Action, Subject: c.Subject, Version: c.Version, ContentHash: c.ContentHash}
	if c.Details != nil {
		words, err := json.Marshal(c.Details)
		if err != nil {
			return misuse("details of %s: %w", c.Action, err)
		}
		if words, err = jcs.Transform(words); err != nil {
			return misuse("details of %s: %w", c.Action, err)
		}
		if err := checkText(string(words)); err != nil {
			return err
		}
		salt, err := tx.store.random(16)
		if err != nil {
			return err
		}
		entry.DetailsHash = ledger.DetailsHash(salt, words)
		tx.details = append(tx.details, detailsRow{int64(tx.changes), salt, words})
	}
	tx.entries = append(tx.entries, entry)
	return nil
}

func (tx *WriteTx) appendPolicies(c Change) {
	for _, org := range c.Orgs {
		tx.orgs = append(tx.orgs, orgRowOf(org))
	}
	for _, person := range c.People {
		tx.people = append(tx.people, personRowOf(person))
	}
	for _, membership := range c.Memberships {
		tx.memberships = append(tx.memberships, membershipRowOf(membership))
	}
	for _, grant := range c.Grants {
		tx.grants = append(tx.grants, grantRowOf(grant))
	}
	for _, token := range c.Tokens {
		tx.tokens = append(tx.tokens, tokenRowOf(token))
	}
	tx.appendSignIn(c)
	for _, consent := range c.StandingConsents {
		tx.consents = append(tx.consents, standingConsentRowOf(consent))
	}
	if c.BreakGlass != nil {
		tx.glasses = append(tx.glasses, breakGlassRowOf(*c.BreakGlass))
	}
	if c.Setting != nil {
		tx.settings = append(tx.settings, settingRowOf(*c.Setting))
	}
	if c.Import != nil {
		tx.imports = append(tx.imports, importRowOf(*c.Import))
	}
	for _, row := range c.ImportRows {
		tx.lines = append(tx.lines, importLineRowOf(row))
	}
	tx.steps = append(tx.steps, c.Steps...)
	tx.raiseEpoch = tx.raiseEpoch || c.RaiseEpoch
}

func (tx *WriteTx) appendSignIn(c Change) {
	for _, credential := range c.Credentials {
		tx.credentials = append(tx.credentials, credentialRowOf(credential))
	}
	for _, link := range c.Links {
		tx.links = append(tx.links, linkRowOf(link))
	}
	if c.UseLink != "" {
		tx.usedLinks = append(tx.usedLinks, c.UseLink)
	}
	tx.dropLinks = append(tx.dropLinks, c.DropLinks...)
	tx.endSessions = append(tx.endSessions, c.EndSessions...)
}

func (tx *WriteTx) appendRecord(c Change) error {
	if c.Record != nil {
		tx.records = append(tx.records, recordRowOf(*c.Record))
		tx.recordChange = append(tx.recordChange, tx.changes)
		tx.appendRecipients(*c.Record)
	}
	if c.Version_ != nil {
		if err := checkText(string(c.Version_.Body)); err != nil {
			return err
		}
		tx.versions = append(tx.versions, versionRowOf(*c.Version_))
	}
	if c.VersionTerms != nil {
		if c.Version == "" {
			return misuse("terms without a version")
		}
		tx.appendTerms(c)
	}
	if c.Content != nil {
		if ledger.ContentHash(c.Content.Salt, c.Content.Bytes) != c.Content.Hash {
			return misuse("content that does not have its hash %s", c.Content.Hash)
		}
		tx.contents = append(tx.contents, contentRow(*c.Content))
	}
	if c.Relation != nil {
		tx.relations = append(tx.relations, relationRow{c.Relation.From, c.Relation.Kind, c.Relation.To})
	}
	if err := tx.appendWaiting(c); err != nil {
		return err
	}
	return tx.appendExternalIDs(c)
}

// appendWaiting keeps the last word of a transaction about what waits.
func (tx *WriteTx) appendWaiting(c Change) error {
	for _, kind := range c.Settle {
		tx.waits = slices.DeleteFunc(tx.waits, func(row waitingRow) bool {
			return row.Record == c.Subject && row.Kind == string(kind)
		})
		tx.settled = append(tx.settled, []any{c.Subject, string(kind)})
	}
	for _, waiting := range c.Wait {
		if waiting.Record != c.Subject {
			return misuse("what waits of %s is not of %s", waiting.Record, c.Subject)
		}
		row := waitingRowOf(waiting)
		tx.waits = slices.DeleteFunc(tx.waits, func(have waitingRow) bool {
			return have.Record == row.Record && have.Kind == row.Kind
		})
		tx.waits = append(tx.waits, row)
	}
	for _, note := range c.Notes {
		tx.notes = append(tx.notes, noteRowOf(note))
	}
	if c.Purge {
		tx.purged = append(tx.purged, c.Subject)
	}
	if c.PurgeVersion != "" {
		tx.purgedOnes = append(tx.purgedOnes, purgedVersion{c.Subject, c.PurgeVersion})
	}
	return nil
}

func (tx *WriteTx) appendRecipients(r incident.Record) {
	if r.Revision > 0 {
		if before, ok := tx.known[r.ID]; ok && slices.Equal(before.Recipients, r.Handling.Recipients) {
			return
		}
		tx.recipientsOf = append(tx.recipientsOf, r.ID)
	}
	tx.recipients = slices.DeleteFunc(tx.recipients, func(row recipientRow) bool { return row.Record == r.ID })
	for _, org := range once(r.Handling.Recipients) {
		tx.recipients = append(tx.recipients, recipientRow{r.ID, org})
	}
}

// Terms of the store's own, beside those of the content: work lists ask for them.
const (
	authorTerm   = "_author"
	excludedTerm = "_excluded"
)

func (tx *WriteTx) appendTerms(c Change) {
	version := c.Version
	if c.Version_ == nil || c.Version_.Revision > 0 {
		tx.termsOf = append(tx.termsOf, version)
	}
	tx.terms = slices.DeleteFunc(tx.terms, func(row termRow) bool { return row.Version == version })
	add := func(kind string, codes []string) {
		for _, code := range once(codes) {
			tx.terms = append(tx.terms, termRow{version, kind, code})
		}
	}
	for kind, codes := range c.VersionTerms {
		add(kind, codes)
	}
	if c.Version_ != nil {
		add(authorTerm, c.Version_.Authors)
		add(excludedTerm, c.Version_.Handling.Excluded)
	}
}

func (tx *WriteTx) appendExternalIDs(c Change) error {
	if c.ExternalIDs == nil {
		return nil
	}
	if c.Record == nil {
		return misuse("external ids without a record")
	}
	if c.Record.Revision > 0 {
		tx.externalOf = append(tx.externalOf, c.Record.ID)
	}
	tx.external = slices.DeleteFunc(tx.external, func(row externalIDRow) bool { return row.Record == c.Record.ID })
	for _, id := range c.ExternalIDs {
		tx.external = append(tx.external, externalIDRow{c.Record.Owner, id.Scheme, id.Value, c.Record.ID, id.ID})
	}
	return nil
}

func (tx *WriteTx) appendReview(c Change) {
	for _, attestation := range c.Attest {
		tx.attest = append(tx.attest, attestationRowOf(attestation))
	}
	tx.void = append(tx.void, c.Void...)
	for _, assignment := range c.Assign {
		tx.assign = append(tx.assign, assignmentRowOf(assignment))
	}
	tx.release = append(tx.release, c.Release...)
	for _, comment := range c.Comments {
		tx.comments = append(tx.comments, commentRowOf(comment))
	}
}

func (tx *WriteTx) appendViews(c Change) error {
	if c.Views == nil {
		if len(c.Feed) > 0 {
			return misuse("a feed entry without a view: %s", c.Subject)
		}
		return nil
	}
	change := viewChange{ordinal: tx.changes, head: c.Record, views: *c.Views, feed: c.Feed}
	for _, view := range slices.Concat(c.Views.Of, c.Views.Sealed) {
		if !view.bare() && ledger.ViewHash(view.Bytes) != view.Hash {
			return misuse("a view that does not have its hash: %s", view.Record)
		}
		if change.record != "" && change.record != view.Record {
			return misuse("views of two records in one change")
		}
		change.record = view.Record
	}
	if c.Record != nil {
		change.record = c.Record.ID
	}
	if change.record == "" || c.Views.Gone && c.Record == nil {
		return misuse("views without a record")
	}
	tx.views = append(tx.views, change)
	return nil
}

// once gives the values once each, in their order.
func once(values []string) []string {
	out := make([]string, 0, len(values))
	for _, value := range values {
		if !slices.Contains(out, value) {
			out = append(out, value)
		}
	}
	return out
}
