package app

import (
	"context"
	"fmt"
	"time"

	"bioincident/api"
	"bioincident/internal/fault"
	"bioincident/internal/follow"
	"bioincident/internal/store"
	"bioincident/schema"
)

// indexStatus tells how far the index of each tier is, by the feeds themselves: a follower that stands still does not
// know that it does.
func (s *System) indexStatus(ctx context.Context) ([]api.IndexTier, error) {
	var tiers []api.IndexTier
	for _, tier := range schema.Tiers() {
		at := api.IndexTier{Tier: tier, Position: s.Follower.Position(tier), Records: s.Follower.Records(tier)}
		err := s.Store.Read(ctx, func(tx *store.Tx) error {
			head, err := tx.FeedHead(tier)
			if err != nil {
				return err
			}
			at.Head = head.Seq
			waiting, err := tx.FeedAfter(tier, at.Position, 1)
			if err == nil && len(waiting) > 0 {
				at.Behind = time.Duration(int64(s.Store.Clock())-waiting[0].At) * time.Microsecond
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, l := range leftOut(s.Follower.Left()) {
			if l.Tier == tier {
				at.Left = append(at.Left, l)
			}
		}
		tiers = append(tiers, at)
	}
	return tiers, nil
}

func leftOut(left []follow.Left) []api.LeftOut {
	var out []api.LeftOut
	for _, l := range left {
		out = append(out, api.LeftOut{Tier: l.Tier, ID: fmt.Sprintf("%s@%d", l.Record, l.Edition), Why: l.Why})
	}
	return out
}

// rebuild builds the word indexes anew and lists what could not be indexed.
func (s *System) rebuild(ctx context.Context, tell api.Tell) ([]api.LeftOut, error) {
	if err := s.Follower.Rebuild(ctx, follow.Progress(tell)); err != nil {
		return nil, err
	}
	return leftOut(s.Follower.Left()), nil
}

// mostFindings is how many findings are told one by one.
const mostFindings = 1000

// checkIndex compares the index with the stored views, and names the records by their ids.
func (s *System) checkIndex(ctx context.Context, tell api.Tell) (api.IndexFindings, error) {
	findings, err := s.Follower.Check(ctx, follow.Progress(tell))
	if err != nil {
		return api.IndexFindings{}, err
	}
	out := api.IndexFindings{Total: int64(len(findings))}
	err = s.Store.Read(ctx, func(tx *store.Tx) error {
		for _, f := range findings[:min(len(findings), mostFindings)] {
			record, err := tx.RecordByNo(f.No)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
			out.First = append(out.First, api.IndexFinding{Tier: f.Tier, ID: record.ID, Part: f.Part, What: f.What})
		}
		return nil
	})
	return out, err
}
