package incident

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// ChangeKind says what happened to a place of a document.
type ChangeKind string

// The kinds.
const (
	Added   ChangeKind = "added"
	Removed ChangeKind = "removed"
	Changed ChangeKind = "changed"
)

// FieldChange is one difference between two bodies. Pointer is a JSON pointer in which items stand by their id, not by
// their position: /impact/counts/c1/low. An element of a list without ids is told at the list's own pointer. Before
// and After are canonical JSON; Before is nil for what was added, After for what was removed.
type FieldChange struct {
	Pointer string          `json:"pointer"`
	Kind    ChangeKind      `json:"kind"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
}

// wording says what a change is within a Text: nothing of the kind, other words for the same in the source language,
// or anything in another language.
type wording uint8

const (
	notWording wording = iota
	sourceWording
	otherWording
)

// difference is a change with what decides its class. shape is the pointer with * for every id.
type difference struct {
	FieldChange
	shape   string
	wording wording
}

// situationAdditions are the shapes a situation update may add. It is never written to.
var situationAdditions = [...]string{"/impact/counts/*", "/narrative/timeline/*", "/sources/*", "/time/end"} //nolint:gochecknoglobals // a table

// reclassifying are the shapes whose change says that the incident is of another kind. It is never written to.
var reclassifying = [...]string{ //nolint:gochecknoglobals // a table
	"/classification/incident_type", "/classification/occurrence", "/classification/verification",
	"/classification/domains",
	"/cause/not_assessed", "/cause/assessments/*", "/cause/assessments/*/body", "/cause/assessments/*/date",
	"/cause/assessments/*/quoted", "/cause/assessments/*/value", "/cause/assessments/*/mechanism",
	"/cause/assessments/*/likelihood", "/cause/assessments/*/confidence",
	"/agents/*", "/agents/*/agent", "/agents/*/class", "/agents/*/taxon", "/agents/*/producer", "/agents/*/diseases",
}

// Class tells what a version changes, from the difference between the content it started from and its own, never from
// what its author says. A nil before is Initial, without changes. Equal documents are Editorial, without changes. A
// change of handling is not content and is told elsewhere. In this order:
//
//	Translation       only words in languages other than a text's source, added or changed (also marked stale)
//	Editorial         only words of existing languages, in the source language with the same figures in them
//	Redaction         only removals
//	SituationUpdate   only additions, of counts, timeline entries, sources, an end date
//	Reclassification  among the changes is a type, occurrence, verification, domain, assessment or agent code
//	Correction        anything else
//
// It fails as Canonical does.
func Class(before, after []byte) (ChangeClass, []FieldChange, error) {
	after, err := Canonical(after)
	if err != nil {
		return "", nil, err
	}
	if before == nil {
		return Initial, nil, nil
	}
	if before, err = Canonical(before); err != nil {
		return "", nil, err
	}
	var d diff
	if err := d.value("", "", before, after); err != nil {
		return "", nil, err
	}
	if len(d) == 0 {
		return Editorial, nil, nil
	}
	changes := make([]FieldChange, len(d))
	for i := range d {
		changes[i] = d[i].FieldChange
	}
	return d.class(), changes, nil
}

// Same tells whether a section (a top-level name of the body) is the same in both documents, or absent from both. For
// anything that cannot be read the answer is false.
func Same(before, after []byte, section string) bool {
	a, errA := sectionOf(before, section)
	b, errB := sectionOf(after, section)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

func sectionOf(doc []byte, section string) (json.RawMessage, error) {
	canonical, err := Canonical(doc)
	if err != nil {
		return nil, err
	}
	members, err := membersOf(canonical)
	return members[section], err
}

// diff collects the differences of two canonical documents in a fixed order.
type diff []difference

// class applies the rules in the order that Class tells.
func (d diff) class() ChangeClass {
	switch {
	case d.all(func(c *difference) bool { return c.wording == otherWording }):
		return Translation
	case d.all(func(c *difference) bool { return c.wording != notWording }):
		return Editorial
	case d.all(func(c *difference) bool { return c.Kind == Removed }):
		return Redaction
	case d.all(func(c *difference) bool { return c.Kind == Added && slices.Contains(situationAdditions[:], c.shape) }):
		return SituationUpdate
	case !d.all(func(c *difference) bool { return !slices.Contains(reclassifying[:], c.shape) }):
		return Reclassification
	}
	return Correction
}

func (d diff) all(holds func(*difference) bool) bool {
	for i := range d {
		if !holds(&d[i]) {
			return false
		}
	}
	return true
}

// tell adds one difference; the kind follows from which side is absent.
func (d *diff) tell(pointer, shape string, before, after json.RawMessage, w wording) {
	kind := Changed
	switch {
	case before == nil:
		kind = Added
	case after == nil:
		kind = Removed
	}
	*d = append(*d, difference{FieldChange{pointer, kind, before, after}, shape, w})
}

// value compares two values, either of which may be absent (nil). An absent container is taken as an empty one, so that
// the first count of a record is an added count and not an added section.
func (d *diff) value(pointer, shape string, before, after json.RawMessage) error {
	if bytes.Equal(before, after) {
		return nil
	}
	switch {
	case isText(before) && isText(after):
		return d.text(pointer, shape, before, after)
	case isText(before) && after == nil || before == nil && isText(after):
		d.tell(pointer, shape, before, after, notWording)
		return nil
	case bothAre('{', before, after):
		return d.object(pointer, shape, before, after)
	case bothAre('[', before, after):
		return d.array(pointer, shape, before, after)
	}
	d.tell(pointer, shape, before, after, notWording)
	return nil
}

// bothAre tells whether both are containers of the kind, or one is with something in it and the other absent.
func bothAre(open byte, before, after json.RawMessage) bool {
	isOpen := func(v json.RawMessage) bool { return len(v) > 0 && v[0] == open }
	switch {
	case before == nil:
		return isOpen(after) && len(after) > len("{}")
	case after == nil:
		return isOpen(before) && len(before) > len("{}")
	}
	return isOpen(before) && isOpen(after)
}

// object compares member by member.
func (d *diff) object(pointer, shape string, before, after json.RawMessage) error {
	a, err := membersOf(before)
	if err != nil {
		return err
	}
	b, err := membersOf(after)
	if err != nil {
		return err
	}
	for _, name := range namesOf(a, b) {
		step := "/" + escaped(name)
		if err := d.value(pointer+step, shape+step, a[name], b[name]); err != nil {
			return err
		}
	}
	return nil
}

// array compares items by their ids, or, where there are none, as a list.
func (d *diff) array(pointer, shape string, before, after json.RawMessage) error {
	a, err := elementsOf(before)
	if err != nil {
		return err
	}
	b, err := elementsOf(after)
	if err != nil {
		return err
	}
	idsA, itemsA := itemsByID(a)
	idsB, itemsB := itemsByID(b)
	if itemsA == nil || itemsB == nil {
		d.list(pointer, shape, before, after, a, b)
		return nil
	}
	for _, id := range idsA {
		step := "/" + escaped(id)
		if itemsB[id] == nil {
			d.tell(pointer+step, shape+"/*", itemsA[id], nil, notWording)
		} else if err := d.value(pointer+step, shape+"/*", itemsA[id], itemsB[id]); err != nil {
			return err
		}
	}
	for _, id := range idsB {
		if itemsA[id] == nil {
			d.tell(pointer+"/"+escaped(id), shape+"/*", nil, itemsB[id], notWording)
		}
	}
	keptA := slices.DeleteFunc(idsA, func(id string) bool { return itemsB[id] == nil })
	keptB := slices.DeleteFunc(idsB, func(id string) bool { return itemsA[id] == nil })
	if !slices.Equal(keptA, keptB) {
		d.tell(pointer, shape, before, after, notWording)
	}
	return nil
}

// list compares lists whose elements have no ids: what is missing, what is new, and whether the rest kept its order.
func (d *diff) list(pointer, shape string, before, after json.RawMessage, a, b []json.RawMessage) {
	missing, extra := without(a, b), without(b, a)
	for _, element := range missing {
		d.tell(pointer, shape, element, nil, notWording)
	}
	for _, element := range extra {
		d.tell(pointer, shape, nil, element, notWording)
	}
	if !subsequence(a, b) && !subsequence(b, a) && (len(missing) == 0 || len(extra) == 0) {
		d.tell(pointer, shape, before, after, notWording)
	}
}

// without gives the elements of a that are not in b, each as often as it is missing there.
func without(a, b []json.RawMessage) []json.RawMessage {
	left := make(map[string]int, len(b))
	for _, element := range b {
		left[string(element)]++
	}
	var missing []json.RawMessage
	for _, element := range a {
		if left[string(element)] > 0 {
			left[string(element)]--
		} else {
			missing = append(missing, element)
		}
	}
	return missing
}

// subsequence tells whether all of a stands in b in the same order.
func subsequence(a, b []json.RawMessage) bool {
	for _, element := range b {
		if len(a) > 0 && bytes.Equal(a[0], element) {
			a = a[1:]
		}
	}
	return len(a) == 0
}

// text compares two Texts language by language. Words of a language are one thing: their text, who wrote it, whether
// it is stale.
func (d *diff) text(pointer, shape string, before, after json.RawMessage) error {
	a, err := membersOf(before)
	if err != nil {
		return err
	}
	b, err := membersOf(after)
	if err != nil {
		return err
	}
	sameSource := bytes.Equal(a["source"], b["source"])
	for _, name := range namesOf(a, b) {
		if bytes.Equal(a[name], b[name]) {
			continue
		}
		w := notWording
		if sameSource {
			w = wordingOf(name, a)(a[name], b[name])
		}
		step := "/" + name
		d.tell(pointer+step, shape+step, a[name], b[name], w)
	}
	return nil
}

// wordingOf gives the rule for a language of a text. Where a text does not say its source, every language may be it.
func wordingOf(language string, text map[string]json.RawMessage) func(before, after json.RawMessage) wording {
	source := strings.Trim(string(text["source"]), `"`)
	if source == language || source == "" {
		return func(before, after json.RawMessage) wording {
			if sameButWords(before, after) {
				return sourceWording
			}
			return notWording
		}
	}
	return func(_, after json.RawMessage) wording {
		if after == nil {
			return notWording
		}
		return otherWording
	}
}

