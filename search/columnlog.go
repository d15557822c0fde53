package search

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"bioincident/internal/incident"
)

// columnLog keeps the columns of one directory. It is written, and synced, before the word index, one record a batch,
// each with the number of the batch; the word index holds the same number. What is behind the word index's number when
// it is opened was never acknowledged and is cut off.
type columnLog struct {
	file *os.File
	size int64 // of what is acknowledged
}

const (
	logName    = "columns.log"
	logMagic   = "bidcols3"
	maxLogPart = 1 << 28 // bytes of one record
)

// errLog tells that the log does not fit the word index: it is to be built anew.
var errLog = errors.New("the log of the columns does not fit the word index")

// logPart is one record of the log.
type logPart struct {
	batch  uint64
	names  []string // new in the codebook, in the order of their numbers
	remove []int64
	put    []row
}

func createLog(dir string) (*columnLog, error) { return createLogAs(dir, logName) }

func createLogAs(dir, name string) (*columnLog, error) {
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := file.WriteString(logMagic); err != nil {
		_ = file.Close()
		return nil, err
	}
	return &columnLog{file: file, size: int64(len(logMagic))}, nil
}

// openLog reads the columns as they were after a batch.
func openLog(dir string, batch uint64) (*columnLog, *columns, *codebook, error) {
	file, err := os.OpenFile(filepath.Join(dir, logName), os.O_RDWR, 0o600)
	if err != nil {
		return nil, nil, nil, err
	}
	l := &columnLog{file: file}
	cols, book, err := l.read(batch)
	if err != nil {
		_ = file.Close()
		return nil, nil, nil, err
	}
	return l, cols, book, nil
}

func (l *columnLog) read(batch uint64) (*columns, *codebook, error) {
	in := bufio.NewReaderSize(l.file, 1<<20)
	magic := make([]byte, len(logMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != logMagic {
		return nil, nil, errLog
	}
	l.size = int64(len(logMagic))
	book, rows, seen := newCodebook(), map[int64]row{}, uint64(0)
	for {
		part, size, err := readPart(in)
		if err != nil || part.batch > batch {
			break // torn or never acknowledged
		}
		for _, name := range part.names {
			if _, err := book.number(name); err != nil {
				return nil, nil, errLog
			}
		}
		for _, no := range part.remove {
			delete(rows, no)
		}
		for _, r := range part.put {
			rows[r.no] = r
		}
		l.size, seen = l.size+size, part.batch
	}
	if seen != batch {
		return nil, nil, errLog
	}
	if err := l.file.Truncate(l.size); err != nil {
		return nil, nil, err
	}
	put := make([]row, 0, len(rows))
	for _, r := range rows {
		if len(r.codes) > 0 && int(r.codes[len(r.codes)-1]) >= book.size() {
			return nil, nil, errLog
		}
		put = append(put, r)
	}
	return (&columns{}).with(put, nil), book, nil
}

// write adds a record and syncs it. It counts only once acknowledge was called: a batch that failed is written over.
func (l *columnLog) write(part logPart) (size int64, err error) {
	payload := part.encode()
	frame := make([]byte, 8, 8+len(payload))
	binary.LittleEndian.PutUint32(frame, uint32(len(payload)))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli)))
	frame = append(frame, payload...)
	if err := l.file.Truncate(l.size); err != nil {
		return 0, err
	}
	if _, err := l.file.WriteAt(frame, l.size); err != nil {
		return 0, err
	}
	return int64(len(frame)), l.file.Sync()
}

func (l *columnLog) acknowledge(size int64) { l.size += size }

func (l *columnLog) close() error { return l.file.Close() }

