package crash

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// harm is something that happens to a system.
type harm struct {
	name string
	does func(*world) error
	// outlived says that the same server goes on, and must acknowledge again.
	outlived bool
}

// After this every record is looked for: a byte may be wrong anywhere.
const indexCorrupted = "index corrupted"

// harms gives what can happen to the system of a site.
func harms(s *site) []harm {
	all := []harm{
		{name: "server killed", does: func(w *world) error { return w.server.kill() }},
		{name: "server stopped and continued", does: (*world).stopAndContinue, outlived: true},
		{name: "server stopped and killed", does: (*world).stopAndKill},
		{name: "server asked to end", does: func(w *world) error { return w.server.stop() }},
		{name: "index deleted", does: (*world).deleteIndex},
		{name: indexCorrupted, does: (*world).corruptIndex},
	}
	if s.disk != nil {
		all = append(all,
			harm{name: "power lost", does: (*world).losePower},
			harm{name: "disk full", does: (*world).fillDisk, outlived: true},
			harm{name: "disk read-only", does: (*world).loseDisk})
	} else {
		all = append(all, harm{name: "files limited", does: (*world).limit})
	}
	if s.cluster != nil {
		all = append(all,
			harm{name: "PostgreSQL restarted", does: (*world).restartCluster, outlived: true},
			harm{name: "PostgreSQL killed", does: (*world).killCluster, outlived: true},
			harm{name: "connections cut", does: (*world).cutConnections, outlived: true})
	}
	return all
}

func (w *world) stopAndContinue() error {
	err := w.server.signal(syscall.SIGSTOP)
	w.between(50*time.Millisecond, 600*time.Millisecond)
	return errors.Join(err, w.server.signal(syscall.SIGCONT))
}

func (w *world) stopAndKill() error {
	err := w.server.signal(syscall.SIGSTOP)
	w.between(20*time.Millisecond, 200*time.Millisecond)
	return errors.Join(err, w.server.kill())
}

func (w *world) index() string { return filepath.Join(w.site.dir, "index") }

func (w *world) deleteIndex() error {
	return errors.Join(w.server.kill(), os.RemoveAll(w.index()))
}

// corruptIndex changes bytes in some files of the index.
func (w *world) corruptIndex() error {
	if err := w.server.kill(); err != nil {
		return err
	}
	var files []string
	err := filepath.WalkDir(w.index(), func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, name)
		}
		return err
	})
	slices.Sort(files)
	w.rng.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	for _, name := range files[:min(len(files), 1+w.rng.IntN(3))] {
		err = errors.Join(err, w.flip(name))
	}
	return err
}

// flip changes some bytes of a file.
func (w *world) flip(name string) error {
	data, err := os.ReadFile(name)
	if err != nil || len(data) == 0 {
		return err
	}
	for range 1 + w.rng.IntN(8) {
		data[w.rng.IntN(len(data))] ^= byte(1 + w.rng.IntN(255))
	}
	return os.WriteFile(name, data, 0o600)
}

// losePower takes the power from the disk, and then from the processes that are on it.
func (w *world) losePower() error {
	err := w.site.disk.powerOff()
	w.between(time.Millisecond, 100*time.Millisecond)
	return errors.Join(err, w.offDisk(), w.site.disk.again())
}

// offDisk kills what uses the disk.
func (w *world) offDisk() error {
	err := w.server.kill()
	if w.site.cluster != nil {
		err = errors.Join(err, w.site.cluster.Kill())
	}
	return err
}

func (w *world) fillDisk() error {
	free, err := w.site.disk.fill()
	if err != nil {
		return err
	}
	w.between(200*time.Millisecond, 1500*time.Millisecond)
	if err := free(); err != nil {
		return err
	}
	// PostgreSQL ends where it cannot write its log. Whoever frees the disk starts it again.
	if c := w.site.cluster; c != nil && !c.Answers() {
		return errors.Join(c.Kill(), c.Start())
	}
	return nil
}

func (w *world) loseDisk() error {
	err := w.site.disk.readOnly()
	w.between(100*time.Millisecond, 800*time.Millisecond)
	return errors.Join(err, w.offDisk(), w.site.disk.again())
}

// limit lets files grow a little further and no more.
func (w *world) limit() error {
	err := limitFiles(w.server.cmd.Process.Pid, uint64(64<<10+w.rng.IntN(1<<20)))
	w.between(200*time.Millisecond, 800*time.Millisecond)
	return errors.Join(err, w.server.kill())
}

func (w *world) restartCluster() error {
	err := w.site.cluster.Stop("immediate")
	w.between(10*time.Millisecond, 500*time.Millisecond)
	return errors.Join(err, w.site.cluster.Start())
}

func (w *world) killCluster() error {
	err := w.site.cluster.Kill()
	w.between(10*time.Millisecond, 500*time.Millisecond)
	return errors.Join(err, w.site.cluster.Start())
}

// cutConnections ends every session of the server, a few times.
func (w *world) cutConnections() error {
	db, err := sql.Open("pgx", w.site.cluster.URL())
	if err != nil {
		return err
	}
	defer db.Close()
	for range 1 + w.rng.IntN(4) {
		_, failed := db.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
		err = errors.Join(err, failed)
		w.between(10*time.Millisecond, 200*time.Millisecond)
	}
	return err
}
