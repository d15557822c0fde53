package exchange

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bioincident/internal/incident"
)

// count reads the numbers.
func (m *mapping) count() error {
	for i := range m.Counts {
		c := &m.Counts[i]
		if c.Read == readEachRow {
			one := int64(1)
			m.addCount(c, told{Quantity: incident.Quantity{Low: &one, High: &one, Qualifier: incident.QualifierExact}})
			continue
		}
		text := m.value(c.Column)
		if text == "" {
			continue
		}
		all, code := m.numbers(c, text)
		if code != "" && c.Read != readWords {
			return m.refuse(c.Column, code)
		}
		if code != "" {
			m.flag(FlagCountDropped)
		}
		for _, t := range all {
			m.addCount(c, t)
		}
		if c.Read != "" && (code != "" || len(all) != 1 || all[0].Qualifier != incident.QualifierExact) {
			m.aside("%s: %s", c.Column, cutWord(text, 500))
		}
	}
	return nil
}

// numbers reads the numbers of a cell.
func (m *mapping) numbers(c *countRule, text string) ([]told, string) {
	switch c.Read {
	case readWords:
		return readTold(text)
	case readPhrase:
		return readPhrases(text, m.phrases), ""
	}
	q, code := readOpen(text)
	if code != "" {
		return nil, code
	}
	if c.Informed == "" {
		return []told{{Quantity: q}}, ""
	}
	return m.informed(c, q), ""
}

// informed takes a number that is known of a part only for what it is: none of it tells nothing, a part tells at least.
func (m *mapping) informed(c *countRule, q incident.Quantity) []told {
	informed, err1 := strconv.ParseInt(m.value(c.Informed), 10, 64)
	of, err2 := strconv.ParseInt(m.value(c.Of), 10, 64)
	low, _, _ := q.Interval()
	switch {
	case low == 0 && (err1 != nil || informed == 0):
		return nil
	case err1 == nil && err2 == nil && informed >= of:
		return []told{{Quantity: q}}
	}
	return []told{{Quantity: incident.Quantity{Low: &low, Qualifier: incident.QualifierAtLeast}}}
}

func (m *mapping) addCount(c *countRule, t told) {
	count := incident.Count{Measure: cmp.Or(t.measure, m.said.Measure, c.Measure), Basis: c.Basis,
		Population: cmp.Or(t.population, m.said.Population, c.Population), Low: t.Low, High: t.High, Qualifier: t.Qualifier,
		AsOf: t.asOf, Period: m.period}
	if c.Estimate && t.measure == "" && count.Qualifier == incident.QualifierExact {
		count.Qualifier = incident.QualifierAbout
	}
	count.ID = c.ID
	for n := 2; slices.ContainsFunc(m.body.Impact.Counts, func(other incident.Count) bool { return other.ID == count.ID }); n++ {
		count.ID = fmt.Sprintf("%s%d", c.ID, n)
	}
	m.body.Impact.Counts = append(m.body.Impact.Counts, count)
	m.refine(t)
}

// refine takes the kind of incident that a number tells, where the row tells only its branch.
func (m *mapping) refine(t told) {
	branch, _, _ := strings.Cut(t.kind, ".")
	low, _, _ := t.Interval()
	if t.kind == "" || low == 0 || t.Qualifier != incident.QualifierExact {
		return
	}
	if m.said.Type == branch+".not_stated" || m.said.Type == branch+".exposure" && t.kind == branch+".infection" {
		m.said.Type = t.kind
	}
}

// counted gives the domains of the populations that were counted.
func (m *mapping) counted() []string {
	domains := map[string]string{"": "human", "health_workers": "human", "laboratory_workers": "human", "children": "human",
		"cattle": "domestic_animal", "sheep_and_goats": "domestic_animal", "pigs": "domestic_animal",
		"equines": "domestic_animal", "poultry": "domestic_animal", "captive_birds": "domestic_animal", "other_domestic_animals": "domestic_animal",
		"wild_birds": "wildlife", "wild_mammals": "wildlife", "fish": "aquatic_animal",
		"crustaceans_and_molluscs": "aquatic_animal", "bee_colonies": "bees", "crops": "crop", "trees": "forest"}
	var found []string
	for _, count := range m.body.Impact.Counts {
		low, high, _ := count.Quantity().Interval()
		if domain := domains[count.Population]; domain != "" && (low > 0 || high > 0) && !slices.Contains(found, domain) {
			found = append(found, domain)
		}
	}
	return found
}
