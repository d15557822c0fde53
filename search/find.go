package search

import (
	"context"
	"errors"

	"bioincident/policies"
	"bioincident/schema"
)

// finding is one question on its way to its answer.
type finding struct {
	plan       *plan
	sides      []*side
	restricted set // found by the second side and not by the first
}

// side is one wall of those that a question is asked behind: the public's or the members' with scores, and for those who
// may read named views the named wall without. Each answers for records of its own.
type side struct {
	*evaluation
	scope set      // records that it answers for
	parts []answer // of the plan's filters, in their order
	base  answer   // of everything but the filters and the questions of time
	times []answer // of the questions of time
	found answer   // in scope
}

// Search answers a query for an audience. Errors: fault Invalid with the codes search.syntax (column, expected),
// search.too_long, search.limit, search.no_facet, search.no_code, search.cursor, search.cursor_of_another; Unavailable
// search.building, search.timeout.
func (ix *Index) Search(ctx context.Context, who policies.Audience, q Query) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, ix.options.Timeout)
	defer cancel()
	result, err := ix.search(ctx, who, q)
	if err != nil && errors.Is(err, context.DeadlineExceeded) {
		return Result{}, timedOut(err)
	}
	return result, err
}

func (ix *Index) search(ctx context.Context, who policies.Audience, q Query) (Result, error) {
	tier := schema.Public
	if who.Members {
		tier = schema.Members
	}
	p, err := ix.plan(tier, who.Orgs, q)
	if err != nil {
		return Result{}, err
	}
	f := &finding{plan: p}
	defer f.free()
	open, err := ix.side(ctx, tier)
	if err != nil {
		return Result{}, err
	}
	f.sides = append(f.sides, open)
	if len(who.Orgs) > 0 {
		if err := f.openNamed(ctx, ix, who.Orgs); err != nil {
			return Result{}, err
		}
	}
	if err := f.find(); err != nil {
		return Result{}, err
	}
	result := f.totals()
	f.page(&result)
	result.Facets, result.Histogram = f.facets(), f.histogram()
	result.Order, result.Concepts, result.Words, result.Position = p.sort, p.concepts, p.words, open.snap.checkpoint
	return result, nil
}

// side opens the present generation of a wall.
func (ix *Index) side(ctx context.Context, tier schema.Tier) (*side, error) {
	snap, err := ix.walls[tier].snapshot()
	if err != nil {
		return nil, err
	}
	e, err := newEvaluation(ctx, snap)
	if err != nil {
		snap.release()
		return nil, err
	}
	return &side{evaluation: e, scope: e.visible}, nil
}

// openNamed adds the named wall, as far as the organizations may read it. What it answers for, the other does not.
func (f *finding) openNamed(ctx context.Context, ix *Index, orgs []string) error {
	snap, err := ix.walls[schema.Named].snapshot()
	if err != nil {
		return err
	}
	e := confinedEvaluation(ctx, snap, orgs)
	if count(e.visible) == 0 {
		snap.release()
		return nil
	}
	f.sides = append(f.sides, &side{evaluation: e, scope: e.visible})
	return nil
}

func (f *finding) free() {
	for _, s := range f.sides {
		s.evaluation.free()
		s.snap.release()
	}
}

// find asks every side the whole question. The first is asked of all that its readers see, so that what the second adds
// changes no score; what the second answers for is then taken out of it.
func (f *finding) find() error {
	for i, s := range f.sides {
		if err := s.ask(f.plan, i == 0); err != nil {
			return err
		}
		s.found = s.with(f.plan, noFacet)
	}
	open := f.sides[0]
	if len(f.sides) == 1 {
		return nil
	}
	named := f.sides[1]
	f.restricted = named.found.possible.without(wide(open.found.possible, len(named.found.possible)))
	open.scope = open.scope.without(wide(named.scope, len(open.scope)))
	open.found = open.found.only(open.scope)
	return nil
}

// wide gives a set another width. Numbers beyond it are lost, which the other set does not have.
func wide(s set, words int) set {
	if len(s) >= words {
		return s[:words]
	}
	return append(s.clone(), make(set, words-len(s))...)
}

