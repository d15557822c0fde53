package oracle

import (
	"fmt"
	"slices"
	"strings"

	"bioincident/internal/incident"
	"bioincident/search"
)

// question is a query with its text as a tree.
type question struct {
	search.Query
	asked asked // nil: no text
}

// asked is a part of the text of a query: how it is written and what it asks of a view.
type asked interface {
	fmt.Stringer
	of(o *oracle, v view, negated bool) incident.Match
}

func certainIf(holds, negated bool) incident.Match {
	if holds != negated {
		return incident.Certainly
	}
	return incident.No
}

type word string

func (w word) String() string { return string(w) }

func (w word) of(_ *oracle, v view, negated bool) incident.Match {
	found := slices.ContainsFunc(v.texts, func(text []string) bool { return slices.Contains(text, string(w)) })
	return certainIf(found, negated)
}

type phrase [2]string

func (p phrase) String() string { return `"` + p[0] + " " + p[1] + `"` }

func (p phrase) of(_ *oracle, v view, negated bool) incident.Match {
	found := slices.ContainsFunc(v.texts, func(text []string) bool {
		for i := range len(text) - 1 {
			if text[i] == p[0] && text[i+1] == p[1] {
				return true
			}
		}
		return false
	})
	return certainIf(found, negated)
}

type coded struct{ facet, code string }

func (c coded) String() string {
	name := c.facet
	if name == "area" && c.code[0] <= '9' {
		name = "region"
	}
	if strings.Contains(c.code, " ") {
		return name + `:"` + c.code + `"`
	}
	return name + ":" + c.code
}

func (c coded) of(o *oracle, v view, negated bool) incident.Match {
	return certainIf(o.has(v, c.facet, c.code), negated)
}

type dated struct {
	search.Dated
	written string
}

func (d dated) String() string { return string(d.Question) + ":" + d.written }

func (d dated) of(_ *oracle, v view, negated bool) incident.Match {
	match, known := v.when(d.Dated)
	if negated {
		return negate(match, known)
	}
	return match
}

type counted struct {
	search.Counted
	written string
}

func (c counted) String() string { return c.Measure + ":" + c.written }

func (c counted) of(_ *oracle, v view, negated bool) incident.Match {
	match, known := v.howMany(c.Counted)
	if negated {
		return negate(match, known)
	}
	return match
}

type joined struct {
	or    bool
	parts []asked
}

func (j joined) String() string {
	word := " "
	if j.or {
		word = " OR "
	}
	var written []string
	for _, part := range j.parts {
		written = append(written, part.String())
	}
	return "(" + strings.Join(written, word) + ")"
}

func (j joined) of(o *oracle, v view, negated bool) incident.Match {
	match := incident.Certainly
	if j.or != negated {
		match = incident.No
	}
	for _, part := range j.parts {
		m := part.of(o, v, negated)
		if j.or != negated {
			match = max(match, m)
		} else {
			match = min(match, m)
		}
	}
	return match
}

type not struct{ part asked }

func (n not) String() string { return "NOT " + n.part.String() }

func (n not) of(o *oracle, v view, negated bool) incident.Match { return n.part.of(o, v, !negated) }

type certainly struct{ part asked }

func (c certainly) String() string { return "certain:" + c.part.String() }

func (c certainly) of(o *oracle, v view, negated bool) incident.Match {
	return certainIf(c.part.of(o, v, false) == incident.Certainly, negated)
}

// Questions are drawn so that most find something and few find everything.

func (d dice) question() question {
	q := question{}
	if !d.chance(4) {
		q.asked = d.asked(3)
		q.Text = strings.TrimSuffix(strings.TrimPrefix(q.asked.String(), "("), ")")
		if strings.ContainsAny(q.Text, "()") {
			q.Text = q.asked.String()
		}
	}
	q.Filters = d.filters()
	for _, which := range d.some(1, "began", "active", "reported") {
		dated := d.dated(search.Question(which))
		q.Dates = append(q.Dates, dated.Dated)
	}
	for _, measure := range d.some(1, "deaths", "cases", "deaths", "cases") {
		if d.chance(2) {
			q.Counts = append(q.Counts, d.counted(measure).Counted)
		}
	}
	q.Certain = d.chance(6)
	q.Sort = search.Order(d.one("", "published", "reference", "deaths"))
	q.Facets = d.some(4, search.FacetNames()...)
	q.Histogram = d.one("", "", "year", "decade")
	q.Group = d.chance(4)
	if d.chance(12) {
		q.GroupOf = d.one("glide:E1", "woah_event:E2", "glide:E3")
	}
	q.Limit = 1 + d.IntN(40)
	return q
}

