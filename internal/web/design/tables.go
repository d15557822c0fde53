package design

// Tables: dense, with a caption, the first column naming the row.

// Column is the head of a column. With Href its head sorts.
type Column struct {
	Label   string
	Href    string
	Sorted  string // "ascending", "descending" or ""
	Numeric bool
}

// Table shows rows. On a narrow screen it scrolls by itself; the page does not.
type Table struct {
	ID      string // unique on the page
	Caption string
	Columns []Column
	Rows    [][]Component
	Empty   Component // in place of no rows
	LeftOut string    // what it leaves out, in one line; may be empty
}

// Template names the partial.
func (Table) Template() string { return "table" }

// Numeric tells whether a column is one of numbers.
func (t Table) Numeric(column int) bool { return t.Columns[column].Numeric }

// Number is a number as the language writes it.
type Number int64

// Template names the partial.
func (Number) Template() string { return "number" }

// Value is what it counts.
func (n Number) Value() int64 { return int64(n) }
