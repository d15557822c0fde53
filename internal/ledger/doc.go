// Package ledger is the log of decisions and the feeds, as pure data: how an entry is hashed, chained and verified.
//
// The ledger is one append-only, gapless, hash-chained sequence of accepted changes, written by store in the same
// transaction as the change. Readers never see its positions: they follow feeds, one for the public and one for
// members, so that no gap tells of what they may not read.
package ledger
