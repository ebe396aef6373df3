package pipeline

import (
	"context"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"yhat/io/table"
	"yhat/nn"
	"yhat/pipeline/flow"
)

// Inspection is a look at every row of one table.
type Inspection struct {
	Source  table.Source
	Missing []string // cells that stand for no value
	Workers int
	Profile bool // make the profile of every column as well
	// Progress, when not nil, is told after each block.
	Progress func(Progress)
}

// TableSummary is what inspect tells about a table. Smallest and largest
// values are somebody's cells: showing them is for the caller to decide.
type TableSummary struct {
	Info    table.Info // as the table was opened
	Rows    int64
	Bad     int64 // rows that are no records of the table
	Columns []ColumnSummary
	Profile *nn.Profiles // where asked for
}

// ColumnSummary is one column: its type in the file, or what its cells look
// like; how many are missing; the range of those that have an order.
type ColumnSummary struct {
	Name     string
	Type     string
	Missing  int64
	Min, Max string // "" where there are none
}

// InspectTable reads a table from end to end. Its memory is bounded by the
// workers and their blocks. Errors are table's kinds.
func InspectTable(ctx context.Context, in Inspection) (*TableSummary, error) {
	look := &look{in: in, missing: map[string]bool{}, info: in.Source.Info()}
	for _, token := range in.Missing {
		look.missing[token] = true
	}
	if err := look.start(); err != nil {
		in.Source.Close()
		return nil, err
	}
	tickets := make([]*glance, in.Workers+2)
	for i := range tickets {
		tickets[i] = &glance{}
	}
	err := flow.Map(ctx, in.Workers, tickets, flow.Steps[glance]{Fill: look.cut, Work: look.work, Drain: look.take,
		Stop: func() { in.Source.Close() }})
	for _, g := range tickets {
		g.block.Release()
		g.rows.Reset()
	}
	if err != nil {
		return nil, err
	}
	return look.summary()
}

// look is an inspection under way.
type look struct {
	in      Inspection
	missing map[string]bool
	columns []columnLook
	rows    int64
	bad     int64
	// profiles are those of each worker's columns; nil where not asked for.
	profiles [][]columnCounts
	info     table.Info
}

// glance is one block on its way round.
type glance struct {
	block   table.Block
	rows    table.Rows
	columns []columnLook
	read    int64
}

// start asks for every column as it is, text as text.
func (l *look) start() error {
	var want table.Request
	want.PadRagged = true
	for i, f := range l.in.Source.Fields() {
		keep := table.KeepRequest{Column: i, Type: f.Type}
		if keep.Type == nil {
			keep.Type = arrow.BinaryTypes.String
		}
		want.Keep = append(want.Keep, keep)
	}
	l.columns = make([]columnLook, len(want.Keep))
	if l.in.Profile {
		l.profiles = newColumnCounts(l.in.Workers, len(want.Keep))
	}
	return l.in.Source.Start(want)
}

func (l *look) cut(g *glance) error {
	g.block.Release()
	err := l.in.Source.Next(&g.block)
	g.read = l.in.Source.Info().Bytes
	return err
}

// work decodes a block and looks at its columns.
func (l *look) work(worker int, g *glance) error {
	if err := g.block.Decode(&g.rows); err != nil {
		return err
	}
	rows := g.rows.N
	g.columns = append(g.columns[:0], make([]columnLook, len(l.columns))...)
	fields := l.in.Source.Fields()
	for i, column := range g.rows.Kept {
		// In a typed file nothing but null is missing, and text is text.
		if fields[i].Type != nil {
			g.columns[i].lookTyped(column, rows)
		} else {
			g.columns[i].lookText(column, rows, l.missing)
		}
		if l.profiles != nil {
			l.profiles[worker][i].look(column, rows, fields[i].Type != nil, l.missing)
		}
	}
	return nil
}

// take adds a block's columns to the table's, in order.
func (l *look) take(g *glance) error {
	for i := range g.columns {
		l.columns[i].merge(&g.columns[i])
	}
	l.rows += int64(g.rows.N)
	l.bad += badRecords(g.rows.Bad)
	if l.in.Progress != nil {
		l.in.Progress(Progress{Rows: l.rows, Bytes: g.read})
	}
	return nil
}

// badRecords counts the rows with something wrong.
func badRecords(bad []table.Bad) int64 {
	var n int64
	last := int32(-1)
	for _, b := range bad {
		if b.Row != last {
			n, last = n+1, b.Row
		}
	}
	return n
}

// summary tells what was seen.
func (l *look) summary() (*TableSummary, error) {
	s := &TableSummary{Info: l.info, Rows: l.rows, Bad: l.bad}
	for i, f := range l.in.Source.Fields() {
		c := &l.columns[i]
		column := ColumnSummary{f.Name, c.kinds.name(), c.missing, c.low.text, c.high.text}
		switch {
		case f.Type != nil:
			column.Type = f.Type.String()
		case column.Type == "text": // of which some cells only have an order
			column.Min, column.Max = "", ""
		}
		s.Columns = append(s.Columns, column)
	}
	var err error
	if l.profiles != nil {
		s.Profile, err = l.profile()
	}
	return s, err
}

// columnLook is what was seen of one column.
type columnLook struct {
	missing   int64
	kinds     kinds
	low, high extreme
}

// extreme is a value with its place in the order; an empty text is none.
type extreme struct {
	order float64
	text  string
}

// merge adds what was seen of later rows.
func (c *columnLook) merge(next *columnLook) {
	c.missing += next.missing
	c.kinds |= next.kinds
	c.widen(next.low)
	c.widen(next.high)
}

// widen takes a value into the range.
func (c *columnLook) widen(v extreme) {
	if v.text == "" {
		return
	}
	if c.low.text == "" || v.order < c.low.order {
		c.low = v
	}
	if c.high.text == "" || v.order > c.high.order {
		c.high = v
	}
}

// cell looks at a cell of text. Only numbers, dates and times have a range.
func (c *columnLook) cell(text string, null bool, missing map[string]bool) {
	trimmed := strings.TrimSpace(text)
	if null || missing[trimmed] {
		c.missing++
		return
	}
	kind, order := kindOf(trimmed)
	c.kinds |= kind
	if kind&ranged != 0 && (c.low.text == "" || order < c.low.order || order > c.high.order) {
		c.widen(extreme{order, strings.Clone(trimmed)})
	}
}

// lookText goes through the cells of a block.
func (c *columnLook) lookText(column arrow.Array, rows int, missing map[string]bool) {
	text := column.(interface{ Value(int) string })
	for i := range rows {
		c.cell(text.Value(i), column.IsNull(i), missing)
	}
}

// lookTyped goes through the values of a block. NaN is a missing number.
func (c *columnLook) lookTyped(column arrow.Array, rows int) {
	c.missing += int64(column.NullN())
	order := orderOf(column)
	if order == nil {
		return
	}
	for i := range rows {
		if column.IsNull(i) {
			continue
		}
		if v := order(i); v != v {
			c.missing++
		} else if c.low.text == "" || v < c.low.order || v > c.high.order {
			c.widen(extreme{v, column.ValueStr(i)})
		}
	}
}
