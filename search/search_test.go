package search

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blevesearch/bleve/v2/analysis"

	"bioincident/internal/fault"
	"bioincident/policies"
	"bioincident/schema"
)

// FuzzSearch asks whatever comes to mind: it never breaks, and what it finds and what it does not is all there is.
func FuzzSearch(f *testing.F) {
	sch := loadSchema(f)
	ix := openMemory(f, sch)
	world := readWorld(f, sch)
	apply(f, ix, schema.Public, world, nil, 1)
	for _, seed := range []string{"CCHF -cholera", `"black sea" OR (bird flu)`, "a:b", "炭疽中国", "'", "unit:report NOT unit:report", "e.coli", "ة ـ", "ﬁ ½ ① ẞ", "the of", "id:x",
		"began:2010..2014-06 certain:(deaths:>=10)", "area:(法国 OR - OR none) certain:true", "cases:≥１٠", "region:colour", "began:é~..²"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, err := ix.Search(context.Background(), policies.Audience{}, Query{Text: text, Limit: 100})
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if int(found.Total) != len(found.Hits) {
			t.Fatalf("%q: total %d, %d hits", text, found.Total, len(found.Hits))
		}
		if strings.TrimFunc(text, isBlank) == "" || strings.ContainsAny(text, "()（）") || mayFindNeither(text) {
			return
		}
		rest, err := ix.Search(context.Background(), policies.Audience{}, Query{Text: "NOT (" + text + ")"})
		// What lacks a date or a count is neither inside nor outside.
		asksFigures := regexp.MustCompile(`(?i)(began|active|reported|deaths|cases):`).MatchString(text)
		if both := found.Total + rest.Total; err == nil && both != int64(len(world)) && !asksFigures {
			t.Fatalf("%q: %d and %d of %d", text, found.Total, rest.Total, len(world))
		}
	})
}

// mayFindNeither tells of queries about time and number: a record without a date or count answers neither them nor their
// opposite.
func mayFindNeither(text string) bool {
	return slices.ContainsFunc([]string{"began", "active", "reported", "deaths", "cases", "certain"}, func(name string) bool {
		return strings.Contains(strings.ToLower(text), name)
	})
}

func TestSearchesAndBatchesAtOnce(t *testing.T) {
	sch := loadSchema(t)
	ix, err := Open(Options{Dir: t.TempDir()}, sch)
	if err != nil {
		t.Fatal(err)
	}
	world := readWorld(t, sch)
	apply(t, ix, schema.Public, world, nil, 0)
	// Record 9 is moved between two texts; every answer must be of one generation: one of them, never both or none.
	other := world[8]
	other.Texts, other.Codes = slices.Clone(other.Texts), map[string][]string{"unit": {"report"}}
	other.Texts = append(other.Texts[:6:6], Text{FieldSummary, "en", "zebras"})
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for ctx.Err() == nil {
				r, err := ix.Search(ctx, policies.Audience{}, Query{Text: "(nurses unit:incident) OR (zebras unit:report)"})
				if ctx.Err() == nil && (err != nil || r.Total != 1) {
					t.Errorf("found %d: %v", r.Total, err)
				}
			}
		})
	}
	for i := range 16 {
		apply(t, ix, schema.Public, []Document{[]Document{other, world[8]}[i%2]}, nil, int64(i))
	}
	stop()
	running.Wait()
	if err := ix.Close(); err != nil {
		t.Error(err)
	}
	if _, err := ix.Search(context.Background(), policies.Audience{}, Query{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a closed index answers: %v", err)
	}
}

// poison breaks on one word.
type poison struct{ analysis.Analyzer }

func (p poison) Analyze(text []byte) analysis.TokenStream {
	if strings.Contains(string(text), "poison pill") {
		panic("broken")
	}
	return p.Analyzer.Analyze(text)
}

func TestAPoisonedDocumentIsLeftOut(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	english := ix.analyzers.by["en"]
	english.words = poison{english.words}
	ix.analyzers.by["en"] = english
	world := readWorld(t, sch)
	apply(t, ix, schema.Public, world, nil, 1)
	bad := world[8]
	bad.Texts = append(slices.Clone(bad.Texts), Text{FieldSummary, "en", "a poison pill"})
	left, err := ix.Apply(context.Background(), schema.Public, []Document{bad, world[0]}, nil, 2)
	if err != nil || !slices.Equal(left, []int64{9}) {
		t.Fatalf("left %v: %v", left, err)
	}
	if r := find(t, ix, policies.Audience{}, Query{Text: "nurses"}); r.Total != 0 {
		t.Error("an earlier text of a record that is left out is found")
	}
	if findings, err := ix.Check(context.Background(), schema.Public, views(world, 9)); err != nil || len(findings) > 0 {
		t.Error(findings, err)
	}
}

func TestTooManyCodesLeaveARecordOut(t *testing.T) {
	book := newCodebook()
	for i := range maxCodes {
		if _, err := book.number(fmt.Sprint(i)); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := book.number("one more"); err == nil {
		t.Error("a code beyond the last was numbered")
	}
	if id, err := book.number("7"); err != nil || id != 7 {
		t.Error(id, err)
	}
}

func TestSearchTakesOnlySoLong(t *testing.T) {
	sch := loadSchema(t)
	ix, err := Open(Options{Timeout: time.Nanosecond}, sch)
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	apply(t, ix, schema.Public, readWorld(t, sch), nil, 1)
	_, err = ix.Search(context.Background(), policies.Audience{}, Query{Text: "cholera"})
	if !fault.Is(err, fault.Unavailable) || fault.Of(err).Code != "search.timeout" {
		t.Error(err)
	}
}

func TestADirectoryHasOneOwner(t *testing.T) {
	t.Parallel() // it waits for the lock
	sch, dir := loadSchema(t), t.TempDir()
	ix := openDir(t, sch, dir)
	apply(t, ix, schema.Public, nil, nil, 1)
	defer ix.Close()
	_, err := Open(Options{Dir: dir}, sch)
	if !fault.Is(err, fault.Unavailable) || fault.Of(err).Code != "search.locked" {
		t.Errorf("a second owner: %v", err)
	}
}
