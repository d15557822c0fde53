package httpd_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"bioincident/api"
	"bioincident/internal/testkit"
)

// The refusal matrix. Every request is derived from the contract: a new operation is covered before anybody writes a test
// for it. What the world must offer for that it is asked for by name, and the matrix fails where it does not: an object
// for each kind of path, and for each action that needs a revision somebody who may take it on some record.

// matrix is one run. It collects what is wrong, so that a test can plant a hole and see that it is found.
type matrix struct {
	w        *world
	contract *api.Contract
	handler  http.Handler
	objects  map[string]string // first part of the path → an object of north
	takers   map[string]taker  // action → who may take it, and on what
	readOnly map[string]string // PERSON@ORG → a token with the scope write, or read, only
	found    []string
}

// taker is somebody who may take an action on a record.
type taker struct{ as, id string }

// stranger holds every role, in an organization that owns nothing and has no rights.
const stranger = "sam@stranger"

func (m *matrix) wrong(op *api.Operation, format string, args ...any) {
	m.found = append(m.found, fmt.Sprintf("%s %s: ", op.Method, op.Path)+fmt.Sprintf(format, args...))
}

// request is a request that the contract would take, by its examples.
func (m *matrix) request(op *api.Operation, object string) call {
	c := call{method: op.Method, path: op.Path}
	var query []string
	for _, p := range op.Spec.Parameters {
		switch {
		case p.Value.In == openapi3.ParameterInPath:
			c.path = strings.ReplaceAll(c.path, "{"+p.Value.Name+"}", object)
		case p.Value.In == openapi3.ParameterInQuery && p.Value.Required:
			query = append(query, p.Value.Name+"="+fmt.Sprint(p.Value.Example))
		}
	}
	if len(query) > 0 {
		c.path += "?" + strings.Join(query, "&")
	}
	switch {
	case slices.Contains(op.Consumes, "application/json"):
		c.body = op.Spec.RequestBody.Value.Content["application/json"].Example
	case slices.Contains(op.Consumes, "multipart/form-data"):
		c.media = "multipart/form-data; boundary=x"
		c.body = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nid\r\n1\r\n--x--\r\n"
	}
	return c
}

// kind gives the part of a path that says what its object is.
func kind(op *api.Operation) string {
	parts := strings.Split(strings.TrimPrefix(op.Path, "/api/v1/"), "/")
	return parts[0]
}

func hasObject(op *api.Operation) bool { return strings.Contains(op.Path, "{") }

func (m *matrix) object(op *api.Operation) string {
	if !hasObject(op) {
		return ""
	}
	object, ok := m.objects[kind(op)]
	if !ok {
		m.wrong(op, "the world has no object for %q", kind(op))
	}
	return object
}

func (m *matrix) do(c call) answer { return m.w.through(m.handler, c) }

// problem demands that an answer is a problem with this status and tells nothing it should not.
func (m *matrix) problem(op *api.Operation, when string, got answer, statuses ...int) bool {
	if !slices.Contains(statuses, got.status) {
		m.wrong(op, "%s: %d, want %v: %.300s", when, got.status, statuses, got.body)
		return false
	}
	var p struct {
		Type, Title, Code, Instance string
		Status                      int
	}
	if err := json.Unmarshal(got.body, &p); err != nil && op.Method != http.MethodHead {
		m.wrong(op, "%s: the problem is no JSON: %.200s", when, got.body)
		return false
	}
	if got.header.Get("Content-Type") != "application/problem+json" || p.Type != api.TypeBase+p.Code || p.Status != got.status ||
		p.Title == "" || p.Instance != got.header.Get("X-Request-Id") {
		m.wrong(op, "%s: not a problem as RFC 9457 has it: %.300s", when, got.body)
	}
	if cache := got.header.Get("Cache-Control"); cache != "no-store" {
		m.wrong(op, "%s: a refusal with Cache-Control %q", when, cache)
	}
	for _, leak := range []string{"SELECT", "sql:", "pgx", ".go:", "goroutine", "SQLITE", "dial tcp"} {
		if strings.Contains(string(got.body), leak) {
			m.wrong(op, "%s: the answer tells %q", when, leak)
		}
	}
	return true
}

