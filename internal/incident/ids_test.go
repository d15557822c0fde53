package incident

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"bioincident/internal/fault"
)

// chance is a source of random bytes that repeats itself.
type chance struct{ *rand.ChaCha8 }

func seeded(seed byte) chance { return chance{rand.NewChaCha8([32]byte{seed})} }

func TestNewID(t *testing.T) {
	random := seeded(1)
	seen := map[string]bool{}
	first := map[byte]int{}
	for range 30_000 {
		id, err := NewID("BID", random)
		if err != nil || CheckID(id) != nil {
			t.Fatalf("%s: %v %v", id, err, CheckID(id))
		}
		if len(id) != len("BID-7K3M-9Q2X") || seen[id] {
			t.Fatalf("%s: wrong or repeated", id)
		}
		seen[id] = true
		first[id[4]]++
	}
	if len(first) != len(idAlphabet) {
		t.Errorf("%d symbols in use", len(first))
	}
	for symbol, n := range first {
		if n < 800 || n > 1200 {
			t.Errorf("%c first in %d of 30,000, want about 1,000", symbol, n)
		}
	}
	if strings.ContainsAny(idAlphabet, "0O1ILU") || len(idAlphabet) != 30 {
		t.Error(idAlphabet)
	}
}

func TestNewIDFails(t *testing.T) {
	for _, prefix := range []string{"", "B", "bid", "1BID", "BI-D", "BÏD", "TOOLONGIT"} {
		if _, err := NewID(prefix, seeded(1)); !fault.Is(err, fault.Invalid) {
			t.Errorf("prefix %q: %v", prefix, err)
		}
	}
	if _, err := NewID("BID", bytes.NewReader([]byte{1, 2, 3})); !errors.Is(err, io.EOF) {
		t.Errorf("an empty source: %v", err)
	}
}

// TestCheckFindsEveryMistake tries every single substitution and every exchange of two characters, adjacent ones among
// them, over many ids.
func TestCheckFindsEveryMistake(t *testing.T) {
	random := seeded(2)
	for range 500 {
		id, err := NewID("BID", random)
		if err != nil {
			t.Fatal(err)
		}
		characters := []byte(strings.ReplaceAll(id[len("BID-"):], "-", ""))
		wrong := func(what string, at int, mistyped []byte) {
			if text := "BID-" + string(mistyped[:4]) + "-" + string(mistyped[4:]); CheckID(text) == nil {
				t.Fatalf("%s at %d of %s gives %s", what, at, id, text)
			}
		}
		for at := range characters {
			for i := range len(idAlphabet) {
				if idAlphabet[i] != characters[at] {
					mistyped := bytes.Clone(characters)
					mistyped[at] = idAlphabet[i]
					wrong("a substitution", at, mistyped)
				}
			}
			for other := at + 1; other < len(characters); other++ {
				if characters[at] != characters[other] {
					mistyped := bytes.Clone(characters)
					mistyped[at], mistyped[other] = mistyped[other], mistyped[at]
					wrong("an exchange", at, mistyped)
				}
			}
		}
	}
}

// TestCheckScheme proves the same for all ids: a substitution changes the sum by weight × difference, an exchange by a
// difference of weights × a difference, a doubled pair by a sum of neighbouring weights × a difference; none is zero
// modulo the prime.
func TestCheckScheme(t *testing.T) {
	if len(idWeights) != idLength || int(idWeights[idLength-1])*idCheckInverse%idModulus != 1 {
		t.Fatal("weights do not fit")
	}
	for i := range idLength {
		for difference := 1; difference < len(idAlphabet); difference++ {
			if int(idWeights[i])*difference%idModulus == 0 {
				t.Errorf("substitution of %d at %d", difference, i)
			}
			for j := range i {
				if (int(idWeights[i])-int(idWeights[j]))*difference%idModulus == 0 {
					t.Errorf("exchange of %d and %d", i, j)
				}
			}
			if i > 0 && (int(idWeights[i])+int(idWeights[i-1]))*difference%idModulus == 0 {
				t.Errorf("doubled pair at %d", i)
			}
		}
	}
}

func TestParseRef(t *testing.T) {
	id, err := NewID("BID", seeded(3))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, want string
		edition    int
	}{
		{id, id, 0},
		{strings.ToLower(id), id, 0},
		{" " + id + "\n", id, 0},
		{id + "@3", id, 3},
		{strings.ToLower(id) + "@12", id, 12},
		{"", "id.syntax", 0},
		{"BID", "id.syntax", 0},
		{"BID-7K3M9Q2X", "id.syntax", 0},
		{"BID-7K3M-9Q2", "id.syntax", 0},
		{"BID-7K3M-9Q2XX", "id.syntax", 0},
		{"-" + id[4:], "id.syntax", 0},
		{"BID-7K3O-9Q2X", "id.character", 0},
		{"BID-7K3M-9Q21", "id.character", 0},
		{"BID-ſK3M-9Q2", "id.syntax", 0},
		{"BID-2222-2223", "id.check", 0},
		{id + "@", "id.edition", 0},
		{id + "@0", "id.edition", 0},
		{id + "@-1", "id.edition", 0},
		{id + "@03", "id.edition", 0},
		{id + "@3@4", "id.edition", 0},
		{id + "@99999999999999999999", "id.edition", 0},
		{id + "@latest", "id.edition", 0},
	} {
		got, edition, err := ParseRef(c.text)
		if err != nil {
			got = fault.Of(err).Code
		}
		if got != c.want || edition != c.edition {
			t.Errorf("%q: %s %d, want %s %d", c.text, got, edition, c.want, c.edition)
		}
	}
	if err := CheckID(strings.ToLower(id)); err == nil {
		t.Error("CheckID takes a lower case id for the canonical form")
	}
	if f := fault.Of(CheckID("BID-7K3M-9Q21")); f.Params["column"] != len("BID-7K3M-9Q21") {
		t.Errorf("column %v", f.Params["column"])
	}
}

func FuzzParseRef(f *testing.F) {
	f.Add("BID-7K3M-9Q2X@3")
	f.Add("bid-2222-2222")
	f.Fuzz(func(t *testing.T, text string) {
		id, edition, err := ParseRef(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if CheckID(id) != nil || edition < 0 {
			t.Fatalf("%q: %s %d", text, id, edition)
		}
	})
}
