package nn

// Func is a nonlinearity σ, applied to each unit alone but for the softmaxes,
// which look at all units of a layer. Names and parameters are those of ONNX.
type Func uint8

// The activations of the native model format. In float32 a result is off by at
// most so many ulp where it is at least 2^-126, and by at most 2^-149 below:
//
//	relu                                 exact
//	leaky_relu                           0.5
//	gelu_tanh hard_sigmoid softplus mish 0.51
//	gelu                                 0.65
//	softsign                             1.5
//	elu selu                             2
//	celu hard_swish                      2.5
//	tanh                                 2.7
//	silu                                 3.3
//	sigmoid                              3.6
//
// The softmaxes are off by at most 4·2^-24·max(1, |y|). Parameters are rounded
// to float32 first.
const (
	Identity Func = iota
	ReLU
	LeakyReLU
	ELU
	SELU
	CELU
	GELU     // x Φ(x), by erfc
	GELUTanh // the tanh approximation, as x σ(2u)
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

var funcNames = [...]string{"identity", "relu", "leaky_relu", "elu", "selu", "celu", "gelu", "gelu_tanh", "silu",
	"sigmoid", "hard_sigmoid", "tanh", "softplus", "softsign", "mish", "hard_swish", "softmax", "log_softmax"}

// String is the name in a model file.
func (f Func) String() string { return funcNames[f] }

// ParseFunc finds a function by its name in a model file.
func ParseFunc(name string) (Func, bool) {
	for i, n := range funcNames {
		if n == name {
			return Func(i), true
		}
	}
	return Identity, false
}

// Default is the function with ONNX's default parameters.
func (f Func) Default() Activation {
	a := Activation{Func: f}
	switch f {
	case LeakyReLU:
		a.Alpha = 0.01
	case ELU, CELU:
		a.Alpha = 1
	case HardSigmoid:
		a.Alpha, a.Beta = 0.2, 0.5
	}
	return a
}

// Parameters says which of alpha and beta a model file may set.
func (f Func) Parameters() (alpha, beta bool) {
	switch f {
	case LeakyReLU, ELU, CELU:
		return true, false
	case HardSigmoid:
		return true, true
	}
	return false, false
}
