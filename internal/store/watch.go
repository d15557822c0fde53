package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"bioincident/internal/ledger"
)

const (
	notifyChannel = "bid_ledger"
	pollEvery     = time.Second
)

// bell wakes watchers after commits: of this process at once, of others when PostgreSQL notifies, and in any case when
// a poll sees that the ledger has grown, because a notification is lost while the connection is down.
type bell struct {
	store   *Store
	mu      sync.Mutex
	waiting map[chan struct{}]struct{}
	start   sync.Once
	stop    context.CancelFunc
	ctx     context.Context
	running sync.WaitGroup
}

func newBell(s *Store) *bell {
	ctx, stop := context.WithCancel(context.Background())
	return &bell{store: s, waiting: map[chan struct{}]struct{}{}, ctx: ctx, stop: stop}
}

// Watch gives a channel that wakes after commits of any process. Several commits may wake it once; a wake may come
// without news. It closes when the context ends or the store is closed.
func (s *Store) Watch(ctx context.Context) <-chan struct{} {
	b := s.bell
	b.start.Do(b.listen)
	wake := make(chan struct{}, 1)
	b.mu.Lock()
	b.waiting[wake] = struct{}{}
	b.mu.Unlock()
	b.running.Go(func() {
		select {
		case <-ctx.Done():
		case <-b.ctx.Done():
		}
		b.mu.Lock()
		delete(b.waiting, wake)
		close(wake)
		b.mu.Unlock()
	})
	return wake
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for wake := range b.waiting {
		select {
		case wake <- struct{}{}:
		default: // it has not looked since the last one
		}
	}
}

func (b *bell) close() error {
	b.stop()
	b.running.Wait()
	return nil
}

func (b *bell) listen() {
	b.running.Go(b.poll)
	if b.store.dialect == Postgres {
		b.running.Go(b.listenPostgres)
	}
}

func (b *bell) poll() {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	var seen ledger.Head
	for {
		select {
		case <-b.ctx.Done():
			return
		case <-ticker.C:
		}
		var head ledger.Head
		err := b.store.Read(b.ctx, func(tx *Tx) (err error) {
			head, err = tx.LedgerHead()
			return err
		})
		if err == nil && head != seen {
			seen = head
			b.ring()
		}
	}
}

// listenPostgres keeps one connection of its own, straight to the server. While it is down the poll stands in for it.
func (b *bell) listenPostgres() {
	for b.ctx.Err() == nil {
		err := b.hear()
		if b.ctx.Err() == nil {
			b.store.log.Warn("notifications interrupted: polling", "error", err)
		}
		select {
		case <-b.ctx.Done():
		case <-time.After(pollEvery):
		}
	}
}

func (b *bell) hear() error {
	connection, err := pgx.Connect(b.ctx, b.store.directURL())
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close(context.WithoutCancel(b.ctx)) }()
	if _, err := connection.Exec(b.ctx, "LISTEN "+notifyChannel); err != nil {
		return err
	}
	b.ring() // whatever was written before the connection stood
	for {
		if _, err := connection.WaitForNotification(b.ctx); err != nil {
			return err
		}
		b.ring()
	}
}
