package incident

import "slices"

// Span is a run of days, both included. FirstDay and LastDay leave a side open; NoDay on both sides is no span.
type Span struct {
	From, To Day
	Unsure   bool // of an uncertain date ("?"): it never certainly lies anywhere
}

// None tells whether there is no span.
func (s Span) None() bool { return s.From == NoDay }

func noSpan() Span { return Span{From: NoDay, To: NoDay} }

func (s Span) overlaps(window Span) bool {
	return !s.None() && s.From <= window.To && window.From <= s.To
}

// Within tells whether something that lies in the span lies in a window.
func (s Span) Within(window Span) Match {
	switch {
	case !s.overlaps(window):
		return No
	case !s.Unsure && window.From <= s.From && s.To <= window.To:
		return Certainly
	}
	return Possibly
}

// Spans are the days that the three questions of time are asked of. They are computed from what a view holds and from
// nothing else, so that they tell no more than the view does.
type Spans struct {
	Began    Span   // bounds of the reference date: began asks it
	Core     Span   // on each of these days it was certainly going on: active asks it
	Hull     Span   // on no day before or after these was it going on, as far as is told: active asks it
	Reported []Span // bounds of each date on which somebody told of it, in order, none twice: reported asks it
}

// SpansOf gives the spans of a view.
//
// It began with its onset or the exposure, whichever came first, else at the reference date. It ended at its end; where
// none is stated, the hull reaches to the latest day that any milestone, entry of the timeline, count or source tells of.
//
// The core lies between the latest day on which it may have begun and the earliest on which it may have ended. Where no
// end is stated nothing is certain but that it was going on from exposure to onset, or on the very day of either; a
// reference date of another kind says that it had begun, not that it still went on. An uncertain date ("?") makes
// nothing certain. There is no core where the two days are in the other order.
//
// Reports are the publications of sources, the international notification and the public communication. A source of
// the view that is not shown at its tier is not among them.
func SpansOf(body Body, d Derived) Spans {
	s := Spans{Began: d.ReferenceDate.Bounds().span(), Core: noSpan(), Hull: noSpan(), Reported: reported(body)}
	first := beginnings(body)
	if len(first) == 0 {
		first = []Bounds{d.ReferenceDate.Bounds()}
	}
	if first[0].None() {
		return s
	}
	end := dateOf(body.Time.End).Bounds()
	s.Hull, s.Core = hull(body, first, end), core(first, end, d.ReferenceIs)
	return s
}

// Active tells whether it was going on in a window.
func (s Spans) Active(window Span) Match {
	switch {
	case s.Core.overlaps(window):
		return Certainly
	}
	return s.Hull.Within(window)
}

// Told tells whether somebody told of it in a window.
func (s Spans) Told(window Span) Match {
	match := No
	for _, report := range s.Reported {
		match = max(match, report.Within(window))
	}
	return match
}

func (b Bounds) span() Span { return Span{From: b.Earliest, To: b.Latest, Unsure: b.Uncertain} }

// beginnings are the bounds of exposure and onset, those that are known.
func beginnings(body Body) []Bounds {
	var all []Bounds
	if exposure := body.Time.Exposure; exposure.Has() {
		all = append(all, exposure.Value.Bounds())
	}
	all = append(all, dateOf(body.Time.Onset).Bounds())
	return slices.DeleteFunc(all, Bounds.None)
}

func dateOf(known Known[Date]) Date { return known.Value }

func hull(body Body, first []Bounds, end Bounds) Span {
	h := first[0].span()
	for _, b := range first {
		h.From, h.To, h.Unsure = min(h.From, b.Earliest), max(h.To, b.Latest), h.Unsure || b.Uncertain
	}
	if !end.None() {
		h.To = max(h.From, end.Latest)
		return h
	}
	for _, date := range told(body) {
		if b := date.Bounds(); !b.None() && !b.OpenEnd {
			h.To = max(h.To, b.Latest)
		}
	}
	return h
}

func core(first []Bounds, end Bounds, reference string) Span {
	from, still := LastDay, NoDay
	for _, b := range first {
		if b.Uncertain {
			return noSpan()
		}
		from, still = min(from, b.Latest), max(still, b.Earliest)
	}
	switch {
	case !end.None() && end.Uncertain:
		return noSpan()
	case !end.None():
		still = end.Earliest
	case reference != "onset" && reference != "exposure":
		return noSpan()
	}
	if from == LastDay || still == FirstDay || from > still {
		return noSpan()
	}
	return Span{From: from, To: still}
}

// told lists every date that says something of the course of an incident. An assessment of its cause may be made long
// after it, and is not among them.
func told(body Body) []Date {
	t := body.Time
	all := []Date{dateOf(t.Detection), dateOf(t.LaboratoryConfirmation), dateOf(t.NationalNotification),
		dateOf(t.InternationalNotification), dateOf(t.PublicCommunication), dateOf(t.FirstIntervention)}
	for _, entry := range body.Narrative.Timeline {
		all = append(all, entry.Date)
	}
	for _, count := range body.Impact.Counts {
		all = append(all, count.AsOf)
	}
	for _, source := range body.Sources {
		all = append(all, source.Published)
	}
	return all
}

func reported(body Body) []Span {
	dates := []Date{dateOf(body.Time.InternationalNotification), dateOf(body.Time.PublicCommunication)}
	for _, source := range body.Sources {
		dates = append(dates, source.Published)
	}
	var spans []Span
	for _, date := range dates {
		if s := date.Bounds().span(); !s.None() {
			spans = append(spans, s)
		}
	}
	slices.SortFunc(spans, func(a, b Span) int {
		if a.From != b.From {
			return int(min(max(int64(a.From)-int64(b.From), -1), 1))
		}
		return int(min(max(int64(a.To)-int64(b.To), -1), 1))
	})
	return slices.Compact(spans)
}

// Unstated is the end of a range of numbers that is not stated.
const Unstated = -1

// Figures gives how many died ("deaths") and fell ill ("cases") by the counts that head a record: the least and the
// most, Unstated for an end that is open. What no count tells is not among them.
func Figures(body Body) map[string][2]int64 {
	figures := map[string][2]int64{}
	for _, head := range headCounts(body) {
		low, high, open := head.count.Quantity().Interval()
		if open {
			high = Unstated
		}
		figures[head.kind] = [2]int64{low, high}
	}
	return figures
}

// GroupOf names the event that a record tells of together with others: its first id in a system that numbers events, in
// the order of GLIDE, WOAH, WHO and IPPC, with the scheme before it. "" when it has none.
func GroupOf(body Body) string {
	for _, scheme := range []string{"glide", "woah_event", "who_don", "ippc"} {
		for _, id := range body.Identity.ExternalIDs {
			if id.Scheme == scheme && id.Value != "" {
				return scheme + ":" + id.Value
			}
		}
	}
	return ""
}
