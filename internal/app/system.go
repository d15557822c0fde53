package app

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"bioincident/internal/auth"
	"bioincident/internal/catalog"
	"bioincident/internal/fault"
	"bioincident/internal/follow"
	"bioincident/internal/incident"
	"bioincident/internal/message"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
	"bioincident/search"
)

// Parts says what a system must be able to do.
type Parts int

// The parts. All but Commands open the word index and follow the feeds; Reading also waits until the index holds what
// the feeds hold, Indexing does not: whoever builds an index anew must not need the old one.
const (
	Commands Parts = iota
	Reading
	Indexing
	Serving
)

// System is everything, built once.
type System struct {
	Settings  Settings
	Log       *slog.Logger
	Store     *store.Store
	Workflow  *workflow.Workflow
	Catalog   *catalog.Catalog
	Auth      *auth.Auth
	Sessions  *auth.Sessions
	Passwords *auth.Passwords
	Index     *search.Index
	Follower  *follow.Follower
	Handler   http.Handler

	stopFollower context.CancelFunc
	followed     chan error
}

// Clock is the one place where the time of day enters.
func Clock() incident.Micros { return incident.Micros(time.Now().UnixMicro()) }

// Build opens the database (and brings its tables up to date), the index, and builds the rest from them.
func Build(ctx context.Context, s Settings, parts Parts) (*System, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, fault.New(fault.Invalid, "settings.data_unusable", "dir", s.Data).Because(err)
	}
	system := &System{Settings: s, Log: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level(parts)}))}
	if err := system.open(ctx, parts); err != nil {
		return nil, errors.Join(err, system.Close())
	}
	return system, nil
}

// level is quieter for commands: what they have to say they print.
func level(parts Parts) slog.Level {
	if parts == Serving {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

func (s *System) open(ctx context.Context, parts Parts) error {
	sch, err := schema.Load()
	if err != nil {
		return err
	}
	catalogue, err := message.Load()
	if err != nil {
		return err
	}
	if s.Store, err = OpenStore(ctx, s.Settings, s.Log); err != nil {
		return err
	}
	if err := s.Store.Migrate(ctx); err != nil {
		return err
	}
	if err := s.commands(sch); err != nil {
		return err
	}
	if err := s.reading(ctx, sch, catalogue, parts); err != nil {
		return err
	}
	return s.surface(sch, catalogue)
}

// OpenStore opens the database that the settings name.
func OpenStore(ctx context.Context, s Settings, log *slog.Logger) (*store.Store, error) {
	return store.Open(ctx, store.Options{
		Dir: filepath.Clean(s.Data), URL: s.Database, DirectURL: s.DatabaseDirect, Clock: Clock, Random: rand.Reader, Log: log,
	})
}

func (s *System) commands(sch *schema.Schema) error {
	checks, err := incident.NewChecks(sch)
	if err != nil {
		return err
	}
	rules, err := policies.New(sch)
	if err != nil {
		return err
	}
	s.Auth = auth.New(s.Store)
	s.Passwords = auth.NewPasswords(s.Store, s.Settings.PasswordMemory)
	s.Sessions = auth.NewSessions(s.Store, s.Passwords, s.Settings.Secure)
	s.Workflow = workflow.New(workflow.Deps{
		Store: s.Store, Schema: sch, Checks: checks, Policies: rules, Passwords: s.Passwords, Random: rand.Reader,
		Prefix: s.Settings.Prefix,
	})
	return nil
}

func (s *System) reading(ctx context.Context, sch *schema.Schema, catalogue *message.Catalogue, parts Parts) error {
	dir := s.Settings.Data
	if parts == Commands {
		dir = "" // an empty index in memory: these commands search nothing, and must not wait for a large one
	}
	var err error
	if s.Index, err = search.Open(search.Options{Dir: dir, Log: s.Log}, sch); err != nil {
		return err
	}
	s.Follower = follow.New(follow.Deps{Store: s.Store, Index: s.Index, Message: catalogue, Schema: sch, Log: s.Log})
	s.Catalog = catalog.New(catalog.Deps{
		Store: s.Store, Index: s.Index, Follower: s.Follower, Schema: sch, Message: catalogue, Checks: s.Workflow.Checks,
	})
	if parts != Commands {
		s.follow()
	}
	if parts == Reading {
		return s.catchUp(ctx)
	}
	return nil
}

// follow lets the follower run until the system is closed.
func (s *System) follow() {
	ctx, stop := context.WithCancel(context.Background())
	s.stopFollower, s.followed = stop, make(chan error, 1)
	go func() { s.followed <- s.Follower.Run(ctx) }()
}

// catchUp waits until the index holds what the feeds hold: a command that reads must not answer from before.
func (s *System) catchUp(ctx context.Context) error {
	for _, tier := range schema.Tiers() {
		var position int64
		err := s.Store.Read(ctx, func(tx *store.Tx) error {
			head, err := tx.FeedHead(tier)
			position = head.Seq
			return err
		})
		if err != nil {
			return err
		}
		caughtUp := func() error { return s.Follower.CaughtUp(ctx, tier, position) }
		if err := patiently(ctx, caughtUp, s.Follower.Health); err != nil {
			return err
		}
	}
	return nil
}

// mostFailures is how often in a row, three times a second, the index may be found failing before a command gives up.
const mostFailures = 10

// patiently waits for an index. That may take long while it is built, but not for ever when it fails.
func patiently(ctx context.Context, caughtUp, health func() error) error {
	failures := 0
	for caughtUp() != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failing := health()
		if failing == nil {
			failures = 0
			continue
		}
		if failures++; failures == mostFailures {
			return fault.New(fault.Unavailable, "settings.index_failing").Because(failing)
		}
	}
	return nil
}

// Close stops in the reverse order of building.
func (s *System) Close() error {
	var failed error
	if s.stopFollower != nil {
		s.stopFollower()
		if err := <-s.followed; !errors.Is(err, context.Canceled) {
			failed = err
		}
	}
	if s.Index != nil {
		failed = errors.Join(failed, s.Index.Close())
	}
	if s.Store != nil {
		failed = errors.Join(failed, s.Store.Close())
	}
	return failed
}

// Migrate brings the tables up to date and gives how many steps that took.
func Migrate(ctx context.Context, s Settings) (int, error) {
	if err := s.Check(); err != nil {
		return 0, err
	}
	held, free, err := lock(s)
	if err != nil {
		return 0, err
	}
	if !free {
		return 0, fault.New(fault.Conflict, "settings.locked", "dir", s.Data)
	}
	defer func() { _ = held.Unlock() }() // the process ends, and the lock with it
	opened, err := OpenStore(ctx, s, slog.Default())
	if err != nil {
		return 0, err
	}
	steps, err := opened.Pending(ctx)
	if err == nil {
		err = opened.Migrate(ctx)
	}
	return steps, errors.Join(err, opened.Close())
}
