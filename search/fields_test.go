package search

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/policies"
	"bioincident/schema"
)

// stepOf plans a query for the public.
func stepOf(t testing.TB, ix *Index, text string) step {
	t.Helper()
	p, err := ix.plan(schema.Public, nil, Query{Text: text})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return p.root
}

// TestFieldsFindByAnyName asks for the same thing in several ways, of records that say it in none of these words.
func TestFieldsFindByAnyName(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	apply(t, ix, schema.Public, readWorld(t, sch), nil, 1)
	for want, queries := range map[string][]string{
		"[1]":   {"agent:bacillus_anthracis", `agent:"Bacillus anthracis"`, "agent:炭疽芽孢杆菌", "AGENT:BACILLUS_ANTHRACIS"},
		"[2 3]": {"disease:cchf", "disease:CCHF", `disease:"Crimean-Congo haemorrhagic fever"`, "disease:克里米亚-刚果出血热", `disease:"fièvre hémorragique de Crimée-Congo"`},
		"[7]": {"disease:cholera area:Haiti", "disease:الكوليرا area:HTI", "disease:холера area:海地", "disease:choléra area:haïti",
			"disease:cólera area:هايتي", "disease:霍乱 area：海地", "disease:cholera -area:YEM area:(HTI OR FRA)"},
		"[6]":     {`area:"Côte d'Ivoire"`, "area:CIV", `area:"Ivory Coast"`, "area:科特迪瓦", "area:Кот-д'Ивуар", `area:"كوت ديفوار"`},
		"[9 10]":  {"area:COD disease:ebola_disease", "area:(COD OR Zaire) disease:ebola_disease"},
		"[6 11]":  {`region:"Western Africa" unit:incident`, `region:011 unit:incident`, `region:"Afrique occidentale" unit:сообщение OR region:西非 unit:事件`},
		"[2 3 4]": {"area:(Turkey OR AFG OR مصر)", "area:(Türkiye OR Afghanistan OR Egypt)", "area:(土耳其 OR 阿富汗 OR 埃及)"},
	} {
		for _, query := range queries {
			found := numbers(find(t, ix, policies.Audience{}, Query{Text: query, Limit: 100}).Hits)
			slices.Sort(found)
			var asked []int64
			for _, no := range found {
				if no <= 11 {
					asked = append(asked, no)
				}
			}
			if got := fmt.Sprint(asked); got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
	}
}

// TestVocabulariesAreFieldValues goes through every term of the vocabularies that are asked of by a field: its code and
// its six labels, in quotation marks, are values of it.
func TestVocabulariesAreFieldValues(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	for _, name := range fieldNames() {
		list, kinds := fieldList(name)
		if list == "" || name == "region" {
			continue
		}
		vocabulary, ok := sch.Vocabulary(list)
		if !ok {
			t.Fatalf("%s: there is no vocabulary %s", name, list)
		}
		for _, term := range vocabulary.Terms() {
			for _, value := range append(labelsOf(list, term), term.Code) {
				s, err := (&planner{index: ix, plan: &plan{}}).value(name, word{text: value})
				c, ok := s.(coded)
				if err != nil || !ok || !slices.Contains(c.keys, codeKey(kinds[0], term.Code)) {
					t.Errorf("%s:%q is not %s: %v %v", name, value, term.Code, s, err)
				}
			}
		}
	}
}

// labelsOf gives the labels that name the term alone: those of mechanisms of cause do not.
func labelsOf(list string, term schema.Term) []string {
	if list == "cause" && term.Parent != "" {
		return nil
	}
	var labels []string
	for _, language := range schema.Languages() {
		labels = append(labels, term.Labels[language])
	}
	return labels
}

func TestQuestionsOfTimeAndNumber(t *testing.T) {
	ix := openMemory(t, loadSchema(t))
	day := func(text string) incident.Bounds {
		date, err := incident.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return date.Bounds()
	}
	window := func(q Question, from, to incident.Day) step { return dated{Dated{q, Window{From: from, To: to}}} }
	first, last := incident.FirstDay, incident.LastDay
	years := func(from, to string) step { return window(Began, day(from).Earliest, day(to).Latest) }
	count := func(measure string, low, high int64) step { return counted{Counted{measure, low, high}} }
	for text, want := range map[string]step{
		"began:2014":                years("2014-01-01", "2014-12-31"),
		"began:2010..2014-06":       years("2010-01-01", "2014-06-30"),
		"began:٢٠١٠..٢٠١٤-٠٦":       years("2010-01-01", "2014-06-30"),
		"began:２０１０．．２０１４－０６":       years("2010-01-01", "2014-06-30"),
		"began:2014-06-03":          years("2014-06-03", "2014-06-03"),
		"began:201x":                years("2010-01-01", "2019-12-31"),
		"began:2004~":               years("2003-01-01", "2005-12-31"),
		"began:2004~..2006~":        years("2003-01-01", "2007-12-31"),
		"began:2010/2014":           years("2010-01-01", "2014-12-31"),
		"began:..2014":              window(Began, first, day("2014").Latest),
		"active:2010..":             window(Active, day("2010").Earliest, last),
		`reported:"2010.."`:         window(Reported, day("2010").Earliest, last),
		"reported:2010/..":          window(Reported, day("2010").Earliest, last),
		"began:-0044":               years("-0044-01-01", "-0044-12-31"),
		"began:(2010 OR 2012)":      anyOf{[]step{years("2010-01-01", "2010-12-31"), years("2012-01-01", "2012-12-31")}},
		"began:-":                   unstated{"began"},
		"deaths:>=10":               count("deaths", 10, -1),
		"deaths:≥10":                count("deaths", 10, -1),
		"deaths:>10":                count("deaths", 11, -1),
		"deaths:<=5":                count("deaths", -1, 5),
		"deaths:≤5":                 count("deaths", -1, 5),
		"deaths:<5":                 count("deaths", -1, 4),
		"cases:=3":                  count("cases", 3, 3),
		"cases:3":                   count("cases", 3, 3),
		"cases:＞＝٣":                 count("cases", 3, -1),
		"cases:10..20":              count("cases", 10, 20),
		"cases:10..":                count("cases", 10, -1),
		"cases:..20":                count("cases", -1, 20),
		"deaths:none":               unstated{"deaths"},
		"year:2014":                 coded{[]string{codeKey("year", "2014")}},
		"year:٢٠١٤":                 coded{[]string{codeKey("year", "2014")}},
		"year:-":                    unstated{"year"},
		"decade:-":                  unstated{"year"},
		"region:none":               unstated{"area"},
		"cause:none":                unstated{"cause"},
		"severity:none":             coded{[]string{codeKey("severity", "none")}},
		"severity:-":                unstated{"severity"},
		"language:français":         coded{[]string{codeKey("language", "fr")}},
		"language:(zh OR арабский)": coded{[]string{codeKey("language", "ar"), codeKey("language", "zh")}},
		"organization:South":        coded{[]string{codeKey("organization", "south")}},
		`collection:"WHO DON"`:      coded{[]string{codeKey("collection", "WHO DON")}},
		"certain:began:2014":        certainly{years("2014-01-01", "2014-12-31")},
		"certain:(began:2014)":      certainly{years("2014-01-01", "2014-12-31")},
		"certain:true began:2014":   years("2014-01-01", "2014-12-31"),
		"-certain:began:2014":       noneOf{certainly{years("2014-01-01", "2014-12-31")}},
		"area:(- OR FRA)":           anyOf{[]step{unstated{"area"}, coded{keysBelow(ix, "areas", "area", "FRA")}}},
	} {
		if got := stepOf(t, ix, text); fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
			t.Errorf("%s: %#v, want %#v", text, got, want)
		}
	}
	for _, text := range []string{"decade:1970", "decade:1970s", "decade:197x", "decade:١٩٧٠"} {
		c, _ := stepOf(t, ix, text).(coded)
		if len(c.keys) != 10 || c.keys[0] != codeKey("year", "1970") || c.keys[9] != codeKey("year", "1979") {
			t.Errorf("%s: %q", text, c.keys)
		}
	}
}

