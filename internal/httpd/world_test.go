package httpd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bioincident/api"
	"bioincident/internal/auth"
	"bioincident/internal/catalog"
	"bioincident/internal/follow"
	"bioincident/internal/httpd"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/ledger"
	"bioincident/internal/message"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/internal/web"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
	"bioincident/search"
)

// world is a whole system behind its handler: north owns, east and west review, south and centre publish, the secretariat
// administers. The people are those of roles.
type world struct {
	t       testing.TB
	deps    httpd.Deps
	handler http.Handler
	clock   *testkit.Clock
	tokens  map[string]string // PERSON@ORG → secret
	follow  *follow.Follower
}

// roles are the people of the world. sam has every role, in an organization without any right.
func roles() map[string]string {
	return map[string]string{
		"ana@north": "contributor", "fay@north": "focal_point", "fred@north": "focal_point", "ron@north": "reader",
		"rex@east": "reviewer", "rua@east": "reviewer", "wim@west": "reviewer", "pia@south": "publisher",
		"pol@south": "publisher", "cam@centre": "publisher", "adam@secretariat": "administrator",
		"aude@secretariat": "administrator", "otto@secretariat": "auditor",
		"sam@stranger": "reader contributor focal_point reviewer publisher",
	}
}

func rights() []workflow.GrantIn {
	return []workflow.GrantIn{
		{Org: "north", Action: identity.GrantSubmit}, {Org: "east", Action: identity.GrantReview},
		{Org: "west", Action: identity.GrantReview}, {Org: "south", Action: identity.GrantPublish},
		{Org: "centre", Action: identity.GrantPublish},
	}
}

func operator() identity.Principal { return identity.Principal{Operator: true, Via: identity.ViaLocal} }

func eachWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	testkit.EachDatabase(t, func(t *testing.T, d testkit.Database) { test(t, newWorld(t, d)) })
}

func newWorld(t testing.TB, d testkit.Database, change ...func(*httpd.Deps)) *world {
	t.Helper()
	clock := testkit.NewClock()
	d.Options.Clock = clock.Now
	s := d.Open(t)
	w := &world{t: t, clock: clock, tokens: map[string]string{}}
	w.deps, w.follow = build(t, s)
	for _, c := range change {
		c(&w.deps)
	}
	w.serve()
	w.people()
	return w
}

func (w *world) serve() {
	w.t.Helper()
	server, err := httpd.New(w.deps)
	w.ok(err)
	w.handler = server.Handler()
}

func build(t testing.TB, s *store.Store) (httpd.Deps, *follow.Follower) {
	t.Helper()
	sch, err := schema.Load()
	ok(t, err)
	words, err := message.Load()
	ok(t, err)
	checks, err := incident.NewChecks(sch)
	ok(t, err)
	rules, err := policies.New(sch)
	ok(t, err)
	index, err := search.Open(search.Options{}, sch)
	ok(t, err)
	follower := follow.New(follow.Deps{Store: s, Index: index, Message: words, Schema: sch})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- follower.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-ended
		_ = index.Close()
	})
	settings := httpd.Defaults()
	settings.MaxBody, settings.MaxUpload = 64<<10, 64<<10
	settings.PerAddress, settings.PerToken = httpd.Rate{}, httpd.Rate{}
	passwords := auth.NewPasswords(s, 64)
	flow := workflow.New(workflow.Deps{Store: s, Schema: sch, Checks: checks, Policies: rules, Passwords: passwords, Random: testkit.NewRandom(7)})
	cases := catalog.New(catalog.Deps{Store: s, Schema: sch, Message: words, Index: index, Follower: follower, Checks: checks})
	secret, err := s.Secret(ctx, "cursors")
	ok(t, err)
	cursors, err := api.NewCursors(secret)
	ok(t, err)
	site, err := web.New(web.Deps{Workflow: flow, Catalog: cases, Sessions: auth.NewSessions(s, passwords, false), Passwords: passwords,
		Cursors: cursors, Schema: sch, Message: words})
	ok(t, err)
	return httpd.Deps{
		Workflow: flow, Catalog: cases, Site: site,
		Auth: auth.New(s), Schema: sch, Message: words, Store: s, Random: testkit.NewRandom(9), Settings: settings,
		Spool: t.TempDir(), Log: slog.New(slog.DiscardHandler),
	}, follower
}

