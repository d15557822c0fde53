package api

import (
	"context"

	"bioincident/api/gen"
	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// bodyPrefix is where the body of a record is in a request: pointers into it are said under it.
const bodyPrefix = "/body"

func (s *Server) answer(r request, w workflow.Working, err error) (gen.WorkingJSONResponse, error) {
	if err != nil {
		return gen.WorkingJSONResponse{}, err
	}
	return gen.WorkingJSONResponse{Body: s.working(r.lang, w), Headers: gen.WorkingResponseHeaders{ETag: etag(w.Revision)}}, nil
}

// CreateIncident begins a record.
func (s *Server) CreateIncident(ctx context.Context, in gen.CreateIncidentRequestObject) (gen.CreateIncidentResponseObject, error) {
	r := asked(ctx)
	draft, err := draftOf(in.Body)
	if err != nil {
		return nil, err
	}
	draft.Key = in.Params.IdempotencyKey
	w, err := s.Workflow.Create(r.ctx, r.who, draft)
	if err != nil {
		return nil, under(bodyPrefix, err)
	}
	return gen.CreateIncident201JSONResponse{CreatedJSONResponse: gen.CreatedJSONResponse{
		Body:    s.working(r.lang, w),
		Headers: gen.CreatedResponseHeaders{ETag: etag(w.Revision), Location: "/api/v1/incidents/" + w.Record.ID + "/working"},
	}}, nil
}

// SaveWorking saves a draft.
func (s *Server) SaveWorking(ctx context.Context, in gen.SaveWorkingRequestObject) (gen.SaveWorkingResponseObject, error) {
	r := asked(ctx)
	rev, err := revision(in.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	draft, err := draftOf(in.Body)
	if err != nil {
		return nil, err
	}
	w, err := s.Workflow.Save(r.ctx, r.who, in.Id, rev, draft)
	out, err := s.answer(r, w, under(bodyPrefix, err))
	return gen.SaveWorking200JSONResponse{WorkingJSONResponse: out}, err
}

// GetWorking reads the open version.
func (s *Server) GetWorking(ctx context.Context, in gen.GetWorkingRequestObject) (gen.GetWorkingResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.Working(r.ctx, r.who, in.Id)
	out, err := s.answer(r, w, err)
	return gen.GetWorking200JSONResponse{WorkingJSONResponse: out}, err
}

// GetStanding reads how a published record stands.
func (s *Server) GetStanding(ctx context.Context, in gen.GetStandingRequestObject) (gen.GetStandingResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.Standing(r.ctx, r.who, in.Id)
	out, err := s.answer(r, w, err)
	return gen.GetStanding200JSONResponse{WorkingJSONResponse: out}, err
}

// ListChanges tells what the open version changes.
func (s *Server) ListChanges(ctx context.Context, in gen.ListChangesRequestObject) (gen.ListChangesResponseObject, error) {
	r := asked(ctx)
	changes, err := s.Workflow.Changes(r.ctx, r.who, in.Id)
	if err != nil {
		return nil, err
	}
	return gen.ListChanges200JSONResponse{
		Id: in.Id, Base: changes.Base, Class: string(changes.Class), Wider: changes.Wider,
		Fields: each(changes.Fields, func(f incident.FieldChange) gen.FieldChange {
			return gen.FieldChange{Pointer: f.Pointer, Kind: string(f.Kind), Before: f.Before, After: f.After}
		}),
	}, nil
}

// ListComments reads the conversation.
func (s *Server) ListComments(ctx context.Context, in gen.ListCommentsRequestObject) (gen.ListCommentsResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.Working(r.ctx, r.who, in.Id)
	if err != nil {
		return nil, err
	}
	return gen.ListComments200JSONResponse{Id: in.Id, Comments: list(comments(w))}, nil
}

// guarded is a transition that takes a revision and a note.
type guarded func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error)

// transition reads the revision, takes the transition and maps what it gives.
func (s *Server) transition(ctx context.Context, ifMatch string, take guarded) (gen.WorkingJSONResponse, error) {
	r := asked(ctx)
	rev, err := revision(ifMatch)
	if err != nil {
		return gen.WorkingJSONResponse{}, err
	}
	w, err := take(r.ctx, r, rev)
	return s.answer(r, w, err)
}

// SubmitIncident submits.
func (s *Server) SubmitIncident(ctx context.Context, in gen.SubmitIncidentRequestObject) (gen.SubmitIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		w, err := s.Workflow.Submit(ctx, r.who, in.Id, rev, note(in.Body))
		return w, under(bodyPrefix, err)
	})
	return gen.SubmitIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// RecallIncident takes a submission back.
