package table

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// randomFile is a file that can be read anywhere. Whoever opened it closes it,
// after the source.
type randomFile interface {
	io.ReaderAt
	io.Seeker
}

// parquetSource reads the columns that are wanted of a Parquet file, row group
// by row group.
type parquetSource struct {
	about  func() Info
	in     *watched
	path   string
	mem    memory.Allocator
	o      ReadOptions
	file   *file.Reader
	tree   []parquetField
	fields []Field   // the same, by name and type
	leaves [][]int   // leaf columns of each field
	packed *recycler // memory of pages as they are in the file
	pages  *recycler // memory of decoded pages

	plan    *typedPlan
	groups  int
	group   int             // the row group being read
	rows    int64           // of it
	left    int64           // rows of it not yet cut
	columns []parquetColumn // of the plan
	step    int64           // rows of a block
	turn    int             // counts blocks
}

// parquetColumn reads one column of a row group: its pages are decoded in the
// workers, or, where that cannot be, it is read by the library in order.
type parquetColumn struct {
	flat   flatCursor
	reader recordColumn
}

// newParquet opens a Parquet file. about gives its path.
func newParquet(f randomFile, about func() Info, o ReadOptions) (Source, error) {
	s := &parquetSource{about: about, path: about().Path, o: o, mem: o.Alloc, group: -1}
	if s.mem == nil {
		s.mem = memory.DefaultAllocator
	}
	s.pages, s.packed = newRecycler(s.mem, false), newRecycler(memory.DefaultAllocator, false)
	s.in = &watched{randomFile: f}
	if err := s.guard(func() error { return opening(s.open()) }); err != nil {
		return nil, err
	}
	return s, nil
}

// open reads the footer and checks it against the file.
func (s *parquetSource) open() error {
	if err := checkMagic(s.in, &s.o); err != nil {
		return err
	}
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled = true
	props.BufferSize = 64 << 10
	if s.o.Memory > 0 {
		props.MaxUncompressedPageSize = min(props.MaxUncompressedPageSize, s.o.Memory/shareOfPage)
	}
	var err error
	if s.file, err = file.NewParquetReader(s.in, file.WithReadProps(props)); err != nil {
		return err
	}
	if err := checkFooter(s.file, s.in.size); err != nil {
		return err
	}
	stored, err := storedSchema(s.file.MetaData().KeyValueMetadata())
	if err != nil {
		return err
	}
	if s.tree, err = parquetFields(s.file.MetaData().Schema, stored); err != nil {
		return err
	}
	dropStatistics(s.file.MetaData())
	s.groups = s.file.NumRowGroups()
	if err := s.o.checkColumns(s.file.MetaData().Schema.NumColumns()); err != nil {
		return err
	}
	for i := range s.tree {
		f := &s.tree[i]
		s.fields = append(s.fields, Field{f.Name, f.Type})
		s.leaves = append(s.leaves, f.leaves(nil))
	}
	return nil
}

func (s *parquetSource) Fields() []Field { return s.fields }

func (s *parquetSource) Info() Info { return s.about() }

// Start plans which columns to read and how many rows a block has.
func (s *parquetSource) Start(req Request) error {
	var err error
	if s.plan, err = newTypedPlan(s.fields, req, s.o); err != nil {
		return err
	}
	s.step = s.blockRows()
	return nil
}

// Rows of a block of a typed source. They are a multiple of 32, the rows of a
// panel.
const (
	minBlockRows = 1 << 10
	maxBlockRows = 64 << 10
)

// blockRows is how many rows of the wanted columns take about BlockSize bytes.
func (s *parquetSource) blockRows() int64 {
	var bytes int64
	for _, field := range s.plan.columns {
		for _, leaf := range s.leaves[field] {
			bytes += s.leafBytes(leaf)
		}
	}
	rows := s.file.NumRows()
	if rows == 0 || bytes == 0 {
		return minBlockRows
	}
	return rowsOf(s.o.BlockSize, float64(bytes)/float64(rows))
}

// rowsOf is how many rows of a width in bytes fill a block.
func rowsOf(blockSize int, width float64) int64 {
	if blockSize <= 0 {
		blockSize = DefaultBlockSize
	}
	n := int64(min(float64(blockSize)/max(width, 1), maxBlockRows))
	return max(n&^31, minBlockRows)
}

// leafBytes estimates the decoded size of a leaf column: numbers by their
// width, text by what the pages hold.
func (s *parquetSource) leafBytes(leaf int) int64 {
	meta := s.file.MetaData()
	var pages, values int64
	for i := range s.groups {
		if c, err := meta.RowGroup(i).ColumnChunk(leaf); err == nil {
			pages += max(0, c.TotalUncompressedSize())
			values += max(0, c.NumValues())
		}
	}
	return max(pages, 8*values)
}

// Next cuts the next rows of the current row group.
func (s *parquetSource) Next(b *Block) error {
	b.Release()
	return s.guard(func() error { return s.next(b) })
}

