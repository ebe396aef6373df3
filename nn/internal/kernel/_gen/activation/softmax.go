package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// softmax writes softmax or log_softmax down the units of panels: the largest
// unit, then the sum of the exponentials of what is below it, then the result.
// The sum is Kahan's, in unit order, so that thousands of units cost no digits.
func (g *gen) softmax(name string, log bool) {
	g.Text(name, "func(y *float32, units, panels int)", "works in place on panels panels of units units.")
	y, units, panels := Load(Param("y"), GP64()), Load(Param("units"), GP64()), Load(Param("panels"), GP64())
	g.Keep(1, 0, -87)
	g.KeepExp(vector.Exp5)
	column, last := GP64(), GP64()
	SHLQ(U8(7), units)
	Label("panel")
	LEAQ(Mem{Base: y, Disp: 128}, last)
	MOVQ(y, column)
	Label("column")
	top := g.Load(Mem{Base: column})
	g.down("top", column, units, func(at Mem) { VMAXPS(at, top, top) })
	sum, rest := g.Copy(g.C(0)), g.Copy(g.C(0))
	g.down("sum", column, units, func(at Mem) {
		e := g.below(top, at)
		if !log {
			VMOVUPS(e, at)
		}
		g.kahan(sum, rest, e)
	})
	if log {
		l := g.log(sum)
		g.down("result", column, units, func(at Mem) { VMOVUPS(g.Sub(g.Sub(g.Load(at), top), l), at) })
	} else {
		share := g.Div(g.constant(1), sum)
		g.down("result", column, units, func(at Mem) { VMOVUPS(g.Mul(share, at), at) })
	}
	ADDQ(Imm(uint64(g.Bytes)), column)
	CMPQ(column, last)
	JLT(LabelRef("column"))
	ADDQ(units, y)
	DECQ(panels)
	JNZ(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

// down runs body for each unit of a column; units is in bytes.
func (g *gen) down(label string, column, units Register, body func(at Mem)) {
	p, end := GP64(), GP64()
	MOVQ(column, p)
	LEAQ(Mem{Base: column, Index: units, Scale: 1}, end)
	Label(label)
	body(Mem{Base: p})
	SUBQ(I8(-128), p)
	CMPQ(p, end)
	JLT(LabelRef(label))
}

// below is exp(x − top), and 0 where that is less than exp(−87).
func (g *gen) below(top vector.V, x Mem) vector.V {
	d := g.Sub(g.Load(x), top)
	e := g.Exp(g.atLeast(d, -87), vector.Exp5)
	return g.Blend(g.Less(d, g.constant(-87)), g.C(0), e)
}

// kahan adds e to sum, of which rest is what rounding has added too much.
func (g *gen) kahan(sum, rest, e vector.V) {
	y := g.Sub(e, rest)
	t := g.Add(sum, y)
	VSUBPS(sum, t, rest)
	VSUBPS(y, rest, rest)
	VMOVAPS(t, sum)
}

// atanh2 is as atanh3, for z² ≤ 0.0295; 0.02 · 2^-24.
var atanh2 = []float64{0x1.55557ap-1, 0x1.995ea2p-2, 0x1.31e5c0p-2}

// log is the logarithm of a number of at least 1: k ln 2 + log(1 + f), the
// mantissa 1 + f lying between √½ and √2.
func (g *gen) log(x vector.V) vector.V {
	k := g.ShiftRight(g.SubInt(x, g.C(math.Sqrt2/2)), 23)
	f := g.Sub(g.SubInt(x, g.ShiftLeft(k, 23)), g.C(1))
	z := g.Div(f, g.Add(f, g.C(2)))
	s := g.Mul(z, z)
	l := g.FMA(z, g.Mul(g.powers(s, atanh2...), s), g.Add(z, z))
	n := g.Float(k)
	return g.FMA(n, g.C(vector.Ln2Hi), g.FMA(n, g.C(vector.Ln2Lo), l))
}
