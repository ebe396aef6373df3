package graph

import (
	"errors"
	"fmt"
	"math"
)

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
	f.extreme = which >= 2
	for i, w := range weights {
		if targets[i] < 0 || targets[i] >= int64(f.targets) {
			return nil, errors.New("a leaf of a target that is not there")
		}
		f.leaves = append(f.leaves, leafWeight{target: int32(targets[i]), weight: w})
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
