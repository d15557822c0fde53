package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/identity"
)

func userCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "People and their roles"}
	cmd.AddCommand(userAdd(o), userInvite(o), userReset(o), userSessions(o), userEnd(o))
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
	memberFlags(cmd, &name, &roles, &competences, &languages)
	return cmd
}

func memberFlags(cmd *cobra.Command, name *string, roles, competences, languages *[]string) {
	cmd.Flags().StringVar(name, "name", "", "the person's name; without it, the part before the @")
	cmd.Flags().StringSliceVar(roles, "role", []string{"reader"}, "reader, contributor, focal_point, reviewer, publisher, administrator or auditor; several by commas")
	cmd.Flags().StringSliceVar(competences, "competence", nil, "domains a reviewer knows")
	cmd.Flags().StringSliceVar(languages, "language", nil, "languages a reviewer reads")
}

func userInvite(o *options) *cobra.Command {
	var name string
	var roles, competences, languages []string
	cmd := &cobra.Command{
		Use:     "invite PERSON@ORG",
		Short:   "Add a person with a role and print the link by which they set their password; it is good once, for seven days",
		Example: "  bid user invite noor@north-health --name \"Noor Example\" --role contributor",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			handle, _, err := identity.ParseName(args[0])
			if err != nil {
				return err
			}
			in := gen.InvitationIn{Person: args[0], Name: first(name, handle), Competences: competences, Languages: languages}
			for _, role := range roles {
				in.Roles = append(in.Roles, gen.Role(role))
			}
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				response, err := client.InvitePerson(cmd.Context(), &gen.InvitePersonParams{}, in) //nolint:bodyclose // answer closes it
				return o.printLink(cmd, response, err)
			})
		},
	}
	memberFlags(cmd, &name, &roles, &competences, &languages)
	return cmd
}

func userReset(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "reset PERSON",
		Short:   "Make the password of a person worthless, end their sessions, and print the link for a new one; it is good once, for a day",
		Example: "  bid user reset ana",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				response, err := client.ResetPerson(cmd.Context(), args[0], &gen.ResetPersonParams{}) //nolint:bodyclose // answer closes it
				return o.printLink(cmd, response, err)
			})
		},
	}
}

// printLink prints a link that was made, at the server where its page stands.
func (o *options) printLink(cmd *cobra.Command, response *http.Response, err error) error {
	var link gen.Link
	if err := answer(response, err, &link); err != nil {
		return err
	}
	at := strings.TrimSuffix(first(o.server, "http://"+o.settings.Listen), "/")
	fmt.Fprintln(cmd.OutOrStdout(), at+link.Path)
	return nil
}

func userSessions(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "sessions PERSON --end",
		Short:   "End every session of a person: they have to sign in again",
		Example: "  bid user sessions ana --end",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				response, err := client.EndSessions(cmd.Context(), args[0], &gen.EndSessionsParams{})
				return answer(response, err, nil)
			})
		},
	}
	cmd.Flags().Bool("end", false, "end them")
	_ = cmd.MarkFlagRequired("end") // fails only for a flag that does not exist
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
