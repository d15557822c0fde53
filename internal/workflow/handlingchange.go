package workflow

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/schema"
)

// changed gives a handling with what a change names, and everything else as it was: whoever raises one section does not
// mean to let go who was excluded. Sections and items are those of any of the bodies.
func (c *call) changed(now incident.Handling, in HandlingChange, bodies ...[]byte) (incident.Handling, error) {
	if in.Empty() {
		return now, fault.New(fault.Invalid, "handling.missing").At("/handling", "handling.missing")
	}
	asked := HandlingIn{Marking: now.Marking, Tiers: in.Tiers, Recipients: in.Recipients, Attribution: in.Attribution,
		NotBefore: in.NotBefore, Excluded: in.Excluded}
	if in.Marking != nil {
		asked.Marking = *in.Marking
	}
	h, err := c.handling(asked, bodies...)
	if err != nil {
		return now, err
	}
	if in.Recipients == nil {
		h.Recipients = now.Recipients
	}
	if in.Excluded == nil {
		h.Excluded = now.Excluded
	}
	if in.Attribution == "" {
		h.Attribution = now.Attribution
	}
	if in.NotBefore == 0 {
		h.NotBefore = now.NotBefore
	}
	tiers := maps.Clone(now.Tiers)
	if tiers == nil {
		tiers = map[string]schema.Tier{}
	}
	if maps.Copy(tiers, h.Tiers); len(tiers) > 0 {
		h.Tiers = tiers
	}
	return h, c.aboveFloors(h, in.Tiers, bodies)
}

// aboveFloors refuses a tier that would not hold, because the record, the section or the schema lets fewer see the thing
// anyway: whoever names it believes that more do.
func (c *call) aboveFloors(h incident.Handling, named map[string]schema.Tier, bodies [][]byte) error {
	invalid := fault.New(fault.Invalid, "handling.invalid")
	for name, tier := range named {
		path := "/" + name
		if !slices.Contains(c.w.Schema.Sections(), name) {
			path = itemPath(bodies, name)
		}
		section, _, _ := strings.Cut(path[1:], "/")
		floor := max(h.Marking, c.w.Schema.Floor(path))
		if section != name {
			floor = max(floor, h.Tiers[section])
		}
		if tier < floor {
			invalid.At("/handling/tiers/"+escape(name), "handling.tier_floor", "name", name, "floor", floor.String())
		}
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	return nil
}

// itemPath gives where an item is, with a star for its place in a list.
func itemPath(bodies [][]byte, id string) string {
	for _, body := range bodies {
		var root any
		if json.Unmarshal(body, &root) != nil {
			continue
		}
		if path, ok := pathTo(root, id, ""); ok {
			return path
		}
	}
	return "/"
}

func pathTo(value any, id, path string) (string, bool) {
	switch value := value.(type) {
	case map[string]any:
		if value["id"] == id {
			return path, true
		}
		for name, child := range value {
			if found, ok := pathTo(child, id, path+"/"+escape(name)); ok {
				return found, true
			}
		}
	case []any:
		for _, child := range value {
			if found, ok := pathTo(child, id, path+"/*"); ok {
				return found, true
			}
		}
	}
	return "", false
}

// narrower demands that nobody sees more than before, nor sooner, and somebody less. What would show more is named.
func (c *call) narrower(h, than incident.Handling) error {
	if h.Within(than) && h.Hash() != than.Hash() {
		return nil
	}
	refused := fault.New(fault.Invalid, "handling.not_narrower")
	if h.Marking < than.Marking {
		refused.At("/handling/marking", "handling.tier_lower", "now", than.Marking.String())
	}
	for name := range than.Tiers {
		if before := max(than.Marking, than.Tiers[name]); max(h.Marking, h.Tiers[name]) < before {
			refused.At("/handling/tiers/"+escape(name), "handling.tier_lower", "now", before.String())
		}
	}
	for i, org := range h.Recipients {
		if !slices.Contains(than.Recipients, org) {
			refused.At("/handling/recipients/"+itoa(i), "handling.recipient_new", "slug", c.orgs[org].Slug)
		}
	}
	if !(incident.Handling{Attribution: h.Attribution}).Within(incident.Handling{Attribution: than.Attribution}) {
		refused.At("/handling/attribution", "handling.attribution_wider")
	}
	if h.NotBefore < than.NotBefore {
		refused.At("/handling/not_before", "handling.sooner")
	}
	if len(refused.Fields) == 0 {
		refused.At("/handling", "handling.not_narrower")
	}
	return refused
}
