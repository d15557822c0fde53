package exchange

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

var loadSchema = sync.OnceValues(schema.Load) //nolint:gochecknoglobals // read once for all tests of the package

func testSchema(t testing.TB) *schema.Schema {
	t.Helper()
	sch, err := loadSchema()
	if err != nil {
		t.Fatal(err)
	}
	return sch
}

// collector takes rows and keeps them.
type collector struct {
	began workflow.ImportIn
	rows  []workflow.RowIn
	after int // fails from this many rows on, when positive
}

var errStopped = errors.New("stopped")

func (c *collector) BeginImport(_ context.Context, _ identity.Principal, in workflow.ImportIn) (store.Import, error) {
	c.began = in
	return store.Import{ID: "b1"}, nil
}

func (c *collector) ImportChunk(_ context.Context, _ identity.Principal, id string, rows []workflow.RowIn) ([]workflow.RowOut, error) {
	if id != "b1" || len(rows) > workflow.MostRows {
		return nil, fmt.Errorf("chunk of %d rows for %q", len(rows), id)
	}
	if c.after > 0 && len(c.rows) >= c.after {
		return nil, errStopped
	}
	c.rows = append(c.rows, rows...)
	return nil, nil
}

func (c *collector) PrepareRows(rows []workflow.RowIn) []workflow.RowIn { return rows }

func (c *collector) FinishImport(context.Context, identity.Principal, string) (store.Import, error) {
	return store.Import{ID: "b1", Rows: int64(len(c.rows))}, nil
}

func onDisk(name string) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(filepath.Join("testdata", name)) }}
}

func inMemory(name, content string) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

