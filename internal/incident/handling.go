package incident

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/gowebpki/jcs"

	"bioincident/schema"
)

// Attribution codes: what readers learn of who contributed a record.
const (
	AttributionNamed    = "named"
	AttributionType     = "organization_type_only"
	AttributionMembers  = "members_only"
	AttributionOnBehalf = "published_on_behalf"
)

// normal gives the handling in its one form: sets sorted and without repeats, tiers that raise nothing left out, the
// default attribution unsaid.
func (h Handling) normal() Handling {
	n := Handling{Marking: h.Marking, Attribution: h.Attribution, NotBefore: h.NotBefore,
		Recipients: normalSet(h.Recipients), Excluded: normalSet(h.Excluded)}
	if n.Attribution == AttributionNamed {
		n.Attribution = ""
	}
	for name, tier := range h.Tiers {
		if tier > h.Marking {
			if n.Tiers == nil {
				n.Tiers = make(map[string]schema.Tier, len(h.Tiers))
			}
			n.Tiers[name] = tier
		}
	}
	return n
}

func normalSet(items []string) []string {
	sorted := slices.Clone(items)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// Hash gives the hexadecimal SHA-256 of the handling's canonical JSON in its one form. It has no salt: it says nothing
// of what happened, and it is kept where only those who may see the handling look.
func (h Handling) Hash() string {
	written, err := json.Marshal(h.normal())
	if err != nil {
		panic(err) // a struct of strings and numbers; cannot happen
	}
	canonical, err := jcs.Transform(written)
	if err != nil {
		panic(err) // as above
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// Within tells whether no reader may see more under this handling than under the other, and none sooner: whoever
// consented to the other consented to this. Markings and raised tiers count as the higher of the two, because a
// section is never wider than its record. Recipients see the named view whatever the marking, so one more is wider.
// Excluded organizations may differ: exclusion is about reviewing, not reading. Sections and items are compared by
// name, without the document: an item raised there and its whole section raised here is not taken as narrower.
func (h Handling) Within(other Handling) bool {
	if h.Marking < other.Marking || h.NotBefore < other.NotBefore {
		return false
	}
	for name := range other.Tiers {
		if h.tierOf(name) < other.tierOf(name) {
			return false
		}
	}
	for _, org := range h.Recipients {
		if !slices.Contains(other.Recipients, org) {
			return false
		}
	}
	return attributionWithin(h.Attribution, other.Attribution)
}

// tierOf gives the tier of a section or item as far as the handling decides it.
func (h Handling) tierOf(name string) schema.Tier { return max(h.Marking, h.Tiers[name]) }

// attributionWithin tells whether one attribution reveals nothing that the other does not. What readers learn is a set
// of four facts; a code this program does not know is within itself and within "named" only.
func attributionWithin(a, b string) bool {
	if a == b || b == "" || b == AttributionNamed {
		return true
	}
	inA, knownA := revealed(a)
	inB, knownB := revealed(b)
	return knownA && knownB && inA&^inB == 0
}

// revealed gives the facts an attribution tells: the organization's type and its name, to the public and to members.
func revealed(attribution string) (facts uint8, known bool) {
	const (
		typeToPublic = 1 << iota
		nameToPublic
		typeToMembers
		nameToMembers
	)
	switch attribution {
	case "", AttributionNamed:
		return typeToPublic | nameToPublic | typeToMembers | nameToMembers, true
	case AttributionType:
		return typeToPublic | typeToMembers, true
	case AttributionMembers:
		return typeToMembers | nameToMembers, true
	case AttributionOnBehalf:
		return 0, true
	}
	return 0, false
}
