package app_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/gofrs/flock"

	"bioincident/internal/app"
	"bioincident/internal/fault"
)

func settings(t *testing.T) app.Settings {
	s := app.Defaults()
	s.Data, s.Listen = t.TempDir(), "127.0.0.1:0"
	return s
}

func wantCode(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if f := fault.Of(err); f == nil || f.Kind != kind || f.Code != code {
		t.Errorf("%v, want %s", err, code)
	}
}

// get asks something over a connection.
func get(t *testing.T, over http.RoundTripper, path string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://bid"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := over.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// serve runs a server until the test ends, and gives its address.
func serve(t *testing.T, s app.Settings) (address string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- app.Serve(ctx, s, nil, func(_ *app.System, at net.Addr) { ready <- at.String() })
	}()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	select {
	case address = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	return address, stop
}

func TestSettingsThatCannotWork(t *testing.T) {
	none := app.Settings{}
	_, err := app.Local(t.Context(), none, app.Commands)
	wantCode(t, err, fault.Invalid, "settings.data_missing")
	_, err = app.Migrate(t.Context(), none)
	wantCode(t, err, fault.Invalid, "settings.data_missing")
	wantCode(t, app.Serve(t.Context(), none, nil, nil), fault.Invalid, "settings.data_missing")
	s := settings(t)
	s.Data = filepath.Join(s.Data, "file")
	if err := os.WriteFile(s.Data, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = app.Local(t.Context(), s, app.Commands)
	wantCode(t, err, fault.Invalid, "settings.data_unusable")
}

// Only a connection of this machine's user is trusted: the operator lists organizations without a token.
func TestWhoIsTrusted(t *testing.T) {
	s := settings(t)
	inMemory, err := app.Local(t.Context(), s, app.Commands)
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, inMemory, "/api/v1/organizations"); got != http.StatusOK {
		t.Errorf("in memory: %d", got)
	}
	if err := inMemory.Close(); err != nil {
		t.Fatal(err)
	}
	address, stop := serve(t, s)
	defer stop()
	overSocket, err := app.Local(t.Context(), s, app.Commands)
	if err != nil {
		t.Fatal(err)
	}
	defer overSocket.Close()
	if got := get(t, overSocket, "/api/v1/organizations"); got != http.StatusOK {
		t.Errorf("over the socket: %d", got)
	}
	open, err := http.Get("http://" + address + "/api/v1/organizations")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Body.Close()
	if open.StatusCode != http.StatusUnauthorized {
		t.Errorf("over the network: %d", open.StatusCode)
	}
}

// A process that holds the lock but does not answer is told from a server; a socket left behind by a process that was
// killed does not keep the next server from starting.
func TestLockAndSocket(t *testing.T) {
	s := settings(t)
	held := flock.New(filepath.Join(s.Data, "lock"))
	if err := held.Lock(); err != nil {
		t.Fatal(err)
	}
	silent, err := app.Local(t.Context(), s, app.Commands)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://bid/healthz", nil)
	_, err = silent.RoundTrip(r)
	wantCode(t, err, fault.Unavailable, "settings.locked_and_silent")
	wantCode(t, app.Serve(t.Context(), s, nil, nil), fault.Conflict, "settings.locked")
	if err := errors.Join(silent.Close(), held.Unlock()); err != nil {
		t.Fatal(err)
	}
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(s.Data, "bid.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	_, stop := serve(t, s)
	stop()
}

// A server that cannot start gives back what it took.
func TestServerThatCannotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := settings(t)
	s.Listen = taken.Addr().String()
	wantCode(t, app.Serve(t.Context(), s, nil, nil), fault.Invalid, "settings.listen_failed")
	broken := errors.New("broken")
	prepare := func(context.Context, *app.System) error { return broken }
	if err := app.Serve(t.Context(), s, prepare, nil); !errors.Is(err, broken) {
		t.Error(err)
	}
	if steps, err := app.Migrate(t.Context(), s); err != nil || steps != 0 {
		t.Errorf("%d steps, %v", steps, err)
	}
}

// A command that reads waits for its index while that is built, but not for ever when it fails.
func TestPatience(t *testing.T) {
	behind, broken := errors.New("behind"), errors.New("broken")
	asked := 0
	soon := func() error {
		if asked++; asked < 100 {
			return behind
		}
		return nil
	}
	sometimes := func() error {
		if asked%5 == 0 {
			return nil
		}
		return broken
	}
	if err := app.Patiently(t.Context(), soon, sometimes); err != nil || asked != 100 {
		t.Errorf("asked %d times: %v", asked, err)
	}
	never := func() error { return behind }
	err := app.Patiently(t.Context(), never, func() error { return broken })
	wantCode(t, err, fault.Unavailable, "settings.index_failing")
	if !errors.Is(err, broken) {
		t.Errorf("the cause is lost: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := app.Patiently(ctx, never, func() error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
