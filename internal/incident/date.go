package incident

import (
	"math"
	"strings"

	"bioincident/internal/fault"
)

// Date is an EDTF date (ISO 8601-2, levels 0 and 1) as its author wrote it: a year, a month, a day, a season, each
// perhaps uncertain (?), approximate (~) or both (%), with unspecified last digits (201X, 2004-XX, 2004-06-XX), or an
// interval of two of them with an open (..) or unknown (empty) end. The author's text is the canonical form; what it
// means for a calendar is in Bounds.
type Date string

// Precision is the unit a date is known to, from coarse to fine. The zero value is no date.
type Precision uint8

// The precisions.
const (
	ToCentury Precision = iota + 1
	ToDecade
	ToYear
	ToSeason
	ToMonth
	ToDay
)

// String gives the code: century, decade, year, season, month, day, or "" for no date.
func (p Precision) String() string {
	return [...]string{"", "century", "decade", "year", "season", "month", "day"}[p]
}

// Match is how sure it is that something lies in a window. The zero value is No.
type Match uint8

// The three answers.
const (
	No Match = iota
	Possibly
	Certainly
)

// String gives the code: no, possibly, certainly.
func (m Match) String() string { return [...]string{"no", "possibly", "certainly"}[m] }

// Moment is one end of a Date, or the whole of a Date that is no interval, read. Year is astronomical (0 is 1 BC) and
// the first year of a decade or century; Month is 1 to 12, or 21 to 24 for spring, summer, autumn, winter, or 0; Day
// is 0 unless the precision is ToDay. Open is ".." (without limit), Unknown is an end left empty; both have no year.
type Moment struct {
	Year, Month, Day       int
	Precision              Precision
	Uncertain, Approximate bool
	Open, Unknown          bool
}

// Bounds is what a Date means for a calendar: the days between which it lies, both included. An open or unknown end is
// FirstDay or LastDay. The zero value of the flags with NoDay on both sides is no date.
type Bounds struct {
	Earliest, Latest       Day
	OpenStart, OpenEnd     bool // no limit is stated at that end: ".." or unknown
	Uncertain, Approximate bool // of either end
	Precision              Precision
}

// longestDate is longer than any text of levels 0 and 1.
const longestDate = 32

// misread says why a text is no date: a code, the byte column from 1, and the form that was expected there.
type misread struct {
	code     string
	column   int
	expected string
}

// ParseDate reads an EDTF date of levels 0 and 1. It fails with an Invalid fault: date.empty, date.syntax,
// date.calendar (no such day or month), date.order (an interval that ends before it begins), date.precision (a finer
// part after an unspecified one), date.open (an interval without any limit), date.level (level 2), date.long_year,
// date.time. Parameters: text, column (from 1) and expected.
func ParseDate(text string) (Date, error) {
	if _, _, _, bad := readDate(text); bad.code != "" {
		shown := text
		if len(shown) > longestDate {
			shown = strings.ToValidUTF8(shown[:longestDate], "") + "…"
		}
		return "", fault.New(fault.Invalid, bad.code, "text", shown, "column", bad.column, "expected", bad.expected)
	}
	return Date(text), nil
}

// Ends gives the two ends of an interval, or the same moment twice. ok is false for an absent or invalid date.
func (d Date) Ends() (from, to Moment, ok bool) {
	from, to, _, bad := readDate(string(d))
	return from, to, bad.code == ""
}

// Interval tells whether the date is written as an interval.
func (d Date) Interval() bool { return strings.IndexByte(string(d), '/') >= 0 }

// Bounds gives the days between which the date lies: the widest reading where a reading is left open. "~" and "%" widen
// by one unit of the precision each way. An absent or invalid date gives Bounds for which None is true.
func (d Date) Bounds() Bounds {
	from, to, interval, bad := readDate(string(d))
	if bad.code != "" {
		return Bounds{Earliest: NoDay, Latest: NoDay}
	}
	b := from.bounds()
	if !interval {
		return b
	}
	end := to.bounds()
	b.Latest, b.OpenEnd = end.Latest, end.OpenEnd
	b.Uncertain = b.Uncertain || end.Uncertain
	b.Approximate = b.Approximate || end.Approximate
	if b.Precision == 0 || (end.Precision != 0 && end.Precision < b.Precision) {
		b.Precision = end.Precision
	}
	return b
}

