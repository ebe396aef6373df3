package tabletest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"yhat/io/table"
)

// roundTrip: what is written is read again, whatever the parts and the blocks,
// from files and from pipes.
func (s *suite) roundTrip(t *testing.T) {
	want := mixed(400)
	first := s.write(t, want, pieces[0])
	for _, rows := range pieces[1:] {
		if got := s.write(t, want, rows); !bytes.Equal(got, first) {
			t.Errorf("parts of %d rows give other bytes", rows)
		}
	}
	for _, size := range blockSizes {
		for _, pipe := range []bool{false, true} {
			got, err := s.read(t, first, pipe, size, want)
			if err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprintf("blocks of %d bytes, pipe %v", size, pipe), got, want)
		}
	}
}

// empty: a table without rows has its columns. NDJSON, whose columns are its
// rows', has none.
func (s *suite) empty(t *testing.T) {
	want := mixed(0)
	bytesOf := s.write(t, want, 1)
	got, err := s.read(t, bytesOf, false, 0, want)
	if s.format == table.NDJSON {
		if !errors.Is(err, table.ErrData) {
			t.Errorf("error %v, want ErrData", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	same(t, "no rows", got, want)
}

func (s *suite) oneRow(t *testing.T) {
	want := mixed(1)
	got, err := s.read(t, s.write(t, want, 1), false, 0, want)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "one row", got, want)
}

// oneColumn: in a table of one column a null is a row like any other.
func (s *suite) oneColumn(t *testing.T) {
	want := newData(50, []table.Field{{Name: "word", Type: arrow.BinaryTypes.String}})
	bytesOf := s.write(t, want, 8)
	for _, size := range blockSizes {
		got, err := s.read(t, bytesOf, false, size, want)
		if err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprintf("blocks of %d bytes", size), got, want)
	}
}

func (s *suite) wide(t *testing.T) {
	want := wideOf(30, 500)
	got, err := s.read(t, s.write(t, want, 11), false, 1000, want)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "500 columns", got, want)
}

// features: numbers and words are the same from every format.
func (s *suite) features(t *testing.T) {
	d := mixed(300)
	bytesOf := s.write(t, d, 50)
	dict := table.NewDictionary([]string{"plain", "漢字", "blanks"})
	q := table.Request{Features: []table.FeatureRequest{{Column: 1}, {Column: 3, Dict: dict}, {Column: 2}, {Column: 0}}}
	for _, size := range blockSizes {
		src, err := s.open(t, bytesOf, false, table.ReadOptions{BlockSize: size})
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Start(q); err != nil {
			t.Fatal(err)
		}
		row := 0
		err = eachBlock(src, func(r *table.Rows) error {
			for i := range r.N {
				wantNumber(t, row, &r.Features[0], i, d.columns[1])
				wantNumber(t, row, &r.Features[2], i, d.columns[2])
				wantNumber(t, row, &r.Features[3], i, d.columns[0])
				wantCode(t, row, r.Features[1].Codes[i], d.columns[3].(*array.String))
				row++
			}
			return nil
		})
		if err := errors.Join(err, src.Close()); err != nil || row != d.rows {
			t.Fatalf("%d of %d rows, error %v", row, d.rows, err)
		}
	}
}

func wantNumber(t *testing.T, row int, f *table.Feature, i int, column arrow.Array) {
	t.Helper()
	if f.Missing(i) != column.IsNull(row) {
		t.Errorf("row %d: missing is %v, want %v", row+1, f.Missing(i), column.IsNull(row))
		return
	}
	if column.IsNull(row) {
		return
	}
	var want float64
	switch c := column.(type) {
	case *array.Float64:
		want = c.Value(row)
	case *array.Int64:
		want = float64(c.Value(row))
	case *array.Boolean:
		if c.Value(row) {
			want = 1
		}
	}
	if f.F64[i] != want {
		t.Errorf("row %d: %v, want %v", row+1, f.F64[i], want)
	}
}

func wantCode(t *testing.T, row int, got int32, column *array.String) {
	t.Helper()
	want := table.CodeUnknown
	if column.IsNull(row) {
		want = table.CodeMissing
	} else {
		switch column.Value(row) {
		case "plain":
			want = 0
		case "漢字":
			want = 1
		case " blanks ":
			want = 2
		case "", "NA", "null":
			want = table.CodeMissing
		}
	}
	if got != want {
		t.Errorf("row %d: %q has code %d, want %d", row+1, column.Value(row), got, want)
	}
}

