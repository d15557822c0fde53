package schema

import (
	"strings"
	"unicode"
	"unicode/utf8"

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
	f := folder{}
	f.b.Grow(len(s))
	for text := norm.NFC.String(strings.ToValidUTF8(s, " ")); text != ""; {
		r, size := utf8.DecodeRuneInString(text)
		parts := norm.NFKD.PropertiesString(text).Decomposition()
		text = text[size:]
		if parts == nil || ownLetter(unicode.ToLower(r)) {
			f.add(r)
			continue
		}
		for _, part := range string(parts) {
			f.add(part)
		}
	}
	return norm.NFC.String(f.b.String())
}

// folder writes a folded name.
type folder struct {
	b     strings.Builder
	blank bool // one is due before the next letter
}

func (f *folder) add(r rune) {
	switch {
	case isMark(r):
		return
	case isBlank(r):
		f.blank = f.b.Len() > 0
		return
	}
	if f.blank {
		f.b.WriteByte(' ')
		f.blank = false
	}
	f.b.WriteString(spelled(plain(unicode.ToLower(r))))
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
	case r >= 0x0610 && r <= 0x061A, r >= 0x064B && r <= 0x065F, r == 0x0670:
		return true
	case r >= 0x06D6 && r <= 0x06ED: // signs of recitation
		return unicode.Is(unicode.Mn, r)
	}
	return unicode.Is(unicode.Cf, r)
}

// ownLetter tells of letters with a mark that are letters of their own: without it they would be others.
func ownLetter(r rune) bool {
	switch r {
	case 'й', 'ў', 'ї', 'ñ':
		return true
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
	case 'ς':
		return 'σ'
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
