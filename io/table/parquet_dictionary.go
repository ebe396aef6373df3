package table

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
)

// dictionaryValues are the values of a chunk's dictionary page: one of the
// lists, by their width, or an array where codes are kept.
type dictionaryValues struct {
	words []uint32 // 4 bytes
	longs []uint64 // 8 bytes
	texts [][]byte // of any length
	bytes []byte   // what the lists show

	numbers []uint32    // 0, 1, 2, …
	array   arrow.Array // the texts
}

func (d *dictionaryValues) release(mem memory.Allocator) {
	if d.bytes != nil {
		mem.Free(d.bytes)
	}
	if d.array != nil {
		d.array.Release()
	}
	*d = dictionaryValues{}
}

// dictionary decodes the dictionary page, once for all workers.
func (c *flatChunk) dictionary(s *pageScratch) (*dictionaryValues, error) {
	c.dictOnce.Do(func() {
		c.dictErr = guard(func() error {
			s.plain = sized(s.plain, int(c.dictPage.header.plain))
			b, err := c.body(c.dictPage, s.plain)
			if err == nil {
				err = c.readDictionary(b, int(c.dictPage.header.values))
			}
			return err
		})
		c.dictPage.unload()
	})
	return &c.dict, c.dictErr
}

// readDictionary reads the n values of a dictionary page.
func (c *flatChunk) readDictionary(b []byte, n int) (err error) {
	d, width := &c.dict, c.column.width
	least := width
	if width == 0 {
		least = 4 // a length
	}
	if len(b) < n*least {
		return errShortPage
	}
	d.bytes = c.mem.Allocate(len(b) + 1) // never nothing
	copy(d.bytes, b)
	switch {
	case width == 4:
		d.words = numbersOf[uint32](d.bytes[:4*n])
	case width == 8:
		d.longs = numbersOf[uint64](d.bytes[:8*n])
	case width > 0:
		for i := range n {
			d.texts = append(d.texts, d.bytes[i*width:(i+1)*width])
		}
	default:
		d.texts = make([][]byte, n)
		if err = plainTexts(d.texts, d.bytes[:len(b)]); err == nil && c.codes {
			err = c.dictionaryArray()
		}
	}
	return err
}

// dictionaryArray makes an array of the dictionary's texts.
func (c *flatChunk) dictionaryArray() error {
	buffers, err := c.joined(c.dict.texts)
	if err != nil {
		return err
	}
	defer memory.ReleaseBuffers(buffers)
	n := len(c.dict.texts)
	data := array.NewData(c.column.dtype, n, append([]*memory.Buffer{nil}, buffers...), nil, 0, 0)
	defer data.Release()
	c.dict.array = array.MakeFromData(data)
	c.dict.numbers = make([]uint32, n)
	for i := range c.dict.numbers {
		c.dict.numbers[i] = uint32(i)
	}
	return nil
}

// coded makes an array of indices into the dictionary.
func (c *flatChunk) coded(b []byte, n, present int, validity *memory.Buffer, s *pageScratch) (arrow.Array, error) {
	buf := c.buffer(4 * n)
	defer buf.Release()
	dst := numbersOf[uint32](buf.Bytes())
	if err := lookUp(dst[:present], c.dict.numbers, b); err != nil {
		return nil, err
	}
	if present < n {
		spread(dst, s.bits, present)
	}
	t := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: c.column.dtype}
	data := array.NewDataWithDictionary(t, n, []*memory.Buffer{validity, buf}, n-present, 0, c.dict.array.Data().(*array.Data))
	defer data.Release()
	return array.MakeFromData(data), nil
}

// keepCodes leaves text in its dictionary, if all pages use it.
func (c *flatChunk) keepCodes() {
	if c.column.physical != parquet.Types.ByteArray {
		return
	}
	for _, p := range c.pages {
		if p.header.encoding == encodingPlain {
			return
		}
	}
	c.codes = true
}

// table is the dictionary as a feature reads it; read makes it the first time.
func (c *flatChunk) table(feature int, read func() *wordTable) *wordTable {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tables == nil {
		c.tables = map[int]*wordTable{}
	}
	if c.tables[feature] == nil {
		c.tables[feature] = read()
	}
	return c.tables[feature]
}
