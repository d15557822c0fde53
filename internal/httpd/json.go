package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// deepest is how deep a document may be nested.
const deepest = 64

// checkJSON checks what Go's decoder does not mind: that a document is UTF-8, is one document, has no name twice in an
// object and no NUL in a text, and is not nested beyond reason.
func checkJSON(body []byte) error {
	if !utf8.Valid(body) {
		return malformed("", "request.utf8")
	}
	d := &scanner{decoder: json.NewDecoder(bytes.NewReader(body))}
	d.decoder.UseNumber()
	if err := d.value(""); err != nil {
		return err
	}
	if _, err := d.decoder.Token(); !errors.Is(err, io.EOF) {
		return malformed("", "request.trailing", "offset", d.decoder.InputOffset())
	}
	return nil
}

type scanner struct {
	decoder *json.Decoder
	depth   int
}

func (s *scanner) syntax(err error) error {
	return malformed("", "request.json", "offset", s.decoder.InputOffset()).Because(err)
}

func (s *scanner) value(at string) error {
	token, err := s.decoder.Token()
	if err != nil {
		return s.syntax(err)
	}
	switch t := token.(type) {
	case json.Delim:
		if s.depth++; s.depth > deepest {
			return malformed(at, "request.too_deep", "most", deepest)
		}
		defer func() { s.depth-- }()
		if t == '{' {
			return s.object(at)
		}
		return s.array(at)
	case string:
		if strings.ContainsRune(t, 0) {
			return malformed(at, "request.not_text")
		}
	}
	return nil
}

func (s *scanner) object(at string) error {
	seen := map[string]bool{}
	for s.decoder.More() {
		token, err := s.decoder.Token()
		if err != nil {
			return s.syntax(err)
		}
		name, _ := token.(string)
		inner := at + "/" + escape(name)
		if seen[name] {
			return malformed(inner, "request.duplicate_key", "name", name)
		}
		seen[name] = true
		if err := s.value(inner); err != nil {
			return err
		}
	}
	return s.end()
}

func (s *scanner) array(at string) error {
	for i := 0; s.decoder.More(); i++ {
		if err := s.value(at + "/" + strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return s.end()
}

func (s *scanner) end() error {
	if _, err := s.decoder.Token(); err != nil {
		return s.syntax(err)
	}
	return nil
}
