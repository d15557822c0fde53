package leak

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"bioincident/internal/incident"
	"bioincident/schema"
)

// plan is a world before it is made: what a seed drew. It is data, so that the twin is the same plan without one thing.
type plan struct {
	seed    uint64
	records []drawn // the host of the secret comes last
	secret  secret
}

// drawn is one record of a plan.
type drawn struct {
	name   string
	hour   int
	life   life
	body   map[string]any
	second map[string]any // of another edition or an open version
	course course

	raisedLater map[string]schema.Tier // by the second edition or when narrowed, in place of the tiers of the first
	removed     string                 // by redaction
	note        schema.Tier            // of a caution note
	glass       glass
}

// glass is what an administrator, who sees no content, did to read a record.
type glass string

const (
	whole  glass = ""
	broken glass = "broken" // less than an hour ago
	mended glass = "mended" // broken once; the hour is over
)

// course is what becomes of a record.
type course string

const (
	drafted     course = "draft"
	discarded   course = "discarded"
	submitted   course = "submitted"
	recalled    course = "recalled"
	claimed     course = "claimed"
	commented   course = "commented"
	returned    course = "returned"
	signed      course = "signed" // by the first reviewer
	reviewed    course = "reviewed"
	declined    course = "declined"
	imported    course = "imported"
	appealed    course = "appealed" // declined, and the owner appeals
	scheduled   course = "scheduled"
	quarantined course = "quarantined" // while it is reviewed
	cleared     course = "cleared"     // of that
	published   course = "published"
	amending    course = "amending" // published, and a version is written
	amended     course = "amended"  // published, and a version is submitted
	republished course = "second edition"
	narrowed    course = "narrowed"
	redacted    course = "redacted"
	withdrawn   course = "withdrawn"
	merged      course = "merged"
	widening    course = "widening" // published, and its owner proposes to show more
	due         course = "due"      // published by the clock
	held        course = "held"
	lifted      course = "lifted" // held, and back
	sealed      course = "sealed" // quarantined after it was published
	unsealed    course = "unsealed"
	noted       course = "noted"
	unnoted     course = "unnoted" // the note has ended
	purging     course = "purging" // one of two signed
	purged      course = "purged"
)

func unpublished() []course {
	return []course{drafted, discarded, submitted, recalled, claimed, commented, returned, signed, reviewed, declined, imported,
		appealed, scheduled, quarantined, cleared}
}

func afterPublishing() []course {
	return []course{amending, amended, republished, narrowed, redacted, withdrawn, merged, widening, due, held, lifted, sealed,
		unsealed, noted, unnoted, purging, purged}
}

// seen are courses in which another organization acts on what it must see, or signs for it: no record of the named.
func seen() []course { return []course{narrowed, lifted, unsealed, noted, unnoted, purging, purged} }

// drawer draws from a seed.
type drawer struct{ *rand.Rand }

func newDrawer(seed uint64) drawer { return drawer{rand.New(rand.NewPCG(seed, 0x1eaf))} }

func one[T any](d drawer, of ...T) T { return of[d.IntN(len(of))] }

func (d drawer) chance(percent int) bool { return d.IntN(100) < percent }

// some gives any of them, at least one, in their order.
func some[T any](d drawer, of ...T) []T {
	var taken []T
	for _, v := range of {
		if d.chance(40) {
			taken = append(taken, v)
		}
	}
	if taken == nil {
		taken = []T{one(d, of...)}
	}
	return taken
}

// newPlan draws a world of so many records and a secret in the last.
func newPlan(seed uint64, records int) plan {
	return planOf(seed, records, one(newDrawer(seed), hidings()...).kind)
}

// planOf draws a world with a secret of a kind.
func planOf(seed uint64, records int, kind string) plan {
	d := newDrawer(seed)
	p := plan{seed: seed, records: []drawn{{name: anchor, hour: 5, life: northern(), body: d.body(), course: published}}}
	for i := range records - 2 {
		p.records = append(p.records, d.record(fmt.Sprintf("r%d", i), 2*records))
	}
	at := slices.IndexFunc(hidings(), func(h hiding) bool { return h.kind == kind })
	p.hide(d, d.host(2*records), hidings()[at])
	return p
}

