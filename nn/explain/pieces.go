package explain

import (
	"yhat/nn"
	"yhat/nn/internal/kernel"
	"yhat/nn/train"
)

// follow finds the sums of ∂ŷ/∂z_1 along the path of each row of the tile,
// piece by piece: from one kink of any unit to the next. Each row takes as many
// pieces as it meets kinks.
//
// Layer 1 is straight all the way. Where a unit of it meets its kink, the slopes
// of layer 2 change by one row of weights, and what layer 2 was worth until then
// is noted; so neither product of these two layers is made piece by piece. Nor is
// that of layer 3, if it is one unit with a formula and the last: such networks
// are followed to their ends at once.
func (e *Explainer[T]) follow(s *Space[T], r *rule[T]) {
	w, panels := &s.path, s.panels
	if e.kinked == 0 {
		e.set.Dense(e.layers[0].dense, s.x, w.after, panels, false)
		e.repeatBase(w.before, e.layers[0].z0, panels)
		w.step(panels)
		copy(w.sum, e.top(s, panels, r))
		return
	}
	e.start(w, s.x, panels)
	if w.one != nil {
		e.set.Path.Follow(w.corners, w.one, w.at[1].slope, w.worth, panels, e.mostPieces())
	} else {
		e.goOn(s, r)
	}
	e.set.Dense(e.layers[1].back, w.worth, w.on, panels, false)
	e.set.Path.Close(w.corners, e.layers[0].z0, w.end, w.on, w.sum, panels, e.layers[0].alpha)
}

