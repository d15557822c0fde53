package workflow

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
	"bioincident/schema"
)

// Working gives a record as those who work on it see it: its owner's writers the working copy; the organizations that
// have it in hand the submitted bytes; administrators and auditors its head. Everybody else is told that it was not
// found, or, of a published record, that they may not.
func (w *Workflow) Working(ctx context.Context, who identity.Principal, id string) (Working, error) {
	var out Working
	err := w.read(ctx, who, func(c *call) error {
		s, err := c.subject(id)
		if err != nil {
			return err
		}
		f := c.facts(s)
		work := c.decide(s, "incident.read_work", f)
		head := c.decide(s, "incident.read_head", f)
		switch {
		case work.Allowed:
			if out, err = w.fullWorking(c, s, f); err == nil {
				w.noteReading(c, s, f)
			}
		case head.Allowed:
			out = c.head(s)
		default:
			err = work.Fault("incident")
		}
		if err != nil {
			return err
		}
		c.name(&out)
		return c.knownTargets(out.waits())
	})
	return out, err
}

func (w Working) waits() []*Waits {
	var all []*Waits
	for i := range w.Waiting {
		all = append(all, &w.Waiting[i])
	}
	return all
}

// noteReading records that somebody read what is for the named only, or what they broke the glass for.
func (w *Workflow) noteReading(c *call, s *subject, f policies.Facts) {
	note := func(kind string) {
		w.Store.Events().Record(store.Event{Kind: kind, Person: c.who.Person, Org: c.who.Org, Subject: s.record.ID})
	}
	if f.Marking == schema.Named && c.who.Org != s.record.Owner {
		note("read_named")
	}
	if policies.AudienceOf(c.who).Breaks(s.record.ID, int64(c.now)) {
		note(store.EventReadGlass)
	}
}

// head is what administrators and auditors see: id, state, age and holder.
func (c *call) head(s *subject) Working {
	r := s.record
	out := Working{Record: incident.Record{ID: r.ID, Owner: r.Owner, Originator: r.Originator, State: r.State,
		Edition: r.Edition, Created: r.Created, Reason: r.Reason, MergedInto: r.MergedInto}}
	if s.open {
		v := s.version
		out.Version = &incident.Version{Record: r.ID, State: v.State, Class: v.Class, Round: v.Round, Submitted: v.Submitted,
			Updated: v.Updated}
		out.Assignments = s.inHand()
	}
	out.Waiting = c.waitingFor(s)
	return out
}

func (w *Workflow) fullWorking(c *call, s *subject, f policies.Facts) (Working, error) {
	own := c.who.Org == s.record.Owner
	out := Working{Record: s.record, Handling: s.record.Handling, Revision: s.revision(), Pending: s.pending(),
		Waiting: c.waitingFor(s)}
	if s.open {
		if err := w.openWorking(c, s, f, &out); err != nil {
			return out, err
		}
	} else if s.published && s.record.Purged == 0 && (own || len(c.who.BreakGlass) > 0 || s.record.Quarantined != 0) {
		doc, err := w.currentDoc(c, s)
		if err != nil {
			return out, err
		}
		out.Body = doc
	}
	out.Can = w.abilities(c, s)
	return out, nil
}

func (w *Workflow) openWorking(c *call, s *subject, f policies.Facts, out *Working) error {
	version := s.version
	version.Body = nil
	version.Flags = slices.DeleteFunc(slices.Clone(version.Flags), internalFlag)
	out.Version, out.Handling, out.Sensitive = &version, s.version.Handling, f.Sensitive
	out.Attestations, out.Assignments = s.attestations, s.assignments
	out.Need = c.rules.Quorum(f.Class, f.Sensitive)
	out.QuorumMet, out.Lacking = out.Need.MetBy(f)
	comments, err := c.tx.Comments(s.version.ID)
	if err != nil {
		return err
	}
	out.Comments = comments
	if c.seenContent(s) == "" {
		out.Body = s.version.Body
		var body incident.Body
		if err := json.Unmarshal(s.version.Body, &body); err != nil {
			return unreadable(err)
		}
		out.Findings = w.Checks.ForSubmit(body, s.version.Body)
		return nil
	}
	content, err := c.tx.Content(s.version.ContentHash)
	if err != nil {
		return err
	}
	out.Body = content.Bytes
	out.Findings, err = w.publishFindings(content)
	return err
}

// internalFlag tells the flags that are bookkeeping.
func internalFlag(flag string) bool {
	return strings.HasPrefix(flag, flagWider) || strings.HasPrefix(flag, flagDeclined) || flag == flagSensitive
}

// abilities tells for every action on a record whether the asker may take it now, with what is missing. What the drawing
// does not allow is told as such.
func (w *Workflow) abilities(c *call, s *subject) []Ability {
	var out []Ability
	for _, action := range offered() {
		d := c.decide(s, action, c.factsOn(s, action))
		ability := Ability{Action: action, Allowed: d.Allowed || d.Partly, Missing: d.Missing}
		if ability.Allowed {
			ability = c.offer(s, ability)
		}
		out = append(out, ability)
	}
	return out
}

// offered lists the actions that somebody with a record before them may take.
func offered() []string {
	return slices.DeleteFunc(incident.Actions(), func(action string) bool { return action == incident.ActionCreate })
}

