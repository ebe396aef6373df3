// Learn generates what training does to every number alone, for AVX-512 and
// for AVX2: slopes of activations, shares of gradients, the penalty, and the step
// of Adam. Nothing is fused, so that both give what the plain loops give, to the
// bit.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, a := range vector.Both() {
		slope(a, "slopeRelu", "by 1 where a is more than 0, else by 0", func(v, d vector.V) vector.V {
			none := a.Reg()
			VXORPS(none, none, none)
			return a.Blend(a.Less(none, v), d, none)
		})
		slope(a, "slopeTanh", "by 1 − a²", func(v, d vector.V) vector.V {
			one := a.C(1)
			return a.Mul(d, a.Mul(a.Sub(a.Copy(one), v), a.Add(v, one)))
		})
		slope(a, "slopeSigmoid", "by a (1 − a)", func(v, d vector.V) vector.V {
			return a.Mul(d, a.Mul(v, a.Sub(a.Copy(a.C(1)), v)))
		})
		share(a, "shareFirst", "makes y", func(_ Mem, v vector.V) vector.V { return v })
		share(a, "shareMore", "adds to y", func(g Mem, v vector.V) vector.V { return a.Doubles().Add(v, g) })
		adam(a.Doubles())
		if !a.Wide() {
			penalise(a.Doubles())
			packTwo(a)
			packRun(a)
		}
	}
	Generate()
}

