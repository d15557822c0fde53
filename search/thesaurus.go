package search

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/ar"
	"github.com/blevesearch/bleve/v2/analysis/lang/ru"

	"bioincident/schema"
)

// thesaurus knows the names of terms in all languages. It never changes.
type thesaurus struct {
	schema    *schema.Schema
	analyzers *analyzers
	names     map[string][]naming // stems of a name, joined by blanks
	longest   map[string]int      // first stem → most tokens of a name
	diseases  []schema.Term       // that name the agents which cause them
	spoken    []spoken            // every name, by key: for suggestions
	carriers  map[conceptOf][]string
	arabic    analysis.TokenFilter
	russian   analysis.TokenFilter
}

// naming is one name of one term.
type naming struct {
	list, code string
	exact      string // folded tokens, joined by blanks
	capitals   bool   // it counts only when it is written in capitals
}

// spoken is one name of a term as suggestions look for it.
type spoken struct {
	key        string // folded, without the Arabic article
	language   string // "" for scientific names and abbreviations
	list, code string
	weight     float64 // of the list
}

// conceptOf names a term. Its carriers are the keys of what a record is known to be about it by.
type conceptOf struct{ list, code string }

// source is a list whose names are looked for in queries, the kinds of column in which its codes stand, and how much a
// hit by it counts beside a hit in the title.
type source struct {
	list   string
	kinds  []string
	weight float64
}

func sources() []source {
	return []source{
		{"agents", []string{"agent"}, 1},
		{"diseases", []string{"disease"}, 1},
		{"areas", []string{"area"}, 1},
		{"incident_type", []string{"type"}, 0.8},
		{"cause", []string{"cause", "mechanism"}, 0.8},
		{"occurrence", []string{"occurrence"}, 0.8},
		{"setting", []string{"setting"}, 0.6},
		{"route", []string{"route"}, 0.6},
		{"domain", []string{"domain"}, 0.5},
		{"agent_class", []string{"agent"}, 0.5},
		{"response_action", []string{"response"}, 0.4},
		{"lesson_phase", []string{"lesson_phase"}, 0.4},
	}
}

func sourceOf(list string) source {
	for _, s := range sources() {
		if s.list == list {
			return s
		}
	}
	return source{list: list, weight: 1}
}

func newThesaurus(sch *schema.Schema, a *analyzers) *thesaurus {
	t := &thesaurus{
		schema: sch, analyzers: a, names: map[string][]naming{}, longest: map[string]int{},
		carriers: map[conceptOf][]string{},
		arabic:   ar.NewArabicStemmerFilter(), russian: ru.NewRussianStemmerFilter(),
	}
	for _, s := range sources() {
		vocabulary, ok := sch.Vocabulary(s.list)
		if !ok {
			continue
		}
		for _, term := range vocabulary.Terms() {
			if saysNothing(term.Code) {
				continue
			}
			t.speak(s, term)
			for _, name := range namesOf(s.list, term) {
				t.add(s.list, term.Code, name, slices.Contains(term.Abbreviations, name))
			}
		}
	}
	slices.SortFunc(t.spoken, func(a, b spoken) int { return strings.Compare(a.key, b.key) })
	if diseases, ok := sch.Vocabulary("diseases"); ok {
		for _, term := range diseases.Terms() {
			if len(term.Agents) > 0 {
				t.diseases = append(t.diseases, term)
			}
		}
	}
	return t
}

// saysNothing tells of terms whose name is no concept to look for.
func saysNothing(code string) bool {
	last := code[strings.LastIndexByte(code, '.')+1:]
	return slices.Contains([]string{
		"other", "unknown", "none", "none_found", "none_identified", "none_noted", "not_stated", "not_recorded",
		"not_assessed", "does_not_apply", "undetermined", "no", "yes",
	}, last)
}

// speak notes the names of a term and what its records carry.
func (t *thesaurus) speak(s source, term schema.Term) {
	of := conceptOf{s.list, term.Code}
	t.carriers[of] = t.below(s.list, s.kinds, term.Code)
	if s.list == "agent_class" {
		t.carriers[of] = t.meaning(s.list, term.Code).derived
	}
	for _, language := range schema.Languages() {
		for _, name := range append([]string{term.Labels[language]}, term.Synonyms[language]...) {
			t.note(spoken{nameKey(name), language, s.list, term.Code, s.weight})
		}
	}
	for _, name := range append([]string{term.ScientificName}, term.Abbreviations...) {
		t.note(spoken{nameKey(name), "", s.list, term.Code, s.weight})
	}
}

