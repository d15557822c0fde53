package exchange

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"

	"bioincident/internal/fault"
)

// The encodings that are found out; others are read when they are named.
const (
	encodingUTF8    = "utf-8"
	encodingMarked  = "utf-8 with BOM"
	encodingUTF16LE = "utf-16le"
	encodingUTF16BE = "utf-16be"
	encodingWindows = "windows-1252"
	encodingMac     = "macintosh"
)

// codePage is an encoding of one byte a character.
type codePage struct {
	name string
	*charmap.Charmap
}

func codePages() []*codePage {
	return []*codePage{{encodingWindows, charmap.Windows1252}, {encodingMac, charmap.Macintosh}}
}

// encodingNamed gives an encoding by its IANA name, or by another name under which the web knows it; nil is UTF-8.
func encodingNamed(name string) (encoding.Encoding, error) {
	if name == encodingMarked {
		name = encodingUTF8
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "import.encoding_unknown", "encoding", name)
	}
	if canonical, _ := htmlindex.Name(e); canonical == encodingUTF8 {
		return nil, nil
	}
	return e, nil
}

// canonicalEncoding gives the name of an encoding under which the web knows it first.
func canonicalEncoding(name string) string {
	if e, err := htmlindex.Get(name); err == nil {
		if canonical, err := htmlindex.Name(e); err == nil {
			return canonical
		}
	}
	return name
}

// decoded reads text of an encoding as UTF-8.
func decoded(in io.Reader, name string) (io.Reader, error) {
	e, err := encodingNamed(name)
	if err != nil || e == nil {
		return in, err
	}
	return transform.NewReader(in, e.NewDecoder()), nil
}

// token is a character of the file, or a byte that is none.
type token struct {
	r   rune
	raw bool
}

// sample is a byte that is no UTF-8 where it stands.
type sample struct {
	before, at, after token
	line              int64
}

// weighed is what the bytes of a file say of its encoding.
type weighed struct {
	mark     string // encoding by its byte order mark
	many     int64  // characters of several bytes that are UTF-8
	manyLine int64  // line of the first
	samples  []sample
	misread  map[string]int // by code page: characters that had been decoded by it, although they were UTF-8
	unreadAt int64          // line of the first byte that is no UTF-8, 0 for none
	zeros    bool           // it holds bytes that no text of one byte a character holds
}

const (
	mostSamples = 4096 // are enough to decide
	longestRun  = 4096 // of characters beyond ASCII that are looked at together
)

// weigh reads the bytes of a file.
func weigh(file File) (weighed, error) {
	in, err := file.Open()
	if err != nil {
		return weighed{}, err
	}
	defer in.Close() //nolint:errcheck // reading only: what could not be read is told by the reads
	plain, err := unpacked(in)
	if err != nil {
		return weighed{}, fault.New(fault.Invalid, "import.not_gzip", "file", file.Name).Because(err)
	}
	buffered := bufio.NewReaderSize(plain, 1<<16)
	w := weighed{misread: map[string]int{}, mark: markOf(buffered)}
	if w.mark == encodingUTF16LE || w.mark == encodingUTF16BE {
		return w, nil
	}
	return w, w.read(buffered)
}

// markOf gives the encoding that a byte order mark tells, "" without one.
func markOf(in *bufio.Reader) string {
	head, _ := in.Peek(3)
	switch text := string(head); {
	case text == "\xEF\xBB\xBF":
		return encodingMarked
	case strings.HasPrefix(text, "\xFF\xFE"):
		return encodingUTF16LE
	case strings.HasPrefix(text, "\xFE\xFF"):
		return encodingUTF16BE
	}
	return ""
}

// read goes through all characters.
func (w *weighed) read(in *bufio.Reader) error {
	line, before := int64(1), token{r: '\n'}
	var run []rune // characters beyond ASCII that follow each other
	pages := codePages()
	for {
		now, err := nextToken(in)
		if errors.Is(err, io.EOF) {
			now = token{r: '\n'}
		} else if err != nil {
			return err
		}
		if n := len(w.samples); n > 0 && w.samples[n-1].after == (token{}) {
			w.samples[n-1].after = now
		}
		switch {
		case now.raw:
			if w.unreadAt == 0 {
				w.unreadAt = line
			}
			if len(w.samples) < mostSamples {
				w.samples = append(w.samples, sample{before: before, at: now, line: line})
			}
			run = run[:0]
		case now.r >= utf8.RuneSelf && now.r != '\uFEFF' && len(run) < longestRun:
			if w.many++; w.many == 1 {
				w.manyLine = line
			}
			run = append(run, now.r)
		case len(run) > 0:
			for _, page := range pages {
				_, n := page.repaired(run)
				w.misread[page.name] += n
			}
			run = run[:0]
		}
		if err != nil {
			return nil
		}
		switch now.r {
		case '\n':
			line++
		case 0:
			w.zeros = true
		}
		before = now
	}
}

func nextToken(in *bufio.Reader) (token, error) {
	r, size, err := in.ReadRune()
	if err != nil || r != utf8.RuneError || size > 1 {
		return token{r: r}, err
	}
	if err := in.UnreadRune(); err != nil {
		return token{}, err
	}
	b, err := in.ReadByte()
	return token{r: rune(b), raw: true}, err
}

