package table

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

func appendInt(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }

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
		return func(dst []byte, i int, _ byte) []byte { return AppendFloat32(dst, a.Value(i).Float32()) }
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
