package exchange

import (
	"cmp"
	"strings"

	"bioincident/internal/fault"
)

// Seen is how a file was found to be written. Its rows are read that way.
type Seen struct {
	Encoding  string            // by its IANA name; "utf-8 with BOM" where it begins with a byte order mark
	Delimiter string            // "," ";" or a tab
	Dates     map[string]string // column → order of its dates: ymd, dmy or mdy
	Columns   []string          // in the order of the file
	Unknown   []string          // those that the profile does not know
	Rows      int64
	Repaired  bool // it holds text that had been decoded wrongly before, which is put right

	repair *codePage // by which it had been decoded, nil for none
}

// Inspect reads a file through: once as bytes, for its encoding, and once as rows. What the options say is taken, unless
// the file contradicts it. Faults, each with the file and, but for the first three, the line: Invalid
// import.empty_file, import.column_missing, import.column_twice, import.not_utf8, import.not_text, import.quotes,
// import.wrong_encoding (encoding), import.date_order (column, value, order), import.date_orders (column, value, order,
// first): dates of one column that have no order in common.
func Inspect(file File, p Profile, o Options) (Seen, error) {
	if err := o.check(); err != nil {
		return Seen{}, err
	}
	bytes, err := weigh(file)
	if err != nil {
		return Seen{}, err
	}
	seen := Seen{Dates: map[string]string{}}
	if err := bytes.decide(&seen, file.Name, o.Encoding); err != nil {
		return Seen{}, err
	}
	orders := map[string]*orderSeen{}
	for column, usual := range p.DateColumns() {
		orders[column] = &orderSeen{file: file.Name, column: column, usual: usual, asked: o.Dates,
			proven: map[string]*proofs{}}
	}
	t, err := openTable(file, p, &seen)
	if err != nil {
		return Seen{}, err
	}
	defer t.close()
	err = t.each(func(row Row) error {
		seen.Rows++
		for column, order := range orders {
			order.look(row.Cell(column), row.Line)
		}
		return nil
	})
	if err != nil {
		return Seen{}, err
	}
	for _, column := range t.header {
		order, ok := orders[column]
		if !ok {
			continue
		}
		if seen.Dates[column], err = order.found(); err != nil {
			return Seen{}, err
		}
	}
	seen.Columns = t.header
	seen.Unknown = t.unknown(append(append([]string{}, p.Columns()...), p.Unread()...))
	return seen, nil
}

// orderSeen finds the order of the dates of one column.
type orderSeen struct {
	file, column string
	usual, asked string             // by the profile; by the options
	shown        string             // of dates that show their order themselves: a year first, a month by its name
	proven       map[string]*proofs // by order
}

// proofs are dates that can be read in one order only.
type proofs struct {
	rows  int64
	line  int64 // of the first
	value string
}

// slips is how many dates there are to each that may be a slip of the pen.
const slips = 10

// look takes one more cell.
func (s *orderSeen) look(text string, line int64) {
	parts, ok := dayParts(text)
	if !ok {
		return
	}
	switch order, shown := parts.order(); {
	case order == "":
	case shown:
		s.shown = order
	case s.proven[order] == nil:
		s.proven[order] = &proofs{rows: 1, line: line, value: strings.TrimSpace(text)}
	default:
		s.proven[order].rows++
	}
}

// found gives the order by which the ambiguous dates of the column are read: that which was asked for, else that which
// most of its dates prove. More than one date in ten that proves another order is a column that nobody can read; less is
// a slip of the pen, and those rows are refused.
func (s *orderSeen) found() (string, error) {
	order, all := s.asked, int64(0)
	for candidate, p := range s.proven {
		all += p.rows
		if best := s.proven[order]; s.asked == "" && (best == nil || p.rows > best.rows || p.rows == best.rows && p.line < best.line) {
			order = candidate
		}
	}
	for other, p := range s.proven {
		if other == order || p.rows*slips <= all {
			continue
		}
		refuse := []any{"file", s.file, "line", p.line, "column", s.column, "value", p.value, "order", order}
		if s.asked != "" {
			return "", fault.New(fault.Invalid, "import.date_order", refuse...)
		}
		return "", fault.New(fault.Invalid, "import.date_orders", append(refuse, "first", s.proven[order].value)...)
	}
	return cmp.Or(order, s.shown, s.usual), nil
}
