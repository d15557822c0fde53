package auth

import (
	"math"
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
)

const (
	freeTries    = 5                // of one handle from one address before a delay
	longestDelay = 15 * time.Minute // between two more
	addressEvery = 2 * time.Second  // tries of one address, whatever the handle,
	addressBurst = 30               // and so many at once
	mostWatched  = 20_000           // pairs, and addresses
)

// gate slows down whoever tries passwords: see doc.go. It forgets when the process ends.
type gate struct {
	mu        sync.Mutex
	pairs     *lru.Cache[pair, tries]
	addresses *lru.Cache[string, *rate.Limiter]
}

type pair struct{ handle, address string }

type tries struct {
	count int
	next  incident.Micros // before which there is no other
}

func newGate() *gate {
	return &gate{pairs: watch[pair, tries](), addresses: watch[string, *rate.Limiter]()}
}

func watch[K comparable, V any]() *lru.Cache[K, V] {
	cache, err := lru.New[K, V](mostWatched)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return cache
}

// enter counts a try before it is known how it ends, so that many at the same moment are no way round.
func (g *gate) enter(handle, address string, now incident.Micros) (pair, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := pair{handle, Network(address)}
	have, _ := g.pairs.Get(who)
	if now < have.next {
		return who, tooMany(time.Duration(have.next-now) * time.Microsecond)
	}
	if wait := g.limit(who.address, time.UnixMicro(int64(now))); wait > 0 {
		return who, tooMany(wait)
	}
	have.count++
	have.next = now + incident.Micros(delay(have.count).Microseconds())
	g.pairs.Add(who, have)
	return who, nil
}

// limit gives how long an address has to wait.
func (g *gate) limit(address string, now time.Time) time.Duration {
	limiter, ok := g.addresses.Get(address)
	if !ok {
		limiter = rate.NewLimiter(rate.Every(addressEvery), addressBurst)
		g.addresses.Add(address, limiter)
	}
	if limiter.AllowN(now, 1) {
		return 0
	}
	return addressEvery
}

// open forgets the tries of somebody who knew the password.
func (g *gate) open(who pair) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pairs.Remove(who)
}

// delay doubles with each try after the free ones: a second, two, four.
func delay(count int) time.Duration {
	if count <= freeTries {
		return 0
	}
	return min(longestDelay, time.Second<<min(count-freeTries-1, 20))
}

func tooMany(wait time.Duration) error {
	return fault.New(fault.TooMany, "auth.too_many", "seconds", int(math.Ceil(wait.Seconds())))
}

// Network gives what one household has of addresses: an IPv4 address, the /64 of an IPv6 address.
func Network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}
