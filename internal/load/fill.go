package load

import (
	"context"
	"encoding/json"
	"fmt"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// Filler takes generated records from draft to published by the commands that people take: an import, consent, review as
// a data set, publication, by three persons of three organizations that say what they are.
type Filler struct {
	Workflow *workflow.Workflow
	Auth     *auth.Auth
	Schema   *schema.Schema
	Seed     uint64
	Progress func(step string, done, total int64)
}

// Those through whose hands generated records go.
const (
	author    = "ada@bench-author"
	reviewer  = "rex@bench-review"
	publisher = "pat@bench-publish"
)

// batchRecords is how many records one batch has, and every how many of them one is for members only.
const (
	batchRecords = 10_000
	everyMembers = 10
)

// Fill publishes so many records more, from a number on, from 1, and gives how many were published. It can be run again
// after an interruption with the same numbers: what is there already changes nothing.
func (f *Filler) Fill(ctx context.Context, from, records int) (published int64, err error) {
	if err := f.setUp(ctx); err != nil {
		return 0, err
	}
	generator, err := NewGenerator(f.Schema, f.Seed)
	if err != nil {
		return 0, err
	}
	for first := from; first < from+records; first += batchRecords {
		last := min(first+batchRecords, from+records) - 1
		done, err := f.batch(ctx, generator, first, last)
		if err != nil {
			return published, err
		}
		published += done
	}
	return published, nil
}

func (f *Filler) setUp(ctx context.Context) error {
	operator := identity.Principal{Operator: true, Via: identity.ViaLocal}
	for _, who := range []struct {
		name  string
		right identity.GrantAction
		role  identity.Role
	}{
		{author, "submit", identity.FocalPoint}, {reviewer, "review", identity.Reviewer}, {publisher, "publish", identity.Publisher},
	} {
		handle, org, err := identity.ParseName(who.name)
		if err != nil {
			return err
		}
		_, err = f.Workflow.AddOrg(ctx, operator, workflow.OrgIn{Slug: org, Name: "Measuring only: " + org, Kind: "research_partner"})
		if err != nil {
			if fault.Of(err).Code == "org.taken" {
				continue // of a run before
			}
			return err
		}
		if _, err := f.Workflow.AddGrant(ctx, operator, workflow.GrantIn{Org: org, Action: who.right}); err != nil {
			return err
		}
		if _, err := f.Workflow.AddPerson(ctx, operator, workflow.PersonIn{Handle: handle, Name: handle}); err != nil {
			return err
		}
		if _, err := f.Workflow.AddMembership(ctx, operator, workflow.MemberIn{Person: who.name, Role: who.role}); err != nil {
			return err
		}
	}
	return nil
}

// batch makes one import and takes it to its end, from wherever a run before left it.
func (f *Filler) batch(ctx context.Context, generator *Generator, first, last int) (int64, error) {
	owner, err := f.Auth.Named(ctx, author)
	if err != nil {
		return 0, err
	}
	name := fmt.Sprintf("generated-%d-%d-%d", f.Seed, first, last)
	batch, err := f.Workflow.BeginImport(ctx, owner, workflow.ImportIn{Profile: "generated", Files: []string{name}, Key: name})
	if err != nil {
		return 0, err
	}
	if batch.State == store.ImportLoading {
		if err := f.rows(ctx, owner, batch.ID, generator, first, last); err != nil {
			return 0, err
		}
		if batch, err = f.Workflow.FinishImport(ctx, owner, batch.ID); err != nil {
			return 0, err
		}
	}
	return f.decide(ctx, owner, batch)
}

func (f *Filler) rows(ctx context.Context, owner identity.Principal, batch string, generator *Generator, first, last int) error {
	members := &workflow.HandlingIn{Marking: schema.Members}
	for at := first; at <= last; at += workflow.MostRows {
		var rows []workflow.RowIn
		for number := at; number <= min(at+workflow.MostRows-1, last); number++ {
			body, err := json.Marshal(generator.Body(number))
			if err != nil {
				return err
			}
			row := workflow.RowIn{Ordinal: int64(number - first + 1), File: "generated", Line: int64(number), RowID: generator.RowID(number), Body: body}
			if number%everyMembers == 0 {
				row.Handling = members
			}
			rows = append(rows, row)
		}
		out, err := f.Workflow.ImportChunk(ctx, owner, batch, f.Workflow.PrepareRows(rows))
		if err != nil {
			return err
		}
		for _, row := range out {
			if row.Refusal != nil {
				return fmt.Errorf("row %d was refused: %+v", row.Ordinal, *row.Refusal)
			}
		}
		f.Progress("import", int64(at+len(rows)-first), int64(last-first+1))
	}
	return nil
}

// decide takes a batch from consent to publication: each step is a person's, and the state says which is next.
func (f *Filler) decide(ctx context.Context, owner identity.Principal, batch store.Import) (int64, error) {
	reviews, err := f.Auth.Named(ctx, reviewer)
	if err != nil {
		return 0, err
	}
	publishes, err := f.Auth.Named(ctx, publisher)
	if err != nil {
		return 0, err
	}
	tell := func(step string) workflow.Progress {
		return func(done, total int64) { f.Progress(step, done, total) }
	}
	for {
		var report workflow.BatchReport
		var err error
		switch batch.State {
		case store.ImportLoaded:
			report, err = f.Workflow.SubmitBatch(ctx, owner, batch.ID, "", tell("submit"))
		case store.ImportSubmitted:
			report, err = f.Workflow.ClaimBatch(ctx, reviews, batch.ID, workflow.Declared{}, tell("claim"))
		case store.ImportInReview:
			report.Batch, err = f.Workflow.SampleBatch(ctx, reviews, batch.ID, workflow.SampleIn{})
		case store.ImportSampled:
			if _, err = f.Workflow.SampleBatch(ctx, reviews, batch.ID, workflow.SampleIn{All: true, Mapping: true}); err == nil {
				report, err = f.Workflow.RecommendBatch(ctx, reviews, batch.ID, workflow.SignBatchIn{Checklist: workflow.Checklist()}, tell("recommend"))
			}
		case store.ImportRecommended:
			report, err = f.Workflow.PublishBatch(ctx, publishes, batch.ID, "", tell("publish"))
		case store.ImportPublished:
			return batch.New, nil
		default:
			err = fmt.Errorf("the batch is %s", batch.State)
		}
		if err == nil && len(report.Stayed) > 0 {
			stayed := report.Stayed[0]
			err = fmt.Errorf("%d records stayed, the first because of %s", len(report.Stayed), stayed.Reasons[0].Code)
		}
		if err != nil {
			return 0, err
		}
		batch = report.Batch.Import
	}
}
