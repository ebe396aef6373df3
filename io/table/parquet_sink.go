package table

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	codec "github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// Edges of a Parquet file. Slices are counted from the table's first row; a
// row group closes at the first slice edge at or past either limit.
const (
	sliceRows  = 8192
	groupRows  = 131072
	groupBytes = 64 << 20
)

// parquetSink writes one Parquet file, slice by slice.
type parquetSink struct {
	*typedEncoder
	dense  []int // kept dictionary columns, which are written as their values
	cut    *recutter
	rows   int64 // of the row group
	bytes  int64 // of its values
	groups groupWriter
}

// groupWriter writes row groups from slices of them.
type groupWriter interface {
	slice(b arrow.RecordBatch) error // borrows the slice
	endGroup() error
	close() error
	release()
}

// newParquetSink starts a Parquet file. The Arrow types of the columns are
// stored in it, so that they come back.
func newParquetSink(w io.Writer, l Layout, o WriteOptions) (Sink, error) {
	e, err := newTypedEncoder(l, o.Alloc)
	if err != nil {
		return nil, err
	}
	s := &parquetSink{typedEncoder: e}
	s.cut = &recutter{mem: e.mem, step: sliceRows, emit: s.slice}
	stored := e.schema
	e.schema, s.dense = denseSchema(stored)
	err = guard(func() error {
		s.groups, err = newGroupWriter(w, stored, e.schema, o.Parallel, e.mem)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: the table's types do not fit Parquet: %w", ErrData, err)
	}
	return s, nil
}

// oneByOne is the Parallel of sinks that were given none.
func oneByOne(_ context.Context, n int, f func(int) error) error {
	for i := range n {
		if err := f(i); err != nil {
			return err
		}
	}
	return nil
}

// denseSchema is a schema with the values of dictionaries in place of their
// indices, and which columns that concerns.
func denseSchema(s *arrow.Schema) (*arrow.Schema, []int) {
	var dense []int
	fields := append([]arrow.Field(nil), s.Fields()...)
	for i := range fields {
		if d, ok := fields[i].Type.(*arrow.DictionaryType); ok {
			fields[i].Type = d.ValueType
			dense = append(dense, i)
		}
	}
	return arrow.NewSchema(fields, nil), dense
}

// Encode makes the part's batches, dictionaries looked up: what a page then
// holds does not depend on which dictionary a value came from.
func (s *parquetSink) Encode(p *Part, rows *Rows, made []Computed, drop []bool) error {
	if len(s.dense) == 0 || len(rows.Kept) != s.kept {
		return s.typedEncoder.Encode(p, rows, made, drop)
	}
	kept := slices.Clone(rows.Kept)
	for _, i := range s.dense {
		values, err := denseArray(kept[i], s.mem)
		if err != nil {
			return fmt.Errorf("column %q: %w", s.schema.Field(i).Name, err)
		}
		defer values.Release()
		kept[i] = values
	}
	return s.encode(p, rows, kept, made, drop)
}

// denseArray looks the values of a dictionary array up.
func denseArray(a arrow.Array, mem memory.Allocator) (arrow.Array, error) {
	d, ok := a.(*array.Dictionary)
	if !ok {
		a.Retain()
		return a, nil
	}
	ctx := compute.WithAllocator(context.Background(), mem)
	return compute.CastArray(ctx, d, compute.SafeCastOptions(d.DataType().(*arrow.DictionaryType).ValueType))
}

// Write adds a part's rows to the row group.
func (s *parquetSink) Write(p *Part) error {
	for _, b := range p.Batches {
		if err := s.cut.push(b); err != nil {
			return err
		}
	}
	return nil
}

// slice takes the next slice of the table, of 8,192 rows save the last.
func (s *parquetSink) slice(b arrow.RecordBatch) error {
	for _, c := range b.Columns() {
		s.bytes += valueBytes(c.Data())
	}
	s.rows += b.NumRows()
	if err := s.groups.slice(b); err != nil {
		return err
	}
	if s.rows >= groupRows || s.bytes >= groupBytes {
		return s.endGroup()
	}
	return nil
}

func (s *parquetSink) endGroup() error {
	if s.rows == 0 {
		return nil
	}
	s.rows, s.bytes = 0, 0
	return s.groups.endGroup()
}

// Close writes the last row group and the footer.
func (s *parquetSink) Close() error {
	defer s.typedEncoder.close()
	defer s.cut.release()
	defer s.groups.release()
	if err := s.cut.flush(); err != nil {
		return err
	}
	if err := s.endGroup(); err != nil {
		return err
	}
	return s.groups.close()
}

// valueBytes is the size of an array's values, wherever its buffers begin and
// end.
func valueBytes(d arrow.ArrayData) int64 {
	n := int64(d.Len())
	size := n / 8
	switch t := d.DataType().(type) {
	case *arrow.StringType, *arrow.BinaryType:
		a := array.MakeFromData(d)
		defer a.Release()
		return size + 4*n + int64(len(a.(interface{ ValueBytes() []byte }).ValueBytes()))
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		a := array.MakeFromData(d)
		defer a.Release()
		return size + 8*n + int64(len(a.(interface{ ValueBytes() []byte }).ValueBytes()))
	case *arrow.StructType:
		for _, c := range d.Children() {
			part := array.NewSliceData(c, int64(d.Offset()), int64(d.Offset()+d.Len()))
			size += valueBytes(part)
			part.Release()
		}
		return size
	case arrow.ListLikeType:
		a := array.MakeFromData(d).(array.ListLike)
		defer a.Release()
		if n == 0 {
			return 0
		}
		from, _ := a.ValueOffsets(0)
		_, to := a.ValueOffsets(int(n) - 1)
		part := array.NewSliceData(d.Children()[0], from, to)
		defer part.Release()
		return size + 4*n + valueBytes(part)
	case arrow.FixedWidthDataType:
		return size + n*int64(t.BitWidth())/8
	case arrow.ExtensionType:
		storage := array.NewData(t.StorageType(), d.Len(), d.Buffers(), d.Children(), d.NullN(), d.Offset())
		defer storage.Release()
		return valueBytes(storage)
	}
	return size + 16*n
}

// pageBytes is a quarter of what is usual: pages are compressed while the rest
// of a row group is still to come, and a reader may spread them over its cores.
const pageBytes = 256 << 10

// writerProperties are the same for every file: no dictionaries, which cost
// numbers that rarely repeat both time and space.
func writerProperties(mem memory.Allocator) *parquet.WriterProperties {
	return parquet.NewWriterProperties(
		parquet.WithAllocator(mem),
		parquet.WithCompression(codec.Codecs.Snappy),
		parquet.WithDictionaryDefault(false),
		parquet.WithDataPageSize(pageBytes),
	)
}

// newGroupWriter makes the writer for a table: columns side by side if none is
// nested, else one after the other.
func newGroupWriter(w io.Writer, stored, dense *arrow.Schema, parallel Parallel, mem memory.Allocator) (groupWriter, error) {
	props := writerProperties(mem)
	arrowProps := pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema())
	w = struct{ io.Writer }{w} // the library closes what can be closed
	for _, f := range dense.Fields() {
		if !flatType(f.Type) {
			fw, err := pqarrow.NewFileWriter(stored, w, props, arrowProps)
			return &nestedGroups{w: fw, mem: mem}, err
		}
	}
	pq, err := pqarrow.ToParquet(dense, props, arrowProps)
	if err != nil {
		return nil, err
	}
	meta := metadata.NewKeyValueMetadata()
	if err := meta.Append("ARROW:schema", base64.StdEncoding.EncodeToString(flight.SerializeSchema(stored, mem))); err != nil {
		return nil, err
	}
	fw, err := file.NewParquetWriterWithError(w, pq.Root(), file.WithWriterProps(props), file.WithWriteMetadata(meta))
	g := &flatGroups{w: fw, props: arrowProps, parallel: parallel}
	if g.parallel == nil {
		g.parallel = oneByOne
	}
	return g, err
}

