package graph

import (
	"fmt"
	"slices"
)

// value is a tensor on its way through the compiler. Its shape is that of one
// row: along the axis rows, where the batch runs, it has the extent that one
// row takes (nearly always 1).
type value struct {
	typ   Type
	shape []int
	rows  int // the batch axis, -1 where there is none

	// One of these says where the elements are.
	konst   *Lanes   // known: one of each element, without lanes
	dims    []dim    // known up to the number of rows: shape arithmetic
	pending *product // a dense product still waiting for what follows it
	buf     int      // computed: element e is index[e] of the buffer, or e

	index   []int32
	cells   []Place  // the cells of a table that its elements are made of, by input
	sources []source // what its elements are made of, where that is known
	labels  []string // of a ZipMap's columns
	foreign bool     // text from outside, which may be of words not known
	// What of shape[rows] stands outside the rows, 0 being 1: elements [outer,
	// rows, rest] share that axis, as when tokens and rows become one axis.
	outer int
}

// dim is a whole number n, or n times the number of rows.
type dim struct {
	n    int
	rows bool
}

func (v *value) len() int { return count(v.shape) }

// known reports whether nothing of the value is left to compute.
func (v *value) known() bool { return v.konst != nil || v.dims != nil }

// constant makes a value of known elements.
func constant(t Type, shape []int, rows int, data Lanes) *value {
	return &value{typ: t, shape: shape, rows: rows, konst: &data, buf: -1}
}

// integers makes a known int64 vector.
func integers(numbers ...int64) *value {
	return constant(Int64, []int{len(numbers)}, -1, Lanes{I64: append([]int64{}, numbers...)})
}

// view is v with another shape, whose element e is v's element index[e]; a nil
// index keeps the order.
func (c *compiler) view(v *value, shape []int, rows int, index []int32) *value {
	w := &value{typ: v.typ, shape: shape, rows: rows, buf: -1, labels: v.labels, foreign: v.foreign, sources: v.sources, cells: v.cells}
	if index != nil {
		c.keepSources(w, v, index)
	}
	switch {
	case v.konst != nil:
		data := *v.konst
		if index != nil {
			data = pick(v.typ, &data, index)
		}
		w.konst = &data
		return w
	case v.dims != nil:
		w.dims = v.dims
		if index != nil {
			w.dims = gathered(v.dims, index)
		}
		return w.settleDims()
	case v.waits():
		return w
	case v.pending != nil && index == nil && len(shape) > 0 && shape[len(shape)-1] == v.pending.out:
		w.pending = v.pending
		return w
	}
	c.force(v)
	w.buf, w.index = v.buf, v.index
	if index != nil {
		w.index = index
		if v.index != nil {
			w.index = gathered(v.index, index)
		}
	}
	return w
}

// settleDims makes an ordinary constant of numbers that turn out not to depend
// on the number of rows.
func (v *value) settleDims() *value {
	numbers, err := rowless(v.dims)
	if err != nil {
		return v
	}
	data := Lanes{I64: make([]int64, len(numbers))}
	for i, n := range numbers {
		data.I64[i] = int64(n)
	}
	v.dims, v.konst = nil, &data
	return v
}

func gathered[T any](from []T, index []int32) []T {
	out := make([]T, len(index))
	for i, at := range index {
		out[i] = from[at]
	}
	return out
}

// pick copies chosen elements of a constant.
func pick(t Type, from *Lanes, index []int32) Lanes {
	switch t.Storage() {
	case F32:
		return Lanes{F32: gathered(from.F32, index)}
	case F64:
		return Lanes{F64: gathered(from.F64, index)}
	case I64:
		return Lanes{I64: gathered(from.I64, index)}
	case U64:
		return Lanes{U64: gathered(from.U64, index)}
	case Bools:
		return Lanes{Bool: gathered(from.Bool, index)}
	}
	return Lanes{Str: gathered(from.Str, index)}
}

