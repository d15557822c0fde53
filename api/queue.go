package api

import (
	"context"

	"bioincident/api/gen"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
)

// ReadQueue gives the cards that wait for a reviewer or a publisher.
func (s *Server) ReadQueue(ctx context.Context, in gen.ReadQueueRequestObject) (gen.ReadQueueResponseObject, error) {
	r := asked(ctx)
	page, err := s.Workflow.Queue(r.ctx, r.who, workflow.QueueIn{
		Duty: incident.Duty(in.Params.Duty), Cursor: s.cursors.Open(in.Params.Cursor), Limit: in.Params.Limit,
	})
	if err != nil {
		return nil, err
	}
	return gen.ReadQueue200JSONResponse{Next: s.cursors.Next(page.Next), Cards: each(page.Cards, func(c workflow.Card) gen.Card {
		return gen.Card{
			Id: c.ID, Domains: list(c.Domains), Regions: list(c.Regions), Languages: list(c.Languages),
			Marking: gen.Tier(c.Marking.String()), State: gen.VersionState(c.State), Class: string(c.Class),
			Submitted: moment(c.Submitted), Can: s.abilities(r.lang, c.Can),
		}
	})}, nil
}

// ReadWork gives the open versions of the own organization, or those it has in hand.
func (s *Server) ReadWork(ctx context.Context, in gen.ReadWorkRequestObject) (gen.ReadWorkResponseObject, error) {
	r := asked(ctx)
	page, err := s.Workflow.Work(r.ctx, r.who, workflow.WorkIn{
		States:   each(in.Params.State, func(state gen.VersionState) incident.VersionState { return incident.VersionState(state) }),
		Assigned: in.Params.Assigned, Mine: in.Params.Mine, Batch: in.Params.Batch, Cursor: s.cursors.Open(in.Params.Cursor), Limit: in.Params.Limit,
	})
	if err != nil {
		return nil, err
	}
	n := names{page.People, page.Orgs}
	return gen.ReadWork200JSONResponse{Next: s.cursors.Next(page.Next), Work: each(page.Items, func(w workflow.WorkItem) gen.WorkItem {
		item := gen.WorkItem{
			Id: w.Record.ID, Title: s.Message.Title(s.Schema, w.Title, r.lang), RecordState: string(w.Record.State),
			State: gen.VersionState(w.Version.State), Class: string(w.Version.Class), Owner: n.org(w.Record.Owner),
			Edition: w.Record.Edition, Round: w.Version.Round, Batch: w.Record.Batch,
			Submitted: moment(w.Version.Submitted), Updated: moment(w.Version.Updated),
			Assignments: assignments(n, w.Assignments),
		}
		if w.Revision != 0 {
			item.Revision = w.Revision.String()
		}
		return item
	})}, nil
}

// ListWaiting gives what waits for somebody, to whom it concerns.
func (s *Server) ListWaiting(ctx context.Context, in gen.ListWaitingRequestObject) (gen.ListWaitingResponseObject, error) {
	r := asked(ctx)
	page, err := s.Workflow.Waiting(r.ctx, r.who, workflow.WaitingIn{Kind: string(in.Params.Kind), Overdue: in.Params.Overdue,
		Cursor: s.cursors.Open(in.Params.Cursor), Limit: in.Params.Limit})
	if err != nil {
		return nil, err
	}
	n := names{page.People, page.Orgs}
	return gen.ListWaiting200JSONResponse{Next: s.cursors.Next(page.Next), Waiting: each(page.Items, func(w workflow.WaitingItem) gen.WaitingItem {
		waits := s.waiting(r.lang, n, w.Waits)
		return gen.WaitingItem{
			Id: w.ID, Owner: n.org(w.Owner), What: waits.What, Words: waits.Words, Why: waits.Why, Into: waits.Into, Person: waits.Person,
			Organization: waits.Organization, Since: waits.Since, Until: waits.Until, Overdue: waits.Overdue,
			Can: list(s.abilities(r.lang, w.Can)),
		}
	})}, nil
}

// ListBreakGlass gives who broke the glass over which records.
func (s *Server) ListBreakGlass(ctx context.Context, in gen.ListBreakGlassRequestObject) (gen.ListBreakGlassResponseObject, error) {
	r := asked(ctx)
	page, err := s.Workflow.Glasses(r.ctx, r.who, workflow.GlassesIn{Record: in.Params.Id, InForce: in.Params.InForce,
		Cursor: s.cursors.Open(in.Params.Cursor), Limit: in.Params.Limit})
	if err != nil {
		return nil, err
	}
	n := names{page.People, page.Orgs}
	return gen.ListBreakGlass200JSONResponse{Next: s.cursors.Next(page.Next), Glasses: each(page.Glasses, func(g workflow.Glass) gen.BrokenGlass {
		return gen.BrokenGlass{
			Id: g.Record, Person: n.person(g.Person, g.Org), Organization: n.org(g.Org), Reason: g.Reason, From: moment(g.From),
			Until: moment(g.Until), InForce: g.InForce, Reads: int(g.Reads), LastRead: moment(g.LastRead),
		}
	})}, nil
}
