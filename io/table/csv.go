package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// csvSource reads the CSV family: RFC 4180 with any one-byte delimiter. It
// cuts the stream into blocks of whole records (csv_cut.go), which decode
// themselves (csv_decode.go).
type csvSource struct {
	r       io.Reader
	info    func() Info
	opt     ReadOptions
	delim   byte
	fields  []Field
	header  [][]byte // header cells as they stand in the file
	lineEnd string   // of the first record
	plan    *csvPlan

	headLines, headBytes int64 // what stands before the first record

	tail []byte // bytes read but not yet cut: tail[off:]
	off  int
	end  error // what the reader ended with: io.EOF or its fault
	done bool  // a fatal fault has been handed out
}

// newCSV opens a table of the CSV family whose decompressed bytes r gives.
// info says the path, the format, the size and the bytes consumed so far. The
// byte order mark and the header are read at once. Errors wrap ErrData where
// there is no header to be had, ErrUsage where the options contradict
// themselves, and ErrIO.
func newCSV(r io.Reader, info func() Info, o ReadOptions) (Source, error) {
	s := &csvSource{r: r, info: info, opt: csvDefaults(o), delim: o.Delimiter, lineEnd: "\n"}
	if s.delim == 0 {
		s.delim = delimiterOf(info().Format)
	}
	if s.delim == '"' || s.delim == '\n' || s.delim == '\r' {
		return nil, fmt.Errorf("%w: %q cannot be a delimiter", ErrUsage, s.delim)
	}
	if o.NoHeader && len(o.Columns) == 0 {
		return nil, fmt.Errorf("%w: a table without a header needs the names of its columns", ErrUsage)
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

// delimiterOf is the delimiter a format of the CSV family has of itself.
func delimiterOf(f Format) byte {
	if f == TSV {
		return '\t'
	}
	return ','
}

// Spans are 32-bit offsets, so a block stays well below 2 GiB.
const maxBlock = 1 << 29

func csvDefaults(o ReadOptions) ReadOptions {
	if o.BlockSize <= 0 {
		o.BlockSize, o.grows = DefaultBlockSize, true
	}
	if o.MaxRecord <= 0 {
		o.MaxRecord = DefaultMaxRecord
	}
	o.BlockSize, o.MaxRecord = min(o.BlockSize, maxBlock), min(o.MaxRecord, maxBlock)
	if o.Missing == nil {
		o.Missing = DefaultMissing
	}
	if o.Decimal == 0 {
		o.Decimal = '.'
	}
	return o
}

// Info implements Source.
func (s *csvSource) Info() Info {
	i := s.info()
	i.Delim, i.HeadLines, i.HeadBytes = s.delim, s.headLines, s.headBytes
	return i
}

// Fields implements Source.
func (s *csvSource) Fields() []Field { return s.fields }

// RawHeader is the header cell of a column as it stands in the file, or nil
// where the file has no header.
func (s *csvSource) RawHeader(column int) []byte {
	if s.header == nil {
		return nil
	}
	return s.header[column]
}

// LineEnd is the line end of the file's first record: "\n" or "\r\n".
func (s *csvSource) LineEnd() string { return s.lineEnd }

// Start implements Source.
func (s *csvSource) Start(q Request) error {
	s.opt.BlockSize = s.opt.blockFor(len(s.fields), bytesOfCell)
	p, err := newCSVPlan(s, q)
	if err == nil {
		p.share()
	}
	s.plan = p
	return err
}

// Close implements Source. The reader belongs to whoever opened it.
func (s *csvSource) Close() error { return nil }

var utf8BOM = []byte("\xef\xbb\xbf")

// open reads up to the end of the first record and takes the columns from it.
func (s *csvSource) open() error {
	first := min(max(s.opt.BlockSize, 4<<10), 64<<10)
	for {
		s.tail = s.fill(s.tail, first)
		if err := checkEncoding(s.tail[:min(8, len(s.tail))]); err != nil {
			return err
		}
		start, end, ok := s.firstRecord()
		if ok {
			return s.takeHeader(start, end)
		}
		switch {
		case s.end != nil && s.end != io.EOF:
			return s.end
		case s.end != nil:
			return fmt.Errorf("%w: the table is empty, it has not even a header", ErrData)
		case len(s.tail) > min(s.opt.MaxRecord, s.opt.record()):
			return fmt.Errorf("%w: the first record is longer than %d bytes (--max-record, --memory)", ErrData, min(s.opt.MaxRecord, s.opt.record()))
		}
		first *= 2
	}
}

// firstRecord finds the first record that is not a blank line. ok is false if
// it has not been read to its end.
func (s *csvSource) firstRecord() (start, end int, ok bool) {
	if bytes.HasPrefix(s.tail, utf8BOM) {
		start = len(utf8BOM)
	}
	for !s.opt.NoHeader && start < len(s.tail) {
		n := lineEndAt(s.tail[start:])
		if n == 0 {
			break
		}
		start += n
	}
	scan := csvScan{delim: s.delim, start: start, pos: start, first: true}
	scan.run(s.tail, s.end == io.EOF)
	switch {
	case scan.end > 0:
		return start, scan.end, true
	case s.end == io.EOF && start < len(s.tail) && (s.opt.NoHeader || !scan.open):
		return start, len(s.tail), true
	}
	return start, 0, false
}

// lineEndAt is the length of the line end that b starts with, or 0.
func lineEndAt(b []byte) int {
	switch {
	case len(b) > 0 && b[0] == '\n':
		return 1
	case len(b) > 1 && b[0] == '\r' && b[1] == '\n':
		return 2
	}
	return 0
}

func (s *csvSource) takeHeader(start, end int) error {
	record := s.tail[start:end]
	if bytes.HasSuffix(record, []byte("\r\n")) {
		s.lineEnd = "\r\n"
	}
	record = trimLineEnd(record)
	if bytes.IndexByte(record, '\r') >= 0 && bytes.IndexByte(s.tail, '\n') < 0 {
		return fmt.Errorf("%w: the lines end in bare carriage returns; convert them to line feeds first", ErrData)
	}
	if s.opt.NoHeader {
		s.skipHead(start)
		if err := s.opt.checkColumns(len(s.opt.Columns)); err != nil {
			return err
		}
		for _, name := range s.opt.Columns {
			s.fields = append(s.fields, Field{Name: name})
		}
		return nil
	}
	record = bytes.Clone(record)
	s.skipHead(end)
	for p := 0; p <= len(record); {
		if err := s.opt.checkColumns(len(s.fields) + 1); err != nil {
			return err
		}
		c := cellOf(record, p, s.delim)
		if c.bad {
			return fmt.Errorf("%w: header cell %d: bytes after its closing quote%s", ErrData, len(s.fields)+1, looksJSON(record))
		}
		raw := record[c.start:c.end:c.end]
		s.header = append(s.header, raw)
		s.fields = append(s.fields, Field{Name: string(c.text(record, nil))})
		p = c.next
		if c.last {
			break
		}
	}
	return nil
}

// looksJSON is advice about a header that is none.
func looksJSON(record []byte) string {
	switch text := bytes.TrimLeft(record, " \t"); {
	case bytes.HasPrefix(text, []byte(`{"`)):
		return "; it looks like JSON: where each line is an object, use --input-format ndjson"
	case bytes.HasPrefix(text, []byte(`[{`)):
		return "; it looks like an array of JSON, which is not read: write one object a line, and use --input-format ndjson"
	}
	return ""
}

// skipHead leaves the first n bytes out of the blocks.
func (s *csvSource) skipHead(n int) {
	s.off, s.headBytes = n, int64(n)
	s.headLines = int64(bytes.Count(s.tail[:n], []byte{'\n'}))
}

// trimLineEnd cuts the line end off a record, and the carriage return that a
// last record without line feed may end in.
func trimLineEnd(record []byte) []byte {
	record = bytes.TrimSuffix(record, []byte{'\n'})
	return bytes.TrimSuffix(record, []byte{'\r'})
}

// wrapIO makes a reader's fault an ErrIO unless it is of a kind already.
func wrapIO(err error) error {
	for _, kind := range []error{ErrData, ErrUsage, ErrCreate, ErrIO, ErrLocked, ErrReaderGone} {
		if errors.Is(err, kind) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrIO, err)
}
