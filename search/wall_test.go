package search

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blevesearch/bleve/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bioincident/internal/fault"
	"bioincident/policies"
	"bioincident/schema"
)

// hidden makes documents that only members may see, full of the words that the public's documents have.
func hidden(t testing.TB, sch *schema.Schema) []Document {
	t.Helper()
	visible := readWorld(t, sch)
	docs := make([]Document, 100)
	for i := range docs {
		docs[i] = visible[i%len(visible)]
		docs[i].No = int64(100 + i)
		docs[i].Hash = fmt.Sprintf("%064x", docs[i].No)
		docs[i].Texts = append(slices.Clone(docs[i].Texts), Text{FieldSummary, "en", "nurses cholera anthrax zygomorphic"})
	}
	return docs
}

func TestHiddenDocumentsChangeNothing(t *testing.T) {
	sch := loadSchema(t)
	without, with := openMemory(t, sch), openMemory(t, sch)
	world := readWorld(t, sch)
	for _, ix := range []*Index{without, with} {
		apply(t, ix, schema.Public, world, nil, 1)
		apply(t, ix, schema.Members, world, nil, 1)
	}
	apply(t, with, schema.Members, hidden(t, sch), nil, 2)
	seen := 0
	for _, c := range append(readCases(t), relevanceCase{query: "zygomorphic"}, relevanceCase{query: ""}, relevanceCase{query: "-cholera"}) {
		for _, limit := range []int{3, 100} {
			q := Query{Text: c.query, Limit: limit}
			a, b := find(t, without, policies.Audience{}, q), find(t, with, policies.Audience{}, q)
			if diff := cmp.Diff(outside(a), outside(b)); diff != "" {
				t.Errorf("%q, limit %d: %s", c.query, limit, diff)
			}
			// The test notices: members do see a difference.
			member := policies.Audience{Members: true}
			if outside(find(t, without, member, q)) != outside(find(t, with, member, q)) {
				seen++
			}
		}
	}
	if seen == 0 {
		t.Error("the hidden documents changed nothing for those who may see them")
	}
}

// outside is what a reader observes of an answer.
func outside(r Result) string {
	r.Words = Words{}
	return fmt.Sprintf("%+v", r)
}

func TestOnlyMembersReachTheMembersWall(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	apply(t, ix, schema.Public, nil, nil, 1)
	apply(t, ix, schema.Members, readWorld(t, sch), nil, 1)
	apply(t, ix, schema.Named, readWorld(t, sch), nil, 1)
	for _, who := range []policies.Audience{{}, {Heads: true}, {Orgs: []string{"o"}}, {Records: map[string]int64{"BID-0001": 1 << 60}}} {
		for _, text := range []string{"", "cholera", "-cholera", "id:BID-0001", "NOT unit:report"} {
			if r := find(t, ix, who, Query{Text: text}); r.Total != 0 || len(r.Hits) != 0 {
				t.Errorf("%+v finds %d by %q", who, r.Total, text)
			}
		}
	}
	if r := find(t, ix, policies.Audience{Members: true}, Query{}); r.Total == 0 {
		t.Error("members find nothing")
	}
}

