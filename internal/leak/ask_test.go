package leak

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"bioincident/api"
	"bioincident/internal/testkit/world"
)

// ask is one question: a request, or the pages of a list one after another.
type ask struct {
	op      *api.Operation
	path    string
	body    any
	headers []string
	pages   bool
	turn    int // 0 is asked by everybody; others by every third or so
}

// name tells an ask from all others.
func (a ask) name() string {
	name := a.op.Method + " " + a.path
	if len(a.headers) > 0 {
		name += " " + strings.Join(a.headers, " ")
	}
	if a.pages {
		name += " page by page"
	}
	return name
}

// unknown is a record id that is well formed and that no record has.
const unknown = "BID-2222-2222"

// queries are words to search for: of everything, of what both worlds know, of what only one does.
func queries(hidden []string) []string {
	all := []string{
		"", "cholera", "market", "river market outbreak", `"river market"`, "zanthoquark", "market OR zanthoquark", "market -river",
		"-zanthoquark", "NOT market", "bacillus anthracis", "холера", "Kenya", "agent:vibrio_cholerae", "area:KEN", "deaths", "77",
		`"members' 0"`, "ROW-ZQ-1", "millet rust", "hives", `"unfinished`, "ministry of health",
	}
	return append(all, hidden...)
}

// beginnings are what somebody types who waits for suggestions.
func beginnings(hidden []string) []string {
	all := []string{"z", "zanth", "mark", "cho", "a", "ken", "BID-", "ROW-", "холе", "bacil", "river m", "hid"}
	for _, id := range hidden {
		all = append(all, id, id[:len("BID-2222")])
	}
	return all
}

// values gives what a query parameter is asked with. A parameter that is not here fails the test: whoever adds one says
// here what it may be asked with.
func values(op *api.Operation, parameter string, hidden []string, batch string) ([]string, bool) {
	records := append(slices.Clone(hidden), unknown)
	known := map[string][]string{
		"q": queries(hidden), "unit": {"incident", "report"}, "limit": {"1", "3", "200"}, "lang": {"fr"}, "tier": {"public", "members"},
		"duty": {"review", "publish"}, "assigned": {"true"}, "mine": {"true"}, "state": {"draft", "submitted"},
		"batch": {batch, noBatch}, "outcome": {"created", "refused"}, "action": {"incident.claim", "incident.read"}, "id": records,
		"person": {"rex@lake"}, "organization": {"lake", "north"}, "subject": records, "cursor": nil,
		"kind": {"hold", "widen"}, "overdue": {"true"}, "in_force": {"true"},
		"encoding": nil, "dates": nil, "set": nil, "check": nil, // of importFiles, which is never only read
	}
	list, ok := known[parameter]
	if !ok {
		list, ok = narrowing()[parameter]
	}
	if !op.Signable {
		return nil, ok
	}
	if op.ID == "suggest" && parameter == "q" {
		list = beginnings(hidden)
	}
	if op.ID == "suggest" && parameter == "limit" {
		list = []string{"1", "20"}
	}
	if op.ID == "exportIncidents" && parameter == "q" {
		list = list[:8]
	}
	return list, ok
}

// narrowing are the parts of a search besides its words.
func narrowing() map[string][]string {
	return map[string][]string{
		"collection": {"Northern register", "-"}, "cause": {"deliberate", "not_assessed"}, "occurrence": {"harm_occurred", "-"},
		"type": {"outbreak", "laboratory_event"}, "domain": {"crop", "-"}, "disease": {"anthrax", "-"}, "agent": {"vibrio_cholerae", "-"},
		"area": {"KEN", "002", "-"}, "decade": {"2020", "-"}, "year": {"2020", "2021"}, "setting": {"laboratory", "-"},
		"verification": {"confirmed_by_state_concerned", "-"}, "severity": {"major", "-"}, "response": {"investigation_epidemiological", "-"},
		"lesson_phase": {"detection", "-"}, "language": {"en", "fr"}, "began": {"2020", "..2019", "2020-03/2020-04"},
		"active": {"2020-06", "2021.."}, "reported": {"2020..", "..2019"}, "deaths": {">=1", "77", "0"}, "cases": {"1..", "<5"},
		"certain": {"true"}, "sort": {"score", "published", "reference", "deaths"}, "facets": {"all", "area"},
		"histogram": {"year", "decade"}, "group": {"true"}, "group_of": {"who_don:2020-DON1", "source_row:ROW-ZQ-1"}, "view": {"public", "own"},
	}
}

