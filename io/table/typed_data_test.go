package table

import (
	"fmt"
	"math/rand/v2"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/decimal256"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// richFields are columns of every type that all binary formats give back as
// they were.
func richFields() []Field {
	fixed := &arrow.FixedSizeBinaryType{ByteWidth: 3}
	words := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	types := []arrow.DataType{
		arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64,
		arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64,
		arrow.FixedWidthTypes.Float16, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64,
		arrow.FixedWidthTypes.Boolean, arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.Binary, fixed,
		arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Time32ms, arrow.FixedWidthTypes.Time64us,
		&arrow.TimestampType{Unit: arrow.Millisecond}, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "Europe/Berlin"},
		&arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"},
		&arrow.Decimal128Type{Precision: 9, Scale: 2}, &arrow.Decimal128Type{Precision: 30, Scale: 4}, &arrow.Decimal256Type{Precision: 50, Scale: 6},
		words,
	}
	return fieldsOf(types)
}

// nestedFields are columns of nested types. Lists in Parquet call their items
// element.
func nestedFields() []Field {
	list := func(t arrow.DataType) arrow.DataType {
		return arrow.ListOfField(arrow.Field{Name: "element", Type: t, Nullable: true})
	}
	types := []arrow.DataType{
		arrow.PrimitiveTypes.Int64,
		list(arrow.PrimitiveTypes.Int32),
		list(arrow.BinaryTypes.String),
		list(list(arrow.PrimitiveTypes.Float64)),
		arrow.StructOf(arrow.Field{Name: "x", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
			arrow.Field{Name: "words", Type: list(arrow.BinaryTypes.String), Nullable: true}),
		arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64),
		// Types that Parquet has not, within others.
		list(arrow.BinaryTypes.LargeString),
		arrow.LargeListOfField(arrow.Field{Name: "element", Type: arrow.BinaryTypes.LargeString, Nullable: true}),
		arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString),
		arrow.StructOf(arrow.Field{Name: "note", Type: arrow.BinaryTypes.LargeString, Nullable: true},
			arrow.Field{Name: "sum", Type: &arrow.Decimal256Type{Precision: 40, Scale: 2}, Nullable: true}),
		arrow.StructOf(arrow.Field{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "Europe/Berlin"}, Nullable: true}),
	}
	return fieldsOf(types)
}

func fieldsOf(types []arrow.DataType) []Field {
	fields := make([]Field, len(types))
	for i, t := range types {
		fields[i] = Field{fmt.Sprintf("c%02d %s", i, t.ID()), t}
	}
	return fields
}

// schemaOf is the schema of nullable fields.
func schemaOf(fields []Field) *arrow.Schema {
	list := make([]arrow.Field, len(fields))
	for i, f := range fields {
		list[i] = arrow.Field{Name: f.Name, Type: f.Type, Nullable: true}
	}
	return arrow.NewSchema(list, nil)
}

// randomBatch makes rows rows of the fields, a fifth of the values null.
func randomBatch(mem memory.Allocator, fields []Field, rows int, seed uint64) arrow.RecordBatch {
	rng := rand.New(rand.NewPCG(seed, 1))
	b := array.NewRecordBuilder(mem, schemaOf(fields))
	defer b.Release()
	for i := range fields {
		for range rows {
			appendRandom(b.Field(i), rng, true)
		}
	}
	return b.NewRecordBatch()
}

var someWords = []string{"", "a", "female", "male", "été", "日本語", "a longer word, with a comma", "NA"}

func appendRandom(b array.Builder, rng *rand.Rand, nullable bool) {
	if nullable && rng.IntN(5) == 0 {
		b.AppendNull()
		return
	}
	word := someWords[rng.IntN(len(someWords))]
	n := int64(rng.Uint64() >> (1 + rng.IntN(60)))
	switch b := b.(type) {
	case *array.Int8Builder:
		b.Append(int8(n))
	case *array.Int16Builder:
		b.Append(int16(n))
	case *array.Int32Builder:
		b.Append(int32(n))
	case *array.Int64Builder:
		b.Append(-n)
	case *array.Uint8Builder:
		b.Append(uint8(n))
	case *array.Uint16Builder:
		b.Append(uint16(n))
	case *array.Uint32Builder:
		b.Append(uint32(n))
	case *array.Uint64Builder:
		b.Append(uint64(n) << 1)
	case *array.Float16Builder:
		b.Append(float16.New(rng.Float32()))
	case *array.Float32Builder:
		b.Append(rng.Float32())
	case *array.Float64Builder:
		b.Append(rng.NormFloat64())
	case *array.BooleanBuilder:
		b.Append(n%2 == 0)
	case *array.StringBuilder:
		b.Append(word)
	case *array.LargeStringBuilder:
		b.Append(word)
	case *array.BinaryBuilder:
		b.Append([]byte(word))
	case *array.FixedSizeBinaryBuilder:
		b.Append([]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	case *array.Date32Builder:
		b.Append(arrow.Date32(n % 40000))
	case *array.Time32Builder:
		b.Append(arrow.Time32(n % 86400000))
	case *array.Time64Builder:
		b.Append(arrow.Time64(n % 86400000000))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(n >> 8))
	case *array.Decimal128Builder:
		b.Append(decimal128.FromI64(n%1e9 - 5e8))
	case *array.Decimal256Builder:
		b.Append(decimal256.FromI64(n - 1e15))
	case *array.BinaryDictionaryBuilder:
		_ = b.AppendString(word)
	case *array.ListBuilder:
		b.Append(true)
		for range rng.IntN(4) {
			appendRandom(b.ValueBuilder(), rng, true)
		}
	case *array.LargeListBuilder:
		b.Append(true)
		for range rng.IntN(4) {
			appendRandom(b.ValueBuilder(), rng, true)
		}
	case *array.MapBuilder:
		b.Append(true)
		for range rng.IntN(3) {
			appendRandom(b.KeyBuilder(), rng, false)
			appendRandom(b.ItemBuilder(), rng, true)
		}
	case *array.StructBuilder:
		b.Append(true)
		for i := range b.NumField() {
			appendRandom(b.FieldBuilder(i), rng, true)
		}
	default:
		panic(fmt.Sprintf("no random %T", b))
	}
}
