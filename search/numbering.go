package search

import (
	"sync/atomic"
	"weak"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
)

// numbering remembers which record the documents of one generation of a word index are of. Bleve numbers them anew with
// every generation, and what it calls them has to be decompressed for every hit: a word that most records have spent a
// quarter of its search on that.
type numbering struct {
	of        weak.Pointer[scorch.IndexSnapshot] // a generation that is gone is never taken for another
	stretches [mostStretches]atomic.Pointer[stretch]
}

// stretch holds the record numbers of some documents in a row; 0 is not known yet, for numbers begin with 1.
type stretch [stretchSize]atomic.Uint32

// Together they hold sixteen million documents; what lies beyond is asked every time.
const (
	stretchSize   = 1 << 12
	mostStretches = 1 << 12
)

// numbering gives the memory for a generation: the one there is, or a new one in its place.
func (s *wordStore) numbering(reader index.IndexReader) *numbering {
	generation, ok := reader.(*scorch.IndexSnapshot)
	if !ok {
		return new(numbering)
	}
	of := weak.Make(generation)
	if known := s.numbers.Load(); known != nil && known.of == of {
		return known
	}
	begun := &numbering{of: of}
	s.numbers.Store(begun)
	return begun
}

// number gives the record of a document.
func (n *numbering) number(reader index.IndexReader, document index.IndexInternalID) (int64, error) {
	at := document.Value()
	if at/stretchSize >= mostStretches {
		return read(reader, document)
	}
	place := &n.stretches[at/stretchSize]
	of := place.Load()
	if of == nil {
		of = new(stretch)
		if !place.CompareAndSwap(nil, of) {
			of = place.Load()
		}
	}
	if known := of[at%stretchSize].Load(); known != 0 {
		return int64(known), nil
	}
	no, err := read(reader, document)
	if err == nil {
		of[at%stretchSize].Store(uint32(no))
	}
	return no, err
}

func read(reader index.IndexReader, document index.IndexInternalID) (int64, error) {
	id, err := reader.ExternalID(document)
	return numberOf(id), err
}
