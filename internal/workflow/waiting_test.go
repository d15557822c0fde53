package workflow_test

import (
	"fmt"
	"slices"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// waiting gives what waits in the eyes of somebody, page by page.
func (w *world) waiting(name string, in workflow.WaitingIn) []workflow.WaitingItem {
	w.t.Helper()
	var items []workflow.WaitingItem
	for {
		page, err := w.flow.Waiting(w.ctx, w.as(name), in)
		w.ok(err)
		if page.Next != "" && in.Limit != 0 && len(page.Items) != in.Limit {
			w.t.Fatalf("%s: a page of %d that is not the last", name, len(page.Items))
		}
		items = append(items, page.Items...)
		if in.Cursor = page.Next; in.Cursor == "" {
			return items
		}
	}
}

// concerns gives, for everybody who finds a record waiting for something, the actions they may take on it now.
func (w *world) concerns(id string, kind string) map[string][]string {
	w.t.Helper()
	found := map[string][]string{}
	for _, name := range []string{"ana@north", "fay@north", "rex@east", "rua@east", "wim@west", "pia@south", "pol@south",
		"cam@centre", "adam@secretariat", "otto@secretariat", "lea@west", "eva@east"} {
		for _, item := range w.waiting(name, workflow.WaitingIn{Kind: kind}) {
			if item.ID == id {
				found[name] = able(item)
			}
		}
	}
	return found
}

func able(item workflow.WaitingItem) []string {
	can := []string{}
	for _, a := range item.Can {
		if a.Allowed {
			can = append(can, a.Action[len("incident."):])
		}
	}
	return can
}

// TestWaitingConcerns: each kind is found by its owner, by those who oversee, by whoever began it and by whoever may go
// on with it, and by nobody else.
func TestWaitingConcerns(t *testing.T) {
	everybody := func(also map[string][]string) map[string][]string {
		found := map[string][]string{"ana@north": {}, "fay@north": {}, "adam@secretariat": {}, "otto@secretariat": {}}
		for name, can := range also {
			found[name] = can
		}
		return found
	}
	withdraw, confirm := []string{"withdraw"}, []string{"confirm"}
	cases := map[string]struct {
		kind string
		make func(w *world) string
		want map[string][]string
	}{
		"hold": {"hold", func(w *world) string {
			id := w.published(nil, nil)
			w.hold("pia@south", id)
			return id
		}, everybody(map[string][]string{"fay@north": withdraw, "pia@south": withdraw, "pol@south": {"lift", "withdraw"},
			"cam@centre": {"lift", "withdraw"}})},
		"a hold of a reviewer": {"hold", func(w *world) string {
			id := w.published(nil, nil)
			w.hold("wim@west", id)
			return id
		}, everybody(map[string][]string{"fay@north": withdraw, "wim@west": {}, "pia@south": {"lift", "withdraw"},
			"pol@south": {"lift", "withdraw"}, "cam@centre": {"lift", "withdraw"}})},
		"a hold, to be confirmed": {"confirm", func(w *world) string {
			id := w.published(nil, nil)
			w.hold("fay@north", id)
			return id
		}, everybody(map[string][]string{"pia@south": confirm, "pol@south": confirm, "cam@centre": confirm})},
		"narrowed to a tier that others do not read": {"confirm", func(w *world) string {
			id := w.published(nil, &workflow.HandlingIn{Marking: schema.Members, Recipients: []string{"centre"}})
			_, err := w.flow.Narrow(w.ctx, w.as("fay@north"), id, w.rev(id),
				workflow.HandlingIn{Marking: schema.Named, Recipients: []string{"centre"}}.Change(), "")
			w.ok(err)
			return id
		}, everybody(map[string][]string{"cam@centre": confirm})},
		"withdrawal against the owner": {"withdraw", func(w *world) string {
			id := w.published(nil, nil)
			_, err := w.flow.Withdraw(w.ctx, w.as("pia@south"), id, w.rev(id), "refuted", "")
			w.ok(err)
			return id
		}, everybody(map[string][]string{"fay@north": withdraw, "pia@south": {}, "pol@south": withdraw, "cam@centre": withdraw})},
		"purge": {"purge", func(w *world) string {
			id := w.published(nil, nil)
			_, err := w.flow.Purge(w.ctx, w.as("pia@south"), id, id, "privacy")
			w.ok(err)
			return id
		}, everybody(map[string][]string{"pia@south": {}, "pol@south": {"purge"}, "cam@centre": {"purge"}})},
		"widening": {"widen", func(w *world) string {
			id := w.published(nil, handlingOf(schema.Members))
			_, err := w.flow.Widen(w.ctx, w.as("fay@north"), id, w.rev(id), handlingOf(schema.Public).Change(), "")
			w.ok(err)
			return id
		}, everybody(map[string][]string{"fay@north": {"recall"}, "pia@south": {"widen", "decline"}, "pol@south": {"widen", "decline"},
			"cam@centre": {"widen", "decline"}})},
		"schedule": {"schedule", func(w *world) string {
			id := w.reviewed(nil, nil).Record.ID
			w.schedule("pia@south", id, w.clock.Now()+day)
			return id
		}, everybody(map[string][]string{"fay@north": {"recall"}, "rex@east": {}, "rua@east": {},
			"pia@south": {"schedule", "return"}, "pol@south": {"schedule", "return"}, "cam@centre": {"schedule", "return"}})},
		"quarantine of a version": {"quarantine", func(w *world) string {
			id := w.claimed(nil, nil).Record.ID
			_, err := w.flow.Quarantine(w.ctx, w.as("rex@east"), id)
			w.ok(err)
			w.sensitivity(id, "wim@west")
			return id
		}, map[string][]string{"fay@north": {}, "adam@secretariat": {}, "otto@secretariat": {}, "wim@west": {"clear", "request_changes"},
			"pia@south": {"assign", "purge"}, "pol@south": {"assign", "purge"}, "cam@centre": {"assign", "purge"}}},
		"quarantine of a record": {"quarantine", func(w *world) string {
			id := w.published(nil, nil)
			_, err := w.flow.Quarantine(w.ctx, w.as("fay@north"), id)
			w.ok(err)
			return id
		}, map[string][]string{"fay@north": {}, "adam@secretariat": {}, "otto@secretariat": {},
			"pia@south": {"assign", "purge"}, "pol@south": {"assign", "purge"}, "cam@centre": {"assign", "purge"}}},
		"appeal": {"appeal", func(w *world) string {
			id := w.submitted(nil, nil).Record.ID
			_, err := w.flow.Decline(w.ctx, w.as("pia@south"), id, w.rev(id), "refuted", "")
			w.ok(err)
			_, err = w.flow.Appeal(w.ctx, w.as("fay@north"), id, w.rev(id), "")
			w.ok(err)
			return id
		}, everybody(map[string][]string{"fay@north": {"recall"}, "rex@east": {"claim"}, "rua@east": {"claim"}, "wim@west": {"claim"},
			"pia@south": {"assign"}, "pol@south": {"claim", "assign", "decline"}, "cam@centre": {"assign", "decline"}})},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			eachWorld(t, func(w *world) {
				id := tc.make(w)
				if got := w.concerns(id, tc.kind); fmt.Sprint(got) != fmt.Sprint(tc.want) {
					w.t.Errorf("\n%v, want\n%v", got, tc.want)
				}
			})
		})
	}
}

