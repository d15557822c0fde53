package search

import (
	"slices"
	"testing"
)

// TestLexiconForgets: a word of which nothing is left is forgotten with its forms, unless words came since.
func TestLexiconForgets(t *testing.T) {
	t.Parallel()
	l := &lexicon{}
	l.add([]string{"anthrax", formed("anthrax", "Anthrax"), "anthracite", "cholera"}, nil)
	words := func() (texts []string) {
		for _, e := range l.beginning("") {
			texts = append(texts, e.text)
		}
		return texts
	}
	before, age := words(), l.age()
	l.add([]string{"anthrax"}, nil)
	l.forget([]string{"anthrax"}, age)
	l.forget([]string{"anthrax"}, unsettled)
	if got := words(); !slices.Equal(got, before) {
		t.Errorf("what may be there again is forgotten: %q", got)
	}
	l.forget([]string{"anthrax"}, l.age())
	if got := words(); !slices.Equal(got, []string{"anthracite", "cholera"}) {
		t.Errorf("left are %q", got)
	}
	l.add([]string{"anthrax"}, nil)
	if got := l.beginning("anthrax"); len(got) != 1 || got[0].most != 1 {
		t.Errorf("what comes back is %v", got)
	}
}

// TestLexiconMisses: an id of which nothing is left is not counted again, until it is put in again.
func TestLexiconMisses(t *testing.T) {
	t.Parallel()
	l := &lexicon{}
	l.add(nil, []string{"don-1", "don-2"})
	age := l.age()
	l.add(nil, []string{"don-1"})
	l.miss([]string{"don-1"}, age)
	l.miss([]string{"don-1"}, unsettled)
	if got := l.missing(); len(got) != 0 {
		t.Errorf("what may be there again is missed: %v", got)
	}
	l.miss([]string{"don-1", "don-2"}, l.age())
	l.add(nil, []string{"don-2"})
	if got := l.missing(); len(got) != 1 || !got["don-1"] {
		t.Errorf("missed are %v", got)
	}
}
