package graph

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// compileArg is ArgMax or ArgMin: the place of the largest or smallest element
// along an axis, the first (or last) of equal ones.
func compileArg(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	axis, err := axisOf(n.int("axis", 0), len(x.shape))
	if err != nil {
		return err
	}
	if err := x.acrossRows(axis); err != nil {
		return err
	}
	if x.shape[axis] == 0 {
		return errors.New("an axis of extent 0")
	}
	shape, rows := x.without([]int{axis}, n.int("keepdims", 1) != 0)
	out := n.c.output(Int64, shape, rows)
	n.set(0, out)
	f := folding(x, []int{axis})
	switch x.typ.Storage() {
	case F32:
		emitArg[float32](n, out, x, f)
	case F64:
		emitArg[float64](n, out, x, f)
	case I64:
		emitArg[int64](n, out, x, f)
	case U64:
		emitArg[uint64](n, out, x, f)
	default:
		return fmt.Errorf("element type %s", x.typ)
	}
	return nil
}

func emitArg[T number](n *node, out, x *value, f folds) {
	in, total, buf := plainReader[T](n.c, x), len(f.base), out.buf
	last, least := n.int("select_last_index", 0) != 0, n.Op == "ArgMin"
	n.c.emit(n.Op, func(ws *Workspace, panels int) {
		to, from := ws.bufs[buf].I64, in.base(ws)
		for p := range panels {
			for o, base := range f.base {
				d, at := to[(p*total+o)*lanes:][:lanes], p*in.stride+int(base)
				best := [lanes]T(from[at*lanes:][:lanes])
				clear(d)
				for k, off := range f.offsets[1:] {
					for j, v := range from[(at+int(off))*lanes:][:lanes] {
						if v > best[j] && !least || v < best[j] && least || last && v == best[j] || v != v && best[j] == best[j] {
							best[j], d[j] = v, int64(k+1)
						}
					}
				}
			}
		}
	}, buf)
}

// compileTopK gives the k largest (or smallest) elements along an axis, and
// their places; of equal ones the first comes first.
func compileTopK(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	k := []int{n.int("k", 0)}
	if n.Version >= 10 {
		if k, err = n.constants(1); err != nil {
			return err
		}
	}
	axis, err := axisOf(n.int("axis", -1), len(x.shape))
	if err != nil {
		return err
	}
	if err := x.acrossRows(axis); err != nil {
		return err
	}
	if len(k) != 1 || k[0] < 0 || k[0] > x.shape[axis] {
		return fmt.Errorf("the top %v of an axis of extent %d", k, x.shape[axis])
	}
	perm := lastAxis(len(x.shape), axis)
	moved := n.c.transpose(x, perm)
	shape := slices.Clone(moved.shape)
	shape[len(shape)-1] = k[0]
	top := n.c.output(x.typ, shape, moved.rows)
	places := n.c.output(Int64, shape, moved.rows)
	switch x.typ.Storage() {
	case F32:
		emitTopK[float32](n, top, places, moved, x.shape[axis])
	case F64:
		emitTopK[float64](n, top, places, moved, x.shape[axis])
	case I64:
		emitTopK[int64](n, top, places, moved, x.shape[axis])
	case U64:
		emitTopK[uint64](n, top, places, moved, x.shape[axis])
	default:
		return fmt.Errorf("element type %s", x.typ)
	}
	n.set(0, n.c.transpose(top, inverse(perm)))
	n.set(1, n.c.transpose(places, inverse(perm)))
	return nil
}

func emitTopK[T number](n *node, top, places, x *value, extent int) {
	in, total := plainReader[T](n.c, x), x.len()
	k, tops, at := top.shape[len(top.shape)-1], top.buf, places.buf
	descending := n.int("largest", 1) != 0
	n.c.emit(n.Op, func(ws *Workspace, panels int) {
		from, values, indices := in.base(ws), *field[T](&ws.bufs[tops]), ws.bufs[at].I64
		order := make([]int, extent)
		for g := range panels * total / max(1, extent) {
			for j := range lanes {
				for i := range order {
					order[i] = i
				}
				slices.SortStableFunc(order, func(a, b int) int {
					u, v := from[(g*extent+a)*lanes+j], from[(g*extent+b)*lanes+j]
					if descending {
						u, v = v, u
					}
					return cmp.Compare(u, v)
				})
				for i, o := range order[:k] {
					values[(g*k+i)*lanes+j], indices[(g*k+i)*lanes+j] = from[(g*extent+o)*lanes+j], int64(o)
				}
			}
		}
	}, tops, at)
}

