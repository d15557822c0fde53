package incident

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"bioincident/schema"
)

var loadSchema = sync.OnceValue(func() *schema.Schema {
	sch, err := schema.Load()
	if err != nil {
		panic(err)
	}
	return sch
})

// sverdlovsk is a full body: something in every section, at every tier.
func sverdlovsk() Body {
	n := func(v int64) *int64 { return &v }
	return Body{
		Identity: Identity{Unit: UnitIncident, Completeness: "full", ExternalIDs: []ExternalID{
			{ID: "x1", Scheme: "pmid", Value: "7973702"}, {ID: "x2", Scheme: "national_ref", Value: "A-17"},
		}},
		Narrative: Narrative{
			Summary: Say1("en", "Anthrax among people and animals downwind of a military facility."),
			Members: Say1("en", "Notes for members of the network."),
			Timeline: []TimelineEntry{
				{ID: "t1", Date: "1979-04-04", Text: Say1("en", "First patients."), Sources: []string{"s1"}},
				{ID: "t2", Date: "1992-06", Text: Say1("en", "A statement."), Sources: []string{"s2"}},
			},
		},
		Classification: Classification{
			IncidentType: "laboratory_event.release", Occurrence: "harm_occurred", Verification: "corroborated",
			Domains: []string{"human", "domestic_animal"}, InclusionDoubt: Say1("en", "None."),
		},
		Cause: Cause{Assessments: []Assessment{
			{ID: "a1", Body: "Soviet health authorities", Date: "1980", Value: "natural", Sources: []string{"s2"}},
			{ID: "a2", Body: "Research team", Date: "1994-11", Value: "accidental", Mechanism: "accidental.production",
				Likelihood: "almost_certain", Confidence: "high", Basis: Say1("en", "Epidemiology."), Sources: []string{"s1"}},
		}},
		Time: Time{
			Onset: Know(Date("1979-04-04")), Exposure: State(Date("1979-04-02"), ""), End: Know(Date("1979-05~")),
		},
		Place: Place{
			Areas:  Know([]Area{{ID: "p1", Area: "SUHH", Role: "occurrence"}, {ID: "p2", Area: "SUHH", Role: "nationality_of_exposed"}}),
			Admin1: State("Sverdlovsk Oblast", ""), Locality: State("Sverdlovsk", "s1"),
			Settings: []string{"military_site"}, FacilityType: State("vaccine_or_biologics_production", ""),
			FacilityName: State("Compound 19", "s1"), Point: &Point{Lat: 56.8, Lon: 60.6, Precision: "locality"},
		},
		Agents: []Agent{{ID: "g1", Agent: "bacillus_anthracis", Class: "bacterium", Diseases: []string{"anthrax"},
			Identification: "laboratory_confirmed", Methods: []string{"culture"}, Strain: State("not typed", "")}},
		Exposure: Exposure{Routes: []string{"inhalation"}, Vehicles: []string{"air_outdoor"},
			ContributingFactors: []string{"engineering_control_failure"}, WorkActivity: "production"},
		Impact: Impact{Counts: []Count{
			{ID: "c1", Measure: "deaths", Population: "people", Basis: "cumulative", Low: n(64), Qualifier: "at_least", Sources: []string{"s1"}},
		}, Severity: "major"},
		Response: Response{DiscoveryMethod: "whistle_blower", CorrectiveActions: []Corrective{
			{ID: "k1", Description: Say1("en", "Filters replaced."), State: "done"},
		}},
		Lessons: []Lesson{{ID: "l1", Phase: "notification", Lesson: Say1("en", "Late notice cost trust.")}},
		Sources: []Source{
			{ID: "s1", Type: "peer_reviewed", Published: "1994-11-18", Reliability: "a", Supports: []string{"c1", "a2", "place", "time"}},
			{ID: "s2", Type: "originator_internal", NonPublic: true},
		},
		Annex: []Annex{{ID: "n1", What: Say1("en", "Case files."), Holder: "Archive", Mailbox: "archive@example.org"}},
	}
}

