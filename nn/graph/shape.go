package graph

import (
	"errors"
	"fmt"
	"slices"
)

// transpose permutes axes: a map from element to element.
func (c *compiler) transpose(v *value, perm []int) *value {
	if slices.IsSorted(perm) {
		return v
	}
	own := strides(v.shape)
	shape, steps, rows := make([]int, len(perm)), make([]int, len(perm)), -1
	for i, p := range perm {
		shape[i], steps[i] = v.shape[p], own[p]
		if p == v.rows {
			rows = i
		}
	}
	return c.view(v, shape, rows, walk(shape, steps, 0))
}

func compileTranspose(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	perm := n.ints("perm")
	if !n.has("perm") {
		for i := len(x.shape) - 1; i >= 0; i-- {
			perm = append(perm, i)
		}
	}
	sorted := slices.Clone(perm)
	slices.Sort(sorted)
	for i, p := range sorted {
		if i != p || len(perm) != len(x.shape) {
			return fmt.Errorf("permutation %v of %d axes", perm, len(x.shape))
		}
	}
	n.set(0, n.c.view(n.c.transpose(x, perm), gathered(x.shape, narrow(perm)), slices.Index(perm, x.rows), nil))
	return nil
}

func narrow(list []int) []int32 {
	out := make([]int32, len(list))
	for i, v := range list {
		out[i] = int32(v)
	}
	return out
}

// compileIdentity passes its input on.
func compileIdentity(n *node) error {
	x, err := n.need(0)
	n.set(0, x)
	return err
}

// compileConstant is the value of an attribute.
func compileConstant(n *node) error {
	for name, a := range n.Attributes {
		switch name {
		case "value":
			if a.Tensor == nil {
				return errors.New("a value without a tensor")
			}
			v, err := n.c.tensor(a.Tensor)
			n.set(0, v)
			return err
		case "value_float":
			n.set(0, constant(Float32, nil, -1, Lanes{F32: []float32{a.F}}))
		case "value_floats":
			n.set(0, constant(Float32, []int{len(a.Floats)}, -1, Lanes{F32: append([]float32{}, a.Floats...)}))
		case "value_int":
			n.set(0, constant(Int64, nil, -1, Lanes{I64: []int64{a.I}}))
		case "value_ints":
			n.set(0, integers(a.Ints...))
		case "value_string":
			n.set(0, constant(String, nil, -1, Lanes{Str: []int32{n.c.code(a.S)}}))
		case "value_strings":
			codes := make([]int32, len(a.Strings))
			for i, s := range a.Strings {
				codes[i] = n.c.code(s)
			}
			n.set(0, constant(String, []int{len(codes)}, -1, Lanes{Str: codes}))
		}
	}
	if n.out[0] == nil {
		return errors.New("a constant of a kind that is not supported")
	}
	return nil
}

// compileShape is the shape from axis start to axis end.
func compileShape(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	rank := len(x.shape)
	start, end := clampAxis(n.int("start", 0), rank), clampAxis(n.int("end", rank), rank)
	dims := []dim{}
	for i := start; i < end; i++ {
		dims = append(dims, dim{x.shape[i], i == x.rows})
	}
	n.setDims(Int64, []int{len(dims)}, dims)
	return nil
}

func clampAxis(axis, rank int) int {
	if axis < 0 {
		axis += rank
	}
	return min(max(axis, 0), rank)
}

// compileSize is the number of elements.
func compileSize(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	n.setDims(Int64, nil, []dim{{x.len(), x.rows >= 0}})
	return nil
}

// compileReshape keeps the elements' order. Of the new dimensions 0 copies the
// old one (without allowzero) and -1 is what is left over.
func compileReshape(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	var dims []dim
	if n.Version < 5 {
		for _, d := range n.ints("shape") {
			dims = append(dims, dim{n: d})
		}
	} else if dims, err = n.dimsOf(1); err != nil {
		return err
	}
	shape, rows, err := reshaped(x, dims, n.int("allowzero", 0) != 0)
	if err != nil {
		return err
	}
	return n.reshapeTo(x, shape, rows)
}

// reshapeTo makes result 0 of x, in another shape with its rows at an axis.
func (n *node) reshapeTo(x *value, shape []int, rows int) error {
	rows, outer, err := rowsKept(x, shape, rows)
	if err != nil {
		return err
	}
	y := n.c.view(x, shape, rows, nil)
	y.outer = outer
	n.set(0, y)
	return nil
}

// reshaped finds the shape of a row, and where the batch axis is: at the
// dimension that counts rows, be it by 0, by -1 or by a computed number.
func reshaped(x *value, dims []dim, zeros bool) (shape []int, rows int, err error) {
	shape, rows = make([]int, len(dims)), -1
	open, others := -1, 1
	for i, d := range dims {
		switch {
		case d.n == -1 && !d.rows:
			if open >= 0 {
				return nil, 0, errors.New("a shape with two open dimensions")
			}
			open = i
			continue
		case d.n == 0 && !zeros && i >= len(x.shape):
			return nil, 0, errors.New("a shape that copies a dimension that is not there")
		case d.n == 0 && !zeros:
			d = dim{x.shape[i], i == x.rows}
		case d.n < 0:
			return nil, 0, fmt.Errorf("a dimension of %d", d.n)
		}
		shape[i] = d.n
		if d.rows {
			rows = i
		}
		if d.n != 0 && others > maxElements/d.n {
			return nil, 0, errors.New("a shape of too many elements")
		}
		others *= d.n
	}
	if open >= 0 {
		if others == 0 || x.len()%others != 0 {
			return nil, 0, fmt.Errorf("a row of shape %v does not fit into the new shape", x.shape)
		}
		shape[open] = x.len() / others
		if rows < 0 && x.rows >= 0 {
			rows = open
		}
	}
	if count(shape) != x.len() {
		return nil, 0, fmt.Errorf("a row of shape %v does not fit into shape %v", x.shape, shape)
	}
	return shape, rows, nil
}

