package explain

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"yhat/nn"
)

// The functions of the laws' hidden layers.
var (
	lines  = []nn.Func{nn.Identity, nn.ReLU, nn.LeakyReLU}
	curves = []nn.Func{nn.Tanh, nn.Sigmoid, nn.GELU, nn.Softplus}
)

// drawNetwork is a small network of up to five features.
func drawNetwork(t *rapid.T) *nn.Model {
	widths := []int{rapid.IntRange(1, 5).Draw(t, "features"), rapid.IntRange(1, 9).Draw(t, "units"), rapid.IntRange(1, 6).Draw(t, "more units"), rapid.IntRange(1, 3).Draw(t, "outputs")}
	// A corner above a curve takes many nodes: see the cases.
	first := rapid.SampledFrom(append(slices.Clone(lines), curves...)).Draw(t, "first")
	above := curves
	if slices.Contains(lines, first) {
		above = append(slices.Clone(lines), curves...)
	}
	last := rapid.SampledFrom([]nn.Func{nn.Identity, nn.Sigmoid, nn.Tanh, nn.Softmax}).Draw(t, "last")
	return network(rapid.Uint64().Draw(t, "seed"), widths, first, rapid.SampledFrom(above).Draw(t, "second"), last)
}

// TestContributionsSumToWhatMoved is completeness, and efficiency.
func TestContributionsSumToWhatMoved(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := drawNetwork(rt)
		o := Options{rapid.SampledFrom([]Method{IntegratedGradients, Shapley}).Draw(rt, "method"), rapid.IntRange(Largest, m.OutputWidth()-1).Draw(rt, "output")}
		x := rows[float64](rapid.Uint64().Draw(rt, "rows"), len(m.Features), 2)
		phi, y, failed := explained(t, m, o, "", x, 2)
		trace := m.Trace(Baseline(m))
		base := trace[len(trace)-1].Output
		for i := range 2 * nn.Lanes {
			if failed[i/nn.Lanes]>>(i%nn.Lanes)&1 == 1 {
				rt.Fatalf("row %d failed", i)
			}
			ys, sum := row(y, m.OutputWidth(), i), 0.0
			for _, v := range row(phi, len(m.Features), i) {
				sum += v
			}
			out := o.Output
			if out == Largest {
				out = largest(ys)
			}
			if by := math.Abs(sum - (ys[out] - base[out])); by > 1e-4*max(1, math.Abs(ys[out]), math.Abs(base[out])) {
				rt.Fatalf("row %d is off by %g", i, by)
			}
		}
	})
}

// TestAnyDepth: networks of one layer, and of many, of kinked lines alone.
func TestAnyDepth(t *testing.T) {
	for _, c := range [][]int{{3, 1}, {3, 2}, {4, 6, 1}, {4, 6, 5, 4, 3, 2}} {
		for _, f := range lines {
			for _, method := range []Method{IntegratedGradients, Shapley} {
				m := network(7, c, slices.Repeat([]nn.Func{f}, len(c)-1)...)
				x := rows[float64](3, c[0], 1)
				phi, y, failed := explained(t, m, Options{method, 0}, "", x, 1)
				base := m.Trace(Baseline(m))
				for i := range nn.Lanes {
					sum := -row(y, m.OutputWidth(), i)[0] + base[len(base)-1].Output[0]
					for _, v := range row(phi, c[0], i) {
						sum += v
					}
					if !(math.Abs(sum) <= 1e-4) || failed[0] != 0 {
						t.Fatalf("%v %s %s: row %d is off by %g, failed %b", c, f, method, i, sum, failed[0])
					}
				}
			}
		}
	}
}

// TestAFeatureWithoutWeightMovesNothing is the axiom of the dummy: exactly 0.
func TestAFeatureWithoutWeightMovesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := drawNetwork(rt)
		f := rapid.IntRange(0, len(m.Features)-1).Draw(rt, "feature")
		first := &m.Layers[0]
		for u := range first.Out {
			first.W[u*first.In+f] = 0
		}
		method := rapid.SampledFrom([]Method{IntegratedGradients, Shapley}).Draw(rt, "method")
		phi, _, _ := explained(t, m, Options{method, Largest}, "", rows[float32](rapid.Uint64().Draw(rt, "rows"), len(m.Features), 1), 1)
		for i := range nn.Lanes {
			if v := row(phi, len(m.Features), i)[f]; v != 0 {
				rt.Fatalf("row %d: %g", i, v)
			}
		}
	})
}

// TestTwinsShareAlike is symmetry: features with the same weights, baseline and
// values move a prediction equally.
func TestTwinsShareAlike(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := drawNetwork(rt)
		n, first := len(m.Features), &m.Layers[0]
		a, b := rapid.IntRange(0, n-1).Draw(rt, "a"), rapid.IntRange(0, n-1).Draw(rt, "b")
		for u := range first.Out {
			first.W[u*n+b] = first.W[u*n+a]
		}
		m.Features[b].Fill = m.Features[a].Fill
		x := rows[float64](rapid.Uint64().Draw(rt, "rows"), n, 1)
		copy(x[b*nn.Lanes:][:nn.Lanes], x[a*nn.Lanes:])
		method := rapid.SampledFrom([]Method{IntegratedGradients, Shapley}).Draw(rt, "method")
		phi, _, _ := explained(t, m, Options{method, 0}, "", x, 1)
		for i := range nn.Lanes {
			v := row(phi, n, i)
			agree(t, "twin", v[a:a+1], v[b:b+1], 1e-9*max(1, math.Abs(v[a])))
		}
	})
}

