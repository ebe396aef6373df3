package graph

import "slices"

// Fault is a reason for which a row can be bad that the model itself holds: a
// word it does not know, an index outside a table.
type Fault struct {
	Node   string
	Inputs []string // the model's inputs that the fault can come from
	Reason Reason
	at     Place // the element of one of the inputs that it comes from, by number; Output -1: not one
}

// unknownCell is no cell of a table, or not one.
var unknownCell = Place{-1, -1}

// faultsOf announces faults that a node's steps can mark: one for each element
// of v, but one for all that come from the same cell or from nobody knows.
func (n *node) faultsOf(v *value, reason Reason) []int {
	list, of, origins := make([]int, v.len()), map[Place]int{}, n.c.origins(n.Node.Inputs)
	for e := range list {
		cell := unknownCell
		if v.cells != nil {
			cell = v.cells[e]
		}
		at, ok := of[cell]
		if !ok {
			at = len(n.c.faults)
			n.c.faults = append(n.c.faults, Fault{Node: nodeName(n.Node), Inputs: origins, Reason: reason, at: cell})
			of[cell] = at
		}
		list[e] = at
	}
	return list
}

// bindCells makes an input's elements cells of the table.
func (v *value) bindCells(input int) {
	v.cells = make([]Place, v.len())
	for e := range v.cells {
		v.cells[e] = Place{input, e}
	}
}

// placewise are the operators whose element e is made of the first input's
// element e, where the shapes are the same.
var placewise = map[string]bool{"Cast": true, "Add": true, "Sub": true, "Mul": true, "Div": true, "Mod": true, "Neg": true, "Abs": true, "Floor": true,
	"Ceil": true, "Round": true, "Clip": true, "Min": true, "Max": true, "ai.onnx.ml.LabelEncoder": true, "ai.onnx.ml.CategoryMapper": true,
	"ai.onnx.ml.Imputer": true, "ai.onnx.ml.Scaler": true, fillMissing: true}

// followCells finds the cells that result v of a node is made of, where each
// element is made of one.
func (n *node) followCells(v *value) {
	if v.cells != nil || v.konst != nil || v.dims != nil || !n.c.opt.table {
		return
	}
	if n.Op == "Concat" {
		n.joinCells(v)
		return
	}
	var from *value
	for _, in := range n.in {
		if in == nil || in.known() {
			continue
		}
		if in.cells == nil || from != nil {
			return
		}
		from = in
	}
	switch {
	case from == nil || !n.c.keeps(v.len()):
	case placewise[operatorName(n.Node)] && slices.Equal(v.shape, from.shape):
		v.cells = from.cells
	case !slices.ContainsFunc(from.cells, func(c Place) bool { return c != from.cells[0] }) && len(from.cells) > 0:
		v.cells = slices.Repeat(from.cells[:1], v.len())
	}
}

// joinCells puts the cells of values side by side.
func (n *node) joinCells(v *value) {
	axis, err := axisOf(n.int("axis", 1), len(v.shape))
	if err != nil || !n.c.keeps(v.len()) || count(v.shape[:axis]) != 1 {
		return
	}
	var all []Place
	for _, in := range n.in {
		cells := in.cells
		if cells == nil {
			cells = slices.Repeat([]Place{unknownCell}, in.len())
		}
		all = append(all, cells...)
	}
	if len(all) == v.len() {
		v.cells = all
	}
}
