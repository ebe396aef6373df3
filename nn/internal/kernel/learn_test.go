package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomNumbers are n numbers from a normal distribution, as T has them.
func randomNumbers[T Float](r *rand.Rand, n int) []T {
	v := make([]T, n)
	for i := range v {
		v[i] = T(r.NormFloat64())
	}
	return v
}

// outerExact is what every float32 assembly set must give bit for bit: sixteen
// sums an element, one every sixteenth row, each product fused into its sum;
// then the upper half is added to the lower one until one is left.
func outerExact(d, x []float32, o Outer, panels, u, k int) float32 {
	var s [16]float32
	for p := range panels {
		for j := range Lanes {
			i := j % len(s)
			s[i] = fma32(d[(p*o.D+u)*Lanes+j], x[(p*o.X+k)*Lanes+j], s[i])
		}
	}
	for n := len(s) / 2; n > 0; n /= 2 {
		for i := range n {
			s[i] += s[i+n]
		}
	}
	return s[0]
}

func TestOuterBits(t *testing.T) {
	for _, name := range Names() {
		if name == "generic" {
			continue
		}
		s := Choose[float32](name)
		r := rand.New(rand.NewPCG(1, 2))
		for units := 1; units <= 14; units++ {
			for _, inputs := range []int{1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 18, 35} {
				const panels = 3
				whole := Outer{To: units, Inputs: inputs, D: units + inputs%3, X: inputs + units%2}
				d, x := randomNumbers[float32](r, panels*whole.D*Lanes), randomNumbers[float32](r, panels*whole.X*Lanes)
				y := make([]float32, units*inputs+1)
				y[units*inputs] = 7
				s.Outer(whole, d, x, panels, y)
				for i := range units * inputs {
					if want := outerExact(d, x, whole, panels, i/inputs, i%inputs); y[i] != want {
						t.Fatalf("%s %d×%d, element %d: %x, want %x", name, units, inputs, i, y[i], want)
					}
				}
				if y[units*inputs] != 7 {
					t.Fatalf("%s %d×%d writes past its end", name, units, inputs)
				}
				o := whole
				o.From, o.To = units/3, units-units/4
				part := make([]float32, (o.To-o.From)*inputs)
				s.Outer(o, d, x, panels, part)
				if !slices.Equal(part, y[o.From*inputs:o.To*inputs]) {
					t.Fatalf("%s %d×%d: units %d to %d alone have other sums", name, units, inputs, o.From, o.To)
				}
			}
		}
	}
}

// Products that tell fused from unfused, in every element of every tile.
func TestOuterFuses(t *testing.T) {
	for _, name := range Names() {
		if name == "generic" {
			continue
		}
		s := Choose[float32](name)
		for _, c := range fusions {
			const units, inputs = 13, 7
			d, x := make([]float32, 2*units*Lanes), make([]float32, 2*inputs*Lanes)
			for u := range units { // row 3 gives z·1, row 19 then adds x·y
				d[u*Lanes+3], d[u*Lanes+19] = c.z, c.x
			}
			for k := range inputs {
				x[k*Lanes+3], x[k*Lanes+19] = 1, c.y
			}
			y := make([]float32, units*inputs)
			s.Outer(Outer{To: units, Inputs: inputs, D: units, X: inputs}, d, x, 2, y)
			for i, got := range y {
				if got != c.want {
					t.Fatalf("%s element %d of %x·%x + %x: %x, want %x", name, i, c.x, c.y, c.z, got, c.want)
				}
			}
		}
	}
}

