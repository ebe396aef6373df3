package main

import (
	"math"

	"yhat/nn/internal/kernel/gen/vector"
)

// Everything exponential in float32 starts from exp(x) = 2ⁿ p: n is the nearest
// integer to x log₂e, found by adding a number so large that its last bit is
// worth 1, r = x − n ln 2 in two steps, and p a polynomial for exp(r). The
// coefficients are minimax fits of the relative error on |r| ≤ ln 2 / 2, rounded
// to float32.
const (
	round = 0x1.8p23
	ln2Hi = 0x1.62e430p-1
	ln2Lo = math.Ln2 - ln2Hi
)

var (
	exp5 = []float64{1, 1, 0x1.fffdfcp-2, 0x1.5557b0p-3, 0x1.572a64p-5, 0x1.106252p-7}                 // 1.8 · 2^-24
	exp6 = []float64{1, 1, 0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558f2p-5, 0x1.123a20p-7, 0x1.6a23d0p-10} // 0.1 · 2^-24
	// (exp(r) − 1 − r) / r², with which exp(r) − 1 is 0.3 · 2^-24 off.
	expm1Rest = []float64{0x1.fffffep-2, 0x1.5554b0p-3, 0x1.555674p-5, 0x1.1227b0p-7, 0x1.6bebfcp-10}
)

// exp32 is exp(x) for |x| ≤ 87, where it is a normal number; x is lost. Horner's
// rule takes more time from end to end than powers of r² would, but fewer
// registers and operations: what is saved holds more such work in flight.
func (g *gen) exp32(x vector.V, poly []float64) vector.V {
	t := g.FMA(x, g.C(math.Log2E), g.C(round))
	n := g.Sub(t, g.C(round))
	g.SubProduct(x, n, g.C(ln2Hi))
	g.SubProduct(x, n, g.C(ln2Lo))
	// The low bits of t are n, which goes into the exponent.
	return g.AddInt(g.horner(x, poly), g.ShiftLeft(t, 23))
}

// horner is c[0] + c[1] r + c[2] r² + ….
func (g *gen) horner(r vector.V, c []float64) vector.V {
	p := g.Copy(g.C(c[len(c)-1]))
	for i := len(c) - 2; i >= 0; i-- {
		g.Into(p, r, g.C(c[i]))
	}
	return p
}

// estrin is c[0] + c[1] r + (c[2] + c[3] r) r2 + …, r2 being r².
func (g *gen) estrin(r, r2 vector.V, c []float64) vector.V {
	switch len(c) {
	case 1:
		return g.Copy(g.C(c[0]))
	case 2:
		return g.FMA(r, g.C(c[1]), g.C(c[0]))
	case 3:
		return g.FMA(r2, g.C(c[2]), g.FMA(r, g.C(c[1]), g.C(c[0])))
	}
	high := g.estrin(r, r2, c[2:])
	g.Into(high, r2, g.FMA(r, g.C(c[1]), g.C(c[0])))
	return high
}

// keepExp keeps what exp32 needs in registers.
func (g *gen) keepExp(poly []float64) {
	g.KeepWide(math.Log2E, round, ln2Hi, ln2Lo)
	g.KeepWide(poly...)
}

// expm1 is exp(x) − 1 for x from −80 to 40; x is lost. It holds its relative
// accuracy near 0, where n is 0 and the result is the polynomial's. What ln2Hi
// is short of ln 2 by is not seen beside the 1 for x < 0; for x > 0 it is 2^-24
// of the result at 40.
func (g *gen) expm1(x vector.V) vector.V {
	t := g.FMA(x, g.C(math.Log2E), g.C(round+127))
	n := g.Sub(t, g.C(round+127))
	g.SubProduct(x, n, g.C(ln2Hi))
	// exp(r) − 1 = r + r (r q), and 2ⁿ of it + (2ⁿ − 1).
	p := g.horner(x, expm1Rest)
	p = g.Mul(p, x)
	g.Into(p, x, x)
	two := g.ShiftLeft(t, 23)
	g.Into(p, two, g.Sub(two, g.C(1)))
	return p
}

func (g *gen) keepExpm1() {
	g.KeepWide(math.Log2E, round+127, ln2Hi)
	g.KeepWide(expm1Rest...)
}
