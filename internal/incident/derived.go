package incident

import (
	"slices"
	"strings"
)

// Derived is computed inside each view from what the view holds, so that it tells no more than the view does.
type Derived struct {
	Title         []TitlePart `json:"title,omitempty"`
	Facts         []TitlePart `json:"facts,omitempty"`
	Cause         string      `json:"cause"`             // headline, vocabulary cause
	ByBody        []Statement `json:"by_body,omitempty"` // when assessed differently: the newest of each body, oldest first
	Verification  string      `json:"verification,omitempty"`
	ReferenceDate Date        `json:"reference_date,omitempty"`
	ReferenceIs   string      `json:"reference_is,omitempty"` // vocabulary milestone
}

// TitlePart is one element of a composed title or key-facts line: a term of a vocabulary, words as reported, a date, or a
// count. Kind says what it is: disease, agent, purported, type, domain, place, area, date, cause, occurrence, deaths,
// cases, animals.
type TitlePart struct {
	Kind      string `json:"kind"`
	List      string `json:"list,omitempty"` // vocabulary, or "message"
	Code      string `json:"code,omitempty"`
	Text      string `json:"text,omitempty"`
	Date      Date   `json:"date,omitempty"`
	Low       *int64 `json:"low,omitempty"`
	High      *int64 `json:"high,omitempty"`
	Qualifier string `json:"qualifier,omitempty"`
}

// Statement is what one body said last of the cause.
type Statement struct {
	Body  string `json:"body"`
	Date  Date   `json:"date,omitempty"`
	Value string `json:"value"`
}

// Derive computes the derived part of a view from its body.
func Derive(body Body) Derived {
	d := Derived{Verification: body.Classification.Verification}
	d.Cause, d.ByBody = Headline(body)
	d.ReferenceDate, d.ReferenceIs = ReferenceDate(body)
	d.Title = title(body, d)
	d.Facts = facts(body, d)
	return d
}

// Headline gives the cause that heads a record. The newest statement of each body counts, so that the last to speak
// never flips it: agree → that value; differ → assessed_differently, with each by date; none → not_assessed; a hoax or a
// false alarm → does_not_apply.
func Headline(body Body) (string, []Statement) {
	switch body.Classification.Occurrence {
	case "hoax", "false_alarm":
		return "does_not_apply", nil
	}
	statements := newestOfEachBody(body.Cause.Assessments)
	if len(statements) == 0 {
		return "not_assessed", nil
	}
	for _, s := range statements[1:] {
		if s.Value != statements[0].Value {
			return "assessed_differently", statements
		}
	}
	return statements[0].Value, nil
}

// newestOfEachBody gives one statement a body, oldest first; of two undated ones the later entered is the newer.
func newestOfEachBody(assessments []Assessment) []Statement {
	newest := map[string]Statement{}
	for _, a := range assessments {
		name := strings.ToLower(strings.Join(strings.Fields(a.Body), " "))
		before, ok := newest[name]
		if !ok || latest(a.Date) >= latest(before.Date) {
			newest[name] = Statement{Body: a.Body, Date: a.Date, Value: a.Value}
		}
	}
	statements := make([]Statement, 0, len(newest))
	for _, s := range newest {
		statements = append(statements, s)
	}
	slices.SortFunc(statements, func(a, b Statement) int {
		if c := int(latest(a.Date)) - int(latest(b.Date)); c != 0 {
			return c
		}
		return strings.Compare(a.Body, b.Body)
	})
	return statements
}

// latest gives the last day a date can mean; an unknown date sorts before all others.
func latest(d Date) Day {
	if d == "" {
		return NoDay
	}
	bounds := d.Bounds()
	return bounds.Latest
}

// ReferenceDate gives the first known of the milestones in their order, then the first publication of a source, and
// which it is (vocabulary milestone). It is "" when nothing is known.
func ReferenceDate(body Body) (Date, string) {
	t := body.Time
	exposure := Known[Date]{}
	if t.Exposure.Has() {
		exposure = Know(t.Exposure.Value)
	}
	for _, m := range []struct {
		name string
		date Known[Date]
	}{
		{"onset", t.Onset}, {"exposure", exposure}, {"detection", t.Detection},
		{"laboratory_confirmation", t.LaboratoryConfirmation}, {"national_notification", t.NationalNotification},
		{"international_notification", t.InternationalNotification}, {"public_communication", t.PublicCommunication},
		{"first_intervention", t.FirstIntervention}, {"end", t.End},
	} {
		if m.date.Has() {
			return m.date.Value, m.name
		}
	}
	return firstPublication(body.Sources)
}

