package ledger

import "bioincident/schema"

// Entry is one accepted change. Words and reasons are not in it, only their salted hash: they live in ledger details
// and can be purged while the chain still verifies. Hash covers every other field and Prev.
type Entry struct {
	Seq         int64  `json:"seq"` // from 1, without gaps
	At          int64  `json:"at"`  // microseconds UTC
	Person      string `json:"person"`
	Org         string `json:"org"`
	Via         string `json:"via"`
	Action      string `json:"action"`  // incident.submit …
	Subject     string `json:"subject"` // record id, organization id …
	Version     string `json:"version,omitempty"`
	ContentHash string `json:"content_hash,omitempty"`
	DetailsHash string `json:"details_hash,omitempty"` // hex SHA-256 of salt ‖ canonical JSON
	Prev        string `json:"prev"`
	Hash        string `json:"hash"`
}

// Details are the words of an entry: a reason, a note, parameters.
type Details struct {
	Seq  int64  `json:"seq"`
	Salt []byte `json:"salt"`
	JSON []byte `json:"json"`
}

// FeedKind is what happened to a record in the eyes of a feed's readers.
type FeedKind string

// The kinds.
const (
	FeedPublished FeedKind = "published" // first edition visible at this tier
	FeedEdition   FeedKind = "edition"
	FeedNarrowed  FeedKind = "narrowed" // same edition, less to see
	FeedTombstone FeedKind = "tombstone"
	FeedRestored  FeedKind = "restored"
	FeedNoted     FeedKind = "noted" // a notice beside it began or ended; the edition is what it was
)

// FeedEntry is one change visible at a tier: public or members. Each feed is gapless and chained by itself and reveals
// nothing of what its readers may not see.
type FeedEntry struct {
	Tier     schema.Tier `json:"tier"`
	No       int64       `json:"no"` // from 1, without gaps
	At       int64       `json:"at"`
	Record   string      `json:"record"`
	Edition  int         `json:"edition"`
	Kind     FeedKind    `json:"kind"`
	ViewHash string      `json:"view_hash,omitempty"`
	Prev     string      `json:"prev"`
	Hash     string      `json:"hash"`
}

// Head is the last entry of a chain: of the ledger or of a feed. The zero value is an empty chain. An exported Head is
// a checkpoint: whoever keeps one can later prove that nothing before it was changed or taken away.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}
