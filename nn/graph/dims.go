package graph

import (
	"errors"
	"fmt"
)

var errRowCount = errors.New("its value depends on the number of rows")

// shapeArithmetic follows numbers that depend on the number of rows through
// the operators that models use to compute shapes. Others refuse them, but for
// those that take them as shapes themselves.
func (n *node) shapeArithmetic(op operator) error {
	any := false
	for _, v := range n.in {
		any = any || v != nil && v.dims != nil
	}
	if !any || op.shapes {
		return nil
	}
	n.done = true
	switch n.Op {
	case "Cast":
		if to := onnxType(n.int("to", 0)); to != Int64 && to != Int32 {
			return errRowCount
		}
		n.set(0, n.in[0])
		return nil
	case "ReduceProd":
		return n.dimProduct()
	case "Where":
		return n.dimWhere()
	}
	combine, ok := dimOperators[n.Op]
	if !ok {
		return errRowCount
	}
	return n.dimBinary(combine)
}

var dimOperators = map[string]func(a, b dim) (dim, error){
	"Add": func(a, b dim) (dim, error) {
		if a.rows == b.rows || a.n == 0 {
			return dim{a.n + b.n, b.rows}, nil
		}
		if b.n == 0 {
			return a, nil
		}
		return dim{}, errRowCount
	},
	"Mul": func(a, b dim) (dim, error) {
		if a.rows && b.rows {
			return dim{}, errRowCount
		}
		return dim{a.n * b.n, a.rows || b.rows}, nil
	},
	"Div": func(a, b dim) (dim, error) {
		if b.n == 0 || b.rows && !a.rows || a.n%b.n != 0 {
			return dim{}, errRowCount
		}
		return dim{a.n / b.n, a.rows && !b.rows}, nil
	},
	// A number of rows is neither -1 nor 0, which is what models ask.
	"Equal": func(a, b dim) (dim, error) {
		switch {
		case a == b:
			return dim{n: 1}, nil
		case a.rows == b.rows || a.n <= 0 || b.n <= 0:
			return dim{}, nil
		}
		return dim{}, errRowCount
	},
}

// dimsOf are the elements of input i as numbers that may depend on the number
// of rows.
func (n *node) dimsOf(i int) ([]dim, error) {
	v, err := n.need(i)
	if err != nil {
		return nil, err
	}
	if v.dims != nil {
		return v.dims, nil
	}
	list, err := n.constants(i)
	if err != nil {
		return nil, err
	}
	dims := make([]dim, len(list))
	for k, d := range list {
		dims[k].n = d
	}
	return dims, nil
}

// setDims makes a result of numbers that may depend on the number of rows; if
// none does, it is an ordinary constant.
func (n *node) setDims(t Type, shape []int, dims []dim) {
	plain := make([]int64, len(dims))
	bools := make([]bool, len(dims))
	for i, d := range dims {
		if d.rows {
			n.set(0, &value{typ: t, shape: shape, rows: -1, dims: dims, buf: -1})
			return
		}
		plain[i], bools[i] = int64(d.n), d.n != 0
	}
	if t == Bool {
		n.set(0, constant(t, shape, -1, Lanes{Bool: bools}))
		return
	}
	n.set(0, constant(t, shape, -1, Lanes{I64: plain}))
}

func (n *node) dimBinary(combine func(a, b dim) (dim, error)) error {
	x, y, err := n.two()
	if err != nil {
		return err
	}
	a, err := n.dimsOf(0)
	if err != nil {
		return err
	}
	b, err := n.dimsOf(1)
	if err != nil {
		return err
	}
	shape, _, err := n.c.broadcast(x, y)
	if err != nil {
		return err
	}
	xi, yi := spread(x.shape, shape), spread(y.shape, shape)
	out := make([]dim, count(shape))
	for e := range out {
		if out[e], err = combine(a[mapped(xi, e)], b[mapped(yi, e)]); err != nil {
			return err
		}
	}
	t := x.typ
	if n.Op == "Equal" {
		t = Bool
	}
	n.setDims(t, shape, out)
	return nil
}

// mapped is where element e comes from.
func mapped(index []int32, e int) int {
	if index == nil {
		return e
	}
	return int(index[e])
}

func (n *node) dimProduct() error {
	dims, err := n.dimsOf(0)
	if err != nil {
		return err
	}
	if len(n.in) > 1 && n.in[1] != nil || n.has("axes") && len(n.in[0].shape) != 1 {
		return errRowCount
	}
	p := dim{n: 1}
	for _, d := range dims {
		if p, err = dimOperators["Mul"](p, d); err != nil {
			return err
		}
	}
	shape := []int{1}
	if n.int("keepdims", 1) == 0 {
		shape = nil
	}
	n.setDims(n.in[0].typ, shape, []dim{p})
	return nil
}

func (n *node) dimWhere() error {
	if len(n.in) != 3 || n.in[0] == nil || n.in[0].konst == nil || n.in[0].typ != Bool {
		return errRowCount
	}
	a, err := n.dimsOf(1)
	if err != nil {
		return err
	}
	b, err := n.dimsOf(2)
	if err != nil {
		return err
	}
	shape, _, err := n.c.broadcast(n.in...)
	if err != nil {
		return err
	}
	ci, ai, bi := spread(n.in[0].shape, shape), spread(n.in[1].shape, shape), spread(n.in[2].shape, shape)
	out := make([]dim, count(shape))
	for e := range out {
		if n.in[0].konst.Bool[mapped(ci, e)] {
			out[e] = a[mapped(ai, e)]
		} else {
			out[e] = b[mapped(bi, e)]
		}
	}
	n.setDims(n.in[1].typ, shape, out)
	return nil
}

// rowless refuses a list of numbers in which one depends on the number of
// rows.
func rowless(dims []dim) ([]int, error) {
	out := make([]int, len(dims))
	for i, d := range dims {
		if d.rows {
			return nil, fmt.Errorf("%w", errRowCount)
		}
		out[i] = d.n
	}
	return out, nil
}
