//go:build realdata

package realdata

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"os"
	"strings"
	"testing"
)

// sourceRow is a row of a source as these tests read it, with code of their own.
type sourceRow map[string]string

// readSource gives the rows of a file, packed or not, in their order.
func readSource(t *testing.T, path string) []sourceRow {
	t.Helper()
	records := readRecords(t, path)
	rows := make([]sourceRow, 0, len(records))
	for _, record := range records[1:] {
		row := sourceRow{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func readRecords(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	var from io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		from, err = gzip.NewReader(f)
		must(t, err)
	}
	records, err := csv.NewReader(from).ReadAll()
	must(t, err)
	return records
}

// byID arranges rows by their ids, which have to differ.
func byID(t *testing.T, rows []sourceRow, id func(sourceRow) string) map[string]sourceRow {
	t.Helper()
	out := make(map[string]sourceRow, len(rows))
	for _, row := range rows {
		if out[id(row)] != nil {
			t.Fatalf("two rows of the source are %q", id(row))
		}
		out[id(row)] = row
	}
	return out
}
