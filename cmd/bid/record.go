package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/fault"
)

// decision is what somebody decides about one record.
type decision struct {
	reason, note, until string
	tier, code, into    string
	pointers            []string
	handling            gen.HandlingChange
}

// decide sends a decision. The revision is "" where the action asks for none or it could not be read.
type decide func(ctx context.Context, client *gen.Client, id, revision string, d decision) (*http.Response, error)

func recordCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "record", Short: "Decide about one record: hold, withdraw, schedule, quarantine, appeal, note, redact, purge …"}
	cmd.AddCommand(
		recordShow(o),
		recordWaiting(o),
		recordGlass(o),
		o.decision("hold", "Take a published record from its readers while it is checked", withReason,
			func(ctx context.Context, c *gen.Client, id, _ string, d decision) (*http.Response, error) {
				return c.HoldIncident(ctx, id, &gen.HoldIncidentParams{}, gen.ReasonIn{Reason: d.reason, Note: d.note})
			}),
		o.decision("lift", "Let a held record go", nil,
			func(ctx context.Context, c *gen.Client, id, _ string, d decision) (*http.Response, error) {
				return c.LiftIncident(ctx, id, &gen.LiftIncidentParams{}, gen.NoteIn{Note: d.note})
			}),
		o.decision("withdraw", "Withdraw a published record; against its owner two approvers sign", withReason,
			func(ctx context.Context, c *gen.Client, id, rev string, d decision) (*http.Response, error) {
				return c.WithdrawIncident(ctx, id, &gen.WithdrawIncidentParams{IfMatch: rev}, gen.ReasonIn{Reason: d.reason, Note: d.note})
			}),
		o.decision("merge", "Say that a record is the same incident as another", withInto,
			func(ctx context.Context, c *gen.Client, id, rev string, d decision) (*http.Response, error) {
				return c.MergeIncident(ctx, id, &gen.MergeIncidentParams{IfMatch: rev}, gen.MergeIn{Into: d.into, Reason: d.reason, Note: d.note})
			}),
		o.decision("schedule", "Approve a reviewed version and have it published at a time", withUntil,
			func(ctx context.Context, c *gen.Client, id, rev string, d decision) (*http.Response, error) {
				at, err := time.Parse(time.RFC3339, d.until)
				if err != nil {
					return nil, fault.New(fault.Invalid, "command.moment", "text", d.until)
				}
				return c.ScheduleIncident(ctx, id, &gen.ScheduleIncidentParams{IfMatch: rev}, gen.ScheduleIn{At: at, Note: d.note})
			}),
		o.decision("quarantine", "Take hazardous text from everybody who has it before them", nil,
			func(ctx context.Context, c *gen.Client, id, _ string, _ decision) (*http.Response, error) {
				return c.QuarantineIncident(ctx, id, &gen.QuarantineIncidentParams{})
			}),
		o.decision("clear", "Sign that quarantined text may be seen", nil,
			func(ctx context.Context, c *gen.Client, id, _ string, d decision) (*http.Response, error) {
				return c.ClearIncident(ctx, id, &gen.ClearIncidentParams{}, gen.NoteIn{Note: d.note})
			}),
		o.decision("appeal", "Appeal against a decision to decline", nil,
			func(ctx context.Context, c *gen.Client, id, rev string, d decision) (*http.Response, error) {
				return c.AppealIncident(ctx, id, &gen.AppealIncidentParams{IfMatch: rev}, gen.NoteIn{Note: d.note})
			}),
		o.decision("note", "Set a caution note beside a record", withCaution,
			func(ctx context.Context, c *gen.Client, id, _ string, d decision) (*http.Response, error) {
				in := gen.CautionIn{Tier: gen.Tier(d.tier), Code: gen.CautionInCode(d.code)}
				if d.note != "" {
					in.Words = map[string]string{o.lang: d.note}
				}
				return c.NoteIncident(ctx, id, &gen.NoteIncidentParams{}, in)
			}),
		o.decision("break", "Break the glass: read one record for one hour; its owner is told", withReason,
			func(ctx context.Context, c *gen.Client, id, _ string, d decision) (*http.Response, error) {
				return c.BreakGlass(ctx, id, &gen.BreakGlassParams{}, gen.BreakGlassIn{Reason: d.reason})
			}),
		o.decision("narrow", "Let fewer see it, at once; a second person confirms within 72 hours", withHandling,
			func(ctx context.Context, c *gen.Client, id, rev string, d decision) (*http.Response, error) {
				return c.NarrowIncident(ctx, id, &gen.NarrowIncidentParams{IfMatch: rev}, gen.HandlingChangeIn{Handling: d.handling, Note: d.note})
			}),
		o.decision("widen", "Let more see it: its owner proposes who, two approvers sign", withHandling,
			func(ctx context.Context, c *gen.Client, id, rev string, d decision) (*http.Response, error) {
				return c.WidenIncident(ctx, id, &gen.WidenIncidentParams{IfMatch: rev}, gen.WidenIn{Handling: d.handling, Note: d.note})
			}),
		o.decision("redact", "Take something out of a published record and of all its editions", withPointers,
			func(ctx context.Context, c *gen.Client, id, rev string, d decision) (*http.Response, error) {
				return c.RedactIncident(ctx, id, &gen.RedactIncidentParams{IfMatch: rev},
					gen.RedactIn{Pointers: d.pointers, Reason: d.reason, Note: d.note})
			}),
		o.decision("confirm", "Confirm as the second person what was restricted at once", nil,
			func(ctx context.Context, c *gen.Client, id, rev string, d decision) (*http.Response, error) {
				return c.ConfirmIncident(ctx, id, &gen.ConfirmIncidentParams{IfMatch: rev}, gen.NoteIn{Note: d.note})
			}),
		o.ahead("consent-ahead", "Consent ahead to situation updates of a record, for up to 12 weeks", func(cmd *cobra.Command, a *ahead) {
			cmd.Flags().IntVar(&a.weeks, "weeks", 12, "for how many weeks")
		}, func(ctx context.Context, c *gen.Client, id string, a ahead) (*http.Response, error) {
			return c.ConsentAhead(ctx, id, &gen.ConsentAheadParams{}, gen.ConsentAheadIn{Weeks: a.weeks})
		}),
		o.ahead("revoke-consent", "Take a consent ahead back", func(cmd *cobra.Command, a *ahead) {
			cmd.Flags().StringVar(&a.note, "note", "", "a note for those who read the log")
		}, func(ctx context.Context, c *gen.Client, id string, a ahead) (*http.Response, error) {
			return c.RevokeConsent(ctx, id, &gen.RevokeConsentParams{}, gen.NoteIn{Note: a.note})
		}),
		recordPurge(o),
	)
	return cmd
}

