package app

import "context"

// Patiently is how a command waits for its index.
func Patiently(ctx context.Context, caughtUp, health func() error) error {
	return patiently(ctx, caughtUp, health)
}
