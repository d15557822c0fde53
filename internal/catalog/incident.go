package catalog

import (
	"context"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/schema"
)

// Incident gives a record, BID-7K3M-9Q2X, or one of its editions, BID-7K3M-9Q2X@3, from the highest view that the reader
// may see. A bare id is the latest edition. What the reader could see before and is gone is a tombstone.
func (c *Catalog) Incident(ctx context.Context, who identity.Principal, ref, lang string) (Reading, error) {
	id, edition, err := incident.ParseRef(ref)
	if err != nil {
		return Reading{}, notFound()
	}
	r := c.reader(who)
	var found store.StoredView
	var notes []store.Note
	err = c.Store.Read(ctx, func(tx *store.Tx) error {
		var ok bool
		found, ok, err = lookUp(tx, r, id, edition)
		if err == nil && !ok {
			err = notFound()
		}
		if err == nil {
			notes, err = tx.Notes(id)
		}
		return err
	})
	if err != nil {
		return Reading{}, err
	}
	if found.Tier == schema.Named && found.Tombstone == "" {
		c.Store.Events().Record(store.Event{Kind: "read_named", Person: who.Person, Org: who.Org, Subject: id})
	}
	if r.Breaks(id, r.now) && found.Tombstone == "" {
		c.Store.Events().Record(store.Event{Kind: store.EventReadGlass, Person: who.Person, Org: who.Org, Subject: id})
	}
	reading, err := c.reading(found, lang)
	if err == nil && reading.Tombstone == nil {
		reading.Notes = r.shown(notes, found)
		reading.ETag = etag(reading, lang)
	}
	return reading, err
}

// shown gives the notes of the tiers at which a reader reads a record.
func (r reader) shown(notes []store.Note, v store.StoredView) []Note {
	tier, ok := r.Tier(v.Tier, v.Owner, v.Recipients)
	if !ok || r.Breaks(v.Record, r.now) {
		tier = v.Tier
	}
	var out []Note
	for _, n := range notes {
		if n.Tier <= tier {
			out = append(out, Note{ID: n.ID, Code: n.Code, Words: n.Words, Since: n.Since})
		}
	}
	return out
}

// recordsOf gives the records of views.
func recordsOf(views []store.StoredView) []string {
	records := make([]string, len(views))
	for i, v := range views {
		records[i] = v.Record
	}
	return records
}

// lookUp asks the tables from the highest that the reader is admitted to. How many it asks depends on the reader alone,
// and on what they may see.
func lookUp(tx *store.Tx, r reader, id string, edition int) (store.StoredView, bool, error) {
	var gone store.StoredView
	for _, tier := range r.tiers() {
		current, ok, err := tx.View(tier, id, 0)
		if err != nil {
			return store.StoredView{}, false, err
		}
		switch {
		case !ok || !r.sees(current):
			continue
		case current.Tombstone != "":
			if gone.Record == "" && (edition == 0 || edition <= current.Edition) {
				gone = current
			}
			continue
		case edition == 0 || edition == current.Edition:
			return current, true, nil
		}
		if old, ok, err := tx.View(tier, id, edition); err != nil || ok && r.sees(old) {
			return old, err == nil, err
		}
	}
	return gone, gone.Record != "", nil
}

// Editions lists the editions of a record that the reader may see, oldest first.
func (c *Catalog) Editions(ctx context.Context, who identity.Principal, id string) ([]Edition, error) {
	if incident.CheckID(id) != nil {
		return nil, notFound()
	}
	r := c.reader(who)
	var out []Edition
	err := c.Store.Read(ctx, func(tx *store.Tx) error {
		best := map[int]store.StoredView{}
		for _, tier := range r.tiers() {
			views, err := tx.Editions(tier, id)
			if err != nil {
				return err
			}
			for _, v := range views {
				seen, known := best[v.Edition]
				if r.sees(v) && (!known || seen.Tombstone != "" && v.Tombstone == "") {
					best[v.Edition] = v
				}
			}
		}
		out = listed(best)
		if len(out) == 0 {
			return notFound()
		}
		return nil
	})
	return out, err
}

func listed(views map[int]store.StoredView) []Edition {
	out := make([]Edition, 0, len(views))
	for _, v := range views {
		out = append(out, Edition{Edition: v.Edition, Current: v.Current, Published: v.Published, Hash: v.Hash,
			Tombstone: tombstoneOf(v)})
	}
	slices.SortFunc(out, func(a, b Edition) int { return a.Edition - b.Edition })
	return out
}

