package graph

import (
	"fmt"
)

// operator is how a node of one kind is compiled.
type operator struct {
	compile func(n *node) error
	fuses   bool // takes dense products that still wait
	shapes  bool // takes numbers that depend on the number of rows
}

// node is a Node with its input values, and places for its results.
type node struct {
	*Node
	c    *compiler
	in   []*value // nil: not given
	out  []*value
	done bool
}

func operatorName(d *Node) string {
	if d.Domain == "" || d.Domain == "ai.onnx" {
		return d.Op
	}
	return d.Domain + "." + d.Op
}

func nodeName(d *Node) string {
	if d.Name != "" {
		return d.Name
	}
	for _, o := range d.Outputs {
		if o != "" {
			return o
		}
	}
	return d.Op
}

// input is input i, nil if it is not given.
func (n *node) input(i int) *value {
	if i < len(n.in) {
		return n.in[i]
	}
	return nil
}

// need is input i, which must be given.
func (n *node) need(i int) (*value, error) {
	if v := n.input(i); v != nil {
		return v, nil
	}
	return nil, fmt.Errorf("input %d is not given", i)
}

// two are the first two inputs, which must be given.
func (n *node) two() (x, y *value, err error) {
	if x, err = n.need(0); err == nil {
		y, err = n.need(1)
	}
	return x, y, err
}

// set makes v result i.
func (n *node) set(i int, v *value) {
	if i < len(n.out) {
		n.out[i] = v
	}
}

// wants reports whether result i is read by anybody.
func (n *node) wants(i int) bool {
	return i < len(n.Outputs) && n.Outputs[i] != "" && n.c.uses[n.Outputs[i]] > 0
}

// allKnown reports whether nothing that the node reads is left to compute.
func (n *node) allKnown() bool {
	for _, v := range n.in {
		if v != nil && !v.known() {
			return false
		}
	}
	return true
}

func (n *node) int(name string, otherwise int) int {
	if a, ok := n.Attributes[name]; ok {
		return int(a.I)
	}
	return otherwise
}

func (n *node) float(name string, otherwise float32) float64 {
	if a, ok := n.Attributes[name]; ok {
		return float64(a.F)
	}
	return float64(otherwise)
}

func (n *node) string(name, otherwise string) string {
	if a, ok := n.Attributes[name]; ok {
		return a.S
	}
	return otherwise
}

func (n *node) ints(name string) []int {
	list := make([]int, len(n.Attributes[name].Ints))
	for i, v := range n.Attributes[name].Ints {
		list[i] = int(v)
	}
	return list
}

func (n *node) has(name string) bool {
	_, ok := n.Attributes[name]
	return ok
}

// constants are the integers of input i, which must be known.
func (n *node) constants(i int) ([]int, error) {
	v, err := n.need(i)
	if err != nil {
		return nil, err
	}
	if v.konst == nil {
		return nil, &needsError{n.Inputs[i]}
	}
	list := make([]int, v.len())
	for k := range list {
		if list[k], err = v.integer(k); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// integer is element k of a known value of an integer type.
func (v *value) integer(k int) (int, error) {
	switch v.typ.Storage() {
	case I64:
		return int(v.konst.I64[k]), nil
	case U64:
		return int(v.konst.U64[k]), nil
	}
	return 0, fmt.Errorf("an input of %s where integers are needed", v.typ)
}

// scalar is input i as one known number, or otherwise where it is not given.
func (n *node) scalar(i int, otherwise float64) (float64, error) {
	v := n.input(i)
	switch {
	case v == nil:
		return otherwise, nil
	case v.konst == nil:
		return 0, &needsError{n.Inputs[i]}
	case v.len() != 1:
		return 0, fmt.Errorf("input %d has %d elements, want one", i, v.len())
	}
	f, err := v.floats()
	if err != nil {
		return 0, err
	}
	return f[0], nil
}

// floats are the elements of a known value as float64.
func (v *value) floats() ([]float64, error) {
	out := make([]float64, v.len())
	switch {
	case v.konst == nil:
		return nil, fmt.Errorf("a value that must be a constant")
	case v.typ.Storage() == F32:
		convert(out, v.konst.F32)
	case v.typ.Storage() == F64:
		copy(out, v.konst.F64)
	case v.typ.Storage() == I64:
		convert(out, v.konst.I64)
	case v.typ.Storage() == U64:
		convert(out, v.konst.U64)
	default:
		return nil, fmt.Errorf("%s where numbers are needed", v.typ)
	}
	return out, nil
}

func convert[T number](out []float64, from []T) {
	for i, v := range from {
		out[i] = float64(v)
	}
}

// axis brings an axis of a tensor of some rank into 0 … rank-1.
func axisOf(axis, rank int) (int, error) {
	if axis < -rank || axis >= rank {
		return 0, fmt.Errorf("axis %d of a tensor of %d dimensions", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis, nil
}

// acrossRows refuses to work along the batch axis.
func (v *value) acrossRows(axis int) error {
	if axis == v.rows {
		return fmt.Errorf("%w: it works along the batch axis", errMixes)
	}
	return nil
}

// want refuses element types other than those that pass.
func (v *value) want(pass func(Type) bool) error {
	if !pass(v.typ) {
		return fmt.Errorf("element type %s", v.typ)
	}
	return nil
}

func isNumber(t Type) bool { return t.Float() || t.Integer() }
