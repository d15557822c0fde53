package fault

import (
	"errors"
	"fmt"
	"sort"
	"strings"
)

// Kind is the class of a failure. The order of refusals towards a caller is fixed:
// Unauthenticated, NotFound, Forbidden, PreconditionRequired, Stale, Invalid.
type Kind uint8

// The kinds, each with the HTTP status that httpd gives it.
const (
	Internal             Kind = iota // 500, text withheld
	Unauthenticated                  // 401
	NotFound                         // 404, the same for hidden and for never existed
	Forbidden                        // 403
	PreconditionRequired             // 428
	Stale                            // 412
	Invalid                          // 422
	Conflict                         // 409
	Malformed                        // 400
	TooLarge                         // 413
	MediaType                        // 415
	TooMany                          // 429
	Unavailable                      // 503
)

// Field is one wrong place of an input: a JSON pointer (or file:line:column), a code and its parameters.
type Field struct {
	Pointer string         `json:"pointer"`
	Code    string         `json:"code"`
	Params  map[string]any `json:"params,omitempty"`
}

// Fault is an error with a kind, a code and parameters.
type Fault struct {
	Kind   Kind
	Code   string
	Params map[string]any
	Fields []Field
	cause  error
}

// New makes a fault. The pairs are parameters: name, value, name, value.
func New(kind Kind, code string, pairs ...any) *Fault {
	return &Fault{Kind: kind, Code: code, Params: params(pairs)}
}

func params(pairs []any) map[string]any {
	if len(pairs) == 0 {
		return nil
	}
	if len(pairs)%2 != 0 {
		panic("fault: parameters come in pairs")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

// Because keeps the cause for the log and for errors.Is and As.
func (f *Fault) Because(err error) *Fault {
	f.cause = err
	return f
}

// At adds one wrong place.
func (f *Fault) At(pointer, code string, pairs ...any) *Fault {
	f.Fields = append(f.Fields, Field{Pointer: pointer, Code: code, Params: params(pairs)})
	return f
}

// Error gives the code, its parameters and the cause: words for a log, not for a reader.
func (f *Fault) Error() string {
	var b strings.Builder
	b.WriteString(f.Code)
	names := make([]string, 0, len(f.Params))
	for name := range f.Params {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&b, " %s=%v", name, f.Params[name])
	}
	for _, field := range f.Fields {
		fmt.Fprintf(&b, "; %s %s", field.Pointer, field.Code)
	}
	if f.cause != nil {
		fmt.Fprintf(&b, ": %v", f.cause)
	}
	return b.String()
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.cause }

// Of gives the fault inside an error. An error that holds none is Internal; nil stays nil.
func Of(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return New(Internal, "internal").Because(err)
}

// Is tells whether an error holds a fault of this kind.
func Is(err error, kind Kind) bool {
	return err != nil && Of(err).Kind == kind
}
