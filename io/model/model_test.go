package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yhat/nn"
)

// small is a model with one number, one category and two layers, as text.
const small = `{
  "format": "yhat/1",
  "name": "small",
  "features": [
    {"name": "x", "unit": "kg", "fill": 1.5, "center": 1.5, "scale": 2, "min": 0, "max": 10},
    {"name": "sex", "categories": ["female", "male"], "unknown": "zeros", "fill": "male"}
  ],
  "layers": [
    {"name": "hidden", "activation": "leaky_relu", "alpha": 0.2, "weights": [[1, 2, 3], [-4, 5e-3, 6]], "bias": [0.5, -0]},
    {"name": "out", "activation": "sigmoid", "weights": [[0.1, 1e300]], "bias": [-1]}
  ],
  "outputs": {"names": ["y"], "labels": ["no", "yes"], "threshold": 0.25}
}
`

func number(x float64) *float64 { return &x }

func smallModel() *nn.Model {
	return &nn.Model{
		Name: "small",
		Features: []nn.Feature{
			{Name: "x", Unit: "kg", Fill: number(1.5), Center: 1.5, Scale: 2, Min: number(0), Max: number(10)},
			{Name: "sex", Scale: 1, Categories: []string{"female", "male"}, UnknownZeros: true, FillCategory: "male", HasFillCategory: true},
		},
		Layers: []nn.Layer{
			{Name: "hidden", Activation: nn.Activation{Func: nn.LeakyReLU, Alpha: 0.2}, In: 3, Out: 2,
				W: []float64{1, 2, 3, -4, 5e-3, 6}, B: []float64{0.5, math.Copysign(0, -1)}},
			{Name: "out", Activation: nn.Activation{Func: nn.Sigmoid}, In: 2, Out: 1, W: []float64{0.1, 1e300}, B: []float64{-1}},
		},
		Outputs: nn.Outputs{Names: []string{"y"}, Labels: []string{"no", "yes"}, Threshold: number(0.25)},
	}
}

// write puts a file into a folder of its own and returns its path.
func write(t *testing.T, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	path := write(t, t.TempDir(), "small.json", small)
	m, err := LoadNative(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(smallModel(), m.Model); diff != "" {
		t.Error(diff)
	}
	sum := sha256.Sum256([]byte(small))
	if m.SHA256 != hex.EncodeToString(sum[:]) || m.Format != "yhat/1" || m.Path != path {
		t.Errorf("path %q, format %q, sha256 %q", m.Path, m.Format, m.SHA256)
	}
}

func TestLoadDefaults(t *testing.T) {
	m, err := decodeNative([]byte(`{"layers": [{"bias": [2], "weights": [[1]], "activation": "hard_sigmoid"}],
		"features": [{"name": "x"}], "format": "yhat/1"}`), &beside{})
	if err != nil {
		t.Fatal(err)
	}
	want := &nn.Model{
		Features: []nn.Feature{{Name: "x", Scale: 1}},
		Layers: []nn.Layer{{Activation: nn.Activation{Func: nn.HardSigmoid, Alpha: 0.2, Beta: 0.5}, In: 1, Out: 1,
			W: []float64{1}, B: []float64{2}}},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
}

// A model without an extension is known by its first bytes.
func TestLoadByContent(t *testing.T) {
	folder := t.TempDir()
	if _, err := Load(write(t, folder, "model", small)); err != nil {
		t.Error(err)
	}
	_, err := Load(write(t, folder, "model.bin", "\x08\x07"))
	if !errors.Is(err, ErrModel) {
		t.Errorf("got %v, want ErrModel", err)
	}
	if _, err := Load(folder); !errors.Is(err, ErrModel) {
		t.Errorf("a folder: got %v, want ErrModel", err)
	}
}

func TestLoadNoFile(t *testing.T) {
	folder := t.TempDir()
	_, err := Load(filepath.Join(folder, "none.json"))
	if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrModel) {
		t.Errorf("got %v, want fs.ErrNotExist alone", err)
	}
	path := write(t, folder, "secret.json", small)
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 { // root may read everything
		if _, err := Load(path); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("got %v, want fs.ErrPermission", err)
		}
	}
}

// anyNumber draws finite floats of every size.
func anyNumber() *rapid.Generator[float64] {
	return rapid.Custom(func(t *rapid.T) float64 {
		x := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
		if !finite(x) {
			return 0
		}
		return x
	})
}

