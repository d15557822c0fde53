package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/demo"
	"bioincident/internal/incident"
	"bioincident/internal/web"
)

// demoData is the folder of a demonstration that names none: never that of an installation.
const demoData = "data/demo"

// demoTokens is how long the demonstration's tokens are good.
const demoTokens = 7 * 24 * time.Hour

func demoCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a complete small world: invented organizations, people of every role, published cases, cases in every state",
		Long: "Run a complete small world: invented organizations that say so, people of every role with a token each, published\n" +
			"cases from history, and invented cases in every state. Its data folder is " + demoData + " unless --data names another.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.settings.Notice, o.settings.Entrances = "demo_line", entrances()
			if !cmd.Flags().Changed("data") {
				o.settings.Data = demoData
			}
			tokens := map[string]string{}
			prepare := func(ctx context.Context, system *app.System) error {
				var err error
				tokens, err = fill(ctx, system, cmd.ErrOrStderr())
				return err
			}
			return app.Serve(cmd.Context(), o.settings, prepare, func(_ *app.System, address net.Addr) {
				file, err := writeTokens(o.settings.Data, tokens)
				welcome(cmd.OutOrStdout(), address, tokens, file, err)
			})
		},
	}
	listenFlags(cmd, o)
	return cmd
}

// entrances lets everybody in as anybody with one click.
func entrances() []web.Entrance {
	var all []web.Entrance
	for _, person := range demo.People() {
		handle, _, _ := strings.Cut(person.Name, "@")
		all = append(all, web.Entrance{Handle: handle, Password: demo.Password, Words: person.Words, Roles: person.Roles})
	}
	return all
}

// fill sets up the demonstration in an empty database and makes fresh tokens for its people.
func fill(ctx context.Context, system *app.System, progress io.Writer) (map[string]string, error) {
	meter := newMeter(os.Stderr)
	seeder := demo.Seeder{Workflow: system.Workflow, Auth: system.Auth, Passwords: system.Passwords, Progress: func(done, total int) {
		meter.show(gen.Progress{Step: "cases", Done: int64(done), Total: int64(total)})
	}}
	empty, err := seeder.Empty(ctx)
	if err != nil {
		return nil, err
	}
	if empty {
		fmt.Fprintln(progress, "setting up the demonstration")
		err = seeder.Fill(ctx)
		meter.finish()
	}
	if err != nil {
		return nil, err
	}
	return seeder.Tokens(ctx, app.Clock()+incident.Micros(demoTokens.Microseconds()))
}

// writeTokens keeps the tokens in a file that a shell can read: ANA=bid_…
func writeTokens(dir string, tokens map[string]string) (string, error) {
	var b strings.Builder
	for _, person := range demo.People() {
		handle, _, _ := strings.Cut(person.Name, "@")
		fmt.Fprintf(&b, "%s=%s\n", strings.ToUpper(handle), tokens[person.Name])
	}
	name := filepath.Join(dir, "demo.env")
	return name, os.WriteFile(name, []byte(b.String()), 0o600)
}

func welcome(out io.Writer, address net.Addr, tokens map[string]string, file string, err error) {
	fmt.Fprintf(out, "\nDemonstration: not an official record. This is not an alarm channel.\n\n")
	fmt.Fprintf(out, "  http://%s/           the pages; sign in as anybody below with the password: %s\n", address, demo.Password)
	fmt.Fprintf(out, "  http://%s/api        the reference\n", address)
	fmt.Fprintf(out, "  http://%s/api/v1/search?q=anthrax\n\nEnter as:\n\n", address)
	for _, person := range demo.People() {
		fmt.Fprintf(out, "  %-22s %s\n  %-22s %s\n", person.Name, person.Can, "", tokens[person.Name])
	}
	if err != nil {
		fmt.Fprintf(out, "\nThe tokens could not be kept in a file: %v\n", err)
		return
	}
	fmt.Fprintf(out, "\nThe tokens are in %s too: . %s; curl -H \"Authorization: Bearer $ANA\" http://%s/api/v1/me\n", file, file, address)
}
