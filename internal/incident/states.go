package incident

import "slices"

// The actions, as policies, ledger and contract name them.
const (
	ActionCreate         = "incident.create"
	ActionSave           = "incident.save"
	ActionDiscard        = "incident.discard"
	ActionSubmit         = "incident.submit"
	ActionRecall         = "incident.recall"
	ActionClaim          = "incident.claim"
	ActionRelease        = "incident.release"
	ActionComment        = "incident.comment"
	ActionSuggest        = "incident.suggest"
	ActionAcceptWords    = "incident.accept_words"
	ActionRequestChanges = "incident.request_changes"
	ActionRecommend      = "incident.recommend"
	ActionDecline        = "incident.decline"
	ActionReturn         = "incident.return"
	ActionAssign         = "incident.assign"
	ActionPublish        = "incident.publish"
	ActionAccept         = "incident.accept" // one action: situation update, editorial, translation
	ActionNewVersion     = "incident.new_version"
	ActionNarrow         = "incident.narrow"
	ActionRedact         = "incident.redact"
	ActionConfirm        = "incident.confirm"
	ActionWiden          = "incident.widen"
	ActionWithdraw       = "incident.withdraw"
	ActionMerge          = "incident.merge"
	ActionHold           = "incident.hold"
	ActionLift           = "incident.lift"
	ActionSchedule       = "incident.schedule"
	ActionAppeal         = "incident.appeal"
	ActionQuarantine     = "incident.quarantine"
	ActionClear          = "incident.clear"
	ActionNote           = "incident.note"
	ActionEndNote        = "incident.end_note"
	ActionPurge          = "incident.purge"
)

// The two machines, as an Arrow names them.
const (
	VersionMachine = "version"
	RecordMachine  = "record"
)

// Conditions of an arrow. Where one is not met the action is still allowed and the state stays what it was.
const (
	WhenQuorum    = "quorum_met" // the attestations, this one counted, make the quorum of the change class
	WhenLastClaim = "last_claim" // nobody else has the version in hand
	WhenDue       = "due"        // the time has come: by the clock alone
)

// Arrow is one line of the drawing of a state machine: an action leads from one state to another. From is empty where
// something begins. An arrow that leads back to its own state says that the action is allowed there.
type Arrow struct {
	Machine string
	From    string
	Action  string
	To      string
	When    string // a condition, or ""
}

// versionArrow and recordArrow are the lines of the two tables. An action leads from every state listed to one state;
// to the zero state means that the state stays.
type versionArrow struct {
	action string
	from   []VersionState
	to     VersionState
	when   string
}

type recordArrow struct {
	action string
	from   []RecordState
	to     RecordState
}

// versionArrows is the state machine of a version. It is never written to.
var versionArrows = [...]versionArrow{ //nolint:gochecknoglobals // a table
	{action: ActionSave, from: []VersionState{Draft, ChangesRequested}},
	{action: ActionSubmit, from: []VersionState{Draft, ChangesRequested}, to: Submitted},
	{action: ActionDiscard, from: []VersionState{Draft, ChangesRequested}, to: Discarded},
	{action: ActionRecall, from: []VersionState{Submitted, InReview, ChangesRequested, Reviewed, Scheduled}, to: Draft},
	{action: ActionClaim, from: []VersionState{Submitted, InReview}, to: InReview},
	{action: ActionAssign, from: []VersionState{Submitted, InReview}, to: InReview},
	{action: ActionAssign, from: []VersionState{Reviewed}},
	{action: ActionRelease, from: []VersionState{InReview}, to: Submitted, when: WhenLastClaim},
	{action: ActionRelease, from: []VersionState{Reviewed}},
	{action: ActionComment, from: []VersionState{InReview, ChangesRequested, Reviewed}},
	{action: ActionSuggest, from: []VersionState{InReview}},
	{action: ActionAcceptWords, from: []VersionState{InReview}},
	{action: ActionRequestChanges, from: []VersionState{InReview}, to: ChangesRequested},
	{action: ActionRecommend, from: []VersionState{InReview}, to: Reviewed, when: WhenQuorum},
	{action: ActionReturn, from: []VersionState{Reviewed, Scheduled}, to: InReview},
	{action: ActionDecline, from: []VersionState{Submitted, InReview, Reviewed}, to: Declined},
	{action: ActionPublish, from: []VersionState{Reviewed}, to: Published},
	{action: ActionPublish, from: []VersionState{Scheduled}, to: Published, when: WhenDue},
	{action: ActionSchedule, from: []VersionState{Reviewed, Scheduled}, to: Scheduled},
	{action: ActionAppeal, from: []VersionState{Declined}, to: InReview},
	{action: ActionQuarantine, from: []VersionState{Submitted, InReview, Reviewed, Scheduled}, to: InReview},
	{action: ActionQuarantine, from: []VersionState{Draft, ChangesRequested}},
	{action: ActionAccept, from: []VersionState{Submitted, InReview, Reviewed}, to: Published},
	{action: ActionRedact, from: []VersionState{Draft}, to: Published},
	{action: ActionWiden, from: []VersionState{Submitted, InReview, Reviewed}, to: Published, when: WhenQuorum},
	{action: ActionNarrow, from: []VersionState{Draft, Submitted, InReview, ChangesRequested, Reviewed, Scheduled}},
}

