package exchange

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"bioincident/internal/incident"
	"bioincident/schema"
)

// mapping is one row on its way through the engine to a body.
type mapping struct {
	*engine
	reading
	body      incident.Body
	said      codes
	whole     string // column whose words the areas say wholly
	countries []string
	period    incident.Date
	published incident.Date
}

// theSource is the id of the one source of a row.
const theSource = "s1"

func (m *mapping) value(column string) string { return m.engine.value(m.row, column) }

// publicBy is the source that makes what it states public, "" where it is not one whose word does: see
// check.public_by_not_public.
func (m *mapping) publicBy() string {
	switch m.Source.Type {
	case "official_state_report", "igo_report", "peer_reviewed":
		return theSource
	}
	return ""
}

// fill fills a template; ok is false where one of its columns is empty.
func (m *mapping) fill(template string) (text string, ok bool) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		column, after, _ := strings.Cut(rest, "}")
		value := m.value(column)
		if value == "" {
			return "", false
		}
		b.WriteString(value)
		template = after
	}
}

// filled gives the templates whose columns are not empty.
func (m *mapping) filled(templates []string) []string {
	var lines []string
	for _, template := range templates {
		if text, ok := m.fill(template); ok {
			lines = append(lines, text)
		}
	}
	return lines
}

// code lays the codes of the tables over each other.
func (m *mapping) code() error {
	m.said.put(&m.Default)
	m.said.Verification = cmp.Or(m.options.Set[setVerification], m.said.Verification)
	for i := range m.When {
		w := &m.When[i]
		text := m.value(w.Column)
		if !w.met(text) {
			continue
		}
		m.said.put(&w.Codes)
		if w.Codes.Doubt {
			m.flag(FlagDoubtful)
		}
	}
	return nil
}

// met tells whether a cell, or a part of it, is one of the values.
func (w *whenRule) met(text string) bool {
	if text == "" {
		return w.Missing
	}
	parts := []string{text}
	if w.Split != "" {
		parts = strings.Split(text, w.Split)
	}
	for _, part := range parts {
		folded := schema.Fold(part)
		if slices.Contains(w.is, folded) ||
			slices.ContainsFunc(w.holds, func(holds string) bool { return strings.Contains(folded, holds) }) {
			return true
		}
	}
	return false
}

// date reads the dates.
func (m *mapping) date() error {
	for i := range m.Dates {
		d := &m.Dates[i]
		s, there, ok := m.read(d)
		column := cmp.Or(d.Column, d.From, d.Year)
		if _, err := strconv.Atoi(m.value(d.Year)); d.Year != "" && err == nil {
			column = d.Month
		}
		switch {
		case !ok && d.Required:
			return m.refuse(column, reasonDate)
		case !ok:
			m.flag(FlagDateDropped)
			m.aside("The source gives the date as %q; it is not taken over, because it cannot be read.", cutWord(m.value(column), 200))
			m.setDate(cmp.Or(d.To...), incident.Say[incident.Date]("unknown"))
			continue
		case !there && d.Required:
			return m.refuse(column, reasonNoValue)
		case !there:
			continue
		}
		whole := s.date()
		if d.End != "" {
			whole = s.from
			if until := s.until; !s.open && until != "" {
				m.setDate(d.End, incident.Know(until))
			}
		}
		for _, to := range d.To {
			m.setDate(to, incident.Know(whole))
		}
		if d.Read == readWords && m.value(column) != string(s.date()) {
			m.aside("The source gives the date as %q.", cutWord(m.value(column), 200))
		}
	}
	return nil
}

// The ways to read a column.
const (
	readWords   = "words"
	readPhrase  = "phrases"
	readEachRow = "row"
)

// read reads a date by its rule.
func (m *mapping) read(d *dateRule) (s span, there, ok bool) {
	switch {
	case d.Year != "":
		year := m.value(d.Year)
		s.from, ok = partialDate(year, m.value(d.Month), "")
		s.until = s.from
		return s, year != "", ok || year == ""
	case d.From != "":
		from, until := m.value(d.From), m.value(d.Until)
		if from == "" || until == "" {
			return s, false, true
		}
		first, ok1 := readDay(from, m.row.order(d.From), m.EarliestYear)
		last, ok2 := readDay(until, m.row.order(d.Until), m.EarliestYear)
		if !ok1 || !ok2 {
			return s, true, false
		}
		s.from, ok = betweenDays(first, last)
		s.until = s.from
		return s, true, ok
	}
	text := m.value(d.Column)
	if text == "" {
		return s, false, true
	}
	if d.Read == readWords {
		s, ok = readSpan(text)
		return s, true, ok
	}
	s.from, ok = readDay(text, m.row.order(d.Column), m.EarliestYear)
	s.until = s.from
	return s, true, ok
}

