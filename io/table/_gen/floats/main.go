// Floats generates the loop that writes 32 float32 as text, of AVX2: what
// AppendFloat32 does, four numbers at a time, for those that are written with
// at most nine places before the point and three zeros behind it.
//
// The method is Schubfach's, as in io/table/float.go, whose names are used
// here. A float32 that is no subnormal has a decimal s of six to nine digits.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The layout of a text: where the point stands, from least to most, and a sign.
const (
	least   = -3
	most    = 9
	none    = most - least + 1 // the layout of numbers that are not written here
	nought  = none + 1         // the layout of zero
	signed  = 16               // added for a minus sign
	layouts = 2 * signed
)

func main() {
	ConstraintExpr("amd64,!noasm")
	scales := scales()
	texts, lengths := tables()
	TEXT("floatsAVX2", NOSPLIT, "func(text *[32][16]byte, length *[32]uint8, in *[32]float32)")
	Pragma("noescape")
	Doc("floatsAVX2 writes numbers as text. The length of one that it does not write is 0.")
	s := &state{constants: map[uint64]Mem{}, exact: AllocLocal(32), layout: AllocLocal(32)}
	s.text, s.length, s.in, s.left = argument("text"), argument("length"), argument("in"), GP64()
	s.scales, s.texts, s.lengths = address(scales), address(texts), address(lengths)
	MOVQ(U32(8), s.left)
	Label("four")
	s.four()
	ADDQ(Imm(16), s.in)
	ADDQ(Imm(64), s.text)
	ADDQ(Imm(4), s.length)
	DECQ(s.left)
	JNZ(LabelRef("four"))
	VZEROUPPER()
	RET()
	Generate()
}

type state struct {
	text, length, in, left GPVirtual
	scales, texts, lengths GPVirtual
	exact, layout          Mem // digits and layouts of four numbers
	constants              map[uint64]Mem
}

func argument(name string) GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

func address(m Mem) GPVirtual {
	r := GP64()
	LEAQ(m, r)
	return r
}

// all is a constant in each lane.
func (s *state) all(v uint64) Mem {
	m, ok := s.constants[v]
	if !ok {
		m = GLOBL(fmt.Sprintf("floats%X", v), RODATA|NOPTR)
		for i := range 4 {
			DATA(8*i, U64(v))
		}
		s.constants[v] = m
	}
	return m
}

// four writes four numbers.
func (s *state) four() {
	bits := YMM()
	VPMOVZXDQ(Mem{Base: s.in}, bits)
	exp := and(s.all(0xff), right(23, bits))
	frac := and(s.all(1<<23-1), bits)
	zero := YMM()
	VPXOR(zero, zero, zero)
	bad := or(same(zero, exp), same(s.all(0xff), exp))
	foot := same(zero, frac) // of a binade

	// 10^-k, h and k, by the exponent.
	at := left(1, or(exp, and(s.all(256), foot)))
	g, hk := s.gather(0, at), s.gather(8, at)
	k := right(32, hk)
	n, tens := s.decimal(g, and(s.all(0xff), hk), or(s.all(1<<23), frac), foot)
	k = sub(k, tens)

	// Nine digits: the first one and eight.
	m8, m7, m6 := s.under(1e8, n), s.under(1e7, n), s.under(1e6, n)
	factor := YMM()
	VMOVDQU(s.all(1), factor)
	factor = pick(m6, s.all(1000), pick(m7, s.all(100), pick(m8, s.all(10), factor)))
	n = mul(factor, n)
	point := add(k, add(m8, add(m7, m6))) // from least on
	first := right(57, mul(s.all(1441151881), n))
	digits := s.digits8(sub(n, mul(s.all(1e8), first)))

	sign := left(4, right(31, bits))
	VPXOR(zero, zero, zero)
	bad = or(bad, or(more(zero, point), more(point, s.all(none-1))))
	layout := pick(bad, s.all(none), or(sign, point))
	layout = pick(same(zero, left(33, bits)), or(s.all(nought), sign), layout)
	VMOVDQU(digits, s.exact)
	VMOVDQU(layout, s.layout)
	even, odd := YMM(), YMM()
	VPUNPCKLQDQ(first, digits, even)
	VPUNPCKHQDQ(first, digits, odd)
	for i, v := range []VecVirtual{even, odd} {
		VPADDB(s.all(0x3030303030303030), v, v)
		high := XMM()
		s.write(i, v.AsX())
		VEXTRACTI128(Imm(1), v, high)
		s.write(i+2, high)
	}
}

