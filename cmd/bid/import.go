package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/exchange"
	"bioincident/internal/fault"
)

// importing are the flags of an import.
type importing struct {
	params         gen.ImportFilesParams
	dates          string
	texts, marking string
	known, rows    bool
}

func importCommand(o *options) *cobra.Command {
	in := &importing{}
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Turn the rows of files into drafts; prints the id of the batch last",
		Long: "Turn the rows of files into drafts of the organization named by --as. Every row is accounted for: created, unchanged,\n" +
			"updated, or refused with file, line, column, value and reason. Importing again changes nothing and goes on where it\n" +
			"stopped. How the files are written is found out and shown; --encoding, --dates and --set say it instead.",
		Example: "  bid import --profile don_events --as felix@north-health don_events.csv\n" +
			"  bid import --profile don_events --texts don_texts.csv.gz --as felix@north-health don_events.csv\n" +
			"  bid import --check --profile don_events --as felix@north-health don_events.csv\n" +
			"  cut -d, -f1 don_events.csv | bid import --known --as felix@north-health",
		RunE: func(cmd *cobra.Command, args []string) error {
			if in.known {
				return o.known(cmd, args)
			}
			return o.importFiles(cmd, in, args)
		},
		Args: cobra.ArbitraryArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&in.params.Profile, "profile", "", "how the columns are read: "+strings.Join(exchange.Profiles(), ", "))
	flags.StringVar(&in.texts, "texts", "", "file of texts to join")
	flags.StringVar(&in.marking, "marking", "public", "who may see the records: public, members or named")
	flags.StringVar(&in.params.Encoding, "encoding", "", "encoding of the files, such as windows-1252; without it, it is found out")
	flags.StringVar(&in.dates, "dates", "", "order of dates, dmy, mdy or ymd; without it, it is found out")
	flags.StringArrayVar(&in.params.Set, "set", nil, "NAME=VALUE that stands in all rows, such as language=fr; can be repeated")
	flags.BoolVar(&in.params.Check, "check", false, "write nothing; say what would become of the rows")
	flags.BoolVar(&in.rows, "rows", false, "with --check, list every row")
	flags.BoolVar(&in.known, "known", false, "list which ids of rows, one a line in the files or the standard input, are records already")
	cmd.AddCommand(importUndo(o))
	return cmd
}

func (o *options) importFiles(cmd *cobra.Command, in *importing, files []string) error {
	if len(files) == 0 {
		return fault.New(fault.Invalid, "import.no_file")
	}
	if in.params.Profile == "" {
		return fault.New(fault.Invalid, "command.profile_missing")
	}
	if err := readable(append(files, in.texts)...); err != nil {
		return err
	}
	in.params.Dates = gen.ImportFilesParamsDates(in.dates)
	return o.with(cmd, app.Commands, func(client *gen.Client) error {
		body, contentType := upload(files, in.texts, in.marking)
		response, err := client.ImportFilesWithBody(cmd.Context(), &in.params, contentType, body) //nolint:bodyclose // follow or reportCheck closes it
		if in.params.Check {
			return reportCheck(cmd, response, err, in.rows)
		}
		var batch gen.Import
		if err := follow(response, err, &batch); err != nil {
			return err
		}
		reportDetected(cmd.OutOrStdout(), batch.Detected)
		return reportImport(cmd, client, batch)
	})
}

func importUndo(o *options) *cobra.Command {
	in := gen.NoteIn{}
	cmd := o.batchStep("undo", "Discard the drafts that a batch created and nobody has touched since", func(ctx context.Context, client *gen.Client, id string) (*http.Response, error) {
		return client.UndoImport(ctx, id, &gen.UndoImportParams{}, in)
	})
	cmd.Long = "Discard the drafts that a batch created and nobody has touched since. What stays is listed with the reason. The same files\n" +
		"can be imported again afterwards. When it is interrupted, the same command goes on."
	cmd.Flags().StringVar(&in.Note, "note", "", "why")
	return cmd
}

// reportDetected prints how each file was found to be written.
func reportDetected(out io.Writer, files []gen.Detected) {
	for _, file := range files {
		fmt.Fprintf(out, "file\t%s\t%s\tdelimiter %q\t%d rows", file.File, file.Encoding, file.Delimiter, file.Rows)
		for _, column := range slices.Sorted(maps.Keys(file.Dates)) {
			fmt.Fprintf(out, "\t%s %s", column, file.Dates[column])
		}
		if file.Repaired {
			fmt.Fprint(out, "\tcharacters repaired")
		}
		fmt.Fprintln(out)
	}
}

