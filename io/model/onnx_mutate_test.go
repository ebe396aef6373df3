package model

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"yhat/nn/graph"
)

// TestMutatedGraphs changes graphs where a file could be wrong — shapes,
// attributes, operators, edges, versions — and compiles and runs what comes
// out. YHAT_MUTATIONS asks for more than a few of each.
func TestMutatedGraphs(t *testing.T) {
	times := 3
	if n, err := strconv.Atoi(os.Getenv("YHAT_MUTATIONS")); err == nil {
		times = n
	}
	models := [][]byte{denseModel(), pipelineModel(), treeModel()}
	root := os.Getenv("YHAT_CONFORMANCE")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	for _, pattern := range []string{"onnx-node/*/model.onnx", "onnx-models/*/*.onnx"} {
		paths, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		for _, p := range paths {
			if data, err := os.ReadFile(p); err == nil && len(data) < 16<<10 {
				models = append(models, data)
			}
		}
	}
	var ops []string
	for _, data := range models {
		if m, err := decodeONNX(data, nil); err == nil {
			for _, n := range m.Nodes {
				ops = append(ops, n.Op)
			}
		}
	}
	for i, data := range models {
		for seed := range times {
			r := rand.New(rand.NewPCG(uint64(i), uint64(seed)))
			m, err := decodeONNX(data, nil)
			if err != nil {
				break
			}
			for range 1 + r.IntN(3) {
				mutate(m.Graph, r, ops)
			}
			attempt(t, m, i, seed)
		}
	}
}

func attempt(t *testing.T, m *ONNX, i, seed int) {
	defer func() {
		if p := recover(); p != nil {
			var list []string
			for _, n := range m.Nodes {
				list = append(list, fmt.Sprintf("%s(%q)", n.Op, n.Inputs))
			}
			t.Errorf("model %d, seed %d: panic: %v\n%v", i, seed, p, list[:min(8, len(list))])
			if os.Getenv("YHAT_TRACE") != "" {
				panic(p)
			}
		}
	}()
	for _, whole := range []bool{false, true} {
		if p, err := graph.Compile(m.Graph, graph.Options{Whole: whole}); err == nil {
			runAnything(p)
		}
	}
}

// numbers that files get wrong.
var strange = []int64{-2, -1, 0, 1, 2, 3, 4, 7, 100, 1 << 20, 1 << 31, 1 << 40, 1<<63 - 1, -1 << 63}

func mutate(g *graph.Graph, r *rand.Rand, ops []string) {
	if len(g.Nodes) == 0 {
		return
	}
	n := &g.Nodes[r.IntN(len(g.Nodes))]
	switch r.IntN(10) {
	case 0:
		n.Op = ops[r.IntN(len(ops))]
	case 1:
		n.Version = 1 + r.IntN(28)
	case 2:
		if len(n.Inputs) > 0 {
			n.Inputs = slices.Clone(n.Inputs)
			n.Inputs[r.IntN(len(n.Inputs))] = anyName(g, r)
		}
	case 3:
		n.Inputs = append(slices.Clone(n.Inputs), anyName(g, r))
	case 4:
		if len(n.Inputs) > 0 {
			n.Inputs = n.Inputs[:len(n.Inputs)-1]
		}
	case 5:
		if len(g.Inputs) > 0 {
			in := &g.Inputs[r.IntN(len(g.Inputs))]
			if len(in.Shape) > 0 && r.IntN(3) > 0 {
				in.Shape[r.IntN(len(in.Shape))].Size = r.IntN(9) - 1
			} else {
				in.Shape = append(in.Shape, graph.Dim{Size: r.IntN(5)})
			}
		}
	case 6:
		if len(g.Inputs) > 0 {
			g.Inputs[r.IntN(len(g.Inputs))].Type = graph.Type(r.IntN(15))
		}
	case 7, 8:
		mutateAttribute(n, r)
	case 9:
		mutateConstant(g, r)
	}
}

func anyName(g *graph.Graph, r *rand.Rand) string {
	names := slices.Sorted(maps.Keys(g.Constants))
	for _, in := range g.Inputs {
		names = append(names, in.Name)
	}
	for _, n := range g.Nodes {
		names = append(names, n.Outputs...)
	}
	return append(names, "")[r.IntN(len(names)+1)]
}

func mutateAttribute(n *graph.Node, r *rand.Rand) {
	names := append(slices.Sorted(maps.Keys(n.Attributes)), "axis", "keepdims", "axes", "to", "perm", "alpha")
	name := names[r.IntN(len(names))]
	a := n.Attributes[name]
	pick := func() int64 { return strange[r.IntN(len(strange))] }
	switch r.IntN(6) {
	case 0:
		a.I = pick()
	case 1:
		a.Ints = append(slices.Clone(a.Ints), pick())
	case 2:
		a.Ints = slices.Clone(a.Ints[:r.IntN(len(a.Ints)+1)])
	case 3:
		if len(a.Ints) > 0 {
			a.Ints = slices.Clone(a.Ints)
			a.Ints[r.IntN(len(a.Ints))] = pick()
		}
		if len(a.Strings) > 0 {
			a.Strings = a.Strings[1:]
		}
	case 4:
		a.Floats = a.Floats[:r.IntN(len(a.Floats)+1)]
		a.S += "x"
	case 5:
		delete(n.Attributes, name)
		return
	}
	n.Attributes[name] = a
}

func mutateConstant(g *graph.Graph, r *rand.Rand) {
	names := slices.Sorted(maps.Keys(g.Constants))
	if len(names) == 0 {
		return
	}
	t := g.Constants[names[r.IntN(len(names))]]
	switch {
	case len(t.I64) > 0:
		t.I64[r.IntN(len(t.I64))] = strange[r.IntN(len(strange))]
	case len(t.Shape) > 1:
		t.Shape[0], t.Shape[1] = t.Shape[1], t.Shape[0]
	case len(t.Shape) == 1:
		t.Shape = []int{1, t.Shape[0], 1}
	}
}
