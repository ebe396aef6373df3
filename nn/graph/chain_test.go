package graph

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"yhat/nn"
)

// TestChainRoundTrip: a model of layers, written as a graph, is found again:
// its features to the digit, its layers to a rounding to float32.
func TestChainRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		for i := range m.Layers {
			if m.Layers[i].Activation.Func == nn.GELUTanh {
				m.Layers[i].Activation = nn.GELU.Default()
			}
			for k, w := range m.Layers[i].W {
				m.Layers[i].W[k] = float64(float32(w))
			}
			for k, b := range m.Layers[i].B {
				m.Layers[i].B[k] = float64(float32(b))
			}
		}
		g := FromModel(m)
		g.Words = &Words{m.Features, m.Outputs, m.OutputWidth()}
		table, err := CompileTable(g, Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		found, err := table.Chain()
		if err != nil {
			t.Fatal(err)
		}
		// Layers without a nonlinearity between them become one.
		want := *m
		want.Layers = merged(m.Layers)
		for i := range want.Layers {
			want.Layers[i].Name = found.Layers[i].Name
		}
		for i := range want.Features {
			if want.Features[i].Categorical() {
				want.Features[i].Scale = 0
			}
		}
		if diff := cmp.Diff(&want, found, cmpopts.EquateApprox(1e-9, 1e-12), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func merged(layers []nn.Layer) []nn.Layer {
	var out []nn.Layer
	for _, l := range layers {
		if len(out) > 0 && out[len(out)-1].Activation.Func == nn.Identity {
			p := out[len(out)-1]
			w, b := make([]float64, l.Out*p.In), append([]float64{}, l.B...)
			for o := range l.Out {
				for i := range l.In {
					b[o] += l.W[o*l.In+i] * p.B[i]
					for k := range p.In {
						w[o*p.In+k] += l.W[o*l.In+i] * p.W[i*p.In+k]
					}
				}
			}
			l.W, l.B, l.In = w, b, p.In
			out = out[:len(out)-1]
		}
		out = append(out, l)
	}
	return out
}

// matrix is a graph over x [N, 3] with a node for each step; each reads the
// one before.
func matrix(nodes ...Node) *Graph {
	g := &Graph{Inputs: []Input{{Name: "x", Type: Float32, Shape: []Dim{{Size: -1}, {Size: 3}}, Ranks: true}}, Constants: map[string]*Tensor{
		"w":    {Type: Float32, Shape: []int{3, 2}, F32: []float32{1, -1, 0.5, 2, -3, 1}},
		"b":    {Type: Float32, Shape: []int{2}, F32: []float32{0.25, -0.5}},
		"v":    {Type: Float32, Shape: []int{2, 1}, F32: []float32{1, -2}},
		"mean": {Type: Float32, Shape: []int{2}, F32: []float32{0.5, 1}},
		"var":  {Type: Float32, Shape: []int{2}, F32: []float32{4, 0.25}},
		"one":  {Type: Float32, Shape: []int{}, F32: []float32{1}},
		"k":    {Type: Float32, Shape: []int{3}, F32: []float32{2, 4, 8}},
		"pick": {Type: Int64, Shape: []int{2}, I64: []int64{2, 0}},
	}}
	last := "x"
	for i := range nodes {
		n := nodes[i]
		n.Version = 18
		if n.Domain != "" {
			n.Version = 3
		}
		if n.Inputs == nil || n.Inputs[0] != "!" {
			n.Inputs = append([]string{last}, n.Inputs...)
		} else {
			n.Inputs = append(n.Inputs[1:], last)
		}
		last = string(rune('A' + i))
		if n.Outputs == nil {
			n.Outputs = []string{last}
		}
		g.Nodes = append(g.Nodes, n)
	}
	g.Outputs = []Output{{Name: last}}
	return g
}

// TestChainForms: what exporters write around a network is found.
func TestChainForms(t *testing.T) {
	dense := []Node{{Op: "MatMul", Inputs: []string{"w"}}, {Op: "Add", Inputs: []string{"b"}}}
	with := func(before []Node, after ...Node) []Node { return append(append([]Node{}, before...), after...) }
	for name, c := range map[string]struct {
		nodes  []Node
		layers int
	}{
		"matmul and add":  {with(dense, Node{Op: "Relu"}, Node{Op: "Gemm", Inputs: []string{"v"}}, Node{Op: "Sigmoid"}), 2},
		"linear":          {dense, 1},
		"batch norm":      {with(dense, Node{Op: "BatchNormalization", Inputs: []string{"b", "mean", "mean", "var"}}, Node{Op: "Tanh"}), 1},
		"after the units": {with(dense, Node{Op: "Tanh"}, Node{Op: "BatchNormalization", Inputs: []string{"b", "mean", "mean", "var"}}, Node{Op: "MatMul", Inputs: []string{"v"}}), 2},
		"scaled":          {append([]Node{{Op: "Sub", Inputs: []string{"k"}}, {Op: "Div", Inputs: []string{"k"}}}, with(dense, Node{Op: "Elu"})...), 1},
		"min max":         {append([]Node{{Op: "Mul", Inputs: []string{"k"}}, {Op: "Add", Inputs: []string{"k"}}}, with(dense, Node{Op: "Softmax"})...), 1},
		"scaler node": {append([]Node{{Domain: "ai.onnx.ml", Op: "Scaler", Attributes: map[string]Attribute{
			"offset": {Floats: []float32{1, 2, 3}}, "scale": {Floats: []float32{0.5, 0.25, 3}}}}}, with(dense, Node{Op: "Selu"})...), 1},
		"turned outputs": {with(dense, Node{Op: "Sigmoid"}, Node{Op: "Sub", Inputs: []string{"!", "one"}}), 2},
		"two of three":   {[]Node{{Op: "Gather", Inputs: []string{"pick"}, Attributes: axis(1)}, {Op: "MatMul", Inputs: []string{"v"}}, {Op: "Relu"}}, 1},
		"negative slope": {with(dense, Node{Op: "LeakyRelu", Attributes: map[string]Attribute{"alpha": {F: 0.3}}}), 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := matrix(c.nodes...)
			columns := []string{"p", "q", "r"}
			table, err := CompileTable(g, Options{}, columns)
			if err != nil {
				t.Fatal(err)
			}
			m, err := table.Chain()
			if name == "two of three" {
				if refused := (*NotChainError)(nil); !errors.As(err, &refused) {
					t.Fatalf("a column that nobody reads: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Layers) != c.layers {
				t.Errorf("%d layers, want %d", len(m.Layers), c.layers)
			}
			s, err := NetworkScorer(m, nn.Kernel{})
			if err != nil {
				t.Fatal(err)
			}
			if found, err := Agree(s, TableScorer(table), 500, 1); err != nil || found.Apart > 0 || found.Largest > 3e-6 {
				t.Fatalf("%+v %v", found, err)
			}
		})
	}
}

// TestChainRefuses: what is no chain is said to be none, with the node.
func TestChainRefuses(t *testing.T) {
	dense := []Node{{Op: "MatMul", Inputs: []string{"w"}}, {Op: "Add", Inputs: []string{"b"}}}
	for name, nodes := range map[string][]Node{
		"residual":    append(dense, Node{Op: "Relu"}, Node{Op: "Add", Inputs: []string{"B"}}),
		"gate":        append(dense, Node{Op: "Sigmoid"}, Node{Op: "Mul", Inputs: []string{"A"}}, Node{Op: "Relu"}),
		"layer norm":  append(dense, Node{Op: "LayerNormalization", Inputs: []string{"b"}}),
		"clip":        append(dense, Node{Op: "Clip", Inputs: []string{"one"}}),
		"square":      append(dense, Node{Op: "Mul", Inputs: []string{"B"}}),
		"times zero":  {{Domain: "ai.onnx.ml", Op: "Scaler", Attributes: map[string]Attribute{"scale": {Floats: []float32{0, 1, 1}}, "offset": {Floats: []float32{0}}}}, dense[0]},
		"text filled": {{Domain: "ai.onnx.ml", Op: "Imputer", Attributes: map[string]Attribute{"imputed_value_floats": {Floats: []float32{1}}}}, dense[0]},
	} {
		t.Run(name, func(t *testing.T) {
			table, err := CompileTable(matrix(nodes...), Options{}, []string{"p", "q", "r"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = table.Chain()
			if refused := (*NotChainError)(nil); !errors.As(err, &refused) || refused.Error() == "" {
				t.Fatalf("%v", err)
			}
		})
	}
}
