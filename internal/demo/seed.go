package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"path"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
)

// Seeder fills a database.
type Seeder struct {
	Workflow  *workflow.Workflow
	Auth      *auth.Auth
	Passwords *auth.Passwords
	Progress  func(done, total int)
}

// operator is the person at the machine, who may set up organizations and people.
func operator() identity.Principal {
	return identity.Principal{Operator: true, Via: identity.ViaLocal}
}

// Empty tells whether nothing was set up yet.
func (s *Seeder) Empty(ctx context.Context) (bool, error) {
	orgs, err := s.Workflow.Orgs(ctx, operator())
	return len(orgs) == 0, err
}

// Fill sets up organizations, people and rights and takes every case through its steps.
func (s *Seeder) Fill(ctx context.Context) error {
	if err := s.setUp(ctx); err != nil {
		return err
	}
	cases, err := Cases()
	if err != nil {
		return err
	}
	ids := map[string]string{}
	for i, c := range cases {
		if ids[c.Name], err = s.play(ctx, c, ids); err != nil {
			return fmt.Errorf("case %s: %w", c.Name, err)
		}
		s.Progress(i+1, len(cases))
	}
	return nil
}

func (s *Seeder) setUp(ctx context.Context) error {
	for _, org := range organizations() {
		if _, err := s.Workflow.AddOrg(ctx, operator(), org); err != nil {
			return fmt.Errorf("organization %s: %w", org.Slug, err)
		}
		for _, action := range rights()[org.Slug] {
			if _, err := s.Workflow.AddGrant(ctx, operator(), workflow.GrantIn{Org: org.Slug, Action: action}); err != nil {
				return fmt.Errorf("right of %s: %w", org.Slug, err)
			}
		}
	}
	for _, person := range People() {
		if err := s.addPerson(ctx, person); err != nil {
			return fmt.Errorf("%s: %w", person.Name, err)
		}
	}
	return nil
}

func (s *Seeder) addPerson(ctx context.Context, p Person) error {
	handle, _, err := identity.ParseName(p.Name)
	if err != nil {
		return err
	}
	if _, err := s.Workflow.AddPerson(ctx, operator(), workflow.PersonIn{Handle: handle, Name: p.Words}); err != nil {
		return err
	}
	for _, role := range p.Roles {
		if _, err := s.Workflow.AddMembership(ctx, operator(), workflow.MemberIn{Person: p.Name, Role: role}); err != nil {
			return err
		}
	}
	return s.enrol(ctx, handle)
}

// Password is that of everybody in the demonstration. Everybody knows it, which is what it is for.
const Password = "nobody here is real"

// enrol gives a person the Password by the link by which people set theirs.
func (s *Seeder) enrol(ctx context.Context, handle string) error {
	link, err := s.Workflow.ResetPerson(ctx, operator(), handle)
	if err != nil {
		return err
	}
	_, err = s.Passwords.Accept(ctx, path.Base(link.Path), Password)
	return err
}

// Tokens makes a token for every person of the demonstration, by PERSON@ORG.
func (s *Seeder) Tokens(ctx context.Context, expires incident.Micros) (map[string]string, error) {
	secrets := map[string]string{}
	for _, p := range People() {
		token, err := s.Workflow.CreateToken(ctx, operator(), workflow.TokenIn{Person: p.Name, Name: "demonstration", Expires: expires})
		if err != nil {
			return nil, fmt.Errorf("token of %s: %w", p.Name, err)
		}
		secrets[p.Name] = token.Secret
	}
	return secrets, nil
}

// play enters a case and takes it through its steps; ids are those of the cases before it.
func (s *Seeder) play(ctx context.Context, c Case, ids map[string]string) (string, error) {
	author, err := s.Auth.Named(ctx, c.Author)
	if err != nil {
		return "", err
	}
	working, err := s.Workflow.Create(ctx, author, workflow.Draft{Body: c.Body, Handling: c.Handling})
	if err != nil {
		return "", err
	}
	id := working.Record.ID
	for i, step := range c.Steps {
		if err := s.take(ctx, id, c, step, ids); err != nil {
			return "", fmt.Errorf("step %d, %s: %w", i+1, step.Do, err)
		}
	}
	return id, nil
}

// take takes one step.
func (s *Seeder) take(ctx context.Context, id string, c Case, step Step, ids map[string]string) error {
	who, err := s.Auth.Named(ctx, step.As)
	if err != nil {
		return err
	}
	verb, ok := s.verbs()[step.Do]
	if !ok {
		return fault.New(fault.Invalid, "demo.unknown_step", "step", step.Do)
	}
	return verb(move{ctx: ctx, who: who, id: id, step: step, body: c.Body, author: c.Author, ids: ids})
}

