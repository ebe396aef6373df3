package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// pathCase is a stretch of random ends, with some lanes that have arrived.
type pathCase struct {
	z                         Stretch[float32]
	t, next, d, sum, out, tau []float32
	panels                    int
}

func newPathCase(seed uint64, units, panels int, same bool) *pathCase {
	r := rand.New(rand.NewPCG(seed, 9))
	numbers := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	n := panels * Lanes
	c := &pathCase{panels: panels, out: make([]float32, n*units), tau: make([]float32, n*units), d: numbers(n * units), sum: numbers(n * units),
		t: make([]float32, n), next: make([]float32, n)}
	c.z = Stretch[float32]{Units: units, Z0: numbers(n * units), Z1: numbers(n * units), Same: same, Start: make([]float32, n), End: make([]float32, n)}
	if same {
		c.z.Z0 = c.z.Z0[:units*Lanes]
	}
	for i := range n {
		c.z.Start[i] = r.Float32() / 4
		c.t[i] = c.z.Start[i] + r.Float32()/4
		c.next[i] = c.t[i] + r.Float32()/4
		c.z.End[i] = c.next[i]
		if i%3 > 0 {
			c.z.End[i] += r.Float32() / 4
		}
		if i%7 == 0 {
			c.z.Start[i], c.t[i], c.next[i], c.z.End[i] = 1, 1, 1, 1
		}
	}
	return c
}

// near reports a difference of two results beyond rounding. Numbers that stand
// for no crossing may be any.
func near(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= tolerance) {
			t.Errorf("%s: number %d is %g, want %g", what, i, got[i], want[i])
			return
		}
	}
}

func TestPathAgreesWithPlainLoops(t *testing.T) {
	for _, name := range Names() {
		fast, plain := Choose[float32](name).Path, pathGeneric[float32]()
		for seed, units := range []int{1, 3, 8, 17} {
			for _, panels := range []int{1, 4} {
				for _, same := range []bool{false, true} {
					t.Run(name, func(t *testing.T) {
						comparePaths(t, fast, plain, func() *pathCase { return newPathCase(uint64(seed), units, panels, same) })
					})
				}
			}
		}
	}
}

func comparePaths(t *testing.T, fast, plain Path[float32], make func() *pathCase) {
	a, b := make(), make()
	fast.Crossings(&a.z, a.tau, a.panels)
	plain.Crossings(&b.z, b.tau, b.panels)
	for i, v := range b.tau {
		if v > 0 && v < 1 {
			near(t, "crossings", a.tau[i:i+1], b.tau[i:i+1], 1e-6)
		}
	}
	r := rand.New(rand.NewPCG(uint64(a.z.Units), 3))
	for i := range a.tau {
		if i%5 == 0 {
			b.tau[i] = float32(2 * r.NormFloat64())
		}
	}
	copy(a.tau, b.tau)
	fast.Next(a.z.Units, a.tau, a.t, a.z.End, a.next, a.panels)
	plain.Next(b.z.Units, b.tau, b.t, b.z.End, b.next, b.panels)
	near(t, "next", a.next, b.next, 0)
	fast.Between(&a.z, a.next, a.out, a.panels, 0.25)
	plain.Between(&b.z, b.next, b.out, b.panels, 0.25)
	near(t, "between", a.out, b.out, 1e-5)
	fast.Slope(&a.z, a.t, a.next, a.d, nil, a.panels, 0.25)
	plain.Slope(&b.z, b.t, b.next, b.d, nil, b.panels, 0.25)
	near(t, "slope", a.d, b.d, 0)
	fast.Slope(&a.z, a.t, a.next, a.d, a.sum, a.panels, 0)
	plain.Slope(&b.z, b.t, b.next, b.d, b.sum, b.panels, 0)
	near(t, "slope, added", a.sum, b.sum, 0)
	if !a.z.Same {
		fast.Advance(&a.z, a.next, a.panels)
		plain.Advance(&b.z, b.next, b.panels)
		near(t, "advance", a.z.Z0, b.z.Z0, 0)
		near(t, "advance's start", a.z.Start, b.z.Start, 0)
	}
	n := a.panels * Lanes
	c, _ := CurveOf[float32](Sigmoid)
	fast.Secant(c, a.tau, a.z.Z1, a.out, a.sum, a.t, a.next, a.d[:n])
	plain.Secant(c, a.tau, b.z.Z1, b.out, b.sum, b.t, b.next, b.d[:n])
	near(t, "secant", a.d[:n], b.d[:n], 1e-4)
}
