package graph

import "fmt"

// functions are an operator's loops for each storage; nil where the operator
// has no meaning.
type functions struct {
	f32 func(d, x, y []float32)
	f64 func(d, x, y []float64)
	i64 func(d, x, y []int64)
	u64 func(d, x, y []uint64)
}

// binaries are the operators of two operands of one type. Integers wrap, as
// in C; their division truncates towards zero.
var binaries = map[string]functions{
	"Add":      {add[float32], add[float64], add[int64], add[uint64]},
	"Sub":      {sub[float32], sub[float64], sub[int64], sub[uint64]},
	"Mul":      {mul[float32], mul[float64], mul[int64], mul[uint64]},
	"Div":      {div[float32], div[float64], nil, nil},
	"Max":      {larger[float32], larger[float64], larger[int64], larger[uint64]},
	"Min":      {smaller[float32], smaller[float64], smaller[int64], smaller[uint64]},
	"ModFloor": {modFloor[float32], modFloor[float64], nil, nil},
	"Fmod":     {fmod[float32], fmod[float64], nil, nil},
	"PRelu":    {prelu[float32], prelu[float64], prelu[int64], prelu[uint64]},
}

func add[T number](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] + y[i]
	}
}

func sub[T number](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] - y[i]
	}
}

func mul[T number](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] * y[i]
	}
}

func div[T floating](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = x[i] / y[i]
	}
}

// larger is max(x, y); NaN wins, as in NumPy.
func larger[T number](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = max(x[i], y[i])
	}
}

func smaller[T number](d, x, y []T) {
	x, y = x[:len(d)], y[:len(d)]
	for i := range d {
		d[i] = min(x[i], y[i])
	}
}

// prelu is x for x >= 0 and slope·x else.
func prelu[T number](d, x, slope []T) {
	for i := range d {
		d[i] = x[i]
		if x[i] < 0 {
			d[i] = slope[i] * x[i]
		}
	}
}

// binary emits out = op(x, y).
func (c *compiler) binary(op string, out, x, y *value) error {
	if x.typ != y.typ {
		return fmt.Errorf("element types %s and %s", x.typ, y.typ)
	}
	f := binaries[op]
	switch s := x.typ.Storage(); {
	case s == F32 && f.f32 != nil:
		emit2(c, op, out, x, y, f.f32)
	case s == F64 && f.f64 != nil:
		emit2(c, op, out, x, y, f.f64)
	case s == I64 && f.i64 != nil:
		emit2(c, op, out, x, y, f.i64)
	case s == U64 && f.u64 != nil:
		emit2(c, op, out, x, y, f.u64)
	default:
		return fmt.Errorf("element type %s", x.typ)
	}
	return nil
}

// like makes a value of v's shape.
func like(v *value, t Type) *value {
	return &value{typ: t, shape: v.shape, rows: v.rows, buf: -1}
}

// pair prepares the result of two broadcast inputs. Operator sets before 7
// broadcast the second input from an axis that an attribute gives.
func (n *node) pair(t Type) (out, x, y *value, err error) {
	if x, y, err = n.two(); err != nil {
		return nil, nil, nil, err
	}
	if n.Version < 7 && n.has("axis") && n.Domain == "" {
		if y, err = n.aligned(x, y); err != nil {
			return nil, nil, nil, err
		}
	}
	shape, rows, err := n.c.broadcast(x, y)
	if err != nil {
		return nil, nil, nil, err
	}
	out = &value{typ: t, shape: shape, rows: rows, buf: -1}
	n.set(0, out)
	return out, x, y, nil
}

// aligned adds axes behind y so that its first one meets x's axis.
func (n *node) aligned(x, y *value) (*value, error) {
	axis, err := axisOf(n.int("axis", 0), len(x.shape))
	if err != nil || axis+len(y.shape) > len(x.shape) {
		return y, err
	}
	shape := append([]int{}, y.shape...)
	for len(shape) < len(x.shape)-axis {
		shape = append(shape, 1)
	}
	return n.c.view(y, shape, y.rows, nil), nil
}

func compileAdd(n *node) error {
	if n.fuseBias(1) {
		return nil
	}
	return compileBinary(n)
}

func compileSub(n *node) error {
	if n.fuseBias(-1) {
		return nil
	}
	return compileBinary(n)
}

// compileBinary is Add, Sub, Mul or Div of any numbers.
func compileBinary(n *node) error {
	n.forceAll()
	x, err := n.need(0)
	if err != nil {
		return err
	}
	out, x, y, err := n.pair(x.typ)
	if err != nil {
		return err
	}
	return n.c.binary(n.Op, out, x, y)
}

// compilePRelu is x for x >= 0 and slope·x else. Before operator set 7, and in
// models of that time, a vector of slopes belongs to axis 1.
func compilePRelu(n *node) error {
	x, slope, err := n.two()
	if err != nil {
		return err
	}
	if n.Version < 7 && len(slope.shape) == 1 && len(x.shape) > 2 && slope.shape[0] == x.shape[1] {
		shape := make([]int, len(x.shape)-1)
		for i := range shape {
			shape[i] = 1
		}
		shape[0] = slope.shape[0]
		slope = n.c.view(slope, shape, -1, nil)
	}
	return n.chain(x, []link{{"PRelu", slope}})
}

func (n *node) forceAll() {
	for _, v := range n.in {
		if v != nil {
			n.c.force(v)
		}
	}
}

// compileVariadic is Max, Min or Sum of any number of inputs, or their Mean.
func compileVariadic(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	op := n.Op
	if op == "Sum" || op == "Mean" {
		op = "Add"
	}
	for i := 1; i < len(n.in); i++ {
		y, err := n.need(i)
		if err != nil {
			return err
		}
		shape, rows, err := n.c.broadcast(x, y)
		if err != nil {
			return err
		}
		out := &value{typ: x.typ, shape: shape, rows: rows, buf: -1}
		if err := n.c.binary(op, out, x, y); err != nil {
			return err
		}
		x = out
	}
	if err := x.want(isNumber); err != nil {
		return err
	}
	if n.Op == "Mean" {
		times := 1 / float64(len(n.in))
		mean := like(x, x.typ)
		n.set(0, mean)
		return n.c.mapFloat("Mean", mean, x, func(v float64) float64 { return v * times })
	}
	n.set(0, n.c.view(x, x.shape, x.rows, nil))
	return nil
}
