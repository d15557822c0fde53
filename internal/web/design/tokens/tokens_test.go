package tokens

import (
	"math"
	"testing"
)

func TestEveryPairIsReadable(t *testing.T) {
	light, dark := map[string]string{}, map[string]string{}
	for _, c := range Colours() {
		light[c.Name], dark[c.Name] = c.Light, c.Dark
	}
	used := map[string]bool{"line": true} // a rule between things says nothing on its own
	for _, pair := range Pairs() {
		used[pair.Front], used[pair.Back] = true, true
		for theme, values := range map[string]map[string]string{"light": light, "dark": dark} {
			ratio, err := Contrast(values[pair.Front], values[pair.Back])
			if err != nil {
				t.Fatalf("%s on %s: %v", pair.Front, pair.Back, err)
			}
			if ratio < pair.Least {
				t.Errorf("%s on %s (%s): %.2f, want at least %.1f", pair.Front, pair.Back, theme, ratio, pair.Least)
			}
		}
	}
	for _, c := range Colours() {
		if !used[c.Name] {
			t.Errorf("%s stands in no pair", c.Name)
		}
	}
}

func TestContrast(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#777777", "#ffffff", 4.48}, {"#123456", "#123456", 1}} {
		got, err := Contrast(test.a, test.b)
		if err != nil || math.Abs(got-test.want) > 0.01 {
			t.Errorf("%s on %s: %.2f, want %.2f (%v)", test.a, test.b, got, test.want, err)
		}
	}
	if _, err := Contrast("red", "#ffffff"); err == nil {
		t.Error("a name was taken for a colour")
	}
}
