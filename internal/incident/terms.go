package incident

import (
	"fmt"
	"slices"
	"strings"
)

// Terms gives the codes of a view by facet: what a reader filters by, what a scope covers, what is counted. Codes are
// the most exact ones only; ancestors are resolved from the vocabulary when a question is asked, so that a vocabulary
// can grow without touching records.
func Terms(body Body, d Derived) map[string][]string {
	terms := map[string][]string{}
	add := func(kind string, codes ...string) {
		for _, code := range codes {
			if code != "" && !slices.Contains(terms[kind], code) {
				terms[kind] = append(terms[kind], code)
			}
		}
	}
	add("unit", body.Identity.Unit)
	if body.Identity.Collection != nil {
		add("collection", body.Identity.Collection.Name)
	}
	c := body.Classification
	add("type", c.IncidentType)
	add("occurrence", c.Occurrence)
	add("verification", d.Verification)
	add("domain", c.Domains...)
	add("cause", d.Cause)
	for _, area := range body.Place.Areas.Value {
		if area.Role == "occurrence" {
			add("area", area.Area)
		}
	}
	for _, agent := range body.Agents {
		add("agent", agent.Agent)
		add("disease", agent.Diseases...)
	}
	add("setting", body.Place.Settings...)
	add("severity", body.Impact.Severity)
	for _, action := range body.Response.Actions {
		add("response", action.Action)
	}
	for _, lesson := range body.Lessons {
		add("lesson_phase", lesson.Phase)
	}
	add("language", spoken(body)...)
	add("year", Years(d.ReferenceDate)...)
	return terms
}

// spoken lists the languages in which the summary can be read.
func spoken(body Body) []string {
	var languages []string
	for _, language := range Languages() {
		if _, ok := body.Narrative.Summary.In[language]; ok {
			languages = append(languages, language)
		}
	}
	return languages
}

// Years gives the years a date may lie in, at most ten: a date as vague as a century belongs to no year.
func Years(d Date) []string {
	const most = 10
	if d == "" {
		return nil
	}
	b := d.Bounds()
	if b.OpenStart || b.OpenEnd {
		return nil
	}
	from, _, _ := b.Earliest.Civil()
	to, _, _ := b.Latest.Civil()
	if to-from >= most {
		return nil
	}
	var years []string
	for year := from; year <= to; year++ {
		years = append(years, fmt.Sprintf("%04d", year))
	}
	return years
}

// ScopeTerms gives the codes that grants look at, told from the working body itself and not from a view: areas of
// occurrence, domains, causes and the incident type.
func ScopeTerms(body Body) map[string][]string {
	cause, statements := Headline(body)
	causes := []string{cause}
	for _, s := range statements {
		causes = append(causes, s.Value)
	}
	terms := map[string][]string{"cause": causes}
	for _, area := range body.Place.Areas.Value {
		if area.Role == "occurrence" && !slices.Contains(terms["area"], area.Area) {
			terms["area"] = append(terms["area"], area.Area)
		}
	}
	if len(body.Classification.Domains) > 0 {
		terms["domain"] = body.Classification.Domains
	}
	if kind := body.Classification.IncidentType; kind != "" {
		terms["type"] = []string{kind}
	}
	return terms
}

// Sensitive tells whether a record needs two recommendations from two organizations: deliberate, assessed differently,
// alleged, or with content of the named tier.
func Sensitive(body Body, h Handling) bool {
	cause, _ := Headline(body)
	if cause == "deliberate" || cause == "assessed_differently" || h.HoldsNamed() || len(body.Annex) > 0 {
		return true
	}
	kind := body.Classification.IncidentType
	return kind == "allegation_of_use" || under(kind, "deliberate_act") || body.Place.FacilityName.Has() && body.Place.FacilityName.PublicBy == ""
}

// HoldsNamed tells whether the marking or any raised tier is named.
func (h Handling) HoldsNamed() bool {
	if h.Marking.String() == "named" {
		return true
	}
	for _, tier := range h.Tiers {
		if tier.String() == "named" {
			return true
		}
	}
	return false
}

// BulkBar lists why a record may never go in bulk; empty when it may. The findings are those of its checks.
func BulkBar(body Body, findings []Finding, h Handling) []string {
	var bars []string
	cause, _ := Headline(body)
	if cause == "deliberate" || cause == "assessed_differently" {
		bars = append(bars, "bulk.cause")
	}
	kind := body.Classification.IncidentType
	if kind == "allegation_of_use" || under(kind, "deliberate_act") {
		bars = append(bars, "bulk.allegation")
	}
	if body.Actor.Type != "" {
		bars = append(bars, "bulk.actor")
	}
	if under(kind, "custody") {
		bars = append(bars, "bulk.theft_or_loss")
	}
	if h.HoldsNamed() || len(body.Annex) > 0 || body.Place.FacilityName.Has() {
		bars = append(bars, "bulk.named_tier")
	}
	for _, f := range findings {
		bars = append(bars, "bulk.check."+strings.ReplaceAll(f.Code, "check.", ""))
	}
	return bars
}
