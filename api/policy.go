package api

import (
	"context"

	"bioincident/api/gen"
	"bioincident/internal/workflow"
	"bioincident/policies"
)

// ProposeSetting proposes a setting.
func (s *Server) ProposeSetting(ctx context.Context, in gen.ProposeSettingRequestObject) (gen.ProposeSettingResponseObject, error) {
	r := asked(ctx)
	view, err := s.Workflow.ProposeSetting(r.ctx, r.who, in.Name, in.Body.Value)
	if err != nil {
		return nil, err
	}
	return gen.ProposeSetting200JSONResponse(setting(view)), nil
}

// ConfirmSetting puts a proposed setting in force.
func (s *Server) ConfirmSetting(ctx context.Context, in gen.ConfirmSettingRequestObject) (gen.ConfirmSettingResponseObject, error) {
	r := asked(ctx)
	view, err := s.Workflow.ConfirmSetting(r.ctx, r.who, in.Name)
	if err != nil {
		return nil, err
	}
	return gen.ConfirmSetting200JSONResponse(setting(view)), nil
}

func setting(v workflow.SettingView) gen.Setting {
	return gen.Setting{Name: v.Name, Value: v.Value, Waiting: v.Waiting}
}

// ExplainPolicy says why a person may, or may not.
func (s *Server) ExplainPolicy(ctx context.Context, in gen.ExplainPolicyRequestObject) (gen.ExplainPolicyResponseObject, error) {
	r := asked(ctx)
	e, err := s.Workflow.Explain(r.ctx, r.who, workflow.ExplainIn{Person: in.Params.Person, Action: in.Params.Action, ID: in.Params.Id})
	if err != nil {
		return nil, err
	}
	whose := in.Params.Person
	if whose == "" {
		whose = r.who.Name()
	}
	return gen.ExplainPolicy200JSONResponse{
		Person: whose, Action: in.Params.Action, Id: in.Params.Id, Allowed: e.Decision.Allowed, Rule: e.Decision.Rule,
		Grant: e.Decision.Grant, Missing: s.reasons(r.lang, e.Decision.Missing),
		Rules: each(e.Rules, func(c policies.Considered) gen.ExplainedRule {
			return gen.ExplainedRule{Rule: c.Rule, Name: c.Name, Roles: c.Roles, Met: len(c.Missing) == 0, Missing: s.reasons(r.lang, c.Missing)}
		}),
		Grants: each(e.Grants, func(g policies.ConsideredGrant) gen.ExplainedGrant {
			return gen.ExplainedGrant{Id: g.ID, Action: string(g.Action), Lacks: g.Lacks}
		}),
	}, nil
}

// SimulatePolicy says what a change of rights would change.
func (s *Server) SimulatePolicy(ctx context.Context, in gen.SimulatePolicyRequestObject) (gen.SimulatePolicyResponseObject, error) {
	r := asked(ctx)
	what := workflow.SimulateIn{Revoke: in.Body.Revoke}
	for _, g := range in.Body.Add {
		right, err := grantIn(g)
		if err != nil {
			return nil, err
		}
		what.Add = append(what.Add, right)
	}
	would, err := s.Workflow.Simulate(r.ctx, r.who, what)
	if err != nil {
		return nil, err
	}
	return gen.SimulatePolicy200JSONResponse{Open: would.Open, Changed: each(would.Changed, func(e workflow.Effect) gen.Effect {
		return gen.Effect{
			Domains: list(e.Domains), Areas: list(e.Areas), ReviewBefore: list(e.ReviewBefore), ReviewAfter: list(e.ReviewAfter),
			PublishBefore: list(e.PublishBefore), PublishAfter: list(e.PublishAfter),
		}
	})}, nil
}
