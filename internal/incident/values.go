package incident

import (
	"encoding/json"
	"fmt"
)

// Languages lists the six official languages of the United Nations, as they stand in documents.
func Languages() []string { return []string{"ar", "zh", "en", "fr", "ru", "es"} }

// Known is a value, or the author's own statement that it is unknown, not_applicable or withheld. The zero value is
// absent: not stated. JSON: the value itself, or {"is":"unknown"}.
type Known[T any] struct {
	Value T
	Is    string
	set   bool
}

// Know makes a Known that holds a value.
func Know[T any](value T) Known[T] { return Known[T]{Value: value, set: true} }

// Say makes a Known that holds a statement: unknown, not_applicable or withheld.
func Say[T any](statement string) Known[T] { return Known[T]{Is: statement} }

// Has tells whether there is a value.
func (k Known[T]) Has() bool { return k.set }

// IsZero tells whether nothing was stated.
func (k Known[T]) IsZero() bool { return !k.set && k.Is == "" }

// MarshalJSON writes the value or the statement.
func (k Known[T]) MarshalJSON() ([]byte, error) {
	if k.Is != "" {
		return json.Marshal(map[string]string{"is": k.Is})
	}
	return json.Marshal(k.Value)
}

// UnmarshalJSON reads the value or the statement.
func (k *Known[T]) UnmarshalJSON(data []byte) error {
	var statement struct {
		Is string `json:"is"`
	}
	if len(data) > 0 && data[0] == '{' && json.Unmarshal(data, &statement) == nil && statement.Is != "" {
		*k = Known[T]{Is: statement.Is}
		return nil
	}
	k.Is, k.set = "", true
	return json.Unmarshal(data, &k.Value)
}

// Stated is a value whose floor is above public and which becomes public when a public source of the record states it:
// PublicBy is that source's id. JSON: {"value": …, "public_by": "s1"} or {"is":"unknown"}.
type Stated[T any] struct {
	Value    T
	Is       string
	PublicBy string
	set      bool
}

// State makes a Stated that holds a value; publicBy may be empty.
func State[T any](value T, publicBy string) Stated[T] {
	return Stated[T]{Value: value, PublicBy: publicBy, set: true}
}

// Has tells whether there is a value.
func (s Stated[T]) Has() bool { return s.set }

// IsZero tells whether nothing was stated.
func (s Stated[T]) IsZero() bool { return !s.set && s.Is == "" }

// MarshalJSON writes the object.
func (s Stated[T]) MarshalJSON() ([]byte, error) {
	if s.Is != "" {
		return json.Marshal(map[string]string{"is": s.Is})
	}
	return json.Marshal(struct {
		Value    T      `json:"value"`
		PublicBy string `json:"public_by,omitempty"`
	}{s.Value, s.PublicBy})
}

// UnmarshalJSON reads the object.
func (s *Stated[T]) UnmarshalJSON(data []byte) error {
	var object struct {
		Value    *T     `json:"value"`
		PublicBy string `json:"public_by"`
		Is       string `json:"is"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	if object.Is != "" {
		*s = Stated[T]{Is: object.Is}
		return nil
	}
	if object.Value == nil {
		return fmt.Errorf("neither value nor is")
	}
	*s = Stated[T]{Value: *object.Value, PublicBy: object.PublicBy, set: true}
	return nil
}

// Words is a text in one language. By is empty for its author, else "machine" or "translator"; Stale is true when the
// source language changed after this was written.
type Words struct {
	Text  string `json:"text"`
	By    string `json:"by,omitempty"`
	Stale bool   `json:"stale,omitempty"`
}

// Text is words in one or more of the six languages; Source is the one it was written in.
// JSON: {"source":"fr","fr":{"text":"…"},"en":{"text":"…","by":"machine","stale":true}}.
type Text struct {
	Source string
	In     map[string]Words
}

// Say1 makes a Text in one language.
func Say1(language, text string) Text {
	return Text{Source: language, In: map[string]Words{language: {Text: text}}}
}

// IsZero tells whether there are no words.
func (t Text) IsZero() bool { return len(t.In) == 0 }

// Best gives the words in the language asked for, else in the source language, and which language that was.
func (t Text) Best(language string) (Words, string) {
	if w, ok := t.In[language]; ok {
		return w, language
	}
	if w, ok := t.In[t.Source]; ok {
		return w, t.Source
	}
	for _, l := range Languages() {
		if w, ok := t.In[l]; ok {
			return w, l
		}
	}
	return Words{}, ""
}

// MarshalJSON writes the object.
func (t Text) MarshalJSON() ([]byte, error) {
	m := make(map[string]any, len(t.In)+1)
	if t.Source != "" {
		m["source"] = t.Source
	}
	for language, words := range t.In {
		m[language] = words
	}
	return json.Marshal(m)
}

// UnmarshalJSON reads the object.
func (t *Text) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*t = Text{In: map[string]Words{}}
	for key, value := range raw {
		if key == "source" {
			if err := json.Unmarshal(value, &t.Source); err != nil {
				return err
			}
			continue
		}
		var words Words
		if err := json.Unmarshal(value, &words); err != nil {
			return err
		}
		t.In[key] = words
	}
	return nil
}
