package graph

import (
	"errors"
	"fmt"
	"math"
)

// compilePow is Pow. The exponent may be of another type; integers are raised
// by repeated multiplication and wrap.
func compilePow(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	out, x, y, err := n.pair(x.typ)
	if err != nil {
		return err
	}
	if y.typ != x.typ {
		z := like(y, x.typ)
		if x.typ.Integer() && y.typ.Float() {
			return n.powThroughFloat(out, x, y)
		}
		if err := n.c.cast(z, y); err != nil {
			return err
		}
		y = z
	}
	switch x.typ.Storage() {
	case F32:
		emit2(n.c, "Pow", out, x, y, powFloat[float32])
	case F64:
		emit2(n.c, "Pow", out, x, y, powFloat[float64])
	case I64:
		emit2(n.c, "Pow", out, x, y, func(d, x, y []int64) {
			for i := range d {
				d[i] = powInteger(x[i], y[i])
			}
		})
	default:
		return fmt.Errorf("element type %s", x.typ)
	}
	return nil
}

// powThroughFloat raises integers to fractions.
func (n *node) powThroughFloat(out, x, y *value) error {
	xf, yf, of := like(x, Float64), like(y, Float64), like(out, Float64)
	if err := errors.Join(n.c.cast(xf, x), n.c.cast(yf, y)); err != nil {
		return err
	}
	emit2(n.c, "Pow", of, xf, yf, powFloat[float64])
	return n.c.cast(out, of)
}

// powFloat knows the exponents that models use most.
func powFloat[T floating](d, x, y []T) {
	for i := range d {
		switch v := x[i]; y[i] {
		case 2:
			d[i] = v * v
		case 3:
			d[i] = v * v * v
		default:
			d[i] = T(math.Pow(float64(v), float64(y[i])))
		}
	}
}

func powInteger(x, y int64) int64 {
	if y < 0 {
		return int64(math.Pow(float64(x), float64(y)))
	}
	p := int64(1)
	for ; y > 0; y >>= 1 {
		if y&1 == 1 {
			p *= x
		}
		x *= x
	}
	return p
}
