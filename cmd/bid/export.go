package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/fault"
)

func exportCommand(o *options) *cobra.Command {
	params := &gen.ExportIncidentsParams{}
	var output string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write what a search finds as JSON Lines: a head, one line a record, a tail that counts them",
		Long: "Write what a search finds as JSON Lines, in the view of whoever asks: the public, or the person named by --as.\n" +
			"The first line says how it was made, the last how many records came before; without it the export is not complete.",
		Example: "  bid export --query cholera --area KEN --began 2010.. --output cholera.jsonl",
		Args:    cobra.NoArgs,
	}
	q := askable(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return o.with(cmd, app.Reading, func(client *gen.Client) error {
			response, err := client.ExportIncidents(cmd.Context(), params, q.ask)
			if err == nil && !refused(response) {
				meter := newMeter(os.Stderr)
				defer meter.finish()
				response.Body = struct {
					io.Reader
					io.Closer
				}{&exported{from: response.Body, meter: meter}, response.Body}
			}
			return download(cmd, response, err, output)
		})
	}
	cmd.Flags().StringVar(&params.Q, "query", "", "what to search; without it, everything")
	cmd.Flags().StringVar(&output, "output", "", "file; without it, the standard output")
	return cmd
}

// download copies an answer to a file, complete or not at all, or to the standard output.
func download(cmd *cobra.Command, response *http.Response, err error, output string) error {
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if refused(response) {
		return refusal(response)
	}
	if output == "" {
		_, err := io.Copy(cmd.OutOrStdout(), response.Body)
		return err
	}
	return writeWhole(output, response.Body)
}

// exported draws how many records of an export are through, of how many its head announces.
type exported struct {
	from  io.Reader
	meter *meter
	head  []byte // the first line, until it is whole
	done  gen.Progress
	lines int64
}

// Read reads on.
func (e *exported) Read(into []byte) (int, error) {
	n, err := e.from.Read(into)
	e.lines += int64(bytes.Count(into[:n], []byte{'\n'}))
	if e.done.Step == "" {
		e.head = append(e.head, into[:n]...)
		e.begin()
	}
	if e.done.Step != "" {
		e.done.Done = min(max(e.lines-1, 0), e.done.Total) // without the head and the tail
		e.meter.show(e.done)
	}
	return n, err
}

// begin takes the total from the head, once that is whole.
func (e *exported) begin() {
	head, _, whole := bytes.Cut(e.head, []byte{'\n'})
	if !whole {
		return
	}
	var line gen.ExportLine
	if json.Unmarshal(head, &line) == nil && line.Export != nil { // what is no head is copied all the same
		e.done.Total = line.Export.Total
	}
	e.done.Step, e.head = "export", nil
}

func writeWhole(name string, from io.Reader) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".bid-export-*")
	if err != nil {
		return fault.New(fault.Invalid, "command.file_unwritable", "file", name).Because(err)
	}
	defer os.Remove(file.Name()) // nothing is left after the rename
	if _, err := io.Copy(file, from); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}
