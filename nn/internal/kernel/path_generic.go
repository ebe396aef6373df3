package kernel

import "math"

// pathGeneric are the plain loops.
func pathGeneric[T Float]() Path[T] {
	return Path[T]{Count: countGeneric[T], Meet: meetGeneric[T], Next: nextGeneric[T], Least: leastGeneric[T], Step: stepGeneric[T],
		Bend: bendGeneric[T], Fold: foldGeneric[T], Pass: passGeneric[T], Turn: turnGeneric[T], Follow: followGeneric[T], Close: closeGeneric[T],
		Secant: secantGeneric[T], Mix: mixGeneric[T], Sum: sumGeneric[T], Take: takeGeneric[T], Put: putGeneric[T], Gain: gainGeneric[T], Largest: largestGeneric[T]}
}

// Of float32 numbers: rowBytes are those of a unit's lanes, cornerBytes those of
// four weights.
const (
	rowBytes    = Lanes * 4
	cornerBytes = 4 * 4
)

// lanes are unit u of panel p.
func lanes[T any](x []T, units, p, u int) []T { return x[(p*units+u)*Lanes:][:Lanes] }

func countGeneric[T Float](z0, z1 []T, counts []int32, units, panels int) {
	for p := range panels {
		count := lanes(counts, 1, p, 0)
		for u := range units {
			from := lanes(z0, units, 0, u)
			for j, v := range lanes(z1, units, p, u) {
				if math.Signbit(float64(v)) != math.Signbit(float64(from[j])) {
					count[j]++
				}
			}
		}
	}
}

func meetGeneric[T Float](c *Corners[T], z0, z1 []T, panels int, alpha T) {
	latest, unit := c.latest(), c.unit()
	for p := range panels {
		for u := range c.Units {
			from, to := lanes(z0, c.Units, 0, u), lanes(z1, c.Units, p, u)
			keys, jump := lanes(c.Keys, c.Units, p, u), lanes(c.Jump, c.Units+1, p, u)
			for j, v := range from {
				by := to[j] - v
				jump[j] = (1 - alpha) * max(by, -by)
				keys[j] = Never
				if (v > 0) != (to[j] > 0) {
					at := v / -by * whole
					if !(at < latest) {
						at = latest
					}
					keys[j] = int32(at)&^unit | int32(u)
				}
			}
		}
	}
}

func nextGeneric[T Float](c *Corners[T], dt []T, panels int) {
	unit, latest := c.unit(), c.latest()
	for p := range panels {
		last, then, now := lanes(c.Last, 1, p, 0), lanes(c.Then, 1, p, 0), lanes(c.T, 1, p, 0)
		for j := range then {
			then[j] = Never
		}
		for u := range c.Units {
			for j, key := range lanes(c.Keys, c.Units, p, u) {
				if key > last[j] && key < then[j] {
					then[j] = key
				}
			}
		}
		due, left := lanes(c.Due, 1, p, 0), lanes(dt, 1, p, 0)
		for j, key := range then {
			at := T(key &^ unit)
			if at > latest {
				at = whole
			}
			due[j] = max(0, at*(1./whole)-now[j])
			left[j] = due[j]
		}
	}
}

func leastGeneric[T Float](z, slope, off, reach, dt []T, units, panels int) {
	for p := range panels {
		least := lanes(dt, 1, p, 0)
		for u := range units {
			by, turned, at := lanes(slope, units, p, u), lanes(off, units, p, u), lanes(reach, units, p, u)
			for j, v := range lanes(z, units, p, u) {
				at[j] = T(math.Inf(1))
				if math.Signbit(float64(by[j])) != math.Signbit(float64(turned[j])) {
					at[j] = 0
					if t := -v / by[j]; t > 0 {
						at[j] = t
					}
				}
				if at[j] < least[j] {
					least[j] = at[j]
				}
			}
		}
	}
}

func stepGeneric[T Float](z, slope, dt, a []T, units, panels int, alpha T) {
	for p := range panels {
		by := lanes(dt, 1, p, 0)
		for u := range units {
			now, s, out := lanes(z, units, p, u), lanes(slope, units, p, u), lanes(a, units, p, u)
			for j, v := range s {
				now[j] += v * by[j]
				out[j] = max(alpha*now[j], now[j])
			}
		}
	}
}

func bendGeneric[T Float](slope, off, y []T, units, panels int, alpha T) {
	for i, v := range slope[:panels*units*Lanes] {
		if math.Signbit(float64(off[i])) {
			v *= alpha
		}
		y[i] = v
	}
}

func foldGeneric[T Float](d, off, reach, dt, sum []T, units, panels int, alpha T) {
	for i, v := range d[:panels*units*Lanes] {
		if math.Signbit(float64(off[i])) {
			v *= alpha
		}
		if sum != nil {
			sum[i] += v
		} else {
			d[i] = v
		}
	}
	turnReached(off, reach, dt, units, panels)
}

