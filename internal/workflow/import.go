package workflow

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
	"bioincident/schema"
)

// MostRows is the most rows ImportChunk takes at once: each becomes at most one change, and one more accounts for them.
const MostRows = store.MaxChanges - 1

// Actions on a batch.
const (
	actionImport         = "batch.import"
	actionBatchRead      = "batch.read"
	actionBatchSubmit    = "batch.submit"
	actionBatchClaim     = "batch.claim"
	actionBatchSample    = "batch.sample"
	actionBatchCheck     = "batch.check"
	actionBatchRecommend = "batch.recommend"
	actionBatchReturn    = "batch.return"
	actionBatchPublish   = "batch.publish"
	actionBatchUndo      = "batch.undo"
)

// ImportIn begins an import.
type ImportIn struct {
	Profile string
	Files   []string // names, in their order
	Digest  string   // of everything that decides what the rows say, hex SHA-256: only the same content goes on
	Key     string   // Idempotency-Key, "" for none
}

// RowIn is one row of a file as a profile understood it: a body, or the reason why it has none.
type RowIn struct {
	Ordinal  int64  // from 1, over all files
	File     string // name
	Line     int64  // on which the row begins, from 1
	RowID    string // in the source; "" only for a row whose id could not be read
	Body     []byte
	Flags    []string    // codes of what a person must look at, all with the prefix import.
	Handling *HandlingIn // of a new record; nil is public
	Refusal  *Refusal

	plan *rowPlan // made by PrepareRows
}

// PrepareRows checks rows ahead of ImportChunk, which takes them as they were checked here. It needs no transaction and
// may be called for the next rows while others are being taken.
func (w *Workflow) PrepareRows(rows []RowIn) []RowIn {
	out := slices.Clone(rows)
	for i := range out {
		plan := w.planRow(out[i])
		out[i].plan = &plan
	}
	return out
}

// Refusal says why a row was not taken: which column (or place of the body), its value as it stands in the file, and a
// code.
type Refusal struct {
	Column string
	Value  string
	Reason string
}

// The outcomes of a row.
const (
	RowCreated   = "created"
	RowUnchanged = "unchanged"
	RowUpdated   = "updated"
	RowRefused   = "refused"
)

// Reasons for which a row is refused here; beside them those of the schema.
const (
	reasonDuplicate    = "import.duplicate_row"   // its id stood in this import before
	reasonUnderReview  = "import.under_review"    // the record is being reviewed; recall it first, or wait
	reasonEdited       = "import.edited_by_hand"  // people changed the draft since
	reasonClosed       = "import.record_closed"   // the record was withdrawn or merged
	reasonOnlyRemoves  = "import.only_removes"    // the row says less than what is published
	flagMergedByImport = "import.merged_partly"   // what people changed since stands, and not all of the row was taken
	reasonNoID         = "import.row_id_missing"  // rows are found again by their id
	reasonNotItsOwn    = "import.row_id_not_held" // the body does not hold the id of the row
)

// RowOut is what became of a row.
type RowOut struct {
	Ordinal int64
	Outcome string
	Record  string
	Refusal *Refusal
	Flags   []string // of a row that was created or updated: what a person must look at
}

// ImportsIn asks for batches, newest first.
type ImportsIn struct {
	Cursor string
	Limit  int // at most 200; 0 is 50
}

// ImportList is a page of batches.
type ImportList struct {
	Imports []BatchView
	Next    string
}

// RowsIn asks for the rows of a batch in the order of the files.
type RowsIn struct {
	Outcome string // "" for all
	Cursor  string
	Limit   int // at most 200; 0 is 50
}

// RowList is a page of rows.
type RowList struct {
	Rows []store.ImportRow
	Next string
}

