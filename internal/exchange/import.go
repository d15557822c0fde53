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

// Summary is what became of an import: the batch, whose Rows are New + Unchanged + Updated + Refused, and the columns
// of the files that the profile does not know.
type Summary struct {
	Import  store.Import
	Ignored []string
}

// Progress is told what is being done (check, import), how many rows are done and how many there are.
type Progress func(step string, done, total int64)

// The steps of an import.
const (
	StepCheck  = "check"
	StepImport = "import"
)

// Import reads files by a profile and gives their rows to the importer, chunk by chunk. All files are read through once
// before anything is written, so that a file in another encoding or without a column is refused whole: see newTable for
// the faults; Invalid import.no_file, import.no_texts (the profile joins none), import.profile_unknown. When it is
// interrupted the batch stays as far as it got, and the same import goes on with it.
func Import(ctx context.Context, into Importer, who identity.Principal, in In, sch *schema.Schema, tell Progress) (Summary, error) {
	profile, err := Find(sch, in.Profile, in.Options)
	if err != nil {
		return Summary{}, err
	}
	if tell == nil {
		tell = func(string, int64, int64) {}
	}
	d := driver{profile: profile, options: in.Options, files: in.Files, into: into, who: who, tell: tell, handling: in.Handling}
	if err := d.check(ctx); err != nil {
		return Summary{}, err
	}
	if d.texts, err = joined(profile, in.Texts); err != nil {
		return Summary{}, err
	}
	begin := workflow.ImportIn{Profile: in.Profile, Key: in.Key}
	for _, file := range in.Files {
		begin.Files = append(begin.Files, file.Name)
	}
	batch, err := into.BeginImport(ctx, who, begin)
	if err != nil {
		return Summary{}, err
	}
	d.batch = batch.ID
	if err := d.run(ctx); err != nil {
		return Summary{Import: batch, Ignored: d.ignored}, err
	}
	batch, err = into.FinishImport(ctx, who, batch.ID)
	return Summary{Import: batch, Ignored: d.ignored}, err
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
	into     Importer
	who      identity.Principal
	tell     Progress
	handling *workflow.HandlingIn
	batch    string
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
	d.tell(StepCheck, d.total, d.total)
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
	next := &chunk{first: 1}
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
		next.rows = append(next.rows, row)
		next.twice = append(next.twice, id != "" && seen[id])
		seen[id] = true
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
	return d.into.PrepareRows(out)
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
	var done int64
	d.tell(StepImport, 0, d.total)
	for c := range inOrder {
		var rows []workflow.RowIn
		select {
		case rows = <-c.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := d.into.ImportChunk(ctx, d.who, d.batch, rows); err != nil {
			return err
		}
		done += int64(len(rows))
		d.tell(StepImport, done, d.total)
	}
	return ctx.Err()
}
