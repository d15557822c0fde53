package exchange

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"bioincident/internal/fault"
)

// mostCell is the longest cell that is read, in bytes: longer than any text of a source, shorter than what would be a
// wrong quotation mark swallowing the rest of a large file.
const mostCell = 1 << 20

// table reads a CSV file row by row.
type table struct {
	file   string
	reader *csv.Reader
	header []string
	index  map[string]int
	dates  map[string]string // order of the dates of a column
	repair *codePage         // of text that had been decoded wrongly, nil for none
	strict string            // encoding that was decoded; a character that it could not decode shows that it is another
	close  func()
}

// Row is one row of a file. Its cells are as they stand in the file.
type Row struct {
	File  string
	Line  int64 // on which it begins, from 1
	cells []string
	index map[string]int
	dates map[string]string
	wide  int // number of cells, when it is not that of the header
}

// Cell gives the cell under a column, "" when the row or the file has none.
func (r Row) Cell(column string) string {
	if i, ok := r.index[column]; ok && i < len(r.cells) {
		return r.cells[i]
	}
	return ""
}

// order gives the order of the dates under a column.
func (r Row) order(column string) string { return r.dates[column] }

// openTable opens a file as it was seen to be written. Where no delimiter was seen yet it is found out.
func openTable(file File, p Profile, seen *Seen) (*table, error) {
	in, err := file.Open()
	if err != nil {
		return nil, err
	}
	closed := func() { _ = in.Close() } // reading only: what could not be read is told by the reads
	t, err := tableOf(file.Name, in, p, seen)
	if err != nil {
		closed()
		return nil, err
	}
	t.close = closed
	return t, nil
}

func tableOf(file string, in io.Reader, p Profile, seen *Seen) (*table, error) {
	plain, err := unpacked(in)
	if err != nil {
		return nil, fault.New(fault.Invalid, "import.not_gzip", "file", file).Because(err)
	}
	text, err := decoded(plain, seen.Encoding)
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewReaderSize(text, 1<<16)
	if seen.Delimiter == "" {
		seen.Delimiter = delimiterOf(buffered)
	}
	t, err := newTable(file, buffered, rune(seen.Delimiter[0]), p.Columns())
	if err != nil {
		return nil, err
	}
	t.dates, t.repair = seen.Dates, seen.repair
	if seen.Encoding != encodingUTF8 && seen.Encoding != encodingMarked {
		t.strict = seen.Encoding
	}
	return t, nil
}

// delimiterOf gives what parts the cells of the first line most often, outside of quotation marks.
func delimiterOf(in *bufio.Reader) string {
	head, _ := in.Peek(1 << 15)
	var counts [utf8.RuneSelf]int
	quoted := false
	for _, b := range head {
		if b == '"' {
			quoted = !quoted
		}
		if quoted || b >= utf8.RuneSelf {
			continue
		}
		if b == '\n' {
			break
		}
		counts[b]++
	}
	best := ","
	for _, other := range []string{";", "\t"} {
		if counts[other[0]] > counts[best[0]] {
			best = other
		}
	}
	return best
}

// readRows reads the rows of a file as Inspect saw it. Faults are those of Inspect, for a file that changed since.
func readRows(file File, p Profile, seen Seen, visit func(Row) error) error {
	t, err := openTable(file, p, &seen)
	if err != nil {
		return err
	}
	defer t.close()
	return t.each(visit)
}

// each reads the rows that are left.
func (t *table) each(visit func(Row) error) error {
	for {
		row, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(row); err != nil {
			return err
		}
	}
}

// newTable reads the header, which must have the columns. Faults, each with the file: Invalid import.empty_file,
// import.column_missing (column), import.column_twice (column), import.not_utf8 (line), import.not_text (line),
// import.quotes (line, column).
func newTable(file string, r io.Reader, comma rune, columns []string) (*table, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if mark, _ := buffered.Peek(3); string(mark) == "\uFEFF" {
		if _, err := buffered.Discard(len(mark)); err != nil {
			return nil, err
		}
	}
	t := &table{file: file, reader: csv.NewReader(buffered), index: map[string]int{}}
	t.reader.FieldsPerRecord, t.reader.Comma = -1, comma
	header, line, err := t.record()
	if errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, "import.empty_file", "file", file)
	}
	if err != nil {
		return nil, err
	}
	for i, name := range header {
		name = oneLine(name)
		if _, twice := t.index[name]; twice {
			return nil, fault.New(fault.Invalid, "import.column_twice", "file", file, "line", line, "column", name)
		}
		t.header = append(t.header, name)
		t.index[name] = i
	}
	for _, name := range columns {
		if _, ok := t.index[name]; !ok {
			return nil, fault.New(fault.Invalid, "import.column_missing", "file", file, "column", name)
		}
	}
	return t, nil
}

// next gives the next row, io.EOF at the end. A row with more or fewer cells than the header is a row all the same:
// see Row.wide.
func (t *table) next() (Row, error) {
	cells, line, err := t.record()
	if err != nil {
		return Row{}, err
	}
	row := Row{File: t.file, Line: line, cells: cells, index: t.index, dates: t.dates}
	if len(cells) != len(t.header) {
		row.wide = len(cells)
	}
	return row, nil
}

// record reads one record and the line it begins on.
func (t *table) record() ([]string, int64, error) {
	cells, err := t.reader.Read()
	var syntax *csv.ParseError
	switch {
	case errors.As(err, &syntax):
		return nil, 0, fault.New(fault.Invalid, "import.quotes", "file", t.file, "line", syntax.StartLine, "column",
			syntax.Column).Because(err)
	case err != nil:
		return nil, 0, err
	}
	first, _ := t.reader.FieldPos(0)
	for i, cell := range cells {
		line, _ := t.reader.FieldPos(i)
		switch {
		case !utf8.ValidString(cell):
			line += strings.Count(cell[:invalidAt(cell)], "\n")
			return nil, 0, fault.New(fault.Invalid, "import.not_utf8", "file", t.file, "line", line)
		case strings.IndexByte(cell, 0) >= 0:
			return nil, 0, fault.New(fault.Invalid, "import.not_text", "file", t.file, "line", line)
		case t.strict != "" && strings.ContainsRune(cell, utf8.RuneError):
			line += strings.Count(cell[:strings.IndexRune(cell, utf8.RuneError)], "\n")
			return nil, 0, fault.New(fault.Invalid, "import.wrong_encoding", "file", t.file, "line", line, "encoding", t.strict)
		case len(cell) > mostCell:
			return nil, 0, fault.New(fault.Invalid, "import.cell_too_long", "file", t.file, "line", line, "most", mostCell)
		}
		cells[i] = t.repair.repair(cell)
	}
	return cells, int64(first), nil
}

// invalidAt gives the place of the first byte that is not UTF-8.
func invalidAt(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return len(text)
}

// unknown lists the columns of the file that the profile does not read.
func (t *table) unknown(columns []string) []string {
	var names []string
	for _, name := range t.header {
		if !slices.Contains(columns, name) {
			names = append(names, name)
		}
	}
	return names
}
