package search

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
)

// Words are the words and names of a query, as the texts of a view are to be searched for them.
type Words struct {
	sequences map[string]map[string][]sequence // language → first term
	count     map[string]int
	analyzers *analyzers
	terms     map[string]*wordTerms // language → word of a text → its term, for the texts of one answer
}

func newWords(a *analyzers) Words {
	return Words{sequences: map[string]map[string][]sequence{}, count: map[string]int{}, analyzers: a, terms: map[string]*wordTerms{}}
}

// Empty tells whether there is nothing to search texts for.
func (w Words) Empty() bool { return len(w.sequences) == 0 }

// mostSequences bounds the words and names of one language.
const mostSequences = 256

func (w *Words) add(language string, s sequence) {
	if len(s) == 0 || s[0] == "" || w.count[language] >= mostSequences {
		return
	}
	of := w.sequences[language]
	if of == nil {
		of = map[string][]sequence{}
		w.sequences[language], w.terms[language] = of, &wordTerms{terms: map[string][]byte{}}
	}
	if slices.ContainsFunc(of[s[0]], func(other sequence) bool { return slices.Equal(s, other) }) {
		return
	}
	of[s[0]] = append(of[s[0]], s)
	w.count[language]++
}

// Fragment is a piece of a text in which words of the query were found.
type Fragment struct {
	Field    string // one of the Field constants
	Language string // "" for names and citations
	Pieces   []Piece
}

// Piece is a run of characters; Mark tells that it was found.
type Piece struct {
	Text string
	Mark bool
}

// Highlight gives, of the texts of a hydrated view, at most so many fragments with words of the query marked, in the
// order of the texts. Words that were asked for with NOT are not marked.
func Highlight(texts []Text, words Words, most int) []Fragment {
	var fragments []Fragment
	for _, text := range texts {
		if len(fragments) >= most {
			break
		}
		marks := words.marks(text)
		if len(marks) == 0 {
			continue
		}
		fragments = append(fragments, Fragment{text.Field, text.Language, fragment(text.Text, marks)})
	}
	return fragments
}

// mark is a stretch of bytes that was found.
type mark struct{ start, end int }

// marks gives the stretches of a text in which a sequence of terms stands, in order and joined where they touch.
func (w Words) marks(text Text) []mark {
	wanted := w.sequences[text.Language]
	if len(wanted) == 0 {
		return nil
	}
	stream := w.analyzers.of(text.Language).analyzeOnce([]byte(text.Text), w.terms[text.Language])
	var found []mark
	for i, token := range stream {
		longest := mark{end: -1}
		for _, s := range wanted[string(token.Term)] {
			if end := standsAt(stream[i:], s); end > longest.end {
				longest = mark{token.Start, end}
			}
		}
		if longest.end >= 0 {
			found = append(found, longest)
		}
	}
	return joinMarks(found)
}

// standsAt gives the byte at which a sequence that begins with the first token ends; -1 when it does not stand here.
func standsAt(stream analysis.TokenStream, s sequence) int {
	at, end := 0, stream[0].End
	for offset, term := range s {
		if term == "" {
			continue
		}
		position := stream[0].Position + offset
		for at < len(stream) && stream[at].Position < position {
			at++
		}
		if at == len(stream) || stream[at].Position != position || string(stream[at].Term) != term {
			return -1
		}
		end = stream[at].End
	}
	return end
}

func joinMarks(marks []mark) []mark {
	var joined []mark
	for _, m := range marks {
		if last := len(joined) - 1; last >= 0 && m.start <= joined[last].end {
			joined[last].end = max(joined[last].end, m.end)
			continue
		}
		joined = append(joined, m)
	}
	return joined
}

// A fragment begins a little before the first mark and goes on for a few lines.
const (
	bytesBefore = 80
	bytesLong   = 280
)

// fragment cuts a piece of a text around the first mark, at blanks, and marks all that was found in it.
func fragment(text string, marks []mark) []Piece {
	from, to := window(text, marks[0])
	var pieces []Piece
	add := func(part string, found bool) {
		if part != "" {
			pieces = append(pieces, Piece{part, found})
		}
	}
	if from > 0 {
		add("…", false)
	}
	at := from
	for _, m := range marks {
		if m.end > to {
			break
		}
		add(text[at:m.start], false)
		add(text[m.start:m.end], true)
		at = m.end
	}
	add(text[at:to], false)
	if to < len(text) {
		add("…", false)
	}
	return pieces
}

// window gives the stretch of a text to show around a mark.
func window(text string, m mark) (from, to int) {
	from, to = max(0, m.start-bytesBefore), min(len(text), max(m.end, m.start+bytesLong-bytesBefore))
	from = forward(text, from, m.start)
	return from, backward(text, m.end, to)
}

// forward moves to the beginning of a word, or of a character where there are no blanks, but not beyond a limit.
func forward(text string, at, limit int) int {
	if at == 0 {
		return 0
	}
	for i := at; i < limit; i++ {
		if r, size := utf8.DecodeRuneInString(text[i:]); utf8.RuneStart(text[i]) && unicode.IsSpace(r) {
			return i + size
		}
	}
	for at < limit && !utf8.RuneStart(text[at]) {
		at++
	}
	return at
}

// backward moves to the end of a word, or of a character where there are no blanks, but not below a limit.
func backward(text string, limit, at int) int {
	if at == len(text) {
		return at
	}
	for i := at; i > limit; i-- {
		if r, _ := utf8.DecodeRuneInString(text[i:]); utf8.RuneStart(text[i]) && unicode.IsSpace(r) {
			return i
		}
	}
	for at > limit && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}
