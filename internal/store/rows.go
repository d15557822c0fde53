package store

import (
	"encoding/json"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/schema"
)

// The rows are what the tables hold, field by field in the order of the columns; GORM makes the names of the columns
// from the names of the fields. A domain type is never a row: the two change for different reasons.

type orgRow struct {
	ID        string `gorm:"primaryKey"`
	Slug      string
	Name      string
	Kind      string
	Area      string
	Status    string
	Caretaker string
	Revision  int64
}

func (orgRow) TableName() string { return "orgs" }

func orgRowOf(o identity.Org) orgRow {
	return orgRow{o.ID, o.Slug, o.Name, o.Kind, o.Area, string(o.Status), o.Caretaker, o.Revision + 1}
}

func (r orgRow) org() identity.Org {
	return identity.Org{ID: r.ID, Slug: r.Slug, Name: r.Name, Kind: r.Kind, Area: r.Area,
		Status: identity.Status(r.Status), Caretaker: r.Caretaker, Revision: r.Revision}
}

type personRow struct {
	ID     string `gorm:"primaryKey"`
	Handle string
	Name   string
	Status string
}

func (personRow) TableName() string { return "people" }

func personRowOf(p identity.Person) personRow {
	return personRow{p.ID, p.Handle, p.Name, string(p.Status)}
}

func (r personRow) person() identity.Person {
	return identity.Person{ID: r.ID, Handle: r.Handle, Name: r.Name, Status: identity.Status(r.Status)}
}

type membershipRow struct {
	Person      string `gorm:"primaryKey"`
	Org         string `gorm:"primaryKey"`
	Role        string `gorm:"primaryKey"`
	Ends        int64
	Competences []byte
	Languages   []byte
}

func (membershipRow) TableName() string { return "memberships" }

func membershipRowOf(m identity.Membership) membershipRow {
	return membershipRow{m.Person, m.Org, string(m.Role), m.Until, list(m.Competences), list(m.Languages)}
}

func (r membershipRow) membership() identity.Membership {
	return identity.Membership{Person: r.Person, Org: r.Org, Role: identity.Role(r.Role), Until: r.Ends,
		Competences: unlist(r.Competences), Languages: unlist(r.Languages)}
}

type tokenRow struct {
	ID       string `gorm:"primaryKey"`
	Hash     string
	Name     string
	Person   string
	Org      string
	Scopes   []byte
	Created  int64
	Expires  int64
	Revoked  int64
	LastUsed int64
}

func (tokenRow) TableName() string { return "tokens" }

func tokenRowOf(t Token) tokenRow {
	return tokenRow{t.ID, t.Hash, t.Name, t.Person, t.Org, list(t.Scopes),
		int64(t.Created), int64(t.Expires), int64(t.Revoked), int64(t.LastUsed)}
}

func (r tokenRow) token() Token {
	return Token{ID: r.ID, Hash: r.Hash, Name: r.Name, Person: r.Person, Org: r.Org, Scopes: unlist(r.Scopes),
		Created: incident.Micros(r.Created), Expires: incident.Micros(r.Expires),
		Revoked: incident.Micros(r.Revoked), LastUsed: incident.Micros(r.LastUsed)}
}

type credentialRow struct {
	Person   string `gorm:"primaryKey"`
	Password string
	Changed  int64
	Org      string
}

func (credentialRow) TableName() string { return "credentials" }

func credentialRowOf(c Credential) credentialRow {
	return credentialRow{c.Person, c.Password, int64(c.Changed), c.Org}
}

func (r credentialRow) credential() Credential {
	return Credential{Person: r.Person, Password: r.Password, Changed: incident.Micros(r.Changed), Org: r.Org}
}

type linkRow struct {
	Person  string `gorm:"primaryKey"`
	Hash    string
	Kind    string
	Created int64
	Expires int64
}

func (linkRow) TableName() string { return "links" }

func linkRowOf(l Link) linkRow {
	return linkRow{l.Person, l.Hash, string(l.Kind), int64(l.Created), int64(l.Expires)}
}

