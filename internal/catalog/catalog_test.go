package catalog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"bioincident/internal/auth"
	"bioincident/internal/catalog"
	"bioincident/internal/fault"
	"bioincident/internal/follow"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/message"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
	"bioincident/search"
)

// world holds published records of north, with real workflow, index and follower.
type world struct {
	t        testing.TB
	ctx      context.Context
	store    *store.Store
	flow     *workflow.Workflow
	auth     *auth.Auth
	catalog  *catalog.Catalog
	follower *follow.Follower
	deps     catalog.Deps
}

func eachWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	testkit.EachStore(t, func(t *testing.T, s *store.Store) { test(newWorld(t, s)) })
}

func newWorld(t testing.TB, s *store.Store) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), store: s, auth: auth.New(s)}
	sch, err := schema.Load()
	w.ok(err)
	checks, err := incident.NewChecks(sch)
	w.ok(err)
	rules, err := policies.New(sch)
	w.ok(err)
	words, err := message.Load()
	w.ok(err)
	index, err := search.Open(search.Options{}, sch)
	w.ok(err)
	w.flow = workflow.New(workflow.Deps{Store: s, Schema: sch, Checks: checks, Policies: rules, Random: testkit.NewRandom(3)})
	w.follower = follow.New(follow.Deps{Store: s, Index: index, Message: words, Schema: sch})
	w.deps = catalog.Deps{Store: s, Schema: sch, Message: words, Index: index, Follower: w.follower, Checks: checks}
	w.catalog = catalog.New(w.deps)
	w.seed()
	ctx, stop := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- w.follower.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := index.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) seed() {
	w.t.Helper()
	change := store.Change{Action: "org.add", Subject: "world", RaiseEpoch: true, Grants: []identity.Grant{
		{ID: "g1", Org: "north", Action: identity.GrantSubmit}, {ID: "g2", Org: "east", Action: identity.GrantReview},
		{ID: "g3", Org: "south", Action: identity.GrantPublish}, {ID: "g4", Org: "west", Action: identity.GrantReview},
	}}
	for _, slug := range []string{"north", "east", "west", "south"} {
		change.Orgs = append(change.Orgs, identity.Org{ID: slug, Slug: slug, Name: slug, Kind: "igo", Status: identity.Active})
	}
	for name, role := range map[string]identity.Role{"fay@north": identity.FocalPoint, "rex@east": identity.Reviewer,
		"wim@west": identity.Reviewer, "pia@south": identity.Publisher, "lea@west": identity.Reader, "adam@south": identity.Administrator} {
		handle, slug, _ := strings.Cut(name, "@")
		change.People = append(change.People, identity.Person{ID: handle, Handle: handle, Name: handle, Status: identity.Active})
		change.Memberships = append(change.Memberships, identity.Membership{Person: handle, Org: slug, Role: role})
	}
	w.ok(w.store.Write(w.ctx, store.Actor{Person: "operator", Via: identity.ViaLocal}, func(tx *store.WriteTx) error {
		return tx.Append(change)
	}))
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, kind fault.Kind, code string) {
	w.t.Helper()
	if f := fault.Of(err); f == nil || f.Kind != kind || f.Code != code {
		w.t.Fatalf("got %v, want kind %d code %s", err, kind, code)
	}
}

func (w *world) as(name string) identity.Principal {
	w.t.Helper()
	if name == "" {
		return identity.Principal{}
	}
	who, err := w.auth.Named(w.ctx, name)
	w.ok(err)
	return who
}

