package train

import (
	"math"
	"math/rand/v2"

	"yhat/nn"
)

// Layers makes a network of the widths (input first), with activation hidden
// between its layers and last at its end. Weights are drawn uniformly within
// ±√(6/(in+out)) (Glorot and Bengio 2010, AISTATS), before rectifiers too: the
// wider ±√(6/in) of He et al. (arXiv:1502.01852) is made for many layers, and
// the few narrow ones of a table generalise a little worse from it. Biases are
// 0.
func Layers(widths []int, hidden, last nn.Activation, seed uint64) []nn.Layer {
	r := rand.New(rand.NewPCG(seed, 0x5ee0))
	layers := make([]nn.Layer, len(widths)-1)
	for i := range layers {
		l := nn.Layer{In: widths[i], Out: widths[i+1], Activation: hidden}
		if i == len(layers)-1 {
			l.Activation = last
		}
		l.W, l.B = make([]float64, l.In*l.Out), make([]float64, l.Out)
		bound := math.Sqrt(6 / float64(l.In+l.Out))
		for j := range l.W {
			l.W[j] = bound * (2*r.Float64() - 1)
		}
		layers[i] = l
	}
	return layers
}
