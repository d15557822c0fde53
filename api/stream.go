package api

import (
	"encoding/json"
	"net/http"

	"bioincident/api/gen"
)

// NDJSON is the media type of JSON Lines.
const NDJSON = "application/x-ndjson"

// lines writes JSON Lines, each at once to whoever waits for it.
type lines struct {
	w       http.ResponseWriter
	encoder *json.Encoder
	control *http.ResponseController
	begun   bool
}

func newLines(w http.ResponseWriter) *lines {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return &lines{w: w, encoder: encoder, control: http.NewResponseController(w)}
}

func (l *lines) begin() {
	if l.begun {
		return
	}
	l.begun = true
	l.w.Header().Set("Content-Type", NDJSON)
	l.w.WriteHeader(http.StatusOK)
}

// write sends one line.
func (l *lines) write(line any) error {
	l.begin()
	if err := l.encoder.Encode(line); err != nil {
		return err
	}
	_ = l.control.Flush() // a writer that cannot flush sends when it is full
	return nil
}

// Write sends lines that are made elsewhere.
func (l *lines) Write(data []byte) (int, error) {
	l.begin()
	return l.w.Write(data)
}

// progress tells how far a step is. A reader that went away ends the work through its context, not through this.
func (l *lines) progress(step string) func(done, total int64) {
	return func(done, total int64) {
		_ = l.write(progressLine{Progress: gen.Progress{Step: step, Done: done, Total: total}})
	}
}

type (
	progressLine struct {
		Progress gen.Progress `json:"progress"`
	}
	problemLine struct {
		Problem gen.Problem `json:"problem"`
	}
	resultLine struct {
		Result any `json:"result"`
	}
	rowLine struct {
		Row gen.CheckedRow `json:"row"`
	}
	checkLine struct {
		Check gen.ImportCheck `json:"check"`
	}
)

// streamed is the response of every operation that answers with JSON Lines.
type streamed struct {
	run func(w http.ResponseWriter) error
}

// The generated interfaces that it satisfies.
func (r streamed) VisitExportIncidentsResponse(w http.ResponseWriter) error { return r.run(w) }
func (r streamed) VisitExportLedgerResponse(w http.ResponseWriter) error    { return r.run(w) }
func (r streamed) VisitImportFilesResponse(w http.ResponseWriter) error     { return r.run(w) }
func (r streamed) VisitSubmitImportResponse(w http.ResponseWriter) error    { return r.run(w) }
func (r streamed) VisitClaimImportResponse(w http.ResponseWriter) error     { return r.run(w) }
func (r streamed) VisitSampleImportResponse(w http.ResponseWriter) error    { return r.run(w) }
func (r streamed) VisitRecommendImportResponse(w http.ResponseWriter) error { return r.run(w) }
func (r streamed) VisitReturnImportResponse(w http.ResponseWriter) error    { return r.run(w) }
func (r streamed) VisitPublishImportResponse(w http.ResponseWriter) error   { return r.run(w) }
func (r streamed) VisitUndoImportResponse(w http.ResponseWriter) error      { return r.run(w) }
func (r streamed) VisitRebuildIndexResponse(w http.ResponseWriter) error    { return r.run(w) }
func (r streamed) VisitCheckIndexResponse(w http.ResponseWriter) error      { return r.run(w) }
