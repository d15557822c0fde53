package follow

import (
	"encoding/json"
	"fmt"
	"slices"

	"bioincident/internal/incident"
	"bioincident/internal/message"
	"bioincident/internal/store"
	"bioincident/schema"
	"bioincident/search"
)

// documents makes what is indexed of a stored view, and of nothing else.
type documents struct {
	schema  *schema.Schema
	message *message.Catalogue
}

// document makes the document of a view. A view that breaks the code that reads it is an error like any other: one
// record must not keep all others from being found.
func (m documents) document(view store.StoredView) (doc search.Document, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("the view cannot be read: %v", broken)
		}
	}()
	var body incident.Body
	if err := json.Unmarshal(view.Bytes, &body); err != nil {
		return search.Document{}, fmt.Errorf("view: %w", err)
	}
	doc = search.Document{
		No: view.No, Hash: view.Hash, Published: int64(view.Published), IDs: search.IDs(view.Record, body),
	}
	if doc.Codes, err = codes(view, body); err != nil {
		return search.Document{}, err
	}
	if doc.Texts, err = m.titles(view); err != nil {
		return search.Document{}, err
	}
	doc.Texts = append(doc.Texts, search.Texts(body)...)
	doc.Dates, doc.Counts, doc.Group = dates(body), incident.Figures(body), incident.GroupOf(body)
	if view.Tier == schema.Named {
		doc.Owner, doc.Recipients = view.Owner, view.Recipients
	}
	return doc, nil
}

// dates gives the days that questions of time are asked of, told from the body alone.
func dates(body incident.Body) search.Dates {
	spans := incident.SpansOf(body, incident.Derive(body))
	windows := make([]search.Window, len(spans.Reported))
	for i, span := range spans.Reported {
		windows[i] = search.Window(span)
	}
	return search.Dates{
		Began: search.Window(spans.Began), Core: search.Window(spans.Core), Hull: search.Window(spans.Hull), Reported: windows,
	}
}

// codes gives the codes stored with the view, and those that only search asks for. The owner is a code by the name that
// is shown, where it is shown: its id is none of anybody's business.
func codes(view store.StoredView, body incident.Body) (map[string][]string, error) {
	codes := map[string][]string{}
	if err := json.Unmarshal(view.Codes, &codes); err != nil {
		return nil, fmt.Errorf("codes of the view: %w", err)
	}
	codes["route"] = body.Exposure.Routes
	codes["mechanism"] = nil
	for _, assessment := range body.Cause.Assessments {
		codes["mechanism"] = append(codes["mechanism"], assessment.Mechanism)
	}
	codes["unit"], codes["organization"] = []string{view.Unit}, []string{view.ShownOwner}
	for kind := range codes {
		codes[kind] = slices.DeleteFunc(codes[kind], func(code string) bool { return code == "" })
	}
	return codes, nil
}

// titles composes the title in all languages, so that it is found in each.
func (m documents) titles(view store.StoredView) ([]search.Text, error) {
	var parts []incident.TitlePart
	if err := json.Unmarshal(view.Title, &parts); err != nil {
		return nil, fmt.Errorf("title of the view: %w", err)
	}
	texts := make([]search.Text, 0, len(incident.Languages()))
	for _, language := range incident.Languages() {
		title := m.message.Title(m.schema, parts, language)
		texts = append(texts, search.Text{Field: search.FieldTitle, Language: language, Text: title})
	}
	return texts, nil
}
