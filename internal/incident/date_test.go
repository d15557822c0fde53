package incident

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bioincident/internal/fault"
)

func TestParseDateRefuses(t *testing.T) {
	for _, c := range []struct {
		text, code string
		column     int
	}{
		{"", "date.empty", 1},
		{"2004-", "date.syntax", 6},
		{"2004-6", "date.syntax", 6},
		{"200", "date.syntax", 4},
		{"20041", "date.syntax", 5},
		{"2004/06/11", "date.syntax", 8},
		{"11.06.2004", "date.syntax", 3},
		{" 2004", "date.syntax", 1},
		{"2004 ", "date.syntax", 5},
		{"2004–06", "date.syntax", 5},
		{"201x", "date.syntax", 4},
		{"2004-06-1", "date.syntax", 9},
		{"2004-06-111", "date.syntax", 11},
		{"2004-06-11-01", "date.syntax", 11},
		{"?", "date.syntax", 1},
		{"..", "date.syntax", 1},
		{"June 2004", "date.syntax", 1},
		{"2004-06/2005/2006", "date.syntax", 13},
		{"٢٠٠٤", "date.syntax", 1},
		{"2004-00", "date.calendar", 6},
		{"2004-13", "date.calendar", 6},
		{"2004-20", "date.calendar", 6},
		{"2004-42", "date.calendar", 6},
		{"2004-06-00", "date.calendar", 9},
		{"2004-06-31", "date.calendar", 9},
		{"2003-02-29", "date.calendar", 9},
		{"1900-02-29", "date.calendar", 9},
		{"-0430-02-29", "date.calendar", 10},
		{"-0000", "date.calendar", 1},
		{"2005/2004-06", "date.order", 6},
		{"2004-06-12/2004-06-11", "date.order", 12},
		{"2005~/2004", "date.order", 7},
		{"2005/2004~", "date.order", 6},
		{"1XXX", "date.precision", 2},
		{"XXXX", "date.precision", 2},
		{"201X-06", "date.precision", 5},
		{"201X-XX", "date.precision", 5},
		{"2004-XX-11", "date.precision", 9},
		{"2004-21-11", "date.precision", 8},
		{"/", "date.open", 1},
		{"../..", "date.open", 1},
		{"/..", "date.open", 1},
		{"2004-25", "date.level", 6},
		{"2004-41", "date.level", 6},
		{"2004?-06", "date.level", 5},
		{"?2004", "date.level", 1},
		{"2004-~06", "date.level", 6},
		{"2004-06~-11", "date.level", 8},
		{"19X5", "date.level", 4},
		{"2004-1X", "date.level", 6},
		{"2004??", "date.level", 5},
		{"Y170000002", "date.long_year", 1},
		{"-Y170000002", "date.long_year", 2},
		{"2004-06-11T10:00:00Z", "date.time", 11},
		{"2004-06-11T10:00:00Z/2004-06-11T11:00:00Z", "date.syntax", longestDate},
	} {
		got, err := ParseDate(c.text)
		f := fault.Of(err)
		if f == nil {
			t.Errorf("%q is taken as %q, want %s", c.text, got, c.code)
			continue
		}
		if f.Kind != fault.Invalid || f.Code != c.code || f.Params["column"] != c.column {
			t.Errorf("%q: %v, want %s at %d", c.text, err, c.code, c.column)
		}
		if f.Params["expected"] == "" || (got != "") {
			t.Errorf("%q: nothing expected, or a date %q", c.text, got)
		}
		if b := Date(c.text).Bounds(); !b.None() || b.Within(FirstDay, LastDay) != No || Date(c.text).Coarsen("month") != "" {
			t.Errorf("%q: bounds %v of no date", c.text, b)
		}
	}
}

