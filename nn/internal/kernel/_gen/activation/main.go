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
	fast func(g *gen, x vector.V, at place) vector.V
	// With a tail, fast is called where |x| ≤ 87. Left of −87 exponentials leave
	// the range of normal numbers: there tail, in float64, takes the place of
	// fast; right of 87 it is fast(87), or its share of x.
	tail func(g *gen, x vector.V) vector.V
	// turn is how many steps a turn has of the pipeline of four pieces by AVX2: the
	// fewest with which they fit its sixteen registers, and end in the next turn. 0:
	// fast holds too many.
	turn int
}

// place is where a piece of work finds its numbers at the time it asks.
type place func() Mem

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
	{name: "tanh", doc: "is the hyperbolic tangent", fast: (*gen).tanh, turn: 12, keep: func(g *gen) { g.Keep(10, -10); g.KeepWide(1, 2); g.KeepExpm1() }},
	{name: "sigmoid", doc: "is 1 / (1 + exp(-y))", keep: func(g *gen) { g.keepSigmoid(vector.Exp5) }, fast: (*gen).sigmoid, tail: (*gen).sigmoidTail, turn: 12},
	{name: "silu", doc: "is y sigmoid(y)", keep: func(g *gen) { g.keepSigmoid(vector.Exp6) }, fast: (*gen).silu, tail: (*gen).siluTail, turn: 14},
}

func (g *gen) relu(x vector.V, _ place) vector.V { return g.Max(g.constant(0), x) }

func (g *gen) leakyReLU(x vector.V, _ place) vector.V {
	return g.Blend(g.Negative(x), g.Mul(x, g.alpha), x)
}

func (g *gen) hardSigmoid(x vector.V, _ place) vector.V {
	return g.atMost(g.atLeast(g.FMA(x, g.alpha, g.beta), 0), 1)
}

// hardSwish adds 3 first, which is exact where the factor is near 0.
func (g *gen) hardSwish(x vector.V, _ place) vector.V {
	t := g.atMost(g.atLeast(g.Add(x, g.C(3)), 0), 6)
	return g.Mul(x, g.Mul(t, g.C(1./6)))
}

func (g *gen) softsign(x vector.V, _ place) vector.V {
	return g.Div(x, g.Add(g.magnitude(x), g.C(1)))
}

func (g *gen) keepELU() {
	g.Keep(-80)
	g.KeepWide(1)
	g.KeepExpm1()
}

// left is exp(x) − 1 for x < 0, and of no meaning elsewhere. Past −80 it is −1.
func (g *gen) left(x vector.V) vector.V { return g.Expm1(g.atLeast(x, -80)) }

func (g *gen) elu(x vector.V, _ place) vector.V {
	return g.Blend(g.Negative(x), g.Mul(g.left(x), g.alpha), x)
}

func (g *gen) selu(x vector.V, _ place) vector.V {
	return g.Blend(g.Negative(x), g.Mul(g.left(x), g.C(seluGamma*seluAlpha)), g.Mul(x, g.C(seluGamma)))
}

func (g *gen) celu(x vector.V, _ place) vector.V {
	return g.Blend(g.Negative(x), g.Mul(g.left(g.Div(x, g.alpha)), g.alpha), x)
}

// tanh: past ±10 it is ±1.
func (g *gen) tanh(x vector.V, _ place) vector.V { return g.Tanh(g.atMost(g.atLeast(x, -10), 10)) }

func (g *gen) keepSigmoid(poly []float64) {
	g.Keep(1, vector.Round)
	g.KeepWide(farStart, -farStart)
	g.KeepBits(absBits)
	g.KeepExp(poly)
}

func (g *gen) sigmoid(x vector.V, _ place) vector.V { return g.Sigmoid(x, vector.Exp5) }

// sigmoidTail is exp(x).
func (g *gen) sigmoidTail(x vector.V) vector.V { return g.exp(g.atLeast(x, -farthest)) }

func (g *gen) silu(x vector.V, at place) vector.V { return g.Mul(g.Sigmoid(x, vector.Exp6), at()) }

// siluTail is x exp(x).
func (g *gen) siluTail(x vector.V) vector.V {
	x = g.atLeast(x, -farthest)
	return g.Mul(x, g.exp(x))
}
