package search

import (
	"context"
	"math"

	bleveSearch "github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	"github.com/blevesearch/bleve/v2/search/searcher"
	index "github.com/blevesearch/bleve_index_api"

	"bioincident/schema"
)

// evaluation computes one answer over one generation.
type evaluation struct {
	ctx       context.Context // it lives as long as one search
	snap      *snapshot
	visible   set
	documents float64 // in the word index
	scratch   *scratch
	touched   []uint32 // numbers of scratch.best that are not 0
	readers   []string // confined to what is for one of these organizations, without scores; nil: not confined
}

// scratch are arrays by record number.
type scratch struct {
	scores []float32 // of everything that matched a scoring part
	best   []float32 // of the forms of one family
}

func (s *scratch) fit(limit int64) {
	if int64(cap(s.scores)) < limit {
		s.scores, s.best = make([]float32, limit), make([]float32, limit)
		return
	}
	s.scores, s.best = s.scores[:limit], s.best[:limit]
	clear(s.scores)
}

func (s *scratch) score(no int64) float32 {
	if no >= int64(len(s.scores)) {
		return 0
	}
	return s.scores[no]
}

func newEvaluation(ctx context.Context, s *snapshot) (*evaluation, error) {
	documents, err := s.reader.DocCount()
	if err != nil {
		return nil, err
	}
	e := &evaluation{snap: s, visible: s.cols.visible(), documents: float64(documents)}
	e.ctx = scoringContext(ctx, e.documents)
	if e.scratch, _ = s.wall.scratches.Get().(*scratch); e.scratch == nil {
		e.scratch = new(scratch)
	}
	e.scratch.fit(s.cols.limit())
	return e, nil
}

// confinedEvaluation searches what is for one of some organizations, and scores nothing. What is for others is passed
// over: it costs nothing.
func confinedEvaluation(ctx context.Context, s *snapshot, readers []string) *evaluation {
	ctx = bleveSearch.ContextWithTermSearchersCounter(context.WithValue(ctx, bleveSearch.MaxTermSearchersKey, mostTerms))
	keys := make([]string, len(readers))
	for i, org := range readers {
		keys[i] = codeKey(kindReader, org)
	}
	return &evaluation{ctx: ctx, snap: s, visible: s.cols.holding(s.store.book.findAll(keys)), readers: readers}
}

// free gives the arrays back. best is all zeros again unless the search was broken off.
func (e *evaluation) free() {
	if e.scratch == nil {
		return
	}
	if len(e.touched) > 0 {
		clear(e.scratch.best)
	}
	e.snap.wall.scratches.Put(e.scratch)
}

// mostTerms bounds the terms of one search over all fields. A query of allowed length stays far below it.
const mostTerms = 20_000

// scoringContext tells bleve to score by BM25 with a usual length per field, instead of an average that depends on how
// its segments are merged: the same words and documents give the same score, on every replica and on every page.
func scoringContext(ctx context.Context, documents float64) context.Context {
	lengths := map[string]int{}
	for _, f := range textFields() {
		lengths[f.field] = f.usual * int(documents)
		for _, language := range schema.Languages() {
			lengths[fieldName(f.field, language)] = f.usual * int(documents)
		}
	}
	lengths[fieldIDs] = int(documents)
	ctx = bleveSearch.ContextWithTermSearchersCounter(context.WithValue(ctx, bleveSearch.MaxTermSearchersKey, mostTerms))
	ctx = context.WithValue(ctx, bleveSearch.GetScoringModelCallbackKey,
		bleveSearch.GetScoringModelCallbackFn(func() string { return index.BM25Scoring }))
	return context.WithValue(ctx, bleveSearch.BM25StatsKey,
		&bleveSearch.BM25Stats{DocCount: documents, FieldCardinality: lengths})
}

