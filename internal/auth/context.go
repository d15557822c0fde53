package auth

import (
	"context"

	"bioincident/internal/identity"
)

type principalKey struct{}

// With gives a context that carries who asks.
func With(ctx context.Context, who identity.Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, who)
}

// Who gives who asks; nobody said so: the public.
func Who(ctx context.Context) identity.Principal {
	who, _ := ctx.Value(principalKey{}).(identity.Principal)
	return who
}
