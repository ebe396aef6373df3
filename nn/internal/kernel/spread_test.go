package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Every set puts every number of a row into the row's lane, and nothing else.
func TestSpread(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for width := 1; width <= 21; width++ {
		from := randomNumbers[float32](r, 90*width)
		for _, n := range []int{1, 7, 8, 9, 24, 31, 32} {
			rows := make([]int32, n+12)
			for i := range rows {
				rows[i] = int32(r.IntN(90))
			}
			want := make([]float32, width*Lanes+1)
			want[width*Lanes] = 7
			for i, row := range rows[:n] {
				for k := range width {
					want[k*Lanes+i] = from[int(row)*width+k]
				}
			}
			for _, name := range Names() {
				got := randomNumbers[float32](r, width*Lanes+1)
				got[width*Lanes] = 7
				Choose[float32](name).Spread(got[:width*Lanes], from, rows[:n], rows[n:], width)
				if !slices.Equal(got, want) {
					t.Fatalf("%s: %d rows of %d: %v, want %v", name, n, width, got, want)
				}
			}
		}
	}
}
