package table

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
)

// typedFormat is a binary format as the tests use it.
type typedFormat struct {
	name string
	sink func(io.Writer, Layout, WriteOptions) (Sink, error)
	open func([]byte, ReadOptions) (Source, error)
}

func typedFormats() []typedFormat {
	about := func(f Format) func() Info {
		return func() Info { return Info{Path: "t", Format: f} }
	}
	arrowSinkOf := func(f Format) func(io.Writer, Layout, WriteOptions) (Sink, error) {
		return func(w io.Writer, l Layout, o WriteOptions) (Sink, error) { return newArrowSink(w, l, f, o) }
	}
	return []typedFormat{
		{"parquet", newParquetSink, func(b []byte, o ReadOptions) (Source, error) {
			return newParquet(bytes.NewReader(b), about(Parquet), o)
		}},
		{"arrow", arrowSinkOf(Arrow), func(b []byte, o ReadOptions) (Source, error) {
			return newArrowFile(bytes.NewReader(b), about(Arrow), o)
		}},
		{"arrow file as a stream", arrowSinkOf(Arrow), func(b []byte, o ReadOptions) (Source, error) {
			return newArrowStream(bytes.NewReader(b), about(Arrow), o)
		}},
		{"arrows", arrowSinkOf(ArrowStream), func(b []byte, o ReadOptions) (Source, error) {
			return newArrowStream(bytes.NewReader(b), about(ArrowStream), o)
		}},
	}
}

// eachTyped runs a test for each format, with an allocator that must have got
// everything back at the end.
func eachTyped(t *testing.T, test func(t *testing.T, f typedFormat, mem memory.Allocator)) {
	for _, f := range typedFormats() {
		t.Run(f.name, func(t *testing.T) {
			mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
			defer mem.AssertSize(t, 0)
			test(t, f, mem)
		})
	}
}

// rowsOfBatch are the rows a decoder would have made of a batch's columns.
func rowsOfBatch(b arrow.RecordBatch) *Rows {
	r := &Rows{N: int(b.NumRows())}
	for _, c := range b.Columns() {
		c.Retain()
		r.Kept = append(r.Kept, c)
	}
	return r
}

