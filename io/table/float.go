package table

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// floatRoom is more than the text of any float64 that this file writes itself:
// a sign, 17 digits, a point, zeros or an exponent, and eight bytes that a
// store may go too far.
const floatRoom = 48

// AppendFloat32 appends the shortest text that reads back to f as a float32,
// and of several such texts the nearest: plain for 0 and 1e-5 <= |f| < 1e15,
// else with exponent, as in 1.5e-06. NaN and the infinities are NaN, inf and
// -inf.
func AppendFloat32(dst []byte, f float32) []byte {
	b := math.Float32bits(f)
	exp, frac := int(b>>23&0xff), uint64(b&(1<<23-1))
	if exp == 0xff || exp == 0 && frac == 0 {
		return appendSpecial(dst, float64(f))
	}
	if cap(dst)-len(dst) < floatRoom {
		dst = slices.Grow(dst, floatRoom)
	}
	c, q := frac|1<<23, exp-150
	if exp == 0 {
		c, q = frac, -149
	}
	s, k := shortest32(c, q, frac == 0 && exp > 1)
	// s has at most nine digits: one, and eight.
	length := decimalLength(s)
	s *= integerPowers[9-length]
	first := s / 1e8
	hi := digits8(s - first*1e8)
	count := 9 - bits.LeadingZeros64(hi)>>3
	point := length + k
	if point <= 0 && point > -4 {
		return appendFraction(dst, b>>31, byte(first), hi, count, point)
	}
	d := decimalDigits{first: byte(first), hi: hi, count: count, point: point}
	return d.append(dst, b>>31 != 0, plainRange(float64(f)))
}

// appendFraction appends ±0.000ddd, as decimalDigits.append does, for up to
// nine digits.
func appendFraction(dst []byte, neg uint32, first byte, hi uint64, count, point int) []byte {
	n := len(dst)
	b := (*[24]byte)(dst[n : n+24])
	b[0] = '-'
	i := int(neg & 1)
	binary.LittleEndian.PutUint64(b[i:], point0)
	i += 2 - point
	t := b[i&7:]
	t[0] = '0' + first
	binary.LittleEndian.PutUint64(t[1:], hi|zeros8)
	return dst[:n+i+count]
}

// AppendFloat64 is AppendFloat32 for float64.
func AppendFloat64(dst []byte, f float64) []byte {
	b := math.Float64bits(f)
	exp, frac := int(b>>52&0x7ff), b&(1<<52-1)
	if exp == 0x7ff || exp == 0 && frac == 0 {
		return appendSpecial(dst, f)
	}
	if cap(dst)-len(dst) < floatRoom {
		dst = slices.Grow(dst, floatRoom)
	}
	c, q := frac|1<<52, exp-1075
	if exp == 0 {
		c, q = frac, -1074
	}
	s, k := shortest64(c, q, frac == 0 && exp > 1)
	length := decimalLength(s)
	s *= integerPowers[17-length]
	first := s / 1e16
	s -= first * 1e16
	hi := s / 1e8
	d := decimalDigits{first: byte(first), hi: digits8(hi), lo: digits8(s - hi*1e8)}
	if d.count = 17 - bits.LeadingZeros64(d.lo)>>3; d.lo == 0 {
		d.count = 9 - bits.LeadingZeros64(d.hi)>>3
	}
	d.point = length + k
	return d.append(dst, b>>63 != 0, plainRange(f))
}

// plainRange reports whether a number is written without an exponent.
func plainRange(f float64) bool {
	f = math.Abs(f)
	return f >= 1e-5 && f < 1e15
}

// appendSpecial appends zeros and what is not finite.
func appendSpecial(dst []byte, f float64) []byte {
	switch {
	case f != f:
		return append(dst, "NaN"...)
	case f > 0:
		return append(dst, "inf"...)
	case f < 0:
		return append(dst, "-inf"...)
	case math.Signbit(f):
		return append(dst, "-0"...)
	}
	return append(dst, '0')
}

// The shortest decimals are found as in Raffaello Giulietti, The Schubfach way
// to render doubles (2020), section 9. The value is c·2^q; its rounding
// interval, scaled by four, is (4c-2)·2^q … (4c+2)·2^q, or (4c-1)·2^q below
// where c is the least of its binade. k is the largest power of ten not wider
// than the interval, so that at most one multiple of 10^(k+1), and at least
// one of 10^k, lies inside. The three bounds are divided by 10^k through the
// table of powers and rounded to odd, which keeps every comparison exact.

