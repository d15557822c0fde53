package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/fault"
)

// readyCommand is for whatever watches a container, which holds nothing else that could ask.
func readyCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "ready",
		Short:   "Ask the server that runs on --data whether requests can be served; fails when not",
		Example: "  bid ready --data DIR",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			local, err := app.Running(o.settings)
			if err != nil {
				return err
			}
			client, err := gen.NewClient("http://bid", gen.WithHTTPClient(&http.Client{Transport: local}), gen.WithRequestEditorFn(o.header))
			if err == nil {
				var response *http.Response
				response, err = client.GetReadiness(cmd.Context(), &gen.GetReadinessParams{})
				err = ready(response, err)
			}
			if closeErr := local.Close(); err == nil {
				err = closeErr
			}
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), "ready")
			}
			return err
		},
	}
}

// ready reads the answer: that of a server that is not ready is a list of checks, and no problem.
func ready(response *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	var told gen.Readiness
	if json.NewDecoder(response.Body).Decode(&told) != nil || len(told.Checks) == 0 {
		return fault.New(fault.Unavailable, "command.not_this_server", "status", response.Status)
	}
	var failing []string
	for _, check := range told.Checks {
		if !check.Ok {
			failing = append(failing, check.Name)
		}
	}
	return fault.New(fault.Unavailable, "command.not_ready", "checks", strings.Join(failing, ", "))
}
