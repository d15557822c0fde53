package search

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"github.com/blevesearch/bleve/v2/index/scorch"

	"bioincident/schema"
)

// Whole reads the files that the word index of a tier was opened with, and tells (ErrBroken) when one is not what was
// written. Each holds a checksum at which bleve never looks: a byte that changed on the disk would only make words be
// found in other records. It takes as long as reading the files; the index serves meanwhile.
func (ix *Index) Whole(ctx context.Context, tier schema.Tier) error {
	w, err := ix.wall(tier)
	if err != nil {
		return err
	}
	w.mu.Lock()
	files := w.store.opened
	w.mu.Unlock()
	for _, name := range files {
		whole, err := checksumHolds(ctx, name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // merged into another meanwhile
		case err != nil:
			return err
		case !whole:
			return fmt.Errorf("word index: %w: the checksum of %s does not hold", ErrBroken, name)
		}
	}
	return nil
}

// files gives the segments of the word index, as it was opened.
func (s *wordStore) files() ([]string, error) {
	reader, err := s.scorch.Reader()
	if err != nil {
		return nil, err
	}
	defer func() { _ = reader.Close() }()
	snapshot, ok := reader.(*scorch.IndexSnapshot)
	if !ok {
		return nil, errors.New("the word index gives no snapshot of segments")
	}
	var files []string
	for _, part := range snapshot.Segments() {
		if kept, ok := part.Segment().(interface{ Path() string }); ok {
			files = append(files, kept.Path())
		}
	}
	return files, nil
}

// checksumHolds compares the last four bytes of a segment with the CRC-32 (IEEE) of all bytes before.
func checksumHolds(ctx context.Context, name string) (bool, error) {
	file, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil || info.Size() < crc32.Size {
		return false, err
	}
	sum, left, block := crc32.NewIEEE(), info.Size()-crc32.Size, make([]byte, 1<<20)
	for left > 0 && ctx.Err() == nil {
		n, err := io.ReadFull(file, block[:min(left, int64(len(block)))])
		if err != nil {
			return false, err
		}
		sum.Write(block[:n])
		left -= int64(n)
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	var stored [crc32.Size]byte
	_, err = io.ReadFull(file, stored[:])
	return binary.BigEndian.Uint32(stored[:]) == sum.Sum32(), err
}
