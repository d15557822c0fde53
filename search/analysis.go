package search

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/ar"
	"github.com/blevesearch/bleve/v2/analysis/lang/cjk"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/lang/ru"
	"github.com/blevesearch/bleve/v2/analysis/token/elision"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/token/porter"
	"github.com/blevesearch/bleve/v2/analysis/token/stop"
	tokens "github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"

	"bioincident/schema"
)

// plain is the language of names and citations: no stemming, no stop words, Chinese in pairs.
const plain = ""

// analyzers turn text into terms, one way for each language and one for names. They are made here and not by name in
// bleve's registry, because all of them fold letters as the vocabularies do: what people take for the same is the same.
type analyzers struct {
	by map[string]analyzer
}

// analyzer makes terms in two steps: words as people read them, and what they are found by. A term is made of one word, or
// of two where pairs are made.
type analyzer struct {
	words analysis.Analyzer
	terms []analysis.TokenFilter
	pairs bool
}

// Analyze implements analysis.Analyzer.
func (a analyzer) Analyze(text []byte) analysis.TokenStream { return a.fold(a.words.Analyze(text)) }

func (a analyzer) fold(stream analysis.TokenStream) analysis.TokenStream {
	for _, filter := range a.terms {
		stream = filter.Filter(stream)
	}
	return stream
}

// analyzeOnce analyses a text with a memory of the terms that words become: the texts of one answer share most of their
// words, and to fold and stem them was half of the cost of showing where they stand.
func (a analyzer) analyzeOnce(text []byte, known *wordTerms) analysis.TokenStream {
	stream := a.words.Analyze(text)
	if a.pairs && slices.ContainsFunc(stream, func(t *analysis.Token) bool { return t.Type == analysis.Ideographic }) {
		return a.fold(stream)
	}
	kept := stream[:0]
	for _, token := range stream {
		if token.Term = known.term(token.Term, a); token.Term != nil {
			kept = append(kept, token)
		}
	}
	return kept
}

// wordTerms remembers what words become. The hits of an answer are read side by side.
type wordTerms struct {
	mu    sync.RWMutex
	terms map[string][]byte
}

// term gives the term of a word; nil when nothing is left of it.
func (w *wordTerms) term(word []byte, a analyzer) []byte {
	w.mu.RLock()
	term, ok := w.terms[string(word)]
	w.mu.RUnlock()
	if ok {
		return term
	}
	read := string(word) // before it is folded in place
	if made := a.fold(analysis.TokenStream{{Term: word}}); len(made) == 1 {
		term = made[0].Term
	}
	w.mu.Lock()
	w.terms[read] = term
	w.mu.Unlock()
	return term
}

func newAnalyzers() (*analyzers, error) {
	stops := map[string]analysis.TokenMap{}
	for name, words := range map[string][]byte{
		"ar": ar.ArabicStopWords, "en": en.EnglishStopWords, "es": es.SpanishStopWords, "fr": fr.FrenchStopWords,
		"ru": ru.RussianStopWords, "articles": fr.FrenchArticles,
	} {
		stops[name] = analysis.NewTokenMap()
		if err := stops[name].LoadBytes(words); err != nil {
			return nil, err
		}
	}
	low, fold, pairs := lowercase.NewLowerCaseFilter(), folder{}, cjk.NewCJKBigramFilter(false)
	with := func(filters ...analysis.TokenFilter) analysis.Analyzer {
		return &analysis.DefaultAnalyzer{Tokenizer: tokens.NewUnicodeTokenizer(), TokenFilters: filters}
	}
	then := func(filters ...analysis.TokenFilter) []analysis.TokenFilter { return filters }
	omit := func(name string) analysis.TokenFilter { return stop.NewStopTokensFilter(stops[name]) }
	return &analyzers{by: map[string]analyzer{
		"ar":  {with(low, omit("ar")), then(fold, ar.NewArabicStemmerFilter()), false},
		"en":  {with(low, en.NewPossessiveFilter(), omit("en")), then(fold, porter.NewPorterStemmer()), false},
		"es":  {with(low, omit("es")), then(fold, es.NewSpanishLightStemmerFilter()), false},
		"fr":  {with(low, elision.NewElisionFilter(stops["articles"]), omit("fr")), then(fold, fr.NewFrenchLightStemmerFilter()), false},
		"ru":  {with(low, omit("ru")), then(fold, ru.NewRussianStemmerFilter()), false},
		"zh":  {with(low), then(fold, pairs), true},
		plain: {with(low, en.NewPossessiveFilter()), then(fold, pairs), true},
	}}, nil
}

