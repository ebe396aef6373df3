package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// Open opens a table: a file, or o.Stdin where path is "-". What it holds is
// known by o.Format, else by the first bytes, else by the extension; all else
// is CSV. Text and Arrow streams may be compressed with gzip or zstd.
//
// Errors wrap fs.ErrNotExist and fs.ErrPermission where the file cannot be
// opened, ErrData where it is damaged, ErrUsage where it is of a kind that is
// not read at all, ErrIO where reading fails and ErrCreate where there is no
// room to spool a pipe.
func Open(path string, o ReadOptions) (Source, error) {
	in, err := openInput(path, o)
	if err != nil {
		return nil, err
	}
	src, err := in.source(o)
	if err != nil {
		in.Close()
		return nil, in.fault(err)
	}
	return &opened{src, in}, nil
}

// opened is a source that owns the input it reads, and names it in errors.
type opened struct {
	Source
	in *input
}

// Unwrap is the source of the format.
func (s *opened) Unwrap() Source { return s.Source }

func (s *opened) Start(q Request) error { return s.in.fault(s.Source.Start(q)) }

func (s *opened) Next(b *Block) error {
	err := s.Source.Next(b)
	if err == io.EOF {
		if changed := s.in.changed(); changed != nil {
			err = changed
		}
	}
	return s.in.fault(err)
}

func (s *opened) Close() error {
	err := s.Source.Close()
	return s.in.fault(errors.Join(err, s.in.Close()))
}

// input is an open file or pipe, and what has been read of it.
type input struct {
	path   string
	format Format
	file   *os.File  // set where bytes can be read at any offset
	r      io.Reader // of a pipe
	size   int64     // of file
	made   time.Time // when file was last changed
	read   atomic.Int64
	owned  []io.Closer // closed from the last to the first
}

// openInput opens the file, or takes stdin where path is "-".
func openInput(path string, o ReadOptions) (*input, error) {
	if path == "-" {
		return takeStdin(o), nil
	}
	f, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", path, plain(err))
	}
	in := &input{path: path, owned: []io.Closer{f}}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", ErrIO, plain(err))
	case info.IsDir():
		err = fmt.Errorf("%w: it is a directory, not a table", ErrUsage)
	case info.Mode().IsRegular():
		in.file, in.size, in.made = f, info.Size(), info.ModTime()
	default:
		in.r, in.size = patient(contextOf(o), f), -1
	}
	if err != nil {
		f.Close()
		return nil, in.fault(err)
	}
	return in, nil
}

// openFile opens a file. A FIFO is opened without waiting for whoever writes
// it: the waiting is left to reads, which end with their context.
func openFile(path string) (*os.File, error) {
	flag := os.O_RDONLY
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		flag |= syscall.O_NONBLOCK
	}
	return os.OpenFile(path, flag, 0)
}

func contextOf(o ReadOptions) context.Context {
	if o.Context == nil {
		return context.Background()
	}
	return o.Context
}

// takeStdin reads standard input as a file where it is one (yhat < table) and
// nothing has been read of it yet, else as a pipe.
func takeStdin(o ReadOptions) *input {
	in := &input{path: "-", r: patient(o.Context, o.Stdin), size: -1}
	if o.Stdin == nil {
		in.r = bytes.NewReader(nil)
	}
	f, ok := o.Stdin.(*os.File)
	if !ok {
		return in
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return in
	}
	if at, err := f.Seek(0, io.SeekCurrent); err == nil && at == 0 {
		in.file, in.size, in.made = f, info.Size(), info.ModTime()
	}
	return in
}

// source finds out what the input holds and opens it.
func (in *input) source(o ReadOptions) (Source, error) {
	r := in.stream()
	head, r, err := peek(r)
	if err != nil {
		return nil, err
	}
	name, claimed := splitExtensions(in.path)
	zip := sniffCompression(head, claimed)
	in.format = chooseFormat(o.Format, head, name)
	if o.Encoding != "" && zip == "" && !in.format.Text() {
		return nil, fmt.Errorf("%w: --encoding is of text; this is %s", ErrUsage, in.format)
	}
	if zip != "" {
		if in.format == Parquet && (o.Format == Parquet || extensionOf(name) == Parquet) {
			return nil, errZippedParquet
		}
		return in.compressed(r, zip, name, o)
	}
	switch {
	case in.format == Parquet && in.file == nil:
		return in.spooled(r, o)
	case in.format == Parquet:
		return newParquet(in.section(), in.info, o)
	case in.format == Arrow && in.file != nil:
		return newArrowFile(in.section(), in.info, o)
	}
	return in.streamed(r, head, o)
}

