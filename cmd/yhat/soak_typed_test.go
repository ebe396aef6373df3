package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// soakArrow are the types that a column of a typed table may have.
var soakArrow = map[string]arrow.DataType{
	"float64": arrow.PrimitiveTypes.Float64, "float32": arrow.PrimitiveTypes.Float32, "int64": arrow.PrimitiveTypes.Int64,
	"int32": arrow.PrimitiveTypes.Int32, "uint8": arrow.PrimitiveTypes.Uint8, "bool": arrow.FixedWidthTypes.Boolean,
	"string": arrow.BinaryTypes.String, "large": arrow.BinaryTypes.LargeString, "date": arrow.FixedWidthTypes.Date32,
	"timestamp": arrow.FixedWidthTypes.Timestamp_us, "binary": arrow.BinaryTypes.Binary,
	"decimal": &arrow.Decimal128Type{Precision: 12, Scale: 2}, "list": arrow.ListOf(arrow.PrimitiveTypes.Int32),
	"dict": &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String},
}

// drawSoakTypes draws a type for each column.
func drawSoakTypes(r *rand.Rand, columns []soakColumn, dictionaries bool) []string {
	var types []string
	for _, c := range columns {
		t := pick(r, "string", "string", "large", "binary", "list")
		switch c.kind {
		case "number":
			t = pick(r, "float64", "float64", "float32", "int64", "int32", "uint8", "bool", "string", "decimal")
		case "category":
			t = pick(r, "string", "large", "int64", "bool")
			if dictionaries && chance(r, 40) {
				t = "dict"
			}
		case "id":
			t = pick(r, "int64", "string")
		case "date":
			t = pick(r, "date", "timestamp")
		}
		types = append(types, t)
	}
	return types
}

// typedValue draws a value as the reference holds it: float64 for all floats,
// int64 for integers, days and microseconds, string for text, bytes and
// decimals.
func (c soakColumn) typedValue(r *rand.Rand, j *soakJob, typ string) any {
	if r.IntN(1000) < 3*j.spoil {
		return nil
	}
	switch typ {
	case "float64", "float32":
		v := r.NormFloat64() * 100
		if chance(r, 30) {
			v = pick(r, 0, 1, 2.5, 1e15, 1e-5, 9.99e-6, 1e14, math.Copysign(0, -1), 1e-40)
		}
		if r.IntN(1000) < j.spoil {
			v = pick(r, math.NaN(), math.Inf(1), math.Inf(-1), 3e38)
		}
		if typ == "float32" {
			v = float64(float32(v))
		}
		return v
	case "int64", "int32":
		if typ == "int64" && chance(r, 5) && c.kind != "category" {
			return pick(r, int64(math.MaxInt64), math.MinInt64, 1<<53+1)
		}
		return int64(r.IntN(600) - 3)
	case "uint8":
		return int64(r.IntN(256))
	case "bool":
		return chance(r, 50)
	case "date":
		return int64(r.IntN(40000) - 10000)
	case "timestamp":
		return int64(r.IntN(2e9))*1e6 + int64(pick(r, 0, 500000, 123456))
	case "binary":
		return pick(r, "", "\x00\xff", "abc", "\x01\x02\x03\x04")
	case "decimal":
		return pick(r, "12.50", "-0.01", "0.00", "81.20", "99999999.99")
	case "list":
		return pick(r, []any{}, []any{int64(1)}, []any{int64(-1), nil, int64(3)})
	}
	cell := c.cell(r, j)
	for !jsonSafe(cell) {
		cell = c.cell(r, j)
	}
	if len(cell) > 1 && cell[0] == '"' {
		cell = cell[1 : len(cell)-1]
	}
	return cell
}

// appendValue puts a value of the reference into a builder.
func appendValue(b array.Builder, v any) {
	if v == nil {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.Float64Builder:
		b.Append(v.(float64))
	case *array.Float32Builder:
		b.Append(float32(v.(float64)))
	case *array.Int64Builder:
		b.Append(v.(int64))
	case *array.Int32Builder:
		b.Append(int32(v.(int64)))
	case *array.Uint8Builder:
		b.Append(uint8(v.(int64)))
	case *array.BooleanBuilder:
		b.Append(v.(bool))
	case *array.StringBuilder:
		b.Append(v.(string))
	case *array.LargeStringBuilder:
		b.Append(v.(string))
	case *array.BinaryBuilder:
		b.Append([]byte(v.(string)))
	case *array.Date32Builder:
		b.Append(arrow.Date32(v.(int64)))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.(int64)))
	case *array.Decimal128Builder:
		n, _ := decimal128.FromString(v.(string), 12, 2)
		b.Append(n)
	case *array.BinaryDictionaryBuilder:
		b.AppendString(v.(string))
	case *array.ListBuilder:
		b.Append(true)
		for _, item := range v.([]any) {
			appendValue(b.ValueBuilder(), item)
		}
	default:
		panic(fmt.Sprintf("%T", b))
	}
}

