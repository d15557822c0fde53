// Package follow keeps the search index equal to the stored views.
//
// There is one follower for each tier and its feed; that of the named tier, which no reader follows, is kept for this. It
// wakes when something was committed, reads the feed after the checkpoint of the index, and brings the current views of the records named
// there into the index, together with the new checkpoint. What was read once more after a crash is applied once more,
// which changes nothing.
//
// Narrowing comes first: records of which less may be seen than before are taken out of every answer at once, also when
// the follower is far behind and their new views come many batches later. Narrowed says up to which entry that is done:
// who searches compares it with the feed itself, so that a follower that stands still is noticed.
//
// An index without a checkpoint is built from the current views in the order of record numbers; the feed position is
// taken before the first view is read, so that what changes meanwhile is followed afterwards. Rebuild does the same into
// a second index while the first one serves, and puts it in its place when it is as far.
//
// What bleve cannot go on with is built anew in the same way: a word index that a full disk broke, and one of which a file
// is not what was written. The files are read through beside the following, once, after the index was opened.
//
// A record that cannot be indexed is left out and listed, and the follower goes on. An error of the database or the
// index stops nothing for good: the follower waits, longer each time, tries again, and says so in Health until it
// succeeds. Run ends when its context does, after the batch in hand.
package follow
