package exchange

import (
	"fmt"
	"strconv"
	"strings"

	"bioincident/internal/incident"
)

// parts are the three parts of a day as they stand, and where the month stands by its name, -1 where it is a number.
type parts struct {
	text  [3]string
	named int
}

// dayParts takes a day apart: 2021-12-30, 13/1/2022, 12-30-2022, 28-Dec-23, "1 February 2021", "February 1, 2021". A time
// of the day behind it is left out.
func dayParts(text string) (parts, bool) {
	fields := strings.FieldsFunc(withoutTime(strings.TrimSpace(text)), func(r rune) bool {
		return strings.ContainsRune("/-. ,\u2010\u2011\u2012\u2013", r)
	})
	p := parts{named: -1}
	if len(fields) != len(p.text) {
		return p, false
	}
	for i, field := range fields {
		if p.text[i] = field; isNumber(field) {
			continue
		}
		if p.named >= 0 || monthNamed(field) == 0 {
			return p, false
		}
		p.named = i
	}
	return p, true
}

// withoutTime cuts "T00:00:00Z" or " 00:00" off.
func withoutTime(text string) string {
	const day = len("2006-01-02")
	if len(text) > day+1 && (text[day] == 'T' || text[day] == ' ') && strings.Contains(text[day:], ":") {
		return text[:day]
	}
	return text
}

// order gives the order that the parts themselves prove, "" when they could be read in several, and whether they show it
// by a year of four digits that stands first or a month by its name.
func (p parts) order() (order string, shown bool) {
	switch {
	case len(p.text[0]) == 4 && p.named != 0:
		return YearMonthDay, true
	case p.named == 0:
		return MonthDayYear, true
	case p.named == 1:
		return DayMonthYear, true
	case p.named == 2:
		return "", false
	}
	first, second, third := number(p.text[0]), number(p.text[1]), number(p.text[2])
	switch {
	case len(p.text[2]) != 4 && first > 31:
		return YearMonthDay, false
	case first > 12 && second <= 12 && (len(p.text[2]) == 4 || third > 31):
		return DayMonthYear, false
	case second > 12 && first <= 12 && (len(p.text[2]) == 4 || third > 31):
		return MonthDayYear, false
	}
	return "", false
}

// readDay reads a day by an order, or a month or a year where that is all that stands there. A year of two digits is
// the first that is not before the earliest year.
func readDay(text, order string, earliest int) (incident.Date, bool) {
	p, ok := dayParts(text)
	if !ok {
		return coarserThanDay(text)
	}
	if own, shown := p.order(); shown {
		order = own
	}
	year, month, day := p.text[0], p.text[1], p.text[2]
	switch order {
	case DayMonthYear:
		year, day = day, year
	case MonthDayYear:
		year, month, day = p.text[2], p.text[0], p.text[1]
	}
	if n := monthNamed(month); n > 0 {
		month = strconv.Itoa(n)
	}
	switch len(year) {
	case 2:
		year = strconv.Itoa(fullYear(number(year), earliest))
	case 4:
	default:
		return "", false
	}
	date, whole := partialDate(year, month, day)
	return date, whole && len(date) == len("2006-01-02")
}

// fullYear gives the first year with these two last digits that is not before another.
func fullYear(two, earliest int) int {
	const century = 100
	year := earliest - earliest%century + two
	if year < earliest {
		year += century
	}
	return year
}

// coarserThanDay reads 2021, 2021-12, "December 2021".
func coarserThanDay(text string) (incident.Date, bool) {
	text = strings.TrimSpace(text)
	if month, year, ok := strings.Cut(text, " "); ok && monthNamed(month) > 0 && len(year) == 4 {
		date, whole := partialDate(year, strconv.Itoa(monthNamed(month)), "")
		return date, whole
	}
	year, month, _ := strings.Cut(text, "-")
	if len(year) != 4 || !isNumber(year) || month != "" && (len(month) != 2 || !isNumber(month)) {
		return "", false
	}
	date, whole := partialDate(year, month, "")
	return date, whole
}

// monthNamed gives the number of a month by its English name or the first three letters of it, 0 for none.
func monthNamed(name string) int {
	months := [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
		"november", "december"}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	for i, month := range months {
		if name == month || name == month[:3] || name == "sept" && i == 8 {
			return i + 1
		}
	}
	return 0
}

// span is a time that a source gives in words of years: from, until, or both the same.
type span struct {
	from, until incident.Date
	open        bool // it goes on
}

