package web

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/unicode/norm"

	"bioincident/api"
	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/web/design"
)

// mostForm is how many bytes of a form are read. Sheets are sent to where imports begin, which reads them itself.
const mostForm = 2 << 20

// longestPage is how long a page may take to be made.
const longestPage = 30 * time.Second

// request is one request for a page, on its way to an answer.
type request struct {
	*http.Request
	w     http.ResponseWriter // what is written here keeps the session
	param func(name string) string
	peer  string // address of the other end
	who   identity.Principal
	voice *design.Voice
	theme string
}

// answer is what is sent: a page, or the way to another one.
type answer struct {
	page   design.Page
	status int    // 0 is 200
	to     string // where to go on, after a form
}

// serve makes the handler of a route. What it refuses, and what the route's handler refuses, becomes a page elsewhere.
func (s *Site) serve(r route, refuse func(*gin.Context, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), longestPage)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		s.head(c.Writer.Header())
		err := s.check(c, r)
		if err == nil {
			page := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { err = s.run(c, w, req, r) })
			fail := func(_ http.ResponseWriter, _ *http.Request, failed error) { err = failed }
			s.Sessions.Wrap(page, fail).ServeHTTP(c.Writer, c.Request)
		}
		if err != nil {
			refuse(c, err)
		}
	}
}

func (s *Site) run(c *gin.Context, w http.ResponseWriter, r *http.Request, route route) error {
	who, err := s.Sessions.Who(r.Context())
	if err != nil {
		return err
	}
	c.Request = c.Request.WithContext(auth.With(c.Request.Context(), who)) // for the log
	req := s.request(c, w, r, who)
	if route.signed && who.Person == "" {
		return fault.New(fault.Unauthenticated, "auth.required")
	}
	out, err := route.answer(s, req)
	if err != nil {
		return err
	}
	return s.send(req, out)
}

// head sets what every page says. What is shown to somebody who signed in is kept by nobody.
func (s *Site) head(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "+
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "same-origin") // Origin is sent with forms; "no-referrer" would make it null
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Vary", "Cookie, Accept-Language, Accept-Encoding")
}

// check refuses what comes from elsewhere and what cannot be read, and makes path parameters that no id can be into one
// that no id is.
func (s *Site) check(c *gin.Context, r route) error {
	if err := s.origin.Check(c.Request); err != nil {
		return fault.New(fault.Forbidden, "request.other_origin").Because(err)
	}
	for i, p := range c.Params {
		if len(p.Value) > longestParam || !text(p.Value) {
			c.Params[i].Value = "-"
		}
	}
	if _, err := url.ParseQuery(c.Request.URL.RawQuery); err != nil {
		return fault.New(fault.Malformed, "request.malformed").At("/query", "request.query").Because(err)
	}
	if r.method == http.MethodPost {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, mostForm)
	}
	if err := c.Request.ParseForm(); err != nil {
		return malformed(err)
	}
	for name, values := range c.Request.Form {
		if !text(name) || slices.ContainsFunc(values, func(v string) bool { return !text(v) }) {
			return fault.New(fault.Malformed, "request.malformed").At("/"+name, "request.not_text")
		}
	}
	return nil
}

const longestParam = 130

func malformed(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return fault.New(fault.Malformed, "request.malformed").Because(err)
}

// text tells whether somebody can have typed it: UTF-8 without control characters but line breaks and tabs.
func text(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f
	})
}

// value gives a field as it was typed, without blanks around it and composed.
func (r *request) value(name string) string {
	return norm.NFC.String(strings.TrimSpace(r.Form.Get(name)))
}

