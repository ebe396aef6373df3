package pipeline

import (
	"math/rand/v2"
	"testing"

	"yhat/nn"
)

// BenchmarkBins counts weights, of which one in twenty is missing.
func BenchmarkBins(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	const rows = 8192
	col := nn.Numbers{F64: make([]float64, rows), Valid: make([]byte, rows/8), Factor: 1}
	for i := range rows {
		if col.F64[i] = 80 + 20*r.NormFloat64(); r.IntN(20) > 0 {
			col.Valid[i/8] |= 1 << (i % 8)
		}
	}
	low, high := 40.0, 192.0
	kernel, err := nn.ChooseKernel("")
	if err != nil {
		b.Fatal(err)
	}
	for name, p := range map[string]*nn.Profile{"missing": nil, "psi": {Low: &low, High: &high,
		Edges: []float64{40, 56, 64, 68, 74, 78, 84, 88, 96, 108, 192}}} {
		bins := newBins(p, kernel)
		counts := make([]int64, len(bins.edges)+1)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				bins.count(counts, col, rows)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/value")
		})
	}
}
