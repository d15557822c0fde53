package world

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// Answer is what came back.
type Answer struct {
	Status     int
	Header     http.Header
	Body       []byte
	Statements int64 // SQL statements made for the request
}

type countKey struct{}

// count counts a statement for the request whose context it has.
func count(ctx context.Context) {
	if n, ok := ctx.Value(countKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

// Do sends a request as PERSON@ORG, or as nobody. A body is marshalled, unless it is nil, a string or bytes. Headers are
// "Name: value".
func (s *System) Do(who, method, path string, body any, headers ...string) Answer {
	s.t.Helper()
	var data []byte
	switch b := body.(type) {
	case nil:
	case string:
		data = []byte(b)
	case []byte:
		data = b
	default:
		var err error
		data, err = json.Marshal(b)
		s.ok(err)
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(data))
	r.Body, r.ContentLength = http.NoBody, 0
	if len(data) > 0 {
		r = httptest.NewRequest(method, path, bytes.NewReader(data))
		r.Header.Set("Content-Type", "application/json")
	}
	if who != "" {
		secret, ok := s.Tokens[who]
		if !ok {
			s.t.Fatalf("%s has no token", who)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	statements := new(atomic.Int64)
	rec := httptest.NewRecorder()
	s.Handler.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), countKey{}, statements)))
	return Answer{Status: rec.Code, Header: rec.Result().Header, Body: rec.Body.Bytes(), Statements: statements.Load()}
}

// Need sends a request and demands a status.
func (s *System) Need(status int, who, method, path string, body any, headers ...string) Answer {
	s.t.Helper()
	got := s.Do(who, method, path, body, headers...)
	if got.Status != status {
		s.t.Fatalf("%s %s as %q: %d, want %d: %s", method, path, who, got.Status, status, got.Body)
	}
	return got
}

// Into reads the body.
func (a Answer) Into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		t.Fatalf("%v: %s", err, a.Body)
	}
}

// Code gives the code of a problem.
func (a Answer) Code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(a.Body, &p)
	return p.Code
}

// String gives the answer whole, without what no two requests share: the moment and the id of the request.
func (a Answer) String() string {
	header := a.Header.Clone()
	id := header.Get("X-Request-Id")
	header.Del("X-Request-Id")
	header.Del("Date")
	body := string(a.Body)
	if id != "" {
		body = strings.ReplaceAll(body, id, "REQUEST")
	}
	return fmt.Sprintf("%d, %d statements, %v\n%s", a.Status, a.Statements, header, body)
}
