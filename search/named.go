package search

import (
	"slices"

	bleveSearch "github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/searcher"
)

// confinedForm adds the documents for the reader's organizations that have one form. What others have there is passed
// over, not gone through.
func (e *evaluation) confinedForm(f form, found set) error {
	if count(e.visible) == 0 {
		return nil
	}
	phrase := len(f.terms) > 1
	options := bleveSearch.SearcherOptions{Score: "none", IncludeTermVectors: phrase}
	parts, err := e.terms(f, options)
	if err != nil {
		return err
	}
	own, err := e.own()
	if err != nil {
		return closing(parts, err)
	}
	all, err := searcher.NewConjunctionSearcher(e.ctx, e.snap.reader, append(parts, own), options)
	if err != nil {
		return closing(append(parts, own), err)
	}
	return e.drain(all, func(no int64, match *bleveSearch.DocumentMatch) {
		if !phrase || inRow(f.terms, match.FieldTermLocations) {
			found.add(no)
		}
	})
}

// terms finds each of the terms of a form.
func (e *evaluation) terms(f form, options bleveSearch.SearcherOptions) ([]bleveSearch.Searcher, error) {
	var parts []bleveSearch.Searcher
	for i, term := range f.terms {
		if term == "" || slices.Contains(f.terms[:i], term) {
			continue
		}
		part, err := searcher.NewTermSearcher(e.ctx, e.snap.reader, term, f.field, 1, options)
		if err != nil {
			return nil, closing(parts, err)
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// own finds the documents for the reader's organizations.
func (e *evaluation) own() (bleveSearch.Searcher, error) {
	options := bleveSearch.SearcherOptions{Score: "none"}
	var parts []bleveSearch.Searcher
	for _, org := range e.readers {
		part, err := searcher.NewTermSearcher(e.ctx, e.snap.reader, org, fieldReaders, 1, options)
		if err != nil {
			return nil, closing(parts, err)
		}
		parts = append(parts, part)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	any, err := searcher.NewDisjunctionSearcher(e.ctx, e.snap.reader, parts, 1, options)
	if err != nil {
		return nil, closing(parts, err)
	}
	return any, nil
}

// closing closes searchers after an error.
func closing(parts []bleveSearch.Searcher, err error) error {
	for _, part := range parts {
		_ = part.Close()
	}
	return err
}

// inRow tells whether terms stand one after another in one text. An empty term is any word.
func inRow(terms sequence, found []bleveSearch.FieldTermLocation) bool {
	return slices.ContainsFunc(found, func(first bleveSearch.FieldTermLocation) bool {
		for i, term := range terms {
			if term != "" && !isAt(found, term, first.Location, i-firstTerm(terms)) {
				return false
			}
		}
		return true
	})
}

// firstTerm gives the place of the first term that is not empty.
func firstTerm(terms sequence) int {
	return slices.IndexFunc(terms, func(term string) bool { return term != "" })
}

// isAt tells whether a term stands so many words after a place, in the same text.
func isAt(found []bleveSearch.FieldTermLocation, term string, place bleveSearch.Location, after int) bool {
	return slices.ContainsFunc(found, func(at bleveSearch.FieldTermLocation) bool {
		return at.Term == term && at.Location.ArrayPositions.Equals(place.ArrayPositions) &&
			at.Location.Pos == place.Pos+uint64(after)
	})
}