// run asks everything of every operation.
func (m *matrix) run() []string {
	for _, op := range m.contract.Operations {
		m.noSession(op)
		m.noSuchObject(op)
		m.foreignObject(op)
		m.roleMissing(op)
		m.scopeMissing(op)
		m.revision(op)
		m.body(op)
		m.query(op)
		m.method(op)
		m.accept(op)
		m.head(op)
	}
	return m.found
}

func (m *matrix) noSession(op *api.Operation) {
	if !op.Secured {
		return
	}
	c := m.request(op, m.object(op))
	for when, token := range map[string]string{
		"no session": "", "a token that is none": "bid_nonsense",
		"an unknown token": "bid_0000000000000000000000000000000000000000",
	} {
		c.token = token
		got := m.do(c)
		m.problem(op, when, got, http.StatusUnauthorized)
		if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
			m.wrong(op, "%s: no WWW-Authenticate", when)
		}
	}
}

// nothing is an id that no object has.
func nothing(op *api.Operation) string {
	if kind(op) == "incidents" {
		return "BID-0000-0000"
	}
	return "nothing-of-the-kind"
}

// able gives people who might take the operation: one of them must be answered as the matrix expects.
func able(op *api.Operation) []string {
	switch {
	case strings.HasPrefix(op.Path, "/api/v1/organizations"), strings.HasPrefix(op.Path, "/api/v1/grants"),
		strings.HasPrefix(op.Path, "/api/v1/tokens"), strings.HasPrefix(op.Path, "/api/v1/settings"),
		op.Action == "glass.break", strings.HasPrefix(op.Path, "/api/v1/index"), strings.HasPrefix(op.Path, "/api/v1/people"):
		return []string{"adam@secretariat"}
	}
	return slices.Sorted(maps.Keys(roles()))
}

func (m *matrix) noSuchObject(op *api.Operation) {
	if !hasObject(op) {
		return
	}
	for _, as := range able(op) {
		c := m.request(op, nothing(op))
		c.as, c.ifMatch = as, `"r1.1"`
		// A setting is not an object: it exists by its name, which the program knows.
		if got := m.do(c); kind(op) == "settings" {
			m.problem(op, "no such setting, as "+as, got, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusConflict)
		} else {
			m.problem(op, "no such object, as "+as, got, http.StatusNotFound)
		}
	}
}

// foreignObject demands that what a person may not know of is answered as what does not exist, byte for byte.
func (m *matrix) foreignObject(op *api.Operation) {
	if !hasObject(op) || !op.Secured && op.Action == api.Public || !slices.Contains([]string{"incidents", "imports", "tokens"}, kind(op)) {
		return
	}
	answers := map[string]answer{}
	for when, object := range map[string]string{"foreign": m.object(op), "unknown": nothing(op)} {
		for _, match := range []string{"", `"r1.1"`} {
			c := m.request(op, object)
			c.as, c.ifMatch = stranger, match
			got := m.do(c)
			if !m.problem(op, when+" object", got, http.StatusNotFound) {
				return
			}
			answers[when+match] = got
		}
	}
	for _, match := range []string{"", `"r1.1"`} {
		a, b := answers["foreign"+match], answers["unknown"+match]
		if without(a) != without(b) {
			m.wrong(op, "a foreign object is told from an unknown one:\n%s\n%s", without(a), without(b))
		}
	}
}

// without gives an answer without what differs from request to request.
func without(a answer) string {
	h := a.header.Clone()
	id := h.Get("X-Request-Id")
	h.Del("X-Request-Id")
	h.Del("Date")
	return fmt.Sprint(a.status, h, strings.ReplaceAll(string(a.body), id, "ID"))
}

// forEverybody tells whether anybody who is signed in may take an action.
func forEverybody(action string) bool {
	return slices.Contains([]string{api.Public, "org.read", "search.read", "export.read", "feed.read", "vocabulary.read",
		"policy.explain", "token.create", "incident.read"}, action)
}

