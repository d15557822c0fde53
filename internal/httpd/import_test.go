package httpd_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// figures are what an import or a check of one comes to.
type figures struct {
	ID                                     string
	State                                  string
	Rows, New, Unchanged, Updated, Refused int
}

// TestImportIsCheckedKnownAndUndone takes the operations around an import.
func TestImportIsCheckedKnownAndUndone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		server := httptest.NewServer(w.handler)
		defer server.Close()
		file := events(t)
		end := func(profile, kind string) (f figures, lines []map[string]json.RawMessage) {
			t.Helper()
			status, lines := w.upload(server, "ana@north", profile, file)
			if status != http.StatusOK {
				t.Fatalf("%d %v", status, lines)
			}
			w.ok(json.Unmarshal(lines[len(lines)-1][kind], &f))
			return f, lines
		}
		checked, lines := end("don_events&check=true", "check")
		told := 0
		for _, line := range lines {
			if line["row"] != nil {
				told++
			}
		}
		if checked.ID != "" || checked.Rows == 0 || told != checked.Rows {
			t.Errorf("%+v, %d rows told", checked, told)
		}
		imported, _ := end("don_events", "result")
		id := imported.ID
		imported.ID, imported.State = "", ""
		if imported != checked {
			t.Errorf("checked %+v, imported %+v", checked, imported)
		}
		w.knownAndUndone(id, imported.New)
	})
}

func (w *world) knownAndUndone(id string, created int) {
	w.t.Helper()
	const row = "DON-1997-03-04-x01#01"
	known := func(as string) string {
		body := map[string]any{"ids": []string{row, "of nobody"}}
		return string(w.need(call{method: "POST", path: "/api/v1/imports/known", as: as, body: body}, http.StatusOK).body)
	}
	if got := known("ana@north"); !strings.Contains(got, row) || strings.Contains(got, "of nobody") {
		w.t.Errorf("known: %s", got)
	}
	if got := known(stranger); strings.Contains(got, row) {
		w.t.Errorf("another organization learns %s", got)
	}
	undo := call{method: "POST", path: "/api/v1/imports/" + id + "/undo", body: map[string]any{"note": "the wrong file"}}
	undo.as = stranger
	w.need(undo, http.StatusNotFound)
	undo.as = "ron@north"
	if got := w.do(undo); got.status != http.StatusNotFound && got.status != http.StatusForbidden {
		w.t.Errorf("a reader undoes: %d %s", got.status, got.body)
	}
	undo.as = "ana@north"
	lines := strings.Split(strings.TrimSpace(string(w.need(undo, http.StatusOK).body)), "\n")
	var last struct {
		Result struct {
			Done   int
			Stayed []any
			Import figures
		}
	}
	w.ok(json.Unmarshal([]byte(lines[len(lines)-1]), &last))
	if r := last.Result; r.Done != created || len(r.Stayed) != 0 || r.Import.State != "undone" {
		w.t.Errorf("%+v, of %d drafts", r, created)
	}
	if got := known("ana@north"); strings.Contains(got, row) {
		w.t.Errorf("after the undo it is known: %s", got)
	}
}
