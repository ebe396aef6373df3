package main

import (
	"math"

	"yhat/nn/internal/kernel/gen/vector"
)

// Everything exponential starts from exp(−a) with a ≥ 0, as 2ⁿ p: n is the
// nearest integer to −a log₂e, found by adding a number so large that its last
// bit is worth 1, r = −a − n ln 2 in two steps, and p a polynomial for exp(r).
// The coefficients are minimax fits of the relative error on |r| ≤ ln 2 / 2,
// rounded to float32.
const (
	round = 0x1.8p23
	ln2Hi = 0x1.62e430p-1
	ln2Lo = math.Ln2 - ln2Hi
)

var (
	exp5 = []float64{1, 1, 0x1.fffdfcp-2, 0x1.5557b0p-3, 0x1.572a64p-5, 0x1.106252p-7}                 // 1.8 · 2^-24
	exp6 = []float64{1, 1, 0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558f2p-5, 0x1.123a20p-7, 0x1.6a23d0p-10} // 0.1 · 2^-24
	// (exp(r) − 1 − r) / r², with which exp(r) − 1 is 0.3 · 2^-24 off.
	expm1 = []float64{0x1.fffffep-2, 0x1.5554b0p-3, 0x1.555674p-5, 0x1.1227b0p-7, 0x1.6bebfcp-10}
)

// scaled gives the coefficients of p(s r) from those of p(r); s is a power of
// two.
func scaled(c []float64, s float64) []float64 {
	out := make([]float64, len(c))
	for i := range c {
		out[i] = c[i] * math.Pow(s, float64(i))
	}
	return out
}

// power is 2ⁿ p, with n in the low bits of t.
type power struct{ p, t vector.V }

// expNeg is exp(−a).
func (g *gen) expNeg(a vector.V, poly []float64) power {
	t := g.FMA(a, g.C(-math.Log2E), g.C(round))
	n := g.Sub(t, g.C(round))
	r := g.NegMulSub(n, g.C(ln2Hi), a)
	r = g.NegMulAdd(n, g.C(ln2Lo), r)
	return power{g.Horner(r, poly...), t}
}

// keepExp keeps what expNeg needs in registers.
func (g *gen) keepExp(poly []float64) {
	g.KeepWide(-math.Log2E, round, ln2Hi, ln2Lo)
	g.KeepWide(poly...)
}

// value is 2ⁿ p where that is a normal number: n goes into the exponent.
func (g *gen) value(e power) vector.V { return g.AddInt(e.p, g.ShiftLeft(e.t, 23)) }

// expm1Neg is exp(−s a) − 1 for a ≥ 0 up to 80/s, s being 1 or 2. It holds its
// relative accuracy near 0, where n is 0 and the result is the polynomial's.
func (g *gen) expm1Neg(a vector.V, s float64) vector.V {
	t := g.FMA(a, g.C(-s*math.Log2E), g.C(round+127))
	n := g.Sub(t, g.C(round+127))
	r := g.NegMulSub(n, g.C(ln2Hi/s), a)
	r = g.NegMulAdd(n, g.C(ln2Lo/s), r)
	q := g.Horner(r, g.scaledExpm1(s)...)
	// exp(sr) − 1 = s r + r² q, and 2ⁿ of it + (2ⁿ − 1).
	p := g.Mul(r, r)
	if s == 1 {
		g.Into(p, q, r)
	} else {
		g.Into(p, q, g.Add(r, r))
	}
	two := g.ShiftLeft(t, 23)
	g.Into(p, two, g.Sub(two, g.C(1)))
	return p
}

// scaledExpm1 is the polynomial of expm1Neg's r, which is 1/s of the exponent.
func (g *gen) scaledExpm1(s float64) []float64 {
	out := scaled(expm1, s)
	for i := range out {
		out[i] *= s * s
	}
	return out
}

func (g *gen) keepExpm1(s float64) {
	g.KeepWide(-s*math.Log2E, round+127, ln2Hi/s, ln2Lo/s)
	g.KeepWide(g.scaledExpm1(s)...)
}
