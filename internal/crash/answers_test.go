package crash

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// reader is somebody who reads one tier.
type reader struct {
	tier string
	*client
}

// patiently asks until the answer is not that the server is not ready yet: the index may be building.
func (r reader) patiently(path string) answer {
	deadline := time.Now().Add(patience)
	for {
		a := r.get(path)
		if a.status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			return a
		}
		time.Sleep(50 * time.Millisecond)
	}
}

type hit struct {
	ID      string
	Edition int64
}

// readers gives somebody for each tier whose feed is followed.
func (w *world) readers() []reader {
	via := &http.Client{Timeout: patience}
	return []reader{{"public", w.client("", via)}, {"members", w.client(rosa, via)}}
}

// checkAnswers asks everything. words bounds how many records are looked for one by one.
func (c *checker) checkAnswers(readers []reader, records []*record, words int) {
	for _, r := range readers {
		c.checkFollowed(r)
		c.checkEverything(r)
		c.checkFeed(r)
		// The newest records are those to which something just happened.
		for _, of := range slices.Backward(records[max(0, len(records)-words):]) {
			if of.id != "" {
				c.checkWord(r, of)
				c.checkOne(r, of)
			}
		}
	}
}

// checkFollowed waits until what is found rests on the whole feed.
func (c *checker) checkFollowed(r reader) {
	var head int64
	c.each("SELECT seq FROM ledger_head WHERE chain = $1", func(scan func(...any)) { scan(&head) }, r.tier)
	deadline := time.Now().Add(patience)
	for {
		a := r.patiently("/api/v1/search?limit=1")
		var page struct {
			FeedPosition int64 `json:"feed_position"`
		}
		if a.good() && json.Unmarshal(a.body, &page) == nil && page.FeedPosition >= head {
			return
		}
		if time.Now().After(deadline) {
			c.find("index.behind", r.tier, "the feed is at %d: %s", head, a)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// shown gives the view that readers of a tier have of a record, when it is no tombstone.
func (c *checker) shown() map[viewKey]viewRow {
	current := map[viewKey]viewRow{}
	for k, v := range c.views {
		if v.current && v.tombstone == "" {
			current[k] = v
		}
	}
	return current
}

// checkEverything asks for everything, page by page: it must be exactly the current views.
func (c *checker) checkEverything(r reader) {
	found := map[viewKey]bool{}
	total, cursor := int64(-1), ""
	for {
		a := r.patiently("/api/v1/search?limit=200&cursor=" + url.QueryEscape(cursor))
		var page struct {
			Total int64
			Hits  []hit
			Next  *string
		}
		if !a.good() || json.Unmarshal(a.body, &page) != nil {
			c.find("index.answer", r.tier, "searching everything: %s", a)
			return
		}
		total = page.Total
		for _, h := range page.Hits {
			k := viewKey{r.tier, h.ID, h.Edition}
			if found[k] {
				c.find("index.twice", k.String(), "it is found twice")
			}
			found[k] = true
		}
		if page.Next == nil || *page.Next == "" {
			break
		}
		cursor = *page.Next
	}
	stored := int64(0)
	for k := range c.shown() {
		if k.tier != r.tier {
			continue
		}
		stored++
		if !found[k] {
			c.find("index.missing", k.String(), "it is not found")
		}
		delete(found, k)
	}
	for k := range found {
		c.find("index.extra", k.String(), "it is found and not stored")
	}
	if total != stored {
		c.find("index.total", r.tier, "%d are counted, %d are stored", total, stored)
	}
}

// checkWord looks for a record by its word.
func (c *checker) checkWord(r reader, of *record) {
	a := r.patiently("/api/v1/search?q=" + of.word)
	var page struct {
		Total int64
		Hits  []hit
	}
	if !a.good() || json.Unmarshal(a.body, &page) != nil {
		c.find("index.answer", r.tier, "searching %s: %s", of.word, a)
		return
	}
	var want []hit
	for k, v := range c.shown() {
		if k.tier == r.tier && k.record == of.id && strings.Contains(string(v.bytes), of.word) {
			want = append(want, hit{k.record, k.edition})
		}
	}
	if !slices.Equal(want, page.Hits) || page.Total != int64(len(want)) {
		c.find("index.word", "word "+of.word, "%s finds %v of %d, stored is %v", r.tier, page.Hits, page.Total, want)
	}
}

// checkOne reads a record: the answer is the stored view.
func (c *checker) checkOne(r reader, of *record) {
	a := r.patiently("/api/v1/incidents/" + of.id)
	var got struct {
		Edition   int64
		Hash      string
		Tombstone json.RawMessage
	}
	if a.good() {
		if err := json.Unmarshal(a.body, &got); err != nil {
			c.find("view.answer", "record "+of.id, "%v", err)
		}
	}
	var stored []string
	for k, v := range c.shown() {
		if k.tier == r.tier && k.record == of.id {
			stored = append(stored, v.hash)
		}
	}
	told := []string{}
	if a.good() && got.Tombstone == nil {
		told = append(told, got.Hash)
	}
	if !slices.Equal(stored, told) && len(stored)+len(told) > 0 {
		c.find("view.answer", "record "+of.id, "%s is told %d %v, stored is %v", r.tier, a.status, told, stored)
	}
}

// checkFeed reads the feed to its end: it is as long as what is stored, and without a gap.
func (c *checker) checkFeed(r reader) {
	var stored, told int64
	c.each(fmt.Sprintf("SELECT count(*) FROM feed WHERE tier = %d", slices.Index(tiers(), r.tier)), func(scan func(...any)) { scan(&stored) })
	cursor := ""
	for {
		a := r.patiently("/api/v1/feed?limit=200&tier=" + r.tier + "&cursor=" + url.QueryEscape(cursor))
		var page struct {
			Entries []struct{ No int64 }
			Next    *string
		}
		if !a.good() || json.Unmarshal(a.body, &page) != nil {
			c.find("feed.answer", r.tier, "%s", a)
			return
		}
		for _, e := range page.Entries {
			if told++; e.No != told {
				c.find("feed.answer", r.tier, "entry %d stands where %d belongs", e.No, told)
				return
			}
		}
		if len(page.Entries) == 0 || page.Next == nil || *page.Next == cursor {
			break
		}
		cursor = *page.Next
	}
	if told != stored {
		c.find("feed.answer", r.tier, "%d entries are told, %d are stored", told, stored)
	}
}

// checkProduct asks the product about itself: its own verification of the ledger, and its own comparison of index and
// columns with the stored views.
func (c *checker) checkProduct(s *site) {
	a := operator(s.dir, "").get("/api/v1/ledger/verify")
	var got struct{ Findings []json.RawMessage }
	if !a.good() || json.Unmarshal(a.body, &got) != nil || len(got.Findings) > 0 {
		c.find("product.verify", "ledger", "%s", a)
	}
	if !comparesIndex() {
		return
	}
	if words, err := bid(append([]string{"reindex", "--check"}, s.args()...)...); err != nil {
		c.find("product.index", "index", "%v %s", err, words)
	}
}

// comparesIndex tells whether the program can compare its index with the stored views; the summary says so.
var comparesIndex = sync.OnceValue(func() bool { //nolint:gochecknoglobals // asked once per process
	words, err := bid("reindex", "--help")
	return err == nil && strings.Contains(words, "--check")
})
