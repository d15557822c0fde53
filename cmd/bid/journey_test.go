package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bioincident/api/gen"
	"bioincident/internal/testkit"
)

// The main job by commands alone: an import of one organization, reviewed as a data set by a second, published by a
// third, exported, and proved by the log. On SQLite each command builds the system for itself, on PostgreSQL each goes
// over the socket of a server.
func TestFromFileToPublished(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		b := command(t, "--data", dir)
		b.journey("local")
		b.want(b.do("migrate"), "0 steps taken")
		b.tamperedDatabase(filepath.Join(dir, "bid.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		b := command(t, "--data", t.TempDir(), "--database", testkit.Postgres(t).Options.URL)
		server := b.serve()
		b.journey("socket")
		server.stop()
		b.want(b.do("org", "list"), "north\tregional_organization\tactive\tNorth (invented)")
		b.want(b.do("ledger", "verify"), "the log verifies")
		b.want(b.do("migrate"), "0 steps taken")
	})
}

func (b bid) journey(via string) {
	b.Helper()
	b.found()
	b.organizations()
	b.grants()
	b.tokens()
	batch := b.imports()
	published := b.batch(batch)
	b.want(b.do("reindex"), "reindexed; 0 records left out") // and so the index of a server holds them too
	b.want(b.do("reindex", "--check"), "the index agrees with the database")
	b.want(b.do("reindex", "--status"), fmt.Sprintf("public\t%d of %d\t%d records\t0.0 s behind", published, published, published))
	b.searches(published)
	b.exports(published)
	b.ledger(via)
	b.decisions()
}

// decisions holds a published record: who held it does not let it go, and to purge one its id is typed again.
func (b bid) decisions() {
	b.Helper()
	id := regexp.MustCompile(`BID-[0-9A-Z]{4}-[0-9A-Z]{4}`).FindString(b.do("export"))
	b.refused(2, "", "record", "hold", "--as", "pia@sec", "--reason", "because", id)
	b.do("record", "hold", "--as", "pia@sec", "--reason", "refuted", id)
	b.want(b.do("record", "show", "--as", "felix@north", id), id+"\theld\tedition 1", "waits\thold\tpia@sec\t")
	waiting := b.do("record", "waiting", "--as", "felix@north", "--kind", "hold")
	b.want(waiting, "RECORD", id+"  hold", "refuted", "pia@sec", "withdraw")
	if overdue := b.do("record", "waiting", "--as", "felix@north", "--overdue"); overdue != "" {
		b.Errorf("overdue: %s", overdue)
	}
	if nothing := b.do("record", "glass", "--as", "felix@north", id); nothing != "" {
		b.Errorf("a broken glass: %s", nothing)
	}
	b.refused(2, "", "record", "lift", "--as", "pia@sec", id)
	b.refused(2, "", "record", "purge", "--as", "pia@sec", "--reason", "privacy", id)
}

// searches finds what was published, as tables and as JSON.
func (b bid) searches(published int) {
	b.Helper()
	all := b.do("search", "--facets", "unit,organization", "--histogram", "decade")
	b.want(all, fmt.Sprintf("\nfound: %d", published))
	var found gen.SearchAnswer
	if err := json.Unmarshal([]byte(b.do("search", "--json", "--limit", "1", "--sort", "published")), &found); err != nil {
		b.Fatal(err)
	}
	if found.Total != int64(published) || len(found.Hits) != 1 || found.Next == nil {
		b.Errorf("%d of %d found, %d on the first page", found.Total, published, len(found.Hits))
	}
	b.want(b.do("search", found.Hits[0].Id), found.Hits[0].Id+"  "+found.Hits[0].ReferenceDate, "\nfound: 1")
	b.want(b.do("search", "--unit", "surveillance_row"), "\nfound: 0")
	b.refused(2, "/query/began", "search", "--began", "2014-13", "--deaths", "many")
	b.refused(2, "/query/deaths", "export", "--deaths", "many")
}

func (b bid) organizations() {
	b.Helper()
	b.do("org", "suspend", "board", "--note", "by a test")
	b.want(b.do("org", "list"), "board\tresearch_partner\tsuspended\tboard", "sec\tsecretariat\tactive")
	b.refused(2, "suspended already", "org", "suspend", "board")
	b.do("org", "reinstate", "board")
	b.want(b.do("org", "list"), "board\tresearch_partner\tactive")
}

