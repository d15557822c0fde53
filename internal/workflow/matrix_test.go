package workflow_test

import (
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// TestEveryStateEveryAction brings a record into every state and tries every action as somebody whose part it is,
// against the drawing of the state machines.
func TestEveryStateEveryAction(t *testing.T) {
	eachWorld(t, func(w *world) {
		for name, make := range w.states() {
			id := ""
			for action, try := range w.actions() {
				if id == "" { // a refusal changes nothing: the record can be tried again
					id = make()
				}
				record, version := w.state(id)
				err := try(id)
				_, drawnVersion := incident.NextVersion(version, action)
				_, drawnRecord := incident.NextRecord(record, action)
				want := drawnVersion || drawnRecord
				switch action {
				case incident.ActionPublish, incident.ActionAccept, incident.ActionNarrow:
					drawnVersion = drawnVersion && (action != incident.ActionPublish || version != incident.Scheduled) // by the clock
					want = drawnRecord && (drawnVersion || action == incident.ActionNarrow && record != incident.Reserved)
				case incident.ActionNewVersion:
					want = drawnRecord && version == ""
				case incident.ActionQuarantine:
					want = drawnRecord && (drawnVersion || version == "") && name != "declined"
				case incident.ActionPurge: // what a publisher does not know of they do not purge
					want = name != "draft" && name != "declined"
				case incident.ActionEndNote: // there is none
					want = false
				case incident.ActionClear: // what is in no quarantine is not cleared
					want = false
				case incident.ActionAppeal: // the one version that is not open any more
					want = name == "declined"
				case incident.ActionRedact: // makes a version of its own; one under way goes back to its authors
					want = drawnRecord
				}
				if want != (err == nil) {
					w.t.Errorf("%s in %s (%s): drawn %v, got %v", action, name, version, want, err)
				}
				if err == nil {
					id = ""
				}
				if f := fault.Of(err); f != nil && f.Kind != fault.Forbidden && f.Kind != fault.NotFound && f.Kind != fault.Conflict {
					w.t.Errorf("%s in %s: %v", action, name, err)
				}
			}
		}
	})
}

func (w *world) states() map[string]func() string {
	decline := func() string {
		id := w.claimed(nil, nil).Record.ID
		_, err := w.flow.Decline(w.ctx, w.as("rex@east"), id, w.rev(id), "privacy", "")
		w.ok(err)
		return id
	}
	return map[string]func() string{
		"draft":     func() string { return w.draft(nil, nil).Record.ID },
		"submitted": func() string { return w.submitted(nil, nil).Record.ID },
		"in_review": func() string { return w.claimed(nil, nil).Record.ID },
		"changes_requested": func() string {
			id := w.claimed(nil, nil).Record.ID
			_, err := w.flow.RequestChanges(w.ctx, w.as("rex@east"), id, w.rev(id), "")
			w.ok(err)
			return id
		},
		"reviewed": func() string { return w.reviewed(nil, nil).Record.ID },
		"declined": decline,
		"scheduled": func() string {
			id := w.reviewed(nil, nil).Record.ID
			w.schedule("pia@south", id, w.clock.Now()+day)
			return id
		},
		"live": func() string { return w.published(nil, nil) },
		"live, draft": func() string {
			id := w.published(nil, nil)
			_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
			w.ok(err)
			_, err = w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, without("impact"))})
			w.ok(err)
			return id
		},
		"live, update submitted": func() string {
			id := w.published(nil, nil)
			_, err := w.flow.NewVersion(w.ctx, w.as("ana@north"), id)
			w.ok(err)
			_, err = w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, translated)})
			w.ok(err)
			_, err = w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
			w.ok(err)
			return id
		},
		"held": func() string {
			id := w.published(nil, nil)
			_, err := w.flow.Hold(w.ctx, w.as("rex@east"), id, "refuted", "")
			w.ok(err)
			return id
		},
		"withdrawn": func() string {
			id := w.published(nil, nil)
			_, err := w.flow.Withdraw(w.ctx, w.as("fay@north"), id, w.rev(id), "legal", "")
			w.ok(err)
			return id
		},
	}
}

func without(section string) func(map[string]any) {
	return func(doc map[string]any) { delete(doc, section) }
}

func translated(doc map[string]any) {
	doc["narrative"].(map[string]any)["summary"].(map[string]any)["fr"] = map[string]any{"text": "Une épidémie a été signalée."}
}

