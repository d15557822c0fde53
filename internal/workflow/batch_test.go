package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/incident"
	"bioincident/internal/store"
	"bioincident/internal/testkit"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// row is a row of an invented source: a report with its id and a number of cases.
func (w *world) row(ordinal int, cases int64, edit func(map[string]any)) workflow.RowIn {
	w.t.Helper()
	id := fmt.Sprintf("R-%03d", ordinal)
	body := document(w.t, func(doc map[string]any) {
		doc["identity"] = map[string]any{"unit": "report",
			"collection":   map[string]any{"name": "Invented reports", "licence": "cc0_1_0"},
			"external_ids": []any{map[string]any{"id": "x1", "scheme": "source_row", "value": id}}}
		doc["impact"] = map[string]any{"counts": []any{map[string]any{"id": "total", "measure": "total_reported",
			"basis": "cumulative", "low": cases, "high": cases, "qualifier": "exact", "as_of": "2020-06-01"}}}
		doc["cause"] = map[string]any{"not_assessed": true}
		if edit != nil {
			edit(doc)
		}
	})
	return workflow.RowIn{Ordinal: int64(ordinal), File: "reports.csv", Line: int64(ordinal + 1), RowID: id, Body: body}
}

func (w *world) rows(n int, edit func(i int, doc map[string]any)) []workflow.RowIn {
	w.t.Helper()
	rows := make([]workflow.RowIn, n)
	for i := range rows {
		rows[i] = w.row(i+1, int64(i+1), func(doc map[string]any) {
			if edit != nil {
				edit(i+1, doc)
			}
		})
	}
	return rows
}

func importAs(t testing.TB, flow *workflow.Workflow, who identity.Principal, rows []workflow.RowIn) store.Import {
	t.Helper()
	ctx := context.Background()
	batch, err := flow.BeginImport(ctx, who, workflow.ImportIn{Profile: "invented", Files: []string{"reports.csv"}})
	if err != nil {
		t.Fatal(err)
	}
	for chunk := range slices.Chunk(rows, workflow.MostRows) {
		if _, err := flow.ImportChunk(ctx, who, batch.ID, chunk); err != nil {
			t.Fatal(err)
		}
	}
	batch, err = flow.FinishImport(ctx, who, batch.ID)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func (w *world) imported(rows []workflow.RowIn) store.Import {
	w.t.Helper()
	return importAs(w.t, w.flow, w.as("ana@north"), rows)
}

// counts demands the summary of an import, and that it adds up.
func (w *world) counts(batch store.Import, created, unchanged, updated, refused int64) {
	w.t.Helper()
	got := [4]int64{batch.New, batch.Unchanged, batch.Updated, batch.Refused}
	if got != [4]int64{created, unchanged, updated, refused} || batch.Rows != created+unchanged+updated+refused {
		w.t.Fatalf("created, unchanged, updated, refused %v of %d", got, batch.Rows)
	}
}

func (w *world) lines(id, outcome string) []store.ImportRow {
	w.t.Helper()
	list, err := w.flow.ImportRows(w.ctx, w.as("ana@north"), id, workflow.RowsIn{Outcome: outcome, Limit: 200})
	w.ok(err)
	return list.Rows
}

func TestImportTwiceChangesNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		rows := w.rows(120, nil)
		rows[3].Body, rows[3].Refusal = nil, &workflow.Refusal{Column: "Cases", Value: "5/day", Reason: "quantity.rate"}
		rows[7].RowID = ""
		rows[9].Body = []byte(`{"identity":{"unit":"rumour"}}`)
		first := w.imported(rows)
		w.counts(first, 117, 0, 0, 3)
		refused := w.lines(first.ID, workflow.RowRefused)
		want := []string{"5 Cases 5/day quantity.rate", "9   import.row_id_missing", "11 /identity/unit  schema.vocabulary"}
		var got []string
		for _, r := range refused {
			got = append(got, fmt.Sprintf("%d %s %s %s", r.Line, r.Column, r.Value, r.Reason))
		}
		if !slices.Equal(got, want) {
			w.t.Errorf("refused %q", got)
		}
		w.counts(w.imported(rows), 0, 117, 0, 3)
		record := w.lines(first.ID, workflow.RowCreated)[0].Record
		w.inState(record, incident.Reserved, incident.Draft)
		working, err := w.flow.Working(w.ctx, w.as("ana@north"), record)
		w.ok(err)
		if working.Version.N != 1 || working.Record.Handling.Marking != schema.Public || working.Record.Batch != first.ID {
			w.t.Errorf("%+v", working.Record)
		}
	})
}

