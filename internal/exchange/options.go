package exchange

import (
	"maps"
	"slices"

	"bioincident/internal/fault"
	"bioincident/schema"
)

// Options say how files are to be read, and what stands in all their rows, where they do not say it themselves.
type Options struct {
	Encoding string            // by its IANA name, such as windows-1252; "" is found out
	Dates    string            // the order of day, month and year: ymd, dmy or mdy; "" is found out column by column
	Set      map[string]string // set once for all rows: name → value; the profile says which names there are
}

// The orders of a date.
const (
	YearMonthDay = "ymd"
	DayMonthYear = "dmy"
	MonthDayYear = "mdy"
)

// Names of what can be set once for all rows.
const (
	setLanguage     = "language"
	setVerification = "verification"
	setCompleteness = "completeness"
)

// check refuses what nothing could be read with. Faults: Invalid import.encoding_unknown (encoding), import.dates_unknown
// (order).
func (o Options) check() error {
	if o.Encoding != "" {
		if _, err := encodingNamed(o.Encoding); err != nil {
			return err
		}
	}
	switch o.Dates {
	case "", YearMonthDay, DayMonthYear, MonthDayYear:
		return nil
	}
	return fault.New(fault.Invalid, "import.dates_unknown", "order", o.Dates)
}

// checkSet compares what is set with the names that a profile admits and with their vocabularies. Faults: Invalid
// import.set_unknown (name, known), import.set_value (name, value, known).
func (o Options) checkSet(sch *schema.Schema, admitted []string) error {
	for _, name := range slices.Sorted(maps.Keys(o.Set)) {
		if !slices.Contains(admitted, name) {
			return fault.New(fault.Invalid, "import.set_unknown", "name", name, "known", admitted)
		}
		known := schema.Languages()
		if name != setLanguage {
			known = codesOf(sch, name)
		}
		if value := o.Set[name]; !slices.Contains(known, value) {
			return fault.New(fault.Invalid, "import.set_value", "name", name, "value", value, "known", known)
		}
	}
	return nil
}

func codesOf(sch *schema.Schema, list string) []string {
	vocabulary, _ := sch.Vocabulary(list)
	var codes []string
	for _, term := range vocabulary.Terms() {
		if !term.Headline && !term.Deprecated {
			codes = append(codes, term.Code)
		}
	}
	return codes
}
