package search

import (
	"strings"

	"bioincident/internal/incident"
)

// Document is one current view as the index takes it.
type Document struct {
	No        int64 // dense number of the record, from 1
	Hash      string
	Published int64               // microseconds UTC, of the edition
	Codes     map[string][]string // kind → codes, as incident.Terms gives them
	IDs       []string            // the record's id and its ids elsewhere
	Texts     []Text
	Narrowed  bool // less may be seen than before: hide the record until the index has the new text

	Dates      Dates
	Counts     map[string][2]int64 // deaths and cases: the least and the most, -1 when no end is stated
	Group      string              // what groups it with others: an id of the event in another system; "" is alone
	Owner      string              // id of the owning organization; of the named tier only
	Recipients []string            // ids of the organizations it is addressed to; of the named tier only
}

// Dates are what the three questions of time are asked of. A span with incident.NoDay is not known.
type Dates struct {
	Began    Window   // bounds of the reference date
	Core     Window   // it was certainly going on on these days
	Hull     Window   // it was not going on before or after these days
	Reported []Window // bounds of each date on which a source told of it
}

// Text is a piece of text and the field it belongs to.
type Text struct {
	Field    string // one of the Field constants
	Language string // ar zh en fr ru es; "" for names and citations
	Text     string
}

// The fields, heaviest first.
const (
	FieldTitle     = "title"
	FieldAgents    = "agents"
	FieldPlaces    = "places"
	FieldSummary   = "summary"
	FieldNarrative = "narrative"
	FieldLessons   = "lessons"
	FieldSources   = "sources"
)

// Texts gives the texts of a view by field. The title is not among them: it is composed from codes.
func Texts(body incident.Body) []Text {
	var c collector
	c.words(FieldSummary, body.Narrative.Subtitle)
	c.words(FieldSummary, body.Narrative.Summary)
	for _, agent := range body.Agents {
		c.name(FieldAgents, agent.Name)
		c.name(FieldAgents, agent.Subtype)
		c.name(FieldAgents, agent.Strain.Value)
	}
	place := body.Place
	for _, name := range []incident.Stated[string]{place.Locality, place.Admin2, place.Admin1, place.FacilityName} {
		c.name(FieldPlaces, name.Value)
	}
	c.narrative(body)
	c.lessons(body)
	c.sources(body)
	return c.texts
}

type collector struct{ texts []Text }

func (c *collector) words(field string, text incident.Text) {
	for _, language := range incident.Languages() {
		if w := text.In[language]; w.Text != "" {
			c.texts = append(c.texts, Text{Field: field, Language: language, Text: w.Text})
		}
	}
}

func (c *collector) name(field, name string) {
	if name = strings.TrimSpace(name); name != "" {
		c.texts = append(c.texts, Text{Field: field, Text: name})
	}
}

func (c *collector) narrative(body incident.Body) {
	c.words(FieldNarrative, body.Narrative.Members)
	for _, entry := range body.Narrative.Timeline {
		c.words(FieldNarrative, entry.Text)
	}
	c.words(FieldNarrative, body.Classification.InclusionDoubt)
	for _, assessment := range body.Cause.Assessments {
		c.words(FieldNarrative, assessment.Basis)
		c.words(FieldNarrative, assessment.Dissent)
	}
}

func (c *collector) lessons(body incident.Body) {
	for _, lesson := range body.Lessons {
		c.words(FieldLessons, lesson.Happened)
		c.words(FieldLessons, lesson.Lesson)
		c.words(FieldLessons, lesson.Recommendation)
	}
	for _, action := range body.Response.Actions {
		c.words(FieldLessons, action.Description)
	}
	for _, corrective := range body.Response.CorrectiveActions {
		c.words(FieldLessons, corrective.Description)
	}
}

// sources gives the words of citations that people remember a source by, and the bodies that assessed the cause.
func (c *collector) sources(body incident.Body) {
	for _, source := range body.Sources {
		for _, key := range []string{"title", "container-title", "publisher", "number"} {
			if words, ok := source.Citation[key].(string); ok {
				c.name(FieldSources, words)
			}
		}
		authors, _ := source.Citation["author"].([]any)
		for _, author := range authors {
			c.author(author)
		}
	}
	if body.Identity.Collection != nil {
		c.name(FieldSources, body.Identity.Collection.Name)
	}
	for _, assessment := range body.Cause.Assessments {
		c.name(FieldSources, assessment.Body)
	}
}

func (c *collector) author(author any) {
	name, _ := author.(map[string]any)
	for _, key := range []string{"literal", "family"} {
		if words, ok := name[key].(string); ok {
			c.name(FieldSources, words)
		}
	}
}

// IDs gives the ids by which a view can be found: the record's own, those in other systems, those of its citations.
func IDs(record string, body incident.Body) []string {
	ids := []string{record}
	for _, id := range body.Identity.ExternalIDs {
		ids = append(ids, id.Value)
	}
	for _, source := range body.Sources {
		for _, key := range []string{"DOI", "PMID"} {
			if id, ok := source.Citation[key].(string); ok && id != "" {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