func TestInterruptedImportGoesOn(t *testing.T) {
	eachWorld(t, func(w *world) {
		rows, ana := w.rows(150, nil), w.as("ana@north")
		in := workflow.ImportIn{Profile: "invented", Files: []string{"reports.csv"}}
		begun, err := w.flow.BeginImport(w.ctx, ana, in)
		w.ok(err)
		_, err = w.flow.ImportChunk(w.ctx, ana, begun.ID, rows[:workflow.MostRows])
		w.ok(err)
		other, err := w.flow.BeginImport(w.ctx, ana, workflow.ImportIn{Profile: "invented", Files: []string{"others.csv"}})
		w.ok(err)
		if other.ID == begun.ID {
			w.t.Fatal("an import of other files goes on with this one")
		}
		again := w.imported(rows)
		if again.ID != begun.ID {
			w.t.Fatalf("%s is not %s", again.ID, begun.ID)
		}
		w.counts(again, 150, 0, 0, 0)
		if _, err := w.flow.ImportChunk(w.ctx, ana, begun.ID, rows[:1]); fault.Of(err).Code != "import.finished" {
			w.t.Errorf("%v", err)
		}
		if _, err := w.flow.ImportChunk(w.ctx, w.as("eva@east"), other.ID, rows[:1]); !fault.Is(err, fault.NotFound) {
			w.t.Errorf("another organization writes into the batch: %v", err)
		}
	})
}

func TestRowTwiceInOneImport(t *testing.T) {
	eachWorld(t, func(w *world) {
		rows := w.rows(110, nil)
		again, far := rows[0], rows[1]
		again.Ordinal, again.Line = 111, 112
		far.Ordinal, far.Line = 112, 113
		rows[1].Ordinal = 2
		batch := w.imported(append(rows, again, again, far))
		w.counts(batch, 110, 0, 0, 2)
		for _, r := range w.lines(batch.ID, workflow.RowRefused) {
			if r.Reason != "import.duplicate_row" {
				w.t.Errorf("%+v", r)
			}
		}
	})
}

func TestChangedRow(t *testing.T) {
	eachWorld(t, func(w *world) {
		rows := w.rows(6, nil)
		first := w.imported(rows)
		created := w.lines(first.ID, workflow.RowCreated)

		// An untouched draft is replaced; one that people changed is not.
		byHand := created[1].Record
		working, err := w.flow.Working(w.ctx, w.as("ana@north"), byHand)
		w.ok(err)
		edited := w.row(2, 2, func(doc map[string]any) { doc["time"] = map[string]any{"onset": "2020-04"} })
		_, err = w.flow.Save(w.ctx, w.as("ana@north"), byHand, working.Revision, workflow.Draft{Body: edited.Body})
		w.ok(err)
		// One is being reviewed.
		working, err = w.flow.Working(w.ctx, w.as("fay@north"), created[2].Record)
		w.ok(err)
		_, err = w.flow.Submit(w.ctx, w.as("fay@north"), created[2].Record, working.Revision, "")
		w.ok(err)

		rows = w.rows(6, nil)
		for i := range 3 {
			rows[i] = w.row(i+1, int64(i+100), nil)
		}
		second := w.imported(rows)
		w.counts(second, 0, 3, 1, 2)
		var reasons []string
		for _, r := range w.lines(second.ID, workflow.RowRefused) {
			reasons = append(reasons, r.Reason)
		}
		if !slices.Equal(reasons, []string{"import.edited_by_hand", "import.under_review"}) {
			w.t.Errorf("reasons %v", reasons)
		}
		w.counts(w.imported(rows), 0, 4, 0, 2)
		if body := w.body(created[0].Record); len(body.Impact.Counts) != 1 || *body.Impact.Counts[0].Low != 100 {
			w.t.Errorf("the draft is not replaced: %+v", body.Impact.Counts)
		}
	})
}

