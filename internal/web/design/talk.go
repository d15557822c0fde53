package design

import "time"

// Talk: what people say about a version, and what changed between two.

// Comment is what somebody said, perhaps about one field.
type Comment struct {
	ID           string // anchor
	By           string // the role where the reader may not know the person
	Organization string
	At           time.Time
	About        Link // the field; empty: the whole
	Lang         string
	Words        string
	Settled      bool
	Actions      Actions
	Replies      []Comment
}

// Thread is a conversation.
type Thread []Comment

// Template names the partial.
func (Thread) Template() string { return "thread" }

// Change is one field that differs. Before and After mark the words that went and came; After empty: the field was removed,
// Before empty: it is new.
type Change struct {
	Label         string
	Lang          string
	Before, After []Part
}

// Diff shows what changed. It reads without colour: what went is struck and named, what came is underlined and named.
type Diff struct {
	From, To string // the two editions, in words
	Changes  []Change
}

// Template names the partial.
func (Diff) Template() string { return "diff" }
