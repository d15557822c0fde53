package workflow

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// MostListed is the largest page.
const MostListed = 200

func pageLimit(limit int) (int, error) {
	const usual = 50
	switch {
	case limit == 0:
		return usual, nil
	case limit < 0 || limit > MostListed:
		return 0, fault.New(fault.Invalid, "limit.range", "most", MostListed)
	}
	return limit, nil
}

// A cursor is opaque to those who are given it.
func writeCursor(key any) string {
	data, err := json.Marshal(key)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func readCursor(cursor string, key any) error {
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(data, key)
	}
	if err != nil {
		return fault.New(fault.Invalid, "cursor.invalid").Because(err)
	}
	return nil
}

func workKey(cursor string) (*store.WorkKey, error) {
	if cursor == "" {
		return nil, nil
	}
	var key store.WorkKey
	return &key, readCursor(cursor, &key)
}

// Card gives what may be known of a version before it is claimed.
func (w *Workflow) Card(ctx context.Context, who identity.Principal, id string) (Card, error) {
	var card Card
	err := w.read(ctx, who, func(c *call) error {
		s, err := c.subject(id)
		if err != nil {
			return err
		}
		if err := c.may(s, "incident.read_card"); err != nil {
			return err
		}
		if !s.open {
			return notFound()
		}
		card = c.card(s)
		return nil
	})
	return card, err
}

func (c *call) card(s *subject) Card {
	f := c.facts(s)
	card := Card{ID: s.record.ID, Domains: f.Terms["domain"], Regions: c.regions(f.Terms["area"]),
		Languages: s.terms["language"], Marking: s.version.Handling.Marking, State: s.version.State, Class: s.version.Class,
		Submitted: s.version.Submitted}
	for _, action := range []string{incident.ActionClaim, incident.ActionAssign, incident.ActionAccept, incident.ActionPublish,
		incident.ActionSchedule, incident.ActionWiden} {
		d := c.decide(s, action, c.factsOn(s, action))
		ability := Ability{Action: action, Allowed: d.Allowed || d.Partly, Missing: d.Missing}
		if ability.Allowed {
			ability = s.offer(ability)
		}
		card.Can = append(card.Can, ability)
	}
	return card
}

// Queue lists the cards of what waits for the asker's organization: to be reviewed, or to be published and assigned.
// Longest waiting first. The list is found by the scopes of the grants, in SQL, and every card is decided about again.
func (w *Workflow) Queue(ctx context.Context, who identity.Principal, in QueueIn) (Cards, error) {
	var out Cards
	err := w.read(ctx, who, func(c *call) error {
		out = Cards{Cards: []Card{}}
		filter, err := c.queueFilter(in)
		if err != nil || filter == nil {
			return err
		}
		rows, err := c.tx.Work(*filter)
		if err != nil {
			return err
		}
		subjects, err := c.inOrder(rows)
		if err != nil {
			return err
		}
		for _, s := range subjects {
			if s.open && c.may(s, "incident.read_card") == nil {
				out.Cards = append(out.Cards, c.card(s))
			}
		}
		if len(rows) == filter.Limit {
			last := rows[len(rows)-1].Version
			out.Next = writeCursor(store.WorkKey{Updated: last.Updated, Version: last.ID})
		}
		return nil
	})
	return out, err
}

// queueFilter is nil when the asker's organization can do nothing with any record.
func (c *call) queueFilter(in QueueIn) (*store.WorkFilter, error) {
	limit, err := pageLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	after, err := workKey(in.Cursor)
	if err != nil {
		return nil, err
	}
	f := &store.WorkFilter{NotOwner: c.who.Org, NotExcluded: c.who.Org, NotAuthor: c.who.Person, After: after, Limit: limit}
	reviews := in.Duty != incident.PublishDuty && c.who.Has(identity.Reviewer)
	publishes := in.Duty != incident.ReviewDuty && c.who.Has(identity.Publisher)
	if in.Duty != "" && in.Duty != incident.ReviewDuty && in.Duty != incident.PublishDuty {
		return nil, fault.New(fault.Invalid, "assign.duty").At("/duty", "assign.duty")
	}
	if c.who.Anonymous() {
		return nil, fault.New(fault.Unauthenticated, "auth.required")
	}
	if c.who.OrgStatus != identity.Active {
		return nil, fault.New(fault.Forbidden, "policy.suspended")
	}
	if !reviews && !publishes {
		return nil, fault.New(fault.Forbidden, "policy.role", "need", []string{"reviewer", "publisher"})
	}
	f.States = []incident.VersionState{incident.Submitted, incident.InReview, incident.Reviewed, incident.Scheduled}
	if reviews {
		c.inScope(f, identity.GrantReview, incident.Submitted, incident.InReview)
	}
	if publishes {
		c.inScope(f, identity.GrantPublish, f.States...)
	}
	if len(f.Scopes) == 0 {
		return nil, nil
	}
	return f, nil
}

// inScope adds what the grants of the asker's organization for an action cover, in the states in which they may know of
// it. The list must hold nothing that is decided against afterwards: a page that is short, or the place where it ends,
// would tell of it.
func (c *call) inScope(f *store.WorkFilter, action identity.GrantAction, states ...incident.VersionState) {
	in := make([]string, len(states))
	for i, state := range states {
		in[i] = string(state)
	}
	for _, scope := range c.rules.Scopes(c.who.Org, action) {
		sql, args := c.partOf(scope)
		f.Scopes = append(f.Scopes, store.ScopeSQL{SQL: "versions.state IN ? AND " + sql, Args: append([]any{in}, args...)})
	}
}

