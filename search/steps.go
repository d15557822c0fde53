package search

// dated is found by one of the three questions about time.
type dated struct{ Dated }

// counted is found by a count of deaths or cases.
type counted struct{ Counted }

// certainly is found where its step certainly is.
type certainly struct{ step step }

// unstated is found where a record has no code of a kind.
type unstated struct{ kind string }
