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
			spread(a)
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

// spread writes a routine that turns eight rows into eight lanes of each value,
// four values at a time; the last ones may be some that are there already.
func spread(a *vector.ISA) {
	a.Text("spread", "func(from *float32, rows, next *int32, width int, to *float32)", "writes eight rows of width numbers, at least 4, into lanes to … of a panel, and calls for those of next.")
	from, list, width, to := Load(Param("from"), GP64()), GP64(), Load(Param("width"), GP64()), Load(Param("to"), GP64())
	var row [8]GPVirtual
	for i := range row {
		row[i] = GP64()
	}
	find := func(name string) {
		Load(Param(name), list)
		for i, r := range row {
			MOVLQSX(Mem{Base: list, Disp: 4 * i}, r)
			IMULQ(width, r)
			LEAQ(Mem{Base: from, Index: r, Scale: 4}, r)
		}
	}
	find("next")
	at := GP64()
	XORQ(at, at)
	Label("line")
	for _, r := range row {
		PREFETCHT0(Mem{Base: r, Index: at, Scale: 4})
	}
	ADDQ(U8(16), at)
	CMPQ(at, width)
	JLT(LabelRef("line"))
	find("rows")
	last := list
	MOVQ(width, last)
	SUBQ(U8(4), last)
	XORQ(at, at)
	Label("loop")
	spreadFour(a, row, at, to)
	ADDQ(U8(4), at)
	SUBQ(I32(-4*128), to)
	CMPQ(at, last)
	JLT(LabelRef("loop"))
	// at is last, or up to three too far.
	SUBQ(last, at)
	SHLQ(U8(7), at)
	SUBQ(at, to)
	spreadFour(a, row, last, to)
	VZEROUPPER()
	RET()
}

// spreadFour spreads values at … at+3.
func spreadFour(a *vector.ISA, row [8]GPVirtual, at, to Register) {
	var v [4]vector.V
	for i := range v {
		v[i] = a.Reg()
		VBROADCASTF128(Mem{Base: row[i], Index: at, Scale: 4}, v[i])
		VINSERTF128(U8(1), Mem{Base: row[i+4], Index: at, Scale: 4}, v[i], v[i])
	}
	for half, unpack := range []func(...Op){func(o ...Op) { VUNPCKLPS(o...) }, func(o ...Op) { VUNPCKHPS(o...) }} {
		low, high, first, second := a.Reg(), a.Reg(), a.Reg(), a.Reg()
		unpack(v[1], v[0], low)
		unpack(v[3], v[2], high)
		VUNPCKLPD(high, low, first)
		VUNPCKHPD(high, low, second)
		VMOVUPS(first, Mem{Base: to, Disp: 256 * half})
		VMOVUPS(second, Mem{Base: to, Disp: 256*half + 128})
	}
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
