package graph

import (
	"errors"
	"fmt"
	"math"
)

// modFloor is the remainder with the sign of the divisor.
func modFloor[T floating](d, x, y []T) {
	for i := range d {
		r := math.Mod(float64(x[i]), float64(y[i]))
		if r != 0 && (r < 0) != (y[i] < 0) {
			r += float64(y[i])
		}
		d[i] = T(r)
	}
}

// fmod is the remainder with the sign of the dividend, C's fmod.
func fmod[T floating](d, x, y []T) {
	for i := range d {
		d[i] = T(math.Mod(float64(x[i]), float64(y[i])))
	}
}

// compileDiv is Div; a division of integers by zero makes the row bad.
func compileDiv(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	if !x.typ.Integer() {
		return compileBinary(n)
	}
	return n.integerDivision(func(a, b int64) int64 { return a / b }, func(a, b uint64) uint64 { return a / b })
}

// compileMod is Mod: with fmod=0 the remainder has the divisor's sign.
func compileMod(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	c := n.int("fmod", 0) != 0
	if !x.typ.Integer() {
		out, x, y, err := n.pair(x.typ)
		if err != nil {
			return err
		}
		if c {
			return n.c.binary("Fmod", out, x, y)
		}
		return n.c.binary("ModFloor", out, x, y)
	}
	signed := func(a, b int64) int64 {
		if b == -1 {
			return 0
		}
		r := a % b
		if !c && r != 0 && (r < 0) != (b < 0) {
			r += b
		}
		return r
	}
	return n.integerDivision(signed, func(a, b uint64) uint64 { return a % b })
}

// integerDivision emits an operator whose second operand must not be zero.
func (n *node) integerDivision(signed func(a, b int64) int64, unsigned func(a, b uint64) uint64) error {
	x, _ := n.need(0)
	out, x, y, err := n.pair(x.typ)
	if err != nil {
		return err
	}
	if x.typ != y.typ {
		return fmt.Errorf("element types %s and %s", x.typ, y.typ)
	}
	if x.typ.Storage() == U64 {
		return divide(n, out, x, y, unsigned)
	}
	return divide(n, out, x, y, signed)
}

func divide[T int64 | uint64](n *node, out, x, y *value, f func(a, b T) T) error {
	if y.konst != nil {
		for _, v := range *field[T](y.konst) {
			if v == 0 {
				return errors.New("a division by the constant zero")
			}
		}
	} else {
		n.checkDivisor(y)
	}
	emit2(n.c, n.Op, out, x, y, func(d, x, y []T) {
		for i := range d {
			if d[i] = 0; y[i] != 0 {
				d[i] = f(x[i], y[i])
			}
		}
	})
	return nil
}

// checkDivisor marks the rows that divide by zero.
func (n *node) checkDivisor(y *value) {
	if y.typ.Storage() == U64 {
		emitCheck(n, y, func(v uint64) bool { return v != 0 })
		return
	}
	emitCheck(n, y, func(v int64) bool { return v != 0 })
}

// emitCheck marks the rows in which an element of v does not pass as out of
// range.
func emitCheck[T element](n *node, v *value, pass func(T) bool) {
	faults := n.faultsOf(v, OutOfRange)
	in, count := reader[T](n.c, v, nil), v.len()
	n.c.emit("check", func(ws *Workspace, panels int) {
		from := in.base(ws)
		for p := range panels {
			for e := range count {
				for j, x := range from[in.place(p, e):][:lanes] {
					if !pass(x) {
						ws.mark(faults[e], p, j)
					}
				}
			}
		}
	})
}
