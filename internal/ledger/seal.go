package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
)

// The first field of what is hashed says what it is, so that no entry can pass for another kind of thing.
const (
	entryKind = "bid ledger entry 1"
	feedKind  = "bid feed entry 1"
	dayKind   = "bid events day 1"
)

// chain writes fields for hashing: each as its length in decimal, a colon, its bytes and a line feed. Nothing can be
// moved from one field to the next without changing the bytes, and any language can repeat it in five lines.
type chain struct{ hash.Hash }

func newChain(kind string) chain {
	c := chain{sha256.New()}
	c.text(kind)
	return c
}

func (c chain) text(value string) {
	var buffer [24]byte
	head := append(strconv.AppendInt(buffer[:0], int64(len(value)), 10), ':')
	c.Write(head)
	c.Write([]byte(value))
	c.Write([]byte{'\n'})
}

func (c chain) number(value int64) { c.text(strconv.FormatInt(value, 10)) }

func (c chain) hex() string { return hex.EncodeToString(c.Sum(nil)) }

// Seal chains an entry to the one before: Prev becomes that one's hash ("" for the first), and Hash is the SHA-256 of
// the kind "bid ledger entry 1" and then, in this order, prev, seq, at, person, org, via, action, subject, version,
// content hash and details hash, each field as length, colon, bytes, line feed. Numbers are decimal.
func Seal(prev string, e Entry) Entry {
	c := newChain(entryKind)
	c.text(prev)
	c.number(e.Seq)
	c.number(e.At)
	for _, field := range []string{e.Person, e.Org, e.Via, e.Action, e.Subject, e.Version, e.ContentHash, e.DetailsHash} {
		c.text(field)
	}
	e.Prev, e.Hash = prev, c.hex()
	return e
}

// SealFeed chains a feed entry as Seal does: the kind "bid feed entry 1", prev, tier, no, at, record, edition, kind
// and view hash.
func SealFeed(prev string, e FeedEntry) FeedEntry {
	c := newChain(feedKind)
	c.text(prev)
	c.text(e.Tier.String())
	c.number(e.No)
	c.number(e.At)
	c.text(e.Record)
	c.number(int64(e.Edition))
	c.text(string(e.Kind))
	c.text(e.ViewHash)
	e.Prev, e.Hash = prev, c.hex()
	return e
}

// DetailsHash is the hex SHA-256 of salt ‖ canonical JSON. The salt keeps short reasons from being guessed after they
// were purged.
func DetailsHash(salt, canonicalJSON []byte) string { return salted(salt, canonicalJSON) }

// ContentHash is the hex SHA-256 of salt ‖ canonical JSON of a body.
func ContentHash(salt, canonicalJSON []byte) string { return salted(salt, canonicalJSON) }

func salted(salt, data []byte) string {
	h := sha256.New()
	h.Write(salt)
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// ViewHash is the hex SHA-256 of the bytes of a view.
func ViewHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// EventCount is one line of a day of events.
type EventCount struct {
	Kind, Person, Org, Subject string
	Count, First, Last         int64
}

// DayHash is the hash of a closed day of events, whose lines stand in the order of kind, person, org and subject.
func DayHash(day string, lines []EventCount) string {
	c := newChain(dayKind)
	c.text(day)
	for _, line := range lines {
		for _, field := range []string{line.Kind, line.Person, line.Org, line.Subject} {
			c.text(field)
		}
		c.number(line.Count)
		c.number(line.First)
		c.number(line.Last)
	}
	return c.hex()
}
