package web

import (
	"net/http"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/web/design"
)

// signInForm asks for handle and password; in a demonstration it offers each role with one click.
func (s *Site) signInForm(r *request) (answer, error) {
	if r.who.Person != "" {
		return answer{to: r.next()}, nil
	}
	return s.askToSignIn(r, nil), nil
}

func (s *Site) askToSignIn(r *request, wrong design.ErrorSummary) answer {
	body := design.Stack{design.Form{
		Action: design.PathSignIn, Errors: wrong, Hidden: []design.Hidden{{Name: "next", Value: r.next()}},
		Fields: []design.Component{
			design.TextField{Field: design.Field{Name: "handle", Label: r.say("page.handle"), Value: r.value("handle"),
				Error: errorOf(wrong, "handle")}, Autocomplete: "username"},
			design.TextField{Field: design.Field{Name: "password", Label: r.say("page.password"), Error: errorOf(wrong, "password")},
				Type: "password", Autocomplete: "current-password"},
		},
		Buttons: design.Actions{design.Button{Label: r.say("ui.sign_in"), Kind: design.Primary}},
	}, design.Paragraph(r.say("page.sign_in.no_account"))}
	if len(s.Entrances) > 0 {
		body = append(body, s.entrances(r))
	}
	out := answer{page: design.Page{Title: r.say("ui.sign_in"), Path: design.PathSignIn, Body: body}}
	if len(wrong) > 0 {
		out.status = http.StatusUnprocessableEntity
	}
	return out
}

// entrances are the ways into a demonstration. Their passwords are known to everybody, which is what they are for.
func (s *Site) entrances(r *request) design.Component {
	section := design.Section{ID: "demo", Title: r.say("page.demo.enter"), Lead: r.say("page.demo.enter_lead")}
	for _, e := range s.Entrances {
		section.Body = append(section.Body, design.Form{
			Action:  design.PathSignIn,
			Hidden:  []design.Hidden{{Name: "next", Value: r.next()}, {Name: "handle", Value: e.Handle}, {Name: "password", Value: e.Password}},
			Buttons: design.Actions{design.Button{Label: e.Words, Small: true}, design.Text(r.roles(e.Roles))},
		})
	}
	return section
}

func (s *Site) signIn(r *request) (answer, error) {
	_, err := s.Sessions.SignIn(r.Context(), strings.ToLower(r.value("handle")), r.PostForm.Get("password"), r.peer)
	if err == nil {
		return answer{to: r.next()}, nil
	}
	wrong, err := s.amiss(r, err, func(at fault.Field) string {
		if slices.Contains([]string{"auth.sign_in", "auth.too_many", "auth.busy", "auth.no_role"}, at.Code) {
			return "handle"
		}
		return ""
	})
	if err != nil {
		return answer{}, err
	}
	return s.askToSignIn(r, wrong), nil
}

func (s *Site) signOut(r *request) (answer, error) {
	return answer{to: design.PathHome}, s.Sessions.SignOut(r.Context())
}

// act changes the organization that the person acts for.
func (s *Site) act(r *request) (answer, error) {
	_, err := s.Sessions.Switch(r.Context(), r.value("organization"))
	return answer{to: r.next()}, err
}

// prefer remembers light or dark in this browser; nothing chosen follows the device.
func (s *Site) prefer(r *request) (answer, error) {
	theme := r.value("theme")
	if !slices.Contains(themes(), theme) {
		theme = ""
	}
	remember(r.w, r.Request, cookieTheme, theme)
	return answer{to: r.next()}, nil
}

func (s *Site) styleguide(r *request) (answer, error) {
	page, err := s.design.Styleguide(r.voice.Lang())
	return answer{page: page}, err
}
