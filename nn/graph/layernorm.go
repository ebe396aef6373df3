package graph

import "math"

// fuseNorm makes result 0 a layer normalisation in one pass over each row,
// where scale and shift are constants of the normalised axes' extent and
// nobody wants the statistics. centred is false for RMSNormalization, which
// takes no mean off.
func (n *node) fuseNorm(x *value, axis int, centred bool) bool {
	m := count(x.shape[axis:])
	scale, shift := n.input(1), n.input(2)
	if m == 0 || n.wants(1) || n.wants(2) || x.konst != nil || scale.konst == nil || scale.len() != m || scale.typ != x.typ {
		return false
	}
	if shift != nil && (shift.konst == nil || shift.len() != m || shift.typ != x.typ || !centred) {
		return false
	}
	out := like(x, x.typ)
	switch x.typ {
	case Float32:
		emitNorm[float32](n, out, x, m, centred)
	case Float64:
		emitNorm[float64](n, out, x, m, centred)
	default:
		return false
	}
	n.set(0, out)
	return true
}

func emitNorm[T floating](n *node, out, x *value, m int, centred bool) {
	epsilon := n.float("epsilon", 1e-5)
	scale := *field[T](n.in[1].konst)
	shift := make([]T, m)
	if n.input(2) != nil {
		shift = *field[T](n.in[2].konst)
	}
	in, total := plainReader[T](n.c, x), x.len()
	buf := n.c.own(out)
	n.c.emit(n.Op, func(ws *Workspace, panels int) {
		to, from := *field[T](&ws.bufs[buf]), in.base(ws)
		for at := 0; at < panels*total*lanes; at += m * lanes {
			normalised(to[at:][:m*lanes], from[at:][:m*lanes], scale, shift, epsilon, centred)
		}
	}, buf)
}

// normalised is scale (x − mean) / √(variance + epsilon) + shift for the
// elements of 32 rows.
func normalised[T floating](d, x, scale, shift []T, epsilon float64, centred bool) {
	var mean, factor [lanes]T
	count := T(len(scale))
	if centred {
		for e := range scale {
			for j, v := range x[e*lanes:][:lanes] {
				mean[j] += v
			}
		}
		for j := range mean {
			mean[j] /= count
		}
	}
	for e := range scale {
		for j, v := range x[e*lanes:][:lanes] {
			v -= mean[j]
			factor[j] += v * v
		}
	}
	for j, s := range factor {
		factor[j] = T(1 / math.Sqrt(float64(s/count)+epsilon))
	}
	for e, s := range scale {
		b := shift[e]
		out := d[e*lanes:][:lanes]
		for j, v := range x[e*lanes:][:lanes] {
			out[j] = (v-mean[j])*factor[j]*s + b
		}
	}
}
