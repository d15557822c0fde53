package design

import (
	"strings"

	"bioincident/schema"
)

// Tags: one word that says what kind or state something is. Each has a sign of its own, so that it is known without colour.

// Tone is the colour of a tag or notice. It repeats what the words say.
type Tone string

// The tones.
const (
	Plain Tone = ""
	Info  Tone = "info"
	Good  Tone = "good"
	Warn  Tone = "warn"
	Bad   Tone = "bad"
)

// Tag is a word with a sign.
type Tag struct {
	Words string
	Sign  string // one character; may be empty
	Tone  Tone
}

// Template names the partial.
func (Tag) Template() string { return "tag" }

// Marking says who may see something.
type Marking struct{ Tier schema.Tier }

// Template names the partial.
func (Marking) Template() string { return "marking" }

// Words is the catalogue id of the marking.
func (m Marking) Words() string {
	return [...]string{"ui.marking.public", "ui.marking.members", "ui.marking.named"}[m.Tier]
}

// Sign is a circle that closes as fewer may see.
func (m Marking) Sign() string { return [...]string{"○", "◐", "●"}[m.Tier] }

// State says how far something is: List is version_state or record_state.
type State struct{ List, Code string }

// Template names the partial.
func (State) Template() string { return "state" }

// Tone is how the state reads: done, under way, waiting for somebody, ended.
func (s State) Tone() Tone {
	switch s.Code {
	case "published", "live":
		return Good
	case "submitted", "in_review", "reviewed", "scheduled":
		return Info
	case "changes_requested", "held":
		return Warn
	case "declined", "withdrawn":
		return Bad
	}
	return Plain
}

// Sign tells the same as Tone. Under way points forward: that mark turns round where one writes from right to left.
func (s State) Sign() string {
	return map[Tone]string{Good: "✓", Info: "»", Warn: "!", Bad: "×", Plain: "·"}[s.Tone()]
}

// Cause says how it began, with how likely that is held to be: never one without the other.
type Cause struct {
	Term       string // vocabulary cause
	Likelihood string // vocabulary likelihood; empty where it was not expressed
	Disputed   bool   // assessments differ
}

// Template names the partial.
func (Cause) Template() string { return "cause" }

// Sign is a shape for each of the four beginnings.
func (c Cause) Sign() string {
	kind, _, _ := strings.Cut(c.Term, ".")
	switch kind {
	case "natural":
		return "○"
	case "accidental":
		return "△"
	case "deliberate":
		return "◆"
	}
	return "?"
}
