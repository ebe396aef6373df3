package table

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/float16"
)

func appendInt(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }

// arrowText writes the values of one array as CSV cells.
type arrowText struct {
	array arrow.Array
	cell  func(dst []byte, i int, delim byte) []byte
}

// append appends value i; null is an empty cell.
func (t *arrowText) append(dst []byte, i int, delim byte) []byte {
	if t.array.IsNull(i) {
		return dst
	}
	return t.cell(dst, i, delim)
}

// newArrowText says how the values of an array are written: integers and
// decimals exact, floats shortest at their own width, dates and times in ISO
// 8601, binary in base64, nested values as JSON, dictionaries by their words.
func newArrowText(a arrow.Array) (arrowText, error) {
	cell := numberText(a)
	if cell == nil {
		cell = timeText(a)
	}
	if cell == nil {
		cell = otherText(a)
	}
	if cell == nil {
		return arrowText{}, fmt.Errorf("%w: values of type %s cannot be written as text", ErrUsage, a.DataType())
	}
	return arrowText{a, cell}, nil
}

type cellText func(dst []byte, i int, delim byte) []byte

func numberText(a arrow.Array) cellText {
	switch a := a.(type) {
	case *array.Int8:
		return signed(a)
	case *array.Int16:
		return signed(a)
	case *array.Int32:
		return signed(a)
	case *array.Int64:
		return signed(a)
	case *array.Uint8:
		return unsigned(a)
	case *array.Uint16:
		return unsigned(a)
	case *array.Uint32:
		return unsigned(a)
	case *array.Uint64:
		return unsigned(a)
	case *array.Float16:
		return func(dst []byte, i int, _ byte) []byte { return appendHalf(dst, a.Value(i)) }
	case *array.Float32:
		return func(dst []byte, i int, _ byte) []byte { return AppendFloat32(dst, a.Value(i)) }
	case *array.Float64:
		return func(dst []byte, i int, _ byte) []byte { return AppendFloat64(dst, a.Value(i)) }
	case *array.Boolean:
		return func(dst []byte, i int, _ byte) []byte { return strconv.AppendBool(dst, a.Value(i)) }
	case *array.Decimal32:
		return decimalText(a)
	case *array.Decimal64:
		return decimalText(a)
	case *array.Decimal128:
		return decimalText(a)
	case *array.Decimal256:
		return decimalText(a)
	}
	return nil
}

// decimalText writes decimals with all digits of their scale.
func decimalText[T interface{ ToString(scale int32) string }](a interface {
	arrow.Array
	Value(int) T
}) cellText {
	scale := a.DataType().(arrow.DecimalType).GetScale()
	return func(dst []byte, i int, delim byte) []byte { return appendCell(dst, a.Value(i).ToString(scale), delim) }
}

// appendHalf appends the shortest text that the nearest half precision number
// reads back from; five digits always do.
func appendHalf(dst []byte, h float16.Num) []byte {
	f := float64(h.Float32())
	bits := h.Uint16() &^ (1 << 15)
	if bits == 0 || bits >= halfInf {
		return AppendFloat64(dst, f)
	}
	a := math.Abs(f)
	below := float64(float16.FromBits(bits - 1).Float32())
	above := 65536.0 // past the largest, as if there were one more
	if bits+1 < halfInf {
		above = float64(float16.FromBits(bits + 1).Float32())
	}
	for digits := range 5 {
		v, err := strconv.ParseFloat(strconv.FormatFloat(a, 'e', digits, 64), 64)
		if err == nil && (below+a)/2 < v && v < (a+above)/2 {
			return AppendFloat64(dst, math.Copysign(v, f))
		}
	}
	return AppendFloat64(dst, f)
}

// halfInf is infinity in half precision; NaNs are above it.
const halfInf = 0x7c00

func signed[T int8 | int16 | int32 | int64](a interface{ Value(int) T }) cellText {
	return func(dst []byte, i int, _ byte) []byte { return strconv.AppendInt(dst, int64(a.Value(i)), 10) }
}

