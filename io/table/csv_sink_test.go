package table

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// lanesOf puts one value a row in panels of one unit.
func lanesOf[T float32 | float64](values ...T) Lanes[T] {
	data := make([]T, (len(values)+31)/32*32)
	copy(data, values)
	return Lanes[T]{Data: data, Units: 1}
}

// rewrite reads a table, keeps the columns asked for raw, and writes it with
// computed columns.
func rewrite(t failer, file string, in ReadOptions, keep []int, f Format, out WriteOptions, made ...Computed) string {
	src, err := newCSV(strings.NewReader(file), func() Info { return Info{} }, in)
	if err != nil {
		t.Fatal(err)
	}
	q := Request{Raw: true, PadRagged: true}
	var l Layout
	var header [][]byte
	for _, k := range keep {
		q.Keep = append(q.Keep, KeepRequest{Column: k})
		l.Kept = append(l.Kept, src.Fields()[k])
		header = append(header, src.(*csvSource).RawHeader(k))
	}
	for _, m := range made {
		l.Made = append(l.Made, Field{Name: m.Name, Type: m.Type()})
	}
	if err := src.Start(q); err != nil {
		t.Fatal(err)
	}
	out.LineEnd = src.(*csvSource).LineEnd()
	var text bytes.Buffer
	sink := newCSVSink(&text, f, l, header, out)
	var b Block
	var rows Rows
	var part Part
	for src.Next(&b) == nil {
		if err := b.Decode(&rows); err != nil {
			t.Fatal(err)
		}
		if err := sink.Encode(&part, &rows, made, nil); err != nil {
			t.Fatal(err)
		}
		if err := sink.Write(&part); err != nil {
			t.Fatal(err)
		}
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestKeptCellsAreCopiedAsWritten(t *testing.T) {
	y := Computed{Name: "y_hat", F32: lanesOf[float32](0.25, 1e-7, 3)}
	shortest := WriteOptions{FloatFixed: -1}
	tests := []struct {
		name, file string
		in         ReadOptions
		keep       []int
		format     Format
		out        WriteOptions
		want       string
	}{
		{"whole", "a,\"b\"\n007,\"x, \"\"y\"\"\"\n 12.50 ,\n", ReadOptions{}, []int{0, 1}, CSV, shortest,
			"a,\"b\",y_hat\n007,\"x, \"\"y\"\"\",0.25\n 12.50 ,,1e-07\n"},
		{"some, in another order", "a,b,c\r\n1,2,3\r\n", ReadOptions{}, []int{2, 0}, CSV, shortest, "c,a,y_hat\r\n3,1,0.25\r\n"},
		{"none", "a,b\n1,2\n", ReadOptions{}, nil, CSV, shortest, "y_hat\n0.25\n"},
		{"comma to tab", "a,\"b,c\"\n\"x\ty\",z\tz\n", ReadOptions{}, []int{0, 1}, TSV, shortest,
			"a\t\"b,c\"\ty_hat\n\"x\ty\"\t\"z\tz\"\t0.25\n"},
		{"tab to comma, cells", "a\tb,c\td\n1,5\t\"5\"\" x\"\t5\" x,y\n", ReadOptions{Delimiter: '\t'}, []int{1, 0, 2}, CSV, shortest,
			"\"b,c\",a,d,y_hat\n\"5\"\" x\",\"1,5\",\"5\"\" x,y\",0.25\n"},
		{"short and long records", "a,b,c\n1\n1,2,3,4,5\n", ReadOptions{}, []int{0, 1, 2}, CSV, shortest,
			"a,b,c,y_hat\n1,,,0.25\n1,2,3,1e-07\n"},
		{"short and long records, cells", "a,b,c\n1\n1,2,3,4,5\n", ReadOptions{}, []int{0, 2}, CSV, shortest,
			"a,c,y_hat\n1,,0.25\n1,3,1e-07\n"},
		{"fixed", "a\n1\n2\n3\n", ReadOptions{}, []int{0}, CSV, WriteOptions{FloatFixed: 2, Delimiter: ';'},
			"a;y_hat\n1;0.25\n2;0.00\n3;3.00\n"},
		{"no header", "a\n1\n", ReadOptions{}, []int{0}, CSV, WriteOptions{FloatFixed: -1, NoHeader: true}, "1,0.25\n"},
		{"header only", "a,b", ReadOptions{}, []int{0, 1}, CSV, shortest, "a,b,y_hat\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := rewrite(t, tt.file, tt.in, tt.keep, tt.format, tt.out, y)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// Whatever the cells are, a change of delimiter changes no cell's meaning.
func TestAnotherDelimiterKeepsTheCells(t *testing.T) {
	cell := rapid.OneOf(rapid.StringMatching(`[a;\t ,]{0,6}`), rapid.StringMatching(`"([a-z;\t\n,]|""){0,5}"`))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 4).Draw(t, "columns")
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, n, n), 2, 6).Draw(t, "rows")
		var file strings.Builder
		for i := range n {
			fmt.Fprintf(&file, "%c", 'a'+i)
			file.WriteString(map[bool]string{true: "\n", false: "|"}[i == n-1])
		}
		for _, r := range rows {
			file.WriteString(strings.Join(r, "|") + "\n")
		}
		keep := []int{0, 1, 2, 3}[:n]
		if rapid.Bool().Draw(t, "reversed") {
			keep = []int{3, 2, 1, 0}[4-n:]
		}
		to := rapid.SampledFrom([]byte{',', ';', '\t'}).Draw(t, "delimiter")
		out := rewrite(t, file.String(), ReadOptions{Delimiter: '|'}, keep, CSV, WriteOptions{Delimiter: to})
		want := records(t, file.String(), '|')
		for _, r := range want {
			if keep[0] != 0 {
				for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
					r[i], r[j] = r[j], r[i]
				}
			}
		}
		if d := cmp.Diff(want, records(t, out, rune(to))); d != "" {
			t.Fatalf("%q became %q (-want +got):\n%s", file.String(), out, d)
		}
	})
}