// List gives current records that the reader may see, newest publication first, a page at a time.
func (c *Catalog) List(ctx context.Context, who identity.Principal, in ListIn) (ListOut, error) {
	limit, err := pageLimit(in.Limit, 50)
	if err != nil {
		return ListOut{}, err
	}
	var after *store.ViewKey
	if in.Cursor != "" {
		after = &store.ViewKey{}
		if err := readCursor(in.Cursor, after); err != nil {
			return ListOut{}, err
		}
	}
	r := c.reader(who)
	var views []store.StoredView
	var notes map[string][]store.Note
	var head ledger.Head
	err = c.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if head, err = tx.FeedHead(r.tier()); err != nil {
			return err
		}
		if views, err = newest(tx, r, after, limit+1); err != nil {
			return err
		}
		notes, err = tx.NotesOf(recordsOf(views))
		return err
	})
	if err != nil {
		return ListOut{}, err
	}
	out := ListOut{Records: []Reading{}, Position: FeedPosition{Tier: r.tier(), No: head.Seq}}
	if len(views) > limit {
		views = views[:limit]
		last := views[limit-1]
		out.Next = writeCursor(store.ViewKey{Published: last.Published, No: last.No})
	}
	for _, v := range views {
		reading, err := c.reading(v, in.Lang)
		if err != nil {
			return ListOut{}, err
		}
		reading.Notes = r.shown(notes[v.Record], v)
		out.Records = append(out.Records, reading)
	}
	return out, nil
}

// newest merges the list of the reader's tier with that of the named views they may see; of two views of one record the
// named one is taken.
func newest(tx *store.Tx, r reader, after *store.ViewKey, limit int) ([]store.StoredView, error) {
	views, err := tx.ListViews(r.tier(), store.ViewFilter{After: after, Limit: limit, Newest: true})
	if err != nil || len(r.Orgs) == 0 {
		return views, err
	}
	named, err := tx.ListViews(schema.Named, store.ViewFilter{After: after, Limit: limit, Newest: true, Orgs: r.Orgs})
	if err != nil {
		return nil, err
	}
	all := append(named, views...)
	slices.SortStableFunc(all, func(a, b store.StoredView) int {
		switch {
		case a.Published != b.Published:
			return int(min(max(b.Published-a.Published, -1), 1))
		case a.No != b.No:
			return int(min(max(b.No-a.No, -1), 1))
		}
		return int(b.Tier) - int(a.Tier)
	})
	all = slices.CompactFunc(all, func(a, b store.StoredView) bool { return a.No == b.No })
	all = slices.DeleteFunc(all, func(v store.StoredView) bool { return !r.sees(v) })
	return all[:min(limit, len(all))], nil
}

// feedKey is a place in a feed.
type feedKey struct {
	Tier string `json:"t"`
	No   int64  `json:"n"`
}

// Feed gives what happened in the eyes of the public or of members, oldest first. The cursor of a page can be kept and
// asked again later; a cursor of another feed is refused.
func (c *Catalog) Feed(ctx context.Context, who identity.Principal, tier schema.Tier, cursor string, limit int) (FeedOut, error) {
	limit, err := pageLimit(limit, 100)
	if err != nil {
		return FeedOut{}, err
	}
	if tier > schema.Members {
		return FeedOut{}, fault.New(fault.Invalid, "feed.tier")
	}
	if tier == schema.Members && !c.reader(who).Members {
		if who.Anonymous() {
			return FeedOut{}, fault.New(fault.Unauthenticated, "auth.required")
		}
		return FeedOut{}, fault.New(fault.Forbidden, "feed.members_only")
	}
	key := feedKey{Tier: tier.String()}
	if cursor != "" {
		if err := readCursor(cursor, &key); err != nil {
			return FeedOut{}, err
		}
		if key.Tier != tier.String() || key.No < 0 {
			return FeedOut{}, fault.New(fault.Invalid, "cursor.invalid")
		}
	}
	var entries []ledger.FeedEntry
	err = c.Store.Read(ctx, func(tx *store.Tx) (err error) {
		entries, err = tx.FeedAfter(tier, key.No, limit+1)
		return err
	})
	if err != nil {
		return FeedOut{}, err
	}
	out := FeedOut{Tier: tier, Items: []FeedItem{}, More: len(entries) > limit}
	for _, e := range entries[:min(limit, len(entries))] {
		out.Items = append(out.Items, FeedItem{No: e.No, At: incident.Micros(e.At), ID: e.Record, Edition: e.Edition,
			Kind: string(e.Kind), ViewHash: e.ViewHash, Prev: e.Prev, Hash: e.Hash})
		key.No = e.No
	}
	out.Next = writeCursor(key)
	return out, nil
}
