package leak

import (
	"net/http"
	"testing"

	"bioincident/internal/testkit"
)

// pair is two worlds that differ in what is hidden, or one of them beside what was already heard of the other.
type pair struct {
	group         group
	with, without *made
}

// nothingIs tells everything in which what observers of two worlds are told differs.
func (p pair) nothing(t *testing.T, asks []ask) {
	t.Helper()
	for place, who := range observers(p.group) {
		for _, d := range p.differences(who, place, asks) {
			t.Errorf("%s learns: %s", nameOf(who), d)
		}
	}
}

func (p pair) differences(who string, place int, asks []ask) []difference {
	return p.with.hear(p.group, who, place, asks).differences(p.without.hear(p.group, who, place, asks))
}

func databases() map[string]func(testing.TB) testkit.Database {
	return map[string]func(testing.TB) testkit.Database{"sqlite": testkit.SQLite, "postgres": testkit.Postgres}
}

// TestNobodyLearnsOfWhatIsHidden compares, for every group of hidden things, a world with them and one without.
func TestNobodyLearnsOfWhatIsHidden(t *testing.T) {
	t.Parallel()
	for name, database := range databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			without := remembered(write(t, database(t), ""))
			for _, g := range groups() {
				t.Run(string(g), func(t *testing.T) {
					p := pair{g, write(t, database(t), g), without.in(t)}
					asker := newAsker(t, p.with, g)
					p.nothing(t, append(asker.reads(), asker.writes()...))
					p.references(t, asker)
				})
			}
		})
	}
}

// in gives the world for a subtest.
func (m *made) in(t testing.TB) *made {
	other := *m
	other.System = m.System.In(t)
	return &other
}

// references are requests for one's own things that name a hidden one.
func (p pair) references(t *testing.T, asker *asker) {
	t.Helper()
	if with, without := p.with.created.String(), p.without.created.String(); with != without || p.with.created.Status != http.StatusCreated {
		t.Errorf("who begins a record learns of the ids of others:\n%s\n%s", with, without)
	}
	if p.group == membersOnly {
		return // whoever has a record of their own to merge is a member, and sees these
	}
	own := p.with.shared["lake"]
	for _, id := range append(asker.hidden, unknown) {
		for _, who := range []string{"fio@lake", "leo@lake"} {
			merge := func(m *made) string {
				revision := m.Need(http.StatusOK, "fio@lake", http.MethodGet, "/api/v1/incidents/"+own+"/working", nil).Header.Get("ETag")
				return m.Do(who, http.MethodPost, "/api/v1/incidents/"+own+"/merge", map[string]any{"into": id, "reason": "duplicate"},
					"If-Match: "+revision).String()
			}
			if with, without := merge(p.with), merge(p.without); with != without {
				t.Errorf("%s learns by merging into %s:\n%s\n%s", who, id, with, without)
			}
		}
	}
}
