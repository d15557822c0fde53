package exchange

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// clean gives a text in Normalization Form C without characters that show nothing: control characters other than the
// line break are taken out, or replaced by U+FFFD where a byte of another encoding left one (U+0080 to U+009F); marks of
// writing direction, soft hyphens and zero-width blanks are taken out; the line separators of Unicode are line breaks.
// Blanks at the ends of lines and empty lines are taken out.
func clean(text string) string {
	if plainASCII(text) {
		return text
	}
	text = strings.Map(shown, norm.NFC.String(text))
	lines := strings.Split(text, "\n")
	kept := lines[:0]
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return norm.NFC.String(strings.Join(kept, "\n"))
}

// plainASCII tells of the common case: there is nothing to clean.
func plainASCII(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return text == "" || text[0] != ' ' && text[len(text)-1] != ' '
}

// shown gives the character that stands for another, -1 for none.
func shown(r rune) rune {
	switch {
	case r == '\n', r == '\u2028', r == '\u2029', r == '\v', r == '\f', r == '\r':
		return '\n'
	case r == '\t', r == '\u00A0', r == '\u202F':
		return ' '
	case r >= 0x80 && r <= 0x9F:
		return utf8.RuneError
	case r == '\u00AD', r == '\u200B', r == '\u2060', r == '\uFEFF',
		r == '\u200E', r == '\u200F', r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069':
		return -1
	case unicode.IsControl(r):
		return -1
	}
	return r
}

// oneLine gives a cleaned text on one line with single blanks.
func oneLine(text string) string {
	if strings.Contains(text, "  ") || !plainASCII(text) {
		return strings.Join(strings.Fields(clean(text)), " ")
	}
	return text
}

// cutMark stands where the rest of a text was left out.
const cutMark = "…"

// cutSentence gives at most so many characters of a text: whole sentences where there are any in its second half, else
// whole words, and a mark that it goes on.
func cutSentence(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	head := firstRunes(text, most-2)
	end := -1
	for i := len(head) - 1; i > len(head)/2; i-- {
		if (head[i] == ' ' || head[i] == '\n') && strings.IndexByte(".!?", head[i-1]) >= 0 {
			end = i
			break
		}
	}
	if end < 0 {
		return cutWord(text, most)
	}
	return head[:end] + " " + cutMark
}

// cutWord gives at most so many characters of a text, whole words where it has any, and a mark that it goes on.
func cutWord(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	head := firstRunes(text, most-1)
	if end := strings.LastIndexAny(head, " \n"); end > len(head)/2 {
		head = head[:end]
	}
	return strings.TrimRight(head, " ,;\n") + cutMark
}

// firstRunes gives the first n characters.
func firstRunes(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}
