package api

import (
	"context"
	_ "embed" // openapi.yaml
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

//go:embed openapi.yaml
var contractFile []byte //nolint:gochecknoglobals // embedded data can only be a package variable

// Public is the x-action of operations about which nothing is decided.
const Public = "public"

// Contract is openapi.yaml, read and checked.
type Contract struct {
	Document   *openapi3.T
	JSON       []byte       // as served at /api/openapi.json
	Operations []*Operation // by path and method
	byRoute    map[string]*Operation
}

// Operation is one operation of the contract, with what the server asks of it at every request.
type Operation struct {
	ID       string
	Method   string
	Path     string // with {id}
	Route    string // as gin names it, with :id
	Action   string // of policies, or Public
	Secured  bool   // nobody may be anonymous
	Signable bool   // a token is read where one is given
	IfMatch  bool   // needs a revision
	Long     bool   // may take long: streams, or reads everything
	Query    []string
	Produces []string // media types of its answers other than problems
	Consumes []string // media types of its body; none: it takes no body
	BodyMust bool
	Spec     *openapi3.Operation
	Match    *routers.Route // for the validation of requests
}

// LoadContract reads the contract. It refuses one that is not valid OpenAPI, or in which an operation lacks its id or its
// x-action, or says nothing about security.
func LoadContract() (*Contract, error) {
	document, err := openapi3.NewLoader().LoadFromData(contractFile)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return newContract(document)
}

func newContract(document *openapi3.T) (*Contract, error) {
	if err := document.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	text, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	c := &Contract{Document: document, JSON: text, byRoute: map[string]*Operation{}}
	for path, item := range document.Paths.Map() {
		for method, spec := range item.Operations() {
			op, err := newOperation(document, path, item, method, spec)
			if err != nil {
				return nil, fmt.Errorf("openapi.yaml: %s %s: %w", method, path, err)
			}
			c.Operations = append(c.Operations, op)
			c.byRoute[method+" "+op.Route] = op
		}
	}
	sort.Slice(c.Operations, func(i, j int) bool {
		a, b := c.Operations[i], c.Operations[j]
		return a.Path+" "+a.Method < b.Path+" "+b.Method
	})
	return c, nil
}

func newOperation(document *openapi3.T, path string, item *openapi3.PathItem, method string, spec *openapi3.Operation) (*Operation, error) {
	op := &Operation{
		ID: spec.OperationID, Method: method, Path: path, Route: route(path), Spec: spec,
		Match: &routers.Route{Spec: document, Path: path, PathItem: item, Method: method, Operation: spec},
	}
	op.Action, _ = spec.Extensions["x-action"].(string)
	op.IfMatch, _ = spec.Extensions["x-if-match"].(bool)
	op.Long, _ = spec.Extensions["x-long"].(bool)
	switch {
	case op.ID == "":
		return nil, fmt.Errorf("no operationId")
	case op.Action == "":
		return nil, fmt.Errorf("no x-action")
	case spec.Security == nil:
		return nil, fmt.Errorf("nothing is said about security")
	case op.Action != Public && len(*spec.Security) == 0:
		return nil, fmt.Errorf("action %s without security", op.Action)
	}
	op.Signable = len(*spec.Security) > 0
	op.Secured = op.Signable && !slices.ContainsFunc(*spec.Security, func(r openapi3.SecurityRequirement) bool { return len(r) == 0 })
	for _, p := range spec.Parameters {
		if p.Value.In == openapi3.ParameterInQuery {
			op.Query = append(op.Query, p.Value.Name)
		}
	}
	op.media(spec)
	return op, nil
}

// media notes what the operation takes and gives.
func (op *Operation) media(spec *openapi3.Operation) {
	if spec.RequestBody != nil {
		op.BodyMust = spec.RequestBody.Value.Required
		for media := range spec.RequestBody.Value.Content {
			op.Consumes = append(op.Consumes, media)
		}
	}
	for status, response := range spec.Responses.Map() {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		for media := range response.Value.Content {
			if !slices.Contains(op.Produces, media) {
				op.Produces = append(op.Produces, media)
			}
		}
	}
	slices.Sort(op.Consumes)
	slices.Sort(op.Produces)
}

func route(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// At gives the operation of a method and a route as gin names it; HEAD is answered as GET.
func (c *Contract) At(method, route string) (*Operation, bool) {
	if method == "HEAD" {
		method = "GET"
	}
	op, ok := c.byRoute[method+" "+route]
	return op, ok
}

// Compare tells whether the routes served ("GET /api/v1/incidents/:id") are exactly those of the contract, and whether
// every action is one that policies knows.
func (c *Contract) Compare(served, actions []string) error {
	for _, op := range c.Operations {
		if op.Action != Public && !slices.Contains(actions, op.Action) {
			return fmt.Errorf("%s %s: policies knows no action %s", op.Method, op.Path, op.Action)
		}
		if !slices.Contains(served, op.Method+" "+op.Route) {
			return fmt.Errorf("%s %s: in the contract and not served", op.Method, op.Path)
		}
	}
	for _, line := range served {
		method, route, _ := strings.Cut(line, " ")
		if _, ok := c.At(method, route); !ok {
			return fmt.Errorf("%s: served and not in the contract", line)
		}
	}
	return nil
}
