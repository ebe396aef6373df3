package explain

import (
	"yhat/nn"
	"yhat/nn/internal/kernel"
	"yhat/nn/train"
)

// follow sums ∂ŷ/∂z_1 along the path of each row, piece by piece. Layer i's z
// is straight up to the next kink below it; where it crosses 0 on the way ends
// the stretch of the layer above. The last of these ends is where all z are
// straight up to. Each row takes as many pieces as it meets kinks; rows that
// have arrived wait for the others of the tile.
func (e *Explainer[T]) follow(s *Space[T], t *tile[T], r *rule[T]) {
	w, n := &s.path, t.panels*nn.Lanes
	e.start(w, t)
	for range e.mostPieces() {
		e.cut(w, t.panels)
		d := e.top(s, t, r)
		for i := e.kinked - 1; i >= 0; i-- {
			l := &e.layers[i]
			if i+1 < len(e.layers) {
				below := w.other(d)
				e.set.Dense(e.layers[i+1].back, d, below, t.panels, false)
				d = below
			}
			sum := w.sum
			if i > 0 {
				sum = nil
			}
			e.set.Path.Slope(&w.z[i], w.t, w.ends[e.kinked], d, sum, t.panels, l.alpha)
		}
		if e.kinked == 0 {
			copy(w.sum, d)
		}
		next := w.ends[e.kinked]
		for i := 1; i < len(e.layers) && i <= e.kinked; i++ {
			e.set.Path.Advance(&w.z[i], next, t.panels)
		}
		copy(w.t[:n], next)
		if arrived(w.t[:n]) {
			return
		}
	}
}

// mostPieces bounds the pieces of a path, should numbers that are none keep it
// from its end: a row that has not arrived then does not sum to ŷ − ŷ₀.
func (e *Explainer[T]) mostPieces() int {
	units, deep := 0, 1
	for i := range e.layers {
		if !e.layers[i].straight {
			units += e.layers[i].out
			deep++
		}
	}
	return 8 + deep*units
}

func arrived[T nn.Float](t []T) bool {
	for _, v := range t {
		if v < 1 {
			return false
		}
	}
	return true
}

// other is the delta that d is not.
func (w *path[T]) other(d []T) []T {
	if &d[0] == &w.delta[0][0] {
		return w.delta[1]
	}
	return w.delta[0]
}

// start puts all rows at their baseline.
func (e *Explainer[T]) start(w *path[T], t *tile[T]) {
	n := t.panels * nn.Lanes
	clear(w.t[:n])
	clear(w.sum[:n*e.layers[0].out])
	e.set.Dense(e.layers[0].dense, t.x, w.z[0].Z1, t.panels, false)
	for i := range e.layers {
		z := &w.z[i]
		clear(z.Start[:n])
		for p := 0; p < t.panels && !z.Same; p++ {
			copy(z.Z0[p*z.Units*nn.Lanes:], e.layers[i].z0)
		}
	}
	if e.kinked > 0 {
		e.set.Path.Crossings(&w.z[0], w.tau[0], t.panels)
	}
	last := len(e.layers) - 1
	for p := range t.panels {
		copy(w.before[p*e.layers[last].out*nn.Lanes:], e.layers[last].a0)
	}
}

// cut finds the end of each row's piece, and the last layer's z there.
func (e *Explainer[T]) cut(w *path[T], panels int) {
	for i := range e.kinked {
		l, z := &e.layers[i], &w.z[i]
		if l.straight {
			copy(w.ends[i+1][:panels*nn.Lanes], w.ends[i])
		} else {
			if i > 0 {
				e.set.Path.Crossings(z, w.tau[i], panels)
			}
			e.set.Path.Next(l.out, w.tau[i], w.t, w.ends[i], w.ends[i+1], panels)
		}
		if i+1 < len(e.layers) {
			e.set.Path.Between(z, w.ends[i+1], w.a[i], panels, l.alpha)
			e.set.Dense(e.layers[i+1].dense, w.a[i], w.z[i+1].Z1, panels, false)
		}
	}
}