// BeginImport begins a batch, or goes on with one of the same organization, profile, files and content that was
// interrupted: its Done rows are accounted for. Other content under the same names is another batch.
func (w *Workflow) BeginImport(ctx context.Context, who identity.Principal, in ImportIn) (store.Import, error) {
	var batch store.Import
	err := w.write(ctx, who, func(c *call) error {
		if err := c.mayImport(in); err != nil {
			return err
		}
		answer, known, err := c.remembered("batch.import", in.Key)
		if err != nil {
			return err
		}
		if known {
			batch, err = c.tx.Import(string(answer))
			return err
		}
		interrupted, err := c.interrupted(in)
		if err != nil || interrupted != nil {
			if interrupted != nil {
				batch = *interrupted
			}
			return err
		}
		id, err := w.newID()
		if err != nil {
			return err
		}
		batch = store.Import{ID: id, Org: c.who.Org, Person: c.who.Person, Profile: in.Profile, Files: in.Files,
			Digest: in.Digest, State: store.ImportLoading, Created: c.now}
		if err := c.appendBatch(&batch, actionImport, nil, words("", "profile", in.Profile, "files", in.Files)); err != nil {
			return err
		}
		return c.remember("batch.import", in.Key, []byte(batch.ID))
	})
	return batch, err
}

func (c *call) mayImport(in ImportIn) error {
	if err := c.rules.Decide(c.who, actionImport, c.ownFacts()).Fault("import"); err != nil {
		return err
	}
	if in.Profile == "" || len(in.Files) == 0 {
		return fault.New(fault.Invalid, "import.no_file")
	}
	return nil
}

// interrupted finds a batch of the same profile, files and content that was not finished.
func (c *call) interrupted(in ImportIn) (*store.Import, error) {
	batches, err := c.tx.Imports(c.who.Org)
	if err != nil {
		return nil, err
	}
	for _, batch := range batches {
		if batch.State == store.ImportLoading && batch.Profile == in.Profile && batch.Digest == in.Digest &&
			slices.Equal(batch.Files, in.Files) {
			return &batch, nil
		}
	}
	return nil, nil
}

// appendBatch adds one change of a batch with its rows, and raises its revision as the store does.
func (c *call) appendBatch(batch *store.Import, action string, rows []store.ImportRow, details any) error {
	return c.appendHead(batch, store.Change{Action: action, ImportRows: rows, Details: details})
}

// appendSteps is appendBatch for rows that are there and pass a step, or stay.
func (c *call) appendSteps(batch *store.Import, action string, steps []store.RowStep, details any) error {
	return c.appendHead(batch, store.Change{Action: action, Steps: steps, Details: details})
}

func (c *call) appendHead(batch *store.Import, change store.Change) error {
	head := *batch
	change.Subject, change.Import = batch.ID, &head
	if err := c.wtx.Append(change); err != nil {
		return err
	}
	batch.Revision++
	return nil
}

// ImportChunk takes the next rows of an import, at most MostRows, in one transaction: a row becomes a draft, an update of
// the record it became before, or is refused with a reason. Taking the same rows again changes nothing. The batch
// belongs to the organization that the person acts as and is not finished (Conflict import.finished).
func (w *Workflow) ImportChunk(ctx context.Context, who identity.Principal, id string, rows []RowIn) ([]RowOut, error) {
	of := func(c *call) (store.Import, error) { return c.tx.Import(id) }
	return w.takeRows(ctx, who, rows, of, func(k *rowChunk) error {
		k.batch.Step, k.batch.Done = stepImport, rows[len(rows)-1].Ordinal
		return k.appendBatch(&k.batch, actionImport, k.lines, words("", "rows", len(rows)))
	})
}

// takeRows decides about rows in one transaction, at whose end keep writes what became of them.
func (w *Workflow) takeRows(ctx context.Context, who identity.Principal, rows []RowIn, of func(*call) (store.Import, error),
	keep func(*rowChunk) error,
) ([]RowOut, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	if len(rows) > MostRows {
		return nil, fault.New(fault.Internal, "import.too_many_rows", "most", MostRows)
	}
	plans := w.planRows(rows)
	var out []RowOut
	err := w.write(ctx, who, func(c *call) error {
		batch, err := of(c)
		if err != nil {
			return err
		}
		k, err := c.chunk(batch, rows, plans)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := k.take(i); err != nil {
				return err
			}
		}
		out = k.out
		return keep(k)
	})
	return out, err
}

