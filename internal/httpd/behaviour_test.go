package httpd_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bioincident/api"
	"bioincident/internal/httpd"
	"bioincident/internal/identity"
	"bioincident/internal/testkit"
)

// TestABrokenDatabaseIsSaidWithoutDetail closes the database and asks everything.
func TestABrokenDatabaseIsSaidWithoutDetail(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, d testkit.Database) {
		var log bytes.Buffer
		w := newWorld(t, d, func(d *httpd.Deps) { d.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		m := newMatrix(t, w, w.handler)
		w.ok(w.deps.Store.Close())
		log.Reset()
		for _, op := range m.contract.Operations {
			c := m.request(op, m.object(op))
			c.as, c.ifMatch = able(op)[0], `"r1.1"`
			got := m.do(c)
			if op.Action == api.Public && op.ID != "getReadiness" {
				if got.status != http.StatusOK {
					t.Errorf("%s %s needs a database: %d", op.Method, op.Path, got.status)
				}
				continue
			}
			if op.ID == "getReadiness" {
				if got.status != http.StatusServiceUnavailable || !strings.Contains(string(got.body), `"ready":false`) {
					t.Errorf("ready without a database: %d %s", got.status, got.body)
				}
				continue
			}
			m.problem(op, "broken database", got, http.StatusServiceUnavailable)
			if got.header.Get("Retry-After") == "" {
				t.Errorf("%s %s: no Retry-After", op.Method, op.Path)
			}
		}
		for _, wrong := range m.found {
			t.Error(wrong)
		}
		if !strings.Contains(log.String(), "closed") {
			t.Error("the log does not tell the cause")
		}
		for name, token := range w.tokens {
			if strings.Contains(log.String(), token) {
				t.Errorf("the token of %s is in the log", name)
			}
		}
	})
}

func TestAuthentication(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		me := call{method: "GET", path: "/api/v1/me", as: "ana@north"}
		got := w.need(me, http.StatusOK)
		if !strings.Contains(string(got.body), `"ana@north"`) || got.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%v %s", got.header, got.body)
		}
		revoked := w.token("ana@north")
		tokens, err := w.deps.Workflow.Tokens(t.Context(), w.principal("ana@north"))
		w.ok(err)
		_, err = w.deps.Workflow.RevokeToken(t.Context(), w.principal("ana@north"), tokens[len(tokens)-1].ID)
		w.ok(err)
		expiring := w.token("ron@north")
		flow, ctx := w.deps.Workflow, t.Context()
		w.ok(flow.EndMembership(ctx, operator(), "fred@north", identity.FocalPoint))
		_, err = flow.SuspendOrg(ctx, operator(), "west", "", "")
		w.ok(err)

		bodies := map[string]bool{}
		for when, c := range map[string]call{
			"malformed": {token: "bid_x"}, "unknown": {token: strings.Repeat("0", 42)}, "role ended": {as: "fred@north"},
			"revoked": {token: pick(w, revoked, w.tokens["ana@north"])}, "basic": {header: map[string]string{"Authorization": "Basic eDp5"}},
		} {
			c.method, c.path = "GET", "/api/v1/me"
			got := w.do(c)
			if got.status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", when, got.status, got.body)
			}
			bodies[without(got)] = true
		}
		if len(bodies) != 1 {
			t.Errorf("the answers tell why: %v", bodies)
		}
		got = w.do(call{method: "GET", path: "/api/v1/me", as: "wim@west"})
		if got.status == http.StatusUnauthorized {
			t.Errorf("a suspended organization: %d %s", got.status, got.body)
		}
		got = w.do(call{method: "GET", path: "/api/v1/queue", as: "wim@west"})
		if got.status != http.StatusForbidden || got.code() != "policy.suspended" {
			t.Errorf("a suspended organization: %d %s", got.status, got.body)
		}
		w.clock.Advance(400 * 24 * 3600 * 1e9)
		got = w.do(call{method: "GET", path: "/api/v1/me", token: expiring})
		if got.status != http.StatusUnauthorized {
			t.Errorf("expired: %d %s", got.status, got.body)
		}
	})
}

// pick gives the one of two tokens of a person that is refused now.
func pick(w *world, tokens ...string) string {
	for _, token := range tokens {
		if w.do(call{method: "GET", path: "/api/v1/me", token: token}).status == http.StatusUnauthorized {
			return token
		}
	}
	w.t.Fatal("no token was revoked")
	return ""
}

