package model

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

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

// TestStateDictIsItsSteps: whatever follows on what, the model is its steps done
// one after the other.
func TestStateDictIsItsSteps(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		vector := func(n int, from, to float64) []float64 {
			return rapid.SliceOfN(rapid.Float64Range(from, to), n, n).Draw(rt, "numbers")
		}
		width, list := 2, []any{"unused", []int{1}, []float64{0}}
		var texts []string
		var steps []func(x []float64) []float64
		for i := range rapid.IntRange(1, 6).Draw(rt, "steps") {
			name, in := fmt.Sprint("s", i), width
			maybe := func(part string, n int) []float64 {
				if !rapid.Bool().Draw(rt, part) {
					return nil
				}
				v := vector(n, -2, 2)
				list = append(list, name+part, []int{n}, v)
				return v
			}
			switch kind := rapid.SampledFrom([]string{"linear", "batch_norm", "tanh", "relu", "softmax"}).Draw(rt, "kind"); kind {
			case "linear":
				width = rapid.IntRange(1, 3).Draw(rt, "units")
				w := vector(width*in, -2, 2)
				list = append(list, name+".weight", []int{width, in}, w)
				bias, out := maybe(".bias", width), width
				steps = append(steps, func(x []float64) []float64 { return linear(w, bias, out, x) })
				texts = append(texts, `{"linear": "`+name+`"}`)
			case "batch_norm":
				mean, variance := vector(width, -2, 2), vector(width, 0, 3)
				list = append(list, name+".running_mean", []int{width}, mean, name+".running_var", []int{width}, variance)
				scale, shift := maybe(".weight", width), maybe(".bias", width)
				steps = append(steps, func(x []float64) []float64 { return normal(x, mean, variance, scale, shift) })
				texts = append(texts, `{"batch_norm": "`+name+`", "eps": 0.5}`)
			default:
				f, _ := nn.ParseFunc(kind)
				steps = append(steps, func(x []float64) []float64 {
					one := nn.Model{Layers: []nn.Layer{{In: len(x), Out: len(x), W: identity(len(x)), B: make([]float64, len(x)), Activation: f.Default()}}}
					return one.Trace(x)[0].Output
				})
				texts = append(texts, `{"activation": "`+kind+`"}`)
			}
		}
		text := `{"format": "yhat-layers/1", "features": [{"name": "a"}, {"name": "b"}], "layers": [` + strings.Join(texts, ", ") + "]}"
		m, err := decodeLayers(text, tensors(t, list...))
		if err != nil {
			rt.Fatal(text, err)
		}
		x := vector(2, -3, 3)
		trace := m.Trace(x)
		got, want := trace[len(trace)-1].Output, x
		for _, step := range steps {
			want = step(want)
		}
		for i := range want {
			if !(math.Abs(got[i]-want[i]) <= 1e-9*(1+math.Abs(want[i]))) {
				rt.Fatalf("%s: %v gives %v, want %v", text, x, got, want)
			}
		}
	})
}

func identity(n int) []float64 {
	w := make([]float64, n*n)
	for i := range n {
		w[i*n+i] = 1
	}
	return w
}

func linear(w, bias []float64, out int, x []float64) []float64 {
	y := make([]float64, out)
	copy(y, bias)
	for o := range y {
		for i, v := range x {
			y[o] += w[o*len(x)+i] * v
		}
	}
	return y
}

// normal is a batch normalisation with an epsilon of a half.
func normal(x, mean, variance, scale, shift []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = (v - mean[i]) / math.Sqrt(variance[i]+0.5)
		if scale != nil {
			y[i] *= scale[i]
		}
		if shift != nil {
			y[i] += shift[i]
		}
	}
	return y
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
