package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"

	"yhat/nn/internal/kernel/gen/vector"
)

// Some functions would lose too many digits in float32 on the way: gelu and
// gelu_tanh take the exponential of a large square or cube, mish and softplus
// chain several roundings. They are computed in float64 and rounded once, which
// also makes their subnormal tails right without more ado. What they need of
// each step is some 2^-30.

const roundDouble = 0x1.8p52

// exp7 is exp(r) on |r| ≤ ln 2 / 2, 2^-34 off.
var exp7 = []float64{1, 1, 0x1.0000003a46291p-1, 0x1.55555442f84cdp-3, 0x1.55548d74b3be7p-5, 0x1.111270b6b19bcp-7, 0x1.6d8d51f93292fp-10, 0x1.9f0917d12301bp-13}

// exp is exp(x) for |x| ≤ 700, in float64.
func (g *gen) exp(x vector.V) vector.V {
	t := g.FMA(x, g.C(math.Log2E), g.C(roundDouble))
	n := g.Sub(t, g.C(roundDouble))
	r := g.NegMulAdd(n, g.C(math.Ln2), x)
	return g.AddInt(g.powers(r, exp7...), g.ShiftLeft(t, 52))
}

// powers is c[0] + c[1] r + c[2] r² + …, by powers of r².
func (g *gen) powers(r vector.V, c ...float64) vector.V { return g.estrin(r, g.Mul(r, r), c) }

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

func (g *gen) keepExpDouble() {
	g.KeepWide(math.Log2E, roundDouble, math.Ln2)
	g.KeepWide(exp7...)
}

const (
	signBitDouble = 1 << 63
	absBitsDouble = signBitDouble - 1
)

// absDouble is |x|.
func (g *gen) absDouble(x vector.V) vector.V { return g.And(x, g.Bits(absBitsDouble)) }

// expNegAbs is exp(−min(|x|, top)).
func (g *gen) expNegAbs(x vector.V, top float64) vector.V {
	a := g.atMost(g.absDouble(x), top)
	return g.exp(g.Or(a, g.Bits(signBitDouble)))
}

// double is a function computed in float64.
type double struct {
	name, doc string
	keep      func(g *gen)
	f         func(g *gen, x vector.V) vector.V
}

var doubles = []double{
	{name: "gelu", doc: "is y erfc(-y/√2) / 2", keep: (*gen).keepGELU, f: (*gen).gelu},
	{name: "geluTanh", doc: "is y sigmoid(2 √(2/π) (y + 0.044715 y³))", keep: (*gen).keepGELUTanh, f: (*gen).geluTanh},
	{name: "softplus", doc: "is log(1 + exp(y))", keep: (*gen).keepSoftplus, f: (*gen).softplus},
	{name: "mish", doc: "is y tanh(log(1 + exp(y)))", keep: (*gen).keepMish, f: (*gen).mish},
}