// slope writes a routine that multiplies d by what an activation's output says.
func slope(a *vector.ISA, name, doc string, of func(v, d vector.V) vector.V) {
	a.Text(name, "func(a, d *float32, n int)", "multiplies d "+doc+"; n is a positive multiple of 32.")
	pa, pd, n := Load(Param("a"), GP64()), Load(Param("d"), GP64()), Load(Param("n"), GP64())
	Label("loop")
	a.Interleave(2, func(i int) {
		v, d := a.Load(Mem{Base: pa, Disp: i * a.Bytes}), a.Load(Mem{Base: pd, Disp: i * a.Bytes})
		VMOVUPS(of(v, d), Mem{Base: pd, Disp: i * a.Bytes})
	})
	ADDQ(Imm(uint64(2*a.Bytes)), pa)
	ADDQ(Imm(uint64(2*a.Bytes)), pd)
	SUBQ(Imm(uint64(2*a.Lanes())), n)
	JG(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// share writes a routine that takes a share of a shard's gradient.
func share(a *vector.ISA, name, doc string, into func(g Mem, v vector.V) vector.V) {
	a.Text(name, "func(y *float64, d *float32, n int, share float64)", doc+" share times d; n is a positive multiple of 16.")
	double, by := a.Doubles(), a.Reg()
	VBROADCASTSD(vector.Argument("share"), by)
	g, d, n, at := Load(Param("y"), GP64()), Load(Param("d"), GP64()), Load(Param("n"), GP64()), GP64()
	XORQ(at, at)
	Label("loop")
	for i := 0; i < 16; i += double.Lanes() {
		to := Mem{Base: g, Index: at, Scale: 8, Disp: 8 * i}
		v := double.Mul(by, double.Widen(Mem{Base: d, Index: at, Scale: 4, Disp: 4 * i}))
		VMOVUPD(into(to, v), to)
	}
	ADDQ(U8(16), at)
	CMPQ(at, n)
	JLT(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// penalise writes the gradient of a penalty on w, with the four sums of squares
// that a register of AVX2 holds.
func penalise(a *vector.ISA) {
	a.Text("penalise", "func(w, y *float64, n int, lambda float64, sums *float64)", "adds lambda times w to y, and the square of w[i] to sums[i mod 4]; n is a positive multiple of 8.")
	w, g, n, sums, at := Load(Param("w"), GP64()), Load(Param("y"), GP64()), Load(Param("n"), GP64()), Load(Param("sums"), GP64()), GP64()
	lambda := a.Reg()
	VBROADCASTSD(vector.Argument("lambda"), lambda)
	sum := a.Load(Mem{Base: sums})
	XORQ(at, at)
	Label("loop")
	for i := 0; i < 8; i += a.Lanes() {
		v, to := a.Load(Mem{Base: w, Index: at, Scale: 8, Disp: 8 * i}), Mem{Base: g, Index: at, Scale: 8, Disp: 8 * i}
		VMOVUPD(a.Add(a.Mul(lambda, v), to), to)
		VADDPD(a.Mul(v, v), sum, sum)
	}
	ADDQ(U8(8), at)
	CMPQ(at, n)
	JLT(LabelRef("loop"))
	VMOVUPD(sum, Mem{Base: sums})
	VZEROUPPER()
	RET()
}

// packTwo writes a routine that brings two units' weights together.
func packTwo(a *vector.ISA) {
	a.Text("packTwo", "func(v, w *float64, n int, to *float32, step int)", "writes v[i] and w[i] beside each other, step bytes from one to the next; n is a positive multiple of 4.")
	v, w, n := Load(Param("v"), GP64()), Load(Param("w"), GP64()), Load(Param("n"), GP64())
	to, step, at := Load(Param("to"), GP64()), Load(Param("step"), GP64()), GP64()
	step3 := GP64()
	LEAQ(Mem{Base: step, Index: step, Scale: 2}, step3)
	XORQ(at, at)
	Label("loop")
	one, two := a.Narrow(a.Load(Mem{Base: v, Index: at, Scale: 8})), a.Narrow(a.Load(Mem{Base: w, Index: at, Scale: 8}))
	low, high := XMM(), XMM()
	VUNPCKLPS(two, one, low)
	VUNPCKHPS(two, one, high)
	first := Mem{Base: to}
	VMOVLPS(low, first)
	VMOVHPS(low, first.Idx(step, 1))
	VMOVLPS(high, first.Idx(step, 2))
	VMOVHPS(high, first.Idx(step3, 1))
	LEAQ(Mem{Base: to, Index: step, Scale: 4}, to)
	ADDQ(U8(4), at)
	CMPQ(at, n)
	JLT(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// packRun writes a routine that deals an input's weights out to the blocks of
// their units. The last four of a block may be some that are there already.
func packRun(a *vector.ISA) {
	a.Text("packRun", "func(w *float64, to *float32, blocks, units, step int)", "writes units numbers, at least 4, into each block, step bytes from one to the next.")
	w, to, blocks := Load(Param("w"), GP64()), Load(Param("to"), GP64()), Load(Param("blocks"), GP64())
	units, step, at, last := Load(Param("units"), GP64()), Load(Param("step"), GP64()), GP64(), GP64()
	MOVQ(units, last)
	SUBQ(U8(4), last)
	four := func(at Register) {
		VMOVUPS(a.Narrow(a.Load(Mem{Base: w, Index: at, Scale: 8})), Mem{Base: to, Index: at, Scale: 4})
	}
	Label("block")
	XORQ(at, at)
	Label("four")
	four(at)
	ADDQ(U8(4), at)
	CMPQ(at, last)
	JLT(LabelRef("four"))
	four(last)
	LEAQ(Mem{Base: w, Index: units, Scale: 8}, w)
	ADDQ(step, to)
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// adam writes the step of Adam for some parameters.
func adam(a *vector.ISA) {
	a.Text("adam", "func(p, d, m, v *float64, n int, c *float64)", "takes a step with n parameters, a positive multiple of 8; c are the fields of an AdamStep.")
	p, g, m, v := Load(Param("p"), GP64()), Load(Param("d"), GP64()), Load(Param("m"), GP64()), Load(Param("v"), GP64())
	n, c, at := Load(Param("n"), GP64()), Load(Param("c"), GP64()), GP64()
	var field []vector.V
	for i := range 8 {
		r := a.Reg()
		VBROADCASTSD(Mem{Base: c, Disp: 8 * i}, r)
		field = append(field, r)
	}
	beta1, rest1, beta2, rest2, rate, scale1, scale2, epsilon := field[0], field[1], field[2], field[3], field[4], field[5], field[6], field[7]
	XORQ(at, at)
	element := func(base Op) Mem { return Mem{Base: base.(GPVirtual), Index: at, Scale: 8} }
	Label("loop")
	grad := a.Load(element(g))
	mean := a.Add(a.Mul(beta1, element(m)), a.Mul(rest1, grad))
	square := a.Add(a.Mul(beta2, element(v)), a.Mul(a.Mul(rest2, grad), grad))
	VMOVUPD(mean, element(m))
	VMOVUPD(square, element(v))
	root := a.Mul(square, scale2)
	VSQRTPD(root, root)
	root = a.Add(root, epsilon)
	step := a.Div(a.Mul(a.Mul(rate, mean), scale1), root)
	VMOVUPD(a.Sub(a.Load(element(p)), step), element(p))
	ADDQ(Imm(uint64(a.Lanes())), at)
	CMPQ(at, n)
	JLT(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