func (r linkRow) link() Link {
	return Link{Person: r.Person, Hash: r.Hash, Kind: identity.LinkKind(r.Kind), Created: incident.Micros(r.Created),
		Expires: incident.Micros(r.Expires)}
}

type sessionRow struct {
	Hash    string `gorm:"primaryKey"`
	Person  string
	Org     string
	Data    []byte
	Created int64
	Seen    int64
	Expires int64
}

func (sessionRow) TableName() string { return "sessions" }

func sessionRowOf(s Session) sessionRow {
	return sessionRow{s.Hash, s.Person, s.Org, s.Data, int64(s.Created), int64(s.Seen), int64(s.Expires)}
}

func (r sessionRow) session() Session {
	return Session{Hash: r.Hash, Person: r.Person, Org: r.Org, Data: r.Data, Created: incident.Micros(r.Created),
		Seen: incident.Micros(r.Seen), Expires: incident.Micros(r.Expires)}
}

type grantRow struct {
	ID     string `gorm:"primaryKey"`
	Org    string
	Action string
	Scope  []byte
	Begins int64
	Ends   int64
}

func (grantRow) TableName() string { return "grants" }

func grantRowOf(g identity.Grant) grantRow {
	return grantRow{g.ID, g.Org, string(g.Action), document(g.Scope), g.From, g.Until}
}

func (r grantRow) grant() (identity.Grant, error) {
	g := identity.Grant{ID: r.ID, Org: r.Org, Action: identity.GrantAction(r.Action), From: r.Begins, Until: r.Ends}
	return g, json.Unmarshal(r.Scope, &g.Scope)
}

type settingRow struct {
	Name     string `gorm:"primaryKey"`
	Value    string
	Proposed string
	Revision int64
}

func (settingRow) TableName() string { return "settings" }

func settingRowOf(s Setting) settingRow {
	return settingRow{s.Name, s.Value, s.Proposed, s.Revision + 1}
}

type recordRow struct {
	ID          string `gorm:"primaryKey"`
	No          int64
	Owner       string
	Originator  string
	State       string
	Handling    []byte
	Marking     int64
	Edition     int64
	Revision    int64
	Created     int64
	Reason      string
	MergedInto  string
	Batch       string
	ReviewDepth string
	LastSeq     int64
	Quarantined int64
	Purged      int64
}

func (recordRow) TableName() string { return "records" }

// recordRowOf leaves LastSeq to the moment at which the ledger head is locked.
func recordRowOf(r incident.Record) recordRow {
	return recordRow{r.ID, r.No, r.Owner, r.Originator, string(r.State), document(r.Handling),
		int64(r.Handling.Marking), int64(r.Edition), r.Revision + 1, int64(r.Created), r.Reason, r.MergedInto, r.Batch,
		r.ReviewDeep, 0, int64(r.Quarantined), int64(r.Purged)}
}

func (r recordRow) record() (incident.Record, error) {
	out := incident.Record{ID: r.ID, No: r.No, Owner: r.Owner, Originator: r.Originator,
		State: incident.RecordState(r.State), Edition: int(r.Edition), Revision: r.Revision,
		Created: incident.Micros(r.Created), Reason: r.Reason, MergedInto: r.MergedInto, Batch: r.Batch,
		ReviewDeep: r.ReviewDepth, Quarantined: incident.Micros(r.Quarantined), Purged: incident.Micros(r.Purged)}
	return out, json.Unmarshal(r.Handling, &out.Handling)
}

type recipientRow struct {
	Record string `gorm:"primaryKey"`
	Org    string `gorm:"primaryKey"`
}

func (recipientRow) TableName() string { return "recipients" }

type externalIDRow struct {
	Owner  string `gorm:"primaryKey"`
	Scheme string `gorm:"primaryKey"`
	Value  string `gorm:"primaryKey"`
	Record string
	Item   string
}

func (externalIDRow) TableName() string { return "external_ids" }

type versionRow struct {
	ID          string `gorm:"primaryKey"`
	Record      string
	N           int64
	Class       string
	State       string
	Base        int64
	Edition     int64
	Body        []byte `store:"left"`
	Handling    []byte
	Marking     int64
	ContentHash string
	Author      string
	Authors     []byte
	Round       int64
	Revision    int64
	Submitted   int64
	Updated     int64
	Reason      string
	Flags       []byte
	Depth       string
	PublishAt   int64
}