// turnReached turns the units that dt reaches.
func turnReached[T Float](off, reach, dt []T, units, panels int) {
	for p := range panels {
		by := lanes(dt, 1, p, 0)
		for u := range units {
			turned := lanes(off, units, p, u)
			for j, at := range lanes(reach, units, p, u) {
				if at <= by[j] {
					turned[j] = -turned[j]
				}
			}
		}
	}
}

func passGeneric[T Float](c *Corners[T], dt []T, panels int) {
	for i, by := range dt[:panels*Lanes] {
		c.T[i] += by
		unit := int32(c.Units)
		if c.Due[i] <= by {
			c.Last[i] = c.Then[i]
			if c.Then[i] != Never {
				unit = c.Then[i] & c.unit()
			}
		}
		c.At[i] = unit * cornerBytes
	}
}

func turnGeneric[T Float](c *Corners[T], slope, sum []T, panels int) {
	for i, at := range c.At[:panels*Lanes] {
		p, j, u := i/Lanes, i%Lanes, int(at/cornerBytes)
		jump, worth := lanes(c.Jump, c.Units+1, p, u)[j], T(0)
		for v := range c.Above {
			w := c.W[c.weight(v, u)]
			worth += w * lanes(sum, c.Above, p, v)[j]
			lanes(slope, c.Above, p, v)[j] += w * jump
		}
		lanes(c.Sums, c.Units+1, p, u)[j] = worth
	}
}

func closeGeneric[T Float](c *Corners[T], z0, z1, on, y []T, panels int, alpha T) {
	for p := range panels {
		for u := range c.Units {
			from, to, until := lanes(z0, c.Units, 0, u), lanes(z1, c.Units, p, u), lanes(c.Sums, c.Units+1, p, u)
			whole, out := lanes(on, c.Units, p, u), lanes(y, c.Units, p, u)
			for j := range out {
				before, after := alpha, alpha
				if from[j] > 0 {
					before = 1
				}
				if to[j] > 0 {
					after = 1
				}
				out[j] = after*whole[j] + (before-after)*until[j]
			}
		}
	}
}

func secantGeneric[T Float](c Curve[T], z0, z1, a0, a1, dt, d []T) {
	for i := range d {
		slope := ((c.R*a0[i]+c.Q)*a0[i] + c.P + ((c.R*a1[i]+c.Q)*a1[i] + c.P)) / 2
		if dz := z1[i] - z0[i]; math.Abs(float64(dz)) > 1./32 {
			slope = (a1[i] - a0[i]) / dz
		}
		d[i] = slope * dt[i]
	}
}

func mixGeneric[T Float](z0, z1 []T, share T, y []T) {
	for i, v := range z0 {
		y[i] = v + (z1[i]-v)*share
	}
}

func sumGeneric[T Float](d, sum []T) {
	for i, v := range d {
		sum[i] += v
	}
}

func takeGeneric[T Float](far []T, at []int32, near []T, units, panels int) {
	for p := range panels {
		from := lanes(at, 1, p, 0)
		for u := range units {
			for j := range lanes(near, units, p, u) {
				near[(p*units+u)*Lanes+j] = far[int(from[j])/4+u*Lanes]
			}
		}
	}
}

func putGeneric[T Float](far []T, at []int32, near []T, units, panels int) {
	for p := range panels {
		to := lanes(at, 1, p, 0)
		for u := range units {
			for j, v := range lanes(near, units, p, u) {
				far[int(to[j])/4+u*Lanes] = v
			}
		}
	}
}

func gainGeneric[T Float](x, x0, slope, y, total []T, inputs, panels int) {
	for p := range panels {
		sum := lanes(total, 1, p, 0)
		clear(sum)
		for k := range inputs {
			from, by, out := lanes(x0, inputs, 0, k), lanes(slope, inputs, p, k), lanes(y, inputs, p, k)
			for j, v := range lanes(x, inputs, p, k) {
				out[j] = (v - from[j]) * by[j]
				sum[j] += out[j]
			}
		}
	}
}

func largestGeneric[T Float](phi []T, features, panels int, before, which []int32, last, value []T, k int) {
	for p := range panels {
		best, most := lanes(which, 1, p, 0), lanes(value, k, p, 0)
		for j := range Lanes {
			best[j], most[j] = -1, 0
			size, limit, after := T(-1), T(math.Inf(1)), int32(-1)
			if before != nil {
				after, limit = before[p*Lanes+j], last[p*k*Lanes+j]
				limit = max(limit, -limit)
			}
			for f := range features {
				v := phi[(p*features+f)*Lanes+j]
				a := max(v, -v)
				if a > size && (a < limit || a == limit && int32(f) > after) {
					best[j], most[j], size = int32(f), v, a
				}
			}
		}
	}
}
