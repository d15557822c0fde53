package leak

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"bioincident/api"
	"bioincident/search"
)

// drawnAsker draws questions: of the contract, as every reader asks them of any world, and searches made of what the
// records of this world hold, above all the hidden one.
type drawnAsker struct {
	*asker
	drawer
	contracted []ask
	written    []ask
	searching  []*api.Operation
	hidden     askable
	pool       []askable // of every record of the world
}

// askable are values to ask with: parameter → values. "word" holds words of texts.
type askable map[string][]string

func (p plan) asker(t testing.TB, d drawer, m *made) *drawnAsker {
	t.Helper()
	a := &drawnAsker{asker: newAskerOf(t, m), drawer: d, hidden: askable{}}
	for _, r := range p.records {
		id := m.shared[r.name]
		switch {
		case r.name == "host" && p.secret.without == nil && r.course == imported:
			a.batch = id
		case r.course == imported:
		case r.name == "host" && p.secret.without == nil:
			a.asker.hidden = append(a.asker.hidden, id)
		default:
			a.known = append(a.known, id)
		}
		held := askable{}
		held.hold("", r.body)
		held.hold("", r.second)
		a.pool = append(a.pool, held)
	}
	host := p.host()
	if p.secret.without != nil {
		a.worked, a.editions = []string{m.shared[host.name]}, []string{m.shared[host.name]}
	}
	a.hidden.hold("", host.body)
	if host.course == amending || host.course == amended {
		a.hidden = askable{}
		a.hidden.hold("", host.second)
	}
	a.contracted, a.written = a.reads(), a.writes()
	for _, all := range [][]ask{a.contracted, a.written} {
		for i := range all {
			all[i].turn = 0
		}
	}
	for _, op := range a.contract.Operations {
		if slices.Contains([]string{"search", "suggest", "exportIncidents"}, op.ID) {
			a.searching = append(a.searching, op)
		}
	}
	return a
}

// parameters are those under which the fields of a body are asked for.
func parameters() map[string]string {
	return map[string]string{
		"unit": "unit", "name": "collection", "value": "", "occurrence": "occurrence", "incident_type": "type", "domains": "domain",
		"diseases": "disease", "agent": "agent", "area": "area", "settings": "setting", "verification": "verification",
		"severity": "severity", "action": "response", "phase": "lesson_phase",
	}
}

// hold collects the values of a document.
func (a askable) hold(field string, value any) {
	switch v := value.(type) {
	case map[string]any:
		a.external(v)
		for name, inner := range v {
			a.hold(name, inner)
		}
	case []any:
		for _, inner := range v {
			a.hold(field, inner)
		}
	case float64:
		if field == "low" || field == "high" {
			a.add("number", fmt.Sprint(v))
		}
	case string:
		a.text(field, v)
	}
}

func (a askable) external(doc map[string]any) {
	if scheme, ok := doc["scheme"].(string); ok {
		a.add("group_of", scheme+":"+fmt.Sprint(doc["value"]))
	}
	if cause, ok := doc["value"].(string); ok && doc["body"] != nil {
		a.add("cause", cause)
	}
}

func (a askable) text(field, value string) {
	if name := parameters()[field]; name != "" {
		a.add(name, value)
	}
	if len(value) >= 4 && strings.Trim(value[:4], "0123456789") == "" && field != "value" {
		a.add("date", strings.Trim(strings.Split(value, "/")[0], "~?"))
		a.add("year", value[:4])
		a.add("decade", value[:3]+"0")
		return
	}
	for _, word := range strings.Fields(value) {
		if word = strings.Trim(word, ".,"); len(word) > 3 {
			a.add("word", word)
		}
	}
	if strings.Contains(value, " ") {
		a.add("phrase", value)
	}
}

func (a askable) add(name, value string) {
	if !slices.Contains(a[name], value) {
		a[name] = append(a[name], value)
	}
}

// value draws a value: as often of what is hidden as of any record.
func (a *drawnAsker) value(name string) (string, bool) {
	from := a.hidden
	if a.chance(50) {
		from = one(a.drawer, a.pool...)
	}
	if len(from[name]) == 0 {
		return "", false
	}
	return one(a.drawer, slices.Sorted(slices.Values(from[name]))...), true
}

