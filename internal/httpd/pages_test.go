package httpd_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"bioincident/internal/testkit"
	"bioincident/internal/workflow"
	"bioincident/policies"
)

// browser keeps cookies and follows no redirect by itself.
type browser struct {
	w      *world
	client *http.Client
	base   string
}

func (w *world) browser() *browser {
	w.t.Helper()
	server := httptest.NewServer(w.handler)
	w.t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	w.ok(err)
	return &browser{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, server.URL}
}

// page is an answer to a browser.
type page struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(method, path string, form url.Values, headers ...string) page {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), method, b.base+path, strings.NewReader(form.Encode()))
	b.w.ok(err)
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := b.client.Do(r)
	b.w.ok(err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	b.w.ok(err)
	return page{response.StatusCode, response.Header, string(body)}
}

func (b *browser) get(path string) page { b.w.t.Helper(); return b.do(http.MethodGet, path, nil) }

// post demands where a form leads; "" is no other page.
func (b *browser) post(path, to string, form ...string) page {
	b.w.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	got := b.do(http.MethodPost, path, values)
	if got.header.Get("Location") != to {
		b.w.t.Fatalf("%s leads to %q, %d: %s", path, got.header.Get("Location"), got.status, got.body)
	}
	return got
}

func (p page) has(t *testing.T, status int, parts ...string) {
	t.Helper()
	if p.status != status {
		t.Fatalf("status %d: %s", p.status, p.body)
	}
	for _, part := range parts {
		if !strings.Contains(p.body, part) {
			t.Errorf("no %q in %s", part, p.body)
		}
	}
}

const secretWords = "four odd violet umbrellas"

// enrolled gives somebody a password by the link of an invitation, through the pages.
func (w *world) enrolled(handle string) {
	w.t.Helper()
	link, err := w.deps.Workflow.ResetPerson(context.Background(), operator(), handle)
	w.ok(err)
	b := w.browser()
	b.get(link.Path).has(w.t.(*testing.T), http.StatusOK, handle)
	b.post(link.Path, "", "password", "password").has(w.t.(*testing.T), http.StatusUnprocessableEntity, "error")
	b.post(link.Path, "/", "password", secretWords)
	b.get(link.Path).has(w.t.(*testing.T), http.StatusNotFound)
	b.get("/account").has(w.t.(*testing.T), http.StatusOK, handle)
}

// TestSigningIn: by a link, with a password, for one organization after the other; and out, by oneself and by others.
func TestSigningIn(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.t = t
		w.enrolled("ana")
		b := w.browser()
		b.get("/account").has(t, http.StatusSeeOther)
		b.post("/sign-in", "", "handle", "ana", "password", "four odd violet umbrella").has(t, http.StatusUnprocessableEntity, "ana")
		b.post("/sign-in", "", "handle", "nobody", "password", secretWords).has(t, http.StatusUnprocessableEntity)
		b.post("/sign-in", "/account?x=1", "handle", " Ana", "password", secretWords, "next", "/account?x=1")
		account := b.get("/account")
		account.has(t, http.StatusOK, "ana", "north")
		if account.header.Get("Cache-Control") != "no-store" {
			t.Error("a page of somebody's is kept")
		}
		b.post("/acting", "", "organization", "secretariat").has(t, http.StatusNotFound)
		b.get("/?lang=fr").has(t, http.StatusOK, `lang="fr"`)
		b.get("/search").has(t, http.StatusOK, `lang="fr"`)
		b.post("/preferences", "/", "theme", "dark")
		b.get("/").has(t, http.StatusOK, `data-theme="dark"`)

		other := w.browser()
		other.post("/sign-in", "/", "handle", "ana", "password", secretWords)
		b.post("/account/password", "", "current", "wrong", "password", "seven calm copper kettles").has(t, http.StatusUnprocessableEntity)
		b.post("/account/password", "/account", "current", secretWords, "password", "seven calm copper kettles")
		b.get("/account").has(t, http.StatusOK)
		other.get("/account").has(t, http.StatusSeeOther) // every other session ended
		other.post("/sign-in", "", "handle", "ana", "password", secretWords).has(t, http.StatusUnprocessableEntity)
		other.post("/sign-in", "/", "handle", "ana", "password", "seven calm copper kettles", "next", "//elsewhere.example/")

		_, err := w.deps.Workflow.SuspendOrg(context.Background(), operator(), "north", "secretariat", "")
		w.ok(err)
		b.post("/sign-out", "/")
		b.get("/account").has(t, http.StatusSeeOther)
	})
}

