package graph

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// comparison of a tree's node.
type branch uint8

const (
	leaf branch = iota
	atMost
	less
	atLeast
	greater
	equal
	unequal
	member // of a set of values
)

var branches = map[string]branch{"LEAF": leaf, "BRANCH_LEQ": atMost, "BRANCH_LT": less, "BRANCH_GTE": atLeast,
	"BRANCH_GT": greater, "BRANCH_EQ": equal, "BRANCH_NEQ": unequal, "BRANCH_MEMBER": member}

// treeNode asks whether x[feature] compares to value; NaN goes where missing
// says. A leaf adds its weights, leaves[yes:no].
type treeNode struct {
	value   float64
	feature int32
	yes, no int32
	mode    branch
	missing bool // NaN goes to yes
	set     int32
}

type leafWeight struct {
	target int32
	weight float64
}

// forest is an ensemble of trees that score targets.
type forest struct {
	nodes     []treeNode
	leaves    []leafWeight
	roots     []int32
	sets      []map[float64]bool
	targets   int
	aggregate string // SUM, AVERAGE, MIN, MAX
	base      []float64
	double    bool // compare and add up in float64, else in float32
}

// leafOf walks one row down a tree. x is the row's first feature, stride the
// distance to the next.
func leafOf[T floating](f *forest, root int32, x []T, lane int) *treeNode {
	d := &f.nodes[root]
	for d.mode != leaf {
		v := float64(x[int(d.feature)*lanes+lane])
		var yes bool
		switch d.mode {
		case atMost:
			yes = v <= d.value
		case less:
			yes = v < d.value
		case atLeast:
			yes = v >= d.value
		case greater:
			yes = v > d.value
		case equal:
			yes = v == d.value
		case unequal:
			yes = v != d.value
		case member:
			yes = f.sets[d.set][v]
		}
		if yes || d.missing && v != v {
			d = &f.nodes[d.yes]
		} else {
			d = &f.nodes[d.no]
		}
	}
	return d
}

// score adds up the leaves that one row reaches; seen tells which targets got
// any.
func score[T floating](f *forest, x []T, lane int, sum []float64, seen []bool) {
	clear(sum)
	clear(seen)
	for _, root := range f.roots {
		d := leafOf(f, root, x, lane)
		for _, l := range f.leaves[d.yes:d.no] {
			s := &sum[l.target]
			switch {
			case !seen[l.target]:
				*s = l.weight
			case f.aggregate == "MIN":
				*s = min(*s, l.weight)
			case f.aggregate == "MAX":
				*s = max(*s, l.weight)
			case f.double:
				*s += l.weight
			default:
				*s = float64(float32(*s) + float32(l.weight))
			}
			seen[l.target] = true
		}
	}
	for i := range sum {
		if f.aggregate == "AVERAGE" {
			sum[i] /= float64(len(f.roots))
		}
		if i < len(f.base) {
			sum[i] += f.base[i]
		}
	}
}

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
		byNode[node] = append(byNode[node], leafWeight{int32(targets[i]), weights[i]})
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

// emitForest computes the matrix of scores of a forest.
func (n *node) emitForest(out, x *value, f *forest) {
	n.c.about = append(n.c.about, fmt.Sprintf("%d trees, %d nodes", len(f.roots), len(f.nodes)))
	if x.typ == Float64 {
		f.double = true
		emitTrees[float64](n, out, x, f)
		return
	}
	emitTrees[float32](n, out, x, f)
}

