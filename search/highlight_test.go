package search

import (
	"strings"
	"testing"
	"unicode/utf8"

	"bioincident/policies"
	"bioincident/schema"
)

// marked writes a fragment with what was found in brackets.
func marked(f Fragment) string {
	var b strings.Builder
	b.WriteString(f.Field + " " + f.Language + ": ")
	for _, piece := range f.Pieces {
		if piece.Mark {
			b.WriteString("[" + piece.Text + "]")
			continue
		}
		b.WriteString(piece.Text)
	}
	return b.String()
}

func TestHighlight(t *testing.T) {
	ix := openMemory(t, loadSchema(t))
	apply(t, ix, schema.Public, nil, nil, 1)
	for _, c := range []struct {
		query string
		text  Text
		want  string
	}{
		{"nurses", Text{FieldSummary, "en", "A nurse was ill."}, "summary en: A [nurse] was ill."},
		{"CCHF", Text{FieldSummary, "en", "Crimean-Congo haemorrhagic fever was confirmed."}, "summary en: [Crimean-Congo haemorrhagic fever] was confirmed."},
		{"CCHF", Text{FieldSummary, "fr", "La fièvre hémorragique de Crimée-Congo est endémique."}, "summary fr: La [fièvre hémorragique de Crimée-Congo] est endémique."},
		{"сибирской язвы", Text{FieldSummary, "zh", "牧民感染炭疽病。"}, "summary zh: 牧民感染[炭疽病]。"},
		{"epidemie", Text{FieldLessons, "fr", "L’épidémie fut brève."}, "lessons fr: [L’épidémie] fut brève."},
		{`"black sea"`, Text{FieldSummary, "en", "The sea was black; the Black Sea was not."}, "summary en: The sea was black; the [Black Sea] was not."},
		{"-nurses doctors", Text{FieldSummary, "en", "Nurses and doctors."}, "summary en: Nurses and [doctors]."},
		{"agent:anthrax nurses", Text{FieldSummary, "en", "Nurses."}, "summary en: [Nurses]."},
		{"zebras", Text{FieldSummary, "en", "Nothing here."}, ""},
		{"", Text{FieldSummary, "en", "Nothing asked."}, ""},
		{"Kikwit", Text{FieldPlaces, "", "Kikwit"}, "places : [Kikwit]"},
	} {
		query := strings.ReplaceAll(c.query, "agent:anthrax", "agent:bacillus_anthracis")
		words := find(t, ix, policies.Audience{}, Query{Text: query}).Words
		got := ""
		for _, fragment := range Highlight([]Text{c.text}, words, 3) {
			got += marked(fragment)
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.query, got, c.want)
		}
	}
}

func TestFragmentsAreCutAtWords(t *testing.T) {
	ix := openMemory(t, loadSchema(t))
	apply(t, ix, schema.Public, nil, nil, 1)
	words := find(t, ix, policies.Audience{}, Query{Text: "nurses OR 炭疽"}).Words
	long := strings.Repeat("Ünrelated wörds ", 40)
	for _, text := range []Text{
		{FieldSummary, "en", long + "a nurse " + long + "nurses"},
		{FieldSummary, "zh", strings.Repeat("无关的文字", 80) + "炭疽" + strings.Repeat("无关的文字", 80)},
	} {
		fragments := Highlight([]Text{text, text, text, text}, words, 3)
		if len(fragments) != 3 {
			t.Fatalf("%d fragments", len(fragments))
		}
		whole, marks := "", 0
		for _, piece := range fragments[0].Pieces {
			whole += piece.Text
			if piece.Mark {
				marks++
			}
		}
		inside := strings.Trim(whole, "…")
		if !utf8.ValidString(whole) || len(whole) > 400 || marks != 1 || !strings.Contains(text.Text, inside) {
			t.Errorf("%d marks in %q", marks, whole)
		}
		if text.Language == "en" && strings.Trim(inside, " ") != inside {
			t.Errorf("not cut at words: %q", inside)
		}
	}
}

func FuzzHighlight(f *testing.F) {
	ix := openMemory(f, loadSchema(f))
	apply(f, ix, schema.Public, nil, nil, 1)
	f.Add("nurses 炭疽 الكوليرا", "A nurse, 炭疽, والكوليرا.", "en")
	f.Add("H5N1", "h5n1 ﬁ ", "zh")
	f.Fuzz(func(t *testing.T, query, text, language string) {
		if !utf8.ValidString(text) {
			return
		}
		p, err := ix.plan(schema.Public, nil, Query{Text: query})
		if err != nil {
			return
		}
		for _, fragment := range Highlight([]Text{{FieldSummary, language, text}}, p.words, 1) {
			whole := ""
			for _, piece := range fragment.Pieces {
				whole += piece.Text
			}
			whole = strings.TrimPrefix(whole, "…")
			if !strings.Contains(text+"…", strings.TrimSuffix(whole, "…")) || !utf8.ValidString(whole) {
				t.Fatalf("%q is not of %q", whole, text)
			}
		}
	})
}
