package graph

import (
	"errors"
	"fmt"
	"slices"
)

// numbers are the floats of an attribute, or of its double twin.
func (n *node) numbers(name string) ([]float64, error) {
	if t := n.Attributes[name+"_as_tensor"].Tensor; t != nil {
		v, err := n.c.tensor(t)
		if err != nil {
			return nil, err
		}
		return v.floats()
	}
	list := n.Attributes[name].Floats
	out := make([]float64, len(list))
	convert(out, list)
	return out, nil
}

// readForest reads the attributes of the tree operators before version 5;
// prefix is "target" or "class".
func (n *node) readForest(prefix string, width int) (*forest, error) {
	trees, ids := n.Attributes["nodes_treeids"].Ints, n.Attributes["nodes_nodeids"].Ints
	values, err := n.numbers("nodes_values")
	if err != nil {
		return nil, err
	}
	features, modes := n.Attributes["nodes_featureids"].Ints, n.Attributes["nodes_modes"].Strings
	yes, no := n.Attributes["nodes_truenodeids"].Ints, n.Attributes["nodes_falsenodeids"].Ints
	missing := n.Attributes["nodes_missing_value_tracks_true"].Ints
	k := len(trees)
	if k == 0 || len(ids) != k || len(values) != k || len(features) != k || len(modes) != k || len(yes) != k || len(no) != k || len(missing) != 0 && len(missing) != k {
		return nil, errors.New("tree attributes of different lengths")
	}
	at := make(map[[2]int64]int32, k)
	for i := range trees {
		key := [2]int64{trees[i], ids[i]}
		if _, twice := at[key]; twice {
			return nil, errors.New("a tree with two nodes of one number")
		}
		at[key] = int32(i)
	}
	f := &forest{nodes: make([]treeNode, k), aggregate: n.string("aggregate_function", "SUM")}
	f.extreme = f.aggregate == "MIN" || f.aggregate == "MAX"
	child := make([]bool, k)
	for i := range f.nodes {
		mode, ok := branches[modes[i]]
		if !ok || mode == member {
			return nil, fmt.Errorf("a node of mode %.20q", modes[i])
		}
		d := &f.nodes[i]
		*d = treeNode{value: values[i], feature: int32(features[i]), mode: mode, missing: len(missing) > 0 && missing[i] != 0}
		if mode == leaf {
			continue
		}
		a, okA := at[[2]int64{trees[i], yes[i]}]
		b, okB := at[[2]int64{trees[i], no[i]}]
		if !okA || !okB || features[i] < 0 || features[i] >= int64(width) {
			return nil, errors.New("a node whose branches or feature are not there")
		}
		d.yes, d.no = a, b
		child[a], child[b] = true, true
	}
	if err := f.findRoots(trees, child); err != nil {
		return nil, err
	}
	return f, n.readLeaves(f, prefix, at)
}

// findRoots finds the node of each tree that is nobody's branch, and makes
// sure that no walk can go in circles.
func (f *forest) findRoots(trees []int64, child []bool) error {
	seen := map[int64]bool{}
	for i, t := range trees {
		if !child[i] {
			if seen[t] {
				return errors.New("a tree with two roots")
			}
			seen[t] = true
			f.roots = append(f.roots, int32(i))
		}
	}
	for _, t := range trees {
		if !seen[t] {
			return errors.New("a tree without a root")
		}
	}
	return f.acyclic()
}

// acyclic refuses graphs of nodes in which a walk would not end.
func (f *forest) acyclic() error {
	const open, done = 1, 2
	state := make([]uint8, len(f.nodes))
	var stack []int32
	for _, root := range f.roots {
		stack = append(stack[:0], root)
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			d := &f.nodes[i]
			if state[i] != 0 || d.mode == leaf {
				state[i] = done
				stack = stack[:len(stack)-1]
				continue
			}
			state[i] = open
			for _, next := range []int32{d.yes, d.no} {
				if state[next] == open {
					return errors.New("a tree that goes in circles")
				}
				if state[next] == 0 {
					stack = append(stack, next)
				}
			}
		}
	}
	return nil
}

