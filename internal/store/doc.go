// Package store is the database: the only package that knows SQL, GORM and the two dialects. It turns rows into domain
// values and back, and it promises four things about what is written.
//
// # Two doors
//
// There are two ways to write. SaveDraft changes the working copy of an open version, guarded by its revision; nobody
// but its authors sees it, and it leaves no trace. Append takes an accepted change, and every change is one entry of
// the ledger. Both need a Write, and a Write needs to know who acts. What else is written (sessions, events, the last use of a
// token, answers to be repeated) is no state of anything, so nothing can change a state past the ledger.
//
// # All or nothing, in one order
//
// Append only collects. When the function given to Write has returned, everything is written together: first the rows
// that nobody else can be waiting for, then the head of the ledger is locked, last and once, then come the heads of
// records (each remembers the position of its last entry), the entries, their details and the feeds, and the commit.
// Entries are numbered and chained under that lock, so the ledger has no gaps, and on PostgreSQL other writers wait for
// one another only for these last steps. Records are locked in the order of their ids. A transaction takes at most a
// hundred changes: on SQLite a longer one keeps the next writer waiting for seconds. When another writer was in the
// way (SQLITE_BUSY, serialization failure, deadlock, policies replaced meanwhile) the whole function runs again.
//
// Reads inside a Write therefore see the database as it was, with drafts saved, without what was appended.
//
// # Guarded heads
//
// Organizations, settings, records, versions and imports have a revision. A change names the one that was read; the row
// is updated only where it still stands there, and the number of rows affected is checked. GORM's Save is never used:
// where its condition matches nothing it inserts, and overwrites.
//
// # Views and feeds belong together
//
// What readers get is stored byte for byte, one table per tier. Whenever a view changes, is sealed, replaced by a
// tombstone or taken away, the feed of its tier has an entry with the new hash, written in the same transaction; where
// the caller names none, the store adds it. So each stored view is the one that the last entry about it names, and
// verification needs nothing else to tell that one was changed. An entry about a view that its readers never could see
// is refused. The named tier has a feed as well, for the indexer and the auditor; no reader is given it.
//
// # Two databases, one behaviour
//
// SQLite (without cgo) has one writing connection, served in order, and a pool of readers that cannot write.
// PostgreSQL has one pool. Both have the same tables, from numbered migrations; ids are text, moments microseconds,
// documents bytes, and no query looks into a document. A read is one snapshot on both. Text that one of them would
// refuse and the other take, NUL and invalid UTF-8, is refused here. Open refuses a database that does not sync what it
// acknowledges. Foreign keys are deferred to the commit, because heads are written after what hangs on them.
//
// GORM prepares no statements (PrepareStmt): the drivers do that per connection, and since GORM closes a statement with
// the transaction in which it was first used, its own cache made every later one slower (reads of fifty views: a
// quarter to a half slower on both). Its error translation is off, because on SQLite it throws away which constraint
// failed.
package store