// roleMissing asks as a reader of the owning organization, about what a reader may know of: a published record.
func (m *matrix) roleMissing(op *api.Operation) {
	if !op.Secured || forEverybody(op.Action) {
		return
	}
	object := m.object(op)
	if kind(op) == "incidents" && hasObject(op) {
		object = m.objects["published"]
	}
	c := m.request(op, object)
	c.as = "ron@north" // without a revision too: that it is missing is told only to those who may
	got := m.do(c)
	if got.status == http.StatusOK && op.Method == http.MethodGet && !hasObject(op) && empty(got.body) {
		return // a list of what one may see, and that is nothing
	}
	statuses := []int{http.StatusForbidden}
	if hasObject(op) && kind(op) != "incidents" || op.Action == "incident.read_work" {
		statuses = append(statuses, http.StatusNotFound)
	}
	if !m.problem(op, "as a reader", got, statuses...) || got.status != http.StatusForbidden {
		return
	}
	var p struct {
		Detail  string
		Missing []struct{ Code, Detail string }
	}
	if err := json.Unmarshal(got.body, &p); err != nil || p.Detail == "" || len(p.Missing) == 0 {
		m.wrong(op, "403 does not say what is missing: %.300s", got.body)
	}
	for _, reason := range p.Missing {
		if reason.Detail == "" || strings.Contains(reason.Detail, "policy:") || strings.Contains(reason.Detail, "{{") {
			m.wrong(op, "403 is not said in words: %q %q", reason.Code, reason.Detail)
		}
	}
}

// empty tells whether every list of an answer is empty.
func empty(body []byte) bool {
	var lists map[string]json.RawMessage
	if json.Unmarshal(body, &lists) != nil {
		return false
	}
	for _, value := range lists {
		if text := string(value); text != "[]" && text != "null" {
			return false
		}
	}
	return true
}

// scopeMissing asks with a token of somebody who could, whose scope does not reach so far.
func (m *matrix) scopeMissing(op *api.Operation) {
	if !op.Secured {
		return
	}
	for _, as := range able(op) {
		c := m.request(op, m.object(op))
		c.token, c.ifMatch = m.readOnly[as], `"r1.1"`
		if got := m.do(c); op.Method != http.MethodGet && op.Action != "policy.explain" && got.status < 400 {
			m.wrong(op, "%s could do it with a token that may only read", as)
		}
	}
}

// revision asks without a revision, and with one that has moved on, as somebody who may take the action.
func (m *matrix) revision(op *api.Operation) {
	if !op.IfMatch {
		return
	}
	who, ok := m.takers[op.Action]
	if !ok {
		m.wrong(op, "nobody in the world may take %s on any record: add a record in the state for it", op.Action)
		return
	}
	c := m.request(op, who.id)
	c.as = who.as
	before := m.w.revision(who.as, who.id)
	m.problem(op, "no If-Match, as "+who.as, m.do(c), http.StatusPreconditionRequired)
	c.ifMatch = `"r999.999"`
	m.problem(op, "a stale If-Match, as "+who.as, m.do(c), http.StatusPreconditionFailed)
	for _, nonsense := range []string{"r1.1", `W/"r1.1"`, "*", `"7"`} {
		c.ifMatch = nonsense
		m.problem(op, "If-Match "+nonsense, m.do(c), http.StatusBadRequest)
	}
	if after := m.w.revision(who.as, who.id); after != before {
		m.wrong(op, "a refused request changed the record: %s became %s", before, after)
	}
}

