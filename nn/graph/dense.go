package graph

import (
	"fmt"

	"yhat/nn/internal/kernel"
)

// compileGemm is Y = alpha A' B' + beta C, where A' and B' are A and B or
// their transposes.
func compileGemm(n *node) error {
	a, b, err := n.two()
	if err != nil {
		return err
	}
	if len(a.shape) != 2 || len(b.shape) != 2 {
		return fmt.Errorf("shapes %v and %v, want matrices", a.shape, b.shape)
	}
	if n.int("transA", 0) != 0 {
		a = n.c.transpose(a, []int{1, 0})
	}
	if n.int("transB", 0) != 0 {
		b = n.c.transpose(b, []int{1, 0})
	}
	alpha, beta := n.float("alpha", 1), n.float("beta", 1)
	y, err := n.c.multiply(a, b, alpha)
	if err != nil {
		return err
	}
	n.set(0, y)
	third := n.input(2)
	if third == nil || beta == 0 {
		return nil
	}
	if p := y.pending; p != nil && third.konst != nil && p.addBias(third, y, beta) {
		return nil
	}
	return n.addScaled(y, third, beta)
}

// addScaled makes result 0 the sum y + beta z.
func (n *node) addScaled(y, z *value, beta float64) error {
	n.c.force(y)
	n.c.force(z)
	if beta != 1 {
		scaled := &value{typ: z.typ, shape: z.shape, rows: z.rows, buf: -1}
		scale := func(v float64) float64 { return beta * v }
		if err := n.c.mapFloat("scale", scaled, z, scale); err != nil {
			return err
		}
		z = scaled
	}
	shape, rows, err := n.c.broadcast(y, z)
	if err != nil {
		return err
	}
	out := &value{typ: y.typ, shape: shape, rows: rows, buf: -1}
	n.set(0, out)
	return n.c.binary("Add", out, y, z)
}

// compileMatMul is NumPy's matmul.
func compileMatMul(n *node) error {
	a, b, err := n.two()
	if err != nil {
		return err
	}
	y, err := n.c.multiply(a, b, 1)
	n.set(0, y)
	return err
}

// multiply is the product of two tensors as NumPy's matmul has it, times
// alpha. With a constant matrix on the right it becomes a dense product.
func (c *compiler) multiply(a, b *value, alpha float64) (*value, error) {
	if a.typ != b.typ {
		return nil, fmt.Errorf("element types %s and %s", a.typ, b.typ)
	}
	if b.konst != nil && len(b.shape) == 2 && a.konst == nil && len(a.shape) >= 2 && (a.typ == Float32 || a.typ == Float64) {
		return c.dense(a, b, alpha)
	}
	c.force(a)
	c.force(b)
	y, err := c.matmul(a, b)
	if err != nil || alpha == 1 {
		return y, err
	}
	scaled := &value{typ: y.typ, shape: y.shape, rows: y.rows, buf: -1}
	return scaled, c.mapFloat("scale", scaled, y, func(v float64) float64 { return alpha * v })
}

// dense is x W with a constant matrix W of in×out elements.
func (c *compiler) dense(x, w *value, alpha float64) (*value, error) {
	last := len(x.shape) - 1
	in, out := w.shape[0], w.shape[1]
	if x.shape[last] != in {
		return nil, fmt.Errorf("shapes %v and %v do not fit together", x.shape, w.shape)
	}
	if err := x.acrossRows(last); err != nil {
		return nil, err
	}
	if in == 0 || out == 0 || x.len() == 0 {
		return c.matmul(c.forced(x), w)
	}
	shape := append(append([]int{}, x.shape[:last]...), out)
	if err := c.bounded(shape); err != nil {
		return nil, err
	}
	c.force(x)
	p := &product{x: x, in: in, out: out, w: make([]float64, in*out), b: make([]float64, out)}
	all, err := w.floats()
	if err != nil {
		return nil, err
	}
	for k := range in {
		for u := range out {
			p.w[u*in+k] = all[k*out+u] * alpha
		}
	}
	return &value{typ: x.typ, shape: shape, rows: x.rows, buf: -1, pending: p}, nil
}

