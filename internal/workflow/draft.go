package workflow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/schema"
)

// draftPlan is a body that was checked and made ready outside of the transaction.
type draftPlan struct {
	body     []byte // canonical; nil leaves the body that is there
	parsed   incident.Body
	hash     string // hex SHA-256 of the canonical body, to tell unchanged from updated
	handling *HandlingIn
	external []incident.ExternalID // source row ids: what finds a record again when its source is imported again
	flags    []string              // codes of an importer, all with the prefix import.
}

// prepareDraft checks a body against the schema. Incomplete is allowed, invalid is not: the fault is Invalid
// body.invalid with a pointer per field. The pointers are relative to the body.
func (w *Workflow) prepareDraft(in Draft) (*draftPlan, error) {
	plan := &draftPlan{handling: in.Handling, flags: in.flags}
	if in.Body == nil {
		return plan, nil
	}
	if fields := w.Schema.Validate(in.Body); len(fields) > 0 {
		invalid := fault.New(fault.Invalid, "body.invalid", "count", len(fields))
		invalid.Fields = fields
		return nil, invalid
	}
	var err error
	if plan.body, err = incident.Canonical(in.Body); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(plan.body, &plan.parsed); err != nil {
		return nil, unreadable(err)
	}
	sum := sha256.Sum256(plan.body)
	plan.hash = hex.EncodeToString(sum[:])
	plan.external = sourceRows(plan.parsed)
	return plan, nil
}

// sourceRows gives the ids that are unique for one owner. Others, such as the number of a news item, stand on many
// records and are found through views.
func sourceRows(body incident.Body) []incident.ExternalID {
	ids := []incident.ExternalID{}
	for _, id := range body.Identity.ExternalIDs {
		if id.Scheme == "source_row" {
			ids = append(ids, id)
		}
	}
	return ids
}

// handling turns what people wrote into a handling. Every organization, section, item and code has to be known: a tier
// raised for a misspelled section would protect nothing.
func (c *call) handling(in HandlingIn, bodies ...[]byte) (incident.Handling, error) {
	h := incident.Handling{Marking: in.Marking, Attribution: in.Attribution, NotBefore: in.NotBefore}
	invalid := fault.New(fault.Invalid, "handling.invalid")
	if !slices.Contains(schema.Tiers(), in.Marking) {
		invalid.At("/handling/marking", "handling.marking")
	}
	list, ok := c.w.Schema.Vocabulary("attribution")
	if in.Attribution != "" && (!ok || !list.Has(in.Attribution)) {
		invalid.At("/handling/attribution", "handling.attribution", "code", in.Attribution)
	}
	h.Recipients = c.orgIDs(in.Recipients, "/handling/recipients/", invalid)
	h.Excluded = c.orgIDs(in.Excluded, "/handling/excluded/", invalid)
	var names map[string]bool
	if len(in.Tiers) > 0 {
		names = itemNames(bodies)
	}
	for name, tier := range in.Tiers {
		if !slices.Contains(c.w.Schema.Sections(), name) && !names[name] {
			invalid.At("/handling/tiers/"+escape(name), "handling.unknown_item", "name", name)
			continue
		}
		if !slices.Contains(schema.Tiers(), tier) {
			invalid.At("/handling/tiers/"+escape(name), "handling.marking")
			continue
		}
		if h.Tiers == nil {
			h.Tiers = map[string]schema.Tier{}
		}
		h.Tiers[name] = tier
	}
	if len(invalid.Fields) > 0 {
		return incident.Handling{}, invalid
	}
	return h, nil
}

func (c *call) orgIDs(slugs []string, pointer string, invalid *fault.Fault) []string {
	var ids []string
	for i, slug := range slugs {
		id, ok := c.slugs[slug]
		if !ok {
			invalid.At(pointer+itoa(i), "org.unknown", "slug", slug)
			continue
		}
		ids = append(ids, id)
	}
	return ids
}

// itemNames gives the ids of all items of bodies.
func itemNames(bodies [][]byte) map[string]bool {
	names := map[string]bool{}
	for _, body := range bodies {
		var tree any
		if json.Unmarshal(body, &tree) == nil {
			collectNames(tree, names)
		}
	}
	return names
}

func collectNames(value any, names map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		if id, ok := value["id"].(string); ok {
			names[id] = true
		}
		for _, child := range value {
			collectNames(child, names)
		}
	case []any:
		for _, child := range value {
			collectNames(child, names)
		}
	}
}

