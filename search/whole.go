package search

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// removeBroken removes the segments of a word index that are not what was written, before bleve sees them. Each ends
// with a checksum at which bleve never looks: wrong bytes would make words be found in other records, or end the process
// from within a routine of bleve's, where nobody can recover. One that a crash left half written is none of the index and
// is not missed; without one that belongs to it the index does not open, and is built anew.
func removeBroken(words string) error {
	segments, err := filepath.Glob(filepath.Join(words, "store", "*.zap"))
	if err != nil {
		return err
	}
	var reading errgroup.Group
	reading.SetLimit(runtime.GOMAXPROCS(0))
	for _, name := range segments {
		reading.Go(func() error {
			whole, err := checksumHolds(name)
			if err != nil || whole {
				return err
			}
			return os.Remove(name)
		})
	}
	return reading.Wait()
}

// checksumHolds compares the last four bytes of a segment with the CRC-32 (IEEE) of all bytes before.
func checksumHolds(name string) (bool, error) {
	file, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil || info.Size() < crc32.Size {
		return false, err
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, io.LimitReader(file, info.Size()-crc32.Size), make([]byte, 1<<20)); err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	var stored [crc32.Size]byte
	_, err = io.ReadFull(file, stored[:])
	return binary.BigEndian.Uint32(stored[:]) == sum.Sum32(), err
}
