package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"yhat/io/table"
	"yhat/nn"
)

// columnCounts is what a profile of a table's column is made of: its cells as
// numbers and as words, until it is known which they are.
type columnCounts struct {
	numbers sketch
	words   *wordCounts
	missing int64
}

// newColumnCounts makes those of each worker's columns.
func newColumnCounts(workers, columns int) [][]columnCounts {
	all := make([][]columnCounts, workers)
	for w := range all {
		all[w] = make([]columnCounts, columns)
		for i := range all[w] {
			all[w][i].words = newWordCounts()
		}
	}
	return all
}

// look goes through the cells of a block. In a typed table nothing but null
// and NaN is missing.
func (c *columnCounts) look(column arrow.Array, rows int, typed bool, missing map[string]bool) {
	order := numberOf(column)
	for i := range rows {
		switch {
		case column.IsNull(i):
			c.missing++
		case order != nil:
			if v := order(i); v != v {
				c.missing++
			} else {
				c.numbers.add(v)
			}
		default:
			c.text(strings.TrimSpace(cellText(column, i)), typed, missing)
		}
	}
}

// text takes in a cell of text.
func (c *columnCounts) text(cell string, typed bool, missing map[string]bool) {
	if !typed && missing[cell] {
		c.missing++
		return
	}
	if !typed {
		if kind, v := kindOf(cell); kind&^(integerKind|numberKind) == 0 {
			c.numbers.add(v)
		}
	}
	c.words.add(cell, 1)
}

// numberOf gives the numbers of a typed column; nil where it has none, but
// dates, words or truths.
func numberOf(column arrow.Array) func(int) float64 {
	switch column.DataType().ID() {
	case arrow.DATE32, arrow.DATE64, arrow.TIMESTAMP:
		return nil
	}
	return orderOf(column)
}

// cellText is the text of a cell.
func cellText(column arrow.Array, i int) string {
	if words, ok := column.(interface{ Value(int) string }); ok {
		return words.Value(i)
	}
	return column.ValueStr(i)
}

// merge adds what another worker counted.
func (c *columnCounts) merge(o *columnCounts) {
	c.numbers.merge(&o.numbers)
	c.words.merge(o.words)
	c.missing += o.missing
}

// profile makes the profiles of the columns, each of numbers if all its cells
// are.
func (l *look) profile() (*nn.Profiles, error) {
	if l.rows < fewest {
		return nil, fmt.Errorf("%w: %s: a profile wants at least %d rows, of fewer it is nearly somebody's cells", table.ErrData, l.info.Path, fewest)
	}
	p := &nn.Profiles{Rows: l.rows}
	names := fieldNames(l.in.Source.Fields())
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("%w: %s: two columns are named %s; rename one of them", table.ErrData, l.info.Path, quote(name))
		}
		c := &l.profiles[0][i]
		for _, other := range l.profiles[1:] {
			c.merge(&other[i])
		}
		p.Features = append(p.Features, nn.NamedProfile{Name: name, Profile: c.profile(l.columns[i].kinds)})
	}
	return p, nil
}

// profile is one of numbers if all cells are.
func (c *columnCounts) profile(kinds kinds) nn.Profile {
	if c.numbers.total > 0 && kinds&^(integerKind|numberKind) == 0 {
		return c.numbers.profile(c.missing)
	}
	return c.words.profile(c.missing)
}
