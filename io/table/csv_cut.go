package table

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
)

// csvScan walks text from quote to quote, with the state machine that the
// decoder has: a quote opens only as the first byte of a cell, a doubled quote
// inside quotes is one quote, and every other quote is a byte like any other.
// Whether a quote outside quotes opens shows from the byte before it alone.
//
// Only the last record end is wanted, and it is looked for backwards through
// the gaps between quoted cells, so that few of them are searched.
type csvScan struct {
	delim byte
	start int  // where the first record starts
	pos   int  // what comes before has been walked
	open  bool // pos is inside quotes
	quote bool // a quote has been seen
	first bool // stop at the first record's end, not the last one's
	end   int  // just past the line end of the record looked for; 0: none yet
	gaps  [64][2]int
	count int // of gaps not searched yet
}

// run walks on to the end of data. final says that no bytes will follow. It
// may be called again when data has grown.
func (c *csvScan) run(data []byte, final bool) {
	c.walk(data, final)
	c.searchGaps(data)
}

func (c *csvScan) walk(data []byte, final bool) {
	if !c.first && c.pos == c.start {
		if i := indexQuote(data, c.pos); dense(data[i:]) {
			c.gap(data, i)
			c.searchGaps(data)
			c.pos = i
			c.masks(data)
		}
	}
	for c.pos < len(data) {
		i := indexQuote(data, c.pos)
		if c.open {
			if i == len(data) {
				c.pos = i
				return
			}
			if i+1 == len(data) && !final {
				c.pos = i // the next byte decides
				return
			}
			if i+1 < len(data) && data[i+1] == '"' {
				c.pos = i + 2
				continue
			}
			c.open, c.pos = false, i+1
			continue
		}
		if i > c.pos && c.gap(data, i) || i == len(data) {
			c.pos = i
			return
		}
		c.quote = true
		c.open = i == c.start || data[i-1] == c.delim || data[i-1] == '\n'
		c.pos = i + 1
	}
}

// gap notes that pos … end is outside quotes. It reports whether the walk ends
// there.
func (c *csvScan) gap(data []byte, end int) bool {
	if c.first {
		if nl := bytes.IndexByte(data[c.pos:end], '\n'); nl >= 0 {
			c.end = c.pos + nl + 1
			return true
		}
		return false
	}
	if c.count == len(c.gaps) {
		c.searchGaps(data)
	}
	c.gaps[c.count] = [2]int{c.pos, end}
	c.count++
	return false
}

// searchGaps looks for the last line feed in the gaps.
func (c *csvScan) searchGaps(data []byte) {
	for i := c.count - 1; i >= 0; i-- {
		gap := c.gaps[i]
		if nl := bytes.LastIndexByte(data[gap[0]:gap[1]], '\n'); nl >= 0 {
			c.end = gap[0] + nl + 1
			break
		}
	}
	c.count = 0
}

// indexQuote is the index of the first quote from p on, or len(data). Where
// there are quotes the next one is mostly near.
func indexQuote(data []byte, p int) int {
	for near := p + 64; p < near; p += 8 {
		if p+8 > len(data) {
			break
		}
		if t := zeroBytes(binary.LittleEndian.Uint64(data[p:]) ^ '"'*swarOnes); t != 0 {
			return p + bits.TrailingZeros64(t)>>3
		}
	}
	if i := bytes.IndexByte(data[p:], '"'); i >= 0 {
		return p + i
	}
	return len(data)
}

// csvQuoted is the state of a block that holds a quote.
type csvQuoted bool

// csvNote is the state of a block that is not simply whole records.
type csvNote struct {
	quoted  bool   // the records hold a quote
	fault   Reason // Good, or what is wrong with the block's one record
	fatal   bool   // the fault may have swallowed rows
	room    bool   // there is no memory for the record, though the limit allows it
	skipped int64  // bytes of that record that are not in Data
	lines   int64  // line ends among them
}

// Next implements Source. Blocks end where a record ends; which records share
// a block depends on the block size, what they decode to does not.
func (s *csvSource) Next(b *Block) error {
	b.source, b.state = s, nil
	if s.done {
		return io.EOF
	}
	target := s.opt.BlockSize
	limit := min(s.opt.MaxRecord, s.opt.record()) + 2 // the line end may be two bytes
	scan := csvScan{delim: s.delim}
	data := b.Data[:0]
	for {
		data = s.fill(data, target)
		ended := s.end != nil && s.off == len(s.tail)
		scan.run(data, ended)
		if scan.end > 0 {
			return s.cut(b, data, scan.end, csvNote{quoted: scan.quote})
		}
		if len(data) >= limit || ended {
			break
		}
		target = min(2*target, limit)
	}
	return s.lastOrLong(b, data, &scan)
}