func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// Create reserves an id and keeps a first draft. The owner is the organization the person acts as. With Key, a repeated
// call gives the record of the first.
func (w *Workflow) Create(ctx context.Context, who identity.Principal, in Draft) (Working, error) {
	var id string
	if in.Body == nil {
		in.Body = []byte("{}")
	}
	plan, planErr := w.prepareDraft(in)
	err := w.write(ctx, who, func(c *call) error {
		id = ""
		if err := c.mayCreate(); err != nil {
			return err
		}
		if planErr != nil {
			return planErr
		}
		answer, known, err := c.remembered(incident.ActionCreate, in.Key)
		if err != nil || known {
			id = string(answer)
			return err
		}
		s, err := w.createOne(c, plan, "")
		if err != nil {
			return err
		}
		id = s.record.ID
		return c.remember(incident.ActionCreate, in.Key, []byte(id))
	})
	if err != nil {
		return Working{}, err
	}
	return w.Working(ctx, who, id)
}

func (c *call) mayCreate() error {
	return c.rules.Decide(c.who, incident.ActionCreate, c.ownFacts()).Fault("incident")
}

// remembered gives the answer to an earlier request of the same person for the same action under the same key.
func (c *call) remembered(action, key string) ([]byte, bool, error) {
	if key == "" {
		return nil, false, nil
	}
	return c.tx.Idempotent(action+" "+key, actor(c.who).Person)
}

func (c *call) remember(action, key string, answer []byte) error {
	if key == "" {
		return nil
	}
	return c.wtx.Remember(action+" "+key, actor(c.who).Person, answer)
}

// createOne reserves an id and keeps a draft in it. It decides, and appends one change.
func (w *Workflow) createOne(c *call, plan *draftPlan, batch string) (*subject, error) {
	if err := c.mayCreate(); err != nil {
		return nil, err
	}
	h := incident.Handling{Marking: schema.Named}
	if plan.handling != nil {
		var err error
		if h, err = c.handling(*plan.handling, plan.body); err != nil {
			return nil, err
		}
	}
	id, err := c.freeID()
	if err != nil {
		return nil, err
	}
	no, err := c.wtx.NextNo()
	if err != nil {
		return nil, err
	}
	s := &subject{record: incident.Record{ID: id, No: no, Owner: c.who.Org, Originator: c.who.Org,
		State: incident.Reserved, Handling: h, Created: c.now, Batch: batch}}
	if s.version, err = w.firstVersion(c, s, incident.Initial, plan.body, h); err != nil {
		return nil, err
	}
	s.version.Flags = plan.flags
	s.open = true
	return s, c.append(s, store.Change{Action: incident.ActionCreate, ExternalIDs: plan.external}, withRecord|withVersion)
}

// firstVersion makes a version that is not stored yet.
func (w *Workflow) firstVersion(c *call, s *subject, class incident.ChangeClass, body []byte, h incident.Handling) (incident.Version, error) {
	id, err := w.newID()
	if err != nil {
		return incident.Version{}, err
	}
	n := 1
	if s.record.Revision > 0 {
		last, err := c.tx.LastVersion(s.record.ID)
		if err != nil {
			return incident.Version{}, err
		}
		n = last + 1
	}
	return incident.Version{ID: id, Record: s.record.ID, N: n, Class: class, State: incident.Draft,
		Base: s.record.Edition, Body: body, Handling: h, Author: c.who.Person, Authors: []string{c.who.Person},
		Updated: c.now}, nil
}

// freeID draws an id that no record has or ever had. Among a million records one draw in thirty thousand is taken.
func (c *call) freeID() (string, error) {
	for {
		id, err := incident.NewID(c.prefix, c.w.Random)
		if err != nil {
			return "", err
		}
		taken, err := c.tx.Records([]string{id})
		if err != nil {
			return "", err
		}
		if len(taken) == 0 {
			return id, nil
		}
	}
}

// parts of a subject that a change writes.
type parts uint8

const (
	withRecord parts = 1 << iota
	withVersion
)

// append adds a change of a subject to the transaction, with its heads, and raises their revisions as the store does.
func (c *call) append(s *subject, change store.Change, p parts) error {
	if p&withRecord != 0 {
		record := s.record
		change.Record = &record
	}
	if p&withVersion != 0 {
		s.version.Updated = c.now
		change.Settle = append(change.Settle, s.outlived()...)
		if s.version.State != incident.Scheduled {
			s.version.PublishAt = 0
		}
		change.Version_ = s.changed()
	}
	if change.Subject == "" {
		change.Subject = s.record.ID
	}
	if change.Version == "" && s.version.ID != "" {
		change.Version = s.version.ID
	}
	if change.ContentHash == "" && s.version.ID != "" {
		change.ContentHash = s.version.ContentHash
	}
	if err := c.wtx.Append(change); err != nil {
		return err
	}
	if p&withRecord != 0 {
		s.record.Revision++
	}
	if p&withVersion != 0 {
		s.version.Revision++
		s.kept = s.version
	}
	return nil
}

