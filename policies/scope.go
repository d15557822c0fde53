package policies

import (
	"slices"
	"strings"

	"bioincident/internal/identity"
	"bioincident/schema"
)

// dimension is one of the four kinds of terms that a scope can name.
type dimension struct {
	kind string // of terms
	list string // vocabulary that gives what is below a code
	of   func(identity.Scope) []string
}

func dimensions() [4]dimension {
	return [4]dimension{
		{"area", "areas", func(s identity.Scope) []string { return s.Areas }},
		{"domain", "domain", func(s identity.Scope) []string { return s.Domains }},
		{"cause", "cause", func(s identity.Scope) []string { return s.Causes }},
		{"type", "incident_type", func(s identity.Scope) []string { return s.Types }},
	}
}

// Covers tells whether a scope covers a record for an action, by the ancestors of its values: submit and review when in
// every dimension the scope names some value is inside, publish when every value is. A dimension without a value is
// unknown, and covered only by a scope that is silent on it.
func Covers(sch *schema.Schema, s identity.Scope, action identity.GrantAction, f Facts) bool {
	if s.Highest != nil && f.Marking > *s.Highest {
		return false
	}
	for _, d := range dimensions() {
		named := d.of(s)
		if len(named) == 0 {
			continue
		}
		inside := func(code string) bool { return below(sch, d.list, code, named) }
		values := f.Terms[d.kind]
		if !slices.ContainsFunc(values, inside) {
			return false
		}
		if action == identity.GrantPublish && slices.ContainsFunc(values, func(code string) bool { return !inside(code) }) {
			return false
		}
	}
	return true
}

// below tells whether a code is one of the named ones or has one of them above it.
func below(sch *schema.Schema, list, code string, named []string) bool {
	if slices.Contains(named, code) {
		return true
	}
	vocabulary, ok := sch.Vocabulary(list)
	if !ok {
		return false
	}
	return slices.ContainsFunc(vocabulary.Ancestors(code), func(above string) bool { return slices.Contains(named, above) })
}

// reach is a scope with everything below its codes written out.
type reach struct {
	highest schema.Tier
	codes   [4]map[string]bool // by dimension; nil is silent
}

func reachOf(sch *schema.Schema, s identity.Scope) reach {
	r := reach{highest: schema.Named}
	if s.Highest != nil {
		r.highest = *s.Highest
	}
	for i, d := range dimensions() {
		named := d.of(s)
		if len(named) == 0 {
			continue
		}
		r.codes[i] = map[string]bool{}
		for _, code := range expand(sch, d.list, named) {
			r.codes[i][code] = true
		}
	}
	return r
}

// expand gives codes and everything below them, each once, sorted.
func expand(sch *schema.Schema, list string, named []string) []string {
	all := slices.Clone(named)
	if vocabulary, ok := sch.Vocabulary(list); ok {
		for _, code := range named {
			all = append(all, vocabulary.Descendants(code)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// covers tells the same as Covers, with every to ask of each value and not of any.
func (r *reach) covers(terms map[string][]string, marking schema.Tier, every bool) bool {
	return r.lacks(terms, marking, every) == ""
}

// lacks gives the first dimension in which a reach does not cover, "" when it covers.
func (r *reach) lacks(terms map[string][]string, marking schema.Tier, every bool) string {
	if marking > r.highest {
		return "marking"
	}
	for i, d := range dimensions() {
		codes := r.codes[i]
		if codes == nil {
			continue
		}
		some, all := false, true
		for _, code := range terms[d.kind] {
			if codes[code] {
				some = true
			} else {
				all = false
			}
		}
		if !some || every && !all {
			return d.kind
		}
	}
	return ""
}

// ScopeColumns gives a scope as a predicate over a row of facet codes (kind → codes) and its marking.
func ScopeColumns(sch *schema.Schema, s identity.Scope, action identity.GrantAction) func(map[string][]string, schema.Tier) bool {
	r := reachOf(sch, s)
	return func(terms map[string][]string, marking schema.Tier) bool {
		return r.covers(terms, marking, action == identity.GrantPublish)
	}
}

// ScopeSQL gives a scope as a condition over the tables versions(id, marking) and terms(version, kind, code), for a
// query that reads from versions without an alias, with ? for each argument. The arguments are at most the codes of the
// four vocabularies, twice (about 900). For a list of what an organization may publish a part of, ask with GrantReview.
func ScopeSQL(sch *schema.Schema, s identity.Scope, action identity.GrantAction) (sql string, args []any) {
	conditions := []string{"versions.marking <= ?"}
	highest := schema.Named
	if s.Highest != nil {
		highest = *s.Highest
	}
	args = append(args, int64(highest))
	for _, d := range dimensions() {
		named := d.of(s)
		if len(named) == 0 {
			continue
		}
		codes := expand(sch, d.list, named)
		marks := strings.TrimSuffix(strings.Repeat("?,", len(codes)), ",")
		conditions = append(conditions, exists("", "IN", marks))
		args = append(append(args, d.kind), asAny(codes)...)
		if action == identity.GrantPublish {
			conditions = append(conditions, exists("NOT ", "NOT IN", marks))
			args = append(append(args, d.kind), asAny(codes)...)
		}
	}
	return "(" + strings.Join(conditions, " AND ") + ")", args
}

func exists(not, in, marks string) string {
	return not + "EXISTS (SELECT 1 FROM terms WHERE terms.version = versions.id AND terms.kind = ? AND terms.code " +
		in + " (" + marks + "))"
}

func asAny(codes []string) []any {
	args := make([]any, len(codes))
	for i, code := range codes {
		args[i] = code
	}
	return args
}
