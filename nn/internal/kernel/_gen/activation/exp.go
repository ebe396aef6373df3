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

// scaled gives the coefficients of p(s r) from those of p(r); s is a power of
// two.
func scaled(c []float64, s float64) []float64 {
	out := make([]float64, len(c))
	for i := range c {
		out[i] = c[i] * math.Pow(s, float64(i))
	}
	return out
}

// exp32 is exp(x) for |x| ≤ 87, where it is a normal number. The polynomial is
// 1 + (r + r² q), q by powers of r²: shorter from end to end than one step a
// coefficient.
func (g *gen) exp32(x vector.V, poly []float64) vector.V {
	t := g.FMA(x, g.C(math.Log2E), g.C(round))
	n := g.Sub(t, g.C(round))
	r := g.NegMulAdd(n, g.C(ln2Hi), x)
	g.SubProduct(r, n, g.C(ln2Lo))
	p := g.Mul(r, r)
	g.Into(p, g.estrin(r, p, poly[2:]), r)
	// The low bits of t are n, which goes into the exponent.
	return g.AddInt(g.Add(p, g.C(1)), g.ShiftLeft(t, 23))
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
	g.KeepWide(poly[1:]...)
}

// expm1 is exp(s x) − 1 for s x from −80 to 40, s being 1 or 2. It holds its
// relative accuracy near 0, where n is 0 and the result is the polynomial's.
// What ln2Hi is short of ln 2 by is not seen beside the 1 for x < 0; for x > 0
// it is 2^-24 of the result at 40.
func (g *gen) expm1(x vector.V, s float64) vector.V {
	t := g.FMA(x, g.C(s*math.Log2E), g.C(round+127))
	n := g.Sub(t, g.C(round+127))
	r := g.NegMulAdd(n, g.C(ln2Hi/s), x)
	// exp(sr) − 1 = s r + r² q, and 2ⁿ of it + (2ⁿ − 1).
	p := g.Mul(r, r)
	q := g.estrin(r, p, g.scaledExpm1(s))
	if s == 1 {
		g.Into(p, q, r)
	} else {
		g.Into(p, q, g.Add(r, r))
	}
	two := g.ShiftLeft(t, 23)
	g.Into(p, two, g.Sub(two, g.C(1)))
	return p
}

// scaledExpm1 is the polynomial of expm1's r, which is 1/s of the exponent.
func (g *gen) scaledExpm1(s float64) []float64 {
	out := scaled(expm1Rest, s)
	for i := range out {
		out[i] *= s * s
	}
	return out
}

func (g *gen) keepExpm1(s float64) {
	g.KeepWide(s*math.Log2E, round+127, ln2Hi/s)
	g.KeepWide(g.scaledExpm1(s)...)
}
