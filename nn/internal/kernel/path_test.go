package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// pathCase are the numbers of a few panels, some way along their paths.
type pathCase struct {
	units, panels                                      int
	alpha                                              float32
	z0, z1, z, slope, off, reach, d, sum, w, dt, delta []float32
	corners                                            *Corners[float32]
}

func newPathCase(seed uint64, units, above, panels int, alpha float32) *pathCase {
	r := rand.New(rand.NewPCG(seed, 9))
	numbers := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	n := panels * Lanes
	c := &pathCase{units: units, panels: panels, alpha: alpha, z0: numbers(units * Lanes), z1: numbers(n * units), z: numbers(n * units), slope: numbers(n * units),
		off: make([]float32, n*units), reach: make([]float32, n*units), d: numbers(n * units), sum: numbers(n * units), w: numbers(units), dt: make([]float32, n), delta: numbers(n)}
	for u := range units {
		for j := range Lanes {
			c.z0[u*Lanes+j] = c.z0[u*Lanes] // the baseline's lanes are alike
		}
	}
	for i := range c.off {
		if r.IntN(2) == 0 {
			c.off[i] = float32(math.Copysign(0, -1))
		}
	}
	for i := range c.dt {
		c.dt[i] = r.Float32()
	}
	weights := make([]float64, units*above)
	for i := range weights {
		weights[i] = r.NormFloat64()
	}
	c.corners = NewCorners[float32](units, above, weights, panels)
	c.corners.Begin(panels)
	return c
}

// near reports a difference of two results beyond rounding.
func near(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= tolerance*max(1, math.Abs(float64(want[i])))) && got[i] != want[i] {
			t.Errorf("%s: number %d is %g, want %g", what, i, got[i], want[i])
			return
		}
	}
}

func same(t *testing.T, what string, got, want []int32) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestPathAgreesWithPlainLoops(t *testing.T) {
	for _, name := range Names() {
		fast, plain := Choose[float32](name).Path, pathGeneric[float32]()
		for seed, units := range []int{1, 3, 8, 17, 300} {
			for i, above := range []int{1, 4, 7, 8} {
				t.Run(name, func(t *testing.T) {
					alpha := float32(i) / 8
					make := func() *pathCase { return newPathCase(uint64(seed), units, above, 1+i%3, alpha) }
					compareSteps(t, fast, plain, make(), make())
					compareCorners(t, fast, plain, make(), make())
					compareFlat(t, fast, plain, make(), make())
					for _, f := range []Func{Identity, Sigmoid, Tanh} {
						compareWays(t, fast, plain, make(), make(), f)
					}
				})
			}
		}
	}
}

// compareSteps compares a piece of the layers above the first.
func compareSteps(t *testing.T, fast, plain Path[float32], a, b *pathCase) {
	fast.Least(a.z, a.slope, a.off, a.reach, a.dt, a.units, a.panels)
	plain.Least(b.z, b.slope, b.off, b.reach, b.dt, b.units, b.panels)
	near(t, "reach", a.reach, b.reach, 1e-6)
	near(t, "the least", a.dt, b.dt, 1e-6)
	// From here on both work on the same numbers, so that both see the same units turn.
	copy(a.reach, b.reach)
	copy(a.dt, b.dt)
	fast.Step(a.z, a.slope, a.dt, a.z1, a.units, a.panels, a.alpha)
	plain.Step(b.z, b.slope, b.dt, b.z1, b.units, b.panels, b.alpha)
	near(t, "z after a step", a.z, b.z, 1e-6)
	near(t, "σ(z) after a step", a.z1, b.z1, 1e-6)
	fast.Bend(a.slope, a.off, a.z1, a.units, a.panels, a.alpha)
	plain.Bend(b.slope, b.off, b.z1, b.units, b.panels, b.alpha)
	near(t, "bent", a.z1, b.z1, 0)
	fast.Fold(a.d, a.off, a.reach, a.dt, nil, a.units, a.panels, a.alpha)
	plain.Fold(b.d, b.off, b.reach, b.dt, nil, b.units, b.panels, b.alpha)
	near(t, "folded", a.d, b.d, 0)
	fast.Fold(a.d, a.off, a.reach, a.dt, a.sum, a.units, a.panels, a.alpha)
	plain.Fold(b.d, b.off, b.reach, b.dt, b.sum, b.units, b.panels, b.alpha)
	near(t, "folded and added", a.sum, b.sum, 1e-6)
	for i := range b.off {
		if math.Signbit(float64(a.off[i])) != math.Signbit(float64(b.off[i])) {
			t.Errorf("unit %d has turned in one only", i)
			return
		}
	}
}

// compareCorners follows the corners of layer 1 to their end.
func compareCorners(t *testing.T, fast, plain Path[float32], a, b *pathCase) {
	above := a.corners.Above
	slopes := [2][]float32{make([]float32, a.panels*above*Lanes), make([]float32, a.panels*above*Lanes)}
	worth := newPathCase(5, above, 1, a.panels, 0).z
	fast.Meet(a.corners, a.z0, a.z1, a.panels, a.alpha)
	plain.Meet(b.corners, b.z0, b.z1, b.panels, b.alpha)
	same(t, "keys", a.corners.Keys, b.corners.Keys)
	near(t, "jumps", a.corners.Jump, b.corners.Jump, 1e-6)
	for range a.units + 1 {
		fast.Next(a.corners, a.dt, a.panels)
		plain.Next(b.corners, b.dt, b.panels)
		same(t, "the next corners", a.corners.Then, b.corners.Then)
		near(t, "how far they are", a.dt, b.dt, 1e-6)
		for i := range b.dt {
			if i%5 == 0 {
				b.dt[i] /= 2 // these do not come there
			}
		}
		copy(a.dt, b.dt)
		copy(a.corners.Due, b.corners.Due)
		fast.Pass(a.corners, a.dt, a.panels)
		plain.Pass(b.corners, b.dt, b.panels)
		same(t, "the units", a.corners.At, b.corners.At)
		same(t, "the corners passed", a.corners.Last, b.corners.Last)
		fast.Turn(a.corners, slopes[0], worth, a.panels)
		plain.Turn(b.corners, slopes[1], worth, b.panels)
		near(t, "slopes", slopes[0], slopes[1], 1e-3)
		near(t, "what they are worth", a.corners.Sums, b.corners.Sums, 1e-4)
		copy(a.corners.T, b.corners.T)
	}
	fast.Close(a.corners, a.z0, a.z1, a.d, a.z, a.panels, a.alpha)
	plain.Close(b.corners, b.z0, b.z1, b.d, b.z, b.panels, b.alpha)
	near(t, "what units are worth", a.z, b.z, 1e-4)
}

