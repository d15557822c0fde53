// Package leak holds tests about what readers learn: nothing from what they may not see, and the same on every path.
//
// # Worlds
//
// Two systems are made from one script with fixed ids, randomness and clock. One lacks a hidden thing and spends the same
// ids: a whole record, a version under way, a raised section or item, fields of a higher tier, what an old edition showed
// before it was narrowed. Every reader who may not see it asks both systems everything there is to ask, and compares
// status, headers, bytes, order and the number of SQL statements. What may be asked is derived from the contract of the
// API: a new operation is asked at once, and a parameter that this package has no values for fails the test.
//
// What is not compared is written down beside the reason: the id of a request; for those who oversee every record, the
// heads they may know; in the log of an organization's own decisions, the place in the whole sequence; in a feed, the
// hash of what its readers once were shown.
//
// # Drawn worlds
//
// Beside the script that a person wrote, a seed draws worlds: records of every tier, with raised items and sections, fields
// above the floor, conditions that make fields members', recipients, exclusions, every course that a record can take, and
// one hidden thing, which the twin lacks. Questions are drawn too: those of the contract, and searches, exports and
// suggestions made of the words, codes, dates and numbers of what is hidden and of all else. How many answers are
// compared is set by make leak N=…; a difference names the seed and the shortest question that shows it.
//
// Some learn rightly, and are no observers of that secret: publishers have a card of what is quarantined, because they
// assign who looks at it; an administrator who broke the glass reads the record for an hour, and after it nothing.
//
// # Time
//
// Questions for a word that only hidden things hold take as long as for one that is nowhere: both are asked in turns, of
// what is behind another wall as of what was taken away, and compared by rank. A word that was taken away stayed in the
// list that suggestions are made from and took a fifth longer; it is forgotten now when it is first found to be nowhere.
// The first who asks may still be answered later, once.
//
// # Cases
//
// The world of policies/cases is built into a system by the commands that people take, and what it says about who may do
// and see what is read by every path: the API, the lists, the search, the export, the feeds. What a reader finds on one
// path is found on all.
//
// Both are shown to notice: leaks and mistakes are planted, one at a time and by name, and each must be found.
//
// The package has no code that runs.
package leak
