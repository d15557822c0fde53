package oracle

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/testkit/world"
	"bioincident/policies"
	"bioincident/schema"
	"bioincident/search"
)

// view is one stored view, read.
type view struct {
	store.StoredView
	body  incident.Body
	terms map[string][]string // by facet
	texts [][]string          // the words of each piece of text, one after another
	spans incident.Spans
	many  map[string][2]int64
	group string
}

// oracle knows every current view of every tier.
type oracle struct {
	schema *schema.Schema
	views  map[schema.Tier]map[int64]view
}

func read(t testing.TB, s *world.System) *oracle {
	t.Helper()
	o := &oracle{schema: s.Schema, views: map[schema.Tier]map[int64]view{}}
	err := s.Store.Read(context.Background(), func(tx *store.Tx) error {
		for _, tier := range schema.Tiers() {
			o.views[tier] = map[int64]view{}
			stored, err := tx.ListViews(tier, store.ViewFilter{Limit: 1000})
			if err != nil {
				return err
			}
			for _, v := range stored {
				o.views[tier][v.No] = readView(t, v)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func readView(t testing.TB, stored store.StoredView) view {
	t.Helper()
	v := view{StoredView: stored, terms: map[string][]string{}}
	var derived struct {
		Derived struct {
			Cause         string        `json:"cause"`
			Verification  string        `json:"verification"`
			ReferenceDate incident.Date `json:"reference_date"`
			ReferenceIs   string        `json:"reference_is"`
		} `json:"derived"`
	}
	for _, into := range []any{&v.body, &derived} {
		if err := json.Unmarshal(stored.Bytes, into); err != nil {
			t.Fatal(err)
		}
	}
	d := incident.Derived{ReferenceDate: derived.Derived.ReferenceDate, ReferenceIs: derived.Derived.ReferenceIs}
	v.spans, v.many, v.group = incident.SpansOf(v.body, d), incident.Figures(v.body), incident.GroupOf(v.body)
	b := v.body
	add := func(facet string, codes ...string) {
		for _, code := range codes {
			if code != "" && !slices.Contains(v.terms[facet], code) {
				v.terms[facet] = append(v.terms[facet], code)
			}
		}
	}
	add("unit", b.Identity.Unit)
	if b.Identity.Collection != nil {
		add("collection", b.Identity.Collection.Name)
	}
	add("cause", derived.Derived.Cause)
	add("occurrence", b.Classification.Occurrence)
	add("type", b.Classification.IncidentType)
	add("domain", b.Classification.Domains...)
	add("verification", derived.Derived.Verification)
	for _, agent := range b.Agents {
		add("agent", agent.Agent)
		add("disease", agent.Diseases...)
	}
	for _, area := range b.Place.Areas.Value {
		if area.Role == "occurrence" {
			add("area", area.Area)
		}
	}
	add("setting", b.Place.Settings...)
	add("severity", b.Impact.Severity)
	for _, action := range b.Response.Actions {
		add("response", action.Action)
	}
	for _, lesson := range b.Lessons {
		add("lesson_phase", lesson.Phase)
		v.read(lesson.Lesson)
	}
	add("year", incident.Years(d.ReferenceDate)...)
	for _, year := range v.terms["year"] {
		add("decade", year[:3]+"0")
	}
	for language := range b.Narrative.Summary.In {
		add("language", language)
	}
	add("organization", stored.ShownOwner)
	v.read(b.Narrative.Summary)
	v.read(b.Narrative.Members)
	return v
}

func (v *view) read(text incident.Text) {
	for _, words := range text.In {
		v.texts = append(v.texts, strings.Fields(words.Text))
	}
}

// reach is one record as a reader gets it: their highest view, and whether everybody behind their wall has it.
type reach struct {
	view
	below *view // what members (or the public) see of it; nil when nothing
}

// behind lists what a reader may see, by number.
func (o *oracle) behind(a policies.Audience) []reach {
	wall := schema.Public
	if a.Members {
		wall = schema.Members
	}
	records := map[int64]reach{}
	for no, v := range o.views[wall] {
		records[no] = reach{view: v, below: &v}
	}
	for no, v := range o.views[schema.Named] {
		if slices.ContainsFunc(a.Orgs, func(org string) bool { return org == v.Owner || slices.Contains(v.Recipients, org) }) {
			r := reach{view: v}
			if below, ok := o.views[wall][no]; ok {
				r.below = &below
			}
			records[no] = r
		}
	}
	var out []reach
	for _, r := range records {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b reach) int { return cmp.Compare(a.No, b.No) })
	return out
}

// has tells whether a view has a code of a facet or, in a tree, one below it.
func (o *oracle) has(v view, facet, code string) bool {
	if code == search.NotStated {
		return len(v.terms[facet]) == 0
	}
	for _, own := range v.terms[facet] {
		if own == code || slices.Contains(o.above(facet, own), code) {
			return true
		}
	}
	return false
}

// above lists what a code lies below.
func (o *oracle) above(facet, code string) []string {
	list, tree := map[string]string{"type": "incident_type", "agent": "agents", "area": "areas", "disease": "diseases"}[facet]
	if !tree {
		return nil
	}
	vocabulary, _ := o.schema.Vocabulary(list)
	return vocabulary.Ancestors(code)
}

func (v view) when(d search.Dated) (match incident.Match, known bool) {
	window := incident.Span(d.Window)
	switch d.Question {
	case search.Began:
		return v.spans.Began.Within(window), !v.spans.Began.None()
	case search.Active:
		return v.spans.Active(window), !v.spans.Hull.None()
	}
	return v.spans.Told(window), len(v.spans.Reported) > 0
}

func (v view) howMany(c search.Counted) (match incident.Match, known bool) {
	bounds, known := v.many[c.Measure]
	if !known {
		return incident.No, false
	}
	const endless = 1 << 62
	low, high := max(bounds[0], 0), bounds[1]
	if high < 0 {
		high = endless
	}
	from, to := max(c.Low, 0), c.High
	if to < 0 {
		to = endless
	}
	switch {
	case low > to || high < from:
		return incident.No, true
	case from <= low && high <= to:
		return incident.Certainly, true
	}
	return incident.Possibly, true
}

func negate(match incident.Match, known bool) incident.Match {
	if !known {
		return incident.No
	}
	return incident.Certainly - match
}

// matches asks one record everything but the filter of one facet and, where it is to be left out, the questions of time.
func (o *oracle) matches(v view, q question, exceptFacet string, timeless bool) incident.Match {
	match := incident.Certainly
	if q.asked != nil {
		match = q.asked.of(o, v, false)
	}
	for _, f := range q.Filters {
		if f.Facet == exceptFacet {
			continue
		}
		if !slices.ContainsFunc(f.Codes, func(code string) bool { return o.has(v, f.Facet, code) }) {
			return incident.No
		}
	}
	for _, d := range q.Dates {
		if m, _ := v.when(d); !timeless {
			match = min(match, m)
		}
	}
	for _, c := range q.Counts {
		m, _ := v.howMany(c)
		match = min(match, m)
	}
	if q.GroupOf != "" && v.group != q.GroupOf {
		return incident.No
	}
	if q.Certain && match != incident.Certainly {
		return incident.No
	}
	return match
}

// restricted tells whether a record was found in what its reader alone may see, and nowhere else.
func (o *oracle) restricted(r reach, q question) bool {
	if r.Tier != schema.Named {
		return false
	}
	return r.below == nil || o.matches(*r.below, q, "", false) == incident.No
}

// answer is what the index must say, without pages.
func (o *oracle) answer(a policies.Audience, q question) search.Result {
	var out search.Result
	for _, r := range o.behind(a) {
		match := o.matches(r.view, q, "", false)
		if len(q.Dates) > 0 && o.undated(r.view, q) {
			out.Undated++
		}
		if match == incident.No {
			continue
		}
		hit := search.Hit{No: r.No, Tier: r.Tier, Match: match, Restricted: o.restricted(r, q), Group: r.group}
		out.Total++
		if match == incident.Certainly {
			out.Certain++
		}
		if hit.Restricted {
			out.Restricted++
		}
		out.Hits = append(out.Hits, hit)
	}
	for _, facet := range q.Facets {
		out.Facets = append(out.Facets, o.facet(a, q, facet))
	}
	if q.Histogram != "" {
		out.Histogram = o.histogram(a, q)
	}
	return out
}

// undated tells of a record that matches all but the questions of time and has no date for one of them.
func (o *oracle) undated(v view, q question) bool {
	lacks := false
	for _, d := range q.Dates {
		_, known := v.when(d)
		lacks = lacks || !known
	}
	return lacks && o.matches(v, q, "", true) != incident.No
}

func (o *oracle) facet(a policies.Audience, q question, facet string) search.Facet {
	out := search.Facet{Name: facet}
	records := map[string]int64{}
	for _, r := range o.behind(a) {
		if o.matches(r.view, q, facet, false) == incident.No {
			continue
		}
		if len(r.terms[facet]) == 0 {
			out.NotStated++
		}
		codes := map[string]bool{}
		for _, code := range r.terms[facet] {
			codes[code] = true
			for _, above := range o.above(facet, code) {
				codes[above] = true
			}
		}
		for code := range codes {
			records[code]++
		}
	}
	for code, n := range records {
		out.Values = append(out.Values, search.Value{Code: code, Records: n})
	}
	slices.SortFunc(out.Values, func(a, b search.Value) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Code, b.Code))
	})
	return out
}

// mostBars is how many bars a date may lie in before it says nothing about any of them.
const mostBars = 10

func (o *oracle) histogram(a policies.Audience, q question) *search.Histogram {
	out := &search.Histogram{Step: q.Histogram}
	step := 1
	if q.Histogram == "decade" {
		step = 10
	}
	bars := map[int]*search.Bar{}
	for _, r := range o.behind(a) {
		if o.matches(r.view, q, "", false) == incident.No {
			continue
		}
		var possibly []int
		for from := 1800; from < 2200; from += step {
			window := search.Window{From: incident.DayOf(from, 1, 1), To: incident.DayOf(from+step-1, 12, 31)}
			if match, _ := r.when(search.Dated{Question: search.Began, Window: window}); match != incident.No {
				possibly = append(possibly, from)
			}
		}
		if len(possibly) == 0 || len(possibly) > mostBars {
			out.Undated++
			continue
		}
		for _, from := range possibly {
			if bars[from] == nil {
				bars[from] = &search.Bar{From: from}
			}
			if len(possibly) == 1 && !r.spans.Began.Unsure {
				bars[from].Certainly++
			} else {
				bars[from].Possibly++
			}
		}
	}
	for _, from := range slices.Sorted(maps.Keys(bars)) {
		out.Bars = append(out.Bars, *bars[from])
	}
	return out
}

// key is what an order compares, the highest first; ok is false for what lacks it.
func (r reach) key(order search.Order) (key int64, ok bool) {
	switch order {
	case search.ByReference:
		return int64(r.spans.Began.From), !r.spans.Began.None()
	case search.ByDeaths:
		deaths, known := r.many["deaths"]
		return deaths[0], known && deaths[0] >= 0
	}
	return int64(r.Published), true
}
