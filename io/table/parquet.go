package table

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// randomFile is a file that can be read anywhere. Whoever opened it closes it,
// after the source.
type randomFile interface {
	io.ReaderAt
	io.Seeker
}

// parquetSource reads the columns that are wanted of a Parquet file, row group
// by row group.
type parquetSource struct {
	about  func() Info
	in     *watched
	path   string
	mem    memory.Allocator
	o      ReadOptions
	file   *file.Reader
	arrow  *pqarrow.FileReader
	fields []Field
	leaves [][]int // leaf columns of each field

	plan    *typedPlan
	groups  int
	group   int   // the row group being read
	left    int64 // rows of it not yet cut
	readers []*pqarrow.ColumnReader
	step    int64 // rows of a block
}

// newParquet opens a Parquet file. about gives its path.
func newParquet(f randomFile, about func() Info, o ReadOptions) (Source, error) {
	s := &parquetSource{about: about, path: about().Path, o: o, mem: o.Alloc, group: -1}
	if s.mem == nil {
		s.mem = memory.DefaultAllocator
	}
	s.in = &watched{randomFile: f}
	if err := s.guard(s.open); err != nil {
		return nil, err
	}
	return s, nil
}

// open reads the footer and checks it against the file.
func (s *parquetSource) open() error {
	if err := checkMagic(s.in); err != nil {
		return err
	}
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled = true
	props.BufferSize = 64 << 10
	var err error
	if s.file, err = file.NewParquetReader(s.in, file.WithReadProps(props)); err != nil {
		return err
	}
	if err := checkFooter(s.file, s.in.size); err != nil {
		return err
	}
	s.arrow, err = pqarrow.NewFileReader(s.file, pqarrow.ArrowReadProperties{}, s.mem)
	if err != nil {
		return err
	}
	s.groups = s.file.NumRowGroups()
	for i := range s.arrow.Manifest.Fields {
		f := &s.arrow.Manifest.Fields[i]
		s.fields = append(s.fields, Field{f.Field.Name, f.Field.Type})
		s.leaves = append(s.leaves, leavesOf(f, nil))
	}
	return nil
}

// leavesOf lists the leaf columns under a field.
func leavesOf(f *pqarrow.SchemaField, list []int) []int {
	if f.IsLeaf() {
		return append(list, f.ColIndex)
	}
	for i := range f.Children {
		list = leavesOf(&f.Children[i], list)
	}
	return list
}

// checkMagic refuses what is no Parquet file, and encrypted ones.
func checkMagic(in *watched) error {
	var err error
	if in.size, err = in.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	if in.size < 12 {
		return errors.New("it is too short to be a Parquet file")
	}
	var head [4]byte
	if _, err := in.ReadAt(head[:], 0); err != nil {
		return err
	}
	switch string(head[:]) {
	case "PAR1":
		return nil
	case "PARE":
		return errors.New("it is encrypted")
	}
	return errors.New("it does not start as a Parquet file")
}

// checkFooter compares the counts and sizes the footer gives with each other
// and with the file, before anything is allocated by them.
func checkFooter(r *file.Reader, size int64) error {
	meta := r.MetaData()
	rows := int64(0)
	for i := range r.NumRowGroups() {
		g := meta.RowGroup(i)
		if g.NumRows() < 0 {
			return fmt.Errorf("row group %d has a negative number of rows", i)
		}
		rows += g.NumRows()
		if g.NumColumns() != meta.Schema.NumColumns() {
			return fmt.Errorf("row group %d has %d columns, the schema %d", i, g.NumColumns(), meta.Schema.NumColumns())
		}
		for j := range g.NumColumns() {
			c, err := g.ColumnChunk(j)
			if err != nil {
				return err
			}
			start, length := c.DataPageOffset(), c.TotalCompressedSize()
			if start < 0 || length < 0 || start > size || length > size {
				return fmt.Errorf("column %d of row group %d lies outside the file", j, i)
			}
			flat := meta.Schema.Column(j).MaxRepetitionLevel() == 0
			if flat && c.NumValues() != g.NumRows() {
				return fmt.Errorf("column %d of row group %d has %d values for %d rows", j, i, c.NumValues(), g.NumRows())
			}
		}
	}
	if rows != r.NumRows() {
		return fmt.Errorf("its row groups hold %d rows, its footer says %d", rows, r.NumRows())
	}
	return nil
}

func (s *parquetSource) Fields() []Field { return s.fields }

func (s *parquetSource) Info() Info { return s.about() }

// Start plans which columns to read and how many rows a block has.
func (s *parquetSource) Start(req Request) error {
	var err error
	if s.plan, err = newTypedPlan(s.fields, req, s.o); err != nil {
		return err
	}
	s.step = s.blockRows()
	return nil
}

// Rows of a block of a typed source. They are a multiple of 32, the rows of a
// panel.
const (
	minBlockRows = 1 << 10
	maxBlockRows = 64 << 10
)

