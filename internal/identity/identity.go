package identity

import (
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/schema"
)

// Role is what a person may be in an organization. Pages and messages say approver for publisher.
type Role string

// The roles; one person may hold several, and the rules separate them by action.
const (
	Reader        Role = "reader"
	Contributor   Role = "contributor"
	FocalPoint    Role = "focal_point"
	Reviewer      Role = "reviewer"
	Publisher     Role = "publisher"
	Administrator Role = "administrator"
	Auditor       Role = "auditor"
)

// Roles lists them.
func Roles() []Role {
	return []Role{Reader, Contributor, FocalPoint, Reviewer, Publisher, Administrator, Auditor}
}

// Status of an organization.
type Status string

// The statuses. Suspension is read on every request.
const (
	Active    Status = "active"
	Suspended Status = "suspended"
)

// Org is a member organization.
type Org struct {
	ID        string // internal
	Slug      string // north-health, as in ana@north-health
	Name      string
	Kind      string // vocabulary organization_kind
	Area      string // for the focal point of a State: its area code
	Status    Status
	Caretaker string // organization that looks after its published records while it is suspended
	Revision  int64
}

// Person is a natural person. The name is kept apart from the ledger, so that it can be erased.
type Person struct {
	ID     string
	Handle string // ana
	Name   string
	Status Status
}

// Membership is a role of a person in an organization, until a moment (0 is without end).
type Membership struct {
	Person      string
	Org         string
	Role        Role
	Until       int64    // microseconds UTC
	Competences []string // domains, reviewers only
	Languages   []string // reading languages, reviewers only
}

// LinkKind is what a link is for that proves, once, who somebody is.
type LinkKind string

// The kinds of link. A page stands at /KIND/TOKEN.
const (
	LinkFirst  LinkKind = "first"  // of the first administrator of an installation
	LinkInvite LinkKind = "invite" // of somebody who was added and has no password yet
	LinkReset  LinkKind = "reset"  // of somebody whose password is worthless from the moment it is made
)

// GrantAction is what a grant lets an organization do.
type GrantAction string

// The grants.
const (
	GrantSubmit  GrantAction = "submit"
	GrantReview  GrantAction = "review"
	GrantPublish GrantAction = "publish"
)

// Scope limits a grant. A dimension that names nothing is silent: it covers everything, unknown included.
type Scope struct {
	Domains []string     `json:"domains,omitempty"`
	Areas   []string     `json:"areas,omitempty"` // areas or M49 regions; a region covers its areas
	Causes  []string     `json:"causes,omitempty"`
	Types   []string     `json:"types,omitempty"`   // incident types; a branch covers its children
	Highest *schema.Tier `json:"highest,omitempty"` // highest marking
}

// Grant is data that administrators edit: which organization can submit, review or publish which records.
type Grant struct {
	ID     string
	Org    string
	Action GrantAction
	Scope  Scope
	From   int64 // microseconds UTC
	Until  int64 // 0 is without end
}

// Via is how a request came in; the ledger records it.
type Via string

// The ways in.
const (
	ViaAPI    Via = "api"
	ViaSocket Via = "socket"
	ViaLocal  Via = "local" // a command that opened the database itself
	ViaClock  Via = "clock"
	ViaWeb    Via = "web"
)

// Principal is who asks: one person acting as one organization, with the roles held there now. The zero value is the
// public. Operator is the person at the machine (socket or open database): it manages organizations and people, and
// has no view of content.
type Principal struct {
	Person     string
	Handle     string
	Org        string
	OrgSlug    string
	OrgStatus  Status
	Roles      []Role
	Scopes     []string // of the token: read, write, admin; nil means all
	Via        Via
	Operator   bool
	BreakGlass map[string]int64 // record id → until, microseconds
}

// Anonymous tells whether nobody signed in.
func (p Principal) Anonymous() bool { return p.Person == "" && !p.Operator }

// Has tells whether the person holds the role in the acting organization.
func (p Principal) Has(role Role) bool { return slices.Contains(p.Roles, role) }

// Member tells whether the person may read members' views: any role in an active organization.
func (p Principal) Member() bool {
	return p.Person != "" && p.OrgStatus == Active && len(p.Roles) > 0
}

// Name gives PERSON@ORG.
func (p Principal) Name() string {
	if p.Operator && p.Person == "" {
		return "operator"
	}
	return p.Handle + "@" + p.OrgSlug
}

// ParseName splits PERSON@ORG.
func ParseName(name string) (handle, slug string, err error) {
	handle, slug, ok := strings.Cut(name, "@")
	if !ok || handle == "" || slug == "" || strings.Contains(slug, "@") {
		return "", "", fault.New(fault.Invalid, "name.malformed", "name", name)
	}
	return handle, slug, nil
}
