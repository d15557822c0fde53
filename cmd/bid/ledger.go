package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/fault"
	"bioincident/internal/ledger"
)

func ledgerCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "ledger", Short: "The log of decisions: verify it, take it elsewhere"}
	cmd.AddCommand(ledgerVerify(o), ledgerExport(o))
	return cmd
}

func ledgerVerify(o *options) *cobra.Command {
	var checkpoint string
	cmd := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Prove that nothing was changed unseen: in the database, or in an exported file without any database",
		Long: "Check the chain, contents, views and feeds against each other. With FILE, an export of `bid ledger export` is checked,\n" +
			"without a database. --checkpoint SEQ:HASH, noted earlier, also proves that nothing was cut off since.",
		Example: "  bid ledger verify --data DIR\n  bid ledger export --output ledger.jsonl && bid ledger verify ledger.jsonl",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			head, err := parseCheckpoint(checkpoint)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return verifyFile(cmd, args[0], head)
			}
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				var found gen.Verification
				response, err := client.VerifyLedger(cmd.Context(), &gen.VerifyLedgerParams{})
				if err := answer(response, err, &found); err != nil {
					return err
				}
				return report(cmd, found, head)
			})
		},
	}
	cmd.Flags().StringVar(&checkpoint, "checkpoint", "", "SEQ:HASH of a head noted earlier")
	return cmd
}

func parseCheckpoint(text string) (*ledger.Head, error) {
	if text == "" {
		return nil, nil
	}
	var head ledger.Head
	if n, err := fmt.Sscanf(text, "%d:%64s", &head.Seq, &head.Hash); err != nil || n != 2 {
		return nil, fault.New(fault.Invalid, "ledger.checkpoint_malformed", "value", text)
	}
	return &head, nil
}

func verifyFile(cmd *cobra.Command, name string, checkpoint *ledger.Head) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	findings, err := ledger.VerifyExport(file, checkpoint)
	if err != nil {
		return err
	}
	return printFindings(cmd, findings)
}

// report prints what the database's own verification found; the head is printed so that it can be noted.
func report(cmd *cobra.Command, found gen.Verification, checkpoint *ledger.Head) error {
	var findings []ledger.Finding
	for _, f := range found.Findings {
		findings = append(findings, ledger.Finding{Kind: f.Kind, Where: f.Where, Code: f.Code})
	}
	if checkpoint != nil && found.Head.Seq < checkpoint.Seq {
		findings = append(findings, ledger.Finding{Kind: "truncated", Where: fmt.Sprint(checkpoint.Seq), Code: "ledger.shorter_than_checkpoint"})
	}
	fmt.Fprintf(cmd.OutOrStdout(), "head %d:%s\n", found.Head.Seq, found.Head.Hash)
	return printFindings(cmd, findings)
}

func printFindings(cmd *cobra.Command, findings []ledger.Finding) error {
	for _, f := range findings {
		fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\n", f.Kind, f.Where, f.Code)
	}
	if len(findings) > 0 {
		return fault.New(fault.Conflict, "ledger.tampered", "n", len(findings))
	}
	fmt.Fprintln(cmd.OutOrStdout(), "the log verifies: nothing was changed unseen")
	return nil
}

func ledgerExport(o *options) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the whole log, contents and views included, as JSON Lines that `bid ledger verify FILE` reads",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				response, err := client.ExportLedger(cmd.Context(), &gen.ExportLedgerParams{})
				return download(cmd, response, err, output)
			})
		},
	}
	cmd.Flags().StringVar(&output, "output", "", "file; without it, the standard output")
	return cmd
}
