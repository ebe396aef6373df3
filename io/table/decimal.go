package table

import (
	"math"
	"math/bits"
)

// nearestFloat is the float64 nearest to mant·10^exp. It is not ok where the
// answer would need more than 128 bits of the power of ten, or lies outside
// the normal numbers: rare cases, for which strconv is there.
//
// The method is Eisel's and Lemire's (Lemire, Number Parsing at a Gigabyte per
// Second, 2021, section 5): the product of the mantissa and a truncated power
// of ten, both with their highest bit set, has all the bits of the answer
// unless those below it are all ones, or stand exactly for one half.
func nearestFloat(mant uint64, exp int) (f float64, ok bool) {
	if mant <= 1<<53 {
		if f, ok = clinger(mant, exp); ok {
			return f, true
		}
	}
	if mant == 0 {
		return 0, true
	}
	if exp < minPower || exp > maxPower {
		return 0, false
	}
	power := powers[exp-minPower]
	if exp < 0 || exp > lastExactPower { // rounded up in the table
		var borrow uint64
		power[1], borrow = bits.Sub64(power[1], 1, 0)
		power[0] -= borrow
	}
	zeros := bits.LeadingZeros64(mant)
	mant <<= zeros
	hi, lo := bits.Mul64(mant, power[0])
	if hi&0x1ff == 0x1ff && lo+mant < mant {
		below, rest := bits.Mul64(mant, power[1])
		var carry uint64
		lo, carry = bits.Add64(lo, below, 0)
		hi += carry
		if hi&0x1ff == 0x1ff && lo+1 == 0 && rest+mant < mant {
			return 0, false
		}
	}
	top := hi >> 63
	m := hi >> (top + 9) // 54 bits
	if lo == 0 && hi&0x1ff == 0 && m&3 == 1 {
		return 0, false // midway, as far as can be seen
	}
	m = (m + m&1) >> 1
	e := floorLog2Pow10(exp) + 1023 + 63 - zeros + int(top)
	if m>>53 != 0 {
		m, e = m>>1, e+1
	}
	if e <= 0 || e >= 0x7ff {
		return 0, false
	}
	return math.Float64frombits(uint64(e)<<52 | m&(1<<52-1)), true
}

// lastExactPower is the greatest power of ten that 128 bits hold exactly:
// 5^55 < 2^128 < 5^56.
const lastExactPower = 55
