// Outer generates the outer products of AVX-512 and of AVX2 with FMA: the
// gradient of a layer's weights, a sum over rows that stand in lanes.
//
// A routine makes tiles of units × inputs elements, side by side, from some
// panels. Whatever the machine, an element has as many sums as an AVX-512
// register has lanes, each over every 16th row (float64: every 8th) in order,
// from 0 on. In the end the upper half of the sums is added to the lower one,
// until one is left. float32 products are fused into their sums; float64 ones
// are rounded first, as the plain loop does.
//
// What is not a product takes time from the products in different measure: loads,
// additions and blends none, shuffles within 16 bytes little, those across most
// (Zen 3). So a tile's sums go to memory once they are halved, where two
// elements' halves change places by how they are loaded, and are added up while
// the next tile's products are under way.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// sumsBytes are the sums of an element: a register of AVX-512.
const sumsBytes = 64

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, a := range vector.Both() {
		heights := []int{1, 2, 3}
		if a.Wide() {
			heights = []int{1, 2, 3, 6}
		}
		for _, isa := range []*vector.ISA{a, a.Doubles()} {
			for _, units := range heights {
				for inputs := 1; inputs <= 2; inputs++ {
					(&tile{ISA: isa, units: units, inputs: inputs}).generate()
				}
			}
		}
	}
	Generate()
}

// tile is one routine being written.
type tile struct {
	*vector.ISA
	units, inputs int
	sums          [][][]vector.V // unit, input, register
	halves        Mem            // of the sums of the tile before: two units, input, unit
	pd, px        GPVirtual      // in the panel
}

// size is that of a number.
func (t *tile) size() int {
	if t.Double {
		return 8
	}
	return 4
}

func (t *tile) generate() {
	number, kind := "", "float32"
	if t.Double {
		number, kind = "64", "float64"
	}
	name := fmt.Sprintf("outer%s%s_%d_%d", number, t.Name, t.units, t.inputs)
	TEXT(name, NOSPLIT, fmt.Sprintf("func(panels, tiles int, d, x *%s, ds, xs int, y *%s, ys int)", kind, kind))
	Doc(fmt.Sprintf("%s makes tiles of %d units × %d inputs, side by side, from panels panels, ds and xs bytes from one to the next; ys bytes lie between the rows of y.", name, t.units, t.inputs))
	Pragma("noescape")
	d, x, tiles := Load(Param("d"), GP64()), Load(Param("x"), GP64()), Load(Param("tiles"), GP64())
	ds, xs := Load(Param("ds"), GP64()), Load(Param("xs"), GP64())
	y, ys := Load(Param("y"), GP64()), Load(Param("ys"), GP64())
	t.pd, t.px = GP64(), GP64()
	t.halves = AllocLocal((t.units + 1) / 2 * 2 * t.inputs * sumsBytes / 2)
	end := t.ending(y, ys)
	made := GP64()
	XORQ(made, made)
	Label("tile")
	MOVQ(d, t.pd)
	MOVQ(x, t.px)
	left := Load(Param("panels"), GP64())
	t.begin()
	Label("panel")
	for at := 0; at < 32*t.size(); at += sumsBytes {
		t.step(at)
	}
	ADDQ(ds, t.pd)
	ADDQ(xs, t.px)
	DECQ(left)
	JNZ(LabelRef("panel"))
	TESTQ(made, made)
	JZ(LabelRef("first"))
	end.fold()
	Label("first")
	t.halve()
	INCQ(made)
	ADDQ(I32(t.inputs*32*t.size()), x)
	ADDQ(Imm(uint64(t.inputs*t.size())), y)
	CMPQ(made, tiles)
	JNE(LabelRef("tile"))
	end.fold()
	VZEROUPPER()
	RET()
}

// begin makes the sums, of zeros.
func (t *tile) begin() {
	t.sums = make([][][]vector.V, t.units)
	for u := range t.units {
		for k := range t.inputs {
			t.sums[u] = append(t.sums[u], nil)
			for range sumsBytes / t.Bytes {
				v := t.Reg()
				VXORPS(v, v, v)
				t.sums[u][k] = append(t.sums[u][k], v)
			}
		}
	}
}

// step adds the products of the rows that lie at bytes into the panel, as many
// as an element has sums.
func (t *tile) step(at int) {
	for i := range sumsBytes / t.Bytes {
		d := func(u int) Mem { return Mem{Base: t.pd, Disp: u*32*t.size() + at + i*t.Bytes} }
		x := func(k int) Mem { return Mem{Base: t.px, Disp: k*32*t.size() + at + i*t.Bytes} }
		if t.Double {
			t.rounded(i, d, x)
		} else {
			t.fused(i, d, x)
		}
	}
}

func (t *tile) fused(i int, d, x func(int) Mem) {
	var units []vector.V
	for u := range t.units {
		units = append(units, t.Load(d(u)))
	}
	for k := range t.inputs {
		input := t.Load(x(k))
		for u := range t.units {
			VFMADD231PS(input, units[u], t.sums[u][k][i])
		}
	}
}

