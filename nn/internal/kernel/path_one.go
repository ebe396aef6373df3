package kernel

import "math"

// One is what lies above layer 1 in a network of two kinked layers and one unit:
// layer 2, and that unit, whose σ has a Curve.
type One[T Float] struct {
	Units int
	Alpha T   // of layer 2
	Z0    []T // of layer 2 at the baseline, a panel; units whose sign bit is set are off
	W     []T // of the unit above
	Bias  T
	Func  Func
	Z, A  T // of the unit above at the baseline: z and σ(z)

	// What plain loops keep of each unit and of each row; for groups of lanes: W and
	// Alpha·W for each lane, and those that are followed.
	state, lanes, wide []T
	slots              [laneSlots]slot[T]
}

// How many numbers the loops keep of a unit and of a row.
const (
	stateNumbers = 3
	laneNumbers  = 6
)

// Some groups of lanes are followed at a time, each in a slot.
const (
	groupLanes = 8
	laneSlots  = Lanes / groupLanes
)

// slot is where the numbers of a group lie, if it has one, and what is kept of it.
type slot[T Float] struct {
	busy              int64
	keys              *int32
	jump, sums, state *T
	_                 [3]int64
	_                 [12 * groupLanes]T
}

// Room makes room for following the rows of panels panels at once.
func (o One[T]) Room(panels int) *One[T] {
	units := o.fours() * 4
	o.state, o.lanes, o.wide = make([]T, units*stateNumbers*panels*Lanes), make([]T, laneNumbers*panels*Lanes), make([]T, units*2*groupLanes)
	for u, w := range o.W {
		for j := range groupLanes {
			o.wide[u*2*groupLanes+j], o.wide[(u*2+1)*groupLanes+j] = w, o.Alpha*w
		}
	}
	return &o
}

// fours are the units, four by four.
func (o *One[T]) fours() int { return (o.Units + 3) / 4 }

// part is the i-th n numbers of x.
func part[T Float](x []T, i, n int) []T { return x[i*n:][:n] }

// followGeneric takes all panels on together, piece by piece.
func followGeneric[T Float](c *Corners[T], o *One[T], slope, worth []T, panels, pieces int) {
	all, n := panels*o.Units*Lanes, panels*Lanes
	z, off, reach := part(o.state, 0, all), part(o.state, 1, all), part(o.state, 2, all)
	dt, d := part(o.lanes, 0, n), part(o.lanes, 1, n)
	before, after, aBefore, aAfter := part(o.lanes, 2, n), part(o.lanes, 3, n), part(o.lanes, 4, n), part(o.lanes, 5, n)
	curve, _ := CurveOf[T](o.Func)
	for p := range panels {
		copy(z[p*len(o.Z0):], o.Z0)
	}
	for i, v := range z {
		off[i] = T(math.Copysign(0, float64(v)))
	}
	for i := range before {
		before[i], aBefore[i] = o.Z, o.A
	}
	clear(worth[:all])
	for range pieces {
		nextGeneric(c, dt, panels)
		leastGeneric(z, slope, off, reach, dt, o.Units, panels)
		stepOne(z, slope, dt, o.W, o.Bias, after, o.Units, panels, o.Alpha)
		copy(aAfter, after)
		activateGeneric(Activation[T]{Func: o.Func}, aAfter, 1, panels)
		secantGeneric(curve, before, after, aBefore, aAfter, dt, d)
		foldOne(d, o.W, off, reach, dt, worth, o.Units, panels, o.Alpha)
		passGeneric(c, dt, panels)
		turnGeneric(c, slope, worth, panels)
		if c.arrived(panels) {
			return
		}
		before, after, aBefore, aAfter = after, before, aAfter, aBefore
	}
}

// arrived reports whether all rows of the panels have come to the end.
func (c *Corners[T]) arrived(panels int) bool {
	for p := range panels {
		if !c.Arrived(p) {
			return false
		}
	}
	return true
}

// stepOne takes z on by dt, and sets y to bias + w·σ(z).
func stepOne[T Float](z, slope, dt, w []T, bias T, y []T, units, panels int, alpha T) {
	for p := range panels {
		by, out := lanes(dt, 1, p, 0), lanes(y, 1, p, 0)
		for j := range out {
			out[j] = bias
		}
		for u, weight := range w[:units] {
			now, s := lanes(z, units, p, u), lanes(slope, units, p, u)
			for j, v := range s {
				now[j] += v * by[j]
				out[j] += weight * max(alpha*now[j], now[j])
			}
		}
	}
}

// foldOne is Fold with d = delta·w.
func foldOne[T Float](delta, w, off, reach, dt, sum []T, units, panels int, alpha T) {
	for p := range panels {
		for u, weight := range w[:units] {
			turned, worth := lanes(off, units, p, u), lanes(sum, units, p, u)
			for j, v := range lanes(delta, 1, p, 0) {
				v *= weight
				if math.Signbit(float64(turned[j])) {
					v *= alpha
				}
				worth[j] += v
			}
		}
	}
	turnReached(off, reach, dt, units, panels)
}
