package vector

import "math"

// Everything exponential in float32 starts from exp(x) = 2ⁿ p: n is the nearest
// integer to x log₂e, found by adding a number so large that its last bit is
// worth 1, r = x − n ln 2 in two steps, and p a polynomial for exp(r). The
// coefficients are minimax fits of the relative error on |r| ≤ ln 2 / 2, rounded
// to float32.
const (
	Round = 0x1.8p23
	Ln2Hi = 0x1.62e430p-1
	Ln2Lo = math.Ln2 - Ln2Hi
)

// Polynomials for exp(r).
var (
	Exp5 = []float64{1, 1, 0x1.fffdfcp-2, 0x1.5557b0p-3, 0x1.572a64p-5, 0x1.106252p-7}                 // 1.8 · 2^-24
	Exp6 = []float64{1, 1, 0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558f2p-5, 0x1.123a20p-7, 0x1.6a23d0p-10} // 0.1 · 2^-24
	// (exp(r) − 1 − r) / r², with which exp(r) − 1 is 0.3 · 2^-24 off.
	expm1Rest = []float64{0x1.fffffep-2, 0x1.5554b0p-3, 0x1.555674p-5, 0x1.1227b0p-7, 0x1.6bebfcp-10}
)

// Exp is exp(x) of float32 for |x| ≤ 87, where it is a normal number; x is lost.
// Horner's rule takes more time from end to end than powers of r² would, but
// fewer registers and operations: what is saved holds more such work in flight.
func (a *ISA) Exp(x V, poly []float64) V {
	t := a.FMA(x, a.C(math.Log2E), a.C(Round))
	n := a.Sub(t, a.C(Round))
	a.SubProduct(x, n, a.C(Ln2Hi))
	a.SubProduct(x, n, a.C(Ln2Lo))
	// The low bits of t are n, which goes into the exponent.
	return a.AddInt(a.horner(x, poly), a.ShiftLeft(t, 23))
}

// horner is c[0] + c[1] r + c[2] r² + ….
func (a *ISA) horner(r V, c []float64) V {
	p := a.Copy(a.C(c[len(c)-1]))
	for i := len(c) - 2; i >= 0; i-- {
		a.Into(p, r, a.C(c[i]))
	}
	return p
}

// KeepExp keeps what Exp needs in registers.
func (a *ISA) KeepExp(poly []float64) {
	a.KeepWide(math.Log2E, Round, Ln2Hi, Ln2Lo)
	a.KeepWide(poly...)
}

// Expm1 is exp(x) − 1 of float32 for x from −80 to 40; x is lost. It holds its
// relative accuracy near 0, where n is 0 and the result is the polynomial's. What
// Ln2Hi is short of ln 2 by is not seen beside the 1 for x < 0; for x > 0 it is
// 2^-24 of the result at 40.
func (a *ISA) Expm1(x V) V {
	t := a.FMA(x, a.C(math.Log2E), a.C(Round+127))
	n := a.Sub(t, a.C(Round+127))
	a.SubProduct(x, n, a.C(Ln2Hi))
	// exp(r) − 1 = r + r (r q), and 2ⁿ of it + (2ⁿ − 1).
	p := a.horner(x, expm1Rest)
	p = a.Mul(p, x)
	a.Into(p, x, x)
	two := a.ShiftLeft(t, 23)
	a.Into(p, two, a.Sub(two, a.C(1)))
	return p
}

// KeepExpm1 keeps what Expm1 needs in registers.
func (a *ISA) KeepExpm1() {
	a.KeepWide(math.Log2E, Round+127, Ln2Hi)
	a.KeepWide(expm1Rest...)
}

// Sigmoid is e / (1 + e) with e = exp(x), for |x| ≤ 87, which keeps its digits in
// both directions; x is lost.
func (a *ISA) Sigmoid(x V, poly []float64) V {
	e := a.Exp(x, poly)
	return a.Div(e, a.Add(e, a.C(1)))
}

// Tanh is E / (E + 2) with E = exp(2x) − 1, for |x| ≤ 10: no cancellation, and one
// formula for all x.
func (a *ISA) Tanh(x V) V {
	e := a.Expm1(a.Add(x, x))
	return a.Div(e, a.Add(e, a.C(2)))
}
