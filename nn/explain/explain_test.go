package explain

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"yhat/nn"
)

// network is a model of one numeric feature an input, with random weights.
func network(seed uint64, widths []int, funcs ...nn.Func) *nn.Model {
	r := rand.New(rand.NewPCG(seed, 1))
	m := &nn.Model{}
	for i := range widths[0] {
		fill := 0.3 * r.NormFloat64()
		m.Features = append(m.Features, nn.Feature{Name: fmt.Sprint("x", i), Fill: &fill, Scale: 1})
	}
	for l := 1; l < len(widths); l++ {
		layer := nn.Layer{In: widths[l-1], Out: widths[l], Activation: funcs[l-1].Default()}
		for range layer.In * layer.Out {
			layer.W = append(layer.W, r.NormFloat64()*math.Sqrt(2/float64(layer.In)))
		}
		for range layer.Out {
			layer.B = append(layer.B, 0.3*r.NormFloat64())
		}
		m.Layers = append(m.Layers, layer)
	}
	return m
}

// rows are random rows in panels.
func rows[T nn.Float](seed uint64, inputs, panels int) []T {
	r := rand.New(rand.NewPCG(seed, 2))
	x := make([]T, panels*inputs*nn.Lanes)
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}

// row takes row i out of panels.
func row[T nn.Float](x []T, width, i int) []float64 {
	v := make([]float64, width)
	for k := range v {
		v[k] = float64(x[(i/nn.Lanes*width+k)*nn.Lanes+i%nn.Lanes])
	}
	return v
}

// explained are the contributions, of all rows, and the predictions.
func explained[T nn.Float](t *testing.T, m *nn.Model, o Options, kernel string, x []T, panels int) (phi, y []T, failed []uint32) {
	t.Helper()
	k, err := nn.ChooseKernel(kernel)
	if err != nil {
		t.Skip(err)
	}
	e, err := New[T](m, o, k)
	if err != nil {
		t.Fatal(err)
	}
	net, _ := nn.Compile[T](m, k)
	out := make([][]T, len(m.Layers))
	y = make([]T, panels*m.OutputWidth()*nn.Lanes)
	out[len(out)-1] = y
	net.Forward(net.NewWorkspace(), x, panels, out)
	phi, failed = make([]T, panels*e.Features()*nn.Lanes), make([]uint32, panels)
	for p := range failed {
		failed[p] = 0x5a5a5a5a // as a call before may have left it
	}
	e.Explain(e.NewSpace(), x, y, panels, phi, failed)
	return phi, y, failed
}

// slopeOf is σ' in the middle of a small step of z.
func slopeOf(a nn.Activation, z float64) float64 {
	const h = 1e-6
	one := nn.Model{Layers: []nn.Layer{{Activation: a, In: 1, Out: 1, W: []float64{1}, B: []float64{0}}}}
	up, down := one.Trace([]float64{z + h}), one.Trace([]float64{z - h})
	return (up[0].Output[0] - down[0].Output[0]) / (2 * h)
}

// plainGradient is ∂ŷ_output/∂x by plain loops.
func plainGradient(m *nn.Model, x []float64, output int) []float64 {
	stages := m.Trace(x)
	d := make([]float64, m.OutputWidth())
	d[output] = 1
	for l := len(m.Layers) - 1; l >= 0; l-- {
		layer := &m.Layers[l]
		if f := layer.Activation.Func; f == nn.Softmax {
			a, dot := stages[l].Output, 0.0
			for u := range a {
				dot += a[u] * d[u]
			}
			for u := range a {
				d[u] = a[u] * (d[u] - dot)
			}
		} else {
			for u := range d {
				switch z := stages[l].Shifted[u]; f {
				case nn.ReLU:
					if z <= 0 {
						d[u] = 0
					}
				case nn.Tanh:
					d[u] *= 1 - math.Pow(math.Tanh(z), 2)
				case nn.Identity:
				default:
					d[u] *= slopeOf(layer.Activation, z)
				}
			}
		}
		below := make([]float64, layer.In)
		for u, v := range d {
			for k := range below {
				below[k] += layer.W[u*layer.In+k] * v
			}
		}
		d = below
	}
	return d
}

