package incident

import (
	"strings"
	"unicode"

	"bioincident/internal/fault"
)

// Quantity is a number as an interval: Low and High are both included, and the qualifier says how they were stated.
// exact: both, equal. at_least: Low only. at_most: High, and no Low or 0. about: both, mostly equal. range: both.
type Quantity struct {
	Low       *int64 `json:"low,omitempty"`
	High      *int64 `json:"high,omitempty"`
	Qualifier string `json:"qualifier"` // vocabulary count_qualifier
}

// The qualifiers.
const (
	QualifierExact   = "exact"
	QualifierAtLeast = "at_least"
	QualifierAtMost  = "at_most"
	QualifierAbout   = "about"
	QualifierRange   = "range"
)

// MostCounted is the largest number a document holds without loss in every reader of JSON (2^53 - 1).
const MostCounted = 1<<53 - 1

// opening is what stands before a number and what it makes of it. Longer ones stand first.
type opening struct{ text, qualifier string }

// openings is a table; it is never written to.
var openings = [...]opening{ //nolint:gochecknoglobals // a table
	{">=", QualifierAtLeast}, {"≥", QualifierAtLeast}, {">", QualifierAtLeast},
	{"at least ", QualifierAtLeast}, {"more than ", QualifierAtLeast}, {"over ", QualifierAtLeast},
	{"<=", QualifierAtMost}, {"≤", QualifierAtMost}, {"<", QualifierAtMost},
	{"at most ", QualifierAtMost}, {"fewer than ", QualifierAtMost}, {"less than ", QualifierAtMost},
	{"up to ", QualifierAtMost},
	{"~", QualifierAbout}, {"≈", QualifierAbout}, {"about ", QualifierAbout}, {"approximately ", QualifierAbout},
	{"approx. ", QualifierAbout}, {"around ", QualifierAbout}, {"circa ", QualifierAbout}, {"ca. ", QualifierAbout},
	{"c. ", QualifierAbout},
}

// scale is a word that multiplies a number. A number so written is rounded, therefore "about".
type scale struct {
	word  string
	zeros int
}

// scales is a table; it is never written to.
var scales = [...]scale{{" thousand", 3}, {" million", 6}, {" billion", 9}} //nolint:gochecknoglobals // a table

// ParseQuantity reads a number of a source as what it honestly is: "12344", "1 200" and "1,200" exact; ">3000" and
// "50+" at_least (the stated number itself included: sources use the sign loosely); "<3000" at_most; "~50" about;
// "300-400" range; "1.5 million" about. Thousands are read only where every group fits; "12.0" is 12, "1.234" is
// refused as ambiguous. It fails with an Invalid fault: quantity.empty, quantity.not_a_number, quantity.rate,
// quantity.marked (a note sign or bracket whose meaning is elsewhere), quantity.several_numbers,
// quantity.not_an_integer, quantity.ambiguous, quantity.grouping, quantity.negative, quantity.order,
// quantity.too_large, quantity.syntax. Parameter: text.
func ParseQuantity(text string) (Quantity, error) {
	q, code := readQuantity(plainNumerals(text))
	if code != "" {
		return Quantity{}, fault.New(fault.Invalid, code, "text", shortened(text))
	}
	return q, nil
}

// plainNumerals gives the text in lower case with ASCII digits, one kind of blank and of dash, and trimmed.
func plainNumerals(text string) string {
	if isDigits(text) {
		return text
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩':
			return '0' + r - '٠'
		case r >= '۰' && r <= '۹':
			return '0' + r - '۰'
		case r >= '０' && r <= '９':
			return '0' + r - '０'
		case r == '٬' || r == '，':
			return ','
		case r == '’':
			return '\''
		case r >= '‐' && r <= '―' || r == '−':
			return '-'
		case unicode.IsSpace(r):
			return ' '
		}
		return unicode.ToLower(r)
	}, text))
}

// readQuantity gives the quantity, or the code of why there is none.
func readQuantity(text string) (Quantity, string) {
	if code := refusedOutright(text); code != "" {
		return Quantity{}, code
	}
	qualifier := ""
	for _, o := range openings {
		if rest, found := strings.CutPrefix(text, o.text); found {
			text, qualifier = strings.TrimSpace(rest), o.qualifier
			break
		}
	}
	if rest, found := strings.CutSuffix(text, "+"); found && qualifier == "" {
		text, qualifier = strings.TrimSpace(rest), QualifierAtLeast
	}
	text, zeros := cutScale(text)
	first, second, isRange := strings.Cut(strings.Replace(text, " to ", "-", 1), "-")
	if isRange {
		return readRange(strings.TrimSpace(first), strings.TrimSpace(second), qualifier, zeros)
	}
	n, code := readWhole(text, zeros)
	if code != "" {
		return Quantity{}, code
	}
	if zeros > 0 && qualifier == "" {
		qualifier = QualifierAbout
	}
	return quantityOf(n, qualifier), ""
}

// refusedOutright names what is no single number whatever else it holds.
func refusedOutright(text string) string {
	switch {
	case text == "":
		return "quantity.empty"
	case !strings.ContainsAny(text, "0123456789"):
		return "quantity.not_a_number"
	case strings.ContainsAny(text, "/%‰") || strings.Contains(text, " per "):
		return "quantity.rate"
	case strings.ContainsAny(text, "*†‡#§()[]¹²³"):
		return "quantity.marked"
	case strings.ContainsAny(text, ";&") || strings.Contains(text, ", ") || strings.Contains(text, " and "):
		return "quantity.several_numbers"
	case text[0] == '-':
		return "quantity.negative"
	}
	return ""
}

