package table

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// BenchmarkNDJSON reads records of an identifier and five numbers, and writes
// them again with one number more.
func BenchmarkNDJSON(b *testing.B) {
	const rows = 20_000
	var text bytes.Buffer
	for i := range rows {
		fmt.Fprintf(&text, `{"id":%d,"weight":%.1f,"height":%.1f,"age":%d,"pulse":%d,"chol":%.2f}`+"\n",
			i, 50+float64(i%500)/10, 150+float64(i%400)/10, 20+i%60, 50+i%50, 3+float64(i%300)/100)
	}
	src, err := newNDJSON(bytes.NewReader(text.Bytes()), func() Info { return Info{} }, ReadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	q := Request{Raw: true}
	l := Layout{Kept: src.Fields(), Made: []Field{{Name: "y_hat"}}}
	for i := range src.Fields() {
		q.Keep = append(q.Keep, KeepRequest{Column: i})
		if i > 0 {
			q.Features = append(q.Features, FeatureRequest{Column: i})
		}
	}
	if err := src.Start(q); err != nil {
		b.Fatal(err)
	}
	var blocks []Block
	for {
		blocks = append(blocks, Block{})
		if err := src.Next(&blocks[len(blocks)-1]); err == io.EOF {
			blocks = blocks[:len(blocks)-1]
			break
		} else if err != nil {
			b.Fatal(err)
		}
	}
	per := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		b.SetBytes(int64(text.Len()))
	}
	var r Rows
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			for i := range blocks {
				if err := blocks[i].Decode(&r); err != nil {
					b.Fatal(err)
				}
			}
		}
		per(b)
	})
	sink := newNDJSONSink(io.Discard, l, WriteOptions{FloatFixed: -1})
	var p Part
	b.Run("encode", func(b *testing.B) {
		blocks[0].Decode(&r)
		y := make([]float32, (r.N+31)/32*32)
		for i := range y {
			y[i] = 1 / float32(i+2)
		}
		made := []Computed{{F32: Lanes[float32]{Data: y, Units: 1}}}
		for b.Loop() {
			if err := sink.Encode(&p, &r, made, nil); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(r.N), "ns/row")
	})
}
