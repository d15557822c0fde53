package crash

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// state is what an answer said of a record. What it did not say is empty.
type state struct {
	State    string
	Edition  int
	Revision string // RECORD.VERSION
	Version  string // state of the open version
	Content  string // hash
	Marking  string
	Body     any
}

func stateOf(body []byte) (id string, s state, err error) {
	var w struct {
		ID       string
		State    string
		Edition  int
		Revision string
		Version  struct {
			State       string
			ContentHash string `json:"content_hash"`
		}
		Handling struct{ Marking string }
		Body     any
	}
	err = json.Unmarshal(body, &w)
	return w.ID, state{State: w.State, Edition: w.Edition, Revision: w.Revision, Version: w.Version.State,
		Content: w.Version.ContentHash, Marking: w.Handling.Marking, Body: w.Body}, err
}

// record is a record as its writer knows it. One writer at a time has it in hand.
type record struct {
	id    string // "" while nobody was told
	word  string // a word of its own, in its summary
	key   string // with which it was begun
	sent  []byte // what began it
	acked []string
	last  state  // as it was acknowledged, or read, last
	doubt string // what was asked for and not answered; nothing is done to the record any more
	fate  []string
}

func (r *record) note(format string, args ...any) {
	r.fate = append(r.fate, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

func (r *record) String() string {
	return fmt.Sprintf("%s (%s), acknowledged %v, in doubt %q, last %+v\n\t%s", r.id, r.word, r.acked, r.doubt, r.last, strings.Join(r.fate, "\n\t"))
}

// batch is an import as its writer knows it.
type batch struct {
	id    string
	name  string // of its file
	rows  []string
	file  []byte
	state string           // as acknowledged last
	done  map[string]int64 // step → rows that were dealt with, as told on the way
	news  int64            // records it made, as acknowledged
	dead  bool             // nothing is left to do
}

// journal takes down every answer.
type journal struct {
	mu      sync.Mutex
	records []*record
	batches []*batch
	counts  map[string]int // acknowledged, by operation
	doubts  map[string]int // not answered, or answered by a fault of the server
	changes int            // acknowledged changes
	wrong   map[string]int // answers that must not be, with how often there was one of the kind
	example map[string]string
}

func newJournal() *journal {
	return &journal{counts: map[string]int{}, doubts: map[string]int{}, wrong: map[string]int{}, example: map[string]string{}}
}

func (j *journal) count(op string, changes bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.counts[op]++
	if changes {
		j.changes++
	}
}

func (j *journal) doubted(op string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.doubts[op]++
}

// complain takes down an answer that must not be. Of each kind one is kept.
func (j *journal) complain(kind, format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.wrong[kind]++; j.wrong[kind] == 1 {
		j.example[kind] = fmt.Sprintf(format, args...)
	}
}

// complaints gives what was complained of since it was last asked.
func (j *journal) complaints() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(j.wrong)) {
		all = append(all, fmt.Sprintf("%s, %d times, such as: %s", kind, j.wrong[kind], j.example[kind]))
	}
	j.wrong, j.example = map[string]int{}, map[string]string{}
	return all
}

func (j *journal) acknowledged() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.changes
}

// await waits until so many more changes were acknowledged, and tells whether that came to be.
func (j *journal) await(more int) bool {
	until := j.acknowledged() + more
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if j.acknowledged() >= until {
			return true
		}
	}
	return false
}

func (j *journal) add(r *record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records = append(j.records, r)
}

func (j *journal) addBatch(b *batch) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.batches = append(j.batches, b)
}

// take gives somebody the first record that fits and nobody has in hand.
func (j *journal) take(taken map[*record]bool, fits func(*record) bool) *record {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.records {
		if !taken[r] && fits(r) {
			taken[r] = true
			return r
		}
	}
	return nil
}

func summary(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts, ", ")
}