// cutScale takes a scale word off the end and gives its number of zeros.
func cutScale(text string) (string, int) {
	for _, s := range scales {
		if rest, found := strings.CutSuffix(text, s.word); found {
			return strings.TrimSpace(rest), s.zeros
		}
	}
	return text, 0
}

// readRange reads two numbers that share a scale. Only "about" goes with a range.
func readRange(first, second, qualifier string, zeros int) (Quantity, string) {
	if strings.Contains(second, "-") {
		return Quantity{}, "quantity.several_numbers"
	}
	low, code := readWhole(first, zeros)
	if code != "" {
		return Quantity{}, code
	}
	high, code := readWhole(second, zeros)
	switch {
	case code != "":
		return Quantity{}, code
	case qualifier != "" && qualifier != QualifierAbout:
		return Quantity{}, "quantity.syntax"
	case low > high:
		return Quantity{}, "quantity.order"
	case low == high:
		return quantityOf(low, qualifier), ""
	case qualifier == "":
		qualifier = QualifierRange
	}
	return Quantity{Low: &low, High: &high, Qualifier: qualifier}, ""
}

// quantityOf makes the quantity of one number.
func quantityOf(n int64, qualifier string) Quantity {
	switch qualifier {
	case QualifierAtLeast:
		return Quantity{Low: &n, Qualifier: qualifier}
	case QualifierAtMost:
		return Quantity{High: &n, Qualifier: qualifier}
	case QualifierAbout:
		return Quantity{Low: &n, High: &n, Qualifier: qualifier}
	}
	return Quantity{Low: &n, High: &n, Qualifier: QualifierExact}
}

// readWhole reads one number, with its thousands grouped or not, times ten to the power of zeros.
func readWhole(text string, zeros int) (int64, string) {
	if text == "" {
		return 0, "quantity.syntax"
	}
	if isDigits(text) {
		return decimal(text, "", zeros)
	}
	if strings.Trim(text, "0123456789,.' ") != "" {
		return 0, "quantity.syntax"
	}
	if whole, fraction, found := strings.Cut(text, "."); found && isDigits(fraction) {
		return readFraction(whole, fraction, zeros)
	}
	whole, ok := ungroup(text)
	if !ok {
		return 0, "quantity.grouping"
	}
	return decimal(whole, "", zeros)
}

// readFraction reads a number with one point, which may be a decimal point or set off thousands.
func readFraction(whole, fraction string, zeros int) (int64, string) {
	if zeros == 0 && len(fraction) == 3 && isDigits(whole) && len(whole) <= 3 && whole[0] != '0' {
		return 0, "quantity.ambiguous"
	}
	plain, ok := ungroup(whole)
	if !ok {
		return 0, "quantity.grouping"
	}
	return decimal(plain, strings.TrimRight(fraction, "0"), zeros)
}

// ungroup takes one kind of separator out of a number whose groups of three all fit.
func ungroup(text string) (string, bool) {
	if isDigits(text) {
		return text, true
	}
	at := strings.IndexAny(text, ",.' ")
	if at < 1 || at > 3 || text[0] == '0' {
		return "", false
	}
	groups := strings.Split(text, text[at:at+1])
	for _, group := range groups[1:] {
		if len(group) != 3 || !isDigits(group) {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

// decimal gives whole.fraction × 10^zeros, which has to be an integer of at most MostCounted.
func decimal(whole, fraction string, zeros int) (int64, string) {
	if len(fraction) > zeros {
		return 0, "quantity.not_an_integer"
	}
	var n int64
	for _, part := range [...]string{whole, fraction, strings.Repeat("0", zeros-len(fraction))} {
		for i := range len(part) {
			if n = n*10 + int64(part[i]-'0'); n > MostCounted {
				return 0, "quantity.too_large"
			}
		}
	}
	return n, ""
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// Interval gives the least and the greatest number meant. open is true when there is no greatest; high is then low.
func (q Quantity) Interval() (low, high int64, open bool) {
	if q.Low != nil {
		low = *q.Low
	}
	if q.High == nil {
		return low, low, true
	}
	return low, *q.High, false
}

// Check gives every place where limits and qualifier disagree, with pointers /low, /high and /qualifier; nil when the
// shape is right. Codes: count.negative, count.too_large, count.order, count.qualifier, count.missing,
// count.not_expected, count.not_exact.
func (q Quantity) Check() []fault.Field {
	var wrong []fault.Field
	say := func(pointer, code string) {
		params := map[string]any{"qualifier": shortened(q.Qualifier)}
		wrong = append(wrong, fault.Field{Pointer: pointer, Code: code, Params: params})
	}
	for _, limit := range [...]struct {
		pointer string
		value   *int64
	}{{"/low", q.Low}, {"/high", q.High}} {
		switch {
		case limit.value == nil:
		case *limit.value < 0:
			say(limit.pointer, "count.negative")
		case *limit.value > MostCounted:
			say(limit.pointer, "count.too_large")
		}
	}
	needLow, needHigh := true, true
	switch q.Qualifier {
	case QualifierExact, QualifierAbout, QualifierRange:
	case QualifierAtLeast:
		needHigh = false
		if q.High != nil {
			say("/high", "count.not_expected")
		}
	case QualifierAtMost:
		needLow = false
		if q.Low != nil && *q.Low > 0 {
			say("/low", "count.not_expected")
		}
	default:
		say("/qualifier", "count.qualifier")
		return wrong
	}
	if needLow && q.Low == nil {
		say("/low", "count.missing")
	}
	if needHigh && q.High == nil {
		say("/high", "count.missing")
	}
	if q.Low == nil || q.High == nil {
		return wrong
	}
	if *q.Low > *q.High {
		say("/high", "count.order")
	} else if q.Qualifier == QualifierExact && *q.Low != *q.High {
		say("/high", "count.not_exact")
	}
	return wrong
}