func (d drawer) record(name string, hours int) drawn {
	r := drawn{name: name, hour: 10 + d.IntN(hours), body: d.body(), course: published}
	switch n := d.IntN(100); {
	case n < 25:
		r.course = one(d, unpublished()...)
	case n < 50:
		r.course = one(d, afterPublishing()...)
	}
	r.life = one(d, northern, northern, lake)()
	r.life.Reviewers = grave().Reviewers // whatever is drawn, two organizations are enough
	r.life.marking = one(d, schema.Public, schema.Public, schema.Public, schema.Members, schema.Named)
	r.life.attribution = one(d, "", "", incident.AttributionType, incident.AttributionMembers)
	if d.chance(20) {
		r.life.notBefore = incident.Micros(1)
	}
	if d.chance(40) {
		r.life.recipients = d.orgs()
	}
	if d.chance(20) {
		r.life.excluded = []string{"modest"}
	}
	d.grow(&r)
	r.settle(d)
	return r
}

func (d drawer) orgs() []string { return some(d, "east", "savanna", "wide") }

// settle makes what was drawn possible.
func (r *drawn) settle(d drawer) {
	r.life.assigned = r.life.marking == schema.Named
	if r.life.assigned && slices.Contains([]course{claimed, commented, returned, signed, quarantined, cleared}, r.course) {
		r.course = submitted
	}
	if r.life.marking == schema.Named && slices.Contains(seen(), r.course) || r.life.marking == schema.Public && r.course == widening {
		r.course = published
	}
	r.second = clone(r.body)
	d.alter(r.second)
	r.note = max(r.life.marking, one(d, schema.Public, schema.Members, schema.Named))
	if !slices.Contains(unpublished(), r.course) && d.chance(10) {
		r.glass = one(d, broken, mended)
	}
}

// grow draws what a body has besides what all have, and raises some of it.
func (d drawer) grow(r *drawn) {
	tiers := []schema.Tier{schema.Public, schema.Public, schema.Members, schema.Named}
	r.life.tiers = map[string]schema.Tier{}
	for _, item := range some(d, d.items()...) {
		item.edit(r.body)
		if tier := one(d, tiers...); tier > schema.Public {
			r.life.tiers[item.id] = tier
		}
	}
	for _, field := range some(d, d.fields()...) {
		field.edit(r.body)
	}
	if d.chance(30) {
		one(d, d.conditions()...).edit(r.body)
	}
	if d.chance(20) {
		lessons(r.body)
		r.life.tiers["lessons"] = one(d, schema.Members, schema.Named)
	}
}

// alter changes a body as another edition does.
func (d drawer) alter(doc map[string]any) {
	in(doc, "narrative")["subtitle"] = text("Corrected at the " + one(d, places()...))
	in(doc, "impact")["severity"] = one(d, "none", "minor", "moderate", "major")
	if d.chance(50) {
		in(doc, "place")["areas"].([]any)[0].(map[string]any)["area"] = one(d, countries()...)
	}
}

// item is something that can be added to a body, under an id by which its tier can be raised.
type item struct {
	id    string // "" for a field
	named bool   // shown to the named only, whatever the handling says
	edit  edit
}

func countries() []string { return []string{"KEN", "UGA", "HTI", "JPN", "PER", "EGY"} }

func places() []string {
	return []string{"river market", "old port", "hill farm", "salt works", "canal school"}
}

func text(words string) map[string]any {
	return map[string]any{"source": "en", "en": map[string]any{"text": words}}
}

// secretWord is a word that stands in what is raised and, as a word of the world, hardly elsewhere.
func (d drawer) secretWord() string {
	return one(d, "zanthoquark", "brindleweft", "quillomere", "tessaflint", "varnocask")
}

// date gives an EDTF date of any precision.
func (d drawer) date() string {
	year := 1950 + d.IntN(75)
	return one(d, fmt.Sprint(year), fmt.Sprintf("%d-%02d", year, 1+d.IntN(12)), fmt.Sprintf("%d-%02d-%02d", year, 1+d.IntN(12), 1+d.IntN(28)),
		fmt.Sprintf("%d~", year), fmt.Sprintf("%d?", year), fmt.Sprintf("%d/%d", year, year+1), fmt.Sprintf("%dX", year/10))
}