// valueOf is value i of an array as the reference holds it.
func valueOf(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Float64:
		return a.Value(i)
	case *array.Float32:
		return float64(a.Value(i))
	case *array.Int64:
		return a.Value(i)
	case *array.Int32:
		return int64(a.Value(i))
	case *array.Int16:
		return int64(a.Value(i))
	case *array.Int8:
		return int64(a.Value(i))
	case *array.Uint8:
		return int64(a.Value(i))
	case *array.Boolean:
		return a.Value(i)
	case *array.String:
		return a.Value(i)
	case *array.LargeString:
		return a.Value(i)
	case *array.Binary:
		return string(a.Value(i))
	case *array.Date32:
		return int64(a.Value(i))
	case *array.Timestamp:
		return int64(a.Value(i))
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Dictionary:
		return valueOf(a.Dictionary(), a.GetValueIndex(i))
	case array.ListLike:
		from, to := a.ValueOffsets(i)
		items := []any{}
		for k := from; k < to; k++ {
			items = append(items, valueOf(a.ListValues(), int(k)))
		}
		return items
	}
	panic(fmt.Sprintf("%T", a))
}

// typedTable draws a typed table and writes it by the library.
func typedTable(r *rand.Rand, j *soakJob, columns []soakColumn, types []string, rows int) ([]byte, *soakRead) {
	t := &soakRead{lineEnd: "\n", types: types}
	var fields []arrow.Field
	for k, c := range columns {
		t.names = append(t.names, c.name)
		fields = append(fields, arrow.Field{Name: c.name, Type: soakArrow[types[k]], Nullable: true})
	}
	schema := arrow.NewSchema(fields, nil)
	var batches []arrow.RecordBatch
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i := range rows {
		row := soakRow{offset: -1, column: -1}
		for k, c := range columns {
			v := c.typedValue(r, j, types[k])
			appendValue(b.Field(k), v)
			row.cells = append(row.cells, soakCell{value: v})
		}
		t.rows = append(t.rows, row)
		// The library's writer of files wants one dictionary for all batches.
		whole := j.inFormat == "arrow" && slices.Contains(types, "dict")
		if i+1 == rows || !whole && chance(r, 2) {
			batches = append(batches, b.NewRecordBatch())
		}
	}
	return writeBatches(r, j.inFormat, schema, batches), t
}

