package crash

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"time"
)

// worker is somebody who works, on one connection after the other.
type worker struct {
	*world
	address string
	rng     *rand.Rand
	http    *http.Client
}

func (k *worker) as(name string) *client {
	return &client{base: k.address, token: k.tokens[name], http: k.http}
}

func handleOf(name string) string {
	handle, _, _ := strings.Cut(name, "@")
	return handle
}

// letters make words that no stemmer shortens and no vocabulary holds.
const letters = "bcdfghjkmpqrtvwxz"

func (k *worker) word(prefix string) string {
	word := []byte(prefix)
	for range 9 {
		word = append(word, letters[k.rng.IntN(len(letters))])
	}
	return string(word)
}

// Beginnings of the words of records, and of one working copy.
const (
	ofRecord = "zqk"
	ofCopy   = "zqv"
)

// body makes what a record says. Some have a place that can be taken out.
func (k *worker) body(word string) map[string]any {
	text := fmt.Sprintf("An outbreak of anthrax %s %s among people who had handled infected livestock.", word, k.word(ofCopy))
	return map[string]any{
		"identity":       map[string]any{"unit": "incident"},
		"narrative":      map[string]any{"summary": map[string]any{"source": "en", "en": map[string]any{"text": text}}},
		"classification": map[string]any{"incident_type": "outbreak.human_disease", "occurrence": "harm_occurred", "domains": []string{"human"}, "verification": "confirmed_by_state_concerned"},
		"cause":          map[string]any{"not_assessed": true},
		"time":           map[string]any{"onset": "2019-06"},
		"place":          map[string]any{"areas": []any{map[string]any{"id": "p1", "area": "KEN", "role": "occurrence"}}, "locality": map[string]any{"value": "Harbour"}},
		"agents":         []any{map[string]any{"id": "a1", "agent": "bacillus_anthracis"}},
		"sources":        []any{map[string]any{"id": "s1", "type": "official_state_report", "citation": map[string]any{"title": "Situation report"}, "url": "https://example.org/report", "default": true}},
	}
}

// checklist is what a reviewer signs.
func checklist() map[string]any {
	return map[string]any{"checklist": []string{"read_in_full", "sources_support_statements", "no_personal_names", "no_hazardous_detail", "classification_fits", "not_a_duplicate", "marking_fits"}}
}

func interests() map[string]any {
	return map[string]any{"interests": map[string]bool{"involved": false, "related": false, "gain": false}}
}

// lives takes records through their lives until the context ends.
func (k *worker) lives(ctx context.Context) {
	for ctx.Err() == nil {
		if k.rng.IntN(3) == 0 {
			if r := k.journal.take(k.taken, settled); r != nil {
				k.later(ctx, r)
				continue
			}
		}
		r := k.journal.take(k.taken, unborn)
		if r == nil {
			r = k.conceive()
		}
		if !k.begin(r) {
			k.pause()
			continue
		}
		k.live(ctx, r)
	}
}

// pause is made where nothing can be done at present.
func (k *worker) pause() { time.Sleep(20 * time.Millisecond) }

func settled(r *record) bool { return r.doubt == "" && r.last.State == "live" && r.last.Version == "" }

// unborn records were begun, and nobody was told of them: the same key must give the same record.
func unborn(r *record) bool { return r.id == "" }

func (k *worker) conceive() *record {
	r := &record{word: k.word(ofRecord)}
	r.key = "key-" + r.word
	r.sent, _ = json.Marshal(map[string]any{"body": k.body(r.word), "handling": map[string]any{"marking": "public"}})
	k.journal.mu.Lock()
	k.taken[r] = true
	k.journal.mu.Unlock()
	k.journal.add(r)
	return r
}

// begin creates a record.
func (k *worker) begin(r *record) bool {
	a := k.as(ana).send(http.MethodPost, "/api/v1/incidents", "application/json", r.sent, "Idempotency-Key: "+r.key)
	if !k.answered(r, "create", a) {
		r.doubt = "" // it can be asked for again
		return false
	}
	return true
}

