package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	zap "github.com/blevesearch/zapx/v17"

	"bioincident/internal/fault"
	"bioincident/schema"
)

// mappingVersion is raised whenever documents are made or analysed in another way.
const mappingVersion = "5"

// Options say where the index is.
type Options struct {
	Dir     string        // of the installation; the index is in Dir/index. "" keeps it in memory
	Timeout time.Duration // of one search; 0 is two seconds
	Log     *slog.Logger
}

// Index is the word indexes and columns of the public and of members.
type Index struct {
	options   Options
	version   string
	analyzers *analyzers
	thesaurus *thesaurus
	walls     [3]*wall // by tier
	lock      sync.Mutex
}

// frugal has bleve make a segment as large as its documents need. Without it each segment is given room for a hundred
// documents more, and keeps it: one that is published alone held two megabytes for twenty kilobytes, and a tenth of the
// time of publishing went into clearing them. It is a setting of the whole process, read by whoever writes.
var frugal = sync.OnceFunc(func() { zap.NewSegmentBufferNumResultsBump = 0 }) //nolint:gochecknoglobals // as what it sets is

// Open opens the index, or makes an empty one where there is none or where what is there cannot be used; the follower
// fills it. It fails when another process has the directory.
func Open(o Options, sch *schema.Schema) (*Index, error) {
	frugal()
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	o.Log = logOr(o.Log)
	a, err := newAnalyzers()
	if err != nil {
		return nil, err
	}
	ix := &Index{options: o, version: versionOf(sch), analyzers: a, thesaurus: newThesaurus(sch, a)}
	for _, tier := range ix.tiers() {
		w, err := ix.openWall(tier)
		if err != nil {
			return nil, errors.Join(err, ix.Close())
		}
		ix.walls[tier] = w
	}
	return ix, nil
}

func (ix *Index) tiers() []schema.Tier { return schema.Tiers() }

// versionOf names the mapping and the vocabularies: titles in the index are made of labels.
func versionOf(sch *schema.Schema) string {
	sum := sha256.New()
	for _, list := range sch.Lists() {
		if v, ok := sch.Vocabulary(list); ok {
			fmt.Fprintf(sum, "%s %s\n", list, v.Version())
		}
	}
	return mappingVersion + "-" + hex.EncodeToString(sum.Sum(nil)[:8])
}

// current is the file that says which directory of a tier is in use.
type current struct {
	Version   string `json:"version"`
	Directory string `json:"directory"`
}

const currentName = "current"

func (ix *Index) tierDir(tier schema.Tier) string {
	return filepath.Join(ix.options.Dir, "index", tier.String())
}

func (ix *Index) openWall(tier schema.Tier) (*wall, error) {
	w := &wall{tier: tier, analyzers: ix.analyzers, checkpoint: noCheckpoint, cols: &columns{}}
	if ix.options.Dir == "" {
		var err error
		w.store, err = newStore("", ix.thesaurus.schema)
		return w, err
	}
	dir := ix.tierDir(tier)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	err := ix.openCurrent(w, dir)
	switch {
	case err == nil:
		ix.sweep(dir, filepath.Base(w.store.dir))
		return w, nil
	case isLocked(err):
		return nil, fault.New(fault.Unavailable, "search.locked", "tier", tier.String()).Because(err)
	case !errors.Is(err, fs.ErrNotExist):
		ix.options.Log.Warn("search index cannot be used and is built anew", "tier", tier.String(), "error", err)
	}
	if err := ix.setAside(dir); err != nil {
		return nil, err
	}
	name := freshName(dir)
	if w.store, err = newStore(filepath.Join(dir, name), ix.thesaurus.schema); err != nil {
		return nil, fmt.Errorf("search index: %w", err)
	}
	return w, ix.point(dir, name)
}

func (ix *Index) openCurrent(w *wall, dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, currentName))
	if err != nil {
		return err
	}
	var c current
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	if c.Version != ix.version || c.Directory == "" || c.Directory != filepath.Base(c.Directory) {
		return fmt.Errorf("it was made as %q and is now %q", c.Version, ix.version)
	}
	store, cols, checkpoint, err := openStore(filepath.Join(dir, c.Directory), ix.thesaurus.schema)
	if err != nil {
		return err
	}
	w.store, w.cols, w.checkpoint = store, cols, checkpoint
	return nil
}

// point names the directory in use, at once or not at all.
func (ix *Index) point(dir, name string) error {
	data, err := json.Marshal(current{Version: ix.version, Directory: name})
	if err != nil {
		return err
	}
	next := filepath.Join(dir, currentName+".new")
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(data, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(dir, currentName))
}

// Directories of a tier are numbered; one that could not be used is kept under asideName until the next such.
const asideName = "aside"

// freshName gives the name of a directory that is not there.
func freshName(dir string) string {
	highest := 0
	for _, name := range numbered(dir) {
		if n, err := strconv.Atoi(name); err == nil && n > highest {
			highest = n
		}
	}
	return fmt.Sprintf("%06d", highest+1)
}

func numbered(dir string) []string {
	entries, _ := os.ReadDir(dir) // an unreadable directory fails at the next write
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && strings.Trim(entry.Name(), "0123456789") == "" {
			names = append(names, entry.Name())
		}
	}
	return names
}

