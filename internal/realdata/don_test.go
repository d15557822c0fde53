//go:build realdata

package realdata

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bioincident/internal/auth"
	"bioincident/internal/exchange"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/internal/workflow"
	"bioincident/policies"
	"bioincident/schema"
)

const donRows = 2355

// folder gives the shared data folder. That it is missing is a failure.
func folder(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("REALDATA")
	if dir == "" {
		t.Fatal("REALDATA is not set: run make realdata REALDATA=DIR with the folder that holds DATA.md")
	}
	if _, err := os.Stat(filepath.Join(dir, "dev", "don_events.csv")); err != nil {
		t.Fatalf("the shared data folder is not there: %v", err)
	}
	return dir
}

// system is a database with one organization that owns, one that reviews and one that publishes.
type system struct {
	t     *testing.T
	ctx   context.Context
	store *store.Store
	flow  *workflow.Workflow
	sch   *schema.Schema
	auth  *auth.Auth
}

func newSystem(t *testing.T, s *store.Store) *system {
	t.Helper()
	sch, err := schema.Load()
	must(t, err)
	checks, err := incident.NewChecks(sch)
	must(t, err)
	rules, err := policies.New(sch)
	must(t, err)
	flow := workflow.New(workflow.Deps{Store: s, Schema: sch, Checks: checks, Policies: rules, Random: rand.Reader})
	y := &system{t: t, ctx: context.Background(), store: s, flow: flow, sch: sch, auth: auth.New(s)}
	operator := identity.Principal{Operator: true, Via: identity.ViaLocal}
	for slug, people := range map[string]map[string]string{
		"north": {"ana": "contributor", "fay": "focal_point"}, "east": {"rex": "reviewer"}, "south": {"pia": "publisher"},
	} {
		_, err := flow.AddOrg(y.ctx, operator, workflow.OrgIn{Slug: slug, Name: slug, Kind: "igo"})
		must(t, err)
		for handle, role := range people {
			_, err := flow.AddPerson(y.ctx, operator, workflow.PersonIn{Handle: handle, Name: handle})
			must(t, err)
			_, err = flow.AddMembership(y.ctx, operator, workflow.MemberIn{Person: handle + "@" + slug, Role: identity.Role(role)})
			must(t, err)
		}
	}
	for slug, action := range map[string]identity.GrantAction{
		"north": identity.GrantSubmit, "east": identity.GrantReview, "south": identity.GrantPublish,
	} {
		_, err := flow.AddGrant(y.ctx, operator, workflow.GrantIn{Org: slug, Action: action})
		must(t, err)
	}
	return y
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (y *system) as(name string) identity.Principal {
	y.t.Helper()
	who, err := y.auth.Named(y.ctx, name)
	must(y.t, err)
	return who
}

func file(path string) exchange.File {
	return exchange.File{Name: filepath.Base(path), Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

func (y *system) importFile(events exchange.File, texts string) store.Import {
	y.t.Helper()
	joined := file(texts)
	return y.bring(exchange.In{Profile: "don_events", Files: []exchange.File{events}, Texts: &joined}, donRows)
}

// bring imports files that have so many rows, each of which has to have become something.
func (y *system) bring(in exchange.In, rows int) store.Import {
	y.t.Helper()
	summary, err := exchange.Import(y.ctx, y.flow, y.as("ana@north"), in, y.sch, nil)
	must(y.t, err)
	b := summary.Import
	if b.Rows != int64(rows) || b.Rows != b.New+b.Unchanged+b.Updated+b.Refused {
		y.t.Fatalf("%d rows of %d are not %d created, %d unchanged, %d updated, %d refused", b.Rows, rows, b.New, b.Unchanged, b.Updated, b.Refused)
	}
	return b
}

func TestRealDataDONEvents(t *testing.T) {
	dir := filepath.Join(folder(t), "dev")
	for name, database := range map[string]func(testing.TB) testkit.Database{
		store.SQLite: testkit.SQLite, store.Postgres: testkit.Postgres,
	} {
		t.Run(name, func(t *testing.T) { newSystem(t, open(t, database)).journey(dir) })
	}
}

func open(t *testing.T, database func(testing.TB) testkit.Database) *store.Store {
	t.Helper()
	d := database(t)
	d.Options.Random = rand.Reader
	d.Options.Clock = func() incident.Micros { return incident.Micros(time.Now().UnixMicro()) }
	return d.Open(t)
}

func (y *system) journey(dir string) {
	events, texts := filepath.Join(dir, "don_events.csv"), filepath.Join(dir, "don_texts.csv.gz")
	source := byID(y.t, readSource(y.t, events), func(row sourceRow) string { return row["row_id"] })

	began := time.Now()
	batch := y.importFile(file(events), texts)
	y.figure("import to validated drafts", donRows, began, "rows/s")
	y.refusedAsExpected(batch.ID, []string{
		"don_events.csv:212 DON-1998-08-19#01 CasesTotal 1500/day quantity.rate",
		"don_events.csv:2170 DON-2017-07-21#01 Deaths 1.2 quantity.not_an_integer",
		"don_events.csv:2355 DON-2019-12-17#01 Deaths 5.1, 12.2 quantity.several_numbers",
	})
	y.accounted(batch.ID, source)

	again := y.importFile(file(events), texts)
	if again.Unchanged != donRows-again.Refused || again.New+again.Updated != 0 {
		y.t.Fatalf("importing again changed something: %+v", again)
	}

	flagged := y.review(batch)
	began = time.Now()
	report, err := y.flow.PublishBatch(y.ctx, y.as("pia@south"), batch.ID, "", nil)
	must(y.t, err)
	y.figure("bulk publish", report.Done, began, "records/s")
	if report.Done+int64(len(report.Stayed)) != batch.New || len(report.Stayed) != flagged {
		y.t.Fatalf("%d published and %d stayed of %d, %d flagged", report.Done, len(report.Stayed), batch.New, flagged)
	}
	y.t.Logf("%d published by sample or individually; %d stay for a decision of their own", report.Done, len(report.Stayed))
	y.totals(source, report)
	y.changedRow(events, texts)
}

// figure prints how fast something went.
func (y *system) figure(what string, n int64, began time.Time, unit string) {
	y.t.Logf("%s: %s: %.0f %s", y.store.Dialect(), what, float64(n)/time.Since(began).Seconds(), unit)
}

func (y *system) rows(id, outcome string) []store.ImportRow {
	y.t.Helper()
	var rows []store.ImportRow
	for cursor := ""; ; {
		page, err := y.flow.ImportRows(y.ctx, y.as("fay@north"), id, workflow.RowsIn{Outcome: outcome, Cursor: cursor, Limit: 200})
		must(y.t, err)
		rows = append(rows, page.Rows...)
		if cursor = page.Next; cursor == "" {
			return rows
		}
	}
}

// refusedAsExpected: the cells of the source that are no counts of anything, each with where it stands.
func (y *system) refusedAsExpected(id string, want []string) {
	y.t.Helper()
	var got []string
	for _, r := range y.rows(id, workflow.RowRefused) {
		got = append(got, fmt.Sprintf("%s:%d %s %s %s %s", r.File, r.Line, r.RowID, r.Column, r.Value, r.Reason))
	}
	if !slices.Equal(got, want) {
		y.t.Errorf("refused:\n%s", strings.Join(got, "\n"))
	}
}

// accounted: every row of the source is a row of the batch, once.
func (y *system) accounted(id string, source map[string]sourceRow) {
	y.t.Helper()
	seen := map[string]bool{}
	for _, r := range y.rows(id, "") {
		if _, ok := source[r.RowID]; !ok || seen[r.RowID] {
			y.t.Errorf("row %q is not in the source, or stands twice", r.RowID)
		}
		seen[r.RowID] = true
	}
	if len(seen) != len(source) {
		y.t.Errorf("%d rows of %d are accounted for", len(seen), len(source))
	}
}

// review submits and reviews the batch as a data set, and gives how many flagged rows stay.
func (y *system) review(batch store.Import) (stays int) {
	y.t.Helper()
	began := time.Now()
	report, err := y.flow.SubmitBatch(y.ctx, y.as("fay@north"), batch.ID, "", nil)
	must(y.t, err)
	y.figure("bulk submit", report.Done, began, "records/s")
	if report.Done != batch.New || len(report.Stayed) != 0 {
		y.t.Fatalf("%d submitted of %d; %+v", report.Done, batch.New, report.Stayed)
	}
	flagged := report.Batch.Flagged
	byFlag := map[string]int{}
	for _, f := range flagged {
		for _, code := range f.Flags {
			byFlag[code]++
		}
	}
	y.t.Logf("%d rows are flagged for a person: %v", len(flagged), byFlag)
	rex := y.as("rex@east")
	began = time.Now()
	report, err = y.flow.ClaimBatch(y.ctx, rex, batch.ID, workflow.Declared{}, nil)
	must(y.t, err)
	y.figure("bulk claim", report.Done, began, "records/s")
	view, err := y.flow.SampleBatch(y.ctx, rex, batch.ID, workflow.SampleIn{})
	must(y.t, err)
	if len(view.Import.Sample) != workflow.UsualSample {
		y.t.Fatalf("a sample of %d", len(view.Import.Sample))
	}
	_, err = y.flow.SampleBatch(y.ctx, rex, batch.ID, workflow.SampleIn{All: true, Mapping: true})
	must(y.t, err)
	// Every second flagged record is looked at by itself; the others stay.
	for i, f := range flagged {
		if i%2 == 1 {
			stays++
			continue
		}
		working, err := y.flow.Working(y.ctx, rex, f.Record)
		must(y.t, err)
		_, err = y.flow.Recommend(y.ctx, rex, f.Record, working.Revision, workflow.RecommendIn{Checklist: workflow.Checklist()})
		must(y.t, err)
	}
	began = time.Now()
	report, err = y.flow.RecommendBatch(y.ctx, rex, batch.ID, workflow.SignBatchIn{Checklist: workflow.Checklist()}, nil)
	must(y.t, err)
	y.figure("bulk recommend", report.Done, began, "records/s")
	if len(report.Stayed) != stays || report.Done != batch.New-int64(stays) {
		y.t.Fatalf("%d recommended, %d stayed, want %d", report.Done, len(report.Stayed), stays)
	}
	return stays
}

var cell = regexp.MustCompile(`^(>|<)?(\d+)(?:-(\d+))?$`)

// sum is the numbers of one measure, low and high: ">3000" adds to low alone, "<3000" to high alone.
type sum struct{ cells, low, high int64 }

func (s *sum) addCell(t *testing.T, text string) {
	t.Helper()
	if text == "NA" || text == "" {
		return
	}
	m := cell.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("the test does not know %q", text)
	}
	n, err := strconv.ParseInt(m[2], 10, 64)
	must(t, err)
	s.cells++
	switch {
	case m[1] == ">":
		s.low += n
	case m[1] == "<":
		s.high += n
	case m[3] != "":
		high, err := strconv.ParseInt(m[3], 10, 64)
		must(t, err)
		s.low, s.high = s.low+n, s.high+high
	default:
		s.low, s.high = s.low+n, s.high+n
	}
}

// totals compares the numbers that stand in the published views with those of the rows they came from, and the whole of
// what was imported with the whole source.
func (y *system) totals(source map[string]sourceRow, report workflow.BatchReport) {
	y.t.Helper()
	columns := map[string]string{"total_reported": "CasesTotal", "suspected": "CasesSuspected", "probable": "CasesProbable",
		"confirmed": "CasesConfirmed", "deaths": "Deaths"}
	stayed := map[string]bool{}
	for _, s := range report.Stayed {
		stayed[s.RowID] = true
	}
	want := map[string]sum{}
	for id, row := range source {
		switch id { // refused
		case "DON-1998-08-19#01", "DON-2017-07-21#01", "DON-2019-12-17#01":
			continue
		}
		if stayed[id] {
			continue
		}
		for measure, column := range columns {
			s := want[measure]
			s.addCell(y.t, row[column])
			want[measure] = s
		}
	}
	got := map[string]sum{}
	published := 0
	for body := range y.publishedBodies() {
		published++
		for _, c := range body.Impact.Counts {
			s := got[c.Measure]
			s.cells++
			if c.Low != nil {
				s.low += *c.Low
			}
			if c.High != nil {
				s.high += *c.High
			}
			got[c.Measure] = s
		}
	}
	if int64(published) != report.Done {
		y.t.Errorf("%d public views of %d published records", published, report.Done)
	}
	for measure := range columns {
		if got[measure] != want[measure] {
			y.t.Errorf("%s: stored %+v, source %+v", measure, got[measure], want[measure])
		}
		y.t.Logf("%s: %d numbers, %d to %d", measure, got[measure].cells, got[measure].low, got[measure].high)
	}
}

// publishedBodies gives what the public sees of every record.
func (y *system) publishedBodies() func(yield func(incident.Body) bool) {
	return func(yield func(incident.Body) bool) {
		for after := int64(0); ; {
			var views []store.StoredView
			must(y.t, y.store.Read(y.ctx, func(tx *store.Tx) (err error) {
				views, err = tx.ViewsAfter(schema.Public, after, 500)
				return err
			}))
			if len(views) == 0 {
				return
			}
			for _, view := range views {
				after = view.No
				var body incident.Body
				must(y.t, json.Unmarshal(view.Bytes, &body))
				if !yield(body) {
					return
				}
			}
		}
	}
}

// changedRow changes one number of the source and imports it again.
func (y *system) changedRow(events, texts string) {
	y.t.Helper()
	data, err := os.ReadFile(events)
	must(y.t, err)
	before, after := ",12344,NA,NA,NA,245,", ",12500,NA,NA,NA,251,"
	if strings.Count(string(data), before) != 1 {
		y.t.Fatalf("the row to change stands %d times", strings.Count(string(data), before))
	}
	changed := strings.Replace(string(data), before, after, 1)
	batch := y.importFile(exchange.File{Name: "don_events.csv", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(changed)), nil
	}}, texts)
	if batch.Updated != 1 || batch.New != 0 || batch.Refused != 3 {
		y.t.Fatalf("%+v", batch)
	}
	record := y.rows(batch.ID, workflow.RowUpdated)[0].Record
	working, err := y.flow.Working(y.ctx, y.as("fay@north"), record)
	must(y.t, err)
	if working.Version == nil || working.Version.Class != incident.SituationUpdate {
		y.t.Fatalf("the changed row became %+v", working.Version)
	}
	_, err = y.flow.Submit(y.ctx, y.as("fay@north"), record, working.Revision, "")
	must(y.t, err)
	card, err := y.flow.Working(y.ctx, y.as("fay@north"), record)
	must(y.t, err)
	_, err = y.flow.Accept(y.ctx, y.as("pia@south"), record, card.Revision, "")
	must(y.t, err)
	var view store.StoredView
	must(y.t, y.store.Read(y.ctx, func(tx *store.Tx) (err error) {
		view, _, err = tx.View(schema.Public, record, 0)
		return err
	}))
	var body incident.Body
	must(y.t, json.Unmarshal(view.Bytes, &body))
	deaths, ok := incident.Newest(body.Impact.Counts, "deaths", "")
	if view.Edition != 2 || !ok || *deaths.Low != 251 {
		y.t.Errorf("edition %d, deaths %+v", view.Edition, deaths)
	}
}