// writeTyped writes batches as one table.
func writeTyped(t testing.TB, f typedFormat, fields []Field, o WriteOptions, batches ...arrow.RecordBatch) []byte {
	t.Helper()
	var out bytes.Buffer
	s, err := f.sink(&out, Layout{Kept: fields}, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		rows, p := rowsOfBatch(b), &Part{}
		rows.Edge = true
		if err := s.Encode(p, rows, nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(p); err != nil {
			t.Fatal(err)
		}
		p.Release()
		rows.Reset()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// keepAll asks for all columns of a source and no feature.
func keepAll(s Source) Request {
	var req Request
	for i, f := range s.Fields() {
		req.Keep = append(req.Keep, KeepRequest{Column: i, Type: f.Type})
	}
	return req
}

// readTyped reads a whole table, passing each block's rows to see.
func readTyped(s Source, req Request, see func(*Rows)) (err error) {
	defer func() {
		if closed := s.Close(); err == nil {
			err = closed
		}
	}()
	if err := s.Start(req); err != nil {
		return err
	}
	var b Block
	var r Rows
	defer r.Reset()
	defer b.Release()
	for {
		switch err := s.Next(&b); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := b.Decode(&r); err != nil {
			return err
		}
		see(&r)
	}
}

// readBatch reads all columns of a table into one batch; nil if it is empty.
func readBatch(t testing.TB, mem memory.Allocator, s Source, err error) arrow.RecordBatch {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	schema := schemaOf(s.Fields())
	var parts []arrow.RecordBatch
	defer func() { releaseAll(parts) }()
	err = readTyped(s, keepAll(s), func(r *Rows) {
		parts = append(parts, array.NewRecordBatch(schema, r.Kept, int64(r.N)))
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) == 0 {
		return nil
	}
	b, err := concatenate(parts, mem)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// requireEqual compares tables by what their values are, not by how their
// dictionaries are numbered.
func requireEqual(t testing.TB, mem memory.Allocator, want, got arrow.RecordBatch) {
	t.Helper()
	if want.NumRows() != got.NumRows() || want.NumCols() != got.NumCols() {
		t.Fatalf("%d×%d read back from %d×%d", got.NumRows(), got.NumCols(), want.NumRows(), want.NumCols())
	}
	for i := range int(want.NumCols()) {
		w, g := want.Column(i), got.Column(i)
		// The library compares large lists with what their elements are noted as.
		if !arrow.TypeEqual(w.DataType(), g.DataType()) && (w.DataType().ID() != arrow.LARGE_LIST || w.DataType().String() != g.DataType().String()) {
			t.Errorf("column %s came back as %s", want.ColumnName(i), g.DataType())
			continue
		}
		dense := w.DataType()
		if d, ok := dense.(*arrow.DictionaryType); ok {
			dense = d.ValueType
		}
		wd, err1 := denseArray(w, dense, mem)
		gd, err2 := denseArray(g, dense, mem)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if !array.Equal(wd, gd) {
			t.Errorf("column %s came back with other values", want.ColumnName(i))
		}
		wd.Release()
		gd.Release()
	}
}

func TestTypedRoundTrip(t *testing.T) {
	eachTyped(t, func(t *testing.T, f typedFormat, mem memory.Allocator) {
		for _, fields := range [][]Field{richFields(), nestedFields()} {
			for _, rows := range []int{1, 31, 5000} {
				want := randomBatch(mem, fields, rows, uint64(rows))
				data := writeTyped(t, f, fields, WriteOptions{Alloc: mem}, want)
				s, err := f.open(data, ReadOptions{Alloc: mem})
				got := readBatch(t, mem, s, err)
				requireEqual(t, mem, want, got)
				want.Release()
				got.Release()
			}
		}
	})
}

func TestTypedEmpty(t *testing.T) {
	eachTyped(t, func(t *testing.T, f typedFormat, mem memory.Allocator) {
		fields := append(richFields(), nestedFields()...)
		data := writeTyped(t, f, fields, WriteOptions{Alloc: mem})
		s, err := f.open(data, ReadOptions{Alloc: mem})
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Fields()) != len(fields) {
			t.Errorf("%d columns came back of %d", len(s.Fields()), len(fields))
		}
		if got := readBatch(t, mem, s, nil); got != nil {
			t.Errorf("an empty table came back with %d rows", got.NumRows())
		}
	})
}

// The bytes written depend on the rows alone, not on how they came.
func TestTypedBytesDoNotDependOnCuts(t *testing.T) {
	eachTyped(t, func(t *testing.T, f typedFormat, mem memory.Allocator) {
		for _, fields := range [][]Field{richFields(), nestedFields()} {
			const rows = 20000
			whole := randomBatch(mem, fields, rows, 7)
			want := writeTyped(t, f, fields, WriteOptions{Alloc: mem}, whole)
			for seed := range uint64(12) {
				rng := rand.New(rand.NewPCG(seed, 5))
				var parts []arrow.RecordBatch
				for at := 0; at < rows; {
					n := []int{1, 32, 999, 1024, 8191, 8192, 8193, rows}[rng.IntN(8)]
					if len(parts) > 40 {
						n = rows
					}
					n = min(n, rows-at)
					parts = append(parts, rebuilt(mem, whole.NewSlice(int64(at), int64(at+n))))
					at += n
				}
				got := writeTyped(t, f, fields, WriteOptions{Alloc: mem}, parts...)
				if !bytes.Equal(want, got) {
					t.Errorf("%d bytes written from one piece, %d other ones from %d", len(want), len(got), len(parts))
				}
				releaseAll(parts)
			}
			whole.Release()
		}
	})
}

// rebuilt copies a batch value by value, so that it has dictionaries and
// buffers of its own. It takes the batch over.
func rebuilt(mem memory.Allocator, b arrow.RecordBatch) arrow.RecordBatch {
	defer b.Release()
	columns := make([]arrow.Array, b.NumCols())
	for i, c := range b.Columns() {
		builder := array.NewBuilder(mem, c.DataType())
		if d, ok := builder.(*array.BinaryDictionaryBuilder); ok {
			for j := range c.Len() {
				if c.IsNull(j) {
					d.AppendNull()
				} else {
					_ = d.AppendString(c.ValueStr(j))
				}
			}
			columns[i] = d.NewArray()
		} else {
			c.Retain()
			columns[i] = c
		}
		builder.Release()
	}
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	return array.NewRecordBatch(b.Schema(), columns, b.NumRows())
}

func TestTypedComputedColumns(t *testing.T) {
	eachTyped(t, func(t *testing.T, f typedFormat, mem memory.Allocator) {
		const n, units = 100, 3
		panels := make([]float32, 4*units*32)
		wide := make([]float64, 4*units*32)
		for i := range panels {
			panels[i], wide[i] = float32(i), float64(i)/3
		}
		codes, whole, null := make([]int32, n), make([]int64, n), make([]bool, n)
		for i := range codes {
			codes[i], whole[i] = int32(i%3)-1, int64(i%3)-1
			null[i] = i%7 == 0
		}
		made := []Computed{
			{Name: "f32", F32: Lanes[float32]{panels, units, 1}, Null: null},
			{Name: "f64", F64: Lanes[float64]{wide, units, 2}},
			{Name: "list", F32: Lanes[float32]{Data: panels, Units: units}, List: true, Null: null},
			{Name: "word", Codes: codes, Words: []string{"no", "yes"}},
			{Name: "int", Integers: whole, Null: null},
			{Name: "const", Words: []string{"v1"}},
		}
		var l Layout
		for i := range made {
			l.Made = append(l.Made, Field{made[i].Name, made[i].Type()})
		}
		drop := make([]bool, n)
		for i := range drop {
			drop[i] = i%10 == 3 || i > 90 && i < 97
		}
		var out bytes.Buffer
		s, err := f.sink(&out, l, WriteOptions{Alloc: mem})
		if err != nil {
			t.Fatal(err)
		}
		p := &Part{Mark: true}
		if err := s.Encode(p, &Rows{N: n}, made, drop); err != nil {
			t.Fatal(err)
		}
		if len(p.Ends) != n || p.Ends[3] != 3 || p.Ends[n-1] != p.Rows || p.Rows != 85 {
			t.Fatalf("ends %v, rows %d", p.Ends, p.Rows)
		}
		p.Truncate(50)
		if err := s.Write(p); err != nil {
			t.Fatal(err)
		}
		p.Release()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		src, err := f.open(out.Bytes(), ReadOptions{Alloc: mem})
		got := readBatch(t, mem, src, err)
		defer got.Release()
		if got.NumRows() != 45 {
			t.Fatalf("%d rows", got.NumRows())
		}
		row := 0
		for i := range 50 {
			if drop[i] {
				continue
			}
			list := fmt.Sprintf("[%v,%v,%v]", panels[(i>>5)*96+i&31], panels[(i>>5)*96+32+i&31], panels[(i>>5)*96+64+i&31])
			want := []string{fmt.Sprint(made[0].F32.At(i)), fmt.Sprint(made[1].F64.At(i)), list,
				[]string{"(null)", "no", "yes"}[i%3], fmt.Sprint(i%3 - 1), "v1"}
			if null[i] {
				want[0], want[2], want[4] = "(null)", "(null)", "(null)"
			}
			for k := range want {
				if v := got.Column(k).ValueStr(row); v != want[k] {
					t.Fatalf("row %d, column %s: %s, want %s", i, made[k].Name, v, want[k])
				}
			}
			row++
		}
	})
}

func TestTypedFeatures(t *testing.T) {
	dict := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	fields := []Field{
		{"f64", arrow.PrimitiveTypes.Float64}, {"f32", arrow.PrimitiveTypes.Float32}, {"f16", arrow.FixedWidthTypes.Float16},
		{"i64", arrow.PrimitiveTypes.Int64}, {"u8", arrow.PrimitiveTypes.Uint8}, {"bool", arrow.FixedWidthTypes.Boolean},
		{"dec", &arrow.Decimal128Type{Precision: 10, Scale: 2}}, {"text", arrow.BinaryTypes.String}, {"dict", dict},
		{"null", arrow.Null},
	}
	eachTyped(t, func(t *testing.T, f typedFormat, mem memory.Allocator) {
		b := array.NewRecordBuilder(mem, schemaOf(fields))
		b.Field(0).(*array.Float64Builder).AppendValues([]float64{1.5, -2, 0, 3}, []bool{true, true, false, true})
		b.Field(1).(*array.Float32Builder).AppendValues([]float32{0.5, 2, 3, 4}, nil)
		b.Field(2).(*array.Float16Builder).AppendValues([]float16.Num{float16.New(0.25), float16.New(1), float16.New(2), float16.New(3)}, nil)
		b.Field(3).(*array.Int64Builder).AppendValues([]int64{1, 1 << 60, -7, 2}, nil)
		b.Field(4).(*array.Uint8Builder).AppendValues([]uint8{1, 2, 3, 255}, nil)
		b.Field(5).(*array.BooleanBuilder).AppendValues([]bool{true, false, true, false}, []bool{true, true, true, false})
		b.Field(6).(*array.Decimal128Builder).AppendValues([]decimal128.Num{decimal128.FromI64(123), decimal128.FromI64(-5), decimal128.FromI64(0), decimal128.FromI64(1)}, nil)
		b.Field(7).(*array.StringBuilder).AppendValues([]string{" 1e3 ", "NA", "male", "2."}, nil)
		for _, w := range []string{"female", " 4", "4", ""} {
			_ = b.Field(8).(*array.BinaryDictionaryBuilder).AppendString(w)
		}
		b.Field(9).AppendNulls(4)
		batch := b.NewRecordBatch()
		b.Release()
		data := writeTyped(t, f, fields, WriteOptions{Alloc: mem}, batch)
		batch.Release()

		sexes := NewDictionary([]string{"female", "male", "4"})
		digits := NewDictionary([]string{"2", "1", "true"})
		req := Request{}
		for i := range fields {
			req.Features = append(req.Features, FeatureRequest{Column: i})
		}
		req.Features = append(req.Features, FeatureRequest{Column: 8, Dict: sexes}, FeatureRequest{Column: 4, Dict: digits}, FeatureRequest{Column: 5, Dict: digits}, FeatureRequest{Column: 7, Dict: sexes}, FeatureRequest{Column: 9, Dict: sexes})
		want := []string{
			"[1.5 -2 - 3]", "[0.5 2 3 4]", "[0.25 1 2 3]", "[1 1.152921504606847e+18 -7 2]", "[1 2 3 255]", "[1 0 1 -]",
			"[1.23 -0.05 0 0.01]", "[1000 - - 2]", "[- 4 4 -]", "[- - - -]", "[0 2 2 -1]", "[1 0 -2 -2]", "[2 -2 2 -1]", "[-2 -1 1 -2]", "[-1 -1 -1 -1]",
		}
		s, err := f.open(data, ReadOptions{Alloc: mem})
		if err != nil {
			t.Fatal(err)
		}
		err = readTyped(s, req, func(r *Rows) {
			for i := range req.Features {
				if got := spell(&r.Features[i], r.N); got != want[i] {
					t.Errorf("feature %d: %s, want %s", i, got, want[i])
				}
			}
			wantBad := []Bad{{0, 8, 8, NotANumber}, {2, 7, 7, NotANumber}}
			if !slices.Equal(r.Bad, wantBad) {
				t.Errorf("bad %v, want %v", r.Bad, wantBad)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// spell writes a feature's values, a dash for a missing number.
func spell(f *Feature, n int) string {
	if f.Codes != nil {
		return fmt.Sprint(f.Codes)
	}
	words := make([]string, n)
	for i := range n {
		switch {
		case f.Missing(i):
			words[i] = "-"
		case f.F32 != nil:
			words[i] = fmt.Sprint(f.F32[i])
		default:
			words[i] = fmt.Sprint(f.F64[i])
		}
	}
	return fmt.Sprint(words)
}

// Whatever the blocks an input is cut into, the output is the same.
func TestTypedBlocksDoNotShow(t *testing.T) {
	fields := append(richFields(), nestedFields()...)
	for i := range fields {
		fields[i].Name = fmt.Sprint(i)
	}
	whole := randomBatch(memory.DefaultAllocator, fields, 9000, 13)
	defer whole.Release()
	inputs := map[string][]byte{"foreign": foreignParquet(t, whole, 5000, parquet.WithDataPageSize(3000))}
	openers := map[string]func([]byte, ReadOptions) (Source, error){"foreign": openParquet}
	for _, f := range typedFormats() {
		inputs[f.name] = writeTyped(t, f, fields, WriteOptions{}, whole)
		openers[f.name] = f.open
	}
	for name, data := range inputs {
		eachTyped(t, func(t *testing.T, f typedFormat, mem memory.Allocator) {
			var first []byte
			for _, size := range []int{1, 300 << 10, 1 << 30} {
				s, err := openers[name](data, ReadOptions{Alloc: mem, BlockSize: size})
				if err != nil {
					t.Fatal(err)
				}
				out := copyTyped(t, s, f, WriteOptions{Alloc: mem})
				if first == nil {
					first = out
				}
				if !bytes.Equal(first, out) {
					t.Errorf("from %s: other bytes with blocks of %d bytes", name, size)
				}
			}
		})
	}
}

// copyTyped reads a source into a sink of another format.
func copyTyped(t testing.TB, s Source, f typedFormat, o WriteOptions) []byte {
	t.Helper()
	var out bytes.Buffer
	sink, err := f.sink(&out, Layout{Kept: s.Fields()}, o)
	if err != nil {
		t.Fatal(err)
	}
	var p Part
	err = readTyped(s, keepAll(s), func(r *Rows) {
		if err := sink.Encode(&p, r, nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := sink.Write(&p); err != nil {
			t.Fatal(err)
		}
		p.Release()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
