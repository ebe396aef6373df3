package graph

import (
	"fmt"
	"math"
)

// compileLpNorm divides by the sum of absolute values (p 1) or the root of the
// sum of squares (p 2) along an axis; where that is 0, all stays 0.
func compileLpNorm(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	axis, err := axisOf(n.int("axis", -1), len(x.shape))
	if err != nil {
		return err
	}
	if err := x.acrossRows(axis); err != nil {
		return err
	}
	p := n.int("p", 2)
	if p != 1 && p != 2 {
		return fmt.Errorf("p of %d", p)
	}
	shape, rows := x.without([]int{axis}, true)
	norm := n.c.output(x.typ, shape, rows)
	switch x.typ.Storage() {
	case F32:
		emitLpNorm[float32](n, norm, x, axis, p)
	case F64:
		emitLpNorm[float64](n, norm, x, axis, p)
	default:
		return fmt.Errorf("element type %s", x.typ)
	}
	return n.chain(x, []link{{"Div", norm}})
}

func emitLpNorm[T floating](n *node, norm, x *value, axis, p int) {
	emitFolds(n, norm, x, folding(x, []int{axis}), func(d, src []T, base int, offsets []int32) {
		for j := range d {
			s := 0.0
			for _, off := range offsets {
				v := math.Abs(float64(src[(base+int(off))*lanes+j]))
				if p == 2 {
					v *= v
				}
				s += v
			}
			if p == 2 {
				s = math.Sqrt(s)
			}
			if s == 0 {
				s = 1
			}
			d[j] = T(s)
		}
	})
}
