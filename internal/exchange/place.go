package exchange

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"bioincident/internal/incident"
	"bioincident/schema"
)

// area finds the areas by the first column that tells.
func (m *mapping) area() error {
	rule := &m.Areas
	refused := ""
	for i, c := range rule.Columns {
		text := m.areaText(c)
		if text == "" {
			continue
		}
		if m.areaNamed(c, text) {
			m.compare(text, rule.Columns[i+1:])
			break
		}
		if c.Form == formOwn {
			continue
		}
		refused = cmp.Or(refused, c.Column)
	}
	switch {
	case len(m.countries) > 0:
	case refused != "" && !rule.Hold:
		return m.refuse(refused, reasonArea)
	case refused != "":
		m.flag(FlagAreaUncoded)
		m.aside("The source names the place %q; it is no country or area of the list, so that the area is unknown.", m.value(refused))
	case rule.Always != "":
		m.countries = []string{rule.Always}
	}
	if len(m.countries) == 0 {
		m.body.Place.Areas = incident.Say[[]incident.Area]("unknown")
		return nil
	}
	areas := make([]incident.Area, len(m.countries))
	for i, code := range m.countries {
		areas[i] = incident.Area{ID: fmt.Sprintf("a%d", i+1), Area: code, Role: rule.Role}
	}
	m.body.Place.Areas = incident.Know(areas)
	return nil
}

// compare looks whether later columns name another area than the one that told.
func (m *mapping) compare(told string, later []areaColumn) {
	for _, c := range later {
		text := m.areaText(c)
		if code, ok := m.places.exact(text); ok && c.Form == formName && !slices.Contains(m.countries, code) {
			m.flag(FlagAreaGuessed)
			m.aside("The source names the area %q, and also %q.", told, text)
		}
	}
}

// areaText gives a cell that names an area.
func (m *mapping) areaText(c areaColumn) string {
	if c.Form == formISO2 { // NA is Namibia here
		return oneLine(m.row.Cell(c.Column))
	}
	text := m.value(c.Column)
	if !c.Inside {
		return text
	}
	if open := strings.LastIndexByte(text, '('); open >= 0 && strings.Contains(text[open:], ")") {
		inside, _, _ := strings.Cut(text[open+1:], ")")
		if _, listed := m.areas[schema.Fold(text)]; !listed {
			return inside
		}
	}
	return text
}

// areaNamed codes the areas of a cell; false when it names none that is known.
func (m *mapping) areaNamed(c areaColumn, text string) bool {
	if known, ok := m.areas[schema.Fold(text)]; ok {
		m.countries = known.Areas
		if known.Admin1 != "" {
			m.body.Place.Admin1 = incident.State(known.Admin1, m.publicBy())
		}
		if known.Doubt {
			m.flag(FlagAreaGuessed)
		}
		m.keepName(c, text)
		return len(known.Areas) > 0
	}
	var codes []string
	guessed := false
	if c.List {
		main, _ := withoutBrackets(strings.TrimRight(text, "+×*† "))
		var whole bool
		if codes, guessed, whole = m.places.listed(main); whole && main == m.value(c.Column) {
			m.whole = c.Column
		}
	} else if c.Form == formOwn {
		return false
	} else if code, close, ok := m.places.find(text, cmp.Or(c.Form, formName)); ok {
		codes, guessed = []string{code}, close
	}
	if len(codes) == 0 {
		return false
	}
	if m.countries = codes; guessed {
		m.flag(FlagAreaGuessed)
	}
	m.keepName(c, text)
	return true
}

// keepName keeps the words of the source where the code says them otherwise.
func (m *mapping) keepName(c areaColumn, text string) {
	if c.List || c.Inside || c.Form != "" && c.Form != formName {
		return
	}
	if len(m.countries) != 1 || !m.places.sameName(m.countries[0], text) {
		m.aside("The source names the area %q.", cutWord(text, 200))
	}
}

// place takes the places within the area.
func (m *mapping) place() error {
	const most = 300
	for _, p := range m.Places {
		text := m.value(p.Column)
		if text == "" || holds(text, p.Unless) || len(p.Holds) > 0 && !holds(text, p.Holds) {
			continue
		}
		if p.Column == m.whole {
			continue // the areas are all that it says
		}
		if p.Bare {
			text, _ = withoutBrackets(text)
			text = strings.TrimRight(text, "+×*† ")
		}
		into := map[string]*incident.Stated[string]{"admin1": &m.body.Place.Admin1, "admin2": &m.body.Place.Admin2,
			"locality": &m.body.Place.Locality, "facility_name": &m.body.Place.FacilityName}[p.To]
		if into == nil || into.Has() {
			continue
		}
		short := cutWord(text, most)
		if short != text {
			m.aside("%s: %s", p.Column, text)
		}
		*into = incident.State(short, m.publicBy())
	}
	m.body.Place.Settings = m.said.Settings
	return nil
}

// holds tells whether a text holds one of some words.
func holds(text string, words []string) bool {
	folded := schema.Fold(text)
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(folded, schema.Fold(word)) })
}

// point takes a position that lies in the area.
func (m *mapping) point() error {
	if m.Point == nil || m.value(m.Point.Lat) == "" || m.value(m.Point.Lon) == "" {
		return nil
	}
	lat, lon, ok := readPoint(m.value(m.Point.Lat), m.value(m.Point.Lon))
	if !ok {
		m.flag(FlagPointOutside)
		m.aside("The source gives the point %s, %s; it is not taken over, because it is none.", m.value(m.Point.Lat), m.value(m.Point.Lon))
		return nil
	}
	away := math.Inf(1)
	for _, code := range m.countries {
		kilometres, known := m.places.outside(code, lat, lon)
		if !known {
			kilometres = 0
		}
		away = min(away, kilometres)
	}
	const tolerated = 5.0 // kilometres: boxes are rounded outwards, and points may lie off a coast
	switch {
	case len(m.countries) == 0:
		m.aside("The source gives the point %s, %s; it is not taken over, because the area is unknown.", m.value(m.Point.Lat), m.value(m.Point.Lon))
	case away > tolerated:
		m.flag(FlagPointOutside)
		m.aside("The source gives the point %s, %s; it is not taken over, because it lies about %.0f km outside of the area.",
			m.value(m.Point.Lat), m.value(m.Point.Lon), away)
	default:
		m.body.Place.Point = &incident.Point{Lat: lat, Lon: lon, Precision: m.Point.Precision}
	}
	return nil
}

func readPoint(latText, lonText string) (lat, lon float64, ok bool) {
	lat, err1 := strconv.ParseFloat(latText, 64)
	lon, err2 := strconv.ParseFloat(lonText, 64)
	return lat, lon, err1 == nil && err2 == nil && math.Abs(lat) <= 90 && math.Abs(lon) <= 180
}
