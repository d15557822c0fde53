package exchange

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
)

func TestYearsInWords(t *testing.T) {
	for text, want := range map[string]string{
		"2011": "2011", "217": "0217", "1978A": "1978", "2004A,B,D": "2004", "2000s Onward": "200X/..", "1980s": "198X",
		"Late 1970s": "1975~/1979", "Early 1970s": "1970/1974~", "Mid 1970s": "1973~/1976~", "1977-78D": "1977/1978",
		"2003–4A": "2003/2004", "2004-5A,D": "2004/2005", "2003–2006B": "2003/2006", "1812–19": "1812/1819",
		"1981–present": "1981/..", "165–180 (possibly up to 190)": "0165/0190", "c. 1348": "1348~", "1346–1353": "1346/1353",
		"430 BC": "", "429–426 BCE": "", "": "", "Unknown": "", "12": "", "1353–1346": "", "1811, 1813": "", "2004G": "",
		"in the days of old": "", "0000": "", "99999": "",
	} {
		got, ok := readSpan(text)
		if ok != (want != "") || ok && string(got.date()) != want {
			t.Errorf("%q: %q %v, want %q", text, got.date(), ok, want)
		}
	}
	if s, _ := readSpan("165–180 (possibly up to 190)"); s.from != "0165" || s.until != "0180/0190" {
		t.Errorf("%+v", s)
	}
}

func TestDaysByTheirOrder(t *testing.T) {
	for _, c := range []struct{ text, order, want string }{
		{"2021-12-30", MonthDayYear, "2021-12-30"}, {"1/13/2022", MonthDayYear, "2022-01-13"}, {"12-30-2022", MonthDayYear, "2022-12-30"},
		{"3/4/2022", DayMonthYear, "2022-04-03"}, {"3/4/2022", MonthDayYear, "2022-03-04"}, {"28-Dec-23", MonthDayYear, "2023-12-28"},
		{"1 February 2021", YearMonthDay, "2021-02-01"}, {"February 1, 2021", DayMonthYear, "2021-02-01"}, {"March 2021", DayMonthYear, "2021-03"},
		{"2021-03", DayMonthYear, "2021-03"}, {"2021", DayMonthYear, "2021"}, {"22-10-05", YearMonthDay, "2022-10-05"},
		{"2021-12-30T00:00:00Z", MonthDayYear, "2021-12-30"}, {"2021-12-30 00:00", MonthDayYear, "2021-12-30"}, {"5.6.1999", DayMonthYear, "1999-06-05"},
		{"13/3/2022", MonthDayYear, ""}, {"31-Feb-22", DayMonthYear, ""}, {"yesterday", DayMonthYear, ""}, {"1/2/3/4", DayMonthYear, ""},
		{"1/2/203", DayMonthYear, ""}, {"", DayMonthYear, ""}, {"Foo 2021", DayMonthYear, ""},
	} {
		got, ok := readDay(c.text, c.order, 1996)
		if ok != (c.want != "") || ok && string(got) != c.want {
			t.Errorf("%q by %s: %q %v, want %q", c.text, c.order, got, ok, c.want)
		}
	}
	if got := fullYear(68, 1950); got != 1968 {
		t.Error(got)
	}
}

func TestWholePeriodsAreWrittenShort(t *testing.T) {
	for _, c := range [][3]incident.Date{
		{"2008-01-01", "2008-12-31", "2008"}, {"2020-02-01", "2020-02-29", "2020-02"}, {"2019-01-06", "2019-01-12", "2019-01-06/2019-01-12"},
		{"2019-01-06", "2019-01-06", "2019-01-06"}, {"2019-01-06", "2019-01-05", ""}, {"2019-02-01", "2020-01-31", "2019-02-01/2020-01-31"},
	} {
		if got, ok := betweenDays(c[0], c[1]); got != c[2] || ok != (c[2] != "") {
			t.Errorf("%v: %q", c, got)
		}
	}
}

