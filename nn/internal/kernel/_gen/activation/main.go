// Activation generates the nonlinearities, in place on float32 panels, of
// AVX-512 and of AVX2 with FMA.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"

	"yhat/nn/internal/kernel/gen/vector"
)

// absBits are all bits of a float32 but the sign.
const absBits = 1<<31 - 1

// gen writes one routine.
type gen struct {
	*vector.ISA
	alpha, beta vector.V // where the function has them
}

// unary is a function of each number alone.
type unary struct {
	name string
	doc  string
	args string       // after the pointer and the count
	keep func(g *gen) // constants to hold in registers
	// fast is the function of x, which is lost; x lies also at, where it may be
	// outside the range that x is held to.
	fast func(g *gen, x vector.V, at Mem) vector.V
	// With a tail, fast is called where |x| ≤ 87. Left of −87 exponentials leave
	// the range of normal numbers: there tail, in float64, takes the place of
	// fast; right of 87 it is fast(87), or its share of x.
	tail func(g *gen, x vector.V) vector.V
	// slim says that fast holds three registers of its own at most, so that
	// four pieces of work fit the sixteen of AVX2.
	slim bool
}

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, a := range vector.Both() {
		for _, u := range unaries {
			u.generate(&gen{ISA: a})
		}
		for _, d := range doubles {
			d.generate(&gen{ISA: a})
		}
		(&gen{ISA: a}).softmax("softmax", false)
		(&gen{ISA: a}).softmax("logSoftmax", true)
	}
	Generate()
}

// farStart is the largest |x| that fast is called with, for functions that have
// a tail.
const farStart = 87

