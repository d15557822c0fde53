package leak

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"bioincident/api"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/testkit"
	"bioincident/internal/testkit/world"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/policies/cases"
	"bioincident/schema"
)

// The world of policies/cases in a real system, made by the commands that people take. Helpers who are not in the cases
// lend a hand where nobody of the world is meant to have signed.

type caseWorld struct {
	*world.System
	t     *testing.T
	cases *cases.World
	rules *policies.Rules
	ids   map[string]string // name of a record → id
	steps int
}

// The helpers: two reviewing organizations, a publisher, and a focal point for the organization that has none.
const (
	helperOne, helperTwo = "hal@helpone", "hil@helptwo"
	helperPublisher      = "hop@helpthree"
	iceFocal             = "ilo@ice"
)

func newCaseWorld(t *testing.T, d testkit.Database) *caseWorld {
	t.Helper()
	c := &caseWorld{System: world.New(t, d), t: t, ids: map[string]string{}}
	var err error
	c.cases, err = cases.Load()
	c.ok(err)
	p, err := policies.New(c.Schema)
	c.ok(err)
	c.rules, err = p.Rules(1, c.cases.ActiveGrants(), 1, "")
	c.ok(err)
	c.Found(c.society())
	for _, r := range c.cases.Records {
		c.ids[r.Name] = c.build(r)
	}
	c.step("suspend")
	_, err = c.Workflow.SuspendOrg(context.Background(), world.Operator(), "ice", "", "as in the cases")
	c.ok(err)
	c.step("asking")
	c.Settle()
	return c
}

func (c *caseWorld) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *caseWorld) step(name string) {
	c.steps++
	c.Step(fmt.Sprint(name, c.steps), time.Duration(c.steps)*time.Second)
}

// society is that of the cases, with everybody active for a start, and the helpers.
func (c *caseWorld) society() world.Society {
	s := world.Society{People: map[string][]identity.Role{}, Grants: slices.Clone(c.cases.Grants)}
	for _, org := range c.cases.Orgs {
		org.Status = identity.Active
		s.Orgs = append(s.Orgs, org)
	}
	for _, m := range c.cases.Members {
		name := m.Person + "@" + m.Org
		s.People[name] = append(s.People[name], m.Role)
	}
	s.People[iceFocal] = []identity.Role{identity.FocalPoint}
	for name, right := range map[string]identity.GrantAction{helperOne: identity.GrantReview, helperTwo: identity.GrantReview, helperPublisher: identity.GrantPublish} {
		_, slug, _ := strings.Cut(name, "@")
		s.Orgs = append(s.Orgs, identity.Org{ID: slug, Slug: slug, Name: slug, Kind: "un_entity", Status: identity.Active})
		s.People[name] = []identity.Role{map[identity.GrantAction]identity.Role{
			identity.GrantReview: identity.Reviewer, identity.GrantPublish: identity.Publisher}[right]}
		s.Grants = append(s.Grants, identity.Grant{ID: slug, Org: slug, Action: right})
	}
	return s
}

// build takes a record through the steps that lead to the state in which the cases have it.
func (c *caseWorld) build(r cases.Record) string {
	c.t.Helper()
	l := world.Life{Author: "ana@north", Focal: "fay@north", Publisher: helperPublisher}
	if r.Owner == "ice" {
		l.Author, l.Focal = "ivo@ice", iceFocal
	}
	published := r.State != incident.Reserved
	h := workflow.HandlingIn{Marking: r.Marking, Recipients: r.Recipients, Excluded: r.Excluded}
	c.step("draft of " + r.Name)
	id := c.Draft(l, caseBody(r, published), h)
	if r.Version == incident.Draft && !published {
		return id
	}
	c.step("submit " + r.Name)
	c.Submit(l, id)
	if published {
		c.publish(l, id)
		c.afterPublishing(r, l, id)
		return id
	}
	for _, who := range append(slices.Clone(r.Assigned), r.Recommended...) {
		c.step("claim " + r.Name)
		c.Claim(who, id)
	}
	for _, who := range r.Recommended {
		c.step("recommend " + r.Name)
		c.Recommend(who, id)
	}
	if r.Version == incident.ChangesRequested {
		c.step("return " + r.Name)
		c.RequestChanges(r.Assigned[0], id)
	}
	return id
}