// sameButWords tells whether only the wording differs: the figures in it, in any script, are the same, and so are the
// other properties.
func sameButWords(before, after json.RawMessage) bool {
	if before == nil || after == nil {
		return false
	}
	var a, b Words
	if json.Unmarshal(before, &a) != nil || json.Unmarshal(after, &b) != nil {
		return false
	}
	return a.By == b.By && a.Stale == b.Stale && slices.Equal(figures(a.Text), figures(b.Text))
}

// figures gives the runs of digits of a text, sorted, so that a sentence may be turned round but no number changed.
func figures(text string) []string {
	runs := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsDigit(r) })
	slices.Sort(runs)
	return runs
}

// isText tells a Text by its shape: an object with nothing but a source and languages, one language at least.
func isText(value json.RawMessage) bool {
	if len(value) == 0 || value[0] != '{' {
		return false
	}
	members, err := membersOf(value)
	if err != nil {
		return false
	}
	languages := 0
	for name, words := range members {
		switch {
		case name == "source" && words[0] == '"':
		case slices.Contains(Languages(), name) && words[0] == '{':
			languages++
		default:
			return false
		}
	}
	return languages > 0
}

// membersOf reads one level of an object; absent is empty. What is inside keeps its canonical bytes.
func membersOf(object json.RawMessage) (map[string]json.RawMessage, error) {
	if object == nil {
		return nil, nil
	}
	var members map[string]json.RawMessage
	err := json.Unmarshal(object, &members)
	return members, err
}

// elementsOf reads one level of an array; absent is empty.
func elementsOf(array json.RawMessage) ([]json.RawMessage, error) {
	if array == nil {
		return nil, nil
	}
	var elements []json.RawMessage
	err := json.Unmarshal(array, &elements)
	return elements, err
}

// itemsByID gives the ids in order and the items by id, or nil when an element has none or two have the same.
func itemsByID(elements []json.RawMessage) ([]string, map[string]json.RawMessage) {
	ids := make([]string, 0, len(elements))
	items := make(map[string]json.RawMessage, len(elements))
	for _, element := range elements {
		var item struct {
			ID *string `json:"id"`
		}
		if element[0] != '{' || json.Unmarshal(element, &item) != nil || item.ID == nil || items[*item.ID] != nil {
			return nil, nil
		}
		ids = append(ids, *item.ID)
		items[*item.ID] = element
	}
	return ids, items
}

// namesOf gives the names of both objects, sorted.
func namesOf(a, b map[string]json.RawMessage) []string {
	names := slices.AppendSeq(make([]string, 0, len(a)+len(b)), maps.Keys(a))
	names = slices.AppendSeq(names, maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
}

// escaped writes a name as a step of a JSON pointer.
func escaped(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
