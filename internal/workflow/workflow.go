package workflow

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"sync/atomic"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
)

// Workflow is the one that changes things. It may be used by many goroutines.
type Workflow struct {
	Deps
	rights atomic.Pointer[rights]
}

// New makes a Workflow.
func New(d Deps) *Workflow {
	if d.Prefix == "" {
		d.Prefix = "BID"
	}
	return &Workflow{Deps: d}
}

// operator is who the ledger names for the person at the machine.
const operator = "operator"

func actor(who identity.Principal) store.Actor {
	by := store.Actor{Person: who.Person, Org: who.Org, Via: who.Via}
	if by.Person == "" {
		by.Person = operator
	}
	if by.Via == "" {
		by.Via = identity.ViaAPI
	}
	return by
}

// call is one command or question inside its transaction: who asks, with the roles held now, and the rights that decide.
type call struct {
	w   *Workflow
	ctx context.Context
	tx  *store.Tx
	wtx *store.WriteTx // nil for a question
	who identity.Principal
	now incident.Micros
	// purging is the version that this transaction destroys: what is read inside it is as it was before.
	purging string
	*rights
}

// enter begins a command in a writing transaction: it reads the policy epoch first, and what it decides by is of that
// epoch. The roles of the asker are read anew too.
func (w *Workflow) enter(tx *store.WriteTx, who identity.Principal) (*call, error) {
	epoch, err := tx.Epoch()
	if err != nil {
		return nil, err
	}
	return w.begin(&call{w: w, ctx: tx.Context(), tx: tx.Tx, wtx: tx, now: tx.Now()}, who, epoch)
}

// ask begins a question in a reading transaction.
func (w *Workflow) ask(tx *store.Tx, who identity.Principal) (*call, error) {
	epoch, err := tx.Epoch()
	if err != nil {
		return nil, err
	}
	return w.begin(&call{w: w, ctx: tx.Context(), tx: tx, now: w.Store.Clock()}, who, epoch)
}

func (w *Workflow) begin(c *call, who identity.Principal, epoch int64) (*call, error) {
	held := w.rights.Load()
	if held == nil || !held.stands(epoch, c.now) {
		var err error
		if held, err = w.readRights(c.tx, epoch, c.now); err != nil {
			return nil, err
		}
		w.rights.Store(held)
	}
	c.rights = held
	c.who = held.refresh(who, c.now)
	return c, nil
}

// write runs a command. Who did not sign in may change nothing, whatever it is.
func (w *Workflow) write(ctx context.Context, who identity.Principal, fn func(*call) error) error {
	if who.Anonymous() {
		return fault.New(fault.Unauthenticated, "auth.required")
	}
	err := w.Store.Write(ctx, actor(who), func(tx *store.WriteTx) error {
		c, err := w.enter(tx, who)
		if err != nil {
			return err
		}
		return fn(c)
	})
	w.noteRefusal(who, err)
	return err
}

func (w *Workflow) read(ctx context.Context, who identity.Principal, fn func(*call) error) error {
	err := w.Store.Read(ctx, func(tx *store.Tx) error {
		c, err := w.ask(tx, who)
		if err != nil {
			return err
		}
		return fn(c)
	})
	w.noteRefusal(who, err)
	return err
}

// noteRefusal records that somebody was refused, with the code and nothing of the object.
func (w *Workflow) noteRefusal(who identity.Principal, err error) {
	if f := fault.Of(err); f != nil && f.Kind == fault.Forbidden {
		w.Store.Events().Record(store.Event{Kind: "refused", Person: who.Person, Org: who.Org, Subject: f.Code})
	}
}

// newID draws an internal id: 128 random bits in hex.
func (w *Workflow) newID() (string, error) {
	data, err := w.draw(16)
	return hex.EncodeToString(data), err
}

func (w *Workflow) draw(n int) ([]byte, error) {
	data := make([]byte, n)
	if _, err := io.ReadFull(w.Random, data); err != nil {
		return nil, fmt.Errorf("no randomness: %w", err)
	}
	return data, nil
}