// date gives the span as one date.
func (s span) date() incident.Date {
	switch {
	case s.open:
		return s.from + "/.."
	case s.until == s.from || s.until == "":
		return s.from
	}
	first, _, _ := strings.Cut(string(s.from), "/")
	_, last, interval := strings.Cut(string(s.until), "/")
	if !interval {
		last = string(s.until)
	}
	return incident.Date(first + "/" + last)
}

// readSpan reads years as sources write them: "1978A" (with the letter of a footnote), "1977-78", "2003–4", "1980s",
// "Late 1970s", "2000s Onward", "1981–present", "165–180 (possibly up to 190)". Years before the first are not dates of
// a document and are not read. "late", "mid" and "early" are the parts of a decade, approximately.
func readSpan(text string) (span, bool) {
	text = strings.Map(func(r rune) rune {
		if r >= '‐' && r <= '―' || r == '−' {
			return '-'
		}
		return r
	}, oneLine(text))
	if upper := strings.ToUpper(text); strings.Contains(upper, "BC") || strings.Contains(upper, "B.C") {
		return span{}, false // not the footnotes B and C
	}
	text, note, _ := strings.Cut(strings.TrimSuffix(text, ")"), "(")
	text = strings.ToLower(withoutFootnotes(strings.TrimSpace(text)))
	var s span
	for _, onward := range []string{" onwards", " onward", "-present", "-ongoing", "- present"} {
		if rest, ok := strings.CutSuffix(text, onward); ok {
			text, s.open = strings.TrimSpace(rest), true
			break
		}
	}
	first, last, isRange := strings.Cut(text, "-")
	first, last = strings.TrimSpace(first), strings.TrimSpace(last)
	if isRange && len(last) < len(first) && isNumber(first) && isNumber(last) {
		last = first[:len(first)-len(last)] + last
	}
	var ok bool
	if s.from, s.until, ok = readYears(first); !ok {
		return span{}, false
	}
	if isRange {
		if _, s.until, ok = readYears(last); !ok {
			return span{}, false
		}
	}
	if later, ok := strings.CutPrefix(strings.ToLower(note), "possibly up to "); ok && isNumber(later) && !s.open {
		if _, end, ok := readYears(later); ok {
			s.until += "/" + end
		}
	}
	_, err := incident.ParseDate(string(s.date()))
	return s, err == nil
}

// readYears reads a year, a decade or a part of a decade: the first and the last of it.
func readYears(text string) (from, until incident.Date, ok bool) {
	approximate := ""
	for _, about := range []string{"circa ", "about ", "ca. ", "c. ", "~"} {
		if rest, found := strings.CutPrefix(text, about); found {
			text, approximate = rest, "~"
		}
	}
	part, decade, found := strings.Cut(text, " ")
	if !found {
		part, decade = "", text
	}
	if year, isDecade := strings.CutSuffix(decade, "s"); isDecade && len(year) == 4 && isNumber(year) && year[3] == '0' {
		return decadePart(part, year[:3], approximate)
	}
	if len(text) < 3 || len(text) > 4 || !isNumber(text) || number(text) == 0 {
		return "", "", false
	}
	date := incident.Date(fmt.Sprintf("%04d%s", number(text), approximate))
	return date, date, true
}

// decadePart gives the first and the last years of a part of a decade: early, mid, late, or all of it.
func decadePart(part, decade, approximate string) (from, until incident.Date, ok bool) {
	year := func(last string) incident.Date { return incident.Date(decade + last) }
	switch part {
	case "":
		whole := year("X" + approximate)
		return whole, whole, true
	case "early":
		return year("0"), year("4~"), true
	case "mid":
		return year("3~"), year("6~"), true
	case "late":
		return year("5~"), year("9"), true
	}
	return "", "", false
}

// withoutFootnotes takes the letters of footnotes off the end of a number: "2004A,B,D".
func withoutFootnotes(text string) string {
	bare := strings.TrimRight(text, "ABCDEF,×+*† ")
	if bare == "" || (bare[len(bare)-1] < '0' || bare[len(bare)-1] > '9') && bare[len(bare)-1] != 's' {
		return text
	}
	return bare
}

// betweenDays gives the time between two days as one date: a whole year or a whole month is that year or month.
func betweenDays(from, until incident.Date) (incident.Date, bool) {
	f, t := from.Bounds(), until.Bounds()
	if f.None() || t.None() || f.Earliest > t.Latest {
		return "", false
	}
	if from == until {
		return from, true
	}
	for _, length := range []int{len("2006"), len("2006-01")} {
		if len(from) < length {
			continue
		}
		whole := from[:length]
		if b := whole.Bounds(); b.Earliest == f.Earliest && b.Latest == t.Latest {
			return whole, true
		}
	}
	return from + "/" + until, true
}

func isNumber(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// number gives a short number that was checked to be one.
func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
