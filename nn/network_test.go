package nn

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

// chain makes a model of random weights with the given widths; every hidden
// layer has the activation f, the last the activation last.
func chain(seed uint64, f, last Func, widths ...int) *Model {
	r := rand.New(rand.NewPCG(seed, 7))
	m := &Model{}
	for range widths[0] {
		m.Features = append(m.Features, Feature{Scale: 1})
	}
	for i := 1; i < len(widths); i++ {
		l := Layer{Activation: f.Default(), In: widths[i-1], Out: widths[i]}
		for range l.In * l.Out {
			l.W = append(l.W, r.NormFloat64()/math.Sqrt(float64(l.In)))
		}
		for range l.Out {
			l.B = append(l.B, r.NormFloat64()/4)
		}
		m.Layers = append(m.Layers, l)
	}
	m.Layers[len(m.Layers)-1].Activation = last.Default()
	return m
}

// tanhLayer bends the plane: W = [[2, √2], [1, √2]], b = (−1, −1).
func tanhLayer() *Model {
	return &Model{
		Features: []Feature{{Scale: 1}, {Scale: 1}},
		Layers: []Layer{{Activation: Tanh.Default(), In: 2, Out: 2,
			W: []float64{2, math.Sqrt2, 1, math.Sqrt2}, B: []float64{-1, -1}}},
	}
}

func inputs[T Float](seed uint64, width, panels int) []T {
	r := rand.New(rand.NewPCG(seed, 3))
	x := make([]T, panels*width*Lanes)
	for i := range x {
		x[i] = T(float32(r.NormFloat64()))
	}
	return x
}

// lane takes one row out of panels.
func lane[T Float](x []T, row, units int) []float64 {
	v := make([]float64, units)
	for u := range v {
		v[u] = float64(x[(row/Lanes*units+u)*Lanes+row%Lanes])
	}
	return v
}

func forward[T Float](t testing.TB, m *Model, name string, x []T, panels int) [][]T {
	t.Helper()
	k, err := ChooseKernel(name)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Compile[T](m, k)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]T, n.Layers())
	for l := range out {
		out[l] = make([]T, panels*n.Width(l+1)*Lanes)
	}
	n.Forward(n.NewWorkspace(), x, panels, out)
	return out
}

// Every layer of every kernel in both precisions agrees with the definition.
func TestForwardAgreesWithTrace(t *testing.T) {
	models := []*Model{
		chain(1, ReLU, Sigmoid, 5, 16, 8, 1), chain(2, Tanh, Softmax, 7, 33, 10), chain(3, GELU, LogSoftmax, 3, 3, 3, 4),
		chain(4, Sigmoid, Identity, 30, 64, 32, 1), chain(5, SiLU, ELU, 1, 1), chain(6, Mish, Softplus, 100, 40, 2), tanhLayer(),
	}
	for _, name := range Kernels() {
		for _, m := range models {
			agree[float32](t, m, name, 2e-6)
			agree[float64](t, m, name, 1e-14)
		}
	}
}

func agree[T Float](t *testing.T, m *Model, name string, tolerance float64) {
	t.Helper()
	const panels = 3
	w := m.InputWidth()
	x := inputs[T](11, w, panels)
	out := forward(t, m, name, x, panels)
	for row := range panels * Lanes {
		for l, stage := range m.Trace(lane(x, row, w)) {
			for u, got := range lane(out[l], row, m.Layers[l].Out) {
				if want := stage.Output[u]; !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
					t.Fatalf("%s: row %d, a%d_%d: %v, want %v", name, row, l+1, u, got, want)
				}
			}
		}
	}
}

// In float64 the single tanh layer is the textbook sum, then the bias, then
// tanh, to the last bit that package math has. Where the compiler fuses (arm64)
// the sum is rounded once less.
func TestSingleTanhLayer(t *testing.T) {
	m := tanhLayer()
	for _, name := range Kernels() {
		x := inputs[float64](5, 2, 40)
		y := forward(t, m, name, x, 40)[0]
		for row := range 40 * Lanes {
			p, q := lane(x, row, 2), lane(y, row, 2)
			for u, w := range [][2]float64{{2, math.Sqrt2}, {1, math.Sqrt2}} {
				want := math.Tanh(float64(float64(w[0]*p[0])+float64(w[1]*p[1])) - 1)
				fused := math.Tanh(math.FMA(w[1], p[1], w[0]*p[0]) - 1)
				if ulps(q[u], want) > 2 && (runtime.GOARCH == "amd64" || ulps(q[u], fused) > 2) {
					t.Fatalf("%s: x = %v: %v, want %v", name, p, q[u], want)
				}
			}
		}
	}
}

// ulps is how far got is from want, in units of want's last place.
func ulps(got, want float64) float64 {
	return math.Abs(got-want) / (math.Nextafter(math.Abs(want), 2) - math.Abs(want))
}

