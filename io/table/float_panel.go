package table

import (
	"math"
	"math/bits"
)

// decimal9 is a float32 on its way to text: ±0.d1d2d3… · 10^point.
type decimal9 struct {
	digits  uint64 // d2 … d9, as digits8 gives them
	first   uint8  // d1
	count   uint8  // of digits, without trailing zeros
	point   int8
	neg     bool
	special bool // zero, or not finite
}

// shortestPanel takes 32 float32 apart. Each number is a chain of dependent
// steps longer than a core looks ahead, so the chain is cut in two loops, in
// which several numbers are under way at once.
func shortestPanel(out *[32]decimal9, in *[32]float32) {
	for i, f := range in {
		b := math.Float32bits(f)
		exp, frac := int(b>>23&0xff), uint64(b&(1<<23-1))
		d := &out[i]
		d.neg, d.special = b>>31 != 0, false
		c, q := frac|1<<23, exp-150
		if exp == 0 || exp == 0xff {
			if c, q = frac, -149; exp == 0xff || frac == 0 {
				d.digits, d.special = 1, true
				continue
			}
		}
		s, k := shortest32(c, q, frac == 0 && exp > 1)
		d.digits, d.point = s, int8(k)
	}
	for i := range out {
		d := &out[i]
		length := decimalLength(d.digits)
		s := d.digits * integerPowers[9-length]
		first := s / 1e8
		d.digits = digits8(s - first*1e8)
		d.first = uint8(first)
		d.count = uint8(9 - bits.LeadingZeros64(d.digits)>>3)
		d.point += int8(length)
	}
}

// append appends the number, f, as AppendFloat32 does.
func (d *decimal9) append(dst []byte, f float32) []byte {
	if d.special || cap(dst)-len(dst) < floatRoom {
		return AppendFloat32(dst, f)
	}
	if point := int(d.point); point <= 0 && point > -4 {
		neg := uint32(0)
		if d.neg {
			neg = 1
		}
		return appendFraction(dst, neg, d.first, d.digits, int(d.count), point)
	}
	all := decimalDigits{first: d.first, hi: d.digits, count: int(d.count), point: int(d.point)}
	return all.append(dst, d.neg, plainRange(float64(f)))
}
