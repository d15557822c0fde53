package leak

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/testkit"
	"bioincident/internal/testkit/world"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// group is a set of hidden things that the same readers may not see.
type group string

const (
	membersOnly group = "for members"   // what an active membership shows
	namedOnly   group = "for the named" // what the owner and named organizations see, and versions that exclude others
	underWay    group = "under way"     // versions that are not published, and a batch
	former      group = "former"        // what was shown once and is not any more
)

func groups() []group { return []group{membersOnly, namedOnly, underWay, former} }

// society: north owns, first and second review, south publishes. The others have nothing to do with what is hidden.
func society() world.Society {
	orgs := []identity.Org{}
	for slug, kind := range map[string]string{"north": "igo", "first": "research_partner", "second": "research_partner",
		"south": "un_entity", "lake": "igo", "east": "research_partner", "savanna": "un_entity", "remote": "un_entity",
		"wide": "un_entity", "modest": "un_entity", "hq": "secretariat", "ice": "igo"} {
		org := identity.Org{ID: slug, Slug: slug, Name: "Organization " + slug, Kind: kind, Status: identity.Active}
		if slug == "ice" {
			org.Status = identity.Suspended
		}
		orgs = append(orgs, org)
	}
	slices.SortFunc(orgs, func(a, b identity.Org) int {
		return len(a.Slug)*1000 + int(a.Slug[0]) - len(b.Slug)*1000 - int(b.Slug[0])
	})
	europe := identity.Scope{Areas: []string{"150"}}
	upToMembers := schema.Members
	right := func(org string, action identity.GrantAction, scope identity.Scope) identity.Grant {
		return identity.Grant{ID: org + "-" + string(action), Org: org, Action: action, Scope: scope}
	}
	return world.Society{
		Orgs: orgs,
		People: map[string][]identity.Role{
			"ana@north": {identity.Contributor}, "fay@north": {identity.FocalPoint}, "nia@north": {identity.Reader},
			"rui@first": {identity.Reviewer}, "wim@second": {identity.Reviewer}, "pia@south": {identity.Publisher},
			"rex@lake": {identity.Reader}, "leo@lake": {identity.Contributor}, "fio@lake": {identity.FocalPoint},
			"eva@east": {identity.Reviewer}, "sol@savanna": {identity.Publisher},
			"rov@remote": {identity.Reviewer}, "pub@remote": {identity.Publisher},
			"bo@wide": {identity.Reviewer, identity.Publisher}, "mo@modest": {identity.Reviewer}, "ren@first": {identity.Reader},
			"ada@hq":  {identity.Administrator},
			"aud@hq":  {identity.Auditor},
			"ivo@ice": {identity.Reader, identity.Contributor},
		},
		Grants: []identity.Grant{
			right("north", identity.GrantSubmit, identity.Scope{}), right("lake", identity.GrantSubmit, identity.Scope{}),
			right("first", identity.GrantReview, identity.Scope{}), right("second", identity.GrantReview, identity.Scope{}),
			right("east", identity.GrantReview, identity.Scope{}), right("south", identity.GrantPublish, identity.Scope{}),
			right("savanna", identity.GrantPublish, identity.Scope{}),
			right("remote", identity.GrantReview, europe), right("remote", identity.GrantPublish, europe),
			right("modest", identity.GrantReview, identity.Scope{Highest: &upToMembers}),
			right("wide", identity.GrantReview, identity.Scope{}), right("wide", identity.GrantPublish, europe),
		},
	}
}

// observers are those who may see nothing of a group. "" is the public.
func observers(g group) []string {
	switch g {
	case membersOnly:
		return []string{"", "ada@hq", "aud@hq", "ivo@ice"}
	case underWay:
		return []string{"", "rex@lake", "leo@lake", "fio@lake", "rov@remote", "pub@remote", "nia@north", "ren@first", "ada@hq",
			"aud@hq", "ivo@ice"}
	}
	return []string{"", "rex@lake", "leo@lake", "fio@lake", "eva@east", "sol@savanna", "rov@remote", "pub@remote", "bo@wide",
		"mo@modest", "ada@hq", "aud@hq", "ivo@ice"}
}