func (w *world) body(id string) incident.Body {
	w.t.Helper()
	working, err := w.flow.Working(w.ctx, w.as("ana@north"), id)
	w.ok(err)
	body, err := workflow.ParseBodyForTest(working.Body)
	w.ok(err)
	return body
}

// publishedBatch takes a batch the whole way.
func (w *world) publishedBatch(rows []workflow.RowIn) store.Import {
	w.t.Helper()
	batch := w.imported(rows)
	w.through(batch.ID)
	return batch
}

func (w *world) through(id string) workflow.BatchReport {
	w.t.Helper()
	_, err := w.flow.SubmitBatch(w.ctx, w.as("fay@north"), id, "", nil)
	w.ok(err)
	_, err = w.flow.ClaimBatch(w.ctx, w.as("rex@east"), id, workflow.Declared{}, nil)
	w.ok(err)
	_, err = w.flow.SampleBatch(w.ctx, w.as("rex@east"), id, workflow.SampleIn{All: true, Mapping: true})
	w.ok(err)
	_, err = w.flow.RecommendBatch(w.ctx, w.as("rex@east"), id, workflow.SignBatchIn{Checklist: workflow.Checklist()}, nil)
	w.ok(err)
	report, err := w.flow.PublishBatch(w.ctx, w.as("pia@south"), id, "", nil)
	w.ok(err)
	return report
}

func TestChangedRowOfAPublishedRecordIsASituationUpdate(t *testing.T) {
	eachWorld(t, func(w *world) {
		batch := w.publishedBatch(w.rows(4, nil))
		record := w.lines(batch.ID, workflow.RowCreated)[1].Record
		w.inState(record, incident.Live, "")
		rows := w.rows(4, nil)
		rows[1] = w.row(2, 250, nil)
		second := w.imported(rows)
		w.counts(second, 0, 3, 1, 0)
		working, err := w.flow.Working(w.ctx, w.as("ana@north"), record)
		w.ok(err)
		if working.Version == nil || working.Version.Class != incident.SituationUpdate {
			w.t.Fatalf("version %+v", working.Version)
		}
		counts := w.body(record).Impact.Counts
		newest, ok := incident.Newest(counts, "total_reported", "")
		if len(counts) != 2 || counts[0].ID != "total" || !ok || newest.ID != "total-2" || *newest.Low != 250 {
			w.t.Fatalf("counts %+v", counts)
		}
		w.counts(w.imported(rows), 0, 4, 0, 0)

		// The update goes the way of a batch of its own.
		if report := w.through(second.ID); report.Done != 1 || len(report.Stayed) != 0 {
			w.t.Fatalf("%+v", report)
		}
		view, ok := w.view(schema.Public, record, 2)
		if !ok || !strings.Contains(string(view.Bytes), "total-2") {
			w.t.Errorf("edition 2: %v %s", ok, view.Bytes)
		}
		// And another on top of it, while the one before still waits.
		for _, cases := range []int64{300, 350} {
			rows[1] = w.row(2, cases, nil)
			third := w.imported(rows)
			w.counts(third, 0, 3, 1, 0)
			_, err = w.flow.SubmitBatch(w.ctx, w.as("fay@north"), third.ID, "", nil)
			w.ok(err)
		}
		if newest, _ := incident.Newest(w.body(record).Impact.Counts, "total_reported", ""); *newest.Low != 350 {
			w.t.Errorf("newest %+v", newest)
		}
		// A row that says less than what is published takes nothing back by itself.
		less := w.row(3, 3, func(doc map[string]any) { delete(doc, "impact") })
		rows[1], rows[2] = w.row(2, 350, nil), less
		fourth := w.imported(rows)
		w.counts(fourth, 0, 3, 0, 1)
		if got := w.lines(fourth.ID, workflow.RowRefused)[0].Reason; got != "import.only_removes" {
			w.t.Errorf("reason %s", got)
		}
	})
}

