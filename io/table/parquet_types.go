package table

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// parquetSchemas are the schema that is stored in a Parquet file and the one
// its columns are written with: dictionaries are stored as such and written as
// their values. Types that Parquet does not have are replaced in both by those
// that hold the same values.
func parquetSchemas(s *arrow.Schema) (stored, dense *arrow.Schema, err error) {
	storedFields, denseFields := s.Fields(), s.Fields() // copies
	for i, f := range s.Fields() {
		storedFields[i].Type, denseFields[i].Type = parquetType(f.Type, false), parquetType(f.Type, true)
		err := guard(func() error {
			_, err := parquetNode(denseFields[i])
			return err
		})
		if err != nil {
			return nil, nil, fmt.Errorf("%w: column %q is of type %s, which Parquet does not have", ErrData, f.Name, f.Type)
		}
	}
	return arrow.NewSchema(storedFields, nil), arrow.NewSchema(denseFields, nil), nil
}

// parquetType is a type, or the one that takes its place in Parquet; dense ones
// have no dictionaries.
func parquetType(t arrow.DataType, dense bool) arrow.DataType {
	child := func(f arrow.Field) arrow.Field {
		f.Type = parquetType(f.Type, dense)
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
	case *arrow.MapType:
		m := arrow.MapOfFields(child(t.KeyField()), child(t.ItemField()))
		m.KeysSorted = t.KeysSorted
		return m
	case *arrow.DictionaryType:
		value := parquetType(t.ValueType, dense)
		if dense {
			return value
		}
		return &arrow.DictionaryType{IndexType: t.IndexType, ValueType: value, Ordered: t.Ordered}
	}
	return t
}

// denseArray is an array as the type that it is written as. (The library's own
// casts run on goroutines of theirs, where a panic ends the process.)
func denseArray(a arrow.Array, t arrow.DataType, mem memory.Allocator) (arrow.Array, error) {
	if arrow.TypeEqual(a.DataType(), t) {
		a.Retain()
		return a, nil
	}
	if arrow.IsNested(a.DataType().ID()) {
		// A slice shows only part of its children; copied, it has no others.
		whole, err := array.Concatenate([]arrow.Array{a}, mem)
		if err != nil {
			return nil, err
		}
		defer whole.Release()
		a = whole
	}
	data, err := denseData(a.Data(), t, mem)
	if err != nil {
		return nil, err
	}
	defer data.Release()
	return array.MakeFromData(data), nil
}

// denseData is denseArray for the children of nested types too.
func denseData(d arrow.ArrayData, t arrow.DataType, mem memory.Allocator) (arrow.ArrayData, error) {
	if arrow.TypeEqual(d.DataType(), t) {
		d.Retain()
		return d, nil
	}
	if to, ok := t.(arrow.NestedType); ok && t.ID() == d.DataType().ID() {
		children := make([]arrow.ArrayData, 0, len(d.Children()))
		defer func() {
			for _, c := range children {
				c.Release()
			}
		}()
		for i, c := range d.Children() {
			child, err := denseData(c, to.Fields()[i].Type, mem)
			if err != nil {
				return nil, err
			}
			children = append(children, child)
		}
		return array.NewData(t, d.Len(), d.Buffers(), children, d.NullN(), d.Offset()), nil
	}
	if d.DataType().ID() == arrow.DURATION {
		return array.NewData(t, d.Len(), d.Buffers(), nil, d.NullN(), d.Offset()), nil
	}
	a := array.MakeFromData(d)
	defer a.Release()
	values, index := a, func(i int) int { return i }
	if v, ok := a.(*array.Dictionary); ok {
		values, index = v.Dictionary(), v.GetValueIndex
	}
	b := array.NewBuilder(mem, t)
	defer b.Release()
	put := putter(b, values)
	if put == nil {
		return nil, fmt.Errorf("values of type %s cannot be written as %s", d.DataType(), t)
	}
	b.Reserve(a.Len())
	for i := range a.Len() {
		if a.IsNull(i) || values.IsNull(index(i)) {
			b.AppendNull()
			continue
		}
		put(index(i))
	}
	dense := b.NewArray()
	defer dense.Release()
	dense.Data().Retain()
	return dense.Data(), nil
}

// putter appends value i of an array to a builder; nil where their types do
// not go together.
func putter(b array.Builder, values arrow.Array) func(i int) {
	switch v := values.(type) {
	case texts:
		if b, ok := b.(interface{ Append(string) }); ok {
			return func(i int) { b.Append(v.Value(i)) }
		}
	case interface{ Value(int) []byte }:
		if b, ok := b.(interface{ Append([]byte) }); ok {
			return func(i int) { b.Append(v.Value(i)) }
		}
	case *array.Decimal32:
		return narrowDecimal(b, func(i int) int64 { return int64(v.Value(i)) })
	case *array.Decimal64:
		return narrowDecimal(b, func(i int) int64 { return int64(v.Value(i)) })
	default:
		if arrow.TypeEqual(b.Type(), values.DataType()) {
			return func(i int) {
				// Few are numbers in a dictionary: text will do, and is exact.
				if err := b.AppendValueFromString(values.ValueStr(i)); err != nil {
					panic(err)
				}
			}
		}
	}
	return nil
}

func narrowDecimal(b array.Builder, value func(int) int64) func(i int) {
	wide, ok := b.(*array.Decimal128Builder)
	if !ok {
		return nil
	}
	return func(i int) { wide.Append(decimal128.FromI64(value(i))) }
}
