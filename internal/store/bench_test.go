package store_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/schema"
)

func eachBench(b *testing.B, bench func(b *testing.B, s *store.Store)) {
	b.Run(store.SQLite, func(b *testing.B) {
		s := testkit.SQLite(b).Open(b)
		seed(b, s)
		bench(b, s)
	})
	b.Run(store.Postgres, func(b *testing.B) {
		s := testkit.Postgres(b).Open(b)
		seed(b, s)
		bench(b, s)
	})
}

// body is a working copy of an ordinary length.
func body() []byte {
	return []byte(`{"narrative":{"summary":{"source":"en","en":{"text":"` + strings.Repeat("word ", 600) + `"}}}}`)
}

func newDraft(no int64) store.Change {
	c := draft(no, incident.Handling{})
	c.Version_.Body = body()
	c.ExternalIDs = []incident.ExternalID{{ID: "x", Scheme: "source_row", Value: fmt.Sprint(no)}}
	return c
}

// BenchmarkWrites creates one record per transaction, as many writers at once as the name says.
func BenchmarkWrites(b *testing.B) {
	for _, writers := range []int{1, 8, 32} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			eachBench(b, func(b *testing.B, s *store.Store) {
				var no atomic.Int64
				var group sync.WaitGroup
				left := atomic.Int64{}
				left.Store(int64(b.N))
				b.ResetTimer()
				for range writers {
					group.Go(func() {
						for left.Add(-1) >= 0 {
							if err := tryWrite(b, s, newDraft(no.Add(1))); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				group.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
			})
		})
	}
}

func importChunk(b *testing.B, s *store.Store, start int64) {
	b.Helper()
	changes := make([]store.Change, 100)
	for i := range changes {
		no := start + int64(i)
		changes[i] = newDraft(no)
		changes[i].Action, changes[i].Record.Batch = "batch.import", "i1"
		changes[i].ImportRows = []store.ImportRow{{Import: "i1", Ordinal: no, File: "a.csv", Line: no,
			RowID: fmt.Sprint(no), Outcome: "created", Record: changes[i].Record.ID, BodyHash: "x"}}
	}
	write(b, s, changes...)
}

func addBatch(b *testing.B, s *store.Store) {
	b.Helper()
	write(b, s, store.Change{Action: "batch.import", Subject: "i1", Import: &store.Import{ID: "i1", Org: "o-north",
		Person: "p-ana", Profile: "p", State: store.ImportLoading}})
}

// BenchmarkImportChunk writes a hundred new records with versions, external ids, rows and entries in one transaction.
func BenchmarkImportChunk(b *testing.B) {
	eachBench(b, func(b *testing.B, s *store.Store) {
		addBatch(b, s)
		next := int64(1)
		b.ResetTimer()
		for b.Loop() {
			importChunk(b, s, next)
			next += 100
		}
		b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
}

// BenchmarkPublishChunk publishes a hundred records, locked and read first, with contents, views and feeds.
func BenchmarkPublishChunk(b *testing.B) {
	eachBench(b, func(b *testing.B, s *store.Store) {
		addBatch(b, s)
		next := int64(1)
		for b.Loop() {
			b.StopTimer()
			importChunk(b, s, next)
			ids := make([]string, 100)
			for i := range ids {
				ids[i] = fmt.Sprintf("BID-TEST-%04d", next+int64(i))
			}
			next += 100
			b.StartTimer()
			err := s.Write(b.Context(), ana(), func(tx *store.WriteTx) error {
				records, err := tx.LockRecords(ids)
				if err != nil {
					return err
				}
				versions, err := tx.OpenVersions(ids)
				if err != nil {
					return err
				}
				for _, record := range records {
					if err := tx.Append(publication(record, versions[record.ID], schema.Public)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
}

// BenchmarkSaveDraftBesideBulk saves a working copy again and again while an import writes chunk after chunk, and
// reports the longest time that a save had to wait.
func BenchmarkSaveDraftBesideBulk(b *testing.B) {
	eachBench(b, func(b *testing.B, s *store.Store) {
		addBatch(b, s)
		mine := newDraft(1_000_000)
		write(b, s, mine)
		_, version := stored(mine)
		stop := make(chan struct{})
		var bulk sync.WaitGroup
		bulk.Go(func() {
			for next := int64(1); ; next += 100 {
				select {
				case <-stop:
					return
				default:
					importChunk(b, s, next)
				}
			}
		})
		worst := time.Duration(0)
		for b.Loop() {
			start := time.Now()
			err := s.Write(b.Context(), ana(), func(tx *store.WriteTx) (err error) {
				version.Revision, err = tx.SaveDraft(version)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
			worst = max(worst, time.Since(start))
		}
		close(stop)
		bulk.Wait()
		b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
	})
}

// BenchmarkReads reads current views by their numbers, fifty at a time.
func BenchmarkReads(b *testing.B) {
	eachBench(b, func(b *testing.B, s *store.Store) {
		nos := make([]int64, 50)
		for i := range nos {
			nos[i] = int64(i + 1)
			publish(b, s, nos[i], schema.Public)
		}
		b.ResetTimer()
		for b.Loop() {
			read(b, s, func(tx *store.Tx) error {
				views, err := tx.Views(schema.Public, nos)
				if len(views) != 50 {
					b.Fatalf("%d views", len(views))
				}
				return err
			})
		}
	})
}