// output makes a value with a buffer of its own.
func (c *compiler) output(t Type, shape []int, rows int) *value {
	v := &value{typ: t, shape: shape, rows: rows, buf: len(c.bufs)}
	c.bufs = append(c.bufs, buffer{typ: t, elems: v.len()})
	return v
}

// strides are the distances between neighbours along each axis of a row-major
// tensor.
func strides(shape []int) []int {
	s := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = n
		n *= shape[i]
	}
	return s
}

// walk lists base plus, for every place of a row-major tensor of a shape, the
// sum of its coordinates times the steps.
func walk(shape, steps []int, base int) []int32 {
	n := count(shape)
	index := make([]int32, 0, n)
	if n == 0 {
		return index
	}
	at := make([]int, len(shape))
	for {
		index = append(index, int32(base))
		axis := len(shape) - 1
		for ; axis >= 0; axis-- {
			at[axis]++
			base += steps[axis]
			if at[axis] < shape[axis] {
				break
			}
			base -= at[axis] * steps[axis]
			at[axis] = 0
		}
		if axis < 0 {
			return index
		}
	}
}

// spread is the map from the elements of shape to those of a tensor of shape
// from that is broadcast to it; nil where that changes nothing.
func spread(from, shape []int) []int32 {
	if slices.Equal(from, shape) {
		return nil
	}
	own := strides(from)
	steps := make([]int, len(shape))
	off := len(shape) - len(from)
	for i, d := range from {
		if d != 1 {
			steps[off+i] = own[i]
		}
	}
	return walk(shape, steps, 0)
}

// broadcast finds the common shape of values and the axis of their rows,
// aligned at the last axis as ONNX and NumPy do.
func (c *compiler) broadcast(values ...*value) (shape []int, rows int, err error) {
	rank := 0
	for _, v := range values {
		rank = max(rank, len(v.shape))
	}
	shape, rows = make([]int, rank), -1
	for i := range shape {
		shape[i] = 1
	}
	for _, v := range values {
		off := rank - len(v.shape)
		if v.rows >= 0 {
			if rows >= 0 && rows != v.rows+off {
				return nil, 0, fmt.Errorf("%w: its inputs have their batch axes in different places", errMixes)
			}
			rows = v.rows + off
		}
		for i, d := range v.shape {
			if at := &shape[off+i]; *at == 1 {
				*at = d
			} else if d != 1 && d != *at {
				return nil, 0, fmt.Errorf("shapes that do not fit together")
			}
		}
	}
	if rows < 0 {
		return shape, rows, c.bounded(shape)
	}
	for _, v := range values {
		// An axis of a constant that meets the batch axis must be of extent 1.
		if at := rows - (rank - len(v.shape)); at >= 0 && v.shape[at] != 1 && v.rows < 0 {
			return nil, 0, fmt.Errorf("%w: a constant has an extent of %d along the batch axis", errMixes, v.shape[at])
		} else if at >= 0 && v.rows >= 0 && v.shape[at] != shape[rows] {
			return nil, 0, fmt.Errorf("%w: batch axes of different extents", errMixes)
		}
	}
	return shape, rows, c.bounded(shape)
}

// maxElements bounds the elements that one value has for one row, so that a
// small file cannot ask for much memory.
const maxElements = 1 << 18

// bounded refuses a shape of too many elements.
func (c *compiler) bounded(shape []int) error {
	return within(shape, max(maxElements, c.largest))
}

// within checks that a shape has no more than limit elements.
func within(shape []int, limit int) error {
	n := 1
	for _, d := range shape {
		if d < 0 {
			return fmt.Errorf("a negative dimension in shape %v", shape)
		}
		if d == 0 {
			return nil
		}
	}
	for _, d := range shape {
		if d > limit/n {
			return fmt.Errorf("shape %v: more than %d elements for a row", shape, limit)
		}
		n *= d
	}
	return nil
}