// writeBatches writes batches in a typed format.
func writeBatches(r *rand.Rand, format string, schema *arrow.Schema, batches []arrow.RecordBatch) []byte {
	var buf bytes.Buffer
	var w interface {
		Write(arrow.RecordBatch) error
		Close() error
	}
	var err error
	switch format {
	case "parquet":
		props := parquet.NewWriterProperties(parquet.WithDictionaryDefault(chance(r, 50)), parquet.WithMaxRowGroupLength(int64(pick(r, 7, 100, 1<<20))),
			parquet.WithCompression(pick(r, compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Zstd, compress.Codecs.Gzip)),
			parquet.WithDataPageVersion(pick(r, parquet.DataPageV1, parquet.DataPageV2)), parquet.WithDataPageSize(int64(pick(r, 64, 1<<20))))
		options := []pqarrow.WriterOption{}
		if slices.ContainsFunc(schema.Fields(), func(f arrow.Field) bool { return f.Type.ID() == arrow.LARGE_STRING }) || chance(r, 50) {
			options = append(options, pqarrow.WithStoreSchema())
		}
		w, err = pqarrow.NewFileWriter(schema, struct{ io.Writer }{&buf}, props, pqarrow.NewArrowWriterProperties(options...))
	case "arrow":
		w, err = ipc.NewFileWriter(&buf, soakIPC(r, schema)...)
	default:
		w = ipc.NewWriter(&buf, soakIPC(r, schema)...)
	}
	if err != nil {
		panic(err)
	}
	for _, b := range batches {
		if err := w.Write(b); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

func soakIPC(r *rand.Rand, schema *arrow.Schema) []ipc.Option {
	options := []ipc.Option{ipc.WithSchema(schema)}
	switch r.IntN(3) {
	case 0:
		options = append(options, ipc.WithZstd())
	case 1:
		options = append(options, ipc.WithLZ4())
	}
	return options
}

// readBatches reads a typed output by the library: names, and rows of values.
func readBatches(data []byte, format string) (fields []arrow.Field, rows [][]any, err error) {
	take := func(schema *arrow.Schema, columns []arrow.Array, n int) {
		fields = schema.Fields()
		for i := range n {
			row := make([]any, len(columns))
			for k, a := range columns {
				row[k] = valueOf(a, i)
			}
			rows = append(rows, row)
		}
	}
	switch format {
	case "parquet":
		f, err := parquetfile.NewParquetReader(bytes.NewReader(data))
		if err != nil {
			return nil, nil, err
		}
		defer f.Close()
		reader, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: 1000}, memory.DefaultAllocator)
		if err != nil {
			return nil, nil, err
		}
		schema, _ := reader.Schema()
		take(schema, nil, 0)
		batches, err := reader.GetRecordReader(soakContext, nil, nil)
		if err != nil {
			return nil, nil, err
		}
		defer batches.Release()
		for batches.Next() {
			take(schema, batches.RecordBatch().Columns(), int(batches.RecordBatch().NumRows()))
		}
		if err := batches.Err(); err != nil && err != io.EOF {
			return nil, nil, err
		}
		return fields, rows, nil
	case "arrow":
		reader, err := ipc.NewFileReader(bytes.NewReader(data))
		if err != nil {
			return nil, nil, err
		}
		defer reader.Close()
		take(reader.Schema(), nil, 0)
		for i := range reader.NumRecords() {
			b, err := reader.RecordBatch(i)
			if err != nil {
				return nil, nil, err
			}
			take(reader.Schema(), b.Columns(), int(b.NumRows()))
		}
		return fields, rows, nil
	}
	reader, err := ipc.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, nil, err
	}
	defer reader.Release()
	take(reader.Schema(), nil, 0)
	for reader.Next() {
		take(reader.Schema(), reader.RecordBatch().Columns(), int(reader.RecordBatch().NumRows()))
	}
	return fields, rows, reader.Err()
}

// wordOf is a typed value as text: CONTRACT 3.
func wordOf(v any, typ string) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if typ == "binary" {
			return base64.StdEncoding.EncodeToString([]byte(v))
		}
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		switch typ {
		case "date":
			return time.Unix(v*86400, 0).UTC().Format(time.DateOnly)
		case "timestamp":
			return time.UnixMicro(v).UTC().Format("2006-01-02T15:04:05.999999999Z07:00")
		}
		return strconv.FormatInt(v, 10)
	case float64:
		if typ == "float32" {
			return floatWord(v, 32)
		}
		return floatWord(v, 64)
	case []any:
		text := "["
		for i, item := range v {
			if i > 0 {
				text += ","
			}
			if item == nil {
				text += "null"
			}
			text += wordOf(item, "int32")
		}
		return text + "]"
	}
	panic(fmt.Sprintf("%T", v))
}

// floatWord is the shortest text of a number: plain for 0 and from 1e-5 up to
// 1e15, else with exponent.
func floatWord(v float64, bits int) string {
	a := math.Abs(v)
	switch {
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	case a == 0 || a >= 1e-5 && a < 1e15:
		return strconv.FormatFloat(v, 'f', -1, bits)
	}
	return strconv.FormatFloat(v, 'e', -1, bits)
}

// arrowRows counts the columns and the rows of an Arrow file or stream.
func arrowRows(data []byte, format string) (columns int, rows int64, err error) {
	if format == "arrow" {
		reader, err := ipc.NewFileReader(bytes.NewReader(data))
		if err != nil {
			return 0, 0, err
		}
		defer reader.Close()
		for i := range reader.NumRecords() {
			b, err := reader.RecordBatch(i)
			if err != nil {
				return 0, 0, err
			}
			rows += b.NumRows()
		}
		return reader.Schema().NumFields(), rows, nil
	}
	reader, err := ipc.NewReader(bytes.NewReader(data))
	if err != nil {
		return 0, 0, err
	}
	defer reader.Release()
	for reader.Next() {
		rows += reader.RecordBatch().NumRows()
	}
	return reader.Schema().NumFields(), rows, reader.Err()
}