func (versionRow) TableName() string { return "versions" }

func versionRowOf(v incident.Version) versionRow {
	if v.Revision == 0 && v.Body == nil {
		v.Body = []byte{}
	}
	return versionRow{v.ID, v.Record, int64(v.N), string(v.Class), string(v.State), int64(v.Base), int64(v.Edition),
		v.Body, document(v.Handling), int64(v.Handling.Marking), v.ContentHash, v.Author, list(v.Authors),
		int64(v.Round), v.Revision + 1, int64(v.Submitted), int64(v.Updated), v.Reason, list(v.Flags), v.Depth,
		int64(v.PublishAt)}
}

func (r versionRow) version() (incident.Version, error) {
	v := incident.Version{ID: r.ID, Record: r.Record, N: int(r.N), Class: incident.ChangeClass(r.Class),
		State: incident.VersionState(r.State), Base: int(r.Base), Edition: int(r.Edition), Body: present(r.Body),
		ContentHash: r.ContentHash, Author: r.Author, Authors: unlist(r.Authors), Round: int(r.Round),
		Revision: r.Revision, Submitted: incident.Micros(r.Submitted), Updated: incident.Micros(r.Updated),
		Reason: r.Reason, Flags: unlist(r.Flags), Depth: r.Depth, PublishAt: incident.Micros(r.PublishAt)}
	return v, json.Unmarshal(r.Handling, &v.Handling)
}

type termRow struct {
	Version string `gorm:"primaryKey"`
	Kind    string `gorm:"primaryKey"`
	Code    string `gorm:"primaryKey"`
}

func (termRow) TableName() string { return "terms" }

type contentRow struct {
	Hash   string `gorm:"primaryKey"`
	Salt   []byte
	Schema string
	Bytes  []byte
}

func (contentRow) TableName() string { return "contents" }

func (r contentRow) content() incident.Content {
	return incident.Content{Hash: r.Hash, Salt: r.Salt, Schema: r.Schema, Bytes: r.Bytes}
}

type attestationRow struct {
	ID           string `gorm:"primaryKey"`
	Kind         string
	Record       string
	Version      string
	ContentHash  string
	HandlingHash string
	Person       string
	Org          string
	At           int64
	Voided       int64
	Checklist    []byte
	Depth        string
}

func (attestationRow) TableName() string { return "attestations" }

func attestationRowOf(a incident.Attestation) attestationRow {
	return attestationRow{a.ID, string(a.Kind), a.Record, a.Version, a.ContentHash, a.HandlingHash, a.Person, a.Org,
		int64(a.At), int64(a.Voided), list(a.Checklist), a.Depth}
}

func (r attestationRow) attestation() incident.Attestation {
	return incident.Attestation{ID: r.ID, Kind: incident.AttestationKind(r.Kind), Record: r.Record, Version: r.Version,
		ContentHash: r.ContentHash, HandlingHash: r.HandlingHash, Person: r.Person, Org: r.Org,
		At: incident.Micros(r.At), Voided: incident.Micros(r.Voided), Checklist: unlist(r.Checklist), Depth: r.Depth}
}

type assignmentRow struct {
	ID       string `gorm:"primaryKey"`
	Record   string
	Version  string
	Person   string
	Org      string
	Duty     string
	Declared int64 // one bit per question
	At       int64
	Released int64
	Why      string
}

func (assignmentRow) TableName() string { return "assignments" }

func assignmentRowOf(a incident.Assignment) assignmentRow {
	declared := int64(0)
	for i, interest := range a.Declared {
		if interest {
			declared |= 1 << i
		}
	}
	return assignmentRow{a.ID, a.Record, a.Version, a.Person, a.Org, string(a.Duty), declared,
		int64(a.At), int64(a.Released), a.Why}
}

func (r assignmentRow) assignment() incident.Assignment {
	a := incident.Assignment{ID: r.ID, Record: r.Record, Version: r.Version, Person: r.Person, Org: r.Org,
		Duty: incident.Duty(r.Duty), At: incident.Micros(r.At), Released: incident.Micros(r.Released), Why: r.Why}
	for i := range a.Declared {
		a.Declared[i] = r.Declared&(1<<i) != 0
	}
	return a
}

