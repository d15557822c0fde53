package testkit

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"bioincident/internal/store"
	"bioincident/schema"
)

// installCommand is what a person types where the server's binaries are missing.
const installCommand = "apt-get install -y postgresql"

// idleSeconds is how long the shared server stays after the last test process has ended.
const idleSeconds = 120

// sharedServer finds or starts the server, once per process.
var sharedServer = sync.OnceValues(func() (*server, error) {
	location := os.Getenv("TEST_POSTGRES_URL")
	dir := ""
	if location == "" {
		var err error
		if dir, err = serverDir(); err != nil {
			return nil, err
		}
	}
	lock := flock.New(filepath.Join(os.TempDir(), "bid-test-pg-"+serverName()+".lock"))
	if err := lock.Lock(); err != nil {
		return nil, err
	}
	defer func() { _ = lock.Unlock() }()
	if location == "" {
		var err error
		if location, err = running(dir); err != nil {
			return nil, err
		}
	}
	admin, err := sql.Open("pgx", location)
	if err != nil {
		return nil, err
	}
	s := &server{url: location, admin: admin}
	return s, s.makeTemplate()
})

func serverName() string {
	_, here, _, _ := runtime.Caller(0)
	sum := sha256.Sum256([]byte(here))
	return strconv.Itoa(os.Getuid()) + "-" + hex.EncodeToString(sum[:4])
}

func serverDir() (string, error) {
	dir := filepath.Join(os.TempDir(), "bid-test-pg-"+serverName())
	if os.Getuid() == 0 && !strings.HasPrefix(dir, "/tmp/") {
		// An ordinary user runs the server: it must get through every folder above.
		dir = filepath.Join("/tmp", filepath.Base(dir))
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// makeTemplate makes the migrated database that others are copied from, unless these migrations already have one.
func (s *server) makeTemplate() error {
	sum, err := migrationsHash()
	if err != nil {
		return err
	}
	s.template = "bid_template_" + sum
	var there bool
	err = s.admin.QueryRow("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", s.template).Scan(&there)
	if err != nil || there {
		return err
	}
	making := s.template + "_making"
	if err := s.exec("DROP DATABASE IF EXISTS " + making); err != nil {
		return err
	}
	if err := s.exec("CREATE DATABASE " + making + " TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"); err != nil {
		return err
	}
	o := options()
	o.URL = s.database(making)
	if err := migrate(o); err != nil {
		return err
	}
	return s.exec("ALTER DATABASE " + making + " RENAME TO " + s.template)
}

func migrationsHash() (string, error) {
	h := sha256.New()
	files := schema.Migrations(store.Postgres)
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		h.Write(data)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)[:6]), err
}

