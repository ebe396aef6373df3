// Tally generates the loops that count numbers by the edges they reach, of
// AVX2: AVX-512 would only halve what is little.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"

	"yhat/nn/internal/kernel/gen/vector"
)

// edges is how many edges are looked at in one pass, each with a register of
// counts.
const edges = 8

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, a := range vector.Both() {
		if !a.Wide() {
			tally(a.Doubles(), "tallyF64", "float64", 8)
			tally(a.Doubles(), "tallyF32", "float32", 4)
		}
	}
	Generate()
}

func tally(a *vector.ISA, name, cell string, size int) {
	a.Text(name, "func(x *"+cell+", n int, factor, plus float64, edges *[8][4]float64, counts *[8][4]int64)",
		"sets the sums of counts[i] to how many of n numbers, each times factor plus plus, are at least edges[i][0]; n is a positive multiple of 4.")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	at, counts := Load(Param("edges"), GP64()), Load(Param("counts"), GP64())
	factor, plus := a.Reg(), a.Reg()
	VBROADCASTSD(vector.Argument("factor"), factor)
	VBROADCASTSD(vector.Argument("plus"), plus)
	var sums [edges]vector.V
	for i := range sums {
		sums[i] = a.Reg()
		VPXOR(sums[i], sums[i], sums[i])
	}
	Label("loop")
	var v vector.V
	if cells := (Mem{Base: x}); size == 8 {
		v = a.Load(cells)
	} else {
		v = a.Widen(cells)
	}
	v = a.Add(a.Mul(v, factor), plus)
	for i := range sums {
		reached := a.Reg()
		VCMPPD(U8(vector.GE), Mem{Base: at, Disp: a.Bytes * i}, v, reached)
		VPSUBQ(reached, sums[i], sums[i]) // all ones are −1
	}
	ADDQ(U32(uint32(size*a.Lanes())), x)
	SUBQ(U32(uint32(a.Lanes())), n)
	JG(LabelRef("loop"))
	for i := range sums {
		VMOVUPS(sums[i], Mem{Base: counts, Disp: a.Bytes * i})
	}
	VZEROUPPER()
	RET()
}