func (s *parquetSource) next(b *Block) error {
	for s.left == 0 {
		if err := s.nextGroup(); err != nil {
			return err
		}
	}
	n, first := min(s.step, s.left), s.rows-s.left
	state := &parquetBlock{first: first, rows: n, turn: s.turn, columns: make([]parquetPart, len(s.columns))}
	b.state, b.source = state, s // before an error may end this: the block is released
	cut := func(i int) error {
		err := guard(func() error { return s.cutColumn(&s.columns[i], &state.columns[i], first, n) })
		if err != nil {
			return fmt.Errorf("column %q of row group %d: %w", s.fields[s.plan.columns[i]].Name, s.group, err)
		}
		return nil
	}
	var slow []int
	for i := range s.columns {
		if s.columns[i].reader != nil {
			slow = append(slow, i)
		} else if err := cut(i); err != nil {
			return err
		}
	}
	parallel := s.o.Parallel
	if parallel == nil || len(slow) < 2 {
		parallel = oneByOne
	}
	err := parallel(context.Background(), len(slow), func(k int) error { return cut(slow[k]) })
	if err != nil {
		return err
	}
	s.left -= n
	s.turn++
	return nil
}

// cutColumn loads a column's pages of n rows, or reads the rows.
func (s *parquetSource) cutColumn(c *parquetColumn, part *parquetPart, first, n int64) (err error) {
	if c.reader != nil {
		part.array, err = readRecords(c.reader, n)
	} else {
		part.pages, err = c.flat.take(first, n)
	}
	return err
}

// readRecords reads the next n rows of a column.
func readRecords(c recordColumn, n int64) (arrow.Array, error) {
	if err := c.load(n); err != nil {
		return nil, err
	}
	a, err := c.take(n)
	if err != nil {
		return nil, err
	}
	if int64(a.Len()) != n {
		a.Release()
		return nil, fmt.Errorf("it holds fewer values than the footer says")
	}
	return a, nil
}

// nextGroup opens the columns of the next row group.
func (s *parquetSource) nextGroup() error {
	s.closeColumns()
	if s.group >= 0 {
		s.file.MetaData().RowGroups[s.group] = nil // done with
	}
	if s.group+1 >= s.groups {
		return io.EOF
	}
	s.group++
	g := s.file.RowGroup(s.group)
	s.rows = g.NumRows()
	for i, field := range s.plan.columns {
		c, err := s.openColumn(g, field, !s.plan.kept(i))
		if err != nil {
			return err
		}
		s.columns = append(s.columns, c)
	}
	s.left = s.rows
	return s.checkGroup()
}

// checkGroup refuses a row group whose pages take too much memory: of each
// column its dictionary is held, and a page or two.
func (s *parquetSource) checkGroup() error {
	var need int64
	for i := range s.columns {
		if c := s.columns[i].flat.chunk; c != nil {
			need += c.held()
		}
	}
	if most := s.o.Memory / shareOfGroup; s.o.Memory > 0 && need > most {
		return &roomError{fmt.Sprintf("row group %d, of whose columns %s are held at once", s.group, megabytes(need)), most}
	}
	return nil
}

// openColumn finds the pages of a field, or opens it for reading in order. Text
// that is only a feature may stay in its dictionary.
func (s *parquetSource) openColumn(g *file.RowGroupReader, field int, coded bool) (c parquetColumn, err error) {
	if f := &s.tree[field]; f.isLeaf() {
		column, ok := flatColumnOf(flatLeafOf(s.file.MetaData().Schema.Column(f.leaf)), f.Type)
		meta, err := g.MetaData().ColumnChunk(f.leaf)
		if err != nil {
			return c, err
		}
		if ok {
			c.flat.chunk = newFlatChunk(column, meta, s.in, s.rows, s.packed, s.pages)
		}
		if c.flat.chunk != nil && coded {
			c.flat.chunk.keepCodes()
		}
		if c.flat.chunk != nil {
			return c, nil
		}
	}
	c.reader, err = openRecords(&s.tree[field], g, s.file, s.mem)
	return c, err
}

func (s *parquetSource) closeColumns() {
	for i := range s.columns {
		if c := &s.columns[i]; c.reader != nil {
			c.reader.release()
		} else {
			c.flat.close()
		}
	}
	s.columns = s.columns[:0]
}

// decode decodes a block's pages and converts what they hold.
func (s *parquetSource) decode(b *Block, r *Rows) error {
	return s.guard(func() error {
		state, scratch := b.state.(*parquetBlock), typedScratchOf(r)
		if err := s.decodePages(state, &scratch.pages); err != nil {
			return err
		}
		columns, err := s.arrays(state)
		if err != nil {
			return err
		}
		defer releaseArrays(columns)
		return s.plan.decode(columns, int(state.rows), s.tables(state, columns), r)
	})
}

func (s *parquetSource) Close() error {
	defer s.pages.close()
	return s.guard(func() error { s.closeColumns(); return nil })
}

// guard runs f and says of its error whether the file or the disk is at fault.
func (s *parquetSource) guard(f func() error) error {
	return s.in.judge(s.path, guard(f))
}