// running gives the URL of the shared server and starts one when none answers. The caller holds the lock. Each server
// has a folder of its own, named in the file current, so that a watcher that cleans up never touches the next one.
func running(dir string) (string, error) {
	lease := filepath.Join(dir, "lease-"+strconv.Itoa(os.Getpid()))
	if err := os.WriteFile(lease, nil, 0o644); err != nil {
		return "", err
	}
	current := filepath.Join(dir, "current")
	if home, err := os.ReadFile(current); err == nil {
		if location := at(string(home)); answers(location) == nil {
			return location, nil
		}
	}
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	home := filepath.Join(dir, randomName())
	if err := start(dir, home, bin); err != nil {
		return "", err
	}
	deadline := time.Now().Add(60 * time.Second)
	for {
		err := answers(at(home))
		if err == nil {
			return at(home), os.WriteFile(current, []byte(home), 0o644)
		}
		if time.Now().After(deadline) {
			words, _ := os.ReadFile(filepath.Join(home, "log"))
			return "", fmt.Errorf("the test server does not answer: %w\n%s", err, words)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// at gives the URL of the server whose folder is home: its socket, no port.
func at(home string) string {
	return (&url.URL{Scheme: "postgres", User: url.User("bid"), Path: "/postgres",
		RawQuery: url.Values{"host": {filepath.Join(home, "socket")}}.Encode()}).String()
}

func answers(location string) error {
	db, err := sql.Open("pgx", location)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return db.PingContext(ctx)
}

// binaries gives the folder of initdb and postgres, and installs them where that is possible.
func binaries() (string, error) {
	if dir := findBinaries(); dir != "" {
		return dir, nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return "", errors.New("PostgreSQL is not installed and TEST_POSTGRES_URL is not set: run " + installCommand)
	}
	for _, command := range []string{"apt-get update", installCommand} {
		cmd := exec.Command("sh", "-c", "DEBIAN_FRONTEND=noninteractive "+command)
		if words, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", command, err, words)
		}
	}
	if dir := findBinaries(); dir != "" {
		return dir, nil
	}
	return "", errors.New(installCommand + " brought no initdb")
}

func findBinaries() string {
	places, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	for i := len(places) - 1; i >= 0; i-- {
		if _, err := os.Stat(filepath.Join(places[i], "initdb")); err == nil {
			return places[i]
		}
	}
	found, err := exec.LookPath("initdb")
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(found); err == nil {
		found = real
	}
	return filepath.Dir(found)
}

// start makes a new cluster and leaves the server running, with a watcher that stops it and removes its folder when no
// test process with a lease has been alive for a while.
func start(dir, home, bin string) error {
	as, err := ordinaryUser()
	if err != nil {
		return err
	}
	if err := os.Mkdir(home, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"data", "socket"} {
		if err := as.mkdir(filepath.Join(home, name)); err != nil {
			return err
		}
	}
	if err := initdb(as, bin, filepath.Join(home, "data")); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(home, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	postgres := as.command(filepath.Join(bin, "postgres"), "-D", filepath.Join(home, "data"), "-k",
		filepath.Join(home, "socket"), "-c", "listen_addresses=", "-c", "max_connections=200", "-c", "fsync=on",
		"-c", "shared_buffers=64MB", "-c", "log_min_messages=fatal", "-c", "log_min_error_statement=fatal")
	postgres.Stdout, postgres.Stderr = log, log
	postgres.SysProcAttr.Setsid = true
	if err := postgres.Start(); err != nil {
		return err
	}
	pid := postgres.Process.Pid
	if err := postgres.Process.Release(); err != nil {
		return err
	}
	return watch(dir, home, pid)
}

// initdb makes a cluster in a folder that is there and empty.
func initdb(as account, bin, data string) error {
	cmd := as.command(filepath.Join(bin, "initdb"), "-D", data, "-U", "bid", "-E", "UTF8", "--locale=C", "--auth=trust",
		"--no-instructions")
	if words, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, words)
	}
	return nil
}

// watcher reads leases, files named after the processes that hold them.
const watcher = `idle=0
while [ "$idle" -lt "$3" ] && ps -p "$2" >/dev/null 2>&1; do
	sleep 1
	idle=$((idle + 1))
	for lease in "$1"/lease-*; do
		[ -e "$lease" ] || continue
		if ps -p "${lease##*/lease-}" >/dev/null 2>&1; then idle=0; else rm -f "$lease"; fi
	done
done
kill -INT "$2" 2>/dev/null
while ps -p "$2" >/dev/null 2>&1; do sleep 1; done
rm -rf "$4"`

func watch(dir, home string, pid int) error {
	cmd := exec.Command("sh", "-c", watcher, "bid-test-pg-watcher", dir, strconv.Itoa(pid), strconv.Itoa(idleSeconds), home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Dir = "/"
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// account is who runs the server: PostgreSQL refuses to be run by root.
type account struct{ credential *syscall.Credential }

func ordinaryUser() (account, error) {
	if os.Getuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return account{}, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return account{}, err
		}
		return account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return account{}, errors.New("there is neither a user postgres nor a user nobody to run the test server")
}

func (a account) mkdir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if a.credential == nil {
		return nil
	}
	return os.Chown(dir, int(a.credential.Uid), int(a.credential.Gid))
}

func (a account) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
	return cmd
}
