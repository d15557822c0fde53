package store

import "strings"

// conditions collects the parts of a WHERE clause with their arguments. The parts are constants of this package, or
// fragments that policies made from codes; nothing a reader typed is ever part of SQL.
type conditions struct {
	parts []string
	args  []any
}

func (c *conditions) and(part string, args ...any) {
	c.parts = append(c.parts, part)
	c.args = append(c.args, args...)
}

func (c *conditions) sql() string {
	if len(c.parts) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(c.parts, " AND ")
}