// TestBounds writes bounds as days; ".." is an open or unknown end, ? and ~ flags.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		text, earliest, latest, flags string
		precision                     Precision
	}{
		{"2004", "2004-01-01", "2004-12-31", "", ToYear},
		{"2004-06", "2004-06-01", "2004-06-30", "", ToMonth},
		{"2004-06-11", "2004-06-11", "2004-06-11", "", ToDay},
		{"2004-02", "2004-02-01", "2004-02-29", "", ToMonth},
		{"2000-02-29", "2000-02-29", "2000-02-29", "", ToDay},
		{"1984?", "1984-01-01", "1984-12-31", "?", ToYear},
		{"1984~", "1983-01-01", "1985-12-31", "~", ToYear},
		{"1984%", "1983-01-01", "1985-12-31", "?~", ToYear},
		{"2004-06~", "2004-05-01", "2004-07-31", "~", ToMonth},
		{"2004-12~", "2004-11-01", "2005-01-31", "~", ToMonth},
		{"2004-01~", "2003-12-01", "2004-02-29", "~", ToMonth},
		{"2004-03-01~", "2004-02-29", "2004-03-02", "~", ToDay},
		{"201X", "2010-01-01", "2019-12-31", "", ToDecade},
		{"201X~", "2000-01-01", "2029-12-31", "~", ToDecade},
		{"20XX", "2000-01-01", "2099-12-31", "", ToCentury},
		{"19XX~", "1800-01-01", "2099-12-31", "~", ToCentury},
		{"2004-XX", "2004-01-01", "2004-12-31", "", ToYear},
		{"2004-XX-XX", "2004-01-01", "2004-12-31", "", ToYear},
		{"2004-06-XX", "2004-06-01", "2004-06-30", "", ToMonth},
		{"2004-06-XX?", "2004-06-01", "2004-06-30", "?", ToMonth},
		{"2004-21", "2004-03-01", "2004-11-30", "", ToSeason},
		{"2004-22", "2003-12-01", "2005-02-28", "", ToSeason},
		{"2004-23", "2004-03-01", "2004-11-30", "", ToSeason},
		{"2003-24", "2002-12-01", "2004-02-29", "", ToSeason},
		{"2004-21~", "2003-12-01", "2005-02-28", "~", ToSeason},
		{"2004-06/2005", "2004-06-01", "2005-12-31", "", ToYear},
		{"2004-06-15/2004-06", "2004-06-15", "2004-06-30", "", ToMonth},
		{"2004/2004-03", "2004-01-01", "2004-03-31", "", ToYear},
		{"1984~/2004-06", "1983-01-01", "2004-06-30", "~", ToYear},
		{"1984-06-02?/2004-08-08~", "1984-06-02", "2004-08-09", "?~", ToDay},
		{"../1985", "..", "1985-12-31", "", ToYear},
		{"1985-04-12/..", "1985-04-12", "..", "", ToDay},
		{"/1985?", "..", "1985-12-31", "?", ToYear},
		{"1985-04/", "1985-04-01", "..", "", ToMonth},
		{"201X/2015", "2010-01-01", "2015-12-31", "", ToDecade},
		{"0000", "0000-01-01", "0000-12-31", "", ToYear},
		{"9999-12-31", "9999-12-31", "9999-12-31", "", ToDay},
		{"-0001", "-0001-01-01", "-0001-12-31", "", ToYear},
		{"-9999-01-01", "-9999-01-01", "-9999-01-01", "", ToDay},
		{"-000X", "-0009-01-01", "0000-12-31", "", ToDecade},
		{"-201X", "-2019-01-01", "-2010-12-31", "", ToDecade},
		{"-00XX", "-0099-01-01", "0000-12-31", "", ToCentury},
	} {
		d, err := ParseDate(c.text)
		if err != nil || string(d) != c.text {
			t.Errorf("%q: %q, %v", c.text, d, err)
			continue
		}
		b := d.Bounds()
		flags := ""
		if b.Uncertain {
			flags += "?"
		}
		if b.Approximate {
			flags += "~"
		}
		if e, l := limit(b.Earliest), limit(b.Latest); e != c.earliest || l != c.latest {
			t.Errorf("%q lies between %s and %s, want %s and %s", c.text, e, l, c.earliest, c.latest)
		}
		if flags != c.flags || b.Precision != c.precision {
			t.Errorf("%q: flags %q precision %s", c.text, flags, b.Precision)
		}
		if b.OpenStart != (c.earliest == "..") || b.OpenEnd != (c.latest == "..") {
			t.Errorf("%q: open %v %v", c.text, b.OpenStart, b.OpenEnd)
		}
	}
}

func limit(d Day) string {
	if d == FirstDay || d == LastDay {
		return ".."
	}
	return string(d.Date())
}

