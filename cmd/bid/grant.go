package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
)

func grantCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "grant", Short: "Rights: which organization can submit, review and publish which records"}
	cmd.AddCommand(grantAdd(o), grantList(o), grantRevoke(o))
	return cmd
}

func grantAdd(o *options) *cobra.Command {
	in := gen.GrantIn{}
	var highest string
	cmd := &cobra.Command{
		Use:     "add ORG submit|review|publish",
		Short:   "Give an organization a right; what names no limit covers everything",
		Example: "  bid grant add review-board review --domain human --area 002",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				in.Organization, in.Action = args[0], gen.GrantInAction(args[1])
				in.Scope.Highest = gen.Tier(highest)
				var grant gen.Grant
				response, err := client.AddGrant(cmd.Context(), &gen.AddGrantParams{}, in)
				if err := answer(response, err, &grant); err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), grant.Id)
				return nil
			})
		},
	}
	cmd.Flags().StringSliceVar(&in.Scope.Domains, "domain", nil, "only these domains")
	cmd.Flags().StringSliceVar(&in.Scope.Areas, "area", nil, "only these areas or M49 regions")
	cmd.Flags().StringSliceVar(&in.Scope.Causes, "cause", nil, "only these causes")
	cmd.Flags().StringSliceVar(&in.Scope.Types, "type", nil, "only these incident types")
	cmd.Flags().StringVar(&highest, "highest", "", "highest marking: public, members or named")
	return cmd
}

func grantList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the rights, also those that ended",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				var list gen.GrantList
				response, err := client.ListGrants(cmd.Context(), &gen.ListGrantsParams{})
				if err := answer(response, err, &list); err != nil {
					return err
				}
				for _, g := range list.Grants {
					fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\t%s\t%s\n", g.Id, g.Organization, g.Action, scopeWords(g.Scope), standing(g, time.Now()))
				}
				return nil
			})
		},
	}
}

// standing says whether a right is in force.
func standing(g gen.Grant, now time.Time) string {
	switch {
	case !g.Until.IsZero() && !g.Until.After(now):
		return "ended " + g.Until.Format(time.DateOnly)
	case g.From.After(now):
		return "from " + g.From.Format(time.DateOnly)
	case !g.Until.IsZero():
		return "until " + g.Until.Format(time.DateOnly)
	}
	return "in force"
}

func scopeWords(s gen.Scope) string {
	var parts []string
	for _, dimension := range []struct {
		name  string
		codes []string
	}{{"domains", s.Domains}, {"areas", s.Areas}, {"causes", s.Causes}, {"types", s.Types}} {
		if len(dimension.codes) > 0 {
			parts = append(parts, dimension.name+" "+strings.Join(dimension.codes, ","))
		}
	}
	if s.Highest != "" {
		parts = append(parts, "up to "+string(s.Highest))
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, "; ")
}

func grantRevoke(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke ID",
		Short: "Take a right back; it ends at the next request",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				response, err := client.RevokeGrant(cmd.Context(), args[0], &gen.RevokeGrantParams{})
				return answer(response, err, nil)
			})
		},
	}
}