func (t *thesaurus) note(name spoken) {
	if name.key != "" {
		t.spoken = append(t.spoken, name)
	}
}

// nameKey gives what a name is looked for by.
func nameKey(name string) string {
	folded := schema.Fold(name)
	const short = 4 // characters, that may be a word of their own
	if utf8.RuneCountInString(folded) <= short {
		return folded
	}
	return strings.TrimPrefix(folded, arabicArticle)
}

// beginning gives the names that begin with a key.
func (t *thesaurus) beginning(prefix string) []spoken {
	from, _ := slices.BinarySearchFunc(t.spoken, prefix, func(name spoken, key string) int { return strings.Compare(name.key, key) })
	rest := t.spoken[from:]
	return rest[:sort.Search(len(rest), func(i int) bool { return !strings.HasPrefix(rest[i].key, prefix) })]
}

// namesOf gives labels, scientific name, synonyms and abbreviations, each once. Misspellings are for importers. The label
// of a mechanism (Laboratory, below Accidental) says what it means only together with the one above it.
func namesOf(list string, term schema.Term) []string {
	var names []string
	for _, name := range term.Names() {
		if list == "cause" && term.Parent != "" && isLabel(term, name) {
			continue
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func isLabel(term schema.Term, name string) bool {
	for _, label := range term.Labels {
		if label == name {
			return true
		}
	}
	return false
}

func (t *thesaurus) add(list, code, name string, abbreviation bool) {
	parts := cut(name)
	if len(parts) == 0 || t.tooCommon(parts, abbreviation) {
		return
	}
	key, exact := t.key(parts), joined(parts)
	for _, n := range t.names[key] {
		if n.list == list && n.code == code && n.exact == exact {
			return
		}
	}
	t.names[key] = append(t.names[key], naming{list, code, exact, abbreviation && needsCapitals(exact)})
	first, _, _ := strings.Cut(key, " ")
	t.longest[first] = max(t.longest[first], len(parts))
}

// tooCommon tells of names that would be found where nobody meant them: a single letter or ideograph, a stop word.
func (t *thesaurus) tooCommon(parts []part, abbreviation bool) bool {
	if len(parts) > 1 {
		return false
	}
	name := parts[0].folded
	if utf8.RuneCountInString(name) < 2 {
		return true
	}
	if abbreviation {
		return false
	}
	written, _ := languagesOf(name, nil)
	return slices.ContainsFunc(written, func(language string) bool { return t.analyzers.sequence(language, name) == nil })
}

// needsCapitals tells of abbreviations that are ordinary words or syllables when written small.
func needsCapitals(folded string) bool {
	return utf8.RuneCountInString(folded) < 3 || slices.Contains([]string{"car", "who", "her", "mad", "cat", "ill"}, folded)
}

// part is a word of a name or query: for Chinese, one ideograph.
type part struct {
	folded     string
	start, end int // bytes of the text
}

// cut gives the folded words of a text.
func cut(text string) []part {
	var parts []part
	start := -1
	flush := func(end int) {
		if start >= 0 {
			parts = appendPart(parts, text, start, end)
		}
		start = -1
	}
	for i, r := range text {
		switch {
		case isHan(r):
			flush(i)
			parts = appendPart(parts, text, i, i+utf8.RuneLen(r))
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) || r == 'ـ' || unicode.Is(unicode.Cf, r):
			if start < 0 {
				start = i
			}
		default:
			flush(i)
		}
	}
	flush(len(text))
	return parts
}

func appendPart(parts []part, text string, start, end int) []part {
	folded := strings.ReplaceAll(schema.Fold(text[start:end]), " ", "")
	if folded == "" {
		return parts
	}
	return append(parts, part{folded, start, end})
}

func joined(parts []part) string {
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = p.folded
	}
	return strings.Join(words, " ")
}

// key gives the stems of a name, joined.
func (t *thesaurus) key(parts []part) string {
	stems := make([]string, len(parts))
	for i, p := range parts {
		stems[i] = t.stem(p.folded)
	}
	return strings.Join(stems, " ")
}

// stem takes light inflection off a folded word: Russian endings, the Arabic article and suffixes, a plural of Latin
// languages, and the spelling of ae and oe.
func (t *thesaurus) stem(folded string) string {
	switch scriptOf(folded) {
	case cyrillic:
		return filtered(t.russian, folded)
	case arabic:
		return filtered(t.arabic, folded)
	case latin:
		return stemLatin(folded)
	}
	return folded
}

func filtered(filter analysis.TokenFilter, word string) string {
	stream := filter.Filter(analysis.TokenStream{{Term: []byte(word)}})
	if len(stream) == 0 || len(stream[0].Term) == 0 {
		return word
	}
	return string(stream[0].Term)
}

func stemLatin(word string) string {
	if isPlainASCII([]byte(word)) && strings.ContainsAny(word, "0123456789") {
		return word
	}
	word = strings.ReplaceAll(strings.ReplaceAll(word, "ae", "e"), "oe", "e")
	const short = 4
	if len(word) < short {
		return word
	}
	bare := word
	if strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") && !strings.HasSuffix(word, "us") && !strings.HasSuffix(word, "is") {
		bare = word[:len(word)-1]
	}
	if len(bare) >= short {
		bare = strings.TrimSuffix(bare, "e")
	}
	if strings.HasSuffix(bare, "y") {
		bare = bare[:len(bare)-1] + "i"
	}
	return bare
}

