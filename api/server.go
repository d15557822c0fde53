package api

import (
	"context"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"bioincident/api/gen"
	"bioincident/internal/auth"
	"bioincident/internal/catalog"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/message"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// Deps is what the handlers call.
type Deps struct {
	Workflow *workflow.Workflow
	Catalog  *catalog.Catalog
	Schema   *schema.Schema
	Message  *message.Catalogue
	Contract *Contract
	Ready    func(ctx context.Context) []Check
	Index    Index
	Spool    string // directory for uploads on their way; "" is that of the system
	Notice   string // "" or what every page, export and answer says of itself: the id of a message, or words
	Secret   []byte // 64 random bytes that seal cursors, the same on every replica
}

// Check is one thing that must be so for requests to be served.
type Check struct {
	Name string
	OK   bool
	Why  string // code under "problem.", "" when it is so
}

// Index is the search index as those see it who run the installation. A nil function is refused.
type Index struct {
	Status  func(ctx context.Context) ([]IndexTier, error)
	Rebuild func(ctx context.Context, tell Tell) ([]LeftOut, error)
	Check   func(ctx context.Context, tell Tell) (IndexFindings, error)
}

// Tell is told how many records of a tier are done, and how many there are about.
type Tell func(tier schema.Tier, done, total int64)

// IndexTier is how the index of a tier is.
type IndexTier struct {
	Tier     schema.Tier
	Position int64         // of the feed, up to which it is complete; -1 while it is built
	Head     int64         // of the feed
	Behind   time.Duration // age of the oldest entry of the feed that is not in it; 0 when there is none
	Records  int64         // that it can find
	Left     []LeftOut     // that it cannot
}

// LeftOut is a record that could not be indexed.
type LeftOut struct {
	Tier schema.Tier
	ID   string // id@edition
	Why  string // code under "problem."
}

// IndexFindings are what is wrong with the index: how many things, and the first of them.
type IndexFindings struct {
	Total int64
	First []IndexFinding
}

// IndexFinding is something in which the index differs from a stored view.
type IndexFinding struct {
	Tier schema.Tier
	ID   string // "" when there is no such record
	Part string // words, columns
	What string // missing, other, extra
}

// Server holds the handlers; it implements gen.StrictServerInterface.
type Server struct {
	Deps
	reference reference
	cursors   Cursors
}

// New makes the handlers.
func New(d Deps) (*Server, error) {
	page, err := newReference(d.Contract, d.Notice)
	if err != nil {
		return nil, err
	}
	sealed, err := NewCursors(d.Secret)
	if err != nil {
		return nil, err
	}
	return &Server{Deps: d, reference: page, cursors: sealed}, nil
}

// request is what every handler needs to know of the one who asks.
type request struct {
	ctx  context.Context
	who  identity.Principal
	lang string
	id   string // of the request
}

// asked takes it out of the context that the generated server passes on, which is gin's and must not be kept: it is
// used again for another request.
func asked(ctx context.Context) request {
	if c, ok := ctx.(*gin.Context); ok {
		ctx = c.Request.Context()
	}
	about, _ := ctx.Value(aboutKey{}).(About)
	if about.Lang == "" {
		about.Lang = "en"
	}
	return request{ctx: ctx, who: auth.Who(ctx), lang: about.Lang, id: about.ID}
}

// About is what httpd found out of a request: its id, and the language of words in the answer.
type About struct{ ID, Lang string }

type aboutKey struct{}

// WithAbout gives a context that carries it.
func WithAbout(ctx context.Context, a About) context.Context {
	return context.WithValue(ctx, aboutKey{}, a)
}

// AboutOf gives it back.
func AboutOf(ctx context.Context) About {
	about, _ := ctx.Value(aboutKey{}).(About)
	return about
}

// revision reads If-Match. None at all is revision 0, which workflow refuses after it has decided: 428 comes after 404
// and 403.
func revision(header string) (workflow.Revision, error) {
	if header == "" {
		return 0, nil
	}
	text, ok := strings.CutPrefix(header, `"r`)
	if ok {
		text, ok = strings.CutSuffix(text, `"`)
	}
	if !ok {
		return 0, fault.New(fault.Malformed, "request.if_match").At("/header/If-Match", "request.if_match")
	}
	rev, err := workflow.ParseRevision(text)
	if err != nil || rev == 0 {
		return 0, fault.New(fault.Malformed, "request.if_match").At("/header/If-Match", "request.if_match").Because(err)
	}
	return rev, nil
}

func etag(rev workflow.Revision) string {
	if rev == 0 {
		return ""
	}
	return `"r` + rev.String() + `"`
}

// moment gives a time of the contract; no moment is the zero time, which is left out.
func moment(m incident.Micros) time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(m)).UTC()
}

func micros(t time.Time) incident.Micros {
	if t.IsZero() {
		return 0
	}
	return incident.Micros(t.UnixMicro())
}

// list gives [] and never null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

func each[T, U any](items []T, f func(T) U) []U {
	out := make([]U, len(items))
	for i, item := range items {
		out[i] = f(item)
	}
	return out
}

// note gives the note of a body that may be missing.
func note(body *gen.NoteIn) string {
	if body == nil {
		return ""
	}
	return body.Note
}
