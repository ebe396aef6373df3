package graph

import (
	"errors"
	"fmt"
	"math"
)

// vector makes a constant of an attribute's floats, shaped so that it meets
// the last axis; it must have one element or as many as that axis.
func (n *node) vector(name string, x *value, t Type) (*value, error) {
	list := n.Attributes[name].Floats
	if w := width1(x); len(list) != 1 && len(list) != w {
		return nil, fmt.Errorf("%s: %d numbers for %d columns", name, len(list), w)
	}
	if t == Float64 {
		wide := make([]float64, len(list))
		convert(wide, list)
		return constant(t, []int{len(list)}, -1, Lanes{F64: wide}), nil
	}
	return constant(t, []int{len(list)}, -1, Lanes{F32: list}), nil
}

// width1 is the extent of the last axis.
func width1(x *value) int {
	if len(x.shape) == 0 {
		return 1
	}
	return x.shape[len(x.shape)-1]
}

// toFloat casts a number to float32.
func (n *node) toFloat(x *value) (*value, error) {
	if x.typ == Float32 {
		return x, nil
	}
	if err := x.want(isNumber); err != nil {
		return nil, err
	}
	y := like(x, Float32)
	return y, n.c.cast(y, x)
}

// compileScaler is (x − offset) · scale for each column.
func compileScaler(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	if x, err = n.toFloat(x); err != nil {
		return err
	}
	offset, err := n.vector("offset", x, Float32)
	if err != nil {
		return err
	}
	scale, err := n.vector("scale", x, Float32)
	if err != nil {
		return err
	}
	if x.rows >= 0 && x.rows == len(x.shape)-1 && offset.len() > 1 {
		return x.acrossRows(x.rows)
	}
	return n.chain(x, []link{{"Sub", offset}, {"Mul", scale}})
}

// compileImputer replaces one value, NaN or a number, by a number for each
// column.
func compileImputer(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	switch x.typ.Storage() {
	case F32, F64:
		list, err := n.vector("imputed_value_floats", x, x.typ)
		if err != nil {
			return err
		}
		if x.typ == Float64 {
			imputeFloat[float64](n, x, list)
		} else {
			imputeFloat[float32](n, x, list)
		}
		return nil
	case I64:
		list := n.Attributes["imputed_value_int64s"].Ints
		if len(list) != 1 && len(list) != width1(x) {
			return fmt.Errorf("imputed_value_int64s: %d numbers for %d columns", len(list), width1(x))
		}
		gone := n.Attributes["replaced_value_int64"].I
		out := like(x, x.typ)
		n.set(0, out)
		emit2(n.c, n.Op, out, x, integers(list...), func(d, x, y []int64) {
			for i := range d {
				if d[i] = x[i]; x[i] == gone {
					d[i] = y[i]
				}
			}
		})
		return nil
	}
	return fmt.Errorf("element type %s", x.typ)
}

// fillMissing is what patterns makes of a Where: its first input, and where
// that is NaN its second.
const fillMissing = "fill missing"

func compileFill(n *node) error {
	x, y, err := n.two()
	if err != nil {
		return err
	}
	shape, rows, err := n.c.broadcast(x, y)
	if err != nil {
		return err
	}
	out := &value{typ: x.typ, shape: shape, rows: rows, buf: -1}
	n.set(0, out)
	switch {
	case x.typ != y.typ:
		return fmt.Errorf("element types %s and %s", x.typ, y.typ)
	case x.typ.Storage() == F32:
		emit2(n.c, n.Op, out, x, y, fill[float32])
	case x.typ.Storage() == F64:
		emit2(n.c, n.Op, out, x, y, fill[float64])
	default:
		return fmt.Errorf("element type %s", x.typ)
	}
	return nil
}

func fill[T floating](d, x, y []T) {
	for i, v := range x[:len(d)] {
		if d[i] = v; v != v {
			d[i] = y[i]
		}
	}
}

func imputeFloat[T floating](n *node, x, by *value) {
	gone := T(n.float("replaced_value_float", 0))
	out := like(x, x.typ)
	n.set(0, out)
	emit2(n.c, n.Op, out, x, by, func(d, x, y []T) {
		for i, v := range x[:len(d)] {
			if d[i] = v; v == gone || v != v && gone != gone {
				d[i] = y[i]
			}
		}
	})
}

