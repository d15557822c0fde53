package schema

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"bioincident/internal/fault"
)

// Validate tells everything that is wrong with the bytes of a content, by place; nil when nothing is. The bytes need not
// be canonical. Codes begin with "schema."; at most a hundred problems are listed.
func (s *Schema) Validate(doc []byte) []fault.Field { return s.validate(s.content, s.root, doc) }

// ValidateView does the same for the bytes of a view.
func (s *Schema) ValidateView(doc []byte) []fault.Field { return s.validate(s.view, s.viewRoot, doc) }

func (s *Schema) validate(compiled *jsonschema.Schema, root *Node, doc []byte) []fault.Field {
	value, wrong := parse(doc, s.names)
	if len(wrong) > 0 {
		return wrong
	}
	found := &problems{}
	if err := compiled.Validate(value); err != nil {
		s.explain(err, found)
	}
	walk := &walker{schema: s, problems: found, sections: s.sections}
	walk.collect(root, value)
	walk.check(root, value)
	return found.byPlace()
}

// byPlace sorts the problems. Of a string that the schema refuses it is no news that no vocabulary holds it.
func (p *problems) byPlace() []fault.Field {
	slices.SortStableFunc(p.fields, func(a, b fault.Field) int { return cmp.Compare(a.Pointer, b.Pointer) })
	return slices.CompactFunc(p.fields, func(a, b fault.Field) bool {
		return a.Pointer == b.Pointer && (a.Code == "schema.vocabulary" || b.Code == "schema.vocabulary")
	})
}

// walker checks what a JSON Schema cannot say: codes, ids and references.
type walker struct {
	schema   *Schema
	sections []string
	ids      map[string]string // id → the section or list it is in
	place    place
	*problems
}

func (w *walker) enter(s step, visit func()) {
	w.place = append(w.place, s)
	visit()
	w.place = w.place[:len(w.place)-1]
}

// each visits the values below a value that the tree knows; what it does not know the schema refuses.
func (w *walker) each(node *Node, value any, visit func(*Node, any)) {
	switch value := value.(type) {
	case map[string]any:
		for name, child := range value {
			if below := node.Props[name]; below != nil {
				w.enter(step{name: name, named: true}, func() { visit(below, child) })
			}
		}
	case []any:
		if node.Items == nil {
			return
		}
		for i, item := range value {
			w.enter(step{index: i}, func() { visit(node.Items, item) })
		}
	}
}

// collect gathers the ids of items and reports those that stand twice or are the name of a section. It goes by the
// names of properties, so that of two equal ids always the same is reported. Items do not hold items.
func (w *walker) collect(node *Node, value any) {
	if items, ok := value.([]any); ok && node.IDs {
		for i, item := range items {
			object, _ := item.(map[string]any)
			if id, ok := object["id"].(string); ok {
				w.enter(step{index: i}, func() { w.note(id) })
			}
		}
	}
	object, _ := value.(map[string]any)
	for _, name := range node.toItems {
		if child, ok := object[name]; ok {
			w.enter(step{name: name, named: true}, func() { w.collect(node.Props[name], child) })
		}
	}
}

func (w *walker) note(id string) {
	if w.ids == nil {
		w.ids = map[string]string{}
	}
	list := ""
	for _, s := range w.place {
		if s.named {
			list = s.name
		}
	}
	if _, twice := w.ids[id]; twice {
		w.add(w.place.pointer()+"/id", "schema.duplicate_id", "id", id)
		return
	}
	if slices.Contains(w.sections, id) {
		w.add(w.place.pointer()+"/id", "schema.reserved_id", "id", id)
	}
	w.ids[id] = list
}

// check reports codes that no vocabulary holds and references that lead nowhere.
func (w *walker) check(node *Node, value any) {
	if text, ok := value.(string); ok {
		w.checkText(node, text)
		return
	}
	if ids, ok := value.([]any); ok && node.Refs != "" {
		for i, id := range ids {
			if id, ok := id.(string); ok {
				w.enter(step{index: i}, func() { w.checkRef(node.Refs, id) })
			}
		}
		return
	}
	w.each(node, value, w.check)
}

func (w *walker) checkText(node *Node, text string) {
	if node.Vocab != "" {
		v := w.schema.vocabularies[node.Vocab]
		if v == nil || !v.Has(text) {
			w.add(w.place.pointer(), "schema.vocabulary", "list", node.Vocab, "code", short(text))
		}
	}
	if node.Refs != "" {
		w.checkRef(node.Refs, text)
	}
}

func (w *walker) checkRef(refs, id string) {
	list, ok := w.ids[id]
	if refs == "any" {
		ok = ok || slices.Contains(w.sections, id)
	} else {
		ok = ok && list == refs
	}
	if !ok {
		w.add(w.place.pointer(), "schema.reference", "id", short(id))
	}
}

// short keeps what is quoted in a problem short.
func short(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// explain turns the validator's tree of errors into problems by place.
func (s *Schema) explain(err error, found *problems) {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		found.add("", "schema.invalid")
		return
	}
	s.explainOne(invalid, found)
}

func (s *Schema) explainOne(e *jsonschema.ValidationError, found *problems) {
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf, *kind.Not:
	default:
		if len(e.Causes) > 0 {
			for _, cause := range e.Causes {
				s.explainOne(cause, found)
			}
			return
		}
	}
	at := pointerOf(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			found.add(at+"/"+escape(name), "schema.required", "name", name)
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			found.add(at+"/"+escape(name), "schema.unknown_property", "name", short(name))
		}
	case *kind.Pattern:
		found.add(at, s.formCode(k.Want))
	default:
		code, pairs := simple(e.ErrorKind)
		found.add(at, code, pairs...)
	}
}

// formCode gives the code for a string that is not of the form that a pattern describes.
func (s *Schema) formCode(pattern string) string {
	if code, ok := s.forms[pattern]; ok {
		return code
	}
	if strings.HasSuffix(pattern, `\.`) { // the mechanism of a cause begins with the cause
		return "schema.mechanism"
	}
	return "schema.form"
}

// simple gives code and parameters of the kinds of error that need no more than these.
func simple(k jsonschema.ErrorKind) (code string, pairs []any) {
	switch k := k.(type) {
	case *kind.Type:
		return "schema.type", []any{"want", strings.Join(k.Want, ", "), "got", k.Got}
	case *kind.Enum:
		return "schema.enum", []any{"want", listed(k.Want)}
	case *kind.Const:
		return "schema.enum", []any{"want", listed([]any{k.Want})}
	case *kind.MinLength:
		return "schema.too_short", []any{"least", k.Want}
	case *kind.MaxLength:
		return "schema.too_long", []any{"most", k.Want, "got", k.Got}
	case *kind.MinItems:
		return "schema.empty", nil
	case *kind.MinProperties:
		return "schema.empty", nil
	case *kind.MaxItems:
		return "schema.too_many", []any{"most", k.Want, "got", k.Got}
	case *kind.Minimum:
		return "schema.too_small", []any{"least", k.Want.RatString()}
	case *kind.Maximum:
		return "schema.too_big", []any{"most", k.Want.RatString()}
	case *kind.UniqueItems:
		return "schema.repeated", []any{"first", k.Duplicates[0], "second", k.Duplicates[1]}
	case *kind.FalseSchema:
		return "schema.not_allowed", nil
	}
	return "schema.invalid", nil
}

func listed(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

func pointerOf(location []string) string {
	var b strings.Builder
	for _, name := range location {
		b.WriteByte('/')
		b.WriteString(escape(name))
	}
	return b.String()
}
