package table

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// writeValues writes a leaf column's values by the library.
func writeValues(w file.ColumnChunkWriter, s *shredded) error {
	if w.Descr().MaxRepetitionLevel() == 0 {
		s.repetition = nil // of structs alone
	}
	a := s.values
	if e, ok := a.(array.ExtensionArray); ok {
		a = e.Storage()
	}
	switch w := w.(type) {
	case *file.BooleanColumnChunkWriter:
		b, ok := a.(*array.Boolean)
		return writeEach(s, a, ok, func(i int) (bool, error) { return b.Value(i), nil }, w.WriteBatch)
	case *file.Int32ColumnChunkWriter:
		if asStored(a.DataType(), 32) {
			return writePlain(s, a, w.WriteBatch)
		}
		get := numbers32(a)
		return writeEach(s, a, get != nil, get, w.WriteBatch)
	case *file.Int64ColumnChunkWriter:
		if asStored(a.DataType(), 64) {
			return writePlain(s, a, w.WriteBatch)
		}
		seconds, ok := a.(*array.Timestamp)
		return writeEach(s, a, ok, func(i int) (int64, error) { return milliseconds(int64(seconds.Value(i))) }, w.WriteBatch)
	case *file.Float32ColumnChunkWriter:
		return writePlain(s, a, w.WriteBatch)
	case *file.Float64ColumnChunkWriter:
		return writePlain(s, a, w.WriteBatch)
	case *file.ByteArrayColumnChunkWriter:
		get := textValue(a)
		return writeEach(s, a, get != nil, get, w.WriteBatch)
	case *file.FixedLenByteArrayColumnChunkWriter:
		get := fixedValue(a, w.Descr().TypeLength())
		return writeEach(s, a, get != nil, get, w.WriteBatch)
	}
	return fmt.Errorf("values of type %s cannot be written as %s", a.DataType(), w.Type())
}

// writeEach gathers the values that are there and writes them with the levels.
func writeEach[T any](s *shredded, a arrow.Array, fits bool, get func(i int) (T, error), write func(values []T, definition, repetition []int16) (int64, error)) error {
	if !fits {
		return fmt.Errorf("values of type %s are not those of their column", a.DataType())
	}
	n := len(s.present)
	if s.all {
		n = a.Len()
	}
	values := make([]T, n)
	for k := range values {
		i := k
		if !s.all {
			i = s.present[k]
		}
		var err error
		if values[k], err = get(i); err != nil {
			return err
		}
	}
	_, err := write(values, s.definition, s.repetition)
	return err
}

// asStored reports whether Arrow holds whole numbers of so many bits as the
// file does.
func asStored(t arrow.DataType, bits int) bool {
	switch t := t.(type) {
	case *arrow.Time32Type:
		return t.Unit != arrow.Second
	case *arrow.TimestampType:
		return t.Unit != arrow.Second
	case *arrow.Date64Type:
		return false
	case arrow.FixedWidthDataType:
		return t.BitWidth() == bits
	}
	return false
}

// writePlain writes values that Arrow holds as the file does.
func writePlain[T int32 | int64 | float32 | float64](s *shredded, a arrow.Array, write func(values []T, definition, repetition []int16) (int64, error)) error {
	var values []T
	if b := a.Data().Buffers()[1]; b != nil {
		values = arrow.GetData[T](b.Bytes())[a.Data().Offset():][:a.Len()]
	}
	if !s.all {
		there := make([]T, len(s.present))
		for k, i := range s.present {
			there[k] = values[i]
		}
		values = there
	}
	_, err := write(values, s.definition, s.repetition)
	return err
}

// numbers32 gets values of other widths or units as 32 bits; nil if they have no
// such form.
func numbers32(a arrow.Array) func(i int) (int32, error) {
	switch a := a.(type) {
	case *array.Null:
		return func(int) (int32, error) { return 0, nil }
	case *array.Int8:
		return func(i int) (int32, error) { return int32(a.Value(i)), nil }
	case *array.Uint8:
		return func(i int) (int32, error) { return int32(a.Value(i)), nil }
	case *array.Int16:
		return func(i int) (int32, error) { return int32(a.Value(i)), nil }
	case *array.Uint16:
		return func(i int) (int32, error) { return int32(a.Value(i)), nil }
	case *array.Date64:
		const milliseconds = 24 * 60 * 60 * 1000
		return func(i int) (int32, error) { return within32(int64(a.Value(i)) / milliseconds) }
	case *array.Time32: // in seconds
		return func(i int) (int32, error) { return within32(int64(a.Value(i)) * 1000) }
	}
	return nil
}

// within32 is v in 32 bits.
func within32(v int64) (int32, error) {
	if int64(int32(v)) != v {
		return 0, fmt.Errorf("%w: a date or a time is too far away for 32 bits", ErrData)
	}
	return int32(v), nil
}

// milliseconds of seconds.
func milliseconds(seconds int64) (int64, error) {
	if seconds > math.MaxInt64/1000 || seconds < math.MinInt64/1000 {
		return 0, fmt.Errorf("%w: a time in seconds is too far away for milliseconds", ErrData)
	}
	return seconds * 1000, nil
}

// textValue gets texts and bytes; nil if they are none.
func textValue(a arrow.Array) func(i int) (parquet.ByteArray, error) {
	switch a := a.(type) {
	case texts:
		return func(i int) (parquet.ByteArray, error) {
			v := a.Value(i)
			return unsafe.Slice(unsafe.StringData(v), len(v)), nil // only read
		}
	case *array.Binary:
		return func(i int) (parquet.ByteArray, error) { return a.Value(i), nil }
	case *array.LargeBinary:
		return func(i int) (parquet.ByteArray, error) { return a.Value(i), nil }
	}
	return nil
}

// fixedValue gets values of a fixed number of bytes; nil if they are none.
func fixedValue(a arrow.Array, size int) func(i int) (parquet.FixedLenByteArray, error) {
	switch a := a.(type) {
	case *array.FixedSizeBinary:
		return func(i int) (parquet.FixedLenByteArray, error) { return a.Value(i), nil }
	case *array.Float16:
		return func(i int) (parquet.FixedLenByteArray, error) {
			return arrow.Float16Traits.CastToBytes(a.Values()[i : i+1]), nil
		}
	}
	if d, ok := a.DataType().(arrow.DecimalType); ok {
		width := d.BitWidth() / 8
		var room []byte
		return func(i int) (parquet.FixedLenByteArray, error) {
			at := (a.Data().Offset() + i) * width
			number := a.Data().Buffers()[1].Bytes()[at : at+width]
			if !fitsIn(number, size) {
				return nil, fmt.Errorf("%w: a decimal has more digits than its type, %s", ErrData, d)
			}
			room = appendHighestFirst(room, number[:size])
			return room[len(room)-size:], nil
		}
	}
	return nil
}

// fitsIn reports whether the lowest size bytes of a number are all of it: those
// above repeat its sign.
func fitsIn(number []byte, size int) bool {
	sign := byte(int8(number[size-1]) >> 7)
	for _, b := range number[size:] {
		if b != sign {
			return false
		}
	}
	return true
}

// appendHighestFirst appends a number's bytes in the order of a file.
func appendHighestFirst(b, number []byte) []byte {
	for i := len(number) - 1; i >= 0; i-- {
		b = append(b, number[i])
	}
	return b
}
