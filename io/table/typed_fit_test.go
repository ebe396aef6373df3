package table

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Files of one table may differ in how they store a column. What comes out is
// the same values, or a bad row where the first file's type has no such value.
func TestColumnsThatAreStoredDifferently(t *testing.T) {
	text, long, view := arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.StringView
	words := func(index arrow.DataType) arrow.DataType {
		return &arrow.DictionaryType{IndexType: index, ValueType: text}
	}
	list := func(name string, of arrow.DataType) arrow.DataType {
		return arrow.ListOfField(arrow.Field{Name: name, Type: of, Nullable: true})
	}
	zoned := func(unit arrow.TimeUnit, zone string) arrow.DataType {
		return &arrow.TimestampType{Unit: unit, TimeZone: zone}
	}
	i8, i32, i64, u64, f64 := arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Float64
	for _, c := range []struct {
		from, to   arrow.DataType
		have, want string // JSON
		bad        string // rows
	}{
		{text, long, `["a",null,"é"]`, `["a",null,"é"]`, "[]"},
		{long, text, `["a",null,""]`, `["a",null,""]`, "[]"},
		{text, view, `["a",null,"more than twelve bytes"]`, `["a",null,"more than twelve bytes"]`, "[]"},
		{arrow.BinaryTypes.Binary, arrow.BinaryTypes.LargeBinary, `["YQ==",null]`, `["YQ==",null]`, "[]"},
		{words(i8), text, `["b","a",null,"b"]`, `["b","a",null,"b"]`, "[]"},
		{words(i8), long, `["b",null]`, `["b",null]`, "[]"},
		{text, words(i32), `["b","a",null,"b"]`, `["b","a",null,"b"]`, "[]"},
		{words(i32), words(i8), `["b","a",null,"b"]`, `["b","a",null,"b"]`, "[]"},
		{i32, i64, `[1,null,-2147483648]`, `[1,null,-2147483648]`, "[]"},
		{i64, i32, `[1,null,2147483648,-1]`, `[1,null,null,-1]`, "[2]"},
		{i64, i8, `[127,128,-128,-129]`, `[127,null,-128,null]`, "[1 3]"},
		{i64, u64, `[7,-1]`, `[7,null]`, "[1]"},
		{u64, i64, `[7,18446744073709551615]`, `[7,null]`, "[1]"},
		{i64, f64, `[3,null,9007199254740992,9007199254740993]`, `[3,null,9007199254740992,null]`, "[3]"},
		{f64, i64, `[3,null,1.5,1e300,-9007199254740994]`, `[3,null,null,null,-9007199254740994]`, "[2 3]"},
		{f64, arrow.PrimitiveTypes.Uint8, `[255,256,-1]`, `[255,null,null]`, "[1 2]"},
		{arrow.PrimitiveTypes.Float32, f64, `[0.5,null]`, `[0.5,null]`, "[]"},
		{arrow.Null, text, `[null,null]`, `[null,null]`, "[]"},
		{arrow.Null, words(i8), `[null,null]`, `[null,null]`, "[]"},
		{zoned(arrow.Second, ""), zoned(arrow.Microsecond, ""), `["2020-01-02 03:04:05",null]`, `["2020-01-02 03:04:05",null]`, "[]"},
		{zoned(arrow.Nanosecond, "UTC"), zoned(arrow.Millisecond, "Europe/Berlin"), `["2020-01-02T03:04:05.678Z","2020-01-02T03:04:05.678000001Z"]`, `["2020-01-02T03:04:05.678Z",null]`, "[1]"},
		{zoned(arrow.Second, ""), zoned(arrow.Nanosecond, ""), `["9999-01-01 00:00:00"]`, `[null]`, "[0]"},
		{list("item", text), list("element", long), `[["a","b"],null,[],[null]]`, `[["a","b"],null,[],[null]]`, "[]"},
		{arrow.StructOf(arrow.Field{Name: "s", Type: text}), arrow.StructOf(arrow.Field{Name: "s", Type: long, Nullable: true}), `[{"s":"a"},null]`, `[{"s":"a"},null]`, "[]"},
	} {
		name := fmt.Sprintf("%s to %s", c.from, c.to)
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		have, want := arrayOfJSON(t, mem, c.from, c.have), arrayOfJSON(t, mem, c.to, c.want)
		if !Fits(c.from, c.to) {
			t.Errorf("%s: refused", name)
			continue
		}
		// Slices stand elsewhere than at the beginning of their memory.
		for from := range have.Len() {
			bad := []int{}
			part := array.NewSlice(have, int64(from), int64(have.Len()))
			got, err := fitting(c.from, c.to)(part, mem, func(row int) { bad = append(bad, row+from) })
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := validate(got); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			rest := array.NewSlice(want, int64(from), int64(want.Len()))
			if !arrow.TypeEqual(got.DataType(), c.to) || !sameValues(got, rest) {
				t.Errorf("%s: from row %d: %v, want %v", name, from, got, rest)
			}
			if from == 0 && fmt.Sprint(bad) != c.bad {
				t.Errorf("%s: rows %v are bad, want %s", name, bad, c.bad)
			}
			part.Release()
			got.Release()
			rest.Release()
		}
		have.Release()
		want.Release()
		mem.AssertSize(t, 0)
	}
}

