package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Weights written into a layer block by block, or into its transpose input by
// input, are those it is packed with.
func TestSetIsPack(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, name := range Names() {
		s := Choose[float32](name)
		for out := 1; out <= 31; out++ {
			for _, in := range []int{1, 3, 4, 5, 8, 13, 70} {
				w, bias := randomNumbers[float64](r, out*in), randomNumbers[float64](r, out)
				none := make([]float64, out*in+max(in, out))
				want, got := Pack[float32](in, out, w, bias, s.Block), Pack[float32](in, out, none, none, s.Block)
				for _, b := range got.Blocks {
					s.SetRows(got, b, w[b.First*in:][:b.Units*in], bias[b.First:])
				}
				if !slices.Equal(got.W, want.W) {
					t.Fatalf("%s: rows of %d×%d are not as packed", name, out, in)
				}
				turned := make([]float64, out*in)
				for i, v := range w {
					turned[i%in*out+i/in] = v
				}
				want, got = Pack[float32](out, in, turned, none, s.Block), Pack[float32](out, in, none, none, s.Block)
				half := (out + 1) / 2
				s.SetColumns(got, 0, half, w[:half*in])
				if half < out {
					s.SetColumns(got, half, out, w[half*in:])
				}
				if !slices.Equal(got.W, want.W) {
					t.Fatalf("%s: columns of %d×%d are not as packed", name, out, in)
				}
			}
		}
	}
}