var errZippedParquet = fmt.Errorf("%w: compressed Parquet is not read (its pages are compressed already); unpack it first", ErrUsage)

// compressed opens a source on what the compressed stream r holds.
func (in *input) compressed(r io.Reader, zip, name string, o ReadOptions) (Source, error) {
	z, err := decompress(r, zip)
	if err != nil {
		return nil, err
	}
	in.owned = append(in.owned, z)
	head, r, err := peek(z)
	if err != nil {
		return nil, err
	}
	if sniffCompression(head, "") != "" {
		return nil, fmt.Errorf("%w: the file is compressed twice", ErrUsage)
	}
	if in.format = chooseFormat(o.Format, head, name); in.format == Parquet {
		return nil, errZippedParquet
	}
	return in.streamed(r, head, o)
}

// streamed opens a source that reads r, which starts with head, from its
// beginning to its end. An Arrow file holds an Arrow stream behind its magic.
func (in *input) streamed(r io.Reader, head []byte, o ReadOptions) (Source, error) {
	switch in.format {
	case Arrow, ArrowStream:
		return newArrowStream(r, in.info, o)
	}
	if o.Encoding == "" || o.Encoding == UTF8 {
		if err := checkEncoding(head); err != nil {
			return nil, err
		}
	}
	r = o.Encoding.decoded(r)
	if o.FinalNewline {
		r = &lineEnded{r: r}
	}
	if in.format == NDJSON {
		return newNDJSON(r, in.info, o)
	}
	return newCSV(r, in.info, o)
}

// spooled copies a pipe that holds Parquet, whose footer comes last, into a
// private file and opens that.
func (in *input) spooled(r io.Reader, o ReadOptions) (Source, error) {
	f, size, err := spool(r, o.TempDir)
	if err != nil {
		return nil, err
	}
	in.owned = append(in.owned, f)
	return newParquet(io.NewSectionReader(f, 0, size), in.info, o)
}

func (in *input) info() Info {
	i := Info{Path: in.path, Format: in.format, Size: in.size, Bytes: in.read.Load()}
	if in.format.Delimited() {
		i.Delim = delimiterOf(in.format)
	}
	if in.file != nil {
		i.Bytes = min(i.Bytes, in.size) // pages may be read twice
	}
	return i
}

// stream reads the input from its beginning to its end. It does not move the
// position of a file, so that section stays good beside it.
func (in *input) stream() io.Reader {
	if in.file != nil {
		return &counter{in: in, r: io.NewSectionReader(in.file, 0, 1<<63-1)}
	}
	return &counter{in: in, r: in.r}
}

// section is the file for readers that jump about.
func (in *input) section() *io.SectionReader {
	in.read.Store(0) // the first bytes are read again
	return io.NewSectionReader(counterAt{in}, 0, in.size)
}

// Close closes what Open opened.
func (in *input) Close() error {
	var errs []error
	for i := len(in.owned) - 1; i >= 0; i-- {
		errs = append(errs, in.owned[i].Close())
	}
	in.owned = nil
	return errors.Join(errs...)
}

// fault names the input in an error that does not name it yet.
func (in *input) fault(err error) error {
	var named *fileError
	var row *RowError
	if err == nil || err == io.EOF || errors.As(err, &named) || errors.As(err, &row) {
		return err
	}
	return &fileError{in.path, err}
}

// fileError is an error with the file it happened in.
type fileError struct {
	path string
	err  error
}

func (e *fileError) Error() string {
	if e.path == "-" {
		return "standard input: " + e.err.Error()
	}
	return e.path + ": " + e.err.Error()
}

func (e *fileError) Unwrap() error { return e.err }

// plain drops the path from an error of the file system: the words around it
// name the path already.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}

// counter counts the bytes that a reader of an input gives, and makes its
// faults an ErrIO.
type counter struct {
	in *input
	r  io.Reader
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.in.read.Add(int64(n))
	if err != nil && err != io.EOF {
		err = wrapIO(plain(err))
	}
	return n, err
}

// counterAt is counter for reads at an offset.
type counterAt struct{ in *input }

func (c counterAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.in.file.ReadAt(p, off)
	c.in.read.Add(int64(n))
	if err != nil && err != io.EOF {
		err = c.in.fault(wrapIO(plain(err)))
	}
	return n, err
}