func (t *tile) rounded(i int, d, x func(int) Mem) {
	for k := range t.inputs {
		input := t.Load(x(k))
		for u := range t.units {
			product, sum := t.Reg(), t.sums[u][k][i]
			VMULPD(d(u), input, product)
			VADDPD(product, sum, sum)
		}
	}
}

// halve puts the lower halves of the sums by, with the upper ones added.
func (t *tile) halve() {
	add := t.add()
	for u := range t.units {
		for k, sums := range t.sums[u] {
			low := sums[0].AsY()
			if t.Wide() {
				high := YMM()
				VEXTRACTF64X4(U8(1), sums[0], high)
				add(high, low, low)
			} else {
				add(sums[1], low, low)
			}
			VMOVUPS(low, t.half(u, k))
		}
	}
}

// half is where half the sums of an element lie, those of units 2n and 2n+1
// beside each other. Past the last unit nothing was stored: what is made of it
// is not stored either. Past the last input the last one is taken again.
func (t *tile) half(u, k int) Mem {
	return t.halves.Offset((u/2*2*t.inputs + 2*min(k, t.inputs-1) + u%2) * sumsBytes / 2)
}

func (t *tile) add() func(...Op) {
	if t.Double {
		return VADDPD
	}
	return VADDPS
}

// ending adds up what is left of the tile before y.
type ending struct {
	*tile
	y, ys, ys3 Register // bytes from row to row of y, and three times that
}

func (t *tile) ending(y, ys Register) *ending {
	e := &ending{tile: t, y: y, ys: ys}
	if t.units > 3 {
		e.ys3 = GP64()
		LEAQ(Mem{Base: ys, Index: ys, Scale: 2}, e.ys3)
	}
	return e
}

// fold ends all elements, four units by two inputs at a time.
func (e *ending) fold() {
	for u := 0; u < e.units; u += 4 {
		py := e.y
		if u > 0 {
			py = GP64()
			LEAQ(Mem{Base: e.y, Index: e.ys, Scale: 4}, py)
		}
		low := e.two(u)
		switch {
		case e.Double:
			e.store(low, u, py)
			if u+2 < e.units {
				e.store(e.two(u+2), u+2, py)
			}
		case u+2 < e.units:
			e.store(e.ones(low, e.two(u+2)), u, py)
		default:
			e.store(e.ones(low, low), u, py)
		}
	}
}

// two are the last 16 bytes of sums of units u and u+1, each in a half, by the
// inputs: of float64 numbers one each and of float32 ones two.
func (e *ending) two(u int) vector.V {
	v, w := e.quarters(u, 0), e.quarters(u, 1)
	own := YMM()
	VBLENDPD(U8(0b1010), w, v, own)
	VSHUFPD(U8(0b0101), w, v, w)
	e.add()(w, own, own)
	return own
}

// quarters are four (float64: two) sums of input k for unit u and, in the upper
// half, unit u+1.
func (e *ending) quarters(u, k int) vector.V {
	own, other := YMM(), YMM()
	VMOVUPS(e.half(u, k), own)
	VMOVUPS(e.half(u, k).Offset(sumsBytes/4), other)
	VBLENDPS(U8(0xf0), e.half(u+1, k), own, own)
	e.add()(other, own, own)
	return own
}

// ones adds the last two sums of v and of w.
func (e *ending) ones(v, w vector.V) vector.V {
	even := YMM()
	VSHUFPS(U8(0b10_00_10_00), w, v, even)
	VSHUFPS(U8(0b11_01_11_01), w, v, v)
	VADDPS(v, even, even)
	return even
}

// store stores the elements of units u and u+1, each in a half, and of float32
// ones also of u+2 and u+3 behind them. py is the row of the last unit that is a
// multiple of 4.
func (e *ending) store(v vector.V, u int, py Register) {
	e.rows(v.AsX(), u, py)
	if u+1 >= e.units {
		return
	}
	upper := XMM()
	VEXTRACTF128(U8(1), v, upper)
	e.rows(upper, u+1, py)
}

// rows stores what 16 bytes hold: of unit u and, of float32 numbers, of u+2.
func (e *ending) rows(v Register, u int, py Register) {
	move := VMOVSD
	switch {
	case e.Double && e.inputs == 2:
		move = VMOVUPD
	case !e.Double && e.inputs == 1:
		move = VMOVSS
	}
	move(v, e.at(u, py))
	if !e.Double && u+2 < e.units && u%4 < 2 {
		behind := XMM()
		VUNPCKHPD(v, v, behind)
		move(behind, e.at(u+2, py))
	}
}

// at is where unit u of the tile before y lies.
func (e *ending) at(u int, py Register) Mem {
	m := Mem{Base: py, Disp: -e.inputs * e.size()}
	switch u % 4 {
	case 1:
		return m.Idx(e.ys, 1)
	case 2:
		return m.Idx(e.ys, 2)
	case 3:
		return m.Idx(e.ys3, 1)
	}
	return m
}