// generate writes a loop over registers, two at a time, or four.
func (u *unary) generate(g *gen) {
	g.Text(u.name, "func(y *float32, n int"+u.args+")", u.doc+" in place; n is a positive multiple of 32.")
	y, n := Load(Param("y"), GP64()), Load(Param("n"), GP64())
	if u.args != "" {
		g.alpha = g.Argument("alpha")
	}
	if u.args == twoArgs {
		g.beta = g.Argument("beta")
	}
	if u.keep != nil {
		u.keep(g)
	}
	pieces := 2
	if u.slim && !g.Wide() {
		pieces = 4
	}
	at := func(i int) Mem { return Mem{Base: y, Disp: i * g.Bytes} }
	Label("loop")
	if u.tail != nil {
		top := g.magnitude(at(0))
		for i := range pieces - 1 {
			top = g.MaxUnsigned(top, g.magnitude(at(i+1)))
		}
		g.JumpAbove(top, g.constant(farStart), "far")
	}
	g.Interleave(pieces, func(i int) { VMOVUPS(u.fast(g, g.Load(at(i)), at(i)), at(i)) })
	if u.tail != nil {
		Label("next")
	}
	ADDQ(Imm(uint64(pieces*g.Bytes)), y)
	SUBQ(Imm(uint64(pieces*g.Bytes/4)), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
	if u.tail != nil {
		Label("far")
		for i := range pieces {
			u.far(g, at(i))
		}
		JMP(LabelRef("next"))
	}
}

// far writes what is done where some lane lies outside ±87: the others get
// what they always get.
func (u *unary) far(g *gen, at Mem) {
	d := &gen{ISA: g.Doubles()}
	low := d.Narrow(u.tail(d, d.Widen(at)))
	high := d.Narrow(u.tail(d, d.Widen(at.Offset(g.Bytes/2))))
	x := g.Load(at)
	y := u.fast(g, g.atMost(g.atLeast(x, -farStart), farStart), at)
	VMOVUPS(g.Blend(g.Less(x, g.constant(-farStart)), g.Join(low, high), y), at)
}

// magnitude is |x|.
func (g *gen) magnitude(x Op) vector.V { return g.And(g.Bits(absBits).(vector.V), x) }

// constant is a register of the constant x.
func (g *gen) constant(x float64) vector.V {
	if v, ok := g.C(x).(vector.V); ok {
		return v
	}
	return g.Load(g.C(x))
}

// atMost is min(x, top), NaN staying NaN.
func (g *gen) atMost(x vector.V, top float64) vector.V { return g.Min(g.constant(top), x) }

// atLeast is max(x, bottom), NaN staying NaN.
func (g *gen) atLeast(x vector.V, bottom float64) vector.V { return g.Max(g.constant(bottom), x) }

const (
	oneArg  = ", alpha float32"
	twoArgs = ", alpha, beta float32"
)

// The constants of SELU, as ONNX gives them.
const (
	seluAlpha = 1.67326319217681884765625
	seluGamma = 1.05070102214813232421875
)

var unaries = []unary{
	{name: "relu", doc: "is max(0, y)", fast: (*gen).relu, keep: func(g *gen) { g.Keep(0) }},
	{name: "leakyRelu", doc: "is y, and alpha y where y < 0", args: oneArg, fast: (*gen).leakyReLU},
	{name: "hardSigmoid", doc: "is alpha y + beta within [0, 1]", args: twoArgs, fast: (*gen).hardSigmoid, keep: func(g *gen) { g.Keep(0, 1) }},
	{name: "hardSwish", doc: "is y (y+3)/6, the factor within [0, 1]", fast: (*gen).hardSwish, keep: func(g *gen) { g.Keep(0, 6); g.KeepWide(3, 1./6) }},
	{name: "softsign", doc: "is y / (1 + |y|)", fast: (*gen).softsign, keep: func(g *gen) { g.KeepBits(absBits); g.Keep(1) }},
	{name: "elu", doc: "is y, and alpha (exp(y) - 1) where y < 0", args: oneArg, fast: (*gen).elu, keep: func(g *gen) { g.keepELU() }},
	{name: "selu", doc: "is 1.0507 elu(y, 1.67326)", fast: (*gen).selu, keep: func(g *gen) { g.keepELU(); g.KeepWide(seluGamma, seluGamma*seluAlpha) }},
	{name: "celu", doc: "is y, and alpha (exp(y/alpha) - 1) where y < 0, for alpha > 0", args: oneArg, fast: (*gen).celu, keep: func(g *gen) { g.keepELU() }},
	{name: "tanh", doc: "is the hyperbolic tangent", fast: (*gen).tanh, slim: true, keep: func(g *gen) { g.Keep(10, -10); g.KeepWide(1, 2); g.KeepExpm1() }},
	{name: "sigmoid", doc: "is 1 / (1 + exp(-y))", keep: func(g *gen) { g.keepSigmoid(vector.Exp5) }, fast: (*gen).sigmoid, tail: (*gen).sigmoidTail, slim: true},
	{name: "silu", doc: "is y sigmoid(y)", keep: func(g *gen) { g.keepSigmoid(vector.Exp6) }, fast: (*gen).silu, tail: (*gen).siluTail, slim: true},
}

func (g *gen) relu(x vector.V, _ Mem) vector.V { return g.Max(g.constant(0), x) }

func (g *gen) leakyReLU(x vector.V, _ Mem) vector.V {
	return g.Blend(g.Negative(x), g.Mul(x, g.alpha), x)
}

func (g *gen) hardSigmoid(x vector.V, _ Mem) vector.V {
	return g.atMost(g.atLeast(g.FMA(x, g.alpha, g.beta), 0), 1)
}

// hardSwish adds 3 first, which is exact where the factor is near 0.
func (g *gen) hardSwish(x vector.V, _ Mem) vector.V {
	t := g.atMost(g.atLeast(g.Add(x, g.C(3)), 0), 6)
	return g.Mul(x, g.Mul(t, g.C(1./6)))
}

func (g *gen) softsign(x vector.V, _ Mem) vector.V {
	return g.Div(x, g.Add(g.magnitude(x), g.C(1)))
}

func (g *gen) keepELU() {
	g.Keep(-80)
	g.KeepWide(1)
	g.KeepExpm1()
}

// left is exp(x) − 1 for x < 0, and of no meaning elsewhere. Past −80 it is −1.
func (g *gen) left(x vector.V) vector.V { return g.Expm1(g.atLeast(x, -80)) }

func (g *gen) elu(x vector.V, _ Mem) vector.V {
	return g.Blend(g.Negative(x), g.Mul(g.left(x), g.alpha), x)
}

func (g *gen) selu(x vector.V, _ Mem) vector.V {
	return g.Blend(g.Negative(x), g.Mul(g.left(x), g.C(seluGamma*seluAlpha)), g.Mul(x, g.C(seluGamma)))
}

func (g *gen) celu(x vector.V, _ Mem) vector.V {
	return g.Blend(g.Negative(x), g.Mul(g.left(g.Div(x, g.alpha)), g.alpha), x)
}

// tanh: past ±10 it is ±1.
func (g *gen) tanh(x vector.V, _ Mem) vector.V { return g.Tanh(g.atMost(g.atLeast(x, -10), 10)) }

func (g *gen) keepSigmoid(poly []float64) {
	g.Keep(1, vector.Round)
	g.KeepWide(farStart, -farStart)
	g.KeepBits(absBits)
	g.KeepExp(poly)
}

func (g *gen) sigmoid(x vector.V, _ Mem) vector.V { return g.Sigmoid(x, vector.Exp5) }

// sigmoidTail is exp(x).
func (g *gen) sigmoidTail(x vector.V) vector.V { return g.exp(g.atLeast(x, -farthest)) }

func (g *gen) silu(x vector.V, at Mem) vector.V { return g.Mul(g.Sigmoid(x, vector.Exp6), at) }

// siluTail is x exp(x).
func (g *gen) siluTail(x vector.V) vector.V {
	x = g.atLeast(x, -farthest)
	return g.Mul(x, g.exp(x))
}
