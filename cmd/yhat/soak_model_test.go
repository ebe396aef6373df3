package main

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// soakFeature is a feature of a random model.
type soakFeature struct {
	name          string
	categories    []string
	zeros         bool // an unknown category is no category
	fill          *float64
	fillWord      string
	center, scale float64
	low, high     float64
	bounded       bool
	column        string // where it is read from, by --map or by name
	mapped        bool
	factor, plus  float64
	width, first  int
}

// soakLayer is a layer of a random model: weights is out × in.
type soakLayer struct {
	activation string
	alpha      float64
	weights    [][]float64
	bias       []float64
}

// soakModel is a random network. If exact, each of its sums has one term and a
// bias at most, so that float64 loops rounded once give every bit.
type soakModel struct {
	features  []soakFeature
	layers    []soakLayer
	names     []string
	labels    []string
	threshold float64
	exact     bool
}

// pick is one of a list.
func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// chance is true n times in a hundred.
func chance(r *rand.Rand, n int) bool { return r.IntN(100) < n }

// soakActivations are those that a network of inexact sums may have.
var soakActivations = []string{"identity", "relu", "leaky_relu", "elu", "selu", "celu", "gelu", "gelu_tanh", "silu", "sigmoid",
	"hard_sigmoid", "tanh", "softplus", "softsign", "mish", "hard_swish", "softmax", "log_softmax"}

// newSoakModel draws a model whose features are among the columns.
func newSoakModel(r *rand.Rand, columns []soakColumn) *soakModel {
	m := &soakModel{exact: chance(r, 80), threshold: 0.5}
	width := 0
	for _, c := range columns {
		if c.kind != "number" && c.kind != "category" {
			continue
		}
		f := newSoakFeature(r, c)
		f.first = width
		width += f.width
		m.features = append(m.features, f)
	}
	for range 1 + r.IntN(3) {
		l := newSoakLayer(r, m.exact, width, 1+r.IntN(4))
		m.layers = append(m.layers, l)
		width = len(l.bias)
	}
	if m.exact && chance(r, 10) {
		last := &m.layers[len(m.layers)-1]
		for _, w := range last.weights {
			for i := range w {
				w[i] *= 0x1p120 // so that predictions overflow
			}
		}
	}
	m.drawOutputs(r, width)
	return m
}

func newSoakFeature(r *rand.Rand, c soakColumn) soakFeature {
	f := soakFeature{name: c.name, column: c.name, scale: 1, factor: 1, width: 1}
	if c.kind == "category" {
		f.categories = soakCategories[:1+r.IntN(len(soakCategories))]
		f.width, f.zeros = len(f.categories), chance(r, 30)
		if chance(r, 40) {
			f.fillWord = pick(r, f.categories...)
		}
		return f
	}
	if chance(r, 40) {
		f.center, f.scale = pick(r, 0, 81.2, -3.25, 1e-3, 7), pick(r, 1, 20.6, 0.1, 3, 1e-7)
	}
	if f.bounded = chance(r, 30); f.bounded {
		f.low, f.high = pick(r, -1e9, -5, 0, 2), pick(r, 650, 99.5, 1e15)
	}
	if chance(r, 40) {
		fill := pick(r, 3, 81.2, 12.5)
		f.fill = &fill
	}
	return f
}

func newSoakLayer(r *rand.Rand, exact bool, in, out int) soakLayer {
	l := soakLayer{activation: pick(r, soakActivations...)}
	if exact {
		l.activation, l.alpha = pick(r, "identity", "identity", "relu", "leaky_relu"), 0.25
	}
	for range out {
		w := make([]float64, in)
		if exact {
			w[r.IntN(in)] = pick(r, 1, 1, -1, 2, 0.5, -4)
			l.bias = append(l.bias, pick(r, 0, 0, 0, 1, -0.5))
		} else {
			for i := range w {
				w[i] = float64(float32(r.NormFloat64()))
			}
			l.bias = append(l.bias, float64(float32(r.NormFloat64())))
		}
		l.weights = append(l.weights, w)
	}
	if chance(r, 20) && out > 1 { // ties
		l.weights[out-1], l.bias[out-1] = slices.Clone(l.weights[0]), l.bias[0]
	}
	return l
}

// drawOutputs draws names, labels and the threshold.
func (m *soakModel) drawOutputs(r *rand.Rand, width int) {
	if chance(r, 30) {
		for i := range width {
			m.names = append(m.names, pick(r, "risk", "p,q", "œuvre")+strconv.Itoa(i))
		}
	}
	if chance(r, 40) {
		m.labels = []string{"no", "yes"}
		if width > 1 {
			m.labels = []string{"low", "mid,dle", "=high", "\"top\""}[:width]
		}
		if width == 1 && chance(r, 50) {
			m.threshold = pick(r, 0.1, 3, 1e-5, 0.3)
		}
	}
}