// Coarsen gives the date without what is finer than the unit, with its qualifiers. "month" is the only unit; for any
// other, and for an invalid date, the answer is no date, because that is the one that cannot tell too much.
func (d Date) Coarsen(unit string) Date {
	if unit != "month" || d.Bounds().None() {
		return ""
	}
	from, to, interval := strings.Cut(string(d), "/")
	from = coarsenMoment(from)
	if !interval {
		return Date(from)
	}
	if to = coarsenMoment(to); from == to {
		return Date(from)
	}
	return Date(from + "/" + to)
}

// coarsenMoment drops a stated day. An unspecified one (XX) stays: it tells nothing.
func coarsenMoment(text string) string {
	m, bad := readMoment(text)
	if bad.code != "" || m.Precision != ToDay {
		return text
	}
	plain := strings.TrimRight(text, "?~%")
	return plain[:len(plain)-len("-DD")] + text[len(plain):]
}

// None tells whether these are the bounds of no date.
func (b Bounds) None() bool { return b.Earliest == NoDay }

// Within tells whether the dated thing lies in the window of days, both included: Certainly when all of the bounds do
// and the date is not uncertain, Possibly when they overlap, else No. A side of the window is left open by FirstDay,
// LastDay or NoDay. No date is No.
func (b Bounds) Within(from, to Day) Match {
	if from == NoDay {
		from = FirstDay
	}
	if to == NoDay {
		to = LastDay
	}
	switch {
	case b.None() || from > to || b.Earliest > to || b.Latest < from:
		return No
	case from <= b.Earliest && b.Latest <= to && !b.Uncertain:
		return Certainly
	}
	return Possibly
}

// bounds of one moment. A season is read in either hemisphere and, where it straddles the New Year, in either of its
// two years, because EDTF says neither.
func (m Moment) bounds() Bounds {
	if m.Open || m.Unknown {
		return Bounds{Earliest: FirstDay, Latest: LastDay, OpenStart: true, OpenEnd: true}
	}
	b := Bounds{Uncertain: m.Uncertain, Approximate: m.Approximate, Precision: m.Precision}
	switch m.Precision {
	case ToDay:
		day := DayOf(m.Year, m.Month, m.Day)
		b.Earliest, b.Latest = day-Day(m.widen(1)), day+Day(m.widen(1))
	case ToMonth:
		b.Earliest, b.Latest = m.months(m.Month, m.Month, m.widen(1))
	case ToSeason:
		if m.Month == spring || m.Month == autumn {
			b.Earliest, b.Latest = m.months(3, 11, m.widen(3))
		} else {
			b.Earliest, b.Latest = m.months(0, 14, m.widen(3))
		}
	case ToYear:
		b.Earliest, b.Latest = m.months(1, 12, m.widen(12))
	case ToDecade:
		b.Earliest, b.Latest = m.months(1, 120, m.widen(120))
	default:
		b.Earliest, b.Latest = m.months(1, 1200, m.widen(1200))
	}
	return b
}

// widen gives the unit when the moment is approximate.
func (m Moment) widen(unit int) int {
	if m.Approximate {
		return unit
	}
	return 0
}

// months gives the days from the beginning of one month, counted from January of the moment's year, to the end of
// another, with some more months each way.
func (m Moment) months(first, last, more int) (Day, Day) {
	return DayOf(m.Year, first-more, 1), DayOf(m.Year, last+more+1, 1) - 1
}

// The seasons, by their EDTF numbers.
const (
	spring = 21
	autumn = 23
	winter = 24
)

// readDate reads a date or an interval. For a date that is no interval both moments are the same.
func readDate(text string) (from, to Moment, interval bool, bad misread) {
	if text == "" {
		return from, to, false, misread{"date.empty", 1, "YYYY-MM-DD"}
	}
	if len(text) > longestDate {
		return from, to, false, misread{"date.syntax", longestDate, "YYYY-MM-DD/YYYY-MM-DD"}
	}
	slash := strings.IndexByte(text, '/')
	if slash < 0 {
		from, bad = readMoment(text)
		return from, from, false, bad
	}
	if from, bad = readEnd(text[:slash]); bad.code != "" {
		return from, to, true, bad
	}
	if to, bad = readEnd(text[slash+1:]); bad.code != "" {
		bad.column += slash + 1
		return from, to, true, bad
	}
	return from, to, true, readOrder(from, to, slash)
}

