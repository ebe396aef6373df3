package table

import (
	"math"
	"strconv"
)

// AppendFloat32 appends the shortest text that reads back to f as a float32:
// plain for 0 and 1e-5 <= |f| < 1e15, else with exponent, as in 1.5e-06. NaN
// and the infinities are NaN, inf and -inf.
func AppendFloat32(dst []byte, f float32) []byte { return appendFloat(dst, float64(f), 32) }

// AppendFloat64 is AppendFloat32 for float64.
func AppendFloat64(dst []byte, f float64) []byte { return appendFloat(dst, f, 64) }

func appendFloat(dst []byte, f float64, bits int) []byte {
	a := math.Abs(f)
	switch {
	case a == 0 || a >= 1e-5 && a < 1e15:
		return strconv.AppendFloat(dst, f, 'f', -1, bits)
	case math.IsNaN(f) || math.IsInf(f, 0):
		return appendNonFinite(dst, f)
	}
	return strconv.AppendFloat(dst, f, 'e', -1, bits)
}

func appendNonFinite(dst []byte, f float64) []byte {
	switch {
	case f != f:
		return append(dst, "NaN"...)
	case f < 0:
		return append(dst, "-inf"...)
	}
	return append(dst, "inf"...)
}

// AppendFixed appends f with n decimals, rounded correctly, a tie to the even
// digit.
func AppendFixed(dst []byte, f float64, n int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return appendNonFinite(dst, f)
	}
	return strconv.AppendFloat(dst, f, 'f', n, 64)
}