func unsigned[T uint8 | uint16 | uint32 | uint64](a interface{ Value(int) T }) cellText {
	return func(dst []byte, i int, _ byte) []byte { return strconv.AppendUint(dst, uint64(a.Value(i)), 10) }
}

func timeText(a arrow.Array) cellText {
	switch a := a.(type) {
	case *array.Date32:
		return func(dst []byte, i int, _ byte) []byte { return a.Value(i).ToTime().AppendFormat(dst, time.DateOnly) }
	case *array.Date64:
		return func(dst []byte, i int, _ byte) []byte { return a.Value(i).ToTime().AppendFormat(dst, time.DateOnly) }
	case *array.Timestamp:
		return timestampText(a)
	case *array.Time32:
		unit := a.DataType().(*arrow.Time32Type).Unit
		return func(dst []byte, i int, _ byte) []byte {
			return a.Value(i).ToTime(unit).AppendFormat(dst, "15:04:05.999999999")
		}
	case *array.Time64:
		unit := a.DataType().(*arrow.Time64Type).Unit
		return func(dst []byte, i int, _ byte) []byte {
			return a.Value(i).ToTime(unit).AppendFormat(dst, "15:04:05.999999999")
		}
	}
	return nil
}

// timestampText writes instants with their zone's offset; timestamps without a
// zone are wall clock times and have none.
func timestampText(a *array.Timestamp) cellText {
	t := a.DataType().(*arrow.TimestampType)
	layout, zone := "2006-01-02T15:04:05.999999999Z07:00", time.UTC
	if t.TimeZone == "" {
		layout = "2006-01-02T15:04:05.999999999"
	} else if z, err := t.GetZone(); err == nil {
		zone = z
	}
	return func(dst []byte, i int, _ byte) []byte {
		return a.Value(i).ToTime(t.Unit).In(zone).AppendFormat(dst, layout)
	}
}

func otherText(a arrow.Array) cellText {
	switch a := a.(type) {
	case *array.String:
		return func(dst []byte, i int, delim byte) []byte { return appendCell(dst, a.Value(i), delim) }
	case *array.LargeString:
		return func(dst []byte, i int, delim byte) []byte { return appendCell(dst, a.Value(i), delim) }
	case *array.StringView:
		return func(dst []byte, i int, delim byte) []byte { return appendCell(dst, a.Value(i), delim) }
	case *array.Binary:
		return binaryText(a)
	case *array.LargeBinary:
		return binaryText(a)
	case *array.BinaryView:
		return binaryText(a)
	case *array.FixedSizeBinary:
		return binaryText(a)
	case *array.Dictionary:
		return dictionaryText(a)
	case *array.Null:
		return func(dst []byte, _ int, _ byte) []byte { return dst }
	case array.ExtensionArray:
		words, err := newArrowText(a.Storage())
		if err != nil {
			return nil
		}
		return words.append
	}
	return nestedText(a)
}

func binaryText(a interface{ Value(int) []byte }) cellText {
	return func(dst []byte, i int, delim byte) []byte {
		v := a.Value(i)
		if len(v) == 0 {
			return append(dst, `""`...)
		}
		return base64.StdEncoding.AppendEncode(dst, v)
	}
}

// dictionaryText writes the words of a dictionary.
func dictionaryText(a *array.Dictionary) cellText {
	words, err := newArrowText(a.Dictionary())
	if err != nil {
		return nil
	}
	return func(dst []byte, i int, delim byte) []byte {
		return words.append(dst, a.GetValueIndex(i), delim)
	}
}

// nestedText writes lists, structs, maps and unions as JSON.
func nestedText(a arrow.Array) cellText {
	if !arrow.IsNested(a.DataType().ID()) {
		return func(dst []byte, i int, delim byte) []byte { return appendCell(dst, a.ValueStr(i), delim) }
	}
	text := newJSONText(a)
	var buf []byte
	return func(dst []byte, i int, delim byte) []byte {
		buf = text(buf[:0], i)
		return appendCell(dst, buf, delim)
	}
}
