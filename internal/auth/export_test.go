package auth

import (
	"github.com/alexedwards/argon2id"

	"bioincident/internal/store"
)

// Cheap makes Passwords whose hashes cost next to nothing.
func Cheap(s *store.Store) *Passwords {
	return newPasswords(s, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}, 4)
}

// Fill takes every place there is, and gives them back when it is called.
func (p *Passwords) Fill() (release func()) {
	for p.room.TryAcquire(1) {
	}
	return func() { p.room.Release(4) }
}

// Nobody gives the hash that is compared where there is no password.
func (p *Passwords) Nobody() string { return p.nobody }
