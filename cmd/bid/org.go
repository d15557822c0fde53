package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
)

func orgCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "org", Short: "Organizations"}
	cmd.AddCommand(orgAdd(o), orgList(o), orgSuspend(o), orgReinstate(o))
	return cmd
}

func orgAdd(o *options) *cobra.Command {
	in := gen.OrganizationIn{}
	var may []string
	cmd := &cobra.Command{
		Use:     "add SLUG",
		Short:   "Add an organization",
		Example: "  bid org add north-health --name \"Northern Health Organization\" --kind regional_organization --may submit",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				in.Slug = args[0]
				if in.Name == "" {
					in.Name = in.Slug
				}
				var org gen.Organization
				response, err := client.AddOrganization(cmd.Context(), &gen.AddOrganizationParams{}, in)
				if err := answer(response, err, &org); err != nil {
					return err
				}
				for _, action := range may {
					grant := gen.GrantIn{Organization: in.Slug, Action: gen.GrantInAction(action)}
					response, err := client.AddGrant(cmd.Context(), &gen.AddGrantParams{}, grant)
					if err := answer(response, err, nil); err != nil {
						return err
					}
				}
				fmt.Fprintln(cmd.OutOrStdout(), org.Slug)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&in.Name, "name", "", "its name; without it, the slug")
	cmd.Flags().StringVar(&in.Kind, "kind", "research_partner", "vocabulary organization_kind")
	cmd.Flags().StringVar(&in.Area, "area", "", "for the focal point of a State: its area code")
	cmd.Flags().StringSliceVar(&may, "may", nil, "rights without limits: submit, review, publish")
	return cmd
}

func orgList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the organizations",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				var list gen.OrganizationList
				response, err := client.ListOrganizations(cmd.Context(), &gen.ListOrganizationsParams{})
				if err := answer(response, err, &list); err != nil {
					return err
				}
				for _, org := range list.Organizations {
					fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\t%s\n", org.Slug, org.Kind, org.Status, org.Name)
				}
				return nil
			})
		},
	}
}

func orgSuspend(o *options) *cobra.Command {
	in := gen.SuspendIn{}
	cmd := &cobra.Command{
		Use:   "suspend SLUG",
		Short: "Suspend an organization: its rights end at the next request, its claims return to the queue",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				response, err := client.SuspendOrganization(cmd.Context(), args[0], &gen.SuspendOrganizationParams{}, in)
				return answer(response, err, nil)
			})
		},
	}
	cmd.Flags().StringVar(&in.Caretaker, "caretaker", "", "organization that looks after its published records")
	cmd.Flags().StringVar(&in.Note, "note", "", "why")
	return cmd
}

func orgReinstate(o *options) *cobra.Command {
	in := gen.NoteIn{}
	cmd := &cobra.Command{
		Use:   "reinstate SLUG",
		Short: "Lift the suspension of an organization",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				response, err := client.ReinstateOrganization(cmd.Context(), args[0], &gen.ReinstateOrganizationParams{}, in)
				return answer(response, err, nil)
			})
		},
	}
	cmd.Flags().StringVar(&in.Note, "note", "", "why")
	return cmd
}
