package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/search"
)

// triesToAgree is how often a search is run before it says that index and database do not agree.
const triesToAgree = 3

// mostHighlights is how many pieces of text a hit shows.
const mostHighlights = 3

// Search finds records by words, concepts and fields. The total is exact: it is what the reader may open, no more.
func (c *Catalog) Search(ctx context.Context, who identity.Principal, in SearchIn) (SearchOut, error) {
	limit, err := pageLimit(in.Limit, 20)
	if err != nil {
		return SearchOut{}, err
	}
	if err := c.checkUnit(in.Unit); err != nil {
		return SearchOut{}, err
	}
	r := c.reader(who)
	var out SearchOut
	err = c.agreeing(ctx, r, func(tx *store.Tx) (bool, error) {
		result, err := c.Index.Search(ctx, r.Audience, search.Query{Text: in.Q, Filters: filters(in), Limit: limit, Cursor: in.Cursor})
		if err != nil {
			return false, err
		}
		views, err := tx.Views(r.tier(), numbers(result.Hits))
		if err != nil || len(views) != len(result.Hits) {
			return false, err
		}
		out, err = c.answer(r, in, result, views)
		return true, err
	})
	return out, err
}

func (c *Catalog) checkUnit(unit string) error {
	list, ok := c.Schema.Vocabulary("unit")
	if unit != "" && (!ok || !list.Has(unit)) {
		return fault.New(fault.Invalid, "search.unit", "unit", unit).At("/unit", "search.unit", "unit", unit)
	}
	return nil
}

func filters(in SearchIn) []search.Filter {
	if in.Unit == "" {
		return nil
	}
	return []search.Filter{{Facet: "unit", Codes: []string{in.Unit}}}
}

func numbers(hits []search.Hit) []int64 {
	nos := make([]int64, len(hits))
	for i, hit := range hits {
		nos[i] = hit.No
	}
	return nos
}

// agreeing runs a search until every hit of the index is one that the database gives to this reader. What the index
// knows and the database no longer allows would make the total wrong, so it waits for the follower in between, and
// answers Unavailable when that does not help.
func (c *Catalog) agreeing(ctx context.Context, r reader, fn func(*store.Tx) (bool, error)) error {
	for range triesToAgree {
		agreed := false
		var head ledger.Head
		err := c.Store.Read(ctx, func(tx *store.Tx) (err error) {
			if agreed, err = fn(tx); err != nil || agreed {
				return err
			}
			head, err = tx.FeedHead(r.tier())
			return err
		})
		if err != nil || agreed {
			return err
		}
		if err := c.Follower.CaughtUp(ctx, r.tier(), head.Seq); err != nil {
			return fault.New(fault.Unavailable, "search.behind").Because(err)
		}
	}
	return fault.New(fault.Unavailable, "search.behind")
}

func (c *Catalog) answer(r reader, in SearchIn, result search.Result, views []store.StoredView) (SearchOut, error) {
	out := SearchOut{Total: result.Total, Hits: []Hit{}, Next: result.Next,
		Position: FeedPosition{Tier: r.tier(), No: result.Position}, Understood: c.understood(result.Concepts, in.Lang)}
	for _, v := range views {
		if !r.sees(v) {
			return SearchOut{}, errWall
		}
		reading, err := c.reading(v, in.Lang)
		if err != nil {
			return SearchOut{}, err
		}
		highlights, err := c.highlights(v, reading, result.Words, in.Lang)
		if err != nil {
			return SearchOut{}, err
		}
		out.Hits = append(out.Hits, Hit{Reading: reading, Highlights: highlights})
	}
	return out, nil
}

// highlights are made from the view that the reader gets, never from the index.
func (c *Catalog) highlights(v store.StoredView, reading Reading, words search.Words, lang string) ([]Highlight, error) {
	var body incident.Body
	if err := json.Unmarshal(v.Bytes, &body); err != nil {
		return nil, fmt.Errorf("a stored view cannot be read: %w", err)
	}
	texts := append([]search.Text{{Field: search.FieldTitle, Language: lang, Text: reading.Title}}, search.Texts(body)...)
	out := []Highlight{}
	for _, fragment := range search.Highlight(texts, words, mostHighlights) {
		h := Highlight{Field: fragment.Field, Lang: fragment.Language, Marks: [][2]int{}}
		var text strings.Builder
		for _, piece := range fragment.Pieces {
			from := text.Len()
			text.WriteString(piece.Text)
			if piece.Mark {
				h.Marks = append(h.Marks, [2]int{from, text.Len()})
			}
		}
		h.Text = text.String()
		out = append(out, h)
	}
	return out, nil
}

