package kernel

// genericBlock units are made at once by the generic dense product: with two
// lanes each, their sums and factors still fit the registers that the compiler
// uses on amd64.
const genericBlock = 3

// Generic is the set of plain Go loops.
func Generic[T Float]() *Set[T] {
	return &Set[T]{
		Name:     "generic",
		Block:    atMost(genericBlock),
		Dense:    denseGeneric[T],
		Activate: activateGeneric[T],
		Encode:   encodeGeneric[T],
		Outer:    outerGeneric[T],
		Slope:    slopeGeneric[T],
		Spread:   spreadGeneric[T],
		SetRows:  rowsGeneric[T], SetColumns: columnsGeneric[T],
		Share:    shareGeneric[T],
		Penalise: penaliseGeneric,
		Adam:     adamGeneric,
		Tally:    tallyGeneric,
		Path:     pathGeneric[T](),
	}
}

// denseGeneric sums the products in the order of the inputs, then adds the
// bias: the linear map, then the shift.
func denseGeneric[T Float](d *Dense[T], x, y []T, panels int, relu bool) {
	for p := range panels {
		xp := x[p*d.X*Lanes:][:d.In*Lanes]
		yp := y[p*d.Y*Lanes:][:d.Out*Lanes]
		for _, b := range d.Blocks {
			w := d.W[b.Offset:][:b.Units*(d.In+1)]
			out := yp[b.First*Lanes:][:b.Units*Lanes]
			switch b.Units {
			case 1:
				dense1(w, xp, out)
			case 2:
				dense2(w, xp, out)
			case 3:
				dense3(w, xp, out)
			}
			if relu {
				reluGeneric(out)
			}
		}
	}
}

func dense1[T Float](w, x, y []T) {
	bias, w := w[0], w[1:]
	y = y[:Lanes]
	for j := 0; j < Lanes; j += 4 {
		var s0, s1, s2, s3 T
		for k, at := 0, j; k < len(w); k, at = k+1, at+Lanes {
			v, in := w[k], x[at:at+4:at+4]
			s0 += v * in[0]
			s1 += v * in[1]
			s2 += v * in[2]
			s3 += v * in[3]
		}
		out := y[j : j+4 : j+4]
		out[0], out[1], out[2], out[3] = s0+bias, s1+bias, s2+bias, s3+bias
	}
}

func dense2[T Float](w, x, y []T) {
	b0, b1 := w[0], w[1]
	w = w[2:]
	y0, y1 := y[:Lanes], y[Lanes:2*Lanes]
	for j := 0; j < Lanes; j += 2 {
		var p0, p1, q0, q1 T
		at := j
		for v := w; len(v) >= 2; v = v[2:] {
			in := x[at : at+2 : at+2]
			p0 += v[0] * in[0]
			p1 += v[0] * in[1]
			q0 += v[1] * in[0]
			q1 += v[1] * in[1]
			at += Lanes
		}
		y0[j], y0[j+1] = p0+b0, p1+b0
		y1[j], y1[j+1] = q0+b1, q1+b1
	}
}

func dense3[T Float](w, x, y []T) {
	b0, b1, b2 := w[0], w[1], w[2]
	w = w[3:]
	y0, y1, y2 := y[:Lanes], y[Lanes:2*Lanes], y[2*Lanes:3*Lanes]
	for j := 0; j < Lanes; j += 2 {
		var p0, p1, q0, q1, r0, r1 T
		at := j
		for v := w; len(v) >= 3; v = v[3:] {
			in := x[at : at+2 : at+2]
			p0 += v[0] * in[0]
			p1 += v[0] * in[1]
			q0 += v[1] * in[0]
			q1 += v[1] * in[1]
			r0 += v[2] * in[0]
			r1 += v[2] * in[1]
			at += Lanes
		}
		y0[j], y0[j+1] = p0+b0, p1+b0
		y1[j], y1[j+1] = q0+b1, q1+b1
		y2[j], y2[j+1] = r0+b2, r1+b2
	}
}