// readLeaves attaches the weights to the leaves.
func (n *node) readLeaves(f *forest, prefix string, at map[[2]int64]int32) error {
	trees, ids := n.Attributes[prefix+"_treeids"].Ints, n.Attributes[prefix+"_nodeids"].Ints
	targets := n.Attributes[prefix+"_ids"].Ints
	weights, err := n.numbers(prefix + "_weights")
	if err != nil {
		return err
	}
	k := len(trees)
	if len(ids) != k || len(targets) != k || len(weights) != k {
		return errors.New("leaf attributes of different lengths")
	}
	byNode := map[int32][]leafWeight{}
	for i := range trees {
		node, ok := at[[2]int64{trees[i], ids[i]}]
		if !ok || targets[i] < 0 || targets[i] > 1<<20 {
			return errors.New("a weight of a leaf that is not there")
		}
		byNode[node] = append(byNode[node], leafWeight{target: int32(targets[i]), weight: weights[i]})
		f.targets = max(f.targets, int(targets[i])+1)
	}
	for i := range f.nodes {
		if d := &f.nodes[i]; d.mode == leaf {
			d.yes = int32(len(f.leaves))
			f.leaves = append(f.leaves, byNode[int32(i)]...)
			d.no = int32(len(f.leaves))
		}
	}
	return nil
}

// treeInput is the matrix that trees look at: floats stay as they are.
func (n *node) treeInput() (*value, error) {
	x, err := n.need(0)
	if err != nil {
		return nil, err
	}
	if x.typ != Float64 {
		if x, err = n.toFloat(x); err != nil {
			return nil, err
		}
	}
	return n.asMatrix(x)
}

// compileTreeRegressor scores targets with the trees' weights.
func compileTreeRegressor(n *node) error {
	x, err := n.treeInput()
	if err != nil {
		return err
	}
	f, err := n.readForest("target", x.shape[1])
	if err != nil {
		return err
	}
	targets := n.int("n_targets", f.targets)
	if targets < max(1, f.targets) || targets > maxElements {
		return fmt.Errorf("%d targets", targets)
	}
	f.targets = targets
	if f.base, err = n.numbers("base_values"); err != nil {
		return err
	}
	out := n.c.output(Float32, []int{x.shape[0], targets}, x.rows)
	n.emitForest(out, x, f)
	if n.string("post_transform", "NONE") == "NONE" {
		n.set(0, out)
		return nil
	}
	scores, err := n.scores(out, alone)
	n.set(0, scores)
	return err
}

// compileTreeClassifier scores classes. Where the weights of two classes are
// all of one class, its single score is a probability if no weight is
// negative, else a distance.
func compileTreeClassifier(n *node) error {
	x, err := n.treeInput()
	if err != nil {
		return err
	}
	classes, err := n.classes()
	if err != nil {
		return err
	}
	f, err := n.readForest("class", x.shape[1])
	if err != nil {
		return err
	}
	if f.base, err = n.numbers("base_values"); err != nil {
		return err
	}
	if f.targets > classes.len() {
		return fmt.Errorf("weights for class %d of %d", f.targets-1, classes.len())
	}
	ids := slices.Clone(n.Attributes["class_ids"].Ints)
	slices.Sort(ids)
	if ids = slices.Compact(ids); classes.len() == 2 && len(ids) == 1 {
		return n.binaryTrees(x, classes, f)
	}
	f.targets = classes.len()
	out := n.c.output(Float32, []int{x.shape[0], f.targets}, x.rows)
	n.emitForest(out, x, f)
	n.label(classes, out, largest)
	z, err := n.scores(out, alone)
	n.set(1, z)
	return err
}

func (n *node) binaryTrees(x, classes *value, f *forest) error {
	positive := true
	for i := range f.leaves {
		f.leaves[i].target = 0
		positive = positive && f.leaves[i].weight >= 0
	}
	f.targets = 1
	if len(f.base) == 2 {
		f.base = f.base[1:]
	}
	out := n.c.output(Float32, []int{x.shape[0], 1}, x.rows)
	n.emitForest(out, x, f)
	two, threshold := opposite, float32(0)
	if positive {
		two, threshold = complement, 0.5
	}
	n.label(classes, out, above(threshold))
	z, err := n.scores(out, two)
	n.set(1, z)
	return err
}
