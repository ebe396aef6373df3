package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// largest compares |φ| with what it may be at most: the one found before, or
// the number below it for the features that do not come after that.
func (g *gen) largest() {
	g.Text("largest", "func(features, n, skip, back int, phi *float32, before, which *int32, last, value *float32)",
		"finds the feature of most |φ| after the one before, a register of lanes at a time, n of them; phi goes on by skip after each panel, last and value by back.")
	p := pointers("features", "n", "skip", "back", "phi", "before", "which", "last", "value")
	features, n, skip, back, phi, before, which, last, value := p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8]
	none, one, abs := g.Load(g.C(-1)), g.Load(g.C(1)), g.Load(g.Bits(sign-1))
	left, from, part := GP64(), GP64(), GP64()
	XORQ(part, part)
	Label("lanes")
	after := g.Float(g.Load(at(before, 0)))
	limit := g.And(g.Load(at(last, 0)), abs)
	below := g.SubInt(limit, g.Bits(1))
	size, best, found, f := g.Copy(none), g.Reg(), g.Copy(none), g.Reg()
	VXORPS(best, best, best)
	VXORPS(f, f, f)
	MOVQ(features, left)
	MOVQ(phi, from)
	Label("feature")
	v := g.Load(at(from, 0))
	a := g.And(v, abs)
	most := g.Blend(g.Less(after, f), limit, below)
	a = g.Blend(g.Compare(most, vector.GE, a), a, none)
	more := g.Less(size, a)
	for _, b := range []struct{ yes, to vector.V }{{a, size}, {v, best}, {f, found}} {
		VMOVAPS(g.Blend(more, b.yes, b.to), b.to)
	}
	VADDPS(one, f, f)
	ADDQ(Imm(panelBytes), from)
	DECQ(left)
	JNZ(LabelRef("feature"))
	VCVTTPS2DQ(found, found)
	VMOVUPS(found, at(which, 0))
	VMOVUPS(best, at(value, 0))
	for _, p := range []GPVirtual{phi, before, which, last, value} {
		ADDQ(Imm(uint64(g.Bytes)), p)
	}
	ADDQ(Imm(uint64(g.Bytes)), part)
	CMPQ(part, Imm(panelBytes))
	JNE(LabelRef("within"))
	XORQ(part, part)
	ADDQ(skip, phi)
	ADDQ(back, last)
	ADDQ(back, value)
	Label("within")
	DECQ(n)
	JNZ(LabelRef("lanes"))
	VZEROUPPER()
	RET()
}