// readOrder refuses an interval without limits, and one whose ends, by their widest readings, are in the wrong order.
func readOrder(from, to Moment, slash int) misread {
	if from.Precision == 0 && to.Precision == 0 {
		return misread{"date.open", 1, "YYYY/.."}
	}
	if from.Precision == 0 || to.Precision == 0 {
		return misread{}
	}
	from.Approximate, to.Approximate = false, false
	if from.bounds().Earliest > to.bounds().Latest {
		return misread{"date.order", slash + 2, "YYYY-MM-DD"}
	}
	return misread{}
}

// readEnd reads one end of an interval.
func readEnd(text string) (Moment, misread) {
	switch text {
	case "":
		return Moment{Unknown: true}, misread{}
	case "..":
		return Moment{Open: true}, misread{}
	}
	return readMoment(text)
}

// readMoment reads one date that is no interval.
func readMoment(text string) (Moment, misread) {
	var m Moment
	rest := text
	if rest == "" {
		return m, misread{"date.syntax", 1, "YYYY"}
	}
	switch rest[len(rest)-1] {
	case '?':
		m.Uncertain = true
	case '~':
		m.Approximate = true
	case '%':
		m.Uncertain, m.Approximate = true, true
	}
	if m.Uncertain || m.Approximate {
		rest = rest[:len(rest)-1]
	}
	at, bad := m.readYear(rest)
	if bad.code != "" || at == len(rest) {
		return m, bad
	}
	if rest[at] != '-' {
		return m, strayAfter(rest, at)
	}
	if m.Precision != ToYear {
		return m, misread{"date.precision", at + 1, rest[:at]}
	}
	month := 0
	at++
	if month, bad = readTwo(rest, at, "MM"); bad.code != "" {
		return m, bad
	}
	if bad = m.setMonth(month, at); bad.code != "" {
		return m, bad
	}
	at += 2
	if at == len(rest) {
		return m, misread{}
	}
	if rest[at] != '-' {
		return m, strayAfter(rest, at)
	}
	if m.Precision == ToSeason {
		return m, misread{"date.precision", at + 1, rest[:at]}
	}
	day := 0
	at++
	if day, bad = readTwo(rest, at, "DD"); bad.code != "" {
		return m, bad
	}
	if bad = m.setDay(day, at, rest); bad.code != "" {
		return m, bad
	}
	if at += 2; at != len(rest) {
		return m, strayAfter(rest, at)
	}
	return m, misread{}
}

// readYear reads four digits, the last one or two of which may be unspecified, and gives the place after them.
func (m *Moment) readYear(text string) (int, misread) {
	at, sign := 0, 1
	if text != "" && text[0] == '-' {
		at, sign = 1, -1
	}
	if at < len(text) && text[at] == 'Y' {
		return at, misread{"date.long_year", at + 1, "YYYY"}
	}
	year, unspecified := 0, 0
	for i := range 4 {
		if at+i >= len(text) {
			return at, misread{"date.syntax", at + i + 1, "YYYY"}
		}
		c := text[at+i]
		switch {
		case c >= '0' && c <= '9' && unspecified == 0:
			year = year*10 + int(c-'0')
		case c == 'X':
			unspecified++
			year *= 10
		case isQualifier(c) || (c >= '0' && c <= '9'):
			return at, misread{"date.level", at + i + 1, "YYYY?"}
		default:
			return at, misread{"date.syntax", at + i + 1, "YYYY"}
		}
	}
	if unspecified > 2 {
		return at, misread{"date.precision", at + 2, "YYXX"}
	}
	if year == 0 && sign < 0 && unspecified == 0 {
		return at, misread{"date.calendar", 1, "0000"}
	}
	m.Year, m.Precision = sign*year, ToYear-Precision(unspecified)
	if sign < 0 && unspecified > 0 {
		m.Year -= [...]int{0, 9, 99}[unspecified]
	}
	return at + 4, misread{}
}

// setMonth takes a month, a season, or an unspecified month (-1) at a place.
func (m *Moment) setMonth(month, at int) misread {
	switch {
	case month < 0:
		m.Month = 0
	case month >= 1 && month <= 12:
		m.Month, m.Precision = month, ToMonth
	case month >= spring && month <= winter:
		m.Month, m.Precision = month, ToSeason
	case month > winter && month <= 41:
		return misread{"date.level", at + 1, "21–24"}
	default:
		return misread{"date.calendar", at + 1, "01–12"}
	}
	return misread{}
}

