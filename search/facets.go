package search

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"bioincident/schema"
)

// kindReader is the kind of code that names who may read a view of the named tier: its owner and recipients. It is no
// facet and can be asked for by nobody.
const kindReader = "reader"

// facetIndex numbers the facets; -1 is none.
func facetIndex(name string) int { return slices.Index(FacetNames(), name) }

// treeOf gives the vocabulary by which the values of a facet are a tree; "" when they are none.
func treeOf(facet string) string {
	switch facet {
	case "type":
		return "incident_type"
	case "agent":
		return "agents"
	case "area":
		return "areas"
	case "disease":
		return "diseases"
	}
	return ""
}

// decadeOf gives the first year of the decade of a year, both as the columns write them.
func decadeOf(year string) string {
	n, err := strconv.Atoi(year)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%04d", n-modulo(n, 10))
}

// branch is one value of a facet, of a record or above one that a record has.
type branch struct {
	facet  int8
	code   string
	parent string
}

// branches tells for each code of a codebook under which values of facets a record that has it counts. It only grows, as
// the codebook does.
type branches struct {
	schema *schema.Schema

	mu   sync.Mutex
	ids  map[branch]uint32
	list []branch
	of   [][]uint32 // by code
}

// branchesNow is the branches of all codes that there are.
type branchesNow struct {
	list []branch
	of   [][]uint32
}

func newBranches(sch *schema.Schema) *branches {
	return &branches{schema: sch, ids: map[branch]uint32{}}
}

// now gives the branches of a codebook.
func (n *branches) now(book *codebook) branchesNow {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range book.after(len(n.of)) {
		kind, code, _ := strings.Cut(name, "\x00")
		n.of = append(n.of, n.above(kind, code))
	}
	return branchesNow{n.list[:len(n.list):len(n.list)], n.of[:len(n.of):len(n.of)]}
}

// above lists the branches of a code: its own, and in a tree those above it.
func (n *branches) above(kind, code string) []uint32 {
	if facetIndex(kind) < 0 {
		return nil
	}
	vocabulary, _ := n.schema.Vocabulary(treeOf(kind))
	own := []uint32{n.number(kind, code, vocabulary)}
	if decade := decadeOf(code); kind == "year" && decade != "" {
		return append(own, n.number("decade", decade, nil))
	}
	if vocabulary != nil {
		for _, above := range vocabulary.Ancestors(code) {
			own = append(own, n.number(kind, above, vocabulary))
		}
	}
	return own
}

func (n *branches) number(facet, code string, vocabulary *schema.Vocabulary) uint32 {
	of := branch{facet: int8(facetIndex(facet)), code: code}
	if vocabulary != nil {
		term, _ := vocabulary.Term(code)
		of.parent = term.Parent
	}
	id, ok := n.ids[of]
	if !ok {
		id = uint32(len(n.list))
		n.ids[of], n.list = id, append(n.list, of)
	}
	return id
}

// branchTally says how many records count under each branch, and how many have any value of each facet.
type branchTally struct {
	records []int64
	stated  []int64 // by facet
}

func newBranchTally(of branchesNow) *branchTally {
	return &branchTally{records: make([]int64, len(of.list)), stated: make([]int64, len(FacetNames()))}
}

func (t *branchTally) add(other *branchTally) {
	for i, n := range other.records {
		t.records[i] += n
	}
	for i, n := range other.stated {
		t.stated[i] += n
	}
}

// without gives what is left when a part is taken out.
func (t *branchTally) without(part *branchTally) *branchTally {
	out := &branchTally{records: slices.Clone(t.records), stated: slices.Clone(t.stated)}
	for i, n := range part.records {
		if n != 0 {
			out.records[i] -= n
		}
	}
	for i, n := range part.stated {
		out.stated[i] -= n
	}
	return out
}

// wanted leaves of the branches of each code those of some facets.
func (n branchesNow) wanted(facets []int8) [][]uint32 {
	out := make([][]uint32, len(n.of))
	for code, ids := range n.of {
		for _, id := range ids {
			if slices.Contains(facets, n.list[id].facet) {
				out[code] = append(out[code], id)
			}
		}
	}
	return out
}