func TestATrustedConnectionNamesAPerson(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	trusted := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.handler.ServeHTTP(rw, r.WithContext(httpd.Trusted(r.Context(), identity.ViaSocket)))
	})
	ask := func(handler http.Handler, as string) answer {
		c := call{method: "GET", path: "/api/v1/me"}
		if as != "" {
			c.header = map[string]string{"Bid-As": as}
		}
		return w.through(handler, c)
	}
	if got := ask(trusted, "ana@north"); got.status != http.StatusOK || !strings.Contains(string(got.body), `"via":"socket"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := ask(trusted, ""); got.status != http.StatusOK || !strings.Contains(string(got.body), `"operator":true`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := ask(trusted, "nobody@north"); got.status != http.StatusUnauthorized || !strings.Contains(string(got.body), "nobody@north") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := ask(w.handler, "ana@north"); got.status != http.StatusBadRequest || got.code() != "request.bid_as" {
		t.Errorf("the header is believed from anywhere: %d %s", got.status, got.body)
	}
	id := w.published("Content that no operator reads")
	if got := w.through(trusted, call{method: "GET", path: "/api/v1/incidents/" + id + "/working"}); got.status < 400 {
		t.Errorf("the operator reads content: %s", got.body)
	}
}

func TestReadsCanBeCachedByTheirHashAndNobodyElsesAre(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.published("A public record")
		read := call{method: "GET", path: "/api/v1/incidents/" + id}
		first := w.need(read, http.StatusOK)
		etag := first.header.Get("ETag")
		if len(etag) != 66 || first.header.Get("Cache-Control") != "public, no-cache" ||
			!strings.Contains(first.header.Get("Vary"), "Authorization") {
			t.Fatalf("%v", first.header)
		}
		read.header = map[string]string{"If-None-Match": `"x", W/` + etag}
		if got := w.need(read, http.StatusNotModified); len(got.body) != 0 || got.header.Get("ETag") != etag {
			t.Fatalf("%v %s", got.header, got.body)
		}
		read.path += "?lang=fr"
		if got := w.need(read, http.StatusOK); got.header.Get("ETag") == etag || got.header.Get("Content-Language") != "fr" {
			t.Fatalf("%v", got.header)
		}
		read = call{method: "GET", path: "/api/v1/incidents/" + id, as: "ana@north"}
		if got := w.need(read, http.StatusOK); got.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%v", got.header)
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			if got := w.need(call{method: "GET", path: path}, http.StatusOK); got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be kept: %v", path, got.header)
			}
		}
	})
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t), func(d *httpd.Deps) { d.Notice = "Demonstration: not an official record" })
	for _, path := range []string{"/healthz", "/api", "/api/v1/search", "/api/v1/me", "/nowhere"} {
		got := w.do(call{method: "GET", path: path})
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
			"Bid-Notice": "Demonstration: not an official record",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
		if !strings.HasPrefix(got.header.Get("Content-Security-Policy"), "default-src 'none'") || got.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %v", path, got.header)
		}
		if got.header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s: HSTS without TLS", path)
		}
	}
}

func TestRatesAreLimitedAndSaid(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t), func(d *httpd.Deps) {
		d.Settings.PerToken = httpd.Rate{PerSecond: 1, Burst: 3}
		d.Settings.PerAddress = httpd.Rate{PerSecond: 100, Burst: 1000}
	})
	ask := func(as string) answer { return w.do(call{method: "GET", path: "/api/v1/me", as: as}) }
	for left := 2; left >= 0; left-- {
		got := ask("ana@north")
		if want := fmt.Sprintf(`"token";r=%d;t=1`, left); got.status != http.StatusOK || got.header.Get("RateLimit") != want {
			t.Fatalf("%d %v, want %s", got.status, got.header, want)
		}
	}
	got := ask("ana@north")
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "1" || got.code() != "request.too_many" {
		t.Fatalf("%d %v %s", got.status, got.header, got.body)
	}
	if got := ask("fay@north"); got.status != http.StatusOK {
		t.Fatalf("another token is limited: %d", got.status)
	}
	w.clock.Advance(2e9)
	if got := ask("ana@north"); got.status != http.StatusOK {
		t.Fatalf("after a while: %d", got.status)
	}
}

func TestAnAddressIsLimitedBeforeItsToken(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t), func(d *httpd.Deps) { d.Settings.PerAddress = httpd.Rate{PerSecond: 1, Burst: 2} })
	statuses := []int{}
	for range 3 {
		statuses = append(statuses, w.do(call{method: "GET", path: "/api/v1/me", token: "bid_guess"}).status)
	}
	if fmt.Sprint(statuses) != "[401 401 429]" {
		t.Fatal(statuses)
	}
}

// TestARetryCreatesNothingTwice sends the same creation again.
func TestARetryCreatesNothingTwice(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		create := call{method: "POST", path: "/api/v1/incidents", as: "ana@north", body: map[string]any{"body": document("Once")},
			header: map[string]string{"Idempotency-Key": "once-and-only-once"}}
		var first, second struct{ ID string }
		w.need(create, http.StatusCreated).into(t, &first)
		got := w.need(create, http.StatusCreated)
		got.into(t, &second)
		if first.ID == "" || first.ID != second.ID || got.header.Get("Location") != "/api/v1/incidents/"+first.ID+"/working" {
			t.Fatalf("%s and %s", first.ID, second.ID)
		}
	})
}

func TestAFaultInTheBodyIsShownWhereItIs(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	body := document("Wrong")
	body["classification"].(map[string]any)["occurrence"] = "of_course"
	got := w.do(call{method: "POST", path: "/api/v1/incidents", as: "ana@north", body: map[string]any{"body": body}})
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(string(got.body), `"pointer":"/body/classification/occurrence"`) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	got = w.do(call{method: "POST", path: "/api/v1/incidents", as: "ana@north", header: map[string]string{"Accept-Language": "fr"},
		body: map[string]any{"handling": map[string]any{"marking": "secret", "tiers": map[string]any{"place": 1}}, "bodi": 1}})
	var p struct {
		Errors []struct{ Pointer, Code, Detail string }
	}
	got.into(t, &p)
	seen := map[string]string{}
	for _, e := range p.Errors {
		seen[e.Pointer] = e.Code
		if strings.Contains(e.Detail, "request") {
			t.Errorf("not in words: %s", e.Detail)
		}
	}
	want := map[string]string{"/handling/marking": "request.enum", "/handling/tiers/place": "request.enum", "/bodi": "request.unknown_field"}
	if got.status != http.StatusBadRequest || fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Fatalf("%d %v\n%s", got.status, seen, got.body)
	}
}

// TestAPanicIsAnErrorOfTheServer breaks a part of the server.
func TestAPanicIsAnErrorOfTheServer(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t, testkit.SQLite(t), func(d *httpd.Deps) {
		d.Catalog = nil
		d.Log = slog.New(slog.NewJSONHandler(&log, nil))
	})
	got := w.do(call{method: "GET", path: "/api/v1/search?q=x"})
	if got.status != http.StatusInternalServerError || got.code() != "internal" || strings.Contains(string(got.body), "nil") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if !strings.Contains(log.String(), `"panic"`) || !strings.Contains(log.String(), got.header.Get("X-Request-Id")) {
		t.Fatal("the log does not tell")
	}
}

// TestTheLogTellsNoContent writes and searches and reads the log.
func TestTheLogTellsNoContent(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t, testkit.SQLite(t), func(d *httpd.Deps) { d.Log = slog.New(slog.NewJSONHandler(&log, nil)) })
	w.draft("Extraordinary words")
	w.need(call{method: "GET", path: "/api/v1/search?q=remarkable", as: "ana@north"}, http.StatusOK)
	for _, secret := range []string{"Extraordinary", "remarkable", w.tokens["ana@north"]} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	var last map[string]any
	w.ok(json.Unmarshal([]byte(lines[len(lines)-1]), &last))
	if last["route"] != "/api/v1/search" || last["who"] != "ana@north" || last["status"] != 200.0 {
		t.Fatal(last)
	}
}

func TestTheReferenceIsAPageInSixLanguages(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	contract, err := api.LoadContract()
	w.ok(err)
	for _, lang := range []string{"en", "fr", "es", "ru", "zh", "ar"} {
		got := w.need(call{method: "GET", path: "/api?lang=" + lang}, http.StatusOK)
		page := string(got.body)
		if got.header.Get("Content-Type") != "text/html; charset=utf-8" || strings.Contains(page, "<script") || strings.Contains(page, "style=") ||
			strings.Contains(page, "reference.") && strings.Contains(page, "reference.action") || strings.Contains(page, "ZgotmplZ") {
			t.Fatalf("%s: %v", lang, got.header)
		}
		if !strings.Contains(got.header.Get("Content-Security-Policy"), "style-src 'self'") {
			t.Fatalf("%v", got.header)
		}
		for _, op := range contract.Operations {
			for _, part := range []string{`id="` + op.ID + `"`, op.Action} {
				if !strings.Contains(page, part) {
					t.Errorf("%s: %s is missing", lang, part)
				}
			}
		}
		alarm := w.deps.Message.Say(lang, "not_alarm_channel", nil)
		if !strings.Contains(page, alarm) {
			t.Errorf("%s: it does not say that it is no alarm channel", lang)
		}
		if dir := `dir="rtl"`; strings.Contains(page, dir) != (lang == "ar") {
			t.Errorf("%s: wrong direction", lang)
		}
	}
	w.need(call{method: "GET", path: "/api/reference.css"}, http.StatusOK)
}

// TestEveryRefusalHasWords demands words in the catalogue for every code that this package says.
func TestEveryRefusalHasWords(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	for _, code := range []string{"internal", "auth.token", "auth.required", "auth.name", "route.not_found", "request.malformed",
		"request.method", "request.timeout", "request.canceled", "request.too_large", "request.too_many", "ready.database",
		"ready.migrations", "index.closed", "organization.not_found", "vocabulary.not_found"} {
		if !w.deps.Message.Knows(code) {
			t.Errorf("no words for %s", code)
		}
	}
}

// TestImportStreamsProgress imports through a real connection, and again, and breaks off.
func TestImportStreamsProgress(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		server := httptest.NewServer(w.handler)
		defer server.Close()
		send := func(as, profile, file string) []map[string]json.RawMessage {
			t.Helper()
			status, lines := w.upload(server, as, profile, file)
			if status != http.StatusOK {
				t.Fatalf("%d %v", status, lines)
			}
			return lines
		}
		status, _ := w.upload(server, "ron@north", "don_events", "nothing")
		if status != http.StatusForbidden {
			t.Fatalf("a reader imports: %d", status)
		}
		if status, lines := w.upload(server, "ana@north", "no_such_profile", "nothing"); status != http.StatusUnprocessableEntity {
			t.Fatalf("%d %v", status, lines)
		}
		file := events(t)
		first := send("ana@north", "don_events", file)
		if first[0]["progress"] == nil || first[len(first)-1]["result"] == nil {
			t.Fatalf("%v", first)
		}
		var one, two struct {
			ID                                     string
			Rows, New, Unchanged, Updated, Refused int
		}
		w.ok(json.Unmarshal(first[len(first)-1]["result"], &one))
		second := send("ana@north", "don_events", file)
		w.ok(json.Unmarshal(second[len(second)-1]["result"], &two))
		if one.Rows == 0 || one.New == 0 || one.Rows != one.New+one.Unchanged+one.Updated+one.Refused || two.Unchanged != one.New || two.New != 0 {
			t.Fatalf("%+v %+v", one, two)
		}
		got := w.need(call{method: "GET", path: "/api/v1/imports/" + one.ID + "/rows?limit=1", as: "ana@north"}, http.StatusOK)
		var page struct {
			Rows []struct{ Outcome string }
			Next *string
		}
		got.into(t, &page)
		if len(page.Rows) != 1 || one.Rows > 1 && page.Next == nil {
			t.Fatalf("%s", got.body)
		}
		left, err := filepath.Glob(filepath.Join(w.deps.Spool, "*"))
		w.ok(err)
		if len(left) != 0 {
			t.Errorf("left in the spool: %v", left)
		}
	})
}

// events is a file with the columns and the dirt of the real one.
func events(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "exchange", "testdata", "don_events.csv"))
	ok(t, err)
	return string(data)
}

// upload imports a file over the network and gives the lines of the answer.
func (w *world) upload(server *httptest.Server, as, profile, file string) (int, []map[string]json.RawMessage) {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "events.csv")
	w.ok(err)
	_, err = part.Write([]byte(file))
	w.ok(err)
	w.ok(form.Close())
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, server.URL+"/api/v1/imports?profile="+profile, &body)
	w.ok(err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+w.tokens[as])
	got, err := server.Client().Do(r)
	w.ok(err)
	defer got.Body.Close()
	var lines []map[string]json.RawMessage
	for scanner := bufio.NewScanner(got.Body); scanner.Scan(); {
		var line map[string]json.RawMessage
		w.ok(json.Unmarshal(scanner.Bytes(), &line))
		lines = append(lines, line)
	}
	return got.StatusCode, lines
}
