package schema

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// lists that the design names. A list that is missing, or one that nobody names, is a mistake.
func wantedLists() []string {
	return strings.Fields(`unit completeness tier change_class attribution external_id_scheme relation incident_type occurrence
		verification position cause likelihood confidence domain area_role setting milestone facility_type containment precision
		agent_class identification identification_method unusual_feature route vehicle contributing_factor barrier work_activity
		purpose affected_role secondary_transmission actor_type motivation stage interdiction attribution_status legal_outcome
		known_statement control_list review_depth measure population count_basis count_qualifier severity recovered
		trade_travel_measure response_action effectiveness corrective_state international_mechanism community_acceptance
		discovery_method lesson_phase implemented source_type reliability credibility organization_kind reason review_request
		version_state record_state role case_definition_kind licence hazard checklist agents diseases areas`)
}

func TestListsAreTheWanted(t *testing.T) {
	want := wantedLists()
	slices.Sort(want)
	if diff := cmp.Diff(want, load(t).Lists()); diff != "" {
		t.Error(diff)
	}
}

// A misspelt key in a file would be lost without a word.
func TestVocabularyFilesHaveNoOtherKeys(t *testing.T) {
	entries, err := fs.ReadDir(files, "vocab")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		data, err := fs.ReadFile(files, path.Join("vocab", entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(strings.NewReader(string(data)))
		decoder.DisallowUnknownFields()
		var f vocabularyFile
		if err := decoder.Decode(&f); err != nil {
			t.Errorf("%s: %v", entry.Name(), err)
		}
		v, err := readVocabulary(data)
		if err != nil {
			t.Errorf("%s: %v", entry.Name(), err)
			continue
		}
		if v.List()+".json" != entry.Name() || v.Version() == "" || len(v.Terms()) == 0 {
			t.Errorf("%s: list %q, version %q, %d terms", entry.Name(), v.List(), v.Version(), len(v.Terms()))
		}
		for _, term := range v.Terms() {
			if term.ReplacedBy != "" && (!v.Has(term.ReplacedBy) || !term.Deprecated) {
				t.Errorf("%s: %s is replaced by %s", entry.Name(), term.Code, term.ReplacedBy)
			}
		}
	}
}

// bare lists hold names only: thousands of terms whose names are their definition.
func bare(list string) bool { return list == "agents" || list == "diseases" || list == "areas" }

func TestEveryTermSpeaksSixLanguages(t *testing.T) {
	s := load(t)
	code := regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)*$`)
	area := regexp.MustCompile(`^([A-Z]{3,4}|[0-9]{3}|[a-z_]+)$`)
	for _, list := range s.Lists() {
		v, _ := s.Vocabulary(list)
		sixLanguages(t, list, v.labels)
		for _, lang := range v.Unread() {
			if !slices.Contains(Languages(), lang) || lang == "en" {
				t.Errorf("%s: %q is said to be unread", list, lang)
			}
		}
		for _, term := range v.Terms() {
			at := list + "/" + term.Code
			if form := map[bool]*regexp.Regexp{true: area, false: code}[list == "areas"]; !form.MatchString(term.Code) {
				t.Errorf("%s: not the form of a code", at)
			}
			sixLanguages(t, at+" label", term.Labels)
			if bare(list) {
				continue
			}
			sixLanguages(t, at+" definition", term.Definition)
			sixLanguages(t, at+" use when", term.UseWhen)
			sixLanguages(t, at+" do not use when", term.DoNotUseWhen)
			sixLanguages(t, at+" example", term.Example)
			if parent, _, tree := cutLast(term.Code, "."); tree && parent != term.Parent {
				t.Errorf("%s: parent is %q", at, term.Parent)
			}
		}
	}
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// sixLanguages checks that there are words in each language and that they are in its script.
func sixLanguages(t *testing.T, at string, words map[string]string) {
	t.Helper()
	scripts := map[string]*unicode.RangeTable{
		"ar": unicode.Arabic, "zh": unicode.Han, "ru": unicode.Cyrillic, "en": unicode.Latin, "fr": unicode.Latin, "es": unicode.Latin,
	}
	if len(words) != len(scripts) {
		t.Errorf("%s: %d languages", at, len(words))
	}
	for lang, script := range scripts {
		text := words[lang]
		if strings.TrimSpace(text) != text || text == "" {
			t.Errorf("%s: %s is empty or has blanks around it", at, lang)
			continue
		}
		if !strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(script, r) }) && !symbolic(text) {
			t.Errorf("%s: %s is %q", at, lang, text)
		}
	}
}

// symbolic tells names that are written alike everywhere: SFTS, H5N1, SARS-CoV-2.
func symbolic(text string) bool {
	return !strings.ContainsFunc(text, unicode.IsLower) || strings.ContainsAny(text, "0123456789")
}

// What one list says of another's terms is there.
func TestListsFitTogether(t *testing.T) {
	s := load(t)
	for _, c := range []struct {
		list, other string
		codes       func(Term) []string
	}{
		{"agents", "agent_class", func(t Term) []string { return []string{t.Class} }},
		{"agents", "domain", func(t Term) []string { return t.Domains }},
		{"agents", "hazard", func(t Term) []string { return t.Hazards }},
		{"diseases", "domain", func(t Term) []string { return t.Domains }},
		{"diseases", "hazard", func(t Term) []string { return t.Hazards }},
		{"diseases", "agents", func(t Term) []string { return t.Agents }},
		{"areas", "areas", func(t Term) []string { return slices.Concat(t.Parents, t.Members, t.Successors) }},
	} {
		v, ok := s.Vocabulary(c.list)
		other, has := s.Vocabulary(c.other)
		if !ok || !has {
			t.Errorf("%s or %s is missing", c.list, c.other)
			continue
		}
		for _, term := range v.Terms() {
			for _, code := range c.codes(term) {
				if !other.Has(code) {
					t.Errorf("%s/%s names %q, which is not in %s", c.list, term.Code, code, c.other)
				}
			}
		}
	}
}

// Every label of every term leads back to its term, in every language.
func TestEveryLabelResolves(t *testing.T) {
	s := load(t)
	for _, list := range []string{"areas", "agents", "diseases", "incident_type", "setting", "response_action"} {
		v, _ := s.Vocabulary(list)
		for _, term := range v.Terms() {
			if got, ok := s.Resolve(list, term.Code); !ok || got != term.Code {
				t.Errorf("%s: code %s resolves to %q", list, term.Code, got)
			}
			for lang, label := range term.Labels {
				if strings.HasSuffix(term.Code, ".not_stated") {
					continue // every branch has one
				}
				if got, ok := s.Resolve(list, label); !ok || got != term.Code {
					t.Errorf("%s: %s label %q of %s resolves to %q", list, lang, label, term.Code, got)
				}
			}
		}
	}
}

// No two terms of a list hold a name by the same right, for such a name finds neither; but for a few abbreviations that
// mean two things in the field.
func TestNamesAreUnambiguous(t *testing.T) {
	s := load(t)
	twofold := []string{"hev"} // HEV and HeV: hepatitis E virus, Hendra virus
	for _, list := range []string{"areas", "agents", "diseases"} {
		v, _ := s.Vocabulary(list)
		for name, code := range v.names {
			if code == "" && !slices.Contains(twofold, name) {
				t.Errorf("%s: two terms hold %q", list, name)
			}
		}
	}
}

func TestResolve(t *testing.T) {
	s := load(t)
	for _, c := range []struct{ list, name, want string }{
		{"areas", "FRA", "FRA"}, {"areas", "fr", "FRA"}, {"areas", "France", "FRA"}, {"areas", " FRANCE ", "FRA"}, {"areas", "Франция", "FRA"},
		{"areas", "فرنسا", "FRA"}, {"areas", "法国", "FRA"}, {"areas", "Francia", "FRA"}, {"areas", "250", "FRA"},
		{"areas", "Côte d'Ivoire", "CIV"}, {"areas", "COTE D’IVOIRE", "CIV"}, {"areas", "Ivory Coast", "CIV"}, {"areas", "Zaire", "ZRCD"},
		{"areas", "USSR", "SUHH"}, {"areas", "СССР", "SUHH"}, {"areas", "Worldwide", "001"}, {"areas", "Nigera", "NGA"},
		{"agents", "Bacillus anthracis", "bacillus_anthracis"}, {"agents", "bacillus_anthracis", "bacillus_anthracis"},
		{"diseases", "炭疽", "anthrax"}, {"diseases", "сибирская язва", "anthrax"}, {"diseases", "الكوليرا", "cholera"}, {"diseases", "CCHF", "cchf"},
		{"diseases", "peste porcine africaine", "african_swine_fever"}, {"diseases", "bird flu", "avian_influenza"},
		{"diseases", "mad cow disease", "bse"},
		{"areas", "Atlantis", ""}, {"areas", "", ""}, {"areas", "—", ""}, {"moons", "France", ""},
	} {
		got, ok := s.Resolve(c.list, c.name)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s %q is %q, want %q", c.list, c.name, got, c.want)
		}
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""}, {"  ", ""}, {"France", "france"}, {"  Two   Words ", "two words"}, {"Côte d’Ivoire", "cote d ivoire"},
		{"COTE D'IVOIRE", "cote d ivoire"}, {"Guinea-Bissau", "guinea bissau"}, {"Bosnia & Herzegovina", "bosnia herzegovina"},
		{"A/RES/60/288", "a res 60 288"}, {"U.S.A.", "u s a"},
		{"São Tomé", "sao tome"}, {"España", "españa"}, {"ESPAÑA", "españa"}, {"España", "españa"}, {"Œdème", "oedeme"}, {"Straße", "strasse"},
		{"Åland", "aland"}, {"Ærø", "aerø"},
		{"Российская Федерация", "российская федерация"}, {"Китай", "китай"}, {"Китай", "китай"}, {"Ёлка", "елка"}, {"Україна", "україна"},
		{"ＦＲＡＮＣＥ　１２", "france 12"}, {"炭疽（病）", "炭疽 病"}, {"禽流感，H5N1", "禽流感 h5n1"},
		{"الإمارات", "الامارات"}, {"أفريقيا", "افريقيا"}, {"آسيا", "اسيا"}, {"ٱلجزائر", "الجزاير"}, {"مصرُ", "مصر"}, {"الكوليـــرا", "الكوليرا"},
		{"الجمرة الخبيثة", "الجمره الخبيثه"}, {"حمى", "حمي"}, {"٢٠١٤", "2014"}, {"۲۰۱۴", "2014"}, {"ﻻ", "لا"}, {"مؤتمر", "موتمر"},
		{"H₂O", "h2o"}, {"ﬁeld", "field"}, {"İstanbul", "istanbul"}, {"zero\u200bwidth", "zerowidth"}, {"β-lactam", "β lactam"},
		{"हिन्दी", "हिन्दी"},
	} {
		got := Fold(c.in)
		if got != c.want {
			t.Errorf("%q folds to %q (% x), want %q", c.in, got, got, c.want)
		}
		if again := Fold(got); again != got {
			t.Errorf("%q folds to %q and that to %q", c.in, got, again)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Côte", "الإمارات", "Китай", "ＦＲ", "ǅ", "ΑΣ", "ﷺ", "e\u0301\u0306"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Errorf("%q folds to %q and that to %q", s, once, twice)
		}
	})
}

func TestDescendantsAndAncestors(t *testing.T) {
	s := load(t)
	areas, _ := s.Vocabulary("areas")
	for _, c := range []struct {
		code   string
		has    []string
		hasNot []string
	}{
		{"001", []string{"001", "002", "150", "FRA", "SUHH", "who_euro", "ZRCD"}, nil},
		{"002", []string{"002", "COD", "ZRCD", "EGY"}, []string{"FRA", "001"}},
		{"COD", []string{"COD", "ZRCD"}, []string{"COG"}},
		{"MMR", []string{"MMR", "BUMM"}, nil},
		{"RUS", []string{"RUS"}, []string{"SUHH"}},
		{"DEU", []string{"DEU"}, []string{"DDDE"}},
		{"who_euro", []string{"who_euro", "UZB", "SUHH", "YUCS", "CSHH", "BYAA"}, []string{"USA"}},
		{"eu", []string{"eu", "FRA", "EST", "CSHH"}, []string{"SUHH", "YUCS", "GBR"}},
		{"151", []string{"RUS", "SUHH"}, []string{"FRA"}},
	} {
		got := areas.Descendants(c.code)
		if len(got) == 0 || got[0] != c.code {
			t.Errorf("%s is not the first of its descendants", c.code)
		}
		for _, code := range c.has {
			if !slices.Contains(got, code) {
				t.Errorf("%s does not hold %s", c.code, code)
			}
		}
		for _, code := range c.hasNot {
			if slices.Contains(got, code) {
				t.Errorf("%s holds %s", c.code, code)
			}
		}
	}
	types, _ := s.Vocabulary("incident_type")
	if diff := cmp.Diff([]string{"laboratory_event"}, types.Ancestors("laboratory_event.infection")); diff != "" {
		t.Error(diff)
	}
	if areas.Descendants("ZZZ") != nil || areas.Ancestors("ZZZ") != nil || len(areas.Ancestors("001")) > 0 {
		t.Error("what is not there has descendants, or the world has ancestors")
	}
	if got := areas.Ancestors("FRA"); len(got) == 0 || got[len(got)-1] != "001" {
		t.Errorf("the widest ancestor of FRA in %v is not the world", got)
	}
}

// Descendants and Ancestors tell the same.
func TestTreesAgree(t *testing.T) {
	s := load(t)
	for _, list := range s.Lists() {
		v, _ := s.Vocabulary(list)
		for _, a := range v.Terms() {
			seen := map[string]bool{}
			for i, below := range v.Descendants(a.Code) {
				if seen[below] {
					t.Errorf("%s: %s has %s twice", list, a.Code, below)
				}
				seen[below] = true
				if i > 0 && !slices.Contains(v.Ancestors(below), a.Code) {
					t.Errorf("%s: %s is below %s, which is not above it", list, below, a.Code)
				}
			}
			for _, above := range v.Ancestors(a.Code) {
				if !slices.Contains(v.Descendants(above), a.Code) {
					t.Errorf("%s: %s is above %s, which is not below it", list, above, a.Code)
				}
			}
		}
	}
}

func TestLabel(t *testing.T) {
	v, err := readVocabulary([]byte(`{"list":"x","version":"2","labels":{"en":"X"},"terms":[{"code":"a","labels":{"en":"A","fr":"À"}},{"code":"b","labels":{"fr":"B"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ code, lang, want string }{{"a", "fr", "À"}, {"a", "ru", "A"}, {"b", "ru", "b"}, {"c", "en", "c"}} {
		if got := v.Label(c.code, c.lang); got != c.want {
			t.Errorf("%s in %s is %q, want %q", c.code, c.lang, got, c.want)
		}
	}
	if v.Version() != "2" || v.Title("fr") != "X" || v.List() != "x" {
		t.Error("version, title or list")
	}
}

func TestReadVocabularyNotices(t *testing.T) {
	for _, c := range []struct{ terms, want string }{
		{`{"code":"a","labels":{"en":"A"}},{"code":"a","labels":{"en":"B"}}`, "stands twice"},
		{`{"labels":{"en":"A"}}`, "lacks a code"},
		{`{"code":"a"}`, "lacks a code or labels"},
		{`{"code":"a","parent":"b","labels":{"en":"A"}}`, "parent"},
		{`{"code":"a","members":["b"],"labels":{"en":"A"}}`, "member"},
		{`{"code":"a","successors":["b"],"labels":{"en":"A"}}`, "successor"},
		{`{"code":"a","parent":"b","labels":{"en":"A"}},{"code":"b","parent":"a","labels":{"en":"B"}}`, "below itself"},
	} {
		_, err := readVocabulary([]byte(`{"list":"x","version":"1","terms":[` + c.terms + `]}`))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.terms, err, c.want)
		}
	}
}

// A name that two terms hold by the same right is nobody's; a label wins over another term's synonym.
func TestNamesThatTwoTermsHold(t *testing.T) {
	v, err := readVocabulary([]byte(`{"list":"x","version":"1","terms":[
		{"code":"a","labels":{"en":"Plague"},"synonyms":{"en":["Pest"]},"misspellings":["Plage"]},
		{"code":"b","labels":{"en":"Rinderpest"},"synonyms":{"en":["Plague","PEST"]},"abbreviations":["PPR"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"plague": "a", "pest": "", "ppr": "b", "plage": "a"} {
		if got, _ := v.resolve(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	for _, name := range []string{"Democratic Republic of the Congo", "République démocratique du Congo", "جمهورية الكونغو الديمقراطية"} {
		b.Run(name[:4], func(b *testing.B) {
			for b.Loop() {
				Fold(name)
			}
		})
	}
}