// plainGradients integrates ∂ŷ/∂x by the midpoint rule of many steps.
func plainGradients(m *nn.Model, x []float64, output, steps int) []float64 {
	x0, phi := Baseline(m), make([]float64, len(x))
	at := make([]float64, len(x))
	for s := range steps {
		u := (float64(s) + 0.5) / float64(steps)
		for i := range at {
			at[i] = x0[i] + u*(x[i]-x0[i])
		}
		for i, g := range plainGradient(m, at, output) {
			phi[i] += g * (x[i] - x0[i]) / float64(steps)
		}
	}
	return phi
}

// cases are networks of all kinds of path.
var cases = []struct {
	widths []int
	funcs  []nn.Func
}{
	{[]int{5, 16, 8, 1}, []nn.Func{nn.ReLU, nn.ReLU, nn.Sigmoid}},
	{[]int{5, 12, 9, 7, 1}, []nn.Func{nn.ReLU, nn.LeakyReLU, nn.ReLU, nn.Identity}},
	{[]int{4, 9, 6, 1}, []nn.Func{nn.ReLU, nn.Identity, nn.ReLU}},
	{[]int{6, 10, 8, 3}, []nn.Func{nn.ReLU, nn.ReLU, nn.Softmax}},
	{[]int{6, 10, 3}, []nn.Func{nn.LeakyReLU, nn.Sigmoid}},
	{[]int{3, 1}, []nn.Func{nn.Sigmoid}},
	{[]int{3, 8, 1}, []nn.Func{nn.ReLU, nn.Softplus}},
	{[]int{5, 16, 8, 1}, []nn.Func{nn.Tanh, nn.Tanh, nn.Sigmoid}},
	{[]int{5, 10, 6, 1}, []nn.Func{nn.GELU, nn.SiLU, nn.Identity}},
	{[]int{4, 6, 5, 2}, []nn.Func{nn.Tanh, nn.ReLU, nn.Softmax}},
	{[]int{5, 16, 8, 2}, []nn.Func{nn.ReLU, nn.LeakyReLU, nn.Softmax}},
	{[]int{5, 16, 8, 1}, []nn.Func{nn.LeakyReLU, nn.ReLU, nn.Identity}},
	{[]int{4, 2}, []nn.Func{nn.Softmax}},
}

// TestIntegratedGradientsAgreeWithPlainLoop holds a few rows of each network
// against the plain loop, in both precisions and on all kernels.
func TestIntegratedGradientsAgreeWithPlainLoop(t *testing.T) {
	for i, c := range cases {
		m := network(uint64(i), c.widths, c.funcs...)
		t.Run(fmt.Sprint(c.funcs, c.widths), func(t *testing.T) {
			t.Parallel()
			x := rows[float32](uint64(i), c.widths[0], 1)
			wide := make([]float64, len(x))
			for j, v := range x {
				wide[j] = float64(v)
			}
			phi, y, failed := explained(t, m, Options{IntegratedGradients, Largest}, "", wide, 1)
			if failed[0] != 0 {
				t.Errorf("rows %b failed", failed[0])
			}
			for r := range 3 {
				want := plainGradients(m, row(x, len(m.Features), r), largest(row(y, m.OutputWidth(), r)), 12_000)
				agree(t, "plain loop", row(phi, len(m.Features), r), want, 1e-4)
			}
			for _, kernel := range nn.Kernels() {
				single, _, failed := explained(t, m, Options{IntegratedGradients, Largest}, kernel, x, 1)
				if failed[0] != 0 {
					t.Errorf("%s: rows %b failed", kernel, failed[0])
				}
				for r := range nn.Lanes {
					agree(t, kernel, row(single, len(m.Features), r), row(phi, len(m.Features), r), 1e-4)
				}
			}
		})
	}
}

func largest(y []float64) int {
	best := 0
	for u, v := range y {
		if v > y[best] {
			best = u
		}
	}
	return best
}

func agree(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	for f := range want {
		if by := math.Abs(got[f] - want[f]); !(by <= tolerance) {
			t.Errorf("%s: feature %d is %g, want %g", what, f, got[f], want[f])
		}
	}
}
