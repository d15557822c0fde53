package search

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/schema"
)

// field asks for any of its values.
func (m *planner) field(f field) (step, error) {
	var choice anyOf
	var codes coded
	for _, value := range f.values {
		s, err := m.value(f.name, value)
		if err != nil {
			return nil, err
		}
		if c, ok := s.(coded); ok {
			codes.keys = append(codes.keys, c.keys...)
			continue
		}
		choice.steps = append(choice.steps, s)
	}
	if len(codes.keys) > 0 {
		slices.Sort(codes.keys)
		codes.keys = slices.Compact(codes.keys)
		choice.steps = append(choice.steps, codes)
	}
	if len(choice.steps) == 1 {
		return choice.steps[0], nil
	}
	return choice, nil
}

func (m *planner) value(name string, value word) (step, error) {
	if name == "id" {
		return identified{foldID(value.text)}, nil
	}
	if narrow(value.text) == NotStated || m.saysNone(name, value.text) {
		return unstated{unstatedKind(name)}, nil
	}
	switch name {
	case string(Began), string(Active), string(Reported):
		window, err := readWindow(value)
		return dated{Dated{Question(name), window}}, err
	case "deaths", "cases":
		low, high, err := readCount(value)
		return counted{Counted{name, low, high}}, err
	case "year":
		return readYear(value)
	case "decade":
		return readDecade(value)
	case "language":
		return languageNamed(value)
	case "organization":
		return coded{[]string{codeKey(name, strings.ToLower(value.text))}}, nil
	case "collection":
		return coded{[]string{codeKey(name, value.text)}}, nil
	}
	return m.named(name, value)
}

// saysNone tells whether FIELD:none asks for what is not stated; of a vocabulary with a term of that name it asks for
// this (severity:none).
func (m *planner) saysNone(name, value string) bool {
	const none = "none"
	if schema.Fold(value) != none {
		return false
	}
	list, _ := fieldList(name)
	return list == "" || len(m.index.thesaurus.named(list, none)) == 0
}

// unstatedKind gives the kind of code that a record lacks when a field is not stated.
func unstatedKind(name string) string {
	switch name {
	case "decade":
		return "year"
	case "region":
		return "area"
	}
	return name
}

// named finds a value by a code or name of the field's vocabulary, with what is below it.
func (m *planner) named(name string, value word) (step, error) {
	list, kinds := fieldList(name)
	var c coded
	for _, code := range m.index.thesaurus.named(list, value.text) {
		if name == "region" && !m.isRegion(code) {
			continue
		}
		c.keys = append(c.keys, m.index.thesaurus.below(list, kinds, code)...)
	}
	if len(c.keys) == 0 {
		return nil, unknownValue(name, value, m.likelyValues(name, list, value.text))
	}
	return c, nil
}

func (m *planner) isRegion(code string) bool {
	areas, ok := m.index.thesaurus.schema.Vocabulary("areas")
	if !ok {
		return false
	}
	area, _ := areas.Term(code)
	return area.Kind == "region"
}

// likelyValues gives the names of a vocabulary that were perhaps meant. They come from the vocabulary and never from
// records, so that an error tells nothing of them.
func (m *planner) likelyValues(name, list, text string) []string {
	vocabulary, ok := m.index.thesaurus.schema.Vocabulary(list)
	if !ok {
		return nil
	}
	var names []string
	for _, term := range vocabulary.Terms() {
		if name == "region" && term.Kind != "region" {
			continue
		}
		if likest := nearest(text, append(term.Names(), term.Code)); len(likest) > 0 {
			names = append(names, likest[0])
		}
	}
	return nearest(text, names)
}

func unknownValue(name string, value word, likely []string) error {
	return fault.New(fault.Invalid, "search.unknown_value",
		"column", value.column, "field", name, "value", value.text, "likely", likely).
		At("/q", "search.unknown_value", "column", value.column, "field", name, "value", value.text, "likely", likely)
}

// fieldList gives the vocabulary of a field and the kinds of column its codes stand in; "" when it has none.
func fieldList(name string) (list string, kinds []string) {
	switch name {
	case "unit", "occurrence", "domain", "setting", "verification", "severity", "lesson_phase":
		return name, []string{name}
	case "agent":
		return "agents", []string{"agent"}
	case "disease":
		return "diseases", []string{"disease"}
	case "area", "region":
		return "areas", []string{"area"}
	case "cause":
		return "cause", []string{"cause", "mechanism"}
	case "type":
		return "incident_type", []string{"type"}
	case "response":
		return "response_action", []string{"response"}
	}
	return "", nil
}

// readYear reads a year of four digits, -0044 too.
func readYear(value word) (step, error) {
	year, ok := fourDigits(narrow(value.text))
	if !ok {
		return nil, syntax(value.column, "year:2014")
	}
	return yearsFrom(year, 1), nil
}

// readDecade reads 1970, 1970s or 197X. A record of a decade is one that may be of a year of it.
func readDecade(value word) (step, error) {
	text := strings.ToLower(narrow(value.text))
	if bare, ok := strings.CutSuffix(text, "x"); ok {
		text = bare + "0"
	}
	year, ok := fourDigits(strings.TrimSuffix(text, "s"))
	if !ok || year%10 != 0 {
		return nil, syntax(value.column, "decade:1970")
	}
	return yearsFrom(year, 10), nil
}

func fourDigits(text string) (int, bool) {
	digits := strings.TrimPrefix(text, "-")
	if len(digits) != len("2014") || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	year, err := strconv.Atoi(text)
	return year, err == nil
}

func yearsFrom(first, count int) coded {
	var c coded
	for year := first; year < first+count; year++ {
		c.keys = append(c.keys, codeKey("year", fmt.Sprintf("%04d", year)))
	}
	return c
}

