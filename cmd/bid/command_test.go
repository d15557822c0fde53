package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// bid is the command line of a test: what every command gets besides what is given.
type bid struct {
	*testing.T
	always []string
}

func command(t *testing.T, always ...string) bid { return bid{t, always} }

// said is what a command printed, and its exit code.
type said struct {
	code     int
	out, err string
}

func (b bid) try(args ...string) said {
	b.Helper()
	var out, errOut bytes.Buffer
	code := run(b.Context(), append(args, b.always...), &out, &errOut)
	return said{code, out.String(), errOut.String()}
}

// do runs a command that must succeed, and gives what it printed.
func (b bid) do(args ...string) string {
	b.Helper()
	got := b.try(args...)
	if got.code != 0 {
		b.Fatalf("bid %s: exit code %d: %s%s", strings.Join(args, " "), got.code, got.out, got.err)
	}
	return got.out
}

// refused runs a command that must fail with this exit code and these words, and gives everything it said.
func (b bid) refused(code int, words string, args ...string) string {
	b.Helper()
	got := b.try(args...)
	if got.code != code || !strings.Contains(got.err, words) {
		b.Errorf("bid %s: exit code %d, want %d and %q:\n%s%s", strings.Join(args, " "), got.code, code, words, got.out, got.err)
	}
	return got.out + got.err
}

func (b bid) want(text string, parts ...string) {
	b.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			b.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

// found sets up three organizations and their people.
func (b bid) found() {
	b.Helper()
	b.do("org", "add", "north", "--name", "North (invented)", "--kind", "regional_organization", "--may", "submit")
	b.do("org", "add", "board", "--may", "review")
	b.do("org", "add", "sec", "--kind", "secretariat", "--may", "publish")
	b.do("user", "add", "felix@north", "--role", "contributor")
	b.do("user", "add", "felix@north", "--role", "focal_point") // a second role of the same person
	b.do("user", "add", "rita@board", "--name", "Rita", "--role", "reviewer", "--competence", "human", "--language", "en,fr")
	b.do("user", "add", "pia@sec", "--role", "publisher,auditor")
}

func fixture(t *testing.T) string {
	t.Helper()
	name, err := filepath.Abs("../../internal/exchange/testdata/don_events.csv")
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func TestWrongThingsAreSaidInWords(t *testing.T) {
	b := command(t, "--data", t.TempDir())
	b.serve() // the same answers as in memory, sooner
	b.do("org", "add", "north", "--may", "submit")
	b.do("user", "add", "felix@north", "--role", "focal_point")
	file := fixture(t)
	absent := filepath.Join(t.TempDir(), "absent", "file")
	for _, wrong := range []struct {
		code  int
		words string
		args  string
	}{
		{2, "Nobody acts as bob@north", "import --profile don_events --as bob@north " + file},
		{2, "Write it as PERSON@ORG", "user add felix"},
		{2, "There is no profile nope. Those there are: don_events", "import --profile nope --as felix@north " + file},
		{2, "Check its name", "import --profile don_events --as felix@north " + absent},
		{2, "Check its name", "import --profile don_events --texts " + absent + " --as felix@north " + file},
		{2, "Check its name", "ledger verify " + absent},
		{2, "Check that its folder exists", "export --output " + absent},
		{2, "an organization with this short name exists", "org add north"},
		{2, "reader, contributor, focal_point", "user add felix@north --role king"},
		{2, "submit, review, publish", "grant add north rule"},
		{2, "no such right", "grant revoke 00"},
		{2, "no such import", "batch submit --as felix@north 00"},
		{2, "is not a checkpoint. Write SEQ:HASH", "ledger verify --checkpoint 12"},
		{2, "leave --as out", "org list --server http://127.0.0.1:1 --as felix@north"},
		{2, "Give it with --token or BID_TOKEN", "org list --server http://127.0.0.1:1"},
		{2, "is not the address of a server", "org list --server localhost:8080 --token t"},
		{1, "does not answer. Check the address", "org list --server http://127.0.0.1:1 --token t"},
		{2, "a server on this machine only", "bench search --server http://192.0.2.7:8080"},
		{2, "a server on this machine only", "bench search --server http://localhost.example.org"},
		{2, "1 to 256 requests", "bench search --concurrency 1000"},
		{2, "See “bid org --help”", "org lst"},
		{2, "See “bid --help”", "orgs"},
		{2, "See “bid org list --help”", "org list --colour"},
		{2, "Say with --profile", "import --as felix@north " + file},
		{2, "accepts 1 arg(s), received 0", "batch publish"},
	} {
		got := b.try(strings.Fields(wrong.args)...)
		if got.code != wrong.code || !strings.Contains(strings.ToLower(got.err), strings.ToLower(wrong.words)) {
			t.Errorf("bid %s: exit code %d, want %d and %q:\n%s%s", wrong.args, got.code, wrong.code, wrong.words, got.out, got.err)
		}
		if regexp.MustCompile(`(?m)^bid: [a-z_]+: [a-z_ ]+$`).MatchString(got.err) {
			t.Errorf("bid %s: a code without words: %s", wrong.args, got.err)
		}
	}
}

func TestWordsInTheLanguageAskedFor(t *testing.T) {
	b := command(t, "--data", t.TempDir(), "--lang", "fr")
	b.refused(2, "Vérifiez son nom", "ledger", "verify", "absent.jsonl")
	b.refused(2, "n’existe pas", "batch", "show", "00")
}

func TestInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, errOut bytes.Buffer
	if code := run(ctx, []string{"org", "list", "--data", t.TempDir()}, &out, &errOut); code != 130 {
		t.Errorf("exit code %d: %s", code, errOut.String())
	}
	command(t).want(errOut.String(), "Run the same command again")
}

func TestEveryFlagHasAVariable(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("BID_DATA", dir)
	t.Setenv("BID_KIND", "secretariat")
	b := command(t)
	b.do("org", "add", "sec")
	b.do("org", "add", "north", "--kind", "research_partner") // what is given counts more
	b.want(b.do("org", "list", "--data", dir), "sec\tsecretariat\tactive", "north\tresearch_partner\tactive")
	t.Setenv("BID_AS", "bob@north")
	b.refused(2, "Nobody acts as bob@north", "token", "create")
	t.Setenv("BID_DAYS", "many")
	b.refused(2, "BID_DAYS", "token", "create")
}

// A command that names no folder must never touch the demonstration's.
func TestFolderOfItsOwn(t *testing.T) {
	t.Chdir(t.TempDir())
	b := command(t)
	b.want(b.do("migrate"), "steps taken")
	b.want(b.do("migrate"), "0 steps taken")
	if _, err := os.Stat(filepath.Join("data", "bid", "bid.db")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join("data", "demo")); err == nil {
		t.Error("the folder of the demonstration was used")
	}
}

func TestHelp(t *testing.T) {
	b := command(t)
	help := b.do("help")
	b.want(help, "serve", "demo", "migrate", "org", "user", "token", "import", "batch", "export", "reindex", "ledger", "BID_DATA")
	if regexp.MustCompile(`(?m)^\s+bench\s`).MatchString(help) {
		t.Error("bench is not hidden")
	}
	b.want(b.do("bench", "search", "--help"), "this machine", "--requests-per-minute 0")
	b.want(b.do("org"), "suspend")
}