// setDay takes a day, or an unspecified day (-1), at a place.
func (m *Moment) setDay(day, at int, text string) misread {
	switch {
	case day < 0:
		return misread{}
	case m.Precision != ToMonth:
		return misread{"date.precision", at + 1, text[:at] + "XX"}
	case day < 1 || day > daysIn(m.Year, m.Month):
		days := [...]string{28: "01–28", 29: "01–29", 30: "01–30", 31: "01–31"}
		return misread{"date.calendar", at + 1, days[daysIn(m.Year, m.Month)]}
	}
	m.Day, m.Precision = day, ToDay
	return misread{}
}

// readTwo reads two digits, or XX as -1.
func readTwo(text string, at int, form string) (int, misread) {
	if at+2 > len(text) {
		return 0, misread{"date.syntax", at + 1, form}
	}
	a, b := text[at], text[at+1]
	switch {
	case a >= '0' && a <= '9' && b >= '0' && b <= '9':
		return int(a-'0')*10 + int(b-'0'), misread{}
	case a == 'X' && b == 'X':
		return -1, misread{}
	case isQualifier(a) || a == 'X' || b == 'X':
		return 0, misread{"date.level", at + 1, form}
	}
	return 0, misread{"date.syntax", at + 1, form}
}

// strayAfter says what is wrong about something that follows a complete part.
func strayAfter(text string, at int) misread {
	switch c := text[at]; {
	case c == 'T' && strings.Count(text[:at], "-") >= 2:
		return misread{"date.time", at + 1, text[:at]}
	case isQualifier(c):
		return misread{"date.level", at + 1, text[:at]}
	}
	return misread{"date.syntax", at + 1, "-"}
}

func isQualifier(c byte) bool { return c == '?' || c == '~' || c == '%' }

// Day is a day as the number of days since 1970-01-01 in the proleptic Gregorian calendar.
type Day int32

// NoDay is the day of no date. FirstDay and LastDay stand for an end without limit.
const (
	NoDay    Day = math.MinInt32
	FirstDay Day = math.MinInt32 + 1
	LastDay  Day = math.MaxInt32
)

// daysPerEra is the number of days in 400 Gregorian years, after which the calendar repeats.
const daysPerEra = 146097

// DayOf gives the day of an astronomical year, month and day. Months and days outside their range count on from it, as
// in time.Date.
func DayOf(year, month, day int) Day {
	year, month = year+floorDiv(month-1, 12), floorMod(month-1, 12)
	// A year that begins in March ends with the leap day, so that the days before a month do not depend on the year.
	if month < 2 {
		year--
	}
	fromMarch := floorMod(month-2, 12)
	era, yearOfEra := floorDiv(year, 400), floorMod(year, 400)
	dayOfYear := (153*fromMarch + 2) / 5
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return Day(era*daysPerEra + dayOfEra + day - 1 - daysToEpoch)
}

// daysToEpoch is the number of days from 0000-03-01 to 1970-01-01.
const daysToEpoch = 719468

// Civil gives the astronomical year, the month and the day.
func (d Day) Civil() (year, month, day int) {
	days := int(d) + daysToEpoch
	era, dayOfEra := floorDiv(days, daysPerEra), floorMod(days, daysPerEra)
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/(daysPerEra-1)) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	fromMarch := (5*dayOfYear + 2) / 153
	day = dayOfYear - (153*fromMarch+2)/5 + 1
	month = fromMarch + 3
	year = era*400 + yearOfEra
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// Date gives the day as an EDTF date, or no date outside the years -9999 to 9999 (so also for NoDay and open ends).
func (d Day) Date() Date {
	year, month, day := d.Civil()
	if year < -9999 || year > 9999 {
		return ""
	}
	text := make([]byte, 0, len("-YYYY-MM-DD"))
	if year < 0 {
		text = append(text, '-')
		year = -year
	}
	text = append(text, '0'+byte(year/1000), '0'+byte(year/100%10), '0'+byte(year/10%10), '0'+byte(year%10), '-',
		'0'+byte(month/10), '0'+byte(month%10), '-', '0'+byte(day/10), '0'+byte(day%10))
	return Date(text)
}

// daysIn gives the number of days of a month.
func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func floorDiv(a, b int) int {
	if a < 0 {
		return -((b - 1 - a) / b)
	}
	return a / b
}

func floorMod(a, b int) int { return a - floorDiv(a, b)*b }
