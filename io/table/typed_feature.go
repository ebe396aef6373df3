package table

import (
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/decimal"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/float16"
)

// featureDecoder turns one Arrow array into one feature of Rows.
type featureDecoder struct {
	words *wordReader
	slot  int32 // of the feature
	field int32 // of the source
	dict  *Dictionary
	table *wordTable // of the array's dictionary, if it has been read already
	own   *typedColumn
	out   *Feature
	bad   []Bad
}

// decode reads the array. It reports whether the feature shows the array's own
// memory, which must then be kept alive.
func (d *featureDecoder) decode(a arrow.Array) (borrowed bool, err error) {
	for {
		ext, ok := a.(array.ExtensionArray)
		if !ok {
			break
		}
		a = ext.Storage()
	}
	if a.DataType().ID() == arrow.NULL {
		d.allMissing(a.Len())
		return false, nil
	}
	if da, ok := a.(*array.Dictionary); ok {
		d.decodeDictionary(da)
		return false, nil
	}
	if d.dict != nil {
		d.eachWord(a)
		return false, nil
	}
	return d.decodeNumbers(a), nil
}

// decodeNumbers reads an array of numbers, booleans or text as numbers.
func (d *featureDecoder) decodeNumbers(a arrow.Array) (borrowed bool) {
	switch a := a.(type) {
	case *array.Float64:
		d.out.F64 = a.Float64Values()
		borrowed = true
	case *array.Float32:
		d.out.F32 = a.Float32Values()
		borrowed = true
	case *array.Float16:
		d.out.F64 = convert(d.numbers(a.Len()), a.Values(), float16Number)
	case *array.Int64:
		d.out.F64 = widen(d.numbers(a.Len()), a.Int64Values())
	case *array.Int32:
		d.out.F64 = widen(d.numbers(a.Len()), a.Int32Values())
	case *array.Int16:
		d.out.F64 = widen(d.numbers(a.Len()), a.Int16Values())
	case *array.Int8:
		d.out.F64 = widen(d.numbers(a.Len()), a.Int8Values())
	case *array.Uint64:
		d.out.F64 = widen(d.numbers(a.Len()), a.Uint64Values())
	case *array.Uint32:
		d.out.F64 = widen(d.numbers(a.Len()), a.Uint32Values())
	case *array.Uint16:
		d.out.F64 = widen(d.numbers(a.Len()), a.Uint16Values())
	case *array.Uint8:
		d.out.F64 = widen(d.numbers(a.Len()), a.Uint8Values())
	case *array.Boolean:
		d.out.F64 = d.numbers(a.Len())
		for i := range d.out.F64 {
			d.out.F64[i] = 0
			if a.Value(i) {
				d.out.F64[i] = 1
			}
		}
	case *array.Decimal32:
		d.out.F64 = convert(d.numbers(a.Len()), a.Values(), decimalFloat[decimal.Decimal32](a.DataType()))
	case *array.Decimal64:
		d.out.F64 = convert(d.numbers(a.Len()), a.Values(), decimalFloat[decimal.Decimal64](a.DataType()))
	case *array.Decimal128:
		d.out.F64 = convert(d.numbers(a.Len()), a.Values(), decimal128Float(a.DataType()))
	case *array.Decimal256:
		d.out.F64 = convert(d.numbers(a.Len()), a.Values(), decimalFloat[decimal.Decimal256](a.DataType()))
	default:
		d.eachWord(a)
		return false
	}
	d.out.Valid = d.validity(a)
	return borrowed
}

// numbers is the feature's own memory for n numbers.
func (d *featureDecoder) numbers(n int) []float64 {
	d.own.f64 = sized(d.own.f64, n)
	return d.own.f64
}

// sized returns s with length n, its contents not kept.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// validity is the array's null bitmap from its first row on, nil when no row
// is null. It is a copy only where the rows do not start at a whole byte.
func (d *featureDecoder) validity(a arrow.Array) []byte {
	if a.NullN() == 0 {
		return nil
	}
	bits, offset, n := a.NullBitmapBytes(), a.Data().Offset(), a.Len()
	size := int(bitutil.BytesForBits(int64(n)))
	d.own.valid = sized(d.own.valid, size)
	if offset%8 == 0 {
		copy(d.own.valid, bits[offset/8:offset/8+size])
	} else {
		bitutil.CopyBitmap(bits, offset, n, d.own.valid, 0)
	}
	return d.own.valid
}

// allMissing gives n missing values.
func (d *featureDecoder) allMissing(n int) {
	if d.dict != nil {
		d.out.Codes = d.codes(n)
		for i := range d.out.Codes {
			d.out.Codes[i] = CodeMissing
		}
		return
	}
	d.out.F64 = d.numbers(n)
	d.out.Valid = d.noneValid(n)
}

// codes is the feature's own memory for n codes.
func (d *featureDecoder) codes(n int) []int32 {
	d.own.codes = sized(d.own.codes, n)
	return d.own.codes
}

// noneValid is a bitmap of n zeros.
func (d *featureDecoder) noneValid(n int) []byte {
	d.own.valid = sized(d.own.valid, int(bitutil.BytesForBits(int64(n))))
	clear(d.own.valid)
	return d.own.valid
}

// integer is any of Go's sized integers.
type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// widen converts integers to the nearest float64.
func widen[T integer](dst []float64, src []T) []float64 {
	dst = dst[:len(src)]
	for i, x := range src {
		dst[i] = float64(x)
	}
	return dst
}

// convert applies f to each value.
func convert[T any](dst []float64, src []T, f func(T) float64) []float64 {
	for i, x := range src {
		dst[i] = f(x)
	}
	return dst
}

func float16Number(x float16.Num) float64 { return float64(x.Float32()) }

// decimalFloat is the float64 nearest to a decimal. Parsing its digits is
// slow but exact for every width and scale.
func decimalFloat[T interface{ ToString(int32) string }](t arrow.DataType) func(T) float64 {
	scale := t.(arrow.DecimalType).GetScale()
	return func(x T) float64 { return parsedDecimal(x.ToString(scale)) }
}

// decimal128Float is decimalFloat for the width most files have. Where both
// digits and power of ten are exact in float64, one division rounds right.
func decimal128Float(t arrow.DataType) func(decimal128.Num) float64 {
	scale := t.(arrow.DecimalType).GetScale()
	if scale < 0 || scale > 22 {
		return decimalFloat[decimal128.Num](t)
	}
	power := math.Pow10(int(scale))
	return func(x decimal128.Num) float64 {
		low := int64(x.LowBits())
		if x.HighBits() == low>>63 && low >= -1<<53 && low <= 1<<53 {
			return float64(low) / power
		}
		return parsedDecimal(x.ToString(scale))
	}
}

// parsedDecimal reads a decimal's digits; beyond float64 they are infinite,
// which the model's bounds refuse.
func parsedDecimal(text string) float64 {
	x, _ := strconv.ParseFloat(text, 64)
	return x
}
