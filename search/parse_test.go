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
	case certain:
		return "CERTAIN " + show(n.part)
	case run:
		words := make([]string, len(n.words))
		for i, w := range n.words {
			words[i] = w.text
		}
		return "[" + strings.Join(words, " ") + "]"
	case phrase:
		return fmt.Sprintf("%q", n.text)
	case field:
		values := make([]string, len(n.values))
		for i, value := range n.values {
			values[i] = value.text
		}
		return n.name + "=" + strings.Join(values, "|")
	}
	return "?"
}

// showAll is show of a whole query.
func showAll(q asked) string {
	if q.certain {
		return "CERTAINLY " + show(q.root)
	}
	return show(q.root)
}

// write gives the canonical text of a query: whatever was understood can be written down so that it is understood again.
func write(q asked) string {
	text := ""
	if q.root != nil {
		text = writeNode(q.root, false)
	}
	if q.certain {
		text = strings.TrimSpace("certain:true " + text)
	}
	return text
}

func writeNode(n node, inside bool) string {
	each := func(parts []node, operator string) string {
		written := make([]string, len(parts))
		for i, part := range parts {
			written[i] = writeNode(part, true)
		}
		if text := strings.Join(written, operator); !inside {
			return text
		}
		return "(" + strings.Join(written, operator) + ")"
	}
	switch n := n.(type) {
	case and:
		return each(n.parts, " AND ")
	case or:
		return each(n.parts, " OR ")
	case not:
		return "NOT " + grouped(n.part, false)
	case certain:
		return "certain:" + grouped(n.part, true)
	case run:
		words := make([]string, len(n.words))
		for i, w := range n.words {
			words[i] = w.text
		}
		return strings.Join(words, " ")
	case phrase:
		return quote(n.text)
	case field:
		values := make([]string, len(n.values))
		for i, value := range n.values {
			values[i] = quote(value.text)
		}
		return n.name + ":(" + strings.Join(values, " OR ") + ")"
	}
	return "?"
}

// grouped writes a part in parentheses unless it may stand as it is after NOT or, in the narrower case, certain:.
func grouped(n node, narrower bool) string {
	bare := false
	switch n := n.(type) {
	case phrase, field:
		bare = true
	case certain, not:
		bare = !narrower
	case run:
		bare = !narrower && len(n.words) == 1
	}
	if bare {
		return writeNode(n, true)
	}
	return "(" + writeNode(n, false) + ")"
}