func TestBatchFromDraftToFound(t *testing.T) {
	eachWorld(t, func(w *world) {
		rows := w.rows(130, func(i int, doc map[string]any) {
			summary := func(text string) {
				narrative, _ := doc["narrative"].(map[string]any)
				narrative["summary"] = map[string]any{"source": "en", "en": map[string]any{"text": text}}
			}
			switch i {
			case 5: // an allegation is never published in bulk
				doc["classification"].(map[string]any)["incident_type"] = "allegation_of_use"
			case 6, 7: // flagged by a check
				summary("Call +41 22 000 00 00 for more about this outbreak.")
			case 8: // not ready to submit
				delete(doc, "sources")
				delete(doc, "time")
			}
		})
		rows[8].Flags = []string{"import.date_dropped"}
		batch := w.imported(rows)
		w.counts(batch, 130, 0, 0, 0)
		record := map[int]string{}
		for _, line := range w.lines(batch.ID, workflow.RowCreated) {
			record[int(line.Ordinal)] = line.Record
		}

		// Only the focal point submits, once.
		_, err := w.flow.SubmitBatch(w.ctx, w.as("ana@north"), batch.ID, "", nil)
		w.refused(err, fault.Forbidden, "policy.role")
		_, err = w.flow.ClaimBatch(w.ctx, w.as("rex@east"), batch.ID, workflow.Declared{}, nil)
		w.refused(err, fault.NotFound, "import.not_found")
		var told []int64
		report, err := w.flow.SubmitBatch(w.ctx, w.as("fay@north"), batch.ID, "", func(done, total int64) { told = append(told, done, total) })
		w.ok(err)
		w.report(report, 129, map[string]string{"R-008": "checks.refuse_submit"})
		if len(told) < 4 || told[len(told)-2] != 130 || told[len(told)-1] != 130 {
			w.t.Errorf("progress %v", told)
		}
		var flagged []string
		for _, f := range report.Batch.Flagged {
			flagged = append(flagged, f.RowID)
		}
		if !slices.Equal(flagged, []string{"R-005", "R-006", "R-007", "R-009"}) {
			w.t.Errorf("flagged %v", flagged)
		}
		w.inState(record[1], incident.Reserved, incident.Submitted)
		w.inState(record[8], incident.Reserved, incident.Draft)

		// Another organization takes it in hand; not with an interest, not the owner's own people.
		_, err = w.flow.ClaimBatch(w.ctx, w.as("rex@east"), batch.ID, workflow.Declared{true, false, false}, nil)
		w.refused(err, fault.Invalid, "claim.interest")
		_, err = w.flow.SampleBatch(w.ctx, w.as("rex@east"), batch.ID, workflow.SampleIn{})
		w.refused(err, fault.Forbidden, "policy.not_assigned")
		report, err = w.flow.ClaimBatch(w.ctx, w.as("rex@east"), batch.ID, workflow.Declared{}, nil)
		w.ok(err)
		w.report(report, 129, map[string]string{"R-008": "incident.not_found"})

		// The sample: drawn by the system from what is not flagged, looked at one by one, the mapping once.
		sign := workflow.SignBatchIn{Checklist: workflow.Checklist()}
		_, err = w.flow.RecommendBatch(w.ctx, w.as("rex@east"), batch.ID, sign, nil)
		w.refused(err, fault.Conflict, "batch.no_sample")
		_, err = w.flow.SampleBatch(w.ctx, w.as("rex@east"), batch.ID, workflow.SampleIn{Size: 20})
		w.refused(err, fault.Invalid, "sample.size")
		view, err := w.flow.SampleBatch(w.ctx, w.as("rex@east"), batch.ID, workflow.SampleIn{})
		w.ok(err)
		sample := view.Import.Sample
		if len(sample) != workflow.UsualSample || len(view.Unchecked) != workflow.UsualSample || slices.Contains(sample, record[5]) {
			w.t.Errorf("sample of %d, %d unchecked", len(sample), len(view.Unchecked))
		}
		_, err = w.flow.SampleBatch(w.ctx, w.as("rex@east"), batch.ID, workflow.SampleIn{Check: []string{record[5]}})
		w.refused(err, fault.Invalid, "sample.invalid")
		_, err = w.flow.SampleBatch(w.ctx, w.as("rex@east"), batch.ID, workflow.SampleIn{Check: sample[:9]})
		w.ok(err)
		_, err = w.flow.RecommendBatch(w.ctx, w.as("rex@east"), batch.ID, sign, nil)
		w.refused(err, fault.Conflict, "batch.mapping_unread")
		_, err = w.flow.SampleBatch(w.ctx, w.as("rex@east"), batch.ID, workflow.SampleIn{Mapping: true})
		w.ok(err)
		_, err = w.flow.RecommendBatch(w.ctx, w.as("rex@east"), batch.ID, sign, nil)
		w.refused(err, fault.Conflict, "batch.sample_unchecked")
		view, err = w.flow.SampleBatch(w.ctx, w.as("rex@east"), batch.ID, workflow.SampleIn{All: true})
		w.ok(err)
		if len(view.Unchecked) != 0 || view.MappingBy != "rex@east" {
			w.t.Errorf("%d unchecked, mapping by %q", len(view.Unchecked), view.MappingBy)
		}
		_, err = w.flow.RecommendBatch(w.ctx, w.as("rex@east"), batch.ID, workflow.SignBatchIn{}, nil)
		w.refused(err, fault.Invalid, "recommend.incomplete")

		// A flagged record is recommended by itself, or stays.
		w.recommend("rex@east", record[6])
		report, err = w.flow.RecommendBatch(w.ctx, w.as("rex@east"), batch.ID, sign, nil)
		w.ok(err)
		w.report(report, 126, map[string]string{"R-005": "bulk.allegation", "R-007": "check.telephone", "R-008": "incident.not_found",
			"R-009": "import.date_dropped"})
		w.depths(batch.ID, sample, record)

		// A third person publishes; what may not go in bulk stays.
		_, err = w.flow.PublishBatch(w.ctx, w.as("fay@north"), batch.ID, "", nil)
		w.refused(err, fault.Forbidden, "")
		report, err = w.flow.PublishBatch(w.ctx, w.as("pia@south"), batch.ID, "", nil)
		w.ok(err)
		if report.Done != 126 || len(report.Stayed) != 4 || report.Batch.Import.State != store.ImportPublished {
			w.t.Errorf("done %d, stayed %+v, %s", report.Done, report.Stayed, report.Batch.Import.State)
		}
		for ordinal, state := range map[int]incident.RecordState{1: incident.Live, 6: incident.Live, 5: incident.Reserved, 7: incident.Reserved} {
			if got, _ := w.state(record[ordinal]); got != state {
				w.t.Errorf("row %d: %s", ordinal, got)
			}
		}
		stored, ok := w.view(schema.Public, record[1], 0)
		if !ok || !strings.Contains(string(stored.Codes), "review_depth") {
			w.t.Errorf("%v %s", ok, stored.Codes)
		}

		// What stayed goes its own way.
		w.recommend("rex@east", record[7])
		_, err = w.flow.Publish(w.ctx, w.as("pia@south"), record[7], w.rev(record[7]), "")
		w.ok(err)
		w.inState(record[7], incident.Live, "")
	})
}

