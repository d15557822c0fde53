package search

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync"
)

// code is a kind and a code of it, numbered within one wall.
type code uint16

// maxCodes is how many kinds and codes one wall can number.
const maxCodes = math.MaxUint16

// codebook numbers the codes of one wall. It only grows, so that generations share it.
type codebook struct {
	mu    sync.RWMutex
	ids   map[string]code
	names []string
}

func newCodebook() *codebook { return &codebook{ids: map[string]code{}} }

// codeKey names a code of a kind.
func codeKey(kind, code string) string { return kind + "\x00" + code }

// findAll gives the numbers of those that some record has.
func (b *codebook) findAll(keys []string) []code {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var ids []code
	for _, key := range keys {
		if id, ok := b.ids[key]; ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// ofKind gives all codes of a kind.
func (b *codebook) ofKind(kind string) []code {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var ids []code
	for id, name := range b.names {
		if len(name) > len(kind) && name[len(kind)] == 0 && name[:len(kind)] == kind {
			ids = append(ids, code(id))
		}
	}
	return ids
}

// number gives the number of a code, a new one if need be.
func (b *codebook) number(key string) (code, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id, ok := b.ids[key]; ok {
		return id, nil
	}
	if len(b.names) >= maxCodes {
		return 0, fmt.Errorf("more than %d different codes", maxCodes)
	}
	id := code(len(b.names))
	b.ids[key] = id
	b.names = append(b.names, key)
	return id, nil
}

// after gives the names numbered from n on.
func (b *codebook) after(n int) []string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.names[n:len(b.names):len(b.names)]
}

func (b *codebook) size() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.names)
}

// row is what the columns hold of one record.
type row struct {
	no        int64
	published int64
	hash      uint64 // of the view
	codes     []code // sorted
	dates     Dates
	deaths    bounds
	cases     bounds
	group     string
}

// bounds are the least and the most of a count; -1 is an end that is not stated, and noCount on both sides no count.
type bounds [2]int64

const noCount = math.MinInt64

func (b bounds) none() bool { return b[0] == noCount }

func boundsOf(counts map[string][2]int64, measure string) bounds {
	if b, ok := counts[measure]; ok {
		return b
	}
	return bounds{noCount, noCount}
}

// rowOf gives the row of a document, whose codes are numbered.
func rowOf(doc Document, codes []code) row {
	return row{no: doc.No, published: doc.Published, hash: hashOf(doc.Hash), codes: codes, dates: doc.Dates,
		deaths: boundsOf(doc.Counts, "deaths"), cases: boundsOf(doc.Counts, "cases"), group: doc.Group}
}

const (
	chunkRows  = 1024
	chunkWords = chunkRows / 64
	// maxNo bounds record numbers, so that a wrong one does not ask for all memory.
	maxNo = 1 << 31
)

// chunk holds the columns of consecutive numbers, and the same codes turned round: per code the rows that have it. It
// never changes once it is in a generation.
type chunk struct {
	held      [chunkWords]uint64 // there is a row
	visible   [chunkWords]uint64 // … and it may be shown
	published [chunkRows]int64
	hash      [chunkRows]uint64
	offsets   [chunkRows + 1]uint32
	codes     []code
	heads     []code // sorted
	starts    []uint32
	rows      []uint16

	began, core, hull [chunkRows]Window
	told              [chunkRows + 1]uint32 // offsets into reported
	reported          []Window
	deaths, cases     [chunkRows]bounds
	groups            []string // of each row; nil when none of them has one
}

// columns are one generation of everything known of records by codes, keyed by record number.
type columns struct {
	chunks []*chunk // nil where no record is
	count  int64    // visible rows
	tally  *tallies // of the facets of all visible rows
}

// limit is one more than the highest number there can be.
func (c *columns) limit() int64 { return int64(len(c.chunks)) * chunkRows }

func (k *chunk) row(base int64, i int) row {
	return row{no: base + int64(i), published: k.published[i], hash: k.hash[i], codes: k.codes[k.offsets[i]:k.offsets[i+1]],
		dates:  Dates{Began: k.began[i], Core: k.core[i], Hull: k.hull[i], Reported: k.reported[k.told[i]:k.told[i+1]]},
		deaths: k.deaths[i], cases: k.cases[i], group: k.group(i)}
}

func (k *chunk) group(i int) string {
	if k.groups == nil {
		return ""
	}
	return k.groups[i]
}

// set puts a row in its place; rows come in the order of their places.
func (k *chunk) set(i int, r row) {
	k.published[i], k.hash[i] = r.published, r.hash
	k.codes = append(k.codes, r.codes...)
	k.began[i], k.core[i], k.hull[i] = r.dates.Began, r.dates.Core, r.dates.Hull
	k.reported = append(k.reported, r.dates.Reported...)
	k.deaths[i], k.cases[i] = r.deaths, r.cases
	if r.group == "" {
		return
	}
	if k.groups == nil {
		k.groups = make([]string, chunkRows)
	}
	k.groups[i] = r.group
}

// with gives the generation after some rows were put and some taken away. Only the chunks they lie in are made anew.
func (c *columns) with(put []row, remove []int64) *columns {
	changes := map[int64]map[int]*row{}
	note := func(no int64, r *row) {
		at := no / chunkRows
		if changes[at] == nil {
			changes[at] = map[int]*row{}
		}
		changes[at][int(no%chunkRows)] = r
	}
	for _, no := range remove {
		if no < c.limit() {
			note(no, nil)
		}
	}
	for i := range put {
		note(put[i].no, &put[i])
	}
	next := &columns{chunks: slices.Clone(c.chunks), tally: c.tally.after(changes)}
	for at, change := range changes {
		for int64(len(next.chunks)) <= at {
			next.chunks = append(next.chunks, nil)
		}
		next.chunks[at] = rebuilt(next.chunks[at], at*chunkRows, change)
	}
	next.recount()
	return next
}