// rowPlan is a row that was checked outside of the transaction.
type rowPlan struct {
	rowID   string
	draft   *draftPlan
	refusal *Refusal
}

// planRows checks bodies against the schema, on as many processors as there are.
func (w *Workflow) planRows(rows []RowIn) []rowPlan {
	plans := make([]rowPlan, len(rows))
	ordinals := make([]string, len(rows))
	for i := range rows {
		ordinals[i] = strconv.Itoa(i)
	}
	inParallel(ordinals, func(ordinal string) {
		i, _ := strconv.Atoi(ordinal)
		if ready := rows[i].plan; ready != nil && ready.rowID == rows[i].RowID {
			plans[i] = *ready
			return
		}
		plans[i] = w.planRow(rows[i])
	})
	return plans
}

func (w *Workflow) planRow(row RowIn) rowPlan {
	switch {
	case row.Refusal != nil:
		return rowPlan{rowID: row.RowID, refusal: row.Refusal}
	case row.RowID == "":
		return rowPlan{refusal: &Refusal{Reason: reasonNoID}}
	}
	refused := func(column, value, reason string) rowPlan {
		return rowPlan{rowID: row.RowID, refusal: &Refusal{Column: column, Value: value, Reason: reason}}
	}
	handling := row.Handling
	if handling == nil {
		handling = &HandlingIn{Marking: schema.Public}
	}
	plan, err := w.prepareDraft(Draft{Body: row.Body, Handling: handling, flags: row.Flags})
	if err != nil {
		f := fault.Of(err)
		if len(f.Fields) > 0 {
			return refused(f.Fields[0].Pointer, "", f.Fields[0].Code)
		}
		return refused("", "", f.Code)
	}
	if !slices.ContainsFunc(plan.external, func(id incident.ExternalID) bool { return id.Value == row.RowID }) {
		return refused("/identity/external_ids", row.RowID, reasonNotItsOwn)
	}
	return rowPlan{rowID: row.RowID, draft: plan}
}

// rowChunk is the rows of one transaction with everything that is known of them.
type rowChunk struct {
	*call
	batch    store.Import
	rows     []RowIn
	plans    []rowPlan
	earlier  map[int64]store.ImportRow  // rows that this batch took before, by ordinal
	records  map[string]string          // row id → record
	newest   map[string]store.ImportRow // record → the row that made or touched it last
	subjects map[string]*subject        // of the records that change
	seen     map[string]bool            // row ids of this chunk
	out      []RowOut
	lines    []store.ImportRow
}

// chunk decides about the batch, and reads what is known of the rows in a few statements.
func (c *call) chunk(batch store.Import, rows []RowIn, plans []rowPlan) (*rowChunk, error) {
	if batch.Org != c.who.Org {
		return nil, fault.New(fault.NotFound, "import.not_found")
	}
	if err := c.rules.Decide(c.who, actionImport, c.ownFacts()).Fault("import"); err != nil {
		return nil, err
	}
	if batch.State != store.ImportLoading {
		return nil, fault.New(fault.Conflict, "import.finished")
	}
	k := &rowChunk{call: c, batch: batch, rows: rows, plans: plans, earlier: map[int64]store.ImportRow{},
		seen: map[string]bool{}}
	lines, err := c.tx.ImportRows(batch.ID, rows[0].Ordinal-1, len(rows), store.RowFilter{})
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		k.earlier[line.Ordinal] = line
	}
	var ids []string
	for i := range rows {
		if plans[i].draft != nil {
			ids = append(ids, rows[i].RowID)
		}
	}
	if k.records, err = c.tx.RecordsByExternalID(c.who.Org, "source_row", ids); err != nil {
		return nil, err
	}
	known := make([]string, 0, len(k.records))
	for _, record := range k.records {
		known = append(known, record)
	}
	if k.newest, err = c.tx.ImportRowsOf(known); err != nil {
		return nil, err
	}
	return k, k.lockChanging()
}

