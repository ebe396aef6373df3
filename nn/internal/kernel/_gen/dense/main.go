// Dense generates the dense products of AVX-512 and of AVX2 with FMA.
//
// A product makes units units of y = W x + b for some panels. The sums stand
// in registers, rows in lanes; an input's 32 lanes are loaded once and
// multiplied by the weight of each unit, broadcast. There is one routine for
// each number of units, so that every register has its name.
//
// The order in which a row's products are added depends on the layer's shape
// alone, never on the machine: from the bias on, k = 0, 1, …, each added by
// one fused multiply-add. Layers of one to three units would wait for their
// own sums that way; they have s = 4, 2 or 2 sums a unit, the product of input
// k going to sum k mod s, the bias beginning sum 0 and zero the others, and
// (s0 + s1) + (s2 + s3) ending it.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// isa is one instruction set: its registers and how many units fit.
type isa struct {
	name  string
	bytes int // of a register
	limit int // units at most
	regs  func() VecVirtual
	zero  func(r Op)
}

var isas = []isa{
	{"AVX512", 64, 14, ZMM, func(r Op) { VPXORD(r, r, r) }},
	{"AVX2", 32, 6, YMM, func(r Op) { VXORPS(r, r, r) }},
}

// sums is how many sums a unit of a layer of so many units has.
func sums(units int) int {
	switch units {
	case 1:
		return 4
	case 2, 3:
		return 2
	}
	return 1
}

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, a := range isas {
		for units := 1; units <= a.limit; units++ {
			dense(a, fmt.Sprintf("dense%s_%d", a.name, units), units, sums(units))
		}
	}
	// Seven units are four and three by AVX2; the three have one sum a unit,
	// as all seven have.
	dense(isas[1], "denseAVX2_3of7", 3, 1)
	peak(isas[0], 24)
	peak(isas[1], 12)
	Generate()
}

// routine is the state of one product being written.
type routine struct {
	isa
	units  int
	acc    [][][2]VecVirtual // sum, unit, half
	x      [2]VecVirtual
	weight []VecVirtual
	pw, px GPVirtual
}

