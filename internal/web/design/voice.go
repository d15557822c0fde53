package design

import (
	"html/template"
	"reflect"
	"strings"
	"time"

	"bioincident/internal/incident"
	"bioincident/internal/message"
	"bioincident/schema"
)

// Voice speaks one language: words of the catalogue, labels of vocabularies, numbers and dates. Templates use it through
// their functions, Go code directly.
type Voice struct {
	words  *message.Catalogue
	schema *schema.Schema
	lang   string
	set    *template.Template
}

func (v *Voice) functions() template.FuncMap {
	return template.FuncMap{
		"show": v.show, "say": v.Say, "number": v.Number, "date": v.Date, "moment": v.Moment, "stamp": stamp, "count": v.Count,
		"label": v.Label, "cause": v.Cause, "list": v.ListTitle, "lang": v.Lang, "dir": v.Dir, "native": v.native, "asset": assetPath,
		"languages": incident.Languages,
	}
}

// Lang is the language's code, one of incident.Languages.
func (v *Voice) Lang() string { return v.lang }

// Dir is the direction of writing: rtl or ltr.
func (v *Voice) Dir() string {
	if v.lang == "ar" {
		return "rtl"
	}
	return "ltr"
}

// Say gives the words of an id. One number after it chooses the plural form and is shown in it; otherwise pairs of a name
// and a value may follow.
func (v *Voice) Say(id string, args ...any) string {
	if len(args) == 1 {
		n := reflect.ValueOf(args[0]).Int()
		return v.words.Count(v.lang, id, n, v.Number(n))
	}
	params := make(map[string]any, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		params[args[i].(string)] = args[i+1]
	}
	return v.words.Say(v.lang, id, params)
}

// Number groups a number by thousands as the language does.
func (v *Voice) Number(n int64) string { return message.Number(n, v.lang) }

// Date says a recorded date, which may be partial, uncertain or an interval.
func (v *Voice) Date(d incident.Date) string { return v.words.Date(d, v.lang) }

// Moment says a time of the system to the minute, in UTC.
func (v *Voice) Moment(t time.Time) string {
	t = t.UTC()
	return v.words.Say(v.lang, "ui.moment", map[string]any{
		"Day": v.Date(incident.Date(t.Format(time.DateOnly))), "Time": t.Format("15:04"),
	})
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Title composes the title of a record from its parts.
func (v *Voice) Title(parts []incident.TitlePart) string {
	return v.words.Title(v.schema, parts, v.lang)
}

// Label gives the label of a code of a vocabulary; the code where there is none.
func (v *Voice) Label(list, code string) string {
	if vocabulary, ok := v.schema.Vocabulary(list); ok {
		return vocabulary.Label(code, v.lang)
	}
	return code
}

// Cause names how it began, the narrower term after the one it belongs to: "Natural · Endemic".
func (v *Voice) Cause(code string) string {
	if kind, _, narrower := strings.Cut(code, "."); narrower {
		return v.Label("cause", kind) + v.words.Say(v.lang, "fact.separator", nil) + v.Label("cause", code)
	}
	return v.Label("cause", code)
}

// ListTitle gives the name of a vocabulary: "How it began".
func (v *Voice) ListTitle(list string) string {
	if vocabulary, ok := v.schema.Vocabulary(list); ok {
		return vocabulary.Title(v.lang)
	}
	return list
}

// Count says a number of a record: "at least 64", "300–400", or that it is not known, withheld or does not apply.
func (v *Voice) Count(c Count) string {
	switch {
	case c.Is != "":
		return v.Label("known_statement", c.Is)
	case c.Low == nil && c.High == nil:
		return v.words.Say(v.lang, "not_stated", nil)
	case c.Low != nil && c.High != nil && *c.Low != *c.High:
		return v.words.Say(v.lang, "number.range", map[string]any{"Low": v.Number(*c.Low), "High": v.Number(*c.High)})
	}
	n := c.Low
	if n == nil {
		n = c.High
	}
	switch c.Qualifier {
	case "at_least", "at_most", "about":
		return v.words.Say(v.lang, "number."+c.Qualifier, map[string]any{"N": v.Number(*n)})
	}
	return v.Number(*n)
}

// native gives the name of a language in that language.
func (v *Voice) native(lang string) string { return v.words.Say(lang, "reference.language_name", nil) }

// show draws a component; nothing for none.
func (v *Voice) show(c Component) (template.HTML, error) {
	if c == nil {
		return "", nil
	}
	return v.draw(c.Template(), c)
}
