package schema

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// Languages lists the six official languages of the United Nations in the order in which the files write them.
func Languages() []string { return []string{"ar", "zh", "en", "fr", "ru", "es"} }

// Vocabulary is one list of terms, perhaps a tree. It is read-only: what its methods give is shared.
type Vocabulary struct {
	list, version string
	labels        map[string]string
	unread        []string
	terms         []Term
	at            map[string]int
	children      map[string][]string
	descendants   map[string][]string
	ancestors     map[string][]string
	names         map[string]string // folded name → code; "" when several terms have the name
}

type vocabularyFile struct {
	List    string            `json:"list"`
	Version string            `json:"version"`
	Labels  map[string]string `json:"labels"`
	Unread  []string          `json:"unread"`
	Terms   []Term            `json:"terms"`
}

func readVocabulary(data []byte) (*Vocabulary, error) {
	var f vocabularyFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	v := &Vocabulary{
		list: f.List, version: f.Version, labels: f.Labels, unread: f.Unread, terms: f.Terms,
		at: make(map[string]int, len(f.Terms)),
	}
	for i := range v.terms {
		t := &v.terms[i]
		if t.Code == "" || len(t.Labels) == 0 {
			return nil, fmt.Errorf("term %d (%q) lacks a code or labels", i, t.Code)
		}
		if _, twice := v.at[t.Code]; twice {
			return nil, fmt.Errorf("code %q stands twice", t.Code)
		}
		v.at[t.Code] = i
		if t.Parent != "" && len(t.Parents) == 0 {
			t.Parents = []string{t.Parent}
		}
		if t.Parent == "" && len(t.Parents) > 0 {
			t.Parent = t.Parents[0]
		}
	}
	if err := v.grow(); err != nil {
		return nil, err
	}
	v.name()
	return v, nil
}

// grow computes the tree: children, descendants, ancestors.
func (v *Vocabulary) grow() error {
	v.children = map[string][]string{}
	for i := range v.terms {
		if err := v.hang(&v.terms[i]); err != nil {
			return err
		}
	}
	v.descendants = make(map[string][]string, len(v.terms))
	v.ancestors = make(map[string][]string, len(v.terms))
	for i := range v.terms {
		if _, err := v.descend(v.terms[i].Code, 0); err != nil {
			return err
		}
	}
	v.addWholeFormers()
	for i := range v.terms {
		code := v.terms[i].Code
		for _, below := range v.descendants[code][1:] {
			v.ancestors[below] = append(v.ancestors[below], code)
		}
	}
	for code, above := range v.ancestors { // the nearest first: what is nearer holds less
		slices.SortStableFunc(above, func(a, b string) int {
			return cmp.Compare(len(v.descendants[a]), len(v.descendants[b]))
		})
		v.ancestors[code] = above
	}
	return nil
}

// hang puts a term under its parents; the members of a region under it; a renamed former State under the present one.
func (v *Vocabulary) hang(t *Term) error {
	for _, parent := range t.Parents {
		if _, ok := v.at[parent]; !ok {
			return fmt.Errorf("%q has parent %q, which is not in the list", t.Code, parent)
		}
		v.children[parent] = append(v.children[parent], t.Code)
	}
	for _, member := range t.Members {
		if _, ok := v.at[member]; !ok {
			return fmt.Errorf("%q has member %q, which is not in the list", t.Code, member)
		}
		v.children[t.Code] = append(v.children[t.Code], member)
	}
	for _, successor := range t.Successors {
		if _, ok := v.at[successor]; !ok {
			return fmt.Errorf("%q has successor %q, which is not in the list", t.Code, successor)
		}
		if t.Renamed {
			v.children[successor] = append(v.children[successor], t.Code)
		}
	}
	return nil
}

// descend gives a code and everything below it, each once.
func (v *Vocabulary) descend(code string, depth int) ([]string, error) {
	const deepest = 12
	if depth > deepest {
		return nil, fmt.Errorf("%q is below itself, or the tree is deeper than %d", code, deepest)
	}
	if known, ok := v.descendants[code]; ok {
		return known, nil
	}
	below, seen := []string{code}, map[string]bool{code: true}
	for _, child := range v.children[code] {
		more, err := v.descend(child, depth+1)
		if err != nil {
			return nil, err
		}
		for _, c := range more {
			if !seen[c] {
				seen[c] = true
				below = append(below, c)
			}
		}
	}
	v.descendants[code] = below
	return below, nil
}

