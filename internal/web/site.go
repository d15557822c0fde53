package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"bioincident/api"
	"bioincident/internal/auth"
	"bioincident/internal/catalog"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/message"
	"bioincident/internal/web/design"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
)

// Deps is what the pages are made of.
type Deps struct {
	Workflow  *workflow.Workflow
	Catalog   *catalog.Catalog
	Sessions  *auth.Sessions
	Passwords *auth.Passwords
	Cursors   api.Cursors
	Schema    *schema.Schema
	Message   *message.Catalogue
	Notice    string // "" or what this installation says of itself on every page
	Entrances []Entrance
}

// Entrance is a way in for whoever tries a demonstration.
type Entrance struct {
	Handle, Password string
	Words            string // who that is
	Roles            []identity.Role
}

// Site is the pages.
type Site struct {
	Deps
	design *design.Design
	origin *http.CrossOriginProtection
	table  []route
}

// route is one page, or one form that is sent.
type route struct {
	method, path string
	action       string // of policies, or public
	signed       bool   // others are led to sign in
	answer       handler
}

type handler func(*Site, *request) (answer, error)

// public is the action of what asks for no right.
const public = "public"

// New makes the pages and checks that every action in their table is one there are rules about.
func New(d Deps) (*Site, error) {
	drawn, err := design.New(d.Message, d.Schema)
	if err != nil {
		return nil, err
	}
	s := &Site{Deps: d, design: drawn, origin: http.NewCrossOriginProtection(), table: routes()}
	actions := policies.Actions()
	for _, r := range s.table {
		if r.action != public && !slices.Contains(actions, r.action) {
			return nil, fmt.Errorf("%s %s: policies knows no action %s", r.method, r.path, r.action)
		}
	}
	return s, nil
}

func routes() []route {
	return []route{
		{http.MethodGet, design.PathHome, "search.read", false, (*Site).home},
		{http.MethodGet, design.PathSearch, "search.read", false, (*Site).search},
		{http.MethodGet, pathIncident + ":id", "incident.read", false, (*Site).record},
		{http.MethodGet, "/styleguide", public, false, (*Site).styleguide},
		{http.MethodGet, design.PathSignIn, public, false, (*Site).signInForm},
		{http.MethodPost, design.PathSignIn, public, false, (*Site).signIn},
		{http.MethodPost, design.PathSignOut, public, false, (*Site).signOut},
		{http.MethodPost, design.PathActing, public, true, (*Site).act},
		{http.MethodPost, design.PathPreferences, public, false, (*Site).prefer},
		{http.MethodGet, pathAccount, public, true, (*Site).account},
		{http.MethodPost, pathPassword, public, true, (*Site).changePassword},
		{http.MethodGet, "/first/:token", public, false, (*Site).firstForm},
		{http.MethodPost, "/first/:token", public, false, (*Site).first},
		{http.MethodGet, "/invite/:token", public, false, (*Site).linkForm},
		{http.MethodPost, "/invite/:token", public, false, (*Site).useLink},
		{http.MethodGet, "/reset/:token", public, false, (*Site).linkForm},
		{http.MethodPost, "/reset/:token", public, false, (*Site).useLink},
	}
}

// Mount registers every page, and the files that pages load.
func (s *Site) Mount(engine gin.IRoutes, refuse func(*gin.Context, error)) {
	for _, r := range s.table {
		handle := s.serve(r, refuse)
		if r.method == http.MethodGet {
			engine.HEAD(r.path, handle)
		}
		engine.Handle(r.method, r.path, handle)
	}
	engine.GET(design.AssetPrefix+":name", s.asset(refuse))
	engine.HEAD(design.AssetPrefix+":name", s.asset(refuse))
}

// asset sends a file that pages load. Its name changes with its content: whoever has it need not ask again.
func (s *Site) asset(refuse func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		asset, ok := s.design.Asset(c.Param("name"))
		if !ok {
			refuse(c, fault.New(fault.NotFound, "route.not_found"))
			return
		}
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
		c.Header("Vary", "Accept-Encoding")
		if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
			c.Header("Content-Encoding", "gzip")
			c.Data(http.StatusOK, asset.ContentType, asset.Compressed)
			return
		}
		c.Data(http.StatusOK, asset.ContentType, asset.Body)
	}
}

// Pages lists the routes with their actions: METHOD PATH ACTION.
func (s *Site) Pages() []string {
	var lines []string
	for _, r := range s.table {
		lines = append(lines, r.method+" "+r.path+" "+r.action)
	}
	return lines
}

// Has tells whether a path, as the engine names it, is one of the pages.
func (s *Site) Has(path string) bool {
	return path == design.AssetPrefix+":name" || slices.ContainsFunc(s.table, func(r route) bool { return r.path == path })
}
