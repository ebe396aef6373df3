package graph

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"yhat/nn"
)

func f32(shape []int, list ...float32) *Tensor {
	return &Tensor{Type: Float32, Shape: shape, F32: list}
}
func i64(list ...int64) *Tensor {
	return &Tensor{Type: Int64, Shape: []int{len(list)}, I64: list}
}

func op(name, in, out string, attributes ...any) Node {
	n := Node{Name: "node " + out, Op: name, Version: 18, Inputs: strings.Fields(in), Outputs: strings.Fields(out), Attributes: map[string]Attribute{}}
	if rest, ml := strings.CutPrefix(name, "ml."); ml {
		n.Domain, n.Op, n.Version = "ai.onnx.ml", rest, 3
	}
	for i := 0; i < len(attributes); i += 2 {
		a := Attribute{}
		switch v := attributes[i+1].(type) {
		case int:
			a.I = int64(v)
		case []int64:
			a.Ints = v
		case []float32:
			a.Floats = v
		case float32:
			a.F = v
		case []string:
			a.Strings = v
		case string:
			a.S = v
		}
		n.Attributes[attributes[i].(string)] = a
	}
	return n
}

// small is a graph of one input x of [N, 4].
func small(t Type, constants map[string]*Tensor, out string, nodes ...Node) *Graph {
	g := &Graph{Nodes: nodes, Constants: constants, Inputs: []Input{{Name: "x", Type: t, Ranks: true, Shape: []Dim{{-1, "N"}, {4, ""}}}}}
	for _, name := range strings.Fields(out) {
		g.Outputs = append(g.Outputs, Output{Name: name})
	}
	return g
}

