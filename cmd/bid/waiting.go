package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
)

func recordWaiting(o *options) *cobra.Command {
	var kind string
	var overdue bool
	cmd := &cobra.Command{
		Use:   "waiting",
		Short: "Show what waits for somebody, longest first, and what you can do about it",
		Long: "Show what waits: holds, what a second person confirms, what another approver signs, schedules, quarantines and appeals.\n" +
			"It is shown to the owner, to whoever has the record in hand, began it or can go on with it, and to administrators and auditors.",
		Example: "  bid record waiting --data DIR --as pia@sec\n  bid record waiting --kind confirm --overdue",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				table := newTable(cmd.OutOrStdout(), "RECORD", "WAITS FOR", "SINCE", "UNTIL", "WHY", "BEGUN BY", "YOU CAN")
				params := gen.ListWaitingParams{Kind: gen.WaitingKind(kind), Overdue: overdue, Limit: mostListed}
				for {
					var page gen.WaitingPage
					response, err := client.ListWaiting(cmd.Context(), &params)
					if err := answer(response, err, &page); err != nil {
						return err
					}
					for _, item := range page.Waiting {
						table.row(item.Id, string(item.What), moment(item.Since), due(item), why(item), first(item.Person, "-"), next(item.Can))
					}
					if page.Next == nil {
						return table.end()
					}
					params.Cursor = *page.Next
				}
			})
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "", "only this: hold, confirm, widen, withdraw, merge, purge, schedule, quarantine or appeal")
	cmd.Flags().BoolVar(&overdue, "overdue", false, "only what was to be done by now")
	return cmd
}

// why says why something waits, and of a merging with what.
func why(item gen.WaitingItem) string {
	if item.Into == "" {
		return first(item.Why, "-")
	}
	return item.Why + ", into " + item.Into
}

func recordGlass(o *options) *cobra.Command {
	var inForce bool
	cmd := &cobra.Command{
		Use:     "glass [ID]",
		Short:   "Show who broke the glass over your organization's records, until when and why",
		Example: "  bid record glass --data DIR --as felix@north\n  bid record glass --in-force BID-7K3M-9Q2X",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				table := newTable(cmd.OutOrStdout(), "RECORD", "READ BY", "FROM", "UNTIL", "IN FORCE", "READS", "REASON")
				params := gen.ListBreakGlassParams{Id: strings.Join(args, ""), InForce: inForce, Limit: mostListed}
				for {
					var page gen.GlassPage
					response, err := client.ListBreakGlass(cmd.Context(), &params)
					if err := answer(response, err, &page); err != nil {
						return err
					}
					for _, g := range page.Glasses {
						table.row(g.Id, g.Person, moment(g.From), moment(g.Until), yes(g.InForce), fmt.Sprint(g.Reads), first(g.Reason, "-"))
					}
					if page.Next == nil {
						return table.end()
					}
					params.Cursor = *page.Next
				}
			})
		},
	}
	cmd.Flags().BoolVar(&inForce, "in-force", false, "only while it lasts")
	return cmd
}

// mostListed is the largest page.
const mostListed = 200

// table prints rows in columns; nothing where there is none.
type table struct {
	out  *tabwriter.Writer
	head []string
}

func newTable(out io.Writer, head ...string) *table {
	return &table{tabwriter.NewWriter(out, 0, 0, 2, ' ', 0), head}
}

func (t *table) row(cells ...string) {
	if t.head != nil {
		fmt.Fprintln(t.out, strings.Join(t.head, "\t"))
		t.head = nil
	}
	fmt.Fprintln(t.out, strings.Join(cells, "\t"))
}

func (t *table) end() error { return t.out.Flush() }

func moment(at time.Time) string { return at.Format(time.RFC3339) }

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func due(item gen.WaitingItem) string {
	if item.Overdue {
		return until(item.Until) + " overdue"
	}
	return until(item.Until)
}

// next gives what may be done now, else what stands in the way of the first of it.
func next(can []gen.Ability) string {
	var allowed []string
	for _, a := range can {
		if a.Allowed {
			allowed = append(allowed, strings.TrimPrefix(a.Action, "incident."))
		}
	}
	if len(allowed) > 0 {
		return strings.Join(allowed, ", ")
	}
	told := slices.IndexFunc(can, func(a gen.Ability) bool { return len(a.Missing) > 0 })
	if told < 0 {
		return "-"
	}
	missing := can[told].Missing[0]
	return "nothing: " + first(missing.Detail, missing.Code)
}