// reportCheck prints what an import would come to.
func reportCheck(cmd *cobra.Command, response *http.Response, err error, rows bool) error {
	out := cmd.OutOrStdout()
	var check gen.ImportCheck
	flags := map[string]int64{}
	err = followRows(response, err, &check, func(row gen.CheckedRow) {
		for _, flag := range row.Flags {
			flags[flag]++
		}
		if rows {
			fmt.Fprintf(out, "%s\t%s:%d\t%s\t%s\t%s\n", row.Outcome, row.File, row.Line, row.RowId, row.Id, strings.Join(row.Flags, ", "))
		}
	})
	if err != nil {
		return err
	}
	reportDetected(out, check.Detected)
	for _, column := range check.Ignored {
		fmt.Fprintf(out, "ignored\tcolumn %s\n", column)
	}
	for _, reason := range check.Refusals {
		fmt.Fprintf(out, "reason\t%d rows\t%s\n", reason.Rows, reason.Reason)
		for _, row := range reason.First {
			fmt.Fprintf(out, "refused\t%s:%d\t%s\t%q\t%s\n", row.File, row.Line, row.Column, row.Value, first(row.Detail, row.Reason))
		}
	}
	for _, flag := range slices.Sorted(maps.Keys(flags)) {
		fmt.Fprintf(out, "flagged\t%d rows\t%s\n", flags[flag], flag)
	}
	if check.Id != "" {
		fmt.Fprintf(out, "goes on with batch %s at row %d\n", check.Id, check.Resumed+1)
	}
	fmt.Fprintf(out, "rows %d = created %d + unchanged %d + updated %d + refused %d; nothing was written\n", check.Rows, check.New,
		check.Unchanged, check.Updated, check.Refused)
	return nil
}

// mostKnown is how many ids are asked for at once: what a body may hold, also where ids are long.
const mostKnown = 1000

// known lists which ids of rows, one a line, are records of the organization already.
func (o *options) known(cmd *cobra.Command, files []string) error {
	if err := readable(files...); err != nil {
		return err
	}
	return o.with(cmd, app.Commands, func(client *gen.Client) error {
		ask := func(ids []string) error { return askKnown(cmd, client, ids) }
		if len(files) == 0 {
			return eachIDs(cmd.InOrStdin(), ask)
		}
		for _, name := range files {
			file, err := open(name)
			if err != nil {
				return err
			}
			err = eachIDs(file, ask)
			file.Close()
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// eachIDs reads ids, one a line, some at a time.
func eachIDs(from io.Reader, ask func([]string) error) error {
	var ids []string
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		id := strings.TrimSpace(lines.Text())
		if id == "" {
			continue
		}
		if ids = append(ids, id); len(ids) == mostKnown {
			if err := ask(ids); err != nil {
				return err
			}
			ids = ids[:0]
		}
	}
	if err := lines.Err(); err != nil || len(ids) == 0 {
		return err
	}
	return ask(ids)
}

func askKnown(cmd *cobra.Command, client *gen.Client, ids []string) error {
	var found gen.KnownRows
	response, err := client.KnownRows(cmd.Context(), &gen.KnownRowsParams{}, gen.KnownIn{Ids: ids})
	if err := answer(response, err, &found); err != nil {
		return err
	}
	for _, row := range found.Known {
		fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\t%s\n", row.RowId, row.Id, row.State, row.VersionState)
	}
	return nil
}

// readable refuses files that cannot be opened, before anything is asked. An empty name is no file.
func readable(names ...string) error {
	for _, name := range names {
		if name == "" {
			continue
		}
		file, err := open(name)
		if err != nil {
			return err
		}
		file.Close()
	}
	return nil
}

// open opens a file for reading.
func open(name string) (*os.File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "command.file_unreadable", "file", name).Because(err)
	}
	return file, nil
}

// upload streams the files as parts of one request.
func upload(names []string, texts, marking string) (io.Reader, string) {
	reader, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	go func() {
		writer.CloseWithError(parts(form, names, texts, marking))
	}()
	return reader, form.FormDataContentType()
}

func parts(form *multipart.Writer, names []string, texts, marking string) error {
	if err := form.WriteField("handling", fmt.Sprintf(`{"marking":%q}`, marking)); err != nil {
		return err
	}
	if texts != "" {
		if err := part(form, "texts", texts); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := part(form, "file", name); err != nil {
			return err
		}
	}
	return form.Close()
}

func part(form *multipart.Writer, field, name string) error {
	file, err := open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	to, err := form.CreateFormFile(field, filepath.Base(name))
	if err != nil {
		return err
	}
	_, err = io.Copy(to, file)
	return err
}

// reportImport prints the refused rows and the summary; the id of the batch is the last line.
func reportImport(cmd *cobra.Command, client *gen.Client, batch gen.Import) error {
	out := cmd.OutOrStdout()
	cursor := ""
	for batch.Refused > 0 {
		var page gen.ImportRowPage
		params := &gen.ListImportRowsParams{Outcome: "refused", Cursor: cursor, Limit: 200}
		response, err := client.ListImportRows(cmd.Context(), batch.Id, params)
		if err := answer(response, err, &page); err != nil {
			return err
		}
		for _, row := range page.Rows {
			fmt.Fprintf(out, "refused\t%s:%d\t%s\t%q\t%s\n", row.File, row.Line, row.Column, row.Value, first(row.Detail, row.Reason))
		}
		if page.Next == nil || *page.Next == "" {
			break
		}
		cursor = *page.Next
	}
	for _, column := range batch.Ignored {
		fmt.Fprintf(out, "ignored\tcolumn %s\n", column)
	}
	fmt.Fprintf(out, "rows %d = created %d + unchanged %d + updated %d + refused %d\n", batch.Rows, batch.New, batch.Unchanged, batch.Updated, batch.Refused)
	fmt.Fprintln(out, batch.Id)
	return nil
}