// tally counts the records of a set under the branches of some facets, a record once under each. Large sets are counted by
// all processors.
func (c *columns) tallied(s set, of branchesNow, facets []int8) *branchTally {
	wanted := of.wanted(facets)
	const worthIt = 16 * chunkRows
	parts := 1
	if count(s) > worthIt {
		parts = runtime.GOMAXPROCS(0)
	}
	tallies := make([]*branchTally, parts)
	var counting sync.WaitGroup
	for i := range parts {
		counting.Go(func() {
			t := &counter{branchTally: newBranchTally(of), list: of.list, wanted: wanted, last: make([]uint32, len(of.list))}
			for at := i; at < len(c.chunks); at += parts {
				if k := c.chunks[at]; k != nil {
					t.chunk(k, s[at*chunkWords:(at+1)*chunkWords])
				}
			}
			tallies[i] = t.branchTally
		})
	}
	counting.Wait()
	for _, other := range tallies[1:] {
		tallies[0].add(other)
	}
	return tallies[0]
}

// counter counts one record after another.
type counter struct {
	*branchTally
	list   []branch
	wanted [][]uint32
	last   []uint32 // ordinal of the record that counted last under each branch
	now    uint32
}

func (t *counter) chunk(k *chunk, of set) {
	of.each(func(no int64) {
		t.now++
		var stated uint32 // a bit for each facet
		for _, c := range k.codes[k.offsets[no]:k.offsets[no+1]] {
			if int(c) >= len(t.wanted) {
				continue
			}
			for _, id := range t.wanted[c] {
				if t.last[id] == t.now {
					continue
				}
				t.last[id] = t.now
				t.records[id]++
				stated |= 1 << t.list[id].facet
			}
		}
		for facet := 0; stated != 0; facet, stated = facet+1, stated>>1 {
			t.stated[facet] += int64(stated & 1)
		}
	})
}

// tallies remembers what the visible rows of each chunk count under all facets, so that browsing everything costs what
// changed since.
type tallies struct {
	mu     sync.Mutex
	chunks []*branchTally
	sum    *branchTally // nil until it is asked for
}

// after gives the tallies of the generation after some chunks changed.
func (t *tallies) after(changed map[int64]map[int]*row) *tallies {
	next := &tallies{}
	if t == nil {
		return next
	}
	t.mu.Lock()
	next.chunks = slices.Clone(t.chunks)
	t.mu.Unlock()
	for at := range changed {
		if at < int64(len(next.chunks)) {
			next.chunks[at] = nil
		}
	}
	return next
}

// all counts every visible row under all facets.
func (c *columns) all(of branchesNow) *branchTally {
	t := c.tally
	if t == nil {
		return newBranchTally(of)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sum != nil {
		return t.sum
	}
	for len(t.chunks) < len(c.chunks) {
		t.chunks = append(t.chunks, nil)
	}
	every := make([]int8, len(FacetNames()))
	for i := range every {
		every[i] = int8(i)
	}
	wanted := of.wanted(every)
	sum := newBranchTally(of)
	for at, k := range c.chunks {
		if k == nil {
			continue
		}
		if t.chunks[at] == nil {
			one := &counter{branchTally: newBranchTally(of), list: of.list, wanted: wanted, last: make([]uint32, len(of.list))}
			one.chunk(k, k.visible[:])
			t.chunks[at] = one.branchTally
		}
		sum.add(t.chunks[at])
	}
	t.sum = sum
	return sum
}

// counted is one facet on its way: the records of each value.
type countedFacet struct {
	values map[string]Value
	stated int64
	rows   int64
}

func (f *countedFacet) add(t *branchTally, of branchesNow, facet int, rows int64) {
	for id, n := range t.records {
		if n == 0 || of.list[id].facet != int8(facet) {
			continue
		}
		v := f.values[of.list[id].code]
		v.Code, v.Parent, v.Records = of.list[id].code, of.list[id].parent, v.Records+n
		f.values[v.Code] = v
	}
	f.stated += t.stated[facet]
	f.rows += rows
}

func (f *countedFacet) facet(name string) Facet {
	out := Facet{Name: name, NotStated: f.rows - f.stated}
	for _, v := range f.values {
		out.Values = append(out.Values, v)
	}
	slices.SortFunc(out.Values, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), strings.Compare(a.Code, b.Code))
	})
	return out
}
