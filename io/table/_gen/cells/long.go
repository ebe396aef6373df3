package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tail is how many bytes of a long number are read apart from its head.
const tail = 12

// long makes the column's number of length bytes, 15 to 27, that have at most
// 19 digits, or goes to done.
func (s *state) long(name string, sign, length GPVirtual) {
	text, end := XMM(), XMM()
	shuffle, dot, behind, places, power := GP64(), GP64(), GP64(), GP64(), GP64()
	SUBL(Imm(tail), length.As32()) // of the head from here on
	CMPL(length.As32(), Imm(width))
	JGE(LabelRef("done"))
	VMOVDQU(Mem{Base: s.at}, text)
	VMOVDQU(Mem{Base: s.at, Index: length, Scale: 1}, end)
	s.negative(sign)
	MOVL(sign.As32(), shuffle.As32())
	s.points(text, dot)
	s.locate(shuffle, length, dot, behind)
	s.digits(text, shuffle, "done")
	value := s.sum(text)
	CMPQ(value, U32(10000000))
	JGE(LabelRef("done")) // more than 19 digits

	s.points(end, dot)
	MOVL(U32(tail), length.As32())
	XORL(shuffle.As32(), shuffle.As32())
	s.locate(shuffle, length, dot, places)
	s.digits(end, shuffle, "done")
	TESTL(places.As32(), places.As32())
	JNZ(LabelRef(name + "PointInTail"))
	MOVQ(U64(1000000000000), power)
	TESTL(behind.As32(), behind.As32())
	JZ(LabelRef(name + "Joined"))
	ADDL(Imm(tail), behind.As32())
	JMP(LabelRef(name + "Joined"))
	Label(name + "PointInTail")
	TESTL(behind.As32(), behind.As32())
	JNZ(LabelRef("done")) // there are two
	MOVL(places.As32(), behind.As32())
	MOVQ(U64(100000000000), power)
	Label(name + "Joined")
	IMULQ(power, value)
	ADDQ(s.sum(end), value)
	s.nearest(value, behind)
	MOVBLZX(Mem{Base: s.at}, sign.As32())
	s.negative(sign)
	SHLQ(Imm(63), sign)
	XORQ(sign, value)
	s.put(value)
}

// points has a bit for each point of a text.
func (s *state) points(text VecVirtual, dot GPVirtual) {
	mask := XMM()
	VPCMPEQB(text, s.point, mask)
	VPMOVMSKB(mask, dot.As32())
}

// nearest divides a mantissa by the power of ten for behind bytes from the
// point on: nearestFloat, which says whose method it is. What that does not
// answer with the first half of the power goes to done.
func (s *state) nearest(mant, behind GPVirtual) {
	table, top, shift, high, low := GP64(), GP64(), GP64(), GP64(), GP64()
	TESTQ(mant, mant)
	JZ(LabelRef("done"))
	LEAQ(s.scales, table)
	SHLL(Imm(4), behind.As32())
	ADDQ(behind, table)
	BSRQ(mant, top)
	MOVL(U32(63), shift.As32())
	SUBL(top.As32(), shift.As32())
	SHLXQ(shift, mant, mant)
	MOVQ(Mem{Base: table}, RDX)
	MULXQ(mant, low, high)
	MOVL(high.As32(), shift.As32())
	ANDL(U32(0x1ff), shift.As32())
	CMPL(shift.As32(), U32(0x1ff))
	JEQ(LabelRef("done"))
	ORQ(low, shift)
	JZ(LabelRef("done"))
	MOVQ(high, low)
	SHRQ(Imm(63), low)
	LEAL(Mem{Base: low, Disp: 9}, shift.As32())
	SHRXQ(shift, high, mant)
	ADDQ(low, top)
	MOVL(mant.As32(), shift.As32())
	ANDL(Imm(1), shift.As32())
	ADDQ(shift, mant)
	SHRQ(Imm(1), mant)
	ADDQ(Mem{Base: table, Disp: 8}, top)
	SHLQ(Imm(52), top)
	ADDQ(top, mant)
}