// draw gives one question.
func (a *drawnAsker) draw() ask {
	switch n := a.IntN(100); {
	case n < 30:
		return one(a.drawer, a.contracted...)
	case n < 40 && len(a.written) > 0:
		return one(a.drawer, a.written...)
	}
	op := one(a.drawer, a.searching...)
	if op.ID == "suggest" {
		return ask{op: op, path: op.Path + "?" + a.beginning().Encode()}
	}
	query := a.search()
	if op.ID == "exportIncidents" {
		for _, name := range []string{"facets", "histogram", "group", "limit"} {
			query.Del(name)
		}
		return ask{op: op, path: op.Path + "?" + query.Encode()}
	}
	return ask{op: op, path: op.Path + "?" + query.Encode(), pages: query.Has("limit") && a.chance(30)}
}

func (a *drawnAsker) beginning() url.Values {
	word, ok := a.value("word")
	if !ok {
		word = "zanthoquark"
	}
	letters := []rune(word)
	q := url.Values{"q": {string(letters[:1+a.IntN(len(letters))])}}
	if a.chance(30) {
		q.Set("lang", one(a.drawer, "fr", "ar", "zh"))
	}
	return q
}

// search draws a search of up to four parts and what is to be said beside.
func (a *drawnAsker) search() url.Values {
	q := url.Values{}
	for range a.IntN(4) {
		a.part(q)
	}
	for _, more := range []struct {
		percent int
		name    string
		values  []string
	}{
		{40, "facets", append(search.FacetNames(), "all", "all", "all")}, {25, "histogram", []string{"year", "decade"}},
		{30, "sort", []string{"score", "published", "reference", "deaths"}}, {20, "group", []string{"true"}},
		{15, "certain", []string{"true"}}, {40, "limit", []string{"1", "2", "5", "200"}}, {10, "lang", []string{"ar", "fr"}},
		{10, "view", []string{"public", "own"}},
	} {
		if a.chance(more.percent) {
			q.Set(more.name, one(a.drawer, more.values...))
		}
	}
	return q
}

// part draws one part of a search.
func (a *drawnAsker) part(q url.Values) {
	switch one(a.drawer, "words", "words", "code", "code", "date", "number", "group") {
	case "words":
		q.Set("q", strings.TrimSpace(q.Get("q")+" "+a.words()))
	case "code":
		name := one(a.drawer, search.FacetNames()...)
		value, ok := a.value(name)
		if name == "organization" {
			value, ok = one(a.drawer, "north", "lake"), true
		}
		if !ok || a.chance(10) {
			value = search.NotStated
		}
		q.Add(name, value)
	case "date":
		if date, ok := a.value("date"); ok {
			q.Set(one(a.drawer, "began", "active", "reported"), one(a.drawer, date, ".."+date, date+".."))
		}
	case "number":
		if n, ok := a.value("number"); ok {
			q.Set(one(a.drawer, "deaths", "cases"), one(a.drawer, ">="+n, "<"+n, n))
		}
	case "group":
		if group, ok := a.value("group_of"); ok {
			q.Set("group_of", group)
		}
	}
}

// words draws words, phrases and things asked for by name, joined in any way.
func (a *drawnAsker) words() string {
	var parts []string
	for range 1 + a.IntN(3) {
		name := one(a.drawer, "word", "word", "phrase", "agent", "disease", "area", "number")
		value, ok := a.value(name)
		if !ok {
			continue
		}
		switch name {
		case "phrase":
			value = `"` + value + `"`
		case "agent", "disease", "area":
			value = name + ":" + value
		case "number":
			value = "deaths:>=" + value
		}
		parts = append(parts, one(a.drawer, "", "", "", "-")+value)
	}
	return strings.Join(parts, one(a.drawer, " ", " ", " OR "))
}

// smallest gives the difference of the shortest question that still makes one: parts are left out one by one.
func (p plan) smallest(with, without *made, who string, a ask) *difference {
	found := p.difference(with, without, who, a)
	path, query, _ := strings.Cut(a.path, "?")
	parts := strings.Split(query, "&")
	for i := 0; i < len(parts) && a.op.Method == http.MethodGet; {
		fewer := slices.Delete(slices.Clone(parts), i, i+1)
		shorter := a
		shorter.path = strings.TrimSuffix(path+"?"+strings.Join(fewer, "&"), "?")
		if d := p.difference(with, without, who, shorter); d != nil {
			found, parts = d, fewer
			continue
		}
		i++
	}
	return found
}
