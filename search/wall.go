package search

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"

	"bioincident/internal/fault"
	"bioincident/schema"
)

// noCheckpoint stands for an index that was not built to its end.
const noCheckpoint = -1

// wall is what one tier may be searched by: a word index and columns, replaced together. Searches take a snapshot; one
// writer at a time applies batches.
type wall struct {
	tier      schema.Tier
	analyzers *analyzers
	writing   sync.Mutex // held by the one writer
	scratches sync.Pool  // arrays of searches that ended

	mu         sync.Mutex // guards what follows
	store      *wordStore
	cols       *columns
	checkpoint int64
	held       index.IndexReader // while a batch is written: what searches read meanwhile
	closed     bool
}

// wordStore is one open word index with the log of its columns and the codes they use. It is closed when it was retired
// and no search reads it any more.
type wordStore struct {
	words    bleve.Index
	scorch   index.Index
	dir      string // "" in memory
	log      *columnLog
	book     *codebook
	branches *branches
	lexicon  *lexicon
	numbers  atomic.Pointer[numbering]
	batch    uint64
	users    int
	retired  func() // once users is 0
}

// snapshot is one generation, as a search reads it.
type snapshot struct {
	wall       *wall
	store      *wordStore
	reader     index.IndexReader
	numbers    *numbering
	cols       *columns
	checkpoint int64
	age        uint64 // of the lexicon, which has no other words than the reader at that age
}

// snapshot takes the present generation. While a batch is written the reader from before it is used: words and columns
// always belong together.
func (w *wall) snapshot() (*snapshot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, fault.New(fault.Unavailable, "search.closed")
	}
	if w.checkpoint == noCheckpoint {
		return nil, fault.New(fault.Unavailable, "search.building")
	}
	reader, age := w.held, uint64(unsettled)
	if reader == nil {
		age = w.store.lexicon.age()
		var err error
		if reader, err = w.store.scorch.Reader(); err != nil {
			return nil, fmt.Errorf("word index: %w", err)
		}
	} else if err := addReference(reader); err != nil {
		return nil, err
	}
	w.store.users++
	return &snapshot{wall: w, store: w.store, reader: reader, numbers: w.store.numbering(reader), cols: w.cols, checkpoint: w.checkpoint, age: age}, nil
}

func addReference(reader index.IndexReader) error {
	shared, ok := reader.(*scorch.IndexSnapshot)
	if !ok {
		return errors.New("the word index gives no snapshot that can be shared")
	}
	shared.AddRef()
	return nil
}

// release ends a search.
func (s *snapshot) release() {
	_ = s.reader.Close()
	s.wall.mu.Lock()
	s.store.users--
	retired := s.store.retired
	if s.store.users > 0 {
		retired = nil
	}
	s.wall.mu.Unlock()
	if retired != nil {
		retired()
	}
}

func (w *wall) position() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.checkpoint
}

// apply writes a batch. What is removed or narrowed is hidden first; then the log, the word index and the columns follow.
// It gives the numbers of documents that could not be indexed: they are removed. After an error nothing is acknowledged,
// what was hidden stays hidden, and the same batch is to be applied again.
func (w *wall) apply(ctx context.Context, upserts []Document, removes []int64, checkpoint int64) ([]int64, error) {
	w.writing.Lock()
	defer w.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := w.batch(ctx, upserts, removes)
	if err != nil {
		return nil, err
	}
	if err := w.hide(b.hide); err != nil {
		return nil, err
	}
	if err := b.commit(checkpoint); err != nil {
		return nil, err
	}
	w.show(b, checkpoint)
	return b.left, nil
}

// hide holds the generation before the batch, without what is to be hidden.
func (w *wall) hide(nos []int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return fault.New(fault.Unavailable, "search.closed")
	}
	if w.held == nil {
		reader, err := w.store.scorch.Reader()
		if err != nil {
			return fmt.Errorf("word index: %w", err)
		}
		w.held = reader
	}
	if len(nos) > 0 {
		w.cols = w.cols.without(nos)
	}
	return nil
}

// show puts the generation after the batch in place.
func (w *wall) show(b *batch, checkpoint int64) {
	cols := b.cols.with(b.put, b.remove)
	w.mu.Lock()
	held := w.held
	w.held, w.cols, w.checkpoint = nil, cols, checkpoint
	w.mu.Unlock()
	if held != nil {
		_ = held.Close()
	}
}

// batch is one batch on its way.
type batch struct {
	ctx    context.Context // it lives as long as the batch
	store  *wordStore
	cols   *columns
	words  *bleve.Batch
	names  int // in the codebook before
	put    []row
	remove []int64
	hide   []int64
	left   []int64
	failed map[int64]*bool
	said   []*wordsNoted // by each document, once it is analysed
	ids    []string      // of the documents, as terms of fieldShown
}

