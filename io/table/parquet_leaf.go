package table

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// leafArray is what a reader has read of a leaf column, as values of a type.
func leafArray(r file.RecordReader, t arrow.DataType) (arrow.Array, error) {
	if t.ID() == arrow.NULL {
		return array.NewNull(r.ValuesWritten()), nil
	}
	if _, ok := storageOf(t).(arrow.DecimalType); ok {
		return decimalArray(r, t)
	}
	if r, ok := r.(file.BinaryRecordReader); ok {
		return bytesArray(r, t)
	}
	bitmap := r.ReleaseValidBits()
	if bitmap != nil {
		defer bitmap.Release()
	}
	values, err := numbersAs(r, storageOf(t), bitmap)
	if err != nil {
		return nil, err
	}
	return arrayOfValues(r, t, bitmap, values), nil
}

// arrayOfValues is an array of what was read. It takes the values over.
func arrayOfValues(r file.RecordReader, t arrow.DataType, bitmap, values *memory.Buffer) arrow.Array {
	defer values.Release()
	return newArray(t, int64(r.ValuesWritten()), []*memory.Buffer{bitmap, values}, nil, r.NullCount())
}

// numbersAs are the reader's numbers at the width that a type has in Arrow.
func numbersAs(r file.RecordReader, t arrow.DataType, bitmap *memory.Buffer) (*memory.Buffer, error) {
	fixed, ok := t.(arrow.FixedWidthDataType)
	if !ok {
		return nil, fmt.Errorf("its numbers cannot be of type %s", t)
	}
	n := r.ValuesWritten()
	switch physical := r.Type(); {
	case physical == parquet.Types.Boolean:
		return r.(file.BooleanRecordReader).ReleaseValueBitmap(), nil
	case physical == parquet.Types.Int96:
		return instants(parquet.Int96Traits.CastFromBytes(r.Values())[:n], bitmap)
	case physical.ByteSize() == fixed.BitWidth()/8:
		return r.ReleaseValues(), nil
	case physical == parquet.Types.Int32 && t.ID() == arrow.DATE64:
		return days(arrow.Int32Traits.CastFromBytes(r.Values())[:n]), nil
	case physical == parquet.Types.Int32:
		return narrowed(arrow.Int32Traits.CastFromBytes(r.Values())[:n], fixed)
	case physical == parquet.Types.Int64:
		return narrowed(arrow.Int64Traits.CastFromBytes(r.Values())[:n], fixed)
	}
	return nil, fmt.Errorf("its numbers cannot be of type %s", t)
}

// narrowed keeps the low bits of whole numbers.
func narrowed[T int32 | int64](values []T, t arrow.FixedWidthDataType) (*memory.Buffer, error) {
	switch t.BitWidth() {
	case 8:
		return each(values, func(v T) int8 { return int8(v) }), nil
	case 16:
		return each(values, func(v T) int16 { return int16(v) }), nil
	case 32:
		return each(values, func(v T) int32 { return int32(v) }), nil
	}
	return nil, fmt.Errorf("its numbers cannot be of type %s", t)
}

// days are dates in milliseconds.
func days(values []int32) *memory.Buffer {
	const milliseconds = 24 * 60 * 60 * 1000
	return each(values, func(v int32) int64 { return int64(v) * milliseconds })
}

// each is a buffer of values, each made of another.
func each[From any, To int8 | int16 | int32 | int64](values []From, to func(From) To) *memory.Buffer {
	list := make([]To, len(values))
	for i, v := range values {
		list[i] = to(v)
	}
	return memory.NewBufferBytes(arrow.GetBytes(list))
}

// instants are INT96 as nanoseconds.
func instants(values []parquet.Int96, bitmap *memory.Buffer) (*memory.Buffer, error) {
	list := make([]int64, len(values))
	for i, v := range values {
		if bitmap != nil && !bitutil.BitIsSet(bitmap.Bytes(), i) {
			continue
		}
		t, err := v.ToTimestamp()
		if err != nil {
			return nil, err
		}
		list[i] = int64(t)
	}
	return memory.NewBufferBytes(arrow.GetBytes(list)), nil
}

// bytesArray is an array of texts, bytes or half-precision numbers. Where there
// are more than fit into one array, the library has made several.
func bytesArray(r file.BinaryRecordReader, t arrow.DataType) (arrow.Array, error) {
	chunks := r.GetBuilderChunks()
	defer func() { releaseArrays(chunks) }()
	for i, c := range chunks {
		a, err := chunkAs(c, t)
		if err != nil {
			return nil, err
		}
		c.Release()
		chunks[i] = a
	}
	switch len(chunks) {
	case 0:
		return array.MakeArrayOfNull(memory.DefaultAllocator, t, 0), nil
	case 1:
		chunks[0].Retain()
		return chunks[0], nil
	}
	return array.Concatenate(chunks, memory.DefaultAllocator)
}

