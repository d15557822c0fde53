package incident

import (
	"os"
	"strings"
	"testing"
)

// TestStateMatrix compares every state × every action with the drawing somebody wrote by hand.
func TestStateMatrix(t *testing.T) {
	cells := readDrawing(t)
	conditional := map[[3]string]bool{}
	for _, arrow := range Drawing() {
		conditional[[3]string{arrow.Machine, arrow.From, arrow.Action}] = arrow.When != ""
	}
	check := func(machine, from, action, next string, ok bool) {
		key := [3]string{machine, from, action}
		got := "."
		switch {
		case ok && next == from:
			got = "="
		case ok && conditional[key]:
			got = next + "?"
		case ok:
			got = next
		}
		want, drawn := cells[key]
		if !drawn {
			t.Errorf("%s: %s in %s is not in the drawing", machine, action, from)
		} else if got != want {
			t.Errorf("%s: %s in %s is %s, drawn %s", machine, action, from, got, want)
		}
		delete(cells, key)
	}
	for _, action := range Actions() {
		for _, from := range VersionStates() {
			next, ok := NextVersion(from, action)
			check(VersionMachine, string(from), action, string(next), ok)
		}
		for _, from := range RecordStates() {
			next, ok := NextRecord(from, action)
			check(RecordMachine, string(from), action, string(next), ok)
		}
	}
	for key := range cells {
		t.Errorf("drawn but unknown: %v", key)
	}
}

// readDrawing gives machine, state and action → cell.
func readDrawing(t *testing.T) map[[3]string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/states.txt")
	if err != nil {
		t.Fatal(err)
	}
	cells := map[[3]string]string{}
	machine, states := "", []string(nil)
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "machine":
			machine = words[1]
		case words[0] == "state":
			states = words[1:]
		case len(words) != len(states)+1:
			t.Fatalf("row of the wrong width: %s", line)
		default:
			for i, state := range states {
				cells[[3]string{machine, state, "incident." + words[0]}] = words[i+1]
			}
		}
	}
	return cells
}

// TestStatesReachable finds every state from the beginning.
func TestStatesReachable(t *testing.T) {
	reached := map[string]bool{}
	for range Drawing() {
		for _, arrow := range Drawing() {
			if arrow.From == "" || reached[arrow.Machine+arrow.From] {
				reached[arrow.Machine+arrow.To] = true
			}
		}
	}
	for _, s := range VersionStates() {
		if !reached[VersionMachine+string(s)] {
			t.Errorf("version %s is not reached", s)
		}
	}
	for _, s := range RecordStates() {
		if !reached[RecordMachine+string(s)] {
			t.Errorf("record %s is not reached", s)
		}
	}
}

// TestClosedVersionsStay shows that a version which is no longer open changes no more, but that a declined one is opened
// again by an appeal.
func TestClosedVersionsStay(t *testing.T) {
	for _, s := range VersionStates() {
		leads := false
		for _, action := range Actions() {
			_, ok := NextVersion(s, action)
			leads = leads || ok && action != ActionAppeal
		}
		if leads != s.Open() {
			t.Errorf("%s: open %v, an action leads on %v", s, s.Open(), leads)
		}
	}
}

func TestOneArrowPerStateAndAction(t *testing.T) {
	seen := map[Arrow]bool{}
	for _, arrow := range Drawing() {
		key := Arrow{Machine: arrow.Machine, From: arrow.From, Action: arrow.Action}
		if seen[key] {
			t.Errorf("two arrows: %v", key)
		}
		seen[key] = true
	}
}