// TestWaitingTells: who may not know whose a record is, or of a person behind a card, is not told by what waits.
func TestWaitingTells(t *testing.T) {
	eachWorld(t, func(w *world) {
		held, narrowed, scheduled := w.published(nil, nil), w.published(nil, nil), w.reviewed(nil, nil).Record.ID
		w.hold("pia@south", held)
		_, err := w.flow.Narrow(w.ctx, w.as("fay@north"), narrowed, w.rev(narrowed), handlingOf(schema.Members).Change(), "")
		w.ok(err)
		w.schedule("pia@south", scheduled, w.clock.Now()+day)
		told := map[string][]string{}
		for _, name := range []string{"fay@north", "cam@centre", "adam@secretariat"} {
			for _, item := range w.waiting(name, workflow.WaitingIn{}) {
				told[name] = append(told[name], fmt.Sprint(item.What, " ", item.Why, " ", item.By, " ", item.Owner))
			}
		}
		all := []string{"confirm hold pia north", "hold refuted pia north", "confirm narrow fay north", "schedule  pia north"}
		want := map[string][]string{"fay@north": all, "adam@secretariat": all,
			"cam@centre": {"confirm hold pia ", "hold refuted pia ", "confirm narrow  ", "schedule   "}}
		if fmt.Sprint(told) != fmt.Sprint(want) {
			w.t.Errorf("\n%v, want\n%v", told, want)
		}
		page, err := w.flow.Waiting(w.ctx, w.as("cam@centre"), workflow.WaitingIn{})
		w.ok(err)
		if len(page.People) != 1 || len(page.Orgs) != 1 || page.Orgs["south"].Slug != "south" {
			w.t.Errorf("%v %v", page.People, page.Orgs)
		}
	})
}

