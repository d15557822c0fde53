package auth

import (
	"fmt"
	"testing"
	"time"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
)

const second = incident.Micros(1_000_000)

// TestWhoGuessesWaitsLongerEachTime and keeps nobody else waiting.
func TestWhoGuessesWaitsLongerEachTime(t *testing.T) {
	g, now := newGate(), incident.Micros(0)
	enter := func(handle, address string) error {
		_, err := g.enter(handle, address, now)
		return err
	}
	for range freeTries + 1 {
		if err := enter("ana", "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	for _, wait := range []incident.Micros{1, 2, 4, 8} {
		now += wait*second - 1
		if err := enter("ana", "192.0.2.1"); !fault.Is(err, fault.TooMany) || fault.Of(err).Params["seconds"] != 1 {
			t.Fatalf("%v before %d s are over", err, wait)
		}
		if err := enter("ana", "198.51.100.7"); err != nil {
			t.Fatalf("ana herself is kept waiting: %v", err)
		}
		who := pair{"ana", "198.51.100.7"}
		g.open(who)
		now++
		if err := enter("ana", "192.0.2.1"); err != nil {
			t.Fatalf("%v after %d s", err, wait)
		}
	}
	if delay(1000) != longestDelay {
		t.Error("the delay grows for ever, or overflows")
	}
	g.open(pair{"ana", "192.0.2.1"})
	if err := enter("ana", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
}

// TestOneAddressTriesFewHandles: one password for everybody is no way round.
func TestOneAddressTriesFewHandles(t *testing.T) {
	g := newGate()
	for i := range addressBurst {
		if _, err := g.enter(fmt.Sprint("p", i), "2001:db8:1:2::1", 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := g.enter("another", "2001:db8:1:2:aaaa::9", 0); !fault.Is(err, fault.TooMany) {
		t.Fatalf("%v within one /64", err)
	}
	if _, err := g.enter("another", "2001:db8:1:3::1", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := g.enter("another", "2001:db8:1:2::1", incident.Micros(addressEvery/time.Microsecond)); err != nil {
		t.Fatal(err)
	}
}
