package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/fault"
	"bioincident/internal/ledger"
	"bioincident/internal/message"
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
			"without a database. --checkpoint SEQ:HASH, the head noted earlier, also proves that the log was neither cut off nor written anew since;\n" +
			"in a database the operator checks that, at the machine.",
		Example: "  bid ledger verify --data DIR\n  bid ledger export --output ledger.jsonl && bid ledger verify ledger.jsonl",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			head, err := parseCheckpoint(checkpoint)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return o.verifyFile(cmd, args[0], head)
			}
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				if head != nil {
					return o.verifyAgainst(cmd, client, head)
				}
				return o.verify(cmd, client)
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
	seq, hash, ok := strings.Cut(text, ":")
	number, err := strconv.ParseInt(seq, 10, 64)
	if !ok || err != nil || number < 1 || hash == "" {
		return nil, fault.New(fault.Invalid, "ledger.checkpoint_malformed", "value", text)
	}
	return &ledger.Head{Seq: number, Hash: hash}, nil
}

func (o *options) verifyFile(cmd *cobra.Command, name string, checkpoint *ledger.Head) error {
	file, err := open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return o.verifyLines(cmd, file, checkpoint)
}

// verifyAgainst verifies the database as the lines of its export: only there stands the entry of the checkpoint.
func (o *options) verifyAgainst(cmd *cobra.Command, client *gen.Client, checkpoint *ledger.Head) error {
	response, err := client.ExportLedger(cmd.Context(), &gen.ExportLedgerParams{})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if refused(response) {
		return refusal(response)
	}
	return o.verifyLines(cmd, response.Body, checkpoint)
}

func (o *options) verifyLines(cmd *cobra.Command, from io.Reader, checkpoint *ledger.Head) error {
	findings, err := ledger.VerifyExport(from, checkpoint)
	if err != nil {
		return err
	}
	catalogue, err := message.Load()
	if err != nil {
		return err
	}
	var said []gen.LedgerFinding
	for _, f := range findings {
		said = append(said, gen.LedgerFinding{Kind: f.Kind, Where: f.Where, Code: f.Code, Detail: catalogue.Problem(o.lang, f.Code, f.Params)})
	}
	return printFindings(cmd, said)
}

// verify lets the database verify itself; the head is printed so that it can be noted.
func (o *options) verify(cmd *cobra.Command, client *gen.Client) error {
	var found gen.Verification
	response, err := client.VerifyLedger(cmd.Context(), &gen.VerifyLedgerParams{})
	if err := answer(response, err, &found); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "head %d:%s\n", found.Head.Seq, found.Head.Hash)
	return printFindings(cmd, found.Findings)
}

// printFindings says each finding in words. What was tampered with cannot be mended by who asked: the exit code is 1.
func printFindings(cmd *cobra.Command, findings []gen.LedgerFinding) error {
	for _, f := range findings {
		fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\t%s\n", f.Kind, f.Where, f.Code, f.Detail)
	}
	if len(findings) > 0 {
		return fault.New(fault.Internal, "ledger.tampered", "n", len(findings))
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
