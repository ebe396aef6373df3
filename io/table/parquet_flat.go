package table

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// flatLeaf is how the file describes a leaf column.
type flatLeaf struct {
	physical      parquet.Type
	length        int // of fixed-length values
	maxDefinition int16
	maxRepetition int16
	logical       schema.LogicalType
}

func flatLeafOf(c *schema.Column) flatLeaf {
	return flatLeaf{c.PhysicalType(), c.TypeLength(), c.MaxDefinitionLevel(), c.MaxRepetitionLevel(), c.LogicalType()}
}

// sameUnit reports whether the file counts time in the unit of an Arrow type.
func (l *flatLeaf) sameUnit(t arrow.DataType) bool {
	stored, ok := l.logical.(interface{ TimeUnit() schema.TimeUnitType })
	if !ok {
		return false
	}
	var unit arrow.TimeUnit
	switch t := t.(type) {
	case *arrow.TimestampType:
		unit = t.Unit
	case *arrow.Time64Type:
		unit = t.Unit
	case *arrow.Time32Type:
		unit = t.Unit
	}
	counted, known := timeUnit(stored.TimeUnit())
	return known && counted == unit
}

// parquetBlock is what a block of a Parquet file is decoded from.
type parquetBlock struct {
	first, rows int64 // of the row group
	turn        int   // where a worker starts, so that several share the pages
	columns     []parquetPart
}

// tables are the dictionaries of the chunks whose codes were kept, read once
// for each feature and chunk.
func (s *parquetSource) tables(b *parquetBlock, columns []arrow.Array) []*wordTable {
	tables := make([]*wordTable, len(s.plan.features))
	for i, f := range s.plan.features {
		part := &b.columns[f.column]
		if len(part.pages) > 0 && part.pages[0].chunk.codes {
			d := featureDecoder{words: s.plan.words, dict: f.dict}
			tables[i] = part.pages[0].chunk.table(i, func() *wordTable {
				return d.newWordTable(columns[f.column].(*array.Dictionary).Dictionary())
			})
		}
	}
	return tables
}

// parquetPart is one column of a block: pages to decode, or an array that the
// cutting side decoded.
type parquetPart struct {
	pages []*flatPage
	array arrow.Array
}

// release lets go of the pages and arrays.
func (b *parquetBlock) release() {
	for _, c := range b.columns {
		for _, p := range c.pages {
			p.drop()
		}
		if c.array != nil {
			c.array.Release()
		}
	}
	b.columns = nil
}

// decodePages decodes the pages of the block that nobody else has begun, then
// waits for those that others have.
func (s *parquetSource) decodePages(b *parquetBlock, scratch *pageScratch) error {
	n := len(b.columns)
	for k := range n {
		for _, p := range b.columns[(b.turn+k)%n].pages {
			if p.claimed.CompareAndSwap(false, true) {
				p.run(scratch)
			}
		}
	}
	for i, c := range b.columns {
		for _, p := range c.pages {
			if <-p.done; p.err != nil {
				return fmt.Errorf("column %q: %w", s.fields[s.plan.columns[i]].Name, p.err)
			}
		}
	}
	return nil
}

// run decodes a page for all who need it.
func (p *flatPage) run(scratch *pageScratch) {
	defer close(p.done)
	p.err = guard(func() (err error) {
		p.values, err = p.decode(scratch)
		return err
	})
	p.unload()
}

// arrays puts the block's columns together out of their pages.
func (s *parquetSource) arrays(b *parquetBlock) ([]arrow.Array, error) {
	columns := make([]arrow.Array, 0, len(b.columns))
	for _, c := range b.columns {
		a := c.array
		if a != nil {
			a.Retain()
		} else {
			var err error
			if a, err = s.joinPages(c.pages, b); err != nil {
				releaseArrays(columns)
				return nil, err
			}
		}
		columns = append(columns, a)
	}
	return columns, nil
}

// joinPages is the block's share of the pages. Only where it straddles pages
// are values copied.
func (s *parquetSource) joinPages(pages []*flatPage, b *parquetBlock) (arrow.Array, error) {
	parts := make([]arrow.Array, len(pages))
	for i, p := range pages {
		from, to := max(b.first, p.first), min(b.first+b.rows, p.first+p.rows)
		parts[i] = array.NewSlice(p.values, from-p.first, to-p.first)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	defer releaseArrays(parts)
	return array.Concatenate(parts, s.pages)
}

func releaseArrays(list []arrow.Array) {
	for _, a := range list {
		a.Release()
	}
}

// flatCursor is where the cutting side stands in a flat column.
type flatCursor struct {
	chunk *flatChunk
	page  int
}

// take loads the pages of n rows from first on.
func (c *flatCursor) take(first, n int64) ([]*flatPage, error) {
	var taken []*flatPage
	for c.page < len(c.chunk.pages) {
		p := c.chunk.pages[c.page]
		if p.header.encoding != encodingPlain {
			if err := c.chunk.dictPage.load(); err != nil {
				return taken, err
			}
		}
		if err := p.load(); err != nil {
			return taken, err
		}
		p.users.Add(1)
		taken = append(taken, p)
		if p.first+p.rows > first+n {
			break
		}
		p.drop()
		c.page++
		if p.first+p.rows == first+n {
			break
		}
	}
	return taken, nil
}

// close gives up what the cutting side still holds.
func (c *flatCursor) close() {
	for ; c.page < len(c.chunk.pages); c.page++ {
		c.chunk.pages[c.page].drop()
	}
}

// pageScratch is a worker's memory for decoding pages.
type pageScratch struct {
	plain  []byte
	bitmap []byte
	bits   []byte // of bitmap: which rows have a value; nil: all
	words  []uint32
	texts  [][]byte
}
