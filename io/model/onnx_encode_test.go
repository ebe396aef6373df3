package model

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"yhat/nn"
	"yhat/nn/graph"
)

// same compares graphs; constants may hold NaN.
var same = cmp.Options{cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(graph.Graph{}, "Producer", "Name")}

// again writes a graph and reads it back.
func again(t *testing.T, g *graph.Graph) *ONNX {
	t.Helper()
	var out bytes.Buffer
	if err := EncodeONNX(&out, g); err != nil {
		t.Fatal(err)
	}
	m, err := DecodeONNX(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestEncodeONNXRoundTrip: a graph that is written and read is the same graph.
func TestEncodeONNXRoundTrip(t *testing.T) {
	for name, data := range map[string][]byte{"dense": denseModel(), "pipeline": pipelineModel(), "tree": treeModel()} {
		t.Run(name, func(t *testing.T) {
			m, err := DecodeONNX(data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m.Graph, again(t, m.Graph).Graph, same); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// TestEncodeONNXConformance: so is every model of the conformance folder that
// can be read and has no map for an input.
func TestEncodeONNXConformance(t *testing.T) {
	root := os.Getenv("YHAT_CONFORMANCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	var paths []string
	for _, pattern := range []string{"onnx-node/*/model.onnx", "onnx-models/*/*.onnx"} {
		found, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		paths = append(paths, found...)
	}
	if len(paths) == 0 {
		t.Skip("no conformance cases: set YHAT_CONFORMANCE")
	}
	compared, tried := 0, 0
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.Size() > 64<<10 {
			continue
		}
		tried++
		m, err := LoadONNX(path)
		var out bytes.Buffer
		if err != nil || EncodeONNX(&out, m.Graph) != nil {
			continue
		}
		compared++
		if diff := cmp.Diff(m.Graph, again(t, m.Graph).Graph, same); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if compared < tried/2 {
		t.Errorf("only %d of %d models were written again", compared, tried)
	}
}

// TestHalfBits: every half is written as it was read.
func TestHalfBits(t *testing.T) {
	for b := range 1 << 16 {
		x := half(uint16(b))
		got := halfBits(math.Float32bits(float32(x)))
		if x != x && got&0x7c00 == 0x7c00 && got&0x3ff != 0 {
			continue
		}
		if got != uint16(b) {
			t.Fatalf("%#x is written as %#x", b, got)
		}
	}
}

// everyType is a constant of every type.
func everyType() map[string]*graph.Tensor {
	return map[string]*graph.Tensor{
		"f64": {Type: graph.Float64, Shape: []int{2}, F64: []float64{math.NaN(), math.Inf(-1)}},
		"b16": {Type: graph.BFloat16, Shape: []int{1}, F32: []float32{1.5}},
		"f16": {Type: graph.Float16, Shape: []int{1}, F32: []float32{-0.25}},
		"i8":  {Type: graph.Int8, Shape: []int{2}, I64: []int64{-128, 127}},
		"u16": {Type: graph.Uint16, Shape: []int{1}, I64: []int64{65535}},
		"i32": {Type: graph.Int32, Shape: []int{}, I64: []int64{-1}},
		"u64": {Type: graph.Uint64, Shape: []int{1}, U64: []uint64{math.MaxUint64}},
		"yes": {Type: graph.Bool, Shape: []int{1, 2}, Bool: []bool{true, false}},
		"str": {Type: graph.String, Shape: []int{2}, Str: []string{"", "ü"}},
		"nil": {Type: graph.Float32, Shape: []int{0}, F32: []float32{}},
	}
}

// TestElementTypes: constants of every type keep their values.
func TestElementTypes(t *testing.T) {
	g := &graph.Graph{Constants: everyType(), Metadata: map[string]string{"k": "v"}}
	if diff := cmp.Diff(g.Constants, again(t, g).Constants, same); diff != "" {
		t.Fatal(diff)
	}
}

// TestLowerKeepsWords: what a native model says beside its layers is read back.
func TestLowerKeepsWords(t *testing.T) {
	low, threshold := 2.0, 0.25
	m := &nn.Model{Name: "heart", Features: []nn.Feature{{Name: "weight", Unit: "kg", Center: 80, Scale: 20, Min: &low}, {Name: "sex", Scale: 1, Categories: []string{"f", "m"}}},
		Layers:  []nn.Layer{{In: 3, Out: 1, W: []float64{1, 2, 3}, B: []float64{0}, Activation: nn.Activation{Func: nn.Sigmoid}}},
		Outputs: nn.Outputs{Names: []string{"risk"}, Labels: []string{"no", "yes"}, Threshold: &threshold}}
	g, err := Lower(m)
	if err != nil {
		t.Fatal(err)
	}
	read := again(t, g)
	if diff := cmp.Diff(&graph.Words{Features: m.Features, Outputs: m.Outputs, Width: 1}, read.Words); diff != "" {
		t.Fatal(diff)
	}
	table, err := graph.CompileTable(read.Graph, graph.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Scores) != 1 || table.Outputs.Names[0] != "risk" || table.Features[0].Unit != "kg" || *table.Features[0].Min != 2 {
		t.Fatalf("%+v %+v", table.Outputs, table.Features[0])
	}
}

// TestWordsFaults: metadata that is wrong is a bad model, and says where.
func TestWordsFaults(t *testing.T) {
	for _, c := range []struct{ features, outputs, width, want string }{
		{`[`, `{}`, "1", `metadata yhat.features`},
		{`[{"name": "x", "color": 1}]`, `{}`, "1", `metadata yhat.features [0]: unknown key "color"`},
		{`[{"name": "x", "scale": 0}]`, `{}`, "1", `features[0].scale`},
		{`[{"name": "x"}] 1`, `{}`, "1", "data after the end"},
		{`[{"name": "x"}]`, `{"labels": ["a", "b", "c"]}`, "1", "outputs.labels"},
		{`[{"name": "x"}]`, `{}`, "-1", "metadata yhat.width"},
		{`[{"name": "y"}]`, `{}`, "1", `feature "y" is no input`},
		{`[{"name": "x"}]`, `{"names": ["a", "b"]}`, "2", "2 names of outputs"},
	} {
		m := &nn.Model{Features: []nn.Feature{{Name: "x", Scale: 1}}, Layers: []nn.Layer{{In: 1, Out: 1, W: []float64{1}, B: []float64{0}}}}
		g, err := Lower(m)
		if err != nil {
			t.Fatal(err)
		}
		g.Metadata[metaFeatures], g.Metadata[metaOutputs], g.Metadata[metaWidth] = c.features, c.outputs, c.width
		var out bytes.Buffer
		if err := EncodeONNX(&out, g); err != nil {
			t.Fatal(err)
		}
		read, err := DecodeONNX(out.Bytes())
		if err == nil {
			_, err = graph.CompileTable(read.Graph, graph.Options{}, nil)
		}
		if err == nil || !bytes.Contains([]byte(err.Error()), []byte(c.want)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// FuzzWords: whatever the metadata says, reading it ends without a panic, and
// what is accepted fits a graph or is refused by it.
func FuzzWords(f *testing.F) {
	f.Add(`[{"name": "x"}]`, `{"labels": ["no", "yes"]}`, "1")
	f.Add(`[{"name": "x", "min": 0, "categories": []}]`, `{"names": ["a"], "threshold": 1e400}`, "2")
	f.Fuzz(func(t *testing.T, features, outputs, width string) {
		m := &nn.Model{Features: []nn.Feature{{Name: "x", Scale: 1}}, Layers: []nn.Layer{{In: 1, Out: 1, W: []float64{1}, B: []float64{0}}},
			Outputs: nn.Outputs{Labels: []string{"no", "yes"}}}
		g := graph.FromModel(m)
		g.Metadata[metaFeatures], g.Metadata[metaOutputs], g.Metadata[metaWidth] = features, outputs, width
		x := &ONNX{Graph: g}
		if err := x.told(); err != nil {
			if !errors.Is(err, ErrModel) {
				t.Fatal(err)
			}
			return
		}
		table, err := graph.CompileTable(g, graph.Options{}, nil)
		if err != nil {
			return
		}
		if len(table.Scores) < 1 {
			t.Fatal("no scores left")
		}
	})
}