func (w *wall) batch(ctx context.Context, upserts []Document, removes []int64) (*batch, error) {
	w.mu.Lock()
	b := &batch{ctx: ctx, store: w.store, cols: w.cols, failed: map[int64]*bool{}}
	w.mu.Unlock()
	b.words, b.names = b.store.words.NewBatch(), b.store.book.size()
	for _, doc := range upserts {
		if doc.No < 0 || doc.No >= maxNo {
			return nil, fmt.Errorf("record number %d is out of range", doc.No)
		}
		if doc.Narrowed {
			b.hide = append(b.hide, doc.No)
		}
		codes, err := b.codes(doc)
		if err != nil {
			b.leave(doc.No)
			continue
		}
		b.failed[doc.No] = new(bool)
		said := newWordsNoted()
		b.said = append(b.said, said)
		for _, id := range doc.IDs {
			b.ids = append(b.ids, shownTerm(id))
		}
		if err := b.words.IndexAdvanced(w.document(doc, b.failed[doc.No], said)); err != nil {
			b.leave(doc.No)
			continue
		}
		b.put = append(b.put, rowOf(doc, codes))
	}
	for _, no := range removes {
		b.take(no)
	}
	return b, nil
}

// leave takes out a document that cannot be indexed.
func (b *batch) leave(no int64) {
	b.left = append(b.left, no)
	b.put = slices.DeleteFunc(b.put, func(r row) bool { return r.no == no })
	b.take(no)
}

func (b *batch) take(no int64) {
	b.remove, b.hide = append(b.remove, no), append(b.hide, no)
	b.words.Delete(documentID(no))
}

