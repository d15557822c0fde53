package api

import (
	"context"

	"bioincident/api/gen"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// HoldIncident takes a published record from its readers while it is checked.
func (s *Server) HoldIncident(ctx context.Context, in gen.HoldIncidentRequestObject) (gen.HoldIncidentResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.Hold(r.ctx, r.who, in.Id, in.Body.Reason, in.Body.Note)
	out, err := s.answer(r, w, err)
	return gen.HoldIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// LiftIncident gives a held record back to its readers.
func (s *Server) LiftIncident(ctx context.Context, in gen.LiftIncidentRequestObject) (gen.LiftIncidentResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.Lift(r.ctx, r.who, in.Id, note(in.Body))
	out, err := s.answer(r, w, err)
	return gen.LiftIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// ScheduleIncident has a version published at a time.
func (s *Server) ScheduleIncident(ctx context.Context, in gen.ScheduleIncidentRequestObject) (gen.ScheduleIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Schedule(ctx, r.who, in.Id, rev, micros(in.Body.At), in.Body.Note)
	})
	return gen.ScheduleIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// AppealIncident opens a declined version again.
func (s *Server) AppealIncident(ctx context.Context, in gen.AppealIncidentRequestObject) (gen.AppealIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Appeal(ctx, r.who, in.Id, rev, note(in.Body))
	})
	return gen.AppealIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// QuarantineIncident takes hazardous text from everybody who has it before them.
func (s *Server) QuarantineIncident(ctx context.Context, in gen.QuarantineIncidentRequestObject) (gen.QuarantineIncidentResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.Quarantine(r.ctx, r.who, in.Id)
	out, err := s.answer(r, w, err)
	return gen.QuarantineIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// ClearIncident signs that quarantined text may be seen.
func (s *Server) ClearIncident(ctx context.Context, in gen.ClearIncidentRequestObject) (gen.ClearIncidentResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.Clear(r.ctx, r.who, in.Id, note(in.Body))
	out, err := s.answer(r, w, err)
	return gen.ClearIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// NoteIncident sets a caution note.
func (s *Server) NoteIncident(ctx context.Context, in gen.NoteIncidentRequestObject) (gen.NoteIncidentResponseObject, error) {
	r := asked(ctx)
	tier, err := schema.ParseTier(string(in.Body.Tier))
	if err != nil {
		return nil, malformed("/tier", "request.enum")
	}
	w, err := s.Workflow.Note(r.ctx, r.who, in.Id, workflow.NoteIn{Tier: tier, Code: string(in.Body.Code), Words: in.Body.Words})
	out, err := s.answer(r, w, err)
	return gen.NoteIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// EndNote ends a caution note.
func (s *Server) EndNote(ctx context.Context, in gen.EndNoteRequestObject) (gen.EndNoteResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.EndNote(r.ctx, r.who, in.Id, in.Body.Id)
	out, err := s.answer(r, w, err)
	return gen.EndNote200JSONResponse{WorkingJSONResponse: out}, err
}

// PurgeIncident destroys what a record, or one earlier edition of it, says. Whoever asks names it twice.
func (s *Server) PurgeIncident(ctx context.Context, in gen.PurgeIncidentRequestObject) (gen.PurgeIncidentResponseObject, error) {
	r := asked(ctx)
	if in.Body.Edition != 0 {
		w, err := s.Workflow.PurgeEdition(r.ctx, r.who, in.Id, in.Body.Edition, in.Body.Confirm, in.Body.Reason)
		out, err := s.answer(r, w, err)
		return gen.PurgeIncident200JSONResponse{WorkingJSONResponse: out}, err
	}
	w, err := s.Workflow.Purge(r.ctx, r.who, in.Id, in.Body.Confirm, in.Body.Reason)
	out, err := s.answer(r, w, err)
	return gen.PurgeIncident200JSONResponse{WorkingJSONResponse: out}, err
}
