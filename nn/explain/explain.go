// Package explain says which features moved a prediction: for each row, how
// much of ŷ − ŷ₀ is due to each feature, ŷ₀ being the prediction of a baseline.
//
// Integrated gradients (Sundararajan, Taly, Yan, Axiomatic Attribution for Deep
// Networks, arXiv:1703.01365) give feature i
//
//	φ_i = (x_i − x⁰_i) ∫₀¹ ∂ŷ/∂x_i (x⁰ + t (x − x⁰)) dt
//
// and so Σ φ_i = ŷ − ŷ₀. Where all hidden layers are kinked lines (relu,
// leaky_relu, identity) the path is cut at every kink of every unit: between
// two cuts the last layer's input is straight in t, and the integral is exact.
// What lies above such layers is integrated by Gauss's rule on each piece, with
// more nodes for the rows whose sum is not yet right.
//
// Shapley values (Shapley, A Value for n-Person Games, 1953) are the mean, over
// all orders in which features can be switched from baseline to row, of what
// switching feature i does to ŷ; they too sum to ŷ − ŷ₀.
//
// Rows travel in panels, as in package nn, and on the same kernels. What a row
// gives depends on that row alone.
package explain

import (
	"fmt"
	"slices"

	"yhat/nn"
	"yhat/nn/internal/kernel"
	"yhat/nn/train"
)

// Method is a way to share a prediction among features.
type Method string

// The methods, by the names the field gives them.
const (
	IntegratedGradients Method = "integrated-gradients"
	Shapley             Method = "shapley"
)

// MostShapley is up to how many features are explained by exact Shapley values:
// n of them take 2ⁿ predictions a row.
const MostShapley = 12

// Largest as an output means each row's largest.
const Largest = -1

// Tolerance is how far the contributions' sum may be from ŷ − ŷ₀, as a share
// of max(1, |ŷ|, |ŷ₀|).
const Tolerance = 1e-4

// Options say what is explained, and how.
type Options struct {
	Method Method
	// Output is the unit of the last layer that is explained, or Largest.
	Output int
}

// Explainer explains the rows of one model. It does not change and may be used
// by many goroutines, each with its own Space.
type Explainer[T nn.Float] struct {
	set      *kernel.Set[T]
	net      *nn.Network[T]
	method   Method
	output   int
	features []span
	base     []T // x⁰ as a panel: [input][32]
	baseY    []T // ŷ₀, each output
	layers   []layer[T]
	kinked   int       // how many first layers are kinked lines
	smooth   bool      // no function above them has a corner
	rules    []rule[T] // for the layers above them; none where there is a formula
	tile     int       // panels
}

// span is which inputs a feature has.
type span struct{ first, width int }

// layer is one layer, forwards and backwards.
type layer[T nn.Float] struct {
	in, out  int
	act      kernel.Activation[T]
	dense    *kernel.Dense[T]
	back     *kernel.Dense[T] // Wᵀ without bias
	alpha    T                // of a kinked line
	straight bool             // which has no kink
	needsZ   bool
	z0, a0   []T // of the baseline, as panels
}

// New makes an explainer of the model. It refuses Shapley values for more than
// MostShapley features.
func New[T nn.Float](m *nn.Model, o Options, k nn.Kernel) (*Explainer[T], error) {
	net, err := nn.Compile[T](m, k)
	if err != nil {
		return nil, err
	}
	if n := len(m.Features); o.Method == Shapley && n > MostShapley {
		return nil, fmt.Errorf("exact Shapley values are for up to %d features; the model has %d", MostShapley, n)
	}
	e := &Explainer[T]{set: kernel.Choose[T](k.Name()), net: net, method: o.Method, output: o.Output}
	at := 0
	for i := range m.Features {
		e.features = append(e.features, span{at, m.Features[i].Width()})
		at += m.Features[i].Width()
	}
	e.base = repeat[T](Baseline(m))
	for i := range m.Layers {
		e.layers = append(e.layers, e.newLayer(&m.Layers[i]))
	}
	for e.kinked < len(e.layers) && e.layers[e.kinked].alpha >= 0 {
		e.kinked++
	}
	e.chooseRules()
	e.tile = e.fitting()
	e.atBase()
	return e, nil
}