func (b bid) grants() {
	b.Helper()
	id := lastLine(b.do("grant", "add", "sec", "review", "--domain", "human", "--area", "002", "--highest", "public"))
	right := id + "\tsec\treview\tdomains human; areas 002; up to public"
	b.want(b.do("grant", "list"), right+"\tin force", "\tboard\treview\teverything\tin force")
	b.do("grant", "revoke", id)
	b.want(b.do("grant", "list"), right+"\tended ")
	b.refused(2, "ended already", "grant", "revoke", id)
}

func (b bid) tokens() {
	b.Helper()
	secret := lastLine(b.do("token", "create", "--as", "felix@north", "--name", "of a test", "--scope", "read", "--days", "2"))
	if !strings.HasPrefix(secret, "bid_") {
		b.Errorf("token %q", secret)
	}
	list := b.do("token", "list", "--as", "felix@north")
	b.want(list, "\tof a test\tread\tuntil ")
	id, _, _ := strings.Cut(list, "\t")
	b.do("token", "revoke", id, "--as", "felix@north")
	b.want(b.do("token", "list", "--as", "felix@north"), "\tof a test\tread\trevoked ")
	b.refused(2, "no such token", "token", "revoke", "00", "--as", "felix@north")
}

// imports imports twice; the second time changes nothing.
func (b bid) imports() string {
	b.Helper()
	args := []string{"import", "--profile", "don_events", "--as", "felix@north", fixture(b.T)}
	first := b.do(args...)
	b.want(first, "refused\tdon_events.csv:5\tCasesTotal\t\"1500/day\"\t", "is a rate")
	created, unchanged, refused := b.summary(first)
	if created == 0 || unchanged != 0 || refused != strings.Count(first, "refused\tdon_events.csv:") {
		b.Errorf("the summary does not fit what is listed:\n%s", first)
	}
	again, same, _ := b.summary(b.do(args...))
	if again != 0 || same != created {
		b.Errorf("the second import: %d created, %d unchanged of %d", again, same, created)
	}
	batch := lastLine(first)
	b.want(b.do("batch", "show", batch, "--as", "felix@north"), fmt.Sprintf("created %d ", created), batch)
	return batch
}

// summary reads the line that adds up, and adds it up.
func (b bid) summary(text string) (created, unchanged, refused int) {
	b.Helper()
	line := regexp.MustCompile(`(?m)^rows .*$`).FindString(text)
	var rows, updated int
	_, err := fmt.Sscanf(line, "rows %d = created %d + unchanged %d + updated %d + refused %d", &rows, &created, &unchanged, &updated, &refused)
	if err != nil || rows != created+unchanged+updated+refused || !regexp.MustCompile(`^\w+$`).MatchString(lastLine(text)) {
		b.Fatalf("%v: %s", err, text)
	}
	return created, unchanged, refused
}

// batch takes the batch through its steps and gives how many records were published.
func (b bid) batch(id string) int {
	b.Helper()
	submitted := b.passed("submit", "felix@north", id)
	b.refused(2, "", "batch", "claim", "--as", "felix@north", id) // one's own
	b.passed("claim", "rita@board", id)
	sample := b.do("batch", "sample", "--as", "rita@board", "--size", "31", id)
	b.want(sample, "\tto check", "31 of ", "31 to check")
	one := strings.Split(sample, "\t")[1]
	b.want(b.do("batch", "sample", "--as", "rita@board", "--check", one, "--mapping", id), one+"\tchecked", "30 to check")
	b.refused(2, "", "batch", "publish", "--as", "pia@sec", id) // not recommended
	recommended := b.passed("recommend", "rita@board", id)
	published := b.passed("publish", "pia@sec", id)
	if published == 0 || published > recommended || recommended > submitted {
		b.Errorf("%d submitted, %d recommended, %d published", submitted, recommended, published)
	}
	return published
}

// passed takes one step: what it prints must say how many passed and list those that stayed, each with a reason.
func (b bid) passed(step, as, id string) int {
	b.Helper()
	text := b.do("batch", step, "--as", as, id)
	var passed, stayed int
	if _, err := fmt.Sscanf(lastLine(text), step+": %d passed, %d stayed;", &passed, &stayed); err != nil {
		b.Fatalf("%v: %s", err, text)
	}
	reasons := regexp.MustCompile(`(?m)^stayed\tBID-\S+\t\S+\t.*\w.*\.$`).FindAllString(text, -1)
	if len(reasons) != stayed {
		b.Errorf("%s: %d stayed, %d reasons:\n%s", step, stayed, len(reasons), text)
	}
	return passed
}

