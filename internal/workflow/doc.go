// Package workflow changes things: one method per command, and nothing else changes anything.
//
// Every command takes the same road, inside one writing transaction:
//
//  1. the policy epoch is read; when it moved, rules, organizations and memberships are read again, so that no replica
//     decides by rights that are gone;
//  2. the record is locked and its facts are read from the row just locked;
//  3. policies decides. What the asker may not know of is answered as what never existed (incident.not_found), what they
//     may not do is Forbidden with every reason;
//  4. the revision is compared (PreconditionRequired when none was given, Stale when it moved on), then the drawing of
//     the state machine, then the checks;
//  5. one Change is appended: heads, versions, contents, signatures, views and feeds go together or not at all.
//
// Only this package loads content. What readers get is computed here, at the moment of publishing and of every change of
// handling, and stored; readers never reach further than that.
//
// An import is a batch of drafts. Its rows are taken in chunks, each one transaction, so that what is interrupted goes on
// after the last whole chunk; which import goes on is told by the digest of everything that decides what its rows say, not
// by names. A check takes the same road and gives its transaction up. An undo discards the drafts that the import
// created and nobody has touched since; everything else stays, each with a reason, and ids stay spent.
//
// Every quorum is counted inside the deciding transaction over the hashes at hand, every time. A signature that waits
// for another (narrowing, redaction, widening, withdrawal against the owner, merging) is an attestation on the version of
// the current edition, whose checklist names what it is for. What was restricted at once waits for its second person
// whatever edition comes after; a signature under a withdrawal, a merging or a purge lapses with the edition it was over.
//
// A change of handling names what shall be another and leaves the rest: nobody lets go a recipient or an exclusion by not
// naming it. Whoever decides about a published record and works at no version of it is told a revision of what was
// published alone (Standing): a version under way makes no difference to it.
package workflow
