package table

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	kinds "github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// The library has a layer of its own between Arrow and Parquet, which brings a
// server along. It is the oracle here for ours.

// libraryTypes are types of columns that are written and read through Arrow.
func libraryTypes() []arrow.DataType {
	item := func(t arrow.DataType, nullable bool) arrow.Field {
		return arrow.Field{Name: "element", Type: t, Nullable: nullable}
	}
	x := arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Int32}
	y := arrow.Field{Name: "y", Type: arrow.BinaryTypes.String, Nullable: true, Metadata: arrow.NewMetadata([]string{fieldNumber}, []string{"7"})}
	pair := arrow.StructOf(x, y)
	types := []arrow.DataType{
		arrow.Null, arrow.FixedWidthTypes.Date64, arrow.FixedWidthTypes.Time32s, arrow.FixedWidthTypes.Time64ns,
		&arrow.TimestampType{Unit: arrow.Second}, &arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"},
		arrow.BinaryTypes.LargeBinary, kinds.NewUUIDType(),
		arrow.LargeListOfField(item(arrow.PrimitiveTypes.Uint8, true)),
		arrow.ListOfField(item(arrow.PrimitiveTypes.Float32, false)),
		arrow.ListOfField(item(pair, true)),
		arrow.ListOfField(item(arrow.ListOfField(item(pair, false)), true)),
		arrow.FixedSizeListOfField(3, item(arrow.PrimitiveTypes.Float64, true)),
		pair,
		arrow.StructOf(arrow.Field{Name: "inner", Type: pair, Nullable: true}, x,
			arrow.Field{Name: "list", Type: arrow.ListOfField(item(arrow.FixedWidthTypes.Boolean, true)), Nullable: true}),
		arrow.StructOf(arrow.Field{Name: "list", Type: arrow.ListOfField(item(arrow.PrimitiveTypes.Int16, true)), Nullable: true}),
		arrow.MapOf(arrow.PrimitiveTypes.Int32, arrow.ListOfField(item(arrow.FixedWidthTypes.Date32, true))),
		arrow.MapOf(arrow.BinaryTypes.String, &arrow.Decimal128Type{Precision: 12, Scale: 3}),
	}
	for _, f := range append(richFields(), nestedFields()...) {
		types = append(types, f.Type)
	}
	return types
}

// columnForLibrary is a column with nulls, with none, or with nothing else.
func columnForLibrary(t arrow.DataType, rows, one int, rng *rand.Rand) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, t)
	defer b.Release()
	for range rows {
		if one != 1 && (one == 2 || rng.IntN(3) == 0) || t.ID() == arrow.NULL {
			b.AppendNull()
		} else {
			appendValue(b, rng)
		}
	}
	return b.NewArray()
}

// appendValue adds a value, whose own fields are null where they may be.
func appendValue(b array.Builder, rng *rand.Rand) {
	n := rng.Int64N(1 << 40)
	switch b := b.(type) {
	case *array.Date64Builder:
		b.Append(arrow.Date64(n / 86400000 * 86400000))
	case *array.Time32Builder:
		b.Append(arrow.Time32(n % 86400))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(n >> 10))
	case *array.BinaryBuilder:
		b.Append([]byte(someWords[n%8]))
	case *kinds.UUIDBuilder:
		b.AppendBytes([16]byte{byte(n), 1, byte(n >> 8)})
	case *array.StructBuilder:
		b.Append(true)
		for i, f := range b.Type().(*arrow.StructType).Fields() {
			appendMaybe(b.FieldBuilder(i), f.Nullable, rng)
		}
	case *array.MapBuilder:
		b.Append(true)
		for range rng.IntN(3) {
			appendMaybe(b.KeyBuilder(), false, rng)
			appendMaybe(b.ItemBuilder(), true, rng)
		}
	case *array.FixedSizeListBuilder:
		b.Append(true)
		for range 3 {
			appendMaybe(b.ValueBuilder(), true, rng)
		}
	case *array.ListBuilder:
		b.Append(true)
		appendItems(b.ValueBuilder(), b.Type(), rng)
	case *array.LargeListBuilder:
		b.Append(true)
		appendItems(b.ValueBuilder(), b.Type(), rng)
	default:
		appendRandom(b, rng, false)
	}
}

func appendItems(b array.Builder, list arrow.DataType, rng *rand.Rand) {
	for range rng.IntN(4) {
		appendMaybe(b, list.(arrow.ListLikeType).ElemField().Nullable, rng)
	}
}

func appendMaybe(b array.Builder, nullable bool, rng *rand.Rand) {
	if nullable && rng.IntN(4) == 0 {
		b.AppendNull()
	} else {
		appendValue(b, rng)
	}
}

// TestParquetBytesAsLibrary writes columns of every type by ours and by the
// library's layer, in two row groups of two slices each: the files are the same,
// but where the library's is no good: it notes ends of lists that hold nothing,
// and fixed-size lists that are null it does not write. There the library must
// read what we have written.
func TestParquetBytesAsLibrary(t *testing.T) {
	for i, dtype := range libraryTypes() {
		for one := range 3 {
			t.Run(fmt.Sprintf("%02d %s %d", i, dtype, one), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(i), uint64(one)))
				whole := columnForLibrary(dtype, 3000, one, rng)
				s := arrow.NewSchema([]arrow.Field{{Name: "c", Type: dtype, Nullable: true}}, nil)
				pieces := []arrow.Array{array.NewSlice(whole, 5, 1805), array.NewSlice(whole, 1805, 2990)}
				stored, dense, err := parquetSchemas(s)
				if err != nil {
					t.Fatal(err)
				}
				ours := writeAny(t, stored, dense, pieces)
				if _, fixed := dtype.(*arrow.FixedSizeListType); fixed || one == 2 && !flatType(dtype) {
					compareRead(t, ours, densePieces(t, dense, pieces))
				} else if theirs := writeByLibrary(t, stored, dense, pieces); !bytes.Equal(ours, theirs) {
					t.Errorf("%d bytes differ from the library's %d", len(ours), len(theirs))
				}
			})
		}
	}
}

// compareRead compares what the library reads of a file with the pieces, twice.
func compareRead(t *testing.T, data []byte, pieces []arrow.Array) {
	mem := memory.DefaultAllocator
	read, err := pqarrow.ReadTable(t.Context(), bytes.NewReader(data), nil, pqarrow.ArrowReadProperties{}, mem)
	if err != nil {
		t.Fatal(err)
	}
	got, err := array.Concatenate(read.Column(0).Data().Chunks(), mem)
	if err != nil {
		t.Fatal(err)
	}
	want, err := array.Concatenate(append(pieces, pieces...), mem)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Len() {
		if got.ValueStr(i) != want.ValueStr(i) {
			t.Fatalf("row %d: %s, want %s", i, got.ValueStr(i), want.ValueStr(i))
		}
	}
}

// densePieces are pieces as they are written.
func densePieces(t *testing.T, dense *arrow.Schema, pieces []arrow.Array) (list []arrow.Array) {
	for _, p := range pieces {
		a, err := denseArray(p, dense.Field(0).Type, memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	return list
}

// writeAny writes a column as ours is where it is not plain.
func writeAny(t *testing.T, stored, dense *arrow.Schema, pieces []arrow.Array) []byte {
	var out bytes.Buffer
	pq, err := parquetRoot(dense.Fields())
	if err != nil {
		t.Fatal(err)
	}
	meta, err := storeSchema(arrow.NewSchema([]arrow.Field{elementNames(stored.Field(0))}, nil), memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	w, err := file.NewParquetWriterWithError(struct{ *bytes.Buffer }{&out}, pq.Root(), file.WithWriterProps(writerProperties(memory.DefaultAllocator)), file.WithWriteMetadata(meta))
	if err != nil {
		t.Fatal(err)
	}
	g := newAnyGroups(w, dense)
	for range 2 {
		if err := g.begin(); err != nil {
			t.Fatal(err)
		}
		for _, p := range densePieces(t, dense, pieces) {
			if err := g.write(0, p); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.end(); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// writeByLibrary writes the same by the library's layer.
func writeByLibrary(t *testing.T, stored, dense *arrow.Schema, pieces []arrow.Array) []byte {
	var out bytes.Buffer
	props := pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema())
	w, err := pqarrow.NewFileWriter(stored, struct{ *bytes.Buffer }{&out}, writerProperties(memory.DefaultAllocator), props)
	if err != nil {
		t.Fatal(err)
	}
	list := densePieces(t, dense, pieces)
	chunks := arrow.NewChunked(list[0].DataType(), list)
	for range 2 {
		if err := w.NewBufferedRowGroupChecked(); err != nil {
			t.Fatal(err)
		}
		if err := w.WriteColumnChunked(chunks, 0, int64(chunks.Len())); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestDecimalBytes compares the lengths of decimals with the library's.
func TestDecimalBytes(t *testing.T) {
	for digits := int32(1); digits <= 76; digits++ {
		if got, want := decimalBytes(digits), int(pqarrow.DecimalSize(digits)); got != want {
			t.Errorf("%d digits: %d bytes, want %d", digits, got, want)
		}
	}
}