// TestWaitingPages: longest first, whole pages, whatever lies between that is not for the asker; and what is overdue.
func TestWaitingPages(t *testing.T) {
	eachWorld(t, func(w *world) {
		var ids []string
		for i := range 9 {
			id := w.published(nil, nil)
			if i%3 == 2 {
				w.hold("rex@east", id)
			} else {
				w.hold("pia@south", id)
			}
			ids = append(ids, id)
			w.clock.Set(w.clock.Now() + day/4)
		}
		all := w.waiting("cam@centre", workflow.WaitingIn{})
		if len(all) != 18 || !slices.IsSortedFunc(all, func(a, b workflow.WaitingItem) int { return int(a.Since - b.Since) }) {
			w.t.Fatalf("%d", len(all))
		}
		for _, limit := range []int{1, 2, 5, 18} {
			if got := w.waiting("cam@centre", workflow.WaitingIn{Limit: limit}); fmt.Sprint(got) != fmt.Sprint(all) {
				w.t.Errorf("by %d: %d", limit, len(got))
			}
		}
		held := w.waiting("rex@east", workflow.WaitingIn{Kind: "hold", Limit: 2})
		if len(held) != 3 || held[0].ID != ids[2] || held[2].ID != ids[8] {
			w.t.Errorf("%+v", held)
		}
		w.clock.Set(held[0].Until)
		for name, want := range map[string]int{"fay@north": 3, "adam@secretariat": 3, "rex@east": 1, "eva@east": 0} {
			got := w.waiting(name, workflow.WaitingIn{Kind: "hold", Overdue: true})
			if len(got) != want || slices.ContainsFunc(got, func(item workflow.WaitingItem) bool { return !item.Overdue }) {
				w.t.Errorf("%s: %d overdue, want %d", name, len(got), want)
			}
		}
		_, err := w.flow.Waiting(w.ctx, w.as("fay@north"), workflow.WaitingIn{Kind: "patience"})
		w.refused(err, fault.Invalid, "waiting.kind")
		_, err = w.flow.Waiting(w.ctx, w.as("fay@north"), workflow.WaitingIn{Limit: 201})
		w.refused(err, fault.Invalid, "limit.range")
		_, err = w.flow.Waiting(w.ctx, w.as("fay@north"), workflow.WaitingIn{Cursor: "@"})
		w.refused(err, fault.Invalid, "cursor.invalid")
		_, err = w.flow.Waiting(w.ctx, identity.Principal{}, workflow.WaitingIn{})
		w.refused(err, fault.Unauthenticated, "auth.required")
	})
}

// TestWaitingUnderGrants: what a grant does not cover a part of is not there, as the record stands too; with a token that
// may only read, what waits is seen and nothing may be done.
func TestWaitingUnderGrants(t *testing.T) {
	eachWorld(t, func(w *world) {
		public := schema.Public
		w.seed(map[string]string{"far": "igo", "low": "igo"}, map[string]string{"fin@far": "publisher", "lou@low": "publisher"}, nil)
		w.grant(workflow.GrantIn{Org: "far", Action: identity.GrantPublish, Scope: identity.Scope{Areas: []string{"JPN"}}})
		w.grant(workflow.GrantIn{Org: "low", Action: identity.GrantPublish, Scope: identity.Scope{Highest: &public}})
		low, high := w.published(nil, nil), w.published(nil, nil)
		w.hold("pia@south", low)
		w.hold("pia@south", high)
		_, err := w.flow.Narrow(w.ctx, w.as("fay@north"), high, w.rev(high), handlingOf(schema.Members).Change(), "")
		w.ok(err)
		if got := w.waiting("fin@far", workflow.WaitingIn{}); len(got) != 0 {
			w.t.Errorf("%+v", got)
		}
		for _, item := range w.waiting("lou@low", workflow.WaitingIn{}) {
			if item.ID != low {
				w.t.Errorf("%+v", item)
			}
		}
		reads := w.as("cam@centre")
		reads.Scopes = []string{"read"}
		page, err := w.flow.Waiting(w.ctx, reads, workflow.WaitingIn{Kind: string("hold")})
		w.ok(err)
		if len(page.Items) != 2 || len(able(page.Items[0])) != 0 {
			w.t.Errorf("%+v", page.Items)
		}
		reads.Scopes = []string{"write"}
		if page, err = w.flow.Waiting(w.ctx, reads, workflow.WaitingIn{}); err != nil || len(page.Items) != 0 {
			w.t.Errorf("%v %+v", err, page.Items)
		}
		w.inState(high, incident.Held, "")
	})
}
