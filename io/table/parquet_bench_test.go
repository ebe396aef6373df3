package table

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	codec "github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

const benchRows = 1 << 20

// patientFields are an identifier and five features.
func patientFields() []Field {
	fields := []Field{{"id", arrow.PrimitiveTypes.Int64}}
	for _, name := range []string{"weight", "height", "age", "pulse", "cholesterol"} {
		fields = append(fields, Field{name, arrow.PrimitiveTypes.Float64})
	}
	return fields
}

// patientRows is a table of synthetic patients; a hundredth of the pulses is
// missing if nulls is set.
func patientRows(rows int, nulls bool) arrow.RecordBatch {
	rng := rand.New(rand.NewPCG(1, 2))
	b := array.NewRecordBuilder(memory.DefaultAllocator, schemaOf(patientFields()))
	defer b.Release()
	means, spreads := []float64{81, 168, 52, 72, 195}, []float64{20, 10, 17, 12, 40}
	for i := range rows {
		b.Field(0).(*array.Int64Builder).Append(int64(i + 1))
		for k := range means {
			x := means[k] + spreads[k]*rng.NormFloat64()
			f := b.Field(k + 1).(*array.Float64Builder)
			if nulls && k == 3 && rng.IntN(100) == 0 {
				f.AppendNull()
				continue
			}
			f.Append(float64(int(x*10)) / 10)
		}
	}
	return b.NewRecordBatch()
}

// patientFile is such a table as Parquet, as other programs write it.
func patientFile(tb testing.TB, rows, group int, dictionary bool, c codec.Compression, nulls bool) []byte {
	b := patientRows(rows, nulls)
	defer b.Release()
	tbl := array.NewTableFromRecords(b.Schema(), []arrow.RecordBatch{b})
	defer tbl.Release()
	var buf bytes.Buffer
	err := pqarrow.WriteTable(tbl, &buf, int64(group), parquet.NewWriterProperties(
		parquet.WithDictionaryDefault(dictionary), parquet.WithCompression(c)), pqarrow.DefaultWriterProps())
	if err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

// BenchmarkParquetRead reads five features and keeps the identifier.
func BenchmarkParquetRead(b *testing.B) {
	for _, c := range []struct {
		dictionary, nulls bool
		codec             codec.Compression
	}{
		{false, false, codec.Codecs.Snappy}, {true, false, codec.Codecs.Snappy}, {true, true, codec.Codecs.Snappy},
		{false, false, codec.Codecs.Uncompressed}, {true, false, codec.Codecs.Zstd},
	} {
		b.Run(fmt.Sprintf("dictionary=%t/nulls=%t/%s", c.dictionary, c.nulls, c.codec), func(b *testing.B) {
			data := patientFile(b, benchRows, 131072, c.dictionary, c.codec, c.nulls)
			req := Request{Keep: []KeepRequest{{Column: 0}}}
			for i := 1; i <= 5; i++ {
				req.Features = append(req.Features, FeatureRequest{Column: i})
			}
			b.ReportAllocs()
			for b.Loop() {
				s, err := newParquet(bytes.NewReader(data), func() Info { return Info{} }, ReadOptions{})
				if err != nil {
					b.Fatal(err)
				}
				rows := 0
				if err := readTyped(s, req, func(r *Rows) { rows += r.N }); err != nil || rows != benchRows {
					b.Fatal(rows, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
		})
	}
}

// BenchmarkParquetWrite writes an identifier and a prediction.
func BenchmarkParquetWrite(b *testing.B) {
	const block = 8192
	ids := patientRows(benchRows, false)
	defer ids.Release()
	rng := rand.New(rand.NewPCG(3, 4))
	panels := make([]float32, benchRows)
	for i := range panels {
		panels[i] = rng.Float32()
	}
	l := Layout{Kept: patientFields()[:1], Made: []Field{{"y_hat", arrow.PrimitiveTypes.Float32}}}
	for _, f := range typedFormats() {
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var out bytes.Buffer
				s, err := f.sink(&out, l, WriteOptions{})
				if err != nil {
					b.Fatal(err)
				}
				var p Part
				for at := 0; at < benchRows; at += block {
					id := array.NewSlice(ids.Column(0), int64(at), int64(at+block))
					rows := &Rows{N: block, Kept: []arrow.Array{id}}
					made := []Computed{{Name: "y_hat", F32: Lanes[float32]{Data: panels[at : at+block], Units: 1}}}
					if err := s.Encode(&p, rows, made, nil); err != nil {
						b.Fatal(err)
					}
					if err := s.Write(&p); err != nil {
						b.Fatal(err)
					}
					p.Release()
					id.Release()
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
		})
	}
}
