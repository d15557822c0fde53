package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"bioincident/internal/fault"
	"bioincident/internal/httpd"
	"bioincident/internal/identity"
)

// drain is how long requests in hand may take after a stop was asked for.
const drain = 20 * time.Second

// Serve runs a system until the context ends: it takes the lock, listens on the address and the socket, says so through
// ready, and drains before it returns. prepare, when not nil, runs once everything is built and before anybody can ask.
func Serve(ctx context.Context, s Settings, prepare func(context.Context, *System) error, ready func(*System, net.Addr)) error {
	if err := s.Check(); err != nil {
		return err
	}
	held, free, err := lock(s)
	if err != nil {
		return err
	}
	if !free {
		return fault.New(fault.Conflict, "settings.locked", "dir", s.Data)
	}
	defer func() { _ = held.Unlock() }() // the process ends, and the lock with it
	system, err := Build(ctx, s, Serving)
	if err != nil {
		return err
	}
	if prepare != nil {
		err = prepare(ctx, system)
	}
	if err == nil {
		err = system.serve(ctx, ready)
	}
	return errors.Join(err, system.Close())
}

func (s *System) serve(ctx context.Context, ready func(*System, net.Addr)) error {
	tcp, err := net.Listen("tcp", s.Settings.Listen)
	if err != nil {
		return fault.New(fault.Invalid, "settings.listen_failed", "address", s.Settings.Listen).Because(err)
	}
	unix, err := listenSocket(s.Settings.socket())
	if err != nil {
		return errors.Join(err, tcp.Close())
	}
	open, trusted := httpd.NewServer(s.Handler), httpd.NewServer(s.Handler)
	trusted.ConnContext = trust(identity.ViaSocket)
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return ended(open.Serve(tcp)) })
	group.Go(func() error { return ended(trusted.Serve(unix)) })
	group.Go(func() error {
		<-running.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		return errors.Join(open.Shutdown(stop), trusted.Shutdown(stop))
	})
	group.Go(func() error {
		s.regularly(running, releaseEvery, "claims held for too long handed back", s.Workflow.ReleaseOverdue)
		return nil
	})
	group.Go(func() error {
		s.regularly(running, publishEvery, "scheduled records published", s.Workflow.PublishDue)
		return nil
	})
	ready(s, tcp.Addr())
	return group.Wait()
}

// How often what the clock does is looked for. Every server over one database may do all of it.
const (
	releaseEvery = time.Hour
	publishEvery = 15 * time.Second
)

// regularly does a thing again and again and notes how much of it was done.
func (s *System) regularly(ctx context.Context, every time.Duration, what string, do func(context.Context) (int, error)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		switch n, err := do(ctx); {
		case err != nil && ctx.Err() == nil:
			s.Log.ErrorContext(ctx, "the clock did not get through", "doing", what, "error", err)
		case n > 0:
			s.Log.InfoContext(ctx, what, "count", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// listenSocket listens where only this user may connect. A socket left behind by a process that was killed is removed:
// the lock says that nobody listens there.
func listenSocket(name string) (net.Listener, error) {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fault.New(fault.Invalid, "settings.socket_failed", "socket", name).Because(err)
	}
	listener, err := net.Listen("unix", name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "settings.socket_failed", "socket", name).Because(err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

func ended(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
