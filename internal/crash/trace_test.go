package crash

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// call is a system call as a trace has it: where it began, and where it had ended.
type call struct {
	began, ended int // lines
	at           time.Time
	name, args   string
	result       string
}

var traced = regexp.MustCompile(`^(\d+) +([\d.]+) (?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))$`) //nolint:gochecknoglobals // a constant

// calls reads a trace. What another thread interrupted is put together again.
func calls(text string) []call {
	const unfinished, equals = " <unfinished ...>", " = "
	var all []call
	open := map[string]int{} // by process
	n := 0
	for scanner := lineScanner(text); scanner.Scan(); n++ {
		m := traced.FindStringSubmatch(scanner.Text())
		if m == nil {
			continue
		}
		process, name, rest := m[1], m[3], m[4]
		var at int
		if name != "" {
			at = len(all)
			all = append(all, call{began: n, ended: 1 << 60, at: moment(m[2]), name: name})
		} else {
			var ok bool
			if at, ok = open[process]; !ok {
				continue
			}
			delete(open, process)
			rest = m[6]
		}
		if args, ok := strings.CutSuffix(rest, unfinished); ok {
			all[at].args = args
			open[process] = at
			continue
		}
		if i := strings.LastIndex(rest, equals); i >= 0 {
			all[at].args += rest[:i]
			all[at].result, all[at].ended = strings.TrimSpace(rest[i+len(equals):]), n
		}
	}
	return all
}

func lineScanner(text string) *bufio.Scanner {
	scanner := bufio.NewScanner(strings.NewReader(text))
	scanner.Buffer(nil, 1<<20)
	return scanner
}

func moment(stamp string) time.Time {
	seconds, micros, _ := strings.Cut(stamp, ".")
	s, _ := strconv.ParseInt(seconds, 10, 64)
	us, _ := strconv.ParseInt(micros, 10, 64)
	return time.Unix(s, us*1000)
}

func (c call) writes(file string) bool {
	return (c.name == "pwrite64" || c.name == "pwritev" || c.name == "pwritev2" || c.name == "write") && strings.Contains(c.args, file)
}

func (c call) syncs(file string) bool {
	return (c.name == "fsync" || c.name == "fdatasync") && c.result == "0" && strings.Contains(c.args, file)
}

func (c call) sends(text *regexp.Regexp) bool {
	return (c.name == "write" || c.name == "sendto" || c.name == "writev") && text.MatchString(c.args)
}

// safe tells whether, after one line and before another, a file was written to and then synced.
func safe(all []call, file string, after, before int) bool {
	wrote := before
	for _, c := range all {
		switch {
		case c.began <= after || c.ended >= before:
		case c.writes(file):
			wrote = min(wrote, c.ended)
		case c.syncs(file) && wrote < c.began:
			return true
		}
	}
	return false
}

// The things a server of HTTP is seen to do. Between two requests it waits for one byte: that one may be read by itself.
var (
	asks         = regexp.MustCompile(`"G?ET /`)                                                               //nolint:gochecknoglobals // a constant
	arrives      = regexp.MustCompile(`"P?(OST|UT) /api`)                                                      //nolint:gochecknoglobals // a constant
	acknowledges = regexp.MustCompile(`"HTTP/1\.1 2\d\d |\{\\"progress\\":\{\\"done\\":[1-9]|\{\\"result\\":`) //nolint:gochecknoglobals // a constant
	streams      = regexp.MustCompile(`"HTTP/1\.1 200 .*application/x-ndjson`)                                 //nolint:gochecknoglobals // a constant
	further      = regexp.MustCompile(`\{\\"progress\\":\{\\"done\\":[1-9]|\{\\"result\\":`)                   //nolint:gochecknoglobals // a constant
	commits      = regexp.MustCompile(`COMMIT\\0`)                                                             //nolint:gochecknoglobals // a constant
)

