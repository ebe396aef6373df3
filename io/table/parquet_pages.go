package table

import (
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	codec "github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/metadata"
)

// flatChunk is one flat column of a row group: its pages, found by walking
// their headers, can be decoded in any order and by any worker.
type flatChunk struct {
	column   flatColumn
	codec    codec.Codec      // nil: not compressed
	in       io.ReaderAt      // used by the cutting side only
	packed   memory.Allocator // of pages as they are in the file
	mem      memory.Allocator
	pages    []*flatPage
	dictPage *flatPage // nil without a dictionary

	dictOnce sync.Once
	dict     dictionaryValues
	dictErr  error
	left     atomic.Int64 // pages that somebody may still need

	codes  bool // text stays indices into the dictionary
	mu     sync.Mutex
	tables map[int]*wordTable // of the dictionary, by feature
}

// flatColumn is how a flat column is stored and what it becomes.
type flatColumn struct {
	physical parquet.Type
	width    int // bytes of a value in the file; 0 for text
	nullable bool
	dtype    arrow.DataType
}

// asStored reports whether Arrow holds plain values just as the file does.
func (c *flatColumn) asStored() bool {
	t, fixed := c.dtype.(arrow.FixedWidthDataType)
	return fixed && (c.width == 4 || c.width == 8) && t.BitWidth() == 8*c.width
}

// flatPage is one page. Whichever worker first needs its rows decodes it for
// all; it is dropped when the last block that needs it has been.
type flatPage struct {
	chunk  *flatChunk
	header pageHeader
	offset int64 // of the bytes behind the header
	first  int64 // row of the row group
	rows   int64

	loaded  bool   // of the cutting side
	bytes   []byte // as in the file, until they are decoded
	claimed atomic.Bool
	done    chan struct{}
	values  arrow.Array
	err     error
	users   atomic.Int64
}

// drop is called once by each who needed the page.
func (p *flatPage) drop() {
	if p.users.Add(-1) > 0 {
		return
	}
	if p.values != nil {
		p.values.Release()
		p.values = nil
	}
	p.unload() // of a page that nobody has decoded
	if p.chunk.left.Add(-1) == 0 {
		p.chunk.dict.release(p.chunk.mem)
		if d := p.chunk.dictPage; d != nil {
			d.unload()
		}
	}
}

// Limits on what is read in the workers. Other columns, and chunks with pages
// beyond these, are read in order, a part of a page at a time.
const (
	maxPageRows   = 1 << 20
	maxTextRows   = 1 << 17
	maxPageBytes  = 64 << 20
	headerGuess   = 256
	maxHeaderSize = 1 << 20
)

// flatColumnOf says how a column is decoded in the workers, if it can be.
func flatColumnOf(leaf flatLeaf, t arrow.DataType) (flatColumn, bool) {
	if leaf.maxRepetition != 0 || leaf.maxDefinition > 1 {
		return flatColumn{}, false
	}
	c := flatColumn{physical: leaf.physical, nullable: leaf.maxDefinition == 1, dtype: t}
	var ok bool
	switch c.physical {
	case parquet.Types.Boolean:
		ok = t.ID() == arrow.BOOL
	case parquet.Types.Int32:
		c.width = 4
		ok = isOneOf(t, arrow.INT32, arrow.UINT32, arrow.DATE32, arrow.INT16, arrow.INT8, arrow.UINT16, arrow.UINT8) ||
			t.ID() == arrow.TIME32 && leaf.sameUnit(t)
	case parquet.Types.Int64:
		c.width = 8
		ok = isOneOf(t, arrow.INT64, arrow.UINT64) || isOneOf(t, arrow.TIME64, arrow.TIMESTAMP) && leaf.sameUnit(t)
	case parquet.Types.Float:
		c.width = 4
		ok = t.ID() == arrow.FLOAT32
	case parquet.Types.Double:
		c.width = 8
		ok = t.ID() == arrow.FLOAT64
	case parquet.Types.ByteArray:
		ok = isOneOf(t, arrow.STRING, arrow.BINARY)
	case parquet.Types.FixedLenByteArray:
		c.width = leaf.length
		fixed, isFixed := t.(*arrow.FixedSizeBinaryType)
		ok = isFixed && fixed.ByteWidth == c.width || t.ID() == arrow.FLOAT16 && c.width == 2
	}
	return c, ok
}

func isOneOf(t arrow.DataType, ids ...arrow.Type) bool {
	for _, id := range ids {
		if t.ID() == id {
			return true
		}
	}
	return false
}

