package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
)

func reindexCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "reindex",
		Short: "Build the word indexes anew from the database; a running server goes on answering",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, app.Indexing, func(client *gen.Client) error {
				var result gen.RebuildResult
				response, err := client.RebuildIndex(cmd.Context(), &gen.RebuildIndexParams{})
				if err := follow(response, err, &result); err != nil {
					return err
				}
				for _, left := range result.Left {
					fmt.Fprintf(cmd.OutOrStdout(), "left out\t%s\t%s\n", left.Id, left.Detail)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "reindexed; %d records left out\n", len(result.Left))
				return nil
			})
		},
	}
}
