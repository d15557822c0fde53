package workflow

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/policies"
)

// The steps of a batch, as its rows remember them.
const (
	stepImport    = "import"
	stepSubmit    = "submit"
	stepClaim     = "claim"
	stepRecommend = "recommend"
	stepReturn    = "return"
	stepPublish   = "publish"
	stepUndo      = "undo"
)

// UsualSample is how many records of a batch are looked at one by one: where none of 59 has a fault, fewer than one in
// twenty of all has, with 95 per cent confidence.
const UsualSample = 59

// mostSample bounds what one person is asked to look at.
const mostSample = 2000

// SampleIn draws the sample of a batch, or says what was found in it.
type SampleIn struct {
	Size    int      // of the sample to draw, when there is none yet; 0 is UsualSample
	Check   []string // record ids of the sample in which no fault was found
	All     bool     // the whole sample was looked at without finding a fault
	Mapping bool     // the mapping of columns and values was reviewed
	Fault   string   // record id of the sample in which a fault was found: the batch goes back
	Note    string
}

// SignBatchIn is a reviewer's signature under a batch.
type SignBatchIn struct {
	Checklist []string // all of Checklist()
	Note      string
}

// SubmitBatch submits every draft of a batch: the focal point's consent to each of them. A draft that the checks refuse
// stays. It can be interrupted and goes on where it stopped; so can all steps.
func (w *Workflow) SubmitBatch(ctx context.Context, who identity.Principal, id, note string, progress Progress) (BatchReport, error) {
	b := &bulk{w: w, ctx: ctx, who: who, id: id, step: stepSubmit, action: actionBatchSubmit, progress: progress}
	b.plan = func(rows []store.ImportRow) (any, error) { return w.planSubmits(ctx, who, recordsOf(rows)) }
	b.one = func(c *call, on bulkOn) ([]policies.Reason, error) {
		s, batch := on.s, on.batch
		planned, ok := on.plans.(map[string]plannedSubmit)[s.record.ID]
		switch {
		case !ok:
			return []policies.Reason{{Code: "batch.nothing_to_submit"}}, nil
		case planned.err != nil:
			return nil, planned.err
		}
		s.terms = planned.plan.terms
		if err := w.submitOne(c, s, planned.plan, note); err != nil {
			return nil, err
		}
		batch.Flagged = slices.DeleteFunc(batch.Flagged, func(record string) bool { return record == s.record.ID })
		if len(flagsToSee(s.version)) > 0 {
			batch.Flagged = append(batch.Flagged, s.record.ID)
		}
		return nil, nil
	}
	b.done = func(_ *call, batch *store.Import, report *BatchReport) error {
		if report.Done == 0 {
			return nil
		}
		batch.State = store.ImportSubmitted
		batch.Sample, batch.Checked, batch.Seed, batch.MappingBy = nil, nil, nil, ""
		if batch.Reviewer != "" { // whoever had it in hand keeps it from round to round, as with a single record
			batch.State = store.ImportInReview
		}
		return nil
	}
	return b.run()
}

// plannedSubmit is what submitting a draft comes to, or why it cannot be.
type plannedSubmit struct {
	plan submitPlan
	err  error
}