func marshal(t interface{ Fatal(...any) }, body Body) []byte {
	doc, err := Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func mustView(t interface{ Fatal(...any) }, doc []byte, h Handling, tier schema.Tier) (ViewDoc, bool) {
	view, ok, err := View(loadSchema(), doc, h, tier)
	if err != nil {
		t.Fatal(err)
	}
	return view, ok
}

func TestTheFullBodyIsValid(t *testing.T) {
	if fields := loadSchema().Validate(marshal(t, sverdlovsk())); fields != nil {
		t.Fatalf("%+v", fields)
	}
}

func TestPublicViewHoldsNothingAboveItsTier(t *testing.T) {
	view, ok := mustView(t, marshal(t, sverdlovsk()), Handling{}, schema.Public)
	if !ok {
		t.Fatal("no public view")
	}
	for _, hidden := range []string{
		"A-17", "Notes for members", "Epidemiology", "1979-04-02", "Sverdlovsk Oblast", "vaccine_or_biologics",
		"culture", "not typed", "work_activity", "\"s2\"", "originator_internal", "Archive", "archive@", "annex",
		"whistle_blower", "reliability", "point", "nationality_of_exposed", "inclusion_doubt",
	} {
		if bytes.Contains(view.Bytes, []byte(hidden)) {
			t.Errorf("the public view holds %q: %s", hidden, view.Bytes)
		}
	}
	for _, shown := range []string{
		"Compound 19", "\"Sverdlovsk\"", "1979-04\"", "inhalation", "\"s1\"", "\"discovery_method\":\"other\"", "assessed_differently", "at_least",
	} {
		if !bytes.Contains(view.Bytes, []byte(shown)) {
			t.Errorf("the public view lacks %q: %s", shown, view.Bytes)
		}
	}
}

func TestMembersSeeWhatTheyMay(t *testing.T) {
	view, _ := mustView(t, marshal(t, sverdlovsk()), Handling{}, schema.Members)
	for _, shown := range []string{"A-17", "Notes for members", "1979-04-02", "Sverdlovsk Oblast", "culture", "not typed", "reliability"} {
		if !bytes.Contains(view.Bytes, []byte(shown)) {
			t.Errorf("the members' view lacks %q", shown)
		}
	}
	if bytes.Contains(view.Bytes, []byte("Archive")) || bytes.Contains(view.Bytes, []byte("whistle_blower")) {
		t.Error("the members' view holds what is above it")
	}
}

func TestConditions(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Body)
		hidden string
		public bool // whether there is a public view
	}{
		{"deliberate hides routes", func(b *Body) { b.Classification.IncidentType = "deliberate_act.use" }, "inhalation", true},
		{"a deliberate assessment hides vehicles", func(b *Body) { b.Cause.Assessments[1].Value, b.Cause.Assessments[1].Mechanism = "deliberate", "" }, "air_outdoor", true},
		{"a hoax hides how it was discovered", func(b *Body) {
			b.Classification.IncidentType, b.Classification.Occurrence = "deliberate_act.threat", "hoax"
		}, "discovery_method", true},
		{"a laboratory hides admin 1", func(*Body) {}, "Sverdlovsk Oblast", true},
		{"a theft not recovered is not public", func(b *Body) { b.Classification.IncidentType = "custody.theft" }, "", false},
		{"an open security factor", func(b *Body) {
			b.Exposure.ContributingFactors = []string{"security_control"}
			b.Response.CorrectiveActions[0].State, b.Response.CorrectiveActions[0].Security = "open", true
		}, "security_control", true},
		{"its corrective action", func(b *Body) {
			b.Exposure.ContributingFactors = []string{"security_control"}
			b.Response.CorrectiveActions[0].State, b.Response.CorrectiveActions[0].Security = "open", true
		}, "Filters replaced", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := sverdlovsk()
			test.change(&body)
			view, ok := mustView(t, marshal(t, body), Handling{}, schema.Public)
			if ok != test.public {
				t.Fatalf("public view: %v", ok)
			}
			if test.hidden != "" && bytes.Contains(view.Bytes, []byte(test.hidden)) {
				t.Errorf("shows %q: %s", test.hidden, view.Bytes)
			}
		})
	}
}

