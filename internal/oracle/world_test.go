package oracle

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/testkit"
	"bioincident/internal/testkit/world"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// society: alpha and beta own records, first and second review, south publishes, gamma is sometimes a recipient.
func society() world.Society {
	society := world.Society{People: map[string][]identity.Role{
		"ann@alpha": {identity.FocalPoint}, "ben@beta": {identity.FocalPoint}, "gil@gamma": {identity.Reader},
		"out@other": {identity.Reader}, "rui@first": {identity.Reviewer}, "wim@second": {identity.Reviewer},
		"pia@south": {identity.Publisher}, "ada@hq": {identity.Administrator},
	}}
	for _, slug := range []string{"alpha", "beta", "gamma", "other", "first", "second", "south", "hq"} {
		society.Orgs = append(society.Orgs, identity.Org{ID: slug, Slug: slug, Name: slug, Kind: "igo", Status: identity.Active})
	}
	for org, action := range map[string]identity.GrantAction{"alpha": identity.GrantSubmit, "beta": identity.GrantSubmit,
		"first": identity.GrantReview, "second": identity.GrantReview, "south": identity.GrantPublish} {
		society.Grants = append(society.Grants, identity.Grant{ID: org, Org: org, Action: action})
	}
	return society
}

// readers are all kinds of them; "" is the public.
func readers() []string {
	return []string{"", "ann@alpha", "ben@beta", "gil@gamma", "out@other", "pia@south", "ada@hq"}
}

// publish makes a world of so many records and waits until they can be found.
func publish(t testing.TB, seed uint64, records int) *world.System {
	t.Helper()
	s := world.New(t, testkit.SQLite(t))
	s.Found(society())
	for i := range records {
		d := dice{rand.New(rand.NewPCG(seed, uint64(i)))}
		s.Step(fmt.Sprintf("record %d", i), time.Duration(i/3)*time.Minute) // some are published at the same moment
		l := world.Life{Author: "ann@alpha", Focal: "ann@alpha", Publisher: "pia@south"}
		if d.IntN(3) == 0 {
			l.Author, l.Focal = "ben@beta", "ben@beta"
		}
		body, err := json.Marshal(d.body())
		if err != nil {
			t.Fatal(err)
		}
		h := d.handling()
		reviewers := []string{"rui@first"}
		if named := slices.Contains(slices.Collect(maps.Values(h.Tiers)), schema.Named); named || h.Marking == schema.Named {
			reviewers = append(reviewers, "wim@second") // what holds content of the named tier, two recommend
		}
		id := s.Draft(l, body, h)
		s.Submit(l, id)
		for _, who := range reviewers {
			s.Assign(l.Publisher, id, workflow.AssignIn{Person: who, Duty: incident.ReviewDuty})
		}
		for _, who := range reviewers {
			s.Recommend(who, id)
		}
		s.Publish(l, id)
	}
	s.Settle()
	return s
}

// dice draws the parts of records and questions.
type dice struct{ *rand.Rand }

func (d dice) one(values ...string) string { return values[d.IntN(len(values))] }

// some draws a few different values, at times none.
func (d dice) some(most int, values ...string) []string {
	var out []string
	for _, i := range d.Perm(len(values))[:d.IntN(most+1)] {
		out = append(out, values[i])
	}
	return out
}

func (d dice) chance(of int) bool { return d.IntN(of) == 0 }

// words are invented, in no vocabulary, and no analysis of a language changes them or takes one for another.
func words() []string { return []string{"zorvaq", "mixtuq", "plodyx", "wobgiq", "krenzuk", "fyldaq"} }

func (d dice) text() incident.Text {
	text := ""
	for range 2 + d.IntN(4) {
		text += d.one(words()...) + " "
	}
	return incident.Say1(d.one("en", "fr", "es"), text)
}

func (d dice) date() incident.Date {
	year := 1995 + d.IntN(12)
	switch d.IntN(9) {
	case 0:
		return incident.Date(fmt.Sprintf("%04d", year))
	case 1:
		return incident.Date(fmt.Sprintf("%04d~", year))
	case 2:
		return incident.Date(fmt.Sprintf("%04d-%02d?", year, 1+d.IntN(12)))
	case 3:
		return incident.Date(fmt.Sprintf("%03dX", year/10))
	case 4:
		return incident.Date(fmt.Sprintf("%04d/%04d", year, year+d.IntN(3)))
	case 5:
		return incident.Date(fmt.Sprintf("%04d-%02d/..", year, 1+d.IntN(12)))
	case 6:
		return incident.Date(fmt.Sprintf("%04d-%02d", year, 1+d.IntN(12)))
	}
	return incident.Date(fmt.Sprintf("%04d-%02d-%02d", year, 1+d.IntN(12), 1+d.IntN(28)))
}

func areas() []string {
	return []string{"FRA", "ESP", "DEU", "NGA", "GHA", "BRA", "CHN", "150", "SUHH"}
}
func agents() []string {
	return []string{"bacillus_anthracis", "vibrio_cholerae", "vibrio_cholerae_o139", "influenza_a_virus", "influenza_a_h5n1", "yersinia_pestis"}
}

func diseases() []string {
	return []string{"cholera", "anthrax", "avian_influenza", "lpai", "bubonic_plague"}
}