// planSubmits computes what submitting some drafts comes to, on as many processors as there are. A record without an
// editable version has no plan.
func (w *Workflow) planSubmits(ctx context.Context, who identity.Principal, ids []string) (map[string]plannedSubmit, error) {
	type input struct {
		version  incident.Version
		before   incident.Content
		base     []byte
		handling incident.Handling
	}
	inputs := map[string]input{}
	err := w.read(ctx, who, func(c *call) error {
		clear(inputs)
		records, err := c.tx.Records(ids)
		if err != nil {
			return err
		}
		open, err := c.tx.OpenVersions(ids)
		if err != nil {
			return err
		}
		for id, v := range open {
			if !v.State.Editable() {
				continue
			}
			before, base, err := w.bodiesBefore(c.tx, id, v)
			if err != nil {
				return err
			}
			inputs[id] = input{v, before, base, records[id].Handling}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	plans := make(map[string]plannedSubmit, len(inputs))
	var lock sync.Mutex
	inParallel(ids, func(id string) {
		in, ok := inputs[id]
		if !ok {
			return
		}
		plan, err := w.planSubmit(in.version, in.before, in.base, in.handling)
		lock.Lock()
		defer lock.Unlock()
		plans[id] = plannedSubmit{plan, err}
	})
	return plans, nil
}

// ClaimBatch takes every submitted record of a batch in hand for review. Who declares an interest does not review.
func (w *Workflow) ClaimBatch(ctx context.Context, who identity.Principal, id string, interests Declared, progress Progress) (BatchReport, error) {
	if interests != (Declared{}) {
		if _, err := w.Import(ctx, who, id); err != nil { // who may not know of the batch learns nothing
			return BatchReport{}, err
		}
		return BatchReport{}, fault.New(fault.Invalid, "claim.interest")
	}
	b := &bulk{w: w, ctx: ctx, who: who, id: id, step: stepClaim, action: actionBatchClaim, progress: progress}
	b.one = func(c *call, on bulkOn) ([]policies.Reason, error) {
		s := on.s
		if s.open && slices.ContainsFunc(s.inHand(), func(a incident.Assignment) bool {
			return a.Person == c.who.Person && a.Org == c.who.Org && a.Duty == incident.ReviewDuty
		}) {
			return nil, nil // in the same hands already
		}
		return nil, w.claimOne(c, s, Declared{})
	}
	b.done = func(c *call, batch *store.Import, report *BatchReport) error {
		if report.Done > 0 {
			batch.State, batch.Reviewer, batch.ReviewOrg = store.ImportInReview, c.who.Person, c.who.Org
		}
		return nil
	}
	return b.run()
}

// SampleBatch draws the sample of a batch when there is none, says which of its records were looked at without fault and
// that the mapping was reviewed, or that a fault was found: then the batch goes back to its owner. The sample is drawn
// from the records that may go in bulk; the flagged ones are looked at one by one anyway.
func (w *Workflow) SampleBatch(ctx context.Context, who identity.Principal, id string, in SampleIn) (BatchView, error) {
	var view BatchView
	err := w.write(ctx, who, func(c *call) error {
		action := actionBatchSample
		if len(in.Check) > 0 || in.All || in.Mapping || in.Fault != "" {
			action = actionBatchCheck
		}
		batch, err := c.mayBatch(id, action)
		if err != nil {
			return err
		}
		if batch.State == store.ImportInReview {
			if err := c.drawSample(&batch, in.Size); err != nil {
				return err
			}
			batch.State = store.ImportSampled
		}
		if err := c.noteChecked(&batch, in); err != nil {
			return err
		}
		details := words(in.Note, "size", len(batch.Sample), "checked", len(batch.Checked), "mapping", in.Mapping, "fault", in.Fault)
		if err := c.appendBatch(&batch, action, nil, details); err != nil {
			return err
		}
		view, err = c.batchView(batch)
		return err
	})
	if err != nil || in.Fault == "" {
		return view, err
	}
	report, err := w.ReturnBatch(ctx, who, id, in.Note, nil)
	return report.Batch, err
}

// drawSample draws records by a seed from the random source, which is kept, so that the draw can be repeated.
func (c *call) drawSample(batch *store.Import, size int) error {
	var pool []string
	err := c.eachRow(batch.ID, func(row store.ImportRow) {
		if row.Step == stepClaim && !slices.Contains(batch.Flagged, row.Record) {
			pool = append(pool, row.Record)
		}
	})
	if err != nil {
		return err
	}
	least := min(UsualSample, len(pool))
	if size == 0 {
		size = least
	}
	if size < least || size > mostSample {
		return fault.New(fault.Invalid, "sample.size", "least", least, "most", mostSample).At("/size", "sample.size",
			"least", least, "most", mostSample)
	}
	if batch.Seed, err = c.w.draw(32); err != nil {
		return err
	}
	batch.Sample, batch.Checked = drawn(pool, min(size, len(pool)), batch.Seed), nil
	return nil
}

// drawn gives n of the records, each equally likely, in the order of the rows.
func drawn(pool []string, n int, seed []byte) []string {
	order := rand.New(rand.NewChaCha8([32]byte(seed))).Perm(len(pool))[:n]
	slices.Sort(order)
	sample := make([]string, n)
	for i, at := range order {
		sample[i] = pool[at]
	}
	return sample
}

// noteChecked keeps what a person says to have looked at.
func (c *call) noteChecked(batch *store.Import, in SampleIn) error {
	checked := in.Check
	if in.All {
		checked = batch.Sample
	}
	invalid := fault.New(fault.Invalid, "sample.invalid")
	for i, record := range in.Check {
		if !slices.Contains(batch.Sample, record) {
			invalid.At("/check/"+strconv.Itoa(i), "sample.not_in_sample", "id", record)
		}
	}
	if in.Fault != "" && !slices.Contains(batch.Sample, in.Fault) {
		invalid.At("/fault", "sample.not_in_sample", "id", in.Fault)
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	for _, record := range checked {
		if record != in.Fault && !slices.Contains(batch.Checked, record) {
			batch.Checked = append(batch.Checked, record)
		}
	}
	if in.Mapping {
		batch.MappingBy = c.who.Person
	}
	return nil
}

// RecommendBatch recommends the records of a batch, whose mapping was reviewed and whose sample was looked at without
// fault: those of the sample as looked at individually, the others by sample. What is flagged stays unless a person
// recommended it by itself. Each attestation says how deep the review was, and out of how many the sample was drawn.
func (w *Workflow) RecommendBatch(ctx context.Context, who identity.Principal, id string, in SignBatchIn, progress Progress) (BatchReport, error) {
	if err := w.readyToRecommend(ctx, who, id, in); err != nil {
		return BatchReport{}, err
	}
	b := &bulk{w: w, ctx: ctx, who: who, id: id, step: stepRecommend, action: actionBatchRecommend, progress: progress}
	b.plan = func(rows []store.ImportRow) (any, error) { return w.findingsOf(ctx, who, recordsOf(rows)) }
	b.one = func(c *call, on bulkOn) ([]policies.Reason, error) {
		s, batch, findings := on.s, on.batch, on.plans.(map[string][]incident.Finding)
		if s.open && recommendedByHand(s) {
			return nil, nil
		}
		if reasons := bars(s.version); s.open && len(reasons) > 0 {
			return reasons, nil
		}
		sign := signIn{checklist: in.Checklist, depth: depthBySample, note: in.Note, sample: sampleNote(batch)}
		if slices.Contains(batch.Checked, s.record.ID) {
			sign.depth, sign.sample = depthIndividually, ""
		}
		found, ok := findings[s.version.ContentHash]
		if !ok && s.open && s.version.ContentHash != "" {
			return nil, fault.New(fault.Stale, "record.stale")
		}
		return nil, w.recommendOne(c, s, found, sign)
	}
	b.done = func(_ *call, batch *store.Import, report *BatchReport) error {
		if report.Done > 0 {
			batch.State = store.ImportRecommended
		}
		return nil
	}
	return b.run()
}

// readyToRecommend demands what comes before the signature under a batch.
func (w *Workflow) readyToRecommend(ctx context.Context, who identity.Principal, id string, in SignBatchIn) error {
	return w.read(ctx, who, func(c *call) error {
		batch, err := c.mayBatch(id, actionBatchRecommend)
		if err != nil {
			return err
		}
		if err := signedInFull(nil, signIn{checklist: in.Checklist}); err != nil {
			return err
		}
		switch left := len(batch.Sample) - len(batch.Checked); {
		case batch.State != store.ImportSampled:
			return fault.New(fault.Conflict, "batch.no_sample")
		case batch.MappingBy == "":
			return fault.New(fault.Conflict, "batch.mapping_unread")
		case left > 0:
			return fault.New(fault.Conflict, "batch.sample_unchecked", "left", left)
		}
		return nil
	})
}

// recommendedByHand tells whether a person recommended a version by itself already.
func recommendedByHand(s *subject) bool {
	return slices.ContainsFunc(s.attestations, func(a incident.Attestation) bool {
		return a.Kind == incident.Recommend && a.Voided == 0 && a.ContentHash == s.version.ContentHash
	})
}

// sampleNote says what the sample of a batch was: "59/2351".
func sampleNote(batch *store.Import) string {
	return strconv.Itoa(len(batch.Sample)) + "/" + strconv.FormatInt(batch.New+batch.Updated, 10)
}

// findingsOf runs the checks for publishing over submitted contents, by their hashes.
func (w *Workflow) findingsOf(ctx context.Context, who identity.Principal, ids []string) (map[string][]incident.Finding, error) {
	contents := map[string]incident.Content{}
	err := w.read(ctx, who, func(c *call) error {
		open, err := c.tx.OpenHeads(ids)
		if err != nil {
			return err
		}
		hashes := make([]string, 0, len(open))
		for _, v := range open {
			if v.ContentHash != "" {
				hashes = append(hashes, v.ContentHash)
			}
		}
		contents, err = c.tx.Contents(hashes)
		return err
	})
	if err != nil {
		return nil, err
	}
	hashes := make([]string, 0, len(contents))
	for hash := range contents {
		hashes = append(hashes, hash)
	}
	found := make(map[string][]incident.Finding, len(contents))
	var lock sync.Mutex
	var failed error
	inParallel(hashes, func(hash string) {
		findings, err := w.publishFindings(contents[hash])
		lock.Lock()
		defer lock.Unlock()
		if err != nil {
			failed = err
		}
		found[hash] = findings
	})
	return found, failed
}

// ReturnBatch hands a batch back: a reviewer to its owner, who may change the drafts and submit them again; a publisher to
// its reviewer.
func (w *Workflow) ReturnBatch(ctx context.Context, who identity.Principal, id, note string, progress Progress) (BatchReport, error) {
	b := &bulk{w: w, ctx: ctx, who: who, id: id, step: stepReturn, action: actionBatchReturn, progress: progress}
	b.one = func(c *call, on bulkOn) ([]policies.Reason, error) {
		if on.batch.State == store.ImportRecommended {
			return nil, w.returnOne(c, on.s, note)
		}
		return nil, w.requestChangesOne(c, on.s, note)
	}
	b.done = func(_ *call, batch *store.Import, _ *BatchReport) error {
		if batch.State == store.ImportRecommended {
			batch.State = store.ImportInReview
		} else {
			batch.State = store.ImportReturned
		}
		batch.Sample, batch.Checked, batch.Seed, batch.MappingBy = nil, nil, nil, ""
		return nil
	}
	return b.run()
}

// PublishBatch publishes the recommended records of a batch, each by its own quorum and grants. What may never go in
// bulk stays for a publisher to decide by itself. The batch is published when no record waits for another publisher.
func (w *Workflow) PublishBatch(ctx context.Context, who identity.Principal, id, note string, progress Progress) (BatchReport, error) {
	b := &bulk{w: w, ctx: ctx, who: who, id: id, step: stepPublish, action: actionBatchPublish, progress: progress}
	b.plan = func(rows []store.ImportRow) (any, error) { return w.planPublishes(ctx, who, recordsOf(rows)) }
	b.one = func(c *call, on bulkOn) ([]policies.Reason, error) {
		s, plans := on.s, on.plans.(map[string]publishPlan)
		switch {
		case !s.open && on.row.Step == stepPublish:
			return nil, nil // by another publisher before
		case s.open && s.version.State == incident.Reviewed && len(bars(s.version)) > 0:
			return bars(s.version), nil
		}
		if err := w.publishOne(c, s, plans[s.record.ID], note); err != nil {
			return nil, err
		}
		if s.version.State != incident.Published {
			return []policies.Reason{{Code: waitsForPublisher}}, nil
		}
		return nil, nil
	}
	b.done = func(_ *call, batch *store.Import, report *BatchReport) error {
		waits := slices.ContainsFunc(report.Stayed, func(s Stay) bool { return s.Reasons[0].Code == waitsForPublisher })
		if report.Done > 0 && !waits {
			batch.State = store.ImportPublished
		}
		return nil
	}
	return b.run()
}

// waitsForPublisher: the approval counts, and one of another organization has to follow.
const waitsForPublisher = "batch.waits_for_publisher"
