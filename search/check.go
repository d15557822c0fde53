package search

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strconv"

	index "github.com/blevesearch/bleve_index_api"

	"bioincident/schema"
)

// Finding is something in which the index differs from the stored views.
type Finding struct {
	No   int64  // record number
	Part string // word index, columns
	What string // missing, other, extra: not there, of another view, of no view
}

// The parts and what can be wrong with them.
const (
	PartWords   = "words"
	PartColumns = "columns"
	Missing     = "missing"
	Other       = "other"
	Extra       = "extra"
)

// Check compares a tier with all current views (record number and hash): each must have one document and one column row
// with its hash, and nothing else may be there. The views must be those of the index's checkpoint.
func (ix *Index) Check(ctx context.Context, tier schema.Tier, views iter.Seq2[int64, string]) ([]Finding, error) {
	w, err := ix.wall(tier)
	if err != nil {
		return nil, err
	}
	s, err := w.snapshot()
	if err != nil {
		return nil, err
	}
	defer s.release()
	documents, findings, err := s.documents(ctx)
	if err != nil {
		return nil, err
	}
	rows := map[int64]uint64{}
	err = s.cols.each(func(r row) error {
		if s.cols.chunks[r.no/chunkRows].shows(r.no) {
			rows[r.no] = r.hash
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	for no, hash := range views {
		findings = compare(findings, no, hashOf(hash), PartWords, documents)
		findings = compare(findings, no, hashOf(hash), PartColumns, rows)
	}
	for _, no := range slices.Sorted(maps.Keys(documents)) {
		findings = append(findings, Finding{no, PartWords, Extra})
	}
	for _, no := range slices.Sorted(maps.Keys(rows)) {
		findings = append(findings, Finding{no, PartColumns, Extra})
	}
	return findings, ctx.Err()
}

func (k *chunk) shows(no int64) bool { return has(k.visible[:], int(no%chunkRows)) }

// compare notes what is wrong about a view in one part, and takes it out of what was not asked for.
func compare(findings []Finding, no int64, hash uint64, part string, there map[int64]uint64) []Finding {
	got, ok := there[no]
	delete(there, no)
	switch {
	case !ok:
		return append(findings, Finding{no, part, Missing})
	case got != hash:
		return append(findings, Finding{no, part, Other})
	}
	return findings
}

// documents gives the hash of the view from which each document of the word index was made. A number that has several
// documents is a finding.
func (s *snapshot) documents(ctx context.Context) (map[int64]uint64, []Finding, error) {
	dictionary, err := s.reader.FieldDict(fieldHash)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = dictionary.Close() }()
	found := map[int64]uint64{}
	var findings []Finding
	for {
		entry, err := dictionary.Next()
		if err != nil || entry == nil {
			return found, findings, err
		}
		hash, err := strconv.ParseUint(entry.Term, 16, 64)
		if err != nil {
			return nil, nil, err
		}
		err = s.postings(ctx, fieldHash, entry.Term, func(no int64) {
			if _, twice := found[no]; twice {
				findings = append(findings, Finding{no, PartWords, Extra})
			}
			found[no] = hash
		})
		if err != nil {
			return nil, nil, err
		}
	}
}

// postings visits the documents that have a term.
func (s *snapshot) postings(ctx context.Context, field, term string, visit func(no int64)) error {
	reader, err := s.reader.TermFieldReader(ctx, []byte(term), field, false, false, false)
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()
	var posting index.TermFieldDoc
	for {
		next, err := reader.Next(posting.Reset())
		if err != nil || next == nil {
			return err
		}
		id, err := s.reader.ExternalID(next.ID)
		if err != nil {
			return err
		}
		visit(numberOf(id))
	}
}