func TestWithin(t *testing.T) {
	day := func(text string) Day {
		switch text {
		case "-":
			return NoDay
		case "first":
			return FirstDay
		case "last":
			return LastDay
		}
		return Date(text).Bounds().Earliest
	}
	for _, c := range []struct {
		date, from, to string
		want           Match
	}{
		{"2004-06", "2004-06-01", "2004-06-30", Certainly},
		{"2004-06", "2004-06-02", "2004-06-30", Possibly},
		{"2004-06", "2004-07-01", "2004-08-01", No},
		{"2004-06?", "2004-01-01", "2004-12-31", Possibly},
		{"2004-06?", "2005-01-01", "2005-12-31", No},
		{"2004-06~", "2004-06-01", "2004-06-30", Possibly},
		{"2004-06~", "2004-05-01", "2004-07-31", Certainly},
		{"2004-06%", "2004-01-01", "2004-12-31", Possibly},
		{"201X", "2010-01-01", "2019-12-31", Certainly},
		{"2004/..", "2004-01-01", "last", Certainly},
		{"2004/..", "2004-01-01", "-", Certainly},
		{"2004/..", "2004-01-01", "2500-01-01", Possibly},
		{"../2004", "-", "2004-12-31", Certainly},
		{"/2004", "1000-01-01", "2004-12-31", Possibly},
		{"2004/", "1000-01-01", "2003-12-31", No},
		{"2004", "2005-01-01", "2003-01-01", No},
		{"", "-", "-", No},
	} {
		if got := Date(c.date).Bounds().Within(day(c.from), day(c.to)); got != c.want {
			t.Errorf("%q within %s – %s: %s, want %s", c.date, c.from, c.to, got, c.want)
		}
	}
}

func TestCoarsen(t *testing.T) {
	for _, c := range []struct{ date, unit, want Date }{
		{"2004-06-11", "month", "2004-06"},
		{"2004-06-11~", "month", "2004-06~"},
		{"2004-06-11%", "month", "2004-06%"},
		{"2004-06", "month", "2004-06"},
		{"2004-06-XX", "month", "2004-06-XX"},
		{"2004", "month", "2004"},
		{"201X?", "month", "201X?"},
		{"2004-21", "month", "2004-21"},
		{"2004-06-11/2004-07-02?", "month", "2004-06/2004-07?"},
		{"2004-06-11/2004-06-20", "month", "2004-06"},
		{"2004-06-11/..", "month", "2004-06/.."},
		{"/-0044-03-15", "month", "/-0044-03"},
		{"2004-06-11", "week", ""},
		{"2004-06-1", "month", ""},
		{"", "month", ""},
	} {
		if got := c.date.Coarsen(string(c.unit)); got != c.want {
			t.Errorf("%q to the %s: %q, want %q", c.date, c.unit, got, c.want)
		}
	}
}

// dates draws any date of levels 0 and 1, built from parts and not by the parser.
func dates() *rapid.Generator[Date] {
	return rapid.Custom(func(t *rapid.T) Date {
		if rapid.IntRange(0, 3).Draw(t, "form") > 0 {
			return moments().Draw(t, "moment")
		}
		ends := rapid.OneOf(moments(), rapid.SampledFrom([]Date{"", ".."}))
		for {
			from, to := ends.Draw(t, "from"), ends.Draw(t, "to")
			if d, err := ParseDate(string(from + "/" + to)); err == nil {
				return d
			}
			if d, err := ParseDate(string(to + "/" + from)); err == nil {
				return d
			}
		}
	})
}

func moments() *rapid.Generator[Date] {
	return rapid.Custom(func(t *rapid.T) Date {
		year := rapid.IntRange(-9999, 9999).Draw(t, "year")
		text := fmt.Sprintf("%04d", year)
		if year < 0 {
			text = fmt.Sprintf("-%04d", -year)
		}
		month := rapid.IntRange(1, 12).Draw(t, "month")
		day := rapid.IntRange(1, daysIn(year, month)).Draw(t, "day")
		switch rapid.IntRange(0, 8).Draw(t, "precision") {
		case 0:
			text = text[:len(text)-2] + "XX"
		case 1:
			text = text[:len(text)-1] + "X"
		case 2:
		case 3:
			text += "-XX"
		case 4:
			text += "-XX-XX"
		case 5:
			text += fmt.Sprintf("-%02d-XX", month)
		case 6:
			text += fmt.Sprintf("-%02d", month)
		case 7:
			text += fmt.Sprintf("-%02d", rapid.IntRange(21, 24).Draw(t, "season"))
		default:
			text += fmt.Sprintf("-%02d-%02d", month, day)
		}
		return Date(text + rapid.SampledFrom([]string{"", "", "?", "~", "%"}).Draw(t, "qualifier"))
	})
}

func TestDateLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := dates().Draw(t, "date")
		holdDateLaws(t, d)
		b := d.Bounds()
		from := Day(rapid.IntRange(-5e6, 5e6).Draw(t, "from"))
		to := from + Day(rapid.IntRange(0, 2e6).Draw(t, "length"))
		if rapid.Bool().Draw(t, "near") && !b.OpenStart && !b.OpenEnd {
			from = b.Earliest + Day(rapid.IntRange(-2, 2).Draw(t, "a"))
			to = b.Latest + Day(rapid.IntRange(-2, 2).Draw(t, "b"))
		}
		overlap := from <= to && b.Earliest <= to && from <= b.Latest
		inside := from <= b.Earliest && b.Latest <= to && from <= to
		got := b.Within(from, to)
		if (got != No) != overlap {
			t.Fatalf("%s within %d %d is %s", d, from, to, got)
		}
		if (got == Certainly) != (inside && !b.Uncertain) {
			t.Fatalf("%s within %d %d is %s", d, from, to, got)
		}
		if wider := b.Within(from-1, to+1); from <= to && wider < got {
			t.Fatalf("%s: a wider window is less sure", d)
		}
	})
}

// holdDateLaws checks what is true of every accepted date.
func holdDateLaws(t interface{ Fatalf(string, ...any) }, d Date) {
	again, err := ParseDate(string(d))
	if err != nil || again != d {
		t.Fatalf("%q read again: %q, %v", d, again, err)
	}
	b := d.Bounds()
	if b.None() || b.Earliest > b.Latest || b.Precision < ToCentury || b.Precision > ToDay {
		t.Fatalf("%q: bounds %+v", d, b)
	}
	if b.OpenStart != (b.Earliest == FirstDay) || b.OpenEnd != (b.Latest == LastDay) {
		t.Fatalf("%q: open ends %+v", d, b)
	}
	coarse := d.Coarsen("month")
	c := coarse.Bounds()
	if c.None() || c.Earliest > b.Earliest || c.Latest < b.Latest || c.Precision > ToMonth {
		t.Fatalf("%q coarsened to %q: %+v within %+v", d, coarse, b, c)
	}
	if c.Uncertain != b.Uncertain || c.Approximate != b.Approximate || coarse.Coarsen("month") != coarse {
		t.Fatalf("%q coarsened to %q", d, coarse)
	}
}

// TestPrecisionNests: what is narrower lies within what is coarser, with any qualifier.
func TestPrecisionNests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		year := rapid.IntRange(0, 9999).Draw(t, "year")
		month := rapid.IntRange(1, 12).Draw(t, "month")
		day := rapid.IntRange(1, daysIn(year, month)).Draw(t, "day")
		q := rapid.SampledFrom([]string{"", "?", "~", "%"}).Draw(t, "qualifier")
		forms := []string{
			fmt.Sprintf("%04d-%02d-%02d", year, month, day), fmt.Sprintf("%04d-%02d-XX", year, month),
			fmt.Sprintf("%04d-%02d", year, month), fmt.Sprintf("%04d-XX", year), fmt.Sprintf("%04d", year),
			fmt.Sprintf("%03dX", year/10), fmt.Sprintf("%02dXX", year/100),
		}
		for i := range forms[1:] {
			narrow, wide := Date(forms[i]+q).Bounds(), Date(forms[i+1]+q).Bounds()
			if narrow.Earliest < wide.Earliest || narrow.Latest > wide.Latest || narrow.Precision < wide.Precision {
				t.Fatalf("%s%s is not within %s%s", forms[i], q, forms[i+1], q)
			}
		}
		for season, months := range map[int][]int{21: {3, 5, 9, 11}, 22: {6, 8, 12, 2}, 23: {9, 11, 3, 5}, 24: {12, 2, 6, 8}} {
			wide := Date(fmt.Sprintf("%04d-%d", year, season)).Bounds()
			for _, m := range months {
				if at := DayOf(year, m, 1); at < wide.Earliest || at > wide.Latest {
					t.Fatalf("month %d is not in season %d", m, season)
				}
			}
		}
	})
}

// TestApproximateWidens: "~" adds exactly one unit each way.
func TestApproximateWidens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := Date(fmt.Sprintf("%04d-%02d", rapid.IntRange(1, 9998).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month")))
		b, wide := plain.Bounds(), (plain + "~").Bounds()
		y, m, _ := b.Earliest.Civil()
		if wide.Earliest != DayOf(y, m-1, 1) || wide.Latest != DayOf(y, m+2, 0) {
			t.Fatalf("%s~ is %v", plain, wide)
		}
	})
}