func TestPagesAreTheWhole(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	world := readWorld(t, sch)
	docs := slices.Clone(world)
	for i := range 300 { // many equal scores and equal times
		doc := world[i%len(world)]
		doc.No, doc.Published = int64(1000+i*7), int64(i/10)
		docs = append(docs, doc)
	}
	apply(t, ix, schema.Public, docs, nil, 1)
	queries := []string{"", "cholera", "anthrax OR cholera", "-cholera", "unit:report", "infected", "Africa", "炭疽"}
	rapid.Check(t, func(t *rapid.T) {
		q := Query{Text: rapid.SampledFrom(queries).Draw(t, "query"), Limit: MaxLimit}
		if unit := rapid.SampledFrom([]string{"", "incident", "report"}).Draw(t, "unit"); unit != "" {
			q.Filters = []Filter{{"unit", []string{unit}}}
		}
		whole, err := ix.Search(context.Background(), policies.Audience{}, q)
		if err != nil {
			t.Fatal(err)
		}
		q.Limit = rapid.IntRange(1, 50).Draw(t, "limit")
		pages := []Hit{}
		for {
			page, err := ix.Search(context.Background(), policies.Audience{}, q)
			if err != nil {
				t.Fatal(err)
			}
			if page.Total != whole.Total {
				t.Fatalf("total %d on a page, %d of the whole", page.Total, whole.Total)
			}
			pages = append(pages, page.Hits...)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(whole.Hits, pages); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestCursors(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	apply(t, ix, schema.Public, readWorld(t, sch), nil, 1)
	apply(t, ix, schema.Members, readWorld(t, sch), nil, 1)
	first := find(t, ix, policies.Audience{}, Query{Text: "outbreak", Limit: 2})
	if first.Next == "" {
		t.Fatal("no second page")
	}
	for _, c := range []struct {
		who  policies.Audience
		q    Query
		code string
	}{
		{policies.Audience{}, Query{Text: "cholera", Cursor: first.Next}, "search.cursor_of_another"},
		{policies.Audience{}, Query{Text: "outbreak", Filters: []Filter{{"unit", []string{"report"}}}, Cursor: first.Next}, "search.cursor_of_another"},
		{policies.Audience{Members: true}, Query{Text: "outbreak", Cursor: first.Next}, "search.cursor_of_another"},
		{policies.Audience{}, Query{Text: "outbreak", Cursor: "!"}, "search.cursor"},
		{policies.Audience{}, Query{Text: "outbreak", Cursor: first.Next[:len(first.Next)-2]}, "search.cursor"},
		{policies.Audience{}, Query{Limit: MaxLimit + 1}, "search.limit"},
		{policies.Audience{}, Query{Text: strings.Repeat("a ", 600)}, "search.too_long"},
		{policies.Audience{}, Query{Text: "a\xff"}, "search.encoding"},
		{policies.Audience{}, Query{Text: "agent:nothing_like_it"}, "search.unknown_value"},
	} {
		_, err := ix.Search(context.Background(), c.who, c.q)
		if !fault.Is(err, fault.Invalid) || fault.Of(err).Code != c.code {
			t.Errorf("%+v: %v, want %s", c.q, err, c.code)
		}
	}
}

func TestBrowseIsNewestFirst(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	apply(t, ix, schema.Public, readWorld(t, sch), nil, 1)
	r := find(t, ix, policies.Audience{}, Query{Filters: []Filter{{"unit", []string{"incident"}}}, Limit: 3})
	if got := numbers(r.Hits); !slices.Equal(got, []int64{19, 18, 16}) || r.Total != 16 || r.Order != ByPublished {
		t.Errorf("found %v of %d by %s", got, r.Total, r.Order)
	}
}

func TestNegativesAreTheRestOfWhatIsSeen(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	world := readWorld(t, sch)
	apply(t, ix, schema.Public, world, nil, 1)
	for _, text := range []string{"cholera", "Africa", "unit:report", "the", "zygomorphic", "\"black sea\""} {
		yes := find(t, ix, policies.Audience{}, Query{Text: text}).Total
		for _, negative := range []string{"-", "NOT ", "NOT NOT NOT "} {
			if no := find(t, ix, policies.Audience{}, Query{Text: negative + text}).Total; yes+no != int64(len(world)) {
				t.Errorf("%q finds %d, %q finds %d of %d", text, yes, negative+text, no, len(world))
			}
		}
	}
}

func TestNarrowedRecordsAreHiddenFirst(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	world := readWorld(t, sch)
	apply(t, ix, schema.Public, world, nil, 1)
	w := ix.walls[schema.Public]
	if err := w.hide([]int64{9}); err != nil { // as apply does before it writes
		t.Fatal(err)
	}
	if r := find(t, ix, policies.Audience{}, Query{Text: "nurses"}); r.Total != 0 {
		t.Error("a narrowed record is found by its old words")
	}
	narrowed := world[8]
	narrowed.Texts, narrowed.Narrowed, narrowed.Hash = narrowed.Texts[:6], true, "ff"
	apply(t, ix, schema.Public, []Document{narrowed}, []int64{1}, 2)
	if r := find(t, ix, policies.Audience{}, Query{Text: "nurses"}); r.Total != 0 {
		t.Error("a narrowed record is found by its old words")
	}
	if r := find(t, ix, policies.Audience{}, Query{Text: "Zaire"}); !slices.Equal(numbers(r.Hits), []int64{9, 10}) {
		t.Errorf("after narrowing: %v", numbers(r.Hits))
	}
	if r := find(t, ix, policies.Audience{}, Query{Text: "Sverdlovsk"}); r.Total != 0 || ix.Checkpoint(schema.Public) != 2 {
		t.Error("a removed record is found")
	}
}

// views gives what Check compares with.
func views(docs []Document, except ...int64) func(func(int64, string) bool) {
	return func(yield func(int64, string) bool) {
		for _, doc := range docs {
			if !slices.Contains(except, doc.No) && !yield(doc.No, doc.Hash) {
				return
			}
		}
	}
}

func TestCheck(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	world := readWorld(t, sch)
	apply(t, ix, schema.Public, world, nil, 1)
	apply(t, ix, schema.Public, world[:3], []int64{4}, 2)
	check := func(seq func(func(int64, string) bool)) []Finding {
		findings, err := ix.Check(context.Background(), schema.Public, seq)
		if err != nil {
			t.Fatal(err)
		}
		return findings
	}
	if findings := check(views(world, 4)); len(findings) > 0 {
		t.Errorf("of an index as it should be: %v", findings)
	}
	changed := slices.Clone(world)
	changed[0].Hash = "ab"
	want := []Finding{{1, PartWords, Other}, {1, PartColumns, Other}, {4, PartWords, Missing}, {4, PartColumns, Missing}, {19, PartWords, Extra}, {19, PartColumns, Extra}}
	if diff := cmp.Diff(want, check(views(changed, 19))); diff != "" {
		t.Error(diff)
	}
}

func openDir(t *testing.T, sch *schema.Schema, dir string) *Index {
	t.Helper()
	ix, err := Open(Options{Dir: dir}, sch)
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func TestReopen(t *testing.T) {
	sch, dir := loadSchema(t), t.TempDir()
	world := readWorld(t, sch)
	ix := openDir(t, sch, dir)
	if _, err := ix.Search(context.Background(), policies.Audience{}, Query{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an index that was never filled answers: %v", err)
	}
	apply(t, ix, schema.Public, world[:10], nil, 3)
	apply(t, ix, schema.Public, world[10:], []int64{2}, 7)
	before := outside(find(t, ix, policies.Audience{}, Query{Text: "outbreak of anthrax OR cholera"}))
	log := filepath.Join(ix.walls[schema.Public].store.dir, logName)
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	// A batch whose log was written and whose words were not is cut off.
	file, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	torn := logPart{batch: 3, remove: []int64{1, 3, 5}}.encode()
	if _, err := file.Write(append([]byte{byte(len(torn)), 0, 0, 0, 1, 2, 3, 4}, torn...)); err != nil || file.Close() != nil {
		t.Fatal(err)
	}
	ix = openDir(t, sch, dir)
	if at := ix.Checkpoint(schema.Public); at != 7 || ix.Checkpoint(schema.Members) != noCheckpoint {
		t.Fatalf("reopened at %d", at)
	}
	if diff := cmp.Diff(before, outside(find(t, ix, policies.Audience{}, Query{Text: "outbreak of anthrax OR cholera"}))); diff != "" {
		t.Error(diff)
	}
	apply(t, ix, schema.Public, world[:3], nil, 8)
	if findings, err := ix.Check(context.Background(), schema.Public, views(world)); err != nil || len(findings) > 0 {
		t.Error(findings, err)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatDoesNotFitIsSetAside(t *testing.T) {
	sch := loadSchema(t)
	for name, damage := range map[string]func(dir string) error{
		"version": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, currentName), []byte(`{"version":"0","directory":"000001"}`), 0o600)
		},
		"current":  func(dir string) error { return os.WriteFile(filepath.Join(dir, currentName), []byte("{"), 0o600) },
		"log":      func(dir string) error { return os.Truncate(filepath.Join(dir, "000001", logName), 20) },
		"log gone": func(dir string) error { return os.Remove(filepath.Join(dir, "000001", logName)) },
		"words": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "000001", "words", "store", "root.bolt"), []byte("torn"), 0o600)
		},
		"path": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, currentName), []byte(`{"version":"`+versionOf(sch)+`","directory":"../../x"}`), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ix := openDir(t, sch, dir)
			apply(t, ix, schema.Public, readWorld(t, sch), nil, 1)
			if err := ix.Close(); err != nil {
				t.Fatal(err)
			}
			if err := damage(ix.tierDir(schema.Public)); err != nil {
				t.Fatal(err)
			}
			ix = openDir(t, sch, dir)
			if at := ix.Checkpoint(schema.Public); at != noCheckpoint {
				t.Errorf("opened at %d", at)
			}
			apply(t, ix, schema.Public, readWorld(t, sch), nil, 1)
			if r := find(t, ix, policies.Audience{}, Query{Text: "cholera"}); r.Total != 2 {
				t.Errorf("found %d", r.Total)
			}
			if err := ix.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(ix.tierDir(schema.Public), asideName)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBuildAndSwap(t *testing.T) {
	sch, dir := loadSchema(t), t.TempDir()
	world := readWorld(t, sch)
	ix := openDir(t, sch, dir)
	apply(t, ix, schema.Public, world[:5], nil, 4)
	old := ix.walls[schema.Public].store.dir
	reading, err := ix.walls[schema.Public].snapshot()
	if err != nil {
		t.Fatal(err)
	}
	b, err := ix.Build(schema.Public)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Apply(context.Background(), world, nil, noCheckpoint); err != nil {
		t.Fatal(err)
	}
	if err := b.Swap(); err == nil {
		t.Fatal("an index that was not built to its end was taken")
	}
	if _, err := b.Apply(context.Background(), nil, nil, 4); err != nil {
		t.Fatal(err)
	}
	if err := b.Swap(); err != nil {
		t.Fatal(err)
	}
	if r := find(t, ix, policies.Audience{}, Query{}); r.Total != int64(len(world)) || r.Position != 4 {
		t.Errorf("after the swap: %d at %d", r.Total, r.Position)
	}
	if n, err := reading.reader.DocCount(); err != nil || n != 5 {
		t.Errorf("a search under way reads %d documents: %v", n, err)
	}
	reading.release()
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the old directory is still there: %v", err)
	}
	apply(t, ix, schema.Public, nil, []int64{1}, 5)
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	ix = openDir(t, sch, dir)
	if r := find(t, ix, policies.Audience{}, Query{}); r.Total != int64(len(world))-1 || ix.Checkpoint(schema.Public) != 5 {
		t.Errorf("reopened: %d at %d", r.Total, r.Position)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLogIsRewritten(t *testing.T) {
	dir := t.TempDir()
	log, err := createLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	book, cols := newCodebook(), &columns{}
	for n := range uint64(20) {
		before := book.size()
		c, err := book.number(fmt.Sprintf("kind\x00%d", n%5))
		if err != nil {
			t.Fatal(err)
		}
		part := logPart{batch: n + 1, names: book.after(before), put: []row{{no: int64(n % 7 * 1000), published: int64(n), hash: n, codes: []code{c}}}}
		if n%3 == 0 {
			part.remove = []int64{int64((n + 1) % 7 * 1000)}
		}
		size, err := log.write(part)
		if err != nil {
			t.Fatal(err)
		}
		log.acknowledge(size)
		cols = cols.with(part.put, part.remove)
	}
	if err := log.close(); err != nil {
		t.Fatal(err)
	}
	rows := func(cols *columns) (rows []string) {
		_ = cols.each(func(r row) error {
			rows = append(rows, fmt.Sprint(r))
			return nil
		})
		return rows
	}
	for range 2 { // as it was written, and as it was rewritten
		reopened, read, names, err := openLog(dir, 20)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(rows(cols), rows(read)); diff != "" {
			t.Error(diff)
		}
		if err := reopened.close(); err != nil {
			t.Fatal(err)
		}
		if err := rewriteLog(dir, 20, read, names); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, _, err := openLog(dir, 21); err == nil {
		t.Error("a log that is behind its words was taken")
	}
}

type wordIndex = bleve.Index // it has a method Index, and could not be embedded by that name

// panicking is a word index in the state in which a full disk leaves bleve.
type panicking struct{ wordIndex }

func (panicking) Batch(*bleve.Batch) error { panic("assignment to entry in nil map") }

func TestAPanicOfTheWordIndexIsAnError(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	world := readWorld(t, sch)
	apply(t, ix, schema.Public, world, nil, 1)
	words := ix.walls[schema.Public].store.words
	ix.walls[schema.Public].store.words = panicking{words}
	if _, err := ix.Apply(t.Context(), schema.Public, world[:1], nil, 2); !errors.Is(err, ErrBroken) {
		t.Errorf("error %v", err)
	}
	if got := ix.Checkpoint(schema.Public); got != 1 {
		t.Errorf("the checkpoint moved to %d", got)
	}
	ix.walls[schema.Public].store.words = words
	apply(t, ix, schema.Public, world[:1], nil, 2)
}

// A segment in which a byte changed on the disk is not opened, wherever the byte stands: the index is built anew. One that
// a crash left half written is not missed.
func TestChangedSegmentsAreNotOpened(t *testing.T) {
	sch, dir := loadSchema(t), t.TempDir()
	open := func() (*Index, int64) {
		ix, err := Open(Options{Dir: dir}, sch)
		if err != nil {
			t.Fatal(err)
		}
		return ix, ix.Checkpoint(schema.Public)
	}
	for _, at := range []float64{0, 0.2, 0.5, 0.8, 1} {
		ix, _ := open()
		apply(t, ix, schema.Public, readWorld(t, sch), nil, 1)
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
		segments, err := filepath.Glob(filepath.Join(dir, "index", "public", "0*", "words", "store", "*.zap"))
		if err != nil || len(segments) == 0 {
			t.Fatalf("%v: no segments", err)
		}
		data, err := os.ReadFile(segments[0])
		if err != nil {
			t.Fatal(err)
		}
		half := filepath.Join(filepath.Dir(segments[0]), "0000000fffff.zap")
		if err := os.WriteFile(half, data[:len(data)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		ix, position := open()
		if position != 1 {
			t.Errorf("with a half file: position %d", position)
		}
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
		data[int(at*float64(len(data)-1))] ^= 1
		if err := os.WriteFile(segments[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
		if ix, position = open(); position != noCheckpoint {
			t.Errorf("changed at %v: position %d", at, position)
		}
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
