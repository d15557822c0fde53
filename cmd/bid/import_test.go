package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/exchange"
)

// contributing gives a served folder in which felix of north may import.
func contributing(t *testing.T) bid {
	t.Helper()
	b := command(t, "--data", t.TempDir())
	b.serve("--requests-per-minute", "0")
	b.do("org", "add", "north", "--kind", "regional_organization", "--may", "submit")
	b.do("user", "add", "felix@north", "--role", "contributor,focal_point")
	return command(t, append(b.always, "--as", "felix@north")...)
}

// table writes a file of n rows, R-00001 and on, each an outbreak with this many cases.
func (b bid) table(name string, n, cases int) string {
	b.Helper()
	lines := strings.SplitAfter(b.read(fixture(b.T)), "\n")
	var text strings.Builder
	text.WriteString(lines[0])
	for i := range n {
		row := strings.Replace(lines[1], "DON-1997-03-04-x01#01", rowID(i), 1)
		text.WriteString(strings.Replace(row, ",120,", fmt.Sprintf(",%d,", cases), 1))
	}
	file := filepath.Join(b.TempDir(), name)
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return file
}

func rowID(i int) string { return fmt.Sprintf("R-%05d", i+1) }

// events imports a file of don_events.
func (b bid) events(file string, flags ...string) string {
	b.Helper()
	return b.do(append([]string{"import", "--profile", "don_events", file}, flags...)...)
}

// known gives the record of each row that is one already.
func (b bid) known(ids ...string) map[string]string {
	b.Helper()
	file := filepath.Join(b.TempDir(), "ids")
	if err := os.WriteFile(file, []byte(strings.Join(ids, "\n")), 0o600); err != nil {
		b.Fatal(err)
	}
	records := map[string]string{}
	for line := range strings.Lines(b.do("import", "--known", file)) {
		row, rest, _ := strings.Cut(line, "\t")
		records[row], _, _ = strings.Cut(rest, "\t")
	}
	return records
}

// figures are how the rows of an import add up, in the words that a check has too.
func figures(text string) string {
	return regexp.MustCompile(`(?m)^rows \d+ = created \d+ \+ unchanged \d+ \+ updated \d+ \+ refused \d+`).FindString(text)
}

func TestCheckPrintsWhatTheImportPrints(t *testing.T) {
	b := contributing(t)
	check := func() string { return b.events(fixture(t), "--check") }
	first := check()
	b.want(first, "nothing was written", "refused\tdon_events.csv:5\tCasesTotal\t\"1500/day\"\t", "reason\t", "file\tdon_events.csv\tutf-8")
	if again := check(); again != first {
		t.Errorf("a check wrote something:\n%s\n%s", first, again)
	}
	imported := b.events(fixture(t))
	if figures(first) == "" || figures(first) != figures(imported) {
		t.Errorf("checked %q, imported %q", figures(first), figures(imported))
	}
	for _, refused := range regexp.MustCompile(`(?m)^refused\t.*$`).FindAllString(imported, -1) {
		b.want(first, refused)
	}
	if then, second := check(), b.events(fixture(t)); figures(then) != figures(second) {
		t.Errorf("checked %q, imported %q", figures(then), figures(second))
	}
	listed := strings.Count(b.events(fixture(t), "--check", "--rows"), "\tdon_events.csv:")
	if rows := strings.Count(b.events(fixture(t), "--check"), "refused\tdon_events.csv:"); listed <= rows {
		t.Errorf("%d rows are listed, of them %d refused", listed, rows)
	}
}

// The help, the contract and the introduction name every profile.
func TestEveryProfileIsNamed(t *testing.T) {
	b := command(t)
	for where, text := range map[string]string{
		"help": b.do("import", "--help"), "contract": b.read("../../api/openapi.yaml"), "introduction": b.read("../../README.md"),
	} {
		for _, name := range exchange.Profiles() {
			if !strings.Contains(text, name) {
				t.Errorf("the %s does not name %s", where, name)
			}
		}
	}
}