// lapsed gives what was signed over the current edition and does not stand for another: a second signature would be over
// something else.
func (s *subject) lapsed() []store.WaitingKind {
	var kinds []store.WaitingKind
	for _, kind := range []store.WaitingKind{store.WaitsWithdraw, store.WaitsMerge, store.WaitsPurge, store.WaitsPurgeEdition} {
		if _, waits := s.waitsFor(kind); waits {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// changed gives the open version as it is to be stored: a working copy that is stored already is not written again.
func (s *subject) changed() *incident.Version {
	v := s.version
	switch {
	case s.kept.ID == v.ID && (s.kept.Body == nil) == (v.Body == nil) && bytes.Equal(s.kept.Body, v.Body):
		v.Body = nil
	case v.Body == nil:
		v.Body = []byte{}
	}
	return &v
}

// outlived gives what waited for somebody with the open version and does not in the state it is in now.
func (s *subject) outlived() []store.WaitingKind {
	var kinds []store.WaitingKind
	for _, waiting := range s.waits {
		over := false
		switch waiting.Kind {
		case store.WaitsSchedule:
			over = s.version.State != incident.Scheduled
		case store.WaitsAppeal, store.WaitsWiden:
			over = !s.version.State.Open() || s.version.State.Editable()
		}
		if over {
			kinds = append(kinds, waiting.Kind)
		}
	}
	return kinds
}

// words are the details of a change: a note, a reason, and what else belongs there. Nothing said is no details.
func words(note string, pairs ...any) any {
	said := map[string]any{}
	if note != "" {
		said["note"] = note
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if text, ok := pairs[i+1].(string); ok && text == "" {
			continue
		}
		said[pairs[i].(string)] = pairs[i+1]
	}
	if len(said) == 0 {
		return nil
	}
	return said
}

// Save keeps the working copy of the open version: no ledger entry, nothing is lost. The asker becomes an author.
func (w *Workflow) Save(ctx context.Context, who identity.Principal, id string, rev Revision, in Draft) (Working, error) {
	plan, planErr := w.prepareDraft(in)
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionSave); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		if planErr != nil {
			return planErr
		}
		return w.saveOne(c, s, plan)
	})
}

// saveOne keeps a working copy. It decides; it appends nothing, because a draft is not in the ledger.
func (w *Workflow) saveOne(c *call, s *subject, plan *draftPlan) error {
	if err := c.may(s, incident.ActionSave); err != nil {
		return err
	}
	if _, err := s.step(incident.ActionSave); err != nil {
		return err
	}
	if plan.body != nil {
		s.version.Body = plan.body
	}
	if plan.handling != nil {
		h, err := c.handling(*plan.handling, s.version.Body)
		if err != nil {
			return err
		}
		s.version.Handling = h
	}
	s.version.Author = c.who.Person
	if !slices.Contains(s.version.Authors, c.who.Person) {
		s.version.Authors = append(s.version.Authors, c.who.Person)
	}
	if s.version.Flags = lasting(s.version.Flags); plan.flags != nil {
		s.version.Flags = plan.flags
	}
	if s.published {
		class, err := w.classOf(c, s)
		if err != nil {
			return err
		}
		s.version.Class = class
	}
	revision, err := c.wtx.SaveDraft(s.version)
	s.version.Revision = revision
	return err
}

// lasting gives the flags that stay whatever becomes of the body: an importer's, and who declined it.
func lasting(flags []string) []string {
	var kept []string
	for _, flag := range flags {
		if strings.HasPrefix(flag, flagImport) || strings.HasPrefix(flag, flagDeclined) || flag == flagAppealed {
			kept = append(kept, flag)
		}
	}
	return kept
}

// classOf tells the class of a working copy from its difference to the edition it started from. A handling that shows
// more than the published one is a change of handling, whatever else it changes.
func (w *Workflow) classOf(c *call, s *subject) (incident.ChangeClass, error) {
	if s.version.Base == 0 {
		return incident.Initial, nil
	}
	base, _, err := c.tx.EditionContent(s.record.ID, s.version.Base)
	if err != nil {
		return "", err
	}
	before, err := w.Schema.Upcast(base.Schema, base.Bytes)
	if err != nil {
		return "", err
	}
	return classify(before, s.version.Body, s.version.Handling, s.record.Handling)
}

// classify tells the class of a change of a published record. Taking away through review, not at once, is a correction.
func classify(before, after []byte, handling, published incident.Handling) (incident.ChangeClass, error) {
	class, _, err := incident.Class(before, after)
	if err != nil {
		return "", err
	}
	switch {
	case !handling.Within(published):
		return incident.HandlingChange, nil
	case class == incident.Redaction:
		return incident.Correction, nil
	}
	return class, nil
}

