package store

import (
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/schema"
)

// Actor is who is written into the ledger: Write demands one.
type Actor struct {
	Person string // person id, or "operator", or "clock"
	Org    string
	Via    identity.Via
}

// Change is one accepted change: one ledger entry and everything that belongs to it. Append takes nothing else. Heads
// are guarded by their revision: the store refuses (fault.Stale) when the row has moved on.
type Change struct {
	Action      string // the policy action, as the ledger names it: incident.submit
	Subject     string // record id, organization slug, person handle, import id …
	Version     string
	ContentHash string
	Details     any // words and parameters; marshalled, salted, hashed; nil for none

	Record       *incident.Record    // the head as it shall be; Revision is the one read, 0 inserts
	Version_     *incident.Version   // as it shall be; Revision is the one read, 0 inserts; a nil Body leaves the working copy
	VersionTerms map[string][]string // kind → codes of the submitted bytes, for queues by scope; nil leaves them
	Content      *incident.Content
	Attest       []incident.Attestation // inserted
	Void         []string               // attestation ids voided now
	Assign       []incident.Assignment  // inserted
	Release      []Release
	Comments     []incident.Comment    // inserted; one whose id exists is marked as accepted
	ExternalIDs  []incident.ExternalID // of the record, replaced; nil leaves them
	Relation     *Relation
	Wait         []Waiting     // upserted: what waits for somebody from now on
	Settle       []WaitingKind // what of the subject waits no longer
	Notes        []Note        // upserted by id
	Purge        bool          // destroys what the record said: contents with their salts, working copies, comments, notes, words

	PurgeVersion string             // destroys what this version of the record said, as Purge does; its id
	Views        *Views             // replaces what readers see of the record
	Feed         []ledger.FeedEntry // Tier, Edition, Kind of views above; the rest, and entries left out, are filled in here

	Orgs             []identity.Org // upserted
	People           []identity.Person
	Memberships      []identity.Membership // upserted by person, org, role
	Grants           []identity.Grant      // upserted by id; a revoked one has Until set
	Tokens           []Token               // upserted by id
	Credentials      []Credential          // upserted by person
	Links            []Link                // a new link of a person takes the place of the last
	UseLink          string                // hash of the link that is used up: it must be there
	DropLinks        []string              // people whose link is worthless from now on
	EndSessions      []string              // people who have to sign in again
	StandingConsents []StandingConsent
	BreakGlass       *BreakGlass
	Setting          *Setting
	RaiseEpoch       bool // policies changed: every replica reloads before its next decision

	Import     *Import // upserted
	ImportRows []ImportRow
	Steps      []RowStep // of rows that are there
}

// RowStep is the last bulk step that a row of a batch passed, and the code of why it stayed behind at another.
type RowStep struct {
	Import    string
	Ordinal   int64
	Step, Why string
}

// Release ends an assignment: by hand, clock, suspended or decided.
type Release struct{ ID, Why string }

// Relation ties a record to another, by a code of the vocabulary relation.
type Relation struct{ From, Kind, To string }

// Views are the stored views of one edition of a record, one per tier at which it can be seen (members' even when it is
// equal to the public one; named only where it differs). A tier without one has none: where public or members saw the
// record before, a tombstone, restricted, takes its place, and owner and recipients fall back to what members see.
// Sealed, when it is not nil, replaces all views of earlier editions after a narrowing; one with a tombstone and no bytes
// leaves of its edition no more than that. Gone takes every view of the
// record away (withdrawn, merged) and leaves those who could see it a tombstone with the state, reason and successor of
// Change.Record; Of may bring tombstones of its own. HeldUntil takes every view away too and leaves a tombstone that says
// until when it is decided about the record.
type Views struct {
	Of     []StoredView
	Sealed []StoredView
	Gone   bool

	HeldUntil incident.Micros
}

// Note is a dated notice beside a record, not part of any edition. It is shown to readers of its tier and those above.
type Note struct {
	ID, Record  string
	Tier        schema.Tier
	Code        string            // note.CODE has words
	Words       map[string]string // UN language → what is to be said besides
	Person, Org string            // who set it
	Since       incident.Micros
	Ended       incident.Micros // 0 while it is shown
}

// WaitingKind is what waits for somebody.
type WaitingKind string

// What may wait. Of each kind there is one at a time for a record.
const (
	WaitsHold     WaitingKind = "hold"     // held: to be lifted or withdrawn
	WaitsConfirm  WaitingKind = "confirm"  // in force, to be confirmed by a second person; Why is what
	WaitsWiden    WaitingKind = "widen"    // signed by one, waits for another; so the next three
	WaitsWithdraw WaitingKind = "withdraw" //
	WaitsMerge    WaitingKind = "merge"    //
	WaitsPurge    WaitingKind = "purge"    //

	WaitsPurgeEdition WaitingKind = "purge_edition" // as WaitsPurge; Why is the edition
	WaitsSchedule     WaitingKind = "schedule"      // to be published by the clock; Why is what stood in the way when it was due
	WaitsQuarantine   WaitingKind = "quarantine"    // hazardous text, to be cleared, returned or purged
	WaitsAppeal       WaitingKind = "appeal"        // a declined version that another publisher decides about
)