// lastOrLong takes what has no record end: the last record of the file, or one
// that is too long.
func (s *csvSource) lastOrLong(b *Block, data []byte, scan *csvScan) error {
	max := s.opt.MaxRecord
	note := csvNote{quoted: scan.quote}
	switch room := s.opt.record(); {
	case room < max && len(data) >= room+2:
		note.fault, note.fatal, note.room = TooLong, true, true
	case len(data) >= max+2:
		note.fault, note.fatal = TooLong, quotedPast(data, s.delim, max)
		if note.fatal {
			break
		}
		return s.skip(b, data, note)
	case s.end != io.EOF:
		s.done = true
		return s.end
	case len(data) == 0:
		return io.EOF
	case scan.open:
		note.fault, note.fatal = BadQuote, true
		if len(data) > max {
			note.fault = TooLong
		}
	}
	s.done = note.fatal
	return s.cut(b, data, len(data), note)
}

// cut hands out data[:end] and keeps the rest for the next block.
func (s *csvSource) cut(b *Block, data []byte, end int, note csvNote) error {
	s.unread(data[end:])
	b.Data = data[:end]
	switch {
	case note.fault != Good:
		kept := note // so that only this case allocates
		b.state = &kept
	case note.quoted:
		b.state = csvQuoted(true)
	}
	return nil
}

// skip passes over the rest of a record that is too long, in bounded memory:
// data, which has no quote open, is its beginning.
func (s *csvSource) skip(b *Block, data []byte, note csvNote) error {
	room := len(data)
	prev := data[len(data)-1]
	note.skipped, note.lines = int64(len(data)), int64(bytes.Count(data, []byte{'\n'}))
	ended := false
	for !ended && !note.fatal {
		data = s.fill(data[:0], room)
		chunk := data
		if len(chunk) == 0 {
			break
		}
		nl := bytes.IndexByte(chunk, '\n')
		if nl >= 0 {
			ended = true
			note.lines++
			s.unread(chunk[nl+1:])
			chunk = chunk[:nl+1]
		}
		note.fatal = opensQuote(chunk, prev, s.delim)
		prev = chunk[len(chunk)-1]
		note.skipped += int64(len(chunk))
	}
	if s.end != io.EOF && !ended && !note.fatal {
		s.done = true
		return s.end
	}
	s.done = note.fatal
	kept := note
	b.Data, b.state = data[:0], &kept
	return nil
}

// opensQuote reports whether a cell that starts in chunk starts with a quote.
// prev is the byte before chunk.
func opensQuote(chunk []byte, prev, delim byte) bool {
	for at := 0; ; at++ {
		i := bytes.IndexByte(chunk[at:], '"')
		if i < 0 {
			return false
		}
		at += i
		if at > 0 {
			prev = chunk[at-1]
		}
		if prev == delim {
			return true
		}
	}
}

// quotedPast reports whether a byte of the record at or past max stands in
// quotes (the quotes themselves counted). Such a record may have swallowed
// others, so that being too long is fatal.
func quotedPast(record []byte, delim byte, max int) bool {
	for p := 0; ; {
		c := scanCell(record, p, delim)
		if c.quoted && c.close >= max {
			return true
		}
		if c.last {
			return false
		}
		p = c.next
	}
}

// fill appends to data until it holds target bytes or the reader has ended. It
// keeps Slack bytes of room behind them.
func (s *csvSource) fill(data []byte, target int) []byte {
	if cap(data) < target+Slack {
		grown := make([]byte, len(data), target+Slack)
		copy(grown, data)
		data = grown
	}
	if pending := s.tail[s.off:]; len(pending) > 0 && s.fields != nil {
		n := min(len(pending), target-len(data))
		data = append(data, pending[:n]...)
		s.off += n
	}
	for idle := 0; len(data) < target && s.end == nil; {
		n, err := s.r.Read(data[len(data):target])
		data = data[:len(data)+n]
		if n > 0 {
			idle = 0
		} else if idle++; idle == 100 && err == nil {
			err = io.ErrNoProgress
		}
		if err == io.EOF {
			s.end = io.EOF
		} else if err != nil {
			s.end = wrapIO(err)
		}
	}
	return data
}

// unread puts back the bytes that the last fill read too many.
func (s *csvSource) unread(rest []byte) {
	if s.off < len(s.tail) {
		s.off -= len(rest) // they all came from there
		return
	}
	s.tail, s.off = append(s.tail[:0], rest...), 0
}
