package ledger

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/schema"
)

// Finding is something that does not verify.
type Finding struct {
	Kind   string // entry, details, content, attestation, view, feed, events, truncated
	Where  string // ledger 17 · content 3f… · view public BID-7K3M-9Q2X@2 · feed public 5 · record … · attestation …
	Code   string // stable: ledger.entry_changed …
	Params map[string]any
}

// ActionPurge is the action of an entry after which content and details of its subject are rightly gone.
const ActionPurge = "incident.purge"

// ActionPurgeEdition is the action of an entry after which content and details of its version are rightly gone.
const ActionPurgeEdition = "incident.purge_edition"

// ActionEventsClose is the action of the entry that carries the hash of a closed day of events.
const ActionEventsClose = "events.close"

// LedgerChain is the name of the ledger among the chains that have a head; feeds are named after their tier.
const LedgerChain = "ledger"

// Line is one line of an exported ledger: exactly one of the parts is there. Lines come in the order of the parts.
type Line struct {
	Chain       *ChainHead       `json:"head,omitempty"`
	Entry       *Entry           `json:"entry,omitempty"`
	Details     *Details         `json:"details,omitempty"`
	Feed        *FeedLine        `json:"feed,omitempty"`
	Content     *ContentLine     `json:"content,omitempty"`
	Attestation *AttestationLine `json:"attestation,omitempty"`
	Record      *RecordLine      `json:"record,omitempty"`
	View        *ViewLine        `json:"view,omitempty"`
	Events      *EventsLine      `json:"events,omitempty"`
	End         *int64           `json:"end,omitempty"` // how many lines came before
}

// ChainHead is the head of the ledger or of a feed.
type ChainHead struct {
	Chain string `json:"chain"`
	Head
}

// FeedLine is a feed entry with the position of the ledger entry that it was written with.
type FeedLine struct {
	FeedEntry
	Seq int64 `json:"seq"`
}

// ContentLine is a frozen body.
type ContentLine struct {
	Hash  string `json:"hash"`
	Salt  []byte `json:"salt"`
	Bytes []byte `json:"bytes"`
}

// AttestationLine is a signature: the ledger must have an entry about the same version and content.
type AttestationLine struct {
	ID          string `json:"id"`
	Version     string `json:"version"`
	ContentHash string `json:"content_hash"`
}

// RecordLine is the position of the last entry that changed the head of a record.
type RecordLine struct {
	Record string `json:"record"`
	Seq    int64  `json:"seq"`
}

// ViewLine is a stored view.
type ViewLine struct {
	Tier    schema.Tier `json:"tier"`
	Record  string      `json:"record"`
	Edition int         `json:"edition"`
	Hash    string      `json:"hash"`
	Bytes   []byte      `json:"bytes"`
}

// EventsLine are the counted events of a day.
type EventsLine struct {
	Day   string       `json:"day"`
	Lines []EventCount `json:"lines"`
}

type sum = [sha256.Size]byte

// Verifier checks the lines of a ledger one after the other and keeps only hashes of them.
type Verifier struct {
	findings   []Finding
	checkpoint *Head
	lines      int64
	ended      bool
	heads      map[string]Head
	tips       map[string]Head // what the entries themselves end in
	details    map[int64]expected
	contents   map[string]expected // by content hash
	signed     map[sum]bool        // version and content hash that an entry names
	purged     map[string]bool     // subjects and versions
	days       map[string]string
	views      map[viewOf][]edition
}

type expected struct{ hash, subject, version string }

type viewOf struct {
	tier   schema.Tier
	record string
}

type edition struct {
	number int
	hash   string
	no     int64
}

// NewVerifier makes a verifier. A checkpoint is a head that was kept elsewhere, or nil.
func NewVerifier(checkpoint *Head) *Verifier {
	return &Verifier{checkpoint: checkpoint, heads: map[string]Head{}, tips: map[string]Head{},
		details: map[int64]expected{}, contents: map[string]expected{}, signed: map[sum]bool{},
		purged: map[string]bool{}, days: map[string]string{}, views: map[viewOf][]edition{}}
}

func (v *Verifier) find(kind, where, code string, pairs ...any) {
	f := fault.New(fault.Internal, code, pairs...)
	v.findings = append(v.findings, Finding{Kind: kind, Where: where, Code: f.Code, Params: f.Params})
}

