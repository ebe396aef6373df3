package table

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
)

// bytesOf shows numbers as the bytes they are made of.
func bytesOf[T uint16 | uint32 | uint64](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), len(v)*int(unsafe.Sizeof(v[0])))
}

// numbersOf shows an Arrow buffer, which is aligned, as numbers.
func numbersOf[T uint16 | uint32 | uint64](b []byte) []T {
	var x T
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), len(b)/int(unsafe.Sizeof(x)))
}

// plainTexts reads texts, each behind its length.
func plainTexts(dst [][]byte, b []byte) error {
	for i := range dst {
		if len(b) < 4 {
			return errShortPage
		}
		n := uint64(binary.LittleEndian.Uint32(b))
		if uint64(len(b)-4) < n {
			return errShortPage
		}
		dst[i], b = b[4:4+n], b[4+n:]
	}
	return nil
}

// decode makes an array of a page's rows.
func (p *flatPage) decode(s *pageScratch) (arrow.Array, error) {
	c := p.chunk
	var dict *dictionaryValues
	if p.header.encoding != encodingPlain {
		var err error
		if dict, err = c.dictionary(s); err != nil {
			return nil, err
		}
	}
	room, own := p.room(s)
	if own != nil {
		defer own.Release()
	}
	b, err := c.body(p, room)
	if err != nil {
		return nil, err
	}
	n := int(p.rows)
	s.bits = nil
	present := n
	if c.column.nullable {
		levels, values, err := p.split(b)
		if err != nil {
			return nil, err
		}
		b = values
		nulls, err := definitions(levels, n, func() []byte {
			s.bitmap = sized(s.bitmap, int(bitutil.BytesForBits(int64(n))))
			clear(s.bitmap)
			s.bits = s.bitmap
			return s.bits
		})
		if err != nil {
			return nil, err
		}
		present = n - nulls
	} else if p.header.kind == pageDataV2 {
		b = b[p.header.levelBytes:]
	}
	if size := n * c.column.width; own != nil && present == n && len(b) >= size && aligned(b) {
		values := memory.SliceBuffer(own, len(own.Bytes())-cap(b), size)
		defer values.Release()
		return c.made(n, 0, nil, values), nil
	}
	return c.array(b, n, present, dict, s)
}

// room is memory to decompress a page into: a worker's, used again for its next
// page, or, where the values need no more work, that of the array to be, begun
// so that they are aligned if all are there. nil where nothing is to be done.
func (p *flatPage) room(s *pageScratch) (room []byte, own *memory.Buffer) {
	h, c := &p.header, p.chunk
	switch {
	case !c.compressed(h):
		return nil, nil
	case h.encoding != encodingPlain || !c.column.asStored():
		s.plain = sized(s.plain, int(h.plain))
		return s.plain, nil
	}
	levels := int(h.levelBytes)
	if h.kind == pageData && c.column.nullable {
		levels = 4 + uvarintSize(uint64(p.rows)<<1) + 1 // a length, and one run
	}
	skip := -levels & 7
	own = c.buffer(skip + int(h.plain))
	return own.Bytes()[skip:], own
}

// uvarintSize is how many bytes a number takes as a varint.
func uvarintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// aligned reports whether b begins where a number of eight bytes may stand.
func aligned(b []byte) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))&7 == 0
}

// split parts a page's definition levels from its values.
func (p *flatPage) split(b []byte) (levels, values []byte, err error) {
	n := p.header.levelBytes
	if p.header.kind == pageData {
		if len(b) < 4 {
			return nil, nil, errShortPage
		}
		n = int64(binary.LittleEndian.Uint32(b))
		b = b[4:]
	}
	if n > int64(len(b)) {
		return nil, nil, errShortPage
	}
	return b[:n], b[n:], nil
}

// array makes an array of n rows, of which present have a value in b; which
// ones say the bits of the scratch.
func (c *flatChunk) array(b []byte, n, present int, dict *dictionaryValues, s *pageScratch) (arrow.Array, error) {
	var validity *memory.Buffer
	if present < n {
		validity = c.buffer(len(s.bits))
		copy(validity.Bytes(), s.bits)
		defer validity.Release()
	}
	var values []*memory.Buffer
	var err error
	switch {
	case c.codes:
		return c.coded(b, n, present, validity, s)
	case c.column.physical == parquet.Types.Boolean:
		values, err = c.booleans(b, n, present, s)
	case c.column.width == 4:
		values, err = c.words(b, n, present, dict, s)
	case c.column.width == 8:
		var dst []uint64
		buf := c.buffer(8 * n)
		values = []*memory.Buffer{buf}
		dst = numbersOf[uint64](buf.Bytes())
		if dict != nil {
			err = lookUp(dst[:present], dict.longs, b)
		} else {
			err = plainNumbers(buf.Bytes()[:8*present], b)
		}
		if present < n {
			spread(dst, s.bits, present)
		}
	default:
		values, err = c.textArrays(b, n, present, dict, s)
	}
	for _, v := range values {
		defer v.Release()
	}
	if err != nil {
		return nil, err
	}
	return c.made(n, n-present, validity, values...), nil
}

