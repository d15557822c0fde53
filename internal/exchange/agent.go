package exchange

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"bioincident/internal/incident"
	"bioincident/schema"
)

// agent reads the agents, each with what stands for it in the other columns.
func (m *mapping) agent() error {
	rule := m.Agents
	if rule == nil {
		return nil
	}
	if one := rule.Always; one != nil {
		m.body.Agents = []incident.Agent{{ID: "g1", Agent: one.Agent, Diseases: one.Diseases}}
		return nil
	}
	text := m.value(rule.Name)
	if text == "" {
		if rule.Missing {
			return nil
		}
		return m.refuse(rule.Name, reasonNoValue)
	}
	split := func(text string) []string {
		if rule.Split == "" {
			return []string{text}
		}
		return strings.Split(text, rule.Split)
	}
	subtypes, statuses := split(m.value(rule.Subtype)), split(m.value(rule.Identification))
	for i, name := range split(text) {
		m.addAgents(strings.TrimSpace(name), strings.TrimSpace(at(subtypes, i)), strings.TrimSpace(at(statuses, i)))
	}
	return nil
}

func at(texts []string, i int) string {
	if i < len(texts) {
		return texts[i]
	}
	return ""
}

// addAgents adds the agents that one name means.
func (m *mapping) addAgents(name, subtype, status string) {
	const most = 300
	rule := m.Agents
	second := m.value(rule.More)
	reported := name
	if second != "" {
		reported += ": " + second
	}
	uncoded := false
	all := m.agentCoded(name, second)
	if other := m.value(rule.Or); other != "" && all[0].uncoded() {
		if others := m.agentCoded(other, ""); !others[0].uncoded() {
			all, reported = others, other
			m.flag(FlagDoubtful)
			m.aside("The source has %q under %s, and %q under %s.", name, rule.Name, other, rule.Or)
		}
	}
	for _, coded := range all {
		agent := incident.Agent{ID: fmt.Sprintf("g%d", len(m.body.Agents)+1), Agent: coded.Agent, Class: coded.Class,
			Name: cutWord(reported, most), Diseases: coded.Diseases, Subtype: coded.Subtype, Unusual: m.said.Unusual}
		if subtype != "" && !slices.Contains(rule.NoSubtype, schema.Fold(subtype)) {
			agent.Subtype = cutWord(subtype, most)
		}
		agent.Identification = cmp.Or(coded.Identification, rule.Status[schema.Fold(status)])
		uncoded = uncoded || coded.uncoded()
		m.said.put(&coded.Codes)
		if coded.Codes.Doubt {
			m.flag(FlagDoubtful)
		}
		if rule.AnimalDomain {
			m.animalDomain(coded.Diseases)
		}
		m.body.Agents = append(m.body.Agents, agent)
	}
	if uncoded {
		m.flag(FlagUncoded)
	}
}

// uncoded tells of a name that means nothing to the vocabularies.
func (a *agentCodes) uncoded() bool { return a.Agent == "" && len(a.Diseases) == 0 && a.Class == "" }

// agentCoded gives what the table says of a name, and what names say where it is silent.
func (m *mapping) agentCoded(name, second string) []agentCodes {
	for _, both := range []string{name + ": " + second, name} {
		if known, ok := m.agents[schema.Fold(both)]; ok {
			known = slices.Clone(known)
			for i := range known {
				m.complete(&known[i], name, second)
			}
			return known
		}
	}
	var coded agentCodes
	for _, reading := range readings(name, m.Agents.Strip) {
		if known, ok := m.agents[schema.Fold(reading)]; ok {
			known = slices.Clone(known)
			m.complete(&known[0], reading, second)
			return known
		}
		if len(coded.Diseases) == 0 {
			coded.Diseases = m.diseases(reading, second)
		}
		if coded.Agent == "" {
			coded.Agent = m.engine.agent(nil, second, reading)
		}
	}
	if coded.Agent == "" {
		coded.Agent = m.engine.agent(coded.Diseases)
	}
	return []agentCodes{coded}
}

// complete finds by names what a table leaves out.
func (m *mapping) complete(coded *agentCodes, name, second string) {
	if coded.Class != "" {
		return
	}
	if len(coded.Diseases) == 0 && coded.Agent == "" {
		coded.Diseases = m.diseases(name, second)
	}
	if coded.Agent == "" {
		coded.Agent = m.engine.agent(coded.Diseases, second, name)
	}
}

// animalDomain adds the domain of a disease that has one only, beside people.
func (m *mapping) animalDomain(diseases []string) {
	if len(m.said.Domains) > 0 || len(diseases) != 1 {
		return
	}
	list, _ := m.schema.Vocabulary("diseases")
	term, _ := list.Term(diseases[0])
	animals := slices.DeleteFunc(slices.Clone(term.Domains), func(domain string) bool { return domain == "human" })
	if len(animals) == 1 {
		m.said.Domains = animals
	}
}
