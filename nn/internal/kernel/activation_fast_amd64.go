//go:build amd64 && !noasm

package kernel

// activations are the assembly nonlinearities of one instruction set: of y
// alone, of y and alpha, of y, alpha and beta, and down the units of panels.
type activations struct {
	plain    [LogSoftmax + 1]func(y *float32, n int)
	one      [LogSoftmax + 1]func(y *float32, n int, alpha float32)
	two      [LogSoftmax + 1]func(y *float32, n int, alpha, beta float32)
	vertical [LogSoftmax + 1]func(y *float32, units, panels int)
}

var activationsAVX512 = activations{
	plain: [...]func(*float32, int){ReLU: reluAVX512, SELU: seluAVX512, GELU: geluAVX512, GELUTanh: geluTanhAVX512, SiLU: siluAVX512,
		Sigmoid: sigmoidAVX512, Tanh: tanhAVX512, Softplus: softplusAVX512, Softsign: softsignAVX512, Mish: mishAVX512, HardSwish: hardSwishAVX512, LogSoftmax: nil},
	one:      [...]func(*float32, int, float32){LeakyReLU: leakyReluAVX512, ELU: eluAVX512, CELU: celuAVX512, LogSoftmax: nil},
	two:      [...]func(*float32, int, float32, float32){HardSigmoid: hardSigmoidAVX512, LogSoftmax: nil},
	vertical: [...]func(*float32, int, int){Softmax: softmaxAVX512, LogSoftmax: logSoftmaxAVX512},
}

var activationsAVX2 = activations{
	plain: [...]func(*float32, int){ReLU: reluAVX2, SELU: seluAVX2, GELU: geluAVX2, GELUTanh: geluTanhAVX2, SiLU: siluAVX2,
		Sigmoid: sigmoidAVX2, Tanh: tanhAVX2, Softplus: softplusAVX2, Softsign: softsignAVX2, Mish: mishAVX2, HardSwish: hardSwishAVX2, LogSoftmax: nil},
	one:      [...]func(*float32, int, float32){LeakyReLU: leakyReluAVX2, ELU: eluAVX2, CELU: celuAVX2, LogSoftmax: nil},
	two:      [...]func(*float32, int, float32, float32){HardSigmoid: hardSigmoidAVX2, LogSoftmax: nil},
	vertical: [...]func(*float32, int, int){Softmax: softmaxAVX2, LogSoftmax: logSoftmaxAVX2},
}

// callNumbers bounds the numbers of one call, which the scheduler cannot
// interrupt, to about 100 µs on a slow machine; it is whole panel rows.
const callNumbers = 32 << 10

// activate applies a in place to panels panels of units units.
func (t *activations) activate(a Activation[float32], y []float32, units, panels int) {
	y = y[:panels*units*Lanes]
	if f := t.vertical[a.Func]; f != nil {
		once := max(1, callNumbers/(units*Lanes))
		for p := 0; p < panels; p += once {
			f(&y[p*units*Lanes], units, min(once, panels-p))
		}
		return
	}
	if a.Func == CELU && !(a.Alpha > 0) {
		activateGeneric(a, y, units, panels)
		return
	}
	for ; len(y) > 0; y = y[min(callNumbers, len(y)):] {
		t.apply(a, y[:min(callNumbers, len(y))])
	}
}

// apply is one call.
func (t *activations) apply(a Activation[float32], y []float32) {
	if f := t.plain[a.Func]; f != nil {
		f(&y[0], len(y))
	} else if f := t.one[a.Func]; f != nil {
		f(&y[0], len(y), a.Alpha)
	} else if f := t.two[a.Func]; f != nil {
		f(&y[0], len(y), a.Alpha, a.Beta)
	}
}
