package table

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Files of one table, written in turn by programs that choose types by what
// they see, differ in them: text with offsets of 32 or 64 bits, a column of
// categories or of plain words, integers of several widths, whole numbers as
// floats because one is missing, timestamps of several units. A kept column is
// one type in the output, so its values are made that type where none of them
// changes; a value that does not fit makes its row bad.

// fit makes an array of another type from a. It calls bad for each value that
// the other type does not have; such a value becomes null. The array returned
// is the caller's.
type fit func(a arrow.Array, mem memory.Allocator, bad func(row int)) (arrow.Array, error)

// Fits reports whether a column of one type can be kept as one of another.
func Fits(from, to arrow.DataType) bool {
	return arrow.TypeEqual(from, to) || fitting(from, to) != nil
}

// fitting is how values of one type become another; nil where they cannot.
func fitting(from, to arrow.DataType) fit {
	if from.ID() == arrow.NULL {
		return fitNulls(to)
	}
	if d, ok := from.(*arrow.DictionaryType); ok {
		return fitWords(d.ValueType, to)
	}
	if d, ok := to.(*arrow.DictionaryType); ok {
		if textual(from) && textual(d.ValueType) {
			return fitDictionary(d)
		}
		return nil
	}
	switch {
	case sameFamily(from, to):
		return fitDense(to)
	case from.ID() == arrow.TIMESTAMP && to.ID() == arrow.TIMESTAMP:
		return fitTime(from.(*arrow.TimestampType), to.(*arrow.TimestampType))
	case wideNumber(from) && wideNumber(to):
		return fitNumbers(to)
	case arrow.IsFloating(from.ID()) && to.ID() == arrow.FLOAT64:
		return fitFloats
	}
	return nil
}

// sameFamily reports whether two types differ only in how values are stored:
// by the width of offsets, or by names and nullability of the parts of lists
// and records.
func sameFamily(from, to arrow.DataType) bool {
	switch {
	case arrow.TypeEqual(from, to), textual(from) && textual(to), octets(from) && octets(to):
		return true
	case from.ID() != to.ID() || from.ID() != arrow.LIST && from.ID() != arrow.LARGE_LIST && from.ID() != arrow.STRUCT:
		return false
	}
	a, b := from.(arrow.NestedType).Fields(), to.(arrow.NestedType).Fields()
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameFamily(a[i].Type, b[i].Type) || a[i].Nullable && !b[i].Nullable || from.ID() == arrow.STRUCT && a[i].Name != b[i].Name {
			return false
		}
	}
	return true
}

func textual(t arrow.DataType) bool { return kindOf(t) == textKind && t.ID() != arrow.EXTENSION }

func octets(t arrow.DataType) bool {
	return t.ID() == arrow.BINARY || t.ID() == arrow.LARGE_BINARY || t.ID() == arrow.BINARY_VIEW
}

// wideNumber reports whether a type's values are whole numbers, or floats of
// 64 bits: narrower floats lose most of them.
func wideNumber(t arrow.DataType) bool { return arrow.IsInteger(t.ID()) || t.ID() == arrow.FLOAT64 }

func fitDense(to arrow.DataType) fit {
	return func(a arrow.Array, mem memory.Allocator, _ func(int)) (arrow.Array, error) {
		return denseArray(a, to, mem)
	}
}

func fitNulls(to arrow.DataType) fit {
	return func(a arrow.Array, mem memory.Allocator, _ func(int)) (arrow.Array, error) {
		return array.MakeArrayOfNull(mem, to, a.Len()), nil
	}
}

// fitWords looks up the values of a dictionary, and goes on from there.
func fitWords(values, to arrow.DataType) fit {
	next := fitting(values, to)
	if next == nil && !arrow.TypeEqual(values, to) {
		return nil
	}
	return func(a arrow.Array, mem memory.Allocator, bad func(int)) (arrow.Array, error) {
		dense, err := denseArray(a, values, mem)
		if err != nil || next == nil {
			return dense, err
		}
		defer dense.Release()
		return next(dense, mem, bad)
	}
}

// fitDictionary numbers words in the order in which rows use them.
func fitDictionary(to *arrow.DictionaryType) fit {
	return func(a arrow.Array, mem memory.Allocator, bad func(int)) (arrow.Array, error) {
		words := array.NewBuilder(mem, to.ValueType)
		defer words.Release()
		put := putter(words, a)
		numbers := map[string]int64{}
		indices := array.NewBuilder(mem, to.IndexType)
		defer indices.Release()
		for i := range a.Len() {
			if a.IsNull(i) {
				indices.AppendNull()
				continue
			}
			word := a.(texts).Value(i)
			n, known := numbers[word]
			if !known {
				if n = int64(len(numbers)); n > maxIndex(to.IndexType) {
					indices.AppendNull()
					bad(i)
					continue
				}
				numbers[word] = n
				put(i)
			}
			appendWhole(indices, n)
		}
		dict, index := words.NewArray(), indices.NewArray()
		defer dict.Release()
		defer index.Release()
		return array.NewDictionaryArray(to, index, dict), nil
	}
}

