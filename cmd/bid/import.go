package main

import (
	"fmt"
	"io"
	"mime/multipart"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/fault"
)

func importCommand(o *options) *cobra.Command {
	var profile, texts, marking string
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Turn the rows of files into drafts; prints the id of the batch last",
		Long:  "Turn the rows of files into drafts of the organization named by --as. Every row is accounted for: created, unchanged,\nupdated, or refused with file, line, column, value and reason. Importing again changes nothing and goes on where it stopped.",
		Example: "  bid import --profile don_events --as felix@north-health don_events.csv\n" +
			"  bid import --profile don_events --texts don_texts.csv.gz --as felix@north-health don_events.csv",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := readable(append(args, texts)...); err != nil {
				return err
			}
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				body, contentType := upload(args, texts, marking)
				var batch gen.Import
				response, err := client.ImportFilesWithBody(cmd.Context(), &gen.ImportFilesParams{Profile: profile}, contentType, body)
				if err := follow(response, err, &batch); err != nil {
					return err
				}
				return reportImport(cmd, client, batch)
			})
		},
	}
	cmd.Flags().StringVar(&profile, "profile", "", "how the columns are read: don_events")
	cmd.Flags().StringVar(&texts, "texts", "", "file of texts to join")
	cmd.Flags().StringVar(&marking, "marking", "public", "who may see the records: public, members or named")
	_ = cmd.MarkFlagRequired("profile") // fails only for a flag that does not exist
	return cmd
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
