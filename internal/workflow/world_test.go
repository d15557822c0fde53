package workflow_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
)

// world is a small system: north owns, east and west review, south publishes, the secretariat administers.
type world struct {
	t     testing.TB
	ctx   context.Context
	store *store.Store
	flow  *workflow.Workflow
	auth  *auth.Auth
	clock *testkit.Clock
}

var operator = identity.Principal{Operator: true, Via: identity.ViaLocal}

func eachWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	testkit.EachDatabase(t, func(t *testing.T, d testkit.Database) {
		clock := testkit.NewClock()
		d.Options.Clock = clock.Now
		w := newWorld(t, d.Open(t), clock)
		test(w)
		w.verifies()
	})
}

// verifies demands that ledger, contents, views and feeds still fit together, whatever a test did.
func (w *world) verifies() {
	w.t.Helper()
	findings, err := w.store.VerifyLedger(w.ctx, nil)
	w.ok(err)
	for _, f := range findings {
		w.t.Errorf("the ledger does not verify: %+v", f)
	}
}

// parts are what every workflow of these tests is built from. They never change.
var parts = sync.OnceValues(func() (workflow.Deps, error) {
	var d workflow.Deps
	var err error
	if d.Schema, err = schema.Load(); err != nil {
		return d, err
	}
	if d.Checks, err = incident.NewChecks(d.Schema); err != nil {
		return d, err
	}
	d.Policies, err = policies.New(d.Schema)
	return d, err
})

func deps(t testing.TB, s *store.Store) workflow.Deps {
	t.Helper()
	d, err := parts()
	if err != nil {
		t.Fatal(err)
	}
	d.Store, d.Random = s, testkit.NewRandom(byte(seeds.Add(1)))
	return d
}

// seeds gives every workflow random numbers of its own: two over one database must not draw the same ids.
var seeds atomic.Int32

func newWorld(t testing.TB, s *store.Store, clock *testkit.Clock) *world {
	t.Helper()
	w := &world{t: t, ctx: context.Background(), store: s, flow: workflow.New(deps(t, s)), auth: auth.New(s), clock: clock}
	w.seed(map[string]string{"north": "igo", "east": "research_partner", "west": "research_partner", "south": "un_entity",
		"centre": "un_entity", "secretariat": "secretariat"}, map[string]string{
		"ana@north": "contributor", "fay@north": "focal_point", "rex@east": "reviewer", "rua@east": "reviewer",
		"wim@west": "reviewer", "pia@south": "publisher", "pol@south": "publisher reviewer", "cam@centre": "publisher",
		"adam@secretariat": "administrator", "aude@secretariat": "administrator", "otto@secretariat": "auditor",
		"lea@west": "reader", "eva@east": "contributor focal_point",
	}, []identity.Grant{
		{ID: "g1", Org: "north", Action: identity.GrantSubmit}, {ID: "g2", Org: "east", Action: identity.GrantReview},
		{ID: "g3", Org: "west", Action: identity.GrantReview}, {ID: "g4", Org: "south", Action: identity.GrantPublish},
		{ID: "g5", Org: "south", Action: identity.GrantReview}, {ID: "g6", Org: "centre", Action: identity.GrantPublish},
	})
	return w
}

// seed writes organizations (slug → kind), people (PERSON@ORG → roles) and rights in one transaction. Ids are the slugs
// and handles.
func (w *world) seed(orgs, people map[string]string, grants []identity.Grant) {
	w.t.Helper()
	change := store.Change{Action: "org.add", Subject: "world", Grants: grants, RaiseEpoch: true}
	for slug, kind := range orgs {
		change.Orgs = append(change.Orgs, identity.Org{ID: slug, Slug: slug, Name: slug, Kind: kind, Status: identity.Active})
	}
	for name, roles := range people {
		handle, slug, _ := strings.Cut(name, "@")
		change.People = append(change.People, identity.Person{ID: handle, Handle: handle, Name: handle, Status: identity.Active})
		for role := range strings.FieldsSeq(roles) {
			change.Memberships = append(change.Memberships, identity.Membership{Person: handle, Org: slug, Role: identity.Role(role)})
		}
	}
	w.ok(w.store.Write(w.ctx, store.Actor{Person: "operator", Via: identity.ViaLocal}, func(tx *store.WriteTx) error {
		return tx.Append(change)
	}))
}

func (w *world) person(name, roles string) {
	w.t.Helper()
	handle, _, _ := strings.Cut(name, "@")
	_, err := w.flow.AddPerson(w.ctx, operator, workflow.PersonIn{Handle: handle, Name: strings.ToUpper(handle)})
	if !fault.Is(err, fault.Conflict) {
		w.ok(err)
	}
	for role := range strings.FieldsSeq(roles) {
		_, err := w.flow.AddMembership(w.ctx, operator, workflow.MemberIn{Person: name, Role: identity.Role(role)})
		w.ok(err)
	}
}

func (w *world) grant(in workflow.GrantIn) identity.Grant {
	w.t.Helper()
	g, err := w.flow.AddGrant(w.ctx, operator, in)
	w.ok(err)
	return g
}

// as gives the principal of PERSON@ORG as a request would have it.
func (w *world) as(name string) identity.Principal {
	w.t.Helper()
	who, err := w.auth.Named(w.ctx, name)
	w.ok(err)
	return who
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// refused demands a kind and, where given, a code.
func (w *world) refused(err error, kind fault.Kind, code string) {
	w.t.Helper()
	f := fault.Of(err)
	if f == nil || f.Kind != kind || code != "" && f.Code != code {
		w.t.Fatalf("got %v, want kind %d code %s", err, kind, code)
	}
}

func document(t testing.TB, edit func(map[string]any)) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(complete), &doc); err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(doc)
	}
	data, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// complete is a record that may be published.
