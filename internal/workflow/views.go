package workflow

import (
	"encoding/json"

	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/schema"
)

// edition is what views are computed of.
type edition struct {
	record   incident.Record
	number   int
	current  bool
	doc      []byte // in today's shape
	handling incident.Handling
	slug     string // of the owner
	depth    string // vocabulary review_depth
	at       incident.Micros
}

// views computes what each tier sees of an edition. The named view is kept only where it differs from the members', or
// where there is no other.
func (w *Workflow) views(e edition) ([]store.StoredView, error) {
	var out []store.StoredView
	below := ""
	views, err := incident.Views(w.Schema, e.doc, e.handling, schema.Tiers()...)
	if err != nil {
		return nil, err
	}
	for _, tier := range schema.Tiers() {
		view, ok := views[tier]
		if !ok {
			continue
		}
		if tier == schema.Named && view.Hash == below {
			continue
		}
		stored, err := e.stored(tier, view)
		if err != nil {
			return nil, err
		}
		out = append(out, stored)
		below = view.Hash
	}
	return out, nil
}

func (e edition) stored(tier schema.Tier, view incident.ViewDoc) (store.StoredView, error) {
	title, err := json.Marshal(view.Derived.Title)
	if err != nil {
		return store.StoredView{}, err
	}
	terms := incident.Terms(view.Body, view.Derived)
	if e.depth != "" {
		terms["review_depth"] = []string{e.depth}
	}
	codes, err := json.Marshal(terms)
	if err != nil {
		return store.StoredView{}, err
	}
	stored := store.StoredView{Tier: tier, No: e.record.No, Record: e.record.ID, Edition: e.number, Current: e.current,
		Bytes: view.Bytes, Hash: view.Hash, Title: title, Unit: view.Body.Identity.Unit, DeathsLow: -1, Codes: codes,
		Earliest: int64(incident.NoDay), Latest: int64(incident.NoDay), Owner: e.record.Owner,
		ShownOwner: shownOwner(e.handling.Attribution, tier, e.slug), Recipients: e.handling.Recipients, Published: e.at}
	if date := view.Derived.ReferenceDate; date != "" {
		bounds := date.Bounds()
		stored.Earliest, stored.Latest = int64(bounds.Earliest), int64(bounds.Latest)
	}
	if deaths, ok := incident.Newest(view.Body.Impact.Counts, "deaths", "people"); ok && deaths.Low != nil {
		stored.DeathsLow = *deaths.Low
	}
	return stored, nil
}

// shownOwner gives the slug where the attribution lets it be shown at a tier.
func shownOwner(attribution string, tier schema.Tier, slug string) string {
	switch attribution {
	case "", incident.AttributionNamed:
		return slug
	case incident.AttributionMembers:
		if tier >= schema.Members {
			return slug
		}
	}
	return ""
}

// sealed computes the views of the editions below a number, each under the stricter of its handling then and now, and
// without what was redacted since.
func (w *Workflow) sealed(c *call, record incident.Record, below int, now incident.Handling, also []removal) ([]store.StoredView, error) {
	out := []store.StoredView{}
	versions, err := c.tx.Versions(record.ID)
	if err != nil {
		return nil, err
	}
	redactions, err := w.redactions(c.tx, versions)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		if v.Edition == 0 || v.Edition >= below {
			continue
		}
		if purged(v) || v.ID == c.purging {
			out = append(out, c.purgedViews(record, v, stricter(v.Handling, now))...)
			continue
		}
		content, err := c.tx.Content(v.ContentHash)
		if err != nil {
			return nil, err
		}
		doc, err := w.Schema.Upcast(content.Schema, content.Bytes)
		if err != nil {
			return nil, err
		}
		removals := also
		for edition, of := range redactions {
			if edition > v.Edition {
				removals = append(removals[:len(removals):len(removals)], of...)
			}
		}
		if len(removals) > 0 {
			if doc, err = without(w.Schema, doc, removals); err != nil {
				return nil, err
			}
		}
		views, err := w.views(edition{record: record, number: v.Edition, doc: doc, handling: stricter(v.Handling, now),
			slug: c.orgs[record.Owner].Slug, depth: v.Depth, at: v.Updated})
		if err != nil {
			return nil, err
		}
		out = append(out, views...)
	}
	return out, nil
}

// redactions gives what each redaction of a record took out, by its edition, told from the difference to its base.
func (w *Workflow) redactions(tx *store.Tx, versions []incident.Version) (map[int][]removal, error) {
	contents := map[int]string{}
	for _, v := range versions {
		if v.Edition > 0 && !purged(v) {
			contents[v.Edition] = v.ContentHash
		}
	}
	out := map[int][]removal{}
	for _, v := range versions {
		if v.Edition == 0 || v.Class != incident.Redaction {
			continue
		}
		if purged(v) || contents[v.Base] == "" {
			out[v.Edition] = flaggedRemovals(v)
			continue
		}
		before, err := tx.Content(contents[v.Base])
		if err != nil {
			return nil, err
		}
		after, err := tx.Content(v.ContentHash)
		if err != nil {
			return nil, err
		}
		removals, err := w.removed(before, after)
		if err != nil {
			return nil, err
		}
		out[v.Edition] = append(removals, flaggedRemovals(v)...)
	}
	return out, nil
}

// removed tells what of one content is not in another.
func (w *Workflow) removed(before, after incident.Content) ([]removal, error) {
	a, err := w.Schema.Upcast(before.Schema, before.Bytes)
	if err != nil {
		return nil, err
	}
	b, err := w.Schema.Upcast(after.Schema, after.Bytes)
	if err != nil {
		return nil, err
	}
	_, changes, err := incident.Class(a, b)
	if err != nil {
		return nil, err
	}
	var out []removal
	for _, change := range changes {
		if change.Kind == incident.Removed {
			out = append(out, removal{change.Pointer, change.Before})
		}
	}
	return out, nil
}