// f₂∘f₁ in one network is f₁ in one network and then f₂ in another, bit for
// bit, whatever the number of panels.
func TestForwardComposes(t *testing.T) {
	m := chain(8, Tanh, Sigmoid, 6, 19, 4)
	first := &Model{Features: m.Features, Layers: m.Layers[:1]}
	second := &Model{Features: make([]Feature, 19), Layers: m.Layers[1:]}
	for _, name := range Kernels() {
		const panels = 300 // more than a group
		x := inputs[float32](2, 6, panels)
		whole := forward(t, m, name, x, panels)[1]
		hidden := forward(t, first, name, x, panels)[0]
		for i, v := range forward(t, second, name, hidden, panels)[0] {
			if v != whole[i] {
				t.Fatalf("%s: element %d: %v and %v", name, i, v, whole[i])
			}
		}
		alone := forward(t, m, name, x[7*6*Lanes:], 1)[1]
		for i, v := range alone {
			if v != whole[7*4*Lanes+i] {
				t.Fatalf("%s: panel 7 alone, element %d: %v and %v", name, i, v, whole[7*4*Lanes+i])
			}
		}
	}
}

// Whole networks give the same bits on every assembly kernel.
func TestForwardBits(t *testing.T) {
	var names []string
	for _, name := range Kernels() {
		if name != "generic" {
			names = append(names, name)
		}
	}
	if len(names) < 2 {
		t.Skip("this machine runs fewer than two assembly kernels")
	}
	for f := Identity; f <= LogSoftmax; f++ {
		m := chain(uint64(f), f, f, 9, 23, 7, 3, 2, 1, 5)
		x := inputs[float32](uint64(f), 9, 4)
		a, b := forward(t, m, names[0], x, 4), forward(t, m, names[1], x, 4)
		for l := range a {
			for i := range a[l] {
				if math.Float32bits(a[l][i]) != math.Float32bits(b[l][i]) {
					t.Fatalf("%v, a%d, element %d: %s %x, %s %x", f, l+1, i, names[0], a[l][i], names[1], b[l][i])
				}
			}
		}
	}
}

func TestForwardAllocatesNothing(t *testing.T) {
	m := chain(8, Tanh, Softmax, 6, 19, 4)
	k, _ := ChooseKernel("")
	n, err := Compile[float32](m, k)
	if err != nil {
		t.Fatal(err)
	}
	ws, x, out := n.NewWorkspace(), inputs[float32](1, 6, 5), make([][]float32, 2)
	out[1] = make([]float32, 5*4*Lanes)
	if a := testing.AllocsPerRun(10, func() { n.Forward(ws, x, 5, out) }); a != 0 {
		t.Errorf("Forward allocates %v times", a)
	}
}

func TestCompileNamesWhatDoesNotFit(t *testing.T) {
	for want, spoil := range map[string]func(*Model){
		"layers: 0 layers, want 1":                             func(m *Model) { m.Layers = nil },
		"layers[0]: 5 inputs (what the features give), want 4": func(m *Model) { m.Features = m.Features[1:] },
		"layers[0].weights: 19 numbers, want 20":               func(m *Model) { m.Layers[0].W = m.Layers[0].W[1:] },
		"layers[1].bias: 0 numbers, want 3":                    func(m *Model) { m.Layers[1].B = nil },
		"layers[1]: 5 inputs (the units of layers[0]), want 4": func(m *Model) { m.Layers[1].In = 5 },
		"layers[0]: 0 units, want 1":                           func(m *Model) { m.Layers[0].Out = 0 },
		"outputs.names: 2 names, want 3":                       func(m *Model) { m.Outputs.Names = []string{"a", "b"} },
		"outputs.labels: 2 labels, want 3":                     func(m *Model) { m.Outputs.Labels = []string{"a", "b"} },
	} {
		m := chain(1, ReLU, Softmax, 5, 4, 3)
		spoil(m)
		_, err := Compile[float32](m, Kernel{})
		var shape *ShapeError
		if !errors.As(err, &shape) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestChooseKernel(t *testing.T) {
	for _, name := range append(Kernels(), "") {
		if k, err := ChooseKernel(name); err != nil || name != "" && k.Name() != name {
			t.Errorf("ChooseKernel(%q) = %v, %v", name, k, err)
		}
	}
	if _, err := ChooseKernel("mmx"); err == nil {
		t.Error("a kernel nobody wrote was chosen")
	}
	if (Kernel{}).Name() != "generic" {
		t.Error("the zero Kernel is not the generic one")
	}
}

func TestGroupFitsTheCache(t *testing.T) {
	for want, widths := range map[int][]int{53: {5, 16, 8, 1}, 4: {784, 512, 256, 10}, 3: {1024, 1024, 1024}, 1: {5000, 5000}} {
		n, err := Compile[float32](chain(1, ReLU, ReLU, widths...), Kernel{})
		if err != nil {
			t.Fatal(err)
		}
		if g := n.GroupPanels(); g != want {
			t.Errorf("%v: %d panels a group, want %d", widths, g, want)
		}
	}
}

func TestNonFinite(t *testing.T) {
	nonFinite[float32](t)
	nonFinite[float64](t)
}

func nonFinite[T Float](t *testing.T) {
	x := inputs[T](1, 3, 2)
	x[2*Lanes+4] = T(math.NaN())
	x[Lanes+31] = T(math.Inf(-1))
	x[3*Lanes] = T(math.Inf(1))
	x[3*Lanes+1] = T(math.MaxFloat32)
	mask := []uint32{9, 9}
	NonFinite(mask, x, 3, 2)
	if mask[0] != 1<<4|1<<31 || mask[1] != 1 {
		t.Errorf("mask %x", mask)
	}
}