func quote(text string) string {
	switch {
	case !strings.ContainsAny(text, "\"”“＂"):
		return `"` + text + `"`
	case !strings.Contains(text, "»"):
		return "«" + text + "»"
	}
	return "「" + text + "」"
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
		"began:2010..2014-06":              "began=2010..2014-06",
		"deaths:>=10 cases:..5":            "(deaths=>=10 AND cases=..5)",
		"area:(FRA OR DEU)":                "area=FRA|DEU",
		`area:(Burkina Faso OR "Mali")`:    "area=Burkina Faso|Mali",
		"area:（法国 OR 德国）":                  "area=法国|德国",
		"area：法国":                          "area=法国",
		"id:doi:10.1/x":                    "id=doi:10.1/x",
		"area:- cause:(-)":                 "(area=- AND cause=-)",
		"area: FRA":                        "area=FRA",
		"certain:began:2014":               "CERTAIN began=2014",
		`certain:"a b"`:                    `CERTAIN "a b"`,
		"certain:(a OR began:2014)":        "CERTAIN ([a] OR began=2014)",
		"-certain:began:2014":              "NOT CERTAIN began=2014",
		"certain:true":                     "CERTAINLY everything",
		"certain:true a OR b":              "CERTAINLY ([a] OR [b])",
		"a AND certain:TRUE":               "CERTAINLY [a]",
		"certain:true AND a":               "CERTAINLY [a]",
		"lesson_phase:response":            "lesson_phase=response",
		"NOT NOT a":                        "NOT NOT [a]",
		"-a -b":                            "(NOT [a] AND NOT [b])",
		"deaths:٣":                         "deaths=٣",
		"「黑死病」":                            `"黑死病"`,
		"a» b":                             "[a » b]",
	} {
		parsed, err := parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := showAll(parsed); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		`"black sea`:        `11 "`,
		`«mer noire`:        `11 »`,
		`""`:                "2 …",
		"(a":                "3 )",
		"a)":                "2 (",
		"()":                "2 …",
		"a OR":              "5 …",
		"OR a":              "1 …",
		"a AND":             "6 …",
		"a AND AND b":       "7 …",
		"NOT":               "4 …",
		"霍乱 OR":             "6 …",
		"unit:":             "6 unit:…",
		"unit: report OR":   "16 …",
		"x colour:red":      "3 " + strings.Join(fieldNames(), ": ") + ":",
		"a cuase:x":         "3 cause:",
		"colour:(red)":      "1 " + strings.Join(fieldNames(), ": ") + ":",
		"unit:()":           "7 unit:…",
		"unit:(a":           "8 )",
		"unit:(a OR)":       "11 unit:…",
		"unit:(a AND b)":    "9 )",
		"unit:(a (b))":      "9 )",
		"unit:(NOT a)":      "7 unit:…",
		"certain:x":         "9 certain:true certain:(…)",
		"(certain:x)":       "10 certain:(…)",
		"(certain:true)":    "10 certain:(…)",
		"certain:":          "9 certain:true certain:(…)",
		"certain:()":        "10 …",
		"certain:-a":        "9 certain:true certain:(…)",
		"a OR certain:true": "6 …",
		"certain:true OR a": "1 …",
		"NOT certain:true":  "13 certain:(…)",
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

func TestParseBounds(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("(", n) + "a" + strings.Repeat(")", n) }
	for text, most := range map[string]any{
		strings.Repeat("a", longestQuery+1):                        longestQuery,
		strings.Repeat("a ", mostParts+1):                          mostParts,
		"area:(" + strings.Repeat("a OR ", mostParts) + "b)":       mostParts,
		nested(deepest + 2):                                        deepest,
		nested(400):                                                deepest,
		strings.Repeat("-(", 300) + "a" + strings.Repeat(")", 300): deepest,
		strings.Repeat("NOT ", 200) + "a":                          deepest,
		strings.Repeat("certain:(", deepest) + "a":                 deepest,
	} {
		_, err := parse(text)
		if err == nil || fault.Of(err).Code != "search.too_long" || fault.Of(err).Params["most"] != most {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	for _, text := range []string{nested(deepest), strings.Repeat("a ", mostParts), strings.Repeat("a", longestQuery)} {
		if _, err := parse(text); err != nil {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a b", `"x" -(y OR z) unit:report`, "((((", "«»", "NOT NOT a", "炭疽，", `agent:"`, "\"\"", "-", "a:b:c",
		"certain:true began:2010..2014-06 -deaths:≥١٠", `certain:(area：（法国 OR "x"） OR «a "b"») id:a:-`, "area:(- OR -)", "「」」", "a» b", "certain:(certain:(NOT a:b))", "certain:(NOT certain:(area:FRA))",
	} {
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
		eachWord(parsed.root, func(w word) {
			first, _, _ := strings.Cut(w.text, " ")
			if w.column < 1 || w.column > len(runes) || !strings.HasPrefix(string(runes[w.column-1:]), string([]rune(first))) {
				t.Fatalf("%q: %q at column %d", text, w.text, w.column)
			}
		})
		// What is understood can be written down and is understood again.
		written := write(parsed)
		if len(written) > longestQuery {
			return
		}
		again, err := parse(written)
		if err != nil || showAll(again) != showAll(parsed) || write(again) != written {
			t.Fatalf("%q is written %q and becomes %s: %v", text, written, showAll(again), err)
		}
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
	case certain:
		eachWord(n.part, visit)
	case run:
		for _, w := range n.words {
			visit(w)
		}
	case phrase:
		visit(word(n))
	case field:
		for _, value := range n.values {
			visit(value)
		}
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
