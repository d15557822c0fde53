package exchange

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/workflow"
)

// mapped imports a file of testdata and gives its rows.
func mapped(t *testing.T, profile string, file File, o Options) []workflow.RowIn {
	t.Helper()
	c := &collector{}
	if _, err := Import(t.Context(), c, identity.Principal{}, In{Profile: profile, Files: []File{file}, Options: o}, testSchema(t), nil); err != nil {
		t.Fatal(err)
	}
	return c.rows
}

// outline says in one line what became of a row.
func outline(t *testing.T, row workflow.RowIn) string {
	t.Helper()
	if r := row.Refusal; r != nil {
		return fmt.Sprintf("%s refused: line %d, %s, %q, %s", row.RowID, row.Line, r.Column, r.Value, r.Reason)
	}
	if wrong := testSchema(t).Validate(row.Body); wrong != nil {
		t.Errorf("%s: the schema does not admit it: %v", row.RowID, wrong)
	}
	b := body(t, row)
	parts := []string{row.RowID, areasOf(b), agentsOf(b), b.Classification.IncidentType, b.Classification.Occurrence,
		strings.Join(b.Classification.Domains, "+"), datesOf(b), countsOf(b)}
	for _, a := range b.Cause.Assessments {
		parts = append(parts, a.Value)
	}
	return strings.TrimSpace(strings.Join(parts, " | ") + " " + strings.Join(row.Flags, " "))
}

func areasOf(b incident.Body) string {
	if !b.Place.Areas.Has() {
		return b.Place.Areas.Is
	}
	var codes []string
	for _, a := range b.Place.Areas.Value {
		codes = append(codes, a.Area)
	}
	for _, place := range []incident.Stated[string]{b.Place.Admin1, b.Place.Admin2, b.Place.Locality, b.Place.FacilityName} {
		if place.Has() {
			codes = append(codes, fmt.Sprintf("%q", place.Value))
		}
	}
	if p := b.Place.Point; p != nil {
		codes = append(codes, fmt.Sprintf("%g/%g %s", p.Lat, p.Lon, p.Precision))
	}
	return strings.Join(codes, " ")
}

func agentsOf(b incident.Body) string {
	var all []string
	for _, a := range b.Agents {
		words := []string{a.Name + ":"}
		for _, code := range append([]string{a.Agent, a.Class, a.Subtype, a.Identification}, a.Diseases...) {
			if code != "" {
				words = append(words, code)
			}
		}
		all = append(all, strings.Join(words, " "))
	}
	return strings.Join(all, ", ")
}

func datesOf(b incident.Body) string {
	var all []string
	for _, d := range []struct {
		name string
		date incident.Known[incident.Date]
	}{
		{"onset", b.Time.Onset}, {"detection", b.Time.Detection}, {"confirmed", b.Time.LaboratoryConfirmation},
		{"notified", b.Time.InternationalNotification}, {"end", b.Time.End},
	} {
		if !d.date.IsZero() {
			all = append(all, d.name+" "+string(d.date.Value)+d.date.Is)
		}
	}
	if e := b.Time.Exposure; !e.IsZero() {
		all = append(all, "exposure "+string(e.Value)+e.Is)
	}
	return strings.Join(append(all, "published "+string(b.Sources[0].Published)), ", ")
}

func countsOf(b incident.Body) string {
	var all []string
	for _, c := range b.Impact.Counts {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s %s-%s %s %s", c.ID, c.Measure, c.Population, limit(c.Low), limit(c.High), c.Qualifier, c.AsOf)))
	}
	return strings.Join(all, ", ")
}

// TestProfilesMapTheirDirt compares every row of the small files with what a person read from it.
func TestProfilesMapTheirDirt(t *testing.T) {
	for _, c := range []struct{ profile, file string }{
		{"don_update", "don_update"}, {"don_update", "don_update_macintosh"}, {"wahis", "wahis"}, {"nors", "nors"},
		{"opendengue_national", "opendengue_national"}, {"hpai_europe", "hpai_europe"},
		{"hpai_usa_wild_birds", "hpai_usa_wild_birds"}, {"lab_accidents", "lab_accidents"},
		{"historical_epidemics", "historical_epidemics"}, {"historical_epidemics", "historical_epidemics_windows"},
	} {
		t.Run(c.file, func(t *testing.T) {
			var got []string
			for _, row := range mapped(t, c.profile, onDisk(c.file+".csv"), Options{}) {
				got = append(got, outline(t, row))
			}
			want, err := os.ReadFile(filepath.Join("testdata", c.profile+".want"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(strings.TrimSpace(string(want)), "\n"), got); diff != "" {
				t.Errorf("%s", diff)
			}
		})
	}
}

// TestEveryEncodingGivesTheSameBytes: a file that was saved another way holds the same rows.
func TestEveryEncodingGivesTheSameBytes(t *testing.T) {
	for profile, files := range map[string][2]string{
		"don_update":           {"don_update.csv", "don_update_macintosh.csv"},
		"historical_epidemics": {"historical_epidemics.csv", "historical_epidemics_windows.csv"},
	} {
		one, other := mapped(t, profile, onDisk(files[0]), Options{}), mapped(t, profile, onDisk(files[1]), Options{})
		for i := range one {
			if string(one[i].Body) != string(other[i].Body) {
				t.Errorf("%s:\n%s\n%s", one[i].RowID, one[i].Body, other[i].Body)
			}
		}
	}
}

func TestEverySourceNamesItsLicence(t *testing.T) {
	names := Profiles()
	for name, want := range map[string]string{
		"don_events": "report none_stated", "don_update": "report none_stated", "wahis": "report contradictory",
		"nors": "incident public_domain", "lab_accidents": "incident cc_by_4_0", "historical_epidemics": "incident cc_by_sa_3_0",
		"hpai_europe": "surveillance_row cc_by_4_0", "hpai_usa_wild_birds": "surveillance_row cc_by_4_0",
		"opendengue_national": "surveillance_row cc_by_4_0",
	} {
		rows := mapped(t, name, onDisk(name+".csv"), Options{})
		c := body(t, rows[0]).Identity.Collection
		if got := c.Unit + " " + c.Licence; got != want || c.Attribution == "" || c.Coverage == "" || c.Criteria == "" || c.Source == "" {
			t.Errorf("%s: %s, want %s: %+v", name, got, want, c)
		}
	}
	if len(names) != 9 {
		t.Errorf("a profile has no test: %v", names)
	}
}

func TestWhatIsSetStandsInAllRows(t *testing.T) {
	set := map[string]string{"language": "fr", "verification": "corroborated", "completeness": "full"}
	for _, row := range mapped(t, "wahis", onDisk("wahis.csv"), Options{Set: set}) {
		if row.Refusal != nil {
			continue
		}
		b := body(t, row)
		if b.Narrative.Summary.Source != "fr" || b.Sources[0].Language != "fr" || b.Classification.Verification != "corroborated" ||
			b.Identity.Completeness != "full" {
			t.Errorf("%s", row.Body)
		}
	}
	for code, o := range map[string]Options{
		"import.set_unknown":      {Set: map[string]string{"marking": "public"}},
		"import.set_value":        {Set: map[string]string{"verification": "maybe"}},
		"import.encoding_unknown": {Encoding: "klingon"},
		"import.dates_unknown":    {Dates: "ydm"},
	} {
		if _, err := Find(testSchema(t), "wahis", o); fault.Of(err).Code != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	if _, err := Find(testSchema(t), "don_events", Options{Set: map[string]string{"completeness": "full"}}); fault.Of(err).Code != "import.set_unknown" {
		t.Errorf("%v", err)
	}
}
