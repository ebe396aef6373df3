package kernel

import "math"

// Path are loops that follow each row along a straight line of inputs, from
// t = 0 to t = 1, through layers whose σ is a kinked line: z for z > 0, else
// αz with 0 ≤ α ≤ 1. Up to the next kink of any unit all of them are straight.
//
// A Stretch of a layer is a part of the path on which its z are straight.
type Path[T Float] struct {
	// Crossings sets tau ([panel][unit][32]) to the t at which each unit of the
	// stretch is 0; where that is not between its ends, to any number or none.
	Crossings func(z *Stretch[T], tau []T, panels int)
	// Next sets out ([panel][32]) to the least of units tau beyond t, and to end
	// where none lies before it.
	Next func(units int, tau, t, end, out []T, panels int)
	// Between sets y to σ(z) of the stretch at t.
	Between func(z *Stretch[T], t, y []T, panels int, alpha T)
	// Slope multiplies d by σ' halfway from t to next, and adds it to sum if that
	// is not nil.
	Slope func(z *Stretch[T], t, next, d, sum []T, panels int, alpha T)
	// Advance begins the next stretch at this one's end where t has come there.
	Advance func(z *Stretch[T], t []T, panels int)
	// Secant sets d to the mean slope between (z0, a0) and (z1, a1) times t1 − t0.
	Secant func(c Curve[T], z0, z1, a0, a1, t0, t1, d []T)
}

// Stretch is where z goes from Z0 at t = Start to Z1 at t = End, in each lane.
type Stretch[T Float] struct {
	Units      int
	Z0, Z1     []T  // [panel][unit][32]
	Same       bool // Z0 is one panel, the same for all
	Start, End []T  // [panel][32]
}

// Curve is a σ whose slope is P + Q·a + R·a² of its value a.
type Curve[T Float] struct{ P, Q, R T }

// CurveOf finds the curve of a function.
func CurveOf[T Float](f Func) (Curve[T], bool) {
	switch f {
	case Identity:
		return Curve[T]{1, 0, 0}, true
	case Sigmoid:
		return Curve[T]{0, 1, -1}, true
	case Tanh:
		return Curve[T]{1, 0, -1}, true
	}
	return Curve[T]{}, false
}

// pathGeneric are the plain loops.
func pathGeneric[T Float]() Path[T] {
	return Path[T]{crossingsGeneric[T], nextGeneric[T], betweenGeneric[T], pathSlopeGeneric[T], advanceGeneric[T], secantGeneric[T]}
}

// lanes are unit u of panel p.
func lanes[T Float](x []T, units, p, u int) []T { return x[(p*units+u)*Lanes:][:Lanes] }

// ends are Z0 and Z1 of a unit.
func (z *Stretch[T]) ends(p, u int) (z0, z1 []T) {
	from := p
	if z.Same {
		from = 0
	}
	return lanes(z.Z0, z.Units, from, u), lanes(z.Z1, z.Units, p, u)
}

func crossingsGeneric[T Float](z *Stretch[T], tau []T, panels int) {
	for p := range panels {
		start, end := lanes(z.Start, 1, p, 0), lanes(z.End, 1, p, 0)
		for u := range z.Units {
			z0, z1 := z.ends(p, u)
			out := lanes(tau, z.Units, p, u)
			for j, v := range z0 {
				out[j] = start[j] + (end[j]-start[j])*(v/(v-z1[j]))
			}
		}
	}
}

func nextGeneric[T Float](units int, tau, t, end, out []T, panels int) {
	for p := range panels {
		now, last, least := lanes(t, 1, p, 0), lanes(end, 1, p, 0), lanes(out, 1, p, 0)
		copy(least, last)
		for u := range units {
			for j, v := range lanes(tau, units, p, u) {
				if v > now[j] && v < least[j] {
					least[j] = v
				}
			}
		}
	}
}

// share is how far x lies between the ends, from 0 to 1; 0 where they are one.
func (z *Stretch[T]) share(p int, x []T, share *[Lanes]T) {
	start, end := lanes(z.Start, 1, p, 0), lanes(z.End, 1, p, 0)
	for j := range share {
		share[j] = 0
		if end[j] > start[j] {
			share[j] = max(0, min(1, (x[j]-start[j])/(end[j]-start[j])))
		}
	}
}

func betweenGeneric[T Float](z *Stretch[T], t, y []T, panels int, alpha T) {
	var share [Lanes]T
	for p := range panels {
		z.share(p, lanes(t, 1, p, 0), &share)
		for u := range z.Units {
			z0, z1 := z.ends(p, u)
			out := lanes(y, z.Units, p, u)
			for j, low := range z0 {
				v := low + (z1[j]-low)*share[j]
				out[j] = max(v, alpha*v)
			}
		}
	}
}

func pathSlopeGeneric[T Float](z *Stretch[T], t, next, d, sum []T, panels int, alpha T) {
	var half, share [Lanes]T
	for p := range panels {
		for j, v := range lanes(t, 1, p, 0) {
			half[j] = (v + next[p*Lanes+j]) / 2
		}
		z.share(p, half[:], &share)
		for u := range z.Units {
			z0, z1 := z.ends(p, u)
			v := lanes(d, z.Units, p, u)
			for j, low := range z0 {
				if !(low+(z1[j]-low)*share[j] > 0) {
					v[j] *= alpha
				}
			}
			if sum != nil {
				for j, s := range lanes(sum, z.Units, p, u) {
					sum[(p*z.Units+u)*Lanes+j] = s + v[j]
				}
			}
		}
	}
}

func advanceGeneric[T Float](z *Stretch[T], t []T, panels int) {
	for p := range panels {
		now, start, end := lanes(t, 1, p, 0), lanes(z.Start, 1, p, 0), lanes(z.End, 1, p, 0)
		for u := range z.Units {
			z0, z1 := z.ends(p, u)
			for j, v := range z1 {
				if now[j] >= end[j] {
					z0[j] = v
				}
			}
		}
		for j, v := range end {
			if now[j] >= v {
				start[j] = v
			}
		}
	}
}

func secantGeneric[T Float](c Curve[T], z0, z1, a0, a1, t0, t1, d []T) {
	for i := range d {
		slope := ((c.R*a0[i]+c.Q)*a0[i] + c.P + ((c.R*a1[i]+c.Q)*a1[i] + c.P)) / 2
		if dz := z1[i] - z0[i]; math.Abs(float64(dz)) > 1./32 {
			slope = (a1[i] - a0[i]) / dz
		}
		d[i] = slope * (t1[i] - t0[i])
	}
}
