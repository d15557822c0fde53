// Package tokens is the one source of the colours of the pages: a table from which the style sheet is made, the style guide
// shows its swatches, and a test computes contrast. A colour that stands in no pair of Pairs is never read against another.
package tokens

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Colour is one name with its value by day and by night, each #rrggbb.
type Colour struct {
	Name, Light, Dark string
}

// Colours lists every colour of the style sheet.
func Colours() []Colour {
	return []Colour{
		{"paper", "#ffffff", "#12181d"},  // the page
		{"raised", "#f3f5f6", "#1b232a"}, // panels, heads of tables
		{"ink", "#15212b", "#e6eaed"},
		{"soft", "#4a5762", "#aab5be"},   // second voice: hints, dates, units
		{"line", "#d3d9de", "#323d46"},   // rules between things, never the only sign of a control
		{"edge", "#687581", "#83909b"},   // borders of controls
		{"accent", "#0b5475", "#7cc4e4"}, // links and the first action
		{"on-accent", "#ffffff", "#0b1a22"},
		{"accent-wash", "#e4eff5", "#16313f"}, // what is chosen
		{"focus", "#b84a00", "#ffb454"},
		{"band", "#10303f", "#0b1013"}, // the head of every page
		{"on-band", "#ffffff", "#e6eaed"},
		{"band-soft", "#c6d5de", "#aab5be"},
		{"band-focus", "#ffc46b", "#ffb454"},
		{"good", "#1a5e35", "#86d6a1"},
		{"good-wash", "#e6f3ea", "#14301f"},
		{"warn", "#744600", "#f0c46a"},
		{"warn-wash", "#fdf2dc", "#352a10"},
		{"bad", "#a11d1d", "#f6a3a0"},
		{"bad-wash", "#fbeaea", "#3d1b1b"},
	}
}

// Pair is a foreground that stands on a background, with the least ratio it must have: 4.5 for words, 3 for the edges of
// controls and the focus ring (WCAG 2.2, 1.4.3 and 1.4.11).
type Pair struct {
	Front, Back string
	Least       float64
}

// Pairs lists what may stand on what.
func Pairs() []Pair {
	var pairs []Pair
	for _, back := range []string{"paper", "raised", "accent-wash"} {
		for _, front := range []string{"ink", "soft", "accent"} {
			pairs = append(pairs, Pair{front, back, 4.5})
		}
		pairs = append(pairs, Pair{"edge", back, 3}, Pair{"focus", back, 3})
	}
	for _, tone := range []string{"good", "warn", "bad"} {
		for _, back := range []string{"paper", "raised", tone + "-wash"} {
			pairs = append(pairs, Pair{tone, back, 4.5})
		}
		pairs = append(pairs, Pair{"ink", tone + "-wash", 4.5}, Pair{"soft", tone + "-wash", 4.5},
			Pair{"accent", tone + "-wash", 4.5}, Pair{"focus", tone + "-wash", 3}, Pair{"paper", tone, 4.5})
	}
	return append(pairs, Pair{"on-accent", "accent", 4.5},
		Pair{"on-band", "band", 4.5}, Pair{"band-soft", "band", 4.5}, Pair{"band-focus", "band", 3})
}

// CSS gives the custom properties: light by default, dark where the device asks for it or the page says so.
func CSS() string {
	var light, dark strings.Builder
	for _, c := range Colours() {
		fmt.Fprintf(&light, "--%s:%s;", c.Name, c.Light)
		fmt.Fprintf(&dark, "--%s:%s;", c.Name, c.Dark)
	}
	return ":root{color-scheme:light;" + light.String() + "}\n" +
		"@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;" + dark.String() + "}}\n" +
		"@media screen{:root[data-theme=dark]{color-scheme:dark;" + dark.String() + "}}\n"
}

// Contrast gives the ratio of two colours #rrggbb, from 1 to 21, as WCAG 2.2 defines it.
func Contrast(a, b string) (float64, error) {
	la, err := luminance(a)
	if err != nil {
		return 0, err
	}
	lb, err := luminance(b)
	if err != nil {
		return 0, err
	}
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05), nil
}

func luminance(colour string) (float64, error) {
	bits, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil || len(colour) != 7 {
		return 0, fmt.Errorf("%q is no colour #rrggbb", colour)
	}
	linear := func(shift uint) float64 {
		c := float64(bits>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0), nil
}