// report demands what a step did: how many passed it, and by row why others stayed.
func (w *world) report(got workflow.BatchReport, done int64, stayed map[string]string) {
	w.t.Helper()
	reasons := map[string]string{}
	for _, stay := range got.Stayed {
		reasons[stay.RowID] = stay.Reasons[0].Code
	}
	if got.Done != done || fmt.Sprint(reasons) != fmt.Sprint(stayed) {
		w.t.Fatalf("done %d, stayed %v; want %d, %v", got.Done, reasons, done, stayed)
	}
}

// depths demands that each attestation says how deep the review was.
func (w *world) depths(batch string, sample []string, record map[int]string) {
	w.t.Helper()
	for ordinal, want := range map[int]string{1: "", 6: "individually", 130: ""} {
		id := record[ordinal]
		if want == "" {
			want = "by_sample"
			if slices.Contains(sample, id) {
				want = "individually"
			}
		}
		working, err := w.flow.Working(w.ctx, w.as("fay@north"), id)
		w.ok(err)
		i := slices.IndexFunc(working.Attestations, func(a incident.Attestation) bool { return a.Kind == incident.Recommend })
		if i < 0 {
			w.t.Fatalf("row %d is not recommended", ordinal)
		}
		a := working.Attestations[i]
		noted := slices.Contains(a.Checklist, "sample:59/130")
		if a.Depth != want || noted != (want == "by_sample") || working.Version.State != incident.Reviewed {
			w.t.Errorf("row %d: depth %s, checklist %v, %s", ordinal, a.Depth, a.Checklist, working.Version.State)
		}
	}
}

