package search

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	index "github.com/blevesearch/bleve_index_api"

	"bioincident/internal/fault"
	"bioincident/policies"
	"bioincident/schema"
)

// SuggestIn is the beginning of what somebody wants to ask.
type SuggestIn struct {
	Text  string // the beginning of a name, a word or an id
	Lang  string // of the reader: its names come first, and labels are in it
	Limit int    // 1 to MaxSuggestions; 0 is 10
}

// MaxSuggestions is the longest list of suggestions.
const MaxSuggestions = 20

const defaultSuggestions = 10

// The kinds of Suggestion.
const (
	SuggestConcept = "concept" // a term of a vocabulary
	SuggestWord    = "word"    // of the texts
	SuggestRecord  = "record"  // an id of a record, its own or in another system
)

// Suggestion is one way to go on.
type Suggestion struct {
	Kind       string
	List, Code string // of a concept
	Text       string // label in the reader's language, word, or id
	Records    int64  // visible ones that have it; for a concept, or anything below it, by their codes
}

// Suggest gives names, ids and words that begin with a text and that some record has which the audience can see: the
// concepts first, then ids, then words, which get what room there is. Everything comes from one generation of the wall
// that the audience may search; a word of hidden or removed records is as if it were nowhere. Chinese words are pairs of
// characters. Errors: fault Invalid search.limit, search.encoding, search.too_long; Unavailable search.building,
// search.timeout.
func (ix *Index) Suggest(ctx context.Context, who policies.Audience, in SuggestIn) ([]Suggestion, error) {
	limit := cmp.Or(in.Limit, defaultSuggestions)
	switch {
	case limit < 0 || limit > MaxSuggestions:
		return nil, fault.New(fault.Invalid, "search.limit", "most", MaxSuggestions)
	case !utf8.ValidString(in.Text):
		return nil, fault.New(fault.Invalid, "search.encoding")
	case len(in.Text) > longestQuery:
		return nil, fault.New(fault.Invalid, "search.too_long", "most", longestQuery)
	}
	tier := schema.Public
	if who.Members {
		tier = schema.Members
	}
	ctx, cancel := context.WithTimeout(ctx, ix.options.Timeout)
	defer cancel()
	s, err := ix.walls[tier].snapshot()
	if err != nil {
		return nil, err
	}
	defer s.release()
	found, err := (&suggester{ctx: ctx, index: ix, snap: s, in: in, limit: limit}).all()
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fault.New(fault.Unavailable, "search.timeout").Because(err)
	}
	return found, err
}

// suggester makes one answer over one generation.
type suggester struct {
	ctx   context.Context // it lives as long as one answer
	index *Index
	snap  *snapshot
	in    SuggestIn
	limit int
	gone  []string // words and forms that no visible record has
	miss  []string // ids likewise
}

func (g *suggester) all() ([]Suggestion, error) {
	concepts := g.concepts()
	if err := g.ctx.Err(); err != nil {
		return nil, err
	}
	live, err := newTally(g.ctx, g.snap)
	if err != nil {
		return nil, err
	}
	ids, err := g.ids(live)
	if err != nil {
		return nil, err
	}
	words, err := g.words(live, concepts)
	if err != nil {
		return nil, err
	}
	if !live.broken {
		g.snap.store.lexicon.forget(g.gone, g.snap.age)
		g.snap.store.lexicon.miss(g.miss, g.snap.age)
	}
	return share(concepts, ids, words, g.limit), nil
}

// share gives concepts what the others do not need, and at least three fifths; ids at least a fifth.
func share(concepts, ids, words []Suggestion, limit int) []Suggestion {
	const parts, ofConcepts = 5, 3
	most := max(limit-len(ids)-len(words), (limit*ofConcepts+parts-1)/parts)
	all := slices.Clone(concepts[:min(len(concepts), most)])
	most = max(limit-len(all)-len(words), (limit+parts-1)/parts)
	all = append(all, ids[:min(len(ids), most, limit-len(all))]...)
	return append(all, words[:min(len(words), limit-len(all))]...)
}

// conceptHit is a term with a name that begins with the text.
type conceptHit struct {
	spoken
	exact, own bool // the text is this name; the name is one in the reader's language, or in none
	records    int64
}

// mostCounted bounds the concepts whose records are counted: a letter begins a thousand names.
const mostCounted = 96

