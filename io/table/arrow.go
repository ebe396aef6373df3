package table

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// arrowMagic opens and closes an Arrow file.
const arrowMagic = "ARROW1"

// arrowSource slices the record batches of an Arrow file or stream into
// blocks.
type arrowSource struct {
	about   func() Info
	path    string
	o       ReadOptions
	mem     memory.Allocator
	in      *watched                          // of a file; nil for a stream
	batches []fileMessage                     // of a file
	close   func() error                      // of the library's reader
	read    func() (arrow.RecordBatch, error) // the next batch, the caller's to release

	fields []Field
	plan   *typedPlan
	schema *arrow.Schema     // of the plan's columns
	batch  arrow.RecordBatch // of the plan's columns
	at     int64             // rows of it already cut
	step   int64             // rows of a block
	tables []*wordTable      // the dictionaries of feature columns, read
	dicts  []arrow.ArrayData // those dictionaries
}

// newArrowFile opens an Arrow IPC file that can be read anywhere.
func newArrowFile(f randomFile, about func() Info, o ReadOptions) (Source, error) {
	s := newArrowSource(about, o)
	s.in = &watched{randomFile: f}
	if err := s.guard(func() error { return opening(s.openFile()) }); err != nil {
		return nil, err
	}
	return s, nil
}

// newArrowStream reads an Arrow IPC stream, or an Arrow IPC file as a stream
// if its first bytes are a file's.
func newArrowStream(r io.Reader, about func() Info, o ReadOptions) (Source, error) {
	s := newArrowSource(about, o)
	in := &watchedReader{Reader: r}
	s.in = &watched{} // remembers the stream's errors
	in.watched = s.in
	if err := s.guard(func() error { return opening(s.openStream(bufio.NewReaderSize(in, 1<<16))) }); err != nil {
		return nil, err
	}
	return s, nil
}

func newArrowSource(about func() Info, o ReadOptions) *arrowSource {
	mem := o.Alloc
	if mem == nil {
		mem = memory.DefaultAllocator
	}
	return &arrowSource{about: about, path: about().Path, o: o, mem: &boundedAllocator{mem}}
}

