package incident

import (
	"fmt"
	"strings"
)

// tests are the checks that data alone cannot say. Each gives pointers and parameters; the rule adds code and level.
func tests() map[string]func(Body) []Finding {
	return map[string]func(Body) []Finding{
		"a_date":                  aDate,
		"dates_are_real":          datesAreReal,
		"counts_agree":            countsAgree,
		"occurrence_fits_type":    occurrenceFitsType,
		"mechanism_fits_value":    mechanismFitsValue,
		"public_by_is_public":     publicByIsPublic,
		"dates_in_order":          datesInOrder,
		"deaths_within_cases":     deathsWithinCases,
		"assessed_or_said_not":    assessedOrSaidNot,
		"statements_have_sources": statementsHaveSources,
		"strong_sources_if_grave": strongSourcesIfGrave,
	}
}

// aDate asks for a date or the statement that it is unknown.
func aDate(body Body) []Finding {
	if d, _ := ReferenceDate(body); d != "" {
		return nil
	}
	for _, m := range milestones(body.Time) {
		if m.known.Is != "" {
			return nil
		}
	}
	if body.Time.Exposure.Is != "" {
		return nil
	}
	return []Finding{{Pointer: "/time"}}
}

type milestone struct {
	name  string
	known Known[Date]
}

func milestones(t Time) []milestone {
	return []milestone{
		{"onset", t.Onset}, {"detection", t.Detection}, {"laboratory_confirmation", t.LaboratoryConfirmation},
		{"national_notification", t.NationalNotification}, {"international_notification", t.InternationalNotification},
		{"public_communication", t.PublicCommunication}, {"first_intervention", t.FirstIntervention}, {"end", t.End},
	}
}

// datesAreReal finds dates that are not in the calendar: the schema knows their form only.
func datesAreReal(body Body) []Finding {
	var findings []Finding
	ask := func(pointer string, d Date) {
		if d == "" {
			return
		}
		if _, err := ParseDate(string(d)); err != nil {
			findings = append(findings, Finding{Pointer: pointer, Params: map[string]any{"date": string(d)}})
		}
	}
	for _, m := range milestones(body.Time) {
		ask("/time/"+m.name, m.known.Value)
	}
	ask("/time/exposure", body.Time.Exposure.Value)
	for i, e := range body.Narrative.Timeline {
		ask(fmt.Sprintf("/narrative/timeline/%d/date", i), e.Date)
	}
	for i, a := range body.Cause.Assessments {
		ask(fmt.Sprintf("/cause/assessments/%d/date", i), a.Date)
	}
	for i, c := range body.Impact.Counts {
		ask(fmt.Sprintf("/impact/counts/%d/as_of", i), c.AsOf)
		ask(fmt.Sprintf("/impact/counts/%d/period", i), c.Period)
	}
	for i, a := range body.Response.Actions {
		ask(fmt.Sprintf("/response/actions/%d/date", i), a.Date)
	}
	for i, s := range body.Sources {
		ask(fmt.Sprintf("/sources/%d/published", i), s.Published)
		ask(fmt.Sprintf("/sources/%d/accessed", i), s.Accessed)
	}
	return findings
}

func countsAgree(body Body) []Finding {
	var findings []Finding
	for i, c := range body.Impact.Counts {
		for _, field := range c.Check() {
			findings = append(findings, Finding{
				Pointer: fmt.Sprintf("/impact/counts/%d%s", i, field.Pointer), Params: map[string]any{"why": field.Code},
			})
		}
	}
	return findings
}

// occurrenceFitsType refuses pairs that contradict each other: a near miss is no outbreak, a hoax no natural illness.
func occurrenceFitsType(body Body) []Finding {
	kind, occurrence := body.Classification.IncidentType, body.Classification.Occurrence
	contradicts := false
	switch occurrence {
	case "threat_or_attempt_only":
		contradicts = !under(kind, "deliberate_act") && !under(kind, "custody") && kind != "allegation_of_use"
	case "hoax":
		contradicts = !under(kind, "deliberate_act") && kind != "allegation_of_use"
	case "near_miss":
		contradicts = under(kind, "outbreak") || kind == "deliberate_act.use"
	case "harm_occurred":
		contradicts = kind == "deliberate_act.threat" || kind == "deliberate_act.plot" || kind == "laboratory_event.finding_without_exposure"
	}
	if kind == "" || !contradicts {
		return nil
	}
	return []Finding{{Pointer: "/classification/occurrence", Params: map[string]any{"type": kind, "occurrence": occurrence}}}
}

func mechanismFitsValue(body Body) []Finding {
	var findings []Finding
	for i, a := range body.Cause.Assessments {
		if a.Mechanism != "" && !strings.HasPrefix(a.Mechanism, a.Value+".") {
			findings = append(findings, Finding{
				Pointer: fmt.Sprintf("/cause/assessments/%d/mechanism", i), Params: map[string]any{"value": a.Value, "mechanism": a.Mechanism},
			})
		}
	}
	return findings
}

