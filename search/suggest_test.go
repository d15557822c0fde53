package search

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"bioincident/internal/fault"
	"bioincident/policies"
	"bioincident/schema"
)

func suggest(t testing.TB, ix *Index, who policies.Audience, in SuggestIn) []Suggestion {
	t.Helper()
	found, err := ix.Suggest(context.Background(), who, in)
	if err != nil {
		t.Fatalf("%q: %v", in.Text, err)
	}
	return found
}

// shown writes suggestions as kind:code or text, and how many records.
func shown(found []Suggestion) string {
	var b strings.Builder
	for _, s := range found {
		fmt.Fprintf(&b, "%s:%s=%s %d; ", s.Kind, s.Code, s.Text, s.Records)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// TestSuggestInSixLanguages begins names, words and ids of the records in testdata/world.yaml.
func TestSuggestInSixLanguages(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	apply(t, ix, schema.Public, readWorld(t, sch), nil, 1)
	for _, c := range []struct{ text, lang, want string }{
		{"chol", "en", "concept:cholera=Cholera"},
		{"chol", "fr", "concept:cholera=Choléra"},
		{"CHOLÉ", "es", "concept:cholera=Cólera"},
		{"холе", "ru", "concept:cholera=Холера"},
		{"الكولي", "ar", "concept:cholera=الكوليرا"},
		{"كولي", "en", "concept:cholera=Cholera"},
		{"霍", "zh", "concept:cholera=霍乱"},
		{"炭", "zh", "concept:anthrax=炭疽"},
		{"сиб", "ru", "concept:anthrax=Сибирская язва"},
		{"mad c", "en", "concept:bse="},
		{"cchf", "en", "concept:cchf=Crimean-Congo haemorrhagic fever"},
		{"côte d'iv", "fr", "concept:CIV=Côte d’Ivoire"},
		{"هايت", "ar", "concept:HTI=هايتي"},
		{"Zaï", "fr", "concept:ZRCD=Zaïre"},
		{"soign", "fr", "word:=soignants 1"},
		{"epidé", "fr", "word:=épidémique 1"},
		{"выбр", "ru", "word:=выброс 1"},
		{"مدير", "ar", "word:=المديريات 1"},
		{"nurs", "en", "word:=nurses 1"},
		{"kikw", "en", "word:=kikwit 1"},
		{"bid-0001", "en", "record:=BID-0001 1"},
		{"BID-", "en", "record:=BID-0001 1; record:=BID-0002 1; record:=BID-0003 1"},
	} {
		if got := shown(suggest(t, ix, policies.Audience{}, SuggestIn{Text: c.text, Lang: c.lang})); !strings.Contains(got, c.want) {
			t.Errorf("%q in %s: %s, want %s", c.text, c.lang, got, c.want)
		}
	}
	for _, text := range []string{"", " ", "n", "th", "the", "bid", "9", "2014", "zzz", "nurses and", "炭疽杆菌病例", "\x00", "words\x00"} {
		if got := suggest(t, ix, policies.Audience{}, SuggestIn{Text: text, Lang: "en"}); slices.ContainsFunc(got, func(s Suggestion) bool { return s.Kind != SuggestConcept }) {
			t.Errorf("%q: %s", text, shown(got))
		}
	}
}

// TestSuggestedConceptsCountAsFieldsFind follows every suggestion of a concept to the records that its field finds.
func TestSuggestedConceptsCountAsFieldsFind(t *testing.T) {
	sch := loadSchema(t)
	ix := openMemory(t, sch)
	apply(t, ix, schema.Public, readWorld(t, sch), nil, 1)
	fields := map[string]string{"agents": "agent", "diseases": "disease", "areas": "area", "cause": "cause", "incident_type": "type", "domain": "domain"}
	followed := 0
	for _, letter := range "abcdefghijklmnopqrstuvwxyzавгхилч霍鼠炭中美" {
		found := suggest(t, ix, policies.Audience{}, SuggestIn{Text: string(letter), Lang: "en", Limit: MaxSuggestions})
		if len(found) > MaxSuggestions {
			t.Errorf("%c: %d", letter, len(found))
		}
		for _, s := range found {
			name, ok := fields[s.List]
			if !ok {
				continue
			}
			followed++
			if total := find(t, ix, policies.Audience{}, Query{Text: name + ":" + s.Code}).Total; total != s.Records || total == 0 {
				t.Errorf("%s: %d records, %d found", shown([]Suggestion{s}), s.Records, total)
			}
		}
	}
	if followed < 50 {
		t.Errorf("only %d concepts were suggested", followed)
	}
}

func TestHiddenRecordsChangeNoSuggestion(t *testing.T) {
	sch := loadSchema(t)
	world := readWorld(t, sch)
	rare := Text{FieldSummary, "en", "zygomorphic zygotes nurses nursing nursery cholerine vaccine"}
	without, with := openMemory(t, sch), openMemory(t, sch)
	for _, ix := range []*Index{without, with} {
		apply(t, ix, schema.Public, world, nil, 1)
		apply(t, ix, schema.Members, world, nil, 1)
	}
	apply(t, with, schema.Members, hidden(t, sch), nil, 2)
	// Records that were public for a while: removed, narrowed away, hidden until the follower comes.
	var gone []Document
	var nos []int64
	for i := range int64(30) {
		doc := world[i%int64(len(world))]
		doc.No, doc.IDs = 200+i, []string{fmt.Sprintf("BID-%04d", 200+i), "DON-GONE"}
		doc.Texts = append(slices.Clone(doc.Texts), rare)
		gone, nos = append(gone, doc), append(nos, doc.No)
	}
	apply(t, with, schema.Public, gone, nil, 2)
	prefixes := []string{"zy", "zyg", "nu", "nurs", "chol", "vacc", "bid-", "bid-02", "don-", "a", "c", "e", "霍", "co", "in"}
	same := func(when string) {
		t.Helper()
		for _, text := range prefixes {
			for _, limit := range []int{1, 3, 20} {
				in := SuggestIn{Text: text, Lang: "en", Limit: limit}
				if a, b := shown(suggest(t, without, policies.Audience{}, in)), shown(suggest(t, with, policies.Audience{}, in)); a != b {
					t.Errorf("%s, %q, limit %d: %s, without %s", when, text, limit, b, a)
				}
			}
		}
	}
	if got := shown(suggest(t, with, policies.Audience{}, SuggestIn{Text: "zyg"})); got != "word:=zygomorphic 30; word:=zygotes 30" {
		t.Errorf("while they are public: %s", got)
	}
	if got := shown(suggest(t, with, policies.Audience{Members: true}, SuggestIn{Text: "zyg"})); got != "word:=zygomorphic 100" {
		t.Errorf("members are suggested %s", got)
	}
	if err := with.Hide(schema.Public, nos); err != nil {
		t.Fatal(err)
	}
	same("hidden")
	apply(t, with, schema.Public, nil, nos[:10], 3)
	same("some removed")
	apply(t, with, schema.Public, nil, nos[10:], 4)
	same("removed")
	if got := shown(suggest(t, with, policies.Audience{Orgs: []string{"south"}}, SuggestIn{Text: "zyg"})); got != "" {
		t.Errorf("an organization alone opens no wall: %s", got)
	}
}

// TestSuggestedWordsAgainstAnOracle puts in, changes and takes away records at random, and counts words the obvious way.
func TestSuggestedWordsAgainstAnOracle(t *testing.T) {
	sch := loadSchema(t)
	dir := t.TempDir()
	ix, err := Open(Options{Dir: dir}, sch)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ix.Close() }()
	random := rand.New(rand.NewPCG(7, 7))
	syllables := []string{"ka", "ké", "ke", "fi", "fï", "nö", "no", "ба", "бё", "бе", "سا", "سة", "ال", "炭", "疽", "鼠"}
	word := func() string {
		var b strings.Builder
		for range 2 + random.IntN(2) {
			b.WriteString(syllables[random.IntN(len(syllables))])
		}
		return b.String()
	}
	records := map[int64]Document{}
	for round := range 12 {
		var put []Document
		var remove []int64
		for range 1 + random.IntN(20) {
			no := 1 + random.Int64N(40)
			if _, there := records[no]; there && random.IntN(3) == 0 {
				if !slices.Contains(remove, no) && !slices.ContainsFunc(put, func(d Document) bool { return d.No == no }) {
					remove = append(remove, no)
					delete(records, no)
				}
				continue
			}
			if slices.Contains(remove, no) || slices.ContainsFunc(put, func(d Document) bool { return d.No == no }) {
				continue
			}
			doc := Document{No: no, Hash: strconv.FormatInt(random.Int64(), 16)}
			for range 1 + random.IntN(4) {
				doc.Texts = append(doc.Texts, Text{FieldSummary, schema.Languages()[random.IntN(6)], word() + " " + word() + ", " + word()})
			}
			put, records[no] = append(put, doc), doc
		}
		apply(t, ix, schema.Public, put, remove, int64(round))
		if round == 6 { // what is read from the directory is as good
			if err := ix.Close(); err != nil {
				t.Fatal(err)
			}
			if ix, err = Open(Options{Dir: dir}, sch); err != nil {
				t.Fatal(err)
			}
		}
		for _, prefix := range []string{"ka", "ke", "KÉ", "no", "fi", "kafi", "ба", "бе", "سا", "ال", "الا", "炭", "炭疽", "鼠", "疽炭"} {
			limit := 1 + random.IntN(20)
			got := shown(suggest(t, ix, policies.Audience{}, SuggestIn{Text: prefix, Limit: limit}))
			if want := shown(expected(ix, records, prefix, limit)); got != want {
				t.Fatalf("round %d, %q, limit %d:\n%s\nwant\n%s", round, prefix, limit, got, want)
			}
		}
	}
}

// wordsOf gives the words of a text; of one in Chinese all pairs of neighbours.
func wordsOf(ix *Index, text Text) []string {
	var words []string
	for _, token := range ix.analyzers.of(text.Language).words.Analyze([]byte(text.Text)) {
		if scriptOf(string(token.Term)) != han {
			words = append(words, string(token.Term))
		}
	}
	if text.Language != "zh" {
		return words
	}
	for _, piece := range strings.FieldsFunc(text.Text, func(r rune) bool { return !isHan(r) }) {
		runes := []rune(piece)
		for i := range runes[1:] {
			words = append(words, string(runes[i:i+2]))
		}
	}
	return words
}

// expected counts words by reading every record.
func expected(ix *Index, records map[int64]Document, prefix string, limit int) []Suggestion {
	keys, forms := map[string]int64{}, map[string]map[string]int64{}
	for _, doc := range records {
		seen := map[string]bool{}
		for _, text := range doc.Texts {
			for _, form := range wordsOf(ix, text) {
				key := wordKey(form)
				if !strings.HasPrefix(key, schema.Fold(prefix)) || utf8.RuneCountInString(key) < 2 {
					continue
				}
				if forms[key] == nil {
					forms[key] = map[string]int64{}
				}
				if !seen[key] {
					keys[key]++
				}
				if form != key && !seen[key+" "+form] {
					forms[key][form]++
				}
				seen[key], seen[key+" "+form] = true, true
			}
		}
	}
	var found []Suggestion
	for key, n := range keys {
		found = append(found, Suggestion{Kind: SuggestWord, Text: key, Records: n})
	}
	slices.SortFunc(found, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), strings.Compare(a.Text, b.Text))
	})
	found = found[:min(limit, len(found))]
	for i, s := range found {
		best, most, plainly := s.Text, int64(0), s.Records
		var written []string
		for form := range forms[s.Text] {
			written = append(written, form)
		}
		slices.Sort(written)
		for _, form := range written {
			plainly -= forms[s.Text][form]
			if forms[s.Text][form] > most {
				best, most = form, forms[s.Text][form]
			}
		}
		if plainly <= most {
			found[i].Text = best
		}
	}
	return found
}

func TestSuggestErrors(t *testing.T) {
	ix := openMemory(t, loadSchema(t))
	if _, err := ix.Suggest(context.Background(), policies.Audience{}, SuggestIn{Text: "a"}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("before the index is built: %v", err)
	}
	apply(t, ix, schema.Public, nil, nil, 1)
	for code, in := range map[string]SuggestIn{
		"search.limit":    {Text: "a", Limit: MaxSuggestions + 1},
		"search.encoding": {Text: "a\xff"},
		"search.too_long": {Text: strings.Repeat("a", longestQuery+1)},
	} {
		if _, err := ix.Suggest(context.Background(), policies.Audience{}, in); err == nil || fault.Of(err).Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if got := suggest(t, ix, policies.Audience{}, SuggestIn{Text: "cholera"}); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func BenchmarkSuggest(b *testing.B) {
	ix, _ := benchIndex(b, benchSize())
	for _, text := range []string{"a", "c", "ch", "chol", "w1", "w1a", "wa", "bid-0", "с", "中", "ال"} {
		b.Run(text, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := ix.Suggest(context.Background(), policies.Audience{}, SuggestIn{Text: text, Lang: "en"}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-µs")
		})
	}
}