// unsynced looks through the trace of a server on SQLite: each acknowledgement of a change comes after a write to the
// log of the database and a sync of it, both after the request came, or after the acknowledgement before in a stream.
func unsynced(all []call) (acknowledged int, faults []string) {
	since := -1 // line of the request, or of what was acknowledged last of its stream
	for _, c := range all {
		switch {
		case c.name == "read" && arrives.MatchString(c.args):
			since = c.ended
		case c.name == "read" && asks.MatchString(c.args):
			since = -1 // what follows acknowledges nothing
		case since >= 0 && c.sends(acknowledges):
			stream := streams.MatchString(c.args)
			if stream && !further.MatchString(c.args) {
				continue // it says only that it begins
			}
			acknowledged++
			if !safe(all, "bid.db-wal", since, c.began) {
				faults = append(faults, fmt.Sprintf("line %d: %s", c.began+1, c.args[:min(len(c.args), 200)]))
			}
			if since = -1; stream || !strings.Contains(c.args, "HTTP/1.1") {
				since = c.began
			}
		}
	}
	return acknowledged, faults
}

// window is when a change was asked for and acknowledged.
type window struct {
	what        string
	asked, told time.Time
}

// uncommitted looks through the trace of PostgreSQL: in the time of each change, the last commit that was told came after
// a write to the log and a sync of it.
func uncommitted(all []call, windows []window) (faults []string) {
	for _, w := range windows {
		first, last := -1, -1
		for _, c := range all {
			if c.at.Before(w.asked) {
				first = c.began
			}
			if c.at.After(w.asked) && c.at.Before(w.told) && c.sends(commits) {
				last = c.began
			}
		}
		if last < 0 || !safe(all, "/pg_wal/", first, last) {
			faults = append(faults, w.what)
		}
	}
	return faults
}

// strace gives the command that records calls into a file.
func strace(t *testing.T, file string) []string {
	t.Helper()
	const install = "apt-get install -y strace"
	if _, err := exec.LookPath("strace"); err != nil {
		if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
			t.Fatal("strace is not installed: run " + install)
		}
		if err := run("sh", "-c", "apt-get update && DEBIAN_FRONTEND=noninteractive "+install); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"strace", "-f", "-qq", "-y", "-ttt", "-s", "1024", "-o", file,
		"-e", "trace=fsync,fdatasync,write,writev,pwrite64,pwritev,pwritev2,read,sendto"}
}

// changes writes one thing after the other, each asked for when the one before was acknowledged.
func (w *world) changes() []window {
	w.t.Helper()
	w.taken = map[*record]bool{}
	k := w.worker()
	r := k.conceive()
	steps := append([]step{func() bool { return k.begin(r) }, func() bool { return k.save(r) }}, k.review(r)...)
	steps = append(steps, func() bool {
		return k.do(r, felix, "narrow", map[string]any{"handling": map[string]string{"marking": "members"}})
	})
	var windows []window
	for i, s := range steps {
		began := time.Now()
		if !s() {
			w.t.Fatalf("step %d: %v", i, w.journal.complaints())
		}
		windows = append(windows, window{fmt.Sprintf("step %d, %s", i, r.acked[len(r.acked)-1]), began, time.Now()})
	}
	return windows
}

// traceFile is a file that the user of the database may write, too.
func traceFile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bid-crash-trace-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // PostgreSQL is run by another user
		t.Fatal(err)
	}
	return filepath.Join(dir, "trace")
}

func readTrace(t *testing.T, name string) []call {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return calls(string(text))
}