// recordArrows is the state machine of a record. It is never written to.
var recordArrows = [...]recordArrow{ //nolint:gochecknoglobals // a table
	{action: ActionNewVersion, from: []RecordState{Reserved, Live}},
	{action: ActionPublish, from: []RecordState{Reserved, Live}, to: Live},
	{action: ActionAccept, from: []RecordState{Live}},
	{action: ActionNarrow, from: []RecordState{Reserved, Live, Held}},
	{action: ActionRedact, from: []RecordState{Live, Held}},
	{action: ActionConfirm, from: []RecordState{Live, Held}},
	{action: ActionWiden, from: []RecordState{Live}},
	{action: ActionWithdraw, from: []RecordState{Live, Held}, to: Withdrawn},
	{action: ActionMerge, from: []RecordState{Reserved, Live, Held, Withdrawn}, to: Merged},
	{action: ActionHold, from: []RecordState{Live}, to: Held},
	{action: ActionLift, from: []RecordState{Held}, to: Live},
	{action: ActionQuarantine, from: []RecordState{Reserved, Held}},
	{action: ActionQuarantine, from: []RecordState{Live}, to: Held},
	{action: ActionClear, from: []RecordState{Reserved}},
	{action: ActionClear, from: []RecordState{Held}, to: Live},
	{action: ActionNote, from: []RecordState{Live, Held}},
	{action: ActionEndNote, from: []RecordState{Live, Held}},
	{action: ActionPurge, from: []RecordState{Reserved, Live, Held, Withdrawn}, to: Withdrawn},
	{action: ActionPurge, from: []RecordState{Merged}},
}

// NextVersion gives the state to which an action leads a version; ok is false where the drawing has no such arrow. For
// an arrow with a condition (Drawing tells which) it is the state when the condition is met; else the version stays.
func NextVersion(from VersionState, action string) (next VersionState, ok bool) {
	for i := range versionArrows {
		arrow := &versionArrows[i]
		if arrow.action != action || !slices.Contains(arrow.from, from) {
			continue
		}
		if arrow.to == "" {
			return from, true
		}
		return arrow.to, true
	}
	return "", false
}

// NextRecord gives the state to which an action leads a record; ok is false where the drawing has no such arrow.
// Actions that touch a version only are not in it.
func NextRecord(from RecordState, action string) (next RecordState, ok bool) {
	for i := range recordArrows {
		arrow := &recordArrows[i]
		if arrow.action != action || !slices.Contains(arrow.from, from) {
			continue
		}
		if arrow.to == "" {
			return from, true
		}
		return arrow.to, true
	}
	return "", false
}

// Drawing gives both machines as arrows, in the order a reader follows them. Each begins with an arrow from nothing.
func Drawing() []Arrow {
	arrows := []Arrow{
		{VersionMachine, "", ActionCreate, string(Draft), ""},
		{VersionMachine, "", ActionNewVersion, string(Draft), ""},
	}
	for _, a := range versionArrows {
		for _, from := range a.from {
			next, _ := NextVersion(from, a.action)
			arrows = append(arrows, Arrow{VersionMachine, string(from), a.action, string(next), a.when})
		}
	}
	arrows = append(arrows, Arrow{RecordMachine, "", ActionCreate, string(Reserved), ""})
	for _, a := range recordArrows {
		for _, from := range a.from {
			next, _ := NextRecord(from, a.action)
			arrows = append(arrows, Arrow{RecordMachine, string(from), a.action, string(next), ""})
		}
	}
	return arrows
}

// VersionStates lists the states of a version in the order of its life.
func VersionStates() []VersionState {
	return []VersionState{Draft, Submitted, InReview, ChangesRequested, Reviewed, Scheduled, Published, Declined, Discarded}
}

// RecordStates lists the states of a record in the order of its life.
func RecordStates() []RecordState {
	return []RecordState{Reserved, Live, Held, Withdrawn, Merged}
}

// Actions lists every action on a record or a version.
func Actions() []string {
	return []string{
		ActionCreate, ActionSave, ActionDiscard, ActionSubmit, ActionRecall, ActionClaim, ActionRelease, ActionComment,
		ActionSuggest, ActionAcceptWords, ActionRequestChanges, ActionRecommend, ActionDecline, ActionReturn,
		ActionAssign, ActionPublish, ActionAccept, ActionNewVersion, ActionNarrow, ActionRedact, ActionConfirm,
		ActionWiden, ActionWithdraw, ActionMerge, ActionHold, ActionLift, ActionSchedule,
		ActionAppeal, ActionQuarantine, ActionClear, ActionNote, ActionEndNote, ActionPurge,
	}
}
