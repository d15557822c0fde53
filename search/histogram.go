package search

import (
	"maps"
	"math"
	"slices"

	"bioincident/internal/incident"
)

// mostBars is the most bars of a histogram that one record may lie in. A date as vague as that says nothing about any of
// them.
const mostBars = 10

// histogram counts what was found by its reference date.
func (f *finding) histogram() *Histogram {
	if f.plan.histogram == "" {
		return nil
	}
	years := 1
	if f.plan.histogram == "decade" {
		years = 10
	}
	out := &Histogram{Step: f.plan.histogram}
	bars := map[int]*Bar{}
	last := &Bar{From: math.MinInt} // most records lie where the one before did
	bar := func(from int) *Bar {
		if last.From != from {
			if last = bars[from]; last == nil {
				last = &Bar{From: from}
				bars[from] = last
			}
		}
		return last
	}
	f.each(false, func(s *side, no int64) {
		began := s.snap.cols.chunks[no/chunkRows].began[no%chunkRows]
		from, to, ok := barsOf(began, years)
		switch {
		case !ok:
			out.Undated++
		case from == to && !began.Unsure:
			bar(from).Certainly++
		default:
			for at := from; at <= to; at += years {
				bar(at).Possibly++
			}
		}
	})
	for _, from := range slices.Sorted(maps.Keys(bars)) {
		out.Bars = append(out.Bars, *bars[from])
	}
	return out
}

// barsOf gives the first years of the first and the last bar that a date may lie in.
func barsOf(w Window, years int) (from, to int, ok bool) {
	if w.none() || w.From == incident.FirstDay || w.To == incident.LastDay {
		return 0, 0, false
	}
	from, _, _ = w.From.Civil()
	to, _, _ = w.To.Civil()
	from, to = from-modulo(from, years), to-modulo(to, years)
	return from, to, (to-from)/years < mostBars
}

func modulo(year, years int) int { return ((year % years) + years) % years }
