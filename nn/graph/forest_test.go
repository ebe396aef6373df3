package graph

import (
	"math"
	"math/rand/v2"
	"testing"
)

// randomTree adds a tree of some depth to a forest and returns its root.
func randomTree(r *rand.Rand, f *forest, depth, features int, modes []branch) int32 {
	at := int32(len(f.nodes))
	f.nodes = append(f.nodes, treeNode{})
	if depth == 0 || r.IntN(4) == 0 {
		f.nodes[at] = treeNode{mode: leaf, yes: int32(len(f.leaves))}
		for range 1 + r.IntN(2) {
			f.leaves = append(f.leaves, leafWeight{target: int32(r.IntN(f.targets)), weight: float64(float32(r.NormFloat64()))})
		}
		f.nodes[at].no = int32(len(f.leaves))
		return at
	}
	d := treeNode{mode: modes[r.IntN(len(modes))], feature: int32(r.IntN(features)), value: float64(r.IntN(5)) / 2, missing: r.IntN(2) == 0}
	d.yes = randomTree(r, f, depth-1, features, modes)
	d.no = randomTree(r, f, depth-1, features, modes)
	f.nodes[at] = d
	return at
}

// Eight rows at a time end in the leaves that one row alone does, also on
// thresholds and at infinities.
func TestTreesWalkedTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		f := &forest{targets: 3}
		for range 4 {
			f.roots = append(f.roots, randomTree(r, f, 6, 5, []branch{atMost, less, atLeast, greater}))
		}
		fast := fastForest[float32](f)
		if fast == nil {
			t.Fatal("no fast forest")
		}
		x := make([]float32, 5*lanes)
		for i := range x {
			x[i] = float32(r.IntN(9)-2) / 4
		}
		x[3], x[40] = float32(math.Inf(1)), float32(math.Inf(-1))
		for _, root := range f.roots {
			var got, want [lanes]int32
			fast.walk(root, x, &got)
			walkTree(f, root, x, &want)
			if got != want {
				t.Fatalf("leaves %v, want %v", got, want)
			}
		}
	}
	equals := &forest{targets: 1}
	equals.roots = []int32{randomTree(r, equals, 5, 3, []branch{equal})}
	if len(equals.nodes) > 1 && fastForest[float32](equals) != nil {
		t.Error("a tree of equalities is walked by order")
	}
	if f := fastForest[float32](&forest{nodes: []treeNode{{mode: atMost, value: 0.1}}}); f != nil {
		t.Error("a threshold that is no float32 is rounded")
	}
}

// A missing value goes where the node says, and only there.
func TestTreesAndNaN(t *testing.T) {
	for _, yes := range []int64{0, 1} {
		g := small(Float32, nil, "y", op("ml.TreeEnsembleRegressor", "x", "y",
			"nodes_treeids", []int64{0, 0, 0}, "nodes_nodeids", []int64{0, 1, 2}, "nodes_featureids", []int64{2, 0, 0},
			"nodes_values", []float32{1, 0, 0}, "nodes_modes", []string{"BRANCH_LT", "LEAF", "LEAF"},
			"nodes_truenodeids", []int64{1, 0, 0}, "nodes_falsenodeids", []int64{2, 0, 0}, "nodes_missing_value_tracks_true", []int64{yes, 0, 0},
			"target_treeids", []int64{0, 0}, "target_nodeids", []int64{1, 2}, "target_ids", []int64{0, 0}, "target_weights", []float32{10, 20}))
		p := compiled(t, g, Options{})
		if !p.Inputs()[0].Missing {
			t.Error("NaN may not go into trees that know where it goes")
		}
		in, out := NewLanes(Float32, 4*lanes), NewLanes(Float32, lanes)
		x := in.F32[2*lanes:]
		x[0], x[1], x[2], x[3] = 0.5, 1, float32(math.NaN()), math.Nextafter32(1, 0)
		p.Run(p.NewWorkspace(), []Lanes{in}, 1, []Lanes{out})
		want := [4]float32{10, 20, 20 - 10*float32(yes), 10}
		if got := [4]float32(out.F32[:4]); got != want {
			t.Errorf("scores %v, want %v", got, want)
		}
	}
}

// Tokens and rows that share an axis, as attention makes them: [tokens·N, 2].
func TestTokensAndRowsShareAnAxis(t *testing.T) {
	constants := map[string]*Tensor{"cut": i64(0, 2, 2), "merge": i64(-1, 2), "part": i64(2, -1, 2), "flat": i64(0, -1),
		"w": f32([]int{2, 2}, 1, 2, 3, 4), "b": f32([]int{2}, 5, 6)}
	merged := small(Float32, constants, "y", op("Reshape", "x cut", "c"), op("Transpose", "c", "t", "perm", []int64{1, 0, 2}),
		op("Reshape", "t merge", "m"), op("Gemm", "m w b", "h"), op("Reshape", "h part", "p"),
		op("Transpose", "p", "back", "perm", []int64{1, 0, 2}), op("Reshape", "back flat", "y"))
	plain := small(Float32, constants, "y", op("Reshape", "x cut", "c"), op("MatMul", "c w", "h"), op("Add", "h b", "s"), op("Reshape", "s flat", "y"))
	in, got, want := NewLanes(Float32, 4*lanes), NewLanes(Float32, 4*lanes), NewLanes(Float32, 4*lanes)
	for i := range in.F32 {
		in.F32[i] = float32(rand.NormFloat64())
	}
	for _, c := range []struct {
		g   *Graph
		out Lanes
	}{{merged, got}, {plain, want}} {
		p := compiled(t, c.g, Options{})
		p.Run(p.NewWorkspace(), []Lanes{in}, 1, []Lanes{c.out})
	}
	for i, v := range want.F32 {
		if got.F32[i] != v {
			t.Fatalf("value %d: %v, want %v", i, got.F32[i], v)
		}
	}
	// What is returned, or put beside rows of another cut, must be parted.
	if _, err := Compile(small(Float32, constants, "m", merged.Nodes[:3]...), Options{}); err == nil {
		t.Error("tokens and rows on one axis are returned")
	}
	if _, err := Compile(small(Float32, constants, "y", append(merged.Nodes[:3:3], op("Reshape", "x merge", "r"), op("Add", "m r", "y"))...), Options{}); err == nil {
		t.Error("rows of different cuts are added")
	}
}

// The probabilities of pairwise coupling agree with consistent pairs.
func TestCoupledProbabilities(t *testing.T) {
	want := []float64{0.6, 0.3, 0.1}
	var margins []float64
	for i := range want {
		for j := i + 1; j < len(want); j++ {
			r := want[i] / (want[i] + want[j])
			margins = append(margins, math.Log(r/(1-r)))
		}
	}
	got := make([]float64, 3)
	coupled(got, margins, []float32{-1, -1, -1}, []float32{0, 0, 0})
	for i, p := range want {
		if math.Abs(got[i]-p) > 2e-3 {
			t.Errorf("probabilities %v, want %v", got, want)
		}
	}
}
