package table

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unsafe"
)

// load8 is the eight bytes at base+p, the first one lowest.
func load8(base unsafe.Pointer, p uintptr) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(base, p))[:])
}

func load1(base unsafe.Pointer, p uintptr) byte { return *(*byte)(unsafe.Add(base, p)) }

// eightDigits is the number that eight digits make; digit values, not
// characters, the first in the lowest byte. Three multiplications add up
// pairs, then fours, then all.
func eightDigits(d uint64) uint64 {
	d = d*10 + d>>8
	return (d&0x000000ff000000ff*0x000f424000000064 + d>>16&0x000000ff000000ff*0x0000271000000001) >> 32
}

const (
	swarZeros  = '0' * swarOnes
	swarNoDigi = 0x76 * swarOnes // added to 10 … 127 it sets the high bit
)

// fastRows decodes records from p on until the block ends or there is no room
// for another row, and returns where it stopped.
//
// A cell is looked at eight bytes at a time. Whatever the delimiter is, the
// first byte that is no digit is the decimal point or the end of the number,
// so that one mask serves to find, to check and to cut out the digits. What is
// not a short plain number goes to the general path, cell by cell. Where there
// is assembly for it, the wide loop reads what it can before (cellRun).
//
// Memory: every load starts at or before the line feed behind the block's end,
// and reads at most 16 bytes on, which is inside the block's Slack. p moves
// past that line feed only at the end of the last row. Rows and cells are
// written below d.rows.
func (d *csvDecoder) fastRows(p0 int) int {
	d.aim()
	r := d.r
	base := unsafe.Pointer(unsafe.SliceData(d.data))
	fast := d.fast
	var cells unsafe.Pointer
	if d.plan.req.Raw && !d.plan.whole {
		cells = unsafe.Pointer(unsafe.SliceData(r.Raw.Cells))
	}
	starts := r.starts
	stride := uintptr(len(d.plan.req.Keep)) * 8
	delims := uint64(d.plan.delim) * swarOnes
	decimal := d.plan.decimal
	empty := d.plan.missing.empty
	careful := len(d.plan.missing.numbers) > 0
	limit := d.plan.limit
	one := len(fast) == 1
	wide, short := d.wide != nil, uintptr(16)
	if wide {
		short = 27
	}
	p, n := uintptr(p0), uintptr(len(d.data))
	row := uintptr(r.N)
	room := uintptr(d.rows)
	for p < n && row < room {
		if first := load1(base, p); first <= '\r' && !one {
			if skip := d.blank(int(p)); skip > 0 {
				p += uintptr(skip)
				d.blanks++
				continue
			}
		}
		start, bads := p, len(r.Bad)
		r.N = int(row)
		starts[row] = int32(p)
		end := p
		for ci := 0; ci < len(fast); ci++ {
			c, stopped := &fast[ci], false
			if wide && c.kind.plain() {
				var left int
				p, row, left = d.wide.read(p, row, len(fast)-ci, len(r.Bad) == bads && !one)
				if r.N != int(row) {
					r.N, start, bads = int(row), uintptr(starts[row]), len(r.Bad)
				}
				if left == 0 {
					end = d.wide.end
					break
				}
				ci = len(fast) - left
				c, stopped = &fast[ci], true
			}
			at := p
			w := load8(base, p)
			if stopped && (c.kind == fastNumber || c.kind == fastNumberSpan) {
				goto odd
			}
			switch c.kind {
			case fastNumber, fastNumberSpan:
				// In a column of either sign a branch on it would be a coin
				// toss; in others it costs less than shifting the sign out.
				neg := uint64(0)
				if c.signed {
					neg = (uint64(byte(w)^'-') - 1) >> 63
					w >>= neg << 3
					p += uintptr(neg)
				} else if byte(w) == '-' {
					c.signed = true
					neg = 1
					p++
					w = load8(base, p) & (1<<56 - 1)
				}
				digits := w ^ swarZeros
				other := (digits + swarNoDigi | digits) & (swarHighs &^ (neg << 63))
				if other == 0 {
					goto odd
				}
				var f float64
				k := uintptr(bits.TrailingZeros64(other)) &^ 7
				p += k >> 3
				if byte(w>>(k&63)) != decimal {
					if k == 0 {
						goto odd
					}
					f = float64(int64(eightDigits(digits << ((64 - k) & 63))))
				} else if other &= other - 1; other != 0 {
					k2 := uintptr(bits.TrailingZeros64(other)) &^ 7
					low := uint64(1)<<(k&63) - 1
					digits = digits&low | digits>>8&^low
					if k2 == 8 {
						goto odd
					}
					p += (k2 - k) >> 3
					f = float64(int64(eightDigits(digits<<((72-k2)&63)))) / pow10[(k2-k-8)>>3&15]
				} else {
					p++
					w = load8(base, p)
					behind := w ^ swarZeros
					other = (behind + swarNoDigi | behind) & swarHighs
					k2 := uintptr(bits.TrailingZeros64(other)) &^ 7
					if k+k2 == 0 {
						goto odd
					}
					p += k2 >> 3
					m := eightDigits(digits<<(64-k))*integerPowers[k2>>3&15] + eightDigits(behind<<(64-k2))
					f = float64(int64(m)) / pow10[k2>>3&15]
				}
				end = p
				if term := load1(base, p); term == c.sep {
					p++
				} else if term == '\r' && c.sep == '\n' && load1(base, p+1) == '\n' {
					p += 2
				} else {
					goto odd
				}
				if careful && d.plan.missing.maybe(f) {
					goto odd
				}
				*(*uint64)(unsafe.Add(c.out, row<<3)) = math.Float64bits(f) ^ neg<<63
				if c.kind == fastNumberSpan {
					at32 := (*[2]int32)(unsafe.Add(cells, row*stride+c.slot<<3))
					at32[0], at32[1] = int32(at), int32(end)
				}
				continue
			case fastLong:
			default:
				if c.kind == fastRun {
					next, passed := passCells(base, p, delims, c.run)
					if passed > 0 {
						p = next
						ci += passed - 1
						continue
					}
				}
				quoted, escaped := byte(w) == '"', false
				if quoted {
					if p, escaped = quoteEnd(base, p+1, n); p >= n {
						goto odd
					}
					p++
				} else {
					x, y := w^delims, w^'\n'*swarOnes
					t := ((x-swarOnes)&^x | (y-swarOnes)&^y) & swarHighs
					for t == 0 {
						p += 8
						w = load8(base, p)
						x, y = w^delims, w^'\n'*swarOnes
						t = ((x-swarOnes)&^x | (y-swarOnes)&^y) & swarHighs
					}
					p += uintptr(bits.TrailingZeros64(t)) >> 3
				}
				end = p
				if term := load1(base, p); term == c.sep {
					if !quoted && term == '\n' && p > at && load1(base, p-1) == '\r' {
						end--
					}
					p++
				} else if quoted && term == '\r' && c.sep == '\n' && load1(base, p+1) == '\n' {
					p += 2
				} else {
					goto odd
				}
				switch c.kind {
				case fastSpan:
					at32 := (*[2]int32)(unsafe.Add(cells, row*stride+c.slot<<3))
					at32[0], at32[1] = int32(at), int32(end)
				case fastCode:
					if escaped {
						goto odd
					}
					inner := uintptr(0)
					if quoted {
						inner = 1
					}
					d.code(c.feature, ci, int(row), trimBlanks(d.data[at+inner:end-inner]))
				case fastTake:
					d.take(ci, int(row), &csvCell{start: int(at), end: int(end), next: int(p), close: int(end) - 1,
						quoted: quoted, escaped: escaped, last: c.sep == '\n'})
				}
				continue
			}
		odd:
			if c.kind == fastNumber || c.kind == fastNumberSpan || c.kind == fastLong {
				if load1(base, at) == c.sep && empty {
					d.invalid(c.feature, int(row))
					d.aimValid(c)
					p, end = at+1, at
					if c.kind == fastNumberSpan {
						d.span(int(c.slot), int(row), int(at), int(at))
					}
					continue
				}
				if p, end = d.longNumber(ci, row, base, at); p > at {
					if c.kind == fastNumberSpan {
						d.span(int(c.slot), int(row), int(at), int(end))
					} else if c.kind = fastNumber; end-at > short {
						c.kind = fastLong // the next one will hardly be short
					}
					continue
				}
			}
			cell := scanCell(d.data, int(at), d.plan.delim)
			d.take(ci, int(row), &cell)
			p, end = uintptr(cell.next), uintptr(cell.end)
			if cell.last != (ci == len(fast)-1) {
				p = uintptr(d.ragged(ci+1, &cell, bads))
				end = uintptr(cell.end)
				break
			}
		}
		d.endRow(int(row), int(start), int(end), bads)
		row++
		if p-start > uintptr(limit) {
			if err := d.overlong(int(start), int(p)); err != nil {
				d.err = err
				break
			}
		}
	}
	return int(p)
}

