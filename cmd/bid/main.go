package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"bioincident/internal/fault"
	"bioincident/internal/message"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := root().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bid: "+say(err))
		os.Exit(exitCode(err))
	}
}

// exitCode is 2 for what the caller can mend, 1 for everything else, 130 when interrupted.
func exitCode(err error) int {
	if errors.Is(err, context.Canceled) {
		return 130
	}
	var problem *problem
	if errors.As(err, &problem) && problem.Status < 500 {
		return 2
	}
	if kind := fault.Of(err).Kind; kind != fault.Internal && kind != fault.Unavailable {
		return 2
	}
	return 1
}

// say gives an error in words, with every wrong place on a line of its own.
func say(err error) string {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err.Error()
	}
	catalogue, loadErr := message.Load()
	if loadErr != nil {
		return err.Error()
	}
	words := catalogue.Problem("en", f.Code, f.Params)
	for _, field := range f.Fields {
		words += "\n  " + field.Pointer + ": " + catalogue.Problem("en", field.Code, field.Params)
	}
	if cause := errors.Unwrap(f); cause != nil {
		words += " (" + cause.Error() + ")"
	}
	return words
}
