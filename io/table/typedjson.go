package table

import (
	"math"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/go-json-experiment/json/jsontext"
)

// jsonText appends value i of an array as JSON. Nulls are null.
type jsonText func(dst []byte, i int) []byte

// newJSONText says how the values of an array are written as JSON: numbers as
// numbers (floats shortest at their own width, null where they are not finite;
// decimals exact), text, times and binary as strings like those of a CSV cell,
// lists as arrays, structs and maps with text keys as objects, other maps as
// arrays of pairs.
func newJSONText(a arrow.Array) jsonText {
	value := jsonNumber(a)
	if value == nil {
		value = jsonString(a)
	}
	if value == nil {
		value = jsonNested(a)
	}
	if value == nil {
		value = func(dst []byte, i int) []byte { return appendJSONString(dst, a.ValueStr(i)) }
	}
	return func(dst []byte, i int) []byte {
		if a.IsNull(i) {
			return append(dst, "null"...)
		}
		return value(dst, i)
	}
}

func jsonNumber(a arrow.Array) jsonText {
	text := numberText(a)
	if text == nil {
		return nil
	}
	plain := func(dst []byte, i int) []byte { return text(dst, i, 0) }
	switch a := a.(type) {
	case *array.Float16:
		return finite(func(i int) float64 { return float64(a.Value(i).Float32()) }, plain)
	case *array.Float32:
		return finite(func(i int) float64 { return float64(a.Value(i)) }, plain)
	case *array.Float64:
		return finite(a.Value, plain)
	}
	return plain
}

// finite writes null for what JSON has no number for.
func finite(value func(i int) float64, text jsonText) jsonText {
	return func(dst []byte, i int) []byte {
		if v := value(i); math.IsNaN(v) || math.IsInf(v, 0) {
			return append(dst, "null"...)
		}
		return text(dst, i)
	}
}

func jsonString(a arrow.Array) jsonText {
	switch a := a.(type) {
	case *array.String:
		return func(dst []byte, i int) []byte { return appendJSONString(dst, a.Value(i)) }
	case *array.LargeString:
		return func(dst []byte, i int) []byte { return appendJSONString(dst, a.Value(i)) }
	case *array.StringView:
		return func(dst []byte, i int) []byte { return appendJSONString(dst, a.Value(i)) }
	case *array.Binary:
		return quotedJSON(binaryText(a))
	case *array.LargeBinary:
		return quotedJSON(binaryText(a))
	case *array.BinaryView:
		return quotedJSON(binaryText(a))
	case *array.FixedSizeBinary:
		return quotedJSON(binaryText(a))
	}
	if text := timeText(a); text != nil {
		return quotedJSON(text)
	}
	return nil
}

// quotedJSON puts text that needs no escaping in quotes. Text that comes in
// quotes already is the CSV's way of writing an empty cell.
func quotedJSON(text cellText) jsonText {
	return func(dst []byte, i int) []byte {
		start := len(dst)
		dst = append(dst, '"')
		dst = text(dst, i, 0)
		if string(dst[start:]) == `"""` {
			return dst[:start+2]
		}
		return append(dst, '"')
	}
}

func jsonNested(a arrow.Array) jsonText {
	switch a := a.(type) {
	case *array.Null:
		return func(dst []byte, _ int) []byte { return append(dst, "null"...) }
	case *array.Map: // before the list it is made of
		return jsonMap(a)
	case array.ListLike:
		return jsonList(a)
	case *array.Struct:
		return jsonStruct(a)
	case *array.Dictionary:
		words := newJSONText(a.Dictionary())
		return func(dst []byte, i int) []byte { return words(dst, a.GetValueIndex(i)) }
	case *array.RunEndEncoded:
		values := newJSONText(a.Values())
		return func(dst []byte, i int) []byte { return values(dst, a.GetPhysicalIndex(i)) }
	case array.ExtensionArray:
		return newJSONText(a.Storage())
	}
	return nil
}

func jsonList(a array.ListLike) jsonText {
	item := newJSONText(a.ListValues())
	return func(dst []byte, i int) []byte {
		start, end := a.ValueOffsets(i)
		dst = append(dst, '[')
		for j := start; j < end; j++ {
			if j > start {
				dst = append(dst, ',')
			}
			dst = item(dst, int(j))
		}
		return append(dst, ']')
	}
}

func jsonStruct(a *array.Struct) jsonText {
	fields := a.DataType().(*arrow.StructType).Fields()
	values := make([]jsonText, a.NumField())
	for k := range values {
		values[k] = newJSONText(a.Field(k))
	}
	return func(dst []byte, i int) []byte {
		dst = append(dst, '{')
		for k, value := range values {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSONString(dst, fields[k].Name), ':')
			dst = value(dst, i)
		}
		return append(dst, '}')
	}
}

func jsonMap(a *array.Map) jsonText {
	key, item := newJSONText(a.Keys()), newJSONText(a.Items())
	open, between, closing, pair, end := "[", ",", "]", "[", "]"
	switch a.Keys().DataType().ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		open, between, closing, pair, end = "{", ":", "}", "", ""
	}
	return func(dst []byte, i int) []byte {
		from, to := a.ValueOffsets(i)
		dst = append(dst, open...)
		for j := from; j < to; j++ {
			if j > from {
				dst = append(dst, ',')
			}
			dst = append(key(append(dst, pair...), int(j)), between...)
			dst = append(item(dst, int(j)), end...)
		}
		return append(dst, closing...)
	}
}

// appendJSONString appends text as a JSON string. Bytes that are no UTF-8
// become U+FFFD.
func appendJSONString[T string | []byte](dst []byte, text T) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			// An error says no more than that bytes were replaced.
			dst, _ = jsontext.AppendQuote(dst, text)
			return dst
		}
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}