// goOn takes the rows piece after piece from their start to their ends. Those that
// have arrived wait for the others of the panels before them, and since rows of few
// kinks come last, not for long.
func (e *Explainer[T]) goOn(s *Space[T], r *rule[T]) {
	w, panels := &s.path, s.panels
	e.layOut(w, panels)
	for range e.mostPieces() {
		e.reach(w, panels)
		e.advance(w, panels)
		e.fold(w, e.top(s, panels, r), panels)
		e.set.Path.Pass(w.corners, w.dt, panels)
		e.set.Path.Turn(w.corners, w.at[1].slope, w.worth, panels)
		for panels > 0 && w.corners.Arrived(panels-1) {
			panels--
		}
		if panels == 0 {
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

// start puts all rows at their baseline.
func (e *Explainer[T]) start(w *path[T], x []T, panels int) {
	first := &e.layers[0]
	w.corners.Begin(panels)
	e.set.Dense(first.dense, x, w.end, panels, false)
	if !first.straight {
		e.set.Path.Meet(w.corners, first.z0, w.end, panels, first.alpha)
	}
	e.set.Dense(e.launch, w.end, w.at[1].slope, panels, false)
}

// layOut puts the layers above the first at the baseline.
func (e *Explainer[T]) layOut(w *path[T], panels int) {
	clear(w.worth[:panels*e.layers[1].out*nn.Lanes])
	for i := 1; i < len(w.at); i++ {
		l := &e.layers[i]
		e.repeatBase(w.at[i].z, l.z0, panels)
		e.repeatBase(w.at[i].off, l.off, panels)
	}
	if e.kinked < len(e.layers) {
		e.repeatBase(w.after, e.layers[e.kinked].z0, panels)
		e.repeatBase(w.aAfter, e.layers[len(e.layers)-1].a0, panels)
	}
}

// repeatBase sets x to so many copies of a panel.
func (e *Explainer[T]) repeatBase(x, panel []T, panels int) {
	for p := range panels {
		copy(x[p*len(panel):], panel)
	}
}

// reach finds how long each row's piece is.
func (e *Explainer[T]) reach(w *path[T], panels int) {
	e.set.Path.Next(w.corners, w.dt, panels)
	for i := 1; i < e.kinked; i++ {
		l, at := &e.layers[i], &w.at[i]
		if i > 1 {
			below, own := &e.layers[i-1], &w.at[i-1]
			e.set.Path.Bend(own.slope, own.off, own.a, below.out, panels, below.alpha)
			e.set.Dense(l.turned, own.a, at.slope, panels, false)
		}
		if !l.straight {
			e.set.Path.Least(at.z, at.slope, at.off, at.reach, w.dt, l.out, panels)
		}
	}
}

// advance takes the rows to the ends of their pieces.
func (e *Explainer[T]) advance(w *path[T], panels int) {
	w.before, w.after = w.after, w.before
	w.aBefore, w.aAfter = w.aAfter, w.aBefore
	for i := 1; i < e.kinked; i++ {
		at := &w.at[i]
		e.set.Path.Step(at.z, at.slope, w.dt, at.a, e.layers[i].out, panels, e.layers[i].alpha)
	}
	switch k := e.kinked; {
	case k == len(e.layers):
	case k == 1:
		e.set.Path.Step(w.at[1].z, w.at[1].slope, w.dt, w.after, e.layers[1].out, panels, 1)
	default:
		e.set.Dense(e.layers[k].dense, w.at[k-1].a, w.after, panels, false)
	}
}

// fold takes d, which is ∂ŷ/∂z of the first layer that is no kinked line times
// the length of the piece (∂ŷ/∂a of the last layer if all are), down to layer 2
// and adds it to what that is worth.
func (e *Explainer[T]) fold(w *path[T], d []T, panels int) {
	if e.kinked == 1 {
		second := &w.at[1]
		e.set.Path.Fold(d, second.off, second.reach, w.dt, w.worth, e.layers[1].out, panels, 1)
		return
	}
	for i := e.kinked - 1; i > 0; i-- {
		if i+1 < len(e.layers) {
			below := w.other(d)
			e.set.Dense(e.layers[i+1].back, d, below, panels, false)
			d = below
		}
		sum := w.worth
		if i > 1 {
			sum = nil
		}
		at := &w.at[i]
		e.set.Path.Fold(d, at.off, at.reach, w.dt, sum, e.layers[i].out, panels, e.layers[i].alpha)
	}
}

// other is the delta that d is not.
func (w *path[T]) other(d []T) []T {
	if &d[0] == &w.delta[0][0] {
		return w.delta[1]
	}
	return w.delta[0]
}

// top is ∂ŷ/∂z of the first layer that is no kinked line, integrated over the
// piece; ∂ŷ/∂a of the last layer if all are, whose slope comes later. r is used
// where no formula helps.
func (e *Explainer[T]) top(s *Space[T], panels int, r *rule[T]) []T {
	w, k, n := &s.path, e.kinked, panels*nn.Lanes
	if k == len(e.layers) {
		d := w.delta[0][:n*e.layers[k-1].out]
		s.choose(d, e.layers[k-1].out, 1)
		return d
	}
	l := &e.layers[k]
	c, curve := kernel.CurveOf[T](l.act.Func)
	if k < len(e.layers)-1 || !curve {
		return e.topByRule(s, panels, r)
	}
	d := w.delta[0][:n*l.out]
	copy(w.aAfter, w.after[:n*l.out])
	e.set.Activate(l.act, w.aAfter, l.out, panels)
	if k == 0 {
		e.repeatBase(w.aBefore, l.a0, panels)
	}
	if l.out == 1 {
		e.set.Path.Secant(c, w.before, w.after, w.aBefore, w.aAfter, w.dt, d)
		return d
	}
	for at := 0; at < len(d); at += nn.Lanes {
		p := at / l.out / nn.Lanes * nn.Lanes
		e.set.Path.Secant(c, w.before[at:], w.after[at:], w.aBefore[at:], w.aAfter[at:], w.dt[p:], d[at:at+nn.Lanes])
	}
	s.only(d, l.out)
	return d
}

// topByRule is top by Gauss's rule on the piece, for layers that have no
// formula.
func (e *Explainer[T]) topByRule(s *Space[T], panels int, r *rule[T]) []T {
	w, k := &s.path, e.kinked
	n := panels * e.layers[k].out * nn.Lanes
	sum := w.above[:n]
	clear(sum)
	into := w.input(&e.layers[k], k)
	for i, node := range r.nodes {
		e.set.Path.Mix(w.before[:n], w.after[:n], node, into)
		e.set.Path.Sum(e.derive(s, panels, r.weights[i])[:n], sum)
	}
	return sum
}

// input is where z_i is put: beside a_i, if σ' is computed from it, else where
// a_i will be.
func (w *path[T]) input(l *layer[T], i int) []T {
	if train.NeedsInput(l.act.Func) {
		return w.z[i]
	}
	return w.a[i]
}

// derive is ∂ŷ/∂z of the first layer that is no kinked line, at the input of the
// path, times weight and the length of the piece.
func (e *Explainer[T]) derive(s *Space[T], panels int, weight T) []T {
	w, k, last := &s.path, e.kinked, len(e.layers)-1
	for i := k; i <= last; i++ {
		l := &e.layers[i]
		if i > k {
			e.set.Dense(l.dense, w.a[i-1], w.input(l, i), panels, false)
		}
		if train.NeedsInput(l.act.Func) {
			copy(w.a[i][:panels*l.out*nn.Lanes], w.z[i])
		}
		e.set.Activate(l.act, w.a[i], l.out, panels)
	}
	d := w.delta[0]
	s.choose(d[:panels*e.layers[last].out*nn.Lanes], e.layers[last].out, weight)
	for i := last; ; i-- {
		l := &e.layers[i]
		train.Chain(e.set, l.act, w.z[i], w.a[i], d, w.other(d), l.out, panels)
		if i == k {
			return d
		}
		below := w.other(d)
		e.set.Dense(l.back, d, below, panels, false)
		d = below
	}
}

// choose sets d ([panel][units][32]) to weight times the length of the piece
// for the explained output of each row, and to 0 for the others.
func (s *Space[T]) choose(d []T, units int, weight T) {
	dt := s.path.dt[:len(d)/units]
	if units == 1 {
		for i, by := range dt {
			d[i] = weight * by
		}
		return
	}
	clear(d)
	for i, by := range dt {
		d[(i/nn.Lanes*units+int(s.target[i]))*nn.Lanes+i%nn.Lanes] = weight * by
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

// step makes one piece of the whole path.
func (w *path[T]) step(panels int) {
	for i := range w.dt[:panels*nn.Lanes] {
		w.dt[i] = 1
	}
}
