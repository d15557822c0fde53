package leak

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"bioincident/internal/incident"
	"bioincident/internal/testkit"
	"bioincident/internal/testkit/world"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// build makes the world of a plan over an empty database.
func (p plan) build(t testing.TB, d testkit.Database) *made {
	t.Helper()
	s := world.New(t, d)
	m := &made{System: s, hidden: map[group]map[string]string{}, shared: map[string]string{}}
	s.Found(society())
	c := &script{made: m, t: t}
	last := 0
	for _, r := range p.records {
		last = max(last, r.hour)
		c.follow(r)
	}
	c.at = time.Duration(last+500) * time.Hour
	for _, r := range p.records {
		if r.glass == broken {
			c.breakGlass(r)
		}
	}
	s.Step("asking", time.Duration(last+500)*time.Hour+30*time.Minute)
	s.Settle()
	m.used()
	return m
}

// follow takes a record through its course.
func (c *script) follow(r drawn) {
	c.t.Helper()
	switch {
	case r.course == imported:
		c.at = time.Duration(r.hour) * time.Hour
		c.step(r.name + " import")
		c.batch = c.Import(r.life.Author, [][]byte{encode(r.body), encode(r.second)})
		c.shared[r.name] = c.batch
	case slices.Contains(unpublished(), r.course):
		c.shared[r.name] = c.draft(r.name, r.hour, r.life, encode(r.body))
		c.unpublished(r, c.shared[r.name])
	default:
		id := c.draft(r.name, r.hour, r.life, encode(r.body))
		c.shared[r.name] = id
		at := time.Duration(r.hour)*time.Hour + 20*time.Minute
		if r.course == due {
			c.byClock(r.name, id, r.life, at)
		} else {
			c.through(r.name, id, r.life, at)
		}
		if r.glass == mended {
			c.breakGlass(r)
		}
		c.afterwards(r, id)
	}
}

// breakGlass lets the administrator read a record for an hour.
func (c *script) breakGlass(r drawn) {
	c.t.Helper()
	c.step(r.name + " break the glass")
	_, err := c.Workflow.BreakGlass(context.Background(), c.As("ada@hq"), c.shared[r.name], "A State asked.")
	c.ok(err)
}

func (c *script) unpublished(r drawn, id string) {
	c.t.Helper()
	if r.course == drafted {
		return
	}
	if r.course == discarded {
		c.step(r.name + " discard")
		_, err := c.Workflow.Discard(context.Background(), c.As(r.life.Author), id, c.Revision(r.life.Author, id), "")
		c.ok(err)
		return
	}
	c.step(r.name + " submit")
	c.Submit(r.life.Life, id)
	if r.course == submitted {
		return
	}
	first := r.life.Reviewers[0]
	c.claims(r.name, id, r.life)
	switch r.course {
	case recalled:
		c.step(r.name + " recall")
		_, err := c.Workflow.Recall(context.Background(), c.As(r.life.Focal), id, c.Revision(r.life.Focal, id), "")
		c.ok(err)
	case commented, returned:
		c.step(r.name + " comment")
		c.Comment(first, id, "The zanthoquark needs a source.")
		if r.course == returned {
			c.step(r.name + " return")
			c.RequestChanges(first, id)
		}
	case signed:
		c.step(r.name + " sign")
		c.Recommend(first, id)
	case reviewed, scheduled:
		c.recommendations(r.name, id, r.life)
		if r.course == scheduled {
			c.step(r.name + " schedule")
			c.Schedule(r.life.Life, id, c.Clock.Now()+workflow.MostAhead)
		}
	case declined, appealed:
		c.step(r.name + " decline")
		_, err := c.Workflow.Decline(context.Background(), c.As(first), id, c.Revision(r.life.Focal, id), "insufficient_evidence", "")
		c.ok(err)
		if r.course == appealed {
			c.step(r.name + " appeal")
			c.Appeal(r.life.Focal, id)
		}
	case quarantined, cleared:
		c.step(r.name + " quarantine")
		c.Quarantine(first, id)
		if r.course == cleared {
			c.clear(r, id)
		}
	}
}

// clear has two people look at what is quarantined and let it go.
func (c *script) clear(r drawn, id string) {
	c.t.Helper()
	for _, who := range r.life.Reviewers {
		c.step(r.name + " for sensitivity " + who)
		c.Assign(r.life.Publisher, id, workflow.AssignIn{Person: who, Duty: incident.SensitivityDuty})
	}
	for _, who := range r.life.Reviewers {
		c.step(r.name + " clear " + who)
		c.Clear(who, id)
	}
}

func (c *script) claims(name, id string, l life) {
	c.t.Helper()
	for _, who := range l.Reviewers {
		c.step(name + " claim " + who)
		if l.assigned {
			c.Assign(l.Publisher, id, workflow.AssignIn{Person: who, Duty: incident.ReviewDuty})
		} else {
			c.Claim(who, id)
		}
	}
}

