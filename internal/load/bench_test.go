package load_test

import (
	"context"
	"crypto/rand"
	"syscall"
	"testing"
	"time"

	"bioincident/internal/app"
	"bioincident/internal/auth"
	"bioincident/internal/incident"
	"bioincident/internal/load"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
)

// BenchmarkFill takes one record through all steps, under the clock that the steps are paced by, and tells how much
// processor time each step took a record. Begin it with -benchtime 5000x: b.N is the number of records.
func BenchmarkFill(b *testing.B) {
	b.Run(store.SQLite, func(b *testing.B) { benchFill(b, testkit.SQLite(b)) })
	b.Run(store.Postgres, func(b *testing.B) { benchFill(b, testkit.Postgres(b)) })
}

func benchFill(b *testing.B, d testkit.Database) {
	d.Options.Clock, d.Options.Random = app.Clock, rand.Reader
	s := d.Open(b)
	sch, err := schema.Load()
	if err != nil {
		b.Fatal(err)
	}
	checks, err := incident.NewChecks(sch)
	if err != nil {
		b.Fatal(err)
	}
	rules, err := policies.New(sch)
	if err != nil {
		b.Fatal(err)
	}
	spent, last := map[string]time.Duration{}, processorTime(b)
	filler := load.Filler{Auth: auth.New(s), Schema: sch, Seed: 1,
		Workflow: workflow.New(workflow.Deps{Store: s, Schema: sch, Checks: checks, Policies: rules, Random: rand.Reader, Prefix: "BID"}),
		Progress: func(step string, _, _ int64) {
			now := processorTime(b)
			spent[step] += now - last
			last = now
		}}
	b.ResetTimer()
	if published, err := filler.Fill(context.Background(), 1, b.N); err != nil || published != int64(b.N) {
		b.Fatal(published, err)
	}
	var all time.Duration
	for step, took := range spent {
		all += took
		b.ReportMetric(float64(took.Microseconds())/1000/float64(b.N), step+"-cpu-ms/op")
	}
	b.ReportMetric(float64(all.Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
