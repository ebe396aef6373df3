package kernel

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Every set counts as the plain loop does, numbers on an edge, NaN and
// infinities too.
func TestTallyAgreesWithThePlainLoop(t *testing.T) {
	odd := rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 2, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 5e-324})
	number := rapid.OneOf(odd, rapid.Float64Range(-3, 3))
	rapid.Check(t, func(t *rapid.T) {
		edges := NewEdges(rapid.SliceOfN(number, 0, 20).Draw(t, "edges"))
		// Rows in front of what is counted move it off its alignment.
		cells, off := rapid.SliceOfN(number, 3, 70).Draw(t, "cells"), rapid.IntRange(0, 3).Draw(t, "off")
		cells = slices.Repeat(cells, rapid.SampledFrom([]int{1, 1, 1, 80}).Draw(t, "times"))[off:]
		v := Values{F64: cells, Factor: rapid.SampledFrom([]float64{1, 0.1, -2}).Draw(t, "factor"), Plus: rapid.SampledFrom([]float64{0, 0.3}).Draw(t, "plus")}
		if rapid.Bool().Draw(t, "float32") {
			v.F64, v.F32 = nil, make([]float32, len(cells))
			for i, x := range cells {
				v.F32[i] = float32(x)
			}
		}
		want := make([]int64, len(edges.at))
		for i, edge := range edges.at {
			for j := range cells {
				x := 0.0
				if x = cells[j]; v.F32 != nil {
					x = float64(v.F32[j])
				}
				if float64(x*v.Factor)+v.Plus >= edge {
					want[i]++
				}
			}
		}
		for _, name := range Names() {
			got := make([]int64, len(edges.at))
			if Choose[float32](name).Tally(edges, v, len(cells), got); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", name, got, want)
			}
		}
	})
}
