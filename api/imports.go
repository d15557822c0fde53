package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"bioincident/api/gen"
	"bioincident/internal/exchange"
	"bioincident/internal/fault"
	"bioincident/internal/workflow"
)

const (
	partFile     = "file"
	partTexts    = "texts"
	partHandling = "handling"
	mostFiles    = 200
	mostHandling = 1 << 16 // bytes
)

// ImportFiles turns files into drafts. The files are put by on their way, because a profile reads them more than once;
// they are gone when the request is.
func (s *Server) ImportFiles(ctx context.Context, in gen.ImportFilesRequestObject) (gen.ImportFilesResponseObject, error) {
	r := asked(ctx)
	if err := s.Workflow.MayImport(r.ctx, r.who); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.Spool, "bid-import-")
	if err != nil {
		return nil, kept(err)
	}
	what, err := receive(dir, in.Body)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	what.Profile, what.Key = in.Params.Profile, in.Params.IdempotencyKey
	if what.Options, err = readingOptions(in.Params); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	run := s.importInto
	if in.Params.Check {
		run = s.checkImport
	}
	return streamed{run: func(w http.ResponseWriter) error {
		defer os.RemoveAll(dir) //nolint:errcheck // a leftover in the spool is no fault of this import
		return s.stream(r, func(ctx context.Context, out *lines) error { return run(ctx, r, what, out) }).run(w)
	}}, nil
}

// readingOptions says how files are read.
func readingOptions(in gen.ImportFilesParams) (exchange.Options, error) {
	o := exchange.Options{Encoding: in.Encoding, Dates: string(in.Dates)}
	for i, pair := range in.Set {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return o, malformed("/set/"+strconv.Itoa(i), "request.set_malformed", "value", pair)
		}
		if o.Set == nil {
			o.Set = map[string]string{}
		}
		o.Set[name] = value
	}
	return o, nil
}

// told sends how far an import is. Until rows are taken nothing is sent, so that files that cannot be read are a refusal.
func told(out *lines) exchange.Progress {
	return func(step, batch string, done, total int64) {
		if step == exchange.StepImport {
			_ = out.write(progressLine{Progress: gen.Progress{Step: step, Import: batch, Done: done, Total: total}}) // see lines.progress
		}
	}
}

func (s *Server) importInto(ctx context.Context, r request, what exchange.In, out *lines) error {
	summary, err := exchange.Import(ctx, s.Workflow, r.who, what, s.Schema, told(out))
	if err != nil {
		return kept(err)
	}
	view, err := s.Workflow.Import(ctx, r.who, summary.Import.ID)
	if err != nil {
		return err
	}
	result := s.imported(r.lang, view)
	result.Ignored, result.Resumed, result.Detected = summary.Ignored, summary.Resumed, each(summary.Detected, detected)
	return out.write(resultLine{Result: result})
}

// checkImport tells what an import would come to, row by row.
func (s *Server) checkImport(ctx context.Context, r request, what exchange.In, out *lines) error {
	visit := func(row exchange.Checked) error { return out.write(rowLine{Row: s.checkedRow(r.lang, row)}) }
	summary, refused, err := exchange.Check(ctx, s.Workflow, r.who, what, s.Schema, told(out), visit)
	if err != nil {
		return err
	}
	i := summary.Import
	return out.write(checkLine{Check: gen.ImportCheck{
		Id: i.ID, Resumed: summary.Resumed, Profile: i.Profile, Rows: i.Rows, New: i.New, Unchanged: i.Unchanged, Updated: i.Updated,
		Refused: i.Refused, Ignored: summary.Ignored, Detected: list(each(summary.Detected, detected)),
		Refusals: list(each(refused, func(reason exchange.Refused) gen.Refusal {
			first := each(reason.First, func(row exchange.Checked) gen.CheckedRow { return s.checkedRow(r.lang, row) })
			return gen.Refusal{Reason: reason.Reason, Detail: first[0].Detail, Rows: reason.Rows, First: first}
		})),
	}})
}