// made is what a script made, by name.
type made struct {
	*world.System
	hidden  map[group]map[string]string // whole things, which the other world lacks: name → id
	shared  map[string]string           // records of both worlds
	batch   string
	created world.Answer      // to somebody who began a record
	heard   map[string]string // answers given before, of a world that is asked again and again; nil keeps none
}

// script writes one world. on tells which groups are there.
type script struct {
	*made
	t  testing.TB
	on group // "" for a world without anything hidden
	at time.Duration
}

// write runs the script over an empty database.
func write(t testing.TB, d testkit.Database, on group) *made {
	t.Helper()
	s := world.New(t, d)
	m := &made{System: s, hidden: map[group]map[string]string{}, shared: map[string]string{}}
	for _, g := range groups() {
		m.hidden[g] = map[string]string{}
	}
	s.Found(society())
	c := &script{made: m, t: t, on: on}
	c.common()
	c.raised()
	c.formerly()
	c.versions()
	c.records()
	c.late()
	s.Step("asking", 1000*time.Hour)
	s.Settle()
	m.used()
	return m
}

// used has every token used and that written down: when it is written is else a matter of seconds.
func (m *made) used() {
	for who := range m.Tokens {
		m.Do(who, http.MethodGet, "/api/v1/me", nil)
	}
	if err := m.Store.Events().Flush(context.Background()); err != nil {
		panic(err)
	}
}

// step begins a step of a record. Each record has hours of its own, so that a step that is left out moves no other.
func (c *script) step(name string) {
	c.at += time.Minute
	c.Step(name, c.at)
}

// life is through whose hands a record goes; tiers, what its handling says.
type life struct {
	world.Life
	marking     schema.Tier
	tiers       map[string]schema.Tier
	recipients  []string
	excluded    []string
	attribution string
	notBefore   incident.Micros
	assigned    bool // by the publisher: nobody takes it
}

func northern() life {
	return life{Life: world.Life{Author: "ana@north", Focal: "fay@north", Reviewers: []string{"rui@first"}, Publisher: "pia@south"}}
}

// grave is for what two organizations must recommend.
func grave() life {
	l := northern()
	l.Reviewers = []string{"rui@first", "wim@second"}
	return l
}

func lake() life {
	l := northern()
	l.Author, l.Focal = "leo@lake", "fio@lake"
	return l
}

func (l life) handling() workflow.HandlingIn {
	return workflow.HandlingIn{Marking: l.marking, Tiers: l.tiers, Recipients: l.recipients, Excluded: l.excluded,
		Attribution: l.attribution, NotBefore: l.notBefore}
}

func (c *script) draft(name string, hour int, l life, body []byte) string {
	c.t.Helper()
	c.at = time.Duration(hour) * time.Hour
	c.step(name + " draft")
	return c.Draft(l.Life, body, l.handling())
}

func (c *script) submitted(name string, hour int, l life, body []byte) string {
	c.t.Helper()
	id := c.draft(name, hour, l, body)
	c.step(name + " submit")
	c.Submit(l.Life, id)
	return id
}

func (c *script) recommended(name, id string, l life) {
	c.t.Helper()
	for _, who := range l.Reviewers {
		c.step(name + " claim " + who)
		if l.assigned {
			c.Assign(l.Publisher, id, workflow.AssignIn{Person: who, Duty: incident.ReviewDuty})
		} else {
			c.Claim(who, id)
		}
	}
	for _, who := range l.Reviewers {
		c.step(name + " recommend " + who)
		c.Recommend(who, id)
	}
}

func (c *script) published(name string, hour int, l life, body []byte) string {
	c.t.Helper()
	id := c.submitted(name, hour, l, body)
	c.recommended(name, id, l)
	c.at = time.Duration(hour)*time.Hour + 20*time.Minute // however many recommended it
	c.step(name + " publish")
	c.Publish(l.Life, id)
	return id
}

// edition publishes another edition.
func (c *script) edition(name, id string, l life, body []byte) {
	c.t.Helper()
	c.step(name + " new version")
	h := l.handling()
	c.NewVersion(l.Life, id, body, &h)
	c.step(name + " submit again")
	c.Submit(l.Life, id)
	c.recommended(name+" again", id, l)
	c.step(name + " publish again")
	c.Publish(l.Life, id)
}