// made is an array of the column's type.
func (c *flatChunk) made(n, nulls int, validity *memory.Buffer, values ...*memory.Buffer) arrow.Array {
	data := array.NewData(c.column.dtype, n, append([]*memory.Buffer{validity}, values...), nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

func (c *flatChunk) buffer(size int) *memory.Buffer {
	buf := memory.NewResizableBuffer(c.mem)
	buf.Resize(size)
	return buf
}

// plainNumbers copies values that stand one behind the other.
func plainNumbers(dst, b []byte) error {
	if len(b) < len(dst) {
		return errShortPage
	}
	copy(dst, b)
	return nil
}

// booleans spreads bits to where the rows that have a value are.
func (c *flatChunk) booleans(b []byte, n, present int, s *pageScratch) ([]*memory.Buffer, error) {
	if len(b) < (present+7)/8 {
		return nil, errShortPage
	}
	buf := c.buffer(int(bitutil.BytesForBits(int64(n))))
	dst := buf.Bytes()
	clear(dst)
	if present == n {
		bitutil.CopyBitmap(b, 0, n, dst, 0)
		return []*memory.Buffer{buf}, nil
	}
	for i, from := 0, 0; i < n; i++ {
		if bitutil.BitIsSet(s.bits, i) {
			bitutil.SetBitTo(dst, i, bitutil.BitIsSet(b, from))
			from++
		}
	}
	return []*memory.Buffer{buf}, nil
}

// words reads values of four bytes, which Arrow may hold in fewer.
func (c *flatChunk) words(b []byte, n, present int, dict *dictionaryValues, s *pageScratch) ([]*memory.Buffer, error) {
	width := c.column.dtype.(arrow.FixedWidthDataType).BitWidth() / 8
	buf := c.buffer(width * n)
	out := []*memory.Buffer{buf}
	dst := numbersOf[uint32](buf.Bytes())
	if width < 4 {
		s.words = sized(s.words, n)
		dst = s.words
	}
	var err error
	if dict != nil {
		err = lookUp(dst[:present], dict.words, b)
	} else {
		err = plainNumbers(bytesOf(dst[:present]), b)
	}
	if err != nil {
		return out, err
	}
	if present < n {
		spread(dst, s.bits, present)
	}
	switch width {
	case 1:
		for i, x := range dst {
			buf.Bytes()[i] = byte(x)
		}
	case 2:
		narrow := numbersOf[uint16](buf.Bytes())
		for i, x := range dst {
			narrow[i] = uint16(x)
		}
	}
	return out, nil
}

// textArrays reads texts of varying or fixed length.
func (c *flatChunk) textArrays(b []byte, n, present int, dict *dictionaryValues, s *pageScratch) ([]*memory.Buffer, error) {
	s.texts = sized(s.texts, n)
	texts := s.texts
	defer clear(texts)
	var err error
	switch {
	case dict != nil:
		err = lookUp(texts[:present], dict.texts, b)
	case c.column.width == 0:
		err = plainTexts(texts[:present], b)
	case len(b) < present*c.column.width:
		err = errShortPage
	default:
		for i := range present {
			texts[i] = b[i*c.column.width : (i+1)*c.column.width]
		}
	}
	if err != nil {
		return nil, err
	}
	if present < n {
		spread(texts, s.bits, present)
	}
	if c.column.width > 0 {
		buf := c.buffer(n * c.column.width)
		dst := buf.Bytes()
		for i, t := range texts {
			if t == nil {
				clear(dst[i*c.column.width : (i+1)*c.column.width])
				continue
			}
			copy(dst[i*c.column.width:], t)
		}
		return []*memory.Buffer{buf}, nil
	}
	return c.joined(texts)
}

// joined makes the buffers of a text array.
func (c *flatChunk) joined(texts [][]byte) ([]*memory.Buffer, error) {
	at := c.buffer(4 * (len(texts) + 1))
	offsets := arrow.Int32Traits.CastFromBytes(at.Bytes())
	size := 0
	for i, t := range texts {
		offsets[i] = int32(size)
		if size += len(t); size > maxTextBytes {
			at.Release()
			return nil, errLongText
		}
	}
	offsets[len(texts)] = int32(size)
	buf := c.buffer(size)
	dst := buf.Bytes()
	for _, t := range texts {
		dst = dst[copy(dst, t):]
	}
	return []*memory.Buffer{at, buf}, nil
}
