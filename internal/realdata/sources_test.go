//go:build realdata

package realdata

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bioincident/internal/exchange"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
)

// source is a file of the shared folder with what this test knows of it.
type source struct {
	profile string
	path    string
	rows    int
	id      func(sourceRow) string
	read    func(*testing.T, *names, sourceRow) reading
	date    func(incident.Body) incident.Date // the date of a body by whose year it is counted
	span    func(incident.Body) string        // the class of a body that is counted apart, nil for none
	agent   string                            // the column of the agent or disease, "" when it is the same in all rows
	refused []string
	again   int  // how many rows are imported a second time, 0 for all
	both    bool // on PostgreSQL too
}

// reading is what a row says, as this test reads it.
type reading struct {
	year    string // of four digits, "" for none
	areas   []string
	class   string // what must not be added to others
	figures []figure
}

// figure is a number of something. One that is open says only how many at least; one that is about is no exact number.
type figure struct {
	measure     string
	low, high   int64
	open, about bool
}

// cellOf is what is added up: rows or a measure, apart for each class, year and set of areas.
type cellOf struct{ what, class, year, areas string }

// total is a sum over one of them.
type total struct{ numbers, low, high, open, about int64 }

type totals map[cellOf]total

func (s totals) add(r reading) {
	for _, f := range append(r.figures, figure{measure: "rows"}) {
		at := cellOf{f.measure, r.class, r.year, strings.Join(r.areas, "+")}
		sum := s[at]
		sum.numbers++
		sum.low += f.low
		if f.about {
			sum.about++
		}
		if f.open {
			sum.open++
		} else {
			sum.high += f.high
		}
		s[at] = sum
	}
}

// whole adds up over years and areas.
func (s totals) whole() map[string]total {
	out := map[string]total{}
	for at, part := range s {
		name := strings.TrimSpace(at.what + " " + at.class)
		sum := out[name]
		out[name] = total{sum.numbers + part.numbers, sum.low + part.low, sum.high + part.high, sum.open + part.open,
			sum.about + part.about}
	}
	return out
}

func TestRealDataSources(t *testing.T) {
	dir := folder(t)
	known := readNames(t, filepath.Join(dir, "reference"))
	for _, s := range sources() {
		t.Run(s.profile+"/"+store.SQLite, func(t *testing.T) { newSystem(t, open(t, testkit.SQLite)).bringAndAdd(s, dir, known) })
		if s.both {
			t.Run(s.profile+"/"+store.Postgres, func(t *testing.T) { newSystem(t, open(t, testkit.Postgres)).bringAndAdd(s, dir, known) })
		}
	}
}

// bringAndAdd imports a source and compares the sums over its drafts with those over its file.
func (y *system) bringAndAdd(s source, dir string, known *names) {
	path := filepath.Join(dir, s.path)
	rows := byID(y.t, readSource(y.t, path), s.id)
	began := time.Now()
	batch := y.bring(exchange.In{Profile: s.profile, Files: []exchange.File{file(path)}}, s.rows)
	y.figure("import to validated drafts", int64(s.rows), began, "rows/s")
	y.refusedAsExpected(batch.ID, s.refused)
	y.accounted(batch.ID, rows)
	if batch.New != int64(s.rows-len(s.refused)) {
		y.t.Errorf("%d drafts of %d rows", batch.New, s.rows)
	}
	y.sumsOf(s, batch, rows, known)
	y.once(s, path)
}

// sumsOf adds up what the drafts say, and what the rows say.
func (y *system) sumsOf(s source, batch store.Import, rows map[string]sourceRow, known *names) {
	y.t.Helper()
	want, got := totals{}, totals{}
	for _, row := range rows {
		want.add(s.read(y.t, known, row))
	}
	const mostTold, leastCoded = 20, 95
	differ, coded, named := 0, 0, 0
	for id, body := range y.drafts(batch) {
		row := s.read(y.t, known, rows[id])
		draft := s.told(body)
		got.add(draft)
		if a, b := fmt.Sprint(row), fmt.Sprint(draft); a != b {
			if differ++; differ <= mostTold {
				y.t.Errorf("%s: the row says %s, its draft %s", id, a, b)
			}
		}
		if slices.Contains([]string{"NA", "N/A", "Unknown", "Other", "Various", "Various+"}, rows[id][s.agent]) || s.agent != "" && rows[id][s.agent] == "" {
			continue
		}
		named++
		if slices.ContainsFunc(body.Agents, func(a incident.Agent) bool { return a.Agent != "" || len(a.Diseases) > 0 }) {
			coded++
		}
	}
	for at, sum := range want {
		if got[at] != sum {
			y.t.Errorf("%+v: stored %+v, source %+v", at, got[at], sum)
		}
	}
	for at, sum := range got {
		if _, ok := want[at]; !ok {
			y.t.Errorf("%+v: stored %+v, not in the source", at, sum)
		}
	}
	share := 100 * float64(coded) / float64(named)
	y.t.Logf("%d rows are %d drafts; %d name an agent or a disease, of which %.1f %% are coded", batch.Rows, batch.New, named, share)
	if share < leastCoded {
		y.t.Errorf("less than %d %% are coded", leastCoded)
	}
	whole := got.whole()
	for _, name := range slices.Sorted(maps.Keys(whole)) {
		sum := whole[name]
		y.t.Logf("%s: %d numbers, %d to %d, %d of them open above, %d about", name, sum.numbers, sum.low, sum.high, sum.open, sum.about)
	}
}

