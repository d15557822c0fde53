package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"bioincident/internal/app"
)

// options are the flags that every command knows.
type options struct {
	settings app.Settings
	server   string
	token    string
	as       string
	lang     string
}

func root() *cobra.Command {
	o := &options{settings: app.Defaults()}
	cmd := &cobra.Command{
		Use:           "bid",
		Short:         "The Bio-Incident Database: case histories of biological incidents, contributed and reviewed by organizations",
		Long:          "The Bio-Incident Database: case histories of biological incidents, contributed and reviewed by organizations.\n\nEvery flag can be set by a variable of the environment: --data by BID_DATA, --database-direct by BID_DATABASE_DIRECT.\nThis is not an alarm channel: IHR, WOAH, IPPC and BWC have theirs.",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return environment(cmd.Flags())
		},
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&o.settings.Data, "data", o.settings.Data, "folder of the embedded database, the index, the lock and the socket")
	flags.StringVar(&o.settings.Database, "database", "", "PostgreSQL 15 or later instead of the embedded database: postgres://…")
	flags.StringVar(&o.settings.DatabaseDirect, "database-direct", "", "the same PostgreSQL without a pooler between")
	flags.StringVar(&o.server, "server", "", "speak to this server over the network: https://…")
	flags.StringVar(&o.token, "token", "", "token for --server")
	flags.StringVar(&o.as, "as", "", "act as PERSON@ORG (on this machine only)")
	flags.StringVar(&o.lang, "lang", "en", "language of the answers: ar, zh, en, fr, ru or es")
	cmd.AddCommand(
		serveCommand(o), demoCommand(o), migrateCommand(o), orgCommand(o), userCommand(o), grantCommand(o), tokenCommand(o),
		importCommand(o), batchCommand(o), searchCommand(o), exportCommand(o), recordCommand(o), reindexCommand(o), ledgerCommand(o),
		readyCommand(o), benchCommand(o),
	)
	complete(cmd)
	return cmd
}

// complete marks the errors of commands that ran, and lets a group of commands refuse what it does not know: cobra alone
// would print its help and call that a success.
func complete(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		complete(child)
		if child.HasSubCommands() && child.RunE == nil {
			child.RunE = group
			continue
		}
		run := child.RunE
		child.RunE = func(cmd *cobra.Command, args []string) error {
			if err := run(cmd, args); err != nil {
				return failed{err}
			}
			return nil
		}
	}
}

// group prints the help of a group of commands.
func group(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
}

// environment sets each flag that was not given from its variable, BID_ and the flag's name in capitals.
func environment(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(flag *pflag.Flag) {
		name := "BID_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if !ok || flag.Changed || failed != nil {
			return
		}
		if err := flags.Set(flag.Name, value); err != nil {
			failed = fmt.Errorf("%s: %w", name, err)
		}
	})
	return failed
}
