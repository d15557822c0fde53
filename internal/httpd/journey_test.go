package httpd_test

import (
	"net/http"
	"testing"
)

// TestFromDraftToFound takes one record through everybody's hands and finds it as the public.
func TestFromDraftToFound(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		id := w.published("Unusual pneumonia among market workers")
		got := w.need(call{method: "GET", path: "/api/v1/incidents/" + id}, http.StatusOK)
		var reading struct {
			ID      string         `json:"id"`
			Edition int            `json:"edition"`
			Title   string         `json:"title"`
			View    map[string]any `json:"view"`
		}
		got.into(t, &reading)
		if reading.ID != id || reading.Edition != 1 || reading.Title == "" || reading.View["narrative"] == nil {
			t.Fatalf("%s", got.body)
		}
		w.indexed()
		got = w.need(call{method: "GET", path: "/api/v1/search?q=pneumonia+market"}, http.StatusOK)
		var found struct {
			Total int `json:"total"`
			Hits  []struct {
				ID string `json:"id"`
			} `json:"hits"`
			Next *string `json:"next"`
		}
		got.into(t, &found)
		if found.Total != 1 || len(found.Hits) != 1 || found.Hits[0].ID != id || found.Next != nil {
			t.Fatalf("%s", got.body)
		}
	})
}