// TestPagesOfRecords: a list and a record as this reader may see them; what is hidden and what never was are one page.
func TestPagesOfRecords(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	id := w.published("quartzblossom")
	hidden, _ := w.draft("zanthoquark")
	w.indexed()
	b := w.browser()
	b.get("/search?q=quartzblossom").has(t, http.StatusOK, id, "<mark")
	b.get("/search?q=quartzblossom&cause=natural&began=1980..").has(t, http.StatusOK)
	b.get("/search?q=zanthoquark").has(t, http.StatusOK, "No results")
	b.get("/search?began=yesterday").has(t, http.StatusUnprocessableEntity)
	b.get("/search?after=forged").has(t, http.StatusUnprocessableEntity)
	b.get("/incidents/"+id).has(t, http.StatusOK, id, "quartzblossom")
	b.get("/incidents/"+id+"@1").has(t, http.StatusOK, id)
	b.get("/incidents/"+id+"@9").has(t, http.StatusNotFound)
	b.get("/").has(t, http.StatusOK, id)
	same := func(id string) string { return strings.ReplaceAll(b.get("/incidents/"+id).body, id, "ID") }
	if one, other := same(hidden), same("BID-2222-222B"); one != other {
		t.Errorf("hidden:\n%s\nunknown:\n%s", one, other)
	}
}

// TestFirstAdministrator: a link that is printed once begins an installation, and is worth nothing afterwards.
func TestFirstAdministrator(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, d testkit.Database) {
		s := d.Open(t)
		w := &world{t: t, tokens: map[string]string{}}
		w.deps, w.follow = build(t, s)
		w.serve()
		link, err := w.deps.Workflow.FirstLink(t.Context())
		w.ok(err)
		b := w.browser()
		b.get("/first/"+path.Base(link.Path)).has(t, http.StatusOK)
		form := []string{"organization", "Secretariat", "slug", "Sec retariat", "area", "001", "name", "Ada", "handle", "ada", "password", secretWords}
		b.post(link.Path, "", form...).has(t, http.StatusUnprocessableEntity, `value="Secretariat"`)
		form[3] = "secretariat"
		b.post(link.Path, "/", form...)
		b.get("/account").has(t, http.StatusOK, "ada", "Secretariat")
		w.browser().get(link.Path).has(t, http.StatusNotFound)
		again, err := w.deps.Workflow.FirstLink(t.Context())
		if err != nil || again != (workflow.NewLink{}) {
			t.Errorf("there is another: %+v %v", again, err)
		}
	})
}

// TestEveryPageRefuses: what every page has in common is asked of every row of the table, so that a new one is covered
// before its author writes a test.
func TestEveryPageRefuses(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	actions := append(policies.Actions(), "public")
	b := w.browser()
	for _, line := range w.deps.Site.Pages() {
		parts := strings.Fields(line)
		method, at, action := parts[0], strings.NewReplacer(":token", "bid_none", ":id", "BID-2222-222B").Replace(parts[1]), parts[2]
		t.Run(method+" "+parts[1], func(t *testing.T) {
			b := &browser{&world{t: t}, b.client, b.base}
			if !slices.Contains(actions, action) {
				t.Errorf("no action %s", action)
			}
			got := b.do(method, at, nil)
			if got.status >= 500 || got.header.Get("Content-Security-Policy") == "" || !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%d %v", got.status, got.header)
			}
			if got.status != http.StatusSeeOther && !strings.Contains(got.header.Get("Content-Type"), "text/html") {
				t.Errorf("a person is answered with %s", got.header.Get("Content-Type"))
			}
			if strings.Contains(got.body, "<style") || strings.Contains(got.body, " style=") || strings.Contains(got.body, "<script>") {
				t.Error("something is inline")
			}
			for _, lang := range []string{"ar", "zh", "fr", "ru", "es"} {
				if got := b.do(http.MethodGet, at, nil, "Accept-Language", lang); got.status == http.StatusOK && !strings.Contains(got.body, `lang="`+lang+`"`) {
					t.Errorf("not in %s", lang)
				}
			}
			b.do(method, at+"?q=%ff", nil).has(t, http.StatusBadRequest)
			if method == http.MethodPost {
				b.do(method, at, nil, "Sec-Fetch-Site", "cross-site").has(t, http.StatusForbidden, "request.other_origin")
				b.do(method, at, url.Values{"handle": {strings.Repeat("a", 3<<20)}}).has(t, http.StatusRequestEntityTooLarge)
			}
		})
	}
	b.get("/nothing").has(t, http.StatusNotFound, "<html")
	if api := b.do(http.MethodGet, "/api/v1/nothing", nil); !strings.Contains(api.header.Get("Content-Type"), "problem+json") {
		t.Error("the API answers with a page")
	}
}
