package train

import (
	"fmt"
	"math"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// Optimizer takes steps down a gradient.
type Optimizer interface {
	// Begin begins a step at learning rate rate, and Step changes the
	// parameters p[from:to] by the gradient g of the mean loss: each parameter
	// once a step, in parts as it comes. Parts that do not overlap may be
	// changed at the same time.
	Begin(rate float64)
	Step(p, g []float64, from, to int)
	// Memory is all that the optimiser knows of the steps before: who writes it
	// back into another one of the same kind goes on as this one would.
	Memory() []float64
}

// Optimizers are the names NewOptimizer knows.
var Optimizers = []string{"adam", "adamw", "sgd", "momentum"}

// NewOptimizer finds an optimiser by name, for parameters of which decay marks
// those that weight decay shrinks:
//
//   - sgd: p − rate g;
//   - momentum: the same along v = 0.9 v + g (Polyak 1964; the form of
//     Sutskever et al. 2013, ICML, without the look ahead);
//   - adam: Kingma and Ba, arXiv:1412.6980, β = (0.9, 0.999), ε = 1e-8;
//   - adamw: Adam with weight decay apart from the gradient, Loshchilov and
//     Hutter, arXiv:1711.05101: p also shrinks by rate·decay·p.
func NewOptimizer(name string, decay float64, shrinks []bool, k nn.Kernel) (Optimizer, error) {
	size := len(shrinks)
	if name != "adamw" {
		decay = 0
	}
	switch name {
	case "sgd":
		return &momentum{beta: 0, v: make([]float64, size)}, nil
	case "momentum":
		return &momentum{beta: 0.9, v: make([]float64, size)}, nil
	case "adam", "adamw":
		return &adam{memory: make([]float64, 2*size+1), decay: decay, shrinks: shrinks, set: kernel.Choose[float64](k.Name())}, nil
	}
	return nil, fmt.Errorf("no optimizer %q", name)
}

type momentum struct {
	beta, rate float64
	v          []float64
}

func (o *momentum) Begin(rate float64) { o.rate = rate }

func (o *momentum) Step(p, g []float64, from, to int) {
	for i := from; i < to; i++ {
		o.v[i] = o.beta*o.v[i] + g[i]
		p[i] -= o.rate * o.v[i]
	}
}

func (o *momentum) Memory() []float64 { return o.v }

type adam struct {
	memory  []float64 // running means of g, of g², and the number of steps
	decay   float64
	shrinks []bool
	set     *kernel.Set[float64]
	now     kernel.AdamStep
}

func (o *adam) Begin(rate float64) {
	const beta1, beta2, epsilon = 0.9, 0.999, 1e-8
	steps := &o.memory[len(o.memory)-1]
	*steps++
	o.now = kernel.AdamStep{Beta1: beta1, Rest1: 1 - beta1, Beta2: beta2, Rest2: 1 - beta2, Rate: rate,
		Scale1: 1 / (1 - math.Pow(beta1, *steps)), Scale2: 1 / (1 - math.Pow(beta2, *steps)), Epsilon: epsilon}
}

func (o *adam) Step(p, g []float64, from, to int) {
	if o.decay > 0 {
		for i := from; i < to; i++ {
			if o.shrinks[i] {
				p[i] -= o.now.Rate * o.decay * p[i]
			}
		}
	}
	size := len(o.shrinks)
	o.set.Adam(&o.now, p[from:to], g[from:to], o.memory[from:to], o.memory[size+from:size+to])
}

func (o *adam) Memory() []float64 { return o.memory }

// Schedules are the names Rate knows.
var Schedules = []string{"constant", "cosine", "linear"}

// Rate is the learning rate in epoch epoch (from 0) of epochs: constant, or
// falling to nothing in a straight line or along half a cosine (Loshchilov and
// Hutter, arXiv:1608.03983, without restarts).
func Rate(schedule string, rate float64, epoch, epochs int) float64 {
	t := float64(epoch) / float64(max(1, epochs))
	switch schedule {
	case "cosine":
		return rate * (1 + math.Cos(math.Pi*t)) / 2
	case "linear":
		return rate * (1 - t)
	}
	return rate
}
