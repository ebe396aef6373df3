package tabletest

import (
	"context"
	"errors"
	"math"
	"os"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"yhat/io/table"
)

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

// cancelled: a read that waits for a pipe ends when its context does, with the
// context's cause, and leaves nothing behind.
func (s *suite) cancelled(t *testing.T) {
	bytesOf := s.write(t, mixed(600), 100)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	stop := errors.New("a signal")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		w.Write(bytesOf[:min(len(bytesOf)/2, 4096)]) // less than a pipe holds
		cancel(stop)
	}()
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	o := table.ReadOptions{Format: s.format, Stdin: r, Context: ctx, TempDir: t.TempDir(), Alloc: mem}
	src, err := table.Open("-", o)
	if err == nil {
		defer src.Close()
		err = src.Start(table.Request{Keep: []table.KeepRequest{{Column: 0, Type: arrow.PrimitiveTypes.Int64}}})
	}
	if err == nil {
		err = eachBlock(src, func(*table.Rows) error { return nil })
	}
	if !errors.Is(err, stop) {
		t.Errorf("error %v, want the context's cause", err)
	}
}
