package workflow

import (
	"context"
	"slices"
	"strconv"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
)

// MostKnown is the most ids that KnownRows is asked for at once.
const MostKnown = 10000

// KnownRow is a row of a source that is a record already.
type KnownRow struct {
	RowID   string
	Record  string
	State   incident.RecordState
	Version incident.VersionState // of the open version, "" without one
}

// KnownRows tells which rows of a source are records of the organization that the person acts as, by the ids of the
// rows, in the order of the question; whoever may import may ask. Those of other organizations are as good as none. Faults: Invalid
// known.too_many (most).
func (w *Workflow) KnownRows(ctx context.Context, who identity.Principal, ids []string) ([]KnownRow, error) {
	var known []KnownRow
	err := w.read(ctx, who, func(c *call) (err error) {
		if c.who.Anonymous() {
			return fault.New(fault.Unauthenticated, "auth.required")
		}
		if err := c.rules.Decide(c.who, actionImport, c.ownFacts()).Fault("import"); err != nil {
			return err
		}
		if len(ids) > MostKnown {
			return fault.New(fault.Invalid, "known.too_many", "most", MostKnown).At("/ids", "known.too_many", "most", MostKnown)
		}
		for i, id := range ids {
			if id == "" {
				return fault.New(fault.Invalid, "known.empty").At("/ids/"+strconv.Itoa(i), "known.empty")
			}
		}
		known, err = c.knownRows(ids)
		return err
	})
	return known, err
}

func (c *call) knownRows(ids []string) ([]KnownRow, error) {
	found, err := c.tx.RecordsByExternalID(c.who.Org, "source_row", ids)
	if err != nil {
		return nil, err
	}
	held := make([]string, 0, len(found))
	for _, record := range found {
		held = append(held, record)
	}
	slices.Sort(held)
	byRecord := make(map[string]KnownRow, len(found))
	for some := range slices.Chunk(held, mostAtOnce) {
		records, err := c.tx.Records(some)
		if err != nil {
			return nil, err
		}
		open, err := c.tx.OpenVersions(some)
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			byRecord[record.ID] = KnownRow{Record: record.ID, State: record.State, Version: open[record.ID].State}
		}
	}
	var known []KnownRow
	asked := map[string]bool{}
	for _, id := range ids {
		record, ok := found[id]
		if !ok || asked[id] {
			continue
		}
		asked[id] = true
		row := byRecord[record]
		row.RowID = id
		known = append(known, row)
	}
	return known, nil
}

// mostAtOnce is how many versions are held at once: their bodies come with them.
const mostAtOnce = 500
