package search

import (
	"container/heap"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"

	"bioincident/internal/fault"
)

// place is where a hit stands: a higher key first, then the lower number.
type place struct {
	key int64
	no  int64
}

// before tells whether p comes before other.
func (p place) before(other place) bool {
	if p.key != other.key {
		return p.key > other.key
	}
	return p.no < other.no
}

// lastFirst is a heap whose root is the place that comes last.
type lastFirst []place

func (h lastFirst) Len() int           { return len(h) }
func (h lastFirst) Less(i, j int) bool { return h[j].before(h[i]) }
func (h lastFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lastFirst) Push(x any)        { *h = append(*h, x.(place)) }
func (h *lastFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// order tells what a plan orders by: a plan in which nothing scores has the newest publication first.
func (p *plan) order() Order {
	if p.scored {
		return ByScore
	}
	return ByPublished
}

// page picks one page of what was found. It costs the same at any depth.
func (e *evaluation) page(p *plan, found set) Result {
	key := e.snap.cols.publishedAt
	if p.scored {
		key = func(no int64) int64 { return int64(math.Float32bits(e.scratch.scores[no])) }
	}
	var top lastFirst
	left := 0
	found.each(func(no int64) {
		at := place{key(no), no}
		if p.after != nil && !p.after.before(at) {
			return
		}
		left++
		switch {
		case len(top) < p.limit:
			heap.Push(&top, at)
		case at.before(top[0]):
			top[0] = at
			heap.Fix(&top, 0)
		}
	})
	slices.SortFunc(top, func(a, b place) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	result := Result{Total: int64(count(found)), Order: p.order(), Hits: make([]Hit, len(top))}
	for i, at := range top {
		result.Hits[i] = Hit{No: at.no, Tier: e.snap.wall.tier}
		if p.scored {
			result.Hits[i].Score = float64(math.Float32frombits(uint32(at.key)))
		}
	}
	if left > len(top) {
		result.Next = p.cursor(top[len(top)-1])
	}
	return result
}

const (
	cursorVersion = 1
	cursorSize    = 2 + 8 + 8 + 8
)

// cursor names the question and the last place of a page.
func (p *plan) cursor(last place) string {
	raw := make([]byte, 0, cursorSize)
	raw = append(raw, cursorVersion, p.order()[0])
	raw = binary.BigEndian.AppendUint64(raw, p.hash)
	raw = binary.BigEndian.AppendUint64(raw, uint64(last.key))
	raw = binary.BigEndian.AppendUint64(raw, uint64(last.no))
	return base64.RawURLEncoding.EncodeToString(raw)
}

// readCursor gives the place after which a page begins; nil for the first page.
func readCursor(cursor string, p *plan) (*place, error) {
	if cursor == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) != cursorSize || raw[0] != cursorVersion {
		return nil, fault.New(fault.Invalid, "search.cursor")
	}
	if binary.BigEndian.Uint64(raw[2:]) != p.hash {
		return nil, fault.New(fault.Invalid, "search.cursor_of_another")
	}
	at := &place{int64(binary.BigEndian.Uint64(raw[10:])), int64(binary.BigEndian.Uint64(raw[18:]))}
	score := math.Float32frombits(uint32(at.key))
	if raw[1] != p.order()[0] || at.no < 0 || at.no >= maxNo ||
		p.scored && (at.key < 0 || at.key > math.MaxUint32 || math.IsNaN(float64(score)) || score < 0) {
		return nil, fault.New(fault.Invalid, "search.cursor")
	}
	return at, nil
}
