package graph

import (
	"yhat/nn/internal/kernel"
)

const lanes = kernel.Lanes

// step is one piece of work at run time: it computes the buffers it writes
// from those it reads, for some panels.
type step struct {
	name   string // for people
	reads  []int
	writes []int
	run    func(ws *Workspace, panels int)
}

// buffer is what a step writes: elems lane vectors of a type for each panel.
type buffer struct {
	typ   Type
	elems int
}

// operand is how a step reads a value: element e of panel p begins at
// (p*stride + index[e]) × 32 of a buffer, or of konst.
type operand[T element] struct {
	buf    int // -1: konst
	konst  []T // one vector of equal lanes an element
	stride int
	index  []int32 // nil: e
}

// base is the slice that the operand's elements are in.
func (o *operand[T]) base(ws *Workspace) []T {
	if o.buf < 0 {
		return o.konst
	}
	return *field[T](&ws.bufs[o.buf])
}

// plain reports whether the elements lie in order, panel after panel.
func (o *operand[T]) plain() bool { return o.buf >= 0 && o.index == nil }

// reader prepares reading v, whose elements are taken in the order of index
// (nil: all in order). The value is computed if that has been put off.
func reader[T element](c *compiler, v *value, index []int32) operand[T] {
	c.force(v)
	if v.konst != nil {
		return operand[T]{buf: -1, konst: widened(*field[T](v.konst)), index: index}
	}
	o := operand[T]{buf: v.buf, stride: c.bufs[v.buf].elems, index: v.index}
	if index != nil {
		o.index = index
		if v.index != nil {
			o.index = gathered(v.index, index)
		}
	}
	c.reads = append(c.reads, v.buf)
	return o
}

// widened repeats each element over the lanes.
func widened[T any](from []T) []T {
	out := make([]T, len(from)*lanes)
	for i, v := range from {
		for j := range lanes {
			out[i*lanes+j] = v
		}
	}
	return out
}

// plainReader is reader for steps that need the elements in order: a value
// that is only a view is copied first.
func plainReader[T element](c *compiler, v *value) operand[T] {
	return reader[T](c, c.settled(v), nil)
}

// settled is v with its elements in a buffer of their own, in order.
func (c *compiler) settled(v *value) *value {
	c.force(v)
	if v.konst != nil || v.index == nil && c.bufs[v.buf].elems == v.len() {
		return v
	}
	if v.sources != nil {
		w := &value{typ: v.typ, shape: v.shape, rows: v.rows, outer: v.outer, buf: -1, sources: v.sources}
		c.land(w)
		return w
	}
	reads := c.reads
	c.reads = nil
	w := c.output(v.typ, v.shape, v.rows)
	c.copyTo(w, 0, v)
	c.reads = reads
	return w
}

// copyTo emits a step that puts v's elements into w from element at on.
func (c *compiler) copyTo(w *value, at int, v *value) {
	switch v.typ.Storage() {
	case F32:
		emitCopy[float32](c, w, at, v)
	case F64:
		emitCopy[float64](c, w, at, v)
	case I64:
		emitCopy[int64](c, w, at, v)
	case U64:
		emitCopy[uint64](c, w, at, v)
	case Bools:
		emitCopy[bool](c, w, at, v)
	case Codes:
		emitCopy[int32](c, w, at, v)
	}
}

// run is a stretch of neighbouring elements.
type stretch struct{ from, to, n int }

// copied tells that elements of a buffer are those of another one.
type copied struct {
	to, from int
	list     []stretch
}

// stretches joins neighbours in a map of n elements that go to at, at+1, ….
func stretches(index []int32, at, n int) []stretch {
	if index == nil {
		return []stretch{{0, at, n}}
	}
	var out []stretch
	for i, from := range index {
		if k := len(out) - 1; k >= 0 && out[k].from+out[k].n == int(from) {
			out[k].n++
			continue
		}
		out = append(out, stretch{int(from), at + i, 1})
	}
	return out
}

func emitCopy[T element](c *compiler, w *value, at int, v *value) {
	in := reader[T](c, v, nil)
	list, elems, buf := stretches(in.index, at, v.len()), w.len(), w.buf
	if in.buf >= 0 {
		c.copies = append(c.copies, copied{buf, in.buf, list})
	}
	c.emit("copy", func(ws *Workspace, panels int) {
		from, to := in.base(ws), *field[T](&ws.bufs[buf])
		for p := range panels {
			src, dst := from[p*in.stride*lanes:], to[p*elems*lanes:]
			for _, s := range list {
				copy(dst[s.to*lanes:][:s.n*lanes], src[s.from*lanes:])
			}
		}
	}, buf)
}

// emit adds a step that reads what readers were made for since the last one.
func (c *compiler) emit(name string, run func(ws *Workspace, panels int), writes ...int) {
	c.steps = append(c.steps, step{name, c.reads, writes, run})
	c.reads = nil
}