// partOf gives a scope as a condition for what it covers a part of, the record as it stands too: when a version would
// show more than its record does, that is not for those whose grant ends below.
func (c *call) partOf(scope identity.Scope) (string, []any) {
	// A part of what a record names is enough to see to it: several publish it together.
	sql, args := policies.ScopeSQL(c.w.Schema, scope, identity.GrantReview)
	if scope.Highest != nil {
		sql += " AND (records.edition = 0 OR records.marking <= ?)"
		args = append(args, int(*scope.Highest))
	}
	return sql, args
}

// inOrder reads the subjects of a work list, in its order.
func (c *call) inOrder(rows []store.WorkRow) ([]*subject, error) {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.Record.ID
	}
	found, err := c.subjects(ids)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b *subject) int {
		return slices.Index(ids, a.record.ID) - slices.Index(ids, b.record.ID)
	})
	return found, nil
}

// Work lists the open versions of the asker's organization, or what it has in hand: where each stands, who has it and
// since when. Longest untouched first.
func (w *Workflow) Work(ctx context.Context, who identity.Principal, in WorkIn) (WorkList, error) {
	var out WorkList
	err := w.read(ctx, who, func(c *call) error {
		out = WorkList{Items: []WorkItem{}, People: map[string]identity.Person{}, Orgs: map[string]identity.Org{}}
		if err := c.signedIn(); err != nil {
			return err
		}
		filter, err := c.workFilter(in)
		if err != nil || !c.mayWork(in) {
			return err
		}
		rows, err := c.tx.Work(filter)
		if err != nil {
			return err
		}
		subjects, err := c.inOrder(rows)
		if err != nil {
			return err
		}
		subjects = slices.DeleteFunc(subjects, func(s *subject) bool {
			return !s.open || c.may(s, "incident.read_work") != nil
		})
		contents, err := c.seenContents(subjects)
		if err != nil {
			return err
		}
		for _, s := range subjects {
			item, err := w.workItem(c, s, contents)
			if err != nil {
				return err
			}
			out.Items = append(out.Items, item)
			c.nameItem(&out, item)
		}
		if len(rows) == filter.Limit {
			last := rows[len(rows)-1].Version
			out.Next = writeCursor(store.WorkKey{Updated: last.Updated, Version: last.ID})
		}
		return nil
	})
	return out, err
}

// mayWork tells whether the asker can be at work at what the list is of: others of the same organization see none of it.
func (c *call) mayWork(in WorkIn) bool {
	if in.Assigned {
		return c.who.Has(identity.Reviewer) || c.who.Has(identity.Publisher)
	}
	return c.writesFor(c.who.Org)
}

func (c *call) workFilter(in WorkIn) (store.WorkFilter, error) {
	f := store.WorkFilter{Batch: in.Batch}
	if len(in.States) > 0 { // an empty list that is not nil would be no state at all
		f.States = in.States
	}
	for _, state := range in.States {
		if !state.Open() || !slices.Contains(incident.VersionStates(), state) {
			return f, fault.New(fault.Invalid, "work.state", "state", string(state)).At("/state", "work.state", "state", string(state))
		}
	}
	var err error
	if f.Limit, err = pageLimit(in.Limit); err != nil {
		return f, err
	}
	if f.After, err = workKey(in.Cursor); err != nil {
		return f, err
	}
	switch {
	case in.Assigned && in.Mine:
		f.Assignee, f.AssignedOrg = c.who.Person, c.who.Org
	case in.Assigned:
		f.AssignedOrg = c.who.Org
	default:
		f.Owner = c.who.Org
	}
	return f, nil
}

func (w *Workflow) workItem(c *call, s *subject, contents map[string]incident.Content) (WorkItem, error) {
	item := WorkItem{Record: s.record, Version: s.version, Assignments: s.inHand(), Revision: s.revision()}
	item.Version.Body = nil
	item.Version.Flags = slices.DeleteFunc(slices.Clone(item.Version.Flags), internalFlag)
	doc := s.version.Body
	if hash := c.seenContent(s); hash != "" {
		doc = contents[hash].Bytes
	}
	var body incident.Body
	if err := json.Unmarshal(doc, &body); err != nil {
		return item, unreadable(err)
	}
	item.Title = incident.Derive(body).Title
	return item, nil
}

// seenContent gives the hash of the submitted bytes where those are what the asker sees, "" where it is the working copy.
func (c *call) seenContent(s *subject) string {
	if c.who.Org == s.record.Owner && s.version.State.Editable() {
		return ""
	}
	return s.version.ContentHash
}

// seenContents reads the submitted bytes of many versions at once.
func (c *call) seenContents(subjects []*subject) (map[string]incident.Content, error) {
	var hashes []string
	for _, s := range subjects {
		if hash := c.seenContent(s); hash != "" {
			hashes = append(hashes, hash)
		}
	}
	return c.tx.Contents(hashes)
}

func (c *call) nameItem(out *WorkList, item WorkItem) {
	out.Orgs[item.Record.Owner] = c.orgs[item.Record.Owner]
	for _, a := range item.Assignments {
		out.Orgs[a.Org], out.People[a.Person] = c.orgs[a.Org], c.people[a.Person]
	}
	for _, id := range item.Version.Authors {
		out.People[id] = c.people[id]
	}
}
