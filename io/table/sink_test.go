package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
)

// rewritten reads a text table from a pipe and writes all of it again, with a
// column made beside, raw where it can be.
func rewritten(t *testing.T, input string, from ReadOptions, to Format, o WriteOptions) string {
	t.Helper()
	from.Stdin = strings.NewReader(input)
	src, err := Open("-", from)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	raw := from.Format == to || from.Format.Delimited() && to.Delimited()
	q, l := Request{Raw: raw}, Layout{Made: []Field{{Name: "y", Type: arrow.PrimitiveTypes.Float32}}}
	for i, f := range src.Fields() {
		k := KeepRequest{Column: i}
		if !raw {
			k.Type = arrow.BinaryTypes.String
			f.Type = k.Type
		}
		q.Keep = append(q.Keep, k)
		l.Kept = append(l.Kept, f)
	}
	var out bytes.Buffer
	sink, err := NewSink(&out, to, "", l, src, o)
	if err == nil {
		err = src.Start(q)
	}
	if err != nil {
		t.Fatal(err)
	}
	var b Block
	var r Rows
	var p Part
	for src.Next(&b) == nil {
		err := b.Decode(&r)
		made := []Computed{{Name: "y", F32: Lanes[float32]{Data: make([]float32, (r.N+31)/32*32), Units: 1}}}
		if err := errors.Join(err, sink.Encode(&p, &r, made, nil), sink.Write(&p)); err != nil {
			t.Fatal(err)
		}
		p.Release()
	}
	r.Reset()
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTextOutputFollowsTheFirstInput(t *testing.T) {
	shortest := WriteOptions{FloatFixed: -1}
	cases := []struct {
		what  string
		input string
		from  ReadOptions
		to    Format
		o     WriteOptions
		want  string
	}{
		{"line end", "a,b\r\n1,2\r\n", ReadOptions{Format: CSV}, CSV, shortest, "a,b,y\r\n1,2,0\r\n"},
		{"line end by option", "a,b\r\n1,2\r\n", ReadOptions{Format: CSV}, CSV, WriteOptions{FloatFixed: -1, LineEnd: "\n"}, "a,b,y\n1,2,0\n"},
		{"delimiter", "a;b\n1;2\n", ReadOptions{Format: CSV, Delimiter: ';'}, CSV, shortest, "a;b;y\n1;2;0\n"},
		{"delimiter by option", "a;b\n1;2,5\n", ReadOptions{Format: CSV, Delimiter: ';'}, CSV, WriteOptions{FloatFixed: 2, Delimiter: ','}, "a,b,y\n1,\"2,5\",0.00\n"},
		{"TSV", "a\tb\n1\t2\n", ReadOptions{Format: TSV}, TSV, shortest, "a\tb\ty\n1\t2\t0\n"},
		{"TSV to CSV", "a\tb\n1\t2,5\n", ReadOptions{Format: TSV}, CSV, shortest, "a,b,y\n1,\"2,5\",0\n"},
		{"CSV to TSV", "a;b\n1;2\n", ReadOptions{Format: CSV, Delimiter: ';'}, TSV, shortest, "a\tb\ty\n1\t2\t0\n"},
		{"raw header, names twice", "\"a\",\"b\"\"c\",d,d\n1,2,3,4\n", ReadOptions{Format: CSV}, CSV, shortest, "\"a\",\"b\"\"c\",d,d,y\n1,2,3,4,0\n"},
		{"no header in", "1,2\n", ReadOptions{Format: CSV, NoHeader: true, Columns: []string{"a", "b,c"}}, CSV, shortest, "a,\"b,c\",y\n1,2,0\n"},
		{"no header out", "a,b\n1,2\n", ReadOptions{Format: CSV}, CSV, WriteOptions{FloatFixed: -1, NoHeader: true}, "1,2,0\n"},
		{"NDJSON", `{"a": 1.50,"b":"\u00e9"}` + "\n" + `{"b":null}` + "\r\n", ReadOptions{Format: NDJSON}, NDJSON, shortest,
			`{"a":1.50,"b":"\u00e9","y":0}` + "\n" + `{"b":null,"y":0}` + "\n"},
		{"NDJSON to CSV", `{"a":1.50,"b":"x,\n"}` + "\n" + `{"b":""}` + "\n", ReadOptions{Format: NDJSON}, CSV, shortest,
			"a,b,y\n1.50,\"x,\n\",0\n,\"\",0\n"},
		{"CSV to NDJSON", "a,\"q\"\"\"\n1.50,\n\"\",\"x\ty\"\n", ReadOptions{Format: CSV}, NDJSON, shortest,
			`{"a":"1.50","q\"":null,"y":0}` + "\n" + `{"a":"","q\"":"x\ty","y":0}` + "\n"},
	}
	for _, c := range cases {
		if diff := cmp.Diff(c.want, rewritten(t, c.input, c.from, c.to, c.o)); diff != "" {
			t.Errorf("%s:\n%s", c.what, diff)
		}
	}
}

func TestSinksThatCannotBeMade(t *testing.T) {
	cases := []struct {
		f   Format
		zip string
	}{{Parquet, "gz"}, {Arrow, "zst"}, {CSV, "bz2"}, {"xlsx", ""}, {"xlsx", "gz"}}
	for _, c := range cases {
		if _, err := NewSink(&bytes.Buffer{}, c.f, c.zip, Layout{}, nil, WriteOptions{}); !errors.Is(err, ErrUsage) {
			t.Errorf("%s with %q: error %v, want ErrUsage", c.f, c.zip, err)
		}
	}
}

// A table's rows without kept columns, for computed ones alone.
func TestNDJSONComputedNumbers(t *testing.T) {
	nan := []float64{math.NaN(), math.Inf(1), 0.1, 1e-7}
	data := make([]float64, 32)
	copy(data, nan)
	var p Part
	sink := newNDJSONSink(nil, Layout{Made: []Field{{Name: `"p"`}}}, WriteOptions{FloatFixed: -1})
	made := []Computed{{F64: Lanes[float64]{Data: data, Units: 1}}}
	if err := sink.Encode(&p, &Rows{N: 4}, made, nil); err != nil {
		t.Fatal(err)
	}
	want := `{"\"p\"":null}` + "\n" + `{"\"p\"":null}` + "\n" + `{"\"p\"":0.1}` + "\n" + `{"\"p\"":1e-07}` + "\n"
	if got := string(p.Bytes); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// values are arrays by type and by what arrow's own JSON builder reads.
func TestTypedValuesAsJSON(t *testing.T) {
	utc := arrow.FixedWidthTypes.Timestamp_us
	list := arrow.ListOf(arrow.PrimitiveTypes.Float32)
	cases := []struct {
		typ  arrow.DataType
		in   string
		want string
	}{
		{arrow.PrimitiveTypes.Int8, `[-128, null]`, `-128 null`},
		{arrow.PrimitiveTypes.Uint64, `[18446744073709551615]`, `18446744073709551615`},
		{arrow.PrimitiveTypes.Int64, `[-9223372036854775808]`, `-9223372036854775808`},
		{arrow.PrimitiveTypes.Float32, `[0.1, 1e20, null]`, `0.1 1e+20 null`},
		{arrow.PrimitiveTypes.Float64, `[0.1, 16777217]`, `0.1 16777217`},
		{arrow.FixedWidthTypes.Boolean, `[true, false, null]`, `true false null`},
		{&arrow.Decimal128Type{Precision: 38, Scale: 3}, `["-0.500", "12345678901234567890123456789.125"]`, `-0.500 12345678901234567890123456789.125`},
		{arrow.BinaryTypes.String, `["", "a\"b\n", "é", "\u0001"]`, `"" "a\"b\n" "é" "\u0001"`},
		{arrow.BinaryTypes.LargeString, `["x"]`, `"x"`},
		{arrow.BinaryTypes.Binary, `["", "AAH/", null]`, `"" "AAH/" null`},
		{arrow.FixedWidthTypes.Date32, `["2024-02-29"]`, `"2024-02-29"`},
		{utc, `["2024-02-29 01:02:03.500000Z"]`, `"2024-02-29T01:02:03.5Z"`},
		{&arrow.TimestampType{Unit: arrow.Second}, `["2024-02-29 01:02:03"]`, `"2024-02-29T01:02:03"`},
		{arrow.FixedWidthTypes.Time64us, `["01:02:03.000004"]`, `"01:02:03.000004"`},
		{arrow.Null, `[null]`, `null`},
		{list, `[[1, null, 0.5], [], null]`, `[1,null,0.5] [] null`},
		{arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32), `[[1, 2], null, [3, 4]]`, `[1,2] null [3,4]`},
		{arrow.StructOf(arrow.Field{Name: `a"`, Type: list, Nullable: true}, arrow.Field{Name: "b", Type: utc, Nullable: true}),
			`[{"a\"": [2], "b": "1970-01-01T00:00:00Z"}, {"a\"": null, "b": null}]`,
			`{"a\"":[2],"b":"1970-01-01T00:00:00Z"} {"a\"":null,"b":null}`},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32), `[[{"key": "k", "value": 1}, {"key": "l", "value": null}], []]`, `{"k":1,"l":null} {}`},
		{arrow.MapOf(arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int32), `[[{"key": 1, "value": 2}, {"key": 3, "value": 4}]]`, `[[1,2],[3,4]]`},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `["a", "b", "a", null]`, `"a" "b" "a" null`},
	}
	for _, c := range cases {
		a, _, err := array.FromJSON(memory.DefaultAllocator, c.typ, strings.NewReader(c.in))
		if err != nil {
			t.Fatalf("%s: %v", c.typ, err)
		}
		text := newJSONText(a)
		var got []string
		for i := range a.Len() {
			value := text(nil, i)
			if !json.Valid(value) {
				t.Errorf("%s: %s is no JSON", c.typ, value)
			}
			got = append(got, string(value))
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s:\n%s", c.typ, diff)
		}
		// A slice starts where it says.
		if n := a.Len(); n > 1 {
			tail := array.NewSlice(a, int64(n-1), int64(n))
			if value := string(newJSONText(tail)(nil, 0)); value != got[n-1] {
				t.Errorf("%s: the last value of a slice is %s, want %s", c.typ, value, got[n-1])
			}
		}
	}
}

