package workflow

import (
	"context"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
)

// Waiting lists what of records waits for somebody, for whom it concerns: the owner's writers, who has the record in hand,
// who began it, those who oversee every record, and whoever may take a next step. Longest waiting first. What the asker
// may know of is found in SQL, and every item is decided about again; what is dropped then is made up for, so that no
// page is short and none ends at what is not shown.
func (w *Workflow) Waiting(ctx context.Context, who identity.Principal, in WaitingIn) (WaitingList, error) {
	var out WaitingList
	err := w.read(ctx, who, func(c *call) error {
		out = WaitingList{Items: []WaitingItem{}, People: map[string]identity.Person{}, Orgs: map[string]identity.Org{}}
		if err := c.signedIn(); err != nil {
			return err
		}
		filter, err := c.waitingFilter(in)
		if err != nil {
			return err
		}
		limit := filter.Limit - 1
		if out.Items, err = c.waitingItems(filter); err != nil {
			return err
		}
		if len(out.Items) > limit {
			out.Items = out.Items[:limit]
			last := out.Items[limit-1]
			out.Next = writeCursor(store.WaitingKey{Since: last.Since, Record: last.ID, Kind: last.What})
		}
		waits := make([]*Waits, len(out.Items))
		for i, item := range out.Items {
			c.nameWaiting(&out, item)
			waits[i] = &out.Items[i].Waits
		}
		return c.knownTargets(waits)
	})
	return out, err
}

// waitingFilter asks for one more than a page: it tells whether another page follows.
func (c *call) waitingFilter(in WaitingIn) (store.WaitingFilter, error) {
	f := store.WaitingFilter{Kind: store.WaitingKind(in.Kind), Scopes: c.waitingScopes()}
	if in.Overdue {
		f.Overdue = c.now
	}
	if in.Kind != "" && nextSteps(f.Kind) == nil {
		return f, fault.New(fault.Invalid, "waiting.kind", "kind", in.Kind).At("/kind", "waiting.kind", "kind", in.Kind)
	}
	limit, err := pageLimit(in.Limit)
	if err != nil {
		return f, err
	}
	f.Limit = limit + 1
	if in.Cursor != "" {
		f.After = &store.WaitingKey{}
		err = readCursor(in.Cursor, f.After)
	}
	return f, err
}

// waitingScopes gives what the asker may know of as waiting: none is nothing.
func (c *call) waitingScopes() []store.WaitingScope {
	if c.who.Has(identity.Administrator) || c.who.Has(identity.Auditor) {
		return []store.WaitingScope{{}}
	}
	var scopes []store.WaitingScope
	org := c.who.Org
	if c.writesFor(org) {
		scopes = append(scopes, store.WaitingScope{Owner: org, Readable: !c.who.Has(identity.FocalPoint)})
	}
	reviews, publishes := c.who.Has(identity.Reviewer), c.who.Has(identity.Publisher)
	if reviews || publishes {
		scopes = append(scopes, store.WaitingScope{NotOwner: org, AssignedOrg: org},
			store.WaitingScope{NotOwner: org, Began: c.who.Person, BeganFor: org, SeenBy: org})
	}
	if reviews {
		scopes = append(scopes, c.waitingUnder(identity.GrantReview, store.WaitingScope{
			Kinds: []store.WaitingKind{store.WaitsAppeal}, States: []incident.VersionState{incident.Submitted, incident.InReview}})...)
	}
	if publishes {
		scopes = append(scopes, c.waitingToPublish()...)
	}
	return scopes
}

// waitingToPublish gives what publishers decide about: of published records those that their organization reads, of
// versions under way and of quarantined text those of which they see a card.
func (c *call) waitingToPublish() []store.WaitingScope {
	return slices.Concat(
		c.waitingUnder(identity.GrantPublish, store.WaitingScope{SeenBy: c.who.Org, Kinds: []store.WaitingKind{store.WaitsHold,
			store.WaitsConfirm, store.WaitsWithdraw, store.WaitsMerge, store.WaitsPurge,
			store.WaitsPurgeEdition}}),
		c.waitingUnder(identity.GrantPublish, store.WaitingScope{Kinds: []store.WaitingKind{store.WaitsWiden, store.WaitsSchedule,
			store.WaitsAppeal, store.WaitsPurge}, States: []incident.VersionState{incident.Submitted, incident.InReview,
			incident.ChangesRequested, incident.Reviewed, incident.Scheduled}}),
		c.waitingUnder(identity.GrantPublish, store.WaitingScope{Kinds: []store.WaitingKind{store.WaitsQuarantine}}))
}

// waitingUnder limits to what each grant of the asker's organization covers a part of.
func (c *call) waitingUnder(action identity.GrantAction, of store.WaitingScope) []store.WaitingScope {
	of.NotOwner, of.NotExcluded = c.who.Org, c.who.Org
	var scopes []store.WaitingScope
	for _, scope := range c.rules.Scopes(c.who.Org, action) {
		sql, args := c.partOf(scope)
		under := of
		under.Version = &store.ScopeSQL{SQL: sql, Args: args}
		scopes = append(scopes, under)
	}
	return scopes
}