// Types whose values would change do not go together.
func TestColumnsThatDoNotFit(t *testing.T) {
	text, f32, f64 := arrow.BinaryTypes.String, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64
	for _, pair := range [][2]arrow.DataType{
		{text, f64}, {f64, text}, {f64, f32}, {text, arrow.BinaryTypes.Binary}, {arrow.BinaryTypes.Binary, text}, {text, arrow.Null},
		{arrow.FixedWidthTypes.Boolean, arrow.PrimitiveTypes.Int64}, {arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Timestamp_us},
		{&arrow.TimestampType{Unit: arrow.Second}, arrow.FixedWidthTypes.Timestamp_s},
		{arrow.ListOf(text), text}, {arrow.ListOf(text), arrow.ListOf(f64)}, {arrow.ListOf(text), arrow.ListOfNonNullable(text)},
		{arrow.StructOf(arrow.Field{Name: "a", Type: text}), arrow.StructOf(arrow.Field{Name: "b", Type: text})},
		{&arrow.Decimal128Type{Precision: 9, Scale: 2}, &arrow.Decimal128Type{Precision: 9, Scale: 3}},
		{f64, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: text}},
	} {
		if Fits(pair[0], pair[1]) {
			t.Errorf("%s became %s", pair[0], pair[1])
		}
	}
}

// A dictionary has no more words than its indices can number.
func TestWordsThatDoNotFit(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	b := array.NewStringBuilder(mem)
	defer b.Release()
	for i := range 200 {
		b.Append(fmt.Sprint(i % 130))
	}
	a := b.NewArray()
	defer a.Release()
	bad := []int{}
	to := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	got, err := fitting(a.DataType(), to)(a, mem, func(row int) { bad = append(bad, row) })
	if err != nil || fmt.Sprint(bad) != "[128 129]" || got.NullN() != 2 || got.ValueStr(199) != "69" {
		t.Errorf("%v, rows %v are bad", err, bad)
	}
	got.Release()
}

func arrayOfJSON(t *testing.T, mem memory.Allocator, typ arrow.DataType, text string) arrow.Array {
	t.Helper()
	a, _, err := array.FromJSON(mem, typ, strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", typ, err)
	}
	return a
}

// sameValues compares what arrays hold, in whatever dictionary.
func sameValues(a, b arrow.Array) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		if a.IsNull(i) != b.IsNull(i) || a.IsValid(i) && a.ValueStr(i) != b.ValueStr(i) {
			return false
		}
	}
	return true
}
