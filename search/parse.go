package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bioincident/internal/fault"
)

// Bounds of a query. They keep one question from costing what a thousand do.
const (
	longestQuery = 1000 // bytes
	mostParts    = 64   // words, phrases and fields
	deepest      = 12   // parentheses and negations within each other
)

// asked is a query as it was written.
type asked struct {
	root    node // nil when everything is asked for
	certain bool // certain:true stands in it: only what certainly matches
}

// node is a part of a query as it was written: and, or, not, certain, run, phrase, field.
type node interface{}

type and struct{ parts []node }

type or struct{ parts []node }

type not struct{ part node }

// certain is certain:… in front of a field, a phrase or a group.
type certain struct{ part node }

// run is bare words one after another: where names are looked for.
type run struct{ words []word }

// word is a run of characters without a blank.
type word struct {
	text   string
	column int // of the first character, from 1
}

// phrase is words in quotation marks.
type phrase word

// field is name:value, or name:(value OR value). A value of a group may be several bare words.
type field struct {
	name   string
	values []word
}

// certainName is what stands before a colon and is no field.
const certainName = "certain"

// fieldNames are what can stand before a colon.
func fieldNames() []string {
	return append(FacetNames(), "region", "id", string(Began), string(Active), string(Reported), "deaths", "cases", certainName)
}

// parse reads a query. Errors are search.too_long and search.syntax with the column, from 1, and what was expected there.
func parse(text string) (asked, error) {
	if len(text) > longestQuery {
		return asked{}, fault.New(fault.Invalid, "search.too_long", "most", longestQuery)
	}
	tokens, err := scan(text)
	if err != nil {
		return asked{}, err
	}
	p := &parser{tokens: tokens}
	if p.peek().kind == endToken {
		return asked{}, nil
	}
	root, err := p.or(0)
	if err != nil {
		return asked{}, err
	}
	if p.peek().kind != endToken { // only a closing parenthesis ends a query early
		return asked{}, syntax(p.peek().column, "(")
	}
	return asked{root: root, certain: p.certain}, nil
}

// syntax says that something else was expected at a column.
func syntax(column int, expected string) error {
	return fault.New(fault.Invalid, "search.syntax", "column", column, "expected", expected).
		At("/q", "search.syntax", "column", column, "expected", expected)
}

type tokenKind uint8

const (
	endToken tokenKind = iota
	wordToken
	phraseToken
	fieldToken // text is the name; its value is the next token
	openToken
	closeToken
	andToken
	orToken
	notToken
)

type token struct {
	kind   tokenKind
	text   string
	column int
	end    int // column after it
}

// scanner cuts a query into tokens.
type scanner struct {
	rest   string
	column int
	tokens []token
}

func scan(text string) ([]token, error) {
	s := &scanner{rest: text, column: 1}
	parts := 0
	for {
		s.skipBlanks()
		if s.rest == "" {
			s.add(endToken, "", s.column)
			return s.tokens, nil
		}
		if s.valueIsNext() {
			s.value()
		} else if err := s.next(); err != nil {
			return nil, err
		}
		switch s.tokens[len(s.tokens)-1].kind {
		case wordToken, phraseToken:
			parts++
		}
		if parts > mostParts {
			return nil, fault.New(fault.Invalid, "search.too_long", "most", mostParts)
		}
	}
}

func (s *scanner) add(kind tokenKind, text string, column int) {
	s.tokens = append(s.tokens, token{kind, text, column, s.column})
}

// take moves over n bytes and gives them.
func (s *scanner) take(n int) string {
	taken := s.rest[:n]
	s.rest = s.rest[n:]
	s.column += utf8.RuneCountInString(taken)
	return taken
}

func (s *scanner) skipBlanks() {
	n := strings.IndexFunc(s.rest, func(r rune) bool { return !isBlank(r) })
	if n < 0 {
		n = len(s.rest)
	}
	s.take(n)
}

// isBlank tells of what stands between words of a query; an ideographic comma and full stop, too.
func isBlank(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("，。、；،؛", r)
}

// endsWord tells of what ends a bare word: blanks, parentheses, quotation marks.
func endsWord(r rune) bool {
	return isBlank(r) || strings.ContainsRune("()（）\"“”„＂«»「」", r)
}

// valueIsNext tells whether a bare value follows its colon at once. Nothing in it is an operator or another field:
// id:doi:10.1/x, area:-, cases:<5.
func (s *scanner) valueIsNext() bool {
	last := len(s.tokens) - 1
	if last < 0 || s.tokens[last].kind != fieldToken || s.tokens[last].text == certainName || s.column != s.tokens[last].end {
		return false
	}
	following, _ := utf8.DecodeRuneInString(s.rest)
	return !endsWord(following)
}

