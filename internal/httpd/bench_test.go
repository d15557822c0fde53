package httpd_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"bioincident/internal/testkit"
)

// BenchmarkSearch searches some hundred records through the whole handler and reports the 95th percentile.
func BenchmarkSearch(b *testing.B) {
	w := newWorld(b, testkit.SQLite(b))
	things := []string{"cholera in a camp", "plague on a ship", "anthrax in a herd", "an unexplained fever", "a lost parcel"}
	for i := range 200 {
		w.published(fmt.Sprintf("Report %d of %s", i, things[i%len(things)]))
	}
	w.indexed()
	for _, ask := range []struct{ name, path, as string }{
		{"public", "/api/v1/search?q=fever", ""}, {"public two words", "/api/v1/search?q=lost+parcel", ""},
		{"member", "/api/v1/search?q=fever", "rex@east"}, {"browse", "/api/v1/search", ""}, {"record", "", ""},
	} {
		b.Run(ask.name, func(b *testing.B) {
			if ask.path == "" {
				ask.path = "/api/v1/incidents/" + w.published("One more")
			}
			took := make([]time.Duration, 0, b.N)
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, ask.path, nil)
				if ask.as != "" {
					r.Header.Set("Authorization", "Bearer "+w.tokens[ask.as])
				}
				rec := httptest.NewRecorder()
				started := time.Now()
				w.handler.ServeHTTP(rec, r)
				took = append(took, time.Since(started))
				if rec.Code != http.StatusOK {
					b.Fatalf("%d %s", rec.Code, rec.Body)
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-µs")
		})
	}
}
