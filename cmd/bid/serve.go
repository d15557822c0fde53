package main

import (
	"context"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"bioincident/internal/app"
	"bioincident/internal/workflow"
)

func serveCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Run a server until it is interrupted",
		Example: "  bid serve --data DIR --listen 127.0.0.1:8080\n  bid serve --data DIR --database postgres://bid@localhost/bid",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var first workflow.NewLink
			prepare := func(ctx context.Context, system *app.System) (err error) {
				first, err = system.Workflow.FirstLink(ctx)
				return err
			}
			return app.Serve(cmd.Context(), o.settings, prepare, func(_ *app.System, address net.Addr) {
				fmt.Fprintf(cmd.ErrOrStderr(), "serving on http://%s, reference at http://%s/api\n", address, address)
				if first.Path != "" {
					fmt.Fprintf(cmd.ErrOrStderr(), "Create the first administrator: http://%s%s\n", address, first.Path)
				}
			})
		},
	}
	listenFlags(cmd, o)
	return cmd
}

func listenFlags(cmd *cobra.Command, o *options) {
	cmd.Flags().StringVar(&o.settings.Listen, "listen", o.settings.Listen, "address")
	cmd.Flags().StringVar(&o.settings.Prefix, "prefix", o.settings.Prefix, "begins the ids of records")
	cmd.Flags().StringSliceVar(&o.settings.TrustedProxies, "trusted-proxy", nil, "networks whose X-Forwarded-For is believed")
	cmd.Flags().IntVar(&o.settings.PasswordMemory, "password-memory", o.settings.PasswordMemory, "MiB that signing in may take at once; one password takes 64")
	cmd.Flags().BoolVar(&o.settings.Secure, "secure", false, "browsers reach the pages by https alone, here or at a proxy")
	cmd.Flags().IntVar(&o.settings.RequestsPerMinute, "requests-per-minute", o.settings.RequestsPerMinute, "limit of each token and each address; 0 does not limit")
}

func migrateCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the tables of the database up to date and say how many steps that took",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			steps, err := app.Migrate(cmd.Context(), o.settings)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d steps taken\n", steps)
			return nil
		},
	}
}
