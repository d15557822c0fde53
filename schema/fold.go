package schema

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold brings names that people take for the same to the same string: without case, diacritics, full width, the Arabic
// vowel signs and tatweel, the forms of alef, ya and ta marbuta, digits of other scripts; punctuation is a blank and a
// run of blanks is one. Letters with a mark that are letters of their own keep it: й (not и), ñ (not n). The result is
// for comparison, not for showing. Folding what is folded changes nothing.
func Fold(s string) string {
	if folded, ok := foldASCII(s); ok {
		return folded
	}
	decomposed := norm.NFKD.String(cases.Fold().String(norm.NFKC.String(s)))
	var b strings.Builder
	b.Grow(len(decomposed))
	last, blank := rune(0), false
	for _, r := range decomposed {
		switch {
		case isMark(r):
			if ownLetter(last, r) {
				b.WriteRune(r)
			}
			continue
		case isBlank(r):
			blank = b.Len() > 0
			continue
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		last = plain(r)
		b.WriteString(spelled(last))
	}
	return norm.NFC.String(b.String())
}

// foldASCII is the short way for names in ASCII; ok is false when the name is not.
func foldASCII(s string) (folded string, ok bool) {
	b := make([]byte, 0, len(s))
	blank := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			return "", false
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c < '0' || c > '9' && c < 'a' || c > 'z':
			blank = len(b) > 0
			continue
		}
		if blank {
			b = append(b, ' ')
			blank = false
		}
		b = append(b, c)
	}
	return string(b), true
}

// isMark tells of the marks that are dropped: those of Latin, Greek and Cyrillic, and the Arabic vowel signs. Marks of
// other scripts carry sounds and stay.
func isMark(r rune) bool {
	switch {
	case r == 'ـ': // tatweel
		return true
	case r >= 0x0300 && r <= 0x036F, r >= 0x1AB0 && r <= 0x1AFF, r >= 0x20D0 && r <= 0x20FF:
		return true
	case r >= 0x0610 && r <= 0x061A, r >= 0x064B && r <= 0x065F, r == 0x0670, r >= 0x06D6 && r <= 0x06DC, r >= 0x06DF && r <= 0x06E8 && r != 0x06E5 && r != 0x06E6, r >= 0x06EA && r <= 0x06ED:
		return true
	}
	return unicode.Is(unicode.Cf, r)
}

// ownLetter tells whether base and mark are together a letter of their own.
func ownLetter(base, mark rune) bool {
	const breve, tilde, diaeresis = 0x0306, 0x0303, 0x0308
	switch mark {
	case breve:
		return base == 'и' || base == 'у' // й ў
	case tilde:
		return base == 'n' // ñ
	case diaeresis:
		return base == 'і' // ї
	}
	return false
}

// isBlank tells of what stands between words. Symbols, too: "Bosnia & Herzegovina".
func isBlank(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }

// plain gives one form to letters and digits that have several.
func plain(r rune) rune {
	switch r {
	case 'ٱ': // alef wasla; the other alefs decompose
		return 'ا'
	case 'ى', 'ی': // alef maqsura, Farsi ya
		return 'ي'
	case 'ة', 'ہ', 'ھ': // ta marbuta, other forms of ha
		return 'ه'
	case 'ک':
		return 'ك'
	case 'ı':
		return 'i'
	}
	switch {
	case r >= '٠' && r <= '٩':
		return '0' + r - '٠'
	case r >= '۰' && r <= '۹':
		return '0' + r - '۰'
	}
	return r
}

// spelled writes out the ligatures of French and German.
func spelled(r rune) string {
	switch r {
	case 'œ':
		return "oe"
	case 'æ':
		return "ae"
	case 'ß':
		return "ss"
	}
	return string(r)
}