// together are parameters that mean more beside each other.
func together(op *api.Operation) []string {
	return map[string][]string{
		"search": {"q=market&limit=3", "q=market&unit=incident&lang=ar", "q=zanthoquark&limit=1", "q=fevers+OR+cholera&limit=1",
			"facets=all&histogram=year&limit=1", "q=market&facets=all&histogram=decade&sort=deaths", "q=zanthoquark&facets=all",
			"area=KEN&area=UGA&began=2020..&certain=true&facets=area&facets=cause", "view=public&facets=all", "group=true&facets=unit"},
		"readWork":      {"assigned=true&mine=true"},
		"explainPolicy": {"action=incident.read_work&id=" + unknown},
		"readFeed":      {"tier=members&limit=1"},
	}[op.ID]
}

// asker makes the questions of one pair of worlds.
type asker struct {
	t        testing.TB
	contract *api.Contract
	hidden   []string // ids of records that one of the worlds lacks
	known    []string // ids of records of both worlds
	editions []string // of these, those that may have a second edition
	worked   []string // of these, those whose work is asked for
	open     []string // published records of which one of the worlds has an open version
	batch    string
}

// newAskerOf makes questions about nothing yet.
func newAskerOf(t testing.TB, m *made) *asker {
	return &asker{t: t, contract: m.Contract, batch: noBatch}
}

func newAsker(t testing.TB, m *made, g group) *asker {
	t.Helper()
	a := newAskerOf(t, m)
	a.known = slices.Sorted(maps.Values(m.shared))
	for _, name := range []string{"old edition", "redacted", "public 0"} {
		a.editions = append(a.editions, m.shared[name])
	}
	for _, name := range []string{"amended", "drafted", "old edition", "withdrawn", "restricted", "section", "members"} {
		a.worked = append(a.worked, m.shared[name])
	}
	for name, id := range m.hidden[g] {
		if name != "batch" {
			a.hidden = append(a.hidden, id)
		}
	}
	slices.Sort(a.hidden)
	if g == underWay {
		a.open = []string{m.shared["amended"], m.shared["drafted"]}
	}
	if m.batch != "" {
		a.batch = m.batch
	}
	return a
}

// kind is the part of a path that says what its object is.
func kind(op *api.Operation) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(op.Path, "/api/v1/"), "/")
	return first
}

func hasObject(op *api.Operation) bool { return strings.Contains(op.Path, "{") }

// objects gives what stands for {id}: all that is hidden, some that is not, and what never was.
func (a *asker) objects(op *api.Operation) []string {
	switch {
	case !hasObject(op):
		return []string{""}
	case kind(op) == "incidents" && op.Action == "incident.read":
		all := slices.Concat(a.hidden, a.known)
		if op.ID == "getIncident" {
			for _, id := range slices.Clone(all) {
				all = append(all, id+"@1")
			}
			for _, id := range a.editions {
				all = append(all, id+"@2")
			}
		}
		return append(all, unknown, "nonsense")
	case kind(op) == "incidents":
		return append(slices.Concat(a.hidden, a.worked), unknown)
	case kind(op) == "imports":
		return slices.Compact([]string{a.batch, noBatch})
	case kind(op) == "vocabularies":
		return []string{"domain"}
	}
	a.t.Fatalf("%s %s: nothing is known that could stand in this path: add it to objects", op.Method, op.Path)
	return nil
}

// reads are the questions of every operation that changes nothing.
func (a *asker) reads() []ask {
	a.t.Helper()
	var all []ask
	for _, op := range a.contract.Operations {
		if op.Method == http.MethodGet {
			for i, object := range a.objects(op) {
				all = append(all, a.read(op, object, i+1)...)
			}
		}
	}
	return all
}