// TestAShapleyValueIsTheMeanOverOrders holds it against the definition.
func TestAShapleyValueIsTheMeanOverOrders(t *testing.T) {
	m := network(3, []int{4, 7, 5, 1}, nn.ReLU, nn.Tanh, nn.Sigmoid)
	x := rows[float64](4, 4, 1)
	phi, _, _ := explained(t, m, Options{Shapley, 0}, "", x, 1)
	predict := func(v []float64) float64 { return m.Trace(v)[2].Output[0] }
	for i := range 3 {
		want, count := make([]float64, 4), 0.0
		var orders func(left []int, at []float64)
		orders = func(left []int, at []float64) {
			for k, f := range left {
				next := slices.Clone(at)
				next[f] = row(x, 4, i)[f]
				// Each order of the features left after f has this step.
				weight := 1.0
				for l := 2; l < len(left); l++ {
					weight *= float64(l)
				}
				want[f] += weight * (predict(next) - predict(at))
				orders(slices.Concat(left[:k], left[k+1:]), next)
			}
			if len(left) == 0 {
				count++
			}
		}
		orders([]int{0, 1, 2, 3}, Baseline(m))
		for f := range want {
			want[f] /= count
		}
		agree(t, "orders", row(phi, 4, i), want, 1e-12)
	}
}

// TestARowAlone: what a row gives does not depend on the rows beside it, nor
// on where it stands.
func TestARowAlone(t *testing.T) {
	for i, c := range cases {
		m := network(uint64(i), c.widths, c.funcs...)
		n := c.widths[0]
		x := rows[float32](7, n, 40)
		all, _, _ := explained(t, m, Options{IntegratedGradients, Largest}, "", x, 40)
		for _, at := range []int{0, 37, 300, 1100} {
			alone := make([]float32, n*nn.Lanes)
			for k, v := range row(x, n, at) {
				alone[k*nn.Lanes+5] = float32(v)
			}
			phi, _, _ := explained(t, m, Options{IntegratedGradients, Largest}, "", alone, 1)
			if got, want := row(phi, n, 5), row(all, n, at); !slices.Equal(got, want) {
				t.Errorf("%v: row %d alone gives %v, among others %v", c.funcs, at, got, want)
			}
		}
	}
}

func TestExplainAllocatesNothing(t *testing.T) {
	for _, method := range []Method{IntegratedGradients, Shapley} {
		for _, f := range []nn.Func{nn.ReLU, nn.Tanh} {
			m := network(1, []int{5, 16, 8, 3}, f, f, nn.Softmax)
			e, err := New[float32](m, Options{method, Largest}, nn.Kernel{})
			if err != nil {
				t.Fatal(err)
			}
			s, x, y := e.NewSpace(), rows[float32](1, 5, 2), make([]float32, 2*3*nn.Lanes)
			phi, failed := make([]float32, 2*5*nn.Lanes), make([]uint32, 2)
			which, values := [][]int32{make([]int32, 2*nn.Lanes)}, make([]float32, 2*nn.Lanes)
			if n := testing.AllocsPerRun(2, func() {
				e.Explain(s, x, y, 2, phi, failed)
				e.Reasons(phi, 2, which, values)
			}); n > 0 {
				t.Errorf("%s, %s: %g allocations", method, f, n)
			}
		}
	}
}

func TestReasonsAreTheLargest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "features")
		k := rapid.IntRange(1, n).Draw(t, "reasons")
		phi := make([]float32, n*nn.Lanes)
		for i := range phi {
			phi[i] = float32(rapid.IntRange(-3, 3).Draw(t, "φ"))
		}
		which, values := make([][]int32, k), make([]float32, k*nn.Lanes)
		for i := range which {
			which[i] = make([]int32, nn.Lanes)
		}
		kernel, _ := nn.ChooseKernel(rapid.SampledFrom(nn.Kernels()).Draw(t, "kernel"))
		e, err := New[float32](network(1, []int{n, 1}, nn.Sigmoid), Options{}, kernel)
		if err != nil {
			t.Fatal(err)
		}
		e.Reasons(phi, 1, which, values)
		for j := range nn.Lanes {
			v := row(phi, n, j)
			order := []int{0, 1, 2, 3, 4, 5}[:n]
			slices.SortStableFunc(order, func(a, b int) int { return int(math.Abs(v[b]) - math.Abs(v[a])) })
			for i := range k {
				if got := int(which[i][j]); got != order[i] || float64(values[i*nn.Lanes+j]) != v[got] {
					t.Fatalf("row %d of %v: reason %d is %d, %g", j, v, i, got, values[i*nn.Lanes+j])
				}
			}
		}
	})
}

func TestNewRefusesManyFeatures(t *testing.T) {
	m := network(1, []int{MostShapley + 1, 1}, nn.Sigmoid)
	if _, err := New[float32](m, Options{Method: Shapley}, nn.Kernel{}); err == nil {
		t.Error("no error")
	}
}
