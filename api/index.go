package api

import (
	"context"

	"bioincident/api/gen"
	"bioincident/internal/fault"
	"bioincident/schema"
)

// GetIndex tells how the search index is.
func (s *Server) GetIndex(ctx context.Context, _ gen.GetIndexRequestObject) (gen.GetIndexResponseObject, error) {
	r := asked(ctx)
	if err := s.Workflow.MayReadIndex(r.ctx, r.who); err != nil {
		return nil, err
	}
	if s.Index.Status == nil {
		return nil, closed()
	}
	tiers, err := s.Index.Status(r.ctx)
	if err != nil {
		return nil, err
	}
	return gen.GetIndex200JSONResponse{Body: gen.IndexStatus{Tiers: each(tiers, func(t IndexTier) gen.IndexTier {
		return gen.IndexTier{
			Tier: gen.Tier(t.Tier.String()), Position: t.Position, Head: t.Head, BehindSeconds: t.Behind.Seconds(),
			Records: t.Records, Left: s.leftOut(r.lang, t.Left),
		}
	})}}, nil
}

// closed refuses what a process cannot do that has no index of its own.
func closed() error { return fault.New(fault.Unavailable, "index.closed") }

func (s *Server) leftOut(lang string, left []LeftOut) []gen.LeftOut {
	return each(left, func(l LeftOut) gen.LeftOut {
		return gen.LeftOut{Tier: gen.Tier(l.Tier.String()), Id: l.ID, Detail: s.say(lang, l.Why, nil)}
	})
}

// tell gives progress tier by tier.
func tell(out *lines) Tell {
	return func(tier schema.Tier, done, total int64) { out.progress("index "+tier.String())(done, total) }
}

// RebuildIndex builds the search index anew.
func (s *Server) RebuildIndex(ctx context.Context, _ gen.RebuildIndexRequestObject) (gen.RebuildIndexResponseObject, error) {
	r := asked(ctx)
	if err := s.Workflow.MayRebuild(r.ctx, r.who); err != nil {
		return nil, err
	}
	if s.Index.Rebuild == nil {
		return nil, closed()
	}
	return s.stream(r, func(ctx context.Context, out *lines) error {
		left, err := s.Index.Rebuild(ctx, tell(out))
		if err != nil {
			return err
		}
		return out.write(resultLine{Result: gen.RebuildResult{Left: s.leftOut(r.lang, left)}})
	}), nil
}

// CheckIndex compares the search index with the stored views.
func (s *Server) CheckIndex(ctx context.Context, _ gen.CheckIndexRequestObject) (gen.CheckIndexResponseObject, error) {
	r := asked(ctx)
	if err := s.Workflow.MayReadIndex(r.ctx, r.who); err != nil {
		return nil, err
	}
	if s.Index.Check == nil {
		return nil, closed()
	}
	return s.stream(r, func(ctx context.Context, out *lines) error {
		found, err := s.Index.Check(ctx, tell(out))
		if err != nil {
			return err
		}
		return out.write(resultLine{Result: gen.IndexFindings{Total: found.Total, Findings: each(found.First, func(f IndexFinding) gen.IndexFinding {
			return gen.IndexFinding{Tier: gen.Tier(f.Tier.String()), Id: f.ID, Part: f.Part, What: gen.IndexFindingWhat(f.What)}
		})}})
	}), nil
}
