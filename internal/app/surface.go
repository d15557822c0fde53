package app

import (
	"context"
	"crypto/rand"

	"bioincident/api"
	"bioincident/internal/fault"
	"bioincident/internal/httpd"
	"bioincident/internal/message"
	"bioincident/internal/web"
	"bioincident/schema"
)

// burst is how many seconds' worth of requests may come at once.
const burst = 5

// surface makes the handler of every request.
func (s *System) surface(sch *schema.Schema, catalogue *message.Catalogue) error {
	site, err := s.site(sch, catalogue)
	if err != nil {
		return err
	}
	settings := httpd.Defaults()
	settings.TrustedProxies = s.Settings.TrustedProxies
	settings.PerToken = rate(s.Settings.RequestsPerMinute)
	settings.PerAddress = settings.PerToken
	server, err := httpd.New(httpd.Deps{
		Workflow: s.Workflow, Catalog: s.Catalog, Auth: s.Auth, Schema: sch, Message: catalogue, Store: s.Store, Log: s.Log,
		Random: rand.Reader, Settings: settings, Notice: s.Settings.Notice, Spool: s.Settings.Data,
		Health: s.health, Index: Index(s.Store, s.Follower), Site: site,
	})
	if err != nil {
		return err
	}
	s.Handler = server.Handler()
	return nil
}

// site makes the pages.
func (s *System) site(sch *schema.Schema, catalogue *message.Catalogue) (*web.Site, error) {
	secret, err := s.Store.Secret(context.Background(), "cursors")
	if err != nil {
		return nil, err
	}
	cursors, err := api.NewCursors(secret)
	if err != nil {
		return nil, err
	}
	return web.New(web.Deps{
		Workflow: s.Workflow, Catalog: s.Catalog, Sessions: s.Sessions, Passwords: s.Passwords, Cursors: cursors, Schema: sch,
		Message: catalogue, Notice: s.Settings.Notice, Entrances: s.Settings.Entrances,
	})
}

func rate(perMinute int) httpd.Rate {
	perSecond := float64(perMinute) / 60
	return httpd.Rate{PerSecond: perSecond, Burst: int(perSecond * burst)}
}

// health tells whether the word indexes are kept.
func (s *System) health(context.Context) []api.Check {
	err := s.Follower.Health()
	check := api.Check{Name: "index", OK: err == nil}
	if err != nil {
		check.Why = fault.Of(err).Code
	}
	return []api.Check{check}
}