// Line checks one line.
func (v *Verifier) Line(line Line) {
	switch {
	case line.Chain != nil:
		v.heads[line.Chain.Chain] = line.Chain.Head
	case line.Entry != nil:
		v.entry(*line.Entry)
	case line.Details != nil:
		v.detail(*line.Details)
	case line.Feed != nil:
		v.feed(*line.Feed)
	case line.Content != nil:
		v.content(*line.Content)
	case line.Attestation != nil:
		v.attestation(*line.Attestation)
	case line.Record != nil:
		v.record(*line.Record)
	case line.View != nil:
		v.view(*line.View)
	case line.Events != nil:
		v.events(*line.Events)
	case line.End != nil:
		v.ended = *line.End == v.lines
	}
	v.lines++
}

// link checks that something stands at the right place of its chain.
func (v *Verifier) link(kind, chain string, no int64, prev string) (where string) {
	tip := v.tips[chain]
	where = fmt.Sprintf("%s %d", chain, no)
	switch {
	case no != tip.Seq+1:
		v.find(kind, where, "ledger.gap", "expected", tip.Seq+1, "found", no)
	case prev != tip.Hash:
		v.find(kind, where, "ledger.chain_broken", "no", no)
	}
	return where
}

func (v *Verifier) entry(e Entry) {
	where := v.link("entry", LedgerChain, e.Seq, e.Prev)
	if Seal(e.Prev, e).Hash != e.Hash {
		v.find("entry", where, "ledger.entry_changed", "seq", e.Seq)
	}
	v.tips[LedgerChain] = Head{Seq: e.Seq, Hash: e.Hash}
	if v.checkpoint != nil && v.checkpoint.Seq == e.Seq && v.checkpoint.Hash != e.Hash {
		v.find("entry", where, "ledger.checkpoint_differs", "seq", e.Seq)
	}
	if e.DetailsHash != "" {
		v.details[e.Seq] = expected{e.DetailsHash, e.Subject, e.Version}
	}
	switch {
	case e.Action == ActionPurge:
		v.purged[e.Subject] = true
	case e.Action == ActionPurgeEdition:
		v.purged[e.Version] = true
	case e.Action == ActionEventsClose:
		v.days[e.Subject] = e.ContentHash
	case e.ContentHash != "":
		v.contents[e.ContentHash] = expected{e.ContentHash, e.Subject, e.Version}
		v.signed[signature(e.Version, e.ContentHash)] = true
	}
}

func signature(version, contentHash string) sum {
	return sha256.Sum256([]byte(version + "\n" + contentHash))
}

func (v *Verifier) detail(d Details) {
	where := fmt.Sprintf("ledger %d", d.Seq)
	want, ok := v.details[d.Seq]
	switch {
	case !ok && d.Seq > v.tips[LedgerChain].Seq:
		v.find("truncated", where, "ledger.truncated", "seq", d.Seq)
	case !ok || DetailsHash(d.Salt, d.JSON) != want.hash:
		v.find("details", where, "ledger.details_changed", "seq", d.Seq)
	}
	delete(v.details, d.Seq)
}

func (v *Verifier) content(c ContentLine) {
	where := "content " + c.Hash
	if ContentHash(c.Salt, c.Bytes) != c.Hash {
		v.find("content", where, "ledger.content_changed", "hash", c.Hash)
	}
	if _, ok := v.contents[c.Hash]; !ok {
		v.find("truncated", where, "ledger.content_without_entry", "hash", c.Hash)
	}
	delete(v.contents, c.Hash)
}

func (v *Verifier) attestation(a AttestationLine) {
	if !v.signed[signature(a.Version, a.ContentHash)] {
		v.find("attestation", "attestation "+a.ID, "ledger.attestation_without_entry", "id", a.ID,
			"hash", a.ContentHash)
	}
}

func (v *Verifier) record(r RecordLine) {
	if r.Seq > v.tips[LedgerChain].Seq || r.Seq < 1 {
		v.find("truncated", "record "+r.Record, "ledger.truncated", "seq", r.Seq, "record", r.Record)
	}
}

