// Package auth proves who is asking; it knows nothing of what they may do.
//
// # Tokens
//
// A token is "bid_", 32 random characters and a checksum of six, so that a scanner finds a leaked one and a mistyped one
// is refused before the database is asked. Only its SHA-256 is kept. Every reason for refusing a token gives the same
// answer. A person's status, the organization's status and the memberships are read on every request: suspending an
// organization or ending a role works at the next one.
//
// # Passwords
//
// A password is 12 to 256 characters in Unicode's NFC; nothing is asked about which. It is refused when too little is left
// of it once everything that is tried first was taken out: the person's own names, the commonest words however they are
// spelt, runs of keys. That is a rule, not a list of leaked passwords: such a list is large, old the day it is copied, and
// holds "dragon1234" but not "dragon1235". It is kept as argon2id with the parameters RFC 9106 recommends where memory is
// limited; each hash takes 64 MiB, so only as many are worked on at once as fit what the operator allows, and who waits for
// longer than a few seconds is sent away: signing in is no way to take the server's memory.
//
// Who does not exist, has no password or gives a wrong one gets one answer, after one statement and one hash of the same
// cost.
//
// # Slowing down, and whom not
//
// After five tries of one handle from one address the next has to wait, twice as long each time, up to a quarter of an hour;
// one address, of IPv6 one /64, tries thirty handles at once and one every two seconds after that. Nobody can lock
// somebody else out: no count is of a handle alone, so what a stranger does at their address keeps the person at hers
// from nothing. The price is that guessing from very many addresses is not slowed as a whole; against that stand the
// length of passwords and the cost of a hash. Counts are of this process and end with it.
//
// # Sessions
//
// The cookie holds a random token, the table its SHA-256. A session lives for twelve hours and for two without a request, by
// the store's clock. What a person is, and as which organization, is read at every request as for tokens. A new session
// begins at every sign-in and is put into the table by that alone: changing one that was ended meanwhile (by its person, by
// a new password, by an administrator) does not bring it back. That a session was used is noted once a minute, in the
// background, so that showing a page writes nothing.
//
// # Links
//
// A link proves once who somebody is: a person who was invited, one who needs a new password, the first administrator. It
// holds a token like any other, of which the hash is kept; a person has one at a time. Forged, used, replaced and expired
// are the same. Who may make links is decided in workflow.
package auth
