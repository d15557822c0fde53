package world

import (
	"context"
	"strconv"

	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
)

// The steps of a record's life. Each is one command of the workflow, with the revision that its owner sees.

// Life says through whose hands the records of an owner go.
type Life struct {
	Author    string   // PERSON@ORG
	Focal     string   // submits
	Reviewers []string // claim and recommend, in this order
	Publisher string
}

// Draft begins a record and gives its id.
func (s *System) Draft(l Life, body []byte, h workflow.HandlingIn) string {
	s.t.Helper()
	made, err := s.Workflow.Create(context.Background(), s.As(l.Author), workflow.Draft{Body: body, Handling: &h})
	s.ok(err)
	return made.Record.ID
}

// Revision gives the revision of a record as somebody sees it.
func (s *System) Revision(who, id string) workflow.Revision {
	s.t.Helper()
	working, err := s.Workflow.Working(context.Background(), s.As(who), id)
	s.ok(err)
	return working.Revision
}

// Submit submits the open version.
func (s *System) Submit(l Life, id string) {
	s.t.Helper()
	_, err := s.Workflow.Submit(context.Background(), s.As(l.Focal), id, s.Revision(l.Focal, id), "")
	s.ok(err)
}

// Claim takes the open version in hand for review.
func (s *System) Claim(who, id string) {
	s.t.Helper()
	_, err := s.Workflow.Claim(context.Background(), s.As(who), id, workflow.Declared{})
	s.ok(err)
}

// Assign gives the open version into somebody's hands.
func (s *System) Assign(by, id string, in workflow.AssignIn) {
	s.t.Helper()
	_, err := s.Workflow.Assign(context.Background(), s.As(by), id, in)
	s.ok(err)
}

// Recommend signs for a review.
func (s *System) Recommend(who, id string) {
	s.t.Helper()
	_, err := s.Workflow.Recommend(context.Background(), s.As(who), id, s.Revision(who, id),
		workflow.RecommendIn{Checklist: workflow.Checklist()})
	s.ok(err)
}

// Publish approves and publishes.
func (s *System) Publish(l Life, id string) {
	s.t.Helper()
	_, err := s.Workflow.Publish(context.Background(), s.As(l.Publisher), id, s.Revision(l.Focal, id), "")
	s.ok(err)
}

// NewVersion opens another version with a body and, unless it is nil, a handling.
func (s *System) NewVersion(l Life, id string, body []byte, h *workflow.HandlingIn) {
	s.t.Helper()
	_, err := s.Workflow.NewVersion(context.Background(), s.As(l.Author), id)
	s.ok(err)
	_, err = s.Workflow.Save(context.Background(), s.As(l.Author), id, s.Revision(l.Author, id), workflow.Draft{Body: body, Handling: h})
	s.ok(err)
}

// Narrow shows less of a record.
func (s *System) Narrow(who, id string, h workflow.HandlingIn) {
	s.t.Helper()
	_, err := s.Workflow.Narrow(context.Background(), s.As(who), id, s.Revision(who, id), h.Change(), "")
	s.ok(err)
}

// Confirm signs what somebody restricted, with the revision that the owner sees.
func (s *System) Confirm(who, owner, id string) {
	s.t.Helper()
	_, err := s.Workflow.Confirm(context.Background(), s.As(who), id, s.Revision(owner, id), "")
	s.ok(err)
}

// Redact takes things out of every edition.
func (s *System) Redact(who, id string, pointers ...string) {
	s.t.Helper()
	_, err := s.Workflow.Redact(context.Background(), s.As(who), id, s.Revision(who, id),
		workflow.RedactIn{Pointers: pointers, Reason: "privacy"})
	s.ok(err)
}

// Withdraw takes a published record back.
func (s *System) Withdraw(who, id string) {
	s.t.Helper()
	_, err := s.Workflow.Withdraw(context.Background(), s.As(who), id, s.Revision(who, id), "privacy", "")
	s.ok(err)
}

