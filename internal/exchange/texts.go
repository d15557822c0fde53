package exchange

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"

	"bioincident/internal/fault"
)

// mostTexts is the most that a file of texts may hold once unpacked, in bytes.
const mostTexts = 256 << 20

// Texts are the full texts that rows are joined with, by key.
type Texts map[string]string

// readTexts reads a CSV of texts, packed with gzip or not: the text of a column by the key of another. The first text
// that is not empty stands for its key.
func readTexts(file File, key, text string) (Texts, error) {
	in, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close() //nolint:errcheck // reading only: what could not be read is told by the reads
	plain, err := unpacked(in)
	if err != nil {
		return nil, fault.New(fault.Invalid, "import.not_gzip", "file", file.Name).Because(err)
	}
	limited := &io.LimitedReader{R: plain, N: mostTexts}
	t, err := newTable(file.Name, limited, ',', []string{key, text})
	if err != nil {
		return nil, err
	}
	texts := Texts{}
	for {
		row, err := t.next()
		if limited.N <= 0 {
			return nil, fault.New(fault.TooLarge, "import.texts_too_large", "file", file.Name, "most", mostTexts)
		}
		if errors.Is(err, io.EOF) {
			return texts, nil
		}
		if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fault.New(fault.Invalid, "import.not_gzip", "file", file.Name).Because(err)
		}
		if err != nil {
			return nil, err
		}
		if k := row.Cell(key); k != "" && texts[k] == "" {
			texts[k] = clean(row.Cell(text))
		}
	}
}

// unpacked gives what is inside a gzip file, or the file itself.
func unpacked(in io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(in)
	if magic, _ := buffered.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		return gzip.NewReader(buffered)
	}
	return buffered, nil
}