func (c *caseWorld) publish(l world.Life, id string) {
	c.t.Helper()
	for _, who := range []string{helperOne, helperTwo} {
		c.step("assign")
		c.Assign(helperPublisher, id, workflow.AssignIn{Person: who, Duty: incident.ReviewDuty})
	}
	for _, who := range []string{helperOne, helperTwo} {
		c.step("recommend")
		c.Recommend(who, id)
	}
	c.step("publish")
	c.Publish(l, id)
}

// afterPublishing withdraws, or opens the version that the cases have.
func (c *caseWorld) afterPublishing(r cases.Record, l world.Life, id string) {
	c.t.Helper()
	switch {
	case r.State == incident.Withdrawn:
		c.step("withdraw")
		c.Withdraw(l.Focal, id)
	case r.Class == incident.SituationUpdate:
		c.step("update")
		c.NewVersion(l, id, caseBody(r, true, tally("c9")), nil)
		c.step("submit the update")
		c.Submit(l, id)
	case r.Version == incident.Draft:
		c.step("correct")
		c.NewVersion(l, id, caseBody(r, true, at("UGA")), nil)
	}
}

// caseBody is a body with the areas, domains, cause and type of a record, its name in the summary, and, of a published
// one, something for each tier.
func caseBody(r cases.Record, everyTier bool, edits ...edit) []byte {
	edits = append([]edit{func(doc map[string]any) {
		var areas []any
		for i, area := range r.Areas {
			areas = append(areas, map[string]any{"id": fmt.Sprintf("p%d", i), "area": area, "role": "occurrence"})
		}
		in(doc, "place")["areas"] = areas
		in(doc, "classification")["domains"] = r.Domains
		in(doc, "classification")["incident_type"] = r.Type
		in(doc, "cause")["assessments"].([]any)[0].(map[string]any)["value"] = r.Cause
		delete(doc, "agents")
		if everyTier {
			in(doc, "narrative")["members_narrative"] = map[string]any{"source": "en", "en": map[string]any{"text": "For members."}}
			annex(doc)
		}
	}}, edits...)
	return body("This is "+r.Name+" of the cases.", edits...)
}

// miss is something in which a path tells another thing than the cases.
type miss struct{ path, text string }

// asked gives the name of somebody as a request has it.
func asked(name string) string {
	if name == cases.Public {
		return ""
	}
	return name
}

// read reads every case by every path that changes nothing; or by those that are named, and what goes with them.
func (c *caseWorld) read(s *world.System, paths ...string) []miss {
	c.t.Helper()
	r := &reading{caseWorld: c, system: s}
	by := func(some ...string) bool {
		return len(paths) == 0 || slices.ContainsFunc(paths, func(path string) bool { return slices.Contains(some, path) })
	}
	for _, m := range c.cases.May {
		if by("api") && !(m.Answer == cases.Yes && changesState(m.Action)) {
			r.may(m, c.ids[m.Record])
		}
	}
	for _, name := range c.cases.Names() {
		if by("queue", "work") {
			r.lists(name)
		}
		if by("record", "list", "search", "export", "feed") {
			r.views(name)
		}
	}
	return r.misses
}

type reading struct {
	*caseWorld
	system *world.System
	misses []miss
}

func (r *reading) miss(path, format string, args ...any) {
	r.misses = append(r.misses, miss{path, fmt.Sprintf(format, args...)})
}

// changesState tells of actions that are carried out without a revision: whoever may take one changes the record.
func changesState(action string) bool {
	return slices.Contains([]string{incident.ActionClaim, incident.ActionRelease, incident.ActionNewVersion,
		incident.ActionHold, incident.ActionLift, incident.ActionQuarantine, incident.ActionClear, incident.ActionNote,
		incident.ActionPurge, "incident.consent_ahead", "incident.revoke_consent"}, action)
}

