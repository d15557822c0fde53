package catalog

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/schema"
	"bioincident/search"
)

// triesToAgree is how often a search is run before it says that index and database do not agree.
const triesToAgree = 3

// mostHighlights is how many pieces of text a hit shows.
const mostHighlights = 3

// mostBehind is how long what was narrowed may wait for the index before searches are refused.
const mostBehind = 2 * time.Second

// Search finds records by words, concepts, fields, dates and counts. Total, facets and histogram are exact: they are of
// what the reader may open, no more. What is wrong with the question is said at the part it is wrong with: /began,
// /cause. Errors besides: Unavailable search.behind.
func (c *Catalog) Search(ctx context.Context, who identity.Principal, in SearchIn) (SearchOut, error) {
	limit, err := pageLimit(in.Limit, 20)
	if err != nil {
		return SearchOut{}, err
	}
	query, err := c.query(in)
	if err != nil {
		return SearchOut{}, err
	}
	query.Limit, query.Cursor = limit, in.Cursor
	r := c.searcher(who, in.Public)
	var out SearchOut
	err = c.agreeing(ctx, r, func(tx *store.Tx) (bool, error) {
		result, err := c.Index.Search(ctx, r.Audience, query)
		if err != nil {
			return false, err
		}
		views, agreed, err := hydrate(tx, r, result.Hits)
		if err != nil || !agreed {
			return false, err
		}
		notes, err := tx.NotesOf(recordsOf(views))
		if err != nil {
			return false, err
		}
		out, err = c.answer(r, in, query, result, views, notes)
		return true, err
	})
	return out, err
}

// searcher is the reader of a search: whoever asks, or the public, where that is what they ask for.
func (c *Catalog) searcher(who identity.Principal, public bool) reader {
	if public {
		who = identity.Principal{}
	}
	return c.reader(who)
}

// walls are those behind which a reader searches.
func (r reader) walls() []schema.Tier {
	if len(r.Orgs) > 0 {
		return []schema.Tier{r.tier(), schema.Named}
	}
	return []schema.Tier{r.tier()}
}

// hydrate gives the view of each hit, in their order. It is the second authorisation: agreed is false when the database
// does not give this reader one of them.
func hydrate(tx *store.Tx, r reader, hits []search.Hit) (views []store.StoredView, agreed bool, err error) {
	found := map[int64]store.StoredView{}
	for _, tier := range r.walls() {
		var nos []int64
		for _, hit := range hits {
			if hit.Tier == tier {
				nos = append(nos, hit.No)
			}
		}
		rows, err := tx.Views(tier, nos)
		if err != nil {
			return nil, false, err
		}
		for _, v := range rows {
			if r.sees(v) {
				found[v.No] = v
			}
		}
	}
	for _, hit := range hits {
		v, ok := found[hit.No]
		if !ok {
			return nil, false, nil
		}
		views = append(views, v)
	}
	return views, true, nil
}

// agreeing runs a search until every hit of the index is one that the database gives to this reader. What the index
// knows and the database no longer allows would make the total wrong, so it waits for the follower in between, and
// answers Unavailable when that does not help.
func (c *Catalog) agreeing(ctx context.Context, r reader, fn func(*store.Tx) (bool, error)) error {
	for range triesToAgree {
		agreed := false
		heads := map[schema.Tier]ledger.Head{}
		err := c.Store.Read(ctx, func(tx *store.Tx) (err error) {
			if err := c.notBehind(tx, r, r.walls()...); err != nil {
				return err
			}
			if agreed, err = fn(tx); err != nil || agreed {
				return err
			}
			heads, err = feedHeads(tx, r)
			return err
		})
		if err != nil || agreed {
			return err
		}
		for tier, head := range heads {
			if err := c.Follower.CaughtUp(ctx, tier, head.Seq); err != nil {
				return fault.New(fault.Unavailable, "search.behind").Because(err)
			}
		}
	}
	return fault.New(fault.Unavailable, "search.behind")
}

