package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

func (w *world) hold(name, id string) {
	w.t.Helper()
	_, err := w.flow.Hold(w.ctx, w.as(name), id, "refuted", "a source was withdrawn")
	w.ok(err)
}

// editions gives everything a tier shows of a record.
func (w *world) editions(tier schema.Tier, id string) []store.StoredView {
	w.t.Helper()
	var views []store.StoredView
	w.ok(w.store.Read(w.ctx, func(tx *store.Tx) (err error) {
		views, err = tx.Editions(tier, id)
		return err
	}))
	return views
}

func (w *world) waits(id string) []string {
	w.t.Helper()
	got, err := w.flow.Working(w.ctx, w.as("fay@north"), id)
	w.ok(err)
	var kinds []string
	for _, waiting := range got.Waiting {
		kinds = append(kinds, waiting.What)
	}
	slices.Sort(kinds)
	return kinds
}

func (w *world) waitsAre(id string, want ...string) {
	w.t.Helper()
	if got := w.waits(id); !slices.Equal(got, want) {
		w.t.Fatalf("waits: %v, want %v", got, want)
	}
}

// TestHoldAndLift: at once, the same words for everybody, and afterwards everything as it was.
func TestHoldAndLift(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		w.edition(id, other)
		before := map[schema.Tier][]store.StoredView{}
		for _, tier := range schema.Tiers() {
			before[tier] = w.editions(tier, id)
		}
		_, err := w.flow.Hold(w.ctx, w.as("rex@east"), id, "because", "")
		w.refused(err, fault.Invalid, "reason.unknown")
		_, err = w.flow.Hold(w.ctx, w.as("lea@west"), id, "refuted", "")
		w.refused(err, fault.Forbidden, "policy.role")
		w.hold("pia@south", id)
		w.inState(id, incident.Held, "")
		public, _ := w.view(schema.Public, id, 0)
		members, _ := w.view(schema.Members, id, 0)
		if public.Tombstone != "held" || string(public.Bytes) != string(members.Bytes) || public.Reason != "" {
			w.t.Fatalf("%s and %s", public.Bytes, members.Bytes)
		}
		if left := len(w.editions(schema.Public, id)); left != 1 {
			w.t.Fatalf("%d editions are still there", left)
		}
		w.waitsAre(id, "confirm", "hold")
		_, err = w.flow.Lift(w.ctx, w.as("pia@south"), id, "")
		w.refused(err, fault.Forbidden, "policy.second_person")
		_, err = w.flow.Lift(w.ctx, w.as("fay@north"), id, "")
		w.refused(err, fault.Forbidden, "policy.role")
		_, err = w.flow.Lift(w.ctx, w.as("cam@centre"), id, "")
		w.ok(err)
		w.inState(id, incident.Live, "")
		for _, tier := range schema.Tiers() {
			after := w.editions(tier, id)
			if len(after) != len(before[tier]) {
				w.t.Fatalf("%s: %d editions, before %d", tier, len(after), len(before[tier]))
			}
			for i, v := range after {
				if old := before[tier][i]; string(v.Bytes) != string(old.Bytes) || v.Published != old.Published || v.Current != old.Current {
					w.t.Errorf("%s, edition %d: %+v, before %+v", tier, v.Edition, v, old)
				}
			}
		}
		w.waitsAre(id)
		kinds := w.feed(schema.Public)
		if tail := kinds[len(kinds)-3:]; !slices.Equal(tail, []ledger.FeedKind{"tombstone", "restored", "restored"}) {
			w.t.Errorf("%v", kinds)
		}
	})
}

// TestHoldStays: it is confirmed or overdue, and what is decided meanwhile shows when it is let go.
func TestHoldStays(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		w.edition(id, other)
		w.hold("rex@east", id)
		_, err := w.flow.Confirm(w.ctx, w.as("rex@east"), id, w.rev(id), "")
		w.refused(err, fault.Forbidden, "")
		_, err = w.flow.Confirm(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.ok(err)
		w.waitsAre(id, "hold")
		w.clock.Set(w.clock.Now() + workflow.HoldLasts)
		for _, name := range []string{"fay@north", "adam@secretariat"} {
			got, err := w.flow.Working(w.ctx, w.as(name), id)
			w.ok(err)
			if len(got.Waiting) != 1 || !got.Waiting[0].Overdue || got.Waiting[0].Why != "refuted" {
				w.t.Fatalf("%s: %+v", name, got.Waiting)
			}
		}
		_, err = w.flow.Redact(w.ctx, w.as("fay@north"), id, w.rev(id),
			workflow.RedactIn{Pointers: []string{"/impact"}, Reason: "privacy"})
		w.ok(err)
		_, err = w.flow.Narrow(w.ctx, w.as("fay@north"), id, w.rev(id), handlingOf(schema.Members).Change(), "")
		w.ok(err)
		if public, ok := w.view(schema.Public, id, 0); !ok || public.Tombstone != "held" {
			w.t.Fatalf("%v %+v", ok, public)
		}
		_, err = w.flow.Lift(w.ctx, w.as("pia@south"), id, "")
		w.ok(err)
		w.waitsAre(id, "confirm")
		if public, ok := w.view(schema.Public, id, 0); !ok || public.Tombstone != "restricted" || len(w.editions(schema.Public, id)) != 1 {
			w.t.Fatalf("%v %+v", ok, public)
		}
		for _, v := range w.editions(schema.Members, id) {
			if slices.Contains([]string{v.Tombstone}, "held") || contains(v.Bytes, `"counts"`) {
				w.t.Errorf("edition %d: %s", v.Edition, v.Bytes)
			}
		}
		if views := w.editions(schema.Members, id); len(views) != 3 || !views[2].Current {
			w.t.Fatalf("%+v", views)
		}
	})
}

// TestHoldWhatIsNotShown: where nothing was to be seen any more, nothing changes; a held record can be withdrawn.
func TestHoldWhatIsNotShown(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		_, err := w.flow.Narrow(w.ctx, w.as("fay@north"), id, w.rev(id), handlingOf(schema.Members).Change(), "")
		w.ok(err)
		was := len(w.feed(schema.Public))
		before, _ := w.view(schema.Public, id, 0)
		w.hold("fay@north", id)
		_, err = w.flow.Lift(w.ctx, w.as("pia@south"), id, "")
		w.ok(err)
		w.hold("rex@east", id)
		after, _ := w.view(schema.Public, id, 0)
		if string(before.Bytes) != string(after.Bytes) || len(w.feed(schema.Public)) != was {
			w.t.Errorf("the public is told of a hold on what it does not see: %s, %v", after.Bytes, w.feed(schema.Public))
		}
		_, err = w.flow.Withdraw(w.ctx, w.as("fay@north"), id, w.rev(id), "refuted", "")
		w.ok(err)
		w.inState(id, incident.Withdrawn, "")
		w.waitsAre(id)
		if members, ok := w.view(schema.Members, id, 0); !ok || members.Tombstone != "withdrawn" {
			w.t.Fatalf("%v %+v", ok, members)
		}
	})
}

func contains(data []byte, text string) bool { return strings.Contains(string(data), text) }
