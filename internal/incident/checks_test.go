package incident

import (
	"slices"
	"testing"
)

func newChecks(t testing.TB) *Checks {
	t.Helper()
	checks, err := NewChecks(loadSchema())
	if err != nil {
		t.Fatal(err)
	}
	return checks
}

func codes(findings []Finding) []string {
	var found []string
	for _, f := range findings {
		found = append(found, f.Code)
	}
	return found
}

func TestAFullBodyPasses(t *testing.T) {
	body := sverdlovsk()
	if found := newChecks(t).ForPublish(body, marshal(t, body)); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

func TestEachCheckFinds(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	tests := []struct {
		code   string
		change func(*Body)
	}{
		{"check.summary_missing", func(b *Body) { b.Narrative.Summary, b.Narrative.Members = Text{}, Text{} }},
		{"check.type_missing", func(b *Body) { b.Classification.IncidentType = "" }},
		{"check.occurrence_missing", func(b *Body) { b.Classification.Occurrence = "" }},
		{"check.area_missing", func(b *Body) { b.Place.Areas = Known[[]Area]{} }},
		{"check.date_missing", func(b *Body) { b.Time = Time{}; b.Sources[0].Published = "" }},
		{"check.source_missing", func(b *Body) { b.Sources = nil }},
		{"check.unit_missing", func(b *Body) { b.Identity.Unit = "" }},
		{"check.date_calendar", func(b *Body) { b.Time.Onset = Know(Date("2004-02-30")) }},
		{"check.count_contradicts", func(b *Body) { b.Impact.Counts[0].Low, b.Impact.Counts[0].High = n(9), n(3) }},
		{"check.occurrence_contradicts_type", func(b *Body) {
			b.Classification.IncidentType, b.Classification.Occurrence = "outbreak.human_disease", "hoax"
		}},
		{"check.mechanism_contradicts_value", func(b *Body) { b.Cause.Assessments[1].Value = "natural" }},
		{"check.public_by_not_public", func(b *Body) { b.Place.FacilityName.PublicBy = "s2" }},
		{"check.date_order", func(b *Body) { b.Time.End = Know(Date("1978")) }},
		{"check.case_counts_disagree", func(b *Body) {
			b.Impact.Counts = append(b.Impact.Counts, Count{ID: "c2", Measure: "total_reported", Population: "people", Basis: "cumulative", Low: n(3), High: n(3), Qualifier: "exact"})
		}},
		{"check.sequence", func(b *Body) { b.Narrative.Summary = Say1("en", "It read acgtacgtacgtacgtacgtacgtacgt there.") }},
		{"check.protocol_step", func(b *Body) {
			b.Narrative.Summary = Say1("en", "They would incubate it for some time at 37 °C then.")
		}},
		{"check.email", func(b *Body) { b.Narrative.Summary = Say1("en", "Write to someone@example.org about it.") }},
		{"check.telephone", func(b *Body) { b.Narrative.Summary = Say1("en", "Call +41 22 791 21 11 about it.") }},
		{"check.verification_missing", func(b *Body) { b.Classification.Verification = "" }},
		{"check.public_summary_missing", func(b *Body) { b.Narrative.Summary = Text{} }},
		{"check.assessment_missing", func(b *Body) { b.Cause = Cause{} }},
		{"check.statement_without_source", func(b *Body) { b.Cause.Assessments[1].Sources, b.Sources[0].Supports = nil, nil }},
		{"check.needs_two_sources", func(b *Body) {
			b.Sources = []Source{{ID: "s1", Type: "local_media", Default: true}}
		}},
	}
	checks := newChecks(t)
	var tried []string
	for _, test := range tests {
		tried = append(tried, test.code)
		t.Run(test.code, func(t *testing.T) {
			body := sverdlovsk()
			test.change(&body)
			if found := codes(checks.ForPublish(body, marshal(t, body))); !slices.Contains(found, test.code) {
				t.Errorf("found only %v", found)
			}
		})
	}
	for _, code := range checks.Rules() {
		if !slices.Contains(tried, code) {
			t.Errorf("no case for %s", code)
		}
	}
}

func TestWhatIsNoFinding(t *testing.T) {
	checks := newChecks(t)
	for _, text := range []string{
		"Between 1 January and 30 June 2014, 1 201 cases were reported.", "Ministry of Health, 12 October 2001: 33 samples.",
		"Patients were isolated for 21 days.", "GATACA is a film.", "The outbreak of 1995–1996 in 3 districts (10.2%).",
	} {
		body := sverdlovsk()
		body.Narrative.Summary = Say1("en", text)
		if found := checks.ForPublish(body, marshal(t, body)); len(found) > 0 {
			t.Errorf("%q: %v", text, codes(found))
		}
	}
}

func TestOverriding(t *testing.T) {
	findings := []Finding{{Code: "check.statement_without_source", Level: Override}, {Code: "check.email", Level: Flag}}
	if !Blocking(findings, nil) || Blocking(findings, []string{"check.statement_without_source"}) {
		t.Error("an override does not override")
	}
	if !Blocking([]Finding{{Code: "check.type_missing", Level: Block}}, []string{"check.type_missing"}) {
		t.Error("what blocks was overridden")
	}
}

func TestBulkBar(t *testing.T) {
	body := sverdlovsk()
	if bars := BulkBar(body, nil, Handling{}); !slices.Contains(bars, "bulk.cause") || !slices.Contains(bars, "bulk.named_tier") {
		t.Errorf("%v", bars)
	}
	if bars := BulkBar(Body{Cause: Cause{NotAssessed: true}}, nil, Handling{}); bars != nil {
		t.Errorf("%v", bars)
	}
}

func TestPrefiltersHideNothing(t *testing.T) {
	checks := newChecks(t)
	for code, text := range map[string]string{
		"check.sequence":      "Then ACGTACGTACGTACGTACGTACGTACGT followed.",
		"check.protocol_step": "It was Incubated for 24 hours.",
		"check.email":         "Write to desk@example.org for more.",
		"check.telephone":     "Call 0041 22 000 00 00 for more.",
	} {
		body := Body{Narrative: Narrative{Summary: Say1("en", text)}}
		doc, err := Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(checks.ForSubmit(body, doc), func(f Finding) bool { return f.Code == code }) {
			t.Errorf("%s does not find %q", code, text)
		}
	}
}