// The plain loop is near the sum in float64, and in float64 every set gives
// what the plain loop gives.
func TestOuterIsTheSumOverRows(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, shape := range [][3]int{{1, 1, 1}, {2, 2, 1}, {3, 5, 2}, {16, 5, 8}, {8, 16, 8}, {13, 21, 3}} {
		units, inputs, panels := shape[0], shape[1], shape[2]
		d, x := randomNumbers[float64](r, panels*units*Lanes), randomNumbers[float64](r, panels*inputs*Lanes)
		want := make([]float64, units*inputs)
		Generic[float64]().Outer(Outer{To: units, Inputs: inputs, D: units, X: inputs}, d, x, panels, want)
		for i, v := range want {
			sum := 0.0
			for row := range panels * Lanes {
				p, j := row/Lanes, row%Lanes
				sum += d[(p*units+i/inputs)*Lanes+j] * x[(p*inputs+i%inputs)*Lanes+j]
			}
			if math.Abs(v-sum) > 1e-12 {
				t.Fatalf("%v element %d: %g, want %g", shape, i, v, sum)
			}
		}
		for _, name := range Names() {
			y := make([]float64, len(want))
			Choose[float64](name).Outer(Outer{To: units, Inputs: inputs, D: units, X: inputs}, d, x, panels, y)
			for i := range y {
				if y[i] != want[i] {
					t.Fatalf("%s %v element %d: %x, want %x", name, shape, i, y[i], want[i])
				}
			}
		}
	}
}

// What training does to each number alone is the same on every set.
func TestSlopesAndStepsAreThePlainOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	a, d := randomNumbers[float32](r, 3*Lanes), randomNumbers[float32](r, 3*Lanes)
	for i := range a {
		a[i] = max(a[i], 0) * 0.4
	}
	a[5], a[6] = float32(math.Copysign(0, -1)), float32(math.Inf(1))
	plain := Generic[float32]()
	for f := Identity; f <= LogSoftmax; f++ {
		if !HasSlope(f) {
			continue
		}
		want := append([]float32(nil), d...)
		plain.Slope(f, a, want)
		for _, name := range Names() {
			got := append([]float32(nil), d...)
			Choose[float32](name).Slope(f, a, got)
			for i := range got {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) && got[i] == got[i] {
					t.Fatalf("%s, function %d at %g: %g, want %g", name, f, a[i], got[i], want[i])
				}
			}
		}
	}
	for _, n := range []int{1, 7, 8, 9, 15, 16, 17, 40, 43} {
		w, g, shard := randomNumbers[float64](r, n), randomNumbers[float64](r, n), randomNumbers[float32](r, n)
		take := func(name string) []float64 {
			s, to := Choose[float32](name), append([]float64(nil), g...)
			sum := s.Penalise(0.3, w, to)
			s.Share(to, shard, 0.7, true)
			first := make([]float64, n)
			s.Share(first, shard, 0.7, false)
			return append(append(to, first...), sum)
		}
		want := take("generic")
		for _, name := range Names() {
			if got := take(name); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s with %d numbers: %v, want %v", name, n, got, want)
			}
		}
	}
	c := &AdamStep{Beta1: 0.9, Rest1: 1 - 0.9, Beta2: 0.999, Rest2: 1 - 0.999, Rate: 0.01, Scale1: 3, Scale2: 20, Epsilon: 1e-8}
	for _, n := range []int{1, 7, 8, 9, 40, 43} {
		start, g := randomNumbers[float64](r, 3*n), randomNumbers[float64](r, n)
		step := func(adam func(*AdamStep, []float64, []float64, []float64, []float64)) []float64 {
			v := append([]float64(nil), start...)
			for i := range n {
				v[2*n+i] = math.Abs(v[2*n+i])
			}
			adam(c, v[:n], g, v[n:2*n], v[2*n:])
			return v
		}
		want := step(Generic[float64]().Adam)
		for _, name := range Names() {
			if got := step(Choose[float64](name).Adam); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s with %d parameters: %v, want %v", name, n, got, want)
			}
		}
	}
}

func BenchmarkOuter(b *testing.B) {
	for _, shape := range [][2]int{{256, 100}, {128, 256}, {16, 5}, {8, 16}, {1, 8}} {
		for _, name := range Names() {
			b.Run(fmt.Sprintf("%dx%d/%s", shape[0], shape[1], name), func(b *testing.B) {
				s := Choose[float32](name)
				const panels = 8
				r := rand.New(rand.NewPCG(1, 1))
				d, x := randomNumbers[float32](r, panels*shape[0]*Lanes), randomNumbers[float32](r, panels*shape[1]*Lanes)
				y := make([]float32, shape[0]*shape[1])
				for b.Loop() {
					s.Outer(Outer{To: shape[0], Inputs: shape[1], D: shape[0], X: shape[1]}, d, x, panels, y)
				}
				b.ReportMetric(2*float64(len(y)*panels*Lanes)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}