// indexed waits until what was published can be found.
func (w *world) indexed() {
	w.t.Helper()
	for _, tier := range schema.Tiers() {
		var head ledger.Head
		w.ok(w.deps.Store.Read(w.t.Context(), func(tx *store.Tx) (err error) {
			head, err = tx.FeedHead(tier)
			return err
		}))
		for w.follow.CaughtUp(w.t.Context(), tier, head.Seq) != nil {
			if w.t.Context().Err() != nil {
				w.t.Fatal("the index did not catch up")
			}
		}
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) ok(err error) { w.t.Helper(); ok(w.t, err) }

// people sets up organizations, people, rights and a token for everybody.
func (w *world) people() {
	w.t.Helper()
	ctx, flow := context.Background(), w.deps.Workflow
	for slug, kind := range map[string]string{"north": "igo", "east": "research_partner", "west": "research_partner",
		"south": "un_entity", "centre": "un_entity", "secretariat": "secretariat", "stranger": "igo"} {
		_, err := flow.AddOrg(ctx, operator(), workflow.OrgIn{Slug: slug, Name: slug, Kind: kind})
		w.ok(err)
	}
	for _, right := range rights() {
		_, err := flow.AddGrant(ctx, operator(), right)
		w.ok(err)
	}
	for name, held := range roles() {
		handle, _, _ := strings.Cut(name, "@")
		_, err := flow.AddPerson(ctx, operator(), workflow.PersonIn{Handle: handle, Name: handle})
		w.ok(err)
		for role := range strings.FieldsSeq(held) {
			_, err := flow.AddMembership(ctx, operator(), workflow.MemberIn{Person: name, Role: identity.Role(role)})
			w.ok(err)
		}
		w.tokens[name] = w.token(name)
	}
}

func (w *world) token(name string, scopes ...string) string {
	w.t.Helper()
	made, err := w.deps.Workflow.CreateToken(context.Background(), operator(), workflow.TokenIn{
		Person: name, Name: "test", Scopes: scopes, Expires: w.clock.Now() + 365*24*3600*1_000_000,
	})
	w.ok(err)
	return made.Secret
}

// call is one request.
type call struct {
	method, path string
	as           string // PERSON@ORG, "" for nobody
	token        string // instead of as
	ifMatch      string
	header       map[string]string
	media        string // of the body; "" is JSON
	body         any    // marshalled, unless it is a string or bytes
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (w *world) do(c call) answer {
	w.t.Helper()
	return w.through(w.handler, c)
}

func (w *world) through(handler http.Handler, c call) answer {
	w.t.Helper()
	var body []byte
	switch b := c.body.(type) {
	case nil:
	case string:
		body = []byte(b)
	case []byte:
		body = b
	default:
		var err error
		body, err = json.Marshal(b)
		w.ok(err)
	}
	r := httptest.NewRequest(c.method, c.path, bytes.NewReader(body))
	if len(body) == 0 {
		r.Body, r.ContentLength = http.NoBody, 0
	} else if r.Header.Set("Content-Type", "application/json"); c.media != "" {
		r.Header.Set("Content-Type", c.media)
	}
	if c.as != "" {
		c.token = w.tokens[c.as]
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.ifMatch != "" {
		r.Header.Set("If-Match", c.ifMatch)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Result().Header, rec.Body.Bytes()}
}

// need demands a status.
func (w *world) need(c call, status int) answer {
	w.t.Helper()
	got := w.do(c)
	if got.status != status {
		w.t.Fatalf("%s %s as %s: %d, want %d: %s", c.method, c.path, c.as, got.status, status, got.body)
	}
	return got
}

func (a answer) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

func (a answer) code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(a.body, &p)
	return p.Code
}

// The steps of a record's life, as north takes them.

func (w *world) draft(title string) (id, etag string) {
	w.t.Helper()
	got := w.need(call{method: "POST", path: "/api/v1/incidents", as: "ana@north",
		body: map[string]any{"body": document(title), "handling": map[string]any{"marking": "public"}}}, http.StatusCreated)
	var working struct {
		ID string `json:"id"`
	}
	got.into(w.t, &working)
	return working.ID, got.header.Get("ETag")
}

// step takes a transition with the revision the person sees.
func (w *world) step(as, id, verb string, body any) answer {
	w.t.Helper()
	return w.need(call{method: "POST", path: "/api/v1/incidents/" + id + "/" + verb, as: as, ifMatch: w.revision(as, id), body: body}, http.StatusOK)
}

// revision gives the ETag as a person sees it, or as the owner does.
func (w *world) revision(as, id string) string {
	w.t.Helper()
	path := "/api/v1/incidents/" + id + "/working"
	if got := w.do(call{method: "GET", path: path, as: as}); got.status == http.StatusOK && strings.HasPrefix(got.header.Get("ETag"), `"r`) {
		return got.header.Get("ETag")
	}
	return w.need(call{method: "GET", path: path, as: "fay@north"}, http.StatusOK).header.Get("ETag")
}

func (w *world) submitted(title string) string {
	id, _ := w.draft(title)
	w.step("fay@north", id, "submit", nil)
	return id
}

func noInterests() map[string]any {
	return map[string]any{"interests": map[string]any{"involved": false, "related": false, "gain": false}}
}

func (w *world) claimed(title string) string {
	id := w.submitted(title)
	w.step("rex@east", id, "claim", noInterests())
	return id
}

func (w *world) reviewed(title string) string {
	id := w.claimed(title)
	w.step("rex@east", id, "recommend", map[string]any{"checklist": workflow.Checklist()})
	return id
}

func (w *world) published(title string) string {
	id := w.reviewed(title)
	w.step("pia@south", id, "publish", nil)
	return id
}

// document is a body that may be published.
func document(summary string) map[string]any {
	var doc map[string]any
	err := json.Unmarshal(fmt.Appendf(nil, `{
  "identity": {"unit": "incident", "collection": {"name": "Northern register", "licence": "cc_by_4_0"}},
  "narrative": {"summary": {"source": "en", "en": {"text": %q}}},
  "classification": {"incident_type": "outbreak.human_disease", "occurrence": "harm_occurred",
    "verification": "confirmed_by_state_concerned", "domains": ["human"]},
  "cause": {"assessments": [{"id": "a1", "body": "Ministry of Health", "date": "2020-05", "value": "natural", "sources": ["s1"]}]},
  "time": {"onset": "2020-03"},
  "place": {"areas": [{"id": "p1", "area": "FRA", "role": "occurrence"}]},
  "sources": [
    {"id": "s1", "type": "official_state_report", "citation": {"title": "Report of the ministry"}, "default": true},
    {"id": "s2", "type": "igo_report", "citation": {"title": "Report of an organization"}}
  ]
}`, summary), &doc)
	if err != nil {
		panic(err)
	}
	return doc
}

// principal gives the principal of PERSON@ORG, as a request would have it.
func (w *world) principal(name string) identity.Principal {
	w.t.Helper()
	who, err := w.deps.Auth.Authenticate(w.t.Context(), w.tokens[name])
	w.ok(err)
	return who
}

func importOf(key string) workflow.ImportIn {
	return workflow.ImportIn{Profile: "don_events", Files: []string{"events.csv"}, Key: key}
}
