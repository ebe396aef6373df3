package table

import (
	"math/bits"
	"unsafe"
)

// longNumber reads the number at p that is too long for the fast loop, or has
// a plus sign, an exponent or quotes, and returns where the next cell starts
// and where this one ends. It returns p itself if the cell is anything else.
func (d *csvDecoder) longNumber(column int, row uintptr, base unsafe.Pointer, p uintptr) (next, end uintptr) {
	at := p
	quote := load1(base, p)
	if quote == '"' {
		p++
	}
	sign := load1(base, p)
	if sign == '-' || sign == '+' {
		p++
	}
	mant, p, digits, ok := runOfDigits(base, p, 0)
	exp := 0
	if ok && load1(base, p) == d.plan.decimal {
		var more int
		mant, p, more, ok = runOfDigits(base, p+1, mant)
		digits, exp = digits+more, -more
	}
	if !ok || digits == 0 {
		return at, at
	}
	if b := load1(base, p); b|0x20 == 'e' {
		text := d.data[p+1 : min(p+8, uintptr(len(d.data)))]
		e, rest, ok := scanExponent(text)
		if !ok || len(rest) == 0 {
			return at, at
		}
		exp += e
		p += 1 + uintptr(len(text)-len(rest))
	}
	if quote == '"' {
		if load1(base, p) != '"' {
			return at, at
		}
		p++
	}
	c := &d.fast[column]
	end = p
	if term := load1(base, p); term == c.sep {
		p++
	} else if term == '\r' && c.sep == '\n' && load1(base, p+1) == '\n' {
		p += 2
	} else {
		return at, at
	}
	f, ok := nearestFloat(mant, exp)
	if !ok || len(d.plan.missing.numbers) > 0 && d.plan.missing.maybe(f) {
		return at, at
	}
	if sign == '-' {
		f = -f
	}
	*(*float64)(unsafe.Add(c.out, row<<3)) = f
	return p, end
}

// runOfDigits reads the digits from p on behind those of mant, and returns
// where they end and how many they are. It is not ok if 64 bits may not hold
// them.
func runOfDigits(base unsafe.Pointer, p uintptr, mant uint64) (uint64, uintptr, int, bool) {
	for n := 0; ; {
		digits := load8(base, p) ^ swarZeros
		k := uintptr(bits.TrailingZeros64((digits+swarNoDigi|digits)&swarHighs)) &^ 7
		if mant >= integerPowers[19-k>>3&15] {
			return 0, p, n, false
		}
		mant = mant*integerPowers[k>>3&15] + eightDigits(digits<<(64-k))
		n += int(k >> 3)
		p += k >> 3
		if k < 64 {
			return mant, p, n, true
		}
	}
}