// dense writes the product of some units by AVX-512, whose two registers are a
// panel's rows, or by AVX2.
func dense(a isa, name string, units, sums int) {
	r := &routine{isa: a, units: units}
	if a.bytes == 32 {
		r.halves(name, sums)
		return
	}
	TEXT(name, NOSPLIT, "func(k, panels int, w, x, y *float32, xs, ys, relu int)")
	Doc(fmt.Sprintf("%s computes %d units of a layer for panels panels: k inputs each, xs and ys bytes from panel to panel.", name, units))
	Pragma("noescape")
	r.pw, r.px = GP64(), GP64()
	k, panels := Load(Param("k"), GP64()), Load(Param("panels"), GP64())
	w, x, y := Load(Param("w"), GP64()), Load(Param("x"), GP64()), Load(Param("y"), GP64())
	xs, ys, relu := Load(Param("xs"), GP64()), Load(Param("ys"), GP64()), Load(Param("relu"), GP64())
	r.allocate(sums)
	left := GP64()

	Label("panel")
	MOVQ(x, r.px)
	MOVQ(w, r.pw)
	MOVQ(k, left)
	r.begin()
	r.loop(left.As64(), sums)
	r.combine(sums)
	r.end(relu.(GPVirtual), y.(GPVirtual))
	ADDQ(xs, x)
	ADDQ(ys, y)
	DECQ(panels)
	JNZ(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

// halves writes the product by AVX2, sixteen rows of a panel at a time. The blocks
// of units are the innermost of the outer loops: a small layer's weights and its
// panel stay in the first-level cache, and no call lies between. Only units of one
// sum come in several blocks.
func (r *routine) halves(name string, sums int) {
	TEXT(name, NOSPLIT, "func(k, panels, blocks int, w, x, y *float32, xs, ys, relu int)")
	Doc(fmt.Sprintf("%s computes blocks times %d units of a layer for panels panels: k inputs each, xs and ys bytes from panel to panel.", name, r.units))
	Pragma("noescape")
	r.pw, r.px = GP64(), GP64()
	k, panels, blocks := Load(Param("k"), GP64()), Load(Param("panels"), GP64()), Load(Param("blocks"), GP64())
	w, x, y, relu := Load(Param("w"), GP64()), Load(Param("x"), GP64()), Load(Param("y"), GP64()), Load(Param("relu"), GP64())
	r.allocate(sums)
	left, half, py, more := GP64(), GP64(), GP64(), GP64()

	Label("panel")
	XORL(half.As32(), half.As32())
	Label("half")
	MOVQ(w, r.pw)
	LEAQ(Mem{Base: y, Index: half, Scale: 1}, py)
	MOVQ(blocks, more)
	Label("block")
	LEAQ(Mem{Base: x, Index: half, Scale: 1}, r.px)
	MOVQ(k, left)
	r.begin()
	r.loop(left.As64(), sums)
	r.combine(sums)
	r.end(relu.(GPVirtual), py)
	SUBQ(I32(int32(-128*r.units)), py)
	DECQ(more)
	JNZ(LabelRef("block"))
	ADDQ(U8(64), half)
	CMPQ(half, U8(128))
	JLT(LabelRef("half"))
	ADDQ(vector.Argument("xs"), x)
	ADDQ(vector.Argument("ys"), y)
	DECQ(panels)
	JNZ(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

func (r *routine) allocate(sums int) {
	for s := range sums {
		r.acc = append(r.acc, nil)
		for range r.units {
			r.acc[s] = append(r.acc[s], [2]VecVirtual{r.regs(), r.regs()})
		}
	}
	r.x = [2]VecVirtual{r.regs(), r.regs()}
	used := 2*r.units*sums + 2
	have := 32
	if r.bytes == 32 {
		have = 16
	}
	for range min(have-used, 2) {
		r.weight = append(r.weight, r.regs())
	}
}

// begin puts the biases into sum 0 and zeros into the others.
func (r *routine) begin() {
	for u := range r.units {
		first := r.acc[0][u]
		VBROADCASTSS(Mem{Base: r.pw, Disp: 4 * u}, first[0])
		VMOVAPS(first[0], first[1])
		for _, sum := range r.acc[1:] {
			r.zero(sum[u][0])
			r.zero(sum[u][1])
		}
	}
	ADDQ(Imm(uint64(4*r.units)), r.pw)
}

// step adds the products of one input, the one that lies offset inputs ahead.
func (r *routine) step(sum, offset int) {
	VMOVUPS(Mem{Base: r.px, Disp: 128 * offset}, r.x[0])
	VMOVUPS(Mem{Base: r.px, Disp: 128*offset + r.bytes}, r.x[1])
	for u := range r.units {
		t := r.weight[u%len(r.weight)]
		VBROADCASTSS(Mem{Base: r.pw, Disp: 4 * (offset*r.units + u)}, t)
		VFMADD231PS(t, r.x[0], r.acc[sum][u][0])
		VFMADD231PS(t, r.x[1], r.acc[sum][u][1])
	}
}

// loop adds all products, sums inputs at a time. left is the number of inputs.
func (r *routine) loop(left Register, sums int) {
	advance := func(n int) {
		SUBQ(I32(-128*n), r.px)
		ADDQ(Imm(uint64(4*r.units*n)), r.pw)
	}
	if sums == 1 && r.bytes == 32 {
		r.fours(left, advance)
		return
	}
	if sums == 1 {
		Label("loop")
		r.step(0, 0)
		advance(1)
		DECQ(left)
		JNZ(LabelRef("loop"))
		return
	}
	SUBQ(Imm(uint64(sums)), left)
	JLT(LabelRef("rest"))
	Label("loop")
	for s := range sums {
		r.step(s, s)
	}
	advance(sums)
	SUBQ(Imm(uint64(sums)), left)
	JGE(LabelRef("loop"))
	Label("rest")
	for s := range sums - 1 {
		CMPQ(left, I8(int8(s-sums)))
		JLE(LabelRef("summed"))
		r.step(s, s)
	}
	Label("summed")
}

// fours is loop for one sum, four inputs at a time: with one at a time a fifth of
// the instructions of a block of four units only count, and six a cycle is all that
// can be decoded.
func (r *routine) fours(left Register, advance func(n int)) {
	steps := func(n int) {
		for i := range n {
			r.step(0, i)
		}
		advance(n)
	}
	SUBQ(U8(4), left)
	JL(LabelRef("rest"))
	Label("four")
	steps(4)
	SUBQ(U8(4), left)
	JGE(LabelRef("four"))
	Label("rest")
	TESTQ(U32(2), left)
	JZ(LabelRef("last"))
	steps(2)
	Label("last")
	TESTQ(U32(1), left)
	JZ(LabelRef("summed"))
	steps(1)
	Label("summed")
}

// combine adds the sums of each unit in pairs.
func (r *routine) combine(sums int) {
	for n := sums; n > 1; n /= 2 {
		for s := 0; s < n; s += 2 {
			for u := range r.units {
				for h := range 2 {
					a, b := r.acc[s][u][h], r.acc[s+1][u][h]
					VADDPS(b, a, a)
				}
			}
			r.acc[s/2] = r.acc[s]
		}
	}
}

// end applies relu, which keeps NaN, and stores.
func (r *routine) end(relu, y GPVirtual) {
	TESTQ(relu, relu)
	JZ(LabelRef("store"))
	r.zero(r.x[0])
	for u := range r.units {
		for h := range 2 {
			a := r.acc[0][u][h]
			VMAXPS(a, r.x[0], a)
		}
	}
	Label("store")
	for u := range r.units {
		for h := range 2 {
			VMOVUPS(r.acc[0][u][h], Mem{Base: y, Disp: 128*u + r.bytes*h})
		}
	}
}

// peak writes a loop of nothing but independent multiply-adds: the ceiling
// that benchmarks measure a product against.
func peak(a isa, sums int) {
	name := "peak" + a.name
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("%s runs n × %d multiply-adds of registers.", name, sums))
	n := Load(Param("n"), GP64())
	var acc []VecVirtual
	for range sums {
		v := a.regs()
		a.zero(v)
		acc = append(acc, v)
	}
	f := a.regs()
	a.zero(f)
	Label("loop")
	for _, v := range acc {
		VFMADD231PS(f, f, v)
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