func TestFaultInTheSampleSendsTheBatchBack(t *testing.T) {
	eachWorld(t, func(w *world) {
		batch := w.imported(w.rows(12, nil))
		fay, rex := w.as("fay@north"), w.as("rex@east")
		_, err := w.flow.SubmitBatch(w.ctx, fay, batch.ID, "", nil)
		w.ok(err)
		_, err = w.flow.ClaimBatch(w.ctx, rex, batch.ID, workflow.Declared{}, nil)
		w.ok(err)
		view, err := w.flow.SampleBatch(w.ctx, rex, batch.ID, workflow.SampleIn{})
		w.ok(err)
		if len(view.Import.Sample) != 12 {
			w.t.Fatalf("a sample of %d", len(view.Import.Sample))
		}
		view, err = w.flow.SampleBatch(w.ctx, rex, batch.ID, workflow.SampleIn{Fault: view.Import.Sample[4], Note: "The dates are of another report."})
		w.ok(err)
		record := w.lines(batch.ID, workflow.RowCreated)[0].Record
		if view.Import.State != store.ImportReturned || len(view.Import.Sample) != 0 {
			w.t.Errorf("%+v", view.Import)
		}
		w.inState(record, incident.Reserved, incident.ChangesRequested)

		// Mended and sent again, it comes back into the same hands, with a new sample.
		report, err := w.flow.SubmitBatch(w.ctx, fay, batch.ID, "", nil)
		w.ok(err)
		if report.Done != 12 || report.Batch.Import.State != store.ImportInReview {
			w.t.Fatalf("%+v", report)
		}
		w.inState(record, incident.Reserved, incident.InReview)
		_, err = w.flow.SampleBatch(w.ctx, rex, batch.ID, workflow.SampleIn{All: true, Mapping: true})
		w.ok(err)
		report, err = w.flow.RecommendBatch(w.ctx, rex, batch.ID, workflow.SignBatchIn{Checklist: workflow.Checklist()}, nil)
		w.ok(err)
		w.report(report, 12, map[string]string{})

		// A publisher hands it back to the reviewer.
		report, err = w.flow.ReturnBatch(w.ctx, w.as("pia@south"), batch.ID, "", nil)
		w.ok(err)
		w.report(report, 12, map[string]string{})
		w.inState(record, incident.Reserved, incident.InReview)
		if report.Batch.Import.State != store.ImportInReview {
			w.t.Errorf("%s", report.Batch.Import.State)
		}
	})
}

