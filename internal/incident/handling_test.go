package incident

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"bioincident/schema"
)

func TestHandlingHash(t *testing.T) {
	base := Handling{Marking: schema.Members, Tiers: map[string]schema.Tier{"impact": schema.Named}, Recipients: []string{"a", "b"}, Excluded: []string{"x"}}
	same := []Handling{
		{Marking: schema.Members, Tiers: map[string]schema.Tier{"impact": schema.Named}, Recipients: []string{"b", "a", "b"}, Excluded: []string{"x"}},
		{Marking: schema.Members, Tiers: map[string]schema.Tier{"impact": schema.Named, "place": schema.Members}, Recipients: []string{"a", "b"}, Excluded: []string{"x", "x"}},
		{Marking: schema.Members, Tiers: map[string]schema.Tier{"impact": schema.Named}, Recipients: []string{"a", "b"}, Attribution: "named", Excluded: []string{"x"}},
	}
	for _, h := range same {
		if h.Hash() != base.Hash() {
			t.Errorf("%+v has another hash", h)
		}
	}
	for _, change := range []func(*Handling){
		func(h *Handling) { h.Marking = schema.Public },
		func(h *Handling) { h.Tiers = nil },
		func(h *Handling) { h.Tiers = map[string]schema.Tier{"c1": schema.Named} },
		func(h *Handling) { h.Recipients = []string{"a"} },
		func(h *Handling) { h.Attribution = AttributionMembers },
		func(h *Handling) { h.NotBefore = 1 },
		func(h *Handling) { h.Excluded = nil },
	} {
		other := base
		if change(&other); other.Hash() == base.Hash() {
			t.Errorf("%+v has the same hash", other)
		}
	}
	written, err := json.Marshal(base)
	var again Handling
	if err != nil || json.Unmarshal(written, &again) != nil || again.Hash() != base.Hash() {
		t.Errorf("%s reads as another handling", written)
	}
}

func TestHandlingWithin(t *testing.T) {
	tiers := func(pairs ...any) map[string]schema.Tier {
		m := map[string]schema.Tier{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1].(schema.Tier)
		}
		return m
	}
	for _, c := range []struct {
		name     string
		h, other Handling
		want     bool
	}{
		{"raised marking", Handling{Marking: schema.Members}, Handling{}, true},
		{"lowered marking", Handling{}, Handling{Marking: schema.Members}, false},
		{"raised section", Handling{Tiers: tiers("impact", schema.Members)}, Handling{}, true},
		{"dropped tier", Handling{}, Handling{Tiers: tiers("impact", schema.Members)}, false},
		{"lowered tier", Handling{Tiers: tiers("impact", schema.Members)}, Handling{Tiers: tiers("impact", schema.Named)}, false},
		{"marking covers the section", Handling{Marking: schema.Members}, Handling{Tiers: tiers("impact", schema.Members)}, true},
		{"marking does not cover the section", Handling{Marking: schema.Members}, Handling{Tiers: tiers("impact", schema.Named)}, false},
		{"another section", Handling{Tiers: tiers("place", schema.Named)}, Handling{Tiers: tiers("impact", schema.Members)}, false},
		{"fewer recipients", Handling{Recipients: []string{"a"}}, Handling{Recipients: []string{"b", "a"}}, true},
		{"one more recipient", Handling{Recipients: []string{"a", "b"}}, Handling{Recipients: []string{"a"}}, false},
		{"one more recipient of a higher marking", Handling{Marking: schema.Named, Recipients: []string{"a"}}, Handling{}, false},
		{"later", Handling{NotBefore: 2}, Handling{NotBefore: 1}, true},
		{"sooner", Handling{}, Handling{NotBefore: 1}, false},
		{"excluded", Handling{Excluded: []string{"a"}}, Handling{Excluded: []string{"b"}}, true},
		{"named by default", Handling{Attribution: "named"}, Handling{}, true},
		{"less attribution", Handling{Attribution: AttributionType}, Handling{}, true},
		{"more attribution", Handling{}, Handling{Attribution: AttributionMembers}, false},
		{"type against members", Handling{Attribution: AttributionType}, Handling{Attribution: AttributionMembers}, false},
		{"members against type", Handling{Attribution: AttributionMembers}, Handling{Attribution: AttributionType}, false},
		{"on behalf", Handling{Attribution: AttributionOnBehalf}, Handling{Attribution: AttributionMembers}, true},
		{"on behalf no more", Handling{Attribution: AttributionMembers}, Handling{Attribution: AttributionOnBehalf}, false},
		{"an unknown attribution", Handling{Attribution: "x"}, Handling{Attribution: AttributionOnBehalf}, false},
	} {
		if got := c.h.Within(c.other); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func handlings() *rapid.Generator[Handling] {
	few := func(names ...string) *rapid.Generator[[]string] {
		return rapid.SliceOfN(rapid.SampledFrom(names), 0, 2)
	}
	return rapid.Custom(func(t *rapid.T) Handling {
		tier := rapid.SampledFrom(schema.Tiers())
		return Handling{
			Marking:     tier.Draw(t, "marking"),
			Tiers:       rapid.MapOfN(rapid.SampledFrom([]string{"impact", "c1"}), tier, 0, 2).Draw(t, "tiers"),
			Recipients:  few("a", "b").Draw(t, "recipients"),
			Attribution: rapid.SampledFrom([]string{"", "named", AttributionType, AttributionMembers, AttributionOnBehalf, "x"}).Draw(t, "attribution"),
			NotBefore:   Micros(rapid.IntRange(0, 1).Draw(t, "not before")),
			Excluded:    few("x", "y").Draw(t, "excluded"),
		}
	})
}

// TestHandlingOrder: Within is an order, up to the hash of what concerns readers.
func TestHandlingOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(handlings(), 12, 12).Draw(t, "handlings")
		for _, a := range all {
			if !a.Within(a) {
				t.Fatalf("%+v is not within itself", a)
			}
			for _, b := range all {
				if a.Within(b) && b.Within(a) {
					x, y := a, b
					x.Excluded, y.Excluded = nil, nil
					if x.Hash() != y.Hash() {
						t.Fatalf("%+v and %+v are within each other", a, b)
					}
				}
				if a.Hash() == b.Hash() && !a.Within(b) {
					t.Fatalf("%+v and %+v have one hash", a, b)
				}
				for _, c := range all {
					if a.Within(b) && b.Within(c) && !a.Within(c) {
						t.Fatalf("%+v within %+v within %+v", a, b, c)
					}
				}
			}
		}
	})
}

// TestNarrowerShowsNoMore: the audience that each part of a handling lets in is never larger under a narrower one.
func TestNarrowerShowsNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := handlings().Draw(t, "a"), handlings().Draw(t, "b")
		if !a.Within(b) {
			return
		}
		for _, part := range []string{"impact", "c1", "narrative"} {
			for _, reader := range []string{"public", "member", "a", "b"} {
				if mayRead(a, part, reader) && !mayRead(b, part, reader) {
					t.Fatalf("%s reads %s of %+v but not of %+v", reader, part, a, b)
				}
			}
		}
	})
}

// mayRead says in the plainest way who reads a part: everyone, active members, recipient organizations.
func mayRead(h Handling, part, reader string) bool {
	tier := h.Marking
	if raised, ok := h.Tiers[part]; ok && raised > tier {
		tier = raised
	}
	switch tier {
	case schema.Public:
		return true
	case schema.Members:
		return reader != "public"
	}
	return slices.Contains(h.Recipients, reader)
}
