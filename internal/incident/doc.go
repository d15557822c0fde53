// Package incident holds what the Bio-Incident Database is about, as pure values and functions: no clock, no random
// source of its own, no I/O. Whoever calls brings the moment, the random bytes and the documents.
//
// # Three things
//
// A record is content, handling and head, and the three change apart. Content (Body) is what happened: one JSON document,
// immutable once submitted, kept as its canonical bytes (Canonical, RFC 8785) under a salted hash (NewContent). The
// salt makes the hash say nothing once the bytes are purged. Handling is who may see it: narrower at once, wider only
// with new consent; Handling.Within is that comparison, and it errs towards "wider". The head (Record, Version) is moved
// by actions.
//
// # Two state machines
//
// NextVersion and NextRecord read one table each, Drawing draws them; testdata/states.txt is the same drawing written
// by hand, and a test compares every state × every action. Who may act is not asked here (package policies).
//
//	version   draft ─submit→ submitted ─claim, assign→ in_review ─recommend (quorum met)→ reviewed ─publish→ published
//	          in_review ─request_changes→ changes_requested ─submit→ submitted
//	          in_review ─release (last claim)→ submitted
//	          submitted, in_review, reviewed ─accept→ published        classes that one action may publish
//	          submitted, in_review, reviewed ─decline→ declined
//	          reviewed ─schedule→ scheduled ─publish (by the clock, when due)→ published
//	          declined ─appeal→ in_review
//	          reviewed, scheduled ─return→ in_review
//	          submitted, in_review, changes_requested, reviewed, scheduled ─recall→ draft
//	          draft, changes_requested ─discard→ discarded             draft ─redact→ published
//	record    reserved ─publish→ live        live ─hold, quarantine→ held ─lift, clear→ live        live, held ─withdraw→ withdrawn        any but merged ─purge→ withdrawn        any ─merge→ merged
//
// # Values that say how sure they are
//
// A Date is an EDTF text; Bounds are the days it may mean, read as widely as the text allows: "~" widens by one unit each
// way, a season is read in both hemispheres, "?" is never certain. Bounds.Within answers Certainly, Possibly or No. A
// Count is an interval with its qualifier; Newest tells which stands, and Sum adds only what is of one definition and
// disjoint, and is at_least as soon as one end is open. ParseQuantity takes a source's number for what it honestly is
// and refuses the rest by code, because a guess would look like a fact.
//
// # The class of a change
//
// Class tells from the difference of two bodies what a version changes; the class decides the quorum, so nobody states
// it. Items are compared by their ids, never by position. Where in doubt the stricter class is told.
//
// # Views
//
// View is the one function from content, handling and tier to what readers of that tier get. Titles, key facts, the
// headline cause and the reference date are computed from what is left in the view (Derive), never before. Terms are the
// codes by which a record is found and by which grants cover it. Checks are rules as data. Their laws stand with them.
package incident
