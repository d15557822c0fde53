package testkit

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Cluster is a PostgreSQL server of one test's own, which it may stop, kill and start again. It keeps fsync on.
type Cluster struct {
	Data string // folder of the cluster

	home string // socket and log
	bin  string
	as   account
	post *exec.Cmd
}

// NewCluster makes a cluster in the folder data, which is made when it is not there, and starts it. It ends with the
// test. Every folder above data must be open to all: an ordinary user runs the server.
func NewCluster(t testing.TB, data string) *Cluster {
	t.Helper()
	bin, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	as, err := ordinaryUser()
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.MkdirTemp("/tmp", "bid-cluster-") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{Data: data, home: home, bin: bin, as: as}
	t.Cleanup(func() {
		_ = c.Kill()
		_ = os.RemoveAll(home)
	})
	if err := errors.Join(os.Chmod(home, 0o755), as.mkdir(filepath.Join(home, "socket")), as.mkdir(data)); err != nil {
		t.Fatal(err)
	}
	if err := initdb(as, bin, data); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// URL gives the address of the maintenance database.
func (c *Cluster) URL() string { return at(c.home) }

// Database gives the address of a database of the cluster.
func (c *Cluster) Database(name string) string {
	u, err := url.Parse(c.URL())
	if err != nil {
		panic(err) // it was made here
	}
	u.Path = "/" + name
	return u.String()
}

// starting is how long a server may take to recover and to answer.
const starting = 90 * time.Second

// Start starts the server, under the command before (strace and its arguments) when there is one, and waits until it
// answers. A server that was killed holds its memory for a moment: starting is tried again.
func (c *Cluster) Start(before ...string) error {
	deadline := time.Now().Add(starting)
	for {
		if err := c.launch(before); err != nil {
			return err
		}
		err := c.answering(deadline)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (c *Cluster) launch(before []string) error {
	log, err := os.OpenFile(filepath.Join(c.home, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	args := append(before, filepath.Join(c.bin, "postgres"), "-D", c.Data, "-k", filepath.Join(c.home, "socket"),
		"-c", "listen_addresses=", "-c", "fsync=on", "-c", "shared_buffers=32MB", "-c", "min_wal_size=32MB",
		"-c", "max_wal_size=64MB", "-c", "restart_after_crash=on")
	post := c.as.command(args[0], args[1:]...)
	post.Stdout, post.Stderr = log, log
	if err := post.Start(); err != nil {
		return err
	}
	c.post = post
	return nil
}

// answering waits until the server answers, or has ended.
func (c *Cluster) answering(deadline time.Time) error {
	ended := make(chan error, 1)
	post := c.post
	go func() { ended <- post.Wait() }()
	for {
		if answers(c.URL()) == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("the server of the cluster ended:\n%s", c.lastWords())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the server of the cluster does not answer:\n%s", c.lastWords())
		}
	}
}

func (c *Cluster) lastWords() string {
	words, _ := os.ReadFile(filepath.Join(c.home, "log"))
	return string(words[max(0, len(words)-2000):])
}

// Answers tells whether the server takes connections.
func (c *Cluster) Answers() bool { return answers(c.URL()) == nil }

// Stop stops the server as pg_ctl does: smart, fast or immediate.
func (c *Cluster) Stop(mode string) error {
	stop := c.as.command(filepath.Join(c.bin, "pg_ctl"), "stop", "-D", c.Data, "-m", mode, "-w")
	if words, err := stop.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_ctl stop -m %s: %w\n%s", mode, err, words)
	}
	return nil
}

// Kill kills the postmaster and waits until its processes, which notice, are gone. That there is none is no error.
func (c *Cluster) Kill() error {
	pid := c.Pid()
	if pid == 0 {
		return nil
	}
	children := childrenOf(pid)
	for _, each := range append(children, pid) {
		if err := syscall.Kill(each, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	for deadline := time.Now().Add(starting); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if !runs(pid) && !anyRuns(children) {
			return nil
		}
	}
	return errors.New("processes of a killed cluster do not end")
}

// Pid gives the process of the postmaster, 0 when there is none.
func (c *Cluster) Pid() int {
	words, err := os.ReadFile(filepath.Join(c.Data, "postmaster.pid"))
	if err != nil {
		return c.launched()
	}
	first, _, _ := strings.Cut(string(words), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil || !runs(pid) {
		return c.launched()
	}
	return pid
}

// launched gives the process that was started last, when its disk no longer tells.
func (c *Cluster) launched() int {
	if c.post == nil || !runs(c.post.Process.Pid) {
		return 0
	}
	return c.post.Process.Pid
}

func anyRuns(pids []int) bool {
	for _, pid := range pids {
		if runs(pid) {
			return true
		}
	}
	return false
}

// runs tells whether a process is there and has not ended.
func runs(pid int) bool {
	state, _ := stat(pid)
	return state != "" && state != "Z" && state != "X"
}

// stat gives the state of a process, "" when there is none, and its parent.
func stat(pid int) (state string, parent int) {
	words, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", 0
	}
	fields := strings.Fields(string(words[strings.LastIndexByte(string(words), ')')+1:]))
	if len(fields) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(fields[1])
	return fields[0], parent
}

func childrenOf(pid int) []int {
	var children []int
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		each, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if _, parent := stat(each); parent == pid {
			children = append(children, each)
		}
	}
	return children
}
