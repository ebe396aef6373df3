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

	"yhat/nn"
	"yhat/nn/internal/kernel"
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
	kinked   int              // how many first layers are kinked lines
	launch   *kernel.Dense[T] // z_1 at the end → the slopes of layer 2 at the baseline
	next     []float64        // W_2, if layer 1 is kinked
	one      *kernel.One[T]   // what is above layer 1, if it is one unit above two kinked lines
	pair     bool             // the last layer is the first of two shares, for both
	smooth   bool             // no function above them has a corner
	rules    []rule[T]        // for the layers above them; none where there is a formula
	tile     int              // panels that are worked on together
	chunk    int              // panels whose rows are sorted together
}

// span is which inputs a feature has.
type span struct{ first, width int }

// layer is one layer, forwards and backwards.
type layer[T nn.Float] struct {
	in, out  int
	act      kernel.Activation[T]
	dense    *kernel.Dense[T]
	turned   *kernel.Dense[T] // W without bias
	back     *kernel.Dense[T] // Wᵀ without bias
	alpha    T                // of a kinked line
	straight bool             // which has no kink
	z0, a0   []T              // of the baseline, as panels
	off      []T              // words whose sign says that a unit's slope is alpha there
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
	layers := m.Layers
	if o.Method != Shapley {
		layers, e.pair = oneOfTwo(layers)
	}
	for i := range layers {
		e.layers = append(e.layers, e.newLayer(&layers[i]))
	}
	if o.Method != Shapley && len(e.layers) == 1 && e.layers[0].alpha >= 0 {
		// Paths through kinks are followed by layer 2.
		e.layers = append(e.layers, e.newLayer(identity(m.OutputWidth())))
	}
	for e.kinked < len(e.layers) && e.layers[e.kinked].alpha >= 0 {
		e.kinked++
	}
	if last := &e.layers[len(e.layers)-1]; e.kinked == 3 && len(e.layers) == 3 && last.straight && last.out == 1 {
		e.kinked = 2 // followed at once, like other units with a formula
	}
	e.chooseRules()
	e.fit()
	e.atBase()
	if e.kinked > 0 && o.Method != Shapley {
		e.prepare(layers)
	}
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
	for p := 0; p < panels; p += e.chunk {
		n := min(e.chunk, panels-p)
		c := chunk[T]{n, x[p*inputs:][:n*inputs], y[p*outputs:][:n*outputs], phi[p*width:][:n*width], failed[p:][:n], s.outputs[:n*nn.Lanes]}
		clear(c.failed)
		e.aim(&c)
		if e.method == Shapley {
			e.shapley(s, &c)
		} else {
			e.integrate(s, &c)
		}
	}
}

// chunk is some panels of a call.
type chunk[T nn.Float] struct {
	panels    int
	x, y, phi []T
	failed    []uint32
	outputs   []int32 // which is explained, of each row
}

// aim finds the outputs that are explained.
func (e *Explainer[T]) aim(c *chunk[T]) {
	outputs := len(e.baseY)
	if outputs == 1 {
		return
	}
	for i := range c.outputs {
		best := max(0, e.output)
		if e.output == Largest {
			y := c.y[i/nn.Lanes*outputs*nn.Lanes+i%nn.Lanes:]
			for u := 1; u < outputs; u++ {
				if y[u*nn.Lanes] > y[best*nn.Lanes] {
					best = u
				}
			}
		}
		c.outputs[i] = int32(best)
	}
}

// apart reports whether the contributions of a row, which sum to sum, miss its
// ŷ − ŷ₀ by more than tolerance, or are no numbers.
func (e *Explainer[T]) apart(c *chunk[T], row uint, sum, tolerance T) bool {
	output := uint(c.outputs[row])
	y, from := c.y[(row/nn.Lanes*uint(len(e.baseY))+output)*nn.Lanes+row%nn.Lanes], e.baseY[output]
	gap, most := sum-(y-from), tolerance*size(y, from)
	return !(gap <= most && -gap <= most)
}

// size is the largest of 1, |a| and |b|; the built-in max, which minds what is no
// number and the sign of 0, takes several times as long.
func size[T nn.Float](a, b T) T {
	most := T(1)
	for _, v := range [...]T{a, -a, b, -b} {
		if v > most {
			most = v
		}
	}
	return most
}

// contribute turns the sums of ∂ŷ/∂z_1 along the paths of the tile into
// contributions.
func (e *Explainer[T]) contribute(s *Space[T]) {
	inputs := e.layers[0].in
	e.set.Dense(e.layers[0].back, s.path.sum, s.path.gradient, s.panels, false)
	e.set.Path.Gain(s.x, e.base, s.path.gradient, s.gain, s.total, inputs, s.panels)
	if e.pair {
		e.second(s)
	}
	if inputs == len(e.features) {
		return
	}
	for p := range s.panels {
		for f, from := range e.features {
			sum := lanes(s.phi, p*len(e.features)+f)
			clear(sum)
			for i := range from.width {
				for j, v := range lanes(s.gain, p*inputs+from.first+i) {
					sum[j] += v
				}
			}
		}
	}
}

// second turns the contributions of rows whose second share of two is explained:
// it loses what the first one gains.
func (e *Explainer[T]) second(s *Space[T]) {
	inputs := e.layers[0].in
	for i := range s.total[:s.panels*nn.Lanes] {
		if s.target[i] != 1 {
			continue
		}
		s.total[i] = -s.total[i]
		for k := range inputs {
			at := (i/nn.Lanes*inputs+k)*nn.Lanes + i%nn.Lanes
			s.gain[at] = -s.gain[at]
		}
	}
}

// lanes are the i-th 32 numbers of x.
func lanes[T nn.Float](x []T, i int) []T { return x[i*nn.Lanes:][:nn.Lanes] }