// recommendations are as many as it takes.
func (c *script) recommendations(name, id string, l life) {
	c.t.Helper()
	for _, who := range l.Reviewers {
		working, err := c.Workflow.Working(context.Background(), c.As(l.Focal), id)
		c.ok(err)
		if working.Version.State == incident.Reviewed {
			return
		}
		c.step(name + " recommend " + who)
		c.Recommend(who, id)
	}
}

// through submits, reviews and publishes an open version, so that it is published at a moment.
func (c *script) through(name, id string, l life, at time.Duration) {
	c.t.Helper()
	c.toReviewed(name, id, l)
	c.at = at
	c.step(name + " publish")
	c.Publish(l.Life, id)
}

// byClock has the clock publish an open version when a moment comes.
func (c *script) byClock(name, id string, l life, at time.Duration) {
	c.t.Helper()
	c.toReviewed(name, id, l)
	c.at = at - time.Minute
	c.step(name + " schedule")
	c.Schedule(l.Life, id, c.Clock.Now()+incident.Micros(time.Minute.Microseconds()))
	c.at = at
	c.step(name + " publish")
	n, err := c.Workflow.PublishDue(context.Background())
	c.ok(err)
	if n != 1 {
		c.t.Fatalf("the clock published %d records, not %s alone", n, name)
	}
}

func (c *script) toReviewed(name, id string, l life) {
	c.t.Helper()
	c.step(name + " submit")
	c.Submit(l.Life, id)
	c.claims(name, id, l)
	c.recommendations(name, id, l)
}

// afterwards is what becomes of a published record.
func (c *script) afterwards(r drawn, id string) {
	c.t.Helper()
	switch r.course {
	case amending, amended, republished:
		c.step(r.name + " new version")
		h := r.life.handling()
		if r.raisedLater != nil {
			h.Tiers = r.raisedLater
		}
		c.NewVersion(r.life.Life, id, encode(r.second), &h)
		if r.course == amended {
			c.step(r.name + " submit the version")
			c.Submit(r.life.Life, id)
		}
		if r.course == republished {
			c.through(r.name+" again", id, r.life, time.Duration(r.hour)*time.Hour+50*time.Minute)
		}
	case narrowed:
		c.step(r.name + " narrow")
		c.Narrow(r.life.Focal, id, r.narrower())
		c.step(r.name + " confirm")
		c.Confirm(r.life.Publisher, r.life.Focal, id)
	case redacted:
		c.step(r.name + " redact")
		c.Redact(r.life.Focal, id, cmp.Or(r.removed, "/impact/counts/c1"))
	case withdrawn:
		c.step(r.name + " withdraw")
		c.Withdraw(r.life.Focal, id)
	case merged:
		c.step(r.name + " merge")
		_, err := c.Workflow.Merge(context.Background(), c.As(r.life.Focal), id, c.Revision(r.life.Focal, id), c.shared[anchor], "duplicate", "")
		c.ok(err)
	case widening:
		c.step(r.name + " widen")
		c.Widen(r.life.Focal, id, r.life.wider())
	case held, lifted, sealed, unsealed:
		c.away(r, id)
	case noted, unnoted:
		c.step(r.name + " note")
		ref := c.Note(r.life.Publisher, id, workflow.NoteIn{Tier: r.note, Code: "disputed",
			Words: map[string]string{"en": "The quillomere is disputed."}})
		if r.course == unnoted {
			c.step(r.name + " end the note")
			c.EndNote(r.life.Publisher, id, ref)
		}
	case purging, purged:
		c.step(r.name + " purge")
		c.Purge(r.life.Publisher, id)
		if r.course == purged {
			c.step(r.name + " purge again")
			c.Purge("sol@savanna", id)
		}
	}
}

// away takes a published record from its readers, in one moment whoever asks, and in some courses gives it back.
func (c *script) away(r drawn, id string) {
	c.t.Helper()
	c.step(r.name + " away")
	switch r.course {
	case held, lifted:
		c.Hold(r.life.Focal, id)
	case sealed, unsealed:
		c.Quarantine(r.life.Focal, id)
	}
	switch r.course {
	case lifted:
		c.step(r.name + " lift")
		c.Lift(r.life.Publisher, id)
	case unsealed:
		c.clear(r, id)
	}
}

// anchor is the record into which others are merged.
const anchor = "anchor"

// narrower hides the counts, or what was drawn to be hidden, from all but the named. What it does not name stays.
func (r drawn) narrower() workflow.HandlingIn {
	h := r.life.handling()
	h.Tiers = map[string]schema.Tier{"impact": schema.Named}
	if r.raisedLater != nil {
		h.Tiers = r.raisedLater
	}
	return h
}

// wider shows all of a record, apart from what stays raised.
func (l life) wider() workflow.HandlingIn {
	h := l.handling()
	h.Marking, h.Tiers = schema.Public, nil
	return h
}

func (c *script) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}