// operation gives the operation by which an action is taken.
func (r *reading) operation(action string) *api.Operation {
	switch action {
	case incident.ActionSuggest:
		action = incident.ActionComment
	case "incident.read_head":
		action = "incident.read_work"
	}
	for _, id := range []string{"getIncident", "getWorking"} { // of several the first meant
		for _, op := range r.Contract.Operations {
			if op.ID == id && op.Action == action {
				return op
			}
		}
	}
	for _, op := range r.Contract.Operations {
		if op.Action == action {
			return op
		}
	}
	return nil
}

// may asks the API what somebody may do with a record. A request without a revision is refused for that after it was
// decided: 428 says yes and changes nothing.
func (r *reading) may(m cases.May, id string) {
	if m.Action == "incident.read_card" {
		r.card(m, id)
		return
	}
	op := r.operation(m.Action)
	if op == nil {
		r.miss("api", "no operation takes %s", m.Action)
		return
	}
	got := r.system.Do(asked(m.Who), op.Method, strings.ReplaceAll(op.Path, "{id}", id), r.example(m, op))
	if want := expected(m, op); !want(got) {
		r.miss("api", "%s %s of %s: the cases say %s, the answer is %d %s", m.Who, m.Action, m.Record, m.Answer, got.Status, got.Code())
	}
}

func (r *reading) example(m cases.May, op *api.Operation) any {
	if m.Action == incident.ActionSuggest {
		return map[string]any{"pointer": "/narrative/summary/en/text", "text": "Better so.", "suggestion": "Better words."}
	}
	return example(op)
}

// expected tells which answers say what a case says.
func expected(m cases.May, op *api.Operation) func(world.Answer) bool {
	status := func(all ...int) func(world.Answer) bool {
		return func(a world.Answer) bool { return slices.Contains(all, a.Status) }
	}
	switch {
	case m.Who == cases.Public && op.Secured:
		return status(http.StatusUnauthorized)
	case m.Answer == cases.Hidden, op.Action == "incident.read" && m.Answer != cases.Yes:
		return status(http.StatusNotFound)
	case m.Answer == "glass": // instead of content those who oversee every record are given its head
		return func(a world.Answer) bool {
			return a.Status == http.StatusOK && !strings.Contains(string(a.Body), `"body":`)
		}
	case m.Answer == cases.Yes, m.Answer == "grant_partly": // a part is approved, and counts
		return func(a world.Answer) bool {
			return a.Status < 300 || slices.Contains([]int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusPreconditionRequired}, a.Status)
		}
	}
	return func(a world.Answer) bool { return a.Status == http.StatusForbidden && a.Code() == "policy."+m.Answer }
}

// card asks for the queue, which lists the cards that somebody may see and can do something with.
func (r *reading) card(m cases.May, id string) {
	who, err := r.cases.Principal(m.Who)
	r.ok(err)
	if !who.Has(identity.Reviewer) && !who.Has(identity.Publisher) {
		return // they have no queue: lists checks that
	}
	record, err := r.cases.Record(m.Record)
	r.ok(err)
	want := m.Answer == cases.Yes && !slices.Contains(record.Authors, who.Person) // what one wrote one does not review
	if got := slices.Contains(r.listed(m.Who, "/api/v1/queue?limit=200", "cards"), id); got != want {
		r.miss("queue", "%s has a card of %s: %v", m.Who, m.Record, got)
	}
}

// listed gives the ids of a list; nil when it is refused.
func (r *reading) listed(who, path, list string) []string {
	got := r.system.Do(asked(who), http.MethodGet, path, nil)
	if got.Status != http.StatusOK {
		return nil
	}
	var page map[string]json.RawMessage
	var items []struct{ ID string }
	got.Into(r.t, &page)
	r.ok(json.Unmarshal(page[list], &items))
	ids := []string{}
	for _, item := range items {
		ids = append(ids, item.ID)
	}
	return ids
}

// same compares a list of ids with the records for which something is so.
func (r *reading) same(path, who string, got []string, want func(cases.Record) bool) {
	for _, record := range r.cases.Records {
		if is := slices.Contains(got, r.ids[record.Name]); is != want(record) {
			r.miss(path, "%s finds %s: %v", who, record.Name, is)
		}
	}
}