// body sends what cannot be taken, as somebody who is signed in.
func (m *matrix) body(op *api.Operation) {
	as := able(op)[0]
	good := m.request(op, m.object(op))
	good.as, good.ifMatch = as, `"r1.1"`
	bad := func(when string, status int, change func(*call)) {
		c := good
		change(&c)
		m.problem(op, when, m.do(c), status)
	}
	if len(op.Consumes) == 0 {
		if op.Method != http.MethodGet {
			bad("a body that is not asked for", http.StatusBadRequest, func(c *call) { c.body = `{"x":1}` })
		}
		return
	}
	bad("another media type", http.StatusUnsupportedMediaType, func(c *call) { c.media, c.body = "text/plain", "x" })
	bad("compressed", http.StatusUnsupportedMediaType, func(c *call) { c.header = map[string]string{"Content-Encoding": "gzip"} })
	bad("too large", http.StatusRequestEntityTooLarge, func(c *call) {
		c.body = `{"note":"` + strings.Repeat("x", int(max(m.w.deps.Settings.MaxBody, m.w.deps.Settings.MaxUpload))+1) + `"}`
	})
	if !slices.Contains(op.Consumes, "application/json") {
		return
	}
	text, err := json.Marshal(good.body)
	m.w.ok(err)
	object := strings.TrimSuffix(string(text), "}")
	comma := ","
	if object == "{" {
		comma = ""
	}
	bad("an unknown field", http.StatusBadRequest, func(c *call) { c.body = object + comma + `"surprise":1}` })
	bad("a name twice", http.StatusBadRequest, func(c *call) { c.body = object + comma + `"note":"a","note":"b"}` })
	bad("more after the document", http.StatusBadRequest, func(c *call) { c.body = string(text) + "{}" })
	bad("no JSON", http.StatusBadRequest, func(c *call) { c.body = "{" })
	bad("a list", http.StatusBadRequest, func(c *call) { c.body = "[]" })
	bad("not UTF-8", http.StatusBadRequest, func(c *call) { c.body = "{\"note\":\"\xff\"}" })
	bad("a NUL", http.StatusBadRequest, func(c *call) { c.body = `{"note":"\u0000"}` })
	if op.BodyMust {
		bad("no body", http.StatusBadRequest, func(c *call) { c.body = nil })
	}
}

func (m *matrix) query(op *api.Operation) {
	c := m.request(op, m.object(op))
	c.as, c.ifMatch = able(op)[0], `"r1.1"`
	separator := "?"
	if strings.Contains(c.path, "?") {
		separator = "&"
	}
	for _, query := range []string{"surprise=1", "lang=xx", "lang=en&lang=en", "lang=%00", "lang=%zz"} {
		ask := c
		ask.path += separator + query
		m.problem(op, "?"+query, m.do(ask), http.StatusBadRequest)
	}
	for _, p := range op.Spec.Parameters {
		if p.Value.Name == "limit" {
			for _, limit := range []string{"0", "201", "-1", "x", "1.5"} {
				ask := c
				ask.path += separator + "limit=" + limit
				m.problem(op, "?limit="+limit, m.do(ask), http.StatusBadRequest)
			}
		}
		if p.Value.Name == "cursor" && op.Action != api.Public {
			ask := c
			ask.path += separator + "cursor=nonsense"
			if got := m.do(ask); got.status != http.StatusForbidden && got.status != http.StatusNotFound {
				m.problem(op, "?cursor=nonsense", got, http.StatusBadRequest, http.StatusUnprocessableEntity)
			}
		}
	}
}

func (m *matrix) method(op *api.Operation) {
	c := m.request(op, m.object(op))
	c.method, c.body = http.MethodDelete, nil
	got := m.do(c)
	m.problem(op, "DELETE", got, http.StatusMethodNotAllowed)
	if !strings.Contains(got.header.Get("Allow"), op.Method) {
		m.wrong(op, "405 allows %q", got.header.Get("Allow"))
	}
}

func (m *matrix) accept(op *api.Operation) {
	if len(op.Produces) == 0 {
		return
	}
	c := m.request(op, m.object(op))
	c.as, c.header = able(op)[0], map[string]string{"Accept": "image/png"}
	m.problem(op, "Accept: image/png", m.do(c), http.StatusNotAcceptable)
}

// head demands that HEAD is GET without the body.
func (m *matrix) head(op *api.Operation) {
	if op.Method != http.MethodGet || op.Long {
		return
	}
	c := m.request(op, m.object(op))
	if op.Secured {
		c.as = able(op)[0]
	}
	get := m.do(c)
	c.method = http.MethodHead
	head := m.do(c)
	if head.status != get.status || len(head.body) != 0 {
		m.wrong(op, "HEAD is %d with %d bytes, GET %d", head.status, len(head.body), get.status)
	}
	if get.status == http.StatusOK && head.header.Get("ETag") != get.header.Get("ETag") && kind(op) != "me" {
		m.wrong(op, "HEAD has another ETag than GET")
	}
}