func (d drawer) count(id, measure string) edit {
	low := d.IntN(90)
	return add("impact", "counts", fmt.Sprintf(`{"id": %q, "measure": %q, "population": "people", "basis": "cumulative", "low": %d, "high": %d,
		"qualifier": "range", "as_of": "2025-07", "sources": ["s2"]}`, id, measure, low, low+1+d.IntN(30)))
}

// items are what may be raised above the tier of the record.
func (d drawer) items() []item {
	word := d.secretWord()
	return []item{
		{id: "t9", edit: words("t9", "The "+word+" was found at the "+one(d, places()...)+".")},
		{id: "c9", edit: d.count("c9", "deaths")},
		{id: "c8", edit: d.count("c8", "confirmed")},
		{id: "s9", edit: add("sources", "", fmt.Sprintf(`{"id": "s9", "type": "igo_report", "published": %q, "citation": {"title": "On the %s"}}`, d.date(), word))},
		{id: "a9", edit: assessment("a9")},
		{id: "p9", edit: add("place", "areas", fmt.Sprintf(`{"id": "p9", "area": %q, "role": "affected"}`, one(d, countries()...)))},
		{id: "g9", edit: add("agents", "", fmt.Sprintf(`{"id": "g9", "agent": %q, "diseases": [%q]}`,
			one(d, "lassa_virus", "dengue_virus", "mers_cov"), one(d, "lassa_fever", "dengue", "mers")))},
		{id: "r9", edit: add("response", "actions", fmt.Sprintf(`{"id": "r9", "action": %q, "description": {"source": "en", "en": {"text": "The %s was traced."}}}`,
			one(d, "contact_tracing", "vaccination", "recall"), word))},
		{id: "x9", edit: add("identity", "external_ids", fmt.Sprintf(`{"id": "x9", "scheme": "who_don", "value": "2025-DON%d"}`, 500+d.IntN(9)))},
	}
}

// fields are what the schema shows to members, or to the named, only.
func (d drawer) fields() []item {
	word := d.secretWord()
	put := func(section, field string, value any) item {
		return item{edit: func(doc map[string]any) { in(doc, section)[field] = value }}
	}
	agent := func(field string, value any) item {
		return item{edit: func(doc map[string]any) { doc["agents"].([]any)[0].(map[string]any)[field] = value }}
	}
	facility := put("place", "facility_name", map[string]any{"value": "The " + word + " institute"})
	facility.named = true
	return []item{
		put("narrative", "members_narrative", text("Members know of the "+word+".")),
		put("classification", "inclusion_doubt", text("The "+word+" is in doubt.")),
		put("place", "locality", map[string]any{"value": word}),
		put("place", "admin2", map[string]any{"value": word + " district"}),
		put("place", "point", map[string]any{"lat": 1.5, "lon": 36.5, "precision": "locality"}),
		put("exposure", "work_activity", "handling"),
		put("actor", "motivation", "unknown"),
		agent("strain", map[string]any{"value": word + "-1"}),
		agent("methods", []any{"culture"}),
		agent("unusual", []any{"season"}),
		{edit: func(doc map[string]any) { doc["sources"].([]any)[1].(map[string]any)["reliability"] = "a" }},
		{edit: func(doc map[string]any) {
			in(doc, "cause")["assessments"].([]any)[0].(map[string]any)["basis"] = text("The " + word + " says so.")
		}},
		{edit: add("sources", "", fmt.Sprintf(`{"id": "s7", "type": "interview", "non_public": true, "citation": {"title": "Of the %s"}}`, word))},
		{edit: add("identity", "external_ids", fmt.Sprintf(`{"id": "x7", "scheme": "national_ref", "value": "%s-7"}`, word))},
		{edit: add("place", "areas", `{"id": "p7", "area": "PER", "role": "nationality_of_exposed"}`)},
		facility,
		{edit: annex, named: true},
	}
}

// condition is what makes fields members', and the fields.
type condition struct {
	name         string
	when, hidden edit
}

func (c condition) edit(doc map[string]any) {
	c.when(doc)
	c.hidden(doc)
}