func TestARecoveredTheftMayBePublic(t *testing.T) {
	body := sverdlovsk()
	body.Classification.IncidentType, body.Impact.Recovered = "custody.theft", "yes"
	if _, ok := mustView(t, marshal(t, body), Handling{}, schema.Public); !ok {
		t.Fatal("no public view")
	}
}

func TestPublicByFallsWithItsSource(t *testing.T) {
	doc := marshal(t, sverdlovsk())
	view, _ := mustView(t, doc, Handling{Tiers: map[string]schema.Tier{"s1": schema.Members}}, schema.Public)
	for _, hidden := range []string{"Compound 19", "\"Sverdlovsk\"", "\"s1\""} {
		if bytes.Contains(view.Bytes, []byte(hidden)) {
			t.Errorf("shows %q though its source is hidden", hidden)
		}
	}
}

func TestHeadlines(t *testing.T) {
	say := func(body, date, value string) Assessment {
		return Assessment{ID: body + date, Body: body, Date: Date(date), Value: value}
	}
	tests := []struct {
		name        string
		assessments []Assessment
		occurrence  string
		want        string
		bodies      []string
	}{
		{"none", nil, "harm_occurred", "not_assessed", nil},
		{"one", []Assessment{say("A", "2001", "natural")}, "harm_occurred", "natural", nil},
		{"agree", []Assessment{say("A", "2001", "natural"), say("B", "2002", "natural")}, "harm_occurred", "natural", nil},
		{"differ", []Assessment{say("B", "2002", "natural"), say("A", "2001", "accidental")}, "harm_occurred", "assessed_differently", []string{"A", "B"}},
		{"a body changes its mind", []Assessment{say("A", "2001", "natural"), say("A", "2003", "accidental")}, "harm_occurred", "accidental", nil},
		{"the last to speak never flips it", []Assessment{say("A", "2001", "natural"), say("B", "2009", "deliberate")}, "harm_occurred", "assessed_differently", []string{"A", "B"}},
		{"a hoax", []Assessment{say("A", "2001", "deliberate")}, "hoax", "does_not_apply", nil},
		{"spelled with more blanks", []Assessment{say("W H O", "2001", "natural"), say("w  h o", "2002", "accidental")}, "harm_occurred", "accidental", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, statements := Headline(Body{Cause: Cause{Assessments: test.assessments}, Classification: Classification{Occurrence: test.occurrence}})
			var bodies []string
			for _, s := range statements {
				bodies = append(bodies, s.Body)
			}
			if got != test.want || !slices.Equal(bodies, test.bodies) {
				t.Errorf("%s %v, want %s %v", got, bodies, test.want, test.bodies)
			}
		})
	}
}

func TestReferenceDateIsTheFirstKnown(t *testing.T) {
	body := Body{Sources: []Source{{ID: "s1", Published: "1996-03"}, {ID: "s2", Published: "1996-01"}}}
	if d, is := ReferenceDate(body); d != "1996-01" || is != "source_publication" {
		t.Errorf("%s %s", d, is)
	}
	body.Time.Detection = Know(Date("1995-12-31"))
	body.Time.Onset = Say[Date]("unknown")
	if d, is := ReferenceDate(body); d != "1995-12-31" || is != "detection" {
		t.Errorf("%s %s", d, is)
	}
}

