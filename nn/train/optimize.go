package train

import (
	"fmt"
	"math"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// Optimizer takes one step down a gradient.
type Optimizer interface {
	// Step changes the parameters p by the gradient g of the mean loss, at
	// learning rate rate.
	Step(p, g []float64, rate float64)
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
	beta float64
	v    []float64
}

func (o *momentum) Step(p, g []float64, rate float64) {
	for i := range p {
		o.v[i] = o.beta*o.v[i] + g[i]
		p[i] -= rate * o.v[i]
	}
}

func (o *momentum) Memory() []float64 { return o.v }

type adam struct {
	memory  []float64 // running means of g, of g², and the number of steps
	decay   float64
	shrinks []bool
	set     *kernel.Set[float64]
}

func (o *adam) Step(p, g []float64, rate float64) {
	const beta1, beta2, epsilon = 0.9, 0.999, 1e-8
	size := len(p)
	steps := &o.memory[2*size]
	*steps++
	if o.decay > 0 {
		for i, shrinks := range o.shrinks {
			if shrinks {
				p[i] -= rate * o.decay * p[i]
			}
		}
	}
	o.set.Adam(&kernel.AdamStep{Beta1: beta1, Rest1: 1 - beta1, Beta2: beta2, Rest2: 1 - beta2, Rate: rate,
		Scale1: 1 / (1 - math.Pow(beta1, *steps)), Scale2: 1 / (1 - math.Pow(beta2, *steps)), Epsilon: epsilon}, p, g, o.memory[:size], o.memory[size:2*size])
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
