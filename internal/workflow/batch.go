package workflow

import (
	"context"
	"slices"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// BatchView is a batch as those who work on it see it.
type BatchView struct {
	Import     store.Import
	Org        string // slug of the owner
	Can        []Ability
	Flagged    []FlaggedRow
	Records    int64    // that the batch made or changed
	MappingBy  string   // PERSON@ORG, "" while nobody reviewed the mapping
	ReviewedBy string   // PERSON@ORG who has it in hand
	Unchecked  []string // records of the sample that nobody has looked at
}

// FlaggedRow is a row that a person must look at by itself.
type FlaggedRow struct {
	Ordinal int64
	RowID   string
	Record  string
	Flags   []string
}

// Progress is told how many rows of how many a bulk step has dealt with. It is called between transactions.
type Progress func(done, total int64)

// BatchReport says what a bulk step did, record by record: what passed it is counted, what stayed is listed with a code.
// After an interruption the report is of the whole step.
type BatchReport struct {
	Batch  BatchView
	Done   int64
	Stayed []Stay
}

// Stay is a record that a bulk step left where it was.
type Stay struct {
	Ordinal int64
	RowID   string
	Record  string
	Reasons []policies.Reason // codes with parameters; the first decided
}

// Import gives a batch: NotFound import.not_found for whoever may not know of it.
func (w *Workflow) Import(ctx context.Context, who identity.Principal, id string) (BatchView, error) {
	var view BatchView
	err := w.read(ctx, who, func(c *call) error {
		batch, err := c.mayBatch(id, actionBatchRead)
		if err != nil {
			return err
		}
		view, err = c.batchView(batch)
		return err
	})
	return view, err
}

// batchHead is a batch without what has to be read for it.
func (c *call) batchHead(batch store.Import) BatchView {
	view := BatchView{Import: batch, Org: c.orgs[batch.Org].Slug, Records: batch.New + batch.Updated,
		MappingBy: c.named(batch.MappingBy, batch.ReviewOrg), ReviewedBy: c.named(batch.Reviewer, batch.ReviewOrg)}
	for _, record := range batch.Sample {
		if !slices.Contains(batch.Checked, record) {
			view.Unchecked = append(view.Unchecked, record)
		}
	}
	f := c.batchFacts(batch)
	for _, action := range []string{actionBatchSubmit, actionBatchClaim, actionBatchSample, actionBatchCheck,
		actionBatchRecommend, actionBatchReturn, actionBatchPublish, actionBatchUndo} {
		d := c.rules.Decide(c.who, action, f)
		view.Can = append(view.Can, Ability{Action: action, Allowed: d.Allowed, Missing: d.Missing})
	}
	return view
}

// named gives PERSON@ORG.
func (c *call) named(person, org string) string {
	if person == "" {
		return ""
	}
	return c.people[person].Handle + "@" + c.orgs[org].Slug
}

// batchView adds the flagged rows, for the owner and whoever has the batch in hand.
func (c *call) batchView(batch store.Import) (BatchView, error) {
	view := c.batchHead(batch)
	if c.who.Org != batch.Org && c.who.Org != batch.ReviewOrg {
		view.Import.Flagged, view.Import.Sample, view.Import.Checked, view.Unchecked = nil, nil, nil, nil
		return view, nil
	}
	for flagged := range slices.Chunk(batch.Flagged, store.MaxChanges) {
		open, err := c.tx.OpenVersions(flagged)
		if err != nil {
			return view, err
		}
		rows, err := c.tx.ImportRowsOf(flagged)
		if err != nil {
			return view, err
		}
		for _, record := range flagged {
			v, ok := open[record]
			if !ok {
				continue // dealt with by itself
			}
			view.Flagged = append(view.Flagged, FlaggedRow{Ordinal: rows[record].Ordinal, RowID: rows[record].RowID,
				Record: record, Flags: flagsToSee(v)})
		}
	}
	return view, nil
}

// flagsToSee gives the codes of why a version has to be looked at by itself; none when it may go with its batch.
func flagsToSee(v incident.Version) []string {
	var codes []string
	for _, flag := range v.Flags {
		if hasPrefix(flag, flagImport) || hasPrefix(flag, flagBulk) {
			codes = append(codes, flag)
		}
	}
	return codes
}

func hasPrefix(text, prefix string) bool {
	return len(text) >= len(prefix) && text[:len(prefix)] == prefix
}

// Codes of incident.BulkBar: a record with one of them never goes in bulk. What a check or an importer flagged may,
// once a person has looked at it by itself.
const (
	flagBulk      = "bulk."
	flagBulkCheck = "bulk.check."
)

// bars gives why a version may not be published in bulk.
func bars(v incident.Version) []policies.Reason {
	var reasons []policies.Reason
	for _, flag := range flagsToSee(v) {
		cleared := hasPrefix(flag, flagImport) || hasPrefix(flag, flagBulkCheck)
		if !cleared || v.Depth != depthIndividually {
			reasons = append(reasons, reasonOfFlag(flag))
		}
	}
	return reasons
}

// reasonOfFlag: the words for a check that flagged are those of the check.
func reasonOfFlag(flag string) policies.Reason {
	if hasPrefix(flag, flagBulkCheck) {
		return policies.Reason{Code: "check." + flag[len(flagBulkCheck):]}
	}
	return policies.Reason{Code: flag}
}

// bulk is one step of a batch, taken record by record in many transactions.
type bulk struct {
	w        *Workflow
	ctx      context.Context
	who      identity.Principal
	id       string
	step     string // as rows and the batch remember it
	action   string
	progress Progress

	// plan computes, outside of the transaction, what the records of some rows come to; nil when there is nothing to plan.
	plan func(rows []store.ImportRow) (any, error)
	// one does the step for one record. A fault about the record lets it stay and the others go on; so do reasons.
	one func(c *call, on bulkOn) ([]policies.Reason, error)
	// done changes the head when all rows were dealt with.
	done func(c *call, batch *store.Import, report *BatchReport) error

	stays map[int64]Stay // of this run, with parameters
}

// bulkOn is what a step is taken on: a record of a batch, its row, and the plans of its chunk.
type bulkOn struct {
	batch *store.Import
	s     *subject
	row   store.ImportRow
	plans any
}

// run takes the step for all rows that it has not dealt with, chunk by chunk, and reports on the whole step. While one
// chunk is written the next is read and planned.
func (b *bulk) run() (BatchReport, error) {
	if b.progress == nil {
		b.progress = func(int64, int64) {}
	}
	b.stays = map[int64]Stay{}
	batch, err := b.begin()
	if err != nil {
		return BatchReport{}, err
	}
	b.progress(batch.Done, batch.Rows)
	pace := newPace()
	next := b.prepare(batch.Done, pace.size)
	for {
		chunk := <-next
		if chunk.err != nil {
			return BatchReport{}, chunk.err
		}
		if len(chunk.rows) == 0 {
			return b.finish()
		}
		last := chunk.rows[len(chunk.rows)-1].Ordinal
		next = b.prepare(last, pace.size)
		began := b.w.Store.Clock()
		err := b.w.write(b.ctx, b.who, func(c *call) error { return b.take(c, batch.Revision, chunk) })
		pace.took(b.w.Store.Clock()-began, len(chunk.rows))
		if err != nil {
			<-next
			return BatchReport{}, err
		}
		batch.Revision++
		b.progress(last, batch.Rows)
	}
}

// begin reads where the step is. It decides, so that whoever may not take the step learns nothing.
func (b *bulk) begin() (batch store.Import, err error) {
	err = b.w.read(b.ctx, b.who, func(c *call) error {
		if batch, err = c.mayBatch(b.id, b.action); err != nil {
			return err
		}
		if batch.Step != b.step {
			batch.Step, batch.Done = b.step, 0
		}
		return nil
	})
	return batch, err
}

// bulkChunk is some rows of a batch and what was planned for the records of those that have one.
type bulkChunk struct {
	rows  []store.ImportRow
	plans any
	err   error
}

// prepare reads and plans the rows after an ordinal, beside what else is going on.
func (b *bulk) prepare(after int64, limit int) <-chan bulkChunk {
	ready := make(chan bulkChunk, 1)
	go func() {
		var chunk bulkChunk
		chunk.err = b.w.read(b.ctx, b.who, func(c *call) (err error) {
			chunk.rows, err = c.tx.ImportRows(b.id, after, limit, store.RowFilter{})
			return err
		})
		if chunk.err == nil && b.plan != nil {
			chunk.plans, chunk.err = b.plan(withRecords(chunk.rows))
		}
		ready <- chunk
	}()
	return ready
}

// withRecords keeps the rows that made or changed a record.
func withRecords(rows []store.ImportRow) []store.ImportRow {
	var kept []store.ImportRow
	for _, row := range rows {
		if row.Outcome == RowCreated || row.Outcome == RowUpdated {
			kept = append(kept, row)
		}
	}
	return kept
}

func recordsOf(rows []store.ImportRow) []string {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.Record
	}
	return ids
}

