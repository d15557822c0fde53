package api

import (
	"context"

	"bioincident/api/gen"
	"bioincident/internal/workflow"
)

// ListTokens lists the tokens of whoever asks, without secrets.
func (s *Server) ListTokens(ctx context.Context, _ gen.ListTokensRequestObject) (gen.ListTokensResponseObject, error) {
	r := asked(ctx)
	tokens, err := s.Workflow.Tokens(r.ctx, r.who)
	if err != nil {
		return nil, err
	}
	out := gen.ListTokens200JSONResponse{Tokens: []gen.Token{}}
	for _, t := range tokens {
		out.Tokens = append(out.Tokens, gen.Token{
			Id: t.ID, Name: t.Name, Scopes: list(t.Scopes), Created: moment(t.Created), Expires: moment(t.Expires),
			Revoked: moment(t.Revoked), LastUsed: moment(t.LastUsed),
		})
	}
	return out, nil
}

// CreateToken makes a token. Its secret is in this answer and nowhere else.
func (s *Server) CreateToken(ctx context.Context, in gen.CreateTokenRequestObject) (gen.CreateTokenResponseObject, error) {
	r := asked(ctx)
	made, err := s.Workflow.CreateToken(r.ctx, r.who, workflow.TokenIn{
		Person: in.Body.Person, Name: in.Body.Name, Expires: micros(in.Body.Expires),
		Scopes: each(in.Body.Scopes, func(scope gen.TokenInScopes) string { return string(scope) }),
	})
	if err != nil {
		return nil, err
	}
	t := made.Token
	return gen.CreateToken201JSONResponse{Secret: made.Secret, Token: gen.Token{
		Id: t.ID, Name: t.Name, Scopes: list(t.Scopes), Created: moment(t.Created), Expires: moment(t.Expires),
	}}, nil
}

// RevokeToken revokes a token.
func (s *Server) RevokeToken(ctx context.Context, in gen.RevokeTokenRequestObject) (gen.RevokeTokenResponseObject, error) {
	r := asked(ctx)
	t, err := s.Workflow.RevokeToken(r.ctx, r.who, in.Id)
	if err != nil {
		return nil, err
	}
	return gen.RevokeToken200JSONResponse{
		Id: t.ID, Name: t.Name, Scopes: list(t.Scopes), Created: moment(t.Created), Expires: moment(t.Expires),
		Revoked: moment(t.Revoked), LastUsed: moment(t.LastUsed),
	}, nil
}
