package graph

import (
	"fmt"
	"math"
)

// branch is the comparison of a tree's node.
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
	single float32 // the weight, rounded
	weight float64
}

// forest is an ensemble of trees that score targets.
type forest struct {
	nodes     []treeNode
	leaves    []leafWeight
	roots     []int32
	spans     [][2]int32 // of the leaves of each node, made by settle
	sets      []map[float64]bool
	targets   int
	aggregate string // SUM, AVERAGE, MIN, MAX
	base      []float64
	double    bool // compare and add up in float64, else in float32
	extreme   bool // MIN or MAX
}

// emitForest computes the matrix of scores of a forest.
func (n *node) emitForest(out, x *value, f *forest) {
	f.settle()
	if x.typ == Float64 {
		f.double = true
		emitTrees[float64](n, out, x, f)
		return
	}
	emitTrees[float32](n, out, x, f)
}

// emitTrees walks 32 rows down each tree. In each row the leaves are added up
// in the order of the trees.
func emitTrees[T floating](n *node, out, x *value, f *forest) {
	in, buf := plainReader[T](n.c, x), out.buf
	rows, k := x.shape[0], x.shape[1]
	fast, double := fastForest[T](f), out.typ == Float64
	n.c.emit(fmt.Sprintf("%d trees", len(f.roots)), func(ws *Workspace, panels int) {
		from, to := in.base(ws), &ws.bufs[buf]
		s := scores{sum: make([]float64, f.targets*lanes), seen: make([]bool, f.targets*lanes)}
		for r := range panels * rows {
			panel := from[r*k*lanes:][:k*lanes]
			strange := fast == nil || hasNaN(panel)
			s.add(f, func(root int32, at *[lanes]int32) {
				if strange {
					walkTree(f, root, panel, at)
				} else {
					fast.walk(root, panel, at)
				}
			})
			for i, v := range s.sum {
				if double {
					to.F64[r*f.targets*lanes+i] = v
				} else {
					to.F32[r*f.targets*lanes+i] = float32(v)
				}
			}
		}
	}, buf)
}

// hasNaN reports whether any value is NaN; infinities may be taken for one.
func hasNaN[T floating](x []T) bool {
	var sum [4]T
	for ; len(x) >= 4; x = x[4:] {
		sum[0] += x[0] - x[0]
		sum[1] += x[1] - x[1]
		sum[2] += x[2] - x[2]
		sum[3] += x[3] - x[3]
	}
	return sum[0]+sum[1]+sum[2]+sum[3] != 0
}

// walkTree finds the leaves that 32 rows reach.
func walkTree[T floating](f *forest, root int32, x []T, at *[lanes]int32) {
	for j := range at {
		i := root
		for f.nodes[i].mode != leaf {
			d := &f.nodes[i]
			v := float64(x[int(d.feature)*lanes+j])
			if i = d.no; d.takes(f, v) {
				i = d.yes
			}
		}
		at[j] = i
	}
}

// takes reports whether a value goes to the yes branch.
func (d *treeNode) takes(f *forest, v float64) bool {
	if v != v {
		return d.missing || d.mode == unequal || d.mode == member && f.sets[d.set][v]
	}
	switch d.mode {
	case atMost:
		return v <= d.value
	case less:
		return v < d.value
	case atLeast:
		return v >= d.value
	case greater:
		return v > d.value
	case equal:
		return v == d.value
	case unequal:
		return v != d.value
	}
	return f.sets[d.set][v]
}

// scores are the sums of 32 rows, [target][lane].
type scores struct {
	sum  []float64
	seen []bool
}

// add adds up the leaves that walk finds, tree by tree.
func (s *scores) add(f *forest, walk func(root int32, at *[lanes]int32)) {
	clear(s.sum)
	clear(s.seen)
	var at [lanes]int32
	plain := !f.extreme && !f.double
	for _, root := range f.roots {
		walk(root, &at)
		for j, i := range at {
			d := f.spans[i]
			for _, l := range f.leaves[d[0]:d[1]] {
				if i := int(l.target)*lanes + j; plain {
					s.sum[i] = float64(float32(s.sum[i]) + l.single)
				} else {
					s.leaf(f, i, l.weight)
				}
			}
		}
	}
	for i := range s.sum {
		if f.aggregate == "AVERAGE" {
			s.sum[i] /= float64(len(f.roots))
		}
		if i/lanes < len(f.base) {
			s.sum[i] += f.base[i/lanes]
		}
	}
}

// settle prepares the leaves for adding up.
func (f *forest) settle() {
	f.spans = make([][2]int32, len(f.nodes))
	for i := range f.nodes {
		if d := &f.nodes[i]; d.mode == leaf {
			f.spans[i] = [2]int32{d.yes, d.no}
		}
	}
	for i := range f.leaves {
		f.leaves[i].single = float32(f.leaves[i].weight)
	}
}

func (s *scores) leaf(f *forest, i int, w float64) {
	sum := &s.sum[i]
	switch {
	case f.extreme && !s.seen[i]:
		*sum = w
		s.seen[i] = true
	case f.aggregate == "MIN":
		*sum = min(*sum, w)
	case f.aggregate == "MAX":
		*sum = max(*sum, w)
	default:
		*sum += w
	}
}

// fastNode is a node of a tree all of whose nodes ask x <= value; a leaf
// leads to itself.
type fastNode[T floating] struct {
	value T
	at    int32    // where the feature's lanes begin
	next  [2]int32 // no, yes
}

// fast is a forest of such trees.
type fast[T floating] struct{ nodes []fastNode[T] }

// fastForest rewrites a forest whose nodes compare by order only: x < v is
// x <= the number before v, and the others are these turned round. It is nil
// for the others, and where a threshold is no T.
func fastForest[T floating](f *forest) *fast[T] {
	w := &fast[T]{make([]fastNode[T], len(f.nodes))}
	for i := range f.nodes {
		d := &f.nodes[i]
		v := T(d.value)
		if d.mode == leaf {
			w.nodes[i].next = [2]int32{int32(i), int32(i)}
			continue
		}
		if float64(v) != d.value || math.IsInf(d.value, 0) {
			return nil
		}
		next := [2]int32{d.no, d.yes}
		switch d.mode {
		case less, atLeast:
			v = before(v)
		case atMost, greater:
		default:
			return nil
		}
		if d.mode == atLeast || d.mode == greater {
			next[0], next[1] = next[1], next[0]
		}
		w.nodes[i] = fastNode[T]{v, d.feature * lanes, next}
	}
	return w
}

// before is the next smaller number.
func before[T floating](v T) T {
	if w, ok := any(v).(float32); ok {
		return T(math.Nextafter32(w, float32(math.Inf(-1))))
	}
	return T(math.Nextafter(float64(v), math.Inf(-1)))
}

// walk takes eight rows at a time a step down, until none of them moves. None
// may hold NaN.
func (w *fast[T]) walk(root int32, x []T, at *[lanes]int32) {
	const group = 8
	nodes := w.nodes
	for first := 0; first < lanes; first += group {
		var now [group]int32
		for j := range now {
			now[j] = root
		}
		own := x[first:]
		for moved := int32(1); moved != 0; {
			moved = 0
			for j := range group {
				i := now[j]
				d := &nodes[i]
				k := 0
				if own[int(d.at)+j] <= d.value {
					k = 1
				}
				next := d.next[k&1]
				moved |= next ^ i
				now[j] = next
			}
		}
		copy(at[first:], now[:])
	}
}
