package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"bioincident/policies"
	"bioincident/schema"
)

func TestTheContractHolds(t *testing.T) {
	c, err := LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Operations) < 70 {
		t.Fatalf("only %d operations", len(c.Operations))
	}
	for _, op := range c.Operations {
		where := op.Method + " " + op.Path
		if op.Action != Public && !slices.Contains(policies.Actions(), op.Action) {
			t.Errorf("%s: no action %s", where, op.Action)
		}
		if op.Spec.Summary == "" || len(op.Spec.Tags) != 1 {
			t.Errorf("%s: no summary, or not one tag", where)
		}
		if !slices.Contains(op.Query, "lang") {
			t.Errorf("%s: no lang", where)
		}
		needs := []string{"400", "429", "500"}
		if op.Secured {
			needs = append(needs, "401", "403", "503")
		}
		if op.IfMatch {
			needs = append(needs, "412", "428")
		}
		if len(op.Consumes) > 0 {
			needs = append(needs, "413", "415")
		}
		if strings.Contains(op.Path, "/{") {
			needs = append(needs, "404")
		}
		for _, status := range needs {
			if op.Spec.Responses.Value(status) == nil {
				t.Errorf("%s: no answer %s", where, status)
			}
		}
		if slices.Contains(op.Consumes, "application/json") && op.Spec.RequestBody.Value.Content["application/json"].Example == nil {
			t.Errorf("%s: no example of a body", where)
		}
		revision := op.Spec.Parameters.GetByInAndName(openapi3.ParameterInHeader, "If-Match") != nil
		if revision != op.IfMatch {
			t.Errorf("%s: x-if-match is %v", where, op.IfMatch)
		}
	}
}

// TestNothingButTheContractIsAccepted demands that every struct of a request refuses fields it does not know.
func TestNothingButTheContractIsAccepted(t *testing.T) {
	c, err := LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	free := []string{"Document", "AnyValue", "View", "ImportFiles"}
	for name, ref := range c.Document.Components.Schemas {
		if slices.Contains(free, name) || !ref.Value.Type.Is(openapi3.TypeObject) {
			continue
		}
		closed := ref.Value.AdditionalProperties.Has != nil && !*ref.Value.AdditionalProperties.Has
		if !closed && ref.Value.AdditionalProperties.Schema == nil {
			t.Errorf("%s takes any field", name)
		}
	}
}

// TestAnOperationWithoutActionIsNoContract plants the hole that the check at start is for.
func TestAnOperationWithoutActionIsNoContract(t *testing.T) {
	for name, plant := range map[string]func(*openapi3.Operation){
		"no x-action":  func(op *openapi3.Operation) { delete(op.Extensions, "x-action") },
		"no security":  func(op *openapi3.Operation) { op.Security = nil },
		"open door":    func(op *openapi3.Operation) { op.Security = &openapi3.SecurityRequirements{} },
		"no operation": func(op *openapi3.Operation) { op.OperationID = "" },
	} {
		document, err := openapi3.NewLoader().LoadFromData(contractFile)
		if err != nil {
			t.Fatal(err)
		}
		plant(document.Paths.Value("/api/v1/incidents/{id}/publish").Post)
		if _, err := newContract(document); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	c, err := LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	var served []string
	for _, op := range c.Operations {
		served = append(served, op.Method+" "+op.Route)
	}
	if err := c.Compare(served, policies.Actions()); err != nil {
		t.Fatal(err)
	}
	if c.Compare(served[1:], policies.Actions()) == nil {
		t.Error("a route of the contract that is not served was not missed")
	}
	if c.Compare(append(served, "GET /api/v1/backdoor"), policies.Actions()) == nil {
		t.Error("a route that is not in the contract was not seen")
	}
	if c.Compare(served, []string{"incident.read"}) == nil {
		t.Error("an action that nobody knows was not seen")
	}
}

// TestTheExampleOfARecordIsOne holds the body in the examples against the schema itself.
func TestTheExampleOfARecordIsOne(t *testing.T) {
	c, err := LoadContract()
	if err != nil {
		t.Fatal(err)
	}
	sch, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"createIncident", "saveWorking"} {
		for _, op := range c.Operations {
			if op.ID != id {
				continue
			}
			example, _ := op.Spec.RequestBody.Value.Content["application/json"].Example.(map[string]any)
			body, err := json.Marshal(example["body"])
			if err != nil {
				t.Fatal(err)
			}
			for _, wrong := range sch.Validate(body) {
				t.Errorf("%s: %s %s %v", id, wrong.Pointer, wrong.Code, wrong.Params)
			}
		}
	}
}
