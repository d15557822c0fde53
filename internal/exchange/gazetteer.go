package exchange

import (
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"bioincident/schema"
)

//go:embed boxes.json
var boxFile embed.FS //nolint:gochecknoglobals // embedded files can only be a package variable

// gazetteer finds the areas that names mean, and tells where areas lie. It is safe for concurrent use.
type gazetteer struct {
	areas   *schema.Vocabulary
	schema  *schema.Schema
	bags    map[string]string // words of a name in the order of the alphabet → code; "" when several areas have them
	names   []spelling        // for names that are not written quite right
	boxes   map[string][]box  // by code
	guesses map[string]guess  // by folded name; under mutex
	mutex   sync.Mutex
}

type spelling struct {
	folded []rune
	code   string
}

type guess struct {
	code string
	ok   bool
}

// box is the least part of the map that holds a part of an area, in degrees, rounded outwards.
type box struct{ south, west, north, east float64 }

// The forms in which columns name an area.
const (
	formName = "name"
	formISO2 = "iso2"
	formISO3 = "iso3"
	formM49  = "m49"
	formOwn  = "table" // only the table of the profile tells
)

func newGazetteer(sch *schema.Schema) (*gazetteer, error) {
	areas, _ := sch.Vocabulary("areas")
	g := &gazetteer{areas: areas, schema: sch, bags: map[string]string{}, guesses: map[string]guess{}}
	for _, term := range areas.Terms() {
		for _, name := range term.Names() {
			g.addName(name, term.Code)
		}
	}
	data, err := boxFile.ReadFile("boxes.json")
	if err != nil {
		return nil, err
	}
	var boxes map[string][][4]float64
	if err := json.Unmarshal(data, &boxes); err != nil {
		return nil, fmt.Errorf("boxes.json: %w", err)
	}
	g.boxes = make(map[string][]box, len(boxes))
	for code, parts := range boxes {
		if !areas.Has(code) {
			return nil, fmt.Errorf("boxes.json: areas has no %q", code)
		}
		for _, b := range parts {
			g.boxes[code] = append(g.boxes[code], box{b[0], b[1], b[2], b[3]})
		}
	}
	return g, nil
}

func (g *gazetteer) addName(name, code string) {
	const leastGuessed = 5
	if folded := []rune(schema.Fold(name)); len(folded) >= leastGuessed {
		g.names = append(g.names, spelling{folded, code})
	}
	bag := bagOf(name)
	if bag == "" {
		return
	}
	if other, ok := g.bags[bag]; ok && other != code {
		code = ""
	}
	g.bags[bag] = code
}

// bagOf gives the words of a name without order, short forms written out and small words left out, so that "Congo (Dem.
// Rep. of the)" and "Democratic Republic of the Congo" are the same, and "Zambie (la)" is "Zambie".
func bagOf(name string) string {
	words := strings.Fields(schema.Fold(strings.ReplaceAll(strings.ReplaceAll(name, "'s", ""), "’s", "")))
	kept := words[:0]
	for _, word := range words {
		if whole, ok := writtenOut(word); !ok {
			kept = append(kept, word)
		} else if whole != "" {
			kept = append(kept, whole)
		}
	}
	const least = 4 // bytes: what is shorter is a code
	slices.Sort(kept)
	bag := strings.Join(kept, " ")
	if len(bag) < least {
		return ""
	}
	return bag
}

// writtenOut gives the word that a short form stands for, "" for a word that does not tell names apart.
func writtenOut(word string) (string, bool) {
	switch word {
	case "of", "the", "and", "de", "del", "la", "le", "les", "l", "des", "du", "et", "y", "el", "los", "las", "о":
		return "", true
	case "ва": // "о-ва"
		return "острова", true
	case "rep":
		return "republic", true
	case "dem":
		return "democratic", true
	case "fed", "federated":
		return "federal", true
	case "st":
		return "saint", true
	case "is", "isl":
		return "islands", true
	case "u":
		return "united", true
	case "peoples", "people":
		return "people", true
	}
	return "", false
}

// find gives the area of a name or code in one of the forms. guessed says that the name is not quite that of the area.
func (g *gazetteer) find(text, form string) (code string, guessed, ok bool) {
	switch form {
	case formISO2, formISO3, formM49:
		code, ok = g.coded(text, form)
		return code, false, ok
	}
	if code, ok := g.exact(text); ok {
		return code, false, true
	}
	code, ok = g.guess(text)
	return code, ok, ok
}

// exact finds the area of a name as the vocabulary has it, in any order of its words.
func (g *gazetteer) exact(name string) (string, bool) {
	if code, ok := g.schema.Resolve("areas", name); ok {
		return code, true
	}
	code := g.bags[bagOf(name)]
	return code, code != ""
}