func types() []string {
	return []string{"outbreak.human_disease", "outbreak.animal_disease", "poisoning_or_contamination.food_or_water", "laboratory_event.infection"}
}

func settings() []string { return []string{"community", "healthcare", "farm", "laboratory"} }

func actions() []string { return []string{"vaccination", "isolation_or_quarantine", "vector_control"} }

func (d dice) body() incident.Body {
	body := incident.Body{}
	body.Identity.Unit = d.one("incident", "report", "surveillance_row")
	if d.chance(2) {
		name := d.one("First collection", "Second collection")
		body.Identity.Collection = &incident.Collection{Name: name, Licence: "own"}
	}
	if d.chance(2) {
		body.Identity.ExternalIDs = []incident.ExternalID{{ID: "x1", Scheme: d.one("glide", "woah_event", "other_registry"), Value: "E" + d.one("1", "2", "3", "4", "5", "6")}}
	}
	body.Narrative.Summary = d.text()
	if d.chance(2) {
		body.Narrative.Members = d.text()
	}
	body.Classification = incident.Classification{IncidentType: d.one(types()...), Occurrence: "harm_occurred",
		Verification: d.one("corroborated", "reported_unconfirmed"), Domains: append([]string{"human"}, d.some(1, "wildlife", "crop")...)}
	body.Cause.NotAssessed = true
	if d.chance(3) {
		body.Cause = incident.Cause{Assessments: []incident.Assessment{{ID: "c1", Body: "Somebody", Value: d.one("natural", "accidental", "undetermined"), Sources: []string{"s1"}}}}
	}
	body.Time.Onset = incident.Say[incident.Date]("unknown")
	if !d.chance(5) {
		body.Time.Onset = incident.Know(d.date())
	}
	if d.chance(3) {
		body.Time.End = incident.Know(d.date())
	}
	if d.chance(3) {
		body.Time.InternationalNotification = incident.Know(d.date())
	}
	var places []incident.Area
	for i, area := range d.some(3, areas()...) {
		places = append(places, incident.Area{ID: fmt.Sprintf("p%d", i), Area: area, Role: d.one("occurrence", "occurrence", "affected")})
	}
	body.Place.Areas = incident.Say[[]incident.Area]("unknown")
	if len(places) > 0 {
		body.Place.Areas = incident.Know(places)
	}
	body.Place.Settings = d.some(2, settings()...)
	for i, agent := range d.some(2, agents()...) {
		body.Agents = append(body.Agents, incident.Agent{ID: fmt.Sprintf("g%d", i), Agent: agent, Diseases: d.some(1, diseases()...)})
	}
	body.Impact = incident.Impact{Counts: d.counts(), Severity: d.severity()}
	for i, action := range d.some(2, actions()...) {
		body.Response.Actions = append(body.Response.Actions, incident.ResponseAction{ID: fmt.Sprintf("r%d", i), Action: action})
	}
	if d.chance(3) {
		body.Lessons = []incident.Lesson{{ID: "l1", Phase: d.one("detection", "response", "recovery"), Lesson: d.text()}}
	}
	body.Sources = []incident.Source{{ID: "s1", Type: "official_state_report", Default: true}, {ID: "s2", Type: "igo_report"}}
	if !d.chance(4) {
		body.Sources[0].Published = d.date()
	}
	return body
}

func (d dice) severity() string {
	if d.chance(2) {
		return ""
	}
	return d.one(severities()...)
}

func (d dice) counts() []incident.Count {
	var counts []incident.Count
	for i, measure := range []string{"total_reported", "deaths"} {
		if d.chance(3) {
			continue
		}
		c := incident.Count{ID: fmt.Sprintf("n%d", i), Measure: measure, Population: "people", Basis: "cumulative"}
		low := int64(d.IntN(3) * d.IntN(20))
		if measure == "total_reported" {
			low += 200
		}
		high := low + int64(d.IntN(30))
		switch d.IntN(4) {
		case 0:
			c.Low, c.Qualifier = &low, "at_least"
		case 1:
			c.High, c.Qualifier = &high, "at_most"
		case 2:
			c.Low, c.High, c.Qualifier = &low, &high, "range"
			if low == high {
				c.Qualifier = "exact"
			}
		default:
			c.Low, c.High, c.Qualifier = &low, &low, "exact"
		}
		counts = append(counts, c)
	}
	return counts
}

// handling raises whole sections, so that the views of a record differ in what it is found by.
func (d dice) handling() workflow.HandlingIn {
	h := workflow.HandlingIn{Attribution: d.one("named", "named", "members_only", "organization_type_only")}
	switch d.IntN(6) {
	case 0, 1:
		h.Marking = schema.Members
	case 2:
		h.Marking = schema.Named
	}
	for _, section := range d.some(2, "place", "agents", "impact", "response", "lessons", "time", "narrative") {
		if h.Tiers == nil {
			h.Tiers = map[string]schema.Tier{}
		}
		h.Tiers[section] = max(h.Marking, []schema.Tier{schema.Members, schema.Named}[d.IntN(2)])
	}
	if h.Marking == schema.Named || d.chance(3) {
		h.Recipients = d.some(2, "gamma", "beta")
	}
	return h
}
