// Package auth proves who is asking; it knows nothing of what they may do.
//
// A token is "bid_", 32 random characters and a checksum of six, so that a scanner finds a leaked one and a mistyped one
// is refused before the database is asked. Only its SHA-256 is kept. Every reason for refusing a token gives the same
// answer. A person's status, the organization's status and the memberships are read on every request: suspending an
// organization or ending a role works at the next one.
package auth
