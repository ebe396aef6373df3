package graph

import (
	"errors"
	"fmt"
	"slices"
)

// compileConcat joins tensors along an axis.
func compileConcat(n *node) error {
	if len(n.in) == 0 || slices.Contains(n.in, nil) {
		return errors.New("an input is not given")
	}
	axis, err := axisOf(n.int("axis", 1), len(n.in[0].shape))
	if err != nil {
		return err
	}
	return n.concat(n.in, axis)
}

// concat makes result 0 the inputs joined along an axis.
func (n *node) concat(in []*value, axis int) error {
	first := in[0]
	shape, rows := slices.Clone(first.shape), -1
	shape[axis] = 0
	dims, known := false, true
	for _, v := range in {
		if v.typ != first.typ || len(v.shape) != len(shape) {
			return errors.New("inputs of different types or ranks")
		}
		for i, d := range v.shape {
			if i != axis && d != shape[i] {
				return fmt.Errorf("shapes %v and %v do not fit together", first.shape, v.shape)
			}
		}
		if v.rows >= 0 && rows >= 0 && v.rows != rows {
			return fmt.Errorf("%w: batch axes in different places", errMixes)
		}
		rows = max(rows, v.rows)
		shape[axis] += v.shape[axis]
		dims = dims || v.dims != nil
		known = known && v.konst != nil
	}
	if rows == axis && len(in) > 1 {
		return n.stack(in, axis)
	}
	for _, v := range in {
		if rows >= 0 && v.rows < 0 && v.konst == nil {
			return fmt.Errorf("%w: one input has no batch axis", errMixes)
		}
	}
	if err := n.c.bounded(shape); err != nil {
		return err
	}
	if dims {
		return n.concatDims(shape)
	}
	n.set(0, n.c.joined(in, shape, rows, axis, known))
	return nil
}

// stack joins tensors along the batch axis, as exporters do before a Reshape
// that parts them again.
func (n *node) stack(in []*value, axis int) error {
	own := in[0].shape[axis]
	shape := slices.Clone(in[0].shape)
	for _, v := range in {
		if v.rows != axis || v.shape[axis] != own {
			return fmt.Errorf("%w: it joins along the batch axis", errMixes)
		}
	}
	shape[axis] = own * len(in)
	if err := n.c.bounded(shape); err != nil {
		return err
	}
	y := n.c.joined(in, shape, axis, axis, false)
	y.outer = len(in) * max(1, in[0].outer)
	n.set(0, y)
	return nil
}

// concatDims joins vectors of numbers that depend on the number of rows.
func (n *node) concatDims(shape []int) error {
	if len(shape) != 1 {
		return errRowCount
	}
	var all []dim
	for i := range n.in {
		list, err := n.dimsOf(i)
		if err != nil {
			return err
		}
		all = append(all, list...)
	}
	n.setDims(n.in[0].typ, shape, all)
	return nil
}

// joined copies the inputs behind one another, along the axis, and maps the
// result's elements to that.
func (c *compiler) joined(in []*value, shape []int, rows, axis int, known bool) *value {
	first := in[0]
	blocks := &value{typ: first.typ, shape: shape, rows: rows, buf: -1}
	inner := count(shape[axis+1:])
	outer := count(shape[:axis])
	index := make([]int32, 0, count(shape))
	for o := range outer {
		at := 0
		for _, v := range in {
			block := v.shape[axis] * inner
			for e := range block {
				index = append(index, int32(at+o*block+e))
			}
			at += v.len()
		}
	}
	if known {
		blocks.konst = &Lanes{}
		for _, v := range in {
			blocks.konst.append(v.konst)
		}
		blocks.konst.settle(first.typ)
		return c.view(blocks, shape, rows, index)
	}
	c.own(blocks)
	at := 0
	for _, v := range in {
		blocks.foreign = blocks.foreign || v.foreign
		c.copyTo(blocks, at, v)
		at += v.len()
	}
	if outer == 1 {
		index = nil
	}
	return c.view(blocks, shape, rows, index)
}

// append adds another constant's elements.
func (l *Lanes) append(m *Lanes) {
	l.F32 = append(l.F32, m.F32...)
	l.F64 = append(l.F64, m.F64...)
	l.I64 = append(l.I64, m.I64...)
	l.U64 = append(l.U64, m.U64...)
	l.Bool = append(l.Bool, m.Bool...)
	l.Str = append(l.Str, m.Str...)
}

// settle gives an empty constant the field of its type.
func (l *Lanes) settle(t Type) {
	if l.empty() {
		*l = NewLanes(t, 0)
	}
}

// along maps the elements of a tensor whose extent along one axis becomes
// that of picks: place k is the old place picks[k].
func (c *compiler) along(v *value, axis int, picks []int32) *value {
	shape := slices.Clone(v.shape)
	shape[axis] = len(picks)
	inner, old := count(shape[axis+1:]), v.shape[axis]
	index := make([]int32, 0, count(shape))
	for o := range count(shape[:axis]) {
		for _, p := range picks {
			for e := range inner {
				index = append(index, int32((o*old+int(p))*inner+e))
			}
		}
	}
	return c.view(v, shape, v.rows, index)
}

// span lists first, first+1, … of n numbers.
func span(first, n int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(first + i)
	}
	return list
}

