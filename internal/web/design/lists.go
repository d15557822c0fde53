package design

// Lists: what was found, how it was narrowed, and what comes next. Every list is an address that can be shared.

// Facet is one way to narrow a list.
type Facet struct {
	Label  string
	Open   bool
	Values []FacetValue
	More   Link // to all values; empty: these are all
}

// FacetValue is a value with how many records have it. Href chooses it, or, where it is chosen, takes it away.
type FacetValue struct {
	Label  string
	Href   string
	Count  int64
	Chosen bool
}

// Facets are all ways to narrow a list.
type Facets []Facet

// Template names the partial.
func (Facets) Template() string { return "facets" }

// Chip is a filter in force; Remove is the list without it.
type Chip struct {
	Name, Value, Remove string
}

// Chips are the filters in force; Clear is the list without any.
type Chips struct {
	Items []Chip
	Clear string
}

// Template names the partial.
func (Chips) Template() string { return "chips" }

// Pager leads to the neighbouring pages of a list by keyset: there are no page numbers, because what comes in between would
// shift them.
type Pager struct {
	Newer, Older string // addresses; empty: none
}

// Template names the partial.
func (Pager) Template() string { return "pager" }

// Part is a piece of words: marked where it was searched for, or where a diff added or removed it.
type Part struct {
	Words string
	Mark  bool
}

// Hit is a case in a list of cases.
type Hit struct {
	Href    string
	Title   string
	ID      string
	Tags    []Component
	Snippet []Part
	Lang    string // of the snippet
	Maybe   string // why it may match only; empty: it matches certainly
}

// Hits is a list of cases.
type Hits []Hit

// Template names the partial.
func (Hits) Template() string { return "hits" }