func readPart(in *bufio.Reader) (logPart, int64, error) {
	var frame [8]byte
	if _, err := io.ReadFull(in, frame[:]); err != nil {
		return logPart{}, 0, err
	}
	size := binary.LittleEndian.Uint32(frame[:])
	if size > maxLogPart {
		return logPart{}, 0, errLog
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(in, payload); err != nil {
		return logPart{}, 0, err
	}
	if crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(frame[4:]) {
		return logPart{}, 0, errLog
	}
	part, err := decodePart(payload)
	return part, int64(size) + 8, err
}

func (p logPart) encode() []byte {
	out := binary.AppendUvarint(nil, p.batch)
	out = binary.AppendUvarint(out, uint64(len(p.names)))
	for _, name := range p.names {
		out = binary.AppendUvarint(out, uint64(len(name)))
		out = append(out, name...)
	}
	out = binary.AppendUvarint(out, uint64(len(p.remove)))
	for _, no := range p.remove {
		out = binary.AppendUvarint(out, uint64(no))
	}
	out = binary.AppendUvarint(out, uint64(len(p.put)))
	for _, r := range p.put {
		out = binary.AppendUvarint(out, uint64(r.no))
		out = binary.AppendVarint(out, r.published)
		out = binary.LittleEndian.AppendUint64(out, r.hash)
		out = binary.AppendUvarint(out, uint64(len(r.codes)))
		for _, c := range r.codes {
			out = binary.LittleEndian.AppendUint16(out, uint16(c))
		}
		out = r.encodeFigures(out)
	}
	return out
}

// encodeFigures adds what a row holds besides codes.
func (r row) encodeFigures(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(len(r.dates.Reported)))
	for _, w := range append([]Window{r.dates.Began, r.dates.Core, r.dates.Hull}, r.dates.Reported...) {
		out = binary.LittleEndian.AppendUint32(out, uint32(w.From))
		out = binary.LittleEndian.AppendUint32(out, uint32(w.To))
		out = append(out, flag(w.Unsure))
	}
	for _, n := range []int64{r.deaths[0], r.deaths[1], r.cases[0], r.cases[1]} {
		out = binary.AppendVarint(out, n)
	}
	out = binary.AppendUvarint(out, uint64(len(r.group)))
	return append(out, r.group...)
}

func (d *decoder) figures(r *row) {
	reported := d.length()
	for _, w := range []*Window{&r.dates.Began, &r.dates.Core, &r.dates.Hull} {
		*w = d.window()
	}
	for range reported {
		r.dates.Reported = append(r.dates.Reported, d.window())
	}
	for _, n := range []*int64{&r.deaths[0], &r.deaths[1], &r.cases[0], &r.cases[1]} {
		*n = d.varint()
	}
	r.group = string(d.bytes(d.length()))
}

func (d *decoder) window() Window {
	days := d.bytes(9)
	return Window{From: incident.Day(binary.LittleEndian.Uint32(days)), To: incident.Day(binary.LittleEndian.Uint32(days[4:])), Unsure: days[8] == 1}
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func decodePart(payload []byte) (part logPart, err error) {
	d := decoder{rest: payload}
	part.batch = d.uvarint()
	for range d.length() {
		part.names = append(part.names, string(d.bytes(d.length())))
	}
	for range d.length() {
		part.remove = append(part.remove, int64(d.uvarint()))
	}
	for range d.length() {
		r := row{no: int64(d.uvarint()), published: d.varint()}
		r.hash = binary.LittleEndian.Uint64(d.bytes(8))
		codes := d.bytes(2 * d.length())
		r.codes = make([]code, len(codes)/2)
		for i := range r.codes {
			r.codes[i] = code(binary.LittleEndian.Uint16(codes[2*i:]))
		}
		d.figures(&r)
		if r.no < 0 || r.no >= maxNo {
			d.bad = true
		}
		part.put = append(part.put, r)
		if d.bad {
			break
		}
	}
	if d.bad || len(d.rest) > 0 {
		return logPart{}, fmt.Errorf("%w: a record is malformed", errLog)
	}
	return part, nil
}

// decoder reads a record; it turns bad instead of reading beyond the end.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) uvarint() uint64 {
	value, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return value
}

func (d *decoder) varint() int64 {
	value, n := binary.Varint(d.rest)
	if n <= 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return value
}

// length gives a number of things that follow, of which each takes at least a byte.
func (d *decoder) length() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, nil
		return 0
	}
	return int(n)
}

// bytes gives the next n bytes; when they are not there, as many zeros.
func (d *decoder) bytes(n int) []byte {
	if n > len(d.rest) {
		d.bad, d.rest = true, nil
		return make([]byte, n)
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

// rewriteLog writes a new log that holds the columns of a batch and nothing of how they came to be.
func rewriteLog(dir string, batch uint64, cols *columns, book *codebook) error {
	const most = 4096 // rows of a record
	next, err := createLogAs(dir, logName+".new")
	if err != nil {
		return err
	}
	defer func() { _ = next.close() }()
	part := logPart{batch: batch, names: book.after(0)}
	flush := func() error {
		size, err := next.write(part)
		next.acknowledge(size)
		part = logPart{batch: batch}
		return err
	}
	err = cols.each(func(r row) error {
		if part.put = append(part.put, r); len(part.put) < most {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return os.Rename(filepath.Join(dir, logName+".new"), filepath.Join(dir, logName))
}