// answered takes an answer down and tells whether it was an acknowledgement.
func (k *worker) answered(r *record, op string, a answer) bool {
	r.note("%s: %d %v %s", op, a.status, a.err, a.etag)
	switch {
	case a.good():
		id, s, err := stateOf(a.body)
		if err != nil {
			k.journal.complain("unreadable", "%s of %s: %v: %s", op, r.id, err, a)
		}
		r.id = id
		r.last = over(r.last, s)
		r.acked = append(r.acked, op)
		k.journal.count(op, true)
		return true
	case a.wrong():
		k.journal.complain(a.kind(), "%s of %s: %s\n%s", op, r.id, a, r)
	}
	r.doubt = op
	k.journal.doubted(op)
	return false
}

// over lays what an answer says over what was known before. Answers to those who do not own a record leave things out.
func over(before, s state) state {
	if s.Revision == "" {
		s.Revision, s.Body, s.Content, s.Version, s.Marking = "", nil, "", "", before.Marking
	}
	return s
}

// look reads a record as its owner does. What was read was acknowledged.
func (k *worker) look(r *record) (etag string, ok bool) {
	a := k.as(felix).get("/api/v1/incidents/" + r.id + "/working")
	if !a.good() {
		if a.wrong() {
			k.journal.complain(a.kind(), "reading %s: %s\n%s", r.id, a, r)
		}
		return "", false
	}
	_, s, err := stateOf(a.body)
	if err != nil {
		k.journal.complain("unreadable", "reading %s: %v", r.id, err)
		return "", false
	}
	if r.last.Revision != "" && r.last.Revision != s.Revision {
		k.journal.complain("read before", "acknowledged as %s, read as %s: %s", r.last.Revision, s.Revision, r)
	}
	r.last = s
	k.journal.count("read", false)
	return a.etag, true
}

// do takes one step with a record and tells whether it was acknowledged.
func (k *worker) do(r *record, who, verb string, in any) bool {
	etag, ok := k.look(r)
	if !ok {
		return false
	}
	return k.answered(r, verb, k.as(who).post("/api/v1/incidents/"+r.id+"/"+verb, in, "If-Match: "+etag))
}

// save writes the working copy anew.
func (k *worker) save(r *record) bool {
	etag, ok := k.look(r)
	if !ok {
		return false
	}
	data, err := json.Marshal(map[string]any{"body": k.body(r.word)})
	if err != nil {
		k.journal.complain("unreadable", "%v", err)
		return false
	}
	return k.answered(r, "save", k.as(ana).send(http.MethodPut, "/api/v1/incidents/"+r.id+"/working", "application/json", data, "If-Match: "+etag))
}

// step is one of the things that happen to a record.
type step func() bool

func (k *worker) take(ctx context.Context, steps ...step) bool {
	for _, s := range steps {
		if ctx.Err() != nil || !s() {
			return false
		}
	}
	return true
}

// live takes a new record as far as its edition, mostly.
func (k *worker) live(ctx context.Context, r *record) {
	var steps []step
	for range k.rng.IntN(4) {
		steps = append(steps, func() bool { return k.save(r) })
	}
	if k.rng.IntN(6) == 0 {
		k.take(ctx, append(steps, func() bool { return k.do(r, felix, "discard", map[string]any{}) })...)
		return
	}
	if k.rng.IntN(5) == 0 {
		steps = append(steps, func() bool { return k.do(r, felix, "submit", map[string]any{}) },
			func() bool { return k.do(r, felix, "recall", map[string]any{"note": "A correction came in."}) })
	}
	k.take(ctx, append(steps, k.review(r)...)...)
}

// review submits, reviews and publishes what is open.
func (k *worker) review(r *record) []step {
	do := func(who, verb string, in any) step { return func() bool { return k.do(r, who, verb, in) } }
	none := map[string]any{}
	steps := []step{do(felix, "submit", none), do(rita, "claim", interests())}
	if k.rng.IntN(4) == 0 {
		steps = append(steps, do(rita, "comment", map[string]any{"pointer": "/narrative/summary", "request": "give_a_source", "text": "Which report?"}),
			do(rita, "request-changes", none), func() bool { return k.save(r) }, do(felix, "submit", none))
	}
	return append(steps, do(rita, "recommend", checklist()), do(pia, "publish", none))
}