// waitingItems gives items until there are as many as were asked for, or no more.
func (c *call) waitingItems(f store.WaitingFilter) ([]WaitingItem, error) {
	items, want := []WaitingItem{}, f.Limit
	for {
		rows, err := c.tx.Waiting(f)
		if err != nil {
			return nil, err
		}
		subjects, err := c.waitedFor(rows)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if item, ok := c.waitingItem(subjects[row.Record], row); ok && len(items) < want {
				items = append(items, item)
			}
		}
		if len(rows) < f.Limit || len(items) == want {
			return items, nil
		}
		last := rows[len(rows)-1]
		f.After = &store.WaitingKey{Since: last.Since, Record: last.Record, Kind: string(last.Kind)}
	}
}

func (c *call) waitedFor(rows []store.Waiting) (map[string]*subject, error) {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.Record
	}
	found, err := c.subjects(ids)
	if err != nil {
		return nil, err
	}
	subjects := make(map[string]*subject, len(found))
	for _, s := range found {
		subjects[s.record.ID] = s
	}
	return subjects, nil
}

// waitingItem gives an item as the asker may see it; false when it does not concern them.
func (c *call) waitingItem(s *subject, row store.Waiting) (WaitingItem, bool) {
	if s == nil {
		return WaitingItem{}, false
	}
	item := WaitingItem{ID: s.record.ID, Waits: c.waitsOf(s, row), Can: c.steps(s, row.Kind)}
	if c.may(s, "incident.read_work") == nil || c.may(s, "incident.read_head") == nil {
		item.Owner = s.record.Owner
		return item, true
	}
	reads, began := c.may(s, "incident.read") == nil, row.Person == c.who.Person && row.Org == c.who.Org
	if !reads && c.may(s, "incident.read_card") != nil || !began && !c.mayStep(s, row.Kind) {
		return WaitingItem{}, false
	}
	// Who reads a record may not know whose it is, and who sees a card knows of nobody.
	if !began && (!reads || ofOpen(row.Kind) || row.Org == s.record.Owner) {
		item.By, item.Org = "", ""
	}
	if row.Kind == store.WaitsAppeal {
		item.Why = ""
	}
	return item, true
}

// ofOpen tells whether it is the open version that waits, which those who read the record need not know of.
func ofOpen(kind store.WaitingKind) bool {
	return kind == store.WaitsWiden || kind == store.WaitsSchedule || kind == store.WaitsAppeal
}

// mayStep tells whether the asker could take a next step, with another token if need be: a list is read with one that
// may only read.
func (c *call) mayStep(s *subject, kind store.WaitingKind) bool {
	able := *c
	able.who.Scopes = nil
	return slices.ContainsFunc(able.steps(s, kind), func(a Ability) bool { return a.Allowed })
}

// steps tells of every action that goes on with what waits whether the asker may take it now, and what is missing.
func (c *call) steps(s *subject, kind store.WaitingKind) []Ability {
	var out []Ability
	for _, action := range nextSteps(kind) {
		d := c.decide(s, action, c.factsOn(s, action))
		if d.NotFound {
			continue
		}
		ability := Ability{Action: action, Allowed: d.Allowed || d.Partly, Missing: d.Missing}
		if ability.Allowed {
			ability = c.offer(s, ability)
		}
		out = append(out, ability)
	}
	return out
}

// nextSteps lists the actions that go on with what waits, or end it; nil of what is no kind.
func nextSteps(kind store.WaitingKind) []string {
	switch kind {
	case store.WaitsHold:
		return []string{incident.ActionLift, incident.ActionWithdraw}
	case store.WaitsConfirm:
		return []string{incident.ActionConfirm}
	case store.WaitsWiden:
		return []string{incident.ActionWiden, incident.ActionDecline, incident.ActionRecall}
	case store.WaitsWithdraw:
		return []string{incident.ActionWithdraw}
	case store.WaitsMerge:
		return []string{incident.ActionMerge}
	case store.WaitsPurge, store.WaitsPurgeEdition:
		return []string{incident.ActionPurge}
	case store.WaitsSchedule:
		return []string{incident.ActionSchedule, incident.ActionReturn, incident.ActionRecall}
	case store.WaitsQuarantine:
		return []string{incident.ActionClear, incident.ActionAssign, incident.ActionRequestChanges, incident.ActionSave,
			incident.ActionSubmit, incident.ActionDiscard, incident.ActionPurge}
	case store.WaitsAppeal:
		return []string{incident.ActionClaim, incident.ActionAssign, incident.ActionRecommend, incident.ActionRequestChanges,
			incident.ActionPublish, incident.ActionDecline, incident.ActionRecall}
	}
	return nil
}

func (c *call) nameWaiting(out *WaitingList, item WaitingItem) {
	if item.Owner != "" {
		out.Orgs[item.Owner] = c.orgs[item.Owner]
	}
	if item.Org != "" {
		out.Orgs[item.Org] = c.orgs[item.Org]
	}
	if person, ok := c.people[item.By]; ok {
		out.People[item.By] = person
	}
}