func TestHalvesAreWrittenAtTheirOwnWidth(t *testing.T) {
	half := func(bits uint16) float64 { return float64(float16.FromBits(bits).Float32()) }
	for bits := range uint16(halfInf) {
		text := string(appendHalf(nil, float16.FromBits(bits)))
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || len(strings.TrimLeft(strings.ReplaceAll(strings.Split(text, "e")[0], ".", ""), "0")) > 5 {
			t.Fatalf("bits %#x: %s", bits, text)
		}
		near := math.Abs(v - half(bits))
		if bits > 0 && math.Abs(v-half(bits-1)) <= near || bits+1 < halfInf && math.Abs(v-half(bits+1)) <= near {
			t.Fatalf("bits %#x: %s is nearer to another half", bits, text)
		}
		if negative := string(appendHalf(nil, float16.FromBits(bits|1<<15))); negative != "-"+text {
			t.Fatalf("bits %#x: %s, negative %s", bits, text, negative)
		}
	}
	for bits, want := range map[uint16]string{0x2e66: "0.1", 0x7bff: "65500", 0x7c00: "inf", 0xfc00: "-inf", 0x7e00: "NaN"} {
		if got := string(appendHalf(nil, float16.FromBits(bits))); got != want {
			t.Errorf("bits %#x: %s, want %s", bits, got, want)
		}
	}
}