type commentRow struct {
	ID         string `gorm:"primaryKey"`
	Record     string
	Version    string
	Round      int64
	Pointer    string
	Request    string
	Text       string
	Suggestion []byte
	Person     string
	Org        string
	At         int64
	Accepted   int64
}

func (commentRow) TableName() string { return "comments" }

func commentRowOf(c incident.Comment) commentRow {
	return commentRow{c.ID, c.Record, c.Version, int64(c.Round), c.Pointer, c.Request, c.Text, c.Suggestion,
		c.Person, c.Org, int64(c.At), int64(c.Accepted)}
}

func (r commentRow) comment() incident.Comment {
	return incident.Comment{ID: r.ID, Record: r.Record, Version: r.Version, Round: int(r.Round), Pointer: r.Pointer,
		Request: r.Request, Text: r.Text, Suggestion: present(r.Suggestion), Person: r.Person, Org: r.Org,
		At: incident.Micros(r.At), Accepted: incident.Micros(r.Accepted)}
}

type relationRow struct {
	Subject string `gorm:"primaryKey"`
	Kind    string `gorm:"primaryKey"`
	Object  string `gorm:"primaryKey"`
}

func (relationRow) TableName() string { return "relations" }

type standingConsentRow struct {
	ID      string `gorm:"primaryKey"`
	Org     string
	Record  string
	Person  string
	Begins  int64
	Ends    int64
	Revoked int64
}

func (standingConsentRow) TableName() string { return "standing_consents" }

func standingConsentRowOf(c StandingConsent) standingConsentRow {
	return standingConsentRow{c.ID, c.Org, c.Record, c.Person, int64(c.From), int64(c.Until), int64(c.Revoked)}
}

func (r standingConsentRow) consent() StandingConsent {
	return StandingConsent{ID: r.ID, Org: r.Org, Record: r.Record, Person: r.Person,
		From: incident.Micros(r.Begins), Until: incident.Micros(r.Ends), Revoked: incident.Micros(r.Revoked)}
}

type breakGlassRow struct {
	ID     string `gorm:"primaryKey"`
	Record string
	Person string
	Org    string
	Reason string
	Begins int64
	Ends   int64
}

func (breakGlassRow) TableName() string { return "break_glasses" }

func breakGlassRowOf(b BreakGlass) breakGlassRow {
	return breakGlassRow{b.ID, b.Record, b.Person, b.Org, b.Reason, int64(b.From), int64(b.Until)}
}

func (r breakGlassRow) glass() BreakGlass {
	return BreakGlass{ID: r.ID, Record: r.Record, Person: r.Person, Org: r.Org, Reason: r.Reason,
		From: incident.Micros(r.Begins), Until: incident.Micros(r.Ends)}
}

type waitingRow struct {
	Record string `gorm:"primaryKey"`
	Kind   string `gorm:"primaryKey"`
	Person string
	Org    string
	Since  int64
	Until  int64
	Why    string
}

func (waitingRow) TableName() string { return "waiting" }

func waitingRowOf(w Waiting) waitingRow {
	return waitingRow{w.Record, string(w.Kind), w.Person, w.Org, int64(w.Since), int64(w.Until), w.Why}
}

func (r waitingRow) waiting() Waiting {
	return Waiting{Record: r.Record, Kind: WaitingKind(r.Kind), Person: r.Person, Org: r.Org,
		Since: incident.Micros(r.Since), Until: incident.Micros(r.Until), Why: r.Why}
}

type noteRow struct {
	ID     string `gorm:"primaryKey"`
	Record string
	Tier   int64
	Code   string
	Words  []byte
	Person string
	Org    string
	Since  int64
	Ended  int64
}

func (noteRow) TableName() string { return "notes" }

func noteRowOf(n Note) noteRow {
	return noteRow{n.ID, n.Record, int64(n.Tier), n.Code, document(n.Words), n.Person, n.Org, int64(n.Since), int64(n.Ended)}
}

