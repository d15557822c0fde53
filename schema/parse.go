package schema

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"bioincident/internal/fault"
)

// Limits of a document. They bound what one request can cost.
const (
	MostBytes    = 1 << 20
	mostDepth    = 32
	mostProblems = 100
	mostInteger  = 1<<53 - 1
	mostDigits   = 15 // of a decimal number: more do not survive the way through a 64-bit float
)

// problems collects what is wrong, up to a limit.
type problems struct{ fields []fault.Field }

func (p *problems) add(pointer, code string, pairs ...any) {
	if len(p.fields) >= mostProblems {
		return
	}
	params := fault.New(fault.Invalid, code, pairs...).Params
	p.fields = append(p.fields, fault.Field{Pointer: pointer, Code: code, Params: params})
}

// place is the way from the root to a value. It is written out as a JSON pointer only when something is wrong there.
type place []step

type step struct {
	name  string
	index int // used when name is "" and named is false
	named bool
}

func (p place) pointer() string {
	var b strings.Builder
	for _, s := range p {
		b.WriteByte('/')
		if !s.named {
			b.WriteString(strconv.Itoa(s.index))
			continue
		}
		b.WriteString(escape(s.name))
	}
	return b.String()
}

// escape writes a name as a segment of a JSON pointer.
func escape(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// parser reads JSON more strictly than the standard library does: a key that stands twice, bytes after the end, NUL,
// text that is not UTF-8 in NFC, and numbers that would not survive canonicalisation are refused, each with its place.
type parser struct {
	data  []byte
	at    int
	place place
	names map[string]string // known names of properties
	problems
	broken bool // the syntax is wrong: nothing after it was read
}

// parse reads a document. The value is not to be used when something is wrong with the bytes.
func parse(doc []byte, names map[string]string) (value any, wrong []fault.Field) {
	p := &parser{data: doc, names: names, place: make(place, 0, 16)}
	switch {
	case len(doc) > MostBytes:
		p.add("", "schema.too_large", "most", MostBytes)
		return nil, p.fields
	case !utf8.Valid(doc):
		p.add("", "schema.utf8")
		return nil, p.fields
	}
	value = p.value()
	p.blanks()
	if !p.broken && p.at < len(p.data) {
		p.add("", "schema.trailing", "offset", p.at)
	}
	return value, p.fields
}

func (p *parser) fail(code string, pairs ...any) any {
	if !p.broken {
		p.broken = true
		p.add(p.place.pointer(), code, pairs...)
	}
	return nil
}

func (p *parser) syntax() any { return p.fail("schema.syntax", "offset", p.at) }

func (p *parser) blanks() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// next gives the next byte that is not blank, without passing it; 0 at the end.
func (p *parser) next() byte {
	p.blanks()
	if p.at == len(p.data) {
		return 0
	}
	return p.data[p.at]
}

func (p *parser) value() any {
	switch c := p.next(); {
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == '"':
		return p.text()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for _, literal := range []struct {
		word  string
		value any
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if strings.HasPrefix(string(p.data[p.at:min(len(p.data), p.at+5)]), literal.word) {
			p.at += len(literal.word)
			return literal.value
		}
	}
	return p.syntax()
}

func (p *parser) deeper(s step) bool {
	if len(p.place) >= mostDepth {
		p.fail("schema.too_deep", "most", mostDepth)
		return false
	}
	p.place = append(p.place, s)
	return true
}

func (p *parser) object() any {
	p.at++ // {
	object := map[string]any{}
	if p.next() == '}' {
		p.at++
		return object
	}
	for {
		if p.next() != '"' {
			return p.syntax()
		}
		name := p.text()
		if p.next() != ':' {
			return p.syntax()
		}
		p.at++
		if !p.deeper(step{name: name, named: true}) {
			return nil
		}
		if _, twice := object[name]; twice {
			p.add(p.place.pointer(), "schema.duplicate_key")
		}
		object[name] = p.value()
		p.place = p.place[:len(p.place)-1]
		if more, ok := p.more('}'); !more || !ok {
			return object
		}
	}
}

func (p *parser) array() any {
	p.at++ // [
	items := []any{}
	if p.next() == ']' {
		p.at++
		return items
	}
	for {
		if !p.deeper(step{index: len(items)}) {
			return nil
		}
		items = append(items, p.value())
		p.place = p.place[:len(p.place)-1]
		if more, ok := p.more(']'); !more || !ok {
			return items
		}
	}
}

// more passes a comma (more is true) or the end of an object or array.
func (p *parser) more(end byte) (more, ok bool) {
	if p.broken {
		return false, false
	}
	switch p.next() {
	case ',':
		p.at++
		return true, true
	case end:
		p.at++
		return false, true
	}
	p.syntax()
	return false, false
}

// text reads a string.
func (p *parser) text() string {
	p.at++ // "
	start := p.at
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case c == '"':
			raw := p.data[start:p.at]
			p.at++
			if known, ok := p.names[string(raw)]; ok {
				return known
			}
			return p.checked(string(raw))
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			p.syntax()
			return ""
		}
		p.at++
	}
	p.syntax()
	return ""
}