func records(t failer, text string, delim rune) [][]string {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = delim
	got, err := r.ReadAll()
	if err != nil {
		t.Fatal(err, text)
	}
	return got
}

func TestComputedColumnsAsText(t *testing.T) {
	list := Computed{Name: "a1", List: true, F64: Lanes[float64]{Data: make([]float64, 64), Units: 2}}
	list.F64.Data[0], list.F64.Data[32] = 0.5, -1e20
	made := []Computed{
		list,
		{Name: "y_hat_label", Words: []string{"no", "yes, \"maybe\""}, Codes: []int32{1, -1}},
		{Name: "n", Integers: []int64{-3, 12}},
		{Name: "const", Words: []string{""}},
		{Name: "a,b", F64: lanesOf(math.Copysign(0, -1), 0.1), Null: []bool{false, true}},
	}
	got := rewrite(t, "id\n1\n2\n", ReadOptions{}, []int{0}, CSV, WriteOptions{FloatFixed: -1}, made...)
	want := "id,a1,y_hat_label,n,const,\"a,b\"\n" +
		"1,\"[0.5,-1e+20]\",\"yes, \"\"maybe\"\"\",-3,\"\",-0\n" +
		"2,\"[0,0]\",,12,\"\",\n"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestComputedColumnsWithFixedDecimals(t *testing.T) {
	list := Computed{Name: "a1", List: true, F32: Lanes[float32]{Data: make([]float32, 64), Units: 2}}
	many := Computed{Name: "m", Codes: []int32{70}}
	for i := range 80 {
		many.Words = append(many.Words, fmt.Sprintf("w;%d", i))
	}
	made := []Computed{list, {Name: "y", F32: lanesOf[float32](0.125)}, {Name: "z", F64: lanesOf(-2.0)}, many}
	got := rewrite(t, "id\n1\n", ReadOptions{}, nil, CSV, WriteOptions{FloatFixed: 2, Delimiter: ';'}, made...)
	if want := "a1;y;z;m\n[0.00,0.00];0.12;-2.00;\"w;70\"\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDroppedRowsAndMarks(t *testing.T) {
	src, _ := newCSV(strings.NewReader("a\n1\n2\n3\n"), func() Info { return Info{} }, ReadOptions{})
	if err := src.Start(Request{Raw: true, Keep: []KeepRequest{{}}}); err != nil {
		t.Fatal(err)
	}
	var b Block
	var rows Rows
	if src.Next(&b) != nil || b.Decode(&rows) != nil {
		t.Fatal("no block")
	}
	sink := newCSVSink(nil, CSV, Layout{Kept: src.Fields()}, nil, WriteOptions{})
	part := Part{Mark: true}
	if err := sink.Encode(&part, &rows, nil, []bool{false, true, false}); err != nil {
		t.Fatal(err)
	}
	if part.Rows != 2 || string(part.Bytes) != "1\n3\n" || !cmp.Equal(part.Ends, []int{2, 2, 4}) {
		t.Errorf("%d rows, %q, ends %v", part.Rows, part.Bytes, part.Ends)
	}
	part.Truncate(2)
	if part.Rows != 1 || string(part.Bytes) != "1\n" {
		t.Errorf("%d rows, %q", part.Rows, part.Bytes)
	}
}

// arrayOf builds an array of one value and a null.
func arrayOf(t *testing.T, typ arrow.DataType, set func(b array.Builder)) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, typ)
	set(b)
	b.AppendNull()
	a := b.NewArray()
	t.Cleanup(a.Release)
	return a
}

