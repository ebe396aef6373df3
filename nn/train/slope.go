package train

import (
	"math"

	"yhat/nn"
	"yhat/nn/internal/kernel"
)

// needsInput reports whether σ' is computed from σ's input z; the others have
// it from their output a.
func needsInput(f kernel.Func) bool {
	switch f {
	case kernel.GELU, kernel.GELUTanh, kernel.SiLU, kernel.Mish, kernel.HardSwish, kernel.LeakyReLU, kernel.ELU, kernel.CELU:
		return true
	}
	return false
}

// chain turns d, the derivative by σ's output a, into that by its input z, for
// panels panels of units units.
func (n *Net[T]) chain(act kernel.Activation[T], z, a, d []T, units, panels int) {
	a, d = a[:panels*units*nn.Lanes], d[:panels*units*nn.Lanes]
	switch f := act.Func; {
	case f == kernel.Identity:
	case kernel.HasSlope(f):
		n.set.Slope(f, a, d)
	case f == kernel.Softmax, f == kernel.LogSoftmax:
		chainSoftmax(f == kernel.LogSoftmax, a, d, units, panels)
	default:
		chainEach(act, z, a, d)
	}
}

// chainEach is for the functions that are seldom used: one by one, in float64.
func chainEach[T nn.Float](act kernel.Activation[T], z, a, d []T) {
	slope, alpha, beta := slopes[act.Func], float64(act.Alpha), float64(act.Beta)
	from := a
	if needsInput(act.Func) {
		from = z
	}
	for i := range d {
		d[i] = T(float64(d[i]) * slope(float64(from[i]), alpha, beta))
	}
}

// slopes are σ' of the input z or, where that is simpler, of the output a.
var slopes = [...]func(v, alpha, beta float64) float64{
	kernel.LeakyReLU:   slopeLeaky,
	kernel.ELU:         func(z, alpha, _ float64) float64 { return slopeELU(z, alpha) },
	kernel.CELU:        func(z, alpha, _ float64) float64 { return slopeELU(z/alpha, 1) },
	kernel.SELU:        slopeSELU,
	kernel.GELU:        func(z, _, _ float64) float64 { return 0.5*math.Erfc(-z/math.Sqrt2) + z*bell(z) },
	kernel.GELUTanh:    slopeGELUTanh,
	kernel.SiLU:        func(z, _, _ float64) float64 { s := logistic(z); return s * (1 + z*(1-s)) },
	kernel.HardSigmoid: slopeHardSigmoid,
	kernel.Softplus:    func(a, _, _ float64) float64 { return -math.Expm1(-a) },
	kernel.Softsign:    func(a, _, _ float64) float64 { return (1 - math.Abs(a)) * (1 - math.Abs(a)) },
	kernel.Mish:        slopeMish,
	kernel.HardSwish:   slopeHardSwish,
}

func slopeLeaky(z, alpha, _ float64) float64 {
	if z < 0 {
		return alpha
	}
	return 1
}

func slopeELU(z, alpha float64) float64 {
	if z < 0 {
		return alpha * math.Exp(z)
	}
	return 1
}

// slopeSELU has the constants of Klambauer et al. (arXiv:1706.02515) as ONNX
// rounds them; below zero a = γα (exp z − 1).
func slopeSELU(a, _, _ float64) float64 {
	const alpha, gamma = 1.67326319217681884765625, 1.05070102214813232421875
	if a < 0 {
		return a + alpha*gamma
	}
	return gamma
}

func slopeGELUTanh(z, _, _ float64) float64 {
	const c = 2 * 0.7978845608028653558798921198687637 // 2 √(2/π)
	s := logistic(c * z * (1 + 0.044715*z*z))
	return s + z*s*(1-s)*c*(1+3*0.044715*z*z)
}

func slopeHardSigmoid(a, alpha, _ float64) float64 {
	if a > 0 && a < 1 {
		return alpha
	}
	return 0
}

// slopeMish is tanh(s) + z (1 − tanh²(s)) sigmoid(z) with s = softplus(z)
// (Misra, arXiv:1908.08681).
func slopeMish(z, _, _ float64) float64 {
	t := math.Tanh(max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))))
	return t + z*(1-t*t)*logistic(z)
}

func slopeHardSwish(z, _, _ float64) float64 {
	switch {
	case z <= -3:
		return 0
	case z >= 3:
		return 1
	}
	return (2*z + 3) / 6
}

// bell is the density of the normal distribution.
func bell(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }

// logistic takes the exponential of negative numbers only.
func logistic(z float64) float64 {
	e := math.Exp(-math.Abs(z))
	if z < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// chainSoftmax goes down the units of each lane: a (d − Σ a d) for softmax,
// d − exp(a) Σ d for its logarithm.
func chainSoftmax[T nn.Float](log bool, a, d []T, units, panels int) {
	for p := range panels {
		for j := range nn.Lanes {
			at, sum := p*units*nn.Lanes+j, 0.0
			for u := range units {
				i := at + u*nn.Lanes
				if log {
					sum += float64(d[i])
				} else {
					sum += float64(a[i]) * float64(d[i])
				}
			}
			for u := range units {
				i := at + u*nn.Lanes
				if log {
					d[i] = T(float64(d[i]) - math.Exp(float64(a[i]))*sum)
				} else {
					d[i] = T(float64(a[i]) * (float64(d[i]) - sum))
				}
			}
		}
	}
}
