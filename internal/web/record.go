package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"bioincident/internal/catalog"
	"bioincident/internal/incident"
	"bioincident/internal/web/design"
)

const pathIncident = "/incidents/"

// record shows one case history as this reader may see it, or what became of it.
func (s *Site) record(r *request) (answer, error) {
	reading, err := s.Catalog.Incident(r.Context(), r.who, r.param("id"), r.voice.Lang())
	if err != nil {
		return answer{}, err
	}
	editions, err := s.Catalog.Editions(r.Context(), r.who, reading.ID)
	if err != nil {
		return answer{}, err
	}
	out := answer{page: design.Page{Title: cmp.Or(reading.Title, reading.ID), Path: pathIncident + reading.ID, Public: r.who.Person == "",
		Crumbs: []design.Link{{Href: design.PathHome, Label: r.say("ui.product")}, {Href: design.PathSearch, Label: r.say("page.search")}}}}
	if reading.Tombstone != nil {
		out.page.Title, out.page.Body = reading.ID, s.tombstone(r, reading)
		return out, nil
	}
	var body incident.Body
	if err := json.Unmarshal(reading.Bytes, &body); err != nil {
		return answer{}, fmt.Errorf("a view cannot be read: %w", err)
	}
	out.page.Description = reading.Facts
	out.page.Body = caseHistory{s, r, reading, body}.stack(editions)
	return out, nil
}

func (s *Site) tombstone(r *request, reading catalog.Reading) design.Component {
	t := reading.Tombstone
	stone := design.Tombstone{ID: reading.ID, Words: r.say("tombstone."+t.What, "until", day(r, t.Until)), Reason: r.voice.Label("reason", t.Reason)}
	if t.Reason == "" {
		stone.Reason = ""
	}
	if t.MergedInto != "" {
		stone.Leads = append(stone.Leads, design.Link{Href: pathIncident + t.MergedInto, Label: t.MergedInto})
	}
	return stone
}

func day(r *request, at incident.Micros) string {
	if at == 0 {
		return ""
	}
	return r.voice.Date(incident.Date(time.UnixMicro(int64(at)).UTC().Format(time.DateOnly)))
}

// caseHistory is a record on its way to the page.
type caseHistory struct {
	*Site
	r       *request
	reading catalog.Reading
	body    incident.Body
}

func (h caseHistory) stack(editions []catalog.Edition) design.Component {
	body := design.Stack{}
	for _, note := range h.reading.Notes {
		body = append(body, design.Caution{Words: h.r.say("note."+note.Code) + " " + note.Words[h.r.voice.Lang()], Since: day(h.r, note.Since)})
	}
	if !h.reading.Current {
		body = append(body, design.Notice{Tone: design.Warn, Words: h.r.say("page.earlier_edition"),
			Actions: design.Actions{design.Link{Href: pathIncident + h.reading.ID, Label: h.r.say("page.current_edition")}}})
	}
	body = append(body, design.Row{design.Text(h.reading.ID), design.Text(h.r.say("page.edition", "N", h.reading.Edition)),
		design.Marking{Tier: h.reading.Tier}, h.cause()})
	body = append(body, h.words(h.body.Narrative.Summary)...)
	body = append(body, h.facts())
	for _, section := range []design.Section{h.timeline(), h.assessments(), h.impact(), h.response(), h.lessons(), h.sources(), h.citing(editions)} {
		if len(section.Body) > 0 {
			body = append(body, section)
		}
	}
	return body
}

// cause says how it began by what all said; where they differ, that they do.
func (h caseHistory) cause() design.Component {
	cause := design.Cause{Term: h.reading.Cause, Disputed: len(h.body.Cause.Assessments) > 1}
	if len(h.body.Cause.Assessments) == 1 {
		cause.Likelihood = h.body.Cause.Assessments[0].Likelihood
	}
	return cause
}

// words gives a text in the page's language, else in the one it was written in, which is then said.
func (h caseHistory) words(t incident.Text) []design.Component {
	if own, ok := t.In[h.r.voice.Lang()]; ok && own.Text != "" {
		return []design.Component{design.Paragraph(own.Text)}
	}
	for _, lang := range append([]string{t.Source}, incident.Languages()...) {
		if other, ok := t.In[lang]; ok && other.Text != "" {
			return []design.Component{design.Foreign{Lang: lang, Words: other.Text}}
		}
	}
	return nil
}

