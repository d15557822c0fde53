package workflow

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/store"
	"bioincident/schema"
)

// NoteIn is a notice beside a record.
type NoteIn struct {
	Tier  schema.Tier       // who is shown it: readers of this tier and those above; not below the record's marking
	Code  string            // one of NoteCodes
	Words map[string]string // UN language → what is to be said besides; may be empty
}

const mostNote = 1000 // characters in one language

// NoteCodes lists what a caution note may say by its code: note.CODE of the catalogue.
func NoteCodes() []string {
	return []string{"disputed", "source_withdrawn", "figures_may_change", "under_correction"}
}

// Note sets a dated notice beside a record: shown with every edition, part of none.
func (w *Workflow) Note(ctx context.Context, who identity.Principal, id string, in NoteIn) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionNote); err != nil {
			return err
		}
		if _, err := s.recordStep(incident.ActionNote); err != nil {
			return err
		}
		if err := checkNote(s, in); err != nil {
			return err
		}
		ref, err := w.newID()
		if err != nil {
			return err
		}
		note := store.Note{ID: ref, Record: s.record.ID, Tier: in.Tier, Code: in.Code, Words: in.Words, Person: c.who.Person,
			Org: c.who.Org, Since: c.now}
		return c.noted(s, incident.ActionNote, note)
	})
}

func checkNote(s *subject, in NoteIn) error {
	invalid := fault.New(fault.Invalid, "note.invalid")
	if in.Tier < s.record.Handling.Marking {
		invalid.At("/tier", "note.tier", "marking", s.record.Handling.Marking.String())
	}
	if !slices.Contains(NoteCodes(), in.Code) {
		invalid.At("/code", "note.code")
	}
	for language, text := range in.Words {
		switch {
		case !slices.Contains(incident.Languages(), language):
			invalid.At("/words/"+escape(language), "note.language")
		case strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > mostNote:
			invalid.At("/words/"+language, "note.words", "most", mostNote)
		}
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	return nil
}

// EndNote takes a notice away. That it stood there stays in the log and the feeds.
func (w *Workflow) EndNote(ctx context.Context, who identity.Principal, id, note string) (Working, error) {
	return w.command(ctx, who, id, func(c *call, s *subject) error {
		if err := c.may(s, incident.ActionEndNote); err != nil {
			return err
		}
		if _, err := s.recordStep(incident.ActionEndNote); err != nil {
			return err
		}
		notes, err := c.tx.Notes(s.record.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(notes, func(n store.Note) bool { return n.ID == note })
		if i < 0 {
			return fault.New(fault.Conflict, "note.unknown")
		}
		notes[i].Ended = c.now
		return c.noted(s, incident.ActionEndNote, notes[i])
	})
}

// noted writes a notice, and an entry in the feed of every tier that is shown it.
func (c *call) noted(s *subject, action string, note store.Note) error {
	change := store.Change{Action: action, Version: s.current.ID, ContentHash: s.current.ContentHash, Notes: []store.Note{note},
		Views: &store.Views{}, Details: words("", "note", note.ID, "code", note.Code, "tier", note.Tier.String())}
	for _, tier := range schema.Tiers() {
		view, ok, err := c.tx.View(tier, s.record.ID, 0)
		if err != nil {
			return err
		}
		if ok && tier >= note.Tier && view.Tombstone == "" {
			change.Feed = append(change.Feed, ledger.FeedEntry{Tier: tier, Kind: ledger.FeedNoted})
		}
	}
	return c.append(s, change, withRecord)
}
