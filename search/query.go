package search

// Query is what is asked.
type Query struct {
	Text   string   // words, "phrases" (found as they are written), AND OR NOT ( ), field:value; empty lists all, newest first
	Unit   string   // vocabulary unit; "" is every unit
	Langs  []string // languages whose texts are searched; nil is those that the script of each word allows
	Limit  int      // hits of this page, 1 to MaxLimit; 0 is 20
	Cursor string   // Next of the page before; "" is the first page
}

// MaxLimit is the largest page.
const MaxLimit = 1000

// Order is how hits are ordered.
type Order string

// The orders. A query without a word or concept to score has the newest publication first.
const (
	ByScore     Order = "score"
	ByPublished Order = "published"
)

// Hit is one record that was found. Its view is to be hydrated from the store, which is the second authorisation.
type Hit struct {
	No    int64
	Score float64 // 0 when ordered by publication
}

// Concept is a name in the query that was understood as a term.
type Concept struct {
	Text   string // as typed
	Column int    // of its first character, from 1
	List   string // vocabulary
	Code   string
}

// Result is one page of an answer. All of it comes from one generation of the index.
type Result struct {
	Total    int64 // exact, of all pages
	Hits     []Hit
	Next     string // cursor of the next page; "" on the last
	Order    Order
	Concepts []Concept // what was understood
	Words    Words     // for Highlight
	Position int64     // of the feed of this tier, up to which the index is complete
}