func (d drawer) conditions() []condition {
	word := d.secretWord()
	kind := func(code, occurrence string) edit {
		return func(doc map[string]any) {
			in(doc, "classification")["incident_type"], in(doc, "classification")["occurrence"] = code, occurrence
		}
	}
	return []condition{
		{"deliberate", func(doc map[string]any) {
			kind("deliberate_act.use", "harm_occurred")(doc)
			in(doc, "cause")["assessments"].([]any)[0].(map[string]any)["value"] = "deliberate"
		}, func(doc map[string]any) {
			e := in(doc, "exposure")
			e["routes"], e["vehicles"], e["contributing_factors"] = []any{"ingestion"}, []any{"food"}, []any{"training"}
			in(doc, "response")["discovery_method"] = "media"
		}},
		{"laboratory", kind("laboratory_event.infection", "harm_occurred"), func(doc map[string]any) {
			p := in(doc, "place")
			p["admin1"], p["facility_type"] = map[string]any{"value": word + " province"}, map[string]any{"value": "veterinary_lab"}
			p["containment"] = map[string]any{"value": "level_3"}
		}},
		{"not recovered", func(doc map[string]any) {
			kind("custody.inventory_loss", "release_without_known_exposure")(doc)
			in(doc, "impact")["recovered"] = "no"
		}, words("t8", "The "+word+" is missing.")},
		{"open security", func(doc map[string]any) {
			add("response", "corrective_actions", `{"id": "k1", "state": "open"}`)(doc)
			in(doc, "exposure")["contributing_factors"] = []any{"security_control"}
		}, func(doc map[string]any) {
			in(doc, "exposure")["contributing_factors"] = []any{"security_control", "training"}
		}},
	}
}

// body draws what every record has.
func (d drawer) body() map[string]any {
	agents := [][2]string{{"vibrio_cholerae", "cholera"}, {"zika_virus", "zika_virus_disease"}, {"sars_cov", "sars"}, {"cchf_virus", "cchf"}}
	agent := one(d, agents...)
	doc := map[string]any{}
	sentence := one(d, "Cholera spread", "A cluster of fevers was seen", "Anthrax was found among herders", "Une flambée est survenue", "Hives died") +
		" near the " + one(d, places()...) + " and the " + one(d, places()...) + "."
	data := body(sentence, at(one(d, countries()...)))
	if err := json.Unmarshal(data, &doc); err != nil {
		panic(err)
	}
	doc["agents"] = []any{map[string]any{"id": "g1", "agent": agent[0], "diseases": []any{agent[1]}}}
	id := in(doc, "identity")
	id["unit"] = one(d, "incident", "incident", "report", "surveillance_row")
	id["collection"].(map[string]any)["name"] = one(d, "Northern register", "Lake register")
	kind := in(doc, "classification")
	kind["incident_type"] = one(d, "outbreak.human_disease", "outbreak.animal_disease", "poisoning_or_contamination.food_or_water")
	kind["domains"] = []any{one(d, "human", "domestic_animal", "crop")}
	if d.chance(50) {
		in(doc, "impact")["severity"] = one(d, "none", "minor", "moderate", "major")
	}
	in(doc, "cause")["assessments"].([]any)[0].(map[string]any)["value"] = one(d, "natural", "accidental", "undetermined")
	in(doc, "time")["onset"] = d.date()
	if d.chance(20) {
		in(doc, "time")["onset"] = map[string]any{"is": "unknown"}
	}
	if d.chance(50) {
		in(doc, "place")["settings"] = []any{one(d, "farm", "school", "laboratory")}
	}
	if d.chance(60) {
		d.count("c1d", "deaths")(doc)
	}
	if d.chance(30) {
		add("identity", "external_ids", fmt.Sprintf(`{"id": "x1", "scheme": "who_don", "value": "2025-DON%d"}`, 500+d.IntN(9)))(doc)
	}
	return doc
}

// clone copies a document.
func clone(doc map[string]any) map[string]any {
	var other map[string]any
	if err := json.Unmarshal(encode(doc), &other); err != nil {
		panic(err)
	}
	return other
}

func encode(doc map[string]any) []byte {
	data, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return data
}

// copied is the record, so that a change of one changes not the other.
func (r drawn) copied() drawn {
	r.body, r.second = clone(r.body), clone(r.second)
	r.life.tiers = maps.Clone(r.life.tiers)
	r.life.recipients, r.life.excluded = slices.Clone(r.life.recipients), slices.Clone(r.life.excluded)
	return r
}
