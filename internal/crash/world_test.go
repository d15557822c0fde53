package crash

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"bioincident/internal/testkit"
)

// The two databases.
const (
	sqlite   = "sqlite"
	postgres = "postgres"
)

// site is where a system has its data.
type site struct {
	kind    string           // sqlite, postgres
	dir     string           // data folder of the server
	disk    *disk            // on which the database is, nil where none can be mounted
	cluster *testkit.Cluster // of PostgreSQL, else nil
}

// megabytes is the size of the disk of a database.
func megabytes(kind string) int {
	if kind == postgres {
		return 320
	}
	return 128
}

func newSite(t *testing.T, kind string) *site {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bid-crash-site-") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := &site{kind: kind, dir: filepath.Join(dir, "data")}
	database := s.dir
	if mayMount() {
		s.disk = newDisk(t, dir, megabytes(kind))
		database = filepath.Join(s.disk.at, "data")
	}
	switch kind {
	case sqlite:
		s.dir = database
	case postgres:
		s.cluster = testkit.NewCluster(t, filepath.Join(filepath.Dir(database), "cluster"))
	}
	return s
}

func (s *site) args() []string {
	args := []string{"--data", s.dir}
	if s.cluster != nil {
		args = append(args, "--database", s.cluster.URL())
	}
	return args
}

// world is one system and everybody who works with it.
type world struct {
	t       *testing.T
	site    *site
	rng     *rand.Rand
	server  *server
	tokens  map[string]string // PERSON@ORG → secret
	journal *journal
	taken   map[*record]bool
	words   int
	seed    uint64
	fixture [2][]string // header and a row
}

// The people.
const (
	ana   = "ana@north"   // contributor
	felix = "felix@north" // focal point
	fay   = "fay@north"   // focal point
	rita  = "rita@board"  // reviewer
	pia   = "pia@sec"     // publisher
	rosa  = "rosa@univ"   // reader
)

func people() map[string]string {
	return map[string]string{ana: "contributor", felix: "focal_point", fay: "focal_point", rita: "reviewer", pia: "publisher", rosa: "reader"}
}

func organizations() map[string][]string {
	return map[string][]string{"north": {"submit"}, "board": {"review"}, "sec": {"publish"}, "univ": nil}
}

func newWorld(t *testing.T, kind string, seed uint64) *world {
	t.Helper()
	w := &world{t: t, site: newSite(t, kind), rng: rand.New(rand.NewPCG(seed, 0)), tokens: map[string]string{},
		journal: newJournal(), seed: seed}
	w.fixture = w.table()
	t.Cleanup(func() {
		if w.server != nil {
			_ = w.server.kill()
		}
	})
	w.start()
	w.found()
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// start starts the server and waits until it is ready.
func (w *world) start() {
	w.t.Helper()
	var err error
	w.server, err = serve(nil, w.site.args())
	w.ok(err)
	w.ok(w.server.ready())
}

// found sets up organizations and people and gives everybody a token.
func (w *world) found() {
	w.t.Helper()
	need := func(a answer) answer {
		w.t.Helper()
		if !a.good() {
			w.t.Fatal(a)
		}
		return a
	}
	c := operator(w.site.dir, "")
	for slug, rights := range organizations() {
		need(c.post("/api/v1/organizations", map[string]string{"slug": slug, "name": slug, "kind": "research_partner"}))
		for _, right := range rights {
			need(c.post("/api/v1/grants", map[string]string{"organization": slug, "action": right}))
		}
	}
	for name, role := range people() {
		handle := handleOf(name)
		need(c.post("/api/v1/people", map[string]string{"handle": handle, "name": handle}))
		need(c.post("/api/v1/memberships", map[string]string{"person": name, "role": role}))
		var made struct{ Secret string }
		w.ok(json.Unmarshal(need(operator(w.site.dir, name).post("/api/v1/tokens", map[string]string{"name": "test"})).body, &made))
		w.tokens[name] = made.Secret
	}
}

// client gives a client of the server as it is now, for one person.
func (w *world) client(name string, via *http.Client) *client {
	return &client{base: w.server.address, token: w.tokens[name], http: via}
}

// load lets everybody work until the context ends. wait waits until they have stopped.
func (w *world) load(ctx context.Context) (wait func()) {
	w.taken = map[*record]bool{}
	var running sync.WaitGroup
	for range 3 {
		worker := w.worker()
		running.Go(func() { worker.lives(ctx) })
	}
	importer, searcher := w.worker(), w.worker()
	running.Go(func() { importer.imports(ctx) })
	running.Go(func() { searcher.searches(ctx) })
	return running.Wait
}

// worker is somebody who sends one request after the other.
func (w *world) worker() *worker {
	w.words++
	return &worker{world: w, address: w.server.address, rng: rand.New(rand.NewPCG(w.seed, uint64(w.words))),
		http: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
}

// up brings the system up where it is down.
func (w *world) up() {
	w.t.Helper()
	if w.site.cluster != nil && !w.site.cluster.Answers() {
		w.ok(errors.Join(w.site.cluster.Kill(), w.site.cluster.Start()))
	}
	if !w.server.runs() {
		w.start()
		return
	}
	w.ok(w.server.ready())
}

// between waits for a moment between two times.
func (w *world) between(least, most time.Duration) {
	time.Sleep(least + time.Duration(w.rng.Int64N(int64(most-least))))
}