// escaped reads the rest of a string in which there is an escape.
func (p *parser) escaped(start int) string {
	b := append(make([]byte, 0, p.at-start+32), p.data[start:p.at]...)
	for p.at < len(p.data) {
		c := p.data[p.at]
		switch {
		case c == '"':
			p.at++
			return p.checked(string(b))
		case c < ' ':
			p.syntax()
			return ""
		case c != '\\':
			b = append(b, c)
			p.at++
			continue
		}
		r, ok := p.escape()
		if !ok {
			p.syntax()
			return ""
		}
		b = utf8.AppendRune(b, r)
	}
	p.syntax()
	return ""
}

// escape reads one escape. Half a surrogate pair is no character: it is reported and read as U+FFFD.
func (p *parser) escape() (rune, bool) {
	if p.at+1 >= len(p.data) {
		return 0, false
	}
	c := p.data[p.at+1]
	p.at += 2
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), true
	}
	if c != 'u' {
		return 0, false
	}
	r, ok := p.hex()
	if !ok || r < 0xD800 || r > 0xDFFF {
		return r, ok
	}
	if r <= 0xDBFF && p.at+1 < len(p.data) && p.data[p.at] == '\\' && p.data[p.at+1] == 'u' {
		p.at += 2
		low, ok := p.hex()
		if !ok {
			return 0, false
		}
		if low >= 0xDC00 && low <= 0xDFFF {
			return 0x10000 + (r-0xD800)<<10 + (low - 0xDC00), true
		}
	}
	p.add(p.place.pointer(), "schema.utf8")
	return utf8.RuneError, true
}

func (p *parser) hex() (rune, bool) {
	if p.at+4 > len(p.data) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p.data[p.at:p.at+4]), 16, 16)
	p.at += 4
	return rune(n), err == nil
}

// checked reports a string that may not be stored: SQLite would take a NUL that PostgreSQL refuses, and two forms of one
// letter would be two texts.
func (p *parser) checked(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		p.add(p.place.pointer(), "schema.nul")
	}
	if !norm.NFC.IsNormalString(s) {
		p.add(p.place.pointer(), "schema.not_nfc")
	}
	return s
}

// number reads a number: int64 when it is written as an integer, float64 otherwise.
func (p *parser) number() any {
	start := p.at
	if p.data[p.at] == '-' {
		p.at++
	}
	whole := p.digits()
	if whole == 0 || whole > 1 && p.data[p.at-whole] == '0' {
		return p.syntax()
	}
	integer := true
	if p.at < len(p.data) && p.data[p.at] == '.' {
		p.at++
		integer = false
		if p.digits() == 0 {
			return p.syntax()
		}
	}
	if p.at < len(p.data) && (p.data[p.at] == 'e' || p.data[p.at] == 'E') {
		p.at++
		integer = false
		if p.at < len(p.data) && (p.data[p.at] == '+' || p.data[p.at] == '-') {
			p.at++
		}
		if p.digits() == 0 {
			return p.syntax()
		}
	}
	return p.safe(string(p.data[start:p.at]), integer)
}

func (p *parser) digits() int {
	start := p.at
	for p.at < len(p.data) && p.data[p.at] >= '0' && p.data[p.at] <= '9' {
		p.at++
	}
	return p.at - start
}

// safe refuses a number that a 64-bit float cannot hold: its canonical form (RFC 8785) would be another number.
func (p *parser) safe(text string, integer bool) any {
	if integer {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n > mostInteger || n < -mostInteger {
			p.add(p.place.pointer(), "schema.number")
		}
		return n
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || significant(text) > mostDigits || f == 0 && significant(text) > 0 {
		p.add(p.place.pointer(), "schema.number")
	}
	return f
}

// significant counts the significant digits of a decimal number.
func significant(text string) int {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		text = text[:i]
	}
	text = strings.NewReplacer("-", "", ".", "").Replace(text)
	return len(strings.Trim(text, "0"))
}
