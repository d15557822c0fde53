package auth

import (
	"crypto/rand"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMintedTokensAreWellFormedAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		secret, hash, err := Mint(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if !WellFormed(secret) || hash != Hash(secret) || strings.Contains(hash, secret) {
			t.Fatalf("bad token %s", secret)
		}
		if seen[secret] {
			t.Fatal("the same token twice")
		}
		seen[secret] = true
	}
}

func TestASlipIsNoticed(t *testing.T) {
	secret, _, err := Mint(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(secret)-1).Draw(t, "at")
		letter := rapid.SampledFrom([]rune(alphabet+"-_ \u00e9")).Draw(t, "letter")
		slip := secret[:at] + string(letter) + secret[at+1:]
		if slip != secret && WellFormed(slip) {
			t.Fatalf("%q passes for %q", slip, secret)
		}
	})
}

func TestMintNeedsRandomness(t *testing.T) {
	if _, _, err := Mint(strings.NewReader("short")); err == nil {
		t.Fatal("a token from five bytes")
	}
}

func FuzzWellFormed(f *testing.F) {
	f.Add("bid_")
	f.Add("")
	f.Add("bid_" + strings.Repeat("0", random+checksum))
	f.Fuzz(func(t *testing.T, text string) {
		if WellFormed(text) && len(text) != len(prefix)+random+checksum {
			t.Fatalf("%q is well formed", text)
		}
	})
}