// common are records of both worlds.
func (c *script) common() {
	words := []string{
		"Cholera spread along the river after the market was flooded.", "Anthrax among herders who sold hides at the market.",
		"An outbreak at the river market was traced to water.", "A cluster of fevers near the river ended by itself.",
	}
	for i, text := range words {
		name := fmt.Sprintf("public %d", i)
		c.shared[name] = c.published(name, 10+20*i, northern(), body(text, at([]string{"KEN", "UGA"}[i%2])))
	}
	members := northern()
	members.marking = schema.Members
	c.shared["members"] = c.published("members", 95, members, body("Members were told of fevers at the river market."))
	c.shared["lake"] = c.published("lake", 100, lake(), body("Fishermen of the lake fell ill after the market."))
	c.shared["queued"] = c.submitted("queued", 105, lake(), body("Ticks at the northern port.", at("FRA")))
}

// raised are records of both worlds of which one holds more than is shown below its tier.
func (c *script) raised() {
	section, items, fields, named := northern(), northern(), northern(), northern()
	plain := body("Millet growers near the river saw a new rust.")
	var sectionBody, itemsBody, fieldsBody, namedBody = plain, plain, plain, plain
	if c.on == membersOnly {
		section.tiers = map[string]schema.Tier{"response": schema.Members}
		sectionBody = body("Millet growers near the river saw a new rust.", response)
		items = grave()
		items.tiers = map[string]schema.Tier{"t9": schema.Members, "c9": schema.Members, "s9": schema.Members, "a9": schema.Members}
		itemsBody = body("Millet growers near the river saw a new rust.", entry("t9"), tally("c9"), source("s9"), assessment("a9"))
		fieldsBody = body("Millet growers near the river saw a new rust.", membersFields)
	}
	if c.on == namedOnly {
		named = grave()
		named.tiers = map[string]schema.Tier{"lessons": schema.Named, "c9": schema.Named}
		namedBody = body("Millet growers near the river saw a new rust.", lessons, tally("c9"), annex)
	}
	c.shared["section"] = c.published("section", 200, section, sectionBody)
	c.shared["items"] = c.published("items", 210, items, itemsBody)
	c.shared["fields"] = c.published("fields", 220, fields, fieldsBody)
	c.shared["annex"] = c.published("annex", 230, named, namedBody)
}

// formerly are records that showed something once. In the other world they showed something else.
func (c *script) formerly() {
	text := "Nothing of note was written here."
	if c.on == former {
		text = "The zanthoquark was kept in the old shed by the river market."
	}
	first := body("Beekeepers reported dead hives.", words("t9", text))
	corrected := body("Beekeepers reported dead hives.", words("t9", text), at("UGA"))
	raised := grave()
	raised.tiers = map[string]schema.Tier{"t9": schema.Named}

	old := c.published("old edition", 300, northern(), first)
	c.edition("old edition", old, raised, corrected)
	c.shared["old edition"] = old

	narrowed := c.published("narrowed", 310, northern(), first)
	c.step("narrow")
	c.Narrow("fay@north", narrowed, raised.handling())
	c.step("confirm")
	c.Confirm("pia@south", "fay@north", narrowed)
	c.shared["narrowed"] = narrowed

	redacted := c.published("redacted", 320, northern(), first)
	c.step("redact")
	c.Redact("fay@north", redacted, "/narrative/timeline/t9")
	c.shared["redacted"] = redacted

	withdrawn := c.published("withdrawn", 330, northern(), body(text))
	c.step("withdraw")
	c.Withdraw("fay@north", withdrawn)
	c.shared["withdrawn"] = withdrawn

	hidden := c.published("restricted", 340, northern(), body(text))
	members := northern()
	members.marking = schema.Named
	c.step("restrict")
	c.Narrow("fay@north", hidden, members.handling())
	c.shared["restricted"] = hidden
}

