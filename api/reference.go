package api

import (
	"bytes"
	_ "embed" // the page and its style
	"encoding/json"
	"html/template"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"bioincident/internal/incident"
	"bioincident/internal/message"
)

//go:embed reference.html
var referencePage string //nolint:gochecknoglobals // embedded data can only be a package variable

//go:embed reference.css
var referenceStyle []byte //nolint:gochecknoglobals // embedded data can only be a package variable

// reference is the contract as people read it. The frame is in the reader's language; what the contract says is in its
// own, and marked so.
type reference struct {
	style    []byte
	template *template.Template
	page     refPage
}

type (
	refPage struct {
		Lang, Dir, Title, Version, Notice, Alarm string

		Say       func(string) string
		About     [][]span
		Languages []refLanguage
		Tags      []refTag
		Shapes    []refShape
	}
	refLanguage struct {
		Code, Name string
		Here       bool
	}
	refTag struct {
		Name, Description string
		Operations        []refOperation
	}
	refOperation struct {
		ID, Method, Class, Path, Summary, Action, Token, Curl string

		Description [][]span
		Parameters  []refField
		Body        []refBody
		Answers     []refAnswer
	}
	refField struct {
		Name, In, Type, Shape, Description string
		Must                               bool
	}
	refBody   struct{ Media, Shape string }
	refAnswer struct{ Status, Description, Shape string }
	refShape  struct {
		Name, Description string
		Fields            []refField
	}
	// span is a run of a description: plain, **strong** or `code`.
	span struct {
		Text         string
		Strong, Code bool
	}
)

func newReference(c *Contract, notice string) (reference, error) {
	parsed, err := template.New("reference").Parse(referencePage)
	if err != nil {
		return reference{}, err
	}
	page := refPage{
		Title: c.Document.Info.Title, Version: c.Document.Info.Version, Notice: notice, About: paragraphs(c.Document.Info.Description),
	}
	for _, tag := range c.Document.Tags {
		t := refTag{Name: tag.Name, Description: tag.Description}
		for _, op := range c.Operations {
			if slices.Contains(op.Spec.Tags, tag.Name) {
				t.Operations = append(t.Operations, describe(op))
			}
		}
		page.Tags = append(page.Tags, t)
	}
	for name, ref := range c.Document.Components.Schemas {
		page.Shapes = append(page.Shapes, refShape{Name: name, Description: ref.Value.Description, Fields: fields("", ref.Value)})
	}
	sort.Slice(page.Shapes, func(i, j int) bool { return page.Shapes[i].Name < page.Shapes[j].Name })
	r := reference{style: referenceStyle, template: parsed, page: page}
	return r, nil
}

// render makes the page in a language.
func (r reference) render(words *message.Catalogue, lang string) ([]byte, error) {
	page := r.page
	page.Lang, page.Dir = lang, "ltr"
	if lang == "ar" {
		page.Dir = "rtl"
	}
	page.Alarm = words.Say(lang, "not_alarm_channel", nil)
	if page.Notice != "" {
		page.Notice = words.Say(lang, page.Notice, nil)
	}
	page.Say = func(id string) string { return words.Say(lang, "reference."+id, nil) }
	for _, code := range incident.Languages() {
		page.Languages = append(page.Languages, refLanguage{code, words.Say(code, "reference.language_name", nil), code == lang})
	}
	var out bytes.Buffer
	err := r.template.Execute(&out, page)
	return out.Bytes(), err
}

func describe(op *Operation) refOperation {
	d := refOperation{
		ID: op.ID, Method: op.Method, Class: strings.ToLower(op.Method), Path: op.Path, Summary: op.Spec.Summary, Action: op.Action,
		Description: paragraphs(op.Spec.Description), Token: "no_token", Curl: curl(op),
	}
	if op.Secured {
		d.Token = "needs_token"
	} else if op.Signable {
		d.Token = "optional_token"
	}
	for _, p := range op.Spec.Parameters {
		d.Parameters = append(d.Parameters, refField{
			Name: p.Value.Name, In: p.Value.In, Type: typeOf(p.Value.Schema), Description: p.Value.Description,
			Must: p.Value.Required || p.Value.Name == "If-Match",
		})
	}
	for _, media := range op.Consumes {
		d.Body = append(d.Body, refBody{media, shapeOf(op.Spec.RequestBody.Value.Content[media].Schema)})
	}
	for status, response := range op.Spec.Responses.Map() {
		a := refAnswer{Status: status}
		if response.Value.Description != nil {
			a.Description = *response.Value.Description
		}
		for _, content := range response.Value.Content {
			a.Shape = shapeOf(content.Schema)
		}
		d.Answers = append(d.Answers, a)
	}
	sort.Slice(d.Answers, func(i, j int) bool { return d.Answers[i].Status < d.Answers[j].Status })
	return d
}

