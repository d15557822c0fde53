package auth

import (
	"strings"
	"testing"

	"bioincident/internal/fault"
)

func TestWhichPasswordsAreTaken(t *testing.T) {
	names := []string{"ana-maria", "Ana María Quispe"}
	for password, code := range map[string]string{
		"eleven char":              "password.length",
		strings.Repeat("ж", 257):   "password.length",
		"twelve\xff\xfechars":      "password.length",
		"P4ssw0rd2026!!":           "password.guessable",
		"Passwort123456":           "password.guessable",
		"qwertyuiop12":             "password.guessable",
		"098765432109":             "password.guessable",
		"zyxwvutsrqponm":           "password.guessable",
		"aaaaaaaaaaaaaa":           "password.guessable",
		"abababababab":             "password.guessable",
		"ana-maria.Quispe":         "password.guessable",
		"ANA maria 2026":           "password.guessable",
		"María Quispe!!":           "password.guessable",
		"пароль123456":             "password.guessable",
		"motdepasse1999":           "password.guessable",
		"bioincident-2026":         "password.guessable",
		"            ":             "password.guessable",
		"horse staple river":       "",
		"ana likes blue kites":     "",
		"عشرون قاربا في النهر":     "",
		"три синих корабля":        "",
		"八月的江水流过两座旧桥边":             "",
		"kJ7#pQ2!vX9m":             "",
		strings.Repeat("ab1 ", 64): "password.guessable",
	} {
		_, err := acceptable(password, names)
		if code == "" && err != nil || code != "" && (!fault.Is(err, fault.Invalid) || fault.Of(err).Code != code || len(fault.Of(err).Fields) != 1) {
			t.Errorf("%q: %v, want %q", password, err, code)
		}
	}
}

// The same letters arrive composed from one keyboard and decomposed from another.
func TestAPasswordIsTheSameFromEveryKeyboard(t *testing.T) {
	composed, err := acceptable("le caf\u00e9 du port", nil)
	if err != nil {
		t.Fatal(err)
	}
	if decomposed, err := acceptable("le cafe\u0301 du port", nil); err != nil || decomposed != composed {
		t.Fatalf("%q %q %v", composed, decomposed, err)
	}
}

func FuzzAcceptable(f *testing.F) {
	f.Add("horse staple river", "ana")
	f.Add("\xff", "")
	f.Add("İİİİİİİİİİİİ", "İ")
	f.Fuzz(func(t *testing.T, password, name string) {
		taken, err := acceptable(password, []string{name})
		if err != nil {
			return
		}
		if again, err := acceptable(taken, []string{name}); err != nil || again != taken {
			t.Fatalf("%q is taken and its normal form %q is not: %v", password, taken, err)
		}
	})
}