// An export is drawn by the total in its head, however its bytes come.
func TestExportIsDrawn(t *testing.T) {
	text := `{"export":{"total":2}}` + "\n{}\n{}\n" + `{"end":{}}` + "\n"
	to, err := os.Create(filepath.Join(t.TempDir(), "drawn"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	from := &exported{from: iotest.OneByteReader(strings.NewReader(text)), meter: newMeter(to)}
	got, err := io.ReadAll(from)
	if err != nil || string(got) != text {
		t.Errorf("%v: %s", err, got)
	}
	b := command(t)
	if drawn := b.read(to.Name()); drawn != "export: 0 of 2\nexport: 1 of 2\nexport: 2 of 2\n" {
		t.Errorf("drawn: %s", drawn)
	}
}

func TestImportOptionsThatAreWrong(t *testing.T) {
	b := contributing(t)
	for flag, words := range map[string]string{
		"--encoding=klingon": "klingon",
		"--dates=ydm":        "/query/dates",
		"--set=language":     "/set/0",
		"--set=colour=red":   "colour",
	} {
		b.refused(2, words, "import", "--profile", "don_events", flag, fixture(t))
		b.refused(2, words, "import", "--profile", "don_events", "--check", flag, fixture(t))
	}
	if known := b.known("DON-1997-03-04-x01#01"); len(known) != 0 {
		t.Errorf("a refused import made %v", known)
	}
}

// What a person touched stays when the import is undone, with the reason; the rest can be imported again.
func TestUndoListsWhatStays(t *testing.T) {
	b := contributing(t)
	file := b.table("events.csv", 5, 120)
	batch := lastLine(b.events(file))
	before := b.known(rowID(0), rowID(1), rowID(2), rowID(3), rowID(4), "other")
	if len(before) != 5 {
		t.Fatalf("%v are known", before)
	}
	b.edit(before[rowID(0)])
	b.take(before[rowID(1)], "submit")
	b.take(before[rowID(2)], "discard")
	undone := b.do("import", "undo", "--note", "the wrong file", batch)
	b.want(undone, "undo: 2 passed, 3 stayed; the batch is partly_undone",
		"stayed\t"+before[rowID(0)]+"\t"+rowID(0)+"\tPeople changed the draft since it was imported",
		"stayed\t"+before[rowID(1)]+"\t"+rowID(1)+"\tThe draft was submitted",
		"stayed\t"+before[rowID(2)]+"\t"+rowID(2)+"\tThe draft was discarded before")
	if same := b.do("import", "undo", batch); same != undone { // what was discarded then is counted, not discarded twice
		t.Errorf("%s\n%s", undone, same)
	}
	again := b.events(file)
	b.want(again, "rows 5 = created 3 + ")
	if lastLine(again) == batch {
		t.Error("an undone batch is gone on with")
	}
	after := b.known(rowID(0), rowID(1), rowID(3))
	if after[rowID(0)] != before[rowID(0)] || after[rowID(1)] != before[rowID(1)] || after[rowID(3)] == before[rowID(3)] {
		t.Errorf("%v, before %v", after, before)
	}
}

func TestUndoOfAnotherOrganizationsImport(t *testing.T) {
	b := contributing(t)
	batch := lastLine(b.events(b.table("events.csv", 1, 120)))
	far := command(t, b.always[:2]...)
	far.do("org", "add", "east", "--may", "submit")
	far.do("user", "add", "eva@east", "--role", "contributor")
	far.refused(2, "no such import", "import", "undo", "--as", "eva@east", batch)
	b.want(b.do("import", "undo", batch), "undo: 1 passed, 0 stayed; the batch is undone")
	b.refused(2, "", "batch", "submit", batch)
}

func TestOtherContentUnderOneNameIsAnotherBatch(t *testing.T) {
	b := contributing(t)
	first := b.events(b.table("events.csv", 3, 120))
	second := b.events(b.table("events.csv", 3, 121))
	b.want(second, "rows 3 = created 0 + unchanged 0 + updated 3 + refused 0")
	if lastLine(first) == lastLine(second) {
		t.Error("one batch for two contents")
	}
	b.want(b.do("import", "undo", lastLine(first)), "0 passed, 3 stayed", "A later import changed this draft")
	b.want(b.do("import", "undo", lastLine(second)), "0 passed, 3 stayed", "did not create it")
}

// edit saves a draft by hand, as another page of the same words.
func (b bid) edit(id string) {
	b.Helper()
	b.request(func(client *gen.Client) error {
		working, etag := b.working(client, id)
		params := &gen.SaveWorkingParams{IfMatch: etag}
		response, err := client.SaveWorking(b.Context(), id, params, gen.DraftIn{Body: working.Body})
		return answer(response, err, nil)
	})
}

func (b bid) take(id, step string) {
	b.Helper()
	b.request(func(client *gen.Client) error {
		_, etag := b.working(client, id)
		if step == "submit" {
			response, err := client.SubmitIncident(b.Context(), id, &gen.SubmitIncidentParams{IfMatch: etag}, gen.NoteIn{})
			return answer(response, err, nil)
		}
		response, err := client.DiscardIncident(b.Context(), id, &gen.DiscardIncidentParams{IfMatch: etag}, gen.NoteIn{})
		return answer(response, err, nil)
	})
}

// request speaks to the API as felix, over the socket of the server.
func (b bid) request(run func(*gen.Client) error) {
	b.Helper()
	o := &options{settings: app.Settings{Data: b.always[1]}, as: "felix@north", lang: "en"}
	client, done, err := o.connect(b.Context(), app.Commands)
	if err != nil {
		b.Fatal(err)
	}
	defer done() //nolint:errcheck // of a test
	if err := run(client); err != nil {
		b.Fatal(err)
	}
}

func (b bid) working(client *gen.Client, id string) (gen.Working, string) {
	b.Helper()
	var working gen.Working
	response, err := client.GetWorking(b.Context(), id, &gen.GetWorkingParams{})
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&working); err != nil {
		b.Fatal(err)
	}
	return working, response.Header.Get("ETag")
}

// once demands that the database of a folder holds exactly one record for each of n rows.
func (b bid) once(dir string, n int) {
	b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "bid.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var records, rows, ids int
	query := `SELECT (SELECT count(*) FROM records), (SELECT count(DISTINCT value) FROM external_ids WHERE scheme = 'source_row'),
		(SELECT count(DISTINCT record) FROM external_ids WHERE scheme = 'source_row')`
	if err := db.QueryRow(query).Scan(&records, &rows, &ids); err != nil {
		b.Fatal(err)
	}
	if records != n || rows != n || ids != n {
		b.Errorf("%d rows became %d records with %d ids of rows, of %d records", n, records, rows, ids)
	}
}