// shortest32 returns s·10^k for a float32.
func shortest32(c uint64, q int, leastOfBinade bool) (s uint64, k int) {
	low := 4*c - 2
	if leastOfBinade {
		low++
	}
	if leastOfBinade && q == -35 {
		// 2^-12 is midway between two shortest decimals, the only float32 at
		// the foot of its binade that is. strconv takes the upper, odd one.
		return 24414063, -11
	}
	k = floorLog10Pow2(q, leastOfBinade)
	h := uint(q + floorLog2Pow10(-k) + 1)
	power := &powers[-k-minPower]
	g := power[0]
	if power[1] != 0 {
		g++ // rounded up to 64 bits
	}
	lower, middle, upper := odd32(g, low<<h), odd32(g, 4*c<<h), odd32(g, (4*c+2)<<h)
	return pickShortest(lower, middle, upper, c&1, k)
}

// odd32 is g·x / 2^64, rounded to odd.
func odd32(g, x uint64) uint64 {
	hi, lo := bits.Mul64(g, x)
	return hi | (lo>>32+math.MaxUint32-1)>>32 // one, if lo>>32 > 1
}

// shortest64 returns s·10^k for a float64.
func shortest64(c uint64, q int, leastOfBinade bool) (s uint64, k int) {
	low := 4*c - 2
	if leastOfBinade {
		low++
	}
	k = floorLog10Pow2(q, leastOfBinade)
	h := uint(q + floorLog2Pow10(-k) + 1)
	g := &powers[-k-minPower]
	lower, middle, upper := odd64(g, low<<h), odd64(g, 4*c<<h), odd64(g, (4*c+2)<<h)
	return pickShortest(lower, middle, upper, c&1, k)
}

// odd64 is g·x / 2^128, rounded to odd.
func odd64(g *[2]uint64, x uint64) uint64 {
	carry, _ := bits.Mul64(g[1], x)
	hi, lo := bits.Mul64(g[0], x)
	lo, c := bits.Add64(lo, carry, 0)
	hi += c
	if lo > 1 {
		hi |= 1
	}
	return hi
}

// pickShortest picks the decimal of the interval lower … upper, all scaled by
// four: the multiple of ten if there is one, else the one nearest to middle.
// The bounds themselves read back to a value whose c is even. Which case it is
// no branch predictor knows, so all are computed and one is selected.
func pickShortest(lower, middle, upper, isOdd uint64, k int) (uint64, int) {
	lower += isOdd
	upper -= isOdd
	s := middle >> 2
	tens := s / 10
	below, above := noLess(40*tens, lower), noLess(upper, 40*tens+40)
	useTens := (below ^ above) & noLess(s, 10)
	tens += above

	half := 4*s + 2
	below, above = noLess(4*s, lower), noLess(upper, 4*s+4)
	up := noLess(middle, half+1) | noLess(middle, half)&s
	up ^= (up ^ above) & (below ^ above)
	s += up & 1
	return s ^ (s^tens)&-useTens, k + int(useTens)
}

// noLess is 1 if a >= b, else 0, for numbers below 2^63.
func noLess(a, b uint64) uint64 { return (b - a - 1) >> 63 }

// floorLog10Pow2 is floor(log10(2^q)), or floor(log10(3/4 · 2^q)). Exact for
// |q| <= 1500.
func floorLog10Pow2(q int, threeQuarters bool) int {
	q *= 1262611
	if threeQuarters {
		q -= 524031
	}
	return q >> 22
}

// floorLog2Pow10 is floor(log2(10^k)). Exact for |k| <= 1233.
func floorLog2Pow10(k int) int { return k * 1741647 >> 19 }

// minPower … maxPower are the powers of ten that float64 calls for.
const (
	minPower = -292
	maxPower = 324
)

var integerPowers = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19}

// decimalLength is how many digits s > 0 has.
func decimalLength(s uint64) int {
	n := bits.Len64(s) * 1233 >> 12 // floor(log10(2^bits))
	if s >= integerPowers[n] {
		n++
	}
	return n
}

// digits8 is the eight digits of v < 10^8, one a byte, the first one lowest:
// split in fours, then pairs, then single digits, by multiplication.
func digits8(v uint64) uint64 {
	fours := v / 10000
	x := fours | (v-fours*10000)<<32
	y := x * 10486 >> 20 & 0x0000007f0000007f
	x = y | (x-100*y)<<16
	y = x * 103 >> 10 & 0x000f000f000f000f
	return y | (x-10*y)<<8
}

// decimalDigits is 0.d1d2d3… · 10^point: first is d1, hi and lo hold the next
// sixteen digits as digits8 does, and count is where the trailing zeros begin.
type decimalDigits struct {
	first  byte
	hi, lo uint64
	count  int
	point  int
}

const (
	zeros8 = 0x3030303030303030
	point0 = 0x303030303030_2e30 // "0.000000"
)

func store8(b []byte, v uint64) { binary.LittleEndian.PutUint64(b, v) }

