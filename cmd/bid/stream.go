package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"bioincident/api/gen"
)

// line is one line of a streamed answer: progress, then a result or a problem.
type line struct {
	Progress *gen.Progress   `json:"progress"`
	Result   json.RawMessage `json:"result"`
	Check    json.RawMessage `json:"check"`
	Row      *gen.CheckedRow `json:"row"`
	Problem  *gen.Problem    `json:"problem"`
}

// follow draws the progress of a streamed answer and reads its result into out.
func follow(response *http.Response, err error, out any) error {
	return followRows(response, err, out, func(gen.CheckedRow) {})
}

// followRows is follow for an answer that tells of rows on the way.
func followRows(response *http.Response, err error, out any, row func(gen.CheckedRow)) error {
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if refused(response) {
		return refusal(response)
	}
	meter := newMeter(os.Stderr)
	defer meter.finish()
	decoder := json.NewDecoder(response.Body)
	for {
		var l line
		if err := decoder.Decode(&l); err != nil {
			return cut(err)
		}
		switch {
		case l.Progress != nil:
			meter.show(*l.Progress)
		case l.Row != nil:
			row(*l.Row)
		case l.Problem != nil:
			return &problem{*l.Problem}
		case l.Check != nil:
			return json.Unmarshal(l.Check, out)
		case l.Result != nil:
			return json.Unmarshal(l.Result, out)
		}
	}
}

// cut says what it means that an answer ended before its result.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the answer was cut off; run the command again, it goes on where it stopped")
	}
	return err
}

// meter shows progress: a bar on a terminal, a plain line for each tenth elsewhere.
type meter struct {
	to    *os.File
	bar   *progressbar.ProgressBar
	step  string
	tenth int64
}

func newMeter(to *os.File) *meter { return &meter{to: to, tenth: -1} }

func (m *meter) show(p gen.Progress) {
	if p.Import != "" && p.Done > 0 && m.step == "" {
		fmt.Fprintf(m.to, "going on with batch %s at row %d\n", p.Import, p.Done+1)
	}
	if !term.IsTerminal(int(m.to.Fd())) {
		m.print(p)
		return
	}
	if m.bar == nil || m.step != p.Step {
		m.finish()
		m.bar = progressbar.NewOptions64(max(p.Total, -1), progressbar.OptionSetWriter(m.to),
			progressbar.OptionSetDescription(p.Step), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true))
		m.step = p.Step
	}
	if p.Total > 0 {
		m.bar.ChangeMax64(p.Total)
	}
	_ = m.bar.Set64(p.Done) // a bar that cannot be drawn must not stop the work
}

func (m *meter) print(p gen.Progress) {
	tenth := int64(0)
	if p.Total > 0 {
		tenth = p.Done * 10 / p.Total
	}
	if m.step == p.Step && tenth <= m.tenth {
		return
	}
	m.step, m.tenth = p.Step, tenth
	if p.Total > 0 {
		fmt.Fprintf(m.to, "%s: %d of %d\n", p.Step, p.Done, p.Total)
		return
	}
	fmt.Fprintf(m.to, "%s: %d\n", p.Step, p.Done)
}

func (m *meter) finish() {
	if m.bar != nil {
		_ = m.bar.Finish() // see show
		fmt.Fprintln(m.to)
		m.bar = nil
	}
}
