package search

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"bioincident/schema"
)

// Bounds of nearest: how many names it gives, and the characters of the longest text that it is asked about.
const (
	mostNear    = 3
	longestNear = 64
)

// nearest gives the names that are written most like a text, the likest first: begun alike, or a few letters apart.
func nearest(text string, names []string) []string {
	folded := []rune(schema.Fold(text))
	if len(folded) == 0 || len(folded) > longestNear {
		return nil
	}
	type near struct {
		name string
		far  int
	}
	var found []near
	for _, name := range names {
		if far, ok := apart(folded, schema.Fold(name)); ok {
			found = append(found, near{name, far})
		}
	}
	slices.SortFunc(found, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(utf8.RuneCountInString(a.name), utf8.RuneCountInString(b.name)),
			strings.Compare(a.name, b.name))
	})
	var likest []string
	for _, n := range found {
		same := func(other string) bool { return schema.Fold(other) == schema.Fold(n.name) }
		if len(likest) < mostNear && !slices.ContainsFunc(likest, same) {
			likest = append(likest, n.name)
		}
	}
	return likest
}

// apart gives how many letters apart two folded names are; ok is false when it is too many for one to be meant by the
// other.
func apart(text []rune, name string) (far int, ok bool) {
	const least, lettersPerSlip = 3, 3
	other := []rune(name)
	if len(text) >= least && strings.HasPrefix(name, string(text)) {
		return 1, true
	}
	most := max(1, min(len(text), len(other))/lettersPerSlip)
	if len(text)-len(other) > most || len(other)-len(text) > most || min(len(text), len(other)) < 2 {
		return 0, false
	}
	far = distance(text, other)
	return far, far <= most
}

// distance counts the letters to be put in, left out, changed, or exchanged with their neighbour.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			changed := last[j-1]
			if a[i-1] != b[j-1] {
				changed++
			}
			row[j] = min(last[j]+1, row[j-1]+1, changed)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