// move is everything a verb may need.
type move struct {
	ctx    context.Context
	who    identity.Principal
	id     string
	step   Step
	body   json.RawMessage
	author string
	ids    map[string]string
}

// revision asks for the revision as this person sees it: publishers and reviewers know it of what they have in hand. Who
// confirms a restriction has nothing in hand; the owner names the revision to them.
func (s *Seeder) revision(m move) (workflow.Revision, error) {
	who := m.who
	if m.step.Do == "confirm" {
		owner, err := s.Auth.Named(m.ctx, m.author)
		if err != nil {
			return 0, err
		}
		who = owner
	}
	working, err := s.Workflow.Working(m.ctx, who, m.id)
	return working.Revision, err
}

// guarded makes a verb of a command that needs the revision.
func (s *Seeder) guarded(command func(m move, rev workflow.Revision) error) func(move) error {
	return func(m move) error {
		rev, err := s.revision(m)
		if err != nil {
			return err
		}
		return command(m, rev)
	}
}

func (s *Seeder) verbs() map[string]func(move) error {
	w := s.Workflow
	return map[string]func(move) error{
		"submit": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.Submit(m.ctx, m.who, m.id, rev, m.step.Note)
			return err
		}),
		"recall": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.Recall(m.ctx, m.who, m.id, rev, m.step.Note)
			return err
		}),
		"discard": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.Discard(m.ctx, m.who, m.id, rev, m.step.Note)
			return err
		}),
		"save":        s.guarded(s.save),
		"new_version": func(m move) error { _, err := w.NewVersion(m.ctx, m.who, m.id); return err },
		"claim": func(m move) error {
			_, err := w.Claim(m.ctx, m.who, m.id, workflow.Declared{})
			return err
		},
		"assign": func(m move) error {
			_, err := w.Assign(m.ctx, m.who, m.id, workflow.AssignIn{Person: m.step.Person, Duty: m.step.Duty})
			return err
		},
		"comment": func(m move) error {
			_, err := w.Comment(m.ctx, m.who, m.id, workflow.CommentIn{
				Pointer: m.step.Pointer, Request: m.step.Request, Text: m.step.Note, Suggestion: m.step.Value,
			})
			return err
		},
		"request_changes": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.RequestChanges(m.ctx, m.who, m.id, rev, m.step.Note)
			return err
		}),
		"recommend": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.Recommend(m.ctx, m.who, m.id, rev, workflow.RecommendIn{Checklist: workflow.Checklist(), Note: m.step.Note})
			return err
		}),
		"decline": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.Decline(m.ctx, m.who, m.id, rev, m.step.Reason, m.step.Note)
			return err
		}),
		"publish": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.Publish(m.ctx, m.who, m.id, rev, m.step.Note)
			return err
		}),
		"accept": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.Accept(m.ctx, m.who, m.id, rev, m.step.Note)
			return err
		}),
		"narrow": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.Narrow(m.ctx, m.who, m.id, rev, m.step.Handle.Change(), m.step.Note)
			return err
		}),
		"confirm": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.Confirm(m.ctx, m.who, m.id, rev, m.step.Note)
			return err
		}),
		"withdraw": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.Withdraw(m.ctx, m.who, m.id, rev, m.step.Reason, m.step.Note)
			return err
		}),
		"merge": s.guarded(func(m move, rev workflow.Revision) error {
			_, err := w.Merge(m.ctx, m.who, m.id, rev, m.ids[m.step.Into], m.step.Reason, m.step.Note)
			return err
		}),
	}
}

// save lays the step's changes over the case's body and keeps it as the working copy.
func (s *Seeder) save(m move, rev workflow.Revision) error {
	body, err := overlay(m.body, m.step)
	if err != nil {
		return err
	}
	_, err = s.Workflow.Save(m.ctx, m.who, m.id, rev, workflow.Draft{Body: body, Handling: m.step.Handle})
	return err
}

func overlay(base json.RawMessage, step Step) ([]byte, error) {
	if step.Body != nil {
		return step.Body, nil
	}
	var body map[string]any
	if err := json.Unmarshal(base, &body); err != nil {
		return nil, err
	}
	for section, value := range step.Change {
		body[section] = value
	}
	return json.Marshal(body)
}
