//go:build realdata

package realdata

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// names are the English names of countries and regions as the shared reference files have them, by their codes.
type names struct{ codes map[string]string }

func readNames(t *testing.T, dir string) *names {
	t.Helper()
	n := &names{codes: map[string]string{}}
	alpha3 := map[string]string{}
	for _, row := range readSource(t, filepath.Join(dir, "countries.csv")) {
		alpha3[row["ISO3166-1-Alpha-2"]] = row["ISO3166-1-Alpha-3"]
	}
	for _, row := range readSource(t, filepath.Join(dir, "country_names_6lang_long.csv")) {
		if code := alpha3[row["iso2"]]; code != "" && row["lang"] == "en" {
			n.codes[plain(row["name"])] = code
		}
	}
	for _, row := range readSource(t, filepath.Join(dir, "m49_regions_6lang.csv")) {
		n.codes[plain(row["name_en"])] = row["m49"]
	}
	return n
}

func plain(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.Join(strings.Fields(name), " "), "’", "'"))
}

// area gives the code of a name, which a source may write in its own way.
func (n *names) area(t *testing.T, name string, own map[string]string) []string {
	t.Helper()
	if code, ok := own[name]; ok {
		return strings.Fields(code)
	}
	code := n.codes[plain(name)]
	if code == "" {
		t.Errorf("the test does not know the area %q", name)
	}
	return []string{code}
}

// areas gives the codes of a text, or of those parts of it that are names.
func (n *names) areas(text string, own map[string]string) []string {
	text = strings.Join(strings.Fields(text), " ")
	if codes, ok := own[text]; ok {
		return strings.Fields(codes)
	}
	var found []string
	for part := range strings.SplitSeq(strings.ReplaceAll(text, " and ", ", "), ",") {
		part = strings.TrimSpace(part)
		if code := cmp.Or(own[part], n.codes[plain(part)]); code != "" && !slices.Contains(found, code) {
			found = append(found, code)
		}
	}
	slices.Sort(found)
	return found
}
