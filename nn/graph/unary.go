package graph

import (
	"fmt"
	"math"
)

// maps are the operators of one number that are computed in float64 and
// rounded to the value's type.
var maps = map[string]func(float64) float64{
	"Sqrt":       math.Sqrt,
	"Exp":        math.Exp,
	"Log":        math.Log,
	"Reciprocal": func(x float64) float64 { return 1 / x },
	"Erf":        math.Erf,
	"Floor":      math.Floor,
	"Ceil":       math.Ceil,
	"Round":      math.RoundToEven,
}

// mapFloat emits out = f(x) for a float type.
func (c *compiler) mapFloat(name string, out, x *value, f func(float64) float64) error {
	switch x.typ.Storage() {
	case F32:
		emit1(c, name, out, x, func(d, x []float32) { mapped64(d, x, f) })
	case F64:
		emit1(c, name, out, x, func(d, x []float64) { mapped64(d, x, f) })
	default:
		return fmt.Errorf("element type %s", x.typ)
	}
	return nil
}

func mapped64[T floating](d, x []T, f func(float64) float64) {
	for i, v := range x {
		d[i] = T(f(float64(v)))
	}
}

// compileMap is one of maps. Rounding leaves integers alone.
func compileMap(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	out := like(x, x.typ)
	n.set(0, out)
	if n.Op == "Sqrt" && x.typ.Storage() == F32 {
		emit1(n.c, n.Op, out, x, sqrt32)
		return nil
	}
	return n.c.mapFloat(n.Op, out, x, maps[n.Op])
}

func sqrt32(d, x []float32) {
	for i, v := range x {
		d[i] = float32(math.Sqrt(float64(v)))
	}
}

// signed are the operators that integers know as well.
var signed = map[string]struct {
	f32 func(d, x []float32)
	f64 func(d, x []float64)
	i64 func(d, x []int64)
}{
	"Neg":  {neg[float32], neg[float64], neg[int64]},
	"Abs":  {absFloat[float32], absFloat[float64], absInteger},
	"Sign": {sign[float32], sign[float64], sign[int64]},
}

func neg[T number](d, x []T) {
	for i, v := range x {
		d[i] = -v
	}
}

func absFloat[T floating](d, x []T) {
	for i, v := range x {
		d[i] = T(math.Abs(float64(v)))
	}
}

func absInteger(d, x []int64) {
	for i, v := range x {
		d[i] = max(v, -v)
	}
}

// sign is -1, 0 or 1; NaN stays.
func sign[T number](d, x []T) {
	for i, v := range x {
		switch {
		case v > 0:
			d[i] = 1
		case v < 0:
			var zero T
			d[i] = zero - 1
		default:
			d[i] = v
		}
	}
}

// compileSigned is Neg, Abs or Sign. Unsigned 64-bit integers are their own
// magnitude.
func compileSigned(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	f, out := signed[n.Op], like(x, x.typ)
	n.set(0, out)
	switch x.typ.Storage() {
	case F32:
		emit1(n.c, n.Op, out, x, f.f32)
	case F64:
		emit1(n.c, n.Op, out, x, f.f64)
	case I64:
		emit1(n.c, n.Op, out, x, f.i64)
	case U64:
		emit1(n.c, n.Op, out, x, map[string]func(d, x []uint64){"Neg": neg[uint64], "Abs": same[uint64], "Sign": sign[uint64]}[n.Op])
	default:
		return fmt.Errorf("element type %s", x.typ)
	}
	return nil
}

func same[T element](d, x []T) { copy(d, x) }

// compileClip is min(max(x, low), high); bounds are attributes before
// operator set 11, inputs since.
func compileClip(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	low, high := n.input(1), n.input(2)
	if n.Version < 11 {
		low, high = n.bound("min", x.typ), n.bound("max", x.typ)
	}
	for i, bound := range []*value{low, high} {
		if bound == nil {
			continue
		}
		if bound.len() != 1 {
			return fmt.Errorf("a bound of %d elements", bound.len())
		}
		out := like(x, x.typ)
		scalar := n.c.view(bound, nil, bound.rows, nil)
		if scalar.rows >= 0 {
			scalar.rows = -1
		}
		if err := n.c.binary([]string{"Max", "Min"}[i], out, x, scalar); err != nil {
			return err
		}
		x = out
	}
	if err := x.want(isNumber); err != nil {
		return err
	}
	n.set(0, n.c.view(x, x.shape, x.rows, nil))
	return nil
}

// bound is an attribute as a scalar of type t.
func (n *node) bound(name string, t Type) *value {
	if !n.has(name) {
		return nil
	}
	f := n.float(name, 0)
	if t == Float64 {
		return constant(t, nil, -1, Lanes{F64: []float64{f}})
	}
	return constant(t, nil, -1, Lanes{F32: []float32{float32(f)}})
}

// compileIsNaN and compileIsInf tell the numbers that are none.
func compileIsNaN(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	return n.test(x, math.IsNaN)
}

func compileIsInf(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	positive, negative := n.int("detect_positive", 1) != 0, n.int("detect_negative", 1) != 0
	return n.test(x, func(v float64) bool {
		return positive && math.IsInf(v, 1) || negative && math.IsInf(v, -1)
	})
}

func (n *node) test(x *value, f func(float64) bool) error {
	out := like(x, Bool)
	n.set(0, out)
	switch x.typ.Storage() {
	case F32:
		emit1(n.c, n.Op, out, x, func(d []bool, x []float32) { tested(d, x, f) })
	case F64:
		emit1(n.c, n.Op, out, x, func(d []bool, x []float64) { tested(d, x, f) })
	default:
		return fmt.Errorf("element type %s", x.typ)
	}
	return nil
}

func tested[T floating](d []bool, x []T, f func(float64) bool) {
	for i, v := range x {
		d[i] = f(float64(v))
	}
}