// Suggest gives names, words and ids that begin with a text and that something has which the reader may find in the
// index of the public or of members; what is for the named alone suggests nothing.
func (c *Catalog) Suggest(ctx context.Context, who identity.Principal, in SuggestIn) ([]Suggestion, error) {
	r := c.searcher(who, in.Public)
	err := c.Store.Read(ctx, func(tx *store.Tx) error { return c.notBehind(tx, r, r.tier()) })
	if err != nil {
		return nil, err
	}
	found, err := c.Index.Suggest(ctx, r.Audience, search.SuggestIn{Text: in.Text, Lang: in.Lang, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := make([]Suggestion, len(found))
	for i, s := range found {
		out[i] = Suggestion{Kind: s.Kind, List: s.List, Code: s.Code, Facet: facetOf(s.List), Text: s.Text, Records: s.Records}
	}
	return out, nil
}

// feedHeads gives the last entries of the feeds of the walls that a reader uses.
func feedHeads(tx *store.Tx, r reader) (map[schema.Tier]ledger.Head, error) {
	heads := map[schema.Tier]ledger.Head{}
	for _, tier := range r.walls() {
		head, err := tx.FeedHead(tier)
		if err != nil {
			return nil, err
		}
		heads[tier] = head
	}
	return heads, nil
}

// notBehind refuses to search when something that was narrowed too long ago can still be found behind one of the walls.
// It asks the feed itself: a follower that stands still does not know that it does.
func (c *Catalog) notBehind(tx *store.Tx, r reader, walls ...schema.Tier) error {
	for _, tier := range walls {
		if c.Follower.Position(tier) < 0 {
			continue // it is being built: nothing is found at all
		}
		entry, pending, err := tx.NarrowingAfter(tier, c.Follower.Narrowed(tier))
		if err != nil {
			return err
		}
		if pending && time.Duration(r.now-entry.At)*time.Microsecond > mostBehind {
			return fault.New(fault.Unavailable, "search.behind")
		}
	}
	return nil
}

func (c *Catalog) answer(
	r reader, in SearchIn, query search.Query, result search.Result, views []store.StoredView,
	notes map[string][]store.Note,
) (SearchOut, error) {
	out := SearchOut{Total: result.Total, Certain: result.Certain, Restricted: result.Restricted, Groups: result.Groups,
		Undated: result.Undated, Order: string(result.Order), Hits: make([]Hit, len(views)), Next: result.Next,
		Position: FeedPosition{Tier: r.tier(), No: result.Position}, Understood: c.understood(result.Concepts, in.Lang),
		Facets: c.facets(in, result.Facets), Histogram: histogram(result.Histogram)}
	var reading errgroup.Group // each hit is read from its whole view, and most of an answer's time goes there
	reading.SetLimit(runtime.GOMAXPROCS(0))
	for i, v := range views {
		reading.Go(func() (err error) {
			out.Hits[i], err = c.hit(v, r.shown(notes[v.Record], v), query, result.Words, in.Lang)
			out.Hits[i].place(result.Hits[i])
			return err
		})
	}
	return out, reading.Wait()
}

// place adds what the index tells of a hit.
func (h *Hit) place(found search.Hit) {
	h.Restricted, h.Group, h.Others = found.Restricted, found.Group, found.Others
	h.Match = incident.Certainly
	if found.Match == incident.Possibly {
		h.Match, h.Why = incident.Possibly, orWords(h.Why)
	}
}

// orWords names the words of the question as what is only possible, when none of its other parts is.
func orWords(why []string) []string {
	if len(why) == 0 {
		return []string{"q"}
	}
	return why
}

// hit reads the view that the reader gets, also for what the index does not tell: the words found, and which questions its
// dates and counts leave open.
func (c *Catalog) hit(
	v store.StoredView, notes []Note, query search.Query, words search.Words, lang string,
) (Hit, error) {
	hit := Hit{Highlights: []Highlight{}, Why: []string{}}
	var err error
	if words.Empty() && len(query.Dates) == 0 && len(query.Counts) == 0 {
		hit.Reading, err = c.reading(v, lang)
		hit.Notes = notes
		return hit, err
	}
	view, err := decoded[whole](v)
	if err != nil {
		return Hit{}, err
	}
	hit.Reading = c.worded(v, view.shown(), lang)
	hit.Notes = notes
	hit.Highlights, hit.Why = highlights(view.Body, hit.Title, words, lang), onlyPossible(view.Body, query)
	return hit, nil
}

// onlyPossible lists the questions of time and of numbers that a record does not certainly answer.
func onlyPossible(body incident.Body, query search.Query) []string {
	why := []string{}
	if len(query.Dates) > 0 {
		spans := incident.SpansOf(body, incident.Derive(body))
		for _, asked := range query.Dates {
			if dated(spans, asked) == incident.Possibly {
				why = append(why, string(asked.Question))
			}
		}
	}
	if len(query.Counts) > 0 {
		figures := incident.Figures(body)
		for _, asked := range query.Counts {
			if figure, ok := figures[asked.Measure]; ok && !within(figure, asked) {
				why = append(why, asked.Measure)
			}
		}
	}
	return why
}

func dated(spans incident.Spans, asked search.Dated) incident.Match {
	window := incident.Span(asked.Window)
	switch asked.Question {
	case search.Active:
		return spans.Active(window)
	case search.Reported:
		return spans.Told(window)
	}
	return spans.Began.Within(window)
}

// within tells whether a whole range lies in another. An open end lies only in an open one.
func within(figure [2]int64, asked search.Counted) bool {
	below := asked.High == incident.Unstated || figure[1] != incident.Unstated && figure[1] <= asked.High
	return below && figure[0] >= asked.Low
}

// highlights are made from the view that the reader gets, never from the index.
func highlights(body incident.Body, title string, words search.Words, lang string) []Highlight {
	texts := append([]search.Text{{Field: search.FieldTitle, Language: lang, Text: title}}, search.Texts(body)...)
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
	return out
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
