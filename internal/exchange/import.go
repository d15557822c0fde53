package exchange

import (
	"context"
	"encoding/json"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"

	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/store"
	"bioincident/internal/workflow"
	"bioincident/schema"
)

// Importer takes the rows; *workflow.Workflow is one.
type Importer interface {
	BeginImport(ctx context.Context, who identity.Principal, in workflow.ImportIn) (store.Import, error)
	PrepareRows(rows []workflow.RowIn) []workflow.RowIn
	ImportChunk(ctx context.Context, who identity.Principal, id string, rows []workflow.RowIn) ([]workflow.RowOut, error)
	FinishImport(ctx context.Context, who identity.Principal, id string) (store.Import, error)
}

// File is a file to be read, more than once.
type File struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// In says what is imported.
type In struct {
	Profile  string
	Files    []File
	Texts    *File                // joined by the profile, nil for none
	Handling *workflow.HandlingIn // of new records, nil is public
	Key      string               // Idempotency-Key
	Options  Options
}

// Detected is how a file was found to be written.
type Detected struct {
	File string
	Seen
}

// Summary is what became of an import: the batch, whose Rows are New + Unchanged + Updated + Refused, how its files
// are written, and the columns of them that the profile does not know.
type Summary struct {
	Import   store.Import
	Resumed  int64 // how many rows an interrupted run had accounted for, 0 for none
	Detected []Detected
	Ignored  []string
}

// Progress is told what is being done (check, import) in which batch ("" before it is known), how many rows are done and
// how many there are.
type Progress func(step, batch string, done, total int64)

// The steps of an import.
const (
	StepCheck  = "check"
	StepImport = "import"
)

// Import reads files by a profile and gives their rows to the importer, chunk by chunk. All files are read through once
// before anything is written, so that a file in another encoding or without a column is refused whole: see newTable for
// the faults; Invalid import.no_file, import.no_texts (the profile joins none), import.profile_unknown. When it is
// interrupted the batch stays as far as it got, and the same import goes on with it: the same files with the same content,
// read the same way.
func Import(ctx context.Context, into Importer, who identity.Principal, in In, sch *schema.Schema, tell Progress) (Summary, error) {
	d, begin, err := prepare(ctx, in, sch, tell)
	if err != nil {
		return Summary{}, err
	}
	batch, err := into.BeginImport(ctx, who, begin)
	if err != nil {
		return Summary{}, err
	}
	d.goOn(batch, into.PrepareRows, func(ctx context.Context, rows []workflow.RowIn) error {
		_, err := into.ImportChunk(ctx, who, batch.ID, rows)
		return err
	})
	summary := d.summary(batch)
	if err := d.run(ctx); err != nil {
		return summary, err
	}
	summary.Import, err = into.FinishImport(ctx, who, batch.ID)
	return summary, err
}

// prepare reads the files through, and makes what is told to the importer of them.
func prepare(ctx context.Context, in In, sch *schema.Schema, tell Progress) (*driver, workflow.ImportIn, error) {
	begin := workflow.ImportIn{Profile: in.Profile, Key: in.Key}
	profile, err := Find(sch, in.Profile, in.Options)
	if err != nil {
		return nil, begin, err
	}
	if tell == nil {
		tell = func(string, string, int64, int64) {}
	}
	d := &driver{profile: profile, options: in.Options, files: in.Files, tell: tell, handling: in.Handling}
	if err := d.check(ctx); err != nil {
		return nil, begin, err
	}
	if d.texts, err = joined(profile, in.Texts); err != nil {
		return nil, begin, err
	}
	for _, file := range in.Files {
		begin.Files = append(begin.Files, file.Name)
	}
	begin.Digest, err = in.digest()
	return d, begin, err
}

// goOn sets the driver on a batch, after the rows that it has taken already.
func (d *driver) goOn(batch store.Import, ready func([]workflow.RowIn) []workflow.RowIn, take func(context.Context, []workflow.RowIn) error) {
	d.batch, d.ready, d.take = batch.ID, ready, take
	if batch.State == store.ImportLoading {
		d.done = batch.Done
	}
}

func (d *driver) summary(batch store.Import) Summary {
	s := Summary{Import: batch, Resumed: d.done, Ignored: d.ignored}
	for i, seen := range d.seen {
		s.Detected = append(s.Detected, Detected{File: d.files[i].Name, Seen: seen})
	}
	return s
}

// joined reads the texts that a profile joins rows with.
func joined(profile Profile, file *File) (Texts, error) {
	if file == nil {
		return nil, nil
	}
	key, text, by := profile.Texts()
	if by == "" {
		return nil, fault.New(fault.Invalid, "import.no_texts", "profile", profile.Name())
	}
	return readTexts(*file, key, text)
}

