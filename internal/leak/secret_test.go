package leak

import (
	"maps"
	"slices"
	"strings"

	"bioincident/internal/incident"
	"bioincident/schema"
)

// secret is the one thing that a world has and its twin lacks.
type secret struct {
	kind      string
	group     group
	without   *drawn // the host as it is in the twin; nil where the twin lacks the whole record
	observers []string
	values    map[string]any // a document that holds what is hidden, for the questions
}

// hiding makes a secret of a drawn record. with is the host in the world, without, which begins as a copy, in the twin.
type hiding struct {
	kind   string
	group  group
	whole  bool // the twin lacks the record
	hide   func(d drawer, with, without *drawn)
	beside func(with drawn) []string // organizations that may see it besides those that are in every group
}

func hidings() []hiding {
	return []hiding{
		{kind: "a record for members", group: membersOnly, whole: true, hide: func(d drawer, with, _ *drawn) {
			with.life.marking, with.course = schema.Members, one(d, published, published, republished, narrowed, redacted, withdrawn, merged,
				due, held, lifted, sealed, unsealed, noted, purging, purged)
			with.note = one(d, schema.Members, schema.Named)
		}},
		{kind: "a record for the named", group: namedOnly, whole: true, beside: recipients, hide: func(d drawer, with, _ *drawn) {
			with.life.marking, with.course = schema.Named, one(d, published, published, republished, redacted, withdrawn, due, held, sealed)
		}},
		{kind: "an item for members", group: membersOnly, hide: func(d drawer, with, _ *drawn) { d.raise(with, schema.Members, d.items()) }},
		{kind: "an item for the named", group: namedOnly, beside: recipients, hide: func(d drawer, with, _ *drawn) {
			d.raise(with, schema.Named, d.items())
		}},
		{kind: "a section for members", group: membersOnly, hide: func(d drawer, with, _ *drawn) { d.section(with, schema.Members) }},
		{kind: "a section for the named", group: namedOnly, beside: recipients, hide: func(d drawer, with, _ *drawn) {
			d.section(with, schema.Named)
		}},
		{kind: "fields for members", group: membersOnly, hide: func(d drawer, with, _ *drawn) { d.fill(with, false) }},
		{kind: "fields for the named", group: namedOnly, beside: recipients, hide: func(d drawer, with, _ *drawn) { d.fill(with, true) }},
		{kind: "fields by a condition", group: membersOnly, hide: func(d drawer, with, without *drawn) {
			c := one(d, d.conditions()...)
			c.when(with.body)
			c.when(without.body)
			c.hidden(with.body)
		}},
		{kind: "who blew the whistle", group: ownerOnly, hide: func(_ drawer, with, without *drawn) {
			in(with.body, "response")["discovery_method"] = "whistle_blower"
			in(without.body, "response")["discovery_method"] = "other"
		}},
		{kind: "an unpublished record", group: underWay, whole: true, hide: func(d drawer, with, _ *drawn) { with.course = one(d, unpublished()...) }},
		{kind: "an open version", group: underWay, hide: func(d drawer, with, _ *drawn) { with.course = one(d, amending, amended) }},
		{kind: "a claim", group: underWay, hide: func(_ drawer, with, without *drawn) { with.course, without.course = claimed, submitted }},
		{kind: "a comment", group: underWay, hide: func(_ drawer, with, without *drawn) { with.course, without.course = commented, claimed }},
		{kind: "a signature", group: underWay, hide: func(_ drawer, with, without *drawn) { with.course, without.course = signed, claimed }},
		{kind: "a decision", group: underWay, hide: func(d drawer, with, without *drawn) {
			with.course, without.course = one(d, returned, reviewed, declined, recalled), claimed
		}},
		{kind: "a wish to show more", group: underWay, hide: func(_ drawer, with, without *drawn) {
			with.life.marking, without.life.marking, with.course = schema.Members, schema.Members, widening
		}},
		{kind: "an appeal", group: underWay, hide: func(_ drawer, with, without *drawn) { with.course, without.course = appealed, declined }},
		{kind: "a scheduled publication", group: underWay, hide: func(_ drawer, with, without *drawn) {
			with.course, without.course = scheduled, reviewed
		}},
		{kind: "that the clock published", group: ownerOnly, hide: func(_ drawer, with, without *drawn) {
			with.course, without.course = due, published
		}},
		{kind: "a quarantine", group: underWay, hide: func(d drawer, with, without *drawn) {
			with.course, without.course = one(d, quarantined, cleared), claimed
		}},
		{kind: "that a hold is a quarantine", group: ownerOnly, hide: func(_ drawer, with, without *drawn) {
			with.course, without.course = sealed, held
		}},
		{kind: "a hold of a record for members", group: membersOnly, hide: func(d drawer, with, without *drawn) {
			with.life.marking, without.life.marking = schema.Members, schema.Members
			with.course, without.course = one(d, held, lifted, sealed, unsealed), published
		}},
		{kind: "a note for members", group: membersOnly, hide: func(d drawer, with, _ *drawn) {
			with.course, with.note = one(d, noted, unnoted), schema.Members
		}},
		{kind: "a note for the named", group: namedOnly, beside: recipients, hide: func(d drawer, with, _ *drawn) {
			with.course, with.note = one(d, noted, unnoted), schema.Named
		}},
		{kind: "a broken glass", group: glassBroken, hide: func(d drawer, with, without *drawn) {
			with.glass, without.glass = one(d, broken, mended), whole
		}},
		{kind: "a signature for a purge", group: ownerOnly, hide: func(_ drawer, with, without *drawn) {
			with.course, without.course = purging, published
		}},
		{kind: "what was said once", group: former, beside: recipients, hide: func(d drawer, with, without *drawn) {
			left := one(d, republished, narrowed, redacted, withdrawn, held, sealed, purged)
			for r, said := range map[*drawn]string{with: "The zanthoquark was kept in the old shed.", without: "Nothing of note was written here."} {
				words("t9", said)(r.body)
				words("t9", said)(r.second)
				r.course, r.removed, r.raisedLater = left, "/narrative/timeline/t9", map[string]schema.Tier{"t9": schema.Named}
			}
		}},
		{kind: "a recipient", group: namedOnly, beside: recipients, hide: func(_ drawer, with, without *drawn) {
			with.life.marking, without.life.marking = schema.Named, schema.Named
			with.life.recipients, without.life.recipients = []string{"east", "savanna"}, []string{"savanna"}
		}},
		{kind: "what its handling says", group: namedOnly, beside: recipients, hide: func(_ drawer, with, without *drawn) {
			with.life.excluded, without.life.excluded = []string{"modest"}, nil
			with.life.notBefore, without.life.notBefore = incident.Micros(1), 0
		}},
	}
}

