package search

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"bioincident/internal/fault"
	"bioincident/schema"
)

// plan is a query made ready.
type plan struct {
	root      step // nil: everything
	filters   []filter
	times     []dated
	rest      []step // counts, the group
	certain   bool
	sort      Order
	facets    []string
	histogram string
	fold      bool // groups are one hit
	limit     int
	after     *place
	hash      uint64 // of what is asked, for cursors
	scored    bool
	concepts  []Concept
	words     Words
}

// filter is what one facet is narrowed to. A facet is counted without its own.
type filter struct {
	facet string
	step  step
}

// step is a part of a plan: allOf, anyOf, noneOf, concept, text, coded, identified, dated, counted, certainly, unstated.
type step interface{}

type allOf struct {
	required []step
	optional []step // they raise scores and need not match
}

type anyOf struct{ steps []step }

type noneOf struct{ step step }

// concept is found by codes, or by its words where the codes are missing.
type concept struct {
	meaning meaning
	weight  float64
	text    text
}

// text is found by terms in fields. Families are the fields by weight; of the forms of a family the best counts.
type text struct{ families []family }

type family struct {
	weight float64
	forms  []form
}

// form is a sequence of terms in one field of the word index.
type form struct {
	field string
	terms sequence
}

// coded is found by codes alone and does not score.
type coded struct{ keys []string }

// identified is found by an id.
type identified struct{ id string }

// weighted are the fields of text, heaviest first.
type weighted struct {
	field     string
	weight    float64
	languages bool // it has a field for each language
	usual     int  // terms in it, as a rule: in place of the average length of BM25
}

func textFields() []weighted {
	return []weighted{
		{FieldTitle, 5, true, 10},
		{FieldAgents, 4, false, 4},
		{FieldPlaces, 4, false, 4},
		{FieldSummary, 2.5, true, 100},
		{FieldNarrative, 1.5, true, 200},
		{FieldLessons, 1.2, true, 100},
		{FieldSources, 1, false, 40},
	}
}

// titleWeight is the weight of a title, which a hit by a concept is measured by.
const titleWeight = 5

// planner makes one plan.
type planner struct {
	index     *Index
	languages []string // nil: by script
	plan      *plan
	negated   int
}

const defaultLimit = 20

func (ix *Index) plan(tier schema.Tier, orgs []string, q Query) (*plan, error) {
	limit := q.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	if limit < 0 || limit > MaxLimit {
		return nil, fault.New(fault.Invalid, "search.limit", "most", MaxLimit)
	}
	if !utf8.ValidString(q.Text) {
		return nil, fault.New(fault.Invalid, "search.encoding")
	}
	parsed, err := parse(q.Text)
	if err != nil {
		return nil, err
	}
	p := &plan{limit: limit, certain: q.Certain || parsed.certain, facets: q.Facets, histogram: q.Histogram, fold: q.Group,
		words: newWords(ix.analyzers)}
	if p.hash, err = queryHash(tier, orgs, q); err != nil {
		return nil, err
	}
	if err := ix.narrow(p, q); err != nil {
		return nil, err
	}
	maker := &planner{index: ix, languages: q.Langs, plan: p}
	if parsed.root != nil {
		if p.root, err = maker.step(parsed.root); err != nil {
			return nil, err
		}
	}
	p.sort = q.Sort
	if p.sort == "" || p.sort == ByScore && !p.scored {
		p.sort = ByPublished
		if p.scored {
			p.sort = ByScore
		}
	}
	if p.after, err = readCursor(q.Cursor, p); err != nil {
		return nil, err
	}
	return p, nil
}

// narrow takes down what stands beside the text of a query.
func (ix *Index) narrow(p *plan, q Query) error {
	for _, f := range q.Filters {
		s, err := ix.filtered(f)
		if err != nil {
			return err
		}
		p.filters = append(p.filters, filter{f.Facet, s})
	}
	for _, facet := range q.Facets {
		if facetIndex(facet) < 0 {
			return fault.New(fault.Invalid, "search.no_facet", "facet", facet)
		}
	}
	for _, d := range q.Dates {
		p.times = append(p.times, dated{d})
	}
	for _, c := range q.Counts {
		p.rest = append(p.rest, counted{c})
	}
	if q.GroupOf != "" {
		p.rest = append(p.rest, ofGroup{q.GroupOf})
	}
	return nil
}

