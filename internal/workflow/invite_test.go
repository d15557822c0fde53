package workflow_test

import (
	"context"
	"strings"
	"testing"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/internal/workflow"
)

const known = "horse staple river"

// machine is the person at it.
func machine() identity.Principal { return identity.Principal{Operator: true, Via: identity.ViaLocal} }

func secretOf(t *testing.T, l workflow.NewLink) string {
	t.Helper()
	secret, ok := strings.CutPrefix(l.Path, "/"+string(l.Kind)+"/")
	if !ok || !auth.WellFormed(secret) {
		t.Fatalf("%+v", l)
	}
	return secret
}

// wants demands a refusal; with "" for the code, which of several reasons comes first is for policies to say.
func wants(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	if !fault.Is(err, kind) || code != "" && fault.Of(err).Code != code {
		t.Fatalf("%v, want %s", err, code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheFirstAdministrator: by the newest link, once, while there is none.
func TestTheFirstAdministrator(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		d := deps(t, s)
		d.Passwords = auth.NewPasswords(s, 64)
		w, ctx := workflow.New(d), context.Background()
		old, err := w.FirstLink(ctx)
		must(t, err)
		link, err := w.FirstLink(ctx)
		must(t, err)
		in := workflow.FirstIn{Org: workflow.OrgIn{Slug: "hq", Name: "Headquarters"},
			Person: workflow.PersonIn{Handle: "ada", Name: "Ada"}, Password: known}
		_, err = w.First(ctx, secretOf(t, old), in)
		wants(t, err, fault.NotFound, "link.not_found")
		bad := in
		bad.Org.Slug = "H Q"
		_, err = w.First(ctx, secretOf(t, link), bad)
		wants(t, err, fault.Invalid, "name.slug")
		if at := fault.Of(err).Fields[0].Pointer; at != "/org/slug" {
			t.Error(at)
		}
		_, err = w.First(ctx, secretOf(t, link), in)
		must(t, err)
		who, err := auth.New(s).Named(ctx, "ada@hq")
		if err != nil || !who.Has(identity.Administrator) {
			t.Fatalf("%+v %v", who, err)
		}
		_, err = w.First(ctx, secretOf(t, link), in)
		wants(t, err, fault.NotFound, "link.not_found")
		if again, err := w.FirstLink(ctx); err != nil || again.Path != "" {
			t.Errorf("%+v %v", again, err)
		}
	})
}

// TestWhoIsAnswerableForAPerson: who could give them every role they hold.
func TestWhoIsAnswerableForAPerson(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		w, ctx, a := workflow.New(deps(t, s)), context.Background(), auth.New(s)
		passwords := auth.NewPasswords(s, 64)
		for _, slug := range []string{"north", "hq"} {
			_, err := w.AddOrg(ctx, machine(), workflow.OrgIn{Slug: slug, Name: slug, Kind: "igo"})
			must(t, err)
		}
		invite := func(who identity.Principal, person string, role identity.Role) (workflow.NewLink, error) {
			return w.Invite(ctx, who, workflow.InviteIn{Person: person, Name: "Somebody", Roles: []identity.Role{role}})
		}
		ada, err := invite(machine(), "ada@hq", identity.Administrator)
		must(t, err)
		_, err = invite(machine(), "fay@north", identity.FocalPoint)
		must(t, err)
		fay, err := a.Named(ctx, "fay@north")
		must(t, err)

		_, err = invite(fay, "ada@north", identity.Reader) // whose link has not been used yet
		wants(t, err, fault.Forbidden, "")
		_, err = passwords.Accept(ctx, secretOf(t, ada), known)
		must(t, err)
		_, err = invite(machine(), "ada@north", identity.Reader)
		wants(t, err, fault.Conflict, "person.enrolled")
		_, err = w.AddMembership(ctx, fay, workflow.MemberIn{Person: "ada@north", Role: identity.Reader})
		must(t, err)
		_, err = w.ResetPerson(ctx, fay, "ada")
		wants(t, err, fault.Forbidden, "")
		wants(t, w.EndSessions(ctx, fay, "ada"), fault.Forbidden, "")

		_, err = invite(fay, "rex@north", identity.Reviewer)
		wants(t, err, fault.Forbidden, "")
		ana, err := invite(fay, "ana@north", identity.Contributor)
		must(t, err)
		_, err = w.AddMembership(ctx, machine(), workflow.MemberIn{Person: "ana@hq", Role: identity.Administrator})
		must(t, err)
		_, err = passwords.Accept(ctx, secretOf(t, ana), known) // fay has it, and could not give that role
		wants(t, err, fault.NotFound, "link.not_found")

		noor, err := invite(fay, "noor@north", identity.Contributor)
		must(t, err)
		_, err = passwords.Accept(ctx, secretOf(t, noor), known)
		must(t, err)
		reset, err := w.ResetPerson(ctx, fay, "noor")
		must(t, err)
		_, err = passwords.Accept(ctx, secretOf(t, reset), "seven yellow boats")
		must(t, err)
		self, err := a.Named(ctx, "noor@north")
		must(t, err)
		must(t, w.EndSessions(ctx, self, "noor"))
		wants(t, w.EndSessions(ctx, self, "fay"), fault.Forbidden, "")
		_, err = w.ResetPerson(ctx, fay, "nobody")
		wants(t, err, fault.NotFound, "person.not_found")
	})
}
