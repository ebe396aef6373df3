package graph

import (
	"cmp"
	"fmt"
	"slices"
)

// compileCompare is Equal, Less, LessOrEqual, Greater or GreaterOrEqual.
// Strings and truth values can only be equal.
func compileCompare(n *node) error {
	out, x, y, err := n.pair(Bool)
	if err != nil {
		return err
	}
	if x.typ != y.typ {
		return fmt.Errorf("element types %s and %s", x.typ, y.typ)
	}
	switch x.typ.Storage() {
	case F32:
		emit2(n.c, n.Op, out, x, y, comparison[float32](n.Op))
	case F64:
		emit2(n.c, n.Op, out, x, y, comparison[float64](n.Op))
	case I64:
		emit2(n.c, n.Op, out, x, y, comparison[int64](n.Op))
	case U64:
		emit2(n.c, n.Op, out, x, y, comparison[uint64](n.Op))
	case Codes:
		if n.Op != "Equal" {
			return fmt.Errorf("element type %s", x.typ)
		}
		n.c.words = n.c.words || x.foreign && y.foreign
		emit2(n.c, n.Op, out, x, y, comparison[int32](n.Op))
	case Bools:
		if n.Op != "Equal" {
			return fmt.Errorf("element type %s", x.typ)
		}
		emit2(n.c, n.Op, out, x, y, func(d, x, y []bool) {
			for i := range d {
				d[i] = x[i] == y[i]
			}
		})
	}
	return nil
}

func comparison[T cmp.Ordered](op string) func(d []bool, x, y []T) {
	switch op {
	case "Less":
		return func(d []bool, x, y []T) {
			for i := range d {
				d[i] = x[i] < y[i]
			}
		}
	case "LessOrEqual":
		return func(d []bool, x, y []T) {
			for i := range d {
				d[i] = x[i] <= y[i]
			}
		}
	case "Greater":
		return func(d []bool, x, y []T) {
			for i := range d {
				d[i] = x[i] > y[i]
			}
		}
	case "GreaterOrEqual":
		return func(d []bool, x, y []T) {
			for i := range d {
				d[i] = x[i] >= y[i]
			}
		}
	}
	return func(d []bool, x, y []T) {
		for i := range d {
			d[i] = x[i] == y[i]
		}
	}
}

var connectives = map[string]func(d, x, y []bool){
	"And": func(d, x, y []bool) {
		for i := range d {
			d[i] = x[i] && y[i]
		}
	},
	"Or": func(d, x, y []bool) {
		for i := range d {
			d[i] = x[i] || y[i]
		}
	},
	"Xor": func(d, x, y []bool) {
		for i := range d {
			d[i] = x[i] != y[i]
		}
	},
}

// compileConnective is And, Or or Xor.
func compileConnective(n *node) error {
	out, x, y, err := n.pair(Bool)
	if err != nil {
		return err
	}
	if x.typ != Bool || y.typ != Bool {
		return fmt.Errorf("element types %s and %s", x.typ, y.typ)
	}
	emit2(n.c, n.Op, out, x, y, connectives[n.Op])
	return nil
}

func compileNot(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	if x.typ != Bool {
		return fmt.Errorf("element type %s", x.typ)
	}
	out := like(x, Bool)
	n.set(0, out)
	emit1(n.c, n.Op, out, x, func(d, x []bool) {
		for i := range d {
			d[i] = !x[i]
		}
	})
	return nil
}

// compileWhere takes each element from the second input where the first is
// true, else from the third.
func compileWhere(n *node) error {
	if len(n.in) != 3 || n.in[0] == nil || n.in[1] == nil || n.in[2] == nil {
		return fmt.Errorf("want three inputs")
	}
	cond, x, y := n.in[0], n.in[1], n.in[2]
	if cond.typ != Bool || x.typ != y.typ {
		return fmt.Errorf("element types %s, %s and %s", cond.typ, x.typ, y.typ)
	}
	shape, rows, err := n.c.broadcast(cond, x, y)
	if err != nil {
		return err
	}
	if only := always(cond, x, y); only != nil && slices.Equal(only.shape, shape) && only.rows == rows {
		n.set(0, n.c.view(only, shape, rows, nil))
		return nil
	}
	out := &value{typ: x.typ, shape: shape, rows: rows, buf: -1, foreign: x.foreign || y.foreign}
	n.set(0, out)
	switch x.typ.Storage() {
	case F32:
		emit3(n.c, n.Op, out, cond, x, y, where[float32])
	case F64:
		emit3(n.c, n.Op, out, cond, x, y, where[float64])
	case I64:
		emit3(n.c, n.Op, out, cond, x, y, where[int64])
	case U64:
		emit3(n.c, n.Op, out, cond, x, y, where[uint64])
	case Bools:
		emit3(n.c, n.Op, out, cond, x, y, where[bool])
	case Codes:
		emit3(n.c, n.Op, out, cond, x, y, where[int32])
	}
	return nil
}

// always is x or y where a known test always takes that one, else nil.
func always(cond, x, y *value) *value {
	switch {
	case cond.konst == nil:
	case !slices.Contains(cond.konst.Bool, true):
		return y
	case !slices.Contains(cond.konst.Bool, false):
		return x
	}
	return nil
}

func where[T element](d []T, cond []bool, x, y []T) {
	for i := range d {
		if d[i] = y[i]; cond[i] {
			d[i] = x[i]
		}
	}
}
