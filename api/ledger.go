package api

import (
	"context"
	"strconv"

	"bioincident/api/gen"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/workflow"
)

// ReadLedger reads the log of decisions, newest first.
func (s *Server) ReadLedger(ctx context.Context, in gen.ReadLedgerRequestObject) (gen.ReadLedgerResponseObject, error) {
	r := asked(ctx)
	before, err := before(s.cursors.Open(in.Params.Cursor))
	if err != nil {
		return nil, err
	}
	page, err := s.Workflow.Ledger(r.ctx, r.who, workflow.LedgerIn{Subject: in.Params.Subject, Before: before, Limit: in.Params.Limit})
	if err != nil {
		return nil, err
	}
	n := names{page.People, page.Orgs}
	out := gen.ReadLedger200JSONResponse{Entries: each(page.Entries, func(l workflow.LedgerLine) gen.LedgerEntry {
		e := l.Entry
		return gen.LedgerEntry{
			Seq: e.Seq, At: moment(incident.Micros(e.At)), Person: n.person(e.Person, e.Org), Organization: n.org(e.Org), Via: e.Via,
			Action: e.Action, Subject: e.Subject, ContentHash: e.ContentHash, DetailsHash: e.DetailsHash, Details: l.Details,
			Prev: e.Prev, Hash: e.Hash,
		}
	})}
	if page.Next != 0 {
		out.Next = s.cursors.Next(strconv.FormatInt(page.Next, 10))
	}
	return out, nil
}

// before reads a cursor of the ledger: a sequence number, which everybody who reads the ledger sees anyhow.
func before(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	seq, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || seq < 1 {
		return 0, malformed("/query/cursor", "request.cursor")
	}
	return seq, nil
}

// ExportLedger streams the whole log.
func (s *Server) ExportLedger(ctx context.Context, _ gen.ExportLedgerRequestObject) (gen.ExportLedgerResponseObject, error) {
	r := asked(ctx)
	return s.stream(r, func(ctx context.Context, out *lines) error {
		return s.Workflow.ExportLedger(ctx, r.who, out)
	}), nil
}

// VerifyLedger proves that nothing was changed unseen.
func (s *Server) VerifyLedger(ctx context.Context, _ gen.VerifyLedgerRequestObject) (gen.VerifyLedgerResponseObject, error) {
	r := asked(ctx)
	head, findings, err := s.Workflow.VerifyLedger(r.ctx, r.who)
	if err != nil {
		return nil, err
	}
	return gen.VerifyLedger200JSONResponse{
		Ok: len(findings) == 0, Head: gen.LedgerHead{Seq: head.Seq, Hash: head.Hash},
		Findings: each(findings, func(f ledger.Finding) gen.LedgerFinding {
			return gen.LedgerFinding{Kind: f.Kind, Where: f.Where, Code: f.Code, Detail: s.say(r.lang, f.Code, f.Params)}
		}),
	}, nil
}
