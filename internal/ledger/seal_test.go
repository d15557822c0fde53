package ledger_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bioincident/internal/ledger"
	"bioincident/schema"
)

func entry() ledger.Entry {
	return ledger.Entry{Seq: 7, At: 1767225600000001, Person: "p-ana", Org: "o-north", Via: "api",
		Action: "incident.submit", Subject: "BID-7K3M-9Q2X", Version: "v1", ContentHash: "c0ffee", DetailsHash: ""}
}

// What is hashed is a promise to whoever verifies with a program of their own: it is written out here a second time.
func TestTheSealIsWhatIsDocumented(t *testing.T) {
	var text strings.Builder
	for _, field := range []string{"bid ledger entry 1", "prev", "7", "1767225600000001", "p-ana", "o-north", "api",
		"incident.submit", "BID-7K3M-9Q2X", "v1", "c0ffee", ""} {
		fmt.Fprintf(&text, "%d:%s\n", len(field), field)
	}
	want := sha256.Sum256([]byte(text.String()))
	sealed := ledger.Seal("prev", entry())
	if sealed.Hash != hex.EncodeToString(want[:]) || sealed.Prev != "prev" {
		t.Errorf("got %+v", sealed)
	}
}

// No two different entries have the same bytes: text cannot move from one field into the next.
func TestEveryFieldIsSealed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 6, 12)
		draw := func(name string) ledger.Entry {
			return ledger.Entry{Seq: rapid.Int64Range(0, 2).Draw(t, name), At: rapid.Int64Range(0, 2).Draw(t, name),
				Person: text.Draw(t, name), Org: text.Draw(t, name), Via: text.Draw(t, name), Action: text.Draw(t, name),
				Subject: text.Draw(t, name), Version: text.Draw(t, name), ContentHash: text.Draw(t, name),
				DetailsHash: text.Draw(t, name)}
		}
		a, b := draw("a"), draw("b")
		if rapid.Bool().Draw(t, "near") {
			b = a
			switch rapid.IntRange(0, 3).Draw(t, "field") {
			case 0:
				b.Org, b.Via = a.Org+a.Via, ""
			case 1:
				b.Seq, b.At = a.At, a.Seq
			case 2:
				b.Person += "\n"
			}
		}
		if (ledger.Seal("p", a).Hash == ledger.Seal("p", b).Hash) != (a == b) {
			t.Fatalf("%+v and %+v", a, b)
		}
	})
}

func TestFeedsAreSealedApart(t *testing.T) {
	e := ledger.FeedEntry{Tier: schema.Public, No: 1, At: 2, Record: "BID-7K3M-9Q2X", Edition: 1,
		Kind: ledger.FeedPublished, ViewHash: "h"}
	other := e
	other.Tier = schema.Members
	if ledger.SealFeed("", e).Hash == ledger.SealFeed("", other).Hash {
		t.Error("the tier is not sealed")
	}
}

func lines(entries ...ledger.Entry) []ledger.Line {
	prev := ""
	var out []ledger.Line
	var tip ledger.Head
	for i, e := range entries {
		e.Seq = int64(i + 1)
		e = ledger.Seal(prev, e)
		prev, tip = e.Hash, ledger.Head{Seq: e.Seq, Hash: e.Hash}
		out = append(out, ledger.Line{Entry: &e})
	}
	for _, chain := range []string{"public", "members", "named"} {
		out = append(out, ledger.Line{Chain: &ledger.ChainHead{Chain: chain}})
	}
	return append(out, ledger.Line{Chain: &ledger.ChainHead{Chain: ledger.LedgerChain, Head: tip}})
}

func check(all []ledger.Line) []string {
	v := ledger.NewVerifier(nil)
	for _, line := range all {
		v.Line(line)
	}
	end := int64(len(all))
	v.Line(ledger.Line{End: &end})
	var codes []string
	for _, finding := range v.Finish() {
		codes = append(codes, finding.Code+" "+finding.Where)
	}
	return codes
}

func TestAPurgeIsNoFault(t *testing.T) {
	submitted := entry()
	submitted.DetailsHash = "of words that are gone"
	if got := check(lines(submitted)); len(got) != 2 {
		t.Errorf("before the purge: %v", got)
	}
	purge := ledger.Entry{Action: ledger.ActionPurge, Subject: submitted.Subject}
	if got := check(lines(submitted, purge)); len(got) != 0 {
		t.Errorf("after the purge: %v", got)
	}
}

func TestAnEmptyLedgerVerifies(t *testing.T) {
	if got := check(lines()); len(got) != 0 {
		t.Error(got)
	}
}

func TestAMalformedExportIsAnError(t *testing.T) {
	for _, text := range []string{"nonsense", "{\"entry\":5}"} {
		if _, err := ledger.VerifyExport(strings.NewReader(text), nil); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	if findings, err := ledger.VerifyExport(strings.NewReader(""), nil); err != nil || len(findings) == 0 {
		t.Errorf("an empty file: %v %v", findings, err)
	}
}

func BenchmarkSeal(b *testing.B) {
	e := entry()
	for b.Loop() {
		e = ledger.Seal(e.Hash, e)
	}
}
