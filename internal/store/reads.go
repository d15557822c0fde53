package store

import (
	"slices"
	"strings"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/schema"
)

const (
	mostListed = 1000 // the largest page of any list
	mostKeys   = 512  // asked for in one statement
)

// query selects rows of one table.
func query[R tabler](tx *Tx, tail string, args ...any) ([]R, error) {
	var row R
	var rows []R
	err := tx.db.Raw("SELECT "+tx.store.columnsOf(row, "")+" FROM "+row.TableName()+" "+tail, args...).Scan(&rows).Error
	return rows, err
}

// first gives the one row that a query finds.
func first[R tabler](tx *Tx, tail string, args ...any) (R, bool, error) {
	rows, err := query[R](tx, tail, args...)
	if err != nil || len(rows) == 0 {
		var none R
		return none, false, err
	}
	return rows[0], true, nil
}

// must is first where the row has to be there.
func must[R tabler](tx *Tx, thing, tail string, args ...any) (R, error) {
	row, ok, err := first[R](tx, tail, args...)
	if err == nil && !ok {
		err = notFound(thing)
	}
	return row, err
}

// padded repeats the last value until the list has one of a few lengths, so that the drivers' caches of prepared
// statements are not filled with one statement per length.
func padded[T any](values []T) []T {
	length := 1
	for length < len(values) {
		length *= 2
	}
	out := slices.Grow(slices.Clone(values), length)
	for len(values) > 0 && len(out) < length {
		out = append(out, values[len(values)-1])
	}
	return out
}