func (s *Server) RecallIncident(ctx context.Context, in gen.RecallIncidentRequestObject) (gen.RecallIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Recall(ctx, r.who, in.Id, rev, note(in.Body))
	})
	return gen.RecallIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// DiscardIncident throws a draft away.
func (s *Server) DiscardIncident(ctx context.Context, in gen.DiscardIncidentRequestObject) (gen.DiscardIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Discard(ctx, r.who, in.Id, rev, note(in.Body))
	})
	return gen.DiscardIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// BeginVersion begins a new version of a record.
func (s *Server) BeginVersion(ctx context.Context, in gen.BeginVersionRequestObject) (gen.BeginVersionResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.NewVersion(r.ctx, r.who, in.Id)
	out, err := s.answer(r, w, err)
	return gen.BeginVersion200JSONResponse{WorkingJSONResponse: out}, err
}

// AcceptWords accepts words a reviewer suggested.
func (s *Server) AcceptWords(ctx context.Context, in gen.AcceptWordsRequestObject) (gen.AcceptWordsResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.AcceptWords(ctx, r.who, in.Id, rev, in.Body.Comment)
	})
	return gen.AcceptWords200JSONResponse{WorkingJSONResponse: out}, err
}

// ConsentAhead consents ahead to situation updates.
func (s *Server) ConsentAhead(ctx context.Context, in gen.ConsentAheadRequestObject) (gen.ConsentAheadResponseObject, error) {
	r := asked(ctx)
	consent, err := s.Workflow.ConsentAhead(r.ctx, r.who, in.Id, in.Body.Weeks)
	if err != nil {
		return nil, err
	}
	return gen.ConsentAhead200JSONResponse{ConsentJSONResponse: standingConsent(r, consent)}, nil
}

// RevokeConsent takes a consent ahead back.
func (s *Server) RevokeConsent(ctx context.Context, in gen.RevokeConsentRequestObject) (gen.RevokeConsentResponseObject, error) {
	r := asked(ctx)
	consent, err := s.Workflow.RevokeConsent(r.ctx, r.who, in.Id, note(in.Body))
	if err != nil {
		return nil, err
	}
	return gen.RevokeConsent200JSONResponse{ConsentJSONResponse: standingConsent(r, consent)}, nil
}

func standingConsent(r request, c workflow.StandingConsent) gen.ConsentJSONResponse {
	return gen.ConsentJSONResponse{Id: c.Record, Organization: r.who.OrgSlug, From: moment(c.From), Until: moment(c.Until)}
}