// versions are open versions of published records.
func (c *script) versions() {
	id := c.published("amended", 400, northern(), body("Grain stores were infested."))
	drafted := c.published("drafted", 410, northern(), body("Grain stores were infested again."))
	c.shared["amended"], c.shared["drafted"] = id, drafted
	if c.on != underWay {
		return
	}
	l := northern()
	c.step("amend")
	c.NewVersion(l.Life, id, body("The zanthoquark was in the grain at the river market."), nil)
	c.step("submit the amendment")
	c.Submit(l.Life, id)
	c.at = 415 * time.Hour
	c.step("draft a version")
	c.NewVersion(l.Life, drafted, body("The zanthoquark was in the grain."), nil)
}

// records are whole things that the other world lacks. They come last, so that their numbers are nobody else's, and yet
// they happened in between.
func (c *script) records() {
	secret := "The zanthoquark outbreak at the river market: cholera and anthrax in the market, market, market."
	hide := func(name, id string) { c.hidden[c.on][name] = id }
	switch c.on {
	case membersOnly:
		l := northern()
		l.marking = schema.Members
		for i := range 3 {
			name := fmt.Sprintf("members' %d", i)
			hide(name, c.published(name, 15+20*i, l, body(secret, row("ROW-ZQ-"+name))))
		}
	case namedOnly:
		l := grave()
		l.marking, l.assigned = schema.Named, true
		for i := range 2 {
			name := fmt.Sprintf("named %d", i)
			hide(name, c.published(name, 15+20*i, l, body(secret, row("ROW-ZQ-"+name))))
		}
		excluding := northern()
		excluding.excluded = []string{"east", "savanna", "wide", "modest"}
		hide("excluding", c.submitted("excluding", 75, excluding, body(secret)))
		excluding.excluded = []string{"savanna"}
		reviewed := c.submitted("reviewed", 85, excluding, body(secret))
		c.recommended("reviewed", reviewed, excluding)
		hide("reviewed", reviewed)
		// A version that would show more than the record does now: who may not know of the record learns nothing of it.
		c.at = 88 * time.Hour
		c.step("widen")
		c.Widen("fay@north", c.hidden[namedOnly]["named 0"], workflow.HandlingIn{Marking: schema.Members,
			Excluded: []string{"east", "savanna", "wide"}})
	case underWay:
		l := northern()
		hide("draft", c.draft("draft", 15, l, body(secret, row("ROW-ZQ-1"))))
		hide("submitted", c.submitted("submitted", 35, l, body(secret)))
		returned := c.submitted("returned", 55, l, body(secret))
		c.step("claim the returned")
		c.Claim("rui@first", returned)
		c.step("comment")
		c.Comment("rui@first", returned, "The zanthoquark needs a source.")
		c.step("return")
		c.RequestChanges("rui@first", returned)
		hide("returned", returned)
		reviewed := c.submitted("reviewed", 75, l, body(secret))
		c.recommended("reviewed", reviewed, l)
		hide("reviewed", reviewed)
		c.at = 85 * time.Hour
		c.step("import")
		c.batch = c.Import("ana@north", [][]byte{body(secret, row("R1")), body(secret, row("R2"))})
		hide("batch", c.batch)
	}
}

// late is what another organization does after all that.
func (c *script) late() {
	c.at = 900 * time.Hour
	c.step("late")
	l := lake()
	c.Draft(l.Life, body("Something the lake is still writing."), l.handling())
	// An id in a source that stands on a hidden record of another owner as well.
	c.step("the same row")
	c.created = c.Do("leo@lake", http.MethodPost, "/api/v1/incidents",
		map[string]any{"body": json.RawMessage(body("The lake has this row too.", row("ROW-ZQ-1"))), "handling": l.handling()})
}

// edit changes a body.
type edit func(doc map[string]any)

