// Outer generates the outer products of AVX-512 and of AVX2 with FMA: the
// gradient of a layer's weights, a sum over rows that stand in lanes.
//
// A routine makes a tile of units × inputs sums for some panels. Whatever the
// machine, an element has as many sums as an AVX-512 register has lanes, each
// over every 16th row (float64: every 8th) in order, from 0 on. In the end the
// upper half of the sums is added to the lower one, until one is left. float32
// products are fused into their sums; float64 ones are rounded first, as the
// plain loop does. AVX2 walks through the panels twice, for the lower and for
// the upper half of the sums.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// fullBytes is a register of AVX-512.
const fullBytes = 64

// quad is how many inputs a tile has at most: their sums end in one register.
const quad = 4

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, a := range vector.Both() {
		for _, isa := range []*vector.ISA{a, a.Doubles()} {
			for _, units := range heights(a) {
				for _, inputs := range []int{1, 2, quad} {
					(&tile{ISA: isa, units: units, inputs: inputs}).generate()
				}
			}
		}
	}
	Generate()
}

// heights are the numbers of units that a tile may have.
func heights(a *vector.ISA) []int {
	if a.Wide() {
		return []int{1, 2, 3, 6}
	}
	return []int{1, 2, 3}
}

// tile is one routine being written.
type tile struct {
	*vector.ISA
	units, inputs int
	acc           [][]vector.V
	pd, px        GPVirtual
}

func (t *tile) generate() {
	number, kind, rowBytes := "", "float32", 128
	if t.Double {
		number, kind, rowBytes = "64", "float64", 256
	}
	name := fmt.Sprintf("outer%s%s_%d_%d", number, t.Name, t.units, t.inputs)
	TEXT(name, NOSPLIT, fmt.Sprintf("func(panels int, d, x *%s, ds, xs int, y *float64, ys int)", kind))
	Doc(fmt.Sprintf("%s sums %d units × %d inputs over panels panels, ds and xs bytes from one to the next; ys bytes lie between the rows of y.", name, t.units, t.inputs))
	Pragma("noescape")
	for range t.units {
		row := make([]vector.V, t.inputs)
		for k := range row {
			row[k] = t.Reg()
		}
		t.acc = append(t.acc, row)
	}
	if t.Wide() {
		t.sum("", 0, rowBytes)
	} else {
		t.inHalves(rowBytes)
	}
	t.end()
	VZEROUPPER()
	RET()
}

// inHalves sums the upper half of the lanes, puts it by, sums the lower one
// and adds the two.
func (t *tile) inHalves(rowBytes int) {
	by := AllocLocal(t.units * t.inputs * t.Bytes)
	at := func(u, k int) Mem { return by.Offset((u*t.inputs + k) * t.Bytes) }
	t.sum("Upper", t.Bytes, rowBytes)
	t.each(func(u, k int) { VMOVUPS(t.acc[u][k], at(u, k)) })
	t.sum("Lower", 0, rowBytes)
	t.each(func(u, k int) { t.into(t.add(), at(u, k), t.acc[u][k]) })
}

func (t *tile) each(f func(u, k int)) {
	for u := range t.units {
		for k := range t.inputs {
			f(u, k)
		}
	}
}

func (t *tile) add() func(...Op) {
	if t.Double {
		return VADDPD
	}
	return VADDPS
}

// into is v op= o.
func (t *tile) into(op func(...Op), o Op, v vector.V) { op(o, v, v) }

// sum goes through the panels for one register of lanes in each fullBytes,
// which lies from bytes into them.
func (t *tile) sum(label string, from, rowBytes int) {
	t.pd, t.px = GP64(), GP64()
	Load(Param("d"), t.pd)
	Load(Param("x"), t.px)
	left, ds, xs := Load(Param("panels"), GP64()), Load(Param("ds"), GP64()), Load(Param("xs"), GP64())
	t.each(func(u, k int) { VXORPS(t.acc[u][k], t.acc[u][k], t.acc[u][k]) })
	Label("panel" + label)
	for at := from; at < rowBytes; at += fullBytes {
		if t.Double {
			t.stepDouble(at, rowBytes)
		} else {
			t.step(at, rowBytes)
		}
	}
	ADDQ(ds, t.pd)
	ADDQ(xs, t.px)
	DECQ(left)
	JNZ(LabelRef("panel" + label))
}