// concepts gives the terms that have a name which begins with the text and at least one visible record.
func (g *suggester) concepts() []Suggestion {
	prefix := nameKey(g.in.Text)
	if prefix == "" {
		return nil
	}
	hits := g.named(prefix)
	live := hits[:0]
	for _, hit := range hits {
		if len(live) == mostCounted || g.ctx.Err() != nil {
			break
		}
		codes := g.snap.store.book.findAll(g.index.thesaurus.carriers[conceptOf{hit.list, hit.code}])
		if len(codes) == 0 {
			continue
		}
		if hit.records = int64(count(g.snap.cols.holding(codes))); hit.records > 0 {
			live = append(live, hit)
		}
	}
	slices.SortStableFunc(live, func(a, b conceptHit) int {
		return cmp.Or(firstTrue(a.exact, b.exact), firstTrue(a.own, b.own), cmp.Compare(b.records, a.records))
	})
	found := make([]Suggestion, 0, min(len(live), g.limit))
	for _, hit := range live[:min(len(live), g.limit)] {
		found = append(found, Suggestion{SuggestConcept, hit.list, hit.code, g.label(hit), hit.records})
	}
	return found
}

func (g *suggester) label(hit conceptHit) string {
	vocabulary, ok := g.index.thesaurus.schema.Vocabulary(hit.list)
	if !ok {
		return hit.code
	}
	return vocabulary.Label(hit.code, g.in.Lang)
}

