package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bioincident/policies"
	"bioincident/schema"
)

// corpus makes n documents: codes drawn from the vocabularies, titles from their labels, summaries of a hundred words,
// few of which are frequent, as in any language.
func corpus(t testing.TB, sch *schema.Schema, n int) []Document {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list string) string {
		vocabulary, _ := sch.Vocabulary(list)
		terms := vocabulary.Terms()
		i := int(float64(len(terms)) * random.ExpFloat64() / 6)
		return terms[i%len(terms)].Code
	}
	zipf := rand.NewZipf(random, 1.1, 4, 30000)
	words := func(prefix string, count int) string {
		var b strings.Builder
		for range count {
			b.WriteString(prefix + strconv.FormatUint(zipf.Uint64(), 26) + " ")
		}
		return b.String()
	}
	docs := make([]Document, n)
	for i := range docs {
		r := worldRecord{No: int64(i + 1), Unit: "incident", Codes: map[string][]string{
			"disease": {pick("diseases")}, "area": {pick("areas")}, "type": {pick("incident_type")},
			"domain": {pick("domain")}, "cause": {pick("cause")}, "setting": {pick("setting")}, "year": {strconv.Itoa(1970 + random.IntN(50))},
		}, Texts: map[string]map[string]string{
			"summary":   {"en": words("w", 100), "fr": words("m", 60)},
			"narrative": {"en": words("w", 200)},
			"sources":   {"": words("w", 20)},
		}}
		docs[i] = r.document(t, sch)
		docs[i].Published = random.Int64N(1 << 50)
	}
	return docs
}

func benchIndex(b *testing.B, n int) (*Index, []Document) {
	b.Helper()
	sch := loadSchema(b)
	ix, err := Open(Options{Dir: b.TempDir()}, sch)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = ix.Close() })
	docs := corpus(b, sch, n)
	for at := 0; at < n; at += 1000 {
		apply(b, ix, schema.Public, docs[at:min(n, at+1000)], nil, int64(at+1))
	}
	return ix, docs
}

// benchSize is how many records the benchmarks search; BENCH_RECORDS sets another number.
func benchSize() int {
	if n, err := strconv.Atoi(os.Getenv("BENCH_RECORDS")); err == nil {
		return n
	}
	return 3000
}

func BenchmarkSearch(b *testing.B) {
	ix, _ := benchIndex(b, benchSize())
	for _, query := range []string{"", "wa", "w1a4 wb", "cholera", "Africa cholera", "laboratory -Europe", `"wa w1"`, "炭疽", "bird flu OR plague area:Asia"} {
		b.Run(fmt.Sprintf("%q", query), func(b *testing.B) {
			var took []time.Duration
			total := int64(0)
			for b.Loop() {
				start := time.Now()
				result, err := ix.Search(context.Background(), policies.Audience{}, Query{Text: query})
				if err != nil {
					b.Fatal(err)
				}
				took, total = append(took, time.Since(start)), result.Total
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-µs")
			b.ReportMetric(float64(total), "found")
		})
	}
}

func BenchmarkApply(b *testing.B) {
	sch := loadSchema(b)
	docs := corpus(b, sch, 3000)
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			ix, err := Open(Options{Dir: b.TempDir()}, sch)
			if err != nil {
				b.Fatal(err)
			}
			for at := 0; at < len(docs); at += 1000 {
				apply(b, ix, schema.Public, docs[at:at+1000], nil, int64(at+1))
			}
			if err := ix.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(docs))*float64(b.N)/b.Elapsed().Seconds(), "docs/s")
	})
	b.Run("one", func(b *testing.B) {
		ix, docs := benchIndex(b, 3000)
		for i := 0; b.Loop(); i++ {
			apply(b, ix, schema.Public, docs[i%3000:i%3000+1], nil, int64(3000+i))
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	sch := loadSchema(b)
	for b.Loop() {
		ix, err := Open(Options{}, sch)
		if err != nil {
			b.Fatal(err)
		}
		_ = ix.Close()
	}
}

func BenchmarkHighlight(b *testing.B) {
	ix, docs := benchIndex(b, 200)
	result, err := ix.Search(context.Background(), policies.Audience{}, Query{Text: "cholera wa"})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		Highlight(docs[i%200].Texts, result.Words, 3)
	}
}
