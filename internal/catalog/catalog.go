package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/message"
	"bioincident/internal/store"
	"bioincident/policies"
	"bioincident/schema"
	"bioincident/search"
)

// Index is the word index as the catalog asks it.
type Index interface {
	Search(ctx context.Context, who policies.Audience, q search.Query) (search.Result, error)
	Suggest(ctx context.Context, who policies.Audience, in search.SuggestIn) ([]search.Suggestion, error)
}

// Follower keeps the index equal to the stored views.
type Follower interface {
	// CaughtUp waits until the index of a tier is complete up to a feed position.
	CaughtUp(ctx context.Context, tier schema.Tier, position int64) error
	// Position gives the feed position up to which the index of a tier is complete; -1 while it is built.
	Position(tier schema.Tier) int64
	// Narrowed gives the feed position of a tier up to which nothing is found that was narrowed or taken away.
	Narrowed(tier schema.Tier) int64
}

// Deps is what a Catalog is built from.
type Deps struct {
	Store    *store.Store
	Schema   *schema.Schema
	Message  *message.Catalogue
	Index    Index
	Follower Follower
	Checks   *incident.Checks // names the criteria in exports; nil leaves them unnamed
}

// Catalog answers readers. It may be used by many goroutines.
type Catalog struct{ Deps }

// New makes a Catalog.
func New(d Deps) *Catalog { return &Catalog{Deps: d} }

// MostListed is the largest page.
const MostListed = 200

func pageLimit(limit, usual int) (int, error) {
	switch {
	case limit == 0:
		return usual, nil
	case limit < 0 || limit > MostListed:
		return 0, fault.New(fault.Invalid, "limit.range", "most", MostListed)
	}
	return limit, nil
}

// notFound is one answer for what is hidden and what never existed.
func notFound() error { return fault.New(fault.NotFound, "incident.not_found") }

// reader is who reads, at a moment.
type reader struct {
	policies.Audience
	now int64
}

func (c *Catalog) reader(who identity.Principal) reader {
	return reader{policies.AudienceOf(who), int64(c.Store.Clock())}
}

// tier is the wall behind which a reader searches, lists and exports.
func (r reader) tier() schema.Tier {
	if r.Members {
		return schema.Members
	}
	return schema.Public
}

// tiers are the tables in which a reader looks for a record, highest first.
func (r reader) tiers() []schema.Tier {
	var tiers []schema.Tier
	if len(r.Orgs) > 0 || len(r.Records) > 0 {
		tiers = append(tiers, schema.Named)
	}
	if r.Members || len(r.Records) > 0 {
		tiers = append(tiers, schema.Members)
	}
	return append(tiers, schema.Public)
}

// sees tells whether a reader may be given this very row. It is asked of every row that leaves this package.
func (r reader) sees(v store.StoredView) bool {
	if r.Breaks(v.Record, r.now) {
		return true
	}
	tier, ok := r.Tier(v.Tier, v.Owner, v.Recipients)
	return ok && tier >= v.Tier
}

// Vocabulary gives a list of terms; NotFound vocabulary.not_found.
func (c *Catalog) Vocabulary(list string) (*schema.Vocabulary, error) {
	v, ok := c.Schema.Vocabulary(list)
	if !ok {
		return nil, fault.New(fault.NotFound, "vocabulary.not_found")
	}
	return v, nil
}

// Vocabularies gives the names of all lists, sorted.
func (c *Catalog) Vocabularies() []string { return c.Schema.Lists() }

// shown is what is read of a view besides its bytes.
type shown struct {
	Identity identified       `json:"identity"`
	Derived  incident.Derived `json:"derived"`
}

type identified struct {
	Collection  *incident.Collection  `json:"collection"`
	ExternalIDs []incident.ExternalID `json:"external_ids"`
}

// whole is all of a view: a document is decoded once, whatever is asked of it.
type whole struct {
	incident.Body
	Derived incident.Derived `json:"derived"`
}

func (w whole) shown() shown {
	return shown{identified{w.Identity.Collection, w.Identity.ExternalIDs}, w.Derived}
}

func decoded[T any](v store.StoredView) (T, error) {
	var out T
	if err := json.Unmarshal(v.Bytes, &out); err != nil {
		return out, fmt.Errorf("a stored view cannot be read: %w", err)
	}
	return out, nil
}

// reading puts a stored view into words of a language.
func (c *Catalog) reading(v store.StoredView, lang string) (Reading, error) {
	if v.Tombstone != "" {
		r := readingOf(v)
		r.Unit, r.Owner = "", "" // whose it was may have been taken back with the rest
		r.Tombstone = tombstoneOf(v)
		r.ETag = etag(r, lang)
		return r, nil
	}
	s, err := decoded[shown](v)
	if err != nil {
		return Reading{}, err
	}
	return c.worded(v, s, lang), nil
}

func readingOf(v store.StoredView) Reading {
	return Reading{ID: v.Record, Edition: v.Edition, Current: v.Current, Tier: v.Tier, Bytes: v.Bytes, Hash: v.Hash,
		Unit: v.Unit, Published: v.Published, Owner: v.ShownOwner}
}

// worded puts what was read of a view into words of a language.
func (c *Catalog) worded(v store.StoredView, s shown, lang string) Reading {
	r := readingOf(v)
	r.Title = c.Message.Title(c.Schema, s.Derived.Title, lang)
	r.Facts = c.Message.Title(c.Schema, s.Derived.Facts, lang)
	r.Cause, r.Reference, r.ReferenceIs = s.Derived.Cause, s.Derived.ReferenceDate, s.Derived.ReferenceIs
	for _, id := range s.Identity.ExternalIDs {
		r.ExternalIDs = append(r.ExternalIDs, ExternalID{Scheme: id.Scheme, Value: id.Value})
	}
	if s.Identity.Collection != nil {
		r.Licence = s.Identity.Collection.Licence
	}
	r.ReviewDepth = reviewDepth(v.Codes)
	r.ETag = etag(r, lang)
	return r
}

func tombstoneOf(v store.StoredView) *Tombstone {
	if v.Tombstone == "" {
		return nil
	}
	var said struct {
		Until time.Time `json:"until"`
	}
	t := &Tombstone{What: v.Tombstone, Reason: v.Reason, MergedInto: v.MergedInto}
	if json.Unmarshal(v.Bytes, &said) == nil && !said.Until.IsZero() {
		t.Until = incident.Micros(said.Until.UnixMicro())
	}
	return t
}

func reviewDepth(codes []byte) string {
	var c struct {
		Depth []string `json:"review_depth"`
	}
	if json.Unmarshal(codes, &c) != nil || len(c.Depth) == 0 {
		return ""
	}
	return c.Depth[0]
}

// etag changes whenever anything that is served does: the view, and the words composed from it.
func etag(r Reading, lang string) string {
	sum := sha256.New()
	for _, part := range []string{r.Hash, lang, r.Title, r.Facts, r.Owner, r.ReviewDepth, r.Tier.String()} {
		sum.Write([]byte(part))
		sum.Write([]byte{0})
	}
	if r.Current {
		sum.Write([]byte{1})
	}
	for _, n := range r.Notes {
		sum.Write([]byte(n.ID))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// A cursor is opaque to those who are given it.
func writeCursor(key any) string {
	data, err := json.Marshal(key)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func readCursor(cursor string, key any) error {
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(data, key)
	}
	if err != nil {
		return fault.New(fault.Invalid, "cursor.invalid").Because(err)
	}
	return nil
}

// errWall tells that a snapshot did not give a view twice to the same reader.
var errWall = errors.New("a view from behind a wall")
