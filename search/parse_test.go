package search

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"bioincident/internal/fault"
)

// show writes what was understood, with all parentheses.
func show(n node) string {
	each := func(parts []node, operator string) string {
		shown := make([]string, len(parts))
		for i, part := range parts {
			shown[i] = show(part)
		}
		return "(" + strings.Join(shown, operator) + ")"
	}
	switch n := n.(type) {
	case nil:
		return "everything"
	case and:
		return each(n.parts, " AND ")
	case or:
		return each(n.parts, " OR ")
	case not:
		return "NOT " + show(n.part)
	case run:
		words := make([]string, len(n.words))
		for i, w := range n.words {
			words[i] = w.text
		}
		return "[" + strings.Join(words, " ") + "]"
	case phrase:
		return fmt.Sprintf("%q", n.text)
	case field:
		return n.name + "=" + n.value.text
	}
	return "?"
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "everything",
		" \t ":                             "everything",
		"bird flu":                         "[bird flu]",
		"bird AND flu":                     "([bird] AND [flu])",
		"bird flu Zaire -1995":             "([bird flu Zaire] AND NOT [1995])",
		"a OR b c":                         "([a] OR [b c])",
		"(a OR b) c":                       "(([a] OR [b]) AND [c])",
		"NOT a":                            "NOT [a]",
		"-(a b)":                           "NOT [a b]",
		"- a":                              "[- a]",
		"self-report":                      "[self-report]",
		`"black sea" x`:                    `("black sea" AND [x])`,
		`“black sea”`:                      `"black sea"`,
		"«mer noire»":                      `"mer noire"`,
		`unit:report agent:"B. anthracis"`: "(unit=report AND agent=B. anthracis)",
		"UNIT:report":                      "unit=report",
		"https://example.org/a":            "[https://example.org/a]",
		"note: x":                          "[note: x]",
		"10:30":                            "[10:30]",
		"a && b || c":                      "(([a] AND [b]) OR [c])",
		"and or not":                       "[and or not]",
		"霍乱，海地":                            "[霍乱 海地]",
		"（霍乱 OR 鼠疫）":                       "([霍乱] OR [鼠疫])",
	} {
		parsed, err := parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := show(parsed); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		`"black sea`:      `11 "`,
		`«mer noire`:      `11 »`,
		`""`:              "2 …",
		"(a":              "3 )",
		"a)":              "2 (",
		"()":              "2 …",
		"a OR":            "5 …",
		"OR a":            "1 …",
		"a AND":           "6 …",
		"a AND AND b":     "7 …",
		"NOT":             "4 …",
		"霍乱 OR":           "6 …",
		"unit:":           "6 unit:…",
		"unit: report OR": "16 …",
		"colour:red":      "1 agent: area: cause: disease: id: type: unit:",
		"unit:(a)":        "6 unit:…",
	} {
		_, err := parse(text)
		if err == nil {
			t.Errorf("%q was taken", text)
			continue
		}
		f := fault.Of(err)
		if got := fmt.Sprintf("%v %v", f.Params["column"], f.Params["expected"]); f.Code != "search.syntax" || got != want {
			t.Errorf("%q: %s %s, want %s", text, f.Code, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a b", `"x" -(y OR z) unit:report`, "((((", "«»", "NOT NOT a", "炭疽，", `agent:"`, "\"\"", "-", "a:b:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parse(text)
		if err != nil {
			fa := fault.Of(err)
			if fa.Kind != fault.Invalid {
				t.Fatalf("%q: %v", text, err)
			}
			if column, ok := fa.Params["column"].(int); ok && (column < 1 || column > utf8.RuneCountInString(text)+1) {
				t.Fatalf("%q: column %d", text, column)
			}
			return
		}
		// Whatever is understood stands in the query at its column.
		runes := []rune(text)
		eachWord(parsed, func(w word) {
			if w.column < 1 || w.column > len(runes) || !strings.HasPrefix(string(runes[w.column-1:]), string([]rune(w.text))) {
				t.Fatalf("%q: %q at column %d", text, w.text, w.column)
			}
		})
	})
}

func eachWord(n node, visit func(word)) {
	switch n := n.(type) {
	case and:
		for _, part := range n.parts {
			eachWord(part, visit)
		}
	case or:
		for _, part := range n.parts {
			eachWord(part, visit)
		}
	case not:
		eachWord(n.part, visit)
	case run:
		for _, w := range n.words {
			visit(w)
		}
	case phrase:
		visit(word(n))
	case field:
		visit(n.value)
	}
}

func FuzzLog(f *testing.F) {
	f.Add(logPart{batch: 3, names: []string{"a"}, remove: []int64{1}, put: []row{{no: 2, codes: []code{0}}}}.encode())
	f.Fuzz(func(t *testing.T, payload []byte) {
		part, err := decodePart(payload)
		if err != nil {
			return
		}
		again, err := decodePart(part.encode())
		if err != nil || fmt.Sprint(again) != fmt.Sprint(part) {
			t.Fatalf("%v became %v: %v", part, again, err)
		}
	})
}
