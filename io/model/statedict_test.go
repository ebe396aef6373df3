package model

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"yhat/nn"
	"yhat/nn/graph"
)

// tensors makes the bytes of a safetensors file of float64 tensors.
func tensors(t *testing.T, list ...any) []byte {
	t.Helper()
	w := &Weights{}
	for i := 0; i < len(list); i += 3 {
		shape, x := list[i+1].([]int), list[i+2].([]float64)
		w.add(list[i].(string), "F64", shape, pack(&graph.Tensor{Type: graph.Float64, Shape: shape, F64: x}))
	}
	var out bytes.Buffer
	if err := w.Encode(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// network is Linear(2, 3), BatchNorm1d(3), ReLU, BatchNorm1d(3), Linear(3, 1)
// without a bias, after a BatchNorm1d of the inputs.
func network(t *testing.T) []byte {
	return tensors(t,
		"in.running_mean", []int{2}, []float64{1, -1}, "in.running_var", []int{2}, []float64{4, 1},
		"0.weight", []int{3, 2}, []float64{1, 2, -1, 0.5, 3, -2}, "0.bias", []int{3}, []float64{0.5, 1, -1},
		"1.running_mean", []int{3}, []float64{0, 1, 2}, "1.running_var", []int{3}, []float64{1, 4, 9},
		"1.weight", []int{3}, []float64{2, 1, -1}, "1.bias", []int{3}, []float64{0, 1, 0},
		"3.running_mean", []int{3}, []float64{1, 1, 1}, "3.running_var", []int{3}, []float64{4, 4, 4},
		"4.weight", []int{1, 3}, []float64{1, -1, 2})
}

const networkLayers = `{"format": "yhat-layers/1", "features": [{"name": "a"}, {"name": "b"}], "layers": [
 {"batch_norm": "in", "eps": 0},
 {"name": "hidden", "linear": "0", "batch_norm": "1", "eps": 0, "activation": "relu"},
 {"batch_norm": "3", "eps": 0}, {"linear": "4"}], "outputs": {"names": ["y"]}}`

func decodeLayers(text string, data []byte) (*nn.Model, error) {
	file, err := readTensorFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	return decodeSequence([]byte(text), file, "w.safetensors")
}

// TestStateDict works a network out by hand, step by step, and compares.
func TestStateDict(t *testing.T) {
	m, err := decodeLayers(networkLayers, network(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Layers) != 2 || m.Layers[0].Name != "hidden" {
		t.Fatalf("%d layers, the first %q", len(m.Layers), m.Layers[0].Name)
	}
	for _, x := range [][2]float64{{0, 0}, {1, 2}, {-3, 0.25}} {
		a, b := (x[0]-1)/2, x[1]+1
		h := []float64{a + 2*b + 0.5, -a + 0.5*b + 1, 3*a - 2*b - 1}
		h = []float64{2 * h[0], (h[1]-1)/2 + 1, -(h[2] - 2) / 3}
		want := 0.0
		for i, w := range []float64{1, -1, 2} {
			want += w * (math.Max(0, h[i]) - 1) / 2
		}
		trace := m.Trace(x[:])
		if got := trace[len(trace)-1].Output[0]; math.Abs(got-want) > 1e-12 {
			t.Errorf("%v gives %v, want %v", x, got, want)
		}
	}
}

// TestStateDictFaults: what is wrong is told with its place.
func TestStateDictFaults(t *testing.T) {
	for _, c := range []struct{ old, with, want string }{
		{"yhat-layers/1", "yhat/1", `format: "yhat/1", want "yhat-layers/1"`},
		{`"linear": "4"`, `"linear": "5"`, `layers[3]: w.safetensors has no tensor "5.weight"`},
		{`"linear": "4"`, `"linear": "0"`, `layers[3]: tensor "0.weight" has shape [3 2], want units × 3`},
		{`"linear": "4"`, `"linear": ""`, "layers[3].linear: empty"},
		{`{"linear": "4"}`, `{}`, "layers[3]: want linear, batch_norm or activation"},
		{`"batch_norm": "3"`, `"batch_norm": "in"`, `layers[2]: tensor "in.running_mean" has shape [2], want [3]`},
		{`"batch_norm": "3", "eps": 0`, `"batch_norm": "3", "eps": -4`, "layers[2]: tensor"},
		{`"relu"`, `"swoosh"`, `layers[1].activation: unknown activation "swoosh"`},
		{`"relu"`, `"relu", "alpha": 1`, "layers[1].alpha: relu has no alpha"},
		{`{"name": "b"}`, `{"name": "a"}`, `features[1].name: "a" is the name of features[0]`},
		{`, {"name": "b"}`, ``, `layers[0]: tensor "in.running_mean" has shape [2], want [1]`},
		{`"features": [{"name": "a"}, {"name": "b"}], `, ``, "layers: come before the features"},
		{`["y"]`, `["y", "z"]`, "outputs.names"},
	} {
		text := strings.Replace(networkLayers, c.old, c.with, 1)
		if text == networkLayers {
			t.Fatalf("%q is not there", c.old)
		}
		if _, err := decodeLayers(text, network(t)); err == nil || !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.with, err, c.want)
		}
	}
}

// TestLoadStateDict: from files, and what files may be.
func TestLoadStateDict(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string][]byte{"w.safetensors": network(t), "l.json": []byte(networkLayers), "short.safetensors": {1, 2}} {
		if err := os.WriteFile(at(name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := LoadStateDict(at("l.json"), at("w.safetensors")); err != nil || m.OutputWidth() != 1 {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"l.json", "short.safetensors"}, {"l.json", "."}, {"w.safetensors", "w.safetensors"}} {
		if _, err := LoadStateDict(at(c[0]), at(c[1])); !errors.Is(err, ErrModel) {
			t.Errorf("%v: %v", c, err)
		}
	}
	if _, err := LoadStateDict(at("none.json"), at("w.safetensors")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// FuzzStateDict: whatever the layers say, reading them ends without a panic, and
// what is accepted can be written.
func FuzzStateDict(f *testing.F) {
	f.Add(networkLayers)
	f.Add(`{"format": "yhat-layers/1", "features": [{"name": "a"}, {"name": "b"}], "layers": [{"activation": "softmax"}, {"linear": "0"}, {"linear": "4"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := decodeLayers(text, network(t))
		if err != nil {
			if !errors.Is(err, ErrModel) {
				t.Fatal(err)
			}
			return
		}
		var out bytes.Buffer
		if err := Encode(&out, m); err != nil {
			t.Fatal(err)
		}
	})
}