// projection: columns may be asked for in any order, twice, and not at all.
func (s *suite) projection(t *testing.T) {
	d := mixed(100)
	bytesOf := s.write(t, d, 100)
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	src, err := s.open(t, bytesOf, true, table.ReadOptions{BlockSize: 300, Alloc: mem})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	order := []int{4, 0, 3}
	q := table.Request{Features: []table.FeatureRequest{{Column: 0}}}
	for _, c := range order {
		q.Keep = append(q.Keep, table.KeepRequest{Column: c, Type: d.fields[c].Type})
	}
	if err := src.Start(q); err != nil {
		t.Fatal(err)
	}
	row := 0
	err = eachBlock(src, func(r *table.Rows) error {
		for k, c := range order {
			want := array.NewSlice(d.columns[c], int64(row), int64(row+r.N))
			if !array.Equal(r.Kept[k], want) {
				t.Errorf("rows from %d, column %d: %v, want %v", row+1, c, r.Kept[k], want)
			}
		}
		wantNumber(t, row, &r.Features[0], 0, d.columns[0])
		row += r.N
		return nil
	})
	if err != nil || row != d.rows {
		t.Errorf("%d of %d rows, error %v", row, d.rows, err)
	}
}

// made are computed columns of each kind for the given number of rows.
func made(rows int) []table.Computed {
	const units = 3
	panels := (rows + 31) / 32
	f32, f64 := make([]float32, panels*units*32), make([]float64, panels*units*32)
	codes, null := make([]int32, rows), make([]bool, rows)
	for i := range f32 {
		f32[i], f64[i] = float32(i)/7, 1/float64(i+1)
	}
	for i := range rows {
		codes[i], null[i] = int32(i%4)-1, i%5 == 0
	}
	return []table.Computed{
		{Name: "y_hat", F32: table.Lanes[float32]{Data: f32, Units: units, Unit: 1}},
		{Name: "wide", F64: table.Lanes[float64]{Data: f64, Units: units, Unit: 2}, Null: null},
		{Name: "a1", F32: table.Lanes[float32]{Data: f32, Units: units}, List: true},
		{Name: "label", Codes: codes, Words: []string{"no", `"yes"`, "漢"}},
		{Name: "count", Codes: codes, Null: null},
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

// encode writes the whole table as one part.
func (s *suite) encode(t *testing.T, d *data, l table.Layout, columns []table.Computed,
	fill func(p *table.Part, sink table.Sink, r *table.Rows) error) []byte {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	var out bytes.Buffer
	sink, err := table.NewSink(&out, s.format, s.zip, l, nil, table.WriteOptions{FloatFixed: -1, Alloc: mem})
	if err != nil {
		t.Fatal(err)
	}
	r := d.slice(0, d.rows)
	defer r.Reset()
	var p table.Part
	defer p.Release()
	err = fill(&p, sink, r)
	if err == nil {
		err = sink.Write(&p)
	}
	p.Release()
	if err := errors.Join(err, sink.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
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
	case c.Codes != nil:
		return fmt.Sprint(c.Codes[row])
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

// dropped: rows left out are as if they had not been there, and a part cut
// short holds the rows up to the cut.
func (s *suite) dropped(t *testing.T) {
	d := mixed(90)
	drop := make([]bool, d.rows)
	for i := range drop {
		drop[i] = i%3 == 0 || i > 20 && i < 30
	}
	for _, cut := range []int{0, 1, 2, 25, 60, d.rows} {
		got := s.encode(t, d, table.Layout{Kept: d.fields}, nil, func(p *table.Part, sink table.Sink, r *table.Rows) error {
			p.Mark = true
			err := sink.Encode(p, r, nil, drop)
			if len(p.Ends) != d.rows {
				t.Fatalf("%d ends for %d rows", len(p.Ends), d.rows)
			}
			p.Truncate(cut)
			return err
		})
		kept := d.pick(t, func(row int) bool { return row < cut && !drop[row] })
		if want := s.write(t, kept, 1<<20); !bytes.Equal(got, want) {
			t.Errorf("cut at %d: %d bytes are not the %d of the rows left", cut, len(got), len(want))
		}
	}
}

// sameBytes: reading and writing again gives the same bytes whatever the
// blocks, the workers of the compressor and the way the input comes.
func (s *suite) sameBytes(t *testing.T) {
	input := s.write(t, mixed(1500), 200)
	var first []byte
	for i, size := range blockSizes {
		for _, pipe := range []bool{false, true} {
			got := s.rewrite(t, input, pipe, size, i+1)
			if first == nil {
				first = got
			}
			if !bytes.Equal(got, first) {
				t.Errorf("blocks of %d bytes, pipe %v: %d other bytes, want %d", size, pipe, len(got), len(first))
			}
		}
	}
	if s.format.Text() && !bytes.Equal(first, input) {
		t.Errorf("text that is copied is not the same: %d bytes of %d", len(first), len(input))
	}
}

// rewrite copies a table; text cell by cell as it is written.
func (s *suite) rewrite(t *testing.T, input []byte, pipe bool, blockSize, workers int) []byte {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	src, err := s.open(t, input, pipe, table.ReadOptions{BlockSize: blockSize, Alloc: mem})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	q := table.Request{Raw: s.format.Text()}
	for i, f := range src.Fields() {
		q.Keep = append(q.Keep, table.KeepRequest{Column: i, Type: f.Type})
	}
	if err := src.Start(q); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	sink, err := table.NewSink(&out, s.format, s.zip, table.Layout{Kept: src.Fields()}, src,
		table.WriteOptions{FloatFixed: -1, Workers: workers, Alloc: mem})
	if err != nil {
		t.Fatal(err)
	}
	var p table.Part
	defer p.Release()
	err = eachBlock(src, func(r *table.Rows) error {
		p.Release()
		if err := sink.Encode(&p, r, nil, nil); err != nil {
			return err
		}
		return sink.Write(&p)
	})
	p.Release()
	if err := errors.Join(err, sink.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// truncated: a file cut short is an error and never a shorter table. Plain
// text, and an Arrow stream cut between two messages, cannot be told from a
// whole one; their rows must then be the first of the table, but for the last
// of text, which may be cut itself.
func (s *suite) truncated(t *testing.T) {
	want := mixed(200)
	whole := s.write(t, want, 50)
	mayEnd := s.zip == "" && (s.format.Text() || s.format == table.ArrowStream)
	step := max(len(whole)/60, 1)
	for n := 1; n < len(whole); n += step {
		if n+step >= len(whole) {
			step = max(min(step/4, len(whole)-1-n), 1) // the last bytes more closely
		}
		got, err := s.readQuietly(t, whole[:n], want)
		switch {
		case err != nil && !errors.Is(err, table.ErrData):
			t.Errorf("cut at %d of %d: %v, want ErrData", n, len(whole), err)
		case err != nil || mayEnd && s.prefix(got, want):
		default:
			t.Errorf("cut at %d of %d: %d rows and no error", n, len(whole), got.rows)
		}
	}
}

// readQuietly is read for tables that may be damaged.
func (s *suite) readQuietly(t *testing.T, bytesOf []byte, like *data) (*data, error) {
	return s.read(quiet{t}, bytesOf, false, 1000, like)
}

// quiet lets bad rows pass.
type quiet struct{ *testing.T }

func (quiet) Errorf(string, ...any) {}

// prefix reports whether got holds the first rows of want, but for the last
// row of text.
func (s *suite) prefix(got, want *data) bool {
	rows := got.rows
	if s.format.Text() {
		rows = max(rows-1, 0)
	}
	if got.rows > want.rows || len(got.columns) > len(want.columns) {
		return false
	}
	for k := range got.columns {
		if rows > 0 && !array.SliceEqual(got.columns[k], 0, int64(rows), want.columns[k], 0, int64(rows)) {
			return false
		}
	}
	return true
}

// closedEarly: a source may be closed after any number of blocks. Nothing is
// left of it.
func (s *suite) closedEarly(t *testing.T) {
	bytesOf := s.write(t, mixed(600), 100)
	for _, blocks := range []int{0, 1, 3, math.MaxInt} {
		for _, pipe := range []bool{false, true} {
			mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
			src, err := s.open(t, bytesOf, pipe, table.ReadOptions{BlockSize: 500, Alloc: mem})
			if err != nil {
				t.Fatal(err)
			}
			q := table.Request{Keep: []table.KeepRequest{{Column: 3, Type: arrow.BinaryTypes.String}}}
			if err := src.Start(q); err != nil {
				t.Fatal(err)
			}
			var b table.Block
			var r table.Rows
			for i := 0; i < blocks && src.Next(&b) == nil; i++ {
				if err := b.Decode(&r); err != nil {
					t.Fatal(err)
				}
				if i+1 < blocks {
					b.Release()
				}
			}
			if err := src.Close(); err != nil {
				t.Error(err)
			}
			r.Reset()
			b.Release()
			mem.AssertSize(t, 0)
		}
	}
}