// compileCumSum adds up along an axis: each element is the sum of those up to
// it, without itself if exclusive, from the end if reverse.
func compileCumSum(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	list, err := n.constants(1)
	if err != nil {
		return err
	}
	if len(list) != 1 {
		return errors.New("want one axis")
	}
	axis, err := axisOf(list[0], len(x.shape))
	if err != nil {
		return err
	}
	if err := x.acrossRows(axis); err != nil {
		return err
	}
	out := n.c.output(x.typ, x.shape, x.rows)
	n.set(0, out)
	f := folding(x, []int{axis})
	if n.int("reverse", 0) != 0 {
		slices.Reverse(f.offsets)
	}
	switch x.typ.Storage() {
	case F32:
		emitCumSum[float32](n, out, x, f)
	case F64:
		emitCumSum[float64](n, out, x, f)
	case I64:
		emitCumSum[int64](n, out, x, f)
	case U64:
		emitCumSum[uint64](n, out, x, f)
	default:
		return fmt.Errorf("element type %s", x.typ)
	}
	n.c.round(out)
	return nil
}

func emitCumSum[T number](n *node, out, x *value, f folds) {
	in, total, buf := plainReader[T](n.c, x), x.len(), out.buf
	exclusive := n.int("exclusive", 0) != 0
	n.c.emit(n.Op, func(ws *Workspace, panels int) {
		to, from := *field[T](&ws.bufs[buf]), in.base(ws)
		for p := range panels {
			for _, base := range f.base {
				var sum [lanes]T
				for _, off := range f.offsets {
					at := int(base + off)
					d := to[(p*total+at)*lanes:][:lanes]
					for j, v := range from[(p*in.stride+at)*lanes:][:lanes] {
						if exclusive {
							d[j] = sum[j]
						}
						sum[j] += v
						if !exclusive {
							d[j] = sum[j]
						}
					}
				}
			}
		}
	}, buf)
}

// compileOneHot spreads indices over a new axis: values[1] at the place that
// is named, values[0] elsewhere. An index outside gives values[0] everywhere.
func compileOneHot(n *node) error {
	idx, err := n.need(0)
	if err != nil {
		return err
	}
	depth, err := n.scalar(1, 0)
	if err != nil {
		return err
	}
	values, err := n.need(2)
	if err != nil {
		return err
	}
	if values.len() != 2 {
		return fmt.Errorf("%d values, want two", values.len())
	}
	axis, err := axisOf(n.int("axis", -1), len(idx.shape)+1)
	if err != nil {
		return err
	}
	if !(depth >= 1 && depth <= maxElements) {
		return fmt.Errorf("a depth of %v", depth)
	}
	return n.oneHot(idx, values, int(depth), axis)
}

func (n *node) oneHot(idx, values *value, depth, axis int) error {
	shape := slices.Insert(slices.Clone(idx.shape), axis, depth)
	if err := n.c.bounded(shape); err != nil {
		return err
	}
	rows := idx.rows
	if rows >= axis {
		rows++
	}
	wide := like(idx, Int64)
	if idx.typ.Storage() != I64 {
		if err := n.c.cast(wide, idx); err != nil {
			return err
		}
	} else {
		wide = idx
	}
	out := n.c.output(values.typ, shape, rows)
	n.set(0, out)
	inner := count(shape[axis+1:])
	switch values.typ.Storage() {
	case F32:
		emitOneHot[float32](n, out, wide, values, depth, inner)
	case F64:
		emitOneHot[float64](n, out, wide, values, depth, inner)
	case I64:
		emitOneHot[int64](n, out, wide, values, depth, inner)
	case U64:
		emitOneHot[uint64](n, out, wide, values, depth, inner)
	case Bools:
		emitOneHot[bool](n, out, wide, values, depth, inner)
	case Codes:
		emitOneHot[int32](n, out, wide, values, depth, inner)
	}
	return nil
}

func emitOneHot[T element](n *node, out, idx, values *value, depth, inner int) {
	in, two, places, buf := reader[int64](n.c, idx, nil), reader[T](n.c, values, nil), idx.len(), out.buf
	n.c.emit(n.Op, func(ws *Workspace, panels int) {
		to, from := (*field[T](&ws.bufs[buf]))[:panels*places*depth*lanes], in.base(ws)
		both := two.base(ws)
		for p := range panels {
			off, on := both[two.place(p, 0):][:lanes], both[two.place(p, 1):][:lanes]
			for e := range places * depth {
				copy(to[(p*places*depth+e)*lanes:][:lanes], off)
			}
			for e := range places {
				first := (p*places + e/inner*inner) * depth
				for j, k := range from[in.place(p, e):][:lanes] {
					if k < 0 {
						k += int64(depth)
					}
					if k >= 0 && k < int64(depth) {
						to[(first+int(k)*inner+e%inner)*lanes+j] = on[j]
					}
				}
			}
		}
	}, buf)
}