func (c *compiler) forced(v *value) *value {
	c.force(v)
	return v
}

// addBias adds times·z to the bias, if z is a constant that has one number a
// unit or one for all.
func (p *product) addBias(z, y *value, times float64) bool {
	b, err := z.floats()
	if err != nil || z.typ != y.typ || len(z.shape) > len(y.shape) {
		return false
	}
	if len(b) != 1 && (len(b) != p.out || z.shape[len(z.shape)-1] != p.out) {
		return false
	}
	sum := make([]float64, p.out)
	for u := range sum {
		v := b[0]
		if len(b) > 1 {
			v = b[u]
		}
		sum[u] = p.b[u] + times*v
	}
	p.b = sum
	return true
}

// fuseBias makes Add (times 1) or Sub (times -1) of a constant part of the
// product before it.
func (n *node) fuseBias(times float64) bool {
	for i := range 2 {
		p := n.absorbs(i)
		if p == nil || len(n.in) != 2 || n.in[1-i] == nil || n.in[1-i].konst == nil || i == 1 && times < 0 {
			continue
		}
		q := *p
		if !q.addBias(n.in[1-i], n.in[i], times) {
			return false
		}
		n.become(n.in[i], &q)
		return true
	}
	return false
}

// fuseActivation makes a nonlinearity part of the product before it.
func (n *node) fuseActivation(act kernel.Activation[float64]) bool {
	p := n.absorbs(0)
	if p == nil {
		return false
	}
	q := *p
	q.act = act
	n.become(n.in[0], &q)
	return true
}

// matmul multiplies two tensors that are computed both.
func (c *compiler) matmul(a, b *value) (*value, error) {
	g, err := c.matmulShape(a, b)
	if err != nil {
		return nil, err
	}
	return c.contract(a, b, g)
}

// foldProducts bounds the products of a contraction of constants.
const foldProducts = 1 << 30

// contract emits a contraction.
func (c *compiler) contract(a, b *value, g *contraction) (*value, error) {
	if a.konst != nil && b.konst != nil {
		if n := count(g.shape); g.depth > 0 && n > foldProducts/g.depth {
			return nil, fmt.Errorf("it computes too large a constant")
		}
		return c.foldContraction(a, b, g)
	}
	out := c.output(a.typ, g.shape, g.rows)
	switch a.typ.Storage() {
	case F32:
		emitContraction[float32](c, out, a, b, g)
	case F64:
		emitContraction[float64](c, out, a, b, g)
	case I64:
		emitContraction[int64](c, out, a, b, g)
	case U64:
		emitContraction[uint64](c, out, a, b, g)
	default:
		return nil, fmt.Errorf("element type %s", a.typ)
	}
	c.round(out)
	return out, nil
}

// foldContraction computes a contraction of constants.
func (c *compiler) foldContraction(a, b *value, g *contraction) (*value, error) {
	out := &value{typ: a.typ, shape: g.shape, rows: g.rows, buf: -1}
	switch a.typ.Storage() {
	case F32:
		fold(out, func(d []float32) { contractKnown(d, a.konst.F32, b.konst.F32, g) })
	case F64:
		fold(out, func(d []float64) { contractKnown(d, a.konst.F64, b.konst.F64, g) })
	case I64:
		fold(out, func(d []int64) { contractKnown(d, a.konst.I64, b.konst.I64, g) })
	case U64:
		fold(out, func(d []uint64) { contractKnown(d, a.konst.U64, b.konst.U64, g) })
	default:
		return nil, fmt.Errorf("element type %s", a.typ)
	}
	return out, nil
}

func contractKnown[T number](d, x, y []T, g *contraction) {
	for o := range d {
		for k := range g.depth {
			d[o] += x[g.aBase[o]+g.aOff[k]] * y[g.bBase[o]+g.bOff[k]]
		}
	}
}

// contraction is out[o] = Σ_k a[aBase[o] + aOff[k]] b[bBase[o] + bOff[k]].
type contraction struct {
	shape        []int
	rows         int
	depth        int
	aBase, bBase []int32
	aOff, bOff   []int32 // of the summed places
}