func withReason(cmd *cobra.Command, d *decision) {
	cmd.Flags().StringVar(&d.reason, "reason", "", "why: a code of the vocabulary reason; to break the glass, words")
}

func withInto(cmd *cobra.Command, d *decision) {
	withReason(cmd, d)
	cmd.Flags().StringVar(&d.into, "into", "", "id of the other record, which stays")
}

func withUntil(cmd *cobra.Command, d *decision) {
	cmd.Flags().StringVar(&d.until, "until", "", "not before this moment: 2027-01-15T08:00:00Z")
}

func withCaution(cmd *cobra.Command, d *decision) {
	cmd.Flags().StringVar(&d.tier, "tier", "public", "who is shown it: public, members or named")
	cmd.Flags().StringVar(&d.code, "code", "", "disputed, source_withdrawn, figures_may_change or under_correction")
}

// withHandling lets every part of who may see it be given. What is not given stays as it is.
func withHandling(cmd *cobra.Command, d *decision) {
	h := &d.handling
	cmd.Long = cmd.Short + ".\nWhat is not given stays as it is."
	cmd.Example = "  bid record " + cmd.Name() + " BID-7K3M-9Q2X --tier impact=members --tier s2=named"
	flags := cmd.Flags()
	flags.StringVar((*string)(&h.Marking), "marking", "", "who may see the record: public, members or named")
	flags.Var((*tierFlag)(&h.Tiers), "tier", "who may see a section or an item, by its name or id: impact=members; may be repeated")
	flags.Var(&orgsFlag{&h.Recipients}, "recipient", "an organization that may see the named view; may be repeated. Those given take the place of all there are; - is none")
	flags.Var(&orgsFlag{&h.Excluded}, "exclude", "an organization that may not review it; may be repeated. Those given take the place of all there are; - is none")
	flags.StringVar(&h.Attribution, "attribution", "", "what is told of who contributed it: a code of the vocabulary attribution")
	flags.Var((*momentFlag)(&h.NotBefore), "not-before", "not to be published before this moment: 2027-01-15T08:00:00Z")
}

