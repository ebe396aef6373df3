package graph

import (
	"errors"
	"fmt"
	"slices"
)

// compileGather takes, along an axis, the places that an index tensor names:
// out[…, i, …] = data[…, index[i], …]. A constant index is a map; another is
// looked up row by row, like a word in an embedding table.
func compileGather(n *node) error {
	x, idx, err := n.two()
	if err != nil {
		return err
	}
	if idx.dims != nil {
		return errRowCount
	}
	axis, err := axisOf(n.int("axis", 0), len(x.shape))
	if err != nil {
		return err
	}
	return n.gather(x, idx, axis)
}

func (n *node) gather(x, idx *value, axis int) error {
	if err := x.acrossRows(axis); err != nil {
		return err
	}
	shape := slices.Concat(x.shape[:axis], idx.shape, x.shape[axis+1:])
	rows := -1
	switch {
	case x.rows >= 0 && idx.rows >= 0:
		return fmt.Errorf("%w: each row is looked up in every other", errMixes)
	case x.rows >= 0 && x.rows < axis:
		rows = x.rows
	case x.rows >= 0:
		rows = x.rows + len(idx.shape) - 1
	case idx.rows >= 0:
		rows = idx.rows + axis
	}
	if err := n.c.bounded(shape); err != nil {
		return err
	}
	if idx.konst != nil {
		picks, err := idx.places(x.shape[axis])
		if err != nil {
			return err
		}
		y := n.c.along(x, axis, picks)
		n.set(0, n.c.view(y, shape, rows, nil))
		return nil
	}
	out := n.c.output(x.typ, shape, rows)
	out.foreign = x.foreign
	n.set(0, out)
	g := lookup{extent: x.shape[axis], outer: count(x.shape[:axis]), inner: count(x.shape[axis+1:]), places: idx.len()}
	return n.lookupAll(out, x, idx, g)
}

// places are a constant index's places among extent, negative ones counted
// from the end.
func (v *value) places(extent int) ([]int32, error) {
	list := make([]int32, v.len())
	for i := range list {
		k, err := v.integer(i)
		if err != nil {
			return nil, err
		}
		if k < -extent || k >= extent {
			return nil, fmt.Errorf("index %d of an axis of extent %d", k, extent)
		}
		if k < 0 {
			k += extent
		}
		list[i] = int32(k)
	}
	return list, nil
}

// lookup is a gather whose index is computed: out[o, i, e] =
// x[o, index[i], e].
type lookup struct{ extent, outer, inner, places int }

func (n *node) lookupAll(out, x, idx *value, g lookup) error {
	if idx.typ.Storage() != I64 {
		return fmt.Errorf("an index of %s", idx.typ)
	}
	if g.extent == 0 {
		return errors.New("an axis of extent 0")
	}
	switch x.typ.Storage() {
	case F32:
		emitLookup[float32](n, out, x, idx, g)
	case F64:
		emitLookup[float64](n, out, x, idx, g)
	case I64:
		emitLookup[int64](n, out, x, idx, g)
	case U64:
		emitLookup[uint64](n, out, x, idx, g)
	case Bools:
		emitLookup[bool](n, out, x, idx, g)
	case Codes:
		emitLookup[int32](n, out, x, idx, g)
	}
	return nil
}

// emitLookup looks each lane's place up. A table of constants is read without
// lanes; an index outside it makes the row bad and takes place 0.
func emitLookup[T element](n *node, out, x, idx *value, g lookup) {
	faults := n.faultsOf(idx, OutOfRange)
	at := reader[int64](n.c, idx, nil)
	var table []T
	var from operand[T]
	if x.konst != nil {
		table = *field[T](x.konst)
	} else {
		from = plainReader[T](n.c, x)
	}
	total, buf := out.len(), out.buf
	n.c.emit("lookup", func(ws *Workspace, panels int) {
		to, ix := *field[T](&ws.bufs[buf]), at.base(ws)
		src, lane, stride := table, 1, 0
		if table == nil {
			src, lane, stride = from.base(ws), lanes, from.stride*lanes
		}
		for p := range panels {
			dst := to[p*total*lanes:][:total*lanes]
			for i := range g.places {
				for j, k := range ix[at.place(p, i):][:lanes] {
					if k < 0 {
						k += int64(g.extent)
					}
					if k < 0 || k >= int64(g.extent) {
						ws.mark(faults[i], p, j)
						k = 0
					}
					own := j
					if table != nil {
						own = 0
					}
					for o := range g.outer {
						d, s := (o*g.places+i)*g.inner, (o*g.extent+int(k))*g.inner
						for e := range g.inner {
							dst[(d+e)*lanes+j] = src[p*stride+(s+e)*lane+own]
						}
					}
				}
			}
		}
	}, buf)
}