// eval answers a step and, when it is to be scored, adds what the numbers score. A negation is pushed inward until it
// stands before what can be looked up: a record without a date is neither in a window nor outside it. The sets of the
// answer are the caller's.
func (e *evaluation) eval(s step, scored, negated bool) (answer, error) {
	if err := e.ctx.Err(); err != nil {
		return answer{}, err
	}
	switch s := s.(type) {
	case allOf:
		if negated {
			return e.any(s.required, false, true)
		}
		return e.all(s, scored)
	case anyOf:
		if negated {
			return e.every(s.steps, false, true)
		}
		return e.any(s.steps, scored, false)
	case noneOf:
		return e.eval(s.step, false, !negated)
	case certainly:
		some, err := e.eval(s.step, scored, false)
		return e.unless(negated, exact(some.surely())), err
	case dated:
		some := e.on(s.Dated)
		if negated {
			some = some.outside(e.known(s.Question))
		}
		return some, nil
	case counted:
		some := e.many(s.Counted)
		if negated {
			some = some.outside(e.counting(s.Measure))
		}
		return some, nil
	}
	some, err := e.lookup(s, scored && !negated)
	if err != nil {
		return answer{}, err
	}
	return e.unless(negated, exact(some)), nil
}

// unless gives an answer, or what can be seen outside it. What is not matched is never more than what can be seen.
func (e *evaluation) unless(negated bool, a answer) answer {
	if negated {
		return a.outside(e.visible)
	}
	return a
}

// lookup gives the numbers that match a step which is exact.
func (e *evaluation) lookup(s step, scored bool) (set, error) {
	switch s := s.(type) {
	case concept:
		return e.concept(s, scored)
	case text:
		return e.text(s, scored, math.Inf(1))
	case coded:
		return e.coded(s.keys), nil
	case identified:
		return e.identified(s)
	case unstated:
		return e.lacking(s.kind), nil
	case ofGroup:
		return e.in(s.group), nil
	}
	return e.snap.cols.empty(), nil
}

func (e *evaluation) any(steps []step, scored, negated bool) (answer, error) {
	matches := exact(e.snap.cols.empty())
	for _, part := range steps {
		some, err := e.eval(part, scored, negated)
		if err != nil {
			return answer{}, err
		}
		matches = matches.or(some)
	}
	return matches, nil
}

func (e *evaluation) every(steps []step, scored, negated bool) (answer, error) {
	matches := exact(e.visible.clone())
	for _, part := range steps {
		some, err := e.eval(part, scored, negated)
		if err != nil {
			return answer{}, err
		}
		matches = matches.and(some)
	}
	return matches, nil
}

func (e *evaluation) all(s allOf, scored bool) (answer, error) {
	matches, err := e.every(s.required, scored, false)
	if err != nil || !scored {
		return matches, err
	}
	for _, part := range s.optional {
		if _, err := e.eval(part, true, false); err != nil {
			return answer{}, err
		}
	}
	return matches, nil
}

func (e *evaluation) coded(keys []string) set {
	return e.holding(e.snap.store.book.findAll(keys))
}

// concept joins the records that carry the codes and those whose text has the words. A code scores as a good match of
// the title would, so that the language of a record makes no difference.
func (e *evaluation) concept(c concept, scored bool) (set, error) {
	direct := e.coded(c.meaning.direct)
	matches := e.coded(c.meaning.derived)
	matches.or(direct)
	if scored {
		const derivedPart = 0.85
		score := titleWeight * c.weight * e.saturated(float64(count(matches)))
		matches.each(func(no int64) {
			if has(direct, int(no)) {
				e.scratch.scores[no] += float32(score)
			} else {
				e.scratch.scores[no] += float32(score * derivedPart)
			}
		})
	}
	some, err := e.text(c.text, scored, e.rarity(float64(count(matches))))
	if err != nil {
		return nil, err
	}
	matches.or(some)
	return matches, nil
}

// saturated is what BM25 gives one occurrence in a field of usual length, when so many documents have it.
func (e *evaluation) saturated(having float64) float64 {
	return e.rarity(having) * bleveSearch.BM25_k1 / (1 + bleveSearch.BM25_k1)
}

// rarity is the inverse document frequency of BM25.
func (e *evaluation) rarity(having float64) float64 {
	return math.Log(1 + (max(e.documents-having, 0)+0.5)/(having+0.5))
}