func keysBelow(ix *Index, list, kind, code string) []string {
	keys := ix.thesaurus.below(list, []string{kind}, code)
	slices.Sort(keys)
	return keys
}

func TestValueErrors(t *testing.T) {
	ix := openMemory(t, loadSchema(t))
	for text, want := range map[string]string{
		"began:":                "syntax 7 began:…",
		"x began:soon":          "syntax 9 YYYY",
		"began:2014-13":         "syntax 12 01–12",
		"began:2014-02-30":      "syntax 15 01–28",
		"began:..":              "syntax 7 2010..2014",
		"began:2014..2010":      "syntax 13 2010..2014",
		"began:٢٠١٤..soon":      "syntax 13 YYYY",
		"began:2014..2010-1":    "syntax 18 MM",
		"deaths:many":           "syntax 8 0, 1, 2, …",
		"deaths:>=":             "syntax 10 0, 1, 2, …",
		"deaths:>=-1":           "syntax 10 0, 1, 2, …",
		"deaths:≥x":             "syntax 9 0, 1, 2, …",
		"deaths:=>3":            "syntax 8 >= > <= < =",
		"deaths:<0":             "syntax 9 1",
		"deaths:1e9":            "syntax 8 0, 1, 2, …",
		"deaths:10..5":          "syntax 12 5..10",
		"deaths:..":             "syntax 8 10..20",
		"deaths:10..x":          "syntax 12 0, 1, 2, …",
		"cases:9999999999999":   "syntax 7 0, 1, 2, …",
		"year:14":               "syntax 6 year:2014",
		"decade:1975":           "syntax 8 decade:1970",
		"area:(FRA OR Frnace)":  "unknown_value 14 area Frnace [France]",
		"area:Atlantis":         "unknown_value 6 area Atlantis []",
		"area:法囯":               "unknown_value 6 area 法囯 [法国]",
		"area:Франциея":         "unknown_value 6 area Франциея [Франция]",
		"disease:kolera":        "unknown_value 9 disease kolera [Cólera]",
		"unit:reports":          "unknown_value 6 unit reports [Report]",
		"verification:corrobor": "unknown_value 14 verification corrobor [Corroboré]",
		"region:France":         "unknown_value 8 region France []",
		"language:deutsch":      "unknown_value 10 language deutsch []",
		"language:Englsh":       "unknown_value 10 language Englsh [English]",
		"cause:delibrate":       "unknown_value 7 cause delibrate [Deliberate]",
	} {
		_, err := ix.Search(context.Background(), policies.Audience{}, Query{Text: text})
		got := ""
		if f := fault.Of(err); err != nil && fault.Is(err, fault.Invalid) {
			switch f.Code {
			case "search.syntax":
				got = fmt.Sprintf("syntax %v %v", f.Params["column"], f.Params["expected"])
			case "search.unknown_value":
				got = fmt.Sprintf("unknown_value %v %v %v %v", f.Params["column"], f.Params["field"], f.Params["value"], f.Params["likely"])
			}
			if len(f.Fields) != 1 || f.Fields[0].Pointer != "/q" || f.Fields[0].Code != f.Code {
				t.Errorf("%s: does not point at q: %v", text, f.Fields)
			}
		}
		if strings.HasPrefix(got, "unknown") != strings.HasPrefix(want, "unknown") || got != want && want != "" {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