func (v *Verifier) feed(line FeedLine) {
	e := line.FeedEntry
	chain := e.Tier.String()
	where := "feed " + v.link("feed", chain, e.No, e.Prev)
	if SealFeed(e.Prev, e).Hash != e.Hash {
		v.find("feed", where, "ledger.feed_changed", "tier", chain, "no", e.No)
	}
	v.tips[chain] = Head{Seq: e.No, Hash: e.Hash}
	if line.Seq > v.tips[LedgerChain].Seq || line.Seq < 1 {
		v.find("truncated", where, "ledger.truncated", "seq", line.Seq, "record", e.Record)
	}
	of := viewOf{e.Tier, e.Record}
	if e.Kind == FeedTombstone {
		v.views[of] = nil // it stands for every edition
	}
	v.views[of] = slices.DeleteFunc(v.views[of], func(have edition) bool { return have.number == e.Edition })
	if e.ViewHash != "" {
		v.views[of] = append(v.views[of], edition{e.Edition, e.ViewHash, e.No})
	}
}

func (v *Verifier) view(line ViewLine) {
	where := fmt.Sprintf("view %s %s@%d", line.Tier, line.Record, line.Edition)
	of := viewOf{line.Tier, line.Record}
	at := slices.IndexFunc(v.views[of], func(e edition) bool { return e.number == line.Edition })
	changed := ViewHash(line.Bytes) != line.Hash
	switch {
	case at < 0:
		v.find("truncated", where, "ledger.view_without_feed", "record", line.Record, "edition", line.Edition)
	case changed || v.views[of][at].hash != line.Hash:
		v.find("view", where, "ledger.view_changed", "tier", line.Tier.String(), "record", line.Record,
			"edition", line.Edition, "no", v.views[of][at].no)
	}
	if at >= 0 {
		v.views[of] = slices.Delete(v.views[of], at, at+1)
	}
}

func (v *Verifier) events(line EventsLine) {
	if want, ok := v.days[line.Day]; ok && DayHash(line.Day, line.Lines) != want {
		v.find("events", "events "+line.Day, "ledger.events_changed", "day", line.Day)
	}
}

// Finish checks what can be checked only at the end, and gives everything that was found.
func (v *Verifier) Finish() []Finding {
	if !v.ended {
		v.find("truncated", "file", "ledger.file_truncated", "lines", v.lines)
	}
	v.finishHeads()
	for seq, want := range v.details {
		if !v.purged[want.subject] && !v.purged[want.version] {
			v.find("details", fmt.Sprintf("ledger %d", seq), "ledger.details_missing", "seq", seq)
		}
	}
	for hash, want := range v.contents {
		if !v.purged[want.subject] && !v.purged[want.version] {
			v.find("content", "content "+hash, "ledger.content_missing", "hash", hash, "record", want.subject)
		}
	}
	for of, left := range v.views {
		for _, e := range left {
			v.find("view", fmt.Sprintf("view %s %s@%d", of.tier, of.record, e.number), "ledger.view_missing",
				"tier", of.tier.String(), "record", of.record, "edition", e.number)
		}
	}
	slices.SortStableFunc(v.findings, func(a, b Finding) int { return strings.Compare(a.Kind, b.Kind) })
	return v.findings
}

func (v *Verifier) finishHeads() {
	chains := []string{LedgerChain}
	for _, tier := range schema.Tiers() {
		chains = append(chains, tier.String())
	}
	for _, chain := range chains {
		head, there := v.heads[chain]
		tip := v.tips[chain]
		switch {
		case !there || head.Seq > tip.Seq:
			v.find("truncated", chain+" head", "ledger.truncated", "chain", chain, "seq", head.Seq, "last", tip.Seq)
		case head != tip:
			v.find("entry", chain+" head", "ledger.head_differs", "chain", chain, "seq", head.Seq, "last", tip.Seq)
		}
	}
	if v.checkpoint != nil && v.checkpoint.Seq > v.tips[LedgerChain].Seq {
		v.find("truncated", "checkpoint", "ledger.truncated", "seq", v.checkpoint.Seq, "last", v.tips[LedgerChain].Seq)
	}
}

// VerifyExport verifies an exported ledger, line by line. A checkpoint is a head that was kept elsewhere, or nil. The
// error tells that the file could not be read, not that something in it is wrong.
func VerifyExport(r io.Reader, checkpoint *Head) ([]Finding, error) {
	v := NewVerifier(checkpoint)
	reader := bufio.NewReaderSize(r, 1<<16)
	for {
		data, err := reader.ReadBytes('\n')
		if len(data) > 0 {
			var line Line
			if err := json.Unmarshal(data, &line); err != nil {
				return nil, fault.New(fault.Malformed, "ledger.export_malformed", "line", v.lines+1).Because(err)
			}
			v.Line(line)
		}
		if errors.Is(err, io.EOF) {
			return v.Finish(), nil
		}
		if err != nil {
			return nil, err
		}
	}
}