func firstTrue(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// named gives each term with a name that begins with the text once, by the name that fits best, the likeliest first. The
// order comes from the vocabularies alone.
func (g *suggester) named(prefix string) []conceptHit {
	var hits []conceptHit
	for _, name := range g.index.thesaurus.beginning(prefix) {
		hits = append(hits, conceptHit{spoken: name, exact: name.key == prefix, own: name.language == "" || name.language == g.in.Lang})
	}
	slices.SortFunc(hits, func(a, b conceptHit) int {
		return cmp.Or(firstTrue(a.exact, b.exact), firstTrue(a.own, b.own),
			cmp.Compare(b.weight, a.weight),
			cmp.Compare(len(a.key), len(b.key)), strings.Compare(a.key, b.key),
			strings.Compare(a.list, b.list), strings.Compare(a.code, b.code))
	})
	seen := map[conceptOf]bool{}
	once := hits[:0]
	for _, hit := range hits {
		of := conceptOf{hit.list, hit.code}
		if seen[of] {
			continue
		}
		seen[of] = true
		once = append(once, hit)
	}
	return once
}

// shortestID is how many characters an id must be known by: fewer say nothing, and begin too many.
const shortestID = 4

// ids gives ids in the order of their letters.
func (g *suggester) ids(live *tally) ([]Suggestion, error) {
	prefix := foldID(g.in.Text)
	if utf8.RuneCountInString(prefix) < shortestID || strings.Contains(prefix, formMark) {
		return nil, nil
	}
	dictionary, err := g.snap.reader.FieldDictPrefix(fieldShown, []byte(prefix))
	if err != nil {
		return nil, err
	}
	defer func() { _ = dictionary.Close() }()
	var found []Suggestion
	last, missing := "", g.snap.store.lexicon.missing()
	for len(found) < g.limit {
		term, err := dictionary.Next()
		if err != nil || term == nil {
			return found, err
		}
		if missing[term.Term] {
			continue
		}
		folded, form, differs := strings.Cut(term.Term, formMark)
		if !differs {
			form = folded
		}
		written, err := live.count(fieldShown, term.Term)
		if err != nil {
			return nil, err
		}
		if written == 0 {
			g.miss = append(g.miss, term.Term)
		}
		if written == 0 || folded == last {
			continue
		}
		last = folded
		records, err := live.count(fieldIDs, folded)
		if err != nil {
			return nil, err
		}
		found = append(found, Suggestion{Kind: SuggestRecord, Text: form, Records: records})
	}
	return found, nil
}

// words gives the words that begin with the text, those of most visible records first. No order and no bound of work
// depends on records that cannot be seen: the lexicon says how many records can have a word at most, and words are
// counted from the highest such number down until no other can be among the first.
func (g *suggester) words(live *tally, but []Suggestion) ([]Suggestion, error) {
	most := g.wordsToCount()
	var found []Suggestion
	for len(most) > 0 {
		next := heap.Pop(&most).(entry)
		if len(found) == g.limit && !moreWords(next, found[g.limit-1]) {
			break
		}
		records, err := live.count(fieldWords, next.text)
		if err != nil {
			return nil, err
		}
		if records == 0 {
			g.gone = append(g.gone, next.text)
			continue
		}
		if g.isNamed(next.text, but) {
			continue
		}
		s := Suggestion{Kind: SuggestWord, Text: next.text, Records: records}
		at, _ := slices.BinarySearchFunc(found, s, compareWords)
		found = slices.Insert(found, at, s)
		found = found[:min(len(found), g.limit)]
	}
	for i := range found {
		var err error
		if found[i].Text, err = g.form(live, found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// wordsToCount gives the words to be counted, as a heap.
func (g *suggester) wordsToCount() mostFirst {
	typed := schema.Fold(g.in.Text)
	shortest := 2
	if scriptOf(typed) == han {
		shortest = 1
	}
	var most mostFirst
	prefixes := []string{typed}
	if bare, ok := strings.CutPrefix(typed, arabicArticle); ok {
		prefixes = append(prefixes, bare)
	}
	for _, prefix := range prefixes {
		if utf8.RuneCountInString(prefix) < shortest || strings.Contains(prefix, " ") {
			continue
		}
		for _, e := range g.snap.store.lexicon.beginning(prefix) {
			if !strings.Contains(e.text, formMark) {
				most = append(most, e)
			}
		}
	}
	heap.Init(&most)
	return most
}

// mostFirst is a heap of entries whose root can have most records.
type mostFirst []entry

func (h mostFirst) Len() int { return len(h) }
func (h mostFirst) Less(i, j int) bool {
	return h[i].most > h[j].most || h[i].most == h[j].most && h[i].text < h[j].text
}
func (h mostFirst) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *mostFirst) Push(x any)   { *h = append(*h, x.(entry)) }
func (h *mostFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// compareWords has the word of most records first.
func compareWords(a, b Suggestion) int {
	return cmp.Or(cmp.Compare(b.Records, a.Records), strings.Compare(a.Text, b.Text))
}

// moreWords tells whether a word that is not counted yet can stand before one that is.
func moreWords(next entry, last Suggestion) bool {
	return compareWords(Suggestion{Text: next.text, Records: int64(next.most)}, last) < 0
}

// isNamed tells whether a word is the very label of a concept that is suggested.
func (g *suggester) isNamed(word string, concepts []Suggestion) bool {
	return slices.ContainsFunc(concepts, func(c Suggestion) bool { return wordKey(c.Text) == word })
}

// form gives a folded word as most visible records write it.
func (g *suggester) form(live *tally, word Suggestion) (string, error) {
	best, most, plainly := word.Text, int64(0), word.Records
	for _, e := range g.snap.store.lexicon.beginning(word.Text + formMark) {
		records, err := live.count(fieldWords, e.text)
		if err != nil {
			return "", err
		}
		if records == 0 {
			g.gone = append(g.gone, e.text)
		}
		plainly -= records
		if records > most {
			best, most = strings.TrimPrefix(e.text, word.Text+formMark), records
		}
	}
	if plainly > most {
		return word.Text, nil
	}
	return best, nil
}

// tally counts the visible records that have a term. The word index counts its own documents at once; those of them that
// cannot be seen, which are few and only while a batch is written or something is hidden, are looked for one by one.
type tally struct {
	ctx    context.Context // it lives as long as one answer
	reader index.IndexReader
	hidden []index.IndexInternalID // ascending
	broken bool                    // words and columns do not belong together: nothing is to be said
}

func newTally(ctx context.Context, s *snapshot) (*tally, error) {
	documents, err := s.reader.DocCount()
	if err != nil {
		return nil, err
	}
	t := &tally{ctx: ctx, reader: s.reader}
	if int64(documents) == s.cols.count {
		return t, nil
	}
	for _, no := range s.cols.hidden() {
		id, err := s.reader.InternalID(documentID(no))
		if err != nil {
			return nil, err
		}
		if id != nil {
			t.hidden = append(t.hidden, slices.Clone(id))
		}
	}
	slices.SortFunc(t.hidden, index.IndexInternalID.Compare)
	t.broken = int64(documents)-int64(len(t.hidden)) != s.cols.count
	return t, nil
}

func (t *tally) count(field, term string) (int64, error) {
	if err := t.ctx.Err(); err != nil || t.broken {
		return 0, err
	}
	postings, err := t.reader.TermFieldReader(t.ctx, []byte(term), field, false, false, false)
	if err != nil {
		return 0, err
	}
	defer func() { _ = postings.Close() }()
	having := int64(postings.Count())
	if having == 0 {
		return 0, nil
	}
	var at index.TermFieldDoc
	for _, id := range t.hidden {
		match, err := postings.Advance(id, &at)
		if err != nil || match == nil {
			return having, err
		}
		if match.ID.Equals(id) {
			having--
		}
	}
	return having, nil
}

// hidden gives the numbers that have a row which may not be shown.
func (c *columns) hidden() []int64 {
	var nos []int64
	for at, k := range c.chunks {
		if k == nil {
			continue
		}
		hidden := set(k.held[:])
		hidden = slices.Clone(hidden)
		hidden.minus(k.visible[:])
		hidden.each(func(i int64) { nos = append(nos, int64(at)*chunkRows+i) })
	}
	return nos
}
