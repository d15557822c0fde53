package crash

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// disk is a small ext4 in a file.
type disk struct {
	image string
	at    string
}

// mayMount tells whether this user may mount a disk.
var mayMount = sync.OnceValue(func() bool { //nolint:gochecknoglobals // asked once per process
	if os.Getuid() != 0 {
		return false
	}
	dir, err := os.MkdirTemp("/tmp", "bid-crash-try-")
	if err != nil {
		return false
	}
	defer os.RemoveAll(dir)
	d := &disk{image: filepath.Join(dir, "image"), at: filepath.Join(dir, "disk")}
	if d.format(8) != nil || d.mount() != nil {
		return false
	}
	return d.unmount() == nil
})

func newDisk(t *testing.T, dir string, megabytes int) *disk {
	t.Helper()
	d := &disk{image: filepath.Join(dir, "image"), at: filepath.Join(dir, "disk")}
	if err := errors.Join(d.format(megabytes), d.mount()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.unmount(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func run(name string, args ...string) error {
	if words, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, words)
	}
	return nil
}

func (d *disk) format(megabytes int) error {
	file, err := os.Create(d.image)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Truncate(int64(megabytes)<<20), file.Close(), os.Mkdir(d.at, 0o755)); err != nil {
		return err
	}
	return run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", d.image)
}

func (d *disk) mount() error {
	if err := run("mount", "-o", "loop", d.image, d.at); err != nil {
		return err
	}
	return os.Chmod(d.at, 0o755) // a new file system belongs to root alone
}

// unmount waits for processes that were killed to let go.
func (d *disk) unmount() error {
	deadline := time.Now().Add(patience)
	for {
		err := run("umount", d.at)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// again mounts the disk as after a start of the machine. What the log of the file system holds is replayed.
func (d *disk) again() error {
	if err := d.unmount(); err != nil {
		return err
	}
	check := exec.Command("e2fsck", "-p", d.image)
	if words, err := check.CombinedOutput(); err != nil && check.ProcessState.ExitCode() != 1 { // 1: errors were corrected
		return fmt.Errorf("e2fsck: %w\n%s", err, words)
	}
	return d.mount()
}

// powerOff loses everything that was not synced: EXT4_IOC_SHUTDOWN without flushing the log.
func (d *disk) powerOff() error {
	const shutdown, withoutFlush = 0x8004587d, 2
	dir, err := os.Open(d.at)
	if err != nil {
		return err
	}
	defer dir.Close()
	how := uint32(withoutFlush)
	if _, _, code := syscall.Syscall(syscall.SYS_IOCTL, dir.Fd(), shutdown, uintptr(unsafe.Pointer(&how))); code != 0 {
		return fmt.Errorf("EXT4_IOC_SHUTDOWN: %w", code)
	}
	return nil
}

// readOnly does what a fatal error of the disk does.
func (d *disk) readOnly() error { return run("mount", "-o", "remount,abort", d.at) }

// fill writes to the last block. free gives it back.
func (d *disk) fill() (free func() error, err error) {
	name := filepath.Join(d.at, "ballast")
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	block := make([]byte, 1<<20)
	for len(block) >= 512 {
		if _, err := file.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
	return func() error { return errors.Join(file.Close(), os.Remove(name)) }, nil
}

// limitFiles lets no file of a process grow over so many bytes. It is what is left to a user who may not mount.
func limitFiles(pid int, bytes uint64) error {
	const fileSize = 1 // RLIMIT_FSIZE
	limit := syscall.Rlimit{Cur: bytes, Max: ^uint64(0)}
	_, _, code := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), fileSize, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if code != 0 {
		return fmt.Errorf("prlimit: %w", code)
	}
	return nil
}
