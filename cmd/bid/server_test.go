package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// stopping is how long a server without requests may take to stop, on a busy machine.
const stopping = 3 * time.Second

// server is `bid serve` in a goroutine.
type server struct {
	t       *testing.T
	address string
	cancel  context.CancelFunc
	words   *announced
	ended   chan said
	once    sync.Once
}

// announced is what a server says; the address is sent on when it is said.
type announced struct {
	mu      sync.Mutex
	text    bytes.Buffer
	address chan string
}

func (a *announced) Write(data []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if found := regexp.MustCompile(`serving on (http://[^,\s]+)`).FindSubmatch(data); found != nil {
		a.address <- string(found[1])
	}
	return a.text.Write(data)
}

func (a *announced) said() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.String()
}

// serve starts a server on the folder and waits until it listens.
func (b bid) serve(args ...string) *server {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{t: b.T, cancel: cancel, ended: make(chan said, 1)}
	words := &announced{address: make(chan string, 1)}
	s.words = words
	args = append(append([]string{"serve", "--listen", "127.0.0.1:0"}, b.always...), args...)
	go func() {
		var out bytes.Buffer
		code := run(ctx, args, &out, words)
		words.mu.Lock()
		defer words.mu.Unlock()
		s.ended <- said{code, out.String(), words.text.String()}
	}()
	select {
	case s.address = <-words.address:
	case got := <-s.ended:
		b.Fatalf("the server did not start: %d %s", got.code, got.err)
	}
	b.Cleanup(s.stop)
	return s
}

// stop interrupts the server; it must end well and soon.
func (s *server) stop() {
	s.t.Helper()
	s.once.Do(func() {
		began := time.Now()
		s.cancel()
		got := <-s.ended
		took := time.Since(began)
		s.t.Logf("the server stopped in %v", took)
		if got.code != 0 || took > stopping {
			s.t.Errorf("exit code %d after %v: %s", got.code, took, got.err)
		}
	})
}

func TestServer(t *testing.T) {
	dir := t.TempDir()
	b := command(t, "--data", dir)
	b.refused(1, "No server runs on", "ready")
	s := b.serve("--requests-per-minute", "0")
	b.want(b.do("ready"), "ready")
	b.want(s.words.said(), "Create the first administrator: "+s.address+"/first/bid_")
	b.refused(2, "Another process uses the data folder", "bench", "generate")
	socket := filepath.Join(dir, "bid.sock")
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket %v, %v", info, err)
	}
	b.refused(2, "Another process uses the data folder", "serve", "--listen", "127.0.0.1:0")
	b.refused(2, "Another process uses the data folder", "migrate")
	b.found()
	token := lastLine(b.do("token", "create", "--as", "felix@north"))
	far := command(t, "--server", s.address)
	far.overTheNetwork(token)
	far.loads(s.address)
	b.want(b.do("bench", "search", "--seconds", "1", "--concurrency", "2"), "words", "browse")
	s.stop()
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
	b.want(b.do("org", "list"), "north") // the lock is free: the command serves itself
	overSocket := 0
	for line := range strings.Lines(b.do("ledger", "export")) {
		switch {
		case strings.Contains(line, `"via":"socket"`):
			overSocket++
		case strings.Contains(line, `"via":"local"`) && !strings.Contains(line, `"first.invite"`): // which the server does itself
			t.Errorf("a command did not go over the socket: %s", line)
		}
	}
	if overSocket == 0 {
		t.Error("no command went over the socket")
	}
}

// TestBenchGenerate publishes records that can be found.
func TestBenchGenerate(t *testing.T) {
	b := command(t, "--data", t.TempDir())
	b.want(b.do("bench", "generate", "--records", "40", "--seed", "5"), "published 40 records")
	b.want(b.do("bench", "generate", "--records", "20", "--from", "41", "--seed", "5"), "published 20 records")
	if n := b.lines(b.do("export")); n != 54 {
		t.Errorf("%d records are public, want 54: every tenth is for members", n)
	}
	b.refused(2, "at least 1", "bench", "generate", "--records", "0")
}

// overTheNetwork uses a token: its person may do what they may do, and no more.
func (b bid) overTheNetwork(token string) {
	b.Helper()
	with := command(b.T, append(b.always, "--token", token)...)
	with.want(with.do("org", "list"), "north\tregional_organization\tactive")
	created, _, _ := with.summary(with.do("import", "--profile", "don_events", fixture(b.T)))
	if created == 0 {
		b.Error("nothing was created")
	}
	if n := with.lines(with.do("export")); n != 0 {
		b.Errorf("%d records", n)
	}
	with.refused(2, "It can be done by", "org", "add", "other")
	with.refused(2, "You cannot do this", "ledger", "verify")
	with.refused(2, "leave --as out", "org", "list", "--as", "felix@north")
	b.refused(2, "This token is not valid. Check it, or make a new one", "org", "list", "--token", "bid_wrong")
	b.refused(2, "--token", "org", "list")
}

func (b bid) loads(address string) {
	b.Helper()
	out := b.do("bench", "search", "--seconds", "1", "--concurrency", "2")
	b.want(out, "requests/s", "words", "concepts", "browse")
	queries := filepath.Join(b.TempDir(), "queries.txt")
	if err := os.WriteFile(queries, []byte("cholera\n\nharbour town\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	out = b.do("bench", "search", "--seconds", "1", "--concurrency", "2", "--query", queries)
	b.want(out, "file")
	b.Logf("%s\n%s", address, out)
	if !regexp.MustCompile(`(?m)^\s*file\s+[1-9]\d*\s+0\s`).MatchString(out) {
		b.Errorf("no requests, or errors:\n%s", out)
	}
	b.refused(2, "Check its name", "bench", "search", "--query", queries+"x")
	b.refused(2, "holds no query", "bench", "search", "--query", os.DevNull)
}

// What is limited is not measured: a load says so.
func TestLoadThatIsLimited(t *testing.T) {
	b := command(t, "--data", t.TempDir())
	s := b.serve("--requests-per-minute", "60")
	command(t, "--server", s.address).refused(1, "--requests-per-minute 0", "bench", "search", "--seconds", "1", "--concurrency", "2")
}
