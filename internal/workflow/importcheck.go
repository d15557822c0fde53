package workflow

import (
	"context"
	"errors"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/store"
)

// errChecked ends a transaction whose outcome was only asked for.
var errChecked = errors.New("a check writes nothing")

// CheckImport gives the batch that BeginImport would go on with, or one that is not written: its Revision is 0. Its
// counts are those of the rows that it has taken.
func (w *Workflow) CheckImport(ctx context.Context, who identity.Principal, in ImportIn) (store.Import, error) {
	var batch store.Import
	err := w.read(ctx, who, func(c *call) error {
		if c.who.Anonymous() {
			return fault.New(fault.Unauthenticated, "auth.required")
		}
		if err := c.mayImport(in); err != nil {
			return err
		}
		interrupted, err := c.interrupted(in)
		if err != nil {
			return err
		}
		if interrupted == nil {
			batch = store.Import{ID: "-", Org: c.who.Org, Person: c.who.Person, Profile: in.Profile, Files: in.Files,
				Digest: in.Digest, State: store.ImportLoading}
			return nil
		}
		batch = *interrupted
		return c.countRows(&batch)
	})
	return batch, err
}

// CheckChunk tells what ImportChunk would make of rows: it does the same in a transaction that it then gives up, so that
// nothing is written. That an id stands twice in different chunks is for the caller to see.
func (w *Workflow) CheckChunk(ctx context.Context, who identity.Principal, batch store.Import, rows []RowIn) ([]RowOut, error) {
	var out []RowOut
	_, err := w.takeRows(ctx, who, rows, func(c *call) (store.Import, error) { return batch, nil }, func(k *rowChunk) error {
		out = k.out
		return errChecked
	})
	if errors.Is(err, errChecked) {
		err = nil
	}
	return out, err
}
