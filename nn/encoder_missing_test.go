package nn

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Missing cells become the fill, or 0 without one, alike on every kernel, in
// whole panels and in the last one.
func TestMissingCellsOnEveryKernel(t *testing.T) {
	fill := 49.0
	m := &Model{Features: []Feature{{Name: "filled", Fill: &fill, Center: 49.58, Scale: 18.39}, {Name: "bare", Center: 3, Scale: 2}}}
	const rows = 1000
	r := rand.New(rand.NewPCG(1, 1))
	cells, valid := make([]float64, rows), make([]byte, rows/8)
	for i := range cells {
		if r.IntN(10) > 0 {
			cells[i] = float64(r.IntN(100))
			valid[i/8] |= 1 << (i % 8)
		}
	}
	encode := func(name string) ([]float32, [2]Faults) {
		k, err := ChooseKernel(name)
		if err != nil {
			t.Fatal(err)
		}
		e, x, faults := NewEncoder[float32](m, k), make([]float32, Panels(rows)*2*Lanes), [2]Faults{*NewFaults(rows), *NewFaults(rows)}
		for f := range faults {
			e.Numbers(f, x, Numbers{F64: cells, Valid: valid, Factor: 1}, rows, &faults[f])
		}
		return x, faults
	}
	want, wantFaults := encode("generic")
	for _, name := range Kernels() {
		got, faults := encode(name)
		if !slices.Equal(got, want) {
			t.Errorf("%s encodes other numbers than the generic kernel", name)
		}
		for f := range faults {
			if !slices.Equal(faults[f].Missing, wantFaults[f].Missing) || !slices.Equal(faults[f].OutOfRange, wantFaults[f].OutOfRange) {
				t.Errorf("%s: feature %d has other faults: missing %x, want %x; outside %x, want %x", name, f, faults[f].Missing, wantFaults[f].Missing, faults[f].OutOfRange, wantFaults[f].OutOfRange)
			}
		}
	}
}
