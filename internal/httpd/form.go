package httpd

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/gin-gonic/gin"

	"bioincident/api"
	"bioincident/internal/fault"
)

// form checks a request against the contract. What kin-openapi lets pass is checked here: parameters that the contract
// does not know or that stand twice, names that stand twice in an object, bytes after the document.
func (s *Server) form(c *gin.Context) {
	op, ok := operation(c)
	if !ok {
		c.Next()
		return
	}
	query, err := s.checkQuery(c.Request, op)
	if err == nil {
		err = s.checkBody(c, op)
	}
	if err == nil {
		err = s.validate(c, op, query)
	}
	if err != nil {
		s.refuse(c, err)
		return
	}
	c.Next()
}

func (s *Server) checkQuery(r *http.Request, op *api.Operation) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, malformed("/query", "request.query").Because(err)
	}
	for _, name := range sortedNames(query) {
		pointer := "/query/" + escape(name)
		if !slices.Contains(op.Query, name) {
			return nil, malformed(pointer, "request.unknown_parameter", "name", name)
		}
		if len(query[name]) > 1 && !isList(op, name) {
			return nil, malformed(pointer, "request.repeated_parameter", "name", name)
		}
		for _, value := range query[name] {
			if !plain(value) {
				return nil, malformed(pointer, "request.not_text")
			}
		}
	}
	return query, nil
}

func isList(op *api.Operation, name string) bool {
	p := op.Spec.Parameters.GetByInAndName(openapi3.ParameterInQuery, name)
	return p != nil && p.Schema.Value.Type.Is(openapi3.TypeArray)
}

func sortedNames(query url.Values) []string {
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// checkBody reads a JSON body whole, as far as its size is allowed, and checks what a decoder would pass over.
func (s *Server) checkBody(c *gin.Context, op *api.Operation) error {
	r := c.Request
	if !contains(op.Consumes, "application/json") {
		return nil
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return readFault(err)
		}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		if op.BodyMust {
			return malformed("", "request.body_missing")
		}
		r.Body, r.ContentLength = http.NoBody, 0
		return nil
	}
	if err := checkJSON(body); err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Type", "application/json")
	return nil
}

// readFault says why a body could not be read: it was too large, or its sender went away or was too slow.
func readFault(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return malformed("", "request.body_torn").Because(err)
}

// validate holds a request against the contract.
func (s *Server) validate(c *gin.Context, op *api.Operation, query url.Values) error {
	params := map[string]string{}
	for _, p := range c.Params {
		params[p.Key] = p.Value
	}
	err := openapi3filter.ValidateRequest(c.Request.Context(), &openapi3filter.RequestValidationInput{
		Request: c.Request, PathParams: params, QueryParams: query, Route: op.Match,
		Options: &openapi3filter.Options{
			MultiError:          true,
			AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc, // who asks was found out before
			SkipSettingDefaults: true,
			ExcludeRequestBody:  !contains(op.Consumes, "application/json") || c.Request.Body == http.NoBody || c.Request.Body == nil,
		},
	})
	if err == nil {
		return nil
	}
	f := fault.New(fault.Malformed, "request.malformed").Because(err)
	collect(f, "", err)
	if len(f.Fields) == 0 {
		f.At("", "request.malformed")
	}
	return f
}

// collect finds every wrong place in what kin-openapi says.
func collect(f *fault.Fault, at string, err error) {
	switch e := err.(type) { //nolint:errorlint // the tree is walked node by node; As would jump over its branches
	case openapi3.MultiError:
		for _, inner := range e {
			collect(f, at, inner)
		}
	case *openapi3filter.RequestError:
		if e.Parameter != nil {
			at = "/" + e.Parameter.In + "/" + escape(e.Parameter.Name)
		}
		if e.Err == nil {
			f.At(at, "request.malformed")
			return
		}
		collect(f, at, e.Err)
	case *openapi3.SchemaError:
		schemaField(f, at, e)
	case *openapi3filter.ParseError:
		f.At(at, "request.value")
	default:
		switch {
		case errors.Is(err, openapi3filter.ErrInvalidRequired):
			f.At(at, "request.required", "name", strings.TrimPrefix(at[strings.LastIndex(at, "/")+1:], "/"))
		case errors.Is(err, openapi3filter.ErrInvalidEmptyValue):
			f.At(at, "request.empty")
		default:
			f.At(at, "request.value")
		}
	}
}

// schemaField says one broken rule of a schema, by its keyword.
func schemaField(f *fault.Fault, at string, e *openapi3.SchemaError) {
	if many, ok := e.Origin.(openapi3.MultiError); ok { //nolint:errorlint // as above
		for _, inner := range many {
			collect(f, at, inner)
		}
		return
	}
	if inner, ok := e.Origin.(*openapi3.SchemaError); ok { //nolint:errorlint // as above
		schemaField(f, at, inner)
		return
	}
	for _, name := range e.JSONPointer() {
		at += "/" + escape(name)
	}
	schema := e.Schema
	switch e.SchemaField {
	case "required":
		f.At(at, "request.required", "name", at[strings.LastIndex(at, "/")+1:])
	case "properties", "additionalProperties":
		name := unknownName(e.Reason)
		f.At(at+"/"+escape(name), "request.unknown_field", "name", name)
	case "type":
		f.At(at, "request.type", "want", strings.Join(schema.Type.Slice(), ", "))
	case "enum":
		f.At(at, "request.enum", "want", codes(schema.Enum))
	case "maxLength":
		f.At(at, "request.too_long", "most", *schema.MaxLength)
	case "minLength":
		f.At(at, "request.too_short", "least", schema.MinLength)
	case "maximum":
		f.At(at, "request.too_big", "most", *schema.Max)
	case "minimum":
		f.At(at, "request.too_small", "least", *schema.Min)
	case "maxItems":
		f.At(at, "request.too_many_items", "most", *schema.MaxItems)
	case "minItems":
		f.At(at, "request.too_few_items", "least", schema.MinItems)
	case "uniqueItems":
		f.At(at, "request.repeated_item")
	default:
		f.At(at, "request.value") // pattern, format, nullable
	}
}

// unknownName finds the name of a property that a schema does not know, which kin-openapi tells in words only:
// property "x" is unsupported.
func unknownName(reason string) string {
	_, rest, _ := strings.Cut(reason, " ")
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return ""
	}
	name, err := strconv.Unquote(quoted)
	if err != nil {
		return ""
	}
	return name
}

func codes(values []any) []string {
	var out []string
	for _, value := range values {
		if code, ok := value.(string); ok {
			out = append(out, code)
		}
	}
	return out
}

// escape puts a name into a JSON pointer.
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