// setAside keeps the newest directory that could not be used, for whoever wants to know why, and removes older ones.
func (ix *Index) setAside(dir string) error {
	names := numbered(dir)
	for i, name := range names {
		at := filepath.Join(dir, name)
		if i < len(names)-1 {
			if err := os.RemoveAll(at); err != nil {
				return err
			}
			continue
		}
		aside := filepath.Join(dir, asideName)
		if err := os.RemoveAll(aside); err != nil {
			return err
		}
		if err := os.Rename(at, aside); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes what a rebuild left that did not come to its end.
func (ix *Index) sweep(dir, keep string) {
	for _, name := range numbered(dir) {
		if name != keep {
			ix.discard(filepath.Join(dir, name))
		}
	}
}

func (ix *Index) discard(dir string) {
	if dir == "" {
		return
	}
	if err := os.RemoveAll(dir); err != nil {
		ix.options.Log.Warn("old search index cannot be removed", "directory", dir, "error", err)
	}
}

// Close ends the index. Searches under way come to their end.
func (ix *Index) Close() error {
	var failed []error
	for _, w := range ix.walls {
		if w != nil {
			failed = append(failed, w.close())
		}
	}
	return errors.Join(failed...)
}

// wall gives the wall of a tier. Only the public and members have one.
func (ix *Index) wall(tier schema.Tier) (*wall, error) {
	if int(tier) >= len(ix.walls) {
		return nil, fmt.Errorf("the %s tier has no index", tier)
	}
	return ix.walls[tier], nil
}

// Checkpoint gives the feed position up to which a tier is complete, -1 when the index is to be built from the views.
func (ix *Index) Checkpoint(tier schema.Tier) int64 {
	w, err := ix.wall(tier)
	if err != nil {
		return noCheckpoint
	}
	return w.position()
}

// Apply writes a batch and its checkpoint: documents put, record numbers removed. Removed and narrowed records are
// hidden before the word index is written. It gives the numbers of the documents that cannot be indexed, which are
// removed. After an error the same batch is to be applied again. One writer at a time; others wait.
func (ix *Index) Apply(
	ctx context.Context, tier schema.Tier, upserts []Document, removes []int64, checkpoint int64,
) (left []int64, err error) {
	w, err := ix.wall(tier)
	if err != nil {
		return nil, err
	}
	return w.apply(ctx, upserts, removes, checkpoint)
}

// Builder is a second index of a tier, filled while the first one serves.
type Builder struct {
	index *Index
	tier  schema.Tier
	wall  *wall
}

// Build begins a second index of a tier.
func (ix *Index) Build(tier schema.Tier) (*Builder, error) {
	if _, err := ix.wall(tier); err != nil {
		return nil, err
	}
	ix.lock.Lock()
	defer ix.lock.Unlock()
	dir := ""
	if ix.options.Dir != "" {
		dir = filepath.Join(ix.tierDir(tier), freshName(ix.tierDir(tier)))
	}
	store, err := newStore(dir, ix.thesaurus.schema)
	if err != nil {
		return nil, err
	}
	w := &wall{tier: tier, analyzers: ix.analyzers, checkpoint: noCheckpoint, cols: &columns{}, store: store}
	return &Builder{index: ix, tier: tier, wall: w}, nil
}

// Apply writes a batch, as Index.Apply does.
func (b *Builder) Apply(ctx context.Context, upserts []Document, removes []int64, checkpoint int64) ([]int64, error) {
	return b.wall.apply(ctx, upserts, removes, checkpoint)
}

// Checkpoint gives the feed position up to which the second index is complete.
func (b *Builder) Checkpoint() int64 { return b.wall.position() }

// Swap puts the second index in the place of the first. It must be as far as the first was.
func (b *Builder) Swap() error {
	serving := b.index.walls[b.tier]
	if b.Checkpoint() < serving.position() || b.Checkpoint() == noCheckpoint {
		return fmt.Errorf("the new index is at %d, the old one at %d", b.Checkpoint(), serving.position())
	}
	if dir := b.wall.store.dir; dir != "" {
		if err := b.index.point(b.index.tierDir(b.tier), filepath.Base(dir)); err != nil {
			return err
		}
	}
	serving.retire(b.wall, b.index.discard)
	return nil
}

// Discard gives the second index up.
func (b *Builder) Discard() error {
	err := b.wall.close()
	b.index.discard(b.wall.store.dir)
	return err
}

func timedOut(err error) error { return fault.New(fault.Unavailable, "search.timeout").Because(err) }

// Hide takes records out of every answer until they are applied again: what is to be narrowed or removed and is not at
// hand yet.
func (ix *Index) Hide(tier schema.Tier, nos []int64) error {
	w, err := ix.wall(tier)
	if err != nil {
		return err
	}
	w.writing.Lock()
	defer w.writing.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cols = w.cols.without(nos)
	return nil
}

// Count gives how many records a tier can find.
func (ix *Index) Count(tier schema.Tier) int64 {
	w, err := ix.wall(tier)
	if err != nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cols.count
}