const complete = `{
  "identity": {"unit": "incident", "collection": {"name": "Northern register", "licence": "cc_by_4_0"}},
  "narrative": {
    "summary": {"source": "en", "en": {"text": "An outbreak among people was reported and ended in the summer."}},
    "members_narrative": {"source": "en", "en": {"text": "More is told to members about the outbreak."}}
  },
  "classification": {"incident_type": "outbreak.human_disease", "occurrence": "harm_occurred",
    "verification": "confirmed_by_state_concerned", "domains": ["human"]},
  "cause": {"assessments": [{"id": "a1", "body": "Ministry of Health", "date": "2020-05", "value": "natural", "sources": ["s1"]}]},
  "time": {"onset": "2020-03"},
  "place": {"areas": [{"id": "p1", "area": "FRA", "role": "occurrence"}]},
  "impact": {"counts": [{"id": "c1", "measure": "confirmed", "basis": "cumulative", "low": 12, "high": 12, "qualifier": "exact",
    "as_of": "2020-06", "sources": ["s1"]}]},
  "sources": [
    {"id": "s1", "type": "official_state_report", "citation": {"title": "Report of the ministry"}, "default": true},
    {"id": "s2", "type": "igo_report", "citation": {"title": "Report of an organization"}}
  ]
}`

func handlingOf(marking schema.Tier) *workflow.HandlingIn {
	return &workflow.HandlingIn{Marking: marking}
}

// draft creates a record of north with a handling.
func (w *world) draft(edit func(map[string]any), h *workflow.HandlingIn) workflow.Working {
	w.t.Helper()
	if h == nil {
		h = handlingOf(schema.Public)
	}
	got, err := w.flow.Create(w.ctx, w.as("ana@north"), workflow.Draft{Body: document(w.t, edit), Handling: h})
	w.ok(err)
	return got
}

func (w *world) submitted(edit func(map[string]any), h *workflow.HandlingIn) workflow.Working {
	w.t.Helper()
	got := w.draft(edit, h)
	got, err := w.flow.Submit(w.ctx, w.as("fay@north"), got.Record.ID, got.Revision, "")
	w.ok(err)
	return got
}

func (w *world) claimed(edit func(map[string]any), h *workflow.HandlingIn) workflow.Working {
	w.t.Helper()
	got := w.submitted(edit, h)
	got, err := w.flow.Claim(w.ctx, w.as("rex@east"), got.Record.ID, workflow.Declared{})
	w.ok(err)
	return got
}

func (w *world) recommend(who, id string) workflow.Working {
	w.t.Helper()
	before, err := w.flow.Working(w.ctx, w.as(who), id)
	w.ok(err)
	got, err := w.flow.Recommend(w.ctx, w.as(who), id, before.Revision, workflow.RecommendIn{Checklist: workflow.Checklist()})
	w.ok(err)
	return got
}

func (w *world) reviewed(edit func(map[string]any), h *workflow.HandlingIn) workflow.Working {
	w.t.Helper()
	return w.recommend("rex@east", w.claimed(edit, h).Record.ID)
}

// rev gives the revision as the owner sees it.
func (w *world) rev(id string) workflow.Revision {
	w.t.Helper()
	got, err := w.flow.Working(w.ctx, w.as("fay@north"), id)
	w.ok(err)
	return got.Revision
}

func (w *world) published(edit func(map[string]any), h *workflow.HandlingIn) string {
	w.t.Helper()
	id := w.reviewed(edit, h).Record.ID
	_, err := w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
	w.ok(err)
	return id
}

// publishedNamed publishes a record of the named tier, which is assigned and takes two recommendations.
func (w *world) publishedNamed(recipients ...string) string {
	w.t.Helper()
	id := w.submitted(nil, &workflow.HandlingIn{Marking: schema.Named, Recipients: recipients}).Record.ID
	for _, name := range []string{"rex@east", "wim@west"} {
		_, err := w.flow.Assign(w.ctx, w.as("pia@south"), id, workflow.AssignIn{Person: name, Duty: incident.ReviewDuty})
		w.ok(err)
		w.recommend(name, id)
	}
	_, err := w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
	w.ok(err)
	return id
}

func (w *world) view(tier schema.Tier, id string, edition int) (store.StoredView, bool) {
	w.t.Helper()
	var view store.StoredView
	var ok bool
	w.ok(w.store.Read(w.ctx, func(tx *store.Tx) (err error) {
		view, ok, err = tx.View(tier, id, edition)
		return err
	}))
	return view, ok
}

// state gives the states of a record and its open version, as the auditor sees them.
func (w *world) state(id string) (incident.RecordState, incident.VersionState) {
	w.t.Helper()
	got, err := w.flow.Working(w.ctx, w.as("otto@secretariat"), id)
	w.ok(err)
	if got.Version == nil {
		return got.Record.State, ""
	}
	return got.Record.State, got.Version.State
}

func (w *world) inState(id string, record incident.RecordState, version incident.VersionState) {
	w.t.Helper()
	if r, v := w.state(id); r != record || v != version {
		w.t.Fatalf("record %s, version %q; want %s, %q", r, v, record, version)
	}
}