// understood groups the concepts of a query by the words typed.
func (c *Catalog) understood(concepts []search.Concept, lang string) []Understood {
	out := []Understood{}
	for _, concept := range concepts {
		label := concept.Code
		if list, ok := c.Schema.Vocabulary(concept.List); ok {
			label = list.Label(concept.Code, lang)
		}
		i := slices.IndexFunc(out, func(u Understood) bool { return u.Words == concept.Text && u.List == concept.List })
		if i < 0 {
			out = append(out, Understood{Words: concept.Text, List: concept.List, Codes: []string{concept.Code}, Label: label})
			continue
		}
		if !slices.Contains(out[i].Codes, concept.Code) {
			out[i].Codes = append(out[i].Codes, concept.Code)
			out[i].Label += ", " + label
		}
	}
	return out
}

// Export gives everything that a search finds, in the order of record numbers found, one line a record: first how it was
// made, last how many records there were. Everything comes from one snapshot of the database; whatever is left out is
// counted in the last line. An error of each ends it.
func (c *Catalog) Export(ctx context.Context, who identity.Principal, in SearchIn, each func(Line) error) error {
	if err := c.checkUnit(in.Unit); err != nil {
		return err
	}
	r := c.reader(who)
	in.Cursor, in.Limit = "", 0
	err := c.agreeing(ctx, r, func(tx *store.Tx) (bool, error) {
		head, nos, agreed, err := c.survey(ctx, tx, r, in)
		if err != nil || !agreed {
			return false, err
		}
		feed, err := tx.FeedHead(r.tier())
		if err != nil || head.Position.No < feed.Seq {
			return false, err // an export that says it is complete holds everything published until now
		}
		return true, c.stream(tx, r, in, head, nos, each)
	})
	if err == nil {
		c.Store.Events().Record(store.Event{Kind: "exported", Person: who.Person, Org: who.Org, Subject: r.tier().String()})
	}
	return err
}

// survey goes through the answer once, for its size and its licences, before a line is written.
func (c *Catalog) survey(ctx context.Context, tx *store.Tx, r reader, in SearchIn) (ExportHead, []int64, bool, error) {
	head := ExportHead{Query: in, At: c.Store.Clock(), Schema: c.Schema.Version()}
	if c.Checks != nil {
		head.Criteria = c.Checks.Version()
	}
	licences := map[Licence]int64{}
	var nos []int64
	query := search.Query{Text: in.Q, Filters: filters(in), Limit: search.MaxLimit}
	for {
		result, err := c.Index.Search(ctx, r.Audience, query)
		if err != nil {
			return head, nil, false, err
		}
		page := numbers(result.Hits)
		views, err := tx.Views(r.tier(), page)
		if err != nil || len(views) != len(page) {
			return head, nil, false, err
		}
		for _, v := range views {
			if err := c.count(v, licences); err != nil {
				return head, nil, false, err
			}
		}
		nos = append(nos, page...)
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
	return head, nos, int64(len(nos)) == head.Total && distinct(nos), nil
}

func distinct(nos []int64) bool {
	seen := make(map[int64]bool, len(nos))
	for _, no := range nos {
		if seen[no] {
			return false
		}
		seen[no] = true
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

func (c *Catalog) stream(tx *store.Tx, r reader, in SearchIn, head ExportHead, nos []int64, each func(Line) error) error {
	if err := each(Line{Head: &head}); err != nil {
		return err
	}
	const page = 200
	tail := ExportTail{Omitted: []Omitted{}}
	for part := range slices.Chunk(nos, page) {
		views, err := tx.Views(r.tier(), part)
		if err != nil {
			return err
		}
		for _, v := range views {
			if !r.sees(v) {
				return errWall
			}
			reading, err := c.reading(v, in.Lang)
			if err != nil {
				return err
			}
			if err := each(Line{Record: &reading}); err != nil {
				return err
			}
			tail.Records++
		}
	}
	return each(Line{Tail: &tail})
}