// opening makes an end of the input before its schema an error: io.EOF would
// say that a table has been read to its end.
func opening(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// openFile reads the footer. Every message is checked against the file before
// it is read.
func (s *arrowSource) openFile() error {
	var err error
	if s.in.size, err = s.in.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	if err := s.checkFile(); err != nil {
		return err
	}
	r, err := ipc.NewFileReader(s.in.whole(), ipc.WithAllocator(s.mem), ipc.WithBodySizeLimit(0))
	if err != nil {
		return err
	}
	if err := s.setFields(r.Schema()); err != nil {
		r.Close()
		return err
	}
	s.close = r.Close
	i := 0
	s.read = func() (arrow.RecordBatch, error) {
		if i == r.NumRecords() {
			return nil, io.EOF
		}
		i++
		if err := s.checkFileMessage(s.batches[i-1]); err != nil {
			return nil, fmt.Errorf("batch %d: %w", i-1, err)
		}
		return r.RecordBatchAt(i - 1)
	}
	return nil
}

// openStream reads the schema. A file read as a stream has a magic number in
// front and a footer behind, which is passed over.
func (s *arrowSource) openStream(in *bufio.Reader) error {
	head, _ := in.Peek(len(arrowMagic))
	isFile := string(head) == arrowMagic
	if isFile {
		if _, err := in.Discard(8); err != nil {
			return err
		}
	}
	m := &messages{in: in, mem: s.mem, whole: isFile}
	r, err := ipc.NewReaderFromMessageReader(m, ipc.WithAllocator(s.mem))
	if err != nil {
		m.Release()
		return err
	}
	if err := s.setFields(r.Schema()); err != nil {
		r.Release()
		return err
	}
	s.close = func() error { r.Release(); return nil }
	s.read = func() (arrow.RecordBatch, error) {
		if !r.Next() {
			if r.Err() != nil {
				return nil, r.Err()
			}
			return nil, m.finish()
		}
		batch := r.RecordBatch()
		batch.Retain()
		return batch, nil
	}
	return nil
}

func (s *arrowSource) setFields(schema *arrow.Schema) error {
	for _, f := range schema.Fields() {
		s.fields = append(s.fields, Field{f.Name, f.Type})
	}
	return s.o.checkColumns(len(s.fields))
}

func (s *arrowSource) Fields() []Field { return s.fields }

func (s *arrowSource) Info() Info { return s.about() }

func (s *arrowSource) Start(req Request) error {
	var err error
	if s.plan, err = newTypedPlan(s.fields, req, s.o); err != nil {
		return err
	}
	s.dicts = make([]arrow.ArrayData, len(s.plan.features))
	list := make([]arrow.Field, len(s.plan.columns))
	for i, c := range s.plan.columns {
		list[i] = arrow.Field{Name: s.fields[c].Name, Type: s.fields[c].Type, Nullable: true}
	}
	s.schema = arrow.NewSchema(list, nil)
	return nil
}

// Next slices the next rows off the current batch.
func (s *arrowSource) Next(b *Block) error {
	b.Release()
	return s.guard(func() error { return s.next(b) })
}

func (s *arrowSource) next(b *Block) error {
	for s.batch == nil || s.at == s.batch.NumRows() {
		if err := s.nextBatch(); err != nil {
			return err
		}
	}
	n := min(s.step, s.batch.NumRows()-s.at)
	b.Batch = s.batch.NewSlice(s.at, s.at+n)
	s.at += n
	b.Edge = s.at == s.batch.NumRows()
	b.source, b.state = s, s.tables
	return nil
}

// nextBatch reads a batch, checks it through, and keeps the wanted columns.
func (s *arrowSource) nextBatch() error {
	s.dropBatch()
	batch, err := s.read()
	if err != nil {
		return err
	}
	defer batch.Release()
	if int(batch.NumCols()) != len(s.fields) {
		return fmt.Errorf("a batch has %d columns, the schema %d", batch.NumCols(), len(s.fields))
	}
	columns := make([]arrow.Array, len(s.plan.columns))
	for i, c := range s.plan.columns {
		columns[i] = batch.Column(c)
		if int64(columns[i].Len()) != batch.NumRows() {
			return fmt.Errorf("column %q has %d values in a batch of %d rows", s.fields[c].Name, columns[i].Len(), batch.NumRows())
		}
		if err := validate(columns[i]); err != nil {
			return fmt.Errorf("column %q: %w", s.fields[c].Name, err)
		}
	}
	s.batch = array.NewRecordBatch(s.schema, columns, batch.NumRows())
	s.at = 0
	s.step = maxBlockRows
	if rows := batch.NumRows(); rows > 0 {
		s.step = rowsOf(s.o.BlockSize, float64(batchBytes(s.batch))/float64(rows))
	}
	s.readDictionaries()
	return nil
}

// batchBytes is how much memory the columns of a batch take.
func batchBytes(b arrow.RecordBatch) (n int64) {
	for _, c := range b.Columns() {
		n += dataBytes(c.Data())
	}
	return n
}

func dataBytes(d arrow.ArrayData) (n int64) {
	for _, b := range d.Buffers() {
		if b != nil {
			n += int64(b.Len())
		}
	}
	for _, c := range d.Children() {
		n += dataBytes(c)
	}
	if words, ok := d.Dictionary().(*array.Data); ok && words != nil {
		n += dataBytes(words)
	}
	return n
}

// readDictionaries reads the dictionaries of feature columns, if they have
// changed: once each, not once a row.
func (s *arrowSource) readDictionaries() {
	tables := make([]*wordTable, len(s.plan.features))
	for i, f := range s.plan.features {
		a, ok := s.batch.Column(f.column).(*array.Dictionary)
		if !ok {
			continue
		}
		dict := a.Data().Dictionary()
		if s.dicts[i] == dict {
			tables[i] = s.tables[i]
			continue
		}
		d := featureDecoder{words: s.plan.words, dict: f.dict}
		tables[i] = d.newWordTable(a.Dictionary())
		if s.dicts[i] != nil {
			s.dicts[i].Release()
		}
		dict.Retain()
		s.dicts[i] = dict
	}
	s.tables = tables
}

func (s *arrowSource) dropBatch() {
	if s.batch != nil {
		s.batch.Release()
		s.batch = nil
	}
}

func (s *arrowSource) decode(b *Block, r *Rows) error {
	r.Edge = b.Edge
	tables := b.state.([]*wordTable)
	return s.guard(func() error {
		return s.plan.decode(b.Batch.Columns(), int(b.Batch.NumRows()), tables, r)
	})
}

func (s *arrowSource) Close() error {
	s.dropBatch()
	for _, d := range s.dicts {
		if d != nil {
			d.Release()
		}
	}
	s.dicts = nil
	return s.guard(s.close)
}

// guard runs f and says of its error whether the file or the disk is at fault.
func (s *arrowSource) guard(f func() error) error {
	return s.in.judge(s.path, guard(f))
}

// validate checks an array through and through. The library's check does not
// know that the null type has no buffers.
func validate(a arrow.Array) error {
	if hasNullType(a.DataType()) {
		return nil
	}
	return array.ValidateFull(a)
}

func hasNullType(t arrow.DataType) bool {
	switch t := t.(type) {
	case *arrow.NullType:
		return true
	case arrow.ExtensionType:
		return hasNullType(t.StorageType())
	case *arrow.DictionaryType:
		return hasNullType(t.ValueType)
	case arrow.NestedType:
		return slices.ContainsFunc(t.Fields(), func(f arrow.Field) bool { return hasNullType(f.Type) })
	}
	return false
}
