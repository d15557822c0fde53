package auth

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"bioincident/internal/fault"
)

// Length of a password in characters, and how many different ones must be left when everything that is tried first is
// taken out of it.
const (
	leastPassword = 12
	mostPassword  = 256
	leastLeft     = 5
	leastPart     = 3 // a shorter name or run says nothing
)

// normal gives the one form of a text that keyboards write in several: the same password must open from each.
func normal(password string) string { return norm.NFC.String(password) }

// acceptable gives the normal form of a new password, or refuses it.
func acceptable(password string, names []string) (string, error) {
	password = normal(password)
	length := utf8.RuneCountInString(password)
	if !utf8.ValidString(password) || length < leastPassword || length > mostPassword {
		const code = "password.length"
		return "", fault.New(fault.Invalid, code, "least", leastPassword, "most", mostPassword).
			At("/password", code, "least", leastPassword, "most", mostPassword)
	}
	if guessable(password, names) {
		return "", fault.New(fault.Invalid, "password.guessable").At("/password", "password.guessable")
	}
	return password, nil
}

// guessable takes out of a password what is tried first: the person's own names, the commonest words however they are
// spelt, and runs of the keyboard, of the alphabet, of digits and of one letter. Too few different characters are left of
// "P4ssw0rd2026!!" and of "anaanaanaana", enough of any four words.
func guessable(password string, names []string) bool {
	left := []rune(strings.ToLower(password))
	folded := fold(string(left))
	for _, part := range slices.Concat(partsOf(names), commonest()) {
		folded = strings.ReplaceAll(folded, part, strings.Repeat(" ", utf8.RuneCountInString(part)))
	}
	for i, letter := range []rune(folded) {
		if letter == ' ' {
			left[i] = ' '
		}
	}
	different := map[rune]bool{}
	for i, letter := range left {
		if (unicode.IsLetter(letter) || unicode.IsNumber(letter)) && !onRun(left, i) {
			different[letter] = true
		}
	}
	return len(different) < leastLeft
}

// fold makes one letter of those that people put in each other's place.
func fold(text string) string {
	stead := strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")
	return stead.Replace(strings.ToLower(text))
}

// partsOf gives the words of names, folded as the password is.
func partsOf(names []string) []string {
	notPart := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }
	var parts []string
	for _, name := range names {
		for _, part := range strings.FieldsFunc(strings.ToLower(normal(name)), notPart) {
			if utf8.RuneCountInString(part) >= leastPart {
				parts = append(parts, fold(part))
			}
		}
	}
	return parts
}

// commonest are the words that people choose first, in the six languages, and the words of this place, as fold leaves them.
// What is put behind them (a number, a year, a sign) makes too little difference. A longer word stands before its part.
func commonest() []string {
	return []string{
		"bioincident", "biosecurity", "contrasena", "contraseña", "motdepasse", "administrator", "passwort", "password", "superman",
		"sunshine", "princess", "football", "iloveyou", "changeme", "trustnoi", "welcome", "letmein", "bonjour", "dragon",
		"monkey", "master", "shadow", "summer", "winter", "spring", "autumn", "secret", "passw", "admin", "login", "hello", "hola", "pass", "woaini", "mima",
		"пароль", "привет", "любовь", "كلمةالسر", "مرحبا", "密码", "我爱你",
	}
}

// runs are what fingers write without thinking; each counts backwards too.
func runs() []string {
	return []string{"qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qwertz", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю",
		"abcdefghijklmnopqrstuvwxyz", "01234567890123"}
}

// onRun tells whether a character and two beside it are one thrice or stand on a run.
func onRun(letters []rune, at int) bool {
	for first := max(0, at-2); first <= at && first+3 <= len(letters); first++ {
		a, b, c := letters[first], letters[first+1], letters[first+2]
		if a == b && b == c || slices.ContainsFunc(runs(), func(run string) bool {
			return strings.Contains(run, string([]rune{a, b, c})) || strings.Contains(run, string([]rune{c, b, a}))
		}) {
			return true
		}
	}
	return false
}
