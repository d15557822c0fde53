package workflow

import (
	"context"

	"bioincident/internal/identity"
	"bioincident/internal/store"
	"bioincident/policies"
)

// Glasses lists who broke the glass over which records, until when and why, newest first: of all records to auditors and
// the operator, of those of their organization to its focal points.
func (w *Workflow) Glasses(ctx context.Context, who identity.Principal, in GlassesIn) (GlassList, error) {
	var out GlassList
	err := w.read(ctx, who, func(c *call) error {
		out = GlassList{Glasses: []Glass{}, People: map[string]identity.Person{}, Orgs: map[string]identity.Org{}}
		filter, err := c.glassFilter(in)
		if err != nil {
			return err
		}
		broken, err := c.tx.Glasses(filter)
		if err != nil {
			return err
		}
		if limit := filter.Limit - 1; len(broken) > limit {
			broken = broken[:limit]
			out.Next = writeCursor(store.GlassKey{From: broken[limit-1].From, ID: broken[limit-1].ID})
		}
		for _, glass := range broken {
			out.Glasses = append(out.Glasses, Glass{BrokenGlass: glass, InForce: c.now < glass.Until})
			out.People[glass.Person], out.Orgs[glass.Org] = c.people[glass.Person], c.orgs[glass.Org]
		}
		return nil
	})
	return out, err
}

// glassFilter asks for one more than a page: it tells whether another page follows.
func (c *call) glassFilter(in GlassesIn) (store.GlassFilter, error) {
	f := store.GlassFilter{Record: in.Record}
	if err := c.signedIn(); err != nil {
		return f, err
	}
	if !c.rules.Decide(c.who, "ledger.read", policies.Facts{}).Allowed {
		if err := c.rules.Decide(c.who, "ledger.read", c.ownFacts()).Fault("incident"); err != nil {
			return f, err
		}
		f.Owner = c.who.Org
	}
	if in.InForce {
		f.InForce = c.now
	}
	limit, err := pageLimit(in.Limit)
	if err != nil {
		return f, err
	}
	f.Limit = limit + 1
	if in.Cursor != "" {
		f.After = &store.GlassKey{}
		err = readCursor(in.Cursor, f.After)
	}
	return f, err
}
