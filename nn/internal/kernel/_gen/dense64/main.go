// Dense64 generates the float64 dense products of AVX-512 and of AVX2. They
// follow the plain loop to the bit: a row's products are rounded, added to 0 in
// the order of the inputs, and the bias comes last. So nothing is fused.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// rowBytes is one value of a panel: 32 rows.
const rowBytes = 256

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, a := range vector.Both() {
		limit := 5
		if a.Wide() {
			limit = 12
		}
		for units := 1; units <= limit; units++ {
			dense(a, units)
		}
	}
	Generate()
}

// dense writes the product of some units: two registers of rows at a time, as
// often as a panel has them.
func dense(a *vector.ISA, units int) {
	TEXT(fmt.Sprintf("dense64%s_%d", a.Name, units), NOSPLIT, "func(k, panels int, w, x, y *float64, xs, ys, relu int)")
	Doc(fmt.Sprintf("dense64%s_%d computes %d units of a layer for panels panels: k inputs each, xs and ys bytes from panel to panel.", a.Name, units, units))
	Pragma("noescape")
	k, w, x, y := Load(Param("k"), GP64()), Load(Param("w"), GP64()), Load(Param("x"), GP64()), Load(Param("y"), GP64())
	pw, px, py, part, left := GP64(), GP64(), GP64(), GP64(), GP64()
	acc := make([][2]vector.V, units)
	for u := range acc {
		acc[u] = [2]vector.V{a.Reg(), a.Reg()}
	}

	Label("panel")
	XORQ(part, part)
	Label("part")
	LEAQ(Mem{Base: x, Index: part, Scale: 1}, px)
	LEAQ(Mem{Base: y, Index: part, Scale: 1}, py)
	LEAQ(Mem{Base: w, Disp: 8 * units}, pw) // past the biases
	MOVQ(k, left)
	for u := range acc {
		for _, v := range acc[u] {
			VXORPD(v, v, v)
		}
	}
	Label("loop")
	in := [2]vector.V{a.Load(Mem{Base: px}), a.Load(Mem{Base: px, Disp: a.Bytes})}
	for u := range acc {
		weight := a.Reg()
		VBROADCASTSD(Mem{Base: pw, Disp: 8 * u}, weight)
		for h, v := range acc[u] {
			product := a.Reg()
			VMULPD(in[h], weight, product)
			VADDPD(product, v, v)
		}
	}
	ADDQ(U32(rowBytes), px)
	ADDQ(U8(8*units), pw)
	DECQ(left)
	JNZ(LabelRef("loop"))
	end(a, w, py, acc)
	ADDQ(U32(uint32(2*a.Bytes)), part)
	CMPQ(part, U32(rowBytes))
	JLT(LabelRef("part"))
	ADDQ(vector.Argument("xs"), x)
	ADDQ(vector.Argument("ys"), y)
	DECQ(vector.Argument("panels"))
	JNZ(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

// end adds the biases, applies relu, which keeps NaN, and stores.
func end(a *vector.ISA, w, py Register, acc [][2]vector.V) {
	for u := range acc {
		bias := a.Reg()
		VBROADCASTSD(Mem{Base: w, Disp: 8 * u}, bias)
		for _, v := range acc[u] {
			VADDPD(bias, v, v)
		}
	}
	CMPQ(vector.Argument("relu"), U8(0))
	JEQ(LabelRef("store"))
	zero := a.Reg()
	VXORPD(zero, zero, zero)
	for u := range acc {
		for _, v := range acc[u] {
			VMAXPD(v, zero, v)
		}
	}
	Label("store")
	for u := range acc {
		for h, v := range acc[u] {
			VMOVUPD(v, Mem{Base: py, Disp: rowBytes*u + a.Bytes*h})
		}
	}
}