func (d dice) filters() []search.Filter {
	var filters []search.Filter
	for _, facet := range d.some(2, search.FacetNames()...) {
		if d.chance(2) {
			filters = append(filters, search.Filter{Facet: facet, Codes: d.codes(facet, 1+d.IntN(2))})
		}
	}
	return filters
}

func (d dice) codes(facet string, n int) []string {
	values := append(possible(facet), search.NotStated)
	var out []string
	for _, i := range d.Perm(len(values))[:min(n, len(values))] {
		out = append(out, values[i])
	}
	return out
}

func severities() []string { return []string{"none", "minor", "moderate", "major"} }

// possible are values of a facet, those above them too.
func possible(facet string) []string {
	switch facet {
	case "unit":
		return []string{"incident", "report", "surveillance_row"}
	case "collection":
		return []string{"First collection", "Second collection"}
	case "cause":
		return []string{"natural", "accidental", "undetermined", "not_assessed"}
	case "occurrence":
		return []string{"harm_occurred", "near_miss"}
	case "type":
		return append(types(), "outbreak", "laboratory_event")
	case "domain":
		return []string{"human", "wildlife", "crop"}
	case "disease":
		return diseases()
	case "agent":
		return agents()
	case "area":
		return append(areas(), "002", "011", "155", "001")
	case "decade":
		return []string{"1990", "2000"}
	case "year":
		return []string{"1996", "1999", "2000", "2003"}
	case "setting":
		return settings()
	case "verification":
		return []string{"corroborated", "reported_unconfirmed"}
	case "severity":
		return severities()
	case "response":
		return actions()
	case "lesson_phase":
		return []string{"detection", "response", "recovery"}
	case "language":
		return []string{"en", "fr", "es"}
	}
	return []string{"alpha", "beta"}
}

func (d dice) asked(depth int) asked {
	if depth > 0 && d.chance(2) {
		switch d.IntN(4) {
		case 0:
			return not{d.asked(depth - 1)}
		case 1:
			return certainly{joined{false, []asked{d.leaf(), d.leaf()}}}
		}
		return joined{d.chance(2), []asked{d.asked(depth - 1), d.asked(depth - 1)}}
	}
	return d.leaf()
}

func (d dice) leaf() asked {
	switch d.IntN(7) {
	case 0, 1:
		return word(d.one(words()...))
	case 2:
		return phrase{d.one(words()...), d.one(words()...)}
	case 3:
		return d.dated(search.Question(d.one("began", "active", "reported")))
	case 4:
		return d.counted(d.one("deaths", "cases"))
	}
	facet := d.one(search.FacetNames()...)
	return coded{facet, d.codes(facet, 1)[0]}
}

func (d dice) dated(which search.Question) dated {
	year, years, month := 1994+d.IntN(14), d.IntN(4), 1+d.IntN(12)
	from, to := incident.DayOf(year, 1, 1), incident.DayOf(year+years, 12, 31)
	switch d.IntN(5) {
	case 0:
		return dated{search.Dated{Question: which, Window: search.Window{From: from, To: incident.LastDay}}, fmt.Sprintf("%d..", year)}
	case 1:
		return dated{search.Dated{Question: which, Window: search.Window{From: incident.FirstDay, To: to}}, fmt.Sprintf("..%d", year+years)}
	case 2:
		last := incident.Date(fmt.Sprintf("%04d-%02d", year+years, month)).Bounds().Latest
		return dated{search.Dated{Question: which, Window: search.Window{From: from, To: last}}, fmt.Sprintf("%d..%04d-%02d", year, year+years, month)}
	case 3:
		return dated{search.Dated{Question: which, Window: search.Window{From: from, To: incident.DayOf(year, 12, 31)}}, fmt.Sprint(year)}
	}
	return dated{search.Dated{Question: which, Window: search.Window{From: from, To: to}}, fmt.Sprintf("%d..%d", year, year+years)}
}

func (d dice) counted(measure string) counted {
	n := int64(d.IntN(40))
	if measure == "cases" {
		n += 200
	}
	c := search.Counted{Measure: measure, Low: -1, High: -1}
	switch d.IntN(4) {
	case 0:
		c.Low = n
		return counted{c, fmt.Sprintf(">=%d", n)}
	case 1:
		c.High = n
		return counted{c, fmt.Sprintf("<=%d", n)}
	case 2:
		c.Low, c.High = n, n+15
		return counted{c, fmt.Sprintf("%d..%d", n, n+15)}
	}
	c.Low, c.High = n, n
	return counted{c, fmt.Sprintf("=%d", n)}
}
