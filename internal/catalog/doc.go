// Package catalog answers readers: one method per question, from the audience to numbers to stored views.
//
// It reads nothing but the stored views and the feeds. A reader's audience chooses the tier of each record; a record's
// number found by the index is hydrated through the same audience, which is the second authorisation: what the index
// knows and the database does not allow is dropped, and because a dropped hit would make the total wrong, the search
// waits for the follower and runs again, or answers 503. What a reader may not see and what never existed are the same
// answer, byte for byte.
//
// Titles, key facts and codes are put into words in the reader's language here; words themselves come from the message
// catalogue and the vocabularies.
package catalog