// emit1 computes out = f(x), element by element, x being broadcast to out. It
// is done at once where x is known.
func emit1[T, U element](c *compiler, name string, out, x *value, f func(dst []U, x []T)) {
	index := spread(x.shape, out.shape)
	if x.konst != nil {
		fold(out, func(dst []U) { f(dst, flat[T](x, index)) })
		return
	}
	in, n, buf := reader[T](c, x, index), out.len(), c.own(out)
	c.emit(name, func(ws *Workspace, panels int) {
		to, from := *field[U](&ws.bufs[buf]), in.base(ws)
		if in.plain() {
			f(to[:panels*n*lanes], from[:panels*n*lanes])
			return
		}
		for p := range panels {
			for e := range n {
				f(to[(p*n+e)*lanes:][:lanes], from[in.place(p, e):][:lanes])
			}
		}
	}, buf)
	c.round(out)
}

// place is where element e of panel p begins.
func (o *operand[T]) place(p, e int) int {
	if o.index != nil {
		e = int(o.index[e])
	}
	return (p*o.stride + e) * lanes
}

// emit2 computes out = f(x, y), element by element, with broadcasting.
func emit2[T, S, U element](c *compiler, name string, out, x, y *value, f func(dst []U, x []T, y []S)) {
	xi, yi := spread(x.shape, out.shape), spread(y.shape, out.shape)
	if x.konst != nil && y.konst != nil {
		fold(out, func(dst []U) { f(dst, flat[T](x, xi), flat[S](y, yi)) })
		return
	}
	a, b, n := reader[T](c, x, xi), reader[S](c, y, yi), out.len()
	buf := c.own(out)
	c.emit(name, func(ws *Workspace, panels int) {
		to, xs, ys := *field[U](&ws.bufs[buf]), a.base(ws), b.base(ws)
		if a.plain() && b.plain() {
			f(to[:panels*n*lanes], xs[:panels*n*lanes], ys[:panels*n*lanes])
			return
		}
		for p := range panels {
			for e := range n {
				f(to[(p*n+e)*lanes:][:lanes], xs[a.place(p, e):][:lanes], ys[b.place(p, e):][:lanes])
			}
		}
	}, buf)
	c.round(out)
}

// emit3 computes out = f(x, y, z), element by element, with broadcasting.
func emit3[T, S, R, U element](c *compiler, name string, out, x, y, z *value, f func(dst []U, x []T, y []S, z []R)) {
	xi, yi, zi := spread(x.shape, out.shape), spread(y.shape, out.shape), spread(z.shape, out.shape)
	if x.konst != nil && y.konst != nil && z.konst != nil {
		fold(out, func(dst []U) { f(dst, flat[T](x, xi), flat[S](y, yi), flat[R](z, zi)) })
		return
	}
	a, b, d, n := reader[T](c, x, xi), reader[S](c, y, yi), reader[R](c, z, zi), out.len()
	buf := c.own(out)
	c.emit(name, func(ws *Workspace, panels int) {
		to, xs, ys, zs := *field[U](&ws.bufs[buf]), a.base(ws), b.base(ws), d.base(ws)
		for p := range panels {
			for e := range n {
				f(to[(p*n+e)*lanes:][:lanes], xs[a.place(p, e):][:lanes], ys[b.place(p, e):][:lanes], zs[d.place(p, e):][:lanes])
			}
		}
	}, buf)
	c.round(out)
}

// own gives a value that has no place yet a buffer.
func (c *compiler) own(v *value) int {
	v.buf = len(c.bufs)
	c.bufs = append(c.bufs, buffer{typ: v.typ, elems: v.len()})
	return v.buf
}

// fold makes out known.
func fold[U element](out *value, fill func(dst []U)) {
	dst := make([]U, out.len())
	fill(dst)
	out.konst = &Lanes{}
	*field[U](out.konst) = dst
	out.roundKnown()
}

// flat are a constant's elements in the order of index.
func flat[T element](v *value, index []int32) []T {
	all := *field[T](v.konst)
	if index == nil {
		return all
	}
	return gathered(all, index)
}

// round emits what brings a narrow type back into its range.
func (c *compiler) round(v *value) {
	f := narrowing(v.typ)
	if f == nil || v.konst != nil {
		return
	}
	buf, n := v.buf, v.len()
	c.reads = append(c.reads, buf)
	c.emit("round", func(ws *Workspace, panels int) { f(&ws.bufs[buf], panels*n*lanes) }, buf)
}

func (v *value) roundKnown() {
	if f := narrowing(v.typ); f != nil {
		f(v.konst, v.len())
	}
}

// narrowing is what rounds or wraps values of a narrow type, nil for the
// others.
func narrowing(t Type) func(l *Lanes, n int) {
	switch t {
	case Float16, BFloat16:
		return func(l *Lanes, n int) {
			for i, v := range l.F32[:n] {
				l.F32[i] = roundTo(t, v)
			}
		}
	case Int8, Int16, Int32, Uint8, Uint16, Uint32:
		return func(l *Lanes, n int) {
			for i, v := range l.I64[:n] {
				l.I64[i] = wrap(t, v)
			}
		}
	}
	return nil
}