// Waiting says what of a record waits for somebody, who began it, since when and until when.
type Waiting struct {
	Record, Person, Org string
	Kind                WaitingKind
	Since, Until        incident.Micros // Until is 0 without a time
	Why                 string          // a code
}

// StoredView is one row of views_public, views_members or views_named: what a reader gets, byte for byte.
type StoredView struct {
	Tier       schema.Tier
	No         int64
	Record     string
	Edition    int
	Current    bool
	Bytes      []byte // canonical JSON of the view
	Hash       string // hex SHA-256 of Bytes
	Title      []byte // JSON of incident.TitlePart list: codes, composed in the reader's language
	Unit       string
	Earliest   int64 // reference date bounds, days since 1970-01-01; incident.NoDay when unknown
	Latest     int64
	DeathsLow  int64  // -1 when not known
	Codes      []byte // JSON: facet kind → codes
	Owner      string
	ShownOwner string          // organization slug when attribution lets it be shown at this tier, else ""
	Recipients []string        // named tier
	Published  incident.Micros // of this edition
	Tombstone  string          // "", withdrawn, merged, restricted, held, purged
	Reason     string          // of the tombstone, vocabulary reason
	MergedInto string
}

// Token is an API token; only its hash is kept.
type Token struct {
	ID       string
	Hash     string // hex SHA-256
	Name     string
	Person   string
	Org      string
	Scopes   []string
	Created  incident.Micros
	Expires  incident.Micros
	Revoked  incident.Micros
	LastUsed incident.Micros
}

// Credential is what a person signs in with.
type Credential struct {
	Person   string
	Password string // argon2id in the form of its reference implementation; "" lets nobody in
	Changed  incident.Micros
	Org      string // last acted for; sessions keep it, a change leaves it
}

// Link proves once, to whoever has it, that they are a person; only the hash of its token is kept.
type Link struct {
	Person  string // "" is the first administrator
	Hash    string // hex SHA-256
	Kind    identity.LinkKind
	Created incident.Micros
	Expires incident.Micros // 0 is without end
}

// StandingConsent is a focal point's consent, ahead, to situation updates of one record (or of all, when Record is "").
type StandingConsent struct {
	ID, Org, Record, Person string
	From, Until, Revoked    incident.Micros
}

// BreakGlass lets an administrator read one record for one hour, with a reason; the owner is told at once.
type BreakGlass struct {
	ID, Record, Person, Org, Reason string
	From, Until                     incident.Micros
}

// Setting is a setting that two administrators change together.
type Setting struct {
	Name, Value string
	Proposed    string // by whom, while one signature is there
	Revision    int64
}

// ImportState is where an imported batch stands.
type ImportState string

// The states of a batch.
const (
	ImportLoading     ImportState = "loading"
	ImportLoaded      ImportState = "loaded"
	ImportSubmitted   ImportState = "submitted"
	ImportInReview    ImportState = "in_review"
	ImportSampled     ImportState = "sampled"
	ImportRecommended ImportState = "recommended"
	ImportReturned    ImportState = "returned"
	ImportPublished   ImportState = "published"
	// What an import created was discarded: all of it, or what nobody had touched.
	ImportUndone       ImportState = "undone"
	ImportPartlyUndone ImportState = "partly_undone"
)

// Import is a batch: files turned into drafts or updates by a profile, reviewed as a data set. Done remembers, for bulk
// work, the ordinal of the last row that was dealt with, so that it can be resumed.
type Import struct {
	ID        string
	Org       string
	Person    string
	Profile   string
	Files     []string
	Digest    string // of all that decides what the rows say: contents, options; hex SHA-256
	State     ImportState
	Created   incident.Micros
	Rows      int64
	New       int64
	Unchanged int64
	Updated   int64
	Refused   int64
	Step      string // the bulk step in hand: import, submit, claim, sample, recommend, publish, undo
	Done      int64
	Seed      []byte   // of the sample
	Sample    []string // record ids
	Checked   []string // record ids of the sample a person found without fault
	Flagged   []string // record ids that a person must look at one by one
	MappingBy string   // person who reviewed the mapping
	Reviewer  string
	ReviewOrg string
	Revision  int64
}

// ImportRow accounts for one row of a file.
type ImportRow struct {
	Import   string
	Ordinal  int64
	File     string
	Line     int64
	RowID    string // id in the source
	Outcome  string // created, unchanged, updated, refused
	Record   string
	BodyHash string // hex SHA-256 of the canonical body, to tell unchanged from updated
	Column   string // of a refusal
	Value    string
	Reason   string // code
	Step     string // last bulk step it passed
	StepWhy  string // code of why it stayed behind
}
