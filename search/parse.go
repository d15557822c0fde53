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

// node is a part of a query as it was written: and, or, not, run, phrase, field.
type node interface{}

type and struct{ parts []node }

type or struct{ parts []node }

type not struct{ part node }

// run is bare words one after another: where names are looked for.
type run struct{ words []word }

// word is a run of characters without a blank.
type word struct {
	text   string
	column int // of the first character, from 1
}

// phrase is words in quotation marks.
type phrase word

// field is name:value.
type field struct {
	name  string
	value word
}

// fieldNames are what can stand before a colon.
func fieldNames() []string {
	return []string{"agent", "area", "cause", "disease", "id", "type", "unit"}
}

// parse reads a query. It is nil when nothing is asked. Errors are search.too_long and search.syntax with the column, from
// 1, and what was expected there.
func parse(text string) (node, error) {
	if len(text) > longestQuery {
		return nil, fault.New(fault.Invalid, "search.too_long", "most", longestQuery)
	}
	tokens, err := scan(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	if p.peek().kind == endToken {
		return nil, nil
	}
	parsed, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.peek().kind != endToken { // only a closing parenthesis ends a query early
		return nil, syntax(p.peek().column, "(")
	}
	return parsed, nil
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
		if err := s.next(); err != nil {
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
	s.tokens = append(s.tokens, token{kind, text, column})
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
		if following, _ := utf8.DecodeRuneInString(s.rest[size:]); len(s.rest) > size && !isBlank(following) && following != '-' {
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
	end := strings.IndexFunc(s.rest, func(r rune) bool {
		return isBlank(r) || strings.ContainsRune("()（）\"“”„＂«»「」", r)
	})
	if end < 0 {
		end = len(s.rest)
	}
	if end == 0 { // a closing mark that nothing opened
		_, end = utf8.DecodeRuneInString(s.rest)
	}
	if name, ok := fieldBefore(s.rest[:end], s.rest[end:]); ok {
		s.take(len(name) + 1)
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

// fieldBefore gives the name in front of a colon that a value follows. A scheme (https://) is none.
func fieldBefore(text, after string) (string, bool) {
	name, value, ok := strings.Cut(text, ":")
	if !ok || name == "" || strings.HasPrefix(value, "//") {
		return "", false
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' {
			return "", false
		}
	}
	known := slices.Contains(fieldNames(), strings.ToLower(name))
	following, _ := utf8.DecodeRuneInString(after)
	return name, known || value != "" || closingQuote(following) != ""
}

type parser struct {
	tokens []token
	at     int
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != endToken {
		p.at++
	}
	return t
}

func (p *parser) or(depth int) (node, error) {
	var parts []node
	for {
		part, err := p.and(depth)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
		if p.peek().kind != orToken {
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

// and reads parts up to OR, a closing parenthesis or the end. Words that stand together are one run.
func (p *parser) and(depth int) (node, error) {
	var parts []node
	joined := false // an AND stands before
	for {
		t := p.peek()
		switch t.kind {
		case endToken, closeToken, orToken:
			if len(parts) == 0 || joined {
				return nil, syntax(t.column, "…")
			}
			return oneOr(parts, func(parts []node) node { return and{parts} }), nil
		case andToken:
			if len(parts) == 0 || joined {
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
			part, err := p.primary(depth)
			if err != nil {
				return nil, err
			}
			parts = append(parts, part)
		}
		joined = false
	}
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

func (p *parser) field(name token) (node, error) {
	if !slices.Contains(fieldNames(), name.text) {
		return nil, syntax(name.column, strings.Join(fieldNames(), ": ")+":")
	}
	value := p.next()
	if value.kind != wordToken && value.kind != phraseToken {
		return nil, syntax(value.column, name.text+":…")
	}
	return field{name.text, word{value.text, value.column}}, nil
}