func TestTwoOrganizationsPublishABatchTogether(t *testing.T) {
	eachWorld(t, func(w *world) {
		grants, err := w.flow.Grants(w.ctx, w.as("adam@secretariat"))
		w.ok(err)
		for _, g := range grants {
			if g.Action == identity.GrantPublish {
				_, err := w.flow.RevokeGrant(w.ctx, operator, g.ID)
				w.ok(err)
			}
		}
		w.grant(workflow.GrantIn{Org: "south", Action: identity.GrantPublish, Scope: identity.Scope{Areas: []string{"FRA"}}})
		w.grant(workflow.GrantIn{Org: "centre", Action: identity.GrantPublish, Scope: identity.Scope{Areas: []string{"DEU"}}})
		batch := w.imported(w.rows(3, func(i int, doc map[string]any) {
			if i == 2 {
				doc["place"] = map[string]any{"areas": []any{map[string]any{"id": "p1", "area": "FRA", "role": "occurrence"},
					map[string]any{"id": "p2", "area": "DEU", "role": "occurrence"}}}
			}
		}))
		report := w.through(batch.ID)
		w.report(report, 2, map[string]string{"R-002": "batch.waits_for_publisher"})
		if report.Batch.Import.State != store.ImportRecommended {
			w.t.Errorf("%s", report.Batch.Import.State)
		}
		report, err = w.flow.PublishBatch(w.ctx, w.as("cam@centre"), batch.ID, "", nil)
		w.ok(err)
		w.report(report, 3, map[string]string{})
		w.inState(w.lines(batch.ID, workflow.RowCreated)[1].Record, incident.Live, "")
	})
}