func (b *bulk) take(c *call, revision int64, chunk bulkChunk) error {
	batch, err := c.mayBatch(b.id, b.action)
	if err != nil {
		return err
	}
	if batch.Revision != revision {
		return fault.New(fault.Conflict, "batch.stepped_by_another")
	}
	worked := withRecords(chunk.rows)
	subjects, err := c.heads(recordsOf(worked))
	if err != nil {
		return err
	}
	byRecord := make(map[string]*subject, len(subjects))
	for _, s := range subjects {
		byRecord[s.record.ID] = s
	}
	steps := make([]store.RowStep, 0, len(worked))
	for _, row := range worked {
		reasons, err := b.takeOne(c, bulkOn{&batch, byRecord[row.Record], row, chunk.plans})
		if err != nil {
			return err
		}
		delete(b.stays, row.Ordinal)
		step := store.RowStep{Import: b.id, Ordinal: row.Ordinal, Step: b.step}
		if len(reasons) > 0 {
			step.Step, step.Why = row.Step, reasons[0].Code
			b.stays[row.Ordinal] = Stay{row.Ordinal, row.RowID, row.Record, reasons}
		}
		steps = append(steps, step)
	}
	batch.Step, batch.Done = b.step, chunk.rows[len(chunk.rows)-1].Ordinal
	return c.appendSteps(&batch, b.action, steps, words("", "rows", len(chunk.rows)))
}