// compileBinarizer is 1 where x > threshold, else 0.
func compileBinarizer(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	threshold := n.float("threshold", 0)
	out := like(x, x.typ)
	n.set(0, out)
	above := func(v float64) float64 {
		if v > threshold {
			return 1
		}
		return 0
	}
	if x.typ.Storage() == I64 {
		emit1(n.c, n.Op, out, x, func(d, x []int64) {
			for i, v := range x {
				d[i] = int64(above(float64(v)))
			}
		})
		return nil
	}
	return n.c.mapFloat(n.Op, out, x, above)
}

// compileNormalizer divides each row by its largest value (MAX), the sum of
// its magnitudes (L1) or its length (L2); a row of zeros stays.
func compileNormalizer(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	if x, err = n.toFloat(x); err != nil {
		return err
	}
	if len(x.shape) == 0 || x.rows >= 0 && x.rows == len(x.shape)-1 {
		return fmt.Errorf("%w: it works along the batch axis", errMixes)
	}
	var step func(s, v float64) float64
	start := 0.0
	switch n.string("norm", "MAX") {
	case "MAX":
		step, start = func(s, v float64) float64 { return max(s, v) }, math.Inf(-1)
	case "L1":
		step = func(s, v float64) float64 { return s + math.Abs(v) }
	case "L2":
		step = plusSquare
	default:
		return errors.New("an unknown norm")
	}
	axes := []int{len(x.shape) - 1}
	shape, rows := x.without(axes, true)
	norm := n.c.output(Float32, shape, rows)
	square := n.string("norm", "MAX") == "L2"
	emitFolds(n, norm, x, folding(x, axes), func(d, src []float32, base int, offsets []int32) {
		for j := range d {
			s := start
			for _, off := range offsets {
				s = step(s, float64(src[(base+int(off))*lanes+j]))
			}
			if square {
				s = math.Sqrt(s)
			}
			if s == 0 {
				s = 1
			}
			d[j] = float32(s)
		}
	})
	return n.chain(x, []link{{"Div", norm}})
}

// compileFeatureVectorizer joins columns into one float32 matrix.
func compileFeatureVectorizer(n *node) error {
	var parts []*value
	for i := range n.in {
		x, err := n.need(i)
		if err != nil {
			return err
		}
		if x, err = n.toFloat(x); err != nil {
			return err
		}
		if x, err = n.c.byRow(x); err != nil {
			return err
		}
		parts = append(parts, n.c.resized(x, n.inputWidth(i, x.shape[1]))...)
	}
	if len(parts) == 0 {
		return errors.New("no inputs")
	}
	return n.concat(parts, 1)
}

// inputWidth is how many columns of input i are taken.
func (n *node) inputWidth(i, own int) int {
	if dims := n.ints("inputdimensions"); i < len(dims) && dims[i] >= 0 && dims[i] <= maxElements {
		return dims[i]
	}
	return own
}

// resized are the first columns of a float32 matrix, with zeros behind them
// where it has fewer.
func (c *compiler) resized(x *value, columns int) []*value {
	own := x.shape[1]
	switch {
	case columns == own || x.rows == 1:
		return []*value{x}
	case columns > own:
		shape := []int{x.shape[0], columns - own}
		return []*value{x, constant(Float32, shape, x.rows, Lanes{F32: make([]float32, count(shape))})}
	}
	shape := []int{x.shape[0], columns}
	return []*value{c.view(x, shape, x.rows, walk(shape, []int{own, 1}, 0))}
}

// byRow makes a matrix of a tensor: one row for each place of its first axis.
// A vector without batch axis is one row.
func (c *compiler) byRow(x *value) (*value, error) {
	switch {
	case x.rows > 0:
		return nil, fmt.Errorf("%w: the batch axis is not the first", errMixes)
	case len(x.shape) == 0:
		return c.view(x, []int{1, 1}, -1, nil), nil
	case len(x.shape) == 1 && x.rows < 0:
		return c.view(x, []int{1, x.shape[0]}, -1, nil), nil
	}
	return c.view(x, []int{x.shape[0], count(x.shape[1:])}, x.rows, nil), nil
}

// compileDictVectorizer: a map arrives as the row of its vocabulary's values.
func compileDictVectorizer(n *node) error {
	x, err := n.need(0)
	n.set(0, x)
	return err
}

// compileZipMap names the columns of a matrix; the names go to the outputs.
func compileZipMap(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	y := n.c.view(x, x.shape, x.rows, nil)
	for _, l := range n.Attributes["classlabels_int64s"].Ints {
		y.labels = append(y.labels, fmt.Sprint(l))
	}
	y.labels = append(y.labels, n.Attributes["classlabels_strings"].Strings...)
	if len(y.labels) != width1(y) {
		return fmt.Errorf("%d labels for %d columns", len(y.labels), width1(y))
	}
	n.set(0, y)
	return nil
}
