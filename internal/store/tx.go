package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"bioincident/internal/incident"
)

// Limits of one writing transaction.
const (
	MaxChanges = 100 // more would keep other writers waiting: bulk work goes on in the next transaction
	attempts   = 8
)

// Tx is one snapshot of the database: everything read through it belongs together. It is valid only inside the
// function that it was given to, and for one goroutine.
type Tx struct {
	ctx   context.Context
	db    *gorm.DB
	store *Store
}

// Context gives the context of the transaction.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Read gives a function one snapshot of the database, which it cannot write to.
func (s *Store) Read(ctx context.Context, fn func(*Tx) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if s.dialect == Postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	db := s.reader.WithContext(ctx).Begin(options)
	if db.Error != nil {
		return translate(db.Error)
	}
	defer db.Rollback()
	return translate(fn(&Tx{ctx: ctx, db: db, store: s}))
}

// Write gives a function one transaction. What it appends is written when it returns nil, together with its ledger
// entries, or not at all. It may run more than once, when another writer was in the way: it must do nothing outside the
// transaction. A Write inside a Write panics: the inner one would wait for the outer one for ever, or half of the work
// would be kept without the other.
func (s *Store) Write(ctx context.Context, by Actor, fn func(*WriteTx) error) error {
	refuseNested(ctx)
	if by.Person == "" || by.Via == "" {
		return misuse("a Write without an actor")
	}
	for attempt := 1; ; attempt++ {
		err := s.writeOnce(ctx, by, fn)
		if err == nil || attempt == attempts || !retryable(err) {
			return translate(err)
		}
		if err := pause(ctx, attempt); err != nil {
			return translate(err)
		}
	}
}

func pause(ctx context.Context, attempt int) error {
	longest := time.Millisecond << attempt
	timer := time.NewTimer(time.Millisecond + rand.N(longest))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

type insideWrite struct{}

func (s *Store) writeOnce(ctx context.Context, by Actor, fn func(*WriteTx) error) error {
	ctx = context.WithValue(ctx, insideWrite{}, true)
	tx := &WriteTx{by: by, now: s.options.Clock(), known: map[string]incident.Handling{}}
	err := s.transact(ctx, func(db *gorm.DB) error {
		tx.Tx = &Tx{ctx: ctx, db: db, store: s}
		if err := callInWrite(fn, tx); err != nil {
			return err
		}
		return tx.flush()
	})
	if err != nil {
		return err
	}
	for _, event := range tx.events {
		s.recorder.Record(event)
	}
	if tx.changes > 0 {
		s.bell.ring()
	}
	return nil
}

// transact runs a function in a writing transaction, on a connection that it keeps until the transaction is over: a
// COMMIT that fails on SQLite (a foreign key, say) leaves the transaction open, and database/sql would hand the
// connection on as it is.
func (s *Store) transact(ctx context.Context, fn func(*gorm.DB) error) error {
	return s.writer.WithContext(ctx).Connection(func(connection *gorm.DB) (err error) {
		db := connection.Begin()
		if db.Error != nil {
			return db.Error
		}
		done := false
		defer func() {
			if !done {
				err = errors.Join(err, rollback(db))
			}
		}()
		if err := fn(db); err != nil {
			return err
		}
		done = true
		err = db.Commit().Error
		if err != nil && s.dialect == SQLite {
			connection.WithContext(context.WithoutCancel(ctx)).Exec("ROLLBACK") // no error when there is nothing to undo
		}
		return err
	})
}

// rollback gives the connection back. That it is already given back, because the context ended, is no error.
func rollback(db *gorm.DB) error {
	err := db.Rollback().Error
	if errors.Is(err, sql.ErrTxDone) || errors.Is(err, gorm.ErrInvalidTransaction) {
		return nil
	}
	return err
}

// callInWrite is a frame of its own, so that refuseNested finds it on the stack.
//
//go:noinline
func callInWrite(fn func(*WriteTx) error, tx *WriteTx) error { return fn(tx) }

// refuseNested looks for an outer Write in the context and, because a function easily passes on the context from
// outside, among its callers.
func refuseNested(ctx context.Context) {
	if ctx.Value(insideWrite{}) != nil || calledInWrite() {
		panic("store: a Write inside a Write: use the transaction of the outer one")
	}
}

func calledInWrite() bool {
	var callers [128]uintptr
	n := runtime.Callers(3, callers[:])
	return slices.ContainsFunc(callers[:n], func(pc uintptr) bool {
		fn := runtime.FuncForPC(pc - 1)
		return fn != nil && strings.HasSuffix(fn.Name(), "internal/store.callInWrite")
	})
}
