package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/fault"
)

func reindexCommand(o *options) *cobra.Command {
	var check, status bool
	cmd := &cobra.Command{
		Use:   "reindex",
		Short: "Build the search index anew from the database; a running server goes on answering",
		Long: "Build the search index anew from the database; a running server goes on answering, and the new index takes over when\n" +
			"it is complete. The index is only a cache. With --check nothing is built: every stored view is looked for in the index,\n" +
			"and the command fails when one is missing, is another, or is there without a view.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, app.Indexing, func(client *gen.Client) error {
				switch {
				case status:
					return indexStatus(cmd, client)
				case check:
					return checkIndex(cmd, client)
				}
				return rebuildIndex(cmd, client)
			})
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "only compare the index with the database")
	cmd.Flags().BoolVar(&status, "status", false, "only say how far the index is, and which records it cannot find")
	cmd.MarkFlagsMutuallyExclusive("check", "status")
	return cmd
}

func rebuildIndex(cmd *cobra.Command, client *gen.Client) error {
	var result gen.RebuildResult
	response, err := client.RebuildIndex(cmd.Context(), &gen.RebuildIndexParams{}) //nolint:bodyclose // follow closes it
	if err := follow(response, err, &result); err != nil {
		return err
	}
	printLeft(cmd.OutOrStdout(), result.Left)
	fmt.Fprintf(cmd.OutOrStdout(), "reindexed; %d records left out\n", len(result.Left))
	return nil
}

func checkIndex(cmd *cobra.Command, client *gen.Client) error {
	var result gen.IndexFindings
	response, err := client.CheckIndex(cmd.Context(), &gen.CheckIndexParams{}) //nolint:bodyclose // follow closes it
	if err := follow(response, err, &result); err != nil {
		return err
	}
	for _, f := range result.Findings {
		fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\t%s\n", f.Tier, first(f.Id, "-"), f.Part, f.What)
	}
	if result.Total > 0 {
		return fault.New(fault.Conflict, "command.index_differs", "findings", result.Total)
	}
	fmt.Fprintln(cmd.OutOrStdout(), "the index agrees with the database")
	return nil
}

func indexStatus(cmd *cobra.Command, client *gen.Client) error {
	var result gen.IndexStatus
	response, err := client.GetIndex(cmd.Context(), &gen.GetIndexParams{})
	if err := answer(response, err, &result); err != nil {
		return err
	}
	for _, t := range result.Tiers {
		fmt.Fprintf(cmd.OutOrStdout(), "%s\t%d of %d\t%d records\t%.1f s behind\n", t.Tier, t.Position, t.Head, t.Records, t.BehindSeconds)
		printLeft(cmd.OutOrStdout(), t.Left)
	}
	return nil
}

func printLeft(to io.Writer, left []gen.LeftOut) {
	for _, l := range left {
		fmt.Fprintf(to, "left out\t%s\t%s\t%s\n", l.Tier, l.Id, l.Detail)
	}
}