// blockRows is how many rows of the wanted columns take about BlockSize bytes.
func (s *parquetSource) blockRows() int64 {
	var bytes int64
	for _, field := range s.plan.columns {
		for _, leaf := range s.leaves[field] {
			bytes += s.leafBytes(leaf)
		}
	}
	rows := s.file.NumRows()
	if rows == 0 || bytes == 0 {
		return minBlockRows
	}
	return rowsOf(s.o.BlockSize, float64(bytes)/float64(rows))
}

// rowsOf is how many rows of a width in bytes fill a block.
func rowsOf(blockSize int, width float64) int64 {
	if blockSize <= 0 {
		blockSize = DefaultBlockSize
	}
	n := int64(min(float64(blockSize)/max(width, 1), maxBlockRows))
	return max(n&^31, minBlockRows)
}

// leafBytes estimates the decoded size of a leaf column: numbers by their
// width, text by what the pages hold.
func (s *parquetSource) leafBytes(leaf int) int64 {
	meta := s.file.MetaData()
	var pages, values int64
	for i := range s.groups {
		if c, err := meta.RowGroup(i).ColumnChunk(leaf); err == nil {
			pages += max(0, c.TotalUncompressedSize())
			values += max(0, c.NumValues())
		}
	}
	return max(pages, 8*values)
}

// Next cuts the next rows of the current row group.
func (s *parquetSource) Next(b *Block) error {
	b.Release()
	return s.guard(func() error { return s.next(b) })
}

func (s *parquetSource) next(b *Block) error {
	for s.left == 0 {
		if err := s.nextGroup(); err != nil {
			return err
		}
	}
	n := min(s.step, s.left)
	columns := make([]arrow.Array, 0, len(s.readers))
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for i, r := range s.readers {
		c, err := s.readColumn(r, n)
		if err != nil {
			return fmt.Errorf("column %q of row group %d: %w", s.fields[s.plan.columns[i]].Name, s.group, err)
		}
		columns = append(columns, c)
	}
	s.left -= n
	b.Batch = s.plan.batchOf(s.fields, columns, n)
	b.source = s
	return nil
}

// readColumn reads the next n rows of a column.
func (s *parquetSource) readColumn(r *pqarrow.ColumnReader, n int64) (arrow.Array, error) {
	chunks, err := r.NextBatch(n)
	if err != nil {
		return nil, err
	}
	defer chunks.Release()
	if int64(chunks.Len()) != n {
		return nil, fmt.Errorf("it holds fewer values than the footer says")
	}
	if len(chunks.Chunks()) == 1 {
		a := chunks.Chunk(0)
		a.Retain()
		return a, nil
	}
	return array.Concatenate(chunks.Chunks(), s.mem)
}

// nextGroup opens the columns of the next row group.
func (s *parquetSource) nextGroup() error {
	s.closeReaders()
	if s.group+1 >= s.groups {
		return io.EOF
	}
	s.group++
	g := s.file.RowGroup(s.group)
	for _, field := range s.plan.columns {
		leaves := make(map[int]bool, len(s.leaves[field]))
		for _, leaf := range s.leaves[field] {
			leaves[leaf] = true
			// pqarrow opens the children of a struct on other goroutines,
			// where a panic could not be caught: find it here first.
			pages, err := g.GetColumnPageReader(leaf)
			if err != nil {
				return err
			}
			if err := pages.Close(); err != nil {
				return err
			}
		}
		r, err := s.arrow.GetFieldReader(context.Background(), field, leaves, []int{s.group})
		if err != nil {
			return err
		}
		s.readers = append(s.readers, r)
	}
	s.left = g.NumRows()
	return nil
}

func (s *parquetSource) closeReaders() {
	for _, r := range s.readers {
		r.Release()
	}
	s.readers = s.readers[:0]
}

// decode converts a batch; the bytes were decoded when it was cut.
func (s *parquetSource) decode(b *Block, r *Rows) error {
	return s.guard(func() error { return s.plan.decode(b.Batch, nil, r) })
}

func (s *parquetSource) Close() error {
	return s.guard(func() error { s.closeReaders(); return nil })
}

// guard runs f and says of its error whether the file or the disk is at fault.
func (s *parquetSource) guard(f func() error) error {
	return s.in.judge(s.path, guard(f))
}

// watched is a file that remembers that reading it failed, so that a disk
// error is not taken for a damaged file.
type watched struct {
	randomFile
	size int64
	err  atomic.Pointer[error]
}

func (w *watched) ReadAt(p []byte, off int64) (int, error) {
	n, err := w.randomFile.ReadAt(p, off)
	if err != nil && err != io.EOF && off >= 0 {
		w.note(err)
	}
	return n, err
}

// note keeps an error of the disk, as such.
func (w *watched) note(err error) {
	if !errors.Is(err, ErrIO) {
		err = fmt.Errorf("%w: %w", ErrIO, err)
	}
	w.err.Store(&err)
}

// judge gives an error of the Parquet or Arrow library its kind and place.
func (w *watched) judge(path string, err error) error {
	var named *fileError
	switch {
	case err == nil || err == io.EOF:
		return err
	case w.err.Load() != nil:
		err = *w.err.Load()
	case !errors.Is(err, ErrData):
		err = damaged(err)
	}
	if errors.As(err, &named) {
		return err
	}
	return &fileError{path, err}
}
