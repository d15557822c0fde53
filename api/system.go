package api

import (
	"context"
	"encoding/json"
	"net/http"

	"bioincident/api/gen"
)

// GetHealth tells that the process runs.
func (s *Server) GetHealth(context.Context, gen.GetHealthRequestObject) (gen.GetHealthResponseObject, error) {
	return gen.GetHealth200JSONResponse{Status: gen.Ok}, nil
}

// GetReadiness tells whether requests can be served: 200, or 503 with what is not so.
func (s *Server) GetReadiness(ctx context.Context, _ gen.GetReadinessRequestObject) (gen.GetReadinessResponseObject, error) {
	r := asked(ctx)
	answer := readiness{gen.Readiness{Ready: true, Checks: []gen.Check{}}}
	for _, c := range s.Ready(r.ctx) {
		check := gen.Check{Name: c.Name, Ok: c.OK}
		if !c.OK {
			answer.Ready = false
			check.Detail = s.say(r.lang, c.Why, nil)
		}
		answer.Checks = append(answer.Checks, check)
	}
	return answer, nil
}

type readiness struct{ gen.Readiness }

// VisitGetReadinessResponse writes it with the status that load balancers go by.
func (r readiness) VisitGetReadinessResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	if !r.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	return json.NewEncoder(w).Encode(r.Readiness)
}

// GetContract serves the contract.
func (s *Server) GetContract(context.Context, gen.GetContractRequestObject) (gen.GetContractResponseObject, error) {
	return document{media: "application/json", bytes: s.Contract.JSON}, nil
}

// GetReference serves the contract as a page.
func (s *Server) GetReference(ctx context.Context, _ gen.GetReferenceRequestObject) (gen.GetReferenceResponseObject, error) {
	page, err := s.reference.render(s.Message, asked(ctx).lang)
	if err != nil {
		return nil, err
	}
	return document{media: "text/html; charset=utf-8", bytes: page}, nil
}

// GetReferenceStyle serves the style of the page.
func (s *Server) GetReferenceStyle(context.Context, gen.GetReferenceStyleRequestObject) (gen.GetReferenceStyleResponseObject, error) {
	return document{media: "text/css; charset=utf-8", bytes: s.reference.style}, nil
}
