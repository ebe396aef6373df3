package table

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// arrowTypeOf is the Arrow type of a leaf column's values, by its physical and
// its logical type (LogicalTypes.md of the Parquet format).
func arrowTypeOf(n *schema.PrimitiveNode) (arrow.DataType, error) {
	logical := n.LogicalType()
	if !logical.IsValid() || logical.Equals(schema.NullLogicalType{}) {
		return arrow.Null, nil
	}
	var t arrow.DataType
	switch n.PhysicalType() {
	case parquet.Types.Boolean:
		t = arrow.FixedWidthTypes.Boolean
	case parquet.Types.Int32:
		t = numberType(logical, arrow.PrimitiveTypes.Int32, 32)
	case parquet.Types.Int64:
		t = numberType(logical, arrow.PrimitiveTypes.Int64, 64)
	case parquet.Types.Int96:
		t = arrow.FixedWidthTypes.Timestamp_ns
	case parquet.Types.Float:
		t = arrow.PrimitiveTypes.Float32
	case parquet.Types.Double:
		t = arrow.PrimitiveTypes.Float64
	case parquet.Types.ByteArray:
		t = bytesType(logical)
	case parquet.Types.FixedLenByteArray:
		t = fixedBytesType(logical, n.TypeLength())
	}
	if t == nil {
		return nil, fmt.Errorf("its column %q is of type %s, which cannot be %s", n.Name(), n.PhysicalType(), logical)
	}
	return t, nil
}

// numberType is that of whole numbers; nil if they cannot mean such a thing.
func numberType(logical schema.LogicalType, plain arrow.DataType, bits int) arrow.DataType {
	switch l := logical.(type) {
	case schema.NoLogicalType:
		return plain
	case schema.IntLogicalType:
		return wholeType(l.BitWidth(), l.IsSigned())
	case schema.DecimalLogicalType:
		return decimalType(l)
	case schema.DateLogicalType:
		if bits == 32 {
			return arrow.FixedWidthTypes.Date32
		}
	case schema.TimeLogicalType:
		unit, known := timeUnit(l.TimeUnit())
		switch {
		case known && bits == 32 && unit == arrow.Millisecond:
			return arrow.FixedWidthTypes.Time32ms
		case known && bits == 64 && unit != arrow.Millisecond:
			return &arrow.Time64Type{Unit: unit}
		}
	case schema.TimestampLogicalType:
		if unit, known := timeUnit(l.TimeUnit()); known && bits == 64 {
			return &arrow.TimestampType{Unit: unit, TimeZone: timeZone(l)}
		}
	}
	return nil
}

// wholeType is the type of whole numbers of so many bits.
func wholeType(bits int8, signed bool) arrow.DataType {
	types := map[int8][2]arrow.DataType{
		8:  {arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Int8},
		16: {arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Int16},
		32: {arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Int32},
		64: {arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64},
	}
	if signed {
		return types[bits][1]
	}
	return types[bits][0]
}

func decimalType(l schema.DecimalLogicalType) arrow.DataType {
	if l.Precision() <= decimal128.MaxPrecision {
		return &arrow.Decimal128Type{Precision: l.Precision(), Scale: l.Scale()}
	}
	return &arrow.Decimal256Type{Precision: l.Precision(), Scale: l.Scale()}
}

// timeUnit is the unit in which a column counts time.
func timeUnit(u schema.TimeUnitType) (unit arrow.TimeUnit, known bool) {
	switch u {
	case schema.TimeUnitMillis:
		return arrow.Millisecond, true
	case schema.TimeUnitMicros:
		return arrow.Microsecond, true
	case schema.TimeUnitNanos:
		return arrow.Nanosecond, true
	}
	return 0, false
}

// timeZone is UTC for instants, which what older files say is taken for.
func timeZone(l schema.TimestampLogicalType) string {
	if l.IsAdjustedToUTC() || l.IsFromConvertedType() {
		return "UTC"
	}
	return ""
}

// bytesType is that of values of any length.
func bytesType(logical schema.LogicalType) arrow.DataType {
	switch l := logical.(type) {
	case schema.StringLogicalType:
		return arrow.BinaryTypes.String
	case schema.DecimalLogicalType:
		return decimalType(l)
	case schema.NoLogicalType, schema.EnumLogicalType, schema.JSONLogicalType, schema.BSONLogicalType,
		schema.GeometryLogicalType, schema.GeographyLogicalType:
		return arrow.BinaryTypes.Binary
	}
	return nil
}

// fixedBytesType is that of values of one length.
func fixedBytesType(logical schema.LogicalType, length int) arrow.DataType {
	switch l := logical.(type) {
	case schema.DecimalLogicalType:
		return decimalType(l)
	case schema.Float16LogicalType:
		return arrow.FixedWidthTypes.Float16
	case schema.UUIDLogicalType:
		if t := arrow.GetExtensionType("arrow.uuid"); t != nil {
			return t
		}
	case schema.NoLogicalType, schema.IntervalLogicalType:
	default:
		return nil
	}
	return &arrow.FixedSizeBinaryType{ByteWidth: length}
}
