package tabletest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"yhat/io/table"
)

// data is a table in memory.
type data struct {
	fields  []table.Field
	columns []arrow.Array
	rows    int
}

// words are texts that a format could stumble over.
var words = []string{"", "plain", "07", "1.50", "NA", "true", "null", " blanks ", "comma, semicolon; tab\t", `5" disk`, `"quoted"`,
	"two\nlines", "three\r\nlines", "a\rb", `back\slash`, "ünï", "漢字", "🙂", "e\u0301", "\u2028", "{}", "[1]", "#", "\x01", "-"}

// mixed is a table with a column of each type that all formats know, every
// one with nulls.
func mixed(rows int) *data {
	d := newData(rows, []table.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "x", Type: arrow.PrimitiveTypes.Float64},
		{Name: "flag", Type: arrow.FixedWidthTypes.Boolean},
		{Name: `a "word", or two`, Type: arrow.BinaryTypes.String},
		{Name: "jour né", Type: arrow.FixedWidthTypes.Date32},
		{Name: "at", Type: arrow.FixedWidthTypes.Timestamp_us},
	})
	return d
}

// wideOf is a table of so many columns of numbers.
func wideOf(rows, columns int) *data {
	fields := make([]table.Field, columns)
	for i := range fields {
		fields[i] = table.Field{Name: fmt.Sprintf("column %d", i), Type: arrow.PrimitiveTypes.Float64}
	}
	return newData(rows, fields)
}

// newData fills the columns with values drawn from a fixed seed.
func newData(rows int, fields []table.Field) *data {
	rng := rand.New(rand.NewPCG(uint64(rows), uint64(len(fields))))
	d := &data{fields: fields, rows: rows}
	for _, f := range fields {
		b := array.NewBuilder(memory.DefaultAllocator, f.Type)
		for row := range rows {
			// The first row has every value: NDJSON knows columns by them.
			if row > 0 && rng.IntN(5) == 0 {
				b.AppendNull()
			} else {
				appendValue(b, rng)
			}
		}
		d.columns = append(d.columns, b.NewArray())
	}
	return d
}

func appendValue(b array.Builder, rng *rand.Rand) {
	switch b := b.(type) {
	case *array.Int64Builder:
		b.Append(rng.Int64()>>rng.IntN(64) - 1<<20)
	case *array.Float64Builder:
		b.Append(float(rng))
	case *array.BooleanBuilder:
		b.Append(rng.IntN(2) == 0)
	case *array.StringBuilder:
		b.Append(words[rng.IntN(len(words))])
	case *array.Date32Builder:
		b.Append(arrow.Date32(rng.IntN(40000) - 20000))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(rng.Int64N(4e15) - 2e15))
	}
}

// float draws from every size of number, short and long.
func float(rng *rand.Rand) float64 {
	switch rng.IntN(4) {
	case 0:
		return float64(rng.IntN(2000) - 1000)
	case 1:
		return float64(rng.IntN(200000)-100000) / 1000
	case 2:
		return rng.NormFloat64()
	}
	for {
		if v := math.Float64frombits(rng.Uint64()); !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v
		}
	}
}

// typeOf is the type of the column of that name.
func (d *data) typeOf(name string) arrow.DataType {
	for _, f := range d.fields {
		if f.Name == name {
			return f.Type
		}
	}
	return arrow.BinaryTypes.String
}

// slice gives rows from … to, as a source would.
func (d *data) slice(from, to int) *table.Rows {
	r := &table.Rows{N: to - from}
	for _, c := range d.columns {
		r.Kept = append(r.Kept, array.NewSlice(c, int64(from), int64(to)))
	}
	return r
}

// pick is the rows that keep says.
func (d *data) pick(t testing.TB, keep func(row int) bool) *data {
	t.Helper()
	p := &data{fields: d.fields}
	for row := range d.rows {
		if keep(row) {
			p.rows++
		}
	}
	for k, c := range d.columns {
		var parts []arrow.Array
		for row := range d.rows {
			if keep(row) {
				parts = append(parts, array.NewSlice(c, int64(row), int64(row+1)))
			}
		}
		p.columns = append(p.columns, concatenate(t, parts, d.fields[k].Type))
	}
	return p
}

// same fails the test unless both tables hold the same.
func same(t testing.TB, what string, got, want *data) {
	t.Helper()
	if got.rows != want.rows || len(got.columns) != len(want.columns) {
		t.Errorf("%s: %d rows of %d columns, want %d of %d", what, got.rows, len(got.columns), want.rows, len(want.columns))
		return
	}
	for k := range want.columns {
		g, w := got.columns[k], want.columns[k]
		if got.fields[k].Name != want.fields[k].Name || !arrow.TypeEqual(g.DataType(), w.DataType()) {
			t.Errorf("%s: column %d is %q of %s, want %q of %s", what, k,
				got.fields[k].Name, g.DataType(), want.fields[k].Name, w.DataType())
			continue
		}
		if array.Equal(g, w) {
			continue
		}
		for row := range w.Len() {
			if g.ValueStr(row) != w.ValueStr(row) || g.IsNull(row) != w.IsNull(row) {
				t.Errorf("%s: column %q, row %d: %q, want %q", what, want.fields[k].Name, row+1, g.ValueStr(row), w.ValueStr(row))
				break
			}
		}
	}
}