func (s *scanner) value() {
	column := s.column
	end := strings.IndexFunc(s.rest, endsWord)
	if end < 0 {
		end = len(s.rest)
	}
	s.add(wordToken, s.take(end), column)
}

func (s *scanner) next() error {
	column := s.column
	r, size := utf8.DecodeRuneInString(s.rest)
	switch r {
	case '(', '（':
		s.take(size)
		s.add(openToken, "(", column)
		return nil
	case ')', '）':
		s.take(size)
		s.add(closeToken, ")", column)
		return nil
	case '-', '−':
		if following, _ := utf8.DecodeRuneInString(s.rest[size:]); len(s.rest) > size && !isBlank(following) && !strings.ContainsRune("-)）", following) {
			s.take(size)
			s.add(notToken, "-", column)
			return nil
		}
	}
	if closing := closingQuote(r); closing != "" {
		return s.phrase(size, closing)
	}
	s.word()
	return nil
}

// closingQuote gives the marks that end what a mark begins; "" when it is none.
func closingQuote(r rune) string {
	switch r {
	case '"', '“', '”', '„', '＂':
		return "\"”“＂"
	case '«':
		return "»"
	case '「':
		return "」"
	}
	return ""
}

func (s *scanner) phrase(opening int, closing string) error {
	column := s.column
	s.take(opening)
	end := strings.IndexAny(s.rest, closing)
	if end < 0 {
		return syntax(s.column+utf8.RuneCountInString(s.rest), closingShown(closing))
	}
	text := s.take(end)
	_, size := utf8.DecodeRuneInString(s.rest)
	s.take(size)
	if strings.TrimSpace(text) == "" {
		return syntax(column+1, "…")
	}
	s.add(phraseToken, text, column+1)
	return nil
}

func closingShown(closing string) string {
	_, size := utf8.DecodeRuneInString(closing)
	return closing[:size]
}

// word reads a bare word, an operator, or the name before a colon.
func (s *scanner) word() {
	column := s.column
	end := strings.IndexFunc(s.rest, endsWord)
	if end < 0 {
		end = len(s.rest)
	}
	if end == 0 { // a closing mark that nothing opened
		_, end = utf8.DecodeRuneInString(s.rest)
	}
	if name, size, ok := fieldBefore(s.rest[:end], s.rest[end:]); ok {
		s.take(size)
		s.add(fieldToken, strings.ToLower(name), column)
		return
	}
	text := s.take(end)
	switch text {
	case "AND", "&&":
		s.add(andToken, text, column)
	case "OR", "||", "|":
		s.add(orToken, text, column)
	case "NOT":
		s.add(notToken, text, column)
	default:
		s.add(wordToken, text, column)
	}
}

// fieldBefore gives the name in front of a colon that a value follows, and the bytes of both. A scheme (https://) is none.
func fieldBefore(text, after string) (name string, size int, ok bool) {
	at := strings.IndexAny(text, ":：")
	if at <= 0 {
		return "", 0, false
	}
	_, colon := utf8.DecodeRuneInString(text[at:])
	name, value := text[:at], text[at+colon:]
	if strings.HasPrefix(value, "//") {
		return "", 0, false
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' {
			return "", 0, false
		}
	}
	known := slices.Contains(fieldNames(), strings.ToLower(name))
	following, _ := utf8.DecodeRuneInString(after)
	return name, at + colon, known || value != "" || closingQuote(following) != "" || following == '(' || following == '（'
}

type parser struct {
	tokens  []token
	at      int
	certain bool // certain:true was read
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != endToken {
		p.at++
	}
	return t
}

// or reads parts between OR. It is nil when certain:true is all there is.
func (p *parser) or(depth int) (node, error) {
	var parts []node
	for {
		start := p.peek()
		part, err := p.and(depth)
		if err != nil {
			return nil, err
		}
		more := p.peek().kind == orToken
		if part == nil && (more || len(parts) > 0) {
			return nil, syntax(start.column, "…")
		}
		parts = append(parts, part)
		if !more {
			return oneOr(parts, func(parts []node) node { return or{parts} }), nil
		}
		p.next()
	}
}

func oneOr(parts []node, several func([]node) node) node {
	if len(parts) == 1 {
		return parts[0]
	}
	return several(parts)
}

