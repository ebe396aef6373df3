package kernel

import "math"

// Path are loops that follow each row along a straight line of inputs, from
// t = 0 to t = 1, through layers whose σ is a kinked line: z for z > 0, else
// αz with 0 ≤ α ≤ 1. Between two kinks of any unit all of them are straight.
//
// Layer 1 is straight all the way, so that its kinks are known beforehand:
// Corners. Of the layers above, z is kept at t, its slope dz/dt, and which units
// are off (σ' = α): a word whose sign bit says so. The panels of one call are few.
type Path[T Float] struct {
	// Count adds the units whose z has another sign at the end to counts
	// ([panel][32]); z0 is one panel, the same for all.
	Count func(z0, z1 []T, counts []int32, units, panels int)
	// Meet finds the corners of layer 1, whose z goes from z0, one panel, to z1.
	Meet func(c *Corners[T], z0, z1 []T, panels int, alpha T)
	// Next sets dt to what is left until the next corner, or else the end.
	Next func(c *Corners[T], dt []T, panels int)
	// Least sets reach ([panel][unit][32]) to how long each unit takes from z to
	// 0, and takes the least of them to dt.
	Least func(z, slope, off, reach, dt []T, units, panels int)
	// Step takes z on by dt, and sets a to σ(z).
	Step func(z, slope, dt, a []T, units, panels int, alpha T)
	// Bend sets y to σ'·slope.
	Bend func(slope, off, y []T, units, panels int, alpha T)
	// Fold multiplies d by σ', or if sum is not nil adds that product to sum and
	// leaves d; then the units that dt reaches turn.
	Fold func(d, off, reach, dt, sum []T, units, panels int, alpha T)
	// Pass takes each row's t on by dt and its corner with it if it was there.
	Pass func(c *Corners[T], dt []T, panels int)
	// Turn adds to the slopes of layer 2 what the corner each row has passed
	// makes of them, and notes what sum is worth to the corner's unit.
	Turn func(c *Corners[T], slope, sum []T, panels int)
	// Follow is all of the way at once, from the corners that Meet has found: at
	// most so many pieces of it. slope is that of layer 2 at the baseline, and is
	// lost; worth is what the way is worth to the units of layer 2.
	Follow func(c *Corners[T], o *One[T], slope, worth []T, panels, pieces int)
	// Close sets y ([panel][unit][32]) to what the whole path is worth to each
	// unit of layer 1, of what it is worth to units that are on all the way.
	Close func(c *Corners[T], z0, z1, on, y []T, panels int, alpha T)

	// Secant sets d to the mean slope between (z0, a0) and (z1, a1) times dt.
	Secant func(c Curve[T], z0, z1, a0, a1, dt, d []T)
	// Mix sets y to z0 + share·(z1 − z0), and Sum adds d to sum.
	Mix func(z0, z1 []T, share T, y []T)
	Sum func(d, sum []T)
	// Take sets near ([panel][unit][32]) to the rows of far whose lanes lie at at
	// ([panel][32]): byte offsets of float32 numbers. Put is the way back.
	Take, Put func(far []T, at []int32, near []T, units, panels int)
	// Gain sets y to (x − x0)·slope, x0 being one panel, and total ([panel][32])
	// to what all inputs of a row make.
	Gain func(x, x0, slope, y, total []T, inputs, panels int)
	// Largest finds the feature of most |φ| in each lane among those that come
	// after the one found before ([panel][32]; nil: among all), by |φ| and then
	// by number: which, or −1, and its φ. last and value are [panel][k][32].
	Largest func(phi []T, features, panels int, before, which []int32, last, value []T, k int)
}

// Corners are where the units of layer 1 cross 0, for each row of a few panels.
// They come in the order of their keys: a positive number of 31 bits, of which
// the lowest tell the unit and the others when.
type Corners[T Float] struct {
	Units int
	Bits  int // of a unit in a key
	// The weights of layer 2, of which Above units count: four of them for each
	// unit of layer 1, and zeros for no corner, then the next four.
	W     []T
	Above int

	Keys       []int32 // [panel][unit][32]
	Jump, Sums []T     // [panel][unit, and one for no corner][32]: by how much the slope of σ(z) jumps; what Turn notes
	Last, Then []int32 // [panel][32]: the last corner's key, and the next one's
	At         []int32 // [panel][32]: 16·u, u being the unit whose corner was passed
	T, Due     []T     // [panel][32]: t, and how far it is to the next corner
}

// Never is the key of no corner.
const Never = math.MaxInt32

// fewestBits is how many a unit has in a key at least, which leaves as many to
// the time as a float32 has.
const fewestBits = 8

// NewCorners makes room for panels panels; w is above×units, row by row.
func NewCorners[T Float](units, above int, w []float64, panels int) *Corners[T] {
	c := &Corners[T]{Units: units, Bits: fewestBits, Above: above}
	for 1<<c.Bits < units+1 {
		c.Bits++
	}
	c.W = make([]T, (above+3)/4*4*(units+1))
	for i, v := range w {
		c.W[c.weight(i/units, i%units)] = T(v)
	}
	n := panels * Lanes
	c.Keys, c.Jump, c.Sums = make([]int32, n*units), make([]T, n*(units+1)), make([]T, n*(units+1))
	c.Last, c.Then, c.At = make([]int32, n), make([]int32, n), make([]int32, n)
	for i := range c.Keys {
		c.Keys[i] = Never
	}
	c.T, c.Due = make([]T, n), make([]T, n)
	return c
}

// weight is where the weight lies of a unit of layer 2 for one of layer 1.
func (c *Corners[T]) weight(above, unit int) int { return (above/4*(c.Units+1)+unit)*4 + above%4 }

// Begin puts all rows at t = 0.
func (c *Corners[T]) Begin(panels int) {
	n := panels * Lanes
	clear(c.T[:n])
	clear(c.Sums[:n*(c.Units+1)])
	for i := range n {
		c.Last[i] = -1
	}
}

// Arrived reports whether all rows of a panel have come to the end.
func (c *Corners[T]) Arrived(panel int) bool {
	for _, key := range c.Last[panel*Lanes:][:Lanes] {
		if key != Never {
			return false
		}
	}
	return true
}

// unit is the part of a key that tells the unit.
func (c *Corners[T]) unit() int32 { return 1<<c.Bits - 1 }

// latest is the last time that a key tells, and whole the time that is 1.
func (c *Corners[T]) latest() T { return whole - T(int64(2)<<c.Bits) }

const whole = 1 << 31

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