// lockChanging locks the records whose row says something else than before.
func (k *rowChunk) lockChanging() error {
	var changing []string
	for i := range k.rows {
		if record, ok := k.records[k.rows[i].RowID]; ok && k.plans[i].draft != nil &&
			k.newest[record].BodyHash != k.plans[i].draft.hash && !slices.Contains(changing, record) {
			changing = append(changing, record)
		}
	}
	k.subjects = map[string]*subject{}
	if len(changing) == 0 {
		return nil
	}
	subjects, err := k.call.subjects(changing)
	for _, s := range subjects {
		k.subjects[s.record.ID] = s
	}
	return err
}

// take decides about one row.
func (k *rowChunk) take(i int) error {
	row, plan := k.rows[i], k.plans[i]
	if plan.refusal != nil {
		k.account(row, RowRefused, "", "", plan.refusal)
		return nil
	}
	hash := plan.draft.hash
	if before, ok := k.earlier[row.Ordinal]; ok && before.RowID == row.RowID && before.BodyHash == hash && before.Outcome != RowRefused {
		k.seen[row.RowID] = true
		k.out = append(k.out, RowOut{Ordinal: row.Ordinal, Outcome: before.Outcome, Record: before.Record})
		return nil
	}
	record, known := k.records[row.RowID]
	newest := k.newest[record]
	if k.seen[row.RowID] || known && newest.Import == k.batch.ID && newest.Ordinal != row.Ordinal {
		k.account(row, RowRefused, "", "", &Refusal{Value: row.RowID, Reason: reasonDuplicate})
		return nil
	}
	k.seen[row.RowID] = true
	switch {
	case !known:
		s, err := k.w.createOne(k.call, plan.draft, k.batch.ID)
		if err != nil {
			return k.refuse(row, err)
		}
		k.account(row, RowCreated, s.record.ID, hash, nil)
		return nil
	case newest.BodyHash == hash:
		k.account(row, RowUnchanged, record, hash, nil)
		return nil
	}
	reason, err := k.update(k.subjects[record], plan.draft, newest)
	switch {
	case err != nil:
		return k.refuse(row, err)
	case reason != "":
		k.account(row, RowRefused, "", "", &Refusal{Value: row.RowID, Reason: reason})
	default:
		k.account(row, RowUpdated, record, hash, nil)
	}
	return nil
}

// refuse accounts for a row that a rule refused; other errors end the transaction.
func (k *rowChunk) refuse(row RowIn, err error) error {
	refused := fault.Of(err)
	if !ofOneRecord(refused) {
		return err
	}
	k.account(row, RowRefused, "", "", &Refusal{Value: row.RowID, Reason: refused.Code})
	return nil
}

// ofOneRecord tells the refusals that are about one record, after which the others go on.
func ofOneRecord(f *fault.Fault) bool {
	switch f.Kind {
	case fault.Forbidden, fault.NotFound, fault.Conflict, fault.Invalid, fault.Stale:
		return true
	}
	return false
}

func (k *rowChunk) account(row RowIn, outcome, record, hash string, refusal *Refusal) {
	line := store.ImportRow{Import: k.batch.ID, Ordinal: row.Ordinal, File: row.File, Line: row.Line, RowID: row.RowID,
		Outcome: outcome, Record: record, BodyHash: hash}
	if refusal != nil {
		line.Column, line.Value, line.Reason = refusal.Column, refusal.Value, refusal.Reason
	}
	var flags []string
	if outcome == RowCreated || outcome == RowUpdated {
		flags = row.Flags
	}
	k.lines = append(k.lines, line)
	k.out = append(k.out, RowOut{Ordinal: row.Ordinal, Outcome: outcome, Record: record, Refusal: refusal, Flags: flags})
}

