package nn_test

import (
	"testing"

	"yhat/nn"
)

// The functions of a model file, with the parameters they may have and ONNX's
// defaults.
func TestFunctionsByName(t *testing.T) {
	const none = -1
	functions := []struct {
		name        string
		alpha, beta float64
	}{
		{"identity", none, none}, {"relu", none, none}, {"leaky_relu", 0.01, none}, {"elu", 1, none}, {"selu", none, none},
		{"celu", 1, none}, {"gelu", none, none}, {"gelu_tanh", none, none}, {"silu", none, none}, {"sigmoid", none, none},
		{"hard_sigmoid", 0.2, 0.5}, {"tanh", none, none}, {"softplus", none, none}, {"softsign", none, none}, {"mish", none, none},
		{"hard_swish", none, none}, {"softmax", none, none}, {"log_softmax", none, none},
	}
	for i, c := range functions {
		f, ok := nn.ParseFunc(c.name)
		if !ok || f.String() != c.name || int(f) != i {
			t.Errorf("%s is %v, %v", c.name, f, ok)
		}
		want := nn.Activation{Func: f, Alpha: max(0, c.alpha), Beta: max(0, c.beta)}
		if got := f.Default(); got != want {
			t.Errorf("%s by default is %+v", c.name, got)
		}
		if alpha, beta := f.Parameters(); alpha != (c.alpha != none) || beta != (c.beta != none) {
			t.Errorf("%s has alpha %v, beta %v", c.name, alpha, beta)
		}
	}
	if f, ok := nn.ParseFunc("relo"); ok || f != nn.Identity {
		t.Errorf("relo is %v", f)
	}
}
