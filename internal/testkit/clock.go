package testkit

import (
	"crypto/sha256"
	"math/rand/v2"
	"sync"
	"time"

	"bioincident/internal/incident"
)

// Clock is a clock that a test sets. It goes on by a microsecond each time it is read, so that no two moments are equal
// and every run has the same ones.
type Clock struct {
	mu    sync.Mutex
	now   incident.Micros
	still bool
}

// NewClock gives a clock that starts at 2026-01-01T00:00:00Z.
func NewClock() *Clock {
	return &Clock{now: incident.Micros(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro())}
}

// Now gives the moment, and goes on by a microsecond unless the clock stands.
func (c *Clock) Now() incident.Micros {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.still {
		c.now++
	}
	return c.now
}

// Stop makes the clock stand: it goes on only when it is set. Then how often others read it changes nothing.
func (c *Clock) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still = true
}

// Set sets the clock, forwards or backwards.
func (c *Clock) Set(moment incident.Micros) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = moment
}

// Advance sets the clock forward.
func (c *Clock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += incident.Micros(by.Microseconds())
}

// Random is a source of bytes that repeats itself for the same seed. Many goroutines may read it.
type Random struct {
	mu  sync.Mutex
	src *rand.ChaCha8
}

// NewRandom makes a source from a seed.
func NewRandom(seed byte) *Random {
	return &Random{src: rand.NewChaCha8([32]byte{seed, 'b', 'i', 'd'})}
}

// Begin starts the source anew for a step of a test that has a name: what it gives does not depend on what was drawn
// before.
func (r *Random) Begin(step string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.src = rand.NewChaCha8(sha256.Sum256([]byte(step)))
}

// Read fills data.
func (r *Random) Read(data []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.src.Read(data)
}