// facts are those of the cases; who recommended has the version still in hand.
func (r *reading) facts(record cases.Record) policies.Facts {
	record.Assigned = append(slices.Clone(record.Assigned), record.Recommended...)
	return r.cases.Facts(record)
}

// lists compares the lists that are made in SQL with what is decided about each record.
func (r *reading) lists(name string) {
	who, err := r.cases.Principal(name)
	r.ok(err)
	decided := func(action string, record cases.Record) bool {
		return r.rules.Decide(who, action, r.facts(record)).Allowed
	}
	queued := func(record cases.Record) bool {
		return (who.Has(identity.Reviewer) || who.Has(identity.Publisher)) && record.Owner != who.Org &&
			slices.Contains([]incident.VersionState{incident.Submitted, incident.InReview, incident.Reviewed}, record.Version) &&
			!slices.Contains(record.Authors, who.Person) && decided("incident.read_card", record)
	}
	r.same("queue", name, r.listed(name, "/api/v1/queue?limit=200", "cards"), queued)
	r.same("work", name, r.listed(name, "/api/v1/work?limit=200", "work"), func(record cases.Record) bool {
		return record.Version != "" && record.Owner == who.Org && decided("incident.read_work", record)
	})
	r.same("work", name, r.listed(name, "/api/v1/work?limit=200&assigned=true", "work"), func(record cases.Record) bool {
		inHand := slices.ContainsFunc(r.facts(record).Assignments, func(a incident.Assignment) bool { return a.Org == who.Org })
		return record.Version != "" && inHand && decided("incident.read_work", record)
	})
}

// views compares what somebody reads, lists, finds, exports and follows with what the cases say they see, and these with
// one another.
func (r *reading) views(name string) {
	who, err := r.cases.Principal(name)
	r.ok(err)
	audience := policies.AudienceOf(who)
	sees := func(record cases.Record) (schema.Tier, bool) {
		if record.State == incident.Reserved {
			return schema.Public, false
		}
		if i := slices.IndexFunc(r.cases.Reads, func(read cases.Read) bool { return read.Record == record.Name && read.Who == name }); i >= 0 {
			return r.cases.Reads[i].Tier, r.cases.Reads[i].Sees
		}
		return audience.Tier(record.Marking, record.Owner, record.Recipients)
	}
	live := func(record cases.Record) bool {
		_, ok := sees(record)
		return ok && record.State == incident.Live
	}
	for _, record := range r.cases.Records {
		tier, ok := sees(record)
		r.detail(name, record, tier, ok)
		hits := r.listed(name, "/api/v1/search?q="+url.QueryEscape(record.Name), "hits")
		if is := slices.Contains(hits, r.ids[record.Name]); is != live(record) {
			r.miss("search", "%s finds %s by its name: %v", name, record.Name, is)
		}
	}
	r.same("list", name, r.listed(name, "/api/v1/incidents?limit=200", "incidents"), live)
	everything, exported := r.listed(name, "/api/v1/search?limit=200", "hits"), r.exported(name)
	r.same("search", name, everything, live)
	r.same("export", name, exported, live)
	if slices.Sort(everything); !slices.Equal(everything, exported) {
		r.miss("export", "%s exports other records than they find", name)
	}
	r.feeds(name, audience)
}

// detail reads a record by its id and by its edition, and its list of editions.
func (r *reading) detail(name string, record cases.Record, tier schema.Tier, sees bool) {
	id := r.ids[record.Name]
	for _, path := range []string{id, id + "@1", id + "/editions"} {
		got := r.system.Do(asked(name), http.MethodGet, "/api/v1/incidents/"+path, nil)
		if !sees {
			if got.Status != http.StatusNotFound {
				r.miss("record", "%s reads %s of %s: %d", name, path, record.Name, got.Status)
			}
			continue
		}
		var answer struct {
			Tier      string
			Tombstone *struct{ What string }
		}
		got.Into(r.t, &answer)
		switch {
		case got.Status != http.StatusOK:
			r.miss("record", "%s does not read %s of %s: %d", name, path, record.Name, got.Status)
		case path == id+"/editions":
		case record.State == incident.Withdrawn:
			if answer.Tombstone == nil || strings.Contains(string(got.Body), `"view":{`) {
				r.miss("record", "%s reads %s, which was withdrawn", name, record.Name)
			}
		case answer.Tier != tier.String():
			r.miss("record", "%s sees %s at %s, not %s", name, record.Name, answer.Tier, tier)
		}
	}
}