// step fuses the products of a register of rows into the sums.
func (t *tile) step(at, rowBytes int) {
	var d []vector.V
	for u := range t.units {
		d = append(d, t.Load(Mem{Base: t.pd, Disp: u*rowBytes + at}))
	}
	for k := range t.inputs {
		x := t.Load(Mem{Base: t.px, Disp: k*rowBytes + at})
		for u := range t.units {
			VFMADD231PS(x, d[u], t.acc[u][k])
		}
	}
}

// stepDouble rounds the products first.
func (t *tile) stepDouble(at, rowBytes int) {
	for k := range t.inputs {
		x, product := t.Load(Mem{Base: t.px, Disp: k*rowBytes + at}), t.Reg()
		for u := range t.units {
			VMULPD(Mem{Base: t.pd, Disp: u*rowBytes + at}, x, product)
			VADDPD(product, t.acc[u][k], t.acc[u][k])
		}
	}
}

// end adds up the sums of each element and stores them, as float64.
func (t *tile) end() {
	y, ys := Load(Param("y"), GP64()), Load(Param("ys"), GP64())
	for u := range t.units {
		quarters := make([]VecVirtual, t.inputs)
		for k := range quarters {
			quarters[k] = t.quarter(t.acc[u][k])
		}
		if t.Double {
			storeDoubles(quarters, y.(GPVirtual))
		} else {
			storeSingles(quarters, y.(GPVirtual))
		}
		if u < t.units-1 {
			ADDQ(ys, y)
		}
	}
}

// quarter halves the lanes until 16 bytes are left.
func (t *tile) quarter(v vector.V) VecVirtual {
	if t.Wide() {
		high := YMM()
		VEXTRACTF64X4(U8(1), v, high)
		t.add()(high, v.AsY(), high)
		v = high
	}
	high := XMM()
	if t.Wide() {
		VEXTRACTF32X4(U8(1), v, high)
	} else {
		VEXTRACTF128(U8(1), v, high)
	}
	t.add()(high, v.AsX(), high)
	return high
}

// storeSingles adds the four lanes of each register and stores the sums.
func storeSingles(v []VecVirtual, y GPVirtual) {
	// Pairs of registers: their lanes 0 and 2 with 1 and 3 beside each other.
	pair := func(a, b VecVirtual) VecVirtual {
		low, high := XMM(), XMM()
		VUNPCKLPS(b, a, low) // a0 b0 a1 b1
		VUNPCKHPS(b, a, high)
		VADDPS(high, low, low) // a02 b02 a13 b13
		return low
	}
	var low, high VecVirtual
	switch len(v) {
	case 1:
		ab := pair(v[0], v[0])
		high = XMM()
		VSHUFPS(U8(0b11_10_11_10), ab, ab, high)
		VADDPS(high, ab, ab)
		VCVTSS2SD(ab, ab, ab)
		VMOVSD(ab, Mem{Base: y})
		return
	case 2:
		ab := pair(v[0], v[1])
		high = XMM()
		VSHUFPS(U8(0b11_10_11_10), ab, ab, high)
		VADDPS(high, ab, ab)
		VCVTPS2PD(ab, ab)
		VMOVUPD(ab, Mem{Base: y})
		return
	}
	ab, cd := pair(v[0], v[1]), pair(v[2], v[3])
	low, high = XMM(), XMM()
	VSHUFPS(U8(0b01_00_01_00), cd, ab, low)  // a02 b02 c02 d02
	VSHUFPS(U8(0b11_10_11_10), cd, ab, high) // a13 b13 c13 d13
	VADDPS(high, low, low)
	wide := YMM()
	VCVTPS2PD(low, wide)
	VMOVUPD(wide, Mem{Base: y})
}

// storeDoubles adds the two lanes of each register and stores the sums.
func storeDoubles(v []VecVirtual, y GPVirtual) {
	for k := 0; k < len(v); k += 2 {
		a, b := v[k], v[min(k+1, len(v)-1)]
		low, high := XMM(), XMM()
		VUNPCKLPD(b, a, low)
		VUNPCKHPD(b, a, high)
		VADDPD(high, low, low)
		if len(v) == 1 {
			VMOVSD(low, Mem{Base: y})
			return
		}
		VMOVUPD(low, Mem{Base: y, Disp: 8 * k})
	}
}