// TestDayOf compares with the standard library.
func TestDayOf(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		y, m, d := random.IntN(20_400)-10_200, random.IntN(40)-14, random.IntN(90)-30
		at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
		day := DayOf(y, m, d)
		if int64(day)*86_400 != at.Unix() {
			t.Fatalf("%d-%d-%d is day %d", y, m, d, day)
		}
		if cy, cm, cd := day.Civil(); cy != at.Year() || cm != int(at.Month()) || cd != at.Day() {
			t.Fatalf("day %d is %d-%d-%d, want %s", day, cy, cm, cd, at)
		}
	}
}

func TestDayDate(t *testing.T) {
	for day, want := range map[Day]Date{
		0: "1970-01-01", -1: "1969-12-31", DayOf(2004, 2, 29): "2004-02-29", DayOf(-44, 3, 15): "-0044-03-15",
		DayOf(9999, 12, 31): "9999-12-31", DayOf(10000, 1, 1): "", NoDay: "", FirstDay: "", LastDay: "",
	} {
		if got := day.Date(); got != want {
			t.Errorf("day %d is %q, want %q", day, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		day := Day(rapid.IntRange(int(DayOf(-9999, 1, 1)), int(DayOf(9999, 12, 31))).Draw(t, "day"))
		if b := day.Date().Bounds(); b.Earliest != day || b.Latest != day {
			t.Fatalf("day %d written as %s", day, day.Date())
		}
	})
}

func TestEnds(t *testing.T) {
	from, to, ok := Date("1984-06-02?/..").Ends()
	if !ok || from != (Moment{Year: 1984, Month: 6, Day: 2, Precision: ToDay, Uncertain: true}) || to != (Moment{Open: true}) {
		t.Errorf("%+v %+v %v", from, to, ok)
	}
	if from, to, ok = Date("201X~").Ends(); !ok || from != to || from.Year != 2010 || !from.Approximate || Date("201X~").Interval() {
		t.Errorf("%+v %+v %v", from, to, ok)
	}
	if _, _, ok = Date("x").Ends(); ok {
		t.Error("no date has ends")
	}
}

func FuzzParseDate(f *testing.F) {
	for _, text := range []string{"2004-06~", "1984?", "201X", "2004-XX", "2004-06/2005", "../1985", "-0044-03-15%", "2004-24", "Y17", "2004-06-XX"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDate(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.Of(err).Code == "" || !Date(text).Bounds().None() {
				t.Fatalf("%q: %v", text, err)
			}
			if column, _ := fault.Of(err).Params["column"].(int); column < 1 || column > len(text)+1 {
				t.Fatalf("%q: column %d", text, column)
			}
			return
		}
		holdDateLaws(t, d)
	})
}

func BenchmarkBounds(b *testing.B) {
	for _, d := range []Date{"2004", "2004-06-11", "2004-06~", "2004-06-11/2005"} {
		b.Run(string(d), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Bounds()
			}
		})
	}
}

// TestSchemaAgrees: the content schema, which knows no calendar, admits every date of the years 0000 to 9999 that
// ParseDate does, and nothing more but what no calendar has.
func TestSchemaAgrees(t *testing.T) {
	text, err := os.ReadFile("../../schema/incident.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Defs struct{ Date struct{ Pattern string } } `json:"$defs"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	pattern := regexp.MustCompile(document.Defs.Date.Pattern)
	rapid.Check(t, func(t *rapid.T) {
		d := dates().Draw(t, "date")
		if from, to, _ := d.Ends(); from.Year >= 0 && to.Year >= 0 && d[0] != '-' && !pattern.MatchString(string(d)) {
			t.Fatalf("the schema refuses %s", d)
		}
		mistyped := []byte(d)
		mistyped[rapid.IntRange(0, len(mistyped)-1).Draw(t, "at")] = rapid.SampledFrom([]byte("0123456789X-/.?~%Y")).Draw(t, "c")
		_, err := ParseDate(string(mistyped))
		if pattern.Match(mistyped) && err != nil {
			if code := fault.Of(err).Code; code != "date.calendar" && code != "date.order" {
				t.Fatalf("the schema admits %s: %v", mistyped, err)
			}
		}
	})
}