// ClaimIncident takes a review.
func (s *Server) ClaimIncident(ctx context.Context, in gen.ClaimIncidentRequestObject) (gen.ClaimIncidentResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.Claim(r.ctx, r.who, in.Id, declared(in.Body.Interests))
	out, err := s.answer(r, w, err)
	return gen.ClaimIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// declared puts the three answers in the order in which they are kept.
func declared(i gen.Interests) workflow.Declared {
	return workflow.Declared{i.Involved, i.Related, i.Gain}
}

// ReleaseIncident hands a review back.
func (s *Server) ReleaseIncident(ctx context.Context, in gen.ReleaseIncidentRequestObject) (gen.ReleaseIncidentResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.Release(r.ctx, r.who, in.Id, note(in.Body))
	out, err := s.answer(r, w, err)
	return gen.ReleaseIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// CommentIncident comments on a field, with exact words or without.
func (s *Server) CommentIncident(ctx context.Context, in gen.CommentIncidentRequestObject) (gen.CommentIncidentResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.Comment(r.ctx, r.who, in.Id, workflow.CommentIn{
		Pointer: in.Body.Pointer, Request: in.Body.Request, Text: in.Body.Text, Suggestion: in.Body.Suggestion,
	})
	out, err := s.answer(r, w, err)
	return gen.CommentIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// RequestChanges asks the owner for changes.
func (s *Server) RequestChanges(ctx context.Context, in gen.RequestChangesRequestObject) (gen.RequestChangesResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.RequestChanges(ctx, r.who, in.Id, rev, note(in.Body))
	})
	return gen.RequestChanges200JSONResponse{WorkingJSONResponse: out}, err
}

// RecommendIncident says that it is ready to publish.
func (s *Server) RecommendIncident(ctx context.Context, in gen.RecommendIncidentRequestObject) (gen.RecommendIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		w, err := s.Workflow.Recommend(ctx, r.who, in.Id, rev, workflow.RecommendIn{
			Checklist: in.Body.Checklist, Overrides: in.Body.Overrides, Note: in.Body.Note,
		})
		return w, err
	})
	return gen.RecommendIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// DeclineIncident declines a submission.
func (s *Server) DeclineIncident(ctx context.Context, in gen.DeclineIncidentRequestObject) (gen.DeclineIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Decline(ctx, r.who, in.Id, rev, in.Body.Reason, in.Body.Note)
	})
	return gen.DeclineIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// AssignIncident gives a review to a person.
func (s *Server) AssignIncident(ctx context.Context, in gen.AssignIncidentRequestObject) (gen.AssignIncidentResponseObject, error) {
	r := asked(ctx)
	w, err := s.Workflow.Assign(r.ctx, r.who, in.Id, workflow.AssignIn{Person: in.Body.Person, Duty: incident.Duty(in.Body.Duty)})
	out, err := s.answer(r, w, err)
	return gen.AssignIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// ReturnIncident returns it to the reviewers.
func (s *Server) ReturnIncident(ctx context.Context, in gen.ReturnIncidentRequestObject) (gen.ReturnIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Return(ctx, r.who, in.Id, rev, note(in.Body))
	})
	return gen.ReturnIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// PublishIncident publishes.
func (s *Server) PublishIncident(ctx context.Context, in gen.PublishIncidentRequestObject) (gen.PublishIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Publish(ctx, r.who, in.Id, rev, note(in.Body))
	})
	return gen.PublishIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// AcceptIncident accepts a small change in one action.
func (s *Server) AcceptIncident(ctx context.Context, in gen.AcceptIncidentRequestObject) (gen.AcceptIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Accept(ctx, r.who, in.Id, rev, note(in.Body))
	})
	return gen.AcceptIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// NarrowIncident lets fewer see it.
func (s *Server) NarrowIncident(ctx context.Context, in gen.NarrowIncidentRequestObject) (gen.NarrowIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		handling, err := handlingChange(in.Body.Handling)
		if err != nil {
			return workflow.Working{}, err
		}
		return s.Workflow.Narrow(ctx, r.who, in.Id, rev, handling, in.Body.Note)
	})
	return gen.NarrowIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// RedactIncident takes something out of every edition.
func (s *Server) RedactIncident(ctx context.Context, in gen.RedactIncidentRequestObject) (gen.RedactIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Redact(ctx, r.who, in.Id, rev, workflow.RedactIn{Pointers: in.Body.Pointers, Reason: in.Body.Reason, Note: in.Body.Note})
	})
	return gen.RedactIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// ConfirmIncident confirms a restriction as the second person.
func (s *Server) ConfirmIncident(ctx context.Context, in gen.ConfirmIncidentRequestObject) (gen.ConfirmIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Confirm(ctx, r.who, in.Id, rev, note(in.Body))
	})
	return gen.ConfirmIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// WidenIncident lets more see it.
