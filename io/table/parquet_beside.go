package table

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet/file"
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

// anyGroups writes columns of any types by the library.
type anyGroups struct {
	w       *file.Writer
	fields  []arrow.Field
	group   file.BufferedRowGroupWriter
	columns []anyColumn
}

// anyColumn writes one column of a row group, which may be several in the file.
type anyColumn struct {
	writers []file.ColumnChunkWriter
	leaves  []shredded
}

func newAnyGroups(w *file.Writer, s *arrow.Schema) *anyGroups {
	g := &anyGroups{w: w, fields: s.Fields(), columns: make([]anyColumn, s.NumFields())}
	for i, f := range g.fields {
		n := leafCount(f.Type)
		g.columns[i] = anyColumn{make([]file.ColumnChunkWriter, n), make([]shredded, n)}
	}
	return g
}

func (g *anyGroups) width() int { return len(g.columns) }

func (g *anyGroups) begin() (err error) {
	if g.group, err = g.w.AppendBufferedRowGroupChecked(); err != nil {
		return err
	}
	leaf := 0
	for _, c := range g.columns {
		for i := range c.writers {
			if c.writers[i], err = g.group.Column(leaf); err != nil {
				return err
			}
			leaf++
		}
	}
	return nil
}

func (g *anyGroups) write(column int, a arrow.Array) error {
	c := &g.columns[column]
	shred(c.leaves, a, g.fields[column].Nullable)
	for i, w := range c.writers {
		if err := writeValues(w, &c.leaves[i]); err != nil {
			return err
		}
		c.leaves[i].values = nil
	}
	return nil
}

func (g *anyGroups) end() error { return g.group.Close() }

func (g *anyGroups) close() error { return g.w.Close() }