// flatType reports whether columns of a type have one value a row.
func flatType(t arrow.DataType) bool {
	if e, ok := t.(arrow.ExtensionType); ok {
		return flatType(e.StorageType())
	}
	_, nested := t.(arrow.NestedType)
	return !nested
}

// nestedGroups writes row groups column after column, as the library does it.
type nestedGroups struct {
	w      *pqarrow.FileWriter
	mem    memory.Allocator
	pieces []arrow.RecordBatch // of the row group
}

func (g *nestedGroups) slice(b arrow.RecordBatch) error {
	b.Retain()
	g.pieces = append(g.pieces, b)
	return nil
}

func (g *nestedGroups) endGroup() error {
	defer g.release()
	if err := g.w.NewBufferedRowGroupChecked(); err != nil {
		return err
	}
	for i := range int(g.pieces[0].NumCols()) {
		if err := g.column(i); err != nil {
			return err
		}
	}
	return nil
}

func (g *nestedGroups) column(i int) error {
	arrays := make([]arrow.Array, 0, len(g.pieces))
	defer func() { releaseArrays(arrays) }()
	rows := 0
	for _, p := range g.pieces {
		a, err := writableList(p.Column(i), g.mem)
		if err != nil {
			return err
		}
		arrays, rows = append(arrays, a), rows+a.Len()
	}
	chunked := arrow.NewChunked(arrays[0].DataType(), arrays)
	defer chunked.Release()
	return g.w.WriteColumnChunked(chunked, 0, int64(rows))
}

