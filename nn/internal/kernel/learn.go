package kernel

import "math"

// outerSums is how many sums an element of an outer product has here: as many
// as float64 numbers in a register of AVX-512.
const outerSums = 8

// Outer says which part of an outer product is wanted: units From … To-1 by
// Inputs inputs. An element's sum does not depend on the part.
type Outer struct {
	From, To, Inputs int
	// D and X are how many units panels of d and of x have room for.
	D, X int
}

// outerGeneric sums every eighth row, and then the upper half of the sums with
// the lower one until one is left.
func outerGeneric[T Float](o Outer, d, x []T, panels int, y []T) {
	for u := o.From; u < o.To; u++ {
		for k := range o.Inputs {
			y[(u-o.From)*o.Inputs+k] = dot(d[u*Lanes:], x[k*Lanes:], o.D*Lanes, o.X*Lanes, panels)
		}
	}
}

// dot is one element: ds and xs numbers lie between panels.
func dot[T Float](d, x []T, ds, xs, panels int) T {
	var s0, s1, s2, s3, s4, s5, s6, s7 T
	for p := range panels {
		dp, xp := d[p*ds:][:Lanes], x[p*xs:][:Lanes]
		for j := 0; j < Lanes; j += outerSums {
			dj, xj := dp[j:j+outerSums:j+outerSums], xp[j:j+outerSums:j+outerSums]
			s0 += dj[0] * xj[0]
			s1 += dj[1] * xj[1]
			s2 += dj[2] * xj[2]
			s3 += dj[3] * xj[3]
			s4 += dj[4] * xj[4]
			s5 += dj[5] * xj[5]
			s6 += dj[6] * xj[6]
			s7 += dj[7] * xj[7]
		}
	}
	s0, s1, s2, s3 = s0+s4, s1+s5, s2+s6, s3+s7
	return s0 + s2 + (s1 + s3)
}

// HasSlope reports whether Slope knows σ.
func HasSlope(f Func) bool { return f == ReLU || f == Tanh || f == Sigmoid }

// slopeGeneric takes σ' from σ's output.
func slopeGeneric[T Float](f Func, a, d []T) {
	d = d[:len(a)]
	switch f {
	case ReLU:
		for i, v := range a {
			if !(v > 0) {
				d[i] = 0
			}
		}
	case Tanh:
		for i, v := range a {
			d[i] *= (1 - v) * (v + 1)
		}
	case Sigmoid:
		for i, v := range a {
			d[i] *= v * (1 - v)
		}
	}
}

// shareGeneric takes one number after the other.
func shareGeneric[T Float](g []float64, d []T, share float64, more bool) {
	g = g[:len(d)]
	if more {
		for i, v := range d {
			g[i] += float64(v) * share
		}
		return
	}
	for i, v := range d {
		g[i] = float64(v) * share
	}
}

// penaliseGeneric has four sums, so that none waits for the other.
func penaliseGeneric(lambda float64, w, g []float64) float64 {
	var sums [4]float64
	return penaliseRest(lambda, w, g, &sums)
}

// penaliseRest goes on with sums, of which the next number's is the first.
func penaliseRest(lambda float64, w, g []float64, sums *[4]float64) float64 {
	for ; len(w) >= 4; w, g = w[4:], g[4:] {
		w, g := w[:4:4], g[:4:4]
		g[0] += lambda * w[0]
		g[1] += lambda * w[1]
		g[2] += lambda * w[2]
		g[3] += lambda * w[3]
		sums[0] += w[0] * w[0]
		sums[1] += w[1] * w[1]
		sums[2] += w[2] * w[2]
		sums[3] += w[3] * w[3]
	}
	for i, v := range w {
		g[i] += lambda * v
		sums[i] += v * v
	}
	return sums[0] + sums[1] + (sums[2] + sums[3])
}

// AdamStep holds the numbers of one step of Adam: the rates at which the
// running means m of g and v of g² forget, with 1 less each, the learning
// rate, and what makes the means unbiased.
type AdamStep struct{ Beta1, Rest1, Beta2, Rest2, Rate, Scale1, Scale2, Epsilon float64 }

// adamGeneric takes the step, parameter by parameter.
func adamGeneric(c *AdamStep, p, g, m, v []float64) {
	g, m, v = g[:len(p)], m[:len(p)], v[:len(p)]
	for i := range p {
		m[i] = c.Beta1*m[i] + c.Rest1*g[i]
		v[i] = c.Beta2*v[i] + c.Rest2*g[i]*g[i]
		p[i] -= c.Rate * m[i] * c.Scale1 / (math.Sqrt(v[i]*c.Scale2) + c.Epsilon)
	}
}
