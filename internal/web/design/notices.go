package design

import "bioincident/internal/fault"

// Notices: what a person has to know here, in the page and not floating over it.

// Notice says something about this page or what was just done.
type Notice struct {
	Tone    Tone
	Title   string // empty: the name of the tone
	Words   string
	Actions Actions
}

// Template names the partial.
func (Notice) Template() string { return "notice" }

// Heading is the catalogue id of the name of the tone.
func (n Notice) Heading() string {
	switch n.Tone {
	case Good:
		return "ui.notice.good"
	case Warn:
		return "ui.notice.warn"
	case Bad:
		return "ui.notice.bad"
	}
	return "ui.notice.info"
}

// Role is how assistive technology announces it: what went wrong is said at once.
func (n Notice) Role() string {
	switch n.Tone {
	case Bad:
		return "alert"
	case Good:
		return "status"
	}
	return "note"
}

// Caution is a note that stands with a record until somebody ends it: disputed, a source withdrawn, figures may change.
type Caution struct {
	Words string
	Since string // who set it when, in words
}

// Template names the partial.
func (Caution) Template() string { return "caution" }

// Tombstone stands where a record was: its identifier stays, with a reason.
type Tombstone struct {
	ID     string
	Words  string // what became of it
	Reason string // may be empty
	Leads  []Link // to the record it was merged into, to the log of decisions
}

// Template names the partial.
func (Tombstone) Template() string { return "tombstone" }

// Empty stands where a list has nothing, with the next step.
type Empty struct {
	Title, Words string
	Next         []Component
}

// Template names the partial.
func (Empty) Template() string { return "empty" }

// Problem is the body of an error page: what happened, by which rule, who can, and what to do next. For what is not
// available it is the same whether it is hidden or never was.
type Problem struct {
	Words  string // empty where the rules say it all
	Rules  []Rule // those that forbid it
	WhoCan []string
	Keep   Component // what was typed, where someone else was first
	Next   []Component
	Number string // of the request, for the operator; may be empty
}

// Template names the partial.
func (Problem) Template() string { return "problem" }

// Rule is one that forbids something: its words, which say when and by whom it can be done, and its code, for whoever asks
// about it.
type Rule struct {
	Words, Code string
}

// Problem says a fault: what was refused is said by its rules, all of them, so that one is not met after the other.
func (v *Voice) Problem(f *fault.Fault) Problem {
	if f.Kind != fault.Forbidden {
		return Problem{Words: v.words.Problem(v.lang, f.Code, f.Params)}
	}
	fields := f.Fields
	if len(fields) == 0 {
		fields = []fault.Field{{Code: f.Code, Params: f.Params}}
	}
	var p Problem
	for _, field := range fields {
		p.Rules = append(p.Rules, Rule{Words: v.words.Problem(v.lang, field.Code, field.Params), Code: field.Code})
	}
	return p
}

// Errors says what is wrong in each field of a form whose fields are named by their pointers.
func (v *Voice) Errors(f *fault.Fault) ErrorSummary {
	var errors ErrorSummary
	for _, field := range f.Fields {
		errors = append(errors, FieldError{Name: field.Pointer, Words: v.words.Problem(v.lang, field.Code, field.Params)})
	}
	return errors
}
