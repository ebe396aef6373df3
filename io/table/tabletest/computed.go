package tabletest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"yhat/io/table"
)

// made are computed columns of each kind for the given number of rows.
func made(rows int) []table.Computed {
	const units = 3
	panels := (rows + 31) / 32
	f32, f64 := make([]float32, panels*units*32), make([]float64, panels*units*32)
	codes, whole, null := make([]int32, rows), make([]int64, rows), make([]bool, rows)
	for i := range f32 {
		f32[i], f64[i] = float32(i)/7, 1/float64(i+1)
	}
	for i := range rows {
		codes[i], whole[i], null[i] = int32(i%4)-1, int64(i)<<30, i%5 == 0
	}
	return []table.Computed{
		{Name: "y_hat", F32: table.Lanes[float32]{Data: f32, Units: units, Unit: 1}},
		{Name: "wide", F64: table.Lanes[float64]{Data: f64, Units: units, Unit: 2}, Null: null},
		{Name: "a1", F32: table.Lanes[float32]{Data: f32, Units: units}, List: true},
		{Name: "label", Codes: codes, Words: []string{"no", `"yes"`, "漢"}},
		{Name: "count", Integers: whole, Null: null},
		{Name: "model", Words: []string{"a, b"}},
	}
}

// computed: made columns stand behind the kept ones and hold what was made.
func (s *suite) computed(t *testing.T) {
	d := mixed(70)
	columns := made(d.rows)
	l := table.Layout{Kept: d.fields}
	for i := range columns {
		l.Made = append(l.Made, table.Field{Name: columns[i].Name, Type: columns[i].Type()})
	}
	bytesOf := s.encode(t, d, l, columns, func(p *table.Part, sink table.Sink, r *table.Rows) error {
		return sink.Encode(p, r, columns, nil)
	})
	like := &data{fields: append(slices.Clone(d.fields),
		table.Field{Name: "y_hat", Type: arrow.PrimitiveTypes.Float64}, table.Field{Name: "wide", Type: arrow.PrimitiveTypes.Float64},
		table.Field{Name: "count", Type: arrow.PrimitiveTypes.Int64})}
	got, err := s.read(t, bytesOf, false, 0, like)
	if err != nil {
		t.Fatal(err)
	}
	if got.rows != d.rows || len(got.columns) != len(d.columns)+len(columns) {
		t.Fatalf("%d rows of %d columns", got.rows, len(got.columns))
	}
	same(t, "kept columns", &data{got.fields[:len(d.fields)], got.columns[:len(d.fields)], got.rows}, d)
	for k := range columns {
		a := got.columns[len(d.columns)+k]
		for row := range d.rows {
			if text, want := valueText(a, row), madeText(&columns[k], row); text != want {
				t.Errorf("column %s, row %d: %s, want %s", columns[k].Name, row+1, text, want)
				break
			}
		}
	}
}

// valueText and madeText spell values so that formats with and without types
// can be compared.
func valueText(a arrow.Array, row int) string {
	if a.IsNull(row) {
		return "null"
	}
	switch a := a.(type) {
	case *array.Float32:
		return fmt.Sprint(a.Value(row))
	case *array.Float64:
		return fmt.Sprint(a.Value(row))
	case array.ListLike:
		start, end := a.ValueOffsets(row)
		text := "["
		for i := start; i < end; i++ {
			if i > start {
				text += ","
			}
			text += string(table.AppendFloat32(nil, a.ListValues().(*array.Float32).Value(int(i))))
		}
		return text + "]"
	}
	return a.ValueStr(row)
}

func madeText(c *table.Computed, row int) string {
	switch {
	case c.Null != nil && c.Null[row], c.Words != nil && c.Codes != nil && c.Codes[row] < 0:
		return "null"
	case c.Words != nil && c.Codes != nil:
		return c.Words[c.Codes[row]]
	case c.Words != nil:
		return c.Words[0]
	case c.Integers != nil:
		return fmt.Sprint(c.Integers[row])
	case c.F64.Units > 0:
		return fmt.Sprint(c.F64.At(row))
	case !c.List:
		return fmt.Sprint(c.F32.At(row))
	}
	text := "["
	for u := range c.F32.Units {
		if u > 0 {
			text += ","
		}
		l := c.F32
		l.Unit = u
		text += string(table.AppendFloat32(nil, l.At(row)))
	}
	return text + "]"
}