// Comment says something about the open version.
func (s *System) Comment(who, id, text string) {
	s.t.Helper()
	_, err := s.Workflow.Comment(context.Background(), s.As(who), id, workflow.CommentIn{Text: text})
	s.ok(err)
}

// RequestChanges gives the open version back to its authors.
func (s *System) RequestChanges(who, id string) {
	s.t.Helper()
	_, err := s.Workflow.RequestChanges(context.Background(), s.As(who), id, s.Revision(who, id), "")
	s.ok(err)
}

// Import makes a batch of one file and gives its id. Each body holds the id of its row.
func (s *System) Import(who string, bodies [][]byte) string {
	s.t.Helper()
	ctx, by := context.Background(), s.As(who)
	batch, err := s.Workflow.BeginImport(ctx, by, workflow.ImportIn{Profile: "don_events", Files: []string{"rows.csv"}})
	s.ok(err)
	var rows []workflow.RowIn
	for i, body := range bodies {
		rows = append(rows, workflow.RowIn{Ordinal: int64(i + 1), File: "rows.csv", Line: int64(i + 2), RowID: "R" + strconv.Itoa(i+1),
			Body: body})
	}
	_, err = s.Workflow.ImportChunk(ctx, by, batch.ID, rows)
	s.ok(err)
	_, err = s.Workflow.FinishImport(ctx, by, batch.ID)
	s.ok(err)
	return batch.ID
}

// Widen proposes, for the owner, to show more of a published record.
func (s *System) Widen(who, id string, h workflow.HandlingIn) {
	s.t.Helper()
	_, err := s.Workflow.Widen(context.Background(), s.As(who), id, s.Revision(who, id), h.Change(), "")
	s.ok(err)
}

// Schedule approves and has the clock publish at a moment.
func (s *System) Schedule(l Life, id string, at incident.Micros) {
	s.t.Helper()
	_, err := s.Workflow.Schedule(context.Background(), s.As(l.Publisher), id, s.Revision(l.Focal, id), at, "")
	s.ok(err)
}

// Appeal opens a declined version again.
func (s *System) Appeal(who, id string) {
	s.t.Helper()
	_, err := s.Workflow.Appeal(context.Background(), s.As(who), id, s.Revision(who, id), "")
	s.ok(err)
}

// Hold takes a published record from its readers until it is decided about.
func (s *System) Hold(who, id string) {
	s.t.Helper()
	_, err := s.Workflow.Hold(context.Background(), s.As(who), id, "privacy", "")
	s.ok(err)
}

// Lift gives a held record back.
func (s *System) Lift(who, id string) {
	s.t.Helper()
	_, err := s.Workflow.Lift(context.Background(), s.As(who), id, "")
	s.ok(err)
}

// Quarantine takes hazardous text from everybody who has it before them.
func (s *System) Quarantine(who, id string) {
	s.t.Helper()
	_, err := s.Workflow.Quarantine(context.Background(), s.As(who), id)
	s.ok(err)
}

// Clear signs that quarantined text may be seen.
func (s *System) Clear(who, id string) {
	s.t.Helper()
	_, err := s.Workflow.Clear(context.Background(), s.As(who), id, "")
	s.ok(err)
}

// Note sets a notice beside a record and gives its id.
func (s *System) Note(who, id string, in workflow.NoteIn) string {
	s.t.Helper()
	_, err := s.Workflow.Note(context.Background(), s.As(who), id, in)
	s.ok(err)
	var notes []store.Note
	s.ok(s.Store.Read(context.Background(), func(tx *store.Tx) (err error) {
		notes, err = tx.Notes(id)
		return err
	}))
	return notes[len(notes)-1].ID
}

// EndNote takes a notice away.
func (s *System) EndNote(who, id, note string) {
	s.t.Helper()
	_, err := s.Workflow.EndNote(context.Background(), s.As(who), id, note)
	s.ok(err)
}

// Purge signs that what a record says be destroyed.
func (s *System) Purge(who, id string) {
	s.t.Helper()
	_, err := s.Workflow.Purge(context.Background(), s.As(who), id, id, "privacy")
	s.ok(err)
}