func recipients(with drawn) []string { return with.life.recipients }

// approvers are the organizations that may publish what is drawn, besides those that do.
func approvers() []string { return []string{"savanna"} }

// hide hides something of a kind in the host, and puts it last: its number is nobody else's, and yet it happened in between.
func (p *plan) hide(d drawer, host drawn, h hiding) {
	with, without := host, host.copied()
	h.hide(d, &with, &without)
	if h.group != glassBroken && !h.whole && !slices.Contains(unpublished(), with.course) && d.chance(30) {
		with.glass = one(d, broken, mended)
		without.glass = with.glass
	}
	with.life.assigned, without.life.assigned = with.life.marking == schema.Named, without.life.marking == schema.Named
	p.secret = secret{kind: h.kind, group: h.group, values: with.body}
	if !h.whole {
		p.secret.without = &without
	}
	also := []string{}
	if h.beside != nil {
		also = h.beside(with)
	}
	if with.course == sealed && (h.whole || without.course != sealed) {
		also = append(slices.Clone(also), approvers()...) // they have a card of what is quarantined, to assign who looks at it
	}
	p.secret.observers = blind(h.group, with, also)
	p.records = append(p.records, with)
}

const (
	ownerOnly   group = "for the owner"           // and for those through whose hands the record goes
	glassBroken group = "for who broke the glass" // and for the owner, who is told
)

// blind lists those who may see nothing of what is hidden in a record.
func blind(g group, r drawn, also []string) []string {
	_, owner, _ := strings.Cut(r.life.Author, "@")
	hands := append([]string{owner, "first", "second", "south"}, also...)
	var all []string
	for _, who := range append([]string{""}, slices.Sorted(maps.Keys(society().People))...) {
		_, org, _ := strings.Cut(who, "@")
		if who == "ada@hq" && (r.glass == broken) {
			continue
		}
		switch g {
		case glassBroken:
			if org == owner {
				continue
			}
		case membersOnly:
			if !slices.Contains([]string{"", "ada@hq", "aud@hq", "ivo@ice"}, who) {
				continue
			}
		case underWay:
			if !slices.Contains(append(observers(underWay), "ana@north", "fay@north"), who) || org == owner && !slices.Contains([]string{"nia@north", "rex@lake"}, who) {
				continue
			}
		default:
			if slices.Contains(hands, org) {
				continue
			}
		}
		all = append(all, who)
	}
	return all
}

// raise puts items into a record and raises them.
func (d drawer) raise(r *drawn, tier schema.Tier, items []item) {
	for _, i := range some(d, items...) {
		i.edit(r.body)
		r.life.tiers[i.id] = tier
	}
}

func (d drawer) section(r *drawn, tier schema.Tier) {
	name := one(d, "response", "lessons", "exposure")
	switch name {
	case "response":
		response(r.body)
	case "lessons":
		lessons(r.body)
	case "exposure":
		in(r.body, "exposure")["routes"] = []any{"ingestion"}
	}
	r.life.tiers[name] = tier
}

func (d drawer) fill(r *drawn, named bool) {
	all := slices.DeleteFunc(d.fields(), func(i item) bool { return i.named != named })
	for _, i := range some(d, all...) {
		i.edit(r.body)
	}
}

// host draws a record that holds nothing above its tier yet.
func (d drawer) host(hours int) drawn {
	r := drawn{name: "host", hour: 10 + d.IntN(hours), course: published, body: d.body(), life: one(d, northern, lake)()}
	r.life.Reviewers, r.life.tiers = grave().Reviewers, map[string]schema.Tier{}
	r.life.recipients = some(d, "east", "savanna", "wide")
	r.second = clone(r.body)
	d.alter(r.second)
	return r
}

// host is the record that holds the secret.
func (p plan) host() drawn { return p.records[len(p.records)-1] }

// twin is the plan without what is hidden.
func (p plan) twin() plan {
	last := len(p.records) - 1
	p.records = slices.Clone(p.records[:last])
	if p.secret.without != nil {
		p.records = append(p.records, *p.secret.without)
	}
	return p
}