// and reads parts up to OR, a closing parenthesis or the end. Words that stand together are one run. It is nil when
// certain:true is all there is.
func (p *parser) and(depth int) (node, error) {
	var parts []node
	read, joined := false, false // something was read; an AND stands before
	for {
		t := p.peek()
		switch t.kind {
		case endToken, closeToken, orToken:
			if !read || joined {
				return nil, syntax(t.column, "…")
			}
			if len(parts) == 0 {
				return nil, nil
			}
			return oneOr(parts, func(parts []node) node { return and{parts} }), nil
		case andToken:
			if !read || joined {
				return nil, syntax(t.column, "…")
			}
			p.next()
			joined = true
			continue
		case wordToken:
			last := len(parts) - 1
			if r, ok := lastRun(parts); ok && !joined {
				parts[last] = run{append(r.words, word{t.text, t.column})}
			} else {
				parts = append(parts, run{[]word{{t.text, t.column}}})
			}
			p.next()
		default:
			if depth == 0 && p.wholly() {
				break
			}
			part, err := p.primary(depth)
			if err != nil {
				return nil, err
			}
			parts = append(parts, part)
		}
		read, joined = true, false
	}
}

// wholly takes certain:true, which is about the whole query.
func (p *parser) wholly() bool {
	name := p.peek()
	if name.kind != fieldToken || name.text != certainName {
		return false
	}
	value := p.tokens[p.at+1]
	if value.kind != wordToken || value.column != name.end || !strings.EqualFold(value.text, "true") {
		return false
	}
	p.at += 2
	p.certain = true
	return true
}

func lastRun(parts []node) (run, bool) {
	if len(parts) == 0 {
		return run{}, false
	}
	r, ok := parts[len(parts)-1].(run)
	return r, ok
}

func (p *parser) primary(depth int) (node, error) {
	t := p.next()
	if depth > deepest {
		return nil, fault.New(fault.Invalid, "search.too_long", "most", deepest)
	}
	switch t.kind {
	case wordToken:
		return run{[]word{{t.text, t.column}}}, nil
	case phraseToken:
		return phrase{t.text, t.column}, nil
	case fieldToken:
		if t.text == certainName {
			return p.certainly(depth)
		}
		return p.field(t)
	case notToken:
		part, err := p.primary(depth + 1)
		if err != nil {
			return nil, err
		}
		return not{part}, nil
	case openToken:
		part, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.peek().kind != closeToken {
			return nil, syntax(p.peek().column, ")")
		}
		p.next()
		return part, nil
	}
	return nil, syntax(t.column, "…")
}

// certainly reads what certain: stands in front of.
func (p *parser) certainly(depth int) (node, error) {
	t := p.peek()
	if t.kind != phraseToken && t.kind != openToken && (t.kind != fieldToken || t.text == certainName) {
		expected := "certain:(…)"
		if depth == 0 {
			expected = "certain:true certain:(…)"
		}
		return nil, syntax(t.column, expected)
	}
	part, err := p.primary(depth + 1)
	if err != nil {
		return nil, err
	}
	return certain{part}, nil
}

func (p *parser) field(name token) (node, error) {
	if !slices.Contains(fieldNames(), name.text) {
		return nil, syntax(name.column, strings.Join(likelyFields(name.text), ": ")+":")
	}
	if p.peek().kind == openToken {
		return p.group(name)
	}
	value := p.next()
	if value.kind != wordToken && value.kind != phraseToken {
		return nil, syntax(value.column, name.text+":…")
	}
	return field{name.text, []word{{value.text, value.column}}}, nil
}

// likelyFields gives the fields that were perhaps meant, else all.
func likelyFields(name string) []string {
	if meant := nearest(name, fieldNames()); len(meant) > 0 {
		return meant
	}
	return fieldNames()
}

// group reads (value OR value). Bare words up to OR are one value: area:(Burkina Faso OR Mali).
func (p *parser) group(name token) (node, error) {
	p.next()
	f := field{name: name.text}
	for {
		value, err := p.groupValue(name)
		if err != nil {
			return nil, err
		}
		f.values = append(f.values, value)
		switch t := p.next(); t.kind {
		case orToken:
		case closeToken:
			return f, nil
		default:
			return nil, syntax(t.column, ")")
		}
	}
}

func (p *parser) groupValue(name token) (word, error) {
	first := p.next()
	if first.kind != wordToken && first.kind != phraseToken {
		return word{}, syntax(first.column, name.text+":…")
	}
	value := word{first.text, first.column}
	for first.kind == wordToken && p.peek().kind == wordToken {
		value.text += " " + p.next().text
	}
	return value, nil
}
