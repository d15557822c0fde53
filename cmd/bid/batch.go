package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
)

func batchCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "batch", Short: "Submit, review and publish an import as a data set"}
	cmd.AddCommand(batchSubmit(o), batchClaim(o), batchSample(o), batchRecommend(o), batchReturn(o), batchPublish(o), batchShow(o))
	return cmd
}

// step is one bulk step: a request whose answer streams progress and ends with what passed and what stayed.
type step func(ctx context.Context, client *gen.Client, id string) (*http.Response, error)

func (o *options) batchStep(use, short string, run step) *cobra.Command {
	return &cobra.Command{
		Use:   use + " BATCH",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				var result gen.BatchResult
				response, err := run(cmd.Context(), client, args[0]) //nolint:bodyclose // follow closes it
				if err := follow(response, err, &result); err != nil {
					return err
				}
				reportBatch(cmd, use, result)
				return nil
			})
		},
	}
}

// reportBatch prints what stayed behind, each with its reason, and how many passed.
func reportBatch(cmd *cobra.Command, use string, result gen.BatchResult) {
	out := cmd.OutOrStdout()
	for _, stayed := range result.Stayed {
		var reasons []string
		for _, reason := range stayed.Reasons {
			reasons = append(reasons, first(reason.Detail, reason.Code))
		}
		fmt.Fprintf(out, "stayed\t%s\t%s\t%s\n", stayed.Id, stayed.RowId, strings.Join(reasons, "; "))
	}
	fmt.Fprintf(out, "%s: %d passed, %d stayed; the batch is %s\n", use, result.Done, len(result.Stayed), result.Import.State)
}

func batchSubmit(o *options) *cobra.Command {
	return o.batchStep("submit", "Submit every draft of the batch: consent to exactly its content", func(ctx context.Context, client *gen.Client, id string) (*http.Response, error) {
		return client.SubmitImport(ctx, id, &gen.SubmitImportParams{}, gen.NoteIn{})
	})
}

func batchClaim(o *options) *cobra.Command {
	in := gen.ClaimIn{}
	cmd := o.batchStep("claim", "Take the review of the batch, declaring no interest unless a flag says so", func(ctx context.Context, client *gen.Client, id string) (*http.Response, error) {
		return client.ClaimImport(ctx, id, &gen.ClaimImportParams{}, in)
	})
	cmd.Flags().BoolVar(&in.Interests.Involved, "involved", false, "you took part in the event or in the response to it")
	cmd.Flags().BoolVar(&in.Interests.Related, "related", false, "you work, or worked in the last three years, for an organization concerned")
	cmd.Flags().BoolVar(&in.Interests.Gain, "gain", false, "you or your organization gain or lose by how it is described")
	return cmd
}

func batchSample(o *options) *cobra.Command {
	in := gen.SampleIn{}
	cmd := &cobra.Command{
		Use:   "sample BATCH",
		Short: "Draw the sample that is looked at one by one, and say what was found in it",
		Long: "Draw the sample, 59 records unless --size says otherwise, and list it. Then look at each record, and say so:\n" +
			"--check ID for one, --all for the whole sample, --mapping for the mapping of columns and values;\n" +
			"--fault ID sends the batch back to its owner.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				var result gen.BatchResult
				response, err := client.SampleImport(cmd.Context(), args[0], &gen.SampleImportParams{}, in) //nolint:bodyclose // follow closes it
				if err := follow(response, err, &result); err != nil {
					return err
				}
				reportSample(cmd, result.Import)
				return nil
			})
		},
	}
	cmd.Flags().IntVar(&in.Size, "size", 0, "how many to draw, 31 at least; without it, 59")
	cmd.Flags().StringSliceVar(&in.Check, "check", nil, "records of the sample you checked without fault")
	cmd.Flags().BoolVar(&in.All, "all", false, "you checked the whole sample without fault")
	cmd.Flags().BoolVar(&in.Mapping, "mapping", false, "you read how columns and values were mapped, and agree")
	cmd.Flags().StringVar(&in.Fault, "fault", "", "record in which you found a fault: the batch goes back")
	cmd.Flags().StringVar(&in.Note, "note", "", "what you found")
	return cmd
}

func reportSample(cmd *cobra.Command, batch gen.Import) {
	out := cmd.OutOrStdout()
	unchecked := map[string]bool{}
	for _, id := range batch.Unchecked {
		unchecked[id] = true
	}
	for _, id := range batch.Sample {
		state := "checked"
		if unchecked[id] {
			state = "to check"
		}
		fmt.Fprintf(out, "sample\t%s\t%s\n", id, state)
	}
	for _, row := range batch.Flagged {
		fmt.Fprintf(out, "flagged\t%s\t%s\t%s\n", row.Id, row.RowId, strings.Join(row.Flags, ", "))
	}
	fmt.Fprintf(out, "sample: %d of %d records, %d to check, %d flagged; the batch is %s\n",
		len(batch.Sample), batch.Records, len(batch.Unchecked), len(batch.Flagged), batch.State)
}

func batchRecommend(o *options) *cobra.Command {
	var checkedOnly bool
	var note string
	cmd := o.batchStep("recommend", "Sign that the batch is ready to publish", func(ctx context.Context, client *gen.Client, id string) (*http.Response, error) {
		if !checkedOnly {
			var sampled gen.BatchResult
			response, err := client.SampleImport(ctx, id, &gen.SampleImportParams{}, gen.SampleIn{All: true, Mapping: true})
			if err := follow(response, err, &sampled); err != nil {
				return nil, err
			}
		}
		signed, err := checklist(ctx, client)
		if err != nil {
			return nil, err
		}
		return client.RecommendImport(ctx, id, &gen.RecommendImportParams{}, gen.SignBatchIn{Checklist: signed, Note: note})
	})
	cmd.Long = "Sign that the batch is ready to publish. By this command you sign the reviewer's checklist, that you read how columns and\n" +
		"values were mapped, and that you checked every record of the sample without fault, unless --checked-only says that only\n" +
		"what you marked with `bid batch sample` counts. What may never go in bulk is listed and stays."
	cmd.Flags().BoolVar(&checkedOnly, "checked-only", false, "count only what was marked with bid batch sample")
	cmd.Flags().StringVar(&note, "note", "", "a note for the approver")
	return cmd
}

// checklist gives every item that a reviewer signs.
func checklist(ctx context.Context, client *gen.Client) ([]string, error) {
	var vocabulary gen.Vocabulary
	response, err := client.GetVocabulary(ctx, "checklist", &gen.GetVocabularyParams{})
	if err := answer(response, err, &vocabulary); err != nil {
		return nil, err
	}
	var items []string
	for _, term := range vocabulary.Terms {
		items = append(items, term.Code)
	}
	return items, nil
}

func batchReturn(o *options) *cobra.Command {
	in := gen.NoteIn{}
	cmd := o.batchStep("return", "Send the batch back", func(ctx context.Context, client *gen.Client, id string) (*http.Response, error) {
		return client.ReturnImport(ctx, id, &gen.ReturnImportParams{}, in)
	})
	cmd.Flags().StringVar(&in.Note, "note", "", "why")
	return cmd
}

func batchPublish(o *options) *cobra.Command {
	in := gen.NoteIn{}
	cmd := o.batchStep("publish", "Publish every record of the batch that was recommended", func(ctx context.Context, client *gen.Client, id string) (*http.Response, error) {
		return client.PublishImport(ctx, id, &gen.PublishImportParams{}, in)
	})
	cmd.Flags().StringVar(&in.Note, "note", "", "a note for the log")
	return cmd
}

func batchShow(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show BATCH",
		Short: "See where a batch stands",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				var batch gen.Import
				response, err := client.GetImport(cmd.Context(), args[0], &gen.GetImportParams{})
				if err := answer(response, err, &batch); err != nil {
					return err
				}
				return reportImport(cmd, client, batch)
			})
		},
	}
}
