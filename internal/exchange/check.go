package exchange

import (
	"cmp"
	"context"
	"slices"

	"bioincident/internal/identity"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// Checker tells what would become of rows; *workflow.Workflow is one.
type Checker interface {
	CheckImport(ctx context.Context, who identity.Principal, in workflow.ImportIn) (store.Import, error)
	PrepareRows(rows []workflow.RowIn) []workflow.RowIn
	CheckChunk(ctx context.Context, who identity.Principal, batch store.Import, rows []workflow.RowIn) ([]workflow.RowOut, error)
}

// Checked is what would become of a row.
type Checked struct {
	workflow.RowOut
	File  string
	Line  int64
	RowID string
}

// Refused is how many rows would be refused for a reason, with the first of them.
type Refused struct {
	Reason string
	Rows   int64
	First  []Checked // at most firstRefused
}

const firstRefused = 20

// Check is Import without writing: it tells of every row what Import would make of it, visit by visit in the order of
// the files, and gives the counts that Import would give, and the refused rows by reason, the commonest first. Of a batch
// that was interrupted the rows that it has taken are counted and not told again.
func Check(ctx context.Context, into Checker, who identity.Principal, in In, sch *schema.Schema, tell Progress, visit func(Checked) error) (Summary, []Refused, error) {
	d, begin, err := prepare(ctx, in, sch, tell)
	if err != nil {
		return Summary{}, nil, err
	}
	batch, err := into.CheckImport(ctx, who, begin)
	if err != nil {
		return Summary{}, nil, err
	}
	count := counter{batch: batch, visit: visit, reasons: map[string]*Refused{}}
	d.goOn(batch, into.PrepareRows, func(ctx context.Context, rows []workflow.RowIn) error {
		out, err := into.CheckChunk(ctx, who, batch, rows)
		if err != nil {
			return err
		}
		for i, row := range rows {
			if err := count.add(Checked{out[i], row.File, row.Line, row.RowID}); err != nil {
				return err
			}
		}
		return nil
	})
	if batch.Revision == 0 { // it is not written, and has no id
		d.batch, count.batch.ID = "", ""
	}
	if err := d.run(ctx); err != nil {
		return Summary{}, nil, err
	}
	return d.summary(count.batch), count.refused(), nil
}

// counter counts what would become of rows.
type counter struct {
	batch   store.Import
	visit   func(Checked) error
	reasons map[string]*Refused
}

func (c *counter) add(row Checked) error {
	c.batch.Rows++
	switch row.Outcome {
	case workflow.RowCreated:
		c.batch.New++
	case workflow.RowUnchanged:
		c.batch.Unchanged++
	case workflow.RowUpdated:
		c.batch.Updated++
	default:
		c.batch.Refused++
		c.refuse(row)
	}
	return c.visit(row)
}

func (c *counter) refuse(row Checked) {
	reason := c.reasons[row.Refusal.Reason]
	if reason == nil {
		reason = &Refused{Reason: row.Refusal.Reason}
		c.reasons[reason.Reason] = reason
	}
	reason.Rows++
	if len(reason.First) < firstRefused {
		reason.First = append(reason.First, row)
	}
}

func (c *counter) refused() []Refused {
	var all []Refused
	for _, reason := range c.reasons {
		all = append(all, *reason)
	}
	slices.SortFunc(all, func(a, b Refused) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}