// of gives the analyzer of a language; an unknown one is taken as plain.
func (a *analyzers) of(language string) analyzer {
	if analyzer, ok := a.by[language]; ok {
		return analyzer
	}
	return a.by[plain]
}

// sequence is a run of terms as a text has them: a place per position, "" where a stop word stood.
type sequence []string

// sequence gives the terms of a word or phrase in a language; nil when all of it is stop words.
func (a *analyzers) sequence(language, text string) sequence {
	stream := a.of(language).Analyze([]byte(text))
	if len(stream) == 0 {
		return nil
	}
	first, last := stream[0].Position, stream[len(stream)-1].Position
	if last < first || last-first >= maxTokens {
		return nil
	}
	s := make(sequence, last-first+1)
	for _, token := range stream {
		s[token.Position-first] = string(token.Term)
	}
	return s
}

// maxTokens bounds a phrase.
const maxTokens = 64

// folder folds terms as schema.Fold does and drops those of which nothing is left.
type folder struct{}

// Filter implements analysis.TokenFilter.
func (folder) Filter(input analysis.TokenStream) analysis.TokenStream {
	kept := input[:0]
	for _, token := range input {
		if !isPlainASCII(token.Term) {
			token.Term = []byte(strings.ReplaceAll(schema.Fold(string(token.Term)), " ", ""))
		}
		if len(token.Term) > 0 && len(token.Term) <= longestTerm {
			kept = append(kept, token)
		}
	}
	return kept
}

// longestTerm is the most bytes of one term. A longer run without a blank is no word that anyone searches.
const longestTerm = 256

// isPlainASCII tells whether folding would change nothing.
func isPlainASCII(term []byte) bool {
	for _, c := range term {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// guard is an analyzer for one document that does not let a panic end the process: the document is left out instead.
type guard struct {
	analysis.Analyzer
	failed *bool
}

// Analyze implements analysis.Analyzer.
func (g guard) Analyze(text []byte) (stream analysis.TokenStream) {
	defer func() {
		if recover() != nil {
			*g.failed = true
			stream = nil
		}
	}()
	return g.Analyzer.Analyze(text)
}

// script is a set of scripts.
type script uint8

const (
	latin script = 1 << iota
	cyrillic
	arabic
	han
)

// scriptOf tells which scripts the letters of a text are of.
func scriptOf(text string) script {
	var s script
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
				s |= latin
			}
		case isHan(r):
			s |= han
		case unicode.Is(unicode.Arabic, r) && unicode.IsLetter(r):
			s |= arabic
		case unicode.Is(unicode.Cyrillic, r):
			s |= cyrillic
		case unicode.IsLetter(r):
			s |= latin
		}
	}
	return s
}

func isHan(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// languagesOf gives the languages in whose texts a word may stand, by its script: first those that are written in it. A
// code in Latin letters (H5N1, SARS) or a number may stand in a text of any language.
func languagesOf(word string, only []string) (written, other []string) {
	s := scriptOf(word)
	if s&latin != 0 {
		written = append(written, "en", "fr", "es")
	}
	if s&cyrillic != 0 {
		written = append(written, "ru")
	}
	if s&arabic != 0 {
		written = append(written, "ar")
	}
	if s&han != 0 {
		written = append(written, "zh")
	}
	if s == 0 || s == latin && isCode(word) {
		for _, language := range schema.Languages() {
			if !slices.Contains(written, language) {
				other = append(other, language)
			}
		}
	}
	if only == nil {
		return written, other
	}
	foreign := func(language string) bool { return !slices.Contains(only, language) }
	return slices.DeleteFunc(written, foreign), slices.DeleteFunc(other, foreign)
}

// isCode tells whether a word has a digit or no small letter.
func isCode(word string) bool {
	if strings.ContainsFunc(word, unicode.IsDigit) {
		return true
	}
	return utf8.RuneCountInString(word) > 1 && !strings.ContainsFunc(word, unicode.IsLower)
}
