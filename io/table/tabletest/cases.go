package tabletest

import (
	"bytes"
	"errors"
	"fmt"
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
	for _, size := range s.blockSizes() {
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
	for _, size := range s.blockSizes() {
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
	for _, size := range s.blockSizes() {
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
	for i, size := range s.blockSizes() {
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