// publicByIsPublic asks that a source named in public_by is of a kind that makes a value public, and is public itself.
func publicByIsPublic(body Body) []Finding {
	public := map[string]bool{}
	for _, s := range body.Sources {
		public[s.ID] = !s.NonPublic && strong(s)
	}
	var findings []Finding
	for _, named := range []struct{ pointer, by string }{
		{"/time/exposure", body.Time.Exposure.PublicBy}, {"/place/admin1", body.Place.Admin1.PublicBy},
		{"/place/admin2", body.Place.Admin2.PublicBy}, {"/place/locality", body.Place.Locality.PublicBy},
		{"/place/facility_type", body.Place.FacilityType.PublicBy}, {"/place/containment", body.Place.Containment.PublicBy},
		{"/place/facility_name", body.Place.FacilityName.PublicBy},
	} {
		if named.by != "" && !public[named.by] {
			findings = append(findings, Finding{Pointer: named.pointer + "/public_by", Params: map[string]any{"source": named.by}})
		}
	}
	for i, a := range body.Agents {
		if by := a.Strain.PublicBy; by != "" && !public[by] {
			findings = append(findings, Finding{Pointer: fmt.Sprintf("/agents/%d/strain/public_by", i), Params: map[string]any{"source": by}})
		}
	}
	return findings
}

// strong sources state what they say publicly and answer for it.
func strong(s Source) bool {
	switch s.Type {
	case "official_state_report", "igo_report", "court_or_legal_record", "parliamentary_or_inquiry", "peer_reviewed":
		return true
	}
	return false
}

// datesInOrder flags what is usually a slip: an end before the onset, a detection before it began.
func datesInOrder(body Body) []Finding {
	t := body.Time
	if !t.Onset.Has() {
		return nil
	}
	start := t.Onset.Value.Bounds()
	var findings []Finding
	for _, later := range []milestone{{"detection", t.Detection}, {"laboratory_confirmation", t.LaboratoryConfirmation}, {"end", t.End}} {
		if !later.known.Has() {
			continue
		}
		b := later.known.Value.Bounds()
		if !b.OpenEnd && !start.OpenStart && b.Latest < start.Earliest {
			findings = append(findings, Finding{Pointer: "/time/" + later.name, Params: map[string]any{
				"date": string(later.known.Value), "onset": string(t.Onset.Value),
			}})
		}
	}
	return findings
}

// deathsWithinCases flags more deaths than cases of the same scope.
func deathsWithinCases(body Body) []Finding {
	deaths, ok := Newest(body.Impact.Counts, "deaths", "people")
	if !ok || deaths.Low == nil {
		return nil
	}
	total, ok := Newest(body.Impact.Counts, "total_reported", "people")
	if !ok || total.High == nil || *deaths.Low <= *total.High {
		return nil
	}
	return []Finding{{Pointer: "/impact/counts", Params: map[string]any{"deaths": *deaths.Low, "cases": *total.High}}}
}

func assessedOrSaidNot(body Body) []Finding {
	if body.Cause.NotAssessed || len(body.Cause.Assessments) > 0 {
		return nil
	}
	return []Finding{{Pointer: "/cause"}}
}

// statementsHaveSources asks a source for each assessment, count and dated entry, unless one source is the default.
func statementsHaveSources(body Body) []Finding {
	supported := map[string]bool{}
	for _, s := range body.Sources {
		if s.Default {
			return nil
		}
		for _, what := range s.Supports {
			supported[what] = true
		}
	}
	var findings []Finding
	ask := func(pointer, section, id string, sources []string) {
		if len(sources) == 0 && !supported[section] && !supported[id] {
			findings = append(findings, Finding{Pointer: pointer})
		}
	}
	for i, a := range body.Cause.Assessments {
		ask(fmt.Sprintf("/cause/assessments/%d", i), "cause", a.ID, a.Sources)
	}
	for i, c := range body.Impact.Counts {
		ask(fmt.Sprintf("/impact/counts/%d", i), "impact", c.ID, c.Sources)
	}
	for i, e := range body.Narrative.Timeline {
		ask(fmt.Sprintf("/narrative/timeline/%d", i), "narrative", e.ID, e.Sources)
	}
	if d, is := ReferenceDate(body); d != "" && is != "source_publication" {
		ask("/time", "time", "", nil)
	}
	if len(body.Place.Areas.Value) > 0 {
		ask("/place", "place", "", nil)
	}
	return findings
}

// strongSourcesIfGrave asks two independent sources, or one that answers for what it says, when a record is deliberate,
// alleged, or names a facility or a State as actor.
func strongSourcesIfGrave(body Body) []Finding {
	kind := body.Classification.IncidentType
	grave := under(kind, "deliberate_act") || kind == "allegation_of_use" || body.Place.FacilityName.Has() || body.Actor.Type == "state_alleged"
	for _, a := range body.Cause.Assessments {
		grave = grave || a.Value == "deliberate"
	}
	if !grave || len(body.Sources) >= 2 {
		return nil
	}
	for _, s := range body.Sources {
		if strong(s) {
			return nil
		}
	}
	return []Finding{{Pointer: "/sources"}}
}