// generate writes a loop over float64 registers, two at a time.
func (d *double) generate(single *gen) {
	single.Text(d.name, "func(y *float32, n int)", d.doc+" in place; n is a positive multiple of 32.")
	g := &gen{ISA: single.Doubles()}
	y, n := Load(Param("y"), GP64()), Load(Param("n"), GP64())
	d.keep(g)
	Label("loop")
	together := 2
	if !g.Wide() {
		together = 1 // of 16 registers
	}
	for first := 0; first < 2; first += together {
		g.Interleave(together, func(i int) {
			at := Mem{Base: y, Disp: (first + i) * g.Bytes / 2}
			VMOVUPS(g.Narrow(d.f(g, g.Widen(at))), at)
		})
	}
	ADDQ(Imm(uint64(g.Bytes)), y)
	SUBQ(Imm(uint64(g.Bytes/4)), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// For a ≥ 0, erfc(a/√2)/2 = exp(−a²/2) P(a)/Q(a); the fit holds for a ≤ 14.8
// and is 0.1 · 2^-24 off.
var (
	geluP = []float64{0x1p-1, 0x1.c0b5d854caf50p-2, 0x1.770eaa120f2c0p-3, 0x1.4c85d8c78c3b5p-5, 0x1.0d346fed6b584p-8}
	geluQ = []float64{1, 0x1.ac9d1abb343b6p+0, 0x1.33bf5df0d5062p+0, 0x1.e074b0cd7cd23p-2, 0x1.a0c81bfbd439cp-4, 0x1.5164f5b5e43f0p-7}
)

func (g *gen) keepGELU() {
	g.Keep(1)
	g.keepExpDouble()
	g.KeepWide(-0.5)
}

// gelu: right of 14.7 the tail is nothing beside 1, and left of −14.7 nothing
// at all.
func (g *gen) gelu(x vector.V) vector.V {
	a := g.atMost(g.absDouble(x), 14.7)
	a2 := g.Mul(a, a)
	e := g.exp(g.Mul(a2, g.C(-0.5)))
	tail := g.Div(g.Mul(e, g.estrin(a, a2, geluP)), g.estrin(a, a2, geluQ))
	phi := g.Blend(g.Negative(x), tail, g.Sub(g.constant(1), tail))
	return g.Mul(g.atLeast(x, -14.7), phi)
}

// farthest is where exp(−a) has become 0 in float32, also times a.
const farthest = 120

var (
	geluTanh1 = 2 * math.Sqrt(2/math.Pi)
	geluTanh3 = geluTanh1 * 0.044715
)

func (g *gen) keepGELUTanh() {
	g.Keep(1)
	g.keepExpDouble()
	g.KeepWide(geluTanh1, geluTanh3)
}

// geluTanh is x σ(w), w = 2√(2/π) (x + 0.044715 x³).
func (g *gen) geluTanh(x vector.V) vector.V {
	w := g.Mul(x, g.FMA(g.Mul(x, x), g.C(geluTanh3), g.C(geluTanh1)))
	e := g.expNegAbs(w, 300)
	return g.Div(g.Mul(x, g.Blend(g.Negative(x), e, g.constant(1))), g.Add(e, g.C(1)))
}

// atanh4 is (2 artanh(z)/z − 2) / z² for z² ≤ 1/9, by powers of z²; 2^-33.
var atanh4 = []float64{0x1.55555856fca2fp-1, 0x1.9996a825e4769p-2, 0x1.25097c2c12353p-2, 0x1.b6d5b5e2e9c59p-3, 0x1.f1b2b05a5dd66p-3}

func (g *gen) keepSoftplus() {
	g.Keep(0)
	g.keepExpDouble()
	g.KeepWide(2)
	g.KeepWide(atanh4...)
}

// softplus is max(x, 0) + log(1 + e), e = exp(−|x|); log(1 + e) is
// 2 artanh(e / (2 + e)).
func (g *gen) softplus(x vector.V) vector.V {
	e := g.expNegAbs(x, farthest)
	z := g.Div(e, g.Add(e, g.C(2)))
	s := g.Mul(z, z)
	log := g.FMA(z, g.Mul(g.powers(s, atanh4...), s), g.Add(z, z))
	return g.Add(log, g.Max(g.constant(0), x))
}

func (g *gen) keepMish() {
	g.Keep(1)
	g.keepExpDouble()
	g.KeepWide(2)
}

// mish: with e = exp(−|x|), tanh(log(1+exp(x))) is e(e+2) / (e(e+2) + 2) for
// x < 0 and (1+2e) / (1+2e + 2e²) else.
func (g *gen) mish(x vector.V) vector.V {
	e := g.expNegAbs(x, farthest)
	left := g.Mul(e, g.Add(e, g.C(2)))
	right := g.FMA(e, g.C(2), g.constant(1))
	sign := g.Negative(x)
	rest := g.Blend(sign, g.constant(1), g.Mul(e, e))
	num := g.Blend(sign, left, right)
	return g.Div(g.Mul(g.atLeast(x, -farthest), num), g.FMA(rest, g.C(2), num))
}
