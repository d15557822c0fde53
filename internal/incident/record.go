package incident

import (
	"bioincident/schema"
)

// Micros is a moment in microseconds since 1970-01-01T00:00:00Z: the one form of time that is stored.
type Micros int64

// Unit tells incidents, reports and surveillance rows apart; they are never counted together.
const (
	UnitIncident        = "incident"
	UnitReport          = "report"
	UnitSurveillanceRow = "surveillance_row"
)

// RecordState is the state of a record.
type RecordState string

// The states of a record.
const (
	Reserved  RecordState = "reserved"
	Live      RecordState = "live"
	Held      RecordState = "held"
	Withdrawn RecordState = "withdrawn"
	Merged    RecordState = "merged"
)

// VersionState is the state of a version, one attempt to change a record.
type VersionState string

// The states of a version.
const (
	Draft            VersionState = "draft"
	Submitted        VersionState = "submitted"
	InReview         VersionState = "in_review"
	ChangesRequested VersionState = "changes_requested"
	Reviewed         VersionState = "reviewed"
	Scheduled        VersionState = "scheduled"
	Published        VersionState = "published"
	Declined         VersionState = "declined"
	Discarded        VersionState = "discarded"
)

// Open tells whether the version can still change: a record has at most one open version.
func (s VersionState) Open() bool {
	return s != Published && s != Declined && s != Discarded
}

// Editable tells whether the body may be edited.
func (s VersionState) Editable() bool { return s == Draft || s == ChangesRequested }

// ChangeClass is what a version changes, told from the diff, never by its author. It decides the quorum.
type ChangeClass string

// The change classes.
const (
	Initial          ChangeClass = "initial"
	Editorial        ChangeClass = "editorial"
	Translation      ChangeClass = "translation"
	SituationUpdate  ChangeClass = "situation_update"
	Correction       ChangeClass = "correction"
	Reclassification ChangeClass = "reclassification"
	Redaction        ChangeClass = "redaction"
	HandlingChange   ChangeClass = "handling"
)

// Record is the head: who owns it, what state it is in, which edition is current. No is the dense number that keys
// indexes and columns; it never leaves the server.
type Record struct {
	ID         string // BID-XXXX-XXXX
	No         int64
	Owner      string // organization id
	Originator string // organization id; differs from the owner when published on behalf
	State      RecordState
	Handling   Handling // in force for every edition
	Edition    int      // latest published, 0 before the first
	Revision   int64    // guards the head
	Created    Micros
	Reason     string // vocabulary reason, when withdrawn or merged
	MergedInto string
	Batch      string // import that made it, or ""
	ReviewDeep string // vocabulary review_depth of the current edition, or ""

	Quarantined Micros // since when its text is shown to nobody but those who decide about it; 0 when it is not
	Purged      Micros // when everything it said was destroyed; 0 when it was not
}

// Version is one attempt to change a record. While it is editable its body may be saved under its revision; submitting
// freezes the canonical bytes under their salted hash.
type Version struct {
	ID          string // internal
	Record      string
	N           int // ordinal within the record, known to the owner and the assigned only
	Class       ChangeClass
	State       VersionState
	Base        int    // edition it started from, 0 for the first
	Edition     int    // when published
	Body        []byte // the working copy
	Handling    Handling
	ContentHash string // of the submitted bytes, hex; "" before the first submission
	Author      string // person id of the last author
	Authors     []string
	Round       int // of review, from 1 at the first submission
	Revision    int64
	Submitted   Micros
	Updated     Micros
	Reason      string   // of decline
	Flags       []string // codes of checks that flagged it; decide bulk eligibility
	Depth       string   // vocabulary review_depth, once recommended
	PublishAt   Micros   // while scheduled: not before
}

// Content is a frozen body: canonical bytes (RFC 8785) under a salt of 32 random bytes.
type Content struct {
	Hash   string // hex SHA-256 of salt ‖ canonical bytes
	Salt   []byte
	Schema string
	Bytes  []byte
}

// Handling says who may see a record. It is not content: it is changed apart, narrower at once, wider only with new
// consent, and it is never shown below the named tier.
type Handling struct {
	Marking     schema.Tier            `json:"marking"`
	Tiers       map[string]schema.Tier `json:"tiers,omitempty"`       // section name or item id → raised tier
	Recipients  []string               `json:"recipients,omitempty"`  // organization ids, named tier
	Attribution string                 `json:"attribution,omitempty"` // vocabulary attribution; "" is named
	NotBefore   Micros                 `json:"not_before,omitempty"`  // embargo
	Excluded    []string               `json:"excluded,omitempty"`    // organizations that may not review
}

// AttestationKind is what a signature says.
type AttestationKind string

// The kinds of attestations. Every quorum is a count of unvoided ones over the same hashes.
const (
	Consent   AttestationKind = "consent"
	Recommend AttestationKind = "recommend"
	Approve   AttestationKind = "approve"
	Second    AttestationKind = "second"
)

// Attestation is a person's signature, for an organization, under exactly one content and one handling.
type Attestation struct {
	ID           string
	Kind         AttestationKind
	Record       string
	Version      string
	ContentHash  string
	HandlingHash string
	Person       string
	Org          string
	At           Micros
	Voided       Micros // 0 while it counts
	Checklist    []string
	Depth        string // vocabulary review_depth
}

// Duty is what somebody was assigned to.
type Duty string

// The duties.
const (
	ReviewDuty      Duty = "review"
	PublishDuty     Duty = "publish"
	SensitivityDuty Duty = "sensitivity" // to decide about quarantined text
)

// Assignment says who has a version in hand. Declared are the answers to the three questions about interests: true
// means an interest.
type Assignment struct {
	ID       string
	Record   string
	Version  string
	Person   string
	Org      string
	Duty     Duty
	Declared [3]bool
	At       Micros
	Released Micros // 0 while in hand
	Why      string // hand, clock, suspended, decided
}

// Comment is a remark of the review conversation, at a field, with a coded request, frozen with its round.
type Comment struct {
	ID         string
	Record     string
	Version    string
	Round      int
	Pointer    string // JSON pointer into the body; "" for the whole
	Request    string // vocabulary review_request; "" for a plain remark
	Text       string
	Suggestion []byte // exact JSON value suggested for Pointer, or nil
	Person     string
	Org        string
	At         Micros
	Accepted   Micros // when the owner accepted the suggestion
}
