package search

import (
	"slices"

	"bioincident/internal/incident"
)

// dated is found by one of the three questions about time.
type dated struct{ Dated }

// counted is found by a count of deaths or cases.
type counted struct{ Counted }

// certainly is found where its step certainly is.
type certainly struct{ step step }

// unstated is found where a record has no code of a kind, no date for a question, or no count of a measure.
type unstated struct{ kind string }

// ofGroup is found in one group.
type ofGroup struct{ group string }

// none tells whether there is no window.
func (w Window) none() bool { return w.From == incident.NoDay }

func (w Window) overlaps(other Window) bool {
	return !w.none() && w.From <= other.To && other.From <= w.To
}

func (w Window) inside(other Window) bool {
	return !w.none() && !w.Unsure && other.From <= w.From && w.To <= other.To
}

// where gives the numbers that are searched and whose place in a chunk passes a test.
func (e *evaluation) where(test func(k *chunk, i int) bool) set {
	s := e.snap.cols.empty()
	e.visible.each(func(no int64) {
		if test(e.snap.cols.chunks[no/chunkRows], int(no%chunkRows)) {
			s.add(no)
		}
	})
	return s
}

// holding gives the numbers that are searched and have any of the codes. Where few are searched, each is asked.
func (e *evaluation) holding(codes []code) set {
	if e.readers == nil {
		return e.snap.cols.holding(codes)
	}
	return e.where(func(k *chunk, i int) bool {
		return slices.ContainsFunc(k.codes[k.offsets[i]:k.offsets[i+1]], func(c code) bool { return slices.Contains(codes, c) })
	})
}

func (k *chunk) reports(i int) []Window { return k.reported[k.told[i]:k.told[i+1]] }

// on answers a question about time. A span that is not known is neither certain nor possible.
func (e *evaluation) on(d Dated) answer {
	switch d.Question {
	case Began:
		return answer{
			certain:  e.where(func(k *chunk, i int) bool { return k.began[i].inside(d.Window) }),
			possible: e.where(func(k *chunk, i int) bool { return k.began[i].overlaps(d.Window) }),
		}
	case Active:
		return answer{
			certain: e.where(func(k *chunk, i int) bool {
				return k.core[i].overlaps(d.Window) || k.hull[i].inside(d.Window)
			}),
			possible: e.where(func(k *chunk, i int) bool { return k.hull[i].overlaps(d.Window) }),
		}
	}
	return answer{
		certain: e.where(func(k *chunk, i int) bool { return slices.ContainsFunc(k.reports(i), d.Window.holds) }),
		possible: e.where(func(k *chunk, i int) bool {
			return slices.ContainsFunc(k.reports(i), d.Window.overlaps)
		}),
	}
}

func (w Window) holds(other Window) bool { return other.inside(w) }

// known gives the numbers that are searched and that a question about time has a span for.
func (e *evaluation) known(q Question) set {
	switch q {
	case Began:
		return e.where(func(k *chunk, i int) bool { return !k.began[i].none() })
	case Active:
		return e.where(func(k *chunk, i int) bool { return !k.hull[i].none() })
	}
	return e.where(func(k *chunk, i int) bool { return k.told[i] != k.told[i+1] })
}

func (k *chunk) count(measure string, i int) bounds {
	if measure == "deaths" {
		return k.deaths[i]
	}
	return k.cases[i]
}

// ends gives the least and the most of a range in which -1 is an open side.
func ends(low, high int64) (least, most int64) {
	const endless = int64(1) << 62
	if high < 0 {
		high = endless
	}
	return max(low, 0), high
}

// many answers how many there were.
func (e *evaluation) many(asked Counted) answer {
	from, to := ends(asked.Low, asked.High)
	holds := func(k *chunk, i int, certainly bool) bool {
		b := k.count(asked.Measure, i)
		if b.none() {
			return false
		}
		low, high := ends(b[0], b[1])
		if certainly {
			return from <= low && high <= to
		}
		return low <= to && from <= high
	}
	return answer{
		certain:  e.where(func(k *chunk, i int) bool { return holds(k, i, true) }),
		possible: e.where(func(k *chunk, i int) bool { return holds(k, i, false) }),
	}
}

// counting gives the numbers that are searched and that have a count of a measure.
func (e *evaluation) counting(measure string) set {
	return e.where(func(k *chunk, i int) bool { return !k.count(measure, i).none() })
}

// in gives the numbers that are searched and of a group.
func (e *evaluation) in(group string) set {
	return e.where(func(k *chunk, i int) bool { return k.group(i) == group })
}

// lacking gives the numbers that are searched and of which a kind says nothing.
func (e *evaluation) lacking(kind string) set {
	switch kind {
	case string(Began), string(Active), string(Reported):
		return e.visible.without(e.known(Question(kind)))
	case "deaths", "cases":
		return e.visible.without(e.counting(kind))
	}
	return e.visible.without(e.holding(e.snap.store.book.ofKind(kind)))
}