// Baseline is the encoded row that predictions are compared with: a number's
// fill, else its center; the fill of a category, else none of them.
func Baseline(m *nn.Model) []float64 {
	var x []float64
	for i := range m.Features {
		f := &m.Features[i]
		if f.Categorical() {
			for _, c := range f.Categories {
				v := 0.0
				if f.HasFillCategory && c == f.FillCategory {
					v = 1
				}
				x = append(x, v)
			}
			continue
		}
		v := 0.0
		if f.Fill != nil {
			v = (*f.Fill - f.Center) / f.Scale
		}
		x = append(x, v)
	}
	return x
}

// repeat is a panel whose lanes all hold x.
func repeat[T nn.Float](x []float64) []T {
	panel := make([]T, len(x)*nn.Lanes)
	for i := range panel {
		panel[i] = T(x[i/nn.Lanes])
	}
	return panel
}

func (e *Explainer[T]) newLayer(l *nn.Layer) layer[T] {
	a := l.Activation
	made := layer[T]{in: l.In, out: l.Out, alpha: -1,
		act: kernel.Activation[T]{Func: kernel.Func(a.Func), Alpha: T(a.Alpha), Beta: T(a.Beta)}}
	made.dense = kernel.Pack[T](l.In, l.Out, l.W, l.B, e.set.Block)
	turned := make([]float64, len(l.W))
	for i, w := range l.W {
		turned[i%l.In*l.Out+i/l.In] = w
	}
	made.back = kernel.Pack[T](l.Out, l.In, turned, make([]float64, l.In), e.set.Block)
	made.needsZ = train.NeedsInput(made.act.Func)
	switch {
	case a.Func == nn.Identity:
		made.alpha, made.straight = 1, true
	case a.Func == nn.ReLU:
		made.alpha = 0
	case a.Func == nn.LeakyReLU && made.act.Alpha >= 0 && made.act.Alpha <= 1:
		made.alpha = made.act.Alpha
	}
	return made
}

// tileNumbers bounds the numbers a tile of panels works on.
const tileNumbers = 48 << 10

// fitting is how many panels are explained at once.
func (e *Explainer[T]) fitting() int {
	units := 0
	for _, l := range e.layers {
		units += 5*l.out + l.in
	}
	if e.method == Shapley {
		units = 1 << len(e.features)
	}
	return max(1, min(8, tileNumbers/(units*nn.Lanes)))
}

// atBase computes what each layer gives of the baseline.
func (e *Explainer[T]) atBase() {
	x := e.base
	for i := range e.layers {
		l := &e.layers[i]
		l.z0 = make([]T, l.out*nn.Lanes)
		e.set.Dense(l.dense, x, l.z0, 1, false)
		x = slices.Clone(l.z0)
		e.set.Activate(l.act, x, l.out, 1)
		l.a0 = x
	}
	for at := 0; at < len(x); at += nn.Lanes {
		e.baseY = append(e.baseY, x[at])
	}
}

// Features is how many features share a prediction.
func (e *Explainer[T]) Features() int { return len(e.features) }

// Method is how they share it.
func (e *Explainer[T]) Method() Method { return e.method }

// Explain shares the predictions y ([panel][outputs][32]) of the encoded rows x
// ([panel][inputs][32]) among the features: phi is [panel][Features()][32]. A
// bit of failed (a word a panel) is set for each row whose contributions are
// not finite or do not sum to ŷ − ŷ₀ within Tolerance.
func (e *Explainer[T]) Explain(s *Space[T], x, y []T, panels int, phi []T, failed []uint32) {
	inputs, outputs := e.layers[0].in*nn.Lanes, len(e.baseY)*nn.Lanes
	width := len(e.features) * nn.Lanes
	for p := 0; p < panels; p += e.tile {
		n := min(e.tile, panels-p)
		t := tile[T]{n, x[p*inputs:][:n*inputs], y[p*outputs:][:n*outputs], phi[p*width:][:n*width], failed[p:][:n]}
		e.aim(s, &t)
		s.fresh = true
		for i := range s.open {
			s.open[i] = all
		}
		switch {
		case e.method == Shapley:
			e.shapley(s, &t)
			e.check(s, &t)
		case len(e.rules) == 0:
			e.follow(s, &t, nil)
			e.contribute(s, &t)
			e.check(s, &t)
		default:
			e.refine(s, &t)
		}
	}
}

