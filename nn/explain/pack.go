package explain

import "yhat/nn"

// mostKinks is up to what number of kinks rows are sorted.
const mostKinks = 255

// integrate finds the integrated gradients of a chunk's rows, tile by tile. Rows
// that meet about as many kinks go side by side, so that few wait for others.
// The rows whose sums are not right yet go through again with the next rule; so
// do, once, all rows of functions with corners: of these twice the nodes must
// change no contribution by much. What a row gives is what the first rule that
// was good enough for it gave.
func (e *Explainer[T]) integrate(s *Space[T], c *chunk[T]) {
	rows := e.sorted(s, c)
	for i := range max(1, len(e.rules)) {
		var r *rule[T]
		if len(e.rules) > 0 {
			r = &e.rules[i]
		}
		left := rows[:0]
		for len(rows) > 0 {
			n := min(len(rows), e.tile*nn.Lanes)
			e.gather(s, c, rows[:n])
			e.follow(s, r)
			e.contribute(s)
			left = e.scatter(s, c, rows[:n], left, i)
			rows = rows[n:]
		}
		if rows = left; len(rows) == 0 || r == nil {
			return
		}
	}
}

// sorted are all rows of the chunk, those of most kinks first as far as the
// signs at both ends of a path tell them.
func (e *Explainer[T]) sorted(s *Space[T], c *chunk[T]) []int32 {
	counts, rows := s.counts[:c.panels*nn.Lanes], s.rows[:c.panels*nn.Lanes]
	if e.kinked == 0 {
		for i := range rows {
			rows[i] = int32(i)
		}
		return rows
	}
	clear(counts)
	for p := 0; p < c.panels; p += e.tile {
		n := min(e.tile, c.panels-p)
		e.count(s, c.x[p*e.layers[0].in*nn.Lanes:], counts[p*nn.Lanes:], n)
	}
	clear(s.starts)
	for i, n := range counts {
		counts[i] = mostKinks - min(n, mostKinks)
		s.starts[counts[i]]++
	}
	at := int32(0)
	for i, n := range s.starts {
		s.starts[i], at = at, at+n
	}
	for i, n := range counts {
		rows[s.starts[n]] = int32(i)
		s.starts[n]++
	}
	return rows
}

// count counts the kinks of rows, at least.
func (e *Explainer[T]) count(s *Space[T], x []T, counts []int32, panels int) {
	w := &s.path
	for i := range e.kinked {
		l := &e.layers[i]
		z := w.delta[i%2]
		e.set.Dense(l.dense, x, z, panels, false)
		if !l.straight {
			e.set.Path.Count(l.z0, z, counts, l.out, panels)
		}
		if i+1 < e.kinked {
			e.set.Activate(l.act, z, l.out, panels)
		}
		x = z
	}
}

// locate finds where the tile's rows lie among panels of width numbers a row, in
// bytes of float32; row 0 fills it up.
func (s *Space[T]) locate(rows []int32, width int) {
	for i, row := range rows {
		lane := row & (nn.Lanes - 1)
		s.place[i] = 4 * ((row-lane)*int32(width) + lane)
	}
	for i := len(rows); i < s.panels*nn.Lanes; i++ {
		s.place[i] = s.place[0]
	}
}

// gather makes a tile of some rows.
func (e *Explainer[T]) gather(s *Space[T], c *chunk[T], rows []int32) {
	s.panels = nn.Panels(len(rows))
	if len(e.baseY) > 1 {
		for i, row := range rows {
			s.target[i] = c.outputs[row]
		}
	}
	s.locate(rows, e.layers[0].in)
	e.set.Path.Take(c.x, s.place, s.x, e.layers[0].in, s.panels)
}

// scatter takes the contributions of a tile's rows to their places, and appends
// to left the rows that the i-th rule was not good enough for.
func (e *Explainer[T]) scatter(s *Space[T], c *chunk[T], rows, left []int32, i int) []int32 {
	last, tolerance := i >= len(e.rules)-1, T(closeEnough)
	if last {
		tolerance = Tolerance
	}
	if len(e.features) != e.layers[0].in {
		s.locate(rows, len(e.features))
	}
	for k := len(rows); k < s.panels*nn.Lanes; k++ {
		e.fill(s, k)
	}
	single, from := len(e.baseY) == 1, e.baseY[0]
	for k, row := range rows {
		row := uint(row)
		apart := true
		if single { // nearly all rows are near, and need not be looked at closely
			gap := s.total[k] - (c.y[row] - from)
			apart = !(gap <= tolerance && -gap <= tolerance)
		}
		apart = apart && e.apart(c, row, s.total[k], tolerance)
		switch {
		case last && apart:
			c.failed[row/nn.Lanes] |= 1 << (row % nn.Lanes)
		case !last && (apart || !e.smooth && (i == 0 || e.changed(s, c, k))):
			left = append(left, int32(row))
		}
	}
	e.set.Path.Put(c.phi, s.place, s.phi, len(e.features), s.panels)
	return left
}

// fill lets lane k, which is no row, contribute what the first row does, whose
// place it has.
func (e *Explainer[T]) fill(s *Space[T], k int) {
	n := len(e.features)
	for f := range n {
		s.phi[(k/nn.Lanes*n+f)*nn.Lanes+k%nn.Lanes] = s.phi[f*nn.Lanes]
	}
}

// changed reports whether twice the nodes changed a contribution of lane k by
// much.
func (e *Explainer[T]) changed(s *Space[T], c *chunk[T], k int) bool {
	n := len(e.features)
	for f := range n {
		v := s.phi[(k/nn.Lanes*n+f)*nn.Lanes+k%nn.Lanes]
		if by := v - c.phi[int(s.place[k])/4+f*nn.Lanes]; !(max(by, -by) <= closeEnough*max(1, v, -v)) {
			return true
		}
	}
	return false
}