// languageNamed finds one of the six languages by its code or name.
func languageNamed(value word) (step, error) {
	folded := schema.Fold(value.text)
	var all []string
	for code, names := range languageNames() {
		for _, name := range append(names, code) {
			if schema.Fold(name) == folded {
				return coded{[]string{codeKey("language", code)}}, nil
			}
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return nil, unknownValue("language", value, nearest(value.text, all))
}

func languageNames() map[string][]string {
	return map[string][]string{
		"ar": {"العربية", "阿拉伯文", "Arabic", "arabe", "арабский", "árabe"},
		"zh": {"الصينية", "中文", "Chinese", "chinois", "китайский", "chino"},
		"en": {"الإنكليزية", "英文", "English", "anglais", "английский", "inglés"},
		"fr": {"الفرنسية", "法文", "French", "français", "французский", "francés"},
		"ru": {"الروسية", "俄文", "Russian", "russe", "русский", "ruso"},
		"es": {"الإسبانية", "西班牙文", "Spanish", "espagnol", "испанский", "español"},
	}
}

// ParseWindow reads a window as the query language does: a date or an interval of EDTF, or two dates with ".." between
// them, of which one may be left out: 2014, 2010..2014-06, 2010.., ..2014. It reaches from the first day that the one may
// mean to the last that the other may. The error is search.syntax, with the column from 1.
func ParseWindow(text string) (Window, error) { return readWindow(word{text, 1}) }

// ParseCount reads a range of numbers as the query language does: >=10, >10, <=5, <5, =3, 3, 10..20, 10.., ..20; -1 leaves
// a side open. The error is search.syntax, with the column from 1.
func ParseCount(text string) (low, high int64, err error) { return readCount(word{text, 1}) }

// readWindow reads 2014, 2014-06-03, 2010..2014-06, ..2014, 2010.., each side an EDTF date, or an EDTF interval.
func readWindow(value word) (Window, error) {
	text := strings.ToUpper(narrow(value.text))
	from, to, isRange := strings.Cut(text, "..")
	if !isRange || strings.Contains(text, "/") {
		bounds, err := readDay(text, value.column)
		return Window{From: bounds.Earliest, To: bounds.Latest}, err
	}
	if from == "" && to == "" {
		return Window{}, syntax(value.column, "2010..2014")
	}
	window := Window{From: incident.FirstDay, To: incident.LastDay}
	if from != "" {
		bounds, err := readDay(from, value.column)
		if err != nil {
			return Window{}, err
		}
		window.From = bounds.Earliest
	}
	if to != "" {
		second := value.column + utf8.RuneCountInString(from+"..")
		bounds, err := readDay(to, second)
		if err != nil {
			return Window{}, err
		}
		window.To = bounds.Latest
		if window.From > window.To {
			return Window{}, syntax(second, to+".."+from)
		}
	}
	return window, nil
}

// readDay reads one EDTF date that stands at a column.
func readDay(text string, column int) (incident.Bounds, error) {
	date, err := incident.ParseDate(text)
	if err == nil {
		return date.Bounds(), nil
	}
	params := fault.Of(err).Params
	at, _ := params["column"].(int)
	expected, _ := params["expected"].(string)
	before := max(min(at-1, len(text)), 0)
	for before > 0 && before < len(text) && !utf8.RuneStart(text[before]) {
		before--
	}
	return incident.Bounds{}, syntax(column+utf8.RuneCountInString(text[:before]), expected)
}

// largestCount is more than any count of people or animals.
const largestCount = 1_000_000_000_000

// readCount reads >=10, >10, <=5, <5, =3, 3, 10..20, 10.., ..20.
func readCount(value word) (low, high int64, err error) {
	text := narrow(value.text)
	if first, second, isRange := strings.Cut(text, ".."); isRange {
		return readCounts(first, second, value.column)
	}
	operator := text[:len(text)-len(strings.TrimLeft(text, "<>=≥≤"))]
	column := value.column + utf8.RuneCountInString(operator)
	number, err := readNumber(text[len(operator):], column)
	if err != nil {
		return 0, 0, err
	}
	switch operator {
	case "", "=":
		return number, number, nil
	case ">=", "≥":
		return number, -1, nil
	case ">":
		return number + 1, -1, nil
	case "<=", "≤":
		return -1, number, nil
	case "<":
		if number == 0 { // there is nothing below
			return 0, 0, syntax(column, "1")
		}
		return -1, number - 1, nil
	}
	return 0, 0, syntax(value.column, ">= > <= < =")
}

func readCounts(first, second string, column int) (low, high int64, err error) {
	low, high = -1, -1
	if first == "" && second == "" {
		return 0, 0, syntax(column, "10..20")
	}
	if first != "" {
		if low, err = readNumber(first, column); err != nil {
			return 0, 0, err
		}
	}
	if second != "" {
		column += utf8.RuneCountInString(first + "..")
		if high, err = readNumber(second, column); err != nil {
			return 0, 0, err
		}
		if low > high {
			return 0, 0, syntax(column, second+".."+first)
		}
	}
	return low, high, nil
}

func readNumber(text string, column int) (int64, error) {
	number, err := strconv.ParseUint(text, 10, 63)
	if err != nil || number > largestCount {
		return 0, syntax(column, "0, 1, 2, …")
	}
	return int64(number), nil
}

// narrow writes digits of other scripts and full-width signs as those of ASCII, one character for one, so that columns
// stay.
func narrow(text string) string {
	const fullWidth = '！' - '!'
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - fullWidth
		case r >= '٠' && r <= '٩':
			return r - '٠' + '0'
		case r >= '۰' && r <= '۹':
			return r - '۰' + '0'
		case r == '−' || r == '–' || r == '‐' || r == '‑':
			return '-'
		}
		return r
	}, text)
}
