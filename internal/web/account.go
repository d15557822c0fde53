package web

import (
	"net/http"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/web/design"
)

const (
	pathAccount  = "/account"
	pathPassword = "/account/password"
)

// account tells who is signed in, what they may do for which organization, and lets them choose another password.
func (s *Site) account(r *request) (answer, error) { return s.showAccount(r, nil) }

func (s *Site) showAccount(r *request, wrong design.ErrorSummary) (answer, error) {
	facts, err := s.whoAmI(r)
	if err != nil {
		return answer{}, err
	}
	out := answer{page: design.Page{Title: r.say("page.account"), Path: pathAccount, Body: design.Stack{
		facts,
		design.Section{ID: "password", Title: r.say("page.change_password"), Body: []design.Component{design.Form{
			Action: pathPassword, Errors: wrong,
			Fields: []design.Component{
				design.TextField{Field: design.Field{Name: "current", Label: r.say("page.current_password"),
					Error: errorOf(wrong, "current")}, Type: "password", Autocomplete: "current-password"},
				newPassword(r, wrong),
			},
			Buttons: design.Actions{design.Button{Label: r.say("page.change_password"), Kind: design.Primary}},
		}}},
	}}}
	if len(wrong) > 0 {
		out.status = http.StatusUnprocessableEntity
	}
	return out, nil
}

// whoAmI says as whom and for whom the person acts, with what roles.
func (s *Site) whoAmI(r *request) (design.Component, error) {
	who, err := s.person(r)
	if err != nil {
		return nil, err
	}
	return design.Facts{
		{Term: r.say("page.handle"), Values: []design.Component{design.Text(r.who.Handle)}},
		{Term: r.say("page.acting_for"), Values: []design.Component{design.Text(who.Organization)}},
		{Term: r.voice.ListTitle("role"), Values: []design.Component{design.Text(r.roles(r.who.Roles))}},
	}, nil
}

// roles names roles in the reader's language.
func (r *request) roles(of []identity.Role) string {
	var words []string
	for _, role := range of {
		words = append(words, r.voice.Label("role", string(role)))
	}
	return strings.Join(words, ", ")
}

// changePassword takes another password from whoever knows the present one. Every other session of the person ends.
func (s *Site) changePassword(r *request) (answer, error) {
	err := s.Sessions.ChangePassword(r.Context(), r.who, r.PostForm.Get("current"), r.PostForm.Get("password"), r.peer)
	if err == nil {
		return answer{to: pathAccount}, nil
	}
	wrong, err := s.amiss(r, err, func(at fault.Field) string {
		if at.Code == "auth.sign_in" || at.Code == "auth.too_many" {
			return "current"
		}
		return aboutPassword(at)
	})
	if err != nil {
		return answer{}, err
	}
	return s.showAccount(r, wrong)
}
