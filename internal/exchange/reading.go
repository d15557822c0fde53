package exchange

import (
	"fmt"
	"slices"

	"bioincident/internal/workflow"
	"bioincident/schema"
)

// reading is what was noted while a row was read.
type reading struct {
	row    Row
	flags  []string
	asides []string // words for members
}

// refusedError carries a refusal out of the steps of a row.
type refusedError struct{ workflow.Refusal }

func (r *refusedError) Error() string { return r.Column + ": " + r.Reason }

func (r *reading) refuse(column, reason string) error {
	return &refusedError{workflow.Refusal{Column: column, Value: r.row.Cell(column), Reason: reason}}
}

func (r *reading) flag(code string) {
	if !slices.Contains(r.flags, code) {
		r.flags = append(r.flags, code)
	}
}

func (r *reading) aside(format string, args ...any) {
	r.asides = append(r.asides, fmt.Sprintf(format, args...))
}

// valueOf gives a cell on one line, "" when what stands there means that it is missing.
func valueOf(row Row, column string, missing []string) string {
	text := oneLine(row.Cell(column))
	if slices.Contains(missing, text) {
		return ""
	}
	return text
}

// codeCheck collects the codes of a profile that no vocabulary holds.
type codeCheck struct {
	schema *schema.Schema
	wrong  []error
}

func (c *codeCheck) ask(list string, codes ...string) {
	v, ok := c.schema.Vocabulary(list)
	for _, code := range codes {
		if code != "" && (!ok || !v.Has(code)) {
			c.wrong = append(c.wrong, fmt.Errorf("%s has no %q", list, code))
		}
	}
}
