package exchange

import (
	"slices"
	"strings"

	"bioincident/schema"
)

// naming finds the codes of agents and diseases by their names.
type naming struct{ schema *schema.Schema }

// diseases resolves two names. The second stands alone where it is a kind of the first.
func (n naming) diseases(first, second string) []string {
	var codes []string
	if code, ok := n.schema.Resolve("diseases", first); ok {
		codes = append(codes, code)
	}
	if second == "" {
		return codes
	}
	code, ok := n.schema.Resolve("diseases", second)
	if !ok || slices.Contains(codes, code) {
		return codes
	}
	list, _ := n.schema.Vocabulary("diseases")
	if len(codes) == 1 && slices.Contains(list.Descendants(codes[0]), code) {
		return []string{code}
	}
	return append(codes, code)
}

// agent resolves the names, the more exact one first, or takes the agent by which a disease is defined.
func (n naming) agent(diseases []string, names ...string) string {
	for _, name := range names {
		if name == "" {
			continue
		}
		if code, ok := n.schema.Resolve("agents", name); ok {
			return code
		}
	}
	if len(diseases) != 1 {
		return ""
	}
	list, _ := n.schema.Vocabulary("diseases")
	term, _ := list.Term(diseases[0])
	return n.wholeOf(term.Agents)
}

// wholeOf gives the agent of which all the others are kinds, "" where there is none.
func (n naming) wholeOf(codes []string) string {
	list, _ := n.schema.Vocabulary("agents")
	for _, code := range codes {
		below := list.Descendants(code)
		if !slices.ContainsFunc(codes, func(other string) bool { return !slices.Contains(below, other) }) {
			return code
		}
	}
	return ""
}

// readings gives the ways to read a name with brackets, the whole first: "Burkholderia mallei (Inf. with) (Glanders)" is
// also "Burkholderia mallei" and "Glanders". Years are none; what stands in strip is left out at the end.
func readings(name string, strip []string) []string {
	main, notes := withoutBrackets(name)
	all := []string{name}
	add := func(text string) {
		if text = strings.TrimSpace(text); text != "" && strings.Trim(text, "0123456789-") != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	add(main)
	for _, note := range notes {
		add(note)
	}
	for name := range strings.SplitSeq(main, " / ") { // the same by another name
		add(name)
	}
	for _, word := range strip {
		add(strings.TrimSuffix(main, word))
	}
	return all
}
