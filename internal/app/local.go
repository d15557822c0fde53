package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/gofrs/flock"

	"bioincident/internal/fault"
	"bioincident/internal/httpd"
	"bioincident/internal/identity"
)

// Lock takes the lock of a data folder. ok is false when another process holds it.
func lock(s Settings) (held *flock.Flock, ok bool, err error) {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, false, fault.New(fault.Invalid, "settings.data_unusable", "dir", s.Data).Because(err)
	}
	held = flock.New(s.lock())
	ok, err = held.TryLock()
	if err != nil {
		return nil, false, fault.New(fault.Invalid, "settings.data_unusable", "dir", s.Data).Because(err)
	}
	return held, ok, nil
}

// Connection is a way to the API on this machine: to the server that holds the folder's lock, over its socket, or to a
// system built for this one command, in memory. It is trusted: Bid-As names the person.
type Connection struct {
	http.RoundTripper
	close func() error
}

// Close releases what was opened.
func (c *Connection) Close() error { return c.close() }

// Local opens a connection. parts says what a system built for the command must be able to do.
func Local(ctx context.Context, s Settings, parts Parts) (*Connection, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	held, free, err := lock(s)
	if err != nil {
		return nil, err
	}
	if !free {
		return overSocket(s), nil
	}
	system, err := Build(ctx, s, parts)
	if err != nil {
		return nil, errors.Join(err, held.Unlock())
	}
	inMemory := newMemory()
	server := httpd.NewServer(system.Handler)
	server.ConnContext = trust(identity.ViaLocal)
	go func() { _ = server.Serve(inMemory) }() // ends with the listener
	transport := &http.Transport{DialContext: inMemory.dial}
	return &Connection{RoundTripper: transport, close: func() error {
		transport.CloseIdleConnections()
		return errors.Join(server.Close(), system.Close(), held.Unlock())
	}}, nil
}

// Alone builds a system for one piece of work that no server must be beside, and closes it: Conflict settings.locked.
func Alone(ctx context.Context, s Settings, work func(*System) error) error {
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
	system, err := Build(ctx, s, Commands)
	if err != nil {
		return err
	}
	return errors.Join(work(system), system.Close())
}

// Running opens a connection to the server that runs on the folder: Unavailable settings.not_running when none does.
func Running(s Settings) (*Connection, error) {
	held, free, err := lock(s)
	if err != nil {
		return nil, err
	}
	if free {
		return nil, errors.Join(fault.New(fault.Unavailable, "settings.not_running", "dir", s.Data), held.Unlock())
	}
	return overSocket(s), nil
}

func overSocket(s Settings) *Connection {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "unix", s.socket())
		if err != nil {
			return nil, fault.New(fault.Unavailable, "settings.locked_and_silent", "dir", s.Data).Because(err)
		}
		return conn, nil
	}}
	return &Connection{RoundTripper: transport, close: func() error {
		transport.CloseIdleConnections()
		return nil
	}}
}

// trust marks the connections of a listener that only the user of this machine can reach.
func trust(via identity.Via) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, _ net.Conn) context.Context { return httpd.Trusted(ctx, via) }
}

// memory is a listener whose connections never leave the process.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemory() *memory { return &memory{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case m.conns <- theirs:
		return ours, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for the next connection.
func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listener.
func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

// Addr names the listener.
func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }
