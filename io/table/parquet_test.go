package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	codec "github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// foreignParquet writes a batch as other programs might.
func foreignParquet(t testing.TB, b arrow.RecordBatch, group int64, opts ...parquet.WriterProperty) []byte {
	t.Helper()
	tbl := array.NewTableFromRecords(b.Schema(), []arrow.RecordBatch{b})
	defer tbl.Release()
	var buf bytes.Buffer
	err := pqarrow.WriteTable(tbl, &buf, group, parquet.NewWriterProperties(opts...),
		pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func openParquet(data []byte, o ReadOptions) (Source, error) {
	return newParquet(bytes.NewReader(data), func() Info { return Info{Path: "t.parquet", Format: Parquet} }, o)
}

// Pages decoded in the workers hold what was written, however it was encoded.
func TestParquetEncodings(t *testing.T) {
	want := randomBatch(memory.DefaultAllocator, richFields(), 2500, 3)
	required := withoutNulls(want)
	for _, dictionary := range []bool{false, true} {
		for _, version := range []parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2} {
			for _, c := range []codec.Compression{codec.Codecs.Uncompressed, codec.Codecs.Snappy, codec.Codecs.Gzip, codec.Codecs.Zstd, codec.Codecs.Brotli} {
				for _, page := range []int64{500, 1 << 20} {
					for _, b := range []arrow.RecordBatch{want, required} {
						mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
						data := foreignParquet(t, b, 1200, parquet.WithDictionaryDefault(dictionary), parquet.WithDataPageVersion(version),
							parquet.WithCompression(c), parquet.WithDataPageSize(page), parquet.WithBatchSize(100))
						s, err := openParquet(data, ReadOptions{Alloc: mem, BlockSize: 1})
						got := readBatch(t, mem, s, err)
						requireEqual(t, mem, b, got)
						got.Release()
						mem.AssertSize(t, 0)
						if t.Failed() {
							t.Fatalf("dictionary %t, pages %v of %d bytes, %s", dictionary, version, page, c)
						}
					}
				}
			}
		}
	}
}

// A column of nulls alone has an empty dictionary, which compressors make one
// byte and more of.
func TestParquetNullsAlone(t *testing.T) {
	fields := []Field{{"text", arrow.BinaryTypes.String}, {"number", arrow.PrimitiveTypes.Float64}}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schemaOf(fields))
	for i := range fields {
		b.Field(i).AppendNulls(3)
	}
	want := b.NewRecordBatch()
	for _, version := range []parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2} {
		for _, c := range []codec.Compression{codec.Codecs.Uncompressed, codec.Codecs.Snappy, codec.Codecs.Gzip, codec.Codecs.Zstd, codec.Codecs.Brotli, codec.Codecs.Lz4Raw} {
			mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
			data := foreignParquet(t, want, 3, parquet.WithDictionaryDefault(true), parquet.WithDataPageVersion(version), parquet.WithCompression(c))
			s, err := openParquet(data, ReadOptions{Alloc: mem})
			got := readBatch(t, mem, s, err)
			requireEqual(t, mem, want, got)
			got.Release()
			mem.AssertSize(t, 0)
			if t.Failed() {
				t.Fatalf("pages %v, %s", version, c)
			}
		}
	}
}

// withoutNulls is a batch of the same types whose fields cannot be null.
func withoutNulls(b arrow.RecordBatch) arrow.RecordBatch {
	fields := append([]arrow.Field(nil), b.Schema().Fields()...)
	columns := make([]arrow.Array, len(fields))
	rng := rand.New(rand.NewPCG(1, 9))
	for i := range fields {
		fields[i].Nullable = false
		builder := array.NewBuilder(memory.DefaultAllocator, fields[i].Type)
		for range b.NumRows() {
			appendRandom(builder, rng, false)
		}
		columns[i] = builder.NewArray()
		builder.Release()
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), columns, b.NumRows())
}

// Types that Parquet does not have are replaced by those that hold the same
// values, or refused by name.
func TestParquetTypesReplaced(t *testing.T) {
	integers := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.PrimitiveTypes.Int64}
	for _, c := range []struct {
		from   arrow.DataType
		to     arrow.Type
		values string
		want   string
	}{
		{arrow.BinaryTypes.StringView, arrow.STRING, `["a", null, "longer than a dozen bytes"]`, `["a" (null) "longer than a dozen bytes"]`},
		{arrow.ListOf(arrow.BinaryTypes.StringView), arrow.LIST, `[["a", null], null, []]`, `[["a" (null)] (null) []]`},
		{arrow.StructOf(arrow.Field{Name: "s", Type: arrow.BinaryTypes.StringView, Nullable: true}), arrow.STRUCT,
			`[{"s": "a"}, null, {"s": null}, {"s": "b"}]`, `{["a" (null) (null) "b"]}`},
		{arrow.FixedWidthTypes.Duration_us, arrow.INT64, `[5, null]`, `[5 (null)]`},
		{&arrow.Decimal32Type{Precision: 5, Scale: 2}, arrow.DECIMAL128, `["1.50", null, "-3"]`, ``},
		{&arrow.Decimal64Type{Precision: 12, Scale: 2}, arrow.DECIMAL128, `["1.50", null, "-3"]`, ``},
		{integers, arrow.INT64, `[5, null, 5]`, `[5 (null) 5]`},
		{arrow.Null, arrow.NULL, `[null, null]`, `[(null) (null)]`},
		{arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Float64), arrow.FIXED_SIZE_LIST, `[[1, 2], null, [3, null]]`, `[[1 2] (null) [3 (null)]]`},
		{arrow.FixedWidthTypes.MonthInterval, 0, `[]`, ""},
	} {
		fields := []Field{{"column", c.from}}
		a, _, err := array.FromJSON(memory.DefaultAllocator, c.from, strings.NewReader(c.values))
		if err != nil && c.to != 0 {
			t.Fatal(c.from, err)
		}
		if c.to == 0 {
			if _, err := newParquetSink(io.Discard, Layout{Kept: fields}, WriteOptions{}); err != nil && !errors.Is(err, ErrData) {
				t.Errorf("%s: %v", c.from, err)
			}
			continue
		}
		b := array.NewRecordBatch(schemaOf(fields), []arrow.Array{a}, int64(a.Len()))
		parts := []arrow.RecordBatch{b.NewSlice(0, 1), b.NewSlice(1, b.NumRows())}
		s, err := openParquet(writeTyped(t, typedFormats()[0], fields, WriteOptions{}, parts...), ReadOptions{})
		got := readBatch(t, memory.DefaultAllocator, s, err).Column(0)
		text := fmt.Sprint(got)
		if got.DataType().ID() != c.to || c.want != "" && text != c.want || got.NullN() != a.NullN() {
			t.Errorf("%s %s came back as %s %s", c.from, c.values, got.DataType(), text)
		}
		for i := range got.Len() {
			if c.to == arrow.DECIMAL128 && got.ValueStr(i) != a.ValueStr(i) {
				t.Errorf("%s came back as %s", a.ValueStr(i), got.ValueStr(i))
			}
		}
	}
}

// Text features read from the dictionary of a chunk are what reading them cell
// by cell gives.
func TestParquetTextFeatures(t *testing.T) {
	const rows = 9000
	b := array.NewRecordBuilder(memory.DefaultAllocator, schemaOf([]Field{{"sex", arrow.BinaryTypes.String}, {"age", arrow.BinaryTypes.String}}))
	words, ages := []string{"female", " male ", "other", "NA", ""}, []string{"71", " 5.5", "old", "NA"}
	for i := range rows {
		if i%11 == 0 {
			b.Field(0).AppendNull()
		} else {
			b.Field(0).(*array.StringBuilder).Append(words[i%5])
		}
		b.Field(1).(*array.StringBuilder).Append(ages[i%4])
	}
	batch := b.NewRecordBatch()
	for _, dictionary := range []bool{false, true} {
		for _, keep := range []bool{false, true} {
			mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
			data := foreignParquet(t, batch, 5000, parquet.WithDictionaryDefault(dictionary), parquet.WithDataPageSize(600), parquet.WithBatchSize(50))
			s, err := openParquet(data, ReadOptions{Alloc: mem, BlockSize: 1})
			if err != nil {
				t.Fatal(err)
			}
			req := Request{Features: []FeatureRequest{{Column: 0, Dict: NewDictionary([]string{"female", "male"})}, {Column: 1}, {Column: 1, Dict: NewDictionary([]string{"old"})}}}
			if keep {
				req = Request{Features: req.Features, Keep: keepAll(s).Keep}
			}
			at := 0
			err = readTyped(s, req, func(r *Rows) {
				bad := 0
				for i := range r.N {
					code := []int32{0, 1, CodeUnknown, CodeMissing, CodeMissing}[at%5]
					if at%11 == 0 {
						code = CodeMissing
					}
					age, known := []float64{71, 5.5, 0, 0}[at%4], at%4 < 2
					old := []int32{CodeUnknown, CodeUnknown, 0, CodeMissing}[at%4]
					if r.Features[0].Codes[i] != code || r.Features[2].Codes[i] != old || r.Features[1].Missing(i) == known || known && r.Features[1].F64[i] != age {
						t.Fatalf("dictionary %t, keep %t: row %d is %d, %v, %d", dictionary, keep, at, r.Features[0].Codes[i], r.Features[1].F64[i], r.Features[2].Codes[i])
					}
					if at%4 == 2 {
						if bad >= len(r.Bad) || r.Bad[bad] != (Bad{int32(i), 1, 1, NotANumber}) {
							t.Fatalf("row %d is not bad", at)
						}
						bad++
					}
					at++
				}
			})
			if err != nil || at != rows {
				t.Fatal(at, err)
			}
			mem.AssertSize(t, 0)
		}
	}
}

// Blocks may be decoded by any worker in any order, after the source is
// closed, or not at all.
func TestParquetBlocksInAnyOrder(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	fields := append(richFields(), nestedFields()...)
	for i := range fields {
		fields[i].Name = fmt.Sprint(i)
	}
	want := randomBatch(memory.DefaultAllocator, fields, 12000, 5)
	data := foreignParquet(t, want, 7000, parquet.WithDataPageSize(4000), parquet.WithBatchSize(64))
	s, err := openParquet(data, ReadOptions{Alloc: mem, BlockSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(keepAll(s)); err != nil {
		t.Fatal(err)
	}
	var blocks []*Block
	for {
		b := &Block{}
		if err := s.Next(b); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	schema, parts := schemaOf(s.Fields()), make([]arrow.RecordBatch, len(blocks))
	var work sync.WaitGroup
	next := make(chan int, len(blocks))
	for range 4 {
		work.Go(func() {
			var r Rows
			defer r.Reset()
			for i := range next {
				if err := blocks[i].Decode(&r); err != nil {
					t.Error(err)
					continue
				}
				parts[i] = array.NewRecordBatch(schema, r.Kept, int64(r.N))
				blocks[i].Release()
			}
		})
	}
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(len(blocks)) {
		if i == len(blocks)-1 {
			blocks[i].Release() // never decoded
			continue
		}
		next <- i
	}
	close(next)
	work.Wait()
	parts = parts[:len(parts)-1]
	got, err := concatenate(parts, mem)
	if err != nil {
		t.Fatal(err)
	}
	head := want.NewSlice(0, got.NumRows())
	requireEqual(t, mem, head, got)
	got.Release()
	releaseAll(parts)
}

// A damaged file is read as it was or refused; it never panics, and never
// gives fewer rows than its footer says.
func TestTypedDamage(t *testing.T) {
	eachTyped(t, func(t *testing.T, f typedFormat, mem memory.Allocator) {
		fields := append(richFields(), nestedFields()...)
		for i := range fields {
			fields[i].Name = fmt.Sprint(i)
		}
		want := randomBatch(mem, fields, 300, 11)
		data := writeTyped(t, f, fields, WriteOptions{Alloc: mem}, want)
		want.Release()
		rng := rand.New(rand.NewPCG(2, 3))
		refused := 0
		for range 400 {
			bad := bytes.Clone(data)
			switch rng.IntN(3) {
			case 0:
				bad = bad[:rng.IntN(len(bad))]
			case 1:
				bad[rng.IntN(len(bad))] ^= byte(1 << rng.IntN(8))
			default:
				at := rng.IntN(len(bad))
				for i := range bad[at:min(len(bad), at+4)] {
					bad[at+i] = byte(rng.Uint32())
				}
			}
			rows := 0
			s, err := f.open(bad, ReadOptions{})
			if err == nil {
				err = readTyped(s, keepAll(s), func(r *Rows) { rows += r.N })
			}
			switch {
			case err == nil && rows != 300 && f.name == "parquet":
				t.Fatalf("%d rows of 300 and no error", rows)
			case err != nil && !errors.Is(err, ErrData):
				t.Fatalf("an error of another kind: %v", err)
			case err != nil:
				refused++
			}
		}
		if refused == 0 {
			t.Error("no damage was noticed")
		}
	})
}

// Columns are read and written side by side with the same outcome.
func TestParquetColumnsSideBySide(t *testing.T) {
	parallel := func(_ context.Context, n int, f func(int) error) error {
		var g sync.WaitGroup
		errs := make([]error, n)
		for i := range n {
			g.Go(func() { errs[i] = f(i) })
		}
		g.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	}
	for _, fields := range [][]Field{richFields(), nestedFields()} {
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		want := randomBatch(mem, fields, 20000, 3)
		data := writeTyped(t, typedFormats()[0], fields, WriteOptions{Alloc: mem, Parallel: parallel}, want)
		if alone := writeTyped(t, typedFormats()[0], fields, WriteOptions{Alloc: mem}, want); string(alone) != string(data) {
			t.Error("columns written side by side are others")
		}
		s, err := openParquet(data, ReadOptions{Alloc: mem, Parallel: parallel})
		got := readBatch(t, mem, s, err)
		requireEqual(t, mem, want, got)
		want.Release()
		got.Release()
		mem.AssertSize(t, 0)
	}
}

// What Parquet cannot hold ends the job; it is never another value.
func TestParquetValuesTooLarge(t *testing.T) {
	price := &arrow.Decimal128Type{Precision: 9, Scale: 2}
	seconds := &arrow.TimestampType{Unit: arrow.Second}
	for name, c := range map[string]struct {
		t     arrow.DataType
		add   func(array.Builder)
		whole bool
	}{
		"nine digits":        {price, func(b array.Builder) { b.(*array.Decimal128Builder).Append(decimal128.FromI64(-999_999_999)) }, true},
		"thirteen digits":    {price, func(b array.Builder) { b.(*array.Decimal128Builder).Append(decimal128.FromI64(1e12)) }, false},
		"and less than zero": {price, func(b array.Builder) { b.(*array.Decimal128Builder).Append(decimal128.FromI64(-1e12)) }, false},
		"a sign bit":         {price, func(b array.Builder) { b.(*array.Decimal128Builder).Append(decimal128.FromI64(1 << 31)) }, false},
		"a time of today":    {seconds, func(b array.Builder) { b.(*array.TimestampBuilder).Append(1 << 31) }, true},
		"a time far away":    {seconds, func(b array.Builder) { b.(*array.TimestampBuilder).Append(1 << 60) }, false},
		"a date far away":    {arrow.FixedWidthTypes.Date64, func(b array.Builder) { b.(*array.Date64Builder).Append(1 << 60) }, false},
		"no time of a day":   {arrow.FixedWidthTypes.Time32s, func(b array.Builder) { b.(*array.Time32Builder).Append(1 << 30) }, false},
		"a time long past":   {seconds, func(b array.Builder) { b.(*array.TimestampBuilder).Append(-1 << 60) }, false},
	} {
		b := array.NewBuilder(memory.DefaultAllocator, c.t)
		c.add(b)
		rows := &Rows{N: 1, Kept: []arrow.Array{b.NewArray()}}
		s, err := newParquetSink(io.Discard, Layout{Kept: []Field{{"c", c.t}}}, WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var p Part
		err = s.Encode(&p, rows, nil, nil)
		if err == nil {
			err = s.Write(&p)
		}
		if closed := s.Close(); err == nil {
			err = closed
		}
		if c.whole != (err == nil) || !c.whole && !errors.Is(err, ErrData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
