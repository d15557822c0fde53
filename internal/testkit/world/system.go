package world

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"bioincident/api"
	"bioincident/internal/app"
	"bioincident/internal/auth"
	"bioincident/internal/catalog"
	"bioincident/internal/follow"
	"bioincident/internal/httpd"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/message"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
	"bioincident/search"
)

// System is everything a server is made of.
type System struct {
	Database testkit.Database
	Store    *store.Store
	Clock    *testkit.Clock
	Random   *testkit.Random
	Schema   *schema.Schema
	Contract *api.Contract
	Index    *search.Index
	Follower *follow.Follower
	Auth     *auth.Auth
	Workflow *workflow.Workflow
	Catalog  *catalog.Catalog
	Handler  http.Handler
	Tokens   map[string]string // PERSON@ORG → secret

	t     testing.TB
	start incident.Micros
	words *message.Catalogue
}

// Parts are what a test may put in the place of the real thing. What is nil stays.
type Parts struct {
	Policies *policies.Policies
	Index    catalog.Index // as the catalog asks it
	Handler  func(http.Handler) http.Handler
}

// definitions are what is read once for all systems of a process and never changes.
type definitions struct {
	schema   *schema.Schema
	words    *message.Catalogue
	policies *policies.Policies
	checks   *incident.Checks
	contract *api.Contract
}

var defined = sync.OnceValues(func() (*definitions, error) {
	sch, err := schema.Load()
	if err != nil {
		return nil, err
	}
	d := &definitions{schema: sch}
	if d.words, err = message.Load(); err != nil {
		return nil, err
	}
	if d.policies, err = policies.New(sch); err != nil {
		return nil, err
	}
	if d.checks, err = incident.NewChecks(sch); err != nil {
		return nil, err
	}
	d.contract, err = api.LoadContract()
	return d, err
})

// patient is how long a search may take here: on a machine that is busy with other things a usual limit ends some, and a
// refusal is no answer to compare.
const patient = time.Minute

// New builds a system over an empty database. Its clock stands at 2026-01-01T00:00:00Z.
func New(t testing.TB, d testkit.Database) *System {
	t.Helper()
	s := &System{t: t, Database: d, Clock: testkit.NewClock(), Random: testkit.NewRandom(1), Tokens: map[string]string{}}
	s.Clock.Stop()
	s.start = s.Clock.Now()
	all, err := defined()
	s.ok(err)
	d.Options.Clock, d.Options.Random, d.Options.Statements = s.Clock.Now, s.Random, count
	s.Store, s.Schema, s.Contract, s.words = d.Open(t), all.schema, all.contract, all.words
	s.Auth = auth.New(s.Store)
	s.Index, err = search.Open(search.Options{Timeout: patient}, s.Schema)
	s.ok(err)
	s.Follower = follow.New(follow.Deps{Store: s.Store, Index: s.Index, Message: s.words, Schema: s.Schema})
	s.follow()
	s.build(Parts{})
	return s
}

// follow lets the follower run until the test ends.
func (s *System) follow() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Follower.Run(ctx) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
		if err := s.Index.Close(); err != nil {
			s.t.Error(err)
		}
	})
}

func (s *System) build(p Parts) {
	s.t.Helper()
	all, err := defined()
	s.ok(err)
	if p.Policies == nil {
		p.Policies = all.policies
	}
	if p.Index == nil {
		p.Index = s.Index
	}
	s.Workflow = workflow.New(workflow.Deps{
		Store: s.Store, Schema: all.schema, Checks: all.checks, Policies: p.Policies, Random: s.Random,
	})
	s.Catalog = catalog.New(catalog.Deps{
		Store: s.Store, Schema: all.schema, Message: all.words, Index: p.Index, Follower: s.Follower, Checks: all.checks,
	})
	settings := httpd.Defaults()
	settings.PerAddress, settings.PerToken = httpd.Rate{}, httpd.Rate{}
	server, err := httpd.New(httpd.Deps{
		Workflow: s.Workflow, Catalog: s.Catalog, Auth: s.Auth, Schema: all.schema, Message: all.words, Store: s.Store,
		Log: slog.New(slog.DiscardHandler), Random: testkit.NewRandom(2), Settings: settings, Spool: s.t.TempDir(), Contract: all.contract,
		Index:  app.Index(s.Store, s.Follower),
		Health: func(context.Context) []api.Check { return []api.Check{{Name: "index", OK: s.Follower.Health() == nil}} },
	})
	s.ok(err)
	s.Handler = server.Handler()
	if p.Handler != nil {
		s.Handler = p.Handler(s.Handler)
	}
}

// Again gives the same system, over the same store and index, with other parts.
func (s *System) Again(t testing.TB, p Parts) *System {
	t.Helper()
	other := *s
	other.t = t
	other.build(p)
	return &other
}

// In gives the system for a subtest: failures are told there.
func (s *System) In(t testing.TB) *System {
	other := *s
	other.t = t
	return &other
}

func (s *System) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// Step begins a step of the test: the clock is set to so much after the start, and the randomness begins anew.
func (s *System) Step(name string, after time.Duration) {
	s.Clock.Set(s.start + incident.Micros(after.Microseconds()))
	s.Random.Begin(name)
}

// Settle waits until the word index holds all that the feeds hold.
func (s *System) Settle() {
	s.t.Helper()
	for _, tier := range schema.Tiers() {
		var head int64
		s.ok(s.Store.Read(s.t.Context(), func(tx *store.Tx) error {
			at, err := tx.FeedHead(tier)
			head = at.Seq
			return err
		}))
		// CaughtUp is patient for a moment only; a machine that is busy may need more of them.
		const moments = 100
		err := s.Follower.CaughtUp(s.t.Context(), tier, head)
		for range moments {
			if err == nil {
				break
			}
			err = s.Follower.CaughtUp(s.t.Context(), tier, head)
		}
		s.ok(err)
	}
}

// Operator is the person at the machine.
func Operator() identity.Principal { return identity.Principal{Operator: true, Via: identity.ViaLocal} }
