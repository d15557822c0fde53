package design

// Forms: every field has a label, says what it wants before and what is wrong after, and keeps what was typed.

// Field is what all fields have.
type Field struct {
	Name     string
	Label    string
	Hint     string
	Error    string
	Value    string
	Optional bool
	Lang     string // language of what is typed, where it is not the page's
}

// ID is the id of the control; the error summary leads there.
func (f Field) ID() string { return idOf(f.Name) }

// DescribedBy gives the ids of hint and error, for the control.
func (f Field) DescribedBy() string {
	switch {
	case f.Hint != "" && f.Error != "":
		return f.ID() + "-hint " + f.ID() + "-error"
	case f.Hint != "":
		return f.ID() + "-hint"
	case f.Error != "":
		return f.ID() + "-error"
	}
	return ""
}

// TextField is one line.
type TextField struct {
	Field
	Type         string // "text" when empty; "email", "password", "search", "url", "file"
	Autocomplete string
	Numeric      bool
	Short        bool // as wide as a year or a count
}

// Template names the partial.
func (TextField) Template() string { return "text-field" }

// TextArea is several lines.
type TextArea struct {
	Field
	Rows int
}

// Template names the partial.
func (TextArea) Template() string { return "text-area" }

// Option is one of several choices.
type Option struct {
	Value, Label, Hint string
	Chosen             bool
	Why                string // why it cannot be chosen
}

// Select is one of many options.
type Select struct {
	Field
	Options []Option
}

// Template names the partial.
func (Select) Template() string { return "select" }

// Choice is one (radio) or several (checkboxes) of a few options, all of them in sight.
type Choice struct {
	Field
	Several bool
	Options []Option
}

// Template names the partial.
func (Choice) Template() string { return "choice" }

// DateField takes a date as people write it and answers how it was understood.
type DateField struct {
	Field
	Understood string // "about June 2004"; empty: nothing typed yet, or an error
	Check      string // address that answers a change with the words; may be empty
}

// Template names the partial.
func (DateField) Template() string { return "date-field" }

// Suggest is one line that offers terms while one types. From is the address that answers ?q= with Suggestions; without
// JavaScript it is a plain field, and the server resolves what was typed.
type Suggest struct {
	Field
	From string
}

// Template names the partial.
func (Suggest) Template() string { return "suggest" }

// Suggestions is the answer to a Suggest: a fragment.
type Suggestions []Option

// Template names the partial.
func (Suggestions) Template() string { return "suggestions" }

// FieldError leads from the summary to the field.
type FieldError struct {
	Name, Words string // the field's name
}

// Href is the field's anchor.
func (e FieldError) Href() string { return "#" + idOf(e.Name) }

// ErrorSummary says above a form what is wrong in it.
type ErrorSummary []FieldError

// Of gives the words about one field, to be shown beside it; "" where nothing is wrong with it.
func (s ErrorSummary) Of(name string) string {
	for _, e := range s {
		if e.Name == name {
			return e.Words
		}
	}
	return ""
}

// Template names the partial.
func (ErrorSummary) Template() string { return "error-summary" }

// Hidden is a value that a form carries unseen.
type Hidden struct {
	Name, Value string
}

// Form sends fields. A form that posts is protected by its origin (the server's part), not by a token.
type Form struct {
	Action  string
	Get     bool // a search: the answer is an address that can be shared
	Upload  bool
	Guard   bool // leaving with unsaved words asks first
	Errors  ErrorSummary
	Hidden  []Hidden
	Fields  []Component
	Buttons Actions
}

// Template names the partial.
func (Form) Template() string { return "form" }

// Group is some fields with a name, beside each other where they are Short.
type Group struct {
	Label, Hint string
	Fields      []Component
}

// Template names the partial.
func (Group) Template() string { return "group" }