// rowsKept finds what stands outside the rows on their axis after a change of
// shape, which must be as much as before, the axes before that one included.
func rowsKept(x *value, shape []int, rows int) (axis, outer int, err error) {
	switch {
	case x.rows < 0:
		return rows, 1, nil
	case rows < 0 && len(shape) > 0 && shape[0] == 1:
		rows = 0 // a fixed batch of one: run row by row
	case rows < 0:
		return 0, 0, fmt.Errorf("%w: the new shape has no batch axis", errMixes)
	}
	before, now := count(x.shape[:x.rows])*max(1, x.outer), max(1, count(shape[:rows]))
	if outer = before / now; before%now != 0 || outer == 0 || shape[rows]%outer != 0 {
		return 0, 0, fmt.Errorf("%w: the batch axis is cut differently", errMixes)
	}
	return rows, outer, nil
}

// compileFlatten makes a matrix of the axes before axis and those from it on.
func compileFlatten(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	axis := n.int("axis", 1)
	if axis < 0 {
		axis += len(x.shape)
	}
	if axis < 0 || axis > len(x.shape) {
		return fmt.Errorf("axis %d of a tensor of %d dimensions", axis, len(x.shape))
	}
	shape := []int{count(x.shape[:axis]), count(x.shape[axis:])}
	rows := -1
	if x.rows >= 0 {
		rows = 0
		if x.rows >= axis {
			rows = 1
		}
	}
	return n.reshapeTo(x, shape, rows)
}

// axes are the axes in attribute "axes" or, since operator set since, in input
// 1, brought into 0 … rank-1 and in order. given is false without any.
func (n *node) axes(since, rank int) (list []int, given bool, err error) {
	if n.Version >= since {
		if n.input(1) == nil {
			return nil, false, nil
		}
		if list, err = n.constants(1); err != nil {
			return nil, false, err
		}
	} else {
		if !n.has("axes") {
			return nil, false, nil
		}
		list = n.ints("axes")
	}
	for i := range list {
		if list[i], err = axisOf(list[i], rank); err != nil {
			return nil, false, err
		}
	}
	slices.Sort(list)
	if len(slices.Compact(slices.Clone(list))) != len(list) {
		return nil, false, errors.New("an axis is given twice")
	}
	return list, true, nil
}

// compileSqueeze drops axes of extent 1: those that are given, or all.
func compileSqueeze(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	axes, given, err := n.axes(13, len(x.shape))
	if err != nil {
		return err
	}
	var shape []int
	rows := -1
	for i, d := range x.shape {
		drop := !given && d == 1 && i != x.rows || slices.Contains(axes, i)
		switch {
		case drop && i == x.rows:
			return fmt.Errorf("%w: it drops the batch axis", errMixes)
		case drop && d != 1:
			return fmt.Errorf("axis %d has extent %d", i, d)
		case drop:
			continue
		case i == x.rows:
			rows = len(shape)
		}
		shape = append(shape, d)
	}
	n.set(0, n.c.view(x, shape, rows, nil))
	return nil
}

// compileUnsqueeze adds axes of extent 1, so that they stand where given in
// the result.
func compileUnsqueeze(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	more := len(n.Attributes["axes"].Ints)
	if n.Version >= 13 && n.input(1) != nil {
		more = n.in[1].len()
	}
	axes, _, err := n.axes(13, len(x.shape)+more)
	if err != nil {
		return err
	}
	rank := len(x.shape) + len(axes)
	shape, rows, next := make([]int, rank), -1, 0
	for i := range shape {
		if slices.Contains(axes, i) {
			shape[i] = 1
			continue
		}
		if next == x.rows {
			rows = i
		}
		shape[i] = x.shape[next]
		next++
	}
	n.set(0, n.c.view(x, shape, rows, nil))
	return nil
}

// compileExpand broadcasts its input to a shape.
func compileExpand(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	dims, err := n.dimsOf(1)
	if err != nil {
		return err
	}
	target := &value{shape: make([]int, len(dims)), rows: -1}
	for i, d := range dims {
		target.shape[i] = d.n
		if d.rows {
			target.rows = i
		}
	}
	shape, rows, err := n.c.broadcast(x, target)
	if err != nil {
		return err
	}
	n.set(0, n.c.view(x, shape, rows, spread(x.shape, shape)))
	return nil
}

// compileConstantOfShape fills a shape with one value, 0 by default.
func compileConstantOfShape(n *node) error {
	dims, err := n.dimsOf(0)
	if err != nil {
		return err
	}
	shape, rows := make([]int, len(dims)), -1
	for i, d := range dims {
		if shape[i] = d.n; d.rows {
			rows = i
		}
	}
	if err := n.c.bounded(shape); err != nil {
		return err
	}
	one := constant(Float32, []int{1}, -1, Lanes{F32: []float32{0}})
	if t := n.Attributes["value"].Tensor; t != nil {
		if one, err = n.c.tensor(t); err != nil {
			return err
		}
	}
	if one.len() != 1 {
		return errors.New("a value of more than one element")
	}
	n.set(0, n.c.view(one, shape, rows, make([]int32, count(shape))))
	return nil
}
