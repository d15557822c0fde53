package search

import (
	"bioincident/internal/incident"
	"bioincident/schema"
)

// Query is what is asked. All parts must hold together.
type Query struct {
	Text      string    // words, "phrases" (found as they are written), AND OR NOT ( ), field:value; empty lists all
	Filters   []Filter  // each facet at most once
	Dates     []Dated   // each question at most once
	Counts    []Counted // each measure at most once
	Certain   bool      // only what certainly matches
	Langs     []string  // languages whose texts are searched; nil is those that the script of each word allows
	Sort      Order     // "" is ByScore when something scores, else ByPublished
	Facets    []string  // facets to be counted, of FacetNames
	Histogram string    // "" for none, else year or decade of the reference date
	Group     bool      // records of one group (see Document.Group) are one hit: that which comes first
	GroupOf   string    // only the records of one group: Hit.Group of a grouped answer
	Limit     int       // hits of this page, 1 to MaxLimit; 0 is 20
	Cursor    string    // Next of the page before; "" is the first page
}

// MaxLimit is the largest page.
const MaxLimit = 1000

// Filter asks for records that have any of the codes under a facet, or, in a facet that is a tree, any below them. The
// code NotStated stands for records that have none.
type Filter struct {
	Facet string // of FacetNames
	Codes []string
}

// NotStated is the code of what is not stated.
const NotStated = "-"

// FacetNames lists what can be filtered by and counted, in the order in which pages show it.
func FacetNames() []string {
	return []string{
		"unit", "collection", "cause", "occurrence", "type", "domain", "disease", "agent", "area", "decade", "year",
		"setting", "verification", "severity", "response", "lesson_phase", "language", "organization",
	}
}

// Question is one of the three that can be asked about time.
type Question string

// The questions.
const (
	Began    Question = "began"    // the reference date
	Active   Question = "active"   // whether it was going on
	Reported Question = "reported" // the dates on which sources told of it
)

// Window is a span of days, both included; incident.FirstDay and incident.LastDay leave a side open.
type Window struct {
	From, To incident.Day
	Unsure   bool // of a record: its author is not sure of it, so that it never certainly lies anywhere
}

// Dated asks a question about a window. A record for which the question has no date matches neither certainly nor
// possibly; how many there are is Result.Undated.
type Dated struct {
	Question Question
	Window   Window
}

// Counted asks how many: "deaths" or "cases". Low and High are included; -1 leaves a side open.
type Counted struct {
	Measure   string
	Low, High int64
}

// Order is how hits are ordered. Equal keys are in the order of record numbers.
type Order string

// The orders, each with the highest first. What lacks the key comes last.
const (
	ByScore     Order = "score"
	ByPublished Order = "published" // of the edition, newest first
	ByReference Order = "reference" // earliest day of the reference date, latest first
	ByDeaths    Order = "deaths"    // the low bound
)

// Hit is one record that was found. Its view is to be hydrated from the store, which is the second authorisation.
type Hit struct {
	No         int64
	Tier       schema.Tier    // of the wall that it was found behind, from which it is to be hydrated
	Score      float64        // 0 when it does not score
	Match      incident.Match // Possibly or Certainly
	Restricted bool           // found in what its reader alone may see, and nowhere else: it comes after all others by score
	Group      string         // "" when it belongs to none
	Others     int64          // with Query.Group: how many more of its group match
}

// Concept is a name in the query that was understood as a term.
type Concept struct {
	Text   string // as typed
	Column int    // of its first character, from 1
	List   string // vocabulary
	Code   string
}

// Value is a value of a facet and how many records that match everything but the filter of this facet have it.
type Value struct {
	Code    string
	Parent  string // code of the value above it, "" at the top
	Records int64
}

// Facet is one facet counted: values with at least one record, most first, equal ones by code. In a tree a record counts
// once for each value above one that it has.
type Facet struct {
	Name      string
	Values    []Value
	NotStated int64 // records without a value
}

// Bar is one bar of a histogram.
type Bar struct {
	From      int   // first year of it
	Certainly int64 // the reference date lies in it
	Possibly  int64 // … or may lie in it
}

// Histogram counts records by reference date.
type Histogram struct {
	Step    string // year or decade
	Bars    []Bar  // in the order of time, without those that are empty
	Undated int64  // without a reference date, or with one that is open or may lie in more than ten bars
}

// Result is one page of an answer. All of it comes from one generation of the index.
type Result struct {
	Total      int64 // exact, of all pages; with Query.Group the records, not the groups
	Certain    int64 // of Total, those that certainly match
	Restricted int64 // of Total
	Groups     int64 // with Query.Group: hits of all pages
	Undated    int64 // records that match all but the questions of time, and lack a date for one of them
	Hits       []Hit
	Next       string // cursor of the next page; "" on the last
	Order      Order
	Facets     []Facet // in the order asked for
	Histogram  *Histogram
	Concepts   []Concept // what was understood
	Words      Words     // for Highlight
	Position   int64     // of the feed of this tier, up to which the index is complete
}
