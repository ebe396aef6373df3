package model

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yhat/nn/graph"
)

// graphAgain writes a graph in the native manner and reads it back.
func graphAgain(t *testing.T, g *graph.Graph, beside bool) *ONNX {
	t.Helper()
	var text, weights bytes.Buffer
	var w *Weights
	if beside {
		w = &Weights{File: "w.safetensors"}
	}
	if err := EncodeGraph(&text, g, w); err != nil {
		t.Fatal(err)
	}
	if beside {
		if err := w.Encode(&weights); err != nil {
			t.Fatal(err)
		}
	}
	m, err := DecodeGraph(text.Bytes(), weights.Bytes())
	if err != nil {
		t.Fatalf("%v\n%s", err, text.Bytes())
	}
	return m
}

// TestGraphRoundTrip: a graph that is written and read is the same graph.
func TestGraphRoundTrip(t *testing.T) {
	for name, data := range map[string][]byte{"dense": denseModel(), "pipeline": pipelineModel(), "tree": treeModel()} {
		m, err := DecodeONNX(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, beside := range []bool{false, true} {
			if diff := cmp.Diff(m.Graph, graphAgain(t, m.Graph, beside).Graph, same); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

// TestGraphRoundTripTypes: constants of every type keep their values, in the
// text and beside it.
func TestGraphRoundTripTypes(t *testing.T) {
	g := &graph.Graph{Constants: everyType(), Inputs: []graph.Input{{Name: "x", Type: graph.Float32, Ranks: true}},
		Nodes: []graph.Node{{Op: "Identity", Version: 18, Inputs: []string{"x"}, Outputs: []string{"y"}}}, Outputs: []graph.Output{{Name: "y"}}}
	long := &graph.Tensor{Type: graph.Int16, Shape: []int{2, 50}, I64: make([]int64, 100)}
	for i := range long.I64 {
		long.I64[i] = int64(i) - 50
	}
	g.Constants["long"] = long
	for _, beside := range []bool{false, true} {
		if diff := cmp.Diff(g.Constants, graphAgain(t, g, beside).Constants, same); diff != "" {
			t.Error(diff)
		}
	}
}

// TestGraphConformance: so does every small model of the conformance folder.
func TestGraphConformance(t *testing.T) {
	root := os.Getenv("YHAT_CONFORMANCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	paths, _ := filepath.Glob(filepath.Join(root, "onnx-node", "*", "model.onnx"))
	more, _ := filepath.Glob(filepath.Join(root, "onnx-models", "*", "*.onnx"))
	if paths = append(paths, more...); len(paths) == 0 {
		t.Skip("no conformance cases: set YHAT_CONFORMANCE")
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.Size() > 64<<10 {
			continue
		}
		m, err := LoadONNX(path)
		if err != nil || len(m.Outputs) == 0 || untyped(m) {
			continue
		}
		if diff := cmp.Diff(m.Graph, graphAgain(t, m.Graph, true).Graph, same); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// untyped reports whether an input's type is not known: no native graph has such.
func untyped(m *ONNX) bool {
	for _, in := range m.Inputs {
		if in.Type == graph.Unknown {
			return true
		}
	}
	for i := range m.Nodes {
		if len(m.Nodes[i].Outputs) == 0 {
			return true
		}
	}
	return false
}

const smallGraph = `{"format": "yhat-graph/1", "opsets": {"ai.onnx": 18},
 "inputs": [{"name": "x", "type": "float32", "shape": ["N", 1]}],
 "nodes": [{"op": "Mul", "inputs": ["x", "k"], "outputs": ["y"]}],
 "constants": {"k": {"type": "float32", "shape": [1], "data": [2]}},
 "outputs": [{"name": "y"}]}`

// TestGraphFaults: what is wrong is told with its place.
func TestGraphFaults(t *testing.T) {
	for _, c := range []struct{ old, with, want string }{
		{`yhat-graph/1`, `yhat-graph/2`, `format: "yhat-graph/2", want "yhat-graph/1"`},
		{`"opsets": {"ai.onnx": 18},`, ``, "opsets: missing"},
		{`18`, `99`, "operator set ai.onnx 99"},
		{`"float32", "shape": ["N", 1]`, `"float31"`, `inputs[0].type: unknown element type "float31"`},
		{`["N", 1]`, `["N", 0]`, "inputs[0].shape[1]: a dimension of 0"},
		{`"op": "Mul"`, `"op": "Mul", "color": 1`, `nodes[0]: unknown key "color"`},
		{`"op": "Mul", `, ``, "nodes[0]: want an op and outputs"},
		{`"outputs": ["y"]`, `"outputs": ["y"], "attributes": {"a": {}}`, "nodes[0].attributes.a: want one of"},
		{`"outputs": ["y"]`, `"outputs": ["y"], "attributes": {"a": {"int": 1, "float": 2}}`, "want one value"},
		{`[2]`, `[2, 3]`, "constants.k.data: 2 elements, want 1"},
		{`[2]`, `["two"]`, "constants.k.data[0]: want a number"},
		{`[1], "data": [2]`, `[1000000000000], "data": [2]`, "more than"},
		{`"data": [2]`, `"file": "../w.safetensors", "tensor": "k"`, "constants.k: ../w.safetensors: weights beside a model need"},
		{`"data": [2]`, `"file": "w.safetensors"`, "constants.k: want data, or a file and a tensor"},
		{`"type": "float32", "shape": [1]`, `"type": "int8", "shape": [1]`, ""},
		{`"float32", "shape": [1], "data": [2]`, `"int8", "shape": [1], "data": [300]`, "constants.k.data[0]: beyond int8"},
		{`"name": "y"}]}`, `"name": "y"}]} x`, "line 5"},
	} {
		text := strings.Replace(smallGraph, c.old, c.with, 1)
		if text == smallGraph {
			t.Fatalf("%q is not there", c.old)
		}
		_, err := DecodeGraph([]byte(text), nil)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.with, err)
		case c.want != "" && (err == nil || !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %s", c.with, err, c.want)
		}
	}
}

// TestLoadGraph: a graph lies beside its weights, of which a tensor serves once.
func TestLoadGraph(t *testing.T) {
	dir := t.TempDir()
	w := &Weights{File: "w.safetensors"}
	w.add("k", "F32", []int{1}, []byte{0, 0, 0, 64})
	var weights bytes.Buffer
	if err := w.Encode(&weights); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(smallGraph, `"data": [2]`, `"file": "w.safetensors", "tensor": "k"`, 1)
	twice := strings.Replace(text, `"constants": {`, `"constants": {"l": {"type": "float32", "shape": [1], "file": "w.safetensors", "tensor": "k"}, `, 1)
	for name, content := range map[string]string{"w.safetensors": weights.String(), "g.json": text, "twice.json": twice} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Load(filepath.Join(dir, "g.json"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Format != graphFormat || f.ONNX.Constants["k"].F32[0] != 2 || len(f.Beside()) != 1 || f.Beside()[0] != filepath.Join(dir, "w.safetensors") {
		t.Fatalf("%+v %v", f.ONNX.Constants["k"], f.Beside())
	}
	if _, err := Load(filepath.Join(dir, "twice.json")); err == nil || !strings.Contains(err.Error(), "another constant's") {
		t.Fatal(err)
	}
	if _, err := LoadNative(filepath.Join(dir, "g.json")); err == nil {
		t.Fatal("a graph passed as layers")
	}
}

// FuzzGraphFile: whatever the text is, reading it ends without a panic, and what
// was read is written and read again as the same.
func FuzzGraphFile(f *testing.F) {
	f.Add([]byte(smallGraph))
	for _, data := range [][]byte{denseModel(), pipelineModel(), treeModel()} {
		m, err := DecodeONNX(data)
		if err != nil {
			f.Fatal(err)
		}
		var text bytes.Buffer
		if err := EncodeGraph(&text, m.Graph, nil); err != nil {
			f.Fatal(err)
		}
		f.Add(text.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 64<<10 {
			return
		}
		m, err := DecodeGraph(text, nil)
		if err != nil {
			if !errors.Is(err, ErrModel) {
				t.Fatal(err)
			}
			return
		}
		if diff := cmp.Diff(m.Graph, graphAgain(t, m.Graph, false).Graph, same); diff != "" {
			t.Fatal(diff)
		}
	})
}