func (c *columns) recount() {
	c.count = 0
	for _, k := range c.chunks {
		if k != nil {
			c.count += int64(count(k.visible[:]))
		}
	}
}

// rebuilt makes a chunk from an old one and changes by place in it; a nil row takes away.
func rebuilt(old *chunk, base int64, change map[int]*row) *chunk {
	k := &chunk{}
	for i := range chunkRows {
		k.offsets[i], k.told[i] = uint32(len(k.codes)), uint32(len(k.reported))
		r, changed := change[i]
		shown := true
		if !changed && old != nil && has(old.held[:], i) {
			kept := old.row(base, i)
			r, shown = &kept, has(old.visible[:], i)
		}
		if r == nil {
			continue
		}
		k.held[i/64] |= 1 << (i % 64)
		if shown {
			k.visible[i/64] |= 1 << (i % 64)
		}
		k.set(i, *r)
	}
	k.offsets[chunkRows], k.told[chunkRows] = uint32(len(k.codes)), uint32(len(k.reported))
	k.invert()
	return k
}

// invert lists the rows of each code.
func (k *chunk) invert() {
	k.heads = slices.Clone(k.codes)
	slices.Sort(k.heads)
	k.heads = slices.Clip(slices.Compact(k.heads))
	k.starts = make([]uint32, len(k.heads)+1)
	at := make(map[code]int, len(k.heads))
	for i, head := range k.heads {
		at[head] = i
	}
	for _, c := range k.codes {
		k.starts[at[c]+1]++
	}
	for i := range k.heads {
		k.starts[i+1] += k.starts[i]
	}
	next := slices.Clone(k.starts)
	k.rows = make([]uint16, len(k.codes))
	for i := range chunkRows {
		for _, c := range k.codes[k.offsets[i]:k.offsets[i+1]] {
			k.rows[next[at[c]]] = uint16(i)
			next[at[c]]++
		}
	}
}

// without gives the generation in which some rows are hidden.
func (c *columns) without(hide []int64) *columns {
	next := &columns{chunks: slices.Clone(c.chunks)}
	copied := map[int64]map[int]*row{}
	for _, no := range hide {
		at, i := no/chunkRows, int(no%chunkRows)
		if no < 0 || no >= c.limit() || next.chunks[at] == nil {
			continue
		}
		if copied[at] == nil {
			copied[at] = map[int]*row{}
			k := *next.chunks[at]
			next.chunks[at] = &k
		}
		next.chunks[at].visible[i/64] &^= 1 << (i % 64)
	}
	next.tally = c.tally.after(copied)
	next.recount()
	return next
}

// set is a set of record numbers, as wide as the columns it was made from.
type set []uint64

func has(s set, i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

// holds tells whether a number is in the set; one beyond its width is not.
func (s set) holds(no int64) bool { return no >= 0 && no < int64(len(s))*64 && has(s, int(no)) }

func (s set) add(no int64) { s[no/64] |= 1 << (no % 64) }

func (s set) and(other set) {
	for i := range s {
		s[i] &= other[i]
	}
}

func (s set) or(other set) {
	for i := range s {
		s[i] |= other[i]
	}
}

func (s set) minus(other set) {
	for i := range s {
		s[i] &^= other[i]
	}
}

func count(s set) int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

func (s set) clone() set { return slices.Clone(s) }

// without gives a new set of what is in one and not in the other.
func (s set) without(other set) set {
	out := s.clone()
	out.minus(other)
	return out
}

// each calls for every number in ascending order.
func (s set) each(visit func(no int64)) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			visit(int64(i)*64 + int64(bits.TrailingZeros64(word)))
		}
	}
}

func (s set) eachDown(visit func(no int64)) {
	for i, word := range slices.Backward(s) {
		for word != 0 {
			bit := 63 - bits.LeadingZeros64(word)
			visit(int64(i)*64 + int64(bit))
			word &^= 1 << bit
		}
	}
}

// empty gives an empty set of the columns' width.
func (c *columns) empty() set { return make(set, len(c.chunks)*chunkWords) }

// visible gives the numbers that may be shown.
func (c *columns) visible() set {
	s := c.empty()
	for at, k := range c.chunks {
		if k != nil {
			copy(s[at*chunkWords:], k.visible[:])
		}
	}
	return s
}

// holding gives the visible numbers that have any of the codes.
func (c *columns) holding(codes []code) set {
	s := c.empty()
	for at, k := range c.chunks {
		if k == nil {
			continue
		}
		words := s[at*chunkWords : (at+1)*chunkWords]
		for _, wanted := range codes {
			head, ok := slices.BinarySearch(k.heads, wanted)
			if !ok {
				continue
			}
			for _, i := range k.rows[k.starts[head]:k.starts[head+1]] {
				words[i/64] |= 1 << (i % 64)
			}
		}
		words.and(k.visible[:])
	}
	return s
}

// each calls for every row, shown or hidden, in ascending order.
func (c *columns) each(visit func(r row) error) error {
	for at, k := range c.chunks {
		if k == nil {
			continue
		}
		for i := range chunkRows {
			if !has(k.held[:], i) {
				continue
			}
			if err := visit(k.row(int64(at)*chunkRows, i)); err != nil {
				return err
			}
		}
	}
	return nil
}
