package train

import (
	"math"
	"math/rand/v2"

	"yhat/nn"
)

// Layers makes a network of the widths (input first), with activation hidden
// between its layers and last at its end. Weights are drawn uniformly within
// ±√(6/in) before a rectifier (He et al., arXiv:1502.01852) and within
// ±√(6/(in+out)) before anything else (Glorot and Bengio 2010, AISTATS);
// biases are 0.
func Layers(widths []int, hidden, last nn.Activation, seed uint64) []nn.Layer {
	r := rand.New(rand.NewPCG(seed, 0x5ee0))
	layers := make([]nn.Layer, len(widths)-1)
	for i := range layers {
		l := nn.Layer{In: widths[i], Out: widths[i+1], Activation: hidden}
		if i == len(layers)-1 {
			l.Activation = last
		}
		l.W, l.B = make([]float64, l.In*l.Out), make([]float64, l.Out)
		bound := widest(&l)
		for j := range l.W {
			l.W[j] = bound * (2*r.Float64() - 1)
		}
		layers[i] = l
	}
	return layers
}

// widest is the largest weight a layer starts with.
func widest(l *nn.Layer) float64 {
	switch l.Activation.Func {
	case nn.ReLU, nn.LeakyReLU, nn.ELU, nn.CELU, nn.GELU, nn.GELUTanh, nn.SiLU, nn.Mish, nn.HardSwish, nn.Softplus:
		return math.Sqrt(6 / float64(l.In))
	}
	return math.Sqrt(6 / float64(l.In+l.Out))
}