// compileSplit cuts a tensor along an axis: into parts of given lengths, or
// into as many as there are results, of one length but for the last.
func compileSplit(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	axis, err := axisOf(n.int("axis", 0), len(x.shape))
	if err != nil {
		return err
	}
	lengths := n.ints("split")
	if n.Version >= 13 && n.input(1) != nil {
		if lengths, err = n.constants(1); err != nil {
			return err
		}
	} else if !n.has("split") || n.Version >= 13 {
		lengths = nil
		parts := n.int("num_outputs", len(n.Outputs))
		if parts < 1 || parts > max(1, len(n.Outputs)) {
			return fmt.Errorf("%d parts for %d outputs", parts, len(n.Outputs))
		}
		size := (x.shape[axis] + parts - 1) / parts
		for i := range parts {
			lengths = append(lengths, max(0, min(size, x.shape[axis]-i*size)))
		}
	}
	total := 0
	for _, l := range lengths {
		if l < 0 || l > x.shape[axis]-total {
			return fmt.Errorf("parts %v of an axis of extent %d", lengths, x.shape[axis])
		}
		total += l
	}
	if total != x.shape[axis] {
		return fmt.Errorf("parts %v of an axis of extent %d", lengths, x.shape[axis])
	}
	if len(lengths) > 1 {
		if err := x.acrossRows(axis); err != nil {
			return err
		}
	}
	at := 0
	for i, l := range lengths {
		n.set(i, n.c.along(x, axis, span(at, l)))
		at += l
	}
	return nil
}

// cut is what a Slice does along one axis.
type cut struct{ start, end, step int }

// compileSlice takes every step-th place from start to before end, along some
// axes.
func compileSlice(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	starts, ends, axes, steps, err := n.sliceParameters()
	if err != nil {
		return err
	}
	for i := range starts {
		axis := i
		if axes != nil {
			if i >= len(axes) {
				return errors.New("fewer axes than starts")
			}
			axis = axes[i]
		}
		if axis, err = axisOf(axis, len(x.shape)); err != nil {
			return err
		}
		k := cut{starts[i].n, ends[i].n, 1}
		if steps != nil {
			k.step = steps[i]
		}
		if starts[i].rows || ends[i].rows || axis == x.rows {
			if err := k.whole(x, axis, starts[i], ends[i]); err != nil {
				return err
			}
			continue
		}
		picks, err := k.places(x.shape[axis])
		if err != nil {
			return err
		}
		x = n.c.along(x, axis, picks)
	}
	n.set(0, n.c.view(x, x.shape, x.rows, nil))
	return nil
}

// whole accepts a cut along the batch axis that takes all of it.
func (k cut) whole(x *value, axis int, start, end dim) error {
	const all = 1 << 31 // what exporters write for "to the end" is at least this less one
	if axis == x.rows && start == (dim{}) && k.step == 1 && (end.rows && end.n >= x.shape[axis] || !end.rows && end.n >= all-1) {
		return nil
	}
	return fmt.Errorf("%w: it cuts the batch axis", errMixes)
}

func (n *node) sliceParameters() (starts, ends []dim, axes, steps []int, err error) {
	if n.Version < 10 {
		for _, v := range n.ints("starts") {
			starts = append(starts, dim{n: v})
		}
		for _, v := range n.ints("ends") {
			ends = append(ends, dim{n: v})
		}
		if n.has("axes") {
			axes = n.ints("axes")
		}
	} else {
		if starts, err = n.dimsOf(1); err == nil {
			ends, err = n.dimsOf(2)
		}
		if err == nil && n.input(3) != nil {
			axes, err = n.constants(3)
		}
		if err == nil && n.input(4) != nil {
			steps, err = n.constants(4)
		}
	}
	if err == nil && (len(starts) != len(ends) || steps != nil && len(steps) != len(starts)) {
		err = errors.New("starts, ends and steps of different lengths")
	}
	return starts, ends, axes, steps, err
}

// places lists the places that the cut takes of n.
func (k cut) places(n int) ([]int32, error) {
	if k.step == 0 {
		return nil, errors.New("a step of 0")
	}
	low, high := 0, n
	if k.step < 0 {
		low, high = -1, n-1
	}
	fit := func(v int) int {
		if v < 0 {
			v += n
			v = max(v, low)
		}
		return min(v, high)
	}
	start, end := fit(k.start), fit(k.end)
	var list []int32
	for at := start; k.step > 0 && at < end || k.step < 0 && at > end; at += k.step {
		list = append(list, int32(at))
		if k.step > n || k.step < -n {
			break
		}
	}
	return list, nil
}

// compileTile repeats a tensor along its axes.
func compileTile(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	times, err := n.constants(1)
	if err != nil {
		return err
	}
	if len(times) != len(x.shape) {
		return fmt.Errorf("%d repeats for %d axes", len(times), len(x.shape))
	}
	shape := slices.Clone(x.shape)
	for axis, t := range times {
		if t < 0 || t > maxElements {
			return fmt.Errorf("%d repeats", t)
		}
		if t != 1 {
			if err := x.acrossRows(axis); err != nil {
				return err
			}
		}
		shape[axis] *= t
		if err := n.c.bounded(shape); err != nil {
			return err
		}
	}
	for axis, t := range times {
		var picks []int32
		for range t {
			picks = append(picks, span(0, x.shape[axis])...)
		}
		x = n.c.along(x, axis, picks)
	}
	n.set(0, n.c.view(x, x.shape, x.rows, nil))
	return nil
}