// each runs a query for a list of keys, a bounded number at a time.
func each[R tabler, K any](tx *Tx, tail string, keys []K, fn func(R) error) error {
	for chunk := range slices.Chunk(keys, mostKeys) {
		rows, err := query[R](tx, tail, padded(chunk))
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := fn(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func mapped[R, D any](rows []R, fn func(R) D) []D {
	out := make([]D, len(rows))
	for i, row := range rows {
		out[i] = fn(row)
	}
	return out
}

func limited(limit int) int {
	if limit <= 0 || limit > mostListed {
		return mostListed
	}
	return limit
}

// Record gives a record's head; NotFound: record.not_found.
func (tx *Tx) Record(id string) (incident.Record, error) {
	row, err := must[recordRow](tx, "record", "WHERE id = ?", id)
	if err != nil {
		return incident.Record{}, err
	}
	return row.record()
}

// RecordByNo gives the record of a number; NotFound: record.not_found.
func (tx *Tx) RecordByNo(no int64) (incident.Record, error) {
	row, err := must[recordRow](tx, "record", "WHERE no = ?", no)
	if err != nil {
		return incident.Record{}, err
	}
	return row.record()
}

// Records gives those of the records that exist, by id.
func (tx *Tx) Records(ids []string) (map[string]incident.Record, error) {
	out := make(map[string]incident.Record, len(ids))
	err := each(tx, "WHERE id IN ?", ids, func(row recordRow) (err error) {
		out[row.ID], err = row.record()
		return err
	})
	return out, err
}

// RecordsOfBatch lists the ids of the records that an import made, in the order of their numbers, after a number.
func (tx *Tx) RecordsOfBatch(batch string, after int64, limit int) ([]incident.Record, error) {
	rows, err := query[recordRow](tx, "WHERE batch = ? AND batch <> '' AND no > ? ORDER BY no LIMIT ?", batch, after,
		limited(limit))
	if err != nil {
		return nil, err
	}
	out := make([]incident.Record, len(rows))
	for i, row := range rows {
		if out[i], err = row.record(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Versions lists the versions of a record in their order.
func (tx *Tx) Versions(record string) ([]incident.Version, error) {
	rows, err := query[versionRow](tx, "WHERE record = ? ORDER BY n", record)
	if err != nil {
		return nil, err
	}
	out := make([]incident.Version, len(rows))
	for i, row := range rows {
		if out[i], err = row.version(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Version gives a version; NotFound: version.not_found.
func (tx *Tx) Version(id string) (incident.Version, error) {
	row, err := must[versionRow](tx, "version", "WHERE id = ?", id)
	if err != nil {
		return incident.Version{}, err
	}
	return row.version()
}

const openStates = "('draft', 'submitted', 'in_review', 'changes_requested', 'reviewed', 'scheduled')"

// OpenVersion gives the one version of a record that can still change.
func (tx *Tx) OpenVersion(record string) (incident.Version, bool, error) {
	row, ok, err := first[versionRow](tx, "WHERE record = ? AND state IN "+openStates, record)
	if err != nil || !ok {
		return incident.Version{}, false, err
	}
	v, err := row.version()
	return v, true, err
}

// OpenVersions gives the open versions of records, by record.
func (tx *Tx) OpenVersions(records []string) (map[string]incident.Version, error) {
	return tx.openVersions(records, "body")
}

// OpenHeads gives the open versions of records, by record, with the working copy of those only that are being edited:
// what was submitted is frozen.
func (tx *Tx) OpenHeads(records []string) (map[string]incident.Version, error) {
	return tx.openVersions(records, "CASE WHEN state IN ('draft', 'changes_requested') THEN body END AS body")
}

func (tx *Tx) openVersions(records []string, body string) (map[string]incident.Version, error) {
	columns := slices.Clone(tx.store.layout(versionRow{}).columns)
	columns[slices.Index(columns, "body")] = body
	sql := "SELECT " + strings.Join(columns, ", ") + " FROM versions " + tx.store.byOpen() + "WHERE record IN ? AND state IN " + openStates
	out := make(map[string]incident.Version, len(records))
	for chunk := range slices.Chunk(records, mostKeys) {
		var rows []versionRow
		if err := tx.db.Raw(sql, padded(chunk)).Scan(&rows).Error; err != nil {
			return nil, err
		}
		for _, row := range rows {
			v, err := row.version()
			if err != nil {
				return nil, err
			}
			out[row.Record] = v
		}
	}
	return out, nil
}

// byOpen names the index to find open versions by. Left to itself SQLite takes the one of work lists for more than some
// dozen records, and reads every open version there is: a bulk step over n records cost n².
func (s *Store) byOpen() string {
	if s.dialect == SQLite {
		return "INDEXED BY versions_open "
	}
	return ""
}

// Attestations lists the signatures under a version, voided ones too, in their order.
func (tx *Tx) Attestations(version string) ([]incident.Attestation, error) {
	all, err := tx.AttestationsOf([]string{version})
	return all[version], err
}

// AttestationsOf lists the signatures under versions, by version.
func (tx *Tx) AttestationsOf(versions []string) (map[string][]incident.Attestation, error) {
	out := make(map[string][]incident.Attestation, len(versions))
	err := each(tx, "WHERE version IN ? ORDER BY at, id", versions, func(row attestationRow) error {
		out[row.Version] = append(out[row.Version], row.attestation())
		return nil
	})
	return out, err
}

// AttestationsOn lists the signatures on all versions of records, by version, in their order.
func (tx *Tx) AttestationsOn(records []string) (map[string][]incident.Attestation, error) {
	out := map[string][]incident.Attestation{}
	tail := "WHERE version IN (SELECT id FROM versions WHERE record IN ?) ORDER BY at, id"
	err := each(tx, tail, records, func(row attestationRow) error {
		out[row.Version] = append(out[row.Version], row.attestation())
		return nil
	})
	return out, err
}

// Assignments lists who had or has a version in hand, in their order.
func (tx *Tx) Assignments(version string) ([]incident.Assignment, error) {
	all, err := tx.AssignmentsOf([]string{version})
	return all[version], err
}

// AssignmentsOf lists the assignments of versions, by version.
func (tx *Tx) AssignmentsOf(versions []string) (map[string][]incident.Assignment, error) {
	out := make(map[string][]incident.Assignment, len(versions))
	err := each(tx, "WHERE version IN ? ORDER BY at, id", versions, func(row assignmentRow) error {
		out[row.Version] = append(out[row.Version], row.assignment())
		return nil
	})
	return out, err
}

// Comments lists the review conversation of a version in its order.
func (tx *Tx) Comments(version string) ([]incident.Comment, error) {
	rows, err := query[commentRow](tx, "WHERE version = ? ORDER BY at, id", version)
	return mapped(rows, commentRow.comment), err
}

// ExternalIDs lists the registered external ids of a record.
func (tx *Tx) ExternalIDs(record string) ([]incident.ExternalID, error) {
	rows, err := query[externalIDRow](tx, "WHERE record = ? ORDER BY scheme, value", record)
	return mapped(rows, func(r externalIDRow) incident.ExternalID {
		return incident.ExternalID{ID: r.Item, Scheme: r.Scheme, Value: r.Value}
	}), err
}

// RecordByExternalID gives the id of the record that an owner registered under an external id.
func (tx *Tx) RecordByExternalID(owner, scheme, value string) (string, bool, error) {
	row, ok, err := first[externalIDRow](tx, "WHERE owner = ? AND scheme = ? AND value = ?", owner, scheme, value)
	return row.Record, ok, err
}

// RecordsByExternalID gives the ids of the records that an owner registered under external ids, by value.
func (tx *Tx) RecordsByExternalID(owner, scheme string, values []string) (map[string]string, error) {
	out := make(map[string]string, len(values))
	for chunk := range slices.Chunk(values, mostKeys) {
		rows, err := query[externalIDRow](tx, "WHERE owner = ? AND scheme = ? AND value IN ?", owner, scheme, padded(chunk))
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			out[row.Value] = row.Record
		}
	}
	return out, nil
}

// Relations lists the relations from and to a record.
func (tx *Tx) Relations(record string) ([]Relation, error) {
	rows, err := query[relationRow](tx, "WHERE subject = ? OR object = ? ORDER BY subject, kind, object", record, record)
	return mapped(rows, func(r relationRow) Relation { return Relation{From: r.Subject, Kind: r.Kind, To: r.Object} }), err
}

// VersionTerms gives the codes of a version by kind, as they were registered when it was submitted.
func (tx *Tx) VersionTerms(version string) (map[string][]string, error) {
	all, err := tx.VersionTermsOf([]string{version})
	return all[version], err
}

// VersionTermsOf gives the codes of versions by version and kind.
func (tx *Tx) VersionTermsOf(versions []string) (map[string]map[string][]string, error) {
	out := make(map[string]map[string][]string, len(versions))
	err := each(tx, "WHERE version IN ? ORDER BY version, kind, code", versions, func(row termRow) error {
		if row.Kind == authorTerm || row.Kind == excludedTerm {
			return nil
		}
		if out[row.Version] == nil {
			out[row.Version] = map[string][]string{}
		}
		out[row.Version][row.Kind] = append(out[row.Version][row.Kind], row.Code)
		return nil
	})
	return out, err
}

// Content gives a frozen body by its hash; NotFound: content.not_found. Only workflow may ask.
func (tx *Tx) Content(hash string) (incident.Content, error) {
	row, err := must[contentRow](tx, "content", "WHERE hash = ?", hash)
	return row.content(), err
}

// EditionContent gives the frozen body of an edition and the handling it was published with; NotFound:
// edition.not_found. Only workflow may ask.
func (tx *Tx) EditionContent(record string, edition int) (incident.Content, incident.Handling, error) {
	row, err := must[versionRow](tx, "edition", "WHERE record = ? AND edition = ? AND edition > 0", record, int64(edition))
	if err != nil {
		return incident.Content{}, incident.Handling{}, err
	}
	version, err := row.version()
	if err != nil {
		return incident.Content{}, incident.Handling{}, err
	}
	content, err := tx.Content(version.ContentHash)
	return content, version.Handling, err
}

// FeedAfter lists the entries of a feed after a number, in their order. The named tier has a feed too, for the indexer
// and the auditor: no reader may be given it.
func (tx *Tx) FeedAfter(tier schema.Tier, no int64, limit int) ([]ledger.FeedEntry, error) {
	rows, err := query[feedRow](tx, "WHERE tier = ? AND no > ? ORDER BY no LIMIT ?", int64(tier), no, limited(limit))
	return mapped(rows, feedRow.entry), err
}

// NarrowingAfter gives the first entry of a feed after a number after which less may be seen than before.
func (tx *Tx) NarrowingAfter(tier schema.Tier, no int64) (ledger.FeedEntry, bool, error) {
	row, ok, err := first[feedRow](tx, "WHERE tier = ? AND no > ? AND kind IN ('narrowed', 'tombstone') ORDER BY no LIMIT 1", int64(tier), no)
	return row.entry(), ok, err
}

// FeedHead gives the last entry of a feed.
func (tx *Tx) FeedHead(tier schema.Tier) (ledger.Head, error) { return tx.head(feedChain(tier)) }

// LedgerHead gives the last entry of the ledger.
func (tx *Tx) LedgerHead() (ledger.Head, error) { return tx.head(ledgerChain) }

func (tx *Tx) head(chain string) (ledger.Head, error) {
	var head ledger.Head
	err := tx.db.Raw("SELECT seq, hash FROM ledger_head WHERE chain = ?", chain).Scan(&head).Error
	return head, err
}

// LedgerFilter limits a list of entries; an empty field does not limit.
type LedgerFilter struct {
	Org     string // that acted
	Subject string
	Newest  bool // newest first: then seq is the one before which the page goes on, 0 for the end
}

// LedgerAfter lists entries of the ledger after a position, in their order.
func (tx *Tx) LedgerAfter(seq int64, limit int, f LedgerFilter) ([]ledger.Entry, error) {
	var where conditions
	switch {
	case !f.Newest:
		where.and("seq > ?", seq)
	case seq > 0:
		where.and("seq < ?", seq)
	}
	if f.Org != "" {
		where.and("org = ?", f.Org)
	}
	if f.Subject != "" {
		where.and("subject = ?", f.Subject)
	}
	order := " ORDER BY seq LIMIT ?"
	if f.Newest {
		order = " ORDER BY seq DESC LIMIT ?"
	}
	rows, err := query[entryRow](tx, where.sql()+order, append(where.args, limited(limit))...)
	return mapped(rows, entryRow.entry), err
}

// Details gives the words of an entry; NotFound: details.not_found.
func (tx *Tx) Details(seq int64) (ledger.Details, error) {
	row, err := must[detailsRow](tx, "details", "WHERE seq = ?", seq)
	return ledger.Details(row), err
}

// DetailsOf gives the words of entries, by position.
func (tx *Tx) DetailsOf(seqs []int64) (map[int64]ledger.Details, error) {
	out := make(map[int64]ledger.Details, len(seqs))
	err := each(tx, "WHERE seq IN ?", seqs, func(row detailsRow) error {
		out[row.Seq] = ledger.Details(row)
		return nil
	})
	return out, err
}

// Org gives an organization; NotFound: org.not_found.
func (tx *Tx) Org(id string) (identity.Org, error) {
	row, err := must[orgRow](tx, "org", "WHERE id = ?", id)
	return row.org(), err
}

// OrgBySlug gives an organization by its slug; NotFound: org.not_found.
func (tx *Tx) OrgBySlug(slug string) (identity.Org, error) {
	row, err := must[orgRow](tx, "org", "WHERE slug = ?", slug)
	return row.org(), err
}

// Orgs lists all organizations by slug.
func (tx *Tx) Orgs() ([]identity.Org, error) {
	rows, err := query[orgRow](tx, "ORDER BY slug")
	return mapped(rows, orgRow.org), err
}

// Person gives a person; NotFound: person.not_found.
func (tx *Tx) Person(id string) (identity.Person, error) {
	row, err := must[personRow](tx, "person", "WHERE id = ?", id)
	return row.person(), err
}

// PersonByHandle gives a person by handle; NotFound: person.not_found.
func (tx *Tx) PersonByHandle(handle string) (identity.Person, error) {
	row, err := must[personRow](tx, "person", "WHERE handle = ?", handle)
	return row.person(), err
}

// People lists all people by handle.
func (tx *Tx) People() ([]identity.Person, error) {
	rows, err := query[personRow](tx, "ORDER BY handle")
	return mapped(rows, personRow.person), err
}

// PeopleOf lists the people with a membership in an organization, ended ones too, by handle.
func (tx *Tx) PeopleOf(org string) ([]identity.Person, error) {
	rows, err := query[personRow](tx, "WHERE id IN (SELECT person FROM memberships WHERE org = ?) ORDER BY handle", org)
	return mapped(rows, personRow.person), err
}

// Memberships lists the memberships of a person, of an organization or of both, ended ones too; "" does not limit.
func (tx *Tx) Memberships(person, org string) ([]identity.Membership, error) {
	var where conditions
	if person != "" {
		where.and("person = ?", person)
	}
	if org != "" {
		where.and("org = ?", org)
	}
	rows, err := query[membershipRow](tx, where.sql()+" ORDER BY org, person, role", where.args...)
	return mapped(rows, membershipRow.membership), err
}

// Grants lists all grants, ended ones too.
func (tx *Tx) Grants() ([]identity.Grant, error) {
	rows, err := query[grantRow](tx, "ORDER BY org, id")
	if err != nil {
		return nil, err
	}
	out := make([]identity.Grant, len(rows))
	for i, row := range rows {
		if out[i], err = row.grant(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Epoch gives the policy epoch, which is raised by every change of a policy.
func (tx *Tx) Epoch() (int64, error) {
	var epoch int64
	err := tx.db.Raw("SELECT epoch FROM policy_epoch").Scan(&epoch).Error
	return epoch, err
}

// Token gives a token; NotFound: token.not_found.
func (tx *Tx) Token(id string) (Token, error) {
	row, err := must[tokenRow](tx, "token", "WHERE id = ?", id)
	return row.token(), err
}

// TokenByHash gives a token by the hash of its secret; NotFound: token.not_found.
func (tx *Tx) TokenByHash(hash string) (Token, error) {
	row, err := must[tokenRow](tx, "token", "WHERE hash = ?", hash)
	return row.token(), err
}

// Tokens lists the tokens of an organization, newest first.
func (tx *Tx) Tokens(org string) ([]Token, error) {
	rows, err := query[tokenRow](tx, "WHERE org = ? ORDER BY created DESC, id", org)
	return mapped(rows, tokenRow.token), err
}

// StandingConsent gives the consent ahead, in force now, of an organization to situation updates of a record.
func (tx *Tx) StandingConsent(org, record string, now incident.Micros) (StandingConsent, bool, error) {
	row, ok, err := first[standingConsentRow](tx, `WHERE org = ? AND record IN (?, '') AND begins <= ? AND ends > ?
		AND revoked = 0 ORDER BY ends DESC, id LIMIT 1`, org, record, int64(now), int64(now))
	return row.consent(), ok, err
}

// StandingConsents lists the consents ahead, in force now, that an organization gave to updates of exactly this record, or
// of all its records where record is "". The one that lasts longest comes first.
func (tx *Tx) StandingConsents(org, record string, now incident.Micros) ([]StandingConsent, error) {
	rows, err := query[standingConsentRow](tx, `WHERE org = ? AND record = ? AND begins <= ? AND ends > ? AND revoked = 0
		ORDER BY ends DESC, id`, org, record, int64(now), int64(now))
	return mapped(rows, standingConsentRow.consent), err
}

// BreakGlasses lists the records that a person may read now by having broken the glass.
func (tx *Tx) BreakGlasses(person string, now incident.Micros) ([]BreakGlass, error) {
	rows, err := query[breakGlassRow](tx, "WHERE person = ? AND begins <= ? AND ends > ? ORDER BY ends, id", person,
		int64(now), int64(now))
	return mapped(rows, breakGlassRow.glass), err
}

// Setting gives a setting, when it was ever changed from its default.
func (tx *Tx) Setting(name string) (Setting, bool, error) {
	row, ok, err := first[settingRow](tx, "WHERE name = ?", name)
	return Setting(row), ok, err
}

// Import gives a batch; NotFound: import.not_found.
func (tx *Tx) Import(id string) (Import, error) {
	row, err := must[importRow](tx, "import", "WHERE id = ?", id)
	return row.batch(), err
}

// Imports lists the batches of an organization, newest first; "" lists all.
func (tx *Tx) Imports(org string) ([]Import, error) {
	var where conditions
	if org != "" {
		where.and("org = ?", org)
	}
	rows, err := query[importRow](tx, where.sql()+" ORDER BY created DESC, id", where.args...)
	return mapped(rows, importRow.batch), err
}

// RowFilter limits a list of rows; an empty field does not limit.
type RowFilter struct {
	Outcome string
	Step    string // the last bulk step passed is this one
	NotStep string // the last bulk step passed is another
}

// ImportRows lists the rows of a batch after an ordinal, in their order.
func (tx *Tx) ImportRows(batch string, after int64, limit int, f RowFilter) ([]ImportRow, error) {
	var where conditions
	where.and("batch = ?", batch)
	where.and("ordinal > ?", after)
	if f.Outcome != "" {
		where.and("outcome = ?", f.Outcome)
	}
	if f.Step != "" {
		where.and("step = ?", f.Step)
	}
	if f.NotStep != "" {
		where.and("step <> ?", f.NotStep)
	}
	rows, err := query[importLineRow](tx, where.sql()+" ORDER BY ordinal LIMIT ?", append(where.args, limited(limit))...)
	return mapped(rows, importLineRow.line), err
}

// ImportRowOf gives the newest row of any batch that made or touched a record.
func (tx *Tx) ImportRowOf(record string) (ImportRow, bool, error) {
	rows, err := tx.ImportRowsOf([]string{record})
	row, ok := rows[record]
	return row, ok, err
}

// ImportRowsOf gives, by record, the newest row of any batch that made or touched it.
func (tx *Tx) ImportRowsOf(records []string) (map[string]ImportRow, error) {
	out := make(map[string]ImportRow, len(records))
	tail := `JOIN imports ON imports.id = import_rows.batch
		WHERE import_rows.record IN ? AND import_rows.record <> '' ORDER BY imports.created, imports.id, ordinal`
	var rows []importLineRow
	for chunk := range slices.Chunk(records, mostKeys) {
		sql := "SELECT " + tx.store.columnsOf(importLineRow{}, "import_rows.") + " FROM import_rows " + tail
		if err := tx.db.Raw(sql, padded(chunk)).Scan(&rows).Error; err != nil {
			return nil, err
		}
		for _, row := range rows {
			out[row.Record] = row.line()
		}
	}
	return out, nil
}

// Idempotent gives the answer that was remembered under an idempotency key.
func (tx *Tx) Idempotent(key, person string) ([]byte, bool, error) {
	row, ok, err := first[idempotencyRow](tx, "WHERE key = ? AND person = ?", key, person)
	return row.Response, ok, err
}