// addWholeFormers puts a former State into a region that lists its members when all its successors are inside: an event
// in the Soviet Union is one of the WHO European Region, not one of the European Union.
func (v *Vocabulary) addWholeFormers() {
	for i := range v.terms {
		region := &v.terms[i]
		if len(region.Members) == 0 {
			continue
		}
		for j := range v.terms {
			former := &v.terms[j]
			below := v.descendants[region.Code]
			if len(former.Successors) > 0 && !slices.Contains(below, former.Code) && containsAll(below, former.Successors) {
				v.descendants[region.Code] = append(below[:len(below):len(below)], former.Code)
			}
		}
	}
}

func containsAll(all, some []string) bool {
	for _, s := range some {
		if !slices.Contains(all, s) {
			return false
		}
	}
	return true
}

// name indexes every name of every term. A label wins over a synonym, a synonym over an abbreviation, that over a
// misspelling; a name that two terms hold by the same right belongs to neither.
func (v *Vocabulary) name() {
	v.names = make(map[string]string, 8*len(v.terms))
	for rank := range nameRanks {
		here := map[string]string{}
		for i := range v.terms {
			t := &v.terms[i]
			for _, name := range t.ranked(rank) {
				folded := Fold(name)
				if other, ok := here[folded]; ok && other != t.Code {
					here[folded] = ""
					continue
				}
				here[folded] = t.Code
			}
		}
		for folded, code := range here {
			if _, ok := v.names[folded]; !ok && folded != "" {
				v.names[folded] = code
			}
		}
	}
}

const nameRanks = 5

// ranked gives the names that a term holds by one right.
func (t *Term) ranked(rank int) []string {
	switch rank {
	case 0:
		return []string{t.Code}
	case 1:
		names := make([]string, 0, len(t.Labels)+1)
		for _, label := range t.Labels {
			names = append(names, label)
		}
		return append(names, t.ScientificName)
	case 2:
		var names []string
		for _, synonyms := range t.Synonyms {
			names = append(names, synonyms...)
		}
		return names
	case 3:
		names := append([]string{t.ISO2}, t.Abbreviations...)
		if t.Kind != "former" { // its number is now that of its successor
			names = append(names, t.M49)
		}
		return names
	}
	return t.Misspellings
}

// Names gives every name of a term that may be shown or searched, in all languages: labels, scientific name, synonyms,
// abbreviations. Misspellings are not names.
func (t Term) Names() []string {
	names := slices.Concat(t.ranked(1), t.ranked(2), t.Abbreviations)
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// List gives the vocabulary's name, which is that of its file.
func (v *Vocabulary) List() string { return v.list }

// Version gives the version of the list.
func (v *Vocabulary) Version() string { return v.version }

// Title gives the name of the list in a language, else in English.
func (v *Vocabulary) Title(lang string) string { return cmp.Or(v.labels[lang], v.labels["en"], v.list) }

// Unread lists the languages whose words nobody fluent has read.
func (v *Vocabulary) Unread() []string { return v.unread }

// Terms gives all terms in the order of the file.
func (v *Vocabulary) Terms() []Term { return v.terms }

// Has tells whether there is a term with this code.
func (v *Vocabulary) Has(code string) bool {
	_, ok := v.at[code]
	return ok
}

// Term gives the term with a code.
func (v *Vocabulary) Term(code string) (Term, bool) {
	i, ok := v.at[code]
	if !ok {
		return Term{}, false
	}
	return v.terms[i], true
}

// Children gives the codes right below a code.
func (v *Vocabulary) Children(code string) []string { return v.children[code] }

// Descendants gives a code itself and then every code below it: of a region its areas and the former States that lay in
// it, of a State the names it had before. It is nil for an unknown code.
func (v *Vocabulary) Descendants(code string) []string { return v.descendants[code] }

// Ancestors gives every code that has this one among its descendants, the nearest first, without the code itself.
func (v *Vocabulary) Ancestors(code string) []string { return v.ancestors[code] }

// Label gives the label of a code in a language, else in English, else the code.
func (v *Vocabulary) Label(code, lang string) string {
	i, ok := v.at[code]
	if !ok {
		return code
	}
	return cmp.Or(v.terms[i].Labels[lang], v.terms[i].Labels["en"], code)
}

// resolve gives the code whose name this is.
func (v *Vocabulary) resolve(name string) (string, bool) {
	if v.Has(name) {
		return name, true
	}
	code := v.names[Fold(name)]
	return code, code != ""
}
