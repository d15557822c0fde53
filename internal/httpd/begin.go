package httpd

import (
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"bioincident/api"
	"bioincident/internal/auth"
	"bioincident/internal/fault"
)

// Keys under which a request carries what middlewares tell each other.
const (
	keyOperation = "operation"
	keyCode      = "code"  // of the problem it was answered with
	keyCause     = "cause" // the error behind it, for the log alone
	keySigned    = "signed"
)

// begin gives the request its id and language, and writes its one log event when it is done.
func (s *Server) begin(c *gin.Context) {
	started := s.Store.Clock()
	about := api.About{ID: s.requestID(), Lang: s.language(c)}
	c.Request = c.Request.WithContext(api.WithAbout(c.Request.Context(), about))
	c.Header("X-Request-Id", about.ID)
	c.Header("Content-Language", about.Lang)
	c.Next()

	status := c.Writer.Status()
	attributes := []slog.Attr{
		slog.String("request", about.ID), slog.String("method", c.Request.Method), slog.String("route", c.FullPath()),
		slog.Int("status", status), slog.Int("bytes", max(c.Writer.Size(), 0)),
		slog.Duration("took", time.Duration(s.Store.Clock()-started)*time.Microsecond),
	}
	if who := auth.Who(c.Request.Context()); !who.Anonymous() {
		attributes = append(attributes, slog.String("who", who.Name()), slog.String("via", string(who.Via)))
	}
	if code := c.GetString(keyCode); code != "" {
		attributes = append(attributes, slog.String("code", code))
	}
	level := slog.LevelInfo
	if cause, ok := c.Get(keyCause); ok && status >= http.StatusInternalServerError {
		level = slog.LevelError
		attributes = append(attributes, slog.Any("error", cause))
	}
	s.Log.LogAttrs(c.Request.Context(), level, "request", attributes...)
}

func (s *Server) requestID() string {
	var data [8]byte
	if _, err := io.ReadFull(s.Random, data[:]); err != nil {
		return "no-randomness"
	}
	return hex.EncodeToString(data[:])
}

// language is that of ?lang=, else of Accept-Language, else English. A language that is none of the six is refused later,
// with every other value that the contract does not know.
func (s *Server) language(c *gin.Context) string {
	switch lang := c.Query("lang"); lang {
	case "ar", "zh", "en", "fr", "ru", "es":
		return lang
	}
	return s.Message.Match(c.GetHeader("Accept-Language"))
}

// recover answers for a handler that panicked.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		problem := recover()
		if problem == nil {
			return
		}
		if problem == http.ErrAbortHandler { //nolint:errorlint // net/http panics with this very value
			panic(problem)
		}
		s.Log.ErrorContext(c.Request.Context(), "panic", "request", api.AboutOf(c.Request.Context()).ID,
			"panic", problem, "stack", string(debug.Stack()))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler) // the answer is torn: let the other end see that
		}
		s.refuse(c, fault.New(fault.Internal, "internal"))
	}()
	c.Next()
}

// head sets what every answer says. Whoever may be answered from a cache is told later.
func (s *Server) head(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Authorization, Accept-Language, Accept")
	if c.Request.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
	if s.Notice != "" {
		h.Set("Bid-Notice", s.Message.Say("en", s.Notice, nil)) // a header holds ASCII only
	}
	c.Next()
}
