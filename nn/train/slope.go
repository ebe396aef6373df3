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
	case kernel.HardSwish, kernel.LeakyReLU, kernel.ELU, kernel.CELU:
		return true
	}
	return smooth(f)
}

// chain turns d, the derivative by σ's output a, into that by its input z, for
// panels panels of units units. help is as long as these.
func (n *Net[T]) chain(act kernel.Activation[T], z, a, d, help []T, units, panels int) {
	a, d = a[:panels*units*nn.Lanes], d[:panels*units*nn.Lanes]
	switch f := act.Func; {
	case f == kernel.Identity:
	case kernel.HasSlope(f):
		n.set.Slope(f, a, d)
	case smooth(f):
		n.chainSmooth(act, z, a, d, help, units, panels)
	case f == kernel.ELU, f == kernel.CELU:
		chainELU(act, z, a, d)
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
	kernel.SELU:        slopeSELU,
	kernel.HardSigmoid: slopeHardSigmoid,
	kernel.Softsign:    func(a, _, _ float64) float64 { return (1 - math.Abs(a)) * (1 - math.Abs(a)) },
	kernel.HardSwish:   slopeHardSwish,
}

func slopeLeaky(z, alpha, _ float64) float64 {
	if z < 0 {
		return alpha
	}
	return 1
}

// chainELU takes exp z of ELU and exp z/α of CELU, left of 0, from a.
func chainELU[T nn.Float](act kernel.Activation[T], z, a, d []T) {
	by, plus := T(1), act.Alpha
	if act.Func == kernel.CELU {
		by, plus = 1/act.Alpha, 1
	}
	for i, v := range a {
		if z[i] < 0 {
			d[i] *= v*by + plus
		}
	}
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

func slopeHardSigmoid(a, alpha, _ float64) float64 {
	if a > 0 && a < 1 {
		return alpha
	}
	return 0
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