// ask evaluates the parts of a plan.
func (s *side) ask(p *plan, scored bool) error {
	s.base = exact(s.visible.clone())
	steps := p.rest
	if p.root != nil {
		steps = append([]step{p.root}, steps...)
	}
	for i, part := range steps {
		some, err := s.eval(part, scored && i == 0 && p.root != nil && p.scored, false)
		if err != nil {
			return err
		}
		s.base = s.base.and(some)
	}
	for _, t := range p.times {
		s.times = append(s.times, s.on(t.Dated))
	}
	for _, f := range p.filters {
		some, err := s.eval(f.step, false, false)
		if err != nil {
			return err
		}
		s.parts = append(s.parts, some)
	}
	return nil
}

// noFacet names no facet.
const noFacet = ""

// with gives what matches everything but the filter of one facet, in the scope.
func (s *side) with(p *plan, except string) answer {
	out := s.timeless(p, except)
	for _, t := range s.times {
		out = out.and(t)
	}
	return s.sure(p, out)
}

// timeless gives what matches everything but the filter of one facet and the questions of time, in the scope. Whether it
// is certain is not asked yet.
func (s *side) timeless(p *plan, except string) answer {
	out := s.base.clone().only(s.scope)
	for i, f := range p.filters {
		if f.facet != except {
			out = out.and(s.parts[i])
		}
	}
	return out
}

// sure leaves what is certain, when nothing else is asked for.
func (s *side) sure(p *plan, a answer) answer {
	if !p.certain {
		return a
	}
	return exact(a.surely())
}

// each visits everything found, by number, or from the highest number down.
func (f *finding) each(down bool, visit func(s *side, no int64)) {
	for _, s := range f.sides {
		if down {
			s.found.possible.eachDown(func(no int64) { visit(s, no) })
			continue
		}
		s.found.possible.each(func(no int64) { visit(s, no) })
	}
}

func (f *finding) totals() Result {
	var out Result
	for _, s := range f.sides {
		out.Total += int64(count(s.found.possible))
		out.Certain += int64(count(s.found.surely()))
		out.Undated += int64(count(s.undated(f.plan)))
	}
	out.Restricted = int64(count(f.restricted))
	return out
}

// undated gives what matches all but the questions of time and has no date for one of them.
func (s *side) undated(p *plan) set {
	if len(p.times) == 0 {
		return nil
	}
	known := s.scope.clone()
	for _, t := range p.times {
		known.and(s.known(t.Question))
	}
	out := s.sure(p, s.timeless(p, noFacet)).possible
	out.minus(known)
	return out
}

// facets counts the facets that were asked for. One that is not narrowed shares the set of what was found with all
// others that are not.
func (f *finding) facets() []Facet {
	if len(f.plan.facets) == 0 {
		return nil
	}
	counted := map[string]*countedFacet{}
	for _, name := range f.plan.facets {
		counted[name] = &countedFacet{values: map[string]Value{}}
	}
	for _, s := range f.sides {
		s.count(f.plan, counted)
	}
	out := make([]Facet, len(f.plan.facets))
	for i, name := range f.plan.facets {
		out[i] = counted[name].facet(name)
	}
	return out
}

func (s *side) count(p *plan, counted map[string]*countedFacet) {
	of := s.snap.store.branches.now(s.snap.store.book)
	narrowed := map[string]bool{}
	for _, f := range p.filters {
		narrowed[f.facet] = true
	}
	var together []string
	for name := range counted {
		if !narrowed[name] {
			together = append(together, name)
			continue
		}
		s.countIn(s.with(p, name).possible, of, counted, name)
	}
	if len(together) > 0 {
		s.countIn(s.found.possible, of, counted, together...)
	}
}

func (s *side) countIn(of set, branches branchesNow, counted map[string]*countedFacet, names ...string) {
	numbers := make([]int8, len(names))
	for i, name := range names {
		numbers[i] = int8(facetIndex(name))
	}
	tally := s.tally(of, branches, numbers)
	for _, name := range names {
		counted[name].add(tally, branches, facetIndex(name), int64(count(of)))
	}
}

// tally counts a set. When it is most of what can be seen, what is missing is counted and taken from what is remembered
// of all: somebody whose organization may read a few named views browses at no higher cost than others.
func (s *side) tally(of set, branches branchesNow, facets []int8) *branchTally {
	cols := s.snap.cols
	if s.readers != nil || int64(count(of)) < cols.count/2 {
		return cols.tallied(of, branches, facets)
	}
	all := cols.all(branches)
	rest := cols.visible().without(of)
	if count(rest) == 0 {
		return all
	}
	return all.without(cols.tallied(rest, branches, facets))
}
