package httpd_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bioincident/api"
	"bioincident/internal/fault"
	"bioincident/internal/httpd"
	"bioincident/internal/identity"
	"bioincident/internal/testkit"
	"bioincident/schema"
)

// operated gives the handler as the person at the machine reaches it.
func (w *world) operated() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.handler.ServeHTTP(rw, r.WithContext(httpd.Trusted(r.Context(), identity.ViaLocal)))
	})
}

// TestWhoWentAwayEndsTheWork breaks a connection off and demands that the work behind it hears of it.
func TestWhoWentAwayEndsTheWork(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan error, 1)
	w := newWorld(t, testkit.SQLite(t), func(d *httpd.Deps) {
		d.Index.Rebuild = func(ctx context.Context, tell api.Tell) ([]api.LeftOut, error) {
			tell(schema.Public, 1, 10)
			close(begun)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, ctx.Err()
		}
	})
	server := httptest.NewServer(w.operated())
	defer server.Close()
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/api/v1/index/rebuild", nil)
	w.ok(err)
	got, err := server.Client().Do(r)
	w.ok(err)
	defer got.Body.Close()
	line := make([]byte, 256)
	n, err := got.Body.Read(line) // what was told is sent at once, not when the work is done
	w.ok(err)
	if !strings.Contains(string(line[:n]), `{"progress":{"done":1,"step":"index public","total":10}}`) {
		t.Fatalf("%s", line[:n])
	}
	<-begun
	leave()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the work goes on for nobody")
	}
}

// TestAStreamThatFailsEndsWithTheProblem fails before the first line, and after it.
func TestAStreamThatFailsEndsWithTheProblem(t *testing.T) {
	late := false
	w := newWorld(t, testkit.SQLite(t), func(d *httpd.Deps) {
		d.Index.Rebuild = func(_ context.Context, tell api.Tell) ([]api.LeftOut, error) {
			if late {
				tell(schema.Public, 1, 2)
			}
			return nil, fault.New(fault.Unavailable, "search.building").Because(errors.New("a secret cause"))
		}
	})
	rebuild := call{method: "POST", path: "/api/v1/index/rebuild"}
	got := w.through(w.operated(), rebuild)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Content-Type") != "application/problem+json" || got.code() != "search.building" {
		t.Fatalf("%d %v %s", got.status, got.header, got.body)
	}
	late = true
	got = w.through(w.operated(), rebuild)
	lines := strings.Split(strings.TrimSpace(string(got.body)), "\n")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/x-ndjson" || len(lines) != 2 ||
		!strings.HasPrefix(lines[1], `{"problem":`) || !strings.Contains(lines[1], `"code":"search.building"`) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if strings.Contains(string(got.body), "secret") {
		t.Fatalf("the cause is told: %s", got.body)
	}
}

// TestAStreamThatStandsStillIsEnded sends a part of an upload and nothing more.
func TestAStreamThatStandsStillIsEnded(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t), func(d *httpd.Deps) { d.Settings.Idle = 50 * time.Millisecond })
	server := httptest.NewServer(w.handler)
	defer server.Close()
	body := &stuck{text: "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nid,", gone: t.Context().Done()}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/api/v1/imports?profile=don_events", body)
	w.ok(err)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	r.Header.Set("Authorization", "Bearer "+w.tokens["ana@north"])
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		got, err := server.Client().Do(r)
		if err == nil {
			got.Body.Close()
			if got.StatusCode < 400 {
				t.Errorf("%d", got.StatusCode)
			}
		}
	}()
	select {
	case <-answered:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for ever")
	}
}

// stuck is a body that sends its text and then nothing.
type stuck struct {
	text string
	gone <-chan struct{}
}

func (s *stuck) Read(p []byte) (int, error) {
	if s.text != "" {
		n := copy(p, s.text)
		s.text = s.text[n:]
		return n, nil
	}
	<-s.gone
	return 0, errors.New("gone")
}

// TestAnExportIsWhole reads an export to its last line.
func TestAnExportIsWhole(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.published("One record to be exported")
		w.published("Another one")
		w.indexed()
		got := w.need(call{method: "GET", path: "/api/v1/export"}, http.StatusOK)
		lines := strings.Split(strings.TrimSpace(string(got.body)), "\n")
		var head, record, end map[string]map[string]any
		w.ok(json.Unmarshal([]byte(lines[0]), &head))
		w.ok(json.Unmarshal([]byte(lines[1]), &record))
		w.ok(json.Unmarshal([]byte(lines[len(lines)-1]), &end))
		if len(lines) != 4 || head["export"]["total"] != 2.0 || record["incident"]["view"] == nil || end["end"]["records"] != 2.0 {
			t.Fatalf("%s", got.body)
		}
		if !strings.Contains(string(got.body), id) || got.header.Get("ETag") != "" {
			t.Fatalf("%s", got.body)
		}
	})
}

// TestTheLedgerIsVerifiedAndExported as those who may.
func TestTheLedgerIsVerifiedAndExported(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.published("A record in the ledger")
		got := w.need(call{method: "GET", path: "/api/v1/ledger/verify", as: "otto@secretariat"}, http.StatusOK)
		if !strings.Contains(string(got.body), `"ok":true`) {
			t.Fatalf("%s", got.body)
		}
		w.need(call{method: "GET", path: "/api/v1/ledger/export", as: "otto@secretariat"}, http.StatusForbidden)
		got = w.through(w.operated(), call{method: "GET", path: "/api/v1/ledger/export"})
		if got.status != http.StatusOK || strings.Count(string(got.body), "\n") < 10 {
			t.Fatalf("%d %.200s", got.status, got.body)
		}
		got = w.need(call{method: "GET", path: "/api/v1/ledger?limit=1", as: "fay@north"}, http.StatusOK)
		var page struct {
			Entries []struct{ Action, Organization string }
			Next    *string
		}
		got.into(t, &page)
		if len(page.Entries) != 1 || page.Entries[0].Organization != "north" || page.Next == nil {
			t.Fatalf("%s", got.body)
		}
	})
}
