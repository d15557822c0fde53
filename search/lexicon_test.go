package search

import (
	"slices"
	"testing"
)

// TestLexiconForgets: a word of which nothing is left is forgotten with its forms, unless words came since.
func TestLexiconForgets(t *testing.T) {
	t.Parallel()
	l := &lexicon{}
	l.add([]string{"anthrax", formed("anthrax", "Anthrax"), "anthracite", "cholera"})
	words := func() (texts []string) {
		for _, e := range l.beginning("") {
			texts = append(texts, e.text)
		}
		return texts
	}
	before, age := words(), l.age()
	l.add([]string{"anthrax"})
	l.forget([]string{"anthrax"}, age)
	l.forget([]string{"anthrax"}, unsettled)
	if got := words(); !slices.Equal(got, before) {
		t.Errorf("what may be there again is forgotten: %q", got)
	}
	l.forget([]string{"anthrax"}, l.age())
	if got := words(); !slices.Equal(got, []string{"anthracite", "cholera"}) {
		t.Errorf("left are %q", got)
	}
	l.add([]string{"anthrax"})
	if got := l.beginning("anthrax"); len(got) != 1 || got[0].most != 1 {
		t.Errorf("what comes back is %v", got)
	}
}
