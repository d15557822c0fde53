package catalog

import (
	"bioincident/internal/incident"
	"bioincident/schema"
)

// Tombstone says what became of a record that readers could see before.
type Tombstone struct {
	What       string          // withdrawn, merged, restricted, held
	Reason     string          // vocabulary reason
	MergedInto string          // record id
	Until      incident.Micros // of a held record: when it is decided about
}

// Reading is one record as one reader gets it. Bytes are the canonical JSON of the stored view; Hash is their SHA-256 in
// hex. With a Tombstone, Bytes are those of the tombstone.
type Reading struct {
	ID          string
	Edition     int
	Current     bool
	Tier        schema.Tier // of the view
	Bytes       []byte
	Hash        string
	Title       string // in the reader's language
	Facts       string
	Unit        string
	Cause       string // headline, vocabulary cause
	ExternalIDs []ExternalID
	Reference   incident.Date
	ReferenceIs string // vocabulary milestone
	Published   incident.Micros
	Owner       string // slug, where attribution lets it be shown
	Licence     string // of the collection
	ReviewDepth string // vocabulary review_depth
	Tombstone   *Tombstone
	Notes       []Note // beside it, shown to this reader
	ETag        string // hash of the bytes and the words, hex
}

// Note is a dated notice beside a record.
type Note struct {
	ID    string
	Code  string            // note.CODE has words
	Words map[string]string // UN language → what is said besides
	Since incident.Micros
}

// ExternalID is an id of the record in another system.
type ExternalID struct {
	Scheme string `json:"scheme"`
	Value  string `json:"value"`
}

// Edition is one line of the list of editions.
type Edition struct {
	Edition   int
	Current   bool
	Published incident.Micros
	Hash      string
	Tombstone *Tombstone
}

// SearchIn is a search. All its parts must hold together; without any, everything is found, newest first.
type SearchIn struct {
	Q       string   // words, phrases, field:value
	Filters []Filter // each facet at most once

	// Windows of time, as search.ParseWindow reads them; "" does not ask.
	Began    string // the reference date
	Active   string // whether it was going on
	Reported string // the dates on which somebody told of it

	// Ranges of numbers, as search.ParseCount reads them; "" does not ask.
	Deaths string
	Cases  string

	Certain   bool     // only what certainly matches
	Sort      string   // score, published, reference, deaths; "" is score when words are asked for, else published
	Facets    []string // to be counted, of search.FacetNames, or all
	Histogram string   // "", year or decade of the reference date
	Group     bool     // records of one event are one hit
	GroupOf   string   // only records of this group: Hit.Group of a grouped search
	Public    bool     // as the public finds, whoever asks
	Limit     int      // at most 200; 0 is 20
	Cursor    string
	Lang      string // of titles and labels; "" is en
}

// Filter asks for records that have one of the codes, or one below it, under a facet; "-" is that none is stated.
type Filter struct {
	Facet string
	Codes []string
}

// Hit is one result.
type Hit struct {
	Reading
	Highlights []Highlight
	Match      incident.Match // Certainly or Possibly
	Why        []string       // parts of the question that are only possible: began, active, reported, deaths, cases, q
	Restricted bool           // found in what the reader's organization alone may see, and nowhere else
	Group      string         // of records of one event; "" is none
	Others     int64          // how many more of its group match, in a grouped search
}

// Highlight is a piece of text around the words found; Marks are byte offsets, from and to, into Text.
type Highlight struct {
	Field string   `json:"field"` // path in the view
	Lang  string   `json:"lang,omitempty"`
	Text  string   `json:"text"`
	Marks [][2]int `json:"marks"`
}

// Understood is a concept that was recognised in the query.
type Understood struct {
	Words string   `json:"words"` // as typed
	List  string   `json:"list"`
	Codes []string `json:"codes"`
	Label string   `json:"label"` // in the reader's language
}

// SearchOut is a page of results. All numbers are exact.
type SearchOut struct {
	Total      int64 // of all pages; in a grouped search the records, not the groups
	Certain    int64 // of Total, those that certainly match
	Restricted int64 // of Total
	Groups     int64 // in a grouped search, hits of all pages
	Undated    int64 // records that match but for a date that they lack
	Order      string
	Hits       []Hit
	Next       string
	Position   FeedPosition // of the feed that the answer rests on
	Understood []Understood
	Facets     []Facet // in the order asked for
	Histogram  *Histogram
}

// Facet is one facet counted, over the records that match everything but its own filter.
type Facet struct {
	Name      string
	Label     string // in the reader's language
	Values    []Value
	NotStated Value // records without any: its code is that by which they are asked for
}

// Value is a value of a facet.
type Value struct {
	Code     string
	Label    string // in the reader's language
	Parent   string // code of the value above it, "" at the top
	Records  int64
	Selected bool // it is asked for
}

// Histogram counts records by reference date.
type Histogram struct {
	Step    string // year or decade
	Bars    []Bar
	Undated int64
}

// Bar is a year or a decade.
type Bar struct {
	From      int // first year
	Certainly int64
	Possibly  int64
}

// SuggestIn is the beginning of what somebody wants to ask.
type SuggestIn struct {
	Text   string
	Limit  int    // at most 20; 0 is 10
	Public bool   // as the public finds, whoever asks
	Lang   string // of labels; "" is en
}

// Suggestion is one way to go on.
type Suggestion struct {
	Kind       string // concept, word, record
	List, Code string // of a concept
	Facet      string // by which the code is filtered; "" when it is not
	Text       string // label in the reader's language, word, or id
	Records    int64
}

// FeedPosition names a place in a feed that readers follow.
type FeedPosition struct {
	Tier schema.Tier `json:"tier"`
	No   int64       `json:"no"`
}

// ListIn asks for current records, newest publication first.
type ListIn struct {
	Limit  int // at most 200; 0 is 50
	Cursor string
	Lang   string
}

// ListOut is a page of records.
type ListOut struct {
	Records  []Reading
	Next     string
	Position FeedPosition
}

// FeedItem is one change visible at a tier.
type FeedItem struct {
	No       int64
	At       incident.Micros
	ID       string
	Edition  int
	Kind     string // published, edition, narrowed, tombstone, restored
	ViewHash string
	Prev     string
	Hash     string
}

// FeedOut is a page of a feed. Next is where to go on, also when nothing is left: it can be kept.
type FeedOut struct {
	Tier  schema.Tier
	Items []FeedItem
	Next  string
	More  bool
}

// ExportHead is the first line of an export: how it was made.
type ExportHead struct {
	Query    SearchIn
	At       incident.Micros
	Position FeedPosition
	Schema   string
	Criteria string
	Total    int64
	Licences []Licence // of the collections in it
}

// Licence is a collection and its licence.
type Licence struct {
	Collection  string `json:"collection"`
	Licence     string `json:"licence"`
	Attribution string `json:"attribution,omitempty"`
	Records     int64  `json:"records"`
}

// Line is one line of an export: exactly one of the three is set.
type Line struct {
	Head   *ExportHead
	Record *Reading
	Tail   *ExportTail
}

// ExportTail ends an export; without it the export is not complete.
type ExportTail struct {
	Records int64
	Omitted []Omitted
}

// Omitted says what was left out and why.
type Omitted struct {
	Reason  string // code
	Records int64
}
