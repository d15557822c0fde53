package api

import (
	"net/http"
	"strings"

	"bioincident/api/gen"
	"bioincident/internal/fault"
	"bioincident/internal/message"
	"bioincident/policies"
)

// TypeBase is before the code in the type of a problem.
const TypeBase = "https://bioincident.example/problems/"

// Status gives the HTTP status of a kind of fault.
func Status(kind fault.Kind) int {
	switch kind {
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.PreconditionRequired:
		return http.StatusPreconditionRequired
	case fault.Stale:
		return http.StatusPreconditionFailed
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Conflict:
		return http.StatusConflict
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.MediaType:
		return http.StatusUnsupportedMediaType
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Problem says an error as the contract does. What is not a fault, or is an internal one, is "internal", and no word of
// it is said; the cause of a fault is never said.
func Problem(words *message.Catalogue, lang, instance string, err error) gen.Problem {
	f := fault.Of(err)
	return problem(words, lang, instance, f, Status(f.Kind))
}

// ProblemOf says a fault under a status of its own: 405, 406 and such, for which there is no kind.
func ProblemOf(words *message.Catalogue, lang, instance string, f *fault.Fault, status int) gen.Problem {
	return problem(words, lang, instance, f, status)
}

func problem(words *message.Catalogue, lang, instance string, f *fault.Fault, status int) gen.Problem {
	if f.Kind == fault.Internal && status == http.StatusInternalServerError {
		f = fault.New(fault.Internal, "internal")
	}
	p := gen.Problem{
		Type: TypeBase + f.Code, Title: words.Say(lang, titleOf(status), nil), Status: status,
		Detail: words.Problem(lang, f.Code, f.Params), Code: f.Code, Instance: instance,
	}
	fields := f.Fields
	if f.Kind == fault.Forbidden && len(fields) == 0 {
		fields = []fault.Field{{Code: f.Code, Params: f.Params}}
	}
	for _, field := range fields {
		if f.Kind == fault.Forbidden {
			p.Missing = append(p.Missing, gen.Reason{Code: field.Code, Detail: words.Problem(lang, field.Code, field.Params)})
			continue
		}
		p.Errors = append(p.Errors, gen.ProblemField{
			Pointer: field.Pointer, Code: field.Code, Detail: words.Problem(lang, field.Code, field.Params),
		})
	}
	return p
}

// titleOf gives the message of a status: what kind of thing happened, in a few words.
func titleOf(status int) string {
	names := map[int]string{
		400: "malformed", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method", 406: "not_acceptable",
		409: "conflict", 412: "stale", 413: "too_large", 415: "media_type", 422: "invalid", 428: "precondition_required",
		429: "too_many", 503: "unavailable",
	}
	if name, ok := names[status]; ok {
		return "problem_title." + name
	}
	return "problem_title.internal"
}

func (s *Server) reasons(lang string, missing []policies.Reason) []gen.Reason {
	var out []gen.Reason
	for _, reason := range missing {
		out = append(out, gen.Reason{Code: reason.Code, Detail: s.say(lang, reason.Code, reason.Params)})
	}
	return out
}

// say gives the words of a problem code.
func (s *Server) say(lang, code string, params map[string]any) string {
	return s.Message.Problem(lang, code, params)
}

// under puts a prefix before the pointers of a fault: what workflow says of a body, the caller sent under /body.
func under(prefix string, err error) error {
	f := fault.Of(err)
	if f == nil || len(f.Fields) == 0 || f.Kind != fault.Invalid && f.Kind != fault.Malformed {
		return err
	}
	moved := *f
	moved.Fields = make([]fault.Field, len(f.Fields))
	for i, field := range f.Fields {
		if !strings.HasPrefix(field.Pointer, "/handling") {
			field.Pointer = prefix + field.Pointer
		}
		moved.Fields[i] = field
	}
	return &moved
}
