package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// The comparisons that hold for NaN too.
const (
	notGE = 0x09
	notLE = 0x06
	notLT = 0x05
)

// quick encodes a panel of AVX2 in which every cell is a number within the
// bounds, or missing where there is a fill. It looks once for all of the panel
// whether that is so, behind the encoding; a panel that is not, or with units to
// change, goes to careful.
func (s *state) quick(at, present, x Register) {
	TESTB(U8(doUnit), s.field(steps))
	JNZ(LabelRef("careful"))
	TESTB(U8(doScale), s.field(steps))
	JZ(LabelRef("undivided"))
	s.attempt(at, present, x, func(v vector.V) { VDIVPD(s.constant(scale), v, v) })
	Label("undivided")
	s.attempt(at, present, x, func(vector.V) {})
	Label("careful")
}

// attempt is quick for one way to divide by the scale.
func (s *state) attempt(at, present, x Register, divide func(v vector.V)) {
	bits, bad, have := s.Reg(), s.Reg(), s.NewWord()
	low := XMM()
	VMOVQ(present, low)
	VPBROADCASTQ(low, bits)
	VXORPD(bad, bad, bad)
	note := func(relation uint8, v vector.V, limit Op) {
		is := s.Reg()
		VCMPPD(U8(relation), limit, v, is)
		VORPD(is, bad, bad)
	}
	for g := range s.groups {
		v, there := s.load(g), s.Reg()
		VPAND(groupBits(g), bits, there)
		VPCMPEQQ(groupBits(g), there, there)
		in := s.CompareIn(vector.MaskOf(there), v, vector.Ordered, v)
		v = s.Blend(in, v, s.constant(fill))
		note(notGE, v, s.constant(lower))
		note(notLE, v, s.constant(upper))
		VSUBPD(s.constant(center), v, v)
		divide(v)
		note(notLT, s.And(v, s.abs), s.C(0x1.ffffffp127))
		VMOVUPS(s.Narrow(v), Mem{Base: x, Disp: 4 * s.Lanes() * g})
		have.Add(in)
	}
	wrong, filled32 := GP32(), GP32()
	VMOVMSKPD(bad, wrong)
	NOTL(have.GP)
	MOVL(s.field(filled), filled32)
	NOTL(filled32)
	ANDL(have.GP, filled32)
	ORL(filled32, wrong)
	JNZ(LabelRef("careful"))
	s.put("missing", at, have.GP)
	s.put("outside", at, wrong)
	s.put("notNumber", at, wrong)
	JMP(LabelRef("next"))
}

// groupBits are the bits of a panel's word for the rows of a group of AVX2.
func groupBits(g int) Mem { return laneBits.Offset(32 * g) }

// laneBits has a bit of a panel's word in each of 32 lanes.
var laneBits Mem

func newLaneBits() {
	laneBits = GLOBL("encodeLaneBits", RODATA|NOPTR)
	for i := range lanes {
		DATA(8*i, U64(1<<i))
	}
}