// drawn gives a body and a handling with some of everything left out or raised.
func drawn(t *rapid.T) (Body, Handling) {
	body := sverdlovsk()
	drop := func(label string) bool { return rapid.Bool().Draw(t, label) }
	if drop("no s2") {
		body.Sources[1].NonPublic, body.Sources[1].Type = false, "local_media"
	}
	if drop("no assessments") {
		body.Cause = Cause{NotAssessed: true}
	}
	body.Classification.IncidentType = rapid.SampledFrom([]string{
		"outbreak.human_disease", "laboratory_event.release", "deliberate_act.use", "custody.theft", "custody.inventory_loss",
	}).Draw(t, "type")
	body.Impact.Recovered = rapid.SampledFrom([]string{"", "yes", "no"}).Draw(t, "recovered")
	body.Exposure.ContributingFactors = rapid.SampledFrom([][]string{nil, {"training"}, {"security_control"}}).Draw(t, "factors")
	body.Response.CorrectiveActions[0].State = rapid.SampledFrom([]string{"open", "done"}).Draw(t, "state")
	body.Response.CorrectiveActions[0].Security = drop("security")
	if drop("no place") {
		body.Place = Place{Areas: Say[[]Area]("unknown")}
	}
	body.Time.Exposure = rapid.SampledFrom([]Stated[Date]{{}, State(Date("1979-04-02"), ""), State(Date("1979-04-02"), "s1")}).Draw(t, "exposure")
	h := Handling{Marking: rapid.SampledFrom(schema.Tiers()).Draw(t, "marking"), Tiers: map[string]schema.Tier{}}
	for _, key := range []string{"narrative", "cause", "place", "sources", "impact", "t1", "a1", "a2", "c1", "s1", "s2", "p1", "g1", "k1", "l1", "exposure", "classification"} {
		if rapid.IntRange(0, 3).Draw(t, "raise "+key) == 0 {
			h.Tiers[key] = rapid.SampledFrom(schema.Tiers()).Draw(t, key)
		}
	}
	return body, h
}

func TestViewsAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, h := drawn(t)
		doc := marshal(t, body)
		for _, tier := range schema.Tiers() {
			view, ok := mustView(t, doc, h, tier)
			if !ok {
				continue
			}
			if fields := loadSchema().ValidateView(view.Bytes); fields != nil {
				t.Fatalf("%s: %+v\n%s", tier, fields, view.Bytes)
			}
		}
	})
}

func TestViewsNest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, h := drawn(t)
		doc := marshal(t, body)
		for _, through := range []schema.Tier{schema.Named, schema.Members} {
			for _, tier := range schema.Tiers() {
				if tier > through {
					continue
				}
				direct, ok := mustView(t, doc, h, tier)
				outer, outerOK := mustView(t, doc, h, through)
				if ok && !outerOK {
					t.Fatalf("a %s view without a %s view", tier, through)
				}
				if !outerOK {
					continue
				}
				nested, nestedOK := mustView(t, outer.Bytes, h, tier)
				if ok != nestedOK || !bytes.Equal(direct.Bytes, nested.Bytes) {
					t.Fatalf("%s through %s\n%s\n%s", tier, through, direct.Bytes, nested.Bytes)
				}
			}
		}
	})
}

