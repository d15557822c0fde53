package web

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"bioincident/api"
	"bioincident/internal/fault"
	"bioincident/internal/web/design"
)

// Refuse answers a request for a page with a fault: the one place in which it becomes a page. Whoever is to sign in first
// is led there, and back. It gives an error when the page cannot be drawn, and has written nothing then.
func (s *Site) Refuse(c *gin.Context, f *fault.Fault, status int) error {
	if f.Code == "auth.required" {
		back := design.PathHome
		if c.Request.Method == http.MethodGet {
			back = c.Request.URL.RequestURI()
		}
		c.Redirect(http.StatusSeeOther, design.Page{Path: back}.SignIn())
		return nil
	}
	about := api.AboutOf(c.Request.Context())
	title := api.ProblemOf(s.Message, about.Lang, about.ID, f, status).Title
	if f.Kind == fault.Internal {
		f = fault.New(fault.Internal, "internal") // what went wrong inside is for the log
	}
	voice := s.design.In(about.Lang)
	shown := voice.Problem(f)
	shown.Next = []design.Component{design.Link{Href: design.PathHome, Label: voice.Say("page.home.link")}}
	switch {
	case status == http.StatusNotFound:
		shown.Words = voice.Say("page.not_available")
	case status >= http.StatusInternalServerError:
		shown.Number = about.ID
	}
	var whole bytes.Buffer
	err := s.design.Render(&whole, design.Composed, design.Page{Lang: about.Lang, Title: title, Path: c.Request.URL.RequestURI(),
		Theme: cookie(c.Request, cookieTheme, themes()), Demo: s.Notice != "", Body: shown})
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(whole.Len()))
	c.Writer.WriteHeader(status)
	if c.Request.Method == http.MethodHead {
		c.Writer.WriteHeaderNow()
		return nil
	}
	_, _ = c.Writer.Write(whole.Bytes()) // a reader that went away is seen by its connection
	return nil
}

// amiss tells of a fault what is wrong with a form, by the field that it is about, so that the form can come back as it was
// sent. What is about no field of the form is given back as the error it is.
func (s *Site) amiss(r *request, err error, field func(at fault.Field) string) (design.ErrorSummary, error) {
	f := fault.Of(err)
	switch f.Kind {
	case fault.Invalid, fault.Unauthenticated, fault.Conflict, fault.TooMany, fault.Unavailable:
	default:
		return nil, err
	}
	about := f.Fields
	if len(about) == 0 {
		about = []fault.Field{{Code: f.Code, Params: f.Params}}
	}
	var summary design.ErrorSummary
	for _, at := range about {
		name := field(at)
		if name == "" {
			return nil, err
		}
		summary = append(summary, design.FieldError{Name: name, Words: s.Message.Problem(r.voice.Lang(), at.Code, at.Params)})
	}
	return summary, nil
}

// errorOf gives what is wrong with one field.
func errorOf(summary design.ErrorSummary, name string) string {
	for _, e := range summary {
		if e.Name == name {
			return e.Words
		}
	}
	return ""
}