// compileGatherElements is out[i, j, …] = x[i, index[i, j, …], …] for the axis
// that the index replaces.
func compileGatherElements(n *node) error {
	x, idx, err := n.two()
	if err != nil {
		return err
	}
	axis, err := axisOf(n.int("axis", 0), len(x.shape))
	if err != nil {
		return err
	}
	if len(idx.shape) != len(x.shape) {
		return fmt.Errorf("shapes %v and %v", x.shape, idx.shape)
	}
	if err := errors.Join(x.acrossRows(axis), idx.acrossRows(axis)); err != nil {
		return err
	}
	if x.rows >= 0 && idx.rows >= 0 && x.rows != idx.rows {
		return fmt.Errorf("%w: batch axes in different places", errMixes)
	}
	if x.rows >= 0 && idx.rows < 0 && idx.konst == nil {
		return fmt.Errorf("%w: an index without batch axis", errMixes)
	}
	own := strides(x.shape)
	steps := slices.Clone(own)
	steps[axis] = 0
	for i, d := range idx.shape {
		if i != axis && d > x.shape[i] {
			return fmt.Errorf("shapes %v and %v do not fit together", x.shape, idx.shape)
		}
	}
	base := walk(idx.shape, steps, 0)
	if idx.konst != nil {
		picks, err := idx.places(x.shape[axis])
		if err != nil {
			return err
		}
		for i := range base {
			base[i] += picks[i] * int32(own[axis])
		}
		n.set(0, n.c.view(x, idx.shape, max(x.rows, idx.rows), base))
		return nil
	}
	out := n.c.output(x.typ, idx.shape, max(x.rows, idx.rows))
	out.foreign = x.foreign
	n.set(0, out)
	return n.pickAll(out, x, idx, base, x.shape[axis], own[axis])
}

func (n *node) pickAll(out, x, idx *value, base []int32, extent, step int) error {
	if idx.typ.Storage() != I64 {
		return fmt.Errorf("an index of %s", idx.typ)
	}
	if extent == 0 {
		return errors.New("an axis of extent 0")
	}
	switch x.typ.Storage() {
	case F32:
		emitPick[float32](n, out, x, idx, base, extent, step)
	case F64:
		emitPick[float64](n, out, x, idx, base, extent, step)
	case I64:
		emitPick[int64](n, out, x, idx, base, extent, step)
	case U64:
		emitPick[uint64](n, out, x, idx, base, extent, step)
	case Bools:
		emitPick[bool](n, out, x, idx, base, extent, step)
	case Codes:
		emitPick[int32](n, out, x, idx, base, extent, step)
	}
	return nil
}

func emitPick[T element](n *node, out, x, idx *value, base []int32, extent, step int) {
	faults := n.faultsOf(idx, OutOfRange)
	at, from := reader[int64](n.c, idx, nil), plainReader[T](n.c, x)
	total, buf := out.len(), out.buf
	n.c.emit("lookup", func(ws *Workspace, panels int) {
		to, ix, src := *field[T](&ws.bufs[buf]), at.base(ws), from.base(ws)
		for p := range panels {
			for e := range total {
				dst := to[(p*total+e)*lanes:][:lanes]
				for j, k := range ix[at.place(p, e):][:lanes] {
					if k < 0 {
						k += int64(extent)
					}
					if k < 0 || k >= int64(extent) {
						ws.mark(faults[e], p, j)
						k = 0
					}
					dst[j] = src[(p*from.stride+int(base[e])+int(k)*step)*lanes+j]
				}
			}
		}
	}, buf)
}

// compileArrayFeatureExtractor takes columns: along the last axis, the places
// that the second input names.
func compileArrayFeatureExtractor(n *node) error {
	x, idx, err := n.two()
	if err != nil {
		return err
	}
	if len(x.shape) == 0 {
		return errors.New("a scalar")
	}
	flat := n.c.view(idx, []int{idx.len()}, min(idx.rows, 0), nil)
	if idx.rows >= 0 && count(idx.shape[:idx.rows]) != 1 {
		return fmt.Errorf("%w: the batch axis is cut differently", errMixes)
	}
	if err := n.gather(x, flat, len(x.shape)-1); err != nil {
		return err
	}
	if len(x.shape) == 1 { // a vector gives a matrix of one row
		y := n.out[0]
		rows := y.rows
		if rows >= 0 {
			rows++
		}
		n.set(0, n.c.view(y, append([]int{1}, y.shape...), rows, nil))
	}
	return nil
}