// tierFlag reads NAME=TIER, once for each section or item.
type tierFlag map[string]gen.Tier

func (f *tierFlag) String() string { return "" }
func (f *tierFlag) Type() string   { return "NAME=TIER" }

func (f *tierFlag) Set(text string) error {
	name, tier, ok := strings.Cut(text, "=")
	if !ok || name == "" || tier == "" {
		return fault.New(fault.Invalid, "command.tier", "text", text)
	}
	if *f == nil {
		*f = tierFlag{}
	}
	(*f)[name] = gen.Tier(tier)
	return nil
}

// orgsFlag collects organizations; - is none, which is another thing than nothing said.
type orgsFlag struct{ into **[]string }

func (f *orgsFlag) String() string { return "" }
func (f *orgsFlag) Type() string   { return "ORG" }

func (f *orgsFlag) Set(text string) error {
	if *f.into == nil {
		*f.into = &[]string{}
	}
	if text != "-" {
		**f.into = append(**f.into, text)
	}
	return nil
}

// momentFlag reads a moment.
type momentFlag time.Time

func (f *momentFlag) String() string { return "" }
func (f *momentFlag) Type() string   { return "MOMENT" }

func (f *momentFlag) Set(text string) error {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fault.New(fault.Invalid, "command.moment", "text", text)
	}
	*f = momentFlag(at)
	return nil
}

func withPointers(cmd *cobra.Command, d *decision) {
	withReason(cmd, d)
	cmd.Flags().StringSliceVar(&d.pointers, "pointer", nil, "what is taken out: /impact, /place/locality …")
}

// decision makes the command of one action.
func (o *options) decision(name, short string, flags func(*cobra.Command, *decision), send decide) *cobra.Command {
	var d decision
	var revision string
	cmd := &cobra.Command{
		Use:   name + " ID",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				if revision == "" {
					revision = known(cmd.Context(), client, args[0])
				}
				var raw json.RawMessage
				response, err := send(cmd.Context(), client, args[0], revision, d)
				if err := answer(response, err, &raw); err != nil {
					return err
				}
				return show(cmd, raw)
			})
		},
	}
	cmd.Flags().StringVar(&d.note, "note", "", "a note for those who read the log; of a caution note, what it says")
	cmd.Flags().StringVar(&revision, "revision", "", `the revision that was seen, as "r2.7"; else the one there is now`)
	if flags != nil {
		flags(cmd, &d)
	}
	return cmd
}

// known gives the revision of a record as it stands, "" for whoever may not read it. Who may not read the version under
// way is told that of what was published.
func known(ctx context.Context, client *gen.Client, id string) string {
	for _, read := range reads(client) {
		var working gen.Working
		if read(ctx, id, &working) == nil && working.Revision != "" {
			return `"r` + working.Revision + `"`
		}
	}
	return ""
}

