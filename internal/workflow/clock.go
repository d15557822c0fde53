package workflow

import (
	"context"
	"slices"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
)

// ClaimLasts is how long somebody keeps a version in hand before the clock hands it back.
const ClaimLasts = 14 * 24 * hour

// clockActor is who the ledger names for what the clock did.
const clockActor = "clock"

// ReleaseOverdue hands back what has been in somebody's hands for too long, and tells how many versions that were. Any
// replica may try at any time: what was handed back already is not touched again. A version that waits for its authors
// keeps its reviewers.
func (w *Workflow) ReleaseOverdue(ctx context.Context) (int, error) {
	due, err := w.overdue(ctx)
	if err != nil {
		return 0, err
	}
	released := 0
	by := store.Actor{Person: clockActor, Via: identity.ViaClock}
	for part := range slices.Chunk(due, 50) {
		done := 0
		err := w.Store.Write(ctx, by, func(tx *store.WriteTx) error {
			done = 0
			c, err := w.enter(tx, identity.Principal{Via: identity.ViaClock})
			if err != nil {
				return err
			}
			subjects, err := c.subjects(part)
			if err != nil {
				return err
			}
			for _, s := range subjects {
				handed, err := c.releaseWhere(s, "clock", nil, func(a incident.Assignment) bool { return a.At+ClaimLasts <= c.now })
				if err != nil {
					return err
				}
				if handed {
					done++
				}
			}
			return nil
		})
		if err != nil {
			return released, err
		}
		released += done
	}
	return released, nil
}

// overdue lists the records whose open version has been in somebody's hands for too long.
func (w *Workflow) overdue(ctx context.Context) ([]string, error) {
	const page = 200
	var due []string
	err := w.Store.Read(ctx, func(tx *store.Tx) error {
		now := w.Store.Clock()
		f := store.WorkFilter{States: []incident.VersionState{incident.InReview, incident.Reviewed}, Limit: page}
		for {
			rows, err := tx.Work(f)
			if err != nil {
				return err
			}
			versions := make([]string, len(rows))
			for i, row := range rows {
				versions[i] = row.Version.ID
			}
			assignments, err := tx.AssignmentsOf(versions)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if slices.ContainsFunc(assignments[row.Version.ID], func(a incident.Assignment) bool {
					return a.Released == 0 && a.At+ClaimLasts <= now
				}) {
					due = append(due, row.Record.ID)
				}
			}
			if len(rows) < page {
				return nil
			}
			last := rows[len(rows)-1].Version
			f.After = &store.WorkKey{Updated: last.Updated, Version: last.ID}
		}
	})
	return due, err
}

// releaseWhere hands back the assignments of a version that a test names. When nobody else has it for review, it returns
// to the queue. It tells whether there was anything to hand back.
func (c *call) releaseWhere(s *subject, why string, details any, which func(incident.Assignment) bool) (bool, error) {
	var handed []incident.Assignment
	review, others := false, 0
	for _, a := range s.inHand() {
		switch {
		case which(a):
			handed = append(handed, a)
			review = review || a.Duty == incident.ReviewDuty
		case a.Duty == incident.ReviewDuty:
			others++
		}
	}
	next, ok := incident.NextVersion(s.version.State, incident.ActionRelease)
	if len(handed) == 0 || why == "clock" && !ok {
		return false, nil
	}
	if ok && review && others == 0 {
		s.version.State = next
	}
	return true, c.append(s, store.Change{Action: incident.ActionRelease, Release: releases(handed, why), Details: details}, withVersion)
}
