package policies

import (
	"fmt"
	"testing"

	"bioincident/internal/incident"
)

// batchCells are questions about an import, by the state of the import.
func batchCells() []cell {
	return []cell{
		{"contributor", "own", "none", "", "", "", "batch.import"},
		{"focal_point", "own", "loaded", "", "", "", "batch.submit"},
		{"contributor", "own", "loaded", "", "", "", "batch.submit"},
		{"contributor", "own", "submitted", "", "", "", "batch.read"},
		{"reviewer", "other", "loaded", "", "", "", "batch.claim"},
		{"reviewer", "other", "submitted", "", "", "", "batch.claim"},
		{"reviewer", "own", "submitted", "", "", "", "batch.claim"},
		{"reviewer", "assigned", "in_review", "", "", "", "batch.sample"},
		{"reviewer", "other", "in_review", "", "", "", "batch.sample"},
		{"reviewer", "assigned", "sampled", "", "", "", "batch.check"},
		{"reviewer", "assigned", "sampled", "", "", "", "batch.recommend"},
		{"reviewer", "assigned", "sampled", "", "", "", "batch.return"},
		{"reviewer", "assigned", "sampled", "", "", "author", "batch.recommend"},
		{"publisher", "other", "recommended", "", "", "", "batch.publish"},
		{"publisher", "other", "recommended", "", "", "", "batch.return"},
		{"publisher", "other", "recommended", "", "", "author", "batch.publish"},
		{"publisher", "own", "recommended", "", "", "", "batch.publish"},
		{"publisher", "other", "sampled", "", "", "", "batch.publish"},
		{"reader", "other", "recommended", "", "", "", "batch.read"},
		{"administrator", "other", "recommended", "", "", "", "batch.read"},
		{"reviewer", "other", "submitted", "", "", "no_grant", "batch.claim"},
		{"publisher", "other", "recommended", "", "", "part_grant", "batch.publish"},
		{"contributor", "own", "loaded", "", "", "", "batch.undo"},
		{"focal_point", "own", "loading", "", "", "", "batch.undo"},
		{"focal_point", "own", "returned", "", "", "", "batch.undo"},
		{"contributor", "own", "partly_undone", "", "", "", "batch.undo"},
		{"focal_point", "own", "submitted", "", "", "", "batch.undo"},
		{"focal_point", "own", "undone", "", "", "", "batch.undo"},
		{"reviewer", "assigned", "in_review", "", "", "", "batch.undo"},
		{"contributor", "other", "loaded", "", "", "", "batch.undo"},
		{"reader", "own", "loaded", "", "", "", "batch.undo"},
		{"publisher", "other", "recommended", "", "", "", "batch.undo"},
		{"focal_point", "own", "undone", "", "", "", "batch.submit"},
	}
}

func (t table) batch(c cell) Decision {
	who := c.principal()
	f := Facts{Owner: owner, VersionState: BatchState(c.state), Authors: []string{"ana"}}
	switch c.relation {
	case "assigned":
		f.Assignments = []incident.Assignment{{Person: asker, Org: other, Duty: incident.ReviewDuty}}
	case "colleague":
		f.Assignments = []incident.Assignment{{Person: "cal", Org: other, Duty: incident.ReviewDuty}}
	}
	if c.besides == "author" {
		f.Authors = append(f.Authors, asker)
	}
	rules := t.open
	switch c.besides {
	case "no_grant":
		rules = t.none
	case "part_grant":
		rules = t.part
	}
	return rules.Decide(who, c.action, f)
}

// wrongBatches gives the batch cells that the rules answer otherwise.
func wrongBatches(tb testing.TB, p *Policies) []string {
	tb.Helper()
	want := []string{
		"own.begin", "own.submit", "role", "own.work", "404", "review.claim", "404", "review.round", "not_assigned",
		"review.round", "review.recommend", "review.round", "author_is_reviewer", "approve.publish", "approve.return",
		"author_is_publisher", "404", "state", "404", "role", "404", "approve.publish",
		"own.undo", "own.undo", "own.undo", "own.undo", "state", "state", "role", "404", "404", "role", "state",
	}
	world := tableOf(tb, p)
	var wrong []string
	for i, c := range batchCells() {
		if got := answer(world.batch(c)); got != want[i] {
			wrong = append(wrong, fmt.Sprintf("%s %s %s %s %s: %s, not %s", c.who, c.relation, c.state, c.action, c.besides, got, want[i]))
		}
	}
	return wrong
}

func TestBatches(t *testing.T) {
	for _, wrong := range wrongBatches(t, loadedPolicies(t)) {
		t.Error(wrong)
	}
}