// fitFloats makes wider floats of narrow ones.
func fitFloats(a arrow.Array, mem memory.Allocator, _ func(int)) (arrow.Array, error) {
	b := array.NewFloat64Builder(mem)
	defer b.Release()
	b.Reserve(a.Len())
	for i := range a.Len() {
		switch a := a.(type) {
		case *array.Float32:
			b.Append(float64(a.Value(i)))
		case *array.Float16:
			b.Append(float64(a.Value(i).Float32()))
		}
		if a.IsNull(i) {
			b.SetNull(i)
		}
	}
	return b.NewArray(), nil
}

// fitNumbers makes numbers of another type: those that it has.
func fitNumbers(to arrow.DataType) fit {
	return func(a arrow.Array, mem memory.Allocator, bad func(int)) (arrow.Array, error) {
		b := array.NewBuilder(mem, to)
		defer b.Release()
		b.Reserve(a.Len())
		value := wholeValues(a)
		for i := range a.Len() {
			if a.IsNull(i) {
				b.AppendNull()
				continue
			}
			if v, ok := value(i); !ok || !appendWhole(b, v) {
				b.AppendNull()
				bad(i)
			}
		}
		return b.NewArray(), nil
	}
}

// wholeValues reads the whole numbers of an array, as far as they have 63 bits.
func wholeValues(a arrow.Array) func(i int) (int64, bool) {
	switch a := a.(type) {
	case *array.Int8:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Int16:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Int32:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Int64:
		return func(i int) (int64, bool) { return a.Value(i), true }
	case *array.Uint8:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Uint16:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Uint32:
		return func(i int) (int64, bool) { return int64(a.Value(i)), true }
	case *array.Uint64:
		return func(i int) (int64, bool) { return int64(a.Value(i)), a.Value(i) <= math.MaxInt64 }
	case *array.Float64:
		return func(i int) (int64, bool) {
			v := a.Value(i)
			return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<63
		}
	}
	return nil
}

// appendWhole appends a number that the builder's type has.
func appendWhole(b array.Builder, v int64) bool {
	fits := true
	switch b := b.(type) {
	case *array.Int8Builder:
		if fits = v == int64(int8(v)); fits {
			b.Append(int8(v))
		}
	case *array.Int16Builder:
		if fits = v == int64(int16(v)); fits {
			b.Append(int16(v))
		}
	case *array.Int32Builder:
		if fits = v == int64(int32(v)); fits {
			b.Append(int32(v))
		}
	case *array.Int64Builder:
		b.Append(v)
	case *array.Uint8Builder:
		if fits = v == int64(uint8(v)); fits {
			b.Append(uint8(v))
		}
	case *array.Uint16Builder:
		if fits = v == int64(uint16(v)); fits {
			b.Append(uint16(v))
		}
	case *array.Uint32Builder:
		if fits = v == int64(uint32(v)); fits {
			b.Append(uint32(v))
		}
	case *array.Uint64Builder:
		if fits = v >= 0; fits {
			b.Append(uint64(v))
		}
	case *array.Float64Builder:
		if fits = v >= -1<<53 && v <= 1<<53; fits {
			b.Append(float64(v))
		}
	}
	return fits
}

// fitTime changes the unit. The zones may differ, but not whether there is one:
// both then tell the same instant.
func fitTime(from, to *arrow.TimestampType) fit {
	if (from.TimeZone == "") != (to.TimeZone == "") {
		return nil
	}
	times, over := int64(1), int64(1) // of the value
	if a, b := from.Unit.Multiplier(), to.Unit.Multiplier(); a > b {
		times = int64(a / b)
	} else {
		over = int64(b / a)
	}
	return func(a arrow.Array, mem memory.Allocator, bad func(int)) (arrow.Array, error) {
		b := array.NewTimestampBuilder(mem, to)
		defer b.Release()
		b.Reserve(a.Len())
		for i, v := range a.(*array.Timestamp).Values() {
			out := v / arrow.Timestamp(over) * arrow.Timestamp(times)
			switch {
			case a.IsNull(i):
				b.AppendNull()
			case out/arrow.Timestamp(times)*arrow.Timestamp(over) != v:
				b.AppendNull()
				bad(i)
			default:
				b.Append(out)
			}
		}
		return b.NewArray(), nil
	}
}