// compareWays follows rows through two kinked layers and one unit, to their end.
func compareWays(t *testing.T, fast, plain Path[float32], a, b *pathCase, f Func) {
	above := a.corners.Above
	second := newPathCase(7, above, 1, a.panels, a.alpha)
	one := One[float32]{Units: above, Alpha: a.alpha / 2, Z0: second.z0, W: second.w, Bias: 0.5, Func: f, Z: 0.5}
	for u, w := range one.W {
		z := one.Z0[u*Lanes]
		one.Z += w * max(z, one.Alpha*z)
	}
	sigma := slices.Repeat([]float32{one.Z}, Lanes)
	activateGeneric(Activation[float32]{Func: f}, sigma, 1, 1)
	one.A = sigma[0]
	var worth [2][]float32
	for i, c := range []*pathCase{a, b} {
		p, slope := [...]Path[float32]{fast, plain}[i], slices.Clone(second.slope)
		c.corners.Begin(c.panels)
		p.Meet(c.corners, c.z0, c.z1, c.panels, c.alpha)
		worth[i] = make([]float32, len(slope))
		p.Follow(c.corners, one.Room(c.panels), slope, worth[i], c.panels, 8*(c.units+above))
	}
	near(t, "what the way is worth", worth[0], worth[1], 1e-3)
	near(t, "what it is worth until a corner", a.corners.Sums[:a.units*Lanes], b.corners.Sums[:a.units*Lanes], 1e-3)
}

// compareFlat compares what knows no units, and the search for the largest.
func compareFlat(t *testing.T, fast, plain Path[float32], a, b *pathCase) {
	counts := [2][]int32{make([]int32, len(a.dt)), make([]int32, len(b.dt))}
	fast.Count(a.z0, a.z1, counts[0], a.units, a.panels)
	plain.Count(b.z0, b.z1, counts[1], b.units, b.panels)
	same(t, "counts", counts[0], counts[1])
	c, _ := CurveOf[float32](Sigmoid)
	n := len(a.dt)
	fast.Secant(c, a.z, a.z1, a.slope, a.sum, a.dt, a.d[:n])
	plain.Secant(c, b.z, b.z1, b.slope, b.sum, b.dt, b.d[:n])
	near(t, "secant", a.d[:n], b.d[:n], 1e-4)
	fast.Mix(a.z, a.z1, 0.3, a.slope)
	plain.Mix(b.z, b.z1, 0.3, b.slope)
	near(t, "mixed", a.slope, b.slope, 1e-6)
	fast.Sum(a.z, a.sum)
	plain.Sum(b.z, b.sum)
	near(t, "added", a.sum, b.sum, 0)
	at := make([]int32, n)
	for i := range at {
		at[i] = int32(4 * (i/Lanes*a.units*Lanes + (i*7+3)%Lanes))
	}
	fast.Take(a.z1, at, a.reach, a.units, a.panels)
	plain.Take(b.z1, at, b.reach, b.units, b.panels)
	near(t, "taken", a.reach, b.reach, 0)
	fast.Put(a.z, at, a.reach, a.units, a.panels)
	plain.Put(b.z, at, b.reach, b.units, b.panels)
	near(t, "put", a.z, b.z, 0)
	fast.Gain(a.z1, a.z0, a.slope, a.reach, a.dt, a.units, a.panels)
	plain.Gain(b.z1, b.z0, b.slope, b.reach, b.dt, b.units, b.panels)
	near(t, "gains", a.reach, b.reach, 1e-5)
	near(t, "their totals", a.dt, b.dt, 1e-4)
	copy(a.reach, b.reach)
	compareLargest(t, fast, plain, a.reach, a.units, a.panels)
}

func compareLargest(t *testing.T, fast, plain Path[float32], phi []float32, units, panels int) {
	k := min(3, units)
	for i := range phi {
		switch i % 11 {
		case 0:
			phi[i] = 1
		case 1:
			phi[i] = -1
		case 2:
			phi[i] = 0
		case 3:
			phi[i] = float32(math.NaN())
		}
	}
	var which [2][][]int32
	values := [2][]float32{make([]float32, panels*k*Lanes), make([]float32, panels*k*Lanes)}
	for s, p := range []Path[float32]{fast, plain} {
		var before []int32
		var last []float32
		for i := range k {
			found, value := make([]int32, panels*Lanes), values[s][i*Lanes:]
			p.Largest(phi, units, panels, before, found, last, value, k)
			which[s] = append(which[s], found)
			before, last = found, value
		}
	}
	for i := range k {
		same(t, "the largest", which[0][i], which[1][i])
	}
	near(t, "their values", values[0], values[1], 0)
}