func importFixture(t *testing.T, texts bool) map[string]workflow.RowIn {
	t.Helper()
	c := &collector{}
	in := In{Profile: "don_events", Files: []File{onDisk("don_events.csv")}}
	if texts {
		file := onDisk("don_texts.csv.gz")
		in.Texts = &file
	}
	summary, err := Import(t.Context(), c, identity.Principal{}, in, testSchema(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if summary.Import.Rows != 48 || len(summary.Ignored) != 0 {
		t.Fatalf("summary %+v", summary)
	}
	rows := map[string]workflow.RowIn{}
	for i, row := range c.rows {
		if row.Ordinal != int64(i+1) {
			t.Fatalf("row %d has ordinal %d", i, row.Ordinal)
		}
		if row.Refusal != nil {
			rows[fmt.Sprint("line ", row.Line)] = row
			continue
		}
		if wrong := testSchema(t).Validate(row.Body); wrong != nil {
			t.Errorf("line %d: the schema does not admit it: %v", row.Line, wrong)
		}
		rows[row.RowID] = row
	}
	return rows
}

func body(t *testing.T, row workflow.RowIn) incident.Body {
	t.Helper()
	var b incident.Body
	if err := json.Unmarshal(row.Body, &b); err != nil {
		t.Fatalf("row %+v: %v", row, err)
	}
	return b
}

func TestEveryRefusedRowSaysWhere(t *testing.T) {
	var refused []string
	for _, row := range importFixture(t, false) {
		if r := row.Refusal; r != nil {
			refused = append(refused, fmt.Sprintf("%s:%d|%s|%s|%s", row.File, row.Line, r.Column, r.Value, r.Reason))
		}
	}
	slices.Sort(refused)
	want := []string{
		"don_events.csv:41|Country|Atlantis|import.area_unknown",
		"don_events.csv:42|ReportDate|13/9/1999|import.date_unreadable",
		"don_events.csv:43|LabConfirmation|perhaps|import.not_yes_or_no",
		"don_events.csv:44|DiseaseLevel1|NA|import.value_missing",
		"don_events.csv:49||DON-1997-03-04-x01#01|import.duplicate_row",
		"don_events.csv:50|||import.wrong_width",
		"don_events.csv:5|CasesTotal|1500/day|quantity.rate",
		"don_events.csv:6|Deaths|1.2|quantity.not_an_integer",
		"don_events.csv:7|Deaths|5.1, 12.2|quantity.several_numbers",
		"don_events.csv:8|CasesTotal|2*|quantity.marked",
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Error(diff)
	}
}

func TestCountsAreWhatTheyHonestlyAre(t *testing.T) {
	rows := importFixture(t, false)
	for id, want := range map[string]string{
		"DON-1997-03-04-x01#01": "total 120-120 exact cumulative; confirmed 31-31 exact cumulative; deaths 4-4 exact cumulative",
		"DON-1997-05-06-x02#01": "total 3000-… at_least cumulative; deaths …-300 at_most cumulative",
		"DON-1997-05-07-x03#01": "total 300-400 range cumulative; confirmed 20-20 about cumulative",
		"DON-2014-01-15-x09#01": "confirmed 6-6 exact new_in_period; deaths 1-1 exact new_in_period",
		"DON-2013-02-02-x11#01": "confirmed 12-12 exact cumulative 001; deaths 5-5 exact cumulative 001",
		"DON-2013-02-03-x12#01": "confirmed 2-2 exact new_in_period",
		"DON-2013-02-04-x13#01": "confirmed 9-9 exact cumulative; deaths 2-2 exact new_in_period",
		"DON-1999-09-08-x42#01": "total 1200-1200 exact cumulative; deaths 12-12 exact cumulative",
	} {
		var got []string
		for _, c := range body(t, rows[id]).Impact.Counts {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s-%s %s %s %s", c.ID, limit(c.Low), limit(c.High), c.Qualifier, c.Basis, c.Place)))
		}
		if joined := strings.Join(got, "; "); joined != want {
			t.Errorf("%s: %s, want %s", id, joined, want)
		}
	}
}

func limit(n *int64) string {
	if n == nil {
		return "…"
	}
	return fmt.Sprint(*n)
}

func TestDatesAreAsFineAsTheyAreRight(t *testing.T) {
	rows := importFixture(t, false)
	for _, c := range []struct {
		id      string
		known   func(incident.Time) incident.Known[incident.Date]
		want    string
		flagged bool
	}{
		{"DON-1997-03-04-x01#01", func(m incident.Time) incident.Known[incident.Date] { return m.Onset }, "1997-01-12", false},
		{"DON-2006-10-10-x08#01", func(m incident.Time) incident.Known[incident.Date] { return m.LaboratoryConfirmation }, "2006-10-05", false},
		{"DON-2013-02-02-x11#01", func(m incident.Time) incident.Known[incident.Date] { return m.InternationalNotification }, "unknown", false},
		{"DON-2003-07-08-x25#01", func(m incident.Time) incident.Known[incident.Date] { return m.End }, "", false},
		{"DON-2003-07-07-x24#01", func(m incident.Time) incident.Known[incident.Date] { return m.End }, "2003-06-22", false},
		{"DON-2007-03-28-x27#01", func(m incident.Time) incident.Known[incident.Date] { return m.Detection }, "unknown", true},
		{"DON-2008-03-11-x28#01", func(m incident.Time) incident.Known[incident.Date] { return m.Onset }, "", true},
		{"DON-2011-08-01-x29#01", func(m incident.Time) incident.Known[incident.Date] { return m.Onset }, "2011", false},
		{"DON-2011-08-02-x30#01", func(m incident.Time) incident.Known[incident.Date] { return m.Onset }, "2011-02", true},
		{"DON-2011-08-03-x31#01", func(m incident.Time) incident.Known[incident.Date] { return m.InternationalNotification }, "2011-07", false},
		{"DON-2011-08-04-x32#01", func(m incident.Time) incident.Known[incident.Date] { return m.FirstIntervention }, "2011-08-14", false},
		{"DON-2011-08-05-x33#01", func(m incident.Time) incident.Known[incident.Date] { return m.Onset }, "", true},
	} {
		row := rows[c.id]
		known := c.known(body(t, row).Time)
		if got := string(known.Value) + known.Is; got != c.want {
			t.Errorf("%s: %q, want %q", c.id, got, c.want)
		}
		if slices.Contains(row.Flags, FlagDateDropped) != c.flagged {
			t.Errorf("%s: flags %v", c.id, row.Flags)
		}
		if words := body(t, row).Narrative.Members.In["en"].Text; c.flagged && !strings.Contains(words, "The source gives") {
			t.Errorf("%s: what was dropped is not told: %q", c.id, words)
		}
	}
}

func TestNamesBecomeCodes(t *testing.T) {
	rows := importFixture(t, false)
	for id, want := range map[string]string{
		"DON-1997-03-04-x01#01": "LBR vibrio_cholerae cholera outbreak.human_disease [human] harm_occurred",
		"DON-1997-05-06-x02#01": "NGA vibrio_cholerae_o139 cholera outbreak.human_disease [human] harm_occurred",
		"DON-1997-05-07-x03#01": "REU measles_virus measles outbreak.human_disease [human] harm_occurred",
		"DON-2014-01-16-x10#01": "001 influenza_a_h5 avian_influenza outbreak.human_disease [human domestic_animal] undetermined",
		"DON-2010-06-01-x14#01": "TJK poliovirus_1 poliomyelitis outbreak.human_disease [human] harm_occurred",
		"DON-2016-06-03-x16#01": "unknown poliovirus_2 poliomyelitis outbreak.human_disease [human] undetermined",
		"DON-1998-03-03-x17#01": "TCD  syndrome_neurological+meningitis outbreak.unexplained_illness [human] harm_occurred",
		"DON-1998-03-05-x19#01": "SOM  unspecified_disease outbreak.unexplained_illness [human] harm_occurred",
		"DON-2004-04-04-x20#01": "NGA lead lead_poisoning poisoning_or_contamination.not_stated [human] harm_occurred",
		"DON-2008-04-05-x21#01": "CHN melamine melamine_contamination poisoning_or_contamination.food_or_water [human] harm_occurred",
		"DON-1996-05-05-x22#01": "GBR bse_prion bse outbreak.animal_disease [domestic_animal] undetermined",
		"DON-1996-05-06-x23#01": "GBR bse_prion vcjd outbreak.human_disease [human] harm_occurred",
		"DON-2003-07-09-x26#01": "142 sars_cov sars outbreak.human_disease [human] harm_occurred",
		"DON-2014-03-31-x34#03": "SLE orthoebolavirus ebola_disease outbreak.human_disease [human] harm_occurred",
		"DON-1999-09-07-x41#01": "MLI   outbreak.human_disease [human] harm_occurred",
		"DON-1999-09-08-x42#01": "NAM bacillus_anthracis anthrax outbreak.human_disease [human] harm_occurred",
		"DON-1999-09-09-x43#01": "USA seoul_virus hfrs outbreak.human_disease [human] harm_occurred",
	} {
		b := body(t, rows[id])
		area := b.Place.Areas.Is
		if b.Place.Areas.Has() {
			area = b.Place.Areas.Value[0].Area
		}
		got := fmt.Sprintf("%s %s %s %s %v %s", area, b.Agents[0].Agent, strings.Join(b.Agents[0].Diseases, "+"),
			b.Classification.IncidentType, b.Classification.Domains, b.Classification.Occurrence)
		if got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	if zaire := body(t, rows["DON-1999-09-07-x41#01"]); zaire.Agents[0].Name != "An illness of no name" || zaire.Agents[0].Identification != "suspected" {
		t.Errorf("the name as reported: %+v", zaire.Agents[0])
	}
	if !slices.Equal(rows["DON-1999-09-07-x41#01"].Flags, []string{FlagUncoded}) {
		t.Errorf("flags %v", rows["DON-1999-09-07-x41#01"].Flags)
	}
}

func TestRowIsAReportWithItsSourceAndLicence(t *testing.T) {
	b := body(t, importFixture(t, false)["DON-2014-03-31-x34#02"])
	if b.Identity.Unit != "report" || b.Identity.Collection.Licence != "none_stated" || !b.Cause.NotAssessed {
		t.Errorf("%+v", b.Identity)
	}
	ids := []incident.ExternalID{{ID: "x1", Scheme: "source_row", Value: "DON-2014-03-31-x34#02"}, {ID: "x2", Scheme: "who_don", Value: "DON-2014-03-31-x34"}}
	if diff := cmp.Diff(ids, b.Identity.ExternalIDs); diff != "" {
		t.Error(diff)
	}
	s := b.Sources[0]
	if s.Type != "igo_report" || s.Published != "2014-03-31" || !s.Default || s.URL != "https://example.org/outbreaks/invented-34-en/" {
		t.Errorf("%+v", s)
	}
	if b.Narrative.Summary.In["en"].Text != "Invented: Ebola virus disease, West Africa - update" {
		t.Errorf("without texts the summary is the headline: %+v", b.Narrative.Summary)
	}
	dropped := importFixture(t, false)["DON-1999-09-09-x43#01"]
	if body(t, dropped).Sources[0].URL != "" || !slices.Contains(dropped.Flags, FlagLinkDropped) {
		t.Errorf("a link that is none: %+v %v", body(t, dropped).Sources[0], dropped.Flags)
	}
}

func TestTextsAreJoinedAndCut(t *testing.T) {
	rows := importFixture(t, true)
	first := body(t, rows["DON-1997-03-04-x01#01"])
	want := "Disease outbreak news\n4 March 1997 � An invented report for tests.   Cholera was found in a harbour town that does not exist.\nWells were closed."
	if got := first.Narrative.Summary.In["en"].Text; got != want {
		t.Errorf("%q", got)
	}
	if !strings.Contains(first.Identity.Collection.Attribution, "CC BY-NC-SA 3.0 IGO") {
		t.Errorf("whose text it is: %q", first.Identity.Collection.Attribution)
	}
	if got := body(t, rows["DON-1997-05-06-x02#01"]).Narrative.Summary.In["en"].Text; !strings.HasPrefix(got, "The second text") {
		t.Errorf("%q", got)
	}
	long := []rune(body(t, rows["DON-2006-10-10-x08#01"]).Narrative.Summary.In["en"].Text)
	if len(long) > 4000 || len(long) < 3900 || !strings.HasSuffix(string(long), "village. …") {
		t.Errorf("%d characters, ending %q", len(long), string(long[len(long)-40:]))
	}
}

func TestBodiesHoldNothingEmpty(t *testing.T) {
	for id, row := range importFixture(t, true) {
		if row.Refusal != nil {
			continue
		}
		canonical, err := incident.Canonical(row.Body)
		if err != nil {
			t.Fatal(err)
		}
		want, err := incident.Marshal(body(t, row))
		if err != nil || string(canonical) != string(want) {
			t.Errorf("%s: %s is not %s (%v)", id, canonical, want, err)
		}
	}
}

func TestSameRowSameBytes(t *testing.T) {
	once, again := importFixture(t, true), importFixture(t, true)
	if diff := cmp.Diff(once, again, cmpopts.IgnoreUnexported(workflow.RowIn{})); diff != "" {
		t.Error(diff)
	}
}

func TestFilesThatAreRefusedWhole(t *testing.T) {
	header := "a,b\n"
	for name, c := range map[string]struct {
		content, code string
		line          any
	}{
		"empty":       {"", "import.empty_file", nil},
		"column":      {"a,c\n1,2\n", "import.column_missing", nil},
		"twice":       {"a,b,a\n", "import.column_twice", int64(1)},
		"latin-1":     {header + "1,2\n\"x\ny\",C\xf4te\n", "import.not_utf8", 4},
		"within":      {header + "1,\"x\ny\nC\xf4te\"\n", "import.not_utf8", 4},
		"UTF-16":      {"\xff\xfea\x00,\x00b\x00", "import.not_utf8", 1},
		"NUL":         {header + "1,2\x00\n", "import.not_text", 2},
		"quotes":      {header + "1,\"2\n3,4\n", "import.quotes", 2},
		"stray quote": {header + "1,2\"2\n", "import.quotes", 2},
	} {
		err := readAll(c.content)
		f := fault.Of(err)
		if f == nil || f.Code != c.code || f.Kind != fault.Invalid || f.Params["file"] != "f.csv" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.line != nil && f.Params["line"] != c.line {
			t.Errorf("%s: line %v, want %v", name, f.Params["line"], c.line)
		}
	}
	if err := readAll("\uFEFFa,b\r\n1,\"2\r\n3\"\r\n"); err != nil {
		t.Errorf("byte order mark and CRLF: %v", err)
	}
}

func readAll(content string) error {
	t, err := newTable("f.csv", strings.NewReader(content), ',', []string{"a", "b"})
	for err == nil {
		_, err = t.next()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func TestNothingIsWrittenWhenAFileIsWrong(t *testing.T) {
	good, err := os.ReadFile("testdata/don_events.csv")
	if err != nil {
		t.Fatal(err)
	}
	bad := inMemory("bad.csv", string(good)+"\xff\n")
	c := &collector{}
	_, err = Import(t.Context(), c, identity.Principal{}, In{Profile: "don_events", Files: []File{onDisk("don_events.csv"), bad},
		Options: Options{Encoding: "utf-8"}}, testSchema(t), nil)
	if fault.Of(err).Code != "import.not_utf8" || c.began.Profile != "" {
		t.Errorf("%v, began %+v", err, c.began)
	}
	for code, in := range map[string]In{
		"import.no_file":         {Profile: "don_events"},
		"import.profile_unknown": {Profile: "nobody", Files: []File{onDisk("don_events.csv")}},
	} {
		if _, err := Import(t.Context(), c, identity.Principal{}, in, testSchema(t), nil); fault.Of(err).Code != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
}

func TestUnknownColumnsAreListed(t *testing.T) {
	good, err := os.ReadFile("testdata/don_events.csv")
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(string(good), "\n")
	summary, err := Import(t.Context(), &collector{}, identity.Principal{},
		In{Profile: "don_events", Files: []File{inMemory("f.csv", header+",Mood\n")}}, testSchema(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(summary.Ignored) != 0 {
		t.Errorf("a file without rows: %v", summary.Ignored)
	}
	row := strings.Repeat("NA,", strings.Count(header, ",")+1)
	summary, err = Import(t.Context(), &collector{}, identity.Principal{},
		In{Profile: "don_events", Files: []File{inMemory("f.csv", header+",Mood\n"+row+"calm\n")}}, testSchema(t), nil)
	if err != nil || !slices.Equal(summary.Ignored, []string{"Mood"}) {
		t.Errorf("%v %v", summary.Ignored, err)
	}
}

func TestImportStopsWhereTheWriterStops(t *testing.T) {
	good, err := os.ReadFile("testdata/don_events.csv")
	if err != nil {
		t.Fatal(err)
	}
	header, rest, _ := strings.Cut(string(good), "\n")
	many := inMemory("many.csv", header+"\n"+strings.Repeat(rest, 20))
	c := &collector{after: 2 * workflow.MostRows}
	_, err = Import(t.Context(), c, identity.Principal{}, In{Profile: "don_events", Files: []File{many}}, testSchema(t), nil)
	if !errors.Is(err, errStopped) || len(c.rows) != c.after {
		t.Errorf("%v after %d rows", err, len(c.rows))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Import(ctx, &collector{}, identity.Principal{}, In{Profile: "don_events", Files: []File{many}}, testSchema(t), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestProgressEndsAtTheTotal(t *testing.T) {
	var last string
	_, err := Import(t.Context(), &collector{}, identity.Principal{}, In{Profile: "don_events", Files: []File{onDisk("don_events.csv")}},
		testSchema(t), func(step, _ string, done, total int64) { last = fmt.Sprint(step, " ", done, "/", total) })
	if err != nil || last != "import 48/48" {
		t.Errorf("%q %v", last, err)
	}
}

func TestTextsThatDoNotUnpack(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte("don_slug,Description\na,text\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if texts, err := readTexts(inMemory("t.gz", packed.String()), "don_slug", "Description"); err != nil || texts["a"] != "text" {
		t.Errorf("%v %v", texts, err)
	}
	cut := packed.String()[:packed.Len()-6]
	if _, err := readTexts(inMemory("t.gz", cut), "don_slug", "Description"); fault.Of(err).Code != "import.not_gzip" {
		t.Errorf("%v", err)
	}
	if _, err := readTexts(inMemory("t.csv", "slug,Text\n"), "don_slug", "Description"); fault.Of(err).Code != "import.column_missing" {
		t.Errorf("%v", err)
	}
}

func TestProfilesAreListed(t *testing.T) {
	if names := Profiles(); !slices.Contains(names, "don_events") {
		t.Errorf("%v", names)
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", " a ", "Co\u0302te\x00", "a\u2028b\u200e", "\x96\x97", "ﬁ", "e\u200b\u0301"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		once := clean(text)
		if again := clean(once); again != once {
			t.Errorf("cleaning %q again gives %q", once, again)
		}
		if strings.ContainsAny(once, "\x00\r\t\u2028\u00ad\u200e") {
			t.Errorf("%q", once)
		}
		for _, most := range []int{10, 40} {
			if cut := cutSentence(once, most); len([]rune(cut)) > most {
				t.Errorf("%q is longer than %d", cut, most)
			}
		}
	})
}

func FuzzPartialDate(f *testing.F) {
	f.Add("2011", "2", "30")
	f.Add("1996", "21", "")
	f.Fuzz(func(t *testing.T, year, month, day string) {
		date, whole := partialDate(year, month, day)
		if date == "" {
			return
		}
		if _, err := incident.ParseDate(string(date)); err != nil {
			t.Errorf("%q %q %q gives %q: %v", year, month, day, date, err)
		}
		if whole && month != "" && day != "" && len(date) != len("2006-01-02") {
			t.Errorf("%q %q %q is said to be whole as %q", year, month, day, date)
		}
	})
}

func BenchmarkMap(b *testing.B) {
	profile, err := Find(testSchema(b), "don_events", Options{})
	if err != nil {
		b.Fatal(err)
	}
	var rows []Row
	d := driver{profile: profile, files: []File{onDisk("don_events.csv")}, tell: func(string, string, int64, int64) {}}
	if err := d.check(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := d.each(func(row Row) error { rows = append(rows, row); return nil }); err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		d.mapRow(rows[i%len(rows)], false)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
