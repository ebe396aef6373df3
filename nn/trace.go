package nn

import (
	"math"

	"yhat/nn/internal/kernel"
)

// Stage is what one layer does to one row: the linear map, the shift, the
// nonlinearity.
type Stage struct {
	Linear  []float64 // W a
	Shifted []float64 // W a + b
	Output  []float64 // σ(W a + b)
}

// Trace follows one encoded input x through the network in float64 by plain
// loops: the network's definition, for pictures and tests. The model's shapes
// must fit (Check), and x must be as wide as the input.
func (m *Model) Trace(x []float64) []Stage {
	stages := make([]Stage, 0, len(m.Layers))
	for i := range m.Layers {
		l := &m.Layers[i]
		s := Stage{make([]float64, l.Out), make([]float64, l.Out), make([]float64, l.Out)}
		for u := range l.Out {
			for k, w := range l.W[u*l.In : (u+1)*l.In] {
				s.Linear[u] += float64(w * x[k])
			}
			s.Shifted[u] = s.Linear[u] + l.B[u]
		}
		l.Activation.apply(s.Output, s.Shifted)
		stages = append(stages, s)
		x = s.Output
	}
	return stages
}

// apply sets y = σ(x) for the units of one row.
func (a Activation) apply(y, x []float64) {
	if f := kernel.Scalar(kernel.Func(a.Func)); f != nil {
		for i, v := range x {
			y[i] = f(v, a.Alpha, a.Beta)
		}
		return
	}
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v)
	}
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	for i, v := range x {
		if a.Func == LogSoftmax {
			y[i] = v - top - math.Log(sum)
		} else {
			y[i] = math.Exp(v-top) / sum
		}
	}
}