// gather reads a column of the table of scales.
func (s *state) gather(column int, at VecVirtual) VecVirtual {
	mask, r := YMM(), YMM()
	VPCMPEQQ(mask, mask, mask)
	VPGATHERQQ(mask, Mem{Base: s.scales, Index: at, Scale: 8, Disp: column}, r)
	return r
}

// under is all ones where n < limit.
func (s *state) under(limit uint64, n VecVirtual) VecVirtual {
	r, l := YMM(), YMM()
	VMOVDQU(s.all(limit), l)
	VPCMPGTQ(n, l, r)
	return r
}

// decimal is shortest32, without its case for small s: s, and all ones where
// it is the multiple of ten.
func (s *state) decimal(g, h, c, foot VecVirtual) (n, useTens VecVirtual) {
	middle := left(2, c)
	isOdd := and(s.all(1), c)
	lower := add(isOdd, s.odd32(g, h, sub(sub(middle, s.all(2)), foot)))
	upper := sub(s.odd32(g, h, add(s.all(2), middle)), isOdd)
	middle = s.odd32(g, h, middle)

	n = right(2, middle)
	tens := right(35, mul(s.all(0xcccccccd), n))
	forty := mul(s.all(40), tens)
	notBelow := more(lower, forty)
	notAbove := more(add(s.all(40), forty), upper)
	useTens = xor(notBelow, notAbove)
	tens = add(notAbove, add(s.all(1), tens))

	four := left(2, n)
	notBelow = more(lower, four)
	notAbove = more(add(s.all(4), four), upper)
	oddN, zero := YMM(), YMM()
	VPXOR(zero, zero, zero)
	oddN = sub(zero, and(s.all(1), n))
	up := or(more(middle, add(s.all(2), four)), and(oddN, more(middle, add(s.all(1), four))))
	turn := YMM()
	VPANDN(xor(notBelow, notAbove), xor(up, notAbove), turn)
	n = sub(n, xor(up, turn))
	return pick(useTens, tens, n), useTens
}

// odd32 is g·(x<<h) / 2^64, rounded to odd.
func (s *state) odd32(g, h, x VecVirtual) VecVirtual {
	shifted := YMM()
	VPSLLVQ(h, x, shifted)
	t := add(right(32, mul(shifted, g)), mul(shifted, right(32, g)))
	sticky := right(32, add(s.all(1<<32-2), and(s.all(1<<32-1), t)))
	return or(sticky, right(32, t))
}

// digits8 is the eight digits of v < 10^8, one a byte, the first one lowest.
func (s *state) digits8(v VecVirtual) VecVirtual {
	fours := right(45, mul(s.all(3518437209), v))
	x := or(fours, left(32, sub(v, mul(s.all(10000), fours))))
	y, r := YMM(), YMM()
	VPMULHUW(s.all(0x0000_28f6_0000_28f6), x, y) // 10486
	VPSRLW(Imm(4), y, y)
	VPMULLW(s.all(0x0000_0064_0000_0064), y, r)
	VPSUBW(r, x, r)
	VPSLLD(Imm(16), r, r)
	VPOR(r, y, x)
	VPMULLW(s.all(0x0067_0067_0067_0067), x, y) // 103
	VPSRLW(Imm(10), y, y)
	VPMULLW(s.all(0x000a_000a_000a_000a), y, r)
	VPSUBW(r, x, r)
	VPSLLW(Imm(8), r, r)
	VPOR(r, y, r)
	return r
}

// write stores number i, whose digits stand in v: the second to the ninth, and
// the first.
func (s *state) write(i int, v Op) {
	layout, count, at := GP64(), GP64(), GP64()
	MOVQ(s.layout.Offset(8*i), layout)
	MOVQ(s.exact.Offset(8*i), count)
	BSWAPQ(count)
	TZCNTQ(count, count)
	SHRQ(Imm(3), count) // zeros at the end
	SHLQ(Imm(4), layout)
	ADDQ(layout, count)
	MOVBLZX(Mem{Base: s.lengths, Index: count, Scale: 1}, count.As32())
	MOVB(count.As8(), Mem{Base: s.length, Disp: i})
	LEAQ(Mem{Base: s.texts, Index: layout, Scale: 2}, at)
	text := XMM()
	VPSHUFB(Mem{Base: at}, v, text)
	VPOR(Mem{Base: at, Disp: 16}, text, text)
	VMOVDQU(text, Mem{Base: s.text, Disp: 16 * i})
}