func (r noteRow) note() (Note, error) {
	n := Note{ID: r.ID, Record: r.Record, Tier: schema.Tier(r.Tier), Code: r.Code, Person: r.Person, Org: r.Org,
		Since: incident.Micros(r.Since), Ended: incident.Micros(r.Ended)}
	return n, json.Unmarshal(r.Words, &n.Words)
}

// viewRow is a row of views_public, views_members or views_named: its table is named where it is used.
type viewRow struct {
	Record     string `gorm:"primaryKey"`
	Edition    int64  `gorm:"primaryKey"`
	No         int64
	IsCurrent  bool
	Bytes      []byte
	Hash       string
	Title      []byte
	Unit       string
	Earliest   int64
	Latest     int64
	DeathsLow  int64
	Codes      []byte
	Owner      string
	ShownOwner string
	Recipients []byte
	Published  int64
	Tombstone  string
	Reason     string
	MergedInto string
}

func (viewRow) TableName() string { return "views" }

func viewTable(tier schema.Tier) string { return "views_" + tier.String() }

func viewRowOf(v StoredView) viewRow {
	return viewRow{v.Record, int64(v.Edition), v.No, v.Current, v.Bytes, v.Hash, v.Title, v.Unit, v.Earliest, v.Latest,
		v.DeathsLow, v.Codes, v.Owner, v.ShownOwner, list(v.Recipients), int64(v.Published), v.Tombstone, v.Reason,
		v.MergedInto}
}

func (r viewRow) view(tier schema.Tier) StoredView {
	return StoredView{Tier: tier, No: r.No, Record: r.Record, Edition: int(r.Edition), Current: r.IsCurrent,
		Bytes: r.Bytes, Hash: r.Hash, Title: r.Title, Unit: r.Unit, Earliest: r.Earliest, Latest: r.Latest,
		DeathsLow: r.DeathsLow, Codes: r.Codes, Owner: r.Owner, ShownOwner: r.ShownOwner,
		Recipients: unlist(r.Recipients), Published: incident.Micros(r.Published), Tombstone: r.Tombstone,
		Reason: r.Reason, MergedInto: r.MergedInto}
}

type entryRow struct {
	Seq         int64 `gorm:"primaryKey"`
	At          int64
	Person      string
	Org         string
	Via         string
	Action      string
	Subject     string
	Version     string
	ContentHash string
	DetailsHash string
	Prev        string
	Hash        string
}

func (entryRow) TableName() string { return "ledger" }

func entryRowOf(e ledger.Entry) entryRow {
	return entryRow{e.Seq, e.At, e.Person, e.Org, e.Via, e.Action, e.Subject, e.Version, e.ContentHash, e.DetailsHash,
		e.Prev, e.Hash}
}

func (r entryRow) entry() ledger.Entry {
	return ledger.Entry{Seq: r.Seq, At: r.At, Person: r.Person, Org: r.Org, Via: r.Via, Action: r.Action,
		Subject: r.Subject, Version: r.Version, ContentHash: r.ContentHash, DetailsHash: r.DetailsHash,
		Prev: r.Prev, Hash: r.Hash}
}

type detailsRow struct {
	Seq  int64 `gorm:"primaryKey"`
	Salt []byte
	JSON []byte
}

func (detailsRow) TableName() string { return "ledger_details" }

type feedRow struct {
	Tier     int64 `gorm:"primaryKey"`
	No       int64 `gorm:"primaryKey"`
	At       int64
	Record   string
	Edition  int64
	Kind     string
	ViewHash string
	Prev     string
	Hash     string
	Seq      int64
}

func (feedRow) TableName() string { return "feed" }

func feedRowOf(e ledger.FeedEntry, seq int64) feedRow {
	return feedRow{int64(e.Tier), e.No, e.At, e.Record, int64(e.Edition), string(e.Kind), e.ViewHash, e.Prev, e.Hash,
		seq}
}

func (r feedRow) entry() ledger.FeedEntry {
	return ledger.FeedEntry{Tier: schema.Tier(r.Tier), No: r.No, At: r.At, Record: r.Record, Edition: int(r.Edition),
		Kind: ledger.FeedKind(r.Kind), ViewHash: r.ViewHash, Prev: r.Prev, Hash: r.Hash}
}