func firstPublication(sources []Source) (Date, string) {
	first, at := Date(""), NoDay
	for _, s := range sources {
		if s.Published == "" {
			continue
		}
		if earliest := s.Published.Bounds().Earliest; first == "" || earliest < at {
			first, at = s.Published, earliest
		}
	}
	if first == "" {
		return "", ""
	}
	return first, "source_publication"
}

// title composes what happened to whom, where and when, as codes.
func title(body Body, d Derived) []TitlePart {
	parts := subject(body)
	for _, domain := range body.Classification.Domains {
		parts = append(parts, TitlePart{Kind: "domain", List: "domain", Code: domain})
	}
	parts = append(parts, placeParts(body.Place)...)
	if d.ReferenceDate != "" {
		parts = append(parts, TitlePart{Kind: "date", Date: d.ReferenceDate})
	}
	return parts
}

// subject says what: the disease if known, else the agent, else its name as reported, else the type of incident.
func subject(body Body) []TitlePart {
	const most = 3
	var parts []TitlePart
	for _, agent := range body.Agents {
		if len(parts) == most {
			break
		}
		if part, ok := agentPart(agent); ok && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 && body.Classification.IncidentType != "" {
		parts = append(parts, TitlePart{Kind: "type", List: "incident_type", Code: body.Classification.IncidentType})
	}
	return parts
}

func agentPart(agent Agent) (TitlePart, bool) {
	kind := "agent"
	if agent.Class == "purported" || agent.Identification == "purported" {
		kind = "purported"
	}
	switch {
	case len(agent.Diseases) > 0 && kind == "agent":
		return TitlePart{Kind: "disease", List: "diseases", Code: agent.Diseases[0]}, true
	case agent.Agent != "":
		return TitlePart{Kind: kind, List: "agents", Code: agent.Agent}, true
	case agent.Name != "":
		return TitlePart{Kind: "agent", Text: agent.Name}, true
	}
	return TitlePart{}, false
}

// placeParts says where, from the finest that is seen to the areas of occurrence.
func placeParts(place Place) []TitlePart {
	const most = 3
	var parts []TitlePart
	for _, name := range []Stated[string]{place.Locality, place.Admin2, place.Admin1} {
		if name.Has() {
			parts = append(parts, TitlePart{Kind: "place", Text: name.Value})
			break
		}
	}
	count := 0
	for _, area := range place.Areas.Value {
		if area.Role == "occurrence" && count < most {
			parts = append(parts, TitlePart{Kind: "area", List: "areas", Code: area.Area})
			count++
		}
	}
	if place.Areas.Is != "" {
		parts = append(parts, TitlePart{Kind: "area", List: "message", Code: "place.unknown"})
	}
	return parts
}

// facts composes the key-facts line: what it came to, how it began, deaths, cases, animals.
func facts(body Body, d Derived) []TitlePart {
	var parts []TitlePart
	if o := body.Classification.Occurrence; o != "" {
		parts = append(parts, TitlePart{Kind: "occurrence", List: "occurrence", Code: o})
	}
	parts = append(parts, TitlePart{Kind: "cause", List: "cause", Code: d.Cause})
	for _, head := range headCounts(body) {
		c := head.count
		parts = append(parts, TitlePart{Kind: head.kind, Low: c.Low, High: c.High, Qualifier: c.Qualifier})
	}
	return parts
}

// headCount is a count that heads a record, and what it is of.
type headCount struct {
	kind  string // deaths, cases
	count Count
}

// headCounts gives the counts of people that head a record: the deaths, and the widest count of cases there is.
func headCounts(body Body) []headCount {
	var heads []headCount
	for _, measure := range []struct{ kind, code string }{
		{"deaths", "deaths"}, {"cases", "total_reported"}, {"cases", "confirmed"}, {"cases", "symptomatic"},
	} {
		if slices.ContainsFunc(heads, func(h headCount) bool { return h.kind == measure.kind }) {
			continue
		}
		if count, ok := Newest(body.Impact.Counts, measure.code, PopulationPeople); ok {
			heads = append(heads, headCount{measure.kind, count})
		}
	}
	return heads
}
