package httpd

import (
	"context"

	"bioincident/api"
)

// ready tells whether requests can be served.
func (s *Server) ready(ctx context.Context) []api.Check {
	database := api.Check{Name: "database", OK: true}
	if err := s.Store.Ping(ctx); err != nil {
		database = api.Check{Name: "database", Why: "ready.database"}
	}
	checks := []api.Check{database}
	if database.OK {
		migrations := api.Check{Name: "migrations", OK: true}
		if pending, err := s.Store.Pending(ctx); err != nil || pending > 0 {
			migrations = api.Check{Name: "migrations", Why: "ready.migrations"}
		}
		checks = append(checks, migrations)
	}
	if s.Health != nil {
		checks = append(checks, s.Health(ctx)...)
	}
	return checks
}
