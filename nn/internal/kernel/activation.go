package kernel

import "math"

// Func is a nonlinearity. The order is that of nn.Func.
type Func uint8

// The nonlinearities; formulas are those of ONNX.
const (
	Identity Func = iota
	ReLU
	LeakyReLU
	ELU
	SELU
	CELU
	GELU
	GELUTanh
	SiLU
	Sigmoid
	HardSigmoid
	Tanh
	Softplus
	Softsign
	Mish
	HardSwish
	Softmax
	LogSoftmax
)

// Activation is a nonlinearity with its parameters in the working precision.
type Activation[T Float] struct {
	Func        Func
	Alpha, Beta T
}

// The constants of SELU as ONNX gives them, which are float32 numbers.
const (
	seluAlpha = 1.67326319217681884765625
	seluGamma = 1.05070102214813232421875
)

// Scalar is σ of one number for every function that looks at one unit alone;
// it is nil for the softmaxes. Beside the rounding of the steps it is as exact
// as package math: a few ulp, also where the textbook formula cancels.
func Scalar(f Func) func(x, alpha, beta float64) float64 {
	switch f {
	case Softmax, LogSoftmax:
		return nil
	}
	return scalars[f]
}

var scalars = [...]func(x, alpha, beta float64) float64{
	Identity:    func(x, _, _ float64) float64 { return x },
	ReLU:        func(x, _, _ float64) float64 { return max(x, 0) },
	LeakyReLU:   leakyReLU,
	ELU:         elu,
	SELU:        func(x, _, _ float64) float64 { return seluGamma * elu(x, seluAlpha, 0) },
	CELU:        celu,
	GELU:        func(x, _, _ float64) float64 { return 0.5 * x * math.Erfc(-x/math.Sqrt2) },
	GELUTanh:    geluTanh,
	SiLU:        func(x, _, _ float64) float64 { return x * sigmoid(x) },
	Sigmoid:     func(x, _, _ float64) float64 { return sigmoid(x) },
	HardSigmoid: func(x, alpha, beta float64) float64 { return max(0, min(1, math.FMA(alpha, x, beta))) },
	Tanh:        func(x, _, _ float64) float64 { return math.Tanh(x) },
	Softplus:    func(x, _, _ float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) },
	Softsign:    func(x, _, _ float64) float64 { return x / (1 + math.Abs(x)) },
	Mish:        mish,
	HardSwish:   func(x, _, _ float64) float64 { return x * (max(0, min(6, x+3)) / 6) },
}

// sigmoid takes the exponential of a negative number only, which cannot
// overflow and keeps the left tail's digits.
func sigmoid(x float64) float64 {
	e := math.Exp(-math.Abs(x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

func leakyReLU(x, alpha, _ float64) float64 {
	if x < 0 {
		return alpha * x
	}
	return x
}

func elu(x, alpha, _ float64) float64 {
	if x < 0 {
		return alpha * math.Expm1(x)
	}
	return x
}

// celu is max(0, x) + min(0, α (exp(x/α) − 1)), of which one is always zero.
func celu(x, alpha, _ float64) float64 {
	if x < 0 {
		return alpha * math.Expm1(x/alpha)
	}
	return x
}

// geluTanh is x/2 (1 + tanh u) with u = √(2/π) (x + 0.044715 x³), written as
// x σ(2u), which does not cancel for negative x.
func geluTanh(x, _, _ float64) float64 {
	const c = 2 * 0.7978845608028653558798921198687637 // 2 √(2/π)
	return x * sigmoid(c*x*(1+0.044715*x*x))
}

// mish is x tanh(softplus(x)); with e = exp(x), tanh(log(1+e)) = n / (n+2) for
// n = e (e+2).
func mish(x, _, _ float64) float64 {
	if x > 40 {
		return x
	}
	e := math.Exp(x)
	n := e * (e + 2)
	return x * (n / (n + 2))
}

func activateGeneric[T Float](a Activation[T], y []T, units, panels int) {
	y = y[:panels*units*Lanes]
	switch a.Func {
	case Identity:
	case ReLU:
		reluGeneric(y)
	case Softmax, LogSoftmax:
		for p := range panels {
			softmaxGeneric(y[p*units*Lanes:][:units*Lanes], a.Func == LogSoftmax)
		}
	default:
		f, alpha, beta := scalars[a.Func], float64(a.Alpha), float64(a.Beta)
		for i, v := range y {
			y[i] = T(f(float64(v), alpha, beta))
		}
	}
}

func reluGeneric[T Float](y []T) {
	for i, v := range y {
		y[i] = max(v, 0)
	}
}

// softmaxGeneric works on one panel, down its units, on all lanes at once. The
// largest unit is taken off first, so that no exponential overflows.
func softmaxGeneric[T Float](y []T, log bool) {
	var top, sum [Lanes]float64
	for j := range top {
		top[j] = math.Inf(-1)
	}
	for i, v := range y {
		top[i%Lanes] = max(top[i%Lanes], float64(v))
	}
	for i, v := range y {
		e := math.Exp(float64(v) - top[i%Lanes])
		sum[i%Lanes] += e
		if !log {
			y[i] = T(e)
		}
	}
	if log {
		for j, s := range sum {
			sum[j] = math.Log(s)
		}
		for i, v := range y {
			y[i] = T(float64(v) - top[i%Lanes] - sum[i%Lanes])
		}
		return
	}
	for i, v := range y {
		y[i] = T(float64(v) / sum[i%Lanes])
	}
}
