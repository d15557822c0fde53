package main

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"bioincident/internal/testkit"
)

// TestReplicas runs two servers over one PostgreSQL, each with an index of its own: a right that was taken away on one is
// refused by the other at once, and a record that is held on one is gone from the other's totals within two seconds.
func TestReplicas(t *testing.T) {
	database := testkit.Postgres(t).Options.URL
	one := command(t, "--data", t.TempDir(), "--database", database)
	one.serve()
	other := command(t, "--data", t.TempDir(), "--database", database)
	other.serve()
	one.found()
	published := one.batch(one.imports())
	if !within(t, 10*time.Second, func() bool { return other.totals() == published }) {
		t.Fatalf("the other server finds %d of %d", other.totals(), published)
	}

	id := regexp.MustCompile(`BID-[0-9A-Z]{4}-[0-9A-Z]{4}`).FindString(one.do("export"))
	one.do("record", "hold", "--as", "pia@sec", "--reason", "refuted", id)
	if !within(t, 2*time.Second, func() bool { return other.totals() == published-1 }) {
		t.Errorf("two seconds after a hold the other server still counts %d", other.totals())
	}
	if strings.Contains(other.do("export"), id) {
		t.Error("the other server exports a record that is held")
	}

	next := regexp.MustCompile(`BID-[0-9A-Z]{4}-[0-9A-Z]{4}`).FindString(other.do("export"))
	right := regexp.MustCompile(`(?m)^(\S+)\tsec\tpublish\t`).FindStringSubmatch(one.do("grant", "list"))[1]
	one.do("grant", "revoke", right)
	other.refused(2, "", "record", "hold", "--as", "pia@sec", "--reason", "refuted", next)
}

// totals is how many records the public finds.
func (b bid) totals() int {
	b.Helper()
	found := regexp.MustCompile(`(?m)^found: (\d+)`).FindStringSubmatch(b.do("search"))
	if found == nil {
		b.Fatal("no total")
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// within asks until something holds, at most so long.
func within(t *testing.T, longest time.Duration, holds func() bool) bool {
	t.Helper()
	for end := time.Now().Add(longest); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return holds()
}