// matmulShape resolves which elements are multiplied. Vectors become matrices
// for the product, as in NumPy.
func (c *compiler) matmulShape(a, b *value) (*contraction, error) {
	if len(a.shape) == 0 || len(b.shape) == 0 {
		return nil, fmt.Errorf("a scalar where a matrix is needed")
	}
	as, bs, ar, br := a.shape, b.shape, a.rows, b.rows
	if len(as) == 1 {
		as = append([]int{1}, as...)
		if ar >= 0 {
			ar++
		}
	}
	if len(bs) == 1 {
		bs = []int{bs[0], 1}
	}
	ra, rb := len(as), len(bs)
	if as[ra-1] != bs[rb-2] {
		return nil, fmt.Errorf("shapes %v and %v do not fit together", a.shape, b.shape)
	}
	if ar == ra-1 || br == rb-2 {
		return nil, fmt.Errorf("%w: it sums over the batch axis", errMixes)
	}
	// The axes before the last two are broadcast; a batch axis among the last
	// two of one factor must have nothing beside it.
	ao := &value{shape: as[:ra-2], rows: outer(ar, ra-2)}
	bo := &value{shape: bs[:rb-2], rows: outer(br, rb-2)}
	shape, rows, err := c.broadcast(ao, bo)
	if err != nil {
		return nil, err
	}
	lead := len(shape)
	if ar == ra-2 && br >= 0 || br == rb-1 && ar >= 0 {
		return nil, fmt.Errorf("%w: each row meets every other", errMixes)
	}
	if ar == ra-2 {
		rows = lead
	}
	if br == rb-1 {
		rows = lead + 1
	}
	g := &contraction{rows: rows, depth: as[ra-1]}
	full := append(append([]int{}, shape...), as[ra-2], bs[rb-1])
	if err := c.bounded(full); err != nil {
		return nil, err
	}
	g.aBase = walk(full, matmulSteps(as, lead, true), 0)
	g.bBase = walk(full, matmulSteps(bs, lead, false), 0)
	sa, sb := strides(as), strides(bs)
	for k := range g.depth {
		g.aOff = append(g.aOff, int32(k*sa[ra-1]))
		g.bOff = append(g.bOff, int32(k*sb[rb-2]))
	}
	g.shape = full
	if len(a.shape) == 1 {
		g.dropAxis(lead)
	}
	if len(b.shape) == 1 {
		g.dropAxis(len(g.shape) - 1)
	}
	return g, nil
}

// outer is a batch axis if it is one of the first n axes.
func outer(rows, n int) int {
	if rows < n {
		return rows
	}
	return -1
}

func (g *contraction) dropAxis(axis int) {
	g.shape = append(append([]int{}, g.shape[:axis]...), g.shape[axis+1:]...)
	if g.rows > axis {
		g.rows--
	}
}

// matmulSteps are the steps through a factor for each axis of the product.
func matmulSteps(shape []int, lead int, left bool) []int {
	own, r := strides(shape), len(shape)
	steps := make([]int, lead+2)
	for i := range r - 2 {
		if shape[i] != 1 {
			steps[lead-(r-2)+i] = own[i]
		}
	}
	if left {
		steps[lead] = own[r-2]
	} else {
		steps[lead+1] = own[r-1]
	}
	return steps
}

// emitContraction sums products in the order of k, in the values' own type.
func emitContraction[T number](c *compiler, out, x, y *value, g *contraction) {
	a, b := plainReader[T](c, x), plainReader[T](c, y)
	n, buf := out.len(), out.buf
	c.emit("matmul", func(ws *Workspace, panels int) {
		to, xs, ys := *field[T](&ws.bufs[buf]), a.base(ws), b.base(ws)
		for p := range panels {
			for o := range n {
				dst := to[(p*n+o)*lanes:][:lanes]
				clear(dst)
				xp, yp := p*a.stride+int(g.aBase[o]), p*b.stride+int(g.bBase[o])
				for k := range g.depth {
					u, v := xs[(xp+int(g.aOff[k]))*lanes:][:lanes], ys[(yp+int(g.bOff[k]))*lanes:][:lanes]
					for j := range dst {
						dst[j] += u[j] * v[j]
					}
				}
			}
		}
	}, buf)
}
