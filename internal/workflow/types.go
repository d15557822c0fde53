package workflow

import (
	"io"
	"strconv"
	"strings"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/policies"
	"bioincident/schema"
)

// Deps is what a Workflow is built from.
type Deps struct {
	Store     *store.Store
	Schema    *schema.Schema
	Checks    *incident.Checks
	Policies  *policies.Policies
	Random    io.Reader       // must be safe for concurrent use
	Passwords *auth.Passwords // sets that of the first administrator
	Prefix    string          // of new record ids; "" is BID. The setting "prefix" goes before it
}

// Revision guards a record and its open version together: whatever changes either raises it. 0 is none. Its text is
// "2.7": the record's revision and the open version's, 0 when none is open.
type Revision int64

func revisionOf(record, version int64) Revision { return Revision(record<<32 | version) }

// String writes the text.
func (r Revision) String() string {
	return strconv.FormatInt(int64(r>>32), 10) + "." + strconv.FormatInt(int64(r&(1<<32-1)), 10)
}

// ParseRevision reads the text; the fault is Malformed revision.syntax.
func ParseRevision(text string) (Revision, error) {
	record, version, ok := strings.Cut(text, ".")
	a, errA := strconv.ParseUint(record, 10, 31)
	b, errB := strconv.ParseUint(version, 10, 32)
	if !ok || errA != nil || errB != nil {
		return 0, fault.New(fault.Malformed, "revision.syntax")
	}
	return revisionOf(int64(a), int64(b)), nil
}

// HandlingIn is a handling as people write it: organizations by their slug.
type HandlingIn struct {
	Marking     schema.Tier            `json:"marking"`
	Tiers       map[string]schema.Tier `json:"tiers,omitempty"`
	Recipients  []string               `json:"recipients,omitempty"`
	Attribution string                 `json:"attribution,omitempty"`
	NotBefore   incident.Micros        `json:"not_before,omitempty"`
	Excluded    []string               `json:"excluded,omitempty"`
}

// HandlingChange says what of a handling shall be another; what it leaves out stays as it is.
type HandlingChange struct {
	Marking     *schema.Tier           // nil stays
	Tiers       map[string]schema.Tier // of the sections and items named; the others stay
	Recipients  []string               // all of them, in place of those there are; nil stays
	Attribution string                 // "" stays
	NotBefore   incident.Micros        // 0 stays
	Excluded    []string               // as Recipients
}

// Empty tells whether it changes nothing at all.
func (h HandlingChange) Empty() bool {
	return h.Marking == nil && len(h.Tiers) == 0 && h.Recipients == nil && h.Attribution == "" && h.NotBefore == 0 &&
		h.Excluded == nil
}

// Change gives the change to what a handling says; what it does not say stays.
func (in HandlingIn) Change() HandlingChange {
	return HandlingChange{Marking: &in.Marking, Tiers: in.Tiers, Recipients: in.Recipients, Attribution: in.Attribution,
		NotBefore: in.NotBefore, Excluded: in.Excluded}
}

// Draft is a body to be kept, incomplete or not, and who may see it. A nil Handling is named to nobody but the owner
// when a record is created, and leaves what is there when a draft is saved. A nil Body leaves what is there.
type Draft struct {
	Body     []byte
	Handling *HandlingIn
	Key      string // Idempotency-Key, "" for none; for Create only

	flags []string // codes of an importer
}

// Declared are the answers to the three questions about interests: true means an interest.
type Declared = [3]bool

// CommentIn is a remark at a field. With a Suggestion it is exact words the owner can accept in one action.
type CommentIn struct {
	Pointer    string // JSON pointer into the body, items by id or by position; "" for the whole
	Request    string // vocabulary review_request; "" for a plain remark
	Text       string
	Suggestion []byte // JSON value for Pointer, or nil
}

// RecommendIn is a reviewer's signature: every item of the checklist, and a reason for each check that is overridden.
type RecommendIn struct {
	Checklist []string          // all of Checklist()
	Overrides map[string]string // code of a check → reason
	Note      string
}