func (h caseHistory) terms(list string, codes ...string) []design.Component {
	var out []design.Component
	for _, code := range codes {
		if code != "" {
			out = append(out, design.Text(h.r.voice.Label(list, code)))
		}
	}
	return out
}

// facts are the key facts. What was not stated is left out; what its author says is unknown is said.
func (h caseHistory) facts() design.Component {
	var facts design.Facts
	add := func(list string, values []design.Component) {
		if len(values) > 0 {
			facts = append(facts, design.Fact{Term: h.r.voice.ListTitle(list), Values: values})
		}
	}
	c := h.body.Classification
	add("incident_type", h.terms("incident_type", c.IncidentType))
	add("occurrence", h.terms("occurrence", c.Occurrence))
	var agents, diseases, areas []design.Component
	for _, a := range h.body.Agents {
		if a.Agent == "" && a.Name != "" {
			agents = append(agents, design.Text(a.Name))
		}
		agents = append(agents, h.terms("agents", a.Agent)...)
		diseases = append(diseases, h.terms("diseases", a.Diseases...)...)
	}
	add("agents", agents)
	add("diseases", diseases)
	if h.body.Place.Areas.Is != "" {
		areas = h.terms("known_statement", h.body.Place.Areas.Is)
	}
	for _, a := range h.body.Place.Areas.Value {
		areas = append(areas, h.terms("areas", a.Area)...)
	}
	add("areas", areas)
	add("domain", h.terms("domain", c.Domains...))
	add("setting", h.terms("setting", h.body.Place.Settings...))
	add("verification", h.terms("verification", c.Verification))
	add("severity", h.terms("severity", h.body.Impact.Severity))
	add("review_depth", h.terms("review_depth", h.reading.ReviewDepth))
	add("licence", h.terms("licence", h.reading.Licence))
	return facts
}

func (h caseHistory) timeline() design.Section {
	var all design.Timeline
	t := h.body.Time
	for _, m := range []struct {
		code string
		date incident.Known[incident.Date]
	}{
		{"onset", t.Onset}, {"detection", t.Detection}, {"laboratory_confirmation", t.LaboratoryConfirmation},
		{"national_notification", t.NationalNotification}, {"international_notification", t.InternationalNotification},
		{"public_communication", t.PublicCommunication}, {"first_intervention", t.FirstIntervention}, {"end", t.End},
	} {
		if !m.date.IsZero() {
			all = append(all, design.Milestone{Code: m.code, Date: m.date.Value})
		}
	}
	section := design.Section{ID: "timeline", Title: h.r.say("page.timeline")}
	if len(all) > 0 {
		section.Body = append(section.Body, all)
	}
	table := design.Table{ID: "events", Caption: h.r.say("page.events"),
		Columns: []design.Column{{Label: h.r.say("page.date")}, {Label: h.r.say("page.event")}}}
	for _, entry := range h.body.Narrative.Timeline {
		table.Rows = append(table.Rows, []design.Component{design.Text(h.r.voice.Date(entry.Date)), design.Stack(h.words(entry.Text))})
	}
	if len(table.Rows) > 0 {
		section.Body = append(section.Body, table)
	}
	return section
}

func (h caseHistory) plain(t incident.Text) string {
	for _, lang := range append([]string{h.r.voice.Lang(), t.Source}, incident.Languages()...) {
		if words, ok := t.In[lang]; ok && words.Text != "" {
			return words.Text
		}
	}
	return ""
}

func (h caseHistory) assessments() design.Section {
	var all design.Assessments
	for _, a := range h.body.Cause.Assessments {
		all = append(all, design.Assessment{By: a.Body, Date: a.Date, Cause: cmp.Or(a.Mechanism, a.Value), Likelihood: a.Likelihood,
			Confidence: a.Confidence, Basis: h.plain(a.Basis), Dissent: h.plain(a.Dissent), Sources: h.links(a.Sources)})
	}
	section := design.Section{ID: "cause", Title: h.r.voice.ListTitle("cause")}
	switch {
	case len(all) > 0:
		section.Body = []design.Component{all}
	case h.body.Cause.NotAssessed:
		section.Body = []design.Component{design.Paragraph(h.r.say("page.not_assessed"))}
	}
	return section
}