// mostCodes bounds the codes of one filter.
const mostCodes = 100

// filtered makes the step of a filter: any of the codes, or below them.
func (ix *Index) filtered(f Filter) (step, error) {
	if facetIndex(f.Facet) < 0 {
		return nil, fault.New(fault.Invalid, "search.no_facet", "facet", f.Facet)
	}
	if len(f.Codes) > mostCodes {
		return nil, fault.New(fault.Invalid, "search.too_long", "most", mostCodes)
	}
	var codes coded
	var choice anyOf
	for _, code := range f.Codes {
		switch {
		case code == NotStated:
			choice.steps = append(choice.steps, unstated{unstatedKind(f.Facet)})
		case f.Facet == "decade":
			s, err := readDecade(word{text: code})
			if err != nil {
				return nil, fault.New(fault.Invalid, "search.no_code", "facet", f.Facet, "value", code).Because(err)
			}
			choice.steps = append(choice.steps, s)
		default:
			codes.keys = append(codes.keys, ix.facetKeys(f.Facet, code)...)
		}
	}
	choice.steps = append(choice.steps, codes)
	return choice, nil
}

// facetKeys gives the keys of a value of a facet: in a tree those below it, too.
func (ix *Index) facetKeys(facet, code string) []string {
	below := ix.thesaurus.below(treeOf(facet), []string{facet}, code)
	if len(below) == 0 {
		return []string{codeKey(facet, code)}
	}
	return below
}

// queryHash names what is asked, of whom, so that a cursor can only go on with the same.
func queryHash(tier schema.Tier, orgs []string, q Query) (uint64, error) {
	q.Cursor, q.Limit, q.Facets, q.Histogram = "", 0, nil, ""
	data, err := json.Marshal(struct {
		Tier  string
		Orgs  []string
		Query Query
	}{tier.String(), orgs, q})
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(data)
	return binary.BigEndian.Uint64(sum[:8]), nil
}

func (m *planner) step(n node) (step, error) {
	switch n := n.(type) {
	case and:
		return m.all(n.parts)
	case or:
		var choice anyOf
		for _, part := range n.parts {
			s, err := m.step(part)
			if err != nil {
				return nil, err
			}
			choice.steps = append(choice.steps, s)
		}
		return choice, nil
	case not:
		m.negated++
		s, err := m.step(n.part)
		m.negated--
		return noneOf{s}, err
	case certain:
		s, err := m.step(n.part)
		return certainly{s}, err
	case run:
		return m.all([]node{n})
	case phrase:
		return m.literal(n.text, ""), nil
	case field:
		return m.field(n)
	}
	return nil, fault.New(fault.Internal, "internal")
}

// all joins parts, of which all must match, except words that say nothing (the, de, и) beside others that do.
func (m *planner) all(parts []node) (step, error) {
	var all allOf
	for _, part := range parts {
		if r, ok := part.(run); ok {
			required, optional := m.run(r)
			all.required = append(all.required, required...)
			all.optional = append(all.optional, optional...)
			continue
		}
		s, err := m.step(part)
		if err != nil {
			return nil, err
		}
		all.required = append(all.required, s)
	}
	if len(all.required) == 0 {
		all.required, all.optional = all.optional, nil
	}
	if len(all.required) == 1 && len(all.optional) == 0 {
		return all.required[0], nil
	}
	return all, nil
}

// run finds the longest names in bare words; what is left is searched as it is.
func (m *planner) run(r run) (required, optional []step) {
	line, starts := joinWords(r.words)
	parts := cut(line)
	if len(parts) == 0 { // nothing but signs: it is in no text, but may be in an id
		for _, w := range r.words {
			required = append(required, m.literal(w.text, ""))
		}
		return required, nil
	}
	left := 0 // first part that is not dealt with
	flush := func(end int) {
		for _, span := range spans(parts[left:end], starts) {
			written := line[span.start:span.end]
			if bare := strings.Trim(written, chineseParticles); bare != "" {
				written = bare
			}
			s := m.literal(written, "")
			if m.saysNothing(written) {
				optional = append(optional, s)
			} else {
				required = append(required, s)
			}
		}
	}
	for i := 0; i < len(parts); {
		found, n := m.index.thesaurus.longestMatch(line, parts[i:])
		if n == 0 {
			i++
			continue
		}
		flush(i)
		written := line[parts[i].start:parts[i+n-1].end]
		required = append(required, m.concepts(found, written, columnAt(r.words, starts, parts[i].start, line)))
		i += n
		left = i
	}
	flush(len(parts))
	return required, optional
}