// top is ∂ŷ/∂z of the first layer that is no kinked line, integrated over the
// piece; ∂ŷ/∂a of the last layer if all are, whose slope comes later. r is used
// where no formula helps.
func (e *Explainer[T]) top(s *Space[T], t *tile[T], r *rule[T]) []T {
	w, k, n := &s.path, e.kinked, t.panels*nn.Lanes
	next := w.ends[k]
	if k == len(e.layers) {
		d := w.delta[0][:n*e.layers[k-1].out]
		s.choose(d, e.layers[k-1].out, func(i int) T { return next[i] - w.t[i] })
		return d
	}
	l, z := &e.layers[k], &w.z[k]
	c, curve := kernel.CurveOf[T](l.act.Func)
	if k < len(e.layers)-1 || !curve {
		return e.topByRule(s, t, r)
	}
	d, after := w.delta[0][:n*l.out], w.a[k][:n*l.out]
	copy(after, z.Z1)
	e.set.Activate(l.act, after, l.out, t.panels)
	if l.out == 1 {
		e.set.Path.Secant(c, z.Z0, z.Z1, w.before, after, w.t, next, d)
	} else {
		for at := 0; at < len(d); at += nn.Lanes {
			p := at / l.out / nn.Lanes * nn.Lanes
			e.set.Path.Secant(c, z.Z0[at:], z.Z1[at:], w.before[at:], after[at:], w.t[p:], next[p:], d[at:at+nn.Lanes])
		}
		s.only(d, l.out)
	}
	w.a[k], w.before = w.before, w.a[k]
	return d
}

// topByRule is top by Gauss's rule on the piece, for layers that have no
// formula.
func (e *Explainer[T]) topByRule(s *Space[T], t *tile[T], r *rule[T]) []T {
	w, k, n := &s.path, e.kinked, t.panels*nn.Lanes
	next, sum := w.ends[k], w.above[:n*e.layers[k].out]
	clear(sum)
	for i, node := range r.nodes {
		for j, from := range w.t[:n] {
			w.node[j] = from + (next[j]-from)*node
		}
		e.set.Path.Between(&w.z[k], w.node, w.tau[k], t.panels, 1)
		for j, v := range e.derive(s, t, r.weights[i])[:len(sum)] {
			sum[j] += v
		}
	}
	return sum
}

// derive is ∂ŷ/∂z of the first layer that is no kinked line, at the z in its
// tau, times weight and the length of the piece.
func (e *Explainer[T]) derive(s *Space[T], t *tile[T], weight T) []T {
	w, k, last := &s.path, e.kinked, len(e.layers)-1
	for i := k; i <= last; i++ {
		l := &e.layers[i]
		if i > k {
			e.set.Dense(l.dense, w.a[i-1], w.tau[i], t.panels, false)
		}
		copy(w.a[i][:t.panels*l.out*nn.Lanes], w.tau[i])
		e.set.Activate(l.act, w.a[i], l.out, t.panels)
	}
	d, next := w.delta[0], w.ends[k]
	s.choose(d[:t.panels*e.layers[last].out*nn.Lanes], e.layers[last].out, func(j int) T { return weight * (next[j] - w.t[j]) })
	for i := last; ; i-- {
		l := &e.layers[i]
		train.Chain(e.set, l.act, w.tau[i], w.a[i], d, l.out, t.panels)
		if i == k {
			return d
		}
		below := w.other(d)
		e.set.Dense(l.back, d, below, t.panels, false)
		d = below
	}
}

// choose sets d ([panel][units][32]) to value for the explained output of each
// row, and to 0 for the others.
func (s *Space[T]) choose(d []T, units int, value func(row int) T) {
	clear(d)
	for i := range len(d) / units {
		d[(i/nn.Lanes*units+int(s.target[i]))*nn.Lanes+i%nn.Lanes] = value(i)
	}
}

// only clears d but for the explained output of each row.
func (s *Space[T]) only(d []T, units int) {
	for at := 0; at < len(d); at += nn.Lanes {
		row := at / units / nn.Lanes * nn.Lanes
		unit := int32(at / nn.Lanes % units)
		for j, wanted := range s.target[row : row+nn.Lanes] {
			if wanted != unit {
				d[at+j] = 0
			}
		}
	}
}