// later changes a published record.
func (k *worker) later(ctx context.Context, r *record) {
	do := func(who, verb string, in any) step { return func() bool { return k.do(r, who, verb, in) } }
	none := map[string]any{}
	switch n := k.rng.IntN(8); {
	case n < 2 && r.last.Marking == "public":
		k.take(ctx, do(felix, "narrow", map[string]any{"handling": map[string]string{"marking": "members"}}), do(fay, "confirm", none))
	case n < 4 && strings.Contains(fmt.Sprint(r.last.Body), "Harbour"):
		k.take(ctx, do(felix, "redact", map[string]any{"pointers": []string{"/place/locality"}, "reason": "privacy"}))
	case n == 4:
		k.take(ctx, do(felix, "withdraw", map[string]any{"reason": "refuted"}))
	default:
		steps := []step{func() bool { return k.do(r, ana, "new-version", none) }, func() bool { return k.save(r) }}
		k.take(ctx, append(steps, k.review(r)...)...)
	}
}

// searches searches until the context ends.
func (k *worker) searches(ctx context.Context) {
	for ctx.Err() == nil {
		path := []string{"/api/v1/search?q=anthrax", "/api/v1/search", "/api/v1/search?q=cholera+harbour", "/api/v1/feed", "/api/v1/incidents"}[k.rng.IntN(5)]
		a := k.as([]string{"", rosa, pia}[k.rng.IntN(3)]).get(path)
		switch {
		case a.good():
			k.journal.count("search", false)
		case a.wrong():
			k.journal.complain(a.kind(), "%s: %s", path, a)
		default:
			k.journal.doubted("search")
			k.pause()
		}
	}
}

// imports takes files from rows to published records, until the context ends. What was interrupted is taken up again.
func (k *worker) imports(ctx context.Context) {
	for ctx.Err() == nil {
		b := k.unfinished()
		if b == nil {
			b = k.file()
			k.journal.addBatch(b)
		}
		if !k.further(b) {
			k.pause()
		}
	}
}

func (k *worker) unfinished() *batch {
	k.journal.mu.Lock()
	defer k.journal.mu.Unlock()
	for _, b := range k.journal.batches {
		if !b.dead {
			return b
		}
	}
	return nil
}

// file makes a file from the header and the first row of the importer's own fixture.
func (k *worker) file() *batch {
	table := k.fixture
	word := k.word("zqf")
	b := &batch{name: word + ".csv", done: map[string]int64{}}
	var out bytes.Buffer
	to := csv.NewWriter(&out)
	_ = to.Write(table[0])
	for i := range 35 + k.rng.IntN(180) {
		row := append([]string{}, table[1]...)
		for at, column := range table[0] {
			switch column {
			case "row_id":
				row[at] = fmt.Sprintf("DON-1999-01-01-%s%d#01", word, i)
				b.rows = append(b.rows, row[at])
			case "DONid":
				row[at] = fmt.Sprintf("DON-1999-01-01-%s%d", word, i)
			case "Country":
				row[at] = "Liberia"
			}
		}
		_ = to.Write(row)
	}
	to.Flush()
	b.file = out.Bytes()
	return b
}

// table gives the header and the first row of the importer's own fixture.
func (w *world) table() [2][]string {
	file, err := os.Open("../exchange/testdata/don_events.csv")
	w.ok(err)
	defer file.Close()
	rows := csv.NewReader(file)
	header, err := rows.Read()
	w.ok(err)
	first, err := rows.Read()
	w.ok(err)
	return [2][]string{header, first}
}

