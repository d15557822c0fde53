package search

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	index "github.com/blevesearch/bleve_index_api"

	"bioincident/schema"
)

// The fields that suggestions are made from. A term of fieldWords is a folded word, or such a word and, after formMark, as
// it is written where that differs; one of fieldShown is a folded id, with its form likewise.
const (
	fieldWords = "words"
	fieldShown = "shown"
	formMark   = "\x00"
)

// formed joins a folded word or id with the form people read.
func formed(folded, form string) string {
	if form == folded {
		return folded
	}
	return folded + formMark + form
}

// wordsNoted collects the words of one document as suggestions need them: whole and not stemmed, each once. It does so while
// bleve's workers analyse the texts.
type wordsNoted struct {
	seen  map[string]sight
	terms []string // of fieldWords
}

// sight tells as what a string was seen: it may be a word as written and the key of another.
type sight uint8

const (
	asForm sight = 1 << iota
	asKey
)

func newWordsNoted() *wordsNoted { return &wordsNoted{seen: map[string]sight{}} }

// noting is the analyzer of one text of the document.
type noting struct {
	analyzer analyzer
	noted    *wordsNoted
}

// Analyze implements analysis.Analyzer. Chinese words are those pairs of characters by which texts are found.
func (n noting) Analyze(text []byte) analysis.TokenStream {
	stream := n.analyzer.words.Analyze(text)
	for _, token := range stream {
		if token.Type != analysis.Ideographic {
			n.noted.note(string(token.Term))
		}
	}
	stream = n.analyzer.fold(stream)
	for _, token := range stream {
		if token.Type == analysis.Double {
			n.noted.note(string(token.Term))
		}
	}
	return stream
}

func (w *wordsNoted) note(form string) {
	seen := w.seen[form]
	if seen&asForm != 0 {
		return
	}
	w.seen[form] = seen | asForm
	key := wordKey(form)
	if !isReadable(key) {
		return
	}
	if seen := w.seen[key]; seen&asKey == 0 {
		w.seen[key] = seen | asKey
		w.terms = append(w.terms, key)
	}
	if form != key {
		w.terms = append(w.terms, formed(key, form))
	}
}

// Analyze implements analysis.Analyzer: it is that of the field of words, whose text is empty. It comes after the texts.
func (w *wordsNoted) Analyze([]byte) analysis.TokenStream {
	stream := make(analysis.TokenStream, len(w.terms))
	for i, term := range w.terms {
		stream[i] = &analysis.Token{Term: []byte(term), Position: i + 1}
	}
	return stream
}

// arabicArticle stands at the beginning of many words and says nothing about which.
const arabicArticle = "ال"

// wordKey gives what a word is looked for by: folded, without the Arabic article.
func wordKey(form string) string {
	const shortest = 5 // characters, of a word that has the article
	folded := form
	if !isPlainASCII([]byte(form)) {
		folded = strings.ReplaceAll(schema.Fold(form), " ", "")
	}
	if bare, ok := strings.CutPrefix(folded, arabicArticle); ok && utf8.RuneCountInString(folded) >= shortest {
		return bare
	}
	return folded
}

// isReadable tells of words, not numbers, and not what stands without a blank for other reasons.
func isReadable(key string) bool {
	const shortest, longest = 2, 40
	n := utf8.RuneCountInString(key)
	return n >= shortest && n <= longest && strings.ContainsFunc(key, unicode.IsLetter)
}

// lexicon lists the words of one word index. A word of which no live record is left is never given, because the live
// records of each word are counted before it is, and is forgotten when that is found: a word that was taken away would
// else be counted in vain each time, and the time would tell it from one that never was.
type lexicon struct {
	mu      sync.RWMutex
	entries []entry         // by text; replaced, never changed
	noted   uint64          // how often words or ids were added
	gone    map[string]bool // ids, as terms of fieldShown, of which no live record is left; replaced, never changed
}

// entry is a term of fieldWords and the most records that can have it.
type entry struct {
	text string
	most uint32
}

// add notes the words and the ids of documents that were put in.
func (l *lexicon) add(terms, ids []string) {
	if len(terms) == 0 && len(ids) == 0 {
		return
	}
	slices.Sort(terms)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = merged(l.entries, terms)
	l.noted++
	if slices.ContainsFunc(ids, func(id string) bool { return l.gone[id] }) {
		l.gone = maps.Clone(l.gone)
		for _, id := range ids {
			delete(l.gone, id)
		}
	}
}

// missing gives the ids of which no live record is left, as far as that was found.
func (l *lexicon) missing() map[string]bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.gone
}

// miss notes ids of which no live record was left at an age: they stand in the word index until it is merged, and to
// count them in vain each time would tell them from those that never were. Like forget, it does nothing at another age.
func (l *lexicon) miss(ids []string, age uint64) {
	if len(ids) == 0 || age == unsettled {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.noted+1 != age {
		return
	}
	gone := maps.Clone(l.gone)
	if gone == nil {
		gone = map[string]bool{}
	}
	for _, id := range ids {
		gone[id] = true
	}
	l.gone = gone
}

// unsettled is the age of a lexicon that holds words of documents which are not shown yet.
const unsettled = 0

// age changes whenever words are added.
func (l *lexicon) age() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.noted + 1
}

// forget takes out words of which no live record was left at an age, with their forms. It does nothing when the lexicon
// is not of that age: what was added since may have them again.
func (l *lexicon) forget(words []string, age uint64) {
	if len(words) == 0 || age == unsettled {
		return
	}
	slices.Sort(words)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.noted+1 != age {
		return
	}
	kept := make([]entry, 0, len(l.entries))
	for _, e := range l.entries {
		word, _, _ := strings.Cut(e.text, formMark)
		_, gone := slices.BinarySearch(words, e.text)
		if !gone && word != e.text {
			_, gone = slices.BinarySearch(words, word)
		}
		if !gone {
			kept = append(kept, e)
		}
	}
	l.entries = kept
}

// merged adds sorted terms, each as often as it stands there.
func merged(entries []entry, terms []string) []entry {
	all := make([]entry, 0, len(entries)+len(terms)/4)
	for i, j := 0, 0; i < len(entries) || j < len(terms); {
		var next entry
		if j == len(terms) || i < len(entries) && entries[i].text <= terms[j] {
			next = entries[i]
			i++
		} else {
			next.text = terms[j]
		}
		for j < len(terms) && terms[j] == next.text {
			next.most++
			j++
		}
		all = append(all, next)
	}
	return all
}

// beginning gives the entries that begin with a prefix.
func (l *lexicon) beginning(prefix string) []entry {
	l.mu.RLock()
	entries := l.entries
	l.mu.RUnlock()
	from := sort.Search(len(entries), func(i int) bool { return entries[i].text >= prefix })
	rest := entries[from:]
	return rest[:sort.Search(len(rest), func(i int) bool { return !strings.HasPrefix(rest[i].text, prefix) })]
}

// readLexicon lists the words of a word index that was there before.
func readLexicon(reader index.IndexReader) (*lexicon, error) {
	dictionary, err := reader.FieldDict(fieldWords)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dictionary.Close() }()
	l := &lexicon{}
	for {
		term, err := dictionary.Next()
		if err != nil || term == nil {
			return l, err
		}
		l.entries = append(l.entries, entry{term.Term, uint32(term.Count)})
	}
}