// isHidden tells whether an object is in one of the worlds only. One that never was is as good where nothing is.
func (a *asker) isHidden(object string) bool {
	id, _, _ := strings.Cut(object, "@")
	return slices.Contains(a.hidden, id) || object == a.batch && a.batch != noBatch
}

// noBatch is an id that no import has.
const noBatch = "nothing"

// read gives the questions of one operation about one object. turn tells the object from others.
func (a *asker) read(op *api.Operation, object string, turn int) []ask {
	path := regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(op.Path, object)
	needed := url.Values{}
	for _, p := range op.Spec.Parameters {
		if p.Value.In == openapi3.ParameterInQuery && p.Value.Required {
			needed.Set(p.Value.Name, fmt.Sprint(p.Value.Example))
		}
	}
	with := func(query string) string {
		text := strings.Trim(needed.Encode()+"&"+query, "&")
		if text == "" {
			return path
		}
		return path + "?" + text
	}
	all := []ask{{op: op, path: with("")}}
	if hasObject(op) && !a.isHidden(object) {
		all[0].turn = turn
		return all // in other languages and by other values the hidden ones are asked for
	}
	for _, name := range op.Query {
		list, ok := values(op, name, a.hidden, a.batch)
		if !ok {
			a.t.Fatalf("%s %s: no values are known for ?%s=: add them to values", op.Method, op.Path, name)
		}
		for i, value := range list {
			query := url.Values{}
			query.Set(name, value)
			one := ask{op: op, path: with(query.Encode())}
			if needed.Has(name) {
				one.path = path + "?" + query.Encode()
			}
			if _, narrows := narrowing()[name]; narrows || name == "q" || name == "lang" {
				one.turn = turn + i
			}
			all = append(all, one)
		}
	}
	for _, query := range together(op) {
		all = append(all, ask{op: op, path: path + "?" + query})
	}
	if slices.Contains(op.Query, "cursor") && slices.Contains(op.Query, "limit") {
		all = append(all, ask{op: op, path: with("limit=2"), pages: true})
		if op.ID == "search" {
			all = append(all, ask{op: op, path: with("q=market&limit=2"), pages: true}, ask{op: op, path: with("sort=reference&limit=2"), pages: true})
		}
	}
	return all
}

// writes are questions to every operation that changes a thing, about things that the asker may not know of: each is
// answered as what never was, and changes nothing.
func (a *asker) writes() []ask {
	var all []ask
	turns := 0
	for _, op := range a.contract.Operations {
		if op.Method == http.MethodGet || !hasObject(op) || kind(op) != "incidents" && kind(op) != "imports" {
			continue
		}
		objects := append(slices.Clone(a.hidden), a.open...)
		if kind(op) == "imports" {
			objects = slices.DeleteFunc([]string{a.batch}, func(batch string) bool { return batch == noBatch })
		}
		for _, object := range objects {
			turns++
			path := strings.ReplaceAll(op.Path, "{id}", object)
			one := ask{op: op, path: path, body: example(op), turn: turns}
			if op.IfMatch && turns%2 == 0 {
				one.headers = []string{`If-Match: "r1.1"`}
			}
			all = append(all, one)
		}
	}
	return all
}

func example(op *api.Operation) any {
	if !slices.Contains(op.Consumes, "application/json") {
		return nil
	}
	return op.Spec.RequestBody.Value.Content["application/json"].Example
}

// oversees tells whether somebody knows every record's head: id, state, age and holder. What they are told of a head is
// not compared; what they read of content is.
func oversees(who string) bool { return who == "ada@hq" || who == "aud@hq" }

// mayKnow tells whether an operation tells those who oversee every record of heads.
func mayKnow(who string, op *api.Operation) bool {
	if !oversees(who) {
		return false
	}
	if kind(op) == "incidents" && hasObject(op) {
		return op.Action != "incident.read"
	}
	switch kind(op) {
	case "imports", "policy", "waiting":
		return true
	case "index":
		return who == "ada@hq"
	}
	return op.Action == "ledger.read" && who == "aud@hq"
}

// asks tells whether somebody is asked for an answer: what is the same whoever asks, of the public alone; of the many
// ways to search, and of things to lay hands on, everybody takes some, and the first of each kind of reader all.
func (a ask) asks(who string, place int) bool {
	const share = 3
	switch {
	case mayKnow(who, a.op), who != "" && !a.op.Signable:
		return false
	case a.turn == 0, who == "", who == "rex@lake":
		return true
	}
	return a.turn%share == place%share
}

