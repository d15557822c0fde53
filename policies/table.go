package policies

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// line is one row of a table of ours, with its place for errors and explanations.
type line struct {
	file   string
	number int
	fields []string
}

func (l line) wrong(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", l.file, l.number, fmt.Sprintf(format, args...))
}

// readTable reads a CSV whose first row is exactly this header; lines that begin with # are remarks. A row of another
// width is refused here, because casbin would accept it and then fail at every question.
func readTable(file, text string, header []string) ([]line, error) {
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comment = '#'
	reader.FieldsPerRecord = -1
	var lines []line
	for first := true; ; first = false {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		number, _ := reader.FieldPos(0)
		l := line{file, number, fields}
		if first {
			if !slices.Equal(fields, header) {
				return nil, l.wrong("the header is not %s", strings.Join(header, ","))
			}
			continue
		}
		if len(fields) != len(header) {
			return nil, l.wrong("%d columns, not %d", len(fields), len(header))
		}
		lines = append(lines, l)
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s: no rows", file)
	}
	return lines, nil
}