// coded finds an area by its code. NA is Namibia here.
func (g *gazetteer) coded(text, form string) (string, bool) {
	if form == formM49 {
		text = strings.Repeat("0", max(0, len("004")-len(text))) + text
	}
	for _, term := range g.areas.Terms() {
		switch {
		case term.Kind == "former":
		case form == formISO2 && term.ISO2 == text && text != "",
			form == formISO3 && term.Code == text && len(text) == 3,
			form == formM49 && term.M49 == text && text != "":
			return term.Code, true
		}
	}
	return "", false
}

// guess gives the one area that has a name so close to this one that it is taken for a slip of the pen: one letter for
// every five, at most two, and none other as close.
func (g *gazetteer) guess(text string) (string, bool) {
	folded := schema.Fold(text)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if known, ok := g.guesses[folded]; ok {
		return known.code, known.ok
	}
	const mostKept = 10_000
	if len(g.guesses) > mostKept {
		clear(g.guesses)
	}
	code, ok := g.closest([]rune(folded))
	g.guesses[folded] = guess{code, ok}
	return code, ok
}

func (g *gazetteer) closest(name []rune) (string, bool) {
	most := min(2, len(name)/5)
	best, code, unique := most+1, "", true
	for _, other := range g.names {
		switch d := distance(name, other.folded, best); {
		case d < best:
			best, code, unique = d, other.code, true
		case d == best && d <= most && other.code != code:
			unique = false
		}
	}
	if !unique {
		return "", false
	}
	return code, code != ""
}

// distance gives the number of letters that are wrong, missing, too many or in the wrong order, as far as most.
func distance(a, b []rune, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// outside gives by how many kilometres a point lies outside of an area; known is false where it is not known where the
// area lies.
func (g *gazetteer) outside(code string, lat, lon float64) (kilometres float64, known bool) {
	boxes := g.boxes[code]
	if term, _ := g.areas.Term(code); len(boxes) == 0 {
		for _, successor := range term.Successors {
			boxes = append(boxes, g.boxes[successor]...)
		}
	}
	if len(boxes) == 0 {
		return 0, false
	}
	kilometres = math.Inf(1)
	for _, b := range boxes {
		kilometres = min(kilometres, b.away(lat, lon))
	}
	return kilometres, true
}

// away gives the distance of a point from a box in kilometres, on a sphere, by its nearest side; 0 inside. A box whose
// west is greater than its east goes over the antimeridian.
func (b box) away(lat, lon float64) float64 {
	east := b.east
	if east < b.west {
		east += 360
	}
	near := math.Inf(1)
	for _, turn := range [...]float64{-360, 0, 360} {
		nearLat, nearLon := min(max(lat, b.south), b.north), min(max(lon+turn, b.west), east)
		near = min(near, greatCircle(lat, lon+turn, nearLat, nearLon))
	}
	return near
}

// greatCircle gives the distance of two points in kilometres.
func greatCircle(lat1, lon1, lat2, lon2 float64) float64 {
	const radius, degree = 6371.0, math.Pi / 180
	dLat, dLon := (lat2-lat1)*degree, (lon2-lon1)*degree
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(lat1*degree)*math.Cos(lat2*degree)*math.Pow(math.Sin(dLon/2), 2)
	return 2 * radius * math.Asin(min(1, math.Sqrt(h)))
}

// listed reads several areas in one text, parted by commas, semicolons and "and": all of them when each part is one, else
// those at its end ("Great Plains, United States and Canada"), because places go from the small to the large. Only a
// text of one part may be not quite right: the capital of Angola is nearly Uganda. whole tells that the areas say all of it.
func (g *gazetteer) listed(text string) (codes []string, guessed, whole bool) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' })
	if len(parts) == 1 {
		if code, guessed, ok := g.find(text, formName); ok {
			return []string{code}, guessed, !guessed
		}
	}
	var last []string
	all := true
	for _, part := range parts {
		last = g.joined(strings.TrimPrefix(strings.TrimSpace(part), "and "))
		codes, all = append(codes, last...), all && len(last) > 0
	}
	if !all {
		codes = last
	}
	return once(codes), false, all
}

// once gives each of the codes once, in their order.
func once(codes []string) []string {
	var kept []string
	for _, code := range codes {
		if !slices.Contains(kept, code) {
			kept = append(kept, code)
		}
	}
	return kept
}

// joined reads one area, or several that are joined by "and", as they are rightly written.
func (g *gazetteer) joined(text string) []string {
	if code, ok := g.exact(text); ok {
		return []string{code}
	}
	var codes []string
	for word := range strings.SplitSeq(text, " and ") {
		code, ok := g.exact(strings.TrimSpace(word))
		if !ok {
			return nil
		}
		codes = append(codes, code)
	}
	return codes
}

// sameName tells whether a text is the English label of an area, so that nothing is lost by the code alone.
func (g *gazetteer) sameName(code, text string) bool {
	return utf8.RuneCountInString(text) == len(code) && text == code || schema.Fold(g.areas.Label(code, "en")) == schema.Fold(text)
}
