package table

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/klauspost/compress/s2"
)

// plainColumn makes the pages of one column of a row group: PLAIN values, each
// page compressed by snappy as soon as it is full.
type plainColumn struct {
	column flatColumn
	extent extent // of the row group

	// The page: levelRoom bytes and then the values that are there.
	page  []byte
	valid []byte // a bit a row
	rows  int
	nulls int

	// The row group: its pages with their headers, and what they hold.
	packed []byte
	plain  int64 // bytes of packed before compression
	pages  int32
	values int64 // nulls counted too
	absent int64

	spread []byte // a page with nulls, put together
}

// levelRoom is enough for the levels of a page without nulls.
const levelRoom = 8

// pageRows is how many rows a page has at most.
const pageRows = 64 << 10

// newPlainColumn returns nil for columns that are not written as they are.
func newPlainColumn(t arrow.DataType, s *schema.Column) *plainColumn {
	c, ok := flatColumnOf(flatLeafOf(s), t)
	if !ok || !c.asStored() && c.physical != parquet.Types.ByteArray {
		return nil
	}
	return &plainColumn{column: c, extent: newExtent(t), page: make([]byte, levelRoom, minRecycled)}
}

// write adds an array's rows, ending pages where they are full.
func (c *plainColumn) write(a arrow.Array) {
	for first := 0; first < a.Len(); {
		n := min(a.Len()-first, pageRows-c.rows)
		if c.column.width > 0 {
			n = min(n, 1+(pageBytes-1)/c.column.width)
			c.addNumbers(a, first, n)
		} else {
			n = c.addTexts(a, first, n)
		}
		first += n
		if len(c.page)-levelRoom >= pageBytes || c.rows == pageRows {
			c.flush()
		}
	}
}

// addNumbers adds rows first … first+n-1 to the page.
func (c *plainColumn) addNumbers(a arrow.Array, first, n int) {
	width, from := c.column.width, len(c.page)
	at := (a.Data().Offset() + first) * width
	values := a.Data().Buffers()[1].Bytes()[at : at+n*width]
	if c.mark(a, first, n) == 0 {
		c.page = append(c.page, values...)
	} else {
		for i := range n {
			if a.IsValid(first + i) {
				c.page = append(c.page, values[i*width:(i+1)*width]...)
			}
		}
	}
	c.extent.numbers(c.page[from:])
}

// addTexts adds up to n rows to the page, as many as fill it.
func (c *plainColumn) addTexts(a arrow.Array, first, n int) int {
	text := a.(interface {
		ValueOffset(i int) int
		ValueLen(i int) int
	})
	all := a.Data().Buffers()[2].Bytes()
	i := 0
	for ; i < n && len(c.page)-levelRoom < pageBytes; i++ {
		if a.IsNull(first + i) {
			continue
		}
		at := text.ValueOffset(first + i)
		v := all[at : at+text.ValueLen(first+i)]
		c.page = binary.LittleEndian.AppendUint32(c.page, uint32(len(v)))
		c.page = append(c.page, v...)
		c.extent.text(v)
	}
	c.mark(a, first, i)
	return i
}

// mark counts n rows and notes which are there; it returns how many are not.
func (c *plainColumn) mark(a arrow.Array, first, n int) (nulls int) {
	c.valid = append(c.valid, make([]byte, int(bitutil.BytesForBits(int64(c.rows+n)))-len(c.valid))...)
	if a.NullN() == 0 {
		bitutil.SetBitsTo(c.valid, int64(c.rows), int64(n), true)
	} else {
		at := a.Data().Offset() + first
		bitmap := a.NullBitmapBytes()
		nulls = n - bitutil.CountSetBits(bitmap, at, n)
		bitutil.CopyBitmap(bitmap, at, n, c.valid, c.rows)
	}
	c.rows += n
	c.nulls += nulls
	return nulls
}

// flush ends the page.
func (c *plainColumn) flush() {
	if c.rows == 0 {
		return
	}
	page := c.whole()
	const headerRoom = 64
	start := len(c.packed)
	c.packed = slices.Grow(c.packed, headerRoom+s2.MaxEncodedLen(len(page)))
	body := s2.EncodeSnappy(c.packed[start+headerRoom:cap(c.packed)], page)
	c.packed = appendPageHeader(c.packed, c.rows, len(page), body)
	c.plain += int64(len(c.packed) - start + len(page))
	c.packed = append(c.packed, body...) // it moves up
	c.pages++
	c.values += int64(c.rows)
	c.absent += int64(c.nulls)
	c.page, c.valid, c.rows, c.nulls = c.page[:levelRoom], c.valid[:0], 0, 0
}

// whole is the page with its definition levels (Encodings.md, RLE), 1 for rows
// that are there and 0 for nulls: one run, or the bitmap as it is.
func (c *plainColumn) whole() []byte {
	if !c.column.nullable {
		return c.page[levelRoom:]
	}
	var levels []byte
	if c.nulls == 0 {
		levels = append(binary.AppendUvarint(levels, uint64(c.rows)<<1), 1)
		start := levelRoom - 4 - len(levels)
		binary.LittleEndian.PutUint32(c.page[start:], uint32(len(levels)))
		copy(c.page[start+4:], levels)
		return c.page[start:]
	}
	levels = binary.AppendUvarint(levels, uint64(len(c.valid))<<1|1)
	c.spread = binary.LittleEndian.AppendUint32(c.spread[:0], uint32(len(levels)+len(c.valid)))
	c.spread = append(append(c.spread, levels...), c.valid...)
	c.spread = append(c.spread, c.page[levelRoom:]...)
	return c.spread
}

// reset begins a row group.
func (c *plainColumn) reset() {
	c.packed, c.plain, c.pages, c.values, c.absent = c.packed[:0], 0, 0, 0, 0
	c.extent.reset()
}

// statistics are of the row group.
func (c *plainColumn) statistics() metadata.EncodedStatistics {
	s := metadata.EncodedStatistics{HasNullCount: true, NullCount: c.absent, Signed: true}
	if low, high, ok := c.extent.ends(); ok {
		s.Min, s.Max, s.HasMin, s.HasMax = low, high, low != nil, high != nil
	}
	return s
}

// appendPageHeader writes the struct PageHeader (parquet.thrift) of a data page
// of the first version in Thrift's compact protocol.
func appendPageHeader(b []byte, rows, plain int, body []byte) []byte {
	const field = 1<<4 | thriftI32 // the next field, an i32
	for _, v := range []int{pageData, plain, len(body), int(int32(crc32.ChecksumIEEE(body)))} {
		b = binary.AppendVarint(append(b, field), int64(v))
	}
	b = append(b, 1<<4|thriftStruct)
	for _, v := range []int{rows, encodingPlain, encodingRLE, encodingRLE} {
		b = binary.AppendVarint(append(b, field), int64(v))
	}
	return append(b, 0, 0) // ends of both structs
}
