package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long something may take that has to happen; nothing is measured by it.
const patience = 90 * time.Second

// folder is the variable of the environment that names the folder of the binary.
const folder = "CRASH_PROGRAM"

// TestMain makes a folder for the binary, and removes it.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "bid-crash-")
	if err == nil {
		err = os.Setenv(folder, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// program is the binary, built once for all tests of the package.
var program = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // built once per process
	name := filepath.Join(os.Getenv(folder), "bid")
	build := exec.Command("go", "build", "-o", name, "bioincident/cmd/bid")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if words, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, words)
	}
	return name, nil
})

// server is one process of `bid serve`.
type server struct {
	cmd     *exec.Cmd
	address string // http://127.0.0.1:PORT
	traced  bool   // it runs under strace
	words   *words
	ended   chan struct{}
	err     error // of the process, once it ended
}

// words are what a server says on standard error.
type words struct {
	mu      sync.Mutex
	text    bytes.Buffer
	address chan string
}

var announcement = regexp.MustCompile(`serving on (http://[^,\s]+)`) //nolint:gochecknoglobals // a constant

func (w *words) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if found := announcement.FindSubmatch(data); found != nil {
		w.address <- string(found[1])
	}
	return w.text.Write(data)
}

func (w *words) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := w.text.String()
	return text[max(0, len(text)-4000):]
}

// errors gives the kinds of errors that were logged, each once.
func (w *words) errors() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	kinds := map[string]bool{}
	for line := range strings.Lines(w.text.String()) {
		var said struct{ Level, Msg, Error string }
		if json.Unmarshal([]byte(line), &said) == nil && said.Level == "ERROR" {
			kinds[said.Msg+": "+said.Error] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(kinds)), "\n")
}

// serve starts a server, under the command before when there is one, and waits until it listens.
func serve(before, args []string) (*server, error) {
	name, err := program()
	if err != nil {
		return nil, err
	}
	line := append(append(append([]string{}, before...), name, "serve", "--listen", "127.0.0.1:0", "--requests-per-minute", "0"), args...)
	s := &server{cmd: exec.Command(line[0], line[1:]...), traced: len(before) > 0,
		words: &words{address: make(chan string, 1)}, ended: make(chan struct{})}
	s.cmd.Stderr = s.words
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	select {
	case s.address = <-s.words.address:
		return s, nil
	case <-s.ended:
		return nil, fmt.Errorf("the server did not start: %w\n%s", s.err, s.words.last())
	case <-time.After(patience):
		return nil, errors.Join(fmt.Errorf("the server does not listen\n%s", s.words.last()), s.kill())
	}
}

func (s *server) runs() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// signal sends a signal to the server. A server that ended already gets none.
func (s *server) signal(number syscall.Signal) error {
	if !s.runs() {
		return nil
	}
	err := syscall.Kill(s.process(), number)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// process gives the server: strace, where it was started by that, hands no signal on.
func (s *server) process() int {
	if !s.traced {
		return s.cmd.Process.Pid
	}
	pid := strconv.Itoa(s.cmd.Process.Pid)
	children, _ := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children"))
	child, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		return s.cmd.Process.Pid
	}
	return child
}

// kill kills the server and waits for its end.
func (s *server) kill() error {
	err := s.signal(syscall.SIGKILL)
	<-s.ended
	return err
}

// stop asks the server to end; it must end well.
func (s *server) stop() error {
	if err := s.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		return errors.Join(errors.New("the server does not stop"), s.kill())
	}
	if s.err != nil {
		return fmt.Errorf("the server ended with %w:\n%s", s.err, s.words.last())
	}
	return nil
}

// ready waits until the server says that it is ready.
func (s *server) ready() error {
	c := &client{base: s.address, http: &http.Client{Timeout: patience}}
	defer c.http.CloseIdleConnections()
	deadline := time.Now().Add(patience)
	for {
		got := c.get("/readyz")
		if got.status == http.StatusOK {
			return nil
		}
		if !s.runs() || time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("the server is not ready: %s\n%s", got, s.words.last()), got.err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// operator gives a client over the socket: whoever may connect there is trusted.
func operator(dir, as string) *client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(dir, "bid.sock"))
	}
	return &client{base: "http://bid", as: as, http: &http.Client{Timeout: patience, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// bid runs a command to its end and gives what it printed.
func bid(args ...string) (string, error) {
	name, err := program()
	if err != nil {
		return "", err
	}
	words, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("bid %s: %w\n%s", strings.Join(args, " "), err, words)
	}
	return string(words), nil
}
