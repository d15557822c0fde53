package workflow_test

import (
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

func (w *world) sensitivity(id string, names ...string) {
	w.t.Helper()
	for _, name := range names {
		_, err := w.flow.Assign(w.ctx, w.as("pia@south"), id, workflow.AssignIn{Person: name, Duty: incident.SensitivityDuty})
		w.ok(err)
	}
}

// reads tells who of some people still reads the text of a record.
func (w *world) reads(id string, names ...string) map[string]bool {
	w.t.Helper()
	got := map[string]bool{}
	for _, name := range names {
		working, err := w.flow.Working(w.ctx, w.as(name), id)
		got[name] = err == nil && len(working.Body) > 0
	}
	return got
}

// TestQuarantine: from one action on nobody reads it but the owner's focal point and two who are assigned; both clear it.
func TestQuarantine(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.claimed(nil, nil).Record.ID
		_, err := w.flow.Quarantine(w.ctx, w.as("wim@west"), id)
		w.refused(err, fault.Forbidden, "policy.not_visible")
		_, err = w.flow.Quarantine(w.ctx, w.as("rex@east"), id)
		w.ok(err)
		w.inState(id, incident.Reserved, incident.InReview)
		w.waitsAre(id, "quarantine")
		everybody := []string{"ana@north", "fay@north", "rex@east", "rua@east", "wim@west", "pia@south"}
		for name, reads := range w.reads(id, everybody...) {
			if reads != (name == "fay@north") {
				w.t.Errorf("%s reads: %v", name, reads)
			}
		}
		_, err = w.flow.Assign(w.ctx, w.as("pia@south"), id, workflow.AssignIn{Person: "wim@west", Duty: incident.ReviewDuty})
		w.refused(err, fault.Invalid, "assign.duty")
		w.sensitivity(id, "rua@east", "wim@west")
		_, err = w.flow.Assign(w.ctx, w.as("pia@south"), id, workflow.AssignIn{Person: "rex@east", Duty: incident.SensitivityDuty})
		w.refused(err, fault.Conflict, "quarantine.assigned")
		for name, reads := range w.reads(id, everybody...) {
			if want := name == "fay@north" || name == "rua@east" || name == "wim@west"; reads != want {
				w.t.Errorf("%s reads: %v", name, reads)
			}
		}
		_, err = w.flow.Clear(w.ctx, w.as("rua@east"), id, "")
		w.ok(err)
		_, err = w.flow.Clear(w.ctx, w.as("rua@east"), id, "")
		w.refused(err, fault.Conflict, "workflow.already_signed")
		w.waitsAre(id, "quarantine")
		_, err = w.flow.Clear(w.ctx, w.as("wim@west"), id, "")
		w.ok(err)
		w.waitsAre(id)
		_, err = w.flow.Claim(w.ctx, w.as("rex@east"), id, workflow.Declared{})
		w.ok(err)
	})
}

// TestQuarantineGoesBack: the focal point alone takes the text out and submits again; those who were assigned see it.
func TestQuarantineGoesBack(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.claimed(nil, nil).Record.ID
		_, err := w.flow.Quarantine(w.ctx, w.as("rex@east"), id)
		w.ok(err)
		w.sensitivity(id, "rua@east", "wim@west")
		_, err = w.flow.RequestChanges(w.ctx, w.as("rua@east"), id, w.rev(id), "")
		w.ok(err)
		_, err = w.flow.Save(w.ctx, w.as("ana@north"), id, w.rev(id), workflow.Draft{})
		w.refused(err, fault.Forbidden, "")
		_, err = w.flow.Save(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.Draft{Body: document(w.t, other)})
		w.ok(err)
		_, err = w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
		w.ok(err)
		if reads := w.reads(id, "ana@north", "wim@west", "rex@east"); reads["ana@north"] || !reads["wim@west"] || reads["rex@east"] {
			w.t.Errorf("%v", reads)
		}
		for _, name := range []string{"rua@east", "wim@west"} {
			_, err = w.flow.Clear(w.ctx, w.as(name), id, "")
			w.ok(err)
		}
		w.waitsAre(id)
	})
}

// TestQuarantineOfPublished: it is held with it, for everybody alike, and comes back as it was.
func TestQuarantineOfPublished(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.published(nil, nil)
		before, _ := w.view(schema.Members, id, 0)
		_, err := w.flow.Quarantine(w.ctx, w.as("wim@west"), id)
		w.ok(err)
		w.inState(id, incident.Held, "")
		if view, _ := w.view(schema.Public, id, 0); view.Tombstone != "held" {
			w.t.Fatalf("%+v", view.Tombstone)
		}
		_, err = w.flow.Lift(w.ctx, w.as("pia@south"), id, "")
		w.refused(err, fault.Forbidden, "policy.record_state")
		w.sensitivity(id, "rua@east", "rex@east")
		if reads := w.reads(id, "fay@north", "rua@east", "ana@north", "wim@west"); !reads["fay@north"] || !reads["rua@east"] ||
			reads["ana@north"] || reads["wim@west"] {
			w.t.Errorf("%v", reads)
		}
		for _, name := range []string{"rua@east", "rex@east"} {
			_, err = w.flow.Clear(w.ctx, w.as(name), id, "")
			w.ok(err)
		}
		w.inState(id, incident.Live, "")
		if after, _ := w.view(schema.Members, id, 0); string(after.Bytes) != string(before.Bytes) {
			w.t.Errorf("%s", after.Bytes)
		}
		_, err = w.flow.Working(w.ctx, w.as("rua@east"), id)
		w.refused(err, fault.Forbidden, "")
	})
}
