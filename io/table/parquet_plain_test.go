package table

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"pgregory.net/rapid"
)

// plainTypes are the types whose columns are written without the library.
var plainTypes = []arrow.DataType{
	arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Uint64,
	arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64, arrow.FixedWidthTypes.Date32,
	arrow.FixedWidthTypes.Timestamp_us, arrow.BinaryTypes.String, arrow.BinaryTypes.Binary,
}

// drawArray draws n values of a type, some of them null, from few or many.
func drawArray(t *rapid.T, dtype arrow.DataType, n int) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, dtype)
	defer b.Release()
	some := rapid.SliceOfN(rapid.OneOf(
		rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), 0, math.Copysign(0, -1), math.Inf(1)})), 1, 5).Draw(t, "values")
	nulls := rapid.SampledFrom([]int{0, 1, 3, 1 << 30}).Draw(t, "nulls")
	long := rapid.SampledFrom([]int{1, 3, 40_000 / n}).Draw(t, "length") // n rows have 20,000 bytes, or few
	for i := range n {
		if nulls > 0 && i%(nulls+1) != 0 {
			b.AppendNull()
			continue
		}
		v := some[i*i%len(some)]
		whole := int64(math.Float64bits(v))
		switch b := b.(type) {
		case *array.Int32Builder:
			b.Append(int32(whole))
		case *array.Uint32Builder:
			b.Append(uint32(whole))
		case *array.Int64Builder:
			b.Append(whole)
		case *array.Uint64Builder:
			b.Append(uint64(whole))
		case *array.Float32Builder:
			b.Append(float32(v))
		case *array.Float64Builder:
			b.Append(v)
		case *array.Date32Builder:
			b.Append(arrow.Date32(whole))
		case *array.TimestampBuilder:
			b.Append(arrow.Timestamp(whole))
		case *array.StringBuilder:
			b.Append(strings.Repeat(string(rune('a'+i%26)), i*997%max(1, long)))
		case *array.BinaryBuilder:
			b.Append(bytes.Repeat([]byte{byte(whole)}, i*997%max(1, long)))
		}
	}
	return b.NewArray()
}

// TestPlainGroupsAsLibrary writes the same rows by our pages and by the
// library's: what the library reads of both, and the statistics, are alike.
func TestPlainGroupsAsLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		types := rapid.SliceOfN(rapid.SampledFrom(plainTypes), 1, 3).Draw(t, "types")
		n := rapid.SampledFrom([]int{1, 7, 8, 100, 8192}).Draw(t, "rows")
		slices := rapid.SampledFrom([]int{1, 2, 9}).Draw(t, "slices")
		var fields []arrow.Field
		var columns []arrow.Array
		for i, dtype := range types {
			fields = append(fields, arrow.Field{Name: string(rune('a' + i)), Type: dtype, Nullable: true})
			columns = append(columns, drawArray(t, dtype, n))
		}
		batch := array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, int64(n))
		ours, theirs := writeGroups(t, batch, slices, false), writeGroups(t, batch, slices, true)
		compareFiles(t, ours, theirs)
	})
}

// writeGroups writes two row groups of the batch, as often as slices says.
func writeGroups(t *rapid.T, batch arrow.RecordBatch, slices int, byLibrary bool) []byte {
	var out bytes.Buffer
	g, err := newGroupWriter(&out, batch.Schema(), batch.Schema(), nil, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	side := g.(*sideBySide)
	if _, plain := side.form.(*plainGroups); !plain {
		t.Fatal("the library would write these columns")
	}
	if byLibrary {
		out.Reset()
		props, arrowProps := writerProperties(memory.DefaultAllocator), pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema())
		pq, err := pqarrow.ToParquet(batch.Schema(), props, arrowProps)
		if err != nil {
			t.Fatal(err)
		}
		w, err := file.NewParquetWriterWithError(struct{ *bytes.Buffer }{&out}, pq.Root(), file.WithWriterProps(props))
		if err != nil {
			t.Fatal(err)
		}
		side.form = newAnyGroups(w, batch.Schema())
	}
	for range 2 {
		for range slices {
			if err := side.slice(batch); err != nil {
				t.Fatal(err)
			}
		}
		if err := side.endGroup(); err != nil {
			t.Fatal(err)
		}
	}
	if err := side.close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// compareFiles compares the tables and statistics of two Parquet files.
func compareFiles(t *rapid.T, ours, theirs []byte) {
	var tables []arrow.Table
	var stats [][]metadata.TypedStatistics
	for _, data := range [][]byte{ours, theirs} {
		r, err := file.NewParquetReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		a, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		table, err := a.ReadTable(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		tables, stats = append(tables, table), append(stats, statisticsOf(t, r))
	}
	for i := range int(tables[0].NumCols()) {
		if !array.ChunkedEqual(bitsOf(tables[0].Column(i).Data()), bitsOf(tables[1].Column(i).Data())) {
			t.Fatalf("column %d differs", i)
		}
	}
	for i, a := range stats[0] {
		b := stats[1][i]
		if a.NullCount() != b.NullCount() || a.HasMinMax() != b.HasMinMax() {
			t.Fatalf("statistics %d: nulls %d, %d; ends %v, %v", i, a.NullCount(), b.NullCount(), a.HasMinMax(), b.HasMinMax())
		}
		if a.HasMinMax() && (!bytes.Equal(a.EncodeMin(), b.EncodeMin()) || !bytes.Equal(a.EncodeMax(), b.EncodeMax())) {
			t.Fatalf("statistics %d: %x … %x, the library's %x … %x", i, a.EncodeMin(), a.EncodeMax(), b.EncodeMin(), b.EncodeMax())
		}
	}
}

// statisticsOf lists the statistics of every chunk.
func statisticsOf(t *rapid.T, r *file.Reader) (list []metadata.TypedStatistics) {
	for g := range r.NumRowGroups() {
		for c := range r.MetaData().Schema.NumColumns() {
			chunk, err := r.MetaData().RowGroup(g).ColumnChunk(c)
			if err != nil {
				t.Fatal(err)
			}
			s, err := chunk.Statistics()
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, s)
		}
	}
	return list
}

// bitsOf shows floats as integers, so that NaN equals itself and −0 is not 0.
func bitsOf(c *arrow.Chunked) *arrow.Chunked {
	var as arrow.DataType
	switch c.DataType().ID() {
	case arrow.FLOAT32:
		as = arrow.PrimitiveTypes.Int32
	case arrow.FLOAT64:
		as = arrow.PrimitiveTypes.Int64
	default:
		return c
	}
	var chunks []arrow.Array
	for _, a := range c.Chunks() {
		d := a.Data()
		chunks = append(chunks, array.MakeFromData(array.NewData(as, d.Len(), d.Buffers(), nil, d.NullN(), d.Offset())))
	}
	return arrow.NewChunked(as, chunks)
}
