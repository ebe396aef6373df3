package graph

import (
	"slices"
	"testing"
)

// What the specification and other runtimes do at the edges of operators.
func TestEdgesOfOperators(t *testing.T) {
	old := func(n Node, version int) Node {
		n.Version = version
		return n
	}
	numbers := []float32{1.5, -2, 0, 3}
	none := &Tensor{Type: Int64, Shape: []int{0}}
	cases := map[string]struct {
		constants map[string]*Tensor
		nodes     []Node
		want      []float32
	}{
		"a reduction of nothing still squares": {map[string]*Tensor{"a": none},
			[]Node{op("ReduceSumSquare", "x a", "y", "noop_with_empty_axes", 1)}, []float32{2.25, 4, 0, 9}},
		"and takes the absolute value": {map[string]*Tensor{"a": none},
			[]Node{op("ReduceL1", "x a", "y", "noop_with_empty_axes", 1)}, []float32{1.5, 2, 0, 3}},
		"but a sum of nothing is itself": {map[string]*Tensor{"a": none},
			[]Node{op("ReduceSum", "x a", "y", "noop_with_empty_axes", 1)}, numbers},
		"values of a one-hot that depend on the row": {
			map[string]*Tensor{"i": {Type: Int64, Shape: []int{1, 1}, I64: []int64{1}}, "d": {Type: Int64, I64: []int64{4}}, "s": {Type: Int64, Shape: []int{1}, I64: []int64{0}},
				"e": {Type: Int64, Shape: []int{1}, I64: []int64{2}}, "axes": {Type: Int64, Shape: []int{1}, I64: []int64{1}}, "flat": {Type: Int64, Shape: []int{2}, I64: []int64{-1, 4}}, "two": {Type: Int64, Shape: []int{1}, I64: []int64{2}}},
			[]Node{op("Slice", "x s e axes", "v0"), op("Reshape", "v0 two", "v"), op("OneHot", "i d v", "h"), op("Reshape", "h flat", "y")}, []float32{1.5, -2, 1.5, 1.5}},
		"columns that a vectorizer cuts and adds": {nil,
			[]Node{op("ml.FeatureVectorizer", "x x", "y", "inputdimensions", []int64{1, 6})}, []float32{1.5, 1.5, -2, 0, 3, 0, 0}},
		"the mask of an old dropout": {nil, []Node{old(op("Dropout", "x", "z y"), 7)}, []float32{0, 0, 0, 0}},
	}
	for name, c := range cases {
		g := small(Float32, c.constants, "y", c.nodes...)
		if name == "values of a one-hot that depend on the row" {
			g.Inputs[0].Shape[0] = Dim{Size: 1}
		}
		p := compiled(t, g, Options{})
		in := Lanes{F32: make([]float32, 4*lanes)}
		for e, v := range numbers {
			in.F32[e*lanes] = v
		}
		out := NewLanes(Float32, len(c.want)*lanes)
		if p.Outputs()[0].Width != len(c.want) {
			t.Errorf("%s: %d elements, want %d", name, p.Outputs()[0].Width, len(c.want))
			continue
		}
		p.Run(p.NewWorkspace(), []Lanes{in}, 1, []Lanes{out})
		var got []float32
		for e := range c.want {
			got = append(got, out.F32[e*lanes])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// A single score of a linear model, made a probability, is one for both classes.
func TestOneScoreBecomesTwoProbabilities(t *testing.T) {
	g := small(Float32, nil, "p", op("ml.LinearClassifier", "x", "label p", "coefficients", []float32{1, 0, 0, 0}, "intercepts", []float32{0},
		"classlabels_strings", []string{"no", "yes"}, "post_transform", "LOGISTIC"))
	p := compiled(t, g, Options{})
	out := NewLanes(Float32, 2*lanes)
	p.Run(p.NewWorkspace(), []Lanes{NewLanes(Float32, 4*lanes)}, 1, []Lanes{out})
	if out.F32[0] != 0.5 || out.F32[lanes] != 0.5 {
		t.Errorf("of a score of 0: %v and %v", out.F32[0], out.F32[lanes])
	}
}

// Quotients towards zero; remainders with the sign of the divisor or, as C's
// fmod, of the dividend.
func TestDivisions(t *testing.T) {
	x, d := []int64{7, -7, 7, -7, 6, 5}, []int64{3, 3, -3, -3, -3, -1}
	for _, c := range []struct {
		op   string
		fmod int
		want []int64
	}{
		{"Div", 0, []int64{2, -2, -2, 2, -2, -5}},
		{"Mod", 0, []int64{1, 2, -2, -1, 0, 0}},
		{"Mod", 1, []int64{1, -1, 1, -1, 0, 0}},
	} {
		node := op(c.op, "x d", "y")
		if c.op == "Mod" {
			node = op(c.op, "x d", "y", "fmod", c.fmod)
		}
		for k := range x {
			divisor := &Tensor{Type: Int64, Shape: []int{1}, I64: d[k : k+1]}
			p := compiled(t, small(Int64, map[string]*Tensor{"d": divisor}, "y", node), Options{})
			in, out := NewLanes(Int64, 4*lanes), NewLanes(Int64, 4*lanes)
			in.I64[0] = x[k]
			p.Run(p.NewWorkspace(), []Lanes{in}, 1, []Lanes{out})
			if out.I64[0] != c.want[k] {
				t.Errorf("%s of %d and %d, fmod=%d: %d, want %d", c.op, x[k], d[k], c.fmod, out.I64[0], c.want[k])
			}
			if c.op == "Div" {
				continue
			}
			floats := &Tensor{Type: Float32, Shape: []int{1}, F32: []float32{float32(d[k])}}
			p = compiled(t, small(Float32, map[string]*Tensor{"d": floats}, "y", node), Options{})
			inF, outF := NewLanes(Float32, 4*lanes), NewLanes(Float32, 4*lanes)
			inF.F32[0] = float32(x[k])
			p.Run(p.NewWorkspace(), []Lanes{inF}, 1, []Lanes{outF})
			if outF.F32[0] != float32(c.want[k]) {
				t.Errorf("%s of %d and %d as float32, fmod=%d: %v, want %d", c.op, x[k], d[k], c.fmod, outF.F32[0], c.want[k])
			}
		}
	}
}
