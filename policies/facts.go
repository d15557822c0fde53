package policies

import (
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/schema"
)

// Facts are what a decision may depend on, read in the deciding transaction from the row just locked. The zero value is
// an action without an object (search.read). For a record, Owner and RecordState are set, and the fields of its open
// version when it has one. For a batch, Record is empty, Owner is its organization, Authors its importer, VersionState
// is BatchState of its state and Assignments name its reviewer. For an organization, person, grant or token, TargetOrg
// (and TargetPerson, TargetRoles) are set and Owner is empty.
type Facts struct {
	Record       string
	Owner        string // organization id
	RecordState  incident.RecordState
	VersionState incident.VersionState // of the open version; "" when there is none
	Class        incident.ChangeClass
	Sensitive    bool
	Marking      schema.Tier
	Terms        map[string][]string // kinds area, domain, cause, type
	Authors      []string            // person ids; of a setting, who proposed it
	Decliners    []string            // person ids: who declined this version before the owner appealed
	Attestations []incident.Attestation
	Assignments  []incident.Assignment // released ones too
	Excluded     []string              // organization ids that may not review
	Recipients   []string              // organization ids
	ContentHash  string
	HandlingHash string
	// Wider are hashes of earlier handlings that the present one is within: whoever signed under one of them signed for
	// this. Raising a tier voids nothing.
	Wider           []string
	TargetOrg       string // assign: of the person assigned
	TargetPerson    string
	TargetRoles     []identity.Role
	StandingConsent bool // the owner consented ahead to situation updates
	OwnerSuspended  bool // its open versions are frozen
	Quarantined     bool // its text is in quarantine
}

// Reason is one thing that is missing: a code under "policy." or "quorum." and its parameters (codes, never words).
type Reason struct {
	Code   string         `json:"code"`
	Params map[string]any `json:"params,omitempty"`
}

// Decision is the answer to one question.
type Decision struct {
	Allowed bool
	Rule    string // the deciding row: "policy.csv:12 contributor incident.save own"; "" when none
	Name    string // the name of that row
	Grant   string // id of the grant that covers, where the rule asks for one and one alone covers
	Missing []Reason
	// NotFound: the principal may not know of the object; Missing is empty and the surface answers as if it never was.
	NotFound bool
	// Partly, for incident.publish and incident.widen: everything holds, but the grants of this organization and of those
	// that approved already cover only a part of the values. The signature counts; the act waits for another publisher.
	Partly bool
}

// Fault gives a refusal as an error, nil when allowed. The thing names the code of a not found ("record"). The first
// reason is the fault's code; all of them are its fields.
func (d Decision) Fault(thing string) error {
	if d.Allowed {
		return nil
	}
	if d.NotFound || len(d.Missing) == 0 {
		return fault.New(fault.NotFound, thing+".not_found")
	}
	refusal := fault.New(fault.Forbidden, d.Missing[0].Code)
	refusal.Params = d.Missing[0].Params
	for _, reason := range d.Missing {
		refusal.Fields = append(refusal.Fields, fault.Field{Code: reason.Code, Params: reason.Params})
	}
	return refusal
}

// BatchState gives the state of an import as the state its records are in, which is what the rules speak of.
func BatchState(importState string) incident.VersionState {
	switch importState {
	case "loading", "loaded", "partly_undone":
		return incident.Draft
	case "submitted":
		return incident.Submitted
	case "in_review", "sampled":
		return incident.InReview
	case "recommended":
		return incident.Reviewed
	case "returned":
		return incident.ChangesRequested
	}
	return ""
}