func TestBulkStepGoesOnAfterAnInterruption(t *testing.T) {
	eachWorld(t, func(w *world) {
		batch := w.imported(w.rows(220, nil))
		ctx, cancel := context.WithCancel(w.ctx)
		defer cancel()
		_, err := w.flow.SubmitBatch(ctx, w.as("fay@north"), batch.ID, "", func(done, _ int64) {
			if done > 0 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) && !fault.Is(err, fault.Unavailable) {
			w.t.Fatalf("%v", err)
		}
		view, err := w.flow.Import(w.ctx, w.as("ana@north"), batch.ID)
		w.ok(err)
		if view.Import.State != store.ImportLoaded || view.Import.Step != "submit" || view.Import.Done == 0 || view.Import.Done == 220 {
			w.t.Fatalf("%+v", view.Import)
		}
		report, err := w.flow.SubmitBatch(w.ctx, w.as("fay@north"), batch.ID, "", nil)
		w.ok(err)
		w.report(report, 220, map[string]string{})
	})
}

func TestWhatOthersSeeOfABatch(t *testing.T) {
	eachWorld(t, func(w *world) {
		rows := w.rows(5, nil)
		rows[1].Body, rows[1].Refusal = nil, &workflow.Refusal{Column: "Cases", Value: "a secret", Reason: "quantity.not_a_number"}
		batch := w.imported(rows)
		for _, who := range []string{"rex@east", "pia@south", "lea@west"} {
			if _, err := w.flow.Import(w.ctx, w.as(who), batch.ID); !fault.Is(err, fault.NotFound) {
				w.t.Errorf("%s: %v", who, err)
			}
		}
		_, err := w.flow.Import(w.ctx, w.as("ana@north"), "nosuch")
		w.refused(err, fault.NotFound, "import.not_found")
		_, err = w.flow.SubmitBatch(w.ctx, w.as("fay@north"), batch.ID, "", nil)
		w.ok(err)
		list, err := w.flow.ImportRows(w.ctx, w.as("rex@east"), batch.ID, workflow.RowsIn{})
		w.ok(err)
		if len(list.Rows) != 4 || slices.ContainsFunc(list.Rows, func(r store.ImportRow) bool { return r.Value != "" }) {
			w.t.Errorf("%+v", list.Rows)
		}
		for who, want := range map[string]int{"ana@north": 1, "rex@east": 1, "lea@west": 0} {
			list, err := w.flow.Imports(w.ctx, w.as(who), workflow.ImportsIn{})
			w.ok(err)
			if len(list.Imports) != want {
				w.t.Errorf("%s sees %d imports", who, len(list.Imports))
			}
		}
		first, err := w.flow.ImportRows(w.ctx, w.as("ana@north"), batch.ID, workflow.RowsIn{Limit: 2})
		w.ok(err)
		rest, err := w.flow.ImportRows(w.ctx, w.as("ana@north"), batch.ID, workflow.RowsIn{Limit: 200, Cursor: first.Next})
		w.ok(err)
		if len(first.Rows) != 2 || len(rest.Rows) != 3 || rest.Next != "" {
			w.t.Errorf("%d and %d rows, next %q", len(first.Rows), len(rest.Rows), rest.Next)
		}
		_, err = w.flow.ImportRows(w.ctx, w.as("ana@north"), batch.ID, workflow.RowsIn{Cursor: "x"})
		w.refused(err, fault.Invalid, "cursor.invalid")
	})
}

func TestRepeatedImportRequestIsOneImport(t *testing.T) {
	eachWorld(t, func(w *world) {
		in := workflow.ImportIn{Profile: "invented", Files: []string{"a.csv"}, Key: "k1"}
		first, err := w.flow.BeginImport(w.ctx, w.as("ana@north"), in)
		w.ok(err)
		_, err = w.flow.FinishImport(w.ctx, w.as("ana@north"), first.ID)
		w.ok(err)
		again, err := w.flow.BeginImport(w.ctx, w.as("ana@north"), in)
		w.ok(err)
		if again.ID != first.ID {
			w.t.Errorf("%s is not %s", again.ID, first.ID)
		}
		for _, in := range []workflow.ImportIn{{Profile: "invented"}, {Files: []string{"a.csv"}}} {
			_, err := w.flow.BeginImport(w.ctx, w.as("ana@north"), in)
			w.refused(err, fault.Invalid, "import.no_file")
		}
		_, err = w.flow.BeginImport(w.ctx, w.as("rex@east"), in)
		w.refused(err, fault.Forbidden, "policy.role")
		_, err = w.flow.BeginImport(w.ctx, identity.Principal{}, in)
		w.refused(err, fault.Unauthenticated, "auth.required")
	})
}

func databases() map[string]func(testing.TB) testkit.Database {
	return map[string]func(testing.TB) testkit.Database{store.SQLite: testkit.SQLite, store.Postgres: testkit.Postgres}
}

func emptyWorld(b *testing.B, database func(testing.TB) testkit.Database) *world {
	b.Helper()
	d, clock := database(b), testkit.NewClock()
	d.Options.Clock = clock.Now
	return newWorld(b, d.Open(b), clock)
}

func BenchmarkImport(b *testing.B) {
	for name, database := range databases() {
		b.Run(name, func(b *testing.B) {
			w := emptyWorld(b, database)
			rows := w.rows(max(b.N, workflow.MostRows), nil)
			b.ResetTimer()
			importAs(b, w.flow, w.as("ana@north"), rows)
			b.ReportMetric(float64(len(rows))/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkPublishBatch(b *testing.B) {
	for name, database := range databases() {
		b.Run(name, func(b *testing.B) {
			w := emptyWorld(b, database)
			rows := w.rows(max(b.N, 3*workflow.MostRows), nil)
			id := w.imported(rows).ID
			_, err := w.flow.SubmitBatch(w.ctx, w.as("fay@north"), id, "", nil)
			w.ok(err)
			_, err = w.flow.ClaimBatch(w.ctx, w.as("rex@east"), id, workflow.Declared{}, nil)
			w.ok(err)
			_, err = w.flow.SampleBatch(w.ctx, w.as("rex@east"), id, workflow.SampleIn{All: true, Mapping: true})
			w.ok(err)
			_, err = w.flow.RecommendBatch(w.ctx, w.as("rex@east"), id, workflow.SignBatchIn{Checklist: workflow.Checklist()}, nil)
			w.ok(err)
			b.ResetTimer()
			report, err := w.flow.PublishBatch(w.ctx, w.as("pia@south"), id, "", nil)
			w.ok(err)
			b.StopTimer()
			if report.Done != int64(len(rows)) {
				b.Fatalf("%d of %d", report.Done, len(rows))
			}
			b.ReportMetric(float64(len(rows))/b.Elapsed().Seconds(), "records/s")
		})
	}
}