// exported gives the ids of an export of everything, sorted.
func (r *reading) exported(name string) []string {
	ids := []string{}
	got := r.system.Do(asked(name), http.MethodGet, "/api/v1/export", nil)
	for line := range strings.Lines(string(got.Body)) {
		var record struct{ Incident struct{ ID string } }
		r.ok(json.Unmarshal([]byte(line), &record))
		if record.Incident.ID != "" {
			ids = append(ids, record.Incident.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// feeds compares a feed with what everybody it is for could see once.
func (r *reading) feeds(name string, audience policies.Audience) {
	for _, tier := range []schema.Tier{schema.Public, schema.Members} {
		got := r.system.Do(asked(name), http.MethodGet, "/api/v1/feed?limit=200&tier="+tier.String(), nil)
		if may := tier == schema.Public || audience.Members; may != (got.Status == http.StatusOK) {
			r.miss("feed", "%s follows the feed of %s: %d", name, tier, got.Status)
			continue
		}
		if got.Status != http.StatusOK {
			continue
		}
		var page struct{ Entries []struct{ ID string } }
		got.Into(r.t, &page)
		var ids []string
		for _, entry := range page.Entries {
			ids = append(ids, entry.ID)
		}
		r.same("feed", name, ids, func(record cases.Record) bool { return record.State != incident.Reserved && record.Marking <= tier })
	}
}

// TestCasesOnEveryPath reads the cases by every path, on both databases.
func TestCasesOnEveryPath(t *testing.T) {
	t.Parallel()
	for name, database := range databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCaseWorld(t, database(t))
			for _, miss := range c.read(c.System) {
				t.Errorf("%s: %s", miss.path, miss.text)
			}
			c.carryOut()
		})
	}
}

// carryOut takes the actions that somebody may take and that change something at once, each on a record of its own.
func (c *caseWorld) carryOut() {
	c.t.Helper()
	r := &reading{caseWorld: c, system: c.System}
	done := 0
	for _, m := range c.cases.May {
		if m.Answer != cases.Yes || !changesState(m.Action) {
			continue
		}
		record, err := c.cases.Record(m.Record)
		c.ok(err)
		id := c.ids[m.Record]
		if record.Owner != "ice" { // whose people can begin no other: theirs comes last
			id = c.build(record)
		}
		c.step("carry out")
		r.may(m, id)
		done++
	}
	for _, miss := range r.misses {
		c.t.Errorf("%s: %s", miss.path, miss.text)
	}
	if done < 10 {
		c.t.Errorf("only %d actions were carried out", done)
	}
}

// mistake is one that somebody could make, and the paths on which the cases notice it.
type mistake struct {
	name  string
	paths []string
	parts func(t *testing.T, c *caseWorld) world.Parts
	store string // or: a change of the database
}

func mistakes() []mistake {
	rows := func(old, new string) func(*testing.T, *caseWorld) world.Parts {
		return func(t *testing.T, c *caseWorld) world.Parts {
			return world.Parts{Policies: alteredPolicies(t, c.Schema, old, new)}
		}
	}
	// as answers one path to one person as another would be answered.
	as := func(path, who, other string) func(*testing.T, *caseWorld) world.Parts {
		return func(_ *testing.T, c *caseWorld) world.Parts {
			return behind(func(next http.Handler, w http.ResponseWriter, r *http.Request) {
				bearer := "Bearer " + c.Tokens[who]
				if who == "" {
					bearer = ""
				}
				if strings.HasSuffix(r.URL.Path, path) && r.Header.Get("Authorization") == bearer {
					r.Header.Set("Authorization", "Bearer "+c.Tokens[other])
				}
				next.ServeHTTP(w, r)
			})
		}
	}
	return []mistake{
		{name: "analysts submit", paths: []string{"api"}, parts: rows("own.submit,focal_point,", "own.submit,contributor|focal_point,")},
		{name: "reviewers read before they claim", paths: []string{"api"}, parts: rows("review.work,reviewer,incident.read_work|batch.read,assigned|colleague,",
			"review.work,reviewer,incident.read_work|batch.read,other|assigned|colleague,")},
		{name: "who reviewed publishes", paths: []string{"api"}, parts: rows("not_author&not_reviewer&not_decliner&owner_active,publish,write", "not_author&not_decliner&owner_active,publish,write")},
		{name: "a card needs no right", paths: []string{"api"}, parts: rows("submitted|in_review,*,-,review,read", "submitted|in_review,*,-,-,read")},
		{name: "reviewers have no cards", paths: []string{"queue"}, parts: rows("review.card,reviewer,", "review.card,operator,")},
		{name: "colleagues of a reviewer see nothing", paths: []string{"api", "work"}, parts: rows("review.work,reviewer,incident.read_work|batch.read,assigned|colleague,",
			"review.work,reviewer,incident.read_work|batch.read,assigned,")},
		{name: "suspension does not freeze", paths: []string{"api"}, parts: rows("not_author&for_review&not_approver&not_recommended&not_decliner&owner_active", "not_author&for_review&not_approver&not_recommended&not_decliner")},
		{name: "the index is asked for members", paths: []string{"search", "export"}, parts: func(_ *testing.T, c *caseWorld) world.Parts {
			return world.Parts{Index: raised{Index: c.Index}}
		}},
		{name: "the queue of another organization", paths: []string{"queue"}, parts: as("/queue", "uma@europa", "pia@south")},
		{name: "the public's list is a member's", paths: []string{"list"}, parts: as("/incidents", "", "rex@lake")},
		{name: "the public's export is a member's", paths: []string{"export"}, parts: as("/export", "", "rex@lake")},
		{name: "a member searches as the public", paths: []string{"search", "export"}, parts: as("/search", "rex@lake", "ada@hq")},
		{name: "the public follows as a member", paths: []string{"feed"}, parts: as("/feed", "", "rex@lake")},
		{name: "a recipient is forgotten", paths: []string{"record"}, store: `DELETE FROM views_named WHERE recipients <> '[]'`},
		{name: "a list that is not asked again", paths: []string{"list"}, parts: func(_ *testing.T, _ *caseWorld) world.Parts {
			return changed(func(r *http.Request, rec *httptest.ResponseRecorder) {
				if strings.HasSuffix(r.URL.Path, "/incidents") {
					rec.Body.Reset()
					rec.Body.WriteString(`{"incidents":[],"next":null,"feed_position":0}`)
				}
			})
		}},
		{name: "a members' record among the public views", paths: []string{"record", "list"},
			store: `INSERT INTO views_public SELECT * FROM views_members WHERE record NOT IN (SELECT record FROM views_public)`},
	}
}

// TestCasesNotice makes mistakes, one at a time, and demands that the cases notice each on the paths it is on.
func TestCasesNotice(t *testing.T) {
	t.Parallel()
	c := newCaseWorld(t, testkit.SQLite(t))
	for _, miss := range c.read(c.System) {
		t.Fatalf("before any mistake: %s: %s", miss.path, miss.text)
	}
	for _, m := range mistakes() {
		t.Run(m.name, func(t *testing.T) {
			s := c.In(t)
			if m.store != "" {
				alter(t, c.System, m.store)
			} else {
				s = c.Again(t, m.parts(t, c))
			}
			noticed := map[string]bool{}
			for _, miss := range c.read(s, m.paths...) {
				noticed[miss.path] = true
			}
			for _, path := range m.paths {
				if !noticed[path] {
					t.Errorf("the cases do not notice it by %s, only by %v", path, slices.Collect(maps.Keys(noticed)))
				}
			}
		})
	}
}
