package main

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asCommand makes the test's own program the command: a process of its own can be killed.
const asCommand = "COMMAND_UNDER_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is `bid` as a process of its own.
type process struct {
	*exec.Cmd
	out   bytes.Buffer
	lines *bufio.Scanner // of what it says on the standard error
	said  []string
}

func (b bid) start(args ...string) *process {
	b.Helper()
	p := &process{Cmd: exec.CommandContext(b.Context(), os.Args[0], append(args, b.always...)...)}
	p.Env, p.Stdout = append(os.Environ(), asCommand+"=yes"), &p.out
	from, err := p.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Start(); err != nil {
		b.Fatal(err)
	}
	p.lines = bufio.NewScanner(from)
	b.Cleanup(func() { _ = p.Process.Kill() }) // of one that ended already it is no fault
	return p
}

// says reads on until a line matches; it tells whether one did.
func (p *process) says(pattern string) bool {
	for p.lines.Scan() {
		p.said = append(p.said, p.lines.Text())
		if regexp.MustCompile(pattern).MatchString(p.lines.Text()) {
			return true
		}
	}
	return false
}

// reaches reads on until that many rows of an import are done.
func (p *process) reaches(rows int) bool {
	for p.says(`^import: `) {
		var done int
		if _, err := fmt.Sscanf(p.said[len(p.said)-1], "import: %d of", &done); err == nil && done >= rows {
			return true
		}
	}
	return false
}

// ends waits for the end and gives the exit code and everything it said.
func (p *process) ends() (int, string) {
	for p.lines.Scan() {
		p.said = append(p.said, p.lines.Text())
	}
	_ = p.Wait() // the code says how it ended
	return p.ProcessState.ExitCode(), strings.Join(p.said, "\n")
}

// serving starts a server as a process and waits until it listens.
func (b bid) serving() *process {
	b.Helper()
	p := b.start("serve", "--listen", "127.0.0.1:0", "--requests-per-minute", "0")
	if !p.says("serving on") {
		b.Fatalf("the server did not start: %v", p.said)
	}
	go func() { // what else it says must not stop it
		for p.lines.Scan() { //nolint:revive // only read
		}
	}()
	return p
}

// A server that is killed in the middle of an import loses nothing and doubles nothing: the same import goes on.
func TestImportGoesOnAfterKills(t *testing.T) {
	const rows, seed = 600, 20240611
	random := rand.New(rand.NewPCG(seed, seed))
	dir := t.TempDir()
	alone := command(t, "--data", dir)
	alone.do("org", "add", "north", "--may", "submit")
	alone.do("user", "add", "felix@north", "--role", "contributor")
	file := alone.table("events.csv", rows, 120)
	as := command(t, append(alone.always, "--as", "felix@north")...)
	batch := ""
	for _, done := range []int{0, 150, 350} {
		server := alone.serving()
		importing := as.start("import", "--profile", "don_events", file)
		if !importing.reaches(done) {
			t.Fatalf("no progress to row %d: %v", done, importing.said)
		}
		time.Sleep(time.Duration(random.IntN(40)) * time.Millisecond)
		if err := server.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = server.Wait() // it was killed
		code, said := importing.ends()
		if code != 1 || !strings.Contains(said, "it goes on where it stopped") {
			t.Errorf("killed after row %d: exit code %d: %s", done, code, said)
		}
		if begun := regexp.MustCompile(`going on with batch (\w+) at row`).FindStringSubmatch(said); begun != nil {
			if batch != "" && begun[1] != batch {
				t.Errorf("the import went on with %s, before with %s", begun[1], batch)
			}
			batch = begun[1]
		}
	}
	server := alone.serve("--requests-per-minute", "0")
	text := as.do("import", "--profile", "don_events", file)
	as.want(text, fmt.Sprintf("rows %d = created %d + unchanged 0 + updated 0 + refused 0", rows, rows))
	if batch == "" || lastLine(text) != batch {
		t.Errorf("the batch is %s, it was %q", lastLine(text), batch)
	}
	as.want(as.do("import", "--profile", "don_events", file), fmt.Sprintf("created 0 + unchanged %d", rows))
	alone.want(alone.do("ledger", "verify"), "the log verifies")
	server.stop()
	alone.once(dir, rows)
}

// Whoever interrupts an import is told how it goes on.
func TestInterruptedImportGoesOn(t *testing.T) {
	const rows = 600
	b := contributing(t)
	file := b.table("events.csv", rows, 120)
	importing := b.start("import", "--profile", "don_events", file)
	if !importing.reaches(1) {
		t.Fatalf("no progress: %v", importing.said)
	}
	if err := importing.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	code, said := importing.ends()
	if code != 130 || !strings.Contains(said, "Run the same command again: it goes on where it stopped.") {
		t.Fatalf("exit code %d: %s", code, said)
	}
	next := b.start("import", "--profile", "don_events", file)
	if code, said := next.ends(); code != 0 || !strings.Contains(said, "going on with batch") {
		t.Errorf("exit code %d: %s", code, said)
	}
	b.want(next.out.String(), fmt.Sprintf("rows %d = created %d + unchanged 0 + updated 0 + refused 0", rows, rows))
}
