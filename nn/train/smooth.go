package train

import (
	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// smooth reports whether σ' takes an exponential: chainSmooth has it from the
// kernels of the activations, a panel at a time.
func smooth(f kernel.Func) bool {
	switch f {
	case kernel.GELU, kernel.GELUTanh, kernel.SiLU, kernel.Softplus, kernel.Mish:
		return true
	}
	return false
}

// chainSmooth multiplies d by σ'. What is near ±1 or 0 is as exact as T is
// there, not as a share of σ' where that is tiny.
func (n *Net[T]) chainSmooth(act kernel.Activation[T], z, a, d, help []T, units, panels int) {
	z, d, help = z[:len(a)], d[:len(a)], help[:len(a)]
	curve := kernel.Activation[T]{Func: kernel.Sigmoid}
	switch act.Func {
	case kernel.GELU:
		curve = kernel.Activation[T]{Func: kernel.ELU, Alpha: 1}
		for i, v := range z {
			help[i] = -0.5 * v * v
		}
	case kernel.GELUTanh:
		for i, v := range z {
			help[i] = tanhScale * v * (1 + tanhCube*v*v)
		}
	default:
		copy(help, z)
	}
	n.set.Activate(curve, help, units, panels)
	switch act.Func {
	case kernel.GELU:
		slopeGELU(z, a, d, help)
	case kernel.GELUTanh:
		for i, s := range help {
			d[i] *= s + a[i]*(1-s)*tanhScale*(1+3*tanhCube*z[i]*z[i])
		}
	case kernel.SiLU:
		for i, s := range help {
			d[i] *= s + a[i]*(1-s)
		}
	case kernel.Softplus:
		for i, s := range help {
			d[i] *= s
		}
	case kernel.Mish:
		slopeMish(z, d, help)
	}
}

// The approximation of GELU is z·sigmoid(tanhScale·(z + tanhCube·z³))
// (Hendrycks and Gimpel, arXiv:1606.08415).
const (
	tanhScale = 2 * 0.7978845608028653558798921198687637 // 2 √(2/π)
	tanhCube  = 0.044715
)

// slopeGELU is Φ(z) + z φ(z), where Φ is a/z and φ comes from bell, which is
// exp(−z²/2) − 1.
func slopeGELU[T nn.Float](z, a, d, bell []T) {
	const density = 0.3989422804014326779399460599343819 // 1/√(2π)
	for i, v := range z {
		share := T(0.5)
		if v != 0 {
			share = a[i] / v
		}
		d[i] *= share + v*(bell[i]+1)*density
	}
}

// slopeMish is t + z (1 − t²) s with s = sigmoid(z) and t = tanh(softplus(z)),
// which is s (2 − s) / (1 + (1 − s)²) (Misra, arXiv:1908.08681).
func slopeMish[T nn.Float](z, d, s []T) {
	for i, v := range z {
		s, rest := s[i], 1-s[i]
		t := s * (2 - s) / (1 + rest*rest)
		d[i] *= t + v*(1-t)*(1+t)*s
	}
}
