package table

import (
	"fmt"
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
	kinds "github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// parquetRoot is the schema of a file that has a column for each field.
func parquetRoot(fields []arrow.Field) (*schema.Schema, error) {
	nodes, err := parquetNodes(fields)
	if err != nil {
		return nil, err
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Repeated, nodes, -1)
	if err != nil {
		return nil, err
	}
	return schema.NewSchema(root), nil
}

func parquetNodes(fields []arrow.Field) (list schema.FieldList, err error) {
	list = make(schema.FieldList, len(fields))
	for i, f := range fields {
		if list[i], err = parquetNode(f); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// parquetNode is how a field is written (LogicalTypes.md of the Parquet format);
// dictionaries are written as their values.
func parquetNode(f arrow.Field) (schema.Node, error) {
	repetition, number := parquet.Repetitions.Required, numberOf(f)
	if f.Nullable {
		repetition = parquet.Repetitions.Optional
	}
	switch t := f.Type.(type) {
	case *arrow.StructType:
		children, err := parquetNodes(t.Fields())
		if err == nil && len(children) == 0 {
			err = fmt.Errorf("struct %q has no fields", f.Name)
		}
		if err != nil {
			return nil, err
		}
		return schema.NewGroupNode(f.Name, repetition, children, number)
	case *arrow.ListType, *arrow.LargeListType, *arrow.FixedSizeListType:
		element, err := parquetNode(t.(arrow.ListLikeType).ElemField())
		if err != nil {
			return nil, err
		}
		return schema.ListOfWithName(f.Name, element, repetition, number)
	case *arrow.MapType:
		entry, err := parquetNodes([]arrow.Field{t.KeyField(), t.ItemField()})
		if err != nil {
			return nil, err
		}
		return schema.MapOf(f.Name, entry[0], entry[1], repetition, number)
	case *arrow.DictionaryType:
		f.Type = t.ValueType
		return parquetNode(f)
	case *kinds.VariantType:
		parts, err := parquetNodes(t.StorageType().(*arrow.StructType).Fields())
		if err != nil {
			return nil, err
		}
		return schema.NewGroupNodeLogical(f.Name, repetition, parts, schema.VariantLogicalType{}, number)
	}
	physical, logical, length := leafTypeOf(f.Type)
	if logical == nil || f.Type.ID() == arrow.NULL && !f.Nullable {
		return nil, fmt.Errorf("no Parquet type holds %s", f.Type)
	}
	return schema.NewPrimitiveNodeLogical(f.Name, repetition, logical, physical, length, number)
}

// numberOf is the number that a field had in the Parquet file it is from, or −1.
func numberOf(f arrow.Field) int32 {
	text, _ := f.Metadata.GetValue(fieldNumber)
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return -1
	}
	return int32(n)
}

// leafTypeOf is how values of a type are written, and the length of fixed ones;
// logical is nil if they cannot be.
func leafTypeOf(t arrow.DataType) (physical parquet.Type, logical schema.LogicalType, length int) {
	none := schema.NoLogicalType{}
	whole := func(physical parquet.Type, bits int8, signed bool) (parquet.Type, schema.LogicalType, int) {
		return physical, schema.NewIntLogicalType(bits, signed), -1
	}
	switch t := t.(type) {
	case *arrow.NullType:
		return parquet.Types.Int32, schema.NullLogicalType{}, -1
	case *arrow.BooleanType:
		return parquet.Types.Boolean, none, -1
	case *arrow.Int8Type:
		return whole(parquet.Types.Int32, 8, true)
	case *arrow.Uint8Type:
		return whole(parquet.Types.Int32, 8, false)
	case *arrow.Int16Type:
		return whole(parquet.Types.Int32, 16, true)
	case *arrow.Uint16Type:
		return whole(parquet.Types.Int32, 16, false)
	case *arrow.Int32Type:
		return whole(parquet.Types.Int32, 32, true)
	case *arrow.Uint32Type:
		return whole(parquet.Types.Int32, 32, false)
	case *arrow.Int64Type:
		return whole(parquet.Types.Int64, 64, true)
	case *arrow.Uint64Type:
		return whole(parquet.Types.Int64, 64, false)
	case *arrow.Float32Type:
		return parquet.Types.Float, none, -1
	case *arrow.Float64Type:
		return parquet.Types.Double, none, -1
	case *arrow.Float16Type:
		return parquet.Types.FixedLenByteArray, schema.Float16LogicalType{}, arrow.Float16SizeBytes
	case *arrow.StringType, *arrow.LargeStringType:
		return parquet.Types.ByteArray, schema.StringLogicalType{}, -1
	case *arrow.BinaryType, *arrow.LargeBinaryType:
		return parquet.Types.ByteArray, none, -1
	case *arrow.FixedSizeBinaryType:
		return parquet.Types.FixedLenByteArray, none, t.ByteWidth
	case *arrow.Decimal128Type, *arrow.Decimal256Type:
		d := t.(arrow.DecimalType)
		return parquet.Types.FixedLenByteArray, schema.NewDecimalLogicalType(d.GetPrecision(), d.GetScale()), decimalBytes(d.GetPrecision())
	case *arrow.Date32Type, *arrow.Date64Type:
		return parquet.Types.Int32, schema.DateLogicalType{}, -1
	case *arrow.Time32Type:
		return parquet.Types.Int32, schema.NewTimeLogicalType(false, schema.TimeUnitMillis), -1
	case *arrow.Time64Type:
		return parquet.Types.Int64, schema.NewTimeLogicalType(false, storedUnit(t.Unit)), -1
	case *arrow.TimestampType:
		// Older readers are told by the older way of it, too.
		return parquet.Types.Int64, schema.NewTimestampLogicalTypeForce(t.TimeZone != "", storedUnit(t.Unit)), -1
	case arrow.ExtensionType:
		physical, logical, length = leafTypeOf(t.StorageType())
		if own, ok := t.(interface{ ParquetLogicalType() schema.LogicalType }); ok && logical != nil {
			logical = own.ParquetLogicalType()
		}
	}
	return physical, logical, length
}

// storedUnit is the unit that time is written in. Parquet has no seconds.
func storedUnit(u arrow.TimeUnit) schema.TimeUnitType {
	switch u {
	case arrow.Microsecond:
		return schema.TimeUnitMicros
	case arrow.Nanosecond:
		return schema.TimeUnitNanos
	}
	return schema.TimeUnitMillis
}

// decimalBytes is how many bytes a decimal of so many digits takes, with its sign.
func decimalBytes(digits int32) int {
	return int(math.Ceil((float64(digits)*math.Log2(10) + 1) / 8))
}

// elementNames calls what lists hold element, as the columns of the file are
// called: readers go by that.
func elementNames(f arrow.Field) arrow.Field {
	element := func(f arrow.Field) arrow.Field {
		f = elementNames(f)
		f.Name = "element"
		return f
	}
	switch t := f.Type.(type) {
	case *arrow.ListType:
		f.Type = arrow.ListOfField(element(t.ElemField()))
	case *arrow.LargeListType:
		f.Type = arrow.LargeListOfField(element(t.ElemField()))
	case *arrow.FixedSizeListType:
		f.Type = arrow.FixedSizeListOfField(t.Len(), element(t.ElemField()))
	case *arrow.StructType:
		fields := make([]arrow.Field, t.NumFields())
		for i := range fields {
			fields[i] = elementNames(t.Field(i))
		}
		f.Type = arrow.StructOf(fields...)
	case *arrow.MapType:
		f.Type = arrow.MapOfFields(elementNames(t.KeyField()), elementNames(t.ItemField()))
	}
	return f
}