func (b *bulk) takeOne(c *call, on bulkOn) ([]policies.Reason, error) {
	if on.s == nil {
		return []policies.Reason{{Code: "incident.not_found"}}, nil
	}
	reasons, err := b.one(c, on)
	if err == nil {
		return reasons, nil
	}
	refused := fault.Of(err)
	if !ofOneRecord(refused) {
		return nil, err
	}
	reasons = []policies.Reason{{Code: refused.Code, Params: refused.Params}}
	for _, field := range refused.Fields {
		if field.Code != refused.Code {
			reasons = append(reasons, policies.Reason{Code: field.Code, Params: field.Params})
		}
	}
	return reasons, nil
}

// finish closes the step and reports.
func (b *bulk) finish() (BatchReport, error) {
	var report BatchReport
	err := b.w.write(b.ctx, b.who, func(c *call) error {
		report = BatchReport{}
		batch, err := c.mayBatch(b.id, b.action)
		if err != nil {
			return err
		}
		err = c.eachRow(b.id, func(row store.ImportRow) {
			switch {
			case row.Outcome != RowCreated && row.Outcome != RowUpdated:
			case row.StepWhy != "":
				report.Stayed = append(report.Stayed, b.stayOf(row))
			default:
				report.Done++
			}
		})
		if err != nil {
			return err
		}
		batch.Step, batch.Done = "", 0
		if err := b.done(c, &batch, &report); err != nil {
			return err
		}
		details := words("", "step", b.step, "done", report.Done, "stayed", len(report.Stayed))
		if err := c.appendBatch(&batch, b.action, nil, details); err != nil {
			return err
		}
		report.Batch, err = c.batchView(batch)
		return err
	})
	return report, err
}

func (b *bulk) stayOf(row store.ImportRow) Stay {
	if stay, ok := b.stays[row.Ordinal]; ok {
		return stay
	}
	return Stay{row.Ordinal, row.RowID, row.Record, []policies.Reason{{Code: row.StepWhy}}}
}

// pace keeps the transactions of bulk work short, so that nobody else waits long: as many records at once as lately took
// less than the longest time.
type pace struct{ size int }

const (
	longestWrite = 50 * incident.Micros(1000)
	fewestAtOnce = 24 // fewer cost more in beginnings and ends than they save others in waiting
)

func newPace() *pace { return &pace{size: MostRows} }

func (p *pace) took(t incident.Micros, n int) {
	switch {
	case t > longestWrite:
		p.size = max(fewestAtOnce, int(int64(n)*int64(longestWrite)/int64(t)))
	case t < longestWrite/2:
		p.size = min(MostRows, p.size+p.size/2)
	}
}