func emitTrees[T floating](n *node, out, x *value, f *forest) {
	in, buf := plainReader[T](n.c, x), out.buf
	rows, k := x.shape[0], x.shape[1]
	double := out.typ == Float64
	n.c.emit(fmt.Sprintf("%d trees", len(f.roots)), func(ws *Workspace, panels int) {
		from, to := in.base(ws), &ws.bufs[buf]
		sum, seen := make([]float64, f.targets), make([]bool, f.targets)
		for r := range panels * rows {
			for j := range lanes {
				score(f, from[r*k*lanes:], j, sum, seen)
				for i, s := range sum {
					if at := (r*f.targets+i)*lanes + j; double {
						to.F64[at] = s
					} else {
						to.F32[at] = float32(s)
					}
				}
			}
		}
	}, buf)
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

// compileTreeEnsemble is the operator of version 5, whose nodes and leaves are
// two lists.
func compileTreeEnsemble(n *node) error {
	x, err := n.treeInput()
	if err != nil {
		return err
	}
	f, err := n.readEnsemble(x.shape[1])
	if err != nil {
		return err
	}
	out := n.c.output(x.typ, []int{x.shape[0], f.targets}, x.rows)
	n.emitForest(out, x, f)
	post := n.int("post_transform", 0)
	names := []string{"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"}
	if post < 0 || post >= len(names) {
		return errors.New("an unknown post_transform")
	}
	if post == 0 {
		n.set(0, out)
		return nil
	}
	if x.typ == Float64 {
		return fmt.Errorf("post_transform %s of float64", names[post])
	}
	n.Attributes = map[string]Attribute{"post_transform": {S: names[post]}}
	scores, err := n.scores(out, alone)
	n.set(0, scores)
	return err
}

// readEnsemble reads the attributes of version 5 and expands them into nodes.
func (n *node) readEnsemble(width int) (*forest, error) {
	tensor := func(name string) ([]float64, error) {
		t := n.Attributes[name].Tensor
		if t == nil {
			return nil, nil
		}
		v, err := n.c.tensor(t)
		if err != nil {
			return nil, err
		}
		return v.floats()
	}
	splits, err := tensor("nodes_splits")
	modes, err2 := tensor("nodes_modes")
	weights, err3 := tensor("leaf_weights")
	members, err4 := tensor("membership_values")
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return nil, err
	}
	features, targets := n.Attributes["nodes_featureids"].Ints, n.Attributes["leaf_targetids"].Ints
	yes, no := n.Attributes["nodes_truenodeids"].Ints, n.Attributes["nodes_falsenodeids"].Ints
	yesLeaf, noLeaf := n.Attributes["nodes_trueleafs"].Ints, n.Attributes["nodes_falseleafs"].Ints
	missing, roots := n.Attributes["nodes_missing_value_tracks_true"].Ints, n.Attributes["tree_roots"].Ints
	k := len(splits)
	if len(modes) != k || len(features) != k || len(yes) != k || len(no) != k || len(yesLeaf) != k || len(noLeaf) != k ||
		len(missing) != 0 && len(missing) != k || len(targets) != len(weights) {
		return nil, errors.New("tree attributes of different lengths")
	}
	f := &forest{nodes: make([]treeNode, k, k+len(weights)), targets: n.int("n_targets", 1)}
	aggregates := []string{"AVERAGE", "SUM", "MIN", "MAX"}
	which := n.int("aggregate_function", 1)
	if which < 0 || which > 3 || f.targets < 1 || f.targets > maxElements {
		return nil, errors.New("an unknown aggregate_function, or no targets")
	}
	f.aggregate = aggregates[which]
	for i, w := range weights {
		if targets[i] < 0 || targets[i] >= int64(f.targets) {
			return nil, errors.New("a leaf of a target that is not there")
		}
		f.leaves = append(f.leaves, leafWeight{int32(targets[i]), w})
		f.nodes = append(f.nodes, treeNode{mode: leaf, yes: int32(i), no: int32(i + 1)})
	}
	order := []branch{atMost, less, atLeast, greater, equal, unequal, member}
	for i := range k {
		at := func(id, isLeaf int64) (int32, bool) {
			if isLeaf != 0 {
				return int32(int64(k) + id), id >= 0 && id < int64(len(weights))
			}
			return int32(id), id >= 0 && id < int64(k)
		}
		a, okA := at(yes[i], yesLeaf[i])
		b, okB := at(no[i], noLeaf[i])
		if !okA || !okB || !(modes[i] >= 0 && modes[i] <= 6) || features[i] < 0 || features[i] >= int64(width) {
			return nil, errors.New("a node whose branches or feature are not there")
		}
		f.nodes[i] = treeNode{value: splits[i], feature: int32(features[i]), yes: a, no: b, mode: order[int(modes[i])],
			missing: len(missing) > 0 && missing[i] != 0}
	}
	return f, f.finishEnsemble(members, roots, k)
}

// finishEnsemble reads the sets of members, which are separated by NaN and
// stand in the order of the nodes that ask for them, and the roots.
func (f *forest) finishEnsemble(members []float64, roots []int64, k int) error {
	set := map[float64]bool{}
	for _, v := range members {
		if math.IsNaN(v) {
			f.sets = append(f.sets, set)
			set = map[float64]bool{}
			continue
		}
		set[v] = true
	}
	f.sets = append(f.sets, set)
	next := int32(0)
	for i := range k {
		if d := &f.nodes[i]; d.mode == member {
			if int(next) >= len(f.sets) {
				return errors.New("fewer sets than nodes that ask for one")
			}
			d.set = next
			next++
		}
	}
	for _, r := range roots {
		if r < 0 || r >= int64(len(f.nodes)) {
			return errors.New("a root that is not there")
		}
		f.roots = append(f.roots, int32(r))
	}
	if len(f.roots) == 0 {
		return errors.New("no trees")
	}
	return f.acyclic()
}
