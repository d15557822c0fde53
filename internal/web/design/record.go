package design

import (
	"time"

	"bioincident/internal/incident"
)

// Record: what a case history is made of.

// Fact is a term with what is known of it.
type Fact struct {
	Term   string
	Values []Component
	Note   string
}

// Facts are the key facts of a case.
type Facts []Fact

// Template names the partial.
func (Facts) Template() string { return "facts" }

// Count is a number of a record, with its uncertainty.
type Count struct {
	Low, High *int64
	Qualifier string // vocabulary count_qualifier
	Is        string // vocabulary known_statement, in place of a number
}

// Template names the partial.
func (Count) Template() string { return "count" }

// Milestone is what happened when. Code is of the vocabulary milestone.
type Milestone struct {
	Code  string
	Date  incident.Date // empty: not known
	Note  string
	After string // time since the first milestone, in words; may be empty
}

// Timeline lists milestones in order; those without a date come last.
type Timeline []Milestone

// Template names the partial.
func (Timeline) Template() string { return "timeline" }

// Assessment is what one body said of how it began.
type Assessment struct {
	By         string
	Date       incident.Date
	Cause      string // vocabulary cause
	Likelihood string // vocabulary likelihood
	Confidence string // vocabulary confidence
	Basis      string
	Dissent    string // who held otherwise within that body; may be empty
	Sources    []Link
}

// Assessments stand beside each other, none above another: the last to speak never decides.
type Assessments []Assessment

// Template names the partial.
func (Assessments) Template() string { return "assessments" }

// Step is a stage on a record's way.
type Step struct {
	Code    string // vocabulary version_state
	Current bool
	Done    bool
	Detail  string // who did it when; may be empty
}

// Progress says where a record stands, who has it, since when and until when, and what happens next.
type Progress struct {
	Steps []Step
	With  string    // who has it; empty: nobody yet
	Since time.Time // zero: not shown
	Due   time.Time // zero: no term
	Next  string    // what happens next, in words
}

// Template names the partial.
func (Progress) Template() string { return "progress" }