// next gives where to go on: a path of this host, and no other.
func (r *request) next() string {
	where, err := url.Parse(r.Form.Get("next"))
	if err != nil || where.IsAbs() || where.Host != "" || where.Opaque != "" || !strings.HasPrefix(where.Path, "/") ||
		strings.HasPrefix(where.Path, "//") || strings.Contains(where.Path, `\`) {
		return design.PathHome
	}
	return where.RequestURI()
}

func (r *request) say(id string, pairs ...any) string {
	return r.voice.Say(id, pairs...)
}

// request finds out language and colours.
func (s *Site) request(c *gin.Context, w http.ResponseWriter, r *http.Request, who identity.Principal) *request {
	lang := s.language(w, r)
	w.Header().Set("Content-Language", lang)
	c.Request = c.Request.WithContext(api.WithAbout(c.Request.Context(),
		api.About{ID: api.AboutOf(c.Request.Context()).ID, Lang: lang}))
	return &request{Request: r, w: w, param: c.Param, peer: c.ClientIP(), who: who, voice: s.design.In(lang),
		theme: cookie(r, cookieTheme, themes())}
}

// language is that of ?lang=, which is remembered, else what was chosen before, else that of the browser.
func (s *Site) language(w http.ResponseWriter, r *http.Request) string {
	chosen := r.URL.Query().Get("lang")
	if slices.Contains(incident.Languages(), chosen) {
		s.Sessions.ChooseLanguage(r.Context(), chosen)
		remember(w, r, cookieLang, chosen)
		return chosen
	}
	return cmp.Or(s.Sessions.Language(r.Context()), cookie(r, cookieLang, incident.Languages()),
		s.Message.Match(r.Header.Get("Accept-Language")))
}

// The cookies that remember how somebody likes to read. They are no secret and name nobody.
const (
	cookieLang  = "lang"
	cookieTheme = "theme"
	aYear       = 365 * 24 * time.Hour
)

func themes() []string { return []string{"light", "dark"} }

func remember(w http.ResponseWriter, r *http.Request, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(aYear.Seconds()),
		SameSite: http.SameSiteLaxMode, HttpOnly: true, Secure: r.TLS != nil})
}

// cookie gives what was remembered under a name, where it is one of some values.
func cookie(r *http.Request, name string, of []string) string {
	kept, err := r.Cookie(name)
	if err != nil || !slices.Contains(of, kept.Value) {
		return ""
	}
	return kept.Value
}

// send draws the page and sends it whole, or leads elsewhere.
func (s *Site) send(r *request, a answer) error {
	h := r.w.Header()
	h.Set("Cache-Control", "no-store")
	if a.to != "" {
		http.Redirect(r.w, r.Request, a.to, http.StatusSeeOther)
		return nil
	}
	page, err := s.page(r, a.page)
	if err != nil {
		return err
	}
	var whole bytes.Buffer
	if err := s.design.Render(&whole, design.Composed, page); err != nil {
		return err
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	if r.who.Person == "" {
		h.Set("Cache-Control", "private, no-cache")
	}
	h.Set("Content-Length", strconv.Itoa(whole.Len()))
	r.w.WriteHeader(cmp.Or(a.status, http.StatusOK))
	if r.Method != http.MethodHead {
		_, _ = r.w.Write(whole.Bytes()) // a reader that went away is seen by its connection
	}
	return nil
}

// page puts what every page has around what one has.
func (s *Site) page(r *request, p design.Page) (design.Page, error) {
	p.Lang, p.Theme = r.voice.Lang(), r.theme
	p.Path = cmp.Or(p.Path, r.URL.RequestURI())
	p.Demo = s.Notice != ""
	var err error
	p.Who, err = s.person(r)
	return p, err
}

// person says on every page who is signed in and for whom they act.
func (s *Site) person(r *request) (*design.Who, error) {
	if r.who.Person == "" {
		return nil, nil //nolint:nilnil // nobody is no error
	}
	orgs, err := s.Sessions.Orgs(r.Context())
	if err != nil {
		return nil, err
	}
	who := &design.Who{Name: r.who.Handle, Links: []design.Link{{Href: pathAccount, Label: r.say("page.account")}}}
	for _, org := range orgs {
		chosen := org.ID == r.who.Org
		if chosen {
			who.Organization = org.Name
		}
		who.Organizations = append(who.Organizations, design.Option{Value: org.Slug, Label: org.Name, Chosen: chosen})
	}
	return who, nil
}