// offer asks beside the state machine whether there is a declined version to appeal for, and whose turn it is to show
// more: the owner proposes where nothing is open, others agree to what was proposed.
func (c *call) offer(s *subject, a Ability) Ability {
	own, proposed := c.who.Org == s.record.Owner, s.open && s.version.Class == incident.HandlingChange
	switch {
	case a.Action == incident.ActionWiden && own && s.open:
		return Ability{Action: a.Action, Missing: []policies.Reason{{Code: "version.open_exists"}}}
	case a.Action == incident.ActionWiden && !own && !proposed:
		return Ability{Action: a.Action, Missing: []policies.Reason{{Code: "widen.no_proposal"}}}
	case a.Action != incident.ActionAppeal:
		return s.offer(a)
	}
	again := *s
	if err := c.reopen(&again); err != nil {
		return Ability{Action: a.Action, Missing: []policies.Reason{{Code: fault.Of(err).Code}}}
	}
	return a
}

// offer takes an ability back when the state machine has no such arrow, or nothing is there to be confirmed.
func (s *subject) offer(a Ability) Ability {
	lacks := func(code string) Ability {
		return Ability{Action: a.Action, Missing: []policies.Reason{{Code: code, Params: map[string]any{"action": a.Action}}}}
	}
	_, version := incident.NextVersion(s.version.State, a.Action)
	_, record := incident.NextRecord(s.record.State, a.Action)
	switch a.Action {
	case incident.ActionConfirm:
		if len(s.waiting(atOnce()...)) == 0 {
			return lacks("confirm.nothing")
		}
	case incident.ActionNewVersion, incident.ActionWithdraw, incident.ActionMerge, incident.ActionRedact, incident.ActionWiden,
		incident.ActionHold, incident.ActionLift, incident.ActionQuarantine,
		incident.ActionNote, incident.ActionEndNote, incident.ActionPurge:
		if !record {
			return lacks("workflow.record_state")
		}
	case incident.ActionClear:
	case incident.ActionAssign:
		if _, err := s.assignStep(); err != nil {
			return lacks("workflow.state")
		}
	case incident.ActionNarrow:
		if !record || !s.published && (!s.open || !version) {
			return lacks("workflow.record_state")
		}
	default:
		if !s.open || !version {
			return lacks("workflow.state")
		}
	}
	return a
}

// name adds the people and organizations that are named by id.
func (c *call) name(out *Working) {
	out.People, out.Orgs = map[string]identity.Person{}, map[string]identity.Org{}
	person := func(id string) {
		if p, ok := c.people[id]; ok {
			out.People[id] = p
		}
	}
	org := func(id string) {
		if o, ok := c.orgs[id]; ok {
			out.Orgs[id] = o
		}
	}
	org(out.Record.Owner)
	org(out.Record.Originator)
	for _, h := range []incident.Handling{out.Handling, out.Record.Handling} {
		for _, id := range slices.Concat(h.Recipients, h.Excluded) {
			org(id)
		}
	}
	if out.Version != nil {
		person(out.Version.Author)
		for _, id := range out.Version.Authors {
			person(id)
		}
	}
	for _, a := range out.Attestations {
		person(a.Person)
		org(a.Org)
	}
	for _, a := range out.Assignments {
		person(a.Person)
		org(a.Org)
	}
	for _, comment := range out.Comments {
		person(comment.Person)
		org(comment.Org)
	}
	for _, waits := range out.Waiting {
		person(waits.By)
		org(waits.Org)
	}
	if out.Pending != nil {
		person(out.Pending.By)
		org(out.Pending.Org)
	}
}

// Changes tells what the open version changes against the edition it started from: of the working copy for its owner, of
// the submitted bytes for all others. For a reviewer who recommended an earlier content it also tells what changed since.
func (w *Workflow) Changes(ctx context.Context, who identity.Principal, id string) (Changes, error) {
	var out Changes
	err := w.read(ctx, who, func(c *call) error {
		s, err := c.subject(id)
		if err != nil {
			return err
		}
		if err := c.may(s, "incident.read_work"); err != nil {
			return err
		}
		if !s.open {
			return fault.New(fault.Conflict, "workflow.no_open_version", "action", "incident.read_work")
		}
		out, err = w.changes(c, s)
		return err
	})
	return out, err
}

// recommended gives what somebody recommended, without what was redacted since; nil where it was destroyed.
func (w *Workflow) recommended(c *call, s *subject, hash string) ([]byte, error) {
	contents, err := c.tx.Contents([]string{hash})
	content, ok := contents[hash]
	if err != nil || !ok {
		return nil, err
	}
	doc, err := w.Schema.Upcast(content.Schema, content.Bytes)
	if err != nil || !s.published {
		return doc, err
	}
	versions, err := c.tx.Versions(s.record.ID)
	if err != nil {
		return nil, err
	}
	redactions, err := w.redactions(c.tx, versions)
	if err != nil {
		return nil, err
	}
	var removals []removal
	for _, of := range redactions {
		removals = append(removals, of...)
	}
	return without(w.Schema, doc, removals)
}

func (w *Workflow) changes(c *call, s *subject) (Changes, error) {
	out := Changes{Base: s.version.Base, Class: s.version.Class}
	after := s.version.Body
	if hash := c.seenContent(s); hash != "" {
		content, err := c.tx.Content(hash)
		if err != nil {
			return out, err
		}
		after = content.Bytes
	}
	if s.version.Base > 0 {
		_, base, err := w.bodiesBefore(c.tx, s.record.ID, s.version)
		if err != nil {
			return out, err
		}
		if _, out.Fields, err = incident.Class(base, after); err != nil {
			return out, err
		}
		out.Wider = !s.version.Handling.Within(s.record.Handling)
	}
	seen := ""
	for _, a := range s.attestations {
		if a.Person == c.who.Person && a.Kind == incident.Recommend {
			seen = a.ContentHash
		}
	}
	if seen == "" || seen == s.version.ContentHash {
		return out, nil
	}
	before, err := w.recommended(c, s, seen)
	if err != nil || before == nil {
		return out, err
	}
	_, out.SinceYours, err = incident.Class(before, after)
	return out, err
}