// text is the model file.
func (m *soakModel) text() []byte {
	var features, layers []map[string]any
	for _, f := range m.features {
		j := map[string]any{"name": f.name}
		if f.categories != nil {
			j["categories"] = f.categories
			if f.zeros {
				j["unknown"] = "zeros"
			}
			if f.fillWord != "" {
				j["fill"] = f.fillWord
			}
		} else {
			j["center"], j["scale"] = f.center, f.scale
			if f.bounded {
				j["min"], j["max"] = f.low, f.high
			}
			if f.fill != nil {
				j["fill"] = *f.fill
			}
		}
		features = append(features, j)
	}
	for _, l := range m.layers {
		j := map[string]any{"activation": l.activation, "weights": l.weights, "bias": l.bias}
		if l.activation == "leaky_relu" && l.alpha != 0 {
			j["alpha"] = l.alpha
		}
		layers = append(layers, j)
	}
	all := map[string]any{"format": "yhat/1", "name": "soak", "features": features, "layers": layers}
	outputs := map[string]any{}
	if m.names != nil {
		outputs["names"] = m.names
	}
	if m.labels != nil {
		outputs["labels"] = m.labels
		if m.width() == 1 {
			outputs["threshold"] = m.threshold
		}
	}
	if len(outputs) > 0 {
		all["outputs"] = outputs
	}
	text, _ := json.Marshal(all)
	return text
}

func (m *soakModel) width() int { return len(m.layers[len(m.layers)-1].bias) }

// forward gives a_1 … a_L of one row by float64 loops; each value is rounded to
// the working precision.
func (m *soakModel) forward(x []float64, bits int) [][]float64 {
	var all [][]float64
	for _, l := range m.layers {
		y := make([]float64, len(l.bias))
		for i, w := range l.weights {
			sum := 0.0
			for k := range w {
				sum += w[k] * x[k]
			}
			if bits == 32 && m.exact { // what underflows is gone before the bias comes
				sum = float64(float32(sum))
			}
			y[i] = sum + l.bias[i]
		}
		if bits == 32 && m.exact {
			roundAll(y)
		}
		y = l.apply(y)
		if bits == 32 {
			roundAll(y)
		}
		all = append(all, y)
		x = y
	}
	return all
}

func roundAll(y []float64) {
	for i := range y {
		y[i] = float64(float32(y[i]))
	}
}

// apply is the layer's activation.
func (l *soakLayer) apply(z []float64) []float64 {
	y := make([]float64, len(z))
	if l.activation == "softmax" || l.activation == "log_softmax" {
		most, sum := math.Inf(-1), 0.0
		for _, v := range z {
			most = max(most, v)
		}
		for _, v := range z {
			sum += math.Exp(v - most)
		}
		for i, v := range z {
			if y[i] = v - most - math.Log(sum); l.activation == "softmax" {
				y[i] = math.Exp(y[i])
			}
		}
		return y
	}
	for i, v := range z {
		y[i] = soakActivation(l.activation, l.alpha, v)
	}
	return y
}

// soakActivation is σ(v), as ONNX defines it.
func soakActivation(name string, alpha, v float64) float64 {
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	softplus := func(v float64) float64 { return max(v, 0) + math.Log1p(math.Exp(-math.Abs(v))) }
	switch name {
	case "relu":
		return max(v, 0)
	case "leaky_relu":
		if alpha == 0 {
			alpha = 0.01
		}
		if v < 0 {
			return alpha * v
		}
	case "elu", "celu":
		if v < 0 {
			return math.Expm1(v)
		}
	case "selu":
		if v < 0 {
			return 1.0507009873554805 * 1.6732632423543772 * math.Expm1(v)
		}
		return 1.0507009873554805 * v
	case "gelu":
		return v / 2 * math.Erfc(-v/math.Sqrt2)
	case "gelu_tanh":
		return v / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
	case "silu":
		return v * sigmoid(v)
	case "sigmoid":
		return sigmoid(v)
	case "hard_sigmoid":
		return min(1, max(0, 0.2*v+0.5))
	case "tanh":
		return math.Tanh(v)
	case "softplus":
		return softplus(v)
	case "softsign":
		return v / (1 + math.Abs(v))
	case "mish":
		return v * math.Tanh(softplus(v))
	case "hard_swish":
		return v * min(1, max(0, v/6+0.5))
	}
	return v
}
