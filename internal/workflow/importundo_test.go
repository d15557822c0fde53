package workflow_test

import (
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
)

// A check gives the figures of the import that follows, and writes nothing.
func TestCheckIsTheImportThatFollows(t *testing.T) {
	eachWorld(t, func(w *world) {
		ana := w.as("ana@north")
		in := workflow.ImportIn{Profile: "invented", Files: []string{"reports.csv"}, Digest: "d1"}
		w.imported(w.rows(5, nil))
		rows := w.rows(20, nil)
		rows[1] = w.row(2, 77, nil)
		rows[12].Refusal = &workflow.Refusal{Column: "Cases", Value: "5/day", Reason: "quantity.rate"}
		batch, err := w.flow.CheckImport(w.ctx, ana, in)
		w.ok(err)
		checked, err := w.flow.CheckChunk(w.ctx, ana, batch, rows)
		w.ok(err)
		list, err := w.flow.Imports(w.ctx, ana, workflow.ImportsIn{})
		w.ok(err)
		if len(list.Imports) != 1 {
			w.t.Fatalf("%d imports", len(list.Imports))
		}
		batch, err = w.flow.BeginImport(w.ctx, ana, in)
		w.ok(err)
		taken, err := w.flow.ImportChunk(w.ctx, ana, batch.ID, rows)
		w.ok(err)
		for i := range taken {
			if taken[i].Outcome != checked[i].Outcome {
				w.t.Errorf("row %d: %s, checked %s", i+1, taken[i].Outcome, checked[i].Outcome)
			}
		}
		if other, err := w.flow.BeginImport(w.ctx, ana, workflow.ImportIn{Profile: "invented", Files: in.Files, Digest: "d2"}); err != nil || other.ID == batch.ID {
			w.t.Errorf("other content goes on with the batch: %v", err)
		}
	})
}

func TestUndoDiscardsWhatNobodyTouched(t *testing.T) {
	eachWorld(t, func(w *world) {
		ana := w.as("ana@north")
		rows := w.rows(6, nil)
		batch := w.imported(rows)
		lines := w.lines(batch.ID, workflow.RowCreated)
		edited := lines[2].Record
		working, err := w.flow.Working(w.ctx, ana, edited)
		w.ok(err)
		_, err = w.flow.Save(w.ctx, ana, edited, working.Revision, workflow.Draft{Body: w.row(3, 99, nil).Body})
		w.ok(err)
		if _, err := w.flow.UndoBatch(w.ctx, w.as("eva@east"), batch.ID, "", nil); !fault.Is(err, fault.NotFound) {
			w.t.Errorf("another organization: %v", err)
		}
		report, err := w.flow.UndoBatch(w.ctx, ana, batch.ID, "", nil)
		w.ok(err)
		if report.Done != 5 || len(report.Stayed) != 1 || report.Stayed[0].Record != edited ||
			report.Stayed[0].Reasons[0].Code != "import.undo_edited" || report.Batch.Import.State != store.ImportPartlyUndone {
			w.t.Fatalf("%+v", report)
		}
		w.inState(lines[0].Record, incident.Reserved, "")
		known, err := w.flow.KnownRows(w.ctx, ana, []string{"R-001", "R-003", "R-003"})
		w.ok(err)
		if len(known) != 1 || known[0].Record != edited {
			w.t.Errorf("%+v", known)
		}
		if known, err := w.flow.KnownRows(w.ctx, w.as("eva@east"), []string{"R-003"}); err != nil || len(known) != 0 {
			w.t.Errorf("another organization learns %+v, %v", known, err)
		}
		again := w.imported(rows)
		if again.ID == batch.ID || again.New != 5 || again.Unchanged != 1 { // the edited one came from the same row
			w.t.Errorf("%+v", again)
		}
	})
}