func TestTollsInWords(t *testing.T) {
	for text, want := range map[string]string{
		"75–200 million (30–60% of European population)": "75000000-200000000 range", "100+": "100-… at_least", "25,000+": "25000-… at_least",
		"1 (18 cases)": "1-1 exact; total_reported 18-18 exact", "2 million (approx. ?1?3 of population)": "2000000-2000000 about",
		"61,000 (46,000–95,000)[280]": "46000-95000 range", "936 (as of 1 February 2021)": "936-936 exact 2021-02-01",
		"2.6 million+ (as of March 2021)": "2600000-… at_least 2021-03", "2,700–3,000+": "2700-… at_least", "Unknown": "",
		"Unknown, around 1% of those infected": "", "Unknown (20–25% of native population)": "",
		"520 (300 in Charleston, 220 in Philadelphia)":    "520-520 exact",
		"Lab: 18,449 | All: 284,000 (possible range 1-2)": "18449-18449 exact; 1-2 range",
		"?1?3": "! quantity.syntax", "many": "! quantity.not_a_number", "1e+05": "100000-100000 about", "1.2e6": "1200000-1200000 about",
		"0 (3,958 cases)": "0-0 exact; total_reported 3958-3958 exact", "5 (unclosed": "5-5 exact",
	} {
		all, code := readTold(text)
		if got := toldAs(all, code); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPhrasesWithNumbers(t *testing.T) {
	table := map[string]phrase{"infected": {Measure: "total_reported"}, "died": {Measure: "deaths"}, "infections": {Measure: "total_reported"},
		"cattle": {Measure: "total_reported", Population: "cattle"}}
	for text, want := range map[string]string{
		"1,000s infected, 82+ died26": "total_reported 1000-… at_least; deaths 82-… at_least", "Millions infected23": "total_reported 1000000-… at_least",
		"1 Infected8,9": "total_reported 1-1 exact", "No infections": "total_reported 0-0 exact", "Many infected": "", "17": "", "Unclear": "",
		"2 Cattle": "total_reported 2-2 exact", "BSL-3 facility, 1 Infected": "total_reported 1-1 exact", "": "",
	} {
		if got := toldAs(readPhrases(text, table), ""); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func toldAs(all []told, code string) string {
	if code != "" {
		return "! " + code
	}
	var parts []string
	for _, t := range all {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s-%s %s %s", t.measure, limit(t.Low), limit(t.High), t.Qualifier, t.asOf)))
	}
	return strings.Join(parts, "; ")
}

func testGazetteer(t testing.TB) *gazetteer {
	t.Helper()
	g, err := newGazetteer(testSchema(t))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAreasByAnyName(t *testing.T) {
	g := testGazetteer(t)
	for _, c := range []struct{ text, form, want string }{
		{"Congo (Dem. Rep. of the)", formName, "COD"}, {"Congo Democratic Republic of the", formName, "COD"}, {"Congo (Rep. of the)", formName, "COG"},
		{"Korea (Dem People's Rep. of)", formName, "PRK"}, {"Dominican (Rep.)", formName, "DOM"}, {"Türkiye (Rep. of)", formName, "TUR"},
		{"COTE D'IVOIRE", formName, "CIV"}, {"Tanzania, United Republic of", formName, "TZA"}, {"Zaire", formName, "ZRCD"},
		{"中国", formName, "CHN"}, {"Кот-д’Ивуар", formName, "CIV"}, {"المغرب", formName, "MAR"}, {"Alemania", formName, "DEU"}, {"Papouasie-Nouvelle-Guinée", formName, "PNG"},
		{"Libera", formName, "LBR"}, {"Azerbaidjan", formName, "AZE"}, {"Kazahkstan", formName, "KAZ ?"}, {"Mongollia", formName, "MNG ?"},
		{"Zambie (la)", formName, "ZMB"}, {"Bahamas (the)", formName, "BHS"}, {"la Grenade", formName, "GRD"}, {"Фолклендские о-ва", formName, "FLK"},
		{"Nambia", formName, ""}, {"Atlantis", formName, ""}, {"Roman Empire", formName, ""}, {"Ix", formName, ""},
		{"NA", formISO2, "NAM"}, {"704", formM49, "VNM"}, {"4", formM49, "AFG"}, {"VNM", formISO3, "VNM"}, {"SUHH", formISO3, ""}, {"ZZ", formISO2, ""}, {"", formISO2, ""},
	} {
		code, guessed, _ := g.find(c.text, c.form)
		if guessed {
			code += " ?"
		}
		if code != c.want {
			t.Errorf("%q as %s: %q, want %q", c.text, c.form, code, c.want)
		}
	}
	for text, want := range map[string]string{
		"Peru, Chile, Bolivia": "PER CHL BOL", "Great Plains, United States and Canada": "USA CAN", "Savannah, Georgia, United States": "USA",
		"Luanda, Angola": "AGO", "Asia, Africa, Europe, and Americas": "142 002 150 019", "Rome, Byzantine Empire": "", "Spain": "ESP", "Spain, Spain": "ESP", "": "",
	} {
		if codes, _, _ := g.listed(text); strings.Join(codes, " ") != want {
			t.Errorf("%q: %v, want %s", text, codes, want)
		}
	}
}

func TestPointsLieInTheirAreas(t *testing.T) {
	g := testGazetteer(t)
	for _, c := range []struct {
		code     string
		lat, lon float64
		away     float64 // about, in kilometres
	}{
		{"BEL", 50.8333, 4.469936, 0}, {"BEL", 50.8333, 44.69936, 2650}, {"USA", 64, -165, 0}, {"USA", 52.5, 179, 0}, {"USA", 5.5, -178.4, 1650},
		{"FJI", -17, -179.5, 0}, {"FJI", -17, 178, 0}, {"FJI", -17, 160, 1490}, {"RUS", 66, -172, 0}, {"NZL", -44, -176.5, 0}, {"CHL", -35.1, -109.5, 800},
		{"SUHH", 41, 69, 0}, {"SUHH", 40, -100, 4800}, {"FRA", 4, -53, 0},
	} {
		away, known := g.outside(c.code, c.lat, c.lon)
		if !known || math.Abs(away-c.away) > max(10, c.away*0.3) {
			t.Errorf("%s %g %g: %.0f km, want about %.0f", c.code, c.lat, c.lon, away, c.away)
		}
	}
	if _, known := g.outside("150", 50, 10); known {
		t.Error("where a region lies is not told")
	}
	areas, _ := testSchema(t).Vocabulary("areas")
	for _, term := range areas.Terms() {
		if _, known := g.outside(term.Code, 0, 0); !known && term.Kind == "area" && term.ISO2 != "" {
			t.Errorf("%s has no box", term.Code)
		}
	}
}

// sheet is a file of two columns.
func sheet(rows ...string) string {
	return "report_id,country,date_reported,disease,reason_for_notification\n" + strings.Join(rows, "\n") + "\n"
}

func TestFilesTellHowTheyAreWritten(t *testing.T) {
	french := sheet("1,Côte d’Ivoire,2021-02-03,Anthrax,“Réapparition” – été", "2,Perú,2021-02-03,Anthrax,Épizootie")
	encode := func(e interface{ Bytes([]byte) ([]byte, error) }, text string) string {
		b, err := e.Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	windows, mac := encode(charmap.Windows1252.NewEncoder(), french), encode(charmap.Macintosh.NewEncoder(), french)
	wide := encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(), french)
	misread, err := charmap.Macintosh.NewDecoder().String(french)
	if err != nil {
		t.Fatal(err)
	}
	misreadAsWindows, err := charmap.Windows1252.NewDecoder().String(french)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content, encoding, delimiter string
		repaired                     bool
	}{
		"utf-8":               {french, "utf-8", ",", false},
		"plain":               {sheet("1,Peru,2021-02-03,Anthrax,x"), "utf-8", ",", false},
		"with a mark":         {"\uFEFF" + french, "utf-8 with BOM", ",", false},
		"windows":             {windows, "windows-1252", ",", false},
		"mac":                 {mac, "macintosh", ",", false},
		"utf-16":              {wide, "utf-16le", ",", false},
		"misread as mac":      {misread, "utf-8", ",", true},
		"misread as windows":  {misreadAsWindows, "utf-8", ",", true},
		"semicolons":          {strings.ReplaceAll(french, ",", ";"), "utf-8", ";", false},
		"tabs":                {strings.ReplaceAll(french, ",", "\t"), "utf-8", "\t", false},
		"arabic":              {sheet("1,المغرب,2021-02-03,Anthrax,عودة المرض"), "utf-8", ",", false},
		"chinese and russian": {sheet("1,中国,2021-02-03,Anthrax,再次出现", "2,Россия,2021-02-03,Anthrax,«вспышка»"), "utf-8", ",", false},
		"french quotes":       {sheet("1,Peru,2021-02-03,Anthrax,« voilà »", "2,Peru,2021-02-03,Anthrax,SÃO PAULO"), "utf-8", ",", false},
	} {
		p, err := Find(testSchema(t), "wahis", Options{})
		if err != nil {
			t.Fatal(err)
		}
		file := inMemory("f.csv", c.content)
		seen, err := Inspect(file, p, Options{})
		if err != nil || seen.Encoding != c.encoding || seen.Delimiter != c.delimiter || seen.Repaired != c.repaired || seen.Dates["date_reported"] != YearMonthDay {
			t.Errorf("%s: %+v %v", name, seen, err)
			continue
		}
		var first string
		if err := readRows(file, p, seen, func(r Row) error { first = first + r.Cell("country"); return nil }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(c.content, "Perú") || c.repaired || c.encoding != "utf-8" {
			if first != "Côte d’IvoirePerú" {
				t.Errorf("%s: %q", name, first)
			}
		}
	}
}

func TestWrongOverridesAreRefusedWhereTheyShow(t *testing.T) {
	french := sheet("1,Peru,2021-02-03,Anthrax,x", "2,Côte d’Ivoire,2021-02-03,Anthrax,“Réapparition” – été", "3,Perú,2021-02-04,Anthrax,été")
	windows, err := charmap.Windows1252.NewEncoder().String(french)
	if err != nil {
		t.Fatal(err)
	}
	slashed := sheet("1,Peru,1/2/2021,Anthrax,x", "2,Peru,13/2/2021,Anthrax,x")
	mixed := sheet("1,Peru,2/13/2021,Anthrax,x", "2,Peru,13/2/2021,Anthrax,x")
	for _, c := range []struct {
		content string
		o       Options
		code    string
		line    int64
	}{
		{french, Options{Encoding: "windows-1252"}, "import.wrong_encoding", 3},
		{french, Options{Encoding: "macintosh"}, "import.wrong_encoding", 3},
		{windows, Options{Encoding: "utf-8"}, "import.not_utf8", 3},
		{windows, Options{Encoding: "macintosh"}, "import.wrong_encoding", 3},
		{windows, Options{Encoding: "gbk"}, "import.wrong_encoding", 3},
		{windows, Options{Encoding: "latin1"}, "", 0},
		{french, Options{Encoding: "utf-16"}, "import.wrong_encoding", 1},
		{"\xFF\xFEa\x00", Options{Encoding: "utf-8"}, "import.not_utf8", 1},
		{"\uFEFF" + french, Options{Encoding: "utf-8"}, "", 0},
		{"\uFEFF" + french, Options{Encoding: "windows-1252"}, "import.wrong_encoding", 1},
		{slashed, Options{}, "", 0},
		{slashed, Options{Dates: DayMonthYear}, "", 0},
		{slashed, Options{Dates: MonthDayYear}, "import.date_order", 3},
		{mixed, Options{}, "import.date_orders", 3},
		{sheet("1,Peru,2021-02-13,Anthrax,x"), Options{Dates: DayMonthYear}, "", 0},
	} {
		p, err := Find(testSchema(t), "wahis", c.o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Inspect(inMemory("f.csv", c.content), p, c.o)
		switch f := fault.Of(err); {
		case c.code == "" && err != nil:
			t.Errorf("%+v: %v", c.o, err)
		case c.code != "" && (f == nil || f.Code != c.code || fmt.Sprint(f.Params["line"]) != fmt.Sprint(c.line)):
			t.Errorf("%+v: %v, want %s on line %d", c.o, err, c.code, c.line)
		}
	}
}

func TestColumnsTellTheirOrder(t *testing.T) {
	for want, days := range map[string][]string{
		DayMonthYear: {"1/2/2021", "13/2/2021", "3/3/2021"}, MonthDayYear: {"1/2/2021", "2/13/2021"}, YearMonthDay: {"2021-02-13", "2021-03-01", "1/2/2021"},
	} {
		var rows []string
		for i, day := range days {
			rows = append(rows, fmt.Sprintf("%d,Peru,%s,Anthrax,x", i, day))
		}
		p, err := Find(testSchema(t), "wahis", Options{})
		if err != nil {
			t.Fatal(err)
		}
		seen, err := Inspect(inMemory("f.csv", sheet(rows...)), p, Options{})
		if err != nil || seen.Dates["date_reported"] != want {
			t.Errorf("%v: %v %v", days, seen.Dates, err)
		}
		if !slices.Equal(seen.Columns, []string{"report_id", "country", "date_reported", "disease", "reason_for_notification"}) || seen.Rows != int64(len(days)) {
			t.Errorf("%+v", seen)
		}
	}
}

func FuzzDates(f *testing.F) {
	for _, seed := range []string{"2004A,B,D", "Late 1970s", "2000s Onward", "165–180 (possibly up to 190)", "1981–present", "28-Dec-23", "13/1/2022", "(", "0s", "-"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if s, ok := readSpan(text); ok {
			for _, date := range []incident.Date{s.date(), s.from, s.until} {
				if _, err := incident.ParseDate(string(date)); err != nil {
					t.Errorf("%q gives %+v: %v", text, s, err)
				}
			}
		}
		for _, order := range []string{YearMonthDay, DayMonthYear, MonthDayYear} {
			if date, ok := readDay(text, order, 1950); ok {
				if _, err := incident.ParseDate(string(date)); err != nil {
					t.Errorf("%q by %s gives %q: %v", text, order, date, err)
				}
			}
		}
	})
}

func FuzzCounts(f *testing.F) {
	for _, seed := range []string{"75–200 million (30%)", "1 (18 cases)", "2,700–3,000+", "1e+05", "a: 1 | b: 2 (1-3)", "1,000s infected, 82+ died26", "(", "9e99"} {
		f.Add(seed)
	}
	table := map[string]phrase{"infected": {Measure: "total_reported"}, "died": {Measure: "deaths"}}
	f.Fuzz(func(t *testing.T, text string) {
		all, _ := readTold(text)
		for _, one := range append(all, readPhrases(text, table)...) {
			if wrong := one.Quantity.Check(); wrong != nil {
				t.Errorf("%q gives %+v: %v", text, one, wrong)
			}
		}
	})
}

func FuzzRepair(f *testing.F) {
	for _, seed := range []string{"C√¥te d'Ivoire", "‚Äì", "CÃ´te", "é", "\u00c3\u00a0", "Ã", "中国"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		for _, page := range codePages() {
			if got := page.repair(text); !utf8.ValidString(got) || len([]rune(got)) > len([]rune(text)) {
				t.Errorf("%q becomes %q", text, got)
			}
			if misread, err := page.NewDecoder().String(text); err == nil && isASCII(text) && page.repair(misread) != text {
				t.Errorf("%q is not put right", text)
			}
		}
	})
}