// reads gives the ways in which somebody may be told how a record stands, the fullest first.
func reads(client *gen.Client) []func(ctx context.Context, id string, out any) error {
	return []func(context.Context, string, any) error{
		func(ctx context.Context, id string, out any) error {
			response, err := client.GetWorking(ctx, id, &gen.GetWorkingParams{})
			return answer(response, err, out)
		},
		func(ctx context.Context, id string, out any) error {
			response, err := client.GetStanding(ctx, id, &gen.GetStandingParams{})
			return answer(response, err, out)
		},
	}
}

func recordShow(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show where a record stands and what of it waits for whom",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				var refused error
				for _, read := range reads(client) {
					var raw json.RawMessage
					if refused = read(cmd.Context(), args[0], &raw); refused == nil {
						return show(cmd, raw)
					}
				}
				return refused
			})
		},
	}
}

// ahead is what a consent ahead is given or taken back with.
type ahead struct {
	weeks int
	note  string
}

// ahead makes a command about a consent ahead. It prints the record and until when the consent stands.
func (o *options) ahead(name, short string, flags func(*cobra.Command, *ahead),
	send func(context.Context, *gen.Client, string, ahead) (*http.Response, error),
) *cobra.Command {
	var a ahead
	cmd := &cobra.Command{
		Use:   name + " ID",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				var consent gen.StandingConsent
				response, err := send(cmd.Context(), client, args[0], a)
				if err := answer(response, err, &consent); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\tconsent\t%s\n", consent.Id, until(consent.Until))
				return err
			})
		},
	}
	flags(cmd, &a)
	return cmd
}

// recordPurge asks for the id to be typed again: it cannot be undone.
func recordPurge(o *options) *cobra.Command {
	var reason string
	var edition int
	cmd := &cobra.Command{
		Use:   "purge ID",
		Short: "Destroy what a record, or one earlier edition of it, says; it cannot be undone",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			what, code := args[0], "purge.confirm"
			if edition != 0 {
				what, code = fmt.Sprintf("%s@%d", args[0], edition), "purge.confirm_edition"
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Everything that %s says will be destroyed. Type its id to go on: ", what)
			var typed string
			if _, err := fmt.Fscanln(cmd.InOrStdin(), &typed); err != nil || typed != what {
				return fault.New(fault.Invalid, code)
			}
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				var raw json.RawMessage
				response, err := client.PurgeIncident(cmd.Context(), args[0], &gen.PurgeIncidentParams{}, gen.PurgeIn{Reason: reason, Edition: edition, Confirm: typed})
				if err := answer(response, err, &raw); err != nil {
					return err
				}
				return show(cmd, raw)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why: a code of the vocabulary reason")
	cmd.Flags().IntVar(&edition, "edition", 0, "that earlier edition alone; without it, everything the record says")
	return cmd
}

// show prints where a record stands, what waits, and what is to be known besides.
func show(cmd *cobra.Command, raw json.RawMessage) error {
	var working gen.Working
	if err := json.Unmarshal(raw, &working); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	line := []string{working.Id}
	if working.State != "" {
		line = append(line, string(working.State), fmt.Sprint("edition ", working.Edition))
	}
	if working.Version != nil {
		line = append(line, "version "+string(working.Version.State))
	}
	if working.Revision != "" {
		line = append(line, `"r`+working.Revision+`"`)
	}
	fmt.Fprintln(out, strings.Join(line, "\t"))
	for _, w := range working.Waiting {
		overdue := ""
		if w.Overdue {
			overdue = "overdue"
		}
		fmt.Fprintf(out, "waits\t%s\t%s\t%s\t%s\t%s\n", w.What, w.Person, w.Since.Format(time.RFC3339), until(w.Until), overdue)
	}
	for _, w := range working.Warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), first(w.Detail, w.Code))
	}
	return nil
}

func until(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.Format(time.RFC3339)
}