// AssignIn gives a version into somebody's hands.
type AssignIn struct {
	Person string // PERSON@ORG
	Duty   incident.Duty
}

// RedactIn says what is taken out of every edition: pointers in which items stand by their id.
type RedactIn struct {
	Pointers []string
	Reason   string // vocabulary reason
	Note     string
}

// Ability is an action and whether the reader may take it now, with what is missing.
type Ability struct {
	Action  string
	Allowed bool
	Missing []policies.Reason
}

// Pending is a change that one person signed and that waits for a second.
type Pending struct {
	What    string // narrow, redact, hold, widen, withdraw, merge
	By      string // person id
	Org     string
	Since   incident.Micros
	Until   incident.Micros // 0 without a time
	InForce bool            // it holds already and is to be confirmed
}

// Waits is something about a record that waits for somebody, who began it, since when and until when.
type Waits struct {
	What    string // hold, confirm, widen, withdraw, merge, purge, schedule, quarantine, appeal
	By      string // person id
	Org     string
	Since   incident.Micros
	Until   incident.Micros // 0 without a time
	Why     string          // a code: the reason, what is to be confirmed, what stood in the way
	Into    string          // the record that another is to be merged into, where the asker may know of it
	Overdue bool
}

// WaitingIn asks for a page of what waits. Kind "" is every kind; Overdue asks for what was to be done by now.
type WaitingIn struct {
	Kind    string
	Overdue bool
	Cursor  string
	Limit   int
}

// WaitingItem is something of a record that waits for somebody. By, Org and Owner are "" where the asker may not know
// them; Can are the actions that go on with it.
type WaitingItem struct {
	Waits
	ID    string
	Owner string
	Can   []Ability
}

// WaitingList is a page of what waits. Next is "" on the last.
type WaitingList struct {
	Items  []WaitingItem
	Next   string
	People map[string]identity.Person
	Orgs   map[string]identity.Org
}

// GlassesIn asks for a page of the glasses that were broken: over one record, or with Record "" over any.
type GlassesIn struct {
	Record  string
	InForce bool
	Cursor  string
	Limit   int
}

// Glass is a glass that was broken over a record.
type Glass struct {
	store.BrokenGlass
	InForce bool
}

// GlassList is a page of them. Next is "" on the last.
type GlassList struct {
	Glasses []Glass
	Next    string
	People  map[string]identity.Person
	Orgs    map[string]identity.Org
}

// Warning tells of what is not wrong and yet matters, such as workflow.nobody_can_review.
type Warning struct {
	Code   string
	Params map[string]any
}

// Working is a record as those who work on it see it. Body is the working copy for the owner and the submitted bytes
// for all others; it is nil for those who see the head only.
type Working struct {
	Record       incident.Record
	Version      *incident.Version // the open one, without its body; nil when none is open
	Body         []byte
	Handling     incident.Handling
	Revision     Revision
	Need         policies.Need
	QuorumMet    bool
	Lacking      []policies.Reason // of the quorum
	Attestations []incident.Attestation
	Assignments  []incident.Assignment
	Comments     []incident.Comment
	Findings     []incident.Finding // of the checks for submitting (drafts) or publishing
	Sensitive    bool
	Warnings     []Warning
	Pending      *Pending
	Waiting      []Waits
	Can          []Ability
	People       map[string]identity.Person // by id: everyone named above
	Orgs         map[string]identity.Org
}

// Editor tells whether the reader may know the revision.
func (w Working) Editor() bool { return w.Revision != 0 }

// Changes is what a version changes against the edition it started from.
type Changes struct {
	Base   int // edition; 0 when this is the first version
	Class  incident.ChangeClass
	Fields []incident.FieldChange
	Wider  bool // its handling shows more than the published one
	// SinceYours is what changed since the content that the asker recommended; nil when they recommended none, or this.
	SinceYours []incident.FieldChange
}

// Card is all that may be known of a version before it is claimed.
type Card struct {
	ID        string
	Domains   []string
	Regions   []string // M49
	Languages []string
	Marking   schema.Tier
	State     incident.VersionState
	Class     incident.ChangeClass
	Submitted incident.Micros
	Can       []Ability // claim, assign …
}