// match gives the terms that the parts, all of them, name; capitals tells whether they may be an abbreviation that counts
// only in capitals. When some have exactly this name, only they are meant:
// "Guinea" is not Guinée-Bissau, and an inflected likeness is none beside it.
func (t *thesaurus) match(text string, parts []part, capitals func(string, []part) bool) []naming {
	var exact, like []naming
	written := joined(parts)
	for _, n := range t.names[t.key(parts)] {
		switch {
		case n.capitals && !capitals(text, parts):
		case n.exact == written:
			exact = append(exact, n)
		case likeEnough(n.exact, written):
			like = append(like, n)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return like
}

// likeEnough tells whether two names with the same stems may be taken for the same: a short single word may not.
func likeEnough(name, written string) bool {
	const least = 5
	return strings.Contains(name, " ") ||
		utf8.RuneCountInString(name) >= least && utf8.RuneCountInString(written) >= least ||
		scriptOf(name) == arabic
}

func inCapitals(text string, parts []part) bool {
	written := text[parts[0].start:parts[len(parts)-1].end]
	return !strings.ContainsFunc(written, unicode.IsLower)
}

// inAnyCase lets a field be asked for by an abbreviation in small letters: nothing else can be meant there.
func inAnyCase(string, []part) bool { return true }

// longestMatch gives the longest name that begins with the first part, and how many parts it takes; 0 when none does.
func (t *thesaurus) longestMatch(text string, parts []part) ([]naming, int) {
	for n := min(t.longest[t.stem(parts[0].folded)], len(parts)); n > 0; n-- {
		if found := t.match(text, parts[:n], inCapitals); len(found) > 0 {
			return found, n
		}
	}
	return nil, 0
}

// named gives the codes of a list that a text names, being a code or a name in any language; none when nothing is known
// by it.
func (t *thesaurus) named(list, text string) []string {
	vocabulary, ok := t.schema.Vocabulary(list)
	if !ok {
		return nil
	}
	if vocabulary.Has(text) {
		return []string{text}
	}
	if code := t.codeInAnyCase(vocabulary, text); code != "" {
		return []string{code}
	}
	var codes []string
	if parts := cut(text); len(parts) > 0 {
		for _, n := range t.match(text, parts, inAnyCase) {
			if n.list == list && !slices.Contains(codes, n.code) {
				codes = append(codes, n.code)
			}
		}
	}
	if len(codes) == 0 { // names that free text is not searched for: "unknown", "not assessed"
		if code, ok := t.schema.Resolve(list, text); ok {
			codes = append(codes, code)
		}
	}
	return codes
}

func (t *thesaurus) codeInAnyCase(vocabulary *schema.Vocabulary, text string) string {
	for _, form := range []string{strings.ToUpper(text), strings.ToLower(text)} {
		if vocabulary.Has(form) {
			return form
		}
	}
	return ""
}

// meaning is what a term is found by: keys of the codebook for the term itself, and for what is below it or follows
// from it.
type meaning struct {
	direct  []string
	derived []string
}

func (m *meaning) add(direct bool, kinds []string, codes ...string) {
	for _, c := range codes {
		for _, kind := range kinds {
			key := codeKey(kind, c)
			if slices.Contains(m.direct, key) || slices.Contains(m.derived, key) {
				continue
			}
			if direct {
				m.direct = append(m.direct, key)
			} else {
				m.derived = append(m.derived, key)
			}
		}
	}
}

// meaning gives what a term is found by in free text.
func (t *thesaurus) meaning(list, code string) meaning {
	var m meaning
	vocabulary, ok := t.schema.Vocabulary(list)
	if !ok {
		return m
	}
	kinds := sourceOf(list).kinds
	if list == "agent_class" {
		m.add(false, kinds, t.agentsOfClass(vocabulary.Descendants(code))...)
		return m
	}
	below := vocabulary.Descendants(code)
	m.add(true, kinds, code)
	m.add(false, kinds, below...)
	switch list {
	case "areas":
		if term, ok := vocabulary.Term(code); ok && term.Renamed {
			m.add(false, kinds, term.Successors...)
		}
	case "diseases":
		m.add(false, []string{"agent"}, t.agentsOf(vocabulary, below)...)
	case "agents":
		agents := t.withProducts(vocabulary, below)
		m.add(false, kinds, agents...)
		m.add(false, []string{"disease"}, t.diseasesOf(agents)...)
	}
	return m
}

// below gives the keys of a term and what is below it, of one kind: what a field asks for.
func (t *thesaurus) below(list string, kinds []string, code string) []string {
	var m meaning
	if vocabulary, ok := t.schema.Vocabulary(list); ok {
		m.add(true, kinds, vocabulary.Descendants(code)...)
	}
	return m.direct
}

// agentsOf gives the agents that cause any of the diseases, with their descendants.
func (t *thesaurus) agentsOf(diseases *schema.Vocabulary, codes []string) []string {
	agents, ok := t.schema.Vocabulary("agents")
	if !ok {
		return nil
	}
	var found []string
	for _, code := range codes {
		term, _ := diseases.Term(code)
		for _, agent := range term.Agents {
			found = append(found, agents.Descendants(agent)...)
		}
	}
	return found
}

// withProducts adds the toxins that the agents produce.
func (t *thesaurus) withProducts(agents *schema.Vocabulary, codes []string) []string {
	all := slices.Clone(codes)
	for _, term := range agents.Terms() {
		if term.Producer != "" && slices.Contains(codes, term.Producer) && !slices.Contains(all, term.Code) {
			all = append(all, term.Code)
		}
	}
	return all
}

// diseasesOf gives the diseases that nothing but these agents causes: such a record is about one of them, whether it says
// so or not.
func (t *thesaurus) diseasesOf(agents []string) []string {
	var found []string
	for _, disease := range t.diseases {
		if !slices.ContainsFunc(disease.Agents, func(agent string) bool { return !slices.Contains(agents, agent) }) {
			found = append(found, disease.Code)
		}
	}
	return found
}

func (t *thesaurus) agentsOfClass(classes []string) []string {
	agents, ok := t.schema.Vocabulary("agents")
	if !ok {
		return nil
	}
	var found []string
	for _, term := range agents.Terms() {
		if slices.Contains(classes, term.Class) {
			found = append(found, term.Code)
		}
	}
	return found
}

// namesIn gives the names of a term in a language, for highlighting.
func (t *thesaurus) namesIn(list, code, language string) []string {
	vocabulary, ok := t.schema.Vocabulary(list)
	if !ok {
		return nil
	}
	term, ok := vocabulary.Term(code)
	if !ok {
		return nil
	}
	names := append([]string{term.Labels[language], term.ScientificName}, term.Synonyms[language]...)
	names = append(names, term.Abbreviations...)
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}
