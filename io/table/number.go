package table

import (
	"math"
	"strconv"
	"unsafe"
)

// pow10 are the powers of ten that float64 holds exactly.
var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// parseNumber reads a number of the grammar
//
//	[+-]? (digits [. digits?] | . digits) ([eE] [+-]? digits)?
//
// or the words true and false as 1 and 0. decimal stands for the point. The
// value is the nearest float64; ok is false for other text and for numbers
// that are not finite as float64. Blanks are not trimmed.
//
// Up to 19 digits go through nearestFloat, all else through strconv.
func parseNumber(text []byte, decimal byte) (v float64, ok bool) {
	n, ok := scanNumber(text, decimal)
	if !ok {
		return boolNumber(text)
	}
	if n.exact {
		if v, ok := nearestFloat(n.mant, n.exp); ok {
			if n.neg {
				v = -v
			}
			return v, true
		}
	}
	return slowNumber(text, decimal)
}

// decimalNumber is a number's text taken apart: ±mant·10^exp.
type decimalNumber struct {
	mant  uint64
	exp   int
	neg   bool
	exact bool // mant holds every digit
}

// maxExponent is where more digits of an exponent no longer matter.
const maxExponent = 1 << 20

// scanNumber checks the grammar and takes the number apart.
func scanNumber(text []byte, decimal byte) (n decimalNumber, ok bool) {
	i := 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		n.neg = text[i] == '-'
		i++
	}
	n.exact = true
	digits, point := 0, -1
	for ; i < len(text); i++ {
		d := text[i] - '0'
		if d > 9 {
			if text[i] != decimal || point >= 0 {
				break
			}
			point = i
			continue
		}
		digits++
		if n.mant >= (math.MaxUint64-9)/10 {
			n.exact = false
		} else {
			n.mant = n.mant*10 + uint64(d)
		}
	}
	if digits == 0 {
		return n, false
	}
	if point >= 0 {
		n.exp = point + 1 - i
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		e, rest, ok := scanExponent(text[i+1:])
		if !ok || len(rest) > 0 {
			return n, false
		}
		n.exp += e
		return n, true
	}
	return n, i == len(text)
}

func scanExponent(text []byte) (e int, rest []byte, ok bool) {
	neg := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		neg = text[0] == '-'
		text = text[1:]
	}
	i := 0
	for ; i < len(text) && text[i]-'0' <= 9; i++ {
		if e < maxExponent {
			e = e*10 + int(text[i]-'0')
		}
	}
	if neg {
		e = -e
	}
	return e, text[i:], i > 0
}

// clinger is mant·10^exp, if one rounding gives it: mant is at most 2^53, and
// powers of ten up to 10^22 are exact (Clinger, How to Read Floating Point
// Numbers Accurately, 1990).
func clinger(mant uint64, exp int) (float64, bool) {
	v := float64(int64(mant))
	switch {
	case exp == 0 || mant == 0:
		return v, true
	case exp > 0 && exp <= 22:
		// v·10^exp is rounded once whatever v is.
		return v * pow10[exp], true
	case exp < 0 && exp >= -22:
		return v / pow10[-exp], true
	}
	return 0, false
}

func boolNumber(text []byte) (float64, bool) {
	switch string(text) {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	return 0, false
}

// slowNumber reads text of the grammar with strconv.
func slowNumber(text []byte, decimal byte) (float64, bool) {
	if decimal != '.' {
		text = append(make([]byte, 0, 64), text...)
		for i, b := range text {
			if b == decimal {
				text[i] = '.'
			}
		}
	}
	// The string lives no longer than this call, which does not write text.
	v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(text), len(text)), 64)
	return v, err == nil
}