// TestSyncBeforeAcknowledgement records the calls of a server on SQLite, and of PostgreSQL under a server.
func TestSyncBeforeAcknowledgement(t *testing.T) {
	t.Run(sqlite, func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, sqlite, 3)
		w.ok(w.server.stop())
		file := traceFile(t)
		var err error
		w.server, err = serve(strace(t, file), w.site.args())
		w.ok(err)
		w.ok(w.server.ready())
		n := len(w.changes())
		k := w.worker()
		b := k.file()
		for !b.dead {
			if !k.further(b) {
				t.Fatal(w.journal.complaints())
			}
		}
		w.ok(w.server.stop())
		acknowledged, faults := unsynced(readTrace(t, file))
		t.Logf("%d acknowledgements", acknowledged)
		if acknowledged < n+11 {
			t.Errorf("only %d acknowledgements were seen, of %d changes and a batch", acknowledged, n)
		}
		for _, fault := range faults {
			t.Errorf("acknowledged without a sync: %s", fault)
		}
	})
	t.Run(postgres, func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, postgres, 3)
		file := traceFile(t)
		w.ok(w.site.cluster.Stop("fast"))
		w.ok(w.site.cluster.Start(strace(t, file)...))
		w.ok(w.server.ready())
		windows := w.changes()
		w.ok(w.server.stop())
		w.ok(w.site.cluster.Stop("fast"))
		t.Logf("%d acknowledgements", len(windows))
		for _, fault := range uncommitted(readTrace(t, file), windows) {
			t.Errorf("acknowledged without a sync: %s", fault)
		}
	})
}

// TestTraceNotices reads traces in which something is wrong.
func TestTraceNotices(t *testing.T) {
	const (
		request = `7 1.000001 read(9<socket:[1]>, "POST /api/v1/incidents HTTP/1.1\r\n"..., 4096) = 300`
		wal     = `8 1.000002 pwrite64(5</d/bid.db-wal>, "x"..., 4096, 32) = 4096`
		synced  = `8 1.000003 fdatasync(5</d/bid.db-wal>) = 0`
		answer  = `7 1.000004 write(9<socket:[1]>, "HTTP/1.1 201 Created\r\n"..., 900) = 900`
	)
	lines := func(all ...string) []call { return calls(strings.Join(all, "\n")) }
	question := `7 1.000005 read(9<socket:[1]>, "GET /api/v1/search HTTP/1.1\r\n"..., 4096) = 300`
	if n, faults := unsynced(lines(request, wal, synced, answer, question, answer)); n != 1 || len(faults) != 0 {
		t.Errorf("a good trace: %d, %v", n, faults)
	}
	for name, trace := range map[string][]call{
		"no sync":                     lines(request, wal, answer, synced),
		"a sync before the write":     lines(request, synced, wal, answer),
		"a sync before the request":   lines(wal, synced, request, answer),
		"a sync of another file":      lines(request, wal, `8 1.000003 fdatasync(6</d/index/log>) = 0`, answer),
		"a sync that failed":          lines(request, wal, `8 1.000003 fdatasync(5</d/bid.db-wal>) = -1 EIO (Input/output error)`, answer),
		"a sync that had not ended":   lines(request, wal, `8 1.000003 fdatasync(5</d/bid.db-wal> <unfinished ...>`, answer, `8 1.000005 <... fdatasync resumed>) = 0`),
		"an answer without any write": lines(request, answer),
	} {
		if n, faults := unsynced(trace); n != 1 || len(faults) != 1 {
			t.Errorf("%s: %d, %v", name, n, faults)
		}
	}
	commit := `3 1.000004 sendto(9<socket:[2]>, "C\0\0\0\vCOMMIT\0Z\0\0\0\5I", 17, 0, NULL, 0) = 17`
	pgWrite := `3 1.000002 pwrite64(5</d/pg_wal/000000010000000000000001>, "x"..., 8192, 0) = 8192`
	pgSync := `3 1.000003 fdatasync(5</d/pg_wal/000000010000000000000001>) = 0`
	during := []window{{"step", moment("1.000001"), moment("1.000009")}}
	if faults := uncommitted(lines(pgWrite, pgSync, commit), during); len(faults) != 0 {
		t.Errorf("a good trace: %v", faults)
	}
	for name, trace := range map[string][]call{
		"no sync":   lines(pgWrite, commit, pgSync),
		"no write":  lines(pgSync, commit),
		"no commit": lines(pgWrite, pgSync),
	} {
		if faults := uncommitted(trace, during); len(faults) != 1 {
			t.Errorf("%s: %v", name, faults)
		}
	}
}