// update brings a record to what its row says now. It gives the reason when that cannot be.
func (k *rowChunk) update(s *subject, plan *draftPlan, newest store.ImportRow) (reason string, err error) {
	own := *plan
	own.handling = nil // who may see a record is its owner's decision, once made
	if !s.published {
		return k.updateDraft(s, &own, newest)
	}
	if _, err := s.recordStep(incident.ActionNewVersion); err != nil {
		return reasonClosed, nil
	}
	if s.open && !s.version.State.Editable() && s.version.Class != incident.SituationUpdate {
		return reasonUnderReview, nil
	}
	base, _, err := k.w.startingPoint(k.call, s)
	if err != nil {
		return "", err
	}
	onto := base
	if s.open {
		onto = s.version.Body
	}
	merged, whole, err := mergeRow(onto, plan.parsed, hashOf(onto) == newest.BodyHash)
	if err != nil {
		return "", err
	}
	if string(merged) == string(base) {
		return reasonOnlyRemoves, nil
	}
	own.body = merged
	if !whole {
		own.flags = append(slices.Clone(own.flags), flagMergedByImport)
	}
	if s.open && s.version.State.Editable() {
		return "", k.saveAccounted(s, &own)
	}
	return "", k.w.newVersionOne(k.call, s, &own)
}

// updateDraft brings a record that never was published to what its row says.
func (k *rowChunk) updateDraft(s *subject, plan *draftPlan, newest store.ImportRow) (reason string, err error) {
	switch {
	case s.record.State != incident.Reserved:
		return reasonClosed, nil
	case !s.open:
		return "", k.w.newVersionOne(k.call, s, plan)
	case !s.version.State.Editable():
		return reasonUnderReview, nil
	case hashOf(s.version.Body) != newest.BodyHash:
		return reasonEdited, nil
	}
	return "", k.saveAccounted(s, plan)
}

// saveAccounted saves a draft. Its entry in the ledger is that of the batch.
func (k *rowChunk) saveAccounted(s *subject, plan *draftPlan) error {
	if plan.flags == nil {
		plan.flags = []string{}
	}
	return k.w.saveOne(k.call, s, plan)
}

// FinishImport closes an import and counts its rows: Rows = New + Unchanged + Updated + Refused. Closing it again gives
// the same.
func (w *Workflow) FinishImport(ctx context.Context, who identity.Principal, id string) (store.Import, error) {
	var batch store.Import
	err := w.write(ctx, who, func(c *call) (err error) {
		if batch, err = c.tx.Import(id); err != nil {
			return err
		}
		if batch.Org != c.who.Org {
			return fault.New(fault.NotFound, "import.not_found")
		}
		if err := c.rules.Decide(c.who, actionImport, c.ownFacts()).Fault("import"); err != nil {
			return err
		}
		if batch.State != store.ImportLoading {
			return nil
		}
		if err := c.countRows(&batch); err != nil {
			return err
		}
		batch.State, batch.Step, batch.Done = store.ImportLoaded, "", 0
		return c.appendBatch(&batch, actionImport, nil, words("", "rows", batch.Rows, "created", batch.New,
			"unchanged", batch.Unchanged, "updated", batch.Updated, "refused", batch.Refused))
	})
	return batch, err
}

// eachRow visits all rows of a batch in their order.
func (c *call) eachRow(batch string, visit func(store.ImportRow)) error {
	const page = 1000
	for after := int64(0); ; {
		rows, err := c.tx.ImportRows(batch, after, page, store.RowFilter{})
		if err != nil {
			return err
		}
		for _, row := range rows {
			visit(row)
			after = row.Ordinal
		}
		if len(rows) < page {
			return nil
		}
	}
}

func (c *call) countRows(batch *store.Import) error {
	batch.Rows, batch.New, batch.Unchanged, batch.Updated, batch.Refused = 0, 0, 0, 0, 0
	return c.eachRow(batch.ID, func(row store.ImportRow) {
		batch.Rows++
		switch row.Outcome {
		case RowCreated:
			batch.New++
		case RowUnchanged:
			batch.Unchanged++
		case RowUpdated:
			batch.Updated++
		default:
			batch.Refused++
		}
	})
}

