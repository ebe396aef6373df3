package table

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
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
	dense  []int // kept columns that are written as another type
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
	stored, dense, err := parquetSchemas(e.schema)
	if err != nil {
		return nil, err
	}
	for i, f := range dense.Fields() {
		if !arrow.TypeEqual(f.Type, e.schema.Field(i).Type) {
			s.dense = append(s.dense, i)
		}
	}
	e.schema = dense
	err = guard(func() error {
		s.groups, err = newGroupWriter(w, stored, dense, o.Parallel, e.mem)
		return err
	})
	return s, err
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

// Encode makes the part's batches, dictionaries looked up: what a page then
// holds does not depend on which dictionary a value came from.
func (s *parquetSink) Encode(p *Part, rows *Rows, made []Computed, drop []bool) error {
	if len(s.dense) == 0 || len(rows.Kept) != s.kept {
		return s.typedEncoder.Encode(p, rows, made, drop)
	}
	kept := slices.Clone(rows.Kept)
	for _, i := range s.dense {
		var values arrow.Array
		err := guard(func() (err error) {
			values, err = denseArray(kept[i], s.schema.Field(i).Type, s.mem)
			return err
		})
		if err != nil {
			return fmt.Errorf("%w: column %q: %w", ErrData, s.schema.Field(i).Name, err)
		}
		defer values.Release()
		kept[i] = values
	}
	return s.encode(p, rows, kept, made, drop)
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
