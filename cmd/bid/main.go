package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"bioincident/internal/fault"
	"bioincident/internal/message"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs one command and gives its exit code. What went wrong is said on errOut.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(errOut)
	ran, err := cmd.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	lang, _ := cmd.PersistentFlags().GetString("lang") // the flag exists
	fmt.Fprintln(errOut, "bid: "+say(lang, err))
	if misused(err) {
		fmt.Fprintf(errOut, "See “%s --help”.\n", ran.CommandPath())
	}
	return exitCode(err)
}

// failed is an error of a command that ran. An error that is none is about how the command was called.
type failed struct{ error }

// Unwrap gives the error itself.
func (f failed) Unwrap() error { return f.error }

func misused(err error) bool {
	var f failed
	return !errors.As(err, &f)
}

// exitCode is 2 for what the caller can mend, 1 for everything else, 130 when interrupted.
func exitCode(err error) int {
	if errors.Is(err, context.Canceled) {
		return 130
	}
	kind := fault.Of(err).Kind
	var refusal *problem
	if kind == fault.Internal && errors.As(err, &refusal) {
		return mendable(refusal.Status < 500)
	}
	return mendable(misused(err) || kind != fault.Internal && kind != fault.Unavailable)
}

func mendable(yes bool) int {
	if yes {
		return 2
	}
	return 1
}

// say gives an error in words, with every wrong place on a line of its own.
func say(lang string, err error) string {
	catalogue, loadErr := message.Load()
	if loadErr != nil {
		return err.Error()
	}
	if errors.Is(err, context.Canceled) {
		return catalogue.Problem(lang, "command.interrupted", nil)
	}
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err.Error()
	}
	words := catalogue.Problem(lang, f.Code, f.Params)
	for _, field := range f.Fields {
		words += "\n  " + field.Pointer + ": " + catalogue.Problem(lang, field.Code, field.Params)
	}
	if cause := errors.Unwrap(f); cause != nil {
		words += " (" + cause.Error() + ")"
	}
	return words
}