type eventRow struct {
	Day     int64  `gorm:"primaryKey"`
	Kind    string `gorm:"primaryKey"`
	Person  string `gorm:"primaryKey"`
	Org     string `gorm:"primaryKey"`
	Subject string `gorm:"primaryKey"`
	Count   int64
	First   int64
	Last    int64
}

func (eventRow) TableName() string { return "events" }

type importRow struct {
	ID        string `gorm:"primaryKey"`
	Org       string
	Person    string
	Profile   string
	Files     []byte
	Digest    string
	State     string
	Created   int64
	Rows      int64
	New       int64
	Unchanged int64
	Updated   int64
	Refused   int64
	Step      string
	Done      int64
	Seed      []byte
	Sample    []byte
	Checked   []byte
	Flagged   []byte
	MappingBy string
	Reviewer  string
	ReviewOrg string
	Revision  int64
}

func (importRow) TableName() string { return "imports" }

func importRowOf(i Import) importRow {
	return importRow{i.ID, i.Org, i.Person, i.Profile, list(i.Files), i.Digest, string(i.State), int64(i.Created), i.Rows, i.New,
		i.Unchanged, i.Updated, i.Refused, i.Step, i.Done, i.Seed, list(i.Sample), list(i.Checked), list(i.Flagged),
		i.MappingBy, i.Reviewer, i.ReviewOrg, i.Revision + 1}
}

func (r importRow) batch() Import {
	return Import{ID: r.ID, Org: r.Org, Person: r.Person, Profile: r.Profile, Files: unlist(r.Files),
		Digest: r.Digest, State: ImportState(r.State), Created: incident.Micros(r.Created), Rows: r.Rows, New: r.New,
		Unchanged: r.Unchanged, Updated: r.Updated, Refused: r.Refused, Step: r.Step, Done: r.Done,
		Seed: present(r.Seed), Sample: unlist(r.Sample), Checked: unlist(r.Checked), Flagged: unlist(r.Flagged),
		MappingBy: r.MappingBy, Reviewer: r.Reviewer, ReviewOrg: r.ReviewOrg, Revision: r.Revision}
}

type importLineRow struct {
	Batch    string `gorm:"primaryKey"`
	Ordinal  int64  `gorm:"primaryKey"`
	File     string
	Line     int64
	RowID    string
	Outcome  string
	Record   string
	BodyHash string
	Field    string
	Value    string
	Reason   string
	Step     string
	StepWhy  string
}

func (importLineRow) TableName() string { return "import_rows" }

func importLineRowOf(r ImportRow) importLineRow {
	return importLineRow{r.Import, r.Ordinal, r.File, r.Line, r.RowID, r.Outcome, r.Record, r.BodyHash, r.Column,
		r.Value, r.Reason, r.Step, r.StepWhy}
}

func (r importLineRow) line() ImportRow {
	return ImportRow{Import: r.Batch, Ordinal: r.Ordinal, File: r.File, Line: r.Line, RowID: r.RowID,
		Outcome: r.Outcome, Record: r.Record, BodyHash: r.BodyHash, Column: r.Field, Value: r.Value, Reason: r.Reason,
		Step: r.Step, StepWhy: r.StepWhy}
}

type idempotencyRow struct {
	Key      string `gorm:"primaryKey"`
	Person   string `gorm:"primaryKey"`
	Response []byte
	At       int64
}

func (idempotencyRow) TableName() string { return "idempotency" }

// list writes strings as JSON; none is no bytes at all.
func list(values []string) []byte {
	if len(values) == 0 {
		return []byte{}
	}
	return document(values)
}

func unlist(data []byte) []string {
	if len(data) == 0 {
		return nil
	}
	var values []string
	if json.Unmarshal(data, &values) != nil {
		return nil
	}
	return values
}

// document writes a value of ours as JSON. None of them can fail to marshal: they hold strings, numbers and tiers.
func document(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic("store: " + err.Error())
	}
	return data
}

// present gives nil for no bytes: columns are never NULL, and some documents may be absent.
func present(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	return data
}
