// Package catalog answers readers: one method per question, from the audience to numbers to stored views.
//
// It reads nothing but the stored views and the feeds. A reader's audience chooses the tier of each record; a record's
// number found by the index is hydrated through the same audience, which is the second authorisation: what the index
// knows and the database does not allow is dropped, and because a dropped hit would make the total wrong, the search
// waits for the follower and runs again, or answers 503. What a reader may not see and what never existed are the same
// answer, byte for byte.
//
// A hit names the wall that it was found behind, and is read from the table of that tier alone. The index may know for a
// moment what was taken back already; the feeds tell how long, and after two seconds no search is answered until the
// follower goes on. Totals, facets and histograms come from the index and are of what the reader may open; which part of
// a question is only possible is told from the view that the reader gets. Whoever is signed in may ask as the public:
// then everything is as if they were not.
//
// Caution notes stand beside what a reader gets, in records, lists, hits and exports, where their tier is one at which the
// reader reads the record; they are part of no view and change no hash. A page costs one statement for all of them.
//
// Titles, key facts and codes are put into words in the reader's language here; words themselves come from the message
// catalogue and the vocabularies.
package catalog
