package exchange

import (
	"math"
	"strconv"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/schema"
)

// told is a number that stands in words: what it counts, "" for what its column counts, and when it stood so.
type told struct {
	incident.Quantity
	measure    string
	population string
	kind       string // of incident
	asOf       incident.Date
}

// readTold reads what a cell of words says in numbers: "75–200 million (30–60% of population)", "25,000+",
// "61,000 (46,000–95,000)[280]", "1 (18 cases)", "936 (as of 1 February 2021)", "2,700–3,000+". What stands in brackets
// is read where it is another reading of the number, a date or a number of cases; several numbers are parted by |. It
// gives none and no error for "Unknown". Codes of errors are those of incident.ParseQuantity.
func readTold(text string) ([]told, string) {
	var all []told
	for part := range strings.SplitSeq(text, "|") {
		if _, after, found := strings.Cut(part, ": "); found {
			part = after
		}
		main, notes := withoutBrackets(part)
		if strings.HasPrefix(strings.ToLower(main), "unknown") {
			continue
		}
		q, code := readOpen(main)
		if code != "" {
			return nil, code
		}
		one := told{Quantity: q}
		var more []told
		for _, note := range notes {
			if t, ok := one.noted(note); ok {
				more = append(more, t)
			}
		}
		all = append(append(all, one), more...)
	}
	return all, ""
}

// noted takes what a note in brackets says of the number, or gives the other number that it says.
func (t *told) noted(note string) (other told, ok bool) {
	if after, found := strings.CutPrefix(note, "as of "); found {
		t.asOf, _ = readDay(after, DayMonthYear, 0)
		return told{}, false
	}
	if before, found := strings.CutSuffix(note, " cases"); found {
		q, code := readOpen(before)
		return told{Quantity: q, measure: "total_reported"}, code == ""
	}
	q, code := readOpen(strings.TrimPrefix(note, "possible range "))
	if code == "" && q.Qualifier == incident.QualifierRange {
		t.Quantity = q
	}
	return told{}, false
}

// withoutBrackets parts a text from what stands in brackets in it.
func withoutBrackets(text string) (main string, notes []string) {
	for {
		open := strings.IndexAny(text, "([")
		if open < 0 {
			return strings.TrimSpace(main + text), notes
		}
		end := strings.IndexAny(text[open:], ")]")
		if end < 0 {
			return strings.TrimSpace(main + text[:open]), append(notes, text[open+1:])
		}
		main += text[:open]
		notes = append(notes, strings.TrimSpace(text[open+1:open+end]))
		text = text[open+end+1:]
	}
}

// readOpen reads a quantity; of a range that is open at its end only the beginning is certain. A number that a program
// shortened ("1e+05") was rounded.
func readOpen(text string) (incident.Quantity, string) {
	if n, ok := shortened(text); ok {
		return incident.Quantity{Low: &n, High: &n, Qualifier: incident.QualifierAbout}, ""
	}
	q, err := incident.ParseQuantity(text)
	if err == nil {
		return q, ""
	}
	if closed, open := strings.CutSuffix(text, "+"); open {
		if q, err := incident.ParseQuantity(closed); err == nil && q.Qualifier == incident.QualifierRange {
			return incident.Quantity{Low: q.Low, Qualifier: incident.QualifierAtLeast}, ""
		}
	}
	return incident.Quantity{}, fault.Of(err).Code
}

// shortened reads "1e+05" and "1.2e6", which have to be whole numbers.
func shortened(text string) (int64, bool) {
	digits, power, found := strings.Cut(strings.ToLower(text), "e")
	if !found || strings.Trim(digits, "0123456789.") != "" || !isNumber(strings.TrimPrefix(power, "+")) {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return int64(f), err == nil && f == math.Trunc(f) && f <= incident.MostCounted
}

// phrase says what a number counts by the word behind it.
type phrase struct {
	Words      []string `json:"words"`
	Measure    string   `json:"measure"`
	Population string   `json:"population"`
	Type       string   `json:"incident_type"` // when it is more than none, and no exact one is known
}

// readPhrases reads numbers with what they count: "1,000s infected, 82+ died26", "2 Steer", "No infections". The table is
// by folded words. Phrases that are not in it stay words.
func readPhrases(text string, table map[string]phrase) []told {
	var all []told
	for part := range strings.SplitSeq(text, ", ") {
		first, rest, _ := strings.Cut(strings.TrimSpace(part), " ")
		q, ok := readRough(first)
		known, listed := table[schema.Fold(withoutMarks(rest))]
		if ok && listed {
			all = append(all, told{Quantity: q, measure: known.Measure, population: known.Population, kind: known.Type})
		}
	}
	return all
}

// readRough reads a number, "No", or a number that is only a size: "1,000s", "Millions".
func readRough(text string) (incident.Quantity, bool) {
	atLeast := func(n int64) incident.Quantity {
		return incident.Quantity{Low: &n, Qualifier: incident.QualifierAtLeast}
	}
	lower := strings.ToLower(text)
	switch lower {
	case "no":
		var none int64
		return incident.Quantity{Low: &none, High: &none, Qualifier: incident.QualifierExact}, true
	case "hundreds":
		return atLeast(100), true
	case "thousands":
		return atLeast(1000), true
	case "millions":
		return atLeast(1_000_000), true
	}
	if size, rough := strings.CutSuffix(lower, "s"); rough {
		n, err := strconv.ParseInt(strings.ReplaceAll(size, ",", ""), 10, 64)
		return atLeast(n), err == nil && n > 0
	}
	q, err := incident.ParseQuantity(text)
	return q, err == nil
}

// withoutMarks takes the number of a footnote off a word: "died25", "Infected8,9".
func withoutMarks(text string) string {
	bare := strings.TrimRight(strings.TrimRight(text, ". "), "0123456789,")
	if bare == "" {
		return text
	}
	return bare
}
