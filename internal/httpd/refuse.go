package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"bioincident/api"
	"bioincident/api/gen"
	"bioincident/internal/fault"
)

const problemMedia = "application/problem+json"

// retryAfter is how many seconds whoever got 503 should wait.
const retryAfter = 2

func noRoute() error         { return fault.New(fault.NotFound, "route.not_found") }
func noMethod() *fault.Fault { return fault.New(fault.Malformed, "request.method") }

// refuse answers a request with an error, and ends it: the one place in which an error becomes an answer.
func (s *Server) refuse(c *gin.Context, err error) {
	f := s.outcome(c, err)
	s.refuseAs(c, f, api.Status(f.Kind))
}

// outcome gives the fault of an error, and sees to those that are about the connection and not about what was asked.
func (s *Server) outcome(c *gin.Context, err error) *fault.Fault {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return fault.New(fault.TooLarge, "request.too_large", "most", large.Limit).Because(err)
	case c.Request.Context().Err() != nil && errors.Is(err, context.DeadlineExceeded),
		errors.Is(c.Request.Context().Err(), context.DeadlineExceeded):
		return fault.New(fault.Unavailable, "request.timeout").Because(err)
	case errors.Is(err, context.Canceled):
		return fault.New(fault.Unavailable, "request.canceled").Because(err)
	}
	return fault.Of(err)
}

// refuseAs answers with a fault under a status.
func (s *Server) refuseAs(c *gin.Context, f *fault.Fault, status int) {
	c.Abort()
	c.Set(keyCode, f.Code)
	c.Set(keyCause, error(f))
	if c.Writer.Written() {
		return
	}
	if s.forPeople(c) && s.show(c, f, status) {
		return
	}
	about := api.AboutOf(c.Request.Context())
	problem := api.ProblemOf(s.Message, about.Lang, about.ID, f, status)
	h := c.Writer.Header()
	h.Set("Content-Type", problemMedia)
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	h.Del("Content-Length")
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", challenge(f.Code))
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(retryAfter))
	}
	c.Writer.WriteHeader(status)
	if c.Request.Method == http.MethodHead {
		c.Writer.WriteHeaderNow()
		return
	}
	s.write(c, problem)
}

// show answers with a page; false when there is none to be drawn, and nothing was written.
func (s *Server) show(c *gin.Context, f *fault.Fault, status int) bool {
	if status == http.StatusServiceUnavailable {
		c.Header("Retry-After", strconv.Itoa(retryAfter))
	}
	err := s.Site.Refuse(c, f, status)
	if err != nil {
		s.Log.ErrorContext(c.Request.Context(), "a page could not be drawn", "error", err)
	}
	return err == nil
}

func (s *Server) write(c *gin.Context, problem gen.Problem) {
	encoder := json.NewEncoder(c.Writer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(problem); err != nil {
		s.Log.DebugContext(c.Request.Context(), "a problem could not be sent", "error", err)
	}
}

func challenge(code string) string {
	if code == "auth.required" {
		return `Bearer realm="bioincident"`
	}
	return `Bearer realm="bioincident", error="invalid_token"`
}

// unread answers for a request that the generated code could not take apart, although its form was found right: what is
// wrong is told as a whole.
func (s *Server) unread(c *gin.Context, err error) {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		s.refuse(c, err)
		return
	}
	s.refuse(c, fault.New(fault.Malformed, "request.malformed").Because(err))
}

// broken answers for an answer that could not be written: with the error as long as nothing was sent.
func (s *Server) broken(c *gin.Context, err error) {
	if c.Writer.Written() {
		c.Set(keyCause, err)
		c.Set(keyCode, "answer.torn")
		return
	}
	s.refuse(c, err)
}