// Discard gives up a draft. The id stays spent.
func (w *Workflow) Discard(ctx context.Context, who identity.Principal, id string, rev Revision, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionDiscard); err != nil {
			return err
		}
		if err := s.at(rev); err != nil {
			return err
		}
		return w.discardOne(c, s, note)
	})
}

func (w *Workflow) discardOne(c *call, s *subject, note string) error {
	if err := c.may(s, incident.ActionDiscard); err != nil {
		return err
	}
	next, err := s.step(incident.ActionDiscard)
	if err != nil {
		return err
	}
	s.version.State = next
	change := store.Change{Action: incident.ActionDiscard, Details: words(note), Void: s.valid(""),
		Release: releases(s.inHand(), "decided"), ExternalIDs: freed(s)}
	return c.append(s, change, withRecord|withVersion)
}

// freed gives back the source row id of a record that never was published, so that its row can be imported again.
func freed(s *subject) []incident.ExternalID {
	if s.published {
		return nil
	}
	return []incident.ExternalID{}
}

func releases(assignments []incident.Assignment, why string) []store.Release {
	var out []store.Release
	for _, a := range assignments {
		out = append(out, store.Release{ID: a.ID, Why: why})
	}
	return out
}

// NewVersion opens a version of a published record, or again of one whose first attempt was declined or discarded. The
// body is that of the current edition, or of the last attempt. A situation update that waits is replaced: it goes back
// to its authors, who make one of both.
func (w *Workflow) NewVersion(ctx context.Context, who identity.Principal, id string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionNewVersion); err != nil {
			return err
		}
		return w.newVersionOne(c, s, nil)
	})
}

// newVersionOne opens a version, with a body of its own at once when a plan brings one. It decides, and appends one
// change.
func (w *Workflow) newVersionOne(c *call, s *subject, plan *draftPlan) error {
	if err := c.may(s, incident.ActionNewVersion); err != nil {
		return err
	}
	if _, err := s.recordStep(incident.ActionNewVersion); err != nil {
		return err
	}
	if s.open {
		return w.replaceWaiting(c, s, plan)
	}
	body, h, err := w.startingPoint(c, s)
	if err != nil {
		return err
	}
	class := incident.Editorial
	if !s.published {
		class = incident.Initial
	}
	if s.version, err = w.firstVersion(c, s, class, body, h); err != nil {
		return err
	}
	s.open, s.terms, s.attestations, s.assignments = true, nil, nil, nil
	change := store.Change{Action: incident.ActionNewVersion}
	if err := w.fill(c, s, plan); err != nil {
		return err
	}
	if plan != nil && !s.published {
		change.ExternalIDs = plan.external
	}
	return c.append(s, change, withRecord|withVersion)
}

// replaceWaiting takes back a situation update that nobody decided about yet.
func (w *Workflow) replaceWaiting(c *call, s *subject, plan *draftPlan) error {
	next, ok := incident.NextVersion(s.version.State, incident.ActionRecall)
	if !ok || s.version.Class != incident.SituationUpdate {
		return fault.New(fault.Conflict, "version.open_exists")
	}
	s.version.State = next
	change := store.Change{Action: incident.ActionNewVersion, Void: s.valid(""), Release: releases(s.inHand(), "decided"),
		Details: words("", "replaces", s.version.N)}
	if err := w.fill(c, s, plan); err != nil {
		return err
	}
	return c.append(s, change, withRecord|withVersion)
}

// fill puts a body brought along into a version about to be appended.
func (w *Workflow) fill(c *call, s *subject, plan *draftPlan) error {
	if plan == nil {
		return nil
	}
	if plan.body != nil {
		s.version.Body = plan.body
	}
	if plan.handling != nil {
		h, err := c.handling(*plan.handling, s.version.Body)
		if err != nil {
			return err
		}
		s.version.Handling = h
	}
	s.version.Flags = plan.flags
	if !s.published {
		return nil
	}
	class, err := w.classOf(c, s)
	s.version.Class = class
	return err
}

// startingPoint gives the body and handling of a new version.
func (w *Workflow) startingPoint(c *call, s *subject) ([]byte, incident.Handling, error) {
	if s.published {
		content, _, err := c.tx.EditionContent(s.record.ID, s.record.Edition)
		if err != nil {
			return nil, incident.Handling{}, err
		}
		body, err := w.Schema.Upcast(content.Schema, content.Bytes)
		return body, s.record.Handling, err
	}
	versions, err := c.tx.Versions(s.record.ID)
	if err != nil || len(versions) == 0 {
		return nil, incident.Handling{}, errors.Join(errNoVersion, err)
	}
	last := versions[len(versions)-1]
	return last.Body, last.Handling, nil
}
