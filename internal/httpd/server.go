package httpd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"bioincident/api"
	"bioincident/api/gen"
	"bioincident/internal/auth"
	"bioincident/internal/catalog"
	"bioincident/internal/identity"
	"bioincident/internal/message"
	"bioincident/internal/store"
	"bioincident/internal/web"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
)

// Settings are what an operator may change. Zero values of a Rate lift that limit.
type Settings struct {
	TrustedProxies []string      // networks whose X-Forwarded-For is believed; none by default
	MaxBody        int64         // bytes of a JSON body
	MaxUpload      int64         // bytes of an import
	Timeout        time.Duration // of a request that is not a stream
	Idle           time.Duration // after which a stream whose other end does nothing is ended
	PerToken       Rate
	PerAddress     Rate // IPv6 by /64
}

// Rate is a bucket: so many requests at once, and so many a second after that.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Defaults are settings that honest use does not feel.
func Defaults() Settings {
	return Settings{
		MaxBody: 2 * schema.MostBytes, MaxUpload: 512 << 20, Timeout: 30 * time.Second, Idle: time.Minute,
		PerToken: Rate{PerSecond: 200, Burst: 1000}, PerAddress: Rate{PerSecond: 200, Burst: 1000},
	}
}

// Deps is what the server is made of.
type Deps struct {
	Workflow *workflow.Workflow
	Catalog  *catalog.Catalog
	Auth     *auth.Auth
	Schema   *schema.Schema
	Message  *message.Catalogue
	Store    *store.Store
	Log      *slog.Logger
	Random   io.Reader // for ids of requests
	Settings Settings
	Notice   string // "" or what this installation says of itself on every answer: the id of a message, or words
	Spool    string // directory for uploads on their way; "" is that of the system
	// Health gives further checks of readiness: of the word indexes and of what keeps them. Nil: there are none.
	Health func(ctx context.Context) []api.Check
	Index  api.Index
	// Site is the pages. Nil: there are none.
	Site *web.Site
	// Contract is what the routes are compared with and requests are read by. Nil: it is read anew, which takes a while.
	Contract *api.Contract
}

// Server is the handler of every request, with what it is made of.
type Server struct {
	Deps
	contract *api.Contract
	engine   *gin.Engine
	tokens   *limiter
	peers    *limiter
}

// New makes the server and compares its routes with the contract.
func New(d Deps) (*Server, error) {
	if d.Contract != nil {
		return newServer(d, d.Contract)
	}
	contract, err := api.LoadContract()
	if err != nil {
		return nil, err
	}
	return newServer(d, contract)
}

func newServer(d Deps, contract *api.Contract) (*Server, error) {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		Deps: d, contract: contract,
		tokens: newLimiter("token", d.Settings.PerToken), peers: newLimiter("address", d.Settings.PerAddress),
	}
	secret, err := d.Store.Secret(context.Background(), "cursors")
	if err != nil {
		return nil, err
	}
	handlers, err := api.New(api.Deps{
		Workflow: d.Workflow, Catalog: d.Catalog, Schema: d.Schema, Message: d.Message, Contract: contract,
		Ready: s.ready, Index: d.Index, Spool: d.Spool, Notice: d.Notice, Secret: secret,
	})
	if err != nil {
		return nil, err
	}
	if s.engine, err = s.route(handlers); err != nil {
		return nil, err
	}
	var served []string
	for _, r := range s.engine.Routes() {
		if !s.isPage(r.Path) {
			served = append(served, r.Method+" "+r.Path)
		}
	}
	if err := contract.Compare(served, policies.Actions()); err != nil {
		return nil, err
	}
	return s, nil
}

// route builds the engine.
func (s *Server) route(handlers gen.StrictServerInterface) (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	if err := engine.SetTrustedProxies(s.Settings.TrustedProxies); err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.ContextWithFallback = true
	engine.Use(s.begin, s.recover, s.head, s.limitAddress)
	engine.NoRoute(func(c *gin.Context) { s.refuse(c, noRoute()) })
	engine.NoMethod(func(c *gin.Context) { s.refuseAs(c, noMethod(), http.StatusMethodNotAllowed) })
	strict := gen.NewStrictHandlerWithOptions(handlers, nil, gen.StrictGinServerOptions{
		RequestErrorHandlerFunc:  s.unread,
		HandlerErrorFunc:         s.refuse,
		ResponseErrorHandlerFunc: s.broken,
	})
	if s.Site != nil {
		s.Site.Mount(engine, s.refuse)
	}
	contract := engine.Group("", s.match, s.identify, s.limitToken, s.form, s.cache)
	gen.RegisterHandlersWithOptions(table{contract}, strict, gen.GinServerOptions{
		ErrorHandler: func(c *gin.Context, err error, _ int) { s.unread(c, err) },
	})
	return engine, nil
}

// isPage tells whether a route is one of the pages, which keep a table of their own.
func (s *Server) isPage(path string) bool { return s.Site != nil && s.Site.Has(path) }

// forPeople tells whether a request is answered with a page: one for a page, or for what there is not, by a browser.
func (s *Server) forPeople(c *gin.Context) bool {
	if c.FullPath() != "" || s.Site == nil {
		return s.isPage(c.FullPath())
	}
	return strings.Contains(c.GetHeader("Accept"), "text/html") && !strings.HasPrefix(c.Request.URL.Path, "/api/")
}

// table registers what answers GET for HEAD too: the same headers, no body.
type table struct{ *gin.RouterGroup }

// GET registers both.
func (t table) GET(path string, handlers ...gin.HandlerFunc) gin.IRoutes {
	t.RouterGroup.HEAD(path, handlers...)
	return t.RouterGroup.GET(path, handlers...)
}

// Handler gives the handler of every request.
func (s *Server) Handler() http.Handler { return s.engine }

// NewServer gives an http.Server with the timeouts that the handler counts on. Streams lift those for body and answer and
// watch themselves.
func NewServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

type trustKey struct{}

// Trusted gives the context of connections that are trusted for what they are, and the way in that the ledger records for
// them.
func Trusted(ctx context.Context, via identity.Via) context.Context {
	return context.WithValue(ctx, trustKey{}, via)
}

func trusted(ctx context.Context) (identity.Via, bool) {
	via, ok := ctx.Value(trustKey{}).(identity.Via)
	return via, ok
}