// body has a summary for the public and words for members only.
func body(t testing.TB, public, members string) []byte {
	t.Helper()
	text := func(words string) map[string]any {
		return map[string]any{"source": "en", "en": map[string]any{"text": words}}
	}
	data, err := json.Marshal(map[string]any{
		"identity": map[string]any{"unit": "incident", "collection": map[string]any{"name": "Register", "licence": "cc_by_4_0"},
			"external_ids": []any{map[string]any{"id": "e1", "scheme": "who_don", "value": "2020-DON1"}}},
		"narrative": map[string]any{"summary": text(public), "members_narrative": text(members)},
		"classification": map[string]any{"incident_type": "outbreak.human_disease", "occurrence": "harm_occurred",
			"verification": "confirmed_by_state_concerned", "domains": []any{"human"}},
		"cause":   map[string]any{"not_assessed": true},
		"time":    map[string]any{"onset": "2020-03"},
		"place":   map[string]any{"areas": []any{map[string]any{"id": "p1", "area": "FRA", "role": "occurrence"}}},
		"sources": []any{map[string]any{"id": "s1", "type": "official_state_report", "citation": map[string]any{"title": "Report"}, "default": true}},
		"annex":   []any{map[string]any{"id": "x1", "holder": "The ministry"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (w *world) rev(id string) workflow.Revision {
	w.t.Helper()
	got, err := w.flow.Working(w.ctx, w.as("fay@north"), id)
	w.ok(err)
	return got.Revision
}

// publish takes a body the whole way and waits until it can be found. An annex makes it sensitive, so two organizations
// recommend it.
func (w *world) publish(doc []byte, h workflow.HandlingIn) string {
	w.t.Helper()
	got, err := w.flow.Create(w.ctx, w.as("fay@north"), workflow.Draft{Body: doc, Handling: &h})
	w.ok(err)
	w.review(got.Record.ID)
	return got.Record.ID
}

func (w *world) review(id string) {
	w.t.Helper()
	_, err := w.flow.Submit(w.ctx, w.as("fay@north"), id, w.rev(id), "")
	w.ok(err)
	for _, name := range []string{"rex@east", "wim@west"} {
		_, err := w.flow.Assign(w.ctx, w.as("pia@south"), id, workflow.AssignIn{Person: name, Duty: incident.ReviewDuty})
		w.ok(err)
		_, err = w.flow.Recommend(w.ctx, w.as(name), id, w.rev(id), workflow.RecommendIn{Checklist: workflow.Checklist()})
		w.ok(err)
	}
	_, err = w.flow.Publish(w.ctx, w.as("pia@south"), id, w.rev(id), "")
	w.ok(err)
	w.caughtUp()
}

func (w *world) caughtUp() {
	w.t.Helper()
	for _, tier := range schema.Tiers() {
		w.ok(w.store.Read(w.ctx, func(tx *store.Tx) error {
			head, err := tx.FeedHead(tier)
			if err != nil {
				return err
			}
			for range 20 { // one wait is at most 300 ms, and other tests use the machine
				if err = w.follower.CaughtUp(w.ctx, tier, head.Seq); err == nil {
					return nil
				}
			}
			return err
		}))
	}
}

func (w *world) read(who, ref string) catalog.Reading {
	w.t.Helper()
	r, err := w.catalog.Incident(w.ctx, w.as(who), ref, "en")
	w.ok(err)
	return r
}

// TestIncident: every reader gets the highest view they may see, and nothing else.
func TestIncident(t *testing.T) {
	eachWorld(t, func(w *world) {
		public := w.publish(body(w.t, "An outbreak of anthrax.", "Members read more."), workflow.HandlingIn{Marking: schema.Public})
		members := w.publish(body(w.t, "Not for everyone.", "Members read more."), workflow.HandlingIn{Marking: schema.Members})
		named := w.publish(body(w.t, "For the named.", "Members read more."), workflow.HandlingIn{Marking: schema.Named, Recipients: []string{"east"}})
		want := map[string]map[string]schema.Tier{
			public:  {"": schema.Public, "adam@south": schema.Public, "lea@west": schema.Members, "rex@east": schema.Members, "fay@north": schema.Named},
			members: {"lea@west": schema.Members, "fay@north": schema.Named},
			named:   {"rex@east": schema.Named, "fay@north": schema.Named},
		}
		_, never := w.catalog.Incident(w.ctx, identity.Principal{}, "BID-2222-222B", "en")
		w.refused(never, fault.NotFound, "incident.not_found")
		for id, readers := range want {
			for _, who := range []string{"", "adam@south", "lea@west", "rex@east", "fay@north"} {
				r, err := w.catalog.Incident(w.ctx, w.as(who), id, "en")
				tier, ok := readers[who]
				if id == members && who == "rex@east" {
					tier, ok = schema.Members, true
				}
				switch {
				case !ok && (err == nil || err.Error() != never.Error()):
					w.t.Errorf("%q reads %s: %v %v", who, id, r.Tier, err)
				case ok && (err != nil || r.Tier != tier):
					w.t.Errorf("%q reads %s at %s: %v", who, id, r.Tier, err)
				case ok && tier < schema.Named && bytes.Contains(r.Bytes, []byte("ministry")):
					w.t.Errorf("%q reads the annex", who)
				case ok && tier < schema.Members && bytes.Contains(r.Bytes, []byte("Members read more")):
					w.t.Errorf("%q reads what is for members", who)
				}
			}
		}
		english := w.read("", public)
		french, err := w.catalog.Incident(w.ctx, identity.Principal{}, strings.ToLower(public), "fr")
		w.ok(err)
		if english.Title == french.Title || english.Title == "" || english.ETag == french.ETag || english.Hash != french.Hash {
			w.t.Errorf("%q %q", english.Title, french.Title)
		}
		if english.Licence != "cc_by_4_0" || english.ReviewDepth != "individually" || english.Owner != "north" ||
			english.Reference != "2020-03" || len(english.ExternalIDs) != 1 {
			w.t.Errorf("%+v", english)
		}
	})
}

// TestEditionsAndTombstones: an earlier edition can be read by its number; what is gone leaves a tombstone.
func TestEditionsAndTombstones(t *testing.T) {
	eachWorld(t, func(w *world) {
		id := w.publish(body(w.t, "The first words.", "More."), workflow.HandlingIn{Marking: schema.Public})
		_, err := w.flow.NewVersion(w.ctx, w.as("fay@north"), id)
		w.ok(err)
		var doc map[string]any
		w.ok(json.Unmarshal(body(w.t, "The second words.", "More."), &doc))
		doc["time"] = map[string]any{"onset": "2020-04"}
		data, err := json.Marshal(doc)
		w.ok(err)
		_, err = w.flow.Save(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.Draft{Body: data})
		w.ok(err)
		w.review(id)
		if r := w.read("", id); r.Edition != 2 || !bytes.Contains(r.Bytes, []byte("second words")) {
			w.t.Fatalf("%+v", r)
		}
		if r := w.read("", id+"@1"); r.Edition != 1 || r.Current || !bytes.Contains(r.Bytes, []byte("first words")) {
			w.t.Fatalf("%+v", r)
		}
		_, err = w.catalog.Incident(w.ctx, identity.Principal{}, id+"@3", "en")
		w.refused(err, fault.NotFound, "incident.not_found")
		editions, err := w.catalog.Editions(w.ctx, identity.Principal{}, id)
		w.ok(err)
		if len(editions) != 2 || editions[0].Current || !editions[1].Current {
			w.t.Fatalf("%+v", editions)
		}
		_, err = w.flow.Narrow(w.ctx, w.as("fay@north"), id, w.rev(id), workflow.HandlingIn{Marking: schema.Members}.Change(), "")
		w.ok(err)
		for _, ref := range []string{id, id + "@1"} {
			if r := w.read("", ref); r.Tombstone == nil || r.Tombstone.What != "restricted" || bytes.Contains(r.Bytes, []byte("words")) {
				w.t.Errorf("%s: %+v %s", ref, r.Tombstone, r.Bytes)
			}
			if r := w.read("lea@west", ref); r.Tombstone != nil {
				w.t.Errorf("%s: members lost it", ref)
			}
		}
		_, err = w.flow.Withdraw(w.ctx, w.as("fay@north"), id, w.rev(id), "refuted", "")
		w.ok(err)
		for _, who := range []string{"lea@west", "fay@north"} {
			if r := w.read(who, id+"@2"); r.Tombstone == nil || r.Tombstone.What != "withdrawn" || r.Tombstone.Reason != "refuted" {
				w.t.Errorf("%s: %+v", who, r.Tombstone)
			}
		}
		hidden := w.publish(body(w.t, "Never public.", "More."), workflow.HandlingIn{Marking: schema.Members})
		_, err = w.flow.Withdraw(w.ctx, w.as("fay@north"), hidden, w.rev(hidden), "refuted", "")
		w.ok(err)
		_, err = w.catalog.Incident(w.ctx, identity.Principal{}, hidden, "en")
		w.refused(err, fault.NotFound, "incident.not_found")
		_, err = w.catalog.Editions(w.ctx, identity.Principal{}, hidden)
		w.refused(err, fault.NotFound, "incident.not_found")
	})
}

func ids(hits []catalog.Hit) []string {
	var out []string
	for _, h := range hits {
		out = append(out, h.ID)
	}
	return out
}

// TestSearch: words and total are of what the reader may open; highlights come from the view.
func TestSearch(t *testing.T) {
	eachWorld(t, func(w *world) {
		public := w.publish(body(w.t, "Leptospirosis in the harbour.", "Only members read quicksilver."), workflow.HandlingIn{Marking: schema.Public})
		w.publish(body(w.t, "Leptospirosis in the hills.", "More."), workflow.HandlingIn{Marking: schema.Members})
		find := func(who, q string) catalog.SearchOut {
			w.t.Helper()
			out, err := w.catalog.Search(w.ctx, w.as(who), catalog.SearchIn{Q: q, Lang: "en"})
			w.ok(err)
			return out
		}
		if out := find("", "harbour"); out.Total != 1 || !slices.Equal(ids(out.Hits), []string{public}) {
			w.t.Fatalf("%+v", out)
		} else if h := out.Hits[0].Highlights; len(h) != 1 || len(h[0].Marks) != 1 || h[0].Text[h[0].Marks[0][0]:h[0].Marks[0][1]] != "harbour" {
			w.t.Fatalf("%+v", h)
		}
		for who, total := range map[string]int64{"": 1, "adam@south": 1, "lea@west": 2} {
			if out := find(who, "leptospirosis"); out.Total != total || len(out.Hits) != int(total) {
				w.t.Errorf("%q finds %d", who, out.Total)
			}
		}
		if out := find("", "quicksilver"); out.Total != 0 || len(out.Hits) != 0 {
			w.t.Error("the public finds what members read")
		}
		if out := find("lea@west", "quicksilver"); out.Total != 1 {
			w.t.Error("members do not find what they read")
		}
		if out := find("", ""); out.Total != 1 || out.Position.Tier != schema.Public || out.Position.No != 1 {
			w.t.Errorf("%+v", out)
		}
		_, err := w.catalog.Search(w.ctx, identity.Principal{}, catalog.SearchIn{Limit: 201})
		w.refused(err, fault.Invalid, "limit.range")
	})
}

// behind is an index that goes on giving a record which the database does not give any more.
type behind struct {
	no    int64
	until int
	calls int
}

func (b *behind) Search(context.Context, policies.Audience, search.Query) (search.Result, error) {
	b.calls++
	if b.calls > b.until {
		return search.Result{}, nil
	}
	return search.Result{Total: 1, Hits: []search.Hit{{No: b.no}}}, nil
}

func (b *behind) Suggest(context.Context, policies.Audience, search.SuggestIn) ([]search.Suggestion, error) {
	return nil, nil
}

type patient struct{ waits int }

func (p *patient) CaughtUp(context.Context, schema.Tier, int64) error { p.waits++; return nil }
func (p *patient) Position(schema.Tier) int64                         { return 1 << 40 }
func (p *patient) Narrowed(schema.Tier) int64                         { return 1 << 40 }

// TestSecondAuthorisation: a hit that the database does not give is never shown; the search waits and runs again, and
// says so when that does not help.
func TestSecondAuthorisation(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.publish(body(w.t, "Only members may know.", "More."), workflow.HandlingIn{Marking: schema.Members})
		for until, fails := range map[int]bool{1: false, 2: false, 100: true} {
			index, follower := &behind{no: 1, until: until}, &patient{}
			deps := w.deps
			deps.Index, deps.Follower = index, follower
			out, err := catalog.New(deps).Search(w.ctx, identity.Principal{}, catalog.SearchIn{Q: "members"})
			if fails {
				w.refused(err, fault.Unavailable, "search.behind")
				continue
			}
			w.ok(err)
			if out.Total != 0 || follower.waits != until {
				w.t.Errorf("until %d: total %d, waited %d times", until, out.Total, follower.waits)
			}
		}
	})
}

// TestExport: the same records as the search, a head that says how it was made, a tail that counts.
func TestExport(t *testing.T) {
	eachWorld(t, func(w *world) {
		for range 3 {
			w.publish(body(w.t, "Cholera at sea.", "More."), workflow.HandlingIn{Marking: schema.Public})
		}
		w.publish(body(w.t, "Cholera for members.", "More."), workflow.HandlingIn{Marking: schema.Members})
		for who, want := range map[string]int64{"": 3, "lea@west": 4} {
			var lines []catalog.Line
			w.ok(w.catalog.Export(w.ctx, w.as(who), catalog.SearchIn{Q: "cholera", Lang: "fr"}, func(l catalog.Line) error {
				lines = append(lines, l)
				return nil
			}))
			out, err := w.catalog.Search(w.ctx, w.as(who), catalog.SearchIn{Q: "cholera", Limit: 200})
			w.ok(err)
			head, tail := lines[0].Head, lines[len(lines)-1].Tail
			if head == nil || tail == nil || head.Total != want || tail.Records != want || out.Total != want || len(tail.Omitted) != 0 {
				w.t.Fatalf("%q: %+v %+v", who, head, tail)
			}
			if len(head.Licences) != 1 || head.Licences[0].Licence != "cc_by_4_0" || head.Licences[0].Records != want || head.Criteria == "" {
				w.t.Errorf("%+v", head)
			}
			var exported []string
			for _, l := range lines[1 : len(lines)-1] {
				exported = append(exported, l.Record.ID)
			}
			if !slices.Equal(exported, ids(out.Hits)) {
				w.t.Errorf("%q: exported %v, found %v", who, exported, ids(out.Hits))
			}
		}
		stop := errors.New("the reader went away")
		err := w.catalog.Export(w.ctx, w.as(""), catalog.SearchIn{}, func(catalog.Line) error { return stop })
		if !errors.Is(err, stop) {
			w.t.Errorf("%v", err)
		}
	})
}

// TestListAndFeed: newest first, page by page; two feeds, each for its readers.
func TestListAndFeed(t *testing.T) {
	eachWorld(t, func(w *world) {
		first := w.publish(body(w.t, "First.", "More."), workflow.HandlingIn{Marking: schema.Public})
		second := w.publish(body(w.t, "Second.", "More."), workflow.HandlingIn{Marking: schema.Named, Recipients: []string{"east"}})
		third := w.publish(body(w.t, "Third.", "More."), workflow.HandlingIn{Marking: schema.Public})
		for who, want := range map[string][]string{"": {third, first}, "lea@west": {third, first}, "rex@east": {third, second, first},
			"fay@north": {third, second, first}} {
			var got []string
			for cursor := ""; ; {
				page, err := w.catalog.List(w.ctx, w.as(who), catalog.ListIn{Limit: 1, Cursor: cursor, Lang: "en"})
				w.ok(err)
				for _, r := range page.Records {
					got = append(got, r.ID)
				}
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if !slices.Equal(got, want) {
				w.t.Errorf("%q lists %v, want %v", who, got, want)
			}
		}
		_, err := w.catalog.List(w.ctx, w.as(""), catalog.ListIn{Cursor: "nowhere"})
		w.refused(err, fault.Invalid, "cursor.invalid")
		page, err := w.catalog.Feed(w.ctx, w.as(""), schema.Public, "", 1)
		w.ok(err)
		if len(page.Items) != 1 || !page.More || page.Items[0].ID != first || page.Items[0].Kind != "published" {
			w.t.Fatalf("%+v", page)
		}
		page, err = w.catalog.Feed(w.ctx, w.as(""), schema.Public, page.Next, 10)
		w.ok(err)
		if len(page.Items) != 1 || page.More || page.Items[0].ID != third || page.Items[0].Prev == "" {
			w.t.Fatalf("%+v", page)
		}
		kept, err := w.catalog.Feed(w.ctx, w.as(""), schema.Public, page.Next, 10)
		w.ok(err)
		if len(kept.Items) != 0 || kept.Next != page.Next {
			w.t.Fatalf("%+v", kept)
		}
		_, err = w.catalog.Feed(w.ctx, w.as(""), schema.Members, "", 10)
		w.refused(err, fault.Unauthenticated, "auth.required")
		_, err = w.catalog.Feed(w.ctx, w.as("adam@south"), schema.Members, "", 10)
		w.refused(err, fault.Forbidden, "feed.members_only")
		_, err = w.catalog.Feed(w.ctx, w.as("lea@west"), schema.Named, "", 10)
		w.refused(err, fault.Invalid, "feed.tier")
		_, err = w.catalog.Feed(w.ctx, w.as("lea@west"), schema.Members, page.Next, 10)
		w.refused(err, fault.Invalid, "cursor.invalid")
		members, err := w.catalog.Feed(w.ctx, w.as("lea@west"), schema.Members, "", 10)
		w.ok(err)
		if len(members.Items) != 2 {
			w.t.Fatalf("%+v", members)
		}
	})
}