// tempered is by how much the score of what so many documents have is to be lowered for its rarity to be the most allowed.
func (e *evaluation) tempered(having, most float64) float64 {
	if own := e.rarity(having); own > most {
		return most / own
	}
	return 1
}

func (e *evaluation) identified(s identified) (set, error) {
	return e.text(text{[]family{{0, []form{{fieldIDs, sequence{s.id}}}}}}, false, 0)
}

// text gives the visible records that have any of the forms. Families add up; of the forms of one the best counts. A form
// that is rarer than the most allowed is scored as if it were not: the words of a concept are not worth more because
// most records have it as a code.
func (e *evaluation) text(t text, scored bool, most float64) (set, error) {
	matches := e.snap.cols.empty()
	for _, f := range t.families {
		for _, wanted := range f.forms {
			if e.readers != nil {
				if err := e.confinedForm(wanted, matches); err != nil {
					return nil, err
				}
				continue
			}
			if err := e.form(wanted, matches, scored, most); err != nil {
				return nil, err
			}
		}
		for _, no := range e.touched {
			e.scratch.scores[no] += float32(f.weight) * e.scratch.best[no]
			e.scratch.best[no] = 0
		}
		e.touched = e.touched[:0]
	}
	return matches, nil
}

// form adds the visible records that have one form, and notes what they score.
func (e *evaluation) form(f form, matches set, scored bool, most float64) error {
	if e.documents == 0 {
		return nil
	}
	if len(f.terms) > 1 {
		return e.phrase(f, matches, scored, most)
	}
	options := bleveSearch.SearcherOptions{}
	if !scored {
		options.Score = "none"
	}
	s, err := searcher.NewTermSearcher(e.ctx, e.snap.reader, f.terms[0], f.field, 1, options)
	if err != nil {
		return err
	}
	factor := e.tempered(float64(s.Count()), most)
	return e.drain(s, func(no int64, match *bleveSearch.DocumentMatch) {
		matches.add(no)
		if scored {
			e.note(no, float32(match.Score*factor))
		}
	})
}

// phrase finds terms in a row. A phrase scores like a word that is as rare as the phrase.
func (e *evaluation) phrase(f form, matches set, scored bool, most float64) error {
	terms := make([][]string, len(f.terms))
	for i, term := range f.terms {
		if term != "" {
			terms[i] = []string{term}
		}
	}
	s, err := query.NewMultiPhraseQuery(terms, f.field).Searcher(e.ctx, e.snap.reader, nil, bleveSearch.SearcherOptions{})
	if err != nil {
		return err
	}
	var found []int64
	if err := e.drain(s, func(no int64, _ *bleveSearch.DocumentMatch) { found = append(found, no) }); err != nil {
		return err
	}
	having := float64(len(found))
	score := float32(e.saturated(having) * e.tempered(having, most))
	for _, no := range found {
		matches.add(no)
		if scored {
			e.note(no, score)
		}
	}
	return nil
}

func (e *evaluation) note(no int64, score float32) {
	if e.scratch.best[no] == 0 {
		e.touched = append(e.touched, uint32(no))
	}
	e.scratch.best[no] = max(e.scratch.best[no], score)
}

// drain visits the hits of a searcher that can be seen, and closes it.
func (e *evaluation) drain(s bleveSearch.Searcher, visit func(no int64, match *bleveSearch.DocumentMatch)) error {
	defer func() { _ = s.Close() }()
	const checkEvery = 1024
	ctx := &bleveSearch.SearchContext{
		DocumentMatchPool: bleveSearch.NewDocumentMatchPool(s.DocumentMatchPoolSize()+1, 0),
		IndexReader:       e.snap.reader,
	}
	for n := 1; ; n++ {
		if n%checkEvery == 0 && e.ctx.Err() != nil {
			return e.ctx.Err()
		}
		match, err := s.Next(ctx)
		if err != nil || match == nil {
			return err
		}
		no, err := e.snap.numbers.number(e.snap.reader, match.IndexInternalID)
		if err != nil {
			return err
		}
		if e.visible.holds(no) {
			visit(no, match)
		}
		ctx.DocumentMatchPool.Put(match)
	}
}
