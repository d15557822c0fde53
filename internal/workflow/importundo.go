package workflow

import (
	"context"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// Reasons for which a record stays when its import is undone.
const (
	staysUpdated   = "import.undo_updated"   // the import changed it and did not create it
	staysLater     = "import.undo_later"     // a later import changed it
	staysSubmitted = "import.undo_submitted" // it was submitted, now or before
	staysPublished = "import.undo_published"
	staysDiscarded = "import.undo_discarded" // by a person, before
	staysEdited    = "import.undo_edited"    // by a person, since
)

// UndoBatch discards the drafts that an import created and nobody has touched since: not saved by hand, not submitted,
// not changed by a later import, not narrowed. Everything else stays and is listed with the reason. Ids stay spent; the
// ids of rows are free, so that the same files can be imported again. A batch that is under review or published is not
// undone; one that was interrupted is, and is not gone on with.
func (w *Workflow) UndoBatch(ctx context.Context, who identity.Principal, id, note string, progress Progress) (BatchReport, error) {
	b := &bulk{w: w, ctx: ctx, who: who, id: id, step: stepUndo, action: actionBatchUndo, progress: progress}
	b.one = func(c *call, on bulkOn) ([]policies.Reason, error) {
		if on.row.Step == stepUndo {
			return nil, nil // by an undo before
		}
		why, err := c.touched(on)
		if err != nil || why != "" {
			return []policies.Reason{{Code: why}}, err
		}
		return nil, w.discardOne(c, on.s, note)
	}
	b.done = func(c *call, batch *store.Import, report *BatchReport) error {
		if batch.State == store.ImportLoading {
			if err := c.countRows(batch); err != nil {
				return err
			}
		}
		batch.State = store.ImportUndone
		if len(report.Stayed) > 0 {
			batch.State = store.ImportPartlyUndone
		}
		return nil
	}
	return b.run()
}

// touched tells why a record is not as its import made it; "" when it is. Whoever saves a draft raises its revision, also
// where the words stay the same.
func (c *call) touched(on bulkOn) (string, error) {
	s := on.s
	switch {
	case on.row.Outcome != RowCreated || s.record.Batch != on.batch.ID:
		return staysUpdated, nil
	case s.published:
		return staysPublished, nil
	case !s.open:
		return staysDiscarded, nil
	case s.version.State != incident.Draft || s.version.Submitted != 0:
		return staysSubmitted, nil
	case s.version.N == 1 && s.version.Revision == 1 && s.record.Revision == 1 && hashOf(s.version.Body) == on.row.BodyHash:
		return "", nil
	}
	newest, _, err := c.tx.ImportRowOf(s.record.ID)
	if err == nil && newest.Import != on.batch.ID && hashOf(s.version.Body) == newest.BodyHash {
		return staysLater, nil
	}
	return staysEdited, err
}