func TestTypedCellsAsText(t *testing.T) {
	noon := time.Date(2024, 2, 29, 12, 30, 15, 250e6, time.UTC)
	stamp := arrow.Timestamp(noon.UnixMicro())
	tests := []struct {
		want string
		typ  arrow.DataType
		set  func(b array.Builder)
	}{
		{"-9223372036854775808", arrow.PrimitiveTypes.Int64, func(b array.Builder) { b.(*array.Int64Builder).Append(math.MinInt64) }},
		{"18446744073709551615", arrow.PrimitiveTypes.Uint64, func(b array.Builder) { b.(*array.Uint64Builder).Append(math.MaxUint64) }},
		{"0.1", arrow.PrimitiveTypes.Float32, func(b array.Builder) { b.(*array.Float32Builder).Append(0.1) }},
		{"0.10000000149011612", arrow.PrimitiveTypes.Float64, func(b array.Builder) { b.(*array.Float64Builder).Append(float64(float32(0.1))) }},
		{"1.5", arrow.FixedWidthTypes.Float16, func(b array.Builder) { b.(*array.Float16Builder).Append(float16.New(1.5)) }},
		{"true", arrow.FixedWidthTypes.Boolean, func(b array.Builder) { b.(*array.BooleanBuilder).Append(true) }},
		{"-12.340", &arrow.Decimal128Type{Precision: 10, Scale: 3}, func(b array.Builder) { b.(*array.Decimal128Builder).Append(decimal128.FromI64(-12340)) }},
		{"2024-02-29", arrow.FixedWidthTypes.Date32, func(b array.Builder) { b.(*array.Date32Builder).Append(arrow.Date32FromTime(noon)) }},
		{"2024-02-29T12:30:15.25Z", arrow.FixedWidthTypes.Timestamp_us, func(b array.Builder) { b.(*array.TimestampBuilder).Append(stamp) }},
		{"2024-02-29T13:30:15.25+01:00", &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "+01:00"},
			func(b array.Builder) { b.(*array.TimestampBuilder).Append(stamp) }},
		{"2024-02-29T12:30:15.25", &arrow.TimestampType{Unit: arrow.Microsecond}, func(b array.Builder) { b.(*array.TimestampBuilder).Append(stamp) }},
		{"aGk=", arrow.BinaryTypes.Binary, func(b array.Builder) { b.(*array.BinaryBuilder).Append([]byte("hi")) }},
		{`""`, arrow.BinaryTypes.String, func(b array.Builder) { b.(*array.StringBuilder).Append("") }},
		{`"a ""b"", c"`, arrow.BinaryTypes.String, func(b array.Builder) { b.(*array.StringBuilder).Append(`a "b", c`) }},
		{"plain", &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String},
			func(b array.Builder) { b.(*array.BinaryDictionaryBuilder).AppendString("plain") }},
		{"-5", arrow.PrimitiveTypes.Int8, func(b array.Builder) { b.(*array.Int8Builder).Append(-5) }},
		{"65535", arrow.PrimitiveTypes.Uint16, func(b array.Builder) { b.(*array.Uint16Builder).Append(65535) }},
		{"2024-02-29", arrow.FixedWidthTypes.Date64, func(b array.Builder) { b.(*array.Date64Builder).Append(arrow.Date64FromTime(noon)) }},
		{"12:30:15.25", arrow.FixedWidthTypes.Time32ms, func(b array.Builder) { b.(*array.Time32Builder).Append(45015250) }},
		{"12:30:15.25", arrow.FixedWidthTypes.Time64us, func(b array.Builder) { b.(*array.Time64Builder).Append(45015250000) }},
		{"a b", arrow.BinaryTypes.LargeString, func(b array.Builder) { b.(*array.LargeStringBuilder).Append("a b") }},
		{`"a,b"`, arrow.BinaryTypes.StringView, func(b array.Builder) { b.(*array.StringViewBuilder).Append("a,b") }},
		{"AQI=", &arrow.FixedSizeBinaryType{ByteWidth: 2}, func(b array.Builder) { b.(*array.FixedSizeBinaryBuilder).Append([]byte{1, 2}) }},
		{`""`, arrow.BinaryTypes.LargeBinary, func(b array.Builder) { b.(*array.BinaryBuilder).Append(nil) }},
		{"inf", arrow.PrimitiveTypes.Float64, func(b array.Builder) { b.(*array.Float64Builder).Append(math.Inf(1)) }},
		{`"[1,2]"`, arrow.ListOf(arrow.PrimitiveTypes.Int64), func(b array.Builder) {
			l := b.(*array.ListBuilder)
			l.Append(true)
			l.ValueBuilder().(*array.Int64Builder).AppendValues([]int64{1, 2}, nil)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.typ.String(), func(t *testing.T) {
			a := arrayOf(t, tt.typ, tt.set)
			var out bytes.Buffer
			sink := newCSVSink(&out, CSV, Layout{Kept: []Field{{Name: "x", Type: tt.typ}}}, nil, WriteOptions{})
			var part Part
			if err := sink.Encode(&part, &Rows{N: 2, Kept: []arrow.Array{a}}, nil, nil); err != nil {
				t.Fatal(err)
			}
			if err := sink.Write(&part); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != "x\n"+tt.want+"\n\n" {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestCellsOfTypes(t *testing.T) {
	const null, bad = "(null)", "bad_type"
	tests := []struct{ typ, cell, want string }{
		{"string", " a ", " a "}, {"string", `""`, ""}, {"string", "", null}, {"string", `"x""y"`, `x"y`}, {"string", "\xff", "bad_utf8"},
		{"int64", " 007 ", "7"}, {"int64", "-9223372036854775808", "-9223372036854775808"}, {"int64", "+5", "5"}, {"int64", "", null},
		{"int64", `""`, null}, {"int64", "1.0", bad}, {"int64", "9223372036854775808", bad}, {"int64", "1_0", bad}, {"int64", "0x1", bad}, {"int64", "NA", bad},
		{"float64", "1e3", "1000"}, {"float64", `"2.5"`, "2.5"}, {"float64", "inf", bad}, {"float64", "x", bad},
		{"bool", "true", "true"}, {"bool", "FALSE", "false"}, {"bool", "1", "true"}, {"bool", "yes", bad},
		{"date", "2024-02-29", "2024-02-29"}, {"date", "2023-02-29", bad}, {"date", "2024-2-9", bad}, {"date", "1969-12-31", "1969-12-31"}, {"date", "0001-01-01", "0001-01-01"},
		{"timestamp", "2024-02-29", "2024-02-29T00:00:00Z"}, {"timestamp", "2024-02-29 12:30", "2024-02-29T12:30:00Z"},
		{"timestamp", "2024-02-29T12:30:15.250000000+01:00", "2024-02-29T11:30:15.25Z"}, {"timestamp", "2024-02-29T12:30:15Z", "2024-02-29T12:30:15Z"},
		{"timestamp", "1960-01-01T00:00:00.000001-0530", "1960-01-01T05:30:00.000001Z"},
		{"timestamp", "2024-02-29T24:00", bad}, {"timestamp", "2024-02-29T12:30:15.1234567", bad}, {"timestamp", "2024-02-29T12:30:60", bad},
		{"timestamp", "2024-02-29T", bad}, {"timestamp", "2024-02-29T12", bad}, {"timestamp", "2024-02-29T12:30x", bad}, {"timestamp", "2024-02-29T12:30+", bad},
	}
	for _, tt := range tests {
		typ, _ := ParseType(tt.typ)
		for _, strict := range []bool{true, false} {
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			src, err := newCSV(strings.NewReader("h,i\n"+tt.cell+",x\n"), func() Info { return Info{} }, ReadOptions{Alloc: alloc})
			if err != nil {
				t.Fatal(err)
			}
			if err := src.Start(Request{Keep: []KeepRequest{{Type: typ, Strict: strict}}}); err != nil {
				t.Fatal(err)
			}
			var b Block
			var rows Rows
			if src.Next(&b) != nil || b.Decode(&rows) != nil {
				t.Fatal("no block")
			}
			got := rows.Kept[0].ValueStr(0)
			want := tt.want
			if len(rows.Bad) > 0 {
				got = rows.Bad[0].Reason.String()
			} else if rows.Kept[0].IsValid(0) && (tt.typ == "date" || tt.typ == "timestamp") {
				words, _ := newArrowText(rows.Kept[0])
				got = string(words.append(nil, 0, ','))
			}
			if want == bad && !strict {
				want = null
			}
			if got != want {
				t.Errorf("%q as %s, strict %v: %s, want %s", tt.cell, tt.typ, strict, got, want)
			}
			rows.Reset()
			alloc.AssertSize(t, 0)
		}
	}
}

// A kept column of numbers is the same whether or not it is a feature too.
func TestKeptNumbersAreTheFeatures(t *testing.T) {
	var file strings.Builder
	file.WriteString("x,y\n")
	for i := range 3000 {
		file.WriteString([]string{"1.5,a\n", ",b\n", "NA,c\n", "\"\",d\n", "word,e\n", "2\n", "-0,f,g\n", "\" 7 \",h\n"}[i%7+i%2])
	}
	for _, missing := range [][]string{nil, {"NA", "1.50"}, {"1.5"}} {
		var want string
		for _, features := range [][]FeatureRequest{nil, {{Column: 0}}} {
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			o := ReadOptions{Alloc: alloc, Missing: missing, BlockSize: 1 << 20}
			src, err := newCSV(strings.NewReader(file.String()), func() Info { return Info{} }, o)
			if err != nil {
				t.Fatal(err)
			}
			float := arrow.PrimitiveTypes.Float64
			if err := src.Start(Request{Features: features, Keep: []KeepRequest{{Column: 0, Type: float}, {Column: 1}}}); err != nil {
				t.Fatal(err)
			}
			var b Block
			var rows Rows
			if src.Next(&b) != nil || b.Decode(&rows) != nil || rows.N != 3000 {
				t.Fatal("no block")
			}
			got := fmt.Sprint(rows.Kept, rows.Kept[0].NullN())
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("missing %q: the arrays differ", missing)
			}
			rows.Reset()
			alloc.AssertSize(t, 0)
		}
	}
}