// fields lists the properties of a shape, those of shapes inside it under their path.
func fields(prefix string, s *openapi3.Schema) []refField {
	var out []refField
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		ref := s.Properties[name]
		out = append(out, refField{
			Name: prefix + name, Type: typeOf(ref), Shape: shapeOf(ref), Description: ref.Value.Description,
			Must: slices.Contains(s.Required, name),
		})
		inner, at := ref.Value, prefix+name+"."
		if inner.Items != nil {
			inner, at = inner.Items.Value, prefix+name+"[]."
		}
		if shapeOf(ref) == "" && len(inner.Properties) > 0 {
			out = append(out, fields(at, inner)...)
		}
	}
	return out
}

// shapeOf gives the name of the shape that a schema refers to, or is a list of.
func shapeOf(ref *openapi3.SchemaRef) string {
	if ref == nil {
		return ""
	}
	if name, ok := strings.CutPrefix(ref.Ref, "#/components/schemas/"); ok {
		return name
	}
	return shapeOf(ref.Value.Items)
}

func typeOf(ref *openapi3.SchemaRef) string {
	s := ref.Value
	if name := shapeOf(ref); name != "" && s.Items == nil && len(s.Enum) == 0 {
		return name
	}
	switch {
	case s.Items != nil:
		return "[" + typeOf(s.Items) + "]"
	case len(s.Enum) > 0:
		codes := make([]string, 0, len(s.Enum))
		for _, code := range s.Enum {
			if text, ok := code.(string); ok {
				codes = append(codes, text)
			}
		}
		return strings.Join(codes, " | ")
	case s.Type == nil:
		return "any"
	case s.Min != nil && s.Max != nil:
		return "integer " + strconv.FormatFloat(*s.Min, 'f', -1, 64) + "–" + strconv.FormatFloat(*s.Max, 'f', -1, 64)
	case s.Format != "":
		return strings.Join(s.Type.Slice(), "") + " (" + s.Format + ")"
	}
	return strings.Join(s.Type.Slice(), " | ")
}

// curl gives a command that can be pasted, with the examples of the contract.
func curl(op *Operation) string {
	var b strings.Builder
	b.WriteString("curl")
	if op.Method != "GET" {
		b.WriteString(" -X " + op.Method)
	}
	path, query := op.Path, []string{}
	var headers []string
	for _, p := range op.Spec.Parameters {
		value, ok := p.Value.Example.(string)
		if !ok {
			continue
		}
		switch {
		case p.Value.In == openapi3.ParameterInPath:
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", value)
		case p.Value.In == openapi3.ParameterInHeader:
			headers = append(headers, p.Value.Name+": "+value)
		case p.Value.Required || p.Value.Name == "q":
			query = append(query, p.Value.Name+"="+value)
		}
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	b.WriteString(` "$BID` + path + `"`)
	if op.Secured {
		b.WriteString(" \\\n  -H \"Authorization: Bearer $TOKEN\"")
	}
	for _, header := range headers {
		b.WriteString(" \\\n  -H '" + header + "'")
	}
	return b.String() + curlBody(op)
}

func curlBody(op *Operation) string {
	if slices.Contains(op.Consumes, "multipart/form-data") {
		return " \\\n  -F file=@events.csv"
	}
	if !slices.Contains(op.Consumes, "application/json") {
		return ""
	}
	example, err := json.Marshal(op.Spec.RequestBody.Value.Content["application/json"].Example)
	if err != nil {
		return ""
	}
	return " \\\n  -H 'Content-Type: application/json' \\\n  -d '" + string(example) + "'"
}

// paragraphs reads the little markdown that descriptions use: blank lines, **strong** and `code`.
func paragraphs(text string) [][]span {
	var out [][]span
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if paragraph == "" {
			continue
		}
		var spans []span
		for i, strong := range strings.Split(paragraph, "**") {
			for j, code := range strings.Split(strong, "`") {
				if code != "" {
					spans = append(spans, span{Text: code, Strong: i%2 == 1, Code: j%2 == 1})
				}
			}
		}
		out = append(out, spans)
	}
	return out
}
