package incident

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bioincident/internal/fault"
)

func TestClass(t *testing.T) {
	text, err := os.ReadFile("testdata/class.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name          string
		Before, After json.RawMessage
		Class         ChangeClass
		Changes       []string
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if string(c.Before) == "null" {
			c.Before = nil
		}
		class, changes, err := Class(c.Before, c.After)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		told := []string{}
		for _, change := range changes {
			told = append(told, string(change.Kind)+" "+change.Pointer)
		}
		if class != c.Class {
			t.Errorf("%s: %s, want %s", c.Name, class, c.Class)
		}
		if diff := cmp.Diff(c.Changes, told); diff != "" {
			t.Errorf("%s: %s", c.Name, diff)
		}
	}
}

func TestClassTellsValues(t *testing.T) {
	_, changes, err := Class([]byte(`{"a":1.0,"b":[1,2],"c":{"d":"x"}}`), []byte(`{"a":2,"b":[2],"e":{"f":"y"}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []FieldChange{
		{"/a", Changed, []byte("1"), []byte("2")},
		{"/b", Removed, []byte("1"), nil},
		{"/c/d", Removed, []byte(`"x"`), nil},
		{"/e/f", Added, nil, []byte(`"y"`)},
	}
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Error(diff)
	}
}

func TestClassRefuses(t *testing.T) {
	for _, c := range [][2]string{{"{}", "{"}, {"{", "{}"}, {"{}", `{"a":1,"a":2}`}, {"", "{}"}} {
		if _, _, err := Class([]byte(c[0]), []byte(c[1])); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", c, err)
		}
	}
}

func TestSame(t *testing.T) {
	a, b := []byte(`{"impact":{"x":1.0,"y":2},"place":{"z":1}}`), []byte(`{"place":{"z":2},"impact":{"y":2,"x":1}}`)
	for section, want := range map[string]bool{"impact": true, "place": false, "lessons": true} {
		if Same(a, b, section) != want {
			t.Errorf("%s: %v", section, !want)
		}
	}
	if Same([]byte("{"), []byte("{"), "impact") || Same(a, []byte(`{"place":{"z":1}}`), "impact") {
		t.Error("what cannot be read, or is gone, is the same")
	}
}

// documents draws documents in the manner of a body: sections of values, texts, lists and items with ids.
func documents() *rapid.Generator[map[string]any] {
	names := rapid.SampledFrom([]string{"impact", "place", "value", "is", "x/y", "é"})
	word := rapid.SampledFrom([]string{"a", "b", "c 5", "<&>"})
	words := rapid.Custom(func(t *rapid.T) any {
		w := map[string]any{"text": word.Draw(t, "words")}
		if rapid.Bool().Draw(t, "stale") {
			w["stale"] = true
		}
		return w
	})
	text := rapid.Custom(func(t *rapid.T) any {
		v := map[string]any{"source": "en", "en": words.Draw(t, "en")}
		if rapid.Bool().Draw(t, "translated") {
			v["fr"] = words.Draw(t, "fr")
		}
		return v
	})
	scalar := rapid.OneOf(rapid.Custom(func(t *rapid.T) any { return word.Draw(t, "word") }),
		rapid.Custom(func(t *rapid.T) any { return rapid.IntRange(0, 3).Draw(t, "number") }),
		rapid.Just[any](true), rapid.Just[any](nil))
	codes := rapid.Custom(func(t *rapid.T) any {
		return rapid.SliceOfN(scalar, 0, 4).Draw(t, "codes")
	})
	var value func(depth int) *rapid.Generator[any]
	object := func(depth int) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			return rapid.MapOfN(names, value(depth-1), 0, 4).Draw(t, "object")
		})
	}
	items := func(depth int) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			ids := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"c1", "c2", "c3"}), 0, 3, rapid.ID).Draw(t, "ids")
			list := []any{}
			for _, id := range ids {
				item := object(depth).Draw(t, "item").(map[string]any)
				item["id"] = id
				list = append(list, item)
			}
			return list
		})
	}
	value = func(depth int) *rapid.Generator[any] {
		if depth == 0 {
			return rapid.OneOf(scalar, codes, text)
		}
		return rapid.OneOf(scalar, codes, text, object(depth), items(depth))
	}
	return rapid.Custom(func(t *rapid.T) map[string]any { return object(3).Draw(t, "document").(map[string]any) })
}

func encoded(t *rapid.T, document any) []byte {
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestClassLaws: no change is told exactly when the canonical bytes are equal; seen from the other side, what was
// added was removed; and only removals, by a second way of telling, is a redaction.
func TestClassLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := documents().Draw(t, "a")
		b := documents().Draw(t, "b")
		if rapid.Bool().Draw(t, "near") {
			b = edited(t, a, rapid.Bool().Draw(t, "only removals")).(map[string]any)
		}
		before, after := encoded(t, a), encoded(t, b)
		class, changes, err := Class(before, after)
		if err != nil {
			t.Fatal(err)
		}
		ca, _ := Canonical(before)
		cb, _ := Canonical(after)
		if (len(changes) == 0) != bytes.Equal(ca, cb) {
			t.Fatalf("%s\n%s\n%d changes", ca, cb, len(changes))
		}
		removals := len(changes) > 0
		for _, change := range changes {
			removals = removals && change.Kind == Removed
			if (change.Kind == Added) != (change.Before == nil) || (change.Kind == Removed) != (change.After == nil) {
				t.Fatalf("%+v", change)
			}
		}
		if (class == Redaction) != removals || (class == Redaction) != (len(changes) > 0 && holds(a, b)) {
			t.Fatalf("%s\n%s\n%s, removals %v, held %v: %v", ca, cb, class, removals, holds(a, b), changes)
		}
		_, back, err := Class(after, before)
		if err != nil || len(back) != len(changes) {
			t.Fatalf("%d changes one way, %d the other", len(changes), len(back))
		}
		mirror := func(c FieldChange) string {
			kind := map[ChangeKind]ChangeKind{Added: Removed, Removed: Added, Changed: Changed}[c.Kind]
			return fmt.Sprint(c.Pointer, kind, string(c.After), string(c.Before))
		}
		var there, mirrored []string
		for i := range changes {
			there = append(there, fmt.Sprint(changes[i].Pointer, changes[i].Kind, string(changes[i].Before), string(changes[i].After)))
			mirrored = append(mirrored, mirror(back[i]))
		}
		slices.Sort(there)
		slices.Sort(mirrored)
		if diff := cmp.Diff(there, mirrored); diff != "" {
			t.Fatal(diff)
		}
	})
}

// edited gives a copy with some things taken away and, unless only removals are asked for, some changed. Words of a
// text are taken away whole, because a text in a language is one thing.
func edited(t *rapid.T, value any, removals bool) any {
	keep := func() bool { return rapid.IntRange(0, 5).Draw(t, "keep") > 0 }
	switch value := value.(type) {
	case map[string]any:
		isWords := value["text"] != nil
		c := map[string]any{}
		for _, name := range slices.Sorted(mapKeys(value)) {
			switch {
			case name == "id" || name == "source" || name == "en" || isWords:
				c[name] = value[name]
			case keep():
				c[name] = edited(t, value[name], removals)
			}
		}
		return c
	case []any:
		c := []any{}
		for _, element := range value {
			if _, isItem := element.(map[string]any); keep() {
				if isItem {
					element = edited(t, element, removals)
				}
				c = append(c, element)
			}
		}
		return c
	}
	if !removals && !keep() {
		return "changed"
	}
	return value
}

func mapKeys(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range m {
			if !yield(name) {
				return
			}
		}
	}
}

// holds tells, without the differ, whether a holds all of b: b can be reached by taking away only. Containers that are
// empty and absent count as different, as they do in the bytes.
func holds(a, b any) bool {
	switch b := b.(type) {
	case map[string]any:
		object, ok := a.(map[string]any)
		if !ok {
			return false
		}
		if object["text"] != nil || b["text"] != nil { // words of a language are one thing
			return cmp.Equal(object, b)
		}
		for name, value := range b {
			if inner, ok := object[name]; !ok || !holds(inner, value) {
				return false
			}
		}
		return true
	case []any:
		list, ok := a.([]any)
		if !ok {
			return false
		}
		return holdsList(list, b)
	}
	return cmp.Equal(a, b)
}

func holdsList(a, b []any) bool {
	items := func(list []any) bool {
		for _, element := range list {
			if item, ok := element.(map[string]any); !ok || item["id"] == nil {
				return false
			}
		}
		return true
	}
	at := 0
	for _, element := range b {
		found := false
		for ; at < len(a) && !found; at++ {
			if items(a) && items(b) {
				found = a[at].(map[string]any)["id"] == element.(map[string]any)["id"] && holds(a[at], element)
			} else {
				found = cmp.Equal(a[at], element)
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func FuzzClass(f *testing.F) {
	f.Add([]byte(`{"a":[{"id":"c1","x":1}]}`), []byte(`{"a":[{"id":"c1","x":2},{"id":"c2"}]}`))
	f.Add([]byte(`{"a":{"source":"en","en":{"text":"a"}}}`), []byte(`{"a":{"source":"en","en":{"text":"b"}}}`))
	f.Add([]byte(`[1,2]`), []byte(`{"a":null}`))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		_, changes, err := Class(before, after)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		a, _ := Canonical(before)
		b, _ := Canonical(after)
		if before != nil && (len(changes) == 0) != bytes.Equal(a, b) {
			t.Fatalf("%s\n%s\n%v", a, b, changes)
		}
	})
}

func BenchmarkClass(b *testing.B) {
	text, err := os.ReadFile("testdata/class.json")
	if err != nil {
		b.Fatal(err)
	}
	// The cases themselves, about 10 KB, are a document as good as any; one word differs.
	before := append(append([]byte(`{"cases":`), text...), '}')
	after := bytes.Replace(before, []byte("another kind of value"), []byte("another kind"), 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Class(before, after); err != nil {
			b.Fatal(err)
		}
	}
}