func (s *Server) WidenIncident(ctx context.Context, in gen.WidenIncidentRequestObject) (gen.WidenIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		handling, err := handlingChange(in.Body.Handling)
		if err != nil {
			return workflow.Working{}, err
		}
		return s.Workflow.Widen(ctx, r.who, in.Id, rev, handling, in.Body.Note)
	})
	return gen.WidenIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// WithdrawIncident withdraws a published record.
func (s *Server) WithdrawIncident(ctx context.Context, in gen.WithdrawIncidentRequestObject) (gen.WithdrawIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Withdraw(ctx, r.who, in.Id, rev, in.Body.Reason, in.Body.Note)
	})
	return gen.WithdrawIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// MergeIncident merges a record into another.
func (s *Server) MergeIncident(ctx context.Context, in gen.MergeIncidentRequestObject) (gen.MergeIncidentResponseObject, error) {
	out, err := s.transition(ctx, in.Params.IfMatch, func(ctx context.Context, r request, rev workflow.Revision) (workflow.Working, error) {
		return s.Workflow.Merge(ctx, r.who, in.Id, rev, in.Body.Into, in.Body.Reason, in.Body.Note)
	})
	return gen.MergeIncident200JSONResponse{WorkingJSONResponse: out}, err
}

// BreakGlass lets an administrator read one record for one hour.
func (s *Server) BreakGlass(ctx context.Context, in gen.BreakGlassRequestObject) (gen.BreakGlassResponseObject, error) {
	r := asked(ctx)
	glass, err := s.Workflow.BreakGlass(r.ctx, r.who, in.Id, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return gen.BreakGlass200JSONResponse{GlassJSONResponse: gen.GlassJSONResponse{
		Id: glass.Record, From: moment(glass.From), Until: moment(glass.Until),
	}}, nil
}

// draftOf reads a draft; what is left out is nil.
func draftOf(body *gen.DraftIn) (workflow.Draft, error) {
	handling, err := handlingOrNone(body.Handling)
	return workflow.Draft{Body: body.Body, Handling: handling}, err
}

// handlingOrNone gives nil for a handling that was left out: one that is there has a marking.
func handlingOrNone(h gen.Handling) (*workflow.HandlingIn, error) {
	if h.Marking == "" {
		return nil, nil
	}
	in, err := handlingIn(h)
	return &in, err
}

func handlingIn(h gen.Handling) (workflow.HandlingIn, error) {
	in := workflow.HandlingIn{
		Recipients: h.Recipients, Attribution: h.Attribution, NotBefore: micros(h.NotBefore), Excluded: h.Excluded,
	}
	var err error
	if in.Marking, err = marking(h.Marking); err != nil {
		return in, err
	}
	in.Tiers, err = tiers(h.Tiers)
	return in, err
}

// handlingChange reads what of a handling shall be another; what is left out is nil.
func handlingChange(h gen.HandlingChange) (workflow.HandlingChange, error) {
	in := workflow.HandlingChange{Attribution: h.Attribution, NotBefore: micros(h.NotBefore)}
	if h.Marking != "" {
		tier, err := marking(h.Marking)
		if err != nil {
			return in, err
		}
		in.Marking = &tier
	}
	if h.Recipients != nil {
		in.Recipients = list(*h.Recipients)
	}
	if h.Excluded != nil {
		in.Excluded = list(*h.Excluded)
	}
	var err error
	in.Tiers, err = tiers(h.Tiers)
	return in, err
}

func marking(code gen.Tier) (schema.Tier, error) {
	tier, err := schema.ParseTier(string(code))
	if err != nil {
		return tier, fault.New(fault.Malformed, "request.malformed").At("/handling/marking", "request.enum").Because(err)
	}
	return tier, nil
}

func tiers(codes map[string]gen.Tier) (map[string]schema.Tier, error) {
	var out map[string]schema.Tier
	for name, code := range codes {
		tier, err := schema.ParseTier(string(code))
		if err != nil {
			return nil, fault.New(fault.Malformed, "request.malformed").At("/handling/tiers/"+name, "request.enum").Because(err)
		}
		if out == nil {
			out = map[string]schema.Tier{}
		}
		out[name] = tier
	}
	return out, nil
}
