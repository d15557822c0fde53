package incident

import (
	"slices"

	"bioincident/internal/fault"
)

// Count is a number of people, animals, plants or holdings, as an interval, with what it counts and how.
type Count struct {
	ID             string   `json:"id"`
	Measure        string   `json:"measure"`              // vocabulary measure
	Population     string   `json:"population,omitempty"` // vocabulary population; "" is people
	Basis          string   `json:"basis,omitempty"`      // vocabulary count_basis
	Period         Date     `json:"period,omitzero"`
	Place          string   `json:"place,omitempty"` // area code, "" is the whole incident
	Low            *int64   `json:"low,omitempty"`
	High           *int64   `json:"high,omitempty"`
	Qualifier      string   `json:"qualifier"` // vocabulary count_qualifier
	AsOf           Date     `json:"as_of,omitzero"`
	CaseDefinition string   `json:"case_definition,omitempty"`
	Sources        []string `json:"sources,omitempty"`
}

// The bases of a count.
const (
	BasisCumulative  = "cumulative"
	BasisNewInPeriod = "new_in_period"
	BasisAtAMoment   = "at_a_moment"
)

// PopulationPeople is what a count is of when it names no population.
const PopulationPeople = "people"

// partsOfPeople lists populations that overlap with people or with each other: one person can be in two of them.
var partsOfPeople = [...]string{PopulationPeople, "health_workers", "laboratory_workers", "children"} //nolint:gochecknoglobals // a table

// Quantity gives the number without what it counts.
func (c Count) Quantity() Quantity { return Quantity{Low: c.Low, High: c.High, Qualifier: c.Qualifier} }

// Quantity gives the sum of money without its currency.
func (a Amount) Quantity() Quantity {
	return Quantity{Low: a.Low, High: a.High, Qualifier: a.Qualifier}
}

// Check gives every place where the count contradicts itself, with pointers from the count on (/high, /as_of); nil
// when there is none. Codes are those of Quantity.Check and ParseDate.
func (c Count) Check() []fault.Field {
	wrong := c.Quantity().Check()
	for _, dated := range [...]struct {
		pointer string
		date    Date
	}{{"/period", c.Period}, {"/as_of", c.AsOf}} {
		if dated.date == "" {
			continue
		}
		if _, err := ParseDate(string(dated.date)); err != nil {
			f := fault.Of(err)
			wrong = append(wrong, fault.Field{Pointer: dated.pointer, Code: f.Code, Params: f.Params})
		}
	}
	slices.SortStableFunc(wrong, func(a, b fault.Field) int {
		switch {
		case a.Pointer < b.Pointer:
			return -1
		case a.Pointer > b.Pointer:
			return 1
		}
		return 0
	})
	return wrong
}

// population gives the population with its default.
func (c Count) population() string {
	if c.Population == "" {
		return PopulationPeople
	}
	return c.Population
}

// basis gives the basis with its default: a source that only says "3,000 cases" means so far.
func (c Count) basis() string {
	if c.Basis == "" {
		return BasisCumulative
	}
	return c.Basis
}

// Newest gives the count that stands for a measure and a population ("" is people): the newest cumulative one of the
// whole incident, by the end of its as_of and then by order in the document; an undated one is older than any dated.
// Where no count is of the whole incident but all are of one place, that place stands for it. ok is false where no one
// count stands: what is stated for several places is for Sum.
func Newest(counts []Count, measure, population string) (newest Count, ok bool) {
	asked := Count{Population: population}.population()
	newestOfPlace, placeFound, onePlace := Count{}, false, true
	for _, c := range counts {
		if c.Measure != measure || c.population() != asked || c.basis() != BasisCumulative {
			continue
		}
		if c.Place == "" {
			if !ok || !c.olderThan(newest) {
				newest, ok = c, true
			}
			continue
		}
		onePlace = onePlace && (!placeFound || c.Place == newestOfPlace.Place)
		if !placeFound || !c.olderThan(newestOfPlace) {
			newestOfPlace, placeFound = c, true
		}
	}
	if ok {
		return newest, true
	}
	if placeFound && onePlace {
		return newestOfPlace, true
	}
	return Count{}, false
}

// olderThan compares by as_of: its last day, then its first. No date is older than any.
func (c Count) olderThan(other Count) bool {
	mine, theirs := c.AsOf.Bounds(), other.AsOf.Bounds()
	if mine.Latest != theirs.Latest {
		return mine.Latest < theirs.Latest
	}
	return mine.Earliest < theirs.Earliest
}

// Sum adds counts of disjoint places or populations. ok is false, and nothing is added, when they are none or do not
// go together: other measures, case definitions or bases, one place and population twice, the whole incident beside
// its places, people beside a group of people, different periods or moments where the basis has one; or when the sum
// is more than MostCounted. That two named places do not overlap is for the caller to know. One open end makes the
// sum at_least.
func Sum(counts []Count) (sum Quantity, ok bool) {
	if len(counts) == 0 {
		return Quantity{}, false
	}
	for i, c := range counts {
		if len(c.Quantity().Check()) > 0 {
			return Quantity{}, false
		}
		for _, other := range counts[:i] {
			if !c.addsTo(other) {
				return Quantity{}, false
			}
		}
	}
	var low, high int64
	open, about := false, false
	for _, c := range counts {
		l, h, o := c.Quantity().Interval()
		low, high, open = low+l, high+h, open || o
		about = about || c.Qualifier == QualifierAbout
		if low > MostCounted || high > MostCounted {
			return Quantity{}, false
		}
	}
	return quantityBetween(low, high, open, about), true
}

// addsTo tells whether two counts are of the same kind and of different things.
func (c Count) addsTo(other Count) bool {
	if c.Measure != other.Measure || c.CaseDefinition != other.CaseDefinition || c.basis() != other.basis() {
		return false
	}
	switch c.basis() {
	case BasisNewInPeriod:
		if c.Period != other.Period {
			return false
		}
	case BasisAtAMoment:
		if c.AsOf != other.AsOf {
			return false
		}
	}
	if c.population() == other.population() {
		return c.Place != other.Place && c.Place != "" && other.Place != ""
	}
	overlap := slices.Contains(partsOfPeople[:], c.population()) && slices.Contains(partsOfPeople[:], other.population())
	return !overlap
}

// quantityBetween gives the qualifier that says no more than the limits do.
func quantityBetween(low, high int64, open, about bool) Quantity {
	switch {
	case open:
		return Quantity{Low: &low, Qualifier: QualifierAtLeast}
	case about:
		return Quantity{Low: &low, High: &high, Qualifier: QualifierAbout}
	case low == high:
		return Quantity{Low: &low, High: &high, Qualifier: QualifierExact}
	case low == 0:
		return Quantity{High: &high, Qualifier: QualifierAtMost}
	}
	return Quantity{Low: &low, High: &high, Qualifier: QualifierRange}
}