// transcript is what somebody was answered, ask by ask.
type transcript struct {
	names   []string
	answers map[string]string
	ops     map[string]string // name → operation id
}

// hear asks everything. place tells readers apart, so that each takes others of the turns.
func (m *made) hear(g group, who string, place int, asks []ask) transcript {
	t := transcript{answers: map[string]string{}, ops: map[string]string{}}
	for _, a := range asks {
		if !a.asks(who, place) {
			continue
		}
		name := a.name()
		t.names = append(t.names, name)
		t.ops[name] = a.op.ID
		t.answers[name] = m.answer(g, who, a)
	}
	return t
}

// answer gives the answer to an ask. One that was given before is not asked for again, as long as nothing changed.
func (m *made) answer(g group, who string, a ask) string {
	key := fmt.Sprint(who, " ", g == former, " ", a.name())
	if told, ok := m.heard[key]; ok {
		return told
	}
	var text string
	if a.pages {
		text = pages(m.System, g, who, a)
	} else {
		text = told(g, who, a.op, m.Do(who, a.op.Method, a.path, a.body, a.headers...))
	}
	if m.heard != nil {
		m.heard[key] = text
	}
	return text
}

// pages turns all pages of a list, thirty at most.
func pages(s *world.System, g group, who string, a ask) string {
	var all strings.Builder
	cursor := ""
	for range 30 {
		path := a.path
		if cursor != "" {
			path += "&cursor=" + url.QueryEscape(cursor)
		}
		got := s.Do(who, a.op.Method, path, nil)
		all.WriteString(told(g, who, a.op, got))
		var page struct {
			Next *string `json:"next"`
		}
		if json.Unmarshal(got.Body, &page) != nil || page.Next == nil || *page.Next == "" || *page.Next == cursor {
			break
		}
		cursor = *page.Next
	}
	return all.String()
}

// chained are hashes that depend on what was before.
var chained = regexp.MustCompile(`"(view_hash|hash|prev)":"[0-9a-f]*"`) //nolint:gochecknoglobals // compiled once

// placed are places in the whole sequence of decisions.
var placed = regexp.MustCompile(`"(seq|next|hash|prev)":("[0-9A-Za-z_-]*"|[0-9]+)`) //nolint:gochecknoglobals // compiled once

// told gives an answer as it is compared.
func told(g group, who string, op *api.Operation, got world.Answer) string {
	mask := (*regexp.Regexp)(nil)
	switch {
	case op.ID == "readFeed" && g == former:
		// The feed proves what its readers were shown, by its hash, for ever: what it was is not told, that it was another is.
		mask = chained
	case op.ID == "readLedger" && strings.HasPrefix(who, "f"):
		// For a focal point: the place of one's own decisions in the whole sequence tells how many others were made in between.
		mask = placed
	}
	if mask == nil {
		return got.String()
	}
	got.Header = got.Header.Clone()
	got.Header.Del("ETag")
	got.Header.Del("Content-Length")
	got.Body = mask.ReplaceAll(got.Body, []byte(`"$1":"MASKED"`))
	return got.String()
}

// differences lists where two transcripts differ.
func (t transcript) differences(other transcript) []difference {
	var all []difference
	for _, name := range t.names {
		if a, b := t.answers[name], other.answers[name]; a != b {
			all = append(all, difference{op: t.ops[name], name: name, with: a, without: b})
		}
	}
	return all
}

type difference struct{ op, name, with, without string }

func (d difference) String() string {
	at := 0
	for at < len(d.with) && at < len(d.without) && d.with[at] == d.without[at] {
		at++
	}
	cut := func(text string) string {
		from, to := max(0, at-200), min(len(text), at+300)
		return text[min(from, to):to]
	}
	return fmt.Sprintf("%s\nwith:    …%s…\nwithout: …%s…", d.name, cut(d.with), cut(d.without))
}

// who gives a reader a name.
func nameOf(who string) string {
	if who == "" {
		return "the public"
	}
	return who
}