// append appends the number, with an exponent unless plain. dst has floatRoom to spare, so that whole words
// may be stored and cut off after.
func (d *decimalDigits) append(dst []byte, neg, plain bool) []byte {
	n := len(dst)
	b := dst[n : n+floatRoom]
	i := 0
	if neg {
		b[0] = '-'
		i = 1
	}
	hi, lo := d.hi|zeros8, d.lo|zeros8
	switch {
	case !plain:
		return d.appendExponent(dst, b, i)
	case d.point <= 0: // 0.000ddd
		store8(b[i:], point0)
		t := b[i+2-d.point : i+2-d.point+17]
		t[0] = '0' + d.first
		store8(t[1:], hi)
		store8(t[9:], lo)
		return dst[:n+i+2-d.point+d.count]
	}
	b[i] = '0' + d.first
	store8(b[i+1:], hi)
	store8(b[i+9:], lo)
	if d.count <= d.point {
		return dst[:n+i+d.point]
	}
	// What stands behind the point is stored again, one byte further on.
	if at := uint(d.point-1) * 8; at < 64 {
		hi, lo = hi>>at|lo<<(64-at), lo>>at
	} else {
		hi, lo = lo>>(at-64), 0
	}
	t := b[i+d.point : i+d.point+17]
	t[0] = '.'
	store8(t[1:], hi)
	store8(t[9:], lo)
	return dst[:n+i+d.count+1]
}

// appendExponent appends d.ddde±XX at b[i:], where b is what follows dst.
func (d *decimalDigits) appendExponent(dst, b []byte, i int) []byte {
	b[i] = '0' + d.first
	i++
	if d.count > 1 {
		b[i] = '.'
		store8(b[i+1:], d.hi|zeros8)
		store8(b[i+9:], d.lo|zeros8)
		i += d.count
	}
	sign, e := byte('+'), d.point-1
	if e < 0 {
		sign, e = '-', -e
	}
	b[i], b[i+1] = 'e', sign
	i += 2
	if e >= 100 {
		b[i] = '0' + byte(e/100)
		i++
	}
	b[i], b[i+1] = '0'+byte(e/10%10), '0'+byte(e%10)
	return dst[:len(dst)+i+2]
}

// AppendFixed appends f with n decimals, rounded correctly, a tie to the even
// digit.
//
// f·10^n is an integer of at most 117 bits, for n <= 19, over a power of two:
// quotient and remainder are exact.
func AppendFixed(dst []byte, f float64, n int) []byte {
	b := math.Float64bits(f)
	exp, frac := int(b>>52&0x7ff), b&(1<<52-1)
	if exp == 0x7ff {
		return appendSpecial(dst, f)
	}
	c, shift := frac|1<<52, uint(1075-exp)
	if exp == 0 {
		c, shift = frac, 1074
	}
	q, ok := scaledQuotient(c, shift, n)
	if !ok {
		return strconv.AppendFloat(dst, f, 'f', n, 64)
	}
	if b>>63 != 0 {
		dst = append(dst, '-')
	}
	if n == 0 {
		return strconv.AppendUint(dst, q, 10)
	}
	if q < integerPowers[n] { // as probabilities are
		return appendPadded(append(dst, "0."...), q, n)
	}
	whole := q / integerPowers[n]
	dst = append(strconv.AppendUint(dst, whole, 10), '.')
	return appendPadded(dst, q-whole*integerPowers[n], n)
}

// scaledQuotient is c·10^n / 2^shift, rounded, a tie to even. It is not ok if
// it may not fit.
func scaledQuotient(c uint64, shift uint, n int) (q uint64, ok bool) {
	if n < 0 || n >= len(integerPowers) || int(shift) <= 0 {
		return 0, false
	}
	hi, lo := bits.Mul64(c, integerPowers[n])
	if shift > 127 {
		return 0, true // less than 2^117 / 2^128
	}
	var rest, half uint64 // of the remainder, and the bits below them
	var low uint64
	if shift < 64 {
		if hi>>shift != 0 {
			return 0, false
		}
		q = lo>>shift | hi<<(64-shift)
		rest, half = lo&(1<<shift-1), 1<<(shift-1)
	} else {
		s := shift - 64
		q = hi >> s
		rest, half, low = hi&(1<<s-1), 1<<s>>1, lo
		if s == 0 {
			rest, half, low = lo, 1<<63, 0
		}
	}
	if rest > half || rest == half && (low > 0 || q&1 == 1) {
		if q++; q == 0 {
			return 0, false
		}
	}
	return q, true
}

// appendPadded appends v as n digits, zeros in front.
func appendPadded(dst []byte, v uint64, n int) []byte {
	at := len(dst)
	if n <= 8 {
		dst = slices.Grow(dst, 8)[:at+8]
		store8(dst[at:], digits8(v*integerPowers[8-n])|zeros8)
		return dst[:at+n]
	}
	for range n {
		dst = append(dst, '0')
	}
	for i := at + n - 1; v > 0; i-- {
		dst[i] = '0' + byte(v%10)
		v /= 10
	}
	return dst
}