// shortRun is from how many columns on passCells pays.
const shortRun = 3

// passCells passes over up to want cells that stand before p, all eight bytes'
// delimiters at a time, and returns where the next cell starts and how many
// were passed. It stops early at a line feed or a quote.
func passCells(base unsafe.Pointer, p uintptr, delims uint64, want int) (next uintptr, passed int) {
	last, mark := p, uint64(0) // where delimiters were seen last
	for {
		w := load8(base, p)
		t := zeroBytesExact(w ^ delims)
		stop := (w - ('"'+1)*swarOnes) &^ w & swarHighs // no byte up to a quote, mostly
		if stop != 0 {
			stop = zeroBytesExact(w^'\n'*swarOnes) | zeroBytesExact(w^'"'*swarOnes)
			t &= stop&-stop - 1
		}
		n := bits.OnesCount64(t)
		if passed+n >= want {
			for ; passed < want-1; passed++ {
				t &= t - 1
			}
			return p + uintptr(bits.TrailingZeros64(t))>>3 + 1, want
		}
		if n > 0 {
			last, mark = p, t
			passed += n
		}
		if stop != 0 {
			return last + uintptr(bits.Len64(mark))>>3, passed
		}
		p += 8
	}
}

// zeroBytesExact has the high bit of each zero byte of x set, and no other.
func zeroBytesExact(x uint64) uint64 {
	const low = ^uint64(swarHighs)
	return ^((x&low + low) | x | low)
}

// quoteEnd finds the quote that closes a cell whose opening quote stands just
// before p. It returns n or more if there is none before n.
func quoteEnd(base unsafe.Pointer, p, n uintptr) (at uintptr, escaped bool) {
	for p < n {
		t := zeroBytes(load8(base, p) ^ '"'*swarOnes)
		if t == 0 {
			p += 8
			continue
		}
		p += uintptr(bits.TrailingZeros64(t)) >> 3
		if load1(base, p+1) != '"' {
			break
		}
		p += 2
		escaped = true
	}
	return p, escaped
}