func anyModel(t *rapid.T) *nn.Model {
	word := rapid.StringMatching(`[a-zé"\\ \n]{0,3}[a-z]`)
	m := &nn.Model{Name: rapid.String().Draw(t, "name")}
	for _, name := range rapid.SliceOfNDistinct(word, 1, 4, rapid.ID).Draw(t, "features") {
		f := nn.Feature{Name: name, Scale: 1}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			f.Center, f.Scale = anyNumber().Draw(t, "center"), rapid.Float64Min(1e-9).Draw(t, "scale")
			f.Fill, f.Min = number(anyNumber().Draw(t, "fill")), number(-5)
		case 1:
			f.Categories = rapid.SliceOfNDistinct(rapid.StringMatching(`[A-Z][a-z]*`), 1, 3, rapid.ID).Draw(t, "categories")
			f.UnknownZeros = rapid.Bool().Draw(t, "unknown")
		}
		m.Features = append(m.Features, f)
	}
	width := m.InputWidth()
	for range rapid.IntRange(1, 3).Draw(t, "layers") {
		f := nn.Func(rapid.IntRange(0, int(nn.LogSoftmax)).Draw(t, "func"))
		l := nn.Layer{Activation: f.Default(), In: width, Out: rapid.IntRange(1, 4).Draw(t, "out")}
		if alpha, _ := f.Parameters(); alpha {
			l.Activation.Alpha = rapid.Float64Range(0.01, 3).Draw(t, "alpha")
		}
		l.W = rapid.SliceOfN(anyNumber(), l.In*l.Out, l.In*l.Out).Draw(t, "W")
		l.B = rapid.SliceOfN(anyNumber(), l.Out, l.Out).Draw(t, "B")
		m.Layers, width = append(m.Layers, l), l.Out
	}
	if width == 1 && rapid.Bool().Draw(t, "binary") {
		m.Outputs = nn.Outputs{Labels: []string{"no", "yes"}, Threshold: number(0.1)}
	}
	return m
}

// What Encode writes reads back to the same model, to the last bit.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyModel(t)
		var text bytes.Buffer
		if err := Encode(&text, m); err != nil {
			t.Fatal(err)
		}
		back, err := decodeNative(text.Bytes(), &beside{})
		if err != nil {
			t.Fatalf("%v in\n%s", err, text.Bytes())
		}
		if diff := cmp.Diff(m, back, cmp.Comparer(sameBits)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func sameBits(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

func TestEncodeRefuses(t *testing.T) {
	for want, spoil := range map[string]func(*nn.Model){
		"layers[1].weights[0][1]: not finite":      func(m *nn.Model) { m.Layers[1].W[1] = math.NaN() },
		"layers[0].bias: 1 numbers, want 2":        func(m *nn.Model) { m.Layers[0].B = m.Layers[0].B[:1] },
		"layers[0].weights: 5 numbers, want 2 × 3": func(m *nn.Model) { m.Layers[0].W = m.Layers[0].W[:5] },
		"features[0].center: not finite":           func(m *nn.Model) { m.Features[0].Center = math.Inf(1) },
		"jsontext: invalid UTF-8":                  func(m *nn.Model) { m.Name = "\xff" },
		"layers: none":                             func(m *nn.Model) { m.Layers = nil },
	} {
		m := smallModel()
		spoil(m)
		var text bytes.Buffer
		err := Encode(&text, m)
		if err == nil || err.Error() != want || !errors.Is(err, ErrModel) || text.Len() > 0 {
			t.Errorf("got %v and %d bytes, want %s", err, text.Len(), want)
		}
	}
}

func TestSave(t *testing.T) {
	folder := t.TempDir()
	path := write(t, folder, "small.json", "old")
	bad := smallModel()
	bad.Features = nil
	if err := Save(path, bad); err == nil || err.Error() != path+": features: none" {
		t.Errorf("got %v", err)
	}
	if old, _ := os.ReadFile(path); string(old) != "old" {
		t.Errorf("a refused model changed the file to %q", old)
	}
	if err := Save(path, smallModel()); err != nil {
		t.Fatal(err)
	}
	m, err := LoadNative(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(smallModel(), m.Model); diff != "" {
		t.Error(diff)
	}
	if left, _ := os.ReadDir(folder); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
