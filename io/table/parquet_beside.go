package table

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// A few slices are written at a time, so that columns side by side have enough
// to do between two meetings; wide tables need fewer.
const (
	slicesAtOnce = 8
	valuesAtOnce = 512 << 10
)

// sideBySide writes the columns of a few slices at once.
type sideBySide struct {
	form     columnForm
	parallel Parallel
	begun    bool
	pieces   []arrow.RecordBatch // slices not yet written
}

// columnForm writes row groups of columns that do not know of each other.
type columnForm interface {
	width() int // columns
	begin() error
	// write adds rows to a column, on any goroutine, in order.
	write(column int, a arrow.Array) error
	end() error
	close() error
}

func (g *sideBySide) slice(b arrow.RecordBatch) error {
	b.Retain()
	g.pieces = append(g.pieces, b)
	if n := len(g.pieces); n == slicesAtOnce || n*sliceRows*int(b.NumCols()) >= valuesAtOnce {
		return g.write()
	}
	return nil
}

// write writes the slices held, each column in the order of the slices.
func (g *sideBySide) write() error {
	defer g.release()
	if !g.begun {
		if err := g.form.begin(); err != nil {
			return err
		}
		g.begun = true
	}
	return g.parallel(context.Background(), g.form.width(), func(i int) error {
		for _, p := range g.pieces {
			if err := g.form.write(i, p.Column(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (g *sideBySide) endGroup() error {
	if err := g.write(); err != nil {
		return err
	}
	g.begun = false
	return g.form.end()
}

func (g *sideBySide) release() {
	releaseAll(g.pieces)
	g.pieces = g.pieces[:0]
}

func (g *sideBySide) close() error { return g.form.close() }

// flatGroups writes columns of any types by the library.
type flatGroups struct {
	w       *file.Writer
	props   pqarrow.ArrowWriterProperties
	group   file.BufferedRowGroupWriter
	columns []flatWriter
}

// flatWriter writes one column of a row group.
type flatWriter struct {
	w      file.ColumnChunkWriter
	ctx    context.Context // the library's memory for the column
	levels []int16
}

func (g *flatGroups) width() int { return g.w.NumColumns() }

func (g *flatGroups) begin() (err error) {
	if g.group, err = g.w.AppendBufferedRowGroupChecked(); err != nil {
		return err
	}
	for i := range g.w.NumColumns() {
		if i == len(g.columns) {
			ctx := pqarrow.NewArrowWriteContext(context.Background(), &g.props)
			g.columns = append(g.columns, flatWriter{ctx: ctx, levels: make([]int16, sliceRows)})
		}
		if g.columns[i].w, err = g.group.Column(i); err != nil {
			return err
		}
	}
	return nil
}

func (g *flatGroups) write(column int, a arrow.Array) error {
	f := &g.columns[column]
	levels := f.levels[:a.Len()]
	definitionLevels(levels, a)
	return pqarrow.WriteArrowToColumn(f.ctx, f.w, a, levels, nil, true)
}

func (g *flatGroups) end() error { return g.group.Close() }

func (g *flatGroups) close() error { return g.w.Close() }

// definitionLevels are 1 for values that are there and 0 for nulls.
func definitionLevels(levels []int16, a arrow.Array) {
	if a.NullN() == a.Len() { // of the null type too, which has no bitmap
		clear(levels)
		return
	}
	for i := range levels {
		levels[i] = 1
	}
	if a.NullN() == 0 {
		return
	}
	for i := range levels {
		if a.IsNull(i) {
			levels[i] = 0
		}
	}
}
