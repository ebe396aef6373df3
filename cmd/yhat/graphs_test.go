package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"

	"yhat/io/model"
	"yhat/nn/graph"
)

// writeGraphs writes the small ONNX models of the stories.
func writeGraphs(folder string) error {
	for name, g := range map[string]*graph.Graph{
		"ward.onnx": ward(), "labels.onnx": labels(), "iris.onnx": iris(-1), "row.onnx": iris(1), "cost.onnx": cost(), "odd.onnx": odd(), "beds.onnx": beds(),
	} {
		var b bytes.Buffer
		if err := model.EncodeONNX(&b, g); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), b.Bytes(), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// of is an input or output of rows of so many columns; a batch of -1 is any.
func of(name string, t graph.Type, batch, columns int) graph.Input {
	return graph.Input{Name: name, Type: t, Ranks: true, Shape: []graph.Dim{{Size: batch, Name: "N"}, {Size: columns}}}
}

func returned(name string, t graph.Type, columns int) graph.Output {
	in := of(name, t, -1, columns)
	return graph.Output{Name: name, Type: t, Shape: in.Shape}
}

// applied is a node of operator set 13, or 1 of ai.onnx.ml for names that begin
// with "ml.".
func applied(op, in, out string, attributes map[string]graph.Attribute) graph.Node {
	n := graph.Node{Name: op + "_" + strings.Fields(out)[0], Op: op, Version: 13, Inputs: strings.Fields(in), Outputs: strings.Fields(out), Attributes: attributes}
	if name, ml := strings.CutPrefix(op, "ml."); ml {
		n.Name, n.Op, n.Domain, n.Version = name+"_"+n.Outputs[0], name, "ai.onnx.ml", 1
	}
	return n
}

func matrix(rows, columns int, v ...float32) *graph.Tensor {
	return &graph.Tensor{Type: graph.Float32, Shape: []int{rows, columns}, F32: v}
}

// ward is a pipeline as scikit-learn exports them: an age that may be missing, a
// word of three of which no other is known, a whole number; label and
// probabilities out.
func ward() *graph.Graph {
	return &graph.Graph{
		Name: "ward", Producer: "tests",
		Inputs: []graph.Input{of("age", graph.Float32, -1, 1), of("sex", graph.String, -1, 1), of("visits", graph.Int64, -1, 1)},
		Constants: map[string]*graph.Tensor{
			"w": matrix(5, 2, 0.1, -0.1, 1, 0, 0, 1, 0, 0, 0, 0.5), "b": matrix(1, 2, 0, 0),
			"three":   {Type: graph.Int64, Shape: []int{2}, I64: []int64{-1, 3}},
			"classes": {Type: graph.String, Shape: []int{2}, Str: []string{"home", "ward"}},
		},
		Nodes: []graph.Node{
			applied("ml.Imputer", "age", "age1", map[string]graph.Attribute{"imputed_value_floats": {Kind: graph.FloatsAttribute, Floats: []float32{40}}, "replaced_value_float": {Kind: graph.FloatAttribute, F: float32(math.NaN())}}),
			applied("ml.OneHotEncoder", "sex", "sex1", map[string]graph.Attribute{"cats_strings": {Kind: graph.StringsAttribute, Strings: []string{"female", "male", " other"}}, "zeros": {Kind: graph.IntAttribute, I: 0}}),
			applied("Reshape", "sex1 three", "sex2", nil),
			applied("Cast", "visits", "visits1", map[string]graph.Attribute{"to": {Kind: graph.IntAttribute, I: 1}}),
			applied("Concat", "age1 sex2 visits1", "x", map[string]graph.Attribute{"axis": {Kind: graph.IntAttribute, I: 1}}),
			applied("MatMul", "x w", "h", nil), applied("Add", "h b", "z", nil),
			applied("Softmax", "z", "p", map[string]graph.Attribute{"axis": {Kind: graph.IntAttribute, I: 1}}),
			applied("ArgMax", "p", "at", map[string]graph.Attribute{"axis": {Kind: graph.IntAttribute, I: 1}, "keepdims": {Kind: graph.IntAttribute, I: 0}}),
			applied("ml.ArrayFeatureExtractor", "classes at", "label", nil),
		},
		Outputs:  []graph.Output{returned("label", graph.String, 1), returned("p", graph.Float32, 2)},
		Metadata: map[string]string{"author": "nobody"},
	}
}

// labels is ward without its probabilities.
func labels() *graph.Graph {
	g := ward()
	g.Outputs = g.Outputs[:1]
	return g
}

// iris takes a matrix of two columns and labels by integers.
func iris(batch int) *graph.Graph {
	return &graph.Graph{
		Name:   "iris",
		Inputs: []graph.Input{of("X", graph.Float32, batch, 2)},
		Constants: map[string]*graph.Tensor{"w": matrix(2, 3, 1, 0, 0, 0, 1, 0), "b": matrix(1, 3, 0, 0, 2),
			"classes": {Type: graph.Int64, Shape: []int{3}, I64: []int64{10, 20, 30}}},
		Nodes: []graph.Node{
			applied("Gemm", "X w b", "z", nil), applied("Softmax", "z", "p", map[string]graph.Attribute{"axis": {Kind: graph.IntAttribute, I: 1}}),
			applied("ArgMax", "p", "at", map[string]graph.Attribute{"axis": {Kind: graph.IntAttribute, I: 1}, "keepdims": {Kind: graph.IntAttribute, I: 0}}),
			applied("ml.ArrayFeatureExtractor", "classes at", "label", nil),
		},
		Outputs: []graph.Output{returned("label", graph.Int64, 1), returned("p", graph.Float32, 3)},
	}
}

// beds takes a matrix of two columns, of which the second is looked up in a
// table of three beds.
func beds() *graph.Graph {
	axis := map[string]graph.Attribute{"axis": {Kind: graph.IntAttribute, I: 1}}
	return &graph.Graph{
		Inputs: []graph.Input{of("X", graph.Float32, -1, 2)},
		Constants: map[string]*graph.Tensor{"table": matrix(3, 1, 10, 20, 30), "first": {Type: graph.Int64, Shape: []int{1}, I64: []int64{0}},
			"second": {Type: graph.Int64, Shape: []int{}, I64: []int64{1}}},
		Nodes: []graph.Node{
			applied("Gather", "X first", "x", axis), applied("Gather", "X second", "bed", axis),
			applied("Cast", "bed", "at", map[string]graph.Attribute{"to": {Kind: graph.IntAttribute, I: 7}}),
			applied("Gather", "table at", "found", nil), applied("Add", "x found", "y", nil),
		},
		Outputs: []graph.Output{returned("y", graph.Float32, 1)},
	}
}

// cost reckons in float64.
func cost() *graph.Graph {
	return &graph.Graph{
		Inputs:    []graph.Input{of("days", graph.Float64, -1, 1), of("rate", graph.Float64, -1, 1)},
		Constants: map[string]*graph.Tensor{"tenth": {Type: graph.Float64, Shape: []int{1, 1}, F64: []float64{0.1}}},
		Nodes:     []graph.Node{applied("Mul", "days rate", "y0", nil), applied("Add", "y0 tenth", "y", nil)},
		Outputs:   []graph.Output{returned("y", graph.Float64, 1)},
	}
}

// odd has what tables cannot be scored with.
func odd() *graph.Graph {
	return &graph.Graph{
		Inputs:    []graph.Input{of("X", graph.Float32, -1, 2)},
		Constants: map[string]*graph.Tensor{"k": matrix(1, 1, 1)},
		Nodes: []graph.Node{applied("Conv", "X k", "c", nil), applied("LSTM", "X k k", "d", nil), applied("Relu", "X", "e", nil),
			applied("ReduceMean", "X", "f", map[string]graph.Attribute{"axes": {Kind: graph.IntsAttribute, Ints: []int64{0}}})},
		Outputs: []graph.Output{returned("c", graph.Float32, 2), returned("d", graph.Float32, 2), returned("e", graph.Float32, 2), returned("f", graph.Float32, 2)},
	}
}
