package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
)

func tokenCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Tokens for the API"}
	cmd.AddCommand(tokenCreate(o), tokenList(o), tokenRevoke(o))
	return cmd
}

func tokenCreate(o *options) *cobra.Command {
	var name string
	var scopes []string
	var days int
	cmd := &cobra.Command{
		Use:     "create",
		Short:   "Make a token for the person named by --as; it is printed this once",
		Example: "  bid token create --as ana@north-health --days 90",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				in := gen.TokenIn{Name: name, Expires: time.Now().UTC().AddDate(0, 0, days)}
				for _, scope := range scopes {
					in.Scopes = append(in.Scopes, gen.TokenInScopes(scope))
				}
				var token gen.NewToken
				response, err := client.CreateToken(cmd.Context(), &gen.CreateTokenParams{}, in)
				if err := answer(response, err, &token); err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), token.Secret)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "command line", "what it is for")
	cmd.Flags().StringSliceVar(&scopes, "scope", nil, "read, write, admin; without it, all")
	cmd.Flags().IntVar(&days, "days", 365, "how long it is good")
	return cmd
}

func tokenList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the tokens of the person named by --as, with the ids that revoke takes; never their secrets",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				var list gen.TokenList
				response, err := client.ListTokens(cmd.Context(), &gen.ListTokensParams{})
				if err := answer(response, err, &list); err != nil {
					return err
				}
				for _, t := range list.Tokens {
					fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\t%s\n", t.Id, t.Name, strings.Join(t.Scopes, ","), tokenState(t))
				}
				return nil
			})
		},
	}
}

func tokenState(t gen.Token) string {
	switch {
	case !t.Revoked.IsZero():
		return "revoked " + t.Revoked.Format(time.DateOnly)
	case !t.Expires.IsZero():
		return "until " + t.Expires.Format(time.DateOnly)
	}
	return "without end"
}

func tokenRevoke(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke ID",
		Short: "Make a token worthless at once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd, app.Commands, func(client *gen.Client) error {
				response, err := client.RevokeToken(cmd.Context(), args[0], &gen.RevokeTokenParams{})
				return answer(response, err, nil)
			})
		},
	}
}