func (b bid) exports(published int) {
	b.Helper()
	if n := b.lines(b.do("export")); n != published {
		b.Errorf("the public exports %d of %d records", n, published)
	}
	if n := b.lines(b.do("export", "--as", "pia@sec", "--unit", "report")); n != published {
		b.Errorf("a publisher exports %d of %d records", n, published)
	}
	if n := b.lines(b.do("export", "--unit", "incident")); n != 0 {
		b.Errorf("%d incidents", n)
	}
	file := filepath.Join(b.TempDir(), "cholera.jsonl")
	if out := b.do("export", "--query", "cholera", "--output", file); out != "" {
		b.Errorf("printed beside the file: %s", out)
	}
	if n := b.lines(b.read(file)); n == 0 || n >= published {
		b.Errorf("%d of %d records are of cholera", n, published)
	}
}

// lines checks an export's head and tail and gives how many records are between.
func (b bid) lines(text string) int {
	b.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var head, tail map[string]json.RawMessage
	for i, into := range map[int]*map[string]json.RawMessage{0: &head, len(lines) - 1: &tail} {
		if err := json.Unmarshal([]byte(lines[i]), into); err != nil {
			b.Fatalf("%v: %s", err, lines[i])
		}
	}
	var counted struct{ Records int }
	if err := json.Unmarshal(tail["end"], &counted); err != nil || head["export"] == nil {
		b.Fatalf("%v: head %s, tail %s", err, lines[0], lines[len(lines)-1])
	}
	if counted.Records != len(lines)-2 {
		b.Errorf("the tail counts %d records of %d", counted.Records, len(lines)-2)
	}
	return counted.Records
}

func (b bid) read(name string) string {
	b.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	return string(data)
}

func (b bid) write(text string) string {
	b.Helper()
	name := filepath.Join(b.TempDir(), "ledger.jsonl")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return name
}

func (b bid) ledger(via string) {
	b.Helper()
	verified := b.do("ledger", "verify")
	b.want(verified, "the log verifies")
	b.want(b.do("ledger", "verify", "--as", "pia@sec"), "the log verifies") // an auditor
	b.refused(2, "It can be done by", "ledger", "export", "--as", "pia@sec")
	head := regexp.MustCompile(`\d+:[0-9a-f]{64}`).FindString(verified)
	file := filepath.Join(b.TempDir(), "export.jsonl")
	b.do("ledger", "export", "--output", file)
	lines := b.read(file)
	b.want(lines, `"via":"`+via+`"`)
	b.want(b.do("ledger", "verify", file), "the log verifies")
	b.want(b.do("ledger", "verify", "--checkpoint", head, file), "the log verifies")
	b.want(b.do("ledger", "verify", "--checkpoint", head), "the log verifies")
	b.tamperedFile(lines)
	b.otherCheckpoints(head)
}

func (b bid) tamperedFile(lines string) {
	b.Helper()
	changed := b.write(strings.Replace(lines, `"action":"org.suspend"`, `"action":"org.reinstate"`, 1))
	b.want(b.refused(1, "The log does not verify", "ledger", "verify", changed), "entry\tledger ", "was changed after it was written")
	rows := strings.SplitAfter(lines, "\n")
	short := b.write(strings.Join(rows[:len(rows)/2], ""))
	b.want(b.refused(1, "The log does not verify", "ledger", "verify", short), "truncated\tfile", "ends too early")
	b.refused(2, "Line 2 of the exported log cannot be read", "ledger", "verify", b.write(rows[0]+"…\n"))
}

// otherCheckpoints are heads that this log never had.
func (b bid) otherCheckpoints(head string) {
	b.Helper()
	seq, hash, _ := strings.Cut(head, ":")
	other := strings.Map(func(r rune) rune {
		if r == '0' {
			return '1'
		}
		return '0'
	}, hash)
	b.want(b.refused(1, "does not verify", "ledger", "verify", "--checkpoint", seq+":"+other), "written anew")
	b.want(b.refused(1, "does not verify", "ledger", "verify", "--checkpoint", seq+"0:"+hash), "truncated\tcheckpoint")
}

// tamperedDatabase changes what readers see, past every door.
func (b bid) tamperedDatabase(file string) {
	b.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`UPDATE views_public SET bytes = CAST(replace(CAST(bytes AS TEXT), 'holera', 'holerb') AS BLOB)`); err != nil {
		b.Fatal(err)
	}
	b.want(b.refused(1, "does not verify", "ledger", "verify"), "view\tview public BID-", "was changed")
}
