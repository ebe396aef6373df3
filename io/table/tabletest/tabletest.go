// Package tabletest holds what every table format must do, as one suite of
// tests: what is written is read again, whatever the blocks; what is damaged
// is refused; what is dropped halfway leaves nothing behind.
package tabletest

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"yhat/io/table"
)

// Run puts the formats through the suite, plain and, where they may be,
// compressed.
func Run(t *testing.T, formats ...table.Format) {
	for _, f := range formats {
		for _, zip := range compressions(f) {
			s := &suite{f, zip}
			t.Run(s.name(), s.run)
		}
	}
}

func compressions(f table.Format) []string {
	if f.Text() || f == table.ArrowStream {
		return []string{"", "gz", "zst"}
	}
	return []string{""}
}

// suite is one format, compressed or not.
type suite struct {
	format table.Format
	zip    string
}

func (s *suite) name() string {
	if s.zip == "" {
		return string(s.format)
	}
	return string(s.format) + "." + s.zip
}

func (s *suite) run(t *testing.T) {
	for _, c := range []struct {
		name string
		test func(*suite, *testing.T)
	}{
		{"round trip", (*suite).roundTrip},
		{"empty", (*suite).empty},
		{"one row", (*suite).oneRow},
		{"one column with nulls", (*suite).oneColumn},
		{"wide", (*suite).wide},
		{"features", (*suite).features},
		{"some columns in another order", (*suite).projection},
		{"computed columns", (*suite).computed},
		{"dropped and truncated rows", (*suite).dropped},
		{"same bytes whatever the blocks", (*suite).sameBytes},
		{"truncated file", (*suite).truncated},
		{"closed early", (*suite).closedEarly},
		{"cancelled", (*suite).cancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(s, t) })
	}
}

// blockSizes are bytes a block aims at, from a row a block to all in one.
// Compression comes before the cutting: fewer will do.
func (s *suite) blockSizes() []int {
	if s.zip != "" {
		return []int{300, 0}
	}
	return []int{1, 37, 1000, 64 << 10, 0}
}

// pieces are rows a part is made of, when a table is written.
var pieces = []int{1 << 20, 1, 7, 64}

// write writes the table in parts of the given number of rows.
func (s *suite) write(t testing.TB, data *data, rows int) []byte {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	var out bytes.Buffer
	sink, err := table.NewSink(&out, s.format, s.zip, table.Layout{Kept: data.fields}, nil,
		table.WriteOptions{FloatFixed: -1, Workers: 2, Alloc: mem})
	if err != nil {
		t.Fatal(err)
	}
	var p table.Part
	defer p.Release()
	for from := 0; from < data.rows; from += rows {
		part := data.slice(from, min(from+rows, data.rows))
		p.Release()
		err := errors.Join(sink.Encode(&p, part, nil, nil), sink.Write(&p))
		part.Reset()
		if err != nil {
			t.Fatal(err)
		}
	}
	p.Release()
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// file puts a table's bytes on the disk, under a name that tells the format.
func (s *suite) file(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t."+s.name())
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// open opens a table's bytes as a file, or as a pipe.
func (s *suite) open(t testing.TB, bytesOf []byte, pipe bool, o table.ReadOptions) (table.Source, error) {
	t.Helper()
	if !pipe {
		return table.Open(s.file(t, bytesOf), o)
	}
	o.Format, o.TempDir = s.format, t.TempDir()
	o.Stdin = io.MultiReader(bytes.NewReader(bytesOf)) // no seeking
	return table.Open("-", o)
}

// read reads a table whole, all its columns kept as the types of like.
func (s *suite) read(t testing.TB, bytesOf []byte, pipe bool, blockSize int, like *data) (*data, error) {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	src, err := s.open(t, bytesOf, pipe, table.ReadOptions{BlockSize: blockSize, Alloc: mem})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	var q table.Request
	got := &data{}
	for i, f := range src.Fields() {
		k := table.KeepRequest{Column: i, Type: f.Type, Strict: true}
		if f.Type == nil {
			k.Type = like.typeOf(f.Name)
		}
		q.Keep = append(q.Keep, k)
		got.fields = append(got.fields, table.Field{Name: f.Name, Type: k.Type})
	}
	if err := src.Start(q); err != nil {
		return nil, err
	}
	parts := make([][]arrow.Array, len(q.Keep))
	defer func() {
		for _, p := range parts {
			for _, a := range p {
				a.Release()
			}
		}
	}()
	err = eachBlock(src, func(r *table.Rows) error {
		if len(r.Bad) > 0 {
			t.Errorf("row %d is bad: %v", got.rows+int(r.Bad[0].Row)+1, r.Bad[0].Reason)
		}
		got.rows += r.N
		for i, a := range r.Kept {
			a.Retain()
			parts[i] = append(parts[i], a)
		}
		return nil
	})
	for i := range parts {
		got.columns = append(got.columns, concatenate(t, parts[i], q.Keep[i].Type))
	}
	return got, err
}

// eachBlock decodes the source's blocks to the end.
func eachBlock(src table.Source, see func(*table.Rows) error) error {
	var b table.Block
	var r table.Rows
	defer b.Release()
	defer r.Reset()
	for {
		b.Release()
		err := src.Next(&b)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = b.Decode(&r)
		}
		if err == nil {
			err = see(&r)
		}
		if err != nil {
			return err
		}
	}
}

// concatenate joins arrays outside the checked memory.
func concatenate(t testing.TB, parts []arrow.Array, typ arrow.DataType) arrow.Array {
	t.Helper()
	if len(parts) == 0 {
		return array.NewBuilder(memory.DefaultAllocator, typ).NewArray()
	}
	a, err := array.Concatenate(parts, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