// firstYear finds the year in which a date begins; "197X" is a decade.
var firstYear = regexp.MustCompile(`\d{3}[\dX]`)

// told is what a body says of what is added up.
func (s source) told(body incident.Body) reading {
	r := reading{}
	r.year = firstYear.FindString(string(s.date(body)))
	if s.span != nil {
		r.class = s.span(body)
	}
	for _, area := range body.Place.Areas.Value {
		r.areas = append(r.areas, area.Area)
	}
	slices.Sort(r.areas)
	for _, c := range body.Impact.Counts {
		f := figure{measure: c.Measure, open: c.High == nil, about: c.Qualifier == incident.QualifierAbout}
		if c.Population != "" {
			f.measure += " of " + c.Population
		}
		if c.Low != nil {
			f.low = *c.Low
		}
		if c.High != nil {
			f.high = *c.High
		}
		r.figures = append(r.figures, f)
	}
	return r
}

// drafts gives the bodies of a batch by the ids of their rows.
func (y *system) drafts(batch store.Import) func(yield func(string, incident.Body) bool) {
	const atOnce = 500
	return func(yield func(string, incident.Body) bool) {
		for after := int64(0); ; {
			var rows []store.ImportRow
			var open map[string]incident.Version
			must(y.t, y.store.Read(y.ctx, func(tx *store.Tx) (err error) {
				if rows, err = tx.ImportRows(batch.ID, after, atOnce, store.RowFilter{}); err != nil {
					return err
				}
				var records []string
				for _, row := range rows {
					if row.Record != "" {
						records = append(records, row.Record)
					}
				}
				open, err = tx.OpenVersions(records)
				return err
			}))
			if len(rows) == 0 {
				return
			}
			for _, row := range rows {
				after = row.Ordinal
				if row.Record == "" {
					continue
				}
				var body incident.Body
				must(y.t, json.Unmarshal(open[row.Record].Body, &body))
				if !yield(row.RowID, body) {
					return
				}
			}
		}
	}
}

// TestRealDataEncodings: the same rows in the bytes of another code page are the same records.
func TestRealDataEncodings(t *testing.T) {
	dir := filepath.Join(folder(t), "dev")
	for name, database := range map[string]func(testing.TB) testkit.Database{
		store.SQLite: testkit.SQLite, store.Postgres: testkit.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			y := newSystem(t, open(t, database))
			for _, part := range []struct {
				file string
				made int64
			}{{"don_update_2020_2023.csv", updateRows}, {"don_update_2020_2023.macroman.csv", 0}} {
				batch := y.bring(exchange.In{Profile: "don_update", Files: []exchange.File{file(filepath.Join(dir, part.file))}}, updateRows)
				if batch.New != part.made || batch.Unchanged != updateRows-part.made {
					t.Errorf("%s: %+v", part.file, batch)
				}
			}
		})
	}
}

// once imports the file, or its beginning, again: nothing changes.
func (y *system) once(s source, path string) {
	y.t.Helper()
	again, rows := file(path), s.rows
	if s.again > 0 {
		again, rows = beginning(y.t, path, s.again), s.again
	}
	batch := y.bring(exchange.In{Profile: s.profile, Files: []exchange.File{again}}, rows)
	if batch.New+batch.Updated != 0 {
		y.t.Errorf("importing again changed something: %+v", batch)
	}
}

// beginning is a file of the first rows of another.
func beginning(t *testing.T, path string, rows int) exchange.File {
	t.Helper()
	var text bytes.Buffer
	must(t, csv.NewWriter(&text).WriteAll(readRecords(t, path)[:rows+1]))
	name := strings.TrimSuffix(filepath.Base(path), ".gz")
	return exchange.File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text.Bytes())), nil }}
}