// QueueIn asks for cards.
type QueueIn struct {
	Duty   incident.Duty // review or publish; "" both
	Cursor string
	Limit  int // at most 200; 0 is 50
}

// Cards is a page of the queue.
type Cards struct {
	Cards []Card
	Next  string
}

// WorkIn asks for open versions of the own organization, or those it has in hand.
type WorkIn struct {
	States   []incident.VersionState
	Assigned bool // what the organization has in hand, instead of what it owns
	Mine     bool // with Assigned: what the person has in hand
	Batch    string
	Cursor   string
	Limit    int // at most 200; 0 is 50
}

// WorkItem is one open version, who has it and since when.
type WorkItem struct {
	Record      incident.Record
	Version     incident.Version // without body
	Title       []incident.TitlePart
	Assignments []incident.Assignment // in hand
	Revision    Revision
}

// WorkList is a page of work.
type WorkList struct {
	Items  []WorkItem
	Next   string
	People map[string]identity.Person
	Orgs   map[string]identity.Org
}

// ExplainIn asks whether a person could take an action now, and why.
type ExplainIn struct {
	Person string // PERSON@ORG; "" is who asks
	Action string
	ID     string // record; "" when the action has no object
}

// GrantIn is a right as people write it.
type GrantIn struct {
	Org    string // slug
	Action identity.GrantAction
	Scope  identity.Scope
	From   incident.Micros // 0 is now
	Until  incident.Micros // 0 is without end
	Key    string          // Idempotency-Key, "" for none
}

// SimulateIn asks what a change of rights would change.
type SimulateIn struct {
	Add    []GrantIn
	Revoke []string // grant ids
}

// Simulation lists, for every open version in the queues, who could review and publish it before and after.
type Simulation struct {
	Open    int // versions looked at
	Changed []Effect
}

// Effect is a version for which a change of rights changes who could act. Organizations by slug.
type Effect struct {
	Record                      string
	Domains, Areas              []string
	ReviewBefore, ReviewAfter   []string
	PublishBefore, PublishAfter []string
}

// OrgIn, PersonIn, MemberIn and TokenIn are what administrators and focal points enter.
type (
	// OrgIn is a new organization.
	OrgIn struct {
		Slug, Name string
		Kind       string // vocabulary organization_kind
		Area       string // for the focal point of a State
		Key        string // Idempotency-Key, "" for none
	}
	// PersonIn is a new person.
	PersonIn struct {
		Handle, Name string
		Key          string // Idempotency-Key, "" for none
	}
	// MemberIn is a role of a person in an organization.
	MemberIn struct {
		Person      string // PERSON@ORG
		Role        identity.Role
		Until       incident.Micros // 0 without end
		Competences []string
		Languages   []string
	}
	// TokenIn is a new token for a person acting as an organization.
	TokenIn struct {
		Person  string // PERSON@ORG; "" is who asks
		Name    string
		Scopes  []string // read, write, admin; empty is all
		Expires incident.Micros
	}
)

// NewToken is a token just made. The secret is shown this once and kept nowhere.
type NewToken struct {
	Token  store.Token
	Secret string
}

// SettingView is a setting and what is proposed for it.
type SettingView struct {
	Name, Value string
	Waiting     string // value that waits for a second administrator, or ""
	By          string // who proposed it: person id
}

// Person is a person and their roles in one organization.
type Person struct {
	Person      identity.Person
	Org         string // slug
	Memberships []identity.Membership
}

// LedgerIn asks for entries, newest first.
type LedgerIn struct {
	Subject string
	Before  int64 // sequence number; 0 is the end
	Limit   int   // at most 200; 0 is 50
}

// LedgerPage is a page of the log of decisions. Details are given to those who may read them.
type LedgerPage struct {
	Entries []LedgerLine
	Next    int64 // for Before; 0 when there is no more
	People  map[string]identity.Person
	Orgs    map[string]identity.Org
}

// LedgerLine is an entry and its words, nil where they were purged or never were.
type LedgerLine struct {
	Entry   ledger.Entry
	Details []byte // JSON
}
