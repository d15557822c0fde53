package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/identity"
)

func userCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "People and their roles"}
	cmd.AddCommand(userAdd(o), userEnd(o))
	return cmd
}

func userAdd(o *options) *cobra.Command {
	var name string
	var roles, competences, languages []string
	cmd := &cobra.Command{
		Use:     "add PERSON@ORG",
		Short:   "Add a person, or give one that exists a role in an organization",
		Example: "  bid user add ana@north-health --name Ana --role contributor",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			handle, _, err := identity.ParseName(args[0])
			if err != nil {
				return err
			}
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				if err := ensurePerson(cmd, client, gen.PersonIn{Handle: handle, Name: first(name, handle)}); err != nil {
					return err
				}
				for _, role := range roles {
					in := gen.MembershipIn{Person: args[0], Role: gen.Role(role), Competences: competences, Languages: languages}
					response, err := client.AddMembership(cmd.Context(), &gen.AddMembershipParams{}, in)
					if err := answer(response, err, nil); err != nil {
						return err
					}
				}
				fmt.Fprintln(cmd.OutOrStdout(), args[0])
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the person's name; without it, the part before the @")
	cmd.Flags().StringSliceVar(&roles, "role", []string{"reader"}, "reader, contributor, focal_point, reviewer, publisher, administrator or auditor; several by commas")
	cmd.Flags().StringSliceVar(&competences, "competence", nil, "domains a reviewer knows")
	cmd.Flags().StringSliceVar(&languages, "language", nil, "languages a reviewer reads")
	return cmd
}

// ensurePerson adds the person unless the handle is taken: then the roles are given to who has it.
func ensurePerson(cmd *cobra.Command, client *gen.Client, in gen.PersonIn) error {
	response, err := client.AddPerson(cmd.Context(), &gen.AddPersonParams{}, in)
	err = answer(response, err, nil)
	if p, ok := err.(*problem); ok && p.Code == "person.taken" { //nolint:errorlint // answer gives it unwrapped
		return nil
	}
	return err
}

func userEnd(o *options) *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:   "end PERSON@ORG",
		Short: "End a role of a person in an organization",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				in := gen.MembershipEndIn{Person: args[0], Role: gen.Role(role)}
				response, err := client.EndMembership(cmd.Context(), &gen.EndMembershipParams{}, in)
				return answer(response, err, nil)
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "the role")
	_ = cmd.MarkFlagRequired("role") // fails only for a flag that does not exist
	return cmd
}