// tile is a few panels.
type tile[T nn.Float] struct {
	panels    int
	x, y, phi []T
	failed    []uint32
}

// all rows of a panel.
const all = 1<<nn.Lanes - 1

// aim finds the output that is explained of each row, and its ŷ − ŷ₀.
func (e *Explainer[T]) aim(s *Space[T], t *tile[T]) {
	outputs := len(e.baseY)
	for i := range t.panels * nn.Lanes {
		y := t.y[i/nn.Lanes*outputs*nn.Lanes+i%nn.Lanes:]
		best := max(0, e.output)
		if e.output == Largest {
			for u := 1; u < outputs; u++ {
				if y[u*nn.Lanes] > y[best*nn.Lanes] {
					best = u
				}
			}
		}
		s.target[i], s.moved[i] = int32(best), y[best*nn.Lanes]-e.baseY[best]
	}
}

// contribute turns the sums of ∂ŷ/∂z_1 along the path into contributions, for
// the rows that are open.
func (e *Explainer[T]) contribute(s *Space[T], t *tile[T]) {
	inputs := e.layers[0].in
	e.set.Dense(e.layers[0].back, s.path.sum, s.path.gradient, t.panels, false)
	for p := range t.panels {
		s.changed[p] = 0
		for f, from := range e.features {
			var sum [nn.Lanes]T
			for i := from.first; i < from.first+from.width; i++ {
				x, x0, g := lanes(t.x, p*inputs+i), lanes(e.base, i), lanes(s.path.gradient, p*inputs+i)
				for j := range sum {
					sum[j] += (x[j] - x0[j]) * g[j]
				}
			}
			s.take(lanes(t.phi, p*len(e.features)+f), &sum, p)
		}
	}
}

// lanes are the i-th 32 numbers of x.
func lanes[T nn.Float](x []T, i int) []T { return x[i*nn.Lanes:][:nn.Lanes] }

// take replaces the contributions of open rows, and notes which of them change
// by much.
func (s *Space[T]) take(phi []T, sum *[nn.Lanes]T, p int) {
	if s.open[p] == all && s.fresh {
		copy(phi, sum[:])
		return
	}
	for j, v := range sum {
		if s.open[p]>>j&1 == 0 {
			continue
		}
		if by := v - phi[j]; !(max(by, -by) <= closeEnough*max(1, v, -v)) {
			s.changed[p] |= 1 << j
		}
		phi[j] = v
	}
}

// check sets failed for the rows whose contributions do not sum to what moved.
func (e *Explainer[T]) check(s *Space[T], t *tile[T]) {
	for p := range t.panels {
		t.failed[p] = e.apart(s, t, p, Tolerance)
	}
}

// apart finds the rows of panel p whose sum is further than tolerance from
// ŷ − ŷ₀, or no number.
func (e *Explainer[T]) apart(s *Space[T], t *tile[T], p int, tolerance T) uint32 {
	n := len(e.features)
	var sum [nn.Lanes]T
	for f := range n {
		for j, v := range t.phi[(p*n+f)*nn.Lanes:][:nn.Lanes] {
			sum[j] += v
		}
	}
	mask, base := uint32(0), s.target[p*nn.Lanes:][:nn.Lanes]
	for j, moved := range s.moved[p*nn.Lanes:][:nn.Lanes] {
		y0 := e.baseY[base[j]]
		size := max(1, y0, -y0, y0+moved, -y0-moved)
		if gap := sum[j] - moved; !(gap <= tolerance*size && -gap <= tolerance*size) {
			mask |= 1 << j
		}
	}
	return mask
}
