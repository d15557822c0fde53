package web

import (
	"cmp"
	"net/http"
	"strings"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/web/design"
	"bioincident/internal/workflow"
)

// linkForm greets whoever was invited, or is to choose a new password.
func (s *Site) linkForm(r *request) (answer, error) {
	found, err := s.invited(r)
	if err != nil {
		return answer{}, err
	}
	return s.askForPassword(r, found.Person, nil), nil
}

// invited tells what the link of the address is for. One that stands at the address of another kind is none.
func (s *Site) invited(r *request) (found auth.Invitation, err error) {
	found, err = s.Passwords.Peek(r.Context(), r.param("token"))
	if err == nil && !strings.HasPrefix(r.URL.Path, "/"+string(found.Kind)+"/") {
		err = fault.New(fault.NotFound, "link.not_found")
	}
	return found, err
}

func (s *Site) askForPassword(r *request, person identity.Person, wrong design.ErrorSummary) answer {
	out := answer{page: design.Page{Title: r.say("page.choose_password"), Body: design.Stack{
		design.Paragraph(r.say("page.invited", "Name", person.Name, "Handle", person.Handle)),
		design.Form{Action: r.URL.Path, Errors: wrong,
			Hidden:  []design.Hidden{{Name: "username", Value: person.Handle}},
			Fields:  []design.Component{newPassword(r, wrong)},
			Buttons: design.Actions{design.Button{Label: r.say("page.choose_password.do"), Kind: design.Primary}}},
	}}}
	if len(wrong) > 0 {
		out.status = http.StatusUnprocessableEntity
	}
	return out
}

func newPassword(r *request, wrong design.ErrorSummary) design.Component {
	return design.TextField{Field: design.Field{Name: "password", Label: r.say("page.new_password"),
		Hint: r.say("page.new_password.hint"), Error: errorOf(wrong, "password")}, Type: "password", Autocomplete: "new-password"}
}

func aboutPassword(at fault.Field) string {
	if strings.HasPrefix(at.Code, "password.") || at.Code == "auth.busy" {
		return "password"
	}
	return ""
}

// useLink keeps the password and signs in with it.
func (s *Site) useLink(r *request) (answer, error) {
	found, err := s.invited(r)
	if err != nil {
		return answer{}, err
	}
	password := r.PostForm.Get("password")
	person, err := s.Passwords.Accept(r.Context(), r.param("token"), password)
	if err != nil {
		wrong, err := s.amiss(r, err, aboutPassword)
		if err != nil {
			return answer{}, err
		}
		return s.askForPassword(r, found.Person, wrong), nil
	}
	_, err = s.Sessions.SignIn(r.Context(), person.Handle, password, r.peer)
	return answer{to: design.PathHome}, err
}

// firstForm begins an installation: the first organization and its administrator.
func (s *Site) firstForm(r *request) (answer, error) {
	if _, err := s.invited(r); err != nil {
		return answer{}, err
	}
	return s.askForFirst(r, nil), nil
}

// firstFields are what the first administrator is asked, in order.
func firstFields() []struct{ name, label, hint string } {
	return []struct{ name, label, hint string }{
		{"organization", "page.first.organization", "page.first.organization.hint"},
		{"slug", "page.first.slug", "page.first.slug.hint"},
		{"area", "page.first.area", "page.first.area.hint"},
		{"name", "page.first.name", "page.first.name.hint"},
		{"handle", "page.first.handle", "page.first.handle.hint"},
	}
}

func (s *Site) askForFirst(r *request, wrong design.ErrorSummary) answer {
	var fields []design.Component
	for _, f := range firstFields() {
		fields = append(fields, design.TextField{Field: design.Field{Name: f.name, Label: r.say(f.label), Hint: r.say(f.hint),
			Value: r.value(f.name), Error: errorOf(wrong, f.name)}})
	}
	out := answer{page: design.Page{Title: r.say("page.first"), Body: design.Stack{
		design.Paragraph(r.say("page.first.lead")),
		design.Form{Action: r.URL.Path, Errors: wrong, Fields: append(fields, newPassword(r, wrong)),
			Buttons: design.Actions{design.Button{Label: r.say("page.first.do"), Kind: design.Primary}}},
	}}}
	if len(wrong) > 0 {
		out.status = http.StatusUnprocessableEntity
	}
	return out
}

// aboutFirst gives the field of a pointer into workflow.FirstIn.
func aboutFirst(at fault.Field) string {
	fields := map[string]string{"/org/name": "organization", "/org/slug": "slug", "/org/area": "area", "/person/name": "name",
		"/person/handle": "handle"}
	return cmp.Or(fields[at.Pointer], aboutPassword(at))
}

func (s *Site) first(r *request) (answer, error) {
	if _, err := s.invited(r); err != nil {
		return answer{}, err
	}
	password := r.PostForm.Get("password")
	in := workflow.FirstIn{
		Org:      workflow.OrgIn{Name: r.value("organization"), Slug: r.value("slug"), Area: strings.ToUpper(r.value("area"))},
		Person:   workflow.PersonIn{Name: r.value("name"), Handle: r.value("handle")},
		Password: password,
	}
	person, err := s.Workflow.First(r.Context(), r.param("token"), in)
	if err != nil {
		wrong, err := s.amiss(r, err, aboutFirst)
		if err != nil {
			return answer{}, err
		}
		return s.askForFirst(r, wrong), nil
	}
	_, err = s.Sessions.SignIn(r.Context(), person.Handle, password, r.peer)
	return answer{to: design.PathHome}, err
}
