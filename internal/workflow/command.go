package workflow

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/policies"
)

func itoa(n int) string { return strconv.Itoa(n) }

// command runs a command on one record and gives the record as the asker sees it afterwards. Somebody may see no more
// of it by what they did; then the answer is what they did: id, states, edition.
func (w *Workflow) command(ctx context.Context, who identity.Principal, id string, fn func(*call, *subject) error) (Working, error) {
	var s *subject
	err := w.write(ctx, who, func(c *call) (err error) {
		if s, err = c.subject(id); err != nil {
			return err
		}
		return fn(c, s)
	})
	if err != nil {
		return Working{}, err
	}
	working, err := w.Working(ctx, who, id)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
		return receipt(s), nil
	}
	return working, err
}

func receipt(s *subject) Working {
	working := Working{Record: incident.Record{ID: s.record.ID, State: s.record.State, Edition: s.record.Edition,
		Purged: s.record.Purged}}
	if s.version.ID != "" {
		working.Version = &incident.Version{State: s.version.State, Class: s.version.Class, Edition: s.version.Edition,
			Reason: s.version.Reason, Depth: s.version.Depth}
	}
	return working
}

// ownFacts are the facts about what does not exist yet and will be of the asker's organization.
func (c *call) ownFacts() policies.Facts { return policies.Facts{Owner: c.who.Org} }

// errNoVersion tells of a record without any version, which nothing here makes.
var errNoVersion = errors.New("a record has no version")

// unreadable wraps what went wrong with a body that was checked before it was stored.
func unreadable(err error) error { return fmt.Errorf("a stored body cannot be read: %w", err) }