// decide says which encoding it is, by what was asked for where the file does not contradict it.
func (w *weighed) decide(seen *Seen, file, asked string) error {
	seen.Encoding = w.found()
	if asked != "" {
		name := canonicalEncoding(asked)
		if line := w.contradicts(name); line > 0 {
			code := "import.wrong_encoding"
			if name == encodingUTF8 {
				code = "import.not_utf8"
			}
			return fault.New(fault.Invalid, code, "file", file, "line", line, "encoding", asked)
		}
		if name != encodingUTF8 || seen.Encoding != encodingMarked {
			seen.Encoding = name
		}
	}
	for _, page := range codePages() {
		switch seen.Encoding {
		case encodingUTF8, encodingMarked:
			if n := w.misread[page.name]; n > 0 && (seen.repair == nil || n > w.misread[seen.repair.name]) {
				seen.repair = page
			}
		case page.name: // characters that are UTF-8 in a file that is not had been decoded before
			if w.many > 0 {
				seen.repair = page
			}
		}
	}
	seen.Repaired = seen.repair != nil
	return nil
}

// found gives the encoding that the bytes tell.
func (w *weighed) found() string {
	switch {
	case w.mark != "" && w.unreadAt == 0:
		return w.mark
	case w.unreadAt == 0:
		return encodingUTF8
	}
	best, most := "", 0
	for _, page := range codePages() {
		if score, _ := w.score(page); best == "" || score > most {
			best, most = page.name, score
		}
	}
	return best
}

// contradicts gives the line where the file shows that it is not in an encoding, 0 where it does not.
func (w *weighed) contradicts(name string) int64 {
	switch {
	case name == encodingUTF8 && w.mark != encodingUTF16LE && w.mark != encodingUTF16BE:
		return w.unreadAt
	case w.mark != "" && name != w.mark, w.mark == "" && strings.HasPrefix(name, "utf-16") && !w.zeros:
		return 1
	}
	for _, page := range codePages() {
		if page.name != name {
			continue
		}
		if w.unreadAt == 0 {
			return w.manyLine
		}
		own, line := w.score(page)
		if line > 0 && w.found() != name && (own < 0 || w.sound(w.found())) {
			return line
		}
	}
	return 0
}

// sound tells whether all samples make sense in a code page.
func (w *weighed) sound(name string) bool {
	for _, page := range codePages() {
		if _, line := w.score(page); page.name == name && line > 0 {
			return false
		}
	}
	return true
}

// score tells how much sense the samples make in a code page, and the line of the first that makes none.
func (w *weighed) score(page *codePage) (sum int, line int64) {
	read := func(t token) rune {
		if t.raw {
			return page.DecodeByte(byte(t.r))
		}
		return t.r
	}
	for _, s := range w.samples {
		points := sense(read(s.before), read(s.at), read(s.after))
		if sum += points; points < 0 && line == 0 {
			line = s.line
		}
	}
	return sum, line
}

// sense tells how likely a character beyond ASCII is where it stands.
func sense(before, r, after rune) int {
	switch {
	case unicode.IsControl(r) || r == utf8.RuneError:
		return -10
	case unicode.IsLetter(r) && (unicode.IsDigit(before) || unicode.IsDigit(after)):
		return -2
	case unicode.IsUpper(r) && unicode.IsLower(before):
		return -2
	case unicode.IsLetter(r) && (unicode.IsLetter(before) || unicode.IsLetter(after)):
		return 2
	case unicode.IsLetter(r):
		return -1
	case strings.ContainsRune("–—‘’“”…•\u00A0", r):
		return 2
	case strings.ContainsRune("°§©®±×€£«»·½¼¾²³¿¡", r):
		return 1
	}
	return -2
}

// repair puts right what had been decoded by this code page, although it was UTF-8.
func (p *codePage) repair(text string) string {
	if p == nil || isASCII(text) {
		return text
	}
	fixed, n := p.repaired([]rune(text))
	if n == 0 {
		return text
	}
	return string(fixed)
}

// repaired gives the characters that stand for what was decoded wrongly, and how many there are.
func (p *codePage) repaired(text []rune) (fixed []rune, n int) {
	for i := 0; i < len(text); {
		if r, size := p.whole(text[i:]); size > 0 {
			fixed, n, i = append(fixed, r), n+1, i+size
			continue
		}
		fixed, i = append(fixed, text[i]), i+1
	}
	return fixed, n
}

// whole reads the bytes that the first characters had as one character of UTF-8; size 0 when they are none, or one that
// nobody would have written.
func (p *codePage) whole(text []rune) (r rune, size int) {
	var bytes [utf8.UTFMax]byte
	for i := range min(len(text), len(bytes)) {
		b, ok := p.EncodeRune(text[i])
		if !ok || b < utf8.RuneSelf {
			break
		}
		bytes[i] = b
		if r, size = utf8.DecodeRune(bytes[:i+1]); r != utf8.RuneError && size == i+1 {
			if written(r) {
				return r, size
			}
			return 0, 0
		}
	}
	return 0, 0
}

// written tells of characters that stand in texts of the six languages and in names.
func written(r rune) bool {
	switch {
	case r >= 0xA0 && r <= 0x17F, r >= 0x400 && r <= 0x4FF, r >= 0x600 && r <= 0x6FF:
		return true
	case r >= 0x2010 && r <= 0x203A, r == '€', r == '™', r >= 0x4E00 && r <= 0x9FFF:
		return true
	case r >= 0x1E00 && r <= 0x1EFF, r == '\uFB01', r == '\uFB02':
		return true
	}
	return false
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
