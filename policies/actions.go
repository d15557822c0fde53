package policies

import (
	"slices"
	"strings"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
)

// Actions lists every action there is a rule about, in the order of the truth table: those on records, on batches, and
// the rest.
func Actions() []string {
	return slices.Concat(RecordActions(), BatchActions(), []string{
		"org.read", "org.add", "org.suspend", "org.reinstate", "person.add", "person.invite", "person.reset", "session.end",
		"membership.add", "membership.end",
		"grant.add", "grant.revoke", "setting.propose", "setting.confirm", "token.create", "token.revoke",
		"glass.break", "ledger.read", "ledger.export", "index.rebuild", "index.read", "policy.explain", "search.read", "export.read", "feed.read", "vocabulary.read",
	})
}

// RecordActions lists the actions on a record and its versions. incident.read_head is the id, state, age and holder of
// a record, which administrators and auditors see of every one.
func RecordActions() []string {
	return append(incident.Actions(),
		"incident.consent_ahead", "incident.revoke_consent", "incident.read_standing", "incident.read", "incident.read_work", "incident.read_card", "incident.read_head")
}

// BatchActions lists the actions on an import.
func BatchActions() []string {
	return []string{"batch.import", "batch.read", "batch.submit", "batch.claim", "batch.sample", "batch.check",
		"batch.recommend", "batch.return", "batch.publish", "batch.undo"}
}

// Roles of the rules that are no membership: everybody, anybody with a role in an active organization, and the person
// at the machine.
const (
	rolePublic   = "public"
	roleMember   = "member"
	roleOperator = "operator"
)

// mask is a set of roles or of relations, bit by bit in the order of their names.
type mask uint16

const everything mask = 1<<16 - 1

// The bits of the roles, in the order of roleNames.
const (
	isPublic mask = 1 << iota
	isMember
	isOperator
	isReader
	isContributor
	isFocalPoint
	isReviewer
	isPublisher
	isAdministrator
	isAuditor
)

func roleNames() []string {
	names := []string{rolePublic, roleMember, roleOperator}
	for _, role := range identity.Roles() {
		names = append(names, string(role))
	}
	return names
}

// bitOf gives the bit of a membership's role; 0 for a role that the rules do not know.
func bitOf(role identity.Role) mask {
	switch role {
	case identity.Reader:
		return isReader
	case identity.Contributor:
		return isContributor
	case identity.FocalPoint:
		return isFocalPoint
	case identity.Reviewer:
		return isReviewer
	case identity.Publisher:
		return isPublisher
	case identity.Administrator:
		return isAdministrator
	case identity.Auditor:
		return isAuditor
	}
	return 0
}

// The relations of a principal to the object, in the order of relationNames. One of the first six holds; glass and self
// are added to it.
const (
	relNone      mask = 1 << iota // there is no object
	relOwn                        // of the acting organization
	relExcluded                   // the owner excluded the acting organization from reviewing
	relAssigned                   // the person has it in hand for the acting organization
	relColleague                  // somebody else of the acting organization has it in hand
	relOther                      // none of these
	relGlass                      // the glass is broken for the record
	relSelf                       // the object is the person, in the acting organization
)

func relationNames() []string {
	return []string{"none", "own", "excluded", "assigned", "colleague", "other", "glass", "self"}
}

// none is the state of a record or version that is not there.
const none = "none"

// quarantined stands in the place of a record's state while its text is in quarantine: no rule applies to such a record
// but those that say so.
const quarantined = "quarantined"

func recordStates() []string {
	names := []string{none}
	for _, s := range incident.RecordStates() {
		names = append(names, string(s))
	}
	return append(names, quarantined)
}

// versionStates: a version that is no longer open counts as none.
func versionStates() []string {
	names := []string{none}
	for _, s := range incident.VersionStates() {
		if s.Open() {
			names = append(names, string(s))
		}
	}
	return names
}

func classes() []string {
	return []string{string(incident.Initial), string(incident.Correction), string(incident.Reclassification),
		string(incident.SituationUpdate), string(incident.Editorial), string(incident.Translation),
		string(incident.Redaction), string(incident.HandlingChange)}
}

func tokenScopes() []string { return []string{"read", "write", "admin"} }

func onRecord(action string) bool { return strings.HasPrefix(action, "incident.") }
func onBatch(action string) bool  { return strings.HasPrefix(action, "batch.") }
