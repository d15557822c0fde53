package catalogue_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// categories are the plural categories that a counted message must have, by language (CLDR cardinal rules).
var categories = map[string][]string{
	"ar": {"few", "many", "one", "other", "two", "zero"},
	"en": {"one", "other"},
	"es": {"many", "one", "other"},
	"fr": {"many", "one", "other"},
	"ru": {"few", "many", "one", "other"},
	"zh": {"other"},
}

// counted are the messages chosen by a number; every other message has the category "other" alone.
var counted = []string{
	"fact.animals", "fact.cases", "fact.deaths", "page.maybe", "page.restricted", "page.undated", "ui.error_summary", "ui.records",
}

var placeholder = regexp.MustCompile(`\.([A-Z][A-Za-z]*)`)

func load(t *testing.T, lang string) map[string]map[string]string {
	t.Helper()
	raw, err := os.ReadFile(lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	messages := map[string]map[string]string{}
	if err := decoder.Decode(&messages); err != nil {
		t.Fatalf("%s: %v", lang, err)
	}
	return messages
}

func placeholders(text string) []string {
	var names []string
	for _, action := range regexp.MustCompile(`\{\{.*?\}\}`).FindAllString(text, -1) {
		for _, match := range placeholder.FindAllStringSubmatch(action, -1) {
			names = append(names, match[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestCatalogueComplete checks that every message exists in all six languages, has exactly the plural
// categories of its language, has no empty text, and takes the same values as the English message.
func TestCatalogueComplete(t *testing.T) {
	english := load(t, "en")
	for _, id := range counted {
		if _, ok := english[id]; !ok {
			t.Errorf("en: no message %q", id)
		}
	}
	for lang, all := range categories {
		messages := load(t, lang)
		for id := range messages {
			if _, ok := english[id]; !ok {
				t.Errorf("%s: message %q is not in English", lang, id)
			}
		}
		for id, source := range english {
			message, ok := messages[id]
			if !ok {
				t.Errorf("%s: no message %q", lang, id)
				continue
			}
			want := []string{"other"}
			if slices.Contains(counted, id) {
				want = all
			}
			var got []string
			for category, text := range message {
				got = append(got, category)
				if strings.TrimSpace(text) == "" {
					t.Errorf("%s: %q has an empty text for %q", lang, id, category)
				}
				if have, need := placeholders(text), placeholders(source["other"]); !slices.Equal(have, need) {
					t.Errorf("%s: %q (%s) takes %v, English takes %v", lang, id, category, have, need)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q has the categories %v, want %v", lang, id, got, want)
			}
		}
	}
}