func (s *Server) checkedRow(lang string, row exchange.Checked) gen.CheckedRow {
	out := gen.CheckedRow{Ordinal: row.Ordinal, File: row.File, Line: row.Line, RowId: row.RowID,
		Outcome: gen.CheckedRowOutcome(row.Outcome), Flags: row.Flags}
	if row.Outcome != workflow.RowCreated { // the id of a record that is not created is nobody's
		out.Id = row.Record
	}
	if why := row.Refusal; why != nil {
		out.Column, out.Value, out.Reason = why.Column, why.Value, why.Reason
		out.Detail = s.refusalInWords(lang, why.Reason, why.Column, why.Value)
	}
	return out
}

func (s *Server) refusalInWords(lang, reason, column, value string) string {
	return s.say(lang, reason, map[string]any{"column": column, "value": value, "text": value})
}

func detected(d exchange.Detected) gen.Detected {
	return gen.Detected{File: d.File, Encoding: d.Encoding, Delimiter: d.Delimiter, Dates: d.Dates, Columns: d.Columns,
		Unknown: d.Unknown, Rows: d.Rows, Repaired: d.Repaired}
}

// receive puts the parts by.
func receive(dir string, parts *multipart.Reader) (exchange.In, error) {
	var in exchange.In
	for number := 1; ; number++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return in, nil
		}
		if err != nil {
			return in, unreadable(err)
		}
		if number > mostFiles {
			return in, malformed("/file", "request.too_many_parts", "most", mostFiles)
		}
		switch part.FormName() {
		case partHandling:
			in.Handling, err = readHandling(part)
		case partFile:
			var file exchange.File
			file, err = spool(dir, number, part)
			in.Files = append(in.Files, file)
		case partTexts:
			var file exchange.File
			file, err = spool(dir, number, part)
			in.Texts = &file
		default:
			err = malformed("/"+part.FormName(), "request.unknown_part", "name", part.FormName())
		}
		if err != nil {
			return in, err
		}
	}
}

// spool writes a part to a file of our own naming; its own name is for people only, and only the last element of it.
func spool(dir string, number int, part *multipart.Part) (exchange.File, error) {
	name := path.Base(filepath.ToSlash(part.FileName()))
	if part.FileName() == "" {
		name = part.FormName() + "-" + strconv.Itoa(number)
	}
	at := filepath.Join(dir, strconv.Itoa(number))
	file, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return exchange.File{}, kept(err)
	}
	_, err = io.Copy(file, part)
	if err = errors.Join(err, file.Close()); err != nil {
		return exchange.File{}, unreadable(err)
	}
	return exchange.File{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(at) }}, nil
}

// unreadable says what is wrong with a body that could not be read to its end.
func unreadable(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.New(fault.TooLarge, "request.too_large", "most", large.Limit).Because(err)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, multipart.ErrMessageTooLarge) {
		return fault.New(fault.Malformed, "request.malformed").At("", "request.multipart").Because(err)
	}
	return kept(err)
}

// kept says of a disk that is full, read-only or failing what a client can do about it.
func kept(err error) error {
	var disk *fs.PathError
	if errors.As(err, &disk) {
		return fault.New(fault.Unavailable, "import.not_kept").Because(err)
	}
	return err
}

func readHandling(part io.Reader) (*workflow.HandlingIn, error) {
	decoder := json.NewDecoder(io.LimitReader(part, mostHandling))
	decoder.DisallowUnknownFields()
	var h gen.Handling
	if err := decoder.Decode(&h); err != nil {
		return nil, fault.New(fault.Malformed, "request.malformed").At("/handling", "request.json").Because(err)
	}
	in, err := handlingIn(h)
	return &in, err
}

// ListImports lists imports, newest first.
func (s *Server) ListImports(ctx context.Context, in gen.ListImportsRequestObject) (gen.ListImportsResponseObject, error) {
	r := asked(ctx)
	page, err := s.Workflow.Imports(r.ctx, r.who, workflow.ImportsIn{Cursor: s.cursors.Open(in.Params.Cursor), Limit: in.Params.Limit})
	if err != nil {
		return nil, err
	}
	return gen.ListImports200JSONResponse{Next: s.cursors.Next(page.Next), Imports: each(page.Imports, func(v workflow.BatchView) gen.Import {
		return s.imported(r.lang, v)
	})}, nil
}