// driver is one run of an import: a reader, workers that map, and one writer, which takes the chunks in their order.
type driver struct {
	profile  Profile
	options  Options
	files    []File
	seen     []Seen // of each file
	texts    Texts
	ready    func([]workflow.RowIn) []workflow.RowIn
	take     func(context.Context, []workflow.RowIn) error
	tell     Progress
	handling *workflow.HandlingIn
	batch    string
	done     int64 // rows that an earlier run accounted for
	total    int64
	ignored  []string
}

// chunk is a part of the rows on its way from the reader by a worker to the writer.
type chunk struct {
	first int64 // ordinal of its first row
	rows  []Row
	twice []bool // for each row, whether its id stood before
	ready chan []workflow.RowIn
}

// each reads all rows of all files.
func (d *driver) each(visit func(Row) error) error {
	for i, file := range d.files {
		if err := readRows(file, d.profile, d.seen[i], visit); err != nil {
			return err
		}
	}
	return nil
}

// check reads the files through: how they are written, and how many rows they have.
func (d *driver) check(ctx context.Context) error {
	if len(d.files) == 0 {
		return fault.New(fault.Invalid, "import.no_file")
	}
	for _, file := range d.files {
		seen, err := Inspect(file, d.profile, d.options)
		if err != nil {
			return err
		}
		d.seen = append(d.seen, seen)
		if seen.Rows > 0 {
			d.ignored = append(d.ignored, seen.Unknown...)
		}
		d.total += seen.Rows
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	d.tell(StepCheck, "", d.total, d.total)
	return nil
}

// run moves the rows. The reader is at most a few chunks ahead of the writer.
func (d *driver) run(ctx context.Context) error {
	workers := runtime.GOMAXPROCS(0)
	toMap, inOrder := make(chan *chunk, workers), make(chan *chunk, workers)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(toMap)
		defer close(inOrder)
		return d.read(ctx, toMap, inOrder)
	})
	for range workers {
		group.Go(func() error {
			for c := range toMap {
				c.ready <- d.mapRows(c)
			}
			return nil
		})
	}
	group.Go(func() error { return d.write(ctx, inOrder) })
	return group.Wait()
}

func (d *driver) read(ctx context.Context, toMap, inOrder chan<- *chunk) error {
	seen := make(map[string]bool, d.total)
	next, ordinal := &chunk{first: d.done + 1}, int64(0)
	send := func() error {
		next.ready = make(chan []workflow.RowIn, 1)
		for _, to := range []chan<- *chunk{toMap, inOrder} {
			select {
			case to <- next:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		next = &chunk{first: next.first + int64(len(next.rows))}
		return nil
	}
	err := d.each(func(row Row) error {
		id := d.profile.RowID(row)
		twice := id != "" && seen[id]
		seen[id] = true
		if ordinal++; ordinal <= d.done {
			return ctx.Err()
		}
		next.rows = append(next.rows, row)
		next.twice = append(next.twice, twice)
		if len(next.rows) == workflow.MostRows {
			return send()
		}
		return nil
	})
	if err == nil && len(next.rows) > 0 {
		err = send()
	}
	return err
}

func (d *driver) mapRows(c *chunk) []workflow.RowIn {
	out := make([]workflow.RowIn, len(c.rows))
	for i, row := range c.rows {
		out[i] = d.mapRow(row, c.twice[i])
		out[i].Ordinal = c.first + int64(i)
	}
	return d.ready(out)
}

func (d *driver) mapRow(row Row, twice bool) workflow.RowIn {
	out := workflow.RowIn{File: row.File, Line: row.Line, RowID: d.profile.RowID(row), Handling: d.handling}
	refuse := func(column, value, reason string) workflow.RowIn {
		out.Refusal = &workflow.Refusal{Column: column, Value: clean(value), Reason: reason}
		return out
	}
	switch {
	case row.wide != 0:
		return refuse("", "", reasonWidth)
	case out.RowID == "":
		return refuse("", "", reasonNoRowID)
	case twice:
		return refuse("", out.RowID, reasonTwice)
	}
	mapped := d.profile.Map(row, d.texts)
	if r := mapped.Refusal; r != nil {
		return refuse(r.Column, r.Value, r.Reason)
	}
	body, err := json.Marshal(mapped.Body) // the workflow brings it to the canonical form
	if err != nil {
		return refuse("", "", fault.Of(err).Code)
	}
	out.Body, out.Flags = body, mapped.Flags
	return out
}

func (d *driver) write(ctx context.Context, inOrder <-chan *chunk) error {
	done := d.done
	d.tell(StepImport, d.batch, done, d.total)
	for c := range inOrder {
		var rows []workflow.RowIn
		select {
		case rows = <-c.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := d.take(ctx, rows); err != nil {
			return err
		}
		done += int64(len(rows))
		d.tell(StepImport, d.batch, done, d.total)
	}
	return ctx.Err()
}