func (g *nestedGroups) release() {
	releaseAll(g.pieces)
	g.pieces = g.pieces[:0]
}

// writableList turns fixed-size lists into lists whose null ones have no
// items: the library writes no others. In the file both look the same.
func writableList(a arrow.Array, mem memory.Allocator) (arrow.Array, error) {
	l, ok := a.(*array.FixedSizeList)
	if !ok {
		a.Retain()
		return a, nil
	}
	size := int64(l.DataType().(*arrow.FixedSizeListType).Len())
	at := memory.NewResizableBuffer(mem)
	defer at.Release()
	at.Resize(4 * (l.Len() + 1))
	offsets := arrow.Int32Traits.CastFromBytes(at.Bytes())
	items := []arrow.Array{array.NewSlice(l.ListValues(), 0, 0)}
	defer func() {
		for _, c := range items {
			c.Release()
		}
	}()
	offsets[0] = 0
	for i := range l.Len() {
		offsets[i+1] = offsets[i]
		if l.IsValid(i) {
			start := int64(l.Data().Offset()+i) * size
			items = append(items, array.NewSlice(l.ListValues(), start, start+size))
			offsets[i+1] += int32(size)
		}
	}
	values, err := array.Concatenate(items, mem)
	if err != nil {
		return nil, err
	}
	defer values.Release()
	bits := memory.NewResizableBuffer(mem)
	defer bits.Release()
	bits.Resize(int(bitutil.BytesForBits(int64(l.Len()))))
	bitutil.SetBitsTo(bits.Bytes(), 0, int64(l.Len()), true)
	if l.NullN() > 0 {
		copyBits(bits.Bytes(), l)
	}
	t := arrow.ListOfField(l.DataType().(*arrow.FixedSizeListType).ElemField())
	data := array.NewData(t, l.Len(), []*memory.Buffer{bits, at}, []arrow.ArrayData{values.Data()}, l.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

func (g *nestedGroups) close() error { return g.w.Close() }

// flatGroups writes the columns of a slice at once.
type flatGroups struct {
	w        *file.Writer
	props    pqarrow.ArrowWriterProperties
	parallel Parallel
	group    file.BufferedRowGroupWriter // nil between row groups
	columns  []flatWriter
}

// flatWriter writes one column of a row group.
type flatWriter struct {
	w      file.ColumnChunkWriter
	ctx    context.Context // the library's memory for the column
	levels []int16
}

func (g *flatGroups) slice(b arrow.RecordBatch) error {
	if g.group == nil {
		if err := g.beginGroup(); err != nil {
			return err
		}
	}
	return g.parallel(context.Background(), len(g.columns), func(i int) error {
		return g.columns[i].write(b.Column(i))
	})
}

func (g *flatGroups) beginGroup() (err error) {
	if g.group, err = g.w.AppendBufferedRowGroupChecked(); err != nil {
		return err
	}
	for i := range g.w.NumColumns() {
		if i == len(g.columns) {
			ctx := pqarrow.NewArrowWriteContext(context.Background(), &g.props)
			g.columns = append(g.columns, flatWriter{ctx: ctx, levels: make([]int16, sliceRows)})
		}
		if g.columns[i].w, err = g.group.Column(i); err != nil {
			return err
		}
	}
	return nil
}

func (g *flatGroups) endGroup() error {
	group := g.group
	g.group = nil
	return group.Close()
}

func (g *flatGroups) release() {}

func (f *flatWriter) write(a arrow.Array) error {
	levels := f.levels[:a.Len()]
	definitionLevels(levels, a)
	return pqarrow.WriteArrowToColumn(f.ctx, f.w, a, levels, nil, true)
}

// definitionLevels are 1 for values that are there and 0 for nulls.
func definitionLevels(levels []int16, a arrow.Array) {
	for i := range levels {
		levels[i] = 1
	}
	if a.NullN() == 0 {
		return
	}
	for i := range levels {
		if a.IsNull(i) {
			levels[i] = 0
		}
	}
}

func (g *flatGroups) close() error { return g.w.Close() }