func compiled(t *testing.T, g *Graph, opt Options) *Program {
	t.Helper()
	p, err := Compile(g, opt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A chain of dense layers as exporters write it is the same network, bit for
// bit, in as many steps as it has layers, on every kernel of the machine.
func TestChainIsTheNetwork(t *testing.T) {
	m, g := chain(7, 20, 9, 3)
	const panels = 5
	x, y, want := make([]float32, panels*7*lanes), make([]float32, panels*3*lanes), make([]float32, panels*3*lanes)
	for i := range x {
		x[i] = float32(rand.NormFloat64())
	}
	for _, name := range nn.Kernels() {
		k, err := nn.ChooseKernel(name)
		if err != nil {
			t.Fatal(err)
		}
		net, err := nn.Compile[float32](m, k)
		if err != nil {
			t.Fatal(err)
		}
		p := compiled(t, g, Options{Kernel: k})
		p.Run(p.NewWorkspace(), []Lanes{{F32: x}}, panels, []Lanes{{F32: y}})
		net.Forward(net.NewWorkspace(), x, panels, [][]float32{nil, nil, want})
		if !slices.Equal(y, want) {
			t.Errorf("%s: the graph and the network differ", name)
		}
		if s := p.Steps(); !slices.Equal(s, []string{"dense 7→20 + Relu", "dense 20→9 + Relu", "dense 9→3 + Sigmoid"}) {
			t.Errorf("%s: steps %q", name, s)
		}
		if l := p.Layers(); len(l) != 3 || l[0].Output != "a1" || l[2].Output != "a3" {
			t.Errorf("layers %v", l)
		}
	}
}

// What a kept activation shows is what the next layer reads.
func TestAlsoActivations(t *testing.T) {
	_, g := chain(5, 6, 2)
	p := compiled(t, g, Options{Also: []string{"a1"}})
	out := p.Outputs()
	if len(out) != 2 || out[1].Name != "a1" || out[1].Width != 6 || len(p.Steps()) != 2 {
		t.Errorf("outputs %v, steps %q", out, p.Steps())
	}
}

func TestFusedSteps(t *testing.T) {
	w := f32([]int{4, 4}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
	four := f32([]int{4}, 1, 2, 3, 4)
	constants := func() map[string]*Tensor {
		return map[string]*Tensor{"w": w, "b": four, "two": i64(2), "shape": i64(-1, 2, 2), "flat": i64(0, -1)}
	}
	cases := map[string]struct {
		g    *Graph
		want []string
	}{
		"batch normalisation, dropout and activation": {small(Float32, constants(), "y",
			op("Gemm", "x w b", "h"), op("BatchNormalization", "h b b b b", "n"), op("Dropout", "n", "d"), op("Tanh", "d", "y")),
			[]string{"dense 4→4 + Tanh"}},
		"a product that two read is no layer's inside": {small(Float32, constants(), "y",
			op("MatMul", "x w", "h"), op("Relu", "h", "a"), op("Add", "a h", "y")),
			[]string{"dense 4→4", "Relu", "Add"}},
		"shapes cost nothing": {small(Float32, constants(), "y",
			op("Reshape", "x shape", "r"), op("Transpose", "r", "t", "perm", []int64{0, 2, 1}), op("Unsqueeze", "t two", "u"),
			op("Squeeze", "u two", "s"), op("Reshape", "s flat", "f"), op("Neg", "f", "y")),
			[]string{"Neg"}},
		"constants are folded": {small(Float32, constants(), "y", op("Exp", "b", "e"), op("Mul", "e b", "m"), op("ReduceSum", "m", "s"), op("Add", "x s", "y")),
			[]string{"Add"}},
		"the same is computed once, what nobody reads never": {small(Float32, constants(), "y",
			op("Exp", "x", "e"), op("Exp", "x", "f"), op("Sqrt", "x", "unused"), op("Add", "e f", "y")),
			[]string{"Exp", "Add"}},
		"a Gelu in simpler operators": {small(Float32, map[string]*Tensor{"w": w, "r": f32(nil, math.Sqrt2), "one": f32(nil, 1), "half": f32(nil, 0.5)}, "y",
			op("MatMul", "x w", "h"), op("Div", "h r", "d"), op("Erf", "d", "e"), op("Add", "e one", "p"), op("Mul", "h p", "m"), op("Mul", "m half", "y")),
			[]string{"dense 4→4 + Gelu"}},
		"and in another order": {small(Float32, map[string]*Tensor{"w": w, "r": f32(nil, math.Sqrt2/2), "one": f32(nil, 1), "half": f32(nil, 0.5)}, "y",
			op("MatMul", "x w", "h"), op("Mul", "half h", "m"), op("Mul", "h r", "d"), op("Erf", "d", "e"), op("Add", "one e", "p"), op("Mul", "m p", "y")),
			[]string{"dense 4→4 + Gelu"}},
		"the other Gelu": {small(Float32, map[string]*Tensor{"w": w, "k": f32(nil, 0.044715), "r": f32(nil, 0.7978846), "one": f32(nil, 1), "half": f32(nil, 0.5)}, "y",
			op("MatMul", "x w", "h"), op("Mul", "h h", "s"), op("Mul", "h s", "c"), op("Mul", "k c", "kc"), op("Add", "h kc", "a"), op("Mul", "r a", "m"),
			op("Tanh", "m", "t"), op("Add", "one t", "p"), op("Mul", "h p", "hp"), op("Mul", "half hp", "y")),
			[]string{"dense 4→4 + Gelu"}},
		"and by a power": {small(Float32, map[string]*Tensor{"w": w, "k": f32(nil, 0.044715), "r": f32(nil, 0.7978846), "one": f32(nil, 1), "half": f32(nil, 0.5), "three": f32(nil, 3)}, "y",
			op("MatMul", "x w", "h"), op("Mul", "h half", "hh"), op("Pow", "h three", "c"), op("Mul", "c k", "kc"), op("Add", "kc h", "a"), op("Mul", "a r", "m"),
			op("Tanh", "m", "t"), op("Add", "t one", "p"), op("Mul", "hh p", "y")),
			[]string{"dense 4→4 + Gelu"}},
		"no cube": {small(Float32, map[string]*Tensor{"k": f32(nil, 0.044715), "r": f32(nil, 0.7978846), "one": f32(nil, 1), "half": f32(nil, 0.5)}, "y",
			op("Mul", "x x", "s"), op("Mul", "k s", "kc"), op("Add", "x kc", "a"), op("Mul", "r a", "m"),
			op("Tanh", "m", "t"), op("Add", "one t", "p"), op("Mul", "x p", "hp"), op("Mul", "half hp", "y")),
			[]string{"Mul ×2", "Add", "Mul", "Tanh", "Add", "Mul ×2"}},
		"no Gelu": {small(Float32, map[string]*Tensor{"r": f32(nil, 1.5), "one": f32(nil, 1), "half": f32(nil, 0.5)}, "y",
			op("Div", "x r", "d"), op("Erf", "d", "e"), op("Add", "e one", "p"), op("Mul", "x p", "m"), op("Mul", "m half", "y")),
			[]string{"Div", "Erf", "Add", "Mul ×2"}},
		"a Swish and a Mish": {small(Float32, constants(), "y", op("MatMul", "x w", "h"), op("Sigmoid", "h", "s"), op("Mul", "s h", "z"),
			op("MatMul", "z w", "g"), op("Softplus", "g", "p"), op("Tanh", "p", "t"), op("Mul", "g t", "y")),
			[]string{"dense 4→4 + Swish", "dense 4→4 + Mish"}},
		"the shape of a batch": {small(Float32, map[string]*Tensor{"zero": i64(0), "m": i64(-1)}, "y",
			op("Shape", "x", "s"), op("Gather", "s zero", "n"), op("Concat", "n m", "t", "axis", 0), op("Reshape", "x t", "r"), op("Abs", "r", "y")),
			[]string{"Abs"}},
	}
	for name, c := range cases {
		if got := compiled(t, c.g, Options{}).Steps(); !slices.Equal(got, c.want) {
			t.Errorf("%s: steps %q, want %q", name, got, c.want)
		}
	}
}

func TestMixedRowsAreRefused(t *testing.T) {
	constants := map[string]*Tensor{"zero": i64(0), "all": i64(-1), "w": f32([]int{3, 4}, make([]float32, 12)...), "c": f32([]int{4}, 1, 2, 3, 4),
		"swap": i64(4, -1), "rep": i64(2, 1)}
	cases := map[string]Node{
		"a sum over the batch":              op("ReduceSum", "x zero", "y"),
		"a sum over all":                    op("ReduceMean", "x", "y"),
		"a softmax over the batch":          op("Softmax", "x", "y", "axis", 0),
		"an old softmax over all":           {Name: "node y", Op: "Softmax", Version: 11, Inputs: []string{"x"}, Outputs: []string{"y"}, Attributes: map[string]Attribute{"axis": {I: 0}}},
		"the largest of the batch":          op("ArgMax", "x", "y", "axis", 0),
		"a row taken out":                   op("Gather", "x zero", "y"),
		"rows against fixed rows":           op("Add", "x w", "y"),
		"rows repeated":                     op("Tile", "x rep", "y"),
		"a batch cut differently":           op("Reshape", "x swap", "y"),
		"batch normalisation when training": op("BatchNormalization", "x c c c c", "y", "training_mode", 1),
		"rows added up":                     op("CumSum", "x zero", "y"),
		"a product over rows":               op("Einsum", "x x", "y", "equation", "ni,mi->nm"),
	}
	for name, n := range cases {
		_, err := Compile(small(Float32, constants, "y", n), Options{})
		var u *UnsupportedError
		if !errors.As(err, &u) || len(u.Parts) != 1 || u.Parts[0].Node != "node y" || !strings.Contains(err.Error(), "mixes rows") {
			t.Errorf("%s: got %v", name, err)
		}
		g := small(Float32, constants, "y", n)
		g.Inputs[0].Shape[0].Size = 3
		if _, err := Compile(g, Options{}); err != nil && strings.Contains(err.Error(), "mixes rows") {
			t.Errorf("%s: refused without a batch axis: %v", name, err)
		}
	}
}

// TestMissing: whether a missing value may go in is decided by what it meets
// first.
func TestMissing(t *testing.T) {
	nan := float32(math.NaN())
	imputer := op("ml.Imputer", "x", "i", "replaced_value_float", nan, "imputed_value_floats", []float32{1})
	constants := map[string]*Tensor{"w": f32([]int{4}, 1, 2, 3, 4), "none": {Type: String, Shape: []int{1}, Str: []string{""}}, "one": i64(1)}
	cases := map[string]struct {
		t     Type
		nodes []Node
		want  bool
	}{
		"an imputer":                       {Float32, []Node{imputer, op("Neg", "i", "y")}, true},
		"an imputer after moves":           {Float32, []Node{op("Identity", "x", "m"), op("Slice", "m one w1 one", "s"), op("Neg", "m", "y")}, false},
		"an imputer, and a path beside it": {Float32, []Node{imputer, op("Add", "i x", "y")}, false},
		"an imputer of another value": {Float32, []Node{op("ml.Imputer", "x", "i", "replaced_value_float", float32(-1), "imputed_value_floats", []float32{1}),
			op("Neg", "i", "y")}, false},
		"IsNaN and Where":     {Float32, []Node{op("IsNaN", "x", "n"), op("Where", "n w x", "v"), op("Neg", "v", "y")}, true},
		"Where the wrong way": {Float32, []Node{op("IsNaN", "x", "n"), op("Where", "n x w", "v"), op("Neg", "v", "y")}, false},
		"a product":           {Float32, []Node{op("Mul", "x w", "y")}, false},
		"the output":          {Float32, []Node{op("Identity", "x", "y")}, false},
		"integers":            {Int64, []Node{op("Abs", "x", "y")}, false},
		"text that is known":  {String, []Node{op("ml.LabelEncoder", "x", "y", "keys_strings", []string{"a", ""}, "values_floats", []float32{1, 2})}, true},
		"text that is not":    {String, []Node{op("ml.LabelEncoder", "x", "y", "keys_strings", []string{"a"}, "values_floats", []float32{1})}, false},
		"text compared":       {String, []Node{op("Equal", "x none", "y")}, true},
	}
	constants["w1"] = i64(4)
	for name, c := range cases {
		p := compiled(t, small(c.t, constants, "y", c.nodes...), Options{})
		if got := p.Inputs()[0].Missing; got != c.want {
			t.Errorf("%s: missing values may go in: %v, want %v", name, got, c.want)
		}
	}
}

// An unknown category makes its row bad with zeros=0, and no other row.
func TestUnknownCategoryIsAFault(t *testing.T) {
	g := small(Int64, nil, "y", op("ml.OneHotEncoder", "x", "y", "cats_int64s", []int64{0, 7}, "zeros", 0))
	p := compiled(t, g, Options{})
	in := NewLanes(Int64, 2*4*lanes)
	for i := range in.I64 {
		in.I64[i] = 7 * int64(i%2)
	}
	in.I64[4*lanes+2*lanes+5] = 3 // panel 1, row 5
	ws, out := p.NewWorkspace(), NewLanes(Float32, 2*8*lanes)
	p.Run(ws, []Lanes{in}, 2, []Lanes{out})
	if f := p.Faults(); len(f) != 1 || f[0].Reason.String() != "unknown_category" || !slices.Equal(f[0].Inputs, []string{"x"}) {
		t.Fatalf("faults %v", f)
	}
	if got := ws.Fault(0); got[0] != 0 || got[1] != 1<<5 {
		t.Errorf("marked rows %b", got)
	}
}

// Rows do not depend on their neighbours, on their place, or on the groups
// that they are run in.
func TestRowsAreIndependent(t *testing.T) {
	g := small(Float32, map[string]*Tensor{"w": f32([]int{4, 4}, 1, -2, 3, 4, 5, 6, -7, 8, 9, 1, 1, 1, 0, 2, 2, 2), "ax": i64(1)}, "y z",
		op("MatMul", "x w", "h"), op("LayerNormalization", "h w1", "n"), op("ReduceMax", "n ax", "m"), op("Sub", "n m", "s"),
		op("Softmax", "s", "y"), op("ArgMax", "h", "z", "axis", 1))
	g.Constants["w1"] = f32([]int{4}, 1, 2, 3, 4)
	p := compiled(t, g, Options{})
	run := func(panels int, at []int, row []float32) (y []float32, z []int64) {
		in := NewLanes(Float32, panels*4*lanes)
		for i := range in.F32 {
			in.F32[i] = float32(rand.NormFloat64())
		}
		for _, r := range at {
			for e, v := range row {
				in.F32[(r/lanes*4+e)*lanes+r%lanes] = v
			}
		}
		out := []Lanes{NewLanes(Float32, panels*4*lanes), NewLanes(Int64, panels*lanes)}
		p.Run(p.NewWorkspace(), []Lanes{in}, panels, out)
		for _, r := range at {
			for e := range row {
				y = append(y, out[0].F32[(r/lanes*4+e)*lanes+r%lanes])
			}
			z = append(z, out[1].I64[r])
		}
		return y, z
	}
	row := []float32{0.5, -1, 2, 3}
	want, wantZ := run(1, []int{0}, row)
	many := 3*p.GroupPanels() + 1
	got, gotZ := run(many, []int{31, 32, many*lanes - 1}, row)
	for i := range 3 {
		if !slices.Equal(got[4*i:4*i+4], want) || gotZ[i] != wantZ[0] {
			t.Errorf("got %v, %v, want %v, %v", got[4*i:4*i+4], gotZ[i], want, wantZ)
		}
	}
}

func TestNarrowTypes(t *testing.T) {
	for _, c := range []struct {
		t       Type
		v, want float32
	}{{Float16, 1, 1}, {Float16, 65519, 65504}, {Float16, 65520, float32(math.Inf(1))}, {Float16, 1 + 1.0/2048, 1}, {Float16, 1 + 3.0/2048, 1 + 4.0/2048},
		{Float16, 5.9604645e-8, 5.9604645e-8}, {Float16, 2.9e-8, 0}, {Float16, -3e-5, -2.9981136e-5}, {BFloat16, 1.00390625, 1}, {BFloat16, 1.01171875, 1.015625}} {
		if got := roundTo(c.t, c.v); math.Abs(float64(got-c.want)) > 1e-9 {
			t.Errorf("%s of %v: got %v, want %v", c.t, c.v, got, c.want)
		}
	}
	if got := wrap(Int8, 200); got != -56 {
		t.Errorf("200 as int8: %d", got)
	}
	if u := newTwister(0).uniform(); u != 0.5488135039273248 {
		t.Errorf("the first number of seed 0 is %v", u)
	}
}

// Integers too large for a float keep every digit.
func TestLargeIntegersAreExact(t *testing.T) {
	g := small(Int64, map[string]*Tensor{"one": i64(1)}, "y", op("Add", "x one", "y"))
	p := compiled(t, g, Options{})
	in, out := NewLanes(Int64, 4*lanes), NewLanes(Int64, 4*lanes)
	in.I64[7] = 1<<53 + 1
	p.Run(p.NewWorkspace(), []Lanes{in}, 1, []Lanes{out})
	if out.I64[7] != 1<<53+2 {
		t.Errorf("got %d", out.I64[7])
	}
}
