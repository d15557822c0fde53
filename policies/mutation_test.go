package policies

import (
	"strings"
	"testing"
)

// mutation is one mistake that somebody could make: in the rows, in the matcher, or in a duty.
type mutation struct {
	name     string
	old, new string // in policy.csv, or in model.conf when model is set
	model    bool
	duty     string // that holds always
}

func mutations() []mutation {
	row := func(name string, old, new string) mutation { return mutation{name: name, old: old, new: new} }
	return []mutation{
		{name: "an author may review", duty: "not_author"},
		{name: "who recommended may publish", duty: "not_reviewer"},
		{name: "one may sign twice", duty: "not_recommended"},
		{name: "one publisher widens alone", duty: "not_signed"},
		{name: "who declined decides about the appeal", duty: "not_decliner"},
		{name: "who did it confirms it", duty: "second_person"},
		{name: "named records may be taken", duty: "unnamed"},
		{name: "versions of a suspended owner move on", duty: "owner_active"},
		{name: "analysts submit updates nobody consented to", duty: "ahead"},
		{name: "everybody sees everything", duty: "sees"},
		{name: "a focal point makes reviewers", duty: "no_more_rights"},
		{name: "a publisher's approval asks nothing of authors", old: "reviewed,*,not_author&not_reviewer&not_decliner&owner_active,publish,",
			new: "reviewed,*,not_reviewer&not_decliner&owner_active,publish,"},
		row("the recommending row is gone", "review.recommend,", "#"),
		row("the publishing row is gone", "approve.publish,", "#"),
		row("analysts submit", "own.submit,focal_point,", "own.submit,contributor|focal_point,"),
		row("analysts withdraw", "own.withdraw,focal_point,", "own.withdraw,contributor|focal_point,"),
		row("consent ahead is to anything", "changes_requested,situation_update,ahead", "changes_requested,*,ahead"),
		row("anything that waits is replaced", "submitted|in_review,situation_update,-", "submitted|in_review,*,-"),
		row("anybody of the owner writes", "own.edit,contributor|focal_point,", "own.edit,member,"),
		row("others write", "incident.save,own,", "incident.save,own|other,"),
		row("readers undo imports", "own.undo,contributor|focal_point,", "own.undo,member,"),
		row("others undo imports", "batch.undo,own,", "batch.undo,own|other,"),
		row("what waits for a reviewer is undone", "batch.undo,own,none,draft|changes_requested,", "batch.undo,own,none,draft|submitted|changes_requested,"),
		row("the owner recommends", "batch.recommend,assigned,", "batch.recommend,assigned|own,"),
		row("the owner publishes", "incident.publish|batch.publish,other|", "incident.publish|batch.publish,own|other|"),
		row("a colleague comments", "incident.comment,assigned,reserved|live|held,in_review|changes_requested|reviewed,*,not_author&owner_active",
			"incident.comment,assigned|colleague,reserved|live|held,in_review|changes_requested|reviewed,*,not_author&owner_active"),
		row("the excluded claim", "batch.claim,other|", "batch.claim,excluded|other|"),
		row("drafts are shown to reviewers", "batch.read,other|assigned|colleague,none|reserved|live|held,submitted|in_review,",
			"batch.read,other|assigned|colleague,none|reserved|live|held,draft|submitted|in_review,"),
		row("reviewers read before a claim", "incident.read_work|batch.read,assigned|colleague,", "incident.read_work|batch.read,other|assigned|colleague,"),
		row("published before it was reviewed", "none|reserved|live,reviewed,*,not_author&not_reviewer", "none|reserved|live,in_review|reviewed,*,not_author&not_reviewer"),
		row("saved after it was submitted", "draft|changes_requested,*,-,-,write", "draft|submitted|changes_requested,*,-,-,write"),
		row("a correction by one action", "situation_update|editorial|translation,not_author&unnamed", "situation_update|editorial|translation|correction,not_author&unnamed"),
		row("submitting needs no grant", "-,submit,write", "-,-,write"),
		row("reviewing needs no grant", "unnamed&owner_active,review,write", "unnamed&owner_active,-,write"),
		row("a part is enough to publish", "not_author&not_reviewer&not_decliner&owner_active,publish,write", "not_author&not_reviewer&not_decliner&owner_active,publish_part,write"),
		row("administrators read content", "incident.read|incident.read_work,glass,", "incident.read|incident.read_work,*,"),
		row("focal points grant", "admin.manage,administrator|", "admin.manage,focal_point|administrator|"),
		row("focal points manage the people of others", "membership.end,own,", "membership.end,*,"),
		row("tokens of others", "token.own,member,token.create|token.revoke|session.end,self,", "token.own,member,token.create|token.revoke|session.end,*,"),
		row("a reading token recommends", "not_recommended&not_decliner&owner_active,review,write", "not_recommended&not_decliner&owner_active,review,read"),
		row("the log is open to administrators", "ledger.all,auditor|", "ledger.all,administrator|auditor|"),
		row("reviewers schedule", "approve.schedule,publisher,", "approve.schedule,reviewer|publisher,"),
		row("a part is enough to schedule", "reviewed|scheduled,*,not_author&not_reviewer&not_decliner&owner_active,publish,", "reviewed|scheduled,*,not_author&not_reviewer&not_decliner&owner_active,publish_part,"),
		row("anybody may publish before it is due", "none|reserved|live,reviewed,*,not_author", "none|reserved|live,reviewed|scheduled,*,not_author"),
		row("analysts appeal", "own.appeal,focal_point,", "own.appeal,contributor|focal_point,"),
		{name: "any reviewer in hand reads what is quarantined", duty: "for_sensitivity"},
		{name: "what nobody knows of is purged", duty: "known"},
		{name: "who does not read it quarantines it", duty: "reads"},
		row("analysts read what is quarantined", "own.quarantined,focal_point,", "own.quarantined,contributor|focal_point,"),
		row("publishers clear", "sensitive.clear,reviewer,", "sensitive.clear,reviewer|publisher,"),
		row("the glass shows what is quarantined", "incident.read_work,glass,none|reserved|", "incident.read_work,glass,quarantined|none|reserved|"),
		row("reviewers write caution notes", "approve.note,publisher,", "approve.note,reviewer|publisher,"),
		row("administrators purge", "approve.purge,publisher,", "approve.purge,administrator|publisher,"),
		row("one publisher purges alone", "known&not_author&not_signed,publish", "known&not_author,publish"),
		row("reviewers let go", "approve.lift,publisher,", "approve.lift,reviewer|publisher,"),
		row("the owner lets go", "incident.lift,other|", "incident.lift,own|other|"),
		row("who held lets go", "held,*,*,sees&second_person,publish_part,write\napprove.widen", "held,*,*,sees,publish_part,write\napprove.widen"),
		row("anybody holds", "review.hold,reviewer,", "review.hold,member,"),
		row("what nobody may see is held", "incident.hold,other|assigned|colleague,live,*,*,sees,review", "incident.hold,other|assigned|colleague,live,*,*,-,-"),
		{name: "the matcher forgets the grant", old: " && may(p.grant, r.who)", model: true},
		{name: "the matcher forgets the duties", old: " && kept(p.duties, r.who)", model: true},
		{name: "the matcher forgets the relation", old: " && rel(p.relation, r.who)", model: true},
		{name: "the matcher forgets the role", old: " && is(p.role, r.who)", model: true},
		{name: "the matcher forgets the token", old: " && has(p.token, r.who)", model: true},
		{name: "the matcher forgets the state", old: " && at(p.state, r.who)", model: true},
		{name: "the matcher asks for one of two", old: " && is(p.role, r.who) && rel(p.relation, r.who)",
			new: " && (is(p.role, r.who) || rel(p.relation, r.who))", model: true},
	}
}

func TestMutationsAreNoticed(t *testing.T) {
	sch := loaded(t)
	if wrong := wrongCells(t, loadedPolicies(t)); len(wrong) > 0 {
		t.Fatalf("the cells are wrong before any mutation: %v", wrong)
	}
	for _, m := range mutations() {
		policy, model, duties := policyText, modelText, allDuties()
		switch {
		case m.duty != "":
			d, ok := duties[m.duty]
			if !ok {
				t.Fatalf("%s: no duty %s", m.name, m.duty)
			}
			d.kept = func(*question) bool { return true }
			duties[m.duty] = d
		case m.model:
			model = strings.ReplaceAll(model, m.old, m.new)
		default:
			policy = strings.ReplaceAll(policy, m.old, m.new)
		}
		if m.duty == "" && policy == policyText && model == modelText {
			t.Errorf("%s: the text to change is not there", m.name)
			continue
		}
		p, err := read(sch, model, policy, quorumText, duties)
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		if len(wrongCells(t, p)) == 0 && len(wrongBatches(t, p)) == 0 {
			t.Errorf("%s: no handwritten cell notices", m.name)
		}
	}
}