func (h caseHistory) links(ids []string) []design.Link {
	var out []design.Link
	for _, id := range ids {
		out = append(out, design.Link{Href: "#source-" + id, Label: id})
	}
	return out
}

func (h caseHistory) impact() design.Section {
	table := design.Table{ID: "counts", Caption: h.r.say("page.counts"), Columns: []design.Column{
		{Label: h.r.voice.ListTitle("measure")}, {Label: h.r.say("page.count"), Numeric: true}, {Label: h.r.voice.ListTitle("population")},
		{Label: h.r.voice.ListTitle("count_basis")}, {Label: h.r.say("page.as_of")}}}
	for _, c := range h.body.Impact.Counts {
		table.Rows = append(table.Rows, []design.Component{
			design.Text(h.r.voice.Label("measure", c.Measure)), design.Count{Low: c.Low, High: c.High, Qualifier: c.Qualifier},
			design.Text(h.r.voice.Label("population", cmp.Or(c.Population, incident.PopulationPeople))),
			design.Text(h.r.voice.Label("count_basis", c.Basis)), design.Text(h.r.voice.Date(cmp.Or(c.AsOf, c.Period)))})
	}
	section := design.Section{ID: "impact", Title: h.r.say("page.impact")}
	if len(table.Rows) > 0 {
		section.Body = []design.Component{table}
	}
	return section
}

func (h caseHistory) response() design.Section {
	section := design.Section{ID: "response", Title: h.r.say("page.response")}
	var facts design.Facts
	for _, a := range h.body.Response.Actions {
		fact := design.Fact{Term: h.r.voice.Label("response_action", a.Action), Values: h.words(a.Description)}
		if a.Date != "" {
			fact.Note = h.r.voice.Date(a.Date)
		}
		facts = append(facts, fact)
	}
	if len(facts) > 0 {
		section.Body = []design.Component{facts}
	}
	return section
}

func (h caseHistory) lessons() design.Section {
	section := design.Section{ID: "lessons", Title: h.r.say("page.lessons")}
	for _, l := range h.body.Lessons {
		one := design.Section{Sub: true, ID: "lesson-" + l.ID, Title: h.r.voice.Label("lesson_phase", l.Phase)}
		one.Body = append(one.Body, h.words(l.Happened)...)
		one.Body = append(one.Body, h.words(l.Lesson)...)
		one.Body = append(one.Body, h.words(l.Recommendation)...)
		section.Body = append(section.Body, one)
	}
	return section
}

// sources lists what the statements rest on. A link leads outside only where the record may name it.
func (h caseHistory) sources() design.Section {
	section := design.Section{ID: "sources", Title: h.r.say("page.sources")}
	for _, source := range h.body.Sources {
		title, _ := source.Citation["title"].(string)
		one := design.Section{Sub: true, ID: "source-" + source.ID, Title: cmp.Or(title, h.r.voice.Label("source_type", source.Type))}
		line := h.r.voice.Label("source_type", source.Type)
		if source.Published != "" {
			line += " · " + h.r.voice.Date(source.Published)
		}
		one.Body = append(one.Body, design.Text(line))
		if source.URL != "" {
			one.Body = append(one.Body, design.Link{Href: source.URL, Label: source.URL})
		}
		section.Body = append(section.Body, one)
	}
	return section
}

// citing says how this very edition is cited, and which others there are.
func (h caseHistory) citing(editions []catalog.Edition) design.Section {
	section := design.Section{ID: "cite", Title: h.r.say("page.cite")}
	section.Body = append(section.Body, design.Paragraph(h.r.say("page.citation", "Title", h.reading.Title,
		"Ref", fmt.Sprintf("%s@%d", h.reading.ID, h.reading.Edition), "Date", day(h.r, h.reading.Published))))
	var links design.Actions
	for _, e := range editions {
		if e.Edition != h.reading.Edition {
			links = append(links, design.Link{Href: fmt.Sprintf("%s%s@%d", pathIncident, h.reading.ID, e.Edition),
				Label: h.r.say("page.edition", "N", e.Edition) + ", " + day(h.r, e.Published)})
		}
	}
	if len(links) > 0 {
		section.Body = append(section.Body, links)
	}
	return section
}
