package table

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// csvCell is a cell as it stands in data.
type csvCell struct {
	start, end int  // bounds, quotes included, line end left out
	next       int  // where the next cell or record starts
	close      int  // of a quoted cell: its closing quote, or len(data) if none
	quoted     bool // it starts with a quote
	escaped    bool // it holds doubled quotes
	bad        bool // bytes follow its closing quote, or it has none
	last       bool // it ends its record
}

// scanCell finds the cell that starts at p. The end of data ends a record.
func scanCell(data []byte, p int, delim byte) csvCell {
	c := csvCell{start: p}
	after := p // where the search for the cell's end starts
	if p < len(data) && data[p] == '"' {
		c.quoted = true
		c.close, c.escaped = closingQuote(data, p+1)
		after = min(c.close+1, len(data))
	}
	e := cellEnd(data, after, delim)
	c.end, c.next = e, e+1
	if e == len(data) || data[e] != delim {
		c.last, c.next = true, min(e+1, len(data))
		if e > after && data[e-1] == '\r' {
			c.end--
		}
	}
	c.bad = c.quoted && (c.end > after || c.close == len(data))
	return c
}

// cellOf is scanCell for a record whose line end is cut off: a carriage return
// that it still ends in is the last cell's own.
func cellOf(record []byte, p int, delim byte) csvCell {
	c := scanCell(record, p, delim)
	if c.last && c.end < len(record) {
		c.end = len(record)
		c.bad = c.bad || c.quoted
	}
	return c
}

// closingQuote finds the quote that closes a cell whose opening quote stands
// just before p; len(data) if there is none.
func closingQuote(data []byte, p int) (at int, escaped bool) {
	for {
		i := bytes.IndexByte(data[p:], '"')
		if i < 0 {
			return len(data), escaped
		}
		p += i
		if p+1 >= len(data) || data[p+1] != '"' {
			return p, escaped
		}
		escaped = true
		p += 2
	}
}

const (
	swarOnes  = 0x0101010101010101
	swarHighs = 0x8080808080808080
)

// zeroBytes has the high bit of each zero byte of x set. Bits above the lowest
// one set may be wrong.
func zeroBytes(x uint64) uint64 { return (x - swarOnes) &^ x & swarHighs }

// cellEnd is the index of the first delimiter or line feed from p on, or
// len(data).
func cellEnd(data []byte, p int, delim byte) int {
	delims := uint64(delim) * swarOnes
	for ; p+8 <= len(data); p += 8 {
		w := binary.LittleEndian.Uint64(data[p:])
		if t := zeroBytes(w^delims) | zeroBytes(w^'\n'*swarOnes); t != 0 {
			return p + bits.TrailingZeros64(t)>>3
		}
	}
	for ; p < len(data); p++ {
		if data[p] == delim || data[p] == '\n' {
			return p
		}
	}
	return p
}

// text is what the cell says, without its quotes. A cell with doubled quotes
// is put together in scratch; bytes after a closing quote are kept as they are.
func (c *csvCell) text(data, scratch []byte) []byte {
	if !c.quoted {
		return data[c.start:c.end]
	}
	inner := data[c.start+1 : c.close]
	if !c.escaped && !c.bad {
		return inner
	}
	scratch = scratch[:0]
	for len(inner) > 0 {
		i := bytes.IndexByte(inner, '"')
		if i < 0 {
			break
		}
		scratch = append(scratch, inner[:i+1]...)
		inner = inner[i+2:]
	}
	scratch = append(scratch, inner...)
	if c.close < c.end {
		scratch = append(scratch, data[c.close+1:c.end]...)
	}
	return scratch
}

// trimBlanks cuts spaces and tabs off both ends.
func trimBlanks(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}
