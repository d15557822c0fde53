package crash

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
)

// entries that the steps of a record leave in the ledger.
func entryOf(op string) string {
	switch op {
	case "save", "":
		return "" // a draft leaves none
	case "new-version":
		return "incident.new_version"
	case "request-changes":
		return "incident.request_changes"
	}
	return "incident." + op
}

// checkJournal compares what was acknowledged with what is there.
func (c *checker) checkJournal(j *journal) {
	holders := c.holders()
	told := map[string]bool{}
	for _, r := range j.records {
		if r.id != "" {
			told[r.id] = true
		}
		c.checkRecord(r, holders[r.word])
	}
	for _, b := range j.batches {
		c.checkBatch(b)
	}
}

var words_ = regexp.MustCompile(ofRecord + "[a-z]{9}") //nolint:gochecknoglobals // a constant

// holders finds the records in which the words of records stand.
func (c *checker) holders() map[string][]string {
	found := map[string][]string{}
	note := func(said []byte, record string) {
		for _, word := range words_.FindAll(said, -1) {
			if !slices.Contains(found[string(word)], record) {
				found[string(word)] = append(found[string(word)], record)
			}
		}
	}
	for record, versions := range c.versions {
		for _, v := range versions {
			note(v.body, record)
			note(c.contents[v.content], record)
		}
	}
	return found
}

// checkRecord looks for what was acknowledged of a record: its state, revision, edition and words, and an entry for each
// step. What is in doubt may have happened, once and whole.
func (c *checker) checkRecord(r *record, holders []string) {
	where := "record " + r.id
	if r.id == "" {
		if len(holders) > 1 {
			c.find("journal.twice", "key "+r.key, "one creation made %v", holders)
		}
		return
	}
	if !slices.Equal(holders, []string{r.id}) {
		c.find("journal.twice", where, "its word stands in %v: %s", holders, r)
	}
	row, ok := c.records[r.id]
	if !ok {
		c.find("journal.lost", where, "it is gone: %s", r)
		return
	}
	c.checkEntries(r)
	versions := c.versions[r.id]
	revision := fmt.Sprintf("%d.0", row.revision)
	version, content := "", ""
	if n := len(versions); n > 0 && versions[n-1].open() {
		v := versions[n-1]
		revision, version, content = fmt.Sprintf("%d.%d", row.revision, v.revision), v.state, v.content
	}
	if r.last.Revision != "" && r.last.Revision != revision {
		if r.doubt == "" || !later(revision, r.last.Revision) {
			c.find("journal.lost", where, "it stands at %s: %s", revision, r)
		}
		return // what was in doubt happened
	}
	if r.last.State != row.state && r.doubt == "" || int64(r.last.Edition) > row.edition {
		c.find("journal.lost", where, "it is %s with %d editions: %s", row.state, row.edition, r)
	}
	if r.last.Revision == "" {
		return
	}
	if r.last.Version != version || r.last.Content != content {
		c.find("journal.lost", where, "its version is %q, %q: %s", version, content, r)
	}
	c.checkWords(r, versions)
}

func later(revision, than string) bool {
	var a, b, c, d int64
	_, errA := fmt.Sscanf(revision, "%d.%d", &a, &b)
	_, errB := fmt.Sscanf(than, "%d.%d", &c, &d)
	return errA == nil && errB == nil && (a > c || a == c && b > d)
}

// checkWords compares what a record says with what was acknowledged to be said.
func (c *checker) checkWords(r *record, versions []versionRow) {
	if r.last.Body == nil || len(versions) == 0 {
		return
	}
	v := versions[len(versions)-1]
	said := v.body
	if !v.open() {
		i := slices.IndexFunc(versions, func(v versionRow) bool { return v.edition == int64(r.last.Edition) })
		if i < 0 {
			return // discarded, before there was an edition
		}
		said = c.contents[versions[i].content]
	}
	var body any
	if err := json.Unmarshal(said, &body); err != nil || !reflect.DeepEqual(body, r.last.Body) {
		c.find("journal.words", "record "+r.id, "it says %s, acknowledged was %v: %s", said, r.last.Body, r)
	}
	if content, ok := c.contents[r.last.Content]; ok && r.last.Content != "" {
		var frozen any
		if err := json.Unmarshal(content, &frozen); err != nil || v.state != "changes_requested" && !reflect.DeepEqual(frozen, r.last.Body) {
			c.find("journal.words", "record "+r.id, "it was submitted as %s: %s", content, r)
		}
	}
}

// checkEntries counts the entries of the steps of a record.
func (c *checker) checkEntries(r *record) {
	steps := map[string]int{}
	for _, op := range r.acked {
		if action := entryOf(op); action != "" {
			steps[action]++
		}
	}
	most := entryOf(r.doubt)
	for action, n := range c.subjects[r.id] {
		extra := n - steps[action]
		if extra > 0 && !(extra == 1 && action == most) {
			c.find("journal.entry", "record "+r.id, "%d entries %s: %s", n, action, r)
		}
	}
	for action, n := range steps {
		if got := c.subjects[r.id][action]; got < n {
			c.find("journal.entry", "record "+r.id, "%d entries %s, %d were acknowledged: %s", got, action, n, r)
		}
	}
}

// ranks are the states of a batch in their order.
func ranks() []string {
	return []string{"", "loading", "loaded", "submitted", "in_review", "sampled", "recommended", "published"}
}

// checkBatch looks for what was acknowledged of an import.
func (c *checker) checkBatch(b *batch) {
	if b.id == "" {
		return
	}
	where := "import " + b.id + " of " + b.name
	there := false
	c.each("SELECT state, rows, new FROM imports WHERE id = $1", func(scan func(...any)) {
		var state string
		var rows, news int64
		scan(&state, &rows, &news)
		there = true
		if slices.Index(ranks(), state) < slices.Index(ranks(), b.state) {
			c.find("journal.batch", where, "it is %s, acknowledged was %s", state, b.state)
		}
		if rows != int64(len(b.rows)) || b.news > 0 && news != b.news {
			c.find("journal.batch", where, "it has %d rows, %d new, acknowledged were %d, %d new", rows, news, len(b.rows), b.news)
		}
	}, b.id)
	if !there {
		c.find("journal.batch", where, "it is gone")
	}
	for _, step := range []string{"submit", "claim", "recommend", "publish"} {
		c.checkStep(b, step)
	}
}

// checkStep counts the rows that a bulk step dealt with.
func (c *checker) checkStep(b *batch, step string) {
	order := []string{"submit", "claim", "recommend", "publish"}
	c.each("SELECT step, step_why FROM import_rows WHERE batch = $1 AND ordinal <= $2 AND outcome IN ('created', 'updated')", func(scan func(...any)) {
		var at, why string
		scan(&at, &why)
		if slices.Index(order, at) < slices.Index(order, step) && why == "" {
			c.find("journal.batch", "import "+b.id, "a row stands at %q, %s was acknowledged", at, step)
		}
	}, b.id, b.done[step])
}