// actions tries each action as the person whose part it is where anybody may take it at all.
func (w *world) actions() map[string]func(id string) error {
	target := ""
	fay, rex, pia := "fay@north", "rex@east", "pia@south"
	rev := func(id string) workflow.Revision { return w.rev(id) }
	reviewer := func(id string) string { return rex }
	sign := workflow.RecommendIn{Checklist: workflow.Checklist()}
	last := func(_ workflow.Working, err error) error { return err }
	return map[string]func(id string) error{
		incident.ActionSave: func(id string) error {
			return last(w.flow.Save(w.ctx, w.as("ana@north"), id, rev(id), workflow.Draft{}))
		},
		incident.ActionDiscard: func(id string) error { return last(w.flow.Discard(w.ctx, w.as(fay), id, rev(id), "")) },
		incident.ActionSubmit:  func(id string) error { return last(w.flow.Submit(w.ctx, w.as(fay), id, rev(id), "")) },
		incident.ActionRecall:  func(id string) error { return last(w.flow.Recall(w.ctx, w.as(fay), id, rev(id), "")) },
		incident.ActionClaim: func(id string) error {
			return last(w.flow.Claim(w.ctx, w.as("wim@west"), id, workflow.Declared{}))
		},
		incident.ActionRelease: func(id string) error { return last(w.flow.Release(w.ctx, w.as(reviewer(id)), id, "")) },
		incident.ActionComment: func(id string) error {
			return last(w.flow.Comment(w.ctx, w.as(rex), id, workflow.CommentIn{Text: "well"}))
		},
		incident.ActionSuggest: func(id string) error {
			return last(w.flow.Comment(w.ctx, w.as(rex), id, workflow.CommentIn{Pointer: "/narrative/summary/en/text", Suggestion: []byte(`"Better."`)}))
		},
		incident.ActionRequestChanges: func(id string) error {
			return last(w.flow.RequestChanges(w.ctx, w.as(rex), id, rev(id), ""))
		},
		incident.ActionRecommend: func(id string) error { return last(w.flow.Recommend(w.ctx, w.as(rex), id, rev(id), sign)) },
		incident.ActionDecline: func(id string) error {
			return last(w.flow.Decline(w.ctx, w.as(pia), id, rev(id), "legal", ""))
		},
		incident.ActionReturn:  func(id string) error { return last(w.flow.Return(w.ctx, w.as(pia), id, rev(id), "")) },
		incident.ActionPublish: func(id string) error { return last(w.flow.Publish(w.ctx, w.as(pia), id, rev(id), "")) },
		incident.ActionAccept:  func(id string) error { return last(w.flow.Accept(w.ctx, w.as(pia), id, rev(id), "")) },
		incident.ActionAssign: func(id string) error {
			return last(w.flow.Assign(w.ctx, w.as(pia), id, workflow.AssignIn{Person: "wim@west", Duty: incident.ReviewDuty}))
		},
		incident.ActionNewVersion: func(id string) error { return last(w.flow.NewVersion(w.ctx, w.as("ana@north"), id)) },
		incident.ActionNarrow: func(id string) error {
			return last(w.flow.Narrow(w.ctx, w.as(fay), id, rev(id), handlingOf(schema.Members).Change(), ""))
		},
		incident.ActionRedact: func(id string) error {
			return last(w.flow.Redact(w.ctx, w.as(fay), id, rev(id), workflow.RedactIn{Pointers: []string{"/narrative/members_narrative"}, Reason: "privacy"}))
		},
		incident.ActionWithdraw: func(id string) error {
			return last(w.flow.Withdraw(w.ctx, w.as(fay), id, rev(id), "legal", ""))
		},
		incident.ActionSchedule: func(id string) error {
			return last(w.flow.Schedule(w.ctx, w.as(pia), id, rev(id), w.clock.Now()+day, ""))
		},
		incident.ActionAppeal: func(id string) error { return last(w.flow.Appeal(w.ctx, w.as(fay), id, rev(id), "")) },
		incident.ActionNote: func(id string) error {
			return last(w.flow.Note(w.ctx, w.as(pia), id, workflow.NoteIn{Tier: schema.Members, Code: "disputed"}))
		},
		incident.ActionEndNote: func(id string) error { return last(w.flow.EndNote(w.ctx, w.as(pia), id, "none")) },
		incident.ActionPurge: func(id string) error {
			return last(w.flow.Purge(w.ctx, w.as(pia), id, id, "privacy"))
		},
		incident.ActionQuarantine: func(id string) error { return last(w.flow.Quarantine(w.ctx, w.as(fay), id)) },
		incident.ActionClear:      func(id string) error { return last(w.flow.Clear(w.ctx, w.as(rex), id, "")) },
		incident.ActionHold:       func(id string) error { return last(w.flow.Hold(w.ctx, w.as(rex), id, "refuted", "")) },
		incident.ActionLift:       func(id string) error { return last(w.flow.Lift(w.ctx, w.as(pia), id, "")) },
		incident.ActionMerge: func(id string) error {
			if target == "" {
				target = w.published(nil, nil)
			}
			return last(w.flow.Merge(w.ctx, w.as(fay), id, rev(id), target, "duplicate", ""))
		},
	}
}