// Imports lists the batches that the asker may read, newest first: those of the own organization, and those that it may
// review or publish.
func (w *Workflow) Imports(ctx context.Context, who identity.Principal, in ImportsIn) (ImportList, error) {
	var list ImportList
	limit := pageSize(in.Limit)
	after, err := placeOf(in.Cursor)
	if err != nil {
		return list, err
	}
	err = w.read(ctx, who, func(c *call) error {
		if c.who.Anonymous() {
			return fault.New(fault.Unauthenticated, "auth.required")
		}
		batches, err := c.tx.Imports("")
		if err != nil {
			return err
		}
		for i, batch := range batches {
			if int64(i) < after || !c.rules.Decide(c.who, actionBatchRead, c.batchFacts(batch)).Allowed {
				continue
			}
			if len(list.Imports) == limit {
				list.Next = strconv.Itoa(i)
				return nil
			}
			list.Imports = append(list.Imports, c.batchHead(batch))
		}
		return nil
	})
	return list, err
}

// ImportRows lists the rows of a batch. Who is not of its organization sees the rows that were submitted, without values
// of the files.
func (w *Workflow) ImportRows(ctx context.Context, who identity.Principal, id string, in RowsIn) (RowList, error) {
	var list RowList
	limit := pageSize(in.Limit)
	after, err := placeOf(in.Cursor)
	if err != nil {
		return list, err
	}
	if in.Outcome != "" && !slices.Contains([]string{RowCreated, RowUnchanged, RowUpdated, RowRefused}, in.Outcome) {
		return list, fault.New(fault.Invalid, "import.outcome", "outcome", in.Outcome)
	}
	err = w.read(ctx, who, func(c *call) error {
		batch, err := c.mayBatch(id, actionBatchRead)
		if err != nil {
			return err
		}
		for len(list.Rows) < limit {
			rows, err := c.tx.ImportRows(id, after, limit+1, store.RowFilter{Outcome: in.Outcome})
			if err != nil {
				return err
			}
			for _, row := range rows {
				if len(list.Rows) == limit {
					list.Next = strconv.FormatInt(after, 10)
					return nil
				}
				after = row.Ordinal
				if c.who.Org != batch.Org {
					if row.Step == "" || row.Step == stepUndo {
						continue
					}
					row.Column, row.Value, row.BodyHash = "", "", ""
				}
				list.Rows = append(list.Rows, row)
			}
			if len(rows) <= limit {
				return nil
			}
		}
		list.Next = strconv.FormatInt(after, 10)
		return nil
	})
	return list, err
}

func pageSize(limit int) int {
	const usual, most = 50, 200
	if limit <= 0 {
		return usual
	}
	return min(limit, most)
}

// placeOf reads a cursor that is a number.
func placeOf(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "cursor.invalid")
	}
	return n, nil
}

// batchFacts are the facts about a batch.
func (c *call) batchFacts(batch store.Import) policies.Facts {
	f := policies.Facts{Owner: batch.Org, VersionState: policies.BatchState(string(batch.State)),
		Authors:        []string{batch.Person},
		OwnerSuspended: c.orgs[batch.Org].Status != "" && c.orgs[batch.Org].Status != identity.Active}
	if batch.Reviewer != "" {
		f.Assignments = []incident.Assignment{{Person: batch.Reviewer, Org: batch.ReviewOrg, Duty: incident.ReviewDuty}}
	}
	return f
}

// mayBatch reads a batch and decides about it: NotFound import.not_found or Forbidden.
func (c *call) mayBatch(id, action string) (store.Import, error) {
	batch, err := c.tx.Import(id)
	if err != nil {
		return store.Import{}, err
	}
	return batch, c.rules.Decide(c.who, action, c.batchFacts(batch)).Fault("import")
}

// parseBody reads a body; it was valid when it was kept.
func parseBody(data []byte) (incident.Body, error) {
	var body incident.Body
	if err := json.Unmarshal(data, &body); err != nil {
		return body, unreadable(err)
	}
	return body, nil
}