// chineseParticles stand between words where no blank does, and are no part of them.
const chineseParticles = "的了在和与及或是之于从对"

// joinWords gives the words with a blank between and the byte at which each begins.
func joinWords(words []word) (line string, starts []int) {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		starts = append(starts, b.Len())
		b.WriteString(w.text)
	}
	return b.String(), starts
}

// spans gives the stretches of parts that lie in the same word.
func spans(parts []part, starts []int) []part {
	var found []part
	last := -1
	for _, p := range parts {
		at, exact := slices.BinarySearch(starts, p.start)
		if !exact {
			at--
		}
		if at == last {
			found[len(found)-1].end = p.end
			continue
		}
		last = at
		found = append(found, p)
	}
	return found
}

// columnAt gives the column of a byte of the joined line.
func columnAt(words []word, starts []int, at int, line string) int {
	i, exact := slices.BinarySearch(starts, at)
	if !exact {
		i--
	}
	return words[i].column + utf8.RuneCountInString(line[starts[i]:at])
}

// saysNothing tells whether a language in which the word may be written leaves it out, or whether it is a single
// ideograph that no name took in.
func (m *planner) saysNothing(written string) bool {
	if scriptOf(written) == han && (utf8.RuneCountInString(written) == 1 || strings.Trim(written, chineseParticles) == "") {
		return true
	}
	in, _ := languagesOf(written, m.languages)
	return slices.ContainsFunc(in, func(language string) bool {
		return m.index.analyzers.sequence(language, written) == nil
	})
}

// concepts joins the terms of one name: whatever any of them is found by.
func (m *planner) concepts(found []naming, written string, column int) step {
	c := concept{text: m.literal(written, FieldTitle).(text)}
	for _, n := range found {
		for _, key := range m.index.thesaurus.meaning(n.list, n.code).direct {
			c.meaning.direct = appendNew(c.meaning.direct, key)
		}
	}
	for _, n := range found {
		for _, key := range m.index.thesaurus.meaning(n.list, n.code).derived {
			if !slices.Contains(c.meaning.direct, key) {
				c.meaning.derived = appendNew(c.meaning.derived, key)
			}
		}
		c.weight = max(c.weight, sourceOf(n.list).weight)
		m.understood(n, written, column)
	}
	return c
}

func appendNew(keys []string, key string) []string {
	if slices.Contains(keys, key) {
		return keys
	}
	return append(keys, key)
}

// understood notes a term for the reader, and its names for highlights in texts of other languages.
func (m *planner) understood(n naming, written string, column int) {
	c := Concept{Text: written, Column: column, List: n.list, Code: n.code}
	if !slices.Contains(m.plan.concepts, c) {
		m.plan.concepts = append(m.plan.concepts, c)
	}
	if m.negated > 0 {
		return
	}
	for _, language := range schema.Languages() {
		for _, name := range m.index.thesaurus.namesIn(n.list, n.code, language) {
			m.plan.words.add(language, m.index.analyzers.sequence(language, name))
			m.plan.words.add(plain, m.index.analyzers.sequence(plain, name))
		}
	}
}

// literal is the very words, in every field but one.
func (m *planner) literal(written, except string) step {
	in, other := languagesOf(written, m.languages)
	var t text
	for _, f := range textFields() {
		if f.field == except {
			continue
		}
		languages := []string{plain}
		if f.languages {
			languages = slices.Concat(in, other)
		}
		if forms := m.forms(f.field, written, languages); len(forms) > 0 {
			t.families = append(t.families, family{f.weight, forms})
		}
	}
	const idWeight = 10
	t.families = append(t.families, family{idWeight, []form{{fieldIDs, sequence{foldID(written)}}}})
	if m.negated == 0 {
		m.plan.scored = true
	}
	return t
}

func (m *planner) forms(field, written string, languages []string) []form {
	var forms []form
	for _, language := range languages {
		terms := m.index.analyzers.sequence(language, written)
		if len(terms) == 0 {
			continue
		}
		forms = append(forms, form{fieldName(field, language), terms})
		if m.negated == 0 {
			m.plan.words.add(language, terms)
		}
	}
	return forms
}
