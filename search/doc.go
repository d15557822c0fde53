// Package search finds records by words and concepts. Documents go in; record numbers, scores and exact totals come out.
//
// # Walls
//
// There are three word indexes, each with its own columns: of the public views, of the members' views, and of the named
// views that differ from the members'. A search names an Audience, by value, and the zero Audience is the public: a search
// without one cannot be written down. The audience opens the public's or the members' wall and nothing of the other is
// read, so that no count, score, order or word of a document can come from what its reader may not see. Filtering hits of
// a common index would not do: a hundred hidden documents change every score.
//
// Members whose organization owns or is named by a record see its named view. Each record answers from the highest view
// its reader may see: the named wall for those records, the members' wall for all others. The named wall gives no scores
// and its dictionary is never read: the members' wall is asked first, as if there were no other, and what only the named
// wall finds comes after everything that scores, newest first, marked Restricted. Its size is never part of a cost or a
// score of somebody else's search.
//
// # Words and columns
//
// bleve keeps words and is asked for nothing but the postings of a term or a phrase. What is known of a record by codes
// (its agents, diseases, areas …), when it was published and whether it can be seen at all is in the columns: arrays in
// memory, keyed by the dense number of the record. Sets, filters, totals and orders are evaluated there, once. A number
// without a column row is not visible, whatever the word index says. An empty query never touches bleve.
//
// One generation answers a whole search: a snapshot of the word index and the columns that belong to it. A batch
// replaces both together; what is removed or narrowed is taken out of the columns before the word index is written, so
// that a reader is never shown a hit by a word that was taken away. Columns are copied in chunks on write: a batch costs
// what it changes.
//
// # Certainly and possibly
//
// Every part of a question has what it is certainly found in and what it is possibly found in. Words and codes are certain.
// A date or a count is certain when all of what it may be lies in what is asked, possible when some of it does; what is
// not stated is neither. NOT is pushed inward by the laws of De Morgan until it stands before a single part, and there
// certain and possible change places; before a date or a count it leaves out what states none. A total counts what is
// possible, and says how much of it is certain.
//
// # Facets
//
// Facets are counted over what was found, each without its own filter, so that it can be widened. In a tree a record
// counts once for each value above one that it has; which these are is asked of the vocabulary, not stored. What every
// visible record counts is remembered by chunk, so that browsing everything costs what changed since.
//
// # Queries
//
// One grammar serves pages, the API and saved searches. Words stand side by side and all must be found; "phrases" are found
// as they are written; AND, OR, NOT or a dash, and parentheses join them. FIELD:VALUE asks for one thing exactly:
//
//	agent:"Bacillus anthracis" area:(FRA OR 德国) region:"Western Africa"   by code or by any name, with what is below
//	cause:- cause:none                                                     what is not stated
//	began:2010..2014-06 active:2014 reported:..201X                        EDTF dates, a side may be open
//	deaths:>=10 cases:10..20 cases:<5
//	certain:began:2014 certain:(…) certain:true                            what certainly matches: of a part, of all
//
// The fields are those of FacetNames, region (an area that holds others), id and those above. Digits of any script and
// full-width signs are read. An error points at its column, in characters from 1, and says what was expected; for a name
// that nothing knows it gives the likest of the vocabulary, never of records.
//
// # Concepts
//
// The vocabularies are a thesaurus. The text of a query is scanned for the longest names of terms, in any of the six
// languages, and each becomes a set of codes with what is below them; a disease brings the agents that cause it, an
// agent the diseases that nothing else causes. A record of any language is found by its codes, and by the very words of
// the query where its text has them and its codes do not.
//
// # Suggestions
//
// What somebody begins to type is completed to names of terms, ids and words, each with the exact number of records that
// have it and can be seen; what no such record has is not suggested. Words are kept whole beside the stems that texts are
// found by, and are shown as most of these records write them. A dictionary also counts records that are gone, so its
// counts are used as bounds alone: they decide what is counted first, never what is shown.
//
// # Scores
//
// A word scores by BM25 in each field, with a usual length per field in place of the average length: bleve's average
// depends on how segments happen to be merged, and a score must not, or a page would not follow on the page before it.
// Of the languages of a field the best counts; fields add up by weight. A concept counts as a good match of the title.
// Equal scores are in the order of record numbers.
//
// # Directory
//
// The index is a cache of the database and can be deleted at any time. DIR/index/TIER holds a file "current", which
// names the directory in use and the versions of mapping and vocabularies it was made with, and that directory: the word
// index and the log of the columns. The log is written before the word index and carries the same checkpoint, the feed
// position up to which both are complete; at start the log is read up to the checkpoint of the word index. Whatever does
// not fit is set aside and the index begins anew, empty: the follower fills it. A directory belongs to one process.
package search
