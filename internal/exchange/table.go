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
}

// Row is one row of a file. Its cells are as they stand in the file.
type Row struct {
	File  string
	Line  int64 // on which it begins, from 1
	cells []string
	index map[string]int
	wide  int // number of cells, when it is not that of the header
}

// Cell gives the cell under a column, "" when the row or the file has none.
func (r Row) Cell(column string) string {
	if i, ok := r.index[column]; ok && i < len(r.cells) {
		return r.cells[i]
	}
	return ""
}

// newTable reads the header, which must have the columns. Faults, each with the file: Invalid import.empty_file,
// import.column_missing (column), import.column_twice (column), import.not_utf8 (line), import.not_text (line),
// import.quotes (line, column).
func newTable(file string, r io.Reader, columns []string) (*table, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if mark, _ := buffered.Peek(3); string(mark) == "\uFEFF" {
		if _, err := buffered.Discard(len(mark)); err != nil {
			return nil, err
		}
	}
	t := &table{file: file, reader: csv.NewReader(buffered), index: map[string]int{}}
	t.reader.FieldsPerRecord = -1
	header, line, err := t.record()
	if errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, "import.empty_file", "file", file)
	}
	if err != nil {
		return nil, err
	}
	for i, name := range header {
		name = strings.TrimSpace(name)
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
	row := Row{File: t.file, Line: line, cells: cells, index: t.index}
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
		case len(cell) > mostCell:
			return nil, 0, fault.New(fault.Invalid, "import.cell_too_long", "file", t.file, "line", line, "most", mostCell)
		}
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
