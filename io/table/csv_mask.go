package table

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// dense reports whether so many quotes follow that walking through them one by
// one costs more than looking at every byte.
func dense(data []byte) bool {
	const sample = 1 << 10
	return len(data) > sample && bytes.Count(data[:sample], []byte{'"'}) >= sample/64
}

// masks walks over text that is quoted as it should be, 64 bytes at a time and
// without a branch on what stands in it: a byte is inside quotes if the number
// of quotes up to it is odd. It stops before the last bytes, and before text in
// which that is not so, because a quote that ought to open a cell does not
// stand where a cell starts. The walk goes on from there.
//
// The idea is that of Langdale and Lemire, Parsing Gigabytes of JSON per
// Second (2019), section 3.1, with words instead of vectors.
func (c *csvScan) masks(data []byte) {
	delims := uint64(c.delim) * swarOnes
	p := c.pos
	inside := uint64(0) // all ones if the text before p ends inside quotes
	sep := uint64(0)    // one if the byte before p ends a cell
	if p == c.start || data[p-1] == c.delim || data[p-1] == '\n' {
		sep = 1
	}
	quote := uint64(0) // one if the byte before p is a closing quote
	for ; p+64 <= len(data); p += 64 {
		var quotes, seps, feeds uint64
		chunk := data[p : p+64 : p+64]
		for i := 0; i < 64; i += 8 {
			w := binary.LittleEndian.Uint64(chunk[i:])
			feed := zeroBytesExact(w ^ '\n'*swarOnes)
			quotes |= highBits(zeroBytesExact(w^'"'*swarOnes)) << i
			feeds |= highBits(feed) << i
			seps |= highBits(feed|zeroBytesExact(w^delims)) << i
		}
		in := prefixXor(quotes) ^ inside
		if quotes&in&^(seps<<1|sep|quotes<<1|quote) != 0 {
			break
		}
		if out := feeds &^ in; out != 0 {
			c.end = p + bits.Len64(out)
		}
		inside = -(in >> 63)
		sep, quote = seps>>63, quotes>>63&^inside
	}
	c.pos, c.open = p, inside != 0
	c.quote = true
	if quote != 0 {
		c.pos, c.open = p-1, true // the next byte decides whether it closes
	}
}

// highBits gathers the high bits of the eight bytes of t, which has no others,
// in one byte.
func highBits(t uint64) uint64 { return t * 0x0002040810204081 >> 56 }

// prefixXor has bit i set if an odd number of the bits 0 … i of x is set.
func prefixXor(x uint64) uint64 {
	for i := 1; i < 64; i *= 2 {
		x ^= x << i
	}
	return x
}