// codes numbers the codes of a document.
func (b *batch) codes(doc Document) ([]code, error) {
	var ids []code
	for kind, codes := range doc.Codes {
		for _, c := range codes {
			id, err := b.store.book.number(codeKey(kind, c))
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
	}
	for _, org := range readersOf(doc) {
		id, err := b.store.book.number(codeKey(kindReader, org))
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// The keys under which the word index keeps the number of the last batch and its checkpoint.
const (
	batchKey      = "batch"
	checkpointKey = "checkpoint"
)

// commit writes the log and then the word index. Documents whose analysis failed are taken out by a second batch, before
// anything of the first is shown.
func (b *batch) commit(checkpoint int64) error {
	if err := b.write(checkpoint); err != nil {
		return err
	}
	var failed []int64
	for no, failure := range b.failed {
		if *failure {
			failed = append(failed, no)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	b.words = b.store.words.NewBatch()
	for _, no := range failed {
		b.leave(no)
	}
	return b.write(checkpoint)
}

func (b *batch) write(checkpoint int64) error {
	number := b.store.batch + 1
	size := int64(0)
	if b.store.log != nil {
		var err error
		part := logPart{batch: number, names: b.store.book.after(b.names), remove: b.remove, put: b.put}
		if size, err = b.store.log.write(part); err != nil {
			return fmt.Errorf("log of the columns: %w", err)
		}
	}
	b.words.SetInternal([]byte(batchKey), binary.BigEndian.AppendUint64(nil, number))
	b.words.SetInternal([]byte(checkpointKey), binary.BigEndian.AppendUint64(nil, uint64(checkpoint)))
	if err := b.store.apply(b.ctx, b.words); err != nil {
		return fmt.Errorf("word index: %w", err)
	}
	if b.store.log != nil {
		b.store.log.acknowledge(size)
	}
	b.store.batch, b.names = number, b.store.book.size()
	b.note()
	return nil
}

// ErrBroken tells that a word index cannot be written any more and has to be built anew.
var ErrBroken = errors.New("it is broken")

// patience is how long bleve may take over a batch or its end, when nobody waits any more or for anything else. It waits
// for ever where the routine that writes for it has died over wrong bytes, and a server must stop all the same.
const (
	longestBatch = time.Minute
	longestStop  = 5 * time.Second
)

// apply hands a batch to bleve. Where bleve could not write a segment, because the disk was full, it closes the segment
// and goes on using it: the next batch panics, and would take the server with it.
func (s *wordStore) apply(ctx context.Context, words *bleve.Batch) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if why := recover(); why != nil {
				done <- fmt.Errorf("%w: %v", ErrBroken, why)
			}
		}()
		done <- s.words.Batch(words)
	}()
	longest := time.NewTimer(longestBatch)
	defer longest.Stop()
	select {
	case err := <-done:
		return err
	case <-longest.C:
		return fmt.Errorf("%w: a batch does not end", ErrBroken)
	case <-ctx.Done():
		return ended(done)
	}
}

// ended waits a little for what should end by itself.
func ended(done <-chan error) error {
	timer := time.NewTimer(longestStop)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("%w: it does not end", ErrBroken)
	}
}

// note adds the words and ids of the documents to the lexicon, before the documents are shown.
func (b *batch) note() {
	var terms []string
	for _, said := range b.said {
		terms = append(terms, said.terms...)
	}
	b.store.lexicon.add(terms, b.ids)
	b.said, b.ids = nil, nil
}

// hashOf keeps the first 64 bits of a view's hash.
func hashOf(hash string) uint64 {
	if len(hash) > 16 {
		hash = hash[:16]
	}
	value, err := strconv.ParseUint(hash, 16, 64)
	if err != nil {
		return 0
	}
	return value
}

// documentID gives a number in fixed width, so that ids sort as numbers do.
func documentID(no int64) string { return fmt.Sprintf("%010d", no) }

// numberOf reads a document id.
func numberOf(id string) int64 {
	no := int64(0)
	for i := range len(id) {
		no = no*10 + int64(id[i]-'0')
	}
	return no
}

// The fields that are no texts.
const (
	fieldIDs     = "ids"
	fieldHash    = "view"
	fieldReaders = "readers"
)

// fieldName gives the field of the word index for a text: a language has a field of its own, because one field with
// several analyzers could not be asked for.
func fieldName(field, language string) string {
	if language == plain {
		return field
	}
	return field + "_" + language
}

// document makes the words of a document; those that can be suggested are noted when it is analysed.
func (w *wall) document(doc Document, failed *bool, said *wordsNoted) *document.Document {
	out := document.NewDocument(documentID(doc.No))
	at := map[string]uint64{}
	for _, text := range doc.Texts {
		name := fieldName(text.Field, text.Language)
		out.AddField(document.NewTextFieldCustom(name, []uint64{at[name]}, []byte(text.Text),
			index.IndexField|index.IncludeTermVectors, guard{noting{w.analyzers.of(text.Language), said}, failed}))
		at[name]++
	}
	for i, id := range doc.IDs {
		out.AddField(document.NewTextFieldCustom(fieldIDs, []uint64{uint64(i)}, []byte(foldID(id)),
			index.IndexField|index.SkipFreqNorm, nil))
		out.AddField(document.NewTextFieldCustom(fieldShown, []uint64{uint64(i)}, []byte(shownTerm(id)),
			index.IndexField|index.SkipFreqNorm, nil))
	}
	out.AddField(document.NewTextFieldCustom(fieldWords, nil, nil,
		index.IndexField|index.SkipFreqNorm, said))
	for i, org := range readersOf(doc) {
		out.AddField(document.NewTextFieldCustom(fieldReaders, []uint64{uint64(i)}, []byte(org),
			index.IndexField|index.SkipFreqNorm, nil))
	}
	out.AddField(document.NewTextFieldCustom(fieldHash, nil, []byte(hashTerm(hashOf(doc.Hash))),
		index.IndexField|index.SkipFreqNorm, nil))
	return out
}

// readersOf gives the organizations that may read a view of the named tier.
func readersOf(doc Document) []string {
	var orgs []string
	for _, org := range append([]string{doc.Owner}, doc.Recipients...) {
		if org != "" {
			orgs = appendNew(orgs, org)
		}
	}
	return orgs
}

// foldID gives one form to ids that differ in case and blanks.
func foldID(id string) string { return strings.ToLower(strings.Join(strings.Fields(id), " ")) }

// shownTerm gives the term of fieldShown of an id.
func shownTerm(id string) string { return formed(foldID(id), strings.TrimSpace(id)) }

func hashTerm(hash uint64) string { return fmt.Sprintf("%016x", hash) }

// wordMapping is the mapping of the word index. Documents are made without it; it says that nothing is dynamic and that
// scores are BM25, which can only be chosen when an index is made.
func wordMapping() *mapping.IndexMappingImpl {
	m := bleve.NewIndexMapping()
	m.DefaultMapping = mapping.NewDocumentStaticMapping()
	m.StoreDynamic, m.IndexDynamic, m.DocValuesDynamic = false, false, false
	m.ScoringModel = index.BM25Scoring
	return m
}

func wordConfig() map[string]any {
	return map[string]any{"bolt_timeout": "5s", "numSnapshotsToKeep": 1}
}

// newStore makes an empty word index, in a directory or in memory.
func newStore(dir string, sch *schema.Schema) (*wordStore, error) {
	at := ""
	if dir != "" {
		at = filepath.Join(dir, "words")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	words, err := bleve.NewUsing(at, wordMapping(), scorch.Name, scorch.Name, wordConfig())
	if err != nil {
		return nil, err
	}
	s := &wordStore{words: words, dir: dir, book: newCodebook(), branches: newBranches(sch), lexicon: &lexicon{}}
	if s.scorch, err = words.Advanced(); err != nil {
		return nil, errors.Join(err, words.Close())
	}
	if dir != "" {
		if s.log, err = createLog(dir); err != nil {
			return nil, errors.Join(err, words.Close())
		}
	}
	return s, nil
}

// openStore opens the word index of a directory and the columns that belong to it. Files that are not what was written
// make bleve and bbolt panic as well as fail.
func openStore(dir string, sch *schema.Schema) (s *wordStore, cols *columns, checkpoint int64, err error) {
	defer func() {
		if why := recover(); why != nil {
			s, cols, err = nil, nil, fmt.Errorf("%w: %v", ErrBroken, why)
		}
	}()
	at := filepath.Join(dir, "words")
	if err := removeBroken(at); err != nil {
		return nil, nil, 0, err
	}
	words, err := bleve.OpenUsing(at, wordConfig())
	if err != nil {
		return nil, nil, 0, err
	}
	s = &wordStore{words: words, dir: dir, branches: newBranches(sch)}
	if cols, checkpoint, err = s.load(); err != nil {
		return nil, nil, 0, errors.Join(err, words.Close())
	}
	return s, cols, checkpoint, nil
}

func (s *wordStore) load() (*columns, int64, error) {
	var err error
	if s.scorch, err = s.words.Advanced(); err != nil {
		return nil, 0, err
	}
	batch, err := s.internal(batchKey)
	if err != nil {
		return nil, 0, err
	}
	checkpoint, err := s.internal(checkpointKey)
	if err != nil {
		return nil, 0, err
	}
	if int64(checkpoint) == noCheckpoint {
		return nil, 0, errors.New("the index was not built to its end")
	}
	s.batch = batch
	var cols *columns
	if s.log, cols, s.book, err = openLog(s.dir, batch); err != nil {
		return nil, 0, err
	}
	if err := s.readWords(); err != nil {
		return nil, 0, err
	}
	return cols, int64(checkpoint), s.compact(cols)
}

func (s *wordStore) readWords() error {
	reader, err := s.scorch.Reader()
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()
	s.lexicon, err = readLexicon(reader)
	return err
}

// compact rewrites the log when most of it is past.
func (s *wordStore) compact(cols *columns) error {
	const perRow, least = 64, 1 << 20
	if s.log.size < least || s.log.size < 4*perRow*cols.count {
		return nil
	}
	if err := rewriteLog(s.dir, s.batch, cols, s.book); err != nil {
		return err
	}
	if err := s.log.close(); err != nil {
		return err
	}
	var err error
	s.log, _, s.book, err = openLog(s.dir, s.batch)
	return err
}

func (s *wordStore) internal(key string) (uint64, error) {
	value, err := s.words.GetInternal([]byte(key))
	if err != nil {
		return 0, err
	}
	if len(value) != 8 {
		return 0, errors.New("the index was never written to")
	}
	return binary.BigEndian.Uint64(value), nil
}

func (s *wordStore) close() error {
	done := make(chan error, 1)
	go func() { done <- s.words.Close() }()
	err := ended(done)
	if s.log != nil {
		err = errors.Join(err, s.log.close())
	}
	return err
}

// retire replaces the word index and columns by those of another wall and closes the old ones when nobody reads them.
func (w *wall) retire(by *wall, discard func(dir string)) {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.mu.Lock()
	old, held := w.store, w.held
	w.store, w.cols, w.checkpoint, w.held = by.store, by.cols, by.checkpoint, nil
	old.retired = func() {
		_ = old.close()
		discard(old.dir)
	}
	unused := old.users == 0
	w.mu.Unlock()
	if held != nil {
		_ = held.Close()
	}
	if unused {
		old.retired()
	}
}

func (w *wall) close() error {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	if w.held != nil {
		_ = w.held.Close()
		w.held = nil
	}
	if w.store.users > 0 {
		store := w.store
		store.retired = func() { _ = store.close() }
		return nil
	}
	return w.store.close()
}

// isLocked tells whether another process has the directory.
func isLocked(err error) bool { return err != nil && strings.Contains(err.Error(), "timeout") }

// logOr gives a logger.
func logOr(log *slog.Logger) *slog.Logger { return cmp.Or(log, slog.New(slog.DiscardHandler)) }