// body is a record that may be published, with one text in it.
func body(summary string, edits ...edit) []byte {
	var doc map[string]any
	err := json.Unmarshal(fmt.Appendf(nil, `{
  "identity": {"unit": "incident", "collection": {"name": "Northern register", "licence": "cc_by_4_0"}},
  "narrative": {"summary": {"source": "en", "en": {"text": %q}}},
  "classification": {"incident_type": "outbreak.human_disease", "occurrence": "harm_occurred",
    "verification": "confirmed_by_state_concerned", "domains": ["human"]},
  "cause": {"assessments": [{"id": "a1", "body": "Ministry of Health", "date": "2020-05", "value": "natural", "sources": ["s1"]}]},
  "time": {"onset": "2020-03"},
  "place": {"areas": [{"id": "p1", "area": "KEN", "role": "occurrence"}]},
  "agents": [{"id": "g1", "agent": "vibrio_cholerae", "diseases": ["cholera"]}],
  "impact": {"counts": [{"id": "c1", "measure": "confirmed", "basis": "cumulative", "low": 12, "high": 12, "qualifier": "exact",
    "as_of": "2020-06", "sources": ["s1"]}]},
  "sources": [
    {"id": "s1", "type": "official_state_report", "citation": {"title": "Report of the ministry"}, "default": true},
    {"id": "s2", "type": "igo_report", "citation": {"title": "Report of an organization"}}
  ]
}`, summary), &doc)
	if err != nil {
		panic(err)
	}
	for _, e := range edits {
		e(doc)
	}
	data, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return data
}

// in gives a section, and makes it where it is missing.
func in(doc map[string]any, section string) map[string]any {
	if _, ok := doc[section]; !ok {
		doc[section] = map[string]any{}
	}
	return doc[section].(map[string]any)
}

// add adds an item, as JSON, to a list of a section.
func add(section, list, item string) edit {
	return func(doc map[string]any) {
		var value any
		if err := json.Unmarshal([]byte(item), &value); err != nil {
			panic(err)
		}
		holder := doc
		if list != "" {
			holder = in(doc, section)
		} else {
			list = section
		}
		items, _ := holder[list].([]any)
		holder[list] = append(items, value)
	}
}

func at(area string) edit {
	return func(doc map[string]any) {
		in(doc, "place")["areas"] = []any{map[string]any{"id": "p1", "area": area, "role": "occurrence"}}
	}
}

func row(value string) edit {
	return add("identity", "external_ids", fmt.Sprintf(`{"id": "x1", "scheme": "source_row", "value": %q}`, value))
}

func words(id, text string) edit {
	return add("narrative", "timeline", fmt.Sprintf(`{"id": %q, "date": "2020-04", "text": {"source": "en", "en": {"text": %q}}, "sources": ["s1"]}`, id, text))
}

func entry(id string) edit { return words(id, "The zanthoquark was found.") }

func tally(id string) edit {
	return add("impact", "counts", fmt.Sprintf(`{"id": %q, "measure": "deaths", "basis": "cumulative", "low": 77, "high": 77,
		"qualifier": "exact", "as_of": "2020-07", "sources": ["s2"]}`, id))
}

func source(id string) edit {
	return add("sources", "", fmt.Sprintf(`{"id": %q, "type": "igo_report", "citation": {"title": "On the zanthoquark"}}`, id))
}

func assessment(id string) edit {
	return add("cause", "assessments", fmt.Sprintf(`{"id": %q, "body": "Zanthoquark Board", "date": "2020-08", "value": "accidental",
		"sources": ["s2"]}`, id))
}

func response(doc map[string]any) {
	add("response", "actions", `{"id": "r1", "action": "contact_tracing", "description": {"source": "en", "en": {"text": "The zanthoquark was traced."}}}`)(doc)
}

func lessons(doc map[string]any) {
	add("lessons", "", `{"id": "l1", "phase": "response", "lesson": {"source": "en", "en": {"text": "Look for the zanthoquark."}}}`)(doc)
}

func annex(doc map[string]any) {
	add("annex", "", `{"id": "n1", "holder": "The zanthoquark archive"}`)(doc)
}

// membersFields fills what the schema shows to members only.
func membersFields(doc map[string]any) {
	in(doc, "narrative")["members_narrative"] = map[string]any{"source": "en", "en": map[string]any{"text": "Members know of the zanthoquark."}}
	in(doc, "place")["locality"] = map[string]any{"value": "Zanthoquark"}
	in(doc, "place")["point"] = map[string]any{"lat": 1.5, "lon": 36.5, "precision": "locality"}
	agent := doc["agents"].([]any)[0].(map[string]any)
	agent["strain"], agent["methods"] = map[string]any{"value": "zanthoquark-1"}, []any{"culture"}
	in(doc, "exposure")["work_activity"] = "handling"
	doc["sources"].([]any)[1].(map[string]any)["reliability"] = "a"
}
