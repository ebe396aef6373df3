package table

import (
	"encoding/base64"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	codec "github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

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
	if parallel == nil {
		parallel = oneByOne
	}
	plain, err := newPlainGroups(w, dense, pq, props, meta)
	if plain != nil || err != nil {
		return &sideBySide{form: plain, parallel: parallel}, err
	}
	fw, err := file.NewParquetWriterWithError(w, pq.Root(), file.WithWriterProps(props), file.WithWriteMetadata(meta))
	return &sideBySide{form: &flatGroups{w: fw, props: arrowProps}, parallel: parallel}, err
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