// newMatrix makes the world ready for it.
func newMatrix(t testing.TB, w *world, handler http.Handler) *matrix {
	t.Helper()
	contract, err := api.LoadContract()
	ok(t, err)
	m := &matrix{w: w, contract: contract, handler: handler, takers: map[string]taker{}, readOnly: map[string]string{}}
	for name := range roles() {
		m.readOnly[name] = w.token(name, "read")
	}
	states := w.states()
	m.objects = map[string]string{
		"incidents": states["submitted"], "published": states["published"], "organizations": "north", "vocabularies": "domain",
		"settings": "quorum", "people": "ana", "grants": w.first("grants", "adam@secretariat"), "tokens": w.first("tokens", "ana@north"),
		"imports": w.imported(),
	}
	m.findTakers(states)
	return m
}

// findTakers asks everybody what they can do with every record.
func (m *matrix) findTakers(states map[string]string) {
	for _, state := range slices.Sorted(maps.Keys(states)) {
		for _, as := range slices.Sorted(maps.Keys(roles())) {
			got := m.w.do(call{method: "GET", path: "/api/v1/incidents/" + states[state] + "/working", as: as})
			if got.status != http.StatusOK {
				continue
			}
			var working struct {
				Can []struct {
					Action  string
					Allowed bool
				}
			}
			got.into(m.w.t, &working)
			for _, can := range working.Can {
				if _, known := m.takers[can.Action]; can.Allowed && !known {
					m.takers[can.Action] = taker{as, states[state]}
				}
			}
		}
	}
}

// first gives the id of the first thing in a list.
func (w *world) first(list, as string) string {
	w.t.Helper()
	got := w.need(call{method: "GET", path: "/api/v1/" + list, as: as}, http.StatusOK)
	var things map[string][]struct{ ID string }
	got.into(w.t, &things)
	if len(things[list]) == 0 {
		w.t.Fatalf("no %s", list)
	}
	return things[list][0].ID
}

// states makes a record in every state that a matrix needs.
func (w *world) states() map[string]string {
	w.t.Helper()
	states := map[string]string{}
	states["draft"], _ = w.draft("A draft")
	states["submitted"] = w.submitted("A submission")
	states["in_review"] = w.claimed("A review")
	states["reviewed"] = w.reviewed("A reviewed record")
	states["published"] = w.published("A published record")
	states["other"] = w.published("Another published record")
	states["assigned"] = w.assigned()
	states["words"] = w.suggested()
	states["update"] = w.update()
	states["waiting"] = w.narrowed()
	states["declined"] = w.claimed("A declined record")
	w.step("rex@east", states["declined"], "decline", map[string]any{"reason": "privacy"})
	return states
}

// assigned is a reviewed record that a publisher has in hand.
func (w *world) assigned() string {
	id := w.reviewed("A record to be published")
	w.need(call{method: "POST", path: "/api/v1/incidents/" + id + "/assign", as: "pia@south",
		body: map[string]any{"person": "pia@south", "duty": "publish"}}, http.StatusOK)
	return id
}

// suggested is a review in which words were suggested.
func (w *world) suggested() string {
	id := w.claimed("Words to be better")
	w.need(call{method: "POST", path: "/api/v1/incidents/" + id + "/comment", as: "rex@east", body: map[string]any{
		"pointer": "/narrative/summary/en/text", "text": "Better so.", "suggestion": "Better words.",
	}}, http.StatusOK)
	return id
}

// update is a published record with a situation update that waits.
func (w *world) update() string {
	id := w.published("A record with an update")
	defer func() {
		w.need(call{method: "POST", path: "/api/v1/incidents/" + id + "/claim", as: "rex@east", body: noInterests()}, http.StatusOK)
	}()
	w.need(call{method: "POST", path: "/api/v1/incidents/" + id + "/new-version", as: "ana@north"}, http.StatusOK)
	body := document("A record with an update")
	body["impact"] = map[string]any{"counts": []any{map[string]any{"id": "c9", "measure": "deaths", "basis": "cumulative",
		"low": 3, "high": 3, "qualifier": "exact", "as_of": "2020-07", "sources": []any{"s1"}}}}
	w.need(call{method: "PUT", path: "/api/v1/incidents/" + id + "/working", as: "ana@north", ifMatch: w.revision("ana@north", id),
		body: map[string]any{"body": body}}, http.StatusOK)
	w.step("fay@north", id, "submit", nil)
	return id
}

