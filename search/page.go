package search

import (
	"container/heap"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
)

// place is where a hit stands: those of a higher class first, of these those with a higher key, then the lower number.
type place struct {
	class uint8 // what lacks the key is in class 0; so is what is restricted when scores decide
	key   int64
	no    int64
}

// before tells whether p comes before other.
func (p place) before(other place) bool {
	switch {
	case p.class != other.class:
		return p.class > other.class
	case p.key != other.key:
		return p.key > other.key
	}
	return p.no < other.no
}

// lastFirst is a heap whose root is the place that comes last.
type lastFirst []spot

// spot is a hit on its way: its place, the side that found it, and how many others it stands for.
type spot struct {
	place
	side   *side
	others int64
}

func (h lastFirst) Len() int           { return len(h) }
func (h lastFirst) Less(i, j int) bool { return h[j].before(h[i].place) }
func (h lastFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lastFirst) Push(x any)        { *h = append(*h, x.(spot)) }
func (h *lastFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// placeOf gives the place of a number in the order of a plan.
func (f *finding) placeOf(s *side, no int64) place {
	k, i := s.snap.cols.chunks[no/chunkRows], int(no%chunkRows)
	switch f.plan.sort {
	case ByScore:
		if f.restricted.holds(no) {
			return place{0, k.published[i], no}
		}
		return place{1, int64(math.Float32bits(f.sides[0].scratch.scores[no])), no}
	case ByReference:
		if from := k.began[i].From; from != incident.NoDay {
			return place{1, int64(from), no}
		}
		return place{0, 0, no}
	case ByDeaths:
		if b := k.deaths[i]; !b.none() && b[0] >= 0 {
			return place{1, b[0], no}
		}
		return place{0, 0, no}
	}
	return place{1, k.published[i], no}
}

// page picks one page of what was found. It costs the same at any depth.
func (f *finding) page(out *Result) {
	top := pick{limit: f.plan.limit, after: f.plan.after}
	if f.plan.fold {
		out.Groups = f.folded(top.take)
	} else {
		// Higher numbers were mostly published later: each would push another out if the oldest came first.
		f.each(f.plan.sort == ByPublished, func(s *side, no int64) { top.take(spot{place: f.placeOf(s, no), side: s}) })
	}
	slices.SortFunc(top.heap, func(a, b spot) int {
		if a.before(b.place) {
			return -1
		}
		return 1
	})
	out.Hits = make([]Hit, len(top.heap))
	for i, at := range top.heap {
		out.Hits[i] = f.hit(at)
	}
	if top.left > len(top.heap) {
		out.Next = f.plan.cursor(top.heap[len(top.heap)-1].place)
	}
}

// pick keeps the first places after one.
type pick struct {
	heap  lastFirst
	limit int
	after *place
	left  int // how many there are, kept or not
}

func (p *pick) take(at spot) {
	if p.after != nil && !p.after.before(at.place) {
		return
	}
	p.left++
	switch {
	case len(p.heap) < p.limit:
		heap.Push(&p.heap, at)
	case at.before(p.heap[0].place):
		p.heap[0] = at
		heap.Fix(&p.heap, 0)
	}
}

// folded gives the first of each group and everything that belongs to none, and how many that are.
func (f *finding) folded(take func(spot)) (groups int64) {
	firsts := map[string]*spot{}
	f.each(false, func(s *side, no int64) {
		at := spot{place: f.placeOf(s, no), side: s}
		group := s.group(no)
		first := firsts[group]
		switch {
		case group == "":
			groups++
			take(at)
		case first == nil:
			firsts[group] = &at
		default:
			others := first.others + 1
			if at.before(first.place) {
				*first = at
			}
			first.others = others
		}
	})
	for _, first := range firsts {
		groups++
		take(*first)
	}
	return groups
}

func (s *side) group(no int64) string {
	return s.snap.cols.chunks[no/chunkRows].group(int(no % chunkRows))
}

func (f *finding) hit(at spot) Hit {
	h := Hit{No: at.no, Tier: at.side.snap.wall.tier, Match: incident.Possibly, Restricted: f.restricted.holds(at.no),
		Group: at.side.group(at.no), Others: at.others}
	if at.side.found.surely().holds(at.no) {
		h.Match = incident.Certainly
	}
	if f.plan.scored && !h.Restricted {
		h.Score = float64(f.sides[0].scratch.score(at.no))
	}
	return h
}

const (
	cursorVersion = 2
	cursorSize    = 3 + 8 + 8 + 8
)

// cursor names the question and the last place of a page.
func (p *plan) cursor(last place) string {
	raw := make([]byte, 0, cursorSize)
	raw = append(raw, cursorVersion, p.sort[0], last.class)
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
	if binary.BigEndian.Uint64(raw[3:]) != p.hash {
		return nil, fault.New(fault.Invalid, "search.cursor_of_another")
	}
	at := &place{raw[2], int64(binary.BigEndian.Uint64(raw[11:])), int64(binary.BigEndian.Uint64(raw[19:]))}
	score := math.Float32frombits(uint32(at.key))
	if raw[1] != p.sort[0] || at.class > 1 || at.no < 0 || at.no >= maxNo ||
		p.sort == ByScore && at.class == 1 && (at.key < 0 || at.key > math.MaxUint32 || math.IsNaN(float64(score)) || score < 0) {
		return nil, fault.New(fault.Invalid, "search.cursor")
	}
	return at, nil
}