// chunkAs is the same array with the type that the field has.
func chunkAs(a arrow.Array, t arrow.DataType) (arrow.Array, error) {
	want, ok := t.(*arrow.DictionaryType)
	if !ok {
		return newArray(t, int64(a.Len()), a.Data().Buffers(), nil, int64(a.NullN())), nil
	}
	d, ok := a.(*array.Dictionary)
	if !ok {
		return nil, errors.New("its text has no dictionary")
	}
	indices, err := indicesAs(d, want.IndexType)
	if err != nil {
		return nil, err
	}
	defer indices.Release()
	return array.NewDictionaryArray(t, indices, d.Dictionary()), nil
}

// indicesAs are a dictionary array's indices at another width.
func indicesAs(d *array.Dictionary, t arrow.DataType) (arrow.Array, error) {
	values := make([]int64, d.Len())
	most := int64(1)<<(t.(arrow.FixedWidthDataType).BitWidth()-1) - 1
	if arrow.IsUnsignedInteger(t.ID()) {
		most = most*2 + 1
	}
	for i := range values {
		if d.IsValid(i) {
			values[i] = int64(d.GetValueIndex(i))
		}
		if most > 0 && values[i] > most {
			return nil, fmt.Errorf("its dictionary is too large for indices of type %s", t)
		}
	}
	fixed := t.(arrow.FixedWidthDataType)
	buffer := memory.NewBufferBytes(arrow.GetBytes(values))
	if fixed.BitWidth() < 64 {
		var err error
		if buffer, err = narrowed(values, fixed); err != nil {
			return nil, err
		}
	}
	bitmap := memory.NewBufferBytes(make([]byte, bitutil.BytesForBits(int64(d.Len()))))
	if d.NullN() == 0 {
		bitmap = nil
	} else {
		bitutil.CopyBitmap(d.NullBitmapBytes(), d.Data().Offset(), d.Len(), bitmap.Bytes(), 0)
	}
	return newArray(t, int64(d.Len()), []*memory.Buffer{bitmap, buffer}, nil, int64(d.NullN())), nil
}

// decimalArray is an array of decimals: whole numbers, or as bytes in two's
// complement, the highest first.
func decimalArray(r file.RecordReader, t arrow.DataType) (arrow.Array, error) {
	size := storageOf(t).(arrow.DecimalType).BitWidth() / 8
	bytes, ok := r.(file.BinaryRecordReader)
	if !ok {
		values, bitmap := wideNumbers(r, size), r.ReleaseValidBits()
		if bitmap != nil {
			defer bitmap.Release()
		}
		return arrayOfValues(r, t, bitmap, values), nil
	}
	chunks := bytes.GetBuilderChunks()
	defer releaseArrays(chunks)
	parts := make([]arrow.Array, 0, len(chunks))
	defer func() { releaseArrays(parts) }()
	for _, c := range chunks {
		values := make([]byte, c.Len()*size)
		v := c.(interface{ Value(i int) []byte })
		for i := range c.Len() {
			if c.IsNull(i) {
				continue
			}
			if err := littleEndian(values[i*size:(i+1)*size], v.Value(i)); err != nil {
				return nil, err
			}
		}
		buffers := []*memory.Buffer{c.Data().Buffers()[0], memory.NewBufferBytes(values)}
		parts = append(parts, newArray(t, int64(c.Len()), buffers, nil, int64(c.NullN())))
	}
	if len(parts) == 1 {
		parts[0].Retain()
		return parts[0], nil
	}
	return array.Concatenate(parts, memory.DefaultAllocator)
}

// littleEndian fills to with a number whose highest byte is from's first.
func littleEndian(to, from []byte) error {
	if len(from) == 0 || len(from) > len(to) {
		return fmt.Errorf("a decimal has %d bytes", len(from))
	}
	sign := byte(int8(from[0]) >> 7)
	for i := range to {
		to[i] = sign
		if i < len(from) {
			to[i] = from[len(from)-1-i]
		}
	}
	return nil
}

// wideNumbers are whole numbers with their sign spread over size bytes.
func wideNumbers(r file.RecordReader, size int) *memory.Buffer {
	n, narrow := r.ValuesWritten(), r.Type().ByteSize()
	from, to := r.Values(), make([]byte, r.ValuesWritten()*size)
	for i := range n {
		v, wide := from[i*narrow:(i+1)*narrow], to[i*size:(i+1)*size]
		sign := byte(int8(v[narrow-1]) >> 7)
		for k := copy(wide, v); k < size; k++ {
			wide[k] = sign
		}
	}
	return memory.NewBufferBytes(to)
}