// hide adds something above the public tier and gives the handling that hides it.
func hide(t *rapid.T, body Body, h Handling) (Body, Handling) {
	raised := Handling{Marking: h.Marking, Tiers: map[string]schema.Tier{"t9": schema.Members, "a9": schema.Members, "c9": schema.Named, "s9": schema.Members, "g9": schema.Named, "l9": schema.Members}}
	for key, tier := range h.Tiers {
		raised.Tiers[key] = tier
	}
	n := int64(7)
	switch rapid.SampledFrom([]string{"timeline", "assessment", "count", "source", "agent", "lesson", "members", "annex", "grading", "strain"}).Draw(t, "hidden") {
	case "timeline":
		body.Narrative.Timeline = append(body.Narrative.Timeline, TimelineEntry{ID: "t9", Date: "1979-05-01", Text: Say1("en", "hidden")})
	case "assessment":
		body.Cause.Assessments = append(body.Cause.Assessments, Assessment{ID: "a9", Body: "Z", Date: "2020", Value: "deliberate"})
	case "count":
		body.Impact.Counts = append(body.Impact.Counts, Count{ID: "c9", Measure: "deaths", Population: "people", Basis: "cumulative", Low: &n, High: &n, Qualifier: "exact", AsOf: "2020"})
	case "source":
		body.Sources = append(body.Sources, Source{ID: "s9", Type: "peer_reviewed", Published: "1979", Supports: []string{"t1"}})
	case "agent":
		body.Agents = append(body.Agents, Agent{ID: "g9", Agent: "yersinia_pestis", Class: "bacterium"})
	case "lesson":
		body.Lessons = append(body.Lessons, Lesson{ID: "l9", Phase: "response", Lesson: Say1("en", "hidden")})
	case "members":
		body.Narrative.Members = Say1("en", "something else")
	case "annex":
		body.Annex = append(body.Annex, Annex{ID: "n9", Holder: "H"})
	case "grading":
		body.Sources[0].Credibility = "c6"
	case "strain":
		body.Agents[0].Strain = State("another", "")
	}
	return body, raised
}

func TestWhatIsAboveATierChangesNothingBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, h := drawn(t)
		more, raised := hide(t, body, h)
		before, ok := mustView(t, marshal(t, body), h, schema.Public)
		after, stillOK := mustView(t, marshal(t, more), raised, schema.Public)
		if ok != stillOK || !bytes.Equal(before.Bytes, after.Bytes) {
			t.Fatalf("the public view changed\n%s\n%s", before.Bytes, after.Bytes)
		}
	})
}

// A view names no item that is not in it.
func TestNoReferenceDangles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, h := drawn(t)
		view, ok := mustView(t, marshal(t, body), h, schema.Public)
		if !ok {
			return
		}
		var tree map[string]any
		if err := json.Unmarshal(view.Bytes, &tree); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for section := range tree {
			ids[section] = true
		}
		collectIDs(tree, ids)
		for _, list := range references(view.Body) {
			for _, id := range list {
				if !ids[id] {
					t.Fatalf("%s is named and not there: %s", id, view.Bytes)
				}
			}
		}
	})
}

func references(body Body) [][]string {
	var lists [][]string
	for _, e := range body.Narrative.Timeline {
		lists = append(lists, e.Sources)
	}
	for _, a := range body.Cause.Assessments {
		lists = append(lists, a.Sources)
	}
	for _, c := range body.Impact.Counts {
		lists = append(lists, c.Sources)
	}
	for _, s := range body.Sources {
		lists = append(lists, s.Supports)
	}
	return lists
}

func TestTitleParts(t *testing.T) {
	view, _ := mustView(t, marshal(t, sverdlovsk()), Handling{}, schema.Public)
	var kinds []string
	for _, part := range view.Derived.Title {
		kinds = append(kinds, part.Kind)
	}
	if got := strings.Join(kinds, " "); got != "disease domain domain place area date" {
		t.Error(got)
	}
}

func TestWhatIsNotInTheSchemaIsNotShown(t *testing.T) {
	doc := bytes.Replace(marshal(t, sverdlovsk()), []byte(`{"agents"`), []byte(`{"aaa":"secret","agents"`), 1)
	view, _ := mustView(t, doc, Handling{}, schema.Named)
	if bytes.Contains(view.Bytes, []byte("secret")) {
		t.Error("an unknown property is shown")
	}
}

func BenchmarkView(b *testing.B) {
	doc := marshal(b, sverdlovsk())
	for b.Loop() {
		for _, tier := range schema.Tiers() {
			mustView(b, doc, Handling{}, tier)
		}
	}
}
