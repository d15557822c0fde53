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

// indexes are the word indexes of a system, as its API tells of them.
type indexes struct {
	store    *store.Store
	follower *follow.Follower
}

// Index gives what the API tells of, and does with, the search index that a follower keeps over a store.
func Index(s *store.Store, f *follow.Follower) api.Index {
	i := indexes{store: s, follower: f}
	return api.Index{Status: i.status, Rebuild: i.rebuild, Check: i.check}
}

// status tells how far the index of each tier is, by the feeds themselves: a follower that stands still does not
// know that it does.
func (i indexes) status(ctx context.Context) ([]api.IndexTier, error) {
	var tiers []api.IndexTier
	for _, tier := range schema.Tiers() {
		at := api.IndexTier{Tier: tier, Position: i.follower.Position(tier), Records: i.follower.Records(tier)}
		err := i.store.Read(ctx, func(tx *store.Tx) error {
			head, err := tx.FeedHead(tier)
			if err != nil {
				return err
			}
			at.Head = head.Seq
			waiting, err := tx.FeedAfter(tier, at.Position, 1)
			if err == nil && len(waiting) > 0 {
				at.Behind = time.Duration(int64(i.store.Clock())-waiting[0].At) * time.Microsecond
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, l := range leftOut(i.follower.Left()) {
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
func (i indexes) rebuild(ctx context.Context, tell api.Tell) ([]api.LeftOut, error) {
	if err := i.follower.Rebuild(ctx, follow.Progress(tell)); err != nil {
		return nil, err
	}
	return leftOut(i.follower.Left()), nil
}

// mostFindings is how many findings are told one by one.
const mostFindings = 1000

// check compares the index with the stored views, and names the records by their ids.
func (i indexes) check(ctx context.Context, tell api.Tell) (api.IndexFindings, error) {
	findings, err := i.follower.Check(ctx, follow.Progress(tell))
	if err != nil {
		return api.IndexFindings{}, err
	}
	out := api.IndexFindings{Total: int64(len(findings))}
	err = i.store.Read(ctx, func(tx *store.Tx) error {
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