// further takes the next step of a batch, as far as it is, and tells whether it was acknowledged.
func (k *worker) further(b *batch) bool {
	if b.id == "" && !k.find(b) {
		return k.upload(b)
	}
	a := k.as(felix).get("/api/v1/imports/" + b.id)
	var now struct{ State string }
	if !a.good() || json.Unmarshal(a.body, &now) != nil {
		return false
	}
	b.state = now.State
	next := map[string]struct {
		who, step string
		in        any
	}{
		"loaded":      {felix, "submit", map[string]any{}},
		"submitted":   {rita, "claim", interests()},
		"in_review":   {rita, "sample", map[string]any{"all": true, "mapping": true}},
		"sampled":     {rita, "recommend", checklist()},
		"recommended": {pia, "publish", map[string]any{}},
	}
	if now.State == "loading" {
		return k.upload(b)
	}
	to, ok := next[now.State]
	if !ok {
		b.dead = true
		return true
	}
	if to.step == "sample" && len(b.rows) > 0 && k.done(b, "sample") {
		to = struct {
			who, step string
			in        any
		}{rita, "recommend", checklist()}
	}
	return k.bulk(b, to.step, k.as(to.who).post("/api/v1/imports/"+b.id+"/"+to.step, to.in))
}

func (k *worker) done(b *batch, step string) bool { return b.done[step+" acknowledged"] > 0 }

// find looks for a batch that was loaded though nobody was told.
func (k *worker) find(b *batch) bool {
	a := k.as(felix).get("/api/v1/imports?limit=200")
	var page struct {
		Imports []struct {
			ID    string
			Files []string
			State string
			New   int64
		}
	}
	if !a.good() || json.Unmarshal(a.body, &page) != nil {
		return false
	}
	for _, each := range page.Imports {
		if len(each.Files) == 1 && each.Files[0] == b.name && each.State != "loading" && each.New > 0 {
			b.id = each.ID
			return true
		}
	}
	return false
}

func (k *worker) upload(b *batch) bool {
	var form bytes.Buffer
	to := multipart.NewWriter(&form)
	_ = to.WriteField("handling", `{"marking":"public"}`)
	if part, err := to.CreateFormFile("file", b.name); err == nil {
		_, _ = part.Write(b.file)
	}
	_ = to.Close()
	return k.bulk(b, "import", k.as(felix).send(http.MethodPost, "/api/v1/imports?profile=don_events", to.FormDataContentType(), form.Bytes()))
}

// bulk takes the answer of a bulk step down: each line of progress is an acknowledgement of so many rows.
func (k *worker) bulk(b *batch, step string, a answer) bool {
	if a.wrong() {
		k.journal.complain(a.kind(), "%s of %s (%s): %s", step, b.id, b.state, a)
	}
	for _, l := range a.lines() {
		switch {
		case l.Progress != nil && l.Progress.Done > b.done[step]:
			b.done[step] = l.Progress.Done
			k.journal.count("batch chunk", true)
		case l.Problem != nil && strings.Contains(string(l.Problem), `"status":500`):
			k.journal.complain("500 in a bulk step", "%s of %s: %s", step, b.id, l.Problem)
		case l.Result != nil:
			return k.stepped(b, step, l.Result)
		}
	}
	k.journal.doubted("batch " + step)
	return false
}

// stepped takes the result of a bulk step down.
func (k *worker) stepped(b *batch, step string, result []byte) bool {
	type head struct {
		ID    string
		State string
		Rows  int64
		New   int64
	}
	var r struct {
		head
		Import *head
	}
	if err := json.Unmarshal(result, &r); err != nil {
		k.journal.complain("unreadable", "%s of %s: %v", step, b.id, err)
		return false
	}
	h := r.head
	if r.Import != nil {
		h = *r.Import
	}
	if h.Rows != int64(len(b.rows)) {
		k.journal.complain("rows", "%s of %s: %d rows, %d were sent", step, b.id, h.Rows, len(b.rows))
	}
	b.done[step+" acknowledged"] = 1
	b.state = h.State
	if step != "import" || h.New > 0 {
		b.id, b.news = h.ID, h.New
	}
	k.journal.count("batch "+step, true)
	return true
}
