package table

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/compute"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// parquetSchemas are the schema that is stored in a Parquet file and the one
// its columns are written with: dictionaries are stored as such and written as
// their values. Types that Parquet does not have are replaced in both by those
// that hold the same values.
func parquetSchemas(s *arrow.Schema) (stored, dense *arrow.Schema, err error) {
	fields := append([]arrow.Field(nil), s.Fields()...)
	for i, f := range fields {
		fields[i].Type = parquetType(f.Type)
	}
	stored = arrow.NewSchema(fields, nil)
	fields = append([]arrow.Field(nil), fields...)
	for i, f := range fields {
		if d, ok := f.Type.(*arrow.DictionaryType); ok {
			fields[i].Type = d.ValueType
		}
	}
	dense = arrow.NewSchema(fields, nil)
	for i, f := range fields {
		err := guard(func() error {
			one := arrow.NewSchema([]arrow.Field{f}, nil)
			_, err := pqarrow.ToParquet(one, nil, pqarrow.DefaultWriterProps())
			return err
		})
		if err != nil {
			return nil, nil, fmt.Errorf("%w: column %q is of type %s, which Parquet does not have", ErrData, f.Name, s.Field(i).Type)
		}
	}
	return stored, dense, nil
}

// parquetType is a type, or the one that takes its place in Parquet.
func parquetType(t arrow.DataType) arrow.DataType {
	child := func(f arrow.Field) arrow.Field {
		f.Type = parquetType(f.Type)
		return f
	}
	switch t := t.(type) {
	case *arrow.StringViewType:
		return arrow.BinaryTypes.String
	case *arrow.BinaryViewType:
		return arrow.BinaryTypes.Binary
	case *arrow.DurationType:
		return arrow.PrimitiveTypes.Int64
	case *arrow.Decimal32Type:
		return &arrow.Decimal128Type{Precision: t.Precision, Scale: t.Scale}
	case *arrow.Decimal64Type:
		return &arrow.Decimal128Type{Precision: t.Precision, Scale: t.Scale}
	case *arrow.ListType:
		return arrow.ListOfField(child(t.ElemField()))
	case *arrow.LargeListType:
		return arrow.LargeListOfField(child(t.ElemField()))
	case *arrow.FixedSizeListType:
		return arrow.FixedSizeListOfField(t.Len(), child(t.ElemField()))
	case *arrow.StructType:
		fields := make([]arrow.Field, t.NumFields())
		for i, f := range t.Fields() {
			fields[i] = child(f)
		}
		return arrow.StructOf(fields...)
	case *arrow.DictionaryType:
		return &arrow.DictionaryType{IndexType: t.IndexType, ValueType: parquetType(t.ValueType), Ordered: t.Ordered}
	}
	return t
}

// denseArray is an array as the type that it is written as.
func denseArray(a arrow.Array, t arrow.DataType, mem memory.Allocator) (arrow.Array, error) {
	switch v := a.(type) {
	case *array.Dictionary:
		if values, ok := v.Dictionary().(texts); ok && t.ID() == arrow.STRING {
			return gather(v, v.GetValueIndex, values, mem), nil
		}
	case *array.Decimal32:
		return wideDecimals(v, t.(*arrow.Decimal128Type), func(i int) int64 { return int64(v.Value(i)) }, mem), nil
	case *array.Decimal64:
		return wideDecimals(v, t.(*arrow.Decimal128Type), func(i int) int64 { return int64(v.Value(i)) }, mem), nil
	case texts:
		if t.ID() == arrow.STRING {
			return gather(a, func(i int) int { return i }, v, mem), nil
		}
	}
	if arrow.TypeEqual(a.DataType(), t) {
		a.Retain()
		return a, nil
	}
	ctx := compute.WithAllocator(context.Background(), mem)
	return compute.CastArray(ctx, a, compute.SafeCastOptions(t))
}

// gather makes a string array of the texts at the indices of a's rows.
func gather(a arrow.Array, index func(int) int, values texts, mem memory.Allocator) arrow.Array {
	b := array.NewStringBuilder(mem)
	defer b.Release()
	b.Reserve(a.Len())
	for i := range a.Len() {
		if a.IsNull(i) || values.IsNull(index(i)) {
			b.AppendNull()
			continue
		}
		b.Append(values.Value(index(i)))
	}
	return b.NewArray()
}

// wideDecimals makes an array of 128-bit decimals of unscaled values.
func wideDecimals(a arrow.Array, t *arrow.Decimal128Type, value func(int) int64, mem memory.Allocator) arrow.Array {
	b := array.NewDecimal128Builder(mem, t)
	defer b.Release()
	b.Reserve(a.Len())
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		b.Append(decimal128.FromI64(value(i)))
	}
	return b.NewArray()
}