// GetImport tells where an import stands.
func (s *Server) GetImport(ctx context.Context, in gen.GetImportRequestObject) (gen.GetImportResponseObject, error) {
	r := asked(ctx)
	view, err := s.Workflow.Import(r.ctx, r.who, in.Id)
	if err != nil {
		return nil, err
	}
	return gen.GetImport200JSONResponse(s.imported(r.lang, view)), nil
}

// ListImportRows accounts for every row.
func (s *Server) ListImportRows(ctx context.Context, in gen.ListImportRowsRequestObject) (gen.ListImportRowsResponseObject, error) {
	r := asked(ctx)
	page, err := s.Workflow.ImportRows(r.ctx, r.who, in.Id, workflow.RowsIn{
		Outcome: string(in.Params.Outcome), Cursor: s.cursors.Open(in.Params.Cursor), Limit: in.Params.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := gen.ListImportRows200JSONResponse{Next: s.cursors.Next(page.Next), Rows: []gen.ImportRow{}}
	for _, row := range page.Rows {
		mapped := gen.ImportRow{
			Ordinal: row.Ordinal, File: row.File, Line: row.Line, RowId: row.RowID, Outcome: gen.ImportRowOutcome(row.Outcome),
			Id: row.Record, Column: row.Column, Value: row.Value, Reason: row.Reason, Step: row.Step, Stayed: row.StepWhy,
		}
		if row.Reason != "" {
			mapped.Detail = s.refusalInWords(r.lang, row.Reason, row.Column, row.Value)
		}
		if row.StepWhy != "" {
			mapped.StayedDetail = s.say(r.lang, row.StepWhy, nil)
		}
		out.Rows = append(out.Rows, mapped)
	}
	return out, nil
}

// bulk is one step of a batch, told on the way.
type bulk func(ctx context.Context, tell workflow.Progress) (workflow.BatchReport, error)

func (s *Server) bulk(r request, step string, run bulk) streamed {
	return s.stream(r, func(ctx context.Context, out *lines) error {
		report, err := run(ctx, out.progress(step))
		if err != nil {
			return err
		}
		return out.write(resultLine{Result: s.report(r.lang, report)})
	})
}

func (s *Server) report(lang string, report workflow.BatchReport) gen.BatchResult {
	return gen.BatchResult{
		Done: report.Done, Import: s.imported(lang, report.Batch),
		Stayed: each(report.Stayed, func(stay workflow.Stay) gen.Stayed {
			return gen.Stayed{Id: stay.Record, Ordinal: stay.Ordinal, RowId: stay.RowID, Reasons: list(s.reasons(lang, stay.Reasons))}
		}),
	}
}

// SubmitImport submits every draft of an import.
func (s *Server) SubmitImport(ctx context.Context, in gen.SubmitImportRequestObject) (gen.SubmitImportResponseObject, error) {
	r := asked(ctx)
	return s.bulk(r, "submit", func(ctx context.Context, tell workflow.Progress) (workflow.BatchReport, error) {
		return s.Workflow.SubmitBatch(ctx, r.who, in.Id, note(in.Body), tell)
	}), nil
}

// UndoImport discards what an import created and nobody has touched.
func (s *Server) UndoImport(ctx context.Context, in gen.UndoImportRequestObject) (gen.UndoImportResponseObject, error) {
	r := asked(ctx)
	return s.bulk(r, "undo", func(ctx context.Context, tell workflow.Progress) (workflow.BatchReport, error) {
		return s.Workflow.UndoBatch(ctx, r.who, in.Id, note(in.Body), tell)
	}), nil
}

// KnownRows tells which rows of a source are records of the asker's organization.
func (s *Server) KnownRows(ctx context.Context, in gen.KnownRowsRequestObject) (gen.KnownRowsResponseObject, error) {
	r := asked(ctx)
	known, err := s.Workflow.KnownRows(r.ctx, r.who, in.Body.Ids)
	if err != nil {
		return nil, err
	}
	return gen.KnownRows200JSONResponse{Known: list(each(known, func(row workflow.KnownRow) gen.KnownRow {
		return gen.KnownRow{RowId: row.RowID, Id: row.Record, State: string(row.State), VersionState: string(row.Version)}
	}))}, nil
}

// ClaimImport takes the review of an import.
func (s *Server) ClaimImport(ctx context.Context, in gen.ClaimImportRequestObject) (gen.ClaimImportResponseObject, error) {
	r := asked(ctx)
	return s.bulk(r, "claim", func(ctx context.Context, tell workflow.Progress) (workflow.BatchReport, error) {
		return s.Workflow.ClaimBatch(ctx, r.who, in.Id, declared(in.Body.Interests), tell)
	}), nil
}

// SampleImport draws the sample, or takes down what was found in it.
func (s *Server) SampleImport(ctx context.Context, in gen.SampleImportRequestObject) (gen.SampleImportResponseObject, error) {
	r := asked(ctx)
	var what workflow.SampleIn
	if in.Body != nil {
		what = workflow.SampleIn{
			Size: in.Body.Size, Check: in.Body.Check, All: in.Body.All, Mapping: in.Body.Mapping, Fault: in.Body.Fault, Note: in.Body.Note,
		}
	}
	return s.bulk(r, "sample", func(ctx context.Context, _ workflow.Progress) (workflow.BatchReport, error) {
		view, err := s.Workflow.SampleBatch(ctx, r.who, in.Id, what)
		return workflow.BatchReport{Batch: view, Done: int64(len(view.Import.Checked))}, err
	}), nil
}

// RecommendImport recommends an import by its sample.
func (s *Server) RecommendImport(ctx context.Context, in gen.RecommendImportRequestObject) (gen.RecommendImportResponseObject, error) {
	r := asked(ctx)
	var sign workflow.SignBatchIn
	if in.Body != nil {
		sign = workflow.SignBatchIn{Checklist: in.Body.Checklist, Note: in.Body.Note}
	}
	return s.bulk(r, "recommend", func(ctx context.Context, tell workflow.Progress) (workflow.BatchReport, error) {
		return s.Workflow.RecommendBatch(ctx, r.who, in.Id, sign, tell)
	}), nil
}

// ReturnImport sends an import back.
func (s *Server) ReturnImport(ctx context.Context, in gen.ReturnImportRequestObject) (gen.ReturnImportResponseObject, error) {
	r := asked(ctx)
	return s.bulk(r, "return", func(ctx context.Context, tell workflow.Progress) (workflow.BatchReport, error) {
		return s.Workflow.ReturnBatch(ctx, r.who, in.Id, note(in.Body), tell)
	}), nil
}

// PublishImport publishes an import, record by record.
func (s *Server) PublishImport(ctx context.Context, in gen.PublishImportRequestObject) (gen.PublishImportResponseObject, error) {
	r := asked(ctx)
	return s.bulk(r, "publish", func(ctx context.Context, tell workflow.Progress) (workflow.BatchReport, error) {
		return s.Workflow.PublishBatch(ctx, r.who, in.Id, note(in.Body), tell)
	}), nil
}

func (s *Server) imported(lang string, v workflow.BatchView) gen.Import {
	i := v.Import
	return gen.Import{
		Id: i.ID, Organization: v.Org, Profile: i.Profile, Files: list(i.Files), State: gen.ImportState(i.State), Created: moment(i.Created),
		Rows: i.Rows, New: i.New, Unchanged: i.Unchanged, Updated: i.Updated, Refused: i.Refused, Step: i.Step, Done: i.Done,
		Records: v.Records, Sample: i.Sample, Unchecked: v.Unchecked, MappingBy: v.MappingBy, ReviewedBy: v.ReviewedBy,
		Flagged: each(v.Flagged, func(f workflow.FlaggedRow) gen.FlaggedRow {
			return gen.FlaggedRow{Ordinal: f.Ordinal, RowId: f.RowID, Id: f.Record, Flags: list(f.Flags)}
		}),
		Can: s.abilities(lang, v.Can),
	}
}
