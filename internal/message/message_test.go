package message

import (
	"testing"

	"bioincident/internal/incident"
	"bioincident/schema"
)

func load(t *testing.T) (*Catalogue, *schema.Schema) {
	t.Helper()
	catalogue, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	return catalogue, sch
}

func TestATitleReadsInEveryLanguage(t *testing.T) {
	catalogue, sch := load(t)
	parts := []incident.TitlePart{
		{Kind: "disease", List: "diseases", Code: "anthrax"},
		{Kind: "domain", List: "domain", Code: "human"},
		{Kind: "place", Text: "Sverdlovsk"},
		{Kind: "area", List: "areas", Code: "SUHH"},
		{Kind: "date", Date: "1979-04"},
	}
	want := map[string]string{
		"en": "Anthrax · People · Sverdlovsk, USSR · April 1979",
		"fr": "Charbon · Population humaine · Sverdlovsk, URSS · avril 1979",
		"es": "Carbunco · Personas · Sverdlovsk, URSS · abril de 1979",
		"ru": "Сибирская язва · Люди · Sverdlovsk, СССР · апрель 1979 года",
		"zh": "炭疽 · 人 · Sverdlovsk、苏联 · 1979年4月",
		"ar": "الجمرة الخبيثة · البشر · Sverdlovsk، الاتحاد السوفياتي · نيسان/أبريل 1979",
	}
	for lang, title := range want {
		if got := catalogue.Title(sch, parts, lang); got != title {
			t.Errorf("%s: %s, want %s", lang, got, title)
		}
	}
}

func TestDatesInWords(t *testing.T) {
	catalogue, _ := load(t)
	for date, want := range map[incident.Date]string{
		"1979":             "1979",
		"1979-04":          "April 1979",
		"1979-04-02":       "2 April 1979",
		"2004-06~":         "about June 2004",
		"1984?":            "1984, uncertain",
		"1984%":            "about 1984, uncertain",
		"201X":             "2010s",
		"19XX":             "1900–1999",
		"2004-XX":          "2004, month not known",
		"2004-06-XX":       "June 2004",
		"2004-21":          "spring 2004",
		"2004-06/2005":     "June 2004 to 2005",
		"../1985":          "before or on 1985",
		"1985/..":          "1985 or later",
		"../..":            "date not known",
		"1984-06~/1984-08": "about June 1984 to August 1984",
	} {
		if got := catalogue.Date(date, "en"); got != want {
			t.Errorf("%s: %q, want %q", date, got, want)
		}
	}
}

func TestCountsTakeTheRightPlural(t *testing.T) {
	catalogue, sch := load(t)
	n := func(v int64) *int64 { return &v }
	tests := []struct {
		lang string
		part incident.TitlePart
		want string
	}{
		{"en", incident.TitlePart{Kind: "deaths", Low: n(1), High: n(1), Qualifier: "exact"}, "1 death"},
		{"en", incident.TitlePart{Kind: "deaths", Low: n(3000), Qualifier: "at_least"}, "at least 3,000 deaths"},
		{"en", incident.TitlePart{Kind: "cases", Low: n(300), High: n(400), Qualifier: "range"}, "300–400 cases"},
		{"ru", incident.TitlePart{Kind: "deaths", Low: n(2), High: n(2), Qualifier: "exact"}, "2 смерти"},
		{"ru", incident.TitlePart{Kind: "deaths", Low: n(5), High: n(5), Qualifier: "exact"}, "5 смертей"},
		{"ru", incident.TitlePart{Kind: "deaths", Low: n(21), High: n(21), Qualifier: "exact"}, "21 смерть"},
		{"fr", incident.TitlePart{Kind: "cases", Low: n(12344), High: n(12344), Qualifier: "exact"}, "12\u00a0344 cas"},
		{"zh", incident.TitlePart{Kind: "deaths", High: n(300), Qualifier: "at_most"}, "至多300例死亡"},
	}
	for _, test := range tests {
		if got := catalogue.Title(sch, []incident.TitlePart{test.part}, test.lang); got != test.want {
			t.Errorf("%s: %q, want %q", test.lang, got, test.want)
		}
	}
}

func TestAcceptLanguage(t *testing.T) {
	catalogue, _ := load(t)
	for header, want := range map[string]string{
		"": "en", "fr-CA, en;q=0.5": "fr", "zh-Hans": "zh", "ar-EG": "ar", "de": "en", "es-419": "es", "ru,en": "ru", "nonsense;;": "en",
	} {
		if got := catalogue.Match(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestAProblemWithoutWordsIsStillSaid(t *testing.T) {
	catalogue, _ := load(t)
	if got := catalogue.Problem("en", "area.some_thing", nil); got != "area: some thing" {
		t.Error(got)
	}
}
