package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bioincident/internal/identity"
	"bioincident/internal/store"
	"bioincident/search"
)

// Export gives everything that a search finds, in its order, one line a record: first how it was made, last how many
// records there were. Everything comes from one snapshot of the database; whatever is left out is counted in the last
// line. An error of each ends it. Page, facets, histogram and groups of the question are passed over.
func (c *Catalog) Export(ctx context.Context, who identity.Principal, in SearchIn, each func(Line) error) error {
	in.Cursor, in.Limit, in.Facets, in.Histogram, in.Group = "", 0, nil, "", false
	query, err := c.query(in)
	if err != nil {
		return err
	}
	query.Limit = search.MaxLimit
	r := c.searcher(who, in.Public)
	err = c.agreeing(ctx, r, func(tx *store.Tx) (bool, error) {
		complete, err := c.complete(tx, r)
		if err != nil || !complete {
			return false, err
		}
		head, hits, agreed, err := c.survey(ctx, tx, r, in, query)
		if err != nil || !agreed {
			return false, err
		}
		return true, c.stream(tx, r, in, head, hits, each)
	})
	if err == nil {
		c.Store.Events().Record(store.Event{Kind: "exported", Person: who.Person, Org: who.Org, Subject: r.tier().String()})
	}
	return err
}

// complete tells whether the index holds everything published until now: an export that says it is whole must.
func (c *Catalog) complete(tx *store.Tx, r reader) (bool, error) {
	heads, err := feedHeads(tx, r)
	for tier, head := range heads {
		if c.Follower.Position(tier) < head.Seq {
			return false, err
		}
	}
	return true, err
}

// survey goes through the answer once, for its size and its licences, before a line is written.
func (c *Catalog) survey(
	ctx context.Context, tx *store.Tx, r reader, in SearchIn, query search.Query,
) (ExportHead, []search.Hit, bool, error) {
	head := ExportHead{Query: in, At: c.Store.Clock(), Schema: c.Schema.Version()}
	if c.Checks != nil {
		head.Criteria = c.Checks.Version()
	}
	licences := map[Licence]int64{}
	var hits []search.Hit
	for {
		result, err := c.Index.Search(ctx, r.Audience, query)
		if err != nil {
			return head, nil, false, err
		}
		views, agreed, err := hydrate(tx, r, result.Hits)
		if err != nil || !agreed {
			return head, nil, false, err
		}
		for _, v := range views {
			if err := c.count(v, licences); err != nil {
				return head, nil, false, err
			}
		}
		hits = append(hits, result.Hits...)
		head.Total = result.Total
		head.Position = FeedPosition{Tier: r.tier(), No: result.Position}
		if query.Cursor = result.Next; query.Cursor == "" {
			break
		}
	}
	for licence, records := range licences {
		licence.Records = records
		head.Licences = append(head.Licences, licence)
	}
	slices.SortFunc(head.Licences, func(a, b Licence) int {
		return strings.Compare(a.Collection+"\x00"+a.Licence, b.Collection+"\x00"+b.Licence)
	})
	// A page that was read from a later generation than the first may repeat or miss a record: then it is done again.
	return head, hits, int64(len(hits)) == head.Total && distinct(hits), nil
}

func distinct(hits []search.Hit) bool {
	seen := make(map[int64]bool, len(hits))
	for _, hit := range hits {
		if seen[hit.No] {
			return false
		}
		seen[hit.No] = true
	}
	return true
}

func (c *Catalog) count(v store.StoredView, licences map[Licence]int64) error {
	var s shown
	if err := json.Unmarshal(v.Bytes, &s); err != nil {
		return fmt.Errorf("a stored view cannot be read: %w", err)
	}
	if collection := s.Identity.Collection; collection != nil {
		licences[Licence{Collection: collection.Name, Licence: collection.Licence, Attribution: collection.Attribution}]++
		return nil
	}
	licences[Licence{}]++
	return nil
}

func (c *Catalog) stream(
	tx *store.Tx, r reader, in SearchIn, head ExportHead, hits []search.Hit, each func(Line) error,
) error {
	if err := each(Line{Head: &head}); err != nil {
		return err
	}
	const page = 200
	tail := ExportTail{Omitted: []Omitted{}}
	for part := range slices.Chunk(hits, page) {
		views, agreed, err := hydrate(tx, r, part)
		if err != nil || !agreed {
			return errors.Join(err, errWall)
		}
		notes, err := tx.NotesOf(recordsOf(views))
		if err != nil {
			return err
		}
		for _, v := range views {
			reading, err := c.reading(v, in.Lang)
			if err != nil {
				return err
			}
			reading.Notes = r.shown(notes[v.Record], v)
			if err := each(Line{Record: &reading}); err != nil {
				return err
			}
			tail.Records++
		}
	}
	return each(Line{Tail: &tail})
}