// newFlatChunk walks the page headers of a column chunk. It returns nil where
// anything about the chunk is out of the ordinary: the library reads it then.
func newFlatChunk(c flatColumn, meta *metadata.ColumnChunkMetaData, in io.ReaderAt, rows int64, packed, mem memory.Allocator) *flatChunk {
	chunk := &flatChunk{column: c, in: in, packed: packed, mem: mem}
	if meta.CryptoMetadata() != nil {
		return nil
	}
	switch meta.Compression() {
	case codec.Codecs.Uncompressed:
	case codec.Codecs.Snappy, codec.Codecs.Gzip, codec.Codecs.Zstd, codec.Codecs.Brotli, codec.Codecs.Lz4Raw:
		var err error
		if chunk.codec, err = codec.GetCodec(meta.Compression()); err != nil {
			return nil
		}
	case codec.Codecs.Lz4:
		raw, err := codec.GetCodec(codec.Codecs.Lz4Raw)
		if err != nil {
			return nil
		}
		chunk.codec = oldLZ4{raw}
	default:
		return nil
	}
	at := meta.DataPageOffset()
	if d := meta.DictionaryPageOffset(); meta.HasDictionaryPage() && d > 0 && d < at {
		at = d
	}
	end := at + meta.TotalCompressedSize()
	for seen := int64(0); seen < rows; {
		p, next := chunk.pageAt(at, end)
		if p == nil {
			return nil
		}
		at = next
		switch p.header.kind {
		case pageDictionary:
			if chunk.dictPage != nil || len(chunk.pages) > 0 {
				return nil
			}
			chunk.dictPage = p
		case pageData, pageDataV2:
			p.first, p.rows = seen, p.header.values
			seen += p.rows
			if seen > rows || !chunk.readable(p) || c.physical == parquet.Types.ByteArray && p.rows > maxTextRows {
				return nil
			}
			if p.rows > 0 {
				chunk.pages = append(chunk.pages, p)
			}
		}
	}
	chunk.left.Store(int64(len(chunk.pages)))
	return chunk
}

// held is about how many bytes of the chunk are in memory at once.
func (c *flatChunk) held() int64 {
	var most int64
	for _, p := range c.pages {
		most = max(most, p.header.plain+p.header.packed)
	}
	if c.dictPage != nil {
		most += c.dictPage.header.plain
	}
	return most
}

// pageAt reads the header at an offset, and says where the next one is. It
// returns nil if there is no sound page there.
func (c *flatChunk) pageAt(at, end int64) (p *flatPage, next int64) {
	for size := int64(headerGuess); ; size *= 8 {
		n := min(size, end-at)
		if n <= 0 {
			return nil, 0
		}
		buf := make([]byte, n)
		if got, err := c.in.ReadAt(buf, at); got < len(buf) && err != nil {
			return nil, 0
		}
		h, err := readPageHeader(buf)
		if err == errShortHeader && n == size && size < maxHeaderSize {
			continue
		}
		if err != nil {
			return nil, 0
		}
		p := &flatPage{chunk: c, header: h, offset: at + int64(h.size), done: make(chan struct{})}
		p.users.Store(1)
		next := p.offset + h.packed
		if h.packed < 0 || h.plain < 0 || h.values < 0 || next > end || h.plain > maxPageBytes || h.values > maxPageRows {
			return nil, 0
		}
		return p, next
	}
}

// readable reports whether a data page is encoded in a way that is decoded
// here, and may hold as many values as it says.
func (c *flatChunk) readable(p *flatPage) bool {
	h := &p.header
	switch h.encoding {
	case encodingPlain:
	case encodingPlainDictionary, encodingRLEDictionary:
		if c.dictPage == nil || c.column.physical == parquet.Types.Boolean {
			return false
		}
	default:
		return false
	}
	if h.kind == pageDataV2 {
		return h.repeatBytes == 0 && h.levelBytes >= 0 && h.levelBytes <= min(h.packed, h.plain)
	}
	return !c.column.nullable || h.levels == encodingRLE
}

// load reads a page's bytes, once. Blocks that were cut then no longer need
// the file.
func (p *flatPage) load() error {
	if p.loaded {
		return nil
	}
	p.loaded = true
	p.bytes = p.chunk.packed.Allocate(int(p.header.packed))
	if n, err := p.chunk.in.ReadAt(p.bytes, p.offset); n < len(p.bytes) {
		return fmt.Errorf("a page could not be read: %w", err)
	}
	return nil
}

// unload gives back the memory of a page's bytes, once for all.
func (p *flatPage) unload() {
	if p.bytes != nil {
		p.chunk.packed.Free(p.bytes)
		p.bytes = nil
	}
}

// body is a page's bytes, decompressed into room, which is at least as long.
// They are good until the room is used again.
func (c *flatChunk) body(p *flatPage, room []byte) ([]byte, error) {
	h, packed := &p.header, p.bytes
	if h.checked && crc32.ChecksumIEEE(packed) != h.crc {
		return nil, fmt.Errorf("a page's checksum does not match")
	}
	levels := 0
	if h.kind == pageDataV2 {
		levels = int(h.levelBytes)
	}
	if !c.compressed(h) {
		if h.packed != h.plain {
			return nil, fmt.Errorf("a page of %d bytes says it has %d", h.packed, h.plain)
		}
		return packed, nil
	}
	plain := room[:h.plain:h.plain]
	copy(plain, packed[:levels])
	if len(plain) == levels {
		return plain, nil // nothing but levels, or an empty dictionary, which Brotli writes as a byte
	}
	out, err := codec.Decode(c.codec, plain[levels:], packed[levels:])
	if err != nil {
		return nil, err
	}
	if len(out) != len(plain)-levels {
		return nil, fmt.Errorf("a page of %d bytes says it has %d", len(out)+levels, h.plain)
	}
	if len(out) > 0 && &out[0] != &plain[levels] {
		copy(plain[levels:], out)
	}
	return plain, nil
}

// compressed reports whether a page's values are.
func (c *flatChunk) compressed(h *pageHeader) bool {
	return c.codec != nil && !(h.kind == pageDataV2 && h.uncompressed)
}