// setDate says what a date is of.
func (m *mapping) setDate(of string, date incident.Known[incident.Date]) {
	t := &m.body.Time
	switch of {
	case ofSource:
		m.published = date.Value
	case ofPeriod:
		m.period = date.Value
	case "exposure":
		if m.said.Milestone != "" && m.said.Milestone != of {
			m.setDate(m.said.Milestone, date)
			return
		}
		if t.Exposure = incident.State(date.Value, m.publicBy()); !date.Has() {
			t.Exposure = incident.Stated[incident.Date]{Is: date.Is}
		}
	case "onset":
		t.Onset = date
	case "detection":
		t.Detection = date
	case "laboratory_confirmation":
		t.LaboratoryConfirmation = date
	case "international_notification":
		t.InternationalNotification = date
	case "end":
		t.End = date
	}
}

// classify says what kind of event it is, what it came to, and who says how it began.
func (m *mapping) classify() error {
	if len(m.said.Domains) == 0 {
		m.said.Domains = m.counted()
	}
	m.body.Classification = incident.Classification{IncidentType: m.said.Type, Verification: m.said.Verification,
		Domains: m.said.Domains, Occurrence: cmp.Or(m.harm(), m.said.Occurrence)}
	m.body.Exposure.Routes, m.body.Exposure.Vehicles, m.body.Exposure.Purpose = m.said.Routes, m.said.Vehicles, m.said.Purpose
	m.body.Response.DiscoveryMethod = m.said.Discovery
	if m.said.Cause == "" {
		m.body.Cause.NotAssessed = true
		return nil
	}
	m.body.Cause.Assessments = []incident.Assessment{{ID: "b1", Body: m.CauseBody, Quoted: true, Value: m.said.Cause,
		Mechanism: m.said.Mechanism, Sources: []string{theSource}}}
	return nil
}

// harm tells what the numbers say of what it came to, "" when they say nothing.
func (m *mapping) harm() string {
	exposed := ""
	for _, count := range m.body.Impact.Counts {
		low, high, _ := count.Quantity().Interval()
		switch {
		case low == 0 && high == 0:
		case count.Measure == "exposed", count.Measure == "prophylaxis_given", count.Measure == "monitored":
			exposed = "exposure_without_known_harm"
		default:
			return "harm_occurred"
		}
	}
	return exposed
}

// source makes the one source of everything the row says.
func (m *mapping) source() error {
	const mostTitle = 1000
	rule := &m.Source
	citation := maps.Clone(rule.Citation)
	if rule.Title != "" {
		title := m.value(rule.Title)
		if title == "" {
			return m.refuse(rule.Title, reasonNoValue)
		}
		citation["title"] = cutWord(title, mostTitle)
	}
	source := incident.Source{ID: theSource, Type: rule.Type, Citation: citation, URL: rule.URL, Language: m.Language,
		Published: cmp.Or(m.published, rule.Published), Default: true}
	if rule.Link != "" {
		if link := m.value(rule.Link); isAddress(link) {
			source.URL = link
		} else {
			m.flag(FlagLinkDropped)
			m.aside("The address in the source, %q, is none.", cutWord(link, 200))
		}
	}
	m.body.Sources = []incident.Source{source}
	return nil
}

func (m *mapping) identity() error {
	collection := m.Collection
	m.body.Identity = incident.Identity{Unit: collection.Unit, Collection: &collection, Completeness: m.Completeness,
		ExternalIDs: []incident.ExternalID{{ID: "x1", Scheme: "source_row", Value: m.RowID(m.row)}}}
	for i, id := range m.ExternalIDs {
		if value := m.value(id.Column); value != "" && m.matches[i].MatchString(value) {
			m.body.Identity.ExternalIDs = append(m.body.Identity.ExternalIDs,
				incident.ExternalID{ID: fmt.Sprintf("x%d", i+2), Scheme: id.Scheme, Value: value})
		}
	}
	return nil
}

// narrate puts the words in.
func (m *mapping) narrate() error {
	const mostSubtitle, mostSummary = 300, 4000
	if parts := m.filled(m.Subtitle); len(parts) > 0 {
		m.body.Narrative.Subtitle = incident.Say1(m.Language, cutWord(strings.Join(parts, " · "), mostSubtitle))
	}
	if lines := m.filled(m.Summary); len(lines) > 0 {
		m.body.Narrative.Summary = incident.Say1(m.Language, cutSentence(strings.Join(lines, "\n"), mostSummary))
	}
	if asides := append(m.filled(m.Members), m.asides...); len(asides) > 0 {
		m.body.Narrative.Members = incident.Say1("en", strings.Join(asides, "\n"))
	}
	return nil
}