// narrowed is a published record of which less is shown, to be confirmed by a second person.
func (w *world) narrowed() string {
	id := w.published("A record that is narrowed")
	w.step("fay@north", id, "redact", map[string]any{"pointers": []any{"/narrative/summary"}, "reason": "privacy"})
	return id
}

// imported is a batch of north.
func (w *world) imported() string {
	w.t.Helper()
	batch, err := w.deps.Workflow.BeginImport(w.t.Context(), w.principal("ana@north"), importOf("matrix"))
	w.ok(err)
	return batch.ID
}

func TestRefusalMatrix(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		for _, wrong := range newMatrix(t, w, w.handler).run() {
			t.Error(wrong)
		}
	})
}

// TestTheMatrixNoticesHoles plants holes, one at a time, between the matrix and the server.
func TestTheMatrixNoticesHoles(t *testing.T) {
	for name, hole := range holes() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, testkit.SQLite(t)) // its own: what gets through a hole changes the world
			if len(newMatrix(t, w, hole(w)).run()) == 0 {
				t.Fatal("the matrix did not notice")
			}
		})
	}
}

// holes are ways in which a server could be wrong.
func holes() map[string]func(w *world) http.Handler {
	changed := func(when func(*http.Request) bool, change func(w *world, r *http.Request)) func(*world) http.Handler {
		return func(w *world) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if when(r) {
					change(w, r)
				}
				w.handler.ServeHTTP(rw, r)
			})
		}
	}
	is := func(method, suffix string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Method == method && strings.HasSuffix(r.URL.Path, suffix) }
	}
	return map[string]func(w *world) http.Handler{
		"a route open to nobody": changed(
			func(r *http.Request) bool {
				return is("GET", "/api/v1/ledger")(r) && r.Header.Get("Authorization") == ""
			},
			func(w *world, r *http.Request) { r.Header.Set("Authorization", "Bearer "+w.tokens["otto@secretariat"]) }),
		"a role that is not asked for": changed(
			func(r *http.Request) bool {
				return is("POST", "/api/v1/organizations")(r) && r.Header.Get("Authorization") != ""
			},
			func(w *world, r *http.Request) { r.Header.Set("Authorization", "Bearer "+w.tokens["adam@secretariat"]) }),
		"an object that is not asked for": changed(
			func(r *http.Request) bool { return is("GET", "/comments")(r) && r.Header.Get("Authorization") != "" },
			func(w *world, r *http.Request) { r.Header.Set("Authorization", "Bearer "+w.tokens["fay@north"]) }),
		"a revision that is not asked for": changed(
			func(r *http.Request) bool { return is("POST", "/recall")(r) && r.Header.Get("If-Match") == "" },
			func(w *world, r *http.Request) { r.Header.Set("If-Match", `"r999.999"`) }),
		"a parameter that is passed over": changed(
			func(r *http.Request) bool { return r.URL.Query().Has("surprise") },
			func(_ *world, r *http.Request) { r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "surprise=1", "") }),
		"a hidden object that is forbidden": func(w *world) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				rec := httptest.NewRecorder()
				w.handler.ServeHTTP(rec, r)
				maps.Copy(rw.Header(), rec.Header())
				body := rec.Body.Bytes()
				if rec.Code == http.StatusNotFound && is("POST", "/claim")(r) && !strings.Contains(r.URL.Path, "0000-0000") {
					rec.Code = http.StatusForbidden
					body = []byte(strings.ReplaceAll(string(body), `"status":404`, `"status":403`))
				}
				rw.WriteHeader(rec.Code)
				_, _ = rw.Write(body)
			})
		},
		"an error in full": func(w *world) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				rec := httptest.NewRecorder()
				w.handler.ServeHTTP(rec, r)
				maps.Copy(rw.Header(), rec.Header())
				rw.WriteHeader(rec.Code)
				_, _ = rw.Write([]byte(strings.ReplaceAll(rec.Body.String(), `"detail":"`, `"detail":"SELECT * FROM orgs `)))
			})
		},
	}
}
