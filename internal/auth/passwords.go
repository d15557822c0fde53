package auth

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/sync/semaphore"

	"bioincident/internal/fault"
	"bioincident/internal/store"
)

const (
	hashMiB  = 64              // memory of one hash
	patience = 5 * time.Second // how long a password may wait for its turn
	busyWait = 2               // seconds after which whoever was sent away may come again
)

// strong are the parameters that RFC 9106 §4 recommends where memory is limited.
func strong() *argon2id.Params {
	return &argon2id.Params{Memory: hashMiB << 10, Iterations: 3, Parallelism: 4, SaltLength: 16, KeyLength: 32}
}

// Passwords sets passwords and proves by them who somebody is.
type Passwords struct {
	store  *store.Store
	params *argon2id.Params
	nobody string // a hash of the same cost that no password has
	room   *semaphore.Weighted
	gate   *gate
}

// NewPasswords makes Passwords that take at most so many MiB of memory at once; one hash takes 64, and there is always
// room for one.
func NewPasswords(s *store.Store, memory int) *Passwords {
	return newPasswords(s, strong(), max(1, int64(memory/hashMiB)))
}

func newPasswords(s *store.Store, params *argon2id.Params, most int64) *Passwords {
	return &Passwords{store: s, params: params, nobody: hashOfNobody(params), room: semaphore.NewWeighted(most), gate: newGate()}
}

// hashOfNobody is compared with where there is no password, so that it takes as long. A key of zeros is not the key of
// anything that somebody could find.
func hashOfNobody(p *argon2id.Params) string {
	zeros := func(n uint32) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.Memory, p.Iterations, p.Parallelism,
		zeros(p.SaltLength), zeros(p.KeyLength))
}

// Hash gives what is kept of a new password: its argon2id hash with salt and parameters. The password is refused (Invalid)
// with password.length or password.guessable; names are those of the person. Unavailable auth.busy tells that too many
// passwords wait already.
func (p *Passwords) Hash(ctx context.Context, password string, names ...string) (string, error) {
	password, err := acceptable(password, names)
	if err != nil {
		return "", err
	}
	var hash string
	err = p.inTurn(ctx, func() error {
		hash, err = argon2id.CreateHash(password, p.params)
		return err
	})
	return hash, err
}

// check gives the credential of whose handle and password these are. Unknown handle, wrong password and person without
// password give one fault (Unauthenticated, auth.sign_in) after the same work. Whoever tries too often is sent away
// (TooMany, auth.too_many, with seconds) before anything is asked or compared.
func (p *Passwords) check(ctx context.Context, handle, password, address string) (store.Credential, error) {
	handle = handleOf(handle)
	attempt, err := p.gate.enter(handle, address, p.store.Clock())
	if err != nil {
		return store.Credential{}, err
	}
	var credential store.Credential
	err = p.store.Read(ctx, func(tx *store.Tx) (err error) {
		credential, _, err = tx.Credential(handle)
		return err
	})
	if err != nil {
		return store.Credential{}, err
	}
	right := false
	err = p.inTurn(ctx, func() error {
		right, err = argon2id.ComparePasswordAndHash(normal(password), cmp.Or(credential.Password, p.nobody))
		return err
	})
	if err != nil {
		return store.Credential{}, err
	}
	if !right {
		p.store.Events().Record(store.Event{Kind: "refused", Subject: "auth.sign_in"})
		return store.Credential{}, fault.New(fault.Unauthenticated, "auth.sign_in")
	}
	p.gate.open(attempt)
	return credential, nil
}

// handleOf gives the handle that somebody typed, or "", which nobody has, where it cannot be one.
func handleOf(typed string) string {
	const longest = 64
	handle := strings.ToLower(strings.TrimSpace(typed))
	if len(handle) > longest || !utf8.ValidString(handle) || strings.ContainsRune(handle, 0) {
		return ""
	}
	return handle
}

// inTurn waits until there is memory for one hash.
func (p *Passwords) inTurn(ctx context.Context, work func() error) error {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := p.room.Acquire(waiting, 1); err != nil {
		return fault.New(fault.Unavailable, "auth.busy", "seconds", busyWait).Because(err)
	}
	defer p.room.Release(1)
	return work()
}
